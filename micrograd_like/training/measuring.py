"""Check rows of data, and measure the loss and the metrics of each.

What you can do with it::

    rows = checked_rows("data", data)                   # or an error that names row and column
    measure = Measure(model, losses.cross_entropy, ["accuracy"])
    measure.check(rows)                                 # tries the loss on every target
    measure.means(rows)                                 # {"loss": 0.31, "accuracy": 0.9}

The short names: a ``row`` is its ``inputs``, a list of floats, its ``target``, and ``where`` in the
data it stands. An ``output`` is what the model returns for the inputs: a Value, or a list of them.
The ``numbers`` of a row are its loss and its metrics.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import chain
from numbers import Integral
from typing import Any, NamedTuple

from .. import ops
from ..engine import Value, topological_order
from ..files import real
from ..functions import fsum
from ..hooks import no_grad
from ..losses import binary_cross_entropy, cross_entropy, mean_squared_error
from ..nn import Module
from ..ops import as_float
from ..text import shorten
from .history import RESERVED, VALIDATION

Data = Iterable[tuple[Iterable[float], Any]]
Loss = Callable[[Any, Any], Any]  # (output, target) -> Value
Metric = Callable[[Any, Any], float]  # (output, target) -> number; it gets floats
Metrics = Iterable[str | Metric] | Mapping[str, Metric]


def accuracy(output: Any, target: Any) -> float:
    """Return 1.0 if an output is right, else 0.0: the metric "accuracy".

    In a list of scores, the largest must be at the target, the index of a class. A single score, or
    a list of one, is a logit and not a probability: it must be positive if the target is 1, and not
    positive if it is 0 or -1. Raises ValueError for other targets.
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
        raise ValueError("there are no scores: a class needs at least one")
    if target not in range(len(output)):
        raise ValueError(
            f"of {len(output)} scores, the target is 0 to {len(output) - 1}, not {shorten(target)}"
        )
    return float(largest(output) == target)


def largest(scores: Sequence[float]) -> int:
    """Return the index of the largest score, of the first among equals: the class it stands for."""
    return max(range(len(scores)), key=scores.__getitem__)


METRICS: dict[str, Metric] = {"accuracy": accuracy, "mse": mean_squared_error}


def predict(model: Module, rows: Iterable[Any]) -> list[float]:
    """Return what the model makes of each row: a class, or a number.

    Of several scores, it is the class with the largest, an index from 0; of a single output, its
    number (that of a logit is above 0 for class 1). A row is a list of inputs, or the (inputs,
    target) that `fit` takes, of which the target is ignored. Bad rows raise the errors that `fit`
    raises.
    """
    checked_model(model)
    given = _listed(rows)
    if given is None:
        raise TypeError(f"data is {shorten(rows)}: it must be a list of rows")
    answers: list[float] = []
    for row in checked_rows("data", [(_without_target(row), 0) for row in given]):
        with no_grad():
            output = output_of(model, row)
        values = [output] if isinstance(output, Value) else output
        for i, value in enumerate(values):
            if not math.isfinite(value.data):  # to be recorded, to say why
                output = output_of(model, row)
                why = not_finite(output if isinstance(output, Value) else output[i])
                raise FloatingPointError(f"{row.where}: the model returned {value.data}{why}")
        scores = [value.data for value in values]
        answers.append(scores[0] if len(scores) == 1 else largest(scores))
    return answers


def _without_target(row: Any) -> Any:
    parts = _listed(row)
    if parts is None:
        return row  # to be refused
    inputs = _listed(parts[0]) if len(parts) == 2 else None
    return parts if inputs is None else inputs


def checked_model(model: Any) -> Any:
    """Return the model, if it is one."""
    if not isinstance(model, Module) or not callable(model):
        raise TypeError(f"the model is {shorten(model)}: it must be a Module, as nn.MLP is")
    return model


def output_of(model: Any, row: CheckedRow) -> Any:
    """Return what the model makes of a row, once that is a Value or a list of Values."""
    with _at(row.where):
        output = model(row.inputs)
        values = [output] if isinstance(output, Value) else output
        if not isinstance(values, (list, tuple)) or not all(
            isinstance(value, Value) for value in values
        ):
            raise TypeError(
                f"the model returned {shorten(output)}: it must return Values, one or a list"
            )
    return output


