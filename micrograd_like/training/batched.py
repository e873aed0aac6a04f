"""Gradients of a batch from a program in C or over arrays: `fit(engine="native")` and "numpy".

What `fit` does with it::

    batches = Batched(measure, rows, "numpy")        # or CannotRecord
    sums = batches.set_gradients(batch)              # as `Run.set_gradients` does, row by row

The sums come in another order than the engine's, so that their last digits differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..engine import Value, topological_order
from ..functions import sumprod
from ..losses import cross_entropy
from ..programs import batches
from ..programs.program import program
from .measuring import CheckedRow, Measure
from .recorded import FAILURES, CannotRecord, Recorded


class Batched:
    """The loss of a row as a program over many rows."""

    def __init__(self, measure: Measure, rows: Sequence[CheckedRow], engine: str) -> None:
        kind: Any
        if engine == "native":
            from ..programs.native import Native as kind
        else:
            from ..programs.arrays import NumPy as kind
        recorded = Recorded(measure, rows)  # it refuses what asks or reads numbers
        self.measure, (_, inputs, target) = measure, rows[0]
        xs = [Value(x, f"x{i}") for i, x in enumerate(inputs)]
        self.numbers_of: Any = None
        try:
            output = measure.model([*xs])
            self.several = not isinstance(output, Value)
            outs = [*output] if self.several else [output]
            classes = [*recorded.losses] if None not in recorded.losses else []
            if measure.loss is cross_entropy:
                loss, targets, self.numbers_of = batches.class_loss(outs)
            elif classes:  # the losses of all, of which one is picked
                targets = [Value(0.0, f"is{c}") for c in classes]
                loss = sumprod([measure.loss(output, c) for c in classes], targets)
                self.numbers_of = lambda target: [target == c for c in classes]
            else:
                targets = [Value(t, "target") for t in rows[0].targets]
                loss = measure.loss(output, targets if isinstance(target, list) else targets[0])
            used = {*topological_order(loss)}
            self.trained = [p for p in measure.parameters if p in used]
            given = [(i, x) for i, x in enumerate((*xs, *targets)) if x in used]
            self.places = [i for i, _ in given]
            made = program(loss, [x for _, x in given], self.trained)
        except FAILURES as error:
            raise CannotRecord(str(error)) from error
        self.step = kind(made, outs).step

    def fits(self, row: CheckedRow) -> bool:
        """Tell whether the program comes to the engine's loss of a row, but for the last digits."""
        eager = math.nan
        with suppress(*FAILURES):
            eager = self.measure.row(row)[1][0]
        found = self.step([self.row(row)])[1][0] if math.isfinite(eager) else eager
        return not math.isfinite(eager) or math.isclose(eager, found, rel_tol=1e-9, abs_tol=1e-12)

    def set_gradients(self, batch: Sequence[CheckedRow]) -> list[float]:
        """Set each ``grad`` to that of the mean loss of a batch; return the sums of its numbers."""
        for p in self.measure.parameters:
            p.grad = 0
        outputs, losses, sums = self.step([self.row(row) for row in batch])
        for p, g in zip(self.trained, sums):
            p.grad = g / len(batch)
        return self.measure.sums(batch, [*map(self.numbers, batch, outputs, losses)])

    def row(self, row: CheckedRow) -> list[float]:
        """Return the numbers of a row that the program takes."""
        targets = self.numbers_of(row.target) if self.numbers_of else row.targets
        given = [*row.inputs, *targets]
        return [float(given[i]) for i in self.places]

    def numbers(self, row: CheckedRow, outs: Sequence[float], loss: float) -> list[float]:
        """Return the loss and the metrics of a row."""
        found = self.measure.numbers(loss, [*outs] if self.several else outs[0], row)
        if not all(map(math.isfinite, found)):
            raise FloatingPointError(f"{row.where}: the numbers are {found}")
        return found
