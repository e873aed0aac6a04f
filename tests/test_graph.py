"""A drawing shows every value and every edge, says what it leaves out, and changes nothing."""

from __future__ import annotations

import copy
import io
import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from recipes import Recipe, recipes

from demos import neuron
from micrograd_like import Value, fsum, gradients, nn, sigmoid, softmax, tanh
from micrograd_like.drawing.picture import Box, Scene
from micrograd_like.drawing.selecting import values_below
from micrograd_like.graph import Graph
from micrograd_like.ops import TABLE

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"


def scene(graph: Graph) -> Scene:
    return graph.scene


def boxes(graph: Graph) -> dict[str, Box]:
    """Return the boxes by their names, or by their keys where they have none."""
    return {box.name or box.key: box for box in scene(graph).boxes}


def arrows(graph: Graph) -> list[tuple[str, str, str]]:
    """Return every arrow as (tail, head, label)."""
    named = [box.name or box.symbol or box.key for box in scene(graph).boxes]
    return [(named[arrow.tail], named[arrow.head], arrow.label) for arrow in scene(graph).arrows]


def leaf(label: str, data: float = 1.0) -> Value:
    return Value(data, label=label)


def neuron_of_two() -> tuple[Value, dict[str, Value]]:
    x, w = leaf("x", 2.0), leaf("w", -3.0)
    n = x * w
    n.label = "n"
    out = tanh(n + 6.5)
    out.label = "out"
    return out, {"x": x, "w": w, "n": n}


# ---------------------------------------------------------------------------- what it shows


@given(recipes())
def test_every_value_is_a_box_and_every_operand_an_arrow(recipe: Recipe) -> None:
    root = recipe.values()[-1]
    graph = root.graph(limit=10_000)
    values = {root}
    new = [root]
    while new:
        for x in new.pop().operands:
            if x not in values:
                values.add(x)
                new.append(x)
    assert len(scene(graph).boxes) == len(values)
    assert len(scene(graph).arrows) == sum(len(value.operands) for value in values)
    assert [box.root for box in scene(graph).boxes].count(True) == 1


@given(recipes())
def test_drawing_changes_nothing(recipe: Recipe) -> None:
    root = recipe.values()[-1]
    root.backward()
    before = [(v.data, v.grad, v.label, v.operands, v.partials) for v in root.graph().values]
    graph = root.graph()
    graph.dot(), graph.svg("builtin"), repr(graph)
    after = [(v.data, v.grad, v.label, v.operands, v.partials) for v in graph.values]
    assert repr(after) == repr(before)


def test_a_box_shows_label_symbol_data_and_gradient() -> None:
    out, parts = neuron_of_two()
    out.backward()
    found = boxes(out.graph())
    assert (found["n"].name, found["n"].symbol) == ("n", "×")
    assert found["n"].rows == [("data", "-6"), ("grad", format(parts["n"].grad, ".4g"))]
    assert (found["out"].root, found["n"].root) == (True, False)
    assert found["x"].kind == "leaf"
    assert found["n"].kind == "op"


def test_what_was_not_computed_is_not_zero() -> None:
    a, b = leaf("a"), leaf("b", 0.0)
    product, other = a * b, a + b
    product.label, other.label = "product", "other"
    assert [word for word, _ in boxes(Graph(product, other))["a"].rows] == [""]
    product.backward()
    found = boxes(Graph(product, other))
    assert found["a"].rows[1] == ("grad", "0")
    assert found["other"].rows[1] == ("grad", "–")
    assert "not computed" in found["other"].tooltip


def test_a_duplicated_operand_has_two_arrows() -> None:
    x = leaf("x", 3.0)
    assert arrows((x * x).graph()) == [("x", "×", "3"), ("x", "×", "3")]


