"""The boxes and arrows that show a graph's values: a `picture.Scene` of what was selected.

The short names: ``out`` is a value, ``x`` one of its operands, ``dx`` the partial between them;
``flow`` is the partial times the gradient at its head, which flows back along the edge.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..engine import Value
from ..names import Names, with_number
from ..ops import number
from ..text import clean
from .collapsing import MORE, Key, boxes_of
from .layout.layering import Group
from .modules import groups_of, label_in, natural_key
from .picture import NOT_COMPUTED, THEMES, Arrow, Box, Scene
from .selecting import Selection

Edge = tuple[Value, int, float | None, str]  # into a value, its i-th operand; flow and label

MOST_WITH_PARTIALS = 50  # boxes, and twice as many arrows, on which "auto" writes partials
MOST_WIDE_ARROWS = 150  # more are drawn thinner
MOST_ARROWS = 200  # boxes, between more of which "auto" draws wires: no heads, words or tooltips


class Composer:
    """What the boxes and arrows of one drawing have in common."""

    def __init__(
        self,
        roots: tuple[Value, ...],
        selection: Selection,
        format: Callable[[float], str],
        names: Mapping[str, object] | None = None,
    ) -> None:
        self.roots = roots
        self.values, self.cut, self.folded = selection.shown, selection.cut, selection.folded
        self.whole = not self.cut and len(selection.found) == len(self.values)
        self.format = format
        self.names = Names(self.values, names)
        self.groups, self.titles = groups_of(selection.found)
        self.sizes = Counter(  # by module, and whether leaves or operations are counted
            (path[: i + 1], value.op is None)
            for value, path in self.groups.items()
            for i in range(len(path))
        )

    def compose(
        self, view: str, direction: str, theme: str, collapse: Any, limit: int, lit: set[Value]
    ) -> Scene:
        """Return the scene, of at most ``limit`` boxes if it is not 0; ``lit`` are to be marked."""
        shown = [value for value in self.values if value not in self.folded]
        box_of = boxes_of(shown, lit.union(self.roots), self.groups, collapse, limit)
        inside: dict[Key, list[Value]] = {}  # each box
        for value, key in box_of.items():
            inside.setdefault(key, []).append(value)
        grads = view != "forward" and (view != "auto" or any(map(is_computed, self.values)))
        if view == "auto":
            ends = {(box_of[x], box_of[y]) for y in box_of for x in y.operands if x in box_of}
            few = max(len(inside), len(ends) / 2) <= MOST_WITH_PARTIALS
            view = "partials" if few else "gradients" if len(inside) <= MOST_ARROWS else "wires"
        scene = Scene(direction, THEMES[theme], self._summary(len(inside), len(shown)))
        scene.wires = view == "wires"
        for i, (key, values) in enumerate(inside.items()):
            if isinstance(key, str):
                box = self._value_box(values[0], self.names.key(values[0]), grads)
            elif isinstance(key, int):
                box = self._heap_box(f"h{i}", key != MORE, values, grads)
            else:
                box = self._module_box(f"m{i}", key, values, grads)
            box.lit = not lit.isdisjoint(values)
            box.root = any(root in values for root in self.roots)
            box.bad = any(map(is_bad, values))
            scene.boxes.append(box)
        used = {box.group[: i + 1] for box in scene.boxes for i in range(len(box.group))}
        scene.titles = {group: self.titles[group] for group in sorted(used, key=natural_key)}
        spot_of = {value: i for i, values in enumerate(inside.values()) for value in values}
        scene.arrows = self._arrows(scene.boxes, spot_of, view)
        self._show_cuts(scene, spot_of)
        return scene

    def _summary(self, boxes: int, shown: int) -> str:
        edges = sum(x in self.names for out in self.values for x in out.operands)
        what = "Graph of" if self.whole else "Part of a graph:"
        text = f"{what} {counted(len(self.values), 'value')} and {counted(edges, 'edge')}"
        return text if boxes == shown else f"{text}, in {counted(boxes, 'box', 'boxes')}"

    def _value_box(self, value: Value, key: str, grads: bool) -> Box:
        rows = [("data", self.format(value.data))]
        if grads:
            rows.append(("grad", self.gradient(value)))
        elif not (self.names.given(value) and value.op):
            rows = [("", rows[0][1])]
        folded = [repr(x.data) for x in value.operands if x in self.folded]
        about = [
            clean(value.label, 200) or self.names.given(value),
            f"op {value.op.name}" if value.op else "leaf",
            f"constant {', '.join(folded[:8])}{' …' * (len(folded) > 8)}" if folded else "",
            f"data {value.data!r}",
            f"grad {grad_of(value)!r}" if is_computed(value) else "grad not computed",
            clean(value.line),
        ]
        group = self.groups.get(value, ())
        name = clean(label_in(value, group) if value.label else self.names.given(value), 26)
        symbol = written(value, self.folded, self.format)
        kind = "op" if value.op else "leaf"
        return Box(key, kind, name, symbol, rows, "\n".join(filter(None, about)), group)

    def _heap_box(self, key: str, alike: bool, values: list[Value], grads: bool) -> Box:
        """Return the box of many values, with the range of their numbers."""
        first, last, count = values[0], values[-1], f"{len(values):,}"
        name, symbol = f"{count} more values", ""
        if alike:
            symbols = {written(value, self.folded, self.format) for value in values}
            plain = textbook(first.op.symbol) if first.op else "leaf"
            name, symbol = plain if len(symbols) > 1 else symbols.pop() or plain, f"{count} alike"
            if first.label and not self.groups.get(first):
                name = f"{clean(first.label, 12)} … {clean(last.label, 12)}"
        rows = [("data", self._range([value.data for value in values]))]
        if grads and any(map(is_computed, values)):
            rows.append(("grad", self._range([grad_of(x) for x in values if is_computed(x)])))
        paths = [self.groups.get(value, ()) for value in values]
        common = sum(len(set(level)) == 1 for level in zip(*paths))
        return Box(key, "many", name, symbol, rows, f"{count} values", paths[0][:common])

    def _range(self, numbers: list[float]) -> str:
        low, high = self.format(min(numbers)), self.format(max(numbers))
        odd = [x for x in numbers if not math.isfinite(x)]
        return self.format(odd[0]) if odd else low if low == high else f"{low} … {high}"

    def _module_box(self, key: str, group: Group, values: list[Value], grads: bool) -> Box:
        parameters = [value for value in values if value.op is None]
        beyond = "+" * any(value in self.cut for value in values)

        def count(shown: int, all_: int) -> str:
            return f"{shown}{beyond}" if shown == all_ else f"{shown} of {all_}"

        rows = [
            ("parameters", count(len(parameters), self.sizes[group, True])),
            ("operations", count(len(values) - len(parameters), self.sizes[group, False])),
        ]
        if grads and any(map(is_computed, parameters)):
            rows.append(("|grad|", self.format(math.hypot(*map(grad_of, parameters)))))
        tooltip = "\n".join([clean(group[-1], 200), *(f"{word} {text}" for word, text in rows)])
        return Box(key, "module", clean(self.titles[group], 26), "", rows, tooltip, group[:-1])

    def _show_cuts(self, scene: Scene, spot_of: dict[Value, int]) -> None:
        """Add a box and an arrow for the operands that ``levels`` leaves out of each box."""
        cuts: Counter[int] = Counter()
        for out, count in self.cut.items():
            cuts[spot_of[out]] += count
        for head, count in cuts.items():
            box, tooltip = scene.boxes[head], f"{counted(count, 'operand')} not shown"
            scene.arrows.append(Arrow(f"e{box.key}", len(scene.boxes), head, "", tooltip))
            scene.boxes.append(Box(f"x{box.key}", "more", "", "", [], tooltip, box.group))

    def _arrows(self, boxes: list[Box], spot_of: dict[Value, int], view: str) -> list[Arrow]:
        """Return an arrow for every edge between values, one for all those between modules."""
        bundles: dict[tuple[int, int], list[Edge]] = {}
        arrows: list[tuple[Arrow, float | None]] = []
        wires = view == "wires"
        for out in spot_of:
            names = _operand_names(out, self.folded)
            for i, (x, dx) in enumerate(zip(out.operands, out.partials)):
                if x not in spot_of:
                    continue
                tail, head = spot_of[x], spot_of[out]
                flow = grad_of(out) * dx if is_computed(out) else None
                words = f"{names[i]} {self.format(dx) if view == 'partials' else ''}".strip()
                if not wires and boxes[tail].kind in ("leaf", "op") and boxes[head].kind == "op":
                    key, tooltip = f"e{self.names.key(out)}-{i}", self._edge_tooltip(out, i, flow)
                    arrows.append((Arrow(key, tail, head, words, tooltip), flow))
                elif tail != head:
                    bundles.setdefault((tail, head), []).append((out, i, flow, words))
        for (tail, head), edges in bundles.items():
            label, tooltip = ("", "") if wires else self._told(edges)
            tone, flow = together([flow for _, _, flow, _ in edges])
            label = "" if len(bundles) > MOST_WITH_PARTIALS else label
            key = f"e{boxes[tail].key}-{boxes[head].key}"
            arrows.append((Arrow(key, tail, head, label, tooltip, tone), flow))
        if view == "forward":
            arrows = [(arrow, None) for arrow, _ in arrows]
        finite = [abs(flow) for _, flow in arrows if flow is not None and math.isfinite(flow)]
        most = max(finite, default=0.0)
        thin = 0.6 if len(arrows) > MOST_WIDE_ARROWS else 1.0
        for arrow, flow in arrows:
            tone, width = tone_and_width(flow, most)
            arrow.tone = tone if arrow.tone != "mixed" or tone == "bad" else "mixed"
            arrow.width = round(width * thin, 2)
        return [arrow for arrow, _ in arrows]

    def _edge_tooltip(self, out: Value, i: int, flow: float | None) -> str:
        assert out.op is not None
        dx = out.partials[i]
        lines = [out.op.formula(i, len(out.operands), dx)]
        if flow is not None:
            lines.append(f"{grad_of(out)!r} × {dx!r} = {flow!r} flows back")
        x = out.operands[i]
        head, tail = (self.names.given(value) or self.names.key(value) for value in (out, x))
        return "\n".join([*lines, f"from {head} to {tail}"])

    def _told(self, edges: list[Edge]) -> tuple[str, str]:
        """Return the label and the tooltip of one arrow for all the edges between two boxes."""
        if len(edges) == 1:
            return edges[0][3], self._edge_tooltip(*edges[0][:3])
        largest = sorted(edges, key=lambda e: -abs(e[2] or 0.0) if e[2] == e[2] else 0.0)[:3]
        about = "\n".join([self._edge_tooltip(*edge[:3]) for edge in largest])
        return f"×{len(edges)}", f"{len(edges)} edges; those through which most flows:\n{about}"

    def gradient(self, value: Value) -> str:
        """Return the gradient as it is shown."""
        return self.format(grad_of(value)) if is_computed(value) else NOT_COMPUTED


def counted(n: int, word: str, plural: str = "") -> str:
    """Return a number of things in words."""
    return f"{n} {word if n == 1 else plural or word + 's'}"


def _operand_names(out: Value, folded: set[Value]) -> Sequence[str]:
    """Return what the op's formula calls each operand where their order matters, else ""."""
    op, n = out.op, len(out.operands)
    seen = sum(x not in folded for x in out.operands)
    if op is None or (n == 2 and op.commutes) or seen == 1:
        return [""] * n
    first = next((i for i, name in enumerate(op.names) if name.endswith("…")), n)
    return [*op.operand_names(n)[:first], *([""] * n)]


