"""What the printers for other engines have in common: vectors, and a function for each row.

What you can do with it::

    >>> from micrograd_like import Value, sigmoid
    >>> x = Value(0.5, label="x")
    >>> text = sigmoid(x).program([x]).c()
    >>> print(text[text.index("static") : text.index("static void row")].strip())
    static double sigmoid(double a) {
        if (a < 0.0) {
            const double v1 = exp(a);
            return v1/(1.0 + v1);
        }
        return 1.0/(1.0 + exp(-a));
    }

"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from .form import Node
from .python import ATOM, Term, Writer, identifier
from .rows import PRIMITIVES, Function, Helper, Sized

ARITHMETIC = {ops.add, ops.sub, ops.mul, ops.div, ops.neg}


class Functions:
    """The functions that a text needs, each once, after what it calls."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: dict[Any, tuple[str, Function]] = {}
        self.texts: list[str] = []
        self.open: list[Any] = []  # that are being written


class Printer(Writer):
    """A writer of vectors, which calls a function of its own for each row."""

    form: Sized
    guards: dict[Node, Any]
    layers: tuple[()] = ()
    exact = True
    words: Sequence[str] = ()

    def __init__(self, form: Sized, results: Sequence[Node], functions: Functions) -> None:
        self.form, self.guards = form, {}  # the writer takes them from what it prints
        super().__init__(self, results)  # type: ignore[arg-type]
        self.taken |= {*self.words}
        self.functions = functions

    def name(self, node: Node) -> str:
        label = identifier(node.label)
        if not label.isascii() or label.startswith(("d_", *ops.TABLE)):
            node.label = ""  # it would hide a function
        return super().name(node)

    def expression(self, node: Node) -> Term:
        op, xs = node.op, node.xs
        if op == "select":
            return self.choice(*xs), ATOM
        if op == "item" and not xs[0].of.many:
            return self.call(xs[0].of, node.of, xs[0].xs), ATOM
        if op == "rule":
            return self.call(node.of, "all", xs), ATOM
        if isinstance(op, Helper):
            return self.call(op, "", xs), ATOM
        if op == "rint":
            return f"{self.library('rint')}({self.text(xs[0])})", ATOM
        return super().expression(node)

    def choice(self, condition: Node, yes: Node, no: Node) -> str:
        """Return the text that chooses."""
        raise NotImplementedError

    def library(self, name: str) -> str:
        """Return what the engine calls a function of C's library."""
        return name

    def _row(self, op: Any, xs: Sequence[Node]) -> Term:
        op = ops.div if op is ops.ieee_div else op
        if op in ARITHMETIC:
            return super()._row(op, xs)
        if op in PRIMITIVES:
            return f"{self.library(PRIMITIVES[op])}({', '.join(map(self.text, xs))})", ATOM
        return self.call(op, "", xs), ATOM

    def call(self, what: Any, part: int | str, xs: Sequence[Node], *more: str) -> str:
        """Return the call of a row, of its i-th partial, or of its rule."""
        lengths = tuple([self.form.length(x) for x in xs]) if what.many else ()
        key = what, part, lengths[part != "" :]
        if key not in self.functions.made:
            self._define(key)
        name, function = self.functions.made[key]
        used = [x for x, param in zip(xs, function.params) if param in function.used]
        given = [self.array(x) if what.many else self.text(x) for x in used]
        return f"{name}({', '.join([*given, *more])})"

    def array(self, x: Node) -> str:
        """Return a number or a vector whole, as an argument."""
        return self.text(x)

    def _define(self, key: Any) -> None:
        what, part, lengths = key
        function = Function(what, part, lengths, self.exact)
        words = ["d" * (part != ""), identifier(what.name) or "op", *map(str, lengths)]
        words += [str(part)] * (isinstance(part, int) and len(what.names) > 1)
        known = {name for name, _ in self.functions.made.values()} | {
            *self.words,
            self.functions.name,
        }
        name = "_".join([word for word in words if word])
        while name in known:
            name += "_"
        self.functions.made[key] = name, function
        self.functions.open.append(key)
        text = self.define(name, function, part == "all")
        self.functions.open.pop()
        self.functions.texts.append(text)

    def define(self, name: str, function: Function, several: bool) -> str:
        """Return the text of a function."""
        raise NotImplementedError
