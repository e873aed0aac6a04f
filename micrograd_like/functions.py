"""Functions of Values and floats that take other arguments than a row of the table does.

What you can do with it::

    >>> from micrograd_like import Value, log, softmax, where
    >>> x = Value(8.0, label="x")
    >>> log(x, 2).data, log(8.0, 2)
    (3.0, 3.0)
    >>> [round(p, 3) for p in softmax([1.0, 2.0, 3.0])]
    [0.09, 0.245, 0.665]
    >>> where(x > 0, lambda: log(x), 0.0).op
    <op log>

They take what `math`'s functions of these names take. Others, like `tanh`, are rows of `ops.TABLE`.
"""

from __future__ import annotations

from . import ops
from .ops import Recorder
from .signatures import of_each, of_many, of_numbers, of_pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .ops import Op

__all__ = ["dist", "fsum", "log", "log_softmax", "logsumexp", "maximum", "minimum", "pow", "prod"]
__all__ += ["softmax", "sumprod", "weighted_sum", "where"]


@of_numbers
def log(x: Any, base: Any = None) -> Any:
    """Return the logarithm of ``x`` to the given base, or the natural one."""
    if base is None:
        return ops.log(x)
    try:
        return ops.div(ops.log(x), ops.log(base))
    except ZeroDivisionError:
        raise ZeroDivisionError(f"{ops.log.call((x, base))}: the base is 1") from None


@of_numbers
def pow(x: Any, y: Any) -> Any:
    """Return ``x`` to the power ``y``, as `math.pow`: 0 to a negative power is a ValueError."""
    try:
        return (ops.pow if isinstance(y, Recorder) else ops.power)(x, y)
    except ZeroDivisionError as error:
        raise ValueError(str(error)) from None


@of_pairs
def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """Return the Euclidean distance between two points with the same number of coordinates."""
    return ops.hypot(*map(ops.sub, *_same_length("dist", p, q)))


@of_many
def fsum(xs: Iterable[Any]) -> Any:
    """Return the sum, rounded once: one node for any number of operands."""
    return ops.fsum(*xs)


@of_many
def prod(xs: Iterable[Any], *, start: Any = 1) -> Any:
    """Return the product: one node for any number of operands."""
    return ops.prod(*xs) if isinstance(start, int) and start == 1 else ops.prod(start, *xs)


@of_pairs
def sumprod(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """Return the sum of the products of two sequences of the same length, without rounding errors
    adding up: one node."""
    p, q = _same_length("sumprod", p, q)
    return ops.sumprod(*p, *q)


@of_pairs
def weighted_sum(weights: Iterable[Any], inputs: Iterable[Any], bias: Any = None) -> Any:
    """Return ``bias + w1*x1 + w2*x2 + …``, added in that order, as one node: a neuron's sum."""
    weights, inputs = _same_length("weighted_sum", weights, inputs)
    return ops.weighted_sum(*weights, *inputs, *(() if bias is None else (bias,)))


@of_numbers
def maximum(*xs: Any) -> Any:
    """Return the largest of two or more operands, nan if any is nan; k that tie share it."""
    return ops.maximum(*_at_least(2, "maximum", xs))


@of_numbers
def minimum(*xs: Any) -> Any:
    """Return the smallest of two or more operands, nan if any is nan; k that tie share it."""
    return ops.minimum(*_at_least(2, "minimum", xs))


@of_many
def logsumexp(xs: Iterable[Any]) -> Any:
    """Return log(Σ exp(x)) without overflow: one node. Its partials are the softmax."""
    return ops.logsumexp(*_at_least(1, "logsumexp", xs))


@of_each
def softmax(xs: Iterable[Any]) -> list[Any]:
    """Return exp(x)/Σ exp of every x, without overflow: n nodes of n operands each.

    The cross-entropy of class t takes less: ``logsumexp(xs) - xs[t]``, one node of n operands.
    """
    return _of_each(ops.softmax, _at_least(1, "softmax", xs))


@of_each
def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """Return log(exp(x)/Σ exp) of every x, without overflow or cancellation."""
    return _of_each(ops.log_softmax, _at_least(1, "log_softmax", xs))


def where(condition: object, f: Any, g: Any) -> Any:
    """Return ``f`` where the condition holds, else ``g``; call it, if it can be called.

    With functions, as in ``where(x > 0, lambda: log(x), 0.0)``, the branch that is not taken is
    never computed, so it can neither raise nor put a nan into a gradient.
    """
    chosen = f if condition else g
    return chosen() if callable(chosen) else chosen


def _of_each(op: Op, xs: tuple[Any, ...]) -> list[Any]:
    """Apply an op of "the first among all" to each of ``xs`` in turn."""
    return [op(x, *xs[:i], *xs[i + 1 :]) for i, x in enumerate(xs)]


def _same_length(name: str, p: Iterable[Any], q: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    p, q = list(p), list(q)
    if len(p) != len(q):
        raise ValueError(f"{name} needs two sequences of one length, got {len(p)} and {len(q)}")
    return p, q


def _at_least(n: int, name: str, xs: Iterable[Any]) -> tuple[Any, ...]:
    xs = tuple(xs)
    if len(xs) < n:
        error = ValueError if n == 1 else TypeError  # as math's max() and fsum([]) of too few
        raise error(f"{name} takes {n} or more operands, got {len(xs)}")
    return xs
