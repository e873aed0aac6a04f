"""Show how far a run is.

On a terminal, that is one live line, with less of it where that is narrow::

    epoch 12/50  loss 0.0982|0.0881  (train|valid)  [##------]  best 0.0875 in 10  █▅▄▂▁  4 s left

Elsewhere, it is a few plain lines; in a notebook, the curves, drawn again as they grow. The best
loss is that of the validation rows, if there are any, and the blocks are its last epochs.
"""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import Any

from ..text import cells, clean, printable
from .history import RESERVED, VALIDATION, History, Record, cell

BAR, BLOCKS = 8, "▁▂▃▄▅▆▇█"


class Progress:
    """Report epochs: in one live line on a terminal, else in ``lines`` plain lines over the run."""

    def __init__(self, epochs: int, done: int = 0, lines: int = 5) -> None:
        self.epochs, self.done, self.lines = epochs, done, lines
        self.records: list[Record] = []
        self.line, self.width = "", 0
        self.hidden = ""  # the line of the last epoch, if that was not shown
        self.live = sys.stdout is not None and sys.stdout.isatty()
        self.notebook: Any = None if cell() is None else sys.modules["IPython.display"]
        self.picture: Any = None  # what the notebook shows
        self.start = self.shown = time.perf_counter()
        self.took = 0.0

    def show(self, record: Record) -> None:
        """Report what was measured in an epoch, on training rows and on validation rows."""
        epoch = int(record["epoch"])
        self.records.append(record)
        now = time.perf_counter()
        self.took = now - self.start
        left = self.took / (epoch - self.done) * (self.epochs - epoch)
        self.line = self._line(f"{left:.0f} s left" if epoch < self.epochs else self._taken())
        if self.notebook:
            if self.picture is None or now - self.shown > 0.5:
                self._draw()
                self.shown = now
        elif self.live or epoch * self.lines % self.epochs < self.lines:
            self._write(self.line)
        else:
            self.hidden = self.line

    def batch(self, epoch: int, batch: int, of: int) -> None:
        """Report the batches of an epoch, on a terminal, a few times a second."""
        if self.live and time.perf_counter() - self.shown > 0.2:
            so_far = f"epoch {epoch}: batch {batch} of {of}"
            self._write(self._line(so_far) if self.records else so_far)

    def clear(self) -> None:
        """Remove the live line, so that others can print."""
        if self.width:
            print("\r" + " " * self.width, end="\r", flush=True)
            self.width = 0

    def say(self, line: str) -> None:
        """Write a line that stays."""
        self.clear()
        print(printable(line), flush=True)

    def close(self) -> None:
        """End the live line, if there is one; else show the last epoch, if it was not shown."""
        if self.notebook:
            if self.records:
                self._draw()
        elif self.width:
            if self.records:
                self._write(self._line(self._taken()))
            print(flush=True)
            self.width = 0
        elif self.hidden:
            self._write(self._line(self._taken()))

    def _taken(self) -> str:
        return f"took {self.took:.1f} s" if self.took < 10 else f"took {self.took:.0f} s"

    def _line(self, end: str) -> str:
        """Return all there is to say of the last epoch, or what a terminal has room for.

        Left out first are ornaments; then numbers of training rows; and those are counted.
        """
        record, live = self.records[-1], self.live
        epoch = f"epoch {record['epoch']:{len(str(self.epochs))}}/{self.epochs}"
        train, held_out = _numbers(record, live), _numbers(record, live, VALIDATION)
        pairs = [f"{name} {'|'.join([x, held_out.get(name, '')])}" for name, x in train.items()]
        whole = [_words("train: ", train), _words("validation: ", held_out)]
        short = [*pairs, "(train|valid)"]
        if not held_out:
            whole = short = [_words("", train)]
        best, blocks = _best(self.records)
        bar = f"[{'#' * (BAR * int(record['epoch']) // self.epochs):-<{BAR}}]"
        wide = [(whole, [best])] if not live else [(whole, [bar, best, blocks])]
        wide += [(short, [bar, best, blocks]), (short, [best, blocks]), (short, [best])]
        few = held_out or train
        name = "valid " * bool(held_out)
        total = len(train) + len(held_out)
        wide.append((short, []))
        for n in range(len(few), -1, -1):
            kept = _words(name, dict([*few.items()][:n])) if n else ""
            wide.append(([kept, f"+{total - n}"], []))
        room = shutil.get_terminal_size().columns - 1 if live else sys.maxsize
        room -= max(len("took 9.9 s") - len(end), 0)  # so that the last line is like those before
        lines = ["  ".join(filter(None, [epoch, *some, *more, end])) for some, more in wide]
        return next((line for line in lines if cells(printable(line)) <= room), lines[-1])

    def _write(self, line: str) -> None:
        """Write a line, with escapes for characters that the terminal lacks."""
        line = printable(line)
        if self.live:
            room = shutil.get_terminal_size().columns - 1  # a line that wraps can't be removed
            while cells(line) > room:
                line = line[:-1]
            print("\r" + line + " " * (self.width - cells(line)), end="", flush=True)
            self.width, self.shown = cells(line), time.perf_counter()
        else:
            self.hidden = ""
            print(line, flush=True)

    def _draw(self) -> None:
        """Show the curves so far in the notebook, in place of those before."""
        curves = History(self.records)
        if self.picture is None:
            self.picture = self.notebook.display(curves, display_id=True)
        else:
            self.picture.update(curves)


def _numbers(record: Record, short: bool, rows: str = "") -> dict[str, str]:
    """Return what was measured on training or on validation rows, as text by its name."""
    found = {}
    for name, number in record.items():
        if name not in RESERVED and name.startswith(VALIDATION) == bool(rows):
            what = name.removeprefix(rows)
            shape = "{:.1%}" if what == "accuracy" else "{:#.3g}" if short else "{:#.4g}"
            found[clean(what, 40)] = shape.format(number)
    return found


def _words(rows: str, numbers: dict[str, str]) -> str:
    return rows + " ".join([f"{name} {number}" for name, number in numbers.items()])


def _best(records: list[Record]) -> tuple[str, str]:
    """Return the best loss so far, and the last losses as a row of blocks from low to high."""
    name = next((n for n in (f"{VALIDATION}loss", "loss") if n in records[-1]), "")
    if not name:
        return "", ""
    losses = [record.get(name, math.inf) for record in records]
    best = f"best {min(losses):#.3g} in {records[losses.index(min(losses))]['epoch']}"
    shown = losses[-BAR:]
    low, high = min(shown), max(shown)
    if not 0 < high - low < math.inf:
        return best, ""
    blocks = "".join([BLOCKS[round(7 * ((x - low) / (high - low)))] for x in shown])
    return best, blocks if printable(blocks) == blocks else ""
