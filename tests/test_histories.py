"""Whatever is done to a graph, in whatever order, it stays what it says it is.

Hypothesis makes up histories: create, apply, set a leaf's data, backward (with a graph of gradients
too), zero, copy, deep copy, forget, and a Ctrl-C in the middle of it all. After every step the
Values are compared with a model in plain Python, computed from scratch. The numbers are small and
whole, so that every sum is exact in whatever order it is made.
"""

from __future__ import annotations

import copy
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from types import FrameType
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

import micrograd_like
from micrograd_like import Value, gradients, maximum, relu, topological_order, weighted_sum
from micrograd_like.ops import number


@dataclass(eq=False)
class Model:
    """What a Value ought to be."""

    data: float
    op: str = ""
    operands: list[Model] = field(default_factory=list)
    partials: list[float] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)  # the data of the operands
    grad: Fraction = Fraction(0)
    grad_is_value: bool = False
    fixed: bool = False


# name: how to apply it to Values, its value, and its partials, by a second source
OPS: dict[str, tuple[int, Callable[..., Any], Callable[..., float], Callable[..., list[float]]]] = {
    "add": (2, lambda a, b: a + b, lambda a, b: a + b, lambda a, b: [1, 1]),
    "sub": (2, lambda a, b: a - b, lambda a, b: a - b, lambda a, b: [1, -1]),
    "mul": (2, lambda a, b: a * b, lambda a, b: a * b, lambda a, b: [b, a]),
    "neg": (1, lambda a: -a, lambda a: -a, lambda a: [-1]),
    "power": (1, lambda a: a**2, lambda a: a * a, lambda a: [2 * a, 0]),
    "relu": (1, relu, lambda a: a if a > 0 else 0.0, lambda a: [int(a > 0)]),
    "maximum": (
        2,
        maximum,
        max,
        lambda a, b: [0.5, 0.5] if a == b else [int(a > b), int(a < b)],
    ),
    "weighted_sum": (
        3,
        lambda w, x, b: weighted_sum([w, x], [x, b], w),
        lambda w, x, b: w + w * x + x * b,
        lambda w, x, b: [x, b, w, x, 1],
    ),
}
WIRING: dict[str, Callable[[list[Any]], list[Any]]] = {
    "power": lambda xs: [*xs, Model(2.0, fixed=True)],
    "weighted_sum": lambda xs: [xs[0], xs[1], xs[1], xs[2], xs[0]],
}


def expected(node: Model) -> list[float]:
    """Return the partials of a node at the data that its operands have now."""
    xs = [x.data for x in node.operands]
    if node.op == "power":
        xs = xs[:1]
    elif node.op == "weighted_sum":
        xs = [xs[0], xs[1], xs[3]]
    return [float(p) for p in OPS[node.op][3](*xs)]


def graph(*roots: Model) -> list[Model]:
    """Return all there is below the roots, each once, operands first."""
    order: dict[Model, None] = {}

    def visit(node: Model) -> None:
        if node not in order:
            for x in node.operands:
                visit(x)
            order[node] = None

    for root in roots:
        visit(root)
    return [*order]


def chain_rule(root: Model, seed: float = 1.0) -> dict[Model, Fraction]:
    grads = dict.fromkeys(graph(root), Fraction(0))
    grads[root] = Fraction(seed)
    for node in reversed(graph(root)):
        for x, partial in zip(node.operands, node.partials):
            grads[x] += grads[node] * Fraction(partial)
    return grads


def exact(root: Model) -> bool:
    """Say whether all sums that a backward could make are within the 53 bits of a float."""
    nodes = graph(root)
    sizes = dict.fromkeys(nodes, Fraction(0))
    sizes[root] = Fraction(2)
    for node in reversed(nodes):
        for x, partial in zip(node.operands, node.partials):
            sizes[x] += sizes[node] * abs(Fraction(partial))
    most = max([*sizes.values()]) + max(abs(node.grad) for node in nodes)
    halvings = 1 + sum(node.op == "maximum" for node in nodes)
    return most * max(2**halvings, *[node.grad.denominator for node in nodes]) < 2**52


