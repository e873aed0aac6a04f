"""Time a training step as a program, beside the engines, CasADi and PyTorch; and how long it takes
to make programs.

    python tests/benchmarks/bench_programs.py [--rounds N] [--sizes 1000,10000,100000,300000]

It needs micrograd from the package index: pip install -e '.[bench]'. CasADi and PyTorch weigh
hundreds of megabytes: pip install -e '.[peers]' to have them measured, too.

The step is that of bench_training.py: MLP 2-16-16-1 on 20 points, hinge loss and L2. All sides run
in one process, in turn, and must come to the same losses; the programs of the whole batch to the
same bits as the engine. A ratio is of the CPU time of a step within a round; told are minimum,
median and maximum.
"""

from __future__ import annotations

import argparse
import gc
import math
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bench_training as training
from bench_training import ELEMENTARY, FUSED, POINTS, RATE, REFERENCE, SIZES, Point, Side

from micrograd_like import Value, fsum, nn, tanh
from micrograd_like.programs import source

WHOLE, WHOLE_FUSED = "program, whole batch", "program, whole batch of nn.MLP"
ROWS = "program, a row in a loop"
TURN = 0.03  # seconds
WEIGHTS = [*map(random.Random(337).uniform, [-1] * 337, [1] * 337)]
BARS = {WHOLE: 35.0, ROWS: 55.0}  # how many times the reference


class ProgramSide(Side):
    """A network trained by a program that is recorded once.

    That of the whole batch is a function of the weights, as those of the peers are; that of one row
    reads them from the parameters.
    """

    def __init__(self, points: list[Point], fused: bool, rows: bool) -> None:
        nin, nouts = SIZES
        super().__init__(Value, nn.MLP(nin, nouts, rng=1, fused=fused), lambda v: v.operands)
        self.parameters = self.model.parameters()
        self.weights = [p.data for p in self.parameters]
        self.rows = [(*x, float(y)) for x, y in points] if rows else None
        if rows:
            x1, x2, y = (Value(number, name) for number, name in zip(self.rows[0], "xuy"))
            loss = (1 + -y * self.model([x1, x2])).relu()
            self.program = loss.program([x1, x2, y], self.parameters, reassociate=True)
        else:
            self.program = self.loss(points).program(self.parameters, self.parameters)

    def set_weights(self, weights: list[float]) -> None:
        super().set_weights(weights)
        self.weights = list(weights)

    def step(self, points: list[Point]) -> float:
        weights = self.weights
        if self.rows is None:
            loss, grads = self.program(*weights)
            self.weights = [w - RATE * grad for w, grad in zip(weights, grads)]
            return loss
        total, grads = self.program.sum(self.rows)
        loss = total / POINTS + 1e-4 * math.hypot(*weights) ** 2
        rate, keep = RATE / POINTS, 1 - RATE * 2e-4
        self.weights = [keep * w - rate * g for w, g in zip(weights, grads)]
        for p, weight in zip(self.parameters, self.weights):
            p.data = weight
        return loss


class Peer(Side):
    """A step of another library, as a function of the weights that returns loss and gradients."""

    def __init__(self, gradient: Callable[[Any], tuple[float, Any]], array: Callable[..., Any]):
        self.gradient, self.array, self.times = gradient, array, []

    def set_weights(self, weights: list[float]) -> None:
        self.weights = self.array(weights)

    def step(self, points: list[Point]) -> float:
        loss, grads = self.gradient(self.weights)
        self.weights = self.weights - RATE * grads
        return loss


def casadi_sides(points: list[Point]) -> dict[str, Side]:
    import casadi as ca
    import numpy as np

    def score(weights: Any, x: Any) -> Any:
        values, i = [x[0], x[1]], 0
        for nout, last in zip((16, 16, 1), (False, False, True)):
            sums = []
            for _ in range(nout):
                total = weights[i + len(values)]
                for k, value in enumerate(values):
                    total = total + weights[i + k] * value
                i += len(values) + 1
                sums.append(total if last else ca.fmax(total, 0))
            values = sums
        return ca.fmax(1 - x[2] * values[0], 0)

    weights, rows, row = ca.SX.sym("w", 337), ca.SX.sym("x", 3, POINTS), ca.SX.sym("x", 3)
    data = np.array([[*x, float(y)] for x, y in points]).T
    total = sum(score(weights, rows[:, j]) for j in range(POINTS)) / POINTS
    total = total + 1e-4 * ca.sumsqr(weights)
    whole = ca.Function("whole", [weights, rows], [total, ca.gradient(total, weights)])
    one = score(weights, row)
    mapped = ca.Function("row", [weights, row], [one, ca.gradient(one, weights)]).map(POINTS)

    def by_whole(w: Any) -> tuple[float, Any]:
        loss, grad = whole(w, data)
        return float(loss), np.array(grad).ravel()

    def by_map(w: Any) -> tuple[float, Any]:
        losses, grads = mapped(w, data)
        loss = float(np.array(losses).sum()) / POINTS + 1e-4 * float(w @ w)
        return loss, np.array(grads).reshape(337, -1).sum(1) / POINTS + 2e-4 * w

    return {"CasADi, whole batch": Peer(by_whole, np.array), "CasADi, map": Peer(by_map, np.array)}


