"""What is remarkable about a gradient: why it is 0 or not finite, what cancels, what cuts paths.

`explain` prints it below the paths. The short names are those of `paths`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..engine import Value
from ..names import Names
from .not_finite import arithmetic, with_line
from .paths import count, many_paths, path_count, paths_through, short
from .steps import Step, first_not_finite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .explain import Explanation

CANCELLED = 1e4  # terms cancel if their sizes add up to this many times the gradient
NEGLIGIBLE = Decimal("1e-40")  # of the sizes: a sum below is 0, but for the 50 digits
SHOWN = 3  # values that a finding names
SATURATED = 1e-3  # an activation is saturated if its partial is less than this share of the largest
PRODUCTS = ("mul", "sumprod", "weighted_sum")  # the ops that multiply pairs of operands


class Finding(NamedTuple):
    """What is remarkable about a gradient: a word for its kind, a sentence, the values it names."""

    kind: str
    text: str
    values: tuple[Value, ...] = ()


def findings(
    why: Explanation, order: Sequence[Value], within: Collection[Value], size: Decimal
) -> list[Finding]:
    """Return what is remarkable about the gradient; ``size`` is the sum of the terms' sizes."""
    leaf, loss, names = why.leaf, why.loss, why.names
    if not why.path_count:
        text = (
            f"{names.title(loss)} does not depend on {names.title(leaf)}: no path leads there. "
            "Was a new Value made of its data on the way?"
        )
        return [Finding("no path", text, (leaf,))]
    edge = None if math.isfinite(why.gradient) else first_not_finite(loss, within=within)
    cut = [] if why.gradient else _cut(order, loss, leaf, within)
    if edge is not None:
        found = [_not_finite(edge, why)]
    elif cut:
        found = [_every_path_cut(cut, names)]
    else:
        found = _rounding(why, sum(len(v.operands) for v in within), size)
    return found + _narrow(why, order, within, all_cut=bool(cut))


def _not_finite(edge: Step, why: Explanation) -> Finding:
    text = (
        f"The gradient is {why.gradient}: it comes from {with_line(why.names, edge.out)}, on the "
        f"way down to {why.names(edge.x)}, where {arithmetic(edge)}"
    )
    return Finding("not finite", text, (edge.out, edge.x))


def _cut(
    order: Sequence[Value], loss: Value, leaf: Value, within: Collection[Value]
) -> list[tuple[Value, int]]:
    """Return the edges with a partial of 0 that are met first on the ways down, each as a value and
    the place of its operand, if they cut all the ways; else nothing."""
    cut, reached = [], {loss}
    for out in reversed(order):
        if out in reached and out is not leaf:
            for i, (x, partial) in enumerate(zip(out.operands, out.partials)):
                if partial:
                    reached.add(x)
                elif x in within:
                    cut.append((out, i))
    return [] if leaf in reached else cut


def _every_path_cut(cut: Sequence[tuple[Value, int]], names: Names) -> Finding:
    reasons = {out: _why_zero(out, i, names) for out, i in reversed(cut)}
    each = [f"{with_line(names, out)} {reason}" for out, reason in reasons.items()]
    text = f"Every path is cut by a partial of 0: {_listed(each)}"
    return Finding("every path cut", text, tuple(reasons))


def _why_zero(out: Value, i: int, names: Names) -> str:
    """Say why the partial of ``out`` with respect to its i-th operand is 0."""
    op, xs = out.op, out.operands
    a = short(xs[i].data)
    if op and op.flat:
        return "is flat, its derivative 0"
    if op and op.name == "relu":
        return f"is off, its operand {a} not above 0"
    if op and op.saturates:
        return f"is saturated at {a}"
    if op and op.name in ("maximum", "minimum"):
        return f"takes another operand than {names(xs[i])}"
    if op and op.name == "clamp":
        return f"clamps {a}" if i == 0 else "is within its bounds"
    if op and op.name in PRODUCTS:
        half = len(xs) // 2
        return f"multiplies {names(xs[i])} by {names(xs[(i + half) % (2 * half)])}, which is 0"
    return f"has the partial 0 by {names(xs[i])} = {a}"


