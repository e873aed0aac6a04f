"""The curves of the edges of a drawing, and their labels: the last stage of layout.

Between two layers a curve has the shape of an S, which begins and ends where it is clear of the
cells that it passes; within a layer it is straight. Where its label stands, it just goes on.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from .layering import NODE_GAP, Grid, Part, Point
from .spacing import Spaces

Turns = tuple[list[float], list[float]]

TURN = 0.3  # how soon a curve between two layers turns: 0 is a straight line
LANE = 4.0  # between edges that go around


def routed(
    part: Part, grid: Grid, rows: list[list[int]], spaces: Spaces
) -> tuple[list[list[Point]], list[Point | None]]:
    """Return a chain of Bézier curves for each edge, and the centre of its label."""
    curves: list[list[Point]] = [[] for _ in part.edges]
    centres: list[Point | None] = [None] * len(part.edges)
    turns, lanes = choose_turns(rows, spaces), choose_lanes(grid, spaces)
    for e, chain in grid.chains.items():
        curve = route(e, part, grid, spaces, turns, lanes.get(e))
        curves[e] = curve[::-1] if e in grid.turned else curve
        if part.labels[e]:
            centres[e] = (spaces.along[grid.layer[chain[-2]]], spaces.across[chain[-2]])
    return curves, centres


def route(
    e: int, part: Part, grid: Grid, spaces: Spaces, turns: Turns, lane: float | None
) -> list[Point]:
    """Return the curve of one edge, along its chain."""
    chain, along, reach = grid.chains[e], spaces.along, spaces.reach
    ys = [spaces.across[c] for c in chain]
    ys[0] += spaces.ports[e][0]
    ys[-1] += spaces.ports[e][1]
    curve = [(along[grid.layer[chain[0]]] + part.sizes[chain[0]][0] / 2, ys[0])]
    label = chain[-2] if part.labels[e] else -1
    slope = 0.0
    for (c, y), (d, y_next) in pairwise(zip(chain, ys)):
        i, j = grid.layer[c], grid.layer[d]
        start = along[i] + (0.0 if c == label else turns[y < y_next][c])
        end = along[j] - (0.0 if d == label else turns[y > y_next][d])
        if lane is not None and c == chain[0]:
            straight(curve, along[i] + reach[i])
            bend(curve, along[i + 1] - reach[i + 1], lane)
            straight(curve, along[j - 1] + reach[j - 1])
            bend(curve, along[j] - reach[j], y_next)
        elif d == label:
            straight(curve, start)
            last = along[j + 1] - turns[y_next > ys[-1]][chain[-1]]
            slope = passing(start, y, end, y_next, last, ys[-1])
            bend(curve, end, y_next, (0.0, slope))
        else:
            straight(curve, start)
            bend(curve, end, y_next, (slope if c == label else 0.0, 0.0))
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


def bend(curve: list[Point], x: float, y: float, slopes: Point = (0.0, 0.0)) -> None:
    """Go on to (x, y) in the shape of an S, with these slopes at its ends."""
    x0, y0 = curve[-1]
    if abs(y - y0) < 0.005:
        straight(curve, x)
    else:
        turn, (first, last) = (x - x0) * TURN, slopes
        curve += [(x0 + turn, y0 + first * turn), (x - turn, y - last * turn), (x, y)]


def passing(x0: float, y0: float, x: float, y: float, x1: float, y1: float) -> float:
    """Return the slope at (x, y), between two points: 0 where the way up turns down, or back."""
    up, on = (y - y0) / max(x - x0, 1.0), (y1 - y) / max(x1 - x, 1.0)
    least = min(abs(up), abs(on))
    return 0.0 if up * on <= 0 else min(2 * least, abs(up + on) / 2) * (1 if up > 0 else -1)


def choose_turns(rows: list[list[int]], spaces: Spaces) -> Turns:
    """Return how far past each cell's middle an edge may turn up, and how far, down."""
    half = spaces.extents.half
    shadows = half[:], half[:]
    for row in rows:
        for shadow, cells in zip(shadows, (row, row[::-1])):
            reach = 0.0
            for c in cells:
                if c >= 0:
                    shadow[c] = reach = max(reach, half[c])
    return shadows


def choose_lanes(grid: Grid, spaces: Spaces) -> dict[int, float]:
    """Return the height of each edge that goes around everything; those of a node go together."""
    copies: Counter[tuple[int, int]] = Counter()
    bundles: dict[tuple[int, int], list[int]] = {}
    for e in sorted(grid.around):
        ends = grid.chains[e][0], grid.chains[e][-1]
        bundles.setdefault((ends[0], copies[ends]), []).append(e)
        copies[ends] += 1
    tops = [y - above for y, above in zip(spaces.across, spaces.extents.above)]
    top = min(tops + [box[1] for box in spaces.boxes[1:]]) - NODE_GAP
    step = min(LANE, 100 * LANE / max(1, len(bundles)))
    return {e: top - k * step for k, bundle in enumerate(bundles.values()) for e in bundle}
