"""Numbers in lists, tuples, dicts and arrays, nested: what functions take and return.

What you can do with it::

    >>> from micrograd_like.structures import like, mapped, numbers
    >>> weights = {"w": [1.0, 2.0], "b": 3.0}
    >>> numbers(weights)
    [1.0, 2.0, 3.0]
    >>> like(weights, [10.0, 20.0, 30.0])
    {'w': [10.0, 20.0], 'b': 30.0}
"""

from __future__ import annotations

from numbers import Real

from .engine import Value
from .ops import as_float
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Structure = Any  # a number, or a list, tuple, dict or array of structures


def mapped(x: Structure, function: Callable[[Any], Any]) -> Structure:
    """Return a structure with a function applied to each of its numbers."""
    if isinstance(x, (Value, Real)):
        return function(x)
    if isinstance(x, dict):
        return {key: mapped(part, function) for key, part in x.items()}
    if isinstance(x, (list, tuple)):
        parts = [mapped(part, function) for part in x]
        named = hasattr(x, "_fields")
        return parts if isinstance(x, list) else type(x)(*parts) if named else tuple(parts)
    if hasattr(x, "flat"):  # an array, so that NumPy is there
        from numpy import array

        made = array([function(each) for each in x.astype(object).flat])
        return made.reshape(x.shape + made.shape[1:])
    raise TypeError(
        f"{shorten(x)} of type {type(x).__name__} is not a number, nor a list, tuple, dict or array"
    )


def numbers(x: Structure) -> list[Any]:
    """Return the numbers of a structure in order, floats and Values."""
    found: list[Any] = []
    mapped(x, found.append)
    return [each if isinstance(each, Value) else as_float(each) for each in found]


def like(x: Structure, numbers: Iterable[Any]) -> Structure:
    """Return a structure with other things in the places of its numbers."""
    others = iter(numbers)
    return mapped(x, lambda _: next(others))


def match(what: str, numbers: Sequence[Any], others: Sequence[Any], name: str) -> None:
    """Raise ValueError unless there is one number for each of the others."""
    if len(numbers) != len(others):
        raise ValueError(f"there are {len(numbers)} {what} for {len(others)} {name}")
