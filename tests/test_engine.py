"""A Value: how it records, how it runs backward, and how it is a float."""

from __future__ import annotations

import cmath
import copy
import math
import pickle
import statistics
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reading_path
from hypothesis import given
from hypothesis import strategies as st

import micrograd_like as m
from micrograd_like import Value, engine, fsum, gradients, ops, tanh, topological_order

FINITE = st.floats(-1e6, 1e6)


# ---------------------------------------------------------------------------- recording


def test_a_leaf_was_made_by_no_operation() -> None:
    x = Value(2.0, label="x")
    assert (x.data, x.label, x.op, x.operands, x.partials, x.grad) == (2.0, "x", None, (), (), 0)
    assert (x._prev, x._op) == (set(), "")


def test_a_node_knows_its_op_its_operands_and_its_partials_before_backward() -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    y = a * b
    assert y.data == -6.0
    assert (y.op.name, y.op.symbol, y.label) == ("mul", "*", "")
    assert y.operands == (a, b)
    assert y.partials == (-3.0, 2.0)
    assert (y._prev, y._op) == ({a, b}, "*")
    for power, op in ((2, "**2"), (-0.5, "**-0.5"), (1e-300, "**1e-300")):
        assert ((a**power)._op, (a**power)._prev) == (op, {a})
    assert ((a**b)._op, (a**b)._prev) == ("**", {a, b})
    assert (a.pow(2).op, a.pow(b).op) == (ops.power, ops.pow)
    assert a.conjugate() is a


def test_a_node_made_by_hand_is_told_how_to_be_an_op() -> None:
    """micrograd's lecture adds an op so: here it is a row of the table."""
    x = Value(0.5)
    for wrong in ((0.4, (x,), "tanh"), (0.4, (x,)), (0.4, "label", "tanh")):
        with pytest.raises(
            TypeError, match=r"makes a leaf.*ops\.Op.*lambda out, a: \(1 - out\*\*2,\)"
        ):
            Value(*wrong)


def test_operands_keep_their_order_and_their_duplicates() -> None:
    x, y = Value(3.0), Value(4.0)
    assert (x * x).operands == (x, x)
    assert (x - y).operands == (x, y)
    assert (y - x).operands == (y, x)
    assert m.fsum([x, y, x]).operands == (x, y, x)
    assert tanh(x).operands == (x,)


@pytest.mark.parametrize("y", [lambda x: 2 * x, lambda x: x * 2, lambda x: m.fsum([2, x])])
def test_a_number_among_the_operands_becomes_a_leaf(y: Callable[[Value], Value]) -> None:
    constant = next(v for v in y(Value(3.0)).operands if v.data == 2.0)
    assert (type(constant.data), constant.op) == (float, None)


def test_nothing_done_to_a_leaf_afterwards_changes_a_recorded_graph() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert (y.data, y.partials, x.grad) == (9.0, (3.0, 3.0), 6.0)


def test_augmented_assignment_makes_a_new_node() -> None:
    x = Value(3.0)
    y = x
    y += 1
    y *= 2
    y -= 4
    y /= 2
    y **= 2
    y //= 1
    y %= 5
    assert (x.data, y.data) == (3.0, 4.0)
    assert y is not x


def test_the_functions_record_values_and_compute_floats() -> None:
    a, b = Value(0.5, label="a"), Value(2.0, label="b")
    assert m.log(b, 10).data == math.log(2.0, 10) == m.log(2.0, 10)
    assert m.log(10, b).op.symbol == "/"
    assert m.pow(b, 3).op is ops.power
    assert m.pow(3, b).op is ops.pow
    assert m.fsum([a, b]).data == 2.5
    assert m.prod([a, b, 3]).data == 3.0
    assert m.prod([a, b], start=4).data == 4.0
    assert m.prod([a, b]).operands == (a, b)
    assert [v.data for v in m.prod([a, b], start=2).operands] == [2.0, 0.5, 2.0]
    assert m.prod([], start=a).data == 0.5
    assert m.prod([]) == 1.0
    assert m.sumprod([a, b], [3, 4]).data == 9.5
    assert m.dist([a, b], [a, 5]).data == 3.0
    assert m.weighted_sum([a, b], [1, 2], 10).data == 14.5
    assert m.weighted_sum([a, b], [1, 2]).data == 4.5
    assert m.weighted_sum([1.0], [2.0], 3.0) == 5.0
    assert m.maximum(a, b, 7).data == m.maximum(0.5, 2, 7) == 7.0
    assert m.minimum(a, b, 7).data == 0.5
    assert m.clamp(a, 1, 2).data == a.clamp(1, 2).data == 1.0
    assert a.clamp(high=0.25).data == 0.25
    assert (-a).leaky_relu().data == -0.005
    assert m.leaky_relu(-a, 0.1).data == (-a).leaky_relu(0.1).data == -0.05
    assert (-a).elu().data == m.elu(-0.5) == math.expm1(-0.5)
    assert [y.data for y in m.softmax([a, a])] == [0.5, 0.5]
    assert m.softmax([1.0, 1.0]) == [0.5, 0.5]
    assert [y.data for y in m.log_softmax([a, a])] == [-math.log(2)] * 2
    assert m.logsumexp([a]).data == 0.5


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_functions_of_a_group_need_one(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} takes 1 or more operands, got 0"):
        getattr(m, name)([])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_need_two_operands(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} takes 2 or more operands, got 1"):
        getattr(m, name)(Value(1.0))


