"""Training with fit: what it learns, what it refuses, and that it goes on where it stopped."""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import itertools
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from interrupting import Interrupts, train

import micrograd_like
from micrograd_like import Value, data, exp, losses, nn, optim, sqrt
from micrograd_like.text import cells
from micrograd_like.training import collector_paused, evaluate, fit
from micrograd_like.training.history import History
from micrograd_like.training.progress import Progress

SVG = "{http://www.w3.org/2000/svg}"
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
STRIDE = {"dev": 3000, "ci": 1000, "thorough": 50}.get(PROFILE, 1000)  # between interrupts
KILLS, LINES, EPOCHS = {"dev": 12, "ci": 60, "thorough": 120}.get(PROFILE, 60), 120, 150
BINARY, MANY = losses.binary_cross_entropy, losses.cross_entropy
POINTS = data.moons(24, rng=3)
XOR = data.xor()
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def small(**kwargs: Any) -> nn.MLP:
    return nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(1), **kwargs)


def bits(model: nn.Module) -> list[str]:
    return [p.data.hex() for p in model.parameters()]


def untimed(history: History) -> list[dict[str, float]]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


def quick(model: nn.Module, rows: Any = POINTS, **kwargs: Any) -> History:
    """Call fit with arguments that serve most tests."""
    optimizer = kwargs.pop("optimizer", None) or optim.SGD(model, 0.1)
    settings = {"loss": BINARY, "epochs": 3, "batch_size": 5, "progress": False, **kwargs}
    return fit(model, rows, optimizer=optimizer, **settings)


class Twice(nn.Module):
    """A model that uses each parameter twice in a row: it is odd."""

    def __init__(self) -> None:
        self.net = small()

    def __call__(self, x: Any) -> Value:
        return self.net(x) - self.net([-y for y in x])


class Bend(nn.Module):
    """A line whose slope is w, plus w² where w is small: how often it uses w depends on w."""

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    def __call__(self, x: Any) -> Value:
        y = self.w * x[0]
        return y if self.w > 0.8 else y + self.w * self.w * x[1]


def penalized(model: nn.Module) -> Callable[[Value, float], Value]:
    return lambda score, target: BINARY(score, target) + losses.l2_penalty(model, 0.01)


class TestFit:
    def by_hand(
        self, model: Any, history: History, loss: Callable[..., Value], row_by_row: bool
    ) -> None:
        """Do what fit did; hold the records to the same numbers."""
        rng, rate = random.Random(7), 0.1
        for record in history:
            total = right = 0.0
            for batch in data.batches(POINTS, 5, rng):
                scores = [model(inputs) for inputs, _ in batch]
                each = [loss(s, t) for s, (_, t) in zip(scores, batch, strict=True)]
                mean = micrograd_like.fsum(each) / len(batch)
                model.zero_grad()
                if row_by_row:
                    for one in reversed(each):
                        one.backward(1 / len(batch))
                else:
                    mean.backward()
                for p in model.parameters():
                    p.data -= rate * p.grad
                total += mean.data * len(batch)
                right += sum((s > 0) == t for s, (_, t) in zip(scores, batch, strict=True))
            assert record["loss"] == pytest.approx(total / 24, rel=1e-14)
            assert record["accuracy"] == right / 24

    @pytest.mark.parametrize("make", [small, lambda: small(fused=False), Twice])
    @pytest.mark.parametrize("penalty", [False, True])
    def test_it_is_the_loop_written_by_hand(
        self, make: Callable[[], nn.Module], penalty: bool
    ) -> None:
        model, twin, other = make(), make(), make()
        loss = [penalized(m) if penalty else BINARY for m in (model, twin, other)]
        history = quick(model, loss=loss[0], rng=random.Random(7), metrics=["accuracy"], epochs=9)
        self.by_hand(twin, history, loss[1], row_by_row=False)
        assert bits(model) == bits(twin)
        self.by_hand(other, history, loss[2], row_by_row=True)  # the same, if that is exact
        assert (bits(other) == bits(twin)) == (make is not Twice and not penalty)

    @pytest.mark.parametrize("size", [1, 24])
    def test_it_holds_the_graph_of_one_row_at_a_time(self, size: int) -> None:
        def loss(output: Value, target: float) -> Value:
            values.append(sum(type(x) is Value for x in gc.get_objects()))
            return BINARY(output, target)

        values: list[int] = []
        gc.freeze()  # what was there before is no object that get_objects() returns
        quick(small(), loss=loss, batch_size=size, epochs=2, engine="eager")
        assert max(values) == min(values) > 17

    def test_a_resumed_run_takes_gradients_as_it_began(self, tmp_path: Path) -> None:
        def run(w: float, epochs: int, **kwargs: Any) -> list[str]:
            model = Bend(w)
            quick(
                model, POINTS, loss=losses.mean_squared_error, epochs=epochs, rng=4,
                optimizer=optim.SGD(model, 0.05), **kwargs,
            )  # fmt: skip
            return bits(model)

        path = tmp_path / "run.json"
        whole = run(1.0, 12)
        assert float.fromhex(whole[0]) < 0.8
        run(1.0, 6, checkpoint=path)
        assert run(0.0, 12, resume=path) == whole

    def test_xor(self) -> None:
        model = nn.MLP(2, [8, 1], activation="tanh", rng=random.Random(1))
        optimizer = optim.Adam(model.parameters(), lr=0.05)
        history = quick(model, XOR, optimizer=optimizer, epochs=150, batch_size=4)
        assert history["loss"][-1] < 0.02
        assert [model(inputs).data > 0 for inputs, _ in XOR] == [False, True, True, False]
        assert evaluate(model, XOR, BINARY, ["accuracy"])["accuracy"] == 1.0

    def test_several_outputs_and_targets(self) -> None:
        model = nn.MLP(2, [2], rng=random.Random(1))
        rows = [([x, y], [x + y, x - y]) for x in (0.0, 1.0) for y in (0.0, 1.0)]
        history = quick(
            model,
            rows,
            loss=losses.mean_squared_error,
            metrics={"off by": losses.absolute_error},
            epochs=300,
        )
        assert history[-1]["off by"] < 0.01
        assert [y.data for y in model([3, 5])] == pytest.approx([8, -2], abs=0.05)

    def test_the_same_seed_gives_the_same_bits(self) -> None:
        runs = {}
        for seed in (0, 1, 0):
            model = small()
            history = quick(model, rng=seed, validation=0.25)
            assert runs.setdefault(seed, (bits(model), untimed(history))) == (
                bits(model),
                untimed(history),
            )
        assert runs[0][0] != runs[1][0]
        model = small()
        quick(model, rng=random.Random(1), validation=0.25)
        assert bits(model) == runs[1][0]

    def test_without_shuffling_the_batches_are_those_of_the_data(self) -> None:
        seen = []

        def loss(output: Value, target: float) -> Value:
            seen.append(target)
            return output * target

        model, rng = nn.MLP(1, [1]), random.Random(0)
        rows = [([0.0], i) for i in range(6)]
        fit(
            model, rows, loss=loss, optimizer=optim.SGD(model), epochs=2, batch_size=4,
            shuffle=False, rng=rng, progress=False, engine="eager",
        )  # fmt: skip
        checks, epoch = [0, 1, 2, 3, 4, 5, 0], [3, 2, 1, 0, 5, 4]  # each batch from its last row
        assert seen == [*checks, *epoch * 2]
        seen.clear()
        quick(model, rows, loss=loss, batch_size=1, engine="eager")
        assert seen[7:13] != checks[:6]
        assert sorted(seen[7:13]) == checks[:6]
        assert seen[7:13] != seen[13:19]

    def test_validation_is_a_fraction_or_other_data(self) -> None:
        model = small()
        history = quick(model, validation=1 / 3, metrics=["accuracy"], epochs=2)
        names = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"]
        assert [*history[0]] == [*names, "lr", "seconds"]
        assert {8 * accuracy % 1 for accuracy in history["validation_accuracy"]} == {0.0}
        other = data.moons(10, rng=9)
        history = quick(model, validation=other)
        after = evaluate(model, other, BINARY)
        assert history["validation_loss"][-1] == after["loss"]

    def test_validation_rows_are_not_trained_on(self) -> None:
        model, seen = small(), set()

        def loss(output: Value, target: float) -> Value:
            seen.add((output.data, target))
            return BINARY(output, target)

        train, rest = data.split(POINTS, 0.25, random.Random(0))
        quick(model, rng=0, validation=0.25, loss=loss, epochs=1, batch_size=24)
        twin = small()
        at_start = {(twin(inputs).data, target) for inputs, target in train}
        assert at_start <= seen
        assert not {(twin(inputs).data, target) for inputs, target in rest} & seen

    def test_clipping_is_that_of_the_optimizers(self) -> None:
        norms = []
        model = small()
        quick(
            model, clip_norm=0.05, epochs=2,
            callback=lambda record: norms.append(math.hypot(*[p.grad for p in model.parameters()])),
        )  # fmt: skip
        assert norms == pytest.approx([0.05, 0.05], rel=1e-12)

    def test_clipping_looks_at_what_is_trained(self) -> None:
        model = small()
        norms: list[list[float]] = []

        def callback(record: dict[str, float]) -> None:
            norms.append(
                [math.hypot(*[p.grad for p in layer.parameters()]) for layer in model.layers]
            )

        quick(
            model, optimizer=optim.SGD(model.layers[1], 0.1), clip_norm=1e-3, epochs=1,
            callback=callback,
        )  # fmt: skip
        assert norms[0][0] > 1e-3
        assert norms[0][1] == pytest.approx(1e-3, rel=1e-12)

    def test_the_learning_rate_is_recorded(self) -> None:
        model = small()
        optimizer = optim.SGD(model, lambda step: 1 / (step + 1))
        history = quick(model, optimizer=optimizer, batch_size=8)
        assert history["lr"] == [1 / 3, 1 / 6, 1 / 9]

    def test_frozen_parameters_stay(self) -> None:
        model = small()
        before = bits(model.layers[0])
        quick(model, optimizer=optim.SGD(model.layers[1], 0.1))
        assert bits(model.layers[0]) == before

    def test_a_callback_sees_each_epoch_and_may_stop(self) -> None:
        seen: list[dict[str, float]] = []

        def callback(record: dict[str, float]) -> bool:
            seen.append(record)
            record["mine"] = 1.0
            return len(seen) == 2

        assert len(quick(small(), callback=lambda record: record["loss"] == 0.5 or "no")) == 3
        history = quick(small(), epochs=9, callback=callback)
        assert len(history) == len(seen) == 2
        assert "mine" not in history[0]
        assert not history.interrupted
        with pytest.raises(LookupError, match="enough"):
            quick(small(), callback=raising(LookupError("enough")))

    def test_rows_may_be_of_any_real_numbers(self) -> None:
        numpy = pytest.importorskip("numpy")
        model, twin = nn.MLP(2, [3], rng=1), nn.MLP(2, [3], rng=1)
        inputs, targets = numpy.array([[1, 2.5], [3, 4]]), numpy.array([0, 2])
        quick(model, zip(inputs, targets, strict=True), loss=MANY)
        quick(twin, [([1, 2.5], 0), ([3, 4], 2)], loss=MANY)
        assert bits(model) == bits(twin)
        rows = zip(inputs, numpy.array([[1.0], [0.5]]), strict=True)
        quick(small(), rows, loss=losses.mean_squared_error)

    def test_no_epochs_change_nothing(self) -> None:
        model, rng = small(), random.Random(4)
        before, state = bits(model), rng.getstate()
        history = quick(model, epochs=0, rng=rng, validation=0.5, patience=1)
        assert (len(history), bits(model), rng.getstate()) == (0, before, state)
        assert history["loss"] == []
        assert history.best_epoch == 0


