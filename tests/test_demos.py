"""The demos do what they print, from anywhere and with nothing installed; their charts are true."""

from __future__ import annotations

import doctest
import importlib
import math
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

import notebooks
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos import iris, moons
from demos.console import check_writable, run
from demos.drawing import (
    CLASSES,
    colour_bar,
    contours,
    heat,
    shade,
    training_picture,
)
from micrograd_like.drawing.charts import Panel
from micrograd_like.training.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"


def command(*arguments: str) -> list[str]:
    """Return a demo's command in an interpreter that sees no installed package."""
    return [sys.executable, "-S", "-m", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}


def start(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environment(), capture_output=True, text=True
    )


def accuracy(output: str) -> float:
    """Return the printed accuracy in percent, once it agrees with the counts, if it has any."""
    found = re.search(r"held-out accuracy ([\d.]+)%(?: \((\d+) of (\d+)\))?", output)
    assert found, output
    if found[2]:
        assert float(found[1]) == round(100 * int(found[2]) / int(found[3]), 1)
    return float(found[1])


@pytest.mark.thorough
class TestMoons:
    def test_it_learns_and_draws(self, tmp_path: Path) -> None:
        done = start(tmp_path, "demos.moons")
        assert (done.returncode, done.stderr) == (0, "")
        assert accuracy(done.stdout) >= 97
        assert "\r" not in done.stdout
        epochs = re.findall(r"^epoch .*loss .*accuracy .* s(?: left)?$", done.stdout, re.MULTILINE)
        assert [line.split()[1] for line in epochs] == [f"{e}/50" for e in (10, 20, 30, 40, 50)]
        assert done.stdout.endswith("wrote moons.svg\n")
        assert [path.name for path in tmp_path.iterdir()] == ["moons.svg"]
        subtitle = ET.parse(tmp_path / "moons.svg").findtext(f"{SVG}desc")
        assert subtitle is not None
        assert accuracy(subtitle) == accuracy(done.stdout)

    def test_without_training_the_accuracy_is_lower(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "other.svg"
        assert moons.main([str(path), "--epochs", "0"]) == 0
        output = capsys.readouterr().out
        assert accuracy(output) < 97
        assert f"wrote {path}" in output
        circles = [mark for mark in ET.parse(path).iter(f"{SVG}circle") if mark.get("cx") != "0"]
        places = {
            fill: [(mark.get("cx"), mark.get("cy")) for mark in circles if mark.get("fill") == fill]
            for fill in ("white", "none")  # of the points held out, and around those that are wrong
        }
        assert len(places["white"]) == 100
        assert accuracy(output) == 100 - len({*places["white"]} & {*places["none"]})

    def test_a_path_that_cannot_be_written_is_refused_before_training(self, tmp_path: Path) -> None:
        for path in ("missing/moons.svg", "."):
            done = start(tmp_path, "demos.moons", path)
            assert (done.returncode, done.stdout) == (2, "")
            assert re.search(f"cannot write the picture: .*'{path}'; name another", done.stderr)
            assert "Traceback" not in done.stderr

    def test_an_interruption_keeps_the_network_so_far(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr("micrograd_like.training.fitting.Progress", Interrupted)
        path = tmp_path / "moons.svg"
        assert moons.main([str(path), "--epochs", "9"]) == 130
        output = capsys.readouterr().out
        assert "stopped in epoch 2 of 9, network as it was then: held-out accuracy" in output
        assert output.endswith(f"wrote {path}\n")
        subtitle = ET.parse(path).findtext(f"{SVG}desc")
        assert subtitle is not None
        assert "stopped in epoch 2 of 9" in subtitle

    @pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
    def test_ctrl_c_leaves_no_traceback(self, tmp_path: Path) -> None:
        process = subprocess.Popen(
            command("demos.moons", "--epochs", "9999"),
            cwd=tmp_path,
            env={**environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background job ignores the signal, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        with process:
            assert process.stdout
            assert process.stdout.readline().startswith("MLP")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate()
        assert process.returncode == 130
        assert "stopped" in output + errors
        assert "Traceback" not in errors

    @pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
    def test_a_reader_that_leaves_is_no_error(self, tmp_path: Path) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            done = subprocess.run(
                command("demos.iris", "--epochs", "1"),
                cwd=tmp_path,
                env=environment(),
                stdout=pipe,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert (done.returncode, done.stderr) == (1, "")


class Interrupted(Progress):
    """Ctrl-C in the second epoch."""

    def batch(self, epoch: int, batch: int, of: int) -> None:
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.thorough
class TestIris:
    def test_it_learns_and_counts(self, tmp_path: Path) -> None:
        done = start(tmp_path, "demos.iris")
        assert (done.returncode, done.stderr) == (0, "")
        assert accuracy(done.stdout) >= 90
        assert list(tmp_path.iterdir()) == []

        header, *lines, _, found = done.stdout.splitlines()[-6:]
        names = ["setosa", "versicolor", "virginica"]
        assert header.split() == ["is", "\\", "taken", "for", *names]
        assert [line.split()[0] for line in lines] == names
        assert {len(line) for line in [header, *lines]} == {len(header)}
        counts = [[int(count) for count in line.split()[1:]] for line in lines]
        assert sum(map(sum, counts)) == 50
        assert 100 * sum(counts[i][i] for i in range(3)) / 50 == accuracy(done.stdout)
        assert found == f"a flower just found, {iris.FOUND}, is taken for versicolor"

    def test_without_training_the_accuracy_is_lower(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert iris.main(["--epochs", "0"]) == 0
        assert accuracy(capsys.readouterr().out) < 90

    def test_a_row_is_what_a_flower_is_and_a_column_what_it_is_taken_for(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(iris.training, "predict", lambda model, rows: [2] * len(rows))
        assert iris.main(["--epochs", "0"]) == 0
        *lines, _, found = capsys.readouterr().out.splitlines()[-5:]
        assert found.endswith("virginica")
        counts = [[int(count) for count in line.split()[1:]] for line in lines]
        assert all(row[:2] == [0, 0] and row[2] > 0 for row in counts)

    def test_an_interruption_keeps_the_network_so_far(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("micrograd_like.training.fitting.Progress", Interrupted)
        assert iris.main(["--epochs", "9"]) == 130
        output = capsys.readouterr().out
        assert "stopped in epoch 2 of 9, network as it was then:\nheld-out accuracy" in output
        assert "virginica" in output


class TestConsole:
    def test_a_count_is_at_least_0(self, capsys: pytest.CaptureFixture[str]) -> None:
        for demo in (moons, iris):
            for bad in ("-1", "1.5", "x"):
                with pytest.raises(SystemExit):
                    demo.main(["--epochs", bad])
                assert f"argument --epochs: invalid count value: '{bad}'" in capsys.readouterr().err

    def test_checking_a_path_leaves_everything_as_it_is(self, tmp_path: Path) -> None:
        check_writable(tmp_path / "new.svg")
        assert list(tmp_path.iterdir()) == []
        old = tmp_path / "old.svg"
        old.write_text("kept")
        check_writable(old)
        assert old.read_text() == "kept"
        for path in (tmp_path, tmp_path / "missing" / "new.svg", old / "new.svg"):
            with pytest.raises(OSError, match=path.name):
                check_writable(path)

    @pytest.mark.skipif(os.name == "nt", reason="links need rights there")
    def test_checking_a_link_to_nothing_keeps_the_link(self, tmp_path: Path) -> None:
        link = tmp_path / "link.svg"
        link.symlink_to(tmp_path / "target.svg")
        check_writable(link)
        assert list(tmp_path.iterdir()) == [link]

    @pytest.mark.parametrize("code", [0, 3])
    def test_the_code_of_main_is_the_exit_code(self, code: int) -> None:
        with pytest.raises(SystemExit) as exited:
            run(lambda: code)
        assert exited.value.code == code

    def test_a_full_disk_is_reported_without_a_traceback(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def main() -> int:
            raise OSError(28, "No space left on device", "moons.svg")

        with pytest.raises(SystemExit) as exited:
            run(main)
        assert exited.value.code == 1
        assert capsys.readouterr().err == "[Errno 28] No space left on device: 'moons.svg'\n"


class TestDrawing:
    @given(
        field=st.integers(1, 6).flatmap(
            lambda width: st.lists(
                st.lists(st.integers(0, 4), min_size=width, max_size=width), min_size=1, max_size=6
            )
        ),
        level=st.sampled_from([-0.5, 0.5, 1.25, 2.5, 4.5]),
    )
    def test_contours_part_what_is_above_from_what_is_below(
        self, field: list[list[float]], level: float
    ) -> None:
        loops = contours(field, level)
        for loop in loops:
            assert len(loop) >= 4
            for (i, j), (k, m) in zip(loop, [*loop[1:], loop[0]], strict=True):
                assert max(abs(i - k), abs(j - m)) <= 1
        for i, row in enumerate(field):
            for j, height in enumerate(row):
                assert is_inside(loops, i, j) == (height >= level)

    def test_contours_interpolate(self) -> None:
        (loop,) = contours([[0.0, 4.0], [0.0, 4.0]], 1.0)
        assert {(0, 0.25), (1, 0.25)} <= {*loop}

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_contours_of_a_diverged_network_are_refused(self, bad: float) -> None:
        with pytest.raises(ValueError, match="not finite"):
            contours([[0.0, bad]], 0.5)

    def test_shades_run_from_blue_by_way_of_white_to_vermilion(self) -> None:
        assert (shade(0), shade(0.5), shade(1)) == (CLASSES[0], "#ffffff", CLASSES[1])

    def test_heat_has_the_colours_of_its_scale(self) -> None:
        panel = Panel((90, 90), (0, 1), (0, 1))
        heat(panel, lambda x, y: x, 0, 1)
        bar = colour_bar(90, 0, 1, "answer")
        colours = [re.findall(r'fill="(#\w+)"', mark)[0] for mark in panel.marks]
        painted = [mark for mark in bar.marks if mark.startswith("<rect")]
        assert colours == [re.findall(r'fill="(#\w+)"', mark)[0] for mark in painted]
        assert ">answer<" in bar.frame[-1]
        for k, mark in enumerate(panel.marks[1:], 1):  # each band begins where its level is
            assert min(float(x) for x in re.findall(r"[ML](\S+) ", mark)) == pytest.approx(
                90 * k / 20, abs=0.1
            )

    def test_the_picture_is_true(self) -> None:
        svg = draw(lambda x, y: y - 0.5)
        root = ET.fromstring(svg)
        marks, curves = (
            panel.findall("*") for panel in root.iter(f"{SVG}svg") if panel is not root
        )
        circles = [mark for mark in marks if mark.tag == f"{SVG}circle"]
        fills = [circle.get("fill") for circle in circles]
        assert fills == ["#0072b2", "#d55e00", "white", "none"]  # the last: the one that is wrong
        blue, orange, held_out, wrong = (
            (float(c.get("cx", "")), float(c.get("cy", ""))) for c in circles
        )
        assert wrong == held_out
        assert orange[0] - blue[0] == pytest.approx(blue[1] - orange[1], abs=0.11)  # equal scales
        (boundary,) = (mark for mark in marks if mark.get("fill") == "none" and mark.get("d"))
        height = (blue[1] + orange[1]) / 2
        crossings = re.findall(r"[\d.]+ ([\d.]+)L", boundary.get("d", ""))
        assert sum(abs(float(y) - height) < 0.11 for y in crossings) > 50
        lines = [curve for curve in curves if curve.get("fill") == "none"]
        assert [line.get("d", "").count("L") for line in lines] == [2, 1]

    def test_the_picture_is_the_same_every_time(self) -> None:
        assert draw(lambda x, y: x * y) == draw(lambda x, y: x * y)
        assert draw(lambda x, y: x * y) != draw(lambda x, y: x + y)

    @pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
    def test_a_loss_without_a_logarithm_is_refused(self, bad: float) -> None:
        with pytest.raises(ValueError, match="a loss is not a finite number > 0"):
            draw(lambda x, y: x, training=[1.0, bad])

    def test_epochs_are_whole_however_few(self) -> None:
        svg = draw(lambda x, y: x, training=[1.0])
        ET.fromstring(svg)
        assert ">1<" in svg
        assert ">0.2<" not in svg


class TestNotebooks:
    @pytest.mark.parametrize("name", notebooks.NAMES)
    def test_a_notebook_is_what_its_demo_makes(self, name: str) -> None:
        stored = (ROOT / "demos" / f"{name}.ipynb").read_text(encoding="utf-8")
        assert stored == notebooks.notebook(name), "run python tests/notebooks.py"

    @pytest.mark.thorough
    @pytest.mark.filterwarnings("default")  # of what Jupyter is made of
    @pytest.mark.parametrize("name", notebooks.NAMES)
    def test_a_notebook_runs_and_draws_what_its_demo_draws(self, name: str, tmp_path: Path) -> None:
        import nbformat
        from nbclient import NotebookClient

        book = nbformat.read(ROOT / "demos" / f"{name}.ipynb", as_version=4)
        nbformat.validate(book)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(ROOT))
            NotebookClient(book, resources={"metadata": {"path": str(tmp_path)}}).execute()
        *printed, picture = book.cells[-1].outputs
        assert "image/svg+xml" in picture.data
        drawn = (tmp_path / f"{name}.svg").read_bytes()
        output = start(tmp_path, f"demos.{name}").stdout
        text = "".join(part.text for part in printed)
        assert text.encode("ascii", "replace").decode() == output
        assert drawn == (tmp_path / f"{name}.svg").read_bytes()

    def test_examples_are_cells_and_docstrings_are_words(self) -> None:
        cells = [*notebooks.cells("gradient_descent")]
        words = [text for kind, text in cells if kind == "markdown"]
        code = [text for kind, text in cells if kind == "code"]
        assert words[0].startswith("# Gradient descent\n\nWalk down a function")
        assert (
            "## `descend`\n\nReturn x, f(x) and the slope at the start and after each step."
            in words
        )
        assert not any('"""' in text or ">>>" in text for text in words + code)
        assert any(text.startswith("[round(x, 3)") for text in code)

    def test_the_examples_in_docstrings_are_true(self) -> None:
        texts = {p.stem: p.read_text(encoding="utf-8") for p in (ROOT / "demos").glob("*.py")}
        for name in [name for name, text in texts.items() if ">>>" in text]:
            tried = doctest.testmod(importlib.import_module(f"demos.{name}"))
            assert tried.attempted > tried.failed == 0


def draw(
    score: Callable[[float, float], float], training: Sequence[float] = (1.0, 0.1, 0.01)
) -> str:
    train = [([0.0, 0.0], 0), ([1.0, 1.0], 1)]
    losses = {"training": training, "held out": training[:2]}
    return training_picture("Title", "Subtitle", score, train, [([0.5, 1.0], 0)], losses)


def is_inside(loops: list[list[tuple[float, float]]], i: float, j: float) -> bool:
    """Count how often a ray from a point crosses the loops."""
    crossings = 0
    for loop in loops:
        for (i0, j0), (i1, j1) in zip(loop, [*loop[1:], loop[0]], strict=True):
            if (i0 <= i) != (i1 <= i):
                crossings += j < j0 + (i - i0) / (i1 - i0) * (j1 - j0)
    return crossings % 2 == 1
