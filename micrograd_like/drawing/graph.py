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

The short names: ``out`` is a value, ``x`` one of its operands, ``dx`` the partial between them;
``scene`` is the list of boxes and arrows that `picture` writes as DOT or SVG.
"""

from __future__ import annotations

import math
from pathlib import Path

from ..engine import Value
from ..names import Names, label
from ..ops import number
from ..text import cells, clean, printable, shorten
from .modules import boxes_of, groups_of, label_in, naturally, sizes_of
from .picture import (
    THEMES,
    Arrow,
    Box,
    Scene,
    digraph,
    dot_text,
    render,
    svg_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from .picture import Group

VIEWS = ("auto", "forward", "gradients", "partials")
LAYOUTS = ("auto", "graphviz", "builtin")
PLENTY = 50  # more boxes or twice as many arrows, and "auto" leaves the partials off the arrows
CROWD = 150  # more arrows than that are drawn thinner
FAR = 100_000  # a walk stops at so many values, or at the limit if that is more


class Graph:
    """The picture of how some values, the roots, were computed.

    view        "forward" shows data; "gradients" shows gradients too, those that are computed;
                "partials" also a number on every edge; "auto" is "partials" for small graphs,
                else "gradients"
    direction   "LR" from left to right, or "TB" from top to bottom
    format      of the numbers, as `format` takes it
    theme       "light" or "dark"
    between     a pair (xs, ys) of a Value or several: only what lies on a path from xs to ys
    levels      only what is at most so many edges from a root
    keep        a function of a Value: only the values for which it is true
    collapse    modules as one box each: those at a level of nesting (1 is whole networks, 2 their
                layers, 3 their neurons), or those with the given name or names, as "layers.0";
                what a module of your own computes around its neurons stays outside its box
    limit       the number of boxes from which on modules are collapsed to make them fewer, and a
                graph is refused with a ValueError if that is not enough
    highlight   values to be marked
    """

    def __init__(
        self,
        *roots: Value,
        view: str = "auto",
        direction: str = "LR",
        format: str = ".4g",
        theme: str = "light",
        between: tuple[Value | Iterable[Value], Value | Iterable[Value]] | None = None,
        levels: int | None = None,
        keep: Callable[[Value], object] | None = None,
        collapse: int | str | Iterable[str] | None = None,
        limit: int = 300,
        highlight: Iterable[Value] = (),
    ) -> None:
        check_roots(roots)
        check_choice("view", view, VIEWS)
        check_choice("direction", direction, ("LR", "TB"))
        check_choice("theme", theme, tuple(THEMES))
        check_count("limit", limit, 1)
        if levels is not None:
            check_count("levels", levels, 0)
        self.roots = roots
        self._number = _formatter(format)
        self._limit = limit
        walked, self._values, self._stubs = self._select(between, levels, keep)
        self.names = Names(self._values)
        self._groups, self._titles = groups_of(walked)
        self._sizes = sizes_of(self._groups)
        self.scene = self._draw(view, direction, theme, collapse, set(_values_of(highlight)))
        self._table = self._rows()

    # ------------------------------------------------------------------ what it is written as

    def dot(self) -> str:
        """Return the graph in Graphviz's DOT language; this needs nothing installed."""
        return dot_text(self.scene)

    def svg(self, layout: str = "auto") -> str:
        """Return the drawing as SVG.

        ``layout`` is "graphviz", "builtin", or "auto": Graphviz where its program and the package
        are installed and work, else the built-in one. Raises RuntimeError where it has to and does
        not.
        """
        check_choice("layout", layout, LAYOUTS)
        if layout != "builtin":
            try:
                return render(self.scene, "svg").decode()
            except RuntimeError:
                if layout == "graphviz":
                    raise
        return svg_text(self.scene)

    def save(self, path: str | os.PathLike[str], layout: str = "auto") -> None:
        """Write the drawing to a file of the kind that its suffix names: svg, dot, png or pdf.

        Raises ValueError for another suffix, and RuntimeError for png and pdf where Graphviz is
        missing; an existing file is replaced when the drawing is done.
        """
        from ..files import write_whole

        check_choice("layout", layout, LAYOUTS)
        suffix = Path(path).suffix.lower()
        if suffix in (".png", ".pdf") and layout == "builtin":
            raise ValueError(
                f"the built-in layout draws no {suffix}: save as .svg, or with Graphviz"
            )
        if suffix == ".svg":
            write_whole(path, self.svg(layout))
        elif suffix in (".dot", ".gv"):
            write_whole(path, self.dot())
        elif suffix == ".png":
            write_whole(path, render(self.scene, "png", dpi="168"))
        elif suffix == ".pdf":
            write_whole(path, render(self.scene, "pdf"))
        else:
            raise ValueError(
                f"cannot draw to {str(path)!r}: the name must end in .svg, .dot, .png or .pdf"
            )

    def digraph(self) -> Any:
        """Return a `graphviz.Digraph` of the drawing, to be restyled; needs that package."""
        return digraph(self.scene)

    def formula(self, latex: bool = False) -> str:
        """Return the recorded expression as Python or LaTeX, with a line for what is used more than
        once; a leaf without a label is its data as it is now. Raises ValueError where
        the whole graph below the roots is larger than the limit."""
        from .expression import expression

        order = values_below(self.roots, None, self._limit, self._too_long)
        return expression(self.roots, order, latex)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return printable(self._table)  # not every stream has a Σ

    def _rows(self) -> str:
        shown = self._values[-40:]
        rows = []
        for out in shown:
            operands = [self.names.key(x) for x in out.operands[:6] if x in self.names]
            more = " …" if len(out.operands) > 6 else ""
            rows.append(
                (
                    self.names.key(out),
                    clean(out.label, 24),
                    out.op.symbol if out.op else "leaf",
                    f"data {self._number(out.data)}",
                    f"grad {self._gradient(out)}" if is_computed(out) else "",
                    f"of {', '.join(operands)}{more}" if operands else "",
                )
            )
        widths = [max(map(cells, column), default=0) for column in zip(*rows)]
        lines = [self.scene.summary]
        if len(shown) < len(self._values):
            lines.append(f"  … {len(self._values) - len(shown)} values before these")
        for row in rows:
            padded = (text + " " * (width - cells(text)) for text, width in zip(row, widths))
            lines.append(f"  {'  '.join(padded)}".rstrip())
        return "\n".join(lines)

    # ------------------------------------------------------------------ what is shown

    def _select(
        self, between: Any, levels: int | None, keep: Any
    ) -> tuple[list[Value], list[Value], dict[Value, int]]:
        """Return the values that were looked at and those to show, operands first, and how many
        operands of each ``levels`` cuts off."""
        near = None if levels is None else _within(self.roots, levels)
        most = max(self._limit, FAR)
        walked = values_below(self.roots, near, most, self._too_far)
        values, stubs = walked, {}
        if near is not None:
            cut = ((out, sum(x not in near for x in out.operands)) for out in values)
            stubs = {out: count for out, count in cut if count}
        if between is not None:
            try:
                starts, ends = map(_values_of, between)
            except (TypeError, ValueError):
                raise TypeError(
                    f"between is {shorten(between)}: it must be a pair (xs, ys) of a Value or "
                    "several"
                ) from None
            on_path = _between(values, starts, ends)
            values = [value for value in values if value in on_path]
            if not values:
                raise ValueError("between: no path leads from those values to these in the graph")
        if keep is not None:
            values = [value for value in values if keep(value)]
            if not values:
                raise ValueError("keep is true for no value of the graph: there is nothing to draw")
        shown = set(values)
        return walked, values, {out: count for out, count in stubs.items() if out in shown}

    def _too_far(self, count: str) -> ValueError:
        return ValueError(
            f"the graph has {count}, more than are looked at with limit={self._limit}: draw what "
            "is near the root (levels=3), or set a larger limit"
        )

    def _too_long(self, count: str) -> ValueError:
        return ValueError(
            f"the graph has {count} (limit={self._limit}): a formula of them would not be read; "
            "take that of a part, part.graph().formula(), or a larger limit"
        )

    def _refusal(self, count: str) -> ValueError:
        return ValueError(
            f"the graph has {count}, more than limit={self._limit}: draw part of it (levels=3, "
            "between=(xs, ys) or keep=function)"
            + (", collapse its modules (collapse=1)" if self._titles else "")
            + ", or draw all of it with a larger limit"
        )

    def _draw(
        self,
        view: str,
        direction: str,
        theme: str,
        collapse: Any,
        lit: set[Value],
    ) -> Scene:
        groups, titles = self._groups, self._titles
        box_of = boxes_of(self._values, groups, collapse, self._limit)
        count = len(set(box_of.values()))
        if count > self._limit:
            raise self._refusal(f"{count:,} boxes")
        chosen = view
        if view == "auto":
            pairs = {
                (box_of[x], box_of[out]) for out in box_of for x in out.operands if x in box_of
            }
            view = "partials" if max(count, len(pairs) / 2) <= PLENTY else "gradients"
        edges = sum(x in self.names for out in self._values for x in out.operands)
        n = len(self._values)
        part = edges < sum(len(out.operands) for out in self._values) or any(
            root not in self.names for root in self.roots
        )
        scene = Scene(
            direction,
            theme,
            f"{'Part of a graph:' if part else 'Graph of'} {n} value{'s' * (n != 1)} and {edges} "
            f"edge{'s' * (edges != 1)}",
        )
        members: dict[str | Group, list[Value]] = {}
        for value in self._values:
            members.setdefault(box_of[value], []).append(value)
        spots = {box: i for i, box in enumerate(members)}
        rows = view != "forward" and (chosen != "auto" or any(map(is_computed, self._values)))
        for box, inside in members.items():
            if isinstance(box, str):
                group = groups.get(inside[0], ())
                made = self._value_box(inside[0], box, group, rows, inside[0] in lit)
            else:
                made = self._module_box(f"m{spots[box]}", titles[box], box, inside, rows)
                made.lit = any(value in lit for value in inside)
            scene.boxes.append(made)
        used = {box.group[: i + 1] for box in scene.boxes for i in range(len(box.group))}
        scene.titles = {group: titles[group] for group in sorted(used, key=naturally)}
        scene.arrows = self._arrows(scene, spots, box_of, view)
        cut: dict[int, int] = {}
        for out, count in self._stubs.items():
            cut[spots[box_of[out]]] = cut.get(spots[box_of[out]], 0) + count
        for head, count in cut.items():
            box_, tooltip = scene.boxes[head], f"{count} operand{'s' * (count != 1)} not shown"
            scene.boxes.append(Box(f"x{box_.key}", "more", "", "", [], tooltip, box_.group))
            scene.arrows.append(
                Arrow(f"e{box_.key}", len(scene.boxes) - 1, head, "", tooltip, "none", 1)
            )
        return scene

    def _value_box(self, value: Value, key: str, group: Group, grads: bool, lit: bool) -> Box:
        rows = [("data", self._number(value.data))]
        if grads:
            rows.append(("grad", self._gradient(value)))
        if len(rows) == 1 and not (value.label and value.op):
            rows = [("", rows[0][1])]
        label = label_in(value, group)
        about = [clean(value.label, 200)] if value.label else []
        about += [f"op {value.op.name}"] if value.op else ["leaf"]
        about += [f"data {value.data!r}"]
        about += [f"grad {grad_of(value)!r}"] if is_computed(value) else ["grad not computed"]
        about += [clean(value.line)] if value.line else []
        return Box(
            key,
            "op" if value.op else "leaf",
            label,
            value.op.symbol if value.op else "",
            rows,
            "\n".join(about),
            group,
            lit=lit,
            root=value in self.roots,
        )

    def _module_box(
        self, key: str, title: str, group: Group, inside: list[Value], grads: bool
    ) -> Box:
        parameters = [value for value in inside if value.op is None]
        leaves, operations = self._sizes[group]
        beyond = "+" * any(value in self._stubs for value in inside)  # what levels= cuts off

        def count(shown: int, all_: int) -> str:
            return f"{shown}{beyond}" if shown == all_ else f"{shown} of {all_}"

        rows = [
            ("parameters", count(len(parameters), leaves)),
            ("operations", count(len(inside) - len(parameters), operations)),
        ]
        if grads and any(map(is_computed, parameters)):
            norm = math.hypot(*map(grad_of, parameters))
            rows.append(("|grad|", self._number(norm)))
        path = clean(group[-1], 200)
        tooltip = "\n".join([path, *(f"{word} {text}" for word, text in rows)])
        return Box(
            key,
            "module",
            title,
            "",
            rows,
            tooltip,
            group[:-1],
            root=any(root in inside for root in self.roots),
        )

    def _arrows(
        self, scene: Scene, spots: dict[Any, int], box_of: dict[Value, Any], view: str
    ) -> list[Arrow]:
        """Return an arrow for every edge between values, one for all those between modules."""
        bundles: dict[tuple[int, int], list[tuple[str, str, float | None]]] = {}
        arrows: list[tuple[Arrow, float | None]] = []
        for out in self._values:
            head = spots[box_of[out]]
            names = _operand_names(out)
            for i, (x, dx) in enumerate(zip(out.operands, out.partials)):
                if x not in self.names:
                    continue
                tail = spots[box_of[x]]
                flow = grad_of(out) * dx if is_computed(out) else None
                about = self._edge_tooltip(out, i, x, dx, flow)
                words = [names[i]] if names[i] else []
                words += [self._number(dx)] if view == "partials" else []
                label = " ".join(words)
                if "module" in (scene.boxes[tail].kind, scene.boxes[head].kind):
                    if tail != head:
                        bundles.setdefault((tail, head), []).append((label, about, flow))
                    continue
                arrow = Arrow(f"e{self.names.key(out)}-{i}", tail, head, label, about, "none", 1.0)
                arrows.append((arrow, flow))
        for (tail, head), edges in bundles.items():
            arrows.append((_bundle(scene, tail, head, edges), _together([e[2] for e in edges])))
        if view == "forward":
            arrows = [(arrow, None) for arrow, _ in arrows]
        finite = [abs(flow) for _, flow in arrows if flow is not None and math.isfinite(flow)]
        most = max(finite, default=0.0)
        thin = 0.6 if len(arrows) > CROWD else 1.0
        for arrow, flow in arrows:
            tone, width = look_of(flow, most)
            arrow.tone = tone if arrow.tone != "mixed" or tone == "bad" else "mixed"
            arrow.width = round(width * thin, 2)
        return [arrow for arrow, _ in arrows]

    def _edge_tooltip(self, out: Value, i: int, x: Value, dx: float, flow: float | None) -> str:
        assert out.op is not None
        lines = [out.op.formula(i, len(out.operands), dx)]
        if flow is not None:
            lines.append(f"{grad_of(out)!r} × {dx!r} = {flow!r} flows back")
        lines.append(f"from {self._title(out)} to {self._title(x)}")
        return "\n".join(lines)

    def _title(self, value: Value) -> str:
        return label(value) or self.names.key(value)

    def _gradient(self, value: Value) -> str:
        return self._number(grad_of(value)) if is_computed(value) else "–"


