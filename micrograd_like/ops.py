"""The table of operations: one row per op, and each derivative rule written once.

What you can do with it::

    >>> from micrograd_like.ops import TABLE, tanh
    >>> tanh(0.5)                                  # a row is a function: floats in, float out;
    0.46211715726000974
    >>> tanh.partials(0.5, tanh(0.5))              # its rule gives the number on the edge,
    0.7864477329659274
    >>> tanh.formulas()                            # and can be read back as text
    ('sech2(a)',)
    >>> sorted(TABLE)[:3]
    ['abs', 'acos', 'acosh']

The words, here and everywhere:

    a, b      the operands of an op, in order; ``xs`` where there may be any number of them
    out       what the op made of them
    partial   the local derivative ∂out/∂operand: the number on one edge of the graph
    kink      a point where the op has a value but no derivative, or a jump

A rule is handed floats, or Values where gradients are themselves to be differentiated: it is
written with arithmetic and with rows of this table only, so it works for both, and its result
can be differentiated again. Two conventions hold for every row:

* At a kink the rule gives the subgradient of least norm: relu′(0) = 0, a k-way tie 1/k each.
* A rule never raises: what is infinite in the limit is inf. (The op itself raises exactly what
  Python's own float expression raises.)

To add an op, add a row. The tests say what else is missing.
"""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from math import inf, isfinite, isinf, nan
from numbers import Real
from types import MethodType

from . import floats
from .floats import SELU_SCALE, SELU_SCALE_ALPHA, TWO_OVER_SQRT_PI

TYPE_CHECKING = False  # type checkers read it as True; `typing` takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, TypeVar, overload

    Interval = tuple[float, float]  # of operands that the tests draw from, the ends left out
    Number = Any  # in a rule: a float, or a Value that records what is done with it
    R = TypeVar("R", bound="Recorder")
else:

    def overload(signature):
        """Leave a signature to the type checkers."""


REALS: Final = (-inf, inf)
POSITIVE: Final = (0.0, inf)
UNIT: Final = (-1.0, 1.0)

LN2: Final = 0.6931471805599453
LOG2E: Final = 1.4426950408889634
LOG10E: Final = 0.4342944819032518
PER_DEGREE: Final = 0.017453292519943295  # radians
PER_RADIAN: Final = 57.29577951308232  # degrees


class Recorder:
    """What an op takes in place of a float: it records the op instead of computing a number."""

    __slots__ = ()

    def record(self, op: Op, *operands: Any) -> Any:
        """Apply ``op`` to ``operands``, of which this is one, and remember how the result came."""
        raise NotImplementedError  # Value does


def as_float(x: Any) -> float:
    """Return a real number as a float: int, bool, Fraction and NumPy scalars come in here.

    Raises TypeError for what is not one real number: strings, None, complex, Decimal, arrays.
    """
    if isinstance(x, Real) or (
        # numpy.bool is the one NumPy scalar that is no numbers.Real; arrays have __array_ufunc__
        getattr(getattr(x, "dtype", None), "kind", None) == "b"
        and not hasattr(x, "__array_ufunc__")
    ):
        return float(x)
    raise TypeError(f"expected a real number, got {shorten(x)} of type {type(x).__name__}")


def shorten(x: object, width: int = 60) -> str:
    """Return ``repr(x)`` cut to ``width`` characters, for error messages."""
    text = repr(x)
    return text if len(text) <= width else text[: width - 1] + "…"


