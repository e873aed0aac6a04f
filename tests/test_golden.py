"""Networks whose every number is known: worked out by hand elsewhere, and micrograd's own examples.

The 2-2-2 network of sigmoids is the one that many articles on backpropagation work through, step
by step: two inputs, two hidden neurons, two outputs; squared error with a factor of ½; learning
rate ½; the biases stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import duals
import pytest
from duals import Dual, Rounded

from micrograd_like import Value, exp, gradients, nn, relu, sigmoid

INPUTS, TARGETS = (0.05, 0.10), (0.01, 0.99)
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
BIASES = (0.35, 0.60)
RATE = 0.5

OUTPUTS = (0.7513650695523157, 0.7729284653214625)
ERROR = 0.2983711087600027
AFTER_ONE_STEP = (
    *(0.1497807161327628, 0.19956143226552567, 0.24975114363236958, 0.29950228726473915),
    *(0.35891647971788465, 0.4086661860762334, 0.5113012702387375, 0.5613701211079891),
)
ERROR_AFTER_ONE_STEP = 0.29102777369359933
ERROR_AFTER_TEN_THOUSAND_STEPS = 3.510187782978859e-05
OUTPUTS_AFTER_TEN_THOUSAND_STEPS = (0.01591362044355068, 0.9840642735146238)

Forward = Callable[[], Sequence[Value]]


def by_elementary_operations() -> tuple[list[Value], Forward]:
    weights = [Value(w) for w in WEIGHTS]

    def layer(weights: Sequence[Value], xs: Sequence[Any], bias: float) -> list[Value]:
        first, second, third, fourth = weights
        a, b = xs
        sums = first * a + second * b + bias, third * a + fourth * b + bias
        return [1 / (1 + exp(-x)) for x in sums]

    return weights, lambda: layer(weights[4:], layer(weights[:4], INPUTS, BIASES[0]), BIASES[1])


def by_a_network(fused: bool) -> tuple[list[Value], Forward]:
    model = nn.MLP(2, [2, 2], activation=["sigmoid", "sigmoid"], fused=fused)
    neurons = [neuron for layer in model.layers for neuron in layer.neurons]
    weights = [w for neuron in neurons for w in neuron.w]
    for w, number in zip(weights, WEIGHTS):
        w.data = number
    for neuron, number in zip(neurons, (BIASES[0], BIASES[0], BIASES[1], BIASES[1])):
        assert neuron.b is not None
        neuron.b.data = number
    return weights, lambda: model(INPUTS)


NETWORKS = pytest.mark.parametrize(
    "network",
    [
        pytest.param(by_elementary_operations, id="elementary operations"),
        pytest.param(lambda: by_a_network(fused=True), id="MLP"),
        pytest.param(lambda: by_a_network(fused=False), id="MLP of elementary operations"),
    ],
)


def error_of(outputs: Sequence[Value]) -> Value:
    squares = [0.5 * (target - output) ** 2 for target, output in zip(TARGETS, outputs)]
    return squares[0] + squares[1]


def descend(weights: Sequence[Value], forward: Forward) -> None:
    for w in weights:
        w.grad = 0
    error_of(forward()).backward()
    for w in weights:
        w.data -= RATE * w.grad


def data(values: Sequence[Value]) -> list[float]:
    return [value.data for value in values]


def exactly(numbers: Any) -> Any:
    return pytest.approx(numbers, rel=1e-13, abs=0)


@NETWORKS
def test_the_network_worked_out_by_hand(network: Callable[[], tuple[list[Value], Forward]]) -> None:
    weights, forward = network()
    assert data(forward()) == exactly(OUTPUTS)
    assert error_of(forward()).data == exactly(ERROR)

    descend(weights, forward)
    assert data(weights) == exactly(AFTER_ONE_STEP)
    assert error_of(forward()).data == exactly(ERROR_AFTER_ONE_STEP)


@NETWORKS
def test_the_network_after_ten_thousand_steps(
    network: Callable[[], tuple[list[Value], Forward]],
) -> None:
    weights, forward = network()
    for _ in range(10_000):
        descend(weights, forward)
    assert error_of(forward()).data == pytest.approx(ERROR_AFTER_TEN_THOUSAND_STEPS, rel=1e-9)
    assert data(forward()) == pytest.approx(OUTPUTS_AFTER_TEN_THOUSAND_STEPS, rel=1e-9)


def test_the_error_by_one_weight_worked_out_by_hand() -> None:
    """The chain rule for the fifth weight, factor by factor, as the articles write it."""
    weights, forward = by_elementary_operations()
    first, second = forward()
    error = error_of([first, second])
    assert gradients(error, [first, second]) == exactly(
        [OUTPUTS[0] - TARGETS[0], OUTPUTS[1] - TARGETS[1]]
    )
    by_error, by_sum = OUTPUTS[0] - TARGETS[0], OUTPUTS[0] * (1 - OUTPUTS[0])
    hidden = sigmoid(WEIGHTS[0] * INPUTS[0] + WEIGHTS[1] * INPUTS[1] + BIASES[0])
    assert gradients(error, [weights[4]]) == exactly([by_error * by_sum * hidden])


# ---------------------------------------------------------------------------- micrograd's own


def readme(a: Any, b: Any) -> Any:
    """Run the example in micrograd's README."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def more_ops(a: Any, b: Any) -> Any:
    """Run the larger program in micrograd's tests."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def sanity_check(x: Any) -> Any:
    """Run the smaller program in micrograd's tests."""
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    return h + q + q * x


def test_the_example_in_micrograds_readme() -> None:
    a, b = Value(-4.0), Value(2.0)
    g = readme(a, b)
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


@pytest.mark.parametrize(
    ("program", "at"), [(sanity_check, (-4.0,)), (more_ops, (-4.0, 2.0)), (readme, (-4.0, 2.0))]
)
def test_micrograds_programs_by_dual_numbers(
    program: Callable[..., Any], at: tuple[float, ...]
) -> None:
    leaves = [Value(x) for x in at]
    y = program(*leaves)
    y.backward()
    for i, leaf in enumerate(leaves):
        xs = [Dual(Rounded(x), Rounded(float(i == j))) for j, x in enumerate(at)]
        expected = program(*xs)
        assert y.data == exactly(duals.primal(expected))
        assert leaf.grad == exactly(expected.tangent.value)


def test_the_numbers_of_the_sanity_check() -> None:
    x = Value(-4.0)
    y = sanity_check(x)
    y.backward()
    # z = 3x + 2 = -10, so relu(z) = 0 and y = z² + zx + zx²: 6z + 3x + z + 3x² + 2zx by x
    assert (y.data, x.grad) == (-20.0, 46.0)
    assert relu(-10.0) == 0.0
