"""What is typed at the debugger's prompt: commands, and the names of values.

`Prompt` reads commands, `Lookup` finds values, and `Scope` has the names of expressions::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> x = Value(0.5, label="x")
    >>> lookup = Lookup(topological_order(tanh(x * 2)), {"y": x * 3}.__getitem__)
    >>> lookup.value("x") is lookup.value("v0") is x
    True
    >>> lookup.place("op tanh")
    [Value(data=0.7615941559557649, grad=0, op=tanh(1.0))]
    >>> lookup.value("y")
    Traceback (most recent call last):
    micrograd_like.debugging.prompt.Mistake: y is not in the graph of tanh v3
"""

from __future__ import annotations

import cmd
import contextlib
import inspect
import keyword
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..engine import Value
from ..names import Names
from ..text import base, cells, columns_of, cut, printable, shown

# Commands of pdb that a backward walk has no use for.
PDBS_OWN = {"alias", "args", "ignore", "interact", "jump", "retval", "source", "unalias", "whatis"}
ALIASES = {"s": "step", "n": "next", "c": "continue", "cont": "continue", "unt": "until"}
ALIASES |= {"b": "break", "tb": "tbreak", "cl": "delete", "clear": "delete", "u": "up", "d": "down"}
ALIASES |= {"rs": "back", "reverse-step": "back", "rc": "reverse_continue"}
ALIASES |= {"run": "restart", "i": "info", "r": "finish", "return": "finish", "fin": "finish"}
ALIASES |= {"w": "where", "bt": "where", "l": "list", "ll": "longlist", "p": "print"}
ALIASES |= {"args": "whatis", "q": "quit", "exit": "quit", "h": "help", "?": "help"}

HELP = {
    "Go on": "step next until continue finish",
    "Go back": "back reverse_continue restart",
    "Stop": "break tbreak watch condition commands enable disable delete",
    "Look": "print pp whatis list longlist where up down info display undisplay",
    "Understand": "why formula what_if draw page pdb",
    "Leave": "quit",
}

