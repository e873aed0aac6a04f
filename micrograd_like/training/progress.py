"""What a training shows of itself while it goes on.

On a terminal that is one live line::

    epoch 12/50   loss 0.09817 | 0.08812   accuracy  97.0% |  98.0%     4 s left

with what was measured of training rows | and of validation rows; elsewhere a few plain lines.
"""

from __future__ import annotations

import shutil
import sys
import time

from ..text import cells, clean, printable
from .history import RESERVED, VALIDATION, Record


class Progress:
    """Report epochs: in one live line on a terminal, else in ``lines`` plain ones over the run."""

    def __init__(self, epochs: int, done: int = 0, lines: int = 5) -> None:
        self.epochs, self.done, self.lines = epochs, done, lines
        self.line, self.width = "", 0
        self.hidden = ""  # the line of the last epoch, if it was not shown
        self.live = sys.stdout is not None and sys.stdout.isatty()
        self.start = self.shown = time.perf_counter()

    def show(self, record: Record) -> None:
        """Report an epoch: what was measured of training rows | and of validation rows."""
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
        """Report a batch of an epoch under way, on a terminal, some times a second."""
        if self.live and time.perf_counter() - self.shown > 0.2:
            self._write(f"{self.line}epoch {epoch}: batch {batch} of {of}")

    def clear(self) -> None:
        """Take the live line away, for others to print."""
        if self.width:
            print("\r" + " " * self.width, end="\r", flush=True)
            self.width = 0

    def close(self) -> None:
        """End the live line, if there is one, or show what an early end has left out."""
        if self.width:
            print(flush=True)
            self.width = 0
        elif self.hidden:
            self._write(self.hidden)

    def _write(self, line: str) -> None:
        """Write a line, also on a terminal that has not every character."""
        line = printable(line)
        if self.live:
            room = shutil.get_terminal_size().columns - 1  # a wrapped line stays behind
            while cells(line) > room:  # then its last parts are left out
                line = line.rpartition("   ")[0].rstrip() or line[:-1]
            print("\r" + line + " " * (self.width - cells(line)), end="", flush=True)
            self.width, self.shown = cells(line), time.perf_counter()
        else:
            self.hidden = ""
            print(line, flush=True)
