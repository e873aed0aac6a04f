"""Every row of the table on another engine, against the engine itself: the largest differences.

    python tests/all_rows.py [POINTS]      prints them in ulp, of values and of partials, by row

The points are of the row's domain: 30 % uniform, 60 % over all magnitudes, 10 % edges, and among
them kinks and ties. Where the engine raises, the others have to, too; JAX alone raises nothing, and
there nan or inf stands for it.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

from kinks import drawn_from
from oracle import draw

from micrograd_like import Value, gradients
from micrograd_like.ops import TABLE, Op
from micrograd_like.programs.program import Program

Found = tuple[float, list[float]]
SIZES = {"sumprod": 4, "weighted_sum": 5}
NORMAL = sys.float_info.min
EDGES = (0.0, -0.0, 1.0, -1.0)


def size(op: Op) -> int:
    """Return the number of operands that an op is tried with."""
    return SIZES.get(op.name, 4) if op.many else len(op.names)


def points(op: Op, n: int, seed: int = 0) -> list[list[float]]:
    """Return n lists of operands from the op's domain, its edges, kinks and ties among them."""
    rng = random.Random(f"{op.name} {seed}")
    found = []
    while len(found) < n:
        kind = rng.random()
        xs = [draw(drawn_from(op, i), kind, rng) for i in range(size(op))]
        if kind > 0.9:
            low, high = op.domain
            edges = [x for x in (*EDGES, low, high) if low <= x <= high and math.isfinite(x)]
            xs = [rng.choice(edges) if rng.random() < 0.5 else x for x in xs]
            xs = [xs[0] if rng.random() < 0.2 else x for x in xs]
        found.append(xs)
    return found


def by_the_engine(op: Op, xs: Sequence[float]) -> Found | type:
    """Return the value and the partials, or the type of the error."""
    try:
        values = [Value(x) for x in xs]
        out = op(*values)
        return out.data, gradients(out, values)
    except (ArithmeticError, ValueError) as error:
        return type(error)


def ulps(a: float, b: float) -> float:
    """Return the distance of two floats in units of the last place of the first."""
    if a == b or (a != a and b != b):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / math.ulp(a)


def differences(op: Op, n: int, engine: str) -> list[Any]:
    """Return the largest differences, of the value and of the partials, each with its point.

    JAX raises nothing, its compiler takes subnormal numbers for 0, and where a value is nan a
    partial may be anything.
    """
    run = ENGINES[engine]
    rows = points(op, n)
    worst: list[Any] = [(0.0, None), (0.0, None)]
    for xs, ours, theirs in zip(rows, [by_the_engine(op, xs) for xs in rows], run(op, rows)):
        if engine == "JAX":
            if isinstance(ours, type) or ours[0] != ours[0]:
                continue
            if any(0 < abs(x) < NORMAL for x in (*xs, ours[0], *ours[1])):
                continue
        if isinstance(ours, type) or isinstance(theirs, type):
            errors = [0.0 if ours is theirs else math.inf] * 2
        else:
            errors = [ulps(ours[0], theirs[0]), max(map(ulps, ours[1], theirs[1]))]
        for i, error in enumerate(errors):
            if error > worst[i][0]:
                worst[i] = error, xs
    return worst


def native(op: Op, rows: list[list[float]]) -> list[Any]:
    """Run a row as C."""
    return each(leaves(op).native(), rows)


def leaves(op: Op) -> Program:
    """Return the program of one row whose inputs are the operands themselves."""
    xs = [Value(1.5 if op.domain[0] >= 1 else 0.5, f"x{i}") for i in range(size(op))]
    if op.name == "clamp":
        xs = [Value(x, f"x{i}") for i, x in enumerate((0.5, 0.0, 1.0))]
    return op(*xs).program(xs, wrt=xs)


def each(run: Any, rows: list[list[float]]) -> list[Any]:
    """Call a program at each row: its value and gradients, or the type of its error."""
    found: list[Any] = []
    for xs in rows:
        try:
            found.append(run(*xs))
        except (ArithmeticError, ValueError) as error:
            found.append(type(error))
    return found


def over_numpy(op: Op, rows: list[list[float]]) -> list[Any]:
    """Run a row over arrays; where that is not finite, it is the engine that answers."""
    import numpy as np

    program = leaves(op)
    run = program.numpy()
    x = np.array(rows)
    with np.errstate(all="ignore"):
        y, g, _ = run._functions[True](x, np.empty(0))
    found: list[Any] = []
    for xs, value, partials in zip(rows, y[0].tolist(), g.T.tolist()):
        finite = math.isfinite(value) and all(map(math.isfinite, partials))
        found += [(value, partials)] if finite else each(run_one(run), [xs])
    return found


def run_one(run: Any) -> Callable[..., Found]:
    """Return the function of one row of a NumPy program."""

    def one(*xs: float) -> Found:
        values, gradients = run(*[[x] for x in xs])
        return float(values[0]), gradients[:, 0].tolist()

    return one


def over_jax(op: Op, rows: list[list[float]]) -> list[Any]:
    """Run a row in JAX, in float64, with the derivatives that JAX takes."""
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    f = leaves(op).jax()
    n = size(op)
    each_row = jax.vmap(jax.value_and_grad(lambda *xs: f(f.params, *xs), tuple(range(n))))
    values, partials = jax.jit(each_row)(*np.array(rows).T)
    return [
        (value, partials) for value, partials in zip(values.tolist(), np.array(partials).T.tolist())
    ]


ENGINES = {"C": native, "NumPy": over_numpy, "JAX": over_jax}


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    names = sys.argv[2:] or [*ENGINES]
    print(" " * 18, *[f"{name:>24}" for name in names])
    for name, op in TABLE.items():
        found = [differences(op, n, each) for each in names]
        print(
            f"{name:18}",
            *[f"{value[0]:12.4g}{partial[0]:12.4g}" for value, partial in found],
            flush=True,
        )
        for worst in found:
            print("".join([f"    {error} at {at}\n" for error, at in worst if error > 4]), end="")


if __name__ == "__main__":
    main()
