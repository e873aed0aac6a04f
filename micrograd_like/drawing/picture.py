"""What a picture of a graph is made of: boxes, arrows, and the colours of its themes.

`composing` makes a `Scene` of them; `dot` and `svg` write it. Lengths are in points.

A *tone* is how an arrow looks, by the sign of the product that flows along it: "plus" is solid and
"minus" is dashed, so that they differ in black and white too; "zero" is dotted; "mixed" (several
edges in one arrow) and "none" (not computed) are plain; "bad" (inf or nan) is bold and dotted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..text import cells
from .layout.layering import Group

FONT = 11.0
CELL = 0.602 * FONT  # the width of a character of the common monospaced fonts
LINE = 15.0  # from one line of text to the next
FAMILY = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Courier New', monospace"
NOT_COMPUTED = "–"  # shown in place of a gradient

COLOURS = {  # light, dark
    "paper": ("#ffffff", "#16191d"),
    "ink": ("#1f2328", "#e9ecef"),
    "quiet": ("#626a73", "#a5adb5"),
    "leaf": ("#ffffff", "#16191d"),
    "op": ("#f1f3f5", "#262b31"),
    "module": ("#e6f0f8", "#1d3346"),
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
    kind: str  # "leaf", "op", "module", or "more" for operands that are left out
    name: str
    symbol: str
    rows: list[tuple[str, str]]
    tooltip: str
    group: Group = ()  # the names of the frames around it, outermost first
    lit: bool = False
    root: bool = False

    def outline(self) -> str:
        """Return the theme's name for the colour of its border."""
        return "lit" if self.lit else "ink" if self.root else "border"

    def size(self) -> tuple[float, float]:
        """Return its width and height."""
        if self.kind == "more":
            return 22.0, 16.0
        head = cells(self.name) + cells(self.symbol) + 2 * bool(self.name and self.symbol)
        across = max([head, *(cells(word) + cells(text) + 2 for word, text in self.rows)])
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
