"""The time that is left is that of the epochs to come, at the pace of those of this run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from micrograd_like import data, losses, nn, optim
from micrograd_like.training import fit
from micrograd_like.training.progress import Progress


class Clock:
    """Stands still but where it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.perf_counter", made)
    return made


def left(printed: str) -> list[int]:
    """Return the seconds that each line says are left."""
    return [int(seconds) for seconds in re.findall(r"(\d+) s left", printed)]


def test_time_left_is_reckoned_from_the_epochs_of_this_run(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(10, done=6)
    for epoch in (7, 8, 9, 10):
        clock.now += 20
        progress.show({"epoch": epoch, "loss": 1.0, "lr": 0.1})
    progress.close()
    printed = capsys.readouterr().out
    assert left(printed) == [40]  # after epochs 8 and 10: five lines over the run
    assert printed.endswith("took 80 s\n")


def test_epochs_before_a_resume_took_no_time_of_this_run(
    clock: Clock, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(epochs: int, resume: Path | None, progress: bool) -> None:
        def callback(record: dict[str, float]) -> None:
            clock.now += 30

        model = nn.MLP(2, [1], rng=1)
        fit(
            model, data.xor(), loss=losses.binary_cross_entropy,
            optimizer=optim.SGD(model, 0.1), epochs=epochs, callback=callback,
            progress=progress, checkpoint=tmp_path / "run.json", resume=resume,
        )  # fmt: skip

    run(2, None, False)
    run(5, tmp_path / "run.json", True)
    assert left(capsys.readouterr().out) == [60, 30]
