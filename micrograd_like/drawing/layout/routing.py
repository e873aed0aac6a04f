"""The curves of the edges of a drawing, and their labels: the last stage of layout.

What you can do with it::

    >>> from micrograd_like.drawing.layout.layering import Part, Room, layered
    >>> from micrograd_like.drawing.layout.ordering import ordered
    >>> from micrograd_like.drawing.layout.routing import routed
    >>> from micrograd_like.drawing.layout.spacing import spaced
    >>> room = Room(node_gap=18.0, layer_gap=36.0, title_along=0.0, title_across=16.0, above=True)
    >>> part = Part([(40.0, 20.0)] * 2, [(0, 1)], [()] * 2, [None] * 2, room)
    >>> rows = ordered(grid := layered(part))
    >>> routed(part, grid, rows, spaced(part, grid, rows))
    ([[(40.0, 0.0), (52.0, 0.0), (64.0, 0.0), (76.0, 0.0)]], [None])

Between two layers a curve has the shape of an S, which begins and ends where it is clear of the
cells that it passes; within a layer it is straight.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from .spacing import LOOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layering import Grid, Part, Point
    from .spacing import Spaces

BOW = 14.0  # between parallel edges, half way
TURN = 0.3  # how soon a curve between two layers turns: 0 is a straight line
LANE = 4.0  # between edges that go around


def routed(
    part: Part, grid: Grid, rows: list[list[int]], spaces: Spaces
) -> tuple[list[list[Point]], list[Point | None]]:
    """Return a chain of Bézier curves for each edge, and the centre of its label."""
    curves: list[list[Point]] = [[] for _ in part.edges]
    centres: list[Point | None] = [None] * len(part.edges)
    shadows, bows, lanes = cast(grid, rows, spaces), bowed(grid), laned(part, grid, spaces)
    for e, chain in grid.chains.items():
        curve = route(e, part, grid, spaces, shadows, bows.get(e, 0.0), lanes.get(e))
        curves[e] = curve[::-1] if e in grid.turned else curve
        if label := part.labels[e]:
            y, high = spaces.across[chain[-2]], label[1] / 2
            y += -2 - high if part.room.above else 4 + high
            centres[e] = (spaces.along[grid.layer[chain[-2]]], y)
    raised = [0.0] * grid.n
    for e, (i, j) in enumerate(part.edges):
        if i == j:
            x, y = spaces.along[grid.layer[i]], spaces.across[i]
            wide, top = part.sizes[i][0] / 4, y - part.sizes[i][1] / 2
            raised[i] += LOOP
            high = top - raised[i] * 4 / 3
            curves[e] = [(x - wide, top), (x - wide, high), (x + wide, high), (x + wide, top)]
            if label := part.labels[e]:
                raised[i] += label[1] + 2
                centres[e] = (x, top - raised[i] + label[1] / 2)
    return curves, centres


def route(
    e: int,
    part: Part,
    grid: Grid,
    spaces: Spaces,
    shadows: tuple[list[float], list[float]],
    bow: float,
    lane: float | None,
) -> list[Point]:
    """Return the curve of one edge, along its chain."""
    chain, along, reach = grid.chains[e], spaces.along, spaces.reach
    ys = [spaces.across[c] for c in chain]
    ys[0] += spaces.ports[e][0]
    ys[-1] += spaces.ports[e][1]
    curve = [(along[grid.layer[chain[0]]] + part.sizes[chain[0]][0] / 2, ys[0])]
    for (c, y), (d, y_next) in pairwise(zip(chain, ys)):
        i, j = grid.layer[c], grid.layer[d]
        if lane is not None and c == chain[0]:
            straight(curve, along[i] + reach[i])
            bend(curve, along[i + 1] - reach[i + 1], lane)
            straight(curve, along[j - 1] + reach[j - 1])
            bend(curve, along[j] - reach[j], y_next)
        else:
            straight(curve, along[i] + shadows[y < y_next][c])
            bend(curve, along[j] - shadows[y > y_next][d], y_next, bow)
    straight(curve, along[grid.layer[chain[-1]]] - part.sizes[chain[-1]][0] / 2)
    return curve


def straight(curve: list[Point], x: float) -> None:
    """Go on straight to ``x``, if that is ahead."""
    x0, y = curve[-1]
    if x - x0 > 0.005:
        if len(curve) > 3 and {y for _, y in curve[-4:]} == {y}:
            x0 = curve[-4][0]
            del curve[-3:]
        third = (x - x0) / 3
        curve += [(x0 + third * k, y) for k in (1, 2, 3)]


def bend(curve: list[Point], x: float, y: float, bow: float = 0.0) -> None:
    """Go on to (x, y) in the shape of an S, or in a bow."""
    x0, y0 = curve[-1]
    if abs(y - y0) < 0.005 and not bow:
        straight(curve, x)
    else:
        turn = (x - x0) * TURN
        curve += [(x0 + turn, y0 + bow), (x - turn, y + bow), (x, y)]


def cast(grid: Grid, rows: list[list[int]], spaces: Spaces) -> tuple[list[float], list[float]]:
    """Return how far along each cell, and those above it, reach; and those below it."""
    half = spaces.extents.half
    shadows = half[:], half[:]
    for row in rows:
        for shadow, cells in zip(shadows, (row, row[::-1])):
            reach = 0.0
            for c in cells:
                if c >= 0:
                    shadow[c] = reach = max(reach, half[c])
    return shadows


def bowed(grid: Grid) -> dict[int, float]:
    """Return how far to either side the edges bend that go straight from a to b, if several."""
    twins = defaultdict(list)
    for e, chain in sorted(grid.chains.items()):
        if grid.layer[chain[-1]] - grid.layer[chain[0]] == 1:
            twins[chain[0], chain[1]].append(e)
    bows: dict[int, float] = {}
    for same in twins.values():
        step = min(BOW, 6 * BOW / len(same))
        bows.update((e, (k - (len(same) - 1) / 2) * step) for k, e in enumerate(same))
    return bows


def laned(part: Part, grid: Grid, spaces: Spaces) -> dict[int, float]:
    """Return where edges that go around pass: above everything, those of a node together."""
    copies: Counter[tuple[int, int]] = Counter()
    bundles: dict[tuple[int, int], list[int]] = {}
    for e in sorted(grid.around):
        ends = grid.chains[e][0], grid.chains[e][-1]
        bundles.setdefault((ends[0], copies[ends]), []).append(e)
        copies[ends] += 1
    tops = [y - above for y, above in zip(spaces.across, spaces.extents.above)]
    top = min(tops + [box[1] for box in spaces.boxes[1:]]) - part.room.node_gap
    step = min(LANE, 100 * LANE / max(1, len(bundles)))
    return {e: top - k * step for k, bundle in enumerate(bundles.values()) for e in bundle}
