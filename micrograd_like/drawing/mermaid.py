"""A scene as a Mermaid flowchart: text that GitHub and many editors draw inside Markdown.

Labels are hostile input: all but letters, digits and blanks goes through Mermaid's own escapes.
"""

from __future__ import annotations

import re

from .picture import Scene, nested

LINKS = {"minus": "-.->", "zero": "-.->", "bad": "==>"}  # by the tones of arrows


def mermaid_text(scene: Scene) -> str:
    """Return the scene as Mermaid text, to stand between ```mermaid and ```."""
    lines, depth = [f"flowchart {scene.direction}"], 0
    for i, (group, box) in enumerate(nested(scene)):
        inner = len(group) if box else len(group) - 1
        lines += ["  " * ended + "end" for ended in range(depth, inner, -1)]
        depth = len(group)
        if box is None:
            lines.append(f'{"  " * depth}subgraph g{i} ["{_escaped(scene.titles[group])}"]')
            continue
        head = " ".join(filter(None, [box.name, box.symbol]))
        rows = [f"{word} {text}".strip() for word, text in box.rows] or ["…"] * (not head)
        text = "<br/>".join(map(_escaped, filter(None, [head, *rows])))
        lines.append(f'{"  " * depth}  {box.key}["{text}"]:::{box.fill()}')
    lines += ["  " * ended + "end" for ended in range(depth, 0, -1)]
    by_tone: dict[str, list[str]] = {}
    for i, arrow in enumerate(scene.arrows):
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        tail, head = scene.boxes[arrow.tail].key, scene.boxes[arrow.head].key
        lines.append(f"  {tail} {LINKS.get(arrow.tone, '-->')}{label} {head}")
        by_tone.setdefault(arrow.tone, []).append(str(i))
    theme = scene.theme
    for i, (_, box) in enumerate(nested(scene)):
        lines += [] if box else [f"  style g{i} fill:none,stroke:{theme['group']}"]
    for kind in sorted({box.fill() for box in scene.boxes}):
        colours = f"fill:{theme.get(kind, theme['paper'])},stroke:{theme['border']}"
        lines.append(f"  classDef {kind} {colours},color:{theme['ink']}")
    for tone, numbers in by_tone.items():
        lines.append(f"  linkStyle {','.join(numbers)} stroke:{theme[tone]}")
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return re.sub(r"[^\w .]", lambda found: f"#{ord(found[0])};", text)
