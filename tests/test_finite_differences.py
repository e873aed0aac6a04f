"""Gradients are the slopes that central differences measure: what everyone understands.

It goes in by the front door: expressions whose values are shared, and networks of any depth, width,
activation and loss, through ``backward()`` and through ``gradients(create_graph=True)``. A central
difference comes with an estimate of its own error; where that is not small, near a kink say, it
says nothing and is left out, and a test sees to it that few are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from recipes import Recipe, moderate, on_floats, on_values, recipes

from micrograd_like import Value, gradients, losses, nn

EPS = sys.float_info.epsilon
Function = Callable[[Sequence[float]], float]


def slope(f: Function, xs: Sequence[float], i: int) -> tuple[float, float]:
    """Return ∂f/∂x_i by central differences, and an estimate of their error.

    Two step sizes: what they differ by is the error of the larger one, and Richardson's
    extrapolation of both is far better. Rounding f is another error. At a kink the slopes to the
    left and to the right differ, by as much for the smaller step as for the larger.
    """
    h = 2.0**-13 * max(1.0, abs(xs[i]))

    def at(step: float) -> float:
        return f([x + step if j == i else x for j, x in enumerate(xs)])

    here, ends = at(0.0), [at(h), at(-h), at(h / 2), at(-h / 2)]
    wide, narrow = (ends[0] - ends[1]) / (2 * h), (ends[2] - ends[3]) / h
    bends = [abs(ends[0] - 2 * here + ends[1]) / h, abs(ends[2] - 2 * here + ends[3]) / (h / 2)]
    kink = bends[1] if bends[1] > 0.75 * bends[0] else 0.0
    rounding = 64 * EPS * max(map(abs, ends)) / h
    return (4 * narrow - wide) / 3, abs(narrow - wide) + rounding + kink


def check(f: Function, xs: Sequence[float], grads: Sequence[float]) -> int:
    """Hold gradients to the slopes; return how many slopes were good enough to tell."""
    told = 0
    for i, grad in enumerate(grads):
        try:
            expected, error = slope(f, xs, i)
        except (ArithmeticError, ValueError):
            continue  # a step left the domain
        if error < 1e-4 * (1 + abs(expected)):
            told += 1
            assert abs(grad - expected) <= error, (i, grad, expected, error)
    return told


def backward(root: Value, leaves: Sequence[Value]) -> list[float]:
    root.backward()
    return [float(x.grad) for x in leaves]


def by_values(root: Value, leaves: Sequence[Value]) -> list[float]:
    return [x.data for x in gradients(root, leaves, create_graph=True)]


WALKS = pytest.mark.parametrize("walk", [backward, by_values])
# But for x**2 and its kin, whose exponent is a constant: here it would be shared with other ops.
RECIPES = recipes(leaves=st.floats(-3, 3).map(lambda x: round(x, 3)), admit=moderate).filter(
    lambda recipe: not any(op.name in ("power", "ieee_power") for op, _ in recipe.steps)
)


@WALKS
@given(RECIPES)
def test_the_gradients_of_an_expression_are_its_slopes(
    walk: Callable[[Value, Sequence[Value]], list[float]], recipe: Recipe
) -> None:
    made, n = recipe.values(), len(recipe.leaves)

    def f(xs: Sequence[float]) -> float:
        return recipe.follow(xs, on_floats)[-1]

    assert made[-1].data == f(recipe.leaves)
    told = check(f, recipe.leaves, walk(made[-1], made[:n]))
    event(f"{told} of {n} slopes told")
    assume(told)


@given(RECIPES, st.data())
def test_second_derivatives_of_an_expression_are_slopes_of_its_gradient(
    recipe: Recipe, data: st.DataObject
) -> None:
    n = len(recipe.leaves)
    j = data.draw(st.integers(0, n - 1))

    def f(xs: Sequence[float]) -> float:
        made = recipe.follow([Value(x) for x in xs], on_values)
        return gradients(made[-1], [made[j]])[0]

    made = recipe.values()
    (first,) = gradients(made[-1], [made[j]], create_graph=True)
    check(f, recipe.leaves, gradients(first, made[:n]))


ACTIVATIONS = st.sampled_from(["tanh", "sigmoid", "gelu", "silu", "softplus", "relu", "leaky_relu"])
LOSSES: dict[str, Callable[[Any, int], Any]] = {
    "mean_squared_error": lambda out, k: losses.mean_squared_error(out, [0.3] * len(out)),
    "half_squared_error": lambda out, k: losses.half_squared_error(out, [0.3] * len(out)),
    "hinge": lambda out, k: losses.hinge(out[0], 1 if k else -1),
    "binary_cross_entropy": lambda out, k: losses.binary_cross_entropy(out[0], k % 2),
    "cross_entropy": lambda out, k: losses.cross_entropy(out, k % len(out)),
}


@WALKS
@given(
    shape=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    activation=ACTIVATIONS,
    loss=st.sampled_from(sorted(LOSSES)),
    fused=st.booleans(),
    penalty=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_the_gradients_of_a_network_are_the_slopes_of_its_loss(
    walk: Callable[[Value, Sequence[Value]], list[float]],
    shape: list[int],
    activation: str,
    loss: str,
    fused: bool,
    penalty: bool,
    seed: int,
) -> None:
    nin, *nouts = shape
    nouts[-1] = max(nouts[-1], 2)  # cross-entropy is of two scores at least
    model = nn.MLP(nin, nouts, activation=activation, rng=seed, fused=fused)
    parameters = model.parameters()
    xs = [Value(0.7 - 0.4 * i, label=f"x{i}") for i in range(nin)]

    def total() -> Any:
        out = LOSSES[loss](model(xs), seed % 3)
        return out + losses.l2_penalty(model, 0.01) if penalty else out

    def f(numbers: Sequence[float]) -> float:
        for p, number in zip((*parameters, *xs), numbers):
            p.data = number
        return float(total().data)

    at = [p.data for p in (*parameters, *xs)]
    grads = walk(total(), [*parameters, *xs])
    event(f"{check(f, at, grads) / len(at):.0%} of the slopes told")


def test_a_kink_is_seen_also_where_it_is_hit() -> None:
    """Else the slope of a relu at 0 would be told as a half."""
    assert check(lambda xs: max(xs[0], 0.0), [0.0], [0.0]) == 0
    assert check(lambda xs: max(xs[0], 0.0) ** 2 + xs[0], [0.0], [1.0]) == 1


def test_most_slopes_of_a_network_are_told() -> None:
    model = nn.MLP(2, [3, 2], activation="tanh", rng=1)
    parameters = model.parameters()

    def f(numbers: Sequence[float]) -> float:
        for p, number in zip(parameters, numbers):
            p.data = number
        return float(losses.cross_entropy(model([0.3, -0.4]), 1).data)

    at = [p.data for p in parameters]
    grads = gradients(losses.cross_entropy(model([0.3, -0.4]), 1), parameters)
    assert check(f, at, grads) == len(at)


@pytest.mark.parametrize("wrong", [1.001, 0.999, -1.0, 0.0])
def test_a_gradient_that_is_off_by_a_thousandth_is_caught(wrong: float) -> None:
    """The teeth, where the gradient of a leaf is used twice."""

    def f(xs: Sequence[float]) -> float:
        (x,) = xs
        return x * x * 0.5 + x

    with pytest.raises(AssertionError):
        check(f, [1.5], [2.5 * wrong])
    assert check(f, [1.5], [2.5]) == 1
