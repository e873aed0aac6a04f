"""What a value is called, everywhere: in errors, steps, explanations, drawings and pages.

What you can do with it::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> from micrograd_like.names import Names
    >>> x = Value(0.5, label="x")
    >>> y = tanh(2 * x)
    >>> names = Names(topological_order(y))
    >>> [names(value) for value in names]           # with the op that made it
    ['2.0', 'x', '* v2', 'tanh v3']
    >>> [names.short(value) for value in names]
    ['2.0', 'x', 'v2', 'v3']

A value's ``key`` is its place in `topological_order`: v0, v1, and so on. Its name is its label, or
else its key; that of a constant, and the short one of any leaf, is its number.
"""

from __future__ import annotations

from .engine import Value
from .text import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIDTH = 40  # of a label that is shown in full, in characters


class Names:
    """What the values of a graph are called. ``names(value)`` has the op; `short` has not."""

    __slots__ = ("_keys", "_labels")

    def __init__(self, order: Iterable[Value] = ()) -> None:
        self._keys = {value: f"v{i}" for i, value in enumerate(order)}
        self._labels = {label(value) for value in self._keys}

    def __iter__(self) -> Iterator[Value]:
        return iter(self._keys)

    def __contains__(self, value: object) -> bool:
        return value in self._keys

    def key(self, value: Value) -> str:
        """Return v0, v1, …; "" for a value that is not in the graph."""
        return self._keys.get(value, "")

    def short(self, value: Value) -> str:
        """Return the label; without one, the number of a leaf and the key of a node.

        A key that is the label of another value gets a line behind it.
        """
        name = label(value) or (repr(value.data) if value.op is None else self.key(value))
        while not label(value) and name in self._labels:
            name += "_"
        return name

    def title(self, value: Value) -> str:
        """Return the label alone; without one, the name with what made it: ``d(loss)/d(* v7)``."""
        return label(value) or self(value)

    def __call__(self, value: Value) -> str:
        """Return the name with what made it: ``x1``, ``tanh out``, ``tanh v7``, ``leaf v0``."""
        if value.op is not None:
            return f"{clean(value.op.symbol)} {label(value) or self.key(value)}".rstrip()
        number = repr(value.data)
        return label(value) or (number if value.constant else f"leaf {self.key(value) or number}")


def label(value: Value, width: int = WIDTH) -> str:
    """Return a value's label on one line, or "" if nothing of it can be seen."""
    text = clean(value.label, width)
    if text.isascii():
        return text.strip() and text
    from unicodedata import category

    return text if any(category(c)[0] in "LNPS" for c in text) else ""
