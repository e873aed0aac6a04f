"""Let a network imitate another one, of a different shape, from examples of what that does."""

import math
import random
from collections.abc import Sequence
from functools import partial

from demos.console import parse, run, write
from demos.drawing import colour_bar, heat
from micrograd_like import Value, losses, optim, training
from micrograd_like.drawing.charts import GREEN, INK, Panel, figure, spread
from micrograd_like.nn import MLP

SPAN, EPOCHS = 1.5, 25


def make_teacher(rng: random.Random) -> MLP:
    """Return a network with random weights, large enough for hills and valleys."""
    teacher = MLP(2, [6, 6, 1], activation="tanh", rng=rng)
    for name, p in teacher.named_parameters():
        p.data = rng.gauss(0, 1 if name.endswith(".b") else 0.8)
    return teacher


def answer(model: MLP, x: float, y: float) -> float:
    """Return what a network makes of a point."""
    out: Value = model([x, y])
    return out.data


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

    error = losses.mean_squared_error
    start = [training.evaluate(student, rows, error)["loss"] for rows in parts.values()]
    history = training.fit(
        student,
        parts["training"],
        loss=error,
        optimizer=optim.SGD(  # 30 steps an epoch, ever smaller ones
            student, lr=lambda step: 0.1 * (1 - step // 30 / EPOCHS), momentum=0.9
        ),
        epochs=EPOCHS,
        batch_size=10,
        rng=rng,
        validation=parts["held out"],
        progress=False,
    )
    # of the training examples, the means over each epoch, on the way
    columns = history["loss"], history["validation_loss"]
    curves = {name: [first, *column] for name, first, column in zip(parts, start, columns)}
    for epoch in (e for e in (0, 1, 2, 5, 10, 15, 20, EPOCHS) if e <= len(history)):
        errors = "".join(f"   {name} {curve[epoch]:.6f}" for name, curve in curves.items())
        print(f"epoch {epoch:2}   mean squared error{errors}")
    if history.interrupted:
        print(f"stopped in epoch {len(history) + 1} of {EPOCHS}, student as it was then")

    answers = [target for _, target in parts["held out"]]
    mean = sum(answers) / len(answers)
    scatter = math.sqrt(sum((target - mean) ** 2 for target in answers) / len(answers))
    off = math.sqrt(curves["held out"][-1])
    result = f"off by {off:.3f} where the teacher's answers spread by {scatter:.3f}"
    print(f"\nheld out, root mean square: {result}, {off / scatter:.1%} of it")

    low, high = min(answers), max(answers)
    planes = []
    for name, model in ("teacher", teacher), ("student", student):
        title = f"the {name}, {len(model.parameters())} parameters"
        planes.append(plane := Panel((300, 300), (-SPAN, SPAN), (-SPAN, SPAN), title=title))
        heat(plane, partial(answer, model), low, high)
        plane.axes("x", "y")
    numbers = [*curves["training"], *curves["held out"]]
    chart = Panel((240, 300), (0, EPOCHS), spread(numbers, log=True), log=True)
    chart.axes("epoch", "error", whole=True)
    chart.key(colours := dict(zip(curves, (INK, GREEN))))
    for name, curve in curves.items():
        chart.line(enumerate(curve), colours[name])
    bar = colour_bar(300, low, high, "answer")
    subtitle = f"on points that it was not shown, the student is {result}"
    write(options.picture, figure("Imitate a network", subtitle, *planes, bar, chart))
    return 130 if history.interrupted else 0


if __name__ == "__main__":
    run(main)
