"""Functions of floats that `math` lacks, or that keep digits which the obvious formula loses.

Each is within 2 ulp of the exact value (normal_cdf, gelu and silu 4; sech2 and logsumexp 3; cbrt
has the bits of math's)::

    >>> from micrograd_like import floats
    >>> floats.sigmoid(-1000.0), floats.softplus(1000.0)
    (0.0, 1000.0)
    >>> floats.sech2(20.0), 1 - math.tanh(20.0) ** 2          # the derivative of tanh
    (1.6993417021166355e-17, 0.0)
"""

from __future__ import annotations

import math
import operator
import sys
from math import copysign, inf, isfinite, isinf, isnan, nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Final

TWO_OVER_SQRT_PI: Final = 1.1283791670955126
SELU_SCALE: Final = 1.0507009873554805  # Klambauer et al., Self-Normalizing Neural Networks, 2017
SELU_SCALE_ALPHA: Final = 1.7580993408473766
SCALE: Final = 2.0**600  # takes what is too small or too large to be squared, and rounds nothing


def power(a: float, b: float) -> float:
    """Return a**b; never a complex number."""
    if -inf < a < 0 and math.isfinite(b) and not b.is_integer():
        raise ValueError("a negative number to a fractional power is not real")
    return float(a**b)


def ieee_power(a: float, b: float) -> float:
    """Return a**b without exceptions: its limit, inf or nan, where Python raises."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return copysign(inf, a) if b % 2 == 1 else inf
    except ValueError:  # 0 to a negative power, or a negative number to a fractional one
        return nan if a else copysign(inf, a) if b % 2 == 1 else inf


def ieee_div(a: float, b: float) -> float:
    """Return a/b without exceptions: ±inf or nan at b = 0."""
    return a / b if b else a * copysign(inf, b)


def exp2_by_power(a: float) -> float:
    """Return 2**a, for Python 3.10, whose math has no exp2."""
    return math.pow(2.0, a)


def cbrt_by_newton(a: float) -> float:
    """Return the cube root, for Python 3.10, whose math has none: a Newton step from the power."""
    if not a or isinf(a) or a != a:
        return a
    mantissa, exponent = math.frexp(a)
    exponent, rest = divmod(exponent, 3)
    a = math.ldexp(mantissa, rest)
    out = copysign(abs(a) ** (1 / 3), a)
    return math.ldexp(out - (out - a / (out * out)) / 3, exponent)


def sumprod_by_fractions(p: Sequence[float], q: Sequence[float]) -> float:
    """Return the sum of products, rounded once, for Pythons before 3.12, whose math has none."""
    if not all(map(math.isfinite, (*p, *q))):
        return float(sum(map(operator.mul, p, q)))
    from fractions import Fraction

    exact = sum(map(operator.mul, map(Fraction, p), map(Fraction, q)))
    try:
        return float(exact)
    except OverflowError:
        return inf if exact > 0 else -inf


exp2: Callable[[float], float] = getattr(math, "exp2", exp2_by_power)
cbrt: Callable[[float], float] = getattr(math, "cbrt", cbrt_by_newton)
_sumprod: Callable[..., float] = getattr(math, "sumprod", sumprod_by_fractions)


def sumprod(xs: Sequence[float]) -> float:
    """Return a1*b1 + … + an*bn of a1…an, b1…bn, without rounding errors adding up."""
    half, odd = divmod(len(xs), 2)
    if odd:
        raise ValueError(f"an odd number of operands, {len(xs)}: they are a1…an and then b1…bn")
    return _sumprod(xs[:half], xs[half:])


def add_up_by_loop(xs: Iterable[float], start: float) -> float:
    """Return the sum, rounded at each addition, for Pythons from 3.12 on, whose sum() does more."""
    for x in xs:
        start += x
    return start


add_up: Callable[..., float] = sum if sys.version_info < (3, 12) else add_up_by_loop


def weighted_sum(xs: Sequence[float]) -> float:
    """Return bias + w1*x1 + w2*x2 + …, added in that order: the bits of the single operations."""
    half = len(xs) // 2
    bias = xs[-1] if len(xs) % 2 else -0.0  # -0.0 + p is p, whatever p is
    return add_up(map(operator.mul, xs, xs[half : 2 * half]), bias)


def sign(a: float) -> float:
    """Return 1, -1 or 0 by the sign of a."""
    return 1.0 if a > 0 else -1.0 if a < 0 else a


def relu(a: float) -> float:
    """Return a where it is positive, else 0; nan stays nan."""
    return 0.0 if a <= 0 else a


def leaky_relu(a: float, slope: float) -> float:
    """Return a where it is positive, else slope*a."""
    return slope * a if a < 0 else a


def elu(a: float, alpha: float) -> float:
    """Return a where it is positive, else alpha*(exp(a) - 1)."""
    return alpha * math.expm1(a) if a < 0 else a


def selu(a: float) -> float:
    """Return the scaled elu that keeps mean 0 and variance 1."""
    return SELU_SCALE_ALPHA * math.expm1(a) if a < 0 else SELU_SCALE * a


def sigmoid(a: float) -> float:
    """Return 1/(1 + exp(-a)) without overflow."""
    if a < 0:
        t = math.exp(a)
        return t / (1 + t)
    return 1 / (1 + math.exp(-a))


def softplus(a: float) -> float:
    """Return log(1 + exp(a)) without overflow."""
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


def log_sigmoid(a: float) -> float:
    """Return log(sigmoid(a)) without overflow or cancellation."""
    return -softplus(-a)


def softsign(a: float) -> float:
    """Return a/(1 + |a|)."""
    return copysign(1.0, a) if isinf(a) else a / (1 + abs(a))


def silu(a: float) -> float:
    """Return a times its sigmoid."""
    if a < -700:  # scaled, so that it is rounded once where it is subnormal
        return a * math.exp(max(a, -800.0) + 64) * math.exp(-64) if a > -800 else -0.0
    return a * sigmoid(a)


def sech2(a: float) -> float:
    """Return 1/cosh², which 1 - tanh² has no digits left of beyond ±19."""
    if abs(a) > 20:
        return 4 * math.exp(-2 * abs(a))
    t = math.exp(2 * abs(a))
    return 4 / (t + (2 + 1 / t))


def one_minus_square(a: float) -> float:
    """Return 1 - a², without cancellation near ±1."""
    return 1 - a * a if abs(a) < 0.5 else (1 - a) * (1 + a)


def product_error(a: float, b: float) -> float:
    """Return the rounding error of a*b (Dekker 1971)."""
    p, q = 134217729.0 * a, 134217729.0 * b
    a_high, b_high = p - (p - a), q - (q - b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - a * b) + a_high * b_low + a_low * b_high) + a_low * b_low


def cbrt_slope(a: float) -> float:
    """Return 1/(3·cbrt(a)²) as cbrt(a)/a/3, with a cube root that is better than libm's."""
    if not a or isinf(a):
        return 0.0 if a else inf
    if abs(a) > 1e300:  # where the cube of a root that is rounded up overflows
        return cbrt_slope(a / SCALE) * 2.0**-400
    root = cbrt(a)
    square, cube = root * root, root * root * root
    error = product_error(square, root) + root * product_error(root, root)
    root -= ((cube - a) + error) / (3 * square)
    return root / a / 3


