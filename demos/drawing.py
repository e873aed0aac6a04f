"""Draw what the demos share: functions of two variables, walks on a curve, runs of training.

What you can do with it::

    svg = training_picture("Two moons", "98 of 100 right", score, train, held_out, losses)

    panel = Panel((300, 300), (-1, 1), (-1, 1))               # of `micrograd_like.drawing.charts`
    heat(panel, lambda x, y: x * y, -1, 1)
    panel.axes("x", "y")
    svg = figure("A saddle", "z = xy", panel, colour_bar(300, -1, 1, "z"))
"""

import math
from collections.abc import Callable, Mapping, Sequence

from micrograd_like import Value
from micrograd_like.drawing.charts import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILION,
    Panel,
    Point,
    dot,
    figure,
    path_of,
    rect,
    ring,
    spread,
)

Row = tuple[list[float], int]
Field = list[list[float]]
Corner = tuple[int, int]
Function = Callable[[Value], Value]

CLASSES = (BLUE, VERMILION)  # of points
TINTS = ("#c9dfee", "#e9f2f8", "#fcefe6", "#f5d3bd")  # from surely class 0 to surely class 1


def shade(part: float) -> str:
    """Return a colour from blue at 0 by way of white to vermilion at 1."""
    end = CLASSES[part > 0.5]
    rgb = [int(end[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (c - 255) * abs(2 * part - 1)):02x}" for c in rgb)


def shade_of_root(number: float) -> str:
    """Return a colour for -1 to 1, by the square root: it shows small numbers beside large ones."""
    return shade(0.5 + math.copysign(0.5 * math.sqrt(abs(number)), number))


BANDS = [shade(k / 19) for k in range(20)]  # of a function


def regions(
    panel: Panel, f: Callable[[float, float], float], paints: Sequence[tuple[float, str]]
) -> None:
    """Paint where ``f`` is at least a level, for each (level, SVG paint attributes) in turn."""
    columns, rows = round(panel.size[0] / 9), round(panel.size[1] / 9)
    (x0, x1), (y0, y1) = panel.x, panel.y
    dx, dy = (x1 - x0) / columns, (y1 - y0) / rows
    # One cell more on every side, so that contours close outside the panel.
    xs = [x0 + j * dx for j in range(-1, columns + 2)]
    ys = [y0 + i * dy for i in range(-1, rows + 2)]
    field = [[f(x, y) for x in xs] for y in ys]
    for level, paint in paints:
        loops = [
            [panel.at(xs[0] + j * dx, ys[0] + i * dy) for i, j in loop]
            for loop in contours(field, level)
        ]
        path = "".join(path_of(loop) + "Z" for loop in loops)
        panel.marks.append(f'<path d="{path}" fill-rule="evenodd" {paint}/>')


def heat(panel: Panel, f: Callable[[float, float], float], low: float, high: float) -> None:
    """Paint a function of x and y in bands of colour, from blue at ``low`` to orange at ``high``.

    What lies beyond has the colour of the nearer end.
    """
    panel.marks.append(rect(0, 0, *panel.size, BANDS[0]))
    levels = [(low + (high - low) * k / len(BANDS), c) for k, c in enumerate(BANDS)]
    regions(panel, f, [(level, f'fill="{colour}"') for level, colour in levels[1:]])


def colour_bar(height: float, low: float, high: float, name: str) -> Panel:
    """Return the scale of `heat`."""
    bar = Panel((18, height), (0, 1), (low, high))
    bar.axes("", name)
    side = height / len(BANDS)
    for k, colour in enumerate(BANDS, 1):
        bar.marks.append(rect(0, height - k * side, 18, side + 0.5, colour))
    return bar


def training_picture(
    title: str,
    subtitle: str,
    score: Callable[[float, float], float],
    train: Sequence[Row],
    held_out: Sequence[Row],
    losses: Mapping[str, Sequence[float]],
) -> str:
    """Draw the decision regions with the points, and beside them the losses on a log scale.

    ``score(x, y)`` is the log odds of class 1 against class 0; ``losses`` maps one or two names to
    numbers > 0, one before training and one after each epoch.
    """
    numbers = [loss for curve in losses.values() for loss in curve]
    if not all(0 < loss < math.inf for loss in numbers):
        raise ValueError("a loss is not a finite number > 0 and has no place on a log scale")
    points = [inputs for inputs, _ in [*train, *held_out]]
    (x0, x1), (y0, y1) = (
        (min(column) - 0.35, max(column) + 0.35) for column in zip(*points, strict=True)
    )
    width = 540.0
    height = width * (y1 - y0) / (x1 - x0)  # one unit is as long upwards as sideways

    plane = Panel((width, height), (x0, x1), (y0, y1))
    plane.axes("x", "y")
    plane.marks.append(rect(0, 0, *plane.size, TINTS[0]))
    sure = math.log(9)  # log odds of 90 %
    regions(
        plane,
        score,
        [
            (-sure, f'fill="{TINTS[1]}"'),
            (0.0, f'fill="{TINTS[2]}"'),
            (sure, f'fill="{TINTS[3]}"'),
            (0.0, f'fill="none" stroke="{INK}" stroke-width="1.5"'),
        ],
    )
    wrong = []
    for rows, mark in (train, dot), (held_out, ring):
        for (x, y), target in rows:
            place = plane.at(x, y)
            plane.marks.append(mark(*place, CLASSES[target]))
            if (score(x, y) > 0) != target:
                wrong.append(halo(*place))
    plane.marks += wrong
    band = (
        f'<path d="M-8 -4h16" stroke="{TINTS[1]}" stroke-width="8"/>'
        f'<path d="M-8 4h16" stroke="{TINTS[2]}" stroke-width="8"/>'
        f'<path d="M-8 0h16" stroke="{INK}" stroke-width="1.5"/>'
    )
    key = {
        "class 0": dot(0, 0, CLASSES[0]),
        "class 1": dot(0, 0, CLASSES[1]),
        "held out": ring(0, 0, GREY) if held_out else "",
        "misclassified": halo(0, 0),
        "p = 10, 50, 90 %": band,
    }
    plane.legend((mark, words) for words, mark in key.items() if mark)
    curves = progress((300, height), "epoch", "loss", losses, log=True)
    return figure(title, subtitle, plane, curves)


def progress(
    size: Point,
    step: str,
    name: str,
    curves: Mapping[str, Sequence[float]],
    *,
    log: bool = False,
    title: str = "",
) -> Panel:
    """Return a chart of one or two named curves: a number at the start and after each step."""
    numbers = [number for curve in curves.values() for number in curve]
    steps = max(1, *(len(curve) - 1 for curve in curves.values()))
    heights = spread(numbers, log=True) if log else (0, 1.05 * max(numbers))
    panel = Panel(size, (0, steps), heights, log=log, title=title)
    panel.axes(step, name, whole=True)
    colours = dict(zip(curves, (INK, GREEN), strict=False))
    for words, curve in curves.items():
        every = max(1, len(curve) // 500)  # enough for a smooth line
        last = len(curve) - 1
        shown = [k for k in range(last + 1) if k < 100 or k % every == 0 or k == last]
        panel.line([(k, curve[k]) for k in shown], colours[words])
    if len(curves) > 1:
        panel.key(colours)
    return panel


def walks(
    size: Point,
    names: tuple[str, str],
    f: Function,
    paths: Mapping[str, Sequence[Sequence[float]]],
    title: str = "",
) -> Panel:
    """Return a chart of a function, and of walks on it: after each step x, y and the slope."""
    xs, ys, _ = zip(*(place for path in paths.values() for place in path))
    panel = Panel(size, spread(xs), spread(ys), title=title)
    panel.axes(*names)
    panel.curve(lambda x: f(Value(x)).data, GREY, width=1.2)
    panel.key(colours := dict(zip(paths, (BLUE, VERMILION, GREEN))))
    for name, path in paths.items():
        panel.steps([(x, y) for x, y, _ in path], colours[name])
    return panel


def halo(x: float, y: float) -> str:
    """Return the mark around a misclassified point."""
    return ring(x, y, INK, 6.8, "none")


def contours(field: Field, level: float) -> list[list[Point]]:
    """Return closed loops of (row, column) around where the field is at least the level.

    Marching squares, with linear interpolation along the edges; beyond its rim the field is low.
    """
    heights = [height for row in field for height in row]
    if not all(map(math.isfinite, heights)):
        raise ValueError("the field holds a number that is not finite; did training diverge?")
    low, rows, columns = min(level, *heights) - 1, len(field), len(field[0])

    def height_at(corner: Corner) -> float:
        i, j = corner
        return field[i][j] if 0 <= i < rows and 0 <= j < columns else low

    # Walking round a cell, the region's rim runs from each edge that leaves the region to the next
    # that enters it. The neighbour walks that edge the other way, so that the pieces join.
    after: dict[tuple[Corner, Corner], tuple[Corner, Corner]] = {}
    for i in range(-1, rows):
        for j in range(-1, columns):
            corners = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j), (i, j)]
            within = [height_at(corner) >= level for corner in corners]
            crossed = [k for k in range(4) if within[k] != within[k + 1]]
            for place, k in enumerate(crossed):
                if within[k]:
                    enter = crossed[(place + 1) % len(crossed)]
                    after[corners[k], corners[k + 1]] = corners[enter + 1], corners[enter]
    loops: list[list[Point]] = []
    while after:
        edge, loop = next(iter(after)), list[Point]()
        while edge in after:
            (inside, outside), edge = edge, after.pop(edge)
            high, low_end = height_at(inside), height_at(outside)
            part = (high - level) / (high - low_end)
            (i, j), (di, dj) = inside, (outside[0] - inside[0], outside[1] - inside[1])
            loop.append((i + part * di, j + part * dj))
        loops.append(loop)
    return loops
