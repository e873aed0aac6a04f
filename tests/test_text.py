"""Text is one line, of as many columns as it is said to take."""

from __future__ import annotations

import pytest

from micrograd_like.text import cells, clean, cut, padded, shorten


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
