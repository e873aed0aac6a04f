"""Text is one line, of as many columns as it is said to take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from micrograd_like.text import base, cells, clean, cut, encodable, padded, shorten, shown


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb", "a⏎b"),
        ("a\r\nb", "a⏎b"),  # one line break, of Windows
        ("a\n\rb", "a⏎⏎b"),
        ("a\r\n\r\nb", "a⏎⏎b"),
        ("a\u2028b\x85c", "a⏎b⏎c"),
        ("a\tb\xa0c", "a b c"),
        ("a\x1b[31m\u202eb", "a\ufffd[31m\ufffdb"),
    ],
)
def test_line_breaks_are_shown_and_nothing_else_acts(text: str, line: str) -> None:
    assert clean(text) == line


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("❤\ufe0f", 1), ("☂\ufe0e☂", 2), ("a\u200db", 2)],
)
def test_marks_take_no_column_and_wide_characters_take_two(text: str, columns: int) -> None:
    assert cells(text) == columns
    assert cells(padded(text, 9)) == 9


@pytest.mark.parametrize(
    ("text", "columns"), [("abcdef", 4), ("日本語", 5), ("日本語", 4), ("ab", 1)]
)
def test_what_is_cut_takes_no_more_columns_with_its_mark(text: str, columns: int) -> None:
    assert cut(text, columns).endswith("…")
    assert columns - 1 <= cells(cut(text, columns)) <= columns
    assert cut(text, cells(text)) == text


def test_a_repr_is_cut_to_its_width() -> None:
    assert shorten("a" * 10, 12) == repr("a" * 10)
    assert shorten("a" * 11, 12) == "'aaaaaaaaaa…"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "∂Σ/∂w₁ = −1·√2 → é…"),
        ("cp1252", "dsum/dw1 = -1·sqrt2 -> é…"),
        ("ascii", "dsum/dw1 = -1*sqrt2 -> \\xe9..."),
    ],
)
def test_what_an_encoding_lacks_is_ascii(encoding: str, text: str) -> None:
    assert encodable("∂Σ/∂w₁ = −1·√2 → é…", encoding) == text


def test_a_number_has_six_digits_and_a_line_its_files_name() -> None:
    assert [shown(x) for x in (1 / 3, -0.0, 1e-9 / 3, 2.0)] == ["0.333333", "0", "3.33333e-10", "2"]
    assert base("/home/me/train.py:12") == base("C:\\me\\train.py:12") == "train.py:12"
    assert base("/tmp/\x1b[31m.py:1") == "\ufffd[31m.py:1"


PRINTS = """
from micrograd_like import Value, explain, find_nonfinite, fsum, gradient_report, nn, sqrt
x = Value(0.5, label="σ₁ ñ")
model = nn.MLP(1, [2, 1], rng=1)
loss = (model([x]) - 1) ** 2 + fsum([x, x, x, x]) + sqrt(x - 0.5)
for each in (x, loss, explain(x, loss), find_nonfinite(loss), *loss.steps(), loss.graph(), model):
    print(each, repr(each))
print(gradient_report(model, loss, lr=0.1))
loss.graph().save("loss.svg", layout="builtin")
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "C"])
def test_whatever_is_printed_can_be_on_any_terminal(encoding: str, tmp_path: Path) -> None:
    told = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    told = told if encoding == "C" else {"PYTHONIOENCODING": encoding}
    (tmp_path / "script.py").write_text(PRINTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), **told},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"dadd/da = 1" in done.stdout
    assert "σ₁ ñ" in (tmp_path / "loss.svg").read_text(encoding="utf-8")
