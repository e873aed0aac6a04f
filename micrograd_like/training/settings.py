"""What `fit` is asked to do, checked before anything changes.

What you can do with it::

    settings = Settings(optimizer=optim.SGD(model), epochs=50, ...)    # the arguments of `fit`
    settings.check_model(model)
    content = settings.content()                # of the checkpoint to resume from, or None
    training, held_out = settings.parts(data, settings.draws(content))

Each of these raises an error that names the argument, and shows what it is.
"""

from __future__ import annotations

import copy
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ..choices import whole
from ..data import split
from ..files import real
from ..nn import Module
from ..optim import Optimizer
from ..text import shorten
from . import checkpoint as checkpoints
from .history import Record
from .measuring import CheckedRow, Data, checked_rows

FilePath = str | os.PathLike[str]
ENGINES = ("python", "native", "numpy", "eager")


@dataclass
class Settings:
    """The arguments of `fit`, but for the model, the data, and what is measured."""

    optimizer: Optimizer
    epochs: int
    batch_size: int
    shuffle: bool
    rng: Random | int
    validation: float | Data | None
    patience: int | None
    clip_norm: float | None
    callback: Callable[[Record], object] | None
    progress: bool
    checkpoint: FilePath | None
    resume: FilePath | None
    engine: str | None
    generator: Random = field(init=False)  # rng, or one with that seed

    def __post_init__(self) -> None:
        """Check what needs neither the model nor the data."""
        self.epochs = whole("epochs", self.epochs, 0)
        self.batch_size = whole("batch_size", self.batch_size, 1)
        if self.patience is not None:
            self.patience = whole("patience", self.patience, 1)
            if self.validation is None:
                raise ValueError(
                    "patience needs a validation loss: pass validation=0.2, or other data"
                )
        if self.clip_norm is not None:
            self.clip_norm = real("clip_norm", self.clip_norm)
            if self.clip_norm <= 0:
                raise ValueError(f"clip_norm is {self.clip_norm}: it must be above 0")
        if self.engine not in (None, *ENGINES):
            raise ValueError(
                f"engine is {shorten(self.engine)}: it must be None, or one of {', '.join(ENGINES)}"
            )
        if self.shuffle not in (True, False):
            raise TypeError(f"shuffle is {shorten(self.shuffle)}: it must be True or False")
        self.shuffle = bool(self.shuffle)
        if self.callback is not None and not callable(self.callback):
            raise TypeError(
                f"the callback is {shorten(self.callback)}: it must be a function of a record"
            )
        if not isinstance(self.optimizer, Optimizer):
            raise TypeError(
                f"the optimizer is {shorten(self.optimizer)}: pass optim.SGD(model, ...), say"
            )
        if self.checkpoint is not None:
            _check_free(self.checkpoint, self.resume)
            self.checkpoint = pathlib.Path(self.checkpoint).absolute()  # a callback may chdir
        rng = self.rng
        self.generator = rng if isinstance(rng, Random) else Random(whole("rng", rng))
        try:
            self.generator.getstate()
        except NotImplementedError:
            raise TypeError("rng has no state to save: pass random.Random(seed)") from None

    def check_model(self, model: Module) -> None:
        """Refuse an optimizer of parameters that are not the model's."""
        own = set(model.parameters())
        for i, p in enumerate(self.optimizer.parameters):
            if p not in own:
                raise ValueError(
                    f"parameter {i} of the optimizer, {p!r}, is not a parameter of {model!r}: make "
                    "the optimizer from the parameters of the model to train"
                )

    def content(self) -> dict[str, Any] | None:
        """Return what the checkpoint to resume from holds; None without one."""
        if self.resume is None:
            return None
        with naming(self.resume):
            content = checkpoints.read(self.resume)
            seeded = not isinstance(self.rng, Random)
            if seeded and content["start"] != self.generator.getstate():
                raise ValueError(f"its run did not begin with rng={self.rng}")
        return content

    def draws(self, content: dict[str, Any] | None) -> Random:
        """Return a copy of the generator as it was, or is, before the run draws anything."""
        draws = copy.copy(self.generator)
        if content is not None:
            draws.setstate(content["start"])
        return draws

    def parts(self, data: Data, draws: Random) -> tuple[list[CheckedRow], list[CheckedRow]]:
        """Return the rows to train on, and the validation rows: none, drawn, or given."""
        rows = checked_rows("data", data)
        if self.validation is None:
            return rows, []
        if isinstance(self.validation, Iterable):
            return rows, checked_rows("validation", self.validation, rows[0])
        if not 0 < (fraction := real("validation", self.validation)) < 1:
            raise ValueError(
                f"validation is {fraction}: it must be a fraction between 0 and 1, or other data"
            )
        return split(rows, fraction, draws)


@contextmanager
def naming(path: FilePath) -> Iterator[None]:
    """Say which checkpoint an error is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"cannot resume from {os.fspath(path)!r}: {error}") from None


def _check_free(checkpoint: FilePath, resume: FilePath | None) -> None:
    """Refuse to overwrite a file, unless it is the one to resume from."""
    file = pathlib.Path(checkpoint)
    if not file.is_file() or not file.stat().st_size or (resume and file.samefile(resume)):
        return
    name = repr(os.fspath(checkpoint))
    raise FileExistsError(
        f"the checkpoint {name} exists: pass resume={name} to go on from it, or delete it"
    )
