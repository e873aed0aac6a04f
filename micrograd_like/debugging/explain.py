"""Say why a gradient is what it is, and where a number that is not finite came from.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> print(explain(x, x * x * y + 5 * x))
    d(+ v6)/d(x) = 17.0
    3 paths, whose products add up to 17.0, the same to the last bit.
    Each factor is the partial that leads to the value above it.
    <BLANKLINE>
      + v6 → * v4 → * v3 → x
         6 =    1 ×    2 × 3
    <BLANKLINE>
      + v6 → * v4 → * v3 → x
         6 =    1 ×    2 × 3
    <BLANKLINE>
      + v6 → * v5 → x
         5 =    1 × 5
    >>> find_nonfinite(x * y) is None
    True

A gradient is a sum over paths. A path leads from the loss down to the leaf, and its term is the
product of the partials on its edges. There may be more paths than atoms in the universe, and none
is enumerated: for every value, from the leaf up, the best k ways down to the leaf follow from those
of its operands, and so do the sums over all of them. They are carried with 50 digits and exponents
of any size: the terms neither cancel nor leave the range of a float where the engine's may.

The words: ``out`` is a value and ``x`` one of its operands, ``partial`` the number on the edge
between them; ``within`` are the values that depend on the leaf, so that all paths lead through
them; a value's number, as in ``tanh v7``, is its place in ``topological_order(loss)``.
"""

from __future__ import annotations

import math
import operator
import textwrap
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from heapq import nlargest
from itertools import chain, groupby
from math import isfinite, isinf, isnan
from typing import NamedTuple, TypeVar

from ..engine import Value, topological_order
from ..functional import gradients
from ..names import Names
from ..text import cells, clean, shorten
from .steps import Step, first_not_finite

WIDTH = 100  # of the text, in columns
SHOWN = 3  # values that a finding names
ENDS = 12  # values that are shown of either end of a long path

CANCELLED = 1e4  # times the gradient: where the sizes of the terms add up to more, it is said
SATURATED = 1e-3  # of the largest partial: where an activation lets less through, it is said

