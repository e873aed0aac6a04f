"""What each epoch of a training came to: as columns, as CSV or JSON, and as a picture.

What you can do with it::

    history = training.fit(model, data, ..., metrics=["accuracy"], validation=0.25)
    history["loss"]                     # a column: one number per epoch
    history[-1]["validation_accuracy"]  # a record: the last epoch's
    history.best_epoch                  # 37, say: that with the least validation loss
    history.save("curves.svg")          # or .csv, or .json
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator, Sequence
from html import escape
from typing import overload

from .ops import shorten
from .weights import write_atomically

Record = dict[str, float]
Point = tuple[float, float]

RESERVED = ("epoch", "lr", "seconds")  # the columns that hold no measure
VALIDATION = "validation_"  # before the names of what is measured on validation rows

INK, GREY, PALE, GREEN = "#222222", "#5c5c5c", "#e2e2e2", "#009e73"
COLOURS = {"training": INK, "validation": GREEN}
DIM = f'fill="{GREY}"'
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
WIDTH, HEIGHT = 340.0, 220.0  # of a panel, in pixels, and the room that is left around it
LEFT, TOP, RIGHT, BOTTOM = 66.0, 112.0, 24.0, 56.0
SIDE = LEFT + WIDTH + RIGHT


class History:
    """The records of the epochs, in order; ``interrupted`` tells whether Ctrl-C ended the training.

    A record holds the ``epoch``, counted from 1, the mean ``loss``, the means of the metrics, the
    same of the validation rows under names that begin with ``validation_``, the learning rate
    ``lr`` of the epoch's last step, and how many ``seconds`` it took.
    """

    def __init__(self, records: Sequence[Record], interrupted: bool = False) -> None:
        self.records = list(records)
        self.interrupted = interrupted

    def __repr__(self) -> str:
        return f"<History: {self._summary()}>"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @overload
    def __getitem__(self, key: int) -> Record: ...
    @overload
    def __getitem__(self, key: str) -> list[float]: ...
    def __getitem__(self, key: int | str) -> Record | list[float]:
        """Return an epoch's record by its place, from 0, or a column by its name."""
        if not isinstance(key, str):
            return self.records[key]
        if self.records and key not in self.records[0]:
            known = ", ".join(self.records[0])
            raise KeyError(f"no column {shorten(key)}: there are {known}")
        return [record[key] for record in self.records]

    @property
    def best_epoch(self) -> int:
        """The epoch with the least validation loss, or loss if there is no other; 0 of none."""
        if not self.records:
            return 0
        name = f"{VALIDATION}loss" if f"{VALIDATION}loss" in self.records[0] else "loss"
        column = self[name]
        return column.index(min(column)) + 1

    def csv(self) -> str:
        """Return a header and a line for each epoch, exact to the bit."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([list(self.records[0]), *(r.values() for r in self)] if self else [])
        return file.getvalue()

    def json(self) -> str:
        """Return the records, exact to the bit, and whether training was interrupted."""
        lines = ",\n  ".join(json.dumps(record, allow_nan=False) for record in self)
        return f'{{"interrupted": {json.dumps(self.interrupted)}, "epochs": [\n  {lines}\n]}}\n'

    def svg(self, title: str = "Training") -> str:
        """Draw the loss and each metric over the epochs, of the training and validation rows.

        A loss that is always positive stands on a logarithmic scale. The same numbers give the same
        bytes.
        """
        names = [n for n in self.records[0] if n not in RESERVED] if self.records else []
        names = [name for name in names if not name.startswith(VALIDATION)]
        size = f'width="{_n(max(1, len(names)) * SIDE)}" height="{_n(TOP + HEIGHT + BOTTOM)}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" '
                f'font-size="13" fill="{INK}">',
                f"<title>{_safe(title)}</title>",
                '<rect width="100%" height="100%" fill="white"/>',
                _text(LEFT, 38, title, 'font-size="18" font-weight="bold"'),
                _text(LEFT, 59, self._summary(), DIM),
                *(self._panel(name, i * SIDE + LEFT) for i, name in enumerate(names)),
                "</svg>\n",
            ]
        )

    def _summary(self) -> str:
        words = f"{len(self)} epoch{'s' * (len(self) != 1)}"
        if self.interrupted:
            words += ", interrupted"
        if self.records and f"{VALIDATION}loss" in self.records[0]:
            least = min(self[f"{VALIDATION}loss"])
            words += f"; the least validation loss, {least:.4g}, in epoch {self.best_epoch}"
        return words

    def _panel(self, name: str, left: float) -> str:
        """Return the picture of what is measured under a name, ``left`` pixels from the edge."""
        curves = {"training": self[name]}
        if VALIDATION + name in self.records[0]:
            curves["validation"] = self[VALIDATION + name]
        numbers = [y for column in curves.values() for y in column]
        log = name == "loss" and min(numbers) > 1e-250 and max(numbers) < 1e250

        def scale(y: float) -> float:
            if log:
                return math.log10(y)
            return max(-1e250, min(y, 1e250)) if abs(y) > 1e-250 else 0.0

        low, high = scale(min(numbers)), scale(max(numbers))
        least = 0.05 if log else 1e-3 * max(-low, high) or 1.0  # what is flat looks flat
        spare = max(0.06 * (high - low), least)
        low, high = low - spare, high + spare
        last = max(2, len(self))

        def at(epoch: float, y: float) -> Point:
            right = WIDTH * (epoch - 1) / (last - 1)
            return right, HEIGHT * (high - scale(y)) / (high - low)

        parts = [f'<g transform="translate({_n(left)} {_n(TOP)})">']
        for tick in _log_ticks(low, high) if log else _ticks(low, high):
            y = at(1, tick)[1]
            parts.append(f'<path d="M0 {_n(y)}h{_n(WIDTH)}" stroke="{PALE}"/>')
            parts.append(_text(-8, y + 4.5, _number(tick), f'text-anchor="end" {DIM}'))
        for tick in filter(float.is_integer, map(float, _ticks(1, last))):
            x = at(tick, numbers[0])[0]
            parts.append(f'<path d="M{_n(x)} {_n(HEIGHT)}v5" stroke="{GREY}"/>')
            parts.append(_text(x, HEIGHT + 20, _number(tick), f'text-anchor="middle" {DIM}'))
        parts.append(f'<path d="M0 0V{_n(HEIGHT)}H{_n(WIDTH)}" fill="none" stroke="{GREY}"/>')
        parts.append(_text(WIDTH, HEIGHT + 40, "epoch", 'text-anchor="end"'))
        parts.append(_text(0, -14, name, 'font-weight="bold"'))
        x = WIDTH
        for label, column in reversed(curves.items()):
            line = f'stroke="{COLOURS[label]}" stroke-width="1.8"'
            points = [at(epoch, y) for epoch, y in enumerate(column, 1)]
            path = "L".join(f"{_n(px)} {_n(py)}" for px, py in points)
            parts.append(f'<path d="M{path}" fill="none" {line}/>')
            if len(self) == 1 or (label, name) == ("validation", "loss"):
                px, py = points[self.best_epoch - 1]
                parts.append(f'<circle cx="{_n(px)}" cy="{_n(py)}" r="4" fill="white" {line}/>')
            parts.append(_text(x, -14, label, 'text-anchor="end"'))
            x -= 5.8 * len(label) + 5
            parts.append(f'<path d="M{_n(x)} -18.5h-18" {line}/>')
            x -= 36
        return "\n".join([*parts, "</g>"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file of the kind that its name ends in: .svg, .csv or .json."""
        kinds = {".svg": self.svg, ".csv": self.csv, ".json": self.json}
        suffix = os.path.splitext(os.fspath(path))[1].lower()  # noqa: PTH122
        if suffix not in kinds:
            raise ValueError(
                f"cannot save a history as {os.fspath(path)!r}: its name must end in "
                f"{', '.join(kinds)}"
            )
        write_atomically(path, kinds[suffix]())


def _ticks(low: float, high: float) -> list[float]:
    """Return three to eight round numbers within a range."""
    third = (high - low) / 3
    power = math.floor(math.log10(third))
    steps = [m * 10.0**k for k in (power - 1, power) for m in (1, 2, 5)]
    step = max(step for step in steps if step <= third)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers, of which the logarithms lie within a range."""
    if high - low < 0.7:
        return _ticks(10**low, 10**high)
    factors = (1, 2, 5) if high - low < 2.5 else (1,)
    stride = max(1, round((high - low) / 8))
    powers = range(math.floor(low), math.ceil(high) + 1, stride)
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    return [tick for tick in ticks if low <= math.log10(tick) <= high]


def _text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" {style}>{_safe(words)}</text>'


def _n(number: float) -> str:
    digits = f"{number:.1f}".removesuffix(".0")
    return "0" if digits == "-0" else digits


def _number(number: float) -> str:
    return f"{number:g}".replace("-", "\N{MINUS SIGN}")


def _safe(words: str) -> str:
    return escape("".join(c if c.isprintable() else "\ufffd" for c in words))
