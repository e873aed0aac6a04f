"""Write the steps of a run as Python: a loop over batches, and in it one over rows.

What `micrograd_like.training.compiled` does with it::

    text = Text(recorded, settings, row_by_row=True)
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
from ..programs.loops import Layer
from ..programs.lowering import Lowered
from ..programs.python import Line, Writer, module, wrapped, zeroed
from ..programs.recording import Recording
from .recorded import CannotRecord, Recorded, Reordered
from .settings import Settings

# Parameters that have a line each: of more, loops go over the neurons of layers. Where a batch has
# several rows, these are as fast, and written sooner.
MOST, MOST_IN_BATCHES = 10_000, 2_000
MOST_OPERATIONS = 20_000  # of the rows of all classes, where each is written on its own
BACKWARD: Line = (None, "", "# backward")
OWN = {"data", "fixed", "memory", "batches", "rates", "done", "rows", "lr", "share", "loss"}
OWN |= {"target", "found", "grads", "norm", "new", "updated", "row", "each", "slice"}


class Text:
    """The source of a run's functions."""

    def __init__(self, recorded: Recorded, settings: Settings, row_by_row: bool) -> None:
        self.recorded, self.optimizer = recorded, settings.optimizer
        self.clip_norm, by_one = settings.clip_norm, settings.batch_size == 1
        reached = [p for p in self.optimizer.parameters if p in recorded.reached]
        most = MOST if by_one else MOST_IN_BATCHES
        self.each = list[Text]()  # or of a row of each class, where only that has the engine's bits
        try:
            self.layers = recorded.layers({*reached}, len(recorded.leaves) > most)
        except Reordered:
            if sum(map(len, recorded.orders.values())) > MOST_OPERATIONS:
                raise
            self.layers = []
            self.each = [Text(one, settings, row_by_row) for one in recorded.by_class()]
        rows = dict.fromkeys(p for layer in self.layers for row in layer.rows for p in row)
        self.lined = [p for p in reached if p not in rows]
        self.trained = [*self.lined, *rows]
        places = {p: i for i, p in enumerate(self.trained)}
        self.order = [places[p] for p in reached]  # of the optimizer, in which a norm is taken
        self.fixed = [x for x in recorded.leaves if x not in places]
        if (lines := len(self.lined) + len(self.fixed)) > MOST:
            raise CannotRecord(
                f"{lines:,} parameters are in no dense layer that is trained: {MOST:,} at most"
            )
        plain = _is_plain(self.optimizer) and self.clip_norm is None
        self.at_once = plain and by_one and row_by_row  # no sums of gradients
        self.remembers = False
        self.lowered = Lowered(recorded.part(recorded.shared, recorded.inputs), self.layers)
        self.nodes = self.lowered.nodes
        self.refuse(self.lowered)
        self.share = self.lowered.form.constant(1.0) if by_one else self.lowered.form.leaf("share")
        self.walk(row_by_row)

    def refuse(self, lowered: Lowered) -> None:
        """Refuse what needs a guard in each row."""
        if lowered.guards:
            raise CannotRecord("an op turns nan into a number, as pow(nan, 0)")

    def walk(self, row_by_row: bool) -> None:
        """Add the gradients of the parameters, from those of the ends."""
        recorded, form = self.recorded, self.lowered.form
        self.given = {v: form.leaf("d_out") for v in recorded.ends}
        if None in recorded.losses:
            self.given = {recorded.ends[0]: self.share}
        self.sums = {} if row_by_row else {p: form.leaf("d") for p in self.lined}
        order = [v for v in recorded.order if v in recorded.shared]
        grads = self.lowered.gradients(order, self.trained, self.lined, self.given | self.sums)
        self.grads = [*map(_bare, grads)]
        for grad in self.grads:
            if grad.op is ops.mul:
                form.grad_of.pop(grad, None)  # it is written where it is used

    # ------------------------------------------------------------------ parts

    def head(self, writer: Writer) -> list[str]:
        """Name the leaves, and return the lines that read them from the arguments."""
        writer.taken |= OWN
        writer.names[self.share] = "share"
        for x in (*self.recorded.inputs, *self.lined, *self.fixed):
            writer.name(self.lowered.node(x))
        self.names = [writer.names[self.nodes[p]] for p in self.lined]
        lines, at = list[str](), len(self.lined)
        for i, layer in enumerate(self.layers):
            n, end = len(layer.rows[0]), at + sum(map(len, layer.rows))
            lines.append(
                f"rows{i} = [slice(i, i + {n}) for i in range({at}, {end}, {n})]  # of data"
            )
            writer.names[layer.leaf], at = f"map(data.__getitem__, rows{i})", end
            if turns := self.turns(layer):
                lines.append(f"turns{i} = {turns}  # by class")
        self.inputs = [writer.names[self.nodes[x]] for x in self.recorded.inputs]
        target = ["target"] * (None not in self.recorded.losses)
        self.row = ", ".join([*self.inputs, *target, ""]).strip()
        fixed = [writer.names[self.nodes[x]] for x in self.fixed]
        lines += self.unpacked()
        return [*lines, *([wrapped("(", fixed, ") = fixed")] if fixed else [])]

    def turns(self, layer: Layer) -> dict[Any, list[int]]:
        """Return the order in which the walk comes to the neurons of a layer, if classes differ."""
        places = {v: i for i, v in enumerate(reversed(layer.neurons))}
        turns = {
            c: [places[v] for v in reversed(order) if v in places]
            for c, order in self.recorded.orders.items()
        }
        return turns if any(turn != sorted(turn) for turn in turns.values()) else {}

    def unpacked(self) -> list[str]:
        """Return the line that gives the parameters that have a line each their names."""
        return [wrapped("(", self.names, f") = data[:{len(self.names)}]")] if self.names else []

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
        recorded, ends = self.recorded, dict.fromkeys(self.recorded.ends)
        order = [v for v in recorded.orders[c] if v not in recorded.shared]
        lowered = Lowered(recorded.part({*order}, ends))
        self.refuse(lowered)
        for v, node in lowered.nodes.items():
            if v not in ends and node.op == "leaf":
                raise CannotRecord("its loss takes more than the model's outputs and classes")
        seed = lowered.form.constant(1.0) if self.share.of else lowered.form.leaf("share")
        grads = lowered.gradients(order, ends, [*ends], {loss: seed}) if backward else []
        grads = [*map(_bare, grads)]
        inner = Writer(lowered, [lowered.nodes[loss], *grads])
        inner.taken, inner.imports, inner.aliases = {*writer.taken}, writer.imports, writer.aliases
        inner.names = {lowered.nodes[v]: writer.text(self.nodes[v]) for v in ends}
        inner.names[seed] = "share"
        lines = inner.blocks(inner.statements())
        lines.append(f"loss = {inner.text(lowered.nodes[loss])}")
        for v, grad in zip(ends, grads):
            lines.append(f"{writer.name(self.given[v])} = {inner.text(grad)}")
        return [line for line in lines if not line.startswith("#")]

    # ------------------------------------------------------------------ functions

    def numbers(self) -> str:
        """Return the function that computes the loss and the outputs of rows."""
        shown = dict.fromkeys([*self.recorded.ends, *self.recorded.measured])
        writer = Rows(self, [self.nodes[v] for v in shown])
        head = self.head(writer)
        for v in shown:
            writer.name(self.nodes[v])
        lines = [*writer.blocks(writer.statements()), *self.losses(writer, backward=False)]
        loop = [f"for {self.row} in rows:", *_indented(lines)]
        return module(
            writer, "def numbers(data, fixed, rows):", [*head, "found = []", *loop, "return found"]
        )

    def epoch(self) -> str:
        """Return the function that makes the steps."""
        texts = self.each or [self]
        writers = [text.named() for text in texts]
        text, writer = texts[0], writers[0]
        for other in writers[1:]:
            other.imports, other.aliases = writer.imports, writer.aliases
        found = [each.row_lines(named) for each, named in zip(texts, writers)]
        quick = dict.fromkeys(name for _, names, _ in found for name in names)
        row, _, after = found[0]
        if self.each:
            each = zip(self.recorded.losses, found)
            row = [line for c, (lines, *_) in each for line in _when(c, lines)]
            self.remembers = text.remembers
        step = [
            *["share = 1 / len(rows)"] * (text.share.op == "leaf"),
            "found = []",
            *([] if self.at_once else [f"grads = [0.0]*{len(self.trained)}", *zeroed(text.totals)]),
            f"for {text.row} in reversed(rows):",
            *_indented(row),
            *after,
            "done.append(found[::-1])",
        ]
        whole = [*zeroed([*quick]), *text.first, "for rows, lr in zip(batches, rates):"]
        whole += _indented(step)
        whole += [wrapped(f"data[:{len(text.names)}] = [", text.names, "]")] if self.at_once else []
        whole.append(f"return data, memory, {'[]' if self.at_once else 'grads'}")
        return module(writer, "def epoch(data, fixed, memory, batches, rates, done):", whole)

    def named(self) -> Rows:
        """Return what writes a row, and name what all rows have in common."""
        shown = [self.nodes[v] for v in (*self.given, *self.recorded.measured)]
        backs = [layer.back for layer in self.layers]
        writer = Rows(self, [*dict.fromkeys([*shown, *self.grads]), *backs])
        self.first = self.head(writer)
        self.totals = [writer.unique(f"d_{name}") for name in self.names]
        writer.names |= dict(zip(self.sums.values(), self.totals))
        for v, node in self.given.items():
            if node is not self.share:
                writer.names[node] = writer.unique(f"d_{writer.name(self.nodes[v])}")
        return writer

    def row_lines(self, writer: Rows) -> tuple[list[str], dict[str, None], list[str]]:
        """Return the lines of a row, the names that they use, and what comes after a batch."""
        lines = writer.statements()
        turn = lines.index(BACKWARD) if BACKWARD in lines else len(lines)
        last, after = self.updates(writer, self.totals)
        made = [name for _, name, _ in lines if name]
        rows = [name for layer in self.layers for name in (*layer.weights, *layer.bias)]
        quick = dict.fromkeys(["lr", "g", *rows, *self.inputs, *made])  # CPython's first 256 locals
        row = [
            *writer.blocks(lines[:turn], otherwise=False),
            *self.losses(writer, backward=True),
            *writer.blocks([*lines[turn:], *last], otherwise=False),
        ]
        return row, quick, after

    def updates(self, writer: Writer, totals: list[str]) -> tuple[list[Line], list[str]]:
        """Return what comes at the end of a row, and at the end of a batch."""
        if self.at_once:
            return self.updates_at_once(writer, totals), []
        lines, gates = list[Line](), self.lowered.form.gate_of()
        gets = "=" if self.sums else "+="
        for grad, total in zip(self.grads, totals):
            lines.append((gates.get(grad), total, f"{total} {gets} {writer.text(grad)}"))
        after = [wrapped(f"grads[:{len(totals)}] = [", totals, "]")]
        if self.clip_norm is not None:
            writer.imports.setdefault("math", set()).add("hypot")
            most = repr(self.clip_norm)
            ordered = self.order == sorted(self.order)
            each = "grads" if ordered else f"map(grads.__getitem__, {self.order})"
            after.append(f"norm = hypot(*{each})")
            after.append("if norm - norm: raise ArithmeticError  # it is not finite")
            after.append(f"if norm > {most}: grads = [g / norm * {most} for g in grads]")
        return lines, [*after, *self.update(writer)]

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
        lowered, optimizer = Lowered(Recording()), self.optimizer
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
        memory_names = f"({', '.join([*each[2:], '']).strip()})" if remembered else "_"
        return [
            "updated, new = [], []",
            f"for {each[0]}, {each[1]}, {memory_names} in zip(data, grads, memory):",
            *_indented([*lines, f"updated.append({data})"]),
            f"    new.append(({', '.join([*remembered, '']).strip()}))",
            "data, memory = updated, new",
            *self.unpacked(),
        ]


