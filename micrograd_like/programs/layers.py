"""Recorded values as vectors: a dense layer is one matrix product, not a sum for each neuron.

What you can do with it::

    >>> from micrograd_like import nn
    >>> from micrograd_like.programs.layers import Vectors
    >>> from micrograd_like.programs.recording import Recording
    >>> recording, model = Recording(), nn.MLP(2, [3, 1])
    >>> xs = [recording.input(0.5, "x1"), recording.input(-1.0, "x2")]
    >>> with recording:
    ...     y = model(xs)
    >>> vectors = Vectors(recording, [y], {})
    >>> vectors.values
    [at(layer(relu(layer(stack(x1, x2)))))]
    >>> [matrix.shape for matrix in vectors.matrices]             # a neuron a row: weights, bias
    [(3, 2), (1, 3)]

A layer is found where weighted sums of the same inputs have leaves of their own; a vector goes on
where an op is applied to each of its numbers. What is neither stays single numbers. The gradients
are those of the rows' rules; sums of them are not always added up in the engine's order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from .. import ops
from ..engine import Value
from ..ops import Op
from .form import Node, reached
from .loops import neuron
from .lowering import Event, Partial, asked, hides_nan, label
from .rows import OVER_VECTORS, Sized


class Matrix:
    """The leaves of a dense layer: of each neuron its weights, and its bias if it has one.

    Its numbers are a row for each neuron, from ``offset`` on among those of all leaves.
    """

    def __init__(
        self, rows: Sequence[tuple[Value, ...]], biased: bool, i: int, offset: int
    ) -> None:
        self.rows, self.biased, self.offset = rows, biased, offset
        self.shape = len(rows), len(rows[0]) - biased
        self.width = len(rows[0])
        self.name = f"W{i}"
        self.grads: list[tuple[Node, Node]] = []  # of the sums, and the inputs to multiply with


class Vectors:
    """The form of recorded values with vectors in it; `gradients` adds those of the first root.

    ``leaves`` has the leaves that it reads, in the order of their numbers: the rows of the
    ``matrices``, then others. What is used as a single number has a node in ``nodes``.
    """

    def __init__(self, recorded: Any, roots: Sequence[Any], rank: Mapping[Value, int]) -> None:
        self.form = Sized()
        self.recorded, self._rank = recorded, rank
        self.guards: dict[Node, Any] = {}
        self.matrices: list[Matrix] = []
        self.scalars: dict[Value, Node] = {}
        self.nodes = {x: self.form.leaf(label(recorded, x)) for x in recorded.inputs}
        self.inputs = [*self.nodes.values()]
        self._given = {*recorded.inputs}
        self._places: dict[Value, tuple[Node, int]] = {}  # the vector that a value is in
        self._taken: dict[Value, Matrix] = {}
        for level in _levels(recorded.events):
            for key, members in self._groups(level).items():
                self._make(key, members)
        for question, operands, answer in recorded.events:
            if isinstance(question, str):
                self.guards[asked(self, question, operands)] = answer
        self.values = [self.node(root) for root in roots]
        rows = [p for matrix in self.matrices for row in matrix.rows for p in row]
        self.scalars = {x: node for x, node in self.scalars.items() if x not in self._taken}
        self.leaves = [*rows, *self.scalars]
        self.places = {x: i for i, x in enumerate(self.leaves)}
        self.targets = {**self.places}  # where the gradients are: those of inputs come last
        self.grads: dict[Value, Node] = {}

    def node(self, x: Any) -> Node:
        """Return the node of a value or a number; make a leaf of one that is new."""
        if not isinstance(x, Value):
            return self.form.constant(x)
        if x not in self.nodes:
            if x in self._places:
                vector, i = self._places[x]
                self.nodes[x] = self.form.node("at", vector, of=i)
            elif self._is_leaf(x):
                self.nodes[x] = self.scalars[x] = self.form.leaf(label(self.recorded, x))
            else:
                self.nodes[x] = self.form.constant(x._data)
        return self.nodes[x]

    def _is_leaf(self, x: Value) -> bool:
        fixed = x.constant or x in self.recorded.constants or x in self._given
        return x.op is None and not fixed

    def vector(self, xs: Sequence[Value]) -> Node:
        """Return values as a vector: one that is there, or a new one."""
        places = [self._places.get(x, (None, 0)) for x in xs]
        found = places[0][0]
        if found is not None and self.form.length(found) == len(xs):  # noqa: SIM102
            if all(vector is found and i == j for j, (vector, i) in enumerate(places)):
                return found
        return self.form.node("stack", *map(self.node, xs))

    # ------------------------------------------------------------------ groups of values

    def _groups(self, level: Iterable[Event]) -> dict[Any, list[Event]]:
        """Return values of one level by what makes them one vector; others have a key each."""
        groups: dict[Any, list[Event]] = {}
        seen = Counter[Any]()
        for event in level:
            key = self._key(event[1], event[2]) or (event[0],)
            if key[0] == "each":  # the first op of its kind on this number, or the second
                seen[key, self._index(event[2])] += 1
                key = (*key, seen[key, self._index(event[2])])
            groups.setdefault(key, []).append(event)
        return groups

    def _key(self, op: Op, xs: Sequence[Value]) -> Any:
        if op is ops.weighted_sum:
            inputs, row = neuron(xs)
            if all(map(self._is_leaf, row)) and {*row}.isdisjoint(inputs):
                return "layer", inputs, len(xs) % 2
        elif not op.many and not isinstance(op, Partial):
            places = [self._places.get(x) for x in xs]
            if len({place[1] for place in places if place}) == 1:
                return "each", op, tuple([place and place[0].serial for place in places])
        return None

    def _index(self, xs: Sequence[Value]) -> int:
        return next(self._places[x][1] for x in xs if x in self._places)

    def _make(self, key: Any, members: list[Event]) -> None:
        """Make the nodes of a group of values, as a vector if they are one."""
        vector = None
        if key[0] == "layer":
            members.sort(key=lambda event: self._rank.get(event[2][0], 0))
            vector = self._layer(key[1], [xs for _, _, xs in members], bool(key[2]))
        elif key[0] == "each":
            members.sort(key=lambda event: self._index(event[2]))
            first = next(self._places[x][0] for x in members[0][2] if x in self._places)
            if self.form.length(first) == len(members):
                columns = [*zip(*[xs for _, _, xs in members])]
                vector = self.form.node(members[0][1], *map(self._column, columns))
        if vector is None:
            for out, op, xs in members:
                node = self.nodes[out] = self._single(op, xs)
                node.label = node.label or (label(self.recorded, out) if node.xs else "")
        elif len(members) == 1:
            self.nodes[members[0][0]] = self.form.node("at", vector, of=0)
        else:
            self._places |= {out: (vector, i) for i, (out, _, _) in enumerate(members)}

    def _column(self, xs: Sequence[Value]) -> Node:
        """Return the operands at one place of a vector op: the same number, or a vector."""
        if xs[0] not in self._places:
            nodes = [*map(self.node, xs)]
            if all(x is nodes[0] for x in nodes):
                return nodes[0]
        return self.vector(xs)

    def _layer(self, inputs: Any, operands: Sequence[Any], biased: bool) -> Node | None:
        rows = [neuron(xs)[1] for xs in operands]
        leaves = [p for row in rows for p in row]
        matrix = self._taken.get(leaves[0])
        if matrix is None and not any(p in self._taken for p in leaves):
            if len({*leaves}) < len(leaves):
                return None
            matrix = Matrix(rows, biased, len(self.matrices), len(self._taken))
            self.matrices.append(matrix)
            self._taken |= dict.fromkeys(leaves, matrix)
        elif matrix is None or matrix.rows != rows or matrix.biased != biased:
            return None
        return self.form.node("layer", self.vector(inputs), of=matrix)

    def _single(self, op: Op, xs: Sequence[Value]) -> Node:
        if isinstance(op, Partial):
            operands, places = self._operands(op.row, xs[1:])
            found = self.form.partials(op.row, self.node(xs[0]), operands)
            at, i = places[op.i]
            return found[at] if i is None else self.form.node("at", found[at], of=i)
        for i, x in enumerate(xs):
            if x.op is not None and hides_nan(op, i, [*map(self.node, xs)]):
                self.guards[self.form.node("==", self.node(x), self.node(x))] = True
        return self.form.node(op, *self._operands(op, xs)[0])

    def _operands(self, op: Op, xs: Sequence[Value]) -> tuple[list[Node], list[Any]]:
        """Return the operands of an op, and where among them each value is: (which, its place)."""
        if op not in OVER_VECTORS or not xs:
            return [*map(self.node, xs)], [(i, None) for i in range(len(xs))]
        several = sum(["…" in name for name in op.names])
        first = int("…" not in op.names[0])
        n = (len(xs) - first) // several
        parts = [xs[first + i * n : first + (i + 1) * n] for i in range(several)]
        parts = [part for part in parts if part]
        nodes = [*map(self.node, xs[:first]), *map(self.vector, parts)]
        places: list[Any] = [(0, None)] * first
        places += [(first + i, j) for i in range(several) for j in range(n)]
        rest = xs[first + several * n :]
        places += [(len(nodes) + i, None) for i in range(len(rest))]
        return [*nodes, *map(self.node, rest)], places

    # ------------------------------------------------------------------ the chain rule

    def gradients(self, wrt: Iterable[Value]) -> None:
        """Add the gradients of the first root: ``grads`` of leaves, and those of the matrices."""
        wrt = [*dict.fromkeys(wrt)]
        for x in wrt:
            self.targets.setdefault(x, len(self.targets))
        form, root = self.form, self.values[0]
        form.turn = form.count
        order = reached([root])
        active = {self.nodes[x] for x in wrt if x in self.nodes}
        used = {self._taken[x] for x in wrt if x in self._taken}
        for node in order:
            if (node.op == "layer" and node.of in used) or not active.isdisjoint(node.xs):
                active.add(node)
        terms: dict[Node, list[Node]] = {root: [form.constant(1.0)]}
        parts: dict[Node, dict[int, Node]] = {}
        for node in reversed(order):
            if node not in active or not node.xs or (node not in terms and node not in parts):
                continue
            grad = self._arrived(node, terms.get(node, []), parts.get(node, {}))
            for operand, term in self._products(node, grad, used, parts):
                if operand in active:
                    terms.setdefault(operand, []).append(term)
        for leaf in wrt:
            if leaf in self.nodes:
                node = self.nodes[leaf]
                arrived = terms.get(node, [form.constant(0.0)])
                self.grads[leaf] = self._arrived(node, arrived, {})

    def runs(self) -> list[tuple[int, int, Node]]:
        """Return the gradients of single leaves: of each run its place, length, and first node.

        The gradients of a run of several are numbers of one vector, one after the other.
        """
        runs: list[tuple[int, int, Node]] = []
        for x, grad in self.grads.items():
            place = self.targets[x]
            if runs and grad.op == "at":
                start, n, first = runs[-1]
                same = first.op == "at" and first.xs[0] is grad.xs[0]
                if same and (place, grad.of) == (start + n, first.of + n):
                    runs[-1] = start, n + 1, first
                    continue
            runs.append((place, 1, grad))
        return runs

    def _arrived(self, node: Node, terms: Sequence[Node], parts: Mapping[int, Node]) -> Node:
        """Return the gradient of a node: the sum of what has arrived; of a vector, a vector."""
        n, form = self.form.length(node), self.form
        if parts:
            zero = form.constant(0.0)
            terms = [*terms, form.node("stack", *[parts.get(i, zero) for i in range(n)])]
        grad = terms[0]
        for term in terms[1:]:
            grad = grad + term
        return form.node("fill", grad, of=n) if n and not form.length(grad) else grad

    def _products(
        self, node: Node, grad: Node, used: Container[Matrix], parts: dict[Node, dict[int, Node]]
    ) -> list[tuple[Node, Node]]:
        """Return the operands of a node, each with what arrives there."""
        form, op, xs = self.form, node.op, node.xs
        if op == "layer":
            if node.of in used:
                node.of.grads.append((grad, xs[0]))
            return [(xs[0], form.node("into", grad, of=node.of))]
        if op == "stack":
            return [(x, form.node("at", grad, of=i)) for i, x in enumerate(xs)]
        if op == "at":
            known = parts.setdefault(xs[0], {})
            known[node.of] = known[node.of] + grad if node.of in known else grad
            return []
        found = []
        for x, partial in zip(xs, form.partials(op, node, xs)):
            term = form.product(grad, partial)
            summed = form.length(term) and not form.length(x)
            found.append((x, form.node("sum", term, -0.0) if summed else term))
        return found


def _levels(events: Iterable[Event]) -> list[list[Event]]:
    """Return values by the longest way to a leaf: those of one level need none of the others."""
    levels: dict[Value, int] = {}
    groups: list[list[Event]] = []
    for event in events:
        out, _, operands = event
        if isinstance(out, str):
            continue
        level = max([levels.get(x, -1) for x in operands], default=-1) + 1
        levels[out] = level
        if level == len(groups):
            groups.append([])
        groups[level].append(event)
    return groups