def test_order_shows_where_it_matters() -> None:
    a, b = leaf("p", 6.0), leaf("q", 2.0)
    for out in (a - b, a / b, a**b, a % b, a // b):
        assert [label.split()[0] for *_, label in arrows(out.graph())] == ["a", "b"]
    for out in (a + b, a * b, fsum([a, b])):
        assert [label[0].isalpha() for *_, label in arrows(out.graph())] == [False, False]
    graph = a.clamp(-1.0, 1.0).graph(constants=True)
    assert [x[2].split()[0] for x in arrows(graph)] == ["a", "low", "high"]
    first, second = arrows(softmax([a, b])[0].graph())
    assert [first[2][:2] == "a ", second[2][:2] == "a "] == [True, False]


@pytest.mark.parametrize(
    "name", [name for name, op in TABLE.items() if len(op.names) == 2 and not op.many]
)
def test_an_op_is_called_commutative_where_it_is(name: str) -> None:
    points = [(2.5, 1.5), (1.5, 2.5), (3.0, -0.5), (0.25, 7.0)]

    def same(a: float, b: float) -> bool:
        try:
            return TABLE[name].forward(a, b) == TABLE[name].forward(b, a)
        except (ArithmeticError, ValueError):
            return False

    assert all(same(a, b) for a, b in points) == TABLE[name].commutes


def test_an_edge_says_its_partial_as_formula_and_number() -> None:
    out, parts = neuron_of_two()
    out.backward()
    tooltips = [arrow.tooltip.splitlines() for arrow in scene(out.graph()).arrows]
    assert [
        "∂mul/∂b = a = 2.0",
        f"{parts['n'].grad!r} × 2.0 = {parts['w'].grad!r} flows back",
        "from n to w",
    ] in tooltips
    assert f"∂tanh/∂a = 1 − out² = {out.partials[0]!r}" in [lines[0] for lines in tooltips]


@pytest.mark.parametrize("name", TABLE)
def test_every_op_explains_its_partials(name: str) -> None:
    op = TABLE[name]
    n = 4 if op.many else len(op.names)
    for i in range(n):
        text = op.formula(i, n)
        assert text.startswith(f"∂{name}/∂{op.operand_names(n)[i]} = ")
        assert text.split(" = ", 1)[1]


def test_arrows_show_sign_and_size_of_what_flows() -> None:
    a, b, c, d = (leaf(name) for name in "abcd")
    out = fsum([a * 1000.0, b * -1.0, c * 0.0, d * math.inf])
    out.backward()
    tones = {
        box.name: (arrow.tone, arrow.width)
        for arrow in scene(out.graph()).arrows
        if (box := scene(out.graph()).boxes[arrow.tail]).name
    }
    assert {name: tone for name, (tone, _) in tones.items()} == {
        "a": "plus",
        "b": "minus",
        "c": "zero",
        "d": "bad",
    }
    assert tones["a"][1] > tones["b"][1] > 1.0
    assert {arrow.tone for arrow in scene((a * b).graph()).arrows} == {"none"}


# ---------------------------------------------------------------------------- views


def test_views_show_more_and_more() -> None:
    out, _ = neuron_of_two()
    out.backward()
    rows = {view: boxes(out.graph(view=view))["n"].rows for view in ("forward", "gradients")}
    assert [word for word, _ in rows["forward"]] == ["data"]
    assert [word for word, _ in rows["gradients"]] == ["data", "grad"]
    assert {label for *_, label in arrows(out.graph(view="gradients"))} == {""}
    assert all(label for *_, label in arrows(out.graph(view="partials")))
    assert all(label for *_, label in arrows(out.graph()))  # a small graph
    assert {label for *_, label in arrows(fsum(map(Value, range(99))).graph(limit=100))} == {""}


def test_format_direction_and_theme() -> None:
    out, _ = neuron_of_two()
    assert boxes(out.graph(format=".1f"))["n"].rows == [("data", "-6.0")]
    assert boxes(out.graph(format="9>+8.1f"))["n"].rows == [("data", "9999-6.0")]
    assert len(boxes(out.graph(format="40.40f"))["n"].rows[0][1]) == 40
    assert 'rankdir="TB"' in out.graph(direction="TB").dot()
    light, dark = (out.graph(theme=theme).svg("builtin") for theme in ("light", "dark"))
    assert light != dark


def test_levels_cut_the_graph_and_say_so() -> None:
    out, _ = neuron_of_two()
    graph = out.graph(levels=2)
    assert [box.kind for box in scene(graph).boxes].count("more") == 1
    assert {"out", "n", "x"} & set(boxes(graph)) == {"out", "n"}
    (more,) = [box for box in scene(graph).boxes if box.kind == "more"]
    assert more.tooltip == "2 operands not shown"
    assert len(scene(out.graph(levels=0)).boxes) == 2
    assert scene(out.graph(levels=99)).boxes[0].kind == "leaf"


def test_between_shows_the_paths_only() -> None:
    out, parts = neuron_of_two()
    assert [b.name or b.symbol for b in scene(out.graph(between=(parts["x"], out))).boxes] == [
        "x",
        "n",
        "+ 6.5",
        "out",
    ]
    both = out.graph(between=([parts["x"], parts["w"]], [parts["n"]]))
    assert {box.name for box in scene(both).boxes} == {"x", "w", "n"}
    with pytest.raises(ValueError, match="no path leads from any of the xs"):
        out.graph(between=(out, parts["x"]))


def test_keep_shows_what_a_predicate_keeps() -> None:
    out, _ = neuron_of_two()
    assert {box.name for box in scene(out.graph(keep=lambda v: v.label)).boxes} == {
        "x",
        "w",
        "n",
        "out",
    }


def test_highlighted_values_are_marked() -> None:
    out, parts = neuron_of_two()
    assert [b.name for b in scene(out.graph(highlight=[parts["n"]])).boxes if b.lit] == ["n"]


def test_a_legend_tells_what_the_arrows_mean() -> None:
    out, _ = neuron_of_two()
    assert "Legend" not in out.graph().svg()
    out.backward()
    graph = out.graph(legend=True)
    told = [box.rows[0][1].strip() for box in scene(graph).boxes if box.kind == "key"][1::2]
    assert told == ["adds to the operand's gradient", "takes from it", "wider: more flows back"]
    assert {"plus", "minus"} <= {arrow.tone for arrow in scene(out.graph()).arrows}
    assert ">Legend</text>" in graph.svg()
    assert 'label="Legend"' in graph.dot()


def test_the_graph_as_data() -> None:
    out, parts = neuron_of_two()
    parts["x"].backward()
    data = json.loads(json.dumps(out.graph().to_dict()))
    assert data["roots"] == ["v5"]
    values = data["values"]
    assert [values[key]["name"] for key in ("v0", "v1", "v5")] == ["x", "w", "out"]
    assert values["v0"]["grad"] == 1.0
    assert values["v1"]["grad"] is None
    made = next(value for value in values.values() if value["name"] == "n")
    assert (made["op"], made["operands"], made["partials"]) == ("mul", ["v0", "v1"], [-3.0, 2.0])
    assert [value["constant"] for value in values.values()].count(True) == 1
    near = out.graph(levels=1).to_dict()["values"]
    assert [value["operands"] for value in near.values()] == [["", ""], ["v0"]]


def test_mermaid_shows_the_same_boxes_and_arrows() -> None:
    out, _ = neuron_of_two()
    out.backward()
    lines = [line.strip() for line in out.graph().mermaid().splitlines()]
    assert lines[0] == "flowchart LR"
    assert 'v0["x<br/>data 2<br/>grad #45;2.359"]:::leaf' in lines
    assert 'v1 -->|"2"| v3' in lines
    assert 'v0 -.->|"#45;3"| v3' in lines
    model = nn.MLP(1, [2, 1], rng=1)([leaf("x")]).graph(direction="TB").mermaid()
    assert model.startswith("flowchart TB\n")
    assert model.count("subgraph") == model.count("  end\n") == 6


@given(st.text(max_size=8))
def test_a_label_is_only_ever_text_in_mermaid(label: str) -> None:
    (line,) = (row for row in leaf(label).graph().mermaid().splitlines() if "v0[" in row)
    assert re.fullmatch(r'v0\["[\w .;#]*(<br/>)?1"\]:::leaf', line.strip())


# ---------------------------------------------------------------------------- modules


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "linear"])
def test_an_mlp_is_boxes_in_boxes(fused: bool, activation: str) -> None:
    model = nn.MLP(2, [16, 16, 1], rng=1, fused=fused, activation=[activation] * 3)
    x = [leaf("x1"), leaf("x2", -2.0)]
    y = model(x)
    loss = (y - 1.0) ** 2
    loss.label = "loss"
    three = loss.graph(collapse=2)
    assert {b.name for b in scene(three).boxes if b.kind == "module"} == {
        "layers.0",
        "layers.1",
        "layers.2",
    }
    outside = {b.name or b.symbol for b in scene(three).boxes if not b.group} - {"MLP"}
    assert {"x1", "x2", "loss"} <= outside
    if activation != "leaky_relu":  # its slope is a leaf of no module
        assert len([b for b in scene(three).boxes if b.kind == "leaf"]) == 2  # x1, x2
    neurons = loss.graph(collapse=3)
    assert sum(box.kind == "module" for box in scene(neurons).boxes) == 33
    one = loss.graph(collapse=1)
    assert dict(boxes(one)["MLP"].rows)["parameters"] == "337"
    every = loss.graph(limit=10_000)
    assert not any(box.kind == "module" for box in scene(every).boxes)
    inside = [box for box in scene(every).boxes if box.group]
    assert {len(box.group) for box in inside} == {3}
    assert sum(box.kind == "leaf" for box in inside) == 337


