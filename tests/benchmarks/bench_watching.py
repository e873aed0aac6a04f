"""Time a training step while values are watched: lines traced, anomalies detected.

    python tests/benchmarks/bench_watching.py [--rounds N]

The step is that of bench_training.py, with `nn.MLP` as it comes; the sides take turns in one
process. A factor is the median over the rounds of the time watched over the time not watched, by
the processor's clock.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench_training import SIZES, Side, two_moons

from micrograd_like import Value, nn
from micrograd_like.debugging.tracing import detect_anomaly, trace_lines

SIDES = {
    "not watched": contextlib.nullcontext,
    "trace_lines": trace_lines,
    "detect_anomaly": detect_anomaly,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step while values are watched.")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    side = Side(Value, nn.MLP(*SIZES, rng=random.Random(1)), lambda v: v.operands)
    points = two_moons(random.Random(20))
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    for turn in range(-1, options.rounds):  # the first round warms up
        for name, watch in SIDES.items():
            with watch():
                before = time.process_time()
                side.step(points)
                taken = time.process_time() - before
            if turn >= 0:
                times[name].append(taken)
    for name, taken in times.items():
        factors = [t / plain for t, plain in zip(taken, times["not watched"], strict=True)]
        print(f"{name:16}{1e3 * min(taken):8.2f} ms{statistics.median(factors):8.2f} times")


if __name__ == "__main__":
    main()
