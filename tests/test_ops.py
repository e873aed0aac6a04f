"""The rows of the table: their digits, their edges, and their errors."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from fractions import Fraction
from math import inf, nan, pi
from typing import Any

import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinks import KINKS

import micrograd_like as m
from micrograd_like import Value, floats, gradients, ops, topological_order
from micrograd_like.ops import TABLE, Op

POINTS = {"dev": 60, "ci": 300, "thorough": 20_000}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")


def same(x: float, y: float) -> bool:
    """Return whether two floats are the same, signed zeros told apart and nans not."""
    return (x != x and y != y) or (x == y and math.copysign(1, x) == math.copysign(1, y))


# ---------------------------------------------------------------------------- digits


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_value_and_both_derivatives_have_all_their_digits(op: Op) -> None:
    """Within 2 ulp, 4 for the derivatives, of what mpmath finds with 80 digits."""
    assert oracle.excesses(op, oracle.measure(op, POINTS[PROFILE])) == []


def test_the_oracle_knows_every_row() -> None:
    assert {*oracle.UNARY, *oracle.BINARY, *oracle.NARY} == set(TABLE)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("tanh", lambda a, out: 1 - out * out),
        ("sigmoid", lambda a, out: out * (1 - out)),
        ("softplus", lambda a, out: 1 - 1 / (1 + math.exp(min(a, 700)))),
        ("asin", lambda a, out: 1 / math.sqrt(1 - a * a)),
        ("erf", lambda a, out: 1.128379 * math.exp(-min(a * a, 700))),
        ("log2", lambda a, out: 1.442695 / a),
    ],
)
def test_a_rule_that_loses_digits_is_caught(
    name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rule(out: Any, a: Any) -> tuple[float]:
        return (wrong(ops.number(a), ops.number(out)),)

    monkeypatch.setattr(TABLE[name], "partials", rule)
    assert oracle.excesses(TABLE[name], oracle.measure(TABLE[name], 300)) != []


# ---------------------------------------------------------------------------- the edge table

# expression of Values, operands, value, gradient
EDGES: list[tuple[Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]] = [
    (m.relu, (0.0,), 0.0, (0.0,)),
    (m.relu, (-0.0,), 0.0, (0.0,)),
    (m.leaky_relu, (0.0,), 0.0, (0.01,)),
    (lambda x: x.leaky_relu(3.0), (0.0,), 0.0, (1.0,)),
    (lambda x: x.leaky_relu(-1.0), (0.0,), 0.0, (0.0,)),
    (lambda x: x.leaky_relu(-0.5), (-0.0,), -0.0, (0.0,)),
    (lambda x: x.elu(-0.5), (0.0,), 0.0, (0.0,)),
    (lambda x: x.elu(2.0), (0.0,), 0.0, (1.0,)),
    (abs, (0.0,), 0.0, (0.0,)),
    (abs, (-0.0,), 0.0, (0.0,)),
    (m.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    (m.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    (m.maximum, (1.0, 3.0, 3.0, 3.0), 3.0, (0.0, 1 / 3, 1 / 3, 1 / 3)),
    (lambda x: m.clamp(x, -1, 1), (1.0,), 1.0, (0.0,)),
    (lambda x: m.clamp(x, -1, 1), (-1.0,), -1.0, (0.0,)),
    (lambda x: m.clamp(x, -1, 1), (0.5,), 0.5, (1.0,)),
    (m.elu, (0.0,), 0.0, (1.0,)),
    (lambda x: m.elu(x, 0.5), (0.0,), 0.0, (0.5,)),
    (lambda x: m.elu(x, 2.0), (0.0,), 0.0, (1.0,)),
    (m.selu, (0.0,), 0.0, (1.0507009873554805,)),
    (lambda x: x.leaky_relu(1.5), (0.0,), 0.0, (1.0,)),
    (lambda x: x.elu(1.5), (0.0,), 0.0, (1.0,)),
    (m.minimum, (1.0, nan), nan, (nan, nan)),
    (m.sign, (nan,), nan, (nan,)),
    (lambda a, b: m.logsumexp([a, b]), (inf, 0.0), inf, (nan, nan)),
    (lambda a, b: m.logsumexp([a, b]), (-inf, -inf), -inf, (nan, nan)),
    (lambda a, b: m.softmax([a, b])[0], (inf, 0.0), nan, (nan, nan)),
    (lambda a, b: m.softmax([a, b])[0], (0.0, nan), nan, (nan, nan)),
    (lambda a, b: m.log_softmax([a, b])[0], (inf, 0.0), nan, (nan, nan)),
    (lambda a, b: m.log_softmax([a, b])[0], (0.0, nan), nan, (nan, nan)),
    (lambda a, b: m.log_softmax([a, b])[0], (2.0, 2.0), -math.log(2), (0.5, -0.5)),
    (m.sqrt, (0.0,), 0.0, (inf,)),
    (m.cbrt, (0.0,), 0.0, (inf,)),
    (lambda x: x**0, (0.0,), 1.0, (0.0,)),
    (lambda x: x**0.0, (0.0,), 1.0, (0.0,)),
    (lambda x: x**0, (nan,), 1.0, (0.0,)),
    (lambda x, y: x**y, (0.0, 0.0), 1.0, (0.0, 0.0)),
    (lambda x, y: x**y, (0.0, 2.0), 0.0, (0.0, 0.0)),
    (lambda x, y: x**y, (0.0, 0.5), 0.0, (inf, 0.0)),
    (lambda x, y: x**y, (0.0, 1.0), 0.0, (1.0, 0.0)),
    (lambda x: x**3, (-2.0,), -8.0, (12.0,)),
    (lambda x: x**-1, (-2.0,), -0.5, (-0.25,)),
    (lambda x, y: x**y, (-2.0, 3.0), -8.0, (12.0, nan)),
    (lambda y: 2**y, (3.0,), 8.0, (8 * math.log(2),)),
    (m.exp, (-1000.0,), 0.0, (0.0,)),
    (m.sigmoid, (1000.0,), 1.0, (0.0,)),
    (m.sigmoid, (-1000.0,), 0.0, (0.0,)),
    (m.tanh, (1000.0,), 1.0, (0.0,)),
    (m.tanh, (-1000.0,), -1.0, (0.0,)),
    (m.softplus, (1000.0,), 1000.0, (1.0,)),
    (m.softplus, (-1000.0,), 0.0, (0.0,)),
    (m.log_sigmoid, (1000.0,), -0.0, (0.0,)),
    (m.log_sigmoid, (-1000.0,), -1000.0, (1.0,)),
    (lambda a, b: a / b, (1e200, 1e200), 1.0, (1e-200, -1e-200)),
    (m.atan2, (0.0, 0.0), 0.0, (0.0, 0.0)),
    (m.atan2, (1e-200, 1e-200), pi / 4, (5e199, -5e199)),
    (m.atan2, (1.0, inf), 0.0, (0.0, 0.0)),
    (m.hypot, (0.0, 0.0), 0.0, (0.0, 0.0)),
    (m.hypot, (3.0, 4.0), 5.0, (0.6, 0.8)),
    (lambda a, b: gradients(m.hypot(a, b), [a], create_graph=True)[0], (0.0, 0.0), 0.0, (0.0, 0.0)),
    (lambda x: x - x, (inf,), nan, (nan,)),
    (lambda x: x * 0, (inf,), nan, (nan,)),
    (m.maximum, (nan, 1.0), nan, (nan, nan)),
    (m.maximum, (1.0, nan), nan, (nan, nan)),
    (m.minimum, (nan, 1.0), nan, (nan, nan)),
    (m.relu, (nan,), nan, (nan,)),
    (m.gelu, (0.0,), 0.0, (0.5,)),
    (m.silu, (0.0,), 0.0, (0.5,)),
    (m.gelu, (inf,), inf, (1.0,)),
    (m.silu, (inf,), inf, (1.0,)),
    (m.gelu, (-inf,), -0.0, (0.0,)),
    (m.silu, (-inf,), -0.0, (0.0,)),
    (m.sign, (0.0,), 0.0, (0.0,)),
    (m.sign, (-3.0,), -1.0, (0.0,)),
    (m.floor, (2.5,), 2.0, (0.0,)),
    (m.ceil, (2.5,), 3.0, (0.0,)),
    (m.trunc, (-2.5,), -2.0, (0.0,)),
    (lambda a, b: a % b, (4.0, 2.0), 0.0, (1.0, -2.0)),
    (lambda a, b: a % b, (-3.0, 2.0), 1.0, (1.0, 2.0)),
    (lambda a, b: a // b, (-3.0, 2.0), -2.0, (0.0, 0.0)),
    (lambda a, b: a % b, (-5.0, inf), inf, (1.0, 1.0)),
    (m.fmod, (-3.0, 2.0), -1.0, (1.0, 1.0)),
    (lambda x: m.where(x > 0, lambda: m.log(x), lambda: 0.0 * x), (0.0,), 0.0, (0.0,)),
    (lambda x: m.where(x > 0, lambda: m.log(x), 0.0), (2.0,), math.log(2), (0.5,)),
    (m.copysign, (3.0, -0.0), -3.0, (-1.0, 0.0)),
    (m.copysign, (0.0, -1.0), -0.0, (0.0, 0.0)),
    (m.softsign, (inf,), 1.0, (0.0,)),
    (lambda x: x**0.3, (inf,), inf, (0.0,)),
    (lambda x: x**-0.3, (inf,), 0.0, (0.0,)),
    (lambda a, b: m.logsumexp([a, b]), (1000.0, 1000.0), 1000 + math.log(2), (0.5, 0.5)),
    (lambda a, b: m.logsumexp([a, b]), (-inf, 0.0), 0.0, (0.0, 1.0)),
    (lambda a, b: m.softmax([a, b])[0], (1000.0, -1000.0), 1.0, (0.0, 0.0)),
    (lambda a, b: m.log_softmax([a, b])[1], (1000.0, 0.0), -1000.0, (-1.0, 1.0)),
    (lambda a, b: m.prod([a, b, 0.0]), (2.0, 3.0), 0.0, (0.0, 0.0)),
]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge[1]}")
def test_edges(edge: tuple[Callable[..., Any], tuple[float, ...], float, Any]) -> None:
    expression, xs, value, expected = edge
    leaves = [Value(x) for x in xs]
    y = expression(*leaves)
    assert same(y.data, value)
    assert len(expected) == len(xs)
    for ours, exact in zip(gradients(y, leaves), expected):
        assert (ours != ours and exact != exact) or ours == exact


RAISES: list[tuple[Callable[..., Any], tuple[float, ...], type[Exception], str]] = [
    (lambda x: x**-1, (0.0,), ZeroDivisionError, "power(x=0.0, -1.0): "),
    (lambda x: 1 / x, (0.0,), ZeroDivisionError, "div(1.0, x=0.0): "),
    (lambda x, y: x / y, (0.0, 0.0), ZeroDivisionError, "div(x=0.0, y=0.0): "),
    (lambda x: x // 0, (1.0,), ZeroDivisionError, "floordiv(x=1.0, 0.0): "),
    (lambda x: x % 0, (1.0,), ZeroDivisionError, "mod(x=1.0, 0.0): "),
    (lambda x: m.pow(x, -1), (0.0,), ValueError, "power(x=0.0, -1.0): "),
    (lambda x: x**0.5, (-2.0,), ValueError, "power(x=-2.0, 0.5): a negative number to a frac"),
    (lambda x, y: x**y, (-2.0, 0.5), ValueError, "pow(x=-2.0, y=0.5): a negative number to a f"),
    (m.sqrt, (-1.0,), ValueError, "sqrt(x=-1.0): "),
    (m.log, (-1.0,), ValueError, "log(x=-1.0): "),
    (m.log, (0.0,), ValueError, "log(x=0.0): "),
    (m.log1p, (-1.0,), ValueError, "log1p(x=-1.0): "),
    (m.asin, (2.0,), ValueError, "asin(x=2.0): "),
    (m.exp, (1000.0,), OverflowError, "exp(x=1000.0): "),
    (m.cosh, (1000.0,), OverflowError, "cosh(x=1000.0): "),
    (m.sin, (inf,), ValueError, "sin(x=inf): "),
    (m.cos, (inf,), ValueError, "cos(x=inf): "),
    (m.floor, (inf,), OverflowError, "floor(x=inf): "),
    (m.fmod, (1.0, 0.0), ValueError, "fmod(x=1.0, y=0.0): "),
    (lambda x: m.clamp(x, 3, 1), (2.0,), ValueError, "clamp(x=2.0, 3.0, 1.0): the lower bound 3"),
]


@pytest.mark.parametrize("case", RAISES, ids=lambda case: case[3])
def test_errors_name_the_op_and_its_operands(
    case: tuple[Callable[..., Any], tuple[float, ...], type[Exception], str],
) -> None:
    expression, xs, kind, message = case
    with pytest.raises(kind) as caught:
        expression(*(Value(x, label=label) for x, label in zip(xs, "xy")))
    assert caught.type is kind
    assert str(caught.value).startswith(message)


def test_an_error_says_where_the_function_is_defined() -> None:
    with pytest.raises(ValueError, match="; log takes numbers between 0 and inf"):
        m.log(Value(-1.0))
    with pytest.raises(ValueError, match=r"^asin\(2.0\): .*; asin takes numbers between -1 and 1$"):
        m.asin(2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: m.exp(1000.0), "exp(1000.0): "),
        (lambda: m.acosh(0.5), "; acosh takes numbers between 1 and inf"),
        (lambda: m.tan(inf), "tan(inf): "),
        (lambda: m.pow(-2.0, 0.5), "is not real"),
        (
            lambda: m.hypot(1.0, Value(2.0, label="x")) / 0,
            "div(2.23606797749979, 0.0): ",
        ),
    ],
)
def test_an_error_says_no_more_than_is_so(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((ArithmeticError, ValueError)) as caught:
        call()
    text = str(caught.value)
    assert message in text
    assert ("takes numbers" in text) == ("takes numbers" in message)


@pytest.mark.parametrize("n", [8, 9])
def test_an_error_shows_eight_operands(n: int) -> None:
    with pytest.raises(OverflowError) as caught:
        m.fsum([1.7e308] * n)
    assert str(caught.value).count("1.7e+308") == 8
    assert (" more" in str(caught.value)) == ("and 1 more" in str(caught.value)) == (n == 9)


def test_an_error_ends_in_what_math_says() -> None:
    with pytest.raises(OverflowError) as theirs:
        math.exp(1000.0)
    with pytest.raises(OverflowError) as ours:
        m.exp(1000.0)
    assert str(ours.value) == f"exp(1000.0): {theirs.value}"


@pytest.mark.parametrize("n", [58, 59, 1000])  # and two quotation marks
def test_a_message_shows_sixty_characters_of_what_it_refuses(n: int) -> None:
    with pytest.raises(TypeError) as caught:
        m.exp("x" * n)  # type: ignore[call-overload]
    shown = f"'{'x' * 58}'" if n == 58 else f"'{'x' * 58}…"
    assert len(shown) == 60
    assert str(caught.value) == f"exp: expected a real number, got {shown} of type str"


def test_an_error_does_not_grow_with_its_operands() -> None:
    with pytest.raises(OverflowError, match=r"1\.7e"):
        m.fsum([Value(1.7e308, label="x" * 10_000)] * 1000)
    with pytest.raises(OverflowError) as caught:
        m.fsum([1.7e308] * 1000)
    assert "… and 992 more" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_power_of_0_depends_on_its_exponent_when_that_is_a_value() -> None:
    for a in (2.0, 0.5, 1e300, 8e-309):  # 1/8e-309 is finite, if only just
        x, y = Value(a), Value(0.0)
        (slope,) = gradients(x**y, [x], create_graph=True)
        assert slope.data == 0.0
        assert gradients(slope, [y]) == pytest.approx([1 / a], rel=1e-15)
    for a in (0.0, 1e-320, nan):
        x, y = Value(a), Value(0.0)
        assert gradients(x**y, [x], create_graph=True)[0].data == 0.0


def test_a_power_of_0_has_a_constant_slope_when_that_is_a_number() -> None:
    for a in (2.0, -2.0, 0.0):
        x = Value(a)
        (slope,) = gradients(x**0, [x], create_graph=True)
        assert slope.op is None
        assert same(slope.data, 0.0)


def test_the_slope_of_a_power_by_its_exponent_is_made_of_the_power() -> None:
    x, y = Value(0.5), Value(2.0)
    power = x**y
    (slope,) = gradients(power, [y], create_graph=True)
    assert [value.op.name for value in topological_order(slope) if value.op] == [
        *("pow", "log", "mul")
    ]
    assert power in topological_order(slope)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1e-320, 1e-300),
        (2.0, 0.1),
        (1e-300, 0.3),
        (1e300, -0.3),
        (7.577584204669843e-14, 24.486126186257085),
        (1e-3, 107.0),
        (1e-310, 0.1),
    ],
)
def test_powers_keep_their_digits_where_exponents_round_and_results_are_subnormal(
    a: float, b: float
) -> None:
    x, y = Value(a), Value(b)
    da, db = gradients(x**y, [x, y])
    with oracle.mp.workdps(60):
        p, q = oracle.mpf(a), oracle.mpf(b)
        assert oracle.ulps(da, q * p ** (q - 1)) <= 4
        assert oracle.ulps(db, p**q * oracle.mpmath.log(p)) <= 4
    assert gradients(x**b, [x]) == [da]


@pytest.mark.parametrize("a", [-745.0, -720.5, -705.25, -700.5, 700.5, 705.25, 720.5, 745.0])
def test_silu_keeps_its_digits_where_the_exponential_is_subnormal(a: float) -> None:
    x = Value(a)
    (slope,) = gradients(m.silu(x), [x], create_graph=True)
    (curvature,) = gradients(slope, [x])
    with oracle.mp.workdps(400):
        _, first, second = oracle.UNARY["silu"]
        assert oracle.ulps(slope.data, first(oracle.mpf(a))) <= 2
        assert oracle.ulps(curvature, second(oracle.mpf(a))) <= 2


@pytest.mark.parametrize("function", [m.leaky_relu, m.elu])
def test_slopes_by_a_parameter_are_constant_at_the_kink(function: Any) -> None:
    x, b = Value(0.0), Value(0.5)
    by_x, by_b = gradients(function(x, b), [x, b], create_graph=True)
    assert (by_x.data, by_b.data) == (0.5, 0.0)
    assert gradients(by_x, [x, b]) == [0.0, 1.0]  # it is b itself, as b is below 1
    assert gradients(by_b, [x, b]) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("a", "b", "n"),
    [
        (7.5, 2.0, 3.0),
        (-7.5, 2.0, -3.0),
        (69.5, 1.4, 49.0),
        (66.5, 1.3, 51.0),  # (a - out) / b is 50.99999999999999
        (48.5, 0.4, 121.0),  # and 121.00000000000001
        (1e17, 3.0, None),
    ],
)
def test_fmod_counts_whole_divisors(a: float, b: float, n: float | None) -> None:
    x, y = Value(a), Value(b)
    by_a, by_b = gradients(m.fmod(x, y), [x, y])
    assert by_a == 1.0
    assert -by_b == n if n is not None else abs(by_b + a / b) <= 8


def test_a_weighted_sum_has_a_partial_for_the_bias() -> None:
    w, x, b = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)], Value(11.0)
    assert m.weighted_sum(w, x, b).partials == (5.0, 7.0, 2.0, 3.0, 1.0)
    assert m.weighted_sum(w, x).partials == (5.0, 7.0, 2.0, 3.0)
    assert m.clamp(Value(1.0), 1.0, 1.0).partials == (0.0, 0.0, 0.0)
    assert m.clamp(Value(0.5), 1.0, 2.0).partials == (0.0, 1.0, 0.0)
    assert m.clamp(Value(3.0), 1.0, 2.0).partials == (0.0, 0.0, 1.0)


# ---------------------------------------------------------------------------- float parity

ANY_FLOAT = st.floats() | st.sampled_from([0.0, -0.0, 5e-324, -5e-324, inf, -inf, nan, 1.7e308])


def outcome(f: Callable[[], Any]) -> tuple[str, Any]:
    """Return the bits or the exception type that a computation ends in."""
    try:
        y = f()
    except (ArithmeticError, ValueError) as error:
        return "raises", type(error)
    return "returns", "nan" if y != y else float(ops.number(y)).hex()


MATH = [name for name in vars(math) if name in vars(m)]
ONE = [n for n in MATH if getattr(TABLE.get({"fabs": "abs"}.get(n, n)), "names", ()) == ("a",)]


@pytest.mark.parametrize("name", ONE)
@given(x=ANY_FLOAT)
def test_a_function_has_the_bits_and_the_exceptions_of_math(name: str, x: float) -> None:
    def of_math() -> Any:
        return getattr(math, name)(x)

    assert outcome(lambda: getattr(m, name)(Value(x)).data) == outcome(of_math)
    assert outcome(lambda: getattr(m, name)(x)) == outcome(of_math)


@pytest.mark.parametrize("name", ["atan2", "copysign", "fmod", "pow", "hypot", "log"])
@given(x=ANY_FLOAT, y=ANY_FLOAT)
def test_a_function_of_two_has_the_bits_and_the_exceptions_of_math(
    name: str, x: float, y: float
) -> None:
    expected = outcome(lambda: getattr(math, name)(x, y))
    if name == "pow" and x == 0 and y == -inf:
        expected = "returns", "inf"  # Python 3.10 still raised
    ours = getattr(m, name)
    for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y)), (x, y)):
        found = outcome(lambda a=a, b=b: ops.number(ours(a, b)))
        assert found == expected


@pytest.mark.parametrize("name", ["fsum", "prod", "hypot"])
@given(xs=st.lists(ANY_FLOAT, max_size=5))
def test_a_function_of_many_has_the_bits_and_the_exceptions_of_math(
    name: str, xs: list[float]
) -> None:
    def call(module: Any, xs: list[Any]) -> Any:
        return getattr(module, name)(*xs) if name == "hypot" else getattr(module, name)(xs)

    expected = outcome(lambda: call(math, xs))
    assert outcome(lambda: call(m, xs)) == expected
    if xs:
        assert outcome(lambda: call(m, [Value(x) for x in xs]).data) == expected
        assert outcome(lambda: call(m, [Value(xs[0]), *xs[1:]]).data) == expected


@given(pairs=st.lists(st.tuples(ANY_FLOAT, ANY_FLOAT), min_size=1, max_size=5))
def test_dist_and_sumprod_have_the_bits_of_math(pairs: list[tuple[float, float]]) -> None:
    p, q = map(list, zip(*pairs))
    values = [Value(x) for x in p]
    assert outcome(lambda: m.dist(values, q).data) == outcome(lambda: math.dist(p, q))
    if hasattr(math, "sumprod"):
        assert outcome(lambda: m.sumprod(values, q).data) == outcome(lambda: math.sumprod(p, q))


PYTHON = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "divmod": lambda a, b: divmod(a, b)[1],
}


@pytest.mark.parametrize("symbol", PYTHON)
@given(x=ANY_FLOAT, y=ANY_FLOAT | st.integers(-3, 3) | st.booleans())
def test_an_operator_has_the_bits_and_the_exceptions_of_python(
    symbol: str, x: float, y: float
) -> None:
    operator = PYTHON[symbol]
    assert outcome(lambda: operator(Value(x), y)) == outcome(lambda: operator(x, y))
    assert outcome(lambda: operator(Value(x), Value(y))) == outcome(lambda: operator(x, float(y)))
    assert outcome(lambda: operator(y, Value(x))) == outcome(lambda: operator(y, x))


@given(x=ANY_FLOAT, y=ANY_FLOAT | st.integers(-3, 3))
def test_a_power_has_the_bits_and_the_exceptions_of_python_but_is_never_complex(
    x: float, y: float
) -> None:
    def power() -> Any:
        if -inf < x < 0 and math.isfinite(y) and y != int(y):
            raise ValueError
        return x**y

    for a, b in ((Value(x), y), (Value(x), Value(y)), (x, Value(y))):
        assert outcome(lambda a=a, b=b: a**b) == outcome(power)


@given(x=ANY_FLOAT)
def test_the_fallbacks_for_older_pythons_are_as_good(x: float) -> None:
    if hasattr(math, "cbrt") and math.isfinite(x):
        assert floats.cbrt_by_newton(x) == pytest.approx(math.cbrt(x), rel=1e-15, abs=0)
    assert same(floats.cbrt_by_newton(x), x) or (math.isfinite(x) and x != 0)
    if hasattr(math, "exp2"):
        ours, theirs = outcome(lambda: floats.exp2_by_power(x)), outcome(lambda: math.exp2(x))
        assert ours[0] == theirs[0]
        if ours[0] == "returns" and math.isfinite(x):
            assert floats.exp2_by_power(x) == pytest.approx(math.exp2(x), rel=1e-15, abs=5e-324)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(pairs=st.lists(st.tuples(FINITE, FINITE), max_size=5))
def test_the_sum_of_products_is_rounded_once(pairs: list[tuple[float, float]]) -> None:
    exact = sum((Fraction(a) * Fraction(b) for a, b in pairs), Fraction())
    try:
        expected = float(exact)
    except OverflowError:
        expected = inf if exact > 0 else -inf
    assert floats.sumprod_by_fractions(*zip(*pairs) if pairs else ([], [])) == expected
    assert math.isnan(floats.sumprod_by_fractions([inf, 1.0], [0.0, 1.0]))


# ---------------------------------------------------------------------------- operands of rows


@pytest.mark.parametrize("x", ["1", b"1", None, 1j, [1.0], (), {}, object(), math])
def test_what_is_no_real_number_is_refused(x: Any) -> None:
    with pytest.raises(TypeError, match="expected a real number, got"):
        m.exp(x)
    with pytest.raises(TypeError, match="expected a real number, got"):
        m.atan2(Value(1.0), x)
    with pytest.raises(TypeError, match="expected a real number, got"):
        m.fsum([Value(1.0), x])


@pytest.mark.parametrize("x", [1, True, Fraction(1, 2), 0.5])
def test_numbers_come_in_as_floats(x: Any) -> None:
    assert type(m.exp(x)) is float
    assert m.exp(x) == math.exp(x)
    assert type(m.relu(x)) is float
    assert type(m.maximum(x, x)) is float


@pytest.mark.parametrize("wrong", [(), (1.0, 2.0)])
def test_a_row_takes_its_number_of_operands(wrong: tuple[float, ...]) -> None:
    with pytest.raises(TypeError):
        ops.tanh(*wrong)
    with pytest.raises(TypeError):
        ops.atan2(*wrong, *wrong)


def test_a_recorder_that_does_not_record_says_so() -> None:
    with pytest.raises(NotImplementedError):
        ops.tanh(ops.Recorder())
    with pytest.raises(NotImplementedError):
        _ = ops.Recorder().data


def test_an_op_of_ones_own_is_a_function_and_a_method_and_known_to_the_tools() -> None:
    """Add an op by adding one row: nothing else knows that this one was not there."""

    class Mine(Value):
        sq = Op("sq", lambda a: a * a, lambda out, a: (2 * a,))

    x = Value(3.0, label="x")
    y = Mine.sq(x)
    y.backward()
    assert (y.data, x.grad, Mine(4.0).sq().data, Mine.sq(5)) == (9.0, 6.0, 16.0, 25.0)
    assert gradients(gradients(y, [x], create_graph=True)[0], [x]) == [2.0]
    assert Mine.sq.formula(0, 1) == "∂sq/∂a = 2 * a"
    assert "∂sq/∂a = 2 * a" in str(next(y.steps()))
    assert "sq" in y.graph().dot()
    assert "sq" in str(y.explain(x))
    assert y.graph().expression() == "sq(x)"


def test_an_op_of_three_operands_takes_them_one_by_one() -> None:
    fma = Op("fma", lambda a, b, c: a * b + c, lambda out, a, b, c: (b, a, 1.0), "b; a; 1")
    xs = [Value(2.0), Value(3.0), Value(4.0)]
    y = fma(xs[0], xs[1], 4.0)
    assert (y.data, y.partials, fma(2, 3, 4)) == (10.0, (3.0, 2.0, 1.0), 10.0)
    assert gradients(fma(*xs), xs) == [3.0, 2.0, 1.0]
    assert fma.formula(1, 3) == "∂fma/∂b = a"


def test_a_rule_whose_text_cannot_be_read_is_shown_by_name() -> None:
    """As under ``python -c``, or where a rule is no lambda."""
    unread = Op("unread", math.sin, eval("lambda out, a: (out,)"))
    assert unread.formula(0, 1) == "∂unread/∂a = unread′"

    def rule(out: float, a: float) -> tuple[float]:
        return (out,)

    assert Op("of_a_def", math.sin, rule).formula(0, 1) == "∂of_a_def/∂a = of_a_def′"
    renamed = Op("renamed", math.sin, lambda result, x: (result * x,))
    assert renamed.formula(0, 1) == "∂renamed/∂x = result * x"


def test_a_second_row_of_the_same_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"there is an op 'tanh' already: choose another name"):
        Op("tanh", math.tanh, lambda out, a: (1 - out * out,))
    assert TABLE["tanh"] is ops.tanh


@pytest.mark.parametrize("rule", [lambda out, a: 2 * a, lambda out, a: (a, a), lambda out, a: ()])
def test_a_rule_that_returns_no_tuple_of_its_partials_is_told_so(rule: Any) -> None:
    wrong = Op("wrong", lambda a: a * a, rule)
    with pytest.raises((TypeError, ValueError), match=r"^wrong\(3\.0\): its rule must return"):
        wrong(Value(3.0))


@pytest.mark.parametrize("returned", [(1.0,), (1.0,) * 3, 2.0])
def test_a_rule_of_many_operands_that_returns_too_few_or_many_is_told_so(returned: Any) -> None:
    """Else the gradients of some would be lost without a word."""
    short = Op("short", sum, lambda out, xs: returned, names="x…")
    with pytest.raises((TypeError, ValueError), match="its rule must return a tuple of numbers"):
        short(Value(1.0), Value(2.0))


def test_a_rule_may_return_a_list() -> None:
    squares = Op(
        "squares",
        lambda xs: sum(x * x for x in xs),
        lambda out, xs: [2 * x for x in xs],
        names="x…",
    )
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    y = squares(*xs)
    assert y.partials == (2.0, 4.0, 6.0)
    assert [step.partial for step in y.steps()] == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("partial", ["1", None, 1j, Value(1.0)])
def test_a_partial_is_a_real_number(partial: Any) -> None:
    wrong = Op("wrong", lambda a: a, lambda out, a: (partial,))
    with pytest.raises(TypeError, match=r"^wrong: expected a real number"):
        wrong(Value(3.0))


@pytest.mark.parametrize("out", [1j, "1", None])
def test_what_an_op_computes_is_a_real_number(out: Any) -> None:
    wrong = Op("wrong", lambda a: out, lambda out, a: (1.0,))
    with pytest.raises(TypeError, match="wrong"):
        wrong(Value(3.0))
    whole = Op("whole", lambda a: 3, lambda out, a: (0,))
    y = whole(Value(1.0))
    assert (type(y.data), [type(x) for x in y.partials]) == (float, [float])


@pytest.mark.parametrize("rule", [math.sin, lambda *xs: xs, functools.partial(math.pow, 2.0)])
def test_a_rule_that_does_not_tell_its_operands_names_needs_them(rule: Any) -> None:
    with pytest.raises(ValueError, match="pass them, as in names='a b'"):
        Op("wrong", math.sin, rule)
    assert "wrong" not in TABLE
    assert Op("named", math.sin, rule, names="a").formula(0, 1) == "∂named/∂a = named′"


@pytest.mark.parametrize("formula", ["b; a; 1", "b", "b;a"])
def test_an_op_has_one_formula_for_each_name(formula: str) -> None:
    with pytest.raises(ValueError, match="formulas for 2 names"):
        Op("wrong", lambda a, b: a * b, lambda out, a, b: (b, a), formula)
    assert "wrong" not in TABLE


def test_two_rules_that_cannot_be_told_apart_on_a_line_are_shown_by_name() -> None:
    # fmt: off
    one, two = Op("one", abs, lambda out, a: (1.0,)), Op("two", abs, lambda out, a: (2.0,))
    # fmt: on
    assert one.formula(0, 1) == "∂one/∂a = one′"
    assert two.formula(0, 1) == "∂two/∂a = two′"


def test_an_error_in_an_op_of_ones_own_shows_where_it_comes_from() -> None:
    def forward(a: float) -> float:
        raise ValueError("not today")

    wrong = Op("wrong", forward, lambda out, a: (1.0,))
    with pytest.raises(ValueError, match=r"^wrong\(x=2\.0\): not today$") as caught:
        wrong(Value(2.0, label="x"))
    assert caught.value.__cause__ is not None
    with pytest.raises(ValueError, match="log") as caught:
        m.log(-1.0)
    assert caught.value.__cause__ is None


def test_an_error_that_is_more_than_a_message_stays_what_it_is() -> None:
    def forward(a: float) -> float:
        return float(b"\xff".decode())

    with pytest.raises(UnicodeDecodeError, match="invalid start byte"):
        Op("wrong", forward, lambda out, a: (1.0,))(Value(2.0))


def test_an_integer_too_large_for_a_float_is_named() -> None:
    for calculate in (m.exp, lambda x: m.maximum(Value(1.0), x)):
        with pytest.raises(OverflowError, match=r"(exp|maximum)\(.*1000000.*: int too large"):
            calculate(10**400)


def test_an_odd_number_of_factors_is_refused() -> None:
    with pytest.raises(ValueError, match="an odd number of operands, 3"):
        ops.sumprod(5.0, 2.0, 3.0)


def test_a_row_tells_what_it_is_flat_in_and_whether_its_operands_commute() -> None:
    flat = {name for name, op in TABLE.items() if op.flat}
    assert flat == {"floordiv", "sign", "floor", "ceil", "trunc"}
    assert {name for name, op in TABLE.items() if op.arity == 2 and op.commutes} == {"add", "mul"}
    assert not Op("of_one", math.sqrt, lambda out, a, b: (0.0, 0.0)).commutes


def test_operands_have_the_textbooks_names() -> None:
    assert ops.sub.operand_names(2) == ("a", "b")
    assert ops.weighted_sum.operand_names(5) == ("w₁", "w₂", "x₁", "x₂", "b")
    assert ops.weighted_sum.operand_names(4) == ("w₁", "w₂", "x₁", "x₂")
    assert ops.sumprod.operand_names(4) == ("p₁", "p₂", "q₁", "q₂")
    assert ops.softmax.operand_names(3) == ("a", "x₁", "x₂")
    assert ops.leaky_relu.operand_names(2) == ("a", "slope")


def test_what_is_left_out_has_its_default_and_may_be_given_by_name() -> None:
    assert m.leaky_relu(-1.0) == -0.01
    assert m.leaky_relu(-1.0, slope=0.5) == m.leaky_relu(-1.0, 0.5) == -0.5
    assert m.clamp(Value(5.0), high=2.0).data == Value(5.0).clamp(high=2.0).data == 2.0
    assert m.clamp(5.0) == 5.0
    for wrong in ({"up": 1.0}, {"a": 1.0}):
        with pytest.raises(TypeError, match="clamp takes low and high by name, not"):
            m.clamp(1.0, **wrong)
    with pytest.raises(TypeError, match=r"^tanh takes 1 operand, a; got 2$"):
        m.tanh(1, 2)


@pytest.mark.parametrize(
    ("name", "xs", "kink"),
    [
        ("floor", (3.0,), 0.0),
        ("ceil", (2.75,), -0.25),
        ("trunc", (-2.25,), -0.25),
        ("floor", (2.0**60,), 0.0),
        ("floor", (inf,), 0.0),
        ("floordiv", (6.0, 2.0), 0.0),
        ("mod", (7.0, 2.0), -0.5 * 2 * 2 / 9),  # a / b is -0.5 from 4
        ("fmod", (5.0, -2.0), -0.5 * 2 * 2 / 7),
        ("fmod", (5.0, 0.0), 0.0),
        ("maximum", (1.0, 5.0, 4.0), 1.0),
        ("minimum", (1.0, 5.0, 1.0), 0.0),
        ("clamp", (1.0, 0.5, 4.0), 0.5),
        ("clamp", (1.0, 0.0, 1.25), 0.25),
        ("atan2", (0.0, -1.0), 0.0),
        ("atan2", (0.0, 2.0), 2.0),
    ],
)
def test_a_row_knows_how_far_its_next_kink_is(
    name: str, xs: tuple[float, ...], kink: float
) -> None:
    """Else finite differences and the oracle would be measured across a jump, or nowhere."""
    assert KINKS[name](*xs) == kink


def test_nary_rows_take_one_operand_too() -> None:
    x = Value(-3.0)
    for name in ("fsum", "prod", "hypot", "logsumexp", "softmax", "direction"):
        y = TABLE[name](x)  # type: ignore[operator]
        assert TABLE[name].many
        assert y.operands == (x,)
        (grad,) = gradients(y, [x], create_graph=True)
        expected = {"hypot": -1.0, "softmax": 0.0, "direction": 0.0}.get(name, 1.0)
        assert grad.data == expected


def test_a_weighted_sum_names_the_factors() -> None:
    op = ops.weighted_sum
    assert [op.formula(i, 5).partition("/∂")[2] for i in range(5)] == [
        *("w₁ = x₁", "w₂ = x₂", "x₁ = w₁", "x₂ = w₂", "b = 1"),
    ]
    assert op.formula(11, 24) == "∂weighted_sum/∂w₁₂ = x₁₂"


def test_a_formula_tells_the_first_operand_from_the_others() -> None:
    assert [ops.softmax.formula(i, 3).partition("/∂")[2] for i in range(3)] == [
        "a = out·(1 − out)",
        "x₁ = −out·softmax(x₁)",
        "x₂ = −out·softmax(x₂)",
    ]
    assert [ops.clamp.formula(i, 3).partition("/∂")[2] for i in range(3)] == [
        "a = 1 if low < a < high else 0",
        "low = 1 if a < low else 0",
        "high = 1 if a > high else 0",
    ]
