"""Whatever interrupts a backward, the gradients of the leaves are all as before or all as after.

First at every place where a trace function can raise, one after the other, and once more while the
first interrupt is being handled; then by real signals at random moments.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import interrupting
import pytest
from bombarding import careful, careful_with_a_graph, careless
from interrupting import PACKAGE, PlacedInterrupts

from micrograd_like import Value, exp, fsum, gradients, nn, tanh, topological_order

PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
EPISODES = {"dev": 100, "ci": 400, "thorough": 10_000}.get(PROFILE, 400)
BACKWARD: Any = Value.backward.__code__


# ---------------------------------------------------------------------------- at every place


def leaves(n: int) -> list[Value]:
    return [Value(0.5 + i) for i in range(n)]


def square() -> Value:
    x = Value(3.0)
    return x * x


def zero_gradient() -> Value:
    x, *xs = leaves(5)
    return fsum([x, *xs]) * 0.0 + x


def elementary() -> Value:
    x, y, z = leaves(3)
    return tanh(x * y + z) * x - exp(-z) / y + 3


GRAPHS: dict[str, Callable[[], Value]] = {
    "a leaf": lambda: Value(2.0),
    "x*x": square,
    "five operands": lambda: fsum(leaves(5)),
    "zero gradient": zero_gradient,
    "elementary": elementary,
    "MLP": lambda: nn.MLP(2, [2, 1], rng=random.Random(1))([0.5, -1.0]),
}
STARTS = [(2.5, None, 0), (None, 0, 2.5), (0, 2.5, None)]  # gradients that leaves have already

each_case = pytest.mark.parametrize(
    ("graph", "start"),
    [
        (graph, start)
        for graph in GRAPHS
        for start in STARTS[: 3 if graph in ("a leaf", "x*x") else 1]
    ],
    ids=str,
)


class Case:
    """A graph, and its leaves' gradients before a backward, after it, and after one more.

    The graph is the same all the time: what an interrupt leaves behind, the next run has to stand.
    """

    def __init__(
        self,
        graph: str,
        start: tuple[float | None, ...] = STARTS[0],
        backward: Callable[[Value], None] = careful,
    ) -> None:
        self.root, self.start = GRAPHS[graph](), start
        self.leaves = [x for x in topological_order(self.root) if x.op is None]
        self.backward = partial(backward, self.root)
        self.begin()
        self.states = [self.grads()]
        for _ in range(2):
            self.backward()
            self.states.append(self.grads())

    def begin(self) -> None:
        for i, x in enumerate(self.leaves):
            x.grad = self.start[i % len(self.start)]

    def grads(self) -> list[str]:
        return [repr(x.grad) for x in self.leaves]

    def torn(
        self, *earlier: int, closely: tuple[Any, ...] = (), run: Callable[[], Any] | None = None
    ) -> Iterator[bool]:
        """Say for each place, after those of ``earlier`` interrupts, if one there tears them."""
        interrupts = PlacedInterrupts(*earlier, 1, closely=closely)
        self.begin()
        while interrupts.run(run or self.backward):
            before_or_after = self.grads() in self.states[:2]
            if before_or_after:
                after = self.states[self.states.index(self.grads()) + 1]
                self.backward()
                assert self.grads() == after
            yield not before_or_after
            interrupts = PlacedInterrupts(*earlier, interrupts.at[-1] + 1, closely=closely)
            self.begin()

    def torn_twice(self, **options: Any) -> Iterator[bool]:
        for first, _ in enumerate(self.torn(**options), 1):
            yield from self.torn(first, **options)


@each_case
def test_a_backward_adds_the_gradients_to_what_leaves_have(graph: str, start: Any) -> None:
    case = Case(graph, start)
    case.begin()
    new = gradients(case.root, case.leaves)
    assert case.grads() == case.states[0]
    olds = [x.grad for x in case.leaves]
    assert case.states[1] == [repr(b if a in (0, None) else a + b) for a, b in zip(olds, new)]


@each_case
def test_an_interrupt_at_any_bytecode_changes_nothing_or_all(graph: str, start: Any) -> None:
    torn = [*Case(graph, start).torn(closely=(BACKWARD,))]
    assert len(torn) > 50
    assert not any(torn)


@each_case
def test_a_second_interrupt_at_any_line_changes_nothing_or_all(graph: str, start: Any) -> None:
    torn = [*Case(graph, start).torn_twice()]
    assert len(torn) > 20
    assert not any(torn)


def test_interrupts_of_a_backward_with_a_graph_change_nothing_or_all() -> None:
    for graph in ("a leaf", "x*x"):
        assert not any(Case(graph, (0, 2.5), careful_with_a_graph).torn_twice())
    assert not any(Case("zero gradient", (0, 2.5), careful_with_a_graph).torn())


def test_an_exception_and_an_interrupt_after_it_change_nothing() -> None:
    case = Case("elementary")

    def fail() -> None:
        with suppress(TypeError):
            case.root.backward("1")  # type: ignore[arg-type]

    case.begin()
    fail()
    assert case.grads() == case.states[0]
    assert not any(case.torn(closely=(BACKWARD,), run=fail))


def guarded_once(root: Value) -> None:
    """Restore the gradients in a handler that nothing guards in its turn."""
    xs = [x for x in topological_order(root) if x.op is None]
    before = [x.grad for x in xs]
    try:
        careless(root)
    except BaseException:
        for x, grad in zip(xs, before):
            x.grad = grad
        raise


def test_interrupts_at_every_place_find_what_is_guarded_less() -> None:
    case = Case("five operands", (1.0,), careless)
    assert any(case.torn(closely=(careless.__code__,)))
    case = Case("five operands", (1.0,), guarded_once)
    closely = (guarded_once.__code__,)
    torn = [*case.torn(closely=closely)]
    assert not any(torn)
    assert any(any(case.torn(at, closely=closely)) for at in range(len(torn), 0, -1))


# ---------------------------------------------------------------------------- real signals

needs_signals = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="no timers and signals as on Unix"
)


def bombarded(backward: Callable[[Value], None], each: int) -> int:
    """Interrupt backward so often, in each of four ways; return how often gradients were torn."""
    command = [sys.executable, interrupting.__file__, "--signals", str(each), backward.__name__]
    told = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    rows = [map(int, re.findall(r"\d+", line.split(":")[1])) for line in told.splitlines()]
    _, inside, _, torn = (sum(column) for column in zip(*rows))
    assert inside == 4 * each
    return torn


@needs_signals
def test_signals_at_any_moment_change_nothing_or_all() -> None:
    assert bombarded(careful, EPISODES) == 0


@needs_signals
def test_signals_in_a_backward_with_a_graph_change_nothing_or_all() -> None:
    assert bombarded(careful_with_a_graph, EPISODES // 10) == 0


@needs_signals
def test_signals_tear_a_careless_backward() -> None:
    assert bombarded(careless, 25) > 0
