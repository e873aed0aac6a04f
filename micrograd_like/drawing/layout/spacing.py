"""How far apart the cells of a drawing stand, across the flow and along it: third stage of layout.

Across the flow, cells are drawn to what they have edges to and from, as by springs, and pushed
apart until nothing overlaps; edges that pass layers are straight there, like beams, wherever that
can be. Pushing them apart (`settle`) is isotonic regression in a single layer; over layers that
groups tie together it is the first half of Dwyer et al., Fast Node Overlap Removal, 2005.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from heapq import heapify, heappop, heappush, heapreplace
from itertools import accumulate, pairwise
from math import fsum, inf
from typing import NamedTuple

from .layering import LAYER_GAP, NODE_GAP, TITLE, Grid, Part, topological
from .ordering import group_of, opening

PAD = 8.0  # between a group's border and what is inside
PORT = 7.0  # between the ends of two edges at one node
ROUNDS = 16  # of pulling and pushing; of a large drawing fewer


class Extents(NamedTuple):
    """What each cell takes, from its middle: half its length along the flow, and across it."""

    half: list[float]
    above: list[float]
    below: list[float]


class Spaces(NamedTuple):
    """Where the cells, the layers and the borders of groups are."""

    extents: Extents
    ports: dict[int, list[float]]  # of each edge, from the middles of its chain's first and last
    across: list[float]  # of each cell
    along: list[float]  # the middle of each layer
    reach: list[float]  # and how far its cells reach from there
    boxes: list[tuple[float, float, float, float]]  # of each group


def spaced(part: Part, grid: Grid, rows: list[list[int]]) -> Spaces:
    """Return coordinates for everything but the curves."""
    extents = measured(part, grid)
    ports = choose_ports(part, grid, rows)
    across, borders = move_across(part, grid, rows, extents, ports)
    reach = [0.0] * grid.layers
    for c, k in enumerate(grid.layer):
        reach[k] = max(reach[k], extents.half[c])
    along, ends = move_along(part, grid, across, reach)
    boxes = [(x0, y0, x1, y1) for (x0, x1), (y0, y1) in zip(ends, borders)]
    return Spaces(extents, ports, across, along, reach, boxes)


def measured(part: Part, grid: Grid) -> Extents:
    """Return what the cells take: nodes, and the labels on their edges."""
    half, above, below = extents = Extents(*([0.0] * len(grid.layer) for _ in range(3)))
    for i, (along, across) in enumerate(part.sizes):
        half[i], above[i], below[i] = along / 2, across / 2, across / 2
    for e, label in enumerate(part.labels):
        if label:
            c = grid.chains[e][-2]
            half[c], above[c], below[c] = label[0] / 2, label[1] / 2, label[1] / 2
    return extents


def choose_ports(part: Part, grid: Grid, rows: list[list[int]]) -> dict[int, list[float]]:
    """Choose where edges leave and enter their nodes: in the order of their other ends."""
    position = {t: i for row in rows for i, t in enumerate(row)}
    ends: list[list[tuple[int, int]]] = [[] for _ in range(2 * grid.n)]
    for e, chain in grid.chains.items():
        first, last = position[chain[1]], position[chain[-2]]
        if e in grid.around:  # it passes above everything, and comes down at its label or its end
            first, last = -1, last if len(chain) > 2 else -1
        ends[2 * chain[0]].append((first, e))
        ends[2 * chain[-1] + 1].append((last, e))
    ports = {e: [0.0, 0.0] for e in grid.chains}
    for i, here in enumerate(ends):
        step = min(PORT, 0.6 * part.sizes[i // 2][1] / max(1, len(here) - 1))
        for k, (_, e) in enumerate(sorted(here)):
            ports[e][i % 2] = (k - (len(here) - 1) / 2) * step
    return ports


def beams(grid: Grid, rows: list[list[int]]) -> list[int]:
    """Return for each cell the first of those in a straight line with it.

    A line goes on for as long as one edge leads on and no other joins it. Lines must not cross each
    other, nor the border of a group. A label is in line only where its edge is straight to its end.
    """
    beam = [*range(len(grid.layer))]
    for row, following in pairwise(rows):
        where = {t: j for j, t in enumerate(following)}
        kept = [(i, where[t]) for i, t in enumerate(row) if t < 0 and t in where]
        for i, c in enumerate(row):
            if c < 0 or len(grid.after[c]) != 1:
                continue
            (d,) = grid.after[c]
            turns = grid.layer[d] in grid.label_layers and len(grid.before[grid.after[d][0]]) > 1
            if len(grid.before[d]) == 1 and grid.home[c] == grid.home[d] and not turns:
                j = where[d]
                k = bisect_left(kept, (i, j))
                if (not k or kept[k - 1][1] < j) and (k == len(kept) or kept[k][1] > j):
                    kept.insert(k, (i, j))
                    beam[d] = beam[c]
    return beam


def move_across(
    part: Part, grid: Grid, rows: list[list[int]], extents: Extents, ports: dict[int, list[float]]
) -> tuple[list[float], list[tuple[float, float]]]:
    """Give every cell a coordinate near its neighbours, and every group's borders around it.

    There is a variable for each beam, by its first cell, and then two for each group.
    """
    n, count, beam = grid.n, len(grid.layer), beams(grid, rows)
    above: list[dict[int, float]] = [{} for _ in range(count + 2 * len(grid.line))]
    at = [0.0] * len(above)
    for row in rows:  # at first, each is stacked around its middle
        variables = [beam[t] if t >= 0 else count + ~t for t in row]
        gaps = [separation(s, t, part, n, extents) for s, t in pairwise(row)]
        for u, v, gap in zip(variables, variables[1:], gaps):
            above[v][u] = max(gap, above[v].get(u, 0.0))
        height = [0.0, *accumulate(gaps)]
        for v, y in zip(variables, height):
            at[v] = y - height[-1] / 2
    springs: list[list[tuple[int, float]]] = [[] for _ in above]
    for e, chain in grid.chains.items():
        for c, d in pairwise(chain[e in grid.around :]):
            u, v = beam[c], beam[d]
            if u != v:
                shift = (ports[e][1] if d < n else 0.0) - (ports[e][0] if c < n else 0.0)
                springs[u].append((v, shift))
                springs[v].append((u, -shift))
    weight = [max(1.0, len(near)) for near in springs]
    inside = Counter(g for home in grid.home for g in grid.line[home])
    for g in range(len(grid.line)):
        weight[count + 2 * g] = weight[count + 2 * g + 1] = inside[g]
    order = topological(sorted({*beam, *range(count + 2, len(above))}), above)
    at = settle(order, above, at, weight)
    for _ in range(max(2, min(ROUNDS, 80_000 // count))):
        wish = at[:]
        for v, near in enumerate(springs):
            if near:
                wish[v] = (at[v] + fsum([at[u] + shift for u, shift in near]) / len(near)) / 2
        wish[count:] = tight(part, grid, extents, [at[v] for v in beam])
        at = settle(order, above, wish, weight)
    borders = at[count:]
    return [at[v] for v in beam], [*zip(borders[::2], borders[1::2])]


def separation(s: int, t: int, part: Part, n: int, extents: Extents) -> float:
    """Return the least distance between two neighbouring tokens of a layer."""
    distance = (extents.below[s] if s >= 0 else 0.0) + (extents.above[t] if t >= 0 else 0.0)
    if s < 0 and s == opening(group_of(s)):
        return distance + (PAD + (0.0 if part.down else TITLE))
    if t < 0 and t != opening(group_of(t)):
        return distance + PAD
    if min(s, t) >= 0 and max(s, t) >= n:
        return distance + NODE_GAP / (2 if min(s, t) < n else 3)
    return distance + NODE_GAP


def tight(part: Part, grid: Grid, extents: Extents, across: list[float]) -> list[float]:
    """Return where the groups' borders would be, drawn tightly around their content."""
    top, bottom = [inf] * len(grid.line), [-inf] * len(grid.line)
    for y, above, below, g in zip(across, extents.above, extents.below, grid.home):
        top[g] = min(top[g], y - above)
        bottom[g] = max(bottom[g], y + below)
    for g in reversed(range(len(top))):
        top[g] -= PAD + (0.0 if part.down else TITLE)
        bottom[g] += PAD
        outer = grid.parent[g]
        top[outer], bottom[outer] = min(top[outer], top[g]), max(bottom[outer], bottom[g])
    return [y for borders in zip(top, bottom) for y in borders]


