"""Neurons, layers and networks: micrograd's, with names, choices, and weights that last."""

from __future__ import annotations

import copy
import errno
import functools
import json
import math
import os
import pickle
import random
import statistics
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like import Value, log, maximum, ops, tanh
from micrograd_like.files import write_whole
from micrograd_like.nn import (
    ACTIVATIONS,
    FORMAT,
    INITIALIZERS,
    MLP,
    Layer,
    Module,
    Name,
    Neuron,
    linear,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SMALL = st.floats(-4, 4)
EDGES = [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1]


def bits(numbers: Any) -> list[str]:
    """Write floats so that equal text is equal bits: 0.0 and -0.0 differ, nan is nan."""
    return [float(ops.number(x)).hex() for x in numbers]


def weights(model: Module) -> list[str]:
    return bits(p.data for p in model.parameters())


class Bag(Module):
    """A module that holds what it is given."""

    def __init__(self, **parts: Any) -> None:
        vars(self).update(parts)


def unchecked(function: Any) -> Any:
    """Return the function without its types, to be called as it must not be."""
    return function


def labels(model: Module) -> list[str]:
    return [p.label for p in model.parameters()]


def names(model: Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


# ---------------------------------------------------------------------------- as in micrograd


def test_the_weights_are_micrograds_for_the_same_seed() -> None:
    random.seed(1337)
    model = MLP(2, [2, 1])
    assert [p.data for p in model.parameters()] == [
        *(0.23550571390294128, 0.06653114721000164, 0.0),
        *(-0.26830328150124894, 0.1715747078045431, 0.0),
        *(-0.6686254326224383, 0.6487474938152629, 0.0),
    ]


def test_the_network_of_micrograds_demo_gives_its_output() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    assert model([1.0, -2.0]).data == -1.3324313779586294


def test_hidden_layers_are_relu_and_the_last_one_is_linear() -> None:
    model = MLP(2, [3, 4, 2])
    assert [[n.activation for n in layer.neurons] for layer in model.layers] == [
        [ops.relu] * 3,
        [ops.relu] * 4,
        [linear] * 2,
    ]
    assert Neuron(1).activation is Layer(1, 1).neurons[0].activation is ops.relu
    assert Neuron(1, False).activation is linear
    assert (Neuron(1).nonlin, Neuron(1, False).nonlin) == (True, False)
    assert Layer(1, 1, nonlin=False).neurons[0].activation is linear


def test_a_neuron_is_the_weighted_sum_of_its_inputs_and_its_bias() -> None:
    neuron = Neuron(2, False)
    neuron.w[0].data, neuron.w[1].data = 2.0, 3.0
    assert neuron.b is not None
    assert neuron.b.data == 0.0
    neuron.b.data = 0.5
    assert neuron([10.0, 100.0]).data == 320.5
    neuron.activation = ops.relu
    assert neuron([-10.0, 1.0]).data == 0.0


def test_one_output_is_a_value_and_several_are_a_list() -> None:
    x = [1.0, 2.0]
    assert isinstance(Neuron(2)(x), Value)
    assert isinstance(Layer(2, 1)(x), Value)
    assert isinstance(MLP(2, [3, 1])(x), Value)
    for model in (Layer(2, 3), MLP(2, [2, 3]), MLP(2, [1, 3])):
        out = model(x)
        assert type(out) is list
        assert [type(y) for y in out] == [Value] * 3


def test_training_as_in_micrograd_lowers_the_loss() -> None:
    random.seed(1)
    model = MLP(2, [8, 1])
    points = [((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0)]
    losses = []
    for _ in range(100):
        loss = sum(((model(x) - y) ** 2 for x, y in points), Value(0.0))
        for p in model.parameters():
            p.grad = 0
        loss.backward()
        for p in model.parameters():
            p.data += -0.1 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.05 * losses[0]


def test_zero_grad_sets_every_gradient_to_zero() -> None:
    model = MLP(2, [3, 1], activation="tanh")
    model([1.0, 2.0]).backward()
    assert all(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0] * 13


class Line(Module):
    """A module as one writes it for micrograd."""

    def __init__(self) -> None:
        self.slope, self.offset = Value(2.0), Value(1.0)
        self.rest = {Value(7.0, label="hidden")}  # in a set, which has no order

    def __call__(self, x: float) -> Value:
        return self.slope * x + self.offset + next(iter(self.rest))

    def parameters(self) -> list[Value]:
        return [*self.rest, self.slope]


def test_a_subclass_may_list_its_parameters_itself() -> None:
    line = Line()
    line(3.0).backward()
    line.zero_grad()
    assert (line.slope.grad, line.offset.grad) == (0, 1.0)
    assert [p.data for p in line.parameters()] == [7.0, 2.0]


def test_no_weight_of_such_a_subclass_is_lost_on_disk(tmp_path: Path) -> None:
    line = Line()
    assert line.state_dict() == {"slope": 2.0, "offset": 1.0, "parameters.0": 7.0}
    line.save(tmp_path / "line")
    other = Line()
    for p in (other.slope, other.offset, *other.rest):
        p.data = 0.0
    other.load(tmp_path / "line")
    assert other(3.0).data == line(3.0).data == 14.0


def test_layers_of_the_users_own_are_called() -> None:
    class Double(Neuron):
        def __call__(self, x: Any) -> Value:
            return super().__call__(x) * 2

    class Reverse(Layer):
        def __call__(self, x: Any) -> Any:
            return super().__call__(x)[::-1]

    model = MLP(1, [2, 2], init=1.0)
    model.layers[0].neurons[1].w[0].data = 3.0
    assert [y.data for y in model.layers[0]([1.0])] == [1.0, 3.0]
    model.layers[0].neurons[0] = Double(1, init=1.0)
    assert [y.data for y in model.layers[0]([1.0])] == [2.0, 3.0]
    model.layers[1] = Reverse(2, 2, init=lambda rng, nin, nout: 1.0)
    model.layers[1].neurons[0].w[0].data = 0.0
    assert [y.data for y in model([1.0])] == [5.0, 3.0]
    model.layers[0] = Layer(1, 1, init=1.0)  # one Value goes on as a list of one
    model.layers[1] = Reverse(1, 2, init=4.0)
    assert [y.data for y in model([2.0])] == [8.0, 8.0]


# ---------------------------------------------------------------------------- fused or not


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    seed=st.integers(0, 9),
    bias=st.booleans(),
    activation=st.sampled_from(["relu", "tanh", "linear"]),
    data=st.data(),
)
def test_the_elementary_network_has_the_same_bits(
    sizes: list[int], seed: int, bias: bool, activation: str, data: st.DataObject
) -> None:
    numbers = st.one_of(SMALL, FINITE, st.sampled_from(EDGES))
    models = [
        MLP(sizes[0], sizes[1:], rng=seed, bias=bias, activation=activation, fused=fused)
        for fused in (True, False)
    ]
    parameters = [model.parameters() for model in models]
    for p, q in zip(*parameters):
        p.data = q.data = data.draw(numbers)
    xs = data.draw(st.lists(numbers, min_size=sizes[0], max_size=sizes[0]))
    results = []
    for model in models:
        inputs = [Value(x) for x in xs]
        out = model(inputs)
        outs = out if isinstance(out, list) else [out]
        sum((y * y for y in outs), Value(0.0)).backward()
        leaves = [*model.parameters(), *inputs]
        results.append((bits(y.data for y in outs), bits(leaf.grad for leaf in leaves)))
    assert results[0] == results[1]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("w", "x", "b"),
    [(-1.0, 0.0, -0.0), (1.0, -0.0, -0.0), (1.0, -0.0, 0.0), (0.0, 0.0, -0.0), (5e-324, 0.5, 0.0)],
)
def test_the_sign_of_zero_is_that_of_the_written_sum(
    w: float, x: float, b: float, bias: bool
) -> None:
    expected = b + w * x if bias else w * x
    for fused in (True, False):
        neuron = Neuron(1, False, init=w, bias=bias, fused=fused)
        if neuron.b is not None:
            neuron.b.data = b
        assert bits([neuron([x]).data]) == bits([expected])


def test_the_weighted_sum_is_one_node_or_many() -> None:
    fused, elementary = (Neuron(3, False, fused=fused) for fused in (True, False))
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    out = fused(xs)
    assert out.op is ops.weighted_sum
    assert out.operands == (*fused.w, *xs, fused.b)
    out = elementary(xs)
    for x, w in zip(reversed(xs), reversed(elementary.w)):
        assert out.op is ops.add
        out, product = out.operands
        assert (product.op, product.operands) == (ops.mul, (w, x))
    assert out is elementary.b
    assert Neuron(1, False, fused=False, bias=False)([1.0]).op is ops.mul
    for model in (Neuron(1, False), Layer(1, 1, nonlin=False), MLP(1, [1])):
        assert model([1.0]).op is ops.weighted_sum  # unless one asks for many


def test_one_value_as_three_inputs_has_its_gradient_summed_in_another_order() -> None:
    grads = []
    for fused in (True, False):
        neuron = Neuron(3, False, fused=fused)
        for w, data in zip(neuron.w, (0.1, 0.2, 0.3)):
            w.data = data
        x = Value(1.0)
        neuron([x, x, x]).backward()
        grads.append(x.grad)
    assert grads == [0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1]
    assert grads[0] != grads[1]


# ---------------------------------------------------------------------------- activations


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_goes_by_its_name(name: str) -> None:
    neuron = Neuron(1, activation=name, init=1.0, bias=False)
    for x in (-1.5, 0.0, 2.0):
        expected = x if name == "linear" else getattr(Value(x), name)().data
        assert neuron([x]).data == expected
    assert f"1 {name}," in repr(neuron)


def test_the_names_of_activations_are_these() -> None:
    assert set(ACTIVATIONS) == {
        *("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu"),
        *("sigmoid", "log_sigmoid", "softplus", "softsign", "tanh"),
    }
    assert Neuron(1, activation="leaky_relu", init=1.0)([-2.0]).data == -0.02
    assert Neuron(1, activation="elu", init=1.0)([-2.0]).data == math.expm1(-2.0)


def test_an_activation_may_be_any_function_of_a_value() -> None:
    def cube(v: Value) -> Value:
        return v**3

    model = MLP(1, [1, 1], activation=cube, init=2.0)
    assert model([1.0]).data == 16.0
    assert Layer(1, 2, activation=tanh, init=1.0)([0.5])[1].data == math.tanh(0.5)


def test_each_layer_may_have_its_own_activation() -> None:
    for many in (list, tuple):
        model = MLP(1, [2, 1], activation=many(["tanh", ops.sigmoid]))
        assert [layer.neurons[0].activation for layer in model.layers] == [ops.tanh, ops.sigmoid]
    with pytest.raises(ValueError, match=r"^3 activations for 2 layers$"):
        MLP(1, [2, 1], activation=["tanh"] * 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda name: Neuron(1, activation=name),
        lambda name: Neuron(1, False, activation=name),
        lambda name: Layer(1, 1, activation=name),
        lambda name: MLP(1, [1], activation=name),  # where it is not even used
        lambda name: MLP(1, [1, 1], activation=["relu", name]),
    ],
)
def test_an_unknown_activation_is_refused_and_the_known_ones_listed(
    make: Callable[[Any], Module],
) -> None:
    with pytest.raises(ValueError) as caught:
        make("rleu")
    assert str(caught.value) == (
        f"no activation 'rleu': take a function, or {', '.join(ACTIVATIONS)}"
    )
    with pytest.raises(TypeError, match=r"^an activation is a name or a function, not 3$"):
        make(3)


