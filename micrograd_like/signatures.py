"""What type checkers are told of functions: floats in, float out; a Value among them, Value out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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

    of_numbers: Callable[[Any], OfNumbers]
    of_many: Callable[[Any], OfMany]
    of_each: Callable[[Any], OfEach]
    of_pairs: Callable[[Any], OfPairs]
else:

    def of_many(function):
        """Say of what a function is, and change nothing."""
        return function

    of_numbers = of_each = of_pairs = of_many
