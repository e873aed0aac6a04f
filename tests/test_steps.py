"""Steps are the walk that backward does, and a walk can be wound forwards and back to the bit."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import Recipe, anything, recipes

from micrograd_like import Value, sqrt, topological_order
from micrograd_like.debugging.steps import Step, Walk, steps

any_recipes = st.one_of(recipes(), recipes(leaves=st.floats(), admit=anything))


def grads(root: Value) -> list[Any]:
    """Return every gradient to the bit, and 0 where none is computed; the sign of a nan is none."""
    return [
        g if type(g := value.grad) is int else struct.pack("<d", g if g == g else math.nan)
        for value in topological_order(root)
    ]


@given(any_recipes, st.sampled_from([1.0, -0.5, 0.0]))
def test_exhausted_steps_leave_what_backward_leaves(recipe: Recipe, seed: float) -> None:
    stepped, expected = recipe.values()[-1], recipe.values()[-1]
    for _ in range(2):
        for _ in stepped.steps(seed, commit=True):
            pass
        expected.backward(seed)
        assert grads(stepped) == grads(expected)


@given(any_recipes, st.booleans(), st.data())
def test_a_walk_starts_from_no_gradients_and_puts_back_what_was_there(
    recipe: Recipe, computed: bool, data: st.DataObject
) -> None:
    """However it ends: to its end, by an exception, or dropped on the way."""
    root, twin = recipe.values()[-1], recipe.values()[-1]
    if computed:
        root.backward(3.0)
    before = grads(root)
    edges = sum(len(value.operands) for value in topological_order(root))
    until = data.draw(st.integers(1, edges))
    walk = Walk(twin, constants=True)
    for step in root.steps(constants=True):
        walk.forward()
        assert grads(root) == grads(twin)
        assert grads(root)[-1] != 0
        if step.number == until:
            break
    del step
    assert grads(root) == before
    for _ in root.steps():
        pass
    assert grads(root) == before


def test_looking_twice_adds_nothing() -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    assert len(list(y.steps())) == 2
    assert x.grad == 6.0
    y.backward()
    assert x.grad == 12.0


@given(st.permutations(range(4)))
def test_walks_that_end_in_any_order_leave_what_the_first_one_found(order: list[int]) -> None:
    x, w = Value(3.0), Value(2.0)
    y = x * w
    z = y * w
    z.backward()
    before = grads(z)
    walks = [z.steps(), y.steps(), z.steps(), y.steps()]
    for walk in walks:
        next(walk)
    for i in order:
        walks[i].close()
    assert grads(z) == before


def test_constants_are_folded() -> None:
    x = Value(3.0, label="x")
    y = (x - 0.5) ** 2
    assert [step.x for step in y.steps()] == [y.operands[0], x]
    assert [step.number for step in y.steps(constants=True)] == [1, 2, 3, 4]
    assert str(next(y.steps())).startswith("1. **2 v4 -> - 0.5 v3   ")
    assert str(next(y.steps(names={"off": y.operands[0]}))).startswith("1. **2 v4 -> off   ")


@given(any_recipes, st.data())
def test_abandoned_steps_leave_the_gradients_alone(recipe: Recipe, data: st.DataObject) -> None:
    root = recipe.values()[-1]
    root.backward()
    before = grads(root)
    coming = root.steps(constants=True)
    edges = sum(len(value.operands) for value in topological_order(root))
    for _ in range(data.draw(st.integers(0, max(edges - 1, 0)))):
        next(coming)
    coming.close()
    assert grads(root) == before


@given(any_recipes)
def test_a_step_for_every_edge_tells_the_numbers_of_the_chain_rule(recipe: Recipe) -> None:
    root = recipe.values()[-1]
    order = topological_order(root)
    got: dict[Value, float] = dict.fromkeys(order, 0.0)
    got[root] = 1.0
    left = {value: sum(x is value for out in order for x in out.operands) for value in order}
    edges = []
    for number, step in enumerate(steps(root, constants=True), 1):
        assert step.number == number
        assert step.x is step.out.operands[step.index]
        assert repr(step.partial) == repr(step.out.partials[step.index])
        assert repr(step.upstream) == repr(got[step.out])
        assert left[step.out] == 0  # its gradient is complete: that is what the order is for
        assert repr(step.product) == repr(step.upstream * step.partial)
        assert repr(step.before) == repr(got[step.x])
        assert repr(step.after) == repr(step.before + step.product)
        left[step.x] -= 1
        assert step.waiting == left[step.x]
        got[step.x] = step.after
        edges.append((step.out, step.index))
    assert len(edges) == len(set(edges)) == sum(len(value.operands) for value in order)
    assert not any(left.values())


@given(any_recipes, st.lists(st.sampled_from("fffbbR"), max_size=60), st.data())
def test_winding_restores_every_gradient_to_the_bit(
    recipe: Recipe, moves: list[str], data: st.DataObject
) -> None:
    root = recipe.values()[-1]
    if data.draw(st.booleans()):
        root.backward()
    before = grads(root)
    walk = Walk(root)
    seen = {0: grads(root)}
    for move in moves:
        if move == "f" and not walk.at_end:
            assert walk.coming is walk.forward()
        elif move == "b" and walk.position:
            walk.back()
        elif move == "R":
            walk.restore()
            assert grads(root) == before
            walk = Walk(root)
        assert seen.setdefault(walk.position, grads(root)) == grads(root)
    while not walk.at_end:
        walk.forward()
    at_end = grads(root)
    walk.restore()
    assert grads(root) == before
    fresh = recipe.values()[-1]
    fresh.backward()
    assert grads(fresh) == at_end
    walk = Walk(root)
    walk.keep()
    if any(before):
        fresh.backward()
    assert grads(root) == grads(fresh)


def test_a_leaf_has_no_steps_and_gets_the_seed() -> None:
    x = Value(2.0)
    assert list(x.steps(3.0, commit=True)) == []
    assert x.grad == 3.0
    walk = Walk(x)
    assert (walk.at_end, walk.coming, x.grad, walk.had) == (True, None, 1.0, 1)
    walk.restore()
    assert x.grad == 3.0


def test_a_walk_has_no_steps_beyond_its_ends() -> None:
    walk = Walk(Value(1.0) + Value(1.0))
    with pytest.raises(IndexError, match="no step before its start"):
        walk.back()
    walk.forward(), walk.forward()
    with pytest.raises(IndexError, match="no step after 2"):
        walk.forward()


@given(any_recipes, st.data())
def test_the_position_is_the_truth(recipe: Recipe, data: st.DataObject) -> None:
    root = recipe.values()[-1]
    walk, twin = Walk(root), recipe.values()[-1]
    for _ in range(data.draw(st.integers(0, len(walk.tape)))):
        walk.forward()
    expected = grads(root)
    for value in topological_order(root):  # somebody meddles, or an interrupt leaves it half done
        value.grad = data.draw(st.sampled_from([0, 7.0]))
    walk.sync()
    assert grads(root) == expected
    walk.position = len(walk.tape)
    walk.sync()
    twin.backward()
    assert grads(root) == grads(twin)


@given(any_recipes)
def test_it_knows_when_each_gradient_is_complete(recipe: Recipe) -> None:
    root = recipe.values()[-1]
    walk = Walk(root)
    for value, position in walk.complete_at.items():
        assert not any(step.x is value for step in walk.tape[position:])
        assert not any(step.out is value for step in walk.tape[:position])


def test_a_step_reads_as_the_chain_rule() -> None:
    a = Value(3.0, label="a\n")
    first, second = (a * a).steps()
    assert str(first) == (
        "1. * v1 -> a⏎   ∂mul/∂a = b = 3   1 × 3 = 3   grad of a⏎: 0 + 3 = 3, 1 to come"
    )
    assert str(second).endswith("grad of a⏎: 3 + 3 = 6")
    assert repr(first) == "<Step 1: * v1 -> a⏎>"


def test_the_diamond_needs_its_order() -> None:
    """b = a + a; c = b + b: a's gradient is handed on only when all of b's has come."""
    a = Value(1.0, label="a")
    b = a + a
    c = b + b
    assert [(step.out, step.x, step.upstream) for step in c.steps()] == [
        (c, b, 1.0),
        (c, b, 1.0),
        (b, a, 2.0),
        (b, a, 2.0),
    ]
    assert list(c.steps())[-1].after == 4.0


def test_a_number_that_is_not_finite_is_stepped_over() -> None:
    x = Value(0.0)
    last: Step | None = None
    for step in (sqrt(x) * 0.0).steps():
        last = step
    assert last is not None
    assert last.product != last.product
    assert x.grad == 0
