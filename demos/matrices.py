"""Matrices of floats or of Values, and layers made of them, for the demos that write with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import pairwise
from operator import add, mul, sub
from typing import Any


class Matrix:
    """Rows of numbers. ``@`` is the product; ``+``, ``-`` and ``*`` go entry by entry.

    A number is taken for a matrix full of it, and a column for a matrix of such columns.
    """

    def __init__(self, rows: Iterable[Iterable[Any]]) -> None:
        self.rows = [*map(list, rows)]

    def __matmul__(self, other: Matrix) -> Matrix:
        if len(self.rows[0]) != len(other.rows):
            raise ValueError(f"{len(self.rows[0])} columns times {len(other.rows)} rows")
        columns = other.T.rows
        return Matrix([total(map(mul, row, column)) for column in columns] for row in self.rows)

    def __add__(self, other: Matrix) -> Matrix:
        return self.with_each(add, other)

    def __sub__(self, other: Matrix) -> Matrix:
        return self.with_each(sub, other)

    def __mul__(self, other: Matrix) -> Matrix:
        return self.with_each(mul, other)

    def __rsub__(self, number: float) -> Matrix:
        return self.map(lambda entry: number - entry)

    def __rmul__(self, number: float) -> Matrix:
        return self.map(lambda entry: number * entry)

    def with_each(self, f: Callable[[Any, Any], Any], other: Matrix) -> Matrix:
        """Return what f makes of each entry and the other's."""
        columns, given = len(self.rows[0]), len(other.rows[0])
        if len(other.rows) != len(self.rows) or given not in (1, columns):
            raise ValueError(f"{len(self.rows)}×{columns} with {len(other.rows)}×{given}")
        wide = other.rows if given == columns else [row * columns for row in other.rows]
        return Matrix(map(f, row, its) for row, its in zip(self.rows, wide))

    def map(self, f: Callable[[Any], Any]) -> Matrix:
        """Return what f makes of each entry."""
        return Matrix(map(f, row) for row in self.rows)

    @property
    def T(self) -> Matrix:
        """The rows as columns."""
        return Matrix(zip(*self.rows, strict=True))

    def sums(self) -> Matrix:
        """Return the sums of the rows, as a column."""
        return Matrix([total(row)] for row in self.rows)


Matrices = Sequence[Matrix]
Layers = Sequence[tuple[Matrix, Matrix]]  # W and b, which is a column


def total(numbers: Iterable[Any]) -> Any:
    """Return the sum, from left to right; of floats, sum() rounds otherwise since Python 3.12."""
    return reduce(add, numbers)


def flat(layers: Layers) -> list[Any]:
    """Return all entries in order."""
    return [entry for layer in layers for matrix in layer for row in matrix.rows for entry in row]


def random_layers(sizes: Sequence[int], rng: random.Random) -> Layers:
    """Return layers of normal random numbers; the first size is the number of inputs."""

    def normal(rows: int, columns: int) -> Matrix:
        return Matrix([rng.gauss(0, 1) for _ in range(columns)] for _ in range(rows))

    return [(normal(n, below), normal(n, 1)) for below, n in pairwise(sizes)]


def tell(layers: Layers, outs: Matrices, error: float, deltas: Matrices, slopes: Layers) -> None:
    """Print what goes forward through three layers, and what comes back."""
    inputs, errors = ("X", "out₁", "out₂"), ("(W₂ᵀ δ₂)", "(W₃ᵀ δ₃)", "(out₃ − T)")
    print("Each column below Net, out and δ is an example: 0 0, 0 1, 1 0, 1 1.\n")
    for k, name, (w, b), below, out in zip("₁₂₃", inputs, layers, outs, outs[1:]):
        beside(f"Net{k} = W{k} {name} + b{k}", w @ below + b, f"out{k} = σ(Net{k})", out)
    print(f"E = ½ Σ (out₃ − T)² = {error:.6f}\n")
    for k, name, back, delta, (dw, db) in [*zip("₁₂₃", inputs, errors, deltas, slopes)][::-1]:
        both = Matrix(row + shift for row, shift in zip(dw.rows, db.rows))
        beside(f"δ{k} = {back} ∘ σ′{k}", delta, f"∂E/∂W{k} = δ{k} {name}ᵀ, and ∂E/∂b{k}", both)
    print(QUARTER)


QUARTER = """\
σ′ = σ(1 − σ) is largest where σ = ½: there it is ½ · ½ = ¼. (It is not ½, as the article has it.)
Each layer further back takes one more factor σ′, so slopes tend to become smaller on the way.
"""


def beside(left: str, a: Matrix, right: str, b: Matrix) -> None:
    """Print two matrices with their names, side by side."""
    print(f"  {left:40}  {right}")
    for rows in zip(a.rows, b.rows, strict=True):
        first, second = ("".join(f"{x:9.5f}" for x in row) for row in rows)
        print(f"{first:40}{second}")
    print()