def test_operations_of_the_user_stay_outside_the_modules() -> None:
    model = nn.MLP(1, [2, 1], rng=1, activation="tanh")
    x = leaf("x", 0.5)
    y = tanh(model([sigmoid(x)]))
    penalty = fsum([p * p for p in model.parameters()])
    loss = y + penalty
    outside = [b.symbol or b.name for b in scene(loss.graph()).boxes if not b.group]
    assert sorted(outside) == sorted(["x", "σ", "tanh", "+", "Σ", *["×"] * 7])


def test_a_label_of_the_users_on_an_output_leaves_it_in_its_box() -> None:
    model = nn.MLP(1, [1], rng=1)
    y = model([2.0])
    y.label = "score"
    assert [box.group for box in scene(y.graph()).boxes if box.name == "score"] == [
        ("MLP", "layers.0", "layers.0.neurons.0")
    ]


def test_two_models_are_two_boxes_and_a_copy_is_another() -> None:
    one = nn.MLP(1, [1], rng=1)
    graph = (one([1.0]) + nn.MLP(1, [1], rng=2)([1.0]) + copy.deepcopy(one)([1.0])).graph(
        collapse=1
    )
    assert sorted(b.name for b in scene(graph).boxes if b.kind == "module") == [
        "MLP",
        "MLP 2",
        "MLP 3",
    ]


