"""The intermediate form of a program: one graph of rows, for values and gradients alike.

What you can do with it::

    >>> from micrograd_like import ops
    >>> from micrograd_like.programs.form import Form
    >>> form = Form()
    >>> a = form.leaf("a")
    >>> form.partials(ops.tanh, form.node(ops.tanh, a), [a])      # its rule, run on nodes
    [sech2(a)]
    >>> form.partials(ops.relu, form.node(ops.relu, a), [a])      # where it asks, both ways
    [select(>(a, 0.0), 1.0, 0.0)]
    >>> form.node(ops.mul, a, 2.0) is form.node(ops.mul, a, 2.0)  # each node is there once
    True

No derivative stands here or in a printer: the rule of a row builds it, handed nodes in place of
numbers. A rule that needs a number is called by the program: a node "rule", and an "item" of it for
each partial. What changes no bit is left out: ``x*1.0``, a product of two constants, ``-(-x)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from .. import ops
from ..ops import Op, Recorder

MOST_PATHS = 16  # through one rule
LONGEST_BRANCH = 6  # of operations: a longer one is a call
COMPARED = ("<", "<=", ">", ">=", "==", "!=")
SAFE = ("add", "sub", "mul", "neg")  # they never raise
# Printers write these directly; sumprod rounds floats in its own way.
WRITTEN = {ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.sumprod}
Steps = tuple[list[tuple[Any, list[int], Any]], list[int]]  # (op, places of operands, of); results
Pattern = tuple[tuple[int, str], ...]  # the places of constants, and their text
_SERIAL = attrgetter("serial")
EMPTY_POWERS = {ops.div, ops.power, ops.ieee_power, ops.ieee_pow}  # by 1 they change nothing


class NeedsNumber(Exception):
    """A rule asks a node for its number: it cannot be run ahead of time."""


def _written(op: Op | str, swapped: bool = False) -> Any:
    """Return the method of an operator: it makes a node."""
    return lambda x, *y: x.form.node(op, *reversed((x, *y)) if swapped else (x, *y))


class Node(Recorder):
    """A number of the program: ``op`` of ``xs``.

    The op is a row; or "leaf", "constant" (``of`` a float), "select" of a condition and two
    numbers, a comparison, a question of a guard, "rule" (the partials of the row ``of`` at out and
    operands) and "layer" or "back" (``of`` a layer), which give several numbers, or their "item".
    """

    __slots__ = (
        "form",
        "label",
        "line",
        "of",
        "op",
        "serial",
        "size",
        "term",
        "user",
        "uses",
        "xs",
    )
    size: int  # this and the next three are a printer's
    term: Any
    user: Any
    uses: int

    def __init__(self, form: Form, op: Any, xs: tuple[Node, ...], of: Any, label: str = "") -> None:
        self.form, self.op, self.xs, self.of = form, op, xs, of
        self.label, self.line, self.serial = label, "", form.count
        form.count += 1

    @property
    def data(self) -> float:
        """Refuse: a node has no number."""
        raise NeedsNumber

    def record(self, op: Op, operands: tuple[Any, ...]) -> Any:
        return self.form.node(op, *operands)

    def __repr__(self) -> str:
        if not self.xs:
            return self.label or repr(self.of)
        return f"{getattr(self.op, 'name', self.op)}({', '.join(map(repr, self.xs))})"

    __add__, __radd__ = _written(ops.add), _written(ops.add, True)
    __sub__, __rsub__ = _written(ops.sub), _written(ops.sub, True)
    __mul__, __rmul__ = _written(ops.mul), _written(ops.mul, True)
    __truediv__, __rtruediv__ = _written(ops.div), _written(ops.div, True)
    __floordiv__, __mod__ = _written(ops.floordiv), _written(ops.mod)
    __rpow__ = _written(ops.pow, True)
    __neg__, __abs__ = _written(ops.neg), _written(ops.fabs)
    __lt__, __le__, __gt__, __ge__ = map(_written, COMPARED[:4])
    __eq__, __ne__ = map(_written, COMPARED[4:])
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self.form.answer(self if self.op in COMPARED else self.form.node("!=", self, 0.0))

    def __float__(self) -> float:
        if self.op not in COMPARED:
            raise NeedsNumber
        return float(bool(self))


class Form:
    """The nodes of one program, each once. ``reassociate`` gives last bits away for speed."""

    def __init__(self, reassociate: bool = False) -> None:
        self.reassociate = reassociate
        self.count = 0
        self.turn = 0  # where the backward part begins
        self.made: set[Node] = set()  # the values of the recorded graph
        self.kept: list[Node] = []  # what may raise, and was computed, whether used or not
        self.grad_of: dict[Node, Node] = {}  # the gradient of which node this one is
        self.gates: dict[Node, tuple[Node, Node]] = {}  # a product: its gradient, and a sum
        self.zeros: set[Node] = set()  # gradients times 0
        self.neck: Node | None = None  # a gradient, or 0, that all later ones are multiples of
        self._known: dict[Any, Node] = {}
        self._answers: dict[Node, bool] | None = None  # on the path through a rule, in order
        self._given: Sequence[bool] = ()

    def leaf(self, label: str) -> Node:
        """Make a leaf: an input, or a number that is read anew."""
        return Node(self, "leaf", (), None, label)

    def constant(self, x: float) -> Node:
        """Return the constant of this number; 0.0 and -0.0 are two."""
        key = repr(float(x))
        if key not in self._known:
            self._known[key] = Node(self, "constant", (), float(x))
        return self._known[key]

    def node(self, op: Any, *operands: Any, of: Any = None) -> Node:
        """Return ``op`` of nodes or numbers: one that is there, or is simpler, or a new one."""
        xs = operands
        for x in operands:
            if type(x) is not Node:
                xs = tuple([x if type(x) is Node else self.constant(x) for x in operands])
                break
        key = (op, of, *map(_SERIAL, xs))
        found = self._known.get(key)
        if found is None:
            simple = self._simple(op, xs)
            found = self._known[key] = Node(self, op, xs, of) if simple is None else simple
        return found

    def _simple(self, op: Op | str, xs: tuple[Node, ...]) -> Any:
        """Return what has the same bits with less work, or None."""
        a, b = xs[0], xs[-1]
        if a.op == "constant" and isinstance(op, Op) and all(x.op == "constant" for x in xs):
            try:
                out = op.value([x.of for x in xs])
                return self.constant(out) if math.isfinite(out) else None
            except (ArithmeticError, ValueError, TypeError):
                return None  # it raises each time
        if op is ops.mul:
            one, other = (a, b) if a.op == "constant" else (b, a)
            if one.op == "constant" and abs(one.of) == 1.0:
                return other if one.of > 0 else -other
        elif op is ops.add:
            if b.op is ops.neg:
                return a - b.xs[0]
            if a.op is ops.neg:
                return b - a.xs[0]
            if b.op is ops.mul and b.xs[0].op is ops.neg:  # 1 + -y*score
                return a - b.xs[0].xs[0] * b.xs[1]
            return b if a.op == "constant" and repr(a.of) == "-0.0" else None
        elif op is ops.neg:
            return a.xs[0] if a.op is ops.neg else None
        elif op == "select":
            return xs[1] if xs[1] is b else None
        elif op in EMPTY_POWERS and b.op == "constant":
            if op is ops.div and self.reassociate:
                return a * (1.0 / b.of)
            return a if b.of == 1.0 else None
        return None

    def apply(self, op: Op, xs: Sequence[Node]) -> Node:
        """Return a row of nodes; one whose text is arithmetic and branches, as those."""
        n = len(xs) // 2
        if self.reassociate and op is ops.weighted_sum and n > 4 and hasattr(math, "sumprod"):
            return sum(xs[2 * n :], self.node(ops.sumprod, *xs[: 2 * n]))
        if op in WRITTEN or (op.many and op.foreign):  # a sum() of floats is no sum of nodes
            return self.node(op, *xs)
        found = self._again(_forward(op, op.forward, *_pattern(op, xs)), xs)
        return found[0] if found else self.node(op, *xs)

    # ------------------------------------------------------------------ derivatives

    def partials(self, op: Op, out: Node, xs: Sequence[Node]) -> list[Node]:
        """Return the partials of a node by each operand, as its row's rule has them."""
        return self._again(_rule(op, op.partials, *_pattern(op, xs)), (out, *xs))

    def _again(self, steps: Steps, xs: Sequence[Node]) -> list[Node]:
        """Take steps that were found once, for all nodes."""
        made = [*xs]
        for op, places, of in steps[0]:
            operands = [made[i] for i in places]
            made.append(self.node(op, *operands, of=of) if places else self.constant(of))
        return [made[i] for i in steps[1]]

    def answer(self, condition: Node) -> bool:
        """Answer what a rule asks: as on the path that is being gone, else True."""
        if self._answers is None:
            raise NeedsNumber
        i = len(self._answers)
        return self._answers.setdefault(condition, self._given[i] if i < len(self._given) else True)

    def traced(self, run: Callable[[], Iterable[Any]]) -> list[Node]:
        """Return what a function makes of nodes on every path, or raise `NeedsNumber`."""
        return self._paths(run, [], [0])

    def _paths(
        self, rule: Callable[[], Iterable[Any]], given: list[bool], runs: list[int]
    ) -> list[Node]:
        """Run a rule on every path after the answers ``given``; select among the results."""
        runs[0] += 1
        if runs[0] > MOST_PATHS:
            raise NeedsNumber
        self._answers, self._given = {}, given
        try:
            found = [x if isinstance(x, Node) else self.constant(x) for x in rule()]
        except (ArithmeticError, ValueError, TypeError):
            raise NeedsNumber from None  # a function of C, say, that takes floats only
        finally:
            asked, self._answers = [*self._answers.items()], None
        for i in reversed(range(len(given), len(asked))):
            others = self._paths(rule, [*[taken for _, taken in asked[:i]], False], runs)
            found = [self.node("select", asked[i][0], x, y) for x, y in zip(found, others)]
        return found

    def gate_of(self) -> dict[Node, tuple[Node, Node]]:
        """Return the gate of each product, and of each gradient that is a gate itself."""
        return {**self.gates, **{gate[0]: gate for gate in self.gates.values()}}

    def product(self, grad: Node, partial: Node) -> Node:
        """Return a gradient times a partial; where that is a choice, a choice of two products."""
        if self.reassociate and partial.op == "constant" and not partial.of:
            return partial  # also of what is infinite: then nobody needs to know the gradient
        if partial.op == "constant" and partial.of == 1.0:
            return grad
        if partial.op != "select" or partial in self.made:
            product = self.node(ops.mul, grad, partial)
            if partial.op == "constant" and not partial.of and product not in self.made:
                self.zeros.add(product)
            return product
        condition, *each = partial.xs
        return self.node("select", condition, *[self.product(grad, x) for x in each])


