"""Values that remember how they were made, and the chain rule that runs back through them.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> y = tanh(a * b + 2**a)          # records a graph of values, one per operation
    >>> y.op, y.operands[0].data
    (<op tanh>, -2.0)
    >>> y.backward()                    # d(y)/d(value) for every value in the graph
    >>> a.grad, b.grad
    (-0.016066794354671537, 0.14130164970632894)

A node of the graph is a `Value`: ``data`` (a float), how it was made (``op``, ``operands``,
``partials``; a leaf has none of these), its ``label``, and its ``grad``. The partials are numbers,
taken when the value is made, so that nothing done to a leaf afterwards can change a recorded graph.

The short names: ``a`` and ``b`` are the operands of ``out``, ``da`` and ``db`` its partials with
respect to them. An op of any number of operands keeps them all, as tuples, in ``a`` and ``da``.
"""

from __future__ import annotations

import math
import operator
from itertools import filterfalse
from math import inf, isfinite, nan
from numbers import Real

from . import ops
from .ops import Nary, Op, Recorder, Unary, add, as_float, mul, shorten, sub

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .explain import Explanation
    from .graph import Graph
    from .stepping import Step


class Value(Recorder):
    """A number in a computation graph: its data, how it was made, and its gradient.

    ``Value(data, label="")`` makes a leaf; every operation on Values makes a node. A Value behaves
    as the float it holds: the same bits, the same exceptions, ``<`` and ``float()`` and ``round()``
    of the data; but it is equal only to itself.

    ``grad`` is the integer 0 until a `backward` reaches the value: a gradient that was computed is
    a float, also where it is 0.0. Set it to 0 to start a sum of gradients afresh.
    """

    # Two operands and two partials stand in slots of their own: without tuples a node takes a
    # half of the memory, and the cyclic collector, which counts containers, a third of the time.
    __slots__ = ("_a", "_b", "_da", "_data", "_db", "_line", "grad", "label", "op")

    __array_ufunc__ = None  # NumPy leaves arithmetic with Values to them

    grad: Any  # a float, or a Value after backward(create_graph=True)
    label: str
    op: Op | None
    _line: str  # set by tracing.trace_lines only
    _data: float
    _a: Any
    _b: Any
    _da: Any
    _db: Any

    def __init__(self, data: float, label: str = "") -> None:
        self._data = data if type(data) is float else as_float(data)
        self.grad = 0
        self.label = label
        self.op = self._a = self._b = self._da = self._db = None

    # ------------------------------------------------------------------ the recorded graph

    @property
    def data(self) -> float:
        """The number. Setting it takes what ``Value(data)`` takes; no recorded graph changes."""
        return self._data

    @data.setter
    def data(self, data: float) -> None:
        self._data = data if type(data) is float else as_float(data)

    @property
    def operands(self) -> tuple[Value, ...]:
        """The values this one was made of, in order, duplicates kept; () for a leaf."""
        a, b = self._a, self._b
        return (a, b) if b is not None else () if a is None else a if type(a) is tuple else (a,)

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivative of this value with respect to each operand, as recorded."""
        a, da, db = self._a, self._da, self._db
        return (
            (da, db) if db is not None else () if a is None else da if type(a) is tuple else (da,)
        )

    @property
    def line(self) -> str:
        """Where it was made, as "train.py:12", if `trace_lines` was on then; else ""."""
        return getattr(self, "_line", "")

    @property
    def _prev(self) -> set[Value]:
        """The set of operands, under micrograd's name."""
        return set(self.operands)

    @property
    def _op(self) -> str:
        """The op's symbol, under micrograd's name."""
        return self.op.symbol if self.op else ""

    def record(self, op: Op, *operands: Any) -> Value:
        """Apply ``op`` to ``operands``, Values or numbers, and return the node that it makes."""
        if len(operands) > 1:
            operands = tuple([x if isinstance(x, Value) else Value(x) for x in operands])
        return apply(op, operands)

    def graph(self, *others: Value, **options: Any) -> Graph:
        """Return the picture of this value's graph: see `micrograd_like.graph.Graph`."""
        from .graph import Graph

        return Graph(self, *others, **options)

    def page(self, path: str | os.PathLike[str], **options: Any) -> None:
        """Write a page to step through backpropagation in a browser: see `micrograd_like.page`."""
        from .page import write

        write(self, path, **options)

    # ------------------------------------------------------------------ backward

    def backward(self, seed: float = 1.0, create_graph: bool = False) -> None:
        """Compute the gradient of this value with respect to every value it was made of.

        Leaves add it to their ``grad``, so that the gradients of several losses sum up; everything
        in between has its ``grad`` overwritten. ``seed`` is the gradient of this value itself.
        With ``create_graph=True`` the gradients are Values, to be differentiated in their turn.
        Values and their gradients then refer to each other, so that only the garbage collector
        frees them; `gradients` makes no such cycles.

        Whatever interrupts it, a leaf's ``grad`` is as before the call or as after it.
        """
        _commit(*_backpropagate(self, seed, create_graph), create_graph)

    def steps(self, seed: float = 1.0) -> Iterator[Step]:
        """Go through the walk that `backward` does, edge by edge: see `micrograd_like.stepping`.

        What is left behind when it is exhausted is exactly what `backward` leaves; given up before
        that, it leaves every gradient as it was.
        """
        from .stepping import steps

        return steps(self, seed)

    def explain(self, x: Value, k: int = 5) -> Explanation:
        """Say why the gradient of this value with respect to ``x`` is what it is, by its paths."""
        from .explain import explain

        return explain(x, self, k)

    # ------------------------------------------------------------------ arithmetic

    # `+`, `-` and `*` are written out, as they are most of the work of training a network.

    def __add__(self, other: Any) -> Value:
        if type(other) is not Value and (other := _operand(other)) is None:
            return NotImplemented
        a, b = self._data, other._data
        out = a + b
        da, db = add.partials(a, b, out)
        return _node(out, add, self, other, da, db)

    def __mul__(self, other: Any) -> Value:
        if type(other) is not Value and (other := _operand(other)) is None:
            return NotImplemented
        a, b = self._data, other._data
        out = a * b
        da, db = mul.partials(a, b, out)
        return _node(out, mul, self, other, da, db)

    def __sub__(self, other: Any) -> Value:
        if type(other) is not Value and (other := _operand(other)) is None:
            return NotImplemented
        a, b = self._data, other._data
        out = a - b
        da, db = sub.partials(a, b, out)
        return _node(out, sub, self, other, da, db)

    def __truediv__(self, other: Value | float) -> Value:
        return _arithmetic(ops.div, self, other)

    def __floordiv__(self, other: Value | float) -> Value:
        return _arithmetic(ops.floordiv, self, other)

    def __mod__(self, other: Value | float) -> Value:
        return _arithmetic(ops.mod, self, other)

    def __divmod__(self, other: Value | float) -> tuple[Value, Value]:
        divisor = _operand(other)
        return NotImplemented if divisor is None else (self // divisor, self % divisor)

    def __pow__(self, other: Value | float) -> Value:
        return _arithmetic(ops.pow if isinstance(other, Value) else ops.power, self, other)

    def __radd__(self, other: float) -> Value:
        return _arithmetic(add, other, self)

    def __rmul__(self, other: float) -> Value:
        return _arithmetic(mul, other, self)

    def __rsub__(self, other: float) -> Value:
        return _arithmetic(sub, other, self)

    def __rtruediv__(self, other: float) -> Value:
        return _arithmetic(ops.div, other, self)

    def __rfloordiv__(self, other: float) -> Value:
        return _arithmetic(ops.floordiv, other, self)

    def __rmod__(self, other: float) -> Value:
        return _arithmetic(ops.mod, other, self)

    def __rdivmod__(self, other: float) -> tuple[Value, Value]:
        base = _operand(other)
        return NotImplemented if base is None else (base // self, base % self)

    def __rpow__(self, other: float) -> Value:
        return _arithmetic(ops.pow, other, self)

    def __neg__(self) -> Value:
        return ops.neg(self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return ops.abs_(self)

    # ------------------------------------------------------------------ like the float it holds

    def __lt__(self, other: Value | float) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Value | float) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Value | float) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Value | float) -> bool:
        return _compare(operator.ge, self, other)

    def __bool__(self) -> bool:
        return bool(self._data)

    def __float__(self) -> float:
        return float(self._data)

    def __int__(self) -> int:
        return int(self._data)

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self._data, ndigits)

    def __trunc__(self) -> int:
        return math.trunc(self._data)

    def __floor__(self) -> int:
        return math.floor(self._data)

    def __ceil__(self) -> int:
        return math.ceil(self._data)

    def __format__(self, spec: str) -> str:
        return format(self._data, spec)

    def __repr__(self) -> str:
        label = f", label={str(self.label)[:60]!a}" if self.label else ""
        op = f", op={self.op.name}" if self.op else ""
        return f"Value(data={self._data}, grad={self.grad}{label}{op})"

    # ------------------------------------------------------------------ functions as methods

    # A row of the table is a function, and so, as a class attribute, a method: v.exp() is exp(v).

    exp, exp2, expm1, log, log2, log10 = ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10
    log1p, sqrt, cbrt, erf, erfc = ops.log1p, ops.sqrt, ops.cbrt, ops.erf, ops.erfc
    sin, cos, tan, asin, acos, atan = ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan
    sinh, cosh, tanh = ops.sinh, ops.cosh, ops.tanh
    asinh, acosh, atanh = ops.asinh, ops.acosh, ops.atanh
    fabs, sign, floor, ceil, trunc = ops.abs_, ops.sign, ops.floor, ops.ceil, ops.trunc
    degrees, radians, relu, selu, gelu = ops.degrees, ops.radians, ops.relu, ops.selu, ops.gelu
    silu, sigmoid, log_sigmoid = ops.silu, ops.sigmoid, ops.log_sigmoid
    softplus, softsign = ops.softplus, ops.softsign

    def leaky_relu(self, slope: Value | float = 0.01) -> Value:
        return ops.leaky_relu(self, slope)

    def elu(self, alpha: Value | float = 1.0) -> Value:
        return ops.elu(self, alpha)

    def clamp(self, low: Value | float = -inf, high: Value | float = inf) -> Value:
        clamped: Value = clamp(self, low, high)
        return clamped

    # ------------------------------------------------------------------ copies

    def __copy__(self) -> Value:
        return _copy_of(self, lambda operand: operand)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        """Copy the whole graph below this value, leaves too, however deep it is."""
        import copy

        originals = [value for value in topological_order(self) if id(value) not in memo]
        for value in originals:
            memo[id(value)] = _copy_of(value, lambda operand: memo[id(operand)])
        for value in originals:
            memo[id(value)].grad = copy.deepcopy(value.grad, memo)
        copied: Value = memo[id(self)]
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is not None:
            raise TypeError(
                f"cannot pickle {self!r}: it holds the whole graph it was computed from; "
                "pickle its .data, or the leaves (a Module pickles, and has state_dict())"
            )
        return _unpickled, (self._data, self.label, self.grad, self.line)


