"""The losses: their values against their definitions in many digits, at all magnitudes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like import Value, losses, nn

numbers = st.floats(-1e150, 1e150)
scores = st.one_of(st.floats(-40, 40), st.floats(-1e300, 1e300), st.sampled_from([0.0, -0.0]))


def pairs(outputs: st.SearchStrategy[float], targets: st.SearchStrategy[float]) -> Any:
    return st.lists(st.tuples(outputs, targets), min_size=1, max_size=4).map(
        lambda rows: tuple(map(list, zip(*rows, strict=True)))
    )


def both(loss: Callable[[Any, Any], Any], output: Any, target: Any) -> tuple[float, list[float]]:
    """Return a loss's value, once floats and Values agree on it, and its gradients."""
    several = isinstance(output, list)
    values = [Value(y) for y in (output if several else [output])]
    result = loss(values if several else values[0], target)
    result.backward()
    plain = loss(output, target)
    assert type(plain) is float
    assert repr(plain) == repr(result.data)
    return plain, [float(value.grad) for value in values]


def close(got: float, want: Any, ulps: float = 8.0) -> bool:
    return got == want or abs(mpmath.mpf(got) - want) <= ulps * 2**-53 * abs(want) + 5e-323


@given(pairs(numbers, numbers))
def test_squared_errors(rows: tuple[list[float], list[float]]) -> None:
    outputs, targets = rows
    n = len(outputs)
    with mpmath.workprec(400):
        ds = [mpmath.mpf(y - t) for y, t in zip(outputs, targets, strict=True)]
        squares = mpmath.fsum(d * d for d in ds)
        mean, mean_grads = both(losses.mean_squared_error, outputs, targets)
        half, half_grads = both(losses.half_squared_error, outputs, targets)
        absolute, signs = both(losses.absolute_error, outputs, targets)
        assert close(mean, squares / n)
        assert close(half, squares / 2)
        assert close(absolute, mpmath.fsum(map(abs, ds)) / n)
    for d, mean_grad, half_grad, sign in zip(ds, mean_grads, half_grads, signs, strict=True):
        assert close(mean_grad, 2 * d / n)
        assert close(half_grad, d)
        assert sign == (d > 0) / n - (d < 0) / n


@given(pairs(scores, st.sampled_from([1, -1])))
def test_hinge(rows: tuple[list[float], list[float]]) -> None:
    value, grads = both(losses.hinge, *rows)
    n = len(grads)
    margins = [mpmath.mpf(1) - t * mpmath.mpf(s) for s, t in zip(*rows, strict=True)]
    assert close(value, mpmath.fsum(m for m in margins if m > 0) / n, ulps=16)
    for grad, target, score in zip(grads, rows[1], rows[0], strict=True):
        assert grad == (-target / n if 1.0 - target * score > 0 else 0.0)


@given(scores, st.one_of(st.sampled_from([0, 1, True, 0.5]), st.floats(0, 1)))
def test_binary_cross_entropy(logit: float, target: float) -> None:
    value, (grad,) = both(losses.binary_cross_entropy, logit, target)
    with mpmath.workprec(3000):  # 1 - p has to be told from 1
        x, t = mpmath.mpf(max(-1500, min(1500, logit))), mpmath.mpf(target)
        p = 1 / (1 + mpmath.exp(-x))
        want = -t * mpmath.log(p) - (1 - t) * mpmath.log(1 - p)
        if abs(logit) <= 1500:
            assert close(value, want)
        else:  # log p is x, then
            assert close(value, abs(mpmath.mpf(logit)) * (1 - t if logit > 0 else t))
        assert abs(grad - (p - t)) <= 8 * 2**-53 * (p * (1 - t) + t * (1 - p)) + 5e-323


@given(st.lists(scores, min_size=2, max_size=5), st.data())
def test_cross_entropy(logits: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(logits) - 1))
    value, grads = both(losses.cross_entropy, logits, target)
    with mpmath.workprec(300):
        largest = max(logits)
        exps = [mpmath.exp(max(mpmath.mpf(x) - largest, -2000)) for x in logits]
        total = mpmath.fsum(exps)
        # log1p where it is the largest, as log(total) would have to be told from 0
        rest = mpmath.fsum(exps[:target] + exps[target + 1 :])
        want = mpmath.log1p(rest / exps[target])
        if min(logits) >= largest - 1900:
            assert close(value, want)
        for i, grad in enumerate(grads):
            share = exps[i] / total
            gap = rest / total if i == target else share
            assert abs(abs(grad) - gap) <= 8 * 2**-53 * gap + 5e-323
            assert (grad <= 0) if i == target else (grad >= 0)


