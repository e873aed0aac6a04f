"""Named numbers on disk: a network's weights as JSON, exact to the bit.

What you can do with it::

    >>> from micrograd_like import weights
    >>> weights.write("w.json", "two numbers", {"w": 0.1, "b": -0.0})
    >>> weights.read("w.json")
    {'w': 0.1, 'b': -0.0}

A file is whole or it is not there: it is written beside its place, and renamed when it is on disk.
"""

from __future__ import annotations

import math
import os
import stat

from .ops import as_float, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

FORMAT = "micrograd_like weights 1"


def write(path: str | os.PathLike[str], about: str, numbers: Mapping[str, float]) -> None:
    """Write named numbers to a JSON file, and what they are about.

    The file at ``path`` is replaced when all is written, and untouched if anything goes wrong.
    Raises ValueError if a number is not finite, OSError if the file can't be written.
    """
    import json  # json and pathlib take longer to import than this whole package, so not above

    state = {name: finite(name, data) for name, data in numbers.items()}
    text = json.dumps({"format": FORMAT, "module": about, "parameters": state}, indent=1)
    write_atomically(path, text + "\n")


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what `write` wrote: the names and what stands beside them.

    Raises ValueError unless the file is whole and of this format; OSError if it can't be read.
    """
    content = read_object(path, FORMAT)
    if not isinstance(content.get("parameters"), dict):
        raise ValueError('it has no object "parameters"')
    parameters: dict[str, Any] = content["parameters"]
    return parameters


def read_object(path: str | os.PathLike[str], form: str) -> dict[str, Any]:
    """Return the object of a JSON file, once its "format" is ``form`` and no name comes twice.

    Raises ValueError unless the file is whole and of this format; OSError if it can't be read.
    """
    import json
    from pathlib import Path

    try:
        content = json.loads(
            Path(path).read_bytes().decode(), object_pairs_hook=_without_duplicates
        )
    except RecursionError as error:
        raise ValueError(str(error)) from None
    if not isinstance(content, dict) or content.get("format") != form:
        raise ValueError(f'it has no "format": "{form}"')
    return content


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file beside ``path`` and rename it to ``path`` when it is safely on disk.

    A link is followed, and the permissions of the file that is replaced are kept. A device or a
    pipe can't be replaced: it is written to.
    """
    from pathlib import Path

    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        path.write_bytes(data)  # IsADirectoryError, if it is one
        return
    target = Path(os.path.realpath(path))
    # A random name: what a process that died has left behind is in nobody's way.
    temporary = target.with_name(f"{target.name[:40]}.{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the name that the user knows
        raise


def finite(name: str, data: Any) -> float:
    """Return a weight as a float; raise ValueError with its name if it is no finite number."""
    try:
        if isinstance(data, bool):
            raise TypeError(f"expected a real number, got {data}")
        number = as_float(data)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}: weights are finite numbers")
    return number


def refuse_duplicates(names: Iterable[str], what: str) -> None:
    """Raise ValueError if a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} of the name {shorten(name)}")
        seen.add(name)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    refuse_duplicates((name for name, _ in pairs), "it has two values")
    return dict(pairs)
