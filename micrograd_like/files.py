"""Files that are written whole or not at all, and JSON that is exact to the bit.

What you can do with it::

    >>> from micrograd_like import files
    >>> files.write_json("w.json", "my numbers 1", {"w": 0.1, "b": -0.0})
    >>> files.read_json("w.json", "my numbers 1")["w"]
    0.1

A file is written beside its place, and renamed when it is safely on disk.
"""

from __future__ import annotations

import os

from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file beside ``path``, and rename it to ``path`` when it is safely on disk.

    A link is followed, and the permissions of the file that is replaced are kept. Raises OSError if
    that can't be done; the file at ``path`` is then as it was.
    """
    from pathlib import Path

    target = Path(os.path.realpath(path))
    data = content.encode() if isinstance(content, str) else content
    # A random name: what a process that died has left behind is in nobody's way.
    temporary = target.with_name(f"{target.name[:40]}.{os.urandom(8).hex()}.tmp")
    try:
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
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = os.fspath(path)  # the name that the user knows
        raise


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
        raise ValueError(f'it has no "format": "{form}"')
    return content


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