def test_a_model_that_is_used_twice_is_one_box() -> None:
    cell = nn.Neuron(1, rng=1, activation="tanh")
    y = cell([cell([leaf("x")])])
    graph = y.graph(collapse=1)
    assert dict(boxes(graph)["Neuron"].rows)["operations"] == "4"
    ET.fromstring(graph.svg("builtin"))


def test_modules_are_collapsed_by_name_too() -> None:
    model = nn.MLP(1, [2, 1], rng=1)
    graph = model([leaf("x")]).graph(collapse="layers.0")
    assert {b.name for b in scene(graph).boxes if b.kind == "module"} == {"layers.0"}
    assert boxes(model([1.0]).graph(collapse=["MLP"]))["MLP"].kind == "module"
    with pytest.raises(ValueError, match=r"'layers.7': the graph's modules are MLP, layers.0"):
        model([1.0]).graph(collapse="layers.7")


def test_arrows_between_modules_are_counted() -> None:
    model = nn.MLP(1, [3, 1], rng=1)
    y = model([leaf("x")])
    assert ("layers.0", "layers.1", "×3") in arrows(y.graph(collapse=2))
    assert ("x", "layers.0", "×3") in arrows(y.graph(collapse=2))


@pytest.mark.parametrize("fused", [True, False])
def test_what_is_left_out_stays_in_its_module(fused: bool) -> None:
    x = [leaf("x1"), leaf("x2")]
    y = nn.MLP(2, [3, 1], rng=1, fused=fused)(x)

    def parameters(**options: Any) -> list[str]:
        graph = y.graph(collapse=2, **options)
        assert graph.scene.summary.startswith("Part of a graph: ")
        assert not [box for box in scene(graph).boxes if box.kind == "op"]
        return [dict(boxes(graph)[f"layers.{i}"].rows)["parameters"] for i in (0, 1)]

    assert parameters(keep=lambda v: v.op) == ["0 of 9", "0 of 4"]
    assert parameters(between=(x[0], y)) == ["0 of 9", "0 of 4"]
    if fused:
        assert parameters(levels=2) == ["0 of 9", "4"]


def test_an_arrow_for_several_edges_hides_nothing() -> None:
    x = leaf("x")
    a, b = nn.Layer(1, 2, activation="linear", init=1.0)([x])

    def tone(first: float, second: float) -> str:
        for value in (x, a, b):
            value.grad = 0
        a.backward(first)
        b.backward(second)
        (arrow,) = scene(Graph(a, b, collapse=1)).arrows
        return arrow.tone

    assert [tone(1.0, 2.0), tone(-1.0, -2.0), tone(1.0, -2.0)] == ["plus", "minus", "mixed"]
    assert [tone(1.0, math.nan), tone(math.nan, 1.0), tone(-math.inf, 1.0)] == ["bad"] * 3


