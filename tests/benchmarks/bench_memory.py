"""Measure what a node costs: bytes, and time, in chains of a million operations.

    python tests/benchmarks/bench_memory.py [--length N]

Every chain is built twice, each time in a process of its own and with the garbage collector off:
once under tracemalloc, which counts the bytes asked for, and once without, where the resident size
(on Linux) shows what the process really took and the times are those of an ordinary run. Dropping
the chain must give everything back at once: no node may wait for the collector.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from micrograd_like import Value, tanh

BAR = 200.0  # bytes a node


def shared_leaf() -> Callable[[Value], Value]:
    w = Value(1.0000001)
    return lambda x: x * w


# what is done a million times, and the Values that each time makes
CHAINS: dict[str, tuple[Callable[[], Callable[[Value], Value]], int]] = {
    "x = tanh(x)": (lambda: tanh, 1),
    "x = x * w": (shared_leaf, 1),
    "x = x * 1.0001": (lambda: lambda x: x * 1.0001, 2),
}


def resident() -> int:
    """Return the bytes that this process holds in memory, 0 where there is no telling."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * 4096


def traced() -> int:
    return tracemalloc.get_traced_memory()[0]


def run(chain: str, length: int, meter: Callable[[], int]) -> dict[str, float]:
    """Build, differentiate and drop one chain; return bytes per Value and seconds."""
    make, values = CHAINS[chain]
    step = make()
    gc.collect()
    gc.disable()
    start, clock = meter(), [time.perf_counter()]
    root = x = Value(1e-3)
    for _ in range(length):
        x = step(x)
    clock.append(time.perf_counter())
    built = meter() - start
    before = time.perf_counter()
    x.backward()
    clock.append(time.perf_counter() - before)
    differentiated = meter() - start
    if not root.grad:
        raise AssertionError("backward did not reach the leaf")
    before = time.perf_counter()
    del x
    clock.append(time.perf_counter() - before)
    left = meter() - start
    total = values * length
    return {
        "built": built / total,
        "differentiated": differentiated / total,
        "left": left / total,
        "build_s": clock[1] - clock[0],
        "backward_s": clock[2],
        "drop_s": clock[3],
    }


def child(chain: str, length: int, meter: str) -> dict[str, float]:
    arguments = [sys.executable, __file__, "--length", str(length), "--one", chain, meter]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory of a node.")
    parser.add_argument("--length", type=int, default=1_000_000, help="operations in a chain")
    parser.add_argument("--one", nargs=2, metavar=("CHAIN", "METER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        chain, meter = options.one
        if meter == "traced":
            tracemalloc.start()
        print(json.dumps(run(chain, options.length, traced if meter == "traced" else resident)))
        return

    print(f"chains of {options.length:,} operations, garbage collector off\n")
    print(f"{'':18}{'Values':>7} {'bytes a Value, asked for':^30} {'resident':^18} {'seconds':^24}")
    print(f"{'':18}{'a step':>7}", end=" ")
    print(f"{'built':>10}{'backward':>10}{'dropped':>10}", end=" ")
    print(f"{'backward':>9}{'dropped':>9} {'build':>8}{'backward':>9}{'drop':>7}")
    worst = left = 0.0
    for chain, (_, values) in CHAINS.items():
        asked = child(chain, options.length, "traced")
        plain = child(chain, options.length, "resident")
        worst = max(worst, asked["built"], asked["differentiated"])
        left = max(left, asked["left"])
        print(f"{chain:18}{values:>7}", end=" ")
        print(f"{asked['built']:>10.1f}{asked['differentiated']:>10.1f}", end="")
        print(f"{asked['left']:>10.1f}", end=" ")
        print(f"{plain['differentiated']:>9.1f}{plain['left']:>9.1f}", end=" ")
        print(f"{plain['build_s']:>8.2f}{plain['backward_s']:>9.2f}{plain['drop_s']:>7.2f}")
    print()
    verdict = "yes" if worst <= BAR else "NO"
    print(f"{verdict:>4}: a Value takes {worst:.1f} bytes at most; to be at most {BAR:g}")
    verdict = "yes" if left < 1.0 else "NO"
    print(f"{verdict:>4}: {left:.1f} bytes a Value are left when a chain is dropped; to be none")


if __name__ == "__main__":
    main()
