"""Gradients explained: paths against their enumeration, findings against planted causes."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from recipes import Recipe, anything, recipes
from test_golden import by_a_network, error_of
from test_graphs import ANY_FLOAT, WHOLE_NUMBERS, error_bounds, exact_gradients

from micrograd_like import (
    Value,
    clamp,
    exp,
    floor,
    fsum,
    gradients,
    logsumexp,
    maximum,
    minimum,
    nn,
    relu,
    sigmoid,
    sqrt,
    sumprod,
    tanh,
    topological_order,
    weighted_sum,
)
from micrograd_like.debugging.explain import Explanation, Path, explain, find_nonfinite
from micrograd_like.names import WIDTH
from micrograd_like.ops import Op
from micrograd_like.text import cells, clean

RECIPES = recipes()
WILD = recipes(leaves=ANY_FLOAT, admit=anything)
FEW = 3_000  # paths, that can be enumerated


def leaf(data: float = 1.0, label: str = "x") -> Value:
    return Value(data, label=label)


def kinds(why: Explanation) -> list[str]:
    return [finding.kind for finding in why.findings]


def finding(why: Explanation, kind: str) -> str:
    """Return the text of the one finding of a kind."""
    (text,) = (found.text for found in why.findings if found.kind == kind)
    return text


def graphs_of_few_paths(recipe: Recipe) -> tuple[list[Value], Value]:
    """Return the values of a recipe, of which the last is the loss, and a leaf of theirs."""
    made = recipe.values()
    ways = {made[-1]: 1}
    for value in reversed(made):
        for x in value.operands:
            ways[x] = ways.get(x, 0) + ways.get(value, 0)
    assume(max(ways.values()) <= FEW)
    return made, made[0]


def enumerate_paths(leaf: Value, loss: Value) -> Iterator[tuple[tuple[Value, ...], list[float]]]:
    """Yield the values and the factors of every path."""
    todo: list[tuple[tuple[Value, ...], list[float]]] = [((loss,), [])]
    while todo:
        values, factors = todo.pop()
        if values[-1] is leaf:
            yield values, factors
        else:
            for x, partial in zip(values[-1].operands, values[-1].partials):
                todo.append(((*values, x), [*factors, partial]))


def size(factors: list[float]) -> Fraction | float:
    """Return the exact size of a product; inf where a factor is not finite."""
    if not all(map(math.isfinite, factors)):
        return math.inf
    return abs(math.prod(map(Fraction, factors)))


# ---------------------------------------------------------------------------- paths


@given(RECIPES | WILD, st.integers(1, 8))
def test_the_largest_paths_are_those_of_an_enumeration(recipe: Recipe, k: int) -> None:
    made, first = graphs_of_few_paths(recipe)
    for x in (first, made[len(made) // 2]):
        why = explain(x, made[-1], k)
        every = list(enumerate_paths(x, made[-1]))
        assert why.path_count == len(every)
        assert len(why.paths) == min(k, len(every))

        largest = sorted((size(factors) for _, factors in every), reverse=True)
        for path, expected in zip(why.paths, largest):
            got = size([*path.factors])
            assert got == expected or abs(got - expected) <= expected * Fraction(1, 10**40)
        assert Counter(path.values for path in why.paths) <= Counter(values for values, _ in every)
        for path in why.paths:
            edges = zip(path.values, path.values[1:], path.factors)
            assert all((b, repr(p)) in edges_of(a) for a, b, p in edges)


def edges_of(value: Value) -> list[tuple[Value, str]]:
    return [(x, repr(partial)) for x, partial in zip(value.operands, value.partials)]


@given(RECIPES)
def test_all_paths_add_up_to_the_gradient(recipe: Recipe) -> None:
    made, x = graphs_of_few_paths(recipe)
    why = explain(x, made[-1], FEW)
    grads = gradients(made[-1], made)
    exact, bound = exact_gradients(made)[0], error_bounds(made, grads)[0]
    sizes = sum((abs(Fraction(path.exact)) for path in why.paths), Fraction(0))

    assert why.gradient == grads[0]
    assert len(why.paths) == why.path_count
    assert abs(Fraction(why.exact_sum) - exact) <= sizes / 10**45
    assert abs(why.gradient - why.sum) <= 1.01 * bound + abs(why.sum) * sys.float_info.epsilon
    assert why.absolute_sum == pytest.approx(float(sizes), rel=1e-15, abs=0)
    rounding = why.absolute_sum * sys.float_info.epsilon
    assert abs(math.fsum(path.product for path in why.paths) - why.sum) <= rounding
    assert not why.others_sum


@given(RECIPES)
def test_the_other_paths_make_up_the_rest(recipe: Recipe) -> None:
    made, x = graphs_of_few_paths(recipe)
    some, every = explain(x, made[-1], 2), explain(x, made[-1], FEW)
    rest = math.fsum(path.product for path in every.paths[2:])
    assert float(some.others_sum) == pytest.approx(rest, rel=1e-9, abs=1e-12 * every.absolute_sum)


@given(WHOLE_NUMBERS)
def test_whole_numbers_add_up_exactly(recipe: Recipe) -> None:
    made, x = graphs_of_few_paths(recipe)
    every = [math.prod(factors) for _, factors in enumerate_paths(x, made[-1])]
    assume(sum(map(abs, every)) < 2**53)
    why = explain(x, made[-1])
    assert why.gradient == why.sum == sum(every)
    assert why.absolute_sum == sum(map(abs, every))


@given(RECIPES | WILD | WHOLE_NUMBERS)
def test_no_gradient_is_touched(recipe: Recipe) -> None:
    made = recipe.values()
    marks = [object() for _ in made]
    for value, mark in zip(made, marks):
        value.grad = mark
    str(explain(made[0], made[-1])), str(find_nonfinite(made[-1]))
    assert all(value.grad is mark for value, mark in zip(made, marks))


@given(RECIPES | WILD | WHOLE_NUMBERS)
def test_a_gradient_of_zero_has_a_reason_and_so_has_one_that_is_not_finite(recipe: Recipe) -> None:
    made = recipe.values()
    for x in made:
        why = explain(x, made[-1])
        reasons = {"no path", "every path cut", "cancellation", "underflow"} & {*kinds(why)}
        assert why.gradient or reasons
        assert ("no path" in reasons) == (not why.path_count)
        assert ("not finite" in kinds(why)) == (not math.isfinite(why.gradient))


def test_equal_operands_are_two_edges() -> None:
    x = leaf(3.0)
    why = explain(x, x * x)
    assert why.path_count == 2
    assert [path.factors for path in why.paths] == [(3.0,), (3.0,)]
    assert repr(why) == "<Explanation of the gradient 6.0: 2 paths>"
    assert repr(why.paths[0]) == "<Path of 1 edge: 3>"


def test_a_value_is_one_path_from_itself() -> None:
    x = leaf()
    for value in (x, tanh(x)):
        why = explain(value, value)
        assert (why.gradient, why.sum, why.path_count, why.findings) == (1.0, 1.0, 1, [])
        assert why.paths[0].values == (value,)
        assert why.paths[0].factors == ()


def test_paths_that_end_in_the_middle() -> None:
    x = leaf(0.5)
    h = x * x
    why = explain(h, h * 3 + tanh(h))
    assert why.path_count == 2
    assert why.gradient == 3 + h.tanh().partials[0]
    assert {path.values[-1] for path in why.paths} == {h}


def ladder(levels: int, factor: float = 1.0) -> tuple[Value, Value]:
    """Return the foot and the head of a ladder with two ways up from each rung to the next."""
    foot = head = leaf()
    for _ in range(levels):
        head = (head + head) * factor if factor != 1 else head + head
    return foot, head


def test_more_paths_than_atoms() -> None:
    why = explain(*ladder(10_000))
    assert why.path_count == 2**10_000
    assert why.sum == why.gradient == math.inf
    assert str(why).splitlines()[1] == (
        "1.99506e+3010 paths, whose products add up to 1.99506e+3010."
    )
    assert "and 1.99506e+3010 other paths, whose products add up to 1.99506e+3010\n" in str(why)


def test_counts_are_exact_where_they_are_readable() -> None:
    assert "1,048,576 paths, " in str(explain(*ladder(20)))
    assert "1.1259e+15 paths, " in str(explain(*ladder(50)))
    why = explain(*ladder(20, 0.5), k=3)
    assert "and 1,048,573 other paths, whose products add up to 0.999997" in str(why)


def test_twenty_thousand_levels() -> None:
    x = leaf()
    y = x
    for _ in range(20_000):
        y = tanh(y)
    why = explain(x, y)
    assert why.path_count == 1
    assert len(why.paths[0].factors) == 20_000
    text = str(why)
    assert "… 19,976 more …" in text
    assert len(text.splitlines()) < 20


def test_products_beyond_the_range_of_floats_are_ranked() -> None:
    x = leaf()
    tiny = [x * 10.0**-n * 1e-300 * 1e-300 for n in (7, 3, 5)]
    huge = [x * 10.0**n * 1e300 * 1e300 for n in (7, 3, 5)]
    for products, digits in ((tiny, [603, 605, 607]), (huge, [607, 605, 603])):
        paths = explain(x, fsum(products)).paths
        assert [abs(path.exact.adjusted()) for path in paths] in (digits, [d + 1 for d in digits])
    assert all(path.product == 0.0 for path in explain(x, fsum(tiny)).paths)
    assert all(path.product == math.inf for path in explain(x, fsum(huge)).paths)
    assert "1e-603" in str(explain(x, fsum(tiny)))


def test_what_is_not_finite_comes_first_and_zero_last() -> None:
    x = leaf(0.0)
    y = x * 5 + sqrt(x) + floor(x) + (sqrt(x) * 0.0)
    products = [path.product for path in explain(x, y).paths]
    assert {*map(str, products[:2])} == {"inf", "nan"}
    assert products[2:] == [5.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.0, leaf()), TypeError, "the leaf is 1.0: it must be a Value"),
        ((leaf(), None), TypeError, "the loss is None: it must be a Value"),
        ((leaf(), leaf(), 0), ValueError, "k is 0: at least 1 path is shown"),
        ((leaf(), leaf(), 1.5), TypeError, "float"),
    ],
)
def test_arguments(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        explain(*arguments)
    with pytest.raises(TypeError, match="the loss is 'y': it must be a Value"):
        find_nonfinite("y")  # type: ignore[arg-type]


# ---------------------------------------------------------------------------- findings


def healthy(x: Value) -> Value:
    return tanh(x * 0.5 + 0.1) * relu(x + 2) + sigmoid(x * 2)


def test_nothing_is_remarkable_about_a_healthy_graph() -> None:
    why = explain(leaf(0.7), leaf(0.7))
    x = leaf(0.7)
    why = explain(x, healthy(x))
    assert why.findings == []
    assert "!" not in str(why)
    weights, forward = by_a_network(fused=True)
    loss = error_of(forward())
    assert all(explain(w, loss).findings == [] for w in weights)


CAUSES: dict[str, tuple[Callable[[Value], Value], float, str, str]] = {
    "no path": (lambda x: leaf(2.0, "y") * x.data, 0.0, "no path", "does not depend on x: no path"),
    "relu off": (
        *(lambda x: relu(x - 3) * 2, 0.0, "every path cut"),
        "relu v4 is off, its operand -2 not above 0",
    ),
    "floor": (lambda x: floor(x * 1.5), 0.0, "every path cut", "floor v3 is flat"),
    "two cuts": (
        *(lambda x: floor(x * 1.5) + relu(-x), 0.0, "every path cut"),
        "floor v3 is flat, its derivative 0, relu v5 is off, its operand -1 not above 0",
    ),
    "times zero": (
        *(lambda x: leaf(0.0, "w") * tanh(x), 0.0, "every path cut"),
        "* v3 multiplies tanh v2 by w, which is 0",
    ),
    "weighted by zero": (
        *(lambda x: weighted_sum([leaf(0.0, "w"), leaf(2.0, "v")], [x, 5.0], 1.0), 0.0),
        *("every path cut", "multiplies x by w, which is 0"),
    ),
    "input of zero": (
        *(lambda x: weighted_sum([x, leaf(2.0, "v")], [leaf(0.0, "in"), 5.0], 1.0), 0.0),
        *("every path cut", "multiplies x by in, which is 0"),
    ),
    "sumprod": (
        *(lambda x: sumprod([x, 1.0], [leaf(0.0, "w"), 2.0]), 0.0),
        *("every path cut", "multiplies x by w, which is 0"),
    ),
    "maximum": (
        *(lambda x: maximum(x, 7.0), 0.0, "every path cut"),
        "max v2 takes another operand than x",
    ),
    "minimum": (lambda x: minimum(-7.0, x), 0.0, "every path cut", "min v2 takes another"),
    "clamped": (lambda x: clamp(x, -0.5, 0.5), 0.0, "every path cut", "clamp v3 clamps 1"),
    "a bound": (lambda x: clamp(Value(0.0), -1.0, x), 0.0, "every path cut", "within its bounds"),
    "saturated to zero": (
        *(lambda x: tanh(x * 1000), 0.0, "every path cut"),
        "tanh v3 is saturated at 1000",
    ),
    "exp to zero": (
        *(lambda x: exp(x * -1000), 0.0, "every path cut"),
        "exp v3 has the partial 0 by *-1000 v2 = -1000",
    ),
    "cancelled": (
        *(lambda x: x * 3 - x * 3, 0.0, "cancellation"),
        "The terms cancel exactly: their sizes add up to 6, the terms to 0",
    ),
    "nearly cancelled": (
        *(lambda x: x * 3 - x * 2.9999999, 1e-7, "cancellation"),
        "the terms to 1e-07, so that about 8 of a float's 16 digits are lost",
    ),
    "lost in rounding": (
        *(lambda x: x * 1e17 + x - x * 1e17, 0.0, "cancellation"),
        "add up to 2e+17, the terms to 1, so that about 17 of a float's 16",
    ),
    "cancelled in another order": (
        *(lambda x: x * 0.1 * 0.3 * 0.7 - x * 0.7 * 0.1 * 0.3, 2.0**-58, "cancellation"),
        "add up to 0.042, the terms to 0, and 3.469446951953614e-18 is what rounding left",
    ),
    "left by rounding": (
        *(lambda x: x * 0.1 + x * 0.2 + x * -0.1 + x * -0.2, -(2.0**-55), "cancellation"),
        "the terms to 0, and -2.7755575615628914e-17 is what rounding left",
    ),
    "underflow": (
        *(lambda x: x * 1e-200 * 1e-200, 0.0, "underflow"),
        "The terms are too small for a float: they add up to 1e-400",
    ),
    "underflow on the way": (
        *(lambda x: x * 1e200 * 1e200 * 1e-200 * 1e-200, 0.0, "underflow"),
        "left the range of a float on the way: the gradient is 0.0 in place of 0.99999",
    ),
    "overflow on the way": (
        *(lambda x: x * 1e-200 * 1e-200 * 1e200 * 1e200, math.inf, "not finite"),
        "where 1e+200 (gradient) × 1e+200 (partial) = inf",
    ),
    "a sum that overflows": (
        *(lambda x: x * 1e308 + x * 1e308, math.inf, "not finite"),
        "1e+308 + 1e+308 (two paths meeting) = inf",
    ),
    "0·inf": (
        *(lambda x: sqrt(x - 1) * 0.0, math.nan, "not finite"),
        "sqrt v4, on the way down to - 1 v3, where 0 (gradient) × inf (partial) = nan",
    ),
    "a dead relu among others": (
        *(lambda x: relu(-x) + x * 2, 2.0, "dead relu"),
        "1 of 2 paths is cut by a relu that is off, with the partial 0: relu v3 of -1 cuts 1",
    ),
    "nothing but a saturated tanh": (
        *(lambda x: tanh(x * 20), 20 / math.cosh(20) ** 2, "saturated"),
        "The only path is nearly cut by a saturated activation: tanh v3 of 20 has the partial 1.69",
    ),
    "a saturated sigmoid": (
        *(lambda x: sigmoid(x * 20) + x, 1.0, "saturated"),
        "1 of 2 paths is nearly cut by a saturated activation: "
        "σ v3 of 20 has the partial 2.06115e-09 of at most 0.25",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_planted_cause_is_found(cause: str) -> None:
    function, gradient, kind, words = CAUSES[cause]
    x = leaf()
    why = explain(x, function(x))
    assert why.gradient == pytest.approx(gradient, rel=1e-6, abs=0, nan_ok=True)
    assert words in finding(why, kind)
    wrapped = str(why).replace("\n  ", " ")
    assert f"! {finding(why, kind)}" in wrapped


@pytest.mark.parametrize("cause", CAUSES)
def test_no_other_cause_is_found(cause: str) -> None:
    function, _, kind, _ = CAUSES[cause]
    x = leaf()
    others = {"saturated to zero": {"saturated"}, "lost in rounding": {"underflow"}}
    assert {*kinds(explain(x, function(x)))} - others.get(cause, set()) == {kind}


def test_the_values_that_cut_most_are_named_first() -> None:
    x, y = leaf(1.0), leaf(2.0, "y")
    relus = [relu(-x * n) for n in (1, 2, 3, 4, 5)]
    relus[3].label = "culprit"
    loss = fsum([*relus, relus[3] * y, relus[3] * 2, relus[1] * y, y * x])
    why = explain(x, loss)
    (found,) = why.findings
    assert found.values[:2] == (relus[3], relus[1])
    assert found.text.startswith("8 of 9 paths are cut by")
    assert "relu culprit of -4 cuts 3, relu v" in found.text
    assert found.text.endswith("cuts 1, and 2 more")


def test_a_cut_of_very_many_paths() -> None:
    foot, head = ladder(100)
    (found,) = explain(foot, relu(-head) + foot).findings
    assert "relu v102 of -1.26765e+30 cuts 1.26765e+30" in found.text
    assert found.text.startswith("1.26765e+30 of 1.26765e+30 paths are cut")


def test_a_cut_names_what_is_nearest_to_the_loss() -> None:
    x = leaf()
    loss = relu(floor(x) - 5) + floor(x * 2) * 0.0
    (found,) = explain(x, loss).findings
    assert [value.op.name for value in found.values if value.op] == ["relu", "mul"]


def test_an_overflow_beside_the_paths_is_not_the_reason() -> None:
    x, v = leaf(0.0), leaf(0.0, "v")
    loss = sqrt(x * 2) + sqrt(v) * 0.0  # the backward pass comes to sqrt(v) first
    report = find_nonfinite(loss)
    assert report is not None
    assert report.edge is not None
    assert report.edge.x is v
    assert "on the way down to *2 v" in finding(explain(x, loss), "not finite")


def test_many_edges_between_few_values_are_rounded_often() -> None:
    x = leaf(0.1)
    why = explain(x, fsum([x * 0.1] + [x * y for y in [0.1] * 1000]), 1)
    assert why.gradient != why.sum  # a thousand roundings add up ...
    assert why.findings == []  # ... but nothing has left the range of floats


# ---------------------------------------------------------------------------- not finite


def test_an_overflow_is_found_where_it_happens() -> None:
    a = leaf(1e308, "a")
    report = find_nonfinite(tanh(a * 10 + 1))
    assert report is not None
    assert report.born
    assert report.value is not None
    assert report.value.op is not None
    assert report.value.op.name == "mul"
    assert report.edge is None
    assert str(report).splitlines() == [
        "Forward: the first value that is not finite is *10 v3, made here, of finite operands:",
        "",
        "  *10 v3        = inf",
        "    a           = 1e+308",
        "    constant v1 = 10.0",
        "",
        "Backward: every product of a gradient and a partial is finite.",
    ]
    assert repr(report) == "<NotFinite: forward from *10 v3>"


def test_a_partial_of_inf_is_found_in_the_backward_pass() -> None:
    v = leaf(0.0, "v")
    report = find_nonfinite(sqrt(v) * 0.0 + v)
    assert report is not None
    assert report.value is None
    assert not report.born
    assert report.edge is not None
    assert report.edge.x is v
    assert (report.edge.upstream, report.edge.partial) == (0.0, math.inf)
    assert math.isnan(report.edge.product)
    assert "Forward: every value is finite." in str(report)
    assert "sqrt v2 down to v:\n\n  0 (gradient) × inf (partial) = nan" in str(report)
    assert repr(report) == "<NotFinite: backward from sqrt v2>"


def test_a_sum_that_overflows_in_the_backward_pass() -> None:
    u = leaf(0.1, "u")
    report = find_nonfinite(u * 1e308 + u * 1e308)
    assert report is not None
    assert report.edge is not None
    assert (report.edge.before, report.edge.product, report.edge.after) == (1e308, 1e308, math.inf)
    assert "the first sum that is not finite" in str(report)
    assert "1e+308 + 1e+308 (two paths meeting) = inf" in str(report)


def test_inf_minus_inf_and_what_came_in() -> None:
    x = leaf(math.inf, "data")
    report = find_nonfinite(x - x)
    assert report is not None
    assert report.value is x
    assert not report.born
    assert "is data, which came in as a leaf.\n\n  data = inf\n" in str(report)
    assert report.edge is not None
    assert math.isnan(report.edge.partial)

    y = leaf(1e308) * 10
    report = find_nonfinite(y - y)
    assert report is not None
    assert report.value is y


@pytest.mark.parametrize(
    "function",
    [
        lambda x: clamp(x, low=0.0),
        lambda x: minimum(math.inf, x),
        lambda x: maximum(-math.inf, x, 3.0),
        lambda x: logsumexp([x, 1.0, -math.inf]),
        healthy,
        lambda x: x,
    ],
)
def test_an_infinity_that_does_no_harm_is_passed_over(function: Callable[[Value], Value]) -> None:
    assert find_nonfinite(function(leaf(0.5))) is None


def test_an_infinity_that_makes_a_partial_nan_is_not_passed_over() -> None:
    power = leaf(math.inf, "power")
    loss = leaf(0.5) ** power
    assert loss.data == 0.0
    report = find_nonfinite(loss)
    assert report is not None
    assert report.value is power


def test_an_infinite_loss_and_a_nan_are_never_passed_over() -> None:
    x = leaf(math.inf)
    report = find_nonfinite(x)
    assert report is not None
    assert report.value is x
    nan = leaf(math.nan)
    report = find_nonfinite(leaf() + nan**0)  # nan**0 is 1, and its derivative 0
    assert report is not None
    assert report.value is nan
    assert report.edge is None


def test_of_many_operands_the_largest_are_shown() -> None:
    xs = [leaf(n, f"x{n}") for n in range(100)]
    report = find_nonfinite(weighted_sum(xs, [-1e308] * 100))
    assert report is not None
    text = str(report)
    assert "and 192 smaller ones" in text
    assert "x99" not in text
    assert text.count("-1e+308") == 8


@given(WILD | RECIPES)
def test_a_report_is_made_where_a_number_is_not_finite_and_only_there(recipe: Recipe) -> None:
    made = recipe.values()
    report = find_nonfinite(made[-1])
    order = topological_order(made[-1])
    finite = all(map(math.isfinite, gradients(made[-1], order)))
    assert finite == (report is None or report.edge is None)

    first = next((v for v in order if v.op and not math.isfinite(v.data)), None)
    if report is None or report.value is None:
        assert first is None
    elif report.born:
        assert report.value is first
        assert all(math.isfinite(x.data) for x in report.value.operands)
    else:
        assert report.value.op is None
        assert not math.isfinite(report.value.data)
    if report is not None:
        assert str(report).count("not finite") == (report.value is not None) + (not finite)


# ---------------------------------------------------------------------------- text

PARTS = st.text(max_size=60) | st.text("\x1b\n\r\t\x00\u202e\u200b\ud800", max_size=20)


@given(PARTS, PARTS)
def test_hostile_labels_break_no_line(first: str, second: str) -> None:
    x, y = leaf(0.0, first), leaf(1e308, second)
    h = sqrt(x) * y + relu(-x) * 10
    h.label = second
    loss = tanh(h) + floor(x)
    harmless = leaf(0.0, "x"), leaf(1e308, "y")
    for text in map(str, (explain(x, loss), explain(y, x), find_nonfinite(loss))):
        assert all(
            line.replace("\u200c", "").replace("\u200d", "").isprintable()
            for line in text.split("\n")
        )
        text.encode()
    g = sqrt(harmless[0]) * harmless[1] + relu(-harmless[0]) * 10
    plain = str(find_nonfinite(tanh(g) + floor(harmless[0])))
    assert len(str(find_nonfinite(loss)).split("\n")) == len(plain.split("\n"))


@given(st.text())
def test_a_name_is_short_and_printable(label: str) -> None:
    assert re.sub("[\u200c\u200d]", "", clean(label)).isprintable()
    assert len(clean(label, WIDTH)) <= WIDTH
    if label.isprintable() and len(label) <= WIDTH:
        assert clean(label) == label


def test_names_are_escaped_and_cut() -> None:
    assert clean("a\nb\x1b[31m") == "a⏎b\ufffd[31m"
    assert clean("\u202eevil") == "\ufffdevil"
    assert clean("x" * 100, WIDTH) == "x" * 39 + "…"
    assert clean(12) == "12"
    assert cells("abc") == 3
    assert cells("重み") == 4
    assert cells("e\u0301") == 1


def test_the_factors_stand_under_the_values_and_wide_names_take_two_cells() -> None:
    x = leaf(3.0, "重み")
    y = x * x
    y.label = "損失"
    lines = str(explain(x, y, 1)).splitlines()
    assert lines[4:6] == ["  * 損失 → 重み", "       3 =    3"]
    assert cells(lines[4]) == cells(lines[5])


def test_the_rows_of_a_path_are_aligned_and_no_wider_than_a_terminal() -> None:
    model = nn.MLP(3, [4, 4, 4, 1], activation="tanh", rng=1)
    loss = (model([0.3, -0.2, 0.9]) - 1) ** 2
    loss.label = "loss"
    text = str(explain(model.parameters()[0], loss))
    assert text.startswith("d(loss)/d(layers.0.neurons.0.w.0) = ")
    rows = [line for line in text.splitlines() if "→" in line or "×" in line]
    assert len(rows) == 3 * 2 * 5
    for names, factors in zip(rows[::2], rows[1::2]):
        assert len(names) <= 100
        assert len(factors) == len(names)
        arrows = [i for i, c in enumerate(names) if c == "→"]
        assert arrows == [i for i, c in enumerate(factors) if c in "=×"]


def test_many_equal_steps_are_shown_as_one() -> None:
    x = leaf(2.0)
    y = x * 3
    for _ in range(20):
        y = y + 1
    lines = str(explain(x, tanh(y * 0.01))).splitlines()
    assert lines[4].endswith("*0.01 v44 → + 1 v43 → + 1 v42 → … 17 more … → + 1 v24 → *3 v23 → x")
    assert lines[5].endswith("×    0.01 ×       1 ×           1 ×       1 ×      1 × 3")


def test_the_agreement_is_told_to_the_last_bit() -> None:
    x = leaf()
    assert "3.0, the same to the last bit." in str(explain(x, x * 3))
    assert "add up to 0.6, 1 unit in the last place from the gradient." in str(
        explain(x, x * 0.3 + x * 0.2 + x * 0.1)
    )
    assert ", and the gradient is off by -1." in str(explain(x, x * 1e17 + x - x * 1e17))
    assert "add up to 0.0, the same" in str(explain(x, x - x))


def test_lines_of_the_program_are_shown_where_they_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = leaf(0.0)
    loss = sqrt(x) * 2
    lines = {x: "train.py:3", loss: "train.py:9", loss.operands[0]: "a\nb.py:4"}
    monkeypatch.setattr(Value, "line", property(lambda self: lines.get(self, "")), raising=False)
    text = str(explain(x, loss))
    assert "  train.py:9   a⏎b.py:4   train.py:3\n" in text
    assert "it comes from sqrt v2 (a⏎b.py:4), on the way down to x" in text
    assert "sqrt v2 (a⏎b.py:4) down to x" in str(find_nonfinite(loss))


def test_an_op_of_the_users_own_and_a_value_without_a_label() -> None:
    cube = Op("cube", lambda a: a**3, lambda out, a: (3 * a * a,), symbol="a\t³")
    x = Value(2.0)
    text = str(explain(x, cube(x)))
    assert text.startswith("d(a ³ v1)/d(leaf v0) = 12.0")
    assert str(explain(Value(1.0), x)).startswith(
        "d(leaf v0)/d(leaf 1.0) = 0.0\n\n! leaf v0 does not"
    )


def test_a_path_can_be_made_by_hand() -> None:
    path = Path([leaf(), leaf()], [-0.5])
    assert path.product == -0.5
    assert repr(path) == "<Path of 1 edge: -0.5>"


def test_a_leaf_and_a_loss_that_changed_places_are_told() -> None:
    x = leaf(3.0)
    assert "the other way round: the leaf comes first" in str(explain(x * 2, x))
