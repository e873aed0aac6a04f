"""Fit output = W · input to three points: guess, look at the error, then let its slope decide.

The error is a function of W. Where its slope is positive, a smaller W makes it smaller; where it is
negative, a larger one. W ← W − rate · slope goes the right way from either side.
"""

from collections.abc import Sequence

from demos.console import parse, run, write
from demos.drawing import walks
from demos.gradient_descent import descend
from micrograd_like import Value, fsum
from micrograd_like.drawing.charts import BLUE, GREEN, INK, VERMILION, Panel, dot, figure

DATA = ((0.0, 0.0), (1.0, 2.0), (2.0, 4.0))  # inputs and the outputs that we want
RATE = 0.03


def error_of(w: Value) -> Value:
    """Return the sum of the squared errors of the model with this weight."""
    total: Value = fsum([(w * x - y) ** 2 for x, y in DATA])
    return total


def slope_at(w: float) -> tuple[float, float]:
    """Return the error of a weight, and its slope there."""
    weight = Value(w)
    error = error_of(weight)
    error.backward()
    return error.data, weight.grad


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the guesses with their errors and slopes, and the way down; draw them."""
    options = parse("fit_a_line", __doc__, arguments)
    for w, words in GUESSES.items():
        print(f"{words}\n input   output   model output   absolute error   squared error")
        rows = [(x, y, w * x, abs(w * x - y), (w * x - y) ** 2) for x, y in DATA]
        for x, y, out, absolute, square in rows:
            print(f"{x:6g} {y:8g} {out:14g} {absolute:16g} {square:15g}")
        print(f" total {sum(row[3] for row in rows):40g} {slope_at(w)[0]:15g}\n")
    print(MISPRINTS)
    print("The slope needs no second guess: positive, reduce W; negative, increase W.")
    grid = [(k / 2, *slope_at(k / 2)) for k in range(9)]
    for name, row in zip(("W", "squared error", "slope"), zip(*grid)):
        print(f"{name:13}", *(f"{x:6g}" for x in row))
    paths = {f"from W = {start:g}": descend(error_of, start, RATE, 60) for start in (0.0, 4.0)}
    for name, path in paths.items():
        print(f"\nGradient descent {name}: W ← W − {RATE:g} · slope")
        for step in (0, 1, 2, 3, 10, 60):
            w, error, slope = path[step]
            print(f"step {step:2}   W {w:.9f}   squared error {error:.9f}   slope {slope:.9f}")

    plane = Panel((420, 400), (-0.2, 2.4), (-0.6, 8.6))
    plane.axes("input", "output")
    colours = dict(zip(GUESSES, (BLUE, VERMILION, GREEN), strict=True))
    for w, colour in colours.items():
        plane.line([(x, w * x) for x in plane.x], colour)
        for x, y in DATA:
            beside = x + 0.02 * (w - 3.5)  # where the errors of several guesses can be seen
            plane.line([(beside, y), (beside, w * x)], colour, dash="4 3")
    plane.marks += [dot(*plane.at(*point), INK) for point in DATA]
    plane.key({f"W = {w:g}": colour for w, colour in colours.items()})
    bowl = walks((420, 400), ("W", "error"), error_of, paths)
    subtitle = "three points, three guesses; the squared error over W, and two ways down to W = 2"
    write(options.picture, figure("Fit a line", subtitle, plane, bowl))
    return 0


GUESSES = {
    3.0: "A first guess, W = 3: the error is 5.",
    4.0: "A step up, W = 4: the error rises to 20. That was the wrong way.",
    2.0: "A step down from the first guess, W = 2: the error is 0.",
}
MISPRINTS = """\
Beware of misprints in such tables. For input 1, neither "output 3, absolute error 2, squared error
4" beside W = 3 nor "output 3, squared error 0" beside W = 2 can be right: 3 · 1 = 3 is off by 1,
1² = 1, and 2 · 1 = 2.
"""


if __name__ == "__main__":
    run(main)
