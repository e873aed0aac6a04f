"""The chain rule is written twice, once to be seen and once to be composed: with the same bits."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import Recipe, anything, recipes

from micrograd_like import Value, gradients, topological_order
from micrograd_like.ops import Op

ANY = st.one_of(recipes(), recipes(leaves=st.floats(), admit=anything))


def bits(x: float) -> bytes:
    return struct.pack("<d", x if x == x else math.nan)


def by_backward(root: Value) -> list[float]:
    root.backward()
    return [x.grad for x in topological_order(root)]


def by_gradients(root: Value) -> list[float]:
    return gradients(root, topological_order(root))


def by_steps(root: Value) -> list[float]:
    for _ in root.steps(commit=True):
        pass
    return [x.grad for x in topological_order(root)]


def by_hand(root: Value) -> list[float]:
    """As lectures do it: node by node, last one first."""
    order = topological_order(root)
    for x in order:
        x.grad = 0.0
    root.grad = 1.0
    for x in reversed(order):
        x._backward()
    return [x.grad for x in order]


@given(ANY)
def test_all_walks_have_the_same_bits(recipe: Recipe) -> None:
    expected = [*map(bits, by_backward(recipe.values()[-1]))]
    for walk in (by_gradients, by_steps, by_hand):
        assert [*map(bits, walk(recipe.values()[-1]))] == expected


@given(recipes())
def test_gradients_with_a_graph_have_the_same_bits(recipe: Recipe) -> None:
    """But for the sign of 0: adding to 0.0 makes it positive, and no such addition is recorded."""
    root = recipe.values()[-1]
    order = topological_order(root)
    slopes = gradients(root, order, create_graph=True)
    assert [x.data + 0.0 for x in slopes] == [x + 0.0 for x in gradients(root, order)]
    root.backward(create_graph=True)
    assert [x.grad.data for x in order] == [x.data for x in slopes]


def test_gradients_touch_no_grad_and_a_backward_by_hand_only_those_of_its_operands() -> None:
    a, b = Value(2.0), Value(3.0)
    y = a * b
    assert gradients(y, [a, b, y]) == [3.0, 2.0, 1.0]
    assert [x.grad for x in (a, b, y)] == [0, 0, 0]
    y.grad = 1.0
    y._backward()
    y._backward()
    assert [x.grad for x in (a, b, y)] == [6.0, 4.0, 1.0]
    a._backward()  # a leaf hands nothing on


def test_a_rule_that_takes_no_values_is_told_so() -> None:
    """With a graph, a rule gets Values: it is written with arithmetic and rows."""
    wave = Op("wave", math.sin, lambda out, a: (math.cos(a),))
    x = Value(0.5, label="x")
    y = wave(x)
    assert gradients(y, [x]) == [math.cos(0.5)]
    with pytest.raises(TypeError, match=r"^wave: float\(\) of a Value would lose its gradient"):
        gradients(y, [x], create_graph=True)
