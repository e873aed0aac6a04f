"""Write where a run stands to a file, and read it: all that is needed to go on from there.

What `training.fit` does with it::

    save(path, about, model, optimizer, start, position, records)  # whole, or not at all
    content = read(path)                                           # ValueError if it is damaged,
    position = restore(content, about, model, optimizer)           # or of another run

``about`` is what must be the same in the run that goes on: the data, the batch size, the optimizer
at the beginning. ``start`` is the state of the random generator before anything was drawn from it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

from ..files import finite, read_json, write_whole
from ..nn import Module
from ..optim import Optimizer
from ..text import shorten
from .history import Record

FORMAT = "micrograd_like checkpoint 2"

GeneratorState = tuple[Any, ...]  # what random.Random.getstate returns


class Best(NamedTuple):
    """The epoch with the least validation loss so far, and the model's weights after it."""

    epoch: int
    loss: float
    weights: list[float]


class Position(NamedTuple):
    """Where a run stands at the beginning of an epoch, and how far it has come since.

    ``epochs`` are done, and the optimizer had made ``steps``; ``rng`` is the state of the generator
    before it draws the next epoch's batches. Only ``sums`` changes during the epoch: each step adds
    the sums of its batch, of the losses and of each metric.
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
    """Write a checkpoint: replace the file at ``path`` once all is written, or leave it alone."""
    content = {
        "about": {"model": repr(model), **about},
        "weights": {name: finite(name, data) for name, data in model.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "start": start,
        "rng": at.rng,
        "steps": at.steps,
        "best": at.best,
        "sums": at.sums[: optimizer.steps - at.steps],  # without a step that was interrupted
        "records": records[: at.epochs],
    }
    texts = {key: json.dumps(part, allow_nan=False) for key, part in content.items()}
    texts = {"format": json.dumps(FORMAT), "sha256": json.dumps(_digest(texts)), **texts}
    entries = ",\n ".join(f'"{key}": {text}' for key, text in texts.items())
    write_whole(path, f"{{{entries}}}\n")


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a checkpoint; its "start" and "rng" are states for `Random.setstate`.

    Raises ValueError unless it is what `save` wrote, to the last digit, and OSError if the file
    can't be read.
    """
    content = read_json(path, FORMAT)
    written = content.pop("sha256", None)
    del content["format"]
    if written != _digest({key: json.dumps(part) for key, part in content.items()}):
        raise ValueError("it is damaged: its content is not what was written (sha256)")
    for key in ("start", "rng"):
        version, words, gauss = content[key]
        content[key] = version, tuple(words), gauss
    return content


def restore(
    content: dict[str, Any], about: dict[str, Any], model: Module, optimizer: Optimizer
) -> Position:
    """Set the model and the optimizer to what they were, and return the position.

    Raises ValueError, and changes nothing, if the checkpoint is of another run.
    """
    then: dict[str, Any] = content["about"]
    for key, now in {"model": repr(model), **about}.items():
        if then.get(key) != now and not (
            key == "optimizer" and optimizer.steps
        ):  # settings may change
            was, now = shorten(then.get(key), 200), shorten(now, 200)
            raise ValueError(f"its {key}: {was} then, {now} now; pass the same, or start a new run")
    optimizer.read_state_dict(content["optimizer"])
    model.load_state_dict(content["weights"])  # all of them, or none
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
