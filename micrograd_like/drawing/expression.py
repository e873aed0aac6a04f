r"""The recorded expression written out: as Python, as LaTeX, or with a textbook's signs.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> a = x * w
    >>> print((a + tanh(a)).graph().expression())
    t1 = x*w
    t1 + tanh(t1)
    >>> print((x / w).graph().expression(latex=True))
    \frac{x}{w}
    >>> print((x**2 - 0.5 * w).graph().expression(form="math"))
    x² − 0.5·w

A value that is used more than once, or has a label, gets a line of its own. The Python, run with
the functions of `micrograd_like`, gives the same bits.
"""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count

from .. import ops
from ..engine import Value
from ..ops import POWER, PRODUCT, SIGN, SUM

Term = tuple[str, float]  # a text, and how tightly it binds
Bracket = Callable[[Term, float], str]

NESTED = 50  # a value nested deeper gets a line of its own: Python reads 100 levels at most
ATOM = POWER + 1  # binds most tightly of all: a name, a number, a call

OF_A_LIST = {"fsum", "prod", "logsumexp"}  # the functions that take one list of operands
RESULTS_IN_A_LIST = {"softmax", "log_softmax"}  # and those that also return a list


FORMS = ("python", "latex", "math")


def expression(roots: Sequence[Value], order: Sequence[Value], form: str = "python") -> str:
    """Return the expression of the roots; ``order`` has all values below them."""
    uses = Counter(x for out in order for x in out.operands)
    latex = form == "latex"
    write = {"python": as_python, "latex": _latex, "math": _math}[form]
    named = _named(order, roots, uses, latex)
    number = {"python": _python_number, "latex": _latex_number, "math": _math_number}[form]
    terms: dict[Value, Term] = {}
    lines: list[tuple[str, str]] = []
    for out in order:
        term = write(out, [terms[x] for x in out.operands]) if out.op else number(_whole(out))
        if out.op and (out in named or out in roots):
            lines.append((named.get(out, ""), term[0]))
        terms[out] = (named[out], ATOM) if out in named else term
    lines += [("", terms[root][0]) for root in roots if root.op is None]
    if not latex:
        return "\n".join(f"{name} = {text}" if name else text for name, text in lines)
    equations = [f"{name} &= {text}" if name else f"&{text}" for name, text in lines]
    if len(equations) == 1:
        return equations[0].replace("&", "", 1)
    return "\\begin{aligned}\n" + " \\\\\n".join(equations) + "\n\\end{aligned}"


def _named(
    order: Sequence[Value], roots: Sequence[Value], uses: Counter[Value], latex: bool
) -> dict[Value, str]:
    """Return the names of the values that have one, each of them once."""
    named: dict[Value, str] = {}
    taken = {*ops.TABLE, *keyword.kwlist, "abs", "float"}
    depth: dict[Value, int] = {}
    numbered: Iterator[str] = (f"t{n}" for n in count(1))
    write = _latex_name if latex else str
    for value in order:
        depth[value] = 1 + max((depth[x] for x in value.operands), default=0)
        shared = value.op is not None and (
            uses[value] > 1
            or (value in roots and (value in uses or len(roots) > 1))
            or (depth[value] > NESTED and value not in roots)
        )
        if not value.label and not shared:
            continue
        depth[value] = 1
        names = numbered
        if value.label:
            first = _identifier(str(value.label))
            names = chain([first], (f"{first}_{n}" for n in count(2)))
        name = next(name for name in names if write(name) not in taken)
        taken |= {name, write(name)}
        named[value] = write(name)
    return named


def _identifier(label: str) -> str:
    text = re.sub(r"\W", "_", unicodedata.normalize("NFKC", label[:40]))
    text = unicodedata.normalize("NFKC", text)
    return text if text.isidentifier() else f"_{text}" if f"_{text}".isidentifier() else "_"


def _whole(leaf: Value) -> float:
    """Return a leaf's data; that of a constant as an int where it is one: the 2 of x**2."""
    x = leaf.data
    whole = leaf.constant and x.is_integer() and 0 < abs(x) < 1e6
    return int(x) if whole else x


def _python_number(x: float) -> Term:
    if not math.isfinite(x):
        return f'float("{x}")', ATOM
    return repr(x), SIGN if repr(x).startswith("-") else ATOM


def as_python(out: Value, xs: list[Term]) -> Term:
    """Return the term of an operation, made of the terms of its operands."""
    assert out.op is not None
    name, tight = out.op.name, out.op.binds
    if tight:
        a = _within(xs[0], tight + (tight == POWER))
        b = _within(xs[1], tight + 1)
        space = " " if tight == SUM else ""
        return f"{a}{space}{out.op.symbol}{space}{b}", tight
    if name == "neg":
        return f"-{_within(xs[0], POWER)}", SIGN
    if name == "weighted_sum":
        return _sum_of_products(xs, "*", _within), SUM
    texts = [text for text, _ in xs]
    listed, half = ", ".join(texts), len(texts) // 2
    if name == "sumprod":
        listed = f"[{', '.join(texts[:half])}], [{', '.join(texts[half:])}]"
    elif name in OF_A_LIST | RESULTS_IN_A_LIST:
        listed = f"[{listed}]"
    return f"{name}({listed})" + "[0]" * (name in RESULTS_IN_A_LIST), ATOM


