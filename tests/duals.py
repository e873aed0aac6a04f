"""Forward-mode differentiation by dual numbers: a second opinion that shares no rule with ours.

A dual number v + t·ε, with ε² = 0, is a value and how fast it changes. The parts of a `Dual` are
floats, or Duals for second derivatives, or `Rounded` numbers that carry a bound of their own error.
The derivatives here are textbook formulas over `math`.

    >>> x = Dual(3.0, 1.0)
    >>> (x * x + sin(x)).tangent            # 2x + cos x
    5.010007503399555

`FUNCTIONS` has a function for each op of the table that users meet, under the op's name.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

Number = Any  # a float, a Rounded or a Dual


class Rounded:
    """A float and a bound of its error in units of the machine epsilon: running error analysis."""

    __slots__ = ("error", "value")

    def __init__(self, value: float, error: float = 0.0) -> None:
        self.value, self.error = value, error

    def __add__(self, other: Number) -> Rounded:
        other = rounded(other)
        value = self.value + other.value
        return Rounded(value, self.error + other.error + abs(value))

    def __mul__(self, other: Number) -> Rounded:
        other = rounded(other)
        value = self.value * other.value
        error = abs(self.value) * other.error + abs(other.value) * self.error
        return Rounded(value, error + abs(value))

    def __truediv__(self, other: Number) -> Rounded:
        other = rounded(other)
        value = self.value / other.value
        error = (self.error + abs(value) * other.error) / abs(other.value)
        return Rounded(value, error + abs(value))

    def __neg__(self) -> Rounded:
        return Rounded(-self.value, self.error)

    def __sub__(self, other: Number) -> Rounded:
        return self + -rounded(other)

    def __radd__(self, other: float) -> Rounded:
        return self + other

    def __rmul__(self, other: float) -> Rounded:
        return self * other

    def __rsub__(self, other: float) -> Rounded:
        return -self + other

    def __rtruediv__(self, other: float) -> Rounded:
        return rounded(other) / self


class Dual:
    """A value and its tangent, both of them numbers of one kind."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: Number, tangent: Number = 0.0) -> None:
        self.value, self.tangent = value, tangent

    def __add__(self, other: Number) -> Dual:
        other = dual(other)
        return Dual(self.value + other.value, self.tangent + other.tangent)

    def __mul__(self, other: Number) -> Dual:
        other = dual(other)
        return Dual(
            self.value * other.value, self.tangent * other.value + self.value * other.tangent
        )

    def __truediv__(self, other: Number) -> Dual:
        other = dual(other)
        value = self.value / other.value
        return Dual(value, (self.tangent - value * other.tangent) / other.value)

    def __pow__(self, other: Number) -> Dual:
        return pow(self, other) if isinstance(other, Dual) else power(self, other)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.tangent)

    def __sub__(self, other: Number) -> Dual:
        return self + -dual(other)

    def __radd__(self, other: float) -> Dual:
        return self + other

    def __rmul__(self, other: float) -> Dual:
        return self * other

    def __rsub__(self, other: float) -> Dual:
        return -self + other

    def __rtruediv__(self, other: float) -> Dual:
        return dual(other) / self

    def relu(self) -> Dual:
        return relu(self)


def rounded(x: Number) -> Rounded:
    return x if isinstance(x, Rounded) else Rounded(x)


def dual(x: Number) -> Dual:
    return x if isinstance(x, Dual) else Dual(x)


def primal(x: Number) -> float:
    """Return the float that a number is about."""
    while isinstance(x, (Dual, Rounded)):
        x = x.value
    return float(x)


class Function:
    """A function of one number, from one of a float and a formula for its derivative."""

    def __init__(
        self, of_float: Callable[[float], float], slope: Callable[[Number], Number]
    ) -> None:
        self.of_float, self.slope = of_float, slope

    def __call__(self, x: Number) -> Number:
        if isinstance(x, Dual):
            return Dual(self(x.value), self.slope(x.value) * x.tangent)
        if isinstance(x, Rounded):
            value = self.of_float(x.value)
            return Rounded(value, abs(self.slope(x.value)) * x.error + 4 * abs(value))
        return self.of_float(x)


