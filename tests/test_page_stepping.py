"""A reader steps through the page: with keys, mouse, slider and links, on paper and on a phone."""

from __future__ import annotations

import base64
import math
import random
import re

import pytest
from browsing import END, ENTER, ESCAPE, HOME, LEFT, RIGHT, SPACE, TAB, UP, Browser
from test_page import neuron, values_below

from micrograd_like import Value, relu, tanh
from micrograd_like.drawing.picture import THEMES
from micrograd_like.page.page import html
from micrograd_like.text import clean


def expected(root: Value) -> list[str]:
    """Return what the drawing must show at the end of the walk."""
    root.backward()
    return [format(value.grad, ".4g") for value in values_below(root)]


def test_arrow_keys_step_through_forward_and_backward(browser: Browser) -> None:
    out, named = neuron()
    browser.open(out)
    browser.press("d")  # all digits
    assert browser.now.startswith("The leaves are given")
    for number in ("#v3 .data", "#ev3-0 > text", "#ev3-0 > rect"):
        assert browser.style(number, "visibility") == "hidden"  # x*w is not computed yet
    browser.run("choose(3)")
    assert "v3=x·wnotcomputedyet" in browser.told("#value")
    browser.press(RIGHT)
    assert "v3=x·w=2.0·-3.0=-6.0" in browser.told("#value")
    assert browser.now.startswith("Forward 1 of 5 v3")
    assert "Fromhere,itmovesthreetimesasmuch,theotherway,whenxmoves" in browser.told()
    for number in ("#v3 .data", "#ev3-0 > text", "#ev3-0 > rect"):
        assert browser.style(number, "visibility") == "visible"
    browser.press(*[RIGHT] * 4)
    assert set(browser.grads()) == {"–"}
    browser.press(RIGHT)
    assert browser.told().startswith("Seedoutgradient1.0")
    for step in out.steps():
        browser.press(RIGHT)
        told = browser.told()
        assert told.startswith(f"Backward{step.number}of9")
        assert f"{step.upstream!r}·{step.partial!r}={step.product!r}" in told
        assert f"{step.before!r}+{step.product!r}={step.after!r}".replace("+-", "+(-") in told
        assert (f"{step.waiting}tocome" if step.waiting else "complete") in told
        assert browser.run("document.querySelectorAll('.arrow.now').length") == 1
        assert browser.run("document.querySelector('.fresh').textContent") == f"{step.after:.4g}"
    assert "∂v3∂w=x=2.0" in browser.told()
    assert "x * w + b" in browser.now  # the line of source
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
    panel, told = browser.panel, browser.told("#value")
    assert panel.startswith("x leaf value 2 line x, w, b = Value(2.0, label=")
    steps = [step for step in out.steps() if step.x is named["x"]]
    assert len(steps) == 3
    for step in steps:
        assert f"step {step.number} from" in panel
        assert f"{step.upstream:.4g}·{step.partial:.4g}={step.product:.4g}" in told
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
    assert f"{steps[-1].after:.4g}3of3contributions" in browser.told("#value")
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
    assert browser.run(label) == "v5, tanh, data 0.6351, no gradient yet"
    browser.press(RIGHT)
    assert browser.run(label) == "v5, tanh, data 0.6351, gradient 1"
    browser.press(TAB)
    assert browser.focused in ("start", "back")
    for control in browser.driver.find_elements("css selector", "button, input, select, output"):
        named = control.get_attribute("aria-label") or control.get_attribute("textContent")
        assert named, control.get_attribute("id")
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
    browser.press("n")
    assert browser.now.startswith("Backward 3 of 9")
    browser.press(SPACE)
    assert browser.playing
    browser.press(SPACE)
    assert not browser.playing
    position = browser.run("position")
    for modifier in ("ctrlKey", "altKey", "metaKey"):
        browser.run(
            "void document.body.dispatchEvent(new KeyboardEvent('keydown',"
            " {key: 'Home', bubbles: true, [arguments[0]]: true}))",
            modifier,
        )
    assert browser.run("position") == position


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
    browser.press("1")
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


def test_a_formula_may_be_broken_before_its_equals_sign(browser: Browser) -> None:
    browser.open(Value(2.0, label="x" * 50) * Value(3.0, label="w" * 50), "#step=1")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    line = browser.find("#now .maths > span")
    first, second = line.find_elements("css selector", "math")
    assert second.rect["y"] > first.rect["y"]


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
        assert browser.run("pane.scrollWidth <= pane.clientWidth")  # it opens so that all is seen
        browser.press("1")
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

    assert wheel(ctrl=False)
    assert browser.run(width) > 1.1 * fit
    assert wheel(ctrl=True)  # as two fingers on a touchpad do
    assert browser.run(width) > 1.5 * fit
    # A page begins with all of its drawing, but not larger than life.
    out = Value(1.0)
    browser.open(out)
    assert browser.find("#zoom").text == "150 %"
    for _ in range(40):
        out = tanh(out)
    browser.open(out)
    assert browser.run("pane.scrollWidth <= pane.clientWidth")


def test_print_has_every_step_and_every_gradient(browser: Browser) -> None:
    out = neuron()[0]
    browser.open(out, "#step=2")
    before = browser.texts()
    browser.run(
        "void addEventListener('beforeprint', () => { onPaper = "
        "[...document.querySelectorAll('.grad')].map(t => t.textContent.trim()).sort(); })"
    )
    printed = base64.b64decode(browser.driver.print_page())
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert box is not None
    assert float(box[1]) > float(box[2])  # networks are wide
    assert browser.run("onPaper") == sorted(expected(out))
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


HOSTILE = [
    "</script><script>document.title='x'</script>",
    "</noscript><img src=x onerror=document.title='x'>",
]


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
    assert browser.now.startswith("Seed x gradient 1 of x, given")
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
    assert len(browser.grads()) == len(below)  # of which few are elements at a time
    browser.run("void setZoom(1)")
    assert browser.run("(drawView(), boxLayer.childElementCount)") < 100
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
