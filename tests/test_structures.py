"""Structures of numbers come back as they are."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrograd_like import Value
from micrograd_like.structures import like, mapped, match, numbers

STRUCTURES = st.recursive(
    st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from("abc"), inner)
    ),
    max_leaves=6,
)
Pair = namedtuple("Pair", ["first", "second"])


@given(STRUCTURES)
def test_numbers_put_back_are_the_structure(structure: Any) -> None:
    assert like(structure, numbers(structure)) == structure


def test_named_tuples_and_arrays_keep_their_kind() -> None:
    x = Value(2.0)
    pair = mapped(Pair(1.0, [x]), lambda each: each)
    assert isinstance(pair, Pair)
    assert pair.second == [x]
    square = mapped(np.array([[1.0, 2.0], [3.0, 4.0]]), lambda each: each * 2)
    assert square.tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert square.dtype == float
    assert mapped(np.array([x, x]), lambda each: each).dtype == object
    assert mapped(np.array(3.0), lambda each: each).shape == ()
    assert mapped(np.zeros((0, 2)), lambda each: each).shape == (0, 2)


@pytest.mark.parametrize("wrong", ["a", None, object(), {1.0}, 1j])
def test_what_holds_no_numbers_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is not a number, nor a list, tuple, dict or array"):
        numbers([1.0, wrong])


def test_lengths_are_compared() -> None:
    match("tangents", [1.0], [2.0], "primals")
    with pytest.raises(ValueError, match="there are 2 tangents for 1 primals"):
        match("tangents", [1.0, 2.0], [2.0], "primals")
