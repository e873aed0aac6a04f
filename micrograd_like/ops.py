"""The table of operations: one row per op, and each derivative rule written once.

What you can do with it::

    >>> from micrograd_like.ops import TABLE, Op, tanh
    >>> tanh(0.5)                                  # a row is a function: floats in, float out;
    0.46211715726000974
    >>> tanh.partials(tanh(0.5), 0.5)              # its rule gives the numbers on the edges,
    (0.7864477329659274,)
    >>> tanh.formula(0, 1)                         # its formula is how a textbook writes that
    '∂tanh/∂a = 1 − out²'
    >>> sq = Op("sq", lambda a: a * a, lambda out, a: (2 * a,))    # an op of your own
    >>> sq(3.0)
    9.0

The words, here and everywhere:

    a, b      the operands of an op, in order; ``xs`` where there may be any number of them
    out       what the op made of them
    partial   the local derivative ∂out/∂operand: the number on one edge of the graph
    kink      a point where the op has a value but no derivative, or a jump

To add an op, add a row; and its name to ``__all__``, if it is public. A rule takes floats, or
Values where gradients are themselves differentiated: write it with arithmetic and with rows only,
and its results can be differentiated again. Two conventions hold for every row:

* At a kink the rule gives the subgradient of least norm: relu′(0) = 0, a k-way tie 1/k each.
* A rule never raises: a limit that is infinite is inf. The op itself raises what Python raises.
"""

from __future__ import annotations

import math
import operator
from math import inf, isfinite, isinf, nan
from numbers import Real
from types import MethodType

from . import floats, formulas
from .floats import SELU_SCALE, SELU_SCALE_ALPHA, TWO_OVER_SQRT_PI
from .text import shorten

TYPE_CHECKING = False  # type checkers read it as True; `typing` takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, TypeVar, overload

    Number = Any  # in a rule: a float, or a Value that records what is done with it
    R = TypeVar("R", bound="Recorder")
else:

    def overload(signature):
        """Leave a signature to the type checkers."""


__all__ = ["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clamp"]
__all__ += ["copysign", "cos", "cosh", "degrees", "elu", "erf", "erfc", "exp", "exp2", "expm1"]
__all__ += ["fabs", "floor", "fmod", "gelu", "hypot", "leaky_relu", "log10", "log1p", "log2"]
__all__ += ["log_sigmoid", "radians", "relu", "selu", "sigmoid", "sign", "silu", "sin", "sinh"]
__all__ += ["softplus", "softsign", "sqrt", "tan", "tanh", "trunc"]

REALS: Final = (-inf, inf)
POSITIVE: Final = (0.0, inf)
UNIT: Final = (-1.0, 1.0)

LN2: Final = 0.6931471805599453
LOG2E: Final = 1.4426950408889634
LOG10E: Final = 0.4342944819032518
PER_DEGREE: Final = 0.017453292519943295  # radians
PER_RADIAN: Final = 57.29577951308232  # degrees

SUM, PRODUCT, SIGN, POWER = 1, 2, 3, 4  # how tightly an operator binds: + and -, * and /, -x, **

TABLE: dict[str, Op] = {}


class Recorder:
    """What an op takes in place of a float: it records the op instead of computing a number."""

    __slots__ = ()

    @property
    def data(self) -> float:
        """The number that it holds."""
        raise NotImplementedError  # Value has one

    def record(self, op: Op, operands: tuple[Any, ...]) -> Any:
        """Apply ``op`` to ``operands``, of which this is one, and remember how the result came."""
        raise NotImplementedError  # Value does


