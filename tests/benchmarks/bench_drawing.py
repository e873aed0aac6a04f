"""Time the drawing of graphs as SVG: every value a box, wide nodes, and a loss over many samples.

    python tests/benchmarks/bench_drawing.py

The graphs are made from a seed. Times are seconds of the processor, of one run each: the ratios
travel, the seconds do not.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from micrograd_like import Value, fsum, tanh
from micrograd_like.nn import MLP

EVERY = 100_000  # boxes: none of the graphs has more


def expression(size: int) -> Value:
    """Return a value whose graph has about so many values, one in five of them a leaf."""
    rng = random.Random(size)
    made = [Value(rng.uniform(-1, 1), label=f"x{i}") for i in range(max(2, size // 5))]
    unused = list(made)
    while len(made) + len(unused) - 1 < size:
        a = unused.pop(rng.randrange(len(unused)))
        b = rng.choice(made[-30:])
        out = tanh(a) if rng.random() < 0.2 else a * b if rng.random() < 0.5 else a + b
        made.append(out)
        unused.append(out)
    while len(unused) > 1:
        unused.append(unused.pop(0) + unused.pop(0))
    return unused[0]


def loss(samples: int) -> Value:
    """Return the mean squared error of a network over random samples."""
    rng, net = random.Random(samples), MLP(2, [8, 8, 1])
    points = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(samples)]
    return fsum([(net(point) - 1.0) ** 2 for point in points]) / samples


def drawn(what: str, root: Value, **options: Any) -> None:
    """Draw a graph, and print how long that took."""
    root.backward()
    before = time.process_time()
    graph = root.graph(**options)
    graph.svg()
    seconds, scene = time.process_time() - before, graph.scene
    sizes = f"{len(graph.values):>8,}{len(scene.boxes):>8,}{len(scene.arrows):>8,}"
    print(f"{what:32}{sizes}{seconds:>8.2f} s", flush=True)


def main() -> None:
    print(f"{'':32}{'values':>8}{'boxes':>8}{'arrows':>8}{'time':>10}")
    drawn("warming up", expression(10))
    for size in (1_000, 5_000, 14_000):
        drawn("an expression", expression(size), limit=EVERY)
    wide = MLP(290, [64, 1])([i / 290 for i in range(290)])
    for level in (1, 2, 3):
        drawn(f"MLP(290, [64, 1]), collapse={level}", wide, collapse=level)
    drawn("fsum of 4,000 operands", fsum([Value(float(i)) for i in range(4_000)]), limit=EVERY)
    drawn("a loss over 70 samples", loss(70))
    drawn("the same, every value", loss(70), limit=EVERY)


if __name__ == "__main__":
    main()
