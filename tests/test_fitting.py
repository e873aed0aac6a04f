"""A metric is handed the output of the model as floats, and the target as it is in the data."""

from __future__ import annotations

from typing import Any

import pytest

from micrograd_like import losses, nn, optim
from micrograd_like.training import evaluate, fit


@pytest.mark.parametrize("target", [-1, 1, 0.25])
def test_a_metric_gets_the_target_as_it_is(target: float) -> None:
    model, seen = nn.MLP(1, [1], rng=1), list[Any]()

    def metric(output: float, target: float) -> float:
        seen.append((output, target))
        return 0.0

    score = model([2.0]).data
    evaluate(model, [([2.0], target)], losses.half_squared_error, {"seen": metric})
    assert {*seen} == {(score, target)}
    assert {type(x) for x in seen[-1]} <= {float, int}


def test_accuracy_is_of_targets_of_minus_1_too() -> None:
    model = nn.MLP(1, [1], init=1.0)  # the output is the input
    rows = [([2.0], 1), ([2.0], -1), ([-2.0], -1), ([-3.0], -1)]
    assert evaluate(model, rows, losses.hinge, ["accuracy"])["accuracy"] == 0.75
    history = fit(
        model, rows, loss=losses.hinge, optimizer=optim.SGD(model, 1e-9), epochs=1,
        metrics=["accuracy"], validation=rows[1:], progress=False,
    )  # fmt: skip
    assert history["accuracy"] == [0.75]
    assert history["validation_accuracy"] == [2 / 3]
