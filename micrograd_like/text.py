r"""Cutting and escaping text: one way for errors, terminals, drawings and pages.

What you can do with it::

    >>> from micrograd_like.text import cells, clean, shorten
    >>> shorten([1.0] * 1000, 12)               # a repr, for an error message
    '[1.0, 1.0, …'
    >>> clean("two\nlines")                    # one line, whatever a label holds
    'two⏎lines'
    >>> cells("日本")                           # columns in a monospaced font
    4
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Of the marks without a glyph: they part letters in Persian, and join emoji.
_ALLOWED = {"\u200c", "\u200d"}


def shorten(x: object, width: int = 60) -> str:
    """Return ``repr(x)`` cut to ``width`` characters, for error messages."""
    text = repr(x)
    return text if len(text) <= width else text[: width - 1] + "…"


def clean(text: object, width: int = 400) -> str:
    """Return text as one line of at most ``width`` characters that shows and can't be misread.

    A line break becomes ⏎; what has no glyph, turns the direction of text, or is not allowed in
    XML becomes U+FFFD.
    """
    text = str(text)
    if len(text) > width:
        text = text[: width - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    from unicodedata import category

    shown = []
    for c in text.replace("\r\n", "\n"):
        if c in "\n\r\u2028\u2029\x85":
            c = "⏎"
        elif c == "\t" or category(c) == "Zs":
            c = " "
        elif category(c) in ("Cc", "Cf", "Cs", "Cn", "Co") and c not in _ALLOWED:
            c = "\ufffd"
        shown.append(c)
    return "".join(shown)


def cut(text: str, columns: float) -> str:
    """Return the text, cut to so many columns of a monospaced font."""
    if cells(text) <= columns:
        return text
    while text and cells(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def cells(text: str) -> int:
    """Return how many columns a text takes in a monospaced font."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0
        if combining(c) or c in _ALLOWED or "\ufe00" <= c <= "\ufe0f"
        else 2
        if east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def padded(text: str, columns: int) -> str:
    """Return the text with spaces behind it, so that it takes so many columns."""
    return text + " " * (columns - cells(text))


def printable(text: str, stream: Any = None) -> str:
    """Return the text as a stream, standard output for one, can show it, the rest as escapes."""
    import sys

    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
