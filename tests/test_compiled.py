"""A run by a program: what `fit` returns, keeps and raises is the eager run's, to the bit."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interrupting import PlacedInterrupts

import micrograd_like as ml
from micrograd_like import Value, losses, nn, optim, training
from micrograd_like.data import moons
from micrograd_like.training import compiled, running, writing
from micrograd_like.training.measuring import Measure, checked_rows
from micrograd_like.training.recorded import CannotRecord

ROWS = moons(40, noise=0.1, rng=3)
OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda m: optim.SGD(m, lr=lambda step: 0.2 * 0.99**step),
    "weight decay": lambda m: optim.SGD(m, lr=0.1, weight_decay=0.01),
    "momentum": lambda m: optim.SGD(m, lr=0.05, momentum=0.9, dampening=0.1),
    "Nesterov": lambda m: optim.SGD(m, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda m: optim.Adam(m, lr=0.02, weight_decay=0.01),
    "AdamW": lambda m: optim.AdamW(m, lr=0.02),
}


class Tied(nn.Module):
    """A network that uses its parameters more than once."""

    def __init__(self) -> None:
        self.w = [Value(0.3), Value(-0.5), Value(0.1)]
        self.top = nn.MLP(1, [3, 2], activation="tanh", rng=2)

    def __call__(self, x: Any) -> Any:
        h = ml.tanh(self.w[0] * x[0] + self.w[1] * x[1] + self.w[2])
        return self.top([ml.tanh(self.w[0] * h + self.w[1] * h * h)])


def everything(model: nn.Module, optimizer: optim.Optimizer, history: training.History) -> str:
    """Return all that a run leaves, each number with all its digits."""
    columns = [{**record, "seconds": 0} for record in history]
    numbers = [(p.data, p.grad) for p in optimizer.parameters]
    return repr((columns, numbers, optimizer.state_dict()["state"]))


def run(
    engine: str | None,
    optimizer: str = "SGD",
    model: Callable[[], Any] = lambda: nn.MLP(2, [5, 2], rng=1),
    loss: Any = losses.cross_entropy,
    rows: Any = ROWS,
    **options: Any,
) -> str:
    made = model()
    made_optimizer = OPTIMIZERS[optimizer](made)
    settings = {"epochs": 3, "batch_size": 1, "progress": False} | options
    history = training.fit(
        made, rows, loss=loss, optimizer=made_optimizer, engine=engine, **settings
    )
    return everything(made, made_optimizer, history)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count the steps that programs make, and those that are eager."""
    count = {"python": 0, "eager": 0}
    take, step = compiled.Compiled.take, running.Run.step

    def taken(self: Any, batches: Any, sums: Any) -> None:
        take(self, batches, sums)
        count["python"] += len(batches)

    def stepped(self: Any, batch: Any) -> None:
        step(self, batch)
        count["eager"] += 1

    monkeypatch.setattr(compiled.Compiled, "take", taken)
    monkeypatch.setattr(running.Run, "step", stepped)
    return count


