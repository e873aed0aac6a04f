"""How a textbook writes an op: its operands' names, its derivatives, and what ``help`` shows.

What you can do with it::

    >>> from micrograd_like.ops import tanh, weighted_sum
    >>> tanh.formula(0, 1)
    '∂tanh/∂a = 1 − out²'
    >>> weighted_sum.operand_names(5)
    ('w₁', 'w₂', 'x₁', 'x₂', 'b')

An op's ``names`` are those of its operands. "x…" stands for any number of them, and with "w… x…"
each has a half; ᵢ in a formula is the operand's place among its like.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .ops import Op


def argument_names(rule: Callable[..., Any]) -> tuple[str, ...]:
    """Return what a rule calls its operands: its arguments but the first, which is ``out``."""
    code = rule.__code__
    return code.co_varnames[1 : code.co_argcount]


def places(names: tuple[str, ...], n: int) -> list[tuple[int, str, str]]:
    """Return for each of ``n`` operands the place of its name, the name, and its subscript."""
    lists = sum(name.endswith("…") for name in names)
    size = n // 2 if lists == 2 else n - len(names) + 1
    found = []
    for which, name in enumerate(names):
        if name.endswith("…"):
            subscripts = [_subscript(i + 1) for i in range(size)]
            found += [(which, f"{name[:-1]}{each}", each) for each in subscripts]
        else:
            found.append((which, name, ""))
    return found[:n]


def formula(op: Op, i: int, n: int, partial: float | None = None) -> str:
    """Return the derivative by the i-th of ``n`` operands, and what the number ``partial`` is,
    unless the formula is that number."""
    which, name, subscript = places(op.names, n)[i]
    texts = op.formulas or rule_text(op.partials)
    text = texts[which] if which < len(texts) else f"{op.name}′"
    is_number = partial is None or text in (f"{partial:g}", f"−{-partial:g}")
    number = "" if is_number else f" = {partial!r}"
    return f"∂{op.name}/∂{name} = {text.replace('ᵢ', subscript)}{number}"


def signature(op: Op) -> str:
    """Return the signature as `inspect` reads it: only literals, so inf is 1e999."""
    if op.many:
        return "(*xs)"
    first = len(op.names) - len(op.defaults)
    defaults = [repr(x).replace("inf", "1e999") for x in op.defaults]
    last = [f"{name}={default}" for name, default in zip(op.names[first:], defaults)]
    return f"({', '.join([*op.names[:first], '/', *last])})"


def documentation(op: Op) -> str:
    """Say what the op computes, its formulas, and its domain: what ``help(tanh)`` shows."""
    told = (op.forward.__doc__ or f"Return {op.name} of the operands.").strip().partition("\n\n")[0]
    if op.names == ("a",):
        told = told.replace(" x", " a")  # which math calls it
    lines = [" ".join(told.split()), ""]
    for text, name in zip(op.formulas, op.names):
        lines.append(f"∂{op.name}/∂{name.replace('…', 'ᵢ')} = {text}")
    if op.domain[0] > -1e999 or op.domain[1] < 1e999:
        lines.append("Takes numbers between {:g} and {:g}; else a ValueError.".format(*op.domain))
    return "\n".join(lines).rstrip()


def rule_text(rule: Callable[..., Any]) -> tuple[str, ...]:
    """Return a rule's own expressions, read back from its source; () where that is not to be had.

    So an op that comes without a formula is shown by its rule, if that is a lambda in a file.
    """
    import ast
    import linecache

    code = rule.__code__
    names = code.co_varnames[: code.co_argcount]
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return ()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Lambda)
            and node.lineno == code.co_firstlineno
            and tuple(argument.arg for argument in node.args.args) == names
        ):
            parts = node.body.elts if isinstance(node.body, ast.Tuple) else [node.body]
            return tuple(map(ast.unparse, parts))
    return ()


def _subscript(i: int) -> str:
    return str(i).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
