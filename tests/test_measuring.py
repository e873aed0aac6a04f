"""What is measured of data: the metrics, and the words on what went wrong first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from micrograd_like import Value, clamp, exp, logsumexp, losses, maximum, nn, sqrt
from micrograd_like.training import evaluate, predict
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


class Outputs(nn.Module):
    """A model that returns its inputs, and a single one as it is, not in a list."""

    def __call__(self, x: Any) -> Any:
        values = [Value(xi) for xi in x]
        return values[0] if len(values) == 1 else values


class TestPredict:
    def test_classes_for_several_scores(self) -> None:
        rows = [[1.0, 3.0, 2.0], (5, 4, 3), [0.0, 1.0, 1.0]]
        answers = predict(Outputs(), rows)
        assert answers == [1, 0, 1]
        assert {type(answer) for answer in answers} == {int}
        measured = evaluate(Outputs(), zip(rows, answers), losses.cross_entropy, ["accuracy"])
        assert measured["accuracy"] == 1

    def test_numbers_for_a_single_output(self) -> None:
        assert predict(Outputs(), [[-0.5], [2]]) == [-0.5, 2.0]
        model = nn.MLP(2, [3, 1], rng=1)
        assert predict(model, [[1.0, 2.0]]) == [model([1.0, 2.0]).data]

    def test_rows_may_have_targets_which_are_ignored(self) -> None:
        inputs = [[1.0, 3.0], [5.0, 4.0]]  # two inputs are not taken for inputs and a target
        assert predict(Outputs(), inputs) == [1, 0]
        for target in (0, [1.0], None, "owl"):
            assert predict(Outputs(), [(x, target) for x in inputs]) == [1, 0]
        assert predict(Outputs(), ((x for x in row) for row in inputs)) == [1, 0]

    def test_bad_rows_are_named(self) -> None:
        for rows, message in (
            (5, "data is 5: it must be a list of rows"),
            ([], "data is empty"),
            ([1.0, 2.0], "data row 0: the inputs are 1.0, not a list of numbers"),
            ([[1.0], "owl"], "data row 1: the inputs are 'owl'"),
            ([[1.0, 2.0], [1.0, "x"]], "data row 1, column 1"),
            ([[1.0, 2.0], [1.0]], "data row 1 has 1 inputs, where data row 0 has 2"),
        ):
            with pytest.raises((TypeError, ValueError), match=message):
                predict(Outputs(), rows)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="must be a Module"):
            predict(len, [[1.0]])  # type: ignore[arg-type]

    def test_a_number_that_is_not_finite_is_no_answer(self) -> None:
        class Grow(nn.Module):
            def __call__(self, x: Any) -> Any:
                return [Value(1.0), exp(Value(x[0])) * 1e300]

        assert predict(Grow(), [[0.0]]) == [1]
        with pytest.raises(
            FloatingPointError, match=r"data row 1: the model returned inf; the fir"
        ):
            predict(Grow(), [[0.0], [90.0]])


def test_the_metric_mse_is_the_mean_squared_error() -> None:
    for rows, mse in (([([3.0], 1.0), ([1.0], 1.0)], 2.0), ([([3.0, 1.0], [1.0, 1.0])], 2.0)):
        found = evaluate(Outputs(), rows, losses.absolute_error, ["mse"])
        assert found == {"loss": 1.0, "mse": mse}


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