class Op:
    """An elementary operation: a row of the table.

    ``name`` and ``symbol`` are how it is called and drawn; ``forward`` takes floats and returns a
    float; ``partials`` takes the operands and ``out``, as floats or as Values, and returns the
    partials. ``domain`` (an open interval for each operand; the last one serves all that follow)
    and ``kink`` (0 at a kink or a pole of the op or its partials, and small near one) tell the tests where
    the rule is smooth and has all its digits. ``names`` are those of the first operands in the rule,
    where they are not a and b, or x₁, x₂, … of any number.
    """

    __slots__ = ("domain", "forward", "kink", "name", "names", "partials", "symbol")

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        partials: Callable[..., Any],
        *,
        symbol: str = "",
        domain: tuple[Interval, ...] = (REALS,),
        kink: Callable[..., float] | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.symbol = symbol or name
        self.forward = forward
        self.partials = partials
        self.domain = domain
        self.kink = kink
        self.names = names
        TABLE[name] = self

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _row, (self.name,)  # there is one row of a name: copies and pickles are that row

    def value(self, xs: Sequence[float]) -> float:
        """Return the op's value at the floats ``xs``, or raise what Python raises."""
        return self.forward(*xs)

    def partials_at(self, xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
        """Return the partials at ``xs``, one per operand, whatever the number of operands."""
        return tuple(self.partials(*xs, out))

    def formulas(self) -> tuple[str, ...]:
        """Return the rule as text, one formula per operand, read back from this file."""
        rule = self.partials
        if rule not in _FORMULAS:
            _FORMULAS[rule] = _formulas(rule)
        return _FORMULAS[rule]

    def operand_names(self, n: int) -> tuple[str, ...]:
        """Return what the rule calls each of ``n`` operands."""
        names = self.names or (("a", "b")[:n] if isinstance(self, (Unary, Binary)) else ())
        return (*names, *map(_nth, range(len(names), n)))

    def formula(self, i: int, n: int) -> str:
        """Return the rule for the i-th of ``n`` operands as text, as in ∂tanh/∂a = sech2(a)."""
        names, formulas = self.operand_names(n), self.formulas()
        if self.partials is _swap_halves:  # a rule that only moves things: it moves names too
            formulas = self.partials(names, None)
        return f"∂{self.name}/∂{names[i]} = {formulas[min(i, len(formulas) - 1)]}"

    def call(self, operands: Sequence[Any]) -> str:
        """Return the op applied to operands as text, with labels and values: log(x=-1.0)."""
        shown = [
            f"{shorten(str(x.label))[1:-1]}={x.data!r}"
            if getattr(x, "label", None)
            else repr(float(x))
            for x in operands[:8]
        ]
        if len(operands) > 8:
            shown.append(f"… and {len(operands) - 8} more")
        return f"{self.name}({', '.join(shown)})"

    def error(self, error: Exception, operands: Sequence[Any]) -> Exception:
        """Return ``error`` again with a message that names the op, the operands and their values."""
        low, high = self.domain[0]
        hint = ""
        if isinstance(error, ValueError) and type(self) is Unary and (low, high) != REALS:
            hint = f"; {self.name} takes numbers between {low:g} and {high:g}"
        lines = dict.fromkeys(getattr(x, "line", "") for x in operands)  # after trace_lines()
        made = "".join(f"; made at {line}" for line in lines if line)
        return type(error)(f"{self.call(operands)}: {error}{hint}{made}")

    def _numbers(self, operands: tuple[Any, ...]) -> float:
        xs = [x if type(x) is float else as_float(x) for x in operands]
        try:
            return float(self.value(xs))
        except (ArithmeticError, ValueError) as error:
            raise self.error(error, xs) from None


class Unary(Op):
    """An op of one operand: ``forward(a)``, and ``partials(a, out)`` is the one partial."""

    __slots__ = ()

    @overload
    def __call__(self, a: R, /) -> R: ...
    @overload
    def __call__(self, a: float, /) -> float: ...
    def __call__(self, a: Any, /) -> Any:
        return a.record(self, a) if isinstance(a, Recorder) else self._numbers((a,))

    @overload
    def __get__(self, instance: None, owner: type) -> Unary: ...
    @overload
    def __get__(self, instance: R, owner: type) -> Callable[[], R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        """Make the row a method of the class it is an attribute of, as a function would be."""
        return self if instance is None else MethodType(self, instance)

    def partials_at(self, xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
        return (self.partials(*xs, out),)


class Binary(Op):
    """An op of two operands: ``forward(a, b)``, and ``partials(a, b, out)`` is a pair."""

    __slots__ = ()

    @overload
    def __call__(self, a: R, b: R | float, /) -> R: ...
    @overload
    def __call__(self, a: float, b: R, /) -> R: ...
    @overload
    def __call__(self, a: float, b: float, /) -> float: ...
    def __call__(self, a: Any, b: Any, /) -> Any:
        if isinstance(a, Recorder):
            return a.record(self, a, b)
        return b.record(self, a, b) if isinstance(b, Recorder) else self._numbers((a, b))


class Nary(Op):
    """An op of any number of operands: ``forward(xs)`` and ``partials(xs, out)``, a tuple."""

    __slots__ = ()

    def __call__(self, *xs: Any) -> Any:
        for x in xs:
            if isinstance(x, Recorder):
                return x.record(self, *xs)
        return self._numbers(xs)

    def value(self, xs: Sequence[float]) -> float:
        return self.forward(xs)

    def partials_at(self, xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
        partials: tuple[Number, ...] = self.partials(xs, out)
        return partials


TABLE: dict[str, Op] = {}
_FORMULAS: dict[Callable[..., Any], tuple[str, ...]] = {}  # of the rules that were asked for


def _nth(i: int) -> str:
    """Return the name of the i-th of any number of operands: x₁ for the first."""
    return f"x{str(i + 1).translate(str.maketrans('0123456789', '₀₁₂₃₄₅₆₇₈₉'))}"


def _row(name: str) -> Op:
    return TABLE[name]


def _formulas(rule: Callable[..., Any]) -> tuple[str, ...]:
    """Read a rule's text from its source; a rule with statements says it in its docstring."""
    if rule.__name__ != "<lambda>":
        told = (rule.__doc__ or rule.__name__).splitlines()[0]
        return tuple(told.removesuffix(".").split("; "))
    import ast
    import linecache

    class AsOperators(ast.NodeTransformer):
        """Write ieee_div(a, b) as a / b, and ieee_power(a, b) as a ** b."""

        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            operators: dict[str, ast.operator] = {"ieee_div": ast.Div(), "ieee_power": ast.Pow()}
            called = operators.get(ast.unparse(node.func))
            return ast.BinOp(node.args[0], called, node.args[1]) if called else node

    code = rule.__code__
    for node in ast.walk(ast.parse("".join(linecache.getlines(code.co_filename)))):
        if (
            isinstance(node, ast.Lambda)
            and node.lineno == code.co_firstlineno
            and node.args.args[-1].arg == "out"
        ):
            body = AsOperators().visit(node.body)
            parts = body.elts if isinstance(body, ast.Tuple) else [body]
            return tuple(ast.unparse(part) for part in parts)
    raise LookupError(f"no rule at {code.co_filename}:{code.co_firstlineno}")


# ---------------------------------------------------------------------------- longer rules


def _are_floats(xs: Sequence[Number]) -> bool:
    return not any(isinstance(x, Recorder) for x in xs)


def _first(xs: Sequence[Number], i: int) -> tuple[Number, ...]:
    """Return xs with the i-th one first."""
    return xs[i], *xs[:i], *xs[i + 1 :]


def _whole(a: float) -> float:
    return float(round(a)) if isfinite(a) else a


def _d_fmod(a: Number, b: Number, out: Number) -> tuple[Number, ...]:
    """1; -trunc(a / b)."""
    return 1.0, -_whole(floats.ieee_div(float(a) - float(out), float(b)))


def _times_power(factor: Number, a: Number, b: Number, power: Any) -> Number:
    """Return factor·a**b, rounded once where it is subnormal."""
    product = factor * power(a, b)
    if a > 0 and abs(float(product)) < 1e-290:
        half = power(a, b / 2)
        product = factor * half * half
    return product


def _power_slope(a: Number, b: Number, out: Number, power: Any) -> Number:
    """Return b·a**(b-1); as b/a·out where b - 1 would be rounded."""
    if not b and (type(b) is float or not isfinite(floats.ieee_div(1.0, float(a)))):
        return 0.0  # a**0 is 1 everywhere
    if float(b - 1) + 1 == float(b) or not a or isinf(out):
        return _times_power(b, a, b - 1, power)
    ratio = b / a
    return b * (out / a) if isinf(ratio) else ratio * out


def _exponent_slope(a: Number, b: Number, out: Number) -> Number:
    """Return a**b·log(a); 0 at a = 0, and nan for negative a."""
    if a > 0:
        return out * log(a) if abs(out) > 1e-290 else _times_power(log(a), a, b, ieee_pow)
    return 0.0 if a >= 0 and not isinf(out) else nan


def _d_power(a: Number, b: Number, out: Number) -> tuple[Number, ...]:
    """b * a ** (b - 1); 0."""
    return _power_slope(a, float(b), out, ieee_power), 0.0


def _d_pow(a: Number, b: Number, out: Number) -> tuple[Number, ...]:
    """b * a ** (b - 1); out * log(a)."""
    return _power_slope(a, b, out, ieee_pow), _exponent_slope(a, b, out)


def _d_atan2(a: Number, b: Number, out: Number) -> tuple[Number, ...]:
    """b / (a * a + b * b); -a / (a * a + b * b)."""
    if not (isfinite(a) and isfinite(b) and (a or b)):
        return 0.0, 0.0
    square = a * a + b * b
    if square < 1e-280:
        scale = floats.SCALE
    elif square > 1e280:
        scale = 1 / floats.SCALE
    else:
        return b / square, -a / square
    da, db = _d_atan2(a * scale, b * scale, out)
    return da * scale, db * scale


def _d_hypot(xs: tuple[Number, ...], out: Number) -> tuple[Number, ...]:
    """direction(x, the others)."""
    if _are_floats(xs):
        return floats.directions(xs)
    return tuple([direction(*_first(xs, i)) for i in range(len(xs))])


def _d_direction(xs: tuple[Number, ...], out: Number) -> tuple[Number, ...]:
    """(hypot(others) / hypot(xs)) ** 2 / hypot(xs); -out * direction(x, the others) / hypot(xs)."""
    norm = hypot(*xs)
    if not norm:
        return (0.0,) * len(xs)
    rest = hypot(*xs[1:]) / norm
    turns = [-out * direction(*_first(xs, i)) / norm for i in range(1, len(xs))]
    return rest * rest / norm, *turns


def _shares(xs: tuple[Number, ...]) -> tuple[Number, ...]:
    """Return exp(x)/Σexp of every x."""
    if _are_floats(xs):
        return floats.shares(xs)
    return tuple([softmax(*_first(xs, i)) for i in range(len(xs))])


def _d_softmax(xs: tuple[Number, ...], out: Number) -> tuple[Number, ...]:
    """out * fsum(softmax of the others); -out * softmax of that other."""
    shares = _shares(xs)
    return out * fsum(*shares[1:]), *(-out * share for share in shares[1:])


def _d_log_softmax(xs: tuple[Number, ...], out: Number) -> tuple[Number, ...]:
    """fsum(softmax of the others); -softmax of that other."""
    shares = _shares(xs)
    return fsum(*shares[1:]), *(-share for share in shares[1:])


def _d_extreme(xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
    """1/k for each of the k operands that equal out, 0 for the others."""
    ties = [float(x) == float(out) for x in xs]
    return tuple([1 / sum(ties) if tie else 0.0 for tie in ties])


def _d_fsum(xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
    """1.0."""
    return (1.0,) * len(xs)


def _d_prod(xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
    """Product of the others."""
    before, after = [1.0], [1.0]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    for x in xs[:0:-1]:
        after.append(after[-1] * x)
    return tuple([p * q for p, q in zip(before, reversed(after))])


def _swap_halves(xs: tuple[Number, ...], out: Number) -> tuple[Number, ...]:
    """Factor that the operand is multiplied by."""
    half = len(xs) // 2
    return xs[half:-1] + xs[:half] + (1.0,) if len(xs) % 2 else xs[half:] + xs[:half]


def _d_clamp(xs: Sequence[Number], out: Number) -> tuple[Number, ...]:
    """1 if low < a < high else 0; 1 if a < low else 0; 1 if a > high else 0."""
    a, low, high = xs
    return float(low < a < high), float(a < low), float(a > high)


def _d_leaky_relu(a: Number, b: Number, out: Number) -> tuple[Number, ...]:
    """1 if a > 0 else b; min(a, 0)."""
    return 1.0 if a > 0 else b if a < 0 else min(1.0, b), a if a < 0 else 0.0


def _d_elu(a: Number, b: Number, out: Number) -> tuple[Number, ...]:
    """1 if a > 0 else b * exp(a); expm1(min(a, 0))."""
    slope = 1.0 if a > 0 else b * exp(a) if a < 0 else min(1.0, b)
    return slope, expm1(a) if a < 0 else 0.0


def _d_gelu(a: Number, out: Number) -> Number:
    """normal_cdf(a) + a * normal_pdf(a)."""
    return normal_cdf(a) + (a * normal_pdf(a) if isfinite(a) else 0.0)


def _d_silu(a: Number, out: Number) -> Number:
    """sigmoid(a) * (1 + a * sigmoid(-a))."""
    if abs(a) > 700:  # exp(-|a|) is subnormal: scaled, so that it is rounded once
        size = min(abs(a), 800)  # where it is 0, however large a is
        small = exp(64 - size) * (1 - size) * math.exp(-64)
        return 1 - small if a > 0 else small
    return sigmoid(a) * (1 + a * sigmoid(-a))


def _d_logsumexp(xs: tuple[Number, ...], out: Number) -> tuple[Number, ...]:
    """softmax(x, the others)."""
    return _shares(xs)


def _gap(xs: Sequence[float]) -> float:
    """Return the least distance between two operands: 0 at a tie."""
    return min(y - x for x, y in pairwise(sorted(xs)))


def _to_integer(a: float) -> float:
    return a - round(a) if isfinite(a) else 0.0


def _jump(a: float, b: float) -> float:
    return b and _to_integer(a / b) * b * b / (abs(a) + abs(b))


# ---------------------------------------------------------------------------- the table
# fmt: off
# arithmetic
add       = Binary("add",      operator.add,      lambda a, b, out: (1.0, 1.0),          symbol="+")
sub       = Binary("sub",      operator.sub,      lambda a, b, out: (1.0, -1.0),         symbol="-")
mul       = Binary("mul",      operator.mul,      lambda a, b, out: (b, a),              symbol="*")
div       = Binary("div",      operator.truediv,  lambda a, b, out: (1 / b, -out / b),   symbol="/",  kink=lambda a, b: b)
floordiv  = Binary("floordiv", operator.floordiv, lambda a, b, out: (0.0, 0.0),          symbol="//", kink=_jump)
mod       = Binary("mod",      operator.mod,      lambda a, b, out: (1.0, -(a // b)),      symbol="%",  kink=_jump)
fmod      = Binary("fmod",     math.fmod,         _d_fmod,                                            kink=_jump)
power     = Binary("power",    floats.power,      _d_power,                              symbol="**", domain=(POSITIVE, REALS))
pow       = Binary("pow",      floats.power,      _d_pow,                                symbol="**", domain=(POSITIVE, REALS))
neg       = Unary("neg",       floats.neg,        lambda a, out: -1.0,                   symbol="-")
abs_      = Unary("abs",       math.fabs,              lambda a, out: sign(a),                             kink=lambda a: a)
copysign  = Binary("copysign", math.copysign,     lambda a, b, out: (sign(a) * math.copysign(1.0, b), 0.0), kink=lambda a, b: a * b)
sign      = Unary("sign",      floats.sign,       lambda a, out: 0.0,                                 kink=lambda a: a)
floor     = Unary("floor",     floats.floor,      lambda a, out: 0.0,                                 kink=_to_integer)
ceil      = Unary("ceil",      floats.ceil,       lambda a, out: 0.0,                                 kink=_to_integer)
trunc     = Unary("trunc",     floats.trunc,      lambda a, out: 0.0,                                 kink=_to_integer)
degrees   = Unary("degrees",   math.degrees,      lambda a, out: PER_RADIAN)
radians   = Unary("radians",   math.radians,      lambda a, out: PER_DEGREE)

# powers and logarithms
exp       = Unary("exp",       math.exp,          lambda a, out: out)
exp2      = Unary("exp2",      floats.exp2,       lambda a, out: LN2 * out)
expm1     = Unary("expm1",     math.expm1,        lambda a, out: exp(a))
log       = Unary("log",       math.log,          lambda a, out: 1 / a,                  domain=(POSITIVE,))
log2      = Unary("log2",      math.log2,         lambda a, out: LOG2E / a,              domain=(POSITIVE,))
log10     = Unary("log10",     math.log10,        lambda a, out: LOG10E / a,             domain=(POSITIVE,))
log1p     = Unary("log1p",     math.log1p,        lambda a, out: 1 / (1 + a),            domain=((-1.0, inf),))
sqrt      = Unary("sqrt",      math.sqrt,         lambda a, out: 0.5 * ieee_power(out, -1.0), domain=(POSITIVE,))
cbrt      = Unary("cbrt",      floats.cbrt,       lambda a, out: cbrt_slope(a),           kink=lambda a: a)

# trigonometric and hyperbolic functions
sin       = Unary("sin",       math.sin,          lambda a, out: cos(a))
cos       = Unary("cos",       math.cos,          lambda a, out: -sin(a))
tan       = Unary("tan",       math.tan,          lambda a, out: 1 + out * out,       kink=math.cos)
asin      = Unary("asin",      math.asin,         lambda a, out: ieee_power(one_minus_square(a), -0.5),  domain=(UNIT,))
acos      = Unary("acos",      math.acos,         lambda a, out: -ieee_power(one_minus_square(a), -0.5), domain=(UNIT,))
atan      = Unary("atan",      math.atan,         lambda a, out: ieee_power(1 + a * a, -1.0) if abs(a) < 1e8 else 1 / a / a)
atan2     = Binary("atan2",    math.atan2,        _d_atan2,                            kink=lambda a, b: a if b < 0 else math.hypot(a, b))
sinh      = Unary("sinh",      math.sinh,         lambda a, out: cosh(a))
cosh      = Unary("cosh",      math.cosh,         lambda a, out: sinh(a))
tanh      = Unary("tanh",      math.tanh,         lambda a, out: sech2(a))
asinh     = Unary("asinh",     math.asinh,        lambda a, out: 1 / hypot(1.0, a))
acosh     = Unary("acosh",     math.acosh,        lambda a, out: ieee_power(-one_minus_square(a), -0.5) if a < 1e8 else 1 / a, domain=((1.0, inf),))
atanh     = Unary("atanh",     math.atanh,        lambda a, out: 1 / one_minus_square(a), domain=(UNIT,))

# the error function and its kin
erf        = Unary("erf",        math.erf,          lambda a, out: TWO_OVER_SQRT_PI * exp_neg_square(a),  domain=((-26.5, 26.5),))
erfc       = Unary("erfc",       math.erfc,         lambda a, out: -TWO_OVER_SQRT_PI * exp_neg_square(a), domain=((-26.5, 26.5),))
normal_pdf = Unary("normal_pdf", floats.normal_pdf, lambda a, out: -a * out,      symbol="φ", domain=((-37.5, 37.5),))
normal_cdf = Unary("normal_cdf", floats.normal_cdf, lambda a, out: normal_pdf(a), symbol="Φ", domain=((-37.5, 37.5),))

# what networks need
relu        = Unary("relu",        floats.relu,        lambda a, out: float(a > 0),   kink=lambda a: a)
leaky_relu  = Binary("leaky_relu", floats.leaky_relu,  _d_leaky_relu,                 kink=lambda a, b: a)
elu         = Binary("elu",        floats.elu,         _d_elu,                        kink=lambda a, b: a, domain=(REALS, (-4.0, 4.0)))
selu        = Unary("selu",        floats.selu,        lambda a, out: SELU_SCALE if a >= 0 else SELU_SCALE_ALPHA * exp(a), kink=lambda a: a)
gelu        = Unary("gelu",        floats.gelu,        _d_gelu,                      domain=((-37.5, 37.5),))
silu        = Unary("silu",        floats.silu,        _d_silu)
sigmoid     = Unary("sigmoid",     floats.sigmoid,     lambda a, out: sech2(a / 2) / 4, symbol="σ")
log_sigmoid = Unary("log_sigmoid", floats.log_sigmoid, lambda a, out: sigmoid(-a))
softplus    = Unary("softplus",    floats.softplus,    lambda a, out: sigmoid(a))
softsign    = Unary("softsign",    floats.softsign,    lambda a, out: ieee_power(1 + abs(a), -2.0), kink=lambda a: a)

# any number of operands
fsum         = Nary("fsum",         math.fsum,           _d_fsum, symbol="Σ")
prod         = Nary("prod",         math.prod,           _d_prod, symbol="Π")
sumprod      = Nary("sumprod",      floats.sumprod,      _swap_halves, symbol="Σab")  # a1…an, b1…bn
weighted_sum = Nary("weighted_sum", floats.weighted_sum, _swap_halves, symbol="Σwx")  # w1…wn, x1…xn and the bias, if any
hypot        = Nary("hypot",        floats.hypot,        _d_hypot,     kink=math.hypot)
maximum      = Nary("maximum",      floats.maximum,      _d_extreme, symbol="max", kink=lambda *xs: _gap(xs))
minimum      = Nary("minimum",      floats.minimum,      _d_extreme, symbol="min", kink=lambda *xs: _gap(xs))
clamp        = Nary("clamp",        floats.clamp,        _d_clamp,   kink=lambda a, low, high: min(abs(a - low), abs(a - high)), names=("a", "low", "high"))
logsumexp    = Nary("logsumexp",    floats.logsumexp,    _d_logsumexp)
softmax      = Nary("softmax",      floats.softmax,      _d_softmax,     names=("a",))  # of the first among all
log_softmax  = Nary("log_softmax",  floats.log_softmax,  _d_log_softmax, names=("a",))  # of the first among all

# for the rules above: they raise nothing, and their derivatives do not cancel
ieee_div         = Binary("ieee_div",         floats.ieee_div,         lambda a, b, out: (ieee_div(1.0, b), -ieee_div(out, b)), symbol="/", kink=lambda a, b: b)
ieee_power       = Binary("ieee_power",       floats.ieee_power,       _d_power, symbol="**", domain=(POSITIVE, REALS))
ieee_pow         = Binary("ieee_pow",         floats.ieee_power,       _d_pow,   symbol="**", domain=(POSITIVE, REALS))
cbrt_slope       = Unary("cbrt_slope",        floats.cbrt_slope,       lambda a, out: ieee_div(-2 / 3 * out, a), symbol="1/(3cbrt²)", kink=lambda a: a)
sech2            = Unary("sech2",             floats.sech2,            lambda a, out: -2 * tanh(a) * out, symbol="sech²")
one_minus_square = Unary("one_minus_square",  floats.one_minus_square, lambda a, out: -2 * a,             symbol="1-a²")
exp_neg_square   = Unary("exp_neg_square",    floats.exp_neg_square,   lambda a, out: -2 * (a * out) if abs(a) < 40 else 0.0, symbol="exp(-a²)", domain=((-26.5, 26.5),))
direction        = Nary("direction",          floats.direction,        _d_direction,                      symbol="a/hypot", kink=math.hypot, names=("a",))
# fmt: on
