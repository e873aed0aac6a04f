"""Walk down a function to a low place, with nothing but its slope.

Where the slope is positive, y rises with x: reduce x. Where it is negative, increase x. Subtracting
rate · slope does both, and the steps become smaller as the ground becomes flatter.
"""

from collections.abc import Sequence

from demos.console import parse, run, write
from demos.drawing import Function, walks
from micrograd_like import Value, tanh
from micrograd_like.drawing.charts import figure, label

Path = list[tuple[float, float, float]]  # x, y and the slope dy/dx


def descend(f: Function, start: float, rate: float, steps: int) -> Path:
    """Return x, f(x) and the slope at the start and after each step.

    >>> [round(x, 3) for x, y, slope in descend(lambda x: (x + 2) ** 2, 0.0, 0.1, steps=3)]
    [0.0, -0.4, -0.72, -0.976]
    """
    x, path = Value(start), Path()
    for _ in range(steps + 1):
        x.grad = 0
        y = f(x)
        y.backward()  # now x.grad is the slope
        path.append((x.data, y.data, x.grad))
        x.data -= rate * x.grad
    return path


FUNCTIONS: dict[str, Function] = {
    "y = (x + 2)²": lambda x: (x + 2) ** 2,
    "y = x⁴ − 2x² + x/2": lambda x: x**4 - 2 * x**2 + x / 2,
    "y = tanh(x)²": lambda x: tanh(x) ** 2,
}
STARTS = (0.0, -4.0), (0.0, 0.5), (1.0, 3.5)  # two for each function


def main(arguments: Sequence[str] | None = None) -> int:
    """Print walks on the three functions, then what larger rates do; draw them all."""
    options = parse("gradient_descent", __doc__, arguments)
    print("If the slope is positive, reduce x; if it is negative, increase x: x ← x − rate·slope")
    panels = []
    for (name, f), starts, seen in zip(FUNCTIONS.items(), STARTS, SEEN):
        paths = {f"from {label(start)}": descend(f, start, 0.1, 60) for start in starts}
        print(f"\n{name}\nrate 0.1 " + f"{'x':>13}{'y':>10}{'slope':>10}" * len(paths))
        for step in (0, 1, 2, 3, 10, 60):
            points = [path[step] for path in paths.values()]
            row = "".join(f"{x:13.6f}{y:10.6f}{slope:10.6f}" for x, y, slope in points)
            print(f"step {step:<4}{row}")
        print(seen)
        panels.append(walks((210, 300), ("x", "y"), f, paths, f"{name}, rate 0.1"))

    f = FUNCTIONS["y = (x + 2)²"]
    paths = {f"{rate}": descend(f, 0.0, rate, 5) for rate in (0.1, 0.5, 0.9, 1.0, 1.1)}
    print("\ny = (x + 2)² from x = 0; x after step", *(f"{step:8}" for step in range(1, 6)))
    for rate, path in paths.items():
        print(f"rate {rate:<32}", *(f"{x:8.3f}" for x, _, _ in path[1:]))
    print(RATES)
    large = {rate: paths[rate] for rate in ("0.9", "1.0", "1.1")}
    panels.insert(1, walks((210, 300), ("x", "y"), f, large, "larger rates, from x = 0"))
    subtitle = "x ← x − rate·slope: small steps lead down, too large ones back and forth, or away"
    write(options.picture, figure("Gradient descent", subtitle, *panels))
    return 0


SEEN = (
    "The slope is 2·(x + 2). From both sides the walk leads to x = −2, where the slope is 0.",
    "Two starts, two valleys: a walk finds a low place near it, not the lowest of all.",
    "Far out the slope is tiny, and so are the steps: a small slope is not yet a low place.",
)
RATES = """\
A step multiplies the distance to −2 by 1 − 2·rate. Rate 0.5 is there in one step, 0.9 comes down
from side to side, 1 jumps back and forth for ever, and 1.1 climbs out, ever faster."""


if __name__ == "__main__":
    run(main)
