"""In the built-in SVG an arrow leaves its operand's box and points at what was made of it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from micrograd_like import Value, fsum, tanh
from micrograd_like.drawing.picture import placed, shortened
from micrograd_like.graph import Graph

SVG = "{http://www.w3.org/2000/svg}"

Point = tuple[float, float]


def groups(graph: Graph) -> dict[str, ET.Element]:
    """Return the elements of the boxes and arrows, by id."""
    return {g.get("id", ""): g for g in ET.fromstring(graph.svg("builtin")).iter(f"{SVG}g")}


def touches(box: ET.Element, point: Point) -> bool:
    """Tell whether a point lies on the outline of a box, to a hundredth of a point."""
    (rect,) = box.iter(f"{SVG}rect")
    x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
    dx, dy = abs(point[0] - x - width / 2) - width / 2, abs(point[1] - y - height / 2) - height / 2
    return abs(max(dx, dy)) < 0.03


def ends(arrow: ET.Element) -> tuple[Point, Point]:
    """Return where the curve of an arrow begins, and the tip of its head."""
    curve, head = (path.get("d", "") for path in arrow.iter(f"{SVG}path"))
    start, tip = (re.match(r"M([-\d.]+),([-\d.]+) ", d) for d in (curve, head))
    assert start
    assert tip
    return (float(start[1]), float(start[2])), (float(tip[1]), float(tip[2]))


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_arrows_run_from_operands_to_what_is_made_of_them(direction: str) -> None:
    x, w, b = (Value(data, label=name) for data, name in ((2.0, "x"), (-3.0, "w"), (1.0, "b")))
    out = (x * w - b) / x
    graph = (out * out).graph(direction=direction)
    drawn, key = groups(graph), graph.names.key
    for out in graph.values:
        for i, x in enumerate(out.operands):
            start, tip = ends(drawn[f"e{key(out)}-{i}"])
            assert touches(drawn[key(x)], start)
            assert touches(drawn[key(out)], tip)


def test_what_flows_against_the_loss_is_dashed() -> None:
    up, down, still = (Value(1.0, label=name) for name in ("up", "down", "still"))
    out = fsum([up * 2.0, down * -1.0, still * 0.0])
    out.backward()
    graph = out.graph()
    dashes = {
        graph.scene.boxes[arrow.tail].name: path.get("stroke-dasharray")
        for arrow in graph.scene.arrows
        for path in [*groups(graph)[arrow.key].iter(f"{SVG}path")][:1]
    }
    assert (dashes["up"], dashes["down"], dashes["still"]) == (None, "6 3", "1 3")


def test_a_line_enters_its_head_without_a_hook() -> None:
    x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    for view in ("forward", "partials"):
        scene = tanh(x * w + x).graph(view=view).scene
        for arrow, points in zip(scene.arrows, placed(scene).edges):
            (before, _), (end, y) = shortened(arrow, points)[-2:]
            assert before < end < points[-1][0]
            assert y == points[-1][1]
