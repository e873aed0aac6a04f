"""A program over many rows at once: what `program.native()` and `program.numpy()` have in common.

What you can do with it::

    >>> from micrograd_like import Value, nn
    >>> from micrograd_like.programs.arrays import NumPy
    >>> model, xs, t = nn.MLP(2, [4, 1], init=0.5), [Value(0.0), Value(0.0)], Value(0.0)
    >>> score = model(xs)
    >>> program = ((score - t) ** 2).program([*xs, t], model.parameters())
    >>> step = NumPy(program, [score]).step               # what a training loop calls for a batch
    >>> outputs, losses, sums = step([[1.0, -1.0, 1.0], [0.5, 2.0, 0.0]])
    >>> len(outputs), len(losses), len(sums)
    (2, 2, 17)
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from struct import Struct, pack
from typing import Any

from .. import ops
from ..engine import Value
from ..text import shorten
from .layers import Vectors

MASK = -1e300  # added to a score: its share is 0


class Batches:
    """A program, called like it, or of a batch of rows; ``outputs`` are other values of its graph.

    Where a row's numbers are not finite, the engine computes it: it raises what the engine raises.
    """

    source: str

    def __init__(self, program: Any, outputs: Sequence[Value] = ()) -> None:
        self._program, self._extra = program, [*outputs]
        rank = {x: i for i, x in enumerate(program.wrt)}
        roots = [program._root, *outputs]
        self.vectors = Vectors(program._recorded, roots, rank)
        self.vectors.gradients(program.wrt)
        self.n_outputs = len(roots)
        self.leaves = self.vectors.leaves
        self._pack = Struct(f"{len(self.leaves)}d").pack
        self._places = [self.vectors.targets[x] for x in program.wrt]
        self._in_order = self._places == [*range(len(self.vectors.targets))]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._program!r}>"

    def __call__(self, *inputs: float) -> tuple[float, list[float]]:
        """Return the value and its gradients at these inputs, as the program does."""
        (value,), grads = self.batch([inputs], reduce="sum")
        return value, grads.tolist()

    def batch(self, rows: Sequence[Sequence[float]], reduce: str | None = None) -> Any:
        """Return the values of rows of inputs, and for each row its gradients, as arrays of floats.

        With ``reduce="sum"``, the gradients are summed over the rows: one array. What has two
        dimensions and holds floats, as an array of NumPy, is taken at once.
        """
        if reduce not in (None, "sum"):
            raise ValueError(f'reduce is None or "sum", not {shorten(reduce)}')
        n, x = self._flat(rows)
        y, grads = self._run(n, x, reduce is None)
        return y[:: self.n_outputs], grads if reduce is None else grads[0]

    def step(
        self, rows: Sequence[Sequence[float]], numbers: Any = None
    ) -> tuple[list[array[float]], array[float], array[float]]:
        """Return the outputs of each row, the value of each, and the sums of the gradients.

        ``numbers``, an array of floats, are computed with in place of those of ``leaves``, which
        take them only where the engine has to run.
        """
        n, x = self._flat(rows)
        y, (sums,) = self._run(n, x, each=False, numbers=numbers)
        m = self.n_outputs
        return [y[i * m + 1 : i * m + m] for i in range(n)], y[::m], sums

    def _flat(self, rows: Any) -> tuple[int, bytes]:
        """Return the number of rows, and the numbers of all as C has them."""
        k = len(self._program.inputs)
        if not isinstance(rows, (list, tuple)):
            view = memoryview(rows)
            if view.format == "d" and view.shape == (len(rows), k):
                return len(rows), view.tobytes()
        if {*map(len, rows)} - {k}:
            raise TypeError(f"{self!r} takes rows of {k} numbers, not {shorten(rows)}")
        flat = [x if type(x) is float else ops.as_float(x) for row in rows for x in row]
        return len(rows), pack(f"{len(flat)}d", *flat)

    def _run(
        self, n: int, x: bytes, each: bool, numbers: Any = None
    ) -> tuple[array[float], list[array[float]]]:
        """Return the outputs of all rows, flat, and the gradients: of each row, or their sum."""
        given = [x._data for x in self.leaves] if numbers is None else memoryview(numbers).tolist()
        if len(given) != len(self.leaves):
            raise ValueError(f"there are {len(given)} numbers for {len(self.leaves)} leaves")
        p = self._pack(*given)
        if (found := self._rows(n, x, p, each)) is not None:
            y, g = found
            size = len(self.vectors.targets)
            parts = [g[i * size : i * size + size] for i in range(n)] if each else [g]
            return y, [*map(self._ordered, parts)]
        if numbers is not None:
            for leaf, number in zip(self.leaves, given):
                leaf._data = number
        size, outputs, grads = len(x) // n, array("d"), list[Any]()
        for row in [x[i * size : i * size + size] for i in range(n)]:
            if (found := self._rows(1, row, p, False)) is None:
                y, g = self._program._again([*array("d", row)], self._extra)
            else:
                y, g = found[0], self._ordered(found[1])
            outputs.extend(y)
            grads.append(array("d", g))
        sums = [reduce(add, column, 0.0) for column in zip(*grads)]
        return outputs, grads if each else [array("d", sums)]

    def _ordered(self, g: array[float]) -> array[float]:
        """Return the gradients of the leaves as those of ``wrt``, in their order."""
        if self._in_order:
            return g
        return array("d", [g[i] for i in self._places])

    def _rows(
        self, n: int, x: bytes, p: bytes, each: bool
    ) -> tuple[array[float], array[float]] | None:
        """Return outputs and gradients of the leaves, flat; None if any is not finite."""
        raise NotImplementedError


def class_loss(scores: Sequence[Value]) -> tuple[Value, list[Value], Callable[[int], list[float]]]:
    """Return the cross-entropy of scores, inputs that tell the class, and their numbers for one.

    It is `losses.cross_entropy`, to the bit, as a graph that serves every class.
    """
    picks = [Value(float(not i), f"is{i}") for i in range(len(scores))]
    masks = [Value(MASK * (not i), f"mask{i}") for i in range(len(scores))]
    picked = ops.sumprod(*scores, *picks)
    loss = -ops.log_softmax(picked, *map(ops.add, scores, masks))

    def numbers(target: int) -> list[float]:
        chosen = [float(i == target) for i in range(len(scores))]
        return [*chosen, *[MASK * x for x in chosen]]

    return loss, [*picks, *masks], numbers
