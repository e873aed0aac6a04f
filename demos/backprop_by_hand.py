"""Work through backpropagation by hand: two inputs, two hidden neurons, two outputs, all sigmoid.

Squared error with a factor of ½, learning rate ½; the biases stay as they are.
"""

import inspect
import math
import re
from collections.abc import Sequence
from math import exp
from typing import Any

from demos.console import parse, run, write
from demos.drawing import network
from micrograd_like import Value
from micrograd_like.drawing.charts import BLUE, INK, VERMILION, Panel, figure
from micrograd_like.losses import half_squared_error
from micrograd_like.nn import MLP

INPUTS, TARGETS, BIASES = (0.05, 0.10), (0.01, 0.99), (0.35, 0.60)
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
RATE, STEPS = 0.5, 10_000
LINE = "   {:22}{:8,}{:15.10f}{:13.9f}{:13.9f}"  # a run, a step, E, both outputs
ARTICLE = """\
The article, like us, computes all slopes first, then updates. Of its figures, E = 0.0000351085 is
from there (step 9,999); but its 0.291027924 after one step and its last outputs, 0.015912196 and
0.984065734, come from updating the outputs' weights first, before the hidden slopes use them."""


def by_hand(weights: Sequence[float]) -> dict[str, Any]:
    """Return every number on the way from the weights to the slopes of the error, by its name."""
    (i1, i2), (target_o1, target_o2), (b1, b2) = INPUTS, TARGETS, BIASES
    w1, w2, w3, w4, w5, w6, w7, w8 = weights
    # 1. forward
    net_h1 = w1 * i1 + w2 * i2 + b1
    net_h2 = w3 * i1 + w4 * i2 + b1
    out_h1 = 1 / (1 + exp(-net_h1))
    out_h2 = 1 / (1 + exp(-net_h2))
    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1 = 1 / (1 + exp(-net_o1))
    out_o2 = 1 / (1 + exp(-net_o2))
    # 2. the error
    E_o1 = (target_o1 - out_o1) ** 2 / 2
    E_o2 = (target_o2 - out_o2) ** 2 / 2
    E = E_o1 + E_o2
    # 3. back to the weights of the outputs, by the chain rule
    dE_dout_o1 = out_o1 - target_o1
    dE_dout_o2 = out_o2 - target_o2
    dout_o1_dnet_o1 = out_o1 * (1 - out_o1)
    dout_o2_dnet_o2 = out_o2 * (1 - out_o2)
    dE_dnet_o1 = dE_dout_o1 * dout_o1_dnet_o1
    dE_dnet_o2 = dE_dout_o2 * dout_o2_dnet_o2
    dE_dw5 = dE_dnet_o1 * out_h1
    dE_dw6 = dE_dnet_o1 * out_h2
    dE_dw7 = dE_dnet_o2 * out_h1
    dE_dw8 = dE_dnet_o2 * out_h2
    # 4. back to the weights of the hidden neurons, each of which has a part in both errors
    dE_o1_dout_h1 = dE_dnet_o1 * w5
    dE_o2_dout_h1 = dE_dnet_o2 * w7
    dE_o1_dout_h2 = dE_dnet_o1 * w6
    dE_o2_dout_h2 = dE_dnet_o2 * w8
    dE_dout_h1 = dE_o1_dout_h1 + dE_o2_dout_h1
    dE_dout_h2 = dE_o1_dout_h2 + dE_o2_dout_h2
    dout_h1_dnet_h1 = out_h1 * (1 - out_h1)
    dout_h2_dnet_h2 = out_h2 * (1 - out_h2)
    dE_dw1 = dE_dout_h1 * dout_h1_dnet_h1 * i1
    dE_dw2 = dE_dout_h1 * dout_h1_dnet_h1 * i2
    dE_dw3 = dE_dout_h2 * dout_h2_dnet_h2 * i1
    dE_dw4 = dE_dout_h2 * dout_h2_dnet_h2 * i2
    return locals()


def step_by_hand(weights: Sequence[float], *, output_first: bool = False) -> list[float]:
    """Return the weights after a step.

    With ``output_first``, the error meets the weights of the outputs when they are updated already.
    """
    q = by_hand(weights)
    slopes = [q[f"dE_dw{k}"] for k in range(1, 9)]
    new = [w - RATE * slope for w, slope in zip(weights, slopes, strict=True)]
    for j, h in enumerate(("h1", "h2") if output_first else ()):
        by_out = q["dE_dnet_o1"] * new[4 + j] + q["dE_dnet_o2"] * new[6 + j]
        for i in (0, 1):
            slope = by_out * q[f"dout_{h}_dnet_{h}"] * INPUTS[i]
            new[2 * j + i] = weights[2 * j + i] - RATE * slope
    return new


