"""The backward walk one edge at a time, forwards and back.

What you can do with it::

    >>> from micrograd_like import Value
    >>> a = Value(3.0, label="a")
    >>> for step in (a * a).steps():
    ...     print(step)
    1. * v1 -> a   ∂mul/∂a = b = 3.0   1.0 × 3.0 = 3.0   grad of a: 0.0 + 3.0 = 3.0, 1 to come
    2. * v1 -> a   ∂mul/∂b = a = 3.0   1.0 × 3.0 = 3.0   grad of a: 3.0 + 3.0 = 6.0
    >>> a.grad
    6.0

The short names, as in `engine`: ``out`` is the value whose gradient, ``upstream``, is handed on to
``x``, one of its operands, through the partial ``dx`` between them.
"""

from __future__ import annotations

from collections import Counter
from math import isfinite

from ..engine import Value, _set_grad, topological_order
from ..functional import edges, set_gradients
from ..names import Names
from ..ops import as_float

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    Edge = tuple[Value, int, float]  # a value, the place of an operand, and what that had before


class Step:
    """What happens at one edge: a gradient times a partial is added to an operand's gradient.

    names       what the values of the graph are called
    number      of the step, from 1
    out         the value whose gradient, ``upstream``, is complete and is handed on
    x, index    the operand that receives, and its place among the operands
    partial     ∂out/∂x, a number; ``formula`` is how a textbook writes it
    product     upstream × partial
    before      the operand's gradient before this step; ``after`` is that plus the product
    earlier     how many products it is the sum of; ``waiting`` is how many are to come
    """

    __slots__ = (
        *("after", "before", "earlier", "index", "names", "number"),
        *("out", "partial", "product", "upstream", "waiting", "x"),
    )

    def __init__(
        self, names: Names, number: int, upstream: float, edge: Edge, earlier: int, waiting: int
    ) -> None:
        self.names, self.number, self.upstream = names, number, upstream
        self.out, self.index, self.before = edge
        self.x, self.partial = self.out.operands[self.index], self.out.partials[self.index]
        self.product = upstream * self.partial
        self.after = self.before + self.product
        self.earlier, self.waiting = earlier, waiting

    @property
    def formula(self) -> str:
        """The textbook's formula for the partial, as in ∂tanh/∂a = 1 − out²."""
        assert self.out.op is not None
        return self.out.op.formula(self.index, len(self.out.operands))

    def __str__(self) -> str:
        assert self.out.op is not None
        formula = self.out.op.formula(self.index, len(self.out.operands), self.partial)
        to_come = f", {self.waiting} to come" if self.waiting else ""
        where = f"   {self.out.line}" if self.out.line else ""
        x = self.names.title(self.x)
        return (
            f"{self.number}. {self.names.title(self.out)} -> {x}   {formula}   "
            f"{self.upstream!r} × {self.partial!r} = {self.product!r}   "
            f"grad of {x}: {self.before!r} + {self.product!r} = {self.after!r}{to_come}{where}"
        )

    def __repr__(self) -> str:
        return f"<Step {self.number}: {self.names.title(self.out)} -> {self.names.title(self.x)}>"


def steps(root: Value, seed: float = 1.0, *, commit: bool = True) -> Iterator[Step]:
    """Yield every step of ``root.backward(seed)``; then, with ``commit``, set the gradients."""
    order = topological_order(root)
    grads = dict.fromkeys(order, 0.0)
    yield from _walk(root, seed, order, grads)
    if commit:
        set_gradients(grads)


def first_not_finite(
    root: Value, seed: float = 1.0, within: Collection[Value] | None = None
) -> Step | None:
    """Return the first step after which a gradient, of a value ``within`` if that is given, is not
    finite, or None; change no ``grad``."""
    for step in steps(root, seed, commit=False):
        if not isfinite(step.after) and (within is None or step.x in within):
            return step
    return None


def _walk(root: Value, seed: float, order: list[Value], grads: dict[Value, Any]) -> Iterator[Step]:
    """Yield the steps, and sum up the gradients in ``grads``, as the engine does."""
    waiting = Counter(x for out in order for x in out.operands)
    earlier, names = Counter[Value](), Names(order)
    grads[root] = as_float(seed)
    for number, edge in enumerate(edges(order, grads), 1):
        out, index, _ = edge
        x = out.operands[index]
        waiting[x] -= 1
        yield Step(names, number, grads[out], edge, earlier[x], waiting[x])
        earlier[x] += 1


class Walk:
    """The backward walk as a tape: `forward` and `back` wind it, and the gradients follow.

    Between two steps, every ``grad`` is what the walk has made it so far: for a leaf, what it was
    before plus what has arrived; for a node, what has arrived, or the integer 0. At the end it is
    what ``root.backward(seed)`` leaves. If a move is interrupted, or something else changes a
    ``grad``, `sync` makes it right again.
    """

    def __init__(self, root: Value, seed: float = 1.0) -> None:
        self.root, self.seed = root, as_float(seed)
        order = topological_order(root)
        self.tape = list(_walk(root, self.seed, order, dict.fromkeys(order, 0.0)))
        self.position = 0  # how many steps are done
        self._first = {value: value.grad for value in order}
        # After how many steps the gradient of a value is complete.
        self.complete_at = {root: 0} | {step.x: step.number for step in self.tape}
        for step in reversed(self.tape):
            self.complete_at[step.out] = step.number - 1
        self.sync()

    @property
    def at_end(self) -> bool:
        """Tell whether every step is done."""
        return self.position == len(self.tape)

    @property
    def done(self) -> Step | None:
        """The step that was done last, or None at the start."""
        return self.tape[self.position - 1] if self.position else None

    @property
    def coming(self) -> Step | None:
        """The step to be done next, or None at the end."""
        return None if self.at_end else self.tape[self.position]

    def forward(self) -> Step:
        """Do the next step and return it."""
        step = self.coming
        if step is None:
            raise IndexError(f"the walk has no step after {self.position}")
        self.position = step.number
        step.x.grad = self._grad(step.x, step.after)
        return step

    def back(self) -> Step:
        """Undo the last step and return it."""
        step = self.done
        if step is None:
            raise IndexError("the walk has no step before its start")
        self.position = step.number - 1
        step.x.grad = self._grad(step.x, step.before if step.earlier else None)
        return step

    def restart(self) -> None:
        """Wind the tape back to its start."""
        self.position = 0
        self.sync()

    def sync(self) -> None:
        """Make every ``grad`` what the walk has made it so far."""
        arrived: dict[Value, float] = {self.root: self.seed}
        for step in self.tape[: self.position]:
            arrived[step.x] = step.after
        grads = [self._grad(value, arrived.get(value)) for value in self._first]
        any(map(_set_grad, self._first, grads))  # in C: all or none, whatever interrupts

    def restore(self) -> None:
        """Make every ``grad`` what it was before the walk."""
        self.position = 0
        any(map(_set_grad, self._first, self._first.values()))

    def before(self, value: Value) -> Any:
        """Return what a leaf's ``grad`` was before the walk, None as 0; 0 for a node."""
        first = self._first[value]
        return first if value.op is None and first is not None else 0

    def _grad(self, value: Value, arrived: float | None) -> Any:
        """Return what a value's ``grad`` is when this much has arrived."""
        first = self.before(value)
        return first if arrived is None else arrived if value.op else first + arrived
