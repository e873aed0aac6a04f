"""Watch values as they are made: by which line, and whether they are finite.

What you can do with it::

    >>> from micrograd_like import Value
    >>> from micrograd_like.debugging.tracing import detect_anomaly, trace_lines
    >>> with trace_lines():
    ...     y = Value(2.0) * 3.0
    >>> y.line                                 # file and line of your code
    '...:2'
    >>> with detect_anomaly():
    ...     Value(1e200) * 1e200
    Traceback (most recent call last):
    micrograd_like.debugging.tracing.AnomalyError: mul(1e+200, 1e+200) is inf

They hold for the thread, or the task of asyncio, that switches them on, and for the tasks that it
starts. Both cost time, so they are off unless asked for, and cost nothing then: the engine has one
hook, which is None until something is switched on anywhere. How much they cost is printed by
``tests/benchmarks/bench_watching.py``.
"""

from __future__ import annotations

import math
import sys
import threading
from contextvars import ContextVar

from .. import engine
from ..engine import Value
from ..names import Names
from ..ops import number
from .steps import first_not_finite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

_PACKAGE = __file__.rpartition("debugging")[0]
_switches: ContextVar[tuple[_Switch, ...]] = ContextVar("switches", default=())
_on = 0  # how many switches there are, in all threads
_lock = threading.Lock()


class AnomalyError(RuntimeError):
    """A number that is not finite, where it first came up.

    ``value`` is the node whose data is not finite; or, in a backward, the node from which, by its
    gradient ``upstream`` times the ``partial``, the gradient of its operand ``x`` became so.
    """

    def __init__(
        self,
        message: str,
        value: Value,
        x: Value | None = None,
        upstream: float | None = None,
        partial: float | None = None,
    ) -> None:
        super().__init__(message)
        self.value = value
        self.x = x
        self.upstream = upstream
        self.partial = partial


class Hook:
    """What the engine calls while something is switched on: for each value made, and each walk."""

    def made(self, out: Value) -> Value:
        """Look at a new value, a leaf or a node, and return it."""
        if _is_on("lines"):
            out._line = _line_of_user()
        if out.op is not None and not math.isfinite(out.data) and _is_on("anomalies"):
            raise AnomalyError(_told(out), out)
        return out

    def walked(
        self, root: Value, seed: float, order: Sequence[Value], grads: Iterable[float]
    ) -> None:
        """Look at the gradients of a walk, before they are kept."""
        if not _is_on("anomalies") or all(map(math.isfinite, map(number, grads))):
            return
        step = first_not_finite(root, seed)
        if step is None:  # what is not finite once stays so: there are no steps
            names = Names(order)
            raise AnomalyError(f"the gradient of {names.title(root)} is the seed, {seed!r}", root)
        raise AnomalyError(
            f"the gradient of {step.names.title(step.x)} is not finite: {step}",
            step.out,
            step.x,
            step.upstream,
            step.partial,
        )


def _is_on(what: str) -> bool:
    """Tell whether something is on here: the last switch that has not ended decides."""
    for switch in reversed(_switches.get()):
        if switch.what == what:
            return switch.on
    return False


class _Switch:
    """Turn something on or off; as a context manager, end that when the block ends."""

    def __init__(self, what: str, on: bool) -> None:
        self.what, self.on = what, on
        self.__enter__()

    def __enter__(self) -> None:
        if self not in _switches.get():
            _switches.set((*_switches.get(), self))
            _count(1)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        left = tuple([switch for switch in _switches.get() if switch is not self])
        if len(left) < len(_switches.get()):
            _switches.set(left)
            _count(-1)


def _count(change: int) -> None:
    """Put the engine's hook in place while there is a switch."""
    global _on
    with _lock:
        _on += change
        engine.hook = Hook() if _on else None


def trace_lines(on: bool = True) -> _Switch:
    """Let every value remember which line of your code made it: its `Value.line`.

    Call it to turn this on, or off; or use it in a ``with`` statement. Errors, drawings and the
    debugger then tell the line.
    """
    return _Switch("lines", on)


def detect_anomaly(on: bool = True) -> _Switch:
    """Raise `AnomalyError` where a value that is not finite is made, or a gradient that is not.

    It is raised from the line that made the value, or from `backward`, which then leaves every
    gradient as it was. The exception holds the node, so that ``pdb.post_mortem()`` can look at it.
    """
    return _Switch("anomalies", on)


def _line_of_user() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _told(out: Value) -> str:
    """Say which op of which operands made a value that is not finite."""
    assert out.op is not None
    where = f", made at {out.line}" if out.line else ""
    wrong = [x for x in out.operands if not math.isfinite(x.data)]
    bad = max(wrong, key=lambda x: math.isnan(x.data), default=None)  # a nan before an inf
    came_in = f"; {Names().title(bad)} was {bad.data!r} already" if bad is not None else ""
    return f"{out.op.call(out.operands)} is {out.data!r}{where}{came_in}"
