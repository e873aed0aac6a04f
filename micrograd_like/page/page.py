"""A page to play with a graph: drag a leaf, step through the forward and the backward pass.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> tanh(x * w).page("backprop.html")           # doctest: +SKIP

Then open the file in a browser. It needs nothing else, and no network: all is inside, and its
Content-Security-Policy allows nothing more. The graph does not change. In a notebook,
``tanh(x * w).page()`` shows itself in the cell.

Beside this module stand ``page.html``, the frame, ``page.css``, and the scripts in ``js``, a file
for each idea. Python hands them what was recorded: the graph, its numbers and the textbook's
formulas; and the recorded program as JavaScript, which computes them anew when a leaf is dragged.
"""

from __future__ import annotations

import base64
import hashlib
import json
import linecache
import math
import os
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

from ..debugging.steps import Step, walk
from ..drawing.composing import MOST_WITH_PARTIALS, counted, tone_and_width
from ..drawing.expression import ATOM, Term, as_python
from ..drawing.graph import Graph, check_choice, check_count, check_roots
from ..drawing.picture import FAMILY, NOT_COMPUTED, THEMES
from ..drawing.selecting import values_below
from ..drawing.svg import svg_text
from ..engine import Value
from ..files import write_whole
from ..names import Names, label
from ..ops import Op, as_float
from ..programs.javascript import Unprintable, page_program
from ..text import clean

ROOM = 7  # characters at least for a number that can be dragged
ADVICE = "a page draws every value; write the page of a part, as the loss of one sample, draw the "
ADVICE += "modules with .graph(collapse=1), or set a larger limit"

MANY_EDGES = 500
LEAN = (  # what the style sheet says of most texts
    (' xml:space="preserve"', ""),
    (' fill="var(--quiet)"', ' class="q"'),
    (' fill="var(--ink)"', ""),
    (' fill="var(--bad)" font-weight="bold"', ' class="b"'),
    (' fill="var(--bad)"', ' class="b"'),
    (' rx="5"', ""),
    (' stroke-width="1"', ""),
    (' fill="var(--leaf)" stroke="var(--border)"', ""),
    (' fill="var(--op)" stroke="var(--border)"', ""),
)

# The scripts, in the order in which they stand in the page: each has an idea, and uses those above.
SCRIPTS = "graph elements paper formulas sentences looks folding camera drawing tape flow panels "
SCRIPTS += "tuning whatif search address keys print begin"


