"""Boxes and arrows as DOT text and as SVG: how a computation graph looks, whatever it means.

`graph.Graph` makes a `Scene` of boxes and arrows; here are the themes, the two writers, and the
escapes. Everything that comes from outside, labels above all, goes through `clean` and the escape
of the format that it is written to, so that no text can break out of its place.

A tone is how an arrow looks, by the sign of the product that flows along it: "plus" is solid and
"minus" is dashed, so that they differ in black and white too; "zero" is dotted, "mixed" (of several
edges in one arrow) and "none" (not computed) are plain, and "bad" (inf or nan) is bold and dotted.
"""

from __future__ import annotations

from html import escape

from ..text import cells, clean, cut
from .layout import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Group = tuple[str, ...]

FONT = 11.0  # points
CELL = 0.602 * FONT  # the width of a character of the common monospaced fonts
LINE = 15.0  # from one line of text to the next
FAMILY = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Courier New', monospace"

THEMES = {
    "light": {
        "paper": "#ffffff",
        "ink": "#1f2328",
        "quiet": "#626a73",
        "leaf": "#ffffff",
        "op": "#f1f3f5",
        "module": "#e6f0f8",
        "group": "#b9c1c9",
        "border": "#8a929a",
        "lit": "#009e73",
        "fresh": "#00785a",
        "mixed": "#626a73",
        "plus": "#0072b2",
        "minus": "#c24e00",
        "zero": "#8a929a",
        "none": "#8a929a",
        "bad": "#b0307f",
    },
    "dark": {
        "paper": "#16191d",
        "ink": "#e9ecef",
        "quiet": "#a5adb5",
        "leaf": "#16191d",
        "op": "#262b31",
        "module": "#1d3346",
        "group": "#4b535b",
        "border": "#79828b",
        "lit": "#2fd3a3",
        "fresh": "#2fd3a3",
        "mixed": "#a5adb5",
        "plus": "#56b4e9",
        "minus": "#f0a04b",
        "zero": "#79828b",
        "none": "#79828b",
        "bad": "#f08bc3",
    },
}
DASHES = {  # in DOT, in SVG
    "minus": ("dashed", "6 3"),
    "zero": ("dotted", "1 3"),
    "bad": ("dotted", "2 2"),
}


class Box:
    """A box: a head line of a name and a symbol, rows of a word and a number, a tooltip.

    ``kind`` is "leaf", "op", "module" or "more"; ``group`` names the nested frames around it.
    """

    __slots__ = ("group", "key", "kind", "lit", "name", "root", "rows", "symbol", "tooltip")

    def __init__(
        self,
        key: str,
        kind: str,
        name: str,
        symbol: str,
        rows: list[tuple[str, str]],
        tooltip: str,
        group: Group = (),
        *,
        lit: bool = False,
        root: bool = False,
    ) -> None:
        self.key = key
        self.kind = kind
        self.name = clean(name, 26)
        self.symbol = symbol
        self.rows = rows
        self.tooltip = tooltip
        self.group = group
        self.lit = lit
        self.root = root

    def size(self) -> tuple[float, float]:
        """Return its width and height in points."""
        head = cells(self.name) + cells(self.symbol) + 2 * bool(self.name and self.symbol)
        across = max([head, *(cells(word) + cells(text) + 2 for word, text in self.rows)])
        lines = len(self.rows) + bool(self.name or self.symbol)
        if self.kind == "more":
            return 22.0, 16.0
        return max(across * CELL + 16, 34.0), lines * LINE + 9


class Arrow:
    """An arrow from box ``tail`` to box ``head``, by their places among the boxes."""

    __slots__ = ("head", "key", "label", "lit", "tail", "tone", "tooltip", "width")

    def __init__(
        self, key: str, tail: int, head: int, label: str, tooltip: str, tone: str, width: float
    ) -> None:
        self.key = key
        self.tail = tail
        self.head = head
        self.label = label
        self.tooltip = tooltip
        self.tone = tone
        self.width = width
        self.lit = False


class Scene:
    """What there is to draw."""

    __slots__ = ("arrows", "boxes", "direction", "summary", "theme", "titles")

    def __init__(self, direction: str, theme: str, summary: str) -> None:
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.titles: dict[Group, str] = {}
        self.direction = direction
        self.theme = THEMES[theme]
        self.summary = summary


# ---------------------------------------------------------------------------- DOT


