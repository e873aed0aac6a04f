"""Recorded values in the intermediate form, and the chain rule through them.

What you can do with it::

    >>> from micrograd_like import Value, tanh, topological_order
    >>> from micrograd_like.programs.lowering import Lowered
    >>> from micrograd_like.programs.recording import Recording
    >>> w, recording = Value(-2.0, label="w"), Recording()
    >>> x = recording.input(0.5, "x")
    >>> with recording:
    ...     y = tanh(w * x)
    >>> Lowered(recording).gradients(topological_order(y), [w], [w])
    [add(mul(sech2(mul(w, x)), x), 0.0)]

An event is a value with the op and the operands that made it, or a question that was asked of
values, with its answer: a guard. Leaves that are no inputs are read anew at each call.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from .. import ops
from ..engine import Value
from ..ops import Op
from .form import COMPARED, SAFE, Form, Node
from .loops import Layer

Event = tuple[Any, Any, Any]  # (value, op, operands), or (question, operands, answer)
NO_SEEDS: Mapping[Value, Node] = MappingProxyType({})
# Where they are finite, so is all that they are made of: a gradient of 0 then adds only 0s.
SUMS = {ops.add, ops.sub, ops.mul, ops.weighted_sum}


class Partial(Op):
    """The i-th partial of a row as an op itself, of out and the operands; no row of the table."""

    def __init__(self, row: Op, i: int) -> None:
        self.__dict__.update(vars(ops.fsum), name=f"d_{row.name}")
        self.row, self.i = row, i
        self.forward = lambda xs: row.partials_at(xs[1:], xs[0])[i]
        self.partials = lambda out, xs: (0.0,) * len(xs)


def label(recorded: Any, x: Value) -> str:
    """Return the label of a value, or the name of the variable that it is stored in."""
    return str(x.label) or str(recorded.names.get(x, ""))


class Lowered:
    """What was recorded as a form, with the node of each value, and the answer to each question.

    ``recorded`` has inputs, events, constants, names and lines, as a `Recording` has.
    """

    def __init__(
        self, recorded: Any, layers: Sequence[Layer] = (), reassociate: bool = False
    ) -> None:
        self.form = form = Form(reassociate)
        self.recorded, self.layers = recorded, layers
        self.guards: dict[Node, Any] = {}
        self.computed: set[Value] = set()
        self.layer_of = {v: layer for layer in layers for v in layer.neurons}
        for i, layer in enumerate(layers):
            layer.leaf = form.leaf(f"W{i}")
        self.nodes = {x: form.leaf(label(recorded, x)) for x in recorded.inputs}
        self.inputs = [*self.nodes.values()]
        # What a printer has the function return, and what it takes: inputs, leaves, layers.
        self.values: list[Node] = []
        self.grads: list[Node] | None = None
        self.wrt: list[Node] = []
        self.arguments: list[Node] = []
        for made, op, operands in recorded.events:
            if isinstance(made, str):
                self._guard(made, op, operands)
                continue
            node = self.nodes[made] = self._made(made, op, operands)
            self.computed.add(made)
            if node.xs and node not in form.made:
                form.made.add(node)
                node.label, node.line = label(recorded, made), recorded.lines.get(made, made.line)
                if made in recorded.lines and getattr(node.op, "name", "add") not in SAFE:
                    form.kept.append(node)

    def node(self, x: Any) -> Node:
        """Return the node of a value or a number; make a leaf of one that is new."""
        if not isinstance(x, Value):
            return self.form.constant(x)
        if x not in self.nodes:
            fixed = x.op is None and (x.constant or x in self.recorded.constants)
            leaf = self.form.constant(x._data) if fixed else self.form.leaf(label(self.recorded, x))
            self.nodes[x] = leaf
        return self.nodes[x]

    def _made(self, made: Value, op: Op, operands: Sequence[Value]) -> Node:
        if made in self.layer_of:
            layer = self.layer_of[made]
            sums = self.form.node("layer", *map(self.node, layer.inputs), of=layer)
            return self.form.node("item", sums, of=layer.neurons.index(made))
        xs = [*map(self.node, operands)]
        if isinstance(op, Partial):
            return self.form.partials(op.row, xs[0], xs[1:])[op.i]
        for i, (x, value) in enumerate(zip(xs, operands)):
            if value in self.computed and x.op != "constant" and hides_nan(op, i, xs):
                # The engine gives a nan the partials nan: where an op makes a number of it, that
                # would not be seen in the end.
                self.guards[self.form.node("==", x, x)] = True
        return self.form.apply(op, xs)

    def _guard(self, question: str, operands: Sequence[Any], answer: Any) -> None:
        node = asked(self, question, operands)
        if any(x.op != "constant" for x in node.xs):
            self.guards[node] = answer

    # ------------------------------------------------------------------ the chain rule

    def gradients(
        self,
        order: Sequence[Value],
        wrt: Iterable[Value],
        lines: Sequence[Value],
        seeds: Mapping[Value, Node] = NO_SEEDS,
    ) -> list[Node]:
        """Add the walk of `Value.backward` from the last of ``order``, or from ``seeds``; return
        the gradients of ``lines``: of ``wrt``, those that no layer has.

        The products come in the order of the walk, so that their sums have its bits. Adding 0.0
        makes a -0.0 the 0.0 of the engine, which starts there.
        """
        form = self.form
        form.turn = form.turn or form.count
        active, operands = {*wrt}, {v: v.operands for v in order}
        for out in order:
            if not active.isdisjoint(operands[out]):
                active.add(out)
        terms = {x: [grad] for x, grad in seeds.items()} or {order[-1]: [form.constant(1.0)]}
        gates: dict[Value, tuple[Node, Node]] = {}
        done = 0
        for out in reversed(order):
            if out not in terms or out.op is None:
                continue
            grad = self._sum(out, terms)
            done += 1
            if out in self.layer_of:
                self._layer(out, grad, active, terms)
                continue
            if grad.op == "select" and gates.get(out, (None,))[0] is not grad:
                gates[out] = grad, self.nodes[out]
                form.neck = grad if len(terms) == done else form.neck
            for x, product in self._products(out, grad, operands[out], active):
                terms.setdefault(x, []).append(product)
                gate = gates.get(out)
                if gate and gate[0] is grad and out.op in SUMS:
                    gates[x] = gate
                    if product is not grad:
                        form.gates[product] = gate
        return [self._sum(x, terms) + 0.0 if x in terms else form.constant(0.0) for x in lines]

    def _products(
        self, out: Value, grad: Node, operands: Sequence[Value], active: Container[Value]
    ) -> list[tuple[Value, Node]]:
        """Return the active operands, each with the gradient that comes to it."""
        xs = [self.nodes[x] for x in operands]
        partials = self.form.partials(out.op, self.nodes[out], xs)  # type: ignore[arg-type]
        product = self.form.product
        return [(x, product(grad, d)) for x, d in zip(operands, partials) if x in active]

    def _sum(self, x: Value, terms: Mapping[Value, list[Node]]) -> Node:
        """Return the gradient of a value: the sum of what has arrived, from the left."""
        grad = terms[x][0]
        for term in terms[x][1:]:
            grad = self.form.node(ops.add, grad, term)
        if grad not in self.form.made:  # else it has a name of its own: ∂(a*b)/∂a is b
            self.form.grad_of.setdefault(grad, self.nodes[x])
        return grad

    def _layer(
        self, out: Value, grad: Node, active: Container[Value], terms: dict[Value, list[Node]]
    ) -> None:
        """Take the gradient of a neuron; that of its layer's first neuron comes last."""
        layer = self.layer_of[out]
        layer.grads.append(grad)
        if out is not layer.neurons[0]:
            return
        xs = [self.nodes[x] for x in layer.inputs]
        sums = [self.nodes[v] for v in reversed(layer.neurons)]
        back = self.form.node("back", *layer.grads, *sums, *xs, of=layer)
        items = [self.form.node("item", back, of=i) for i in range(layer.n)]
        for x, item in zip(layer.inputs, items):
            if x in active:
                terms[x] = [item]
        layer.back = back


def asked(lowered: Any, question: str, operands: Sequence[Any]) -> Node:
    """Return the node of what a guard asks: a comparison, or one number, to some digits."""
    n = 2 if question in COMPARED else 1
    digits = operands[n] if len(operands) > n else None
    found: Node = lowered.form.node(question, *map(lowered.node, operands[:n]), of=digits)
    return found


def hides_nan(op: Op, i: int, xs: Sequence[Node]) -> bool:
    """Tell whether an op may make a number of a nan: as pow(nan, 0.0), which is 1."""
    if op in SUMS or (op.many and not op.foreign and op is not ops.hypot):
        return False
    constants = [(j, repr(x.of)) for j, x in enumerate(xs) if x.op == "constant"]
    return _hides_nan(op, i, len(xs), tuple(constants))


@lru_cache(1000)
def _hides_nan(op: Op, i: int, n: int, constants: tuple[tuple[int, str], ...]) -> bool:
    for other in (0.0, 1.0, -1.0, math.inf):
        given = [other] * n
        for j, number in (*constants, (i, "nan")):
            given[j] = float(number)
        try:
            if op.value(given) == op.value(given):
                return True
        except (ArithmeticError, ValueError, TypeError):
            pass
    return False