class Op:
    """An elementary operation: a row of the table, and a function of Values and floats.

    name, symbol    how it is called, and how it is drawn
    forward         takes floats, returns a float
    partials        the rule: takes ``out`` and the operands, floats or Values; returns a tuple
    formulas        the same as a textbook writes it, one for each of the operands' names
    names           of the operands; the rule's own, unless a row says otherwise. "x…" stands for
                    any number of them: the op is ``many``, and its forward and rule take them as
                    one sequence (see `micrograd_like.formulas`)
    arity           1 or 2; 0 for an op of more, or of any number of operands
    defaults        of the last operands (see `OpWithDefaults`)
    domain          of the operand, if forward raises outside: the interval that errors tell
    binds, latex    how tightly an operator binds, and what LaTeX writes
    saturates       its partial is largest at 0, and dies away on either side
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        partials: Callable[..., Any],
        formula: str = "",
        *,
        symbol: str = "",
        names: str = "",
        defaults: tuple[float, ...] = (),
        domain: tuple[float, float] = REALS,
        binds: int = 0,
        latex: str = "",
        saturates: bool = False,
    ) -> None:
        if name in TABLE:
            raise ValueError(
                f"there is an op {name!r} already: choose another name, or `del ops.TABLE[{name!r}]`"
            )
        self.name = self.__name__ = self.__qualname__ = name
        self.symbol = symbol or name
        self.forward = forward
        self.partials = partials
        self.names = tuple(names.split()) or formulas.argument_names(partials)
        self.many = "…" in "".join(self.names)
        self.arity = len(self.names) if len(self.names) < 3 and not self.many else 0
        self.formulas = formulas.split(name, formula, self.names)
        self.foreign = formulas.is_foreign(forward)  # then errors show where in it they come from
        self.defaults = defaults
        self.domain = domain
        self.binds, self.latex, self.saturates = binds, latex, saturates
        self.__text_signature__ = formulas.signature(self)
        self.__doc__ = formulas.documentation(self)
        TABLE[name] = self

    @overload
    def __call__(self, a: R, /, *xs: R | float) -> R: ...
    @overload
    def __call__(self, a: float, b: R, /, *xs: R | float) -> R: ...
    @overload
    def __call__(self, *xs: float) -> float: ...
    def __call__(self, *xs: Any) -> Any:
        """Apply to floats, for a float; where one operand is a Value, for a Value."""
        try:
            for x in xs:
                if isinstance(x, Recorder):
                    return x.record(self, xs)
            return self.value([x if type(x) is float else as_float(x) for x in xs])
        except (ArithmeticError, ValueError, TypeError) as error:
            raise self.error(error, xs) from (error if self.foreign else None)

    @overload
    def __get__(self, instance: None, owner: type) -> Op: ...
    @overload
    def __get__(self, instance: R, owner: type) -> Callable[..., R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Make the row a method of the class it is an attribute of, as a function would be."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _row, (self.name,)  # copies and pickles are the one row of the name

    @property
    def flat(self) -> bool:
        """Tell whether every derivative is 0, as of sign and floor."""
        return bool(self.formulas) and {*self.formulas} == {"0"}

    @property
    def commutes(self) -> bool:
        """Tell whether the order of two operands does not matter, as of + and *."""
        try:
            return bool(self.forward(2.5, 1.5) == self.forward(1.5, 2.5))
        except (ArithmeticError, ValueError, TypeError):
            return False

    def value(self, xs: Sequence[float]) -> float:
        """Return the op's value at the floats ``xs``, or raise what Python raises."""
        return float(self.forward(tuple(xs)) if self.many else self.forward(*xs))

    def partials_at(self, xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
        """Return the partials at ``xs``, one per operand, whatever the number of operands."""
        return tuple(self.partials(out, tuple(xs)) if self.many else self.partials(out, *xs))

    def operand_names(self, n: int) -> tuple[str, ...]:
        """Return the textbook's name of each of ``n`` operands: a, b, or w₁, w₂, x₁, x₂, b."""
        return tuple([name for _, name, _ in formulas.places(self.names, n)])

    def formula(self, i: int, n: int, partial: float | None = None) -> str:
        """Return the derivative by the i-th of ``n`` operands, as in ∂tanh/∂a = 1 − out².

        With the number ``partial``, add what it is, unless the formula is that number.
        """
        return formulas.formula(self, i, n, partial)

    def call(self, operands: Sequence[Any], most: int = 8) -> str:
        """Return the op applied to operands as text, with labels and values: log(x=-1.0)."""
        return formulas.call(self.name, operands, most)

    def error(self, error: Exception, operands: Sequence[Any]) -> Exception:
        """Return ``error`` again with a message that names the op, the operands and their values."""
        return formulas.error(self, error, operands)


class OpWithDefaults(Op):
    """An op whose last operands may be left out, or given by name: clamp(x, high=1.0)."""

    @overload
    def __call__(self, a: R, /, *xs: R | float, **named: R | float) -> R: ...
    @overload
    def __call__(self, a: float, b: R, /, *xs: R | float, **named: R | float) -> R: ...
    @overload
    def __call__(self, /, *xs: float, **named: float) -> float: ...
    def __call__(self, /, *xs: Any, **named: Any) -> Any:
        optional = self.names[len(self.names) - len(self.defaults) :]
        given = {**dict(zip(optional, self.defaults)), **named}
        for name in named:
            if name not in optional or name in self.names[: len(xs)]:
                known = " and ".join(optional)
                raise TypeError(f"{self.name} takes {known} by name, not {shorten(name)}")
        missing = self.names[len(xs) :]
        return super().__call__(*xs, *[given[name] for name in missing if name in given])


def as_float(x: Any) -> float:
    """Return a real number, an int or NumPy's too, as a float; TypeError for all else."""
    if type(x) is float or isinstance(x, Real):
        return float(x)
    raise TypeError(f"expected a real number, got {shorten(x)} of type {type(x).__name__}")


def number(x: Any) -> Any:
    """Return the number that ``x`` holds, if it is a Value, or else is."""
    return x.data if isinstance(x, Recorder) else x


def _row(name: str) -> Op:
    return TABLE[name]


# ---------------------------------------------------------------------------- longer rules


def _first(xs: Sequence[Number], i: int) -> tuple[Number, ...]:
    """Return xs with the i-th one first."""
    return xs[i], *xs[:i], *xs[i + 1 :]


def _d_fmod(out: Number, a: Number, b: Number) -> tuple[Number, ...]:
    quotient = floats.ieee_div(number(a) - number(out), number(b))
    return 1.0, -float(round(quotient)) if isfinite(quotient) else -quotient


def _times_power(factor: Number, a: Number, b: Number, power: Any) -> Number:
    """Return factor·a**b, rounded once where it is subnormal."""
    product = factor * power(a, b)
    if b != 1 and a > 0 and abs(number(product)) < 1e-290:
        half = power(a, b / 2)
        product = factor * half * half
    return product


def _power_slope(a: Number, b: Number, out: Number, power: Any) -> Number:
    """Return b·a**(b-1); as b/a·out where b - 1 would be rounded."""
    if not b and (type(b) is float or not isfinite(floats.ieee_div(1.0, number(a)))):
        return 0.0  # a**0 is 1 everywhere
    if number(b) - 1 + 1 == number(b) or not a or isinf(number(out)):
        return _times_power(b, a, b - 1, power)
    ratio = b / a
    return b * (out / a) if isinf(number(ratio)) else ratio * out


def _exponent_slope(a: Number, b: Number, out: Number) -> Number:
    """Return a**b·log(a); 0 at a = 0, and nan for negative a."""
    if a > 0:
        return out * log(a) if abs(out) > 1e-290 else _times_power(log(a), a, b, ieee_pow)
    return 0.0 if a >= 0 and not isinf(number(out)) else nan


def _d_power(out: Number, a: Number, b: Number) -> tuple[Number, ...]:
    return _power_slope(a, number(b), out, ieee_power), 0.0


def _d_pow(out: Number, a: Number, b: Number) -> tuple[Number, ...]:
    return _power_slope(a, b, out, ieee_pow), _exponent_slope(a, b, out)


def _d_atan2(out: Number, a: Number, b: Number) -> tuple[Number, ...]:
    if not (isfinite(number(a)) and isfinite(number(b)) and (a or b)):
        return 0.0, 0.0
    square = a * a + b * b
    if square < 1e-280:
        scale = floats.SCALE
    elif square > 1e280:
        scale = 1 / floats.SCALE
    else:
        return b / square, -a / square
    da, db = _d_atan2(out, a * scale, b * scale)
    return da * scale, db * scale


def _d_hypot(out: Number, xs: tuple[Number, ...]) -> tuple[Number, ...]:
    if type(out) is float:
        return floats.directions(xs)
    return tuple([direction(*_first(xs, i)) for i in range(len(xs))])


def _d_direction(out: Number, xs: tuple[Number, ...]) -> tuple[Number, ...]:
    norm = hypot(*xs)
    if not norm:
        return (0.0,) * len(xs)
    rest = hypot(*xs[1:]) / norm
    turns = [-out * direction(*_first(xs, i)) / norm for i in range(1, len(xs))]
    return rest * rest / norm, *turns


def _shares(out: Number, xs: tuple[Number, ...]) -> tuple[Number, ...]:
    """Return exp(x)/Σexp of every x."""
    if type(out) is float:
        return floats.shares(xs)
    return tuple([softmax(*_first(xs, i)) for i in range(len(xs))])


def _d_softmax(out: Number, xs: tuple[Number, ...]) -> tuple[Number, ...]:
    shares = _shares(out, xs)
    return out * fsum(*shares[1:]), *(-out * share for share in shares[1:])


def _d_log_softmax(out: Number, xs: tuple[Number, ...]) -> tuple[Number, ...]:
    _, *shares = _shares(out, xs)
    rest = math.fsum(shares) if type(out) is float else fsum(*shares)
    return rest, *[-share for share in shares]


def _d_extreme(out: Number, xs: Sequence[Number]) -> tuple[Number, ...]:
    ties = [number(x) == number(out) for x in xs]
    return tuple([1 / sum(ties) if tie else 0.0 for tie in ties])


def _d_prod(out: Number, xs: Sequence[Number]) -> tuple[Number, ...]:
    before, after = [1.0], [1.0]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    for x in xs[:0:-1]:
        after.append(after[-1] * x)
    return tuple([p * q for p, q in zip(before, reversed(after))])


def _swap_halves(out: Number, xs: tuple[Number, ...]) -> tuple[Number, ...]:
    half = len(xs) // 2
    return xs[half:-1] + xs[:half] + (1.0,) if len(xs) % 2 else xs[half:] + xs[:half]


def _least(slope: Number) -> Number:
    """Return the subgradient of least norm where the slope goes over to 1: 0, 1 or the slope."""
    return max(0.0, min(1.0, slope))


def _d_leaky_relu(out: Number, a: Number, slope: Number) -> tuple[Number, ...]:
    return 1.0 if a > 0 else slope if a < 0 else _least(slope), a if a < 0 else 0.0


def _d_elu(out: Number, a: Number, alpha: Number) -> tuple[Number, ...]:
    by_a = 1.0 if a > 0 else alpha * exp(a) if a < 0 else _least(alpha)
    return by_a, expm1(a) if a < 0 else 0.0


def _d_gelu(out: Number, a: Number) -> tuple[Number, ...]:
    return (normal_cdf(a) + (a * normal_pdf(a) if isfinite(number(a)) else 0.0),)


def _d_silu(out: Number, a: Number) -> tuple[Number, ...]:
    if abs(a) > 700:  # exp(-|a|) is subnormal: scaled, so that it is rounded once
        size = min(abs(a), 800)  # where it is 0, however large a is
        small = exp(64 - size) * (1 - size) * math.exp(-64)
        return (1 - small if a > 0 else small,)
    return (sigmoid(a) * (1 + a * sigmoid(-a)),)


# ---------------------------------------------------------------------------- the table
# fmt: off
# arithmetic
add       = Op("add",      operator.add,      lambda out, a, b: (1.0, 1.0),          "1; 1",            symbol="+",  binds=SUM)
sub       = Op("sub",      operator.sub,      lambda out, a, b: (1.0, -1.0),         "1; −1",           symbol="-",  binds=SUM)
mul       = Op("mul",      operator.mul,      lambda out, a, b: (b, a),              "b; a",            symbol="*",  binds=PRODUCT, latex="\\cdot")
div       = Op("div",      operator.truediv,  lambda out, a, b: (1 / b, -out / b),   "1/b; −a/b²",      symbol="/",  binds=PRODUCT, latex="\\frac{%s}{%s}")
floordiv  = Op("floordiv", operator.floordiv, lambda out, a, b: (0.0, 0.0),          "0; 0",            symbol="//", binds=PRODUCT, latex="\\mathbin{//}")
mod       = Op("mod",      operator.mod,      lambda out, a, b: (1.0, -(a // b)),    "1; −floor(a/b)",  symbol="%",  binds=PRODUCT, latex="\\bmod")
fmod      = Op("fmod",     math.fmod,         _d_fmod,                               "1; −trunc(a/b)")
power     = Op("power",    floats.power,      _d_power,                              "b·a^(b − 1); 0",  symbol="**", binds=POWER, latex="%s^{%s}")
pow       = Op("pow",      floats.power,      _d_pow,                                "b·a^(b − 1); out·log(a)", symbol="**", binds=POWER, latex="%s^{%s}")
neg       = Op("neg",      operator.neg,       lambda out, a: (-1.0,),                "−1",              symbol="-")
fabs      = Op("abs",      math.fabs,         lambda out, a: (sign(a),),             "sign(a)",         latex="\\left|%s\\right|")
copysign  = Op("copysign", math.copysign,     lambda out, a, b: (sign(a) * math.copysign(1.0, number(b)), 0.0), "sign(a)·sign(b); 0")
sign      = Op("sign",     floats.sign,       lambda out, a: (0.0,),                 "0")
floor     = Op("floor",    math.floor,       lambda out, a: (0.0,),                 "0",               latex="\\left\\lfloor %s\\right\\rfloor")
ceil      = Op("ceil",     math.ceil,        lambda out, a: (0.0,),                 "0",               latex="\\left\\lceil %s\\right\\rceil")
trunc     = Op("trunc",    math.trunc,       lambda out, a: (0.0,),                 "0")
degrees   = Op("degrees",  math.degrees,      lambda out, a: (PER_RADIAN,),          "180/π")
radians   = Op("radians",  math.radians,      lambda out, a: (PER_DEGREE,),          "π/180")

# powers and logarithms
exp       = Op("exp",      math.exp,          lambda out, a: (out,),                 "out",             latex="e^{%s}")
exp2      = Op("exp2",     floats.exp2,       lambda out, a: (LN2 * out,),           "out·log(2)")
expm1     = Op("expm1",    math.expm1,        lambda out, a: (exp(a),),              "exp(a)")
log       = Op("log",      math.log,          lambda out, a: (1 / a,),               "1/a",             latex="\\ln",       domain=POSITIVE)
log2      = Op("log2",     math.log2,         lambda out, a: (LOG2E / a,),           "1/(a·log(2))",    latex="\\log_2",    domain=POSITIVE)
log10     = Op("log10",    math.log10,        lambda out, a: (LOG10E / a,),          "1/(a·log(10))",   latex="\\log_{10}", domain=POSITIVE)
log1p     = Op("log1p",    math.log1p,        lambda out, a: (1 / (1 + a),),         "1/(1 + a)",       domain=(-1.0, inf))
sqrt      = Op("sqrt",     math.sqrt,         lambda out, a: (0.5 * ieee_power(out, -1.0),), "1/(2·out)", latex="\\sqrt{%s}", domain=POSITIVE)
cbrt      = Op("cbrt",     floats.cbrt,       lambda out, a: (cbrt_slope(a),),       "1/(3·out²)",      latex="\\sqrt[3]{%s}")

# trigonometric and hyperbolic functions
sin       = Op("sin",      math.sin,          lambda out, a: (cos(a),),              "cos(a)",          latex="\\sin")
cos       = Op("cos",      math.cos,          lambda out, a: (-sin(a),),             "−sin(a)",         latex="\\cos")
tan       = Op("tan",      math.tan,          lambda out, a: (1 + out * out,),       "1 + out²",        latex="\\tan")
asin      = Op("asin",     math.asin,         lambda out, a: (ieee_power(one_minus_square(a), -0.5),),  "1/√(1 − a²)",  latex="\\arcsin", domain=UNIT)
acos      = Op("acos",     math.acos,         lambda out, a: (-ieee_power(one_minus_square(a), -0.5),), "−1/√(1 − a²)", latex="\\arccos", domain=UNIT)
atan      = Op("atan",     math.atan,         lambda out, a: (ieee_power(1 + a * a, -1.0) if abs(a) < 1e8 else 1 / a / a,), "1/(1 + a²)", latex="\\arctan")
atan2     = Op("atan2",    math.atan2,        _d_atan2,                              "b/(a² + b²); −a/(a² + b²)")
sinh      = Op("sinh",     math.sinh,         lambda out, a: (cosh(a),),             "cosh(a)",         latex="\\sinh")
cosh      = Op("cosh",     math.cosh,         lambda out, a: (sinh(a),),             "sinh(a)",         latex="\\cosh")
tanh      = Op("tanh",     math.tanh,         lambda out, a: (sech2(a),),            "1 − out²",        latex="\\tanh", saturates=True)
asinh     = Op("asinh",    math.asinh,        lambda out, a: (1 / hypot(1.0, a),),   "1/√(1 + a²)")
acosh     = Op("acosh",    math.acosh,        lambda out, a: (ieee_power(-one_minus_square(a), -0.5) if a < 1e8 else 1 / a,), "1/√(a² − 1)", domain=(1.0, inf))
atanh     = Op("atanh",    math.atanh,        lambda out, a: (1 / one_minus_square(a),), "1/(1 − a²)",  domain=UNIT)

# the error function and its kin
erf        = Op("erf",        math.erf,          lambda out, a: (TWO_OVER_SQRT_PI * exp_neg_square(a),),  "2/√π·exp(−a²)")
erfc       = Op("erfc",       math.erfc,         lambda out, a: (-TWO_OVER_SQRT_PI * exp_neg_square(a),), "−2/√π·exp(−a²)")
normal_pdf = Op("normal_pdf", floats.normal_pdf, lambda out, a: (-a * out,),           "−a·out",         symbol="φ", latex="\\varphi")
normal_cdf = Op("normal_cdf", floats.normal_cdf, lambda out, a: (normal_pdf(a),),      "φ(a)",           symbol="Φ", latex="\\Phi")

# what networks need
relu        = Op("relu",        floats.relu,        lambda out, a: (float(a > 0),),    "1 if a > 0 else 0")
leaky_relu  = OpWithDefaults("leaky_relu",  floats.leaky_relu,  _d_leaky_relu,                     "1 if a > 0 else slope; min(a, 0)", defaults=(0.01,))
elu         = OpWithDefaults("elu",         floats.elu,         _d_elu,                            "1 if a > 0 else alpha·exp(a); expm1(min(a, 0))", defaults=(1.0,))
selu        = Op("selu",        floats.selu,        lambda out, a: (SELU_SCALE if a >= 0 else SELU_SCALE_ALPHA * exp(a),), "1.0507 if a > 0 else 1.7581·exp(a)")
gelu        = Op("gelu",        floats.gelu,        _d_gelu,                           "Φ(a) + a·φ(a)")
silu        = Op("silu",        floats.silu,        _d_silu,                           "σ(a)·(1 + a·σ(−a))")
sigmoid     = Op("sigmoid",     floats.sigmoid,     lambda out, a: (sech2(a / 2) / 4,), "out·(1 − out)",   symbol="σ", latex="\\sigma", saturates=True)
log_sigmoid = Op("log_sigmoid", floats.log_sigmoid, lambda out, a: (sigmoid(-a),),     "1 − σ(a)")
softplus    = Op("softplus",    floats.softplus,    lambda out, a: (sigmoid(a),),      "σ(a)")
softsign    = Op("softsign",    floats.softsign,    lambda out, a: (ieee_power(1 + abs(a), -2.0),), "1/(1 + |a|)²")

# any number of operands
fsum         = Op("fsum",         math.fsum,           lambda out, xs: (1.0,) * len(xs), "1",                 names="x…", symbol="Σ")
prod         = Op("prod",         math.prod,           _d_prod,        "out/xᵢ",            names="x…", symbol="Π")
sumprod      = Op("sumprod",      floats.sumprod,      _swap_halves,   "qᵢ; pᵢ",            names="p… q…", symbol="Σab")
weighted_sum = Op("weighted_sum", floats.weighted_sum, _swap_halves,   "xᵢ; wᵢ; 1",         names="w… x… b", symbol="Σwx")
hypot        = Op("hypot",        lambda xs: math.hypot(*xs), _d_hypot,       "xᵢ/out",            names="x…")
maximum      = Op("maximum",      floats.maximum,      _d_extreme,     "1/k if xᵢ = out else 0", names="x…", symbol="max", latex="\\max")
minimum      = Op("minimum",      floats.minimum,      _d_extreme,     "1/k if xᵢ = out else 0", names="x…", symbol="min", latex="\\min")
clamp        = OpWithDefaults("clamp",        floats.clamp,        lambda out, a, low, high: (float(low < a < high), float(a < low), float(a > high)), "1 if low < a < high else 0; 1 if a < low else 0; 1 if a > high else 0", defaults=REALS)
logsumexp    = Op("logsumexp",    floats.logsumexp,    _shares,      "softmax(xᵢ)",       names="x…")
softmax      = Op("softmax",      lambda xs: floats.shares(xs)[0], _d_softmax,     "out·(1 − out); −out·softmax(xᵢ)", names="a x…")  # of the first among all
log_softmax  = Op("log_softmax",  floats.log_softmax,  _d_log_softmax, "1 − exp(out); −softmax(xᵢ)",      names="a x…")  # of the first among all

# for the rules above: they raise nothing, and their derivatives do not cancel
ieee_div         = Op("ieee_div",         floats.ieee_div,         lambda out, a, b: (ieee_div(1.0, b), -ieee_div(out, b)), "1/b; −a/b²", symbol="/", latex="\\frac{%s}{%s}")
ieee_power       = Op("ieee_power",       floats.ieee_power,       _d_power, "b·a^(b − 1); 0",         symbol="**", latex="%s^{%s}")
ieee_pow         = Op("ieee_pow",         floats.ieee_power,       _d_pow,   "b·a^(b − 1); out·log(a)", symbol="**", latex="%s^{%s}")
cbrt_slope       = Op("cbrt_slope",       floats.cbrt_slope,       lambda out, a: (ieee_div(-2 / 3 * out, a),), "−2/3·out/a", symbol="1/(3cbrt²)")
sech2            = Op("sech2",            floats.sech2,            lambda out, a: (-2 * tanh(a) * out,), "−2·tanh(a)·out", symbol="sech²")
one_minus_square = Op("one_minus_square", floats.one_minus_square, lambda out, a: (-2 * a,),             "−2·a",           symbol="1-a²")
exp_neg_square   = Op("exp_neg_square",   floats.exp_neg_square,   lambda out, a: (-2 * (a * out) if abs(a) < 40 else 0.0,), "−2·a·out", symbol="exp(-a²)")
direction        = Op("direction",        lambda xs: floats.directions(xs)[0], _d_direction, "(1 − out²)·out/a; −out·xᵢ·(out/a)²", names="a x…", symbol="a/hypot")
# fmt: on