def raising(error: BaseException) -> Callable[..., Any]:
    def function(*_: Any) -> Any:
        raise error

    return function


class TestEarlyStopping:
    def fit(self, scripted: list[float], **kwargs: Any) -> tuple[History, list[float]]:
        """Train y = w, which 1 is added to in each epoch; return also the weights it went through.

        The validation loss of epoch k is scripted[k - 1].
        """
        model = nn.MLP(1, [1], init=0.0)
        (w, _), through = model.parameters(), []

        def loss(output: Value, target: float) -> Value:
            if target < 0:  # the validation row
                through.append(w.data)
                return output * 0.0 + scripted[round(w.data) - 1 if w.data else 0]
            return -output

        history = fit(
            model, [([1.0], 0)], validation=[([1.0], -1)], loss=loss,
            optimizer=optim.SGD([w], 1.0), progress=False, epochs=len(scripted), **kwargs,
        )  # fmt: skip
        return history, [*through[1:], w.data]

    def test_it_stops_and_restores_the_best(self) -> None:
        history, through = self.fit([5, 3, 4, 3, 2.5, 2.6, 2.5, 9, 1], patience=3)
        assert through == [1, 2, 3, 4, 5, 6, 7, 8, 5]
        assert history["validation_loss"] == [5, 3, 4, 3, 2.5, 2.6, 2.5, 9]
        assert history.best_epoch == 5

    def test_the_end_restores_the_best_too(self) -> None:
        history, through = self.fit([5, 3, 4], patience=3)
        assert through == [1, 2, 3, 2]
        assert len(history) == 3

    def test_the_best_of_all_weights_comes_back_whatever_was_trained(self) -> None:
        model = nn.MLP(1, [2, 1], activation="tanh", rng=3)
        frozen, trained = model.layers
        through: list[list[str]] = []
        history = quick(
            model, [([1.0], 1), ([-1.0], 0)], validation=[([1.0], 0), ([-1.0], 1)], patience=2,
            optimizer=optim.SGD(trained.parameters()[::-1], 1.0), epochs=9,
            callback=lambda record: through.append(bits(model)),
        )  # fmt: skip
        assert len(history) == 3
        assert bits(model) == through[0] != through[2]
        assert bits(frozen) == through[2][: len(bits(frozen))]

    def test_without_patience_the_last_weights_stay(self) -> None:
        assert self.fit([5, 3, 4])[1] == [1, 2, 3, 3]

    def test_an_interrupt_keeps_the_last_weights(self) -> None:
        stop = itertools.chain([None, None], itertools.repeat(KeyboardInterrupt()))

        def callback(record: dict[str, float]) -> None:
            if error := next(stop):
                raise error

        history, through = self.fit([2, 3, 4, 5], patience=3, callback=callback)
        assert history.interrupted
        assert through[-1] == 3

    def test_the_message(self, capsys: pytest.CaptureFixture[str]) -> None:
        model = nn.MLP(1, [1], init=1.0)
        rows = [([1.0], 0), ([1.0], 1)]
        fit(
            model, rows, validation=rows, loss=losses.mean_squared_error, patience=2, epochs=50,
            optimizer=optim.SGD(model, 0.0),
        )  # fmt: skip
        *_, last = capsys.readouterr().out.splitlines()
        assert last == (
            "stopped after epoch 3 of 50: no better validation loss since epoch 1, whose weights "
            "are back"
        )


class TestCollector:
    def test_it_is_paused_and_restored_however_training_ends(self) -> None:
        seen = []
        assert gc.isenabled()
        quick(small(), callback=lambda record: seen.append(gc.isenabled()))
        assert seen == [False] * 3
        assert gc.isenabled()
        for error in (LookupError(), KeyboardInterrupt(), SystemExit()):
            with contextlib.suppress(LookupError, SystemExit):
                quick(small(), callback=raising(error))
            assert gc.isenabled()

    def test_one_that_is_off_stays_off(self) -> None:
        gc.disable()
        try:
            quick(small())
            assert not gc.isenabled()
            with collector_paused():
                pass
            assert not gc.isenabled()
        finally:
            gc.enable()


NAN = math.nan


