"""Which layer of a drawing each node is in, and what else takes room there: first stage of layout.

The short names: a *cell* is whatever takes room in a layer (a node, a label, an edge on its way, or
the place of a group where it has nothing else); ``e`` is the index of an edge, ``a`` and ``b`` are
its ends, ``a`` in the earlier layer; ``g`` is a group, 0 the whole drawing; a *line* is a group's
ancestors from 0 down to itself. Coordinates are *along* the flow, from layer to layer, and *across*
it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]
Pairs = list[tuple[int, int]]
Group = tuple[str, ...]
Before = Mapping[int, Mapping[int, float]] | Sequence[Mapping[int, float]]

NODE_GAP = 18.0  # between nodes of a layer
LAYER_GAP = 36.0
TITLE = 16.0  # the height of a group's title
MOST_CELLS = 8_000  # for edges that pass layers, and one more a node; further edges go around


class Part(NamedTuple):
    """A drawing, or what hangs together in it, with sizes (along, across)."""

    sizes: list[Point]
    edges: Pairs
    groups: list[Group]  # of each node
    labels: list[Point | None]
    down: bool  # the flow goes down the paper, not to the right


class Grid(NamedTuple):
    """The cells, in layers, and the groups around them: the cells below `n` are the nodes."""

    n: int
    layers: int
    label_layers: set[int]
    layer: list[int]
    home: list[int]  # the innermost group of each cell
    before: list[list[int]]  # neighbours of each cell in the layer before, operands in order
    after: list[list[int]]
    chains: dict[int, list[int]]  # the cells of each edge, the earliest first
    turned: set[int]  # edges whose chain begins at their head
    around: set[int]  # edges without cells on their way: they pass above everything
    names: list[Group]  # of each group, outer ones first
    parent: list[int]
    line: list[list[int]]
    span: Pairs  # each group's first and last layer


def layered(part: Part) -> Grid:
    """Return the nodes in layers, so that edges go forward, and a cell where an edge passes one."""
    names, parent, line = groups(part.groups)
    index = {name: g for g, name in enumerate(names)}
    home = [index[path] for path in part.groups]
    n = len(home)
    links, turned = forward(n, part.edges)
    layer = choose_layers(home, line, links)
    labelled = sorted({layer[b] for e, (_, b) in enumerate(links) if part.labels[e]})
    layer = [k + bisect_right(labelled, k) for k in layer]  # labels get layers of their own
    label_layers = {k + more for more, k in enumerate(labelled)}
    inside = defaultdict(list)
    for k, inner in zip(layer, home):
        for g in line[inner]:
            inside[g].append(k)
    span = [(min(inside[g]), max(inside[g])) for g in range(len(line))]
    chains, around = pass_layers(part, links, layer, home, line, span)
    present = {(g, k) for k, inner in zip(layer, home) for g in line[inner]}
    for g in reversed(range(len(line))):  # where a group would have a gap, it gets an empty cell
        for k in range(span[g][0], span[g][1] + 1):
            if (g, k) not in present:
                layer.append(k)
                home.append(g)
                present.update((outer, k) for outer in line[g])
    before: list[list[int]] = [[] for _ in layer]
    after: list[list[int]] = [[] for _ in layer]
    for e in range(len(links)):
        for c, d in pairwise(chains[e][e in around :]):
            after[c].append(d)
            before[d].append(c)
    cells = (layer, home, before, after, chains, turned, around)
    return Grid(n, max(layer) + 1, label_layers, *cells, names, parent, line, span)


def pass_layers(
    part: Part, links: Pairs, layer: list[int], home: list[int], line: list[list[int]], span: Pairs
) -> tuple[dict[int, list[int]], set[int]]:
    """Add the cells in which edges and their labels pass layers, the shortest edges first.

    Return the cells of each edge, its nodes among them, and the edges for which none are left. A
    cell is in a group of one of the nodes, if that has a place in its layer.
    """
    left = MOST_CELLS + len(home)
    chains, around = {}, set()
    for e in sorted(range(len(links)), key=lambda e: layer[links[e][1]] - layer[links[e][0]]):
        a, b = links[e]
        passed = [*range(layer[a] + 1, layer[b])]
        label = [passed.pop()] if part.labels[e] else []
        left -= len(passed)
        if left < 0 and passed:
            around.add(e)
            passed = []
        line_a, line_b = line[home[a]], line[home[b]]
        shared = common(line_a, line_b)
        choice = [*line_a[: shared - 1 : -1], *line_b[: shared - 1 : -1], line_a[shared - 1]]
        chains[e] = [a]
        for k in passed + label:
            chains[e].append(len(layer))
            layer.append(k)
            home.append(next(g for g in choice if span[g][0] <= k <= span[g][1]))
        chains[e].append(b)
    return chains, around


def groups(paths: list[Group]) -> tuple[list[Group], list[int], list[list[int]]]:
    """Return the names of the groups, outer ones first, and the parent and the line of each."""
    index: dict[Group, int] = {(): 0}
    parent, line = [0], [[0]]
    for path in paths:
        for k in range(1, len(path) + 1):
            if path[:k] not in index:
                index[path[:k]] = g = len(line)
                parent.append(index[path[: k - 1]])
                line.append([*line[parent[g]], g])
    return list(index), parent, line


def forward(n: int, edges: Pairs) -> tuple[Pairs, set[int]]:
    """Return the ends of each edge in layer order, and the edges turned, as they close a cycle."""
    out: list[list[int]] = [[] for _ in range(n)]
    entered = [False] * n
    for e, (a, b) in enumerate(edges):
        out[a].append(e)
        entered[b] = True
    turned: set[int] = set()
    state = [0] * n  # 1 while its successors are being visited, then 2
    stack = sorted(range(n), key=entered.__getitem__)[::-1]
    while stack:
        i = stack[-1]
        if state[i]:
            stack.pop()
            state[i] = 2
            continue
        state[i] = 1
        turned.update(e for e in out[i] if state[edges[e][1]] == 1)
        stack += [b for e in reversed(out[i]) if not state[b := edges[e][1]]]
    return [(b, a) if e in turned else (a, b) for e, (a, b) in enumerate(edges)], turned


def choose_layers(home: list[int], line: list[list[int]], links: Pairs) -> list[int]:
    """Give each node a layer: as late as possible, and earlier where that shortens edges."""
    n = len(home)
    before, after = constraints(home, line, links)
    uses = Counter(a for a, _ in set(links))
    made = {b for _, b in links}
    # a leaf of one consumer goes where that goes
    followers = {i for i in uses if uses[i] == 1} - made
    # how much shorter the edges get where a variable goes a layer later
    gain = [0] * n + [1, -1] * len(line)
    for a, b in links:
        gain[a] += 1
        gain[b] -= a not in followers
    order = topological(range(len(gain)), before)
    layer = [0] * len(gain)
    for v in reversed(order):
        layer[v] = min([layer[u] - layers for u, layers in after[v].items()], default=0)
    for v in order:
        if gain[v] <= 0 and before[v]:
            layer[v] = max(
                max(layer[w] + more for w, more in before[u].items()) + 1
                if v < n and u in followers
                else layer[u] + layers
                for u, layers in before[v].items()
            )
    for v in reversed(order):  # branches that are alike stay early, but not where they begin
        if after[v] and (gain[v] > 0 or (gain[v] == 0 and made.isdisjoint(before[v]))):
            layer[v] = min(layer[u] - layers for u, layers in after[v].items())
    used = {old: new for new, old in enumerate(sorted(set(layer[:n])))}
    return [used[old] for old in layer[:n]]


def constraints(
    home: list[int], line: list[list[int]], links: Pairs
) -> tuple[list[dict[int, int]], list[dict[int, int]]]:
    """Return which variables come before and after each, and by how many layers.

    The variables are the nodes, then the first and the last layer of each group. A group comes
    wholly before or after what it has edges to and from, so that it need not be drawn above or
    below it, unless they go in circles: then only the nodes are in order.
    """
    n = len(home)
    before: list[dict[int, int]] = [{} for _ in range(n + 2 * len(line))]
    after: list[dict[int, int]] = [{} for _ in before]

    def precede(u: int, v: int, layers: int) -> None:
        after[u][v] = before[v][u] = layers

    for i, inner in enumerate((*home, *range(1, len(line)))):
        outer = n + 2 * (inner if i < n else line[inner][-2])
        first, last = (i, i) if i < n else (n + 2 * inner, n + 2 * inner + 1)
        precede(outer, first, 0)
        precede(last, outer + 1, 0)
    circling = circles(home, line, links)
    for a, b in links:
        _, u, v = units(a, b, home, line)
        precede(a if u < n or u in circling else u + 1, b if v in circling else v, 1)
    return before, after


def units(a: int, b: int, home: list[int], line: list[list[int]]) -> tuple[int, int, int]:
    """Return the innermost group with both nodes, and what of it they are in.

    That is themselves, or a group in it, by the number of its first variable.
    """
    line_a, line_b = line[home[a]], line[home[b]]
    k, n = common(line_a, line_b), len(home)
    unit_a = n + 2 * line_a[k] if k < len(line_a) else a
    unit_b = n + 2 * line_b[k] if k < len(line_b) else b
    return line_a[k - 1], unit_a, unit_b


def circles(home: list[int], line: list[list[int]], links: Pairs) -> set[int]:
    """Return the units on cycles of edges, or between cycles, and the groups inside them."""
    n = len(home)
    arcs: list[set[tuple[int, int]]] = [set() for _ in line]
    for a, b in links:
        outer, *arc = units(a, b, home, line)
        arcs[outer].add((arc[0], arc[1]))
    found: set[int] = set()
    for g in range(len(line)):
        if g and n + 2 * line[g][-2] in found:
            found.add(n + 2 * g)
        circling = {u for arc in arcs[g] for u in arc}
        for back in (False, True):  # peel off what nothing leads to, then what leads nowhere
            before: dict[int, dict[int, int]] = {u: {} for u in circling}
            for a, b in arcs[g]:
                if a in circling and b in circling:
                    before[a if back else b][b if back else a] = 1
            circling.difference_update(topological(before, before))
        found |= circling
    return found


def topological(used: Iterable[int], before: Before) -> list[int]:
    """Return ``used``, each after those ``before`` it; what a cycle holds back is left out."""
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


def common(line_a: list[int], line_b: list[int]) -> int:
    """Return how many ancestors two lines have in common."""
    return sum(g == h for g, h in zip(line_a, line_b))