class Rows(Writer):
    """Writes a loop for each layer whose parameters are slices of ``data``."""

    def __init__(self, text: Text, results: Sequence[Node]) -> None:
        super().__init__(text.lowered, results)
        self.run = text

    def _back(self, node: Node, layer: Layer) -> list[str]:
        """Return the loop that adds gradients to ``grads``, or subtracts them at once."""
        weights, bias = layer.weights, layer.bias
        m, i, at_once = len(layer.neurons), self.run.layers.index(layer), self.run.at_once
        texts = [*map(self.text, node.xs)]
        moved = [(self.name(item), weights[item.of]) for item in self.items.get(node, ())]
        grads, sums = wrapped("[", texts[:m], "]"), wrapped("[", texts[m : 2 * m], "]")
        turn = f"turns{i}[target]" if self.run.turns(layer) else f"range({m})"
        names, whole = [*weights, *bias], "data" if at_once else "grads"
        read = wrapped("(", names, ") = ")
        products = [*[f"g*{x}" for x in texts[2 * m :]], *["g" for _ in bias]]
        new = [f"{w} - lr*({x})" if at_once else f"{w} + {x}" for w, x in zip(names, products)]
        body = [
            "if not g and s - s == 0.0: continue  # 0 adds nothing, but for 0·inf",
            *[f"{read}data[row]"] * bool(moved and not at_once),
            *[f"{d} += g*{w}" for d, w in moved if not at_once],
            f"{read}{whole}[row]",
            *[f"{d} += g*{w}" for d, w in moved if at_once],
            wrapped(f"{whole}[row] = [", new, "]"),
        ]
        return [
            *zeroed([d for d, _ in moved]),
            f"each = [*zip({grads}, {sums}, reversed(rows{i}))]",
            f"for g, s, row in map(each.__getitem__, {turn}):",
            *_indented(body),
        ]


def _is_plain(optimizer: Optimizer) -> bool:
    """Tell plain gradient descent, where a gradient of 0 changes nothing: not even a -0.0."""
    plain = type(optimizer) is optim.SGD and not optimizer.momentum and not optimizer.weight_decay
    return plain and not any(str(p.data) == "-0.0" for p in optimizer.parameters)


def _bare(node: Node) -> Node:
    """Return a gradient without the 0.0 that its sum starts from."""
    adds = node.op is ops.add and node.xs[1].op == "constant" and repr(node.xs[1].of) == "0.0"
    return node.xs[0] if adds else node


def _when(c: Any, lines: Sequence[str]) -> list[str]:
    """Return the lines for rows of one class."""
    return [f"if target == {c}:", *_indented(lines)]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {part}" for line in lines for part in line.split("\n")]
