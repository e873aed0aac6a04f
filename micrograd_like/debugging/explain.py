"""Say why a gradient is what it is: the paths that it is the sum of.

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

A gradient is a sum over paths. A path leads from the loss down to the leaf, and its term is the
product of the partials on its edges: see `paths`. What is remarkable follows: see `findings`. A
value's number, as in ``tanh v7``, is its place in ``topological_order(loss)``.
"""

from __future__ import annotations

import math
import operator
import textwrap
from decimal import localcontext
from itertools import chain, groupby
from math import isfinite
from typing import TypeVar

from ..engine import Value, topological_order
from ..functional import gradients
from ..names import Names
from ..text import cells, clean, shorten
from .findings import NEGLIGIBLE, findings
from .not_finite import find_nonfinite as find_nonfinite
from .paths import (
    FIFTY_DIGITS,
    ZERO,
    Path,
    many_paths,
    path_at,
    path_count,
    product_of,
    short,
    sums,
)

COLUMNS = 100  # of the text
ENDS = 12  # values that are shown of either end of a long path

T = TypeVar("T")


class Explanation:
    """Why a gradient is what it is; ``print`` it.

    gradient        what ``backward`` computes
    path_count      how many paths there are; ``paths`` are the k largest
    sum             of the products of all paths, rounded once; ``exact_sum`` has 50 digits
    absolute_sum    of the sizes of these products
    others_sum      of the products of the paths that are not shown, to 50 digits
    findings        what is remarkable: terms that cancel, paths that are cut, why it is 0
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
            best, total, size = sums(order, leaf, k)
            ranks = range(len(best.get(loss, ())))
            self.paths = [path_at(loss, leaf, best, rank) for rank in ranks]
            self.path_count = path_count(order, loss, leaf, best)
            self.exact_sum, sizes = total.get(loss, ZERO), size.get(loss, ZERO)
            self.sum, self.absolute_sum = float(self.exact_sum), float(sizes)
            others = self.exact_sum - sum((path.exact for path in self.paths), ZERO)
            self.others_sum = ZERO if abs(others) < sizes * NEGLIGIBLE else others
            self.findings = findings(self, order, best, sizes)

    def __repr__(self) -> str:
        return f"<Explanation of the gradient {self.gradient!r}: {many_paths(self.path_count)}>"

    def __str__(self) -> str:
        blocks = [self._heading()]
        with localcontext(FIFTY_DIGITS):
            blocks += [_grid(path, self.names) for path in self.paths]
        others = self.path_count - len(self.paths)
        if others:
            blocks.append([f"and {_sum_of(others, 'other ')} {short(self.others_sum)}"])
        blocks += [_wrapped(finding.text) for finding in self.findings]
        return "\n\n".join("\n".join(block) for block in blocks)

    def _heading(self) -> list[str]:
        leaf, loss = self.names.title(self.leaf), self.names.title(self.loss)
        lines = [f"d({loss})/d({leaf}) = {self.gradient!r}"]
        if self.path_count:
            in_range = isfinite(self.sum) and (self.sum or not self.exact_sum)
            total = repr(self.sum) if in_range else short(self.exact_sum)
            agreement = _agreement(self.gradient, self.sum)
            lines.append(f"{_sum_of(self.path_count)} {total}{agreement}.")
            lines.append("Each factor is the partial that leads to the value above it.")
        return lines


def explain(leaf: Value, loss: Value, k: int = 5) -> Explanation:
    """Return why the gradient of ``loss`` with respect to ``leaf``, a leaf or not, is what it is.

    Shows the ``k`` paths whose products are largest in size; one with a factor that is not finite
    comes before all others. No ``grad`` is read or changed.
    """
    for role, value in (("leaf", leaf), ("loss", loss)):
        if not isinstance(value, Value):
            raise TypeError(f"the {role} is {shorten(value)}: it must be a Value")
    k = operator.index(k)
    if k < 1:
        raise ValueError(f"k is {k}: at least 1 path is shown")
    return Explanation(leaf, loss, k)


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


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        f"! {text}{'' if text.endswith('?') else '.'}",
        COLUMNS,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _grid(path: Path, names: Names) -> list[str]:
    """Return a path as rows: the values' names, and under each the factor that leads to it.

    The product stands under the loss. The middle of many equal steps, and of a long path, is shown
    as one factor, so that the factors shown multiply to the product.
    """
    edges = [*zip(path.values[1:], path.factors)]
    runs = [[*run] for _, run in groupby(edges, lambda edge: (edge[0].op, edge[1]))]
    parts = [part for run in runs for part in _without_middle([[edge] for edge in run], 1)]
    steps = [(names(path.values[0]), short(path.exact), clean(path.values[0].line))]
    for part in _without_middle(parts, ENDS):
        value, factor = part[0]
        if len(part) == 1:
            steps.append((names(value), short(factor), clean(value.line)))
        else:
            product = short(product_of(factor for _, factor in part))
            steps.append((f"… {len(part):,} more …", product, ""))
    widths = [max(map(cells, cell)) + 3 for cell in steps]
    groups, limit = [["", "", ""]], sum(widths) / math.ceil(sum(widths) / (COLUMNS - 10))
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
    """Return the parts of a sequence; if there are many, with the middle ones joined."""
    if len(parts) <= 3 * ends:
        return parts
    return [*parts[:ends], [*chain.from_iterable(parts[ends:-ends])], *parts[-ends:]]