@pytest.mark.parametrize("activation", [log, ops.log, ops.sqrt, ops.acosh])
def test_an_error_of_an_activation_names_it_and_its_operand(activation: Any) -> None:
    with pytest.raises(ValueError, match=r"^\w+\(-1\.0\): .*takes numbers between"):
        Neuron(1, activation=activation, init=-1.0)([1.0])


def plain_tanh(v: Value) -> float:
    return math.tanh(v.data)


def test_an_activation_that_loses_the_gradient_is_refused() -> None:
    with pytest.raises(TypeError, match=r"float\(\) of a Value would lose its gradient"):
        unchecked(Neuron)(1, activation=math.tanh)([0.5])
    neuron = unchecked(Neuron)(1, activation=plain_tanh, init=1.0)
    with pytest.raises(TypeError) as caught:
        neuron([0.5])
    assert str(caught.value) == (
        f"the activation plain_tanh returned {math.tanh(0.5)!r}: "
        "it must return a Value, as the functions of micrograd_like do"
    )


class Slope(Module):
    """An activation that learns."""

    def __init__(self) -> None:
        self.slope = Value(0.25)

    def __call__(self, v: Value) -> Value:
        out: Value = maximum(v, self.slope * v)
        return out


def test_an_activation_with_a_parameter_is_trained_with_the_rest() -> None:
    model = MLP(1, [2, 1], activation=Slope(), init=-1.0)
    assert names(model).count("layers.0.neurons.0.activation.slope") == 1
    assert len(model.parameters()) == 8
    model([2.0]).backward()
    assert [p.grad for p in model.parameters() if "slope" in p.label] == [4.0]


