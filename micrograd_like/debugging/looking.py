"""The debugger's commands that look, and change nothing: values, formulas, paths, a drawing."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from pathlib import Path
from pprint import pformat
from typing import NamedTuple

from ..drawing.graph import Graph
from ..engine import Value
from ..functional import gradients
from ..ops import as_float
from ..text import aligned, base, cells, clean, cut, shown
from .lookup import Mistake
from .prompt import count_of, starting, width
from .replaying import replay
from .stopping import Stopping, gradient

MOST_DRAWN = 300  # values; of a larger graph the part that is near


class Row(NamedTuple):
    """A row of a table: what is drawn before a value, the value, and the partial between them."""

    head: str
    value: Value | None = None
    partial: float | None = None


def few(rows: list[Row], most: int) -> list[Row]:
    """Return the rows; of very many the ends, with a row that counts the others."""
    if len(rows) <= most:
        return rows
    half = most // 2
    return [*rows[:half], Row(f"   … {len(rows) - 2 * half} more …"), *rows[-half:]]


class Looking(Stopping):
    """A prompt in the middle of a walk, which shows where it is and what is around."""

    selected: Value | None = None  # by `up` and `down`, until the next step

    # ------------------------------------------------------------------ the position

    def show_position(self, why: bool = True) -> None:
        """Show the last step, unless a breakpoint has told ``why`` it stopped, and the next one."""
        walk, done, coming, number = self.walk, self.walk.done, self.walk.coming, self.number
        if done is not None and why:
            parts = [done.before, done.product] if done.earlier else []
            summed = f"{' + '.join(map(number, parts))} = " if parts else ""
            to_come = f", {done.waiting} to come" if done.waiting else ""
            told = f"   grad of {{}} = {summed}{number(done.after)}{to_come}"
            self.tell(self.fitted(told, self.lookup.title(done.x)))
        if coming is None:
            walk.sync()  # the user may have changed a grad on the way
            self.tell("-> the end: every gradient is what backward() makes it")
        else:
            line = f"-> {coming.number}/{len(walk.tape)}  {{}} to {{}}: "
            line += f"{number(coming.upstream)} × {number(coming.partial)}"
            line = self.fitted(line, *map(self.lookup.title, (coming.out, coming.x)))
            formula = f"   ({coming.formula})"
            both = width(line) + cells(formula) <= self.columns
            self.tell(line + formula if both else f"{line}\n{formula}")
            self.show_source(coming.out)
        self.show_displays()

    def show_source(self, value: Value) -> None:
        """Show the line of the script that made a value, and mark the expression in it."""
        file, _, number = value.line.rpartition(":")
        source = linecache.getline(file, int(number or 0)).rstrip()
        if not source.strip():
            return
        text, (start, stop) = source.lstrip(), getattr(value.line, "span", None) or (0, 0)
        head, indent = f"   {base(value.line)}: ", len(source) - len(text)  # white space is ASCII
        first, last = (
            len(text.encode()[: max(at - indent, 0)].decode(errors="ignore"))
            for at in (start, stop)
        )
        room = self.columns - cells(head)
        skipped = max(min(first - 1, cells(text) - room), 0)
        shown = f"…{text[skipped + 1 :]}" if skipped else text
        self.tell(head + cut(clean(shown), room))
        if last > first:
            marks = min(last - first, room - first + skipped)
            self.tell(" " * (cells(head) + first - skipped) + "^" * marks)

    def path(self) -> list[Value]:
        """Return the values on a path from here to the loss."""
        coming = self.walk.coming
        path = [coming.x, coming.out] if coming else [self.walk.root]
        above = {step.x: step.out for step in reversed(self.walk.tape)}  # the first that adds to x
        while path[-1] in above:
            path.append(above[path[-1]])
        return path

    def do_where(self, arguments: str) -> None:
        """where: show a path from the loss to here, the nearest value last."""
        path = self.path()
        marks = {path[0]: "->", self.selected: ">"}
        self.table(few([Row(f"{marks.get(x, ''):3}", x) for x in reversed(path)], 40))

    def do_up(self, arguments: str) -> None:
        """up [COUNT]: look at the value that is one nearer to the loss on the path of `where`.

        The commands that take a NODE then take this one, until the next step.
        """
        self.select(count_of(arguments))

    def do_down(self, arguments: str) -> None:
        """down [COUNT]: look at the value that is one nearer to the next step, as `up` does."""
        self.select(-count_of(arguments))

    def select(self, count: int) -> None:
        """Go along the path, as far as there is one."""
        path = self.path()
        at = path.index(self.node(""))
        to = min(max(at + count, 0), len(path) - 1)
        if to == at:
            raise Mistake("this is the loss" if count > 0 else "this is where the next step leads")
        self.selected = path[to]
        self.table([Row(">  ", path[to])])

    # ------------------------------------------------------------------ tables of values

    def table(self, rows: Sequence[Row]) -> None:
        """Show values: what is drawn before each, its name, data and gradient, and a partial."""
        partials = any(row.partial is not None for row in rows)
        table = [["", "data", "grad", "× partial" if partials else ""]]
        for head, value, dx in rows:
            texts = [head, "", "", "" if dx is None else shown(dx)]
            if value is not None:
                texts[:3] = head + self.lookup(value), shown(value.data), gradient(value)
            table.append(texts)
        self.tell("\n".join(aligned(table, self.columns)))

    def do_list(self, arguments: str) -> None:
        """list [NODE]: draw what a value, or the current one, is made of and what it goes into."""
        coming, value = self.walk.coming, self.node(arguments)
        order, xs = dict.fromkeys(self.lookup.order), value.operands
        uses = [(out, i) for out in order for i, x in enumerate(out.operands) if x is value]
        above = [
            Row(f"   {'├' if k else '┌'}─ ", out, out.partials[i])
            for k, (out, i) in enumerate(uses)
        ]
        index = coming.index if coming and coming.out is value else None
        below = []
        for i in [i for i, x in enumerate(xs) if x in order]:
            below.append(Row(f"   ├─{'▶' if i == index else '─'} ", xs[i], value.partials[i]))
        if below:
            below[-1] = below[-1]._replace(head=below[-1].head.replace("├", "└"))
        arrow = [Row("   ▼")] if above else []
        here = Row("   " if index is None else "-> ", value)
        self.table([*few(above, 12), *arrow, here, *few(below, 40)])

    def do_longlist(self, arguments: str) -> None:
        """longlist: list all values, from the loss down, with -> where the next step starts."""
        order, here = [*reversed(self.lookup.order)], self.node("")
        at = max(0, min(order.index(here) - 100, len(order) - 200)) if here in order else 0
        some, marks = order[at : at + 200], {here: "-> "}
        self.table([Row(marks.get(value, "   "), value) for value in some])
        if len(order) > 200:
            self.tell(f"   {at + 1} to {at + len(some)} of {len(order)}")

    # ------------------------------------------------------------------ one value

    def found(self, text: str) -> object:
        """Return what an expression is, or the value of a label, which may be none: "my weight"."""
        value = None if text in self.lookup.namespace else self.lookup.named(text)
        return self.lookup.evaluate(text) if value is None else value

    def do_print(self, arguments: str) -> None:
        """print EXPRESSION: show what a Python expression is, in full; labels are names in it."""
        self.tell(repr(self.found(arguments)))

    def do_pp(self, arguments: str) -> None:
        """pp EXPRESSION: show what it is, laid out; a value as `whatis` does."""
        found = self.found(arguments)
        if isinstance(found, Value) and found in self.lookup:
            self.tell_about(found)
        else:
            self.tell(pformat(found, width=self.columns))

    def do_whatis(self, arguments: str) -> None:
        """whatis [NODE]: tell what made a value, its partials, how much of its gradient arrived."""
        self.tell_about(self.node(arguments))

    def tell_about(self, value: Value) -> None:
        """Show what made a value, its numbers in full, its partials and its line."""
        title, op, few = self.lookup.title, value.op, value.operands[:8]
        kind = "a constant" if value.constant else "a leaf"
        if op:
            kind = f"{op.name} of {', '.join(map(title, few))}{' …' * (len(value.operands) > 8)}"
        self.tell(cut(f"{title(value)} is {kind}", self.columns))
        self.tell(f"   data {value.data!r}")
        uses = sum(x is value for out in self.lookup.order for x in out.operands)
        arrived = sum(step.x is value for step in self.walk.tape[: self.walk.position])
        grad = "–" if gradient(value) == "–" else repr(value.grad)
        parts = (
            f", {arrived} of {uses} contributions are there" if uses else ""
        )  # the loss has none
        self.tell(f"   grad {grad}{parts}")
        partials = [float(shown(dx)) for dx in value.partials[:8]]
        for i, (x, dx) in enumerate(zip(few, partials)):
            assert op is not None
            formula = op.formula(i, len(value.operands), dx)
            self.tell(cut(f"   {formula}   towards {title(x)}", self.columns))
        if value.line:
            self.show_source(value)

    def do_why(self, arguments: str) -> None:
        """why [NODE]: say why its gradient is what it is, by the paths that it is the sum of."""
        from .explain import explain

        why = explain(self.node(arguments), self.walk.root, names=self.lookup.namespace)
        self.tell(why.text(self.columns))

    def do_what_if(self, arguments: str) -> None:
        """what-if NODE = NUMBER: show what would change; nothing does. As `what-if w1 = 0.2`."""
        name, equals, text = arguments.rpartition("=")
        if not equals or not name.strip():
            raise Mistake("what-if takes a value and a number, as `what-if w1 = 0.2`")
        value, root, order = self.node(name), self.walk.root, self.lookup.order
        twins = replay(root, {value: as_float(self.lookup.evaluate(text))})
        new = gradients(twins[root], map(twins.__getitem__, order), seed=self.walk.seed)
        rows = []
        for x, grad in zip(order, new):
            numbers = [(x.data, twins[x].data), (self.walk.grads[x], grad)]
            texts = [f"{shown(a)} → {shown(b)}" if repr(a) != repr(b) else "" for a, b in numbers]
            if any(texts):
                rows.append((self.lookup.title(x), *texts))
        table = [("", "data", "grad at the end"), *rows[-40:]]
        self.tell("\n".join(aligned(table, self.columns)))
        if len(rows) > 40:
            self.tell(f"and {len(rows) - 40} more")

    # ------------------------------------------------------------------ other tools

    def do_draw(self, arguments: str) -> None:
        """draw [FILE]: draw the graph with the next step lit, to an .svg (or .png) file."""
        path = arguments or "grad.svg"
        coming = self.walk.coming
        lit = [coming.out, coming.x] if coming else []
        here, levels = self.walk.root, None
        if len(self.lookup.order) > MOST_DRAWN:
            here, levels = self.node(""), 3
            self.tell(f"the graph is large: this is what {self.lookup.title(here)} was made of")
        graph = Graph(here, highlight=lit, view="partials", levels=levels)
        for arrow in graph.scene.arrows:
            if coming and arrow.key == f"e{graph.names.key(coming.out)}-{coming.index}":
                arrow.tone = "lit"
        graph.save(path)
        self.tell(f"wrote {path}")

    def do_page(self, arguments: str) -> None:
        """page [FILE]: write the page of the graph, grad.html say, and open it at this step."""
        import webbrowser

        path, lookup = Path(arguments or "grad.html"), self.lookup
        self.walk.root.page(
            path, seed=self.walk.seed, names=lookup.namespace, constants=lookup.constants
        )
        step = min(self.walk.position + 1, len(self.walk.tape))
        webbrowser.open(f"{path.resolve().as_uri()}#step={step}")
        self.tell(f"wrote {path}: this is its step {step}")

    def node(self, text: str) -> Value:
        """Return the value of a name; of none, the one selected, of the next step, or the root."""
        if text not in ("", "."):
            return self.lookup.value(text)
        coming = self.walk.coming
        here = coming.out if coming else self.walk.root
        return here if self.selected is None else self.selected

    # ------------------------------------------------------------------ completion

    def complete_break(self, text: str, line: str, begin: int, end: int) -> list[str]:
        """Complete what stands behind op or module, or else a name."""
        known = {"op": self.lookup.ops, "module": self.lookup.modules}
        kind = "".join(line.split()[1:2])
        return (
            starting(text, known[kind]())
            if kind in known
            else self.completedefault(text, line, begin, end)
        )

    complete_tbreak = complete_break
