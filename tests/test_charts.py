"""Charts: round numbers on the scales, true places, and words that stay words."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from micrograd_like.drawing.charts import (
    BLUE,
    INK,
    LEAST,
    MOST,
    VERMILION,
    Panel,
    dot,
    figure,
    label,
    log_ticks,
    share,
    spread,
    stroke,
    ticks,
    within,
)
from micrograd_like.text import cells, clean, cut

SVG = "{http://www.w3.org/2000/svg}"
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.floats(-MOST, MOST)
POSITIVE = st.one_of(st.floats(LEAST, MOST), st.floats(-250, 250).map(lambda x: 10**x))
HOSTILE = st.one_of(
    st.text(), st.sampled_from(['</text><script>"&\x00', "]]>", "\ud800", "\u202e\r\n", "重" * 200])
)


def apart(low: float, high: float) -> bool:
    """Tell whether a range is as wide, next to its numbers, as `spread` makes it at least."""
    return high - low >= 1e-3 * max(-low, high) and high - low > 1e-250


class TestTicks:
    @given(low=NUMBERS, high=NUMBERS)
    @example(-MOST, MOST)
    @example(0.1, 0.3)
    @example(5.0, 5.01)
    def test_they_are_few_round_and_within(self, low: float, high: float) -> None:
        low, high = sorted((low, high))
        assume(apart(low, high))
        found = ticks(low, high)
        assert 3 <= len(found) <= 8
        assert found == sorted({*found})
        step = found[1] - found[0]
        assert low - 1e-6 * step <= found[0] < found[-1] <= high + 1e-6 * step
        assert all(b - a == pytest.approx(step, rel=1e-6) for a, b in pairwise(found))
        assert found[0] - low < 1.01 * step  # none is left out
        assert high - found[-1] < 1.01 * step
        assert re.match(r"[125]\.00|[149]\.9[89]", f"{step:.2e}")

    def test_known_ranges(self) -> None:
        assert ticks(0.1, 0.5) == [0.1, 0.2, 0.3, 0.4, 0.5]
        assert ticks(0, 0.6) == [0.0, 0.2, 0.4, 0.6]
        assert ticks(1, 2) == [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]
        assert ticks(-1.12, 1.12) == [-1.0, -0.5, 0.0, 0.5, 1.0]
        assert ticks(-1e250, 1.7e250) == [-1e250, -5e249, 0.0, 5e249, 1e250, 1.5e250]

    @pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0)])
    def test_an_empty_range_is_refused(self, low: float, high: float) -> None:
        with pytest.raises(ValueError):
            ticks(low, high)

    @given(low=POSITIVE, high=POSITIVE)
    @example(LEAST, MOST)
    def test_log_ticks_are_few_round_and_within(self, low: float, high: float) -> None:
        low, high = sorted((low, high))
        assume(high > 1.001 * low)
        bottom, top = math.log10(low), math.log10(high)
        found = log_ticks(bottom, top)
        assert 3 <= len(found) <= 8
        assert found == sorted({*found})
        assert bottom - 1e-6 <= math.log10(found[0]) < math.log10(found[-1]) <= top + 1e-6
        if top - bottom >= 3:
            assert all(f"{tick:.0e}".startswith("1e") for tick in found)
            ratios = {round(math.log10(b) - math.log10(a)) for a, b in pairwise(found)}
            assert len(ratios) == 1

    def test_known_log_ranges(self) -> None:
        assert log_ticks(-2, 0) == [0.01, 0.1, 1.0]
        assert log_ticks(-0.8, 1.42) == [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
        assert log_ticks(-2.8, -0.1) == [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
        assert log_ticks(-0.05, 0.13) == [0.9, 1.0, 1.1, 1.2, 1.3]
        assert log_ticks(-330, 320) == [1e-200, 1.0, 1e200]  # there are no floats beyond

    @given(FINITE)
    @example(0.1 + 0.2)
    @example(1000000.1)
    @example(5e-324)
    def test_a_label_is_the_number(self, number: float) -> None:
        assert float(label(number).replace("−", "-")) == number

    def test_labels_are_short(self) -> None:
        for number, words in {
            0.0: "0", -0.5: "−0.5", 20.0: "20", 0.0001: "0.0001", 2e-5: "2e−5", 1e6: "1e6",
            1e-300: "1e−300", 5e-324: "5e−324", 1000000.1: "1000000.1", 1e300: "1e300",
        }.items():  # fmt: skip
            assert label(number) == words
        assert label(math.inf) == "inf"
        assert label(math.nan) == "nan"


class TestScales:
    @given(low=NUMBERS, high=NUMBERS, part=st.floats(0, 1))
    @example(-MOST, MOST, 0.5)
    def test_a_share_is_where_a_number_is(self, low: float, high: float, part: float) -> None:
        low, high = sorted((low, high))
        assume(apart(low, high))
        assert (share(low, low, high), share(high, low, high)) == (0, 1)
        x = max(low, min(low * (1 - part) + high * part, high))
        assert share(x, low, high) == pytest.approx(part, abs=1e-5)

    @given(numbers=st.lists(FINITE, min_size=1))
    @example([-1.7e308, 1.7e308])
    @example([5e-324])
    def test_a_spread_has_room_for_its_numbers(self, numbers: list[float]) -> None:
        low, high = spread(numbers)
        assert -math.inf < low < high < math.inf
        assert all(low < within(number, log=False) < high for number in numbers)
        assert 1 <= len(ticks(low, high)) <= 8
        assert spread([1.0, 2.0]) == (pytest.approx(0.94), pytest.approx(2.06))
        assert spread([0.0]) == (-1.0, 1.0)
        assert spread([5.0, 5.0]) == (pytest.approx(4.995), pytest.approx(5.005))

    @given(numbers=st.lists(st.floats(5e-324, 1.7e308), min_size=1))
    def test_a_log_spread_has_too(self, numbers: list[float]) -> None:
        low, high = spread(numbers, log=True)
        assert 0 < low < high < math.inf
        assert all(low < within(number, log=True) < high for number in numbers)
        assert len(log_ticks(math.log10(low), math.log10(high))) >= 2
        assert spread([1e-200, 1e200], log=True) == (pytest.approx(1e-224), pytest.approx(1e224))
        assert spread([0.1, 10.0], log=True) == (
            pytest.approx(0.1 / 100**0.06),
            pytest.approx(10 * 100**0.06),
        )


class TestPanel:
    def test_it_maps_its_corners(self) -> None:
        plain = Panel((200, 100), (-1, 1), (0, 4))
        assert plain.at(-1, 4) == (0, 0)
        assert plain.at(1, 0) == (200, 100)
        assert plain.at(0, 3) == (100, 25)
        assert Panel((200, 100), (0, 1), (0.01, 1), log=True).at(0.5, 0.1) == (100, 50)
        assert Panel((200, 100), (0, 2), (LEAST, MOST), log=True).at(1, 1e308) == (100, 0)

    def test_axes_say_where_numbers_are(self) -> None:
        panel = Panel((100, 200), (0, 2), (0.01, 1), log=True)
        panel.axes("step", "loss", whole=True)
        root = ET.fromstring(f"<g>{''.join(panel.frame)}</g>")
        texts = [e for e in root if e.tag == "text"]
        places = {e.text: (e.get("x"), e.get("y")) for e in texts}
        assert all((e.get("text-anchor") == "end") == (e.get("x") == "-9") for e in texts)
        assert places == {
            "0.01": ("-9", "204.5"), "0.1": ("-9", "104.5"), "1": ("50", "219"),
            "0": ("0", "219"), "2": ("100", "219"), "step": ("50", "238"), "loss": ("-9", "-11"),
        }  # fmt: skip
        assert [re.findall(r"M0 (\S+)h100", mark) for mark in panel.marks] == [
            ["0"], ["100"], ["200"]
        ]  # fmt: skip

    def test_lines_are_dashed_and_named(self) -> None:
        panel = Panel((100, 100), (0, 1), (0, 1))
        panel.line([(0, 0), (1, 1)], BLUE, width=3, dash="4 3")
        panel.curve(lambda x: x * x, VERMILION)
        panel.key({"rises & falls": BLUE})
        panel.legend([(stroke(INK, "7 5"), "dashed")])
        dashed, curve = panel.marks
        assert 'd="M0 100L100 0"' in dashed
        assert 'stroke-width="3" stroke-dasharray="4 3"' in dashed
        assert "dasharray" not in curve
        assert "L50 75L" in curve
        assert "rises &amp; falls" in panel.frame[1]
        assert 'stroke-dasharray="7 5"' in panel.frame[2]

    def test_steps_are_marked(self) -> None:
        panel = Panel((100, 100), (0, 1), (0, 1))
        panel.steps([(0, 0), (0.5, 1)], BLUE)
        assert panel.marks[1:] == [dot(0, 100, BLUE), dot(50, 0, BLUE)]


class TestDocument:
    def test_a_figure_has_room_for_its_panels(self) -> None:
        panels = Panel((100, 50), (0, 1), (0, 1)), Panel((10, 200), (0, 1), (0, 1))
        root = ET.fromstring(figure("<Title>", "&", *panels))
        assert root.get("viewBox") == "0 0 286 362"
        assert (root.get("width"), root.get("height")) == ("286", "362")
        assert root.findtext(f"{SVG}title") == "<Title>"
        assert root.findtext(f"{SVG}desc") == "&"
        assert [g.get("transform") for g in root.findall(f"{SVG}g")] == [
            "translate(66 106)",
            "translate(246 106)",
        ]

    def test_titles_have_a_line_of_their_own(self) -> None:
        plain, titled = Panel((100, 50), (0, 1), (0, 1)), Panel((9, 9), (0, 1), (0, 1), title="or")
        root = ET.fromstring(figure("Title", "", plain, titled))
        assert [g.get("transform") for g in root.findall(f"{SVG}g")] == [
            "translate(66 126)",
            "translate(246 126)",
        ]
        (title,) = (t for t in root.iter(f"{SVG}text") if t.text == "or")
        assert (title.get("y"), title.get("font-weight")) == ("-33", "bold")

    def test_a_heading_that_is_wider_than_the_panels_has_room(self) -> None:
        root = ET.fromstring(figure("Title", "x" * 200))
        assert float(root.get("width", "")) > 66 + 200 * 6.5

    @given(words=HOSTILE)
    def test_words_stay_words(self, words: str) -> None:
        panel = Panel((90, 90), (0, 1), (0, 1), title=words)
        panel.axes(words, words)
        panel.note(0.5, 0.5, words)
        panel.key({words: BLUE})
        svg = figure(words, words, panel)
        assert svg == figure(words, words, panel)
        svg.encode()
        root = ET.fromstring(svg)
        plain = ET.fromstring(figure("x", "x", panel))
        assert [e.tag for e in root.iter()] == [e.tag for e in plain.iter()]
        texts = [e.text or "" for e in root.iter(f"{SVG}text")]
        assert texts.count(clean(words)) >= 5 if words else texts
        for e in root.iter():
            if e.tag in (f"{SVG}title", f"{SVG}desc"):
                assert (e.text or "") == clean(words)

    @given(words=HOSTILE, columns=st.floats(1, 80))
    def test_words_are_cut_where_they_are_too_long(self, words: str, columns: float) -> None:
        found = cut(clean(words), columns)
        if found != clean(words):
            assert found.endswith("…")
            assert clean(words).startswith(found[:-1])
        assert cells(found) <= columns
        assert cut("loss", 4) == "loss"
        assert cut("loss", 3.9) == "lo…"
        panel = Panel((200, 90), (0, 1), (0, 1), title="n" * 99)
        assert "n" * 28 + "…<" in figure("t", "s", panel)

    def test_the_same_data_gives_the_same_bytes(self) -> None:
        def draw(y: float) -> str:
            panel = Panel((90, 90), (0, 1), (0, 1))
            panel.axes("x", "y")
            panel.line([(0, 0), (1, y)], INK)
            return figure("Title", "Subtitle", panel)

        assert draw(1.0) == draw(1.0) != draw(0.5)
