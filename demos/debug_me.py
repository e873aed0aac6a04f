"""A network with three planted problems, and how each of them is found."""

from collections.abc import Sequence

from demos.console import run
from micrograd_like import Value, detect_anomaly, find_nonfinite, gradient_report, trace_lines
from micrograd_like.debugging.explain import explain
from micrograd_like.debugging.tracing import AnomalyError
from micrograd_like.nn import MLP


def network() -> MLP:
    """Return a network of two hidden layers with a dead ReLU and a saturated sigmoid."""
    model = MLP(2, [3, 3, 1], activation=["relu", "sigmoid", "linear"], rng=5)
    parameters = dict(model.named_parameters())
    parameters["layers.0.neurons.0.b"].data = -9.0  # problem 1: below 0 for every example
    parameters["layers.1.neurons.2.b"].data = 30.0  # problem 2: σ(30) is flat
    return model


def loss_of(model: MLP) -> Value:
    """Return the squared error over four examples."""
    total = Value(0.0)
    for inputs, target in (((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)):
        off = model(inputs) - target
        total = total + off * off
    total.label = "loss"
    return total


loss = loss_of(network())  # python3 -m micrograd_like debug demos/debug_me.py:loss


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each tool finds."""
    model = network()
    loss = loss_of(model)
    loss.backward()

    print("1. Which layer does not learn? gradient_report(model, loss):\n")
    print(gradient_report(model, loss, lr=0.1))

    dead = model.layers[0].neurons[0].w[0]
    print(f"\n2. Why is the gradient of {dead.label} {dead.grad}? explain(w, loss, k=1):\n")
    print(explain(dead, loss, k=1))

    flat = model.layers[1].neurons[2].w[1]
    print(f"\n3. And why is that of {flat.label} {flat.grad:.3g}? explain(w, loss, k=1):\n")
    print(explain(flat, loss, k=1))

    print(
        "\n4. One weight is huge, and the loss inf. Where does that begin? find_nonfinite(loss):\n"
    )
    model.layers[2].neurons[0].w[1].data = 1e200  # problem 3: its square overflows
    print(find_nonfinite(loss_of(model)))

    print("\n5. Stop there at once, and say the line: trace_lines() and detect_anomaly():\n")
    try:
        with trace_lines(), detect_anomaly():
            loss_of(model)
    except AnomalyError as error:
        where = error.value.line.rpartition("/")[2]
        print(f"AnomalyError: {error.value.op} at {where}, of {error.value.operands[0].data:.4g}")
    return 0


if __name__ == "__main__":
    run(main)