def reached(roots: Iterable[Node], ends: Container[Node] = ()) -> list[Node]:
    """Return the nodes that the roots are made of, each after its operands; go past no ``ends``."""
    found: dict[int, Node] = {}
    todo = [*roots]
    while todo:
        node = todo.pop()
        if node.serial not in found:
            found[node.serial] = node
            todo += () if node in ends else node.xs
    return [found[serial] for serial in sorted(found)]


def _pattern(op: Op, xs: Sequence[Node]) -> tuple[Pattern, int]:
    """Return which operands are constants that a row may ask, and how many operands there are."""
    if op in WRITTEN:
        return (), len(xs)
    return tuple([(i, repr(x.of)) for i, x in enumerate(xs) if x.op == "constant"]), len(xs)


@lru_cache(1000)
def _forward(op: Op, forward: Any, constants: Pattern, n: int) -> Steps:
    """Return the steps of a row whose text is arithmetic and branches; else no result."""
    form, xs, given = _operands(constants, n)
    try:
        found = form.traced(lambda: [forward(given) if op.many else forward(*given)])
    except NeedsNumber:
        found = []
    return _steps(xs, [] if any(_work(x, xs) > 1 for x in _branches(found)) else found)


@lru_cache(1000)
def _rule(op: Op, partials: Any, constants: Pattern, n: int) -> Steps:
    """Return the steps of a row's rule, of out and n operands: what it does, or a call of it."""
    form, xs, given = _operands(constants, n)
    out = form.leaf("out")
    try:
        found = form.traced(lambda: op.partials_at(given, out))
        plain = {x.serial for x in xs}
        if op in WRITTEN or (
            op.many and all(x.op == "constant" or x.serial in plain for x in found)
        ):
            return _steps([out, *xs], found)
    except NeedsNumber:
        found = []
    rule = form.node("rule", out, *xs, of=op)
    items = [form.node("item", rule, of=i) for i in range(n)]
    if found and not op.many:
        items = [p if _is_short(p, (out, *xs)) else item for p, item in zip(found, items)]
    return _steps([out, *xs], items)


