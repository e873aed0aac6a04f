"""The demos of debugging find what they planted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from demos.debug_me import loss_of, network
from demos.diamond import diamond, in_order, too_early

ROOT = Path(__file__).resolve().parent.parent


def output(name: str, folder: Path) -> str:
    """Return what a demo prints with nothing installed."""
    return subprocess.run(
        [sys.executable, "-S", "-m", f"demos.{name}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_diamond_shows_both_ways(tmp_path: Path) -> None:
    wrong, right = diamond(), diamond()
    wrong["c"].grad = 1.0
    lines: list[str] = []
    too_early(wrong["c"], lines)
    in_order(right["c"], lines)
    assert (wrong["a"].grad, right["a"].grad) == (6.0, 4.0)
    printed = output("diamond", tmp_path)
    assert all(line in printed for line in lines)
    assert re.search(r"dc/da 6, wrong +dc/da 4, right", printed)


def test_each_planted_problem_is_found(tmp_path: Path) -> None:
    printed = re.sub(r"\s+", " ", output("debug_me", tmp_path))
    assert "1 of 3" in printed  # a dead ReLU ...
    assert "gradient of layers.0.neurons.0.w.0 0.0?" in printed
    assert "! Every path is cut by a partial of 0: relu layers.0.neurons.0 is off" in printed
    assert "4 of 12" in printed  # ... a saturated sigmoid, for each of the four examples ...
    assert "cut by a saturated activation: σ layers.1.neurons.2 of" in printed
    assert "the first value that is not finite is *" in printed  # ... and an overflow
    assert re.search(r"AnomalyError: <op mul> at debug_me.py:\d+, of 5e\+199", printed)


def test_without_the_plants_nothing_is_wrong_with_the_network() -> None:
    model = network()
    model.layers[0].neurons[0].b.data = model.layers[1].neurons[2].b.data = 0.0
    loss = loss_of(model)
    loss.backward()
    assert any(p.grad for p in model.layers[0].neurons[0].w)
    assert all(abs(p.grad) > 1e-6 for p in model.layers[1].neurons[2].w if p.grad)
