"""Graphs of any shape: values, gradients and second derivatives, with sharing, to the last bit.

The graphs are recipes of random steps (recipes.py) in which every op of the table may appear. What
is computed is compared with plain floats, with exact rational arithmetic, with whole numbers, and
with forward-mode dual numbers (duals.py) that share no rule with the engine.
"""

from __future__ import annotations

import math
import random
import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import duals
import pytest
from duals import Dual, Rounded
from hypothesis import assume, given
from hypothesis import strategies as st
from recipes import Recipe, anything, moderate, on_floats, on_values, recipes

from micrograd_like import Value, gradients, topological_order
from micrograd_like.ops import TABLE, Op

EPS = sys.float_info.epsilon
TINY = sys.float_info.min
BAR = 6.0  # ulp: no partial is off by more

ANY_FLOAT = st.floats() | st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, 1e308, 1e-308, 0.5, 2.0])

RECIPES = recipes()
OF_COMMON_OPS = recipes(names=[name for name in TABLE if name in duals.FUNCTIONS])


def whole(op: Op, xs: list[float], out: float) -> bool:
    """Admit small whole numbers: sums of their products are exact in whatever order."""
    return abs(out) <= 8 and out == int(out)


WHOLE_NUMBERS = recipes(
    leaves=st.integers(-4, 4).map(float),
    admit=whole,
    names=["add", "sub", "mul", "neg", "relu", "abs", "fsum", "prod", "sumprod", "weighted_sum"],
)


def bits(x: float) -> bytes:
    """Return what tells any two floats apart, except one nan from another."""
    return b"nan" if math.isnan(x) else struct.pack("<d", x)


def all_bits(xs: list[float]) -> list[bytes]:
    return [bits(x) for x in xs]


def numbers(values: list[Value]) -> list[float]:
    return [value.data for value in values]


# ---------------------------------------------------------------------------- values


@given(recipes(leaves=ANY_FLOAT, admit=anything))
def test_a_graph_has_the_bits_of_the_same_program_on_floats(recipe: Recipe) -> None:
    assert all_bits(numbers(recipe.values())) == all_bits(recipe.floats())


@given(recipes(leaves=ANY_FLOAT, admit=anything))
def test_the_partials_on_the_edges_are_the_rule_on_floats(recipe: Recipe) -> None:
    for value in recipe.values():
        if value.op is not None:
            xs = tuple(operand.data for operand in value.operands)
            expected = value.op.partials_at(xs, value.data)
            if math.isnan(value.data):
                expected = (math.nan,) * len(xs)
            assert all_bits([*value.partials]) == all_bits([*map(float, expected)])


@given(recipes(leaves=ANY_FLOAT, admit=anything))
def test_the_order_has_every_value_once_after_its_operands(recipe: Recipe) -> None:
    made = recipe.values()
    order = topological_order(made[-1])
    places = {value: i for i, value in enumerate(order)}
    assert len(places) == len(order)
    assert order[-1] is made[-1]
    assert all(places[x] < places[value] for value in order for x in value.operands)
    assert set(order) == reachable(made[-1])


def reachable(root: Value) -> set[Value]:
    found, new = {root}, [root]
    while new:
        new = [x for value in new for x in {*value.operands} - found]
        found.update(new)
    return found


# ---------------------------------------------------------------------------- gradients


def exact_gradients(made: list[Value]) -> list[Fraction]:
    """Return for each value the exact gradient of the last one by the partials on the edges."""
    exact = {value: Fraction(0) for value in made}
    exact[made[-1]] = Fraction(1)
    for value in reversed(made):
        for x, partial in zip(value.operands, value.partials):
            exact[x] += exact[value] * Fraction(partial)
    return [exact[value] for value in made]


