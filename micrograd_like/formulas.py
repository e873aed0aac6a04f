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

from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .ops import Op

TAKES_ANY_NUMBER = 0x04  # a flag of code: it has *args
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def argument_names(rule: Callable[..., Any]) -> tuple[str, ...]:
    """Return what a rule calls its operands: its arguments but the first, which is ``out``."""
    code = getattr(rule, "__code__", None)
    names: tuple[str, ...] = code.co_varnames[1 : code.co_argcount] if code else ()
    if code is None or not names or code.co_flags & TAKES_ANY_NUMBER:
        raise ValueError(
            "the rule does not tell its operands' names: pass them, as in names='a b', or "
            "names='x…' for any number of operands in one sequence"
        )
    return names


def split(op: str, formula: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the formulas, one for each of the operands' names; () if none are given."""
    found = tuple(formula.split("; ")) if formula else ()
    if found and len(found) != len(names):
        raise ValueError(
            f"{op} has {len(found)} formulas for {len(names)} names ({', '.join(names)}): write "
            "one for each, with '; ' between them"
        )
    return found


def is_foreign(forward: Callable[..., Any]) -> bool:
    """Tell a function of the user's own from one of Python's or of this package."""
    own = ("math", "operator", "_operator", __name__.rpartition(".")[0])
    return str(getattr(forward, "__module__", None)).partition(".")[0] not in own


def places(names: tuple[str, ...], n: int) -> list[tuple[int, str, str]]:
    """Return for each of ``n`` operands the place of its name, the name, and its subscript."""
    return [place(names, i, n) for i in range(n)]


def place(names: tuple[str, ...], i: int, n: int) -> tuple[int, str, str]:
    """Return the same of the i-th operand alone."""
    lists = sum(name.endswith("…") for name in names)
    size = n // 2 if lists == 2 else n - len(names) + 1
    for which, name in enumerate(names):
        if not name.endswith("…"):
            if i == 0:
                return which, name, ""
            i -= 1
        elif i < size:
            return which, f"{name[:-1]}{_subscript(i + 1)}", _subscript(i + 1)
        else:
            i -= size
    raise IndexError(i)


def formula(op: Op, i: int, n: int, partial: float | None = None) -> str:
    """Return the derivative by the i-th of ``n`` operands, and what the number ``partial`` is,
    unless the formula is that number."""
    which, name, subscript = place(op.names, i, n)
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
    if told.startswith(f"{op.name}("):  # math.log begins with its signature
        told = told.partition("\n")[2]
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

    So an op that comes without a formula is shown by its rule, if that is a lambda in a file, and
    the only one like it on its line.
    """
    if rule not in _READ:
        _READ[rule] = _read(rule)
    return _READ[rule]


_READ: dict[Callable[..., Any], tuple[str, ...]] = {}


def _read(rule: Callable[..., Any]) -> tuple[str, ...]:
    import ast
    import linecache

    code = getattr(rule, "__code__", None)
    if code is None or code.co_flags & TAKES_ANY_NUMBER:
        return ()
    names = code.co_varnames[: code.co_argcount]
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except SyntaxError:
        return ()
    found = [
        node.body
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and tuple(argument.arg for argument in node.args.args) == names
    ]
    if len(found) != 1:
        return ()
    (body,) = found
    return tuple(map(ast.unparse, body.elts if isinstance(body, ast.Tuple) else [body]))


def call(name: str, operands: Sequence[Any], most: int = 8) -> str:
    """Return an op applied to operands as text, with labels and values: log(x=-1.0)."""
    shown = [_shown(x) for x in operands[:most]]
    if len(operands) > most:
        shown.append(f"… and {len(operands) - most} more")
    return f"{name}({', '.join(shown)})"


def error(op: Op, error: Exception, operands: Sequence[Any]) -> Exception:
    """Return an error again with a message that names the op, the operands and their values."""
    text, n = str(error), len(op.names)
    if len(operands) != n and not op.many:
        takes = f"takes {n} operand{'s' * (n != 1)}, {', '.join(op.names)}"
        return TypeError(f"{op.name} {takes}; got {len(operands)}")
    if _raised_in(error) == "record" and ("unpack" in text or "iterable" in text):
        text = "its rule must return a tuple of numbers, with one partial for each operand"
    elif isinstance(error, TypeError):
        return TypeError(f"{op.name}: {text}")
    elif isinstance(error, ValueError) and (op.domain[0] > -1e999 or op.domain[1] < 1e999):
        text += "; {} takes numbers between {:g} and {:g}".format(op.name, *op.domain)
    lines = dict.fromkeys(getattr(x, "line", "") for x in operands)  # after trace_lines()
    made = "".join(f"; made at {line}" for line in lines if line)
    try:
        return type(error)(f"{call(op.name, operands)}: {text}{made}")
    except TypeError:  # a kind of error that is made of more than a message
        return error


def _raised_in(error: Exception) -> str:
    """Return the name of the function that raised an error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_name if traceback else ""


def _shown(x: Any) -> str:
    label = str(getattr(x, "label", ""))
    data = getattr(x, "data", x)
    number = shorten(data) if abs(data) > 1e300 and isinstance(data, int) else repr(float(data))
    return f"{shorten(label)[1:-1]}={number}" if label else number


def _subscript(i: int) -> str:
    return str(i).translate(SUBSCRIPTS)
