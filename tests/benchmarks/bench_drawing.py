"""Time the drawing of graphs: the built-in layout, and Graphviz where it is installed.

    python tests/benchmarks/bench_drawing.py

The graphs are those of expressions with sharing, made from a seed, of 10 to 5,000 values. Times are
seconds of one run each, on one machine: the ratios travel, the seconds do not.
"""

from __future__ import annotations

import random
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from micrograd_like import Value, tanh
from micrograd_like.graph import Graph

SIZES = (10, 100, 1_000, 5_000)


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


def main() -> None:
    layouts = ["builtin"] + ["graphviz"] * (shutil.which("dot") is not None)
    print(f"{'values':>8}{'DOT text':>12}" + "".join(f"{layout:>12}" for layout in layouts))
    for size in SIZES:
        root = expression(size)
        root.backward()
        before = time.perf_counter()
        graph = Graph(root, limit=100_000, view="gradients")
        graph.dot()
        cells = [time.perf_counter() - before]
        for layout in layouts:
            before = time.perf_counter()
            graph.svg(layout)
            cells.append(time.perf_counter() - before)
        print(f"{len(graph.names):>8,}" + "".join(f"{cell:>10.2f} s" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
