"""Record the loss of one row: once, or once for each class where the targets are classes.

What `micrograd_like.training.compiled` does with it::

    recorded = Recorded(measure, rows)                # or CannotRecord, which says why
    recorded.losses                                   # {None: loss}, or {0: loss, 1: loss, ...}
    order, ends, between = recorded.split()

The short names: ``outs`` are the model's outputs. ``shared`` is what the losses of all classes have
in common, and ``ends`` are its last values: the outputs. Without classes everything is shared, and
the end is the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine import Value, topological_order
from ..programs.recording import Recording
from .measuring import CheckedRow, Measure

MOST_CLASSES = 64
FAILURES = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class CannotRecord(Exception):
    """The loss of a row cannot be written as a program; the message says why."""


class Recorded:
    """The loss of a row."""

    def __init__(self, measure: Measure, rows: Sequence[CheckedRow]) -> None:
        recording, (_, inputs, target) = Recording(), rows[0]
        classes = _classes(rows)
        self.inputs = [recording.input(x, f"x{i}") for i, x in enumerate(inputs)]
        given: Any = [*self.inputs]
        if not classes:
            listed = target if isinstance(target, list) else [target]
            targets = [recording.input(t, "target") for t in listed]
            self.inputs += targets
            target = targets if isinstance(target, list) else targets[0]
        try:
            with recording:
                output = measure.model(given)
                self.losses = {c: measure.loss(output, c) for c in classes}
                if not classes:
                    self.losses = {None: measure.loss(output, target)}
        except FAILURES as error:
            raise CannotRecord(str(error)) from error
        for made, operands, _ in recording.events:
            if isinstance(made, str):
                raise CannotRecord(f"the loss of a row asks for {made} of {operands[0]!r}")
        self.several = not isinstance(output, Value)
        self.outs: list[Value] = [output] if isinstance(output, Value) else [*output]
        self.measured = self.outs if measure.metrics else []
        self.events, self.constants = recording.events, recording.constants
        self.orders = {c: topological_order(loss) for c, loss in self.losses.items()}
        self.ends = self.outs if classes else [*self.losses.values()]
        self.shared = {v for end in self.ends for v in topological_order(end)}
        outside = {*self.inputs, *self.constants}
        order = next(iter(self.orders.values()))
        self.leaves = [x for x in order if x.op is None and not x.constant and x not in outside]

    def split(self) -> tuple[list[Value], list[Value]]:
        """Return the order of what is shared, and what feeds the ends alone.

        The second list is empty, unless the walks of the classes meet the ends in different orders:
        the gradients of what feeds them are then other sums for each class.
        """
        nodes = {v for v in self.shared if v.op is not None}
        orders = [[v for v in order if v in nodes] for order in self.orders.values()]
        if all(order == orders[0] for order in orders):
            return orders[0], []
        users: dict[Value, list[Value]] = {}
        for v in orders[0]:
            for x in v.operands:
                users.setdefault(x, []).append(v)
        ends = {*self.ends}
        others = [[v for v in order if v not in ends] for order in orders]
        tied = [x for x in self.leaves if len(users.get(x, ())) > 1 and ends & {*users[x]}]
        if tied or any(order != others[0] for order in others):
            raise CannotRecord("a sum of gradients has another order for each class")
        return orders[0], [x for x in users if x.op is not None and ends.issuperset(users[x])]


def _classes(rows: Sequence[CheckedRow]) -> list[int]:
    """Return the classes that the targets are, in order; [] if they are numbers."""
    found = {row.target if type(row.target) is int else -1.5 for row in rows}
    return sorted(map(int, found)) if -1.5 not in found and len(found) <= MOST_CLASSES else []
