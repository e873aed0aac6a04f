"""A page to step through the forward and the backward pass of a graph, in one file of HTML.

What you can do with it::

    >>> from micrograd_like import Value, tanh
    >>> x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    >>> tanh(x * w).page("backprop.html")           # doctest: +SKIP

Then open the file in a browser. It needs nothing else, and no network: all is inside, and its
Content-Security-Policy allows nothing more. The graph does not change.

Beside this module stand ``page.html``, the frame, ``page.css`` and ``page.js``. Everything is
computed here, in Python, and reaches the script as text, so the page shows the digits that Python
prints. The short names are those of `debugging.steps`.
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
from typing import Any

from ..debugging.steps import Step, walk
from ..drawing.composing import MOST_WITH_PARTIALS, tone_and_width
from ..drawing.expression import ATOM, Term, as_python
from ..drawing.graph import Graph, check_choice, check_count, check_roots
from ..drawing.picture import FAMILY, NOT_COMPUTED, THEMES
from ..drawing.selecting import values_below
from ..drawing.svg import svg_text
from ..engine import Value
from ..files import write_whole
from ..names import Names, label
from ..ops import SIGN, as_float
from ..text import clean

Shown = dict[Value, str]  # the values of a page, and their names
MOST_OPERANDS = 8  # or pairs of them, that a formula shows
BRACKETED = 0.0  # binds less tightly than any operator
ADVICE = "a page draws every value; write the page of a part, as the loss of one sample, draw the "
ADVICE += "modules with .graph(collapse=1), or set a larger limit"


class Page:
    """A page that was written to ``path``; a notebook shows it."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text

    def __repr__(self) -> str:
        return f"<Page {self.path}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        look = 'style="width: 100%; height: 640px; border: 0"'
        frame = f'<iframe {look} srcdoc="{escape(self.text)}"></iframe>'
        return {"text/plain": repr(self), "text/html": frame}


def write(root: Value, path: str | os.PathLike[str], **options: Any) -> Page:
    """Write the page of `html` to a file, whole or not at all, and return it."""
    page = Page(os.fspath(path), html(root, **options))
    write_whole(path, page.text)
    return page


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
    format      of the numbers in the drawing; all others have every digit
    limit       a graph of more values is refused with a ValueError
    names       of values without a label, as ``locals()``
    constants   whether they are values of their own; else each is told with the op that it entered
    """
    check_roots((root,))
    check_choice("theme", theme, ("auto", *THEMES))
    check_count("limit", limit, 1)
    order = values_below((root,), limit, ADVICE)
    called = Names(order, names, constants)
    shown = {value: called.short(value) for value in order if constants or not value.constant}
    view = "partials" if len(shown) <= MOST_WITH_PARTIALS else "gradients"
    options: dict[str, Any] = {"view": view, "direction": direction, "format": format}
    options |= {"keep": shown.__contains__, "constants": constants}
    graph = Graph(root, limit=limit, **options)
    first = as_float(seed)
    steps = list(walk(root, first, names=called, constants=constants))
    _show_walk(first, steps, shown, called, graph)
    style, script = _colours() + _asset("page.css"), _asset("page.js")
    return Template(_asset("page.html")).substitute(
        theme=theme,
        policy=_policy(script, style),
        title=escape(shown[root]),
        summary=escape(graph.scene.summary),
        style=style,
        drawing=svg_text(graph.scene, apart=False),
        data=_json(_about(first, steps, shown, called, graph)),
        script=script,
    )


def _about(seed: float, steps: list[Step], shown: Shown, names: Names, graph: Graph) -> Any:
    """Return everything that the script is told."""
    places = {value: i for i, value in enumerate(shown)}
    return {
        "nothing": NOT_COMPUTED,
        "root": places[graph.roots[0]],
        "seed": repr(seed),
        "seedShown": graph.format(seed),
        "values": [_about_value(value, names, places) for value in shown],
        "steps": [_about_step(step, places, graph.format(step.after)) for step in steps],
    }


def _about_value(out: Value, names: Names, places: dict[Value, int]) -> dict[str, Any]:
    """Return how a value was made, in names and in numbers, and where."""
    about: dict[str, Any] = {"name": names.short(out), "data": repr(out.data)}
    if out.line:
        file, _, line = out.line.rpartition(":")
        about["line"] = clean(out.line, 200)
        about["source"] = clean(linecache.getline(file, int(line)).strip(), 200)
    if out.op is None:
        return about
    about["op"] = out.op.name
    about["operands"] = [places[x] for x in out.operands if x in places]
    about["made"] = [
        _formula(out, [_term(names.short(x), x) for x in out.operands]),
        _formula(out, [_term(repr(x.data), x) for x in out.operands]),
    ]
    return about


def _about_step(step: Step, places: dict[Value, int], shown: str) -> dict[str, Any]:
    """Return the numbers of a step, its rule, and ``where``: what its words stand for, each with
    the place of the value and its number; a constant has no place."""
    out = step.out
    assert out.op is not None
    quotient, _, rule = step.formula.partition(" = ")
    words = re.findall(r"[^\W\d]\w*", rule.replace("²", " "))
    values = {**dict(zip(out.op.operand_names(len(out.operands)), out.operands)), "out": out}
    where = [(word, places.get(x), repr(x.data)) for word, x in values.items() if word in words]
    remark = ""
    if math.isnan(out.data):
        rule, remark = "", f"not by the rule, {rule}: what is nan has no derivative"
    elif re.fullmatch(r"−?[\d.]+", rule) and float(rule.replace("−", "-")) == step.partial:
        rule = ""
    numbers = ("partial", "upstream", "product", "before", "after")
    return {
        "out": places[out],
        "x": places[step.x],
        "index": step.index,
        "quotient": quotient,
        "rule": rule,
        "remark": remark,
        "where": where,
        **{name: repr(getattr(step, name)) for name in numbers},
        "shown": shown,
        "waiting": step.waiting,
    }


def _term(name: str, x: Value) -> Term:
    """Return a value's term in a formula: in brackets, unless it is a number or a name."""
    if name == repr(x.data):
        return name, SIGN if name.startswith("-") else ATOM
    return name, ATOM if re.fullmatch(r"[^\W\d][\w.]*", name) else BRACKETED


