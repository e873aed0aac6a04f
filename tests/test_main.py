"""The command line runs a script as Python would, and its errors say what to fix."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SCRIPT = """\
import sys
import neighbour
from micrograd_like import Value, tanh
print("arguments", sys.argv[1:], __name__)
x = Value(0.5, label="x")
y = tanh(x * 2.0)
class Net: pass
net = Net()
net.outs = [y, y + 1.0]
Net.broken = property(lambda self: 1 / 0 or "two\\nlines")
Net.broken_at_length = property(lambda self: exec("raise LookupError('two\\\\nlines' * 999)"))
z = 3.0
y.backward()
if "fail" in sys.argv:
    1 / 0
if __name__ == "__main__":
    guarded = y * 2.0
    1 / 0
sys.exit(3 if "exit" in sys.argv else 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "train.py").write_text(SCRIPT)
    (tmp_path / "scripts" / "neighbour.py").touch()
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-m", "micrograd_like", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )


def test_it_draws_a_value_of_a_script(folder: Path) -> None:
    done = run(folder, "draw", "scripts/train.py:y", "-o", "y.svg", "--", "one", "two")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arguments ['one', 'two'] train\nwrote y.svg\n"
    ET.parse(folder / "y.svg")
    assert "grad" in (folder / "y.svg").read_text()


def test_the_file_is_named_after_the_value(folder: Path) -> None:
    assert run(folder, "draw", "scripts/train.py:net.outs[-1]").returncode == 0
    assert run(folder, "draw", "scripts/train.py:x,y").returncode == 0
    assert run(folder, "draw", "scripts/train.py:net.outs").returncode == 0
    assert {path.name for path in folder.glob("*.svg")} == {
        "net.outs_1.svg",
        "x_y.svg",
        "net.outs.svg",
    }


