"""Random programs over every row of the table: compiled, they have the bits and errors of eager.

A program is a list of steps on floats; some steps branch on a value. Its numbers are ordinary ones
and those at the edges: signed zeros, infinities, nan, subnormal and huge ones.
"""

from __future__ import annotations

import math
import os
import random
import struct
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from kinks import size

from micrograd_like import Value, gradients, jit, topological_order, value_and_grad
from micrograd_like.ops import TABLE, Op

EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, 0.5, 800.0, -800.0, 1e200, -1e200, 1e-200, 5e-324]
EDGES += [math.inf, -math.inf, math.nan]
CONSTANTS = [2.0, 0.0, -1.0, 0.5, 3.0, 1.0]
ERRORS = (ArithmeticError, ValueError)

BRANCHES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "<": lambda a, b, c: b if a < c else a,
    ">=": lambda a, b, c: a * 2.0 if a >= b else c,
    "bool": lambda a, b, c: b if a else c,
    "int": lambda a, b, c: a * min(3, int(a)),
    "floor": lambda a, b, c: b + math.floor(a) % 3,
    "round": lambda a, b, c: b * (round(a) % 2),
    "round to a digit": lambda a, b, c: b * round(a, 1),
}

Place = int | float  # of an operand among all that was made, or a constant
Step = tuple[Callable[..., Any], list[Place]]


def number(rng: random.Random) -> float:
    kind = rng.random()
    return rng.choice(EDGES) if kind < 0.25 else rng.uniform(-3, 3) if kind < 0.7 else rng.random()


def steps(rng: random.Random, inputs: int, branches: bool) -> list[Step]:
    found: list[Step] = []
    for made in range(rng.randrange(1, 11)):

        def place(made: int = made) -> Place:
            return rng.randrange(inputs + made) if rng.random() < 0.85 else rng.choice(CONSTANTS)

        if branches and rng.random() < 0.2:
            found.append((rng.choice([*BRANCHES.values()]), [place(), place(), place()]))
        else:
            op = rng.choice([*TABLE.values()])
            found.append((op, [place() for _ in range(size(op, rng.randrange(4)))]))
    return found


def function_of(program: Sequence[Step]) -> Callable[..., Any]:
    def f(*x: Any) -> Any:
        made = [*x]
        for what, places in program:
            made.append(what(*[made[i] if type(i) is int else i for i in places]))
        return made[-1]

    return f


def bits(xs: Sequence[Any]) -> list[bytes]:
    numbers = [x.data if isinstance(x, Value) else float(x) for x in xs]
    return [struct.pack("d", x) if x == x else b"nan" for x in numbers]


def outcome(f: Callable[[], Sequence[Any]]) -> Any:
    """Return the bits of what a function returns, or the kind and the message of its error."""
    try:
        return bits(f())
    except ERRORS as error:
        return type(error), str(error)


def flat(result: Any) -> list[Any]:
    """Return a value, or a value and its gradients, in a list; of gradients, -0.0 as 0.0."""
    return [result[0], *[x + 0.0 for x in result[1]]] if isinstance(result, tuple) else [result]


def compare_jit(seed: int, told: Counter[str]) -> None:
    """Run a function and its gradients at six points, eager and compiled."""
    rng = random.Random(seed)
    n = rng.randrange(1, 5)
    f = function_of(steps(rng, n, branches=True))
    for eager in (f, value_and_grad(f, argnums=tuple(range(n)))):
        compiled = jit(eager)
        for turn in range(6):
            xs = [number(rng) if turn < 4 else rng.uniform(0.1, 0.9) for _ in range(n)]
            expected = outcome(lambda: flat(eager(*[Value(x, "x") for x in xs])))  # noqa: B023
            if type(expected) is list and eager is not f:
                expected = outcome(lambda: flat(eager(*xs)))  # noqa: B023
            told["errors" if type(expected) is tuple else "values"] += 1
            assert outcome(lambda: flat(compiled(*xs))) == expected, (seed, xs)  # noqa: B023
        told["paths"] += len(compiled.sources)


def compare_program(seed: int, told: Counter[str]) -> None:
    """Run a graph and its gradients at other points, eager and compiled."""
    rng = random.Random(seed)
    n = rng.randrange(1, 5)
    f = function_of(steps(rng, n, branches=False))
    leaves = [Value(rng.uniform(0.1, 0.9), f"x{i}") for i in range(n)]
    try:
        y = f(*leaves)
    except ERRORS:
        return
    used = {*topological_order(y)} if isinstance(y, Value) and y.op else set()
    wrt = [x for x in leaves if x in used]
    if not wrt:
        return
    program = y.program(inputs=wrt, wrt=wrt)
    for _ in range(4):
        for x in leaves:
            x.data = number(rng)

        def eager() -> Iterator[Any]:
            made = {x: x for x in leaves}
            for out in topological_order(y):
                if out.op is not None:
                    made[out] = out.op(*[made.get(x, x) for x in out.operands])
            yield made[y]
            yield from gradients(made[y], wrt)

        expected = outcome(lambda: [*eager()])
        told["errors" if type(expected) is tuple else "values"] += 1

        def compiled() -> list[Any]:
            value, grads = program(*[x.data for x in wrt])
            return [value, *grads]

        assert outcome(compiled) == expected, (seed, leaves)


def compare(seeds: range) -> Counter[str]:
    told: Counter[str] = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # so many ways
        for seed in seeds:
            compare_jit(seed, told)
            compare_program(seed, told)
    return told


def test_random_programs_have_the_bits_and_the_errors_of_eager() -> None:
    told = compare(range(150))
    assert told["values"] > 1000
    assert told["errors"] > 100
    assert told["paths"] > 300


@pytest.mark.thorough
def test_thousands_of_random_programs_have_the_bits_and_the_errors_of_eager() -> None:
    many = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1_500
    told = compare(range(1_000, 1_000 + many))
    assert told["paths"] > 2 * many


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_every_row_compiles(op: Op) -> None:
    rng = random.Random(1)
    leaves = [Value(0.0, f"x{i}") for i in range(size(op))]
    low, high = max(op.domain[0], -3.0), min(op.domain[1], 3.0)
    program = None
    for turn in range(40):
        for x in leaves:
            x.data = rng.choice(EDGES) if turn % 4 == 3 else rng.uniform(low, high)
        if op.name == "clamp":
            leaves[1].data, leaves[2].data = sorted(x.data for x in leaves[1:])
        expected = outcome(lambda: [y := op(*leaves), *gradients(y, leaves)])
        if program is None and type(expected) is list:
            program = op(*leaves).program(leaves, leaves)
        if program is not None:
            found = outcome(lambda: flat(program(*[x.data for x in leaves])))  # noqa: B023
            assert found == expected, leaves
    assert program is not None