ACTING = "[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]|\x1b(?!\\[(0|31|36)m)"


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

    namespace: dict[str, Any]  # of the script
    queued = 0  # how many of the commands to come were not typed

    @property
    def columns(self) -> int:
        """How many columns the terminal has: 60 at least, and 80 where there is none."""
        return columns_of(self.stdout, 80)

    def precmd(self, line: str) -> str:
        """Show a command that was not typed, as if it had been; keep what is behind ;;."""
        line, _, rest = map(str.strip, line.partition(";;"))
        echo, self.queued = self.queued > 0, max(self.queued - 1, 0)
        if echo:
            self.tell(f"{self.prompt}{line}")
        if rest:
            self.cmdqueue.insert(0, rest)
            self.queued += echo
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
        commands, start = self.known(), word.replace("-", "_")
        if start in commands:
            return start
        if word in ALIASES:
            return ALIASES[word]
        longer = [command for command in commands if command.startswith(start)]
        known = word in self.namespace or keyword.iskeyword(word)
        return longer[0] if len(longer) == 1 and len(word) > 2 and not known else word

    def known(self) -> list[str]:
        """Return the names of the commands, as their methods have them."""
        return [name[3:] for name in self.get_names() if name.startswith("do_")]

    def meant(self, line: str) -> str:
        """Return which command a line that is no Python may have been meant for."""
        from difflib import get_close_matches

        word = (re.match(r"[A-Za-z-]+", line) or [""])[0].replace("-", "_")
        if word in PDBS_OWN:
            return f": pdb's `{word}` is not here; `help` lists what is"
        close = get_close_matches(word, [*self.known(), *ALIASES], 1, 0.7)
        return f": did you mean `{close[0].replace('_', '-')}`?" if close else ""

    def ask(self, question: str) -> bool:
        """Return whether the answer is yes; that may be among the commands to come."""
        if self.cmdqueue:
            answer, self.queued = self.cmdqueue.pop(0), max(self.queued - 1, 0)
            self.tell(f"{question}{answer}")
        elif self.use_rawinput:
            answer = input(question)
        else:
            self.stdout.write(question)
            answer = self.stdin.readline()
        return answer.strip().lower() in ("y", "yes")

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        return [name.replace("_", "-") for name in super().completenames(text.replace("-", "_"))]

    def emptyline(self) -> bool:
        """Repeat the last command, as pdb and gdb do."""
        return self.onecmd(self.lastcmd) if self.lastcmd else False

    def tell(self, text: object) -> None:
        """Print; nothing in a text acts on a terminal but our own colours."""
        text = re.sub(ACTING, "\ufffd", str(text))
        print(printable(text, self.stdout), file=self.stdout, flush=True)

    def fitted(self, text: str, *names: str) -> str:
        """Return a text with names in its {}, cut if the terminal has no room for them."""
        room = self.columns - width(text.format(*[""] * len(names)))
        if sum(map(cells, names)) > room:
            names = tuple([cut(name, max(room // len(names), 8)) for name in names])
        return text.format(*names)

    def number(self, x: float) -> str:
        """Return a number to six digits, in the colour of its sign where there are colours."""
        from os import environ

        plain = not getattr(self.stdout, "isatty", bool)() or "NO_COLOR" in environ or not x
        plain = plain or environ.get("TERM", "dumb") == "dumb"
        return shown(x) if plain else f"\x1b[{36 if x > 0 else 31}m{shown(x)}\x1b[0m"

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: list the commands, or tell what one does."""
        word = self.command_of(arg.strip()) if arg.strip() else ""
        method = getattr(self, f"do_{word}", None)
        if method is not None:
            return self.tell(inspect.cleandoc(method.__doc__ or ""))
        if word:
            raise Mistake(f"no command {arg.strip()!r}{self.meant(arg)}; `help` lists them")
        short = {command: alias for alias, command in reversed(ALIASES.items())}
        for topic, commands in HELP.items():
            words = [f"{x} ({short[x]})" if x in short else x for x in commands.split()]
            text = ", ".join(words).replace("_", "-").replace(" (", "\xa0(")
            for line in textwrap.wrap(text, self.columns - 14):
                self.tell(f"{topic:12}  {line}".replace("\xa0", " "))
                topic = ""
        self.tell("help COMMAND tells more; a;; b does both; the rest is Python")
        return None


def width(text: str) -> int:
    """Return the columns that a text takes, without its colours."""
    return cells(re.sub("\x1b\\[\\d+m", "", text))


class Lookup(Names):
    """The names of a graph's values, and what has a name. The root is the last of the ``order``;
    ``evaluate`` runs an expression of the script, whose variables are ``names``."""

    def __init__(
        self,
        order: list[Value],
        evaluate: Callable[[str], object],
        names: Mapping[str, object] | None = None,
        constants: bool = False,
    ) -> None:
        super().__init__(order, names, constants)
        self.root, self.evaluate = order[-1], evaluate
        self.order = [value for value in order if constants or not value.constant]
        self.values: dict[str, Value] = {self.key(value): value for value in self.order}
        self.values |= {self.short(value): value for value in reversed(self.order)}

    def value(self, text: str) -> Value:
        """Return the value that a label, a key or an expression stands for."""
        text = text.strip()
        result: object = self.labelled(text)
        if result is None:
            with contextlib.suppress(Exception):
                result = self.evaluate(text)
        if not isinstance(result, Value):
            known = [name for name in map(self.given, self.order) if name]
            raise Mistake(
                f"no value {text!r}: there are {', '.join(known[:12]) or 'no labels'}"
                f"{' …' if len(known) > 12 else ''}; `info values` lists all values"
            )
        if result not in self:
            raise Mistake(f"{text} is not in the graph of {self.title(self.root)}")
        return result

    def labelled(self, text: str) -> Value | None:
        """Return the value that has this label, this name or this key."""
        found = [value for value in self.order if value.label and str(value.label) == text]
        if len(found) > 1:
            keys = ", ".join(map(self.key, found[:8]))
            raise Mistake(f"{len(found)} values have the label {text!r}: say one of {keys}")
        return found[0] if found else self.values.get(text)

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
            return found or _none("value made at", where, map(base, lines))
        return [self.value(where)]

    def ops(self) -> set[str]:
        """Return the names of the ops in the graph."""
        return {v.op.name for v in self.order if v.op}

    def modules(self) -> set[str]:
        """Return the paths of the modules in the graph."""
        return {module for v in self.order for module in _modules(v)}

    def words(self) -> set[str]:
        """Return every label, every name and every key."""
        return {str(v.label) for v in self.order if v.label} | {*self.values}


def _modules(value: Value) -> list[str]:
    return [*map(str, getattr(value.label, "modules", ()))]


def _none(kind: str, name: str, known: Iterable[str]) -> list[Value]:
    has = ", ".join(sorted(known)[:20]) or "none"
    raise Mistake(f"no {kind} {name!r} in the graph: it has {has}")


class Scope(dict[str, Any]):
    """The names of what is typed: some ``more``, the script's variables, the graph's values.

    A label comes before a variable that holds another Value. What is assigned is a variable.
    """

    def __init__(self, namespace: dict[str, Any], lookup: Lookup, more: dict[str, object]) -> None:
        super().__init__(more)
        self.namespace, self.lookup = namespace, lookup

    def __missing__(self, name: str) -> Any:
        value, variable = self.lookup.values.get(name), self.namespace.get(name)
        if isinstance(variable, Value) and value is not None and str(value.label) == name:
            return value
        return self.namespace[name] if name in self.namespace else self.lookup.values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.namespace[name] = value

    def __delitem__(self, name: str) -> None:
        del self.namespace[name]
