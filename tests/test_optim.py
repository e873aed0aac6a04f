"""The optimizers: PyTorch's numbers, step by step, and nothing half done.

`data/make_torch_optimizers.py` computed the numbers with PyTorch, and holds the problem.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interrupting import Interrupts

from micrograd_like import Value, nn, optim
from micrograd_like.optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm

DATA = Path(__file__).with_name("data")
spec = importlib.util.spec_from_file_location("made", DATA / "make_torch_optimizers.py")
assert spec
assert spec.loader
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)
TORCH = json.loads((DATA / "torch_optimizers.json").read_text(encoding="utf-8"))


def run(name: str, **changes: Any) -> list[list[float]]:
    """Return what an optimizer of ours makes of the problem, after every 50th step."""
    kind, settings = made.VARIANTS[name]
    settings = {**settings, **changes}
    if name.endswith("lr of the step"):
        base = settings["lr"]
        settings["lr"] = lambda step: made.rate(base, step)
    parameters = [Value(x) for x in made.START]
    optimizer = getattr(optim, kind)(parameters, **settings)
    found = []
    for step in range(made.STEPS):
        for i, p in enumerate(parameters):
            p.grad = made.gradient_of(p.data, i, step)
        optimizer.step()
        if (step + 1) % made.EVERY == 0:
            found.append([p.data for p in parameters])
    return found


def largest_difference(name: str, **changes: Any) -> float:
    """Return the largest relative difference from PyTorch's numbers."""
    ours, theirs = run(name, **changes), TORCH[name]
    assert len(ours) == len(theirs) == made.STEPS // made.EVERY
    return max(
        abs(a - b) / abs(b)
        for row, other in zip(ours, theirs, strict=True)
        for a, b in zip(row, other, strict=True)
    )


@pytest.mark.parametrize("name", made.VARIANTS)
def test_a_thousand_steps_are_pytorchs(name: str) -> None:
    # The largest is 2.2e-12, under Nesterov, of a parameter that has come as near to 0 as 6e-6;
    # all others are below 1e-13.
    assert largest_difference(name) < 5e-12


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("SGD, momentum", {"dampening": 1e-9}),
        ("SGD, Nesterov", {"nesterov": False}),
        ("SGD, weight decay", {"weight_decay": 0.1 + 1e-9}),
        ("Adam", {"eps": 2e-8}),
        ("Adam, lr", {"betas": (0.9, 0.999 + 1e-8)}),
        ("AdamW", {"weight_decay": 0.0}),
    ],
)
def test_another_setting_is_seen(name: str, changes: dict[str, Any]) -> None:
    assert largest_difference(name, **changes) > 1e-11


def test_the_numbers_are_torchs_of_every_variant() -> None:
    assert TORCH.keys() == {"made with", *made.VARIANTS}
    assert TORCH["made with"].startswith("torch 2.")
    last = {name: tuple(TORCH[name][-1]) for name in made.VARIANTS}
    assert len(set(last.values())) == len(last)


MAKERS: dict[str, Callable[[Any], Optimizer]] = {
    "SGD": lambda ps: SGD(ps, 0.1),
    "SGD, momentum": lambda ps: SGD(ps, 0.1, 0.9, weight_decay=0.01, nesterov=True),
    "SGD, lr of the step": lambda ps: SGD(ps, lambda step: 0.1 / (step + 1), 0.5),
    "Adam": lambda ps: Adam(ps, 0.1),
    "AdamW": lambda ps: AdamW(ps, 0.1),
}
each_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))


def leaves(*numbers: float) -> list[Value]:
    return [Value(x, label=f"p{i}") for i, x in enumerate(numbers)]


