r"""Write a form as JavaScript: its Python, read as a tree and written again in the other language.

What you can do with it::

    >>> from micrograd_like.programs.javascript import translated
    >>> print(translated("def f(a, b):\n    return a / b if a > 0 else b**2\n"))
    function f(a, b) {
    return ((a > 0) ? py.truediv(a, b) : py.pow(b, 2));
    }

Rows and rules are functions of floats, in a few words of Python: assignments, branches, loops over
lists. They are translated, and so no derivative is written twice. What Python itself has and
JavaScript has not stands in ``javascript.js``, under the name ``py``.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from ..engine import Value
from . import python, source
from .lowering import Lowered
from .recording import Recording

OWN = {"_sumprod", "cbrt", "exp2"}  # in place of what stands in for them on older Pythons
RESERVED = {
    "arguments",
    "await",
    "case",
    "catch",
    "class",
    "const",
    "debugger",
    "default",
    "delete",
}
RESERVED |= {
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "function",
    "in",
}
RESERVED |= {
    "Infinity",
    "instanceof",
    "interface",
    "let",
    "NaN",
    "new",
    "null",
    "package",
    "private",
}
RESERVED |= {
    "protected",
    "public",
    "py",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
}
RESERVED |= {"typeof", "undefined", "var", "void", "while", "with", "yield"}
COMPARISONS = {ast.Eq: "===", ast.NotEq: "!==", ast.Is: "===", ast.IsNot: "!==", ast.Lt: "<"}
COMPARISONS |= {ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
CALLS = {ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "power"}
MODULES = {"math", "operator"}
LIBRARY = files(__package__).joinpath("javascript.js").read_text(encoding="utf-8")
IN_LIBRARY = {*re.findall(r"\w+", LIBRARY)}


class Unprintable(ValueError):
    """What has no words in JavaScript; its message says what, and why."""


def page_program(values: Sequence[Value]) -> str:
    """Return ``program(v, p)``, which puts all values into ``v``, where the leaves are, and all
    partials into ``p``, in the order of operands.

    ``values`` are all of a graph, in topological order. Raises `Unprintable` for a row that cannot
    be translated, and names it.
    """
    try:
        body = _body(values)
    except Unprintable:
        for out in {value.op: value for value in values if value.op is not None}.values():
            xs = [Value(x.data) for x in out.operands]
            try:
                _body([*xs, out.op(*xs)])  # type: ignore[misc]
            except Unprintable as error:
                raise Unprintable(f"{out.op.name}: {error}") from None  # type: ignore[union-attr]
        raise
    leaves = [i for i, value in enumerate(values) if value.op is None]
    made = [i for i, value in enumerate(values) if value.op is not None]
    return (
        f"{LIBRARY}\nconst program = (() => {{\n{body}\n"
        f"const [leaves, made] = [{leaves}, {made}];\n"
        "return (v, p) => {\nconst all = run(...leaves.map((i) => v[i]));\n"
        "made.forEach((i, k) => (v[i] = all[k]));\n"
        "for (let k = made.length; k < all.length; k++) p[k - made.length] = all[k];\n};\n})();\n"
    )


def _body(values: Sequence[Value]) -> str:
    """Return ``run``: a function of the leaves that returns all other values, then all partials."""
    recording = Recording()
    recording.inputs += [value for value in values if value.op is None]
    made = [value for value in values if value.op is not None]
    if not made:
        return "function run() { return []; }"
    recording.events += [(value, value.op, value.operands) for value in made]
    lowered = Lowered(recording)
    nodes, lowered.guards = lowered.nodes, {}  # a page shows a nan as it is
    for node in nodes.values():
        node.label = ""  # a label is nothing that a script must have
    lowered.arguments, lowered.values = lowered.inputs, [nodes[value] for value in made]
    for out in made:
        xs = [nodes[x] for x in out.operands]
        lowered.values += lowered.form.partials(out.op, nodes[out], xs)  # type: ignore[arg-type]
    text = python.straight(lowered, "run")
    try:
        return translated(source.standalone(text) if "import" in text.split("def ")[0] else text)
    except ValueError as error:
        raise Unprintable(str(error)) from None


def translated(text: str) -> str:
    """Return a module of functions of floats in JavaScript."""
    tree = ast.parse(text)
    return _Translator(tree).module(tree)


class _Translator:
    """What turns a syntax tree of Python into JavaScript; ``known`` are names that the text has."""

    def __init__(self, tree: ast.AST) -> None:
        defined = (ast.FunctionDef, ast.ClassDef)
        self.known = {n.name for n in ast.walk(tree) if isinstance(n, defined)}
        self.known |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and _is_set(n)}
        self.known |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
        self.known |= {n.name for n in ast.walk(tree) if isinstance(n, ast.alias)}

    def module(self, tree: ast.Module) -> str:
        lines = []
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for node in tree.body:
            name = getattr(node, "name", "") or getattr(getattr(node, "targets", [0])[0], "id", "")
            if name in OWN:
                lines.append(f"const {name} = py.{name};")
            elif isinstance(node, ast.ImportFrom) and node.module == "math":
                lines += [
                    f"const {n.name} = {_from_library(n.name)};"
                    for n in node.names
                    if n.name not in functions
                ]
            elif isinstance(node, ast.Assign):
                lines.append(f"const {self.of(node.targets[0])} = {self.of(node.value)};")
            elif isinstance(node, ast.FunctionDef):
                lines.append(self.function(node))
            elif isinstance(node, ast.ClassDef):  # the Recorder that a number is not
                lines.append(f"const {name} = null;")
        return "\n".join(dict.fromkeys(lines))

    def function(self, node: ast.FunctionDef) -> str:
        a = node.args
        if a.kwonlyargs or a.kwarg or a.defaults:
            raise Unprintable(f"{node.name} takes arguments by name")
        names = [arg.arg for arg in (*a.posonlyargs, *a.args, *([a.vararg] if a.vararg else []))]
        own = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is_set(n)} - {*names}
        head = [f"let {', '.join(map(_safe, sorted(own)))};"] if own else []
        given = ", ".join(map(_safe, names))
        if names == ["xs"]:  # a row's forward takes a list, and a rule calls the row with the items
            given, head = "...xs", ["xs = py.flat(xs);", *head]
        top = f"function {_safe(node.name)}({given}) {{"
        return "\n".join([top, *head, *self.block(node.body), "}"])

    # ------------------------------------------------------------------ statements

    def block(self, body: Iterable[ast.stmt]) -> list[str]:
        return [line for node in body for line in self.statement(node)]

    def statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return []
            case ast.Expr(value=value):
                return [f"{self.of(value)};"]
            case ast.Return(value=value):
                return [f"return {self.of(value)};" if value else "return;"]
            case ast.Assign(targets=targets, value=value):
                return [f"{' = '.join(map(self.of, targets))} = {self.of(value)};"]
            case ast.AugAssign(target=target, op=op, value=value):
                return [f"{self.of(target)} = {self.of(ast.BinOp(_read(target), op, value))};"]
            case ast.If(test=test, body=body, orelse=otherwise):
                other = ["} else {", *self.block(otherwise)] if otherwise else []
                return [f"if ({self.test(test)}) {{", *self.block(body), *other, "}"]
            case ast.For(target=target, iter=each, body=body, orelse=[]):
                return [f"for ({self.of(target)} of {self.of(each)}) {{", *self.block(body), "}"]
            case ast.While(test=test, body=body, orelse=[]):
                return [f"while ({self.test(test)}) {{", *self.block(body), "}"]
            case ast.Raise(exc=ast.Call(func=ast.Name(id=kind), args=[message])):
                return [f"throw py.error({json.dumps(kind)}, {self.of(message)});"]
            case ast.Try(body=body, handlers=handlers, orelse=[], finalbody=[]):
                return ["try {", *self.block(body), "} catch (e) {", *self.handled(handlers), "}"]
        raise Unprintable(f"{ast.unparse(node)[:60]!r} has no words in JavaScript")

    def handled(self, handlers: Sequence[ast.ExceptHandler]) -> list[str]:
        lines = []
        for handler in handlers:
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            names = [ast.unparse(kind) for kind in kinds if kind]
            lines += [
                f"if ({json.dumps(names)}.includes(e.name)) {{",
                *self.block(handler.body),
                "}",
            ]
            lines[-1] += " else"
        return [*lines, "throw e;"]

    # ------------------------------------------------------------------ expressions

    def of(self, node: Any) -> str:
        """Return an expression, in brackets where it is made of several."""
        match node:
            case ast.Constant(value=bool() | None as value):
                return json.dumps(value)
            case ast.Constant(value=str() as text):
                return json.dumps(text).replace("<", "\\u003c")
            case ast.Constant(value=int() | float() as x):
                return repr(x) if math.isfinite(x) else "Infinity"
            case ast.Name(id=name):
                return self.name(name)
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in MODULES:
                return _from_library(name)
            case ast.Attribute(value=x, attr="data"):  # of a Recorder
                return f"{self.of(x)}.data"
            case ast.Tuple(elts=xs) | ast.List(elts=xs):
                return f"[{', '.join(map(self.of, xs))}]"
            case ast.Starred(value=value):
                return f"...{self.of(value)}"
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return f"(-{self.of(x)})"
            case ast.UnaryOp(op=ast.Not()) | ast.BoolOp() | ast.Compare():
                return self.test(node)
            case ast.BinOp(left=a, op=op, right=b):
                return self.binary(a, op, b)
            case ast.IfExp(test=test, body=yes, orelse=no):
                return f"({self.test(test)} ? {self.of(yes)} : {self.of(no)})"
            case ast.Call():
                return self.call(node)
            case ast.Subscript(value=xs, slice=ast.Slice(lower=low, upper=high, step=step)):
                ends = [self.of(end) if end else "null" for end in (low, high, step)]
                return f"py.slice({self.of(xs)}, {', '.join(ends)})"
            case ast.Subscript(value=xs, slice=i):
                return f"{self.of(xs)}.at({self.of(i)})"
            case (
                ast.ListComp(elt=x, generators=[each]) | ast.GeneratorExp(elt=x, generators=[each])
            ):
                kept = "".join(
                    f".filter(({self.of(each.target)}) => {self.test(c)})" for c in each.ifs
                )
                return f"{self.of(each.iter)}{kept}.map(({self.of(each.target)}) => {self.of(x)})"
            case ast.Lambda(args=a, body=body):
                names = ", ".join(_safe(arg.arg) for arg in a.args)
                text = f"({names}) => {self.of(body)}"
                return f"(...xs) => ({text})(py.flat(xs))" if names == "xs" else text
            case ast.JoinedStr(values=parts):
                return " + ".join(['""', *map(self.of, parts)])
            case ast.FormattedValue(value=value):
                return f"py.repr({self.of(value)})"
        raise Unprintable(f"{ast.unparse(node)[:60]!r} has no words in JavaScript")

    def name(self, name: str) -> str:
        if name in self.known:
            return _safe(name)
        return _from_library(name)

    def binary(self, a: ast.expr, op: ast.operator, b: ast.expr) -> str:
        x, y = self.of(a), self.of(b)
        if _is_list(a) or _is_list(b):
            return f"[...{x}, ...{y}]" if isinstance(op, ast.Add) else f"py.repeat({x}, {y})"
        if type(op) in SIGNS:
            return f"({x} {SIGNS[type(op)]} {y})"
        if type(op) in CALLS:
            return f"py.{CALLS[type(op)]}({x}, {y})"
        raise Unprintable(f"{ast.unparse(op)!r} has no words in JavaScript")

    def call(self, node: ast.Call) -> str:
        if node.keywords:
            raise Unprintable(f"{ast.unparse(node)[:60]!r} has arguments by name")
        given = ", ".join(map(self.of, node.args))
        match node.func:
            case ast.Attribute(value=ast.Name(id=module)) if module in MODULES:
                return f"{self.of(node.func)}({given})"
            case ast.Attribute(value=xs, attr="append"):
                return f"{self.of(xs)}.push({given})"
            case ast.Attribute(value=x, attr="is_integer"):
                return f"Number.isInteger({self.of(x)})"
            case ast.Name():
                return f"{self.of(node.func)}({given})"
        raise Unprintable(f"{ast.unparse(node)[:60]!r} has no words in JavaScript")

    def test(self, node: ast.expr) -> str:
        """Return what Python takes as true or false: a nan is true, an empty list false."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=x):
                return f"!{self.test(x)}"
            case ast.BoolOp(op=op, values=parts):
                sign = " && " if isinstance(op, ast.And) else " || "
                return f"({sign.join(map(self.test, parts))})"
            case ast.Compare(left=left, ops=signs, comparators=others):
                xs = [*map(self.of, (left, *others))]
                pairs = zip(xs, signs, xs[1:])
                texts = [f"{a} {COMPARISONS[type(sign)]} {b}" for a, sign, b in pairs]
                return f"({' && '.join(texts)})"
        return f"py.bool({self.of(node)})"


def _from_library(name: str) -> str:
    if name not in IN_LIBRARY:
        raise Unprintable(f"{name} has no words in JavaScript")
    return f"py.{name}"


def _is_set(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _is_list(node: ast.expr) -> bool:
    """Tell a list or tuple, as far as its text says."""
    if isinstance(node, ast.BinOp):
        return _is_list(node.left) or _is_list(node.right)
    sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    return sliced or isinstance(node, (ast.Tuple, ast.List, ast.ListComp))


def _read(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body


def _safe(name: str) -> str:
    """Return a name of Python as one of JavaScript, where some others are reserved."""
    return f"{name}$" if name in RESERVED else name