class CheckedRow(NamedTuple):
    """A row of finite numbers; ``where`` is its name in messages: "data row 3"."""

    where: str
    inputs: list[float]
    target: Any

    @property
    def targets(self) -> list[Any]:
        return self.target if isinstance(self.target, list) else [self.target]

    @property
    def numbers(self) -> list[float]:
        return [float(x) for x in (*self.inputs, *self.targets)]


class Measure:
    """The loss and the metrics of a model, row by row."""

    def __init__(self, model: Module, loss: Loss, metrics: Metrics) -> None:
        self.model = checked_model(model)
        if not callable(loss):
            raise TypeError(f"the loss is {shorten(loss)}: it must be a function, as in losses")
        self.loss, self.metrics = loss, _metrics(metrics)
        self.names = ["loss", *self.metrics]
        self.parameters = model.parameters()

    def check(self, rows: Sequence[CheckedRow]) -> None:
        """Try the model on the first row, and the loss and metrics on every target."""
        output = output_of(self.model, rows[0])
        self._check_scores([output] if isinstance(output, Value) else output)
        for row in rows:
            with _at(row.where):
                self.of(output, row)

    def check_gradient(self, rows: Sequence[CheckedRow], parameters: Iterable[Value]) -> bool:
        """Raise ValueError unless the loss of a row depends on one of the parameters.

        Return whether the first row that does so uses each of them once at most.
        """
        trained = set(parameters)
        for row in rows:  # the first will do, mostly
            with _at(row.where):
                loss, _ = self.of(self.model(row.inputs), row)
            order = topological_order(loss)
            if not trained.isdisjoint(order):
                uses = Counter(chain.from_iterable(out.operands for out in order))
                return all(uses[p] <= 1 for p in trained)
        raise ValueError(
            "the loss depends on no parameter of the optimizer, so nothing would be learnt: check "
            "that no .data is taken on the way from the parameters to the loss"
        )

    def _check_scores(self, output: Sequence[Value]) -> None:
        """Refuse probabilities where scores, which may be any numbers, are expected."""
        ops_of = {value.op for value in output}
        if ops_of == {ops.sigmoid}:
            if self.loss is binary_cross_entropy:
                raise ValueError(
                    "binary_cross_entropy takes a logit and applies the sigmoid itself, but the "
                    "model returns a sigmoid already: leave that out"
                )
            if accuracy in self.metrics.values() and len(output) == 1:
                raise ValueError(
                    "the metric accuracy takes a logit, which is above 0 for class 1, but the "
                    "model returns a sigmoid: leave that out, with binary_cross_entropy as the "
                    "loss, or pass metrics={'accuracy': lambda p, target: (p > 0.5) == target}"
                )
        elif ops_of == {ops.softmax} and self.loss is cross_entropy:
            raise ValueError(
                "cross_entropy takes scores and applies the softmax itself, but the model returns "
                "a softmax already: leave that out"
            )

    def of(self, output: Any, row: CheckedRow) -> tuple[Value, list[float]]:
        """Return the loss of an output, and the row's numbers."""
        loss = self.loss(output, row.target)
        if not isinstance(loss, Value):  # a number has no gradient
            raise TypeError(f"the loss returned {shorten(loss)}: it must return a Value")
        plain = output.data if isinstance(output, Value) else [value.data for value in output]
        return loss, self.numbers(loss.data, plain, row)

    def numbers(self, loss: float, output: Any, row: CheckedRow) -> list[float]:
        """Return the loss and the metrics of a row whose output is a number, or a list of them."""
        numbers = [loss]
        for name, metric in self.metrics.items():
            with _at(f"the metric {name!r}"):
                numbers.append(as_float(metric(output, row.target)))
        return numbers

    def row(self, row: CheckedRow) -> tuple[Value, list[float]]:
        """Return the loss of a row, and its numbers.

        Raises FloatingPointError if one of them is not finite.
        """
        with _at(row.where):
            loss, numbers = self.of(self.model(row.inputs), row)
            if not all(map(math.isfinite, numbers)):
                raise FloatingPointError(self._blame(loss, numbers))
        return loss, numbers

    def batch(self, rows: Sequence[CheckedRow]) -> tuple[Value, list[float]]:
        """Return the mean loss of some rows, and the sums of their numbers."""
        losses: tuple[Value, ...]
        losses, numbers = zip(*map(self.row, rows))
        with _at(f"{rows[0].where} and others"):
            loss = fsum(losses) / len(rows)
        return loss, self.sums(rows, numbers)

    def sums(self, rows: Sequence[CheckedRow], numbers: Iterable[Sequence[float]]) -> list[float]:
        """Return the sums of the numbers of some rows: one of the losses, and one per metric."""
        with _at(f"{rows[0].where} and others"):
            return [math.fsum(column) for column in zip(*numbers)]

    def means(self, rows: Sequence[CheckedRow]) -> dict[str, float]:
        """Return the means over some rows, under their names."""
        return self.named_means([self._numbers(row) for row in rows], len(rows))

    def _numbers(self, row: CheckedRow) -> list[float]:
        """Return a row's numbers, without recording; raise as `row` does."""
        try:
            with no_grad():
                return self.row(row)[1]
        except FloatingPointError:  # to be recorded, to say why
            return self.row(row)[1]

    def named_means(self, sums: Sequence[Sequence[float]], n: int) -> dict[str, float]:
        """Return the means over ``n`` rows, under their names, from the sums over parts of them."""
        return {name: _mean(column, n) for name, column in zip(self.names, zip(*sums))}

    def _blame(self, loss: Value, numbers: Sequence[float]) -> str:
        name, number = next(p for p in zip(self.names, numbers) if not math.isfinite(p[1]))
        why = not_finite(loss) if name == "loss" else ""
        return f"the {name} is {number}{why}"


