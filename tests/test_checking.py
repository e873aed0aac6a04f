"""check_gradients finds what is wrong, names the op, and says nothing where differences do not."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinks import size
from recipes import Recipe, recipes

from micrograd_like import (
    Value,
    check_gradients,
    grad,
    losses,
    nn,
    ops,
    relu,
    sqrt,
    tanh,
    topological_order,
    trace_lines,
)
from micrograd_like.__main__ import main
from micrograd_like.debugging import checking
from micrograd_like.debugging.checking import Slope, slope_of
from micrograd_like.ops import TABLE, Op


def long_chain(wrong: float = 1.0) -> tuple[Value, Value]:
    """Return a value of a graph of 1,000 nodes, and a node in it whose partial may be wrong."""
    x = y = Value(0.5, label="x")
    with trace_lines():
        for _ in range(250):
            y = tanh(y * 1.1 + x * 0.3)
    nodes = [out for out in topological_order(y) if out.op]
    assert len(nodes) == 1000
    node = nodes[501]
    node._da *= wrong
    return y, node


@pytest.mark.parametrize(
    "wrong", [1.001, *(pytest.param(x, marks=pytest.mark.thorough) for x in (0.0, -1.0))]
)
def test_a_wrong_partial_among_a_thousand_nodes_is_found_and_named(wrong: float) -> None:
    y, node = long_chain(wrong)
    report = check_gradients(y)
    assert not report
    (row,) = report.wrong
    assert row.out is node
    assert row.told is not None
    assert row.off == pytest.approx(abs(wrong - 1) * row.told.low, rel=1e-6)
    assert f"made at {__file__}:" in str(report)
    assert "1,250 partials: 1,249 right, 1 wrong." in str(report)


SCRIPT = """
import math
from micrograd_like import Value, tanh, sin
from micrograd_like.ops import Op
wave = Op("wave", math.sin, lambda out, a: (out,))
w = Value(0.5, label="w")
x = w
for i in range(333):
    x = tanh(x * 1.01 + 0.1)
