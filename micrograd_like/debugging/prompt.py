"""The debugger's prompt: it reads commands, tells mistakes, and runs as Python what is no command.

A command is a method ``do_NAME``, whose docstring is its manual; `HELP` says where it is listed.
"""

from __future__ import annotations

import cmd
import contextlib
import inspect
import keyword
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from ..text import cells, columns_of, cut, printable, shown
from .lookup import Lookup, Mistake

# Commands of pdb and gdb that a backward walk has no use for.
NOT_HERE = {"alias", "ignore", "info", "interact", "j", "jump", "retval", "source", "unalias"}
ALIASES = {"s": "step", "n": "next", "c": "continue", "cont": "continue", "unt": "until"}
ALIASES |= {"b": "break", "tb": "tbreak", "cl": "delete", "clear": "delete", "u": "up", "d": "down"}
ALIASES |= {"rs": "back", "reverse-step": "back", "rc": "reverse_continue"}
ALIASES |= {"run": "restart", "r": "finish", "return": "finish", "fin": "finish"}
ALIASES |= {"w": "where", "bt": "where", "l": "list", "ll": "longlist", "p": "print"}
ALIASES |= {"args": "whatis", "q": "quit", "exit": "quit", "h": "help", "?": "help"}

HELP = {
    "Go on": "step next until continue finish",
    "Go back": "back reverse_continue restart",
    "Stop": "break tbreak watch condition commands enable disable delete",
    "Look": "print pp whatis list longlist where up down display undisplay",
    "Understand": "why what_if draw page",
    "Leave": "quit",
}

# What acts on a terminal, but for our own colours.
ACTING = "[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]|\x1b(?!\\[(0|31|36)m)"


def count_of(arguments: str) -> int:
    """Return the count of steps that was typed, or 1."""
    return number_of(arguments, "a count of steps") if arguments else 1


def number_of(text: str, what: str) -> int:
    """Return the number that was typed, or raise what it should be."""
    if not text.isdecimal() or not int(text):
        raise Mistake(
            f"{text!r} is not {what}: it must be a whole number of at least 1; "
            "if this is Python, put ! before it"
        )
    return int(text)


def told(error: BaseException) -> str:
    """Return the kind of an error, and what it says."""
    said = getattr(error, "msg", error)  # of a SyntaxError the file and line are of no use
    return str(error) if isinstance(error, Mistake) else f"{type(error).__name__}: {said}"


class Given(str):
    """A command that was not typed, and is shown as if it had been."""


