"""What a name stands for at the debugger's prompt: a value of the graph, a variable of the script.

`Lookup` finds values, and runs the Python that is typed::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> x = Value(0.5, label="x")
    >>> lookup = Lookup(topological_order(tanh(x * 2)), {"y": x * 3})
    >>> lookup.value("x") is lookup.value("v0") is x
    True
    >>> lookup.place("op tanh")
    [Value(data=0.7615941559557649, grad=0, op=tanh(1.0))]
    >>> lookup.evaluate("x.data + y.data")
    2.0
    >>> lookup.value("y")
    Traceback (most recent call last):
    micrograd_like.debugging.lookup.Mistake: y is not in the graph of tanh v3
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from ..engine import Value
from ..names import Names
from ..text import base

STRING_OR_PATH = re.compile(r"""(['"]).*?\1|[^\W\d]\w*(?:\.\w+)+""")


class Mistake(Exception):
    """A command that could not be understood, or done here."""


class Lookup(Names):
    """The names of a graph's values, and what has a name. The root is the last of the ``order``;
    the ``namespace`` has the script's variables."""

    def __init__(
        self, order: list[Value], namespace: dict[str, Any], constants: bool = False
    ) -> None:
        super().__init__(order, namespace, constants)
        self.root, self.namespace = order[-1], namespace
        self.order = [value for value in order if constants or not value.constant]
        named: dict[str, list[Value]] = {}
        for value in self.order:
            for name in {str(value.label), self.short(value)} - {""}:
                named.setdefault(name, []).append(value)
        self.values = {self.key(value): [value] for value in self.order} | named

    def named(self, name: str) -> Value | None:
        """Return the value that has this label, this name or this key."""
        found = self.values.get(name, [])
        if len(found) > 1:
            keys = ", ".join(map(self.key, found[:8]))
            raise Mistake(f"{len(found)} values have the label {name!r}: say one of {keys}")
        return found[0] if found else None

    def value(self, text: str) -> Value:
        """Return the value that a name or an expression stands for."""
        text = text.strip().removesuffix(".grad")  # a word about a value is one about its gradient
        found: object = self.named(text)
        if found is None:
            with contextlib.suppress(Exception):
                found = self.evaluate(text)
        if not isinstance(found, Value):
            known = [name for name in map(self.given, self.order) if name]
            raise Mistake(
                f"no value {text!r}: there are {', '.join(known[:12]) or 'no labels'}"
                f"{' …' if len(known) > 12 else ''}; `ll` lists all values"
            )
        if found not in self:
            raise Mistake(f"{text} is not in the graph of {self.title(self.root)}")
        return found

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
            return found or _none("value made at", where, map(base, lines))
        return [self.value(where)]

    def ops(self) -> set[str]:
        """Return the names of the ops in the graph."""
        return {v.op.name for v in self.order if v.op}

    def modules(self) -> set[str]:
        """Return the paths of the modules in the graph."""
        return {module for v in self.order for module in _modules(v)}

    # ------------------------------------------------------------------ Python

    def compiled(self, text: str, mode: str = "eval") -> CodeType:
        """Compile what was typed, in which a label may have dots, as ``layers.0.b``."""

        def of_label(match: re.Match[str]) -> str:
            name, rest = match[0], ""
            while "." in name and name not in self.values:
                name, _, last = name.rpartition(".")
                rest = f".{last}{rest}"
            return f"__value__({name!r}){rest}" if "." in name else match[0]

        return compile(STRING_OR_PATH.sub(of_label, text), "<stdin>", mode)

    def evaluate(self, expression: str | CodeType, **more: object) -> Any:
        """Evaluate an expression among the script's variables, the values' names and ``more``."""
        code = self.compiled(expression.strip()) if isinstance(expression, str) else expression
        scope = Scope(self, more)
        return eval(code, scope, scope)

    def run(self, line: str, show: Callable[[object], None]) -> None:
        """Run a line as Python's prompt does, and ``show`` what an expression is."""
        code, scope = self.compiled(f"{line}\n", "single"), Scope(self, {})
        hook, sys.displayhook = sys.displayhook, show
        try:
            exec(code, scope, scope)
        finally:
            sys.displayhook = hook


class Scope(dict[str, Any]):
    """The names of what is typed: some ``more``, the script's variables, the graph's values.

    A value's name comes before a variable that holds another Value. What is assigned is a variable.
    """

    def __init__(self, lookup: Lookup, more: dict[str, object]) -> None:
        super().__init__(more, __value__=lookup.named)
        self.lookup = lookup

    def __missing__(self, name: str) -> Any:
        variables, found = self.lookup.namespace, self.lookup.values.get(name)
        variable = variables.get(name)
        if found is None or (name in variables and not isinstance(variable, Value)):
            return variables[name]
        return variable if variable in found else self.lookup.named(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.lookup.namespace[name] = value

    def __delitem__(self, name: str) -> None:
        del self.lookup.namespace[name]


def _modules(value: Value) -> list[str]:
    return [*map(str, getattr(value.label, "modules", ()))]


def _none(kind: str, name: str, known: Iterable[str]) -> list[Value]:
    has = ", ".join(sorted(known)[:20]) or "none"
    raise Mistake(f"no {kind} {name!r} in the graph: it has {has}")
