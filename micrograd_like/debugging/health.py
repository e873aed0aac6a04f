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
from typing import NamedTuple

from ..drawing.notebook import as_text
from ..engine import Value, topological_order
from ..functional import gradients
from ..names import WIDTH
from ..nn import Module, Neuron
from ..ops import as_float, number
from ..text import aligned, clean, printable, shorten
from .explain import PRODUCTS, SATURATED, largest_partial

SUMS = ("add", "fsum", "sub")

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

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<GradientReport of {self.model}: {len(self.layers)} layers>"

    def __str__(self) -> str:
        update = f"{self.lr:g} × |gradient| / |weights|"
        notes = {
            "update/weights": f"update/weights is {update}; about 1e-3 is usual.",
            "dead units": "A unit is dead if it is a relu that is off for every example in the "
            "loss.",
            "saturated": "A sigmoid or tanh of an example is saturated if its partial is less than "
            f"{SATURATED:g} of the largest.",
        }
        titles = ["layer", "parameters", "|weights|", "|gradient|", "update/weights"]
        titles += ["zero gradients", "dead units", "saturated"]
        columns = zip(titles, *map(_cells, (*self.layers, self.total)))
        told = [column for column in columns if column[-1] != "-"]  # of the model
        lines = [
            *aligned([*zip(*told)]),
            "",
            *[notes[title] for title, *_ in told if title in notes],
        ]
        return printable("\n".join(lines))


def _cells(row: LayerReport) -> list[str]:
    """Return a row of the table."""
    norms = f"{row.weight_norm:.3g}", f"{row.gradient_norm:.3g}", f"{row.update_ratio:.2e}"
    zeros = f"{100 * row.zero_share:.0f} %"
    dead = _of(row.dead_units, row.relu_units)
    saturated = _of(row.saturated_values, row.sigmoid_values)
    return [clean(row.name, WIDTH), f"{row.parameters:,}", *norms, zeros, dead, saturated]


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