@pytest.mark.parametrize(
    ("loss", "output", "target", "value"),
    [
        (losses.mean_squared_error, 3, 1, 4.0),
        (losses.mean_squared_error, [1, 2, 3], [1, 2, 6], 3.0),
        (losses.mean_squared_error, 1e200, 0, math.inf),
        (losses.half_squared_error, [0.75136507, 0.772928465], [0.01, 0.99], 0.298371109),
        (losses.absolute_error, [1, -2], [4, 2], 3.5),
        (losses.hinge, 0.25, 1, 0.75),
        (losses.hinge, [2, 0.5], [1, -1], 0.75),
        (losses.hinge, -1e300, 1, 1e300),
        (losses.binary_cross_entropy, 0, 1, math.log(2)),
        (losses.binary_cross_entropy, 1000, 0, 1000.0),
        (losses.binary_cross_entropy, 1000, 1, 0.0),
        (losses.binary_cross_entropy, -800, 1, 800.0),
        (losses.binary_cross_entropy, 40, 1, math.exp(-40)),
        (losses.cross_entropy, [0, 0, 0], 1, math.log(3)),
        (losses.cross_entropy, [1000, 0], 0, 0.0),
        (losses.cross_entropy, [1000, 0], 1, 1000.0),
        (losses.cross_entropy, (40, 0), 0, math.exp(-40)),
    ],
)
def test_numbers(loss: Callable[..., Any], output: Any, target: Any, value: float) -> None:
    assert loss(output, target) == pytest.approx(value, rel=1e-8)


def test_a_single_output_needs_no_list() -> None:
    for loss in (losses.mean_squared_error, losses.binary_cross_entropy, losses.hinge):
        alone = loss(Value(0.3), 1)
        assert alone.data == loss([Value(0.3)], [1]).data == loss([0.3], 1) == loss(0.3, [1])


def test_a_difference_may_be_from_a_value() -> None:
    y, t = Value(3.0), Value(1.0)
    losses.mean_squared_error(y, t).backward()
    assert (y.grad, t.grad) == (4.0, -4.0)


def test_losses_make_few_nodes() -> None:
    ys = [Value(float(i)) for i in range(10)]
    loss = losses.cross_entropy(ys, 3)
    assert loss.op is not None
    assert [x.op.name for x in loss.operands if x.op] == ["log_softmax"]
    penalty = losses.l2_penalty(ys, 0.5)
    assert [x.op.name for x in penalty.operands if x.op] == ["weighted_sum"]


def test_l2_penalty_is_what_weight_decay_adds_to_the_gradients() -> None:
    model = nn.MLP(2, [3, 1], rng=random.Random(0))
    penalty = losses.l2_penalty(model, 0.1)
    assert penalty.data == pytest.approx(0.1 * math.fsum(p.data**2 for p in model.parameters()))
    penalty.backward()
    assert [p.grad for p in model.parameters()] == pytest.approx(
        [0.2 * p.data for p in model.parameters()]
    )
    assert losses.l2_penalty([3.0, 4.0]) == 25.0
    assert losses.l2_penalty(iter([3.0, 4.0]), 0) == 0.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: losses.mean_squared_error([1, 2], [1]), ValueError, "1 targets for 2 outputs"),
        (lambda: losses.absolute_error([], []), ValueError, "0 targets for 0 outputs"),
        (lambda: losses.half_squared_error("a", 1), TypeError, "'a'"),
        (lambda: losses.mean_squared_error(1, None), TypeError, "None"),
        (lambda: losses.hinge(0.5, 0), ValueError, "hinge: a target is 1 or -1, not 0"),
        (lambda: losses.hinge([1, 2], [1, math.nan]), ValueError, "not nan"),
        (lambda: losses.hinge(1, [1, 1]), ValueError, "2 targets for 1 outputs"),
        (lambda: losses.hinge(1, "1"), TypeError, "'1'"),
        (lambda: losses.binary_cross_entropy(1, 2), ValueError, "between 0 and 1, not 2"),
        (lambda: losses.binary_cross_entropy(1, -1), ValueError, "not -1"),
        (lambda: losses.binary_cross_entropy(1, math.nan), ValueError, "not nan"),
        (lambda: losses.binary_cross_entropy(1, Value(1.0)), TypeError, "Value"),
        (lambda: losses.cross_entropy([1, 2], 2), IndexError, "no class 2 among 2, 0 to 1"),
        (lambda: losses.cross_entropy([1, 2], -1), IndexError, "no class -1"),
        (lambda: losses.cross_entropy([1, 2], 0.0), TypeError, "a whole number, not 0.0"),
        (lambda: losses.cross_entropy([1, 2], [0, 1]), TypeError, r"not \[0, 1\]"),
        (
            lambda: losses.cross_entropy(1.0, 0),
            TypeError,
            "for a single score, use binary_cross_entropy",
        ),
        (lambda: losses.cross_entropy([1.0], 0), TypeError, "two or more scores"),
        (lambda: losses.l2_penalty([]), ValueError, "no parameters"),
        (lambda: losses.l2_penalty(Value(1.0)), TypeError, "a Module or a list, not Value"),
        (lambda: losses.l2_penalty([1.0], -1), ValueError, "at least 0, not -1"),
        (lambda: losses.l2_penalty([1.0], math.nan), ValueError, "not nan"),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
