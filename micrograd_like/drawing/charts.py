"""Draw curves and points as SVG, on linear and logarithmic scales.

What you can do with it::

    panel = Panel((340, 220), (0, 3), (1e-3, 2), log=True, title="loss")
    panel.axes("epoch", whole=True)
    panel.line([(0, 1.5), (1, 0.2), (2, 0.03), (3, 0.004)], INK)
    panel.key({"training": INK})
    svg = figure("Training", "3 epochs", panel)              # more panels stand beside it

A `Panel` maps data to pixels, (0, 0) being its upper left corner, and collects two lists of SVG
elements: ``marks``, clipped to the panel, and ``frame``, drawn around it. The colours are Okabe and
Ito's, which the colour-blind can tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from ..text import cells, clean, cut

Point = tuple[float, float]

INK, GREY, PALE = "#222222", "#5c5c5c", "#dfdfdf"
BLUE, VERMILION, GREEN = "#0072b2", "#d55e00", "#009e73"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
ROOM = 66.0  # left of a panel, for its numbers
LEAST, MOST = 1e-250, 1e250  # the ends of the scales: numbers beyond are drawn there


class Panel:
    """A rectangle of ``size`` pixels for ranges ``x`` and ``y``; with ``log``, y on a log scale."""

    def __init__(
        self, size: Point, x: Point, y: Point, *, log: bool = False, title: str = ""
    ) -> None:
        self.size, self.log, self.title = size, log, title
        self.x, self.y = x, (math.log10(y[0]), math.log10(y[1])) if log else y
        self.marks: list[str] = []
        self.frame: list[str] = []

    def at(self, x: float, y: float) -> Point:
        """Return the pixel of a point."""
        y = within(y, self.log)
        y = math.log10(y) if self.log else y
        return self.size[0] * share(x, *self.x), self.size[1] * (1 - share(y, *self.y))

    def line(
        self, points: Iterable[Point], colour: str, *, width: float = 1.8, dash: str = ""
    ) -> None:
        """Join points; ``dash`` is SVG's list of dashes and gaps."""
        path = path_of([self.at(*point) for point in points])
        self.marks.append(f'<path d="{path}" fill="none" {_pen(colour, width, dash)}/>')

    def curve(self, f: Callable[[float], float], colour: str, *, width: float = 1.8) -> None:
        """Draw a function of x over the whole panel."""
        (x0, x1), steps = self.x, 120
        xs = [x0 + (x1 - x0) * i / steps for i in range(steps + 1)]
        self.line([(x, f(x)) for x in xs], colour, width=width)

    def steps(self, points: Sequence[Point], colour: str) -> None:
        """Join points, and mark each."""
        self.line(points, colour)
        self.marks += [dot(*self.at(*point), colour) for point in points]

    def note(self, x: float, y: float, words: str, *, anchor: str = "middle") -> None:
        """Put words at a point of the data, legible on whatever is drawn there."""
        rim = 'stroke="white" stroke-width="9" stroke-linejoin="round" paint-order="stroke"'
        self.frame.append(f"<g {rim}>{text(*self.at(x, y), words, anchor=anchor)}</g>")

    def axes(self, x_name: str, y_name: str = "", *, whole: bool = False) -> None:
        """Draw the outline, the ticks with their numbers, faint lines across, and the axes' names.

        Without a name, x has no numbers; with ``whole``, it has no fractions.
        """
        width, height = self.size
        draw = self.frame.append
        for tick in log_ticks(*self.y) if self.log else ticks(*self.y):
            y = self.at(self.x[0], tick)[1]
            self.marks.insert(0, f'<path d="M0 {px(y)}h{px(width)}" stroke="{PALE}"/>')
            draw(f'<path d="M0 {px(y)}h-5" stroke="{GREY}"/>')
            draw(text(-9, y + 4.5, label(tick), GREY, anchor="end"))
        for tick in ticks(*self.x) if x_name else ():
            if not whole or tick.is_integer():
                x = width * share(tick, *self.x)
                draw(f'<path d="M{px(x)} {px(height)}v5" stroke="{GREY}"/>')
                draw(text(x, height + 19, label(tick), GREY, anchor="middle"))
        draw(f'<rect width="{px(width)}" height="{px(height)}" fill="none" stroke="{GREY}"/>')
        if x_name:
            draw(text(width / 2, height + 38, x_name, anchor="middle"))
        if y_name:
            draw(text(-9, -11, y_name, anchor="end"))

    def legend(self, entries: Iterable[tuple[str, str]]) -> None:
        """Put (mark, words) pairs above the panel; a mark is drawn around (0, 0)."""
        x = 8.0
        for mark, words in entries:
            self.frame.append(f'<g transform="translate({px(x)} -15)">{mark}</g>')
            self.frame.append(text(x + 13, -11, words))
            x += 34 + 6.4 * cells(words)

    def key(self, colours: Mapping[str, str]) -> None:
        """Put the names of the lines, by their colours, above the panel."""
        self.legend((stroke(colour), name) for name, colour in colours.items())

    def svg(self, left: float, top: float) -> str:
        """Return the panel's elements as one group."""
        place = f'<g transform="translate({px(left)} {px(top)})">'
        clip = f'<svg width="{px(self.size[0])}" height="{px(self.size[1])}">'
        title = text(0, -33, cut(clean(self.title), (self.size[0] + 20) / 7.4), bold=True)
        titles = [title] if self.title else []
        return "\n".join([place, clip, *self.marks, "</svg>", *self.frame, *titles, "</g>"])


