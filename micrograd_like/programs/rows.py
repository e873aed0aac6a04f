"""The functions of the table as nodes: how a row is computed where there is no Python.

What you can do with it::

    >>> from micrograd_like import ops
    >>> from micrograd_like.programs.rows import Function
    >>> Function(ops.softsign).results             # the text of its forward, run on nodes
    [select(==(abs(a), inf), copysign(1.0, a), div(a, add(1.0, abs(a))))]
    >>> Function(ops.softsign, 0).results          # and that of its rule, by the 0th operand
    [ieee_power(add(1.0, abs(a)), -2.0)]

No second text of a row stands here: its forward and its rule run with nodes in place of floats,
and functions of nodes in place of those of ``math`` that they call, and go every way at each
branch. A path that raises gives nan. Some numbers of a form are vectors: lengths tell which.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import math
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .. import floats, ops
from ..ops import Op
from .form import COMPARED, Form, NeedsNumber, Node, reached

# What every engine has, under the name that C gives it. Its limits are those of IEEE 754.
LIBRARY = "fmod copysign floor ceil trunc exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan"
LIBRARY += " asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc"
PRIMITIVES = {ops.TABLE[name]: name for name in LIBRARY.split()}
PRIMITIVES |= dict.fromkeys((ops.power, ops.pow, ops.ieee_power, ops.ieee_pow), "pow")
PRIMITIVES[ops.fabs] = "fabs"
# These treat all operands of a name alike: over a list of numbers they are written over a vector.
OVER_VECTORS = {ops.fsum, ops.sumprod, ops.weighted_sum, ops.hypot, ops.maximum, ops.minimum}
OVER_VECTORS |= {ops.logsumexp, ops.softmax, ops.log_softmax}
PATHS = 500  # more than `form` allows: what comes out is a function, written once
REDUCED = ("sum", "max", "min", "fsum")


class Helper:
    """A function of floats that a row calls."""

    def __init__(self, forward: Any) -> None:
        self.forward, self.name = forward, str(forward.__name__)
        self.names, self.many = tuple(inspect.signature(forward).parameters), False


helper = functools.cache(Helper)


class Sized(Form):
    """A form with numbers and vectors; an op of both goes element by element."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: dict[Node, int] = {}

    def vector(self, label: str, n: int) -> Node:
        """Make a leaf of n numbers; of a single one, if n is 0."""
        out = self.leaf(label)
        self.lengths[out] = n
        return out

    def partials(self, op: Op, out: Node, xs: Sequence[Node]) -> list[Node]:
        found = super().partials(op, out, xs)
        if op.many:
            return found
        return [_constant(op, x.of, x) if x.op == "item" else x for x in found]

    def length(self, node: Node) -> int:
        """Return how many numbers a vector has; 0 for a number."""
        if node not in self.lengths:
            op, xs = node.op, node.xs
            if op == "stack":
                n = sum([self.length(x) or 1 for x in xs])
            elif op in ("fill", "layer", "into"):
                n = int(node.of if op == "fill" else node.of.shape[op == "into"])
            elif op == "item" and xs[0].of.many:
                n = self.length(xs[0].xs[node.of + 1])
            elif op in ("at", *REDUCED) or getattr(op, "many", False):
                n = 0
            else:
                n = max([self.length(x) for x in xs], default=0)
            self.lengths[node] = n
        return self.lengths[node]

    def stacked(self, xs: Sequence[Node]) -> Node:
        """Return numbers, and vectors, as one vector."""
        return xs[0] if len(xs) == 1 and self.length(xs[0]) else self.node("stack", *xs)


