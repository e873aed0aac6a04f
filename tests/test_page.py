"""The page holds the walk to the bit and nothing from outside, and can be stepped in a browser.

The tests of the second half drive Chromium by its own driver: they click, press keys, and read what
is shown. Where Chromium or selenium is missing, they are skipped.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import Recipe, recipes

from micrograd_like import (
    Value,
    clamp,
    exp,
    fsum,
    gradients,
    maximum,
    nn,
    prod,
    relu,
    sumprod,
    tanh,
)
from micrograd_like.debugging.tracing import trace_lines
from micrograd_like.drawing.picture import THEMES
from micrograd_like.page.page import html
from micrograd_like.text import clean

ROOT = Path(__file__).resolve().parent.parent


class Page(HTMLParser):
    """What a browser would find in a page: its elements, and the text in them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.texts["script"][0])
        return data


def neuron() -> tuple[Value, dict[str, Value]]:
    """Return a neuron whose input ``x`` gets three contributions, two of them at one op."""
    with trace_lines():
        x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.75, label="b")
        n = x * w + b
        n.label = "n"
        out = tanh(n) + x * x
        out.label = "out"
    return out, {"x": x, "w": w, "b": b, "n": n, "out": out}


def values_below(root: Value) -> list[Value]:
    return root.graph(limit=100_000).values


# ---------------------------------------------------------------------------- the file


def test_it_needs_nothing_from_outside() -> None:
    text = html(neuron()[0])
    assert set(re.findall(r"\w+://[^\s\"'<>]*", text)) == {"http://www.w3.org/2000/svg"}
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "object", "embed", "form", "base", "image", "use"), tag
        assert "src" not in attributes
        assert attributes.get("href", "data:,") == "data:,"
        # A style attribute or a handler would be against the policy.
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    assert not re.search(r"@import|url\(", page.texts["style"][0])
    script = page.texts["script"][1]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|fetch", script)


def test_its_policy_allows_its_own_script_and_style_only() -> None:
    page = Page(html(neuron()[0]))
    (policy,) = (
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    script, style = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (page.texts["script"][1], page.texts["style"][0])
    )
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{script}'",
        "style-src": f"'sha256-{style}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def bits(number: float) -> str:
    return "nan" if math.isnan(number) else number.hex()


@given(recipes(), st.sampled_from([1.0, -2.5, 0.0, math.inf]))
@settings(max_examples=40)
def test_it_holds_the_numbers_of_the_walk(recipe: Recipe, seed: float) -> None:
    root = recipe.values()[-1]
    values = values_below(root)
    data = Page(html(root, seed=seed)).data
    assert [bits(float(v["data"])) for v in data["values"]] == [bits(v.data) for v in values]
    assert values[data["root"]] is root
    gradient = [0.0] * len(values)
    gradient[data["root"]] = float(data["seed"])
    for i, (told, step) in enumerate(zip(data["steps"], root.steps(seed), strict=True)):
        assert (values[told["out"]], values[told["x"]]) == (step.out, step.x)
        assert (i + 1, told["index"], told["waiting"]) == (step.number, step.index, step.waiting)
        for name in ("partial", "upstream", "product", "before", "after"):
            assert bits(float(told[name])) == bits(getattr(step, name)), name
        assert bits(float(told["before"])) == bits(gradient[told["x"]])
        gradient[told["x"]] = float(told["after"])
        assert told["shown"] == format(step.after, ".4g")
    assert [*map(bits, gradient)] == [*map(bits, gradients(root, values, seed=seed))]


@given(recipes())
@settings(max_examples=20)
def test_writing_it_changes_nothing(recipe: Recipe) -> None:
    root = recipe.values()[-1]
    values = values_below(root)
    for number, value in enumerate(values):
        value.grad = float(number) if number % 2 else 0
    before = [(v.data.hex(), repr(v.grad), v.label, v.operands, str(v.partials)) for v in values]
    html(root)
    after = [(v.data.hex(), repr(v.grad), v.label, v.operands, str(v.partials)) for v in values]
    assert before == after


def test_gradients_of_before_are_not_shown() -> None:
    fresh = html(neuron()[0])
    out = neuron()[0]
    out.backward(123.0)
    lines = re.compile(r"test_page\.py:\d+")  # there is but one neuron, so they are the same
    assert lines.sub("", html(out)) == lines.sub("", fresh)


hostile = st.text(max_size=40) | st.sampled_from(
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "]]>",
        "'\"&amp;<b>",
        "\u202egnp.exe\u2066",
        "a\x00b\r\n\x1b[31m",
        "$data ${script} $$",
        "\u2028\u2029\ud800\ufffe",
        "x" * 10_000,
        "onload=alert(1) style=x",
        "é\u0301漢字👩‍🔬",
    ]
)


@cache
def plain_page() -> Page:
    return Page(html(tanh(Value(0.5, label="a") * 2.0) + Value(1.0, label="b")))


@given(hostile, hostile)
@settings(max_examples=30)
def test_no_label_breaks_out(first: str, second: str) -> None:
    plain = plain_page()
    x = Value(0.5, label=first)
    text = html(tanh(x * 2.0) + Value(1.0, label=second))
    text.encode("utf-8")
    page = Page(text)
    assert [(tag, {*a}) for tag, a in plain.elements if tag != "text"] == [
        (tag, {*a}) for tag, a in page.elements if tag != "text"
    ]
    assert page.texts["script"][1] == plain.texts["script"][1]
    names = [value["name"] for value in page.data["values"]]
    assert {clean(first, 40), "v0"} & {*names}
    assert {clean(second, 40), "v2"} & {*names}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text)


def test_a_hostile_root_names_the_page() -> None:
    out = tanh(Value(1.0))
    out.label = "</title><script>$data"
    page = Page(html(out))
    assert page.texts["title"][0] == "Backpropagation of </title><script>$data"
    assert len(page.texts["script"]) == 2


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    code = """if True:
        from micrograd_like import Value, nn
        import sys, random
        random.seed(1)
        net = nn.MLP(2, [3, 1])
        sys.stdout.buffer.write(__import__("micrograd_like.page.page").page.page.html(
            (net([0.5, -0.5]) - 1.0) ** 2).encode())
    """
    pages = [
        subprocess.run(
            [sys.executable, "-S", "-c", code],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    ]
    assert len(pages[0]) > 10_000
    assert pages[0] == pages[1]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -0.0, 1e308, 5e-324])
