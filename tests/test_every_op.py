"""Every row of the table, whatever it is: add a row, and it is tested here.

Finite differences are the check that a reader understands and the one that every peer has; they
catch a wrong rule, not a lost digit. The digits are checked against mpmath in test_ops.py.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import micrograd_like
from micrograd_like import Value, gradients, ops
from micrograd_like.ops import TABLE, Binary, Nary, Op, Unary

EVERY_OP = pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)


@functools.cache  # a strategy is checked when it is first drawn from
def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw moderate numbers inside an open interval, away from its ends."""
    low, high = max(low, -4.0), min(high, 4.0)
    margin = 0.05 * (high - low)
    return st.floats(low + margin, high - margin).map(lambda x: round(x, 6))


@functools.cache
def operands(op: Op) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw operands from the op's domain, away from its kinks."""
    drawn: st.SearchStrategy[Any]
    if isinstance(op, Nary):
        (domain,) = op.domain
        sizes = {"clamp": [3], "sumprod": [2, 4, 6]}.get(op.name, [*range(2, 7)])
        # Most lists have a tie, which is a kink of some: these are drawn no number twice.
        unique = op.name in ("clamp", "maximum", "minimum")
        drawn = st.sampled_from(sizes).flatmap(
            lambda n: st.lists(numbers(*domain), min_size=n, max_size=n, unique=unique)
        )
    else:
        size = 1 if isinstance(op, Unary) else 2
        drawn = st.tuples(*[numbers(*op.domain[min(i, len(op.domain) - 1)]) for i in range(size)])
    if op.name == "clamp":
        drawn = drawn.map(lambda xs: [xs[0], *sorted(xs[1:])])
    return drawn.map(tuple).filter(lambda xs: is_smooth(op, xs))


def is_smooth(op: Op, xs: tuple[float, ...]) -> bool:
    """Say whether there is room for finite differences between the operands and any kink."""
    if op.name == "clamp" and xs[2] - xs[1] < 0.05:
        return False
    return op.kink is None or abs(op.kink(*xs)) > 0.05


def difference(f: Any, xs: tuple[float, ...], i: int, h: float = 1e-4) -> float:
    """Return ∂f/∂x_i by central differences of fourth order."""

    def at(step: float) -> float:
        return float(f(*(x + step * h if j == i else x for j, x in enumerate(xs))))

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)


def assert_partials(op: Op, xs: tuple[float, ...], partials: tuple[float, ...]) -> None:
    value = op.value(xs)
    for i, partial in enumerate(partials):
        expected = difference(lambda *xs: op.value(xs), xs, i)
        if op.name in ("power", "ieee_power") and i == 1:
            expected = 0.0  # a constant exponent is held constant
        assert partial == pytest.approx(expected, rel=1e-6, abs=1e-6 * (1 + abs(value)))


@EVERY_OP
@given(data=st.data())
def test_partials_are_the_slopes_that_finite_differences_measure(
    op: Op, data: st.DataObject
) -> None:
    xs = data.draw(operands(op))
    assert_partials(op, xs, op.partials_at(xs, op.value(xs)))


@EVERY_OP
@given(data=st.data())
def test_gradients_of_gradients_are_the_slopes_of_the_gradient(op: Op, data: st.DataObject) -> None:
    xs = data.draw(operands(op))
    leaves = [Value(x) for x in xs]
    grads = gradients(op(*leaves), leaves, create_graph=True)  # type: ignore[operator]

    def partial(i: int, *xs: float) -> float:
        return float(op.partials_at(xs, op.value(xs))[i])

    for i, grad in enumerate(grads):
        assert grad.data == pytest.approx(partial(i, *xs), rel=1e-15, abs=0)
        for j, second in enumerate(gradients(grad, leaves)):
            if op.name in ("power", "ieee_power") and 1 in (i, j):
                assert second == 0.0
                continue
            expected = difference(lambda *xs, i=i: partial(i, *xs), xs, j)
            assert second == pytest.approx(expected, rel=1e-5, abs=1e-5 * (1 + abs(grad.data)))


@EVERY_OP
@given(data=st.data())
def test_a_value_gets_the_number_and_the_partials_of_the_table(op: Op, data: st.DataObject) -> None:
    xs = data.draw(operands(op))
    y = op(*map(Value, xs))  # type: ignore[operator]
    assert y.op is op
    assert tuple(x.data for x in y.operands) == xs
    assert y.data == op.value(xs) == op(*xs)  # type: ignore[operator]
    assert y.partials == op.partials_at(xs, y.data)
    assert all(type(partial) is float for partial in y.partials)


