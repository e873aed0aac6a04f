"""The backward walk one edge at a time, forwards and back.

What you can do with it::

    >>> from micrograd_like import Value
    >>> a = Value(3.0, label="a")
    >>> for step in (a * a).steps():
    ...     print(step, f"[{a.grad}]")
    1. * v1 -> a   ∂mul/∂a = b = 3   1 × 3 = 3   grad of a: 0 + 3 = 3, 1 to come [3.0]
    2. * v1 -> a   ∂mul/∂b = a = 3   1 × 3 = 3   grad of a: 3 + 3 = 6 [6.0]
    >>> a.grad                                  # looking changes nothing
    0

While a walk is on, every ``grad`` is what it has made it so far; then it is again what it was
before. Constants are folded: no step leads to one, unless you ask for ``constants=True``.

The short names, as in `engine`: ``out`` is the value whose gradient, ``upstream``, is handed on to
``x``, one of its operands, through the partial ``dx`` between them.
"""

from __future__ import annotations

from collections import Counter
from itertools import count, repeat
from math import isfinite
from weakref import WeakValueDictionary

from ..drawing.notebook import as_text
from ..engine import Value, _set_grad, topological_order
from ..functional import edges, set_gradients
from ..names import Names
from ..ops import as_float
from ..text import printable, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any, ClassVar

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

    @property
    def derivative(self) -> str:
        """The formula, and what number it is here, as in ∂tanh/∂a = 1 − out² = 0.42."""
        number = shown(self.partial)
        is_number = self.formula.endswith(f"= {number.replace('-', '−')}")
        return self.formula if is_number else f"{self.formula} = {number}"

    def __str__(self) -> str:
        to_come = f", {self.waiting} to come" if self.waiting else ""
        where = f"   {self.out.line}" if self.out.line else ""
        x, product = self.names.title(self.x), shown(self.product)
        return printable(
            f"{self.number}. {self.names.title(self.out)} -> {x}   {self.derivative}   "
            f"{shown(self.upstream)} × {shown(self.partial)} = {product}   "
            f"grad of {x}: {shown(self.before)} + {product} = {shown(self.after)}{to_come}{where}"
        )

    _repr_mimebundle_ = as_text

    def __repr__(self) -> str:
        ends = f"{self.names.title(self.out)} -> {self.names.title(self.x)}"
        return printable(f"<Step {self.number}: {ends}>")


def steps(
    root: Value,
    seed: float = 1.0,
    *,
    commit: bool = False,
    names: Mapping[str, object] | None = None,
    constants: bool = False,
) -> Iterator[Step]:
    """Yield every step of ``root.backward(seed)``, starting from no gradients, and set them on the
    way; at the end, or when the iterator is closed, put back those there were before.

    commit      at the end, do what ``backward`` does: add the gradients to those of the leaves
    names       of values without a label, as ``locals()``
    constants   whether steps lead to constants, too
    """
    order = topological_order(root)
    grads = dict.fromkeys(order, 0.0)
    before = Before(order)
    try:
        for step in walk(root, seed, Names(order, names, constants), constants, grads):
            if step.number == 1:
                root.grad = grads[root]
            step.x.grad = step.after
            yield step
    finally:
        before.restore()
    if commit:
        set_gradients(grads)


def first_not_finite(
    root: Value, seed: float = 1.0, within: Collection[Value] | None = None
) -> Step | None:
    """Return the first step after which a gradient, of a value ``within`` if that is given, is not
    finite, or None; change no ``grad``."""
    found = (each for each in walk(root, seed, constants=True) if not isfinite(each.after))
    return next((step for step in found if within is None or step.x in within), None)