def test_sequences_of_different_lengths_are_refused() -> None:
    x = Value(1.0)
    with pytest.raises(ValueError, match="dist needs two sequences of one length, got 2 and 1"):
        m.dist([x, x], [x])
    with pytest.raises(ValueError, match="sumprod needs two sequences of one length, got 0 and 1"):
        m.sumprod([], [x])
    with pytest.raises(ValueError, match="weighted_sum needs two sequences of one length"):
        m.weighted_sum([x], [x, x])


def test_where_computes_only_the_branch_that_is_taken() -> None:
    x = Value(0.0)
    assert m.where(x > 0, lambda: 1 / x, 5.0) == 5.0
    assert m.where(x <= 0, x, lambda: 1 / x) is x
    assert m.where(x, "no", "yes") == "yes"


# ---------------------------------------------------------------------------- backward


def test_a_value_that_is_used_twice_gets_both_contributions() -> None:
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 2.0, 4.0)


def test_the_gradients_of_two_losses_sum_up_at_the_leaves() -> None:
    x = Value(3.0)
    h = x * x
    (h * 2).backward()
    (h * 3).backward()
    assert x.grad == 30.0
    assert h.grad == 3.0  # in between, the last one stands


def test_a_second_backward_adds_exactly_the_same_again() -> None:
    x = Value(0.1)
    y = tanh(x * x + x) / 3
    y.backward()
    once, in_between = x.grad, y.operands[0].grad
    y.backward()
    assert x.grad == 2 * once
    assert y.operands[0].grad == in_between


def test_the_seed_is_the_gradient_of_the_root() -> None:
    x = Value(3.0)
    y = x * x
    y.backward(seed=2)
    assert (y.grad, x.grad) == (2.0, 12.0)
    assert type(y.grad) is float
    with pytest.raises(TypeError, match="expected a real number"):
        y.backward(seed="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a real number"):
        y.backward(seed="1", create_graph=True)  # type: ignore[arg-type]


def test_the_root_may_be_a_leaf() -> None:
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0
    assert gradients(x, [x]) == [1.0]


def test_a_gradient_that_was_not_computed_is_the_integer_0() -> None:
    x, unused = Value(0.0), Value(1.0)
    y = x * x
    assert (type(x.grad), type(y.grad)) == (int, int)
    y.backward()
    assert (x.grad, type(x.grad)) == (0.0, float)
    assert (unused.grad, type(unused.grad)) == (0, int)


@pytest.mark.parametrize("unset", [0, 0.0, None])
def test_a_leaf_starts_afresh_when_its_grad_is_unset(unset: Any) -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    x.grad = unset
    y.backward()
    assert x.grad == 6.0


def test_gradients_touches_no_grad() -> None:
    x, unused = Value(3.0), Value(1.0)
    h = x * x
    y = h * h
    assert gradients(y, [x, h, y, unused]) == [108.0, 18.0, 1.0, 0.0]
    assert gradients(y, x) == [108.0]
    assert gradients(y, [x], seed=2) == [216.0]
    assert [v.grad for v in (x, h, y)] == [0, 0, 0]


