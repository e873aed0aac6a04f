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

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..engine import Value, topological_order
from ..programs.recording import Recorded as Unread
from ..programs.recording import Recording
from .measuring import CheckedRow, Measure

MOST_CLASSES = 64
ANOTHER_ORDER = "a sum of gradients has another order for each class"
FAILURES = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


@dataclass
class Part:
    """A part of what was recorded, as a form takes it."""

    inputs: Iterable[Value]
    events: Iterable[Any]
    constants: Container[Value]
    names: Mapping[Value, str] = field(default_factory=dict)
    lines: Mapping[Value, str] = field(default_factory=dict)


class CannotRecord(Exception):
    """The loss of a row cannot be written as a program; the message says why."""


class Recorded:
    """The loss of a row."""

    def __init__(self, measure: Measure, rows: Sequence[CheckedRow]) -> None:
        try:
            self._record(measure, rows[0], _classes(rows, int))
        except CannotRecord:
            if not (classes := _classes(rows, float)):
                raise
            self._record(measure, rows[0], classes)

    def _record(self, measure: Measure, row: CheckedRow, classes: Sequence[float]) -> None:
        recording, (_, inputs, target) = Recording(), row
        self.inputs = [recording.input(x, f"x{i}") for i, x in enumerate(inputs)]
        given: Any = [*self.inputs]
        if not classes:
            listed = target if isinstance(target, list) else [target]
            targets = [recording.input(t, "target") for t in listed]
            self.inputs += targets
            target = targets if isinstance(target, list) else targets[0]
        try:
            with recording, unread(measure.parameters):
                output = measure.model(given)
                self.losses: dict[float | None, Value]
                self.losses = {c: measure.loss(output, c) for c in classes}
                if not classes:
                    self.losses[None] = measure.loss(output, target)
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
        self.shared: set[Value] = set()
        order = next(iter(self.orders.values()))
        self.ends = [v for v in self.outs if v in {*order}] if classes else [*self.losses.values()]
        self.shared = {v for end in (*self.ends, *self.measured) for v in topological_order(end)}
        outside = {*self.inputs, *self.constants}
        reached = [
            {x for x in order if x.op is None and not x.constant and x not in outside}
            for order in self.orders.values()
        ]
        self.reached = reached[0]
        if any(each != self.reached for each in reached):
            raise CannotRecord("its loss depends on other parameters for each class")
        used = {x for v in self.shared for x in v.operands}
        if (classes and not used.isdisjoint(self.ends)) or any(v.op is None for v in self.ends):
            raise CannotRecord("an output of its model is a parameter, or is used by another one")
        every = dict.fromkeys([*order, *[x for v in self.measured for x in topological_order(v)]])
        self.leaves = [x for x in every if x.op is None and not x.constant and x not in outside]

    def part(self, values: Container[Value], inputs: Iterable[Value] | None = None) -> Part:
        """Return how values were made, from the row's inputs or others."""
        events = [event for event in self.events if event[0] in values]
        return Part(self.inputs if inputs is None else inputs, events, self.constants)

    def split(self) -> tuple[list[Value], list[Value], list[Value]]:
        """Return the shared nodes, in order; the last of them; and the values that only those use.

        The walks of the classes may meet the outputs in different orders. What the gradients come
        to beneath is then another sum for each class: the losses go on from the ends, through the
        ``tail``, to the gradients of what feeds it. Else the second and third list are empty.
        """
        orders = [[v for v in order if v in self.shared and v.op] for order in self.orders.values()]
        users: dict[Value, list[Value]] = {}
        for v in orders[0]:
            for x in v.operands:
                users.setdefault(x, []).append(v)
        leaves, tail, more = {*self.leaves}, set[Value](), {*self.ends}
        while len({tuple([v for v in order if v not in tail]) for order in orders}) > 1:
            if tail >= more:
                raise CannotRecord(ANOTHER_ORDER)
            tail |= more
            more = {x for x in users if x.op and len(users[x]) == 1 and tail.issuperset(users[x])}
        fed = {x for v in tail for x in v.operands if x.op or x in leaves}
        for x in fed:
            between = x.op and x not in tail and tail.issuperset(users[x])
            if len(users[x]) > 1 and not between:
                raise CannotRecord(ANOTHER_ORDER)
        last = [v for v in orders[0] if v in tail]
        return orders[0], last, [x for x in users if x.op and x in fed and x not in tail]


@contextmanager
def unread(parameters: Sequence[Value]) -> Iterator[None]:
    """Refuse to give the numbers of parameters away: they change from step to step."""
    try:
        for p in parameters:
            p.__class__ = Unread
        yield
    finally:
        for p in parameters:
            p.__class__ = Value


def _classes(rows: Sequence[CheckedRow], kind: type[float]) -> list[float]:
    """Return the few numbers of a kind that the targets are, in order; [] if they are others."""
    if any(type(row.target) is not kind for row in rows):
        return []
    found = {row.target for row in rows}
    return sorted(found) if len(found) <= MOST_CLASSES else []