_new = object.__new__
_grad_of: Callable[[Value], Any] = Value.__dict__["grad"].__get__
_set_grad: Callable[[Value, Any], None] = Value.__dict__["grad"].__set__


def _node(data: float, op: Op, a: Any, b: Any, da: Any, db: Any) -> Value:
    """Make a node. A nan has nan partials: what is undetermined has no derivative."""
    if data != data:
        da, db = (nan,) * len(a) if type(a) is tuple else nan, None if b is None else nan
    out = _new(Value)
    out._data = data
    out.grad = 0
    out.label = ""
    out.op = op
    out._a = a
    out._b = b
    out._da = da
    out._db = db
    return out


def _unpickled(data: float, label: str, grad: Any, line: str = "") -> Value:
    leaf = Value(data, label)
    leaf.grad = grad
    if line:
        leaf._line = line
    return leaf


def _copy_of(value: Value, operand_of: Callable[[Value], Value]) -> Value:
    out = Value(value._data, value.label)
    out.grad, out.op = value.grad, value.op
    if value.line:
        out._line = value.line
    a, b, out._da, out._db = value._a, value._b, value._da, value._db
    if a is not None:
        out._a = tuple(map(operand_of, a)) if type(a) is tuple else operand_of(a)
        out._b = None if b is None else operand_of(b)
    return out


