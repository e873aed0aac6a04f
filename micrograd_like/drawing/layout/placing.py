"""Where the nodes and edges of a graph go on paper: a layered layout in plain Python.

What you can do with it::

    >>> from micrograd_like.drawing.layout.placing import place
    >>> sizes, edges = [(40.0, 20.0)] * 3, [(0, 2), (1, 2)]     # c = a + b
    >>> placed = place(sizes, edges, [()] * 3, [None] * 2)
    >>> placed.width, placed.height
    (116.0, 58.0)
    >>> placed.nodes
    [(20.0, 10.0), (20.0, 48.0), (96.0, 29.0)]

It is Sugiyama's method, a module for each stage. Nodes are given layers, so that edges go forward,
and an edge that skips layers gets a cell in each of them, and so does its label (`layering`); the
cells of a layer are ordered so that few edges cross (`ordering`); they are moved apart, and to
where edges are straight (`spacing`); and curves are drawn through them (`routing`). Here the
drawing is divided into parts that nothing joins, and put together again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import fsum, sqrt
from typing import NamedTuple

from ...collector import collector_paused
from .layering import NODE_GAP, Group, Part, Point, layered
from .ordering import ordered
from .routing import routed
from .spacing import spaced

Rectangle = tuple[float, float, float, float]


class Placement(NamedTuple):
    """Where everything is, in points: x to the right, y down, all within (0, 0)-(width, height).

    An edge is a chain of cubic Bézier curves: start, control, control, point, control, control, …
    A group's rectangle is x0, y0, x1, y1, with room for its title at the top.
    """

    width: float
    height: float
    nodes: list[Point]
    edges: list[list[Point]]
    labels: list[Point | None]
    groups: dict[Group, Rectangle]

    def moved(self, put: Callable[[Point], Point]) -> Placement:
        """Return the same with every point put elsewhere."""
        return self._replace(
            nodes=[put(p) for p in self.nodes],
            edges=[[put(p) for p in curve] for curve in self.edges],
            labels=[p and put(p) for p in self.labels],
            groups={group: put(box[:2]) + put(box[2:]) for group, box in self.groups.items()},
        )


@collector_paused()
def place(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    groups: Sequence[Group],
    labels: Sequence[Point | None],
    direction: str = "LR",
    tell: Callable[[str], None] = lambda stage: None,
) -> Placement:
    """Return where to draw nodes of these sizes, and the edges (tail, head) between them.

    ``groups`` has the names of the groups around each node, outermost first; ``labels`` a size for
    each edge that has a label. Edges may be doubled and go around in cycles, but not from a node to
    itself. Those into a node are its operands, and keep their order where that costs no crossing.
    Each stage of the work is told.
    """
    down = direction == "TB"

    def turn(p: Point) -> Point:
        return (p[1], p[0]) if down else p

    turned = [text and turn(text) for text in labels]
    placed = _placed(Part([*map(turn, sizes)], list(edges), list(groups), turned, down), tell)
    turned_back = placed._replace(width=placed.height, height=placed.width)
    return turned_back.moved(turn) if down else placed


def _placed(whole: Part, tell: Callable[[str], None]) -> Placement:
    """Return everything's place, in coordinates (along, across)."""
    nodes: list[Point] = [(0.0, 0.0)] * len(whole.sizes)
    curves: list[list[Point]] = [[] for _ in whole.edges]
    centres: list[Point | None] = [None] * len(whole.edges)
    boxes: dict[Group, Rectangle] = {}
    divided = list(_parts(whole))
    placements = [_placed_part(part, tell) for *_, part in divided]
    width = height = 0.0
    places = _pack([placed for _, placed in placements])
    for (inside, inner, _), (corner, placed), (x, y) in zip(divided, placements, places):
        width, height = max(width, x + placed.width), max(height, y + placed.height)
        x, y = x - corner[0], y - corner[1]

        def put(p: Point, x: float = x, y: float = y) -> Point:
            return round(p[0] + x, 2) + 0.0, round(p[1] + y, 2) + 0.0

        placed = placed.moved(put)
        for i, p in zip(inside, placed.nodes):
            nodes[i] = p
        for e, curve, centre in zip(inner, placed.edges, placed.labels):
            curves[e], centres[e] = curve, centre
        boxes |= placed.groups
    return Placement(round(width, 2), round(height, 2), nodes, curves, centres, boxes)


def _parts(whole: Part) -> Iterator[tuple[list[int], list[int], Part]]:
    """Yield the nodes and the edges of each part that no edge and no group joins to another."""
    root = list(range(len(whole.sizes)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = i = root[root[i]]
        return i

    first: dict[str, int] = {}
    joined = [(first.setdefault(group[0], i), i) for i, group in enumerate(whole.groups) if group]
    for a, b in (*joined, *whole.edges):
        a, b = sorted((find(a), find(b)))
        root[b] = a
    parts: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(len(root)):
        parts.setdefault(find(i), ([], []))[0].append(i)
    for e, (a, _) in enumerate(whole.edges):
        parts[find(a)][1].append(e)
    for nodes, edges in parts.values():
        index = {i: k for k, i in enumerate(nodes)}
        sizes, groups = [whole.sizes[i] for i in nodes], [whole.groups[i] for i in nodes]
        ends = [(index[a], index[b]) for a, b in [whole.edges[e] for e in edges]]
        labels = [whole.labels[e] for e in edges]
        yield nodes, edges, Part(sizes, ends, groups, labels, whole.down)


def _pack(parts: Sequence[Placement]) -> list[Point]:
    """Return where each part goes: in columns, in order, none much higher than all are wide."""
    area = fsum((p.width + 2 * NODE_GAP) * (p.height + 2 * NODE_GAP) for p in parts)
    limit = max([sqrt(area), *(p.height for p in parts)])
    places, x, y, wide = [], 0.0, 0.0, 0.0
    for part in parts:
        if y and y + part.height > limit:
            x, y, wide = x + wide + 2 * NODE_GAP, 0.0, 0.0
        places.append((x, y))
        y += part.height + 2 * NODE_GAP
        wide = max(wide, part.width)
    return places


def _placed_part(part: Part, tell: Callable[[str], None]) -> tuple[Point, Placement]:
    """Return the top left corner of a part, and everything's place in it."""
    tell("layers (1 of 4)")
    grid = layered(part)
    tell("their order (2 of 4)")
    rows = ordered(grid)
    tell("space between (3 of 4)")
    spaces = spaced(part, grid, rows)
    tell("arrows (4 of 4)")
    curves, centres = routed(part, grid, rows, spaces)
    nodes = [(spaces.along[grid.layer[i]], spaces.across[i]) for i in range(grid.n)]
    boxes = dict(zip(grid.names[1:], spaces.boxes[1:]))
    corners = [p for curve in curves for p in curve]
    for x0, y0, x1, y1 in boxes.values():
        corners += [(x0, y0), (x1, y1)]
    for p, size in zip(nodes + centres, part.sizes + part.labels):
        if p and size:
            (x, y), (along, across) = p, size
            corners += [(x - along / 2, y - across / 2), (x + along / 2, y + across / 2)]
    xs, ys = zip(*corners)
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return (left, top), Placement(right - left, bottom - top, nodes, curves, centres, boxes)