def textbook(symbol: str) -> str:
    """Return an op's symbol as a textbook prints it."""
    return {"-": "−", "*": "×"}.get(symbol, symbol)


def written(out: Value, folded: Iterable[Value], format: Callable[[float], str]) -> str:
    """Return the symbol of what made a value, with the constants that entered: ``**2``, ``− 0.01``.

    Of a weighted sum, that is the bias; its other constants are the partials on its edges.
    """
    if out.op is None:
        return ""
    symbol, xs, op = textbook(out.op.symbol), out.operands, out.op
    numbers = [format(x.data) if x in folded else "" for x in xs]
    if op.names[-1] == "b" and len(op.names) == 3:
        numbers = ["", *numbers[len(xs) // 2 * 2 :]]
    if not any(numbers):
        return symbol
    if op.binds and op.arity == 2:
        return with_number(op, numbers, symbol)
    if not op.many:
        return f"{symbol}({', '.join(text or '·' for text in numbers)})"
    constants = list(filter(None, numbers))
    told = constants if len(constants) < 3 else [f"{len(constants)} numbers"]
    sums = op.name in ("fsum", "weighted_sum")
    return f"{symbol} + {' + '.join(told)}" if sums else f"{symbol}(…, {', '.join(told)})"


def together(flows: list[float | None]) -> tuple[str, float | None]:
    """Return the tone of one arrow for several edges, and the flow that stands for all of them.

    That is one that is not finite, or else the largest.
    """
    known = [flow for flow in flows if flow is not None]
    tone = "mixed" if min(known, default=0.0) < 0 < max(known, default=0.0) else "none"
    if len(known) < len(flows):
        return tone, None
    return tone, next((flow for flow in known if not math.isfinite(flow)), max(known, key=abs))


def tone_and_width(flow: float | None, most: float) -> tuple[str, float]:
    """Return the tone of an arrow by what flows along it, and its width from 1 to 2.8 points."""
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


def is_bad(value: Value) -> bool:
    """Tell whether the data, or the gradient if it was computed, is not finite."""
    return not (math.isfinite(value.data) and math.isfinite(grad_of(value)))


def grad_of(value: Value) -> float:
    """Return the gradient as a float; nan for what is no number."""
    try:
        return float(number(value.grad))
    except (TypeError, ValueError):
        return math.nan
