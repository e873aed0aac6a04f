"""Drawings are well formed whatever the labels say, through Graphviz and without it."""

from __future__ import annotations

import io
import re
import shutil
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrograd_like import Value, fsum, names, nn, tanh
from micrograd_like.drawing.dot import render
from micrograd_like.drawing.picture import THEMES, Scene, placed, shortened
from micrograd_like.drawing.svg import svg_text
from micrograd_like.graph import Graph
from micrograd_like.text import cells, clean

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}title"
HAS_DOT = shutil.which("dot") is not None
with_dot = pytest.mark.skipif(not HAS_DOT, reason="Graphviz's dot is not on the PATH")

FRAGMENTS = [
    *"\"{}<>|\\&;'`/-#%$ \t\n\r\0\x1b\x7f\x85\xa0\xad",
    *("\\N", "\\G", "\\l", "\\n", "\\\\", '\\"', "&amp;", "&lt;", "&#39;", "&#92;", "&#0;"),
    *("<b>", "<br/>", "</td>", "</table>>", "<!--", "-->", "]]>", "->", "--", "//", "]", "[x=y]"),
    *("<script>alert(1)</script>", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\ufffe"),
    *("\ud800", "שלום", "نص", "名前", "👩‍👩‍👧", "e\u0301", "é", "∂", "𝒙", "a", "Z", "1", "%3"),
]
labels = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=12).map("".join),
    st.text(min_size=1, max_size=40),
    st.characters().map(lambda c: c * 10_000),
)


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg[svg.index("<svg") :])


def groups(svg: str) -> dict[str, ET.Element]:
    """Return the elements of a drawing that stand for a box or an arrow, by id."""
    elements = [g for g in parse(svg).iter(f"{SVG}g") if re.match(r"[evmx]", g.get("id", ""))]
    return {g.get("id", ""): g for g in elements}


def words(text: str) -> list[str]:
    """Split at blanks, which are drawn as the one kind or the other."""
    return text.replace("\xa0", " ").split()


def texts(group: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]


def tooltip(group: ET.Element) -> str:
    title = group.find(f"{SVG}title")
    linked = [a.get(LINK, "") for a in group.iter(f"{SVG}a")]
    return linked[0] if linked else (title.text or "") if title is not None else ""


@pytest.mark.parametrize("layout", ["builtin", pytest.param("graphviz", marks=with_dot)])
@given(st.lists(labels, min_size=34, max_size=34))
@settings(max_examples=3)  # a run of Graphviz each: 100 labels in all; more when asked for
def test_labels_are_shown_and_nothing_is_injected(layout: str, given: list[str]) -> None:
    values = [Value(float(i), label=label) for i, label in enumerate(given)]
    found = groups(Graph(fsum(values), limit=1000).svg(layout))
    assert sorted(found) == sorted(
        [f"v{i}" for i in range(len(values) + 1)] + [f"ev34-{i}" for i in range(len(values))]
    )
    for i, label in enumerate(given):
        name = words(clean(label, 26))
        assert words(" ".join(texts(found[f"v{i}"])))[: len(name)] == name
        assert words(tooltip(found[f"v{i}"]).partition("\n")[0]) == words(clean(label, 200))
        called = names.label(values[i]) or f"v{i}"  # one that can't be seen is not a name
        assert words(tooltip(found[f"ev34-{i}"]).partition(" to ")[2]) == words(called)


@pytest.mark.parametrize("layout", ["builtin", pytest.param("graphviz", marks=with_dot)])
@given(st.lists(labels, min_size=3, max_size=3, unique_by=lambda label: clean(label, 20)))
@settings(max_examples=4)
def test_names_of_modules_are_shown_and_nothing_is_injected(layout: str, given: list[str]) -> None:
    class Tree(nn.Module):
        def __init__(self) -> None:
            self.parts = {name: nn.Neuron(1, rng=1) for name in given}

    model = Tree()
    out = fsum([neuron([1.0]) for neuron in model.parts.values()])
    for collapse in (None, 2):
        root = parse(out.graph(collapse=collapse, limit=1000).svg(layout))
        shown = {" ".join(words("".join(text.itertext()))) for text in root.iter(f"{SVG}text")}
        for name in given:
            title = " ".join(words(clean(f"parts.{name}", 40)))
            beginnings = (text.removesuffix("…") for text in shown if text.startswith("parts"))
            assert title in shown or any(map(title.startswith, beginnings))  # cut where too wide


@given(labels)
def test_clean_text_is_one_printable_line(label: str) -> None:
    shown = clean(label, 80)
    assert len(shown) <= 80
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert not {"\u202e", "\u2066"} & set(shown)
    assert clean(shown, 80) == shown
    shown.encode()


def test_text_that_is_harmless_stays_as_it_is() -> None:
    for text in ("w.0", "x = {a|b}", "naïve ∂", "名前", "👩‍👩‍👧"):
        assert clean(text) == text
    assert clean("a\r\nb\tc\x00") == "a⏎b c\ufffd"
    assert clean("x" * 500, 10) == "x" * 9 + "…"