def build() -> tuple[MLP, list[Value]]:
    """Return the network as a model, and its weights w1 … w8."""
    model = MLP(2, [2, 2], activation=["sigmoid", "sigmoid"])
    neurons = [neuron for layer in model.layers for neuron in layer.neurons]
    for neuron, b in zip(neurons, (0, 0, 1, 1), strict=True):
        neuron.b = Value(BIASES[b])
    weights = [w for neuron in neurons for w in neuron.w]
    for w, number in zip(weights, WEIGHTS, strict=True):
        w.data = number
    return model, weights


def by_engine(model: MLP) -> float:
    """Let the engine find the slopes of the error; return the error."""
    model.zero_grad()
    error: Value = half_squared_error(model(INPUTS), TARGETS)
    error.backward()
    return error.data


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every step of the way, by hand and by the engine; go on for ten thousand steps."""
    options = parse("backprop_by_hand", __doc__, arguments)
    q = by_hand(WEIGHTS)
    for line in inspect.getsource(by_hand).splitlines():
        name, _, formula = line.strip().partition(" = ")
        if name in q:
            print(f"   {written(name):16} = {written(formula):42}{q[name]:13.9f}")
        elif name.startswith("# "):
            print(name.removeprefix("# "))

    model, weights = build()
    curve = [by_engine(model)]
    print(f"5. by the engine: E = {curve[0]:.9f}, {ulps(q['E'], curve[0]):.0f} ulp apart")
    print(f"{'∂E/∂w by hand':>28}{'by the engine':>22}{'ulp apart':>12}{'w − ½·∂E/∂w':>14}")
    for k, (w, new) in enumerate(zip(weights, step_by_hand(WEIGHTS), strict=True), 1):
        slope = q[f"dE_dw{k}"]
        print(f"   w{k}{slope:23.16f}{w.grad:22.16f}{ulps(slope, w.grad):12.0f}{new:14.9f}")
    plan = draw(q)

    print(f"6. further steps{'step':>17}{'E':>15}{'out_o1':>13}{'out_o2':>13}")
    for _ in range(STEPS):
        for w in weights:
            w.data -= RATE * w.grad
        curve.append(by_engine(model))
    print(LINE.format("by the engine", STEPS, curve[-1], *model(INPUTS)))
    for name, output_first in ("by hand", False), ("by hand, outputs first", True):
        numbers: Sequence[float] = WEIGHTS
        for step in range(1, STEPS + 1):
            numbers = step_by_hand(numbers, output_first=output_first)
            if step in (1, STEPS - 1, STEPS):
                q = by_hand(numbers)
                print(LINE.format(name, step, q["E"], q["out_o1"], q["out_o2"]))
    print(ARTICLE)

    errors = Panel((300, 400), (0, STEPS), (2e-5, 0.5), log=True)
    errors.axes("step", "E")
    points = list(enumerate(curve))
    errors.line(points[:100] + points[100::25], INK)
    ends = f"E = {curve[0]:.9f}, and after {STEPS:,} steps {curve[-1]:.10f}"
    subtitle = f"{ends}; the steeper E is in a weight, the bolder its line"
    write(options.picture, figure("Backpropagation by hand", subtitle, plan, errors))
    return 0


def draw(q: dict[str, Any]) -> Panel:
    """Draw the network: the larger a slope, the bolder the line of its weight."""
    plan = Panel((580, 400), (-0.2, 2.2), (-1.4, 0.4))
    columns = [("i1", "i2"), ("out_h1", "out_h2"), ("out_o1", "out_o2")]
    weights = []
    for k in range(1, 9):
        w, slope = q[f"w{k}"], q[f"dE_dw{k}"]
        words = f"w{k} = {w:.2f}", f"slope {slope:.4f}".replace("-", "−")
        colour = VERMILION if slope > 0 else BLUE
        weights.append((words, colour, 1.5 + 15 * math.sqrt(abs(slope))))
    network(plan, [[(name, f"{q[name]:.4f}") for name in names] for names in columns], weights)
    for k, (target, bias) in enumerate(zip(TARGETS, BIASES)):
        plan.note(2, -k - 0.25, f"target {target:g}")
        plan.note(k + 1, 0.22, f"bias {bias:.2f}")
    plan.key({"E rises with the weight": VERMILION, "E falls with the weight": BLUE})
    return plan


def written(source: str) -> str:
    """Return a formula as it is written by hand."""
    source = re.sub(r"\bd(\w+?)_d(\w+)", r"∂\1/∂\2", source)
    return source.replace(" * ", " · ").replace(" ** 2", "²")


def ulps(x: float, y: float) -> float:
    """Return how far x is from y, in units of y's last place."""
    return abs(x - y) / math.ulp(y)


if __name__ == "__main__":
    run(main)
