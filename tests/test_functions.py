"""A function that takes an optional operand takes 0 for one, too: a Value of 0.0 is false."""

from __future__ import annotations

import pytest

from micrograd_like import Value, dist, log, prod, weighted_sum, where


@pytest.mark.parametrize("bias", [0.0, -0.0, 2.0])
def test_a_bias_of_0_is_a_bias(bias: float) -> None:
    b = Value(bias, label="b")
    out = weighted_sum([2.0], [Value(3.0)], b)
    assert b in out.operands
    assert out.partials[-1] == 1.0
    out.backward()
    assert b.grad == 1.0
    assert len(weighted_sum([2.0], [Value(3.0)], bias).operands) == 3


def test_a_start_of_0_is_a_start() -> None:
    start = Value(0.0)
    out = prod([3.0, 4.0], start=start)
    out.backward()
    assert (out.data, start.grad) == (0.0, 12.0)
    assert prod([3.0, 4.0], start=0) == 0.0


def test_a_base_of_0_is_a_base() -> None:
    for base in (0.0, Value(0.0)):
        with pytest.raises(ValueError, match="log"):
            log(Value(2.0), base)


def test_a_branch_of_0_is_a_branch() -> None:
    nothing = Value(0.0)
    assert where(True, nothing, 1.0) is nothing
    assert where(False, 1.0, nothing) is nothing
    assert where(nothing, 1.0, 2.0) == 2.0


def test_a_distance_needs_as_many_coordinates() -> None:
    with pytest.raises(ValueError, match="got 1 and 2"):
        dist([Value(1.0)], [1.0, 2.0])
