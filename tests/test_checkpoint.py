"""A checkpoint belongs to one run: what differs is told, and nothing has changed by then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from micrograd_like import data, losses, nn, optim
from micrograd_like.training import checkpoint as checkpoints
from micrograd_like.training import fit
from micrograd_like.training.history import History

Rows = list[tuple[list[float], Any]]

ROWS: Rows = [([float(x), float(y)], x ^ y) for x in (0, 1) for y in (0, 1)] * 2
HELD_OUT: Rows = [([0.5, 0.25], 1), ([0.25, 0.75], 0), ([0.5, 0.5], 1)]


def small() -> nn.MLP:
    return nn.MLP(2, [3, 1], activation="tanh", rng=1)


def quick(model: nn.Module, rows: Rows = ROWS, **kwargs: Any) -> History:
    """Call fit with arguments that serve most tests."""
    optimizer = kwargs.pop("optimizer", None) or optim.SGD(model, 0.1)
    loss = losses.binary_cross_entropy
    return fit(
        model, rows, optimizer=optimizer,
        **{"loss": loss, "epochs": 2, "batch_size": 3, "progress": False, **kwargs},
    )  # fmt: skip


def weights(model: nn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the checkpoint of a run with validation rows stands."""
    quick(small(), checkpoint=tmp_path / "run.json", validation=HELD_OUT)
    return tmp_path / "run.json"


def refused(path: Path, message: str, rows: Rows = ROWS, **kwargs: Any) -> None:
    """Go on from a checkpoint with other arguments, and see that this is refused."""
    model = kwargs.pop("model", None) or small()
    before = weights(model)
    with pytest.raises(ValueError, match=message):
        quick(model, rows, resume=path, epochs=3, **{"validation": HELD_OUT, **kwargs})
    assert weights(model) == before


def changed(rows: Rows, row: int, inputs: list[float] | None = None, target: Any = None) -> Rows:
    """Return the rows with other inputs, or another target, in one of them."""
    old = rows[row]
    new = (old[0] if inputs is None else inputs), (old[1] if target is None else target)
    return [*rows[:row], new, *rows[row + 1 :]]


@pytest.mark.parametrize("row", [0, 3, -1 % len(ROWS)])
def test_other_inputs_are_other_data(path: Path, row: int) -> None:
    refused(path, "its data: ", changed(ROWS, row, inputs=[0.0, 0.125]))


@pytest.mark.parametrize("row", [0, 3, -1 % len(ROWS)])
def test_other_targets_are_other_data(path: Path, row: int) -> None:
    refused(path, "its data: ", changed(ROWS, row, target=1 - ROWS[row][1]))


@pytest.mark.parametrize("row", [0, 1, 2])
def test_other_validation_rows_are_other_data(path: Path, row: int) -> None:
    other = changed(HELD_OUT, row, inputs=[0.0, 0.125])
    refused(path, "its data: ", validation=other)
    other = changed(HELD_OUT, row, target=1 - HELD_OUT[row][1])
    refused(path, "its data: ", validation=other)
    refused(path, r"its data: '8 \+ 3 rows.* then, '8 \+ 2 rows", validation=HELD_OUT[:2])


def test_a_row_that_moves_to_the_validation_rows_makes_other_data(path: Path) -> None:
    refused(path, r"its data: '8 \+ 3 .* '7 \+ 4 ", ROWS[:-1], validation=[ROWS[-1], *HELD_OUT])