def statements(scene: Scene) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield (kind, name, name, attributes) of a DOT graph, ready to be quoted.

    The kinds are "graph", "node", "edge", "open" and "close", the last two of a cluster. All nodes
    of a group stand in its cluster and nothing else does: an edge that is written inside a cluster
    would drag both its ends into it.
    """
    theme = scene.theme
    yield (
        "graph",
        "",
        "",
        {
            "rankdir": scene.direction,
            "bgcolor": theme["paper"],
            "fontname": "Courier New",
            "fontsize": f"{FONT:g}",
            "fontcolor": theme["quiet"],
            "color": theme["group"],
            "nodesep": "0.18",
            "ranksep": "0.45",
            "tooltip": _tooltip(scene.summary),
        },
    )
    yield (
        "node",
        "",
        "",
        {
            "shape": "box",
            "style": "rounded,filled",
            "fontname": "Courier New",
            "fontsize": f"{FONT:g}",
            "fontcolor": theme["ink"],
            "color": theme["border"],
            "margin": "0.08,0.03",
            "height": "0.2",
            "width": "0.4",
        },
    )
    yield (
        "edge",
        "",
        "",
        {"fontname": "Courier New", "fontsize": f"{FONT - 1:g}", "arrowsize": "0.6"},
    )
    depth: Group = ()
    for box in sorted(scene.boxes, key=lambda box: _nesting(scene, box.group)):
        while depth != box.group[: len(depth)]:
            depth = depth[:-1]
            yield "close", "", "", {}
        for level in range(len(depth), len(box.group)):
            depth = box.group[: level + 1]
            title = scene.titles[depth]
            yield (
                "open",
                f"cluster_{_nesting(scene, depth)[-1]}",
                "",
                {
                    "label": _in_dot(title),
                    "tooltip": _tooltip(title),
                    "style": "rounded",
                    "labeljust": "l",
                },
            )
        yield "node", box.key, "", _dot_node(box, theme)
    for _ in depth:
        yield "close", "", "", {}
    for arrow in scene.arrows:
        tail, head = scene.boxes[arrow.tail].key, scene.boxes[arrow.head].key
        yield "edge", tail, head, _dot_edge(arrow, theme)


def _nesting(scene: Scene, group: Group) -> tuple[int, ...]:
    """Return where a group's frames come among all: what is in none comes first."""
    order = {key: i for i, key in enumerate(scene.titles)}
    return tuple([order[group[: i + 1]] for i in range(len(group))])


def _dot_node(box: Box, theme: dict[str, str]) -> dict[str, str]:
    attributes = {
        "id": box.key,
        "label": _dot_label(box, theme),
        "fillcolor": theme.get(box.kind, theme["paper"]),
        "tooltip": _tooltip(box.tooltip),
    }
    if box.kind == "more":
        attributes.update(shape="plain", style="", label="⋯", fontcolor=theme["quiet"])
    if box.root or box.lit:
        attributes.update(color=theme["lit" if box.lit else "ink"], penwidth="2")
    return attributes


def _dot_label(box: Box, theme: dict[str, str]) -> str:
    lines = []
    name, symbol = _in_html(box.name), _in_html(box.symbol)
    if name and symbol:
        lines.append((f"<b>{name}</b>", symbol))
    elif name or symbol:
        lines.append((f"<b>{name or symbol}</b>", ""))
    lines += [
        (f'<font color="{theme["quiet"]}">{_in_html(word)}</font>' if word else "", _in_html(text))
        for word, text in box.rows
    ]
    rows = []
    for left, right in lines:
        if left and right:
            cell = f'<td align="left">{left}</td><td width="12"></td><td align="right">{right}</td>'
        else:
            cell = f'<td colspan="3">{left or right}</td>'
        rows.append(f"<tr>{cell}</tr>")
    return f'<<table border="0" cellspacing="0" cellpadding="0">{"".join(rows)}</table>>'


def _dot_edge(arrow: Arrow, theme: dict[str, str]) -> dict[str, str]:
    colour = theme["lit" if arrow.lit else arrow.tone]
    words = theme["quiet"] if arrow.tone in ("none", "zero") else colour
    attributes = {
        "id": arrow.key,
        "color": colour,
        "penwidth": f"{arrow.width:g}",
        "tooltip": _tooltip(arrow.tooltip),
    }
    if arrow.tone in DASHES:
        attributes["style"] = DASHES[arrow.tone][0]
    if arrow.label:
        attributes.update(label=_in_dot(f" {arrow.label} "), fontcolor=words)
        attributes["labeltooltip"] = attributes["tooltip"]
    return attributes