def _sum_of_products(xs: list[Term], times: str, within: Bracket) -> str:
    half = len(xs) // 2
    products = [
        times.join(within(x, ATOM if x[0][0] == "-" else PRODUCT + i) for i, x in enumerate(pair))
        for pair in zip(xs[:half], xs[half : 2 * half])
    ]
    return " + ".join(([within(xs[-1], SUM)] if len(xs) % 2 else []) + products)


def _within(term: Term, tight: float, brackets: str = "(%s)") -> str:
    """Return a term's text, in brackets if it binds less tightly than its place asks for."""
    text, own = term
    return text if own >= tight else brackets % text


def _math_number(x: float) -> Term:
    text = repr(x).removesuffix(".0").replace("inf", "∞").replace("-", "−")
    return text, SIGN if text.startswith("−") else ATOM


def _math(out: Value, xs: list[Term]) -> Term:
    """Return the same with the signs of a textbook: x², √x, −, ·, sums written out."""
    assert out.op is not None
    name, tight, symbol = out.op.name, out.op.binds, out.op.symbol
    if tight == POWER:
        base, exponent = _within(xs[0], ATOM), xs[1][0]
        if re.fullmatch(r"−?\d+", exponent):
            return base + exponent.translate(SUPERSCRIPTS), POWER
        return f"{base}^{_within(xs[1], ATOM)}", POWER
    if tight:
        sign = {"-": " − ", "+": " + ", "*": "·"}.get(symbol, symbol)
        a, b = _within(xs[0], tight), _within(xs[1], tight + 1)
        return f"{a}{sign}{f'({b})' if b.startswith('−') else b}", tight
    if name == "neg":
        return f"−{_within(xs[0], POWER)}", SIGN
    if name in ("weighted_sum", "sumprod"):
        return _sum_of_products(xs, "·", _within) or "0", SUM
    if name == "fsum":
        return " + ".join([_within(x, SUM) for x in xs]) or "0", SUM
    if name in ("sqrt", "abs"):
        return (f"√{_within(xs[0], ATOM)}" if name == "sqrt" else f"|{xs[0][0]}|"), ATOM
    called = symbol if symbol in ("σ", "φ", "Φ") else name
    return f"{called}({', '.join(text for text, _ in xs)})", ATOM


SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _latex_number(x: float) -> Term:
    if x != x:
        return "\\mathrm{nan}", ATOM
    sign = "-" if repr(x).startswith("-") else ""
    if math.isinf(x):
        return f"{sign}\\infty", SIGN if sign else ATOM
    digits, _, exponent = repr(x).removesuffix(".0").partition("e")
    if exponent:
        return f"{digits} \\cdot 10^{{{int(exponent)}}}", PRODUCT
    return digits, SIGN if sign else ATOM


def _latex_name(name: str) -> str:
    if re.fullmatch(r"[A-Za-z]", name):
        return name
    if match := re.fullmatch(r"([A-Za-z])_?(\d+)", name):  # x1 and x_1 are written alike
        return f"{match[1]}_{{{match[2]}}}"
    return "\\text{" + name.replace("_", "\\_") + "}"


def _latex(out: Value, xs: list[Term]) -> Term:
    assert out.op is not None
    name, tight, latex = out.op.name, out.op.binds, out.op.latex
    if latex.endswith("^{%s}") and len(xs) == 2:
        return latex % (_in_brackets(xs[0], ATOM), xs[1][0]), POWER
    if "%s" in latex:
        return latex % tuple([text for text, _ in xs]), SIGN if tight else ATOM
    if tight:
        b = _in_brackets(xs[1], ATOM if xs[1][0].startswith("-") else tight + 1)
        return f"{_in_brackets(xs[0], tight)} {latex or out.op.symbol} {b}", tight
    if name == "neg":
        return f"-{_in_brackets(xs[0], ATOM if xs[0][0].startswith('-') else PRODUCT)}", SUM
    if name == "fsum":
        return " + ".join(_in_brackets(x, ATOM if x[0][0] == "-" else 2) for x in xs) or "0", SUM
    if name in ("weighted_sum", "sumprod"):
        return _sum_of_products(xs, " \\cdot ", _in_brackets) or "0", SUM
    called = latex or "\\operatorname{" + name.replace("_", "\\_") + "}"
    return f"{called}\\left({', '.join(text for text, _ in xs)}\\right)", ATOM


def _in_brackets(term: Term, tight: float) -> str:
    return _within(term, tight, r"\left(%s\right)")
