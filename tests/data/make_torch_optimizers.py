"""Compute with PyTorch what tests/test_optim.py compares the optimizers with.

    python3 -m venv .venv-torch && .venv-torch/bin/pip install torch==2.13.0 numpy
    .venv-torch/bin/python tests/data/make_torch_optimizers.py

It writes torch_optimizers.json beside itself: for each variant of an optimizer, the parameters
after every 50th of 1,000 steps. The problem is `gradient_of`, which the test shares: a sum whose
gradients have different scales and, now and then, signs; every operation in it is one that IEEE 754
rounds correctly, so that it has the same bits on every machine.
"""

from __future__ import annotations

import json
from pathlib import Path

STEPS, EVERY = 1000, 50
START = (1.5, -2.0, 0.25, 3.0, -0.5)
CURVATURES = (0.02, 0.3, 1.0, 2.5, 0.7)
CENTRES = (0.5, -1.0, 0.0, 2.0, -3.0)

VARIANTS = {
    "SGD": ("SGD", {"lr": 0.01}),
    "SGD, weight decay": ("SGD", {"lr": 0.01, "weight_decay": 0.1}),
    "SGD, momentum": ("SGD", {"lr": 0.01, "momentum": 0.9}),
    "SGD, momentum, dampening": ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.5}),
    "SGD, Nesterov": ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    "SGD, all": (
        "SGD",
        {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
    ),
    "SGD, lr of the step": ("SGD", {"lr": 0.05, "momentum": 0.9}),
    "Adam": ("Adam", {}),
    "Adam, lr": ("Adam", {"lr": 0.05}),
    "Adam, betas, eps": ("Adam", {"lr": 0.02, "betas": [0.7, 0.95], "eps": 0.001}),
    "Adam, weight decay": ("Adam", {"lr": 0.02, "weight_decay": 0.1}),
    "AdamW": ("AdamW", {}),
    "AdamW, weight decay": ("AdamW", {"lr": 0.02, "weight_decay": 0.2}),
    "AdamW, lr of the step": ("AdamW", {"lr": 0.05, "weight_decay": 0.1}),
}


def gradient_of(x: float, i: int, step: int) -> float:
    """Return the gradient by parameter ``i``: that of a parabola, and a shove that repeats."""
    shove = ((step * (i + 3)) % 7 - 3) * 0.125
    return CURVATURES[i] * (x - CENTRES[i]) + shove


def rate(base: float, step: int) -> float:
    """Return the learning rate of the variants "lr of the step"."""
    return base / (1 + step * 0.01)


def run(kind: str, settings: dict[str, object], scheduled: bool) -> list[list[float]]:
    """Return the parameters after every 50th step of PyTorch's optimizer."""
    import torch

    parameters = [torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in START]
    optimizer = getattr(torch.optim, kind)(parameters, **settings)
    base, found = optimizer.param_groups[0]["lr"], []
    for step in range(STEPS):
        if scheduled:
            optimizer.param_groups[0]["lr"] = rate(base, step)
        for i, p in enumerate(parameters):
            p.grad = torch.tensor([gradient_of(p.item(), i, step)], dtype=torch.float64)
        optimizer.step()
        if (step + 1) % EVERY == 0:
            found.append([p.item() for p in parameters])
    return found


def main() -> None:
    """Write the file."""
    import torch

    rows = ["{", f' "made with": "torch {torch.__version__}"']
    for name, (kind, settings) in VARIANTS.items():
        numbers = run(kind, dict(settings), name.endswith("lr of the step"))
        lines = ",\n  ".join(json.dumps(row) for row in numbers)
        rows[-1] += ","
        rows.append(f" {json.dumps(name)}: [\n  {lines}\n ]")
    path = Path(__file__).with_name("torch_optimizers.json")
    path.write_text("\n".join([*rows, "}\n"]), encoding="utf-8")
    print(f"wrote {path.name}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
