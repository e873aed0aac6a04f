"""A place is found by a whole name: of an op, of a module, or of a file, however much of its path
is given."""

from __future__ import annotations

import sys

import pytest

from micrograd_like import Value, nn, topological_order
from micrograd_like.debugging.lookup import Lookup, Mistake


def lookup(root: Value) -> Lookup:
    return Lookup(topological_order(root), {})


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("train.py:12", True),
        ("work/train.py:12", True),
        ("/somewhere/work/train.py:12", True),
        ("rain.py:12", False),
        ("ork/train.py:12", False),
        ("train.py:2", False),
        ("train.py:1", False),
    ],
)
def test_a_file_is_found_by_its_name_or_the_end_of_its_path(where: str, found: bool) -> None:
    x = Value(2.0)
    out = x * 3.0
    out._line = "/somewhere/work/train.py:12"
    if found:
        assert lookup(out).place(where) == [out]
    else:
        with pytest.raises(Mistake, match="no value made at"):
            lookup(out).place(where)


def test_a_module_is_found_with_what_is_inside_it() -> None:
    model = nn.MLP(1, [2, 1], rng=1)
    found = lookup(model([2.0])).place("module layers.0")
    assert set(model.layers[0].parameters()) < set(found)
    assert not set(model.layers[1].parameters()) & set(found)
    with pytest.raises(Mistake, match="no module 'layers'"):
        lookup(model([2.0])).place("module layers")


def test_an_op_is_found_by_its_name_and_by_its_symbol() -> None:
    out = Value(2.0) * 3.0
    assert lookup(out).place("op mul") == lookup(out).place("op *") == [out]
    with pytest.raises(Mistake, match="no op 'mu'"):
        lookup(out).place("op mu")


def test_python_at_the_prompt_leaves_what_shows_its_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[object] = []
    monkeypatch.setattr(sys, "displayhook", hook := sys.displayhook)  # put back if it is not
    for line in ("1 + 1", "'text'"):
        lookup(Value(2.0) * 3.0).run(line, shown.append)
        assert sys.displayhook is hook
    with pytest.raises(ZeroDivisionError):
        lookup(Value(2.0) * 3.0).run("1 / 0", shown.append)
    assert sys.displayhook is hook
    assert shown == [2, "text"]
