"""What is promised where threads, or tasks of asyncio, share values.

* Graphs that share nothing do not disturb each other.
* Leaves may be shared. No thread gets in while gradients are added to them, so none is lost: a
  leaf's ``grad`` ends as the sum over all threads, to the rounding of the order they come in. (Of
  floats: ``backward(create_graph=True)`` adds up Values, which is for one thread at a time.)
* Nodes may be shared. A node's ``grad`` is overwritten by each `backward`, and ends as it was left
  by the last one; all nodes below it have the gradients of that same run.
* Setting ``data`` or ``grad`` of a leaf while another thread is in `backward` is as with any
  attribute: before it or after it. `gradients` writes nothing, and so needs no lock.

The numbers are whole, so that their sums are exact in whatever order they are made.
"""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from micrograd_like import Value, exp, fsum, gradients, tanh, topological_order

THREADS = 4


@pytest.fixture(autouse=True)
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], None], n: int = THREADS) -> None:
    """Run work(0) … work(n - 1) at the same time, and say here what went wrong there."""
    failures: list[BaseException] = []
    together = threading.Barrier(n)

    def run(i: int) -> None:
        try:
            together.wait()
            work(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def polynomial(x: Value, y: Value, rounds: int = 20) -> Value:
    out = x * y
    for i in range(rounds):
        out = out + x * float(i) - y * (x - y)
    return out


def test_graphs_of_their_own_do_not_disturb_each_other() -> None:
    def work(i: int) -> None:
        x, y = Value(0.1 * i + 0.1), Value(0.3)
        for _ in range(20):
            x.grad = y.grad = 0
            out = tanh(polynomial(x, y)) * exp(x)
            out.backward()
            assert [out.data, x.grad, y.grad] == expected[i]
            assert gradients(out, [x, y]) == expected[i][1:]

    expected = [[0.0] * 3 for _ in range(THREADS)]
    for i in range(THREADS):
        x, y = Value(0.1 * i + 0.1), Value(0.3)
        out = tanh(polynomial(x, y)) * exp(x)
        out.backward()
        expected[i] = [out.data, x.grad, y.grad]
    in_threads(work)


def test_no_gradient_of_a_shared_leaf_is_lost() -> None:
    """Of floats: with create_graph a leaf adds up Values, which is for one thread at a time."""
    leaves = [Value(float(i % 3)) for i in range(50)]
    times = 80

    def work(i: int) -> None:
        loss = fsum([leaf * float(i + 1) for leaf in leaves])
        for _ in range(times):
            loss.backward()

    in_threads(work)
    total = times * sum(range(1, THREADS + 1))
    assert [float(leaf.grad) for leaf in leaves] == [float(total)] * len(leaves)


def test_a_careless_sum_is_seen_to_lose_gradients() -> None:
    """What the tests here would show if gradients were added to leaves as one would."""
    leaves = [Value(0.0) for _ in range(50)]
    times = 80
    turn = threading.Barrier(THREADS)

    def careless(loss: Value) -> None:
        totals = [leaf.grad + grad for leaf, grad in zip(leaves, gradients(loss, leaves))]
        turn.wait()  # as if the system gave the turn to another thread
        for leaf, total in zip(leaves, totals):
            leaf.grad = total

    def work(i: int) -> None:
        loss = fsum([leaf * float(i + 1) for leaf in leaves])
        for _ in range(times):
            careless(loss)

    in_threads(work)
    total = times * sum(range(1, THREADS + 1))
    assert any(leaf.grad < total for leaf in leaves)


def test_threads_may_share_a_graph() -> None:
    x, y = Value(2.0), Value(3.0)
    shared = polynomial(x, y)
    nodes = [value for value in topological_order(shared) if value.op is not None]
    (by_x, by_y), by_nodes = gradients(shared, [x, y]), gradients(shared, nodes)
    times = 40

    def work(i: int) -> None:
        loss = shared * float(i + 1)
        for _ in range(times):
            loss.backward()
            assert loss.grad == 1.0

    in_threads(work)
    total = times * sum(range(1, THREADS + 1))
    assert (x.grad, y.grad) == (total * by_x, total * by_y)
    assert shared.grad in range(1, THREADS + 1)
    assert [node.grad for node in nodes] == [shared.grad * grad for grad in by_nodes]


def test_threads_may_run_backward_on_the_same_value() -> None:
    x, y = Value(2.0), Value(3.0)
    out = polynomial(x, y)
    by_x, by_y = gradients(out, [x, y])
    in_threads(lambda i: [out.backward() for _ in range(25)] and None)
    assert (x.grad, y.grad) == (25 * THREADS * by_x, 25 * THREADS * by_y)


def test_gradients_are_found_while_others_run_backward() -> None:
    x, y = Value(2.0), Value(3.0)
    out = polynomial(x, y)
    expected = gradients(out, [x, y])

    def work(i: int) -> None:
        for _ in range(25):
            if i % 2:
                out.backward(float(i))
            else:
                assert gradients(out, [x, y]) == expected

    in_threads(work)


def test_second_derivatives_are_found_in_threads() -> None:
    x, y = Value(2.0), Value(3.0)

    def work(i: int) -> None:
        for _ in range(5):
            out = polynomial(x, y) * x
            (slope,) = gradients(out, [x], create_graph=True)
            results.append(tuple(gradients(slope, [x, y])))

    results: list[tuple[float, ...]] = []
    work(0)
    in_threads(work)
    assert len(results) == 5 * (THREADS + 1)
    assert len(set(results)) == 1


def test_a_thread_that_fails_in_backward_does_not_stop_the_others() -> None:
    leaf, good = Value(1.0), Value(1.0)
    leaf.grad = "not a number"

    def work(i: int) -> None:
        for _ in range(10):
            if i % 2:
                with pytest.raises(TypeError):
                    (leaf * good).backward()
            else:
                (good * 2.0).backward()

    in_threads(work)
    assert good.grad == 2.0 * 10 * (THREADS // 2)


def test_tasks_of_asyncio_share_leaves() -> None:
    x, y = Value(2.0), Value(3.0)
    by_x, by_y = gradients(polynomial(x, y), [x, y])

    async def task(i: int) -> list[float]:
        own = Value(float(i))
        await asyncio.sleep(0)
        out = polynomial(x, y) * float(i + 1) + own * own
        await asyncio.sleep(0)
        out.backward()
        await asyncio.sleep(0)
        return [own.grad, out.grad]

    async def main() -> list[list[float]]:
        return await asyncio.gather(*[task(i) for i in range(20)])

    assert asyncio.run(main()) == [[2.0 * i, 1.0] for i in range(20)]
    assert (x.grad, y.grad) == (210 * by_x, 210 * by_y)


def test_tasks_that_work_in_threads_share_leaves() -> None:
    x = Value(2.0)

    def work(i: int) -> None:
        for _ in range(10):
            (x * float(i + 1)).backward()

    async def main() -> None:
        await asyncio.gather(*[asyncio.to_thread(work, i) for i in range(8)])

    asyncio.run(main())
    assert x.grad == 10 * math.comb(9, 2)
