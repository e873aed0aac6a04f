"""Which values share a box, so that a graph of any size makes a drawing of at most ``limit`` boxes.

A box has a *key*: that of a value alone is v0, v1, …; that of a collapsed module is its path; and
that of many values is a number, the same for all that are alike. Modules are collapsed first, inner
ones before outer ones, and branches that are alike lie on each other; what is then still too much
goes from the middle of the graph into one box.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator
from typing import Any

from .. import ops
from ..engine import Value
from ..names import label
from ..text import shorten
from .layout.layering import Group

Key = str | Group | int

MORE = -1  # the key of values of all kinds
LIMIT = 300  # of boxes, unless the user chooses another
PAGE, FEW = 100, 50  # boxes that can be read; and so few that nothing need be done
Boxes = dict[Value, Key]


def boxes_of(
    values: list[Value],
    marked: set[Value],
    groups: dict[Value, Group],
    collapse: Any,
    limit: int,
) -> Boxes:
    """Return the key of each value's box; of keys there are at most ``limit``.

    Where the limit is 0, as the user has chosen none, there are few enough to be read, if
    collapsing modules, or drawing once what repeats, can bring that about. Parameters, and values
    that are ``marked``, are alike to no other.
    """
    parameters = {x for x in values if x.op is None and getattr(x.label, "modules", False)}
    alone = parameters | marked
    few, most = (limit, limit) if limit else (FEW, PAGE)
    limit = limit or LIMIT
    boxes: Boxes = {}
    fitting: Boxes | None = None
    for level in _levels(groups) if collapse is None else (_chosen(groups, collapse),):
        boxes = {}
        for i, value in enumerate(values):
            path = groups.get(value, ())
            boxes[value] = path[: level(path)] or f"v{i}"
        n = len(set(boxes.values()))
        alike = _alike(boxes, alone) if n > few else boxes
        fewer = len(set(alike.values()))
        if fewer <= min(few, n // 2):
            return alike
        if n <= most:
            return boxes
        if fitting is None and fewer <= limit:
            fitting = boxes if n <= limit else alike
    found = fitting or _alike(boxes, set())
    return found if len(set(found.values())) <= limit else _without_middle(found, limit)


def _levels(groups: dict[Value, Group]) -> Iterator[Callable[[Group], int]]:
    """Yield what tells how much of a path is collapsed: nothing, then more and more."""
    yield lambda path: 0
    for level in range(max(map(len, groups.values()), default=0), 0, -1):
        yield _to(level)


def _to(level: int) -> Callable[[Group], int]:
    return lambda path: level if len(path) >= level else 0


def _chosen(groups: dict[Value, Group], collapse: Any) -> Callable[[Group], int]:
    """Return the same for a level, or for names, that the user has chosen."""
    if isinstance(collapse, int) and not isinstance(collapse, bool):
        if collapse < 1:
            raise ValueError(f"collapse is {collapse}: it must be at least 1")
        return _to(collapse)
    names, known = _names(collapse), {name for path in groups.values() for name in path}
    if unknown := names - known:
        raise ValueError(
            f"collapse names {', '.join(sorted(map(shorten, unknown)))}: the graph's "
            f"modules are {', '.join(sorted(known)[:12]) or 'none'}"
        )
    return lambda path: next((i for i, name in enumerate(path, 1) if name in names), 0)


def _names(collapse: Any) -> set[str]:
    one = isinstance(collapse, str) or not hasattr(collapse, "__iter__")
    names = [collapse] if one else list(collapse)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"collapse is {shorten(name)}: it must be a level or names of modules")
    return set(names)


def _alike(boxes: Boxes, alone: set[Value]) -> Boxes:
    """Put values into one box that are made alike, and used alike.

    Two values are alike if the same op made them of operands that are alike, and if what uses them
    is alike. Labels that differ in their digits are alike, and so are the terms of a sum, wherever
    they stand in it. Values ``alone``, and those in a module's box, are alike to no other.
    """
    numbers: dict[Any, int] = {}

    def number(*about: Any) -> int:
        return numbers.setdefault(about, len(numbers))

    apart = {value: key for value, key in boxes.items() if value in alone or type(key) is tuple}
    whole = _sums(boxes, apart)
    made: dict[Value, int] = {}
    terms: dict[Value, list[int]] = {last: [] for last in whole.values()}
    for out in boxes:
        operands = [made.get(x, -1) for x in out.operands if x not in whole]
        last = whole.get(out, out)
        if last in terms:
            terms[last] += operands
            operands = sorted(terms[last])
        name = re.sub(r"\d+", "#", label(out))
        made[out] = number(apart.get(out) or (name, out.op, tuple(operands)))
    used: dict[Value, set[int]] = {}
    kinds: dict[Value, int] = {}
    together: dict[int, list[Value]] = {}
    for out in reversed(boxes):
        if out in whole:
            kinds[out] = number(kinds[whole[out]], "within")
        else:
            same = () if out in apart else frozenset(used.get(out, ()))
            kinds[out] = number(made[out], same)
        together.setdefault(kinds[out], []).append(out)
        in_order = out.op is not None and not out.op.many and not (out in whole or out in terms)
        user = kinds[whole.get(out, out)]
        for i, x in enumerate(out.operands):
            used.setdefault(x, set()).add(number(user, i if in_order else 0, "place"))
    return {
        value: kind if value not in apart and len(together[kind]) > 1 else key
        for (value, key), kind in zip(boxes.items(), map(kinds.__getitem__, boxes))
    }


def _sums(boxes: Boxes, apart: Container[Value]) -> dict[Value, Value]:
    """Return for each + within a sum the last one of that: of (a + b) + c, for the first.

    The same goes for products.
    """
    uses = Counter(x for out in boxes for x in out.operands)
    whole: dict[Value, Value] = {}
    for out in reversed(boxes):
        terms = [x for x in out.operands if x in boxes]
        if out.op in (ops.add, ops.mul) and len(terms) == 2:
            for x in terms:
                if x.op is out.op and uses[x] == 1 and x not in apart and not label(x):
                    whole[x] = whole.get(out, out)
    return whole


def _without_middle(boxes: Boxes, limit: int) -> Boxes:
    """Keep the first and the last boxes; what is between them in the order goes into one.

    No path leads out of that box and into it again. Hundreds of boxes in a row say no more than
    some dozens, so a tenth of the limit is kept.
    """
    order = list(dict.fromkeys(boxes.values()))
    most = min(limit - 1, max(30, limit // 10))
    middle = set(order[most // 2 : len(order) - (most - most // 2)])
    return {value: MORE if key in middle else key for value, key in boxes.items()}
