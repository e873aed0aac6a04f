"""Where the nodes and edges of a graph go on paper: a layered layout in plain Python.

What you can do with it::

    >>> from micrograd_like import layout
    >>> sizes = [(40.0, 20.0)] * 3
    >>> placed = layout.place(sizes, [(0, 2), (1, 2)])      # c = a + b
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

from math import fsum, isfinite, sqrt
from typing import NamedTuple

from .layering import Part, Room, layered
from .ordering import ordered
from .routing import routed
from .spacing import spaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .layering import Path, Point

    Box = tuple[float, float, float, float]

LARGEST = 1e6  # points: a size beyond it is a mistake


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
    groups: dict[Path, Box]


def place(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    groups: Sequence[Path] | None = None,
    labels: Sequence[Point | None] | None = None,
    *,
    direction: str = "LR",
    title: float = 16.0,
    node_gap: float = 18.0,
    layer_gap: float = 36.0,
) -> Placement:
    """Return where to draw nodes of these sizes, and the edges (tail, head) between them.

    ``groups`` has a path of nested groups for each node, ``labels`` a size for each edge that has a
    label. Edges may be doubled, go around in cycles and begin where they end. The edges into a node
    are its operands in order, and are kept in it where that costs no crossing. Raises ValueError.
    """
    if direction not in ("LR", "TB"):
        raise ValueError(f"direction is {direction!r}; it can be 'LR' or 'TB'")
    n = len(sizes)
    paths: Sequence[Path] = [()] * n if groups is None else groups
    texts: Sequence[Point | None] = [None] * len(edges) if labels is None else labels
    gaps = {"title": title, "node_gap": node_gap, "layer_gap": layer_gap}
    _check(sizes, edges, paths, texts, gaps)
    down = direction == "TB"
    room = Room(node_gap, layer_gap, title * down, title * (not down), not down)

    def turn(p: Point) -> Point:
        return (p[1], p[0]) if down else (p[0], p[1])

    parts = []
    divided = list(_parts(n, edges, paths))
    for nodes, inner in divided:
        index = {i: k for k, i in enumerate(nodes)}
        part = Part(
            [turn(sizes[i]) for i in nodes],
            [(index[edges[e][0]], index[edges[e][1]]) for e in inner],
            [paths[i] for i in nodes],
            [t and turn(t) for t in (texts[e] for e in inner)],
            room,
        )
        parts.append(_placement(part))
    points: list[Point] = [(0.0, 0.0)] * n
    curves: list[list[Point]] = [[] for _ in edges]
    centres: list[Point | None] = [None] * len(edges)
    boxes: dict[Path, Box] = {}
    width = height = 0.0
    for (nodes, inner), placed, (x, y) in zip(divided, parts, _pack(parts, node_gap)):
        width, height = max(width, x + placed.width), max(height, y + placed.height)

        def put(p: Point, x: float = x, y: float = y) -> Point:
            return turn((round(p[0] + x, 2) + 0.0, round(p[1] + y, 2) + 0.0))

        for i, p in zip(nodes, placed.nodes):
            points[i] = put(p)
        for e, curve, centre in zip(inner, placed.edges, placed.labels):
            curves[e] = [put(p) for p in curve]
            centres[e] = centre and put(centre)
        for path, box in placed.groups.items():
            boxes[path] = put(box[:2]) + put(box[2:])
    width, height = turn((round(width, 2), round(height, 2)))
    return Placement(width, height, points, curves, centres, boxes)


def _check(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    paths: Sequence[Path],
    labels: Sequence[Point | None],
    numbers: dict[str, float],
) -> None:
    """Raise ValueError, with the name and the place of what is wrong."""
    n = len(sizes)
    if len(paths) != n:
        raise ValueError(f"there are {len(paths)} groups for {n} nodes; give one for each")
    if len(labels) != len(edges):
        raise ValueError(
            f"there are {len(labels)} labels for {len(edges)} edges; give each or None"
        )
    for name, sides in [
        *((f"sizes[{i}]", size) for i, size in enumerate(sizes)),
        *((f"labels[{e}]", label) for e, label in enumerate(labels) if label is not None),
        *((name, (number, number)) for name, number in numbers.items()),
    ]:
        if len(sides) != 2 or not all(isfinite(x) and 0 <= x <= LARGEST for x in sides):
            shown = sides if "[" in name else sides[0]
            raise ValueError(f"{name} is {shown!r}; sizes are numbers from 0 to {LARGEST:g} points")
    for e, edge in enumerate(edges):
        for i in edge:
            if not 0 <= i < n:
                raise ValueError(f"edges[{e}] is {edge!r}, but of {n} nodes none is number {i!r}")
    for i, path in enumerate(paths):
        if not isinstance(path, tuple):
            raise ValueError(f"groups[{i}] is {path!r}; a path of groups is a tuple of names")


def _parts(
    n: int, edges: Sequence[tuple[int, int]], paths: Sequence[Path]
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the nodes and the edges of each part that no edge and no group joins to another."""
    root = list(range(n))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = i = root[root[i]]
        return i

    first: dict[str, int] = {}
    joined = [(first.setdefault(path[0], i), i) for i, path in enumerate(paths) if path]
    for a, b in (*joined, *edges):
        a, b = sorted((find(a), find(b)))
        root[b] = a
    parts: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(n):
        parts.setdefault(find(i), ([], []))[0].append(i)
    for e, (a, _) in enumerate(edges):
        parts[find(a)][1].append(e)
    yield from parts.values()


def _pack(parts: Sequence[Placement], gap: float) -> list[Point]:
    """Return where each part goes: in columns, in order, none much higher than all are wide."""
    area = fsum((p.width + 2 * gap) * (p.height + 2 * gap) for p in parts)
    limit = max([sqrt(area), *(p.height for p in parts)])
    places, x, y, wide = [], 0.0, 0.0, 0.0
    for part in parts:
        if y and y + part.height > limit:
            x, y, wide = x + wide + 2 * gap, 0.0, 0.0
        places.append((x, y))
        y += part.height + 2 * gap
        wide = max(wide, part.width)
    return places


def _placement(part: Part) -> Placement:
    """Return everything's place in a part, moved so that the top left corner is the origin."""
    grid = layered(part)
    rows = ordered(grid)
    spaces = spaced(part, grid, rows)
    curves, centres = routed(part, grid, rows, spaces)
    nodes = [(spaces.along[grid.layer[i]], spaces.across[i]) for i in range(grid.n)]
    boxes = dict(zip(grid.names[1:], spaces.boxes[1:]))
    corners = [p for curve in curves for p in curve]
    for box in boxes.values():
        corners += [box[:2], box[2:]]
    for p, size in zip(nodes + centres, part.sizes + part.labels):
        if p and size:
            (x, y), (along, across) = p, size
            corners += [(x - along / 2, y - across / 2), (x + along / 2, y + across / 2)]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    right, bottom = max(x for x, _ in corners), max(y for _, y in corners)

    def put(p: Point) -> Point:
        return (p[0] - left, p[1] - top)

    return Placement(
        right - left,
        bottom - top,
        [put(p) for p in nodes],
        [[put(p) for p in curve] for curve in curves],
        [p and put(p) for p in centres],
        {path: put(box[:2]) + put(box[2:]) for path, box in boxes.items()},
    )
