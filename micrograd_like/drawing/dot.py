"""A scene as text in Graphviz's DOT language, and as what Graphviz draws of it.

Labels are hostile input: the escapes at the end let none end the string, the HTML or the statement
that it stands in.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from html import escape
from typing import Any

from ..text import cells, cut
from .picture import CELL, FAMILY, FONT, LINE, Arrow, Box, Scene, nested, placed, shortened, shouts

STYLES = {"minus": "dashed", "zero": "dotted", "bad": "dotted"}  # of arrows, by their tones


def dot_text(scene: Scene) -> str:
    """Return the scene in the DOT language."""
    return "\n".join(["digraph {", *_statements(scene), "}", ""])


def digraph(scene: Scene) -> Any:
    """Return the scene as a `graphviz.Digraph`, to be restyled."""
    try:
        import graphviz
    except ImportError:
        raise RuntimeError(
            "this needs the Python package graphviz: `pip install graphviz`; or save as .svg or "
            ".dot, which need nothing"
        ) from None
    return graphviz.Digraph(body=[f"{line}\n" for line in _statements(scene)])


def render(scene: Scene, format: str, own: bool = False) -> bytes:
    """Return the scene drawn by Graphviz, as "svg", "pdf" or "png": as it looks in SVG, or ``own``,
    with Graphviz's own layout.

    Raises RuntimeError if the program is missing, or fails.
    """
    text = dot_text(scene) if own else placed_text(scene)
    options = ["-Kdot"] if own else ["-Kneato", "-n2"]
    if format == "png":
        text = text.replace("graph [", 'graph [dpi="168" ', 1)
    try:
        done = subprocess.run(
            ["dot", *options, f"-T{format}"], input=text.encode(), capture_output=True, check=True
        )
    except FileNotFoundError:
        raise RuntimeError(
            f"drawing {format.upper()} needs Graphviz's program `dot`, which is not on the PATH: "
            "install it with `apt-get install graphviz` (Debian, Ubuntu), `brew install graphviz` "
            "(macOS) or `winget install graphviz` (Windows), or save as .svg, which needs nothing"
        ) from None
    except subprocess.CalledProcessError as error:
        told = (error.stderr or b"").decode(errors="replace").strip()
        raise RuntimeError(f"Graphviz's `dot` failed: {told or error}") from None
    except OSError as error:
        raise RuntimeError(f"Graphviz's `dot` cannot be run: {error}") from None
    if not done.stdout:
        raise RuntimeError("Graphviz's `dot` drew nothing")
    # Graphviz measures Courier; the browser may have a better font as wide
    family = f'font-family="{FAMILY}"'.encode()
    svg = format == "svg"
    return done.stdout.replace(b'font-family="Courier New"', family) if svg else done.stdout


def _statements(scene: Scene) -> Iterator[str]:
    yield from _defaults(scene)
    yield from _clusters(scene)
    for arrow in scene.arrows:
        tail, head = scene.boxes[arrow.tail].key, scene.boxes[arrow.head].key
        look = ""
        if arrow.label:
            label, tone = _in_dot(f" {arrow.label} "), scene.theme[arrow.label_tone()]
            look = f' label="{label}" fontcolor="{tone}" labeltooltip="{_tooltip(arrow.tooltip)}"'
        yield f"  {tail} -> {head} [{_edge(arrow, scene.theme)}{look}]"


def _defaults(scene: Scene) -> Iterator[str]:
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
    head = ' arrowhead="none"' if scene.wires else ""
    yield f'  edge [fontname="Courier New" fontsize="{FONT - 1:g}" arrowsize="0.6"{head}]'


def placed_text(scene: Scene) -> str:
    """Return the scene in DOT with a place for everything, which ``neato -n2`` keeps to.

    Frames, titles and the labels of arrows are nodes: those are drawn after all arrows.
    """
    spots, theme = placed(scene), scene.theme
    lines = [*_defaults(scene), '  graph [outputorder="edgesfirst" pad="0.11"]']

    def at(x: float, y: float) -> str:
        return f"{x:.2f},{-y:.2f}"

    def words(name: str, text: str, x: float, y: float, tone: str, pad: int = 0) -> None:
        cell = f'<td bgcolor="{theme["paper"]}">{_in_html(text)}</td>'
        look = f'shape="plain" style="" fontcolor="{theme[tone]}" pos="{at(x, y)}" label='
        table = f'<table border="0" cellspacing="0" cellpadding="{pad}">'
        lines.append(f"  {name} [{look}<{table}<tr>{cell}</tr></table>>]")

    for i, (group, (x0, y0, x1, y1)) in enumerate(spots.groups.items()):
        size = f'width="{(x1 - x0) / 72:.4f}" height="{(y1 - y0) / 72:.4f}" fixedsize="true"'
        look = f'label="" style="rounded" color="{theme["group"]}" {size}'
        lines.append(f'  g{i} [{look} pos="{at((x0 + x1) / 2, (y0 + y1) / 2)}"]')
        title = cut(scene.titles[group], (x1 - x0 - 10) / CELL)
        words(f"t{i}", title, x0 + 6 + cells(title) * CELL / 2, y0 + 8.5, "quiet")
    for box, (x, y) in zip(scene.boxes, spots.nodes):
        width, height = box.size()
        size = f'width="{width / 72:.4f}" height="{height / 72:.4f}" fixedsize="true"'
        lines.append(f'  {box.key} [{_node(box, theme)} {size} pos="{at(x, y)}"]')
    for i, (arrow, points, spot) in enumerate(zip(scene.arrows, spots.edges, spots.labels)):
        tail, head = scene.boxes[arrow.tail].key, scene.boxes[arrow.head].key
        line = [at(*p) for p in shortened(arrow, points)]
        look = f'{_edge(arrow, theme)} arrowhead="none" pos="{" ".join(line)}"'
        lines.append(f"  {tail} -> {head} [{look}]")
        if not scene.wires:  # a thick pen would make the head longer
            size = f'arrowsize="{0.5 + arrow.width / 10:g}" penwidth="0.1"'
            look = f'color="{theme[arrow.tone]}" {size} pos="e,{at(*points[-1])} {line[-1]}'
            lines.append(f'  {tail} -> {head} [{look}{f" {line[-1]}" * 3}"]')
        if spot:
            words(f"l{i}", arrow.label, *spot, arrow.label_tone(), 2)
    return "\n".join(["digraph {", *lines, "}", ""])


def _clusters(scene: Scene) -> Iterator[str]:
    """Yield the lines of the boxes, those of a group in its cluster.

    The edges come after them: one written inside a cluster would drag both its ends into it.
    """
    order = {group: i for i, group in enumerate(scene.titles)}
    depth = 0
    for group, box in nested(scene):
        inner = len(group) if box else len(group) - 1
        for ended in range(depth, inner, -1):
            yield "  " * ended + "}"
        depth, indent, title = len(group), "  " * len(group), scene.titles.get(group, "")
        if box:
            yield f"{indent}  {box.key} [{_node(box, scene.theme)}]"
        else:
            yield f"{indent}subgraph cluster_{order[group]} {{"
            yield f'{indent}  label="{_in_dot(title)}"'
            yield f'{indent}  tooltip="{_tooltip(title)}"'
            yield f'{indent}  style="rounded"'
            yield f'{indent}  labeljust="l"'
    for ended in range(depth, 0, -1):
        yield "  " * ended + "}"


def _node(box: Box, theme: dict[str, str]) -> str:
    colour = theme.get(box.fill(), theme["paper"])
    label, look = f"<{_table(box, theme)}>", ""
    if box.kind == "more":
        label, look = '"⋯"', f' shape="plain" style="" fontcolor="{theme["quiet"]}"'
    elif box.outline() != "border":
        look = f' color="{theme[box.outline()]}" penwidth="{1 if box.kind == "key" else 2}"'
    tooltip = _tooltip(box.tooltip)
    return f'id="{box.key}" label={label} fillcolor="{colour}" tooltip="{tooltip}"{look}'


def _table(box: Box, theme: dict[str, str]) -> str:
    """Return the lines of a box, each of one cell: in a monospaced font, blanks make columns."""
    columns = round((box.size()[0] - 16) / CELL)
    lines = [(box.name or box.symbol, box.symbol if box.name else "", "<b>%s</b>", "%s")]
    quiet, bad = f'<font color="{theme["quiet"]}">%s</font>', f'<font color="{theme["bad"]}">'
    for word, text in box.rows:
        lines.append((word, text, quiet, f"{bad}<b>%s</b></font>" if shouts(text) else "%s"))
    rows = ""
    for left, right, *looks in lines:
        both = [look % _in_html(text) for look, text in zip(looks, (left, right)) if text]
        gap = "&#160;" * (columns - cells(left) - cells(right))
        rows += f'<tr><td height="{LINE:g}">{gap.join(both)}</td></tr>' if both else ""
    return f'<table border="0" cellspacing="0" cellpadding="0">{rows}</table>'


def _edge(arrow: Arrow, theme: dict[str, str]) -> str:
    look = f' style="{STYLES[arrow.tone]}"' if arrow.tone in STYLES else ""
    width, tooltip = f'penwidth="{arrow.width:g}"', _tooltip(arrow.tooltip)
    return f'id="{arrow.key}" color="{theme[arrow.tone]}" {width} tooltip="{tooltip}"{look}'


def _in_dot(text: str, backslash: str = "\\\\") -> str:
    """Escape for DOT: Graphviz reads entities, and backslashes, in quoted and HTML-like labels."""
    return escape(text).replace("&#x27;", "'").replace("\\", backslash)


def _in_html(text: str) -> str:
    """Escape for an HTML-like label, where blanks are collapsed."""
    return _in_dot(text).replace(" ", "&#160;").replace("]", "&#93;")  # ]]> and ] end a label


def _tooltip(text: str) -> str:
    """Escape for a tooltip, in which Graphviz reads backslashes twice."""
    return _in_dot(text, "\\" * 4).replace("\n", "\\n")