class Function:
    """What a row or a helper computes, as nodes: its value, its i-th partial, or all partials.

    ``lengths`` are those of the operands of a row of many: a number has length 0. Where ``exact``,
    a sum is rounded once. Raises ValueError for a row that needs Python.
    """

    def __init__(
        self, what: Any, part: int | str = "", lengths: Sequence[int] = (), exact: bool = True
    ) -> None:
        self.form = form = Sized()
        names = [name.strip("…") for name in what.names]
        if len(lengths) > len(names):
            names = [f"{names[0]}{i}" for i in range(len(lengths))]
        sizes = [*lengths] or [0] * len(names)
        if part != "":
            names, sizes = ["out", *names], [0, *sizes]
        self.params = [form.vector(name, n) for name, n in zip(names, sizes)]
        self.name = what.name if part == "" else f"d_{what.name}"
        self._exact = exact
        self._known = self._functions()
        self._versions: dict[Any, Any] = {}
        forward = FORWARD.get(what, what.forward)
        if exact and what is ops.fsum:
            forward = lambda xs: math.fsum(xs)  # noqa: E731
        rule = forward if part == "" else what.partials
        given: list[Any] = [*self.params]
        if what.many:  # its operands come as one sequence
            given = [*given[: part != ""], tuple(given[part != "" :])]
        self._count = len(lengths) if part == "all" else 1
        try:
            found = form._paths(lambda: self._run(rule, given, part), [], [-PATHS])
        except (NeedsNumber, TypeError, AttributeError) as error:
            raise ValueError(
                f"the op {what.name} runs in Python only: its text, or what it calls, is no "
                f"arithmetic of numbers ({error or 'it asks for one'})"
            ) from None
        self.results = found
        self.used = {*reached(found)}

    def _run(self, rule: Any, given: list[Any], part: int | str) -> Sequence[Any]:
        try:
            out = (self._over_nodes(rule) if isinstance(rule, FunctionType) else rule)(*given)
        except (ArithmeticError, ValueError):
            return (math.nan,) * self._count
        return (out,) if part == "" else out if part == "all" else (out[part],)

    # ------------------------------------------------------------------ functions of nodes

    def version(self, x: Any) -> Any:
        """Return a function as one that takes nodes, too; anything else as it is."""
        if isinstance(x, ModuleType):
            return _Module(self, x)
        if isinstance(x, Op) or not callable(x) or (isinstance(x, type) and x not in self._known):
            return x
        if x not in self._versions:
            self._versions[x] = lambda *xs: self._apply(x, [_listed(each) for each in xs])
        return self._versions[x]

    def _apply(self, f: Any, xs: Sequence[Any]) -> Any:
        if not _has_nodes(xs):
            return f(*xs)
        if f in self._known:
            return self._known[f](*xs)
        if not isinstance(f, FunctionType):
            if getattr(f, "__self__", None) is math:
                raise NeedsNumber(f"it calls math.{f.__name__}")
            return f(*xs)
        if f.__module__ == floats.__name__ and not any(isinstance(x, (tuple, list)) for x in xs):
            return self.form.node(helper(f), *xs)
        return self._over_nodes(f)(*xs)

    def _over_nodes(self, f: FunctionType) -> FunctionType:
        """Return a function with functions of nodes among its globals."""
        known = {**vars(builtins), **f.__globals__}
        names = {name: self.version(known[name]) for name in _names(f.__code__) if name in known}
        return FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)

    def _functions(self) -> dict[Any, Callable[..., Any]]:
        """Return the functions of nodes: of rows, of their rules, and of what else they call."""
        node, form = self.form.node, self.form
        known: dict[Any, Callable[..., Any]] = {}
        for op in ops.TABLE.values():
            if isinstance(op.partials, FunctionType) and not op.many:
                known[op.partials] = functools.partial(_items, op)
            known[op.forward] = functools.partial(_row, form, op)
        known |= {
            float: lambda x: node("select", x, 1.0, 0.0) if x.op in COMPARED else x,
            round: functools.partial(node, "rint"),
            math.isfinite: lambda x: node("<", abs(x), math.inf),
            math.isnan: lambda x: node("!=", x, x),
            math.isinf: lambda x: node("==", abs(x), math.inf),
            math.hypot: functools.partial(node, ops.hypot),
            ops.number: lambda x: x,
            floats.exps: self._exps,  # itself it remembers what it has found
            type: lambda x: self.version(float),
            sorted: list,
            any: self._any,
            sum: self._sum,
            floats.add_up: self._sum,  # since Python 3.12 it is another
            max: functools.partial(self._extreme, "max", ">"),
            min: functools.partial(self._extreme, "min", "<"),
            floats.product_error: functools.partial(node, helper(floats.product_error)),
        }
        if self._exact:
            known[math.fsum] = lambda xs: node("fsum", form.stacked(xs))
        return known

    def _sum(self, xs: Any, start: Any = -0.0) -> Any:
        for x in xs:
            x = x if isinstance(x, Node) else self.form.constant(x)
            x = self.version(float)(x)
            start = self.form.node("sum", x, start) if self.form.length(x) else start + x
        return start

    def _extreme(self, name: str, better: str, *xs: Any) -> Node:
        given: Any = xs if len(xs) != 1 else xs[0]
        each = [x if isinstance(x, Node) else self.form.constant(x) for x in given]
        if len(xs) == 1:  # of a list: the largest of a vector in it
            each = [self.form.node(name, x) if self.form.length(x) else x for x in each]
        best = each[0]
        for x in each[1:]:
            best = self.form.node("select", self.form.node(better, x, best), x, best)
        return best

    def _exps(self, xs: Sequence[Any]) -> list[Node]:
        largest = self._extreme("max", ">", xs)
        return [self.form.node(helper(floats.exp_of_difference), x, largest) for x in xs]

    def _any(self, conditions: Any) -> Any:
        return self._extreme("max", ">", [self.version(float)(x) for x in conditions]) > 0.0