def test_gradients_of_what_is_no_value_are_refused() -> None:
    with pytest.raises(TypeError, match=r"gradients of 3\.0 of type float"):
        gradients(3.0, [])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"with respect to 1\.0 of type float"):
        gradients(Value(1.0), [1.0])  # type: ignore[list-item]


def test_zero_times_infinity_is_not_rounded_to_zero() -> None:
    x = Value(0.0)
    m.sqrt(x * x).backward()
    assert math.isnan(x.grad)
    w, b = Value(2.0), Value(3.0)
    m.weighted_sum([w], [math.inf], b).backward(seed=0.0)  # in a node of many operands too
    assert math.isnan(w.grad)
    assert b.grad == 0.0


class Interrupted(BaseException):
    """What Ctrl-C does, at a place of our choice."""


@pytest.mark.parametrize("create_graph", [False, True])
def test_an_interruption_leaves_every_leaf_as_before_or_as_after(create_graph: bool) -> None:
    """Interrupt backward at each of the lines that it runs, one after the other."""

    def build() -> tuple[list[Value], Value]:
        leaves = [Value(float(i)) for i in range(1, 6)]
        y = m.prod(leaves) + leaves[0] * leaves[1] + tanh(leaves[2]) + m.fsum([leaves[3]] * 3)
        for leaf in leaves:
            leaf.grad = 7.0
        return leaves, y

    def floats(leaves: list[Value]) -> list[float]:
        return [ops.number(leaf.grad) for leaf in leaves]

    leaves, y = build()
    before = floats(leaves)
    y.backward(create_graph=create_graph)
    after = floats(leaves)
    seen = set()
    for line in range(10_000):
        leaves, y = build()
        left = line

        def trace(frame: Any, event: str, arg: Any) -> Any:
            nonlocal left
            if event == "line" and frame.f_code.co_filename == engine.__file__:
                left -= 1
                if left < 0:
                    raise Interrupted
            return trace

        outer = sys.gettrace()
        sys.settrace(trace)
        try:
            y.backward(create_graph=create_graph)
        except Interrupted:
            seen.add(tuple(floats(leaves)))
        else:
            break
        finally:
            sys.settrace(outer)
    assert line > 50
    assert seen <= {tuple(before), tuple(after)}


# ------------------------------------------------------------------------ gradients of gradients


def test_second_and_third_derivatives_come_from_the_same_rules() -> None:
    x = Value(0.5)
    (first,) = gradients(x**4, [x], create_graph=True)
    (second,) = gradients(first, [x], create_graph=True)
    (third,) = gradients(second, [x])
    assert (first.data, second.data, third) == (0.5, 3.0, 12.0)


def test_backward_can_leave_gradients_with_a_graph() -> None:
    x, z = Value(3.0), Value(1.0)
    y = x * x * z
    y.backward(create_graph=True)
    assert (x.grad.data, z.grad.data, y.grad.data) == (6.0, 9.0, 1.0)
    (x.grad * 1).backward()
    assert z.grad.data == 9.0 + 6.0
    assert repr(x) == "Value(data=3.0, grad=8.0)"


def test_a_leaf_adds_up_gradients_that_have_a_graph() -> None:
    x = Value(3.0)
    (x * x).backward(create_graph=True)
    (x * x * x).backward(create_graph=True)
    assert x.grad.data == 6.0 + 27.0
    assert gradients(x.grad, [x]) == [2.0 + 18.0]
    x.grad = 0
    (x * 5).backward(create_graph=True)
    assert x.grad.data == 5.0


def test_a_gradient_of_zero_keeps_its_graph_when_more_is_added() -> None:
    x = Value(0.0)
    (x * x).backward(create_graph=True)
    assert x.grad.data == 0.0
    (x * 2).backward(create_graph=True)
    assert gradients(x.grad, [x]) == [2.0]


def test_gradients_with_a_graph_are_values_always() -> None:
    x, unused = Value(2.0), Value(1.0)
    grads = gradients(x + 1, [x, unused], create_graph=True)
    assert [type(grad) for grad in grads] == [Value, Value]
    assert [grad.data for grad in grads] == [1.0, 0.0]
    assert gradients(x * x, [x], create_graph=True, seed=Value(3.0))[0].data == 12.0


def test_constants_among_gradients_multiply_as_any_number() -> None:
    x = Value(2.0)
    for y, slopes in ((x * 3 * 5, [15.0]), (-(x + 1) * x, [-5.0]), (m.fsum([x, x * x, x]), [6.0])):
        assert [grad.data for grad in gradients(y, [x], create_graph=True)] == slopes
        assert gradients(y, [x], create_graph=True, seed=2)[0].data == 2 * slopes[0]


