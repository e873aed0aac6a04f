"""Gradients as functions: of a value with respect to others, with no ``grad`` touched.

What you can do with it::

    >>> from micrograd_like import Value, gradients
    >>> x = Value(3.0, label="x")
    >>> y = x**3
    >>> gradients(y, [x])
    [27.0]
    >>> (slope,) = gradients(y, [x], create_graph=True)    # a Value, to be differentiated again
    >>> gradients(slope, [x]), x.grad
    ([18.0], 0)

The walk is that of `Value.backward`, with the gradients in a dict in place of ``grad``: so any
number of threads may run it over the same values.
"""

from __future__ import annotations

from math import isfinite
from operator import mul

from . import engine
from .engine import Value, topological_order
from .ops import as_float, number
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    Grads = dict[Value, Any]


def gradients(
    y: Value, xs: Iterable[Value], create_graph: bool = False, seed: Value | float = 1.0
) -> list[Any]:
    """Return the gradients of ``y`` with respect to each of ``xs``, leaves or not, as floats.

    No ``grad`` is touched. A value that ``y`` does not depend on has the gradient 0.0. With
    ``create_graph=True`` the gradients are Values with a graph of their own, so that second and
    third derivatives come from the same rules. This needs the leaves' data to be what it was when
    the graph was recorded; RuntimeError is raised where a node's value or partials would differ.
    """
    xs = [xs] if isinstance(xs, Value) else list(xs)
    for role, x in (("gradients of", y), *(("gradients with respect to", x) for x in xs)):
        if not isinstance(x, Value):
            raise TypeError(f"{role} {shorten(x)} of type {type(x).__name__}: not a Value")
    grads = _values(y, seed) if create_graph else _floats(y, seed)
    return [grads[x] if x in grads else Value(0.0) if create_graph else 0.0 for x in xs]


def backward_with_graph(y: Value, seed: Value | float = 1.0) -> None:
    """Set the ``grad`` of every value that ``y`` was made of, as `Value.backward` does, to a Value.

    Values and their gradients then refer to each other, so that only the garbage collector frees
    them; ``gradients(y, xs, create_graph=True)`` makes no such cycles.
    """
    set_gradients(_values(y, seed))


def set_gradients(grads: Grads) -> None:
    """Make gradients those of their values: leaves add them up, others are overwritten."""
    leaves = [x for x in grads if x.op is None]
    sums = [_sum(x.grad, grads[x]) for x in leaves]
    for x, grad in grads.items():
        if x.op is not None:
            x.grad = grad
    any(map(engine._set_grad, leaves, sums))  # in C: all of them or none


def _sum(grad: Any, more: Any) -> Any:
    """Add to a ``grad``; to one that is unset, without recording an addition to 0."""
    return grad + more if isinstance(grad, Value) or grad else more


def _floats(root: Value, seed: Any) -> Grads:
    """Return the gradient of ``root`` with respect to each value: the loop of `Value.backward`."""
    order = topological_order(root)
    grads = dict.fromkeys(order, 0.0)
    grads[root] = as_float(number(seed))
    for out in reversed(order):
        grad, a, b = grads[out], out._a, out._b
        if b is not None:
            grads[a] += grad * out._da
            grads[b] += grad * out._db
        elif type(a) is tuple:
            if grad or not isfinite(sum(out._da)):
                for x, dx in zip(a, out._da):
                    grads[x] += grad * dx
        elif a is not None:
            grads[a] += grad * out._da
    if engine.hook is not None:
        engine.hook.walked(root, grads[root], order, map(grads.__getitem__, order))
    return grads


def _values(root: Value, seed: Any) -> Grads:
    """Do the same over Values, so that the operations of the walk are recorded themselves.

    A gradient that is constant is a float until the end. One that is a value of the graph, as b is
    for a*b, or that two leaves share, gets a node of its own.
    """
    order = topological_order(root)
    grads: Grads = {root: seed if isinstance(seed, Value) else as_float(seed)}
    for _ in edges(order, grads, _partial_values, _times):
        pass
    taken = {*order, seed}
    for x, grad in grads.items():
        if not isinstance(grad, Value):
            grads[x] = Value(grad)
        elif grad in taken:
            grads[x] = grad * 1.0
        if x.op is None:
            taken.add(grads[x])
    if engine.hook is not None:
        engine.hook.walked(root, number(seed), order, [grads[x].data for x in order])
    return grads


def edges(
    order: Sequence[Value],
    grads: Grads,
    partials: Callable[[Value], Sequence[Any]] = lambda out: out.partials,
    times: Callable[[Any, Any], Any] = mul,
) -> Iterator[tuple[Value, int, Any]]:
    """Do the walk edge by edge, and sum up the gradients in ``grads``, where the root's is.

    Yield after each edge the node, the place of the operand, and what the operand's gradient was
    before: None if nothing had arrived.
    """
    for out in reversed(order):
        grad = grads.get(out)
        for i, (x, partial) in enumerate(zip(out.operands, partials(out))):
            product = times(grad, partial)
            before = grads.get(x)
            grads[x] = product if before is None else before + product
            yield out, i, before


def _times(grad: Any, partial: Any) -> Any:
    """Multiply, but record no multiplication by the constant 1."""
    if not isinstance(grad, Value) and grad == 1.0:
        return partial
    return grad if not isinstance(partial, Value) and partial == 1.0 else grad * partial


def _partial_values(out: Value) -> tuple[Any, ...]:
    """Return the partials of ``out`` by its op's rule on its operands: Values where they depend on
    them, floats where they are constant."""
    if out._data != out._data or out.op is None:
        return out.partials
    try:
        data = out.op.value([x._data for x in out.operands])
        partials = out.op.partials_at(out.operands, out)
        if data == out._data and all(
            number(new) == old or old != old for new, old in zip(partials, out.partials)
        ):
            return partials
    except (ArithmeticError, ValueError):
        pass
    except TypeError as error:  # a rule of arithmetic and rows takes Values
        raise out.op.error(error, out.operands) from error
    raise RuntimeError(
        f"the data of an operand of {out!r} has changed since it was recorded: its partials "
        f"were {out.partials} then; compute it again before differentiating with create_graph"
    )