def _add(grad: Any, more: Any) -> Any:
    """Add to a leaf's ``grad``; to one that is unset, without recording an addition to 0."""
    return grad + more if isinstance(grad, Value) or grad else more


def _operand(x: Any) -> Any:
    """Return ``x`` as a Value, or None where a float would refuse it as an operand."""
    if isinstance(x, Value):
        return x
    try:
        return Value(x)
    except TypeError:
        return None


def apply(op: Op, operands: tuple[Value, ...]) -> Value:
    """Apply ``op`` to Values and return the node that it makes."""
    if isinstance(op, Unary):
        return apply_unary(op, *operands)
    if isinstance(op, Nary):
        return apply_nary(op, operands)
    try:
        x, y = operands
        a, b = x._data, y._data
        out = op.forward(a, b)
        da, db = op.partials(a, b, out)
        return _node(out, op, x, y, da, db)
    except (ArithmeticError, ValueError) as error:
        raise op.error(error, operands) from None


def apply_unary(op: Unary, x: Value) -> Value:
    """Apply an op of one operand to a Value and return the node that it makes."""
    try:
        a = x._data
        out = op.forward(a)
        return _node(out, op, x, None, op.partials(a, out), None)
    except (ArithmeticError, ValueError) as error:
        raise op.error(error, (x,)) from None


