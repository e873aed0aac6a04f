"""`jit`: functions recorded at the first call, with their branches; nothing is frozen silently."""

from __future__ import annotations

import functools
import math
import threading
import warnings
from collections import namedtuple
from typing import Any

import pytest

import micrograd_like
from micrograd_like import (
    Value,
    exp,
    grad,
    gradients,
    hessian,
    jit,
    logsumexp,
    losses,
    nn,
    no_grad,
    relu,
    sin,
    softplus,
    tanh,
    value_and_grad,
    where,
)
from micrograd_like.programs import jit as programs

Point = namedtuple("Point", "x y")


def test_a_function_is_recorded_once() -> None:
    calls = []

    @jit
    def f(x: Any) -> Any:
        calls.append(x)
        return tanh(x) * 2

    assert [f(0.5), f(0.25), f(-3.0)] == [
        2 * math.tanh(0.5),
        2 * math.tanh(0.25),
        -2 * math.tanh(3),
    ]
    assert len(calls) == 1
    assert f.__name__ == "f"
    (source,) = f.sources
    assert "def f(x):" in source


def test_lists_tuples_and_dicts_go_in_and_come_out() -> None:
    def f(p: Any, net: Any, flag: bool = False) -> Any:
        total = p.x * net["w"][0] + net["w"][1]
        return {"total": total, "all": (p.x, [total, 3.0]), "p": Point(total * 2, p.y)}

    arguments = Point(2.0, 0.5), {"w": [3.0, 1.0]}
    compiled = jit(f)
    for _ in range(2):
        found = compiled(*arguments)
        assert found == f(*arguments)
        assert isinstance(found["p"], Point)
    assert compiled(arguments[0], net=arguments[1], flag=True) == found
    assert len(compiled.sources) == 2


def test_branches_are_guards() -> None:
    def f(x: Any) -> Any:
        if x < 0:
            return -x
        n = 0
        while x > 1:
            x, n = x / 2, n + 1
        return x + n + (round(x, 1) if bool(x) else 0.5) + math.floor(x * 3)

    compiled = jit(f)
    for x in (-3.0, 0.5, -1.0, 5.0, 0.0, 0.55, 5.1, -0.0, 0.9, 0.5):
        assert compiled(x) == f(x)
    assert 4 < len(compiled.sources) < 9


def test_a_parameters_branch_is_a_guard_too() -> None:
    w = Value(1.0, "w")
    f = jit(lambda x: x * w if w > 0 else x - w)
    assert f(2.0) == 2.0
    w.data = -1.0
    assert f(2.0) == 3.0
    w.data = 2.0
    assert f(2.0) == 4.0


def test_where_and_functions_that_ask_are_guards() -> None:
    f = jit(lambda x: where(x > 0, lambda: micrograd_like.log(x), 0.0))
    assert [f(1.0), f(0.0), f(math.e)] == [0.0, 0.0, 1.0]


def test_ints_strings_and_none_are_static() -> None:
    def f(x: Any, n: int, name: str | None = None, flag: bool = True) -> Any:
        return x**n + (1 if name == "one" else 0) + flag

    compiled = jit(f)
    for arguments in [
        (2.0, 3),
        (2.0, 2),
        (3.0, 2, "one"),
        (3.0, 2, None, False),
        (3.0, 1),
        (3.0, True),
    ]:
        assert compiled(*arguments) == f(*arguments)
    assert len(compiled.sources) == 6


def test_static_arguments_are_told() -> None:
    model = nn.MLP(2, [3, 1], rng=1)

    def loss(model: Any, xs: Any, y: Any) -> Any:
        return (model(xs) - y) ** 2

    compiled = jit(loss, static_argnums=0)
    expected = loss(model, [0.5, 0.25], 1.0).data
    assert compiled(model, [0.5, 0.25], 1.0) == expected
    with pytest.raises(TypeError, match=r"the argument model is MLP.* static_argnums"):
        jit(loss)(model, [0.5, 0.25], 1.0)
    with pytest.raises(TypeError, match="must be hashable"):
        jit(loss, static_argnums=(0, 1))(model, [1.0, 2.0], 1.0)


