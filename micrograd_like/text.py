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
    from collections.abc import Sequence
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


def aligned(rows: Sequence[Sequence[str]], columns: int = 1000) -> list[str]:
    """Return a table as lines: its first column on the left, and cut if there are fewer columns
    than it takes; the others on the right."""
    first, *widths = [max(map(cells, column)) + 2 for column in zip(*rows)]
    first = min(first - 2, max(columns - sum(widths), 8))
    lines = []
    for name, *texts in rows:
        right = map(str.rjust, texts, widths)
        lines.append((padded(cut(name, first), first) + "".join(right)).rstrip())
    return lines


def printable(text: str, stream: Any = None) -> str:
    """Return the text as a stream, standard output for one, can show it: what its encoding lacks
    is written in ASCII, or as an escape."""
    import sys

    return encodable(text, getattr(stream or sys.stdout, "encoding", None) or "utf-8")


def encodable(text: str, encoding: str) -> str:
    """Return the text with what an encoding lacks in ASCII."""
    try:
        text.encode(encoding)
        return text
    except UnicodeError:
        known = {c: c if c.encode(encoding, "ignore") else ASCII.get(c, c) for c in text}
        text = "".join([known[c] for c in text])
        return text.encode(encoding, "backslashreplace").decode(encoding)


def columns_of(stream: Any, otherwise: int) -> int:
    """Return how many columns a terminal has, 60 at least; of another stream what is asked for."""
    from shutil import get_terminal_size

    is_terminal = getattr(stream, "isatty", bool)()
    return max(60, get_terminal_size().columns) if is_terminal else otherwise


def shown(x: float) -> str:
    """Return a number to six digits."""
    return f"{x + 0.0:.6g}"  # + 0.0 makes -0.0 a 0


def base(line: str) -> str:
    """Return "train.py:12" for a line of a file with its folders, with nothing that acts."""
    return clean(line.replace("\\", "/").rpartition("/")[2])


# What stands for a character where an encoding lacks it.
ASCII = dict(zip("∂−×·→–′²³₀₁₂₃₄₅₆₇₈₉ᵢ⏎\ufffd", "d-**>-'23" + "0123456789i ?"))
ASCII |= dict(zip("┌├└─▼▶│", ",|`-v>|"))
ASCII |= {"²": "^2", "³": "^3", "→": "->", "…": "...", "√": "sqrt", "∞": "inf", "π": "pi"}
ASCII |= {"Σ": "sum", "Π": "prod", "σ": "sigma", "φ": "phi", "Φ": "Phi"}
