"""Source that was generated: run where debuggers see it, and saved to run alone.

What you can do with it::

    >>> from micrograd_like.programs import source
    >>> twice = source.load("def twice(x): return 2*x", "twice")
    >>> twice(3.0)
    6.0
    >>> import inspect
    >>> print(inspect.getsource(twice))
    def twice(x): return 2*x

This is the one place of the package with ``exec``. The text is registered with `linecache`, so that
pdb lists and steps it, and tracebacks show it.
"""

from __future__ import annotations

import ast
import atexit
import inspect
import itertools
import linecache
import math
import os
import re
import tempfile
import textwrap
import weakref
from typing import Any

from .. import floats, ops
from ..ops import Op, Recorder

OWN = "<micrograd_like program "  # how the names of files that are none begin
_serial = itertools.count(1)
_live: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


class Branch(Exception):
    """What was asked of a value has another answer than when the program was recorded."""


def load(text: str, name: str, debug: bool = False) -> Any:
    """Run a text and return what it defines as ``name``; with ``debug``, from a real file."""
    if debug:
        handle, filename = tempfile.mkstemp(f"_{name}.py", "program_")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        atexit.register(_remove, filename)
    else:
        filename = f"{OWN}{name} {next(_serial)}>"
        # Not as they die: `linecache` may be going through its names at that moment.
        for old in [
            name for name in [*linecache.cache] if name.startswith(OWN) and name not in _live
        ]:
            linecache.cache.pop(old, None)
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    namespace: dict[str, Any] = {"__name__": f"micrograd_like.programs.{name}"}
    exec(compile(text, filename, "exec"), namespace)
    if not debug:
        _live[filename] = namespace[name]
    return namespace[name]


def _remove(filename: str) -> None:
    if os.path.exists(filename):  # noqa: PTH110
        os.remove(filename)  # noqa: PTH107


def text_of_line(line: str) -> str:
    """Return the text of a line that is told as "train.py:12"; "" if it is not to be had."""
    name, _, number = line.rpartition(":")
    return linecache.getline(name, int(number)).strip() if number.isdecimal() else ""


# ---------------------------------------------------------------------------- alone


def standalone(text: str) -> str:
    """Return a program's text with what it imports from this package written into it."""
    written: dict[str, str] = {}
    body = []
    for line in text.splitlines():
        if found := re.fullmatch(r"from micrograd_like\.(\S+) import (.*)", line):
            for name in sorted({*found[2].split(", ")} - {"TABLE"}):
                _write(name, Branch if name == "Branch" else vars(floats)[name], written)
        elif found := re.fullmatch(r"(\w+) = TABLE\['(.*)'\]\.(forward|partials)", line):
            _write(found[1], getattr(ops.TABLE[found[2]], found[3]), written)
        else:
            body.append(line)
    imports = body[: body.index("")] if "" in body else []
    head = ["from __future__ import annotations", "", "import math", "import operator", *imports]
    return "\n".join([*head, "", "", *written.values(), *body[len(imports) :]]) + "\n"


def _write(name: str, what: Any, written: dict[str, str]) -> None:
    """Write what a name stands for, and all that this needs: functions, rows, numbers."""
    if name in written:
        return
    written[name] = ""
    if isinstance(what, Op):  # as a rule calls it
        forward = f"{name}_of" if what.many else name
        del written[name]
        _write(forward, what.forward, written)
        if what.many:
            written[name] = f"def {name}(*xs):\n    return {forward}(xs)\n\n"
    elif isinstance(what, (float, int)):
        written[name] = f"{name} = {what!r}\n" if math.isfinite(what) else f"{name} = math.{what}\n"
    elif inspect.isbuiltin(what):
        module = "" if what.__module__ == "builtins" else f"{what.__module__.strip('_')}."
        written[name] = f"{name} = {module}{what.__name__}\n"
    elif what is Recorder:
        written[name] = "class Recorder:\n    pass\n\n"
    else:
        text = _text_of(name, what)
        written[name] = text.replace("floats.", "")
        known = getattr(what, "__globals__", {})
        for other in dict.fromkeys(re.findall(r"\bfloats\.(\w+)", text)):
            _write(other, vars(floats)[other], written)
        for other in dict.fromkeys(re.findall(r"\b[^\W\d]\w*", text)):
            if other in known and other != what.__name__ and not inspect.ismodule(known[other]):
                _write(other, known[other], written)


def _text_of(name: str, what: Any) -> str:
    """Return the definition of a function, or of a class, under a name."""
    try:
        text = textwrap.dedent(inspect.getsource(what))
        if what.__name__ != "<lambda>":
            return re.sub(rf"\b{what.__name__}\b", name, text) + "\n"  # a rule may call itself
        tree = ast.parse("".join(linecache.getlines(what.__code__.co_filename)))
        arguments = what.__code__.co_varnames[: what.__code__.co_argcount]
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Lambda)
                and node.lineno == what.__code__.co_firstlineno
                and tuple([argument.arg for argument in node.args.args]) == arguments
            ):
                return f"{name} = {ast.unparse(node)}\n\n"
    except (OSError, TypeError, SyntaxError):
        pass
    raise ValueError(f"the text of {name}, which the program calls, is not to be had")
