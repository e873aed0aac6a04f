"""A program as C99: functions of its rows, one of a row, and one of a batch of them.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> text = tanh(w * x).program(inputs=[x]).c()
    >>> for line in text.splitlines():
    ...     if "[0]" in line:
    ...         print(line.strip())
    const double v1 = p[0]*x[0];
    y[0] = tanh(v1);
    g[0] += sech2(v1)*x[0];

The text needs no more than the library of C. A sum has the order of the engine, and a function the
text of its row: so a row has the engine's bits, wherever C and Python call the same library.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from ..ops import PRODUCT, SUM
from ..text import clean
from .form import Node, reached
from .layers import Matrix, Vectors
from .printer import Functions, Printer
from .python import ATOM, Term
from .rows import PRIMITIVES, REDUCED, Function

WORDS = (
    "auto break case char const continue default do double else enum extern float for goto if int"
)
WORDS += (
    " long register restrict return short signed sizeof static struct switch typedef union void"
)
WORDS += (
    " unsigned volatile while inline main x p t y g i j n r each free malloc abs fabs fsum pow rint"
)
WORDS += " j0 j1 jn y0 y1 yn gamma index remainder signbit isinf isnan isfinite NAN INFINITY"

FSUM = """\
/* The sum, rounded once (Shewchuk 1997). */
static double fsum(const double *x, int n) {
    double p[n + 1], hi = 0.0, lo = 0.0;
    int m = 0;
    for (int i = 0; i < n; i++) {
        double a = x[i];
        int k = 0;
        for (int j = 0; j < m; j++) {
            double b = p[j];
            if (fabs(a) < fabs(b)) {
                const double c = a;
                a = b;
                b = c;
            }
            hi = a + b;
            lo = b - (hi - a);
            if (lo != 0.0) p[k++] = lo;
            a = hi;
        }
        p[k++] = a;
        m = k;
    }
    for (hi = m ? p[--m] : 0.0, lo = 0.0; m && lo == 0.0;) {
        const double a = hi, b = p[--m];
        hi = a + b;
        lo = b - (hi - a);
    }
    if (m && ((lo < 0.0 && p[m - 1] < 0.0) || (lo > 0.0 && p[m - 1] > 0.0))) {
        const double b = lo*2.0, a = hi + b;
        if (b == a - hi) hi = a;
    }
    return hi;
}
"""

BATCH = """\
/* Of n rows: adds to g, for all rows or for each. Tells whether a row was not finite. */
int {name}(long n, const double *x, const double *p, double *y, double *g, int each) {{
    fenv_t before;
    int wrong = 0;
    double *t = malloc({scratch}*sizeof(double));
    if (!t || feholdexcept(&before)) {{
        free(t);
        return 1;
    }}
    for (long i = 0; i < n*{inputs}; i++) wrong |= !(fabs(x[i]) <= DBL_MAX);
    for (long i = 0; i < {leaves}; i++) wrong |= !(fabs(p[i]) <= DBL_MAX);
{transposed}    for (long r = 0; r < n && !wrong; r++)
        row(x + r*{inputs}, p, t, y + r*{outputs}, each ? g + r*{wanted} : g);
    wrong |= fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW) != 0;
    fesetenv(&before);
    free(t);
    return wrong;
}}
"""


class CPrinter(Printer):
    """Statements of C. In a loop over a vector, i is the place."""

    words = (*WORDS.split(), "row")

    def text(self, node: Node, tight: int = -1) -> str:
        if node.op == "constant" and not math.isfinite(node.of):
            # A path that raises gives nan: the flag says so, and the engine raises the error.
            text = "-INFINITY" if node.of < 0 else "INFINITY"
            text = "(feraiseexcept(FE_INVALID), NAN)" if node.of != node.of else text
            return text if tight <= PRODUCT else f"({text})"
        if self.form.length(node) and node.term is None:
            return f"{self.array(node)}[i]"
        return super().text(node, tight)

    def array(self, x: Node) -> str:
        if not self.form.length(x):
            return self.text(x)
        return self.names.get(x) or self.name(x)

    def choice(self, condition: Node, yes: Node, no: Node) -> str:
        return f"({self.text(condition)} ? {self.text(yes)} : {self.text(no)})"

    def expression(self, node: Node) -> Term:
        if node.op == "fsum":
            if FSUM not in self.functions.texts:
                self.functions.texts.insert(0, FSUM)
            return f"fsum({self.array(node.xs[0])}, {self.form.length(node.xs[0])})", ATOM
        if node.op == "fill":
            return self.text(node.xs[0], SUM), ATOM
        return super().expression(node)

    def _folds(self, node: Node) -> bool:
        user, n = node.user, self.form.length(node)
        if user is not None and node not in self.results:
            if user.op in WHOLE or (n and getattr(user.op, "many", False)) or user.op == "rule":
                return False
            if (n or user.op in REDUCED) and not self.form.length(user):
                return bool(n and user.op in REDUCED and super()._folds(node))
            if not n and self.form.length(user):
                return False
        return not (n and node in self.results) and super()._folds(node)

    def lines(self, nodes: Sequence[Node]) -> list[str]:
        """Return the statements that compute nodes, each after its operands."""
        out = []
        for node in nodes:
            if node.op in STATEMENTS:
                out += STATEMENTS[node.op](self, node)
            elif node.op not in ("leaf", "constant"):
                out += self._line(node)
        return out

    def _line(self, node: Node) -> list[str]:
        term, n = self.expression(node), self.form.length(node)
        if self._folds(node):
            node.term = term
            return []
        name = self.name(node)
        if n:
            return [f"double {name}[{n}];", f"for (int i = 0; i < {n}; i++) {name}[i] = {term[0]};"]
        return [f"const double {name} = {term[0]};"]

    # ------------------------------------------------------------------ several numbers at once

    def _at(self, node: Node) -> list[str]:
        node.term = f"{self.array(node.xs[0])}[{node.of}]", ATOM
        return []

    def _item(self, node: Node) -> list[str]:
        return [] if node.xs[0].of.many else self._line(node)

    def _rule(self, node: Node) -> list[str]:
        """Call a rule, which writes its partials where it is told."""
        if not node.of.many:
            return []
        out, places = [], []
        items = {item.of: item for item in self.items[node]}
        for i, x in enumerate(node.xs[1:]):
            n = self.form.length(x)
            name = self.name(items[i]) if i in items else self.unique(f"p{i}")
            out.append(f"double {name}[{n}];" if n else f"double {name};")
            places.append(name if n else f"&{name}")
        return [*out, f"{self.call(node.of, 'all', node.xs, *places)};"]

    def _stack(self, node: Node) -> list[str]:
        xs, n = node.xs, self.form.length(node)
        texts = [self.text(x) for x in xs]
        base, _, first = texts[0].rpartition("[")
        if base in ("x", "p") and texts == [f"{base}[{int(first[:-1]) + i}]" for i in range(n)]:
            self.names[node] = f"({base} + {first[:-1]})"
            return []
        name, at = self.name(node), 0
        out = [f"double {name}[{n}];"]
        for x, text in zip(xs, texts):
            m = self.form.length(x)
            each = f"for (int i = 0; i < {m}; i++) {name}[{at} + i]"
            out.append(f"{each if m else f'{name}[{at}]'} = {text};")
            at += m or 1
        return out

    def _reduced(self, node: Node) -> list[str]:
        name, x, n = self.name(node), self.text(node.xs[0]), self.form.length(node.xs[0])
        loop = f"for (int i = 0; i < {n}; i++)"
        if node.op == "sum":
            return [f"double {name} = {self.text(node.xs[1])};", f"{loop} {name} += {x};"]
        worst, better = ("-INFINITY", ">") if node.op == "max" else ("INFINITY", "<")
        return [f"double {name} = {worst};", f"{loop} if ({x} {better} {name}) {name} = {x};"]

    def _layer(self, node: Node) -> list[str]:
        matrix, name, x = node.of, self.name(node), self.array(node.xs[0])
        (m, k), loop = matrix.shape, f"for (int i = 0; i < {matrix.shape[0]}; i++)"
        bias = f"t[{matrix.offset + m * k} + i]" if matrix.biased else "-0.0"
        return [
            f"double {name}[{m}];",
            f"{loop} {name}[i] = {bias};",
            f"for (int j = 0; j < {k}; j++)",
            f"    {loop} {name}[i] += {_at('t', matrix)}j*{m} + i]*{x}[j];",
        ]

    def _into(self, node: Node) -> list[str]:
        matrix, name, grad = node.of, self.name(node), self.array(node.xs[0])
        m, k = matrix.shape
        return [
            f"double {name}[{k}] = {{0.0}};",
            f"for (int i = {m - 1}; i >= 0; i--)",
            f"    if ({grad}[i] != 0.0)  /* no number is inf: 0 adds nothing */",
            f"        for (int j = 0; j < {k}; j++)",
            f"            {name}[j] += {grad}[i]*{_at('p', matrix)}i*{matrix.width} + j];",
        ]

    def outer(self, matrix: Matrix, grad: Node, x: Node) -> list[str]:
        """Return the statements that add the gradients of a matrix."""
        m, k = matrix.shape
        row, name = f"{_at('g', matrix)}i*{matrix.width} + ", self.array(grad)
        bias = [f"    {row}{k}] += {name}[i];"] * matrix.biased
        return [
            f"for (int i = 0; i < {m}; i++) {{",
            f"    if ({name}[i] == 0.0) continue;",
            f"    for (int j = 0; j < {k}; j++) {row}j] += {name}[i]*{self.array(x)}[j];",
            *bias,
            "}",
        ]

    # ------------------------------------------------------------------ functions

    def define(self, name: str, function: Function, several: bool) -> str:
        writer = CPrinter(function.form, function.results, self.functions)
        params = [x for x in function.params if x in function.used]
        texts = [self._parameter(writer, x) for x in params]
        if several:
            outs = [writer.unique(f"d{i}") for i in range(len(function.results))]
            texts += [f"double *{out}" for out in outs]
            lengths = [function.form.length(x) for x in function.params[1:]]
            body = writer.branches(function.results, [*zip(outs, lengths)], set())
        else:
            body = writer.branches(function.results, [], set())
        head = f"static {'void' if several else 'double'} {name}({', '.join(texts) or 'void'}) {{"
        return "\n".join([head, textwrap.indent("\n".join(body), "    "), "}", ""])

    def _parameter(self, writer: CPrinter, x: Node) -> str:
        return f"{'const double *' if writer.form.length(x) else 'double '}{writer.array(x)}"

    def branches(
        self, results: Sequence[Node], outs: Sequence[tuple[str, int]], known: set[Node]
    ) -> list[str]:
        """Return statements that give results; what one branch alone needs stands there."""
        first = results[0]
        same = all(x.op == "select" and x.xs[0] is first.xs[0] for x in results)
        if same and not self.form.length(condition := first.xs[0]):
            out = self._new([condition], known)
            yes = self.branches([x.xs[1] for x in results], outs, {*known})
            no = self.branches([x.xs[2] for x in results], outs, {*known})
            out += [f"if ({self.text(condition)}) {{", *[f"    {line}" for line in yes]]
            return [
                *out,
                *(["} else {", *[f"    {line}" for line in no], "}"] if outs else ["}", *no]),
            ]
        out = self._new(results, known)
        if not outs:
            return [*out, f"return {self.text(first)};"]
        for (name, n), x in zip(outs, results):
            loop = f"for (int i = 0; i < {n}; i++) {name}[i]" if n else f"*{name}"
            out.append(f"{loop} = {self.text(x)};")
        return out

    def _new(self, nodes: Sequence[Node], known: set[Node]) -> list[str]:
        new = [node for node in reached(nodes) if node not in known]
        known |= {*new}
        return self.lines(new)


STATEMENTS = {
    "at": CPrinter._at,
    "item": CPrinter._item,
    "rule": CPrinter._rule,
    "stack": CPrinter._stack,
    "layer": CPrinter._layer,
    "into": CPrinter._into,
    **dict.fromkeys(("sum", "max", "min"), CPrinter._reduced),
}
WHOLE = ("at", "stack", "layer", "into", "fsum")  # they take a vector by its name


def text_of(vectors: Vectors, name: str, told: str) -> tuple[str, int]:
    """Return the program as C, and the number of its longest function's lines.

    ``name(n, x, p, y, g, each)`` takes n rows of inputs x and the leaves p, writes the values y of
    each row, and adds to the gradients g of the leaves: those of all rows, or of each.
    """
    functions = Functions(name)
    body = _row(vectors, functions)
    transposed = [_transposed(matrix) for matrix in vectors.matrices]
    sizes = {"inputs": len(vectors.inputs), "outputs": len(vectors.values)}
    sizes |= {"leaves": len(vectors.places), "wanted": len(vectors.targets)}
    labels = ", ".join([str(x.label) for x in vectors.inputs if x.label])
    note = clean(f"{name}: {told}. x has {labels or 'the inputs'}.", 1000).replace("*/", "* /")
    text = [f"/* {line} */" for line in textwrap.wrap(note, 90)]
    text += [f"#include <{header}.h>" for header in ("fenv", "float", "math", "stdlib")]
    arguments = "const double *x, const double *p, const double *t, double *y, double *g"
    text += ["", *functions.texts, f"static void row({arguments.replace('*', '*restrict ')}) {{"]
    text += [textwrap.indent("\n".join(body), "    "), "}", ""]
    scratch = sum([len(m.rows) * m.width for m in vectors.matrices]) or 1
    batch = BATCH.format(name=name, scratch=scratch, transposed="".join(transposed), **sizes)
    return "\n".join([*text, batch]), len(body)


def _row(vectors: Vectors, functions: Functions) -> list[str]:
    """Return the statements for one row: its values, and what it adds to the gradients."""
    pairs = [(matrix, *pair) for matrix in vectors.matrices for pair in matrix.grads]
    runs, places = vectors.runs(), vectors.places
    grads = [x if n == 1 else x.xs[0] for _, n, x in runs]
    results = [*vectors.values, *grads, *[x for _, *pair in pairs for x in pair]]
    writer = CPrinter(vectors.form, results, functions)
    writer.names |= {x: f"x[{i}]" for i, x in enumerate(vectors.inputs)}
    writer.names |= {vectors.nodes[x]: f"p[{i}]" for x, i in places.items() if x in vectors.nodes}
    body = writer.lines(writer.order)
    body += [f"y[{i}] = {writer.text(x)};" for i, x in enumerate(vectors.values)]
    for place, n, x in runs:
        if n == 1:
            body.append(f"g[{place}] += {writer.text(x)};")
        else:
            vector = f"{writer.array(x.xs[0])}[{x.of} + i]"
            body.append(f"for (int i = 0; i < {n}; i++) g[{place} + i] += {vector};")
    for matrix, grad, x in pairs:
        body += writer.outer(matrix, grad, x)
    used = "\n".join(body)
    unused = [name for name in "xptg" if f"{name}[" not in used and f"({name} +" not in used]
    return [*body, *[f"(void){name};" for name in unused]]


def _at(name: str, matrix: Matrix) -> str:
    return f"{name}[{matrix.offset} + " if matrix.offset else f"{name}["


def _transposed(matrix: Matrix) -> str:
    m, width = len(matrix.rows), matrix.width
    inner = f"{_at('t', matrix)}j*{m} + i] = {_at('p', matrix)}i*{width} + j]"
    return (
        f"    for (int j = 0; j < {width}; j++)\n        for (int i = 0; i < {m}; i++) {inner};\n"
    )


def source_of(program: Any, vectors: Vectors) -> tuple[str, str, int]:
    """Return the name that a program has in C, its text, and the lines of its longest function."""
    name = str(program.name)
    if not name.isascii() or name in CPrinter.words or name in PRIMITIVES.values():
        name = "program"
    labels = ", ".join([str(x.label) for x in program.wrt[:20]])
    told = f"the value of {program.name}, and its gradients with respect to {labels or 'nothing'}"
    return name, *text_of(vectors, name, told)
