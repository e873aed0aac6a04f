"""A program over arrays: in NumPy, with its gradients.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> program = tanh(w * x).program(inputs=[x])
    >>> values, gradients = program.numpy()([0.25, 0.5])      # of w a row, with a number for each x
    >>> gradients.shape, program.numpy()([0.25, 0.5], reduce="sum")[1].shape
    ((1, 2), (1,))

A layer is one matrix product. A branch in a row computes both ways, and chooses.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .. import ops
from ..ops import PRODUCT, SUM
from . import source
from .batches import Batches
from .form import COMPARED, Node
from .layers import Matrix, Vectors
from .printer import Functions, Printer
from .python import ATOM, Term
from .rows import REDUCED, Function

LONG_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "fabs": "abs",
}
LONG_NAMES |= {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "pow": "power"}
ROUNDED = {"floor": "floor", "ceil": "ceil", "int": "trunc", "trunc": "trunc", "round": "round"}
AGAIN = 2  # times that a function is written into itself


class ArrayPrinter(Printer):
    """Expressions of arrays: a number has a value for each row, a vector a row of values."""

    exact = False
    np = "np"
    words = ("np", "jnp", "jax", "math", "x", "p", "y", "g", "n", "erf", "erfc", "params", "inputs")
    _wide = False

    def text(self, node: Node, tight: int = -1) -> str:
        """Return an operand; a number beside vectors has a column for all places."""
        if not self._wide or node.op == "constant" or self.form.length(node):
            return super().text(node, tight)
        self._wide = False
        text = super().text(node, ATOM)
        self._wide = True
        return f"{text}[..., None]"

    def library(self, name: str) -> str:
        if name in ("erf", "erfc"):
            return name
        return f"{self.np}.{LONG_NAMES.get(name, name)}"

    def choice(self, condition: Node, yes: Node, no: Node) -> str:
        op, xs = condition.op, condition.xs
        if no.op is ops.mul and no.xs[0] is yes and no.xs[1].of == 0.0:  # a gradient, or 0 of it
            return f"{self.text(yes, PRODUCT)}*({self.text(condition)})"
        if yes.op == "constant" and op in COMPARED[:4] and {*xs} == {yes, no}:
            bound = "maximum" if (op[0] == "<") == (xs[0] is no) else "minimum"
            return f"{self.np}.{bound}({self.text(no)}, {self.text(yes)})"  # nan stays nan
        return f"{self.np}.where({self.text(condition)}, {self.text(yes)}, {self.text(no)})"

    def call(self, what: Any, part: int | str, xs: Sequence[Node], *more: str) -> str:
        wide, self._wide = self._wide, self._wide and not what.many
        made, key = self.functions.made, (what, part, ())
        opened = self.functions.open.count(key)
        if opened >= AGAIN:
            return f"{self.np}.nan"  # what is scaled once is in range: nothing goes on from here
        if opened:  # a function that calls itself calls a second one, which does not
            made[key, "outer"] = made.pop(key)
        text = super().call(what, part, xs)
        if opened:
            made[key] = made.pop((key, "outer"))
        self._wide = wide
        return text

    def expression(self, node: Node) -> Term:
        op, xs, before = node.op, node.xs, self._wide
        self._wide = False
        if op == "at":
            return f"{self.text(xs[0], ATOM)}[..., {node.of}]", ATOM
        if op == "stack":
            return self._stack(xs), ATOM
        if op == "layer":
            bias = f" + b{node.of.name[1:]}" * node.of.biased
            return f"{self.text(xs[0], PRODUCT)} @ {node.of.name}.T{bias}", SUM
        if op == "into":
            return f"{self.text(xs[0], PRODUCT)} @ {node.of.name}", PRODUCT
        if op == "fill":
            return f"np.broadcast_to({self._column(xs[0])}, (n, {node.of}))", ATOM
        if op in REDUCED:
            start = f" + {self.text(xs[1], SUM)}" if xs[1:] and repr(xs[1].of) != "-0.0" else ""
            return f"{self.text(xs[0], ATOM)}.{op}(-1){start}", SUM if start else ATOM
        if op in ROUNDED:
            digits = f", {node.of}" if node.of else ""
            return f"{self.np}.{ROUNDED[op]}({self.text(xs[0])}{digits})", ATOM
        if op == "repr":
            return self.text(xs[0]), ATOM
        self._wide = self.form.length(node) > 0 and op != "rule"
        term = super().expression(node)
        self._wide = before
        return term

    def _column(self, x: Node) -> str:
        return self.text(x) if x.op == "constant" else f"{self.text(x, ATOM)}[..., None]"

    def _stack(self, xs: Sequence[Node]) -> str:
        texts = [self.text(x) for x in xs]
        if len(xs) == 1 and xs[0].op != "constant":
            return f"({texts[0]})[..., None]"
        base, _, first = texts[0][:-1].rpartition("[" if texts[0].startswith("p[") else " ")
        if base in ("p", "x[...,") and first.isdecimal():
            start, opened = int(first), texts[0][: -1 - len(first)]
            if texts == [f"{opened}{start + i}]" for i in range(len(xs))]:
                return f"{opened}{start}:{start + len(xs)}]"
        return f"{self.np}.stack({self.np}.broadcast_arrays({', '.join(texts)}), -1)"

    def _folds(self, node: Node) -> bool:
        if node.user.op == "rule" if node.user is not None else self.form.length(node):
            return False
        return super()._folds(node)

    def lines(self) -> list[str]:
        """Return the statements that compute the results."""
        out = []
        for node in self.order:
            if node.op in ("leaf", "constant") or (node.op == "item" and node.xs[0].of.many):
                continue
            if node.op == "rule":
                if node.of.many:
                    out.append(self.unpacked(node, len(node.xs) - 1, self.expression(node)[0]))
                continue
            term = self.expression(node)
            if self._folds(node):
                node.term = term
            else:
                out.append(f"{self.name(node)} = {term[0]}")
        return out

    def define(self, name: str, function: Function, several: bool) -> str:
        writer = type(self)(function.form, function.results, self.functions)
        params = [writer.text(x) for x in function.params if x in function.used]
        body = writer.lines()
        results = [writer.text(x) for x in function.results]
        body.append(f"return {', '.join(results)}{',' * several}")
        return function_text(name, params, body)


def function_text(name: str, params: Sequence[str], body: Sequence[str]) -> str:
    """Return the text of a function."""
    return "\n".join(
        [f"def {name}({', '.join(params)}):", *[f"    {line}" for line in body], "", ""]
    )


NUMPY_HEAD = """\
import math
from math import inf, nan

