"""How the parameters of a module get their names, which are their labels.

What you can do with it::

    >>> from micrograd_like import nn
    >>> model = nn.MLP(2, [2, 1], rng=1)
    >>> [name for name, _ in model.named_parameters()][:3]
    ['layers.0.neurons.0.w.0', 'layers.0.neurons.0.w.1', 'layers.0.neurons.0.b']
    >>> model.parameters()[2].label.modules          # those that hold it: drawings box by them
    ('MLP', 'layers.0', 'layers.0.neurons.0')

What is assigned to an attribute is named by its path. What is built inside a layer or a network
waits, so that each parameter is named once, by the outermost module.
"""

from __future__ import annotations

from contextvars import ContextVar

from .engine import Value
from .files import refuse_duplicates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class Name(str):
    """The dotted name of a parameter, or of the module that a value is the output of.

    ``modules`` names the modules that hold it, outermost first. The outermost goes by its class;
    its name is one object for each model, which tells two models apart. Drawings box values by it.
    """

    __slots__ = ("modules",)
    modules: tuple[str, ...]

    def __new__(cls, path: str, modules: tuple[str, ...] = ()) -> Name:
        """Name what ``modules`` hold."""
        self = super().__new__(cls, path)
        self.modules = modules
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return str(self), self.modules


class Named:
    """Something that names the Values and the other Named that are assigned to its attributes."""

    _path: str = ""  # of this module in the outermost one; the label of its outputs

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from .drawing.notebook import of_module

        return of_module(self)  # what a notebook shows

    def parameters(self) -> list[Value]:
        """Return all parameters, in a fixed order."""
        raise NotImplementedError  # Module does

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield the dotted name and the Value of every parameter.

        What only an overridden `parameters` knows is named by its index, as in ``parameters.0``.
        Raises ValueError if two have the same name, as with the keys 1 and "1" in a dict.
        """
        found = {part: path for path, part, _ in _parts(self) if isinstance(part, Value)}
        for i, p in enumerate(self.parameters()):
            found.setdefault(p, f"parameters.{i}")
        refuse_duplicates(found.values(), "there are two parameters")
        for p, name in found.items():
            yield name, p

    def __setattr__(self, name: str, part: Any) -> None:
        """Assign an attribute, and label the parameters that come with it."""
        super().__setattr__(name, part)
        if isinstance(part, (Value, *HOLDERS)) and not _building.get():
            self._label({name: part})

    def label_parameters(self) -> None:
        """Make every parameter's path its label, and tell every module inside its own path.

        An assignment to an attribute does it; what is appended to a list needs a call. In a module
        that is inside another, the names go on from that one's.
        """
        self._label(vars(self), again=True)

    def _label(self, parts: dict[str, Any], again: bool = False) -> None:
        """Name what stands at attributes; unless ``again``, only what this model has not named."""
        if not isinstance(self._path, Name):
            vars(self)["_path"] = Name("", (Name(type(self).__name__),))
        outer: Any = self._path
        for path, part, modules in _parts(self, parts, outer):
            name = part._path if isinstance(part, Named) else part.label
            if again or not isinstance(name, Name) or name.modules[0] is not outer.modules[0]:
                _set_name(part, Name(path, modules))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of a copy, and tell its names from those of the original."""
        vars(self).update(state)
        outermost: dict[str, Name] = {}
        for part in (self, *[part for _, part, _ in _parts(self)]):
            name = part._path if isinstance(part, Named) else part.label
            if isinstance(name, Name):
                first, *inner = name.modules
                first = outermost.setdefault(first, Name(first))
                _set_name(part, Name(name, (first, *inner)))

    def named_modules(self) -> Iterator[tuple[str, Named]]:
        """Yield the dotted name and the module for every module inside this one."""
        for path, part, _ in _parts(self):
            if isinstance(part, Named):
                yield path, part


def _parts(
    root: Named, parts: dict[str, Any] | None = None, path: str = ""
) -> Iterator[tuple[str, Value | Named, tuple[str, ...]]]:
    """Yield the leaf Values and the Modules inside ``root``, or only those at some attributes.

    Each comes once, outer ones first, with its path, which goes on from ``path``, and the names of
    the modules that hold it; a module is among its own. A module may refer to one that holds it.
    """
    seen = {id(root)}
    entries = iter((vars(root) if parts is None else parts).items())
    stack: list[Any] = [(f"{path}." if path else "", getattr(path, "modules", ()), entries)]
    while stack:
        prefix, modules, entries = stack[-1]
        for key, part in entries:
            holder = isinstance(part, HOLDERS)
            if id(part) in seen or not (holder or (isinstance(part, Value) and part.op is None)):
                continue
            seen.add(id(part))
            path = f"{prefix}{key}"
            if isinstance(part, Named):
                modules = (*modules, path)
            if not holder or isinstance(part, Named):
                yield path, part, modules
            if holder:
                inner = vars(part) if isinstance(part, Named) else part
                inner = inner.items() if isinstance(inner, dict) else enumerate(inner)
                stack.append((f"{path}.", modules, iter(inner)))
                break
        else:
            stack.pop()


_building: ContextVar[bool] = ContextVar("building", default=False)


def unnamed(make: Callable[[], Any]) -> Any:
    """Make parts that get their names all at once, when they are assigned."""
    token = _building.set(True)
    try:
        return make()
    finally:
        _building.reset(token)


def _set_name(part: Value | Named, name: Name) -> None:
    if isinstance(part, Named):
        vars(part)["_path"] = name
    else:
        part.label = name


HOLDERS = (Named, list, tuple, dict)  # of parameters
