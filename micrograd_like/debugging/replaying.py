"""What a graph would be with other numbers.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> y = tanh(x * w)
    >>> replay(y, {w: 0.0})[y].data, y.data
    (0.0, -0.7615941559557649)
"""

from __future__ import annotations

from collections.abc import Mapping

from ..engine import Value, topological_order
from ..text import shorten


def replay(root: Value, changes: Mapping[Value, float]) -> dict[Value, Value]:
    """Return a twin of every value of a graph, made anew by the rows, with some numbers changed.

    A leaf counts with the number it has now. A node that is given a number is a leaf of the new
    graph. Nothing of the old one is changed.
    """
    twins: dict[Value, Value] = {}
    for out in topological_order(root):
        if out in changes:
            twins[out] = Value(changes[out])
        elif out.op is None:
            twins[out] = Value(out.data)
        else:
            twins[out] = out.op(*[twins[x] for x in out.operands])
        twins[out].label = out.label
    if strangers := changes.keys() - twins.keys():
        raise ValueError(f"{shorten(strangers.pop())} is not in the graph of {shorten(root)}")
    return twins
