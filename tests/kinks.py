"""Where the rows of the table are not smooth, or lose digits: what only tests ask.

``KINKS[name]`` is 0 at a kink or a pole of the op or of its partials, and small near one.
``DRAWN_FROM[name]`` has an open interval for each operand (the last one serves all that follow),
where the rule has all its digits; elsewhere it is the op's domain, or all numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, isfinite

from micrograd_like.ops import POSITIVE, REALS, Op

Interval = tuple[float, float]


def _gap(*xs: float) -> float:
    """Return the least distance between two operands: 0 at a tie."""
    return min(y - x for x, y in pairwise(sorted(xs)))


def _to_integer(a: float) -> float:
    return a - round(a) if isfinite(a) else 0.0


def _jump(a: float, b: float) -> float:
    return b and _to_integer(a / b) * b * b / (abs(a) + abs(b))


def _to_bounds(a: float, low: float, high: float) -> float:
    return min(abs(a - low), abs(a - high))


def _of_a(a: float, *others: float) -> float:
    return a


def _of_b(a: float, b: float) -> float:
    return b


KINKS: dict[str, Callable[..., float]] = {
    **dict.fromkeys(("div", "ieee_div"), _of_b),
    **dict.fromkeys(("floordiv", "mod", "fmod"), _jump),
    **dict.fromkeys(("floor", "ceil", "trunc"), _to_integer),
    **dict.fromkeys(("abs", "sign", "relu", "selu", "softsign", "leaky_relu", "elu"), _of_a),
    **dict.fromkeys(("cbrt", "cbrt_slope"), _of_a),
    **dict.fromkeys(("hypot", "direction"), math.hypot),
    **dict.fromkeys(("maximum", "minimum"), _gap),
    "atan2": lambda a, b: a if b < 0 else math.hypot(a, b),
    "clamp": _to_bounds,
    "copysign": lambda a, b: a * b,
    "tan": math.cos,
}
DRAWN_FROM: dict[str, tuple[Interval, ...]] = {
    **dict.fromkeys(("power", "pow", "ieee_power", "ieee_pow"), (POSITIVE, REALS)),
    **dict.fromkeys(("erf", "erfc", "exp_neg_square"), ((-26.5, 26.5),)),
    **dict.fromkeys(("normal_pdf", "normal_cdf", "gelu"), ((-37.5, 37.5),)),
    "elu": (REALS, (-4.0, 4.0)),
}


def drawn_from(op: Op, i: int) -> Interval:
    """Return the open interval to draw the i-th operand from."""
    intervals: Sequence[Interval] = DRAWN_FROM.get(op.name, (op.domain,))
    return intervals[min(i, len(intervals) - 1)]


def kink(op: Op, xs: Sequence[float]) -> float:
    """Return a number that is 0 at a kink of the op, and small near one."""
    return KINKS[op.name](*xs) if op.name in KINKS else inf


def size(op: Op, more: int = 0) -> int:
    """Return a number of operands that the op takes; ``more`` chooses where it takes several."""
    if not op.many:
        return len(op.names)
    return (2, 4)[more % 2] if op.name == "sumprod" else 2 + more % 3
