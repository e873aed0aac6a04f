"""How much the tests try.

Three Hypothesis profiles, chosen by the environment variable HYPOTHESIS_PROFILE:

    dev        few examples: seconds, while you work (the default)
    ci         more of them (the default where CI is set)
    thorough   very many: hours, before a release

Where CI is set the examples are the same ones every time, whatever the profile. No profile has a
deadline: how fast a machine is decides no test.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import browser as browser
from browsing import chromium as chromium
from hypothesis import HealthCheck, settings

from micrograd_like.ops import TABLE

CI = bool(os.environ.get("CI"))
EXAMPLES = {"dev": 30, "ci": 40, "thorough": 5_000}

for name, examples in EXAMPLES.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=CI,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if CI else "dev"))


BROWSERS = {"browser", "chromium", "dap"}  # fixtures that start one, or VS Code's debugger


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that drive a browser or VS Code's debugger as thorough."""
    for item in items:
        if not BROWSERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.thorough)


@pytest.fixture(autouse=True)
def _the_table_as_it_was() -> Iterator[None]:
    """Take the ops out of the table that a test, or an example in a text, puts in."""
    before = dict(TABLE)
    yield
    if TABLE.keys() != before.keys():
        TABLE.clear()
        TABLE.update(before)


def pytest_collection_finish() -> None:
    """Let the collector pass over thousands of tests, which stay to the end, in every test."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process of pytest-xdist left out; each leaves out the same."""
    left_out[:] = node.workeroutput.get("left_out", left_out)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note what is left out."""
    left_out.extend(item.nodeid for item in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this one, if pytest-xdist did, what was left out."""
    getattr(session.config, "workeroutput", {})["left_out"] = left_out


left_out: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was left out."""
    if left_out and terminalreporter.config.option.markexpr == "not thorough":
        terminalreporter.write_line(
            f"left out: {len(left_out)} thorough tests (browsers, many processes); "
            "python -m pytest -m thorough runs them"
        )
