"""The functions that a reader of ``y = tanh(x*w + b); y.backward()`` meets, and how long they are.

    python tests/reading_path.py

Comprehensions do not count, as they stand inside the functions that do.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import micrograd_like
from micrograd_like import Value, tanh

PACKAGE = Path(micrograd_like.__file__).parent
INNER = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def reading_path() -> dict[CodeType, int]:
    """Return the package's functions that the line runs through, in order, with their lines."""
    met: dict[CodeType, int] = {}

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if Path(code.co_filename).parent == PACKAGE and code.co_name not in INNER:
            met.setdefault(code, len(inspect.getsourcelines(code)[0]))

    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.5, label="b")
    sys.setprofile(lambda frame, event, arg: watch(frame, event, arg) if event == "call" else None)
    try:
        y = tanh(x * w + b)
        y.backward()
    finally:
        sys.setprofile(None)
    return met


def main() -> None:
    path = reading_path()
    for code, lines in path.items():
        name = getattr(code, "co_qualname", code.co_name)
        print(f"{lines:4}  {Path(code.co_filename).name:12} {name}")
    print(f"{sum(path.values()):4}  lines in {len(path)} functions")


if __name__ == "__main__":
    main()
