"""Train one model in several JAX processes, each with its part of the points.

    python3 -m demos.together 0 2 5001 &       # the first of two, on port 5001
    python3 -m demos.together 1 2 5001         # the second; each prints the weights' sum

On several machines, name the first one's address in MICROGRAD_HOST. It needs the extra jax.
"""

import math
import os
import random
import re
import sys
from importlib import import_module
from typing import Any

from micrograd_like import Value, softplus
from micrograd_like.data import moons
from micrograd_like.nn import MLP
from micrograd_like.programs.program import Program


def model_and_program() -> tuple[MLP, Program]:
    """Return a network, and its loss at one point as a program of x, y and the class's sign."""
    model = MLP(2, [16, 16, 1], rng=random.Random(1))
    x, y, sign = Value(0.0, "x"), Value(0.0, "y"), Value(1.0, "sign")
    return model, softplus(-sign * model([x, y])).program([x, y, sign], wrt=model.parameters())


def points(n: int) -> list[list[float]]:
    """Return n points of two moons, each x, y, and 1 or -1 for its moon."""
    return [[*xy, 2.0 * moon - 1] for xy, moon in moons(n, noise=0.1, rng=random.Random(2))]


def main(rank: int, count: int, port: int, n: int = 10_000, steps: int = 20) -> int:
    """Train as process ``rank`` of ``count``; print what a step sends, and the weights."""
    jax, np = import_module("jax"), import_module("numpy")
    sharding = import_module("jax.sharding")
    jax.config.update("jax_enable_x64", True)
    if count > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        host = os.environ.get("MICROGRAD_HOST", "127.0.0.1")
        jax.distributed.initialize(f"{host}:{port}", count, rank, heartbeat_timeout_seconds=10)
    mesh = sharding.Mesh(jax.devices(), ("points",))
    everywhere, spread = [
        sharding.NamedSharding(mesh, sharding.PartitionSpec(*names)) for names in ((), ("points",))
    ]
    model, program = model_and_program()
    f = program.jax()

    def step(
        params: Any, rows: Any
    ) -> Any:  # rows are spread over the processes; the mean is JAX's to find
        loss, grads = jax.value_and_grad(lambda params: f(params, *rows.T).mean())(params)
        return jax.tree.map(lambda p, g: p - 0.5 * g, params, grads), loss

    mine = np.array(points(n))[rank::count]
    rows = jax.make_array_from_process_local_data(spread, mine)
    params = jax.device_put(f.params, everywhere)
    compiled = jax.jit(step).lower(params, rows).compile()
    print(
        f"process {rank} of {count}: {len(mine):,} points; {sent(compiled.as_text())}", flush=True
    )
    for i in range(steps):
        try:
            params, loss = compiled(params, rows)
            print(f"step {i + 1}: loss {float(loss)!r}", flush=True)
        except jax.errors.JaxRuntimeError as error:
            print(f"process {rank}: another process has gone, and training with it: {error}")
            sys.stdout.flush()
            os._exit(1)  # JAX would wait for the other to say goodbye
    program.update(jax.tree.map(np.asarray, params))
    print("weights", *[repr(p.data) for p in model.parameters()])
    return 0


def sent(text: str) -> str:
    """Return how many numbers a compiled step adds up over the processes."""
    sizes = [
        size
        for line in text.splitlines()
        if " all-reduce" in line and "all-reduce-done" not in line
        for size in re.findall(r"f64\[([\d,]*)\]", line.partition(" all-reduce")[0])
    ]
    count = sum(math.prod(map(int, filter(None, size.split(",")))) for size in sizes)
    return f"a step sends {count} numbers, {8 * count:,} bytes" if count else "a step sends nothing"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) if len(sys.argv) > 3 else __doc__)
