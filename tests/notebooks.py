"""Make the notebooks of the course from the demos' own text: ``python tests/notebooks.py``.

A demo's docstring opens its notebook. Then each function down to ``main`` is a cell below its own
docstring, whose examples are a cell to play with. What stands below ``main`` is imported. The last
cell runs all of it, with what has been changed above, and shows the picture.
"""

from __future__ import annotations

import ast
import doctest
import json
from collections.abc import Iterator
from pathlib import Path

DEMOS = Path(__file__).resolve().parent.parent / "demos"
NAMES = ("neuron", "gradient_descent", "backprop_by_hand", "drop_sigma_prime", "until_correct")
FIRST = """\
import sys

sys.path.insert(0, "..")  # the library and the demos are in the folder above
from demos.{name} import *"""
LAST = """\
from IPython.display import SVG

main([])
SVG(filename="{name}.svg")"""


def cells(name: str) -> Iterator[tuple[str, str]]:
    """Yield the cells of a demo's notebook: their kind and their text."""
    source = (DEMOS / f"{name}.py").read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    yield "markdown", f"# {name.replace('_', ' ').capitalize()}\n\n{ast.get_docstring(tree)}"
    yield "code", FIRST.format(name=name)
    group, last = list[str](), 0  # statements without a blank line between them
    for node in tree.body[1:]:
        if group and (isinstance(node, Defined) or node.lineno > last + 1):
            yield "code", "\n".join(group)
            group = []
        if isinstance(node, Defined):
            yield from defined(node, lines)
            if node.name == "main":
                break
        elif not isinstance(node, (ast.Import, ast.ImportFrom)):
            group += lines[node.lineno - 1 : node.end_lineno]
        last = node.end_lineno or 0
    yield "code", LAST.format(name=name)


Defined = (ast.FunctionDef, ast.ClassDef)


def defined(node: ast.FunctionDef | ast.ClassDef, lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield a docstring, the function or class without it, and the examples, if it has any."""
    docstring = node.body[0]
    above = lines[node.lineno - 1 : docstring.lineno - 1]
    below = lines[docstring.end_lineno : node.end_lineno]
    text = ast.get_docstring(node) or ""
    yield "markdown", f"## `{node.name}`\n\n{text.partition('>>>')[0].strip()}"
    yield "code", "\n".join(above + below).replace(":\n\n", ":\n")
    if examples := doctest.DocTestParser().get_examples(text):
        yield "code", "".join(example.source for example in examples).rstrip()


def notebook(name: str) -> str:
    """Return a notebook as it is stored, without outputs."""
    made = []
    for k, (kind, text) in enumerate(cells(name)):
        cell = {"cell_type": kind, "id": f"cell-{k}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append(cell | {"source": text.splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4}
    return json.dumps(content | {"nbformat_minor": 5}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for name in NAMES:
        (DEMOS / f"{name}.ipynb").write_text(notebook(name), encoding="utf-8", newline="\n")
