"""Say why a gradient is what it is: the paths that it is the sum of.

What you can do with it::

    >>> from micrograd_like import Value
    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> print(explain(x, x * y + 5 * x))
    d(+ v5)/d(x) = 7.0
    2 paths, whose products add up to 7.0, the same to the last bit.
    Each factor is the partial that leads to the value above it.
    <BLANKLINE>
      + v5 → (5*) v4 → x
         5 =       1 × 5
    <BLANKLINE>
      + v5 → * v3 → x
         2 =    1 × 2

A gradient is a sum over paths. A path leads from the loss down to the leaf, and its term is the
product of the partials on its edges. What is remarkable follows: why the gradient is 0 or not
finite, what cancels, what cuts paths. The short names are those of `paths`.
"""

from __future__ import annotations

import math
import operator
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import chain, groupby
from math import isfinite
from typing import Any, NamedTuple

from ..drawing.notebook import as_text
from ..engine import Value, topological_order
from ..functional import gradients
from ..names import Names
from ..text import base, cells, columns_of, printable, shorten
from .not_finite import arithmetic, with_line
from .not_finite import find_nonfinite as find_nonfinite
from .paths import FIFTY_DIGITS, ZERO, Path, Paths, count, many_paths, short
from .steps import first_not_finite

COLUMNS = 100  # of the text, unless the terminal has fewer
ENDS = 12  # values that are shown of either end of a long path
CANCELLED = 1e4  # terms cancel if their sizes add up to this many times the gradient
NEGLIGIBLE = Decimal("1e-40")  # of the sizes: a sum below is 0, but for the 50 digits
SHOWN = 3  # values that a finding names
SATURATED = 1e-3  # an activation is saturated if its partial is less than this share of the largest
PRODUCTS = ("mul", "sumprod", "weighted_sum")  # the ops that multiply pairs of operands

Edges = list[tuple[Value, float]]  # values of a path, and the factors that lead to them


class Explanation:
    """Why a gradient is what it is; ``print`` it.

    gradient        what ``backward`` computes
    path_count      how many paths there are; ``paths`` are the k largest
    sum             of the products of all paths, rounded once; ``exact_sum`` has 50 digits
    absolute_sum    of the sizes of these products
    others_sum      of the products of the paths that are not shown, to 50 digits
    findings        what is remarkable: terms that cancel, paths that are cut, why it is 0
    """

    def __init__(
        self,
        leaf: Value,
        loss: Value,
        k: int,
        names: Mapping[str, object] | None = None,
        constants: bool = False,
    ) -> None:
        self.leaf, self.loss = leaf, loss
        (self.gradient,) = gradients(loss, [leaf])
        with localcontext(FIFTY_DIGITS):
            all_paths = Paths(leaf, loss, k)
            self.names = Names(all_paths.order, names, constants)
            self.paths, self.path_count = all_paths.largest(), all_paths.number()
            self.exact_sum, sizes = all_paths.total, all_paths.size
            self.sum, self.absolute_sum = float(self.exact_sum), float(sizes)
            others = self.exact_sum - sum((path.exact for path in self.paths), ZERO)
            self.others_sum = ZERO if abs(others) < sizes * NEGLIGIBLE else others
            self.findings = _findings(self, all_paths)

    _repr_mimebundle_ = as_text

    def __repr__(self) -> str:
        return f"<Explanation of the gradient {self.gradient!r}: {many_paths(self.path_count)}>"

    def __str__(self) -> str:
        return printable(self.text(columns_of(sys.stdout, COLUMNS)))

    def text(self, columns: int = COLUMNS) -> str:
        """Return what is printed, of so many columns."""
        leaf, loss = self.names.title(self.leaf), self.names.title(self.loss)
        head = [f"d({loss})/d({leaf}) = {self.gradient!r}"]
        if self.path_count:
            in_range = isfinite(self.sum) and (self.sum or not self.exact_sum)
            total = repr(self.sum) if in_range else short(self.exact_sum)
            agreement = _agreement(self.gradient, self.sum)
            head += textwrap.wrap(f"{_sum_of(self.path_count)} {total}{agreement}.", columns)
            head.append("Each factor is the partial that leads to the value above it.")
        with localcontext(FIFTY_DIGITS):
            blocks = [head, *[_grid(path, self.names, columns) for path in self.paths]]
        others = self.path_count - len(self.paths)
        if others:
            blocks.append([f"and {_sum_of(others, 'other ')} {short(self.others_sum)}"])
        for finding in self.findings:
            text = f"! {finding.text}.".replace("?.", "?")
            options: Any = {"break_long_words": False, "break_on_hyphens": False}
            blocks.append(textwrap.wrap(text, columns, subsequent_indent="  ", **options))
        return "\n\n".join("\n".join(block) for block in blocks)