def test_parameters_are_read_anew() -> None:
    model = nn.MLP(2, [3, 1], rng=1)
    f = jit(lambda xs: model(xs))
    for turn in range(3):
        for p in model.parameters():
            p.data += 0.25 * turn
        assert f([0.5, -1.0]) == model([0.5, -1.0]).data
    assert len(f.sources) == 1


def test_gradients_compose_inside_and_outside() -> None:
    def f(x: Any, y: Any = 0.5) -> Any:
        return sin(x * y) * exp(-x) + relu(x - y) ** 2 + softplus(x)

    for x in (0.75, -0.5, 2.0):
        assert jit(grad(f))(x) == grad(f)(x)
        assert grad(jit(f))(x) == grad(f)(x)
        assert jit(value_and_grad(f, argnums=(0, 1)))(x, 0.3) == value_and_grad(f, (0, 1))(x, 0.3)
        assert jit(grad(grad(f)))(x) == grad(grad(f))(x)
    g = jit(hessian(lambda v: f(*v) * v[1]))
    for v in ([0.5, 0.75], [1.5, 0.25], [-0.5, 1.0]):
        assert g(v) == hessian(lambda v: f(*v) * v[1])(v)


def test_the_gradient_of_a_network_has_one_path() -> None:
    """The 40 units of relu and elu that are on or off are no branches of the program."""
    model = nn.MLP(2, [20, 20, 1], activation=["relu", "elu", "linear"], rng=1)
    f = jit(grad(lambda xs, y: losses.mean_squared_error(model(xs), y)))
    for xs in ([0.5, 1.0], [-0.5, 1.0], [3.0, -2.0], [-0.1, -0.1]):
        assert f(xs, 0.5) == grad(lambda xs, y: losses.mean_squared_error(model(xs), y))(xs, 0.5)
    assert len(f.sources) == 1


def test_errors_are_the_functions_own() -> None:
    f = jit(lambda x: micrograd_like.log(x) * 2)
    assert f(1.0) == 0.0
    with pytest.raises(
        ValueError, match=r"log\(x=-1\.0\): .*; log takes numbers between 0 and inf"
    ):
        f(-1.0)
    unused = jit(lambda x: (1 / x, x)[1])
    assert unused(1.0) == 1.0
    with pytest.raises(ZeroDivisionError):
        unused(0.0)


def test_a_number_that_would_be_frozen_is_an_error_with_the_line() -> None:
    def reads(x: Any) -> Any:
        y = x * 2
        return y * y.data

    def sets(x: Any) -> Any:
        x.data = 3.0
        return x

    def walks(x: Any) -> Any:
        y = x * 2
        y.backward()
        return y * x.grad

    def takes(x: Any) -> Any:
        return x * gradients(x * 2, [x])[0]

    for f, what in ((reads, "reads .data"), (sets, "sets .data"), (walks, ""), (takes, "takes")):
        line = f.__code__.co_firstlineno
        with pytest.raises(
            TypeError, match=rf"test_jit\.py:\d+ .*{what}.*while it is rec"
        ) as caught:
            jit(f)(1.5)
        told = int(str(caught.value).partition("test_jit.py:")[2].partition(" ")[0])
        assert line < told <= line + 3


def test_what_depends_on_no_input_may_be_read() -> None:
    w = Value(2.0, "w")
    f = jit(lambda x: x * (Value(3.0) * 2).data + w.data)
    assert f(1.5) == 11.0


def test_detached_values_and_no_grad_are_computed_anew() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            scale = x * 3
        return x * x.detach() + scale

    compiled = jit(f)
    for x in (2.0, 5.0):
        assert compiled(x) == x * x + 3 * x
    assert [jit(grad(f))(x) for x in (2.0, 5.0)] == [2.0, 5.0]


def test_values_run_the_function_itself() -> None:
    x = Value(0.5, "x")
    y = jit(lambda v: tanh(v[0]))([x])
    assert isinstance(y, Value)
    assert gradients(y, [x]) == [micrograd_like.ops.sech2(0.5)]


