"""The chain rule is written twice, once to be seen and once to be composed: with the same bits."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinks import drawn_from, kink, size
from mpmath import mp, mpf
from oracle import BINARY, NARY, UNARY
from recipes import Recipe, anything, recipes

from micrograd_like import (
    Value,
    engine,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    logsumexp,
    no_grad,
    sin,
    tanh,
    topological_order,
    value_and_grad,
    vjp,
)
from micrograd_like.debugging.checking import slope_of
from micrograd_like.ops import TABLE, Op

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


# ---------------------------------------------------------------------------- of functions


NESTED: dict[str, tuple[Callable[[], Any], Any]] = {
    # the counter-examples of Siskind and Pearlmutter: an inner variable mistaken for an outer one
    "d/dx x·(d/dy (x + y))": (lambda: grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0), 1.0),
    "d/dx x·(d/dy (x·y))": (lambda: grad(lambda x: x * grad(lambda y: x * y)(1.0))(3.0), 6.0),
    "inner at the outer x": (lambda: grad(lambda x: x * grad(lambda y: x * y)(x))(3.0), 6.0),
    "reverse in reverse": (lambda: grad(lambda x: grad(lambda y: x * y * y)(x))(3.0), 12.0),
    "forward in reverse": (lambda: grad(lambda x: speed(lambda y: x * y * y, x))(3.0), 12.0),
    "reverse in forward": (lambda: speed(lambda x: grad(lambda y: x * y * y)(x), 3.0), 12.0),
    "forward in forward": (lambda: speed(lambda x: speed(lambda y: x * y * y, x), 3.0), 12.0),
    "forward at a float": (lambda: speed(lambda x: speed(lambda y: x * y * y, 2.0), 3.0), 4.0),
    "three deep": (
        lambda: grad(lambda x: grad(lambda y: grad(lambda z: x * y * z * z)(y) * y)(x))(2.0),
        # z = y: 2xy², times... d/dy 2xy³ = 6xy², at y = x: 6x³, whose slope is 18x²
        72.0,
    ),
    "a curried function": (
        lambda: grad(lambda x: grad(lambda y: grad(lambda z: z * y * x)(2.0) * y)(3.0) * x)(4.0),
        48.0,  # z·y·x: xy; times y: xy², whose slope is 2xy = 6x; times x: 6x², whose slope is 12x
    ),
    "a pullback": (lambda: grad(lambda x: vjp(lambda y: x * y, 2.0)[1](x)[0])(3.0), 6.0),
    "a tangent": (lambda: grad(lambda v: jvp(lambda y: y * y, (3.0,), (v,))[1])(2.0), 6.0),
    "a hessian": (lambda: grad(lambda x: hessian(lambda y: x * y**3)(x))(2.0), 24.0),
}


def speed(f: Callable[[Any], Any], x: Any) -> Any:
    return jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize("name", NESTED)
def test_nothing_confuses_one_perturbation_with_another(name: str) -> None:
    compute, expected = NESTED[name]
    assert compute() == expected


def test_floats_in_floats_out_and_values_in_values_out() -> None:
    x, w = Value(3.0, label="x"), Value(2.0)
    assert grad(lambda t: t**3)(3) == 27.0
    assert type(grad(lambda t: w * t)(3.0)) is float
    assert value_and_grad(lambda t: w * t)(3.0) == (6.0, 2.0)
    slope = grad(lambda t: t**3)(x)
    assert (slope.data, gradients(slope, [x])) == (27.0, [18.0])
    y, slope = value_and_grad(lambda t: t * w)(x)
    assert gradients(y * slope, [x, w]) == [4.0, 12.0]
    assert gradients(jvp(lambda t: t**3, (x,), (1.0,))[1], [x]) == [18.0]
    assert x.grad == w.grad == 0
    assert grad(lambda t: t)(x).data == 1.0
    assert (grad(lambda t: 5)(2.0), grad(lambda t: w)(2.0), grad(lambda t: w)(x).data) == (0, 0, 0)


def test_results_have_the_structure_of_the_arguments() -> None:
    def f(p: dict[str, Any], scale: float, *, more: float = 0.0) -> Any:
        (a, b), c = p["ab"], p["c"][0]
        return (a * b + c * c) * scale + more

    at = {"ab": (2.0, 3.0), "c": [5.0]}
    assert grad(f)(at, 1.0) == {"ab": (3.0, 2.0), "c": [10.0]}
    assert grad(f, (1, 0))(at, 2.0, more=1.0) == (31.0, {"ab": (6.0, 4.0), "c": [20.0]})
    assert grad(f, -1)(at, 1.0) == 31.0
    assert grad(f)({"ab": (2.0, 3.0), "c": [Value(5.0)]}, 1.0)["ab"][0].data == 3.0
    assert jacobian(lambda v: {"s": v[0] * v[1], "t": 7.0})([2.0, 3.0]) == {
        "s": [3.0, 2.0],
        "t": [0, 0],
    }
    assert jacobian(lambda x: [x, x * x, x**3, 1.0])(2.0) == [1.0, 4.0, 12.0, 0.0]
    assert hvp(lambda a, b: a * a * b, (3.0, 2.0), (1.0, 1.0)) == (10.0, 6.0)
    assert hvp(lambda v: v[0] ** 3 + v[1], ([2.0, 1.0],), ([1.0, 5.0],)) == [12.0, 0.0]
    (y, z), pullback = vjp(lambda a, b: (a * b, 7.0), 2.0, 3.0)
    assert (y, z, pullback((1.0, 9.0))) == (6.0, 7.0, (3.0, 2.0))
    assert pullback((Value(1.0), 9.0))[0].data == 3.0
    assert vjp(lambda a: [a, a * a], math.inf)[1]([1.0, 0.0])[0] != 0
    assert hessian(lambda v: v[0])([1.0]) == [[0.0]]


def test_what_depends_on_nothing_has_no_slope() -> None:
    y, pullback = vjp(lambda x: 3.0, 2.0)
    assert (y, pullback(1.0)) == (3.0, (0.0,))
    assert grad(lambda x: 3.0)(2.0) == 0.0


def test_what_cannot_be_differentiated_is_told() -> None:
    with pytest.raises(TypeError, match=r"<lambda> returned \[.*take jacobian"):
        grad(lambda x: [x])(1.0)
    with pytest.raises(TypeError, match=r"argnums is 2, but <lambda> was called with 1 arguments"):
        grad(lambda x: x, 2)(1.0)
    for argnums in ((0, 0), (0, -1)):
        with pytest.raises(ValueError, match="it names an argument twice"):
            grad(lambda x: x, argnums)(1.0)
    with pytest.raises(TypeError, match="'a' of type str is not a number"):
        grad(lambda x: x)("a")
    with pytest.raises(TypeError, match="None of type NoneType is not a number"):
        grad(lambda x: None)(1.0)
    with pytest.raises(ValueError, match="there are 2 tangents for 1 primals"):
        jvp(lambda x: x, (1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match="there are 0 cotangents for 1 outputs"):
        vjp(lambda x: x, 1.0)[1]([])
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: 1 / x)(0.0)
    assert grad(lambda x: x * x)(2.0) == 4.0  # and an error leaves nothing behind


def test_under_no_grad_functions_are_differentiated_and_results_are_leaves() -> None:
    x = Value(3.0)
    with no_grad():
        assert grad(grad(lambda t: t**3))(2.0) == 12.0
        slope = grad(lambda t: t**3)(x)
        assert (slope.data, slope.op) == (27.0, None)
    assert engine.hook is None


def test_a_walk_ends_where_its_function_begins() -> None:
    """Else the force in each step of a simulation would walk over all the steps before."""
    calls = [0]
    slow = Op("slow", lambda a: a, lambda out, a: calls.__setitem__(0, calls[0] + 1) or (1.0,))
    x = Value(1.0)
    for _ in range(20):
        x = slow(x)
    before = calls[0]
    force = grad(lambda q: q * q)(x)
    assert calls[0] == before
    assert gradients(force, [x]) == [2.0]
    assert x.operands


# Rows that are smooth; a power by a constant is tested with the others' exponents.
NOT_SMOOTH = {
    "sign",
    "floor",
    "ceil",
    "trunc",
    "floordiv",
    "mod",
    "fmod",
    "copysign",
    "abs",
    "relu",
}
NOT_SMOOTH |= {"maximum", "minimum", "clamp", "leaky_relu", "power", "ieee_power"}
SMOOTH = [op for op in TABLE.values() if op.name not in NOT_SMOOTH]


@pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)
@pytest.mark.parametrize("points", [2, pytest.param(30, marks=pytest.mark.thorough)])
def test_derivatives_of_order_0_to_5_have_their_digits(op: Op, points: int) -> None:
    """Along a random direction through a random point, where they are well conditioned."""
    exact = {**UNARY, **BINARY}.get(op.name, NARY.get(op.name, (None,)))[0]
    spread = op.name in NARY
    rng, told = random.Random(op.name), 0
    while points:
        xs = []
        for i in range(size(op, rng.randrange(3))):
            low, high = drawn_from(op, i)
            xs.append(rng.uniform(max(low, -3) + 0.05, min(high, 3) - 0.05))
        if abs(kink(op, xs)) < 0.05:
            continue
        points -= 1
        ways = [rng.choice((1.0, -0.5, 0.25)) if len(xs) > 1 else 1.0 for _ in xs]

        def along(t: Any, numbers: Any = tuple(xs), ways: Any = tuple(ways)) -> list[Any]:
            return [x + t * way for x, way in zip(numbers, ways, strict=True)]

        def true(t: Any, along: Any = along, xs: Any = tuple(xs)) -> Any:
            at = along(t, [*map(mpf, xs)])
            return exact(at) if spread else exact(*at)

        with mp.workdps(60):
            slopes = [c * math.factorial(n) for n, c in enumerate(mpmath.taylor(true, 0, 6))]
        f: Any = lambda t, along=along: op(*along(t))  # noqa: E731
        for want, following in pairwise(slopes):
            found, f = f(0.0), grad(f)
            if abs(following) < 30 * abs(want):
                told += 1
                assert abs(found - want) <= 1e-12 * abs(want)
            elif want == 0:
                assert found == 0
    assert told


def mixture(v: Sequence[Any]) -> Any:
    x, y, z = v
    return tanh(x * y) * exp(z / 3) + sin(x + y * z) / (1 + x * x) + logsumexp([x, y, z]) ** 2


COORDINATES = st.lists(st.integers(-2000, 2000).map(lambda n: n / 1000), min_size=3, max_size=3)


@settings(max_examples=8)
@given(COORDINATES)
def test_hessians_by_four_routes_agree_and_are_symmetric(v: list[float]) -> None:
    def column(i: int) -> list[float]:
        return [float(i == j) for j in range(3)]

    reverse = hessian(mixture)(v)
    over = [hvp(mixture, (v,), (column(i),)) for i in range(3)]
    forward = [
        [
            jvp(lambda u, j=j: jvp(mixture, (u,), (column(j),))[1], (v,), (column(i),))[1]
            for j in range(3)
        ]
        for i in range(3)
    ]
    slope = grad(mixture)
    for i in range(3):
        for j in range(3):
            told = slope_of(
                lambda t, i=i, j=j: slope([*v[:i], t, *v[i + 1 :]])[j], v[i], reverse[i][j]
            )
            assert told is None or not told.off(reverse[i][j])
            assert over[i][j] == pytest.approx(reverse[i][j], rel=1e-12, abs=1e-13)
            assert forward[i][j] == pytest.approx(reverse[i][j], rel=1e-12, abs=1e-13)
            assert reverse[i][j] == pytest.approx(reverse[j][i], rel=1e-14, abs=1e-14)


@given(recipes(), st.data())
def test_forward_and_reverse_agree_on_random_graphs(recipe: Recipe, data: st.DataObject) -> None:
    n = len(recipe.leaves)
    ways = [data.draw(st.sampled_from((-1.0, 0.5, 2.0))) for _ in range(n)]

    def f(*xs: Any) -> Any:
        return recipe.follow(xs, lambda op, operands: op(*operands))[-1]

    slopes = grad(f, range(n))(*recipe.leaves)
    terms = [slope * way for slope, way in zip(slopes, ways, strict=True)]
    y, speed = jvp(f, recipe.leaves, ways)
    assert y == recipe.floats()[-1]
    assert slopes == tuple(gradients(f(*(xs := [Value(x) for x in recipe.leaves])), xs))
    # the sums over the paths are added in another order: their terms bound the difference
    graph = f(*(xs := [Value(x) for x in recipe.leaves]))
    sizes: dict[Value, float] = dict(zip(xs, map(abs, ways), strict=True))
    for out in topological_order(graph):
        if out.op:
            pairs = zip(out.operands, out.partials, strict=True)
            sizes[out] = sum(abs(p) * sizes.get(x, 0.0) for x, p in pairs)
    assert abs(speed - math.fsum(terms)) <= 1e-13 * sizes[graph] * 50


def count(values: Any) -> int:
    roots = [x for x in values if isinstance(x, Value)]
    return len({x for root in roots for x in topological_order(root) if x.op})


def test_derivatives_cost_a_few_times_the_function() -> None:
    """In nodes that are recorded: this is what time follows."""

    def f(*xs: Any) -> Any:
        for _ in range(20):
            xs = tuple(tanh(x * y + sin(y) / 2) for x, y in zip(xs, (*xs[1:], xs[0])))
        return sum(xs)

    xs = [Value(0.1 * i) for i in range(1, 5)]
    function = count([f(*xs)])
    gradient = count(grad(f, range(4))(*xs))
    forward = count(jvp(f, xs, [1.0] * 4))
    product = count(hvp(f, xs, [1.0] * 4))
    assert function < gradient <= 5 * function
    assert forward <= 5 * function
    assert product <= 5 * gradient
