"""Train a network: `fit` is the training loop, with what is easily forgotten in one.

What you can do with it::

    model = nn.MLP(2, [16, 16, 1], rng=1)
    history = training.fit(
        model,
        data,                                           # a list of (inputs, target)
        loss=losses.binary_cross_entropy,
        optimizer=optim.Adam(model.parameters(), lr=0.01),
        epochs=50,
        batch_size=20,
        validation=0.25,                                # a fraction of the data, or other data
        metrics=["accuracy"],
        patience=8,                                     # epochs without a better validation loss
        checkpoint="run.json",                          # after Ctrl-C, add resume="run.json"
    )
    history["validation_loss"][-1]
    history.save("curves.svg")                          # or .csv, or .json
    training.evaluate(model, test_data, losses.binary_cross_entropy, ["accuracy"])
    training.predict(model, test_data)                  # a class, or a number, for each row

The same data, weights and ``rng`` give the same run, to the bit.

The short names: a ``row`` is its ``inputs``, a list of floats, and its ``target``. A ``record``
holds the numbers of an epoch, under their names.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ..collector import collector_paused as collector_paused
from ..data import batches
from ..nn import Module
from ..optim import Optimizer, clip_grad_norm, set_data
from . import checkpoint as checkpoints
from .batched import Batched
from .checkpoint import Best, GeneratorState, Position
from .compiled import ROWS_AT_ONCE, Compiled, Differs, flat
from .history import VALIDATION, History, Record
from .measuring import CheckedRow, Data, Loss, Measure, Metrics, checked_rows, name_of, not_finite
from .progress import Progress
from .recorded import CannotRecord
from .settings import FilePath, Settings, naming

ROWS_TO_TRY = 8  # with a program that was just recorded
LARGE = 20  # standardized inputs stay far below, and so does the loss of a fresh network


def fit(
    model: Module,
    data: Data,
    *others: Any,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int = 32,
    shuffle: bool = True,
    rng: Random | int = 0,
    validation: float | Data | None = None,
    metrics: Metrics = (),
    patience: int | None = None,
    clip_norm: float | None = None,
    callback: Callable[[Record], object] | None = None,
    progress: bool = True,
    checkpoint: FilePath | None = None,
    resume: FilePath | None = None,
    engine: str | None = None,
) -> History:
    """Train ``model`` until it has seen the data ``epochs`` times, and return the history.

    A step takes the mean of ``loss(output, target)`` over a batch. ``rng``, a `random.Random` or a
    seed, draws the validation rows, if ``validation`` is a fraction of the data, and shuffles the
    other rows anew for each epoch. ``metrics`` are functions of (output, target), or names of
    metrics; the history holds their means. Training rows are measured on the way, each batch before
    its step; validation rows are measured after the epoch.

    ``patience=k`` stops the run after k epochs without a better validation loss, and the model ends
    with its best weights. ``clip_norm`` limits the norm of the gradients in each step.
    ``callback(record)`` is called after each epoch, before the checkpoint is written; it stops the
    run, until that is resumed, by returning True. ``progress=False`` prints nothing.

    ``checkpoint=path`` writes a file to go on from: at the start, after each epoch, and on Ctrl-C.
    ``resume=path`` goes on from that file, to the same bits as if nothing had happened. Pass the
    same arguments: only ``epochs``, ``patience``, ``callback`` and ``progress`` may differ. A
    `random.Random` is set to what it was; nothing else may draw from it (noise, say). With
    ``epochs=0``, the history so far comes back. A file that is already at ``checkpoint`` raises
    FileExistsError, unless it is the one to resume from.

    ``engine="python"`` trains by a program, which is recorded once, 10 to 20 times as fast as
    "eager", which records a graph for each row; the numbers are the same. None uses "python" if it
    can, and otherwise prints why not; "python" then raises ValueError. "native", compiled C, and
    "numpy" take a batch at once, and come to the same numbers but for their last digits. Pass
    "eager" for a model that draws random numbers.

    Ctrl-C ends the run after the last finished step, and sets ``history.interrupted``; the model
    keeps its weights, as it does when the callback or anything else raises. Bad data raises
    ValueError or TypeError, naming row and column, counted from 0, before anything changes. A
    number that is not finite raises FloatingPointError, naming the first that went wrong; the
    weights are then as they were before that step. The cyclic garbage collector is paused during
    the run: graphs do not need it.
    """
    if others:
        raise TypeError("fit takes one list of rows: write fit(model, [*zip(inputs, targets)], …)")
    measure = Measure(model, loss, metrics)
    settings = Settings(
        optimizer=optimizer,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        rng=rng,
        validation=validation,
        patience=patience,
        clip_norm=clip_norm,
        callback=callback,
        progress=progress,
        checkpoint=checkpoint,
        resume=resume,
        engine=engine,
    )
    settings.check_model(model)
    content = settings.content()
    draws = settings.draws(content)  # rng itself moves on only when everything is checked
    start = draws.getstate()
    rows, held_out = settings.parts(data, draws)
    measure.check([*rows, *held_out])
    at = Position(0, draws.getstate(), optimizer.steps, None, [])
    run = Run(measure, settings, rows, held_out, start, at)
    if content is not None:
        run.resume(content)
    with collector_paused():
        run.compile()
    run.save()  # a path that can't be written shows before anything is trained
    if progress:
        run.progress = Progress(settings.epochs, run.at.epochs)
        if run.why_eager:
            run.progress.say(f"eager, not compiled: {run.why_eager}")
    return run.run()


def evaluate(model: Module, data: Data, loss: Loss, metrics: Metrics = ()) -> dict[str, float]:
    """Return the mean "loss" over the data, and the means of the metrics; train nothing.

    Bad data raises the errors that `fit` raises.
    """
    measure, rows = Measure(model, loss, metrics), checked_rows("data", data)
    measure.check(rows)
    return measure.means(rows)


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
        self.about: dict[str, Any] = {
            "data": _identity(self.rows, self.held_out),
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
        settings, self.compiled = self.settings, None
        if settings.engine == "eager" or not settings.epochs:
            return
        rows = [*self.rows, *self.held_out]
        made: Compiled | Batched
        try:
            if settings.engine in ("native", "numpy"):
                made = self.batched = Batched(self.measure, rows, settings.engine)
            else:
                made = self.compiled = Compiled(
                    self.measure,
                    settings.optimizer,
                    rows,
                    settings.batch_size,
                    settings.clip_norm,
                    self.row_by_row,
                )
            if not self.agrees(made):
                self.compiled = self.batched = None
                raise CannotRecord("recorded, it gives other numbers: does it draw random ones?")
        except CannotRecord as error:
            self.why_eager = str(error)
            if settings.engine:
                raise ValueError(f"engine={settings.engine!r} cannot train this: {error}") from None

    def agrees(self, made: Compiled | Batched) -> bool:
        """Try what was recorded on some rows, and the gradients of a batch."""
        batch = self.rows[: self.settings.batch_size]
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
        if self.settings.patience is not None and best is not None and not interrupted:
            any(map(set_data, self.measure.parameters, best.weights))  # all at once
            if self.progress and len(history) < epochs and not stop:
                print(
                    f"stopped after epoch {len(history)} of {epochs}: no better validation loss "
                    f"since epoch {best.epoch}, whose weights are back",
                    flush=True,
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
        at, measure, optimizer = self.at, self.measure, self.settings.optimizer
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
        several = parts[: max(1, ROWS_AT_ONCE // len(parts[0]))]
        if not self.compiled or not self.compiled.ready():
            several = parts[:1]
        elif self.compiled.drops_gradients and len(several) == len(parts):
            several = several[:-1]
        if self.compiled and len(several) > 1:
            with suppress(Differs):
                return self.compiled.take(several, self.at.sums)
        for batch in several or parts:
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
        if self.settings.checkpoint is not None:
            checkpoints.save(
                self.settings.checkpoint,
                {**self.about, "row_by_row": self.row_by_row},
                self.measure.model,
                self.settings.optimizer,
                self.start,
                self.at,
                self.records,
            )


def _identity(rows: list[CheckedRow], held_out: list[CheckedRow]) -> str:
    """Return text that tells data from other data: the numbers of rows, and a digest of all."""
    numbers = [*map(flat, (*rows, *held_out))]
    digest = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()
    return f"{len(rows)} + {len(held_out)} rows, sha256 {digest[:16]}"
