"""A scene as text in Graphviz's DOT language, and as what Graphviz draws of it.

Labels are hostile input: the escapes at the end let none end the string, the HTML or the statement
that it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from .layout.layering import Group
from .picture import FAMILY, FONT, Arrow, Box, Scene

STYLES = {"minus": "dashed", "zero": "dotted", "bad": "dotted"}  # of arrows, by their tones


def dot_text(scene: Scene) -> str:
    """Return the scene in the DOT language."""
    return "\n".join(["digraph {", *_statements(scene), "}", ""])


def digraph(scene: Scene) -> Any:
    """Return the scene as a `graphviz.Digraph`, to be restyled."""
    return import_graphviz().Digraph(body=[f"{line}\n" for line in _statements(scene)])


def render(scene: Scene, format: str) -> bytes:
    """Return the scene drawn by Graphviz, as "svg", "pdf" or "png".

    Raises RuntimeError if the program or the Python package is missing, or fails.
    """
    graphviz = import_graphviz()
    text = dot_text(scene)
    if format == "png":
        text = text.replace("graph [", 'graph [dpi="168" ', 1)
    try:
        drawn: bytes = graphviz.pipe("dot", format, text.encode(), quiet=True)
    except graphviz.ExecutableNotFound:
        raise RuntimeError(
            f"drawing {format.upper()} needs Graphviz's program `dot`, which is not on the PATH: "
            "install it with `apt-get install graphviz` (Debian, Ubuntu), `brew install graphviz` "
            "(macOS) or `winget install graphviz` (Windows), or save as .svg, which needs nothing"
        ) from None
    except graphviz.CalledProcessError as error:
        told = (error.stderr or b"").decode(errors="replace").strip()
        raise RuntimeError(f"Graphviz's `dot` failed: {told or error}") from None
    except OSError as error:
        raise RuntimeError(f"Graphviz's `dot` cannot be run: {error}") from None
    if not drawn:
        raise RuntimeError("Graphviz's `dot` drew nothing")
    if format == "svg":  # Graphviz measures Courier; the browser may have a better font as wide
        drawn = drawn.replace(b'font-family="Courier New"', f'font-family="{FAMILY}"'.encode())
    return drawn


def import_graphviz() -> Any:
    """Return the package graphviz; raise RuntimeError with the remedy where it is missing."""
    try:
        import graphviz
    except ImportError:
        raise RuntimeError(
            "this needs the Python package graphviz: `pip install graphviz`; or save as .svg or "
            ".dot, which need nothing"
        ) from None
    return graphviz


def _statements(scene: Scene) -> Iterator[str]:
    theme = scene.theme
    font = f'fontname="Courier New" fontsize="{FONT:g}"'
    yield (
        f'  graph [rankdir="{scene.direction}" bgcolor="{theme["paper"]}" {font} '
        f'fontcolor="{theme["quiet"]}" color="{theme["group"]}" nodesep="0.18" ranksep="0.45" '
        f'tooltip="{_tooltip(scene.summary)}"]'
    )
    yield (
        f'  node [shape="box" style="rounded,filled" {font} fontcolor="{theme["ink"]}" '
        f'color="{theme["border"]}" margin="0.08,0.03" height="0.2" width="0.4"]'
    )
    yield f'  edge [fontname="Courier New" fontsize="{FONT - 1:g}" arrowsize="0.6"]'
    yield from _clusters(scene)
    for arrow in scene.arrows:
        tail, head = scene.boxes[arrow.tail].key, scene.boxes[arrow.head].key
        yield f"  {tail} -> {head} [{_edge(arrow, theme)}]"


def _clusters(scene: Scene) -> Iterator[str]:
    """Yield the lines of the boxes, those of a group in its cluster.

    The edges come after them: one written inside a cluster would drag both its ends into it.
    """
    order = {group: i for i, group in enumerate(scene.titles)}

    def nesting(box: Box) -> list[int]:
        return [order[box.group[: i + 1]] for i in range(len(box.group))]

    around: Group = ()
    for box in sorted(scene.boxes, key=nesting):
        while around != box.group[: len(around)]:
            yield "  " * len(around) + "}"
            around = around[:-1]
        while around != box.group:
            around = box.group[: len(around) + 1]
            indent, title = "  " * len(around), scene.titles[around]
            yield f"{indent}subgraph cluster_{order[around]} {{"
            yield f'{indent}  label="{_in_dot(title)}"'
            yield f'{indent}  tooltip="{_tooltip(title)}"'
            yield f'{indent}  style="rounded"'
            yield f'{indent}  labeljust="l"'
        yield f"{'  ' * len(around)}  {box.key} [{_node(box, scene.theme)}]"
    for depth in range(len(around), 0, -1):
        yield "  " * depth + "}"


def _node(box: Box, theme: dict[str, str]) -> str:
    colour = theme.get(box.kind, theme["paper"])
    label, look = f"<{_table(box, theme)}>", ""
    if box.kind == "more":
        label, look = '"⋯"', f' shape="plain" style="" fontcolor="{theme["quiet"]}"'
    elif box.root or box.lit:
        look = f' color="{theme[box.outline()]}" penwidth="2"'
    tooltip = _tooltip(box.tooltip)
    return f'id="{box.key}" label={label} fillcolor="{colour}" tooltip="{tooltip}"{look}'


def _table(box: Box, theme: dict[str, str]) -> str:
    name, symbol = _in_html(box.name), _in_html(box.symbol)
    lines = [(f"<b>{name or symbol}</b>", symbol if name else "")] if name or symbol else []
    lines += [
        (f'<font color="{theme["quiet"]}">{_in_html(word)}</font>' if word else "", _in_html(text))
        for word, text in box.rows
    ]
    rows = ""
    for left, right in lines:
        if left and right:
            cell = f'<td align="left">{left}</td><td width="12"></td><td align="right">{right}</td>'
        else:
            cell = f'<td colspan="3">{left or right}</td>'
        rows += f"<tr>{cell}</tr>"
    return f'<table border="0" cellspacing="0" cellpadding="0">{rows}</table>'


def _edge(arrow: Arrow, theme: dict[str, str]) -> str:
    tooltip = _tooltip(arrow.tooltip)
    colour, tone = theme[arrow.tone], theme[arrow.label_tone()]
    look = f' style="{STYLES[arrow.tone]}"' if arrow.tone in STYLES else ""
    if arrow.label:
        label = _in_dot(f" {arrow.label} ")
        look += f' label="{label}" fontcolor="{tone}" labeltooltip="{tooltip}"'
    width = f'penwidth="{arrow.width:g}"'
    return f'id="{arrow.key}" color="{colour}" {width} tooltip="{tooltip}"{look}'


def _in_dot(text: str, backslash: str = "\\\\") -> str:
    """Escape for DOT: Graphviz reads entities, and backslashes, in quoted and HTML-like labels."""
    return escape(text).replace("&#x27;", "'").replace("\\", backslash)


def _in_html(text: str) -> str:
    """Escape for an HTML-like label, where blanks are collapsed."""
    return _in_dot(text).replace(" ", "&#160;").replace("]", "&#93;")  # ]]> and ] end a label


def _tooltip(text: str) -> str:
    """Escape for a tooltip, in which Graphviz reads backslashes twice."""
    return _in_dot(text, "\\" * 4).replace("\n", "\\n")