# ---------------------------------------------------------------------------- walks


def values_below(
    roots: Sequence[Value],
    near: set[Value] | None = None,
    most: float = math.inf,
    refusal: Callable[[str], Exception] = ValueError,
) -> list[Value]:
    """Return the values below the roots, those in ``near`` only, in their topological order.

    In that order they are named v0, v1, …. If there are more than ``most``, raise the refusal.
    """
    nodes: list[Value] = []
    found: dict[Value, None] = {}
    for root in roots:
        if root in found:
            continue
        found[root] = None
        stack: list[tuple[Value, Iterator[Value]]] = [(root, iter(root.operands))]
        while stack:
            out, rest = stack[-1]
            for x in rest:
                if x not in found and (near is None or x in near):
                    found[x] = None
                    stack.append((x, iter(x.operands)))
                    break
            else:
                stack.pop()
                if out.op is not None:
                    nodes.append(out)
            if len(found) > most:
                raise refusal(f"more than {most:,} values")
    return [value for value in found if value.op is None] + nodes


def _within(roots: Sequence[Value], levels: int) -> set[Value]:
    """Return the values at most so many edges from a root."""
    near, edge = set(roots), list(dict.fromkeys(roots))
    for _ in range(levels):
        new = dict.fromkeys(x for out in edge for x in out.operands if x not in near)
        if not new:
            break
        near.update(new)
        edge = list(new)
    return near