def descend(optimizer: Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        for i, p in enumerate(optimizer.parameters):
            ((p - i) ** 2).backward()
        optimizer.step()


def data_of(optimizer: Optimizer) -> list[float]:
    return [p.data for p in optimizer.parameters]


@each_optimizer
def test_it_goes_downhill(make: Callable[[Any], Optimizer]) -> None:
    optimizer = make(leaves(3.0, 3.0, 3.0))
    descend(optimizer, 100)
    assert data_of(optimizer) == pytest.approx([0, 1, 2], abs=1.2)
    assert optimizer.steps == 100


@each_optimizer
def test_a_saved_state_goes_on_with_the_same_bits(make: Callable[[Any], Optimizer]) -> None:
    whole, first = make(leaves(3.0, -1.0)), make(leaves(3.0, -1.0))
    descend(whole, 30)
    descend(first, 13)
    state = json.loads(json.dumps(first.state_dict(), allow_nan=False))
    second = make(leaves(*data_of(first)))
    second.load_state_dict(state)
    assert second.state_dict() == first.state_dict()
    descend(second, 17)
    assert data_of(second) == data_of(whole)
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(
    ("make", "assigned"),
    [
        (SGD, {"momentum": 0.5, "dampening": 0.25, "weight_decay": 0.1}),
        (SGD, {"momentum": 0.5, "nesterov": True}),
        (Adam, {"betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ],
)
def test_settings_are_what_was_assigned_last(make: Any, assigned: dict[str, Any]) -> None:
    told, later = make(leaves(3.0, 2.0), 0.1, **assigned), make(leaves(3.0, 2.0), 0.1)
    for name, setting in assigned.items():
        setattr(later, name, setting)
    descend(told, 5)
    descend(later, 5)
    assert data_of(told) == data_of(later)
    assert told.state_dict() == later.state_dict()
    assert repr(told) == repr(later)
    third = make(leaves(*data_of(later)), 0.1)
    third.load_state_dict(json.loads(json.dumps(later.state_dict())))
    descend(third, 5)
    descend(later, 5)
    assert data_of(third) == data_of(later)
    assert repr(third) == repr(later)


@pytest.mark.parametrize(
    ("make", "name", "setting", "message"),
    [
        (SGD, "momentum", -5, "momentum is -5"),
        (SGD, "momentum", "0.9", "momentum: expected a real number, got '0.9'"),
        (SGD, "nesterov", True, "nesterov=True needs a momentum"),
        (Adam, "betas", (2, 3), "less than 1"),
        (Adam, "eps", -1, "eps is -1"),
        (AdamW, "weight_decay", math.inf, "weight_decay is inf"),
    ],
)
def test_what_is_assigned_is_checked_before_it_is_used(
    make: Any, name: str, setting: Any, message: str
) -> None:
    (p,) = leaves(1.0)
    optimizer = make([p], 0.1)
    p.grad = 1.0
    setattr(optimizer, name, setting)
    for call in (optimizer.step, optimizer.state_dict):
        with pytest.raises((TypeError, ValueError), match=message):
            call()
    assert (p.data, optimizer.steps) == (1.0, 0)


def test_momentum_that_is_taken_away_and_given_back_begins_anew() -> None:
    (p,) = leaves(1.0)
    optimizer = SGD([p], 0.5, momentum=0.5)
    for momentum, x in ((0.5, 0.5), (0.5, -0.25), (0.0, -0.75), (0.5, -1.25), (0.5, -2.0)):
        p.grad, optimizer.momentum = 1.0, momentum
        optimizer.step()
        assert p.data == x


@each_optimizer
def test_what_no_backward_has_reached_stays(make: Callable[[Any], Optimizer]) -> None:
    optimizer = make(leaves(3.0, 2.0, 1.0))
    a, b, c = optimizer.parameters
    a.grad, c.grad = 1.0, None
    optimizer.step()
    assert a.data < 3.0
    assert (b.data, c.data) == (2.0, 1.0)
    state = json.loads(json.dumps(optimizer.state_dict()))
    for column in state["state"].values():
        assert (column[0] is None) == (getattr(optimizer, "momentum", 1) == 0)
        assert column[1:] == [None, None]
    optimizer.load_state_dict(state)
    assert optimizer.state_dict() == state


def test_a_gradient_of_zero_that_was_computed_counts() -> None:
    (p,) = leaves(1.0)
    optimizer = Adam([p])
    p.grad = 0.0
    optimizer.step()
    assert optimizer.state_dict()["state"]["step"] == [1.0]


def test_gradients_may_be_values_and_other_numbers() -> None:
    x, y = leaves(3.0, 3.0)
    (x * x).backward(create_graph=True)
    y.grad = 6
    SGD([x, y], lr=0.5).step()
    assert (x.data, y.data) == (0.0, 0.0)


def test_a_module_is_its_parameters() -> None:
    model = nn.MLP(2, [3, 1])
    optimizer = SGD(model)
    assert optimizer.parameters == model.parameters()
    model([1.0, 2.0]).backward()
    optimizer.zero_grad()
    assert {p.grad for p in model.parameters()} == {0}


def test_the_learning_rate_may_be_a_function_or_change() -> None:
    seen = []

    def rate(step: int) -> float:
        seen.append(step)
        return 1.0 / (step + 1)

    (p,) = leaves(0.0)
    optimizer = SGD([p], rate)
    for _ in range(3):
        p.grad = -1.0
        optimizer.step()
    assert seen == [0, 1, 2]
    assert p.data == 1 + 1 / 2 + 1 / 3
    assert optimizer.rate(9) == 0.1
    optimizer.lr = 0.5
    optimizer.step()
    assert p.data == 1 + 1 / 2 + 1 / 3 + 0.5
    assert optimizer.rate() == 0.5


def test_the_loaded_learning_rate_is_that_of_then() -> None:
    first, second = SGD(leaves(1.0), 0.1), SGD(leaves(1.0), 0.1)
    first.lr = 0.025
    second.load_state_dict(first.state_dict())
    assert second.rate() == 0.025


def test_repr() -> None:
    assert repr(Adam(leaves(1.0), 0.1)) == (
        "Adam(1 parameters, lr=0.1, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0)"
    )
    assert "lr=<lambda>" in repr(SGD(leaves(1.0), lambda step: 0.1))


def states_after_interrupts(make: Callable[[Any], Optimizer]) -> list[Any]:
    """Return in how many ways a step may end that is interrupted at each place in turn."""
    states: list[Any] = []
    finished = False
    for at in itertools.count(1):
        optimizer = make(leaves(3.0, 2.0, 1.0))
        descend(optimizer, 2)
        if not states:
            states.append((data_of(optimizer), optimizer.state_dict()))
        finished = Interrupts(at).run(optimizer.step)
        after = data_of(optimizer), optimizer.state_dict()
        if after not in states:
            states.append(after)
        if finished:
            assert at > 10
            return states
    raise AssertionError


@each_optimizer
def test_an_interrupted_step_changes_all_or_nothing(make: Callable[[Any], Optimizer]) -> None:
    assert len(states_after_interrupts(make)) == 2


def test_a_careless_step_is_seen_to_be_torn() -> None:
    class Careless(SGD):
        """Set one parameter after the other, and count the step when all is done."""

        def _commit(self, data: list[float], state: Any) -> None:
            for p, x in zip(self.parameters, data, strict=True):
                p.data = x
            self._state = state

    assert len(states_after_interrupts(lambda ps: Careless(ps, 0.1))) == 5


@each_optimizer
@pytest.mark.parametrize("grad", [math.nan, math.inf, -1.7e308])
def test_a_step_to_what_is_not_finite_is_refused(
    make: Callable[[Any], Optimizer], grad: float
) -> None:
    optimizer = make(leaves(3.0, -1e308, 1.0))
    for p in optimizer.parameters:
        p.grad = 1.0
    optimizer.parameters[1].grad = grad
    optimizer.lr = 1e300
    before = data_of(optimizer), optimizer.state_dict()
    with pytest.raises(FloatingPointError, match=r"parameter 1 \('p1'\).*nothing has changed"):
        optimizer.step()
    assert (data_of(optimizer), optimizer.state_dict()) == before


def test_large_numbers_are_not_refused_for_their_sum() -> None:
    a, b = leaves(1.7e308, 1.7e308)
    a.grad = b.grad = 1.0
    SGD([a, b], 0.1).step()
    assert (a.data, b.data) == (1.7e308, 1.7e308)


def test_adam_without_eps_refuses_to_divide_by_zero() -> None:
    (p,) = leaves(1.0)
    p.grad = 0.0
    with pytest.raises(FloatingPointError, match="data of parameter 0"):
        Adam([p], eps=0).step()
    p.grad = 2.0
    Adam([p], lr=0.5, eps=0).step()
    assert p.data == pytest.approx(0.5)


X = Value(1.0, label="x")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SGD([], 0.1), ValueError, "no parameters"),
        (lambda: SGD(nn.Module(), 0.1), ValueError, "no parameters"),
        (lambda: SGD(X, 0.1), TypeError, "a Module or a list of Values"),
        (lambda: SGD({"x": X}, 0.1), TypeError, "a Module or a list of Values"),
        (lambda: SGD({X}, 0.1), TypeError, "a Module or a list of Values"),
        (lambda: SGD([X], nesterov="False"), TypeError, "nesterov is 'False': it must be True"),
        (lambda: SGD(3, 0.1), TypeError, "a Module or a list of Values, not 3"),
        (lambda: SGD([X, 1.0], 0.1), TypeError, "parameter 1 is 1.0"),
        (lambda: SGD([X * 2], 0.1), ValueError, "parameter 0 .*it must be a leaf"),
        (lambda: SGD([X, Value(1), X]), ValueError, r"parameter 2 \('x'\) is also parameter 0"),
        (lambda: SGD([X], -0.1), ValueError, "lr is -0.1"),
        (lambda: SGD([X], math.inf), ValueError, "lr is inf"),
        (lambda: SGD([X], "fast"), TypeError, "lr: expected a real number, got 'fast'"),
        (lambda: SGD([X], 10**400), ValueError, "lr: int too large"),
        (lambda: SGD([X], dampening=math.nan), ValueError, "dampening is nan"),
        (lambda: SGD([X], momentum="a lot"), TypeError, "momentum: expected a real number"),
        (lambda: SGD([X], momentum=-1), ValueError, "momentum is -1"),
        (lambda: SGD([X], weight_decay=math.nan), ValueError, "weight_decay is nan"),
        (lambda: SGD([X], nesterov=True), ValueError, "needs a momentum"),
        (lambda: SGD([X], momentum=1, dampening=1, nesterov=True), ValueError, "no dampening"),
        (lambda: Adam([X], betas=(0.9, 1.0)), ValueError, "less than 1"),
        (lambda: Adam([X], betas=(-0.1, 0.9)), ValueError, "betas"),
        (lambda: Adam([X], betas=(0.9,)), ValueError, "two numbers"),
        (lambda: Adam([X], betas=0.9), ValueError, "betas = 0.9: pass two numbers"),
        (
            lambda: Adam([X], betas=(0.9, None)),
            TypeError,
            "betas: expected a real number, got None",
        ),
        (lambda: Adam([X], eps=-1e-8), ValueError, "eps is -1e-08"),
        (lambda: AdamW([X], weight_decay=-1), ValueError, "weight_decay is -1"),
        (lambda: SGD([X], lambda step: -1).step(), ValueError, "rate of step 0 is -1"),
        (lambda: SGD([X], lambda step: None).step(), TypeError, "None"),
        (lambda: clip_grad_norm([X], 0), ValueError, "max_norm = 0"),
        (lambda: clip_grad_norm([X], math.nan), ValueError, "max_norm = nan"),
        (lambda: clip_grad_norm([X, X], 1), ValueError, "is also parameter 0"),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_an_optimizer_of_ones_own_needs_an_update() -> None:
    class Signs(Optimizer):
        """Go by the gradients' signs."""

        def update(
            self, x: float, g: float, memory: tuple[float, ...], lr: float
        ) -> tuple[float, tuple[float, ...]]:
            return x - math.copysign(lr, g), memory

    (p,) = leaves(1.0)
    p.grad = 7.0
    Signs([p], 0.25).step()
    assert p.data == 0.75
    with pytest.raises(NotImplementedError, match="Optimizer defines no update"):
        Optimizer([p], 0.25).step()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "SGD"}, "of another optimizer: optimizer = 'SGD', where this one has Adam"),
        ({"settings": {}}, r"the settings must be \['betas', 'eps', 'weight_decay'\], not {}"),
        ({"settings": {"betas": 1, "eps": 0.0, "weight_decay": 0.0}}, "betas = 1: pass two"),
        ({"settings": {"betas": [0, 0], "eps": "x", "weight_decay": 0.0}}, "eps: expected a real"),
        ({"parameters": 3}, "parameters = 3, where this one has 2"),
        ({"lr": None}, "lr was a function in the saved optimizer, and is a number here"),
        ({"lr": -1.0}, "lr is -1.0"),
        ({"steps": -1}, "steps = -1"),
        ({"steps": True}, "steps = True"),
        ({"steps": 1.5}, "steps = 1.5"),
        ({"state": []}, "the state must hold"),
        ({"state": {"step": [1.0, 1.0]}}, "the state must hold"),
        ({"exp_avg": [1.0]}, "exp_avg must be a list of 2 numbers"),
        ({"exp_avg": [1.0, None]}, "the memory of parameter 1 is incomplete"),
        ({"exp_avg": [1.0, math.nan]}, "exp_avg of parameter 1 is nan"),
        ({"exp_avg": [1.0, "1"]}, "exp_avg of parameter 1"),
        ({"exp_avg_sq": [1.0, -1.0]}, "the memory of parameter 1 is .* at least 0"),
        ({"step": [3.0, -1.0]}, "the memory of parameter 1 is .* a whole number from 1 to 3"),
        ({"step": [0.5, 3.0]}, "the memory of parameter 0 is"),
        ({"step": [4.0, 3.0]}, "the memory of parameter 0 is"),
        ({"steps": 0}, "the memory of parameter 0 is incomplete, or there was no step"),
        ({"lr": "x"}, "lr: expected a real number, got 'x'"),
        ({"lr": [0.1]}, "lr: expected a real number"),
        ({"lr": 10**400}, "lr: int too large"),
    ],
)
def test_a_state_that_is_not_right_changes_nothing(change: dict[str, Any], message: str) -> None:
    optimizer = Adam(leaves(1.0, 2.0))
    descend(optimizer, 3)
    state = optimizer.state_dict()
    for key, value in change.items():
        (state if key in state else state["state"])[key] = value
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == before