@contextmanager
def interruption(after: int) -> Iterator[None]:
    """Raise KeyboardInterrupt at some moment inside, where a signal could: when a C function
    returns, or before a line (but of `backward` itself, where it may end a with statement)."""
    moments = 0

    def moment() -> None:
        nonlocal moments
        moments += 1
        if moments == after:
            sys.setprofile(None)
            sys.settrace(None)
            raise KeyboardInterrupt

    def inside(frame: FrameType | None) -> bool:
        return frame is not None and frame.f_code.co_filename.startswith(PACKAGE)

    def profiled(frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_return" and inside(frame):
            moment()

    def traced(frame: FrameType, event: str, arg: Any) -> Any:
        if not inside(frame):
            return None
        if event == "line" and frame.f_code.co_name != "backward":
            moment()
        return traced

    before = sys.gettrace(), sys.getprofile()
    try:
        sys.settrace(traced)
        sys.setprofile(profiled)
        yield
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])


PACKAGE = os.path.dirname(micrograd_like.__file__)  # noqa: PTH120
WHOLE = st.integers(-5, 5).map(float)
MOST = 16  # Values held at a time


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[Value, Model]] = []
        self.cycles = False  # a leaf and a Value that is its grad refer to each other
        gc.disable()
        gc.freeze()  # so that what this history makes is all that there is to count

    def teardown(self) -> None:
        self.held.clear()
        gc.unfreeze()
        gc.enable()

    def pick(self, data: st.DataObject) -> tuple[Value, Model]:
        """Choose a value, one of the last ones more often than not."""
        back = data.draw(st.integers(1, len(self.held)) | st.integers(1, min(3, len(self.held))))
        return self.held[-back]

    def hold(self, value: Value, model: Model) -> None:
        if all(abs(number) < 2**16 for number in (model.data, *model.partials)):
            self.held.append((value, model))
            del self.held[:-MOST]

    @initialize(numbers=st.lists(WHOLE, min_size=1, max_size=3))
    def create_some(self, numbers: list[float]) -> None:
        for x in numbers:
            self.create(x)

    @rule(number=WHOLE)
    def create(self, number: float) -> None:
        self.hold(Value(number), Model(number))

    @rule(names=st.lists(st.sampled_from([*OPS]), min_size=1, max_size=6), data=st.data())
    def apply(self, names: list[str], data: st.DataObject) -> None:
        for name in names:
            n, on_values, value, _ = OPS[name]
            chosen = [self.pick(data) for _ in range(n)]
            models = [model for _, model in chosen]
            node = Model(value(*[x.data for x in models]), name, WIRING.get(name, list)(models))
            node.partials = expected(node)
            node.recorded = [x.data for x in node.operands]
            self.hold(on_values(*[x for x, _ in chosen]), node)

    @rule(number=WHOLE, data=st.data())
    def set_data(self, number: float, data: st.DataObject) -> None:
        """Set the data of any leaf but an exponent, held or only part of a graph."""
        pairs = self.pairs().items()
        leaves = [(value, model) for model, value in pairs if not model.op and not model.fixed]
        value, model = leaves[data.draw(st.integers(0, len(leaves) - 1))]
        value.data = model.data = number

    @rule(data=st.data(), seed=st.sampled_from([1.0, 1.0, -2.0, 0.5]), create_graph=st.booleans())
    def backward(self, data: st.DataObject, seed: float, create_graph: bool) -> None:
        value, model = self.pick(data)
        if not exact(model):
            return
        try:
            value.backward(seed, create_graph=create_graph)
        except RuntimeError:
            assert create_graph  # and nothing has changed: the invariants see to it
            assert self.changed(model)
        else:
            # The partials of maximum are constants: there it makes no difference.
            stale = [node for node in self.changed(model) if expected(node) != node.partials]
            assert not create_graph or all(node.op == "maximum" for node in stale)
            self.backpropagate(model, seed, create_graph)

    def changed(self, model: Model) -> list[Model]:
        """Return the nodes whose operands have other data than when they were recorded."""
        return [node for node in graph(model) if node.recorded != [x.data for x in node.operands]]

    def backpropagate(self, model: Model, seed: float, create_graph: bool) -> None:
        self.cycles |= create_graph
        for node, grad in chain_rule(model, seed).items():
            node.grad = grad if node.op else node.grad + grad
            was_value = node.grad_is_value and not node.op
            node.grad_is_value = create_graph or was_value

    @rule(data=st.data(), moment=st.integers(1, 120), create_graph=st.booleans())
    def interrupted_backward(self, data: st.DataObject, moment: int, create_graph: bool) -> None:
        value, model = self.pick(data)
        if not exact(model) or self.changed(model):
            return
        pairs = self.pairs()
        try:
            with interruption(moment):
                value.backward(create_graph=create_graph)
        except KeyboardInterrupt:
            self.after_interrupt(model, pairs, create_graph)
        else:
            self.backpropagate(model, 1.0, create_graph)

    def after_interrupt(self, model: Model, pairs: dict[Model, Value], create_graph: bool) -> None:
        """All leaves have the old gradients or all have the new ones; the values in between, which
        nobody adds up, may have anything that the walk left."""
        new = chain_rule(model)
        leaves = [node for node in new if not node.op and new[node]]
        done = {number(pairs[node].grad) != node.grad for node in leaves}
        assert len(done) <= 1
        if done == {True}:
            self.backpropagate(model, 1.0, create_graph)
        for node, grad in new.items():
            if node.op or not grad:
                assert node.op or number(pairs[node].grad) in (node.grad, grad)
                node.grad = Fraction(number(pairs[node].grad))
                node.grad_is_value = isinstance(pairs[node].grad, Value)
        self.cycles |= create_graph

    @rule(data=st.data())
    def ask_for_gradients(self, data: st.DataObject) -> None:
        (value, model), (x, x_model) = self.pick(data), self.pick(data)
        if exact(model):
            assert gradients(value, [x]) == [chain_rule(model).get(x_model, 0)]

    @rule(data=st.data())
    def zero(self, data: st.DataObject) -> None:
        value, model = self.pick(data)
        value.grad = 0
        model.grad, model.grad_is_value = Fraction(0), False

    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        value, model = self.pick(data)
        self.hold(copy.copy(value), copy.copy(model))

    @rule(data=st.data(), also=st.booleans())
    def deepcopy(self, data: st.DataObject, also: bool) -> None:
        """Copy one or two graphs at once: what they share, the copies share."""
        chosen = [self.pick(data), self.pick(data)] if also else [self.pick(data)]
        values = copy.deepcopy([value for value, _ in chosen])
        models = copy.deepcopy([model for _, model in chosen])
        for value, model in zip(values, models):
            self.hold(value, model)

    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        if len(self.held) > 1:
            del self.held[data.draw(st.integers(0, len(self.held) - 1))]

    def pairs(self) -> dict[Model, Value]:
        """Walk values and models side by side, and see that the graphs have one shape."""
        pairs: dict[Model, Value] = {}
        rest = [*self.held]
        while rest:
            value, model = rest.pop()
            if model in pairs:
                assert pairs[model] is value
                continue
            pairs[model] = value
            assert (value.op.name if value.op else "") == model.op
            assert len(value.operands) == len(model.operands)
            rest.extend(zip(value.operands, model.operands))
        assert len(set(pairs.values())) == len(pairs)
        return pairs

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        for model, value in self.pairs().items():
            assert repr(value.data) == repr(model.data)
            assert [*value.partials] == model.partials
            assert number(value.grad) == model.grad
            assert isinstance(value.grad, Value) == model.grad_is_value

    @invariant()
    def nothing_that_is_forgotten_stays(self) -> None:
        if not self.cycles:
            alive = sum(type(x) is Value for x in gc.get_objects())
            assert alive == len(graph(*[model for _, model in self.held]))


