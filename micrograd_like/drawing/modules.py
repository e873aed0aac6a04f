"""The modules that a graph's values belong to.

A module is known by its path: the names of the modules around it, outermost first, and its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..engine import Value
from ..text import clean
from .layout.layering import Group


def groups_of(values: list[Value]) -> tuple[dict[Value, Group], dict[Group, str]]:
    """Return the modules that each value belongs to, outermost first, and the modules' titles.

    The label of a parameter, and of a module's output, is a `nn.Name`: it tells. An operation
    belongs to a module if it lies between one of its parameters and its output. Where the output
    was given another label, a weighted sum of parameters still shows whose it is.
    """
    path_of = _paths()
    inside: dict[Value, Group] = {}
    made_of: dict[Value, Group] = {}  # the module one of whose parameters a value was made of
    for out in values:
        if path := path_of(out):
            inside[out] = path
        for x in out.operands:
            of = path_of(x) if x.op is None else () if x in inside else made_of.get(x)
            if of:
                made_of[out] = of
                break
        if not path and _is_neuron(out) and out in made_of:
            inside[out] = made_of[out]
    for out in reversed(values):
        if out.op is None or out not in inside:
            continue
        n = len(out.operands)
        for i, x in enumerate(out.operands):
            if x in inside:
                continue
            if x.op is None:  # a weight or the bias, that the user has relabelled
                mine = _is_neuron(out) and (i < n // 2 or i == n // 2 * 2)
            else:  # an operation on the way to the output
                mine = (x in made_of or _is_neuron(x)) and made_of.get(x) in (None, inside[out])
            if mine:
                inside[x] = inside[out]
    titles: dict[Group, str] = {}
    for path in inside.values():
        for i, (outer, name) in enumerate(zip(("", *path), path)):
            titles[path[: i + 1]] = clean(name.removeprefix(f"{outer}."), 40)
    return inside, titles


def _is_neuron(value: Value) -> bool:
    return value.op is not None and value.op.name == "weighted_sum"


def _paths() -> Callable[[Value], Group]:
    """Return a function that gives the modules in a label, with outermost ones told apart."""
    titles: dict[int, str] = {}  # of outermost modules, by the identity of their names
    counts: dict[str, int] = {}

    def path_of(value: Value) -> Group:
        path: Group = getattr(value.label, "modules", ())
        if not path:
            return ()
        if id(path[0]) not in titles:
            counts[path[0]] = n = counts.get(path[0], 0) + 1
            titles[id(path[0])] = f"{path[0]} {n}" if n > 1 else str(path[0])
        return (titles[id(path[0])], *map(str, path[1:]))

    return path_of


def label_in(value: Value, group: Group) -> str:
    """Return the label without the module's name, which the box around it has already."""
    label = str(value.label)
    if group and getattr(value.label, "modules", ()):
        label = label.removeprefix(group[-1]).removeprefix(".")
    return label


def natural_key(group: Group) -> list[str]:
    """Return a key that sorts neurons.2 before neurons.10."""
    return [re.sub(r"\d+", lambda digits: digits[0].zfill(9), name) for name in group]
