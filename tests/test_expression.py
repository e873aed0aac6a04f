"""A formula computes the bits that were recorded, and reads as one would write it."""

from __future__ import annotations

import keyword
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import Recipe, recipes

import micrograd_like
from micrograd_like import (
    Value,
    exp,
    fsum,
    log_softmax,
    ops,
    sigmoid,
    sqrt,
    sumprod,
    tanh,
    weighted_sum,
)
from micrograd_like.graph import Graph


def computed(text: str, names: dict[str, float]) -> float:
    """Run a formula as Python and return what its last line computes."""
    known = {name: getattr(micrograd_like, name) for name in micrograd_like.__all__}
    known |= {name: op for name, op in ops.TABLE.items() if name not in known} | names
    *lines, last = text.splitlines()
    for line in lines:
        exec(line, known)
    name, equals, expression = last.partition(" = ")
    return float(eval(expression if equals else name, known))


def bits(x: float) -> bytes:
    return struct.pack("<d", x) if x == x else b"nan"


@given(recipes(), st.booleans())
def test_a_formula_computes_the_recorded_bits(recipe: Recipe, labelled: bool) -> None:
    values = recipe.values()
    names = {}
    for i, value in enumerate(values[: len(recipe.leaves)] if labelled else []):
        value.label = f"x{i}"
        names[value.label] = value.data
    text = values[-1].graph(limit=1000).expression()
    assert bits(computed(text, names)) == bits(values[-1].data)


@given(st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=6))
def test_labels_become_names_that_python_takes(labels: list[str]) -> None:
    values = [Value(float(i + 2), label=label) for i, label in enumerate(labels)]
    text = fsum(values).graph().expression()
    names = text.removeprefix("fsum([").removesuffix("])").split(", ")
    assert len(set(names)) == len(values)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
    data = dict(zip(names, (value.data for value in values), strict=True))
    assert computed(text, data) == sum(data.values())


X, Y, Z = (Value(data, label=label) for data, label in ((2.0, "x"), (3.0, "y"), (0.5, "z")))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: X + Y - Z, "x + y - z"),
        (lambda: X - (Y - Z), "x - (y - z)"),
        (lambda: X / (Y * Z), "x/(y*z)"),
        (lambda: X / Y * Z, "x/y*z"),
        (lambda: (X + Y) ** 2, "(x + y)**2"),
        (lambda: X ** (Y**Z), "x**(y**z)"),
        (lambda: (X**Y) ** Z, "(x**y)**z"),
        (lambda: -(X**2), "-x**2"),
        (lambda: (-X) ** 2, "(-x)**2"),
        (lambda: X * -2.0, "x*-2"),
        (lambda: Y**-1, "y**(-1)"),
        (lambda: -X * Y, "-x*y"),
        (lambda: abs(X - Y), "abs(x - y)"),
        (lambda: weighted_sum([X, Y], [Z, X], Y), "y + x*z + y*x"),
        (lambda: sumprod([X, Y], [Z, X]), "sumprod([x, y], [z, x])"),
        (lambda: log_softmax([X, Y])[1], "log_softmax([y, x])[0]"),
        (lambda: X.clamp(0.0), 'clamp(x, 0.0, float("inf"))'),
        (lambda: X, "x"),
        (lambda: Value(-0.0), "-0.0"),
    ],
)
def test_it_reads_as_one_would_write_it(make: object, text: str) -> None:
    assert callable(make)
    assert make().graph().expression() == text


def test_what_is_shared_or_labelled_has_its_own_line() -> None:
    a = X * Y
    b = tanh(a) + a
    n = b * 2.0
    n.label = "n"
    assert (n / Z).graph().expression() == "t1 = x*y\nn = (tanh(t1) + t1)*2\nn/z"
    assert Graph(a, b).expression() == "t1 = x*y\nt2 = tanh(t1) + t1"