TestHistories = Histories.TestCase
TestHistories.settings = settings(stateful_step_count=40)


def test_the_interruption_comes_at_every_moment_of_backward() -> None:
    """Each moment of a backward is tried in turn, until there are no more of them."""
    moments = 0
    while True:
        x, y = Value(3.0), Value(5.0)
        out = (x * y + x) * (x - y)
        try:
            with interruption(moments + 1):
                out.backward()
        except KeyboardInterrupt:
            assert (x.grad, y.grad) in [(0, 0), (6.0, -24.0)]
            moments += 1
        else:
            break
    assert moments > 50


def test_the_interruption_tears_a_careless_backward() -> None:
    """The same moments would show a backward that adds to the leaves as it goes."""

    def careless(root: Value) -> None:
        order = topological_order(root)
        root.grad = 1.0
        for out in reversed(order):
            for x, partial in zip(out.operands, out.partials):
                x.grad = number(x.grad) + out.grad * partial
                relu(0.0)  # a moment to be interrupted in

    torn = 0
    for moment in range(1, 200):
        x, y = Value(3.0), Value(5.0)
        out = (x * y + x) * (x - y)
        try:
            with interruption(moment):
                careless(out)
        except KeyboardInterrupt:
            torn += (x.grad, y.grad) not in [(0, 0), (6.0, -24.0)]
    assert torn > 5
