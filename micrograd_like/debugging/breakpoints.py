"""Where a walk stops: at a value, an op, a module or a line, or when a condition holds.

What you can do with it: ``add`` breakpoints as they are typed, do a step, and ask ``hit`` which of
them stop there. A condition is Python, which ``evaluate`` runs.
"""

from __future__ import annotations

import math
import re

from .prompt import Mistake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from ..engine import Value
    from .lookup import Lookup
    from .steps import Step, Walk

    Condition = Callable[[Step], object]


class Breakpoint:
    """A reason to stop, if ``holds()`` between two steps. ``once``: it is deleted when it stops."""

    __slots__ = ("headline", "hits", "holds", "number", "once", "text")

    def __init__(self, number: int, text: str, holds: Callable[[], object], once: bool) -> None:
        self.number, self.text, self.holds, self.once = number, text, holds, once
        self.hits, self.headline = 0, f"Breakpoint {number}: {text}"

    def __str__(self) -> str:
        hits = f"   {self.hits} hit{'s' * (self.hits != 1)}" if self.hits else ""
        return f"{self.number:>3}  {'once' if self.once else 'keep'}  {self.text}{hits}"


class Breakpoints:
    """The breakpoints of a walk, in the order of their numbers.

    ``evaluate(code, **names)`` runs a condition; ``lookup`` finds the values.
    """

    def __init__(self, walk: Walk, lookup: Lookup, evaluate: Callable[..., object]) -> None:
        self.walk, self.lookup, self.evaluate = walk, lookup, evaluate
        self.all: list[Breakpoint] = []
        self.made = 0  # the number of the last one

    def add(self, text: str, *, once: bool = False) -> Breakpoint:
        """Make a breakpoint of what is typed after ``break``: [WHERE] [if CONDITION]."""
        where, given, condition = re.split(r"^(.*?)(?:\s*\b(if)\s+(.*))?$", text)[1:4]
        where = where.strip()
        if given:
            asked = self._condition(condition)
            inside = set(self.lookup.place(where) if where else self.lookup.order)
            return self._add(text.strip(), self._changes(inside, asked), once)
        complete = {self.walk.complete_at[value] for value in self.lookup.place(where)}
        return self._add(text.strip(), lambda: self.walk.position in complete, once)

    def watch(self, value: Value) -> Breakpoint:
        """Make a breakpoint that stops whenever the gradient of a value changes."""
        text = f"watch {self.lookup.title(value)}"
        return self._add(text, self._changes({value}, lambda step: True), once=False)

    def delete(self, numbers: Collection[int]) -> int:
        """Delete the breakpoints with these numbers, or all, and return how many."""
        unknown = {*numbers} - {each.number for each in self.all}
        if unknown:
            raise Mistake(f"no breakpoint {min(unknown)}: `info breakpoints` lists them")
        kept = [each for each in self.all if numbers and each.number not in numbers]
        deleted, self.all = len(self.all) - len(kept), kept
        return deleted

    def hit(self) -> list[Breakpoint]:
        """Return the breakpoints that stop here."""
        found = [each for each in self.all if self._holds(each)]
        for each in found:
            each.hits += 1
        self.all = [each for each in self.all if each not in found or not each.once]
        return found

    def _holds(self, each: Breakpoint) -> bool:
        try:
            return bool(each.holds())
        except Exception as error:
            raise Mistake(
                f"breakpoint {each.number}, {each.text}, raised {type(error).__name__}: {error}; "
                f"`delete {each.number}` deletes it"
            ) from None

    def _add(self, text: str, holds: Callable[[], object], once: bool) -> Breakpoint:
        self.made += 1
        self.all.append(Breakpoint(self.made, text, holds, once))
        return self.all[-1]

    def _changes(self, inside: Collection[Value], asked: Condition) -> Callable[[], object]:
        """Stop after a step that changes the gradient of a value inside, if the condition holds."""

        def holds() -> object:
            done = self.walk.done
            return done is not None and done.x in inside and asked(done)

        return holds

    def _condition(self, text: str) -> Condition:
        """Return what a condition asks of a step."""
        if text == "not finite":
            return lambda step: not math.isfinite(step.after)
        if text == "changes sign":
            return lambda step: step.before * step.after < 0
        try:
            code = compile(re.sub(r"\|([^|]+)\|", r"abs(\1)", text), "<condition>", "eval")
        except SyntaxError as error:
            raise Mistake(f"{text!r} is not a condition: {error.msg}; see `help break`") from None

        def asked(step: Step) -> Any:
            names = {"grad": step.after, "before": step.before, "out": step.out, "x": step.x}
            return self.evaluate(code, step=step, **names)

        return asked