def apply_nary(op: Nary, operands: tuple[Value, ...]) -> Value:
    """Apply an op of any number of operands to Values and return the node that it makes."""
    try:
        xs = tuple([x._data for x in operands])
        out = op.forward(xs)
        return _node(out, op, operands, None, op.partials(xs, out), None)
    except (ArithmeticError, ValueError) as error:
        raise op.error(error, operands) from None


def _arithmetic(op: Op, x: Any, y: Any) -> Value:
    """Apply an op of two operands, or return NotImplemented for what is no number."""
    x, y = _operand(x), _operand(y)
    return NotImplemented if x is None or y is None else apply(op, (x, y))


def _compare(compare: Callable[[Any, Any], bool], x: Value, y: Any) -> bool:
    if isinstance(y, Value):
        return compare(x._data, y._data)
    return bool(compare(x._data, y)) if isinstance(y, Real) else NotImplemented


# ---------------------------------------------------------------------------- the chain rule


def topological_order(root: Value) -> list[Value]:
    """Return every value of ``root``'s graph: leaves first, then each node after its operands."""
    order, found = _sort(root)
    return [value for value in found if value.op is None] + order


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
    _, grads = _backpropagate(y, seed, create_graph)
    return [grads[x] if x in grads else Value(0.0) if create_graph else 0.0 for x in xs]


def _sort(root: Value) -> tuple[list[Value], dict[Value, Any]]:
    """Return the nodes below ``root``, operands before results, and 0.0 for each value found.

    A walk down to the leaves that stacks the nodes it still has to come back to. Coming back to a
    node, it goes on to the next operand that has not been found before, or else is done with it.
    """
    order: list[Value] = []
    found: dict[Value, Any] = {root: 0.0}
    stack: list[Value] = []
    rest: dict[Value, Iterator[Value]] = {}  # the operands still to be found, of a node of many
    done, push, pop, known = order.append, stack.append, stack.pop, found.__contains__
    out: Any = root if root.op is not None else None
    while out is not None:
        a, b = out._a, out._b
        if b is not None:
            if a not in found:
                found[a] = 0.0
                if a.op is not None:
                    push(out)
                    out = a
                    continue
            if b not in found:
                found[b] = 0.0
                if b.op is not None:
                    push(out)
                    out = b
                    continue
        elif type(a) is tuple:
            new = rest.pop(out) if out in rest else filterfalse(known, a)
            below = None
            for x in new:  # mostly none, which is found out in C
                found[x] = 0.0
                if x.op is not None:
                    below = x
                    break
            if below is not None:
                push(out)
                rest[out] = new
                out = below
                continue
        elif a not in found:
            found[a] = 0.0
            if a.op is not None:
                push(out)
                out = a
                continue
        done(out)
        out = pop() if stack else None
    return order, found


