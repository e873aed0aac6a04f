"""A run of `fit` in progress: its epochs and steps, from its start or from a checkpoint.

What `micrograd_like.training.fitting` does with it::

    run = Run(measure, settings, rows, held_out, start, Position(0, ...))
    run.resume(content)                    # of a checkpoint, if it goes on from one
    run.compile()                          # steps by a program, if they can be
    history = run.run()
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..collector import collector_paused
from ..data import batches
from ..nn import set_data
from ..optim import clip_grad_norm
from . import checkpoint as checkpoints
from .batched import Batched
from .checkpoint import Best, GeneratorState, Position
from .compiled import ROWS_AT_ONCE, Compiled, Differs
from .history import VALIDATION, History, Record, cell
from .measuring import CheckedRow, Measure, name_of, not_finite
from .progress import Progress
from .recorded import CannotRecord
from .settings import Settings, naming

ROWS_TO_TRY = 8  # with a program that was just recorded
LARGE = 20  # standardized inputs stay far below, and so does the loss of a fresh network


@dataclass
class Run:
    """A run in progress; its position is one attribute, so an interrupt never sees half of it."""

    measure: Measure
    settings: Settings
    rows: list[CheckedRow]
    held_out: list[CheckedRow]
    start: GeneratorState  # before the validation rows were drawn
    at: Position
    records: list[Record] = field(default_factory=list)  # perhaps also of an unfinished epoch
    progress: Progress | None = None
    compiled: Compiled | None = None
    batched: Batched | None = None
    why_eager: str = ""

    def __post_init__(self) -> None:
        """Note what a run that goes on from a checkpoint must have in common with this one."""
        settings, measure = self.settings, self.measure
        optimizer, names = settings.optimizer, measure.names
        validated = [VALIDATION + name for name in names if self.held_out]
        name_by_parameter = {p: name for name, p in measure.model.named_parameters()}
        numbers = [row.numbers for row in (*self.rows, *self.held_out)]
        digest = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()
        self.about: dict[str, Any] = {
            "data": f"{len(self.rows)} + {len(self.held_out)} rows, sha256 {digest[:16]}",
            "loss": name_of(measure.loss),
            "columns": ["epoch", *names, *validated, "lr", "seconds"],
            "parameters": [name_by_parameter[p] for p in optimizer.parameters],
            "optimizer": repr(optimizer),
            "batch_size": settings.batch_size,
            "shuffle": settings.shuffle,
            "clip_norm": settings.clip_norm,
        }
        self.row_by_row = measure.check_gradient(self.rows, optimizer.parameters)

    def resume(self, content: dict[str, Any]) -> None:
        """Go on from what a checkpoint holds; raise ValueError if that is of another run."""
        settings = self.settings
        with naming(settings.resume or ""):
            self.at = checkpoints.restore(
                content, self.about, self.measure.model, settings.optimizer
            )
        self.about, self.records = content["about"], content["records"]
        self.row_by_row = self.about.get("row_by_row", self.row_by_row)
        settings.generator.setstate(self.at.rng)

    def compile(self) -> None:
        """Write the steps as a program, unless they have to be eager."""
        settings, self.compiled, self.batched = self.settings, None, None
        if settings.engine == "eager" or not settings.epochs:
            return
        rows = [*self.rows, *self.held_out]
        made: Compiled | Batched
        try:
            if settings.engine in ("native", "numpy"):
                made = self.batched = Batched(self.measure, rows, settings.engine)
            else:
                made = self.compiled = Compiled(self.measure, settings, rows, self.row_by_row)
            if not self.agrees(made):
                self.compiled = self.batched = None
                raise CannotRecord("recorded, it gives other numbers: does it draw random ones?")
        except CannotRecord as error:
            self.why_eager = str(error)
            if settings.engine:
                raise ValueError(f"engine={settings.engine!r} cannot train this: {error}") from None

    def agrees(self, made: Compiled | Batched) -> bool:
        """Try what was recorded on some rows, and the gradients of a batch."""
        batch = self.rows[: min(self.settings.batch_size, ROWS_TO_TRY)]
        fits = all(map(made.fits, self.rows[:: -(-len(self.rows) // ROWS_TO_TRY)]))
        return fits and (
            isinstance(made, Batched) or made.agrees(batch, lambda: self.eager_gradients(batch))
        )

    def run(self) -> History:
        """Train until the run ends, stops early or is interrupted."""
        epochs, interrupted, stop = self.settings.epochs, False, False
        try:
            with collector_paused():
                while self.at.epochs < epochs and not stop and not self.out_of_patience():
                    stop = self.epoch()
        except KeyboardInterrupt:
            interrupted = True
            self.save()
        finally:
            if self.progress:
                self.progress.close()
        history, best = History(self.records[: self.at.epochs], interrupted), self.at.best
        history.drawn_in = cell() if self.progress and self.progress.picture else None
        if self.settings.patience is not None and best is not None and not interrupted:
            any(map(set_data, self.measure.parameters, best.weights))  # all at once
            if self.progress and len(history) < epochs and not stop:
                self.progress.say(
                    f"stopped after epoch {len(history)} of {epochs}: no better validation loss "
                    f"since epoch {best.epoch}, whose weights are back"
                )
        return history

    def out_of_patience(self) -> bool:
        """Tell whether there was no improvement for ``patience`` epochs."""
        patience, best = self.settings.patience, self.at.best
        return patience is not None and best is not None and self.at.epochs - best.epoch >= patience

    def epoch(self) -> bool:
        """Train on the rest of the rows, then move to the next position.

        Return whether the callback asks to stop.
        """
        at, optimizer = self.at, self.settings.optimizer
        rng, began = self.settings.generator, time.perf_counter()
        rng.setstate(at.rng)
        parts = batches(self.rows, self.settings.batch_size, rng if self.settings.shuffle else None)
        made = self.compiled or self.batched
        fits = self.agrees if self.settings.callback else lambda made: made.fits(parts[0][0])
        if made and not fits(made):  # the model has changed
            self.compile()
        while (done := optimizer.steps - at.steps) < len(parts):
            self.steps(parts[done:])
            if self.progress:
                if at.epochs == done == 0:
                    self.hint(at.sums[0][0] / len(parts[0]))
                self.progress.batch(at.epochs + 1, optimizer.steps - at.steps, len(parts))
        record, best = self.measured(began)
        before = dict(vars(optimizer))  # lr and settings, which the callback may change
        try:
            stop = self.call_back(record)
            self.records[at.epochs :] = [record]
            self.at = Position(at.epochs + 1, rng.getstate(), optimizer.steps, best, [])
        except BaseException:
            if self.at is at:  # the callback is called again after a resume
                vars(optimizer).update(before)
            raise
        self.save()
        if self.progress:
            self.progress.show(record)
        return stop

    def measured(self, began: float) -> tuple[Record, Best | None]:
        """Return what was measured in an epoch that has all its steps, and the best so far."""
        at, measure, optimizer = self.at, self.measure, self.settings.optimizer
        record: Record = {"epoch": at.epochs + 1}
        record |= measure.named_means(at.sums, len(self.rows))
        best = at.best
        if self.held_out:
            means = self.means()
            record |= {VALIDATION + name: mean for name, mean in means.items()}
            if best is None or means["loss"] < best.loss:
                best = Best(at.epochs + 1, means["loss"], [p.data for p in measure.parameters])
        record["lr"] = optimizer.rate(optimizer.steps - 1)
        record["seconds"] = time.perf_counter() - began
        return record, best

    def hint(self, loss: float) -> None:
        """Say what to do if large inputs are why the first batch has a large loss."""
        reach = max((abs(x) for row in self.rows for x in row.inputs), default=0.0)
        if self.progress and reach > LARGE and loss > LARGE:
            self.progress.say(
                f"inputs reach up to {reach:.4g}, and the first loss is {loss:.4g}: standardize "
                "them, rows = data.Standardiser(rows)(rows)"
            )

    def call_back(self, record: Record) -> bool:
        """Call the callback, if there is one, and return whether it asks to stop."""
        if self.settings.callback is None:
            return False
        if self.progress:
            self.progress.clear()
        return self.settings.callback(dict(record)) is True

    def means(self) -> dict[str, float]:
        """Return the means over the validation rows."""
        if self.compiled:
            with suppress(Differs):
                numbers = self.compiled.numbers(self.held_out)
                return self.measure.named_means(numbers, len(self.held_out))
        return self.measure.means(self.held_out)

    def steps(self, parts: Sequence[Sequence[CheckedRow]]) -> None:
        """Make the next step, or several, of those that are left of an epoch."""
        several: Sequence[Sequence[CheckedRow]] = ()
        if self.compiled and self.compiled.ready():
            several = parts[: max(1, ROWS_AT_ONCE // len(parts[0]))]
            if self.compiled.drops_gradients and len(several) == len(parts):
                several = several[:-1]
        if self.compiled and several:
            with suppress(Differs):
                return self.compiled.take(several, self.at.sums)
        for batch in several or parts[:1]:
            self.step(batch)
        return None

    def step(self, batch: Sequence[CheckedRow]) -> None:
        """Make an eager step, or raise and leave the weights as they are."""
        settings = self.settings
        try:
            self.at.sums.append(self.eager_gradients(batch))
            settings.optimizer.step()  # the weights, and how many steps there were, at once
            return
        except FloatingPointError as error:
            problem = error
        # Record the whole batch, from its first row on, to find where it first went wrong.
        loss, _ = self.measure.batch(batch)
        raise FloatingPointError(f"{problem}{not_finite(loss)}")

    def eager_gradients(self, batch: Sequence[CheckedRow]) -> list[float]:
        """Set the gradients of a step, clipped; return the sums of the batch's numbers."""
        sums = self.set_gradients(batch)
        if self.settings.clip_norm is not None:
            clip_grad_norm(self.settings.optimizer.parameters, self.settings.clip_norm)
        return sums

    def set_gradients(self, batch: Sequence[CheckedRow]) -> list[float]:
        """Set each ``grad`` to that of the mean loss of a batch; return the sums of its numbers.

        Where each row uses each parameter once, its graph is walked and dropped before the next
        is recorded. From the last row to the first, this adds up the same floats in the same order
        as the walk through the graph of the mean.
        """
        if self.batched:
            return self.batched.set_gradients(batch)
        for p in self.measure.parameters:
            p.grad = 0
        if self.row_by_row:
            share = 1 / len(batch)
            numbers = [self.add_gradients(row, share) for row in reversed(batch)]
            return self.measure.sums(batch, numbers[::-1])
        loss, sums = self.measure.batch(batch)
        loss.backward()
        return sums

    def add_gradients(self, row: CheckedRow, share: float) -> list[float]:
        """Add the gradients of ``share`` times the loss of a row; return its numbers."""
        loss, numbers = self.measure.row(row)
        loss.backward(share)
        return numbers

    def save(self) -> None:
        """Write the checkpoint, if one was asked for."""
        path, optimizer = self.settings.checkpoint, self.settings.optimizer
        about = {**self.about, "row_by_row": self.row_by_row}
        if path is not None:
            checkpoints.save(
                path, about, self.measure.model, optimizer, self.start, self.at, self.records
            )