class TestRefusals:
    """Whatever is refused, is so before anything has changed."""

    @pytest.mark.parametrize(
        ("rows", "error", "message"),
        [
            ([], ValueError, "data is empty"),
            (3, TypeError, "data is 3: it must be a list"),
            ("ab", TypeError, "data is 'ab'"),
            ({}, TypeError, "data is {}"),
            ([3], TypeError, "data row 0 is 3: a row is"),
            ([([1, 2], 0), "ab"], TypeError, "data row 1 is 'ab'"),
            ([([1, 2], 0, 1)], ValueError, "data row 0 has 3 parts"),
            ([(1, 0)], TypeError, "data row 0: the inputs are 1,"),
            ([("12", 0)], TypeError, "data row 0: the inputs are '12'"),
            ([({1, 2}, 0)], TypeError, "data row 0: the inputs are {1, 2}"),
            ([([1, 2], 0), ([1, 2, 3], 1)], ValueError, "row 1 has 3 inputs, where data row 0 ha"),
            ([([1, 2], 0), ([1], 1)], ValueError, "data row 1 has 1 inputs"),
            ([([1, 2], 0), ([1, 2], [0, 1])], ValueError, "data row 1 has 2 targets"),
            ([([1, 2], 0), ([1, NAN], 1)], ValueError, "data row 1, column 1 is nan"),
            ([([1, math.inf], 0)], ValueError, "data row 0, column 1 is inf"),
            ([([1, "2"], 0)], TypeError, "data row 0, column 1: expected a real number, got '2'"),
            ([([1, None], 0)], TypeError, "data row 0, column 1: .*None"),
            ([([1, 10**400], 0)], ValueError, "data row 0, column 1: int too large"),
            ([([1, 2], NAN)], ValueError, "data row 0, target is nan"),
            ([([1, 2], None)], TypeError, "data row 0, target: .*None"),
            ([([1, 2], "1")], TypeError, "data row 0, target: .*'1'"),
            ([([1, 2], [0, NAN])], ValueError, "data row 0, target 1 is nan"),
            ([([1, 2, 3], 0)], ValueError, "data row 0: .* takes 2 inputs, got 3"),
            ([([1, 2], 0), ([1, 2], 2)], ValueError, "data row 1: binary.*between 0 and 1, not 2"),
            ([([1, 2], [0, 1])], ValueError, "data row 0: binary_.*2 targets for 1 outputs"),
        ],
    )
    def test_bad_data(self, rows: Any, error: type[Exception], message: str) -> None:
        model, rng = small(), random.Random(0)
        before, state = bits(model), rng.getstate()
        with pytest.raises(error, match=message):
            quick(model, rows, rng=rng)
        assert (bits(model), rng.getstate()) == (before, state)
        with pytest.raises(error, match=message):
            evaluate(model, rows, BINARY)

    @pytest.mark.parametrize(
        ("validation", "message"),
        [
            ([], "validation is empty"),
            ([([1, 2, 3], 0)], "validation row 0 has 3 inputs, where data row 0 has 2"),
            ([([1, 2], 0), ([1, NAN], 0)], "validation row 1, column 1 is nan"),
            ([([1, 2], 0), ([1, 2], 7)], "validation row 1: .*not 7"),
            (0, "validation is 0.0: it must be a fraction between 0 and 1"),
            (1.5, "validation is 1.5: it must be a fraction"),
            (NAN, "validation is nan"),
        ],
    )
    def test_bad_validation_rows(self, validation: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            quick(small(), validation=validation)

    def test_a_class_out_of_range(self) -> None:
        rows = [([1.0, 2.0], 0), ([3.0, 4.0], 3)]
        with pytest.raises(ValueError, match="data row 1: cross_entropy: no class 3 among 3"):
            quick(nn.MLP(2, [3]), rows, loss=MANY)

    def test_the_row_is_named_as_it_stands_in_the_data_though_it_is_shuffled(self) -> None:
        rows = [*POINTS, ([0.0, 0.0], 2)]
        with pytest.raises(ValueError, match="data row 24: "):
            quick(small(), rows, validation=0.5)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"epochs": -1}, ValueError, "epochs is -1: it must be a whole number of at least 0"),
            ({"epochs": 1.0}, TypeError, "epochs is 1.0"),
            ({"epochs": True}, TypeError, "epochs is True"),
            ({"batch_size": 0}, ValueError, "batch_size is 0"),
            ({"patience": 3}, ValueError, "patience needs a validation loss"),
            ({"patience": 0, "validation": 0.5}, ValueError, "patience is 0"),
            ({"clip_norm": 0}, ValueError, "clip_norm is 0.0: it must be"),
            ({"clip_norm": math.inf}, ValueError, "clip_norm is inf: it must be a finite number"),
            ({"shuffle": "no"}, TypeError, "shuffle is 'no': it must be True or False"),
            ({"shuffle": 2}, TypeError, "shuffle is 2"),
            ({"callback": 3}, TypeError, "the callback is 3: it must be a function"),
            ({"rng": random.SystemRandom()}, TypeError, "rng has no state to save"),
            ({"validation": "some"}, TypeError, "validation is 'some'"),
            ({"rng": None}, TypeError, "rng is None"),
            ({"rng": 0.5}, TypeError, "rng is 0.5"),
            ({"loss": "mse"}, TypeError, "the loss is 'mse': it must be a function"),
            ({"loss": lambda y, t: 1.0}, TypeError, "data row 0: the loss returned 1.0"),
            ({"loss": lambda y, t: [y][t]}, ValueError, "data row 1: list index out of range"),
            ({"metrics": "accuracy"}, TypeError, "a list or a dict of functions, not 'accuracy'"),
            ({"metrics": abs}, TypeError, "a list or a dict of functions, not <built-in"),
            ({"metrics": ["precision"]}, ValueError, "no metric 'precision': .*accuracy"),
            ({"metrics": ["accuracy", "accuracy"]}, ValueError, "the name 'accuracy'"),
            ({"metrics": {"loss": abs}}, ValueError, "the name 'loss'"),
            ({"metrics": {"epoch": abs}}, ValueError, "the name 'epoch'"),
            ({"metrics": {"validation_x": abs}}, ValueError, "the name 'validation_x'"),
            ({"metrics": {"m": lambda y, t: "good"}}, TypeError, "row 0: the metric 'm': .*'good'"),
            ({"metrics": {"m": lambda y, t: None}}, TypeError, "row 0: the metric 'm': .*None"),
            ({"metrics": {"m": lambda y, t: {}["k"]}}, ValueError, "metric 'm': no key 'k'"),
            ({"metrics": {"m": lambda y, t: 1 / 0}}, FloatingPointError, "metric 'm': division by"),
            (
                {"loss": lambda y, t: Value(y.data)},
                ValueError,
                "depends on no parameter of the opt",
            ),
            ({"clip_norm": "1"}, TypeError, "clip_norm: expected a real number, got '1'"),
            ({"loss": lambda y, t: exp(y + 1000)}, FloatingPointError, r"data row 0: exp\(999"),
            ({"optimizer": 0.1}, TypeError, "the optimizer is 0.1"),
            ({"optimizer": optim.SGD([Value(1.0)])}, ValueError, "parameter 0 of the optimizer"),
        ],
    )
    def test_bad_arguments(
        self, arguments: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        model = small()
        before = bits(model)
        with pytest.raises(error, match=message):
            quick(model, **arguments)
        assert bits(model) == before

    def test_accuracy_of_what_it_is_not_made_for(self) -> None:
        squared = {"loss": losses.mean_squared_error, "metrics": ["accuracy"]}
        with pytest.raises(
            ValueError, match=r"data row 1: the metric 'accuracy': the target .*, not 0\.25"
        ):
            quick(small(), [([0, 0], 1), ([1, 0], 0.25)], **squared)
        model = nn.MLP(2, [4, 1], activation=["tanh", "sigmoid"], rng=1)
        with pytest.raises(ValueError, match=r"accuracy takes a logit.* returns a sigmoid"):
            quick(model, **squared)
        history = quick(model, **squared | {"metrics": {"accuracy": lambda p, t: (p > 0.5) == t}})
        assert 0.2 < history["accuracy"][-1] <= 1

    def test_a_row_need_not_reach_a_parameter(self) -> None:
        class Gate(nn.Module):
            """A line through the origin, for what is positive."""

            def __init__(self) -> None:
                self.w = Value(1.0)

            def __call__(self, x: Any) -> Value:
                return self.w * x[0] if x[0] > 0 else Value(0.0)

        rows = [([-1.0], 0.0), ([1.0], 2.0), ([2.0], 4.0)]
        model = Gate()
        quick(model, rows, loss=losses.mean_squared_error, epochs=50)
        assert model.w.data == pytest.approx(2)

    def test_what_is_trained_must_be_reached(self) -> None:
        model = nn.MLP(2, [2], rng=1)
        half = optim.SGD(model.layers[0].neurons[1], 0.1)
        with pytest.raises(ValueError, match="depends on no parameter of the optimizer"):
            quick(model, loss=lambda y, t: BINARY(y[0], t), optimizer=half)

    def test_the_largest_of_several_sigmoids_is_a_class(self) -> None:
        model = nn.MLP(2, [3], activation=["sigmoid"], rng=1)
        history = quick(
            model, metrics=["accuracy"],
            loss=lambda y, t: losses.mean_squared_error(y, [float(i == t) for i in range(3)]),
        )  # fmt: skip
        assert 0 <= history["accuracy"][-1] <= 1

    def test_probabilities_where_scores_are_taken(self) -> None:
        model = nn.MLP(2, [4, 1], activation=["tanh", "sigmoid"], rng=1)
        with pytest.raises(
            ValueError, match=r"binary_cross_entropy takes a logit .* leave that out"
        ):
            quick(model)

        class Softmax(nn.MLP):
            def __call__(self, x: Any) -> Any:
                return micrograd_like.softmax(super().__call__(x))

        with pytest.raises(ValueError, match=r"cross_entropy takes scores .* leave that out"):
            quick(Softmax(2, [3], rng=1), loss=MANY)

    @pytest.mark.parametrize("model", [3, nn.Module(), abs])
    def test_what_is_no_model(self, model: Any) -> None:
        with pytest.raises(TypeError, match=r"the model is .*: it must be a Module"):
            quick(model, optimizer=optim.SGD([Value(1.0)]))

    def test_a_model_that_returns_no_values(self) -> None:
        class Plain(nn.MLP):
            def __call__(self, x: Any) -> Any:
                return [y.data for y in super().__call__(x)]

        model = Plain(2, [2], rng=1)
        with pytest.raises(TypeError, match="data row 0: the model returned"):
            quick(model, loss=MANY)


class TestNotFinite:
    def test_the_first_value_is_named_and_the_weights_stay(self) -> None:
        model = nn.MLP(1, [1, 1], activation=["linear", "linear"], init=1e200)
        before = bits(model)
        with pytest.raises(FloatingPointError) as raised:
            quick(model, [([1.0], 0), ([1e150], 0)], batch_size=2, shuffle=False)
        assert str(raised.value) == (
            "data row 0: the loss is inf; the first value that is not finite is weighted_sum("
            "layers.1.neurons.0.w.0=1e+200, layers.0.neurons.0=1e+200, "
            "layers.1.neurons.0.b=0.0) = inf"
        )
        assert bits(model) == before

    def test_a_weight_that_is_not_finite_is_named(self) -> None:
        model = small()
        model.layers[1].neurons[0].b.data = NAN
        with pytest.raises(FloatingPointError, match=r"is layers\.1\.neurons\.0\.b = nan"):
            quick(model)

    def test_where_python_raises_the_row_is_named(self) -> None:
        model = nn.MLP(1, [1], init=1000.0)
        with pytest.raises(FloatingPointError, match=r"data row 1: exp\(.*=2000\.0\): math range"):
            quick(
                model, [([0.0], 0), ([2.0], 0)], loss=lambda y, t: exp(y), shuffle=False,
                optimizer=optim.SGD(model, 0.0), batch_size=1,
            )  # fmt: skip

    def test_a_gradient_is_traced_to_the_partial(self) -> None:
        model = nn.MLP(1, [1], init=0.0)
        before = bits(model)
        with pytest.raises(FloatingPointError) as raised:
            quick(model, [([1.0], 0)], loss=lambda y, t: sqrt(y))
        text = str(raised.value)
        assert "parameter 0 ('layers.0.neurons.0.w.0')" in text
        assert text.endswith(
            "the first gradient that is not finite runs through sqrt(layers.0.neurons.0=0.0) "
            "= 0.0: its own is 1.0, times the partial inf"
        )
        with pytest.raises(FloatingPointError, match="the norm of the gradients is inf"):
            quick(model, [([1.0], 0)], loss=lambda y, t: sqrt(y), clip_norm=1.0)
        assert bits(model) == before

    def test_a_step_that_is_too_large_is_refused(self) -> None:
        model = nn.MLP(1, [1], init=1.0)
        with pytest.raises(FloatingPointError, match=r"a step would make data .*inf"):
            quick(model, [([1e10], 0)], loss=lambda y, t: -y, optimizer=optim.SGD(model, 1e300))
        assert bits(model) == [(1.0).hex(), (0.0).hex()]

    def test_a_mean_is_finite_though_its_sum_is_not(self) -> None:
        rows = [([1.0], 0), ([2.0], 0)]
        loss = {"loss": lambda y, t: y + 1e308, "batch_size": 1, "epochs": 1}
        assert quick(nn.MLP(1, [1], rng=1), rows, **loss)["loss"] == [1e308]
        assert evaluate(nn.MLP(1, [1], rng=1), rows, lambda y, t: y + 1e308) == {"loss": 1e308}
        assert evaluate(nn.MLP(1, [1], rng=1), rows, lambda y, t: Value(2.0)) == {"loss": 2.0}

    def test_a_sum_is_taken_in_the_order_of_the_rows(self) -> None:
        rows = [([1.0], -1e308), ([1.0], 1e308), ([1.0], 1e308)]  # from the end, it would overflow
        history = quick(
            nn.MLP(1, [1], rng=1), rows, loss=lambda y, t: y + t, shuffle=False, batch_size=3,
        )  # fmt: skip
        assert history["loss"] == [1e308 / 3] * 3

    def test_a_metric_too(self) -> None:
        with pytest.raises(FloatingPointError, match=r"data row 0: the odd is nan$"):
            quick(small(), POINTS[:1], metrics={"odd": lambda y, t: NAN})

    def test_training_may_diverge_and_stops_with_the_weights_of_before(self) -> None:
        model = nn.MLP(1, [1], init=1.0)
        with pytest.raises(FloatingPointError):
            quick(
                model, [([10.0], 0)], loss=losses.mean_squared_error, epochs=9999,
                optimizer=optim.SGD(model, 10.0),
            )  # fmt: skip
        assert all(math.isfinite(p.data) for p in model.parameters())


# ---------------------------------------------------------------------------- checkpoints


def variant(name: str, path: Path | None, resume: Path | None = None, **kwargs: Any) -> Any:
    """Train in one of the ways that checkpoints have to do with; return (model, history)."""
    model = small()
    if name == "sgd":
        optimizer: optim.Optimizer = optim.SGD(model, 0.3)
        settings: dict[str, Any] = {"epochs": 3, "engine": "eager"}  # more places to interrupt
    elif name == "momentum":
        optimizer = optim.SGD(model, lambda step: 0.3 * 0.97**step, 0.9, nesterov=True)
        settings = {"epochs": 3, "validation": 0.25, "metrics": ["accuracy"], "clip_norm": 0.1}
    else:
        optimizer = optim.AdamW(model, 0.5)
        settings = {"epochs": 9, "validation": 0.25, "patience": 2, "rng": random.Random(5)}
    settings = {"checkpoint": path, "resume": resume, **settings, **kwargs}
    history = quick(model, POINTS[:12], optimizer=optimizer, **settings)
    return model, history, optimizer.state_dict()


VARIANTS = pytest.mark.parametrize("name", ["sgd", "momentum", "early stopping"])


def result(run: Any) -> Any:
    model, history, state = run
    assert not history.interrupted
    return bits(model), untimed(history), history.best_epoch, state


class TestCheckpoints:
    @VARIANTS
    def test_after_each_epoch_it_goes_on_to_the_same_bits(self, name: str, tmp_path: Path) -> None:
        want = result(variant(name, None))
        epochs = len(want[1])
        assert epochs == (3 if name != "early stopping" else epochs) >= 3
        for stop in range(epochs + 1):
            path = tmp_path / f"{stop}.json"
            variant(name, path, epochs=stop)
            assert result(variant(name, path, path)) == want
            assert result(variant(name, None, path)) == want  # from one that is finished

    # Between open() and its with block, nothing can close the file but the collector.
    @pytest.mark.filterwarnings("ignore::ResourceWarning")
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @VARIANTS
    def test_an_interrupt_anywhere_goes_on_to_the_same_bits(
        self, name: str, tmp_path: Path
    ) -> None:
        want = result(variant(name, None))
        path = tmp_path / "run.json"
        rng, inside, at = random.Random(name), 0, 1
        while True:
            path.unlink(missing_ok=True)
            runs: list[Any] = []

            def run(runs: list[Any] = runs) -> None:
                runs.append(variant(name, path))

            finished = Interrupts(at).run(run)
            caught = bool(runs) and runs[0][1].interrupted
            resume = path if path.exists() else None
            assert resume or not caught
            assert result(variant(name, path, resume)) == want, f"interrupted at {at}"
            if finished:
                break
            inside += caught
            at += rng.randrange(1, STRIDE)
        assert inside > 5

    def test_an_interrupted_epoch_goes_on_in_its_middle(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"
        want = result(variant("momentum", None))
        calls = itertools.count()

        def loss(output: Value, target: float) -> Value:
            if next(calls) == 32:  # after 13 checks and one epoch: in its second batch of 5
                raise KeyboardInterrupt
            return BINARY(output, target)

        loss.__name__ = "binary_cross_entropy"
        model, history, state = variant("momentum", path, loss=loss, engine="eager")
        assert history.interrupted
        content = json.loads(path.read_text())
        assert len(content["sums"]) == state["steps"] - content["steps"] > 0
        assert content["weights"] == model.state_dict()
        seen = itertools.count()

        def counted(output: Value, target: float) -> Value:
            next(seen)
            return BINARY(output, target)

        counted.__name__ = "binary_cross_entropy"
        assert result(variant("momentum", path, path, loss=counted, engine="eager")) == want
        assert next(seen) == 13 + (4 + 3) + (9 + 3)  # checks, what is left of the epoch, another

    def test_a_generator_is_where_it_was_though_nothing_is_left_to_do(self, tmp_path: Path) -> None:
        path, rng, other = tmp_path / "run.json", random.Random(5), random.Random(99)
        quick(small(), rng=rng, checkpoint=path)
        quick(small(), rng=other, resume=path)
        assert other.random() == rng.random()

    def test_no_more_epochs_give_the_history_so_far(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"

        def loss(output: Value, target: float) -> Value:
            return output * math.inf if seen else BINARY(output, target)

        seen: list[Any] = []
        loss.__name__ = "binary_cross_entropy"
        with pytest.raises(FloatingPointError):
            quick(small(), loss=loss, checkpoint=path, epochs=9, callback=seen.append)
        assert untimed(quick(small(), resume=path, epochs=0)) == untimed(quick(small(), epochs=1))

    def test_a_folder_may_be_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        other = tmp_path / "other"
        other.mkdir()
        monkeypatch.chdir(tmp_path)
        quick(small(), checkpoint="run.json", callback=lambda record: os.chdir(other))
        assert list(other.iterdir()) == []
        assert len(json.loads((tmp_path / "run.json").read_text())["records"]) == 3

    def test_what_cannot_be_written_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, model = tmp_path / "run.json", small()
        quick(model, checkpoint=path)
        before = path.read_bytes()
        monkeypatch.setattr(os, "fsync", raising(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match=r"No space left on device: '.*run\.json'"):
            quick(small(), resume=path, checkpoint=path, epochs=5)
        assert path.read_bytes() == before
        assert [*tmp_path.iterdir()] == [path]
        model.layers[1].neurons[0].b.data = NAN
        with pytest.raises(ValueError, match=r"layers\.1\.neurons\.0\.b is nan"):
            quick(model, checkpoint=tmp_path / "new.json")

    def test_more_epochs_may_follow(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"
        variant("sgd", path)
        assert result(variant("sgd", path, path, epochs=5)) == result(
            variant("sgd", None, epochs=5)
        )

    def test_the_best_weights_are_in_it(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"
        model, history, _ = variant("early stopping", path)
        content = json.loads(path.read_text())
        assert history.best_epoch < len(history)
        epoch, loss, weights = content["best"]
        assert (epoch, loss) == (history.best_epoch, min(history["validation_loss"]))
        assert weights == [p.data for p in model.parameters()]
        assert weights != list(content["weights"].values())

    def test_a_callback_may_change_the_learning_rate(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"

        def run(epochs: int, resume: Path | None) -> Any:
            model = small()
            optimizer = optim.SGD(model, 0.5)

            def halve(record: dict[str, float]) -> None:
                optimizer.lr = optimizer.rate() / 2

            return quick(
                model, optimizer=optimizer, callback=halve, epochs=epochs, checkpoint=path,
                resume=resume,
            ), bits(model)  # fmt: skip

        history, want = run(4, None)
        assert history["lr"] == [0.5, 0.25, 0.125, 0.0625]
        path.unlink()
        run(2, None)
        again, got = run(4, path)
        assert (again["lr"], got) == (history["lr"], want)

    def test_the_same_optimizer_goes_on_with_its_rate_of_then(self, tmp_path: Path) -> None:
        path, model = tmp_path / "run.json", small()
        optimizer = optim.SGD(model, 0.5)

        def halve(record: dict[str, float]) -> None:
            optimizer.lr = optimizer.rate() / 2

        quick(model, optimizer=optimizer, callback=halve, epochs=2, checkpoint=path)
        optimizer.lr = 3.0
        history = quick(model, optimizer=optimizer, callback=halve, resume=path, epochs=4)
        assert history["lr"] == [0.5, 0.25, 0.125, 0.0625]

    @pytest.mark.parametrize("at_the_end", [False, True])
    def test_what_a_callback_changes_is_changed_once(
        self, at_the_end: bool, tmp_path: Path
    ) -> None:
        """Ctrl-C while the callback runs, after it has changed the optimizer."""
        path = tmp_path / "run.json"

        def run(stop: int, resume: Path | None) -> Any:
            model = small()
            optimizer = optim.SGD(model, 0.5, momentum=0.5)

            def callback(record: dict[str, float]) -> None:
                if record["epoch"] == stop and not at_the_end:
                    raise KeyboardInterrupt
                optimizer.lr, optimizer.momentum = optimizer.rate() / 2, 0.5 + record["epoch"] / 50
                if record["epoch"] == stop:
                    raise KeyboardInterrupt

            history = quick(
                model, optimizer=optimizer, callback=callback, epochs=5, checkpoint=path,
                resume=resume,
            )  # fmt: skip
            return history, (history["lr"], optimizer.state_dict(), bits(model))

        _, want = run(0, None)
        path.unlink()
        interrupted, _ = run(3, None)
        assert interrupted.interrupted
        assert len(interrupted) == 2
        assert run(0, path)[1] == want

    def test_the_same_numbers_are_the_same_data(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"
        rows = [([1, 2], 0), ([3, 4], 1)]
        quick(small(), rows, checkpoint=path)
        quick(small(), [([1.0, 2.0], 0.0), ([3.0, 4.0], 1.0)], resume=path, epochs=4)
        with pytest.raises(ValueError, match=r"its data: '2 . 0 rows, sha256 .* then, '2 . 0 rows"):
            quick(small(), [([1.0, 2.0], 0), ([3.0, 4.5], 1)], resume=path)

    def test_what_stands_at_the_path_is_not_lost(self, tmp_path: Path) -> None:
        path, other = tmp_path / "run.json", tmp_path / "other.json"
        quick(small(), checkpoint=path, epochs=1)
        quick(small(), checkpoint=other, epochs=2)
        before, model = path.read_bytes(), small()
        for resume in (None, other):
            with pytest.raises(FileExistsError, match=r"run.json' exists: pass resume="):
                quick(model, checkpoint=path, resume=resume)
        assert (path.read_bytes(), bits(model)) == (before, bits(small()))
        (tmp_path / "link.json").symlink_to(path)
        quick(small(), checkpoint=path, resume=tmp_path / "link.json")
        assert len(json.loads(path.read_text())["records"]) == 3
        path.write_bytes(b"")  # as tempfile leaves one
        quick(small(), checkpoint=path, epochs=1)

    def test_numbers_may_be_of_any_type(self, tmp_path: Path) -> None:
        numpy = pytest.importorskip("numpy")
        path = tmp_path / "run.json"
        quick(
            small(), batch_size=numpy.int64(5), clip_norm=Fraction(1, 2), epochs=numpy.int8(2),
            shuffle=numpy.True_, validation=numpy.float32(0.25), rng=numpy.int64(3),
            checkpoint=path,
        )  # fmt: skip
        model, twin = small(), small()
        quick(model, clip_norm=0.5, epochs=4, validation=0.25, rng=3, resume=path)
        quick(twin, clip_norm=0.5, epochs=4, validation=0.25, rng=3)
        assert bits(model) == bits(twin)

    def test_a_path_that_cannot_be_written_shows_before_training(self, tmp_path: Path) -> None:
        model = small()
        before = bits(model)
        for path in (tmp_path, tmp_path / "missing" / "run.json"):
            with pytest.raises(OSError, match=path.name):
                quick(model, checkpoint=path)
        with pytest.raises(FileNotFoundError):
            quick(model, resume=tmp_path / "missing.json")
        assert bits(model) == before

    def damaged(self, path: Path) -> Iterator[tuple[str, str]]:
        """Yield texts that are no checkpoint of this run, and what the error says of each."""
        text = path.read_text()
        for end in (0, 1, len(text) // 2, len(text) - 3):
            yield text[:end], ""
        content = json.loads(text)
        yield json.dumps([content]), 'it has no "format"'
        yield json.dumps({**content, "format": "micrograd_like weights 1"}), 'no "format"'
        yield text.replace('"steps": ', '"steps": 1, "steps": ', 1), "two values of the name"
        yield "[" * 100_000, ""
        for key in content:
            if key != "format":
                rest = {k: v for k, v in content.items() if k != key}
                for damaged in (rest, {**content, key: None}, {**content, key: [content[key]]}):
                    yield json.dumps(damaged), "it is damaged: its content is not what was"
        rng = random.Random(1)
        for _ in range(50):  # a digit anywhere
            at = rng.choice([m.start() for m in re.finditer(r"[0-9]", text)])
            digit = rng.choice([d for d in "123456789" if d != text[at]])
            changed = f"{text[:at]}{digit}{text[at + 1 :]}"
            if json.loads(changed) != content:  # as where the 17th digit makes the same float
                yield changed, ""

    def test_what_is_wrong_with_a_file_is_told_and_nothing_changes(self, tmp_path: Path) -> None:
        path, bad = tmp_path / "run.json", tmp_path / "bad.json"
        kwargs = {"validation": 0.25, "metrics": ["accuracy"]}
        model = small()
        quick(model, checkpoint=path, epochs=2, optimizer=optim.Adam(model), **kwargs)
        fresh, rng = small(), random.Random(8)
        optimizer = optim.Adam(fresh)
        before = bits(fresh), optimizer.state_dict(), rng.getstate()
        for text, message in self.damaged(path):
            bad.write_text(text)
            with pytest.raises(ValueError, match=message or None) as raised:
                quick(fresh, resume=bad, checkpoint=bad, optimizer=optimizer, rng=rng, **kwargs)
            assert str(raised.value).startswith(f"cannot resume from {str(bad)!r}: ")
            assert (bits(fresh), optimizer.state_dict(), rng.getstate()) == before
            assert bad.read_text() == text
        quick(fresh, resume=path, optimizer=optimizer, rng=rng, epochs=2, **kwargs)
        assert bits(fresh) == bits(model)

    def test_it_is_of_one_run(self, tmp_path: Path) -> None:
        path = tmp_path / "run.json"
        quick(small(), checkpoint=path)
        model = small()
        parameters = model.parameters()
        for arguments, message in (
            (
                {"loss": losses.mean_squared_error},
                "its loss: 'binary_cross_entropy' then, 'mean_squared_error' now",
            ),
            (
                {"shuffle": False},
                "its shuffle: True then, False now; pass the same, or start a new run",
            ),
            ({"clip_norm": 1.0}, "its clip_norm: None then, 1.0 now"),
            ({"metrics": ["accuracy"]}, "its columns: "),
            ({"rows": POINTS[::-1]}, "its data: '24 . 0 rows, sha256 "),
            ({"rng": 1}, "its run did not begin with rng=1"),
            (
                {"optimizer": optim.SGD(model, 0.2)},
                "its optimizer: .* lr=0.1, .* then, .* lr=0.2, .* now",
            ),
            (
                {"optimizer": optim.SGD(model, lambda step: 0.1)},
                "its optimizer: .* then, .* lr=<lambda>",
            ),
            ({"optimizer": optim.SGD(model, 0.1, momentum=0.5)}, " then, .* momentum=0.5"),
            ({"optimizer": optim.SGD(parameters[::-1], 0.1)}, "its parameters: "),
            ({"optimizer": optim.SGD(parameters[1:], 0.1)}, "its parameters: "),
        ):
            with pytest.raises(ValueError, match=message):
                quick(model, resume=path, **arguments)
            assert bits(model) == bits(small())
        with pytest.raises(ValueError, match="its model: "):
            quick(nn.MLP(2, [1]), resume=path)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_process_killed_while_it_writes_leaves_a_readable_checkpoint(tmp_path: Path) -> None:
    path, done, left = tmp_path / "run.json", [0], [0]
    tests = Path(__file__).parent
    train(0, path, None)
    for line in range(1, LINES, LINES // KILLS):
        killed = subprocess.run(
            [sys.executable, tests / "interrupting.py", str(EPOCHS), path, str(line)],
            env={**os.environ, "PYTHONPATH": str(tests.parent)},
        )
        assert killed.returncode == -signal.SIGKILL
        done.append(train(0, None, path)[1])  # it can be read, and is whole
        left.append(len(list(tmp_path.glob("*.tmp"))))
    assert done == sorted(done)
    assert len({*done}) > 3
    assert len({*left}) > 3
    assert train(EPOCHS, path, path) == train(EPOCHS, None, None)


def test_ctrl_c_from_outside(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A real signal, in place of one that is raised where a test wants it."""
    stop = itertools.count()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in some shells
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def callback(record: dict[str, float]) -> None:
        if next(stop) == 2:
            signal.raise_signal(signal.SIGINT)

    path, model = tmp_path / "run.json", small()
    history = quick(model, epochs=9, callback=callback, checkpoint=path)
    assert history.interrupted
    assert len(history) == 2
    resumed = small()
    quick(resumed, epochs=9, resume=path)
    whole = small()
    quick(whole, epochs=9)
    assert bits(resumed) == bits(whole)


# ---------------------------------------------------------------------------- history, progress


RECORDS = [
    {"epoch": 1, "loss": 2.0, "a": 0.25, "validation_loss": 3.0, "validation_a": 0.1, "lr": 0.1,
     "seconds": 0.5},
    {"epoch": 2, "loss": 0.5, "a": 0.5, "validation_loss": 1 / 3, "validation_a": 0.4, "lr": 0.1,
     "seconds": 0.5},
    {"epoch": 3, "loss": 0.1, "a": 0.75, "validation_loss": 0.4, "validation_a": 0.3, "lr": 0.1,
     "seconds": 0.5},
]  # fmt: skip


class TestHistory:
    def test_rows_and_columns(self) -> None:
        history = History(RECORDS)
        assert history["loss"] == [2.0, 0.5, 0.1]
        assert history[-1]["a"] == 0.75
        assert list(history) == RECORDS
        assert len(history) == 3
        assert history.best_epoch == 2
        assert repr(history) == (
            "<History: 3 epochs; the least validation loss, 0.3333, in epoch 2>"
        )
        assert History([{"epoch": 1, "loss": 2.0}]).best_epoch == 1
        assert "loss" in history
        assert "b" not in history
        assert "loss" not in History([])
        with pytest.raises(KeyError, match="no column 'b': there are epoch, loss"):
            history["b"]

    def test_files_are_exact(self, tmp_path: Path) -> None:
        history = History(RECORDS)
        for name in ("h.csv", "h.json", "h.svg"):
            history.save(tmp_path / name)
        header, *lines = csv.reader(io.StringIO((tmp_path / "h.csv").read_text()))
        assert [dict(zip(header, map(float, line), strict=True)) for line in lines] == RECORDS
        assert json.loads((tmp_path / "h.json").read_text()) == {
            "interrupted": False,
            "epochs": RECORDS,
        }
        assert (tmp_path / "h.svg").read_text() == history.svg()
        for name in ("h", "h.png", "svg"):
            with pytest.raises(ValueError, match=r"must end in \.svg, \.csv, \.json"):
                history.save(tmp_path / name)
        assert len(list(tmp_path.iterdir())) == 3

    def test_a_name_that_utf8_cannot_hold_is_written_escaped(self, tmp_path: Path) -> None:
        history = History([{"epoch": 1, "loss": 2.0, "m\ud800": 0.5}])
        for name in ("h.csv", "h.json", "h.svg"):
            history.save(tmp_path / name)
        assert (tmp_path / "h.csv").read_text() == "epoch,loss,m\\ud800\n1,2.0,0.5\n"
        assert len(list(tmp_path.iterdir())) == 3

    def test_one_without_epochs(self) -> None:
        history = History([])
        assert history.csv() == ""
        assert json.loads(history.json()) == {"interrupted": False, "epochs": []}
        assert "0 epochs" in "".join(ET.fromstring(history.svg()).itertext())

    def test_the_picture_is_true(self) -> None:
        root = ET.fromstring(History(RECORDS, interrupted=True).svg("<Moons> & more\x00"))
        words = [text.text for text in root.iter(f"{SVG}text")]
        assert words[0] == "<Moons> & more\ufffd"
        assert words[1] == ("3 epochs, interrupted; the least validation loss, 0.3333, in epoch 2")
        assert {"loss", "a", "training", "validation", "epoch", "1", "2", "3"} <= {*words}
        loss, a = root.findall(f"{SVG}g")
        for panel, name, log in ((loss, "loss", True), (a, "a", False)):
            green, black = (
                [tuple(map(float, pair.split())) for pair in path.get("d", "M")[1:].split("L")]
                for path in panel.iter(f"{SVG}path")
                if path.get("stroke-width") == "1.8" and "L" in path.get("d", "")
            )
            columns = [[r[name], r[f"validation_{name}"]] for r in RECORDS]
            if log:
                columns = [[math.log(y) for y in pair] for pair in columns]
            slopes = {
                round((black[i][1] - green[j][1]) / (columns[i][0] - columns[j][1]))
                for i in range(3)
                for j in range(3)
            }
            assert max(slopes) < 0  # upwards is more
            assert max(slopes) - min(slopes) <= 0.02 * -min(slopes) + 1
            assert [x for x, _ in black] == [0, 170, 340]
        (ring,) = loss.iter(f"{SVG}circle")
        assert float(ring.get("cx", "")) == 170

    def test_round_numbers_stand_on_the_axes(self) -> None:
        for pair, ticks in (
            ([1.0, 1.2], ["0.9", "1", "1.1", "1.2", "1.3"]),
            ([0.2, 20.0], ["0.2", "0.5", "1", "2", "5", "10", "20"]),
            ([1e-9, 1.0], ["1e−8", "1e−6", "0.0001", "0.01", "1"]),
            ([-1.0, 1.0], ["−1", "−0.5", "0", "0.5", "1"]),
        ):
            records = [{"epoch": i, "loss": loss} for i, loss in enumerate(pair, 1)]
            root = ET.fromstring(History(records).svg())
            words = [text.text for text in root.iter(f"{SVG}text")]
            assert words[2 : 3 + len(ticks)] == [*ticks, "1"]

    @given(
        st.lists(
            st.tuples(
                st.one_of(FINITE, st.floats(5e-324, 1.7e308)), st.one_of(FINITE, st.floats(0, 1))
            ),
            min_size=1,
            max_size=9,
        )
    )
    @example([(1e300, 1e-300), (1e-300, 5e-324), (5e-324, -1e300)])
    def test_any_numbers_can_be_drawn(self, numbers: list[tuple[float, float]]) -> None:
        records = [
            {"epoch": i, "loss": loss, "m": m, "lr": 0.1, "seconds": 1.0}
            for i, (loss, m) in enumerate(numbers, 1)
        ]
        svg = History(records).svg()
        assert "nan" not in svg
        assert svg == History(records).svg()
        panels = ET.fromstring(svg).findall(f"{SVG}g")
        for panel, column in zip(panels, zip(*numbers, strict=True), strict=True):
            labels = [t.text for t in panel.iter(f"{SVG}text") if t.get("text-anchor") == "end"]
            assert 2 <= len(labels) <= 8
            assert len({*labels}) == len(labels)
            for path in panel.iter(f"{SVG}path"):
                if "L" in (d := path.get("d", "")):
                    points = [tuple(map(float, pair.split())) for pair in d[1:].split("L")]
                    assert all(0 <= x <= 340 and 0 <= y <= 220 for x, y in points)
                    heights = [-y for _, y in points]
                    ranked = sorted(range(len(column)), key=lambda i: (column[i], heights[i]))
                    assert [heights[i] for i in ranked] == sorted(heights)

    def test_tiny_and_huge_numbers_are_not_flat(self) -> None:
        for loss in ([1e300, 1.0, 1e-300], [4e-240, 2e-240, 1e-240], [-1e308, 0.0, 1e308]):
            records = [{"epoch": i, "loss": y} for i, y in enumerate(loss, 1)]
            lines = re.findall(r'd="M0 (\S+)L170 (\S+)L340 (\S+)"', History(records).svg())
            ((first, second, third),) = lines
            assert abs(float(first) - float(third)) > 150
            assert abs(float(first) + float(third) - 2 * float(second)) < 100

    def test_a_long_name_has_a_line_of_its_own_and_ends_before_the_next_panel(self) -> None:
        record = {"epoch": 1, "loss": 1.0, "x" * 300: 0.5}
        root = ET.fromstring(History([record, record]).svg())
        _, panel = root.findall(f"{SVG}g")
        (title,) = (t for t in panel.iter(f"{SVG}text") if (t.text or "").startswith("xx"))
        assert (title.text or "").endswith("x…")
        assert 40 < len(title.text or "") < 60
        others = [t.get("y") for t in panel.iter(f"{SVG}text") if t is not title]
        assert title.get("y") not in others

    def test_the_picture_scales_and_says_what_it_is(self) -> None:
        root = ET.fromstring(History(RECORDS).svg("Moons"))
        assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
        assert root.findtext(f"{SVG}title") == "Moons"
        assert root.findtext(f"{SVG}desc", "").startswith("3 epochs; the least validation loss")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class AsciiTerminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


class TestProgress:
    def record(self, epoch: int, **numbers: float) -> dict[str, float]:
        return {"epoch": epoch, "loss": 123.0 / epoch**9, "accuracy": 0.5, **numbers, "lr": 1.0}

    def test_a_terminal_sees_one_live_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        ticks = (t for k in itertools.count() for t in (100 + 6 * k, 100 + 6 * k))
        monkeypatch.setattr("time.perf_counter", ticks.__next__)
        next(ticks)
        progress = Progress(20)
        for epoch in (1, 2):
            progress.show(self.record(epoch))
        progress.close()
        progress.close()
        blank, first, second, last = terminal.getvalue().split("\r")
        assert blank == ""
        assert (
            first == "epoch  1/20  loss 123. accuracy 50.0%  [--------]  best 123. in 1  114 s left"
        )
        assert second.startswith("epoch  2/20  loss 0.240 accuracy 50.0%  ")
        assert second.rstrip().endswith("  best 0.240 in 2  █▁  108 s left")
        assert last.rstrip().endswith("  best 0.240 in 2  █▁  took 12 s")
        assert last.endswith("\n")

    def test_long_epochs_are_reported_on_the_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        clock = iter([0.0, 0.1, 0.3, 0.3, 0.4, 0.5, 0.5, 0.6])
        monkeypatch.setattr("time.perf_counter", clock.__next__)
        progress = Progress(2)
        progress.batch(1, 1, 3)
        progress.batch(1, 2, 3)
        progress.batch(1, 3, 3)
        progress.show(self.record(1))
        progress.batch(2, 1, 3)
        assert [line.strip() for line in terminal.getvalue().split("\r")] == [
            "",
            "epoch 1: batch 2 of 3",
            "epoch 1/2  loss 123. accuracy 50.0%  [####----]  best 123. in 1  0 s left",
        ]

    def test_validation_stands_beside_training(self, capsys: pytest.CaptureFixture[str]) -> None:
        Progress(1).show(self.record(1, validation_loss=2.0, validation_accuracy=0.25))
        assert capsys.readouterr().out.startswith(
            "epoch 1/1  train: loss 123.0 accuracy 50.0%  validation: loss 2.000 accuracy 25.0%  "
            "best 2.00 in 1  took "
        )

    @pytest.mark.parametrize(
        ("columns", "shown"),
        [
            (
                140,
                "epoch 1/2  train: loss 123. accuracy 50.0%  validation: loss 2.00 accuracy 25.0%"
                "  [####----]  best 2.00 in 1  0 s left",
            ),
            (
                110,
                "epoch 1/2  loss 123.|2.00  accuracy 50.0%|25.0%  (train|valid)"
                "  [####----]  best 2.00 in 1  0 s left",
            ),
            (80, "epoch 1/2  loss 123.|2.00  accuracy 50.0%|25.0%  (train|valid)  0 s left"),
            (60, "epoch 1/2  valid loss 2.00 accuracy 25.0%  +2  0 s left"),
            (43, "epoch 1/2  valid loss 2.00  +3  0 s left"),
            (30, "epoch 1/2  +4  0 s left"),
        ],
    )
    def test_what_a_terminal_has_no_room_for_is_counted(
        self, columns: int, shown: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("time.perf_counter", lambda: 5.0)
        Progress(2).show(self.record(1, validation_loss=2.0, validation_accuracy=0.25))
        assert terminal.getvalue() == f"\r{shown}"

    def test_a_narrow_terminal_is_not_overrun(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        monkeypatch.setenv("COLUMNS", "30")
        Progress(20).show(self.record(1))
        assert re.fullmatch(r"\repoch  1/20  \+2  \d+ s left", terminal.getvalue())
        monkeypatch.setenv("COLUMNS", "9")
        Progress(20).show(self.record(1))
        assert terminal.getvalue().endswith("\repoch  1")

    def test_a_callback_may_print(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        quick(small(), epochs=2, progress=True, callback=lambda record: print("well"))
        assert re.search(r"\r {20,}\rwell\n\repoch 2/2 .*\n$", terminal.getvalue())

    @given(epochs=st.integers(1, 300), lines=st.integers(1, 20))
    def test_elsewhere_a_few_lines_come_evenly(self, epochs: int, lines: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", output := io.StringIO())
            progress = Progress(epochs, lines=lines)
            for epoch in range(1, epochs + 1):
                progress.batch(epoch, 1, 1)
                progress.show(self.record(epoch))
            progress.close()
        shown = [int(line.split()[1].split("/")[0]) for line in output.getvalue().splitlines()]
        assert len(shown) == min(epochs, lines)
        assert shown[-1] == epochs
        gaps = {b - a for a, b in itertools.pairwise([0, *shown])}
        assert max(gaps) - min(gaps) <= 1

    def test_numbers_of_any_size_are_told_apart(self, capsys: pytest.CaptureFixture[str]) -> None:
        for loss in (1e-7, 1e30, 0.02402, 12.0):
            Progress(1).show({"epoch": 1, "loss": loss, "lr": 1.0})
        losses = [line.split()[3] for line in capsys.readouterr().out.splitlines()]
        assert losses == ["1.000e-07", "1.000e+30", "0.02402", "12.00"]

    def test_an_early_end_shows_the_last_epoch(self, capsys: pytest.CaptureFixture[str]) -> None:
        quick(small(), epochs=500, progress=True, callback=lambda record: record["epoch"] == 3)
        (line,) = capsys.readouterr().out.splitlines()
        assert re.match(r"epoch   3/500  loss 0\..* took \d", line)
        quick(small(), epochs=2, progress=True)
        assert len(capsys.readouterr().out.splitlines()) == 2

    def test_names_cannot_spoil_the_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        monkeypatch.setenv("COLUMNS", "40")
        Progress(2).show({"epoch": 1, "loss": 1.0, "a\n\x1b[31m名前": 2.0, "lr": 1.0})
        (line,) = terminal.getvalue().lstrip("\r").splitlines()
        assert "\x1b" not in line
        assert cells(line) <= 39
        narrow = AsciiTerminal(file := io.BytesIO(), "ascii")
        monkeypatch.setattr(sys, "stdout", narrow)
        Progress(2).show({"epoch": 1, "loss": 1.0, "é" * 20: 1.0, "lr": 1.0})
        narrow.flush()
        assert file.getvalue().startswith(b"\repoch 1/2  loss 1.00  +1  ")
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file := io.BytesIO(), "ascii"))
        Progress(1).show({"epoch": 1, "ü": 1.0, "lr": 1.0})
        assert b"\\xfc 1.000" in file.getvalue()

    def test_large_inputs_with_a_large_loss_get_a_hint(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def told(reach: float, target: float, **kwargs: Any) -> list[str]:
            rows = [([x * reach], target) for x in (0.5, -1.0, 0.25)]
            model = nn.Neuron(1, nonlin=False, init=0.0)
            settings = {"loss": losses.mean_squared_error, "progress": True, **kwargs}
            quick(model, rows, optimizer=optim.SGD(model, 1e-9), **settings)
            return [line for line in capsys.readouterr().out.splitlines() if "reach" in line]

        assert told(1680.0, 30.0) == [
            "inputs reach up to 1680, and the first loss is 900: standardize them, "
            "rows = data.Standardiser(rows)(rows)"
        ]
        assert told(1680.0, 30.0, progress=False) == []
        assert told(1680.0, 0.5) == []
        assert told(3.0, 30.0) == []

    def test_fit_prints_unless_it_is_told_not_to(self, capsys: pytest.CaptureFixture[str]) -> None:
        quick(small(), epochs=2)
        assert capsys.readouterr().out == ""
        quick(small(), epochs=2, progress=True)
        assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
            ["epoch", "1/2"],
            ["epoch", "2/2"],
        ]

    def test_without_a_standard_output(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdout", None)
        assert len(quick(small(), progress=True)) == 3