# ---------------------------------------------------------------------------- biases and weights


def test_biases_can_be_left_out() -> None:
    model = MLP(2, [3, 1], bias=False, rng=1)
    assert len(model.parameters()) == 9
    assert model.layers[0].neurons[0].b is None
    assert not [name for name in names(model) if name.endswith(".b")]
    assert model([0.0, 0.0]).data == 0.0
    with_biases = MLP(2, [3, 1], rng=1)
    assert [p.data for n, p in with_biases.named_parameters() if not n.endswith("b")] == [
        p.data for p in model.parameters()
    ]
    assert with_biases([1.0, 2.0]).data == model([1.0, 2.0]).data


def drawn(init: Any, nin: int, nout: int) -> list[float]:
    layer = Layer(nin, nout, init=init, rng=1, bias=False)
    return [p.data for p in layer.parameters()]


def test_the_initialisers_have_their_range_and_spread() -> None:
    nin, nout = 40, 60
    uniform, glorot, he = (drawn(name, nin, nout) for name in ("uniform", "glorot", "he"))
    limit = math.sqrt(6 / (nin + nout))
    for numbers, low, deviation in (
        (uniform, 1.0, 1 / math.sqrt(3)),
        (glorot, limit, limit / math.sqrt(3)),
        (he, None, math.sqrt(2 / nin)),
    ):
        assert statistics.stdev(numbers) == pytest.approx(deviation, rel=0.05)
        assert abs(statistics.mean(numbers)) < 0.05 * deviation
        if low:
            assert 0.99 * low < max(numbers) <= low
            assert -low <= min(numbers) < -0.99 * low
        else:
            assert max(numbers) > 3 * deviation  # a normal distribution has tails


def test_the_initialisers_draw_in_order() -> None:
    rng = random.Random(1)
    assert drawn("uniform", 2, 3) == [rng.uniform(-1, 1) for _ in range(6)]
    rng = random.Random(1)
    assert drawn("glorot", 2, 4) == [rng.uniform(-1, 1) * math.sqrt(6 / (2 + 4)) for _ in range(8)]
    rng = random.Random(1)
    assert drawn("he", 8, 1) == [rng.gauss(0.0, 0.5) for _ in range(8)]
    assert bits(drawn("zeros", 2, 2)) == bits([0.0] * 4)
    assert drawn(0.25, 2, 2) == [0.25] * 4
    assert drawn(np.float32(0.5), 1, 2) == [0.5] * 2
    assert drawn(lambda rng, nin, nout: nin + nout / 8, 2, 3) == [2.375] * 6
    assert Neuron(3, init="glorot", rng=1).w[0].data == (
        random.Random(1).uniform(-1, 1) * math.sqrt(6 / 4)
    )
    assert Neuron(3, init="glorot", rng=1, nout=3).w[0].data == random.Random(1).uniform(-1, 1)


def test_an_unknown_initialiser_is_refused_and_the_known_ones_listed() -> None:
    assert list(INITIALIZERS) == ["uniform", "glorot", "he", "zeros"]
    with pytest.raises(ValueError) as caught:
        MLP(1, [1], init="xavier")
    assert str(caught.value) == (
        "no init 'xavier': take a number, a function, or uniform, glorot, he, zeros"
    )
    with pytest.raises(TypeError, match=r"^an init is a name, a number or a function, not \[1\]$"):
        unchecked(Neuron)(1, init=[1])
    with pytest.raises(TypeError, match="expected a real number, got 'x'"):
        unchecked(Neuron)(1, init=lambda rng, nin, nout: "x")


@given(st.integers(), st.sampled_from(list(INITIALIZERS)))
def test_a_seed_and_its_generator_make_the_same_network(seed: int, init: str) -> None:
    first = MLP(2, [3, 2], rng=seed, init=init)
    assert weights(first) == weights(MLP(2, [3, 2], rng=seed, init=init))
    assert weights(first) == weights(MLP(2, [3, 2], rng=random.Random(seed), init=init))
    random.seed(seed)
    assert weights(first) == weights(MLP(2, [3, 2], init=init))
    random.seed(seed)
    assert weights(first) == weights(MLP(2, [3, 2], rng=unchecked(random), init=init))


def test_other_seeds_and_other_neurons_have_other_weights() -> None:
    model = MLP(2, [4, 4], rng=1, bias=False)
    assert len(set(weights(model))) == 24
    assert not set(weights(model)) & set(weights(MLP(2, [4, 4], rng=2, bias=False)))


def test_a_network_from_a_seed_leaves_the_module_random_alone() -> None:
    state = random.getstate()
    MLP(2, [3, 1], rng=1)
    assert random.getstate() == state


def test_a_whole_run_can_be_repeated() -> None:
    def run() -> list[str]:
        rng = random.Random(7)
        model = MLP(2, [4, 1], rng=rng, activation="gelu", init="he")
        for _ in range(20):
            x = [rng.random(), rng.random()]
            model.zero_grad()
            ((model(x) - x[0] * x[1]) ** 2).backward()
            for p in model.parameters():
                p.data -= 0.05 * p.grad
        return weights(model)

    assert run() == run()


@pytest.mark.parametrize("rng", ["7", 0.5, [1], np.random.default_rng(1)])
@pytest.mark.parametrize("make", [lambda rng: Neuron(1, rng=rng), lambda rng: MLP(1, [1], rng=rng)])
def test_what_is_no_generator_is_refused(make: Callable[[Any], Module], rng: Any) -> None:
    with pytest.raises(TypeError) as caught:
        make(rng)
    assert str(caught.value) == f"rng is a random.Random, a whole number or None, not {rng!r}"


# ---------------------------------------------------------------------------- sizes and inputs


@pytest.mark.parametrize(
    ("size", "error"),
    [
        *((0, ValueError), (-1, ValueError), (np.int64(0), ValueError)),
        *((True, TypeError), (1.0, TypeError), ("2", TypeError), (None, TypeError)),
    ],
)
def test_a_size_is_a_whole_number_of_at_least_one(size: Any, error: type[Exception]) -> None:
    cases: list[tuple[str, Callable[[], Any]]] = [
        ("nin", lambda: Neuron(size)),
        ("nin", lambda: Layer(size, 2)),
        ("nout", lambda: Layer(2, size)),
        ("nout", lambda: Neuron(2, nout=size)),
        ("nin", lambda: MLP(size, [1])),
        ("nout", lambda: MLP(1, [size, 1])),
        ("nout", lambda: MLP(1, [1, size])),
    ]
    for name, make in cases:
        with pytest.raises(error) as caught:
            make()
        assert str(caught.value) == (f"{name} is {size!r}: it must be a whole number of at least 1")


