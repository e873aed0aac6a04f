"""What type checkers are told of functions: floats in, float out; a Value among them, Value out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol, overload

    from .engine import Value

    Many = Iterable[Value | float]

    class OfNumbers(Protocol):
        """Of any number of numbers."""

        @overload
        def __call__(self, *xs: float, base: float = ...) -> float: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, *xs: Value | float, base: Value | float = ...) -> Value: ...

    class OfMany(Protocol):
        """Of a list of numbers."""

        @overload
        def __call__(self, xs: Iterable[float], *, start: float = ...) -> float: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, xs: Many, *, start: Value | float = ...) -> Value: ...

    class OfEach(Protocol):
        """Of each in a list of numbers."""

        @overload
        def __call__(self, xs: Iterable[float]) -> list[float]: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, xs: Many) -> list[Value]: ...

    class OfPairs(Protocol):
        """Of two lists of numbers."""

        @overload
        def __call__(  # type: ignore[overload-overlap]
            self, p: Iterable[float], q: Iterable[float], /, bias: float = ...
        ) -> float: ...
        @overload
        def __call__(self, p: Many, q: Many, /, bias: Value | float | None = ...) -> Value: ...


def of_numbers(function: Any) -> OfNumbers:
    """Say that a function takes any number of numbers; here and below, change nothing."""
    return function  # type: ignore[no-any-return]


def of_many(function: Any) -> OfMany:
    """Say that it takes a list of numbers."""
    return function  # type: ignore[no-any-return]


def of_each(function: Any) -> OfEach:
    """Say that it takes a list of numbers, and returns one of as many."""
    return function  # type: ignore[no-any-return]


def of_pairs(function: Any) -> OfPairs:
    """Say that it takes two lists of numbers."""
    return function  # type: ignore[no-any-return]