def test_a_state_that_lacks_something_changes_nothing() -> None:
    optimizer = SGD(leaves(1.0), lambda step: 0.1)
    for key in optimizer.state_dict():
        state = optimizer.state_dict()
        del state[key]
        with pytest.raises(ValueError, match=f"has no {key}"):
            optimizer.load_state_dict(state)
    with pytest.raises(ValueError, match=r"lr was a number .* is a function here"):
        optimizer.load_state_dict({**optimizer.state_dict(), "lr": 0.1})
    with pytest.raises(TypeError, match="a dict, not 3"):
        optimizer.load_state_dict(3)  # type: ignore[arg-type]


grads = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5)


@given(grads, st.floats(1e-3, 1e3))
def test_clipping_limits_the_norm_and_keeps_the_direction(gs: list[float], limit: float) -> None:
    parameters = leaves(*[0.0] * (len(gs) + 1))  # the last is reached by no backward
    for p, g in zip(parameters, gs, strict=False):
        p.grad = g
    norm = clip_grad_norm(parameters, limit)
    assert norm == math.hypot(*gs)
    clipped = [p.grad for p in parameters]
    assert type(clipped.pop()) is int
    if norm <= limit:
        assert clipped == gs
    else:
        assert math.hypot(*clipped) == pytest.approx(limit, rel=1e-14)
        for before, after in zip(gs, clipped, strict=True):
            assert after == pytest.approx(before / norm * limit, rel=1e-14, abs=1e-300)


def test_the_clipped_gradient_is_what_a_step_uses() -> None:
    (p,) = leaves(1.0)
    p.grad = 8.0
    assert clip_grad_norm([p], 2.0) == 8.0
    assert p.grad == 2.0
    SGD([p], 0.25).step()
    assert p.data == 0.5


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1.7e308])
def test_a_norm_that_is_not_finite_is_refused(bad: float) -> None:
    a, b, c = leaves(0.0, 0.0, 0.0)
    a.grad, b.grad = 1.7e308, bad
    with pytest.raises(FloatingPointError, match="the norm of the gradients is") as raised:
        clip_grad_norm([c, a, b], 1.0)
    assert ("parameter 2 ('p1')" in str(raised.value)) == (not math.isfinite(bad))
    assert (a.grad, str(b.grad), c.grad) == (1.7e308, str(bad), 0)


def test_clipping_is_all_or_nothing() -> None:
    for at in range(1, 200):
        parameters = leaves(*[0.0] * 4)
        for p in parameters:
            p.grad = 3.0
        finished = Interrupts(at).run(lambda ps=parameters: clip_grad_norm(ps, 1.0))
        assert {p.grad for p in parameters} in ({3.0}, {0.5})
        if finished:
            break
    assert finished
    assert at > 5
