"""Write backpropagation as products of matrices: forward, the deltas back, and the update.

forward     Net_k = W_k out_k₋₁ + b_k      out_k = σ(Net_k)     out₀ = X, an example a column
the error   E = ½ Σ (out₃ − T)²            σ′ = σ(1 − σ), that is out (1 − out)
back        δ₃ = (out₃ − T) ∘ σ′₃          δ_k = (W_k₊₁ᵀ δ_k₊₁) ∘ σ′_k      ∘: entry by entry
the slopes  ∂E/∂W_k = δ_k out_k₋₁ᵀ         ∂E/∂b_k = the sums of the rows of δ_k
the update  W_k ← W_k − α ∂E/∂W_k          b_k ← b_k − α ∂E/∂b_k
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from operator import sub
from typing import Any

from demos.console import parse, run, write
from demos.drawing import cells, progress
from demos.matrices import Matrix, each, flat, times, total, transposed
from micrograd_like import Value, fsum, sigmoid
from micrograd_like.drawing.charts import INK, VERMILION, Panel, figure

Layer = tuple[Matrix, Matrix]  # W and b, which is a column
SIZES, ALPHA, ENOUGH, LIMIT = (2, 4, 3, 1), 2.0, 0.01, 1000
X: Matrix = [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]
T: Matrix = [[0.0, 1.0, 1.0, 0.0]]  # xor


def forward(layers: Sequence[Layer], x: Matrix) -> list[Matrix]:
    """Return X, out₁, out₂ and out₃."""
    outs = [x]
    for w, b in layers:
        net = [[n + shift for n in row] for row, [shift] in zip(times(w, outs[-1]), b)]
        outs.append(each(sigmoid, net))
    return outs


def deltas(layers: Sequence[Layer], outs: Sequence[Matrix], targets: Matrix) -> list[Matrix]:
    """Return δ₁, δ₂ and δ₃, which is computed first."""
    error, found = each(sub, outs[-1], targets), list[Matrix]()
    for (w, _), out in zip(layers[::-1], outs[::-1]):
        delta = each(lambda e, o: e * (o * (1 - o)), error, out)
        found.insert(0, delta)
        error = times(transposed(w), delta)  # handed back to the layer below
    return found


def slopes_of(deltas: Sequence[Matrix], outs: Sequence[Matrix]) -> list[Layer]:
    """Return ∂E/∂W_k and ∂E/∂b_k of every layer."""
    return [
        (times(delta, transposed(below)), [[total(row)] for row in delta])
        for delta, below in zip(deltas, outs)
    ]


def updated(layers: Sequence[Layer], slopes: Sequence[Layer], alpha: float) -> list[Layer]:
    """Return the layers after one step."""

    def step(a: Matrix, slope: Matrix) -> Matrix:
        return each(lambda x, s: x - alpha * s, a, slope)

    return [(step(w, dw), step(b, db)) for (w, b), (dw, db) in zip(layers, slopes)]


def error_of(outs: Sequence[Matrix], targets: Matrix) -> Any:
    """Return E."""
    return fsum([(out - t) ** 2 / 2 for out, t in zip(outs[-1][0], targets[0])])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every matrix of one pass, compare with the engine, and learn xor; draw it."""
    options = parse("delta_notation", __doc__, arguments, seed=1)
    layers = start(random.Random(options.seed))
    print("Two inputs, then layers of 4, 3 and 1 sigmoids, with biases, to learn xor.")
    print("Each column below Net, out and δ is an example: 0 0, 0 1, 1 0, 1 1.\n")
    outs = forward(layers, X)
    for k, ((w, b), below, out) in enumerate(zip(layers, outs, outs[1:])):
        net = [[n + shift for n in row] for row, [shift] in zip(times(w, below), b)]
        beside(FORWARD[k], net, f"out{SUB[k]} = σ(Net{SUB[k]})", out)
    print(f"E = ½ Σ (out₃ − T)² = {error_of(outs, T):.6f}\n")
    found = deltas(layers, outs, T)
    slopes = slopes_of(found, outs)
    for k in (2, 1, 0):
        both = [row + shift for row, shift in zip(*slopes[k])]
        beside(BACK[k], found[k], f"∂E/∂W{SUB[k]} = δ{SUB[k]} {LEFT[k]}ᵀ, and ∂E/∂b{SUB[k]}", both)
    print(QUARTER)

    print(f"The engine's slopes differ by at most {difference(layers, slopes):.0e}.")
    errors = [error_of(outs, T)]
    while errors[-1] > ENOUGH and len(errors) <= LIMIT:
        layers = updated(layers, slopes_of(deltas(layers, outs, T), outs), ALPHA)
        outs = forward(layers, X)
        errors.append(error_of(outs, T))
    answers = " ".join(f"{out:.3f}" for out in outs[-1][0])
    print("The update: W_k ← W_k − α ∂E/∂W_k, and b_k ← b_k − α ∂E/∂b_k.")
    print(f"After {len(errors) - 1} updates, α = {ALPHA:g}: E = {errors[-1]:.6f}, out₃ = {answers}")
    write(options.picture, draw(slopes, errors))
    return 0


