"""The modules that a graph's values belong to, and which of them a drawing shows as one box each.

A module is known by its path: the names of the modules around it, outermost first, and its own. A
``box`` is what is drawn: a value's own, named v0, v1, …, or that of a collapsed module, its path.
"""

from __future__ import annotations

from ..engine import Value
from ..text import clean, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .picture import Group


def groups_of(values: list[Value]) -> tuple[dict[Value, Group], dict[Group, str]]:
    """Return the modules that each value belongs to, outermost first, and the modules' titles.

    A parameter is its module's by its label, which is a `nn.Name`, and so is a module's output. An
    operation belongs to a module if it lies between one of its parameters and its output. Where the
    output was given another label, a weighted sum of parameters still shows whose it is.
    """
    named: dict[Value, Group] = {}
    outermost: dict[int, str] = {}
    kinds: dict[str, int] = {}

    def modules(value: Value) -> Group:
        path: Group = getattr(value.label, "modules", ())
        if not path:
            return ()
        if id(path[0]) not in outermost:
            kinds[path[0]] = n = kinds.get(path[0], 0) + 1
            outermost[id(path[0])] = f"{path[0]} {n}" if n > 1 else str(path[0])
        return (outermost[id(path[0])], *map(str, path[1:]))

    made_of: dict[Value, Group] = {}  # the module one of whose parameters a value was made of
    for out in values:
        path = modules(out)
        if path:
            named[out] = path
        for x in out.operands:
            of = modules(x) if x.op is None else () if x in named else made_of.get(x)
            if of:
                made_of[out] = of
                break
        if not path and out.op and out.op.name == "weighted_sum" and out in made_of:
            named[out] = made_of[out]
    inside = dict(named)
    for out in reversed(values):
        if out.op is None or out not in inside:
            continue
        fused = out.op.name == "weighted_sum"
        n = len(out.operands)
        for i, x in enumerate(out.operands):
            if x in inside:
                continue
            if x.op is None:  # a weight or the bias, which the user has given a label of its own
                mine = fused and (i < n // 2 or i == n // 2 * 2)
            else:  # an operation on the way to the output
                mine = made_of.get(x, inside[out]) == inside[out] and (
                    x in made_of or x.op.name == "weighted_sum"
                )
            if mine:
                inside[x] = inside[out]
    titles: dict[Group, str] = {}
    for value in values:
        path = inside.get(value, ())
        for i in range(len(path)):
            outer = f"{path[i - 1]}." if i else ""
            titles[path[: i + 1]] = clean(path[i].removeprefix(outer), 40)
    return inside, titles


def sizes_of(groups: dict[Value, Group]) -> dict[Group, tuple[int, int]]:
    """Return how many leaves and how many operations each module holds, those inside it too."""
    sizes: dict[Group, tuple[int, int]] = {}
    for value, path in groups.items():
        for i in range(len(path)):
            leaves, operations = sizes.get(path[: i + 1], (0, 0))
            leaf = value.op is None
            sizes[path[: i + 1]] = leaves + leaf, operations + (not leaf)
    return sizes


def boxes_of(
    values: list[Value], groups: dict[Value, Group], collapse: Any, limit: int
) -> dict[Value, str | Group]:
    """Return each value's box: its own, named v0, v1, …, or that of a collapsed module."""
    own = {value: f"v{i}" for i, value in enumerate(values)}

    def at(level: int) -> dict[Value, str | Group]:
        def box(value: Value) -> str | Group:
            path = groups.get(value, ())
            return path[:level] if len(path) >= level else own[value]

        return {value: box(value) for value in values}

    if isinstance(collapse, int) and not isinstance(collapse, bool):
        if collapse < 1:
            raise ValueError(f"collapse is {collapse}: it must be at least 1")
        return at(collapse)
    if collapse is not None:
        names = {collapse} if isinstance(collapse, str) else set(_strings("collapse", collapse))
        known = {name for path in groups.values() for name in path}
        if not names <= known:
            raise ValueError(
                f"collapse names {', '.join(sorted(map(shorten, names - known)))}: the graph's "
                f"modules are {', '.join(sorted(known)[:12]) or 'none'}"
            )
        boxes: dict[Value, str | Group] = {}
        for value in values:
            path = groups.get(value, ())
            cuts = [i for i, name in enumerate(path) if name in names]
            boxes[value] = path[: cuts[0] + 1] if cuts else own[value]
        return boxes
    all_of_it: dict[Value, str | Group] = {**own}
    if len(values) <= limit:
        return all_of_it
    for level in range(max(map(len, groups.values()), default=0), 0, -1):
        boxes = at(level)
        if len(set(boxes.values())) <= limit:
            return boxes
    return all_of_it


def label_in(value: Value, group: Group) -> str:
    """Return the label, without the module's name that the box around it has already."""
    label = str(value.label)
    if group and getattr(value.label, "modules", ()):
        label = label.removeprefix(group[-1]).removeprefix(".")
    return label


def naturally(group: Group) -> list[list[tuple[int, str]]]:
    """Return a key that sorts neurons.2 before neurons.10."""
    return [
        [
            (int(part), "") if part.isdecimal() and len(part) < 10 else (-1, part)
            for part in name.split(".")
        ]
        for name in group
    ]


def _strings(name: str, values: Any) -> list[str]:
    strings = list(values) if hasattr(values, "__iter__") else [values]
    for value in strings:
        if not isinstance(value, str):
            raise TypeError(f"{name} is {shorten(value)}: it must be a level or names of modules")
    return strings
