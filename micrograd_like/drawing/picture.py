"""What a picture of a graph is made of: boxes, arrows, and the colours of its themes.

`composing` makes a `Scene` of them; `dot` and `svg` write it. Lengths are in points.

A *tone* is how an arrow looks, by the sign of the product that flows along it: "plus" is solid and
"minus" is dashed, so that they differ in black and white too; "zero" is dotted; "mixed" (several
edges in one arrow) and "none" (not computed) are plain; "bad" (inf or nan) is bold and dotted.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..text import cells
from .layout.layering import Group, Point
from .layout.placing import Placement, place

FONT = 11.0
CELL = 0.602 * FONT  # the width of a character of the common monospaced fonts
LINE = 15.0  # from one line of text to the next
FAMILY = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Courier New', monospace"
LONG = 15_000  # boxes and arrows; more take longer than one waits without a word
NOT_COMPUTED = "–"  # shown in place of a gradient

COLOURS = {  # light, dark
    "paper": ("#ffffff", "#16191d"),
    "ink": ("#1f2328", "#e9ecef"),
    "quiet": ("#626a73", "#a5adb5"),
    "leaf": ("#ffffff", "#16191d"),
    "op": ("#f1f3f5", "#262b31"),
    "module": ("#e6f0f8", "#1d3346"),
    "alarm": ("#fbe3f1", "#45203b"),
    "many": ("#f4edf7", "#33264a"),
    "key": ("#ffffff", "#16191d"),
    "group": ("#b9c1c9", "#4b535b"),
    "border": ("#8a929a", "#79828b"),
    "lit": ("#009e73", "#2fd3a3"),
    "fresh": ("#00785a", "#2fd3a3"),
    "mixed": ("#626a73", "#a5adb5"),
    "plus": ("#0072b2", "#56b4e9"),
    "minus": ("#c24e00", "#f0a04b"),
    "zero": ("#8a929a", "#79828b"),
    "none": ("#8a929a", "#79828b"),
    "bad": ("#b0307f", "#f08bc3"),
}
THEMES = {
    "light": {name: light for name, (light, _) in COLOURS.items()},
    "dark": {name: dark for name, (_, dark) in COLOURS.items()},
}


@dataclass(slots=True)
class Box:
    """A box: a head line of a name and a symbol, rows of a word and a number, a tooltip."""

    key: str
    kind: str  # leaf, op, module, many (a heap), more (operands that are left out), or key
    name: str
    symbol: str
    rows: list[tuple[str, str]]
    tooltip: str
    group: Group = ()  # the names of the frames around it, outermost first
    lit: bool = False
    root: bool = False
    bad: bool = False  # it holds a number that is not finite

    def outline(self) -> str:
        """Return the theme's name for the colour of its border."""
        plain = "key" if self.kind == "key" else "border"
        return "bad" if self.bad else "lit" if self.lit else "ink" if self.root else plain

    def fill(self) -> str:
        """Return the theme's name for its colour."""
        return "alarm" if self.bad and self.kind != "module" else self.kind

    def size(self) -> tuple[float, float]:
        """Return its width and height."""
        if self.kind == "more":
            return 22.0, 16.0
        head = cells(self.name) + cells(self.symbol) + 2 * bool(self.name and self.symbol)
        across = max([head, *(cells(word) + cells(text) + 2 for word, text in self.rows)])
        if any(word for word, _ in self.rows):  # boxes of few widths stand well in a column
            across = max(15, -across // 5 * -5)
        lines = len(self.rows) + bool(self.name or self.symbol)
        return max(across * CELL + 16, 34.0), lines * LINE + 9


@dataclass(slots=True)
class Arrow:
    """An arrow from box ``tail`` to box ``head``, by their places among the boxes."""

    key: str
    tail: int
    head: int
    label: str
    tooltip: str
    tone: str = "none"
    width: float = 1.0

    def label_tone(self) -> str:
        """Return the theme's name for the colour of its label."""
        return "quiet" if self.tone in ("none", "zero") else self.tone


@dataclass(slots=True)
class Scene:
    """What there is to draw."""

    direction: str  # "LR" or "TB"
    theme: dict[str, str]
    summary: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    titles: dict[Group, str] = field(default_factory=dict)
    wires: bool = False  # arrows without heads


LEGEND = {  # what the tones say of what flows along an arrow
    "plus": "adds to the operand's gradient",
    "minus": "takes from it",
    "zero": "is zero",
    "mixed": "several edges, with both signs",
    "bad": "is not finite: inf or nan",
    "none": "gradient not computed",
}


def add_legend(scene: Scene) -> None:
    """Add a frame that tells what the arrows of the drawing mean."""
    used, frame = {arrow.tone: arrow for arrow in scene.arrows}, ("\0legend",)
    rows = [(tone, words) for tone, words in LEGEND.items() if tone in used]
    rows += [("wide", "wider: more flows back")] * (len({a.width for a in used.values()}) > 1)
    wide = max([len(words) for _, words in rows], default=0)
    label = "∂out/∂operand" if any(arrow.label for arrow in scene.arrows) else ""
    for tone, words in rows:
        n = len(scene.boxes)
        for i, text in enumerate(("operand", words.ljust(wide))):
            scene.boxes.append(Box(f"k{n + i}", "key", "", "", [("", text)], "", frame))
        width, tone = (3.0, "none") if tone == "wide" else (1.5, tone)
        scene.arrows.append(Arrow(f"ek{n}", n, n + 1, label, words, tone, width))
        label = ""
        scene.titles[frame] = "Legend"


def nested(scene: Scene) -> Iterator[tuple[Group, Box | None]]:
    """Yield each frame with what is in it: (frame, None) where it begins, then (frame, box)."""
    order = {group: i for i, group in enumerate(scene.titles)}
    around: Group = ()
    for box in sorted(
        scene.boxes, key=lambda b: [order[b.group[: i + 1]] for i in range(len(b.group))]
    ):
        while around != box.group[: len(around)]:
            around = around[:-1]
        while around != box.group:
            around = box.group[: len(around) + 1]
            yield around, None
        yield around, box


def placed(scene: Scene) -> Placement:
    """Return where everything goes, by the built-in layout; say on a terminal how far that is."""
    long = len(scene.boxes) + len(scene.arrows) > LONG

    def tell(stage: str) -> None:
        if long and sys.stderr is not None and sys.stderr.isatty():
            done = f"drawing {len(scene.boxes):,} boxes: {stage}" if stage else ""
            print(f"\r{done:60}", end="" if stage else "\r", file=sys.stderr, flush=True)

    try:
        return place(
            [box.size() for box in scene.boxes],
            [(arrow.tail, arrow.head) for arrow in scene.arrows],
            [box.group for box in scene.boxes],
            [(cells(a.label) * CELL + 6, LINE - 2) if a.label else None for a in scene.arrows],
            scene.direction,
            tell,
        )
    finally:
        tell("")


def shortened(arrow: Arrow, points: list[Point]) -> list[Point]:
    """Return the line of an arrow without its head: the last curve ends where that begins."""
    (x, y), (cx, cy) = points[-1], next(p for p in points[::-1] if p != points[-1])
    share = (5 + arrow.width) / math.hypot(x - cx, y - cy)
    dx, dy = (x - cx) * share, (y - cy) * share
    return [*points[:-2], *((px - dx, py - dy) for px, py in points[-2:])]


def shouts(text: str) -> bool:
    """Tell whether a number that is shown is not finite."""
    return text.strip(" +-") in ("nan", "inf")
