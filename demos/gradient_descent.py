"""Walk down the parabola y = (x + 2)², and see what too large a step does."""

from collections.abc import Sequence

from demos.console import parse, run, write
from micrograd_like import Value
from micrograd_like.drawing.charts import BLUE, GREEN, GREY, VERMILION, Panel, Point, figure, label

STARTS, RATE = (0.0, -4.0), 0.1


def at(place: float) -> Point:
    """Return y and the slope dy/dx at a place."""
    x = Value(place)
    y = (x + 2) ** 2
    y.backward()
    return y.data, x.grad


def descend(place: float, rate: float, steps: int) -> list[Point]:
    """Return the points (x, y) from the start on; a step goes from x to x - rate·slope."""
    points = []
    for _ in range(steps + 1):
        y, slope = at(place)
        points.append((place, y))
        place -= rate * slope
    return points


def verdict(path: Sequence[Point]) -> str:
    """Say where a path leads, by the heights on it and by the sides of -2 that it visits."""
    first, second, last = path[0][1], path[1][1], path[-1][1]
    if last > first:
        return "climbs out, ever faster"
    if last == first:
        return "goes to and fro for ever"
    if second == 0:
        return "is there in one step"
    crosses = any((x + 2) * (path[0][0] + 2) < 0 for x, _ in path)
    return "comes down from side to side" if crosses else "comes down on one side"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print slopes, steps and rates; draw the steps on the parabola."""
    options = parse("gradient_descent", __doc__, arguments)
    print("y = (x + 2)², dy/dx = 2·(x + 2); a step goes from x to x − rate·slope\n")
    walks = [descend(start, RATE, 60) for start in STARTS]
    print(f"rate {RATE:g}" + f"{'x':>12}{'y':>10}{'slope':>11}" * len(walks))
    for step in (0, 1, 2, 3, 5, 10, 20, 60):
        row = [f"{x:12.6f}{y:10.6f}{at(x)[1]:11.6f}" for x, y in (walk[step] for walk in walks)]
        print(f"step {step:<3}{''.join(row)}")

    print(f"\nfrom x = 0, after step{1:6}{2:9}{3:9}{10:9}")
    for rate in (0.1, 0.5, 0.9, 1.0, 1.1):
        path = descend(0.0, rate, 10)
        shown = "".join(f"{path[step][0]:9.3f}" for step in (1, 2, 3, 10))
        print(f"rate {rate:<14.1f}{shown}   {verdict(path)}")
    print("each step multiplies the distance to −2 by 1 − 2·rate, which shrinks it below rate 1")

    small = Panel((420, 400), (-4.5, 0.5), (-0.4, 5), title=f"rate {RATE}")
    large = Panel((420, 400), (-7.2, 3.2), (-2, 25), title="larger rates, from x = 0")
    for panel in small, large:
        panel.axes("x", "y")
        panel.curve(lambda x: at(x)[0], GREY, width=1.2)
    sides = {f"from x = {label(x)}": colour for x, colour in zip(STARTS, (BLUE, VERMILION))}
    small.key(sides)
    for walk, colour, anchor in zip(walks, sides.values(), ("end", "start"), strict=True):
        (x, y), slope = walk[0], at(walk[0][0])[1]
        small.line([(x + d, y + slope * d) for d in (-0.6, 0.6)], GREY, dash="4 3")
        small.note(x - 0.04 * slope, y - 0.05, f"slope {label(slope)}", anchor=anchor)
        small.steps(walk, colour)
    rates = {0.9: GREEN, 1.0: BLUE, 1.1: VERMILION}
    for rate, colour in rates.items():
        large.steps(descend(0.0, rate, 5), colour)
    large.key({f"rate {rate}": colour for rate, colour in rates.items()})
    subtitle = "y = (x + 2)²: small steps lead down to (−2, 0); too large ones to and fro, or out"
    write(options.picture, figure("Gradient descent", subtitle, small, large))
    return 0


if __name__ == "__main__":
    run(main)