def constant(of_float: Callable[[float], float]) -> Function:
    """Return a function that is constant between its jumps."""
    return Function(of_float, lambda x: 0.0)


def square(x: Number) -> Number:
    return x * x


TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)

exp = Function(math.exp, lambda x: exp(x))
expm1 = Function(math.expm1, lambda x: exp(x))
log = Function(math.log, lambda x: 1 / x)
log1p = Function(math.log1p, lambda x: 1 / (1 + x))
sqrt = Function(math.sqrt, lambda x: 1 / (2 * sqrt(x)))
cbrt = Function(lambda x: math.copysign(abs(x) ** (1 / 3), x), lambda x: 1 / (3 * square(cbrt(x))))
sin = Function(math.sin, lambda x: cos(x))
cos = Function(math.cos, lambda x: -sin(x))
tan = Function(math.tan, lambda x: 1 / square(cos(x)))
asin = Function(math.asin, lambda x: 1 / sqrt((1 - x) * (1 + x)))
acos = Function(math.acos, lambda x: -1 / sqrt((1 - x) * (1 + x)))
atan = Function(math.atan, lambda x: 1 / (1 + x * x))
sinh = Function(math.sinh, lambda x: cosh(x))
cosh = Function(math.cosh, lambda x: sinh(x))
tanh = Function(math.tanh, lambda x: 1 / square(cosh(x)))
asinh = Function(math.asinh, lambda x: 1 / sqrt(1 + x * x))
acosh = Function(math.acosh, lambda x: 1 / sqrt((x - 1) * (x + 1)))
atanh = Function(math.atanh, lambda x: 1 / ((1 - x) * (1 + x)))
erf = Function(math.erf, lambda x: TWO_OVER_SQRT_PI * exp(-(x * x)))
erfc = Function(math.erfc, lambda x: -TWO_OVER_SQRT_PI * exp(-(x * x)))
sign = constant(lambda x: (x > 0) - (x < 0) + 0.0)
fabs = Function(abs, sign)
step = constant(lambda x: float(x > 0))
relu = Function(lambda x: max(x, 0.0), step)


def sigmoid(x: Number) -> Number:
    return 1 / (1 + exp(-x))


def phi(x: Number) -> Number:
    """Return the density of the normal distribution."""
    return exp(-(x * x) / 2) / math.sqrt(2 * math.pi)


cdf = Function(lambda x: math.erfc(-x / math.sqrt(2)) / 2, phi)


def elu(x: Number, alpha: Number) -> Number:
    return x + 0 * alpha if primal(x) > 0 else alpha * expm1(x)


def selu(x: Number) -> Number:
    return 1.0507009873554804934 * elu(x, 1.6732632423543772848)


def pow(a: Number, b: Number) -> Number:
    """Return a to the power b, for a positive a."""
    if isinstance(a, Dual) or isinstance(b, Dual):
        a, b = dual(a), dual(b)
        out = pow(a.value, b.value)
        return Dual(out, b.value * out / a.value * a.tangent + out * log(a.value) * b.tangent)
    if isinstance(a, Rounded) or isinstance(b, Rounded):
        a, b = rounded(a), rounded(b)
        out = a.value**b.value
        error = abs(b.value / a.value) * a.error + abs(math.log(a.value)) * b.error + 4
        return Rounded(out, abs(out) * error)
    return a**b


def power(a: Number, b: Number) -> Number:
    """Return a to a power that is a constant."""
    b = primal(b)
    if isinstance(a, Dual):
        return Dual(power(a.value, b), b * power(a.value, b - 1) * a.tangent)
    if isinstance(a, Rounded):
        out = a.value**b
        slope = b * a.value ** (b - 1) if b else 0.0
        return Rounded(out, abs(slope) * a.error + 4 * abs(out))
    return a**b


