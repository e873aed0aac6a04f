"""What a value is called, everywhere: in errors, steps, explanations, drawings and pages.

What you can do with it::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> from micrograd_like.names import Names
    >>> x = Value(0.5, label="x")
    >>> y = tanh(2 * x)
    >>> names = Names(topological_order(y))
    >>> [names(value) for value in names]           # with the op that made it
    ['2.0', 'x', '(2*) v2', 'tanh v3']
    >>> [names.short(value) for value in names]
    ['2.0', 'x', 'v2', 'v3']
    >>> [*map(Names(names, {"y": y}).short, names)]     # among the variables of a program
    ['2.0', 'x', 'v2', 'y']

A value's name is its label; else the variable that holds it, where the caller hands over its
variables; else the variable it was assigned to, where `trace_lines` was on; else its ``key``, which
is its place in `topological_order`: v0, v1, and so on. A constant goes by its number.
"""

from __future__ import annotations

from .engine import Value
from .ops import SUM, Op
from .text import clean, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WIDTH = 40  # of a label that is shown in full, in characters


class Names:
    """What the values of a graph are called. ``names(value)`` has the op; `short` has not.

    ``names`` maps variables to what they hold, as ``locals()`` does; of a list or tuple of Values
    each is called by its place, as ``ws[0]``. A constant is told with the op that it entered,
    unless ``constants`` are shown as values of their own.
    """

    __slots__ = ("_keys", "_taken", "_variables", "constants")

    def __init__(
        self,
        order: Iterable[Value] = (),
        names: Mapping[str, object] | None = None,
        constants: bool = False,
    ) -> None:
        self.constants = constants
        self._keys = {value: f"v{i}" for i, value in enumerate(order)}
        held = {x: name for name, x in reversed([*_held((names or {}).items())])}  # the first
        self._variables = {x: name for x, name in held.items() if not x.constant}
        self._variables |= _told_apart(self._keys, self._variables)
        self._taken = {self.given(value) for value in self._keys}

    def __iter__(self) -> Iterator[Value]:
        return iter(self._keys)

    def __contains__(self, value: object) -> bool:
        return value in self._keys

    def key(self, value: Value) -> str:
        """Return v0, v1, …; "" for a value that is not in the graph."""
        return self._keys.get(value, "")

    def given(self, value: Value) -> str:
        """Return the label or the variable; "" for a value that has neither."""
        return label(value) or self._variables.get(value, "")

    def short(self, value: Value) -> str:
        """Return the name alone, as a formula has it: ``x1``, ``v7``; the number of a constant.

        A key or a number that is the name of another value gets a line behind it.
        """
        if name := self.given(value):
            return name
        name = repr(value.data) if value.constant else self.key(value) or repr(value.data)
        while name in self._taken:
            name += "_"
        return name

    def title(self, value: Value) -> str:
        """Return the name; without one, the key with what made it: ``d(loss)/d(* v7)``."""
        return self.given(value) or self(value)

    def op(self, value: Value) -> str:
        """Return the symbol of the op, with the constant that entered it: ``**2``, ``(1 -)``."""
        assert value.op is not None
        entered = [x.constant and not self.constants for x in value.operands]
        numbers = [shown(x.data) if told else "" for x, told in zip(value.operands, entered)]
        if not value.op.binds or sum(entered) != 1:
            return clean(value.op.symbol)
        text = with_number(value.op, numbers, clean(value.op.symbol))
        return f"({text})" if entered[0] else text

    def __call__(self, value: Value) -> str:
        """Return the name with what made it: ``x1``, ``tanh out``, ``tanh v7``, ``leaf v0``."""
        name = self.given(value)
        if value.op is not None:
            return f"{self.op(value)} {name or self.key(value)}".rstrip()
        number = repr(value.data)
        return name or (number if value.constant else f"leaf {self.key(value) or number}")


def with_number(op: Op, numbers: list[str], symbol: str) -> str:
    """Return an op's symbol between the numbers that entered it: ``**2``, ``1 -``, ``- (-1)``."""
    before, after = numbers
    if op.binds != SUM:
        return before + symbol + after
    after = f"({after})" if after.startswith("-") else after
    return " ".join(filter(None, [before, symbol, after]))


def label(value: Value, width: int = WIDTH) -> str:
    """Return a value's label on one line, or "" if nothing of it can be seen."""
    text = clean(value.label, width)
    if text.isascii():
        return text.strip() and text
    from unicodedata import category

    return text if any(category(c)[0] in "LNPS" for c in text) else ""


def _held(items: Iterable[tuple[str, object]], deep: int = 2) -> Iterator[tuple[str, Value]]:
    """Yield the Values that variables hold, and then those in lists and tuples of Values."""
    inside = []
    for name, held in items:
        if isinstance(held, Value) and not name.startswith("_"):
            yield clean(name, WIDTH), held
        elif isinstance(held, (list, tuple)) and held and isinstance(held[0], (Value, list, tuple)):
            inside.append((name, held))
    for name, held in inside if deep else ():
        yield from _held(((f"{name}[{i}]", x) for i, x in enumerate(held)), deep - 1)


def _told_apart(order: dict[Value, str], held: dict[Value, str]) -> dict[Value, str]:
    """Return the variables of values without a label; with the key behind one that is the name of
    another value, too, as where a loop assigns a variable again and again."""
    found = {x: held.get(x) or getattr(x.line, "target", "") for x in order if not x.constant}
    for out in order:
        for x in out.operands:  # of what one call has made, the result has the name
            if x.line is out.line and getattr(x.line, "by_call", False) and x not in held:
                found[x] = ""
    found = {x: name for x, name in found.items() if name and not label(x)}
    uses: dict[str, int] = {}
    for name in [*found.values(), *{label(x) for x in order}]:
        uses[name] = uses.get(name, 0) + 1
    plain = {name: x for x, name in held.items() if x in found and name not in map(label, order)}
    return {
        x: name if uses[name] == 1 or plain.get(name) is x else f"{name}_{order[x]}"
        for x, name in found.items()
    }
