"""Chromium with a page in it: what a reader does to it, and what the reader sees.

Chromium is driven by its own driver. Where it or selenium is missing, the tests are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from micrograd_like import Value

FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --disable-dev-shm-usage
--window-size=1200,800 --force-prefers-reduced-motion"""

# Go over the drawing, pane by pane, at a zoom at which numbers are written, and then back.
GRADS = """((found, before) => {
  if (zoom < LEGIBLE) setZoom(LEGIBLE);
  for (let y = 0; y < full.height * zoom; y += pane.clientHeight) {
    for (let x = 0; x < full.width * zoom; x += pane.clientWidth) {
      pane.scrollTo(x, y);
      drawView();
      for (const { i, isIn, grad } of boxes) if (isIn) found[i] = grad.textContent.trim();
    }
  }
  if (zoom !== before[0]) setZoom(before[0]);
  pane.scrollTo(before[1], before[2]);
  drawView();
  return found;
})({}, [zoom, pane.scrollLeft, pane.scrollTop])"""


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

    def told(self, css: str = "#now") -> str:
        """Return what an element tells, without any space and with plain minus signs."""
        text: str = self.run("document.querySelector(arguments[0]).textContent", css)
        return "".join(text.split()).replace("−", "-").replace("·(-", "·-").replace(")=", "=")

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
            "t => t.textContent.trim() + [...t.classList].sort())]}),"
            "{now: document.getElementById('now').textContent,"
            " value: document.getElementById('value').innerHTML.replace(/ class=\"\"/g, ''),"
            " slider: document.getElementById('slider').value,"
            " spoken: document.getElementById('slider').getAttribute('aria-valuetext')})"
        )
        return shown

    def grads(self) -> list[str]:
        """Return the gradients in the drawing, in the order of the values, from all over it."""
        grads: dict[str, str] = self.run(GRADS)
        return [grads[i] for i in sorted(grads, key=int)]

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
ENTER, ESCAPE, TAB, SPACE, DOWN = "\ue007", "\ue00c", "\ue004", "\ue00d", "\ue015"
