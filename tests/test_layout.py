"""Layouts: what no drawing may do, on random graphs; few crossings, order and straightness on known
ones; sizes and shapes that must not take forever."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from bisect import bisect_right
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like.drawing.layout import layering
from micrograd_like.drawing.layout.placing import Placement, place

ROOT = Path(__file__).resolve().parent.parent
TITLE = 16.0
SLACK = 0.03  # coordinates are rounded to 2 decimals

Rectangle = tuple[float, float, float, float]


class Drawing(NamedTuple):
    """What is given to `place`."""

    sizes: list[tuple[float, float]]
    edges: list[tuple[int, int]]
    groups: list[tuple[str, ...]]
    labels: list[tuple[float, float] | None]
    direction: str

    def place(self) -> Placement:
        return place(*self)


SIDES = st.sampled_from([0.0, 10.0, 24.0, 60.5]) | st.floats(0, 200)


@st.composite
def drawings(draw: st.DrawFn, acyclic: bool = False, most: int = 14) -> Drawing:
    n = draw(st.integers(1, most))
    ends = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=2 * n))
    edges = [(a, b) for a, b in edges if a != b]
    if acyclic:
        edges = [(min(a, b), max(a, b)) for a, b in edges]
        names = draw(st.permutations(range(n)))
        edges = [(names[a], names[b]) for a, b in edges]
    edges += draw(st.lists(st.sampled_from(edges), max_size=3)) if edges else []
    path = st.lists(st.sampled_from("ab"), max_size=3).map(tuple)
    label = st.none() | st.tuples(SIDES, SIDES)
    return Drawing(
        draw(st.lists(st.tuples(SIDES, SIDES), min_size=n, max_size=n)),
        edges,
        draw(st.lists(path, min_size=n, max_size=n)) if draw(st.booleans()) else [()] * n,
        [draw(label) for _ in edges] if draw(st.booleans()) else [None] * len(edges),
        draw(st.sampled_from(["LR", "TB"])),
    )


def around(centre: tuple[float, float], size: tuple[float, float]) -> Rectangle:
    (x, y), (width, height) = centre, size
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def overlap(a: Rectangle, b: Rectangle) -> bool:
    """Return whether two rectangles overlap, or one without an area is inside the other."""
    return all(a[k] + SLACK < b[k + 2] and b[k] + SLACK < a[k + 2] for k in (0, 1))


def contains(a: Rectangle, b: Rectangle) -> bool:
    return all(a[k] <= b[k] + SLACK and b[k + 2] <= a[k + 2] + SLACK for k in (0, 1))


def points(curve: list[tuple[float, float]], steps: int = 12) -> list[tuple[float, float]]:
    """Return points of a chain of Bézier curves."""
    found = [curve[0]]
    for k in range(0, len(curve) - 3, 3):
        p, q, r, s = curve[k : k + 4]
        for t in (i / steps for i in range(1, steps + 1)):
            u = 1 - t
            weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
            xs, ys = zip(p, q, r, s)
            found.append(
                (sum(map(float.__mul__, weights, xs)), sum(map(float.__mul__, weights, ys)))
            )
    return found


def on_boundary(p: tuple[float, float], r: Rectangle) -> bool:
    inside = contains((r[0], r[1], r[2], r[3]), (*p, *p))
    return inside and any(abs(p[k % 2] - r[k]) <= SLACK for k in range(4))


def faults(drawing: Drawing, placed: Placement) -> set[str]:
    """Return what is wrong with a placement, in words; nothing if it is right."""
    found = set()
    nodes = [around(c, size) for c, size in zip(placed.nodes, drawing.sizes)]
    texts = [around(c, s) for c, s in zip(placed.labels, drawing.labels) if c and s]
    if [c is None for c in placed.labels] != [s is None for s in drawing.labels]:
        found.add("a label is missing, or without need")
    sheet = (0.0, 0.0, placed.width, placed.height)
    if not all(contains(sheet, r) for r in (*nodes, *texts, *placed.groups.values())):
        found.add("something is out of bounds")
    for i, j in itertools.combinations(range(len(nodes)), 2):
        if overlap(nodes[i], nodes[j]):
            found.add("nodes overlap")
    if any(overlap(a, b) for a, b in itertools.product(texts, nodes)):
        found.add("a label is on a node")
    if any(overlap(a, b) for a, b in itertools.combinations(texts, 2)):
        found.add("labels overlap")
    prefixes = {path[:k] for path in drawing.groups for k in range(1, len(path) + 1)}
    if set(placed.groups) != prefixes:
        found.add("groups are missing, or too many")
    for (g, box), (h, other) in itertools.permutations(placed.groups.items(), 2):
        if h[: len(g)] == g:
            if not contains((box[0], box[1] + TITLE, box[2], box[3]), other):
                found.add("a group is not in its parent")
        elif g[: len(h)] != h and overlap(box, other):
            found.add("groups overlap")
    for g, box in placed.groups.items():
        for path, r in zip(drawing.groups, nodes):
            if path[: len(g)] == g:
                if not contains((box[0], box[1] + TITLE, box[2], box[3]), r):
                    found.add("a node is not in its group")
            elif overlap(box, r):
                found.add("a node is in a group that is not its own")
    for (a, b), curve in zip(drawing.edges, placed.edges):
        if len(curve) < 4 or len(curve) % 3 != 1:
            found.add("a curve is not a chain of Béziers")
        if not all(contains(sheet, (*p, *p)) for p in curve):
            found.add("a curve is out of bounds")
        if not on_boundary(curve[0], nodes[a]) or not on_boundary(curve[-1], nodes[b]):
            found.add("an edge does not end at its node")
        for x, y in points(curve):
            if any(overlap(r, (x - 0.1, y - 0.1, x + 0.1, y + 0.1)) for r in nodes):
                inner = [
                    r for r in nodes if r[0] + 0.2 < x < r[2] - 0.2 and r[1] + 0.2 < y < r[3] - 0.2
                ]
                found |= {"an edge runs across a node"} if inner else set()
    ports = all(min(size) > 1 for size in drawing.sizes)  # there is room for two
    if ports and len({tuple(curve) for curve in placed.edges}) < len(placed.edges):
        found.add("two edges are the same")
    numbers = [x for c in (*placed.nodes, *itertools.chain(*placed.edges)) for x in c]
    if any(x != round(x, 2) for x in (placed.width, placed.height, *numbers)):
        found.add("a number has more than 2 decimals")
    return found


@given(drawings())
def test_nothing_is_wrong_with_any_drawing(drawing: Drawing) -> None:
    assert faults(drawing, drawing.place()) == set()


@given(drawings(acyclic=True))
def test_edges_go_forward_where_there_is_no_cycle(drawing: Drawing) -> None:
    placed = drawing.place()
    axis = 0 if drawing.direction == "LR" else 1
    for a, b in drawing.edges:
        assert placed.nodes[a][axis] < placed.nodes[b][axis]
    assert faults(drawing, placed) == set()


@given(drawings(), st.integers(0, 6))
def test_edges_that_go_around_keep_clear_too(drawing: Drawing, cells: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layering, "MOST_CELLS", cells - len(drawing.sizes))
        assert faults(drawing, drawing.place()) == set()


@given(drawings())
def test_same_drawing_twice(drawing: Drawing) -> None:
    assert drawing.place() == drawing.place()


GOOD = Drawing(
    [(40.0, 20.0)] * 4,
    [(0, 2), (1, 2), (2, 3), (2, 3)],
    [(), ("g",), ("g", "h"), ()],
    [None, (20.0, 10.0), (20.0, 10.0), None],
    "LR",
)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda p: p.nodes.__setitem__(0, p.nodes[1]), "nodes overlap"),
        (lambda p: p.nodes.__setitem__(0, p.nodes[2]), "a node is in a group that is not its own"),
        (lambda p: p.nodes.__setitem__(2, p.nodes[3]), "a node is not in its group"),
        (lambda p: p.nodes.__setitem__(3, (-50.0, 0.0)), "something is out of bounds"),
        (lambda p: p.nodes.__setitem__(3, (1 / 3, 0.0)), "a number has more than 2 decimals"),
        (lambda p: p.labels.__setitem__(1, p.nodes[0]), "a label is on a node"),
        (lambda p: p.labels.__setitem__(1, p.labels[2]), "labels overlap"),
        (lambda p: p.labels.__setitem__(1, None), "a label is missing, or without need"),
        (lambda p: p.groups.update({("g", "h"): p.groups["g",]}), "a group is not in its parent"),
        (lambda p: p.groups.update({("x",): p.groups["g",]}), "groups overlap"),
        (lambda p: p.groups.popitem(), "groups are missing, or too many"),
        (lambda p: p.edges.__setitem__(2, p.edges[3]), "two edges are the same"),
        (lambda p: p.edges.__setitem__(2, p.edges[0]), "an edge does not end at its node"),
        (lambda p: p.edges[2].extend(p.edges[2][-1:]), "a curve is not a chain of Béziers"),
        (lambda p: p.edges[2].__setitem__(1, (0.0, -99.0)), "a curve is out of bounds"),
        (lambda p: p.edges[0].__setitem__(1, (0.0, p.nodes[0][1])), "an edge runs across a node"),
    ],
)
def test_faults_are_found(spoil: Any, fault: str) -> None:
    placed = GOOD.place()
    assert faults(GOOD, placed) == set()
    spoil(placed)
    assert fault in faults(GOOD, placed)


def run(drawing: Drawing, seed: str) -> str:
    given = ", ".join(map(repr, drawing))
    code = f"from micrograd_like.drawing.layout.placing import place; print(place({given}))"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_same_drawing_in_another_process() -> None:
    rng = random.Random(4)
    n = 60
    drawing = Drawing(
        [(rng.uniform(10, 60), 20.0) for _ in range(n)],
        [(a, (a + rng.randrange(1, n)) % n) for a in rng.choices(range(n), k=100)],
        [tuple(rng.choices("abc", k=rng.randrange(3))) for _ in range(n)],
        [rng.choice([None, (20.0, 10.0)]) for _ in range(100)],
        "LR",
    )
    assert {run(drawing, seed) for seed in "012"} == {f"{drawing.place()}\n"}


# What is known of small graphs


def simple(edges: list[tuple[int, int]], *paths: tuple[str, ...]) -> Drawing:
    n = 1 + max(map(max, edges))
    return Drawing([(40.0, 20.0)] * n, edges, list(paths) or [()] * n, [None] * len(edges), "LR")


def crossings(placed: Placement) -> int:
    """Count the crossings of curves that go from left to right: where one gets above another."""
    curves = [sorted(points(curve)) for curve in placed.edges]

    def height(curve: list[tuple[float, float]], x: float) -> float:
        k = min(max(1, bisect_right(curve, (x, inf))), len(curve) - 1)
        (x0, y0), (x1, y1) = curve[k - 1], curve[k]
        return y0 + (y1 - y0) * (x - x0) / (x1 - x0)

    total = 0
    for c, d in itertools.combinations(curves, 2):
        low, high = max(c[0][0], d[0][0]), min(c[-1][0], d[-1][0])
        xs = [low + (high - low) * k / 200 for k in range(201)] if low < high else []
        signs = [height(c, x) > height(d, x) for x in xs if abs(height(c, x) - height(d, x)) > 0.01]
        total += sum(a != b for a, b in itertools.pairwise(signs))
    return total


def binary_tree(depth: int) -> list[tuple[int, int]]:
    return [(i, (i - 1) // 2) for i in range(1, 2**depth - 1)]


@pytest.mark.parametrize(
    ("edges", "fewest"),
    [
        (binary_tree(5), 0),
        ([(b, a) for a, b in binary_tree(5)], 0),
        ([(a, b) for a in (0, 1) for b in (2, 3)], 1),
        ([(a, b) for a in (0, 1, 2) for b in (3, 4, 5)], 9),
        ([(a + 2 * k, b + 2 * k) for k in range(4) for a in (0, 1) for b in (2, 3)], 4),
        ([(0, 5), (1, 4), (2, 3)], 0),
        ([(0, 3), (1, 2), (2, 5), (3, 4), (4, 7), (5, 6)], 0),
        ([(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)], 0),
        ([(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (0, 3), (0, 2)], 0),
        ([(0, 1), (0, 1), (1, 2), (1, 2)], 0),
    ],
)
def test_as_few_crossings_as_can_be(edges: list[tuple[int, int]], fewest: int) -> None:
    assert crossings(simple(edges).place()) == fewest


def test_crossings_are_counted() -> None:
    nodes = [(0.0, 0.0), (0.0, 9.0), (9.0, 0.0), (9.0, 9.0)]
    lines = [[nodes[a], nodes[a], nodes[b], nodes[b]] for a, b in ((0, 3), (1, 2), (0, 2))]
    assert crossings(Placement(9.0, 9.0, nodes, lines, [], {})) == 1


@pytest.mark.parametrize("operands", [(0, 1), (1, 0), (0, 1, 2), (2, 0, 1)])
def test_operands_are_in_order(operands: tuple[int, ...]) -> None:
    n = len(operands)
    nodes = simple([(a, n) for a in operands]).place().nodes
    assert [nodes[a][1] for a in operands] == sorted(nodes[a][1] for a in operands)
    assert nodes[n][1] == sum(nodes[a][1] for a in operands) / n


def test_leaf_is_right_before_its_first_consumer() -> None:
    # 0 -> 1 -> 2 -> 3 -> 4, with the leaves 5 into 3 and 4, and 6 into 4
    nodes = simple([(0, 1), (1, 2), (2, 3), (3, 4), (5, 3), (5, 4), (6, 4)]).place().nodes
    assert nodes[5][0] == nodes[2][0]
    assert nodes[6][0] == nodes[3][0]


def test_what_hangs_together_moves_together() -> None:
    # the product of two leaves stands before the sum that takes it, not at the beginning
    nodes = simple([(0, 1), (1, 2), (2, 3), (3, 6), (4, 5), (7, 5), (5, 6)]).place().nodes
    assert nodes[5][0] == nodes[3][0]
    # and the square of an early value stands beside it
    nodes = simple([(0, 1), (1, 2), (2, 3), (0, 4), (0, 4), (3, 5), (4, 5)]).place().nodes
    assert nodes[4][0] == nodes[1][0]


def test_chain_is_straight() -> None:
    placed = simple([(0, 1), (1, 2), (2, 3)]).place()
    assert {y for _, y in placed.nodes} == {10.0}
    assert placed.edges[0] == [(40.0, 10.0), (52.0, 10.0), (64.0, 10.0), (76.0, 10.0)]


def test_an_edge_is_straight_from_a_port_beside_the_middle_too() -> None:
    placed = simple([(0, 1), (1, 2), (1, 3), (3, 4), (0, 4), (2, 5)]).place()
    assert placed.edges[2][0][1] != placed.nodes[1][1]  # 1 is an operand twice
    for e in (2, 3, 5):
        assert len({y for _, y in placed.edges[e]}) == 1


def test_directions_mirror_each_other() -> None:
    drawing = simple([(0, 2), (1, 2), (2, 3), (1, 3)])
    flat = drawing.place()
    turned = [(h, w) for w, h in drawing.sizes]
    tall = drawing._replace(sizes=turned, direction="TB").place()
    assert tall.nodes == [(y, x) for x, y in flat.nodes]
    assert tall.edges == [[(y, x) for x, y in curve] for curve in flat.edges]
    assert (tall.width, tall.height) == (flat.height, flat.width)


def test_label_is_at_its_edge_in_a_gap() -> None:
    drawing = simple([(0, 2), (1, 2), (2, 3)])._replace(labels=[(30.0, 12.0)] * 3)
    placed = drawing.place()
    for (a, b), curve, label in zip(drawing.edges, placed.edges, placed.labels):
        assert label is not None
        assert placed.nodes[a][0] + 20 <= label[0] - 15
        assert label[0] + 15 <= placed.nodes[b][0] - 20
        assert min(abs(x - label[0]) + abs(y - label[1]) for x, y in points(curve)) < 16


def test_parts_are_in_order_and_apart() -> None:
    drawing = simple([(0, 1), (2, 3), (4, 5)], *[()] * 6)
    nodes = drawing.place().nodes
    assert nodes[0] < nodes[2] or nodes[0][1] < nodes[2][1]
    many = place([(40.0, 20.0)] * 100, [], [()] * 100, [])
    assert 0.5 < many.width / many.height < 2


def network(widths: list[int]) -> Drawing:
    """Return a network with a weighted sum and an activation for each neuron, in its own group."""
    edges: list[tuple[int, int]] = []
    paths: list[tuple[str, ...]] = [()] * widths[0]
    inputs = list(range(widths[0]))
    for k, width in enumerate(widths[1:]):
        outputs = []
        for j in range(width):
            n, path = len(paths), ("MLP", f"layers.{k}", f"neurons.{j}")
            weights = range(n, n + len(inputs) + 1)
            paths += [path] * (len(weights) + 2)
            edges += [(a, n + len(weights)) for a in (*weights, *inputs)]
            edges.append((n + len(weights), n + len(weights) + 1))
            outputs.append(n + len(weights) + 1)
        inputs = outputs
    return simple(edges, *paths)


def test_layers_of_a_network_stand_side_by_side_and_neurons_in_a_column() -> None:
    drawing = network([2, 5, 5, 1])
    placed = drawing.place()
    assert faults(drawing, placed) == set()
    layers = [placed.groups["MLP", f"layers.{k}"] for k in range(3)]
    assert layers[0][2] < layers[1][0] < layers[1][2] < layers[2][0]
    for k in (0, 1):
        neurons = [placed.groups["MLP", f"layers.{k}", f"neurons.{j}"] for j in range(5)]
        assert len({(x0, x1) for x0, _, x1, _ in neurons}) == 1
        assert neurons == sorted(neurons, key=lambda box: box[1])
        heights = [y1 - y0 for _, y0, _, y1 in neurons]
        assert max(heights) < 1.1 * min(heights)
    middle = (layers[1][1] + layers[1][3]) / 2
    assert layers[2][1] < middle < layers[2][3]
    assert placed.nodes[0][0] < placed.groups["MLP",][0]  # the inputs are outside


def test_groups_in_a_circle_are_drawn() -> None:
    drawing = simple([(0, 1), (1, 2), (2, 3)], ("a",), ("b",), ("a",), ("b",))
    assert faults(drawing, drawing.place()) == set()


def test_cycles_are_drawn() -> None:
    drawing = simple([(0, 1), (1, 2), (2, 0)])
    placed = drawing.place()
    assert faults(drawing, placed) == set()
    assert placed.nodes[0][0] < placed.nodes[1][0] < placed.nodes[2][0]


def test_nothing_gives_nothing() -> None:
    assert place([], [], [], []) == Placement(0.0, 0.0, [], [], [], {})
    assert place([(0.0, 0.0)], [], [()], []) == Placement(0.0, 0.0, [(0.0, 0.0)], [], [], {})


# Sizes


@pytest.mark.parametrize(
    "edges",
    [
        [(i, i + 1) for i in range(999)],
        [
            (i - i % 2 + a, i + 2 - i % 2 + b)
            for i in range(0, 998, 2)
            for a in (0, 1)
            for b in (0, 1)
        ],
        [(i, 1000) for i in range(1000)],
        [*((i, i + 1) for i in range(1000)), (0, 1000)],
        [*((i, i + 1) for i in range(400)), *((0, i) for i in range(1, 401))],
        [(i, j) for i in range(30) for j in range(i + 1, 30)] * 2,
        [(i * i % 499, i) for i in range(500) if i * i % 499 != i],
    ],
    ids=["chain", "ladder", "leaves into one", "long skip", "one into all", "dense", "scattered"],
)
def test_large(edges: list[tuple[int, int]]) -> None:
    drawing = simple(edges)
    placed = drawing.place()
    rows = sorted(around(c, size) for c, size in zip(placed.nodes, drawing.sizes))
    for i, a in enumerate(rows):
        following = itertools.takewhile(lambda b, a=a: b[0] < a[2], rows[i + 1 :])
        assert not any(overlap(a, b) for b in following)
    for (a, b), curve in zip(edges, placed.edges):
        assert on_boundary(curve[0], around(placed.nodes[a], drawing.sizes[a]))
        assert on_boundary(curve[-1], around(placed.nodes[b], drawing.sizes[b]))
    assert len({tuple(curve) for curve in placed.edges}) == len(edges)


def test_long_skip_keeps_clear_of_all() -> None:
    drawing = simple([*((i, i + 1) for i in range(1000)), (0, 1000)])
    placed = drawing.place()
    start, end = placed.nodes[0][0] + 80, placed.nodes[-1][0] - 80
    skipping = [y for x, y in points(placed.edges[-1]) if start < x < end]
    rows = [y for _, y in placed.nodes[1:-1]]
    assert len(skipping) > 6
    assert max(skipping) < min(rows) - 10 or max(rows) + 10 < min(skipping)


def test_branches_that_are_alike_lie_alike() -> None:
    """Four samples, each two boxes after a shared one, are added up one after the other."""
    edges = [(0, i) for i in range(1, 5)] + [(i, i + 4) for i in range(1, 5)]
    edges += [(5, 9), (6, 9), (9, 10), (7, 10), (10, 11), (8, 11)]
    nodes = place([(40.0, 20.0)] * 12, edges, [()] * 12, [None] * len(edges)).nodes
    assert len({x for x, _ in nodes[1:5]}) == len({x for x, _ in nodes[5:9]}) == 1
    assert [y for _, y in nodes[1:5]] == pytest.approx([y for _, y in nodes[5:9]], abs=1)