def test_an_arrow_for_one_edge_keeps_its_words() -> None:
    d, x = leaf("d", 3.0), leaf("x")
    root = d - nn.Neuron(1, rng=1)([x])
    labels = [label for *_, label in arrows(root.graph(collapse=1))]
    assert {"a 1", "b -1"} <= set(labels)


def test_what_is_assigned_to_a_neuron_later_is_in_the_network_too() -> None:
    model = nn.MLP(2, [2, 1], rng=1)
    model.layers[0].neurons[0].b = Value(0.5)
    model.layers[1].neurons[0].w = model.layers[1].neurons[0].w[:]
    graph = model([leaf("x1"), leaf("x2")]).graph(collapse=1)
    assert dict(boxes(graph)["MLP"].rows) == {"parameters": "9", "operations": "5"}
    assert model.layers[0].neurons[0].b.label == "layers.0.neurons.0.b"


def test_a_weight_that_is_renamed_stays_in_its_neuron() -> None:
    renamed = nn.Neuron(2, rng=1)
    for name, p in zip(("w1", "w2", "b"), renamed.parameters(), strict=True):
        p.label = name
    found = boxes(renamed([leaf("x1"), leaf("x2")]).graph())
    assert {name for name, box in found.items() if not box.group} == {"x1", "x2"}


# ---------------------------------------------------------------------------- size


def test_a_large_graph_is_collapsed() -> None:
    model = nn.MLP(2, [16, 16, 1], rng=1)
    y = model([1.0, 2.0])
    assert sum(box.kind == "module" for box in scene(y.graph()).boxes) == 33
    assert len(scene(y.graph(limit=404)).boxes) == 404
    assert len(scene(y.graph(limit=5)).boxes) == 5


def test_a_million_values_are_answered_without_looking_at_all_of_them() -> None:
    looked_at = set()

    class Watched(Value):
        __slots__ = ("level",)
        level: int

        @property
        def operands(self) -> tuple[Value, ...]:
            looked_at.add(self)
            endless.setdefault(self, (watched(self.level + 1), watched(self.level + 1)))
            return endless[self]

    def watched(level: int) -> Watched:
        made = Watched(0.0)
        made.level, made.op, made._da, made._db = level, TABLE["add"], 1.0, 1.0
        return made

    endless: dict[Value, tuple[Value, ...]] = {}
    root = watched(0)
    with pytest.raises(ValueError, match="more than 100,000 values"):
        root.graph()
    assert 50_000 < len(looked_at) <= 100_000
    looked_at.clear()
    kinds = [box.kind for box in scene(root.graph(levels=3)).boxes]
    assert kinds == [*["op"] * 15, *["more"] * 8]
    assert max(value.level for value in looked_at) <= 4


def test_values_are_in_the_order_of_the_walk_for_several_roots_and_near_them_too() -> None:
    x, w = leaf("x"), leaf("w")
    a = x * w
    b, c = tanh(a), a + x
    values = [x, w, a, b, c]
    assert values_below([b, c, b, a]) == values
    assert values_below([c, b]) == [x, w, a, c, b]
    assert values_below([b, c], levels=1) == [x, a, b, c]
    assert values_below([b], levels=0) == [b]
    with pytest.raises(ValueError, match="more than 4 values: less"):
        values_below([b, c], 4, "less")


def test_a_deep_chain_is_drawn() -> None:
    x = Value(1.0)
    for _ in range(50_000):
        x = x + 1.0
    assert [box.kind for box in scene(x.graph(levels=5)).boxes] == [*["op"] * 6, "more"]
    with pytest.raises(ValueError, match="more than 100,000 values"):
        x.graph()


# ---------------------------------------------------------------------------- reading it


def test_the_summary_in_a_terminal() -> None:
    a, b = leaf("a", 0.5), leaf("b\n", -3.0)
    out = (a * b) ** 2
    out.label = "out"
    out.backward()
    assert repr(out.graph()).splitlines() == [
        "Graph of 5 values and 4 edges",
        "  v0  a    leaf  data 0.5   grad 9",
        "  v1  b⏎   leaf  data -3    grad -1.5",
        "  v2       leaf  data 2     grad 0",
        "  v3       *     data -1.5  grad -3    of v0, v1",
        "  v4  out  **    data 2.25  grad 1     of v3, v2",
    ]
    many = repr(fsum(map(Value, range(99))).graph())
    assert "60 values before these" in many
    assert many.endswith("of v0, v1, v2, v3, v4, v5 …")


