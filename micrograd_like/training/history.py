"""The numbers of each epoch of a run: as columns, as CSV or JSON, and as a picture.

What you can do with it::

    history = training.fit(model, data, ..., metrics=["accuracy"], validation=0.25)
    history["loss"]                     # a column: one number per epoch
    history[-1]["validation_accuracy"]  # a record: the last epoch's
    history.best_epoch                  # 37, say: the one with the least validation loss
    history.save("curves.svg")          # or .csv, or .json
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from ..drawing import charts
from ..files import write_whole
from ..text import shorten

Record = dict[str, float]

RESERVED = ("epoch", "lr", "seconds")  # the columns that are not measured on rows
VALIDATION = "validation_"  # begins the names of what is measured on validation rows

LOOKS = {"training": (charts.INK, ""), "validation": (charts.GREEN, "7 3")}  # colour, dashes


class History:
    """The records of the epochs, in order; ``interrupted`` tells whether Ctrl-C ended the run.

    A record holds the ``epoch``, counted from 1, the mean ``loss``, the means of the metrics, the
    same for the validation rows under names that begin with ``validation_``, the learning rate
    ``lr`` of the epoch's last step, and the ``seconds`` that the epoch took (after a resume, the
    rest of it).
    """

    def __init__(self, records: Sequence[Record], interrupted: bool = False) -> None:
        self.records = list(records)
        self.interrupted = interrupted
        self.drawn_in: int | None = None  # the cell of a notebook that shows the curves already

    def __repr__(self) -> str:
        return f"<History: {self._summary()}>"

    def __len__(self) -> int:
        return len(self.records)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a column with this name."""
        return bool(self.records) and name in self.records[0]

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @overload
    def __getitem__(self, key: int) -> Record: ...
    @overload
    def __getitem__(self, key: str) -> list[float]: ...
    def __getitem__(self, key: int | str) -> Record | list[float]:
        """Return the record of an epoch by its index, from 0, or a column by its name."""
        if not isinstance(key, str):
            return self.records[key]
        if self.records and key not in self.records[0]:
            known = ", ".join(self.records[0])
            raise KeyError(f"no column {shorten(key)}: there are {known}")
        return [record[key] for record in self.records]

    @property
    def best_epoch(self) -> int:
        """The epoch with the least validation loss, or else the least loss; 0 if there is none."""
        if not self.records:
            return 0
        name = f"{VALIDATION}loss" if f"{VALIDATION}loss" in self.records[0] else "loss"
        column = self[name]
        return column.index(min(column)) + 1

    def csv(self) -> str:
        """Return a header line and a line for each epoch, exact to the bit.

        What UTF-8 cannot hold of a name, half a surrogate pair, is written as an escape.
        """
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        names = self.records[0] if self else ()
        header = [name.encode(errors="backslashreplace").decode() for name in names]
        writer.writerows([header, *(r.values() for r in self)] if self else [])
        return file.getvalue()

    def json(self) -> str:
        """Return the records, exact to the bit, and whether the run was interrupted."""
        lines = ",\n  ".join(json.dumps(record, allow_nan=False) for record in self)
        return f'{{"interrupted": {json.dumps(self.interrupted)}, "epochs": [\n  {lines}\n]}}\n'

    def svg(self, title: str = "Training") -> str:
        """Draw the loss and each metric over the epochs, for training and validation rows.

        A ring marks the best epoch. A loss that is always positive has a logarithmic scale. The
        same numbers give the same bytes.
        """
        names = [n for n in self.records[0] if n not in RESERVED] if self.records else []
        panels = [self._panel(name) for name in names if not name.startswith(VALIDATION)]
        return charts.figure(title, self._summary(), *panels)

    def _summary(self) -> str:
        words = f"{len(self)} epoch{'s' * (len(self) != 1)}"
        if self.interrupted:
            words += ", interrupted"
        if self.records and f"{VALIDATION}loss" in self.records[0]:
            least = min(self[f"{VALIDATION}loss"])
            words += f"; the least validation loss, {least:.4g}, in epoch {self.best_epoch}"
        return words

    def _panel(self, name: str) -> charts.Panel:
        """Return the picture of the column with this name, and of its validation column."""
        curves = {"training": self[name]}
        if VALIDATION + name in self.records[0]:
            curves["validation"] = self[VALIDATION + name]
        numbers = [y for column in curves.values() for y in column]
        log = name == "loss" and min(numbers) > 0
        y = charts.spread(numbers, log=log)
        x = (1, len(self)) if len(self) > 1 else (0.5, 1.5)
        panel = charts.Panel((340, 220), x, y, log=log, title=name)
        panel.axes("epoch", whole=True)
        best, held_out = self.best_epoch, "validation" in curves
        panel.legend((charts.stroke(*LOOKS[label]), label) for label in curves)
        for label, column in reversed(curves.items()):
            colour, dash = LOOKS[label]
            panel.line(enumerate(column, 1), colour, dash=dash)
            if len(self) == 1 or (label == "validation") == held_out:
                panel.frame.append(charts.ring(*panel.at(best, column[best - 1]), colour))
        return panel

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        picture = {} if self.drawn_in == cell() is not None else {"image/svg+xml": self.svg()}
        return {"text/plain": repr(self)} | picture

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a file in the format that its name ends in: .svg, .csv or .json."""
        kinds = {".svg": self.svg, ".csv": self.csv, ".json": self.json}
        suffix = Path(path).suffix.lower()
        if suffix not in kinds:
            raise ValueError(
                f"cannot save a history as {os.fspath(path)!r}: its name must end in "
                f"{', '.join(kinds)}"
            )
        write_whole(path, kinds[suffix]())


def cell() -> int | None:
    """Return the number of the cell that is being run, or None if this is not in a notebook."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell.execution_count if hasattr(shell, "kernel") else None
