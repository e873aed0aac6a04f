"""The network of `backprop_by_hand` as the engine records it, every value with its name."""

from collections.abc import Sequence

from micrograd_like import Value, sigmoid, weighted_sum
from micrograd_like.losses import half_squared_error

Numbers = Sequence[float]


def parameters(weights: Numbers, biases: Numbers) -> tuple[list[Value], list[Value]]:
    """Return the weights and the biases as Values."""
    w = [Value(x, f"w{k}") for k, x in enumerate(weights, 1)]
    return w, [Value(x, f"b{k}") for k, x in enumerate(biases, 1)]


def error_of(
    w: Sequence[Value], b: Sequence[Value], inputs: Numbers, targets: Numbers
) -> tuple[Value, list[Value]]:
    """Return E and the two outputs."""
    i = [Value(x, f"i{k}") for k, x in enumerate(inputs, 1)]
    hidden = [neuron(f"h{k}", w[2 * k - 2 : 2 * k], i, b[0]) for k in (1, 2)]
    outputs = [neuron(f"o{k}", w[2 * k + 2 : 2 * k + 4], hidden, b[1]) for k in (1, 2)]
    return half_squared_error(outputs, targets), outputs


def neuron(name: str, w: Sequence[Value], inputs: Sequence[Value], b: Value) -> Value:
    """Return the output of a neuron."""
    net = weighted_sum(w, inputs, b)
    net.label = f"net_{name}"
    out = sigmoid(net)
    out.label = f"out_{name}"
    return out