def test_names_do_not_collide() -> None:
    one, two, three = Value(1.0, label="t1"), Value(2.0, label="t1"), Value(3.0, label="tanh")
    a = one * two
    assert (tanh(a) + a * three).graph().expression() == "t2 = t1*t1_2\ntanh(t2) + t2*tanh_2"
    assert (Value(1.0, label="lambda") + Value(1.0, label="w.0")).graph().expression() == (
        "lambda_2 + w_0"
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: X / Y, "\\frac{x}{y}"),
        (lambda: (X / Y) ** 2, "\\left(\\frac{x}{y}\\right)^{2}"),
        (lambda: X - (Y + Z), "x - \\left(y + z\\right)"),
        (lambda: X * (Y - Z), "x \\cdot \\left(y - z\\right)"),
        (lambda: X + -2.0, "x + \\left(-2\\right)"),
        (lambda: exp(-X), "e^{-x}"),
        (lambda: sqrt(X + 1.0), "\\sqrt{x + 1}"),
        (lambda: sigmoid(X), "\\sigma\\left(x\\right)"),
        (lambda: X.relu(), "\\operatorname{relu}\\left(x\\right)"),
        (lambda: X.leaky_relu(), "\\operatorname{leaky\\_relu}\\left(x, 0.01\\right)"),
        (lambda: weighted_sum([X], [Z], Y), "y + x \\cdot z"),
        (lambda: X * 1e-9, "x \\cdot \\left(1 \\cdot 10^{-9}\\right)"),
        (lambda: X + float("inf"), "x + \\infty"),
        (lambda: Value(1.0, label="w.10") + Value(2.0, label="w2"), "w_{10} + w_{2}"),
        (lambda: abs(X), "\\left|x\\right|"),
        (lambda: fsum([X, Value(-2.0), -Y]), "x + \\left(-2\\right) + \\left(-y\\right)"),
    ],
)
def test_it_is_typeset(make: object, text: str) -> None:
    assert callable(make)
    assert make().graph().expression(latex=True) == text


def test_several_lines_of_latex_are_aligned() -> None:
    a = X * Y
    assert (a + a).graph().expression(latex=True) == (
        "\\begin{aligned}\nt_{1} &= x \\cdot y \\\\\n&t_{1} + t_{1}\n\\end{aligned}"
    )


def test_a_large_graph_has_no_expression() -> None:
    y = Value(1.0)
    for _ in range(200):
        y = y + 1.0
    with pytest.raises(ValueError, match="more than 300 values: an expression"):
        y.graph(levels=2).expression()


def test_names_are_told_apart_in_latex_too() -> None:
    one, other = Value(1.0, label="x1"), Value(2.0, label="x_1")
    assert (one * other).graph().expression(latex=True) == "x_{1} \\cdot \\text{x\\_1\\_2}"


def test_a_deep_expression_is_one_that_python_reads() -> None:
    y = Value(0.5, label="x")
    for _ in range(140):
        y = tanh(y)
    text = y.graph().expression()
    assert bits(computed(text, {"x": 0.5})) == bits(y.data)
    assert text.count("\n") == 2


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: (X + Y) ** 2 - 0.5 * Z, "(x + y)² − 0.5·z"),
        (lambda: X**-3 / (Y * Z), "x⁻³/(y·z)"),
        (lambda: -(X**Y), "−x^y"),
        (lambda: X - (Y - Z), "x − (y − z)"),
        (lambda: X * -2.0, "x·(−2)"),
        (lambda: sigmoid(weighted_sum([X, Y], [Z, X], Y)), "σ(y + x·z + y·x)"),
        (lambda: sqrt(X) * sqrt(X + Y) + abs(Z), "√x·√(x + y) + |z|"),
        (lambda: fsum([X, Y - Z, 4.0]), "x + y − z + 4"),
        (lambda: X.clamp(0.0), "clamp(x, 0, ∞)"),
    ],
)
def test_it_has_the_signs_of_a_textbook(make: object, text: str) -> None:
    assert callable(make)
    assert make().graph().expression(form="math") == text


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(ValueError, match="form is 'html': it must be one of python, latex, math"):
        X.graph().expression(form="html")
