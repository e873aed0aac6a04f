"""How wrong an output is: loss functions of Values, or of floats.

What you can do with it::

    >>> from micrograd_like import losses, nn
    >>> losses.mean_squared_error([1.0, 2.0], [1.0, 4.0])      # floats in, float out
    2.0
    >>> scores = nn.MLP(2, [3], init=1.0)([0.5, 1.0])
    >>> loss = losses.cross_entropy(scores, 2)                 # Values in, Value out
    >>> loss.backward()
    >>> round(loss.data, 4)
    1.0986

A loss is of one example. `training.fit` takes the mean over a batch; by hand, it is
``fsum(map(loss, outputs, targets)) / n``.

An ``output`` is a number or a Value, or a list of them, as a model returns it; its ``target`` is a
number for each, or in a difference a Value. A ``score`` is an output that may be any number; a
``logit`` is a score that means log odds; ``d`` is the difference of an output and its target.
"""

from __future__ import annotations

import operator

from . import ops
from .functions import fsum, weighted_sum
from .habits import elsewhere
from .nn import Module
from .ops import as_float
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["absolute_error", "binary_cross_entropy", "cross_entropy", "half_squared_error", "hinge"]
__all__ += ["l2_penalty", "mean_squared_error"]
__getattr__ = elsewhere(__name__)


def mean_squared_error(output: Any, target: Any) -> Any:
    """Return the mean of the squared differences: torch.nn.MSELoss, "mse" in Keras."""
    ds = _differences("mean_squared_error", output, target)
    return _squares(ds) if len(ds) == 1 else _squares(ds) / len(ds)


def half_squared_error(output: Any, target: Any) -> Any:
    """Return half the sum of the squared differences; its derivatives are the differences."""
    return 0.5 * _squares(_differences("half_squared_error", output, target))


def absolute_error(output: Any, target: Any) -> Any:
    """Return the mean of the absolute differences: torch.nn.L1Loss, "mae" in Keras."""
    return _mean([ops.fabs(d) for d in _differences("absolute_error", output, target)])


def hinge(score: Any, target: Any) -> Any:
    """Return max(0, 1 - target * score), the max-margin loss: a target is 1 or -1.

    For a list of scores, each with its target, return the mean. Other targets raise ValueError.
    """
    terms = []
    for s, t in _pairs("hinge", score, target):
        if (sign := as_float(t)) not in (1.0, -1.0):
            raise ValueError(f"hinge: a target is 1 or -1, not {shorten(t)}")
        terms.append(ops.relu(ops.sub(1.0, s) if sign > 0 else ops.add(1.0, s)))
    return _mean(terms)


def binary_cross_entropy(logit: Any, target: Any) -> Any:
    """Return -log of the probability of the target, where the logit is the log odds of a 1.

    It is ``-t*log(p) - (1-t)*log(1-p)`` with ``p = sigmoid(logit)``, without overflow or
    cancellation: torch.nn.BCEWithLogitsLoss. For a list of logits, each with its target, return the
    mean. A target that is not between 0 and 1 raises ValueError.
    """
    terms = []
    for x, t in _pairs("binary_cross_entropy", logit, target):
        if not 0 <= (p := as_float(t)) <= 1:
            raise ValueError(f"binary_cross_entropy: a target is between 0 and 1, not {shorten(t)}")
        if p in (0.0, 1.0):
            terms.append(ops.softplus(ops.neg(x) if p else x))
        else:
            each = ops.softplus(ops.neg(x)), ops.softplus(x)
            terms.append(weighted_sum((p, 1 - p), each))  # of two terms >= 0: nothing cancels
    return _mean(terms)


def cross_entropy(scores: Any, target: Any) -> Any:
    """Return -log of the softmax of the scores at the target, the index of a class.

    It neither overflows nor cancels: torch.nn.CrossEntropyLoss, "sparse categorical cross-entropy
    from logits" in Keras. Raises TypeError if the target is not a whole number or the scores are
    not two or more, IndexError if there is no such class.
    """
    if not isinstance(scores, (list, tuple)) or len(scores) < 2:
        raise TypeError(
            f"cross_entropy: it takes a list of two or more scores, one per class, not "
            f"{shorten(scores)}; for a single score, use binary_cross_entropy"
        )
    try:
        i = operator.index(target)
    except TypeError:
        message = f"cross_entropy: a class is a whole number, not {shorten(target)}"
        raise TypeError(message) from None
    if not 0 <= i < len(scores):
        raise IndexError(f"cross_entropy: no class {i} among {len(scores)}, 0 to {len(scores) - 1}")
    return ops.neg(ops.log_softmax(scores[i], *scores[:i], *scores[i + 1 :]))


def l2_penalty(parameters: Module | Iterable[Any], strength: float = 1.0) -> Any:
    """Return ``strength`` times the sum of the squares of a module's parameters, or of a list.

    Added to a loss, it does what ``weight_decay=2*strength`` of SGD or Adam does faster.
    """
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    if not hasattr(parameters, "__iter__"):
        raise TypeError(f"l2_penalty: it takes a Module or a list, not {shorten(parameters)}")
    weights = list(parameters)
    if not weights:
        raise ValueError("l2_penalty: there are no parameters")
    if not as_float(strength) >= 0:
        raise ValueError(f"l2_penalty: the strength is at least 0, not {strength!r}")
    return strength * _squares(weights)


def _squares(ds: list[Any]) -> Any:
    """Return the sum of squares: one node, which overflows to inf and does not raise."""
    return weighted_sum(ds, ds)


def _mean(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else fsum(terms) / len(terms)


def _differences(name: str, output: Any, target: Any) -> list[Any]:
    return [ops.sub(y, t) for y, t in _pairs(name, output, target)]


def _pairs(name: str, output: Any, target: Any) -> list[tuple[Any, Any]]:
    """Pair each output with its target; a single one of each needs no list."""
    outputs = output if isinstance(output, (list, tuple)) else (output,)
    targets = target if isinstance(target, (list, tuple)) else (target,)
    if not outputs or len(outputs) != len(targets):
        raise ValueError(f"{name}: {len(targets)} targets for {len(outputs)} outputs")
    return list(zip(outputs, targets))
