"""Programs in C: what every compiler takes, with the numbers and the errors of the engine."""

from __future__ import annotations

import math
import os
import random
import shutil
import subprocess
from array import array
from pathlib import Path
from typing import Any

import all_rows
import pytest
from oracle import draw

from micrograd_like import Value, exp, gradients, log, losses, nn, relu
from micrograd_like.ops import TABLE, Op
from micrograd_like.programs.batches import class_loss
from micrograd_like.programs.native import Native
from micrograd_like.programs.program import Program

CC = os.environ.get("CC") or "cc"
pytestmark = pytest.mark.skipif(not shutil.which(CC), reason=f"there is no C compiler {CC}")

# Beyond these, a difference is a bug. hypot adds up squares in another order than Python, whose
# result is rounded better; direction divides by it three times.
ULPS = {"hypot": 4.0, "direction": 10.0}


def moderate(op: Op, rng: random.Random) -> list[float]:
    """Return operands at which a row, and its partials, are finite."""
    while True:
        xs = [draw(all_rows.drawn_from(op, i), 0.0, rng) / 3 for i in range(all_rows.size(op))]
        xs = [max(x, 1.5) if op.domain[0] == 1.0 else x for x in xs]
        found = all_rows.by_the_engine(op, xs)
        if not isinstance(found, type) and all(map(math.isfinite, found[1])):
            return xs


@pytest.fixture(scope="module")
def every_row() -> tuple[Native, list[list[Value]]]:
    """Return one program that adds up all rows of the table, and the operands of each."""
    rng = random.Random(1)
    operands = [[Value(x) for x in moderate(op, rng)] for op in TABLE.values()]
    outs = [op(*xs) for op, xs in zip(TABLE.values(), operands)]
    inputs = [x for xs in operands for x in xs]
    return Native(sum(outs).program(inputs, wrt=inputs), outs), operands


def test_every_row_has_the_numbers_of_the_engine(every_row: Any) -> None:
    native, _ = every_row
    rng = random.Random(2)
    for _ in range(20):
        rows = [moderate(op, rng) for op in TABLE.values()]
        flat = [x for xs in rows for x in xs]
        n, x = native._flat([flat])
        assert native._rows(n, x, b"", True) is not None  # not by the engine
        (outputs,), _, sums = native.step([flat])
        partials = iter(sums)
        for op, xs, value in zip(TABLE.values(), rows, outputs):
            expected = all_rows.by_the_engine(op, xs)
            assert not isinstance(expected, type)
            bound = ULPS.get(op.name, 2.0)
            assert all_rows.ulps(expected[0], value) <= bound, (op, xs)
            for partial in expected[1]:
                assert all_rows.ulps(partial, next(partials)) <= bound, (op, xs)


def by_itself(native: Native, *xs: float) -> array[float]:
    """Return the outputs of a row, which the engine may not compute."""
    n, x = native._flat([xs])
    found = native._rows(n, x, b"", True)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("scale", [1e-310, 1e-170, 1e-150, 1.0, 1e150, 1e155, 1e170, 1e305])
def test_no_square_of_hypot_leaves_the_range_of_floats(scale: float) -> None:
    xs = [Value(1.0, "a"), Value(1.0, "b")]
    native = TABLE["hypot"](*xs).program(xs, xs).native()
    (out,) = by_itself(native, 3 * scale, 4 * scale)
    assert all_rows.ulps(math.hypot(3 * scale, 4 * scale), out) <= ULPS["hypot"]


@pytest.mark.parametrize("xs", [(-4.0, 2.0), (4.0, -2.0), (-0.0, 2.0), (0.0, -2.0)])
def test_a_rest_of_zero_has_the_sign_of_the_divisor(xs: tuple[float, float]) -> None:
    a, b = Value(1.0, "a"), Value(1.0, "b")
    native = (a % b).program([a, b], []).native()
    assert repr([*by_itself(native, *xs)]) == repr([xs[0] % xs[1]])


@pytest.mark.thorough
@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_a_row_at_a_thousand_points(op: Op) -> None:
    for error, point in all_rows.differences(op, 1000, "C"):
        assert error <= ULPS.get(op.name, 2.0), point


def test_a_row_that_is_wrong_would_be_seen() -> None:
    assert all_rows.ulps(1.0, math.nextafter(1.0, 2.0)) == 1
    assert all_rows.ulps(1.0, math.nan) == math.inf
    op = TABLE["tanh"]
    original = op.partials
    try:
        op.partials = lambda out, a: (1 - out * out,)
        text = all_rows.leaves(op).c()
    finally:
        op.partials = original
    assert "sech2" not in text  # the text is the rule's, and no second one


