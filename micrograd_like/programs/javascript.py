r"""Write a form as JavaScript: its Python, read as a tree and written again in the other language.

What you can do with it::

    >>> from micrograd_like.programs.javascript import translated
    >>> print(translated("def f(a, b):\n    return a / b if a > 0 else b**2\n"))
    function f(a, b) {
    return ((a > 0) ? py.truediv(a, b) : py.power(b, 2));
    }

Rows and rules are functions of floats, in a few words of Python: assignments, branches, loops over
lists. They are translated, and so no derivative is written twice. What Python itself has and
JavaScript has not stands in ``javascript.js``, under the name ``py``.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from ..engine import Value
from . import python, source
from .lowering import Lowered
from .recording import Recording

OWN = {"_sumprod", "cbrt", "cbrt_by_newton", "exp2"}  # JavaScript has them
RESERVED = set(
    re.findall(
        r"\w+",
        """arguments await case catch class const debugger default delete do
    enum eval export extends false finally function Infinity instanceof interface let NaN new null
    package private protected public py static super switch this throw true typeof undefined var
    void""",
    )
)  # in JavaScript, and no words of Python's
LIBRARY = files(__name__.rpartition(".")[0]).joinpath("javascript.js").read_text(encoding="utf-8")
IN_LIBRARY = {*re.findall(r"\w+", LIBRARY)}

# How a tree is written, with its parts in place of their names; a test is what is true or false.
# fmt: off
WORDS: dict[type[ast.AST], str] = {
    ast.Expr:         "<value>;",
    ast.Return:       "return <value>;",
    ast.Assign:       "<targets> = <value>;",
    ast.AnnAssign:    "<target> = <value>;",
    ast.If:           "if (<test>) {\n<body>\n} else {\n<orelse>\n}",
    ast.For:          "for (<target> of <iter>) {\n<body>\n}",
    ast.While:        "while (<test>) {\n<body>\n}",
    ast.Try:          "try {\n<body>\n} catch (e) {\n<handlers>\nthrow e;\n}",
    ast.Tuple:        "[<elts>]",
    ast.List:         "[<elts>]",
    ast.Starred:      "...<value>",
    ast.IfExp:        "(<test> ? <body> : <orelse>)",
    ast.Slice:        "<lower>, <upper>, <step>",
    ast.JoinedStr:    "py.text(<values>)",
    ast.FormattedValue: "py.repr(<value>)",
}
SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "({} + {})", ast.Sub: "({} - {})", ast.Mult: "({} * {})",
    ast.Div: "py.truediv({}, {})", ast.FloorDiv: "py.floordiv({}, {})",
    ast.Mod: "py.mod({}, {})", ast.Pow: "py.power({}, {})",
    ast.And: " && ", ast.Or: " || ", ast.Is: "===",
    ast.Eq: "===", ast.NotEq: "!==", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}
LIST_SIGNS: dict[type[ast.AST], str] = {ast.Add: "[...{}, ...{}]", ast.Mult: "py.repeat({}, {})"}
ITEMS: dict[type[ast.AST], str] = {
    ast.Slice: "py.slice({}, {})", ast.Load: "{}.at({})", ast.Store: "{}[{}]",
}
# fmt: on


class Unprintable(ValueError):
    """What has no words in JavaScript; its message says what."""


def page_program(values: Sequence[Value]) -> str:
    """Return ``program(v, p)``, which puts all values into ``v``, where the leaves are, and all
    partials into ``p``, in the order of operands.

    ``values`` are all of a graph, in topological order; a constant need not be among them. Raises
    `Unprintable` for a row that cannot be translated, and names it.
    """
    try:
        body = _body(values)
    except Exception:  # a row of the user's own may raise anything when it is read
        for out in {value.op: value for value in values if value.op is not None}.values():
            xs = [Value(x.data) for x in out.operands]
            try:
                _body([*xs, out.op(*xs)])  # type: ignore[misc]
            except Exception as error:
                raise Unprintable(f"{out.op.name}: {error}") from error  # type: ignore[union-attr]
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
    return translated(source.standalone(python.straight(lowered, "run")))


def translated(text: str) -> str:
    """Return a module of functions of floats in JavaScript."""
    tree = ast.parse(text)
    lines = []
    write = _Translator(tree)
    for node in tree.body:
        match node:
            case ast.ImportFrom(module="math"):
                names = [name.name for name in node.names]
                lines += [f"const {n} = {_own(n)};" for n in names if n not in write.functions]
            case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]) if (
                name in OWN
            ):
                lines.append(f"const {name} = py.{name};")
            case ast.FunctionDef():
                lines.append(write.function(node))
            case ast.Assign():
                lines.append(f"const {write(node)}")
            case ast.ClassDef(name=name):  # the Recorder that a number is not
                lines.append(f"const {name} = null;")
    return "\n".join(dict.fromkeys(lines))


class _Translator:
    """What turns a tree of Python into JavaScript; ``known`` are the names that the text has."""

    def __init__(self, tree: ast.AST) -> None:
        nodes = [*ast.walk(tree)]
        self.functions = {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
        self.known = self.functions | {
            n.name for n in nodes if isinstance(n, (ast.ClassDef, ast.alias))
        }
        self.known |= _assigned(nodes) | {n.arg for n in nodes if isinstance(n, ast.arg)}

    def function(self, node: ast.FunctionDef) -> str:
        """Return a function; of a row's list ``xs`` also one of its items, as a rule calls it."""
        a = node.args
        names = [arg.arg for arg in (*a.posonlyargs, *a.args, *([a.vararg] if a.vararg else []))]
        own = _assigned(ast.walk(node)) - {*names}
        head = [f"let {', '.join(map(_safe, sorted(own)))};"] if own else []
        preset = [""] * (len(names) - len(a.defaults)) + [f" = {self(x)}" for x in a.defaults]
        given = ", ".join([_safe(name) + default for name, default in zip(names, preset)])
        if names == ["xs"]:
            given, head = "...xs", ["xs = py.flat(xs);", *head]
        return "\n".join(
            [f"function {_safe(node.name)}({given}) {{", *head, self.all(node.body), "}"]
        )

    def all(self, nodes: Sequence[Any]) -> str:
        """Return statements as lines, and expressions with commas between them."""
        said = [
            n for n in nodes if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
        ]
        between = "\n" if said and isinstance(said[0], (ast.stmt, ast.ExceptHandler)) else ", "
        return between.join(map(self, said))

    def __call__(self, node: Any) -> str:
        """Return a statement or an expression, in brackets where it is made of several."""
        match node:
            case ast.Constant(value=value):
                return json.dumps(value).replace("<", "\\u003c")
            case ast.Name(id=name):
                return _safe(name) if name in self.known else _own(name)
            case ast.Attribute(value=ast.Name(id="math" | "operator"), attr=name):
                return _own(name)
            case ast.Attribute(value=x, attr="data"):  # of a Recorder
                return f"{self(x)}.data"
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return f"(-{self(x)})"
            case ast.UnaryOp(op=ast.Not()) | ast.BoolOp() | ast.Compare():
                return self.test(node)
            case ast.BinOp(left=a, op=op, right=b):
                return _sign(op, LIST_SIGNS if _is_list(node) else SIGNS).format(self(a), self(b))
            case ast.AugAssign(target=ast.Name() as a, op=op, value=b):
                return f"{self(a)} = {self(ast.BinOp(a, op, b))};"
            case ast.Call(func=ast.Attribute(value=x, attr="append" | "is_integer" as name)):
                return f"{_own(name)}({self.all([x, *node.args])})"
            case ast.Call(func=of, args=given, keywords=[]):
                return f"{self(of)}({self.all(given)})"
            case ast.Subscript(value=xs, slice=i, ctx=ctx):
                kind = ast.Slice if isinstance(i, ast.Slice) else type(ctx)
                return ITEMS[kind].format(self(xs), self(i))
            case ast.ListComp(generators=[each]) | ast.GeneratorExp(generators=[each]):
                item = f"({self(each.target)}) =>"
                kept = [f".filter({item} {self.test(condition)})" for condition in each.ifs]
                return f"{self(each.iter)}{''.join(kept)}.map({item} {self(node.elt)})"
            case ast.Lambda():
                return self.arrow(node)
            case ast.Raise(exc=ast.Call(func=ast.Name(id=kind), args=[message])):
                return f"throw py.error({json.dumps(kind)}, {self(message)});"
            case ast.ExceptHandler(type=ast.Name(id=kind), body=body):
                return f"if (e.name === {json.dumps(kind)}) {{\n{self.all(body)}\n}}"
            case _ if type(node) in WORDS:
                return re.sub(r"<(\w+)>", lambda part: self.part(node, part[1]), WORDS[type(node)])
        raise Unprintable(f"{ast.unparse(node)[:60]!r} has no words in JavaScript")

    def arrow(self, node: ast.Lambda) -> str:
        """Return a lambda as an arrow function."""
        names = ", ".join(_safe(arg.arg) for arg in node.args.args)
        text = f"({names}) => {self(node.body)}"
        return f"(...xs) => ({text})(py.flat(xs))" if names == "xs" else text

    def part(self, node: ast.AST, name: str) -> str:
        part = getattr(node, name)
        if name in ("test", "targets"):
            return self.test(part) if name == "test" else " = ".join(map(self, part))
        if part is None:  # of a slice
            return "null"
        return self.all(part) if isinstance(part, list) else self(part)

    def test(self, node: ast.expr) -> str:
        """Return what Python takes as true or false: a nan is true, an empty list false."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=x):
                return f"!{self.test(x)}"
            case ast.BoolOp(op=op, values=parts):
                return f"({_sign(op).join(map(self.test, parts))})"
            case ast.Compare(left=left, ops=ops, comparators=others):
                pairs = zip((left, *others), ops, others)
                return f"({' && '.join(f'{self(a)} {_sign(o)} {self(b)}' for a, o, b in pairs)})"
        return f"py.bool({self(node)})"


def _sign(op: ast.AST, signs: dict[type[ast.AST], str] = SIGNS) -> str:
    if type(op) not in signs:
        raise Unprintable(f"the operator {type(op).__name__} has no words in JavaScript")
    return signs[type(op)]


def _own(name: str) -> str:
    """Return what has this name in Python, or in its math."""
    if name not in IN_LIBRARY:
        raise Unprintable(f"{name} has no words in JavaScript")
    return f"py.{name}"


def _assigned(nodes: Iterable[ast.AST]) -> set[str]:
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_list(node: ast.expr) -> bool:
    """Tell a list or tuple, as far as its text says."""
    if isinstance(node, ast.BinOp):
        return _is_list(node.left) or _is_list(node.right)
    sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    return sliced or isinstance(node, (ast.Tuple, ast.List, ast.ListComp))


def _safe(name: str) -> str:
    """Return a name of Python as one of JavaScript, where some others are reserved."""
    return f"{name}$" if name in RESERVED else name
