"""Repeat the step of `backprop_by_hand` ten thousand times: once for the weights, then with biases.

A step finds all slopes of E and subtracts from each parameter the rate times its slope.
"""

from collections.abc import Sequence

from demos.backprop_by_hand import RATE, WEIGHTS, b1, b2, i1, i2, target_o1, target_o2
from demos.console import parse, run, write
from demos.drawing import progress
from demos.two_layers import error_of, parameters
from micrograd_like.drawing.charts import figure

STEPS = 10_000


def descend(biases: bool) -> list[float]:
    """Take the steps, with or without the biases; return E before the first and after each."""
    w, b = parameters(WEIGHTS, (b1, b2))
    chosen, curve = w + b if biases else w, list[float]()
    for step in range(STEPS + 1):
        error, outputs = error_of(w, b, (i1, i2), (target_o1, target_o2))
        curve.append(error.data)
        if step in (0, 1, 100, STEPS - 1, STEPS):
            print(f"{step:8,}{error.data:16.10f}" + "".join(f"{o.data:14.9f}" for o in outputs))
        for p in chosen:
            p.grad = 0
        error.backward()
        for p in chosen:
            p.data -= RATE * p.grad
    return curve


def main(arguments: Sequence[str] | None = None) -> int:
    """Print E and the outputs after some of the steps; draw E."""
    options = parse("ten_thousand_steps", __doc__, arguments)
    print(f"    step{'E':>16}{'out_o1':>14}{'out_o2':>14}\nThe weights alone:")
    curves = {"weights": descend(biases=False)}
    print(f"{ELSEWHERE}\nThe weights and the biases:")
    curves["weights and biases"] = descend(biases=True)
    chart = progress((640, 400), "step", "E", curves, log=True)
    start, *ends = curves["weights"][0], *(f"{curve[-1]:.10f}" for curve in curves.values())
    subtitle = f"E falls from {start:.9f} to {' and '.join(ends)}"
    write(options.picture, figure(f"{STEPS:,} steps", subtitle, chart))
    return 0


ELSEWHERE = """\
Mazur's "A Step by Step Backpropagation Example" has this network, too. Its E = 0.0000351085 is
that of step 9,999 here. Its 0.291027924 after one step, and its last outputs, 0.015912196 and
0.984065734, are what one gets if w5 ... w8 are updated first, and then used to find ∂E/∂w1."""


if __name__ == "__main__":
    run(main)
