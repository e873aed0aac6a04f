"""Programs of a graph that is there: what they compute, how they read, what they refuse."""

from __future__ import annotations

import inspect
import math
import random
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
import test_golden as golden

from micrograd_like import (
    Value,
    exp,
    fsum,
    gradients,
    log,
    losses,
    nn,
    pow,
    prod,
    relu,
    sigmoid,
    sqrt,
    tanh,
)
from micrograd_like.ops import Op
from micrograd_like.programs import program as programs
from micrograd_like.programs.program import Program

ARTICLE = """\
from micrograd_like.floats import sech2, sigmoid


def error(x1, x2, w5, w1, w2, w6, w3, w4, w7, w8):
    # error, and its gradients with respect to w5, w1, w2, w6, w3, w4, w7, w8
    # forward
    v1 = w1*x1 + w2*x2 + 0.35
    h1 = sigmoid(v1)
    v2 = w3*x1 + w4*x2 + 0.35
    h2 = sigmoid(v2)
    v3 = w5*h1 + w6*h2 + 0.6
    o1 = sigmoid(v3)
    v4 = 0.01 - o1
    v5 = w7*h1 + w8*h2 + 0.6
    o2 = sigmoid(v5)
    v6 = 0.99 - o2
    error = 0.5*v4**2 + 0.5*v6**2
    # backward
    d_v6 = 0.5*(2.0*v6)
    d_o2 = -d_v6
    d_v5 = d_o2*(sech2(v5/2.0)/4.0)
    d_w8 = d_v5*h2
    d_w7 = d_v5*h1
    d_v4 = 0.5*(2.0*v4)
    d_o1 = -d_v4
    d_v3 = d_o1*(sech2(v3/2.0)/4.0)
    d_w6 = d_v3*h2
    d_h2 = d_v5*w8 + d_v3*w6
    d_v2 = d_h2*(sech2(v2/2.0)/4.0)
    d_w4 = d_v2*x2
    d_w3 = d_v2*x1
    d_w5 = d_v3*h1
    d_h1 = d_v5*w7 + d_v3*w5
    d_v1 = d_h1*(sech2(v1/2.0)/4.0)
    d_w2 = d_v1*x2
    d_w1 = d_v1*x1
    # a sum of gradients starts at 0.0, and so is never -0.0
    return error, [d + 0.0 for d in (d_w5, d_w1, d_w2, d_w6, d_w3, d_w4, d_w7, d_w8)]
"""


def article() -> tuple[Value, list[Value], list[Value]]:
    """Return the error of the articles' 2-2-2 network, its inputs and its weights."""
    x1, x2 = inputs = [Value(x, f"x{i + 1}") for i, x in enumerate(golden.INPUTS)]
    w = [Value(x, f"w{i + 1}") for i, x in enumerate(golden.WEIGHTS)]
    h1 = sigmoid(w[0] * x1 + w[1] * x2 + 0.35)
    h2 = sigmoid(w[2] * x1 + w[3] * x2 + 0.35)
    o1 = sigmoid(w[4] * h1 + w[5] * h2 + 0.60)
    o2 = sigmoid(w[6] * h1 + w[7] * h2 + 0.60)
    for value, label in ((h1, "h1"), (h2, "h2"), (o1, "o1"), (o2, "o2")):
        value.label = label
    error = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
    error.label = "error"
    return error, inputs, w


def test_the_articles_network_reads_like_this_and_has_its_numbers() -> None:
    error, inputs, weights = article()
    program = error.program(inputs=inputs)
    assert program.source == ARTICLE
    value, grads = program(*golden.INPUTS)
    assert value == golden.ERROR
    gradient_of = dict(zip(program.wrt, grads))
    after = [w.data - golden.RATE * gradient_of[w] for w in weights]
    assert after == pytest.approx(golden.AFTER_ONE_STEP, abs=1e-15)