def test_wide_characters_take_two_cells() -> None:
    assert [cells(text) for text in ("abc", "名前", "e\u0301", "👍")] == [3, 4, 1, 2]


# ---------------------------------------------------------------------------- formats


@pytest.fixture
def graph() -> Graph:
    x = Value(0.5, label="x")
    out = tanh(x * 2.0)
    out.backward()
    return out.graph()


@pytest.fixture(params=["/nowhere", ""])
def without_dot(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away Graphviz's program, and the package that talks to it."""
    monkeypatch.setitem(__import__("sys").modules, "graphviz", None)
    monkeypatch.setenv("PATH", request.param)


@with_dot
@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<svg"), (".dot", b"digraph")],
)
def test_it_is_saved_by_suffix(graph: Graph, tmp_path: Path, suffix: str, start: bytes) -> None:
    graph.save(tmp_path / f"drawing{suffix}")
    graph.save(str(tmp_path / f"again{suffix.upper()}"))
    assert (tmp_path / f"drawing{suffix}").read_bytes().startswith(start)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted([suffix, suffix.upper()])


def test_another_suffix_is_refused(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in .svg, .dot, .png or .pdf"):
        graph.save(tmp_path / "drawing.gif")
    assert list(tmp_path.iterdir()) == []


def test_without_graphviz_all_but_png_and_pdf_works(
    graph: Graph, tmp_path: Path, without_dot: None
) -> None:
    remedy = "apt-get install graphviz"
    graph.save(tmp_path / "a.svg")
    graph.save(tmp_path / "a.dot")
    assert graph.svg() == graph.svg("builtin")
    assert set(groups(graph.svg())) == {"v0", "v2", "v3", "ev2-0", "ev3-0"}
    assert "image/svg+xml" in graph._repr_mimebundle_()
    for suffix in ("png", "pdf"):
        (tmp_path / f"a.{suffix}").write_text("old")
        with pytest.raises(RuntimeError, match=re.escape(remedy)):
            graph.save(tmp_path / f"a.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_text() == "old"
    with pytest.raises(RuntimeError, match=re.escape(remedy)):
        graph.svg("graphviz")
    with pytest.raises(RuntimeError, match="pip install graphviz"):
        graph.digraph()


@with_dot
def test_brackets_alone_are_drawn() -> None:
    for label in ("]", "]]", "]]>", "[", "><"):
        drawn = groups(Value(1.0, label=label).graph().svg("graphviz"))
        assert texts(drawn["v0"])[0] == label


@pytest.mark.parametrize(
    ("script", "told"), [("echo broken >&2; exit 1", "broken"), ("exit 0", "drew nothing")]
)
def test_a_dot_that_fails_is_told(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    fake = tmp_path / "dot"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(RuntimeError, match=told):
        graph.save(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
    assert graph.svg() == graph.svg("builtin")


def test_the_layout_is_known_before_a_file_is_written(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="layout is 'nonsense'"):
        graph.save(tmp_path / "a.dot", "nonsense")


def test_a_file_that_cannot_be_written_goes_by_its_own_name(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        graph.save(tmp_path / "none" / "a.svg")
    assert caught.value.filename == str(tmp_path / "none" / "a.svg")


def test_an_unknown_layout_is_named(graph: Graph) -> None:
    with pytest.raises(ValueError, match="layout is 'neato': it must be one of auto, graphviz"):
        graph.svg("neato")


def test_the_digraph_can_be_restyled(graph: Graph) -> None:
    made = graph.digraph()
    made.attr(rankdir="BT")
    for line in re.findall(r"(?:v\d|e\d)[^\n]*", graph.dot()):
        assert line.split(" [")[0].strip() in made.source
    if HAS_DOT:
        assert set(groups(made.pipe(format="svg", encoding="utf-8"))) == set(groups(graph.svg()))


def test_a_digraph_has_the_clusters() -> None:
    out = nn.MLP(1, [1, 1], rng=1)([1.0])
    source = out.graph().digraph().source
    assert source.count("subgraph cluster_") == out.graph().dot().count("subgraph cluster_") == 5
    if HAS_DOT:
        drawn = parse(out.graph().svg("graphviz"))
        assert sum(g.get("class") == "cluster" for g in drawn.iter(f"{SVG}g")) == 5


# ---------------------------------------------------------------------------- legible


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, as WCAG has it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("theme", THEMES)
def test_text_stands_out_from_what_is_behind_it(theme: str) -> None:
    def contrast(a: str, b: str) -> float:
        bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
        return (bright + 0.05) / (dim + 0.05)

    colours = THEMES[theme]
    for behind in ("paper", "leaf", "op", "module", "many", "alarm"):
        assert contrast(colours["ink"], colours[behind]) >= 7
        assert contrast(colours["quiet"], colours[behind]) >= 4.5
        assert contrast(colours["fresh"], colours[behind]) >= 4.5
    for tone in ("plus", "minus", "bad", "mixed"):
        assert contrast(colours[tone], colours["paper"]) >= 4.5
    assert contrast(colours["bad"], colours["alarm"]) >= 4.5
    assert contrast(colours["border"], colours["paper"]) >= 3


def test_signs_differ_without_colour(graph: Graph) -> None:
    x = Value(1.0, label="x")
    out = fsum([x * 2.0, x * -2.0, x * 0.0])
    out.backward()
    drawn = groups(out.graph().svg("builtin"))

    def dashes(key: str) -> Any:
        path = drawn[key].find(f"{SVG}path")
        return path.get("stroke-dasharray") if path is not None else None

    keys = [key for key in drawn if key.startswith("e") and key.endswith("-0") and key[1:3] != "v7"]
    assert len({dashes(key) for key in keys}) == 3


def numbers(element: ET.Element) -> Iterator[float]:
    for key in ("x", "y", "width", "height", "d"):
        yield from map(float, re.findall(r"-?\d+\.?\d*", element.get(key, "")))


def test_nothing_is_drawn_outside_the_picture() -> None:
    root = parse(nn.MLP(2, [3, 1], rng=1)([1.0, 2.0]).graph().svg("builtin"))
    left, top, width, height = map(float, root.get("viewBox", "").split())
    assert min(left, top) < 0 < min(width, height)
    for rect in root.iter(f"{SVG}rect"):
        x, y, w, h = numbers(rect)
        assert left <= x <= x + w <= left + width
        assert top <= y <= y + h <= top + height
    assert svg_text(Scene("LR", THEMES["light"], "nothing"))


def test_a_large_drawing_tells_a_terminal_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    graph = fsum([tanh(Value(float(i))) for i in range(9)]).graph()
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    graph.svg()
    assert terminal.getvalue() == ""
    monkeypatch.setattr("micrograd_like.drawing.picture.LONG", 10)
    graph.svg()
    told = [line.strip() for line in terminal.getvalue().split("\r")]
    assert told[1] == "drawing 19 boxes: layers (1 of 4)"
    assert told[4:] == ["drawing 19 boxes: arrows (4 of 4)", "", ""]
    monkeypatch.setattr("sys.stderr", pipe := io.StringIO())
    graph.svg()
    assert pipe.getvalue() == ""


@with_dot
@given(st.lists(labels, min_size=9, max_size=9))
@settings(max_examples=3)
def test_graphviz_draws_our_places_whatever_the_labels_say(given: list[str]) -> None:
    values = [Value(float(i), label=label) for i, label in enumerate(given)]
    graph = fsum(values).graph(legend=True)
    drawn = ET.fromstring(render(graph.scene, "svg").decode())
    shown = {g.get("id"): g for g in drawn.iter(f"{SVG}g")}
    for i, label in enumerate(given):
        name = words(clean(label, 26))
        assert words(" ".join(texts(shown[f"v{i}"])))[: len(name)] == name


@with_dot
def test_graphviz_keeps_to_our_places() -> None:
    x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    out = nn.MLP(2, [2, 1], rng=1)([x * w, x])
    out.backward()
    graph = out.graph()
    drawn = ET.fromstring(render(graph.scene, "svg").decode())
    places = {}
    for g in drawn.iter(f"{SVG}g"):
        for path in list(g.iter(f"{SVG}path"))[:1] if g.get("class") == "node" else []:
            numbers_ = [*map(float, re.findall(r"-?\d+\.?\d*", path.get("d", "")))]
            xs, ys = numbers_[::2], numbers_[1::2]
            places[g.get("id")] = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    ours = dict(zip((box.key for box in graph.scene.boxes), placed(graph.scene).nodes, strict=True))
    shifts = {
        (round(places[key][0] - x), round(places[key][1] - y)) for key, (x, y) in ours.items()
    }
    (x0, y0), *others = shifts
    assert all(abs(x - x0) <= 1 and abs(y - y0) <= 1 for x, y in others)


@with_dot
def test_graphviz_keeps_to_our_arrows() -> None:
    x = Value(2.0, label="x")
    scene = ((x * 3.0 + 1.0) * x).graph().scene
    keys = [arrow.key for arrow in scene.arrows]
    drawn = ET.fromstring(render(scene, "svg").decode())
    lines: dict[str, list[float]] = {}
    for g in drawn.iter(f"{SVG}g"):
        for path in g.iter(f"{SVG}path") if g.get("id") in keys else ():
            lines[g.get("id", "")] = [*map(float, re.findall(r"-?\d+\.?\d*", path.get("d", "")))]
    for arrow, points in zip(scene.arrows, placed(scene).edges, strict=True):
        x0, y0, *_ = line = lines[arrow.key]
        (ours_x, ours_y), *_ = ours = shortened(arrow, points)
        assert [x - x0 for x in line[::2]] == pytest.approx([x - ours_x for x, _ in ours], abs=0.1)
        assert [y - y0 for y in line[1::2]] == pytest.approx([y - ours_y for _, y in ours], abs=0.1)
