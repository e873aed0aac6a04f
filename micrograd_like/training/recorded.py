"""Record the loss of one row: once, or once for each class where the targets are classes.

What `micrograd_like.training.compiled` does with it::

    recorded = Recorded(measure, rows)                # or CannotRecord, which says why
    recorded.losses                                   # {None: loss}, or {0: loss, 1: loss, ...}
    recorded.layers(trained, all_of_them=False)             # to loop over

The short names: ``outs`` are the model's outputs. ``shared`` is what the losses of all classes have
in common, and ``ends`` are its last values: the outputs. Without classes everything is shared, and
the end is the loss. ``order`` is that of the walk, of the first class.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any

from ..engine import Value, topological_order
from ..programs.loops import Layer, layers
from ..programs.recording import Recorded as Unread
from ..programs.recording import Recording
from .measuring import CheckedRow, Measure

MOST_CLASSES = 64
FAILURES = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class CannotRecord(Exception):
    """The loss of a row cannot be written as a program; the message says why."""


class Reordered(CannotRecord):
    """A sum of gradients has another order for each class."""


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
            targets = [recording.input(t, "target") for t in row.targets]
            self.inputs += targets
            target = targets if isinstance(target, list) else targets[0]
        try:
            with recording, unread(measure.parameters):
                output = measure.model(given)
                each: dict[float | None, Any] = {c: c for c in classes} or {None: target}
                self.losses = {c: measure.loss(output, target) for c, target in each.items()}
        except FAILURES as error:
            raise CannotRecord(str(error)) from error
        for made, operands, _ in recording.events:
            if isinstance(made, str):
                raise CannotRecord(f"the loss of a row asks for {made} of {operands[0]!r}")
        self.several = not isinstance(output, Value)
        self.outs: list[Value] = [*output] if self.several else [output]
        self.measured = self.outs if measure.metrics else []
        self.events, self.constants = recording.events, recording.constants
        self._share()

    def _share(self) -> None:
        """Tell what the losses of all classes have in common from what each has of its own."""
        orders = {c: topological_order(loss) for c, loss in self.losses.items()}
        outside, by_class = {*self.inputs, *self.constants}, None not in self.losses

        def leaves(values: Iterable[Value]) -> dict[Value, None]:
            own = [x for x in values if x.op is None and not x.constant]
            return dict.fromkeys([x for x in own if x not in outside])

        self.reached, *others = map(leaves, orders.values())
        if any(other.keys() != self.reached.keys() for other in others):
            raise CannotRecord("its loss depends on other parameters for each class")
        self.orders = {c: [v for v in order if v.op] for c, order in orders.items()}
        self.order, *_ = self.orders.values()
        self.ends = [v for v in self.outs if v in {*self.order, *self.reached}]
        if not by_class:
            self.ends = [*self.losses.values()]
        self.shared = dict.fromkeys([*self.ends, *self.measured])
        used = dict[Value, None]()
        for made, _, operands in reversed(self.events):
            if made in self.shared:
                used.update(dict.fromkeys(operands))
                self.shared.update(dict.fromkeys(operands))
        if (by_class and not used.keys().isdisjoint(self.ends)) or not all(v.op for v in self.ends):
            raise CannotRecord("an output of its model is a parameter, or is used by another one")
        self.leaves = [*(self.reached | leaves(self.shared))]

    def part(self, values: Container[Value], inputs: Iterable[Value]) -> Recording:
        """Return how values were made from inputs, as if nothing else had been recorded."""
        part = Recording()
        part.inputs += inputs
        part.events += [event for event in self.events if event[0] in values]
        part.constants |= self.constants
        return part

    def by_class(self) -> Iterator[Recorded]:
        """Yield the same for each class, as if there were no other."""
        for c, order in self.orders.items():
            one = copy.copy(self)
            one.losses, one.orders, one.order = {c: self.losses[c]}, {c: order}, order
            yield one

    def layers(self, trained: Set[Value], all_of_them: bool) -> list[Layer]:
        """Return the dense layers whose neurons a loop goes over, as their order is another for
        each class; or ``all_of_them``.
        """
        moved, known = self._moved(trained), {*self.order}
        every_value = [*self.order, *[v for v in self.shared if v.op and v not in known]]
        found = layers(every_value, trained)
        if not moved.issubset([x for layer in found for x in layer.inputs]):
            raise Reordered("a sum of gradients has another order for each class")
        return [layer for layer in found if all_of_them or not moved.isdisjoint(layer.inputs)]

    def _moved(self, trained: Iterable[Value]) -> set[Value]:
        """Return the values whose gradient is a sum in another order for each class."""
        orders = [[v for v in order if v in self.shared] for order in self.orders.values()]
        active = {*trained}
        for v in orders[0]:
            if not active.isdisjoint(v.operands):
                active.add(v)
        elsewhere = {v for vs in zip(*orders) for v in vs if len({*vs}) > 1}
        fed = {x for v in elsewhere for x in v.operands if x in active}

        def users(order: Iterable[Value]) -> dict[Value, list[Value]]:
            found: dict[Value, list[Value]] = {x: [] for x in fed}
            for v in order:
                for x in fed.intersection(v.operands):
                    found[x].append(v)
            return found

        first, *others = map(users, orders)
        return {x for x in fed if any(other[x] != first[x] for other in others)}


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
