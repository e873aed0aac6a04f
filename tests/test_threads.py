"""What is promised where threads, or tasks of asyncio, share values.

* Graphs that share nothing do not disturb each other.
* `gradients` touches no ``grad``: any number of threads may run it over the same values.
* `backward` writes ``grad`` as it goes: threads that share leaves must not run it at the same time.
  Tasks of asyncio may, as nothing gets in between.

The numbers are whole, so that their sums are exact in whatever order they are made.
"""

from __future__ import annotations

import asyncio
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


def test_threads_that_share_leaves_find_their_gradients() -> None:
    leaves = [Value(float(i % 3)) for i in range(50)]

    def work(i: int) -> None:
        loss = fsum([leaf * float(i + 1) for leaf in leaves])
        for _ in range(80):
            assert gradients(loss, leaves) == [float(i + 1)] * len(leaves)

    in_threads(work)
    assert {leaf.grad for leaf in leaves} == {0}


def test_threads_that_share_a_graph_find_its_gradients() -> None:
    x, y = Value(2.0), Value(3.0)
    shared = polynomial(x, y)
    values = topological_order(shared)
    expected = gradients(shared, values)

    def work(i: int) -> None:
        loss = shared * float(i + 1)
        for _ in range(40):
            assert gradients(loss, values) == [(i + 1) * grad for grad in expected]

    in_threads(work)


def test_one_thread_may_run_backward_while_others_find_gradients() -> None:
    x, y = Value(2.0), Value(3.0)
    out = polynomial(x, y)
    expected = gradients(out, [x, y])

    def work(i: int) -> None:
        for _ in range(25):
            if i:
                assert gradients(out, [x, y]) == expected
            else:
                out.backward()

    in_threads(work)
    assert [x.grad, y.grad] == [25 * grad for grad in expected]


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
    good = Value(1.0)

    def work(i: int) -> None:
        leaf, other = Value(1.0), Value(1.0)
        leaf.grad = "not a number"
        for _ in range(10):
            if i % 2:
                with pytest.raises(TypeError):
                    (leaf * other).backward()
            else:
                assert gradients(good * 2.0, [good]) == [2.0]

    in_threads(work)


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

    async def main() -> list[list[float]]:
        work = [asyncio.to_thread(lambda i=i: gradients(x * float(i), [x])) for i in range(8)]
        return await asyncio.gather(*work)

    assert asyncio.run(main()) == [[float(i)] for i in range(8)]
