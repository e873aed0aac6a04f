"""A scene as SVG, placed by the built-in layout: this needs nothing installed.

Labels are hostile input: all text goes through `html.escape`, after `clean` where it was taken in.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..text import cells, cut
from .layout.layering import Point
from .picture import CELL, FAMILY, FONT, LINE, Arrow, Box, Scene, placed, shortened, shouts

DASHES = {"minus": "6 3", "zero": "1 3", "bad": "2 2"}  # of arrows, by their tones
MARGIN = 8


def svg_text(scene: Scene, apart: bool = True) -> str:
    """Return the scene as SVG, by the built-in layout.

    Labels come after all arrows, so that none runs over them; unless ``apart``, inside their own.
    """
    theme = scene.theme
    spots = placed(scene)
    width, height = f"{spots.width + 2 * MARGIN:.2f}", f"{spots.height + 2 * MARGIN:.2f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="{-MARGIN} {-MARGIN} {width} {height}" font-family="{FAMILY}" '
        f'font-size="{FONT:g}">',
        f"<title>{escape(scene.summary)}</title>",
        f'<rect x="{-MARGIN}" y="{-MARGIN}" width="{width}" height="{height}" '
        f'fill="{theme["paper"]}"/>',
    ]
    number = {group: i for i, group in enumerate(scene.titles)}
    for group, (x0, y0, x1, y1) in sorted(spots.groups.items(), key=lambda item: len(item[0])):
        title = cut(scene.titles[group], (x1 - x0 - 10) / CELL)
        parts.append(
            f'<g id="g{number[group]}" class="group"><rect x="{x0:.2f}" y="{y0:.2f}" '
            f'width="{x1 - x0:.2f}" '
            f'height="{y1 - y0:.2f}" rx="6" fill="none" stroke="{theme["group"]}"/>'
            f"{_text(x0 + 6, y0 + 12, title, theme['quiet'])}</g>"
        )
    edges = zip(scene.arrows, spots.edges, spots.labels)
    labels: list[str] = []
    if scene.wires:
        parts += _wires(scene, spots.edges)
    for arrow, points, spot in () if scene.wires else edges:
        label = _label(arrow, *spot, theme) if spot else ""
        if label and apart:
            labels.append(f'<g class="label"><title>{escape(arrow.tooltip)}</title>{label}</g>')
        parts.append(_arrow(arrow, points, "" if apart else label, theme))
    parts += labels
    parts += [_box(box, x, y, theme) for box, (x, y) in zip(scene.boxes, spots.nodes)]
    return "\n".join([*parts, "</svg>", ""])


def _wires(scene: Scene, edges: list[list[Point]]) -> Iterator[str]:
    """Yield a path for all wires that look the same, with one curve each from end to end."""
    alike: dict[str, list[str]] = {}
    for arrow, points in zip(scene.arrows, edges):
        dash = f' stroke-dasharray="{DASHES[arrow.tone]}"' if arrow.tone in DASHES else ""
        look = f'stroke="{scene.theme[arrow.tone]}" stroke-width="{round(arrow.width, 1):g}"{dash}'
        curve = " ".join([f"{x:.0f},{y:.0f}" for x, y in points[1:]])
        alike.setdefault(look, []).append(f"M{points[0][0]:.0f},{points[0][1]:.0f}C{curve}")
    for look, curves in alike.items():
        yield f'<path class="wires" d="{"".join(curves)}" fill="none" {look}/>'


def _box(box: Box, x: float, y: float, theme: dict[str, str]) -> str:
    width, height = box.size()
    left, right, top = x - width / 2, x + width / 2, y - height / 2
    opening = f'<g id="{box.key}" class="{box.kind}"><title>{escape(box.tooltip)}</title>'
    if box.kind == "more":
        return f"{opening}{_text(x, y + 4, '⋯', theme['quiet'], anchor='middle')}</g>"
    parts = [
        f'{opening}<rect x="{left:.2f}" y="{top:.2f}" width="{width:.2f}" height="{height:.2f}" '
        f'rx="5" fill="{theme[box.fill()]}" stroke="{theme[box.outline()]}" '
        f'stroke-width="{2 if box.lit or box.root or box.bad else 1}"/>'
    ]
    base = top + 15.5
    if box.name and box.symbol:
        parts.append(_text(left + 8, base, box.name, theme["ink"], bold=True))
        parts.append(_text(right - 8, base, box.symbol, theme["ink"], anchor="end"))
    elif name := box.name or box.symbol:
        parts.append(_text(x, base, name, theme["ink"], bold=True, anchor="middle"))
    base += LINE * bool(box.name or box.symbol)
    for word, text in box.rows:
        bad = shouts(text)
        place, anchor = (right - 8, "end") if word else (x, "middle")
        if word:
            parts.append(_text(left + 8, base, word, theme["quiet"]))
        parts.append(_text(place, base, text, theme["bad" if bad else "ink"], bad, anchor))
        base += LINE
    return "".join([*parts, "</g>"])


def _arrow(arrow: Arrow, points: list[Point], label: str, theme: dict[str, str]) -> str:
    colour = theme[arrow.tone]
    line = shortened(arrow, points)
    (x, y), (bx, by) = points[-1], line[-1]
    slim = (1.8 + arrow.width / 2) / (5 + arrow.width)  # half the head's width, by its length
    across, down = (x - bx) * slim, (y - by) * slim
    curve = " ".join(f"{px:.2f},{py:.2f}" for px, py in line[1:])
    dash = f' stroke-dasharray="{DASHES[arrow.tone]}"' if arrow.tone in DASHES else ""
    return (
        f'<g id="{arrow.key}" class="arrow"><title>{escape(arrow.tooltip)}</title>'
        f'<path d="M{points[0][0]:.2f},{points[0][1]:.2f} C{curve}" fill="none" '
        f'stroke="{colour}" stroke-width="{arrow.width:g}"{dash}/>'
        f'<path d="M{x:.2f},{y:.2f} L{bx - down:.2f},{by + across:.2f} '
        f'L{bx + down:.2f},{by - across:.2f} Z" fill="{colour}"/>'
        f"{label}</g>"
    )


def _label(arrow: Arrow, x: float, y: float, theme: dict[str, str]) -> str:
    half = (cells(arrow.label) * CELL + 7) / 2  # so much that no dash looks like a minus
    return (
        f'<rect x="{x - half:.2f}" y="{y - 6.5:.2f}" width="{2 * half:.2f}" '
        f'height="13" fill="{theme["paper"]}"/>'
        f"{_text(x, y + 3.5, arrow.label, theme[arrow.label_tone()], anchor='middle')}"
    )


def _text(x: float, y: float, text: str, colour: str, bold: bool = False, anchor: str = "") -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" fill="{colour}"{weight}{anchored} '
        f'xml:space="preserve">{escape(text)}</text>'
    )