def test_it_shows_the_graph_as_it_was() -> None:
    w = leaf("w", 2.0)
    graph = (w * 3.0).graph()
    before = repr(graph), graph.dot()
    w.data = 5.0
    w.grad = 7.0
    assert (repr(graph), graph.dot()) == before


def test_it_is_printed_on_any_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    print(fsum([leaf("naïve"), leaf("b")]).graph())
    output.flush()
    assert b"sum" in output.buffer.getvalue()  # type: ignore[attr-defined]


def test_gradients_that_were_set_are_shown_and_what_is_no_number_is_nan() -> None:
    x = leaf("x")
    out = x * 2.0
    x.grad = 3
    assert boxes(out.graph())["x"].rows[1] == ("grad", "3")
    x.grad = "text"
    assert boxes(out.graph())["x"].rows[1] == ("grad", "nan")
    x.grad = 0
    assert boxes(out.graph(view="gradients"))["x"].rows[1] == ("grad", "–")


def test_a_notebook_gets_the_picture() -> None:
    bundle = (leaf("a") + 1.0).graph()._repr_mimebundle_()
    assert (
        ET.fromstring(bundle["image/svg+xml"].partition("<svg")[2].join(["<svg", ""])) is not None
    )
    assert bundle["text/plain"].startswith("Graph of 3 values")


def test_the_graph_of_a_gradient() -> None:
    x = leaf("x", 0.5)
    (slope,) = gradients(tanh(x), [x], create_graph=True)
    assert {box.symbol for box in scene(slope.graph()).boxes} == {"", "sech²"}


def test_the_demo_draws_every_graph(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "demos.graphs", "out", "--theme", "dark"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    names = ["neuron", "layer", "layers", "neurons", "network", "gradient"]
    assert [Path(line.split(":")[0]).stem for line in done.stdout.splitlines()] == names
    for name in names:
        ET.parse(tmp_path / "out" / f"{name}.svg")


def test_the_picture_in_the_readme_is_the_demos() -> None:
    drawn = (ROOT / "demos" / "pictures" / "neuron.svg").read_text(encoding="utf-8")
    assert drawn == neuron.out.graph().svg("builtin")


SCRIPT = """
import sys
from demos.graphs import graphs
for theme in ("light", "dark"):
    for graph in graphs(theme).values():
        sys.stdout.write(graph.dot() + graph.svg("builtin") + repr(graph))
"""


def test_the_same_bytes_from_processes_with_other_hashes() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 100_000


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"view": "all"}, "view is 'all': it must be one of auto, forward"),
        ({"direction": "RL"}, "direction is 'RL'"),
        ({"theme": "pink"}, "theme is 'pink': it must be one of light, dark"),
        ({"format": "d"}, "format is 'd': it must be one for floats"),
        ({"format": "1000000000.4f"}, "format is '1000000000.4f': it must be one for floats"),
        ({"format": ".41f"}, "format is '.41f': it must be one for floats, as .4g, with a width"),
        ({"format": "0" * 5000 + "1000000000f"}, "format is '000"),
        ({"levels": -1}, "levels is -1: it must be at least 0"),
        ({"limit": 0}, "limit is 0"),
        ({"collapse": 0}, "collapse is 0"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        leaf("x").graph(**options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 1.5}, "levels is 1.5: it must be a whole number"),
        ({"levels": True}, "levels is True"),
        ({"between": 3}, "between is 3: it must be a pair"),
        ({"between": (1, 2, 3)}, "between is (1, 2, 3)"),
        ({"collapse": 1.5}, "collapse is 1.5"),
        ({"highlight": [1]}, "1 is not a Value"),
    ],
)
def test_options_of_another_type_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        leaf("x").graph(**options)
    assert str(caught.value).startswith(message)


def test_only_values_are_drawn() -> None:
    with pytest.raises(TypeError, match="needs a Value to draw"):
        Graph()
    with pytest.raises(TypeError, match="cannot draw 'x' of type str"):
        Graph(leaf("x"), "x")  # type: ignore[arg-type]


@given(st.floats(), st.text(max_size=5))
@example(math.nan, "")
def test_any_number_is_drawn(data: float, label: str) -> None:
    x = Value(data, label=label)
    out = x + x
    out.backward()
    ET.fromstring(out.graph().svg("builtin"))
