"""Find the values of a graph by what a user calls them.

What you can do with it::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> x = Value(0.5, label="x")
    >>> lookup = Lookup(topological_order(tanh(x * 2)), evaluate={"y": x * 3}.__getitem__)
    >>> lookup.value("x") is lookup.value("v0") is x
    True
    >>> lookup.place("op tanh")
    [Value(data=0.7615941559557649, grad=0, op=tanh)]
    >>> lookup.value("y")
    Traceback (most recent call last):
    micrograd_like.debugging.prompt.Mistake: y is not in the graph of tanh v3
"""

from __future__ import annotations

import re

from ..engine import Value
from ..names import Names, label
from .prompt import Mistake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Lookup(Names):
    """The names of a graph's values, and what has a name.

    ``order`` has the values, the root last; ``evaluate`` runs an expression of the script.
    """

    __slots__ = ("evaluate", "order")

    def __init__(self, order: list[Value], evaluate: Callable[[str], object]) -> None:
        super().__init__(order)
        self.order, self.evaluate = order, evaluate

    def value(self, text: str) -> Value:
        """Return the value that a label, a key or an expression stands for."""
        text = text.strip()
        found = self.labelled(text)
        if found is not None:
            return found
        try:
            result = self.evaluate(text)
        except Exception:
            result = None
        if not isinstance(result, Value):
            labels = [name for name in map(label, self.order) if name]
            raise Mistake(
                f"no value {text!r}: labels are {', '.join(labels[:12]) or 'not given'}"
                f"{' …' if len(labels) > 12 else ''}; `info values` lists all values"
            )
        if result not in self:
            raise Mistake(f"{text} is not in the graph of {self.title(self.order[-1])}")
        return result

    def labelled(self, text: str) -> Value | None:
        """Return the value that has this label or this key."""
        found = [value for value in self.order if value.label and str(value.label) == text]
        if len(found) > 1:
            keys = ", ".join(map(self.key, found[:8]))
            raise Mistake(f"{len(found)} values have the label {text!r}: say one of {keys}")
        found += [value for value in self.order if self.key(value) == text]
        return found[0] if found else None

    def place(self, where: str) -> list[Value]:
        """Return the values at a place: ``op NAME``, ``module NAME``, FILE:LINE or a value."""
        kind, _, name = where.partition(" ")
        name = name.strip()
        if kind == "op":
            found = [v for v in self.order if v.op and name in (v.op.name, v.op.symbol)]
            return found or _none("op", name, self.ops())
        if kind == "module":
            found = [v for v in self.order if name in _modules(v)]
            return found or _none("module", name, self.modules())
        if re.search(r":\d+$", where):
            lines = {v.line for v in self.order if v.line}
            if not lines:
                raise Mistake("no value knows its line: make the values under trace_lines()")
            found = [v for v in self.order if f"/{v.line}".endswith(f"/{where}")]
            return found or _none("value made at", where, lines)
        return [self.value(where)]

    def ops(self) -> set[str]:
        """Return the names of the ops in the graph."""
        return {v.op.name for v in self.order if v.op}

    def modules(self) -> set[str]:
        """Return the paths of the modules in the graph."""
        return {module for v in self.order for module in _modules(v)}

    def words(self) -> set[str]:
        """Return every label and every key."""
        return {str(v.label) for v in self.order if v.label} | {*map(self.key, self.order)}


def _modules(value: Value) -> list[str]:
    return [*map(str, getattr(value.label, "modules", ()))]


def _none(kind: str, name: str, known: Iterable[str]) -> list[Value]:
    has = ", ".join(sorted(known)[:20]) or "none"
    raise Mistake(f"no {kind} {name!r} in the graph: it has {has}")
