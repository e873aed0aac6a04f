"""A recorded graph as a function of floats: `Value.program`.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> program = tanh(w * x).program(inputs=[x])
    >>> program(0.25)                              # the value, and the gradient of w
    (-0.46211715726000974, [0.19661193324148185])
    >>> w.data = 0.0                               # what is no input is read at each call
    >>> program(0.25)
    (0.0, [0.25])

A program has the bits of the engine. Where it comes to an exception, or to what is not finite, the
engine runs in its place: so every error is the engine's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from math import isfinite
from operator import add
from typing import Any

from .. import files
from ..collector import collector_paused
from ..engine import Value, topological_order
from ..functional import gradients
from ..ops import as_float
from ..text import shorten
from . import loops, lowering, python, source
from .lowering import Lowered
from .recording import Recording, user_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arrays import NumPy
    from .native import Native

LARGEST = 1_000_000  # operations
LONGEST_LINES = 10_000  # gradients: of more, dense layers become loops over their neurons


def program(
    y: Value,
    inputs: Iterable[Value] = (),
    wrt: Iterable[Value] | None = None,
    *,
    name: str = "",
    debug: bool = False,
    reassociate: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Program:
    """Return the graph of ``y`` and its gradients with respect to ``wrt`` as a `Program`.

    ``inputs`` are leaves whose numbers its calls give; all others are read anew at each call.
    Without ``wrt``, gradients are those of the leaves with a label that are no inputs. What has no
    label is called as the caller's ``variables``. ``debug`` runs the text from a real file, which
    any debugger steps through. ``reassociate`` gives last bits away for speed. ValueError is raised
    for what is no leaf of the graph.
    """
    order = topological_order(y)
    leaves = dict.fromkeys(x for x in order if x.op is None and not x.constant)
    given = _leaves("an input", inputs, leaves)
    labelled = [x for x in leaves if x.label and x not in {*given}]
    others = labelled if wrt is None else _leaves("wrt", wrt, leaves)
    known = user_frame(sys._getframe(1)).f_locals if variables is None else variables
    names: dict[Value, str] = {}  # the first variable of each; those of notebooks are _, _1, …
    for variable, x in known.items():
        if isinstance(x, Value) and not x.label and not variable.startswith("_"):
            names.setdefault(x, variable)
    with collector_paused():
        return Program(order, given, others, names, name, debug, reassociate)


def _leaves(role: str, xs: Value | Iterable[Value], leaves: Container[Value]) -> list[Value]:
    """Return ``xs`` in a list, if they are leaves of the graph, each once."""
    found = [xs] if isinstance(xs, Value) else [*xs]
    for x in found:
        if not isinstance(x, Value) or x not in leaves:
            raise ValueError(f"{role} of a program is a leaf of its graph, not {shorten(x)}")
    if len({*found}) < len(found):
        raise ValueError(f"{role} of a program is given twice")
    return found


class Program:
    """The value of a graph and its gradients, as a function of floats.

    ``program(*inputs)`` returns ``(value, [gradients])``, of the Values ``wrt``; ``source`` is its
    text. `program` and `Value.program` make one.
    """

    def __init__(
        self,
        order: Sequence[Value],
        inputs: Sequence[Value],
        wrt: Sequence[Value],
        names: Mapping[Value, str],
        name: str,
        debug: bool,
        reassociate: bool,
    ) -> None:
        recorded = self._recorded = Recording()
        recorded.events += [(v, v.op, v.operands) for v in order if v.op is not None]
        recorded.inputs += inputs
        recorded.names.update(names)
        refuse_large(len(recorded.events))
        self._root, self.inputs, self.wrt, self._debug = order[-1], [*inputs], [*wrt], debug
        layers = loops.layers(order, {*wrt}) if len(wrt) > LONGEST_LINES else []
        rows = [p for layer in layers for row in layer.rows for p in row]
        lowered = self._lowered = Lowered(recorded, layers, reassociate)
        lowered.values = [lowered.node(self._root)]
        apart = {*rows, *inputs}
        self._leaves = [
            x for x in order if x.op is None and x not in apart and lowered.nodes[x].op == "leaf"
        ]
        self._rows = [layer.rows for layer in layers]
        lowered.arguments = [*lowered.inputs, *map(lowered.node, self._leaves)]
        lowered.arguments += [layer.leaf for layer in layers]
        in_rows = {*rows}
        lines = [x for x in wrt if x not in in_rows]
        lowered.grads = lowered.gradients(order, wrt, lines)
        found = [*lines, *[p for layer in layers for row in layer.rows[::-1] for p in row]]
        places = {x: i for i, x in enumerate(found)}
        self._places = [places[x] for x in wrt] if layers else None
        lowered.wrt = [lowered.nodes[x] for x in lines] + [layer.leaf for layer in layers]
        self.name = python.function_name(name or lowering.label(recorded, self._root))
        self.source = python.straight(lowered, self.name)
        self._function = source.load(self.source, self.name, debug)
        self._over_rows: Any = None

    def __repr__(self) -> str:
        counts = f"{len(self._recorded.events)} operations, {len(self.wrt)} gradients"
        return f"<Program {self.name} of {len(self.inputs)} inputs: {counts}>"

    def __call__(self, *inputs: float) -> tuple[float, list[float]]:
        """Return the value and its gradients at these inputs, and at the other leaves' numbers."""
        if len(inputs) != len(self.inputs):
            raise TypeError(f"{self!r} takes {len(self.inputs)} numbers, got {len(inputs)}")
        xs = inputs if {*map(type, inputs)} <= {float} else [*map(as_float, inputs)]
        try:
            value, grads = self._function(*xs, *self._numbers())
            if isfinite(value + sum(grads)):
                return value, [grads[i] for i in self._places] if self._places else grads
        except (ArithmeticError, ValueError, source.Branch):
            pass
        (value,), grads = self._again(xs)
        return value, grads

    def sum(self, rows: Iterable[Sequence[float]]) -> tuple[float, list[float]]:
        """Return the sum of the values, and of the gradients, over rows of inputs: in one loop."""
        rows = [*rows]
        if not {*map(type, chain.from_iterable(rows))} <= {float}:
            rows = [[*map(as_float, row)] for row in rows]
        if self._over_rows is None and not self._rows:
            text = python.over_rows(self._lowered, self.name)
            self._over_rows = source.load(text, self.name, self._debug)
        if self._over_rows:
            try:
                total, sums = self._over_rows(rows, *self._numbers())
                if isfinite(total + sum(sums)):
                    return total, sums
            except (ArithmeticError, ValueError, source.Branch):
                pass
        total, sums = 0.0, [0.0] * len(self.wrt)
        for row in rows:
            value, grads = self(*row)
            total, sums = total + value, [*map(add, sums, grads)]
        return total, sums

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a Python file that runs without this package, whole or not at all.

        Its function takes the leaves that are no inputs, too, with their present numbers as
        defaults. Raises ValueError if the text of a function that it needs is not to be had.
        """
        text = python.straight(self._lowered, self.name, self._numbers())
        files.write_whole(path, source.standalone(text))

    def _numbers(self) -> list[Any]:
        """Return the present numbers of the leaves: of layers, in rows."""
        rows = [[tuple([p._data for p in row]) for row in layer] for layer in self._rows]
        return [*[x._data for x in self._leaves], *rows]

    def _again(self, xs: Sequence[float], more: Sequence[Value] = ()) -> tuple[Any, list[float]]:
        """Return the value, and those of ``more`` values of the graph, and the gradients, as the
        engine computes them: errors are its own."""
        made = {x: Value(data, x.label) for x, data in zip(self.inputs, xs)}
        for out, op, operands in self._recorded.events:
            made[out] = op(*[made.get(x, x) for x in operands])
            made[out].label = out.label
        grads = gradients(made[self._root], [made.get(x, x) for x in self.wrt])
        return [made.get(x, x)._data for x in (self._root, *more)], grads

    # ------------------------------------------------------------------ for other engines

    def c(self) -> str:
        """Return the program as C99: a function of n rows. `native` compiles it."""
        from . import batches, c

        return c.source_of(self, batches.Batches(self).vectors)[1]

    def native(self) -> Native:
        """Return the program as compiled C, by $CC or else cc: called like it, and in batches.

        Raises RuntimeError if there is no compiler.
        """
        from .native import Native

        return Native(self)

    def numpy(self) -> NumPy:
        """Return the program over arrays: called with an array of n numbers for each input."""
        from .arrays import NumPy

        return NumPy(self)

    def jax(self) -> Any:
        """Return the value as a function ``f(params, *inputs)`` in JAX.

        ``f.params`` are the present numbers: those of each layer, w and b, and of the others. They
        are of float32, as JAX has it, unless jax_enable_x64 is set. JAX differentiates it.
        """
        from .jax_printer import jax_function

        return jax_function(self)

    def update(self, params: Mapping[str, Any]) -> None:
        """Set the leaves to numbers as `jax` has them; ValueError unless all shapes are right."""
        from .jax_printer import update

        update(self, params)


def refuse_large(n: int) -> None:
    """Raise ValueError for a graph of more operations than Python compiles in good time."""
    if n > LARGEST:
        raise ValueError(
            f"a graph of {n:,} operations is too large for a program: {LARGEST:,} at most. Make "
            "one of a single example, and call its `sum` over the rows"
        )
