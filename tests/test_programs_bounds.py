"""Where a program's numbers are bounded: what is left out of it changes no bit."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like import Value, exp, gradients, nn, ops
from micrograd_like.programs import bounds, source
from micrograd_like.programs.form import Form, reached

NUMBERS = st.floats(-float(bounds.LARGEST), float(bounds.LARGEST)) | st.floats(-9, 9)


@given(st.sampled_from(sorted(bounds.GENTLE, key=lambda op: op.name)), st.data())
def test_gentle_ops_are_no_larger_than_told(op: ops.Op, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 9)) if op.many else len(op.names)
    xs = data.draw(st.lists(NUMBERS, min_size=n, max_size=n))
    if op is ops.clamp and not xs[1] <= xs[2]:
        xs[1:] = [-1.0, 1.0]
    most = 1.0 if op in bounds.UNIT else 4 * sum(map(abs, xs)) + 4 * n
    out = op.value(xs)
    assert abs(out) <= most
    assert all(abs(p) <= 4 * sum(map(abs, xs)) + 4 * n for p in op.partials_at(xs, out))


@given(NUMBERS, NUMBERS)
def test_no_number_is_larger_than_its_bound(x: float, y: float) -> None:
    form = Form()
    a, b = form.leaf("a"), form.leaf("b")
    made = [a + b, a - b, a * b, -a, a / 3.0, form.node(ops.power, a, 3.0)]
    made += [form.node(ops.fsum, a, b), form.node(ops.weighted_sum, a, b, a)]
    known = {a: x, b: y, form.constant(3.0): 3.0}
    for node in made:
        xs = [known[operand] for operand in node.xs]
        most = bounds._most(node, [abs(number) for number in xs])
        assert abs(node.op.value(xs)) <= most


@given(NUMBERS, st.floats(1.0, 20.0))
def test_no_partial_of_a_power_is_larger_than_its_bound(x: float, n: float) -> None:
    form = Form()
    operands, x = [form.leaf("a"), form.constant(n)], abs(x)
    most = bounds._most_of_partials(ops.power, operands, [x, n])
    assert all(not abs(p) > most for p in ops.power.partials_at([x, n], ops.power.value([x, n])))


@pytest.mark.parametrize("exponent", [2, 3, 4.5])
def test_a_power_of_a_bounded_number_is_bounded(exponent: float) -> None:
    x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    y = (w * x).relu() ** exponent * w
    assert f"< {bounds.LARGEST}" in y.program([x], wrt=[w]).source


def test_what_may_overflow_is_not_bounded() -> None:
    form = Form()
    a = form.leaf("a")
    for node in (form.node(ops.exp, a), 1.0 / a, form.constant(math.inf) * a):
        assert not bounds.bounded(reached([node]))
    power = a
    for _ in range(5):
        power = power * power
    assert not bounds.bounded(reached([power]))  # 1e12**32


def dead(x: Value, w: Value) -> Value:
    """Return what a dead relu keeps away from w, but for an infinity."""
    return (w * x).relu() * x


def test_a_dead_relu_needs_no_gradient_where_numbers_are_bounded() -> None:
    x, w = Value(1.0, "x"), Value(-1.0, "w")
    assert "*0.0" not in dead(x, w).program([x]).source
    assert "*0.0" in (dead(x, w) * exp(x)).program([x]).source


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 1e12, 1e200])
def test_numbers_too_large_to_be_bounded_are_the_engines(number: float) -> None:
    x, w = Value(1.0, "x"), Value(-1.0, "w")
    program = dead(x, w).program([x])
    with pytest.raises(source.Branch):
        program._function(number, w.data)
    each = Value(number), Value(-1.0)
    y = dead(*each)
    expected = repr((y.data, gradients(y, each[1:])))
    assert repr(program(number)) == repr(program.sum([(number,)])) == expected


def test_a_saved_program_takes_numbers_of_any_size(tmp_path: Path) -> None:
    x, w = Value(1.0, "x"), Value(-1.0, "w")
    program = dead(x, w).program([x], name="f")
    program.save(tmp_path / "f.py")
    text = (tmp_path / "f.py").read_text(encoding="utf-8")
    assert repr(source.load(text, "f")(1e200)) == repr(program(1e200))


def test_rows_whose_gradient_is_zero_end_there() -> None:
    xs, y = [Value(0.0, "x"), Value(0.0, "u")], Value(1.0, "y")
    model = nn.MLP(2, [5, 5, 1], rng=3)
    program = (1 - y * model(xs)).relu().program([*xs, y], model.parameters())
    rows = [(9 * math.sin(i), 9 * math.cos(3 * i), (-1.0) ** i) for i in range(20)]
    total, sums = 0.0, [0.0] * len(program.wrt)
    for row in rows:
        value, grads = program(*row)
        total, sums = total + value, [a + b for a, b in zip(sums, grads)]
    assert program.sum(rows) == (total, sums)
    assert 0 < sum(not any(program(*row)[1]) for row in rows) < len(rows)
    text = "".join(source.linecache.getlines(program._over_rows.__code__.co_filename))
    assert "continue" in text


def test_a_zero_gradient_meets_every_infinity_of_a_row() -> None:
    xs, w = [Value(1.0, "x"), Value(1.0, "y")], [Value(-1.0, "v"), Value(-1.0, "w"), Value(0.5)]
    y = (w[0] * xs[0] + w[1] * xs[1] + w[2]).relu() * exp(xs[0])  # may overflow: not bounded
    program = y.program(xs, w)
    program.sum([(1.0, 1.0)])
    text = "".join(source.linecache.getlines(program._over_rows.__code__.co_filename))
    assert "for 0·inf" in text
    for row in ((1.0, math.inf), (math.inf, 1.0), (1.0, 1.0)):
        value, grads = program(*row)
        assert repr(program.sum([row])) == repr((0.0 + value, [0.0 + grad for grad in grads]))
    assert math.isnan(program(1.0, math.inf)[1][1])


def test_a_choice_is_as_large_as_its_larger_branch() -> None:
    form = Form()
    a = form.leaf("a")
    for branches in ((a, a * a), (a * a, a)):
        chosen = power = form.node("select", a > 0.0, *branches)
        for _ in range(12):
            power = power * chosen
        assert not bounds.bounded(reached([power]))  # 1e24**13


def test_a_negative_power_is_large_near_zero() -> None:
    x, y, w = Value(1.0, "x"), Value(1.0, "y"), Value(-1.0, "w")

    def out() -> Value:
        return w.relu() * x**-2 * y**-2

    program = out().program([x, y], [w])
    x.data = y.data = 1e-100
    expected = out()
    assert repr(program(1e-100, 1e-100)) == repr((expected.data, gradients(expected, [w])))
    assert math.isnan(program(1e-100, 1e-100)[1][0])


def test_a_row_goes_on_where_another_gradient_is_to_come() -> None:
    x, w, u = Value(1.0, "x"), Value(-1.0, "w"), Value(0.5, "u")
    program = (u * x + (w * x).relu()).program([x], [w, u])
    assert program.sum([(1.0,), (-1.0,)]) == (1.0, [-1.0, 0.0])
    assert program.sum([(1.0,), (2.0,)]) == (1.5, [0.0, 3.0])
