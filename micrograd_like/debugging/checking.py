"""Check gradients against differences of the function, and name the op that is wrong.

What you can do with it::

    >>> from micrograd_like import check_gradients
    >>> from micrograd_like.ops import Op
    >>> import math
    >>> wave = Op("wave", math.sin, lambda out, a: (out,))    # its derivative is the cosine
    >>> print(check_gradients(lambda x: wave(x) * 3, [0.5]))
    input                          at    gradient  by differences
    x                             0.5     1.43828         2.63275  WRONG by 1.2
    <BLANKLINE>
    2 nodes, 2 partials: 1 right, 1 wrong.
    <BLANKLINE>
    wave v2 of x = 0.5, made at ...:1
      ∂wave/∂a = out = 0.479426, by differences 0.877583: 0.398 off

A difference quotient comes with an estimate of its own error, and says nothing where that is large.
At a kink every number between the slopes of the two sides is right; at the end of a domain there is
one side. The operands of every node are varied as well, which is how the wrong op is found.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

from ..engine import Value, topological_order
from ..functional import gradients
from ..hooks import recording
from ..names import Names
from ..ops import number
from ..structures import like, numbers
from ..text import cut, padded, shorten
from .tracing import trace_lines

EPS = sys.float_info.epsilon
LIMIT = 200  # of inputs that are varied


class Slope(NamedTuple):
    """What differences tell: the slope lies between two numbers, which are equal but at a kink."""

    low: float
    high: float
    error: float

    def off(self, slope: float) -> float:
        """Return how far a slope is from it, or 0.0 where that is within the error."""
        off = max(self.low - slope, slope - self.high, 0.0)
        size = max(abs(slope), abs(self.low), abs(self.high))
        return off if off > 10 * self.error + 1e-7 * size else 0.0

    def __str__(self) -> str:
        return f"{self.low:.6g}" if self.low == self.high else f"{self.low:.4g} to {self.high:.4g}"


def slope_of(f: Callable[[float], float], x: float, expected: float) -> Slope | None:
    """Return the slope of ``f`` at ``x`` by differences; None where they do not tell.

    Where a function bends or jumps within a step, differences can tell a wrong slope with a small
    error: so steps of several sizes have a try, until one tells the slope that is expected.
    """
    near, far = min(abs(x), 1.0) or 1.0, max(abs(x), 1.0)
    told = None
    for scale in dict.fromkeys((near, far, near / 2**10)):
        found = _by_steps(f, x, scale / 16)
        if found and (told is None or found.error < told.error or not found.off(expected)):
            told = found
        if told and not told.off(expected):
            break
    return told


def _by_steps(f: Callable[[float], float], x: float, h: float) -> Slope | None:
    """Differentiate by steps of h, h/2, h/4, …, extrapolated to 0: left, right, and both."""

    def at(place: float) -> float | None:
        try:
            y = f(place)
        except (ArithmeticError, ValueError):
            return None
        return y if isfinite(y) else None

    here = at(x)
    if here is None or not isfinite(x):
        return None
    steps = [h / 2**k for k in range(12)]
    ends = {sign: [(x + sign * step, at(x + sign * step)) for step in steps] for sign in (1, -1)}
    right, left = ([(x, here, *end) for end in ends[sign]] for sign in (1, -1))
    both = [(*a, *b) for a, b in zip(ends[-1], ends[1])]
    reach = max(abs(x), h)
    sides = [each for each in (_limit(right, 2, reach), _limit(left, 2, reach)) if each]
    if len(sides) == 2 and abs(sides[0][0] - sides[1][0]) > 20 * (sides[0][1] + sides[1][1]):
        (a, a_error), (b, b_error) = sides
        return Slope(min(a, b), max(a, b), a_error + b_error)
    best = min(
        [*sides, *filter(None, [_limit(both, 4, reach)])], key=lambda each: each[1], default=None
    )
    return best and Slope(best[0], best[0], best[1])


def _limit(
    chords: Iterable[tuple[Any, ...]], base: int, reach: float
) -> tuple[float, float] | None:
    """Return what the slopes of ever shorter chords tend to, by Richardson, and its error.

    The error is what neighbours in the scheme differ by, and what rounding makes of the chord.
    """
    best, size, last = (0.0, float("inf")), 0.0, list[float]()
    for x0, y0, x1, y1 in chords:
        if y0 is None or y1 is None:  # outside the domain: shorter ones may do
            best, last = (0.0, float("inf")), []
            continue
        row = [(y1 - y0) / (x1 - x0) if x1 != x0 else 0.0]
        size = max(abs(y0), abs(y1))
        rounding = 4 * EPS * size / abs(x1 - x0) if x1 != x0 else float("inf")
        for j, before in enumerate(last[:7], 1):
            row.append(row[-1] + (row[-1] - before) / (base**j - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - before)) + rounding
            best = min(best, (row[-1], error), key=lambda each: each[1])
        last = row
    told = best[1] <= 1e-4 * abs(best[0]) or best[1] * reach <= 1e-9 * size
    return best if told else None


class Row(NamedTuple):
    """A slope that was checked: of an output by an input, or of a node by an operand."""

    out: Value
    i: int
    x: Value
    slope: float
    told: Slope | None

    @property
    def off(self) -> float:
        """Return how far it is off; 0.0 if it is right, or nobody can tell."""
        return self.told.off(self.slope) if self.told else 0.0


class GradientCheck:
    """What `check_gradients` found: true if all is well. ``print`` shows it as a table.

    ``inputs`` and ``partials`` are the rows; ``wrong`` are the rows of partials that are wrong.
    """

    def __init__(self, outputs: Sequence[Value], inputs: list[Row], left_out: int) -> None:
        self.inputs, self.left_out = inputs, left_out
        order = dict.fromkeys(x for y in outputs for x in topological_order(y))
        self.nodes = sum(x.op is not None for x in order)
        self.names = Names(order)
        self.partials = [row for out in order for row in _partials(out)]
        self.wrong = [row for row in self.partials if row.off]

    def __bool__(self) -> bool:
        return not self.wrong and not any(row.off for row in self.inputs)

    def __repr__(self) -> str:
        return f"<GradientCheck: {'all is well' if self else 'something is wrong'}>"

    def __str__(self) -> str:
        lines = [*self._table()] + [""] * bool(self.inputs)
        n, told = len(self.partials), sum(row.told is not None for row in self.partials)
        counts = [f"{told - len(self.wrong):,} right"]
        counts += [f"{len(self.wrong):,} wrong"] * bool(self.wrong)
        counts += [f"{n - told:,} that differences do not tell"] * (told < n)
        found = f"{self.nodes:,} node{'s' * (self.nodes != 1)}, {n:,} partial{'s' * (n != 1)}"
        lines.append(f"{found}: {', '.join(counts)}.")
        for row in self.wrong[:5]:
            lines += ["", *self._blame(row)]
        lines += ["", f"and {len(self.wrong) - 5:,} more"] * (len(self.wrong) > 5)
        if not self and not self.wrong:
            lines += [
                "",
                "Every op is right, so that a path from the input is not recorded: look for",
            ]
            lines += [".data, int(), round() or a branch between the input and the result."]
        return "\n".join(lines)

    def _table(self) -> Iterator[str]:
        if self.inputs:
            yield f"{'input':23}{'at':>10}{'gradient':>12}{'by differences':>16}"
        several = any(row.i for row in self.inputs)
        for row in sorted(self.inputs, key=lambda row: -row.off)[:20]:
            told = str(row.told) if row.told else "cannot tell"
            end = f"  WRONG by {row.off:.2g}" if row.off else ""
            name = self.names.title(row.x) + f" of output {row.i}" * several
            yield f"{padded(cut(name, 23), 23)}{row.x.data:>10.4g}{row.slope:>12.6g}{told:>16}{end}"
        hidden = len(self.inputs[20:]), self.left_out
        if any(hidden):
            yield "and {:,} more that are no worse; {:,} inputs were not varied".format(*hidden)

    def _blame(self, row: Row) -> Iterator[str]:
        op, line = row.out.op, row.out.line
        assert op is not None
        made = f", made at {line}" if line else ""
        yield f"{self.names(row.out)} of {self.names.title(row.x)} = {row.x.data:.6g}{made}"
        formula = op.formula(row.i, len(row.out.operands))
        yield f"  {formula} = {row.slope:.6g}, by differences {row.told}: {row.off:.3g} off"


def _partials(out: Value) -> Iterator[Row]:
    """Check the partials of a node, but those by constants and those that its rule calls 0."""
    op, operands = out.op, out.operands
    if op is None:
        return
    xs = [x.data for x in operands]
    for i, (x, partial) in enumerate(zip(operands, out.partials)):
        if x.constant or op.formula(i, len(xs)).endswith(" = 0"):
            continue

        def varied(place: float, i: int = i) -> float:
            return op.value([*xs[:i], place, *xs[i + 1 :]])

        told = slope_of(varied, xs[i], partial) if isfinite(partial) else None
        yield Row(out, i, x, partial, told)


def check_gradients(f: Any, inputs: Any = ()) -> GradientCheck:
    """Compare the gradients of ``f(*inputs)`` with differences, and every partial on the way.

    An input is a number, or a list, tuple, dict or array of them; so is what ``f`` returns. Without
    inputs, the leaves are varied that two calls of ``f`` share, as a model's parameters; they are
    put back. ``f`` may be a Value too, of which the partials are checked.
    """
    if isinstance(f, Value):
        return GradientCheck([f], [], 0)
    args = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    xs = [Value(number(x), name) for x, name in zip(numbers(args), _labels(f, args))]
    with recording(), trace_lines():
        ys = _values(f, like(args, xs))
        if not xs:
            again = {x for y in _values(f, ()) for x in topological_order(y)}
            order = dict.fromkeys(x for y in ys for x in topological_order(y))
            xs = [x for x in order if x.op is None and not x.constant and x in again]
    chosen = xs[:: -(-len(xs) // LIMIT) or 1]
    rows = []
    for x, column in zip(chosen, zip(*[gradients(y, chosen) for y in ys])):
        told = _varied(f, args and like(args, xs), x)
        rows += [Row(y, i, x, grad, told(i, grad)) for i, (y, grad) in enumerate(zip(ys, column))]
    return GradientCheck(ys, rows, len(xs) - len(chosen))


def _varied(f: Any, args: Any, x: Value) -> Callable[[int, float], Slope | None]:
    """Return the function that tells the slope by ``x`` of the i-th output."""
    seen: dict[float, list[float]] = {}

    def outputs(place: float) -> list[float]:
        before = x.data
        if place not in seen:
            try:
                x.data = place
                seen[place] = [y.data for y in _values(f, args)]
            finally:
                x.data = before
        return seen[place]

    return lambda i, grad: slope_of(lambda place: outputs(place)[i], x.data, grad)


def _values(f: Any, args: Any) -> list[Value]:
    """Return the outputs that are Values; those that are numbers depend on nothing."""
    with recording():
        out = f(*args)
    ys = [y for y in numbers(out) if isinstance(y, Value)]
    if not ys:
        raise TypeError(f"the function returned {shorten(out)}: there is no Value to differentiate")
    return ys


def _labels(f: Any, args: Sequence[Any]) -> Iterator[str]:
    """Return what the inputs are called: their labels, or the names of the arguments."""
    while hasattr(f, "__wrapped__"):  # by grad, say
        f = f.__wrapped__
    code = getattr(f, "__code__", None)
    bound = hasattr(f, "__self__")  # a method, whose self is no input
    names = code.co_varnames[bound : code.co_argcount] if code else getattr(f, "names", ())
    for i, arg in enumerate(args):
        name = names[i] if i < len(names) else f"x{i}"
        for j, x in enumerate(numbers(arg)):
            yield getattr(x, "label", "") or (name if x is arg else f"{name}[{j}]")
