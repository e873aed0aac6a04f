"""A graph may be a million values deep, as wide, or have more paths than atoms in the universe.

Nothing that walks a graph calls itself, so neither Python's recursion limit nor the size of a
thread's stack matters; and references run one way, to the operands: a graph is freed on the spot.
"""

from __future__ import annotations

import copy
import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from micrograd_like import Value, exp, fsum, gradients, sigmoid, tanh, topological_order

# In bytes; usually it is 8 MB. Python 3.13 needs more than 0.5 MB to free any deep structure.
SMALL_STACK = 128 * 1024 if sys.version_info < (3, 13) else 2 * 1024 * 1024


def in_a_small_thread(test: Callable[[], None]) -> None:
    """Run in a thread with a small stack, and say what went wrong there here."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            test()
        except BaseException as error:
            failures.append(error)

    before = threading.stack_size(SMALL_STACK)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if failures:
        raise failures[0]


@contextmanager
def low_recursion_limit(more: int = 60) -> Iterator[None]:
    """Allow only so many calls inside each other beyond those there are already."""
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + more)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def live_values() -> int:
    return sum(type(x) is Value for x in gc.get_objects())


def chain(x: Value, n: int) -> Value:
    """Return x after n steps that do not change it much: half of them unary, half binary."""
    y = x
    for _ in range(n // 2):
        y = -(y * x)
    return y


def ladder(x: Value, levels: int) -> Value:
    """Return x after levels of diamonds: there are 2**levels paths, and each has 2**-levels."""
    y = x
    for _ in range(levels):
        y = (y + y) * 0.5
    return y


def exercise(y: Value, x: Value, slope: float, size: int) -> None:
    """Do all that walks a graph, and see that it is right."""
    with low_recursion_limit():
        assert gradients(y, [x]) == [slope]
        y.backward()
        assert x.grad == slope
        order = topological_order(y)
        assert (len(order), order[0], order[-1]) == (size, x, y)
        del order
        twin = copy.deepcopy(y)
        assert (twin.data, twin.grad) == (y.data, 1.0)
        assert gradients(twin, [x, twin]) == [0.0, 1.0]  # the copy has leaves of its own
        del twin


def exercise_and_drop(build: Callable[[Value], Value], slope: float, size: int) -> None:
    with no_collector():
        before = live_values()
        x = Value(1.0)
        y = build(x)
        exercise(y, x, slope, size)
        with low_recursion_limit():
            del y
        assert live_values() == before + 1


@pytest.mark.thorough
def test_a_chain_of_a_million_values() -> None:
    # y = -(y * x), half a million times: ±x to the power n + 1
    exercise_and_drop(lambda x: chain(x, 1_000_000), 500_001.0, 1_000_001)


def test_a_chain_in_a_thread_with_a_small_stack() -> None:
    in_a_small_thread(lambda: exercise_and_drop(lambda x: chain(x, 100_000), 50_001.0, 100_001))


def test_a_ladder_of_ten_thousand_diamonds() -> None:
    exercise_and_drop(lambda x: ladder(x, 10_000), 1.0, 30_001)


def test_a_ladder_in_a_thread_with_a_small_stack() -> None:
    in_a_small_thread(lambda: exercise_and_drop(lambda x: ladder(x, 10_000), 1.0, 30_001))


@pytest.mark.thorough
def test_a_wide_chain_of_nodes_of_many_operands() -> None:
    def build(x: Value) -> Value:
        y = x
        for _ in range(20_000):
            y = fsum([y, x, y]) * 0.5 - x * 0.5
        return y

    exercise_and_drop(build, 1.0, 120_001)


@pytest.mark.parametrize("sum_of", [fsum, sum, lambda xs: sum(reversed(xs))])
def test_a_sum_of_a_hundred_thousand_leaves(sum_of: Callable[[list[Value]], Value]) -> None:
    with no_collector():
        before = live_values()
        xs = [Value(float(i)) for i in range(100_000)]
        y = sum_of(xs)
        with low_recursion_limit():
            assert y.data == 99_999 * 100_000 / 2
            y.backward()
            assert all(x.grad == 1.0 for x in xs)
            assert gradients(y, xs) == [1.0] * len(xs)
            twin = copy.deepcopy(y)
            assert {*topological_order(twin)}.isdisjoint(topological_order(y))
            del twin, y
        assert live_values() == before + len(xs)


def test_a_deep_graph_has_second_derivatives() -> None:
    x = Value(1.0)
    y = chain(x, 2_000)  # x to the power 1,001
    with low_recursion_limit():
        (slope,) = gradients(y, [x], create_graph=True)
        assert gradients(slope, [x]) == [1001.0 * 1000.0]
        del y, slope


def test_gradients_that_are_values_of_a_deep_graph_are_freed_in_a_small_thread() -> None:
    def test() -> None:
        x = Value(1.0)
        y = chain(x, 20_000)
        with low_recursion_limit():
            y.backward(create_graph=True)
            assert x.grad.data == 10_001.0
            x.grad = 0
            del y

    in_a_small_thread(test)


# ---------------------------------------------------------------------------- memory


def test_graphs_have_no_reference_cycles() -> None:
    def everything() -> None:
        x, y = Value(0.5), Value(-0.5)
        out = tanh(x * y + fsum([x, y, x])) / (2 + exp(x)) - sigmoid(y) ** 2
        out.backward()
        out.backward(2.0)
        gradients(out, [x, y])
        (slope,) = gradients(out, [x], create_graph=True)
        slope.backward()
        copy.deepcopy(out)
        copy.copy(out)
        topological_order(out)
        with pytest.raises(ZeroDivisionError):
            x / 0.0
        with pytest.raises(TypeError):
            x + "1"  # type: ignore[operator]

    everything()  # imports, caches
    with no_collector():
        before = live_values()
        everything()
        assert live_values() == before
        del before
        gc.collect()
        everything()
        garbage = gc.collect()
    # pytest.raises makes a cycle of a traceback and its frame; none has a Value in it
    assert garbage < 60


def test_a_gradient_that_is_a_value_makes_the_one_cycle_there_is_until_it_is_zeroed() -> None:
    with no_collector():
        before = live_values()
        x = Value(3.0)
        (x * x).backward(create_graph=True)
        x.grad = 0
        del x
        assert live_values() == before


def test_the_collector_would_be_seen_to_be_needed() -> None:
    """Values in a cycle are counted until the collector comes: the tests above can fail."""
    with no_collector():
        before = live_values()
        x = Value(3.0)
        x.grad = x
        del x
        assert live_values() == before + 1
        gc.collect()
        assert live_values() == before


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda y, x: -y, id="neg"),
        pytest.param(lambda y, x: tanh(y), id="tanh"),
        pytest.param(lambda y, x: y + x, id="add"),
        pytest.param(lambda y, x: y * x, id="mul"),
        pytest.param(lambda y, x: y / x, id="div"),
    ],
)
def test_a_node_takes_at_most_200_bytes(step: Callable[[Value, Value], Value]) -> None:
    n = 10_000
    x = Value(1.0000001)
    tracemalloc.start()
    try:
        y = x
        for _ in range(n):
            y = step(y, x)
        built = tracemalloc.get_traced_memory()[0] / n
        y.backward()
        after = tracemalloc.get_traced_memory()[0] / n
    finally:
        tracemalloc.stop()
    assert 80 < built <= after <= 200
