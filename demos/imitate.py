"""Let a network imitate another one, of a different shape, from examples of what that does."""

import math
import random
from collections.abc import Iterator, Sequence
from functools import partial

from demos.charts import GREEN, INK, Panel, colour_bar, figure
from demos.console import parse, run, write
from micrograd_like import Value, fsum
from micrograd_like.data import batches
from micrograd_like.nn import MLP

SPAN, EPOCHS, BATCH, RATE, MOMENTUM = 1.5, 25, 10, 0.1, 0.9
Example = tuple[list[float], float]


def make_teacher(rng: random.Random) -> MLP:
    """Return a network with random weights, large enough for hills and valleys."""
    teacher = MLP(2, [6, 6, 1], activation="tanh", rng=rng)
    for name, p in teacher.named_parameters():
        p.data = rng.gauss(0, 1 if name.endswith(".b") else 0.8)
    return teacher


def answer(model: MLP, x: float, y: float) -> float:
    """Return what a network makes of a point."""
    return float(model([x, y]))


def squared_error(model: MLP, examples: Sequence[Example]) -> Value:
    """Return the mean squared error."""
    total: Value = fsum([(model(inputs) - target) ** 2 for inputs, target in examples])
    return total / len(examples)


def train(model: MLP, examples: Sequence[Example], rng: random.Random) -> Iterator[int]:
    """Descend with momentum, at a rate that falls to 0; yield before each epoch and at the end."""
    parameters = model.parameters()
    speeds = [0.0] * len(parameters)
    for epoch in range(EPOCHS):
        yield epoch
        rate = RATE * (1 - epoch / EPOCHS)
        for batch in batches(examples, BATCH, rng):
            model.zero_grad()
            squared_error(model, batch).backward()
            speeds = [MOMENTUM * v - rate * p.grad for v, p in zip(speeds, parameters, strict=True)]
            for p, v in zip(parameters, speeds, strict=True):
                p.data += v
    yield EPOCHS


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the errors on held-out points, draw both functions side by side."""
    options = parse("imitate", __doc__, arguments, seed=10)
    rng = random.Random(options.seed)
    teacher = make_teacher(rng)
    points = [[rng.uniform(-SPAN, SPAN), rng.uniform(-SPAN, SPAN)] for _ in range(400)]
    examples = [(point, answer(teacher, *point)) for point in points]
    parts = {"training": examples[:-100], "held out": examples[-100:]}
    student = MLP(2, [8, 8, 8, 1], activation="tanh", init="glorot", rng=rng)
    print(f"teacher {teacher}\nstudent {student}")
    print(", ".join(f"{len(rows)} examples {name}" for name, rows in parts.items()) + "\n")

    curves: dict[str, list[float]] = {name: [] for name in parts}
    for epoch in train(student, parts["training"], rng):
        for name, rows in parts.items():
            curves[name].append(squared_error(student, rows).data)
        if epoch in (0, 1, 2, 5, 10, 15, 20, EPOCHS):
            errors = "".join(f"   {name} {curve[-1]:.6f}" for name, curve in curves.items())
            print(f"epoch {epoch:2}   mean squared error{errors}", flush=True)

    answers = [target for _, target in parts["held out"]]
    mean = sum(answers) / len(answers)
    spread = math.sqrt(sum((target - mean) ** 2 for target in answers) / len(answers))
    error = math.sqrt(curves["held out"][-1])
    result = f"off by {error:.3f} where the teacher's answers spread by {spread:.3f}"
    print(f"\nheld out, root mean square: {result}, {error / spread:.1%} of it")

    low, high = min(answers), max(answers)
    panels = [colour_bar(750, 116, 300, low, high)]
    for left, name, model in (56, "teacher", teacher), (396, "student", student):
        panel = Panel(left, 116, (300, 300), (-SPAN, SPAN), (-SPAN, SPAN))
        panel.heat(partial(answer, model), low, high)
        panel.axes("x", "y")
        panel.legend([("", f"the {name}, {len(model.parameters())} parameters")])
        panels.append(panel)
    numbers = [loss for curve in curves.values() for loss in curve]
    losses = Panel(850, 116, (240, 300), (0, EPOCHS), (min(numbers), max(numbers)), log=True)
    losses.axes("epoch", "error")
    colours = dict(zip(curves, (INK, GREEN), strict=True))
    for name, curve in curves.items():
        losses.line(list(enumerate(curve)), colours[name])
    losses.key(colours)
    subtitle = f"on points that it was not shown, the student is {result}"
    write(options.picture, figure("Imitate a network", subtitle, *panels, losses))
    return 0


if __name__ == "__main__":
    run(main)
