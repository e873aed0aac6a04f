"""The debugger's commands that say where to stop, and what to do there."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable
from types import CodeType

from ..drawing.graph import grad_of, is_computed
from ..engine import Value
from ..text import base, clean, shown
from .lookup import Mistake
from .prompt import Given, Prompt, number_of, told
from .steps import Step, Walk

When = Callable[[Step], object]  # a condition of a step
CONDITIONS: dict[str, When | None] = {  # those that are not typed in Python
    "": None,
    "not finite": lambda step: not math.isfinite(step.after),
    "changes sign": lambda step: step.before * step.after < 0,
}


class Breakpoint:
    """A reason to stop: the gradient of one of the ``values`` is complete or, with a condition
    ``when``, it was changed by a step of which that is true. If ``once``, it stops once."""

    def __init__(self, walk: Walk, number: int, where: str, values: list[Value]) -> None:
        self.walk, self.number, self.where, self.values = walk, number, where, {*values}
        self.complete = {walk.complete_at[x]: x for x in values if x in walk.complete_at}
        self.condition, self.commands, self.hits = "", list[str](), 0
        self.when: When | None = None
        self.once, self.on = False, True

    @property
    def text(self) -> str:
        """What was typed: [WHERE] [if CONDITION]."""
        return " if ".join(filter(None, [self.where or " ", self.condition])).strip()

    def __str__(self) -> str:
        kind = ("once" if self.once else "keep") if self.on else "off"
        hits = f"   {self.hits} hit{'s' * (self.hits != 1)}" if self.hits else ""
        told = "".join(f"\n            {command}" for command in self.commands)
        return f"{self.number:>3}  {kind:4}  {self.text}{hits}{told}"

    def hit(self) -> Value | None:
        """Return the value that the walk stops on here, if it does."""
        done = self.walk.done
        if not self.on:
            return None
        if self.when is None:
            return self.complete.get(self.walk.position)
        if done is None or done.x not in self.values:
            return None
        try:
            return done.x if self.when(done) else None
        except Exception as error:
            raise Mistake(
                f"breakpoint {self.number}, {self.text}, raised {told(error)}; "
                f"`delete {self.number}` deletes it, `condition {self.number}` its condition"
            ) from None


class Stopping(Prompt):
    """A prompt in the middle of a walk, with breakpoints and a watch list."""

    walk: Walk
    breakpoints: list[Breakpoint]
    made = 0  # the number of the last one
    displays: dict[str, str]  # what is shown at each stop, and what it was
    defining: Breakpoint | None = None  # what the lines to come are the commands of

    def onecmd(self, line: str) -> bool:
        """Do a command, or add it to those of a breakpoint."""
        if self.defining is None:
            return super().onecmd(line)
        if line.strip() in ("end", "EOF"):
            self.end_commands()
        elif line.strip() not in ("", "silent"):
            self.defining.commands.append(line.strip())
        return False

    def end_commands(self) -> None:
        self.defining, self.prompt = None, type(self).prompt

    def do_break(self, arguments: str) -> None:
        """break [WHERE] [if CONDITION]: stop there. Without arguments, list the breakpoints.

        WHERE is a value: its label, its name as v12, or an expression. The walk stops
        when the gradient of the value is complete. WHERE may also be one of
            op NAME        any value of that op, as `break op relu`
            module NAME    any value of that module, as `break module layers.0`
            [FILE:]LINE    any value made there, if trace_lines() was on
        With a CONDITION, the walk stops when a gradient changes, that of WHERE or any,
        and the condition is true. It is Python, where |...| stands for abs(...), and has
        the names grad (the sum in this walk so far), before (the sum before this step),
        step, out and x. Or it is one of
            not finite     as in `break if not finite`
            changes sign   as in `break w1 if changes sign`
        """
        self.stop_at(arguments) if arguments else self.show_breakpoints()

    def do_tbreak(self, arguments: str) -> None:
        """tbreak [WHERE] [if CONDITION]: set a breakpoint that stops once, and is then deleted."""
        self.stop_at(arguments, once=True) if arguments else self.show_breakpoints()

    def do_watch(self, arguments: str) -> None:
        """watch NODE: stop whenever the gradient of NODE changes."""
        value = self.lookup.value(arguments)
        self.add(f"watch {self.lookup.title(value)}", [value]).when = lambda step: True

    def do_condition(self, arguments: str) -> None:
        """condition NUMBER [CONDITION]: let a breakpoint stop only if this is true, or always."""
        number, _, text = map(str.strip, arguments.partition(" "))
        each = self.one(number)
        each.when, each.condition = self.when(text, each.values), text
        self.tell(f"Breakpoint {each.number}: {each.text}")

    def do_commands(self, arguments: str) -> None:
        """commands [NUMBER]: do the commands that follow, up to `end`, whenever it stops there.

        Without a number, those of the breakpoint that was made last.
        """
        self.defining = self.one(arguments)
        self.defining.commands.clear()
        self.prompt = "(com) "

    def do_enable(self, arguments: str) -> None:
        """enable [NUMBER ...]: let these breakpoints stop again, or all."""
        self.turn(arguments, on=True)

    def do_disable(self, arguments: str) -> None:
        """disable [NUMBER ...]: let these breakpoints, or all, be passed over."""
        self.turn(arguments, on=False)

    def turn(self, typed: str, *, on: bool) -> None:
        for each in self.numbered(typed):
            each.on = on
            self.tell(each)

    def do_delete(self, arguments: str) -> None:
        """delete [NUMBER ...]: delete these breakpoints, or all; to delete all, it asks first."""
        gone = self.numbered(arguments)
        if arguments or not gone or self.ask(f"Delete all breakpoints ({len(gone)})? "):
            self.breakpoints = [each for each in self.breakpoints if each not in gone]
            self.tell(f"deleted {len(gone)}")

    def do_display(self, arguments: str) -> None:
        """display [EXPRESSION]: show it at each stop. Without one, show all those there are."""
        if arguments:
            self.displays[arguments] = ""
        self.show_displays(arguments)

    def do_undisplay(self, arguments: str) -> None:
        """undisplay [EXPRESSION]: show it no more; without one, show none of them."""
        if not arguments:
            self.displays.clear()
        elif self.displays.pop(arguments, None) is None:
            raise Mistake(f"{arguments} is not displayed: `display` lists what is")

    def show_displays(self, only: str = "") -> None:
        """Show the watch list, and of what has changed what it was."""
        for text, old in self.displays.items():
            if only in ("", text):
                try:
                    found = self.lookup.evaluate(text)
                except Exception as error:
                    found = told(error)
                if isinstance(found, Value):
                    found = f"data {shown(found.data)}, grad {gradient(found)}"
                now = shown(found) if type(found) is float else clean(found)
                self.displays[text] = now
                was = f"   (was {old})" if old not in ("", now) else ""
                self.tell(f"   display {text}: {now}{was}")

    def stop_at(self, typed: str, *, once: bool = False) -> None:
        """Add the breakpoint that was typed: [WHERE] [if CONDITION]."""
        where, condition, *_ = *re.split(r"\s*\bif\s+", typed, maxsplit=1), ""
        if where.isdecimal() and (step := self.walk.coming or self.walk.done):
            where = f"{base(step.out.line).rpartition(':')[0]}:{where}"
        values = self.lookup.place(where) if where else self.lookup.order
        self.add(where, values, condition).once = once

    def when(self, text: str, values: set[Value]) -> When | None:
        """Return a condition, which must be one that can be evaluated, as a function of a step."""
        if text in CONDITIONS:
            return CONDITIONS[text]
        first = next((each for each in self.walk.tape if each.x in values), self.walk.done)
        try:
            code = self.lookup.compiled(re.sub(r"\|([^|]+)\|", r"abs(\1)", text))
            with contextlib.suppress(ArithmeticError):  # which may be so here only
                self.holds(code, first) if first else None
        except Exception as error:
            why = f"{text!r} cannot be evaluated: {told(error)}; see `help break`"
            raise Mistake(why) from None
        return lambda step: self.holds(code, step)

    def holds(self, code: CodeType, step: Step) -> object:
        names = {"step": step, "grad": step.after, "before": step.before}
        return self.lookup.evaluate(code, **names, out=step.out, x=step.x)

    def add(self, where: str, values: list[Value], condition: str = "") -> Breakpoint:
        """Add a breakpoint, and tell its number."""
        each = Breakpoint(self.walk, self.made + 1, where, values)
        each.condition, each.when = condition, self.when(condition, each.values)
        self.made = each.number
        self.breakpoints.append(each)
        self.tell(f"Breakpoint {each.number}: {each.text}")
        return each

    def show_breakpoints(self) -> None:
        """Show the breakpoints with their conditions and commands."""
        self.tell("\n".join(map(str, self.breakpoints)) or "no breakpoints")

    def numbered(self, typed: str) -> list[Breakpoint]:
        """Return the breakpoints of these numbers, or all."""
        numbers = {number_of(word, "a breakpoint's number") for word in typed.split()}
        if unknown := numbers - {each.number for each in self.breakpoints}:
            raise Mistake(f"no breakpoint {min(unknown)}: `break` lists them")
        return [each for each in self.breakpoints if not numbers or each.number in numbers]

    def one(self, typed: str) -> Breakpoint:
        """Return the breakpoint of a number; without one that was made last."""
        if not self.breakpoints:
            raise Mistake("there are no breakpoints: see `help break`")
        return self.numbered(typed or str(self.breakpoints[-1].number))[0]

    def stops(self) -> bool:
        """Tell which breakpoints stop here, and on what; return whether there are any."""
        hit = [(each, value) for each in self.breakpoints if (value := each.hit()) is not None]
        for each, value in hit:
            each.hits += 1
            name, grad = self.lookup.title(value), self.number(value.grad)
            what = f"grad {grad}" if name == each.where else f"{name}, grad {grad}"
            self.tell(f"Breakpoint {each.number}: {each.text} — {what}")
            self.cmdqueue[:0] = map(Given, each.commands)
            if each.once:
                self.breakpoints.remove(each)
        return bool(hit)


def gradient(value: Value) -> str:
    """Return a gradient to six digits, and – for one that is not computed."""
    return shown(grad_of(value)) if is_computed(value) else "–"