def test_numbers_of_every_kind(number: float) -> None:
    x = Value(number, label="x")
    data = Page(html(x * 1e200 + x)).data
    told = {value["name"]: value for value in data["values"]}
    assert told["x"]["data"] == repr(number)
    assert {type(part) for step in data["steps"] for part in step.values()} == {str, int, list}
    assert Page(html(x)).data["steps"] == []  # a root that is a leaf


def test_it_tells_the_line_that_made_a_value() -> None:
    told = {value["name"]: value for value in Page(html(neuron()[0])).data["values"]}
    file, _, line = told["n"]["line"].rpartition(":")
    assert Path(file).name == "test_page.py"
    assert told["n"]["source"] == "n = x * w + b"
    assert "n = x * w + b" in Path(__file__).read_text().splitlines()[int(line) - 1]
    assert "line" not in Page(html(tanh(Value(1.0)))).data["values"][0]
    made = eval(compile("tanh(Value(1.0))", "no/such\x1bfile", "eval"))
    assert "source" not in Page(html(made)).data["values"][0]
    with trace_lines():
        made = eval(compile("tanh(Value(1.0))", "no/such\x1bfile", "eval"))
    (_, told_of_made) = Page(html(made)).data["values"]
    assert (told_of_made["line"], told_of_made["source"]) == ("no/such\ufffdfile:1", "")


def told_of(root: Value) -> dict[str, Any]:
    """Return what a page tells of each value, by its name."""
    return {value["name"]: value for value in Page(html(root)).data["values"]}


def test_forward_is_told_by_names_and_by_numbers() -> None:
    told = told_of(neuron()[0])
    assert told["n"]["made"] == ["v3 + b", "-6.0 + 6.75"]
    assert told["v3"]["made"] == ["x*w", "2.0*-3.0"]


def test_a_label_that_is_no_name_stands_in_brackets() -> None:
    labels = ("x1*w1", "-5", "h.0", "h[0]")
    a, b, c, d = (Value(float(i), label=label) for i, label in enumerate(labels, 1))
    total = a + b
    total.label = "x1*w1 + x2*w2"
    told = told_of(-(total * c - b) * d * -2.0)
    assert told["x1*w1 + x2*w2"]["made"][0] == "(x1*w1) + (-5)"
    made = [value["made"][0] for value in told.values() if "made" in value]
    assert made[1:] == ["(x1*w1 + x2*w2)*h.0", "v6 - (-5)", "-v7", "v8*(h[0])", "v9*-2.0"]


def test_a_name_can_be_seen_and_is_that_of_no_other_value() -> None:
    for label in ("", " ", "\u200d\u200d", "\u0301"):
        x = Value(1.0, label=label)
        out = x * x
        out.label = label
        text = html(out)
        page = Page(text)
        assert [value["name"] for value in page.data["values"]] == ["v0", "v1"]
        assert page.texts["title"][0] == "Backpropagation of v1"
        assert heads(text) == [[], ["v1", "*"]]
    x, y = Value(1.0, label="v2"), Value(2.0, label="v2_2")
    assert [*told_of(x * y + x)] == ["v2", "v2_2", "v2_", "v3"]


def test_a_long_formula_ends_with_how_many_operands_are_left_out() -> None:
    x = Value(0.5, label="x")
    (*_, out, _) = told_of(nn.Neuron(10, rng=1)([x] * 10)).values()
    names, numbers = out["made"]
    assert names.startswith("b + w.0*x + ")
    assert names.endswith(" + w.7*x + … and 2 more")
    assert numbers.endswith("*0.5 + … and 2 more")
    xs = [Value(float(i)) for i in range(9)]
    eight = [", ".join(f"v{i}" for i in range(8)), "0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0"]
    for out, text in (
        (fsum(xs), "fsum([{0}, … and 1 more])"),
        (sumprod(xs, xs), "sumprod([{0}, … and 1 more], [{0}, … and 1 more])"),
        (fsum(xs[:8]), "fsum([{0}])"),
    ):
        assert [*told_of(out).values()][-1]["made"] == [*map(text.format, eight)]


def heads(page: str) -> list[list[str]]:
    """Return the texts of each value's box that come before its numbers."""
    boxes = re.findall(r'<g id="v\d+"(.*?)</g>', page, re.DOTALL)
    texts = [re.findall(r"<text[^>]*>(.*?)</text>", box) for box in boxes]
    return [box[: box.index("data")] for box in texts]


def rules(root: Value) -> list[tuple[str, str, list[str]]]:
    """Return each step's rule, its remark, and what the words of the rule stand for."""
    data = Page(html(root, constants=True)).data
    of = data["values"]
    return [
        (
            f"{step['quotient']} = {step['rule'] or step['partial']}",
            step["remark"],
            [f"{word}: {of[i]['name']} {number}" for word, i, number in step["where"]],
        )
        for step in data["steps"]
    ]


def test_what_the_words_of_a_rule_stand_for() -> None:
    assert rules(Value(3.0, label="b") / Value(2.0, label="a")) == [
        ("∂div/∂a = 1/b", "", ["b: a 2.0"]),
        ("∂div/∂b = −a/b²", "", ["a: b 3.0", "b: a 2.0"]),
    ]
    assert rules(exp(Value(0.0, label="out"))) == [("∂exp/∂a = out", "", ["out: v1 1.0"])]
    xs = [Value(float(i), label=f"x{i}") for i in range(22)]
    told = rules(sumprod(xs[:11], xs[11:]))
    assert told[0] == ("∂sumprod/∂p₁ = q₁", "", ["q₁: x11 11.0"])
    assert told[11] == ("∂sumprod/∂q₁ = p₁", "", ["p₁: x0 0.0"])
    assert rules(clamp(Value(0.5, label="q"), 0.0, 1.0))[1] == (
        "∂clamp/∂low = 1 if a < low else 0",
        "",
        ["a: q 0.5", "low: 0.0 0.0"],
    )


