"""Time one training step: forward, backward and the SGD update of an MLP 2-16-16-1 on 20 points.

    python tests/benchmarks/bench_training.py [--rounds N] [--json]

It needs micrograd from the package index: pip install -e '.[bench]'

All sides run the same training code in one process, on the same points, from the same weights, and
must come to the same losses. The garbage collector is on, and runs once before each side's step,
untimed; in each round every side makes a step, in an order that rotates. A ratio is the median
over the rounds of the ratios within a round, so a machine that is slow for a while slows all sides.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import reference

from micrograd_like import Value, nn

Point = tuple[tuple[float, float], int]  # where it is, and its class: 1 or -1

POINTS = 20
WARM_UP = 5  # rounds
NEW_WEIGHTS = 10  # after so many rounds training starts again
SIZES = (2, [16, 16, 1])
RATE = 0.05
MICROGRAD, REFERENCE, ELEMENTARY, FUSED = (
    "micrograd",
    "plain reference",
    "micrograd_like, elementary",
    "micrograd_like, nn.MLP",
)
BARS = {  # (side, against): how many times as fast it must be
    (ELEMENTARY, MICROGRAD): 3.0,
    (ELEMENTARY, REFERENCE): 1.3,
    (FUSED, MICROGRAD): 9.0,
    (FUSED, REFERENCE): 3.4,
}


def two_moons(rng: random.Random) -> list[Point]:
    points: list[Point] = []
    for i in range(POINTS):
        angle = math.pi * rng.random()
        x, y = math.cos(angle), math.sin(angle)
        if i % 2:
            x, y = 1 - x, 0.5 - y
        points.append(((x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)), 1 if i % 2 else -1))
    return points


class Side:
    """An engine, its network, and how to find a value's operands."""

    def __init__(
        self, value: Callable[[float], Any], model: Any, operands: Callable[[Any], Iterable[Any]]
    ) -> None:
        self.value = value
        self.model = model
        self.operands = operands
        self.times: list[float] = []

    def loss(self, points: list[Point]) -> Any:
        """Return the max-margin loss with L2 regularisation, as micrograd's demo writes it."""
        model = self.model
        inputs = [list(map(self.value, x)) for x, _ in points]
        scores = list(map(model, inputs))
        losses = [(1 + -y * s).relu() for (_, y), s in zip(points, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in model.parameters())

    def step(self, points: list[Point]) -> float:
        loss = self.loss(points)
        self.model.zero_grad()
        loss.backward()
        for p in self.model.parameters():
            p.data -= RATE * p.grad
        return loss.data

    def set_weights(self, weights: list[float]) -> None:
        for p, weight in zip(self.model.parameters(), weights, strict=True):
            p.data = weight

    def count_operations(self, points: list[Point]) -> int:
        """Return how many nodes of the loss's graph an operation made: the leaves do not count."""
        new = [self.loss(points)]
        seen, operations = set(new), 0
        while new:
            operands = tuple(self.operands(new.pop()))
            operations += bool(operands)
            for operand in operands:
                if operand not in seen:
                    seen.add(operand)
                    new.append(operand)
        return operations


def make_sides() -> dict[str, Side]:
    try:
        from micrograd.engine import Value as MicrogradValue
        from micrograd.nn import MLP as MicrogradMLP
    except ImportError:
        sys.exit("micrograd is not installed: pip install -e '.[bench]'")
    nin, nouts = SIZES
    elementary = nn.MLP(nin, nouts, rng=random.Random(1), fused=False)
    fused = nn.MLP(nin, nouts, rng=random.Random(1))
    plain = reference.MLP(nin, nouts)
    return {
        MICROGRAD: Side(MicrogradValue, MicrogradMLP(nin, nouts), lambda v: v._prev),
        REFERENCE: Side(reference.Value, plain, lambda v: v.parents),
        ELEMENTARY: Side(Value, elementary, lambda v: v.operands),
        FUSED: Side(Value, fused, lambda v: v.operands),
    }


def measure(sides: dict[str, Side], points: list[Point], rounds: int) -> None:
    """Time a step of every side in each of ``rounds`` rounds, and compare the losses."""
    rng = random.Random(337)
    weights = [rng.uniform(-1, 1) for _ in sides[FUSED].model.parameters()]
    names = list(sides)
    for turn in range(-WARM_UP, rounds):
        start = turn % len(names)
        expected = None
        for name in names[start:] + names[:start]:
            side = sides[name]
            if (turn + WARM_UP) % NEW_WEIGHTS == 0:
                side.set_weights(weights)
            gc.collect()
            before = time.perf_counter()
            loss = side.step(points)
            taken = time.perf_counter() - before
            expected = loss if expected is None else expected
            if not math.isclose(loss, expected, rel_tol=1e-9):
                sys.exit(f"{name} does other work: loss {loss!r} where others have {expected!r}")
            if turn >= 0:
                side.times.append(taken)


def ratio(side: Side, against: Side) -> float:
    """Return how many times as fast as ``against`` a side is."""
    return statistics.median(b / a for a, b in zip(side.times, against.times, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="Time one training step against other engines.")
    parser.add_argument("--rounds", type=int, default=200, help="steps per side (default 200)")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    assert gc.isenabled()

    sides = make_sides()
    points = two_moons(random.Random(20))
    measure(sides, points, options.rounds)
    table = {
        name: {
            "operations": side.count_operations(points),
            "min_ms": 1e3 * min(side.times),
            "median_ms": 1e3 * statistics.median(side.times),
            "times_micrograd": ratio(side, sides[MICROGRAD]),
            "times_reference": ratio(side, sides[REFERENCE]),
        }
        for name, side in sides.items()
    }
    if options.json:
        python = platform.python_version()
        print(json.dumps({"python": python, "sides": table}, indent=2))
        return
    print(
        f"one training step, MLP 2-16-16-1, {POINTS} points, "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{options.rounds} steps a side\n"
    )
    print(f"{'':28}{'opera-':>7}{'min':>10}{'median':>10}{'against':>12}{'against':>12}")
    print(f"{'':28}{'tions':>7}{'ms':>10}{'ms':>10}{'micrograd':>12}{'reference':>12}")
    for name, row in table.items():
        print(
            f"{name:28}{row['operations']:>7,}{row['min_ms']:>10.2f}{row['median_ms']:>10.2f}"
            f"{row['times_micrograd']:>11.2f}x{row['times_reference']:>11.2f}x"
        )
    print()
    for (name, against), bar in BARS.items():
        times = ratio(sides[name], sides[against])
        verdict = "yes" if times >= bar else "NO"
        print(f"{verdict:>4}: {name} is {times:.2f} times {against}; to be at least {bar:g}")


if __name__ == "__main__":
    main()