def test_its_options_are_those_of_a_graph(folder: Path) -> None:
    options = "--view forward --direction TB --theme dark --format .1f --levels 1 --limit 9"
    done = run(folder, "draw", "scripts/train.py:y", "-o", "y.dot", *options.split())
    assert done.returncode == 0, done.stderr
    text = (folder / "y.dot").read_text()
    assert 'rankdir="TB"' in text
    assert "#16191d" in text
    assert "0.8<" in text
    assert "⋯" in text
    done = run(folder, "draw", "scripts/train.py:y", "-o", "p.dot", "--between", "x,y")
    assert done.returncode == 0, done.stderr
    assert (folder / "p.dot").read_text().count("->") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scripts/none.py:y"], "there is no script 'scripts/none.py'"),
        (["x" * 5000 + ".py:y"], "there is no script 'xxx"),
        (
            ["scripts/train.py"],
            "names no Value: write SCRIPT:NAME; its Values are x, y",
        ),
        (["scripts/train.py:"], "'scripts/train.py' names no Value: write SCRIPT:NAME; its"),
        (["scripts/none.py"], "there is no script 'scripts/none.py'"),
        (["scripts/train.py:w"], "scripts/train.py has no 'w'; its Values are x, y"),
        (["scripts/train.py:guarded"], "no 'guarded' but under `if __name__ == \"__main__\"`"),
        (["scripts/\x1b[31mnone.py:y"], "there is no script 'scripts/\\x1b[31mnone.py'"),
        (["scripts/train.py:z"], "z of scripts/train.py is of type float, not a Value; its"),
        (["scripts/train.py:net.none"], "has no 'net.none': AttributeError: 'Net' object has"),
        (["scripts/train.py:net.outs[7]"], "has no 'net.outs[7]': IndexError: list index out of"),
        (["scripts/train.py:net.broken"], "'net.broken': ZeroDivisionError: division by zero; its"),
        (["scripts/train.py:net.broken_at_length"], "LookupError: two⏎linestwo⏎lines"),
        ([f"scripts/train.py:net.outs[{'9' * 5000}]"], "999… is no name of a Value, as loss"),
        (["scripts/train.py:y", "--collapse", "9" * 5000], "the graph's modules are none"),
        (["scripts/train.py:y", "--format", "1000000000.4f"], "a width and a precision of at most"),
        (["scripts/train.py:f()"], "'f()' is no name of a Value"),
        (["scripts/train.py:y", "--between", "x"], "--between is 'x': it must be two names"),
        (["scripts/train.py:y", "--collapse", "layers.0"], "the graph's modules are none"),
        (["scripts/train.py:y", "--collapse", "0"], "collapse is 0: it must be at least 1"),
        (["scripts/train.py:y", "-o", "y.gif"], "must end in .svg"),
        (["scripts/train.py:y", "-o", "none/y.svg"], "none/y.svg"),
        (["scripts/train.py:y", "--", "exit"], "scripts/train.py ended with the exit code 3"),
    ],
)
def test_mistakes_are_told(folder: Path, arguments: list[str], message: str) -> None:
    done = run(folder, "draw", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 400
    assert list(folder.glob("*.*")) == []


def test_an_error_in_the_script_is_shown_with_its_line(folder: Path) -> None:
    done = run(folder, "draw", "scripts/train.py:y", "--", "fail")
    assert done.returncode == 1
    assert 'train.py", line 15, in <module>\n    1 / 0' in done.stderr
    assert "importlib" not in done.stderr
    assert done.stderr.endswith("scripts/train.py raised ZeroDivisionError, see above\n")


def test_the_neuron_of_the_demos(tmp_path: Path) -> None:
    done = run(tmp_path, "draw", f"{ROOT}/demos/neuron.py:out", "-o", "out.svg")
    assert (done.returncode, done.stderr) == (0, "")
    drawn = (tmp_path / "out.svg").read_text()
    assert all(f">{label}<" in drawn for label in ("x1", "w1", "x2", "w2", "b", "n", "out"))


def test_a_script_that_has_changed_is_run_anew(folder: Path) -> None:
    script = folder / "scripts" / "train.py"
    for data in ("0.5", "9.5"):
        script.write_text(SCRIPT.replace("0.5", data))
        os.utime(script, (1, 1))
        assert run(folder, "draw", "scripts/train.py:x", "-o", "x.dot").returncode == 0
        assert data in (folder / "x.dot").read_text()
    assert not (folder / "scripts" / "__pycache__" / "train.cpython-311.pyc").exists()


def test_a_mistake_in_the_script_is_shown_alone(folder: Path) -> None:
    (folder / "scripts" / "train.py").write_text("x = (\n")
    done = run(folder, "draw", "scripts/train.py:x")
    assert "importlib" not in done.stderr
    assert "SyntaxError" in done.stderr


@pytest.mark.parametrize("command", ["draw", "page"])
@pytest.mark.parametrize("name", ["mine.svg", "mine.html", "scripts/train.py"])
def test_a_file_of_another_kind_is_never_replaced(folder: Path, command: str, name: str) -> None:
    file = folder / name
    if not file.exists():
        file.write_text("<svg>mine</svg>")
    before = file.read_text()
    done = run(folder, command, "scripts/train.py:y", "-o", name)
    assert done.returncode == 1
    assert f"{name} is there already, and no p" in done.stderr
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("command", "name"), [("draw", "y.svg"), ("draw", "y.dot"), ("page", "y.html")]
)
def test_what_a_command_wrote_it_writes_again(folder: Path, command: str, name: str) -> None:
    for levels in ([], ["--levels", "1"]) if command == "draw" else ([], []):
        done = run(folder, command, "scripts/train.py:y", "-o", name, *levels)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not on the PATH")
def test_what_graphviz_drew_is_drawn_again(folder: Path) -> None:
    for name in ("y.svg", "y.png", "y.pdf") * 2:
        done = run(folder, "draw", "scripts/train.py:y", "-o", name, "--layout", "graphviz")
        assert (done.returncode, done.stderr) == (0, "")


def test_program_prints_a_graph_as_code(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "from micrograd_like import Value, tanh\n"
        'x, w = Value(0.5, label="x"), Value(-2.0, label="w")\n'
        "y = tanh(w * x)\n"
    )
    done = run(tmp_path, "program", "script.py:y", "--inputs", "x")
    assert (done.returncode, done.stderr) == (0, "")
    assert "def y(x, w):" in done.stdout
    assert "# script.py:3: y = tanh(w * x)" in done.stdout
    done = run(tmp_path, "program", "script.py:y", "--inputs", "x", "-o", "saved.py")
    assert (done.returncode, done.stdout) == (0, "wrote saved.py\n")
    assert "def y(x, w=-2.0):" in (tmp_path / "saved.py").read_text()
    done = run(tmp_path, "program", "script.py:y", "--inputs", "y")
    assert done.returncode == 1
    assert "an input of a program is a leaf of its graph" in done.stderr
