"""Runs by programs in C and over NumPy's arrays: the eager run's, but for the last digits."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from micrograd_like import losses, nn, optim, training
from micrograd_like.data import moons

ROWS = moons(40, noise=0.1, rng=3)
has_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
ENGINES = [pytest.param("native", marks=has_compiler), "numpy"]


def run(engine: str, loss: Any, outputs: int, rows: Any = ROWS, **options: Any) -> list[float]:
    if engine == "numpy":
        pytest.importorskip("numpy")
    model = nn.MLP(2, [6, outputs], activation="tanh", rng=1)
    settings = {"epochs": 12, "batch_size": 5, "progress": False} | options
    optimizer = settings.pop("optimizer", optim.Adam)(model, lr=0.02)
    history = training.fit(
        model, rows, loss=loss, optimizer=optimizer, engine=engine, validation=0.2, **settings
    )
    return [*history["loss"], *history["validation_loss"], *[p.data for p in model.parameters()]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("clip", [None, 0.1])
@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "mean_squared_error"])
def test_a_run_has_the_eager_runs_numbers(engine: str, clip: float | None, loss: str) -> None:
    outputs = 1 if loss == "binary_cross_entropy" else 2
    rows = [(x, [float(t), 0.5]) for x, t in ROWS] if loss == "mean_squared_error" else ROWS
    given: dict[str, Any] = {"loss": getattr(losses, loss), "outputs": outputs, "rows": rows}
    found, eager = run(engine, **given, clip_norm=clip), run("eager", **given, clip_norm=clip)
    assert found == pytest.approx(eager, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_number_that_is_not_finite_is_named(engine: str) -> None:
    rows = [(x, 1e200) for x, _ in ROWS]
    with pytest.raises(FloatingPointError, match=r"data row \d+: the loss is inf"):
        run(engine, losses.mean_squared_error, 1, rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_goes_on_from_a_checkpoint(engine: str, tmp_path: Any) -> None:
    path = tmp_path / "run.json"
    given: dict[str, Any] = {"loss": losses.cross_entropy, "outputs": 2, "checkpoint": path}
    run(engine, **given, epochs=5)
    after = run(engine, **given, epochs=12, resume=path)
    whole = run("eager", losses.cross_entropy, 2)
    assert after == pytest.approx(whole, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_asks_for_numbers_cannot_be_batched(engine: str) -> None:
    def loss(output: Any, target: Any) -> Any:
        return output if output > 0 else -output

    if engine == "numpy":
        pytest.importorskip("numpy")
    with pytest.raises(ValueError, match=f"engine='{engine}' cannot train this: .*asks for >"):
        run(engine, loss, 1)
