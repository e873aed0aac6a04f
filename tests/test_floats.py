"""Functions of floats: their limits, their exceptions, and the digits at their seams."""

from __future__ import annotations

import math
from math import inf, nan

import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like import floats
from micrograd_like.ops import TABLE, as_float, shorten

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def same(x: float, y: float) -> bool:
    return (x != x and y != y) or (x == y and math.copysign(1, x) == math.copysign(1, y))


@pytest.mark.parametrize(
    ("a", "b", "quotient"),
    [
        (1.0, 0.0, inf),
        (-2.0, 0.0, -inf),
        (3.0, -0.0, -inf),
        (-4.0, -0.0, inf),
        (inf, 0.0, inf),
        (0.0, 0.0, nan),
        (-0.0, 0.0, nan),
        (nan, 0.0, nan),
        (1.0, 3.0, 1 / 3),
        (1.0, nan, nan),
        (1.0, inf, 0.0),
    ],
)
def test_ieee_div_has_the_limits_of_ieee_754(a: float, b: float, quotient: float) -> None:
    assert same(floats.ieee_div(a, b), quotient)


@pytest.mark.parametrize(
    ("a", "b", "power"),
    [
        (0.0, -1.0, inf),
        (-0.0, -1.0, -inf),
        (-0.0, -3.0, -inf),
        (-0.0, -2.0, inf),
        (-0.0, -4.0, inf),
        (-0.0, -0.5, inf),
        (0.0, -0.5, inf),
        (-2.0, 0.5, nan),
        (-2.0, -0.5, nan),
        (1e200, 2.0, inf),
        (-1e200, 2.0, inf),
        (-1e200, 3.0, -inf),
        (-1e200, 5.0, -inf),
        (-1e200, 4.0, inf),
        (2.0, 3.0, 8.0),
        (nan, 0.0, 1.0),
    ],
)
def test_ieee_power_has_the_limits_of_ieee_754(a: float, b: float, power: float) -> None:
    assert same(floats.ieee_power(a, b), power)


@pytest.mark.parametrize(
    ("xs", "clamped"),
    [
        ((nan, 0.0, 1.0), nan),
        ((0.5, nan, 1.0), nan),
        ((0.5, 0.0, nan), nan),
        ((0.5, nan, nan), nan),
        ((2.0, 1.0, 1.0), 1.0),
        ((-2.0, -1.0, 1.0), -1.0),
        ((0.5, -1.0, 1.0), 0.5),
    ],
)
def test_clamp(xs: tuple[float, ...], clamped: float) -> None:
    assert same(floats.clamp(*xs), clamped)


@given(x=st.floats(1e-3, 1e3), y=st.floats(-1e3, 1e3), k=st.integers(-1040, 1000))
def test_directions_do_not_depend_on_the_scale(x: float, y: float, k: int) -> None:
    """Not to the last two digits, from the subnormals to the largest floats."""
    if math.ldexp(min(x, abs(y) or x), min(k, 0)) < 1e-300:  # their own digits are lost there
        k = 0
    near = floats.directions((math.ldexp(x, k), math.ldexp(y, k)))
    assert near == pytest.approx(floats.directions((x, y)), rel=1e-15, abs=1e-300)
    assert math.hypot(*near) == pytest.approx(1.0, rel=1e-15)


def test_directions_at_the_ends_of_the_range() -> None:
    half = math.sqrt(0.5)
    assert floats.directions((5e-324, -5e-324)) == pytest.approx((half, -half), rel=1e-15)
    assert floats.directions((1.7e308, 1.7e308)) == pytest.approx((half, half), rel=1e-15)
    assert floats.directions((0.0, -0.0)) == (0.0, 0.0)
    assert all(map(math.isnan, floats.directions((inf, nan, 0.0))))
    assert floats.directions((3.0, 4.0))[0] == 0.6


@given(a=st.floats(-746, -690))
def test_silu_and_its_partial_go_smoothly_into_the_subnormals(a: float) -> None:
    # e^a·a with the power split in two, so that only the last product is rounded there
    half = math.exp(a / 2)
    assert floats.silu(a) == pytest.approx(a * half * half, rel=1e-13, abs=1e-323)
    (partial,) = TABLE["silu"].partials_at((a,), floats.silu(a))
    assert partial == pytest.approx((1 + a) * half * half, rel=1e-13, abs=1e-323)
    (mirrored,) = TABLE["silu"].partials_at((-a,), floats.silu(-a))
    assert mirrored == 1.0