SUB, LEFT = "₁₂₃", ("X", "out₁", "out₂")
FORWARD = "Net₁ = W₁ X + b₁", "Net₂ = W₂ out₁ + b₂", "Net₃ = W₃ out₂ + b₃"
BACK = "δ₁ = (W₂ᵀ δ₂) ∘ σ′₁", "δ₂ = (W₃ᵀ δ₃) ∘ σ′₂", "δ₃ = (out₃ − T) ∘ σ′₃"
QUARTER = """\
σ′ = σ(1 − σ) is largest where σ = ½: there it is ½ · ½ = ¼. (It is not ½, as the article has it.)
Each layer further back takes one more factor σ′, so slopes tend to become smaller on the way.
"""


def start(rng: random.Random) -> list[Layer]:
    """Return random weights and biases."""
    return [
        (
            [[rng.gauss(0, 1) for _ in range(n)] for _ in range(m)],
            [[rng.gauss(0, 1)] for _ in range(m)],
        )
        for n, m in pairwise(SIZES)
    ]


def difference(layers: Sequence[Layer], slopes: Sequence[Layer]) -> float:
    """Return how far the slopes are from those that the engine finds, at most."""
    values = [(each(Value, w), each(Value, b)) for w, b in layers]
    error_of(forward(values, X), T).backward()
    differences = (abs(v.grad - slope) for v, slope in zip(flat(values), flat(slopes), strict=True))
    return float(max(differences))


def beside(left: str, a: Matrix, right: str, b: Matrix) -> None:
    """Print two matrices with their names, side by side."""
    texts = [["".join(f"{x:9.5f}" for x in row) for row in matrix] for matrix in (a, b)]
    print(f"  {left:40}  {right}")
    for row, other in zip(*texts, strict=True):
        print(f"{row:40}{other}")
    print()


def draw(slopes: Sequence[Layer], errors: Sequence[float]) -> str:
    """Draw σ and σ′, the slopes in colours, and the error over the updates."""
    curves = Panel((230, 320), (-6, 6), (-0.05, 1.05), title="σ and σ′ = σ(1 − σ)")
    curves.axes("Net")
    curves.curve(sigmoid, INK)
    curves.curve(lambda x: sigmoid(x) * (1 - sigmoid(x)), VERMILION)
    curves.key({"σ": INK, "σ′": VERMILION})
    fields = {
        f"W{SUB[k]}, b{SUB[k]}": [row + shift for row, shift in zip(dw, db)]
        for k, (dw, db) in enumerate(slopes)
    }
    chart = progress((230, 320), "update", "E", {"E": errors}, title=f"xor, α = {ALPHA:g}")
    table = cells("the slopes of E at the start", fields)
    subtitle = "orange: E rises with the weight; blue: E falls; σ′ is at most ¼"
    return figure("Delta notation", subtitle, curves, table, chart)


if __name__ == "__main__":
    run(main)