def exp_neg_square(a: float) -> float:
    """Return exp(-a²), with the rounding error of a² carried along."""
    if abs(a) > 40:
        return 0.0
    out = math.exp(-a * a)
    return out - out * product_error(a, a)


def normal_pdf(a: float) -> float:
    """Return exp(-a²/2)/√(2π), with the rounding error of a² carried along."""
    if abs(a) > 40:
        return 0.0
    out = math.exp(-a * a / 2)
    root, root_error = 0.3989422804014327, -2.49232720227773e-17
    return out * root + out * (root_error - root * product_error(a, a) / 2)


def normal_cdf(a: float) -> float:
    """Return erfc(-a/√2)/2, with the rounding error of a/√2 carried along."""
    if abs(a) > 40:
        return 1.0 if a > 0 else 0.0
    root, root_error = 0.7071067811865476, -4.833646656726457e-17
    t = -a * root
    error = product_error(-a, root) - a * root_error
    return 0.5 * (math.erfc(t) - TWO_OVER_SQRT_PI * math.exp(-t * t) * error)


def gelu(a: float) -> float:
    """Return a times normal_cdf(a)."""
    if abs(a) > 40:
        return a if a > 0 else -0.0
    return a * normal_cdf(a)


def maximum(xs: Sequence[float]) -> float:
    """Return the largest of xs; nan if any is nan."""
    return nan if isnan(sum(xs)) and any(x != x for x in xs) else max(xs)


def minimum(xs: Sequence[float]) -> float:
    """Return the smallest of xs; nan if any is nan."""
    return nan if any(x != x for x in xs) else min(xs)


def clamp(a: float, low: float, high: float) -> float:
    """Return a limited to the bounds low and high."""
    if low > high:
        raise ValueError(f"the lower bound {low!r} is above the upper bound {high!r}")
    return nan if low != low or high != high else min(max(a, low), high)


def exps(xs: Sequence[float], last: list[Any] = [((), ())]) -> Any:  # noqa: B006
    """Return exp(x - max) of each x."""
    known, found = last[0]  # kept from call to call: a rule asks for what its op has just computed
    if xs == known:
        return found
    largest = max(xs)
    exps = [exp_of_difference(x, largest) for x in xs]
    last[0] = xs, exps
    return exps


def exp_of_difference(a: float, b: float) -> float:
    """Return exp(a - b), with the rounding error of a - b carried along."""
    d = a - b
    out, lost = math.exp(d), d - a
    return out + out * ((a - (d - lost)) - (b + lost)) if out else out


def logsumexp(xs: Sequence[float]) -> float:
    """Return log(Σexp) without overflow."""
    largest = maximum(xs)
    return largest if isinf(largest) else largest + math.log(math.fsum(exps(xs)))


def shares(xs: Sequence[float]) -> tuple[float, ...]:
    """Return exp(x)/Σexp of every x."""
    if not isfinite(maximum(xs)):
        return (nan,) * len(xs)
    each = exps(xs)
    total = math.fsum(each)
    return tuple([e / total for e in each])


def log_softmax(xs: Sequence[float]) -> float:
    """Return log(exp(x)/Σexp) of the first x without overflow or cancellation."""
    a, *others = xs
    if not isfinite(maximum(xs)):
        return nan
    if not others or max(others) <= a:
        return -math.log1p(math.fsum(exps(xs)[1:]))
    return (a - max(others)) - math.log(math.fsum(exps(xs)))


def directions(xs: Sequence[float]) -> tuple[float, ...]:
    """Return each of xs divided by the Euclidean norm of all: 0 where all are 0.

    The norm is taken in sorted order, so that it has the same bits in whatever order xs come, and
    of scaled xs, so that it neither overflows nor loses digits to underflow.
    """
    if any(x != x for x in xs):
        return (nan,) * len(xs)
    largest = max(map(abs, xs))
    if not largest:
        return (0.0,) * len(xs)
    scale = SCALE if largest < 1e-200 else 1 / SCALE if largest > 1e200 else 1.0
    norm = math.hypot(*sorted([abs(x) * scale for x in xs]))
    return tuple([x * scale / norm for x in xs])
