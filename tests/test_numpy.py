"""Arrays and Values mix as arrays and any objects do, in both orders, without a dependency."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from micrograd_like import Value, check_gradients, grad, gradients, hessian, jacobian

X = np.array([1.0, 2.0])


def data(x: Any) -> Any:
    """Return the numbers of an array of Values, or of one."""
    return np.array(
        [number.data if isinstance(number, Value) else number for number in np.ravel(x)]
    )


MIXTURES = [
    "X * v", "v * X", "X + v", "v + X", "X - v", "v - X", "X / v", "v / X", "X ** v", "v ** X",
    "X // v", "X % v", "np.float64(2) * v", "v * np.float64(2)", "np.float32(2) * v",
    "np.int64(2) + v", "np.array(2.0) * v", "v * np.array(2.0)", "divmod(np.float64(7.0), v)",
    "divmod(v, np.float64(2))", "np.exp(v)", "np.tanh(V)", "W @ X", "W @ V", "V @ X", "M @ V",
    "W.sum()", "W.mean()", "W.mean(axis=0)", "V.std()", "V.var()", "np.linalg.norm(V)",
    "np.linalg.norm(W)", "np.maximum(V, 0.4)", "np.minimum(V, V[0])", "np.clip(V, 0.2, 0.4)",
    "np.dot(V, X)", "np.outer(V, X)", "np.einsum('i,i', V, V)", "np.cumsum(V)", "np.diff(V)",
    "np.prod(V)", "np.mean([v, 1.0])", "np.where(V > 0.4, V, 0.0)", "np.sort(V)", "np.arctan(V)",
    "np.arcsin(V)", "np.arccos(V)", "np.arctan2(V, X)", "np.arcsinh(V)", "np.arccosh(V + 1)",
    "np.arctanh(V)", "np.hypot(V, 1.0)", "np.fmod(V, 0.2)", "np.deg2rad(V)", "np.rad2deg(V)",
    "np.conj(V)", "np.sqrt(V)", "np.square(V)", "np.abs(-V)", "np.log1p(V)", "np.power(V, 2)",
    "np.average(V)",
]  # fmt: skip


@pytest.mark.parametrize("expression", MIXTURES)
def test_mixtures_compute_what_arrays_of_floats_do(expression: str) -> None:
    numbers = {"v": 3.0, "V": np.array([0.3, 0.5]), "W": np.array([[0.1, 0.2], [0.3, 0.4]])}
    values = {"v": Value(3.0)}
    for name in ("V", "W"):
        values[name] = np.vectorize(Value, otypes=[object])(numbers[name])
    given = {"np": np, "X": X, "M": numbers["W"]}
    expected = np.ravel(eval(expression, {**given, **numbers}))
    found = eval(expression, {**given, **values})
    assert any(isinstance(each, Value) for each in np.ravel(found))
    assert data(found) == pytest.approx(expected, rel=1e-14)


def test_what_would_lose_a_gradient_is_refused() -> None:
    v = np.array([Value(1.0)])
    with pytest.raises(TypeError, match="would lose its gradient"):
        v.astype(float)
    x = X.copy()
    with pytest.raises(TypeError, match="Cannot cast"):
        x += Value(1.0)


def test_gradients_come_in_the_shape_of_the_arrays() -> None:
    w = np.array([[Value(0.1), Value(0.2)], [Value(0.3), Value(0.4)]])
    b = np.array([Value(0.5), Value(0.6)])
    y = np.tanh(w @ X + b).sum()
    by_w = gradients(y, w)
    assert by_w.dtype == float
    slopes = [1 - math.tanh(z) ** 2 for z in (1.0, 1.7)]
    assert by_w == pytest.approx(np.outer(slopes, X))
    both = gradients(y, [w, b])
    assert both[0].tolist() == by_w.tolist()
    assert both[1] == pytest.approx(slopes)
    again = gradients(y, b, create_graph=True)
    assert gradients(again[0], b[0]) == pytest.approx([-2 * math.tanh(1.0) * slopes[0]])


def test_functions_of_arrays_return_arrays() -> None:
    assert grad(lambda a: (a * a).sum())(X).tolist() == [2.0, 4.0]
    assert hessian(lambda a: (a * a * a).sum())(X).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert jacobian(lambda a: a * a)(X).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert check_gradients(lambda a: np.linalg.norm(np.sin(a)), [X])
