"""A drawing has at most ``limit`` boxes, whatever the graph, and says what is in each."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import Recipe, recipes

from micrograd_like import Value, fsum, nn, relu, sin, tanh, weighted_sum
from micrograd_like.drawing.picture import Box
from micrograd_like.graph import Graph


def heads(graph: Graph) -> list[str]:
    return [f"{box.name} {box.symbol}".strip() for box in graph.scene.boxes]


def circle(graph: Graph) -> bool:
    """Tell whether the arrows go around in a circle."""
    waiting = {i: {a.tail for a in graph.scene.arrows if a.head == i} for i in box_numbers(graph)}
    while free := [i for i, before in waiting.items() if not before & waiting.keys()]:
        for i in free:
            del waiting[i]
    return bool(waiting)


def box_numbers(graph: Graph) -> range:
    return range(len(graph.scene.boxes))


@given(recipes(), st.integers(1, 12))
def test_there_are_never_more_boxes_than_the_limit(recipe: Recipe, limit: int) -> None:
    graph = recipe.values()[-1].graph(limit=limit)
    assert 1 <= len(graph.scene.boxes) <= limit
    assert not circle(graph)
    assert any(box.root for box in graph.scene.boxes)
    graph.svg()


def line_fit(samples: int) -> Value:
    w, b = Value(0.5, label="w"), Value(-1.0, label="b")
    loss = fsum([(w * x + b - 2.0 * x) ** 2 for x in range(1, samples + 1)]) / samples
    loss.backward()
    return loss


def test_alike_samples_lie_on_each_other() -> None:
    graph = line_fit(100).graph()
    assert heads(graph) == [
        *("w", "b", "× 100 alike", "+ 100 alike", "− 100 alike", "**2 100 alike", "Σ", "/100"),
    ]
    box = graph.scene.boxes[2]
    assert box.rows[0] == ("data", "0.5 … 50")
    labels = {arrow.label for arrow in graph.scene.arrows}
    assert "×100" in labels
    assert graph.scene.summary.endswith("edges, in 8 boxes")


def squares(samples: int, model: nn.Module | Value) -> Value:
    """Return a sum of squares as a loop adds them up: each + holds the one before."""
    outs = [model(x) if callable(model) else model * x for x in range(1, samples + 1)]
    return sum([(out - 1.0) ** 2 for out in outs])


def test_the_terms_of_a_sum_are_alike_wherever_they_stand_in_it() -> None:
    w = Value(0.5, label="w")
    loss = squares(100, w) / 100
    assert heads(loss.graph()) == [
        *("w", "× 100 alike", "− 1 100 alike", "**2 100 alike", "+ 99 alike", "+", "/100"),
    ]
    product = math.prod([w + i for i in range(1, 101)])
    assert heads(product.graph()) == ["w", "+ 100 alike", "× 99 alike", "×"]


def test_a_sum_that_is_used_within_is_not_one_sum() -> None:
    w = Value(0.5, label="w")
    sums = [w * 1.0, w * 2.0]
    for _ in range(60):
        sums.append(sums[-1] + tanh(sums[-2]))
    assert not any(head.endswith("alike") for head in heads(sums[-1].graph(limit=119)))


def test_a_default_picture_can_be_read() -> None:
    model = nn.MLP(1, [8, 8, 1], rng=1)
    loss = squares(20, lambda x: model([x / 20.0]))
    boxes = loss.graph().scene.boxes
    assert len(boxes) < 50
    assert [box.name for box in boxes if box.kind == "module"].count("neurons.7") == 2
    whole = loss.graph(limit=10_000)
    constants = sum(value.constant for value in whole.values)
    assert len(whole.scene.boxes) == len(whole.values) - constants > 800


def test_what_is_used_otherwise_is_not_alike() -> None:
    xs = [Value(float(i)) for i in range(8)]
    out = fsum([tanh(x) for x in xs[:4]]) + fsum([relu(x) for x in xs[4:]])
    assert sorted(heads(out.graph(limit=7))) == sorted(
        ["leaf 4 alike", "tanh 4 alike", "Σ", "leaf 4 alike", "relu 4 alike", "Σ", "+"]
    )


def test_labels_are_kept_apart_as_long_as_that_fits() -> None:
    xs = [Value(float(i), label=f"x{i}") for i in range(8)]
    out = fsum([tanh(x) for x in xs])
    assert len(out.graph(limit=17).scene.boxes) == 17
    assert heads(out.graph(limit=16)) == ["x0 … x7 8 alike", "tanh 8 alike", "Σ"]
    w = Value(2.0, label="w")
    out = fsum([w * i for i in range(8)])
    assert heads(out.graph(limit=3)) == ["w", "× 8 alike", "Σ"]


def test_a_wide_layer_is_drawn() -> None:
    y = nn.MLP(400, [1], rng=1)([0.5] * 400)
    assert heads(y.graph()) == ["neurons.0", "leaf 400 alike"]


def test_a_loss_over_a_hundred_samples_is_drawn_with_its_neurons() -> None:
    model = nn.MLP(2, [4, 4, 1], rng=1)
    loss = fsum([(model([i / 100, 1.0]) - 1.0) ** 2 for i in range(100)]) / 100
    assert heads(loss.graph()).count("leaf 200 alike") == 1
    assert sum(box.kind == "module" for box in loss.graph().scene.boxes) == 9


def test_a_long_chain_shows_where_it_begins_and_ends() -> None:
    x = Value(1.0, label="x")
    out = x
    for _ in range(20_000):
        out = out + 1.0
    assert heads(out.graph()) == ["x", *["+ 1"] * 14, "19,971 more values", *["+ 1"] * 15]


def pendulum(steps: int) -> Value:
    angle, speed = Value(0.5, label="angle"), Value(0.0, label="speed")
    length = Value(1.0, label="length")
    for _ in range(steps):
        speed = speed - 9.81 / length * sin(angle) * 0.01
        angle = angle + speed * 0.01
    return angle


@pytest.mark.parametrize(("limit", "boxes"), [(300, 31), (1000, 101), (20, 20), (1, 1)])
def test_the_middle_of_what_goes_on_and_on_is_one_box(limit: int, boxes: int) -> None:
    graph = pendulum(200).graph(limit=limit)
    (more,) = (box for box in graph.scene.boxes if box.name.endswith("more values"))
    assert len(graph.scene.boxes) == boxes
    assert not circle(graph)
    shown = int(more.name.split()[0].replace(",", "")) + boxes - 1
    assert shown == 1403  # steps of 7 operations, the first of which has three leaves; no constants


def test_what_is_not_finite_shows_in_the_box_of_many() -> None:
    xs = [Value(float(i)) for i in range(8)] + [Value(math.inf)]
    (leaves, _) = fsum(xs).graph(limit=2).scene.boxes
    assert (leaves.rows[0], leaves.bad) == (("data", "inf"), True)


# ---------------------------------------------------------------------------- constants and names


X, Y = Value(2.0, label="x"), Value(3.0, label="y")


@pytest.mark.parametrize(
    ("out", "symbol"),
    [
        (X**2, "**2"),
        (2**X, "2**"),
        (X - 0.01, "− 0.01"),
        (X - -1, "− (-1)"),
        (1 / X, "1/"),
        (3 * X, "3×"),
        (X.clamp(0.0, 1.0), "clamp(·, 0, 1)"),
        (fsum([X, Y, 4.0]), "Σ + 4"),
        (fsum([X, 1.0, 2.0, 3.0]), "Σ + 3 numbers"),
        (weighted_sum([X, Y], [0.5, 0.25], 0.35), "Σwx + 0.35"),
        (weighted_sum([X, Y], [0.5, 0.25]), "Σwx"),
        (-X, "−"),
    ],
)
def test_a_constant_is_written_in_the_op_that_it_enters(out: Value, symbol: str) -> None:
    boxes = out.graph().scene.boxes
    assert boxes[-1].symbol == symbol
    assert {box.kind for box in boxes[:-1]} == {"leaf"}
    assert len(out.graph(constants=True).scene.boxes) == len({out, *out.operands})
    assert "constant" in boxes[-1].tooltip or out.op.name == "neg"  # type: ignore[union-attr]


def test_a_constant_that_is_the_root_or_marked_has_a_box() -> None:
    out = X * 2.0
    assert len(Graph(out, out.operands[1]).scene.boxes) == 3
    assert len(out.graph(highlight=[out.operands[1]]).scene.boxes) == 3


def test_variables_are_names() -> None:
    a, b = Value(1.0), Value(2.0, label="labelled")
    total = a + b

    def named(graph: Graph) -> list[Box]:
        return [box for box in graph.scene.boxes if box.name]

    assert [box.name for box in named(total.graph())] == ["labelled"]
    known = {"a": a, "b": b, "total": total}
    assert [box.name for box in named(total.graph(names=known))] == ["a", "labelled", "total"]


def test_what_is_alike_stays_apart_where_that_spares_less_than_half() -> None:
    xs = [Value(float(i)) for i in range(8)]
    out = fsum([tanh(x) for x in xs])
    for _ in range(20):
        out = sin(relu(out))
    assert not any(head.endswith("alike") for head in heads(out.graph()))
    assert len(out.graph().scene.boxes) == 8 + 8 + 1 + 40


def test_of_a_module_and_one_inside_it_the_outer_one_is_a_box() -> None:
    y = nn.MLP(2, [2, 1], rng=1)([0.5, 0.25])
    outer = heads(y.graph(collapse="layers.0"))
    assert heads(y.graph(collapse=["layers.0", "layers.0.neurons.1"])) == outer
    assert heads(y.graph(collapse="layers.0.neurons.1")) != outer


def test_a_sum_with_a_label_within_a_sum_has_its_own_box() -> None:
    w = Value(0.5, label="w")
    total = w * 1.0
    for i in range(2, 101):
        total = total + w * float(i)
        if i == 50:
            total.label = "half"
    assert heads(total.graph()) == [
        *("w", "× 50 alike", "+ 48 alike", "half +", "× 50 alike", "+ 49 alike", "+"),
    ]


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, " …")])
def test_of_many_constants_eight_are_told(count: int, more: str) -> None:
    box = fsum([X, *map(float, range(count))]).graph().scene.boxes[-1]
    assert f"constant {', '.join(str(float(i)) for i in range(8))}{more}\n" in box.tooltip