def test_training_by_a_program_is_training_by_the_engine() -> None:
    error, inputs, weights = article()
    program = error.program(inputs, wrt=weights)
    for _ in range(10_000):
        value, grads = program(*golden.INPUTS)
        for w, grad in zip(weights, grads):
            w.data -= golden.RATE * grad
    value, _ = program(*golden.INPUTS)
    assert value == pytest.approx(golden.ERROR_AFTER_TEN_THOUSAND_STEPS, rel=1e-9)


def test_leaves_that_are_no_inputs_are_read_anew() -> None:
    x, w, c = Value(2.0, "x"), Value(3.0, "w"), Value(5.0)
    program = (w * x + c).program(inputs=[x])
    assert program(10.0) == (35.0, [10.0])
    w.data, c.data = -1.0, 0.5
    assert program(10) == (-9.5, [10.0])
    assert program.wrt == [w]


def test_gradients_are_of_the_labelled_leaves_unless_wrt_says() -> None:
    x, w, c = Value(2.0, "x"), Value(3.0, "w"), Value(5.0)
    y = w * x * c
    assert y.program().wrt == [w, x] or y.program().wrt == [x, w]
    assert y.program(wrt=[c, x])() == (30.0, [6.0, 15.0])
    assert y.program(wrt=c)() == (30.0, [6.0])
    assert y.program(wrt=[])() == (30.0, [])


def test_what_is_no_leaf_of_the_graph_is_refused() -> None:
    x, other = Value(1.0, "x"), Value(2.0, "other")
    y = x * 2
    for wrong in (other, y, 3.0, y.operands[1]):
        with pytest.raises(ValueError, match=r"an input of a program is a leaf of its graph, not"):
            y.program(inputs=[wrong])
        with pytest.raises(ValueError, match=r"wrt of a program is a leaf of its graph, not"):
            y.program(wrt=[wrong])
    with pytest.raises(ValueError, match="an input of a program is given twice"):
        y.program(inputs=[x, x])
    with pytest.raises(TypeError, match="takes 1 numbers, got 2"):
        y.program([x])(1.0, 2.0)
    with pytest.raises(TypeError, match="expected a real number"):
        y.program([x])("1")  # type: ignore[arg-type]


def test_errors_are_the_engines() -> None:
    x, w = Value(2.0, "x"), Value(1.0, "w")
    program = log(x * w).program(inputs=[x])
    with pytest.raises(ValueError, match=r"log\(-2\.0\): .*; log takes numbers between 0 and inf"):
        program(-2.0)
    program = exp(x * w).program([x])
    with pytest.raises(OverflowError, match=r"exp\(1000\.0\): math range error"):
        program(1000.0)
    assert program(1.0) == (math.e, [math.e])


def test_zeros_infinities_and_nans_are_the_engines() -> None:
    a, b = Value(1.0, "a"), Value(1.0, "b")
    y = relu(a) * b + pow(a, b) + a * a * -0.0
    program = y.program([a, b], [a, b])
    for xs in [(0.0, math.inf), (-1.0, 2.0), (math.nan, 0.0), (1.0, math.nan), (1e200, 1.0)]:
        a.data, b.data = xs
        again = relu(a) * b + pow(a, b) + a * a * -0.0
        assert repr(program(*xs)) == repr((again.data, gradients(again, [a, b])))


def test_one_gradient_of_a_thousand_uses_compiles() -> None:
    x = Value(0.5, "x")
    total = x * 0.0
    for i in range(1_000):
        total = total + x * (i % 7)
    assert total.program(wrt=[x])() == (total.data, gradients(total, [x]))
    deep = x
    for _ in range(3_000):
        deep = 1.0 - deep * (2.0 - (deep - x) * 0.25)
    program = deep.program([x], [x])
    assert repr(program(0.5)) == repr((deep.data, gradients(deep, [x])))


