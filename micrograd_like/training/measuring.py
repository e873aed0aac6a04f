"""What is measured of data: rows that are checked, the loss and the metrics of each.

What you can do with it::

    rows = checked_rows("data", data)                   # or an error that names row and column
    measure = Measure(model, losses.cross_entropy, ["accuracy"])
    measure.check(rows)                                 # every target is tried on the loss
    measure.means(rows)                                 # {"loss": 0.31, "accuracy": 0.9}

The short names: a ``row`` is its ``inputs``, a list of floats, its ``target``, and ``where`` it
stands. An ``output`` is what the model makes of the inputs: a Value, or a list of them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from numbers import Integral
from typing import Any, NamedTuple

from .. import ops
from ..engine import Value, topological_order
from ..functions import fsum
from ..losses import binary_cross_entropy, cross_entropy
from ..nn import Module
from ..ops import as_float
from ..optim import real
from ..text import shorten
from .history import RESERVED, VALIDATION

Data = Iterable[tuple[Iterable[float], Any]]
Loss = Callable[[Any, Any], Any]  # (output, target) -> Value
Metric = Callable[[Any, Any], float]  # (output, target) -> number; it gets floats
Metrics = Iterable[str | Metric] | Mapping[str, Metric]


def accuracy(output: Any, target: Any) -> float:
    """Return 1.0 if an output is right, else 0.0: the metric "accuracy".

    Of a list of scores, the largest must be that of the target, the index of a class. A single
    score, or a list of one, is a logit, no probability: it must be positive if the target is 1, and
    must not be if it is 0 or -1. Raises ValueError for other targets, as nothing is right or wrong
    there.
    """
    if isinstance(output, (list, tuple)) and len(output) == 1:
        output = output[0]
        if isinstance(target, (list, tuple)) and len(target) == 1:
            target = target[0]
    if not isinstance(output, (list, tuple)):
        if target not in (0, 1, -1):
            raise ValueError(f"the target of a single score is 0, 1 or -1, not {shorten(target)}")
        return float((output > 0) == (target > 0))
    if not output:
        raise ValueError("of no scores, none is right")
    if target not in range(len(output)):
        raise ValueError(
            f"of {len(output)} scores, the target is 0 to {len(output) - 1}, not {shorten(target)}"
        )
    return float(max(range(len(output)), key=output.__getitem__) == target)


METRICS: dict[str, Metric] = {"accuracy": accuracy}


class Row(NamedTuple):
    """A row of the data, once it is checked; ``where`` says which, in messages."""

    where: str
    inputs: list[float]
    target: Any


class Measure:
    """What is measured of each row: the loss, and the metrics."""

    def __init__(self, model: Module, loss: Loss, metrics: Metrics) -> None:
        if not isinstance(model, Module) or not callable(model):
            raise TypeError(f"the model is {shorten(model)}: it must be a Module, as nn.MLP is")
        if not callable(loss):
            raise TypeError(f"the loss is {shorten(loss)}: it must be a function, as in losses")
        self.model: Any = model
        self.loss, self.metrics = loss, _metrics(metrics)
        self.names = ["loss", *self.metrics]
        self.parameters = model.parameters()

    def check(self, rows: Sequence[Row]) -> None:
        """Try the model on the first row, and every target, so that nothing wrong shows later."""
        with _at(rows[0].where):
            output = self.model(rows[0].inputs)
            values = [output] if isinstance(output, Value) else output
            if not isinstance(values, (list, tuple)) or not all(
                isinstance(value, Value) for value in values
            ):
                raise TypeError(
                    f"the model returned {shorten(output)}: not a Value or a list of it"
                )
        self._check_scores(values)
        for row in rows:
            with _at(row.where):
                self.of(output, row)

    def check_gradient(self, rows: Sequence[Row], parameters: Iterable[Value]) -> None:
        """Raise ValueError unless the loss of a row depends on one of the parameters."""
        trained = set(parameters)

        def depends(row: Row) -> bool:
            with _at(row.where):
                loss, _ = self.of(self.model(row.inputs), row)
            return not trained.isdisjoint(topological_order(loss))

        if not any(map(depends, rows)):  # the first will do, mostly
            raise ValueError(
                "the loss depends on no parameter of the optimizer, so that nothing would be "
                "learnt: was a new Value made of an output's data on the way, or float() of it "
                "taken?"
            )

    def _check_scores(self, output: Sequence[Value]) -> None:
        """Refuse probabilities where scores are taken, which may be any numbers."""
        ops_of = {value.op for value in output}
        if ops_of == {ops.sigmoid}:
            if self.loss is binary_cross_entropy:
                raise ValueError(
                    "binary_cross_entropy takes a logit and is the sigmoid's and the logarithm's "
                    "work in one, but the model returns a sigmoid: leave that out"
                )
            if accuracy in self.metrics.values() and len(output) == 1:
                raise ValueError(
                    "the metric accuracy takes a logit, which is above 0 for class 1, but the "
                    "model returns a sigmoid: leave that out, with binary_cross_entropy as the "
                    "loss, or pass metrics={'accuracy': lambda p, target: (p > 0.5) == target}"
                )
        elif ops_of == {ops.softmax} and self.loss is cross_entropy:
            raise ValueError(
                "cross_entropy takes scores and is the softmax's and the logarithm's work in one, "
                "but the model returns a softmax: leave that out"
            )

    def of(self, output: Any, row: Row) -> tuple[Value, list[float]]:
        """Return the loss of an output, and its number and those of the metrics."""
        loss = self.loss(output, row.target)
        if not isinstance(loss, Value):  # a number would be taken, and lose the gradient
            raise TypeError(f"the loss returned {shorten(loss)}: it must return a Value")
        numbers = [loss.data]
        if self.metrics:
            plain = output.data if isinstance(output, Value) else [value.data for value in output]
            for name, metric in self.metrics.items():
                with _at(f"the metric {name!r}"):
                    numbers.append(as_float(metric(plain, row.target)))
        return loss, numbers

    def sums(self, rows: Sequence[Row]) -> tuple[Value, list[float]]:
        """Return the sum of the losses of some rows, and its number and those of the metrics.

        Raises FloatingPointError if one of them is not finite.
        """
        losses, numbers = [], []
        for row in rows:
            with _at(row.where):
                loss, each = self.of(self.model(row.inputs), row)
                if not all(map(math.isfinite, each)):
                    raise FloatingPointError(self._blame(loss, each))
            losses.append(loss)
            numbers.append(each)
        with _at(f"{rows[0].where} and others"):
            return fsum(losses), [math.fsum(column) for column in zip(*numbers)]

    def means(self, rows: Sequence[Row]) -> dict[str, float]:
        """Return the means over some rows, under their names."""
        sums = [self.sums([row])[1] for row in rows]
        return self.named_means(sums, len(rows))

    def named_means(self, sums: Sequence[Sequence[float]], n: int) -> dict[str, float]:
        """Return the means over ``n`` rows, under their names, from sums of parts of them."""
        return {name: _mean(column, n) for name, column in zip(self.names, zip(*sums))}

    def _blame(self, loss: Value, numbers: Sequence[float]) -> str:
        name, number = next(p for p in zip(self.names, numbers) if not math.isfinite(p[1]))
        why = first_non_finite(loss) if name == "loss" else ""
        return f"the {name} is {number}{why}"


def _mean(column: Sequence[float], n: int) -> float:
    try:
        return math.fsum(column) / n
    except OverflowError:  # of the sum, while no number is larger than the largest
        return math.fsum(number / n for number in column)


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Say in which row of the data an error came up."""
    try:
        yield
    except (TypeError, ValueError, LookupError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        named = "no key " if isinstance(error, KeyError) else ""
        raise kind(f"{where}: {named}{error}") from error
    except ArithmeticError as error:  # a number that is not finite, or exp(1000)
        raise FloatingPointError(f"{where}: {error}") from error


def first_non_finite(root: Value) -> str:
    """Return words on where a graph's numbers first went wrong, forward or backward, or ""."""
    from ..debugging.explain import find_nonfinite

    found = find_nonfinite(root)
    if found is None:
        return ""
    if found.value is not None:
        return f"; the first value that is not finite is {_describe(found.value)}"
    step = found.edge
    assert step is not None
    return (
        f"; the first gradient that is not finite runs through {_describe(step.out)}: "
        f"its own is {step.upstream}, times the partial {step.partial}"
        + (f", added to {step.before}" if math.isfinite(step.product) else "")
    )


def _describe(value: Value) -> str:
    if value.op is None:
        return f"{shorten(value.label)[1:-1] or 'an unnamed leaf'} = {value.data}"
    return f"{value.op.call(value.operands)} = {value.data}"


def checked_rows(what: str, data: Data, like: Row | None = None) -> list[Row]:
    """Return the data as rows of finite numbers, all of one shape, or say which is not."""
    if isinstance(data, _NO_LISTS) or not hasattr(data, "__iter__"):
        raise TypeError(f"{what} is {shorten(data)}: it must be a list of (inputs, target)")
    rows: list[Row] = []
    for i, pair in enumerate(data):
        where = f"{what} row {i}"
        parts = _listed(pair)
        if parts is None:
            raise TypeError(f"{where} is {shorten(pair)}: a row is (inputs, target)")
        if len(parts) != 2:
            raise ValueError(f"{where} has {len(parts)} parts: a row is (inputs, target)")
        columns, targets = map(_listed, parts)
        if columns is None:
            raise TypeError(f"{where}: the inputs are {shorten(parts[0])}, not a list of numbers")
        inputs = [_finite(f"{where}, column {j}", x) for j, x in enumerate(columns)]
        target: Any
        if targets is None:
            target = _finite(f"{where}, target", parts[1])
        else:
            target = [_finite(f"{where}, target {j}", t) for j, t in enumerate(targets)]
        row = Row(where, inputs, target)
        like = like or row
        for part, own, other in (
            ("columns", row.inputs, like.inputs),
            ("targets", row.target, like.target),
        ):
            n, m = (len(x) if isinstance(x, list) else 1 for x in (own, other))
            if n != m:
                raise ValueError(f"{where} has {n} {part}, where {like.where} has {m}")
        rows.append(row)
    if not rows:
        raise ValueError(f"{what} is empty: there must be at least one row")
    return rows


def _listed(items: Any) -> list[Any] | None:
    """Return what can be listed in an order as a list, else None."""
    try:
        return None if isinstance(items, _NO_LISTS) else list(items)
    except TypeError:  # an array of no dimensions too
        return None


_NO_LISTS = (str, bytes, bytearray, Mapping, Set)  # of numbers in an order


def _finite(where: str, x: Any) -> float:
    """Return a finite number: whole ones, of whatever type, as an int."""
    number = real(where, x)
    return operator.index(x) if isinstance(x, Integral) else number


def _metrics(metrics: Metrics) -> dict[str, Metric]:
    """Return the metrics under their names."""
    if isinstance(metrics, str) or not hasattr(metrics, "__iter__"):
        raise TypeError(f"metrics are a list or a dict of functions, not {shorten(metrics)}")
    pairs: list[tuple[str, Any]]
    if isinstance(metrics, Mapping):
        pairs = [(str(name), metric) for name, metric in metrics.items()]
    else:
        pairs = [(name_of(metric), metric) for metric in metrics]
    found: dict[str, Any] = {}
    for name, metric in pairs:
        function: Any = METRICS.get(metric) if isinstance(metric, str) else metric
        if not callable(function):
            raise ValueError(
                f"no metric {shorten(metric)}: pass a function, or {', '.join(METRICS)}"
            )
        if name in (*found, *RESERVED, "loss") or name.startswith(VALIDATION):
            raise ValueError(
                f"a metric cannot have the name {shorten(name)}: pass {{name: function}}"
            )
        found[name] = function
    return found


def name_of(function: Any) -> str:
    """Return the name of a function, or of what is called like one."""
    name = function if isinstance(function, str) else getattr(function, "__name__", "")
    return name or type(function).__name__
