"""A replay makes the graph anew by its rows, and touches nothing of the old one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import Recipe, anything, recipes

from micrograd_like import Value, tanh, topological_order
from micrograd_like.debugging.replaying import replay

any_recipes = st.one_of(recipes(), recipes(leaves=st.floats(), admit=anything))


@given(any_recipes)
def test_with_the_same_numbers_it_has_the_same_bits(recipe: Recipe) -> None:
    root = recipe.values()[-1]
    twins = replay(root, {})
    for value in topological_order(root):
        twin = twins[value]
        assert twin is not value
        assert (repr(twin.data), twin.op) == (repr(value.data), value.op)
        assert repr(twin.partials) == repr(value.partials)
        assert twin.operands == tuple(twins[x] for x in value.operands)


def test_a_leaf_or_a_node_may_have_another_number() -> None:
    x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    product = x * w
    y = tanh(product)
    assert replay(y, {w: 0.0})[y].data == 0.0
    twins = replay(y, {product: 3.0})
    assert twins[product].op is None
    assert twins[y].data == tanh(3.0)
    assert (x.data, w.data, product.data) == (0.5, -2.0, -1.0)


def test_a_stranger_is_refused() -> None:
    with pytest.raises(ValueError, match="is not in the graph of Value"):
        replay(Value(1.0) * 2.0, {Value(1.0): 2.0})
