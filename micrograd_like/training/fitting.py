"""Train a network: `fit` does what a training loop does, and what one forgets to write into it.

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

The same data, weights and ``rng`` give the same run, to the bit.

The short names: a ``row`` is its ``inputs``, a list of floats, its ``target``, and ``where`` it
stands. A ``record`` is what is known of an epoch: a dict of numbers.
"""

from __future__ import annotations

import copy
import gc
import hashlib
import json
import operator
import os
import pathlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from ..data import batches, split
from ..nn import Module
from ..optim import Optimizer, clip_grad_norm, real, set_data
from ..text import shorten
from . import checkpoint as checkpoints
from .checkpoint import Best, Position
from .history import VALIDATION, History, Record
from .measuring import Data, Loss, Measure, Metrics, Row, checked_rows, first_non_finite, name_of
from .progress import Progress

Path = str | os.PathLike[str]


def fit(
    model: Module,
    data: Data,
    *,
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
    checkpoint: Path | None = None,
    resume: Path | None = None,
) -> History:
    """Train ``model`` until it has seen the data ``epochs`` times, and return the history.

    A step takes the mean of ``loss(output, target)`` over a batch. ``rng``, a `random.Random` or a
    seed, draws the validation rows, where ``validation`` is a fraction of the data, and shuffles
    the other rows anew for each epoch. ``metrics`` are functions of (output, target), or names of
    such, of which the means are taken. Of the training rows, loss and metrics are measured on the
    way, each batch before its step; of the validation rows, after the epoch.

    With ``patience=k``, training stops after k epochs in a row without a better validation loss,
    and has the best weights when it ends. ``clip_norm`` limits the norm of the gradients in each
    step. ``callback(record)`` is called after each epoch, before that goes into the checkpoint, and
    stops the training by returning True, until it is resumed. ``progress=False`` prints nothing.

    With ``checkpoint=path``, all that is needed to go on is written there: at the start, after each
    epoch, and when Ctrl-C comes. ``resume=path`` goes on from there, given the same arguments (only
    ``epochs``, ``patience``, ``callback`` and ``progress`` may differ), to the same bits as if
    nothing had happened; a `random.Random` is set to what it was, of which nothing else may draw
    (noise, say). With ``epochs=0`` that returns the history so far. A file that is at
    ``checkpoint`` already raises FileExistsError, unless it is that to resume from.

    Ctrl-C ends the training after the last finished step, and ``history.interrupted`` is true; the
    model keeps the weights of then, as it does when the callback or anything else raises. What is
    wrong with the data raises ValueError or TypeError, naming row and column, counted from 0,
    before anything is changed. A number that is not finite raises FloatingPointError, naming the
    first that went wrong, with the weights as they were before that step. The cyclic garbage
    collector is paused meanwhile: graphs do not need it.
    """
    measure = Measure(model, loss, metrics)
    epochs, batch_size = _whole("epochs", epochs, 0), _whole("batch_size", batch_size, 1)
    if patience is not None:
        patience = _whole("patience", patience, 1)
        if validation is None:
            raise ValueError("patience needs a validation loss: pass validation=0.2, or other data")
    if clip_norm is not None and not (clip_norm := real("clip_norm", clip_norm)) > 0:
        raise ValueError(f"clip_norm is {clip_norm}: it must be above 0")
    if shuffle not in (True, False):
        raise TypeError(f"shuffle is {shorten(shuffle)}: it must be True or False")
    if callback is not None and not callable(callback):
        raise TypeError(f"the callback is {shorten(callback)}: it must be a function of a record")
    _check_optimizer(optimizer, model)
    if checkpoint is not None:
        _check_free(checkpoint, resume)

    seed = None if isinstance(rng, Random) else _whole("rng", rng)
    rng = rng if isinstance(rng, Random) else Random(seed)
    try:
        draws, start = copy.copy(rng), rng.getstate()  # rng itself moves on when all is checked
    except NotImplementedError:
        raise TypeError("rng has no state that could be kept: pass random.Random(seed)") from None
    content = None
    if resume is not None:
        with _naming(resume):
            content = checkpoints.read(resume)
            if seed is not None and content["start"] != start:
                raise ValueError(f"it did not begin with rng={seed}")
        draws.setstate(start := content["start"])
    rows, held_out = checked_rows("data", data), list[Row]()
    if isinstance(validation, Iterable):
        held_out = checked_rows("validation", validation, rows[0])
    elif validation is not None:
        rows, held_out = split(rows, _fraction(validation), draws)
    measure.check([*rows, *held_out])
    measure.check_gradient(rows, optimizer.parameters)
    about = {
        "data": _identity(rows, held_out),
        "loss": name_of(measure.loss),
        "columns": _columns(measure.names, bool(held_out)),
        "parameters": _trained(optimizer, model),
        "optimizer": repr(optimizer),
        "batch_size": batch_size,
        "shuffle": bool(shuffle),
        "clip_norm": clip_norm,
    }

    run = Run(
        measure=measure,
        optimizer=optimizer,
        rows=rows,
        held_out=held_out,
        epochs=epochs,
        batch_size=batch_size,
        rng=rng,
        shuffle=bool(shuffle),
        patience=patience,
        clip_norm=clip_norm,
        callback=callback,
        checkpoint=None if checkpoint is None else pathlib.Path(checkpoint).absolute(),
        start=start,
        about=about,
        at=Position(0, draws.getstate(), optimizer.steps, None, []),
        records=[],
    )
    if content is not None and resume is not None:
        with _naming(resume):
            run.at = checkpoints.restore(content, about, model, optimizer)
        run.about, run.records = content["about"], content["records"]
        rng.setstate(run.at.rng)
    run.save()  # a path that can't be written shows before anything is trained
    if progress:
        run.progress = Progress(epochs, run.at.epochs)
    return run.run()


