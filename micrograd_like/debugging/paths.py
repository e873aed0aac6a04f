"""The paths from a loss down to a leaf: the largest of them, their sums and their number.

What you can do with it::

    >>> from micrograd_like import Value
    >>> x = Value(3.0, label="x")
    >>> paths = Paths(x, x * x + x, k=2)
    >>> print(paths.number(), paths.total, paths.largest())
    3 7 [<Path of 2 edges: 3>, <Path of 2 edges: 3>]

There may be more paths than atoms in the universe, so they are not listed one by one: what is asked
of a value follows from the same of its operands. Sums have 50 digits and exponents of any size, so
that they are right where a float loses digits, or is 0 or inf.

The short names: ``out`` is a value and ``x`` one of its operands, ``partial`` the number on the
edge between them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from heapq import nlargest
from math import isinf, prod
from operator import itemgetter

from ..engine import Value, topological_order

FIFTY_DIGITS = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
SIX_DIGITS = Context(prec=6, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
ZERO, ONE, INFINITE = Decimal(0), Decimal(1), Decimal("Infinity")

Way = tuple[Decimal, int, int]  # |product| down to the leaf; which operand; which of its ways


class Path:
    """A way from the loss down to a leaf: its values, and the partials on the edges between them.

    ``product`` is what it adds to the gradient; ``exact`` is the same as a Decimal of 50 digits,
    where a float may be 0 or inf.
    """

    def __init__(self, values: Sequence[Value], factors: Sequence[float]) -> None:
        self.values, self.factors = tuple(values), tuple(factors)
        self.exact = prod(map(Decimal, factors), start=ONE)  # in the context's digits
        self.product = float(self.exact)

    def __repr__(self) -> str:
        n = len(self.factors)
        return f"<Path of {n} edge{'s' * (n != 1)}: {short(self.exact)}>"


class Paths:
    """All paths from a loss down to a leaf.

    order   the values that the loss was made of
    best    for each value that depends on the leaf its ``k`` largest ways down there
    total   the sum of the products of all paths; ``size`` is that of their sizes
    """

    def __init__(self, leaf: Value, loss: Value, k: int) -> None:
        self.leaf, self.loss, self.order = leaf, loss, topological_order(loss)
        self.best: dict[Value, list[Way]] = {leaf: [(ONE, 0, 0)]}
        total, size = {leaf: ONE}, {leaf: ONE}
        for out in self.order:
            ways: list[Way] = []
            signed = unsigned = ZERO
            for i, (x, number) in enumerate(zip(out.operands, out.partials)):
                if x in self.best:
                    partial = Decimal(number)
                    length = abs(partial)
                    signed += partial * total[x]
                    unsigned += length * size[x]
                    for j, (rest, _, _) in enumerate(self.best[x]):
                        finite = partial.is_finite() and rest.is_finite()  # 0·inf counts as inf
                        ways.append((length * rest if finite else INFINITE, i, j))
            if ways:  # a product never falls when a factor grows: no other way can be larger
                self.best[out] = nlargest(k, ways, key=itemgetter(0))
                total[out], size[out] = signed, unsigned
        self.total, self.size = total.get(loss, ZERO), size.get(loss, ZERO)

    def largest(self) -> list[Path]:
        """Return the paths whose products are largest in size, at most ``k``."""
        found = []
        for rank in range(len(self.best.get(self.loss, ()))):
            values, factors = [self.loss], list[float]()
            while (out := values[-1]) is not self.leaf:
                _, i, rank = self.best[out][rank]
                values.append(out.operands[i])
                factors.append(out.partials[i])
            found.append(Path(values, factors))
        return found

    def number(self, closed: Collection[Value] = ()) -> int:
        """Return the exact number of paths, without those through a value that is closed."""
        counts = {self.loss: 1}
        for out in reversed(self.order):
            n = counts.pop(out, 0)  # which may have many digits: it is needed no more
            if out is self.leaf:
                return n
            if n and out not in closed:
                for x in out.operands:
                    if x in self.best:
                        counts[x] = counts.get(x, 0) + n
        return 0

    def through(self) -> dict[Value, Decimal]:
        """Return how many paths lead through each value, to 50 digits."""
        up, down = dict.fromkeys(self.best, ZERO), dict.fromkeys(self.best, ZERO)
        up[self.leaf] = down[self.loss] = ONE
        for out in self.best:  # in the order
            up[out] += sum((up[x] for x in out.operands if x in up), ZERO)
        for out in reversed(self.order):
            if out in down and out is not self.leaf:
                for x in out.operands:
                    if x in down:
                        down[x] += down[out]
        return {value: up[value] * down[value] for value in up}


def short(x: float | Decimal) -> str:
    """Return a number to six digits; a Decimal may be larger or smaller than any float."""
    rounded = float(x)
    if isinstance(x, Decimal) and x and x.is_finite() and (not rounded or isinf(rounded)):
        return f"{SIX_DIGITS.normalize(x):g}"
    return f"{rounded + 0.0:.6g}"  # + 0.0 makes -0.0 a 0


def count(n: int | Decimal) -> str:
    """Return a whole number exactly, or to six digits if it has more than 15."""
    return f"{n:,}" if n < 10**15 else short(Decimal(n))


def many_paths(n: int, other: str = "") -> str:
    """Return how many paths, ``other`` ones."""
    return f"{count(n)} {other}path{'s' * (n != 1)}"
