"""A function of floats, recorded when it is first called: `jit`.

What you can do with it::

    >>> from micrograd_like import jit, tanh
    >>> f = jit(lambda xs: xs[0] * tanh(xs[1]))
    >>> f([3.0, 0.5])
    1.3863514717800292
    >>> f([2.0, 0.5])                              # the program: nothing is recorded now
    0.9242343145200195
    >>> "def lambda_(xs0, xs1):" in f.sources[0]
    True
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import update_wrapper
from math import isfinite
from types import MethodType
from typing import Any

from ..collector import collector_paused
from ..engine import Value
from ..ops import as_float
from ..structures import like, numbers
from ..text import shorten
from . import python, source
from .form import Node, reached
from .lowering import Lowered
from .program import refuse_large
from .recording import Recording, Unfolded

MOST_PATHS = 64  # of one function


class Jit:
    """A function of floats, and the programs recorded of it: see `jit`. ``sources`` has them."""

    def __init__(self, f: Callable[..., Any], static_argnums: Any, debug: bool) -> None:
        if not callable(f):
            raise TypeError(f"jit takes a function, not {shorten(f)}")
        self._f, self._debug = f, debug
        self._static = {static_argnums} if isinstance(static_argnums, int) else {*static_argnums}
        self._paths: dict[Any, list[_Path]] = {}
        update_wrapper(self, f)
        self._name = str(getattr(f, "__name__", "f"))

    def __get__(self, instance: Any, owner: type) -> Any:
        """Make it a method of the class it is an attribute of, as a function would be."""
        return self if instance is None else MethodType(self, instance)

    @property
    def sources(self) -> list[str]:
        """The texts of the programs, of each kind of call the one that was used last first."""
        return [path.source for paths in self._paths.values() for path in paths]

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return what ``f`` returns, floats in place of its Values."""
        found: list[float] = []
        try:
            given = self._arguments(args, named, lambda x, name: found.append(x))
        except _IsValue:
            return self._f(*args, **named)
        static = [args[i] for i in sorted(self._static) if i < len(args)]
        try:
            paths = self._paths.setdefault((repr(given), *static), [])
        except TypeError:
            raise TypeError("what static_argnums names must be hashable") from None
        # A nan has nan partials in the engine, also where a program has no need of the number.
        for i, path in enumerate(paths if isfinite(sum(found)) else ()):
            try:
                out = path.function(*found, *[x._data for x in path.leaves])
                if isfinite(sum(out)):
                    paths.insert(0, paths.pop(i))
                    return like(path.result, out)
                break
            except source.Branch:
                continue
            except (ArithmeticError, ValueError):
                break
        return self._record(paths, args, named)

    def _arguments(
        self, args: Sequence[Any], named: Mapping[str, Any], leaf: Callable[[float, str], Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with something else in place of each of their numbers."""
        names = [*inspect.signature(self._f).parameters] or ["x"]
        each = [
            x if i in self._static else _each(x, names[min(i, len(names) - 1)], leaf)
            for i, x in enumerate(args)
        ]
        return each, {name: _each(x, name, leaf) for name, x in named.items()}

    def _record(self, paths: list[_Path], args: Sequence[Any], named: dict[str, Any]) -> Any:
        """Run ``f`` itself, and keep the path that it takes, if that can come again."""
        recording, out = self.recorded(args, named)
        outs = numbers(out)
        data = [x._data if isinstance(x, Value) else x for x in outs]
        if isfinite(sum(data)) and recording.is_number():
            if sum(map(len, self._paths.values())) >= MOST_PATHS:
                warnings.warn(
                    f"{self._name} has gone {MOST_PATHS} ways, by its branches and static "
                    "arguments: it forgets them, and recording may cost more than it saves",
                    RuntimeWarning,
                    stacklevel=3,
                )
                for known in self._paths.values():
                    known.clear()
            with collector_paused():
                paths.insert(0, _Path(self._name, recording, out, outs, self._debug))
        return like(out, data)

    def recorded(
        self, args: Sequence[Any], named: Mapping[str, Any], unfold: bool = False
    ) -> tuple[Recording, Any]:
        """Run ``f`` on inputs; return what was recorded, and what it returns."""
        recording = Recording(unfold)
        given, by_name = self._arguments(args, named, recording.input)
        try:
            with recording:
                return recording, self._f(*given, **by_name)
        except Unfolded:  # with ``unfold`` nothing is recorded that raises this
            return self.recorded(args, named, unfold=True)


class _Path:
    """One way through a function: a program, the leaves that it reads, and what it returns."""

    def __init__(
        self, name: str, recording: Recording, out: Any, outs: Sequence[Any], debug: bool
    ) -> None:
        refuse_large(len(recording.events))
        lowered = Lowered(recording)
        lowered.values = [lowered.node(x) for x in outs]
        given, leaves = {*lowered.inputs}, dict[Node, Value]()
        for x, node in lowered.nodes.items():
            if node.op == "leaf" and node not in given:
                leaves.setdefault(node, x)  # the first: others have its number, as x*1.0 has
        used = [*lowered.values, *lowered.guards, *lowered.form.kept]
        read = [x for x in reached(used) if x in leaves]
        self.leaves = [leaves[node] for node in read]
        lowered.arguments = [*lowered.inputs, *read]
        name = python.function_name(name)
        self.source = python.straight(lowered, name)
        self.function = source.load(self.source, name, debug)
        self.result = like(out, [0.0] * len(outs))


class _IsValue(Exception):
    """A Value is among the arguments."""


def _each(x: Any, name: str, leaf: Callable[[float, str], Any]) -> Any:
    """Return an argument with what ``leaf`` returns in place of each float; others are static."""
    if type(x) is float:
        return leaf(x, name)
    if isinstance(x, (str, int, type(None))):
        return x
    if isinstance(x, dict):
        return {key: _each(part, f"{name}_{key}", leaf) for key, part in x.items()}
    if isinstance(x, (list, tuple)):
        join = "_" if name[-1:].isdigit() else ""
        parts = [_each(part, f"{name}{join}{i}", leaf) for i, part in enumerate(x)]
        named = hasattr(x, "_fields")
        return parts if isinstance(x, list) else type(x)(*parts) if named else tuple(parts)
    if isinstance(x, Value):
        raise _IsValue
    try:
        return leaf(as_float(x), name)
    except TypeError:
        raise TypeError(
            f"the argument {name} is {shorten(x)} of type {type(x).__name__}: jit takes numbers, "
            "lists, tuples and dicts, of an array its .tolist(); name all else in static_argnums"
        ) from None


def jit(
    f: Callable[..., Any], *, static_argnums: int | Iterable[int] = (), debug: bool = False
) -> Jit:
    """Return ``f``, a function of floats and of lists, tuples and dicts of them, as a program.

    It is recorded at the first call, and again where a call goes another way at a branch, or has
    other static arguments: strings, bools, None, ints, and those at the places ``static_argnums``.
    Called with Values it runs ``f`` itself, so that gradients of it can be taken.
    """
    return Jit(f, static_argnums, debug)