def _between(values: list[Value], starts: list[Value], ends: list[Value]) -> set[Value]:
    """Return the values on a path from one of ``starts`` to one of ``ends``."""
    after, before = set(starts), set(ends)
    for out in values:
        if any(x in after for x in out.operands):
            after.add(out)
    for out in reversed(values):
        if out in before:
            before.update(out.operands)
    return after & before


# ---------------------------------------------------------------------------- small things


def _operand_names(out: Value) -> Sequence[str]:
    """Return what the op's formula calls each operand where their order matters, else ""."""
    op, n = out.op, len(out.operands)
    if op is None or n == 1 or (n == 2 and op.commutes):
        return [""] * n
    first = next((i for i, name in enumerate(op.names) if name.endswith("…")), n)
    return [*op.operand_names(n)[:first], *([""] * n)]


def _bundle(
    scene: Scene, tail: int, head: int, edges: list[tuple[str, str, float | None]]
) -> Arrow:
    """Return one arrow for all the edges between two boxes."""
    largest = sorted(edges, key=lambda edge: -abs(edge[2] or 0.0) if edge[2] == edge[2] else 0.0)
    about = "\n".join([text for _, text, _ in largest[:3]])
    label = edges[0][0]
    if len(edges) > 1:
        about = f"{len(edges)} edges; those through which most flows:\n{about}"
        label = f"×{len(edges)}"
    key = f"e{scene.boxes[tail].key}-{scene.boxes[head].key}"
    flows = [flow for *_, flow in edges if flow is not None]
    mixed = min(flows, default=0.0) < 0 < max(flows, default=0.0)
    return Arrow(key, tail, head, label, about, "mixed" if mixed else "none", 1.0)


