"""Time ``import micrograd_like`` over a bare interpreter.

    python tests/benchmarks/bench_import.py [--pairs N]

Starts fresh interpreters in turn, one that does nothing and one that imports, and prints the median
of the differences. The compiled modules are cached before, as they are on anyone's second run,
whatever the environment says about writing them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BAR = 15.0  # ms


def milliseconds(statement: str, cache: str) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = cache
    before = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=environment, check=True)
    return 1e3 * (time.perf_counter() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the import over a bare interpreter.")
    parser.add_argument("--pairs", type=int, default=60, help="runs of each kind (default 60)")
    options = parser.parse_args()
    bare, full = [], []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(3):
            milliseconds("import micrograd_like", cache)
        for _ in range(options.pairs):
            bare.append(milliseconds("pass", cache))
            full.append(milliseconds("import micrograd_like", cache))
    differences = [b - a for a, b in zip(bare, full, strict=True)]
    print(f"{'':24}{'min':>8}{'median':>8}   ms, {options.pairs} runs each, in turn")
    for name, times in (
        ("bare interpreter", bare),
        ("import micrograd_like", full),
        ("difference", differences),
    ):
        print(f"{name:24}{min(times):>8.1f}{statistics.median(times):>8.1f}")
    median = statistics.median(differences)
    verdict = "yes" if median <= BAR else "NO"
    print(f"\n{verdict:>4}: the import costs {median:.1f} ms; to be at most {BAR:g}")


if __name__ == "__main__":
    main()