def dot_text(scene: Scene) -> str:
    """Return the scene in the DOT language."""
    lines, indent = ["digraph {"], "  "
    for kind, a, b, attributes in statements(scene):
        if kind == "close":
            indent = indent[:-2]
            lines.append(f"{indent}}}")
        elif kind == "open":
            lines.append(f"{indent}subgraph {a} {{")
            indent += "  "
            lines += [f"{indent}{key}={_quoted(value)}" for key, value in attributes.items()]
        else:
            inner = " ".join(f"{key}={_quoted(value)}" for key, value in attributes.items())
            what = f"{a} -> {b}" if b else a or kind
            lines.append(f"{indent}{what} [{inner}]")
    return "\n".join([*lines, "}", ""])


def digraph(scene: Scene) -> Any:
    """Return the scene as a `graphviz.Digraph`, to be restyled."""
    graphviz = import_graphviz()
    stack = [graphviz.Digraph()]
    for kind, a, b, attributes in statements(scene):
        if kind == "close":
            inner = stack.pop()
            stack[-1].subgraph(inner)
        elif kind == "open":
            stack.append(graphviz.Digraph(name=a, graph_attr=attributes))
        elif kind == "edge" and b:
            stack[-1].edge(a, b, **attributes)
        elif a:
            stack[-1].node(a, **attributes)
        else:
            stack[-1].attr(kind, **attributes)
    return stack[0]


def render(scene: Scene, format: str, **graph_attributes: str) -> bytes:
    """Return the scene drawn by Graphviz.

    Raises RuntimeError where the program or the Python package is missing, or fails.
    """
    graphviz = import_graphviz()
    text = dot_text(scene)
    for name, value in graph_attributes.items():
        text = text.replace("graph [", f"graph [{name}={_quoted(value)} ", 1)
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
        raise RuntimeError(f"Graphviz's `dot` can't be run: {error}") from None
    if not drawn:
        raise RuntimeError("Graphviz's `dot` has drawn nothing")
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


def _quoted(text: str) -> str:
    """Quote what `_in_dot` or `_dot_label` has escaped."""
    return text if text.startswith("<<") else f'"{text}"'


def _in_dot(text: str, backslash: str = "\\\\") -> str:
    """Escape for DOT: Graphviz reads entities, and backslashes, in quoted and HTML-like labels."""
    return escape(text).replace("&#x27;", "'").replace("\\", backslash)


def _in_html(text: str) -> str:
    """Escape for an HTML-like label, where blanks are collapsed."""
    return _in_dot(text).replace(" ", "&#160;").replace("]", "&#93;")  # ]]> and ] end a label


def _tooltip(text: str) -> str:
    """Escape for a tooltip, in which Graphviz reads backslashes twice."""
    return _in_dot(text, "\\" * 4).replace("\n", "\\n")


# ---------------------------------------------------------------------------- SVG


def svg_text(scene: Scene) -> str:
    """Return the scene as SVG, laid out by `layout.place`: this needs nothing installed."""
    theme = scene.theme
    spots = place(
        [box.size() for box in scene.boxes],
        [(arrow.tail, arrow.head) for arrow in scene.arrows],
        [box.group for box in scene.boxes],
        [
            (cells(arrow.label) * CELL + 6, LINE - 2) if arrow.label else None
            for arrow in scene.arrows
        ],
        direction=scene.direction,
    )
    margin = 8
    width, height = spots.width + 2 * margin, spots.height + 2 * margin
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.2f}" '
        f'height="{height:.2f}" viewBox="{-margin} {-margin} {width:.2f} {height:.2f}" '
        f'font-family="{FAMILY}" font-size="{FONT:g}">',
        f"<title>{_in_xml(scene.summary)}</title>",
        f'<rect x="{-margin}" y="{-margin}" width="{width:.2f}" height="{height:.2f}" '
        f'fill="{theme["paper"]}"/>',
    ]
    for group, (x0, y0, x1, y1) in sorted(spots.groups.items(), key=lambda item: len(item[0])):
        title = cut(scene.titles[group], (x1 - x0 - 10) / CELL)
        parts.append(
            f'<g class="group"><rect x="{x0:.2f}" y="{y0:.2f}" width="{x1 - x0:.2f}" '
            f'height="{y1 - y0:.2f}" rx="6" fill="none" stroke="{theme["group"]}"/>'
            f"{_text(x0 + 6, y0 + 12, title, theme['quiet'])}</g>"
        )
    for arrow, points, spot in zip(scene.arrows, spots.edges, spots.labels):
        parts.append(_svg_arrow(arrow, points, spot, theme))
    for box, (x, y) in zip(scene.boxes, spots.nodes):
        parts.append(_svg_box(box, x, y, theme))
    return "\n".join([*parts, "</svg>", ""])