def test_constants_are_folded_into_the_op_that_they_enter() -> None:
    x = Value(2.0, label="x")
    text = html((x - 0.5) ** 2)
    data = Page(text).data
    assert [(value["name"], value["data"]) for value in data["values"]] == [
        *(("x", "2.0"), ("v3", "1.5"), ("v4", "2.25"))
    ]
    assert data["values"][2]["made"] == ["v3**2.0", "1.5**2.0"]
    assert data["values"][2]["operands"] == [1]
    assert data["steps"][0]["where"] == [["a", 1, "1.5"], ["b", None, "2.0"]]
    assert heads(text) == [["x"], ["v3", "- 0.5"], ["v4", "**2"]]
    assert len(Page(html((x - 0.5) ** 2, constants=True)).data["values"]) == 5


def test_variables_name_what_has_no_label() -> None:
    x, w = Value(2.0), Value(-3.0)
    xw = x * w
    text = html(tanh(xw), names=locals())
    assert [value["name"] for value in Page(text).data["values"]] == ["x", "w", "xw", "v3"]
    assert heads(text) == [["x"], ["w"], ["xw", "*"], ["v3", "tanh"]]


def test_a_partial_is_what_the_rule_gives_or_a_remark_says_why_not() -> None:
    x = Value(2.0, label="x")
    assert rules(x**2)[1] == ("∂power/∂b = 0.0", "", [])
    assert rules(fsum([x, x]))[0] == ("∂fsum/∂x₁ = 1.0", "", [])
    where = ["x₁: x 2.0", "out: v2 2.0"]
    assert rules(maximum(x, 1.0))[0] == ("∂maximum/∂x₁ = 1/k if x₁ = out else 0", "", where)
    assert rules(prod([x, x]))[0][0] == "∂prod/∂x₁ = out/x₁"
    inf = Value(math.inf, label="inf")
    why = "not by the rule, {}: what is nan has no derivative"
    assert rules(inf - inf)[0] == ("∂sub/∂a = nan", why.format("1"), [])
    assert rules(inf * 0.0)[0] == ("∂mul/∂a = nan", why.format("b"), ["b: 0.0 0.0"])


def test_a_box_has_room_for_every_gradient_on_the_way() -> None:
    x = Value(1.0)
    text = html(x * 3.14159 - x * 3.14159)  # -3.142, then 0
    assert ">     0</text>" in text


def test_the_drawing_has_the_names_of_the_panels() -> None:
    text = html(nn.MLP(2, [2, 1], rng=1)([0.5, -0.5]) - 1.0)
    names = [value["name"] for value in Page(text).data["values"]]
    drawn = dict(zip(names, heads(text), strict=True))
    assert drawn["layers.0.neurons.1"] == ["neurons.1", "relu"]  # in frames of the other names
    assert drawn["layers.1.neurons.0"] == ["neurons.0", "Σwx"]
    assert all(name.endswith(head[0]) for name, head in drawn.items() if head)
    assert [name for name, head in drawn.items() if not head] == ["v4", "v5"]


def test_its_options(tmp_path: Path) -> None:
    out = neuron()[0]
    text = html(out, theme="dark", direction="TB", format=".1f", seed=2)
    page = Page(text)
    assert page.elements[0] == ("html", {"lang": "en", "data-theme": "dark"})
    assert page.data["seed"] == "2.0"
    assert page.data["seedShown"] == "2.0"
    assert ">4.3<" not in html(out)
    assert f">{out.data:.1f}<" in text
    width, height = (
        re.search(rf'<svg [^>]*{side}="([\d.]+)"', text) for side in ("width", "height")
    )
    assert width is not None
    assert height is not None
    assert float(height[1]) > float(width[1])
    for theme in THEMES.values():
        assert all(colour in page.texts["style"][0] for colour in theme.values())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limit": 3}, ValueError, "the graph has more than 3 values: a page draws every"),
        ({"limit": "9"}, TypeError, "limit is '9': it must be a whole number"),
        ({"theme": "blue"}, ValueError, "theme is 'blue': it must be one of auto, light, dark"),
        ({"direction": "RL"}, ValueError, "direction is 'RL': it must be one of LR, TB"),
        ({"format": "d"}, ValueError, "format is 'd': it must be one for floats"),
        ({"seed": "1"}, TypeError, "'1'"),
    ],
)
def test_mistakes_are_told(
    options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        neuron()[0].page(tmp_path / "page.html", **options)
    assert message in str(raised.value)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError, match="cannot draw 3"):
        html(3.0)  # type: ignore[arg-type]


def test_a_file_is_replaced_when_all_of_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, path = neuron()[0], tmp_path / "page.html"
    out.page(path)
    first = path.read_bytes()
    assert first.decode() == html(out)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="no space left"):
            out.page(path, theme="dark")
    assert path.read_bytes() == first
    with pytest.raises(FileNotFoundError):
        out.page(tmp_path / "none" / "page.html")
    assert list(tmp_path.iterdir()) == [path]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-m", "micrograd_like", "page", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_the_command_writes_a_page_with_the_script_s_lines(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "from micrograd_like import Value, tanh\nx = Value(0.5, label='x')\nys = [x, tanh(x)]\n"
    )
    done = run(tmp_path, "train.py:ys[1]", "--seed", "3", "--theme", "light", "--format", ".2f")
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote ys_1.html\n", "")
    data = Page((tmp_path / "ys_1.html").read_text(encoding="utf-8")).data
    assert data["seed"] == "3.0"
    assert (data["values"][1]["line"], data["values"][1]["source"]) == (
        "train.py:3",
        "ys = [x, tanh(x)]",
    )
    done = run(tmp_path, "train.py:ys", "-o", "x.html")
    assert (done.returncode, "train.py:ys names 2 Values: name one as" in done.stderr) == (1, True)
    done = run(tmp_path, "train.py:ys[1]", "-o", "x.html", "--limit", "1")
    assert (done.returncode, "more than 1 values: a page draws" in done.stderr) == (1, True)
    done = run(tmp_path, "train.py:x", "-o", "none/x.html")
    assert (done.returncode, "none/x.html" in done.stderr) == (1, True)
    assert not (tmp_path / "x.html").exists()


