"""Ctrl-C at any one place of a function, and a training for another process to kill."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from micrograd_like import data, losses, nn, optim, training


class Interrupts:
    """Raise KeyboardInterrupt at the k-th call or return, of Python or C, inside a function."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        self.left -= 1
        if self.left == 0:
            sys.setprofile(None)
            raise KeyboardInterrupt

    def run(self, function: Callable[[], Any]) -> bool:
        """Return whether the function came to its end before."""
        before = sys.getprofile()
        try:
            sys.setprofile(self)
            function()
            sys.setprofile(None)
            return True
        except KeyboardInterrupt:
            return False
        finally:
            sys.setprofile(before)


def train(epochs: int, checkpoint: Path | None, resume: Path | None) -> tuple[list[str], int]:
    """Train a small network; return the bits of all its weights, and how many epochs it had."""
    model = nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(1))
    history = training.fit(
        model,
        data.moons(8, rng=3),
        loss=losses.binary_cross_entropy,
        optimizer=optim.Adam(model, 0.01),
        epochs=epochs,
        batch_size=3,
        progress=False,
        checkpoint=checkpoint,
        resume=resume,
    )
    return [p.data.hex() for p in model.parameters()], len(history)


if __name__ == "__main__":
    path = Path(sys.argv[2])
    print("ready", flush=True)
    train(int(sys.argv[1]), path, path)
