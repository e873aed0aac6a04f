"""Files that are written whole or not at all, and JSON that is exact to the bit.

What you can do with it::

    >>> from micrograd_like import files
    >>> files.write_json("w.json", "my numbers 1", {"w": 0.1, "b": -0.0})
    >>> files.read_json("w.json", "my numbers 1")["w"]
    0.1

A file is written beside its place, and renamed when it is safely on disk.
"""

from __future__ import annotations

import math
import os

from .ops import as_float
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file beside ``path``, and rename it to ``path`` when it is safely on disk.

    A link is followed, and the permissions of the file that is replaced are kept. Raises OSError if
    that can't be done; the file at ``path`` is then as it was. Any number of processes may write to
    one ``path`` at once. What one that was killed has left beside it is removed an hour later.
    """
    from pathlib import Path

    target = Path(os.path.realpath(path))
    data = content.encode() if isinstance(content, str) else content
    # A random name: what a process that died has left behind is in nobody's way.
    temporary = target.with_name(f"{target.name[:40]}.{os.urandom(8).hex()}.tmp")
    try:
        try:
            _write_and_replace(temporary, data, target)
        finally:
            _remove(temporary)
    except BaseException as error:
        _remove(temporary)  # again, since a second Ctrl-C may have come before it was gone
        if isinstance(error, OSError):
            error.filename = os.fspath(path)  # the name that the user knows
        raise
    _remove_leftovers(target)


def _write_and_replace(temporary: Path, data: bytes, target: Path) -> None:
    mode = target.stat().st_mode & 0o7777 if os.path.lexists(target) else None
    if mode is not None and not target.is_file():
        raise IsADirectoryError(21, "it is no file that could be replaced")
    with temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        temporary.chmod(mode)
    temporary.replace(target)


def _remove(file: Path) -> None:
    if os.path.lexists(file):  # else it was renamed, or never made
        file.unlink(missing_ok=True)


def _remove_leftovers(target: Path) -> None:
    """Remove the target's temporary files that are older than an hour: their writers have died.

    A process id in the name would tell sooner, but not on a disk that several machines share. Were
    the writer only asleep, its write would fail, and harm nothing.
    """
    from contextlib import suppress
    from glob import escape

    with suppress(OSError):  # another process may remove one, or the target, at the same time
        now = target.stat().st_mtime  # by the disk's own clock: the target was written just now
        for old in target.parent.glob(f"{escape(target.name[:40])}.{'[0-9a-f]' * 16}.tmp"):
            if old.lstat().st_mtime < now - 3600:
                old.unlink()


def write_json(path: str | os.PathLike[str], form: str, content: dict[str, Any]) -> None:
    """Write an object to a JSON file, with ``form`` as its "format"."""
    import json  # json and pathlib take longer to import than the core, so not above

    write_whole(path, json.dumps({"format": form, **content}, indent=1) + "\n")


def read_json(path: str | os.PathLike[str], form: str) -> dict[str, Any]:
    """Return the object of a JSON file, once its "format" is ``form`` and no name comes twice.

    Raises ValueError unless the file is whole and of this format; OSError if it can't be read.
    """
    import json
    from pathlib import Path

    text = Path(path).read_bytes().decode()
    try:
        content = json.loads(text, object_pairs_hook=_without_duplicates)
    except RecursionError as error:
        raise ValueError(str(error)) from None
    if not isinstance(content, dict) or content.get("format") != form:
        given = content.get("format") if isinstance(content, dict) else None
        but = f", but {shorten(given)}" if given else ""
        raise ValueError(f'it has no "format": "{form}"{but}')
    return content


def write_numbers(
    path: str | os.PathLike[str], form: str, about: str, numbers: Mapping[str, float]
) -> None:
    """Write named numbers to a JSON file; if one is not finite, raise ValueError and write none."""
    state = {name: finite(name, x) for name, x in numbers.items()}
    write_json(path, form, {"module": about, "parameters": state})


def read_numbers(path: str | os.PathLike[str], form: str) -> dict[str, Any]:
    """Return what `write_numbers` wrote: names, and what stands beside them."""
    parameters = read_json(path, form).get("parameters")
    if not isinstance(parameters, dict):
        raise ValueError('it has no object "parameters"')
    return parameters


def real(name: str, number: Any) -> float:
    """Return a finite number as a float; raise TypeError or ValueError with its name."""
    try:
        if math.isfinite(x := as_float(number)):
            return x
    except (TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from None
    raise ValueError(f"{name} is {number!r}: it must be a finite number")


def finite(name: str, x: Any) -> float:
    """Return what a file may hold: a finite number that is no bool; else raise ValueError."""
    if isinstance(x, bool):
        raise ValueError(f"{name}: expected a real number, got {x}")
    try:
        return real(name, x)
    except TypeError as error:
        raise ValueError(str(error)) from None


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
