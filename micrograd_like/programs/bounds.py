"""How large the numbers of a program may get: where none overflows, 0 times any of them is 0.

What you can do with it::

    >>> from micrograd_like import ops
    >>> from micrograd_like.programs.bounds import bounded
    >>> from micrograd_like.programs.form import Form, reached
    >>> form = Form()
    >>> a = form.leaf("a")
    >>> bounded(reached([form.node(ops.tanh, a * a)])), bounded(reached([1.0 / a]))
    (True, False)

A program of bounded numbers need not compute a gradient that a dead relu multiplies by 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .. import ops
from ..ops import Op
from .form import COMPARED, Node

LARGEST = "1e12"  # of the numbers that a program takes, as it is written there
HUGE = 1e290  # what no number of a bounded program comes to
# No larger than 1, and what is no larger than 4·Σ(|x| + 1); their partials are not, either.
UNIT = {ops.tanh, ops.sin, ops.cos, ops.erf, ops.sigmoid, ops.sech2, ops.softmax, ops.normal_cdf}
GENTLE = {ops.relu, ops.gelu, ops.silu, ops.selu, ops.softplus, ops.log_sigmoid}
GENTLE |= {ops.fabs, ops.maximum, ops.minimum, ops.clamp, ops.logsumexp, ops.log_softmax}
GENTLE |= UNIT


def bounded(order: Iterable[Node]) -> bool:
    """Tell whether all numbers are below 1e290 where all leaves are below 1e12.

    ``order`` has each node after its operands.
    """
    known: dict[Node, float] = {}
    for node in order:
        most = known[node] = _most(node, [known[x] for x in node.xs])
        if not most < HUGE:
            return False
    return True


def _most(node: Node, xs: list[float]) -> float:
    """Return what the absolute value of a node is at most, from that of its operands."""
    op = node.op
    if op == "leaf":
        return float(LARGEST)
    if op == "constant":
        return abs(float(node.of))
    if op == "select":
        return max(xs[1:])
    if op in COMPARED or op in UNIT:
        return 1.0
    if op == "item":
        return xs[0]
    if op == "rule":
        return _most_of_partials(node.of, node.xs[1:], xs[1:])  # the first is what the op returned
    if op in (ops.add, ops.sub, ops.fsum):
        return sum(xs)
    if op in (ops.mul, ops.neg, ops.sumprod, ops.weighted_sum):
        return float(abs(op.value(xs)))
    if op is ops.power and node.xs[1].op == "constant" and node.xs[1].of >= 1.0:
        return math.pow(*xs) if xs[0] < HUGE ** (1 / xs[1]) else HUGE
    if op is ops.div and node.xs[1].op == "constant" and node.xs[1].of:
        return xs[0] / xs[1]
    return _gentle(xs) if isinstance(op, Op) and op in GENTLE else HUGE


def _most_of_partials(op: Op, operands: Sequence[Node], xs: list[float]) -> float:
    """Return what the absolute values of an op's partials are at most."""
    if op is ops.power and operands[1].op == "constant" and operands[1].of >= 1.0:
        x, n = max(xs[0], 1.0), xs[1]  # the partials are n·xⁿ⁻¹ and xⁿ·log x, and log 1e290 < 700
        return 700 * n * math.pow(x, n) if x < HUGE ** (1 / n) else HUGE
    return _gentle(xs) if op in GENTLE else HUGE


def _gentle(xs: list[float]) -> float:
    return 4 * sum(xs) + 4 * len(xs)
