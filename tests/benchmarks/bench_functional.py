"""What derivatives of functions cost, in nodes and in time, and what no_grad saves.

    python tests/benchmarks/bench_functional.py [--rounds N]

A function of 4 numbers in 20 layers is called with Values, which makes a graph of the derivatives
too, and with floats, each against recording the function, or its gradient. And what no_grad leaves
of the time of a forward pass. Sides take turns; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from micrograd_like import (
    Value,
    grad,
    hessian,
    hvp,
    jvp,
    nn,
    no_grad,
    ops,
    sin,
    tanh,
    topological_order,
)

POINT = [0.1, 0.2, 0.3, 0.4]


def f(*xs: Any) -> Any:
    """Return a number that depends on all of four."""
    for _ in range(20):
        xs = tuple(tanh(x * y + sin(y) / 2) for x, y in zip(xs, (*xs[1:], xs[0]), strict=True))
    return sum(xs)


def nodes(result: Any) -> int:
    roots = [x for x in result if isinstance(x, Value)]
    return len({x for root in roots for x in topological_order(root) if x.op})


def timed(function: Callable[[], Any]) -> float:
    before = time.process_time()
    for _ in range(3):
        function()
    return time.process_time() - before


def ratio(side: Callable[[], Any], against: Callable[[], Any], rounds: int) -> float:
    """Return how many times as long as ``against`` a side takes."""
    return statistics.median(timed(side) / timed(against) for _ in range(rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description="What derivatives cost, and what no_grad saves.")
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    values, ones = [Value(x) for x in POINT], [1.0] * 4
    slope, curve = grad(f, range(4)), hessian(f, range(4))

    rows: list[tuple[str, Callable[[list[Any]], Any], str]] = [
        ("f", lambda xs: [f(*xs)], "f"),
        ("grad", lambda xs: slope(*xs), "f"),
        ("jvp", lambda xs: jvp(f, xs, ones), "f"),
        ("hvp", lambda xs: hvp(f, xs, ones), "grad"),
        ("hessian", lambda xs: [x for row in curve(*xs) for x in row], "grad"),
    ]
    known = {name: (run, nodes(run(values))) for name, run, _ in rows}
    print(f"{'':10}{'nodes':>8}{'against':>10}{'nodes':>8}{'time, Values':>14}{'time, floats':>14}")
    for name, run, other in rows:
        base, n = known[other]
        in_values = ratio(lambda r=run: r(values), lambda b=base: b(values), rounds)
        recorded = values if name == "f" or other == "f" else POINT
        in_floats = ratio(lambda r=run: r(POINT), lambda b=base, x=recorded: b(x), rounds)
        made = known[name][1]
        print(f"{name:10}{made:8,}{other:>10}{made / n:8.2f}{in_values:14.2f}{in_floats:14.2f}")

    model, elementary = nn.MLP(2, [16, 16, 1], rng=1), nn.MLP(2, [16, 16, 1], rng=1, fused=False)
    table = [getattr(ops, name) for name in ops.__all__ if name not in ("acosh", "acos", "asin")]
    x, y = Value(0.5), Value(0.3)

    def each_op() -> None:
        for op in table:
            op(x, y) if op.arity == 2 and not op.defaults else op(x)
        _ = x + y, x - y, x * y, x / y, x**2, x**y, -x, abs(x), x // y, x % y

    def network() -> Any:
        """Do what an MLP 2-16-16-1 does, by * and + and relu, on 20 points."""
        out = []
        for _ in range(20):
            inputs = [x, y]
            for layer in elementary.layers:
                rows = [zip(n.w, inputs) for n in layer.neurons]
                sums = [sum((w * i for w, i in row), n.b) for row, n in zip(rows, layer.neurons)]
                inputs = [total.relu() for total in sums]
            out.append(inputs[0])
        return sum(out)

    print("\nno_grad, as a share of recording")
    sides: dict[str, Callable[[], Any]] = {
        "each op of the table once": lambda: [each_op() for _ in range(10)],
        "+ and * alone": lambda: [x * y + x for _ in range(500)],
        "a network by * and + and relu": network,
        "nn.MLP(fused=False)": lambda: [elementary([0.1, 0.2]) for _ in range(20)],
        "nn.MLP": lambda: [model([0.1, 0.2]) for _ in range(20)],
    }
    for name, side in sides.items():
        print(f"{name:32}{ratio(no_grad()(side), side, rounds):8.2f}")


if __name__ == "__main__":
    main()
