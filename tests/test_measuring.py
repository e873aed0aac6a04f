"""What is measured of data: the metrics, and the words on what went wrong first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from micrograd_like import Value, clamp, logsumexp, maximum, sqrt
from micrograd_like.training.measuring import accuracy, not_finite


class TestAccuracy:
    @pytest.mark.parametrize(
        ("output", "target", "right"),
        [
            (0.5, 1, 1.0), (0.5, 0, 0.0), (-0.5, 0, 1.0), (-0.5, -1, 1.0), (0.0, 1, 0.0),
            ([0.5], 1, 1.0), ([0.5], [0], 0.0),
            ([1.0, 3.0, 2.0], 1, 1.0), ([1.0, 3.0, 2.0], 2, 0.0), ((1.0, 1.0), 0, 1.0),
        ],
    )  # fmt: skip
    def test_it(self, output: Any, target: int, right: float) -> None:
        assert accuracy(output, target) == right

    @pytest.mark.parametrize(
        ("output", "target", "message"),
        [
            (0.7, 0.7, "a single score is 0, 1 or -1, not 0.7"),
            (0.7, 2, "not 2"),
            ([1.0, 2.0], 2, "of 2 scores, the target is 0 to 1, not 2"),
            ([1.0, 2.0], -1, "not -1"),
            ([1.0, 2.0], 0.5, "not 0.5"),
            ([1.0, 2.0], [0, 1], r"not \[0, 1\]"),
            ([0.3], [1, 0], r"not \[1, 0\]"),
            ([0.3], [], r"not \[\]"),
            ([], 0, "there are no scores"),
        ],
    )
    def test_what_is_neither_right_nor_wrong(self, output: Any, target: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            accuracy(output, target)


class TestTheFirstNumberThatWentWrong:
    @pytest.mark.parametrize("root_first", [False, True])
    def test_is_where_the_gradient_broke_not_where_it_was_seen_first(
        self, root_first: bool
    ) -> None:
        w = Value(0.0, label="w")
        z = w * 1.0
        loss = sqrt(z) + 3 * z if root_first else 3 * z + sqrt(z)
        loss.backward()
        assert not_finite(loss) == (
            "; the first gradient that is not finite runs through sqrt(0.0) = 0.0: its own is 1.0, "
            "times the partial inf"
        )

    def test_is_no_bound_that_is_infinite_on_purpose(self) -> None:
        loss = clamp(Value(0.5), 0.0, Value(math.inf, label="top")) * Value(1e200) * Value(1e200)
        assert not_finite(loss).endswith(" is mul(5e+199, 1e+200) = inf")

    @pytest.mark.parametrize(
        "take",
        [
            clamp,
            lambda x: clamp(x, 0.0),
            lambda x: maximum(Value(-math.inf, label="start"), x),
            lambda x: maximum(x, Value(-math.inf, label="start")),
            lambda x: logsumexp([Value(-math.inf, label="mask"), x]),
        ],
    )
    def test_is_no_bound_beside_what_went_wrong(self, take: Callable[[Value], Value]) -> None:
        loss = take(Value(1e200, label="w") * 1e200)
        assert not_finite(loss).endswith(" is mul(w=1e+200, 1e+200) = inf")

    def test_is_an_infinite_leaf_that_does_harm(self) -> None:
        loss = Value(math.inf, label="top") * Value(0.0)
        assert not_finite(loss).endswith(" is top = inf")

    def test_may_be_a_sum_of_two_that_are_finite(self) -> None:
        w = Value(1e-3, label="w")
        assert not_finite(w * 1e308 + w * 1.5e308).endswith(
            "its own is 1.0, times the partial 1e+308, added to 1.5e+308"
        )

    def test_is_named_with_its_label_or_its_operands(self) -> None:
        assert not_finite(Value(math.nan, label="w") * 2) == (
            "; the first value that is not finite is w = nan"
        )
        assert not_finite(Value(math.nan) * 2) == (
            "; the first value that is not finite is an unnamed leaf = nan"
        )
        assert not_finite(Value(1e200, label="p") * 1e200) == (
            "; the first value that is not finite is mul(p=1e+200, 1e+200) = inf"
        )

    def test_is_none_where_all_is_finite(self) -> None:
        assert not_finite(Value(2.0) * 3) == ""
