"""Products of paths may leave the range of a float, and that of Python's usual decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from micrograd_like import Value
from micrograd_like.debugging.explain import explain
from micrograd_like.debugging.paths import short

LARGE, SMALL = 2.0**1000, 2.0**-1000


def scaled(x: Value, *factors: float, each: int) -> Value:
    """Multiply by each factor so many times."""
    for factor in factors:
        for _ in range(each):
            x = x * factor
    return x


@pytest.mark.parametrize("factors", [(LARGE, SMALL), (SMALL, LARGE)])
def test_a_product_may_leave_every_range_on_the_way(factors: tuple[float, ...]) -> None:
    """2 to the power ±4,000,000 has more than a million digits before or behind the point."""
    x = Value(1.0, label="x")
    explanation = explain(x, scaled(x, *factors, each=4000))
    assert explanation.sum == 1.0
    assert explanation.paths[0].product == 1.0
    assert abs(explanation.exact_sum - 1) < Decimal("1e-40")


@pytest.mark.parametrize(("factor", "text"), [(LARGE, "e+1204119"), (SMALL, "e-1204120")])
def test_a_product_beyond_the_range_is_shown(factor: float, text: str) -> None:
    x = Value(1.0, label="x")
    explanation = explain(x, scaled(x, factor, each=4000))
    assert text in short(explanation.exact_sum)
    assert text in repr(explanation.paths[0])
    heading = str(explanation).splitlines()[1]
    assert heading.startswith("1 path, whose product is ")
    assert text in heading
    assert explanation.sum == explanation.paths[0].product == (0.0 if "-" in text else float("inf"))


def test_the_larger_of_two_products_beyond_the_range_comes_first() -> None:
    x, y = Value(1.0, label="x"), Value(1.0, label="y")
    root = scaled(x, SMALL, each=1300) * 1.0 + scaled(x * y, SMALL, each=1301) * 2.0
    products = [path.exact for path in explain(x, root).paths]
    assert products[0] > products[1] > 0
    assert root.explain(x).path_count == 2
