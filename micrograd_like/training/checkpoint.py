"""Where a training stands, in a file: all that is needed to go on as if nothing had happened.

What `training.fit` does with it::

    save(path, about, model, optimizer, start, position, records)  # whole, or not at all
    content = read(path)                                           # ValueError if it is not whole,
    position = restore(content, about, model, optimizer)           # or of something else

``about`` is what must be the same in the training that goes on: the data, the size of a batch, what
the optimiser was at the beginning. ``start`` is the state of the random generator before
anything was drawn from it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

from ..files import read_json, write_whole
from ..nn import Module
from ..ops import finite
from ..optim import Optimizer
from ..text import shorten
from .history import Record

FORMAT = "micrograd_like checkpoint 2"

GeneratorState = tuple[Any, ...]  # what random.Random.getstate returns


class Best(NamedTuple):
    """The epoch with the least validation loss so far, and the weights after it."""

    epoch: int
    loss: float
    weights: list[float]


class Position(NamedTuple):
    """Where a training stands at the beginning of an epoch, and how far it has come in it.

    ``epochs`` is how many are done, ``rng`` the state of the generator before it draws the next
    epoch's batches, ``steps`` how many steps the optimiser had made. Only ``sums`` changes while
    the epoch goes on: for each batch, it gets the sum of the losses and of each metric.
    """

    epochs: int
    rng: GeneratorState
    steps: int
    best: Best | None
    sums: list[list[float]]


def save(
    path: str | os.PathLike[str],
    about: dict[str, Any],
    model: Module,
    optimizer: Optimizer,
    start: GeneratorState,
    at: Position,
    records: list[Record],
) -> None:
    """Write a checkpoint: the file at ``path`` is replaced when all is written, or untouched."""
    content = {
        "about": {"model": repr(model), **about},
        "weights": {name: finite(name, data) for name, data in model.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "start": start,
        "rng": at.rng,
        "steps": at.steps,
        "best": at.best,
        "sums": at.sums[: optimizer.steps - at.steps],  # an interrupt may come before the step
        "records": records[: at.epochs],
    }
    texts = {key: json.dumps(part, allow_nan=False) for key, part in content.items()}
    texts = {"format": json.dumps(FORMAT), "sha256": json.dumps(_digest(texts)), **texts}
    entries = ",\n ".join(f'"{key}": {text}' for key, text in texts.items())
    write_whole(path, f"{{{entries}}}\n")


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a checkpoint; its "start" and "rng" are states for `Random.setstate`.

    Raises ValueError unless it is what `save` wrote, to the last digit; OSError if it can't be
    read.
    """
    content = read_json(path, FORMAT)
    written = content.pop("sha256", None)
    del content["format"]
    if written != _digest({key: json.dumps(part) for key, part in content.items()}):
        raise ValueError("it is damaged: what it holds is not what was written (sha256)")
    for key in ("start", "rng"):
        version, words, gauss = content[key]
        content[key] = version, tuple(words), gauss
    return content


def restore(
    content: dict[str, Any], about: dict[str, Any], model: Module, optimizer: Optimizer
) -> Position:
    """Set the model and the optimiser to what they were, and return the position.

    Raises ValueError, and changes nothing, unless all fits.
    """
    then: dict[str, Any] = content["about"]
    for key, now in {"model": repr(model), **about}.items():
        if then.get(key) != now and not (key == "optimizer" and optimizer.steps):  # it went on
            was, now = shorten(then.get(key), 200), shorten(now, 200)
            raise ValueError(f"its {key} was {was}, and is now {now}")
    optimizer.read_state_dict(content["optimizer"])
    model.load_state_dict(content["weights"])  # it checks them all before
    optimizer.load_state_dict(content["optimizer"])
    return Position(
        epochs=len(content["records"]),
        rng=content["rng"],
        steps=content["steps"],
        best=content["best"] and Best(*content["best"]),
        sums=content["sums"],
    )


def _digest(texts: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