def evaluate(model: Module, data: Data, loss: Loss, metrics: Metrics = ()) -> dict[str, float]:
    """Return the mean "loss" over the data, and the means of the metrics; train nothing.

    What is wrong with the data is refused as `fit` does.
    """
    measure, rows = Measure(model, loss, metrics), checked_rows("data", data)
    measure.check(rows)
    return measure.means(rows)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector: recorded graphs are freed without it, and faster."""
    enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass
class Run:
    """A training that goes on: its position is one attribute, so that interrupts find it whole."""

    measure: Measure
    optimizer: Optimizer
    rows: list[Row]
    held_out: list[Row]
    epochs: int
    batch_size: int
    rng: Random
    shuffle: bool
    patience: int | None
    clip_norm: float | None
    callback: Callable[[Record], object] | None
    checkpoint: pathlib.Path | None
    start: Any  # the state of rng before it drew the validation rows
    about: dict[str, Any]  # what must be the same in a training that goes on from a checkpoint
    at: Position
    records: list[Record]  # of the epochs, in order; one that is not done yet may be there too
    progress: Progress | None = None

    def run(self) -> History:
        """Go on to the end, or to an interrupt."""
        interrupted, stop = False, False
        try:
            with collector_paused():
                while self.at.epochs < self.epochs and not stop and not self.has_waited():
                    stop = self.epoch()
        except KeyboardInterrupt:
            interrupted = True
            self.save()
        finally:
            if self.progress:
                self.progress.close()
        history, best = History(self.records[: self.at.epochs], interrupted), self.at.best
        if self.patience is not None and best is not None and not interrupted:
            any(map(set_data, self.measure.parameters, best.weights))  # all at once
            if self.progress and len(history) < self.epochs and not stop:
                print(
                    f"stopped after epoch {len(history)} of {self.epochs}: no better validation "
                    f"loss since epoch {best.epoch}, whose weights are back",
                    flush=True,
                )
        return history

    def has_waited(self) -> bool:
        """Return whether so many epochs came to nothing that training stops early."""
        best = self.at.best
        return (
            self.patience is not None
            and best is not None
            and self.at.epochs - best.epoch >= self.patience
        )

    def epoch(self) -> bool:
        """Go through what is left of the rows, once, and on to the next position.

        Return whether the callback asks to stop.
        """
        at, measure, optimizer, began = self.at, self.measure, self.optimizer, time.perf_counter()
        self.rng.setstate(at.rng)
        parts = batches(self.rows, self.batch_size, self.rng if self.shuffle else None)
        done = optimizer.steps - at.steps
        for i, batch in enumerate(parts[done:], done + 1):
            self.step(batch)
            if self.progress:
                self.progress.batch(at.epochs + 1, i, len(parts))
        record: Record = {"epoch": at.epochs + 1}
        record |= measure.named_means(at.sums, len(self.rows))
        best = at.best
        if self.held_out:
            means = measure.means(self.held_out)
            record |= {VALIDATION + name: mean for name, mean in means.items()}
            if best is None or means["loss"] < best.loss:
                best = Best(at.epochs + 1, means["loss"], [p.data for p in measure.parameters])
        record["lr"] = optimizer.rate(optimizer.steps - 1)
        record["seconds"] = time.perf_counter() - began
        before = dict(vars(optimizer))  # lr and settings, which the callback may change
        try:
            stop = self.call_back(record)
            self.records[at.epochs :] = [record]
            self.at = Position(at.epochs + 1, self.rng.getstate(), optimizer.steps, best, [])
        except BaseException:
            if self.at is at:  # the callback is called again after a resume
                vars(optimizer).update(before)
            raise
        self.save()
        if self.progress:
            self.progress.show(record)
        return stop

    def call_back(self, record: Record) -> bool:
        """Call the callback, if there is one, and return whether it asks to stop."""
        if self.callback is None:
            return False
        if self.progress:
            self.progress.clear()
        return _is_true(self.callback(dict(record)))

    def step(self, batch: Sequence[Row]) -> None:
        """Make a step of the optimiser, or raise and leave the weights as they are."""
        total, sums = self.measure.sums(batch)
        loss = total / len(batch)
        for p in self.measure.parameters:
            p.grad = 0
        loss.backward()
        try:
            if self.clip_norm is not None:
                clip_grad_norm(self.optimizer.parameters, self.clip_norm)
            self.at.sums.append(sums)
            self.optimizer.step()  # the weights, and how many steps there were, at once
        except FloatingPointError as error:
            raise FloatingPointError(f"{error}{first_non_finite(loss)}") from None

    def save(self) -> None:
        """Write the checkpoint, if one was asked for."""
        if self.checkpoint is not None:
            checkpoints.save(
                self.checkpoint,
                self.about,
                self.measure.model,
                self.optimizer,
                self.start,
                self.at,
                self.records,
            )


def _check_optimizer(optimizer: Any, model: Module) -> None:
    """Refuse what is no optimiser, and one that trains other parameters than the model's."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"the optimizer is {shorten(optimizer)}: pass optim.SGD(model, ...), say")
    own = set(model.parameters())
    for i, p in enumerate(optimizer.parameters):
        if p not in own:
            raise ValueError(
                f"parameter {i} of the optimizer, {p!r}, is none of {model!r}: make the optimizer "
                "from the parameters of the model that is to be trained"
            )


