"""Time `training.fit` against the same loop written by hand: the overhead it adds, in per cent.

    python tests/benchmarks/bench_fit.py [--rounds N] [--epochs N]

Both train an MLP 2-16-16-1 on 200 points of two moons, in one process, from the same weights with
the same batches, and must come to the same weights. The hand-written loop does no more than it has
to; fit is silent, and does what it does by default. By hand, the garbage collector is on, as it is
where nobody thinks of it, and off, which leaves what fit's own work costs. The order of the sides
rotates from round to round; an overhead is the median over the rounds of that within a round, so
that a machine that is slow for a while slows all sides.
"""

from __future__ import annotations

import argparse
import gc
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from micrograd_like import data, fsum, losses, nn, optim, training

RATE, SIZE = 0.1, 20
POINTS = data.moons(200, rng=1)
OPTIMIZERS = {"SGD": optim.SGD, "Adam": optim.Adam}


def by_hand(model: nn.MLP, optimizer: optim.Optimizer, epochs: int) -> None:
    rng = random.Random(0)
    for _ in range(epochs):
        for batch in data.batches(POINTS, SIZE, rng):
            each = [losses.binary_cross_entropy(model(inputs), target) for inputs, target in batch]
            loss = fsum(each) / len(batch)
            model.zero_grad()
            loss.backward()
            optimizer.step()


def by_hand_without_collector(model: nn.MLP, optimizer: optim.Optimizer, epochs: int) -> None:
    gc.disable()
    by_hand(model, optimizer, epochs)
    gc.enable()


def by_fit(model: nn.MLP, optimizer: optim.Optimizer, epochs: int) -> None:
    training.fit(
        model,
        POINTS,
        loss=losses.binary_cross_entropy,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=SIZE,
        progress=False,
        engine="eager",
    )


def by_fit_with_all(model: nn.MLP, optimizer: optim.Optimizer, epochs: int) -> None:
    training.fit(
        model,
        POINTS,
        loss=losses.binary_cross_entropy,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=SIZE,
        progress=False,
        engine="eager",
        metrics=["accuracy"],
        clip_norm=1e9,
    )


Side = Callable[[nn.MLP, optim.Optimizer, int], None]
SIDES: dict[str, Side] = {
    "by hand": by_hand,
    "by hand, collector off": by_hand_without_collector,
    "fit": by_fit,
    "fit, with a metric and clipping": by_fit_with_all,
}


def measure(kind: type[optim.Optimizer], rounds: int, epochs: int) -> dict[str, list[float]]:
    """Return the processor seconds of an epoch, for each side and round."""
    names, times = list(SIDES), {name: list[float]() for name in SIDES}
    expected: list[float] = []
    for turn in range(-1, rounds):  # the first round warms up
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            model = nn.MLP(2, [16, 16, 1], rng=random.Random(2))
            optimizer = kind(model, RATE)
            gc.collect()
            before = time.process_time()
            SIDES[name](model, optimizer, epochs)
            taken = time.process_time() - before
            weights = [p.data for p in model.parameters()]
            expected = expected or weights
            if weights != expected:
                sys.exit(f"{name} does other work: it comes to other weights")
            if turn >= 0:
                times[name].append(taken / epochs)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description="Time fit against a loop written by hand.")
    parser.add_argument("--rounds", type=int, default=20, help="runs of each side (default 20)")
    parser.add_argument("--epochs", type=int, default=5, help="epochs per run (default 5)")
    options = parser.parse_args()
    print(
        f"an epoch of 10 steps, MLP 2-16-16-1, {len(POINTS)} points, "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{options.rounds} runs of {options.epochs} epochs\n"
    )
    for label, kind in OPTIMIZERS.items():
        times = measure(kind, options.rounds, options.epochs)
        hand, still = times["by hand"], times["by hand, collector off"]
        print(f"{label:34}{'median ms':>12}{'to by hand':>14}{'collector off':>16}")
        for name, own in times.items():
            row = f"{name:34}{1e3 * statistics.median(own):>12.2f}"
            for other in hand, still:
                over = statistics.median(a / b - 1 for a, b in zip(own, other, strict=True))
                row += f"{over:>+14.1%}"
            print(row)
        print()


if __name__ == "__main__":
    main()
