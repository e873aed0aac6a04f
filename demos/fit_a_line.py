"""Fit output = W · input to three points, by looking at the errors and then by their slope."""

from collections.abc import Sequence

from demos.console import parse, run, write
from micrograd_like import Value, fsum
from micrograd_like.drawing.charts import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILION,
    Panel,
    dot,
    figure,
    ring,
)

DATA = ((0.0, 0.0), (1.0, 2.0), (2.0, 4.0))  # inputs, outputs
GUESSES, RATE = (3.0, 4.0, 2.0), 0.03


def squared_error(w: Value) -> Value:
    """Return the sum of the squared errors of the model with this weight."""
    total: Value = fsum([(w * x - y) ** 2 for x, y in DATA])
    return total


def error_at(w: float) -> float:
    """Return the same for a number."""
    return squared_error(Value(w)).data


def table(w: float) -> None:
    """Print what the model makes of every input, and how wrong that is."""
    print(f"W = {w:g}\n input   output   model output   absolute error   squared error")
    rows = [(x, y, w * x, abs(w * x - y), (w * x - y) ** 2) for x, y in DATA]
    for x, y, out, absolute, square in rows:
        print(f"{x:6g} {y:8g} {out:14g} {absolute:16g} {square:15g}")
    print(f" total {sum(row[3] for row in rows):40g} {error_at(w):15g}\n")


def descend(start: float, rate: float) -> list[tuple[float, float]]:
    """Return the weights and their errors from the start on, until the slope is next to nothing."""
    w, path = Value(start), list[tuple[float, float]]()
    while not path or abs(w.grad) > 1e-9:
        w.data -= rate * w.grad  # the first time, by nothing
        w.grad = 0
        error = squared_error(w)
        error.backward()
        path.append((w.data, error.data))
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, the error over W, and the steps to its minimum; draw them."""
    options = parse("fit_a_line", __doc__, arguments)
    for w in GUESSES:
        table(w)
    grid = [k / 2 for k in range(9)]
    print("W            ", *(f"{w:6g}" for w in grid))
    print("squared error", *(f"{error_at(w):6g}" for w in grid))
    print(f"the smallest is at W = {min(grid, key=error_at):g}\n")

    path = descend(GUESSES[1], RATE)
    print(f"gradient descent from W = {GUESSES[1]:g}: W ← W − {RATE:g}·slope")
    for step in (0, 1, 2, 3, 10, len(path) - 1):
        w, error = path[step]
        print(f"step {step:2}   W {w:.9f}   squared error {error:.9f}")

    plane = Panel((420, 400), (-0.2, 2.4), (-0.6, 8.6))
    bowl = Panel((420, 400), (-0.2, 4.2), (-1.5, 24))
    plane.axes("input", "output")
    bowl.axes("W", "error")
    bowl.curve(error_at, GREY, width=1.2)
    bowl.steps(path, INK)
    colours = dict(zip(GUESSES, (BLUE, VERMILION, GREEN), strict=True))
    for w, colour in colours.items():
        plane.line([(x, w * x) for x in plane.x], colour)
        for x, y in DATA:
            beside = x + 0.02 * (w - 3.5)  # where the errors of several guesses can be seen
            plane.line([(beside, y), (beside, w * x)], colour, dash="4 3")
        bowl.marks.append(ring(*bowl.at(w, error_at(w)), colour))
    plane.marks += [dot(*plane.at(*point), INK) for point in DATA]
    plane.key({f"W = {w:g}": colour for w, colour in colours.items()})
    bowl.key({f"gradient descent from W = {GUESSES[1]:g}, rate {RATE:g}": INK})
    subtitle = "three points, three guesses; the squared error over W, and the way down to W = 2"
    write(options.picture, figure("Fit a line", subtitle, plane, bowl))
    return 0


if __name__ == "__main__":
    run(main)