def atan2(a: Number, b: Number) -> Number:
    if isinstance(a, Dual) or isinstance(b, Dual):
        a, b = dual(a), dual(b)
        turn = b.value * a.tangent - a.value * b.tangent
        return Dual(atan2(a.value, b.value), turn / (a.value * a.value + b.value * b.value))
    if isinstance(a, Rounded) or isinstance(b, Rounded):
        a, b = rounded(a), rounded(b)
        out = math.atan2(a.value, b.value)
        error = (abs(b.value) * a.error + abs(a.value) * b.error) / (a.value**2 + b.value**2)
        return Rounded(out, error + 4 * abs(out))
    return math.atan2(a, b)


def copysign(a: Number, b: Number) -> Number:
    return fabs(a) * math.copysign(1.0, primal(b))


def mod(a: Number, b: Number) -> Number:
    return a - b * float(primal(a) // primal(b))


def fmod(a: Number, b: Number) -> Number:
    return a - b * float(math.trunc(primal(a) / primal(b)))


def total(xs: Sequence[Number]) -> Number:
    return reduce(operator.add, xs)


def products(xs: Sequence[Number]) -> Number:
    half = len(xs) // 2
    return total([a * b for a, b in zip(xs[:half], xs[half:])] + [*xs[2 * half :]])


def largest(*xs: Number) -> Number:
    """Return the largest of xs; of k that tie for it their mean, whose slope is 1/k by each."""
    top = max(map(primal, xs))
    ties = [x for x in xs if primal(x) == top]
    return total(ties) * (1 / len(ties))


def smallest(*xs: Number) -> Number:
    return -largest(*(-x for x in xs))


def clamp(x: Number, low: Number, high: Number) -> Number:
    return low if primal(x) < primal(low) else high if primal(x) > primal(high) else x


def logsumexp(*xs: Number) -> Number:
    top = max(map(primal, xs))
    return log(total([exp(x - top) for x in xs])) + top


def softmax(*xs: Number) -> Number:
    return 1 / total([exp(x - xs[0]) for x in xs])


FUNCTIONS: dict[str, Callable[..., Number]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": lambda a, b: 0 * a + float(primal(a) // primal(b)),
    "mod": mod,
    "fmod": fmod,
    "power": power,
    "pow": pow,
    "neg": operator.neg,
    "abs": fabs,
    "copysign": copysign,
    "sign": sign,
    "floor": constant(lambda x: float(math.floor(x))),
    "ceil": constant(lambda x: float(math.ceil(x))),
    "trunc": constant(lambda x: float(math.trunc(x))),
    "degrees": lambda x: x * (180 / math.pi),
    "radians": lambda x: x * (math.pi / 180),
    "exp": exp,
    "exp2": lambda x: exp(x * math.log(2)),
    "expm1": expm1,
    "log": log,
    "log2": lambda x: log(x) / math.log(2),
    "log10": lambda x: log(x) / math.log(10),
    "log1p": log1p,
    "sqrt": sqrt,
    "cbrt": cbrt,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "asin": asin,
    "acos": acos,
    "atan": atan,
    "atan2": atan2,
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "asinh": asinh,
    "acosh": acosh,
    "atanh": atanh,
    "erf": erf,
    "erfc": erfc,
    "normal_pdf": phi,
    "normal_cdf": cdf,
    "relu": relu,
    "leaky_relu": lambda x, slope: x + 0 * slope if primal(x) > 0 else slope * x,
    "elu": elu,
    "selu": selu,
    "gelu": lambda x: x * cdf(x),
    "silu": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -log1p(exp(-x)),
    "softplus": lambda x: log1p(exp(x)),
    "softsign": lambda x: x / (1 + fabs(x)),
    "fsum": lambda *xs: total(xs),
    "prod": lambda *xs: reduce(operator.mul, xs),
    "sumprod": lambda *xs: products(xs),
    "weighted_sum": lambda *xs: products(xs),
    "hypot": lambda *xs: sqrt(total([x * x for x in xs])),
    "maximum": largest,
    "minimum": smallest,
    "clamp": clamp,
    "logsumexp": logsumexp,
    "softmax": softmax,
    "log_softmax": lambda *xs: xs[0] - logsumexp(*xs),
}
