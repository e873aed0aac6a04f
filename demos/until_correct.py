"""Train a network on xor, example by example, until all are classified correctly."""

import random
from collections.abc import Iterator, Sequence

from demos.console import parse, run, write
from demos.drawing import CLASSES, heat, regions
from micrograd_like.data import xor
from micrograd_like.drawing.charts import INK, Panel, dot, figure
from micrograd_like.nn import MLP

EXAMPLES, HIDDEN, SIZE, RATE, LIMIT, SEEDS = xor(), 4, 0.5, 2.0, 500, 20


def build(seed: int, hidden: int = HIDDEN, size: float = SIZE) -> MLP:
    """Return a network of sigmoids whose weights are random numbers up to a size."""
    return MLP(
        2,
        [hidden, 1],
        activation=["sigmoid", "sigmoid"],
        init=lambda rng, nin, nout: rng.uniform(-size, size),
        rng=random.Random(seed),
    )


def until_correct(model: MLP) -> Iterator[list[float]]:
    """Train; yield the answers before each epoch, and those that end it."""
    for epoch in range(LIMIT + 1):
        answers = [model(inputs).data for inputs, _ in EXAMPLES]
        yield answers
        if epoch == LIMIT or correct(answers) == len(EXAMPLES):
            return
        for inputs, target in EXAMPLES:
            error = (model(inputs) - target) ** 2 / 2
            model.zero_grad()
            error.backward()
            for p in model.parameters():
                p.data -= RATE * p.grad


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
    reached = f"{len(epochs)} of {seeds} reach it"
    taken = f", in {min(epochs)} to {max(epochs)} epochs" if epochs else ""
    print(f"{hidden} hidden neurons, weights in ±{size:g}: {reached}{taken}")
    return models[-1]


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

    print()
    for hidden in (HIDDEN, 2):
        survey(hidden, SIZE, SEEDS)
    alike = survey(HIDDEN, 0, 1).layers[0]
    kinds = {tuple(w.data for w in neuron.w) for neuron in alike.neurons}
    print(f"hidden neurons that differ, after that: {len(kinds)}; who starts alike stays alike")

    panels = []
    for epoch in 0, last // 2, last:
        model.load_state_dict(states[epoch])
        title = f"after {epoch} epochs"
        panels.append(panel := Panel((230, 230), (-0.45, 1.45), (-0.45, 1.45), title=title))
        heat(panel, lambda x, y: model([x, y]).data, 0, 1)
        regions(panel, lambda x, y: model([x, y]).data, [(0.5, f'fill="none" stroke="{INK}"')])
        panel.marks += [dot(*panel.at(x, y), CLASSES[target], 5) for (x, y), target in EXAMPLES]
        panel.axes("x", "y")
    panels[0].legend((dot(0, 0, CLASSES[k], 5), f"x xor y is {k}") for k in (0, 1))
    errors = Panel((230, 230), (0, max(last, 1)), (0, 0.7))
    errors.axes("epoch", "error", whole=True)
    errors.line([(epoch, error_of(answers)) for epoch, answers in enumerate(epochs)], INK)
    subtitle = f"{result}; answers are blue for 0, white for ½, where the line is, and orange for 1"
    write(options.picture, figure("Until all are correct", subtitle, *panels, errors))
    return 0


if __name__ == "__main__":
    run(main)
