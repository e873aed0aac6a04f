"""Copies of values: of one, and of a whole graph.

What you can do with it::

    >>> import copy
    >>> from micrograd_like import Value
    >>> x = Value(2.0, label="x")
    >>> y = copy.deepcopy(x * x)        # its leaves are new ones, too
    >>> y.data, y.operands[0] is x
    (4.0, False)
"""

from __future__ import annotations

import copy

from .engine import Value, topological_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def copy_of(value: Value, operand_of: Callable[[Value], Value] = lambda operand: operand) -> Value:
    """Return a value made as this one was, of its operands, or of those that stand for them."""
    out = Value(value._data, value.label)
    out.grad, out.op = value.grad, value.op
    if value.line:
        out._line = value.line
    a, b, out._da, out._db = value._a, value._b, value._da, value._db
    if a is not None:
        out._a = tuple(map(operand_of, a)) if type(a) is tuple else operand_of(a)
        out._b = None if b is None else operand_of(b)
    return out


def deep_copy_of(root: Value, memo: dict[int, Any]) -> Any:
    """Return a copy of the whole graph below a value, leaves too, however deep it is."""
    originals = [value for value in topological_order(root) if id(value) not in memo]
    for value in originals:
        memo[id(value)] = copy_of(value, lambda operand: memo[id(operand)])
    for value in originals:
        memo[id(value)].grad = copy.deepcopy(value.grad, memo)
    return memo[id(root)]
