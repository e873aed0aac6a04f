"""Values know their lines and anomalies raise where they happen, if asked for, and only then."""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
import pdb
import pickle
import sys
import threading
import traceback
from collections.abc import Iterator

import pytest

from micrograd_like import Value, engine, gradients, log, maximum, nn, sqrt, tanh
from micrograd_like.debugging.tracing import AnomalyError, detect_anomaly, trace_lines

HERE = __file__


def line() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


@pytest.fixture(autouse=True)
def unwatched() -> Iterator[None]:
    """Whatever a test switches on, it leaves the engine's one hook as it was: None."""
    assert engine.hook is None
    yield
    assert engine.hook is None


def test_every_value_knows_the_line_of_the_user() -> None:
    with trace_lines():
        x = Value(2.0); leaf = line()  # fmt: skip  # noqa: E702
        model = nn.MLP(1, [2, 1], rng=1); made = line()  # fmt: skip  # noqa: E702
        y = model([x]) ** 2; used = line()  # fmt: skip  # noqa: E702
        (slope,) = gradients(y, [x], create_graph=True); derived = line()  # fmt: skip  # noqa: E702
    assert x.line == f"{HERE}:{leaf}"
    assert {p.line for p in model.parameters()} == {f"{HERE}:{made}"}
    assert {y.line, y.operands[0].line, y.operands[1].line} == {f"{HERE}:{used}"}
    assert slope.line == f"{HERE}:{derived}"
    assert Value(1.0).line == tanh(x).line == ""


def test_a_traced_line_knows_the_expression_and_where_it_goes() -> None:
    with trace_lines():
        x = Value(2.0)
        y = tanh(x * 3.0) - x
    inner = y.operands[0].operands[0]
    places = [y.line, y.operands[0].line, inner.line]
    assert [place.target for place in places] == ["y", "", ""]  # type: ignore[attr-defined]
    spans = [place.span for place in places]  # type: ignore[attr-defined]
    assert spans == ([(12, 29), (12, 25), (17, 24)] if sys.version_info >= (3, 11) else [None] * 3)
    assert type(pickle.loads(pickle.dumps(x)).line) is str  # no code is pickled


def test_lines_can_be_switched_on_for_good() -> None:
    on = trace_lines()
    try:
        with trace_lines(False):
            assert not Value(1.0).line
        assert Value(1.0).line
        off = trace_lines(False)
        assert not Value(1.0).line
        off.__exit__(None, None, None)
    finally:
        on.__exit__(None, None, None)


def test_steps_and_drawings_show_the_line() -> None:
    with trace_lines():
        y = tanh(Value(1.0))
    assert str(next(y.steps())).endswith(f"   {y.line}")
    assert y.line in y.graph().dot()


def test_a_copy_has_the_line_of_the_original() -> None:
    with trace_lines():
        y = tanh(Value(1.0))
    twin = copy.deepcopy(y)
    assert (twin.line, twin.operands[0].line) == (y.line, y.operands[0].line)
    assert pickle.loads(pickle.dumps(y.operands[0])).line == y.line


def test_an_error_tells_where_its_operands_were_made() -> None:
    with trace_lines():
        x = Value(-1.0, label="neg")
    with pytest.raises(ValueError, match="; made at ") as caught:
        log(x)
    assert str(caught.value).endswith(x.line)


def test_blocks_may_overlap() -> None:
    first, second = trace_lines(), trace_lines()
    first.__exit__(None, None, None)
    assert Value(1.0).line
    second.__exit__(None, None, None)
    assert not Value(1.0).line
    for _ in range(2):  # and be entered again
        with first:
            assert Value(1.0).line
        assert not Value(1.0).line


def test_threads_may_overlap() -> None:
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with detect_anomaly():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    with detect_anomaly():
        leave.set()
        thread.join()
        with pytest.raises(AnomalyError):
            Value(1e200) * 1e200
    assert (Value(1e200) * 1e200).data == math.inf


def test_a_gradient_whose_sum_overflows_is_found() -> None:
    b = Value(0.0, label="b")
    y = b * 1e308 + b * 1.5e308
    with detect_anomaly(), pytest.raises(AnomalyError, match="the gradient of b is not finite"):
        y.backward()
    assert b.grad == 0


def test_it_goes_with_gradients_of_gradients() -> None:
    x = Value(0.5)
    with detect_anomaly():
        (slope,) = gradients(tanh(x), [x], create_graph=True, seed=Value(2.0))
    assert slope.data == 2 * tanh(x).partials[0]


def test_an_overflow_raises_where_it_happens() -> None:
    big = Value(1e200, label="big")
    with detect_anomaly(), pytest.raises(AnomalyError) as caught:
        1.0 + big * big
    assert str(caught.value) == "mul(big=1e+200, big=1e+200) is inf"
    assert caught.value.value.operands == (big, big)
    assert caught.value.x is None
    assert (big * big).data == math.inf


def test_what_came_in_is_told_from_what_was_born() -> None:
    x = Value(math.nan, label="x")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"x was nan already$"):
        tanh(x)
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"^weighted_sum\(.*, … and 11 more\) is inf$"),
    ):
        nn.Neuron(9, init=1e308)([1.0] * 9)


def test_a_nan_came_in_before_an_infinity() -> None:
    start, bad = Value(-math.inf, label="start"), Value(math.nan, label="bad")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"bad was nan already$"):
        maximum(start, bad)


def test_a_seed_that_is_not_finite() -> None:
    x = Value(1.0, label="x")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"gradient of x is the seed, nan$"):
        x.backward(math.nan)
    assert x.grad == 0


def test_the_message_tells_the_line() -> None:
    with trace_lines(), detect_anomaly(), pytest.raises(AnomalyError) as caught:
        Value(1e200).__mul__(1e200)
    assert f"is inf, made at {HERE}:{line() - 1}" in str(caught.value)


def test_a_backward_raises_at_the_product_and_changes_nothing() -> None:
    x = Value(0.0, label="x")
    root = sqrt(x)
    y = root * 0.0 + x
    y.backward(0.0)
    before = x.grad
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match="gradient of x is not finite") as caught,
    ):
        y.backward()
    error = caught.value
    assert (error.value, error.x, error.upstream, error.partial) == (root, x, 0.0, math.inf)
    assert repr(x.grad) == repr(before)
    with detect_anomaly(), pytest.raises(AnomalyError):
        gradients(y, [x])


def test_healthy_work_is_the_same_under_it() -> None:
    def trained() -> list[float]:
        model = nn.MLP(2, [3, 1], rng=1, activation="tanh")
        ((model([1.0, -2.0]) - 0.5) ** 2).backward()
        return [p.grad for p in model.parameters()]

    with detect_anomaly(), trace_lines():
        watched = trained()
    assert watched == trained()


def test_a_post_mortem_lands_in_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(0.0)
    y = sqrt(x) * 0.0
    before = sys.exc_info()
    with contextlib.suppress(AnomalyError), detect_anomaly():
        y.backward()
    try:
        with detect_anomaly():
            y.backward()
    except AnomalyError as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        assert [frame.f_code.co_name for frame, _ in frames][1:] == [
            "backward",
            "walked",
            "walked",
        ]
        assert frames[-1][0].f_locals["step"].x is x
        landed = []
        monkeypatch.setattr(pdb.Pdb, "interaction", lambda self, f, tb: landed.append(tb))
        pdb.post_mortem(error.__traceback__)
        assert landed
    assert sys.exc_info() == before