def _commit(order: list[Value], grads: dict[Value, Any], recorded: bool = False) -> None:
    """Overwrite the ``grad`` of nodes and add to those of leaves, or raise and do neither."""
    leaves = [value for value in grads if value.op is None]
    old, more = [*map(_grad_of, leaves)], [*map(grads.__getitem__, leaves)]
    new: Iterable[Any]
    if recorded or not {*map(type, old)} <= {float, int}:
        new = [*map(_add, old, more)]
    else:
        _ = [*map(operator.add, old, more)]  # may raise, as of an int too large for a float
        new = map(operator.add, map(_grad_of, leaves), more)
    for out in order:
        out.grad = grads[out]
    # This line runs in C from end to end: no signal handler gets in between, nor, where the sums
    # are made here too, another thread.
    any(map(_set_grad, leaves, new))


def _backpropagate(
    root: Value, seed: Any, create_graph: bool
) -> tuple[list[Value], dict[Value, Any]]:
    """Return the nodes below ``root``, and the gradient of ``root`` with respect to each value."""
    if create_graph:
        return _backpropagate_values(root, seed if isinstance(seed, Value) else as_float(seed))
    order, grads = _sort(root)
    grads[root] = as_float(seed)
    for out in reversed(order):
        upstream = grads[out]
        a, b = out._a, out._b
        if b is not None:
            grads[a] += upstream * out._da
            grads[b] += upstream * out._db
        elif type(a) is tuple:
            if upstream or not isfinite(sum(out._da)):  # 0 times finite partials adds nothing
                for x, dx in zip(a, out._da):
                    grads[x] += upstream * dx
        else:
            grads[a] += upstream * out._da
    return order, grads


def _backpropagate_values(root: Value, seed: Any) -> tuple[list[Value], dict[Value, Any]]:
    """Do the same over Values, so that the operations of the walk are recorded themselves.

    A gradient that is constant is a float until the end, and one that is a value of the graph, as b
    is for a*b, gets a node of its own; so does one that is another leaf's already.
    """
    order, found = _sort(root)
    grads: dict[Value, Any] = {root: seed}
    for out in reversed(order):
        upstream = grads[out]
        for x, dx in zip(out.operands, _partial_values(out)):
            product = _times(upstream, dx)
            grads[x] = grads[x] + product if x in grads else product
    taken = {*found, seed}
    for x, grad in grads.items():
        if not isinstance(grad, Value):
            grads[x] = Value(grad)
        elif grad in taken:
            grads[x] = grad * 1.0
        if x.op is None:
            taken.add(grads[x])
    return order, grads


def _times(upstream: Any, partial: Any) -> Any:
    """Multiply, but record no multiplication by the constant 1."""
    if not isinstance(upstream, Value) and upstream == 1.0:
        return partial
    return upstream if not isinstance(partial, Value) and partial == 1.0 else upstream * partial


def _partial_values(out: Value) -> tuple[Any, ...]:
    """Return the partials of ``out`` by its op's rule on its operands: Values where they depend on
    them, floats where they are constant."""
    if out._data != out._data or out.op is None:
        return out.partials
    try:
        data = out.op.value([x._data for x in out.operands])
        partials = out.op.partials_at(out.operands, out)
        if data == out._data and all(
            float(new) == old or old != old for new, old in zip(partials, out.partials)
        ):
            return partials
    except (ArithmeticError, ValueError):
        pass
    raise RuntimeError(
        f"the data of an operand of {out!r} has changed since it was recorded: its partials "
        f"were {out.partials} then; compute it again before differentiating with create_graph"
    )


# ---------------------------------------------------------------------------- functions

# Functions of a fixed number of operands are rows of the table; those below take what math's do.


def log(x: Any, base: Any = None) -> Any:
    """Return the logarithm of ``x`` to the given base, or the natural one."""
    if base is None:
        return ops.log(x)
    try:
        return ops.div(ops.log(x), ops.log(base))
    except ZeroDivisionError as error:
        raise ops.log.error(ZeroDivisionError("the base is 1"), (x, base)) from error


def pow(x: Any, y: Any) -> Any:
    """Return ``x`` to the power ``y``, as `math.pow`: 0 to a negative power is a ValueError."""
    try:
        return (ops.pow if isinstance(y, Value) else ops.power)(x, y)
    except ZeroDivisionError as error:
        raise ValueError(str(error)) from None


