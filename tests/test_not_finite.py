"""The culprit is what did harm: an infinity beside a nan is passed over, the nan is not."""

from __future__ import annotations

import math

import pytest

from micrograd_like import Value, fsum
from micrograd_like.debugging.not_finite import find_nonfinite


@pytest.mark.parametrize("order", [1, -1])
def test_a_nan_is_blamed_and_not_an_infinity_beside_it(order: int) -> None:
    wide, bad = Value(math.inf, label="wide"), Value(math.nan, label="bad")
    found = find_nonfinite(fsum([wide, bad][::order]))
    assert found is not None
    assert found.value is bad
    assert not found.born


def test_an_infinity_that_makes_the_loss_infinite_is_blamed() -> None:
    wide = Value(math.inf, label="wide")
    found = find_nonfinite(fsum([wide, Value(1.0)]))
    assert found is not None
    assert found.value is wide
