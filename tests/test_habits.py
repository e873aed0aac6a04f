"""People who come from other libraries are told what to write."""

from __future__ import annotations

from typing import Any

import pytest

import micrograd_like as ml
from micrograd_like import habits, losses, nn, optim, training

OBJECTS: dict[str, Any] = {
    "nn": nn,
    "losses": losses,
    "optim": optim,
    "Value": ml.Value(1.0),
    "Module": nn.MLP(2, [1], rng=1),
}


@pytest.mark.parametrize(
    ("where", "name"), [(where, name) for where, names in habits.HERE.items() for name in names]
)
def test_what_is_not_here_has_another_name(where: str, name: str) -> None:
    with pytest.raises(AttributeError, match="has no") as error:
        getattr(OBJECTS[where], name)
    assert str(error.value).endswith(f"has no {name}: {habits.HERE[where][name]}")
    assert not hasattr(OBJECTS[where], name)


def test_what_nobody_has_is_a_plain_error() -> None:
    with pytest.raises(AttributeError, match=r"^micrograd_like\.nn has no Foo$"):
        _ = nn.Foo
    with pytest.raises(ImportError):
        exec("from micrograd_like.optim import Bar")


def test_a_module_may_have_methods_of_those_names() -> None:
    class Mine(nn.Module):
        def forward(self) -> int:
            return 1

        def __init__(self) -> None:
            self.train = True

    assert Mine().forward() == 1
    assert Mine().train is True


def test_sizes_are_a_list_and_rows_are_pairs() -> None:
    with pytest.raises(TypeError, match=r"write MLP\(3, \[4, 1\]\)"):
        nn.MLP(3, 4, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"write fit\(model, \[\*zip\(inputs, targets\)\], …\)"):
        training.fit(
            OBJECTS["Module"],
            [[0.0, 1.0]],  # type: ignore[list-item]
            [1.0],
            loss=losses.mean_squared_error,
            optimizer=optim.SGD(OBJECTS["Module"]),
            epochs=1,
        )