@pytest.mark.parametrize("a", [-801.0, -1e5, -1e300, -inf])
def test_silu_and_gelu_end_in_minus_zero(a: float) -> None:
    for name in ("silu", "gelu"):
        op = TABLE[name]
        assert same(op.forward(a), -0.0)
        assert op.partials_at((a,), -0.0) == (0.0,)
        assert op.forward(-a) == -a
        assert op.partials_at((-a,), -a) == (1.0,)


@pytest.mark.parametrize(
    ("name", "seam"),
    [
        ("sech2", 20.0),
        ("one_minus_square", 0.5),
        ("silu", -700.0),
        ("silu", 700.0),
        ("sigmoid", 0.0),
        ("atan", 1e8),
        ("acosh", 1e8),
    ],
)
def test_no_step_where_one_formula_gives_way_to_another(name: str, seam: float) -> None:
    op = TABLE[name]
    for order in (op.forward, lambda a: op.partials(a, op.forward(a))):
        below, above = (order(math.nextafter(seam, to)) for to in (-inf, inf))
        assert below == pytest.approx(order(seam), rel=1e-12, abs=1e-320)
        assert above == pytest.approx(order(seam), rel=1e-12, abs=1e-320)


@pytest.mark.parametrize("a", [40.5, 41.5, 1e300, inf])
def test_the_tails_of_the_normal_distribution_end(a: float) -> None:
    assert (floats.normal_cdf(a), floats.normal_cdf(-a)) == (1.0, 0.0)
    assert floats.normal_pdf(a) == floats.normal_pdf(-a) == 0.0
    assert floats.exp_neg_square(a) == floats.exp_neg_square(-a) == 0.0
    assert (floats.cbrt_slope(a) == 0.0) == (a == inf)
    assert floats.cbrt_slope(0.0) == inf


@given(a=st.floats(0.1, 1e3) | st.floats(1e-300, 1e300))
def test_cube_roots_are_better_than_needed(a: float) -> None:
    with oracle.mp.workdps(60):
        root = oracle.mpmath.cbrt(oracle.mpf(a))
        assert oracle.ulps(floats.cbrt_slope(a), 1 / (3 * root**2)) <= 2
        assert oracle.ulps(floats.cbrt_by_newton(a), root) <= 1
        assert oracle.ulps(floats.cbrt_by_newton(-a), -root) <= 1


def test_powers_of_two() -> None:
    assert [floats.exp2_by_power(a) for a in (-1.0, 0.5, 3.0)] == [0.5, math.sqrt(2), 8.0]


def test_a_sum_of_products_may_overflow_to_either_side() -> None:
    assert floats.sumprod_by_fractions([1e200], [1e200]) == inf
    assert floats.sumprod_by_fractions([-1e200, 1.0], [1e200, 1.0]) == -inf
    assert same(floats.weighted_sum((-1.0, 0.0)), -0.0)


@given(a=FINITE, b=FINITE)
def test_the_error_of_a_product_makes_it_exact(a: float, b: float) -> None:
    from fractions import Fraction

    if (a == 0 or b == 0 or abs(a * b) > 1e-140) and max(abs(a), abs(b), abs(a * b)) < 1e290:
        assert Fraction(a) * Fraction(b) == Fraction(a * b) + Fraction(floats.product_error(a, b))


def test_shorten_keeps_what_fits() -> None:
    assert shorten("x" * 58) == repr("x" * 58)
    assert shorten("x" * 59) == "'" + "x" * 58 + "…"
    assert len(shorten("x" * 1000)) == 60


def test_as_float_says_what_it_was_given() -> None:
    with pytest.raises(TypeError, match=r"^expected a real number, got '7' of type str$"):
        as_float("7")


def test_a_sum_by_a_loop_rounds_each_addition() -> None:
    """As sum() of floats did before Python 3.12."""
    assert floats.add_up_by_loop([0.1] * 10, 0.0) == 0.9999999999999999
    assert floats.add_up([0.1] * 10, 0.0) == 0.9999999999999999
