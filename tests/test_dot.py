"""In DOT an arrow runs from an operand to what was made of it, and looks like what flows along it.

The text is read here as Graphviz would; where its `dot` is there, that is asked too.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections import Counter

import pytest
from hypothesis import given
from recipes import Recipe, recipes

from micrograd_like import Value, fsum, nn
from micrograd_like.drawing.picture import THEMES
from micrograd_like.graph import Graph

Ends = tuple[str, str]

with_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not on the PATH")


def operand_edges(graph: Graph) -> Counter[Ends]:
    """Return an edge from each operand to its value, in the names that a drawing gives them."""
    key = graph.names.key
    return Counter((key(x), key(out)) for out in graph.values for x in out.operands)


def statements(graph: Graph) -> list[tuple[str, str, dict[str, str]]]:
    """Return the tail, the head and the plain attributes of each arrow of the text."""
    found = re.findall(r"^ *(\w+) -> (\w+) \[(.*)\]$", graph.dot(), re.MULTILINE)
    return [(tail, head, dict(re.findall(r'(\w+)="(.*?)"', rest))) for tail, head, rest in found]


def arrows_by_dot(graph: Graph) -> Counter[Ends]:
    """Return the arrows that Graphviz itself reads."""
    done = subprocess.run(
        ["dot", "-Tplain"], input=graph.dot(), capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return Counter((line[1], line[2]) for line in lines if line[0] == "edge")


@given(recipes())
def test_arrows_run_from_operands_to_what_is_made_of_them(recipe: Recipe) -> None:
    graph = recipe.values()[-1].graph(limit=1000)
    found = Counter((tail, head) for tail, head, _ in statements(graph))
    assert found == operand_edges(graph)


@with_dot
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_graphviz_reads_the_same_arrows(direction: str) -> None:
    x, w, b = (Value(data, label=name) for data, name in ((2.0, "x"), (-3.0, "w"), (1.0, "b")))
    out = (x * w - b) / x
    graph = (out * out).graph(direction=direction)
    edges = operand_edges(graph)
    assert edges[graph.names.key(x), graph.names.key(out)] == 1
    assert max(edges.values()) == 2
    assert arrows_by_dot(graph) == edges


@with_dot
def test_graphviz_reads_the_arrows_between_modules() -> None:
    graph = nn.MLP(1, [2, 3, 1], rng=1)([Value(0.5, label="x")]).graph(collapse=2)
    key = {box.name: box.key for box in graph.scene.boxes}
    chain = ["x", "layers.0", "layers.1", "layers.2"]
    wanted = {(key[tail], key[head]) for tail, head in itertools.pairwise(chain)}
    assert arrows_by_dot(graph) == Counter(wanted)
    assert {(tail, head) for tail, head, _ in statements(graph)} == wanted


def test_boxes_have_the_colours_of_their_theme() -> None:
    out = Value(0.5, label="x") * 3.0
    for theme in THEMES:
        graph = out.graph(theme=theme)
        filled = re.findall(r'^ *v\d+ \[.* fillcolor="(.*?)"', graph.dot(), re.MULTILINE)
        assert filled == [
            THEMES[theme].get(b.fill(), THEMES[theme]["paper"]) for b in graph.scene.boxes
        ]


def test_an_arrow_looks_like_what_flows_along_it() -> None:
    up, down, still, wild = (Value(1.0, label=name) for name in ("up", "down", "still", "wild"))
    out = fsum([up * 2.0, down * -1.0, still * 0.0, wild * float("inf")])
    flat = {attributes["id"]: attributes for *_, attributes in statements(out.graph())}
    assert {"style" in attributes for attributes in flat.values()} == {False}  # nothing flows yet
    out.backward()
    graph = out.graph()
    light = graph.scene.theme
    looks = {
        tail: (attributes.get("style"), attributes["color"], float(attributes["penwidth"]))
        for tail, _, attributes in statements(graph)
    }
    up_, down_, still_, wild_ = (looks[graph.names.key(x)] for x in (up, down, still, wild))
    assert up_[:2] == (None, light["plus"])
    assert down_[:2] == ("dashed", light["minus"])
    assert still_[:2] == ("dotted", light["zero"])
    assert wild_[:2] == ("dotted", light["bad"])
    assert up_[2] > down_[2] > still_[2]
