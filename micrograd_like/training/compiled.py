"""Train by a program: the steps of `fit` as one loop of straight-line Python, with the same bits.

What `fit` does with it::

    steps = Compiled(measure, settings, rows, row_by_row)      # or CannotRecord
    steps.take(batches, sums)          # make steps, and add up the numbers of each batch
    steps.numbers(rows)                # the numbers of rows, without training

If anything goes wrong in there, nothing has changed: the eager engine makes the same steps, and
meets the same error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from ..optim import Optimizer, gradient
from ..programs import source
from .measuring import CheckedRow, Measure
from .recorded import FAILURES, CannotRecord, Recorded
from .settings import Settings
from .writing import Text

ROWS_AT_ONCE = 400  # before the parameters are written back
MISSES = (*FAILURES, source.Branch)


class Differs(Exception):
    """The eager engine has to make these steps: it says what is wrong."""


class Compiled:
    """The steps of a run, as a program."""

    def __init__(
        self, measure: Measure, settings: Settings, rows: Sequence[CheckedRow], row_by_row: bool
    ) -> None:
        self.measure, self.optimizer = measure, (optimizer := settings.optimizer)
        self.settings = _settings(optimizer)
        if getattr(optimizer.step, "__func__", None) is not Optimizer.step:
            raise CannotRecord(f"{type(optimizer).__name__} has a step of its own")
        self.floats = {id(row): row.numbers for row in rows}
        recorded = Recorded(measure, rows)
        text = Text(recorded, settings, row_by_row)
        self.trained, self.fixed, self.several = text.trained, text.fixed, recorded.several
        self.source = text.epoch()
        self.remembers = text.remembers
        # If so, the last step of an epoch is eager: it leaves the gradients of all parameters.
        self.drops_gradients = text.at_once or not {*self.fixed}.isdisjoint(measure.parameters)
        self._epoch = source.load(self.source, "epoch")
        self._numbers = source.load(text.numbers(), "numbers")

    def fits(self, row: CheckedRow) -> bool:
        """Tell whether the program still does what the model and the optimizer do."""
        eager = found = [math.nan]  # where there is an error
        with suppress(*FAILURES):
            eager = self.measure.row(row)[1]
        with suppress(Differs):
            found = self.numbers([row])[0]
        return repr(eager) == repr(found) and self.settings == _settings(self.optimizer)

    def agrees(self, batch: Sequence[CheckedRow], eager: Callable[[], object]) -> bool:
        """Tell whether a step has the gradients that ``eager()`` sets; change nothing."""
        before = [p.grad for p in self.measure.parameters]
        names = self.optimizer.memory_names if self.remembers else ()
        memory = [(0.0,) * len(names)] * len(self.trained)
        rows = [self.floats[id(row)] for row in batch]
        try:
            rate = self.optimizer.rate()
            data, _, grads = self._epoch(*self._leaves(), memory, [rows], [rate], [])
            eager()
            expected = [gradient(p) for p in self.trained]
        except MISSES:
            return True  # the eager steps will say so
        finally:
            for p, grad in zip(self.measure.parameters, before):
                p.grad = grad
        if not grads:  # plain gradient descent at once
            grads = data
            expected = [p._data - rate * (g or 0.0) for p, g in zip(self.trained, expected)]
        return repr([*grads]) == repr(expected)

    def ready(self) -> bool:
        """Tell whether the optimizer remembers something of each parameter, if it ever does."""
        memories = dict(zip(self.optimizer.parameters, self.optimizer._state[1]))
        return not self.remembers or all(memories[p] for p in self.trained)

    def take(self, batches: Sequence[Sequence[CheckedRow]], sums: list[list[float]]) -> None:
        """Make steps of the optimizer, one for each batch; add the sums of their numbers.

        Raises `Differs`, and changes nothing, where the eager engine has to say what is wrong.
        Ctrl-C leaves what the finished steps have made.
        """
        optimizer, done = self.optimizer, list[Any]()
        steps, memories = optimizer._state
        memory_of = dict(zip(optimizer.parameters, memories))
        memory = [memory_of[p] if self.remembers else () for p in self.trained]
        rows = [[self.floats[id(row)] for row in batch] for batch in batches]
        try:
            rates = [optimizer.rate(steps + i) for i in range(len(batches))]
            data, memory, grads = self._epoch(*self._leaves(), memory, rows, rates, done)
            measured = [self._measured(batch, found) for batch, found in zip(batches, done)]
            new = [[math.fsum(column) for column in zip(*numbers)] for numbers in measured]
        except KeyboardInterrupt:
            if done:  # the same steps again, without the one that was interrupted
                self.take(batches[: len(done)], sums)
            raise
        except MISSES:
            raise Differs from None
        if not math.isfinite(sum(map(sum, memory), sum(data))):
            raise Differs
        sums += new
        for p, grad in zip(self.trained, grads):
            p.grad = grad
        data_of = dict(zip(self.trained, data))
        memory_of.update(zip(self.trained, memory))
        optimizer._commit(
            [data_of.get(p, p._data) for p in optimizer.parameters],
            (steps + len(batches), tuple([memory_of[p] for p in optimizer.parameters])),
        )

    def numbers(self, rows: Sequence[CheckedRow]) -> list[list[float]]:
        """Return the numbers of each row, or raise `Differs`."""
        try:
            found = self._numbers(*self._leaves(), [self.floats[id(row)] for row in rows])
        except MISSES:
            raise Differs from None
        return self._measured(rows, found)

    def _leaves(self) -> tuple[list[float], list[float]]:
        return [p._data for p in self.trained], [x._data for x in self.fixed]

    def _measured(self, rows: Sequence[CheckedRow], found: Iterable[Any]) -> list[list[float]]:
        """Return the loss and the metrics of each row, or raise `Differs`."""
        numbers = []
        try:
            for row, (loss, *outs) in zip(rows, found):
                output = outs if self.several else outs and outs[0]
                numbers.append(self.measure.numbers(loss, output, row))
            if math.isfinite(math.fsum(map(sum, numbers))):
                return numbers
        except FAILURES:
            pass
        raise Differs


def _settings(optimizer: Optimizer) -> dict[str, Any]:
    return {k: v for k, v in vars(optimizer).items() if k not in ("lr", "parameters")}
