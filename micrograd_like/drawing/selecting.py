"""Which values of a graph a drawing shows, and in what order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..engine import Value, topological_order
from ..text import shorten

MOST_LOOKED_AT = 100_000  # values, or the limit of a drawing if that is more


class Selection(NamedTuple):
    """What a drawing shows of a graph, operands first."""

    found: list[Value]  # what was looked at
    shown: list[Value]
    cut: dict[Value, int]  # how many operands of a shown value ``levels`` leaves out
    folded: set[Value]  # constants that are written in the op that they enter


def select(
    roots: Sequence[Value],
    limit: int,
    between: Any = None,
    levels: int | None = None,
    keep: Callable[[Value], object] | None = None,
    constants: bool = False,
) -> Selection:
    """Choose the values to show, by the options of `graph.Graph`."""
    most = max(limit, MOST_LOOKED_AT)
    advice = "draw what is near the root (levels=3), or set a larger limit"
    found = shown = values_below(roots, most, advice, levels)
    if between is not None:
        try:
            starts, ends = map(values_of, between)
        except (TypeError, ValueError):
            must = "it must be a pair (xs, ys) of a Value or several"
            raise TypeError(f"between is {shorten(between)}: {must}") from None
        shown = _between(shown, set(starts), set(ends))
        if not shown:
            raise ValueError("between: no path leads from any of the xs to any of the ys")
    if keep is not None:
        shown = [value for value in shown if keep(value)]
        if not shown:
            raise ValueError("keep is true for no value of the graph: there is nothing to draw")
    uses = Counter(x for out in found for x in out.operands if x.constant)
    folded = {x for x, count in uses.items() if count == 1 and x not in roots and not constants}
    near = folded.union(found)
    cut = {out: sum(x not in near for x in out.operands) for out in shown}
    return Selection(found, shown, {out: count for out, count in cut.items() if count}, folded)


def values_below(
    roots: Sequence[Value], most: float = math.inf, advice: str = "", levels: int | None = None
) -> list[Value]:
    """Return the values below the roots, at most ``levels`` edges away, in topological order.

    Raise ValueError, with the advice, if there are more than ``most``.
    """
    found, new = set(roots), set(roots)
    depth = 0
    while new and depth != levels:
        new = {x for out in new for x in out.operands} - found
        found |= new
        depth += 1
        if len(found) > most:
            raise ValueError(f"the graph has more than {most:,} values: {advice}")
    if levels is None:
        return _in_order(roots)
    # The engine knows the order of whole graphs: make one of what was found, without the rest.
    copies = {value: Value(0.0) for value in found}
    for value, copy in copies.items():
        if value.op is not None:
            copy._a = tuple([copies[x] for x in value.operands if x in found])
    originals = {copy: value for value, copy in copies.items()}
    return [originals[copy] for copy in _in_order([copies[root] for root in roots])]


def _in_order(roots: Sequence[Value]) -> list[Value]:
    """Return what is below several roots, in the order in which a node made of them would be."""
    above = Value(0.0)
    above._a = tuple(roots)
    return topological_order(above)[:-1]


def _between(values: list[Value], after: set[Value], before: set[Value]) -> list[Value]:
    """Return the values on a path from one of ``after`` to one of ``before``."""
    for out in values:
        if not after.isdisjoint(out.operands):
            after.add(out)
    for out in reversed(values):
        if out in before:
            before.update(out.operands)
    return [value for value in values if value in after and value in before]


def values_of(values: Value | Iterable[Value]) -> list[Value]:
    """Return one Value or several as a list."""
    found = [values] if isinstance(values, Value) else list(values)
    for value in found:
        if not isinstance(value, Value):
            raise TypeError(f"{shorten(value)} is not a Value")
    return found
