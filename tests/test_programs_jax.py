"""Programs in JAX: the numbers of the engine, with its rules, on JAX's machines."""

from __future__ import annotations

import math
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import all_rows
import pytest
from test_programs_c import network, rows_of

from micrograd_like import Value, gradients, losses, nn
from micrograd_like.ops import TABLE, Op

jax: Any = pytest.importorskip("jax")
np: Any = pytest.importorskip("numpy")

# In ulp, beyond the 4 of the others. XLA's own functions are less exact than those of C. Its code
# takes what is subnormal for 0: rounding errors that are carried along get lost where they are.
ULPS = {
    "exp2": 200.0,  # computed as exp(x·log 2)
    "log1p": 100.0,
    "atanh": 100.0,  # by log1p
    "tanh": 10.0,  # a rational function
    "sech2": 10.0,
    "erfc": 500.0,
    **dict.fromkeys(("sinh", "cosh"), 1000.0),  # by exp(x + log ½)
    **dict.fromkeys(("power", "pow", "ieee_power", "ieee_pow"), 1000.0),
    **dict.fromkeys(("normal_pdf", "normal_cdf", "gelu"), 1000.0),  # a subnormal correction is lost
    "silu": 1000.0,  # near the root of its derivative
    "direction": 10.0,
    "softmax": 8.0,
}
# Terms that cancel, and what leaves the range of floats on the way: products and squares, which
# XLA makes of quotients, too: (a/b)/b is a/(b·b).
CANCEL = {"fsum", "sumprod", "weighted_sum", "logsumexp", "prod", "hypot", "direction"}
CANCEL |= {"div", "ieee_div"}


@pytest.fixture(autouse=True, scope="module")
def _in_float64() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def compare(op: Op, n: int) -> None:
    bound = math.inf if op.name in CANCEL else ULPS.get(op.name, 4.0)
    for error, point in all_rows.differences(op, n, "JAX"):
        assert error <= bound, point


def test_a_row_has_the_numbers_of_the_engine() -> None:
    compare(TABLE["tanh"], 1000)


@pytest.mark.thorough
@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_every_row_at_a_thousand_points(op: Op) -> None:
    compare(op, 1000)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["relu", "abs", "maximum", "hypot", "sqrt"])
def test_kinks_have_the_subgradient_of_the_rule(name: str) -> None:
    op = TABLE[name]
    xs = [0.0] * all_rows.size(op)
    f = all_rows.leaves(op).jax()
    found = jax.grad(lambda *xs: f(f.params, *xs), tuple(range(len(xs))))(*xs)
    expected = all_rows.by_the_engine(op, xs)
    assert not isinstance(expected, type)
    assert [float(x) for x in found] == expected[1]


def test_a_network_and_its_gradients() -> None:
    program, model, inputs = network([2, 16, 16, 1], activation="tanh")
    f, rows = program.jax(), rows_of(len(inputs), 20)
    columns = np.array(rows).T
    loss = jax.jit(lambda params: f(params, *columns).sum())
    value, sums = program.sum(rows)
    assert float(loss(f.params)) == pytest.approx(value, rel=1e-12)
    found = jax.grad(loss)(f.params)
    assert [layer["w"].shape for layer in found["layers"]] == [(16, 2), (16, 16), (1, 16)]
    before = [p.data for p in model.parameters()]
    program.update(found)
    assert [p.data for p in model.parameters()] == pytest.approx(sums, rel=1e-9, abs=1e-12)
    program.update(f.params)
    assert [p.data for p in model.parameters()] == before


@pytest.mark.thorough
def test_it_composes_with_what_jax_has() -> None:
    program, _, inputs = network([2, 4, 1], activation="tanh")
    f, rows = program.jax(), np.array(rows_of(len(inputs)))
    one = jax.jit(lambda row: f(f.params, *row))
    mapped = jax.vmap(one)(rows)
    assert mapped == pytest.approx(f(f.params, *rows.T))
    assert mapped == pytest.approx([program(*row)[0] for row in rows.tolist()])
    assert jax.hessian(one)(rows[0]).shape == (3, 3)
    assert jax.jvp(one, (rows[0],), (rows[0],))[1] == pytest.approx(
        jax.grad(one)(rows[0]) @ rows[0]
    )


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["tanh", "gelu", "log_softmax", "softplus", "exp", "pow", "sqrt"])
def test_second_derivatives_are_those_of_the_engine(name: str) -> None:
    op = TABLE[name]
    xs = [0.5 + 0.25 * i for i in range(all_rows.size(op))]
    f = all_rows.leaves(op).jax()
    found = jax.grad(jax.grad(lambda x: f(f.params, x, *xs[1:])))(xs[0])
    values = [Value(x) for x in xs]
    (first,) = gradients(op(*values), values[:1], create_graph=True)
    assert float(found) == pytest.approx(gradients(first, values[:1])[0], rel=1e-9)


@pytest.mark.thorough
def test_weights_outside_their_layer_have_one_gradient() -> None:
    model = nn.MLP(2, [3, 1], rng=random.Random(1))
    x, scale = Value(0.5, "x"), Value(2.0, "scale")
    loss = model([x, x]) * scale + losses.l2_penalty(model, 0.1) + model.parameters()[0] * x
    wrt = [*model.parameters(), scale]
    program = loss.program([x], wrt=wrt)
    f = program.jax()
    found = jax.grad(f)(f.params, 0.3)
    assert found["others"].shape == (1,)
    value, expected = program(0.3)
    assert float(f(f.params, 0.3)) == pytest.approx(value)
    program.update(found)
    assert [p.data for p in wrt] == pytest.approx(expected)


def test_params_of_another_shape_change_nothing() -> None:
    program, model, _ = network([2, 3, 1])
    before = [p.data for p in model.parameters()]
    other = network([2, 4, 1])[0].jax().params
    for params in (other, {"layers": [], "others": []}):
        with pytest.raises(ValueError, match="shapes"):
            program.update(params)
    assert [p.data for p in model.parameters()] == before


def test_its_text_names_nothing_of_ours() -> None:
    text = network([2, 4, 3], activation="gelu")[0].jax().source
    assert "micrograd" not in text
    heads = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert all("jax" in line or "math" in line for line in heads)


# ---------------------------------------------------------------------------- many processes


def together(rank: int, count: int, port: int, *more: int) -> subprocess.Popen[str]:
    """Start a process that trains with others: see demos/together.py."""
    command = [sys.executable, "-m", "demos.together", *map(str, (rank, count, port, *more))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def weights(text: str) -> list[float]:
    return [*map(float, text.partition("weights")[2].split())]


@pytest.mark.thorough
def test_two_processes_come_to_the_weights_of_one() -> None:
    port = free_port()
    processes = [together(0, 2, port), together(1, 2, port), together(0, 1, 0)]
    first, second, alone = [process.communicate()[0] for process in processes]
    assert "5,000 points; a step sends 338 numbers, 2,704 bytes" in first  # gradients and the loss
    assert "10,000 points; a step sends nothing" in alone
    assert len(weights(alone)) == 337
    assert weights(first) == weights(second) == pytest.approx(weights(alone), rel=1e-9, abs=1e-12)


@pytest.mark.thorough
def test_where_one_process_is_killed_the_other_says_so_and_ends() -> None:
    port = free_port()
    first, second = [together(rank, 2, port, 1000, 10**6) for rank in (0, 1)]
    assert first.stdout is not None
    while "step 3" not in first.stdout.readline():
        assert first.poll() is None
    second.kill()
    said = first.communicate()[0]
    assert first.returncode == 1
    assert "process 0: another process has gone, and training with it" in said
    second.communicate()
