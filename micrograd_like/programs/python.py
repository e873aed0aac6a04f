"""Write a form as Python: an operation a line, in the words of its user.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> print(tanh(w * x).program(inputs=[x]).source)
    from math import tanh
    from micrograd_like.floats import sech2
    <BLANKLINE>
    <BLANKLINE>
    def program(x, w):
        # v2, and its gradients with respect to w
        # forward
        v1 = w*x
        v2 = tanh(v1)
        # backward
        d_v1 = sech2(v1)
        d_w = d_v1*x
        return v2, [d_w + 0.0]
    <BLANKLINE>

How a row is written stands here; its derivative stands in its row.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from .. import floats, ops
from ..ops import POWER, PRODUCT, SIGN, SUM, Op
from ..text import clean
from . import loops
from .bounds import LARGEST, bounded
from .form import COMPARED, SAFE, Node, reached
from .lowering import Lowered
from .source import text_of_line

CHOICE, TEST, ATOM = -1, 0, POWER + 1  # how tightly binds what the table does not have
ATOMS = 120  # in one expression: 60 products
WIDTH = 96
FEW, BLOCK = 40, 3  # gradients; products that are worth asking whether they are 0

INTEGERS = (ops.floor, ops.ceil, ops.trunc)  # as math returns them
INFIX = {*SAFE, "div", "floordiv", "mod"} - {"neg"}
FOLDED = {*INFIX, "neg", "power"}  # into what a value is used for
RESERVED = {*keyword.kwlist, *dir(builtins), *ops.TABLE, *vars(floats), "floor", "ceil", "trunc"}
RESERVED |= {"inf", "nan", "rows", "total", "leaves", "Branch", "TABLE", "_"}

Term = tuple[str, int]  # a text, and how tightly it binds
Line = tuple[Any, str, str]  # the gate of a product that may be 0, its name, and its text


@cache
def identifier(label: str) -> str:
    """Return a label as a name in code, or "": of a dotted one its last word, and its numbers."""
    parts = [part for part in label[:200].split(".") if part]
    words = [part for part in parts if not part.isdecimal()]
    if len(words) < len(parts) and words:
        label = words[-1] + "_".join(part for part in parts if part.isdecimal())
    text = unicodedata.normalize("NFKC", re.sub(r"\W+", "_", label[:40])).strip("_")
    text = f"_{text}" if text[:1].isdigit() else text
    return text if text.isidentifier() else ""


def function_name(label: str) -> str:
    """Return a name for a program that hides nothing it calls."""
    name = identifier(label) or "program"
    return f"{name}_" if name in RESERVED else name


class Writer:
    """What the lines of a program are written with: names, terms that are folded in, imports."""

    def __init__(self, lowered: Lowered, results: Sequence[Node], may_check: bool = False) -> None:
        self.form, self.guards = lowered.form, lowered.guards
        roots = [*results, *self.guards, *self.form.kept]
        self.order = reached(roots)
        # Where the program checks that its numbers are bounded, 0 times any of them is 0.
        some = may_check and bool(self.form.zeros or self.form.gates)
        self.bounded = some and bounded(self.order)
        zeros = self.form.zeros if self.bounded else set[Node]()
        self.order = reached(roots, zeros) if zeros else self.order
        self.results = {*results}
        self.imports: dict[str, set[str]] = {}
        self.aliases: dict[str, None] = {}
        self.items: dict[Node, list[Node]] = {}
        self.names: dict[Node, str] = {}
        self.taken = set(RESERVED)
        self.numbered = 0
        for layer in lowered.layers:
            self.taken |= {"g", "s", *layer.weights, *layer.bias}
        for node in self.order:
            node.uses, node.user, node.term, node.size = 0, None, None, 1
            if node in zeros:
                node.term = "0.0", ATOM
                continue
            for x in node.xs:
                x.uses += 1
                x.user = node
            if node.op == "item":
                self.items.setdefault(node.xs[0], []).append(node)

    def name(self, node: Node) -> str:
        """Return the name of a node, from its label where that is safe in code."""
        if node not in self.names:
            of = self.form.grad_of.get(node)
            text = identifier(node.label)
            if of is not None and of in self.names:
                text = f"d_{self.names[of]}"
            elif node.op == "item" and node.xs[0].op == "rule":
                text = f"p{node.of}_{self.name(node.xs[0].xs[0])}"
            elif not text:
                self.numbered += 1
                text = f"v{self.numbered}"
            self.names[node] = self.unique(text)
        return self.names[node]

    def unique(self, text: str) -> str:
        """Return a name that nothing else has."""
        name, n = text, 1
        while name in self.taken:
            n += 1
            name = f"{text}_{n}"
        self.taken.add(name)
        return name

    def text(self, node: Node, tight: int = CHOICE) -> str:
        """Return an operand: a number, a name, or the expression that is folded in here."""
        if node.op == "constant":
            if not math.isfinite(node.of):
                self._import("math", "nan" if node.of != node.of else "inf")
            text = repr(node.of)
            own = SIGN if text[0] == "-" else ATOM
        elif node.term is not None:
            text, own = node.term
        else:
            return self.names.get(node) or self.name(node)
        return text if own >= tight else f"({text})"

    def expression(self, node: Node) -> Term:
        """Return what makes a node, and how tightly it binds."""
        op, xs = node.op, node.xs
        if isinstance(op, Op):
            return self._row(op, xs)
        if op == "select":
            condition, yes, no = self.text(xs[0]), self.text(xs[1], TEST), self.text(xs[2])
            return f"{yes} if {condition} else {no}", CHOICE
        if op in COMPARED:
            return f"{self.text(xs[0], SUM)} {op} {self.text(xs[1], SUM)}", TEST
        if op == "rule":
            name = self._from_table(f"d_{node.of.name}", node.of, "partials")
            return f"{name}({self.text(xs[0])}, {self._listed(node.of, xs[1:])})", ATOM
        if op in ("floor", "ceil", "trunc"):
            self._import("math", op)
        return f"{op}({self.text(xs[0])}{'' if node.of is None else f', {node.of}'})", ATOM

    def _row(self, op: Op, xs: Sequence[Node]) -> Term:
        if op.name in INFIX:
            a, b = self.text(xs[0], op.binds), self.text(xs[1], op.binds + 1)
            text = f"{a} {op.symbol} {b}" if op.binds == SUM else f"{a}{op.symbol}{b}"
            # No sign slips in: -(a//b) is not -a//b.
            return text, SUM if op in (ops.floordiv, ops.mod) else op.binds
        if op is ops.neg:
            text = self.text(xs[0], PRODUCT)
            return f"-{text}" if text[0] != "-" else f"-({text})", SIGN
        if op is ops.fabs:
            return f"abs({self.text(xs[0])})", ATOM
        exponent = xs[1].of if op in (ops.power, ops.pow) and xs[1].op == "constant" else 0.5
        if exponent.is_integer() and abs(exponent) < 1e15:
            return f"{self.text(xs[0], ATOM)}**{int(exponent)}", POWER
        if op is ops.hypot:
            return f"{self._import('math', 'hypot')}({', '.join(map(self.text, xs))})", ATOM
        text = f"{self._function(op)}({self._listed(op, xs)})"
        is_float = hasattr(floats, op.name) or (not op.foreign and op not in INTEGERS)
        return text if is_float else f"float({text})", ATOM

    def _listed(self, op: Op, xs: Sequence[Node]) -> str:
        listed = ", ".join(map(self.text, xs))
        return f"({listed}{',' * (len(xs) == 1)})" if op.many else listed

    def _function(self, op: Op) -> str:
        """Return the name of a row's function, and import it from where it is."""
        name = str(getattr(op.forward, "__name__", ""))
        for module in (math, floats):
            if getattr(module, name, None) is op.forward:
                return self._import(module.__name__, name)
        return self._from_table(identifier(op.name) or "op", op, "forward")

    def _from_table(self, name: str, op: Op, what: str) -> str:
        if ops.TABLE.get(op.name) is not op:
            raise ValueError(f"the op {op.name} is no row of ops.TABLE: a program cannot name it")
        self._import("micrograd_like.ops", "TABLE")
        self.aliases[f"{name} = TABLE[{op.name!r}].{what}"] = None
        self.taken.add(name)
        return name

    def _import(self, module: str, name: str) -> str:
        self.imports.setdefault(module, set()).add(name)
        return name

    def statements(self) -> list[Line]:
        """Return the lines that compute the results."""
        lines: list[Line] = [(None, "", "# forward")]
        told, turn = "", self.form.turn or self.form.count
        for node in self.order:
            if node.serial >= turn:
                turn = self.form.count
                lines.append((None, "", "# backward"))
            if node.op in ("leaf", "constant") or node.term:
                continue
            if node.op in ("item", "rule", "layer", "back"):
                lines += [(None, "", text) for text in self._several(node)]
                continue
            term = self.expression(node)
            if node in self.guards:
                lines.append((None, "", self._guard(self.guards[node], term[0])))
            if self._folds(node):
                node.term = term
                continue
            if node.line and node.line != told:
                told = node.line
                lines.append((None, "", clean(f"# {Path(told).name}: {text_of_line(told)}", WIDTH)))
            gate = self.form.gates.get(node) if node.user in self.results else None
            lines.append((gate, self.name(node), f"{self.name(node)} = {term[0]}"))
        return lines

    def _folds(self, node: Node) -> bool:
        """Tell whether a node is written where it is used, and has no line of its own."""
        user, made = node.user, node in self.form.made
        asked = node.op in COMPARED or node in self.guards
        if not asked and (user is None or node in self.results):
            return user is None and not made
        if not asked and (node.uses != 1 or node.label):
            return False
        node.size = sum([x.size if x.term else 1 for x in node.xs])
        if asked or node.size > ATOMS:
            return asked
        name = getattr(node.op, "name", "")
        if user.op == "select" and node is not user.xs[0]:  # on a branch: where it must not raise
            return not made or name in SAFE
        if user.op in ("back", "layer") or self.form.grad_of.get(node) in self.names:
            return False
        return not made or (name in FOLDED and user.op != "rule")

    def _guard(self, answer: Any, question: str) -> str:
        self._import("micrograd_like.programs.source", "Branch")
        if answer is True or answer is False:
            return f"if {'not ' * answer}{question}: raise Branch"
        if isinstance(answer, float):  # 0.0 is not -0.0
            question, answer = f"repr({question})", repr(answer)
        return f"if {question} != {answer!r}: raise Branch"

    def _several(self, node: Node) -> list[str]:
        """Return the lines of what gives several numbers: a rule, or a loop over neurons."""
        if node.op == "item":
            return []
        if node.op == "back":
            return self._back(node, node.of)
        if node.op == "rule":
            return [self.unpacked(node, len(node.xs) - 1, self.expression(node)[0])]
        neurons = self.unpacked(node, len(node.of.neurons), self.name(node))
        return [*loops.sums(self, node), neurons]

    def _back(self, node: Node, layer: Any) -> list[str]:
        return loops.back(self, node, layer)

    def unpacked(self, node: Node, n: int, text: str) -> str:
        """Return the line that gives a name to each item of a node that is used."""
        names = ["_"] * n
        for item in self.items[node]:
            names[item.of] = self.name(item)
        if n > 9:
            return wrapped("(", names, f") = {text}")
        return f"{', '.join(names)}{',' * (n == 1)} = {text}"

    def blocks(self, lines: Iterable[Line], otherwise: bool = True) -> list[str]:
        """Return lines as text; many products with one gradient are skipped where that is 0."""
        out: list[str] = []
        for gate, group in groupby(lines, key=lambda line: line[0] and line[0][0].serial):
            each = [*group]
            if gate is None or len(each) < BLOCK:
                out += [text for _, _, text in each]
                continue
            grad, total = [self.text(x, PRODUCT) for x in each[0][0]]
            question = f"if {grad} or {total} - {total}:  # 0 adds nothing, but for 0·inf"
            out.append(f"if {grad}:  # 0 adds nothing" if self.bounded else question)
            out += [f"    {text}" for _, _, text in each]
            # A sum stays as it is; a product may be used further on, outside of the gate.
            zeroed = [x for _, x, text in each if otherwise or text.startswith(f"{x} = ")]
            if zeroed:
                out += ["else:", f"    {' = '.join(zeroed)} = 0.0"]
        return out

    def check(self, names: Sequence[str]) -> list[str]:
        """Return the lines that raise `Branch` where a number is too large to be bounded."""
        if not self.bounded or not names:
            return []
        self._import("micrograd_like.programs.source", "Branch")
        self._import("math", "hypot")
        told = f"# of numbers below {LARGEST} nothing here overflows: 0 times any number is 0"
        return [told, wrapped("if not hypot(", names, f") < {LARGEST}: raise Branch")]


