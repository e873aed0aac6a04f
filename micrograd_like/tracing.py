"""Watch values as they are made: by which line, and whether they are finite.

What you can do with it::

    >>> from micrograd_like import Value
    >>> from micrograd_like.tracing import detect_anomaly, trace_lines
    >>> with trace_lines():
    ...     y = Value(2.0) * 3.0
    >>> y.line                                 # file and line of your code
    '...:2'
    >>> with detect_anomaly():
    ...     Value(1e200) * 1e200
    Traceback (most recent call last):
    micrograd_like.tracing.AnomalyError: mul(1e+200, 1e+200) is inf

Both cost time, so they are off unless asked for, and cost nothing then: while one is on, the
engine's own function that makes nodes is replaced by one that does more. They hold for all threads.
How much they cost is printed by ``tests/benchmarks/bench_watching.py``.
"""

from __future__ import annotations

import math
import sys
import threading

from . import engine
from .engine import Value
from .stepping import first_not_finite, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_PACKAGE = __file__.rpartition("tracing.py")[0]
_node, _init, _backpropagate = engine._node, Value.__init__, engine._backpropagate
_on = {"lines": False, "anomalies": False}
_switches: dict[str, list[_Switch]] = {"lines": [], "anomalies": []}
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


class _Switch:
    """Turn something on or off; as a context manager, end that when the block ends.

    The last switch that has not ended decides, so that blocks may overlap, in threads too.
    """

    def __init__(self, what: str, on: bool) -> None:
        self.what, self.on = what, on
        self.__enter__()

    def __enter__(self) -> None:
        with _lock:
            if self not in _switches[self.what]:
                _switches[self.what].append(self)
            _apply()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _lock:
            _switches[self.what].remove(self)
            _apply()


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


def _apply() -> None:
    """Put the engine's functions in place that the switches ask for."""
    for what, switches in _switches.items():
        _on[what] = bool(switches) and switches[-1].on
    engine._node = _watched_node if any(_on.values()) else _node
    type.__setattr__(Value, "__init__", _watched_init if _on["lines"] else _init)
    engine._backpropagate = _watched_backpropagate if _on["anomalies"] else _backpropagate


def _watched_init(self: Value, data: float, label: str = "") -> None:
    _init(self, data, label)
    self._line = _line_of_user()


def _watched_node(data: float, op: Any, a: Any, b: Any, da: Any, db: Any) -> Value:
    out = _node(data, op, a, b, da, db)
    if _on["lines"]:
        out._line = _line_of_user()
    if _on["anomalies"] and not math.isfinite(data):
        raise AnomalyError(_told(out), out)
    return out


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
    came_in = f"; {name_of(bad)} was {bad.data!r} already" if bad is not None else ""
    return f"{out.op.call(out.operands)} is {out.data!r}{where}{came_in}"


def _watched_backpropagate(
    root: Value, seed: Any, create_graph: bool
) -> tuple[list[Value], dict[Value, Any]]:
    order, grads = _backpropagate(root, seed, create_graph)
    if not all(map(math.isfinite, map(float, grads.values()))):
        step = first_not_finite(root, float(seed))
        if step is None:  # what is not finite once stays so: there are no steps
            raise AnomalyError(f"the gradient of {name_of(root)} is the seed, {seed!r}", root)
        raise AnomalyError(
            f"the gradient of {name_of(step.x)} is not finite: {step}",
            step.out,
            step.x,
            step.upstream,
            step.partial,
        )
    return order, grads
