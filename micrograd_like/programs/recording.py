"""Record one call of a function of Values: what was computed, in order, and what was asked.

What you can do with it::

    >>> from micrograd_like import tanh
    >>> from micrograd_like.programs.recording import Recording
    >>> recording = Recording()
    >>> x = recording.input(0.5, "x")
    >>> with recording:
    ...     y = tanh(2 * x) if x > 0 else x
    >>> [made if isinstance(made, str) else op.name for made, op, _ in recording.events]
    ['>', 'mul', 'tanh']

It records for its own thread, or asyncio task, through the engine's hook. What is asked of a value,
``<`` or ``bool()``, becomes a guard. The ``.data`` of a value that depends on an input is refused:
the number would be frozen into the program.
"""

from __future__ import annotations

import dis
import math
import operator
import sys
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from numbers import Real
from types import CodeType
from typing import Any

from .. import engine, ops
from ..engine import Value
from ..hooks import Switch, Watcher
from ..ops import Op
from .form import Form, Node
from .lowering import Event, Partial

PACKAGE = __file__.rpartition("programs")[0]
QUESTION = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    repr: "repr",
    bool: "!=",
    int: "int",
    round: "round",
    math.floor: "floor",
    math.ceil: "ceil",
    math.trunc: "trunc",
}


class Unfolded(Exception):
    """A second derivative is asked of a partial that was recorded as one step."""


class Recorded(Value):
    """A value that depends on an input, while it is recorded: its number is not to be read."""

    __slots__ = ()

    def _read(self) -> float:
        """Return the number for the engine; raise for others, who would freeze it."""
        frame: Any = sys._getframe(1)
        if frame.f_code.co_name == "number":
            frame = frame.f_back
        if frame.f_code.co_filename == f"{PACKAGE}ops.py":  # the rule of a row asks
            _note(repr, (self,), repr(self._data))
        elif not frame.f_code.co_filename.startswith(PACKAGE):
            raise TypeError(f"{_line_of(frame)} reads .data of {self!r} {FROZEN}")
        return self._data

    def _set(self, data: float) -> None:
        raise TypeError(f"{_line_of(sys._getframe(1))} sets .data of {self!r} {FROZEN}")

    data: Any = property(_read, _set)
    __hash__ = Value.__hash__

    def __eq__(self, other: object) -> bool:
        """Compare as floats do, where a user asks: a function of floats may. Values are identical
        or not."""
        inside = sys._getframe(1).f_code.co_filename.startswith(PACKAGE)
        if inside or self is other or not isinstance(other, (Real, Recorded)) or not engine.hook:
            return self is other
        number = other._data if isinstance(other, Recorded) else other
        return bool(engine.hook.asked(operator.eq, (self, other), self._data == number))

    def __format__(self, spec: str) -> str:
        raise TypeError(f"{_line_of(sys._getframe(1))} formats {self!r} {FROZEN}")

    def detach(self) -> Value:
        """Return a new leaf with the same data, which the program takes from here."""
        out = super().detach()
        _note(Value.detach, (out, self), None)
        return out


def _note(question: Any, operands: tuple[Any, ...], answer: Any) -> None:
    if engine.hook is not None:
        engine.hook.asked(question, operands, answer)


FROZEN = (
    "while it is recorded: the program would keep it at every later call. Compute with the "
    "Value itself, or name the argument in static_argnums"
)