def test_too_many_paths_are_told_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST_PATHS", 5)
    f = jit(lambda x: x * int(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [f(i + 0.5) for i in range(5)] == [(i + 0.5) * i for i in range(5)]
        with pytest.warns(RuntimeWarning, match="has gone 5 ways"):
            assert f(5.5) == 27.5
    assert len(f.sources) == 1


def test_what_is_not_finite_is_the_functions_own() -> None:
    f = jit(lambda x: x * 1e200 * x)
    for x in (1.0, 1e200, math.inf, math.nan, 0.0):
        assert repr(f(x)) == repr(x * 1e200 * x)


def test_variables_name_the_lines() -> None:
    def f(x: Any) -> Any:
        hidden = tanh(x * 2)
        return hidden + hidden

    compiled = jit(f)
    compiled(0.5)
    (source,) = compiled.sources
    assert "    hidden = tanh(x*2.0)" in source
    assert "test_jit.py" in source
    assert "hidden = tanh(x * 2)" in source


def test_threads_record_for_themselves() -> None:
    found: dict[int, list[float]] = {}
    ready = threading.Barrier(4)

    def work(i: int) -> None:
        f = jit(grad(lambda x: tanh(x * i) * relu(x)))
        ready.wait()
        for _ in range(20):
            y = Value(0.5) * i + 1  # not recorded by the others
            assert y.data == 0.5 * i + 1
            found.setdefault(i, []).append(jit(lambda x: x * i if x > 0 else x)(1.5))
        found[i].append(f(0.5))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {i: numbers[:20] for i, numbers in found.items()} == {
        i: [1.5 * i] * 20 for i in range(4)
    }
    assert [found[i][20] for i in range(4)] == [
        grad(lambda x, i=i: tanh(x * i) * relu(x))(0.5) for i in range(4)
    ]


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="jit takes a function"):
        jit(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a number, nor a list"):
        jit(lambda x: "text")(1.0)


def test_a_slope_that_is_a_value_has_its_second_derivative() -> None:
    def f(v: Any) -> Any:
        return micrograd_like.leaky_relu(v[0], v[1]) * v[0]

    g = jit(hessian(f))
    for v in ([-0.5, 0.25], [2.0, 0.25], [-3.0, 0.5]):
        assert g(v) == hessian(f)(v)


def test_methods_are_functions_with_a_static_argument() -> None:
    class Line:
        slope = 3.0

        @functools.partial(jit, static_argnums=0)
        def at(self, x: Any) -> Any:
            return x * self.slope

    assert [Line().at(0.5), Line().at(2.0)] == [1.5, 6.0]


def test_an_operand_may_be_the_same_constant_twice() -> None:
    f = value_and_grad(lambda x: logsumexp([0.5, 0.5, x]))
    compiled = jit(f)
    assert [compiled(2.0), compiled(3.0)] == [f(2.0), f(3.0)]


def test_a_nan_is_the_engines_where_the_program_has_no_need_of_it() -> None:
    f = jit(grad(lambda x: x + 3.0))
    assert f(1.0) == 1.0
    assert math.isnan(f(math.nan))


def test_the_path_that_was_used_last_is_the_first() -> None:
    f = jit(lambda x: x * 2 if x < 0 else x * 3)
    for x, factor in ((-1.0, "2.0"), (1.0, "3.0"), (-2.0, "2.0"), (-3.0, "2.0"), (2.0, "3.0")):
        f(x)
        assert f"*{factor}" in f.sources[0]
    assert len(f.sources) == 2


def test_a_parameter_times_one_is_read_anew() -> None:
    w = Value(2.0, "w")
    f = jit(lambda x: w * 1.0 * x)
    assert f(3.0) == 6.0
    w.data = 5.0
    assert f(3.0) == 15.0


def test_a_zero_that_is_rounded_keeps_its_sign() -> None:
    f = jit(lambda x: round(x, 1) * 1.0)
    assert repr([f(0.04), f(-0.04), f(0.04)]) == "[0.0, -0.0, 0.0]"