def explain(
    leaf: Value,
    loss: Value,
    k: int = 5,
    *,
    names: Mapping[str, object] | None = None,
    constants: bool = False,
) -> Explanation:
    """Return why the gradient of ``loss`` with respect to ``leaf``, a leaf or not, is what it is.

    Shows the ``k`` paths whose products are largest in size; one with a factor that is not finite
    comes before all others. ``names`` holds variables, as ``locals()`` does; ``constants`` are told
    with the op that they entered, as ``**2``, unless it is true. No ``grad`` is read or changed.
    """
    for role, value in (("leaf", leaf), ("loss", loss)):
        if not isinstance(value, Value):
            raise TypeError(f"the {role} is {shorten(value)}: it must be a Value")
    k = operator.index(k)
    if k < 1:
        raise ValueError(f"k is {k}: at least 1 path is shown")
    return Explanation(leaf, loss, k, names, constants)


def _sum_of(n: int, other: str = "") -> str:
    return f"{many_paths(n, other)}, whose product{' is' if n == 1 else 's add up to'}"


def _agreement(gradient: float, sum_: float) -> str:
    if not isfinite(gradient) or not isfinite(sum_):
        return ""
    if gradient == sum_:
        return ", the same to the last bit"
    units = abs(gradient - sum_) / math.ulp(sum_)
    if units < 1000:
        return f", {units:.0f} unit{'s' * (units != 1)} in the last place from the gradient"
    return f", and the gradient is off by {short(gradient - sum_)}"


def _grid(path: Path, names: Names, columns: int) -> list[str]:
    """Return a path as rows: the values' names, under each the factor that leads to it, and the
    line that made it, where that is another than the one before.

    The product stands under the loss. The middle of many equal steps, and of a long path, is shown
    as one factor, so that the factors shown multiply to the product.
    """
    edges = [*zip(path.values[1:], path.factors)]
    runs = [[*run] for _, run in groupby(edges, lambda edge: (edge[0].op, edge[1]))]
    parts = [part for run in runs for part in _without_middle([[edge] for edge in run], 1)]
    steps, line = [(names(path.values[0]), short(path.exact), base(path.values[0].line))], ""
    for part in _without_middle(parts, ENDS):
        value, factor = part[0]
        if len(part) == 1:
            line, before = base(value.line), line or steps[0][2]
            steps.append((names(value), short(factor), line if line != before else ""))
        else:
            product = short(math.prod(Decimal(factor) for _, factor in part))
            steps.append((f"… {len(part):,} more …", product, ""))
    widths = [max(map(cells, cell)) + 3 for cell in steps]
    even = sum(widths) / math.ceil(sum(widths) / (columns - 10))  # groups of about equal widths
    groups = [["", "", ""]]
    for n, (cell, width) in enumerate(zip(steps, widths)):
        end = cells(groups[-1][0]) + width
        if n and (end - width / 2 > even or end > columns):
            groups.append(["   "] * 3)
        marks = (" → ", " = " if n == 1 else " × ", "   ") if n else ("  ",) * 3
        groups[-1] = [
            row + mark + " " * (width - 3 - cells(text)) + text
            for row, mark, text in zip(groups[-1], marks, cell)
        ]
    return [row.rstrip() for rows in groups for row in rows if row.strip()]


def _without_middle(parts: list[Edges], ends: int) -> list[Edges]:
    """Return the parts of a sequence; if there are many, with the middle ones joined."""
    if len(parts) <= 3 * ends:
        return parts
    return [*parts[:ends], [*chain.from_iterable(parts[ends:-ends])], *parts[-ends:]]


# ---------------------------------------------------------------------------- findings


class Finding(NamedTuple):
    """What is remarkable about a gradient: a word for its kind, a sentence, the values it names."""

    kind: str
    text: str
    values: tuple[Value, ...] = ()


