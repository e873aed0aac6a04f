"""What the page computes in the browser is what the engine computes, to 4 ulp an op.

A leaf is given another number, and every value, partial and gradient is held to the engine's: each
op within 4 ulp of its row at the browser's own operands, and each gradient to the bit of the walk
over the browser's own partials. So every number is within the running error bound of 4 ulp an op.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import Browser
from kinks import drawn_from, kink, size
from oracle import EPS, draw
from recipes import Recipe, cook, moderate
from test_page import Page, values_below

from micrograd_like import Value, maximum
from micrograd_like.ops import TABLE, Op
from micrograd_like.page.page import html
from micrograd_like.programs.javascript import page_program, translated

ULPS = 4
# Where terms of a rule cancel, 4 eps of these holds. Of direction, which only second derivatives
# have, the engine's own partials are within 6 ulp.
TERMS = {"gelu": 1.3, "silu": 1.3, "softmax": 1.0, "log_softmax": 1.0}
BARS = {"direction": 12}
ROWS = [*TABLE.values()]


def ulps(a: float, b: float) -> int:
    """Return how many floats lie from one to the other."""
    if a != a or b != b:
        return 0 if (a != a) == (b != b) else 1 << 62
    return abs(_ordered(a) - _ordered(b))


def _ordered(x: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return bits if bits >= 0 else -(bits & ((1 << 63) - 1))


def is_near(op: Op, ours: float, theirs: float, terms: float) -> bool:
    near = ulps(ours, theirs) <= BARS.get(op.name, ULPS)
    return near or abs(ours - theirs) <= ULPS * EPS * terms


def points(op: Op, n: int, rng: random.Random) -> Iterator[tuple[float, ...]]:
    """Draw operands inside the op's domain and away from its kinks, at which it does not raise."""
    while True:
        kind = rng.random()
        xs = tuple(draw(drawn_from(op, i), kind, rng) for i in range(n))
        if (op.name == "clamp" and xs[1] > xs[2]) or abs(kink(op, xs)) <= 1e-9 * max(map(abs, xs)):
            continue
        try:
            out = op.value(xs)
        except (ArithmeticError, ValueError):
            continue
        if math.isfinite(out):
            yield xs


def told(x: float) -> float | str:
    return x if math.isfinite(x) else repr(x)


def computed(browser: Browser, settings: list[list[float]]) -> list[list[list[float]]]:
    """Return data, partials and gradients of the page for each setting of its leaves, in order."""
    numbers: list[list[list[Any]]] = browser.run(
        "arguments[0].map((given) => { const of = Float64Array.from(recorded.data);"
        " given.forEach((x, k) => (of[leaves[k]] = fromJSON(x)));"
        " const { data, partials, grads } = recompute(of);"
        " return [data, partials, grads].map((all) => Array.from(all, (x) =>"
        " Number.isFinite(x) && x !== 0 ? x : repr(x))); })",
        [[*map(told, setting)] for setting in settings],
    )
    return [[[*map(float, each)] for each in one] for one in numbers]


def faults(values: list[Value], data: list[float], partials: list[float]) -> list[str]:
    """Return the ops whose value or partials are not their row's at the same operands."""
    places = {value: i for i, value in enumerate(values)}
    found, at = [], 0
    for i, value in enumerate(values):
        op = value.op
        if op is None:
            continue
        xs = [data[places[x]] for x in value.operands]
        out = op.value(xs)
        rule = [*op.partials_at(tuple(xs), out)]
        mine, at = partials[at : at + len(xs)], at + len(xs)
        terms = TERMS.get(op.name, 0.0)
        near = [is_near(op, x, y, terms) for x, y in zip(mine, rule)]
        if not is_near(op, data[i], out, 0.0) or not all(near):
            found.append(f"{op.name}{tuple(xs)}: {data[i]!r} {mine}, and not {out!r} {rule}")
    return found


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_javascript_has_words_for_every_row(op: Op) -> None:
    xs = [Value(x) for x in next(points(op, size(op, 1), random.Random(1)))]
    assert "function run(" in page_program([*xs, op(*xs)])


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        ("[a] * b", "py.repeat([a], b)"),
        ("a * [b]", "py.repeat(a, [b])"),
        ("[a] + b", "[...[a], ...b]"),
        ("a + [b]", "[...a, ...[b]]"),
        ("a[1:] + b", "[...py.slice(a, 1, null, null), ...b]"),
        ("a + b", "(a + b)"),
    ],
)
def test_a_list_on_one_side_makes_a_list(python: str, javascript: str) -> None:
    text = translated(f"def f(a, b):\n    return {python}\n")
    assert f"return {javascript};" in text


