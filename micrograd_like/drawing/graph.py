"""The computation graph as a picture: a number on every edge, networks as boxes in boxes.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> out = tanh(x * w)
    >>> out.backward()
    >>> out.graph()                                 # in a notebook: the picture
    Graph of 4 values and 3 edges
      v0  x  leaf  data 0.5      grad -0.8399
      v1  w  leaf  data -2       grad 0.21
      v2     *     data -1       grad 0.42     of v0, v1
      v3     tanh  data -0.7616  grad 1        of v2
    >>> out.graph().save("out.svg")                 # doctest: +SKIP

A drawing shows the graph as it was when `Graph` was made, and changes nothing in it. An arrow runs
from an operand to what was made of it. It is labelled with the partial, and with the operand's name
in the op's rule where the order of operands matters; its width and colour show the product of the
partial and the gradient at its head, which is what flows back along it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..collector import collector_paused
from ..engine import Value
from ..files import write_whole
from ..text import cells, clean, padded, printable, shorten
from .collapsing import LIMIT
from .composing import Composer, is_bad
from .composing import grad_of as grad_of
from .composing import is_computed as is_computed
from .dot import digraph, dot_text, render
from .expression import FORMS, expression
from .mermaid import mermaid_text
from .notebook import Expression, as_picture
from .picture import THEMES, add_legend
from .selecting import select, values_below, values_of
from .svg import svg_text

VIEWS = ("auto", "forward", "gradients", "partials")
LAYOUTS = ("auto", "graphviz", "builtin")


class Graph:
    """The picture of how some values, the roots, were computed.

    view        "forward" shows data; "gradients" shows gradients too, those that are computed;
                "partials" also a number on every edge; "auto" is "partials" for small graphs,
                else "gradients"
    direction   "LR" from left to right, or "TB" from top to bottom
    format      of the numbers: what Python's `format` takes, as ".2f"; else four digits, or all
                that a number of up to seven has before its point
    theme       "light" or "dark"
    between     a pair (xs, ys) of a Value or several: only what lies on a path from xs to ys
    levels      only what is at most this many edges from a root
    keep        a function of a Value: only the values for which it is true
    collapse    modules as one box each: those at a level of nesting (1 is whole networks, 2 their
                layers, 3 their neurons), or those with the given name or names, as "layers.0";
                what a module of your own computes around its neurons stays outside its box
    limit       the most boxes: modules are collapsed until there are no more, and branches that are
                alike drawn as one; what is still too much goes into one box, as "1,100 more
                values". By itself it is 300, and pictures are kept to 100 where those two can
    highlight   values to mark
    names       variables and what they hold, as locals(): the names of values without a label
    legend      tell in a frame what the arrows mean
    constants   draw those that are folded into the op that they entered, as the 2 of x**2, too
    """

    @collector_paused()
    def __init__(
        self,
        *roots: Value,
        view: str = "auto",
        direction: str = "LR",
        format: str | None = None,
        theme: str = "light",
        between: tuple[Value | Iterable[Value], Value | Iterable[Value]] | None = None,
        levels: int | None = None,
        keep: Callable[[Value], object] | None = None,
        collapse: int | str | Iterable[str] | None = None,
        limit: int | None = None,
        highlight: Iterable[Value] = (),
        names: Mapping[str, object] | None = None,
        constants: bool = False,
        legend: bool = False,
    ) -> None:
        check_roots(roots)
        check_choice("view", view, VIEWS)
        check_choice("direction", direction, ("LR", "TB"))
        check_choice("theme", theme, tuple(THEMES))
        for name, count, least in (("limit", limit, 1), ("levels", levels, 0)):
            if count is not None:
                check_count(name, count, least)
        self.roots, self._limit = roots, limit or LIMIT
        self.format = _formatter(format)
        lit = set(values_of(highlight))
        selection = select(roots, self._limit, between, levels, keep, constants)
        selection.folded.difference_update(lit)
        composer = Composer(roots, selection, self.format, names)
        self.values, self.names = composer.values, composer.names
        self.scene = composer.compose(view, direction, theme, collapse, limit or 0, lit)
        if legend:
            add_legend(self.scene)
        self._table = self._rows(composer)

    def dot(self) -> str:
        """Return the graph in Graphviz's DOT language; this needs nothing installed."""
        return dot_text(self.scene)

    def svg(self, layout: str = "auto") -> str:
        """Return the drawing as SVG.

        ``layout`` is "auto" or "builtin", which needs nothing installed, or "graphviz", for the
        layout of Graphviz's ``dot``; that raises RuntimeError if it is not there.
        """
        check_choice("layout", layout, LAYOUTS)
        own = layout == "graphviz"
        return render(self.scene, "svg", own).decode() if own else svg_text(self.scene)

    def save(self, path: str | os.PathLike[str], layout: str = "auto") -> None:
        """Write the drawing to a file of the kind that its suffix names: svg, dot, png or pdf.

        It looks the same in each; Graphviz draws png and pdf. Raises ValueError for another suffix,
        and RuntimeError where Graphviz is needed and missing; an existing file stays as it was.
        """
        check_choice("layout", layout, LAYOUTS)
        suffix = Path(path).suffix.lower()
        if suffix not in (".svg", ".dot", ".gv", ".png", ".pdf"):
            kinds = "the name must end in .svg, .dot, .png or .pdf"
            raise ValueError(f"cannot draw to {str(path)!r}: {kinds}")
        if suffix == ".svg":
            write_whole(path, self.svg(layout))
        elif suffix in (".dot", ".gv"):
            write_whole(path, self.dot())
        else:
            write_whole(path, render(self.scene, suffix[1:], layout == "graphviz"))

    def mermaid(self) -> str:
        """Return the drawing as the text of a Mermaid flowchart, which Markdown can hold."""
        return mermaid_text(self.scene)

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as data: each value by its key, what it holds and what made it.

        A gradient that was not computed is None; ``constant`` marks a plain number that entered an
        operation; ``operands`` are keys, with a partial for each, those left out of a part as "".
        """
        names = self.names
        values = {
            names.key(out): {
                "name": names.given(out),
                "op": out.op.name if out.op else None,
                "data": out.data,
                "grad": grad_of(out) if is_computed(out) else None,
                "operands": [names.key(x) for x in out.operands],
                "partials": list(out.partials),
                "constant": out.constant,
            }
            for out in self.values
        }
        return {"roots": [names.key(root) for root in self.roots], "values": values}

    def digraph(self) -> Any:
        """Return a `graphviz.Digraph` of the drawing, to be restyled; needs that package."""
        return digraph(self.scene)

    def expression(self, latex: bool = False, form: str = "python") -> str:
        """Return the whole expression below the roots, as Python or LaTeX; ``form`` is "python",
        "latex", or "math", for text with the signs of a textbook.

        A value that is used more than once gets a line; a leaf without a label is its data as it is
        now. Raises ValueError for more values than the limit.
        """
        check_choice("form", form, FORMS)
        advice = "an expression of so many would be too long; take that of a part, "
        advice += f"part.graph().expression(), or set a limit larger than {self._limit}"
        order = values_below(self.roots, self._limit, advice)
        form = "latex" if latex else form
        return Expression(expression(self.roots, order, form), form == "latex")

    _repr_mimebundle_ = as_picture

    def __repr__(self) -> str:
        return printable(self._table)  # not every stream has a Σ

    def _rows(self, composer: Composer) -> str:
        shown = self.values[-40:]
        rows = []
        for out in shown:
            operands = [self.names.key(x) for x in out.operands[:6] if x in self.names]
            more = " …" if len(out.operands) > 6 else ""
            row = self.names.key(out), clean(out.label, 24), out.op.symbol if out.op else "leaf"
            data = f"data {self.format(out.data)}"
            grad = f"grad {composer.gradient(out)}" if is_computed(out) else ""
            made = f"of {', '.join(operands)}{more}" if operands else ""
            rows.append((*row, data, grad, f"{made}  ! not finite" if is_bad(out) else made))
        widths = [max(map(cells, column)) for column in zip(*rows)]
        lines = [self.scene.summary]
        if len(shown) < len(self.values):
            lines.append(f"  … {len(self.values) - len(shown)} values before these")
        lines += [f"  {'  '.join(map(padded, row, widths))}".rstrip() for row in rows]
        return "\n".join(lines)


def check_roots(roots: tuple[Any, ...]) -> None:
    """Raise TypeError unless there is something to draw."""
    if not roots:
        raise TypeError("Graph needs a Value to draw: Graph(loss), or loss.graph()")
    for root in roots:
        if not isinstance(root, Value):
            kind = type(root).__name__
            raise TypeError(f"cannot draw {shorten(root)} of type {kind}: it is no Value")


def check_choice(name: str, choice: object, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless an option is one of its choices."""
    if choice not in choices:
        raise ValueError(f"{name} is {shorten(choice)}: it must be one of {', '.join(choices)}")


def check_count(name: str, count: Any, least: int) -> None:
    """Raise TypeError or ValueError unless an option is a whole number, and large enough."""
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"{name} is {shorten(count)}: it must be a whole number")
    if count < least:
        raise ValueError(f"{name} is {count}: it must be at least {least}")


def _formatter(spec: str | None) -> Callable[[float], str]:
    if spec is None:
        return four_digits
    try:
        if any(int(digits) > 40 for digits in re.findall(r"\d+", spec)):
            raise ValueError  # 1000000000.4f would take all memory
        format(1.0, spec)
    except (ValueError, TypeError):
        raise ValueError(
            f"format is {shorten(spec)}: it must be one for floats, as .4g, with a width and a "
            "precision of at most 40"
        ) from None
    return lambda number: clean(format(number, spec), 40)


def four_digits(x: float) -> str:
    """Return a number to four digits: 0.1235, 12346, 1.235e-5."""
    if 1e4 <= abs(x) < 1e7:
        return f"{x:.0f}"
    digits, e, power = f"{x + 0.0:.4g}".partition("e")
    return f"{digits}e{int(power)}" if e else digits
