"""Fit output = W · input to three points: guess, look at the error, then let its slope decide."""

from collections.abc import Sequence

from demos.console import parse, run, write
from micrograd_like import Value, fsum
from micrograd_like.drawing.charts import BLUE, GREEN, GREY, INK, VERMILION, Panel, dot, figure

DATA = ((0.0, 0.0), (1.0, 2.0), (2.0, 4.0))  # inputs and the outputs that we want
START, RATE = 4.0, 0.03


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


def descend(w: float) -> list[tuple[float, float, float]]:
    """Return W, the error and the slope from a start on, until the slope is next to nothing."""
    path = [(w, *slope_at(w))]
    while abs(path[-1][2]) > 1e-9:
        w -= RATE * path[-1][2]
        path.append((w, *slope_at(w)))
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the guesses with their errors and slopes, and the way down; draw them."""
    options = parse("fit_a_line", __doc__, arguments)
    for w, words in GUESSES.items():
        print(f"{words}\n input   output   model output   absolute error   squared error")
        rows = [(x, y, w * x, abs(w * x - y), (w * x - y) ** 2) for x, y in DATA]
        for x, y, out, absolute, square in rows:
            print(f"{x:6g} {y:8g} {out:14g} {absolute:16g} {square:15g}")
        error, slope = slope_at(w)
        print(f" total {sum(row[3] for row in rows):40g} {error:15g}\n")
    print(MISPRINTS)

    print("The slope needs no second guess: positive, reduce W; negative, increase W.")
    grid = [k / 2 for k in range(9)]
    print("W            ", *(f"{w:6g}" for w in grid))
    print("squared error", *(f"{slope_at(w)[0]:6g}" for w in grid))
    print("slope        ", *(f"{slope_at(w)[1]:6g}" for w in grid))
    path = descend(START)
    print(f"\nGradient descent from W = {START:g}: W ← W − {RATE:g} · slope")
    for step in (0, 1, 2, 3, 10, len(path) - 1):
        w, error, slope = path[step]
        print(f"step {step:2}   W {w:.9f}   squared error {error:.9f}   slope {slope:.9f}")
    write(options.picture, draw([(w, error) for w, error, _ in path]))
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


def draw(path: Sequence[tuple[float, float]]) -> str:
    """Draw the guesses through the points, and the error over W with the way down."""
    plane = Panel((420, 400), (-0.2, 2.4), (-0.6, 8.6))
    bowl = Panel((420, 400), (-0.2, 4.2), (-1.5, 24))
    plane.axes("input", "output")
    bowl.axes("W", "error")
    bowl.curve(lambda w: slope_at(w)[0], GREY, width=1.2)
    bowl.steps(path, INK)
    colours = dict(zip(GUESSES, (BLUE, VERMILION, GREEN), strict=True))
    for w, colour in colours.items():
        plane.line([(x, w * x) for x in plane.x], colour)
        for x, y in DATA:
            beside = x + 0.02 * (w - 3.5)  # where the errors of several guesses can be seen
            plane.line([(beside, y), (beside, w * x)], colour, dash="4 3")
        bowl.marks.append(dot(*bowl.at(w, slope_at(w)[0]), colour, 5))
    plane.marks += [dot(*plane.at(*point), INK) for point in DATA]
    plane.key({f"W = {w:g}": colour for w, colour in colours.items()})
    bowl.key({f"gradient descent from W = {START:g}, rate {RATE:g}": INK})
    subtitle = "three points, three guesses; the squared error over W, and the way down to W = 2"
    return figure("Fit a line", subtitle, plane, bowl)


if __name__ == "__main__":
    run(main)