class TorchSide(Side):
    """PyTorch's module on the whole batch."""

    def __init__(self, points: list[Point]) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch, self.times = torch, []
        layers = [torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 16)]
        self.net = torch.nn.Sequential(*layers, torch.nn.ReLU(), torch.nn.Linear(16, 1)).double()
        self.x = torch.tensor([x for x, _ in points], dtype=torch.float64)
        self.y = torch.tensor([[float(y)] for _, y in points], dtype=torch.float64)

    def set_weights(self, weights: list[float]) -> None:
        numbers = iter(weights)
        with self.torch.no_grad():
            for layer in list(self.net)[::2]:
                for row, bias in zip(layer.weight, range(len(layer.bias))):
                    for i in range(len(row)):
                        row[i] = next(numbers)
                    layer.bias[bias] = next(numbers)

    def step(self, points: list[Point]) -> float:
        penalty = sum((p * p).sum() for p in self.net.parameters())
        loss = self.torch.relu(1 - self.y * self.net(self.x)).mean() + 1e-4 * penalty
        self.net.zero_grad()
        loss.backward()
        with self.torch.no_grad():
            for p in self.net.parameters():
                p -= RATE * p.grad
        return float(loss.detach())


def make_sides(points: list[Point]) -> dict[str, Side]:
    sides = training.make_sides()
    sides[WHOLE] = ProgramSide(points, fused=False, rows=False)
    sides[WHOLE_FUSED] = ProgramSide(points, fused=True, rows=False)
    sides[ROWS] = ProgramSide(points, fused=True, rows=True)
    try:
        sides |= casadi_sides(points)
    except ImportError:
        print("CasADi is not installed")
    try:
        sides["PyTorch module, whole batch"] = TorchSide(points)
    except ImportError:
        print("PyTorch is not installed")
    return sides


def same_bits(sides: dict[str, Side], points: list[Point]) -> None:
    """Compare the weights after three steps."""
    after = {}
    for name in (ELEMENTARY, FUSED, WHOLE, WHOLE_FUSED):
        sides[name].set_weights(WEIGHTS)
        for _ in range(3):
            sides[name].step(points)
        side = sides[name]
        parameters = [p.data for p in side.model.parameters()]
        after[name] = side.weights if isinstance(side, ProgramSide) else parameters
    if not after[ELEMENTARY] == after[FUSED] == after[WHOLE] == after[WHOLE_FUSED]:
        sys.exit("the weights after three steps differ in their bits")
    for side in sides.values():
        side.set_weights(WEIGHTS)
    losses = {name: round(side.step(points), 9) for name, side in sides.items()}
    if len({*losses.values()}) > 1:
        sys.exit(f"not all sides do the same work: {losses}")
    print("after three steps all weights of the engine and of the programs have the same bits\n")


def measure(sides: dict[str, Side], points: list[Point], rounds: int) -> None:
    """Time every side in each round, for the same while, from the same weights: CPU time, per
    step."""
    repeats: dict[str, int] = {}
    for turn in range(-1, rounds):
        names = list(sides)
        start = turn % len(names)
        gc.collect()
        for name in names[start:] + names[:start]:
            n = repeats.get(name, 1)
            sides[name].set_weights(WEIGHTS)
            before = time.process_time()
            for _ in range(n):
                sides[name].step(points)
            taken = (time.process_time() - before) / n
            repeats.setdefault(name, max(1, min(50, round(TURN / taken))))
            if turn >= 0:
                sides[name].times.append(taken)


def spread(numbers: list[float]) -> str:
    ends = min(numbers), statistics.median(numbers), max(numbers)
    return "".join(f"{number:>8.1f}" for number in ends)


def moons(rounds: int) -> None:
    points = training.two_moons(random.Random(20))
    sides = make_sides(points)
    same_bits(sides, points)
    gc.collect()
    gc.freeze()  # the collections before each step need not go through all graphs
    measure(sides, points, rounds)
    reference = sides[REFERENCE].times
    print(f"{'':34}{'median':>9}   times the reference: min, median, max")
    for name, side in sides.items():
        ratios = [b / a for a, b in zip(side.times, reference)]
        print(f"{name:34}{1e3 * statistics.median(side.times):>6.2f} ms   {spread(ratios)}")
    for name, bar in BARS.items():
        times = statistics.median([b / a for a, b in zip(sides[name].times, reference)])
        verdict = "yes" if times >= bar else "NO"
        print(f"{verdict:>4}: {name} is {times:.1f} times the reference; at least {bar:g}")


def chain(n: int) -> tuple[Value, list[Value]]:
    """Return a graph of about n operations, and its leaves."""
    rng = random.Random(1)
    leaves = [Value(rng.uniform(-1, 1), f"w{i}") for i in range(20)]
    made = list(leaves)
    for i in range(n):
        a, b = rng.choice(made[-40:]), rng.choice(made[-4000:])
        made.append((a * b, a + b * 0.5, tanh(a), b - a)[i % 4])
    return fsum(made), leaves


def build(sizes: list[int]) -> None:
    print(f"\nmaking a program, µs an operation\n{'':>12}{'record':>9}{'write':>9}{'compile':>9}")
    for n in sizes:
        begin = time.process_time()
        y, leaves = chain(n)
        recorded = time.process_time()
        program = y.program(wrt=leaves)
        written = time.process_time()
        source.load(program.source, program.name)
        compiled = time.process_time() - written
        each = [recorded - begin, written - recorded - compiled, compiled]
        made = len(program._recorded.events)  # some lines of the chain are two operations
        told = "".join(f"{1e6 * seconds / made:>9.1f}" for seconds in each)
        print(f"{made:>12,}{told}{1e6 * sum(each) / made:>9.1f} in all")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time programs against engines and peers.")
    parser.add_argument("--rounds", type=int, default=100, help="steps per side (default 100)")
    parser.add_argument("--sizes", default="1000,10000,100000,300000", help="of graphs to compile")
    options = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}")
    moons(options.rounds)
    build([int(size) for size in options.sizes.split(",")])


if __name__ == "__main__":
    main()
