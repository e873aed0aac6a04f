"""A history says whether Ctrl-C ended the run, also in the file that it is saved to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from micrograd_like import data, losses, nn, optim
from micrograd_like.training import fit
from micrograd_like.training.history import History

RECORDS = [{"epoch": n, "loss": 1 / n, "lr": 0.1, "seconds": 0.0} for n in (1, 2)]


@pytest.mark.parametrize("interrupted", [True, False])
def test_json_says_whether_the_run_was_interrupted(interrupted: bool, tmp_path: Path) -> None:
    history = History(RECORDS, interrupted)
    history.save(tmp_path / "history.json")
    content = json.loads((tmp_path / "history.json").read_text())
    assert content == {"interrupted": interrupted, "epochs": RECORDS}
    assert (", interrupted" in repr(history)) == interrupted


@pytest.mark.parametrize("epoch", [1, 2, None])
def test_fit_says_so_too(epoch: int | None) -> None:
    def callback(record: dict[str, Any]) -> None:
        if record["epoch"] == epoch:
            raise KeyboardInterrupt

    model = nn.MLP(2, [1], rng=1)
    history = fit(
        model, data.xor(), loss=losses.binary_cross_entropy, optimizer=optim.SGD(model, 0.1),
        epochs=3, progress=False, callback=callback,
    )  # fmt: skip
    content = json.loads(history.json())
    assert content["interrupted"] is history.interrupted is (epoch is not None)
    assert len(content["epochs"]) == (epoch - 1 if epoch else 3)


def test_a_loss_that_reaches_0_is_drawn_on_a_linear_scale() -> None:
    """0 has no logarithm."""
    assert History([{"epoch": 1, "loss": 0.0}, {"epoch": 2, "loss": 1.0}]).svg().count("<path") > 3
