"""What watches the recording of values, and what replaces it: where all of that meets.

What you can do with it::

    >>> from micrograd_like import Value
    >>> from micrograd_like.hooks import Switch, Watcher
    >>> class Count(Watcher):
    ...     nodes = 0
    ...     def made(self, out):
    ...         self.nodes += out.op is not None
    ...         return out
    >>> with Switch("count", Count()) as count:
    ...     y = Value(2.0) * 3 + 1
    >>> count.nodes
    2

A switch holds for the thread, or the asyncio task, that sets it, and for the tasks that this one
starts. While all are off they cost nothing: `engine.hook` is None.
"""

from __future__ import annotations

from _thread import allocate_lock
from contextlib import nullcontext
from contextvars import ContextVar

from . import engine
from .engine import Value, _node
from .ops import Op, as_float, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

FIRST, NEXT, LAST = range(3)  # whose turn it is to see a new value


class Watcher:
    """Something that looks on while it is switched on. Override what it is to see."""

    turn = NEXT

    def made(self, out: Value) -> Value:
        """Look at a new value, a leaf or a node, and return it."""
        return out

    def walked(self, root: Value, seed: float, order: list[Value], grads: list[float]) -> None:
        """Look at the gradients of a walk, one for each value in order, before they are kept."""

    def asked(self, question: Callable[..., Any], operands: tuple[Any, ...], answer: Any) -> None:
        """Look at what a number was asked for: how it compares, or what `bool` makes of it."""

    def partials(self, out: Value) -> tuple[Any, ...] | None:
        """Return the partials of a node as Values, if they are not to come from its rule."""
        return None


class Switch:
    """Put a watcher in place, or take it out: for good by `turn`, or in a ``with`` statement.

    ``what`` is the name of what is switched: of the switches of one name that have not ended, the
    last one decides. One without a watcher turns it off.
    """

    def __init__(self, what: str, watcher: Watcher | None) -> None:
        self.what, self.watcher = what, watcher

    def turn(self) -> None:
        """Turn the switch, here and now."""
        if self not in _switches.get():
            _set((*_switches.get(), self), 1)

    def __enter__(self) -> Any:
        self.turn()
        return self.watcher

    def __exit__(self, *error: object) -> None:
        if self in _switches.get():
            _set(tuple([each for each in _switches.get() if each is not self]), -1)


_switches: ContextVar[tuple[Switch, ...]] = ContextVar("switches", default=())
_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())
_on = 0  # how many switches there are, in all threads
_lock = allocate_lock()


class Hook:
    """What the engine calls while something is switched on anywhere."""

    def __init__(self) -> None:
        self.leaves: ContextVar[bool] = _leaves  # nobody watches here, and nothing is recorded

    def leaf(self, op: Op, operands: tuple[Any, ...]) -> Value:
        """Return the result of an op as a leaf: what is recorded where nothing is."""
        if op.arity == 1:
            out = op.forward(operands[0]._data)
        else:
            xs = tuple([x._data if type(x) is Value else as_float(number(x)) for x in operands])
            out = op.forward(xs) if op.many else op.forward(*xs)
        return _node(out if type(out) is float else float(out), None, None, None, None, None)

    def made(self, out: Value) -> Value:
        """Show a new value to all who watch here, and return what they make of it."""
        for watcher in _watchers.get():
            out = watcher.made(out)
        return out

    def walked(self, root: Value, seed: float, order: list[Value], grads: Iterable[Any]) -> None:
        """Show the gradients of a walk to all who watch here."""
        if _watchers.get():
            numbers = [*map(number, grads)]
            for watcher in _watchers.get():
                watcher.walked(root, seed, order, numbers)

    def asked(self, question: Callable[..., Any], operands: tuple[Any, ...], answer: Any) -> Any:
        """Show what a number was asked for to all who watch here, and return the answer."""
        for watcher in _watchers.get():
            watcher.asked(question, operands, answer)
        return answer

    def partials(self, out: Value) -> tuple[Any, ...] | None:
        """Return the partials that one who watches here has for a node."""
        return next(filter(None, [watcher.partials(out) for watcher in _watchers.get()]), None)


def _set(switches: tuple[Switch, ...], change: int) -> None:
    """Set the switches here, and put the engine's hook in place while there is one anywhere."""
    global _on
    last = {each.what: each.watcher for each in switches}
    watchers = sorted(filter(None, last.values()), key=lambda watcher: watcher.turn)
    _switches.set(switches)
    _watchers.set(tuple(watchers))
    _leaves.set(watchers == [_LEAVES])
    with _lock:
        _on += change
        engine.hook = _HOOK if _on else None


# ---------------------------------------------------------------------------- no_grad


class _Leaves(Watcher):
    """Makes a leaf of every node, once the others have seen it."""

    turn = LAST

    def made(self, out: Value) -> Value:
        if out.op is not None:
            out.op = out._a = out._b = out._da = out._db = None
        return out


class no_grad:
    """Record nothing: results are leaf Values, and modules compute in floats.

    A context manager, and a decorator of functions, async ones too. It holds for the thread, or the
    asyncio task, that it is in. ``no_grad(False)`` records again, inside of another one.
    """

    def __init__(self, on: bool = True) -> None:
        if not isinstance(on, bool):
            raise TypeError(f"no_grad takes True or False, not {on!r}: write @no_grad()")
        self._on = on
        self._entered: list[Switch] = []

    def __enter__(self) -> None:
        self._entered.append(Switch("grad", _LEAVES if self._on else None))
        self._entered[-1].turn()

    def __exit__(self, *error: object) -> None:
        self._entered.pop().__exit__()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, as it runs without recording."""
        from functools import wraps

        flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
        if flags & _GENERATOR:
            raise TypeError("no_grad decorates no generator: write `with no_grad():` inside of it")

        @wraps(function)
        def quietly(*args: Any, **named: Any) -> Any:
            with no_grad(self._on):
                return function(*args, **named)

        @wraps(function)
        async def awaited(*args: Any, **named: Any) -> Any:
            with no_grad(self._on):
                return await function(*args, **named)

        return awaited if flags & _COROUTINE else quietly


def recording() -> no_grad | nullcontext[None]:
    """Record for a while, also where nothing is recorded otherwise."""
    return nullcontext() if records() else no_grad(False)


def records() -> bool:
    """Tell whether what is calculated here is recorded."""
    return engine.hook is None or _LEAVES not in _watchers.get()


_GENERATOR, _COROUTINE = 0x220, 0x80  # flags of code; importing inspect takes longer than all this
_leaves: ContextVar[bool] = ContextVar("leaves", default=False)
_LEAVES, _HOOK = _Leaves(), Hook()
