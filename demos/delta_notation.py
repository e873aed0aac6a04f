"""Write backpropagation as products of matrices, and ask whether its σ′ factors may be dropped."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise, product
from operator import mul, sub
from typing import Any

from demos.console import parse, run, write
from demos.drawing import blocks
from micrograd_like import Value, fsum, gradients, sigmoid, softplus
from micrograd_like.charts import BLUE, GREEN, INK, VERMILION, Panel, figure, stroke

Matrix = list[list[Any]]  # rows of floats, or of Values
SIZES, STEPS, STARTS = (3, 4, 3, 1), 600, 3
INPUTS: Matrix = [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
TASKS: dict[str, Matrix] = {"or": [[0.0, 1.0, 1.0, 1.0]], "xor": [[0.0, 1.0, 1.0, 0.0]]}
RULES = {  # is σ′ kept at the output, is it kept in the hidden layers, the rate
    "every σ′": (True, True, 2.0),
    "no σ′ at the output": (False, True, 0.5),
    "no σ′ at all": (False, False, 0.1),
    "none, small steps": (False, False, 0.02),
}
PENS = dict(zip(RULES, ((BLUE, ""), (GREEN, ""), (VERMILION, ""), (INK, "7 5"))))  # dashes
PARTS = {"W₁": (0, 12), "W₂": (12, 24), "W₃": (24, 27)}
NOTATION = """\
1. Three layers of sigmoids without biases, 3 -> 4 -> 3 -> 1; the third input is a constant 1
   A₀ = the inputs, an example a column   A_k = σ(W_k A_k₋₁)             E = ½ Σ (A₃ − T)²
   δ₃ = (A₃ − T) ∘ σ′₃                    δ_k = (W_k₊₁ᵀ δ_k₊₁) ∘ σ′_k    ∂E/∂W_k = δ_k A_k₋₁ᵀ"""
WHY = """\
   Without the hidden σ′, all neurons of a layer take multiples of one step, Σ (A₃ − T) A_k₋₁ᵀ, a
   linear model's. The best linear answer to xor is ½, where E is 0.5. The rows of W₁'s step are
   parallel: its largest 2×2 minor is {:.0e} with every σ′ and {:.0e} without."""
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


def forward(weights: Sequence[Matrix], inputs: Matrix) -> list[Matrix]:
    """Return A₀, the inputs, and A₁, A₂, A₃."""
    layers = [inputs]
    for w in weights:
        layers.append(each(sigmoid, times(w, layers[-1])))
    return layers


def deltas(
    weights: Sequence[Matrix], layers: Sequence[Matrix], targets: Matrix, rule: str = "every σ′"
) -> list[Matrix]:
    """Return δ_k A_k₋₁ᵀ for every layer: the gradients, or what a rule leaves of them."""
    at_output, hidden, _ = RULES[rule]
    delta, found = each(sub, layers[-1], targets), list[Matrix]()
    for k in range(len(weights), 0, -1):
        if at_output if k == len(weights) else hidden:
            delta = each(lambda d, a: d * a * (1 - a), delta, layers[k])
        found.insert(0, times(delta, transposed(layers[k - 1])))
        delta = times(transposed(weights[k - 1]), delta)
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
    """Return E before each step and after the last."""
    errors, rate = list[float](), RULES[rule][2]
    for _ in range(STEPS + 1):
        layers = forward(weights, INPUTS)
        errors.append(sum(d * d / 2 for d in flat([each(sub, layers[-1], targets)])))
        steps = deltas(weights, layers, targets, rule)
        weights = [each(lambda w, d: w - rate * d, *both) for both in zip(weights, steps)]
    return errors


def jacobian(weights: Sequence[Matrix], targets: Matrix, rule: str) -> list[list[float]]:
    """Return the slopes of every entry of a rule by every weight, as the engine finds them."""
    values = [each(Value, w) for w in weights]
    entries = flat(deltas(values, forward(values, INPUTS), targets, rule))
    return [[float(slope) for slope in gradients(entry, flat(values))] for entry in entries]


def asymmetry(j: Matrix, start: int, stop: int) -> float:
    """Return the antisymmetric part of a block on the diagonal, from 0 to 1 of the whole block."""
    pairs = [(j[i][k], j[k][i]) for i in range(start, stop) for k in range(start, stop)]
    return math.hypot(*(a - b for a, b in pairs)) / 2 / math.hypot(*(a for a, _ in pairs))


def apart(found: Sequence[Matrix], expected: Sequence[float]) -> str:
    """Say how far two gradients are apart."""
    pairs = list(zip(flat(found), expected, strict=True))
    ulps = max(abs(a - b) / math.ulp(b) for a, b in pairs)
    part = max(abs(a - b) for a, b in pairs) / max(map(abs, expected))
    return f"at most {ulps:.0f} ulp apart, {part:.1e} of the largest entry"


def widest(rows: Matrix) -> float:
    """Return the largest 2×2 minor of a matrix, which is 0 where all rows are parallel."""
    places = product(combinations(rows, 2), combinations(range(len(rows[0])), 2))
    return float(max(abs(p[i] * q[k] - p[k] * q[i]) for (p, q), (i, k) in places))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the rules with each other and with the engine, and draw where they lead."""
    options = parse("delta_notation", __doc__, arguments, seed=56)
    rng = random.Random(options.seed)
    starts = [
        [[[rng.gauss(0, 1) for _ in range(n)] for _ in range(m)] for n, m in pairwise(SIZES)]
        for _ in range(STARTS)
    ]
    start, xor, (every, at_hidden, none, _) = starts[0], TASKS["xor"], RULES
    steps = {rule: deltas(start, forward(start, INPUTS), xor, rule) for rule in RULES}
    one, target = [row[1:2] for row in INPUTS], [row[1:2] for row in xor]
    print(NOTATION)
    print(f"   ∂E/∂W₃ by matrices    {steps[every][2][0]}")
    print(f"   ∂E/∂W₃ by the engine  {by_engine(start, INPUTS, xor)[-3:]}")
    alone = apart(deltas(start, forward(start, one), target), by_engine(start, one, target))
    print(f"   all 27 entries, of one example:   {alone}")
    together = apart(steps[every], by_engine(start, INPUTS, xor))
    print(f"   summed over four, which cancel:   {together}")

    print("\n2. May the σ′ be dropped, as they only scale? E on the way from one start, the steps")
    print(f"   of {STEPS} that went uphill, and of {STARTS} starts those that came below 0.01:")
    heads = ("rate", "E at 0", "100", "300", f"{STEPS}", "uphill", "learnt")
    print(" " * 28 + "".join(f"{head:>9}" for head in heads))
    curves = dict[tuple[str, str], list[float]]()
    for task, rule in product(TASKS, RULES):
        runs = [descend(weights, TASKS[task], rule) for weights in starts]
        curves[task, rule] = errors = runs[0]
        uphill = sum(after > before for before, after in pairwise(errors))
        learnt = sum(run[-1] < 0.01 for run in runs)
        shown = "".join(f"{errors[k]:9.4f}" for k in (0, 100, 300, STEPS))
        print(f"   {task:4} {rule:20}{RULES[rule][2]:9g}{shown}{uphill:9}{learnt:9}", flush=True)
    print(WHY.format(widest(steps[every][0]), widest(steps[none][0])))

    print()
    print(
        "3. Whose gradient is it? A gradient has a symmetric Jacobian: an antisymmetric part of 0"
    )
    print(" " * 36 + "all" + "".join(f"{name + ' alone':>11}" for name in PARTS))
    maps = {rule: jacobian(start, xor, rule) for rule in (every, at_hidden, none)}
    for rule, j in maps.items():
        parts = "".join(f"{asymmetry(j, *part):11.1e}" for part in ((0, 27), *PARTS.values()))
        print(f"   {rule:25}{parts}")
    cross = by_engine(start, INPUTS, xor, cross_entropy=True)
    lines = by_engine(start, INPUTS, xor, cross_entropy=True, straight=True)
    print(WHOSE.format(apart(steps[at_hidden], cross), apart(steps[none], lines)))

    write(options.picture, draw(curves, {rule: maps[rule] for rule in (every, none)}))
    return 0


def draw(curves: dict[tuple[str, str], list[float]], maps: dict[str, Matrix]) -> str:
    """Draw the errors of both tasks over the steps, and Jacobians in blocks."""
    charts = [Panel((230, 250), (0, STEPS), (3e-5, 2), log=True, title=task) for task in TASKS]
    for chart, task in zip(charts, TASKS):
        chart.axes("step", "E" if task == "or" else "")
        for rule, (colour, dash) in PENS.items():
            chart.line(enumerate(curves[task, rule]), colour, dash=dash)
    charts[0].legend((stroke(*pen), rule) for rule, pen in PENS.items())
    for rule, j in maps.items():
        charts += blocks(f"{rule}: its Jacobian", j, PARTS)
    subtitle = "no σ′ in the hidden layers: xor is not learnt, and the Jacobian is not symmetric"
    return figure("May one drop the σ′?", subtitle, *charts)


if __name__ == "__main__":
    run(main)
