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

The same data, weights and ``rng`` give the same run, to the bit. A ``record`` holds the numbers of
an epoch, under their names. The cyclic garbage collector is paused during a run.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ..collector import collector_paused as collector_paused
from ..nn import Module
from ..optim import Optimizer
from .checkpoint import Position
from .history import History, Record
from .measuring import Data, Loss, Measure, Metrics, checked_rows
from .progress import Progress
from .running import Run
from .settings import FilePath, Settings


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
    others for each epoch. ``metrics`` are functions of (output, target), or "accuracy" and "mse".
    Training rows are measured before their step, validation rows after the epoch.

    ``patience=k`` stops the run after k epochs without a better validation loss, and the model ends
    with its best weights. ``clip_norm`` limits the norm of the gradients in each step.
    ``callback(record)`` is called after each epoch, before the checkpoint is written, and stops the
    run by returning True. ``progress=False`` prints nothing.

    ``checkpoint=path`` writes a file to go on from: at the start, after each epoch, and on Ctrl-C.
    ``resume=path`` goes on from it, to the same bits as if nothing had happened, if only
    ``epochs``, ``patience``, ``callback`` and ``progress`` differ, and nothing else draws from
    ``rng``. A file that is already at ``checkpoint`` raises FileExistsError, unless it is resumed.

    ``engine="python"`` trains by a program, recorded once, 8 to 20 times as fast as "eager", which
    records a graph for each row; the numbers are the same. None takes "python" if it can, and else
    prints why not; "python" then raises ValueError. "native", compiled C, and "numpy" take a batch
    at once, and come to the same numbers but for their last digits.

    Ctrl-C ends the run after the last finished step, and sets ``history.interrupted``. Bad data
    raises ValueError or TypeError, naming row and column, before anything changes; a number that is
    not finite FloatingPointError, naming the first, before the step that would take it in.
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