def _rounding(why: Explanation, edges: int, size: Decimal) -> list[Finding]:
    """Say whether the terms cancel, and whether they left the range of a float on the way."""
    total = why.exact_sum
    if abs(total) < size * NEGLIGIBLE:
        text = f"The terms cancel exactly: their sizes add up to {short(size)}, the terms to 0"
        if why.gradient:
            text += f", and {why.gradient!r} is what rounding left"
        return [Finding("cancellation", text)]
    found = []
    if size > abs(total) * Decimal(CANCELLED):
        lost = (size / abs(total)).log10()
        text = (
            f"The terms cancel: their sizes add up to {short(size)}, the terms to "
            f"{short(total)}, so that about {lost:.0f} of a float's 16 digits are lost"
        )
        found.append(Finding("cancellation", text))
    if not why.sum:
        text = f"The terms are too small for a float: they add up to {short(total)}"
        found.append(Finding("underflow", text))
    elif abs(Decimal(why.gradient) - total) > size * Decimal(2.0**-52) * (edges + 1):
        text = (
            f"Products left the range of a float on the way: the gradient is {why.gradient!r} in "
            f"place of {why.sum!r}"
        )
        found.append(Finding("underflow", text))
    return found


def _narrow(
    why: Explanation, order: Sequence[Value], within: Collection[Value], *, all_cut: bool
) -> list[Finding]:
    """Say which paths are cut, or nearly, by a relu that is off or a saturated activation."""
    through = [value for value in within if value is not why.leaf and value.op]
    dead = [v for v in through if v.op and v.op.name == "relu" and v.partials[0] == 0]
    saturated = [v for v in through if _share_let_through(v) < SATURATED]
    counts: dict[Value, Decimal] = {}
    if dead or saturated:
        counts = paths_through(order, why.loss, why.leaf, within)

    def most(kind: str, values: list[Value], what: str, say: Callable[[Value], str]) -> Finding:
        n = why.path_count - path_count(order, why.loss, why.leaf, within, {*values})
        share = f"{count(n)} of {many_paths(why.path_count)} {'is' if n == 1 else 'are'}"
        if why.path_count == 1:
            share = "The only path is"
        values.sort(key=counts.__getitem__, reverse=True)
        each = [
            f"{with_line(why.names, v)} of {short(v.operands[0].data)} {say(v)}" for v in values
        ]
        return Finding(kind, f"{share} {what}: {_listed(each)}", tuple(values))

    found = []
    if dead and not all_cut:  # or else it is said already
        what = "cut by a relu that is off, with the partial 0"
        found.append(most("dead relu", dead, what, lambda v: f"cuts {count(counts[v])}"))
    if saturated:

        def say(v: Value) -> str:
            return f"has the partial {short(v.partials[0])} of at most {largest_partial(v):g}"

        what = "nearly cut by a saturated activation"
        found.append(most("saturated", saturated, what, say))
    return found


def _share_let_through(value: Value) -> float:
    """Return the partial of an op that saturates as a share of its largest, else inf."""
    largest = largest_partial(value)
    return value.partials[0] / largest if largest else math.inf


def largest_partial(value: Value) -> float:
    """Return the partial at 0 of an op that saturates, as a sigmoid or a tanh does, else 0.0."""
    op = value.op
    return op.partials_at((0.0,), op.value((0.0,)))[0] if op and op.saturates else 0.0


def _listed(each: Sequence[str]) -> str:
    """Return the first of a list, and how many more there are."""
    more = f", and {len(each) - SHOWN:,} more" if len(each) > SHOWN else ""
    return ", ".join(each[:SHOWN]) + more
