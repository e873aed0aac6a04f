"""Show how far a run is.

On a terminal, that is one live line::

    epoch 12/50   loss 0.09817 | 0.08812   accuracy  97.0% |  98.0%     4 s left

with what was measured on training rows | validation rows; elsewhere, it is a few plain lines.
"""

from __future__ import annotations

import shutil
import sys
import time

from ..text import cells, clean, printable
from .history import RESERVED, VALIDATION, Record


class Progress:
    """Report epochs: in one live line on a terminal, else in ``lines`` plain lines over the run."""

    def __init__(self, epochs: int, done: int = 0, lines: int = 5) -> None:
        self.epochs, self.done, self.lines = epochs, done, lines
        self.line, self.width = "", 0
        self.hidden = ""  # the line of the last epoch, if that was not shown
        self.live = sys.stdout is not None and sys.stdout.isatty()
        self.start = self.shown = time.perf_counter()

    def show(self, record: Record) -> None:
        """Report what was measured in an epoch: on training rows | on validation rows."""
        epoch = int(record["epoch"])
        now = time.perf_counter()
        left = (now - self.start) / (epoch - self.done) * (self.epochs - epoch)
        parts = []
        for name, number in record.items():
            if name in RESERVED or name.startswith(VALIDATION):
                continue
            numbers = [number, *(record[n] for n in (VALIDATION + name,) if n in record)]
            shape = "{:6.1%}" if name == "accuracy" else "{:#.4g}"
            parts.append(f"{clean(name, 40)} {' | '.join(map(shape.format, numbers))}")
        width = len(str(self.epochs))
        self.line = f"epoch {epoch:{width}}/{self.epochs}   {'   '.join(parts)}   "
        line = f"{self.line}{left:3.0f} s left"
        if self.live or epoch * self.lines % self.epochs < self.lines:
            self._write(line)
        else:
            self.hidden = line

    def batch(self, epoch: int, batch: int, of: int) -> None:
        """Report the batches of an epoch, on a terminal, a few times a second."""
        if self.live and time.perf_counter() - self.shown > 0.2:
            self._write(f"{self.line}epoch {epoch}: batch {batch} of {of}")

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
        if self.width:
            print(flush=True)
            self.width = 0
        elif self.hidden:
            self._write(self.hidden)

    def _write(self, line: str) -> None:
        """Write a line, with escapes for characters that the terminal lacks."""
        line = printable(line)
        if self.live:
            room = shutil.get_terminal_size().columns - 1  # a line that wraps can't be removed
            while cells(line) > room:  # leave out its last parts
                line = line.rpartition("   ")[0].rstrip() or line[:-1]
            print("\r" + line + " " * (self.width - cells(line)), end="", flush=True)
            self.width, self.shown = cells(line), time.perf_counter()
        else:
            self.hidden = ""
            print(line, flush=True)