@EVERY_OP
def test_a_rule_that_is_off_by_one_per_cent_is_caught(op: Op) -> None:
    """The teeth of the first test."""

    # The first failure will do: to look for a smaller one would take most of this file's time.
    @settings(phases=[Phase.generate], report_multiple_bugs=False)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        xs = data.draw(operands(op))
        partials = op.partials_at(xs, op.value(xs))
        off = [1.01 * partial + math.copysign(0.01, partial) for partial in partials]
        assert_partials(op, xs, tuple(off))

    with pytest.raises(AssertionError):
        check()


@EVERY_OP
def test_a_rule_can_be_read_back(op: Op) -> None:
    formulas = op.formulas()
    assert all(formulas)
    if isinstance(op, Unary):
        assert len(formulas) == 1
    if isinstance(op, Binary):
        assert len(formulas) == 2


@EVERY_OP
def test_a_rule_never_raises_where_the_op_does_not(op: Op) -> None:
    extremes = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-300, 0.5, 2.0, 3.0, -2.0, 709.5, 744.0]
    extremes += [1e200, -1e200, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan]
    size = 1 if isinstance(op, Unary) else 3 if op.name == "clamp" else 2
    choices = [(x,) for x in extremes]
    for _ in range(size - 1):
        choices = [(*xs, x) for xs in choices for x in extremes]
    for xs in choices:
        try:
            out = op.value(xs)
        except (ArithmeticError, ValueError):
            continue
        partials = op.partials_at(xs, out)
        assert len(partials) == size
        assert all(type(partial) is float for partial in partials), (xs, partials)
        y = op(*map(Value, xs))  # type: ignore[operator]
        if math.isnan(out):
            assert all(map(math.isnan, y.partials)), xs


METHODS = [name for name in dir(Value) if name in TABLE or name == "fabs"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_function_and_the_row(name: str) -> None:
    x = Value(1.5 if name == "acosh" else 0.7)
    function = getattr(micrograd_like, name)
    arguments = (0.5, 0.9) if name == "clamp" else ()
    by_method, by_function = getattr(x, name)(*arguments), function(x, *arguments)
    assert by_method.op is by_function.op is TABLE["abs" if name == "fabs" else name]
    assert (by_method.data, by_method.partials) == (by_function.data, by_function.partials)
    assert function(x.data, *arguments) == by_method.data


def test_every_op_of_one_operand_is_a_method() -> None:
    internal = {"sech2", "one_minus_square", "exp_neg_square", "cbrt_slope"}
    internal |= {"normal_cdf", "normal_pdf", "neg", "abs"}  # the last two are - and abs()
    unary = {op.name for op in TABLE.values() if isinstance(op, Unary)}
    assert unary - set(METHODS) == internal


@pytest.mark.parametrize(
    "name",
    [name for name in vars(math) if not name.startswith("_") and callable(vars(math)[name])],
)
def test_every_differentiable_function_of_math_is_here(name: str) -> None:
    of_integers = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}
    of_bits = {"frexp", "ldexp", "modf", "nextafter", "remainder", "ulp", "fma", "signbit"}
    predicates = {"isclose", "isfinite", "isinf", "isnan", "isnormal", "issubnormal"}
    left_out = {"gamma", "lgamma", "fmax", "fmin"}  # digamma has no exact rule here yet; maximum
    if name not in of_integers | of_bits | predicates | left_out:
        assert callable(getattr(micrograd_like, name))


@pytest.mark.parametrize("name", ["exp2", "cbrt", "sumprod"])
def test_names_that_an_older_math_lacks_are_here(name: str) -> None:
    assert callable(getattr(micrograd_like, name))


OPERATORS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
}


@pytest.mark.parametrize("name", OPERATORS)
@given(a=st.floats(0.1, 4), b=st.floats(0.1, 4))
def test_an_operator_is_its_row(name: str, a: float, b: float) -> None:
    row, operator = TABLE[name], OPERATORS[name]
    expected = row(Value(a), Value(b))  # type: ignore[operator]
    for x, y in ((Value(a), Value(b)), (a, Value(b)), (Value(a), b)):
        out = operator(x, y)
        assert (out.data, out.partials[0]) == (expected.data, expected.partials[0])
        if name == "pow" and y is b:
            assert out.op is TABLE["power"]
            assert out.partials[1] == 0.0
        else:
            assert out.op is row
            assert out.partials == expected.partials


def test_a_row_stays_itself_through_copies_and_pickles() -> None:
    import copy
    import pickle

    for op in TABLE.values():
        assert copy.deepcopy(op) is copy.copy(op) is op
        assert pickle.loads(pickle.dumps(op)) is op
        assert repr(op) == f"<op {op.name}>"


def test_the_table_names_each_row_as_the_module_does() -> None:
    for name, op in TABLE.items():
        assert getattr(ops, {"abs": "abs_"}.get(name, name)) is op