def _whole(name: str, number: Any, least: int | None = None) -> int:
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{name} is {shorten(number)}: it must be a whole number")
    if least is not None and number < least:
        raise ValueError(f"{name} is {number}: it must be at least {least}")
    return operator.index(number)


def _check_free(checkpoint: Path, resume: Path | None) -> None:
    """Refuse to write over a file, unless it is that to resume from."""
    file = pathlib.Path(checkpoint)
    if not file.is_file() or not file.stat().st_size or (resume and file.samefile(resume)):
        return
    name = repr(os.fspath(checkpoint))
    raise FileExistsError(
        f"the checkpoint {name} exists: pass resume={name} to go on from it, or delete it"
    )


def _fraction(validation: Any) -> float:
    if not 0 < (fraction := real("validation", validation)) < 1:
        raise ValueError(
            f"validation is {fraction}: it must be a fraction between 0 and 1, or other data"
        )
    return fraction


def _identity(rows: list[Row], held_out: list[Row]) -> str:
    """Return what tells data from other data: the numbers of rows, and a digest of them all."""
    numbers = []
    for row in (*rows, *held_out):
        targets = row.target if isinstance(row.target, list) else [row.target]
        numbers.append([*map(float, row.inputs), *map(float, targets)])
    digest = hashlib.sha256(json.dumps(numbers).encode()).hexdigest()
    return f"{len(rows)} + {len(held_out)} rows, sha256 {digest[:16]}"


def _is_true(answer: object) -> bool:
    """Return whether a callback returned True, NumPy's too: other values may mean anything."""
    kind = getattr(getattr(answer, "dtype", None), "kind", "")
    return answer is True or (kind == "b" and bool(answer))


def _columns(names: list[str], validated: bool) -> list[str]:
    """Return the names of what a record holds."""
    return ["epoch", *names, *(VALIDATION + name for name in names if validated), "lr", "seconds"]


def _trained(optimizer: Optimizer, model: Module) -> list[str]:
    """Return the names of the parameters of the optimizer, in its order."""
    names = {p: name for name, p in model.named_parameters()}
    return [names[p] for p in optimizer.parameters]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say which checkpoint an error is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"cannot resume from {os.fspath(path)!r}: {error}") from None