class _Module:
    """A module whose functions take nodes."""

    def __init__(self, function: Function, module: ModuleType) -> None:
        self._function, self._module = function, module

    def __getattr__(self, name: str) -> Any:
        return self._function.version(getattr(self._module, name))


def _constant(op: Op, i: int, item: Node) -> Node:
    """Return the i-th partial of a row if it is the same everywhere, or else ``item``."""
    partial = Function(op, i).results[0]
    return item.form.constant(partial.of) if partial.op == "constant" else item


def _row(form: Form, op: Op, *xs: Any) -> Node:
    return form.node(op, *(xs[0] if op.many else xs))


def _items(op: Op, out: Node, *xs: Any) -> list[Node]:
    rule = out.form.node("rule", out, *xs, of=op)
    return [out.form.node("item", rule, of=i) for i in range(len(xs))]


def _listed(x: Any) -> Any:
    return [*x] if hasattr(x, "__next__") else x


def _names(code: CodeType) -> set[str]:
    inner = [x for x in code.co_consts if isinstance(x, CodeType)]
    return {*code.co_names}.union(*map(_names, inner))


def _has_nodes(xs: Any) -> bool:
    return any(isinstance(x, Node) or (isinstance(x, (tuple, list)) and _has_nodes(x)) for x in xs)


# ---------------------------------------------------------------------------- what C has in `math`


def _mod(a: Any, b: Any) -> Any:
    rest = math.fmod(a, b)
    if not rest:
        return math.copysign(0.0, b)
    return rest + b if (b < 0) != (rest < 0) else rest


def _floordiv(a: Any, b: Any) -> Any:
    rest = math.fmod(a, b)
    quotient = (a - rest) / b
    if rest and (b < 0) != (rest < 0):
        quotient = quotient - 1.0
    if not quotient:
        return math.copysign(0.0, a / b)
    whole = math.floor(quotient)
    return whole + 1.0 if quotient - whole > 0.5 else whole


def _sumprod(xs: Sequence[Any]) -> Any:
    p, q = xs[: len(xs) // 2], xs[len(xs) // 2 :]
    return math.fsum(
        [a * b for a, b in zip(p, q)] + [floats.product_error(a, b) for a, b in zip(p, q)]
    )


def _hypot(xs: Sequence[Any]) -> Any:
    largest = max([abs(x) for x in xs])
    if not largest or math.isinf(largest):
        return largest
    scale = floats.SCALE if largest < 1e-140 else 1 / floats.SCALE if largest > 1e140 else 1.0
    return math.sqrt(_sumprod([x * scale for x in xs] * 2)) / scale


def _prod(xs: Sequence[Any]) -> Any:
    out = xs[0] if xs else 1.0
    for x in xs[1:]:
        out = out * x
    return out


def _fsum(xs: Sequence[Any]) -> Any:
    """Return the sum with the rounding error of each addition carried along (Neumaier 1974)."""
    xs = [sum([x]) for x in xs]  # of a vector, its sum
    total, error = xs[0] if xs else 0.0, 0.0
    for x in xs[1:]:
        s = total + x
        big = s - total
        error = error + ((total - (s - big)) + (x - big))
        total = s
    return total + error


FORWARD: dict[Any, Callable[..., Any]] = {
    ops.mod: _mod,
    ops.floordiv: _floordiv,
    ops.sumprod: _sumprod,
    ops.hypot: _hypot,
    ops.prod: _prod,
    ops.fsum: _fsum,
    ops.degrees: lambda a: a * ops.PER_RADIAN,
    ops.radians: lambda a: a * ops.PER_DEGREE,
}