class Prompt(cmd.Cmd):
    """A prompt among the names of a script. Mistakes are told; what is no command is Python."""

    identchars = cmd.Cmd.identchars + "-"

    lookup: Lookup

    @property
    def columns(self) -> int:
        """How many columns the terminal has: 60 at least, and 80 where there is none."""
        return columns_of(self.stdout, 80)

    def precmd(self, line: str) -> str:
        """Show a command that was not typed; keep what is behind ;;."""
        first, _, rest = map(type(line), map(str.strip, line.partition(";;")))
        if isinstance(line, Given):
            self.tell(f"{self.prompt}{first}")
        if rest:
            self.cmdqueue.insert(0, rest)
        return first

    def onecmd(self, line: str) -> bool:
        """Do a command. If it fails, say why and stay."""
        try:
            return bool(super().onecmd(line))
        except (Exception, SystemExit) as error:
            self.tell(self.wrapped(f"*** {told(error)}"))
            return False

    def default(self, line: str) -> None:
        """Run what is not a command as Python."""
        try:
            with contextlib.redirect_stdout(self.stdout):
                self.lookup.run(line.removeprefix("!").strip(), self.show)
        except (NameError, SyntaxError) as error:
            raise Mistake(f"{told(error)}{self.meant(line)}") from None

    def show(self, found: object) -> None:
        """Show what an expression is, as Python's prompt does."""
        if found is not None:
            self.tell(repr(found))

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """Take a word for a command if it stands alone, or before a blank and no ``+=``."""
        command, arguments, line = super().parseline(line)
        if not command or command == "EOF":
            return command, arguments, line
        if line in ("exit()", "quit()"):  # which would close the terminal
            return "quit", "", line
        rest = "" if line[0] in "?!" else line[len(command) :]
        if rest and (not rest[0].isspace() or re.match(r"\s*[^\w\s]*=", rest)):
            return "", None, line
        command = self.command_of(command)
        manual, name = getattr(self, f"do_{command}", self).__doc__, command.replace("_", "-")
        if arguments and manual and manual.startswith(f"{name}:"):
            raise Mistake(f"{name} takes no arguments; if this is Python, put ! before it")
        return command, arguments, line

    def command_of(self, word: str) -> str:
        """Return the command that a word is short for, or the word."""
        commands, start = self.known(), word.replace("-", "_")
        if start in commands:
            return start
        if word in ALIASES:
            return ALIASES[word]
        longer = [command for command in commands if command.startswith(start)]
        known = word in self.lookup.namespace or keyword.iskeyword(word)
        return longer[0] if len(longer) == 1 and len(word) > 2 and not known else word

    def known(self) -> list[str]:
        """Return the names of the commands, as their methods have them."""
        return [name[3:] for name in self.get_names() if name.startswith("do_")]

    def meant(self, line: str) -> str:
        """Return which command a line that is no Python may have been meant for."""
        from difflib import get_close_matches

        word = (re.match(r"[A-Za-z-]+", line) or [""])[0].replace("-", "_")
        if word in NOT_HERE:
            return f": `{word}` is not here; `help` lists what is"
        close = get_close_matches(word, [*self.known(), *ALIASES], 1, 0.7)
        return f": did you mean `{close[0].replace('_', '-')}`?" if close else ""

    def ask(self, question: str) -> bool:
        """Return whether the answer is yes; that may be among the commands to come."""
        if self.cmdqueue:
            answer = self.cmdqueue.pop(0)
            self.tell(f"{question}{answer}")
        elif self.use_rawinput:
            answer = ""
            with contextlib.suppress(EOFError):
                answer = input(question)
        else:
            self.stdout.write(question)
            answer = self.stdin.readline()
        return answer.strip().lower() in ("y", "yes")

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        return [name.replace("_", "-") for name in super().completenames(text.replace("-", "_"))]

    def completedefault(
        self, text: str = "", line: str = "", begin: int = 0, end: int = 0, *ignored: Any
    ) -> list[str]:
        """Complete a command that has a dash, a name of a value or a variable, or an attribute."""
        if dashed := [name[begin:] for name in self.completenames(line[:end])]:
            return dashed
        names, (head, dot, _) = {*self.lookup.values}, text.rpartition(".")
        if text:
            names |= {*self.lookup.namespace}
        if dot:
            with contextlib.suppress(Exception):
                names |= {f"{head}.{name}" for name in dir(self.lookup.evaluate(head))}
        return starting(text, names)

    def emptyline(self) -> bool:
        """Repeat the last command, as pdb and gdb do."""
        return self.onecmd(self.lastcmd) if self.lastcmd else False

    def tell(self, text: object) -> None:
        """Print; nothing in a text acts on a terminal but our own colours."""
        text = re.sub(ACTING, "\ufffd", str(text))
        print(printable(text, self.stdout), file=self.stdout, flush=True)

    def wrapped(self, text: str) -> str:
        """Return a text with its lines broken where the terminal ends."""
        options: Any = {"subsequent_indent": "    ", "break_on_hyphens": False}
        lines = [textwrap.wrap(line, self.columns, **options) for line in text.splitlines()]
        return "\n".join("\n".join(line) for line in lines)

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
        word = self.command_of(arg) if arg else ""
        method = getattr(self, f"do_{word}", None)
        if method is not None:
            return self.tell(self.wrapped(inspect.cleandoc(method.__doc__ or "")))
        if word:
            raise Mistake(f"no command {arg!r}{self.meant(arg)}; `help` lists them")
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


def starting(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that complete a text."""
    return sorted(name for name in names if name.startswith(text) and name.isprintable())
