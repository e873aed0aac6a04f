"""Where a training stands, in a file: all that is needed to go on as if nothing had happened.

What `training.fit` does with it::

    save(path, about, model, optimizer, start, position)          # whole, or not at all
    content = read(path)                                          # ValueError if it is not whole,
    position = restore(content, about, model, optimizer)          # or of something else

``about`` is what must be the same in the training that goes on: the data, the size of a batch, the
learning rate that an optimiser begins with.
``start`` is the state of the random generator before anything was drawn from it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from .history import RESERVED, VALIDATION, Record
from .nn import Module
from .ops import shorten
from .optim import Optimizer
from .weights import finite, read_object, write_atomically

FORMAT = "micrograd_like checkpoint 1"

KEYS = ("about", "weights", "optimizer", "start", "rng", "records", "steps", "best", "sums")

GeneratorState = tuple[Any, ...]  # what random.Random.getstate returns


class Position(NamedTuple):
    """Where a training stands at the beginning of an epoch, and how far it has come in it.

    ``rng`` is the state of the generator before it draws the epoch's batches, ``steps`` how many
    steps the optimiser had made, ``best`` the weights with the least validation loss so far. Only
    ``sums`` changes while the epoch goes on: for each batch, it gets the sum of the losses and of
    each metric.
    """

    records: list[Record]
    rng: GeneratorState
    steps: int
    best: list[float] | None
    sums: list[list[float]]


def save(
    path: str | os.PathLike[str],
    about: dict[str, Any],
    model: Module,
    optimizer: Optimizer,
    start: GeneratorState,
    at: Position,
) -> None:
    """Write a checkpoint: the file at ``path`` is replaced when all is written, or untouched."""
    content = {
        "format": FORMAT,
        "about": {"model": repr(model), **about},
        "weights": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "start": start,
        "rng": at.rng,
        "records": at.records,
        "steps": at.steps,
        "best": at.best,
        "sums": at.sums[: optimizer.steps - at.steps],  # an interrupt may come before the step
    }
    entries = (f"{json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in content.items())
    write_atomically(path, "{" + ",\n ".join(entries) + "}\n")


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a checkpoint; its "start" and "rng" are states for `Random.setstate`.

    Raises ValueError unless the file is whole and of this format; OSError if it can't be read.
    """
    content = read_object(path, FORMAT)
    if missing := [key for key in KEYS if key not in content]:
        raise ValueError(f"it has no {', '.join(missing)}")
    for key in ("start", "rng"):
        content[key] = _generator_state(key, content[key])
    return content


def restore(
    content: dict[str, Any], about: dict[str, Any], model: Module, optimizer: Optimizer
) -> Position:
    """Set the model and the optimiser to what they were, and return the position.

    Raises ValueError, and changes nothing, unless all is right.
    """
    now = {"model": repr(model), **about}
    then = content["about"] if isinstance(content["about"], dict) else {}
    for key, value in now.items():
        if then.get(key) != value and not (key == "lr" and optimizer.steps):  # it may have changed
            was = shorten(then.get(key))
            raise ValueError(f"its {key} was {was}, and is now {shorten(value)}")
    optimizer.read_state_dict(_object("optimizer", content["optimizer"]))
    steps = content["steps"]
    if type(steps) is not int or not 0 <= steps <= content["optimizer"]["steps"]:
        raise ValueError(f"its steps are {shorten(steps)}")
    measured = [name for name in about["columns"] if name not in RESERVED]
    width = sum(not name.startswith(VALIDATION) for name in measured)
    in_epoch = content["optimizer"]["steps"] - steps
    at = Position(
        records=_records(content["records"], about["columns"]),
        rng=content["rng"],
        steps=steps,
        best=None
        if content["best"] is None
        else _numbers("best", content["best"], len(model.parameters())),
        sums=[
            _numbers(f"sums[{i}]", each, width)
            for i, each in enumerate(_list("sums", content["sums"], in_epoch))
        ],
    )
    model.load_state_dict(_object("weights", content["weights"]))  # it checks them all before
    optimizer.load_state_dict(content["optimizer"])
    return at


def _generator_state(key: str, state: Any) -> GeneratorState:
    try:
        version, words, gauss = state
        found = version, tuple(words), None if gauss is None else finite("gauss", gauss)
        Random().setstate(found)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{key} is no state of a random generator: {error}") from None
    return found


def _records(records: Any, columns: Sequence[str]) -> list[Record]:
    if not isinstance(records, list):
        raise ValueError(f"records are {shorten(records)}: they must be a list")
    for i, record in enumerate(records):
        if not isinstance(record, dict) or [*record] != columns or record["epoch"] != i + 1:
            raise ValueError(f"records[{i}] is {shorten(record)}: it must hold {columns}")
        for name, number in record.items():
            finite(f"records[{i}], {name}", number)
    return records


def _object(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{key} is {shorten(value)}: it must be an object")
    return value


def _list(key: str, value: Any, length: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != length:
        raise ValueError(f"{key} is {shorten(value)}: it must be a list of {length}")
    return value


def _numbers(key: str, value: Any, length: int) -> list[float]:
    return [finite(f"{key}[{i}]", number) for i, number in enumerate(_list(key, value, length))]