# ---------------------------------------------------------------------------- in a browser

FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --disable-dev-shm-usage
--window-size=1200,800 --force-prefers-reduced-motion"""


class Browser:
    """Chromium with a page in it: what a reader does to it, and what the reader sees."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def open(self, root: Value, fragment: str = "", **options: Any) -> None:
        path = self.folder / "page.html"
        root.page(path, **options)
        self.driver.get("about:blank")
        self.driver.get(path.as_uri() + fragment)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(f"return {script}", *arguments)

    def find(self, css: str) -> Any:
        return self.driver.find_element("css selector", css)

    def click(self, css: str) -> None:
        self.find(css).click()

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        actions = ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def can(self, id: str) -> bool:
        """Tell whether a button does anything, as the page says it."""
        return bool(self.find(f"#{id}").get_attribute("aria-disabled") == "false")

    def wait(self, happens: Callable[[], object]) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 30, poll_frequency=0.05).until(lambda _: happens())

    @property
    def now(self) -> str:
        """What is told of the current step, in one line."""
        return " ".join(self.find("#now").text.split())

    @property
    def panel(self) -> str:
        """What is told of the chosen value, in one line."""
        return " ".join(self.find("#value").text.split())

    @property
    def focused(self) -> str:
        """What has the focus: its id, else its text."""
        focused: str = self.run("(e => e.id || e.textContent.trim())(document.activeElement)")
        return focused

    @property
    def playing(self) -> bool:
        return bool(self.run("timer !== null"))

    def texts(self) -> dict[str, Any]:
        """Return all that can be seen to change in the drawing and the panels."""
        shown: dict[str, Any] = self.run(
            "[...document.querySelectorAll('#drawing g[id]')].reduce((all, g) => Object.assign(all,"
            "{[g.id]: [g.getAttribute('class').split(' ').sort().join(' '),"
            " g.getAttribute('aria-label'), ...[...g.querySelectorAll('text')].map("
            "t => t.textContent.trim() + t.getAttribute('class'))]}),"
            "{now: document.getElementById('now').textContent,"
            " value: document.getElementById('value').innerHTML.replace(/ class=\"\"/g, ''),"
            " slider: document.getElementById('slider').value,"
            " spoken: document.getElementById('slider').getAttribute('aria-valuetext')})"
        )
        return shown

    def grads(self) -> list[str]:
        """Return the gradients in the drawing, in the order of the values."""
        grads: list[str] = self.run(
            "[...document.querySelectorAll('#drawing g[role=button]')].sort((a, b) =>"
            " a.id.slice(1) - b.id.slice(1)).map(g => g.querySelector('.grad').textContent.trim())"
        )
        return grads

    def style(self, css: str, name: str) -> str:
        """Return what the browser has made of a property."""
        computed: str = self.run(
            "getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", css, name
        )
        return computed

    def colour(self) -> str:
        colour: str = self.run("getComputedStyle(document.body).backgroundColor")
        return colour


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no chromium and chromedriver on the PATH")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    profile = tmp_path_factory.mktemp("profile")
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(started, tmp_path_factory.mktemp("pages"))
    finally:
        started.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Hand out the browser, and see afterwards that the page had nothing to complain of."""
    chromium.driver.get_log("browser")
    yield chromium
    assert chromium.driver.get_log("browser") == []


LEFT, RIGHT, UP, HOME, END = "\ue012", "\ue014", "\ue013", "\ue011", "\ue010"
ENTER, ESCAPE, TAB, SPACE = "\ue007", "\ue00c", "\ue004", "\ue00d"


def expected(root: Value) -> list[str]:
    """Return what the drawing must show at the end of the walk."""
    root.backward()
    return [format(value.grad, ".4g") for value in values_below(root)]


def test_arrow_keys_step_through_forward_and_backward(browser: Browser) -> None:
    out, named = neuron()
    browser.open(out)
    assert browser.now.startswith("The leaves are given")
    for number in ("#v3 .data", "#ev3-0 > text", "#ev3-0 > rect"):
        assert browser.style(number, "visibility") == "hidden"  # x*w is not computed yet
    browser.run("choose(3)")
    assert "v3 = x*w not computed yet operands" in browser.panel
    browser.press(RIGHT)
    assert "v3 = x*w = 2.0*-3.0 = -6.0 operands" in browser.panel
    assert browser.now.startswith("Forward 1 of 5 v3 value v3 = x*w = 2.0*-3.0 = -6.0")
    for number in ("#v3 .data", "#ev3-0 > text", "#ev3-0 > rect"):
        assert browser.style(number, "visibility") == "visible"
    browser.press(*[RIGHT] * 4)
    assert set(browser.grads()) == {"–"}
    browser.press(RIGHT)
    assert browser.now.startswith("Seed out gradient 1.0")
    for step in out.steps():
        browser.press(RIGHT)
        told = browser.now
        assert told.startswith(f"Backward {step.number} of 9 ")
        assert f"{step.upstream!r} × {step.partial!r} = {step.product!r}" in told
        assert f"{step.before!r} + {step.product!r} = {step.after!r}" in told
        assert (f"{step.waiting} to come" if step.waiting else "complete") in told
        assert browser.run("document.querySelectorAll('.arrow.now').length") == 1
        assert browser.run("document.querySelector('.fresh').textContent") == f"{step.after:.4g}"
    assert "∂mul/∂b = a = 2.0 where a = 2.0 of x product" in browser.now
    assert "x*w" not in browser.now
    assert "x = x * w + b"[4:] in browser.now  # the line of source
    browser.press(RIGHT)  # nothing comes after the end
    for value in named.values():
        value.grad = 0
    assert browser.grads() == expected(out)


def test_stepping_back_restores_everything(browser: Browser) -> None:
    browser.open(neuron()[0])
    browser.run("choose(0)")
    seen = [browser.texts()]
    for _ in range(15):
        browser.click("#forward")
        seen.append(browser.texts())
    assert len({str(texts) for texts in seen}) == 16
    for texts in reversed(seen[:-1]):
        browser.click("#back")
        assert browser.texts() == texts
    assert not browser.can("back")
    browser.click("#end")
    assert browser.texts() == seen[-1]
    assert not browser.can("forward")
    browser.click("#start")
    assert browser.texts() == seen[0]


def test_the_slider_winds(browser: Browser) -> None:
    browser.open(neuron()[0])
    slider = browser.find("#slider")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("0", "15")
    slider.send_keys(RIGHT, RIGHT)
    assert browser.now.startswith("Forward 2 of 5")
    assert slider.get_attribute("aria-valuetext") == "Forward 2 of 5: n"
    slider.send_keys(END)
    assert browser.now.startswith("Backward 9 of 9")
    slider.send_keys(LEFT)
    assert slider.get_attribute("aria-valuetext") == "Backward 8 of 9: from v3 to x"
    slider.click()  # in the middle
    assert browser.run("position") in (7, 8)
    assert slider.get_attribute("value") == str(browser.run("position"))


def test_a_click_shows_what_a_gradient_is_made_of(browser: Browser) -> None:
    out, named = neuron()
    browser.open(out)
    browser.click("#v0")
    panel = browser.panel
    assert panel.startswith("x leaf value 2.0 line x, w, b = Value(2.0, label=")
    steps = [step for step in out.steps() if step.x is named["x"]]
    assert len(steps) == 3
    for step in steps:
        assert f"step {step.number} from" in panel
        assert f"{step.upstream!r} × {step.partial!r} = {step.product!r}" in panel
        assert step.formula in panel
    assert "gradient – 0 of 3 contributions" in panel
    places = [step.number for step in steps]
    for number in places:
        assert browser.can("next")
        browser.click("#next")
        assert browser.now.startswith(f"Backward {number} of 9")
        assert browser.find("li.now a").text == f"step {number}"
    assert not browser.can("next")
    browser.press("p", "p")
    assert browser.now.startswith(f"Backward {places[0]} of 9")
    browser.press("n")
    assert browser.now.startswith(f"Backward {places[1]} of 9")
    assert browser.run("document.querySelectorAll('#value li.done').length") == 2
    browser.click("#value li:last-child a")
    browser.wait(lambda: browser.now.startswith(f"Backward {places[2]} of 9"))
    assert f"{steps[-1].after!r} 3 of 3 contributions" in browser.panel
    browser.driver.back()
    browser.wait(lambda: browser.now.startswith(f"Backward {places[1]} of 9"))
    browser.run("void (go(SEED + 5), document.querySelector('#value li a').click())")
    assert browser.now.startswith(f"Backward {places[0]} of 9")
    browser.driver.back()  # to where the link was followed, however short it was seen
    browser.wait(lambda: browser.now.startswith("Backward 5 of 9"))
    browser.run(
        "void addEventListener('click', (event) => {"
        " leftAlone = !event.defaultPrevented; event.preventDefault(); }, { once: true })"
    )
    browser.run(
        "void document.querySelector('#value li a').dispatchEvent("
        "new MouseEvent('click', { ctrlKey: true, bubbles: true, cancelable: true }))"
    )
    assert browser.run("leftAlone")  # to the browser, which opens a tab
    assert browser.now.startswith("Backward 5 of 9")
    browser.click("#value li:first-child .name")  # the value that it comes from
    assert browser.find("#value h2").text.startswith("v6")
    assert browser.run("[...document.querySelectorAll('.chosen')].map(g => g.id)") == ["v6"]
    browser.click(f"#ev{values_below(out).index(steps[1].out)}-{steps[1].index} > text")
    assert browser.now.startswith(f"Backward {places[1]} of 9")  # the step along that edge
    browser.press(ESCAPE)
    assert "Choose a value" in browser.find("#value").text


def test_values_can_be_reached_and_chosen_with_keys_alone(browser: Browser) -> None:
    browser.open(neuron()[0])
    for _ in range(12):
        browser.press(TAB)
        if browser.focused.startswith("v"):
            break
    assert browser.focused == "v7"  # the root; one stop for the whole drawing
    browser.press(UP, UP)
    assert browser.focused == "v5"
    assert browser.style("#v5 > rect", "stroke-width") == "4px"
    assert browser.style("#v5 > rect", "stroke-opacity") == "1"
    assert browser.style("#v7 > rect", "stroke-width") == "2px"
    stops = "[...document.querySelectorAll('#drawing [tabindex=\"0\"]')].map(g => g.id)"
    assert browser.run(stops) == ["v5"]
    label = "document.activeElement.getAttribute('aria-label')"
    assert browser.run(label) == "v5, tanh, not computed yet"
    browser.press(ENTER)
    assert browser.find("#value h2").text.startswith("v5")
    pressed = "[...document.querySelectorAll('#drawing [aria-pressed=true]')].map(g => g.id)"
    assert browser.run(pressed) == ["v5"]
    browser.press(*[RIGHT] * 6)
    assert browser.focused == "v5"
    assert browser.run(label) == "v5, tanh, data 0.6351489523872873, no gradient yet"
    browser.press(RIGHT)
    assert browser.run(label) == "v5, tanh, data 0.6351489523872873, gradient 1.0"
    browser.press(TAB)
    assert browser.focused in ("start", "back")
    for control in browser.driver.find_elements("css selector", "button, input, select, output"):
        assert control.get_attribute("aria-label") or control.text, control.get_attribute("id")
    assert browser.find("#now").get_attribute("aria-live") == "polite"
    # What a screen reader is told: values are buttons, and edges nothing at all.
    nodes = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    told = [str(node["name"]["value"]) for node in nodes if "name" in node and not node["ignored"]]
    assert sum(", leaf, " in name for name in told) == 3
    assert not [name for name in told if name.startswith("step 1: from")]
    browser.click("#v0")  # the mouse's choice is where Tab comes back to
    assert browser.run(stops) == browser.run(pressed) == ["v0"]


def test_the_focus_is_not_lost(browser: Browser) -> None:
    browser.open(neuron()[0], "#step=7")

    def focus(css: str) -> None:
        browser.run("void document.querySelector(arguments[0]).focus()", css)

    focus("#now .name")
    browser.press(RIGHT)  # which replaces that name
    assert browser.focused.startswith("Backward 8 of 9")
    focus("#now .name")
    browser.press(ENTER)
    assert browser.focused.startswith("v3")  # what was chosen, which is told then
    assert browser.focused == browser.run("document.querySelector('#value h2').textContent")
    focus("#value dd .name")
    browser.press(ENTER)
    assert browser.focused == "x leaf"
    focus("#forward")
    browser.press(ENTER, ENTER)  # to the end, and no further
    assert (browser.focused, browser.can("forward")) == ("forward", False)
    focus("#next")
    browser.press(HOME, ENTER, ENTER, ENTER, ENTER)
    assert (browser.focused, browser.can("next")) == ("next", False)
    browser.press(ESCAPE)
    assert browser.focused == "v0"


def test_keys_work_whatever_has_the_focus(browser: Browser) -> None:
    browser.open(neuron()[0])
    browser.click("#keys summary")
    assert browser.find("#keys dl").is_displayed()
    browser.press(RIGHT, RIGHT, LEFT, END)
    assert browser.run("position") == 15
    browser.press(SPACE)
    assert not browser.find("#keys dl").is_displayed()
    browser.run("void $('speed').focus()")
    browser.press(HOME, RIGHT, RIGHT, RIGHT, LEFT)
    assert (browser.run("position"), browser.run("$('speed').value")) == (2, "1000")
    browser.press("\ue015")  # down
    assert (browser.run("position"), browser.run("$('speed').value")) == (2, "333")
    browser.click("#v0")
    browser.press("n", SPACE)
    assert browser.now.startswith("Backward 3 of 9")
    assert browser.playing
    browser.press(SPACE)
    assert not browser.playing
    for modifier in ("ctrlKey", "altKey", "metaKey"):
        browser.run(
            "void document.body.dispatchEvent(new KeyboardEvent('keydown',"
            " {key: 'Home', bubbles: true, [arguments[0]]: true}))",
            modifier,
        )
    assert browser.now.startswith("Backward 3 of 9")


def test_what_is_chosen_comes_into_view(browser: Browser) -> None:
    w = Value(0.5, label="w")
    out = Value(0.0)
    for i in range(40):
        out = out + w * float(i)
    browser.open(out)
    rect = "document.querySelector('{}').getBoundingClientRect().toJSON()"

    def inside(css: str, around: str) -> bool:
        inner, outer = (browser.run(rect.format(name)) for name in (css, around))
        return bool(
            outer["left"] - 1 <= inner["left"] < inner["right"] <= outer["right"] + 1
            and outer["top"] - 1 <= inner["top"] < inner["bottom"] <= outer["bottom"] + 1
        )

    browser.press(END)
    browser.run("choose(root)")
    browser.click("#value dd .name:last-child")
    far = browser.run("chosen")
    browser.run("void pane.scrollTo(0, 0)")
    browser.run("void choose(root)")
    assert inside(".chosen", "#drawing")
    assert not inside(f"#v{far - 60}", "#drawing")
    browser.run(f"void choose({far - 60})")
    assert inside(".chosen", "#drawing")
    browser.press(HOME)
    browser.run("choose(values.findIndex(value => value.name === 'w'))")
    for place in range(1, 41):
        browser.press("n")
        if place == 8:
            top = browser.run(rect.format("#next"))["top"]
        if place % 8 == 0:
            below_the_mouse = browser.run(rect.format("#next"))["top"]
            assert below_the_mouse == pytest.approx(top, abs=2)
            assert inside("li.now", "#side")
            assert inside("li.now", "#value ol")
    assert browser.run("items[39].classList.contains('now')")
    assert browser.find("#previous").is_displayed()
    browser.press("p", "p", "p", "p")
    assert inside("li.now", "#value ol")
    assert browser.run("scrollY") == 0


def test_a_line_breaks_before_an_operator(browser: Browser) -> None:
    x = Value(2.0, label="x" * 50)
    browser.open(x * x**3, "#forward=2")
    parts = "[...document.querySelectorAll('#now .maths > span')].map(line => line.innerHTML)"
    assert browser.run(parts)[1] == "= 2.0<wbr>*8.0"
    browser.press(LEFT)
    assert browser.run(parts)[1] == "= 2.0<wbr>**3.0"


def test_a_page_in_a_frame(browser: Browser) -> None:
    from html import escape

    out = neuron()[0]
    page = html(out)
    outside = browser.folder / "outside.html"
    outside.write_text(
        f'<!DOCTYPE html><title>outside</title><iframe srcdoc="{escape(page)}" width="1200"'
        ' height="700"></iframe>',
        encoding="utf-8",
    )
    browser.driver.get(outside.as_uri())
    browser.driver.switch_to.frame(0)
    try:
        browser.press(RIGHT)
        browser.click("#forward")
        browser.wait(lambda: browser.run("hashTimer === null"))
        browser.run("void choose(0)")
        browser.click("#value li a")
        assert browser.now.startswith("Backward 3 of 9")
        assert browser.run("location.href") == "about:srcdoc"
    finally:
        browser.driver.switch_to.default_content()
    browser.driver.get("data:text/html;base64," + base64.b64encode(page.encode()).decode())
    browser.run("void choose(0)")
    browser.click("#value li a")
    assert browser.now.startswith("Backward 3 of 9")


def test_deep_links(browser: Browser) -> None:
    out = neuron()[0]
    browser.open(out, "#step=4")
    assert browser.now.startswith("Backward 4 of 9")
    browser.press(LEFT)
    browser.wait(lambda: browser.run("location.hash") == "#step=3")
    browser.run("void (location.hash = '#forward=2')")
    browser.wait(lambda: browser.now.startswith("Forward 2 of 5"))
    browser.run("void (location.hash = '#step=0')")
    browser.wait(lambda: browser.now.startswith("Seed"))
    for ignored in ("#step=", "#step=-1", "#step=1e3", "#<img src=x>", "#__proto__"):
        browser.open(out, ignored)
        assert browser.now.startswith("The leaves are given")
    browser.open(out, "#step=99999")
    assert browser.now.startswith("Backward 9 of 9")
    browser.press(HOME)
    browser.wait(lambda: browser.run("location.hash") == "#forward=0")


def test_play_and_pause(browser: Browser) -> None:
    browser.open(neuron()[0])
    browser.click("#speed option[value='33']")
    play = browser.find("#play")
    play.click()
    browser.wait(lambda: browser.now.startswith("Backward 9 of 9"))
    assert (play.get_attribute("aria-label"), play.get_attribute("aria-pressed")) == (
        "Play",
        "false",
    )
    assert browser.find("#play .paused").is_displayed()
    browser.click("#speed option[value='2000']")
    play.click()  # from the start again
    browser.wait(lambda: browser.run("position > 0 && position < LAST"))
    assert browser.find("#now").get_attribute("aria-live") == "off"
    assert (play.get_attribute("aria-label"), play.get_attribute("aria-pressed")) == (
        "Play",
        "true",
    )
    assert browser.find("#play .playing").is_displayed()
    browser.press(RIGHT)  # whoever steps has taken over
    assert (browser.playing, play.get_attribute("aria-pressed")) == (False, "false")
    browser.run("void document.activeElement.blur()")
    browser.press(SPACE)
    assert browser.playing
    browser.press(SPACE)
    assert not browser.playing


def test_what_pauses_and_what_does_not(browser: Browser) -> None:
    browser.open(neuron()[0], "#step=2")
    browser.run("choose(0)")
    browser.run("($('speed').value = '2000')")
    for goes_on in ("+", "-", "0", "1", ESCAPE, "#larger", "#fit", "#v0", "#v3", "#theme"):
        browser.run("timer === null && play()")
        browser.click(goes_on) if "#" in goes_on else browser.press(goes_on)
        assert browser.playing, goes_on
    browser.run("choose(0)")
    for takes_over in (LEFT, "n", "#next", "p", "#slider", "#ev7-0 > text", "#value li a"):
        browser.run("timer === null && play()")
        browser.click(takes_over) if "#" in takes_over else browser.press(takes_over)
        assert not browser.playing, takes_over
    browser.run("play()")
    browser.run("(location.hash = '#forward=2')")
    browser.wait(lambda: browser.now.startswith("Forward 2 of 5"))
    assert not browser.playing


def test_light_and_dark(browser: Browser) -> None:
    def rgb(theme: str) -> str:
        paper = THEMES[theme]["paper"]
        return f"rgb({', '.join(str(int(paper[i : i + 2], 16)) for i in (1, 3, 5))})"

    out = neuron()[0]
    try:
        for system in ("light", "dark"):
            browser.driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia",
                {"features": [{"name": "prefers-color-scheme", "value": system}]},
            )
            other = "light" if system == "dark" else "dark"
            browser.open(out)
            assert browser.colour() == rgb(system)
            assert browser.find("#theme").text.lower() == other
            browser.click("#theme")
            assert browser.colour() == rgb(other)
            fill = browser.run("getComputedStyle(document.querySelector('#v3 > rect')).fill")
            assert (
                fill == f"rgb({', '.join(str(c) for c in bytes.fromhex(THEMES[other]['op'][1:]))})"
            )
            browser.open(out, theme=other)
            assert browser.colour() == rgb(other)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_forced_colours_leave_everything_visible(browser: Browser) -> None:
    forced = [{"name": "forced-colors", "value": "active"}]
    try:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": forced})
        browser.open(neuron()[0])
        assert browser.style("#slider", "appearance") == "auto"  # as the system draws it
        assert browser.style("#back", "color") != browser.style("#forward", "color")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_what_matters_stands_out(browser: Browser) -> None:
    browser.open(neuron()[0], theme="light")

    def is_drawn_in(name: str, css: str, what: str) -> bool:
        channels = bytes.fromhex(THEMES["light"][name][1:])
        return browser.style(css, what) == f"rgb({', '.join(map(str, channels))})"

    assert is_drawn_in("quiet", "#v3 > text", "fill")  # the name of what is not computed yet
    assert browser.style("#v3 > text", "fill-opacity") == "1"
    assert browser.style("#v3 > rect", "fill-opacity") == "0.4"
    assert is_drawn_in("border", "#play", "border-color")
    browser.run("choose(3)")
    assert is_drawn_in("plus", "#v3 > rect", "stroke")
    assert browser.style("#v3 > rect", "stroke-opacity") == "1"
    browser.run("void go(SEED + 3)")  # the first of three contributions to x
    assert is_drawn_in("fresh", "#now strong", "color")
    assert is_drawn_in("fresh", "#v0 .grad", "fill")
    assert is_drawn_in("fresh", ".arrow.now > text", "fill")
    browser.press(RIGHT, RIGHT)
    assert is_drawn_in("quiet", "#v0 .grad", "fill")  # two are not all


def test_without_its_script_it_shows_the_end(browser: Browser) -> None:
    out = neuron()[0]
    off = "Emulation.setScriptExecutionDisabled"
    try:
        browser.driver.execute_cdp_cmd(off, {"value": True})
        browser.open(out)
        for css in (".zoom", "#theme", "#controls", "#side"):  # which would do nothing
            assert not browser.find(css).is_displayed(), css
        assert browser.find("noscript p").is_displayed()
        assert browser.find("#drawing").size["width"] == browser.find("main").size["width"]
        shown = browser.find("#drawing svg").text.split()
        assert {*expected(out)} <= {*shown}
    finally:
        browser.driver.execute_cdp_cmd(off, {"value": False})


def test_it_fits_a_phone(browser: Browser) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    out = neuron()[0]
    rect = "document.querySelector('{}').getBoundingClientRect().toJSON()"
    try:
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.open(out, "#step=9")
        assert browser.run("document.documentElement.scrollWidth") <= 390
        drawing, side = (browser.find(css).rect for css in ("#drawing", "#side"))
        assert side["y"] >= drawing["y"] + drawing["height"]
        assert browser.run("pane.scrollWidth > 1.2 * pane.clientWidth")
        for key in (END, HOME, *[RIGHT] * 15, LEFT):  # the pane scrolls to what changes
            browser.press(key)
            if browser.run("position") == 0:
                continue
            box, pane = (browser.run(rect.format(css)) for css in ("g.to", "#drawing"))
            assert pane["left"] <= box["left"] < box["right"] <= pane["right"]
            assert pane["top"] <= box["top"] < box["bottom"] <= pane["bottom"]
        browser.find("g.to").click()
        for end in ("0", "1e9"):  # the controls are at hand, whatever is read
            places = (browser.run(rect.format(css)) for css in ("#controls", "#value h2"))
            controls, heading = places
            assert controls["bottom"] == pytest.approx(844, abs=1)
            assert browser.find("#speed").is_displayed()
            if end == "0":  # and what a tap has chosen is to be seen
                assert 0 < heading["top"] < heading["bottom"] + 100 < controls["top"]
            browser.run(f"void scrollTo(0, {end})")
        browser.open(out)
        browser.click("#v0")
        assert browser.run(rect.format("#value"))["top"] < 650  # there is no gap above it
        browser.press("n", "n", "n")
        assert browser.run("scrollY") == 0  # the page is the reader's to scroll
        assert browser.style("#value ol", "max-height") == "none"
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_zoom(browser: Browser) -> None:
    browser.open(neuron()[0])
    width = "document.querySelector('#drawing svg').getBoundingClientRect().width"
    pane = browser.run("pane.clientWidth")
    browser.press("1")
    full = browser.run(width)
    assert browser.find("#zoom").text == "100 %"
    browser.press("+")
    assert browser.run(width) == pytest.approx(1.25 * full, rel=1e-3)
    browser.press("-", "-")
    assert browser.run(width) == pytest.approx(0.8 * full, rel=1e-3)
    browser.press("0")
    fit = browser.run(width)
    assert 0.5 * pane < fit <= pane
    for button, wide in (("full", full), ("larger", 1.25 * full), ("smaller", full), ("fit", fit)):
        browser.click(f"#{button}")
        assert browser.run(width) == pytest.approx(wide, rel=1e-3), button

    def wheel(ctrl: bool) -> bool:
        """Turn the wheel over the pane; return whether the page has dealt with it."""
        return not browser.run(
            "pane.dispatchEvent(new WheelEvent('wheel', {deltaY: -100, ctrlKey: arguments[0],"
            " bubbles: true, cancelable: true}))",
            ctrl,
        )

    assert not wheel(ctrl=False)
    assert browser.run(width) == pytest.approx(fit, rel=1e-3)
    assert wheel(ctrl=True)
    assert browser.run(width) > 1.2 * fit
    # A page begins with all of a small drawing, but never with one too small to be read.
    out = Value(1.0)
    browser.open(out)
    assert browser.find("#zoom").text == "150 %"
    for _ in range(40):
        out = tanh(out)
    browser.open(out)
    assert browser.find("#zoom").text == "80 %"


def test_print_has_every_step_and_every_gradient(browser: Browser) -> None:
    out = neuron()[0]
    browser.open(out, "#step=2")
    before = browser.texts()
    browser.run(
        "void addEventListener('beforeprint', () => { printed = "
        "[...document.querySelectorAll('.grad')].map(t => t.textContent.trim()).sort(); })"
    )
    printed = base64.b64decode(browser.driver.print_page())
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert box is not None
    assert float(box[1]) > float(box[2])  # networks are wide
    assert browser.run("printed") == sorted(expected(out))
    rows = "[...document.querySelectorAll('#all tbody')].map(body => body.rows.length)"
    assert browser.run(rows) == [5, 9]
    assert not browser.find("#all").is_displayed()
    assert browser.texts() == before
    for _ in range(2):
        for name in ("beforeprint", "beforeprint", "afterprint", "afterprint"):
            browser.run("dispatchEvent(new Event(arguments[0]))", name)
            assert (browser.texts() == before) == (name == "afterprint")
        browser.press(RIGHT)
        before = browser.texts()


HOSTILE = ["</script><script>document.title='x'</script>", "<img src=x onerror=document.title='x'>"]


def test_hostile_labels_are_texts(browser: Browser) -> None:
    first, second = (Value(float(i + 2), label=label) for i, label in enumerate(HOSTILE))
    out = first * second
    out.label = "\u202e&lt;$data\n" + "x" * 10_000
    browser.open(out, "#step=1")
    for i in (0, 1, 2):
        browser.find(f"#v{i}").click()
    title = browser.run("document.title")
    assert title == f"Backpropagation of {clean(out.label, 40)}"
    assert clean(second.label, 40) in browser.now
    assert browser.run("document.images.length") == 0
    assert browser.run("document.scripts.length") == 2
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("number", [math.nan, math.inf, 0.5])
def test_a_root_that_is_a_leaf_and_numbers_that_are_not_finite(
    browser: Browser, number: float
) -> None:
    x = Value(number, label="x")
    browser.open(x)
    browser.press(END)
    assert browser.now.startswith("Seed x gradient 1.0")
    assert browser.grads() == ["1"]
    browser.click("#v0")
    out = relu(x * x) - x
    browser.open(out, "#step=99")
    assert browser.grads() == expected(out)


def test_a_graph_of_a_thousand_values(browser: Browser) -> None:
    rng = random.Random(1)
    values = [Value(rng.uniform(-1, 1), label=f"x{i}") for i in range(20)]
    while len(values) < 1000:
        a, b = values[-1], rng.choice(values[-4:])
        values.append(tanh(a) if len(values) % 7 == 0 else a + b if len(values) % 2 else a * b)
    out = values[-1]
    below = values_below(out)
    browser.open(out)
    assert len(below) > 900
    assert len(browser.grads()) == len(below)
    browser.press(END)
    assert browser.grads() == expected(out)
    before = browser.texts()
    browser.press(LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT)
    assert browser.texts() == before
    # A step touches what changes and nothing else.
    changed = browser.driver.execute_async_script(
        "const done = arguments[0], touched = new Set();"
        "const watch = new MutationObserver((all) => { for (const { target } of all) {"
        " const g = (target.nodeType === 1 ? target : target.parentNode).closest('g[id]');"
        " if (g) touched.add(g.id); } });"
        "watch.observe(svg,"
        " { subtree: true, attributes: true, childList: true, characterData: true });"
        "go(position - 1); setTimeout(() => { watch.disconnect(); done([...touched]); }, 0);"
    )
    assert 2 <= len(changed) <= 6
    browser.press(HOME)
    assert set(browser.grads()) == {"–"}
