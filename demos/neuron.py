"""Draw the classic neuron: two inputs, two weights, a bias, tanh, and every number of backprop."""

import argparse
import pathlib
from collections.abc import Sequence

from demos.console import run
from micrograd_like import Value, tanh

x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")  # inputs
w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")  # weights
b = Value(6.8813735870195432, label="b")  # bias

x1w1 = x1 * w1
x2w2 = x2 * w2
n = x1w1 + x2w2 + b
n.label = "n"
out = tanh(n)
out.label = "out"
out.backward()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the graph and the formula, and write the picture."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.neuron", description=__doc__)
    parser.add_argument("picture", nargs="?", default="neuron.svg", type=pathlib.Path)
    options = parser.parse_args(arguments)
    graph = out.graph()
    print(graph)
    print()
    print(graph.expression())
    graph.save(options.picture)
    print(f"\nwrote {options.picture}")
    return 0


if __name__ == "__main__":
    run(main)
