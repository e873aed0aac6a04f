"""The debugger's `list` marks the edge of the next step, and no other."""

from __future__ import annotations

import io

import pytest

from micrograd_like import Value
from micrograd_like.debugging.debugger import Debugger


def listed(root: Value, *commands: str) -> list[str]:
    """Return what the last command prints."""
    output = io.StringIO()
    debugger = Debugger(root, {}, io.StringIO(), output)
    for command in commands:
        output.truncate(0)
        output.seek(0)
        debugger.onecmd(command)
    return output.getvalue().splitlines()


def rows(lines: list[str]) -> list[tuple[str, bool]]:
    """Return the corner of each row of an operand, and whether it is marked."""
    after = next(i for i, line in enumerate(lines) if line.startswith(("->", "   *"))) + 1
    return [(line.strip()[0], "▶" in line) for line in lines[after:]]


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_equal_operands_the_one_that_is_next_is_marked(place: int) -> None:
    x = Value(3.0, label="x")
    lines = listed(x * x, *["step"] * place, "list")
    assert rows(lines) == [("├", place == 0), ("└", place == 1)]
    assert all(line.endswith(" 3") for line in lines[-2:])


def test_only_the_value_of_the_next_step_has_a_mark() -> None:
    x = Value(3.0, label="x")
    square = x * x
    square.label = "square"
    root = square * x
    assert rows(listed(root, "list")) == [("├", True), ("└", False)]
    assert rows(listed(root, "list square")) == [("├", False), ("└", False)]
    assert rows(listed(root, "next", "list square")) == [("├", True), ("└", False)]


def test_both_uses_of_a_square_stand_above_its_operand() -> None:
    x = Value(3.0, label="x")
    above = [line for line in listed(x * x, "list x") if line.endswith(" 3")]
    assert [line.strip()[0] for line in above] == ["┌", "├"]


def test_whatis_counts_both_uses_of_a_square() -> None:
    x = Value(3.0, label="x")
    assert listed(x * x, "step", "whatis x")[-1] == "   grad 3.0, 1 of 2 contributions are there"
