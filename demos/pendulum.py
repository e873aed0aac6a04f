"""Aim a pendulum: differentiate through 200 steps of its simulation."""

from collections.abc import Sequence
from typing import Any

from demos.console import parse, run, write
from micrograd_like import sin, value_and_grad
from micrograd_like.drawing.charts import BLUE, GREEN, GREY, VERMILION, Panel, figure

STEPS, DT = 200, 0.012  # 2.4 seconds
BELL = 0.6  # the angle it is to have then: it hangs at 0
COLOURS = (GREY, GREEN, BLUE, VERMILION)


def swing(push: Any) -> list[Any]:
    """Return the angle after every step, for the speed that a push gives at the start.

    The pendulum is 1 m long and damped. The same code takes a float and a Value.
    """
    angle, speed, angles = 0.0, push, [0.0]
    for _ in range(STEPS):
        speed = speed - DT * (9.81 * sin(angle) + 0.2 * speed)
        angle = angle + DT * speed
        angles.append(angle)
    return angles


def aim(push: float, tries: int = 7) -> list[tuple[float, float]]:
    """Return pushes and the angles at the end, each push better by Newton's method.

    The slope d(angle)/d(push) is that of all the steps together, by the chain rule.
    """
    end_and_slope, tried = value_and_grad(lambda push: swing(push)[-1]), list[tuple[float, float]]()
    for _ in range(tries):
        end, slope = end_and_slope(push)
        tried.append((push, end))
        push += (BELL - end) / slope
    return tried


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the pushes; draw the swings."""
    options = parse("pendulum", __doc__, arguments)
    tried = aim(1.0)
    print(f"a bell at {BELL} rad is to be hit after {STEPS} steps of {DT} s\n")
    for step, (push, end) in enumerate(tried):
        print(f"try {step}   push {push:10.6f} rad/s   ends at {end:9.6f}   off {end - BELL:9.1e}")

    panel = Panel((560, 360), (0, STEPS * DT), (-1.6, 1.8))
    panel.axes("seconds", "angle")
    panel.line([(0, BELL), (STEPS * DT, BELL)], GREY, dash="4 3")
    names = [f"try {step}" for step in range(3)] + [f"try {len(tried) - 1}"]
    for (push, _), colour in zip((*tried[:3], tried[-1]), COLOURS):
        panel.line([(i * DT, x) for i, x in enumerate(swing(push))], colour)
    panel.key(dict(zip(names, COLOURS)))
    subtitle = "each push is aimed by the slope through 200 steps; dashed: the bell"
    write(options.picture, figure("A pendulum that hits a bell", subtitle, panel))
    return 0


if __name__ == "__main__":
    run(main)
