"""One model, one function, on 100,000 points: row by row, in C, over arrays, in several processes.

The network and its loss are written once, for a single point. Its recorded program is then printed
for each engine. The table has the examples a second, loss and gradients, and the largest difference
of a gradient from the eager engine's; the picture, how each grows with the batch. NumPy, JAX and a
C compiler are used where they are there.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from demos.console import parse, run, write
from demos.together import model_and_program, points
from micrograd_like import gradients, softplus
from micrograd_like.drawing.charts import BLUE, GREEN, GREY, INK, VERMILION, Panel, figure, spread

Rows = list[list[float]]
Engine = Callable[[Any], list[float]]  # of rows to the sums of the gradients
COLOURS = {"eager": GREY, "python": INK, "native": GREEN, "numpy": BLUE, "jax": VERMILION}
PATIENCE = 2.0  # seconds an engine may take for a batch, before larger ones are left out


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each engine on growing batches; print the table, and draw the rates."""
    options = parse("scale", __doc__, arguments)
    model, program = model_and_program()
    rows = points(100_000)

    def eager(rows: Rows) -> list[float]:
        total = [0.0] * len(program.wrt)
        for x, y, sign in rows:
            found = gradients(softplus(-sign * model([x, y])), program.wrt)
            total = [a + b for a, b in zip(total, found)]
        return total

    engines: dict[str, Engine] = {"eager": eager, "python": lambda rows: program.sum(rows)[1]}
    engines.update(others(program))
    expected = eager(rows[:100])
    print(f"{model}, {len(rows):,} points\n{'engine':8}{'examples/s':>12}{'at a batch of':>15}"
          f"{'largest difference':>22}")  # fmt: skip
    curves = {}
    for name, engine in engines.items():
        curves[name] = rates(name, engine, rows)
        batch, rate = max(curves[name], key=lambda point: point[1])
        difference = max(abs(a - b) for a, b in zip(engine(prepared(name, rows[:100])), expected))
        print(f"{name:8}{rate:12,.0f}{batch:15,}{difference:22.1e}")
    if "jax" in engines:
        print(two_processes())
    else:
        print("jax is not installed, and left out: pip install '.[jax]'")
    write(options.picture, picture(curves))
    return 0


def others(program: Any) -> dict[str, Engine]:
    """Return the engines that are installed."""
    found: dict[str, Engine] = {}
    if shutil.which("cc"):
        native = program.native()
        found["native"] = lambda rows: native.batch(rows, reduce="sum")[1]
    if importlib.util.find_spec("numpy"):
        over_arrays = program.numpy()
        found["numpy"] = lambda rows: over_arrays(*rows.T, reduce="sum")[1]
    if importlib.util.find_spec("jax"):
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)  # else JAX computes in float32
        f = program.jax()
        sums = jax.jit(jax.grad(lambda params, rows: f(params, *rows.T).sum()))

        def in_jax(rows: Any) -> list[float]:
            layers = jax.block_until_ready(sums(f.params, rows))["layers"]
            both = [
                row for layer in layers for row in zip(layer["w"].tolist(), layer["b"].tolist())
            ]
            return [x for w, b in both for x in (*w, b)]

        found["jax"] = in_jax
    return found


def prepared(name: str, rows: Rows) -> Any:
    """Return rows as an engine has them: in an array, once and for all."""
    if name in ("numpy", "jax"):
        return importlib.import_module("numpy").array(rows)
    return rows


def rates(name: str, engine: Engine, rows: Rows) -> list[tuple[int, float]]:
    """Return the examples a second for growing batches: the best of several."""
    found, n = [], 1
    while n <= len(rows):
        batch = prepared(name, rows[:n])
        engine(batch)  # compiles
        best, start = float("inf"), time.perf_counter()
        while (now := time.perf_counter()) - start < 0.2 or best == float("inf"):
            engine(batch)
            best = min(best, time.perf_counter() - now)
        found.append((n, n / best))
        if best > PATIENCE / 10:
            break
        n *= 10
    return found


def two_processes() -> str:
    """Train in two processes and in one; return how far apart their weights are."""

    def start(rank: int, count: int) -> Any:
        command = [sys.executable, "-m", "demos.together", str(rank), str(count), "50321"]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    texts = [process.communicate()[0] for process in (start(0, 2), start(1, 2), start(0, 1))]
    weights = [[*map(float, text.split("weights")[-1].split())] for text in texts]
    far = max(abs(a - b) for other in weights[:2] for a, b in zip(other, weights[2], strict=True))
    said = re.search(r"a step sends .*", texts[0])
    return f"two JAX processes: {said and said[0]}; weights within {far:.1e} of one process's"


def picture(curves: dict[str, list[tuple[int, float]]]) -> str:
    """Draw the rates: batches by their number of digits."""
    everything = [rate for curve in curves.values() for _, rate in curve]
    longest = max(len(curve) for curve in curves.values())
    panel = Panel((420, 300), (0, max(longest - 1, 1)), spread(everything, log=True), log=True,
                  title="examples a second")  # fmt: skip
    panel.axes("batch size, in powers of ten", whole=True)
    for name, curve in curves.items():
        panel.line([(len(str(n)) - 1, rate) for n, rate in curve], COLOURS[name])
    panel.key({name: COLOURS[name] for name in curves})
    return figure("Beyond one core", "loss and gradients of a 2-16-16-1 network", panel)


if __name__ == "__main__":
    run(main)
