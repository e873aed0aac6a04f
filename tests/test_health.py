"""Reports on layers: norms and shares worked out by hand, units found in any kind of network."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from micrograd_like import Value, fsum, gradients, nn, relu, sigmoid, tanh
from micrograd_like.debugging.health import GradientReport, LayerReport, gradient_report

EDGE = math.acosh(math.sqrt(1000))  # where tanh′ = sech² is 1/1000
EXAMPLES = ([1.0, -2.0], [0.5, 0.25], [-1.0, 3.0])


def loss_of(model: nn.MLP, examples: Any = EXAMPLES) -> Value:
    losses = [relu(1 - y * model(x)) for x, y in zip(examples, (1, -1, 1))]
    return fsum(losses) / len(losses)


def numbers(report: GradientReport) -> list[LayerReport]:
    return [*report.layers, report.total]


def by_layer(model: nn.MLP) -> list[list[Value]]:
    return [layer.parameters() for layer in model.layers] + [model.parameters()]


@pytest.mark.parametrize("fused", [True, False])
def test_the_numbers_of_each_layer(fused: bool) -> None:
    model = nn.MLP(2, [5, 4, 1], rng=3, fused=fused)
    loss = loss_of(model)
    report = gradient_report(model, loss, lr=0.5)
    assert [row.name for row in numbers(report)] == ["layers.0", "layers.1", "layers.2", "all"]
    for row, ours in zip(numbers(report), by_layer(model)):
        slopes = gradients(loss, ours)
        assert row.parameters == len(ours)
        assert row.weight_norm == pytest.approx(math.sqrt(sum(p.data**2 for p in ours)))
        assert row.gradient_norm == pytest.approx(math.sqrt(sum(g * g for g in slopes)))
        assert row.update_ratio == pytest.approx(0.5 * row.gradient_norm / row.weight_norm)
        assert row.zero_share == slopes.count(0.0) / len(ours)
    assert all(p.grad == 0 and type(p.grad) is int for p in model.parameters())


def test_without_a_loss_the_gradients_are_those_that_the_parameters_have() -> None:
    model = nn.MLP(2, [5, 1], rng=3)
    loss = loss_of(model)
    unset = gradient_report(model)
    assert [row.gradient_norm for row in numbers(unset)] == [0.0] * 3
    assert [row.zero_share for row in numbers(unset)] == [1.0] * 3
    loss.backward()
    of_grads, of_loss = gradient_report(model), gradient_report(model, loss)
    assert [row[:6] for row in numbers(of_grads)] == [row[:6] for row in numbers(of_loss)]
    assert of_grads.total.relu_units == 0

    model.zero_grad()
    loss.backward(create_graph=True)
    assert [row[:6] for row in numbers(gradient_report(model))] == [
        row[:6] for row in numbers(of_grads)
    ]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_dead_units_are_counted_once_for_all_examples(fused: bool, bias: bool) -> None:
    model = nn.MLP(2, [6, 3, 1], rng=5, fused=fused, bias=bias, init=0.5)
    first, second = model.layers[0].neurons, model.layers[1].neurons
    for neuron in first[:2]:
        for w, number in zip(neuron.w, (-1.0, -1.0)):
            w.data = number
    for w in first[2].w:  # off for the first example, on for the second
        w.data = 1.0
    for w in second[1].w:
        w.data = -1.0
    report = gradient_report(model, loss_of(model, ([1.0, 1.0], [2.0, 1.0])))
    assert [(row.relu_units, row.dead_units) for row in numbers(report)] == [
        *((6, 2), (3, 1), (0, 0), (9, 3))
    ]
    one_alive = gradient_report(model, loss_of(model, ([1.0, 1.0], [-2.0, 1.0])))
    assert one_alive.layers[0].dead_units == 0


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(("activation", "edge"), [("tanh", EDGE), ("sigmoid", 2 * EDGE)])
def test_saturated_values_are_counted_for_each_example(
    activation: str, edge: float, fused: bool
) -> None:
    model = nn.MLP(1, [3, 1], activation=activation, init=1.0, fused=fused, rng=1)
    loss = fsum([model([x]) for x in (0.0, 0.99 * edge, -1.01 * edge, 50 * edge)])
    report = gradient_report(model, loss)
    assert [(row.sigmoid_values, row.saturated_values) for row in numbers(report)] == [
        *((12, 6), (0, 0), (12, 6))
    ]


def test_the_relu_of_a_hinge_loss_is_no_unit_and_an_output_sigmoid_is() -> None:
    model = nn.MLP(2, [4, 1], activation="tanh", rng=2)
    assert gradient_report(model, loss_of(model)).total.relu_units == 0
    squashed = sigmoid(model([1.0, 2.0]))
    assert [row.sigmoid_values for row in gradient_report(model, squashed).layers] == [4, 1]


def test_weights_that_are_used_again_are_units_once() -> None:
    layer = nn.Layer(1, 2, init=1.0)
    outputs = [out for x in (-1.0, -2.0, -3.0) for out in layer([x])]
    report = gradient_report(layer, fsum(outputs))
    assert [(row.name, row.relu_units, row.dead_units) for row in report.layers] == [
        ("Layer", 2, 2)
    ]


class Block(nn.Module):
    """A module of a user's own, of elementary operations, with a layer inside."""

    def __init__(self) -> None:
        self.scale = Value(2.0)
        self.shift = Value(-9.0)
        self.inner = nn.Layer(1, 2, init=0.5, activation="tanh")

    def __call__(self, x: float) -> Value:
        return fsum(self.inner([relu(x * self.scale - self.shift)]))


class Old(nn.Module):
    """A module that lists its parameters itself, as micrograd's do."""

    def __init__(self) -> None:
        self.kept = {Value(1.0)}

    def parameters(self) -> list[Value]:
        return [*self.kept]


