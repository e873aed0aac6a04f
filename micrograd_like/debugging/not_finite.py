"""Find where the first numbers that are not finite come from, forward and backward.

What you can do with it::

    >>> from micrograd_like import Value, sqrt
    >>> x = Value(0.0, label="x")
    >>> print(find_nonfinite(sqrt(x) * 0.0))
    Forward: every value is finite.
    <BLANKLINE>
    Backward: the first product that is not finite is on the way from
    sqrt v2 down to x:
    <BLANKLINE>
      0 (gradient) × inf (partial) = nan
"""

from __future__ import annotations

from heapq import nlargest
from math import isfinite, isnan
from typing import NamedTuple

from ..drawing.notebook import as_text
from ..engine import Value, topological_order
from ..names import Names
from ..text import cells, clean, padded, printable, shorten
from .paths import short
from .steps import Step, first_not_finite


class NotFinite(NamedTuple):
    """Where infinities and nans come from; ``print`` it.

    ``value`` is the first value in the order of the forward pass that is not finite, or None;
    ``born`` says whether an op made it of finite operands; if not, it came in as a leaf. ``edge``
    is the first step of the backward pass whose product, or sum, is not finite, or None.
    """

    value: Value | None
    edge: Step | None
    names: Names

    @property
    def born(self) -> bool:
        return self.value is not None and self.value.op is not None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return as_text(self)

    def __repr__(self) -> str:
        forward = f"forward from {self.names(self.value)}" if self.value is not None else ""
        backward = f"backward from {self.names(self.edge.out)}" if self.edge else ""
        return printable(f"<NotFinite: {', '.join(filter(None, (forward, backward)))}>")

    def __str__(self) -> str:
        if self.value is None:
            lines = ["Forward: every value is finite.", ""]
        else:
            name = with_line(self.names, self.value)
            origin = "made here, of finite operands:" if self.born else "which came in as a leaf."
            lines = [f"Forward: the first value that is not finite is {name}, {origin}", ""]
            lines += [*_equation(self.value, self.names), ""]
        if self.edge is None:
            lines += ["Backward: every product of a gradient and a partial is finite."]
        else:
            out, operand = with_line(self.names, self.edge.out), self.names(self.edge.x)
            what = "sum" if isfinite(self.edge.product) else "product"
            lines += [f"Backward: the first {what} that is not finite is on the way from"]
            lines += [f"{out} down to {operand}:", "", f"  {arithmetic(self.edge)}"]
        return printable("\n".join(lines))


def find_nonfinite(loss: Value) -> NotFinite | None:
    """Return where the first numbers that are not finite come from, or None if there are none.

    Looks at the values in the order of the forward pass, and at the gradients that `backward` would
    compute; no ``grad`` is read or changed. An infinite leaf is passed over if it does no harm, as
    a bound of clamp, the start of a running minimum or a mask of logsumexp: every value made of it
    is finite, or another operand is to blame.
    """
    if not isinstance(loss, Value):
        raise TypeError(f"the loss is {shorten(loss)}: it must be a Value")
    order = topological_order(loss)
    harmful = {loss}
    for out in order:
        if not all(map(isfinite, (out.data, *out.partials))):
            wrong = [x for x in out.operands if not isfinite(x.data)]
            if not any(x.op or isnan(x.data) for x in wrong):
                harmful.update(wrong)
    suspects = (value for value in order if not isfinite(value.data))
    culprits = (x for x in suspects if x.op or isnan(x.data) or x in harmful)
    value, edge = next(culprits, None), first_not_finite(loss)
    return None if value is None and edge is None else NotFinite(value, edge, Names(order))


def _equation(value: Value, names: Names, most: int = 8) -> list[str]:
    """Return a value and its operands as rows; of very many operands only the largest."""
    xs = value.operands
    largest = sorted(nlargest(most, range(len(xs)), key=lambda i: abs(xs[i].data)))
    rows = [(names(value), value.data)]
    for x in [xs[i] for i in largest]:  # a constant's name is its number, which stands beside it
        name = f"constant {names.key(x)}" if x.constant else with_line(names, x)
        rows.append((f"  {name}", x.data))
    width = max(cells(name) for name, _ in rows)
    lines = [f"  {padded(name, width)} = {data!r}" for name, data in rows]
    return lines + ([f"    and {len(xs) - most:,} smaller ones"] if len(xs) > most else [])


def with_line(names: Names, value: Value) -> str:
    """Return a value's name, and the line of the program that made it if that is known."""
    return f"{names(value)} ({clean(value.line)})" if value.line else names(value)


def arithmetic(step: Step) -> str:
    """Return the product of a step with its numbers; if that is finite, the sum."""
    if isfinite(step.product):
        return f"{step.before:g} + {step.product:g} (two paths meeting) = {step.after:g}"
    factors = f"{short(step.upstream)} (gradient) × {short(step.partial)} (partial)"
    return f"{factors} = {step.product:g}"