def test_an_mlp_needs_layers() -> None:
    no_layers: list[Any] = [[], ()]
    for nouts in no_layers:
        with pytest.raises(ValueError, match=r"^an MLP needs at least one layer: nouts is empty$"):
            MLP(2, nouts)
    with pytest.raises(TypeError, match=r"^nouts is a list of layer sizes: write MLP\(2, \[3\]\)$"):
        unchecked(MLP)(2, 3)


def test_sizes_may_be_numpys_and_in_any_sequence() -> None:
    model = unchecked(MLP)(np.int64(2), np.array([3, 1]))
    assert repr(model) == repr(MLP(2, (3, 1))) == repr(MLP(2, [3, 1]))


@given(nin=st.integers(1, 4), length=st.integers(0, 6))
def test_inputs_of_the_wrong_number_are_refused(nin: int, length: int) -> None:
    x = [1.0] * length
    mlp = MLP(nin, [2, 1])
    outer = Bag(body=mlp)
    for module, name in (
        (Neuron(nin), "Neuron"),
        (Layer(nin, 2), "Layer"),
        (mlp, "Layer layers.0"),
        (mlp.layers[0].neurons[1], "Neuron layers.0.neurons.1"),
    ):
        if length == nin:
            module(x)
        else:
            with pytest.raises(ValueError) as caught:
                module(x)
            assert str(caught.value) == f"{name} takes {nin} inputs, got {length}"
    if length != nin:
        outer.label_parameters()
        with pytest.raises(ValueError, match=r"^Layer body\.layers\.0 takes"):
            mlp(x)
        with pytest.raises(ValueError, match=r"^Layer body\.layers\.1 takes 2 inputs, got 9$"):
            mlp.layers[1]([0] * 9)


@pytest.mark.parametrize("fused", [True, False])
def test_inputs_may_be_any_numbers_in_any_ordered_collection(fused: bool) -> None:
    model = MLP(2, [3, 1], rng=1, fused=fused)
    expected = model([1.0, -2.0]).data
    table = np.array([[1.0, -2.0], [9.0, 9.0]])
    for x in (
        *([1, -2], (1.0, -2.0), [Value(1.0), -2], (True, -2), range(1, -5, -3)),
        *(table[0], table[0].astype("float32"), table[0].astype(int), list(table[0])),
        *((v for v in (1.0, -2.0)), {"x": 1.0, "y": -2.0}.values(), map(float, ("1", "-2"))),
    ):
        assert model(x).data == expected


def test_the_inputs_are_the_values_that_were_given() -> None:
    x = [Value(1.0), Value(2.0)]
    MLP(2, [2, 1], init=1.0)(x).backward()
    assert [v.grad for v in x] == [2.0, 2.0]


@pytest.mark.parametrize(
    "x",
    [
        None,
        1.0,
        Value(1.0),
        "ab",
        b"ab",
        bytearray(b"ab"),
        {1.0, 2.0},
        frozenset([1.0, 2.0]),
        {0: 1.0, 1: 2.0},
        object(),
    ],
)
def test_what_is_no_ordered_collection_is_refused(x: Any) -> None:
    for module, name in (
        (Neuron(2), "Neuron"),
        (Layer(2, 1), "Layer"),
        (MLP(2, [1]), "Layer layers.0"),
    ):
        with pytest.raises(TypeError) as caught:
            module(x)
        assert str(caught.value) == f"{name} takes a list of 2 numbers or Values, not {x!r}"


@pytest.mark.parametrize("x", [["1", 2.0], [None, 1.0], [[1.0], 1.0], [1j, 1.0], np.eye(2)])
def test_what_is_no_number_is_refused_as_an_input(x: Any) -> None:
    with pytest.raises(TypeError, match="expected a real number, got "):
        MLP(2, [1])(x)


# ---------------------------------------------------------------------------- names


def test_names_are_dotted_paths_and_are_the_labels() -> None:
    model = MLP(2, [1, 1])
    assert names(model) == [
        *("layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"),
        *("layers.1.neurons.0.w.0", "layers.1.neurons.0.b"),
    ]
    for module in (model, MLP(3, [4, 4, 2], bias=False), Layer(2, 3), Neuron(2)):
        assert labels(module) == names(module)
        assert [p for _, p in module.named_parameters()] == module.parameters()
        assert len(set(names(module))) == len(module.parameters())
    assert names(Neuron(2)) == ["w.0", "w.1", "b"]


class Tree(Module):
    """Parameters in every place that they are looked for, and others that are not."""

    def __init__(self) -> None:
        self.first = Value(1.0)
        self.net = Layer(1, 1)
        self.items: list[Any] = [Value(2.0), (Value(3.0), {"key": [Value(4.0)]}), 5.0, "text"]
        self.table = OrderedDict(b=Value(6.0), a=Neuron(1, bias=False))
        self.node = self.first * 2
        self.nothing: Any = [None, 1, [], {}, ()]
        self.last = Value(7.0)


TREE = [
    *("first", "net.neurons.0.w.0", "net.neurons.0.b", "items.0", "items.1.0"),
    *("items.1.1.key.0", "table.b", "table.a.w.0", "last"),
]


def test_parameters_are_found_in_attributes_lists_tuples_and_dicts_in_order() -> None:
    tree = Tree()
    assert names(tree) == TREE
    assert tree.node not in tree.parameters()
    assert labels(tree) == TREE  # as soon as they are assigned
    tree.items.append(Value(8.0))
    tree.label_parameters()
    assert labels(tree) == names(tree) == [*TREE[:6], "items.4", *TREE[6:]]
    with pytest.raises(ValueError, match=r"^Neuron table\.a takes 1 inputs, got 0$"):
        unchecked(tree.table["a"])([])


def tie(model: MLP) -> None:
    first, second = model.layers[1].neurons[:2]
    second.w = first.w
    second.b = first.b
    model.layers[2].neurons[0].w[0] = first.w[1]


def test_shared_parameters_count_once_under_their_first_name() -> None:
    model = MLP(2, [2, 2, 1], init=1.0)
    everything = len(model.parameters())
    tie(model)
    assert len(model.parameters()) == everything - 4
    assert [p for _, p in model.named_parameters()] == model.parameters()
    assert not [name for name in names(model) if name.startswith("layers.1.neurons.1")]
    model.label_parameters()
    assert labels(model) == names(model)
    state = model.state_dict()
    assert len(state) == everything - 4
    model.load_state_dict(dict.fromkeys(state, 2.0))
    assert model.layers[1].neurons[1].w[0].data == 2.0
    assert f"{everything - 4} parameters" in repr(model)


