"""What is typed at the debugger's prompt: commands, the names of values, and where to stop.

`Prompt` reads commands, a `Breakpoint` knows where to stop, and `Lookup` finds values::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> x = Value(0.5, label="x")
    >>> lookup = Lookup(topological_order(tanh(x * 2)), evaluate={"y": x * 3}.__getitem__)
    >>> lookup.value("x") is lookup.value("v0") is x
    True
    >>> lookup.place("op tanh")
    [Value(data=0.7615941559557649, grad=0, op=tanh)]
    >>> lookup.value("y")
    Traceback (most recent call last):
    micrograd_like.debugging.prompt.Mistake: y is not in the graph of tanh v3
"""

from __future__ import annotations

import cmd
import inspect
import keyword
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from ..engine import Value
from ..names import Names, label
from ..text import printable
from .steps import Step, Walk

When = Callable[[Step], object] | None  # a condition of a step

ALIASES = {"s": "step", "n": "next", "c": "continue", "cont": "continue", "unt": "until"}
ALIASES |= {"b": "break", "tb": "tbreak", "d": "delete", "cl": "delete", "clear": "delete"}
ALIASES |= {"rs": "back", "reverse-step": "back", "rc": "reverse_continue"}
ALIASES |= {"run": "restart", "i": "info"}
ALIASES |= {"w": "where", "bt": "where", "l": "list", "p": "print", "fin": "finish"}
ALIASES |= {"q": "quit", "exit": "quit", "h": "help", "?": "help"}


class Mistake(Exception):
    """A command that could not be understood, or done here."""


def none_taken(command: str, arguments: str) -> None:
    """Raise unless there are no arguments."""
    if arguments.strip():
        raise Mistake(f"{command} takes no arguments; if this is Python, put ! before it")


def count_of(arguments: str) -> int:
    """Return the count of steps that was typed, or 1."""
    return number_of(arguments, "a count of steps") if arguments.strip() else 1


def number_of(text: str, what: str) -> int:
    """Return the number that was typed, or raise what it should be."""
    if not text.strip().isdecimal() or not int(text):
        raise Mistake(
            f"{text.strip()!r} is not {what}: it must be a whole number of at least 1; "
            "if this is Python, put ! before it"
        )
    return int(text)