def _mean(column: Sequence[float], n: int) -> float:
    try:
        return math.fsum(column) / n
    except OverflowError:  # the sum is too large for a float; the mean is not
        return math.fsum(number / n for number in column)


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Say in which row of the data an error was raised."""
    try:
        yield
    except (TypeError, ValueError, LookupError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        named = "no key " if isinstance(error, KeyError) else ""
        raise kind(f"{where}: {named}{error}") from error
    except ArithmeticError as error:  # a number that is not finite, or exp(1000)
        raise FloatingPointError(f"{where}: {error}") from error


def not_finite(root: Value) -> str:
    """Say where a graph's first value or gradient that is not finite comes from; "" if none is."""
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


def checked_rows(what: str, data: Data, like: CheckedRow | None = None) -> list[CheckedRow]:
    """Return the data as rows of finite numbers, all of one shape, or raise."""
    if isinstance(data, _NO_LISTS) or not hasattr(data, "__iter__"):
        raise TypeError(f"{what} is {shorten(data)}: it must be a list of (inputs, target)")
    rows: list[CheckedRow] = []
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
        row = CheckedRow(where, inputs, target)
        like = like or row
        for part in ("inputs", "targets"):
            n, m = (len(getattr(each, part)) for each in (row, like))
            if n != m:
                raise ValueError(f"{where} has {n} {part}, where {like.where} has {m}")
        rows.append(row)
    if not rows:
        raise ValueError(f"{what} is empty: there must be at least one row")
    return rows


def _listed(items: Any) -> list[Any] | None:
    """Return the items as a list; None if they have no order, or are no numbers."""
    try:
        return None if isinstance(items, _NO_LISTS) else list(items)
    except TypeError:  # an array of no dimensions too
        return None


_NO_LISTS = (str, bytes, bytearray, Mapping, Set)  # they hold no numbers, or in no order


def _finite(where: str, x: Any) -> float:
    """Return a finite number; a whole one of any type as an int."""
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
    """Return the name of a function, or of the type of another callable."""
    name = function if isinstance(function, str) else getattr(function, "__name__", "")
    return name or type(function).__name__
