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

Which values belong to which layer, the parameters tell. A product with a parameter is part of a
unit's weighted sum, and so are sums of such products and parameters; a relu, sigmoid or tanh of the
sum is its activation. The first parameter in the sum stands for the ``unit``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..drawing import charts
from ..drawing.charts import BLUE, GREY, PALE, document, label, log_ticks, px, rect, text
from ..drawing.notebook import as_picture
from ..engine import Value, topological_order
from ..functional import gradients
from ..names import WIDTH
from ..nn import Module, Neuron
from ..ops import as_float, number
from ..text import cells, clean, padded, printable, shorten
from .explain import PRODUCTS, SATURATED, largest_partial

SUMS = ("add", "fsum", "sub")
USUAL = 1e-3  # update / weights in a step: a rule of thumb

LIGHT_BLUE, LIGHT_ORANGE, LIGHT_GREEN, TRACK = "#a6cbe3", "#f3bf9c", "#e3f2ec", "#f1f1f1"
ROW, TOP = 32, 128  # pixels


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


class GradientReport(NamedTuple):
    """How each layer is doing, and in ``total`` the model: ``print`` it, or draw it with `svg`."""

    model: str
    lr: float
    layers: tuple[LayerReport, ...]
    total: LayerReport

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return as_picture(self)

    def __repr__(self) -> str:
        return f"<GradientReport of {self.model}: {len(self.layers)} layers>"

    def __str__(self) -> str:
        shares = _shown(self)
        table = [["layer", "parameters", "|weights|", "|gradient|", "update/weights", *shares]]
        for row in (*self.layers, self.total):
            norms = f"{row.weight_norm:.3g}", f"{row.gradient_norm:.3g}", f"{row.update_ratio:.2e}"
            table.append([clean(row.name, WIDTH), f"{row.parameters:,}", *norms])
            table[-1] += [_shares(row)[title][1] for title in shares]
        widths = [max(map(cells, column)) for column in zip(*table)]
        lines = [
            "  ".join([padded(name, widths[0]), *map(str.rjust, numbers, widths[1:])])
            for name, *numbers in table
        ]
        notes = [f"update/weights is {self.lr:g} × |gradient| / |weights|; about 1e-3 is usual."]
        if "dead units" in shares:
            notes += ["A unit is dead if it is a relu that is off for every example in the loss."]
        if "saturated" in shares:
            notes += [
                "A sigmoid or tanh of an example is saturated if its partial is less than "
                f"{SATURATED:g} of the largest."
            ]
        return printable("\n".join([*lines, "", *notes]))

    def svg(self) -> str:
        """Return the report as a picture: a self-contained SVG document."""
        left, parts = 24.0, []
        for column in (_names, _norms, _updates, _bars):
            drawn, left = column(self, left)
            parts += drawn
        subtitle = f"{self.model}, learning rate {self.lr:g}"
        bottom = TOP + ROW * len(self.layers)
        return document(left, bottom + 48, "Gradients by layer", subtitle, parts)


def _shares(row: LayerReport) -> dict[str, tuple[float | None, str]]:
    """Return what is shown as a share of a whole, and the words for it."""
    return {
        "zero gradients": (row.zero_share, f"{100 * row.zero_share:.0f} %"),
        "dead units": (row.dead_share, _of(row.dead_units, row.relu_units)),
        "saturated": (row.saturated_share, _of(row.saturated_values, row.sigmoid_values)),
    }


def _shown(report: GradientReport) -> list[str]:
    """Return the titles of the shares that there are in the model."""
    return [title for title, (share, _) in _shares(report.total).items() if share is not None]


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}" if whole else "-"


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
        weights, slopes = _norm([p.data for p in ours]), _norm([grads[p] for p in ours])
        zeros = sum(grads[p] == 0 for p in ours)
        here = [(unit, op, share) for unit, op, share in values if belongs(layer_of[unit])]
        units = {unit for unit, op, _ in here if op == "relu"}
        alive = {unit for unit, op, share in here if op == "relu" and share}
        passed = [share for _, op, share in here if op != "relu"]
        return LayerReport(
            *(name, len(ours), weights, slopes),
            0.0 if not slopes else lr * slopes / weights if weights else math.inf,
            zeros / len(ours) if ours else 0.0,
            *(len(units), len(units - alive)),
            *(len(passed), sum(share < SATURATED for share in passed)),
        )

    names = dict.fromkeys(layer_of.values())
    layers = [report(name or type(model).__name__, name.__eq__) for name in names]
    return GradientReport(repr(model), lr, tuple(layers), report("all", lambda name: True))


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


def _norm(xs: list[float]) -> float:
    """Return the Euclidean norm; nan if a number is nan, where math.hypot may return inf."""
    return math.nan if any(map(math.isnan, xs)) else math.hypot(*xs)


# ---------------------------------------------------------------------------- the picture


_dot = functools.partial(charts.dot, colour=BLUE, radius=4.5)
_ring = functools.partial(charts.ring, colour=GREY, radius=6)  # around a dot in the same place


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
    parts = axis.frame(len(norms), "norm of weights and gradient")
    parts += [_ring(left + 6, TOP - 40), text(left + 17, TOP - 36, "weights", GREY)]
    parts += [_dot(left + 86, TOP - 40), text(left + 95, TOP - 36, "gradient", GREY)]
    for n, (weight, slope) in enumerate(norms):
        if all(0 < x < math.inf for x in (weight, slope)):
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
    parts += axis.frame(len(updates), "update / weights in a step")
    parts += [rect(left, TOP - 46, 14, 12, LIGHT_GREEN), text(left + 21, TOP - 36, "usual", GREY)]
    parts += [axis.mark(update, n, _dot) for n, update in enumerate(updates)]
    return parts, left + 220 + 50


def _bars(report: GradientReport, left: float) -> tuple[list[str], float]:
    """Draw a bar for each share of zero gradients, dead units and saturated values."""
    parts = []
    for title in _shown(report):
        colour = LIGHT_BLUE if title == "zero gradients" else LIGHT_ORANGE
        parts.append(text(left, TOP - 16, title, GREY))
        for n, row in enumerate(report.layers):
            share, words = _shares(row)[title]
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

    def __init__(self, left: float, width: float, numbers: list[float]) -> None:
        logs = [math.log10(x) for x in numbers if 0 < x < math.inf] or [0.0]
        self.low = math.floor(min(logs))
        self.high = max(math.ceil(max(logs)), self.low + 1)
        self.edge, self.right = left, left + width
        self.left = left if all(x > 0 for x in numbers) else left + 40

    def at(self, x: float) -> float:
        """Return the place of a number, or of 0, in pixels."""
        if not x:
            return self.edge + 8
        share = charts.share(math.log10(x), self.low, self.high)
        return self.left + (self.right - self.left) * share

    def mark(self, x: float, row: int, shape: Callable[[float, float], str]) -> str:
        """Return a number's mark in a row: for inf and nan the words."""
        if math.isnan(x):
            return text(self.edge, _middle(row) + 4, "nan", GREY)
        if math.isinf(x):
            return text(self.right, _middle(row) + 4, "inf", GREY, anchor="end")
        return shape(self.at(x), _middle(row))

    def frame(self, rows: int, title: str) -> list[str]:
        """Return the axis's title, its lines and their numbers."""
        bottom, parts = TOP + ROW * rows, [text(self.edge, TOP - 16, title, GREY)]
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