def straight(lowered: Lowered, name: str, defaults: Sequence[Any] | None = None) -> str:
    """Return a function that returns its values; with gradients, the value and the list of them.

    ``defaults`` are those of the last arguments: then the function takes numbers of any size.
    """
    grads = lowered.grads
    backs = [layer.back for layer in lowered.layers]
    writer = Writer(lowered, [*lowered.values, *(grads or ()), *backs], defaults is None)
    names = [*map(writer.name, lowered.arguments)]
    body = [*writer.check(names), *writer.blocks(writer.statements())]
    for i, default in enumerate(defaults or (), len(names) - len(defaults or ())):
        names[i] += f"={default!r}".replace("inf", "1e999").replace("=nan", "=-(1e999 - 1e999)")
    texts = [writer.text(x, TEST) for x in lowered.values]
    wrt = [writer.names.get(x, "") for x in lowered.wrt]
    told = f"{texts[0]}, and its gradients with respect to {', '.join(wrt)}" if wrt else texts[0]
    told = told if grads is not None else f"what {name} returns where its branches go this way"
    body = [*[f"# {line}" for line in textwrap.wrap(clean(told, 400), WIDTH - 2)], *body]
    if grads is None:
        body.append(wrapped("return (", [*texts, ""][: max(2, len(texts))], ")"))
    elif not backs and 1 < len(grads) <= FEW and all(grad.op is ops.add for grad in grads):
        body.append("# a sum of gradients starts at 0.0, and so is never -0.0")
        each = [writer.text(grad.xs[0]) for grad in grads]
        body.append(wrapped(f"return {texts[0]}, [d + 0.0 for d in (", each, ")]"))
    else:
        each = [*map(writer.text, grads), *[f"*{writer.name(back)}" for back in backs]]
        body.append(wrapped(f"return {texts[0]}, [", each, "]"))
    return module(writer, wrapped(f"def {name}(", names, "):"), body)


