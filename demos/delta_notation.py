"""Write backpropagation as products of matrices, and ask whether its σ′ factors may be dropped."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise, product
from operator import mul, sub
from statistics import median
from typing import Any

from demos.console import parse, run, write
from demos.drawing import blocks
from micrograd_like import Value, floats, fsum, gradients, sigmoid, softplus
from micrograd_like.drawing.charts import BLUE, VERMILION, Panel, figure, spread

Matrix = list[list[Any]]  # rows of floats, or of Values
Runs = dict[tuple[str, str], list[list[float]]]  # by task and rule: from every start, E by step
SIZES, STEPS, STARTS, LEARNT = (3, 4, 3, 1), 600, 20, 0.01
INPUTS: Matrix = [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
TASKS: dict[str, Matrix] = {"or": [[0.0, 1.0, 1.0, 1.0]], "xor": [[0.0, 1.0, 1.0, 0.0]]}
RULES = {  # is σ′ kept at the output, is it kept in the hidden layers, the rate
    "every σ′": (True, True, 2.0),
    "no σ′ at the output": (False, True, 0.5),
    "no σ′ at all": (False, False, 0.1),
    "none, small steps": (False, False, 0.02),
}
COLOURS = {"or": BLUE, "xor": VERMILION}
PARTS = {"W₁": (0, 12), "W₂": (12, 24), "W₃": (24, 27)}
NOTATION = """\
1. Three layers of sigmoids without biases, 3 -> 4 -> 3 -> 1; the third input is a constant 1
   A₀ = the inputs, an example a column   A_k = σ(W_k A_k₋₁)             E = ½ Σ (A₃ − T)²
   δ₃ = (A₃ − T) ∘ σ′₃                    δ_k = (W_k₊₁ᵀ δ_k₊₁) ∘ σ′_k    ∂E/∂W_k = δ_k A_k₋₁ᵀ"""
TALLY = """
2. May the σ′ be dropped, as they only scale? From {} starts, until E is below {:g} or for {}
   steps: those that learn it, and in how many; the median of the last E; those that ever climb:
                            rate   learnt     in steps   median E   climb"""
WHY = """\
   Without the hidden σ′, all neurons of a layer take multiples of one step, Σ (A₃ − T) A_k₋₁ᵀ, a
   linear model's. From most starts that finds `or`; from some E stays high or goes to and fro, with
   small steps or in ten times as many too. The best linear answer to xor is ½, where E is 0.5, and
   about there it stays."""
WHOSE = """\
   Without the output's σ′ it is the cross-entropy's gradient:
      {}.
   Without any it is no function's, but for W₃ alone: there it is the cross-entropy's again. At
   each point it is the cross-entropy's gradient of another network, which has for every hidden σ
   the line of slope 1 through its present value:
      {}."""


def times(a: Matrix, b: Matrix) -> Matrix:
    """Return the product of two matrices."""
    columns = transposed(b)
    return [[sum(map(mul, row, column)) for column in columns] for row in a]


def transposed(a: Matrix) -> Matrix:
    """Return rows as columns."""
    return [list(column) for column in zip(*a, strict=True)]


def each(f: Callable[..., Any], *matrices: Matrix) -> Matrix:
    """Apply a function entry by entry."""
    return [list(map(f, *rows)) for rows in zip(*matrices, strict=True)]


def flat(matrices: Sequence[Matrix]) -> list[Any]:
    """Return all entries in order."""
    return [entry for matrix in matrices for row in matrix for entry in row]


def forward(
    weights: Sequence[Matrix], inputs: Matrix, sigma: Callable[..., Any] = floats.sigmoid
) -> list[Matrix]:
    """Return A₀, the inputs, and A₁, A₂, A₃; for Values, pass the sigmoid that takes them."""
    layers = [inputs]
    for w in weights:
        layers.append(each(sigma, times(w, layers[-1])))
    return layers


def deltas(
    weights: Sequence[Matrix], layers: Sequence[Matrix], targets: Matrix, rule: str = "every σ′"
) -> list[Matrix]:
    """Return δ_k A_k₋₁ᵀ for every layer: the gradients, or what a rule leaves of them."""
    at_output, hidden, _ = RULES[rule]
    delta, found = each(sub, layers[3], targets), list[Matrix]()
    for k in (3, 2, 1):
        if k < 3:
            delta = times(transposed(weights[k]), delta)  # the first weights are W₁
        if at_output if k == 3 else hidden:
            delta = each(lambda d, a: d * a * (1 - a), delta, layers[k])
        found.insert(0, times(delta, transposed(layers[k - 1])))
    return found


def by_engine(
    weights: Sequence[Matrix],
    a: Matrix,
    targets: Matrix,
    *,
    cross_entropy: bool = False,
    straight: bool = False,
) -> list[float]:
    """Return the gradient of the squared error, or of the cross-entropy, as the engine finds it.

    With ``straight``, every hidden σ is replaced by the line of slope 1 through its present value.
    """
    values = [each(Value, w) for w in weights]
    for w in values[:-1]:
        z = times(w, a)
        a = each(lambda z: z + (sigmoid(z.data) - z.data), z) if straight else each(sigmoid, z)
    pairs = zip(times(values[-1], a)[0], targets[0], strict=True)
    errors = [softplus(z) - t * z if cross_entropy else (sigmoid(z) - t) ** 2 / 2 for z, t in pairs]
    return [float(slope) for slope in gradients(fsum(errors), flat(values))]


def descend(weights: Sequence[Matrix], targets: Matrix, rule: str) -> list[float]:
    """Return E before each step and after the last, with which it is learnt or time is up."""
    errors, rate = list[float](), RULES[rule][2]
    while True:
        layers = forward(weights, INPUTS)
        errors.append(sum((a - t) ** 2 / 2 for a, t in zip(layers[-1][0], targets[0])))
        if errors[-1] < LEARNT or len(errors) > STEPS:
            return errors
        steps = deltas(weights, layers, targets, rule)
        weights = [each(lambda w, d: w - rate * d, *both) for both in zip(weights, steps)]


def jacobian(weights: Sequence[Matrix], targets: Matrix, rule: str) -> list[list[float]]:
    """Return the slopes of every entry of a rule by every weight, as the engine finds them."""
    values = [each(Value, w) for w in weights]
    entries = flat(deltas(values, forward(values, INPUTS, sigmoid), targets, rule))
    return [[float(slope) for slope in gradients(entry, flat(values))] for entry in entries]


def asymmetry(j: Matrix, start: int, stop: int) -> float:
    """Return the antisymmetric part of a block on the diagonal, from 0 to 1 of the whole block."""
    pairs = [(j[i][k], j[k][i]) for i in range(start, stop) for k in range(start, stop)]
    return math.hypot(*(a - b for a, b in pairs)) / 2 / math.hypot(*(a for a, _ in pairs))


def apart(found: Sequence[Matrix], expected: Sequence[float]) -> str:
    """Say how far two gradients are apart."""
    largest = max(abs(a - b) for a, b in zip(flat(found), expected, strict=True))
    return f"at most {largest / max(map(abs, expected)):.1e} of the largest entry apart"


def span(numbers: Sequence[int]) -> str:
    """Say from where to where numbers go, if there are any."""
    return f"{min(numbers)} to {max(numbers)}" if numbers else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the rules with each other and with the engine, and draw where they lead."""
    options = parse("delta_notation", __doc__, arguments, seed=1)
    rng = random.Random(options.seed)
    starts = [
        [[[rng.gauss(0, 1) for _ in range(n)] for _ in range(m)] for n, m in pairwise(SIZES)]
        for _ in range(STARTS)
    ]
    start, xor, (every, at_hidden, none, _) = starts[0], TASKS["xor"], RULES
    steps = {rule: deltas(start, forward(start, INPUTS), xor, rule) for rule in RULES}
    slopes = by_engine(start, INPUTS, xor)
    print(NOTATION)
    print(f"   ∂E/∂W₃ by matrices    {steps[every][2][0]}")
    print(f"   ∂E/∂W₃ by the engine  {slopes[-3:]}")
    print(f"   all 27 entries:       {apart(steps[every], slopes)}")

    print(TALLY.format(STARTS, LEARNT, STEPS))
    runs = Runs()
    for task, rule in product(TASKS, RULES):
        runs[task, rule] = found = [descend(weights, TASKS[task], rule) for weights in starts]
        taken = [len(errors) - 1 for errors in found if errors[-1] < LEARNT]
        middle = median(errors[-1] for errors in found)
        climb = sum(any(a < b for a, b in pairwise(errors)) for errors in found)
        numbers = f"{len(taken):9}{span(taken):>13}{middle:11.5f}{climb:8}"
        print(f"   {task:4} {rule:20}{RULES[rule][2]:4g}{numbers}", flush=True)
    print(WHY)

    print(
        "\n3. Whose gradient is it? A gradient's Jacobian is symmetric, its antisymmetric part 0:"
    )
    print(" " * 36 + "all" + "".join(f"{name + ' alone':>11}" for name in PARTS))
    maps = {rule: jacobian(start, xor, rule) for rule in (every, at_hidden, none)}
    for rule, j in maps.items():
        parts = "".join(f"{asymmetry(j, *part):11.1e}" for part in ((0, 27), *PARTS.values()))
        print(f"   {rule:25}{parts}")
    cross = by_engine(start, INPUTS, xor, cross_entropy=True)
    lines = by_engine(start, INPUTS, xor, cross_entropy=True, straight=True)
    print(WHOSE.format(apart(steps[at_hidden], cross), apart(steps[none], lines)))

    write(options.picture, draw(runs, {rule: maps[rule] for rule in (every, none)}))
    return 0


def draw(runs: Runs, maps: dict[str, Matrix]) -> str:
    """Draw the errors from every start over the steps, and Jacobians in blocks."""
    panels = list[Panel]()
    heights = spread((e for found in runs.values() for errors in found for e in errors), log=True)
    for rule in RULES:
        panels.append(chart := Panel((150, 250), (0, STEPS), heights, log=True, title=rule))
        chart.axes("step", "E")
        for task, colour in COLOURS.items():
            for errors in runs[task, rule]:
                points = list(enumerate(errors))
                chart.line([*points[:-1:5], points[-1]], colour, width=0.8)  # to and fro shows too
        chart.key(COLOURS)
    for rule, j in maps.items():
        panels += blocks(f"{rule}: its Jacobian", j, PARTS)
    learnt = (sum(errors[-1] < LEARNT for errors in runs[task, "no σ′ at all"]) for task in TASKS)
    counts = " and ".join(f"{n} learn “{task}”" for n, task in zip(learnt, TASKS))
    subtitle = f"of {STARTS} starts without any σ′, {counts}; the Jacobian is not symmetric"
    return figure("May one drop the σ′?", subtitle, *panels)


if __name__ == "__main__":
    run(main)
