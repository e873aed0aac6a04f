"""A reader plays with the page: drags numbers, asks what if, folds, searches, watches it flow."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from browsing import DOWN, END, ENTER, ESCAPE, HOME, LEFT, RIGHT, UP, Browser
from test_page import neuron, values_below

from micrograd_like import Value, nn, relu, tanh
from micrograd_like.drawing.composing import tone_and_width
from micrograd_like.page.page import html, page


def numbers(browser: Browser) -> list[float]:
    found: list[float] = browser.run("Array.from(now.data)")
    return found


def drag(browser: Browser, css: str, dx: int, dy: int = 0) -> None:
    from selenium.webdriver import ActionChains

    actions = ActionChains(browser.driver).click_and_hold(browser.find(css))
    actions.move_by_offset(dx // 2, dy // 2).move_by_offset(dx - dx // 2, dy - dy // 2)
    actions.release().perform()


def network() -> Value:
    model = nn.MLP(2, [3, 2, 1], rng=1)
    loss: Value = (model([Value(0.5, label="x1"), Value(-0.8, label="x2")]) - 1.0) ** 2
    loss.label = "loss"
    return loss


# ---------------------------------------------------------------------------- numbers


def test_a_leaf_is_dragged_and_everything_follows(browser: Browser) -> None:
    out, named = neuron()
    browser.open(out)
    drag(browser, "#v0 > rect", 50)
    browser.wait(lambda: numbers(browser)[0] == 2.5)
    assert browser.run("chosen") == 0
    x = Value(2.5)
    again = tanh(x * -3.0 + 6.75) + x * x
    again.backward()
    browser.wait(lambda: browser.grads()[0] == f"{x.grad:.4g}")
    assert browser.find("#v7 .data").text == f"{again.data:.4g}"
    assert browser.find("#reset").is_displayed()
    assert named["x"].data == 2.0
    browser.click("#reset")
    browser.wait(lambda: not browser.find("#reset").is_displayed())
    assert numbers(browser) == [v.data for v in values_below(out)]
    assert browser.run("now === recorded")


def test_no_arrow_runs_through_its_number(browser: Browser) -> None:
    ends = (
        "(drawView(), arrows.filter(({ isIn, text }) => isIn && text).map(({ ground, text }) =>"
        " [ground.getBBox(), text.getBBox()].flatMap(({ x, width }) => [x, x + width])))"
    )

    def check() -> None:
        shown = [each for each in browser.run(ends) if any(each)]
        assert shown
        for left, right, first, last in shown:
            assert left <= first <= last <= right

    browser.open(neuron()[0], "#step=9")
    browser.run("void setLeaf(0, 2.3456)")
    check()
    browser.open(network())
    for depth in (0, 3, 0):
        browser.run(f"void (foldTo({depth}), setZoom(1))")
        check()


def test_a_number_is_typed_and_stepped_by_keys(browser: Browser) -> None:
    browser.open(neuron()[0], "#step=9")
    browser.click("#v1")
    field = browser.find(".tuner .number")
    everything = "\ue009a"  # Ctrl-A
    field.send_keys(everything + "\ue000", "-1.5e0", ENTER)
    browser.wait(lambda: numbers(browser)[1] == -1.5)
    field.send_keys(UP)
    browser.wait(lambda: numbers(browser)[1] == pytest.approx(-1.49, abs=1e-12))
    field.send_keys(everything + "\ue000", "many", ENTER)
    browser.wait(lambda: "many is no number" in browser.find("#complaint").text)
    assert numbers(browser)[1] == pytest.approx(-1.49, abs=1e-12)
    browser.run("void document.activeElement.blur()")
    for key, x in (("]", -1.48), ("[", -1.49), ("}", -1.39), ("{", -1.49)):
        browser.press(key)
        browser.wait(lambda x=x: numbers(browser)[1] == pytest.approx(x, abs=1e-12))
    browser.find(".tuner input[type=range]").send_keys(RIGHT, DOWN, DOWN)
    browser.wait(lambda: numbers(browser)[1] == pytest.approx(-1.5, abs=1e-12))
    assert browser.run("position") == 15  # arrows in a field move no tape
    browser.press(ESCAPE, "r")
    browser.wait(lambda: browser.run("now === recorded"))


def test_a_step_is_told_with_the_numbers_of_now(browser: Browser) -> None:
    browser.open(neuron()[0], "#step=9")  # from x*w to w, by x
    assert "w moves v3 twice as much: it is multiplied by x = 2." in browser.now
    browser.run("void setLeaf(0, 0.5)")
    browser.wait(lambda: "w moves v3 half as much: it is multiplied by x = 0.5." in browser.now)
    assert browser.run("position") == 15
    browser.run("void setLeaf(0, 0)")
    browser.wait(lambda: "w does not move v3: it is multiplied by x = 0." in browser.now)


def test_tones_and_widths_are_those_of_a_drawing(browser: Browser) -> None:
    browser.open(neuron()[0], "#step=9")
    flows = browser.run("Array.from(now.product)")
    most = max(map(abs, flows))
    shown: list[Any] = browser.run(
        "arrows.map(({ tone, path }) => [tone, Number(path.getAttribute('stroke-width'))])"
    )
    expected = [tone_and_width(flow, most) for flow in flows]
    assert [tone for tone, _ in shown] == [tone for tone, _ in expected]
    assert [w for _, w in shown] == pytest.approx([w for _, w in expected], abs=0.051)
    for flow, tone in ((0.0, "zero"), (math.inf, "bad"), (math.nan, "bad")):
        told = "Infinity" if flow == math.inf else str(flow).replace("nan", "NaN")
        assert browser.run(f"toneOf({told})") == tone_and_width(flow, 1.0)[0] == tone


def test_a_number_that_is_not_finite_shouts_from_when_it_is_there(browser: Browser) -> None:
    x, y = Value(math.inf, label="x"), Value(2.0, label="y")
    browser.open((x - x) * y)
    shouting = (
        "boxes.filter(({ g }) => g.classList.contains('alarm')).map(({ i }) => values[i].name)"
    )
    assert browser.run(shouting) == ["x"]
    assert browser.style("#v3 > rect", "fill") == browser.style("#v2 > rect", "fill")
    browser.press(RIGHT)
    assert browser.run(shouting) == ["x", "v2"]
    browser.press(END)
    assert browser.run(shouting) == ["x", "y", "v2", "v3"]
    browser.run("void setLeaf(0, 3)")
    browser.wait(lambda: browser.run(shouting) == [])


# ---------------------------------------------------------------------------- what if


def test_what_the_gradient_predicts_and_what_happens(browser: Browser) -> None:
    out, named = neuron()
    browser.open(out)
    browser.click("#v1")
    browser.run("void (nudge[1] = 0.25, whatIf())")
    w = Value(-2.75)
    then = (tanh(named["x"].data * w + 6.75) + 4.0).data
    out.backward()
    predicted = out.data + named["w"].grad * 0.25
    shown = [
        browser.find(f"#if-{id}").text.replace("−", "-") for id in ("now", "predicted", "happens")
    ]
    assert shown == [f"{out.data:.4g}", f"{predicted:.4g}", f"{then:.4g}"]
    assert browser.find("#if-difference").text.replace("−", "-") == f"{then - predicted:.4g}"
    assert len(browser.driver.find_elements("css selector", "#curve path")) == 2
    assert browser.run("now === recorded")  # nothing has been changed
    browser.press(ESCAPE)
    assert not browser.find("#nudging").is_displayed()


def test_a_step_down_the_gradient_and_back(browser: Browser) -> None:
    out, named = neuron()
    browser.open(out)
    browser.click("#descend")
    out.backward()
    expected = [named[name].data - 0.1 * named[name].grad for name in ("x", "w", "b")]
    browser.wait(lambda: numbers(browser)[:3] == pytest.approx(expected, rel=1e-13))
    browser.click("#descend")
    browser.wait(lambda: "2 steps" in browser.find("#course-told").text)
    assert len(browser.driver.find_elements("css selector", "#course circle")) == 3
    browser.click("#ascend")
    browser.wait(lambda: numbers(browser)[:3] == pytest.approx(expected, rel=1e-13))
    browser.click("#ascend")
    browser.wait(lambda: browser.run("now === recorded"))
    assert not browser.can("ascend")
    browser.open(tanh(Value(1.0)))
    assert "needs leaves with labels" in browser.find("#moved").text
    assert not browser.can("descend")


# ---------------------------------------------------------------------------- large drawings


def shown(browser: Browser) -> list[str]:
    ids: list[str] = browser.run(
        "(drawView(), [...svg.querySelectorAll('.leaf, .op, .folded')].map(g => g.id))"
    )
    return ids


def test_modules_fold_and_unfold(browser: Browser) -> None:
    browser.open(network())
    browser.run("void (foldTo(0), fit())")
    everything, wide = shown(browser), browser.run("full.width")
    browser.run("void (foldTo(1), fit())")
    assert browser.run("full.width") < wide
    (folded,) = [id for id in shown(browser) if id.startswith("g")]
    assert len(shown(browser)) == 5  # the network, two inputs, the loss and what it is made of
    assert browser.run("arrows.filter(({ away }) => !away).length") == 4
    browser.press(END, LEFT)
    frame = browser.find(f"#{folded}")
    assert (frame.get_attribute("aria-expanded"), frame.get_attribute("role")) == (
        "false",
        "button",
    )
    browser.run(f"void document.getElementById('{folded}').focus()")
    browser.press(ENTER)  # its layers are seen, each folded
    assert len([id for id in shown(browser) if id.startswith("g")]) == 3
    browser.run("void foldTo(0)")
    assert shown(browser) == everything
    assert browser.run("full.width") == wide
    for depth in (3, 2, 1):
        browser.run(f"void foldTo({depth})")
        boxes = browser.run(
            "[...shownBoxes()].map(({ x, y, width, height }) => [x, y, width, height])"
        )
        for i, (x, y, width, height) in enumerate(boxes):  # no box lies on another
            for other in boxes[:i]:
                apart = x >= other[0] + other[2] or other[0] >= x + width
                assert apart or y >= other[1] + other[3] or other[1] >= y + height
    browser.run("void (foldTo(0), drawView())")
    paths = "[...svg.querySelectorAll('.arrow path')].map(path => path.getBBox().width).join()"
    boxes = browser.run(paths)
    browser.open(network())
    browser.run("void (foldTo(0), drawView())")
    assert browser.run(paths) == boxes


def test_tab_reaches_one_module_and_one_value_whatever_is_folded(browser: Browser) -> None:
    browser.open(network())
    reached = (
        "(drawView(), [...svg.querySelectorAll('[tabindex=\"0\"]')].map(g =>"
        " g.getAttribute('aria-label').split(',')[0]))"
    )
    browser.run("void (foldTo(0), fit(), frames[0].g.focus())")
    assert browser.run(reached) == ["MLP", "loss"]
    browser.press(DOWN, DOWN)
    assert browser.run(reached) == ["neurons.0", "loss"]
    browser.run("void choose(values.findIndex(({ name }) => name === 'layers.0.neurons.0.w.0'))")
    assert browser.run(reached) == ["neurons.0", "layers.0.neurons.0.w.0"]
    browser.run("void foldTo(1)")
    assert browser.run(reached) == ["MLP", "loss"]


def test_a_step_in_a_folded_module_is_told_and_shown_at_the_module(browser: Browser) -> None:
    browser.open(network())
    browser.run("void (foldTo(1), go(SEED + 5))")
    assert "Backward 5 of" in browser.now
    assert browser.run("[...svg.querySelectorAll('.folded.to, .folded.from')].length") == 1


def test_a_large_network_opens_folded_and_all_of_it_is_seen(browser: Browser) -> None:
    model = nn.MLP(4, [16, 16, 1], rng=1)
    browser.open((model([0.1, 0.2, 0.3, 0.4]) - 1.0) ** 2)
    assert browser.run("folded.size") > 0
    assert browser.run("zoom >= readable")
    assert browser.run(
        "pane.scrollWidth <= pane.clientWidth && pane.scrollHeight <= pane.clientHeight"
    )
    assert not browser.find("#map").is_displayed()


def test_what_is_told_stands_below_a_wide_drawing_whose_type_would_be_small(
    browser: Browser,
) -> None:
    model = nn.MLP(2, [2, 2], rng=1)
    one, other = model([0.5, -0.8])
    sizes = {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    try:
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sizes)
        browser.open((one - 1.0) ** 2 + (other + 1.0) ** 2)
        pane, side = browser.find("#drawing").rect, browser.find("#side").rect
        assert side["y"] >= pane["y"] + pane["height"]
        assert browser.run("zoom") > 0.75
        assert browser.run("folded.size") == 0
        browser.open(neuron()[0])
        assert browser.find("#side").rect["x"] > 0
        assert browser.run("zoom") > 1
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_search_finds_values_and_unfolds_what_hides_them(browser: Browser) -> None:
    browser.open(network())
    browser.run("void (foldTo(1), fit())")
    browser.press("/")
    browser.press(*"layers.1.neurons.0.w")
    assert browser.find("#found").text == "1 of 3"
    first = browser.run("values[chosen].name")
    browser.press(ENTER)
    assert browser.find("#found").text == "2 of 3"
    assert browser.run("values[chosen].name") != first
    assert browser.run("homes[chosen]") == -1
    assert browser.run("folded.size") > 1  # the others stay folded
    browser.run("void ($('search').value = 'no such thing', find())")
    assert browser.find("#found").text == "none"
    browser.run("void ($('search').value = 'relu', find(-1))")
    assert browser.run("form(chosen).op") == "relu"


def test_the_ground_is_dragged_and_the_map_shows_where(browser: Browser) -> None:
    browser.open(network())
    browser.run("void (foldTo(0), setZoom(2))")
    browser.wait(lambda: browser.find("#map").is_displayed())
    browser.run("void pane.scrollTo(300, 300)")
    before = browser.run("[pane.scrollLeft, pane.scrollTop]")
    browser.run(
        "void [[0, 'pointerdown'], [40, 'pointermove'], [80, 'pointermove'], [80, 'pointerup']]"
        ".forEach(([by, type]) => pane.dispatchEvent(new PointerEvent(type, { pointerId: 1,"
        " clientX: 300 - by, clientY: 300 - by / 2, button: 0, buttons: 1, bubbles: true })))"
    )
    after = browser.run("[pane.scrollLeft, pane.scrollTop]")
    assert [b - a for a, b in zip(before, after)] == [80, 40]
    assert browser.run("chosen") is None
    browser.click("#map")  # its middle
    middle = browser.run("pane.scrollLeft + pane.clientWidth / 2")
    assert middle == pytest.approx(browser.run("full.width * zoom / 2"), rel=0.1)
    browser.press("0")
    browser.wait(lambda: not browser.find("#map").is_displayed())


def test_two_fingers_zoom(browser: Browser) -> None:
    browser.open(neuron()[0])
    before = browser.run("zoom")
    browser.run(
        "void [[1, 300, 'pointerdown'], [2, 400, 'pointerdown'], [2, 500, 'pointermove'],"
        " [1, 300, 'pointerup'], [2, 500, 'pointerup']].forEach(([pointerId, clientX, type]) =>"
        " pane.dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 300, button: 0,"
        " buttons: 1, bubbles: true })))"
    )
    assert browser.run("zoom") == pytest.approx(2 * before, rel=1e-9)
    assert numbers(browser) == [v.data for v in values_below(neuron()[0])]


# ---------------------------------------------------------------------------- by values, and flow


def test_by_values_a_step_is_all_that_a_value_hands_on(browser: Browser) -> None:
    out = neuron()[0]
    browser.open(out)
    browser.click("#way option[value=values]")
    browser.run("void document.activeElement.blur()")
    stops = []
    browser.press(*[RIGHT] * 6)
    while browser.run("position < LAST"):
        browser.press(RIGHT)
        stops.append(browser.run("position - SEED"))
        assert browser.run("lit.filter(([, name]) => name === 'now').length") == len(
            browser.run("current()")
        )
    steps = [*out.steps()]
    ends = [a.number for a, b in zip(steps, [*steps[1:], None]) if b is None or a.out is not b.out]
    assert stops == ends
    back = []
    while browser.run("position > SEED"):
        browser.press(LEFT)
        back.append(browser.run("position - SEED"))
    assert back == [*reversed(ends[:-1]), 0]
    browser.press(HOME, *[RIGHT] * 7)
    assert "hands on" in browser.now


def test_it_flows_unless_the_reader_wants_less_motion(browser: Browser) -> None:
    browser.open(neuron()[0], "#step=2")
    browser.press(RIGHT)
    assert browser.run("dots.childElementCount") == 0
    moving = [{"name": "prefers-reduced-motion", "value": "no-preference"}]
    try:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": moving})
        moves = "[...dots.children].map(dot => dot.getAttribute('class'))"
        told = browser.run(f"(jump(position + 1), {moves})")
        assert told == [browser.run("toneOf(now.product[stepAt(position)])")]
        browser.wait(lambda: browser.run("dots.childElementCount") == 0)
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_what_has_arrived_fills_the_foot_of_a_box(browser: Browser) -> None:
    browser.open(neuron()[0])

    def share() -> float:
        return float(browser.run("boxes[0].bar ? boxes[0].share : 0"))

    assert share() == 0
    browser.run("void go(SEED + 3)")
    assert share() == pytest.approx(1 / 3)
    browser.press(END)
    assert share() == 1
    assert browser.run("boxes[0].bar.getAttribute('class')") == "bar plus"


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (0.0, "just as much: tanh is at its steepest here"),
        (0.88137, "half as much: tanh is flattening here"),
        (9.0, "tanh is flat here"),
    ],
)
def test_a_saturating_op_is_told_where_it_is(browser: Browser, x: float, told: str) -> None:
    n = Value(x, label="n")
    browser.open(tanh(n), "#step=1")
    assert told in browser.now


def test_a_relu_that_is_shut_is_told(browser: Browser) -> None:
    browser.open(relu(Value(-1.0, label="n")), "#step=1")
    assert "n does not move v1: relu lets nothing through here." in browser.now


# ---------------------------------------------------------------------------- anywhere


def test_large_type_for_a_projector(browser: Browser) -> None:
    browser.open(neuron()[0])
    size, zoom = browser.style("body", "font-size"), browser.run("zoom")
    browser.open(neuron()[0], "?present#step=3")
    assert float(browser.style("body", "font-size")[:-2]) > 1.4 * float(size[:-2])
    assert browser.now.startswith("Backward 3 of 9")
    assert browser.run("largest()") == 3
    assert zoom <= 1.5


def test_a_page_shows_itself_in_a_notebook(browser: Browser, tmp_path: Path) -> None:
    out = neuron()[0]
    made = out.page()
    assert made.text == html(out)
    made.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == made.text
    assert repr(made).startswith("<Page of Value(data=4.6")
    outside = browser.folder / "notebook.html"
    outside.write_text(f"<!DOCTYPE html>{made._repr_mimebundle_()['text/html']}", encoding="utf-8")
    browser.driver.get(outside.as_uri())
    browser.driver.switch_to.frame(0)
    try:
        browser.click("#v0")
        browser.press("]")
        browser.wait(lambda: numbers(browser)[0] == 2.01)
    finally:
        browser.driver.switch_to.default_content()


def test_a_page_with_a_path_is_written(tmp_path: Path) -> None:
    made = page(neuron()[0], tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == made.text
