"""Layers are put into an order in which few edges cross: none, where that can be found."""

from __future__ import annotations

import itertools
import random

from test_layout import crossings, simple

Edges = list[tuple[int, int]]


def shuffled_planar(rng: random.Random) -> Edges:
    """Return edges between layers that can be drawn without a crossing, under shuffled names.

    Two layers are joined by a zigzag: from each edge the next one moves on at one of its ends.
    """
    widths = [rng.randint(2, 4) for _ in range(rng.randint(2, 4))]
    edges, names, first = list[tuple[int, int]](), list[int](), 0
    for width in widths:
        names += rng.sample(range(first, first + width), width)
        first += width
    first = 0
    for width, following in itertools.pairwise(widths):
        i = j = 0
        edges.append((first, first + width))
        while i < width - 1 or j < following - 1:
            if j == following - 1 or (i < width - 1 and rng.random() < 0.5):
                i += 1
            else:
                j += 1
            edges.append((first + i, first + width + j))
        first += width
    rng.shuffle(edges)
    return [(names[a], names[b]) for a, b in edges]


def test_most_drawings_that_need_no_crossing_have_none() -> None:
    found = [crossings(simple(shuffled_planar(random.Random(i))).place()) for i in range(30)]
    assert found.count(0) >= 22
    assert sum(found) <= 20


def test_a_tangled_drawing_that_needs_no_crossing_has_none() -> None:
    """Sorting by mean positions alone leaves four, swapping neighbours alone five, neither nine."""
    edges = [
        *((6, 10), (5, 9), (8, 13), (9, 11), (10, 13), (2, 4), (4, 7), (9, 12), (6, 9), (3, 9)),
        *((7, 12), (5, 7), (0, 3), (0, 4), (7, 14), (0, 6), (6, 8), (1, 4), (0, 5), (9, 13)),
    ]
    assert crossings(simple(edges).place()) == 0
