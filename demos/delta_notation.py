"""Write backpropagation as products of matrices: forward, the deltas back, and the update.

forward     Net_k = W_k out_k₋₁ + b_k      out_k = σ(Net_k)     out₀ = X, an example a column
the error   E = ½ Σ (out₃ − T)²            σ′ = σ(1 − σ), that is out (1 − out)
back        δ₃ = (out₃ − T) ∘ σ′₃          δ_k = (W_k₊₁ᵀ δ_k₊₁) ∘ σ′_k     ∘: entry by entry
the slopes  ∂E/∂W_k = δ_k out_k₋₁ᵀ         ∂E/∂b_k = the sums of the rows of δ_k
the update  W_k ← W_k − α ∂E/∂W_k          b_k ← b_k − α ∂E/∂b_k
"""

import random
from collections.abc import Sequence
from typing import Any

from demos.console import parse, run, write
from demos.drawing import progress
from demos.matrices import Layers, Matrices, Matrix, flat, random_layers, tell
from micrograd_like import Value, fsum, sigmoid
from micrograd_like.drawing.charts import INK, VERMILION, Panel, figure

SIZES, ALPHA, ENOUGH, LIMIT = (2, 4, 3, 1), 2.0, 0.01, 600
X, T = Matrix([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]), Matrix([[0.0, 1.0, 1.0, 0.0]])  # xor


def forward(layers: Layers, x: Matrix) -> list[Matrix]:
    """Return X, out₁, out₂ and out₃."""
    outs = [x]
    for w, b in layers:
        outs.append((w @ outs[-1] + b).map(sigmoid))
    return outs


def error_of(outs: Matrices, targets: Matrix) -> Any:
    """Return E."""
    return fsum([error**2 / 2 for error in (outs[-1] - targets).rows[0]])


def deltas(layers: Layers, outs: Matrices, targets: Matrix) -> list[Matrix]:
    """Return δ₁, δ₂ and δ₃, which is computed first."""
    error, found = outs[-1] - targets, list[Matrix]()
    for (w, _), out in zip(layers[::-1], outs[::-1]):
        found.insert(0, error * (out * (1 - out)))
        error = w.T @ found[0]  # handed back to the layer below
    return found


def slopes_of(deltas: Matrices, outs: Matrices) -> Layers:
    """Return ∂E/∂W_k and ∂E/∂b_k of every layer."""
    return [(delta @ below.T, delta.sums()) for delta, below in zip(deltas, outs)]


def updated(layers: Layers, slopes: Layers, alpha: float) -> Layers:
    """Return the layers after one step."""
    return [(w - alpha * dw, b - alpha * db) for (w, b), (dw, db) in zip(layers, slopes)]


def learn(layers: Layers, targets: Matrix, alpha: float, deltas: Any = deltas) -> list[float]:
    """Update until E is small, or LIMIT times; return E before the first time and after each."""
    errors = list[float]()
    while True:
        outs = forward(layers, X)
        errors.append(error_of(outs, targets))
        if errors[-1] < ENOUGH or len(errors) > LIMIT:
            return errors
        layers = updated(layers, slopes_of(deltas(layers, outs, targets), outs), alpha)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every matrix of one pass, compare with the engine, and learn xor; draw σ′ and E."""
    options = parse("delta_notation", __doc__, arguments, seed=1)
    layers = random_layers(SIZES, random.Random(options.seed))
    outs = forward(layers, X)
    found = deltas(layers, outs, T)
    slopes = slopes_of(found, outs)
    print("Two inputs, then layers of 4, 3 and 1 sigmoids, with biases, to learn xor.")
    tell(layers, outs, error_of(outs, T), found, slopes)
    values = [(w.map(Value), b.map(Value)) for w, b in layers]
    error_of(forward(values, X), T).backward()
    far = max(abs(v.grad - slope) for v, slope in zip(flat(values), flat(slopes), strict=True))
    print(f"The engine's slopes differ by at most {far:.0e}.")
    errors = learn(layers, T, ALPHA)
    print("The update: W_k ← W_k − α ∂E/∂W_k, and b_k ← b_k − α ∂E/∂b_k.")
    print(f"After {len(errors) - 1} updates with α = {ALPHA:g}, E = {errors[-1]:.6f}.")

    curves = Panel((360, 320), (-6, 6), (-0.05, 1.05), title="σ and σ′ = σ(1 − σ)")
    curves.axes("Net")
    curves.curve(sigmoid, INK)
    curves.curve(lambda x: sigmoid(x) * (1 - sigmoid(x)), VERMILION)
    curves.key({"σ": INK, "σ′, at most ¼": VERMILION})
    chart = progress((360, 320), "update", "E", {"E": errors}, title=f"E, α = {ALPHA:g}")
    write(
        options.picture,
        figure("Delta notation", "a network of three layers learns xor", curves, chart),
    )
    return 0


if __name__ == "__main__":
    run(main)