def _together(flows: list[float | None]) -> float | None:
    """Return what stands for several flows: one that is not finite, or else the largest."""
    known = [flow for flow in flows if flow is not None]
    if not known or len(known) < len(flows):
        return None
    return next((flow for flow in known if not math.isfinite(flow)), max(known, key=abs))


def look_of(flow: float | None, most: float) -> tuple[str, float]:
    """Return how an arrow looks by what flows along it, and its width from 1 to 2.8 points."""
    if flow is None:
        return "none", 1.0
    if not math.isfinite(flow):
        return "bad", 2.5
    if flow == 0.0:
        return "zero", 1.0
    share = max(0.0, 1 + math.log10(abs(flow)) / 4 - math.log10(most) / 4)
    return "plus" if flow > 0 else "minus", round(1 + 1.8 * share, 2)


def is_computed(value: Value) -> bool:
    """Tell a gradient that was computed or set, 0.0 too, from the integer 0 of one that was not."""
    return type(value.grad) is not int or value.grad != 0


def grad_of(value: Value) -> float:
    """Return the gradient as a float; nan for what is no number."""
    try:
        return float(number(value.grad))
    except (TypeError, ValueError):
        return math.nan


def _values_of(values: Any) -> list[Value]:
    found = [values] if isinstance(values, Value) else list(values)
    for value in found:
        if not isinstance(value, Value):
            raise TypeError(f"{shorten(value)} is not a Value")
    return found


def check_roots(roots: tuple[Any, ...]) -> None:
    """Raise TypeError unless there is something to draw."""
    if not roots:
        raise TypeError("Graph needs a Value to draw: Graph(loss), or loss.graph()")
    for root in roots:
        if not isinstance(root, Value):
            raise TypeError(f"cannot draw {shorten(root)} of type {type(root).__name__}: no Value")


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


def _formatter(spec: str) -> Callable[[float], str]:
    try:
        format(1.0, spec)
    except (ValueError, TypeError):
        raise ValueError(f"format is {shorten(spec)}: it must be one for floats, as .4g") from None
    return lambda number: clean(format(number, spec), 40)