class Prompt(cmd.Cmd):
    """A prompt among the names of a script. A method ``do_...`` is a command, and its docstring the
    manual. Mistakes are told; what is no command is Python, which ``default`` runs."""

    identchars = cmd.Cmd.identchars + "-"
    doc_header = "Commands (help COMMAND tells more; anything else is evaluated as Python):"

    namespace: dict[str, Any]  # of the script
    queued = 0  # how many of the commands to come were not typed

    def precmd(self, line: str) -> str:
        """Show a command that was not typed, as if it had been."""
        if self.queued:
            self.queued -= 1
            self.tell(f"{self.prompt}{line}")
        return line

    def onecmd(self, line: str) -> bool:
        """Do a command. If it fails, say why and stay."""
        try:
            return bool(super().onecmd(line))
        except Exception as error:
            kind = "" if isinstance(error, Mistake) else f"{type(error).__name__}: "
            self.tell(f"*** {kind}{error}")
            return False

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """Take a word for a command if it stands alone, or before a blank and no ``=``."""
        command, arguments, line = super().parseline(line)
        if not command or command == "EOF":
            return command, arguments, line
        rest = "" if line[0] in "?!" else line[len(command) :]
        if rest and (not rest[0].isspace() or rest.lstrip().startswith("=")):
            return None, None, line
        return self.command_of(command), arguments, line

    def command_of(self, word: str) -> str:
        """Return the command that a word is short for, or the word."""
        commands = [name[3:] for name in self.get_names() if name.startswith("do_")]
        start = word.replace("-", "_")
        if start in commands:
            return start
        if word in ALIASES:
            return ALIASES[word]
        longer = [command for command in commands if command.startswith(start)]
        known = word in self.namespace or keyword.iskeyword(word)
        return longer[0] if len(longer) == 1 and len(word) > 2 and not known else word

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        return [name.replace("_", "-") for name in super().completenames(text.replace("-", "_"))]

    def emptyline(self) -> bool:
        """Repeat the last command, as pdb and gdb do."""
        return self.onecmd(self.lastcmd) if self.lastcmd else False

    def tell(self, text: object) -> None:
        """Print; a character that the terminal lacks is shown as an escape."""
        print(printable(str(text), self.stdout), file=self.stdout, flush=True)

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: list the commands, or tell what one does."""
        word = self.command_of(arg.strip()) if arg.strip() else ""
        method = getattr(self, f"do_{word}", None)
        if method is not None:
            self.tell(inspect.cleandoc(method.__doc__ or ""))
        else:
            super().do_help(arg)


class Lookup(Names):
    """The names of a graph's values, and what has a name. The root is the last of the ``order``;
    ``evaluate`` runs an expression of the script."""

    def __init__(self, order: list[Value], evaluate: Callable[[str], object]) -> None:
        super().__init__(order)
        self.order, self.evaluate = order, evaluate

    def value(self, text: str) -> Value:
        """Return the value that a label, a key or an expression stands for."""
        text = text.strip()
        if (found := self.labelled(text)) is not None:
            return found
        try:
            result = self.evaluate(text)
        except Exception:
            result = None
        if not isinstance(result, Value):
            labels = [name for name in map(label, self.order) if name]
            raise Mistake(
                f"no value {text!r}: labels are {', '.join(labels[:12]) or 'not given'}"
                f"{' …' if len(labels) > 12 else ''}; `info values` lists all values"
            )
        if result not in self:
            raise Mistake(f"{text} is not in the graph of {self.title(self.order[-1])}")
        return result

    def labelled(self, text: str) -> Value | None:
        """Return the value that has this label or this key."""
        found = [value for value in self.order if value.label and str(value.label) == text]
        if len(found) > 1:
            keys = ", ".join(map(self.key, found[:8]))
            raise Mistake(f"{len(found)} values have the label {text!r}: say one of {keys}")
        found += [value for value in self.order if self.key(value) == text]
        return found[0] if found else None

    def place(self, where: str) -> list[Value]:
        """Return the values at a place: ``op NAME``, ``module NAME``, FILE:LINE or a value."""
        kind, _, name = where.partition(" ")
        name = name.strip()
        if kind == "op":
            found = [v for v in self.order if v.op and name in (v.op.name, v.op.symbol)]
            return found or _none("op", name, self.ops())
        if kind == "module":
            found = [v for v in self.order if name in _modules(v)]
            return found or _none("module", name, self.modules())
        if re.search(r":\d+$", where):
            lines = {v.line for v in self.order if v.line}
            if not lines:
                raise Mistake("no value knows its line: make the values under trace_lines()")
            found = [v for v in self.order if f"/{v.line}".endswith(f"/{where}")]
            return found or _none("value made at", where, lines)
        return [self.value(where)]

    def ops(self) -> set[str]:
        """Return the names of the ops in the graph."""
        return {v.op.name for v in self.order if v.op}

    def modules(self) -> set[str]:
        """Return the paths of the modules in the graph."""
        return {module for v in self.order for module in _modules(v)}

    def words(self) -> set[str]:
        """Return every label and every key."""
        return {str(v.label) for v in self.order if v.label} | {*map(self.key, self.order)}


def _modules(value: Value) -> list[str]:
    return [*map(str, getattr(value.label, "modules", ()))]


def _none(kind: str, name: str, known: Iterable[str]) -> list[Value]:
    has = ", ".join(sorted(known)[:20]) or "none"
    raise Mistake(f"no {kind} {name!r} in the graph: it has {has}")


class Breakpoint:
    """A reason to stop: the gradient of one of the ``values`` is complete or, with a condition
    ``when``, it was changed by a step of which that is true. If ``once``, it stops once."""

    def __init__(
        self, walk: Walk, number: int, text: str, values: list[Value], when: When, once: bool
    ) -> None:
        self.number, self.text, self.when, self.once = number, text, when, once
        self.walk, self.values, self.hits = walk, {*values}, 0
        self.complete = {walk.complete_at[value] for value in values}
        self.headline = f"Breakpoint {number}: {text}"

    def __str__(self) -> str:
        hits = f"   {self.hits} hit{'s' * (self.hits != 1)}" if self.hits else ""
        return f"{self.number:>3}  {'once' if self.once else 'keep'}  {self.text}{hits}"

    def holds(self) -> bool:
        """Return whether the walk stops here."""
        done = self.walk.done
        try:
            if self.when is None:
                return self.walk.position in self.complete
            return done is not None and done.x in self.values and bool(self.when(done))
        except Exception as error:
            raise Mistake(
                f"breakpoint {self.number}, {self.text}, raised {type(error).__name__}: {error}; "
                f"`delete {self.number}` deletes it"
            ) from None


def condition(text: str, evaluate: Callable[..., object]) -> When:
    """Return what is typed after ``if`` as a function of a step."""
    if text == "not finite":
        return lambda step: not math.isfinite(step.after)
    if text == "changes sign":
        return lambda step: step.before * step.after < 0
    try:
        code = compile(re.sub(r"\|([^|]+)\|", r"abs(\1)", text), "<condition>", "eval")
    except SyntaxError as error:
        raise Mistake(f"{text!r} is not a condition: {error.msg}; see `help break`") from None
    return lambda step: evaluate(
        code, step=step, grad=step.after, before=step.before, out=step.out, x=step.x
    )