def settle(
    order: list[int], above: list[dict[int, float]], wish: list[float], weight: list[float]
) -> list[float]:
    """Return coordinates near those wished for, with the given distances at least.

    Variables are placed one by one, in order. One that comes too near to another above it joins it
    in a block, which moves to the weighted mean of its members' wishes, until it touches no other.
    """
    block: list[int] = [*range(len(wish))]
    place, mass, offset = wish[:], weight[:], [0.0] * len(wish)
    members = [[v] for v in block]

    def slack(u: int, v: int, gap: float) -> float:  # between them, if v's block were at 0
        return offset[v] - place[block[u]] - offset[u] - gap

    # The gaps above each block, the tightest first: (slack, u, v, gap). What is above only ever
    # moves up, so a slack is at worst too low, and is corrected when it comes first.
    gaps: list[list[tuple[float, int, int, float]]] = [[] for _ in wish]
    for b in order:
        gaps[b] = [(slack(u, b, gap), u, b, gap) for u, gap in above[b].items()]
        heapify(gaps[b])
        while gaps[b]:
            old, u, v, gap = gaps[b][0]
            a, now = block[u], slack(u, v, gap)
            if a == b:
                heappop(gaps[b])
            elif now > old + 1e-9:
                heapreplace(gaps[b], (now, u, v, gap))
            elif now + place[b] >= -1e-9:
                break
            else:
                shift = offset[u] + gap - offset[v]
                if len(members[a]) < len(members[b]):
                    a, b, shift = b, a, -shift
                place[a] = (place[a] * mass[a] + (place[b] - shift) * mass[b]) / (mass[a] + mass[b])
                mass[a] += mass[b]
                for v in members[b]:  # they join a, their offsets seen from there
                    block[v] = a
                    offset[v] += shift
                members[a] += members[b]
                for _, u, v, gap in gaps[b]:
                    if block[u] != a:
                        heappush(gaps[a], (slack(u, v, gap), u, v, gap))
                b = a
    return [place[b] + offset[v] for v, b in enumerate(block)]