def test_each_of_several_targets_is_part_of_the_data(tmp_path: Path) -> None:
    rows: Rows = [([0.0, 1.0], [0.5, 1.0]), ([1.0, 1.0], [1.0, 0.0])]

    def run(rows: Rows, **kwargs: Any) -> History:
        model = nn.MLP(2, [2], rng=1)
        return quick(model, rows, loss=losses.mean_squared_error, **kwargs)

    run(rows, checkpoint=tmp_path / "run.json")
    run(rows, resume=tmp_path / "run.json", epochs=3)
    for target in ([0.5, 0.75], [0.25, 1.0]):
        with pytest.raises(ValueError, match="its data: "):
            run(changed(rows, 0, target=target), resume=tmp_path / "run.json", epochs=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 4}, "its batch_size: 3 then, 4 now"),
        ({"shuffle": False}, "its shuffle: True then, False now"),
        ({"clip_norm": 0.5}, "its clip_norm: None then, 0.5 now"),
        ({"loss": losses.half_squared_error}, "its loss: "),
        ({"metrics": ["accuracy"]}, "its columns: "),
        ({"model": nn.MLP(2, [4, 1], activation="tanh", rng=1)}, "its model: "),
    ],
)
def test_other_arguments_make_another_run(
    path: Path, arguments: dict[str, Any], message: str
) -> None:
    refused(path, message, **arguments)


def test_each_thing_that_must_be_the_same_is_held_against_the_file(path: Path) -> None:
    """What a checkpoint says of its run is compared, name by name."""
    content, model = checkpoints.read(path), small()
    about = {key: was for key, was in content["about"].items() if key != "model"}
    assert about.keys() > {"data", "loss", "columns", "parameters", "optimizer", "batch_size"}
    for key in about.keys() - {"row_by_row"}:
        with pytest.raises(ValueError, match=f"its {key}: "):
            checkpoints.restore(content, {**about, key: "other"}, model, optim.SGD(model, 0.1))
    assert weights(model) == weights(small())
    assert checkpoints.restore(content, about, model, optim.SGD(model, 0.1)).epochs == 2


def test_what_the_optimizer_refuses_leaves_the_model_as_it_was(path: Path) -> None:
    """An optimizer that has made steps may have other settings, but is not of another kind."""
    model = small()
    optimizer = optim.Adam(model, 0.1)
    quick(model, optimizer=optimizer, epochs=1)
    state = optimizer.state_dict()
    refused(path, "the state is of another optimizer", model=model, optimizer=optimizer)
    assert optimizer.state_dict() == state


def test_what_the_model_refuses_leaves_the_optimizer_as_it_was(path: Path) -> None:
    content, model = checkpoints.read(path), small()
    content["weights"].popitem()
    optimizer = optim.SGD(model, 0.1)
    before = weights(model), optimizer.state_dict()
    with pytest.raises(ValueError, match="no value for"):
        checkpoints.restore(content, {}, model, optimizer)
    assert (weights(model), optimizer.state_dict()) == before


def test_the_seed_of_drawn_validation_rows_is_part_of_the_run(tmp_path: Path) -> None:
    rows: Any = data.moons(12, rng=1)
    quick(small(), rows, checkpoint=tmp_path / "run.json", validation=0.25, rng=3)
    with pytest.raises(ValueError, match="its run did not begin with rng=4"):
        quick(small(), rows, resume=tmp_path / "run.json", validation=0.25, rng=4)
    with pytest.raises(ValueError, match="its data: "):
        quick(small(), rows, resume=tmp_path / "run.json", validation=0.5, rng=3)


def test_a_batch_that_was_not_stepped_is_not_in_the_sums(tmp_path: Path) -> None:
    """Ctrl-C between the gradients of a batch and the step: the batch is done again."""
    path, model = tmp_path / "run.json", small()
    optimizer = optim.SGD(model, 0.1)
    step, calls = optimizer.step, iter(range(9))

    def interrupted_step() -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        step()

    optimizer.step = interrupted_step  # type: ignore[method-assign]
    assert quick(model, optimizer=optimizer, checkpoint=path).interrupted
    content = json.loads(path.read_text())
    assert len(content["sums"]) == content["optimizer"]["steps"] == 1
    again, whole = quick(small(), resume=path), quick(small())
    assert again["loss"] == whole["loss"]
