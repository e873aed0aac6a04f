"""What a notebook shows of an object that is the last expression of a cell.

IPython asks an object for its ``_repr_mimebundle_``: texts by the kind of each. A notebook shows
the richest that it can, IPython in a terminal the plain one.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from ..engine import Value
from ..text import clean

Bundle = dict[str, str]

WIDE = 1000.0  # points; the cells of most notebooks are no wider


def as_text(shown: object, include: object = None, exclude: object = None) -> Bundle:
    """Return the text of an object, in the columns that it has in a terminal."""
    pre = '<pre style="font-family: monospace; line-height: 1.25">'
    return {"text/plain": str(shown), "text/html": f"{pre}{escape(str(shown))}</pre>"}


def as_picture(shown: Any, include: object = None, exclude: object = None) -> Bundle:
    """Return the picture of an object that has one, and its text.

    A wide picture says nothing of its size: it is then as wide as the cell, and not cut off.
    """
    head, end, rest = shown.svg().partition(">")
    width = re.search(r' width="([\d.]+)', head)
    if width and float(width[1]) > WIDE:
        head = re.sub(r' (width|height)="[\d.]+"', "", head)
    return {"text/plain": str(shown), "image/svg+xml": head + end + rest}


def of_value(value: Value) -> Bundle:
    """Return the picture of a value's graph; its text alone where that is too large."""
    try:
        return as_picture(value.graph()) | {"text/plain": repr(value)}
    except ValueError:
        return {"text/plain": repr(value)}


def of_module(module: Any) -> Bundle:
    """Return a table of the modules inside a module: what each is, and its parameters."""
    rows = []
    for name, part in [("", module), *module.named_modules()]:
        parameters = f"{len(part.parameters()):,}"
        told = "".join(f"<td>{escape(clean(text))}</td>" for text in (name, repr(part), parameters))
        rows.append(f"<tr>{told}</tr>")
    more = f"<tr><td>… {len(rows) - 40:,} more</td></tr>" if len(rows) > 40 else ""
    head = "<tr><th>name</th><th>module</th><th>parameters</th></tr>"
    return {
        "text/plain": repr(module),
        "text/html": f"<table>{head}{''.join(rows[:40])}{more}</table>",
    }


class Expression(str):
    """An expression as text; LaTeX, a notebook shows as mathematics."""

    __slots__ = ("latex",)
    latex: bool

    def __new__(cls, text: str, latex: bool) -> Expression:
        """Make it of its text."""
        self = super().__new__(cls, text)
        self.latex = latex
        return self

    __repr__ = str.__str__  # a prompt shows the expression, not a string that holds it

    def _repr_latex_(self) -> str | None:
        return f"$\\displaystyle {self}$" if self.latex else None
