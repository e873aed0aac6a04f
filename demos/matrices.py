"""Matrices as lists of rows, of floats or of Values, for the demos that write with them."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

Matrix = list[list[Any]]


def times(a: Matrix, b: Matrix) -> Matrix:
    """Return the product of two matrices."""
    columns = transposed(b)
    return [[total(map(mul, row, column)) for column in columns] for row in a]


def total(numbers: Iterable[Any]) -> Any:
    """Return the sum, from left to right; of floats, sum() rounds otherwise since Python 3.12."""
    return reduce(add, numbers)


def transposed(a: Matrix) -> Matrix:
    """Return rows as columns."""
    return [list(column) for column in zip(*a, strict=True)]


def each(f: Callable[..., Any], *matrices: Matrix) -> Matrix:
    """Apply a function entry by entry."""
    return [list(map(f, *rows)) for rows in zip(*matrices, strict=True)]


def flat(layers: Sequence[Sequence[Matrix]]) -> list[Any]:
    """Return all entries in order."""
    return [entry for layer in layers for matrix in layer for row in matrix for entry in row]
