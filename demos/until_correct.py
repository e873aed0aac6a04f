"""Train a network on xor, example by example, until all examples are classified correctly.

The loop is that of the textbooks; their pseudo-code stands beside it.
"""

import random
from collections.abc import Iterator, Sequence

from demos.console import parse, run, write
from demos.drawing import CLASSES, heat, progress, regions
from micrograd_like import no_grad
from micrograd_like.data import xor
from micrograd_like.drawing.charts import INK, Panel, dot, figure
from micrograd_like.nn import MLP

EXAMPLES, HIDDEN, SIZE, RATE, LIMIT, SEEDS = xor(), 4, 0.5, 2.0, 500, 20


def until_correct(model: MLP) -> Iterator[list[float]]:
    """Train; yield the answers before the first epoch and after each."""
    # initialize the network's weights, small and random: build(seed)
    parameters = model.parameters()
    yield answers_of(model)
    # do
    for _ in range(LIMIT):
        # for each training example ex
        for inputs, target in EXAMPLES:
            # prediction = the network's output for ex        (forward pass)
            prediction = model(inputs)
            # compute the error of the prediction
            error = (prediction - target) ** 2 / 2
            # compute Δw for all weights, from the output back (backward pass)
            error.backward()
            # update the network's weights
            for p in parameters:
                p.data -= RATE * p.grad
                p.grad = 0
        yield (answers := answers_of(model))
        # until all examples are classified correctly, or there were LIMIT epochs
        if correct(answers) == len(EXAMPLES):
            return


def answers_of(model: MLP) -> list[float]:
    """Return what the network makes of each example."""
    with no_grad():
        return [model(inputs).data for inputs, _ in EXAMPLES]


def build(seed: int, hidden: int = HIDDEN, size: float = SIZE) -> MLP:
    """Return a network of sigmoids whose weights are random numbers up to a size."""
    return MLP(
        2,
        [hidden, 1],
        activation=["sigmoid", "sigmoid"],
        init=lambda rng, nin, nout: rng.uniform(-size, size),
        rng=random.Random(seed),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the epochs of one run, then how many starts reach the end; draw the regions."""
    options = parse("until_correct", __doc__, arguments, seed=1)
    model, epochs, states = build(options.seed), list[list[float]](), list[dict[str, float]]()
    print(f"{model}\nrate {RATE:g}, until all {len(EXAMPLES)} are correct, at most {LIMIT} epochs")
    for answers in until_correct(model):
        epochs.append(answers)
        states.append(model.state_dict())
    last = len(epochs) - 1
    print("\nepoch   error  correct" + "".join(f"   {x:g} xor {y:g}" for (x, y), _ in EXAMPLES))
    for epoch in sorted({*range(0, last, 50), last}):
        answers = epochs[epoch]
        shown = "".join(f"{answer:10.4f}" for answer in answers)
        print(f"{epoch:5}{error_of(answers):8.4f}{correct(answers):9}{shown}")
    done = correct(epochs[-1]) == len(EXAMPLES)
    print(result := f"{'all correct' if done else 'stopped'} after {last} epochs")

    print(f"\nFrom other random weights, in {LIMIT} epochs:")
    survey(HIDDEN, SIZE, SEEDS // 2)
    survey(2, SIZE, SEEDS)
    print("   With two, more epochs help some: in 2,000 epochs 13 of 20 do, in 5,000 epochs 15.")
    alike = survey(HIDDEN, 0, 1).layers[0]
    kinds = {tuple(w.data for w in neuron.w) for neuron in alike.neurons}
    print(f"   Different hidden neurons at its end: {len(kinds)}. Equal neurons stay equal.")
    write(options.picture, draw(result, model, epochs, states))
    return 0


def correct(answers: Sequence[float]) -> int:
    """Count the answers on the right side of one half."""
    return sum((a > 0.5) == target for a, (_, target) in zip(answers, EXAMPLES, strict=True))


def error_of(answers: Sequence[float]) -> float:
    """Return half the sum of the squared errors."""
    return sum((a - target) ** 2 / 2 for a, (_, target) in zip(answers, EXAMPLES, strict=True))


def survey(hidden: int, size: float, seeds: int) -> MLP:
    """Print in how many epochs networks from several seeds reach the end; return the last one."""
    models = [build(seed, hidden, size) for seed in range(seeds)]
    runs = [list(until_correct(model)) for model in models]
    epochs = [len(run) - 1 for run in runs if correct(run[-1]) == len(EXAMPLES)]
    reached = f"{len(epochs)} of {seeds} reach the end"
    taken = f", after {min(epochs)} to {max(epochs)}" if epochs else ""
    print(f"{hidden} hidden neurons, weights in ±{size:g}: {reached}{taken}", flush=True)
    return models[-1]


def draw(
    result: str,
    model: MLP,
    epochs: Sequence[Sequence[float]],
    states: Sequence[dict[str, float]],
) -> str:
    """Draw the answers at the start, halfway and at the end, and the error over the epochs."""
    panels, last = [], len(epochs) - 1
    for epoch in 0, last // 2, last:
        model.load_state_dict(states[epoch])
        title = f"after {epoch} epochs"
        panels.append(panel := Panel((230, 230), (-0.45, 1.45), (-0.45, 1.45), title=title))
        with no_grad():
            heat(panel, lambda x, y: model([x, y]).data, 0, 1)
            regions(panel, lambda x, y: model([x, y]).data, [(0.5, f'fill="none" stroke="{INK}"')])
        panel.marks += [dot(*panel.at(x, y), CLASSES[target], 5) for (x, y), target in EXAMPLES]
        panel.axes("x", "y")
    panels[0].legend((dot(0, 0, CLASSES[k], 5), f"x xor y is {k}") for k in (0, 1))
    errors = progress((230, 230), "epoch", "error", {"error": [*map(error_of, epochs)]})
    subtitle = f"{result}; answers are blue for 0, white for ½, where the line is, and orange for 1"
    return figure("Until all are correct", subtitle, *panels, errors)


if __name__ == "__main__":
    run(main)