def _findings(why: Explanation, paths: Paths) -> list[Finding]:
    """Return what is remarkable about the gradient."""
    leaf, loss, names = why.leaf, why.loss, why.names
    if not why.path_count:
        text = ": no path leads there. Was a new Value made of its data on the way?"
        if loss in {*topological_order(leaf)}:
            text = ", but the other way round: the leaf comes first, as explain(leaf, loss)"
        text = f"{names.title(loss)} does not depend on {names.title(leaf)}{text}"
        return [Finding("no path", text, (leaf,))]
    edge = None if isfinite(why.gradient) else first_not_finite(loss, within=paths.best)
    cut = {} if why.gradient else _cut(paths, names)
    if edge is not None:
        text = (
            f"The gradient is {why.gradient}: it comes from {with_line(names, edge.out)}, on the "
            f"way down to {names(edge.x)}, where {arithmetic(edge)}"
        )
        found = [Finding("not finite", text, (edge.out, edge.x))]
    elif cut:
        each = [f"{with_line(names, out)} {reason}" for out, reason in cut.items()]
        text = f"Every path is cut by a partial of 0: {_listed(each)}"
        found = [Finding("every path cut", text, tuple(cut))]
    else:
        found = [*_rounding(why, paths)]
    return [*found, *_narrow(why, paths, all_cut=bool(cut))]


def _cut(paths: Paths, names: Names) -> dict[Value, str]:
    """Return what has the partials of 0 that are met first on the ways down, and why they are 0, if
    they cut all the ways; else nothing."""
    cut, reached = [], {paths.loss}
    for out in reversed(paths.order):
        if out in reached and out is not paths.leaf:
            for i, (x, partial) in enumerate(zip(out.operands, out.partials)):
                if partial:
                    reached.add(x)
                elif x in paths.best:
                    cut.append((out, i))
    cut = [] if paths.leaf in reached else cut
    return {out: _why_zero(out, i, names) for out, i in reversed(cut)}


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


def _rounding(why: Explanation, paths: Paths) -> Iterator[Finding]:
    """Say whether the terms cancel, and whether they left the range of a float on the way."""
    total, size = paths.total, paths.size
    edges = sum(len(out.operands) for out in paths.best)
    if abs(total) < size * NEGLIGIBLE:
        text = f"The terms cancel exactly: their sizes add up to {short(size)}, the terms to 0"
        if why.gradient:
            text += f", and {why.gradient!r} is what rounding left"
        yield Finding("cancellation", text)
        return
    if size > abs(total) * Decimal(CANCELLED):
        lost = (size / abs(total)).log10()
        text = (
            f"The terms cancel: their sizes add up to {short(size)}, the terms to "
            f"{short(total)}, so that about {lost:.0f} of a float's 16 digits are lost"
        )
        yield Finding("cancellation", text)
    if not why.sum:
        text = f"The terms are too small for a float: they add up to {short(total)}"
        yield Finding("underflow", text)
    elif abs(Decimal(why.gradient) - total) > size * Decimal(2.0**-52) * (edges + 1):
        text = "Products left the range of a float on the way: the gradient is"
        yield Finding("underflow", f"{text} {why.gradient!r} in place of {why.sum!r}")


def _narrow(why: Explanation, paths: Paths, *, all_cut: bool) -> Iterator[Finding]:
    """Say which paths are cut, or nearly, by a relu that is off or a saturated activation."""
    inner = [v for v in paths.best if v is not why.leaf and v.op]
    dead = [v for v in inner if v.op and v.op.name == "relu" and v.partials[0] == 0]
    largest = {v: x for v in inner if (x := largest_partial(v))}
    saturated = [v for v, x in largest.items() if v.partials[0] / x < SATURATED]
    counts = paths.through() if dead or saturated else {}
    cut = {v: f"cuts {count(counts[v])}" for v in dead if not all_cut}  # or else it is said already
    narrow = {
        v: f"has the partial {short(v.partials[0])} of at most {largest[v]:g}" for v in saturated
    }
    for kind, what, said in (
        ("dead relu", "cut by a relu that is off, with the partial 0", cut),
        ("saturated", "nearly cut by a saturated activation", narrow),
    ):
        if said:
            n = why.path_count - paths.number(closed=said)
            share = f"{count(n)} of {many_paths(why.path_count)} {'is' if n == 1 else 'are'}"
            share = "The only path is" if why.path_count == 1 else share
            most = sorted(said, key=counts.__getitem__, reverse=True)
            operands = [short(v.operands[0].data) for v in most]
            each = [f"{with_line(why.names, v)} of {a} {said[v]}" for v, a in zip(most, operands)]
            yield Finding(kind, f"{share} {what}: {_listed(each)}", tuple(most))


def largest_partial(value: Value) -> float:
    """Return the partial at 0 of an op that saturates, as a sigmoid or a tanh does, else 0.0."""
    op = value.op
    return op.partials_at((0.0,), op.value((0.0,)))[0] if op and op.saturates else 0.0


def _listed(each: Sequence[str]) -> str:
    """Return the first of a list, and how many more there are."""
    more = f", and {len(each) - SHOWN:,} more" if len(each) > SHOWN else ""
    return ", ".join(each[:SHOWN]) + more
