"""Draw curves, functions of two variables, and what a classifier has learnt, as SVG.

What you can do with it::

    svg = training_picture("Two moons", "98 of 100 right", score, train, held_out, losses)

    panel = Panel(56, 116, (420, 400), (-4.5, 0.5), (0, 5))   # left, top, size; ranges of x and y
    panel.axes("x", "y")
    panel.curve(lambda x: (x + 2) ** 2, GREY)
    svg = figure("A parabola", "its minimum is at -2", panel)

A ``Panel`` maps data to pixels, (0, 0) being its upper left corner, and collects two lists of SVG
elements: ``marks``, clipped to the panel, and ``frame``, drawn around it: axes, legend.
The same data gives the same bytes. Colours are Okabe and Ito's, told apart by the colour-blind.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise

Row = tuple[list[float], int]
Point = tuple[float, float]
Field = list[list[float]]
Corner = tuple[int, int]

INK, GREY, PALE, GREEN = "#222222", "#5c5c5c", "#dcdcdc", "#009e73"
CLASSES = ("#0072b2", "#d55e00")  # blue and vermilion, of points
TINTS = ("#c9dfee", "#e9f2f8", "#fcefe6", "#f5d3bd")  # from surely class 0 to surely class 1
BANDS = 20  # of colour
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"


class Panel:
    """Map data ranges ``x`` and ``y`` to a rectangle in pixels; with ``log``, y on a log scale."""

    def __init__(
        self, left: float, top: float, size: Point, x: Point, y: Point, *, log: bool = False
    ) -> None:
        self.left, self.top, self.size, self.log = left, top, size, log
        self.x, self.y = x, (math.log10(y[0]), math.log10(y[1])) if log else y
        self.marks: list[str] = []
        self.frame: list[str] = []

    def at(self, x: float, y: float) -> Point:
        """Return the pixel of a point."""
        (x0, x1), (y0, y1) = self.x, self.y
        y = math.log10(y) if self.log else y
        return self.size[0] * (x - x0) / (x1 - x0), self.size[1] * (y1 - y) / (y1 - y0)

    def line(
        self, points: Sequence[Point], colour: str, *, width: float = 1.8, dash: str = ""
    ) -> None:
        """Join points; ``dash`` is SVG's list of dashes and gaps."""
        path = path_of([self.at(*point) for point in points])
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.marks.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"{dashes}/>'
        )

    def curve(
        self, f: Callable[[float], float], colour: str, *, width: float = 1.8, dash: str = ""
    ) -> None:
        """Draw a function of x over the whole panel."""
        (x0, x1), steps = self.x, 120
        xs = [x0 + (x1 - x0) * i / steps for i in range(steps + 1)]
        self.line([(x, f(x)) for x in xs], colour, width=width, dash=dash)

    def steps(self, points: Sequence[Point], colour: str) -> None:
        """Join points, and mark each."""
        self.line(points, colour)
        self.marks += [dot(*self.at(*point), colour) for point in points]

    def note(
        self, x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK
    ) -> None:
        """Put words at a point of the data, legible on whatever is drawn there."""
        words = text(*self.at(x, y), words, anchor=anchor, colour=colour)
        self.frame.append(outlined(words))

    def regions(
        self, f: Callable[[float, float], float], paints: Sequence[tuple[float, str]]
    ) -> None:
        """Paint where ``f`` is at least a level, for each (level, SVG paint attributes) in turn."""
        columns, rows = round(self.size[0] / 9), round(self.size[1] / 9)
        (x0, x1), (y0, y1) = self.x, self.y
        dx, dy = (x1 - x0) / columns, (y1 - y0) / rows
        # One cell more on every side, so that contours close outside the panel.
        xs = [x0 + j * dx for j in range(-1, columns + 2)]
        ys = [y0 + i * dy for i in range(-1, rows + 2)]
        field = [[f(x, y) for x in xs] for y in ys]
        for level, paint in paints:
            loops = [
                [self.at(xs[0] + j * dx, ys[0] + i * dy) for i, j in loop]
                for loop in contours(field, level)
            ]
            path = "".join(path_of(loop) + "Z" for loop in loops)
            self.marks.append(f'<path d="{path}" fill-rule="evenodd" {paint}/>')

    def heat(self, f: Callable[[float, float], float], low: float, high: float) -> None:
        """Paint a function of x and y in bands of colour, from blue at ``low`` to red at ``high``.

        What lies beyond has the colour of the nearer end.
        """
        self.marks.append(f'<rect width="100%" height="100%" fill="{shade(0)}"/>')
        levels = [(k / BANDS, shade(k / (BANDS - 1))) for k in range(1, BANDS)]
        self.regions(f, [(low + (high - low) * part, f'fill="{c}"') for part, c in levels])

    def cells(self, field: Field) -> None:
        """Fill the panel with the cells of a matrix, blue below 0 and red above it.

        The colour goes by the square root, which shows small numbers beside large ones.
        """
        largest = max(abs(number) for row in field for number in row) or 1.0
        width, height = self.size[0] / len(field[0]), self.size[1] / len(field)
        for i, row in enumerate(field):
            for j, number in enumerate(row):
                colour = shade(0.5 + math.copysign(0.5 * math.sqrt(abs(number) / largest), number))
                self.marks.append(
                    f'<rect x="{_n(j * width)}" y="{_n(i * height)}" width="{_n(width + 0.4)}" '
                    f'height="{_n(height + 0.4)}" fill="{colour}"/>'
                )

    def axes(self, x_name: str, y_name: str) -> None:
        """Draw ticks, their numbers, faint grid lines, the outline, and the axes' names.

        Without a name, x has no numbers either.
        """
        width, height = self.size
        for tick in ticks(*self.x) if x_name else ():
            x = self.at(tick, 1)[0]
            self.frame.append(f'<path d="M{_n(x)} {_n(height)}v5" stroke="{GREY}"/>')
            self.frame.append(text(x, height + 19, label(tick), anchor="middle", colour=GREY))
        for tick in log_ticks(*self.y) if self.log else ticks(*self.y):
            y = self.at(0, tick)[1]
            self.frame.append(f'<path d="M0 {_n(y)}h-5" stroke="{GREY}"/>')
            self.frame.append(text(-9, y + 4, label(tick), anchor="end", colour=GREY))
            if self.log:
                self.marks.insert(0, f'<path d="M0 {_n(y)}h{_n(width)}" stroke="{PALE}"/>')
        self.frame.append(
            f'<rect width="{_n(width)}" height="{_n(height)}" fill="none" stroke="{GREY}"/>'
        )
        self.frame.append(text(width / 2, height + 38, x_name, anchor="middle"))
        self.frame.append(text(-9, -11, y_name, anchor="end"))

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Put (mark, text) pairs above the panel; a mark is drawn around (0, 0)."""
        x = 8.0
        for mark, words in entries:
            self.frame.append(f'<g transform="translate({_n(x)} -15)">{mark}</g>')
            self.frame.append(text(x + 12, -11, words))
            x += 34 + 6.4 * len(words)

    def key(self, colours: Mapping[str, str]) -> None:
        """Name the lines, which are told apart by their colours, above the panel."""
        self.legend([(stroke(colour), name) for name, colour in colours.items()])

    def svg(self) -> str:
        """Return the panel's elements as one group."""
        width, height = (_n(side) for side in self.size)
        return "\n".join(
            [
                f'<g transform="translate({_n(self.left)} {_n(self.top)})">',
                f'<svg width="{width}" height="{height}">',  # an inner svg clips
                *self.marks,
                "</svg>",
                *self.frame,
                "</g>",
            ]
        )


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

    plane = Panel(56, 116, (width, height), (x0, x1), (y0, y1))
    plane.marks.append(f'<rect width="100%" height="100%" fill="{TINTS[0]}"/>')
    sure = math.log(9)  # log odds of 90 %
    plane.regions(
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
    plane.axes("x", "y")
    band = (
        f'<path d="M-8 -4h16" stroke="{TINTS[1]}" stroke-width="8"/>'
        f'<path d="M-8 4h16" stroke="{TINTS[2]}" stroke-width="8"/>'
        f'<path d="M-8 0h16" stroke="{INK}" stroke-width="1.5"/>'
    )
    plane.legend(
        [
            (dot(0, 0, CLASSES[0]), "class 0"),
            (dot(0, 0, CLASSES[1]), "class 1"),
            (ring(0, 0, GREY), "held out"),
            (halo(0, 0), "misclassified"),
            (band, "p = 10, 50, 90 %"),
        ]
    )

    epochs = max(3, *(len(curve) - 1 for curve in losses.values()))
    curves = Panel(
        690, 116, (300, height), (0, epochs), (min(numbers) / 1.3, max(numbers) * 1.3), log=True
    )
    curves.axes("epoch", "loss")
    colours = dict(zip(losses, (INK, GREEN), strict=False))
    for name, curve in losses.items():
        curves.line(list(enumerate(curve)), colours[name])
    curves.key(colours)
    return document(1020, 116 + height + 56, title, subtitle, [plane.svg(), curves.svg()])


def network(
    panel: Panel,
    columns: Sequence[Sequence[Sequence[str]]],
    weights: Sequence[tuple[Sequence[str], str, float]],
) -> None:
    """Draw columns of neurons, each a circle with lines of words, and the weights between them.

    A weight is its lines of words, its colour and its width; they come in the order of the neurons
    that they lead to. A neuron stands at x = its column, y = 0, -1, ... from the top down.
    """
    lines = iter(weights)
    for x, (left, right) in enumerate(pairwise(columns)):
        for y_to in range(len(right)):
            for y_from in range(len(left)):
                words, colour, width = next(lines)
                panel.line([(x, -y_from), (x + 1, -y_to)], colour, width=width)
                part = 0.5 if y_from == y_to else 0.29  # where lines do not cross
                place = panel.at(x + part, -y_from + part * (y_from - y_to))
                panel.frame += _stack(place, words, 26 if y_from == y_to else 16)
    for x, column in enumerate(columns):
        for y, words in enumerate(column):
            place = panel.at(x, -y)
            circle = f'<circle cx="{_n(place[0])}" cy="{_n(place[1])}" r="36"'
            panel.frame.append(f'{circle} fill="white" stroke="{INK}"/>')
            panel.frame += _stack(place, words, 16)


def _stack(place: Point, lines: Sequence[str], gap: float) -> list[str]:
    """Return lines of words around a place, legible on whatever is drawn there."""
    top = place[1] + 4.5 - gap * (len(lines) - 1) / 2
    return [
        outlined(text(place[0], top + gap * i, words, anchor="middle"))
        for i, words in enumerate(lines)
    ]


def outlined(words: str) -> str:
    """Return a text element with a white rim, that keeps it legible on lines."""
    return (
        '<g stroke="white" stroke-width="9" stroke-linejoin="round" paint-order="stroke">'
        f"{words}</g>"
    )


def colour_bar(left: float, top: float, height: float, low: float, high: float) -> Panel:
    """Return the scale of `Panel.heat`."""
    bar = Panel(left, top, (18, height), (0, 1), (low, high))
    side = height / BANDS
    for k in range(BANDS):
        y, colour = height - (k + 1) * side, shade(k / (BANDS - 1))
        bar.marks.append(
            f'<rect y="{_n(y)}" width="18" height="{_n(side + 0.5)}" fill="{colour}"/>'
        )
    bar.axes("", "")
    return bar


def shade(part: float) -> str:
    """Return a colour from blue at 0 by way of white to vermilion at 1."""
    end = CLASSES[part > 0.5]
    rgb = [int(end[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (c - 255) * abs(2 * part - 1)):02x}" for c in rgb)


def figure(title: str, subtitle: str, *panels: Panel) -> str:
    """Draw panels, each where it says, with a heading above them and room for their axes."""
    width = max(panel.left + panel.size[0] for panel in panels) + 30
    height = max(panel.top + panel.size[1] for panel in panels) + 56
    return document(width, height, title, subtitle, [panel.svg() for panel in panels])


def document(width: float, height: float, title: str, subtitle: str, parts: Sequence[str]) -> str:
    """Wrap parts into an SVG file with a heading."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
            f'viewBox="0 0 {_n(width)} {_n(height)}" font-family="{FONT}" font-size="13">',
            f"<title>{_safe(title)}</title>",
            f"<desc>{_safe(subtitle)}</desc>",
            '<rect width="100%" height="100%" fill="white"/>',
            text(56, 40, title, size=20, weight="bold"),
            text(56, 63, subtitle, colour=GREY, size=14),
            *parts,
            "</svg>\n",
        ]
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = INK,
    size: int = 13,
    weight: str = "normal",
) -> str:
    """Return words, escaped, at a place."""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}" font-weight="{weight}">{_safe(words)}</text>'
    )


def dot(x: float, y: float, colour: str) -> str:
    """Return a training point."""
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3.6" fill="{colour}" stroke="white"/>'


def ring(x: float, y: float, colour: str) -> str:
    """Return a held-out point."""
    return (
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3.4" fill="white" stroke="{colour}" '
        'stroke-width="1.8"/>'
    )


def stroke(colour: str, dash: str = "") -> str:
    """Return the mark of a line in a legend."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M-8 0h16" stroke="{colour}" stroke-width="1.8"{dashes}/>'


def halo(x: float, y: float) -> str:
    """Return the mark around a misclassified point."""
    return (
        f'<circle cx="{_n(x)}" cy="{_n(y)}" r="6.8" fill="none" stroke="{INK}" stroke-width="1.6"/>'
    )


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


def ticks(low: float, high: float) -> list[float]:
    """Return three to eight round numbers within a range."""
    third = (high - low) / 3
    power = math.floor(math.log10(third))  # or one too high, by a rounding
    candidates = [m * 10.0**k for k in (power - 1, power) for m in (1, 2, 5)]
    step = max(candidate for candidate in candidates if candidate <= third)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers between powers of ten: for a log axis, unless the range is short."""
    if high - low < 0.7:
        return ticks(10**low, 10**high)
    factors = (1, 2, 5) if high - low < 2 else (1,)
    powers = range(math.floor(low), math.ceil(high) + 1)
    candidates = [m * 10.0**power for power in powers for m in factors]
    return [tick for tick in candidates if low <= math.log10(tick) <= high]


def path_of(points: Sequence[Point]) -> str:
    """Return path data through points."""
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


def _n(number: float) -> str:
    digits = f"{number:.1f}".removesuffix(".0")
    return "0" if digits == "-0" else digits


def label(number: float) -> str:
    """Return a number as it is written on an axis."""
    return f"{number:g}".replace("-", "\N{MINUS SIGN}")


def _safe(words: str) -> str:
    return escape("".join(c if c.isprintable() else "\ufffd" for c in words))