class Page:
    """A page, as text: it shows itself in a notebook, and can be saved."""

    def __init__(self, text: str, of: str) -> None:
        self.text, self._of = text, of

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whole or not at all; ValueError unless it is .html."""
        if not os.fspath(path).lower().endswith((".html", ".htm")):
            raise ValueError(
                f"cannot save a page as {os.fspath(path)!r}: its name must end in .html"
            )
        write_whole(path, self.text)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        look = 'sandbox="allow-scripts" style="width: 100%; height: 640px; border: 0"'
        frame = f'<iframe {look} srcdoc="{escape(self.text)}"></iframe>'
        return {"text/plain": repr(self), "text/html": frame}

    def __repr__(self) -> str:
        return f"<Page of {self._of}>"


def page(root: Value, path: str | os.PathLike[str] | None = None, **options: Any) -> Page:
    """Return the page of `html`, and write it to a file if there is a ``path``."""
    made = Page(html(root, **options), repr(root))
    if path is not None:
        made.save(path)
    return made


def html(
    root: Value,
    *,
    seed: float = 1.0,
    theme: str = "auto",
    direction: str = "LR",
    format: str = ".4g",
    limit: int = 1500,
    names: Mapping[str, object] | None = None,
    constants: bool = False,
) -> str:
    """Return a page that shows how ``root`` was computed and then its backward walk, edge by edge.

    seed        the gradient of ``root`` itself
    theme       "light", "dark", or "auto": what the reader's system is set to
    direction   "LR" from left to right, or "TB" from top to bottom
    format      of the numbers; the reader can ask for all digits
    limit       a graph of more values is refused with a ValueError
    names       of values without a label, as ``locals()``
    constants   whether they are values of their own; else each is told with the op that it entered
    """
    check_roots((root,))
    check_choice("theme", theme, ("auto", *THEMES))
    check_count("limit", limit, 1)
    order = values_below((root,), limit, ADVICE)
    called = Names(order, names, constants)
    shown = {x: called.short(x) for x in order if constants or not x.constant or x is root}
    view = "partials" if len(shown) <= MOST_WITH_PARTIALS else "gradients"
    drawn: dict[str, Any] = {"view": view, "direction": direction, "format": format}
    drawn |= {"keep": shown.__contains__, "constants": constants, "limit": limit}
    graph = Graph(root, **drawn)
    first = as_float(seed)
    steps = list(walk(root, first, names=called, constants=constants))
    return _written(_Recorded(first, steps, shown, called, graph), theme, format)


class _Recorded(NamedTuple):
    """What a page shows: a graph, the walk from its root, the values shown and their names."""

    seed: float
    steps: list[Step]
    shown: dict[Value, str]
    names: Names
    graph: Graph


def _written(recorded: _Recorded, theme: str, format: str) -> str:
    _show_walk(recorded)
    try:
        program, obstacle = page_program([*recorded.shown]), ""
    except Unprintable as error:
        program, obstacle = "const program = null;", str(error)
    style = _colours() + _asset("page.css")
    scripts = [_asset(f"js/{name}.js") for name in SCRIPTS.split()]
    script = "\n".join([_asset("js/numbers.js"), program, *scripts])
    scene = recorded.graph.scene
    return Template(_asset("page.html")).substitute(
        theme=theme,
        policy=_policy(script, style),
        title=escape(recorded.shown[recorded.graph.roots[0]]),
        summary=escape(scene.summary),
        style=style,
        drawing=_lean(svg_text(scene, apart=False), len(recorded.steps)),
        data=_json({**_about(recorded), "format": format, "obstacle": obstacle}),
        script=script,
    )


def _about(recorded: _Recorded) -> dict[str, Any]:
    """Return everything that the script is told."""
    seed, steps, shown, names, graph = recorded
    places = {value: i for i, value in enumerate(shown)}
    titles = graph.scene.titles
    group_of = {group: i for i, group in enumerate(titles)}
    told: list[dict[str, Any]] = []
    forms: dict[Any, Value] = {}  # each with a value that has it
    for value, box in zip(shown, graph.scene.boxes):
        about = _about_value(value, names)
        if box.group in group_of:
            about["group"] = group_of[box.group]
        if value.op is not None:
            form = value.op, *["" if x in places else repr(x.data) for x in value.operands]
            forms.setdefault(form, value)
            about["form"] = [*forms].index(form)
            about["of"] = [places.get(x, repr(x.data)) for x in value.operands]
            about["partials"] = [*map(_told, value.partials)]
        told.append(about)
    return {
        "nothing": NOT_COMPUTED,
        "direction": graph.scene.direction,
        "root": places[graph.roots[0]],
        "seed": _told(seed),
        "values": told,
        "forms": [_about_form(form[0], out, places) for form, out in forms.items()],
        "groups": [
            {"name": title, "parent": group_of.get(group[:-1], -1)}
            for group, title in titles.items()
        ],
        "walk": [places[out] for out in dict.fromkeys(step.out for step in steps)],
    }


def _about_value(value: Value, names: Names) -> dict[str, Any]:
    """Return what a value is called, its number, and where it was made."""
    about: dict[str, Any] = {"name": names.short(value), "data": _told(value.data)}
    if value.op is None and names.given(value):
        about["labelled"] = True
    if value.line:
        file, _, line = value.line.rpartition(":")
        about["line"] = clean(value.line, 200)
        about["source"] = clean(linecache.getline(file, int(line)).strip(), 200)
    return about


def _about_form(op: Op, out: Value, places: dict[Value, int]) -> dict[str, Any]:
    """Return how a textbook writes an op, with the constants that entered it, and its rules."""
    xs = out.operands
    names = op.operand_names(len(xs))
    terms: list[Term] = [
        (name if x in places else repr(x.data), ATOM) for name, x in zip(names, xs)
    ]
    about: dict[str, Any] = {"op": op.name, "names": names, "text": as_python(out, terms)[0]}
    about["rules"] = [op.formula(i, len(xs)) for i in range(len(xs))]
    if op.flat:
        about["flat"] = True
    if op.saturates:
        about["peak"] = op.partials_at((0.0,), op.value((0.0,)))[0]
    return about


def _told(x: float) -> float | str:
    """Return a number for JSON, which has none that is not finite."""
    return x if math.isfinite(x) else repr(x)


def _show_walk(recorded: _Recorded) -> None:
    """Let the drawing show the end of the walk, with room for every number on the way there.

    The script turns it back to the beginning; printed, or without the script, it shows the end.
    Colours are names, which the style sheet gives a meaning by day and by night.
    """
    seed, steps, shown, names, graph = recorded
    scene, number = graph.scene, graph.format
    scene.summary = f"Graph of {counted(len(shown), 'value')} and {counted(len(steps), 'edge')}"
    scene.theme = {name: f"var(--{name})" for name in scene.theme}
    grads = {value: [NOT_COMPUTED] for value in shown}
    grads[graph.roots[0]].append(number(seed))
    for step in steps:
        grads[step.x].append(number(step.after))
    for box, value in zip(scene.boxes, shown):
        widest = max(ROOM, *map(len, grads[value]))
        box.rows = [
            ("data", number(value.data).rjust(ROOM)),
            ("grad", grads[value][-1].rjust(widest)),
        ]
        shown_label = label(value, 200)
        if not shown_label:
            box.name = shown[value] if value.op or names.given(value) else ""
        elif not box.name:  # the output of a module, whose name is on the frame
            box.name = clean(scene.titles[box.group], 26)
        box.symbol = names.op(value) if value.op else ""
        box.bad = False  # which the script says of what is shown at the time
    most = max((abs(step.product) for step in steps if math.isfinite(step.product)), default=0.0)
    arrows = {arrow.key: arrow for arrow in scene.arrows}
    for step in steps:
        arrow = arrows[f"e{graph.names.key(step.out)}-{step.index}"]
        arrow.tone, arrow.width = tone_and_width(step.product, most)


def _lean(svg: str, edges: int) -> str:
    """Return the drawing without what the page's style sheet and scripts say: colours, tooltips.

    Text in it is escaped, so that no label looks like an element or an attribute. Of many edges,
    places are whole numbers, and none has a head: it could not be seen, but takes half the time.
    """
    many = edges > MANY_EDGES
    svg = re.sub(r"(<g [^>]*>)<title>[^<]*</title>", r"\1", svg)
    svg = re.sub(
        r'class="arrow"><path d="([^"]*)" fill="none" stroke="var\(--(\w+)\)"'
        r'( stroke-width="[\d.]+")[^/]*/><path d="([^"]*)" fill="[^"]*"/>',
        r'class="arrow \2"><path d="\1"\3/>' + ("" if many else r'<path d="\4"/>'),
        svg,
    )
    digits = r"(\d+)\.\d+" if many else r"(\d+\.\d)\d+"
    svg = re.sub("<(?:rect|text|path) [^>]*>", lambda tag: re.sub(digits, r"\1", tag[0]), svg)
    for long, short in LEAN:
        svg = svg.replace(long, short)
    return re.sub('(text-anchor="end">) +', r"\1", svg)  # which kept room for longer numbers


def _colours() -> str:
    """Return the style sheet's colours: by day, by night, and what the reader has chosen."""
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in THEMES[theme].items())
        for theme in ("light", "dark")
    )
    return (
        f":root{{color-scheme:light;{light}--mono:{FAMILY}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}\n"
        f':root[data-theme="light"]{{color-scheme:light;{light}}}\n'
        f':root[data-theme="dark"]{{color-scheme:dark;{dark}}}\n'
        f"@media print{{:root,:root[data-theme]{{color-scheme:light;{light}}}}}\n"
    )


def _asset(name: str) -> str:
    return files(__name__.rpartition(".")[0]).joinpath(name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Return a Content-Security-Policy that allows this script and this style, and nothing else."""
    digests = (hashlib.sha256(text.encode()).digest() for text in (script, style))
    of_script, of_style = (base64.b64encode(digest).decode() for digest in digests)
    return (
        f"default-src 'none'; script-src 'sha256-{of_script}'; style-src 'sha256-{of_style}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _json(data: object) -> str:
    """Return JSON that can't end the element it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for c in "<>&\u2028\u2029":
        text = text.replace(c, f"\\u{ord(c):04x}")
    return text
