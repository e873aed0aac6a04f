"""Every row of the table, whatever it is: add a row, and it is tested here.

Finite differences are the check that a reader understands and the one that every peer has; they
catch a wrong rule, not a lost digit. The digits are checked against mpmath in test_ops.py.
"""

from __future__ import annotations

import functools
import inspect
import math
import pydoc
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from kinks import drawn_from, kink, size

import micrograd_like
from micrograd_like import Value, gradients, ops
from micrograd_like.ops import TABLE, Op

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
    if op.many:
        # Most lists have a tie, which is a kink of some: these are drawn no number twice.
        unique = op.name in ("maximum", "minimum")
        drawn = st.sampled_from(sorted({size(op, more) for more in range(5)})).flatmap(
            lambda n: st.lists(numbers(*op.domain), min_size=n, max_size=n, unique=unique)
        )
    else:
        drawn = st.tuples(*[numbers(*drawn_from(op, i)) for i in range(size(op))])
    if op.name == "clamp":
        drawn = drawn.map(lambda xs: [xs[0], *sorted(xs[1:])])
    return drawn.map(tuple).filter(lambda xs: is_smooth(op, xs))


def is_smooth(op: Op, xs: tuple[float, ...]) -> bool:
    """Say whether there is room for finite differences between the operands and any kink."""
    if op.name == "clamp" and xs[2] - xs[1] < 0.05:
        return False
    return abs(kink(op, xs)) > 0.05


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


# What a formula may say, as Python.
SIGNS = {"−": "-", "·": "*", "²": "**2", "^": "**", "√(": "sqrt(", "√π": "sqrt(π)", " = ": " == "}
WORDS = {"σ": "sigmoid", "Φ": "normal_cdf", "φ": "normal_pdf", "min": "least"}


def evaluated(op: Op, i: int, xs: tuple[float, ...]) -> float:
    """Return what the formula for the i-th operand says, in the textbook's names."""
    _, _, text = op.formula(i, len(xs)).partition(" = ")
    for sign, python in SIGNS.items():
        text = text.replace(sign, python)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = text.replace("softmax(", "softmax_of(")
    for word, python in WORDS.items():
        text = re.sub(rf"\b{word}\(", f"{python}(", text)
    known: dict[str, Any] = {**TABLE, "π": math.pi, "least": min}
    known["k"] = sum(x == op.value(xs) for x in xs)
    known["softmax_of"] = lambda x: math.exp(x) / sum(map(math.exp, xs))
    known.update(zip(op.operand_names(len(xs)), xs), out=op.value(xs))
    return float(
        eval(
            unicodedata.normalize("NFKC", text),
            {unicodedata.normalize("NFKC", name): value for name, value in known.items()},
        )
    )


@EVERY_OP
@given(data=st.data())
def test_the_formula_says_what_the_rule_computes(op: Op, data: st.DataObject) -> None:
    """So that what is taught and what is computed cannot drift apart."""
    xs = data.draw(operands(op))
    partials = op.partials_at(xs, op.value(xs))
    for i, partial in enumerate(partials):
        # Where the formula cancels, as 1 − out² does, it has lost digits: the rule's reason to be.
        tolerance = 1e-4 if op.name == "selu" else 1e-8
        assume(op.name not in ("prod", "direction") or all(xs))  # out/xᵢ is 0/0 there
        assert evaluated(op, i, xs) == pytest.approx(partial, rel=tolerance, abs=1e-9)


@EVERY_OP
def test_a_row_tells_its_formulas_one_for_each_name(op: Op) -> None:
    assert len(op.formulas) == len(op.names)
    assert all(op.formulas)
    assert "′" not in "".join(op.formulas)


@EVERY_OP
def test_a_formula_of_another_row_is_caught(op: Op) -> None:
    """The teeth of the test of formulas: one that is off by a tenth does not pass."""
    strategy = operands(op)

    @settings(phases=[Phase.generate], report_multiple_bugs=False, max_examples=20)
    @given(xs=strategy)
    def check(xs: tuple[float, ...]) -> None:
        partials = op.partials_at(xs, op.value(xs))
        assume(all(xs))
        for i, partial in enumerate(partials):
            wrong = 1.1 * evaluated(op, i, xs) + 0.05
            assert wrong == pytest.approx(partial, rel=1e-4, abs=1e-9)

    with pytest.raises(AssertionError):
        check()


@EVERY_OP
def test_a_rule_never_raises_where_the_op_does_not(op: Op) -> None:
    extremes = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-300, 0.5, 2.0, 3.0, -2.0, 709.5, 744.0]
    extremes += [1e200, -1e200, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan]
    choices = [(x,) for x in extremes]
    for _ in range(size(op) - 1):
        choices = [(*xs, x) for xs in choices for x in extremes]
    for xs in choices:
        try:
            out = op.value(xs)
        except (ArithmeticError, ValueError):
            continue
        partials = op.partials_at(xs, out)
        assert len(partials) == size(op)
        assert all(type(partial) is float for partial in partials), (xs, partials)
        y = op(*map(Value, xs))  # type: ignore[operator]
        if math.isnan(out):
            assert all(map(math.isnan, y.partials)), xs


METHODS = [name for name in dir(Value) if name in TABLE or name == "fabs"]
METHODS.remove("pow")  # its exponent chooses the row


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_function_and_the_row(name: str) -> None:
    x = Value(1.5 if name == "acosh" else 0.7)
    function = getattr(micrograd_like, name)
    arguments = {"clamp": (0.5, 0.9), "fmod": (0.4,)}.get(name, ())
    by_method, by_function = getattr(x, name)(*arguments), function(x, *arguments)
    assert by_method.op is by_function.op is TABLE["abs" if name == "fabs" else name]
    assert (by_method.data, by_method.partials) == (by_function.data, by_function.partials)
    assert function(x.data, *arguments) == by_method.data


def test_every_function_of_math_of_one_operand_is_a_method() -> None:
    unary = {op.name for op in TABLE.values() if op.names == ("a",) and hasattr(math, op.name)}
    assert unary <= {*METHODS}


@EVERY_OP
def test_a_public_row_is_a_function_that_help_describes(op: Op) -> None:
    public = {getattr(ops, name).name for name in ops.__all__}
    if op.name in public:
        text = pydoc.plain(pydoc.render_doc(op))
        assert f"\n{op.name}{inspect.signature(op)}".replace("inf", "") in text.replace("inf", "")
        assert all(formula in text for formula in op.formulas)
        assert (op.domain == ops.REALS) == ("Takes numbers between" not in text)
    assert op.__name__ == op.name


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
        assert getattr(ops, {"abs": "fabs"}.get(name, name)) is op


def test_a_public_row_of_one_operand_is_a_method_too() -> None:
    for name in ops.__all__:
        row = getattr(ops, name)
        if len(row.names) - len(row.defaults) == 1 and not row.many:
            assert hasattr(Value, name), f"engine.py has no Value.{name}"