def test_one_value_many_times_among_many_operands() -> None:
    x = Value(2.0)
    m.fsum([x, x, x]).backward()
    assert x.grad == 3.0
    x.grad = 0
    m.prod([x, x, x]).backward()
    assert x.grad == 12.0


def test_no_multiplication_by_the_constant_1_is_recorded() -> None:
    x, z = Value(2.0), Value(5.0)
    (grad,) = gradients(x * z, [x], create_graph=True)
    assert grad.op is ops.mul  # a node of its own, as z itself is not the gradient's to change
    assert grad.operands[0] is z
    (grad,) = gradients(tanh(x + z), [x], create_graph=True)
    assert grad.op is ops.sech2
    one = Value(1.0, label="w")  # but by a variable that happens to be 1 it is
    (grad,) = gradients(x * one * z, [x], create_graph=True)
    assert gradients(grad, [one]) == [5.0]


def test_a_gradient_is_a_node_of_its_own() -> None:
    a, b, z = Value(2.0), Value(3.0), Value(4.0)
    seed = Value(1.0)
    y = (a + b) * z
    grads = gradients(y, [a, b, z, y], create_graph=True, seed=seed)
    assert [grad.data for grad in grads] == [4.0, 4.0, 5.0, 1.0]
    assert len({*topological_order(y), seed, *grads}) == 5 + 1 + 4
    (a * b).backward(create_graph=True)
    a.grad.data = 0.0  # as clipping would
    a.grad.label = "clipped"
    assert (b.data, b.label) == (3.0, "")


def test_data_is_a_float_whatever_it_is_set_to() -> None:
    x = Value(2.0)
    for data in (3, True, np.float64(3), Fraction(1, 3)):
        x.data = data  # type: ignore[assignment]
        assert (type(x.data), x.data) == (float, float(data))
    for data in ("3", None, Value(1.0), np.array(1.0)):
        with pytest.raises(TypeError, match="expected a real number, got"):
            x.data = data  # type: ignore[assignment]
    assert x.data == 1 / 3


def test_a_change_is_noticed_where_the_partial_is_an_even_function() -> None:
    x = Value(1.5)
    y = tanh(x)
    x.data = -1.5
    with pytest.raises(RuntimeError, match="has changed since it was recorded"):
        gradients(y, [x], create_graph=True)


def test_a_label_that_is_no_string_breaks_nothing() -> None:
    x = Value(1.0, label=5)  # type: ignore[arg-type]
    assert repr(x) == "Value(data=1.0, grad=0, label='5')"
    with pytest.raises(ValueError, match=r"log\(5=-1\.0\)"):
        m.log(Value(-1.0, label=5))  # type: ignore[arg-type]


def test_logarithms_to_base_1_name_both_operands() -> None:
    with pytest.raises(ZeroDivisionError, match=r"log\(x=2\.0, 1\.0\): the base is 1"):
        m.log(Value(2.0, label="x"), 1)


def test_data_sets_are_an_attribute_of_the_package() -> None:
    assert len(m.data.moons(3, rng=1)) == 3
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = m.nonsense


@pytest.mark.parametrize("data", [2.0, 0.0])
def test_a_leaf_that_was_changed_cannot_be_differentiated_twice(data: float) -> None:
    x = Value(3.0)
    y = 1 / x
    x.data = data
    with pytest.raises(RuntimeError, match="has changed since it was recorded"):
        gradients(y, [x], create_graph=True)
    assert gradients(y, [x]) == [-1 / 9]


def test_the_gradient_of_nan_is_nan_with_a_graph_too() -> None:
    x = Value(math.inf)
    for y in (x - x, m.maximum(x - x, 1.0), tanh(x - x)):
        (grad,) = gradients(y, [x], create_graph=True)
        assert math.isnan(grad.data)


# ---------------------------------------------------------------------------- size


def chain(n: int) -> tuple[Value, Value]:
    x = y = Value(1.0)
    one = Value(1.0)
    for _ in range(n):
        y = y * one
    return x, y


