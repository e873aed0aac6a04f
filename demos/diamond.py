"""Why backpropagation goes in topological order: the diamond b = a + a, c = b + b."""

from collections.abc import Sequence

from demos.console import run
from micrograd_like import Value


def diamond() -> dict[str, Value]:
    """Return a, b and c: there are four paths from c to a, so that dc/da is 4."""
    a = Value(1.0, label="a")
    b = a + a
    c = b + b
    b.label, c.label = "b", "c"
    return {"a": a, "b": b, "c": c}


def too_early(out: Value, lines: list[str]) -> None:
    """Hand on a gradient as soon as something of it has arrived: short, and wrong."""
    for x, partial in zip(out.operands, out.partials, strict=True):
        x.grad += out.grad * partial
        lines.append(f"{out.label} hands {out.grad * partial:g} to {x.label}: {x.grad:g}")
        too_early(x, lines)


def in_order(out: Value, lines: list[str]) -> None:
    """Hand on a gradient when all of it has arrived, as `backward` does."""
    for step in out.steps(commit=True):
        waiting = f", {step.waiting} to come" if step.waiting else ""
        lines.append(
            f"{step.out.label} hands {step.product:g} to {step.x.label}: {step.after:g}{waiting}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both ways side by side."""
    wrong, right = diamond(), diamond()
    left = ["recursively, as soon as it arrives", ""]
    wrong["c"].grad = 1.0
    too_early(wrong["c"], left)
    other = ["in topological order, when it is complete", ""]
    in_order(right["c"], other)

    print("b = a + a, c = b + b: four paths lead from c to a, each of product 1, so dc/da = 4\n")
    for i in range(max(len(left), len(other))):
        print(f"{left[i] if i < len(left) else '':36}{other[i] if i < len(other) else ''}".rstrip())
    print(f"\n{'dc/da':6}{wrong['a'].grad:g}, wrong{'':22}{'dc/da':6}{right['a'].grad:g}, right")
    print(
        "\nThe first way hands b's gradient on twice, first a half of it and then the whole: the\n"
        "half counts twice. A value may hand on its gradient only when every value made of it has."
    )
    return 0


if __name__ == "__main__":
    run(main)
