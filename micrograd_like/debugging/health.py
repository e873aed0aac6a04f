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

A layer is the innermost module around a parameter that is not a single neuron: ``layers.0`` of an
`MLP`, or a module of your own.

Which values belong to which layer, the parameters tell. A product with a parameter is part of a
unit's weighted sum, and so are sums of such products and parameters; a relu, sigmoid or tanh of the
sum is its activation. The first parameter in the sum stands for the ``unit``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from ..engine import Value, topological_order
from ..functional import gradients
from ..names import WIDTH
from ..nn import Module, Neuron
from ..ops import as_float, number
from ..text import aligned, clean, printable, shorten
from .explain import PRODUCTS, SATURATED, largest_partial

SUMS = ("add", "fsum", "sub")
BAR = "background: linear-gradient(90deg, #d5733866 {0:.0%}, #8882 {0:.0%})"  # readable in the dark

Cell = tuple[str, "float | None"]  # a text, and the share of a whole that it tells
Activation = tuple[Value, str, float]  # the unit, the op, and the partial as a share of the largest


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


class GradientReport(NamedTuple):
    """How each layer is doing, and in ``total`` the model: ``print`` it."""

    model: str
    lr: float
    layers: tuple[LayerReport, ...]
    total: LayerReport

    def table(self) -> list[tuple[Cell, ...]]:
        """Return the table with its head; a column that says nothing of the model is left out."""
        titles = ["layer", "parameters", "|weights|", "|gradient|", "update/weights"]
        titles += ["zero gradients", "dead units", "saturated"]
        columns = zip([(title, None) for title in titles], *map(_cells, (*self.layers, self.total)))
        return [*zip(*[column for column in columns if column[-1][0] != "-"])]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        html = "<table>"
        for row in self.table():
            html += "<tr>"
            for text, share in row:
                style = "" if share is None else f' style="{BAR.format(share)}"'
                html += f"<td{style}>{escape(text)}</td>"
            html += "</tr>"
        notes = "<br>".join(map(escape, self._notes()))
        return {"text/plain": str(self), "text/html": f"{html}</table><small>{notes}</small>"}

    def __repr__(self) -> str:
        return f"<GradientReport of {self.model}: {len(self.layers)} layers>"

    def __str__(self) -> str:
        table = [[text for text, _ in row] for row in self.table()]
        return printable("\n".join([*aligned(table), "", *self._notes()]))

    def _notes(self) -> list[str]:
        titles = [title for title, _ in self.table()[0]]
        notes = [f"update/weights is {self.lr:g} × |gradient| / |weights|; about 1e-3 is usual."]
        if "dead units" in titles:
            notes += ["A unit is dead if it is a relu that is off for every example in the loss."]
        if "saturated" in titles:
            notes += [
                "A sigmoid or tanh of an example is saturated if its partial is less than "
                f"{SATURATED:g} of the largest."
            ]
        return notes


def _cells(row: LayerReport) -> list[Cell]:
    """Return a row of the table."""
    numbers = f"{row.weight_norm:.3g}", f"{row.gradient_norm:.3g}", f"{row.update_ratio:.2e}"
    plain = clean(row.name, WIDTH), f"{row.parameters:,}", *numbers
    return [
        *[(text, None) for text in plain],
        (f"{100 * row.zero_share:.0f} %", row.zero_share),
        _part(row.dead_units, row.relu_units),
        _part(row.saturated_values, row.sigmoid_values),
    ]


def _part(part: int, whole: int) -> Cell:
    return (f"{part:,} of {whole:,}", part / whole) if whole else ("-", None)


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
    found = [p.grad for p in layer_of] if loss is None else gradients(loss, [*layer_of])
    grads = dict(zip(layer_of, map(number, found)))
    values = [] if loss is None else [*_activations(topological_order(loss), layer_of)]
    layers = []
    for layer in dict.fromkeys(layer_of.values()):
        ours = {p: grad for p, grad in grads.items() if layer_of[p] == layer}
        layers.append(_report(layer or type(model).__name__, ours, values, lr))
    total = _report("all", grads, values, lr)
    return GradientReport(repr(model), lr, tuple(layers), total)


def _report(
    name: str, grads: dict[Value, float], values: list[Activation], lr: float
) -> LayerReport:
    """Return the numbers of some parameters, and of the activations of their units."""
    weights, slopes = _norm([p.data for p in grads]), _norm([*grads.values()])
    here = [(unit, op, share) for unit, op, share in values if unit in grads]
    units = {unit for unit, op, _ in here if op == "relu"}
    alive = {unit for unit, op, share in here if op == "relu" and share}
    passed = [share for _, op, share in here if op != "relu"]
    return LayerReport(
        name=name,
        parameters=len(grads),
        weight_norm=weights,
        gradient_norm=slopes,
        update_ratio=0.0 if not slopes else lr * slopes / weights if weights else math.inf,
        zero_share=[*grads.values()].count(0.0) / len(grads) if grads else 0.0,
        relu_units=len(units),
        dead_units=len(units - alive),
        sigmoid_values=len(passed),
        saturated_values=sum(share < SATURATED for share in passed),
    )


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


def _activations(order: Iterable[Value], layer_of: dict[Value, str]) -> Iterator[Activation]:
    """Yield every activation of a unit."""
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