def test_a_deep_copy_is_a_graph_of_its_own_however_deep() -> None:
    x, y = chain(50_000)
    x.label = "x"
    twin = copy.deepcopy(y)
    y.backward()
    leaf = topological_order(twin)[0]
    assert (twin.data, twin.grad, leaf.label, leaf.grad) == (1.0, 0, "x", 0)
    twin.backward()
    assert leaf.grad == x.grad == 1.0
    assert not {*topological_order(y)} & {*topological_order(twin)}


def test_a_node_of_many_operands_costs_a_walk_of_them_once() -> None:
    xs = [tanh(Value(0.0)) for _ in range(20_000)]
    y = m.fsum(xs)
    assert len(topological_order(y)) == 40_001
    y.backward()
    assert {x.grad for x in xs} == {1.0}


def test_nodes_of_many_operands_may_be_made_of_such_nodes() -> None:
    x, y, z = Value(1.0), Value(2.0), Value(3.0)
    inner = m.fsum([-x, x * y, -y])
    outer = m.fsum([-inner, inner * z, z + inner, -z])
    order = topological_order(outer)
    assert len(order) == 3 + 4 + 5
    assert gradients(outer, [x, y, z]) == [3.0, 0.0, -1.0]


def test_topological_order_puts_operands_first() -> None:
    a = Value(2.0)
    b = a + a
    c = m.fsum([b, a, tanh(b), b * a])
    order = topological_order(c)
    assert order[-1] is c
    assert len(order) == len({*order}) == 5
    for i, value in enumerate(order):
        assert {*value.operands} <= {*order[:i]}
    assert topological_order(a) == [a]


# ---------------------------------------------------------------------------- copies


def test_a_leaf_pickles_and_a_node_says_what_to_do_instead() -> None:
    x = Value(2.0, label="x")
    (x * 3).backward()
    twin = pickle.loads(pickle.dumps(x))
    assert (twin.data, twin.label, twin.grad, twin.op) == (2.0, "x", 3.0, None)
    with pytest.raises(
        TypeError,
        match=r"cannot pickle Value\(data=6.0.*; pickle its .data, or the leaves \(a Module",
    ):
        pickle.dumps(x * 3)


def test_a_copy_shares_the_operands_and_has_a_gradient_of_its_own() -> None:
    x = Value(2.0, label="x")
    for y in (x * x, tanh(x), m.fsum([x, x]), x):
        twin = copy.copy(y)
        assert twin is not y
        assert (twin.data, twin.op, twin.operands, twin.partials) == (
            y.data,
            y.op,
            y.operands,
            y.partials,
        )
        twin.label = "twin"
        twin.grad = 5.0
        assert (y.label, y.grad) == (y.label, 0)
        assert y.label != "twin"


def test_a_deep_copy_keeps_what_is_shared_shared() -> None:
    x = Value(2.0)
    h = x * x
    pair = copy.deepcopy([h + 1, h + 2, x, m.fsum([h, x, x]), -h])
    assert pair[3].operands == (pair[0].operands[0], pair[2], pair[2])
    assert pair[4].operands == (pair[0].operands[0],)
    assert pair[0].operands[0] is pair[1].operands[0]
    assert pair[0].operands[0].operands == (pair[2], pair[2])


def test_a_deep_copy_copies_gradients_that_have_a_graph() -> None:
    x = Value(2.0)
    (x * x * x).backward(create_graph=True)
    twin = copy.deepcopy(x)
    assert twin.grad.data == 12.0
    assert gradients(twin.grad, [twin]) == [12.0]
    assert gradients(twin.grad, [x]) == [0.0]


# ---------------------------------------------------------------------------- like a float


@given(x=FINITE, y=FINITE | st.integers(-9, 9) | st.fractions(-2, 2))
def test_comparisons_are_those_of_the_data(x: float, y: Any) -> None:
    v = Value(x)
    for a, b in ((v, y), (v, Value(y)), (y, v)):
        p, q = (ops.number(z) for z in (a, b))
        assert (a < b, a <= b, a > b, a >= b) == (p < q, p <= q, p > q, p >= q)
        assert type(a < b) is bool


def test_comparisons_are_exact_where_floats_are() -> None:
    assert Value(1.0) < 10**400
    assert Value(0.1) > Fraction(1, 10)
    assert not Value(math.nan) < 1
    assert Value(1.0) < np.float64(2)
    assert type(Value(1.0) < np.float64(2)) is bool