import numpy as np

erf = np.vectorize(math.erf, otypes=[float])
erfc = np.vectorize(math.erfc, otypes=[float])
"""


def numpy_text(vectors: Vectors, name: str, each: bool) -> str:
    """Return a function of rows x and leaves p, in NumPy.

    It returns the values, and the gradients of each row, or their sum, and what its guards ask.
    """
    functions = Functions(name)
    runs = vectors.runs()
    pairs = [(matrix, *pair) for matrix in vectors.matrices for pair in matrix.grads]
    grads = [x if n == 1 else x.xs[0] for _, n, x in runs]
    results = [*vectors.values, *vectors.guards, *grads, *[x for _, *pair in pairs for x in pair]]
    writer = ArrayPrinter(vectors.form, results, functions)
    writer.names |= {x: f"x[..., {i}]" for i, x in enumerate(vectors.inputs)}
    writer.names |= leaves_of(vectors)
    by_row = {*vectors.inputs}  # others are the same for all rows
    for node in writer.order:
        if any(x in by_row for x in node.xs):
            by_row.add(node)

    def rows(node: Node) -> str:
        text, m = writer.text(node, ATOM), vectors.form.length(node)
        return text if node in by_row else f"np.broadcast_to({text}, {(f'(n, {m})' if m else 'n')})"

    shape = f"({len(vectors.targets)}, n)" if each else str(len(vectors.targets))
    body = ["n = len(x)", *_matrices(vectors.matrices), *writer.lines()]
    body += [f"y, g = np.empty(({len(vectors.values)}, n)), np.zeros({shape})"]
    body += [f"y[{i}] = {writer.text(value)}" for i, value in enumerate(vectors.values)]
    for matrix, grad, x in pairs:
        body += _outer(matrix, rows(grad), rows(x), each)
    for place, n, x in runs:
        text = rows(x) if n == 1 else f"{rows(x.xs[0])}[:, {x.of}:{x.of + n}]"
        at = f"g[{place}]" if n == 1 else f"g[{place}:{place + n}]"
        body.append(f"{at} += {text}{'.T' if each else '.sum(0)'}")
    guards = "".join([f"{writer.text(guard)}, " for guard in vectors.guards])
    body.append(f"return y, g, ({guards})")
    return "\n\n".join([NUMPY_HEAD, *functions.texts, function_text(name, ["x", "p"], body)])


def leaves_of(vectors: Vectors) -> dict[Node, str]:
    """Return how single leaves are written: as numbers of p, which has them all."""
    nodes = vectors.nodes
    return {nodes[x]: f"p[{i}]" for x, i in vectors.places.items() if x in nodes}


def _matrices(matrices: Sequence[Matrix]) -> list[str]:
    """Return the statements that find the weights and biases of layers among the leaves."""
    out = []
    for matrix in matrices:
        (m, k), end = matrix.shape, matrix.offset + len(matrix.rows) * matrix.width
        out.append(f"{matrix.name} = p[{matrix.offset}:{end}].reshape({m}, {matrix.width})")
        if matrix.biased:
            out.append(
                f"{matrix.name}, b{matrix.name[1:]} = {matrix.name}[:, :{k}], {matrix.name}[:, {k}]"
            )
    return out


def _outer(matrix: Matrix, grad: str, x: str, each: bool) -> list[str]:
    """Return the statements that add the gradients of a matrix."""
    (m, k), end = matrix.shape, matrix.offset + len(matrix.rows) * matrix.width
    place = f"g[{matrix.offset}:{end}].reshape({m}, {matrix.width}{', n' * each})"
    product = f"{grad}.T[:, None] * {x}.T[None]" if each else f"{grad}.T @ {x}"
    bias = [f"{place}[:, {k}] += {grad}{'.T' if each else '.sum(0)'}"] * matrix.biased
    return [f"{place}[:, :{k}] += {product}", *bias]


def imported(name: str) -> Any:
    """Return numpy or jax; an ImportError names the extra."""
    try:
        return import_module("jax") if name == "jax" else import_module("numpy")
    except ImportError:
        raise ImportError(
            f"this needs {name}, which is not installed: pip install 'micrograd-like[{name}]'"
        ) from None


class NumPy(Batches):
    """A program over arrays: called with an array of n numbers for each input."""

    def __init__(self, program: Any, outputs: Sequence[Any] = ()) -> None:
        super().__init__(program, outputs)
        self._np = imported("numpy")
        self.source = numpy_text(self.vectors, program.name, each=True)
        self._functions = {True: source.load(self.source, program.name)}

    def __call__(self, *inputs: Any, reduce: str | None = None) -> Any:
        """Return the n values and, in the order of ``wrt``, an array of n gradients for each.

        With ``reduce="sum"`` the gradients are summed over the rows. A number that is given in
        place of an array stands for n of it.
        """
        np, k = self._np, len(self._program.inputs)
        if len(inputs) != k:
            raise TypeError(f"{self!r} takes {k} arrays, got {len(inputs)}")
        columns = [np.asarray(x, float) for x in inputs]
        if any(column.ndim > 1 for column in columns):
            raise ValueError(f"{self!r} takes arrays of one dimension")
        rows = np.empty((max([column.size for column in columns], default=1), k))
        for i, column in enumerate(columns):
            rows[:, i] = column
        y, grads = self.batch(rows, reduce)
        return np.asarray(y), np.asarray(grads) if reduce else np.stack(grads, 1)

    def _rows(self, n: int, x: bytes, p: bytes, each: bool) -> Any:
        np = self._np
        if each not in self._functions:
            name = self._program.name
            self._functions[each] = source.load(numpy_text(self.vectors, name, each), name)
        rows = np.frombuffer(x).reshape(n, len(self._program.inputs))
        with np.errstate(all="ignore"):
            y, g, guards = self._functions[each](rows, np.frombuffer(p))
            if not np.isfinite(y.sum() + g.sum()) or not all(np.all(guard) for guard in guards):
                return None
        return array("d", y.T.tobytes()), array("d", g.T.tobytes())
