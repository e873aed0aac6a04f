"""The order of the cells in each layer, so that few edges cross: second stage of layout.

A *row* is a layer in order, written as *tokens*: the cells, and for each group ``g`` that is in the
layer one that opens it and one that closes it, below zero. The *items* of a group in a layer are
what is directly in it: cells, and the opening tokens of groups.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Container
from math import fsum

from .layering import Grid

SWEEPS = 8
LARGE = 10_000  # cells; of more, the first two sweeps do nearly all that there is to do


def opening(g: int) -> int:
    """Return the token that opens group ``g`` in a layer; the next lower one closes it."""
    return ~(2 * g)


def group_of(token: int) -> int:
    """Return the group that a token opens or closes."""
    return ~token >> 1


def ordered(grid: Grid) -> list[list[int]]:
    """Return the rows, with few crossings, and with groups in the same order in every layer."""
    order = _Order(grid)
    fewest, rows = order.crossings(), order.rows[:]
    large = len(grid.layer) > LARGE
    for sweep in range(2 if large else SWEEPS):
        if fewest:
            order.sweep(sweep % 2 == 0)
            if not large:
                order.swap()
            if (crossings := order.crossings()) < fewest:
                fewest, rows = crossings, order.rows[:]
    return rows


class _Order:
    """An order of the cells, as it is improved."""

    def __init__(self, grid: Grid) -> None:
        """Begin with the operands of each cell in their order, from the last cells backward."""
        self.grid = grid
        self.rank: dict[int, float] = {}  # of each group, among those beside it
        self.items: list[dict[int, list[int]]] = [{0: []} for _ in range(grid.layers)]
        seen = [False] * len(grid.layer)
        stack = sorted(range(len(seen)), key=lambda c: bool(grid.after[c]))[::-1]
        while stack:
            c = stack.pop()
            if seen[c]:
                continue
            seen[c] = True
            stack += reversed(grid.before[c])
            inside, item = self.items[grid.layer[c]], c
            for g in reversed(grid.line[grid.home[c]]):
                self.rank.setdefault(g, len(self.rank) / len(grid.line))
                if g in inside:
                    inside[g].append(item)
                    break
                inside[g] = [item]
                item = opening(g)
        self.items = [dict(sorted(inside.items(), reverse=True)) for inside in self.items]
        self.rows: list[list[int]] = [[] for _ in self.items]
        self.position = [0] * len(grid.layer)
        self.write()

    def write(self) -> None:
        """Put the groups of each layer in their order, write the row, and number its cells."""
        for k, inside in enumerate(self.items):
            for items in inside.values():
                groups = [t for t in items if t < 0]
                if len(groups) > 1:
                    groups.sort(key=lambda t: (self.rank[group_of(t)], group_of(t)))
                    items[:] = merged(items, groups, set(groups))
            self.number(k)

    def number(self, k: int) -> None:
        """Write a layer's row, and give its cells their positions."""
        inside = self.items[k]
        row: list[int] = []
        stack = inside[0][::-1]
        while stack:
            t = stack.pop()
            row.append(t)
            if t >= 0:
                self.position[t] = len(row)
            elif t == opening(group_of(t)):
                stack.append(t - 1)  # its closing token
                stack += reversed(inside[group_of(t)])
        self.rows[k] = row

    def sweep(self, ahead: bool) -> None:
        """Sort each layer by the mean position of each cell's neighbours in the layer before.

        What has no neighbour stays where it is. A group goes to the mean of what it has in all of
        the layers.
        """
        grid, position = self.grid, self.position
        near = grid.before if ahead else grid.after
        wishes: defaultdict[int, list[float]] = defaultdict(list)
        for k in range(grid.layers) if ahead else reversed(range(grid.layers)):
            key: dict[int, float] = {}
            for g, items in self.items[k].items():  # inner groups first
                for c in items:
                    if c >= 0 and near[c]:
                        key[c] = sum([position[d] for d in near[c]]) / len(near[c])
                moving = [t for t in items if t in key]
                if moving:
                    mean = key[opening(g)] = fsum([key[t] for t in moving]) / len(moving)
                    wishes[g].append(mean)
                    moving.sort(key=key.__getitem__)
                    items[:] = merged(items, moving, key)
            self.number(k)
        for g, wish in wishes.items():
            self.rank[g] = fsum(wish) / len(wish)
        self.write()

    def crossings(self) -> int:
        """Count the pairs of edges that cross."""
        total = 0
        for row in self.rows:
            passed: list[int] = []
            for c in row:
                if c >= 0:
                    for p in sorted([self.position[d] for d in self.grid.after[c]]):
                        total += len(passed) - bisect_right(passed, p)
                        insort(passed, p)
        return total

    def swap(self) -> None:
        """Swap neighbours in a layer where that makes fewer edges cross."""
        position, before, after = self.position, self.grid.before, self.grid.after
        for k, inside in enumerate(self.items):
            ends = {  # of the edges of each cell, on either side
                c: [sorted([position[d] for d in near]) for near in (before[c], after[c])]
                for c in self.rows[k]
                if c >= 0
            }
            for items in inside.values():
                for i in range(len(items) - 1):
                    c, d = items[i], items[i + 1]
                    if c < 0 or d < 0 or not (now := crossing(ends[c], ends[d])):
                        continue
                    if now > crossing(ends[d], ends[c]):
                        items[i], items[i + 1] = d, c
            self.number(k)


def crossing(first: list[list[int]], second: list[list[int]]) -> int:
    """Count the pairs of edges of two cells in a row that cross, by where those go."""
    total = 0
    for a, b in zip(first, second):
        if a and b and a[-1] > b[0]:
            total += sum([bisect_left(b, p) for p in a])
    return total


def merged(items: list[int], moving: list[int], places: Container[int]) -> list[int]:
    """Return ``items`` with those in ``places`` replaced, in turn, by those ``moving``."""
    following = iter(moving)
    return [next(following) if t in places else t for t in items]
