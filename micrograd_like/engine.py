"""Values that remember how they were made, and the chain rule that runs back through them.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> y = tanh(a * b + 2**a)          # records a graph of values, one per operation
    >>> y.backward()                    # d(y)/d(value) for every value in the graph
    >>> a.grad, b.grad
    (-0.016066794354671537, 0.14130164970632894)

A node of the graph is a `Value`: ``data`` (a float), how it was made (``op``, ``operands``,
``partials``; a leaf has none of these), its ``label``, and its ``grad``. The partials are numbers,
taken when the value is made, so that nothing done to a leaf afterwards can change a recorded graph.

The short names: ``a`` and ``b`` are the operands of ``out``, ``da`` and ``db`` its partials
∂out/∂a and ∂out/∂b. A node of one operand has no ``b``; one of three or more keeps them all, as
tuples, in ``a`` and ``da``.
"""

from __future__ import annotations

import math
import sys
from itertools import filterfalse, takewhile
from math import isfinite, nan
from numbers import Real
from operator import ge, gt, le, lt

from . import ops
from .habits import Missing
from .ops import Op, Recorder, as_float
from .text import encodable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .debugging.explain import Explanation
    from .debugging.steps import Step
    from .drawing.graph import Graph
    from .hooks import Hook
    from .page.page import Page
    from .programs.program import Program

__all__ = ["Value", "topological_order"]
# What watches or replaces the nodes that are made: None but where something was switched on.
hook: Hook | None = None
VARS = ("data", "grad", "label", "line", "op", "operands", "partials")  # for vars() and debuggers