def error_bounds(made: list[Value], grads: list[float], ulps: float = 0.0) -> list[float]:
    """Return a bound on the error of each of ``grads``, in whatever order terms are added.

    A product is rounded once; a sum of n terms at most n times; and a partial may be off by some
    ``ulps`` itself. An error upstream is multiplied by the partials on the way down.
    """
    bounds = dict.fromkeys(made, 0.0)
    terms: dict[Value, list[float]] = {value: [] for value in made}
    for value, grad in reversed([*zip(made, grads)]):
        magnitudes = terms[value]
        bounds[value] += ((len(magnitudes) + 1) / 2 + ulps) * EPS * math.fsum(magnitudes)
        for x, partial in zip(value.operands, value.partials):
            bounds[x] += bounds[value] * abs(partial)
            terms[x].append(abs(grad * partial))
    return [1.001 * bounds[value] for value in made]


def assert_exact(made: list[Value], grads: list[float]) -> None:
    for grad, exact, bound in zip(grads, exact_gradients(made), error_bounds(made, grads)):
        assert abs(Fraction(grad) - exact) <= Fraction(bound)


@given(RECIPES)
def test_gradients_are_exact_but_for_the_rounding_of_each_product_and_sum(recipe: Recipe) -> None:
    made = recipe.values()
    assert_exact(made, gradients(made[-1], made))


@given(RECIPES)
def test_the_bound_of_the_rounding_errors_is_no_excuse(recipe: Recipe) -> None:
    """An error of 1 % in one partial of the way down, and an edge that is lost, are outside it."""
    made = recipe.values()
    grads = gradients(made[-1], made)
    edges = [(v, x, p) for v in made for x, p in zip(v.operands, v.partials)]
    v, x, partial = max(edges, key=lambda edge: abs(grads[made.index(edge[0])] * edge[2]))
    share = grads[made.index(v)] * partial
    assume(share)
    for wrong in (share / 100, share):
        i = made.index(x)
        changed = [*grads[:i], grads[i] - wrong, *grads[i + 1 :]]
        with pytest.raises(AssertionError):
            assert_exact(made, changed)


@given(WHOLE_NUMBERS)
def test_gradients_of_whole_numbers_are_exact(recipe: Recipe) -> None:
    made = recipe.values()
    assume(exact_in_floats(made))
    assert gradients(made[-1], made) == exact_gradients(made)


def exact_in_floats(made: list[Value]) -> bool:
    """Say whether all sums of products along paths, by absolute values, are within 53 bits."""
    sizes = {value: Fraction(0) for value in made}
    sizes[made[-1]] = Fraction(1)
    for value in reversed(made):
        for x, partial in zip(value.operands, value.partials):
            sizes[x] += sizes[value] * abs(Fraction(partial))
    return max(sizes.values()) < 2**53


def follow_with_duals(recipe: Recipe, leaves: list[Dual]) -> Dual:
    """Follow a recipe with dual numbers, whose values are made those of the floats at every step:
    the graph's derivative is taken at the numbers that it has, not at those it ought to have."""
    floats = recipe.floats()

    def step(op: Op, xs: list[Dual]) -> Dual:
        return duals.dual(duals.FUNCTIONS[op.name](*xs))

    def at_the_float(place: int, x: Dual) -> Dual:
        assert math.isclose(duals.primal(x), floats[place], rel_tol=1e-9, abs_tol=1e-9)
        return with_primal(x, floats[place])

    result: Dual = recipe.follow(leaves, step, at_the_float)[-1]
    return result


def with_primal(x: Any, value: float) -> Any:
    return Dual(with_primal(x.value, value), x.tangent) if isinstance(x, Dual) else Rounded(value)


def agree(ours: float, theirs: Any, operations: float = 16, bound: float = 0.0) -> bool:
    """Say whether a derivative is a dual number's, up to some times the error that it knows of, and
    up to a bound of ours. Where terms cancel, the one may be exact by luck and the other not."""
    theirs = duals.rounded(theirs)
    return abs(ours - theirs.value) <= operations * EPS * theirs.error + bound + TINY


def along(n: int, i: int) -> list[float]:
    return [float(i == j) for j in range(n)]


@given(OF_COMMON_OPS)
def test_reverse_mode_and_dual_numbers_agree(recipe: Recipe) -> None:
    made, n = recipe.values(), len(recipe.leaves)
    grads = gradients(made[-1], made)
    bounds = error_bounds(made, grads, BAR)
    for i in range(n):
        leaves = [Dual(Rounded(x), Rounded(t)) for x, t in zip(recipe.leaves, along(n, i))]
        assert agree(grads[i], follow_with_duals(recipe, leaves).tangent, bound=bounds[i])


