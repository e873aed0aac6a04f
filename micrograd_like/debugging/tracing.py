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

A switch holds for the thread, or the asyncio task, that sets it, and for the tasks that this one
starts. While all are off they cost nothing: the engine's one hook is None.
"""

from __future__ import annotations

import math
import sys
from itertools import islice
from types import CodeType

from ..engine import Value
from ..hooks import FIRST, Switch, Watcher
from ..names import Names
from .steps import Step, first_not_finite

_PACKAGE = __file__.rpartition("debugging")[0]


class AnomalyError(RuntimeError):
    """A number that is not finite, raised where it first appears.

    ``value`` is the node whose data is not finite. In `backward`, it is the node whose gradient,
    ``upstream``, times the ``partial`` made the gradient of its operand ``x`` not finite.
    """

    def __init__(self, message: str, value: Value, step: Step | None = None) -> None:
        super().__init__(message)
        self.value, self.x = value, step and step.x
        self.upstream, self.partial = step and step.upstream, step and step.partial


class _Lines(Watcher):
    """Tells every value the line of the user's code that made it."""

    turn = FIRST

    def made(self, out: Value) -> Value:
        out._line = _place_of_user()
        return out


class _Anomalies(Watcher):
    """Raises where a number that is not finite is made."""

    def made(self, out: Value) -> Value:
        if out.op is not None and not math.isfinite(out.data):
            raise AnomalyError(_told(out), out)
        return out

    def walked(self, root: Value, seed: float, order: list[Value], grads: list[float]) -> None:
        if all(map(math.isfinite, grads)):
            return
        step = first_not_finite(root, seed)
        if step is None:  # only without steps: one after a seed that is not finite is found
            title = Names(order).title(root)
            raise AnomalyError(f"the gradient of {title} is the seed, {seed!r}", root)
        title = step.names.title(step.x)
        raise AnomalyError(f"the gradient of {title} is not finite: {step}", step.out, step)


_LINES, _ANOMALIES = _Lines(), _Anomalies()


def trace_lines(on: bool = True) -> Switch:
    """Let every value remember which line of your code made it, as `Value.line`.

    Call it to turn this on or off, or use it in a ``with`` statement. Errors, drawings and the
    debugger then show the line.
    """
    return _turned("lines", _LINES if on else None)


def detect_anomaly(on: bool = True) -> Switch:
    """Raise `AnomalyError` where a value or a gradient that is not finite is made.

    The line that made the value raises it, or `backward`, which then leaves every leaf's ``grad``
    as it was. The exception holds the node, so that you can look at it in ``pdb.post_mortem()``.
    """
    return _turned("anomalies", _ANOMALIES if on else None)


def _turned(what: str, watcher: Watcher | None) -> Switch:
    """Return a switch that is turned by now: a call is enough, and a ``with`` statement ends it."""
    switch = Switch(what, watcher)
    switch.turn()
    return switch


class Place(str):
    """Where a value was made, as "train.py:12", and more of what the code there says.

    target    the variable that the result is assigned to, or ""
    by_call   whether that is the result of a call, which may make other values on its way
    span      the first and the last column of the expression, from Python 3.11 on; else None
    """

    target, by_call = "", False
    span: tuple[int, int] | None = None

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return str, (str(self),)


_places: dict[tuple[int, int], tuple[CodeType, Place]] = {}  # keeps the code, and so its id


def _place_of_user() -> Place:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    key = id(frame.f_code), frame.f_lasti
    if key not in _places:
        _places[key] = frame.f_code, _place(frame.f_code, frame.f_lasti, frame.f_lineno)
    return _places[key][1]


def _place(code: CodeType, last: int, line: int) -> Place:
    """Read what an instruction does, and where its result goes, from the code."""
    from dis import get_instructions

    place, name = Place(f"{code.co_filename}:{line}"), ""
    for each in get_instructions(code):
        if each.offset <= last:
            name = each.opname
        elif each.opname not in PASSED_OVER:
            if each.opname.startswith(STORES):  # two may be one, which then has two names
                place.target = str(each.argval[0] if type(each.argval) is tuple else each.argval)
            break
    place.by_call = not name.startswith(("BINARY", "INPLACE", "UNARY"))
    if sys.version_info >= (3, 11):
        first, end, start, stop = next(islice(code.co_positions(), last // 2, None))
        if first == end == line and start is not None and stop is not None:
            place.span = start, stop
    return place


STORES = ("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF")
PASSED_OVER = ("CACHE", "COPY", "DUP_TOP", "EXTENDED_ARG", "NOP", "PRECALL")


def _told(out: Value) -> str:
    """Say which op of which operands made a value that is not finite."""
    assert out.op is not None
    where = f", made at {out.line}" if out.line else ""
    wrong = [x for x in out.operands if not math.isfinite(x.data)]
    bad = max(wrong, key=lambda x: math.isnan(x.data), default=None)  # a nan before an inf
    came_in = f"; {Names().title(bad)} was {bad.data!r} already" if bad is not None else ""
    return f"{out.op.call(out.operands)} is {out.data!r}{where}{came_in}"