def _formula(out: Value, xs: list[Term]) -> str:
    """Return the formula, with the first few of many operands and how many more there are."""
    assert out.op is not None
    half = len(xs) // 2
    if out.op.name == "weighted_sum" and half > MOST_OPERANDS:
        few = [*xs[:MOST_OPERANDS], *xs[half : half + MOST_OPERANDS], *xs[2 * half :]]
        return f"{as_python(out, few)[0]} + … and {half - MOST_OPERANDS} more"
    few = []
    for terms in [xs[:half], xs[half:]] if out.op.name == "sumprod" else [xs]:
        more = len(terms) - MOST_OPERANDS
        few += terms if more <= 0 else [*terms[:MOST_OPERANDS], (f"… and {more} more", ATOM)]
    return as_python(out, few)[0]


def _show_walk(seed: float, steps: list[Step], shown: Shown, names: Names, graph: Graph) -> None:
    """Let the drawing show the end of the walk, with room for every number on the way there.

    The script turns it back to the beginning; printed, or without the script, it shows the end.
    Colours are names, which the style sheet gives a meaning by day and by night.
    """
    scene, number = graph.scene, graph.format
    scene.theme = {name: f"var(--{name})" for name in scene.theme}
    grads = {value: [NOT_COMPUTED] for value in shown}
    grads[graph.roots[0]].append(number(seed))
    for step in steps:
        grads[step.x].append(number(step.after))
    for box, value in zip(scene.boxes, shown):
        widest = max(map(len, grads[value]))
        box.rows = [("data", number(value.data)), ("grad", grads[value][-1].rjust(widest))]
        shown_label = label(value, 200)
        if not shown_label:
            box.name = shown[value] if value.op or names.given(value) else ""
        elif not box.name:  # the output of a module, whose name is on the frame
            box.name = clean(scene.titles[box.group], 26)
        box.symbol = names.op(value) if value.op else ""
        made_by = f"{value.op.name} = {value.data!r}" if value.op else f"leaf {value.data!r}"
        box.tooltip = f"{shown_label or shown[value]}\n{made_by}"
    most = max((abs(step.product) for step in steps if math.isfinite(step.product)), default=0.0)
    arrows = {arrow.key: arrow for arrow in scene.arrows}
    for step in steps:
        arrow = arrows[f"e{graph.names.key(step.out)}-{step.index}"]
        arrow.tone, arrow.width = tone_and_width(step.product, most)
        arrow.tooltip = f"step {step.number}: from {shown[step.out]} to {shown[step.x]}"


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
