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

The graph is not told which of its values belong to which layer; they are found from the parameters.
What a parameter is multiplied into, and sums of such products and of parameters, are a unit's
weighted sum, fused or not, and a relu, sigmoid or tanh of that is its activation. The first
parameter in the weighted sum stands for the ``unit``, which has a value for each example.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..drawing.charts import BLUE, GREY, PALE, document, dot, label, log_ticks, px, rect, ring, text
from ..engine import Value, topological_order
from ..functional import gradients
from ..names import WIDTH
from ..nn import Module, Neuron, _find
from ..ops import as_float, number
from ..text import cells, clean, shorten
from .explain import SATURATED, largest_partial

PRODUCTS = ("mul", "sumprod", "weighted_sum")
SUMS = ("add", "fsum", "sub")
USUAL_UPDATE = 1e-3  # of the weights in a step: a rule of thumb

LIGHT_BLUE, LIGHT_ORANGE, LIGHT_GREEN, TRACK = "#a6cbe3", "#f3bf9c", "#e3f2ec", "#f1f1f1"
ROW, TOP = 32, 128  # pixels

Bars = list[tuple[float | None, str]]  # what share of a bar is full, and the words on it


class LayerReport(NamedTuple):
    """The numbers of one layer.

    Of its ``relu_units``, ``dead_units`` are off for every example. Of its ``sigmoid_values``, one
    for each example and tanhs too, ``saturated_values`` have next to no partial.
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
        notes = [
            f"update/weights is {self.lr:g} × |gradient| / |weights|; about 1e-3 is usual.",
        ]
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
        for row_of_cells in zip(*table):
            first, *others = [
                (cell, " " * (width - cells(cell))) for cell, width in zip(row_of_cells, widths)
            ]
            lines.append("  ".join(["".join(first), *(space + cell for cell, space in others)]))
        return "\n".join([*(line.rstrip() for line in lines), "", *notes])

    def svg(self) -> str:
        """Return the report as a picture: a self-contained SVG document."""
        return _picture(self)


def gradient_report(model: Module, loss: Value | None = None, lr: float = 0.01) -> GradientReport:
    """Return how each layer of ``model`` is doing.

    The gradients are those of ``loss``, with no ``grad`` read or changed, or without one the
    ``grad`` of every parameter as it stands. Only a loss tells of dead and saturated units; they
    are counted over all examples that it is made of. ``lr`` is the learning rate of the update.
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
    paths = {""} | {path for path, module in _find(model)[1] if not isinstance(module, Neuron)}
    found = {}
    for name, p in model.named_parameters():
        while name not in paths:
            name = name.rpartition(".")[0]
        found[p] = name
    return found


def _activations(
    order: Iterable[Value], layer_of: dict[Value, str]
) -> Iterator[tuple[Value, str, float]]:
    """Yield the unit and the op of every activation of a unit's weighted sum, and its partial as a
    share of the largest."""
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
    """Return the Euclidean norm: nan if one of them is, which math.hypot may hide behind an inf."""
    xs = list(xs)
    return math.nan if any(map(math.isnan, xs)) else math.hypot(*xs)


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else "-"


# ---------------------------------------------------------------------------- the picture


def _picture(report: GradientReport) -> str:
    """Draw a row for each layer: norms and updates on log axes, shares as bars."""
    rows = report.layers
    bottom = TOP + ROW * len(rows)
    left = 24.0
    parts = [text(left, TOP - 16, "layer", GREY)]
    for n, row in enumerate(rows):
        parts.append(text(left, _middle(n) + 4, clean(row.name, WIDTH)))
    left += 30 + 7.2 * max([cells(clean(row.name, WIDTH)) for row in rows] or [0])

    weights, slopes = [row.weight_norm for row in rows], [row.gradient_norm for row in rows]
    axis = Axis(left, 250, [*weights, *slopes])
    parts += axis.frame(bottom, "norm of weights and gradient")
    parts += [_ring(left + 6, TOP - 40), text(left + 17, TOP - 36, "weights", GREY)]
    parts += [_dot(left + 86, TOP - 40), text(left + 95, TOP - 36, "gradient", GREY)]
    for n, (weight, slope) in enumerate(zip(weights, slopes)):
        if axis.has(weight) and axis.has(slope):
            span = f"M{px(axis.at(weight))} {px(_middle(n))}H{px(axis.at(slope))}"
            parts.append(f'<path d="{span}" stroke="{PALE}" stroke-width="2"/>')
        parts += [axis.mark(weight, n, _ring), axis.mark(slope, n, _dot)]
    left += 250 + 60

    updates = [row.update_ratio for row in rows]
    axis = Axis(left, 220, [*updates, USUAL_UPDATE / 3, USUAL_UPDATE * 3])
    band = axis.at(USUAL_UPDATE / 3), axis.at(USUAL_UPDATE * 3)
    parts.append(rect(band[0], TOP, band[1] - band[0], ROW * len(rows), LIGHT_GREEN))
    parts += axis.frame(bottom, "update / weights in a step")
    parts += [rect(left, TOP - 46, 14, 12, LIGHT_GREEN), text(left + 21, TOP - 36, "usual", GREY)]
    for n, update in enumerate(updates):
        parts.append(axis.mark(update, n, _dot))
    left += 220 + 50

    zeros: Bars = [(row.zero_share, f"{100 * row.zero_share:.0f} %") for row in rows]
    shares = [("zero gradients", LIGHT_BLUE, zeros)]
    if report.total.relu_units:
        dead: Bars = [(row.dead_share, _of(row.dead_units, row.relu_units)) for row in rows]
        shares.append(("dead units", LIGHT_ORANGE, dead))
    if report.total.sigmoid_values:
        full: Bars = [
            (row.saturated_share, _of(row.saturated_values, row.sigmoid_values)) for row in rows
        ]
        shares.append(("saturated", LIGHT_ORANGE, full))
    for title, colour, column in shares:
        parts.append(text(left, TOP - 16, title, GREY))
        for n, (share, words) in enumerate(column):
            if share is not None:
                parts.append(rect(left, _middle(n) - 10, 120, 20, TRACK))
                parts.append(rect(left, _middle(n) - 10, 120 * share, 20, colour))
                parts.append(text(left + 8, _middle(n) + 4, words))
        left += 120 + 30

    subtitle = f"{report.model}, learning rate {report.lr:g}"
    return document(left, bottom + 48, "Gradients by layer", subtitle, parts)


class Axis:
    """A log axis over whole powers of ten, between ``left`` and ``right`` in pixels.

    Where one of the numbers is 0 or nan there is a place for it before the axis begins.
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


def _dot(x: float, y: float) -> str:
    return dot(x, y, BLUE, 4.5)


def _ring(x: float, y: float) -> str:
    return ring(x, y, GREY, 6)  # around a dot in the same place