FIFTY_DIGITS = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
SIX_DIGITS = Context(prec=6, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
ZERO, ONE, INFINITE = Decimal(0), Decimal(1), Decimal("Infinity")
NEGLIGIBLE = Decimal("1e-40")  # of the terms: what is left of them where they cancel exactly

T = TypeVar("T")
Way = tuple[Decimal, int, int]  # |product| down to the leaf; which operand; which of its ways


class Finding(NamedTuple):
    """What is remarkable about a gradient: a word for its kind, a sentence, the values it names."""

    kind: str
    text: str
    values: tuple[Value, ...] = ()


class Path:
    """A way from the loss down to a leaf: its values, and the partials on the edges between them.

    ``product`` is the term that it adds to the gradient, and ``exact`` the same as a Decimal of 50
    digits, where a float would be 0 or inf.
    """

    __slots__ = ("exact", "factors", "product", "values")

    def __init__(self, values: Sequence[Value], factors: Sequence[float]) -> None:
        self.values, self.factors = tuple(values), tuple(factors)
        self.exact = _product(factors)
        self.product = float(self.exact)

    def __repr__(self) -> str:
        n = len(self.factors)
        return f"<Path of {n} edge{'s' * (n != 1)}: {_short(self.exact)}>"


class Explanation:
    """Why a gradient is what it is; ``print`` it.

    ``gradient`` is what ``backward`` computes; ``paths`` are the k largest of ``path_count``;
    ``sum`` is the sum of the products of all of them, rounded once (``exact_sum`` has 50 digits),
    and ``absolute_sum`` that of their sizes; ``findings`` say what is remarkable: cancellation,
    dead ends, a reason to be 0.
    """

    __slots__ = (
        *("absolute_sum", "exact_sum", "findings", "gradient", "leaf", "loss"),
        *("names", "others_sum", "path_count", "paths", "sum"),
    )

    def __init__(self, leaf: Value, loss: Value, k: int) -> None:
        order = topological_order(loss)
        self.leaf, self.loss, self.names = leaf, loss, Names(order)
        (self.gradient,) = gradients(loss, [leaf])
        with localcontext(FIFTY_DIGITS):
            best, total, size = _sums(order, leaf, k)
            ranks = range(len(best.get(loss, ())))
            self.paths = [_path(loss, leaf, best, rank) for rank in ranks]
            self.path_count = _count(order, loss, leaf, best)
            self.exact_sum, sizes = total.get(loss, ZERO), size.get(loss, ZERO)
            self.sum, self.absolute_sum = float(self.exact_sum), float(sizes)
            others = self.exact_sum - sum((path.exact for path in self.paths), ZERO)
            self.others_sum = ZERO if abs(others) < sizes * NEGLIGIBLE else others
            self.findings = _findings(self, order, best, sizes)

    def __repr__(self) -> str:
        return f"<Explanation of the gradient {self.gradient!r}: {_paths(self.path_count)}>"

    def __str__(self) -> str:
        blocks = [self._heading()]
        with localcontext(FIFTY_DIGITS):
            blocks += [_grid(path, self.names) for path in self.paths]
        others = self.path_count - len(self.paths)
        if others:
            blocks.append([f"and {_sum_of(others, 'other ')} {_short(self.others_sum)}"])
        blocks += [_wrapped(finding.text) for finding in self.findings]
        return "\n\n".join("\n".join(block) for block in blocks)

    def _heading(self) -> list[str]:
        leaf, loss = self.names.title(self.leaf), self.names.title(self.loss)
        lines = [f"d({loss})/d({leaf}) = {self.gradient!r}"]
        if self.path_count:
            in_range = isfinite(self.sum) and (self.sum or not self.exact_sum)
            total = repr(self.sum) if in_range else _short(self.exact_sum)
            agreement = _agreement(self.gradient, self.sum)
            lines.append(f"{_sum_of(self.path_count)} {total}{agreement}.")
            lines.append("Each factor is the partial that leads to the value above it.")
        return lines


class NonFinite:
    """Where infinities and nans come from; ``print`` it.

    ``value`` is the first value in the order of the forward pass that is not finite, or None;
    ``born`` says whether an op made it of finite operands, or it came in as a leaf. ``edge`` is the
    first edge in the order of the backward pass whose product, or what it is added up to, is not
    finite, or None.
    """

    __slots__ = ("edge", "names", "value")

    def __init__(self, value: Value | None, edge: Step | None, names: Names) -> None:
        self.value, self.edge, self.names = value, edge, names

    @property
    def born(self) -> bool:
        return self.value is not None and self.value.op is not None

    def __repr__(self) -> str:
        parts = []
        if self.value is not None:
            parts.append(f"forward from {self.names(self.value)}")
        if self.edge is not None:
            parts.append(f"backward from {self.names(self.edge.out)}")
        return f"<NonFinite: {', '.join(parts)}>"

    def __str__(self) -> str:
        lines = []
        if self.value is None:
            lines += ["Forward: every value is finite."]
        else:
            name = _with_line(self.names, self.value)
            origin = "made here, of finite operands:" if self.born else "which came in as a leaf."
            lines += [f"Forward: the first value that is not finite is {name}, {origin}", ""]
            lines += [f"  {row}" for row in _equation(self.value, self.names)]
        lines += [""]
        if self.edge is None:
            lines += ["Backward: every product of a gradient and a partial is finite."]
        else:
            out, operand = _with_line(self.names, self.edge.out), self.names(self.edge.x)
            what = "sum" if isfinite(self.edge.product) else "product"
            lines += [f"Backward: the first {what} that is not finite is on the way from"]
            lines += [f"{out} down to {operand}:", "", f"  {_arithmetic(self.edge)}"]
        return "\n".join(lines)


def explain(leaf: Value, loss: Value, k: int = 5) -> Explanation:
    """Return why the gradient of ``loss`` with respect to ``leaf``, a leaf or not, is what it is.

    Shows the ``k`` paths of the largest products by absolute value. One with a factor that is
    not finite comes before all others. Nothing's ``grad`` is read or changed.
    """
    for role, value in (("leaf", leaf), ("loss", loss)):
        if not isinstance(value, Value):
            raise TypeError(f"the {role} is {shorten(value)}: it must be a Value")
    k = operator.index(k)
    if k < 1:
        raise ValueError(f"k is {k}: at least 1 path is shown")
    return Explanation(leaf, loss, k)


def find_nonfinite(loss: Value) -> NonFinite | None:
    """Return where the first numbers that are not finite come from, or None where there are none.

    Looks at the values in the order of the forward pass, and at the gradients that `backward` would
    compute, with no ``grad`` read or changed. An infinite leaf is passed over where all that is
    made of it is finite, or is not by another operand: a bound of clamp, where a running minimum
    starts, a mask of logsumexp.
    """
    if not isinstance(loss, Value):
        raise TypeError(f"the loss is {shorten(loss)}: it must be a Value")
    order = topological_order(loss)
    # An infinite leaf is to blame for a value that is not finite if no other operand is.
    harmful = {loss}
    for out in order:
        if not all(map(isfinite, (out.data, *out.partials))):
            wrong = [x for x in out.operands if not isfinite(x.data)]
            if not any(x.op or isnan(x.data) for x in wrong):
                harmful.update(wrong)
    suspects = (value for value in order if not isfinite(value.data))
    culprits = (x for x in suspects if x.op or isnan(x.data) or x in harmful)
    value, edge = next(culprits, None), first_not_finite(loss)
    return None if value is None and edge is None else NonFinite(value, edge, Names(order))


# ---------------------------------------------------------------------------- sums over paths


def _sums(
    order: Sequence[Value], leaf: Value, k: int
) -> tuple[dict[Value, list[Way]], dict[Value, Decimal], dict[Value, Decimal]]:
    """Return for each value that depends on the leaf its k largest ways down there, and the sums of
    the products, and of their sizes, of all its ways.

    The k largest of a value are among the k largest of its operands, as a rounded product grows, or
    stays, with its factors. So that this holds, 0·inf counts as infinite where sizes are compared.
    """
    best: dict[Value, list[Way]] = {leaf: [(ONE, 0, 0)]}
    total, size = {leaf: ONE}, {leaf: ONE}
    for out in order:
        ways: list[Way] = []
        signed = unsigned = ZERO
        for i, (x, number) in enumerate(zip(out.operands, out.partials)):
            if x in best:
                partial = Decimal(number)
                length = abs(partial)
                signed += partial * total[x]
                unsigned += length * size[x]
                for j, (rest, _, _) in enumerate(best[x]):
                    finite = partial.is_finite() and rest.is_finite()
                    ways.append((length * rest if finite else INFINITE, i, j))
        if ways:
            best[out] = nlargest(k, ways, key=operator.itemgetter(0))
            total[out], size[out] = signed, unsigned
    return best, total, size


def _path(loss: Value, leaf: Value, best: dict[Value, list[Way]], rank: int) -> Path:
    """Return the way down from the loss of this rank, counted from 0."""
    values, factors = [loss], []
    while values[-1] is not leaf:
        out = values[-1]
        _, i, rank = best[out][rank]
        values.append(out.operands[i])
        factors.append(out.partials[i])
    return Path(values, factors)


def _count(
    order: Sequence[Value],
    loss: Value,
    leaf: Value,
    within: Collection[Value],
    closed: Collection[Value] = (),
) -> int:
    """Return the exact number of paths, of those that lead through no value that is closed.

    Counts downwards, and forgets a count as soon as it is passed on: they may have many digits.
    """
    counts = {loss: 1}
    for out in reversed(order):
        n = counts.pop(out, 0)
        if out is leaf:
            return n
        if n and out not in closed:
            for x in out.operands:
                if x in within:
                    counts[x] = counts.get(x, 0) + n
    return 0


def _counts_through(
    order: Sequence[Value], loss: Value, leaf: Value, within: Collection[Value]
) -> dict[Value, Decimal]:
    """Return how many paths lead through each value, to 50 digits."""
    up, down = dict.fromkeys(within, ZERO), dict.fromkeys(within, ZERO)
    up[leaf] = down[loss] = ONE
    for out in within:  # which are in the order
        up[out] += sum((up[x] for x in out.operands if x in within), ZERO)
    for out in reversed(order):
        if out in within and out is not leaf:
            for x in out.operands:
                if x in within:
                    down[x] += down[out]
    return {value: up[value] * down[value] for value in within}


def _product(factors: Iterable[float]) -> Decimal:
    product = ONE
    for factor in factors:
        product *= Decimal(factor)
    return product


# ---------------------------------------------------------------------------- findings


def _findings(
    why: Explanation, order: Sequence[Value], within: Collection[Value], size: Decimal
) -> list[Finding]:
    """Return what is remarkable about the gradient, and why it is 0 or not finite."""
    leaf, loss, names = why.leaf, why.loss, why.names
    if not why.path_count:
        text = (
            f"{names.title(loss)} does not depend on {names.title(leaf)}: no path leads there. "
            "Was a new Value made of its data on the way?"
        )
        return [Finding("no path", text, (leaf,))]
    edge = None if isfinite(why.gradient) else first_not_finite(loss, within=within)
    cut = [] if why.gradient else _cut(order, loss, leaf, within)
    if edge is not None:
        found = [_not_finite(edge, why)]
    elif cut:
        found = [_every_path_cut(cut, names)]
    else:
        found = _rounding(why, sum(len(v.operands) for v in within), size)

    through = [value for value in within if value is not leaf]
    dead = [v for v in through if _op(v) == "relu" and v.partials[0] == 0]
    saturated = [v for v in through if _share_let_through(v) < SATURATED]
    counts = _counts_through(order, loss, leaf, within) if dead or saturated else {}

    def name_most(kind: str, values: list[Value], what: str, say: Callable[[Value], str]) -> None:
        if values:
            n = why.path_count - _count(order, loss, leaf, within, {*values})
            share = f"{_count_text(n)} of {_paths(why.path_count)} {'is' if n == 1 else 'are'}"
            if why.path_count == 1:
                share = "The only path is"
            values.sort(key=counts.__getitem__, reverse=True)
            each = [
                f"{_with_line(names, v)} of {_short(v.operands[0].data)} {say(v)}" for v in values
            ]
            found.append(Finding(kind, f"{share} {what}: {_list(each)}", tuple(values)))

    if not cut:  # or else it is said already
        what = "cut by a relu that is off, with the partial 0"
        name_most("dead relu", dead, what, lambda v: f"cuts {_count_text(counts[v])}")
    name_most(
        *("saturated", saturated, "nearly cut by a saturated activation"),
        lambda v: f"has the partial {_short(v.partials[0])} of at most {largest_partial(v):g}",
    )
    return found


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
    each = [f"{_with_line(names, out)} {reason}" for out, reason in reasons.items()]
    text = f"Every path is cut by a partial of 0: {_list(each)}"
    return Finding("every path cut", text, tuple(reasons))


def _why_zero(out: Value, i: int, names: Names) -> str:
    """Say why the partial of ``out`` with respect to its i-th operand is 0."""
    name, xs = _op(out), out.operands
    a = _short(xs[i].data)
    if out.op and out.op.flat:
        return "is flat, its derivative 0"
    if name == "relu":
        return f"is off, its operand {a} not above 0"
    if out.op and out.op.saturates:
        return f"is saturated at {a}"
    if name in ("maximum", "minimum"):
        return f"takes another operand than {names(xs[i])}"
    if name == "clamp":
        return f"clamps {a}" if i == 0 else "is within its bounds"
    if name in ("mul", "sumprod", "weighted_sum"):
        half = len(xs) // 2
        return f"multiplies {names(xs[i])} by {names(xs[(i + half) % (2 * half)])}, which is 0"
    return f"has the partial 0 by {names(xs[i])} = {a}"


def _not_finite(edge: Step, why: Explanation) -> Finding:
    text = (
        f"The gradient is {why.gradient}: it comes from {_with_line(why.names, edge.out)}, on the "
        f"way down to {why.names(edge.x)}, where {_arithmetic(edge)}"
    )
    return Finding("not finite", text, (edge.out, edge.x))


def _rounding(why: Explanation, edges: int, size: Decimal) -> list[Finding]:
    """Say whether the terms cancel, and whether they left the range of a float on the way."""
    total = why.exact_sum
    if abs(total) < size * NEGLIGIBLE:
        text = (
            f"The terms cancel exactly: their sizes add up to {_short(size)}, they themselves to 0"
        )
        if why.gradient:
            text += f", and {why.gradient!r} is what rounding left"
        return [Finding("cancellation", text)]
    found = []
    if size > abs(total) * Decimal(CANCELLED):
        lost = (size / abs(total)).log10()
        text = (
            f"The terms cancel: their sizes add up to {_short(size)}, they themselves to "
            f"{_short(total)}, so that about {lost:.0f} of a float's 16 digits are lost"
        )
        found.append(Finding("cancellation", text))
    if not why.sum:
        text = f"The terms are too small for a float: they add up to {_short(total)}"
        found.append(Finding("underflow", text))
    elif abs(Decimal(why.gradient) - total) > size * Decimal(2.0**-52) * (edges + 1):
        text = (
            f"Products left the range of a float on the way: the gradient is {why.gradient!r} in "
            f"place of {why.sum!r}"
        )
        found.append(Finding("underflow", text))
    return found


def _share_let_through(value: Value) -> float:
    """Return the partial of a sigmoid or a tanh as a share of the largest it may have, else inf."""
    largest = largest_partial(value)
    return value.partials[0] / largest if largest else math.inf


def largest_partial(value: Value) -> float:
    """Return the partial at 0 of an op that saturates, as a sigmoid or a tanh does, else 0.0."""
    op = value.op
    return op.partials_at((0.0,), op.value((0.0,)))[0] if op and op.saturates else 0.0


def _op(value: Value) -> str:
    return value.op.name if value.op else ""


# ---------------------------------------------------------------------------- text


def _with_line(names: Names, value: Value) -> str:
    """Return the name, and the line of the program that made the value if it is known."""
    return f"{names(value)} ({clean(value.line)})" if value.line else names(value)


def _operand(names: Names, x: Value) -> str:
    """Return the name of an operand whose number stands beside it."""
    return f"constant {names.key(x)}" if x.constant else _with_line(names, x)


def _short(x: float | Decimal) -> str:
    """Return a number to six digits; a Decimal also where no float is so large or so small."""
    rounded = float(x)
    if isinstance(x, Decimal) and x and x.is_finite() and (not rounded or isinf(rounded)):
        return f"{SIX_DIGITS.normalize(x):g}"
    return f"{rounded + 0.0:.6g}"  # with no sign at 0


def _count_text(n: int | Decimal) -> str:
    """Return a number exactly, or to six digits where it has more than 15."""
    if n < 10**15:
        return f"{n:,}"
    if isinstance(n, Decimal):
        return _short(n)
    with localcontext(FIFTY_DIGITS):  # int to str would take long, or refuse
        shift = max(n.bit_length() - 200, 0)
        return _short(Decimal(n >> shift) * Decimal(2) ** shift)


def _paths(n: int, other: str = "") -> str:
    return f"{_count_text(n)} {other}path{'s' * (n != 1)}"


def _sum_of(n: int, other: str = "") -> str:
    return f"{_paths(n, other)}, whose product{' is' if n == 1 else 's add up to'}"


def _list(each: Sequence[str]) -> str:
    """Return the first of many words."""
    more = f", and {len(each) - SHOWN:,} more" if len(each) > SHOWN else ""
    return ", ".join(each[:SHOWN]) + more


def _agreement(gradient: float, sum_: float) -> str:
    if not isfinite(gradient) or not isfinite(sum_):
        return ""
    if gradient == sum_:
        return ", the same to the last bit"
    units = abs(gradient - sum_) / math.ulp(sum_)
    if units < 1000:
        return f", {units:.0f} unit{'s' * (units != 1)} in the last place from the gradient"
    return f", and the gradient is off by {_short(gradient - sum_)}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        f"! {text}{'' if text.endswith('?') else '.'}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _grid(path: Path, names: Names) -> list[str]:
    """Return a path as rows: the values' names, and under each the factor that leads to it.

    Under the loss stands the product. Of many equal steps, and of a long path, the middle is shown
    as one factor, so that the product is that of the factors shown.
    """
    edges = [*zip(path.values[1:], path.factors)]
    runs = [[*run] for _, run in groupby(edges, lambda edge: (_op(edge[0]), edge[1]))]
    parts = [part for run in runs for part in _without_middle([[edge] for edge in run], 1)]
    steps = [(names(path.values[0]), _short(path.exact), clean(path.values[0].line))]
    for part in _without_middle(parts, ENDS):
        value, factor = part[0]
        if len(part) == 1:
            steps.append((names(value), _short(factor), clean(value.line)))
        else:
            product = _short(_product(factor for _, factor in part))
            steps.append((f"… {len(part):,} more …", product, ""))
    widths = [max(map(cells, cell)) + 3 for cell in steps]
    groups, limit = [["", "", ""]], sum(widths) / math.ceil(sum(widths) / (WIDTH - 10))
    for n, (cell, width) in enumerate(zip(steps, widths)):
        if cells(groups[-1][0]) + width / 2 > limit:
            groups.append(["   "] * 3)
        marks = (" → ", " = " if n == 1 else " × ", "   ") if n else ("  ",) * 3
        groups[-1] = [
            row + mark + " " * (width - 3 - cells(text)) + text
            for row, mark, text in zip(groups[-1], marks, cell)
        ]
    return [row.rstrip() for rows in groups for row in rows if row.strip()]


def _without_middle(parts: list[list[T]], ends: int) -> list[list[T]]:
    """Return parts of a sequence with the middle ones joined, where there are many."""
    if len(parts) <= 3 * ends:
        return parts
    return [*parts[:ends], [*chain.from_iterable(parts[ends:-ends])], *parts[-ends:]]


def _arithmetic(edge: Step) -> str:
    """Return the step of the backward pass with its numbers."""
    if isfinite(edge.product):
        return f"{edge.before:g} + {edge.product:g} (two paths meeting) = {edge.after:g}"
    upstream, partial = f"{_short(edge.upstream)} (gradient)", f"{_short(edge.partial)} (partial)"
    return f"{upstream} × {partial} = {edge.product:g}"


def _equation(value: Value, names: Names, most: int = 8) -> list[str]:
    """Return a value and its operands as rows; of very many operands only the largest."""
    xs = value.operands
    largest = {*nlargest(most, range(len(xs)), key=lambda i: abs(xs[i].data))}
    rows = [(names(value), value)]
    rows += [(f"  {_operand(names, x)}", x) for i, x in enumerate(xs) if i in largest]
    width = max(cells(name) for name, _ in rows)
    lines = [f"{name}{' ' * (width - cells(name))} = {x.data!r}" for name, x in rows]
    return lines + ([f"  and {len(xs) - most:,} smaller ones"] if len(xs) > most else [])