def warnings_of(text: str, folder: Path) -> str:
    source = folder / "program.c"
    source.write_text(text, encoding="utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-O2", "-c", "-o", os.devnull]
    run = subprocess.run([CC, *flags, str(source)], capture_output=True, text=True, check=False)
    return run.stderr


def test_a_compiler_warns_of_nothing(every_row: Any, tmp_path: Path) -> None:
    x = Value(0.5, "x")
    texts = [every_row[0].source, x.program([x]).c(), (x * 2).program([x], wrt=[]).c()]
    texts += [Value(0.5, "double").program().c(), network([2, 3, 1])[0].c()]
    assert [warnings_of(text, tmp_path) for text in texts] == [""] * len(texts)
    assert warnings_of("int f(int x) { return 1; }", tmp_path)  # it would


def network(sizes: list[int], **options: Any) -> tuple[Program, nn.MLP, list[Value]]:
    """Return the squared error of a network, as a program of its inputs and a target."""
    model = nn.MLP(sizes[0], sizes[1:], rng=random.Random(4), **options)
    xs = [Value(0.0, f"x{i}") for i in range(sizes[0])]
    ts = [Value(0.0, f"t{i}") for i in range(sizes[-1])]
    outputs = model(xs)
    loss = losses.mean_squared_error(outputs, ts if sizes[-1] > 1 else ts[0])
    return loss.program([*xs, *ts], wrt=model.parameters()), model, [*xs, *ts]


def rows_of(k: int, n: int = 7) -> list[list[float]]:
    rng = random.Random(5)
    return [[rng.uniform(-2, 2) for _ in range(k)] for _ in range(n)]


@pytest.mark.parametrize("sizes", [[2, 16, 16, 1], [3, 1], [5, 2, 3]])
def test_a_network_has_the_bits_of_its_program(sizes: list[int]) -> None:
    program, _, inputs = network(sizes, activation="relu" if sizes[0] == 2 else "tanh")
    native, rows = program.native(), rows_of(len(inputs))
    for row in rows:
        assert native(*row) == program(*row)
    values, each = native.batch(rows)
    assert [(value, [*grads]) for value, grads in zip(values, each)] == [program(*r) for r in rows]
    values, sums = native.batch(rows, reduce="sum")
    assert [*sums] == program.sum(rows)[1]


def test_numbers_may_come_from_elsewhere_than_the_model() -> None:
    program, model, _ = network([2, 3, 1])
    native, rows = program.native(), rows_of(3)
    expected = native.step(rows)
    numbers = array("d", [x.data for x in native.leaves])
    for p in model.parameters():
        p.data = 0.0
    assert native.step(rows) != expected
    assert native.step(rows, numbers) == expected
    with pytest.raises(ValueError, match="2 numbers for 13 leaves"):
        native.step(rows, numbers[:2])


def test_its_layers_are_loops() -> None:
    small, large = [network([2, n, 1])[0].c() for n in (8, 80)]
    assert len(small.splitlines()) == len(large.splitlines())


def test_leaves_are_read_at_each_call() -> None:
    program, model, _ = network([2, 3, 1])
    native, row = program.native(), [0.5, -1.0, 2.0]
    before = native(*row)
    for p in model.parameters():
        p.data *= 0.5
    assert native(*row) == program(*row) != before


def test_errors_are_those_of_the_engine_and_only_of_their_rows() -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    native = (log(x) * w + 1 / exp(x)).program([x], wrt=[w]).native()
    with pytest.raises(ValueError, match=r"log\(x=-1"):
        native(-1.0)
    with pytest.raises(OverflowError, match="exp"):  # though 1/exp is 0 in C
        native.batch([[1.0], [800.0]])
    assert native.batch([[1.0], [2.0]])[1][1][0] == math.log(2)


def test_what_is_infinite_is_the_engines() -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    program = relu(x * w).program([x], wrt=[w])
    native = program.native()
    assert native(-math.inf)[0] == 0.0
    assert math.isnan(native(-math.inf)[1][0])  # 0·inf, as the engine has it
    assert repr(native(-math.inf)) == repr(program(-math.inf))
    w.data = math.inf
    assert native(2.0) == program(2.0)


def test_one_graph_serves_every_class() -> None:
    model = nn.MLP(3, [4, 5], rng=random.Random(1))
    xs = [Value(0.0) for _ in range(3)]
    scores = model(xs)
    loss, marks, numbers = class_loss(scores)
    native = Native(loss.program([*xs, *marks], wrt=model.parameters()), scores)
    for target, row in enumerate(rows_of(3, 5)):
        outputs, values, sums = native.step([[*row, *numbers(target)]])
        expected = losses.cross_entropy(model(row), target)
        assert values[0] == expected.data
        assert [*outputs[0]] == [score.data for score in model(row)]
        assert [*sums] == pytest.approx(gradients(expected, model.parameters()), rel=1e-13)