@given(st.recursive(st.integers(0, 3), lambda inner: st.lists(inner, max_size=4), max_leaves=12))
def test_named_and_unnamed_parameters_are_the_same(shape: Any) -> None:
    values = [Value(float(i)) for i in range(4)]

    def fill(part: Any) -> Any:
        if isinstance(part, int):
            return values[part]
        if len(part) == 3:
            return Bag(**{f"v{i}": fill(child) for i, child in enumerate(part)})
        return tuple(map(fill, part)) if len(part) % 2 else list(map(fill, part))

    model = Bag(all=fill(shape))
    found = dict(model.named_parameters())
    assert list(found.values()) == model.parameters()
    assert len(set(model.parameters())) == len(found)
    for name, p in found.items():  # a name is the way to the parameter
        part: Any = model
        for key in name.split("."):
            part = getattr(part, key) if isinstance(part, Module) else part[int(key)]
        assert part is p


def test_two_parameters_of_one_name_are_refused() -> None:
    model = Bag(d={1: Value(1.0), "1": Value(2.0)})
    assert len(model.parameters()) == 2
    for use in (model.state_dict, lambda: model.save("never written")):
        with pytest.raises(ValueError, match=r"^there are two parameters of the name 'd\.1'$"):
            use()


def test_modules_may_refer_to_each_other() -> None:
    parent, child = Tree(), Neuron(1)
    vars(parent).update(child=child)
    vars(child).update(parent=parent, me=child)
    parent.items.append(parent.items)
    assert names(parent) == [*TREE, "child.w.0", "child.b"]
    assert len(parent.parameters()) == len(child.parameters()) == len(TREE) + 2
    assert repr(child) == "Neuron(1 -> 1 relu, 11 parameters)"
    child.label_parameters()
    with pytest.raises(ValueError, match=r"^Neuron takes 1 inputs, got 0$"):
        child([])  # it is the root of its own labels, and has no path
    again = copy.deepcopy(parent)
    assert names(again) == names(parent)
    again.label_parameters()
    parent.zero_grad()


def test_a_reference_to_the_parent_does_not_change_the_order() -> None:
    child = Bag()
    parent = Bag(child=child, last=Value(2.0))
    vars(child).update(parent=parent, p=Value(1.0))
    assert names(parent) == ["child.p", "last"]
    assert [p.data for p in parent.parameters()] == [1.0, 2.0]


def test_a_chain_of_ten_thousand_modules_has_its_parameters() -> None:
    first = Module()
    for i in reversed(range(10_000)):
        first = Bag(p=Value(i), next=first)
    assert [p.data for p in first.parameters()] == list(range(10_000))


def test_an_empty_module_has_nothing_and_says_so(tmp_path: Path) -> None:
    module = Module()
    assert module.parameters() == []
    assert list(module.named_parameters()) == []
    assert module.state_dict() == {}
    module.zero_grad()
    module.label_parameters()
    module.load_state_dict({})
    module.save(tmp_path / "w")
    module.load(tmp_path / "w")
    assert repr(module) == "Module(0 parameters)"


# ---------------------------------------------------------------------------- repr and copies


def test_the_repr_shows_the_shape_and_the_number_of_parameters() -> None:
    assert repr(MLP(2, [16, 16, 1])) == "MLP(2 -> 16 relu -> 16 relu -> 1 linear, 337 parameters)"
    assert repr(Layer(3, 2, activation="tanh")) == "Layer(3 -> 2 tanh, 8 parameters)"
    assert repr(Neuron(1, bias=False)) == "Neuron(1 -> 1 relu, 1 parameter)"
    assert repr(Tree()) == "Tree(9 parameters)"
    assert repr(Neuron(1, activation=Slope())) == "Neuron(1 -> 1 Slope, 3 parameters)"
    partial = unchecked(functools.partial(ops.leaky_relu))
    assert repr(Neuron(1, activation=partial)) == "Neuron(1 -> 1 partial, 2 parameters)"
    assert repr(Neuron(1, activation=lambda v: v)) == "Neuron(1 -> 1 <lambda>, 2 parameters)"


def test_the_repr_is_ascii() -> None:
    def größer(v: Value) -> Value:
        return v

    class Ñandú(Neuron):
        pass

    text = repr(Ñandú(1, activation=größer))
    assert text == "\\xd1and\\xfa(1 -> 1 gr\\xf6\\xdfer, 2 parameters)"


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_copy_of_a_network_is_its_own(clone: Callable[[MLP], MLP], activation: str) -> None:
    model = MLP(2, [2, 2, 1], activation=activation, fused=False, bias=False)
    model.layers[1].neurons[1].w = model.layers[1].neurons[0].w
    model([1.0, 2.0]).backward()
    twin = clone(model)
    assert repr(twin) == repr(model)
    assert weights(twin) == weights(model)
    assert labels(twin) == labels(model)
    assert bits(p.grad for p in twin.parameters()) == bits(p.grad for p in model.parameters())
    assert not set(twin.parameters()) & set(model.parameters())
    assert twin.layers[1].neurons[1].w[0] is twin.layers[1].neurons[0].w[0]
    assert bits([twin([0.5, -1.0]).data]) == bits([model([0.5, -1.0]).data])
    before = weights(model)
    for p in twin.parameters():
        p.data += 1.0
    assert weights(model) == before


# ---------------------------------------------------------------------------- state dicts


def test_a_state_goes_from_one_network_to_another() -> None:
    source, target = MLP(2, [3, 1], rng=1), MLP(2, [3, 1], rng=2)
    state = source.state_dict()
    assert list(state) == names(source)
    target.load_state_dict(dict(reversed(list(state.items()))))
    assert weights(target) == weights(source)
    assert not set(source.parameters()) & set(target.parameters())


