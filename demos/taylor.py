"""Taylor polynomials from nested grad: the n-th derivative is grad of grad of … of f."""

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

from demos.console import parse, run, write
from micrograd_like import exp, grad, sin
from micrograd_like.drawing.charts import BLUE, GREEN, GREY, INK, VERMILION, Panel, figure

AT, ORDERS = 0.5, (1, 3, 5, 8)


def f(x: Any) -> Any:
    """Return the function that is approached."""
    return exp(-x * x / 2) * sin(3 * x)


def derivatives(function: Callable[[Any], Any], x: float, n: int) -> list[float]:
    """Return the value and the first n derivatives at x."""
    found = []
    for _ in range(n + 1):
        found.append(function(x))
        function = grad(function)
    return found


def taylor(slopes: Sequence[float], at: float) -> Callable[[float], float]:
    """Return the polynomial that has these derivatives at a place."""

    def polynomial(x: float) -> float:
        return sum(d / factorial(n) * (x - at) ** n for n, d in enumerate(slopes))

    return polynomial


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the derivatives and how good the polynomials are; draw them."""
    options = parse("taylor", __doc__, arguments)
    slopes = derivatives(f, AT, max(ORDERS))
    print(f"f(x) = exp(−x²/2)·sin(3x) at x = {AT}\n")
    for n, slope in enumerate(slopes):
        print(f"derivative {n}   {slope:18.12f}")
    print("\nfrom there   " + "".join(f"{f'order {n}':>12}" for n in ORDERS) + "   off by")
    for away in (0.1, 0.5, 1.0):
        x = AT + away
        errors = [abs(taylor(slopes[: n + 1], AT)(x) - f(x)) for n in ORDERS]
        print(f"{away:10.1f}   " + "".join(f"{error:12.1e}" for error in errors))

    panel = Panel((560, 380), (-1.5, 2.5), (-2, 2))
    panel.axes("x", "y")
    colours = dict(zip(ORDERS, (GREY, GREEN, BLUE, VERMILION), strict=True))
    panel.curve(f, INK, width=3.0)
    for n, colour in colours.items():
        polynomial = taylor(slopes[: n + 1], AT)
        xs = [panel.x[0] + k * 0.02 for k in range(201)]
        inside = [(x, polynomial(x)) for x in xs if abs(polynomial(x)) <= 2]
        panel.line(inside, colour)
    panel.key({"f": INK} | {f"order {n}": colour for n, colour in colours.items()})
    subtitle = f"exp(−x²/2)·sin(3x) and its Taylor polynomials around x = {AT}"
    write(options.picture, figure("Taylor polynomials", subtitle, panel))
    return 0


if __name__ == "__main__":
    run(main)
