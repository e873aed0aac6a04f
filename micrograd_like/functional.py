"""Functions in, functions out: gradients, Jacobians and Hessians of functions of numbers.

What you can do with it::

    >>> from micrograd_like import Value, grad, gradients, hessian, jvp, sin
    >>> def f(x, y):
    ...     return x * x * y + sin(y)
    >>> grad(f)(3.0, 2.0), grad(f, argnums=(0, 1))(3.0, 2.0)
    (12.0, (12.0, 8.583853163452858))
    >>> grad(grad(f))(3.0, 2.0)                            # they nest
    4.0
    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    >>> jvp(f, (3.0, 2.0), (1.0, 0.0))                     # the value, and how fast it changes
    (18.90929742682568, 12.0)
    >>> gradients((x := Value(3.0)) ** 3, [x])             # of a graph
    [27.0]

Names and habits are JAX's. Arguments are numbers, or lists, tuples, dicts, arrays of them, and what
comes back has their structure. Floats in, floats out; Values in, Values out, with a graph.
``xs`` are the numbers of the arguments that ``argnums`` chooses, ``ys`` those returned.
"""

from __future__ import annotations

from _contextvars import ContextVar
from contextlib import contextmanager
from functools import reduce, wraps
from itertools import repeat
from math import isfinite, nan
from numbers import Real
from operator import add, attrgetter