def test_a_state_takes_what_a_value_takes() -> None:
    neuron = Neuron(2)
    neuron.load_state_dict({"w.0": 1, "w.1": np.float32(0.5), "b": -0.0})
    assert weights(neuron) == bits([1.0, 0.5, -0.0])
    assert [type(p.data) for p in neuron.parameters()] == [float] * 3


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (math.nan, "w.1 is nan: it must be a finite number"),
        (math.inf, "w.1 is inf: it must be a finite number"),
        (-math.inf, "w.1 is -inf: it must be a finite number"),
        (10**400, "w.1: int"),
        (10**5000, "w.1: int"),
        (True, "w.1: expected a real number, got True"),
        (None, "w.1: expected a real number, got None"),
        ("1", "w.1: expected a real number, got '1'"),
        ([1.0], "w.1: expected a real number, got [1.0]"),
        (1j, "w.1: expected a real number, got 1j"),
        (Value(1.0), "w.1: expected a real number, got Value"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_a_state_with_what_is_no_weight_changes_nothing(bad: Any, reason: str) -> None:
    neuron = Neuron(2)
    before = weights(neuron)
    with pytest.raises(ValueError) as caught:
        neuron.load_state_dict({"w.0": 9.0, "w.1": bad, "b": 9.0})
    assert str(caught.value).startswith(reason)
    assert weights(neuron) == before


def test_a_state_of_other_names_is_refused_and_they_are_listed() -> None:
    neuron = Neuron(2)
    before = weights(neuron)
    for state, reason in (
        ({"w.0": 9.0, "w.1": 9.0}, "no value for b"),
        ({"w.0": 9.0, "w.1": 9.0, "b": 9.0, "c": 9.0}, "no parameter 'c'"),
        ({"b": 9.0, 1: 9.0}, "no value for w.0, w.1; no parameter 1"),
        ({"v": 9.0}, "no value for w.0, w.1, b; no parameter 'v'"),
        (
            {**dict.fromkeys(["w.0", "w.1", "b"], 9.0), **dict.fromkeys("defgh", 9.0)},
            "no parameter 'd', 'e', 'f' and 2 more",
        ),
        (
            {**dict.fromkeys(["w.0", "w.1", "b"], 9.0), **dict.fromkeys("defg", 9.0)},
            "no parameter 'd', 'e', 'f' and 1 more",
        ),
    ):
        with pytest.raises(ValueError) as caught:
            unchecked(neuron).load_state_dict(state)
        assert str(caught.value) == f"these are not the weights of {neuron!r}: {reason}"
        assert weights(neuron) == before
    for no_mapping in (None, [1.0], "weights.json"):
        with pytest.raises(TypeError) as refused:
            unchecked(neuron).load_state_dict(no_mapping)
        assert str(refused.value) == (
            f"weights are a mapping of names to numbers, not {no_mapping!r}"
        )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MLP(2, [3, 1]), MLP(3, [2, 1])),
        (MLP(2, [3, 1]), MLP(2, [3])),
        (MLP(2, [3, 1]), MLP(2, [3, 1], bias=False)),
        (MLP(2, [3]), Layer(2, 3)),
        (Layer(2, 1), Neuron(2)),
    ],
)
def test_the_weights_of_another_shape_are_refused(
    one: Module, other: Module, tmp_path: Path
) -> None:
    for source, target in ((one, other), (other, one)):
        source.save(tmp_path / "w")
        before = weights(target)
        with pytest.raises(ValueError, match="these are not the weights of "):
            target.load(tmp_path / "w")
        assert weights(target) == before


# ---------------------------------------------------------------------------- weights on disk


@given(st.lists(st.one_of(FINITE, st.sampled_from(EDGES)), min_size=3, max_size=3))
def test_what_is_saved_is_loaded_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    path = tmp_path_factory.getbasetemp() / "weights.json"
    model, other = Neuron(2), Neuron(2)
    for p, number in zip(model.parameters(), numbers):
        p.data = number
    model.save(path)
    other.load(path)
    assert weights(other) == weights(model) == bits(numbers)


def test_the_file_is_json_that_can_be_read(tmp_path: Path) -> None:
    model = Neuron(2, init=0.5)
    unchecked(model.w[1]).data = np.float32(0.25)
    model.save(tmp_path / "w.json")
    assert (tmp_path / "w.json").read_bytes() == (
        b'{\n "format": "micrograd_like weights 1",\n'
        b' "module": "Neuron(2 -> 1 relu, 3 parameters)",\n'
        b' "parameters": {\n  "w.0": 0.5,\n  "w.1": 0.25,\n  "b": 0.0\n }\n}\n'
    )