@given(OF_COMMON_OPS, st.lists(st.sampled_from([1.0, -1.0, 0.5, 2.0]), min_size=4, max_size=4))
def test_second_derivatives_and_duals_of_duals_agree(
    recipe: Recipe, direction: list[float]
) -> None:
    made, n = recipe.values(), len(recipe.leaves)
    slopes = gradients(made[-1], made[:n], create_graph=True)
    assert [slope.data for slope in slopes] == gradients(made[-1], made[:n])
    slope = sum(slope * t for slope, t in zip(slopes, direction))
    order = topological_order(slope)
    grads = gradients(slope, order)
    bounds = dict(zip(order, error_bounds(order, grads, BAR)))
    for i, ours in enumerate(gradients(slope, made[:n])):
        leaves = [
            Dual(Dual(Rounded(x), Rounded(s)), Dual(Rounded(t), 0.0))
            for x, s, t in zip(recipe.leaves, along(n, i), direction)
        ]
        twice = duals.dual(follow_with_duals(recipe, leaves).tangent)
        bound = bounds.get(made[i], 0.0)
        assert agree(ours, twice.tangent, operations=256, bound=bound)


def test_dual_numbers_know_what_they_are_about() -> None:
    """The second opinion is itself right, and is not so lenient as to agree with anything."""
    x = Dual(Dual(Rounded(0.7), Rounded(1.0)), Dual(Rounded(1.0), 0.0))
    y = duals.sin(x * x)
    assert agree(2 * 0.7 * math.cos(0.49), y.tangent.value)
    assert agree(2 * math.cos(0.49) - 4 * 0.49 * math.sin(0.49), y.tangent.tangent)
    assert not agree(2 * 0.7 * math.cos(0.49) * (1 + 1e-13), y.tangent.value)


# ---------------------------------------------------------------------------- laws to the bit

# Zeros of either sign are the same gradient, so numbers are compared by ==; there is no nan here.


@given(RECIPES)
def test_negating_the_result_negates_all_gradients(recipe: Recipe) -> None:
    made = recipe.values()
    assert gradients(-made[-1], made) == [-grad for grad in gradients(made[-1], made)]


@given(RECIPES, st.integers(-30, 30))
def test_scaling_by_a_power_of_two_scales_all_gradients(recipe: Recipe, exponent: int) -> None:
    made, scale = recipe.values(), 2.0**exponent
    expected = [grad * scale for grad in gradients(made[-1], made)]
    assert gradients(made[-1] * scale, made) == expected
    assert gradients(scale * made[-1], made) == expected
    assert gradients(made[-1] / 2.0**-exponent, made) == expected
    assert gradients(made[-1], made, seed=scale) == expected


IDENTITIES: dict[str, Callable[[Value], Value]] = {
    "x * 1.0": lambda x: x * 1.0,
    "1.0 * x": lambda x: 1.0 * x,
    "x / 1.0": lambda x: x / 1.0,
    "x - 0.0": lambda x: x - 0.0,
    "x + -0.0": lambda x: x + -0.0,
    "-0.0 + x": lambda x: -0.0 + x,
    "x + 0.0": lambda x: x if bits(x.data) == bits(-0.0) else x + 0.0,  # -0.0 + 0.0 is 0.0
    "-(-x)": lambda x: -(-x),  # noqa: B002
    "+x": lambda x: +x,
    "x * 2.0 * 0.5": lambda x: x * 2.0 * 0.5,
}


@given(st.sampled_from([*IDENTITIES]), RECIPES, st.data())
def test_a_step_that_changes_no_value_changes_no_gradient(
    name: str, recipe: Recipe, data: st.DataObject
) -> None:
    made, identity = recipe.values(), IDENTITIES[name]
    place = data.draw(st.integers(0, len(made) - 1))
    leaves = [Value(x) for x in recipe.leaves]
    changed = recipe.follow(
        leaves, on_values, lambda i, value: identity(value) if i == place else value
    )
    assert all_bits(numbers(changed)) == all_bits(numbers(made))
    assert gradients(changed[-1], leaves) == gradients(made[-1], made[: len(leaves)])
    assert gradients(changed[-1], changed) == gradients(made[-1], made)


