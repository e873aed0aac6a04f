"""Draw a neuron, a layer, a network at three levels of detail, and the graph of a gradient."""

import argparse
import pathlib
from collections.abc import Sequence

from demos.console import run
from micrograd_like import Value, gradients, tanh
from micrograd_like.graph import Graph
from micrograd_like.nn import MLP, Layer, Neuron


def inputs() -> list[Value]:
    """Return two labelled inputs."""
    return [Value(1.0, label="x1"), Value(-2.0, label="x2")]


def graphs(theme: str) -> dict[str, Graph]:
    """Return the graphs to draw under the names of their files."""
    neuron = Neuron(2, activation="tanh", rng=1, fused=False)(inputs())
    neuron.backward()

    layer = Layer(2, 3, activation="sigmoid", rng=1)(inputs())
    for out in layer:
        out.backward()

    network = MLP(2, [16, 16, 1], rng=1)(inputs())
    network.backward()

    x = Value(0.5, label="x")
    (slope,) = gradients(tanh(x * x), [x], create_graph=True)
    slope.label = "d tanh(x²)/dx"
    slope.backward()

    return {
        "neuron": neuron.graph(theme=theme),
        "layer": Graph(*layer, theme=theme),
        "layers": network.graph(theme=theme, collapse=2),
        "neurons": network.graph(theme=theme, collapse=3),
        "network": network.graph(theme=theme, limit=1000, view="gradients"),
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
