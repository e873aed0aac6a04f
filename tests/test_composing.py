"""An arrow for several edges counts each of them, and so does a stub for what ``levels`` leaves
out: an operand that is repeated is two edges."""

from __future__ import annotations

import math
import re

from micrograd_like import Value, fsum, nn
from micrograd_like.graph import Graph


def leaf(label: str) -> Value:
    return Value(2.0, label=label)


def arrows(graph: Graph) -> dict[tuple[str, str], str]:
    """Return the label of the arrow from each box to each other."""
    name = [box.name or box.symbol for box in graph.scene.boxes]
    return {(name[arrow.tail], name[arrow.head]): arrow.label for arrow in graph.scene.arrows}


def stubs(graph: Graph) -> dict[str, str]:
    """Return what the stub at each box says."""
    boxes = graph.scene.boxes
    return {
        boxes[arrow.head].name or boxes[arrow.head].symbol: boxes[arrow.tail].tooltip
        for arrow in graph.scene.arrows
        if boxes[arrow.tail].kind == "more"
    }


def test_a_bundle_counts_an_operand_as_often_as_it_is_used() -> None:
    x = leaf("x")
    layer = nn.Layer(2, 3, rng=1)
    out = fsum(layer([x, x]))
    graph = out.graph(collapse=1)
    assert arrows(graph) == {("x", "Layer"): "×6", ("Layer", "Σ"): "×3"}
    (bundle,) = [arrow for arrow in graph.scene.arrows if arrow.label == "×6"]
    assert bundle.tooltip.startswith("6 edges; those through which most flows:\n")


def test_a_bundle_counts_both_uses_of_a_square() -> None:
    y = nn.Neuron(1, rng=1, activation="linear")([leaf("x")])
    out = nn.Neuron(2, init=1.0)([y, y])
    assert arrows(out.graph(collapse=1))["Neuron 2", "Neuron"] == "×2"


def test_a_bundle_tells_the_edges_through_which_most_flows() -> None:
    layer = nn.Layer(1, 5, activation="linear", rng=1)
    for neuron, weight in zip(layer.neurons, [2.0, -5.0, 1.0, 4.0, -3.0]):
        neuron.w[0].data = weight
    out = fsum(layer([leaf("x")]))
    out.backward()
    bundle, _ = out.graph(collapse=1).scene.arrows
    assert re.findall(r"= (\S+) flows back", bundle.tooltip) == ["-5.0", "4.0", "-3.0"]


def test_a_stub_counts_each_operand_that_is_left_out() -> None:
    x, y = leaf("x"), leaf("y")
    assert stubs((x * x).graph(levels=0)) == {"×": "2 operands not shown"}
    assert stubs((-x).graph(levels=0)) == {"−": "1 operand not shown"}
    assert stubs(fsum([x, x, y]).graph(levels=0)) == {"Σ": "3 operands not shown"}
    square, twice = x * x, y * 3.0
    square.label, twice.label = "square", "twice"
    assert stubs((square + twice).graph(levels=1)) == {
        "square": "2 operands not shown",
        "twice": "1 operand not shown",
    }


def test_what_is_near_by_another_way_is_no_stub() -> None:
    x = leaf("x")
    square = x * x
    square.label = "square"
    assert stubs((square + x).graph(levels=1)) == {}


def test_a_box_of_a_module_has_one_stub_for_all_its_values() -> None:
    x = leaf("x")
    cut = fsum(nn.Layer(2, 3, rng=1, activation="linear")([x * x, x])).graph(levels=1, collapse=1)
    assert stubs(cut) == {"Layer": "15 operands not shown"}  # of three neurons 2 + 2 + 1 each


def test_the_gradient_of_a_module_is_that_of_its_parameters() -> None:
    """Not of the values that are made in it."""
    layer = nn.Layer(1, 2, rng=1, activation="tanh")
    out = fsum(layer([leaf("x")]))
    out.backward()
    (box,) = [box for box in out.graph(collapse=1).scene.boxes if box.kind == "module"]
    norm = math.hypot(*[p.grad for p in layer.parameters()])
    assert box.rows == [("parameters", "4"), ("operations", "4"), ("|grad|", f"{norm:.4g}")]


def test_a_graph_without_its_root_is_called_a_part() -> None:
    x = leaf("x")
    square = x * x
    root = -square
    assert root.graph().scene.summary == "Graph of 3 values and 3 edges"
    below = root.graph(keep=lambda value: value is not root)
    assert below.scene.summary == "Part of a graph: 2 values and 2 edges"
    assert root.graph(levels=1).scene.summary == "Part of a graph: 2 values and 1 edge"


def test_modules_are_in_the_order_of_their_numbers() -> None:
    """The tenth neuron comes after the second, not after the first."""
    graph = fsum(nn.Layer(1, 12, rng=1)([leaf("x")])).graph()
    titles = [title for path, title in graph.scene.titles.items() if len(path) == 2]
    assert titles == [f"neurons.{i}" for i in range(12)]
