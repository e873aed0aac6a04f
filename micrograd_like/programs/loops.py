"""Dense layers of a straight-line program as loops over their neurons: for large networks.

What you can do with it::

    >>> from micrograd_like import Value, nn, topological_order
    >>> from micrograd_like.programs.loops import layers
    >>> model = nn.MLP(2, [3, 1])
    >>> y = model([Value(0.5), Value(-1.0)])
    >>> [len(layer.neurons) for layer in layers(topological_order(y), model.parameters())]
    [3, 1]

Where a network has more parameters than Python compiles as lines in good time, a layer takes its
numbers as rows, and its backward part gives their gradients in rows, the last neuron's first.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from .. import ops
from ..engine import Value
from .form import Node

TERMS = 60  # of a sum in one expression


def neuron(operands: Sequence[Value]) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """Return the inputs of a weighted sum, and its leaves: the weights, then the bias if any."""
    n = len(operands) // 2
    return tuple(operands[n : 2 * n]), (*operands[:n], *operands[2 * n :])


class Layer:
    """Weighted sums of the same inputs, each with leaves of its own: neurons, first to last."""

    def __init__(self, neurons: Sequence[Value]) -> None:
        self.neurons = neurons
        self.inputs = neuron(neurons[0].operands)[0]
        self.rows = [neuron(v.operands)[1] for v in neurons]
        self.n = len(self.inputs)
        self.weights = [f"w{i}" for i in range(self.n)]
        self.bias = ["b"] * (len(self.rows[0]) - self.n)
        self.grads: list[Node] = []
        self.leaf: Node  # a list of the rows
        self.back: Node  # the gradients of the rows, the last neuron's first, and of the inputs


def layers(order: Sequence[Value], wrt: Container[Value]) -> list[Layer]:
    """Return the dense layers of a graph, the first first: none of an input used elsewhere."""
    uses: dict[Value, int] = {}
    groups: dict[Any, list[Value]] = {}
    for v in order:
        for x in v.operands:
            uses[x] = uses.get(x, 0) + 1
        if v.op is ops.weighted_sum:
            inputs, row = neuron(v.operands)
            groups.setdefault((inputs, len(row)), []).append(v)
    found = [Layer(neurons) for neurons in groups.values()]
    return [
        layer
        for layer in found
        if all(p in wrt and uses[p] == 1 for row in layer.rows for p in row)
        and all(uses[x] == len(layer.neurons) and x not in wrt for x in layer.inputs)
    ]


def sums(writer: Any, node: Node) -> list[str]:
    """Return the lines of the weighted sums of a layer."""
    layer, name = node.of, writer.name(node)
    products = [f"{w}*{writer.text(x)}" for w, x in zip(layer.weights, node.xs)]
    terms = [*layer.bias, *products]
    parts = [" + ".join(terms[i : i + TERMS]) for i in range(0, len(terms), TERMS)]
    return [
        f"{name} = []  # the weighted sums of {len(layer.neurons)} neurons",
        f"for {', '.join([*layer.weights, *layer.bias])}, in {writer.name(layer.leaf)}:",
        f"    s = {parts[0]}",
        *[f"    s = s + {part}" for part in parts[1:]],
        f"    {name}.append(s)",
    ]


def back(writer: Any, node: Node, layer: Layer) -> list[str]:
    """Return the lines of the gradients of a layer's rows, and of its inputs."""
    m, name = len(layer.neurons), writer.name(node)
    texts = [*map(writer.text, node.xs)]
    grads, sums, xs = texts[:m], texts[m : 2 * m], texts[2 * m :]
    moved = [(writer.name(item), layer.weights[item.of]) for item in writer.items.get(node, ())]
    products = [*[f"g*{x} + 0.0" for x in xs], *["g + 0.0" for _ in layer.bias]]
    return [
        f"{name} = []  # the gradients of the rows, the last neuron's first",
        *[f"{d} = 0.0" for d, _ in moved],
        f"for g, s, ({', '.join([*layer.weights, *layer.bias])},) in zip(",
        f"    [{', '.join(grads)}], [{', '.join(sums)}], reversed({writer.name(layer.leaf)})",
        "):",
        "    if not g and s - s == 0.0:  # 0 adds nothing, but for 0·inf",
        f"        {name} += [0.0]*{len(products)}",
        "        continue",
        *[f"    {d} += g*{w}" for d, w in moved],
        f"    {name} += [{', '.join(products)}]",
    ]