def test_any_name_survives(tmp_path: Path) -> None:
    model = Bag(d={"ä": Value(1.0), "\ud800": Value(2.0), '"\n': Value(3.0)})
    model.save(tmp_path / "w")
    state = model.state_dict()
    for p in model.parameters():
        p.data = 0.0
    model.load(tmp_path / "w")
    assert model.state_dict() == state
    assert list(state.values()) == [1.0, 2.0, 3.0]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return the path of a file with the weights of ``Neuron(2)``, all 9."""
    neuron = Neuron(2, init=9.0)
    assert neuron.b is not None
    neuron.b.data = 9.0
    neuron.save(tmp_path / "weights.json")
    return tmp_path / "weights.json"


def refusal(path: Path, error: type[Exception] = ValueError) -> str:
    """Load a file that must be refused, into a network that must not change; return the reason."""
    neuron = Neuron(2, rng=1)
    for p, edge in zip(neuron.parameters(), (-0.0, 5e-324, 1e308)):
        p.data = edge
    with pytest.raises(error) as caught:
        neuron.load(path)
    assert type(caught.value) is error
    assert weights(neuron) == bits([-0.0, 5e-324, 1e308])
    text = str(caught.value)
    assert repr(str(path)) in text
    if error is ValueError:
        assert caught.value.__suppress_context__
        start = f"cannot load weights from {str(path)!r}: "
        assert text.startswith(start)
        return text[len(start) :]
    return text


def test_a_file_cut_short_anywhere_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    Neuron(2).load(saved)
    saved.write_bytes(whole[:-1])  # the last line's end may be missing
    Neuron(2).load(saved)
    for length in range(len(whole) - 1):
        saved.write_bytes(whole[:length])
        assert refusal(saved)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe{}", "'utf-8' codec can't decode byte 0xff in position 0"),
        (b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM"),
        (b"\x00" * 100, "Expecting value"),
        (b"null", f'it has no "format": "{FORMAT}"'),
        (b"3", f'it has no "format": "{FORMAT}"'),
        (b"[1, 2, 3]", f'it has no "format": "{FORMAT}"'),
        (b'{"parameters": {}}', f'it has no "format": "{FORMAT}"'),
        (b'{"format": "x", "parameters": {}}', f'it has no "format": "{FORMAT}"'),
        (b"[" * 100_000, "maximum recursion depth exceeded"),
        (b'{"a":' * 100_000, "maximum recursion depth exceeded"),
        (b"[" * 100_000 + b"]" * 100_000, "maximum recursion depth exceeded"),
        (b'{"format": 1, "format": 2}', "it has two values of the name 'format'"),
    ],
    ids=range(13),
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(content)
    assert refusal(path).startswith(reason)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"b": 9.0', '"b": NaN', "b is nan: it must be a finite number"),
        ('"b": 9.0', '"b": Infinity', "b is inf: it must be a finite number"),
        ('"b": 9.0', '"b": -Infinity', "b is -inf: it must be a finite number"),
        ('"b": 9.0', '"b": 1e999', "b is inf: it must be a finite number"),
        ('"b": 9.0', '"b": -1e999', "b is -inf: it must be a finite number"),
        ('"b": 9.0', '"b": true', "b: expected a real number, got True"),
        ('"b": 9.0', '"b": false', "b: expected a real number, got False"),
        ('"b": 9.0', '"b": "9.0"', "b: expected a real number, got '9.0'"),
        ('"b": 9.0', '"b": null', "b: expected a real number, got None"),
        ('"b": 9.0', '"b": [9.0]', "b: expected a real number, got [9.0]"),
        ('"b": 9.0', '"b": {"x": 9.0}', "b: expected a real number, got {'x': 9.0}"),
        ('"b": 9.0', f'"b": {10**400}', "b: int too large to convert to float"),
        ('"b": 9.0', f'"b": {"9" * 5000}', "Exceeds the limit"),
        ('"b": 9.0', f'"b": {"[" * 800}{"]" * 800}', ""),
        ('"b": 9.0', '"c": 9.0', "these are not the weights of Neuron(2 -> 1 relu, 3 parameters)"),
        ('"b": 9.0', '"b": 9.0, "c": 9.0', "these are not the weights of "),
        ('"b": 9.0', '"b": 9.0, "b": 9.0', "it has two values of the name 'b'"),
        ('"b": 9.0', '"b": 9.0, "w.0": 1.0', "it has two values of the name 'w.0'"),
        ('"parameters": {', '"weights": {', 'it has no object "parameters"'),
        ("weights 1", "weights 2", f'it has no "format": "{FORMAT}"'),
        ("9.0\n }\n}", "9.0\n }\n}}", "Extra data"),
        ("9.0\n }\n}", "9.0\n },\n}", ""),
    ],
    ids=range(22),
)
def test_a_file_with_a_fault_is_refused(saved: Path, old: str, new: str, reason: str) -> None:
    text = saved.read_text(encoding="utf-8")
    assert text.count(old) == 1
    saved.write_text(text.replace(old, new), encoding="utf-8")
    assert refusal(saved).startswith(reason)


def test_parameters_that_are_a_list_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w"
    path.write_text(json.dumps({"format": FORMAT, "parameters": [1.0, 2.0, 3.0]}), encoding="utf-8")
    assert refusal(path) == 'it has no object "parameters"'


def test_a_whole_number_is_a_weight_and_other_entries_are_let_be(saved: Path) -> None:
    text = saved.read_text(encoding="utf-8").replace('"b": 9.0', '"b": -3')
    saved.write_text(text.replace('"module"', '"note": [], "module"'), encoding="utf-8")
    neuron = Neuron(2)
    neuron.load(saved)
    assert weights(neuron) == bits([9.0, 9.0, -3.0])


def test_a_file_that_cannot_be_read_is_an_error_of_the_system(tmp_path: Path) -> None:
    refusal(tmp_path / "missing", FileNotFoundError)
    refusal(tmp_path, IsADirectoryError)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_not_finite_is_not_saved(saved: Path, bad: Any) -> None:
    before = saved.read_bytes()
    model = Neuron(2)
    model.w[1].data = bad
    with pytest.raises(ValueError, match=r"^w\.1(:| is) "):
        model.save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


# ---------------------------------------------------------------------------- replacing a file


class FullDisk:
    """A file on a disk that has room for ten more bytes."""

    def __init__(self, file: Any, step: str, error: BaseException) -> None:
        self.file, self.step, self.error = file, step, error

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.fail("close")

    def fail(self, step: str) -> None:
        if step == self.step:
            raise self.error

    def write(self, data: bytes) -> None:
        self.file.write(data[:10] if self.step == "write" else data)
        self.fail("write")

    def flush(self) -> None:
        self.file.flush()
        self.fail("flush")

    def fileno(self) -> int:
        self.fail("fsync")
        descriptor: int = self.file.fileno()
        return descriptor


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["open", "write", "flush", "fsync", "close", "chmod", "replace"])
@pytest.mark.parametrize("old", [True, False])
def test_a_disk_that_fills_up_leaves_the_old_file(
    saved: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException, old: bool
) -> None:
    before = saved.read_bytes()
    target = saved if old else saved.with_name("new.json")
    if step == "chmod" and not old:
        return  # a new file has no permissions to keep
    opened: list[Path] = []

    def fail(*_: object) -> None:
        raise error

    def open_full(path: Path, mode: str = "r", **kwargs: Any) -> FullDisk:
        opened.append(path)
        assert mode == "xb"
        if step == "open":
            raise error
        return FullDisk(real_open(path, mode, **kwargs), step, error)

    real_open: Any = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_full)
        if step in ("chmod", "replace"):
            patch.setattr(Path, step, fail)
        with pytest.raises(type(error)) as caught:
            Neuron(2).save(target)
    assert caught.value is error
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
    assert [path.parent for path in opened] == [saved.parent]


def test_the_data_is_on_disk_before_the_file_is_replaced(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, int]] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(fd: int) -> None:
        events.append(("fsync", os.fstat(fd).st_size))
        real_fsync(fd)

    def replace(self: Path, target: Path) -> Path:
        events.append(("replace", self.stat().st_size))
        return real_replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        patch.setattr(Path, "replace", replace)
        write_whole(saved, "abc\n")
    assert events == [("fsync", 4), ("replace", 4)]
    assert saved.read_bytes() == b"abc\n"


def test_what_another_process_left_behind_is_in_nobodys_way(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporaries: list[Path] = []
    real_replace = Path.replace

    def replace(self: Path, target: Path) -> Path:
        temporaries.append(self)
        if len(temporaries) == 1:
            raise OSError(errno.EIO, "the power is gone")
        return real_replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(OSError, match="the power is gone"):
            Neuron(2).save(saved)
        leftovers = [temporaries[0], saved.with_name(f"{saved.name}.{os.getpid()}.tmp")]
        for leftover in leftovers:
            leftover.write_text("half a fi", encoding="utf-8")
        Neuron(2, init=3.0).save(saved)
    assert temporaries[0] != temporaries[1]
    for leftover in leftovers:
        assert leftover.read_text(encoding="utf-8") == "half a fi"
    model = Neuron(2)
    model.load(saved)
    assert model.w[0].data == 3.0
    assert sorted(saved.parent.iterdir()) == sorted([saved, *leftovers])


def test_the_temporary_file_is_recognised_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real_replace = Path.replace

    def replace(self: Path, target: Path) -> Path:
        seen.append(self.name)
        return real_replace(self, target)

    long = "ä" * 120 + ".json"  # with an ending it would be too long for a file system
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        write_whole(tmp_path / "w.json", "")
        write_whole(tmp_path / long, "")
    assert [name[:-20] for name in seen] == ["w.json.", "ä" * 40 + "."]
    assert [len(name.split(".")[-2]) for name in seen] == [16, 16]
    assert {name[-4:] for name in seen} == {".tmp"}
    assert {path.name for path in tmp_path.iterdir()} == {"w.json", long}


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "w.json", tmp_path / "link.json"
    link.symlink_to(target)
    for text in ("first", "second"):  # where there is no target yet, and where there is
        write_whole(link, text)
        assert link.is_symlink()
        assert target.read_text(encoding="utf-8") == text
        assert not target.is_symlink()
    assert list(target.parent.iterdir()) == [target]
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError):
        write_whole(loop, "")
    assert loop.is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_the_permissions_of_the_old_file_are_kept(tmp_path: Path) -> None:
    path, fresh, plain = tmp_path / "w", tmp_path / "fresh", tmp_path / "plain"
    path.write_text("old", encoding="utf-8")
    for mode in (0o600, 0o640, 0o755):
        path.chmod(mode)
        write_whole(path, "new")
        assert path.stat().st_mode & 0o7777 == mode
    plain.touch()
    write_whole(fresh, "new")  # a new one has those that any new file has
    assert fresh.stat().st_mode == plain.stat().st_mode


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(IsADirectoryError):
        Neuron(1).save(tmp_path / "d")
    with pytest.raises(FileNotFoundError):
        Neuron(1).save(tmp_path / "missing" / "w")
    assert list(tmp_path.iterdir()) == [tmp_path / "d"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name")
def test_what_is_no_file_is_refused_and_stays(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for target in (pipe, folder):
        with pytest.raises(OSError, match="no file that could be replaced"):
            write_whole(target, "")
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [folder, pipe]


def test_text_that_cannot_be_written_touches_nothing(saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(UnicodeEncodeError):
        write_whole(saved, "\ud800")
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = str(tmp_path / "w.json")
    model, other = MLP(1, [2, 1], rng=1), MLP(1, [2, 1], rng=2)
    model.save(path)
    other.load(path)
    assert weights(other) == weights(model)


def test_threads_that_save_to_one_file_leave_a_whole_one(tmp_path: Path) -> None:
    def save(init: float) -> None:
        for _ in range(5):
            Neuron(50, init=init).save(tmp_path / "w")

    threads = [threading.Thread(target=save, args=(float(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model = Neuron(50)
    model.load(tmp_path / "w")
    assert len({w.data for w in model.w}) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "w"]


# ---------------------------------------------------------------------------- names


def test_an_output_goes_by_the_name_of_its_neuron() -> None:
    model = MLP(2, [2, 1], rng=1)
    assert [v.label for v in model.layers[0]([1.0, 2.0])] == [
        "layers.0.neurons.0",
        "layers.0.neurons.1",
    ]
    assert model([1.0, 2.0]).label == "layers.1.neurons.0"
    model.layers[1].neurons[0].b = Value(-1e9)
    model.label_parameters()
    with pytest.raises(ValueError, match=r"^log\(layers.1.neurons.0=-"):
        model([1.0, 2.0]).log()


def test_a_value_that_has_a_label_keeps_it() -> None:
    constant = Value(3.0, label="mine")
    assert Neuron(1, activation=lambda v: constant)([1.0]).label == "mine"
    unnamed = Value(3.0)
    Neuron(1, activation=lambda v: unnamed)([1.0])
    assert unnamed.label == ""


def test_names_know_the_modules_that_hold_them() -> None:
    model = MLP(1, [1, 1], rng=1)
    w, out = model.layers[1].neurons[0].w[0], model([1.0])
    assert isinstance(w.label, Name)
    assert w.label.modules == ("MLP", "layers.1", "layers.1.neurons.0")
    assert out.label.modules == w.label.modules
    assert out.label.modules[0] is w.label.modules[0]
    assert Neuron(1)([1.0]).label.modules == ("Neuron",)
    dots = "." * 5000  # a key of a dict may be anything
    bag = Bag(d={dots: Value(1.0), "inner": {"x": Neuron(1)}})
    bag.label_parameters()
    assert [p.label.modules for p in bag.parameters()] == [
        ("Bag",),
        ("Bag", "d.inner.x"),
        ("Bag", "d.inner.x"),
    ]


def test_what_is_assigned_inside_goes_on_from_the_outer_names() -> None:
    model = MLP(1, [2, 1], rng=1)
    model.layers[0].neurons[1].w = [Value(1.0)]
    assert model.layers[0].neurons[1].w[0].label == "layers.0.neurons.1.w.0"
    assert model.layers[0].neurons[1].w[0].label.modules == (
        "MLP",
        "layers.0",
        "layers.0.neurons.1",
    )
    model.layers[0].extra = Neuron(1)
    assert model.layers[0].extra([1.0]).label == "layers.0.extra"
    plain = Bag(w=Value(1.0))
    plain._path = "p"  # of a class of one's own, say: no Name that goes on
    plain.label_parameters()
    assert plain.w.label == "w"


def test_a_value_of_a_subclass_is_a_parameter_too() -> None:
    class Weight(Value):
        """A Value of one's own."""

    w = Weight(1.0)
    assert Bag(w=w, rest=[w * 2, Value(3.0)]).parameters()[0] is w


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_the_names_in_a_copy_are_of_another_model(clone: Callable[[MLP], MLP]) -> None:
    model = MLP(1, [2, 1], rng=1)
    model.layers[0].neurons[0].b.label = "mine"
    twin = clone(model)
    assert labels(twin) == labels(model)
    roots = {id(p.label.modules[0]) for p in twin.parameters() if isinstance(p.label, Name)}
    assert len(roots) == 1
    assert twin.parameters()[0].label.modules == model.parameters()[0].label.modules
    assert roots == {id(twin([1.0]).label.modules[0])}
    assert roots != {id(model([1.0]).label.modules[0])}