def _operands(constants: Pattern, n: int) -> tuple[Form, list[Node], tuple[Any, ...]]:
    """Return a form with n operands, and what a row is given for them: numbers, or nodes."""
    form, numbers = Form(), {i: float(text) for i, text in constants}
    xs = [form.constant(numbers[i]) if i in numbers else form.leaf("") for i in range(n)]
    return form, xs, tuple([numbers.get(i, x) for i, x in enumerate(xs)])


def _steps(xs: Sequence[Node], results: Sequence[Node]) -> Steps:
    places = {x: i for i, x in enumerate(xs)}
    steps: list[tuple[Any, list[int], Any]] = []
    for node in reached(results):
        if node not in places:
            places[node] = len(xs) + len(steps)  # two operands may be one constant
            steps.append((node.op, [places[x] for x in node.xs], node.of))
    return steps, [places[x] for x in results]


def _branches(found: Iterable[Node]) -> list[Node]:
    """Return what the choices among some nodes choose from."""
    branches = [x for node in found if node.op == "select" for x in node.xs[1:]]
    return branches + _branches(branches) if branches else []


def _is_short(node: Node, xs: Sequence[Node]) -> bool:
    """Tell what is written out where it is needed, on each branch: what is longer is called."""
    if node.op == "select":
        return all(_is_short(x, xs) for x in node.xs[1:])
    return _work(node, xs) <= LONGEST_BRANCH


def _work(node: Node, xs: Sequence[Node]) -> int:
    """Return how many operations, written out, make a node of ``xs``; choices are free."""
    if not node.xs or any(node is x for x in xs):
        return 0
    return int(node.op != "select") + sum([_work(x, xs) for x in node.xs])