class Value(Recorder):
    """A number in a computation graph: its data, how it was made, and its gradient.

    ``Value(data, label="")`` makes a leaf; every operation on Values makes a node. A Value behaves
    as the float it holds: the same bits, the same exceptions, ``<`` and ``bool()`` and ``round()``
    of the data. But it is equal only to itself, and ``float()`` refuses it: a number that is read
    on purpose is ``v.data``.

    ``grad`` is the integer 0 until a `backward` reaches the value: a gradient that was computed is
    a float, also where it is 0.0. Set it to 0 to start a sum of gradients afresh.
    """

    # Two operands and two partials stand in slots of their own: without tuples a node takes half
    # of the memory, and the cyclic collector, which counts containers, a third of the time.
    __slots__ = ("_a", "_b", "_da", "_data", "_db", "_line", "grad", "label", "op")

    _line: str  # set by `trace_lines` only
    item, numpy, tolist, requires_grad = Missing(), Missing(), Missing(), Missing()

    def __init__(self, data: float, label: str = "", op: None = None) -> None:
        if op is not None or isinstance(label, tuple):  # as micrograd makes a node
            raise TypeError(
                "Value(data, label) makes a leaf. An op of your own is a micrograd_like.ops.Op, "
                'a function: f = Op("f", math.tanh, lambda out, a: (1 - out**2,)); y = f(x)'
            )
        self._data: float = data if type(data) is float else as_float(data)
        self.grad: Any = 0  # a float, or a Value after backward(create_graph=True)
        self.label = label
        self.op: Op | None = None
        self._a: Any = None
        self._b: Any = None
        self._da: Any = None
        self._db: Any = None
        if hook is not None:
            hook.made(self)

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
        return _unpacked(self._a, self._b)

    @property
    def partials(self) -> tuple[float, ...]:
        """∂self/∂operand for each operand, as recorded; () for a leaf."""
        return () if self.op is None else _unpacked(self._da, self._db)

    @property
    def constant(self) -> bool:
        """Tell a leaf made of a plain number that entered an operation, as the 2 of ``x**2``."""
        return self._da is CONSTANT

    @property
    def line(self) -> str:
        """Where it was made, as "train.py:12", if `trace_lines` was on then; else ""."""
        return getattr(self, "_line", "")

    # ------------------------------------------------------------------ backward

    def backward(self, seed: float = 1.0, create_graph: bool = False) -> None:
        """Compute the gradient of this value with respect to every value it was made of.

        Leaves add it to their ``grad``, so that the gradients of several losses sum up; everything
        in between has its ``grad`` overwritten. ``seed`` is the gradient of this value itself.
        With ``create_graph=True`` the gradients are Values (see `functional`).

        An exception, Ctrl-C say, leaves the ``grad`` of every leaf as it was before the call.
        Threads that share leaves take `micrograd_like.gradients`, which touches no ``grad``.
        """
        if create_graph:
            from .functional import backward_with_graph

            return backward_with_graph(self, seed)
        order = topological_order(self)  # the leaves first, then each node after its operands
        leaves = [*takewhile(lambda x: x._a is None, order)]
        nodes = order[len(leaves) :]
        before = [*map(_grad_of, leaves)]
        restore = map(_set_grad, leaves, before)
        try:
            try:
                _zero(order)
                self.grad = as_float(seed)
                for out in reversed(nodes):  # every node that out is an operand of has had its turn
                    # The chain rule: the gradient of out, times the partial on the edge, is what
                    # this path adds to the gradient of the operand.
                    grad, a, b = out.grad, out._a, out._b
                    if b is not None:
                        a.grad += grad * out._da
                        b.grad += grad * out._db
                    elif type(a) is not tuple:
                        a.grad += grad * out._da
                    elif not grad and isfinite(sum(out._da)):
                        continue  # 0 adds only 0s, but for 0·inf, which is nan
                    else:
                        for x, dx in zip(a, out._da):
                            x.grad += grad * dx
                if hook is not None:
                    hook.walked(self, seed, order, map(_grad_of, order))
                any(map(_set_grad, leaves, _sums(before, leaves)))  # in C: all of them or none
            except BaseException:
                any(restore)
                raise
        except BaseException:  # a second Ctrl-C, before or amid the restoring: it goes on
            any(restore)
            raise

    def _backward(self) -> None:
        """Hand this value's gradient on to its operands: what `backward` does for one node."""
        for x, dx in zip(self.operands, self.partials):
            x.grad = (0.0 if x.grad is None else x.grad) + self.grad * dx

    # ------------------------------------------------------------------ recording

    def record(self, op: Op, operands: tuple[Any, ...]) -> Value:
        """Apply ``op`` to ``operands``, Values or numbers, and return the node that it makes."""
        if hook is not None and hook.leaves.get():  # under no_grad, where partials serve nobody
            return hook.leaf(op, operands)
        if op.arity == 1:
            (x,) = operands
            a = x._data
            out = op.forward(a)
            (da,) = op.partials(out, a)
            if type(out) is not float or type(da) is not float:
                out, da = as_float(out), as_float(da)
            return _node(out, op, x, None, da, None)
        if op.arity == 2:
            x, y = operands
            if type(x) is not Value:
                x = _value(x)
            if type(y) is not Value:
                y = _value(y)
            a, b = x._data, y._data
            out = op.forward(a, b)
            da, db = map(as_float, op.partials(out, a, b))
            return _node(out if type(out) is float else as_float(out), op, x, y, da, db)
        try:
            xs = tuple([x._data for x in operands])
        except AttributeError:  # of a plain number
            return self.record(op, tuple(map(_value, operands)))
        out = op.forward(xs) if op.many else op.forward(*xs)
        das = tuple(op.partials(out, xs) if op.many else op.partials(out, *xs))
        if len(das) != len(xs):
            raise ValueError(f"cannot unpack {len(das)} partials into {len(xs)}")
        return _node(out if type(out) is float else as_float(out), op, operands, None, das, None)

    # `+`, `-` and `*` are written out, partials too, as they are most of the work of training a
    # network; a test holds them to their rows.

    def __add__(self, other: Value | float) -> Value:
        if type(other) is not Value and (other := _operand(other)) is None:
            return NotImplemented
        return _node(self._data + other._data, ops.add, self, other, 1.0, 1.0)  # pyright: ignore

    def __sub__(self, other: Value | float) -> Value:
        if type(other) is not Value and (other := _operand(other)) is None:
            return NotImplemented
        return _node(self._data - other._data, ops.sub, self, other, 1.0, -1.0)  # pyright: ignore

    def __mul__(self, other: Value | float) -> Value:
        if type(other) is not Value and (other := _operand(other)) is None:
            return NotImplemented
        a, b = self._data, other._data  # pyright: ignore
        return _node(a * b, ops.mul, self, other, b, a)

    def __truediv__(self, other: Value | float) -> Value:
        return NotImplemented if (y := _operand(other)) is None else ops.div(self, y)

    def __floordiv__(self, other: Value | float) -> Value:
        return NotImplemented if (y := _operand(other)) is None else ops.floordiv(self, y)

    def __mod__(self, other: Value | float) -> Value:
        return NotImplemented if (y := _operand(other)) is None else ops.mod(self, y)

    def __divmod__(self, other: Value | float) -> tuple[Value, Value]:
        return NotImplemented if (y := _operand(other)) is None else (self // y, self % y)

    def __pow__(self, other: Value | float) -> Value:
        power = ops.pow if isinstance(other, Value) else ops.power
        return NotImplemented if (y := _operand(other)) is None else power(self, y)

    def __radd__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else x + self

    def __rsub__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else x - self

    def __rmul__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else x * self

    def __rtruediv__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else ops.div(x, self)

    def __rfloordiv__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else ops.floordiv(x, self)

    def __rmod__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else ops.mod(x, self)

    def __rdivmod__(self, other: float) -> tuple[Value, Value]:
        return NotImplemented if (x := _operand(other)) is None else (x // self, x % self)

    def __rpow__(self, other: float) -> Value:
        return NotImplemented if (x := _operand(other)) is None else ops.pow(x, self)

    def __neg__(self) -> Value:
        return ops.neg(self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return ops.fabs(self)

    def pow(self, other: Value | float) -> Value:
        """Return ``self**other``."""
        return self**other

    # A row of the table is a function, and so, as a class attribute, a method: v.exp() is exp(v).

    exp, exp2, expm1, log, log2, log10 = ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10
    log1p, sqrt, cbrt, erf, erfc = ops.log1p, ops.sqrt, ops.cbrt, ops.erf, ops.erfc
    sin, cos, tan, asin, acos, atan = ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan
    sinh, cosh, tanh = ops.sinh, ops.cosh, ops.tanh
    asinh, acosh, atanh = ops.asinh, ops.acosh, ops.atanh
    fabs, sign, floor, ceil, trunc = ops.fabs, ops.sign, ops.floor, ops.ceil, ops.trunc
    degrees, radians, clamp = ops.degrees, ops.radians, ops.clamp
    relu, leaky_relu, elu, selu, gelu = ops.relu, ops.leaky_relu, ops.elu, ops.selu, ops.gelu
    silu, sigmoid, log_sigmoid = ops.silu, ops.sigmoid, ops.log_sigmoid
    softplus, softsign = ops.softplus, ops.softsign
    # What NumPy calls them, which asks the elements of its arrays: np.arctan(v) is v.arctan().
    arcsin, arccos, arctan, arctan2 = ops.asin, ops.acos, ops.atan, ops.atan2
    arcsinh, arccosh, arctanh = ops.asinh, ops.acosh, ops.atanh
    deg2rad, rad2deg, hypot, fmod = ops.radians, ops.degrees, ops.hypot, ops.fmod
    conjugate = __pos__

    # ------------------------------------------------------------------ like the float it holds

    def __lt__(self, other: Value | float) -> bool:
        return bool(_ask(lt, self, other)) if isinstance(other, (Value, Real)) else NotImplemented

    def __le__(self, other: Value | float) -> bool:
        return bool(_ask(le, self, other)) if isinstance(other, (Value, Real)) else NotImplemented

    def __gt__(self, other: Value | float) -> bool:
        return bool(_ask(gt, self, other)) if isinstance(other, (Value, Real)) else NotImplemented

    def __ge__(self, other: Value | float) -> bool:
        return bool(_ask(ge, self, other)) if isinstance(other, (Value, Real)) else NotImplemented

    def __bool__(self) -> bool:
        return bool(_ask(bool, self))

    def __float__(self) -> float:
        raise TypeError(
            "float() of a Value would lose its gradient: for the number write v.data, and for a "
            "function micrograd_like's own: micrograd_like.exp(v) in place of math.exp(v)"
        )

    def __int__(self) -> int:
        return int(_ask(int, self))

    def __round__(self, ndigits: int | None = None) -> Any:
        return _ask(round, self, ndigits)

    def __trunc__(self) -> int:
        return int(_ask(math.trunc, self))

    def __floor__(self) -> int:
        return int(_ask(math.floor, self))

    def __ceil__(self) -> int:
        return int(_ask(math.ceil, self))

    def __format__(self, spec: str) -> str:
        return format(self._data, spec)

    def __repr__(self) -> str:
        label = f", label={str(self.label)[:60]!a}" if self.label else ""
        op = f", op={encodable(self.op.call(self.operands, most=3), 'ascii')}" if self.op else ""
        return f"Value(data={self._data}, grad={self.grad}{label}{op})"

    __dict__: Any = property(
        lambda v: {x: getattr(v, x) for x in VARS} | {"op": v._op and v.op.name}
    )

    def __dir__(self) -> Iterable[str]:  # none for VS Code's debugger, which then takes __dict__
        return [] if "pydevd" in sys.modules else super().__dir__()

    def detach(self) -> Value:
        """Return a new leaf with the same data and label: nothing that is made of it leads here."""
        return Value(self._data, self.label)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is not None:
            raise TypeError(
                f"cannot pickle {self!r}: it holds the whole graph it was computed from; "
                "pickle its .data, or the leaves (a Module pickles, and has state_dict())"
            )
        slots = {"grad": self.grad, "_da": self._da} | ({"_line": self.line} if self.line else {})
        return Value, (self._data, self.label), (None, slots)

    @property
    def _prev(self) -> set[Value]:  # this and the next are micrograd's names
        return {self._a} if self._op[2:] else set(self.operands)

    @property
    def _op(self) -> str:
        if self.op is ops.power and self._b.constant:
            return f"**{self._b._data!r}".removesuffix(".0")
        return self.op.symbol if self.op else ""

    # ------------------------------------------------------------------ doors to the tools

    def graph(self, *others: Value, **options: Any) -> Graph:
        """Return the picture of this value's graph: see `micrograd_like.graph.Graph`."""
        from .drawing.graph import Graph

        return Graph(self, *others, **options)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from .drawing.notebook import of_value

        return of_value(self)  # what a notebook shows

    def page(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Page:
        """Return a page to play with the graph, and write it to ``path``: see `page.page`."""
        from .page.page import page

        return page(self, path, **options)

    def steps(self, seed: float = 1.0, **options: Any) -> Iterator[Step]:
        """Go through the walk that `backward` does, edge by edge: see `debugging.steps`."""
        from .debugging.steps import steps

        return steps(self, seed, **options)

    def explain(self, x: Value, k: int = 5, **options: Any) -> Explanation:
        """Say why the gradient of this value with respect to ``x`` is what it is, by its paths."""
        from .debugging.explain import explain

        return explain(x, self, k, **options)

    def __copy__(self) -> Value:
        from .copying import copy_of

        return copy_of(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        from .copying import deep_copy_of

        return deep_copy_of(self, memo)

    def program(self, inputs: Any = (), wrt: Any = None, **options: Any) -> Program:
        """Return the graph, and its gradients, as straight-line code: see `programs.program`."""
        from .programs.program import program

        return program(self, inputs, wrt, **options)


# ---------------------------------------------------------------------------- making values

CONSTANT = ()  # stands where a leaf has no partials, if it is a constant

_new = object.__new__


def _node(data: float, op: Op | None, a: Any, b: Any, da: Any, db: Any) -> Value:
    """Make a node. A nan has nan partials: what is undetermined has no derivative."""
    if data != data:
        da, db = (nan,) * len(a) if type(a) is tuple else nan, None if b is None else nan
    if hook is not None and hook.leaves.get():  # under no_grad
        op = a = b = da = db = None
    out = _new(Value)
    out._data = data
    out.grad, out.label = 0, ""
    out.op = op
    out._a, out._b = a, b
    out._da, out._db = da, db
    return out if hook is None or op is None else hook.made(out)


def _value(x: Any) -> Value:
    """Return a Value as it is, and a plain number as the constant that enters an operation."""
    if isinstance(x, Value):
        return x
    out = _node(as_float(x), None, None, None, None, None)
    out._da = CONSTANT
    return out if hook is None or hook.leaves.get() else hook.made(out)


def _operand(x: Any) -> Any:
    """Return what `_value` does, or None for what a float would refuse as an operand."""
    try:
        return _value(x)
    except TypeError:
        return None


def _unpacked(a: Any, b: Any) -> tuple[Any, ...]:
    if b is not None:
        return a, b
    return a if type(a) is tuple else () if a is None else (a,)


def _ask(question: Callable[..., Any], x: Value, *others: Any) -> Any:
    """Answer as the float does; who watches is shown what was asked, and the answer."""
    answer = question(x._data, *[y._data if isinstance(y, Value) else y for y in others])
    return answer if hook is None else hook.asked(question, (x, *others), answer)


# ---------------------------------------------------------------------------- the order of the walk


def topological_order(root: Value) -> list[Value]:
    """Return every value of ``root``'s graph: leaves first, then each node after its operands.

    Depth first, without recursion. A node goes back on the stack, marked with None, beneath its
    operands: when the mark comes up, all that it was made of is in order, and it is next.
    """
    leaves: list[Value] = []
    nodes: list[Value] = []
    found: set[Value] = set()
    todo: list[Any] = [root]
    while todo:
        out = todo.pop()
        if out is None:
            nodes.append(todo.pop())
        elif out not in found:
            found.add(out)
            a, b = out._a, out._b
            if b is not None:
                if a in found and b in found:
                    nodes.append(out)
                else:
                    todo += (out, None, b, a)
            elif type(a) is tuple:
                todo += (out, None)
                todo += filterfalse(found.__contains__, reversed(a))  # mostly none: found out in C
            elif a is not None:
                todo += (out, None, a)
            else:
                leaves.append(out)
    return leaves + nodes


_grad_of: Callable[[Value], Any] = Value.__dict__["grad"].__get__
_set_grad: Callable[[Value, Any], None] = Value.__dict__["grad"].__set__


def _zero(values: Iterable[Value]) -> None:
    for x in values:
        x.grad = 0.0


def _sums(before: list[Any], leaves: list[Value]) -> list[Any]:
    """Return what leaves had before, where None counts as 0, plus what they have got."""
    return [x.grad if old is None else old + x.grad for old, x in zip(before, leaves)]