def commuted(recipe: Recipe, which: random.Random) -> Recipe:
    return Recipe(
        recipe.leaves,
        tuple(
            (op, places[::-1] if op.name in ("add", "mul") and which.random() < 0.7 else places)
            for op, places in recipe.steps
        ),
    )


@given(recipes(names=["add", "mul", "sub", "tanh", "exp", "relu"]), st.randoms())
def test_sums_and_products_commute(recipe: Recipe, which: random.Random) -> None:
    made, other = recipe.values(), commuted(recipe, which).values()
    assert all_bits(numbers(other)) == all_bits(numbers(made))
    grads, others = gradients(made[-1], made), gradients(other[-1], other)
    assert_exact(made, others)
    # Of three terms the order matters for the last bit, and commuting may change the order.
    if max(recipe.uses()) <= 2:
        assert others == grads


@given(WHOLE_NUMBERS, st.randoms())
def test_sums_and_products_of_whole_numbers_commute(recipe: Recipe, which: random.Random) -> None:
    made, other = recipe.values(), commuted(recipe, which).values()
    assume(exact_in_floats(made))
    assert gradients(other[-1], other) == gradients(made[-1], made)


def leaves_and_nodes(made: list[Value]) -> tuple[list[Value], list[Value]]:
    below = reachable(made[-1])
    return (
        [value for value in made if value in below and value.op is None],
        [value for value in made if value in below and value.op is not None],
    )


def grads_of(values: list[Value]) -> list[float]:
    return [value.grad for value in values]


@given(RECIPES, st.floats(-4, 4))
def test_backward_and_gradients_agree(recipe: Recipe, seed: float) -> None:
    made = recipe.values()
    leaves, nodes = leaves_and_nodes(made)
    made[-1].backward(seed)
    expected = gradients(made[-1], leaves + nodes, seed=seed)
    assert all_bits(grads_of(leaves + nodes)) == all_bits(expected)
    assert all(value.grad == 0 for value in made if value not in leaves + nodes)
    assert expected == gradients(made[-1] * seed, leaves + nodes)


@given(RECIPES, st.integers(2, 4))
def test_each_backward_adds_exactly_the_same_again(recipe: Recipe, times: int) -> None:
    made = recipe.values()
    leaves, nodes = leaves_and_nodes(made)
    once = gradients(made[-1], leaves)
    expected = [0.0] * len(leaves)
    for _ in range(times):
        made[-1].backward()
        expected = [total + grad for total, grad in zip(expected, once)]
        assert grads_of(leaves) == expected
        assert grads_of(nodes) == gradients(made[-1], nodes)


@given(RECIPES, st.data())
def test_two_losses_that_share_a_graph_add_up(recipe: Recipe, data: st.DataObject) -> None:
    made = recipe.values()
    first = made[data.draw(st.integers(0, len(made) - 1))]
    leaves = made[: len(recipe.leaves)]
    ours, theirs = gradients(first, leaves), gradients(made[-1], leaves)
    nodes = [value for value in made if value.op is not None and value in reachable(made[-1])]
    first.backward()
    made[-1].backward()
    assert grads_of(leaves) == [a + b for a, b in zip(ours, theirs)]
    assert grads_of(nodes) == gradients(made[-1], nodes)


@given(RECIPES, st.booleans())
def test_gradients_touches_no_grad(recipe: Recipe, create_graph: bool) -> None:
    made = recipe.values()
    marks = [float(i) + 0.5 for i in range(len(made))]
    for value, mark in zip(made, marks):
        value.grad = mark
    gradients(made[-1], made, create_graph=create_graph)
    assert grads_of(made) == marks


@pytest.mark.parametrize("unfit", ["text", [1.0], 10**400], ids=["text", "a list", "a huge int"])
def test_a_backward_that_fails_changes_nothing(unfit: Any) -> None:
    """Where a leaf's gradient is what no gradient can be added to, the others are as before."""
    x, y, z = Value(2.0), Value(3.0), Value(4.0)
    y.grad = unfit
    out = x * y * z
    with pytest.raises((TypeError, OverflowError)):
        out.backward()
    assert (x.grad, y.grad, z.grad) == (0, unfit, 0)