def test_every_row_at_200_points(browser: Browser) -> None:
    rng = random.Random(1)
    leaves = [[*next(points(op, size(op, 1), rng))] for op in ROWS]
    values = [[Value(x) for x in xs] for xs in leaves]
    root = maximum(*[op(*xs) for op, xs in zip(ROWS, values)])
    browser.open(root)
    assert browser.run("obstacle") == ""
    order = values_below(root)
    place = {value: i for i, value in enumerate(v for v in order if v.op is None)}
    streams = [points(op, len(xs), rng) for op, xs in zip(ROWS, values)]
    settings = []
    for _ in range(200):
        setting = [0.0] * len(place)
        for xs, stream in zip(values, streams):
            for x, number in zip(xs, next(stream)):
                setting[place[x]] = number
        settings.append(setting)
    found = []
    for data, partials, _ in computed(browser, settings):
        found += faults(order, data, partials)
    assert found == []


def test_a_sum_of_products_is_rounded_once_whatever_their_sizes(browser: Browser) -> None:
    op, rng = TABLE["sumprod"], random.Random(4)
    xs = [Value(1.0) for _ in range(4)]
    browser.open(op(*xs))
    edges = [5e-324, -1e-310, 2.2250738585072014e-308, 1.0, -708.0, 1.7e308, 0.0, 1 + EPS]
    settings = [[rng.choice(edges) * rng.choice((1, -1)) for _ in xs] for _ in range(300)]
    settings += [[1.0, EPS / 2, 1.0, 1.0], [1.0 + EPS, EPS / 2, 1.0, 1.0], [5e-324, 0.0, 0.5, 1.0]]
    for setting, (data, _, _) in zip(settings, computed(browser, settings)):
        assert repr(data[-1]) == repr(op.value(setting)), setting


def random_graph(rng: random.Random) -> Recipe:
    names = [op.name for op in ROWS]
    steps = [(rng.choice(names), [rng.randrange(10) for _ in range(6)]) for _ in range(20)]
    return cook([rng.uniform(-3, 3) for _ in range(4)], steps, moderate)


def test_random_graphs_dragged_about_and_reset(browser: Browser) -> None:
    rng = random.Random(2)
    for _ in range(20):
        recipe = random_graph(rng)
        root = recipe.values()[-1]
        order = values_below(root)
        mine = [v.data for v in order if v.op is None]
        settings = []
        while len(settings) < 200:
            setting = [x + rng.uniform(-0.2, 0.2) for x in mine]
            if is_admissible(order, setting):
                settings.append(setting)
        browser.open(root)
        for setting, (data, partials, grads) in zip(settings, computed(browser, settings)):
            assert [x for x, v in zip(data, order) if v.op is None] == setting
            assert faults(order, data, partials) == []
            assert [*map(repr, grads)] == [*map(repr, walked(order, partials))]
        browser.run("void setLeaves(recorded.data.map((x) => x + 0.1))")
        browser.run("void reset()")
        ((data, partials, grads),) = computed(browser, [mine])
        assert browser.run("now === recorded")
        assert [*map(float.hex, data)] == [v.data.hex() for v in order]
        assert [*map(float.hex, partials)] == [p.hex() for v in order for p in v.partials]
        root.backward()
        assert [*map(float.hex, grads)] == [v.grad.hex() for v in order]


def is_admissible(order: list[Value], setting: list[float]) -> bool:
    """Tell whether every op is away from its kinks and edges, for these numbers of the leaves."""
    numbers, given = dict[Value, float](), iter(setting)
    for value in order:
        if value.op is None:
            numbers[value] = next(given)
            continue
        xs = [numbers[x] for x in value.operands]
        try:
            numbers[value] = value.op.value(xs)
        except (ArithmeticError, ValueError):
            return False
        if value is not order[-1] and not moderate(value.op, xs, numbers[value]):
            return False
    return True