def test_modules_of_any_kind() -> None:
    block = Block()
    report = gradient_report(block, block(-5.0))
    assert [(row.name, row.parameters, row.relu_units) for row in report.layers] == [
        *(("Block", 2, 1), ("inner", 4, 0))
    ]
    assert report.layers[0].dead_units == 1
    assert report.layers[1].sigmoid_values == 2
    assert [row.name for row in gradient_report(Old()).layers] == ["Old"]
    neuron = nn.Neuron(2, rng=1)
    assert [row.parameters for row in gradient_report(neuron).layers] == [3]
    empty = gradient_report(nn.Module())
    assert empty.layers == ()
    assert empty.total.zero_share == 0.0
    assert str(empty).startswith("layer  parameters")


def test_a_relu_of_two_layers_is_neithers() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            self.a, self.b = (nn.Layer(1, 1, activation="linear", init=1.0) for _ in range(2))

    two = Two()
    report = gradient_report(two, relu(two.a([-1.0]) + two.b([-1.0])))
    assert [row.relu_units for row in numbers(report)] == [0, 0, 0]


def test_a_relu_of_a_parameter_itself_is_no_unit() -> None:
    neuron = nn.Neuron(1, activation="tanh", init=1.0)
    report = gradient_report(neuron, neuron([1.0]) + relu(neuron.w[0]))
    assert (report.total.relu_units, report.total.sigmoid_values) == (0, 1)


def test_what_is_not_finite_shows() -> None:
    model = nn.MLP(1, [2, 2, 2, 1], init=1.0)
    zero, inf, nan, last = (layer.parameters() for layer in model.layers)
    for p in zero:
        p.data = 0.0
    assert gradient_report(model).layers[0].update_ratio == 0.0
    for p in zero:
        p.grad = 1.0
    inf[0].data, inf[1].grad = math.inf, 1.0
    nan[0].grad, nan[1].grad = math.nan, math.inf
    report = gradient_report(model, lr=0.1)
    assert [row.update_ratio for row in report.layers] == [
        math.inf,
        0.0,
        pytest.approx(math.nan, nan_ok=True),
        0.0,
    ]
    assert [row.weight_norm for row in report.layers[:2]] == [0.0, math.inf]
    assert math.isnan(report.layers[2].gradient_norm)
    assert math.isnan(report.total.gradient_norm)
    words = str(report).split()
    assert words.count("nan") == 4
    assert words.count("inf") == 3
    assert last[0].grad == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), r"the model is \[\]: it must be a Module"),
        ((nn.Neuron(1), 1.0), "the loss is 1.0: it must be a Value, or None"),
        ((nn.Neuron(1), None, "fast"), "expected a real number, got 'fast'"),
    ],
)
def test_arguments(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        gradient_report(*arguments)


# ---------------------------------------------------------------------------- the table


def trained() -> GradientReport:
    model = nn.MLP(2, [8, 4, 1], activation=["relu", "tanh", "linear"], rng=random.Random(1))
    return gradient_report(model, loss_of(model))


def test_the_table() -> None:
    report = trained()
    lines = str(report).splitlines()
    assert lines[0].split("  ")[-1] == "saturated"
    assert lines[0].startswith("layer     parameters  |weights|  |gradient|  update/weights")
    table = lines[: lines.index("")]
    assert len(table) == 5
    assert {len(line) for line in table} == {len(lines[0])}
    for line, row in zip(table[1:], numbers(report)):
        words = line.split()
        assert words[:2] == [row.name, str(row.parameters)]
        assert float(words[4]) == pytest.approx(row.update_ratio, rel=0.01)
    assert table[1].endswith("-")
    assert f"{report.layers[0].dead_units} of 8" in table[1]
    assert f"{report.layers[1].saturated_values} of 12" in table[2]
    assert "update/weights is 0.01 × |gradient| / |weights|" in str(report)
    assert repr(report) == f"<GradientReport of {report.model}: 3 layers>"


def test_columns_that_say_nothing_are_left_out() -> None:
    model = nn.MLP(2, [4, 1], activation="linear", rng=1)
    for report in (gradient_report(model), gradient_report(model, loss_of(model))):
        assert "dead" not in str(report)
        assert "saturated" not in str(report)


def test_hostile_names_stay_text() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            self.parts = {'<script>"&\x1b[31m\n' + "x" * 80: nn.Layer(1, 1), "重み": nn.Layer(1, 1)}

    report = gradient_report(Holder())
    assert 'parts.<script>"&\ufffd[31m⏎xxx' in str(report)
    assert "<script" not in report._repr_mimebundle_()["text/html"]
    lines = str(report).split("\n")
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 120


def test_the_same_model_gives_the_same_bytes() -> None:
    assert str(trained()) == str(trained())


def test_a_broken_count_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sums, no activation of elementary operations is found."""
    from micrograd_like.debugging import health

    model = nn.MLP(2, [6, 1], rng=5, fused=False)
    right = gradient_report(model, loss_of(model)).total.relu_units
    monkeypatch.setattr(health, "SUMS", ())
    assert gradient_report(model, loss_of(model)).total.relu_units != right == 6


FUNCTIONS: dict[str, Callable[[Value], Value]] = {"relu": relu, "tanh": tanh, "sigmoid": sigmoid}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_activation_that_is_a_function_counts_like_its_name(name: str) -> None:
    reports = [
        gradient_report(model, loss_of(model))
        for model in (
            nn.MLP(2, [4, 1], rng=1, activation=name),
            nn.MLP(2, [4, 1], rng=1, activation=lambda x: FUNCTIONS[name](x)),
        )
    ]
    assert numbers(reports[0]) == numbers(reports[1])