@given(RECIPES)
def test_backward_changes_nothing_but_grad(recipe: Recipe) -> None:
    made = recipe.values()
    before = [(bits(v.data), v.op, v.operands, v.partials, v.label) for v in made]
    made[-1].backward()
    assert [(bits(v.data), v.op, v.operands, v.partials, v.label) for v in made] == before


@given(RECIPES, st.data())
def test_changing_a_leaf_leaves_the_recorded_graph_alone(
    recipe: Recipe, data: st.DataObject
) -> None:
    made = recipe.values()
    expected = gradients(made[-1], made)
    for leaf in made[: len(recipe.leaves)]:
        leaf.data = data.draw(st.floats(-3, 3))
    assert gradients(made[-1], made) == expected
    assert all_bits(numbers(made[len(recipe.leaves) :])) == all_bits(
        recipe.floats()[len(recipe.leaves) :]
    )


@given(OF_COMMON_OPS, st.integers(0, 3), st.data())
def test_second_derivatives_are_those_of_the_recorded_graph_or_refused(
    recipe: Recipe, which: int, data: st.DataObject
) -> None:
    """A leaf that has other data by now is noticed, also where the partial happens to be the same:
    as that of tanh is at x and -x."""
    made, n = recipe.values(), len(recipe.leaves)
    for value in made:  # a product with two zeros hides the data of its third factor
        assume(value.op is not TABLE["prod"] or [x.data for x in value.operands].count(0.0) < 2)
    leaf = made[which % n]
    expected = gradients(sum(gradients(made[-1], made[:n], create_graph=True)), made[:n])
    leaf.data = data.draw(st.sampled_from([-leaf.data, leaf.data + 1.0, leaf.data]))
    try:
        slopes = gradients(made[-1], made[:n], create_graph=True)
    except RuntimeError:
        assert leaf.data != recipe.leaves[which % n]
    else:
        assert gradients(sum(slopes), made[:n]) == expected


@given(RECIPES)
def test_backward_with_a_graph_finds_the_same_gradients(recipe: Recipe) -> None:
    made = recipe.values()
    leaves, nodes = leaves_and_nodes(made)
    expected = gradients(made[-1], leaves + nodes)
    made[-1].backward(create_graph=True)
    assert all(isinstance(value.grad, Value) for value in leaves + nodes)
    assert [value.grad.data for value in leaves + nodes] == expected


@given(RECIPES)
def test_a_random_graph_is_one_graph(recipe: Recipe) -> None:
    """The result depends on all that is made on the way to it."""
    made = recipe.values()
    assert reachable(made[-1]) == set(made)


def test_recipes_have_diamonds_duplicates_and_every_op() -> None:
    """What random graphs are good for depends on what they contain."""
    rng = random.Random(0)
    seen: set[str] = set()
    shared = duplicates = 0
    for _ in range(400):
        recipe = cook_at_random(rng)
        seen.update(op.name for op, _ in recipe.steps)
        shared += max(recipe.uses()) >= 3
        duplicates += any(len(set(places)) < len(places) for _, places in recipe.steps)
    assert seen == set(TABLE)
    assert shared > 200
    assert duplicates > 200


def cook_at_random(rng: random.Random) -> Recipe:
    from recipes import cook

    leaves = [round(rng.uniform(-3, 3), 3) for _ in range(rng.randint(1, 4))]
    names = rng.choices([*TABLE], k=18)
    return cook(leaves, [(n, [rng.randint(0, 9) for _ in range(6)]) for n in names], moderate)


def test_plain_floats_are_followed_without_the_package() -> None:
    recipe = Recipe((3.0, 4.0), ((TABLE["mul"], (0, 1)), (TABLE["add"], (2, 2))))
    assert recipe.floats() == [3.0, 4.0, 12.0, 24.0]
    assert on_floats(TABLE["hypot"], [3.0, 4.0]) == 5.0
