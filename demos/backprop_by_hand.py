"""Work through backpropagation by hand: two inputs, two hidden neurons, two outputs, all sigmoid.

A slope of the error E is a product of three: how E changes with a neuron's output, the output with
its net input, the net input with the weight. Then let the engine do it, ten thousand times.
"""

import math
from collections.abc import Callable, Sequence
from math import exp
from typing import Any

from demos.console import parse, run, write
from demos.drawing import network, progress
from micrograd_like import Value, sigmoid, weighted_sum
from micrograd_like.drawing.charts import BLUE, VERMILION, Panel, figure
from micrograd_like.losses import half_squared_error

(i1, i2), (target_o1, target_o2), (b1, b2) = (0.05, 0.10), (0.01, 0.99), (0.35, 0.60)
w1, w2, w3, w4, w5, w6, w7, w8 = WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
RATE, STEPS = 0.5, 10_000


def by_hand(show: Callable[[str, str, float], float]) -> None:
    """Go forward to E and back to w5, w1 and the biases; show each step: name, formula, number."""
    print("1. Forward")
    net_h1 = show("net_h1", "w1 · i1 + w2 · i2 + b1", w1 * i1 + w2 * i2 + b1)
    net_h2 = show("net_h2", "w3 · i1 + w4 · i2 + b1", w3 * i1 + w4 * i2 + b1)
    out_h1 = show("out_h1", "1 / (1 + exp(-net_h1))", 1 / (1 + exp(-net_h1)))
    out_h2 = show("out_h2", "1 / (1 + exp(-net_h2))", 1 / (1 + exp(-net_h2)))
    net_o1 = show("net_o1", "w5 · out_h1 + w6 · out_h2 + b2", w5 * out_h1 + w6 * out_h2 + b2)
    net_o2 = show("net_o2", "w7 · out_h1 + w8 · out_h2 + b2", w7 * out_h1 + w8 * out_h2 + b2)
    out_o1 = show("out_o1", "1 / (1 + exp(-net_o1))", 1 / (1 + exp(-net_o1)))
    out_o2 = show("out_o2", "1 / (1 + exp(-net_o2))", 1 / (1 + exp(-net_o2)))
    print("2. The error")
    E_o1 = show("E_o1", "(target_o1 - out_o1)² / 2", (target_o1 - out_o1) ** 2 / 2)
    E_o2 = show("E_o2", "(target_o2 - out_o2)² / 2", (target_o2 - out_o2) ** 2 / 2)
    show("E", "E_o1 + E_o2", E_o1 + E_o2)
    print("3. Back to w5, a weight of an output: three factors, and their product")
    dE_out = show("∂E/∂out_o1", "out_o1 - target_o1", out_o1 - target_o1)
    dout_net = show("∂out_o1/∂net_o1", "out_o1 · (1 - out_o1)", out_o1 * (1 - out_o1))
    dnet_w5 = show("∂net_o1/∂w5", "out_h1", out_h1)
    product = dE_out * dout_net * dnet_w5
    dE_w5 = show("∂E/∂w5", "∂E/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5", product)
    show("new w5", "w5 - 0.5 · ∂E/∂w5", w5 - RATE * dE_w5)
    print("4. Back to w1, a weight of a hidden neuron, which has a part in both errors")
    dE_net_o1 = show("∂E/∂net_o1", "∂E/∂out_o1 · ∂out_o1/∂net_o1", dE_out * dout_net)
    dE_net_o2 = (out_o2 - target_o2) * out_o2 * (1 - out_o2)
    show("∂E/∂net_o2", "(out_o2 - target_o2) · out_o2 · (1 - out_o2)", dE_net_o2)
    dE_o1_h1 = show("∂E_o1/∂out_h1", "∂E/∂net_o1 · w5", dE_net_o1 * w5)
    dE_o2_h1 = show("∂E_o2/∂out_h1", "∂E/∂net_o2 · w7", dE_net_o2 * w7)
    dE_h1 = show("∂E/∂out_h1", "∂E_o1/∂out_h1 + ∂E_o2/∂out_h1", dE_o1_h1 + dE_o2_h1)
    dh1_net = show("∂out_h1/∂net_h1", "out_h1 · (1 - out_h1)", out_h1 * (1 - out_h1))
    dnet_w1 = show("∂net_h1/∂w1", "i1", i1)
    product = dE_h1 * dh1_net * dnet_w1
    dE_w1 = show("∂E/∂w1", "∂E/∂out_h1 · ∂out_h1/∂net_h1 · ∂net_h1/∂w1", product)
    show("new w1", "w1 - 0.5 · ∂E/∂w1", w1 - RATE * dE_w1)
    print(
        "5. Back to the biases: ∂net/∂b = 1, and b2 has a part in both outputs, b1 in both hidden"
    )
    show("∂E/∂b2", "∂E/∂net_o1 + ∂E/∂net_o2", dE_net_o1 + dE_net_o2)
    dE_net_h1 = show("∂E/∂net_h1", "∂E/∂out_h1 · ∂out_h1/∂net_h1", dE_h1 * dh1_net)
    dE_net_h2 = (dE_net_o1 * w6 + dE_net_o2 * w8) * out_h2 * (1 - out_h2)
    show("∂E/∂net_h2", "(∂E/∂net_o1 · w6 + ∂E/∂net_o2 · w8) · out_h2 · (1 - out_h2)", dE_net_h2)
    show("∂E/∂b1", "∂E/∂net_h1 + ∂E/∂net_h2", dE_net_h1 + dE_net_h2)


