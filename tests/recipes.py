"""Random graphs for the tests: recipes that can be followed with Values, floats or dual numbers.

A `Recipe` is a list of numbers to start from and of steps, each an op and the places of its
operands among all that was made before: so that values are shared, used twice by one op, and
reached by many paths. Where an op cannot be applied, because an operand is outside its domain or
the result would leave the range that is asked for, the step is a tanh of its first operand instead.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from kinks import drawn_from, kink, size

from micrograd_like import Value
from micrograd_like.ops import TABLE, Op

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "neg": operator.neg,
    "abs": abs,
}
MATH: dict[str, Callable[..., Any]] = {
    name: getattr(math, name)
    for name, op in TABLE.items()
    if not op.many and name not in ("pow", "floor", "ceil", "trunc")
    if hasattr(math, name)
}

Step = tuple[Op, tuple[int, ...]]


@dataclass(frozen=True)
class Recipe:
    """Numbers to start from, and steps."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def follow(
        self,
        leaves: Sequence[Any],
        apply: Callable[[Op, list[Any]], Any],
        change: Callable[[int, Any], Any] = lambda place, made: made,
    ) -> list[Any]:
        """Return the leaves and what the steps make of them; the last one is the result.

        ``change`` is handed the place of each and the thing itself, and returns what stands there
        for the steps that follow.
        """
        made: list[Any] = []
        for leaf in leaves:
            made.append(change(len(made), leaf))
        for op, places in self.steps:
            made.append(change(len(made), apply(op, [made[i] for i in places])))
        return made

    def floats(self) -> list[float]:
        """Follow the recipe with Python's own floats."""
        return self.follow(self.leaves, on_floats)

    def values(self) -> list[Value]:
        """Follow the recipe with new Values."""
        return self.follow([Value(x) for x in self.leaves], on_values)

    def uses(self) -> list[int]:
        """Count how often each leaf and result is an operand."""
        uses = [0] * (len(self.leaves) + len(self.steps))
        for _, places in self.steps:
            for i in places:
                uses[i] += 1
        return uses


def on_floats(op: Op, xs: list[float]) -> float:
    """Apply an op to floats as one would without the package."""
    plain = (
        operator.pow if op.name in ("pow", "power") else OPERATORS.get(op.name, MATH.get(op.name))
    )
    return plain(*xs) if plain else op.value(xs)


def on_values(op: Op, xs: list[Value]) -> Value:
    """Apply an op to Values as a user would."""
    if op.name == "pow":
        return xs[0] ** xs[1]
    return OPERATORS.get(op.name, op)(*xs)  # type: ignore[no-any-return, operator]


Admission = Callable[[Op, list[float], float], bool]


def anything(op: Op, xs: list[float], out: float) -> bool:
    """Admit whatever raises no exception: infinities, nan, subnormals, kinks."""
    return True


def moderate(op: Op, xs: list[float], out: float) -> bool:
    """Admit what is inside the op's domain and away from its kinks, and neither huge nor tiny.

    With at most 20 steps, gradients then neither overflow nor underflow.
    """
    if not (out == 0 or 1e-30 < abs(out) < 30):
        return False
    for i, x in enumerate(xs):
        low, high = drawn_from(op, i)
        if not low + 1e-3 < x < high - 1e-3:
            return False
    if abs(kink(op, xs)) < 1e-3:
        return False
    return all(p == 0 or 1e-12 < abs(p) < 1e4 for p in op.partials_at(tuple(xs), out))


def cook(
    leaves: Sequence[float],
    instructions: Sequence[tuple[str, list[int]]],
    admit: Admission,
) -> Recipe:
    """Make a recipe of numbers and of instructions: the name of an op, and how far back each of its
    operands is. What is left unused is added up in the end, so that the last result has it all."""
    made, steps = list(leaves), []

    def add(op: Op, places: tuple[int, ...], admit: Admission = admit) -> bool:
        xs = [made[i] for i in places]
        try:
            out = op.value(xs)
        except (ArithmeticError, ValueError):
            return False
        if admit(op, xs, out):
            made.append(out)
            steps.append((op, places))
            return True
        return False

    for name, back in instructions:
        op = TABLE[name]
        places = tuple(len(made) - 1 - b % len(made) for b in back[1 : 1 + size(op, back[0])])
        add(op, places) or add(TABLE["tanh"], places[:1])
    unused = [i for i, n in enumerate(Recipe(tuple(leaves), tuple(steps)).uses()) if not n]
    if len(unused) > 1:
        add(TABLE["fsum"], tuple(unused), anything)
    return Recipe(tuple(leaves), tuple(steps))


@st.composite
def recipes(
    draw: st.DrawFn,
    leaves: st.SearchStrategy[float] = st.floats(-3, 3).map(lambda x: round(x, 3)),  # noqa: B008
    admit: Admission = moderate,
    names: Sequence[str] = tuple(TABLE),
) -> Recipe:
    """Draw recipes of up to 20 steps by the ops with the given names."""
    size = draw(st.integers(1, 20))
    # An operand is one of the last ones made more often than not: a graph is then deep.
    # Six digits of one number are drawn in a fifth of the time of a list of six numbers.
    back = st.integers(0, 999_999).map(lambda n: [n // 10**i % 10 for i in range(6)])
    instruction = st.tuples(st.sampled_from(names), back)
    instructions = draw(st.lists(instruction, min_size=size, max_size=size))
    return cook(draw(st.lists(leaves, min_size=1, max_size=4)), instructions, admit)
