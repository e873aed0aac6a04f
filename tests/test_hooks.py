"""Watchers and no_grad: per thread and per task, in any mixture, and nothing is left on."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from recipes import Recipe, anything, recipes

from micrograd_like import Value, engine, nn, no_grad, ops, tanh
from micrograd_like.debugging.tracing import AnomalyError, detect_anomaly, trace_lines
from micrograd_like.hooks import Switch, Watcher


@pytest.fixture(autouse=True)
def _nothing_is_left_on() -> Iterator[None]:
    yield
    assert engine.hook is None


class Count(Watcher):
    nodes = 0

    def made(self, out: Value) -> Value:
        self.nodes += out.op is not None
        return out


def test_results_under_no_grad_are_leaves() -> None:
    x = Value(2.0)
    with no_grad():
        made = [x * 3, 3 - x, x / x, x**2, -x, tanh(x), ops.fsum(x, 1.0, x), ops.clamp(x, 0.0, 1.0)]
    assert [y.data for y in made] == [6.0, 1.0, 1.0, 4.0, -2.0, math.tanh(2.0), 5.0, 1.0]
    assert all(y.op is None and y.operands == () and not y.constant for y in made)
    assert (x * 3).op is ops.mul


@given(recipes(admit=anything))
def test_numbers_under_no_grad_have_the_same_bits(recipe: Recipe) -> None:
    expected = [x.data for x in recipe.values()]
    with no_grad():
        found = [x.data for x in recipe.values()]
    assert [*map(repr, found)] == [*map(repr, expected)]


def test_errors_under_no_grad_are_the_same() -> None:
    with pytest.raises(ValueError, match=r"log\(x=-1\.0\)") as plain:
        ops.log(Value(-1.0, label="x"))
    with no_grad(), pytest.raises(ValueError, match="log") as quiet:
        ops.log(Value(-1.0, label="x"))
    assert str(plain.value) == str(quiet.value)


def test_no_grad_decorates() -> None:
    @no_grad()
    def f(x: Value, n: int) -> Value:
        return f(x * 2, n - 1) * 1 if n else x

    @no_grad()
    async def g(x: Value) -> Value:
        await asyncio.sleep(0)
        return x * 2

    assert f(Value(1.0), 3).op is None
    assert f(Value(1.0), 3).data == 8.0
    assert asyncio.run(g(Value(1.0))).op is None
    with pytest.raises(TypeError, match="decorates no generator"):

        @no_grad()
        def h() -> Iterator[int]:
            yield 1

    with pytest.raises(TypeError, match=r"write @no_grad\(\)"):
        no_grad(f)  # type: ignore[arg-type]


def test_it_nests_and_can_be_turned_back_on() -> None:
    x = Value(2.0)
    block = no_grad()
    with block:
        with block, no_grad(False):
            assert (x * x).op is ops.mul
        assert (x * x).op is None
        with pytest.raises(KeyError), no_grad(False):
            raise KeyError
        assert (x * x).op is None
    assert (x * x).op is ops.mul


def test_it_holds_for_its_own_thread_and_task_only() -> None:
    found: dict[str, Any] = {}
    x = Value(2.0)

    def other() -> None:
        found["thread"] = (x * x).op

    async def both() -> None:
        async def quiet() -> None:
            with no_grad():
                await asyncio.sleep(0)
                found["quiet"] = (x * x).op
                await asyncio.sleep(0)

        async def loud() -> None:
            await asyncio.sleep(0)
            found["loud"] = (x * x).op
            await asyncio.sleep(0)

        await asyncio.gather(quiet(), loud())

    with no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    asyncio.run(both())
    assert found == {"thread": ops.mul, "quiet": None, "loud": ops.mul}


def test_watchers_and_no_grad_meet_in_any_order() -> None:
    for first, second in ((no_grad, trace_lines), (trace_lines, no_grad)):
        with first(), second():
            y = Value(2.0) * 3
        assert (y.op, y.line.rpartition(":")[0]) == (None, __file__)
    with no_grad(), detect_anomaly(), pytest.raises(AnomalyError, match="inf"):
        Value(1e200) * 1e200
    with Switch("count", Count()) as count, no_grad():
        assert (Value(2.0) * 3 + 1).op is None
        with Switch("count", None):
            Value(2.0) * 3
    assert count.nodes == 2


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu", "linear", lambda v: v * 2])
def test_networks_compute_in_floats_with_the_same_bits(activation: Any, fused: bool) -> None:
    model = nn.MLP(3, [4, 2], activation=activation, rng=1, fused=fused)
    x = [0.5, Value(-1.0), 2]
    recorded = model(x)
    with no_grad(), Switch("leaves", None):
        quiet = model(x)
        layer, neuron = model.layers[0](x), model.layers[0].neurons[0](x)
    assert [y.data for y in quiet] == [y.data for y in recorded]
    assert [y.label for y in quiet] == [f"layers.1.neurons.{i}" for i in range(2)]
    assert all(y.op is None for y in (*quiet, *layer, neuron))
    assert neuron.data == layer[0].data


def test_a_network_makes_one_value_an_output() -> None:
    model = nn.MLP(3, [8, 8, 2], rng=1)
    made = []
    init = Value.__init__

    def counted(self: Value, *args: Any) -> None:
        made.append(self)
        init(self, *args)

    with no_grad(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Value, "__init__", counted)
        out = model([1.0, 2.0, 3.0])
    assert made == out


def test_networks_of_ones_own_parts_and_their_errors_are_as_ever() -> None:
    class Twice(nn.Module):
        def __call__(self, x: Any) -> Any:
            return [xi * 2 for xi in x]

    model = nn.MLP(2, [2, 1], rng=1)
    model.layers.insert(1, Twice())  # type: ignore[arg-type]
    recorded = model([1.0, 2.0])
    with no_grad():
        assert model([1.0, 2.0]).data == recorded.data
        with pytest.raises(ValueError, match=r"Layer layers\.0 takes 2 inputs, got 3"):
            model([1.0, 2.0, 3.0])
        with pytest.raises(TypeError, match="expected a real number"):
            model(["a", 2.0])
        del model.layers[0].neurons[1]
        with pytest.raises(ValueError, match="takes 2 inputs, got 1"):
            model([1.0, 2.0])
        with pytest.raises(TypeError, match="must return a Value"):
            nn.Neuron(1, activation=lambda v: 1.0)([1.0])  # type: ignore[arg-type, return-value]
        with pytest.raises(OverflowError, match="exp"):
            nn.Neuron(1, activation=ops.exp, init=1000.0)([1.0])
    assert nn.Neuron(1, bias=False, init=2.0)([3.0]).data == 6.0


def test_a_detached_value_is_a_leaf_of_its_own() -> None:
    x = Value(2.0, label="x")
    y = x * x
    y.label = "y"
    z = y.detach()
    assert (z.data, z.label, z.op) == (4.0, "y", None)
    (z * x).backward()
    assert (x.grad, z.grad, y.grad) == (4.0, 2.0, 0)


def test_no_grad_decorates_no_asynchronous_generator() -> None:
    with pytest.raises(TypeError, match="decorates no generator"):

        @no_grad()
        async def numbers() -> AsyncIterator[int]:
            yield 1