@pytest.mark.parametrize("lines", [10_000, 0], ids=["lines", "loops"])
@pytest.mark.parametrize("activation", [*nn.ACTIVATIONS])
def test_networks_have_the_engines_bits(
    activation: str, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "LONGEST_LINES", lines)
    rng = random.Random(1)
    model = nn.MLP(3, [9, 8, 2], activation=activation, rng=rng)
    inputs, parameters = [Value(0.1, f"x{i}") for i in range(3)], model.parameters()

    def loss() -> Value:
        out = losses.cross_entropy(model(inputs), 1)
        assert isinstance(out, Value)
        return out

    program = loss().program(inputs, parameters)
    assert ("in W0:" in program.source) == (not lines)
    for turn in range(30):
        for p in (*parameters, *inputs):
            odd = turn % 5 == 4 and rng.random() < 0.05
            p.data = rng.choice([0.0, math.inf, 1e308]) if odd else rng.uniform(-1, 1)
        y = loss()
        expected = repr((y.data, gradients(y, parameters)))
        assert repr(program(*[x.data for x in inputs])) == expected


def in_loops(
    y: Value, inputs: list[Value], wrt: list[Value], monkeypatch: pytest.MonkeyPatch
) -> Program:
    """Return a program whose layers are loops."""
    monkeypatch.setattr(programs, "LONGEST_LINES", 0)
    program = y.program(inputs, wrt)
    assert "in W0:" in program.source
    return program