def hypot(*coordinates: Any) -> Any:
    """Return the Euclidean norm, the square root of the sum of squares of the coordinates."""
    return ops.hypot(*coordinates)


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """Return the Euclidean distance between two points with the same number of coordinates."""
    return ops.hypot(*map(ops.sub, *_same_length("dist", p, q)))


def fsum(xs: Iterable[Any]) -> Any:
    """Return the sum, rounded once: one node for any number of operands."""
    return ops.fsum(*xs)


def prod(xs: Iterable[Any], *, start: Any = 1) -> Any:
    """Return the product: one node for any number of operands."""
    return ops.prod(*xs) if isinstance(start, int) and start == 1 else ops.prod(start, *xs)


def sumprod(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """Return the sum of the products of two sequences of the same length, without rounding errors
    adding up: one node."""
    p, q = _same_length("sumprod", p, q)
    return ops.sumprod(*p, *q)


def weighted_sum(weights: Iterable[Any], inputs: Iterable[Any], bias: Any = None) -> Any:
    """Return ``bias + w1*x1 + w2*x2 + …``, added in that order, as one node: a neuron's sum."""
    weights, inputs = _same_length("weighted_sum", weights, inputs)
    return ops.weighted_sum(*weights, *inputs, *(() if bias is None else (bias,)))


def maximum(*xs: Any) -> Any:
    """Return the largest of two or more operands; nan if any is nan. k operands that tie for it
    have the partial 1/k each."""
    return ops.maximum(*_two_or_more("maximum", xs))


def minimum(*xs: Any) -> Any:
    """Return the smallest of two or more operands; nan if any is nan. k operands that tie for it
    have the partial 1/k each."""
    return ops.minimum(*_two_or_more("minimum", xs))


def clamp(x: Any, low: Any = -inf, high: Any = inf) -> Any:
    """Return ``x`` limited to ``low`` and ``high``; at a bound its partial is 0."""
    return ops.clamp(x, low, high)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """Return ``x`` where it is positive, else ``slope * x``."""
    return ops.leaky_relu(x, slope)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Return ``x`` where it is positive, else ``alpha * (exp(x) - 1)``."""
    return ops.elu(x, alpha)


def logsumexp(xs: Iterable[Any]) -> Any:
    """Return log(Σ exp(x)) without overflow: one node. Its partials are the softmax."""
    return ops.logsumexp(*_one_or_more("logsumexp", xs))


def softmax(xs: Iterable[Any]) -> list[Any]:
    """Return exp(x)/Σ exp of every x, without overflow: n nodes of n operands each.

    The cross-entropy of class t takes less: ``logsumexp(xs) - xs[t]``, one node of n operands.
    """
    return _of_each(ops.softmax, _one_or_more("softmax", xs))


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """Return log(exp(x)/Σ exp) of every x, without overflow or cancellation."""
    return _of_each(ops.log_softmax, _one_or_more("log_softmax", xs))


def where(condition: object, f: Any, g: Any) -> Any:
    """Return ``f`` where the condition holds, else ``g``; call it, if it can be called.

    With functions, as in ``where(x > 0, lambda: log(x), 0.0)``, the branch that is not taken is
    never computed, so it can neither raise nor put a nan into a gradient.
    """
    chosen = f if condition else g
    return chosen() if callable(chosen) else chosen


def _of_each(op: Nary, xs: tuple[Any, ...]) -> list[Any]:
    """Apply an op of "the first among all" to each of ``xs`` in turn."""
    return [op(x, *xs[:i], *xs[i + 1 :]) for i, x in enumerate(xs)]


def _same_length(name: str, p: Iterable[Any], q: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    p, q = list(p), list(q)
    if len(p) != len(q):
        raise ValueError(f"{name} needs two sequences of one length, got {len(p)} and {len(q)}")
    return p, q


def _one_or_more(name: str, xs: Iterable[Any]) -> tuple[Any, ...]:
    xs = tuple(xs)
    if not xs:
        raise ValueError(f"{name} of no operands")
    return xs


def _two_or_more(name: str, xs: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(xs) < 2:
        raise TypeError(f"{name} takes two or more operands, got {len(xs)}")
    return xs