def test_a_value_is_rounded_to_an_int_as_a_float_is() -> None:
    assert [repr(round(Value(2.6))), repr(round(Value(2.6), 0))] == ["3", "3.0"]


@given(x=FINITE)
def test_conversions_are_those_of_the_data(x: float) -> None:
    v = Value(x)
    with pytest.raises(TypeError, match=r"write v\.data"):
        float(v)
    assert bool(v) == bool(x)
    assert int(v) == int(x)
    assert (round(v), round(v, 2)) == (round(x), round(x, 2))
    assert (math.floor(v), math.ceil(v), math.trunc(v)) == (
        math.floor(x),
        math.ceil(x),
        math.trunc(x),
    )
    assert f"{v:.3f} {v}" == f"{x:.3f} {x}"
    assert (-v).data == -x
    assert +v is v
    assert abs(v).data == abs(x)


def test_a_value_is_equal_only_to_itself() -> None:
    x, y = Value(2.0), Value(2.0)
    assert x == x
    assert x != y
    assert x != 2.0
    assert len({x, y}) == 2


def test_repr_is_one_short_line_of_ascii() -> None:
    x = Value(2.0, label="x")
    y = tanh(x)
    y.backward()
    assert repr(Value(1.5)) == "Value(data=1.5, grad=0)"
    assert repr(x) == "Value(data=2.0, grad=0.07065082485316447, label='x')"
    assert repr(y) == "Value(data=0.9640275800758169, grad=1.0, op=tanh(x=2.0))"
    assert repr(Value(1.5, label="x" * 61)) == f"Value(data=1.5, grad=0, label={'x' * 60!r})"
    hostile = repr(Value(1.0, label="\n→" * 10_000))
    assert hostile.isascii()
    assert len(hostile) < 600
    assert "\n" not in hostile


TAKEN = [1, True, Fraction(1, 2), np.float64(2), np.float32(2), np.int8(3)]
REFUSED = ["1", b"1", None, 1j, np.complex128(1), Decimal(1), [1.0], (), {}, object()]
ARRAYS = [np.array(1.0), np.array([1.0]), np.array([1.0, 2.0]), np.array([True])]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a // b,
    lambda a, b: a % b,
    lambda a, b: a**b,
    divmod,
]


