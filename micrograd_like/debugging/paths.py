"""The paths from a loss down to a leaf: the largest of them, their sums and their number.

What you can do with it::

    >>> from micrograd_like import Value, topological_order
    >>> x = Value(3.0, label="x")
    >>> loss = x * x + x
    >>> best, total, size = sums(topological_order(loss), x, k=2)
    >>> print(total[loss], path_at(loss, x, best, rank=0))
    7 <Path of 2 edges: 3>

There may be more paths than atoms in the universe, so they are not listed one by one. For every
value, from the leaf up, the k largest ways down to the leaf follow from those of its operands, and
so do the sums over all ways. The sums have 50 digits and exponents of any size, so that they are
right where a float loses digits, or is 0 or inf.

The short names: ``out`` is a value and ``x`` one of its operands, ``partial`` the number on the
edge between them; ``within`` are the values that depend on the leaf, so that every path leads
through them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from heapq import nlargest
from math import isinf
from operator import itemgetter

from ..engine import Value

FIFTY_DIGITS = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
SIX_DIGITS = Context(prec=6, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
ZERO, ONE, INFINITE = Decimal(0), Decimal(1), Decimal("Infinity")

Way = tuple[Decimal, int, int]  # |product| down to the leaf; which operand; which of its ways


class Path:
    """A way from the loss down to a leaf: its values, and the partials on the edges between them.

    ``product`` is what it adds to the gradient; ``exact`` is the same as a Decimal of 50 digits,
    where a float may be 0 or inf.
    """

    __slots__ = ("exact", "factors", "product", "values")

    def __init__(self, values: Sequence[Value], factors: Sequence[float]) -> None:
        self.values, self.factors = tuple(values), tuple(factors)
        self.exact = product_of(factors)
        self.product = float(self.exact)

    def __repr__(self) -> str:
        n = len(self.factors)
        return f"<Path of {n} edge{'s' * (n != 1)}: {short(self.exact)}>"


def product_of(factors: Iterable[float]) -> Decimal:
    """Return the product in the digits of the current context."""
    product = ONE
    for factor in factors:
        product *= Decimal(factor)
    return product


def sums(
    order: Sequence[Value], leaf: Value, k: int
) -> tuple[dict[Value, list[Way]], dict[Value, Decimal], dict[Value, Decimal]]:
    """Return for each value that depends on the leaf its k largest ways down there, the sum of the
    products of all its ways, and the sum of their sizes.

    The k largest ways of a value are among the k largest of its operands, because a product never
    falls when a factor grows. For this, 0·inf counts as infinite.
    """
    best: dict[Value, list[Way]] = {leaf: [(ONE, 0, 0)]}
    total, size = {leaf: ONE}, {leaf: ONE}
    for out in order:
        ways: list[Way] = []
        signed = unsigned = ZERO
        for i, (x, number) in enumerate(zip(out.operands, out.partials)):
            if x in best:
                partial = Decimal(number)
                length = abs(partial)
                signed += partial * total[x]
                unsigned += length * size[x]
                for j, (rest, _, _) in enumerate(best[x]):
                    finite = partial.is_finite() and rest.is_finite()
                    ways.append((length * rest if finite else INFINITE, i, j))
        if ways:
            best[out] = nlargest(k, ways, key=itemgetter(0))
            total[out], size[out] = signed, unsigned
    return best, total, size


def path_at(loss: Value, leaf: Value, best: dict[Value, list[Way]], rank: int) -> Path:
    """Return the path of this rank, counted from 0, the largest."""
    values, factors = [loss], []
    while values[-1] is not leaf:
        out = values[-1]
        _, i, rank = best[out][rank]
        values.append(out.operands[i])
        factors.append(out.partials[i])
    return Path(values, factors)


def path_count(
    order: Sequence[Value],
    loss: Value,
    leaf: Value,
    within: Collection[Value],
    closed: Collection[Value] = (),
) -> int:
    """Return the exact number of paths, without those that lead through a value that is closed.

    Each number is dropped as soon as it is passed on: it may have many digits.
    """
    counts = {loss: 1}
    for out in reversed(order):
        n = counts.pop(out, 0)
        if out is leaf:
            return n
        if n and out not in closed:
            for x in out.operands:
                if x in within:
                    counts[x] = counts.get(x, 0) + n
    return 0


def paths_through(
    order: Sequence[Value], loss: Value, leaf: Value, within: Collection[Value]
) -> dict[Value, Decimal]:
    """Return how many paths lead through each value, to 50 digits."""
    up, down = dict.fromkeys(within, ZERO), dict.fromkeys(within, ZERO)
    up[leaf] = down[loss] = ONE
    for out in within:  # in the order
        up[out] += sum((up[x] for x in out.operands if x in within), ZERO)
    for out in reversed(order):
        if out in within and out is not leaf:
            for x in out.operands:
                if x in within:
                    down[x] += down[out]
    return {value: up[value] * down[value] for value in within}


# ---------------------------------------------------------------------------- in words


def short(x: float | Decimal) -> str:
    """Return a number to six digits; a Decimal may be larger or smaller than any float."""
    rounded = float(x)
    if isinstance(x, Decimal) and x and x.is_finite() and (not rounded or isinf(rounded)):
        return f"{SIX_DIGITS.normalize(x):g}"
    return f"{rounded + 0.0:.6g}"  # + 0.0 makes -0.0 a 0


def count(n: int | Decimal) -> str:
    """Return a whole number exactly, or to six digits if it has more than 15."""
    if n < 10**15:
        return f"{n:,}"
    if isinstance(n, Decimal):
        return short(n)
    with localcontext(FIFTY_DIGITS):  # str(n) would take long, or refuse
        shift = max(n.bit_length() - 200, 0)
        return short(Decimal(n >> shift) * Decimal(2) ** shift)


def many_paths(n: int, other: str = "") -> str:
    """Return how many paths, ``other`` ones."""
    return f"{count(n)} {other}path{'s' * (n != 1)}"
