"""Where the nodes and edges of a graph go on paper: a layered layout in plain Python.

What you can do with it::

    >>> from micrograd_like import layout
    >>> sizes = [(40.0, 20.0)] * 3
    >>> placed = layout.place(sizes, [(0, 2), (1, 2)])      # c = a + b
    >>> placed.width, placed.height
    (116.0, 58.0)
    >>> placed.nodes
    [(20.0, 10.0), (20.0, 48.0), (96.0, 29.0)]

It is Sugiyama's method. Nodes are given layers, so that edges go forward; an edge that skips layers
gets a cell in each of them, and so does its label; the cells of a layer are ordered so that few
edges cross; then they are moved to make edges straight, and curves are drawn through them.

The short names: a *cell* is whatever takes room in a layer (a node, a label, an edge on its way);
``e`` is the index of an edge, ``a`` and ``b`` are its ends, ``a`` in the earlier layer; ``g`` is a
group, 0 the whole drawing. Inside, coordinates are *along* the flow and *across* it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from heapq import heapify, heappop, heappush, heapreplace
from itertools import accumulate, pairwise
from math import fsum, inf, isfinite, sqrt
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    Point = tuple[float, float]
    Path = tuple[str, ...]
    Box = tuple[float, float, float, float]
    Before: TypeAlias = Mapping[int, Mapping[int, float]] | Sequence[Mapping[int, float]]

PAD = 8.0  # between a group's border and what is inside
PORT = 7.0  # between the ends of two edges at one node
BOW = 14.0  # between parallel edges, half way
STRAIGHT = 12.0  # what a line may be bent by and still be drawn straight
BORDER = 0.3  # how strongly an edge through a group's border pulls
SQUEEZE = 2.0  # how strongly a border pulls, for each cell inside
SLACK = 0.3  # how soon a curve between two layers turns: 0 is a straight line
LOOP = 16.0  # the height of an edge from a node to itself
LANE = 4.0  # between edges that go around
CELLS = 8_000  # for edges that pass layers, and 2 more a node; beyond them, edges go around
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


class _Room(NamedTuple):
    """How much room to leave, and the sizes of titles in both directions: one of them is 0."""

    node_gap: float
    layer_gap: float
    title_along: float
    title_across: float
    labels_above: bool


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
    room = _Room(node_gap, layer_gap, title * down, title * (not down), not down)

    def turn(p: Point) -> Point:
        return (p[1], p[0]) if down else (p[0], p[1])

    parts = []
    divided = list(_parts(n, edges, paths))
    for nodes, inner in divided:
        index = {i: k for k, i in enumerate(nodes)}
        part = _Part(
            [turn(sizes[i]) for i in nodes],
            [(index[edges[e][0]], index[edges[e][1]]) for e in inner],
            [paths[i] for i in nodes],
            [t and turn(t) for t in (texts[e] for e in inner)],
            room,
        )
        parts.append(part.placement())
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


class _Part:
    """A connected part of the drawing, and the stages of its layout."""

    def __init__(
        self,
        sizes: list[Point],
        edges: list[tuple[int, int]],
        paths: list[Path],
        labels: list[Point | None],
        room: _Room,
    ) -> None:
        self.n, self.edges, self.labels, self.room = len(sizes), edges, labels, room
        self.sizes = sizes
        # the tree of groups: names, parents, and the line of ancestors from the root down
        self.names: list[Path] = [()]
        self.parent, self.line = [0], [[0]]
        index: dict[Path, int] = {(): 0}
        for path in paths:
            for k in range(1, len(path) + 1):
                if path[:k] not in index:
                    g = index[path[:k]] = len(self.names)
                    self.names.append(path[:k])
                    self.parent.append(index[path[: k - 1]])
                    self.line.append([*self.line[self.parent[g]], g])
        # the cells: first the nodes
        self.home = [index[path] for path in paths]
        self.half = [along / 2 for along, _ in sizes]
        self.above = [across / 2 for _, across in sizes]
        self.below = [across / 2 for _, across in sizes]
        self.across: list[float] = []  # of the variables, later
        self.loops = [e for e, (a, b) in enumerate(edges) if a == b]
        for e in self.loops:  # they stand above their node, and their labels on them
            i, (along, across) = edges[e][0], labels[e] or (0.0, -2.0)
            self.half[i] = max(self.half[i], along / 2)
            self.above[i] += LOOP + across + 2

    def placement(self) -> Placement:
        self.turn_cycles()
        self.choose_layers()
        self.make_cells()
        self.order_cells()
        self.choose_ports()
        self.stack_up()
        self.align_cells(0.0)
        rounds = max(9, min(45, 80_000 // len(self.layer)))
        self.move_across(rounds)
        self.align_cells(STRAIGHT)
        self.move_across(max(3, rounds // 4))
        self.move_along()
        return self.draw()

    # Layers

    def turn_cycles(self) -> None:
        """Turn the edges around that close a cycle: `links` has the ends of each in layer order."""
        out: list[list[int]] = [[] for _ in range(self.n)]
        entered = [False] * self.n
        for e, (a, b) in enumerate(self.edges):
            if a != b:
                out[a].append(e)
                entered[b] = True
        self.turned: set[int] = set()
        state = [0] * self.n  # 1 while its successors are being visited, then 2
        for root in sorted(range(self.n), key=entered.__getitem__):
            stack = [root]
            while stack:
                i = stack[-1]
                if state[i] == 0:
                    state[i] = 1
                    for e in reversed(out[i]):
                        if state[self.edges[e][1]] == 0:
                            stack.append(self.edges[e][1])
                else:
                    stack.pop()
                    if state[i] == 1:
                        state[i] = 2
                    continue
                self.turned.update(e for e in out[i] if state[self.edges[e][1]] == 1)
        self.links = {
            e: (b, a) if e in self.turned else (a, b)
            for e, (a, b) in enumerate(self.edges)
            if a != b
        }

    def boxes(self) -> tuple[list[int], list[int], list[bool]]:
        """Return the box of each node, each box's parent, and whether it is loose.

        A box is a group that comes wholly before or after what it has edges to and from, so that
        it need not be drawn above or below it. What goes in circles, from one group to another and
        back, is together in one loose box, without an order.
        """
        n = self.n
        members: list[list[int]] = [[] for _ in self.names]  # node i as i, group g as n + g
        arcs: list[set[tuple[int, int]]] = [set() for _ in self.names]
        for g in range(1, len(self.names)):
            members[self.parent[g]].append(n + g)
        for i, g in enumerate(self.home):
            members[g].append(i)
        for a, b in self.links.values():
            line_a, line_b = self.line[self.home[a]], self.line[self.home[b]]
            k = common(line_a, line_b)
            unit_a = n + line_a[k] if k < len(line_a) else a
            unit_b = n + line_b[k] if k < len(line_b) else b
            arcs[line_a[k - 1]].add((unit_a, unit_b))
        box_of, parent, loose = [0] * n, [0], [False]
        stack = [(0, 0)]
        while stack:
            g, box = stack.pop()
            circling = set(members[g])
            for back in (False, True):  # peel off what nothing leads to, then what leads nowhere
                before: dict[int, dict[int, int]] = {u: {} for u in sorted(circling)}
                for a, b in arcs[g]:
                    if a in circling and b in circling:
                        before[a if back else b][b if back else a] = 1
                circling.difference_update(topological(before, before))
            if circling:
                parent.append(box)
                loose.append(True)
                inner = sorted(circling)
                for u in inner:
                    if u < n:
                        box_of[u] = len(parent) - 1
                    else:
                        inner += members[u - n]
            for u in members[g]:
                if u in circling:
                    continue
                if u < n:
                    box_of[u] = box
                else:
                    parent.append(box)
                    loose.append(False)
                    stack.append((u - n, len(parent) - 1))
        return box_of, parent, loose

    def choose_layers(self) -> None:
        """Give each node a layer: as late as possible, and earlier where that shortens edges."""
        n = self.n
        box_of, parent, loose = self.boxes()
        # variables: the nodes, and the first and the last layer of each box
        total = n + 2 * len(parent)
        before: list[dict[int, int]] = [{} for _ in range(total)]  # variables, and by how much
        after: list[dict[int, int]] = [{} for _ in range(total)]

        def precede(u: int, v: int, layers: int) -> None:
            after[u][v] = before[v][u] = layers

        lines = [[0]]
        for k in range(1, len(parent)):
            lines.append([*lines[parent[k]], k])
            precede(n + 2 * parent[k], n + 2 * k, 0)
            precede(n + 2 * k + 1, n + 2 * parent[k] + 1, 0)
        for i, box in enumerate(box_of):
            precede(n + 2 * box, i, 0)
            precede(i, n + 2 * box + 1, 0)
        uses = Counter(a for a, _ in set(self.links.values()))
        # leaves of one consumer go where it goes
        followers = {i for i in uses if uses[i] == 1} - {b for _, b in self.links.values()}
        gain = [0] * total  # how much shorter the edges get where a variable goes a layer later
        for a, b in self.links.values():
            gain[a] += 1
            if a not in followers:
                gain[b] -= 1
            line_a, line_b = lines[box_of[a]], lines[box_of[b]]
            k = common(line_a, line_b)
            if not loose[line_a[k - 1]]:
                a = n + 2 * line_a[k] + 1 if k < len(line_a) else a
                b = n + 2 * line_b[k] if k < len(line_b) else b
            precede(a, b, 1)
        for k in range(len(parent)):
            gain[n + 2 * k], gain[n + 2 * k + 1] = 1, -1
        order = topological(range(total), before)
        layer = [0] * total
        for v in reversed(order):
            layer[v] = min([layer[u] - layers for u, layers in after[v].items()], default=0)
        for _ in range(3):
            for v in order:
                if gain[v] <= 0 and before[v]:
                    layer[v] = max(
                        max(layer[w] + more for w, more in before[u].items()) + 1
                        if v < n and u in followers
                        else layer[u] + layers
                        for u, layers in before[v].items()
                    )
            for v in reversed(order):
                if gain[v] >= 0 and after[v]:
                    layer[v] = min(layer[u] - layers for u, layers in after[v].items())
        used = {old: new for new, old in enumerate(sorted(set(layer[:n])))}
        self.layer = [used[old] for old in layer[:n]]

    # Cells

    def make_cells(self) -> None:
        """Put labels into layers of their own, and cells where edges and groups pass a layer."""
        n, layer, line = self.n, self.layer, self.line
        labelled = {layer[b] for e, (_, b) in self.links.items() if self.labels[e]}
        moved = []
        self.label_layers: set[int] = set()
        for old in range(max(layer) + 1):
            if old in labelled:
                self.label_layers.add(old + len(self.label_layers))
            moved.append(old + len(self.label_layers))
        layer[:] = [moved[old] for old in layer]
        self.layers = max(layer) + 1
        first, last = [self.layers] * len(line), [-1] * len(line)
        for i in range(n):
            for g in line[self.home[i]]:
                first[g], last[g] = min(first[g], layer[i]), max(last[g], layer[i])
        self.first, self.last = first, last

        self.chain: dict[int, list[int]] = {}
        self.around: set[int] = set()
        left = CELLS + 2 * n
        for e in sorted(
            self.links, key=lambda e: layer[self.links[e][1]] - layer[self.links[e][0]]
        ):
            a, b = self.links[e]
            text, passed = self.labels[e], range(layer[a] + 1, layer[b])
            if text:
                passed = passed[:-1]
            left -= len(passed)
            if left < 0 and passed:
                self.around.add(e)
                passed = passed[:0]
            chain = [a]
            for k in passed:
                chain.append(self.cell(k, self.home_of(e, k)))
            if text:
                k = layer[b] - 1
                chain.append(self.cell(k, self.home_of(e, k)))
                along, across = text
                self.half[-1] = along / 2
                if self.room.labels_above:
                    self.above[-1] = across + 2
                else:
                    self.below[-1] = across + 4
            self.chain[e] = [*chain, b]

        present = [set[int]() for _ in line]
        for c, k in enumerate(layer):
            for g in line[self.home[c]]:
                present[g].add(k)
        for g in range(len(line) - 1, 0, -1):
            for k in range(first[g], last[g] + 1):
                if k not in present[g]:
                    self.cell(k, g)
                    for outer in line[g]:
                        present[outer].add(k)
        self.before: list[list[int]] = [[] for _ in layer]
        self.after: list[list[int]] = [[] for _ in layer]
        for e in self.links:
            chain = self.chain[e]
            for c, d in pairwise(chain[e in self.around :]):
                self.after[c].append(d)
                self.before[d].append(c)

    def cell(self, layer: int, home: int) -> int:
        """Add a cell without a size, and return its number."""
        self.layer.append(layer)
        self.home.append(home)
        for sizes in (self.half, self.above, self.below):
            sizes.append(0.0)
        return len(self.layer) - 1

    def home_of(self, e: int, layer: int) -> int:
        """Return the group in which edge ``e`` passes a layer: if it can, one of its ends'."""
        line_a, line_b = (self.line[self.home[i]] for i in self.links[e])
        k = common(line_a, line_b)
        for g in (*reversed(line_a[k:]), *reversed(line_b[k:])):
            if self.first[g] <= layer <= self.last[g]:
                return g
        return line_a[k - 1]

    # Order within the layers

    def order_cells(self) -> None:
        """Order the cells of every layer, so that few edges cross and groups stay together.

        The items of a group in a layer are cells and the opening tokens of groups in it. Groups are
        in the same order in every layer, so that they can be rectangles.
        """
        self.items: list[dict[int, list[int]]] = [{0: []} for _ in range(self.layers)]
        self.rank = {0: 0.0}
        seen = [False] * len(self.layer)
        for start in sorted(range(len(seen)), key=lambda c: bool(self.after[c])):
            stack = [start]
            while stack:
                c = stack.pop()
                if seen[c]:
                    continue
                seen[c] = True
                stack += reversed(self.before[c])  # operands in order
                inside, item = self.items[self.layer[c]], c
                for g in reversed(self.line[self.home[c]]):
                    self.rank.setdefault(g, len(self.rank) / len(self.line))
                    if g in inside:
                        inside[g].append(item)
                        break
                    inside[g] = [item]
                    item = opening(g)
        self.items = [dict(sorted(inside.items(), reverse=True)) for inside in self.items]
        self.tokens: list[list[int]] = [[] for _ in self.items]
        self.position = [0] * len(self.layer)
        for k in range(self.layers):
            self.sort_layer(k, None)
        fewest, best = self.crossings(), self.snapshot()
        patience = 4
        small = len(self.layer) <= 4000
        for sweep in range(24):
            if not fewest or not patience:
                break
            wishes: defaultdict[int, list[float]] = defaultdict(list)
            forward = sweep % 2 == 0
            for k in range(self.layers) if forward else reversed(range(self.layers)):
                self.sort_layer(k, self.before if forward else self.after, wishes)
            for g, wish in wishes.items():
                self.rank[g] = fsum(wish) / len(wish)
            if len(self.line) > 1:
                for k in range(self.layers):
                    self.sort_layer(k, None)
            if small:
                self.transpose()
            count = self.crossings()
            patience -= 1
            if count < fewest:
                fewest, best, patience = count, self.snapshot(), 4
        for inside, kept in zip(self.items, best):
            inside.update(kept)
        for k in range(self.layers):
            self.number(k)

    def snapshot(self) -> list[dict[int, list[int]]]:
        return [{g: items[:] for g, items in inside.items()} for inside in self.items]

    def sort_layer(
        self,
        k: int,
        near: list[list[int]] | None,
        wishes: defaultdict[int, list[float]] | None = None,
    ) -> None:
        """Sort a layer by the mean position of each cell's neighbours; what has none stays."""
        position, rank = self.position, self.rank
        scale = 0
        if near is not None:
            scale = len(
                self.tokens[max(0, k - 1) if near is self.before else min(k + 1, self.layers - 1)]
            )
        key: dict[int, float] = {}
        for g, items in self.items[k].items():  # inner groups first
            if near is not None:
                for c in items:
                    if c >= 0 and near[c]:
                        key[c] = sum([position[d] for d in near[c]]) / len(near[c])
                moving = [c for c in items if c in key]
                if moving:
                    key[opening(g)] = fsum([key[c] for c in moving]) / len(moving)
                    if wishes is not None:
                        wishes[g].append(key[opening(g)] / scale)
                    moving.sort(key=key.__getitem__)
                    items[:] = merged(items, moving, key)
            groups = [t for t in items if t < 0]
            if len(groups) > 1:
                groups.sort(key=lambda t: (rank[group_of(t)], group_of(t)))
                items[:] = merged(items, groups, set(groups))
        self.number(k)

    def number(self, k: int) -> None:
        """Write a layer's groups out as tokens, and give its cells their positions."""
        inside, tokens = self.items[k], []
        stack = inside[0][::-1]
        while stack:
            t = stack.pop()
            tokens.append(t)
            if t >= 0:
                self.position[t] = len(tokens)
            elif t == opening(group_of(t)):
                stack.append(t - 1)  # its closing token
                stack += reversed(inside[group_of(t)])
        self.tokens[k] = tokens

    def crossings(self) -> int:
        """Count the pairs of edges that cross."""
        total = 0
        for tokens in self.tokens:
            passed: list[int] = []
            for c in tokens:
                if c >= 0:
                    for p in sorted([self.position[d] for d in self.after[c]]):
                        total += len(passed) - bisect_right(passed, p)
                        insort(passed, p)
        return total

    def transpose(self) -> None:
        """Swap neighbours in a layer for as long as that makes fewer edges cross."""
        position = self.position

        def crossing(c: int, d: int) -> int:
            total = 0
            for near in (self.before, self.after):
                if near[c] and near[d]:
                    ends = sorted([position[i] for i in near[d]])
                    total += sum([bisect_left(ends, position[i]) for i in near[c]])
            return total

        for _ in range(8):
            better = False
            for inside in self.items:
                for items in inside.values():
                    for i in range(len(items) - 1):
                        c, d = items[i], items[i + 1]
                        if c >= 0 and d >= 0 and crossing(c, d) > crossing(d, c):
                            items[i], items[i + 1] = d, c
                            position[c], position[d] = position[d], position[c]
                            better = True
            if not better:
                break
        for k in range(self.layers):
            self.number(k)

    # Coordinates across the flow

    def align_cells(self, tolerance: float) -> None:
        """Join into one variable the nodes and labels of a chain, and what is almost in a line.

        Lines that are joined must not cross each other, nor the border of a group.
        """
        n, variable = self.n, self.variable
        where = {t: i for tokens in self.tokens for i, t in enumerate(tokens) if t >= 0}
        for tokens, following in pairwise(self.tokens):
            borders = {t: i for i, t in enumerate(following) if t < 0}
            kept = [(i, borders[t]) for i, t in enumerate(tokens) if t in borders]
            for c in tokens:
                if c < 0 or len(self.after[c]) != 1:
                    continue
                (d,) = self.after[c]
                if len(self.before[d]) > 1 or self.home[c] != self.home[d]:
                    continue
                near = abs(self.across[d] - self.across[variable[c]]) < tolerance
                if near or ((c < n or self.half[c]) and (d < n or self.half[d])):
                    i, j = where[c], where[d]
                    k = bisect_left(kept, (i, j))
                    if (not k or kept[k - 1][1] < j) and (k == len(kept) or kept[k][1] > j):
                        kept.insert(k, (i, j))
                        variable[d] = variable[c]

    def choose_ports(self) -> None:
        """Choose where edges leave and enter their nodes: in the order of their other ends.

        `ports` has two numbers for each edge, from the middles of its earlier and its later node.
        """
        ends: list[list[tuple[int, int]]] = [[] for _ in range(2 * self.n)]
        for e, chain in self.chain.items():
            jumps = e in self.around
            ends[2 * chain[0]].append((-1 if jumps else self.position[chain[1]], e))
            jumps = jumps and len(chain) == 2
            ends[2 * chain[-1] + 1].append((-1 if jumps else self.position[chain[-2]], e))
        self.ports = {e: [0.0, 0.0] for e in self.chain}
        for i, here in enumerate(ends):
            room = self.sizes[i // 2][1] * 0.6
            step = min(PORT, room / max(1, len(here) - 1))
            for k, (_, e) in enumerate(sorted(here)):
                self.ports[e][i % 2] = (k - (len(here) - 1) / 2) * step

    def move_across(self, rounds: int) -> None:
        """Give every cell and border a coordinate: near its neighbours, clear of those beside it.

        There is a variable for each cell, which joined cells share, and two for each group.
        """
        n, count, variable = self.n, len(self.layer), self.variable
        above: list[dict[int, float]] = [{} for _ in variable]  # variables above, and how far
        for tokens in self.tokens:
            for s, t in pairwise(tokens):
                u, v = self.of_token(s), self.of_token(t)
                above[v][u] = max(self.separation(s, t), above[v].get(u, 0.0))
        used = sorted({self.of_token(t) for tokens in self.tokens for t in tokens})
        order = topological(used, above)

        springs: list[list[tuple[int, float, float]]] = [[] for _ in variable]
        for e, chain in self.chain.items():
            start, end = self.ports[e]
            for c, d in pairwise(chain[e in self.around :]):
                u, v = variable[c], variable[d]
                if u != v:
                    pull = 1.0 + (c >= n) + (d >= n) + 4.0 * (c >= n and d >= n)
                    if self.home[c] != self.home[d]:
                        pull *= BORDER
                    shift = (end if d < n else 0.0) - (start if c < n else 0.0)
                    springs[u].append((v, pull, shift))
                    springs[v].append((u, pull, -shift))
        weight = [max(0.1, fsum([pull for _, pull, _ in near])) for near in springs]
        masses = Counter(g for home in self.home for g in self.line[home])
        for g in range(1, len(self.line)):
            weight[count + 2 * g] = weight[count + 2 * g + 1] = SQUEEZE * masses[g]

        cells = sorted({*variable[:count]}, key=self.layer.__getitem__)
        at = settle(order, above, self.across, weight)
        for turn in range(rounds):
            cells.reverse()
            wish = at[:]
            early = turn < rounds * 2 / 3  # far moves at first, exact ones at last
            hasty = early and turn % 2
            near = wish if hasty else at
            for v in cells:
                if springs[v]:
                    mean = fsum([pull * (near[u] + shift) for u, pull, shift in springs[v]])
                    mean /= weight[v]
                    wish[v] = mean if hasty else (at[v] + mean) / 2
            self.wrap(at, wish, inf if early else PAD)
            at = settle(order, above, wish, weight)
            if len(self.line) > 1:  # again, lest what borders pushed on their way stays with them
                wish[count:] = at[count:]
                at = settle(order, above, wish, weight)
        self.across = [at[v] for v in variable]

    def wrap(self, at: list[float], wish: list[float], most: float) -> None:
        """Wish for the borders of each group to be tightly around its content, and press on it."""
        count = len(self.layer)
        top, bottom = [inf] * len(self.line), [-inf] * len(self.line)
        for c, g in enumerate(self.home):
            y = at[self.variable[c]]
            top[g] = min(top[g], y - self.above[c])
            bottom[g] = max(bottom[g], y + self.below[c])
        for g in range(len(self.line) - 1, 0, -1):
            y0, y1, outer = top[g] - PAD - self.room.title_across, bottom[g] + PAD, self.parent[g]
            top[outer], bottom[outer] = min(top[outer], y0), max(bottom[outer], y1)
            press = min((y1 - y0) / 8, most)
            wish[count + 2 * g : count + 2 * g + 2] = y0 + press, y1 - press

    def stack_up(self) -> None:
        """Give every cell and border a first coordinate: each layer stacked around its middle."""
        self.variable = [*range(len(self.layer) + 2 * len(self.line))]
        self.across = [0.0] * len(self.variable)
        for tokens in self.tokens:
            height = [0.0, *accumulate(map(self.separation, tokens, tokens[1:]))]
            for t, y in zip(tokens, height):
                self.across[self.of_token(t)] = y - height[-1] / 2

    def of_token(self, t: int) -> int:
        return self.variable[t] if t >= 0 else len(self.layer) + ~t

    def separation(self, s: int, t: int) -> float:
        """Return the least distance between two tokens next to each other in a layer."""
        n, gap = self.n, self.room.node_gap
        enters, leaves = t < 0 and t == opening(group_of(t)), s < 0 and s != opening(group_of(s))
        distance = (self.below[s] if s >= 0 else 0.0) + (self.above[t] if t >= 0 else 0.0)
        if s < 0 and not leaves:
            return distance + PAD + self.room.title_across
        if t < 0 and not enters:
            return distance + PAD
        if min(s, t) >= 0 and max(s, t) >= n:
            return distance + (gap / 2 if s < n or t < n else gap / 3)
        return distance + gap

    # Coordinates along the flow

    def move_along(self) -> None:
        """Give every layer a coordinate, with room for its cells, for borders and steep edges."""
        layers, line = self.layers, self.line
        self.reach = [0.0] * layers
        for c, k in enumerate(self.layer):
            self.reach[k] = max(self.reach[k], self.half[c])
        self.lead, self.trail = [0.0] * len(line), [0.0] * len(line)  # beyond its layers
        for g in range(len(line) - 1, 0, -1):
            self.lead[g] += PAD + self.room.title_along
            self.trail[g] += PAD
            outer = self.parent[g]
            if self.first[g] == self.first[outer]:
                self.lead[outer] = max(self.lead[outer], self.lead[g])
            if self.last[g] == self.last[outer]:
                self.trail[outer] = max(self.trail[outer], self.trail[g])
        gap = [0.0] * layers  # before each layer
        for k in range(1, layers):
            steps = [
                abs(self.across[c] - self.across[d])
                for c in self.tokens[k - 1]
                if c >= 0
                for d in self.after[c]
            ]
            steep = fsum(steps) / max(1, len(steps))
            least = self.room.layer_gap / (2 if {k, k - 1} & self.label_layers else 1)
            gap[k] = max(least, min(steep / 2, 6 * self.room.layer_gap))
        lead, trail = [0.0] * layers, [0.0] * (layers + 1)
        for g in range(1, len(line)):
            lead[self.first[g]] = max(lead[self.first[g]], self.lead[g])
            trail[self.last[g] + 1] = max(trail[self.last[g] + 1], self.trail[g])
        self.along, x = [], 0.0
        for k in range(layers):
            x += gap[k] + lead[k] + trail[k] + self.reach[k]
            self.along.append(x)
            x += self.reach[k]

    # Curves

    def draw(self) -> Placement:
        """Return everything's place, moved so that the top left corner is the origin."""
        n = self.n
        nodes = [(self.along[self.layer[i]], self.across[i]) for i in range(n)]
        labels: list[Point | None] = [None] * len(self.edges)
        for e in self.links:
            text = self.labels[e]
            if text:
                c = self.chain[e][-2]
                y = self.across[c]
                y += -2 - text[1] / 2 if self.room.labels_above else 4 + text[1] / 2
                labels[e] = (self.along[self.layer[c]], y)
        groups = {}
        for g in range(1, len(self.line)):
            first, last = self.first[g], self.last[g]
            border = len(self.layer) + 2 * g
            groups[self.names[g]] = (
                self.along[first] - self.reach[first] - self.lead[g],
                self.across[border],
                self.along[last] + self.reach[last] + self.trail[g],
                self.across[border + 1],
            )
        self.free = self.clearances()
        curves = self.curves()
        raised = [0.0] * n
        for e in self.loops:
            i = self.edges[e][0]
            x, y = nodes[i]
            wide, text = self.sizes[i][0] / 4, self.labels[e]
            top = y - self.sizes[i][1] / 2
            raised[i] += LOOP
            high = top - raised[i] * 4 / 3
            curves[e] = [(x - wide, top), (x - wide, high), (x + wide, high), (x + wide, top)]
            if text:
                raised[i] += text[1] + 2
                labels[e] = (x, top - raised[i] + text[1] / 2)
        points = [p for curve in curves for p in curve]
        for i, (x, y) in enumerate(nodes):
            points += [(x - self.half[i], y - self.above[i]), (x + self.half[i], y + self.below[i])]
        for x0, y0, x1, y1 in groups.values():
            points += [(x0, y0), (x1, y1)]
        for centre, text in zip(labels, self.labels):
            if centre and text:
                (x, y), (along, across) = centre, text
                points += [(x - along / 2, y - across / 2), (x + along / 2, y + across / 2)]
        left, top = min(x for x, _ in points), min(y for _, y in points)
        right, bottom = max(x for x, _ in points), max(y for _, y in points)

        def put(p: Point) -> Point:
            return (p[0] - left, p[1] - top)

        return Placement(
            right - left,
            bottom - top,
            [put(p) for p in nodes],
            [[put(p) for p in curve] for curve in curves],
            [p and put(p) for p in labels],
            {path: put(box[:2]) + put(box[2:]) for path, box in groups.items()},
        )

    def curves(self) -> list[list[Point]]:
        """Return the curve of each edge but those from a node to itself.

        Between two layers a curve has the shape of an S, which begins and ends where it is clear of
        the cells that it passes; within a layer it is straight.
        """
        curves: list[list[Point]] = [[] for _ in self.edges]
        shadows, bows, lanes = self.shadows(), self.bows(), self.lanes()
        for e, chain in self.chain.items():
            ys = [self.across[c] for c in chain]
            ys[0] += self.ports[e][0]
            ys[-1] += self.ports[e][1]
            slopes = self.slopes(e, ys)
            curve = [(self.along[self.layer[chain[0]]] + self.sizes[chain[0]][0] / 2, ys[0])]
            for k, (c, d) in enumerate(pairwise(chain)):
                i, j = self.layer[c], self.layer[d]
                if e in self.around and not k:
                    straight(curve, self.along[i] + self.reach[i])
                    bend(curve, self.along[i + 1] - self.reach[i + 1], lanes[e])
                    straight(curve, self.along[j - 1] + self.reach[j - 1])
                    bend(curve, self.along[j] - self.reach[j], ys[1])
                    continue
                clear_c, clear_d = self.half[c], self.half[d]
                if ys[k] != ys[k + 1]:
                    falls = ys[k + 1] > ys[k]
                    clear_c, clear_d = shadows[falls][c], shadows[not falls][d]
                m, m_next = slopes[k : k + 2]
                straight(curve, self.along[i] + clear_c, m)
                y = ys[k + 1] - m_next * clear_d
                bend(curve, self.along[j] - clear_d, y, m, m_next, bows.get(e, 0.0))
            straight(curve, self.along[self.layer[chain[-1]]] - self.sizes[chain[-1]][0] / 2)
            curves[e] = curve[::-1] if e in self.turned else curve
        return curves

    def shadows(self) -> tuple[list[float], list[float]]:
        """Return how far along each cell, and those above it, reach; and those below it."""
        shadows = self.half[:], self.half[:]
        for tokens in self.tokens:
            for shadow, cells in zip(shadows, (tokens, tokens[::-1])):
                reach = 0.0
                for c in cells:
                    if c >= 0:
                        shadow[c] = reach = max(reach, self.half[c])
        return shadows

    def clearances(self) -> list[float]:
        """Return how near to each cell the next thing is that an edge must not touch."""
        free = [LARGEST] * len(self.half)
        for tokens in self.tokens:
            for sign, facing in ((1, self.below), (-1, self.above)):
                wall = -LARGEST
                for t in tokens[::sign]:
                    y = sign * self.across[self.of_token(t)]
                    if t >= 0:
                        free[t] = min(free[t], y - wall)
                    if t < self.n or self.half[t]:
                        wall = y + (facing[t] if t >= 0 else 0.0)
        return free

    def slopes(self, e: int, ys: list[float]) -> list[float]:
        """Return the slopes of an edge in the layers it passes, where what is beside it allows any.

        They are harmonic means (Fritsch and Butland, 1984), with which a curve does not overshoot.
        """
        chain = self.chain[e]
        slopes = [0.0] * len(chain)
        for k in range(1 + (e in self.around), len(chain) - 1):
            c = chain[k]
            x0, x1, x2 = (self.along[self.layer[d]] for d in chain[k - 1 : k + 2])
            m0, m1 = (ys[k] - ys[k - 1]) / (x1 - x0), (ys[k + 1] - ys[k]) / (x2 - x1)
            if m0 * m1 > 0 and not self.half[c]:
                steepest = 0.7 * self.free[c] / max(1.0, self.reach[self.layer[c]])
                slopes[k] = max(-steepest, min(2 * m0 * m1 / (m0 + m1), steepest))
        return slopes

    def bows(self) -> dict[int, float]:
        """Return how far to either side the edges bend that go straight from a to b, if several."""
        twins = defaultdict(list)
        for e, chain in self.chain.items():
            if len(chain) == 2 and e not in self.around:
                twins[self.links[e]].append(e)
        bows = {}
        for same in twins.values():
            step = min(BOW, 6 * BOW / len(same))
            for k, e in enumerate(sorted(same)):
                bows[e] = (k - (len(same) - 1) / 2) * step
        return bows

    def lanes(self) -> dict[int, float]:
        """Return where edges that go around pass: above everything, those of a node together."""
        top = min(
            [self.across[c] - self.above[c] for c in range(len(self.layer))]
            + [self.across[len(self.layer) + 2 * g] for g in range(1, len(self.line))]
        )
        bundles: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        copies: Counter[tuple[int, int]] = Counter()
        for e in sorted(self.around):
            a, b = self.links[e]
            bundles[a, copies[a, b]].append(e)
            copies[a, b] += 1
        spans = sorted(
            (self.layer[a], max(self.layer[self.links[e][1]] for e in bundle), bundle)
            for (a, _), bundle in bundles.items()
        )
        free: list[tuple[int, int]] = []  # the layer from which a lane is free
        lane_of = {}
        for first, last, bundle in spans:
            lane = heappop(free)[1] if free and free[0][0] <= first else len(free)
            heappush(free, (last, lane))
            for e in bundle:
                lane_of[e] = lane
        step = min(LANE, 100 * LANE / max(1, len(free)))
        return {e: top - self.room.node_gap - lane * step for e, lane in lane_of.items()}


def opening(g: int) -> int:
    """Return the token that opens group ``g`` in a layer; the next lower one closes it."""
    return ~(2 * g)


def group_of(token: int) -> int:
    """Return the group that a token opens or closes."""
    return ~token >> 1


def common(line_a: list[int], line_b: list[int]) -> int:
    """Return how many ancestors two lines have in common."""
    k = 0
    for g, h in zip(line_a, line_b):
        if g != h:
            break
        k += 1
    return k


def merged(items: list[int], moving: list[int], places: Container[int]) -> list[int]:
    """Return ``items`` with those in ``places`` replaced, in turn, by those ``moving``."""
    following = iter(moving)
    return [next(following) if t in places else t for t in items]


def topological(used: Iterable[int], before: Before) -> list[int]:
    """Return ``used`` with each after those ``before`` it, and without what a cycle keeps back."""
    after = defaultdict(list)
    waits = {v: len(before[v]) for v in used}
    for v in waits:
        for u in before[v]:
            after[u].append(v)
    order = [v for v in waits if not waits[v]]
    for u in order:
        for v in after[u]:
            waits[v] -= 1
            if not waits[v]:
                order.append(v)
    return order


def settle(
    order: list[int], above: list[dict[int, float]], wish: list[float], weight: list[float]
) -> list[float]:
    """Return coordinates near those wished for, with the given distances at least.

    Variables are placed one by one, in order. One that comes too near to another above it joins it
    in a block, which moves to the weighted mean of its members' wishes, until it touches no other.
    In a single layer this is isotonic regression, and exact; over layers that groups tie together
    it is the first half of Dwyer, Marriott and Stuckey, Fast Node Overlap Removal, 2005.
    """
    block = [*range(len(wish))]
    offset = [0.0] * len(wish)
    place, mass = wish[:], weight[:]
    members = [[v] for v in block]
    # The gaps above each block, the least free first: (what v is too near by if the block were at
    # 0, negated; u; v; gap). What is above only ever moves up, so that an entry's first number is
    # at worst too low, and is corrected when it comes first.
    ends: list[list[tuple[float, int, int, float]]] = [[] for _ in wish]
    for b in order:
        ends[b] = [(-place[block[u]] - offset[u] - gap, u, b, gap) for u, gap in above[b].items()]
        heapify(ends[b])
        while ends[b]:
            key, u, v, gap = ends[b][0]
            a = block[u]
            if a == b:
                heappop(ends[b])
                continue
            fresh = offset[v] - place[a] - offset[u] - gap
            if fresh > key + 1e-9:
                heapreplace(ends[b], (fresh, u, v, gap))
                continue
            if fresh + place[b] >= -1e-9:
                break
            shift = offset[u] + gap - offset[v]
            if len(members[a]) < len(members[b]):
                a, b, shift = b, a, -shift
            place[a] = (place[a] * mass[a] + (place[b] - shift) * mass[b]) / (mass[a] + mass[b])
            mass[a] += mass[b]
            for v in members[b]:  # they join a, their offsets seen from there
                block[v] = a
                offset[v] += shift
            members[a] += members[b]
            for _, u, v, gap in ends[b]:
                if block[u] != a:
                    heappush(ends[a], (offset[v] - place[block[u]] - offset[u] - gap, u, v, gap))
            b = a
    return [place[b] + offset[v] for v, b in enumerate(block)]


def straight(curve: list[Point], x: float, slope: float = 0.0) -> None:
    """Go on straight to ``x``, if that is ahead."""
    x0, y0 = curve[-1]
    if x - x0 > 0.005:
        if not slope and len(curve) > 3 and {y for _, y in curve[-4:]} == {y0}:
            x0 = curve[-4][0]
            del curve[-3:]
        third = (x - x0) / 3
        curve += [(x0 + third * k, y0 + third * k * slope) for k in (1, 2, 3)]


def bend(
    curve: list[Point], x: float, y: float, m: float = 0.0, m_next: float = 0.0, bow: float = 0.0
) -> None:
    """Go on to (x, y) in the shape of an S, between the slopes ``m`` and ``m_next``."""
    x0, y0 = curve[-1]
    if abs(y - y0) < 0.005 and m == m_next == bow == 0:
        straight(curve, x)
    else:
        turn = (x - x0) * SLACK
        curve += [(x0 + turn, y0 + m * turn + bow), (x - turn, y - m_next * turn + bow), (x, y)]