def walked(order: list[Value], partials: list[float]) -> list[float]:
    """Return the gradients of the walk over these partials."""
    grads, rest = dict.fromkeys(order, 0.0), partials
    grads[order[-1]] = 1.0
    for out in reversed(order):
        n = len(out.operands)
        mine, rest = rest[len(rest) - n :], rest[: len(rest) - n]
        for x, partial in zip(out.operands, mine):
            grads[x] += grads[out] * partial
    return [grads[value] for value in order]


def test_a_number_outside_a_domain_is_refused_with_the_reason(browser: Browser) -> None:
    q = Value(0.5, label="q")
    browser.open(q.log() * 3.0)
    before = browser.run("Array.from(now.data)")
    browser.run("void setLeaf(0, -1)")
    browser.wait(lambda: browser.find("#complaint").text)
    assert browser.find("#complaint").text == "Not computed: log(-1.0): math domain error"
    assert browser.run("Array.from(now.data)") == before
    browser.run("void setLeaf(0, 2)")
    browser.wait(lambda: not browser.find("#complaint").text)
    assert browser.run("now.data[0]") == 2


def test_a_row_that_javascript_cannot_compute_is_named(browser: Browser) -> None:
    lgamma = Op("lgamma", math.lgamma, lambda out, a: (math.nan,))
    x = Value(3.0, label="x")
    browser.open(lgamma(x) * x)
    told = browser.find("#obstacle").text
    assert "those that were recorded: lgamma: lgamma has no words in JavaScript" in told
    browser.click("#v0")
    assert not browser.driver.find_elements("css selector", ".tuner")
    assert not browser.find("#whatif").is_displayed()
    browser.press("d", *["\ue014"] * 9)  # stepping is as ever
    assert browser.now.startswith("Backward 3 of 3")
    assert browser.run("now === recorded")


@pytest.mark.parametrize(
    ("forward", "told"),
    [
        (lambda a: float(int(a) & 1), "the operator BitAnd has no words in JavaScript"),
        (lambda a: +a, "'+a' has no words in JavaScript"),
        (lambda a: a.real * 2, "'Node' object has no attribute 'real'"),
    ],
)
def test_whatever_a_row_of_the_user_s_own_does_there_is_a_page(
    forward: Callable[[float], float], told: str
) -> None:
    op = Op("odd", forward, lambda out, a: (1.0,))
    assert Page(html(op(Value(3.0)) * 2.0)).data["obstacle"] == f"odd: {told}"


def test_an_op_of_the_user_s_own_is_computed(browser: Browser) -> None:
    cubed = Op("cubed", lambda a: a * a * a, lambda out, a: (3 * a * a,))
    x = Value(2.0, label="x")
    browser.open(cubed(x))
    assert computed(browser, [[3.0]]) == [[[3.0, 27.0], [27.0], [27.0, 1.0]]]


@pytest.mark.parametrize("spec", [".4g", ".2f", "+.3e", "g", ".0f", ",.1f", ".3%", "E", "", " .6g"])
def test_numbers_are_written_as_python_writes_them(browser: Browser, spec: str) -> None:
    rng = random.Random(3)
    xs = [rng.uniform(-1, 1) * 10.0 ** rng.randint(-30, 25) for _ in range(300)]
    xs += [0.0, -0.0, 1.0625, 0.125, 2.5, -3.5, 1e16, 1e15, 123456789.0, 1e-5, 0.0001, 9.9999e22]
    xs += [math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 99999.5, 0.99999]
    browser.open(Value(1.0))
    shown = browser.run(
        "arguments[0].map((x) => formatted(fromJSON(x), arguments[1]))", [*map(told, xs)], spec
    )
    assert shown == [format(x, spec) for x in xs]
    assert browser.run("arguments[0].map((x) => repr(fromJSON(x)))", [*map(told, xs)]) == [
        *map(repr, xs)
    ]


def test_the_program_has_nothing_of_a_label() -> None:
    label = "</script><script>alert(1)//"
    x = Value(2.0, label=label)
    page = Page(html(x * x))
    assert "alert" not in page.texts["script"][1]
