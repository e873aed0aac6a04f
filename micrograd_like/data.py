"""Make, read, scale, split and batch small data sets.

What you can do with it::

    rng = random.Random(1)
    train, held_out = split(moons(300, noise=0.1, rng=rng), 1 / 3, rng)
    scale = Standardiser(train)                         # fitted on the training part ...
    train, held_out = scale(train), scale(held_out)     # ... and applied to both
    for batch in batches(train, 20, rng):
        for inputs, target in batch:
            ...

A data set is a list of rows, and the same seed gives the same one.

The short names: a ``row`` is a pair of ``inputs``, a list of floats, and ``target``, the number of
its class, or a number to predict. ``n`` counts rows, ``noise`` is the standard deviation of
Gaussian noise on every input, ``rng`` is a ``random.Random`` to draw from, or an int seed.
"""

import csv
import gzip
import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from reprlib import repr as brief
from typing import Any, TypeVar, overload

__all__ = ["Standardiser", "batches", "circles", "moons", "read_csv", "spirals", "split", "xor"]

Row = tuple[list[float], int]
T = TypeVar("T")


def moons(n: int, noise: float = 0.1, rng: Random | int = 0) -> list[Row]:
    """Draw two interleaving half circles of radius 1: the upper one class 0, the lower one class 1.

    Classes alternate, so that the first n rows are balanced, as in ``circles`` and ``spirals``.
    """

    def point(u: float, target: int) -> tuple[float, float]:
        x, y = math.cos(math.pi * u), math.sin(math.pi * u)
        return (1 - x, 0.5 - y) if target else (x, y)

    return _draw(n, noise, rng, 2, point)


def circles(
    n: int, noise: float = 0.05, rng: Random | int = 0, *, factor: float = 0.5
) -> list[Row]:
    """Draw a circle of radius 1, class 0, and inside it one of radius ``factor``, class 1."""
    if not 0 < factor < 1:
        raise ValueError(f"factor = {factor!r}: the inner radius lies between 0 and 1")

    def point(u: float, target: int) -> tuple[float, float]:
        radius = factor if target else 1.0
        return radius * math.cos(math.tau * u), radius * math.sin(math.tau * u)

    return _draw(n, noise, rng, 2, point)


def spirals(
    n: int, noise: float = 0.02, rng: Random | int = 0, *, classes: int = 2, turns: float = 1.0
) -> list[Row]:
    """Draw one spiral arm per class, from radius 0.1 out to radius 1 in ``turns`` turns."""
    if classes < 1 or not math.isfinite(turns):
        raise ValueError(f"classes = {classes!r}, turns = {turns!r}: at least 1 arm, finite turns")

    def point(u: float, target: int) -> tuple[float, float]:
        radius, angle = 0.1 + 0.9 * u, math.tau * (turns * u + target / classes)
        return radius * math.cos(angle), radius * math.sin(angle)

    return _draw(n, noise, rng, classes, point)