@pytest.mark.parametrize("x", TAKEN, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("operator", BINARY)
def test_what_a_float_takes_is_taken(operator: Callable[[Any, Any], Any], x: Any) -> None:
    def numbers(y: Any) -> Any:
        return tuple(map(ops.number, y)) if isinstance(y, tuple) else y.data

    assert numbers(operator(Value(3.0), x)) == operator(3.0, float(x))
    assert numbers(operator(x, Value(3.0))) == operator(float(x), 3.0)
    assert Value(x).data == float(x)
    assert type(Value(x).data) is float


@pytest.mark.parametrize("x", REFUSED, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("operator", [*BINARY, lambda a, b: a < b, lambda a, b: a >= b])
def test_what_is_no_number_is_refused(operator: Callable[[Any, Any], Any], x: Any) -> None:
    with pytest.raises(TypeError):
        operator(Value(3.0), x)
    with pytest.raises(TypeError):
        operator(x, Value(3.0))


def test_a_refusal_names_the_operator_that_was_written() -> None:
    for calculate in (lambda: divmod("1", Value(3.0)), lambda: divmod(Value(3.0), "1")):
        with pytest.raises(TypeError, match=r"for divmod\(\): '"):
            calculate()


@pytest.mark.parametrize("x", [*REFUSED, *ARRAYS, Value(1.0)], ids=lambda x: type(x).__name__)
def test_a_leaf_holds_one_real_number(x: Any) -> None:
    with pytest.raises(TypeError, match="expected a real number, got"):
        Value(x)


def test_an_integer_too_large_for_a_float_overflows_as_it_does_there() -> None:
    for overflow in (lambda: Value(1.0) + 10**400, lambda: Value(10**400), lambda: 1.0 + 10**400):
        with pytest.raises(OverflowError, match="int too large to convert to float"):
            overflow()


def test_a_stranger_may_take_over() -> None:
    class Stranger:
        def __rdivmod__(self, other: Any) -> str:
            return "divided"

        def __radd__(self, other: Any) -> str:
            return "stranger"

        def __gt__(self, other: Any) -> str:
            return "greater"

    assert Value(1.0) + Stranger() == "stranger"
    assert (Value(1.0) < Stranger()) == "greater"
    assert divmod(Value(1.0), Stranger()) == "divided"


def test_a_subclass_is_an_operand_like_any_other() -> None:
    class Parameter(Value):
        __slots__ = ()

    p = Parameter(2.0)
    for y in (p + p, Value(1.0) * p, p - 1, tanh(p), m.fsum([p, 1.0])):
        y.backward()
        assert type(y) is Value
    assert p.grad == pytest.approx(2 + 1 + 1 + 1 - math.tanh(2) ** 2 + 1)


def test_a_value_takes_no_attributes_that_it_has_not() -> None:
    with pytest.raises(AttributeError):
        Value(1.0).gard = 0  # type: ignore[attr-defined]


def test_a_value_opens_its_tools(tmp_path: Path) -> None:
    x = Value(0.5, label="x")
    y, z = (x * 3).tanh(), x + 1
    assert repr(y.graph()).startswith("Graph of 4 values")
    assert repr(y.graph(z, format=".1f")).startswith("Graph of 6 values")
    assert "data 0.5" in repr(y.graph(format=".1f"))
    assert next(y.steps()).upstream == 1.0
    assert next(y.steps(2.0)).upstream == 2.0
    w = x * x * x
    assert len(w.explain(x).paths) == 3
    assert len(w.explain(x, 2).paths) == 2
    assert len((w * w).explain(x).paths) == 5
    y.page(tmp_path / "y.html", theme="dark")
    assert 'data-theme="dark"' in (tmp_path / "y.html").read_text(encoding="utf-8")


def test_a_gradient_that_cannot_be_added_to_changes_nothing() -> None:
    x, w = Value(2.0), Value(3.0)
    y = x * w
    y.backward()
    w.grad = 10**400
    with pytest.raises(OverflowError, match="int too large"):
        (y * x).backward()
    assert (x.grad, w.grad) == (3.0, 10**400)


# ------------------------------------------------------------------------ no gradient is lost


CONVERSIONS: list[Callable[[Value], Any]] = [
    float,
    math.exp,
    math.isfinite,
    cmath.exp,
    lambda v: math.fsum([v, v]),
    lambda v: statistics.fmean([v, v]),
    lambda v: np.array([v], dtype=float),
    lambda v: np.array([v]).astype(float),
    lambda v: np.zeros(1).__setitem__(0, v),
    lambda v: "%f" % v,  # noqa: UP031
]


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_a_conversion_that_would_cut_the_graph_says_what_to_write(
    convert: Callable[[Value], Any],
) -> None:
    with pytest.raises(TypeError, match=r"write v\.data.*micrograd_like\.exp\(v\)"):
        convert(Value(1.0))


def test_an_array_of_numbers_mixes_with_a_value_element_by_element() -> None:
    v = Value(3.0)
    for made in (np.array([1.0, 2.0]) * v, v * np.array([1.0, 2.0])):
        assert [type(x) for x in made] == [Value, Value]
        assert [x.data for x in made] == [3.0, 6.0]
    assert type(np.float64(2.0) * v) is Value


def test_a_plain_number_that_enters_an_operation_is_a_constant() -> None:
    x = Value(3.0)
    two, leaf = (x**2).operands[1], Value(2.0)
    assert (two.constant, two.op, two.operands, two.partials) == (True, None, (), ())
    assert [v.constant for v in (x, leaf, x * leaf, *(2 - x).operands)] == [False] * 3 + [
        True,
        False,
    ]
    assert [v.constant for v in m.maximum(x, 1.0).operands] == [False, True]
    assert [v.constant for v in m.atan2(1.0, x).operands] == [True, False]
    for twin in (copy.copy(two), copy.deepcopy(two), pickle.loads(pickle.dumps(two))):
        assert twin.constant
    assert (x**2).partials == (6.0, 0.0)
    assert not any(v.constant for v in m.nn.Neuron(2, rng=1)([1.0, 2.0]).operands[0].operands)


@pytest.mark.parametrize("operator", BINARY[:6])
def test_a_number_on_the_left_is_the_first_operand(operator: Callable[[Any, Any], Any]) -> None:
    x = Value(3.0)
    first, second = operator(2.0, x).operands
    assert (first.data, first.constant, second) == (2.0, True, x)
    first, second = operator(x, 2.0).operands
    assert (first, second.data, second.constant) == (x, 2.0, True)


def test_a_copy_has_the_gradient_of_the_original() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    for value in (x, y):
        assert copy.copy(value).grad == copy.deepcopy(value).grad == value.grad
    assert pickle.loads(pickle.dumps(x)).grad == 6.0


def test_a_gradient_of_none_counts_as_0() -> None:
    x = Value(3.0)
    x.grad = None
    (x * x).backward()
    (x * x).backward()
    assert x.grad == 12.0


# ------------------------------------------------------------------------ a core that reads easily


def test_the_reading_path_is_short() -> None:
    path = reading_path.reading_path()
    files = {Path(code.co_filename).name for code in path}
    assert len(path) <= 14
    assert sum(path.values()) <= 160
    assert files == {"engine.py", "ops.py", "floats.py"}


@pytest.mark.parametrize(
    "mistake",
    [
        lambda v: m.log(v - 3),
        lambda v: (v - 3).log(),
        lambda v: v / 0,
        lambda v: 1 / (v - 1),
        lambda v: m.exp(v * 1000),
        lambda v: v % 0,
        lambda v: (v - 3) ** 0.5,
        lambda v: m.clamp(v, 2.0, 1.0),
        lambda v: m.fsum([v, 1e308, 1e308]),
        lambda v: m.tanh("x"),
        lambda v: m.log(-1.0),
    ],
)
def test_an_error_of_an_op_passes_through_two_frames_of_the_library(
    mistake: Callable[[Value], Any],
) -> None:
    with pytest.raises((ArithmeticError, ValueError, TypeError)) as caught:
        mistake(Value(1.0, label="v"))
    package = str(Path(m.__file__).parent)
    frames = [e for e in caught.traceback if str(e.path).startswith(package)]
    assert 1 <= len(frames) <= 2


def test_the_package_lists_its_public_names_and_no_import_of_its_own() -> None:
    names = dir(m)
    tools = {
        "debug",
        "set_trace",
        "explain",
        "AnomalyError",
        "Graph",
        "find_nonfinite",
        "gradient_report",
        "trace_lines",
    }
    tools |= {"detect_anomaly", "losses", "optim", "training", "data", "graph"}
    assert {*m.__all__} | tools <= {*names}
    assert not {"annotations", "TYPE_CHECKING", "floats", "functions", "import_module"} & {*names}
    for name in names:
        assert getattr(m, name) is not None


def test_nothing_watches_unless_it_is_asked_to() -> None:
    assert engine.hook is None


def test_a_subclass_records_as_a_value_does() -> None:
    class Mine(Value):
        pass

    v = Mine(2.0)
    y = m.fsum([v, v * 3.0, 1.0])
    y.backward()
    assert (y.data, v.grad) == (9.0, 4.0)


def test_vars_shows_what_a_value_holds() -> None:
    x = Value(2.0, label="x")
    y = x * Value(-3.0)
    names = ["data", "grad", "label", "line", "op", "operands", "partials"]
    assert [*vars(x).items()] == [*zip(names, (2.0, 0, "x", "", "", (), ()))]
    assert [*vars(y).values()] == [-6.0, 0, "", "", "mul", y.operands, y.partials]
    assert {"backward", *names} < {*dir(x)}


def test_repr_tells_two_values_apart() -> None:
    x, w = Value(2.0, label="x1"), Value(-3.0, label="w1")
    assert repr(x * w) == "Value(data=-6.0, grad=0, op=mul(x1=2.0, w1=-3.0))"
    assert repr(fsum([x, w, x, w])).endswith("op=fsum(x1=2.0, w1=-3.0, x1=2.0, ... and 1 more))")


def test_a_value_shows_itself_in_a_notebook() -> None:
    shown = (Value(2.0, label="x") * 3)._repr_mimebundle_()
    assert "6.0" in shown["text/plain"]
    assert len(shown) > 1


@pytest.mark.parametrize("number", [math.nan, math.inf, -0.0])
def test_a_nan_that_enters_an_operation_is_a_constant_too(number: float) -> None:
    out = Value(1.0) * number
    constant = out.operands[1]
    assert constant.constant
    assert constant.partials == constant.operands == ()
    out.backward()
    assert repr(out.operands[0].grad) == repr(0.0 + number)
    assert len(out.graph().scene.boxes) == 2
