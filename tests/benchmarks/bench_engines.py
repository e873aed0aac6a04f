"""How fast a program is in C, NumPy and JAX, against layers written by hand there, and in PyTorch.

    python tests/benchmarks/bench_engines.py [--rounds N]

Loss (hinge) and gradients of a 2-16-16-1 network of relu, summed over a batch of 1, 32, 1,000 and
10,000. The two sides take turns; what is printed is the median of their ratios, ours over theirs,
so that less than 1 is faster. What is not installed is left out. OMP_NUM_THREADS=1 is one core.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import shutil
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from micrograd_like import Value, nn, relu

BATCHES = (1, 32, 1_000, 10_000)


def network() -> tuple[nn.MLP, Any]:
    """Return a network, and its hinge loss as a program of x, y, and 1 or -1."""
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(1))
    x, y, t = Value(0.0, "x"), Value(0.0, "y"), Value(1.0, "t")
    return model, relu(1 - t * model([x, y])).program([x, y, t], wrt=model.parameters())


def ratio(
    ours: Callable[[], Any], theirs: Callable[[], Any], n: int, rounds: int
) -> tuple[float, float]:
    """Return the median of ours over theirs, in turns of some calls, and our best time."""
    calls = max(1, 100 // n)  # as in a loop of training: what the other side left is soon gone
    pairs = []
    for _ in range(max(10, rounds // calls)):
        times = []
        for side in (ours, theirs):
            start = time.perf_counter()
            for _ in range(calls):
                side()
            times.append((time.perf_counter() - start) / calls)
        pairs.append(times)
    return statistics.median(a / b for a, b in pairs), min(a for a, _ in pairs)


def show(name: str, n: int, result: tuple[float, float], build: float) -> None:
    """Print one line of the table."""
    found, best = result
    numbers = f"{found:10.3f}{1 / found:10.2f}{1e6 * best / n:12.3f}{build:10.2f}"
    print(f"{name:34}{n:8,}{numbers}", flush=True)


def built(make: Callable[[], Any]) -> tuple[Any, float]:
    """Return what is made, and the seconds that it took."""
    start = time.perf_counter()
    return make(), time.perf_counter() - start


def points(n: int) -> list[list[float]]:
    """Return rows of two numbers and 1 or -1."""
    rng = random.Random(3)
    return [[rng.uniform(-1, 1), rng.uniform(-1, 1), rng.choice((-1.0, 1.0))] for _ in range(n)]


def in_numpy(rounds: int) -> None:
    """Compare `program.numpy()` with layers by hand."""
    import numpy as np

    model, program = network()
    f, build = built(program.numpy)
    ws = [np.array([[w.data for w in n.w] for n in layer.neurons]) for layer in model.layers]
    bs = [np.array([n.b.data for n in layer.neurons]) for layer in model.layers]

    def by_hand(x: Any, t: Any) -> Any:
        s1 = x @ ws[0].T + bs[0]
        h1 = np.maximum(s1, 0)
        s2 = h1 @ ws[1].T + bs[1]
        h2 = np.maximum(s2, 0)
        s = 1 - t * (h2 @ ws[2].T + bs[2])[:, 0]
        d3 = ((s > 0) * -t)[:, None]
        d2 = (d3 @ ws[2]) * (s2 > 0)
        d1 = (d2 @ ws[1]) * (s1 > 0)
        grads = [(d.T @ h, d.sum(0)) for d, h in ((d1, x), (d2, h1), (d3, h2))]
        return np.maximum(s, 0), grads

    for n in BATCHES:
        rows = np.array(points(n))
        x, t = rows[:, :2].copy(), rows[:, 2].copy()
        columns = [column.copy() for column in rows.T]
        result = ratio(partial(f, *columns, reduce="sum"), partial(by_hand, x, t), n, rounds)
        show("NumPy / layers by hand", n, result, build)


def in_jax(rounds: int) -> None:
    """Compare `program.jax()` with layers by hand, both jitted."""
    import jax
    import jax.numpy as jnp

    _, program = network()
    f = program.jax()

    def finished(side: Any, *given: Any) -> Any:
        return jax.block_until_ready(side(*given))

    def by_hand(params: Any, x: Any, t: Any) -> Any:
        for i, layer in enumerate(params["layers"]):
            x = x @ layer["w"].T + layer["b"]
            x = jax.nn.relu(x) if i < 2 else x
        return jax.nn.relu(1 - t * x[:, 0]).sum()

    for n in BATCHES:
        rows = jnp.array(points(n))
        x, t = rows[:, :2], rows[:, 2]
        hand = jax.jit(jax.value_and_grad(by_hand))
        ours = jax.jit(jax.value_and_grad(lambda p, x, t: f(p, x[:, 0], x[:, 1], t).sum()))
        sides = [partial(finished, side, f.params, x, t) for side in (ours, hand)]
        (_, build), _ = built(sides[0]), sides[1]()
        result = ratio(sides[0], sides[1], n, rounds)
        show("JAX / layers by hand", n, result, build)


def natively(rounds: int) -> None:
    """Compare `program.native()` with PyTorch's module."""
    import torch

    torch.set_num_threads(1)
    _, program = network()
    native, build = built(program.native)
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 16),
        torch.nn.ReLU(),
        torch.nn.Linear(16, 16),
        torch.nn.ReLU(),
        torch.nn.Linear(16, 1),
    )

    def step(x: Any, t: Any) -> None:
        module.zero_grad()
        torch.relu(1 - t * module(x)[:, 0]).sum().backward()

    for n in BATCHES:
        rows = points(n)
        tensor = torch.tensor(rows)
        x, t = tensor[:, :2].contiguous(), tensor[:, 2].contiguous()
        given: Any = tensor.double().numpy() if n > 100 else rows
        result = ratio(partial(native.batch, given, "sum"), partial(step, x, t), n, rounds)
        show("C / PyTorch's module", n, result, build)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    print(f"{'':34}{'batch':>8}{'ratio':>10}{'inverse':>10}{'µs/example':>12}{'build, s':>10}")
    sides = {in_numpy: "numpy", in_jax: "jax", natively: "torch"}
    for side, needed in sides.items():
        if importlib.util.find_spec(needed) and (side is not natively or shutil.which("cc")):
            side(rounds)
        else:
            print(f"left out: there is no {needed} or no C compiler")


if __name__ == "__main__":
    main()
