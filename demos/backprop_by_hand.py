"""Work through backpropagation by hand: two inputs, two hidden neurons, two outputs, all sigmoid.

How does the error E change with a weight? Go back from E to the weight, and multiply the slopes on
the way: of E in a neuron's output, of the output in its net input, of the net input in the weight.
Where several ways lead back, add up. The engine does the same, for all weights at once.
"""

from collections.abc import Sequence
from math import exp

from demos.console import parse, run, write
from demos.two_layers import error_of, parameters
from micrograd_like.graph import Graph

(i1, i2), (target_o1, target_o2), (b1, b2) = (0.05, 0.10), (0.01, 0.99), (0.35, 0.60)
w1, w2, w3, w4, w5, w6, w7, w8 = WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
RATE = 0.5


def by_hand() -> None:
    """Go forward to E, and back to w5, to w1 and to the biases; show each step and its number."""
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
    dE = show("∂E/∂out_o1", "out_o1 - target_o1", out_o1 - target_o1)
    dout = show("∂out_o1/∂net_o1", "out_o1 · (1 - out_o1)", out_o1 * (1 - out_o1))
    dnet = show("∂net_o1/∂w5", "out_h1", out_h1)
    dE_w5 = show("∂E/∂w5", "∂E/∂out_o1 · ∂out_o1/∂net_o1 · ∂net_o1/∂w5", dE * dout * dnet)
    show("new w5", "w5 - 0.5 · ∂E/∂w5", w5 - RATE * dE_w5)
    print("4. Back to w1, a weight of a hidden neuron, which has a part in both errors")
    dE_o1 = show("∂E/∂net_o1", "∂E/∂out_o1 · ∂out_o1/∂net_o1", dE * dout)
    dE_o2 = (out_o2 - target_o2) * out_o2 * (1 - out_o2)
    show("∂E/∂net_o2", "(out_o2 - target_o2) · out_o2 · (1 - out_o2)", dE_o2)
    by_o1 = show("∂E_o1/∂out_h1", "∂E/∂net_o1 · w5", dE_o1 * w5)
    by_o2 = show("∂E_o2/∂out_h1", "∂E/∂net_o2 · w7", dE_o2 * w7)
    dE = show("∂E/∂out_h1", "∂E_o1/∂out_h1 + ∂E_o2/∂out_h1", by_o1 + by_o2)
    dout = show("∂out_h1/∂net_h1", "out_h1 · (1 - out_h1)", out_h1 * (1 - out_h1))
    dnet = show("∂net_h1/∂w1", "i1", i1)
    dE_w1 = show("∂E/∂w1", "∂E/∂out_h1 · ∂out_h1/∂net_h1 · ∂net_h1/∂w1", dE * dout * dnet)
    show("new w1", "w1 - 0.5 · ∂E/∂w1", w1 - RATE * dE_w1)
    print("5. Back to the biases: ∂net/∂b = 1; b2 has a part in both outputs, b1 in both hidden")
    show("∂E/∂b2", "∂E/∂net_o1 + ∂E/∂net_o2", dE_o1 + dE_o2)
    dE_h1 = show("∂E/∂net_h1", "∂E/∂out_h1 · ∂out_h1/∂net_h1", dE * dout)
    dE = show("∂E/∂out_h2", "∂E/∂net_o1 · w6 + ∂E/∂net_o2 · w8", dE_o1 * w6 + dE_o2 * w8)
    dE_h2 = show("∂E/∂net_h2", "∂E/∂out_h2 · out_h2 · (1 - out_h2)", dE * out_h2 * (1 - out_h2))
    show("∂E/∂b1", "∂E/∂net_h1 + ∂E/∂net_h2", dE_h1 + dE_h2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every step by hand, then all slopes as the engine finds them; draw its graph."""
    options = parse("backprop_by_hand", __doc__, arguments)
    by_hand()
    print("6. By the engine, all of them at once: E.backward()")
    w, b = parameters(WEIGHTS, (b1, b2))
    error, outputs = error_of(w, b, (i1, i2), (target_o1, target_o2))
    error.backward()
    for p in w + b:
        print(f"   ∂E/∂{p.label} = {p.grad:12.9f}     new {p.label} = {p.data - RATE * p.grad:.9f}")
    print("To see ten thousand such steps: python3 -m demos.ten_thousand_steps")
    write(options.picture, Graph(*outputs).svg())  # in each box, grad is the slope of E
    return 0


def show(name: str, formula: str, number: float) -> float:
    """Print a step of the way, and return its number."""
    print(f"   {name:16}{number:12.9f} = {formula}")
    return number


if __name__ == "__main__":
    run(main)