def _svg_box(box: Box, x: float, y: float, theme: dict[str, str]) -> str:
    width, height = box.size()
    left, right, top = x - width / 2, x + width / 2, y - height / 2
    opening = f'<g id="{box.key}" class="{box.kind}"><title>{_in_xml(box.tooltip)}</title>'
    if box.kind == "more":
        return f"{opening}{_text(x, y + 4, '⋯', theme['quiet'], anchor='middle')}</g>"
    stroke = theme["lit" if box.lit else "ink" if box.root else "border"]
    parts = [
        f'{opening}<rect x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{height:.2f}" '
        f'rx="5" fill="{theme[box.kind]}" stroke="{stroke}" '
        f'stroke-width="{2 if box.lit or box.root else 1}"/>'
    ]
    base = top + 15.5
    if box.name or box.symbol:
        name = box.name or box.symbol
        if box.name and box.symbol:
            parts.append(_text(left + 8, base, name, theme["ink"], bold=True))
            parts.append(_text(right - 8, base, box.symbol, theme["ink"], anchor="end"))
        else:
            parts.append(_text(x, base, name, theme["ink"], bold=True, anchor="middle"))
        base += LINE
    for word, text in box.rows:
        if word:
            parts.append(_text(left + 8, base, word, theme["quiet"]))
            parts.append(_text(right - 8, base, text, theme["ink"], anchor="end"))
        else:
            parts.append(_text(x, base, text, theme["ink"], anchor="middle"))
        base += LINE
    return "".join([*parts, "</g>"])


def _svg_arrow(
    arrow: Arrow,
    points: list[tuple[float, float]],
    spot: tuple[float, float] | None,
    theme: dict[str, str],
) -> str:
    colour = theme["lit" if arrow.lit else arrow.tone]
    words = theme["quiet"] if arrow.tone in ("none", "zero") else colour
    (x, y), (cx, cy) = points[-1], next(p for p in (*points[-2::-1], (0.0, 0.0)) if p != points[-1])
    away = ((x - cx) ** 2 + (y - cy) ** 2) ** 0.5
    ux, uy = (x - cx) / away, (y - cy) / away
    long, wide = 5 + arrow.width, 1.8 + arrow.width / 2
    bx, by = x - ux * long, y - uy * long
    path = [*points[:-1], (bx, by)]
    curve = " ".join(f"{px:.2f},{py:.2f}" for px, py in path[1:])
    dash = f' stroke-dasharray="{DASHES[arrow.tone][1]}"' if arrow.tone in DASHES else ""
    label = ""
    if spot is not None:
        half = (cells(arrow.label) * CELL + 4) / 2
        label = (
            f'<rect x="{spot[0] - half:.2f}" y="{spot[1] - 6.5:.2f}" width="{2 * half:.2f}" '
            f'height="13" fill="{theme["paper"]}" fill-opacity="0.85"/>'
            f"{_text(spot[0], spot[1] + 3.5, arrow.label, words, anchor='middle')}"
        )
    return (
        f'<g id="{arrow.key}" class="arrow"><title>{_in_xml(arrow.tooltip)}</title>'
        f'<path d="M{path[0][0]:.2f},{path[0][1]:.2f} C{curve}" fill="none" stroke="{colour}" '
        f'stroke-width="{arrow.width:g}"{dash}/>'
        f'<path d="M{x:.2f},{y:.2f} L{bx - uy * wide:.2f},{by + ux * wide:.2f} '
        f'L{bx + uy * wide:.2f},{by - ux * wide:.2f} Z" fill="{colour}"/>{label}</g>'
    )


def _text(
    x: float, y: float, text: str, colour: str, *, bold: bool = False, anchor: str = ""
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" fill="{colour}"{weight}{anchored} '
        f'xml:space="preserve">{_in_xml(text)}</text>'
    )


def _in_xml(text: str) -> str:
    return escape(text)