@contextmanager
def lines(most: int) -> Iterator[None]:
    """Give a line each to so many parameters at most; of more, loops go over the neurons."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "MOST", most)
        patch.setattr(writing, "MOST_IN_BATCHES", most)
        yield


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("batch_size", "clip"), [(1, None), (1, 0.5), (7, None), (7, 0.5)])
@pytest.mark.parametrize("most", [0, 10_000])
def test_a_run_by_a_program_has_the_bits_of_the_eager_one(
    optimizer: str, batch_size: int, clip: float | None, most: int, steps: dict[str, int]
) -> None:
    options = {"batch_size": batch_size, "clip_norm": clip, "metrics": ["accuracy"]}
    eager = run("eager", optimizer, validation=0.25, **options)
    before = steps["eager"]
    with lines(most):
        assert run("python", optimizer, validation=0.25, **options) == eager
    assert steps["python"] > 0.75 * before


@pytest.mark.parametrize(("optimizer", "batch_size"), [("SGD", 1), ("AdamW", 4)])
def test_so_it_has_for_a_large_network(
    optimizer: str, batch_size: int, steps: dict[str, int]
) -> None:
    rng = random.Random(1)
    options: dict[str, Any] = {
        "model": lambda: nn.MLP(100, [100, 10, 3], init="he", rng=1),
        "rows": [([rng.random() for _ in range(100)], i % 3) for i in range(8)],
        "batch_size": batch_size,
        "epochs": 1,
    }
    assert run("python", optimizer, **options) == run("eager", optimizer, **options)
    assert steps["python"] > 0


@pytest.mark.parametrize("most", [0, 10_000])
def test_the_optimizer_may_have_the_parameters_in_another_order(most: int) -> None:
    def result(engine: str) -> str:
        model = nn.MLP(2, [4, 5], rng=1)
        optimizer = optim.Adam(random.Random(1).sample(model.parameters(), 37), lr=0.1)
        rows = [(x, 4 - i % 3) for i, (x, _) in enumerate(ROWS)]
        settings: dict[str, Any] = {"epochs": 3, "batch_size": 5, "clip_norm": 0.1}
        history = training.fit(
            model,
            rows,
            loss=losses.cross_entropy,
            optimizer=optimizer,
            engine=engine,
            progress=False,
            **settings,
        )
        return everything(model, optimizer, history)

    with lines(most):
        assert result("python") == result("eager")


def test_a_large_network_that_has_no_layers_is_eager_and_says_why() -> None:
    with (
        lines(10),
        pytest.raises(ValueError, match="15 parameters are in no dense layer that is trained: 10"),
    ):
        run("python", model=lambda: nn.MLP(2, [5], fused=False), loss=lambda ys, t: ml.fsum(ys))


@pytest.mark.parametrize("batch_size", [40, 500])
def test_one_batch_an_epoch_is_a_step_of_the_program_too(
    batch_size: int, steps: dict[str, int]
) -> None:
    eager = run("eager", "Adam", batch_size=batch_size)
    before = steps["eager"]
    assert run("python", "Adam", batch_size=batch_size) == eager
    assert steps["eager"] - before <= 1  # the first: an optimizer remembers nothing before it
    assert steps["python"] >= before - 1


@given(
    st.sampled_from([*OPTIMIZERS]),
    st.lists(st.integers(1, 4), max_size=2),
    st.sampled_from(["relu", "tanh", "gelu", "sigmoid", "leaky_relu", "softplus"]),
    st.sampled_from(["cross_entropy", "binary_cross_entropy", "mean_squared_error", "hinge"]),
    st.booleans(),
    st.integers(1, 9),
    st.sampled_from([0, 10_000]),
)
def test_so_it_has_for_any_network_and_loss(
    optimizer: str,
    hidden: list[int],
    activation: str,
    loss: str,
    fused: bool,
    batch_size: int,
    most: int,
) -> None:
    sizes = [*hidden, 2 if loss == "cross_entropy" else 1]
    rows = [(x, float(t)) for x, t in ROWS] if loss == "mean_squared_error" else ROWS
    rows = [(x, 2 * t - 1) for x, t in ROWS] if loss == "hinge" else rows

    def model() -> nn.MLP:
        return nn.MLP(2, sizes, activation=activation, fused=fused, rng=1)

    options: dict[str, Any] = {
        "loss": getattr(losses, loss),
        "rows": rows[:12],
        "batch_size": batch_size,
    }
    # Elementary neurons are no layers: a sum of gradients has another order for each class.
    engine = "python" if fused or (most and loss != "cross_entropy") else None
    with lines(most):
        found = run(engine, optimizer, model, **options)
    assert found == run("eager", optimizer, model, **options)


def by_hand(**options: Any) -> nn.MLP:
    return nn.MLP(2, [5, 2], fused=False, rng=1, **options)


@pytest.mark.parametrize("optimizer", ["SGD", "Nesterov", "Adam"])
@pytest.mark.parametrize(("batch_size", "clip"), [(1, None), (7, 0.5)])
def test_where_classes_have_sums_in_another_order_each_has_rows_of_its_own(
    optimizer: str, batch_size: int, clip: float | None
) -> None:
    for make in (by_hand, partial(by_hand, activation="tanh"), partial(by_hand, bias=False)):
        options = {"batch_size": batch_size, "clip_norm": clip, "metrics": ["accuracy"]}
        eager = run("eager", optimizer, make, validation=0.25, **options)
        assert run("python", optimizer, make, validation=0.25, **options) == eager


def test_only_small_ones_have() -> None:
    model, rows = nn.MLP(8, [64, 20], fused=False, rng=1), [([0.1] * 8, t) for t in range(20)]
    settings: Any = {
        "optimizer": optim.SGD(model),
        "epochs": 1,
        "progress": False,
        "engine": "python",
    }
    with pytest.raises(ValueError, match="a sum of gradients has another order for each class"):
        training.fit(model, rows, loss=losses.cross_entropy, **settings)


class Dying(nn.Module):
    """A layer of relu after one of tanh: where a unit is dead, what is before it has gradient 0."""

    def __init__(self) -> None:
        self.first = nn.Layer(2, 9, activation="tanh", rng=1)
        self.second = nn.Layer(9, 1, activation="relu", rng=2)
        self.last = nn.Layer(1, 2, activation="linear", rng=3)

    def __call__(self, x: Any) -> Any:
        return self.last([self.second(self.first(x))])


@pytest.mark.parametrize("batch_size", [1, 8])
def test_what_a_dead_relu_skips_is_zero_further_on(batch_size: int) -> None:
    runs = [run(engine, model=Dying, batch_size=batch_size) for engine in ("python", "eager")]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("most", [0, 10_000])
def test_a_dead_relu_of_infinite_inputs_has_the_eager_nan(most: int) -> None:
    def end(engine: str) -> str:
        model = nn.MLP(1, [2, 2, 1], activation="relu", rng=1)
        for i, layer in enumerate(model.layers):
            for p in (w for neuron in layer.neurons for w in neuron.w):
                p.data = (1e200, -1.0, 1.0)[i]  # -inf into the second relu, whose gradient is 0
        with pytest.raises(FloatingPointError, match="nan") as error:
            training.fit(
                model,
                [*[([0.0], 0.5)] * 3, ([1e200], 0.5)],  # the first batch is compared
                loss=losses.mean_squared_error,
                optimizer=optim.SGD(model, lr=0.1),
                epochs=1,
                batch_size=2,
                shuffle=False,
                progress=False,
                engine=engine,
            )
        return str(error.value)

    with lines(most):
        assert end("python") == end("eager")


@pytest.mark.parametrize("most", [0, 10_000])
def test_a_weight_of_negative_zero_keeps_its_sign(most: int) -> None:
    def model() -> nn.Layer:
        layer = nn.Layer(2, 2, activation="linear", rng=1)
        for neuron in layer.neurons:
            neuron.w[0].data = -0.0
        return layer

    options: dict[str, Any] = {"model": model, "rows": [([0.0, x[1]], t) for x, t in ROWS]}
    with lines(most):
        found = run("python", **options)
    assert found == run("eager", **options)
    assert found.count("(-0.0, ") == 2


@pytest.mark.parametrize("batch_size", [1, 6])
def test_parameters_that_are_used_twice_get_the_same_sums(batch_size: int) -> None:
    assert run("python", "Adam", Tied, batch_size=batch_size) == run(
        "eager", "Adam", Tied, batch_size=batch_size
    )


def test_targets_may_be_lists_and_losses_may_use_parameters() -> None:
    rows = [(x, [float(t), 1.0 - t]) for x, t in ROWS]
    model = nn.MLP(2, [3, 2], rng=1)

    def penalised(output: Any, target: Any) -> Any:
        return losses.mean_squared_error(output, target) + losses.l2_penalty(model, 0.01)

    found = []
    for engine in ("python", "eager"):
        for p, x in zip(model.parameters(), itertools.cycle([0.3, -0.2, 0.5])):
            p.data = x
        found.append(run(engine, "momentum", lambda: model, penalised, rows))
    assert found[0] == found[1]


USED = [
    "data", "fixed", "memory", "batches", "rates", "done", "rows", "lr", "share", "loss", "target",
    "found", "grads", "norm", "new", "updated", "row", "each", "slice", "g", "x", "x0",
]  # fmt: skip


@pytest.mark.parametrize("name", USED)
def test_a_parameter_may_have_the_name_of_what_the_program_uses(name: str) -> None:
    class Named(Tied):
        def __init__(self) -> None:
            super().__init__()
            self.w[0].label = name

    options: dict[str, Any] = {"model": Named, "batch_size": 4, "clip_norm": 0.5, "epochs": 1}
    assert run("python", "momentum", **options) == run("eager", "momentum", **options)


def test_early_stopping_and_a_callback_that_changes_the_rate() -> None:
    def result(engine: str) -> str:
        model = nn.MLP(2, [4, 1], rng=1)
        optimizer = optim.SGD(model, lr=0.5, momentum=0.5)

        def slower(record: Any) -> None:
            optimizer.lr *= 0.9
            optimizer.momentum *= 0.9

        history = training.fit(
            model,
            ROWS,
            loss=losses.binary_cross_entropy,
            optimizer=optimizer,
            epochs=30,
            batch_size=5,
            validation=0.3,
            patience=2,
            callback=slower,
            progress=False,
            engine=engine,
        )
        assert len(history) < 30
        return everything(model, optimizer, history)

    assert result("python") == result("eager")


@pytest.mark.parametrize("engines", [("python", "eager"), ("eager", "python")])
def test_a_run_goes_on_from_the_other_engines_checkpoint(
    engines: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "run.json"
    for i, engine in enumerate(engines, 1):
        after = run(engine, "Adam", epochs=3 * i, checkpoint=path, resume=path if i > 1 else None)
    assert after == run("eager", "Adam", epochs=6)


# ---------------------------------------------------------------------------- what is eager


class Asks(nn.Module):
    """A network with a branch on its input."""

    def __init__(self) -> None:
        self.net = nn.MLP(2, [3, 2], rng=1)

    def __call__(self, x: Any) -> Any:
        return self.net(x) if x[0] > 0 else self.net([x[1], x[0]])


class Reads(Asks):
    """A network that takes a number out of the graph."""

    def __call__(self, x: Any) -> Any:
        outs = self.net(x)
        return [out * outs[0].data for out in outs]


class Draws(Asks):
    """A network with noise."""

    def __call__(self, x: Any) -> Any:
        return self.net([xi + random.random() for xi in x])


@pytest.mark.parametrize(
    ("model", "why"),
    [(Asks, "asks for > of"), (Reads, "reads .data of"), (Draws, "does it draw random ones")],
)
def test_what_cannot_be_recorded_is_eager_and_says_why(
    model: Callable[[], Any], why: str, capsys: pytest.CaptureFixture[str], steps: dict[str, int]
) -> None:
    with pytest.raises(ValueError, match=f"engine='python' cannot train this: .*{why}"):
        run("python", model=model)
    run(None, model=model, progress=True)
    assert why in capsys.readouterr().out
    assert not steps["python"]
    assert steps["eager"]


def test_a_model_that_a_callback_changes_is_recorded_again(steps: dict[str, int]) -> None:
    def result(engine: str) -> str:
        model = nn.MLP(2, [4, 2], rng=1)

        def changed(record: Any) -> None:
            for neuron in model.layers[0].neurons:
                neuron.activation = ml.tanh

        return run(engine, model=lambda: model, callback=changed)

    eager = result("eager")
    steps["eager"] = 0
    assert result("python") == eager
    assert steps["eager"] == 3  # the last step of each epoch


def test_an_engine_has_a_name() -> None:
    with pytest.raises(
        ValueError,
        match="engine is 'fast': it must be None, or one of python, native, numpy, eager",
    ):
        run("fast")


@pytest.mark.parametrize("engine", ["python", "eager"])
@pytest.mark.parametrize(
    ("loss", "rows", "message"),
    [
        (losses.mean_squared_error, [(x, 1e200) for x, _ in ROWS], "data row 0: the loss is inf"),
        (lambda out, t: ml.log(out), ROWS, r"data row \d+: log\(layers"),
    ],
)
def test_errors_are_the_eager_ones(engine: str, loss: Any, rows: Any, message: str) -> None:
    def model() -> nn.MLP:
        return nn.MLP(2, [4, 1], rng=1)

    with pytest.raises((FloatingPointError, ValueError), match=message):
        run(engine, model=model, loss=loss, rows=rows, shuffle=False, batch_size=40)


def test_steps_that_diverge_end_where_the_eager_ones_do() -> None:
    def diverge(engine: str) -> tuple[str, str]:
        model = nn.MLP(2, [4, 1], rng=1)
        rows = [(x, float(t)) for x, t in ROWS]
        with pytest.raises(FloatingPointError) as error:
            training.fit(
                model,
                rows,
                loss=losses.mean_squared_error,
                optimizer=optim.SGD(model, lr=3.0),
                epochs=9,
                batch_size=2,
                progress=False,
                engine=engine,
            )
        return str(error.value), repr([(p.data, p.grad) for p in model.parameters()])

    assert diverge("python") == diverge("eager")


class Aliases(nn.Module):
    """A network whose outputs are a parameter, and what another output is made of."""

    def __init__(self, kind: int) -> None:
        self.kind, self.w, self.k = kind, Value(0.5), Value(0.3)

    def __call__(self, x: Any) -> Any:
        a = ml.tanh(self.w * x[0])
        return ([self.w, self.k * x[0]], [self.w, self.w * self.k * x[0]], [a, a * self.k])[
            self.kind
        ]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_outputs_may_be_anything(kind: int) -> None:
    def model() -> Aliases:
        return Aliases(kind)

    assert run(None, model=model) == run("eager", model=model)


class Shows(nn.Module):
    """A network that also shows a weight of a layer, times an input."""

    def __init__(self) -> None:
        self.net = nn.MLP(2, [3, 1], rng=1)

    def __call__(self, x: Any) -> Any:
        return [self.net(x), self.net.layers[0].neurons[1].w[0] * x[0]]


@pytest.mark.parametrize("most", [12, 10_000])
@pytest.mark.parametrize("model", [lambda: nn.MLP(2, [5, 2], rng=1), Shows])
def test_a_metric_may_use_what_the_loss_does_not(model: Any, most: int) -> None:
    options: dict[str, Any] = {
        "loss": lambda output, target: (output[0] - target) ** 2,
        "rows": [(x, t + 0.5) for x, t in ROWS],
        "metrics": {"other": lambda output, target: output[1]},
        "model": model,
    }
    with lines(most):
        found = run("python", **options)
    assert found == run("eager", **options)


@pytest.mark.parametrize(
    "loss",
    [
        lambda output, target: ml.softplus(-output) if target == 1 else ml.softplus(output),
        lambda output, target: output * (2 if target in (1.0, 7) else -3),
        lambda output, target: [output * output, output * 3, -output][int(target)],
    ],
)
@pytest.mark.parametrize("kind", [int, float])
def test_a_loss_may_ask_for_its_target(loss: Any, kind: type) -> None:
    options: dict[str, Any] = {
        "model": lambda: nn.MLP(2, [3, 1], rng=1),
        "rows": [(x, kind(t)) for x, t in ROWS],
        "loss": loss,
        "batch_size": 4,
    }
    assert run(None, **options) == run("eager", **options)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_loss_of_other_parameters_for_each_class_is_eager(batch_size: int) -> None:
    options: dict[str, Any] = {
        "loss": lambda output, target: (output[target] - 1.0) ** 2,
        "batch_size": batch_size,
    }
    assert run(None, **options) == run("eager", **options)
    with pytest.raises(ValueError, match="depends on other parameters for each class"):
        run("python", **options)


class Slowing(optim.SGD):
    """A rule that looks at the number of steps."""

    def update(self, x: float, g: float, memory: Any, lr: float) -> Any:
        return x - lr * g / (1 + self.steps), ()


def test_a_rule_that_counts_the_steps_is_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "slowing", lambda model: Slowing(model, lr=0.1))
    assert run(None, "slowing") == run("eager", "slowing")


def test_a_callback_may_change_what_only_some_rows_show() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.w, self.scale = Value(0.5), 1.0

        def __call__(self, x: Any) -> Any:
            return self.w * self.scale * x[0]

    def result(engine: str | None) -> str:
        model = Scaled()

        def halve(record: Any) -> None:
            model.scale *= 0.5

        rows = [([float(i)], 1.5) for i in range(4)]
        loss = losses.mean_squared_error
        return run(engine, "SGD", lambda: model, loss, rows, callback=halve, shuffle=False)

    assert result(None) == result("eager")


# ---------------------------------------------------------------------------- interrupts


def interrupt(run: Callable[[], Any], place: int) -> bool:
    """Run with an interrupt at a place of the loop; return whether it came."""
    where: list[PlacedInterrupts] = []
    load, calls = compiled.source.load, itertools.count()

    def loaded(text: str, name: str) -> Any:
        made = load(text, name)

        def called(*arguments: Any) -> Any:
            if where or name != "epoch" or not next(calls):  # the first call is a trial
                return made(*arguments)
            where.append(PlacedInterrupts(place, closely=(made.__code__,)))
            found: list[Any] = []
            if where[0].run(lambda: found.append(made(*arguments))):
                raise KeyboardInterrupt
            return found[0]

        return called

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled.source, "load", loaded)
        run()
    return bool(where[0].places)


def interrupted_runs(tries: int, tmp_path: Path) -> int:
    """Interrupt runs at random places, and go on with either engine; return how many were."""
    rng = random.Random(1)
    whole: dict[Any, str] = {}
    interrupted = 0
    for i in range(tries):
        name, path = rng.choice(["SGD", "Adam"]), tmp_path / f"{i}.json"
        options = {"epochs": 2, "batch_size": rng.choice([1, 8]), "rows": ROWS[:24]}
        key = name, options["batch_size"]
        whole[key] = whole.get(key) or run("eager", name, **options)
        first = partial(run, "python", name, checkpoint=path, **options)
        with lines(rng.choice([0, 10_000])):
            came = interrupt(first, rng.randrange(1, 2000))
        if not came:
            continue  # it came to its end before
        interrupted += 1
        engine = rng.choice(["python", "eager"])
        assert run(engine, name, checkpoint=path, resume=path, **options) == whole[key]
    return interrupted


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    assert interrupted_runs(12, tmp_path) >= 4


@pytest.mark.thorough
def test_so_it_does_from_hundreds_of_places(tmp_path: Path) -> None:
    many = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 200
    assert interrupted_runs(many, tmp_path) >= 0.4 * many


def test_a_program_says_why_it_cannot_be_written() -> None:
    measure = Measure(Asks(), losses.cross_entropy, [])
    rows = checked_rows("data", ROWS)
    settings: Any = SimpleNamespace(optimizer=optim.SGD(measure.parameters), batch_size=1)
    with pytest.raises(CannotRecord, match="asks for >"):
        compiled.Compiled(measure, settings, rows, True)