def test_a_weight_may_stand_outside_its_layer_and_layers_may_share_weights() -> None:
    model = nn.MLP(2, [2, 2], rng=random.Random(1))
    first, second = model.layers
    for neuron, other in zip(second.neurons, first.neurons):
        neuron.w, neuron.b = other.w, other.b
    x, y = Value(0.5, "x"), Value(-0.25, "y")
    parameters = model.parameters()[::-1]
    loss = sum(model([x, y]), losses.l2_penalty(model, 0.1)) + parameters[0] * x
    program = loss.program([x, y], wrt=parameters)
    assert program.native()(0.3, 0.7)[1] == pytest.approx(program(0.3, 0.7)[1], rel=1e-14)


def test_gradients_of_inputs() -> None:
    program, _, inputs = network([2, 3, 1])
    of_inputs = program._root.program(inputs, wrt=inputs[:2])
    assert of_inputs.native()(0.5, 1.0, 2.0) == of_inputs(0.5, 1.0, 2.0)


LABELS = ["double", "exp", "x", "row", "*/ int main", "größe", "d_tanh", "tanh", "p0", "\\\n"]


def test_no_label_becomes_code(tmp_path: Path) -> None:
    total, xs = Value(0.0), []
    for label in LABELS:
        x = Value(0.5, label)
        h = exp(x * 0.5)
        h.label = label
        total = total + h * h + h.tanh()
        xs.append(x)
    names = [*LABELS, "relu", "main", "fsum"]
    texts = [total.program(xs, name=label).c() for label in names]
    assert [warnings_of(texts[i], tmp_path) for i in (0, 4, 9, 12)] == [""] * 4
    program = total.program(xs, wrt=xs)
    assert program.native()(*[0.25] * len(xs)) == program(*[0.25] * len(xs))


def test_rows_of_another_length_and_other_types_are_refused() -> None:
    native = network([2, 3, 1])[0].native()
    with pytest.raises(TypeError, match="rows of 3 numbers"):
        native.batch([[1.0, 2.0, 3.0], [1.0, 2.0]])
    with pytest.raises(TypeError, match="3"):
        native(1.0)
    with pytest.raises(TypeError):
        native("1", 2.0, 3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reduce"):
        native.batch([], reduce="mean")
    values, sums = native.batch([], reduce="sum")
    assert len(values) == 0
    assert {*sums} == {0.0}


def test_a_row_of_numpy_numbers_is_taken_whole() -> None:
    numpy = pytest.importorskip("numpy")
    program, _, inputs = network([2, 3, 1])
    native, rows = program.native(), rows_of(len(inputs))
    expected = native.batch(rows)
    for x in (numpy.array(rows), numpy.asfortranarray(rows), numpy.array(rows)[::1]):
        assert native.batch(x) == expected
    assert native.batch(numpy.array(rows, numpy.float32))[0] != expected[0]


def test_an_array_of_another_width_is_refused() -> None:
    numpy = pytest.importorskip("numpy")
    native = network([2, 3, 1])[0].native()
    for shape in ((4, 2), (4, 4), (3,), (2, 3, 1)):
        with pytest.raises(TypeError):
            native.batch(numpy.ones(shape))


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler --fast")
    with pytest.raises(RuntimeError, match=r"no C compiler 'no-such-compiler'.*apt-get install"):
        network([2, 1])[0].native()
    monkeypatch.setenv("CC", "false")
    with pytest.raises(RuntimeError, match="cannot compile"):
        network([2, 1])[0].native()


def test_an_op_that_needs_python_says_so() -> None:
    twice = Op("gamma_of", math.gamma, lambda out, a: (out,))
    double = Op("double_of", lambda a: a * 2, lambda out, a: (2.0,))
    x = Value(0.5, "x")
    with pytest.raises(ValueError, match="gamma_of runs in Python only"):
        twice(x).program([x]).native()
    assert double(x).program([x], wrt=[x]).native()(3.0) == (6.0, [2.0])


def test_large_graphs_of_single_numbers_compile() -> None:
    model = nn.MLP(4, [16, 16, 1], fused=False, rng=random.Random(2))
    xs = [Value(0.0, f"x{i}") for i in range(4)]
    program = model(xs).program(xs, wrt=model.parameters())
    native, row = program.native(), [0.1, 0.2, 0.3, 0.4]
    assert native(*row)[1] == pytest.approx(program(*row)[1], rel=1e-13)
