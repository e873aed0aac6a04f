"""The debugger's commands that look, and change nothing: values, formulas, paths, a drawing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..drawing.graph import Graph, grad_of, is_computed
from ..engine import Value
from ..names import label
from ..text import padded
from .prompt import Lookup, Mistake, Prompt, none_taken
from .steps import Walk

WHICH = "which value? Say its label, or its name as `info values` shows it"


class Looking(Prompt):
    """A prompt in the middle of a walk: ``lookup`` finds its values."""

    walk: Walk
    lookup: Lookup

    def do_where(self, arguments: str) -> None:
        """where: show a path from the loss to here, the nearest value last."""
        none_taken("where", arguments)
        coming = self.walk.coming
        path = [coming.x, coming.out] if coming else [self.walk.root]
        above = {step.x: step.out for step in reversed(self.walk.tape)}  # the first that adds to x
        while path[-1] in above:
            path.append(above[path[-1]])
        for i, value in reversed([*enumerate(path)]):
            if i < 20 or i >= len(path) - 20:
                self.tell(f"{'->' if i == 0 else '  '} {self.described(value)}")
            elif i == 20:
                self.tell(f"   … {len(path) - 40} more …")

    def do_list(self, arguments: str) -> None:
        """list [NODE]: draw what a value, or the current one, is made of and what it goes into."""
        coming, value = self.walk.coming, self.node(arguments)
        uses = [(v, i) for v in self.lookup.order for i, x in enumerate(v.operands) if x is value]
        for k, (out, i) in enumerate(uses[:12]):
            self.tell(f"   {'├' if k else '┌'}─ {self.described(out)}   × {out.partials[i]!r}")
        if len(uses) > 12:
            self.tell(f"   ├─ … and {len(uses) - 12} more")
        if uses:
            self.tell("   ▼")
        index = coming.index if coming and coming.out is value else None
        self.tell(f"{'  ' if index is None else '->'} {self.described(value)}")
        last = len(value.operands) - 1
        for i, (x, dx) in enumerate(zip(value.operands[:40], value.partials)):
            line = f"{'└' if i == last else '├'}─{'▶' if i == index else '─'}"
            self.tell(f"   {line} {self.described(x)}   × {dx!r}")
        if last >= 40:
            self.tell(f"   └── … and {last - 39} more")

    def do_print(self, arguments: str) -> None:
        """print EXPRESSION: show a value by its label or name, or any Python expression."""
        value = self.lookup.labelled(arguments.strip())
        self.default(arguments) if value is None else self.tell(repr(value))

    def do_whatis(self, arguments: str) -> None:
        """whatis NODE: say what made a value, and how much of its gradient has arrived."""
        value = self.node(arguments, "whatis")
        kind = "a leaf"
        if value.op:
            more = " …" if len(value.operands) > 8 else ""
            operands = ", ".join(map(self.lookup.title, value.operands[:8]))
            kind = f"{value.op.name} of {operands}{more}"
        self.tell(f"{self.lookup.title(value)} is {kind}")
        self.tell(f"   data {value.data!r}")
        if value.line:
            self.tell(f"   made at {value.line}")
        uses = sum(x is value for out in self.lookup.order for x in out.operands)
        arrived = sum(step.x is value for step in self.walk.tape[: self.walk.position])
        self.tell(f"   grad {_gradient(value)}, {arrived} of {uses} contributions are there")

    def do_formula(self, arguments: str) -> None:
        """formula [NODE]: show the formulas of the op that made a value, with numbers."""  # noqa: D401
        value = self.node(arguments)
        if value.op is None:
            raise Mistake(f"{self.lookup.title(value)} is a leaf: no op made it")
        n = len(value.operands)
        self.tell(f"{self.lookup.title(value)} = {value.op.name} = {value.data!r}")
        for i, (x, dx) in enumerate(zip(value.operands, value.partials)):
            self.tell(f"   {value.op.formula(i, n, dx)}   towards {self.lookup.title(x)}")

    def do_why(self, arguments: str) -> None:
        """why NODE: explain why its gradient is what it is, by the paths that it is the sum of."""
        from .explain import explain

        self.tell(explain(self.node(arguments, "why"), self.walk.root))

    def do_draw(self, arguments: str) -> None:
        """draw [FILE]: draw the graph with the next step lit, to an .svg (or .png) file."""
        path = arguments.strip() or "grad.svg"
        coming = self.walk.coming
        lit = [coming.out, coming.x] if coming else []
        try:
            graph = Graph(self.walk.root, highlight=lit, view="partials")
        except ValueError:
            here = self.node("")
            graph = Graph(here, highlight=lit, view="partials", levels=3)
            self.tell(f"the graph is large: this is what {self.lookup.title(here)} was made of")
        for arrow in graph.scene.arrows:
            if coming and arrow.key == f"e{graph.names.key(coming.out)}-{coming.index}":
                arrow.tone = "lit"
        graph.save(path)
        self.tell(f"wrote {path}")

    def do_pdb(self, arguments: str) -> None:
        """pdb: step through the rule of the current op in pdb, with its operands as local names."""
        import pdb

        coming = self.walk.coming
        if coming is None or coming.out.op is None:
            raise Mistake("this is the end of the walk: there is no rule to run")
        stdin, stdout = (None, None) if self.use_rawinput else (self.stdin, self.stdout)
        debugger = pdb.Pdb("tab", stdin, stdout, nosigint=True)  # Ctrl-C stays this prompt's
        out, op = coming.out, coming.out.op
        floats = tuple([x.data for x in out.operands])
        operands: tuple[Any, ...] = (floats,) if op.many else floats
        partials: Any = debugger.runcall(op.partials, out.data, *operands)
        if partials is None:  # the user left pdb by `quit`
            return
        self.tell(f"partials: {partials!r}")
        if repr(out.partials) != repr(tuple(partials)):
            self.tell(f"an operand's data has changed: they were {out.partials!r} when recorded")

    def node(self, text: str, command: str = "") -> Value:
        """Return the value that was given; without one, unless a ``command`` needs it, that of the
        next step or the root."""
        if command and not text:
            raise Mistake(f"{command} {WHICH}")
        coming = self.walk.coming
        return self.lookup.value(text) if text else coming.out if coming else self.walk.root

    def described(self, value: Value) -> str:
        """Return a row of a table: name, label, op, data and gradient."""
        key = padded(self.lookup.key(value), max(4, len(self.lookup.key(self.walk.root))))
        kind = value.op.symbol if value.op else "leaf"
        return (
            f"{key} {padded(label(value), 8)} {kind:5} "
            f"data {value.data!r}   grad {_gradient(value)}"
        )

    def complete_node(self, text: str, line: str, begin: int, end: int) -> list[str]:
        return _starting(text, self.lookup.words())

    def complete_break(self, text: str, line: str, begin: int, end: int) -> list[str]:
        kind = line.split()[1:2]
        known = {"op": self.lookup.ops, "module": self.lookup.modules}
        return _starting(text, known.get("".join(kind), self.lookup.words)())

    def complete_print(self, text: str, line: str, begin: int, end: int) -> list[str]:
        names = {*self.namespace} if text else set()
        return _starting(text, names | self.lookup.words())

    complete_tbreak = complete_break
    complete_until = complete_watch = complete_whatis = complete_why = complete_node
    complete_list = complete_formula = complete_node


def _gradient(value: Value) -> str:
    return repr(grad_of(value)) if is_computed(value) else "–"


def _starting(text: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(text) and name.isprintable())
