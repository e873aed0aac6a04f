"""Write the steps of a run as Python: a loop over batches, and in it one over rows.

What `micrograd_like.training.compiled` does with it::

    text = Text(recorded, optimizer, batch_size=1, clip_norm=None, row_by_row=True)
    text.epoch()                   # def epoch(data, fixed, memory, batches, rates, done): ...
    text.numbers()                 # def numbers(data, fixed, rows): ...

What the model does stands once in the loop, and what the loss does with its outputs once for each
class. Derivatives come from the rows of the table, and the update from the optimizer itself, handed
nodes in place of numbers.

The short names: ``d_w`` is the gradient of ``w``; ``share`` is how much of a row's loss its batch's
loss takes; ``found`` has the loss of each row, and the outputs if they are measured.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .. import ops, optim
from ..engine import Value
from ..optim import Optimizer
from ..programs.form import Node
from ..programs.lowering import Lowered
from ..programs.python import Line, Writer, module, wrapped, zeroed
from .recorded import CannotRecord, Part, Recorded

MOST_PARAMETERS = 10_000
BACKWARD: Line = (None, "", "# backward")
OWN = {"data", "fixed", "memory", "batches", "rates", "done", "rows", "lr", "share", "loss"}
OWN |= {"target", "found", "grads", "norm", "new"}


class Text:
    """The source of a run's functions."""

    def __init__(
        self,
        recorded: Recorded,
        optimizer: Optimizer,
        batch_size: int,
        clip_norm: float | None,
        row_by_row: bool,
    ) -> None:
        self.recorded, self.optimizer, self.clip_norm = recorded, optimizer, clip_norm
        self.trained = [p for p in optimizer.parameters if p in recorded.reached]
        self.fixed = [x for x in recorded.leaves if x not in {*self.trained}]
        if len(self.trained) > MOST_PARAMETERS:
            raise CannotRecord(f"it has {len(self.trained):,} parameters, of {MOST_PARAMETERS:,}")
        self.plain = _is_plain(optimizer) and clip_norm is None
        self.at_once = self.plain and batch_size == 1 and row_by_row  # no sums of gradients
        self.remembers = False
        self.lowered = Lowered(recorded.part(recorded.shared))
        self.nodes = self.lowered.nodes
        self.refuse(self.lowered)
        form = self.lowered.form
        self.share = form.constant(1.0) if batch_size == 1 else form.leaf("share")
        self.walk(row_by_row)

    def refuse(self, lowered: Lowered) -> None:
        """Refuse what needs a guard in each row."""
        if lowered.guards:
            raise CannotRecord("an op turns nan into a number, as pow(nan, 0)")

    def walk(self, row_by_row: bool) -> None:
        """Add the gradients of the parameters, from those of the ends."""
        recorded, lowered, leaf = self.recorded, self.lowered, self.lowered.form.leaf
        order, self.tail, self.between = recorded.split()
        ends = recorded.ends
        self.given = {v: leaf("d_out") for v in (*ends, *self.between)}
        if None in recorded.losses:
            self.given = {ends[0]: self.share}
        self.sums = {} if row_by_row else {p: leaf("d") for p in self.trained}
        seeds = {v: self.given[v] for v in ends} | self.sums
        first: list[Value] = []
        grads: list[Node] = []
        if self.tail:  # the parameters of the tail first, then those of what feeds it
            own = {x for v in self.tail for x in v.operands}
            first = [p for p in self.trained if p in own]
            grads = lowered.gradients(self.tail, first, first, seeds)
            seeds = {v: self.given[v] for v in self.between} | self.sums
            order = [v for v in order if v not in {*self.tail}]
        rest = [p for p in self.trained if p not in {*first}]
        grads += lowered.gradients(order, rest, rest, seeds) if rest else []
        grad_of = dict(zip([*first, *rest], map(_bare, grads)))
        self.grads = [grad_of[p] for p in self.trained]
        for grad in self.grads:
            if grad.op is ops.mul:
                lowered.form.grad_of.pop(grad, None)  # it is written where it is used

    # ------------------------------------------------------------------ parts

    def head(self, writer: Writer) -> list[str]:
        """Name the leaves, and return the lines that read them from the arguments."""
        writer.taken |= OWN
        writer.names[self.share] = "share"
        for x in (*self.recorded.inputs, *self.trained, *self.fixed):
            writer.name(self.lowered.node(x))
        self.names = [writer.names[self.nodes[p]] for p in self.trained]
        fixed = [writer.names[self.nodes[x]] for x in self.fixed]
        return [*_unpacked(self.names, "data"), *_unpacked(fixed, "fixed")]

    def each_row(self, writer: Writer) -> str:
        """Return the names that a row is unpacked into."""
        names = [writer.names[self.nodes[x]] for x in self.recorded.inputs]
        return ", ".join([*names, *["target"] * (None not in self.recorded.losses), ""]).strip()

    def losses(self, writer: Writer, backward: bool) -> list[str]:
        """Return the lines that compute a row's loss, the gradients of the ends, and ``found``."""
        losses, lines = self.recorded.losses, list[str]()
        if None in losses:
            lines.append(f"loss = {writer.text(self.nodes[losses[None]])}")
        else:
            for c, loss in losses.items():
                lines.append(f"{'el' if lines else ''}if target == {c}:")
                lines += [f"    {line}" for line in self.loss(writer, c, loss, backward)]
        outs = [writer.text(self.nodes[v]) for v in self.recorded.measured]
        return [*lines, f"found.append(({', '.join(['loss', *outs, '']).strip()}))"]

    def loss(self, writer: Writer, c: Any, loss: Value, backward: bool) -> list[str]:
        """Return the lines of one class."""
        recorded, wrt = self.recorded, [*self.recorded.ends, *self.between]
        beneath = [x for v in self.tail for x in v.operands]
        known = dict.fromkeys([*recorded.ends, *self.tail, *beneath])
        order = {*recorded.orders[c]} - recorded.shared
        lowered = Lowered(recorded.part(order, known))
        self.refuse(lowered)
        for v, node in lowered.nodes.items():
            if v not in known and node.op == "leaf":
                raise CannotRecord("its loss takes more than the model's outputs and classes")
        walked = order | {*self.tail}
        walk = [v for v in recorded.orders[c] if v in walked]
        seed = lowered.form.leaf("share")
        if self.share.op == "constant":
            seed = lowered.form.constant(1.0)
        grads = lowered.gradients(walk, wrt, wrt, {loss: seed}) if backward else []
        grads = [*map(_bare, grads)]
        inner = Writer(lowered, [lowered.nodes[loss], *grads])
        inner.taken, inner.imports, inner.aliases = {*writer.taken}, writer.imports, writer.aliases
        inner.names = {lowered.nodes[v]: writer.text(self.nodes[v]) for v in known}
        inner.names[seed] = "share"
        lines = inner.blocks(inner.statements())
        lines.append(f"loss = {inner.text(lowered.nodes[loss])}")
        for v, grad in zip(wrt, grads):
            lines.append(f"{writer.name(self.given[v])} = {inner.text(grad)}")
        return [line for line in lines if not line.startswith("#")]

    # ------------------------------------------------------------------ functions

    def numbers(self) -> str:
        """Return the function that computes the loss and the outputs of rows."""
        shown = dict.fromkeys([*self.recorded.ends, *self.recorded.measured])
        writer = Writer(self.lowered, [self.nodes[v] for v in shown])
        head = self.head(writer)
        for v in shown:
            writer.name(self.nodes[v])
        lines = [*writer.blocks(writer.statements()), *self.losses(writer, backward=False)]
        loop = [f"for {self.each_row(writer)} in rows:", *_indented(lines)]
        return module(
            writer, "def numbers(data, fixed, rows):", [*head, "found = []", *loop, "return found"]
        )

    def epoch(self) -> str:
        """Return the function that makes the steps."""
        shown = [self.nodes[v] for v in (*self.given, *self.recorded.measured)]
        writer = Writer(self.lowered, [*dict.fromkeys([*shown, *self.grads])])
        head = self.head(writer)
        totals = [writer.unique(f"d_{name}") for name in self.names]
        for p, total in zip(self.trained, totals):
            if p in self.sums:
                writer.names[self.sums[p]] = total
        for v, node in self.given.items():
            if node is not self.share:
                writer.names[node] = writer.unique(f"d_{writer.name(self.nodes[v])}")
        lines = writer.statements()
        turn = lines.index(BACKWARD) if BACKWARD in lines else len(lines)
        last, after = self.updates(writer, totals)
        inputs = [writer.names[self.nodes[x]] for x in self.recorded.inputs]
        made = [name for _, name, _ in lines if name]
        quick = dict.fromkeys(["lr", *inputs, *made])  # CPython's first 256 locals
        row = [
            *writer.blocks(lines[:turn], otherwise=False),
            *self.losses(writer, backward=True),
            *writer.blocks([*lines[turn:], *last], otherwise=False),
        ]
        step = [
            *["share = 1 / len(rows)"] * (self.share.op == "leaf"),
            "found = []",
            *([] if self.at_once else zeroed(totals)),
            f"for {self.each_row(writer)} in reversed(rows):",
            *_indented(row),
            *after,
            "done.append(found[::-1])",
        ]
        whole = [*zeroed([*quick]), *head, "for rows, lr in zip(batches, rates):", *_indented(step)]
        grads = "[]" if self.at_once else "grads"
        whole.append(wrapped("return [", self.names, f"], memory, {grads}"))
        return module(writer, "def epoch(data, fixed, memory, batches, rates, done):", whole)

    def updates(self, writer: Writer, totals: list[str]) -> tuple[list[Line], list[str]]:
        """Return what comes at the end of a row, and at the end of a batch."""
        if self.at_once:
            return self.updates_at_once(writer, totals), []
        lines, gates = list[Line](), self.lowered.form.gate_of()
        for p, grad, total in zip(self.trained, self.grads, totals):
            if p in self.sums:
                lines.append((None, "", f"{total} = {writer.text(grad)}"))
            else:
                lines.append((gates.get(grad), total, f"{total} += {writer.text(grad)}"))
        after = [wrapped("grads = [", totals, "]")]
        if self.clip_norm is not None:
            writer.imports.setdefault("math", set()).add("hypot")
            clipped = f"[g / norm * {self.clip_norm!r} for g in grads]"
            after.append("norm = hypot(*grads)")
            after.append("if norm - norm: raise ArithmeticError  # it is not finite")
            after.append(f"if norm > {self.clip_norm!r}: grads = {clipped}")
        if self.plain:
            after += [f"{name} -= lr*{total}" for name, total in zip(self.names, totals)]
        else:
            after += self.update(writer)
        return lines, after

    def updates_at_once(self, writer: Writer, totals: list[str]) -> list[Line]:
        """Return the updates of gradient descent row by row, without a name for each gradient."""
        lines, first, gates = list[Line](), list[Line](), self.lowered.form.gate_of()
        parameters = {*self.names}
        for name, grad, total in zip(self.names, self.grads, totals):
            text = writer.text(grad)
            if not parameters.isdisjoint(re.findall(r"\w+", text)):  # read before that changes
                first.append((None, "", f"{total} = {text}"))
                text = total
            product = text if text.isidentifier() else f"({text})"
            lines.append((gates.get(grad), name, f"{name} -= lr*{product}"))
        return [*first, *lines]

    def update(self, writer: Writer) -> list[str]:
        """Return the loop over the parameters that does what the optimizer's `update` does."""
        lowered, optimizer = Lowered(Part((), (), ())), self.optimizer
        form = lowered.form
        labels = [f"memory{i}" for i in range(len(optimizer.memory_names))]
        x, g, lr, *memory = [form.leaf(label) for label in ("x", "g", "lr", *labels)]

        probe = object.__new__(type(optimizer))  # it has its settings, and no number of steps
        vars(probe).update(vars(optimizer))

        def new() -> list[Any]:
            data, remembered = probe.update(x, g, tuple(memory), lr)  # type: ignore[arg-type]
            return [data, *remembered]

        try:
            found = form.traced(new)
        except Exception as error:
            name = type(optimizer).__name__
            raise CannotRecord(f"the update of {name} is not arithmetic: {error!r}") from error
        inner = Writer(lowered, found)
        inner.imports, inner.aliases = writer.imports, writer.aliases
        inner.taken |= writer.taken
        inner.names[lr] = "lr"
        each = [inner.name(node) for node in (x, g, *memory)]
        lines = [line for line in inner.blocks(inner.statements()) if line[0] != "#"]
        data, *remembered = map(inner.text, found)
        self.remembers = bool(remembered)
        zipped, row = [wrapped("[", self.names, "]"), "grads"], [*each[:2]]
        if remembered:
            zipped, row = [*zipped, "memory"], [*row, f"({', '.join([*each[2:], '']).strip()})"]
            lines.append(f"new.append(({', '.join([*remembered, '']).strip()}))")
        return [
            "data, new = [], []",
            f"for {', '.join(row)} in zip({', '.join(zipped)}):",
            *_indented([*lines, f"data.append({data})"]),
            *["memory = new"] * self.remembers,
            *_unpacked(self.names, "data"),
        ]


def _is_plain(optimizer: Optimizer) -> bool:
    """Tell plain gradient descent, where a gradient of 0 changes nothing: not even a -0.0."""
    plain = type(optimizer) is optim.SGD and not optimizer.momentum and not optimizer.weight_decay
    return plain and not any(str(p.data) == "-0.0" for p in optimizer.parameters)


def _bare(node: Node) -> Node:
    """Return a gradient without the 0.0 that its sum starts from."""
    adds = node.op is ops.add and node.xs[1].op == "constant" and repr(node.xs[1].of) == "0.0"
    return node.xs[0] if adds else node


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {part}" for line in lines for part in line.split("\n")]


def _unpacked(names: list[str], whole: str) -> list[str]:
    return [wrapped("(", names, f") = {whole}")] if names else []