y = wave(x) + w
def leak(): return (sin(w) + Value(w.data)) ** 2
def good(): return sin(w)
def two(a): return a
def none(): return 1.0
n = 3
"""


def test_the_command_names_the_op_and_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def check(name: str) -> tuple[int, str, str]:
        code = main(["check", f"{script}:{name}"])
        ops.TABLE.pop("wave", None)
        return (code, *capsys.readouterr())

    code, out, _ = check("y")
    assert code == 1
    assert re.search(r"wave \S+ of \S+ = [\d.]+, made at .*script\.py:10\n", out)
    assert re.search(r"∂wave/∂a = out = 0\.\d+, by differences 0\.\d+: 0\.\d+ off", out)
    code, out, _ = check("leak")
    assert code == 1
    assert "WRONG by 2" in out
    assert "Every op is right, so that a path from the input is not recorded" in out
    assert check("good")[0] == 0
    for name, told in (
        ("two", "raised TypeError: two() missing"),
        ("none", "there is no Value to differentiate"),
        ("n", "is of type int, not a Value"),
        ("gone", "has no 'gone'"),
        ("x,y", "names several: name one to check"),
    ):
        code, out, error = check(name)
        assert (code, out) == (1, "")
        assert told in error


@given(recipes())
def test_the_gradients_of_random_expressions_are_right(recipe: Recipe) -> None:
    report = check_gradients(recipe.values()[-1])
    assert report, str(report)


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
@pytest.mark.parametrize("xs", [(0.3, 0.7, 0.2, 0.9), (0.0,) * 4, (-2.0, 3.0, 1.0, 2.0)])
def test_no_row_of_the_table_is_called_wrong_nor_its_kinks(op: Op, xs: tuple[float, ...]) -> None:
    try:
        y = op(*map(Value, xs[: size(op)]))
    except (ArithmeticError, ValueError):
        return
    report = check_gradients(y)
    assert report, str(report)


def test_every_op_that_is_off_by_a_hundredth_is_found() -> None:
    """The teeth of the last two."""
    for op in (ops.exp, ops.tanh, ops.sqrt, ops.gelu, ops.div, ops.hypot, ops.logsumexp):
        y = op(*map(Value, (0.3, 0.7)[: size(op)]))
        y._da = tuple(1.01 * x for x in y._da) if isinstance(y._da, tuple) else 1.01 * y._da
        assert not check_gradients(y)


def test_differences_know_kinks_ends_of_domains_and_what_they_cannot_tell() -> None:
    assert slope_of(abs, 0.0, 0.0) == pytest.approx(Slope(-1.0, 1.0, 0.0), abs=1e-9)
    one_side = slope_of(lambda x: math.sqrt(x) ** 3 + x, 0.0, 1.0)
    assert one_side is None or one_side.low == pytest.approx(1.0, abs=1e-3)
    assert slope_of(math.sqrt, 0.0, math.inf) is None
    assert slope_of(lambda x: 1.0 if x > 1 else 0.0, 1.0, 7.0) != Slope(7.0, 7.0, 0.0)
    assert slope_of(math.log, -1.0, 0.0) is None
    huge = slope_of(math.sin, 1e10, math.cos(1e10))
    assert huge is not None
    assert huge.low == pytest.approx(math.cos(1e10), rel=1e-3)
    assert check_gradients(lambda x: relu(x) + abs(x), [0.0])


@given(st.integers(-3000, 3000).map(lambda n: n / 1000), st.integers(0, 3))
def test_the_error_is_an_error(x: float, power: int) -> None:
    told = slope_of(lambda t: math.exp(t) * t**power, x, math.nan)
    exact = math.exp(x) * (x**power + power * x ** max(power - 1, 0) * (power > 0))
    assert told is not None
    assert abs(told.low - exact) <= 10 * told.error + 1e-9 * abs(exact)


def test_a_path_that_is_not_recorded_is_told() -> None:
    report = check_gradients(lambda v: sqrt(v["a"]) * Value(v["b"].data), [{"a": 4.0, "b": 3.0}])
    assert not report
    assert not report.wrong
    assert [row.x.label for row in report.inputs if row.off] == ["v[1]"]
    assert "look for\n.data, int(), round()" in str(report)


def test_second_derivatives_and_several_outputs_are_checked_too() -> None:
    assert check_gradients(grad(lambda v: tanh(v[0] * v[1]) ** 2), [[0.3, 0.4]])
    report = check_gradients(lambda a, b: [a * b, a], (2.0, Value(3.0, label="other")))
    assert report
    assert "other of output 1" in str(report)
    assert len(report.inputs) == 4


def test_the_parameters_of_a_model_are_varied_and_put_back() -> None:
    model = nn.MLP(2, [4, 1], rng=1, activation="tanh")
    before = model.state_dict()
    report = check_gradients(lambda: losses.mean_squared_error(model([0.1, 0.2]), 1.0))
    assert report
    assert {row.x for row in report.inputs} == {*model.parameters()}
    assert model.state_dict() == before
    assert all(p.grad == 0 for p in model.parameters())
    assert max(map(len, str(report).splitlines())) <= 80


def test_of_many_inputs_some_are_varied_and_the_rest_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checking, "LIMIT", 30)
    report = check_gradients(lambda xs: ops.fsum(*xs), [[float(i) for i in range(61)]])
    assert report
    assert "and 1 more that are no worse; 40 inputs were not varied" in str(report)


@pytest.mark.parametrize("wrong", [lambda: None, lambda: "a", list])
def test_what_returns_no_value_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"no Value|not a number"):
        check_gradients(wrong)


def test_the_inputs_of_a_method_have_the_names_of_its_arguments() -> None:
    class Wave:
        def at(self, time: Value) -> Value:
            return tanh(time)

    (row,) = check_gradients(Wave().at, [0.5]).inputs
    assert row.x.label == "time"
