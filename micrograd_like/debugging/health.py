"""Say how each layer of a network is doing: its weights, its gradients, its dead units.

What you can do with it::

    >>> from micrograd_like import nn
    >>> model = nn.MLP(2, [4, 1], rng=1)
    >>> loss = (model([1.0, -2.0]) - 1) ** 2
    >>> print(gradient_report(model, loss, lr=0.05))
    layer     parameters  |weights|  |gradient|  update/weights  zero gradients  dead units
    layers.0          12        1.4          13        4.63e-01            50 %      2 of 4
    layers.1           5       1.42        8.34        2.93e-01            40 %           -
    all               17          2        15.4        3.87e-01            47 %      2 of 4
    <BLANKLINE>
    update/weights is 0.05 × |gradient| / |weights|; about 1e-3 is usual.
    A unit is dead if it is a relu that is off for every example in the loss.

and `GradientReport.svg` draws it. A layer is the innermost module around a parameter that is not a
single neuron: ``layers.0`` of an `MLP`, or a module of your own.

The graph does not say which of its values belong to which layer; they are found from the
parameters. A product with a parameter is part of a unit's weighted sum, and so are sums of such
products and parameters. A relu, sigmoid or tanh of the weighted sum is the unit's activation. The
first parameter in the sum stands for the ``unit``, which has a value for each example.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..drawing.charts import BLUE, GREY, PALE, document, dot, label, log_ticks, px, rect, ring, text
from ..engine import Value, topological_order
from ..functional import gradients
from ..names import WIDTH
from ..nn import Module, Neuron
from ..ops import as_float, number
from ..text import cells, clean, padded, shorten
from .findings import PRODUCTS, SATURATED, largest_partial

SUMS = ("add", "fsum", "sub")
USUAL = 1e-3  # update / weights in a step: a rule of thumb

LIGHT_BLUE, LIGHT_ORANGE, LIGHT_GREEN, TRACK = "#a6cbe3", "#f3bf9c", "#e3f2ec", "#f1f1f1"
ROW, TOP = 32, 128  # pixels

Bars = list[tuple[float | None, str]]  # for each row the share that is full, and the words on it


class LayerReport(NamedTuple):
    """The numbers of one layer.

    ``relu_units`` are its units with a relu; ``dead_units`` of them are off for every example.
    ``sigmoid_values`` are its sigmoids and tanhs, one for each example; ``saturated_values`` of
    them let next to no gradient through.
    """

    name: str
    parameters: int
    weight_norm: float
    gradient_norm: float
    update_ratio: float
    zero_share: float
    relu_units: int
    dead_units: int
    sigmoid_values: int
    saturated_values: int

    @property
    def dead_share(self) -> float | None:
        """The share of dead units among those with a relu; None if there are none."""
        return self.dead_units / self.relu_units if self.relu_units else None

    @property
    def saturated_share(self) -> float | None:
        """The share of saturated values among sigmoids and tanhs; None if there are none."""
        return self.saturated_values / self.sigmoid_values if self.sigmoid_values else None


class GradientReport:
    """How each layer is doing: ``print`` it, or draw it with `svg`.

    ``layers`` has a `LayerReport` for each, and ``total`` is that of the whole model.
    """

    __slots__ = ("layers", "lr", "model", "total")

    def __init__(
        self, model: str, lr: float, layers: Sequence[LayerReport], total: LayerReport
    ) -> None:
        self.model, self.lr, self.layers, self.total = model, lr, tuple(layers), total

    def __repr__(self) -> str:
        return f"<GradientReport of {self.model}: {len(self.layers)} layers>"

    def __str__(self) -> str:
        rows = [*self.layers, self.total]
        shown: list[tuple[str, Callable[[LayerReport], str]]] = [
            ("layer", lambda row: clean(row.name, WIDTH)),
            ("parameters", lambda row: f"{row.parameters:,}"),
            ("|weights|", lambda row: f"{row.weight_norm:.3g}"),
            ("|gradient|", lambda row: f"{row.gradient_norm:.3g}"),
            ("update/weights", lambda row: f"{row.update_ratio:.2e}"),
            ("zero gradients", lambda row: f"{row.zero_share:.0%}".replace("%", " %")),
        ]
        notes = [f"update/weights is {self.lr:g} × |gradient| / |weights|; about 1e-3 is usual."]
        if self.total.relu_units:
            shown.append(("dead units", lambda row: _of(row.dead_units, row.relu_units)))
            notes += ["A unit is dead if it is a relu that is off for every example in the loss."]
        if self.total.sigmoid_values:
            shown.append(("saturated", lambda row: _of(row.saturated_values, row.sigmoid_values)))
            notes += [
                "A sigmoid or tanh of an example is saturated if its partial is less than "
                f"{SATURATED:g} of the largest."
            ]
        table = [[name, *map(say, rows)] for name, say in shown]
        widths = [max(map(cells, column)) for column in table]
        lines = []
        for name, *numbers in zip(*table):
            right = [cell.rjust(width) for cell, width in zip(numbers, widths[1:])]
            lines.append("  ".join([padded(name, widths[0]), *right]).rstrip())
        return "\n".join([*lines, "", *notes])

    def svg(self) -> str:
        """Return the report as a picture: a self-contained SVG document."""
        return _picture(self)


def gradient_report(model: Module, loss: Value | None = None, lr: float = 0.01) -> GradientReport:
    """Return how each layer of ``model`` is doing.

    The gradients are those of ``loss``, and no ``grad`` is read or changed; without a loss, they
    are every parameter's ``grad``. Dead and saturated units need a loss: they are counted over all
    examples that it is made of. ``lr`` is the learning rate of the update.
    """
    if not isinstance(model, Module):
        raise TypeError(f"the model is {shorten(model)}: it must be a Module")
    if loss is not None and not isinstance(loss, Value):
        raise TypeError(f"the loss is {shorten(loss)}: it must be a Value, or None")
    lr = as_float(lr)
    layer_of = _layers(model)
    parameters = list(layer_of)
    found = [p.grad for p in parameters] if loss is None else gradients(loss, parameters)
    grads = dict(zip(parameters, map(number, found)))
    values = [] if loss is None else [*_activations(topological_order(loss), layer_of)]

    def report(name: str, belongs: Callable[[str], bool]) -> LayerReport:
        ours = [p for p in parameters if belongs(layer_of[p])]
        weights, slopes = _norm(p.data for p in ours), _norm(grads[p] for p in ours)
        zeros = sum(grads[p] == 0 for p in ours)
        units: dict[Value, bool] = {}  # whether a relu lets anything through
        passed = []
        for unit, op, share in values:
            if belongs(layer_of[unit]):
                if op == "relu":
                    units[unit] = units.get(unit, False) or share != 0
                else:
                    passed.append(share)
        return LayerReport(
            *(name, len(ours), weights, slopes),
            0.0 if not slopes else lr * slopes / weights if weights else math.inf,
            zeros / len(ours) if ours else 0.0,
            *(len(units), sum(not alive for alive in units.values())),
            *(len(passed), sum(share < SATURATED for share in passed)),
        )

    names = dict.fromkeys(layer_of.values())
    layers = [report(name or type(model).__name__, name.__eq__) for name in names]
    return GradientReport(repr(model), lr, layers, report("all", lambda name: True))


def _layers(model: Module) -> dict[Value, str]:
    """Return for each parameter the path of its layer."""
    modules = model.named_modules()
    paths = {""} | {path for path, module in modules if not isinstance(module, Neuron)}
    found = {}
    for name, p in model.named_parameters():
        while name not in paths:
            name = name.rpartition(".")[0]
        found[p] = name
    return found


def _activations(
    order: Iterable[Value], layer_of: dict[Value, str]
) -> Iterator[tuple[Value, str, float]]:
    """Yield the unit, the op and the partial, as a share of the largest, of every activation."""
    unit_of = {p: p for p in layer_of}
    for out in order:
        op, xs = out.op.name if out.op else "", out.operands
        units = [unit_of[x] for x in xs if x in unit_of]
        if op in PRODUCTS and not layer_of.keys().isdisjoint(xs):
            unit_of[out] = next(x for x in xs if x in layer_of)
        elif op in SUMS and len(units) == len(xs) and len({layer_of[u] for u in units}) == 1:
            unit_of[out] = units[0]
        elif units and xs[0] not in layer_of and (largest := largest_partial(out) or op == "relu"):
            yield units[0], op, out.partials[0] / largest


def _norm(xs: Iterable[float]) -> float:
    """Return the Euclidean norm; nan if a number is nan, where math.hypot may return inf."""
    xs = list(xs)
    return math.nan if any(map(math.isnan, xs)) else math.hypot(*xs)


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else "-"


# ---------------------------------------------------------------------------- the picture


def _picture(report: GradientReport) -> str:
    """Draw a row for each layer: norms and updates on log axes, shares as bars."""
    left, parts = 24.0, []
    for column in (_names, _norms, _updates, _shares):
        drawn, left = column(report, left)
        parts += drawn
    subtitle = f"{report.model}, learning rate {report.lr:g}"
    return document(left, _bottom(report) + 48, "Gradients by layer", subtitle, parts)


def _names(report: GradientReport, left: float) -> tuple[list[str], float]:
    """Draw the column of names from ``left`` on; return it and where the next one begins."""
    names = [clean(row.name, WIDTH) for row in report.layers]
    parts = [text(left, TOP - 16, "layer", GREY)]
    parts += [text(left, _middle(n) + 4, name) for n, name in enumerate(names)]
    return parts, left + 30 + 7.2 * max(map(cells, names), default=0)


def _norms(report: GradientReport, left: float) -> tuple[list[str], float]:
    """Draw the norms: a ring for the weights, a dot for the gradient, a line between them."""
    norms = [(row.weight_norm, row.gradient_norm) for row in report.layers]
    axis = Axis(left, 250, [x for both in zip(*norms) for x in both])
    parts = axis.frame(_bottom(report), "norm of weights and gradient")
    parts += [_ring(left + 6, TOP - 40), text(left + 17, TOP - 36, "weights", GREY)]
    parts += [_dot(left + 86, TOP - 40), text(left + 95, TOP - 36, "gradient", GREY)]
    for n, (weight, slope) in enumerate(norms):
        if axis.has(weight) and axis.has(slope):
            span = f"M{px(axis.at(weight))} {px(_middle(n))}H{px(axis.at(slope))}"
            parts.append(f'<path d="{span}" stroke="{PALE}" stroke-width="2"/>')
        parts += [axis.mark(weight, n, _ring), axis.mark(slope, n, _dot)]
    return parts, left + 250 + 60


def _updates(report: GradientReport, left: float) -> tuple[list[str], float]:
    """Draw the sizes of the updates, over a band for those that are usual."""
    updates, usual = [row.update_ratio for row in report.layers], (USUAL / 3, USUAL * 3)
    axis = Axis(left, 220, [*updates, *usual])
    low, high = map(axis.at, usual)
    parts = [rect(low, TOP, high - low, ROW * len(updates), LIGHT_GREEN)]
    parts += axis.frame(_bottom(report), "update / weights in a step")
    parts += [rect(left, TOP - 46, 14, 12, LIGHT_GREEN), text(left + 21, TOP - 36, "usual", GREY)]
    parts += [axis.mark(update, n, _dot) for n, update in enumerate(updates)]
    return parts, left + 220 + 50


def _shares(report: GradientReport, left: float) -> tuple[list[str], float]:
    """Draw a bar for each share of zero gradients, dead units and saturated values."""
    rows, total, parts = report.layers, report.total, []
    zeros: Bars = [(row.zero_share, f"{100 * row.zero_share:.0f} %") for row in rows]
    dead: Bars = [(row.dead_share, _of(row.dead_units, row.relu_units)) for row in rows]
    full: Bars = [
        (row.saturated_share, _of(row.saturated_values, row.sigmoid_values)) for row in rows
    ]
    for title, colour, bars, any_ in (
        ("zero gradients", LIGHT_BLUE, zeros, True),
        ("dead units", LIGHT_ORANGE, dead, total.relu_units),
        ("saturated", LIGHT_ORANGE, full, total.sigmoid_values),
    ):
        if any_:
            parts.append(text(left, TOP - 16, title, GREY))
            for n, (share, words) in enumerate(bars):
                if share is not None:
                    parts.append(rect(left, _middle(n) - 10, 120, 20, TRACK))
                    parts.append(rect(left, _middle(n) - 10, 120 * share, 20, colour))
                    parts.append(text(left + 8, _middle(n) + 4, words))
            left += 120 + 30
    return parts, left


class Axis:
    """A log axis over whole powers of ten, between ``left`` and ``right`` in pixels.

    If a number is 0 or nan, there is a place for it before the axis begins.
    """

    def __init__(self, left: float, width: float, numbers: Iterable[float]) -> None:
        numbers = list(numbers)
        logs = [math.log10(x) for x in numbers if self.has(x)] or [0.0]
        self.edge, self.left, self.right = left, left, left + width
        if any(not x > 0 for x in numbers):
            self.left += 40
        self.low = math.floor(min(logs))
        self.high = max(math.ceil(max(logs)), self.low + 1)

    @staticmethod
    def has(x: float) -> bool:
        """Return whether a number has a place on a log axis."""
        return 0 < x < math.inf

    def at(self, x: float) -> float:
        """Return the place of a number, or of 0, in pixels."""
        if not x:
            return self.edge + 8
        share = (math.log10(x) - self.low) / (self.high - self.low)
        return self.left + (self.right - self.left) * share

    def mark(self, x: float, row: int, shape: Callable[[float, float], str]) -> str:
        """Return a number's mark in a row: for inf and nan the words."""
        if math.isnan(x):
            return text(self.edge, _middle(row) + 4, "nan", GREY)
        if math.isinf(x):
            return text(self.right, _middle(row) + 4, "inf", GREY, anchor="end")
        return shape(self.at(x), _middle(row))

    def frame(self, bottom: float, title: str) -> list[str]:
        """Return the axis's title, its lines and their numbers."""
        parts = [text(self.edge, TOP - 16, title, GREY)]
        ticks = [(label(x), self.at(x)) for x in log_ticks(self.low, self.high)]
        ticks = ticks[:: 1 + (len(ticks) > 6)]  # for which there is room
        if self.left > self.edge:
            ticks.append(("0", self.at(0)))
        for words, x in ticks:
            parts.append(f'<path d="M{px(x)} {TOP}V{px(bottom)}" stroke="{PALE}"/>')
            parts.append(text(x, bottom + 18, words, GREY, anchor="middle"))
        return parts


def _middle(row: int) -> float:
    return TOP + ROW * (row + 0.5)


def _bottom(report: GradientReport) -> float:
    return TOP + ROW * len(report.layers)


def _dot(x: float, y: float) -> str:
    return dot(x, y, BLUE, 4.5)


def _ring(x: float, y: float) -> str:
    return ring(x, y, GREY, 6)  # around a dot in the same place
