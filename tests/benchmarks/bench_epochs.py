"""Time training by a program (`fit(engine="python")`) beside the eager engine, PyTorch and by hand.

    python tests/benchmarks/bench_epochs.py [--rounds N]

Five runs: handwritten digits one at a time, MLP 64-32-10 with plain gradient descent; the same
digits and two moons in batches of 20; a large network, both ways. All sides train in one process,
in turn, from the same weights; the two engines must come to the same bits. An epoch is what two
runs differ by, of which one has more epochs; building is what is left of the shorter. A ratio is
taken within a round; told are its minimum, median and maximum. PyTorch is measured if it is there:
pip install -e '.[peers]'.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from micrograd_like import losses, nn, optim, training
from micrograd_like.data import Row, moons, read_csv

IMAGES = Path(__file__).resolve().parents[2] / "demos" / "data" / "digits.csv.gz"
NIN, NHIDDEN, NOUT, RATE = 64, 32, 10, 0.05
EAGER, PYTHON, BY_HAND, TORCH = "eager nn.MLP", "program", "straight line by hand", "PyTorch"

Train = Callable[[int], Sequence[float]]  # so many epochs, to the weights


def with_fit(engine: str, sizes: Any, rows: list[Row], loss: Any, batch_size: int) -> Train:
    def train(epochs: int) -> list[float]:
        model = nn.MLP(*sizes, init="glorot", rng=1)
        training.fit(
            model,
            rows,
            loss=loss,
            optimizer=optim.SGD(model, RATE),
            epochs=epochs,
            batch_size=batch_size,
            shuffle=False,
            progress=False,
            engine=engine,
        )
        return [p.data for p in model.parameters()]

    return train


def straight_line() -> str:
    """Return the loop that one would write by hand, were one patient: dead units are skipped."""
    w = [[f"w{j}_{i}" for i in range(NIN)] for j in range(NHIDDEN)]
    v = [[f"v{k}_{j}" for j in range(NHIDDEN)] for k in range(NOUT)]
    names = [*chain(*w), *[f"b{j}" for j in range(NHIDDEN)], *chain(*v)]
    names += [f"c{k}" for k in range(NOUT)]
    hidden, scores = [f"h{j}" for j in range(NHIDDEN)], [f"s{k}" for k in range(NOUT)]
    lines = []
    for j, h in enumerate(hidden):
        lines.append(f"{h} = b{j} + " + " + ".join(f"{a}*x{i}" for i, a in enumerate(w[j])))
        lines.append(f"if {h} < 0.0: {h} = 0.0")
    for k, s in enumerate(scores):
        lines.append(f"{s} = c{k} + " + " + ".join(f"{a}*{h}" for a, h in zip(v[k], hidden)))
    lines.append(f"e = list(map(exp, ({', '.join(scores)})))")
    lines.append("total = sum(e)")
    lines.append(f"{', '.join(f'd{k}' for k in range(NOUT))} = g = [x / total for x in e]")
    lines.append("loss += -log(g[y])")
    lines += [f"if y == {k}: d{k} -= 1.0" for k in range(NOUT)]
    for j, h in enumerate(hidden):
        lines.append(f"if {h}:")
        lines.append(f"    d = {' + '.join(f'd{k}*{v[k][j]}' for k in range(NOUT))}")
        lines += [f"    {a} -= lr*(d*x{i})" for i, a in enumerate(w[j])] + [f"    b{j} -= lr*d"]
        lines += [f"    {v[k][j]} -= lr*(d{k}*{h})" for k in range(NOUT)]
    lines += [f"c{k} -= lr*d{k}" for k in range(NOUT)]
    quick = " = ".join([*hidden, *scores, *[f"x{i}" for i in range(NIN)]])
    head = f"def train(weights, rows, lr):\n    {quick} = loss = d = 0.0\n"
    head += (
        f"    {', '.join(names)} = weights\n    for ({', '.join(f'x{i}' for i in range(NIN))}), y"
    )
    body = "\n        ".join(lines)
    return f"{head} in rows:\n        {body}\n    return loss, [{', '.join(names)}]\n"


def by_hand(rows: list[Row]) -> Train:
    namespace: dict[str, Any] = {"exp": math.exp, "log": math.log}
    exec(straight_line(), namespace)
    model = nn.MLP(NIN, [NHIDDEN, NOUT], init="glorot", rng=1)
    weights = [[w.data for n in layer.neurons for w in n.w] for layer in model.layers]
    start = [*weights[0], *[0.0] * NHIDDEN, *weights[1], *[0.0] * NOUT]

    def train(epochs: int) -> Sequence[float]:
        weights = start
        for _ in range(epochs):
            _, weights = namespace["train"](weights, rows, RATE)
        return weights

    return train


def with_torch(rows: list[Row]) -> Train:
    import torch

    torch.set_num_threads(1)
    pairs = [(torch.tensor([x]), torch.tensor([y])) for x, y in rows]

    def train(epochs: int) -> Sequence[float]:
        torch.manual_seed(1)
        layers = torch.nn.Linear(NIN, NHIDDEN), torch.nn.ReLU(), torch.nn.Linear(NHIDDEN, NOUT)
        model = torch.nn.Sequential(*layers)
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(epochs):
            for x, y in pairs:
                optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()
        return []

    return train


def measure(title: str, sides: dict[str, Train], rounds: int, epochs: int, rows: int) -> None:
    """Print the time of an epoch and of building, and how many times as fast as the eager side."""
    per_epoch: dict[str, list[float]] = {name: [] for name in sides}
    building: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        names = [*sides][turn % len(sides) :] + [*sides][: turn % len(sides)]
        weights = {}
        for name in names:
            times = []
            for n in (1, 1 + epochs):
                before = time.process_time()
                weights[name] = sides[name](n)
                times.append(time.process_time() - before)
            per_epoch[name].append((times[1] - times[0]) / epochs)
            building[name].append(times[0] - per_epoch[name][-1])
        if weights[EAGER] != weights[PYTHON]:
            sys.exit("the program comes to other weights than the eager engine")
    print(f"{title}\n{'':24}{'µs a row':>10}{'ns a weight':>13}{'building s':>12}", end="")
    print("   times as fast as eager")
    for name in sides:
        ratios = sorted(a / b for a, b in zip(per_epoch[EAGER], per_epoch[name]))
        told = f"{ratios[0]:7.1f}{statistics.median(ratios):7.1f}{ratios[-1]:7.1f}"
        own, built = statistics.median(per_epoch[name]), statistics.median(building[name])
        each = 1e9 * own / rows / len(weights[EAGER])
        print(f"{name:24}{1e6 * own / rows:10.1f}{each:13.0f}{built:12.2f}   {told}", flush=True)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time training by a program.")
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    rounds = parser.parse_args().rounds
    print(f"{platform.python_implementation()} {platform.python_version()}, {rounds} rounds\n")
    images = [([x / 16 for x in pixels], digit) for pixels, digit in read_csv(IMAGES)]
    network = (NIN, [NHIDDEN, NOUT])
    few, many, points = images[:300], images[:1400], moons(200, rng=1)
    sides = {
        name: with_fit(engine, network, few, losses.cross_entropy, 1)
        for name, engine in ((EAGER, "eager"), (PYTHON, "python"))
    } | {BY_HAND: by_hand(few)}
    try:
        sides[TORCH] = with_torch(few)
    except ImportError:
        print("PyTorch is not installed, and not measured\n")
    measure("digits one at a time, MLP 64-32-10", sides, rounds, 2, len(few))
    large, by_class = (NIN, [256, 64, NOUT]), losses.cross_entropy
    for title, sizes, rows, loss, size, epochs in (
        ("digits in batches of 20", network, many, by_class, 20, 1),
        ("moons in batches of 20", (2, [16, 16, 1]), points, losses.binary_cross_entropy, 20, 15),
        ("MLP 64-256-64-10, one at a time", large, images[:40], by_class, 1, 3),
        ("MLP 64-256-64-10, in batches of 20", large, images[:40], by_class, 20, 3),
    ):
        sides = {
            name: with_fit(engine, sizes, rows, loss, size)
            for name, engine in ((EAGER, "eager"), (PYTHON, "python"))
        }
        measure(title, sides, rounds, epochs, len(rows))


if __name__ == "__main__":
    main()