def over_rows(lowered: Lowered, name: str) -> str:
    """Return a function that adds up the value, and its gradients, over rows of inputs."""
    plain = [x.xs[0] if x.op is ops.add else x for x in lowered.grads or ()]  # sums start at 0.0
    writer = Writer(lowered, [*lowered.values, *plain], may_check=True)
    names, n = [*map(writer.name, lowered.arguments)], len(lowered.inputs)
    lines = writer.statements()
    place = next((i for i, line in enumerate(lines) if line[2] == "# backward"), len(lines))
    lines.insert(place, (None, "", f"total += {writer.text(lowered.values[0])}"))
    neck = writer.names.get(lowered.form.neck) if lowered.form.neck is not None else None
    if neck and writer.bounded:
        place = [line[1] for line in lines].index(neck) + 1
        lines.insert(place, (None, "", f"if not {neck}: continue  # 0 adds nothing"))
    gates, sums = lowered.form.gate_of(), list[str]()
    for grad in plain:
        of = writer.names.get(lowered.form.grad_of.get(grad, grad), "d")
        sums.append(writer.unique(f"sum_{of}"))
        lines.append((gates.get(grad), sums[-1], f"{sums[-1]} += {writer.text(grad)}"))
    # CPython's first 256 locals are the quick ones.
    body = zeroed(["total", *[x for _, x, _ in lines if x], *names[:n]])
    body += [wrapped("(", names[n:], ") = leaves")] if names[n:] else []
    body += writer.check(["*leaves"] if names[n:] else [])
    body += [f"for {', '.join(names[:n])}, in rows:" if n else "for _ in rows:"]
    each = [*writer.check(names[:n])[1:], *writer.blocks(lines, otherwise=False)]
    body.append(textwrap.indent("\n".join(each), "    "))
    body.append(wrapped("return total, [", sums, "]"))
    return module(writer, f"def {name}(rows, *leaves):", body)


def zeroed(names: Sequence[str]) -> list[str]:
    """Return lines that set numbers to 0.0."""
    return [f"{' = '.join(names[i : i + 100])} = 0.0" for i in range(0, len(names), 100)]


def wrapped(before: str, items: Sequence[str], after: str) -> str:
    """Return a list in brackets, on several lines where it is long."""
    lines = [""]
    for item in items:
        if len(lines[-1]) + len(item) > WIDTH - 10:
            lines.append("")
        lines[-1] += f", {item}" if lines[-1] else item
    if len(lines) == 1 and len(before) + len(lines[0]) + len(after) < WIDTH:
        return f"{before}{lines[0]}{',' * (before == '(')}{after}"
    return "\n".join([before, *[f"    {line}," for line in lines], after])


def module(writer: Writer, head: str, body: Sequence[str]) -> str:
    """Return a function with the imports that it needs."""
    imports = [f"from {at} import {', '.join(sorted(x))}" for at, x in writer.imports.items()]
    lines = [*sorted(imports), *writer.aliases, "", "", head] if imports else [head]
    return "\n".join([*lines, textwrap.indent("\n".join(body), "    ")]) + "\n"
