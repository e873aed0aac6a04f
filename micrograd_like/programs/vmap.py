"""A function of numbers as one of arrays, n calls at once: `vmap`.

What you can do with it::

    >>> import numpy as np
    >>> from micrograd_like import grad, vmap
    >>> f = vmap(lambda x: x * abs(x))
    >>> f(np.array([1.0, -2.0]))
    array([ 1., -4.])
    >>> vmap(grad(lambda x: x * abs(x)))(np.array([1.0, -2.0]))
    array([2., 4.])

The function is recorded at the first row, and computed over arrays in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from ..structures import like, numbers
from ..text import shorten
from . import source
from .arrays import imported, numpy_text
from .form import COMPARED
from .jit import Jit
from .layers import Vectors


class Vmap:
    """A function of numbers as one of arrays: see `vmap`."""

    def __init__(self, f: Callable[..., Any]) -> None:
        if not callable(f):
            raise TypeError(f"vmap takes a function, not {shorten(f)}")
        update_wrapper(self, f)
        self._f, self._jit = f, Jit(f, (), False)
        self._paths: dict[str, list[Any]] = {}

    def __call__(self, *args: Any) -> Any:
        """Return what the function returns, with an array of n numbers for each of its numbers."""
        np = imported("numpy")
        columns: list[Any] = []
        first = [_first(np, x, columns) for x in args]
        lengths = {len(column) for column in columns if len(column) > 1} or {1}
        if len(lengths) > 1:
            raise ValueError(
                f"vmap takes arrays with the same number of rows, not {sorted(lengths)}"
            )
        x = np.stack(np.broadcast_arrays(*columns, np.zeros(lengths.pop()))[:-1], 1)
        key = repr(self._jit._arguments(first, {}, lambda x, name: None))
        paths = self._paths.setdefault(key, [])
        for path in paths:
            out, other = self._along(path, x)
            if not other:
                return out
        paths.insert(0, self._recorded(first))
        out, other = self._along(paths[0], x)
        if other:
            raise ValueError(
                f"vmap: {other}. Write where(condition, f, g) in place of the branch, or "
                "split the rows"
            )
        return out

    def _recorded(self, first: Sequence[Any]) -> Any:
        """Record the function at the first row, as a function of arrays."""
        recording, out = self._jit.recorded(first, {})
        vectors = Vectors(recording, numbers(out), {})
        text = numpy_text(vectors, "over_rows", each=False)
        return source.load(text, "over_rows"), vectors, first, out

    def _along(self, path: Any, x: Any) -> tuple[Any, str]:
        """Return the results on one way through the function, and what went another way."""
        function, vectors, first, out = path
        np = imported("numpy")
        with np.errstate(all="ignore"):
            leaves = np.array([p._data for p in vectors.leaves])
            y, _, asked = function(x, leaves)
        for (node, answer), found in zip(vectors.guards.items(), asked):
            answer = float(answer) if isinstance(answer, str) else answer
            other = np.flatnonzero(np.broadcast_to(found, len(x)) != answer)
            if len(other):
                name = node.xs[0].label or "a value"
                asks = (
                    f"{name} {node.op} {node.xs[1]!r}"
                    if node.op in COMPARED
                    else f"{node.op}({name})"
                )
                return None, f"{asks} is {answer} for one row, and not for row {other[0]}"
        for i in np.flatnonzero(~np.isfinite(y.sum(0))):  # an error comes as the engine has it
            row = x[i].tolist()[::-1]
            self._f(*self._jit._arguments(first, {}, lambda x, name: row.pop())[0])  # noqa: B023
        return like(out, y), ""


def vmap(f: Callable[..., Any]) -> Vmap:
    """Return a function of numbers as one of NumPy's arrays: n calls at once.

    An array has a number for each call; one of two dimensions, a list of numbers. Lists, tuples and
    dicts hold several; a float is the same for all. ValueError is raised where a branch is not
    taken by all rows alike.
    """
    return Vmap(f)


def _first(np: Any, x: Any, columns: list[Any]) -> Any:
    """Return an argument with the first row of each array, and note its columns."""
    if isinstance(x, (list, tuple)):
        return type(x)([_first(np, part, columns) for part in x])
    if isinstance(x, dict):
        return {key: _first(np, part, columns) for key, part in x.items()}
    if isinstance(x, float) or hasattr(x, "__array__"):
        array = np.asarray(x, float)
        if array.ndim < 2:
            columns.append(array.reshape(-1))
            return float(columns[-1][0])
        if array.ndim == 2:
            columns.extend(array.T)
            return array[0].tolist()
        raise ValueError(f"vmap takes arrays of one or two dimensions, not {array.ndim}")
    return x
