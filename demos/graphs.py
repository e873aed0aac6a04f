"""Draw a neuron, a layer, networks at three levels of detail, and the graph of a gradient."""

import argparse
import pathlib
from collections.abc import Sequence

from demos.console import run
from micrograd_like import Value, gradients, tanh
from micrograd_like.graph import Graph
from micrograd_like.nn import MLP, Layer, Neuron

SIZES = [16, 16, 1], [4, 4, 1], [2, 1]  # networks to draw by layer, by neuron, and in full


def inputs() -> list[Value]:
    """Return two labelled inputs."""
    return [Value(1.0, label="x1"), Value(-2.0, label="x2")]


def graphs(theme: str) -> dict[str, Graph]:
    """Return the graphs to draw under the names of their files."""
    neuron = Neuron(2, activation="tanh", rng=1, fused=False)(inputs())
    neuron.backward()

    layer = Layer(2, 2, activation="sigmoid", rng=1)(inputs())
    for out in layer:
        out.backward()

    large, middle, small = (MLP(2, sizes, rng=1)(inputs()) for sizes in SIZES)
    for out in large, middle, small:
        out.backward()

    x = Value(0.5, label="x")
    (slope,) = gradients(tanh(x * x), [x], create_graph=True)
    slope.label = "d tanh(x²)/dx"
    slope.backward()

    return {
        "neuron": neuron.graph(theme=theme),
        "layer": Graph(*layer, theme=theme),
        "layers": large.graph(theme=theme, collapse=2),
        "neurons": middle.graph(theme=theme, collapse=3),
        "network": small.graph(theme=theme, view="gradients"),
        "gradient": slope.graph(theme=theme),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write every picture, and print what it shows."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.graphs", description=__doc__)
    parser.add_argument("folder", nargs="?", default="graphs", type=pathlib.Path)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--layout", choices=("auto", "graphviz", "builtin"), default="auto")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs(options.theme).items():
        path = options.folder / f"{name}.svg"
        graph.save(path, options.layout)
        print(f"{path}: {repr(graph).partition(chr(10))[0]}")
    return 0


if __name__ == "__main__":
    run(main)