def xor(n: int = 4, noise: float = 0.0, rng: Random | int = 0) -> list[Row]:
    """Draw the corners of the unit square in turn; the class is the exclusive or of the inputs.

    The defaults give the truth table.
    """
    rows = _draw(n, noise, rng, 4, lambda _, corner: (float(corner // 2), float(corner % 2)))
    return [(inputs, corner // 2 ^ corner % 2) for inputs, corner in rows]


@overload
def read_csv(
    path: str | os.PathLike[str],
    *,
    skip: int = 0,
    target: int | str = -1,
    classes: Sequence[str] | None = None,
    delimiter: str = ",",
) -> list[Row]: ...
@overload
def read_csv(
    path: str | os.PathLike[str],
    *,
    skip: int = 0,
    target: int | str = -1,
    classes: type[float],
    delimiter: str = ",",
) -> list[tuple[list[float], float]]: ...
@overload
def read_csv(
    path: str | os.PathLike[str], *, skip: int = 0, target: type[float], delimiter: str = ","
) -> list[tuple[list[float], float]]: ...
def read_csv(
    path: str | os.PathLike[str],
    *,
    skip: int = 0,
    target: Any = -1,
    classes: Any = None,
    delimiter: str = ",",
) -> Any:
    """Read rows of numbers from a CSV file in UTF-8, gzipped if its name ends in ``.gz``.

    ``skip`` is the number of lines before the data, such as a header. ``target`` is the index of
    the class in a row, from 0, or from the end as -1, -2, ...; or its name in the header, the first
    line that is not skipped. Its cells hold whole numbers or, with ``classes``, names from that
    list, read as their index in it. With ``classes=float`` they are numbers to predict;
    ``target=float`` is short for that in the last column. Blank lines are skipped. Any other line
    that is not a row of finite numbers raises ValueError, naming the file and, counted from 1, line
    and column. A file that cannot be opened raises OSError.
    """
    if skip < 0:
        raise ValueError(f"skip = {skip!r}: the number of lines to skip is at least 0")
    if target is float:
        if classes is not None:
            raise ValueError("target=float is for numbers, and classes are for names: pass one")
        target, classes = -1, float
    name, rows, first, width = os.fspath(path), list[Any](), 0, 0
    records, header = _records(name, skip, delimiter), list[str]()
    if isinstance(target, str):
        first, header = next(records, (skip + 1, header))
        target, width = _place(target, header, f"{name}, line {first}"), len(header)
    for line, cells in records:
        at = f"{name}, line {line}, column"
        if not rows:
            first, width = first or line, width or len(cells)
            if width < 2 or not -width <= target < width:
                raise ValueError(
                    f"{at} {width}: the row ends here, and has no column for target = {target} or "
                    "none for inputs; check target and delimiter"
                )
        if len(cells) != width:
            raise ValueError(
                f"{at} {min(len(cells), width) + 1}: this row has {len(cells)} cells, line {first} "
                f"has {width}: {brief(delimiter.join(cells))}; "
                f"{'remove the extra cells' if len(cells) > width else 'add what is missing'}"
            )
        known = "correct the cell" if rows or header else ""
        remedy = known or f"pass skip={line} if this line is a header"
        if any("\udc80" <= letter <= "\udcff" for letter in "".join(cells)):
            remedy += ", and save the file as UTF-8"
        rows.append(_row(cells, target % width, classes, at, remedy))
    if not rows:
        raise ValueError(f"{name}, line {skip + 1}: no rows from here on; check the file and skip")
    return rows


class Standardiser:
    """Shift and scale each column so that the rows it was fitted to have mean 0 and deviation 1.

    A column that is constant in those rows is only shifted. The deviation is the population's.
    """

    __slots__ = ("deviations", "means")

    means: list[float]
    deviations: list[float]

    def __init__(self, rows: Sequence[tuple[Sequence[float], object]]) -> None:
        if not rows:
            raise ValueError("no rows to fit to; pass the training part")
        self.means = [0.0] * len(rows[0][0])
        self.deviations = [1.0] * len(rows[0][0])
        self(rows)  # refuses rows of other lengths, and numbers that are not finite
        for j in range(len(self.means)):
            column = [inputs[j] for inputs, _ in rows]
            constant = min(column) == max(column)  # its computed mean may be off by a rounding
            mean = column[0] if constant else math.fsum(column) / len(column)
            spread = math.hypot(*(x - mean for x in column)) / math.sqrt(len(column))
            self.means[j], self.deviations[j] = mean, spread or 1.0

    def __call__(self, rows: Iterable[tuple[Sequence[float], T]]) -> list[tuple[list[float], T]]:
        """Return the rows with scaled inputs and the same targets."""
        scaled: list[tuple[list[float], T]] = []
        for i, row in enumerate(rows):
            if len(row) != 2 or not hasattr(row[0], "__len__"):
                raise TypeError(
                    f"row {i} is {brief(row)}: a row is (inputs, target); without a target write "
                    "(inputs, None)"
                )
            inputs, target = row
            if len(inputs) != len(self.means):
                raise ValueError(
                    f"row {i} has {len(inputs)} inputs; the rows fitted had {len(self.means)}"
                )
            for j, x in enumerate(inputs):
                if not math.isfinite(x):
                    raise ValueError(f"row {i}, input {j}: {x!r} is not finite; leave the row out")
            columns = zip(inputs, self.means, self.deviations, strict=True)
            scaled.append(([(x - mean) / deviation for x, mean, deviation in columns], target))
        return scaled

    def __repr__(self) -> str:
        return f"Standardiser(means={self.means}, deviations={self.deviations})"


def split(
    rows: Sequence[T], fraction: float = 0.25, rng: Random | int = 0
) -> tuple[list[T], list[T]]:
    """Shuffle the rows and split them into (training, held out), with this fraction held out.

    Each part has at least one row. The given sequence does not change.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction = {fraction!r}: the held-out fraction lies between 0 and 1")
    if len(rows) < 2:
        raise ValueError(f"{len(rows)} rows cannot be split in two; pass at least 2")
    shuffled = _generator(rng).sample(rows, len(rows))
    held_out = min(max(1, round(fraction * len(rows))), len(rows) - 1)
    return shuffled[held_out:], shuffled[:held_out]


def batches(rows: Sequence[T], size: int, rng: Random | int | None = None) -> list[list[T]]:
    """Split the rows into batches of ``size``, the last one perhaps smaller: one epoch.

    With ``rng`` the rows are shuffled first: pass the same ``random.Random`` in every epoch, for a
    new order each time; a seed gives the same order again. Without it they keep their order.
    """
    if size < 1:
        raise ValueError(f"size = {size!r}: a batch holds at least one row")
    order = list(rows) if rng is None else _generator(rng).sample(rows, len(rows))
    return [order[i : i + size] for i in range(0, len(order), size)]


def _generator(rng: Random | int) -> Random:
    if isinstance(rng, Random):
        return rng
    if isinstance(rng, int):  # None would seed from the clock, and could not be repeated
        return Random(rng)
    raise TypeError(f"rng = {rng!r}: pass a random.Random or an int seed")


def _draw(
    n: int,
    noise: float,
    rng: Random | int,
    classes: int,
    point: Callable[[float, int], tuple[float, float]],
) -> list[Row]:
    """Draw points of the classes in turn, each at a random ``u`` in [0, 1) along its shape."""
    if n < 1:
        raise ValueError(f"n = {n!r}: ask for at least one row")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise = {noise!r}: a standard deviation is finite and at least 0")
    rng = _generator(rng)
    targets = [i % classes for i in range(n)]
    return [([x + rng.gauss(0.0, noise) for x in point(rng.random(), t)], t) for t in targets]


def _records(name: str, skip: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of every record that is not blank."""
    line = skip + 1
    # A byte that is not UTF-8 becomes a surrogate, so its cell is reported as any other is.
    with (gzip.open if name.endswith(".gz") else open)(
        name, "rt", encoding="utf-8-sig", errors="surrogateescape", newline=""
    ) as file:
        try:
            for _ in range(skip):
                next(file, None)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in reader:
                if cells:
                    yield line, cells
                line = skip + reader.line_num + 1  # a quoted cell may span lines
        except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{name}, line {line}: {error}; correct the file there") from error


def _place(target: str, header: list[str], at: str) -> int:
    """Return the place of the target in a header."""
    if (n := header.count(target)) != 1:
        raise ValueError(
            f"{at}: {n} columns are named {brief(target)} in the header {brief(header)}; check "
            "target, skip and delimiter"
        )
    return header.index(target)


def _row(
    cells: list[str], target: int, kind: Sequence[str] | type[float] | None, at: str, remedy: str
) -> tuple[list[float], float]:
    """Return the numbers in the cells of a line; errors say where it is ``at``."""
    inputs, label = list[float](), 0.0
    for j, cell in enumerate(cells):
        where = f"{at} {j + 1}: {brief(cell)} is not"
        if j != target:
            inputs.append(_number(cell, f"{where} a finite number; {remedy}"))
        elif isinstance(kind, type):
            label = _number(cell, f"{where} a finite number; {remedy}")
        elif kind is None:
            label = _number(cell, f"{where} a whole number; {remedy}, or pass classes=[...]")
            if not label.is_integer():
                raise ValueError(
                    f"{where} a whole number, as a class is; correct the cell, or pass "
                    "classes=float to read numbers"
                )
            label = int(label)
        elif cell.strip() in kind:
            label = kind.index(cell.strip())
        else:
            raise ValueError(f"{where} one of the classes {brief(list(kind))}; {remedy}")
    return inputs, label


def _number(cell: str, complaint: str) -> float:
    try:
        number = math.nan if "_" in cell else float(cell)  # float takes 5_1 for 51
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(complaint)
    return number
