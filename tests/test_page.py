"""The page holds what was recorded to the bit, the textbook's formulas, and nothing from outside.

What a reader does with it in a browser stands in test_page_stepping, test_page_numbers and
test_page_playing.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import math
import os
import re
import subprocess
import sys
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
    floor,
    nn,
    tanh,
    topological_order,
)
from micrograd_like.debugging.tracing import trace_lines
from micrograd_like.drawing.picture import CELL, THEMES
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
    assert set(re.findall(r"\w+://[^\s\"'<>]*", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1998/Math/MathML",
    }
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
    told = data["values"]
    assert [bits(float(v["data"])) for v in told] == [bits(v.data) for v in values]
    assert (values[data["root"]], bits(float(data["seed"]))) == (root, bits(seed))
    partials = [[bits(float(p)) for p in v.get("partials", [])] for v in told]
    assert partials == [[*map(bits, v.partials)] for v in values]
    walked = [(values[out], i) for out in data["walk"] for i in range(len(told[out]["of"]))]
    assert walked == [(step.out, step.index) for step in root.steps(seed)]
    for v, value in zip(told, values, strict=True):
        assert [values[x] for x in v.get("of", [])] == [*value.operands]


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
        "</noscript></svg><img src=x>",
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
    assert bits(float(told["x"]["data"])) == bits(number)
    assert "Infinity" not in json.dumps(data)  # which is not JSON
    assert Page(html(x)).data["walk"] == []  # a root that is a leaf


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


def forms(root: Value) -> dict[str, dict[str, Any]]:
    """Return how a page is told to write each op, by the op's name."""
    return {form["op"]: form for form in Page(html(root)).data["forms"]}


def test_an_op_is_told_once_as_a_textbook_writes_it() -> None:
    told = forms(neuron()[0])
    assert {name: form["text"] for name, form in told.items()} == {
        "mul": "a*b",
        "add": "a + b",
        "tanh": "tanh(a)",
    }
    assert told["tanh"]["rules"] == ["∂tanh/∂a = 1 − out²"]
    assert told["tanh"]["peak"] == 1.0
    assert "peak" not in told["mul"]
    assert forms(floor(Value(1.5)))["floor"]["flat"]


def test_constants_are_folded_into_the_op_that_they_enter() -> None:
    x = Value(2.0, label="x")
    text = html((x - 0.5) ** 2)
    data = Page(text).data
    assert [(value["name"], value["data"]) for value in data["values"]] == [
        *(("x", 2.0), ("v3", 1.5), ("v4", 2.25))
    ]
    assert [form["text"] for form in data["forms"]] == ["a - 0.5", "a**2.0"]
    assert [value["of"] for value in data["values"][1:]] == [[0, "0.5"], [1, "2.0"]]
    assert data["walk"] == [2, 1]
    assert heads(text) == [["x"], ["v3", "- 0.5"], ["v4", "**2"]]
    assert len(Page(html((x - 0.5) ** 2, constants=True)).data["values"]) == 5


def test_variables_name_what_has_no_label() -> None:
    x, w = Value(2.0), Value(-3.0)
    xw = x * w
    text = html(tanh(xw), names=locals())
    told = Page(text).data["values"]
    assert [value["name"] for value in told] == ["x", "w", "xw", "v3"]
    assert [value.get("labelled", False) for value in told] == [True, True, False, False]
    assert heads(text) == [["x"], ["w"], ["xw", "*"], ["v3", "tanh"]]


def heads(page: str) -> list[list[str]]:
    """Return the texts of each value's box that come before its numbers."""
    boxes = re.findall(r'<g id="v\d+"(.*?)</g>', page, re.DOTALL)
    texts = [re.findall(r"<text[^>]*>(.*?)</text>", box) for box in boxes]
    return [box[: box.index("data")] for box in texts]


def test_a_box_has_room_for_every_gradient_on_the_way() -> None:
    x = Value(1.0)
    text = html(x * -3.14159e-10 - x * -3.14159e-10)  # 0 in the end
    found = re.search(r'<g id="v0".*?<rect [^>]* width="([\d.]+)"', text)
    assert found is not None
    assert float(found[1]) > len("grad  -3.142e-10") * CELL


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
    assert (page.data["seed"], page.data["format"]) == (2.0, ".1f")
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


def test_a_page_has_as_many_values_as_its_limit() -> None:
    out = neuron()[0]
    n = len(topological_order(out))
    assert html(out, limit=n) == html(out)
    with pytest.raises(ValueError, match=f"more than {n - 1} values"):
        html(out, limit=n - 1)


def test_the_page_of_a_constant_shows_it() -> None:
    two = (Value(3.0) * 2.0).operands[1]
    page = Page(html(two))
    assert [value["data"] for value in page.data["values"]] == [2.0]
    assert page.data["root"] == 0


def test_the_name_of_a_page_may_end_in_capitals(tmp_path: Path) -> None:
    for name in ("a.html", "b.HTML", "c.Htm"):
        neuron()[0].page(tmp_path / name)
    assert len([*tmp_path.iterdir()]) == 3


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
    assert data["seed"] == 3.0
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