class Recording(Watcher):
    """What happens in this thread or task while it is entered, as ``events``.

    A rule with branches is recorded as one step for each partial; with ``unfold``, as what it does,
    and what it asks is guarded. Second derivatives need this.
    """

    def __init__(self, unfold: bool = False) -> None:
        self.unfold = unfold
        self.inputs: list[Value] = []
        self.events: list[Event] = []
        self.constants: set[Value] = set()  # leaves made while recording
        self.names: dict[Value, str] = {}  # the variables that they are stored in
        self.lines: dict[Value, str] = {}
        self._places: dict[Any, Value] = {}
        self._caller: Any = None
        self._switch = Switch("program", self)

    def input(self, data: float, label: str) -> Value:
        """Make an input: a leaf whose number is another at each call."""
        out = Value(data, label)
        out.__class__ = Recorded
        self.inputs.append(out)
        return out

    def __enter__(self) -> Recording:
        self._caller = user_frame(sys._getframe(1))
        self._switch.turn()
        return self

    def __exit__(self, *error: object) -> None:
        self._switch.__exit__(*error)
        self._places.clear()
        self._caller = None

    def is_number(self) -> bool:
        """Tell whether no value that was made is nan, for then partials are not the rules'."""
        made = [made for made, _, _ in self.events if isinstance(made, Value)]
        return all(out._data == out._data for out in made)

    def made(self, out: Value) -> Value:
        """Note a new value, and the line that made it."""
        if out.op is None:
            self.constants.add(out)
            return out
        self.events.append((out, out.op, out.operands))
        frame = user_frame(sys._getframe(2))
        if frame is not self._caller:  # as it is for the walks of a grad
            self.lines[out] = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        self.names.pop(self._places.pop((frame, frame.f_lasti), out), None)
        if variable := _variables(frame.f_code).get(frame.f_lasti):
            self.names[out] = variable  # unless more is made before it is stored
            self._places[frame, frame.f_lasti] = out
        if self._depends(out.operands):
            out.__class__ = Recorded
        else:
            self.constants.add(out)
        return out

    def asked(self, question: Any, operands: tuple[Any, ...], answer: Any) -> None:
        """Note a question: the program asks it again."""
        values = [x for x in operands if isinstance(x, Value)]
        if question is Value.detach:
            self.constants.discard(values[0])
            values[0].__class__ = Recorded
            self.events.append((values[0], ops.prod, (values[1],)))  # the product of one
        elif self._depends(values):
            operands = (*operands, 0.0) if question is bool else operands
            self.events.append((QUESTION[question], operands, answer))

    def walked(self, root: Value, seed: float, order: list[Value], grads: list[float]) -> None:
        """Refuse a walk whose gradients are numbers."""
        if self._depends(order) and sys._getframe(2).f_code.co_name != "_values":
            raise TypeError(
                f"{_line_of(sys._getframe(2))} takes gradients as numbers {FROZEN}; for gradients "
                "that are Values: gradients(y, xs, create_graph=True), or grad(f)"
            )

    def partials(self, out: Value) -> tuple[Any, ...] | None:
        """Return the partials of a node whose rule has branches, as steps of their own."""
        if isinstance(out.op, Partial):
            if not _is_flat(self._traced(out.op.row, out.operands[1:])[out.op.i]):
                raise Unfolded
            return (0.0,) * len(out.operands)
        if out.op is None or not self._depends(out.operands):
            return None
        traced = self._traced(out.op, out.operands)
        if all(node.op not in ("select", "item") for node in traced):
            return None
        if self.unfold and not all(map(_is_flat, traced)):
            return None
        xs = (out, *out.operands)
        steps = [out.record(Partial(out.op, i), xs) for i in range(len(traced))]
        return tuple([x.of if x.op == "constant" else made for x, made in zip(traced, steps)])

    def _traced(self, op: Op, operands: tuple[Value, ...]) -> list[Node]:
        form = Form()
        xs = [form.constant(x._data) if x in self.constants else form.leaf("x") for x in operands]
        return form.partials(op, form.leaf("out"), xs)

    def _depends(self, values: Iterable[Value]) -> bool:
        return any(x not in self.constants for x in values)


def _is_flat(node: Node) -> bool:
    """Tell what is a number on every branch: its derivative is 0."""
    return all(map(_is_flat, node.xs[1:])) if node.op == "select" else node.op == "constant"


def user_frame(frame: Any) -> Any:
    """Return the frame of the user's function that a frame is called from."""
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return frame


def _line_of(frame: Any) -> str:
    frame = user_frame(frame)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


@cache
def _variables(code: CodeType) -> dict[int, str]:
    """Return the variables that code stores what it has just computed in, by the place of that."""
    instructions = [*dis.get_instructions(code)]
    return {
        before.offset: after.argval[0] if isinstance(after.argval, tuple) else str(after.argval)
        for before, after in pairwise(instructions)
        if after.opname.startswith(("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF"))
    }
