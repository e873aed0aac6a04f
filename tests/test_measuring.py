"""What is measured of data: the metrics, and the words on what went wrong first."""

from __future__ import annotations

import math

import pytest

from micrograd_like import Value, clamp, sqrt
from micrograd_like.measuring import first_non_finite


class TestTheFirstNumberThatWentWrong:
    @pytest.mark.parametrize("root_first", [False, True])
    def test_is_where_the_gradient_broke_not_where_it_was_seen_first(
        self, root_first: bool
    ) -> None:
        w = Value(0.0, label="w")
        z = w * 1.0
        loss = sqrt(z) + 3 * z if root_first else 3 * z + sqrt(z)
        loss.backward()
        assert first_non_finite(loss) == (
            "; the first gradient that is not finite runs through sqrt(0.0) = 0.0: its own is 1.0, "
            "times the partial inf"
        )

    def test_is_no_bound_that_is_infinite_on_purpose(self) -> None:
        loss = clamp(Value(0.5), 0.0, Value(math.inf, label="top")) * Value(1e200) * Value(1e200)
        assert first_non_finite(loss).endswith(" is mul(5e+199, 1e+200) = inf")

    def test_is_named_with_its_label_or_its_operands(self) -> None:
        assert first_non_finite(Value(math.nan, label="w") * 2) == (
            "; the first value that is not finite is w = nan"
        )
        assert first_non_finite(Value(math.nan) * 2) == (
            "; the first value that is not finite is an unnamed leaf = nan"
        )
        assert first_non_finite(Value(1e200, label="p") * 1e200) == (
            "; the first value that is not finite is mul(p=1e+200, 1e+200) = inf"
        )

    def test_is_none_where_all_is_finite(self) -> None:
        assert first_non_finite(Value(2.0) * 3) == ""