def walk(
    root: Value,
    seed: float = 1.0,
    names: Names | None = None,
    constants: bool = False,
    grads: dict[Value, Any] | None = None,
) -> Iterator[Step]:
    """Yield the steps; set no ``grad``, but sum up ``grads``: 0.0 for each value, in order."""
    grads = dict.fromkeys(topological_order(root), 0.0) if grads is None else grads
    order = [*grads]
    names = Names(order) if names is None else names
    waiting = Counter(x for out in order for x in out.operands)
    earlier, number = Counter[Value](), 0
    grads[root] = as_float(seed)
    for edge in edges(order, grads):
        out, index, _ = edge
        x = out.operands[index]
        waiting[x] -= 1
        if constants or not x.constant:
            number += 1
            yield Step(names, number, grads[out], edge, earlier[x], waiting[x])
        earlier[x] += 1


class Before:
    """The gradients there were before a walk, which is to start from none.

    Several walks may be on at once, and end in any order: what the first one found is put back by
    the one that ends last.
    """

    _on: ClassVar[WeakValueDictionary[int, Before]] = WeakValueDictionary()  # by their start
    _starts = count()

    def __init__(self, order: list[Value]) -> None:
        self.start, self.grads = next(Before._starts), {value: value.grad for value in order}
        Before._on[self.start] = self
        any(map(_set_grad, order, repeat(0)))  # in C: all or none, whatever interrupts

    def restore(self) -> None:
        """Put them back, unless that is done."""
        if self.start not in Before._on:
            return
        grads = self.grads
        for later in [each for start, each in Before._on.items() if start > self.start]:
            later.grads.update((x, grads[x]) for x in later.grads if x in grads)
            grads = {x: grad for x, grad in grads.items() if x not in later.grads}
        any(map(_set_grad, grads, grads.values()))
        del Before._on[self.start]


class Walk:
    """The backward walk as a tape: `forward` and `back` wind it, and the gradients follow.

    Between two steps, every ``grad`` is what the walk has made it so far, or the integer 0. At the
    end it is what ``root.backward(seed)`` leaves where there was no gradient before. `restore` puts
    back what was there, and `keep` adds to it. If a move is interrupted, or something else changes
    a ``grad``, `sync` makes it right again.
    """

    def __init__(self, root: Value, seed: float = 1.0, constants: bool = False) -> None:
        self.root, self.seed = root, as_float(seed)
        self.order = topological_order(root)
        self.grads = dict.fromkeys(self.order, 0.0)  # at the end
        self.tape = [*walk(root, self.seed, None, constants, self.grads)]
        self.position = 0  # how many steps are done
        # After how many steps the gradient of a value is complete.
        self.complete_at = {root: 0} | {step.x: step.number for step in self.tape}
        for step in reversed(self.tape):
            self.complete_at[step.out] = step.number - 1
        self._before = Before(self.order)
        self.sync()

    @property
    def had(self) -> int:
        """How many leaves had a gradient before the walk."""
        before = [grad for x, grad in self._before.grads.items() if not (x.op or x.constant)]
        return sum(type(grad) is not int or grad != 0 for grad in before)

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
        step.x.grad = step.after
        return step

    def back(self) -> Step:
        """Undo the last step and return it."""
        step = self.done
        if step is None:
            raise IndexError("the walk has no step before its start")
        self.position = step.number - 1
        step.x.grad = step.before if step.earlier else 0
        return step

    def sync(self) -> None:
        """Make every ``grad`` what the walk has made it so far."""
        arrived: dict[Value, Any] = dict.fromkeys(self.order, 0) | {self.root: self.seed}
        for step in self.tape[: self.position]:
            arrived[step.x] = step.after
        arrived = self.grads if self.at_end else arrived
        any(map(_set_grad, arrived, arrived.values()))  # in C: all or none, whatever interrupts

    def restore(self) -> None:
        """Make every ``grad`` what it was before the walk, which is over."""
        self._before.restore()

    def keep(self) -> None:
        """End the walk with what ``root.backward(seed)`` makes of the gradients before."""
        self._before.restore()
        set_gradients(self.grads)