def forward(w: Sequence[Value], b: Sequence[Value]) -> tuple[list[Value], list[Value]]:
    """Return the outputs of the hidden neurons and those of the network."""
    h = [sigmoid(weighted_sum(w[k : k + 2], (i1, i2), b[0])) for k in (0, 2)]
    return h, [sigmoid(weighted_sum(w[k : k + 2], h, b[1])) for k in (4, 6)]


def descend(w: Sequence[Value], b: Sequence[Value], chosen: Sequence[Value]) -> list[float]:
    """Let the engine find the slopes, and update the chosen ones; return E before and after."""
    curve = list[float]()
    for step in range(STEPS + 1):
        _, outputs = forward(w, b)
        error: Value = half_squared_error(outputs, (target_o1, target_o2))
        curve.append(error.data)
        if step in (1, STEPS - 1, STEPS):
            print(f"   {step:6,}{error.data:16.10f}" + "".join(f"{o.data:14.9f}" for o in outputs))
        for p in chosen:
            p.grad = 0
        error.backward()
        for p in chosen:
            p.data -= RATE * p.grad
    return curve


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every step by hand, then what the engine finds; go on for ten thousand steps."""
    options = parse("backprop_by_hand", __doc__, arguments)
    by_hand(print_step)
    w, b = [Value(x) for x in WEIGHTS], [Value(b1), Value(b2)]
    hidden, outputs = forward(w, b)
    half_squared_error(outputs, (target_o1, target_o2)).backward()
    print("6. By the engine, all of them at once: error.backward()")
    names = [*(f"w{k}" for k in range(1, 9)), "b1", "b2"]
    for name, p in zip(names, w + b, strict=True):
        print(f"   ∂E/∂{name} = {p.grad:12.9f}     new {name} = {p.data - RATE * p.grad:.9f}")
    plan = draw(w, b, {"i": (i1, i2), "out_h": hidden, "out_o": outputs})

    print(f"7. {STEPS:,} steps of the weights alone")
    print(f"     step{'E':>16}{'out_o1':>14}{'out_o2':>14}")
    curve = descend(w, b, w)
    print(ELSEWHERE)
    print(f"8. {STEPS:,} steps of the weights and the biases")
    w, b = [Value(x) for x in WEIGHTS], [Value(b1), Value(b2)]
    descend(w, b, w + b)

    errors = progress((300, 400), "step", "E", {"E": curve}, log=True)
    ends = f"E = {curve[0]:.9f}, and after {STEPS:,} steps {curve[-1]:.10f}"
    subtitle = f"{ends}; the steeper E is in a weight, the bolder its line"
    write(options.picture, figure("Backpropagation by hand", subtitle, plan, errors))
    return 0


ELSEWHERE = """\
   Mazur's "A Step by Step Backpropagation Example" has this network, too. Its E = 0.0000351085 is
   that of step 9,999 here. Its 0.291027924 after one step, and its last outputs, 0.015912196 and
   0.984065734, are what one gets if w5 ... w8 are updated first, and then used to find ∂E/∂w1."""


def print_step(name: str, formula: str, number: float) -> float:
    """Print a step of the way, and return its number."""
    print(f"   {name:16} = {formula:62}{number:13.9f}")
    return number


def draw(w: Sequence[Value], b: Sequence[Value], columns: dict[str, Sequence[Any]]) -> Panel:
    """Draw the network: the larger a slope, the bolder the line of its weight."""
    plan, lines, circles = Panel((580, 400), (-0.2, 2.2), (-1.4, 0.4)), [], []
    for k, weight in enumerate(w, 1):
        words = f"w{k} = {weight.data:.2f}", f"slope {weight.grad:.4f}".replace("-", "−")
        colour = VERMILION if weight.grad > 0 else BLUE
        lines.append((words, colour, 1.5 + 15 * math.sqrt(abs(weight.grad))))
    for name, column in columns.items():
        circles.append([(f"{name}{k}", f"{x:.4f}") for k, x in enumerate(column, 1)])
    network(plan, circles, lines)
    for k, (target, bias) in enumerate(zip((target_o1, target_o2), b)):
        plan.note(2, -k - 0.25, f"target {target:g}")
        plan.note(k + 1, 0.22, f"b{k + 1} = {bias.data:.2f}, slope {bias.grad:.4f}")
    plan.key({"E rises with the weight": VERMILION, "E falls with the weight": BLUE})
    return plan


if __name__ == "__main__":
    run(main)
