"""Files are written whole or not at all, and what dead writers have left is cleared away."""

from __future__ import annotations

import gc
import itertools
import os
from pathlib import Path

import pytest
from interrupting import PlacedInterrupts

from micrograd_like.files import write_whole

HOUR = 3600


# Python closes a file itself if the interrupt comes between `open` and `with`.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_interrupts_at_any_two_places_leave_one_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # nothing but slow here
    target, twice = tmp_path / "w", 0
    write_whole(target, "old")
    for first in itertools.count(1):
        for second in itertools.count(1):
            interrupts = PlacedInterrupts(first, second, closely=(write_whole.__code__,))
            again = interrupts.run(lambda: write_whole(target, "new"))
            assert list(tmp_path.iterdir()) == [target]
            assert target.read_text() in ("old", "new")
            twice += again
            if not again:
                break
        if not interrupts.places:
            break
    assert target.read_text() == "new"
    assert twice > 100
    gc.collect()  # those files are closed here, and not in a later test


def age(file: Path, seconds: float) -> None:
    os.utime(file, (file.stat().st_atime - seconds, file.stat().st_mtime - seconds))


@pytest.mark.parametrize("name", ["w.json", "[a-z]*.json", "ä" * 100])
def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path: Path, name: str) -> None:
    target, code = tmp_path / name, "0123456789abcdef"
    start = name[:40]
    old = tmp_path / f"{start}.{code}.tmp"
    fresh = tmp_path / f"{start}.{code[::-1]}.tmp"
    others = [
        tmp_path / other
        for other in (
            f"x.{code}.tmp", f"{start}.tmp", f"{start}.{code}", f"{start}.{code}0.tmp",
            f"{start}.{code[1:]}g.tmp", f"{start}.{code}.tmp.txt", f"x{start}.{code}.tmp",
        )
    ]  # fmt: skip
    for file in (old, fresh, *others):
        file.touch()
    for file in (old, *others):
        age(file, 1.1 * HOUR)
    age(fresh, 0.9 * HOUR)  # its writer may be slow
    write_whole(target, "new")
    assert set(tmp_path.iterdir()) == {target, fresh, *others}
    write_whole(target, "newer")
    assert target.read_text() == "newer"
    assert fresh.exists()


def test_a_leftover_that_cannot_be_removed_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "w.0123456789abcdef.tmp"
    folder.mkdir()
    age(folder, 2 * HOUR)
    write_whole(tmp_path / "w", "new")
    assert folder.is_dir()
    assert (tmp_path / "w").read_text() == "new"


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "w", tmp_path / "none" / "w", tmp_path / ("x" * 999)):
        with pytest.raises(OSError) as caught:
            write_whole(path, "")
        assert caught.value.filename == str(path)