@pytest.mark.parametrize("n", [59, 60, 61, 120])
@pytest.mark.parametrize("bias", [False, True])
def test_a_loop_over_neurons_adds_up_every_term(
    n: int, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    xs, model = [Value(0.0, f"x{i}") for i in range(n)], nn.Layer(n, 2, bias=bias, rng=1)
    rng = random.Random(2)
    for x in xs:
        x.data = rng.uniform(-1, 1)
    y = fsum(model(xs))
    program = in_loops(y, xs, model.parameters(), monkeypatch)
    expected = y.data, gradients(y, model.parameters())
    assert program(*[x.data for x in xs]) == expected


def test_an_input_that_is_used_beside_its_layer_keeps_that_gradient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = nn.Layer(2, 3, activation="tanh", rng=1), nn.Layer(3, 15, rng=2)
    xs, wrt = [Value(0.5, "x"), Value(-0.7, "y")], [*first.parameters(), *second.parameters()]
    hidden = first(xs)
    y = fsum(second(hidden)) + hidden[0] * hidden[1]
    program = in_loops(y, xs, wrt, monkeypatch)
    assert program(0.5, -0.7) == (y.data, gradients(y, wrt))


def test_a_few_parameters_beside_loops_have_their_gradients_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, xs = nn.MLP(2, [3, 1], rng=1), [Value(0.5, "x"), Value(-0.7, "y"), Value(2.0, "z")]
    scale, skip = Value(2.0, "scale"), Value(0.5, "skip")
    y = scale * model(xs[:2]) + skip * xs[2]
    wrt = [*model.parameters(), scale, skip]
    program = in_loops(y, xs, wrt, monkeypatch)
    assert program(0.5, -0.7, 2.0) == (y.data, gradients(y, wrt))


def test_a_zero_gradient_meets_the_infinite_partial_of_a_product_of_several() -> None:
    xs = [Value(x, name) for name, x in {"a": 0.0, "b": 1e200, "c": 1e200}.items()]
    y = prod(xs).relu()
    program = y.program(xs, xs)
    expected = repr((y.data, gradients(y, xs)))
    assert repr(program(0.0, 1e200, 1e200)) == expected
    assert repr(program.sum([(0.0, 1e200, 1e200)])) == expected


def test_what_a_dead_relu_skips_is_zero_further_on() -> None:
    first, second = nn.Layer(2, 9, activation="tanh", rng=1), nn.Layer(9, 1, "relu", rng=2)
    xs = [Value(0.0, "x"), Value(0.0, "y")]
    wrt = [*first.parameters(), *second.parameters()]
    program = second(first(xs)).program(xs, wrt)
    rows = [[0.3, -0.7], [-1.0, 1.0], [0.9, 0.1], [-0.2, -0.6]]
    each = [program(*row)[1] for row in rows]
    assert any(0.0 in grads for grads in each)  # a row where a unit is dead comes after another
    assert program.sum(rows)[1] == pytest.approx([math.fsum(c) for c in zip(*each)], rel=1e-12)


def test_the_sum_over_rows_has_the_bits_of_adding_up() -> None:
    x, y = Value(1.0, "x"), Value(1.0, "y")
    model = nn.MLP(1, [12, 12, 1], rng=1)
    program = losses.mean_squared_error(model([x]), y).program([x, y], model.parameters())
    rows = [(0.1 * i, (-1.0) ** i) for i in range(-9, 9)]
    total, sums = 0.0, [0.0] * len(program.wrt)
    for row in rows:
        value, grads = program(*row)
        total, sums = total + value, [a + b for a, b in zip(sums, grads)]
    assert program.sum(rows) == (total, sums)
    assert program.sum([]) == (0.0, [0.0] * len(sums))
    with pytest.raises(TypeError):
        program.sum([(1.0, "x")])  # type: ignore[list-item]


def test_rows_with_errors_are_the_engines() -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    program = log(x * w).program([x])
    assert program.sum([[1.0], [2.0]]) == (math.log(2), [2.0])
    with pytest.raises(ValueError, match=r"log\(-1\.0\)"):
        program.sum([[1.0], [-1.0]])


def test_a_sum_whose_gradients_are_not_finite_is_the_engines() -> None:
    x, w = Value(2.0, "x"), Value(0.0, "w")
    program = sqrt(relu(w) * x).program([x], [x, w], reassociate=True)
    value, grads = program(2.0)
    assert (value, repr(grads)) == (0.0, "[nan, nan]")  # the slope of sqrt, inf, times relu's 0
    assert repr(program.sum([[2.0]])) == repr((value, grads))


def test_a_saved_program_runs_without_the_package(tmp_path: Path) -> None:
    x, a, b = Value(0.5, "x"), Value(-2.0, "a"), Value(math.inf, "b")
    y = tanh(a * x) + pow(x, a) + losses.cross_entropy([x, a], 1) * 2 + relu(-b)
    y.label = "y"
    y.program(inputs=[x], wrt=[a, x]).save(tmp_path / "saved.py")
    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN_SAVED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    assert shown[0] == repr((y.data, gradients(y, [a, x])))
    assert shown[1] == "[]"


RUN_SAVED = """
import sys
sys.path.insert(0, sys.argv[1])
import saved
print(saved.y(0.5))
print([name for name in sys.modules if "micrograd" in name])
"""


def test_a_program_that_imports_nothing_is_saved_too(tmp_path: Path) -> None:
    x = Value(2.0, "x")
    (x * x).program([x], [x], name="square").save(tmp_path / "saved.py")
    names: dict[str, Any] = {}
    exec((tmp_path / "saved.py").read_text(), names)
    assert names["square"](3.0) == (9.0, [6.0])
    with pytest.raises(OSError):
        (x * x).program([x]).save(tmp_path / "nowhere" / "saved.py")


def test_a_saved_program_has_defaults_that_are_not_finite(tmp_path: Path) -> None:
    x, w, b = Value(2.0, "x"), Value(math.inf, "w"), Value(math.nan, "b")
    (w * x + b * 0.0).program([x], [x], name="f").save(tmp_path / "saved.py")
    names: dict[str, Any] = {}
    exec((tmp_path / "saved.py").read_text(), names)
    assert repr(names["f"](2.0)) == "(nan, [inf])"
    assert names["f"](2.0, -math.inf, 1.0) == (-math.inf, [-math.inf])


def test_an_op_of_ones_own_is_written_out_or_called(tmp_path: Path) -> None:
    square = Op("square", lambda a: a * a, lambda out, a: (2 * a,))
    stairs = Op("stairs", lambda a: math.floor(a) + 1, lambda out, a: (float(math.floor(a)),))
    x = Value(1.5, "x")
    y = square(x) * stairs(x)
    program = y.program([x], [x])
    assert "x*x*" in program.source.replace("v1 = x*x", "x*x*")
    assert "stairs(x)" in program.source
    assert program(2.5) == (18.75, [2 * 2.5 * 3 + 2.5 * 2.5 * 2.0])
    program.save(tmp_path / "saved.py")
    assert "stairs = lambda a: math.floor(a) + 1" in (tmp_path / "saved.py").read_text()


def test_no_label_becomes_code() -> None:
    names = ["import", "x y", '"""', "\\", "a\nb = 1", "exp", "print", "σ", "9", "", "x" * 500]
    names += ["d_w", "w", "w", "v1", "total", "rows", "None", "__import__('os')", "layers.0.w.1"]
    leaves = [Value(0.1 * i, name) for i, name in enumerate(names)]
    y = exp(losses.mean_squared_error(leaves, [0.0] * len(leaves)))
    y.label = 'error"""; raise SystemExit'
    program = y.program(wrt=leaves)
    assert program() == (y.data, gradients(y, leaves))
    assert program.sum([[]]) == program()
    assert "w1_0" in program.source or "w0_1" in program.source


def test_variables_name_what_has_no_label() -> None:
    x, w = Value(0.5), Value(2.0)
    hidden = tanh(w * x)
    program = (hidden * hidden).program([x], [w])
    assert "def program(x, w):" in program.source
    assert "    hidden = tanh(v1)" in program.source


def test_tracebacks_and_inspect_show_the_program() -> None:
    x = Value(0.5, "x")
    y = 1 / (x - 1)
    program = y.program([x], [x])
    assert "".join(inspect.getsourcelines(program._function)[0]) in program.source
    try:
        program._function(1.0)
    except ZeroDivisionError:
        assert "    y = 1.0/v1" in traceback.format_exc()
    else:
        pytest.fail("it must raise")


def test_a_program_is_shown_as_long_as_it_lives() -> None:
    x = Value(0.5, "x")
    first, second = ((x * i).program([x], [x]) for i in (2, 3))
    for program in (first, second):
        assert "".join(inspect.getsourcelines(program._function)[0]) in program.source


def test_debug_compiles_from_a_real_file() -> None:
    x = Value(0.5, "x")
    program = (x * x).program([x], [x], debug=True)
    path = Path(program._function.__code__.co_filename)
    assert path.read_text(encoding="utf-8") == program.source
    assert program(3.0) == (9.0, [6.0])


def test_no_file_is_written_but_for_debug() -> None:
    x = Value(0.5, "x")
    program = (x * x).program([x], [x])
    assert not Path(program._function.__code__.co_filename).exists()


def test_lines_stand_where_they_were_traced() -> None:
    from micrograd_like import trace_lines

    with trace_lines():
        x = Value(0.5, "x")
        y = tanh(x) * 2
    assert "# test_programs.py" in y.program([x]).source
    assert "y = tanh(x) * 2" in y.program([x]).source


def test_reassociating_changes_last_bits_only() -> None:
    x, w = Value(0.3, "x"), Value(-1.7, "w")
    model = nn.MLP(1, [20, 1], activation="tanh", rng=2)
    y = (model([x * w]) / 3.0 + w / 7.0) * 0.1
    exact, quick = y.program([x], [w]), y.program([x], [w], reassociate=True)
    assert "/3.0" in exact.source
    assert "/3.0" not in quick.source
    value, (grad,) = exact(0.7)
    assert quick(0.7) == (pytest.approx(value, rel=1e-13), [pytest.approx(grad, rel=1e-13)])


def test_too_large_a_graph_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "LARGEST", 3)
    x = Value(0.5, "x")
    assert isinstance((x * x * x * x).program(), Program)
    with pytest.raises(ValueError, match=r"a graph of 4 operations is too large .* 3 at most"):
        (x * x * x * x * x).program()