def move_along(
    part: Part, grid: Grid, across: list[float], reach: list[float]
) -> tuple[list[float], list[tuple[float, float]]]:
    """Give layers a coordinate, with room for borders and steep edges, and groups their ends."""
    lead, trail = [0.0] * len(grid.line), [0.0] * len(grid.line)  # of groups beyond their layers
    before, behind = [0.0] * grid.layers, [0.0] * grid.layers  # the most of them, for each layer
    for g in range(len(grid.line) - 1, 0, -1):
        lead[g] += PAD + (TITLE if part.down else 0.0)
        trail[g] += PAD
        (first, last), outer = grid.span[g], grid.parent[g]
        before[first], behind[last] = max(before[first], lead[g]), max(behind[last], trail[g])
        if first == grid.span[outer][0]:
            lead[outer] = max(lead[outer], lead[g])
        if last == grid.span[outer][1]:
            trail[outer] = max(trail[outer], trail[g])
    steps: list[list[float]] = [[] for _ in reach]
    for c, following in enumerate(grid.after):
        steps[grid.layer[c]] += [abs(across[c] - across[d]) for d in following]
    along: list[float] = []
    for k in range(grid.layers):
        x = before[k] + reach[k]
        if k:
            steep = fsum(steps[k - 1]) / max(1, len(steps[k - 1]))
            least = LAYER_GAP / 2 if {k, k - 1} & grid.label_layers else LAYER_GAP
            gap = max(least, min(steep / 2, 6 * LAYER_GAP))
            x += along[-1] + reach[k - 1] + behind[k - 1] + gap
        along.append(x)
    ends = [
        (along[first] - reach[first] - lead[g], along[last] + reach[last] + trail[g])
        for g, (first, last) in enumerate(grid.span)
    ]
    return along, ends