from . import engine, ops
from .engine import Value, topological_order
from .hooks import recording, records
from .ops import as_float, number
from .structures import like, mapped, match, numbers
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    Function = Callable[..., Any]
    Grads = dict[Value, Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that returns the gradient of ``f``, whose result is one number.

    ``argnums`` says by which arguments: an int for that one's gradient, a tuple for a tuple of
    them. The others, and arguments by name, are handed through as they are.
    """
    both = value_and_grad(f, argnums)
    return wraps(f)(lambda *args, **named: both(*args, **named)[1])


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that returns the pair of ``f``'s value and its gradient: see `grad`."""

    @wraps(f)
    def both(*args: Any, **named: Any) -> tuple[Any, Any]:
        call = _Call(f, args, named, argnums)
        if not isinstance(call.out, (Value, Real)):
            raise TypeError(
                f"{_name(f)} returned {shorten(call.out)}: a gradient is of one Value; of a list "
                "or a dict of them, take jacobian"
            )
        return call.value(), call.like_xs(call.back(call.ys[0]))

    return both


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function that returns the derivatives of ``f``, as ``[output][input]``.

    It walks forward or in reverse, whichever needs fewer walks.
    """

    @wraps(f)
    def rows(*args: Any, **named: Any) -> Any:
        call = _Call(f, args, named, argnums)
        if 0 < len(call.xs) < len(call.ys):
            found: Iterable[Any] = zip(*[call.forward({x: 1.0}) for x in call.xs])
        else:
            found = map(call.back, call.ys)
        return like(call.out, map(call.like_xs, found))

    return rows


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return the function of ``f``'s second derivatives: the jacobian of its grad."""
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the Hessian of ``f`` at the arguments ``primals``, times the vector ``tangents``.

    It has the structure of the argument, and takes a few times what the gradient takes.
    """
    argnums = 0 if len(primals) == 1 else range(len(primals))
    return jvp(grad(f, argnums), primals, tangents)[1]


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return ``f(*primals)`` and how fast it changes where its arguments change by ``tangents``.

    This is forward mode: one walk for any number of outputs.
    """
    call = _Call(f, tuple(primals), {}, range(len(primals)))
    speeds = numbers(tuple(tangents))
    match("tangents", speeds, call.xs, "primals")
    call.values |= any(isinstance(speed, Value) for speed in speeds)
    return call.value(), like(call.out, call.forward(dict(zip(call.xs, speeds))))


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``f(*primals)`` and its pullback: a function from the gradients of a scalar with
    respect to the results, in their structure, to a tuple of those with respect to the primals.

    This is reverse mode.
    """
    call = _Call(f, primals, {}, range(len(primals)))

    def pullback(cotangents: Any) -> Any:
        seeds = numbers(cotangents)
        match("cotangents", seeds, call.ys, "outputs")
        return call.like_xs(call.back(_joined(call.ys, seeds), seeds))

    return call.value(), pullback


# ---------------------------------------------------------------------------- of one call

_outer: ContextVar[tuple[Value, ...]] = ContextVar("outer", default=())  # xs of calls under way


class _Call:
    """A call of a function, recorded from Values of its own to what it returned.

    Of a Value that came in, the function gets a node of its own: were it the same, a function that
    mentions it by name as well would mix up the two. And where floats came in, but the result
    depends on a call further out, by name, Values are returned all the same.
    """

    def __init__(self, f: Function, args: Any, named: Any, argnums: Any) -> None:
        self.one = not hasattr(argnums, "__iter__")
        try:
            chosen = [range(len(args))[i] for i in ([argnums] if self.one else argnums)]
        except IndexError:
            told = f"argnums is {argnums}, but {_name(f)} was called with {len(args)} arguments"
            raise TypeError(told) from None
        if len({*chosen}) < len(chosen):
            raise ValueError(f"argnums is {argnums}: it names an argument twice")
        self.args = tuple([args[i] for i in chosen])
        given = numbers(self.args)
        self.values = any(isinstance(x, Value) for x in given)
        with recording():
            self.xs = [_own(x) for x in given]
            new = dict(zip(chosen, like(self.args, self.xs)))
            outer = _outer.get()
            token = _outer.set((*outer, *self.xs))
            try:
                self.out = f(*[new.get(i, arg) for i, arg in enumerate(args)], **named)
            finally:
                _outer.reset(token)
        self.ys = numbers(self.out)
        if outer and not self.values:
            self.values = not {*outer}.isdisjoint(topological_order(_joined(self.ys)))

    def value(self) -> Any:
        """Return what the function returned: floats, if floats came in."""
        return like(self.out, self._results(self.ys))

    def like_xs(self, grads: Iterable[Any]) -> Any:
        """Return gradients in the structure of the arguments."""
        found = like(self.args, grads)
        return found[0] if self.one else found

    def back(self, y: Any, seeds: Iterable[Any] = ()) -> list[Any]:
        """Return the gradients of an output with respect to the inputs."""
        if not isinstance(y, Value):
            return self._results([0.0] * len(self.xs))
        values = self.values or any(isinstance(seed, Value) for seed in seeds)
        with recording(), _cut(self.xs):
            grads = _values(y, 1.0, self.xs, _rule) if values else _floats(y, 1.0)
            found = [grads.get(x, 0.0) for x in self.xs]
        return self._results(found, values)

    def forward(self, speeds: Grads) -> list[Any]:
        """Return how fast the outputs change, where the inputs change at these speeds."""
        partials: Any = _rule if self.values else attrgetter("partials")
        with recording(), _cut(self.xs):
            for out in topological_order(_joined(self.ys))[:-1]:
                if out not in speeds and not speeds.keys().isdisjoint(out.operands):
                    edges = zip(out.operands, partials(out))
                    speeds[out] = reduce(
                        add, [_times(speeds[x], p) for x, p in edges if x in speeds]
                    )
            found = [speeds.get(y, 0.0) for y in self.ys]
        return self._results(found)

    def _results(self, found: Sequence[Any], values: bool = False) -> list[Any]:
        if not (values or self.values):
            return [float(number(x)) for x in found]
        made = [x if isinstance(x, Value) else Value(x) for x in found]
        return made if records() else [x.detach() for x in made]


def _name(f: Any) -> str:
    return str(getattr(f, "__name__", type(f).__name__))


def _own(x: Any) -> Value:
    """Return a new Value for a number; for a Value a node, on which what it leads on to depends."""
    if not isinstance(x, Value):
        return Value(x)
    own: Value = ops.prod(x)  # the product of one
    own.label = x.label
    return own


def _joined(ys: Iterable[Any], seeds: Iterable[Any] = repeat(1.0)) -> Value:
    """Return a root of all ``ys``: one that hands on seeds, and belongs to nobody's graph."""
    edges = [(y, seed) for y, seed in zip(ys, seeds) if isinstance(y, Value)]
    root = Value(nan)  # of a nan the partials are used as they are
    if edges:
        root.op, (root._a, root._da) = ops.fsum, zip(*edges)
    return root


@contextmanager
def _cut(xs: Sequence[Value]) -> Iterator[None]:
    """Let walks end at ``xs``, where a function begins: what is further out is not its own."""
    operands = [x._a for x in xs]
    for x in xs:
        x._a = None
    try:
        yield
    finally:
        for x, a in zip(xs, operands):
            x._a = a


# ---------------------------------------------------------------------------- walks


def gradients(y: Value, xs: Any, create_graph: bool = False, seed: Any = 1.0) -> list[Any]:
    """Return the gradients of ``y`` with respect to each of ``xs``, leaves or not, as floats.

    For a list of Values, a list; for an array of them, an array of floats in its shape. No ``grad``
    is touched. A value that ``y`` does not depend on has the gradient 0.0. With
    ``create_graph=True`` the gradients are Values with a graph of their own, so that second and
    third derivatives come from the same rules. This needs the leaves' data to be what it was when
    the graph was recorded; RuntimeError is raised where a node's value or partials would differ.
    """
    xs = [xs] if isinstance(xs, Value) else xs if hasattr(xs, "flat") else list(xs)
    wanted: list[Any] = []
    mapped(xs, wanted.append)
    for role, x in (("gradients of", y), *(("gradients with respect to", x) for x in wanted)):
        if not isinstance(x, Value):
            raise TypeError(f"{role} {shorten(x)} of type {type(x).__name__}: not a Value")
    grads = _values(y, seed, wanted) if create_graph else _floats(y, seed)
    for x in wanted:
        if x not in grads:
            grads[x] = Value(0.0) if create_graph else 0.0
    found: list[Any] = like(xs, [grads[x] for x in wanted])
    return found


def backward_with_graph(y: Value, seed: Value | float = 1.0) -> None:
    """Set the ``grad`` of every value that ``y`` was made of, as `Value.backward` does, to a Value.

    Values and their gradients then refer to each other, so that only the garbage collector frees
    them; ``gradients(y, xs, create_graph=True)`` makes no such cycles.
    """
    set_gradients(_values(y, seed, topological_order(y)))


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


def _values(root: Value, seed: Any, xs: Sequence[Value], partials: Any = None) -> Grads:
    """Walk back over Values, so that the operations of the walk are recorded themselves.

    Only where ``xs`` lie below. A gradient that is constant is a float until the end. One that is a
    value of the graph, as b is for a*b, or that two leaves share, gets a node of its own.
    """
    partials = partials or _partial_values
    order = topological_order(root)
    taken = {*order, seed}
    kept = {*xs}
    for out in order:
        if not kept.isdisjoint(out.operands):
            kept.add(out)
    order = [out for out in order if out in kept]
    grads: Grads = {root: seed if isinstance(seed, Value) else as_float(seed)}
    for out in reversed(order):
        if out._a is not None and not kept.isdisjoint(out.operands):
            for x, partial in zip(out.operands, partials(out)):
                if x in kept:
                    product, before = _times(grads[out], partial), grads.get(x)
                    grads[x] = product if before is None else before + product
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


def edges(order: Sequence[Value], grads: Grads) -> Iterator[tuple[Value, int, Any]]:
    """Do the walk edge by edge, and sum up the gradients in ``grads``, where the root's is.

    Yield after each edge the node, the place of the operand, and what the operand's gradient was
    before: None if nothing had arrived.
    """
    for out in reversed(order):
        for i, (x, partial) in enumerate(zip(out.operands, out.partials)):
            product, before = grads[out] * partial, grads.get(x)
            grads[x] = product if before is None else before + product
            yield out, i, before


def _times(grad: Any, partial: Any) -> Any:
    """Multiply, but record no multiplication by the constant 1."""
    if not isinstance(grad, Value) and grad == 1.0:
        return partial
    return grad if not isinstance(partial, Value) and partial == 1.0 else grad * partial


def _rule(out: Value) -> tuple[Any, ...]:
    """Return the partials by the op's rule: Values, but for floats where they are constant."""
    if out._data != out._data or out.op is None:
        return out.partials
    if engine.hook is not None and (found := engine.hook.partials(out)) is not None:
        return tuple(found)
    try:
        return out.op.partials_at(out.operands, out)
    except TypeError as error:  # a rule of arithmetic and rows takes Values
        raise out.op.error(error, out.operands) from error


def _partial_values(out: Value) -> tuple[Any, ...]:
    """Return the same, once the operands' data is what it was when they were recorded."""
    if out._data != out._data or out.op is None:
        return out.partials
    try:
        data, partials = out.op.value([x._data for x in out.operands]), _rule(out)
        if data == out._data and all(
            number(new) == old or old != old for new, old in zip(partials, out.partials)
        ):
            return partials
    except (ArithmeticError, ValueError):
        pass
    raise RuntimeError(
        f"the data of an operand of {out!r} has changed since it was recorded: its partials "
        f"were {out.partials} then; compute it again before differentiating with create_graph"
    )