def figure(title: str, subtitle: str, *panels: Panel) -> str:
    """Return panels side by side as SVG, with a heading above them for which there is room."""
    parts, left, top = list[str](), 0.0, 106 + 20 * any(panel.title for panel in panels)
    for panel in panels:
        parts.append(panel.svg(left + ROOM, top))
        left += ROOM + panel.size[0] + 14
    height = top + max((panel.size[1] for panel in panels), default=0.0) + 56
    words = max(11 * cells(clean(title)), 7 * cells(clean(subtitle)))
    width = max(left + 16, ROOM + 24 + words)
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{px(width)}" height="{px(height)}" '
        f'viewBox="0 0 {px(width)} {px(height)}" font-family="{FONT}" font-size="13">',
        f"<title>{safe(title)}</title>",
        f"<desc>{safe(subtitle)}</desc>",
        '<rect width="100%" height="100%" fill="white"/>',
        text(ROOM, 38, title, size=20, bold=True),
        text(ROOM, 61, subtitle, GREY),
    ]
    return "\n".join([*head, *parts, "</svg>\n"])


# ---------------------------------------------------------------------------- scales


def spread(numbers: Iterable[float], *, log: bool = False) -> Point:
    """Return a range with room around the numbers; those that differ little look flat in it."""
    low, high = min(numbers := list(numbers)), max(numbers)
    low, high = within(low, log), within(high, log)
    if log:
        factor = max(high**0.06 / low**0.06, 1.12)
        return low / factor, high * factor
    spare = max(0.06 * high - 0.06 * low, 1e-3 * max(-low, high)) or 1.0
    return low - spare, high + spare


def within(number: float, log: bool) -> float:
    """Return the number, or the end of the scale that it is beyond."""
    return min(max(number, LEAST if log else -MOST), MOST)


def share(x: float, low: float, high: float) -> float:
    """Return how far x is on the way from low to high: 0 at low, 1 at high."""
    return (x - low) / (high - low)


def ticks(low: float, high: float) -> list[float]:
    """Return three to eight round numbers within a range."""
    third = (high - low) / 3 * (1 + 1e-9)
    power = math.floor(math.log10(third))
    digit = max(m for m in (1, 2, 5) if m * 10.0**power <= third or m == 1)
    step = float(f"{digit}e{power}")
    multiples = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [float(f"{k * digit}e{power}") for k in multiples]


def log_ticks(low: float, high: float) -> list[float]:
    """Return three to eight round numbers whose logarithms, to base 10, lie within a range."""
    if high - low >= 3:
        numbers = [float(f"1e{power:.0f}") for power in ticks(low, high)]
        return [number for number in numbers if 0 < number < math.inf]
    powers = range(math.floor(low), math.ceil(high) + 1)
    for factors in (1,), (1, 2, 5):
        numbers = [float(f"{factor}e{power}") for power in powers for factor in factors]
        found = [x for x in numbers if 0 < x < math.inf and low <= math.log10(x) <= high]
        if len(found) >= 3:
            return found
    return ticks(10**low, 10**high)


# ---------------------------------------------------------------------------- elements


def label(number: float) -> str:
    """Return a number as an axis shows it, with all its digits."""
    digits, kind = (0, "e") if 0 < abs(number) < 1e-4 else (6, "g")
    while float(words := f"{number:.{digits}{kind}}") != number and digits < 17:
        digits += 1
    words, e, power = words.partition("e")
    return (words + (f"e{int(power)}" if e else "")).replace("-", "\N{MINUS SIGN}")


def text(
    x: float,
    y: float,
    words: str,
    colour: str = INK,
    *,
    anchor: str = "start",
    size: int = 13,
    bold: bool = False,
) -> str:
    """Return words, escaped, at a place."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{px(x)}" y="{px(y)}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}"{weight}>{safe(words)}</text>'
    )


def safe(words: str) -> str:
    """Return words as one line of XML, all of it visible."""
    return escape(clean(words))


def rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a filled rectangle."""
    size = f'width="{px(width)}" height="{px(height)}"'
    return f'<rect x="{px(x)}" y="{px(y)}" {size} fill="{colour}"/>'


def dot(x: float, y: float, colour: str, radius: float = 3.6) -> str:
    """Return a filled point."""
    return f'<circle cx="{px(x)}" cy="{px(y)}" r="{radius:g}" fill="{colour}" stroke="white"/>'


def ring(x: float, y: float, colour: str, radius: float = 3.4, fill: str = "white") -> str:
    """Return an open point."""
    circle = f'<circle cx="{px(x)}" cy="{px(y)}" r="{radius:g}"'
    return f'{circle} fill="{fill}" stroke="{colour}" stroke-width="1.8"/>'


def stroke(colour: str, dash: str = "") -> str:
    """Return the mark of a line in a legend."""
    return f'<path d="M-8 0h16" {_pen(colour, 1.8, dash)}/>'


def _pen(colour: str, width: float, dash: str) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}" stroke-width="{px(width)}"{dashes}'


def path_of(points: Iterable[Point]) -> str:
    """Return path data through points."""
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in points)


def px(number: float) -> str:
    """Return a length in pixels, to a tenth."""
    digits = f"{number:.1f}".removesuffix(".0")
    return "0" if digits == "-0" else digits
