"""Go down Rosenbrock's valley: Newton's method, with a Hessian, against gradient descent."""

from collections.abc import Callable, Sequence
from math import log10
from typing import Any

from demos.console import parse, run, write
from demos.drawing import regions
from micrograd_like import grad, hessian
from micrograd_like.drawing.charts import BLUE, GREY, VERMILION, Panel, Point, figure

START, RATE = (-1.2, 1.0), 0.001


def rosenbrock(v: Sequence[Any]) -> Any:
    """Return the height of a point: a curved valley, almost flat, whose lowest point is (1, 1)."""
    x, y = v
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def newton(v: Point) -> Point:
    """Go to where the parabola that fits the slopes and the curvature here is lowest."""
    (a, b), (c, d) = hessian(rosenbrock)(v)
    p, q = grad(rosenbrock)(v)
    det = a * d - b * c
    return v[0] - (d * p - b * q) / det, v[1] - (a * q - c * p) / det


def descend(v: Point) -> Point:
    """Go down the slope, by a rate small enough for the steep walls."""
    p, q = grad(rosenbrock)(v)
    return v[0] - RATE * p, v[1] - RATE * q


def path(step: Callable[[Point], Point], steps: int) -> list[Point]:
    """Return the start and where each step leads."""
    places = [START]
    for _ in range(steps):
        places.append(step(places[-1]))
    return places


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both ways down; draw them over the contours."""
    options = parse("rosenbrock", __doc__, arguments)
    fast, slow = path(newton, 7), path(descend, 3000)
    print("f(x, y) = (1 − x)² + 100·(y − x²)², lowest at (1, 1)\n")
    print("Newton: v ← v − H⁻¹·gradient")
    tell(fast, range(len(fast)))
    print(f"\ngradient descent: v ← v − {RATE}·gradient")
    tell(slow, (0, 1, 10, 100, 1000, 3000))
    print("\nNewton's steps may lead uphill at first; at the end each doubles the digits.")
    draw(options.picture, fast, slow)
    return 0


def tell(places: Sequence[Point], steps: Sequence[int]) -> None:
    """Print some steps."""
    for step in steps:
        x, y = places[step]
        print(f"step {step:4}   x {x:11.8f}   y {y:11.8f}   f {rosenbrock((x, y)):.3e}")


def draw(picture: Any, fast: Sequence[Point], slow: Sequence[Point]) -> None:
    """Draw both paths over contours, a power of ten apart."""
    panel = Panel((500, 560), (-1.7, 1.7), (-3.4, 1.7))
    panel.axes("x", "y")
    paint = f'fill="none" stroke="{GREY}" stroke-width="0.7"'
    levels = [(1 + k / 2, paint) for k in range(5)]
    regions(panel, lambda x, y: log10(rosenbrock((x, y)) + 1e-9), levels)
    panel.line(slow, VERMILION)
    panel.steps(fast, BLUE)
    panel.key({"Newton, 7 steps": BLUE, "gradient descent, 3,000": VERMILION})
    subtitle = "contours at powers of √10; both start at (−1.2, 1), and (1, 1) is lowest"
    write(picture, figure("Rosenbrock's valley", subtitle, panel))


if __name__ == "__main__":
    run(main)
