"""A prompt: commands may be shortened, mistakes are told, and anything else is Python.

What you can do with it: derive a class, and write its commands as methods ``do_...``; ``help``
prints their docstrings. Its ``default`` runs the Python. The rest is `cmd.Cmd`'s.
"""

from __future__ import annotations

import cmd
import inspect
import keyword

from ..text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO, Any

ALIASES = {"s": "step", "n": "next", "c": "continue", "cont": "continue", "unt": "until"}
ALIASES |= {"b": "break", "tb": "tbreak", "d": "delete", "cl": "delete", "clear": "delete"}
ALIASES |= {"rs": "back", "reverse-step": "back", "rc": "reverse_continue"}
ALIASES |= {"run": "restart", "i": "info"}
ALIASES |= {"w": "where", "bt": "where", "l": "list", "p": "print", "fin": "finish"}
ALIASES |= {"q": "quit", "exit": "quit", "h": "help", "?": "help"}


class Mistake(Exception):
    """A command that could not be understood, or done here."""


class Prompt(cmd.Cmd):
    """A prompt among the names of a script. ``commands`` are done first, as if typed."""

    identchars = cmd.Cmd.identchars + "-"
    doc_header = "Commands (help COMMAND tells more; anything else is evaluated as Python):"

    def __init__(
        self,
        namespace: dict[str, Any] | None,
        stdin: IO[str] | None,
        stdout: IO[str] | None,
        commands: Iterable[str],
    ) -> None:
        super().__init__("tab", stdin, stdout)
        self.use_rawinput = stdin is None
        self.namespace = {} if namespace is None else namespace
        self.cmdqueue = list(commands)
        self.queued = len(self.cmdqueue)

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
