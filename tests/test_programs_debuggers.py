"""Programs in debuggers: pdb steps a compiled backward, VS Code stops in a saved file."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_debuggers
from test_debuggers import Dap, Pdb

dap = test_debuggers.dap  # the fixture

SCRIPT = """\
from micrograd_like import Value, tanh

x, w = Value(0.5, label="x"), Value(-2.0, label="w")
y = tanh(w * x)
program = y.program(inputs=[x])
print(program(0.25))
"""

SAVED = """\
from saved import y

print(y(0.25))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_pdb_steps_through_a_compiled_backward(script: Path) -> None:
    session = Pdb(script)
    session.do("b 6")
    session.do("c")
    assert "def __call__" in session.do("s")
    for _ in range(12):
        if "self._function(" in (shown := session.do("n")):
            break
    assert "self._function(" in shown
    while "def y(x, w):" not in (shown := session.do("s")):
        assert "script.py" not in shown
    lines = [session.do("n").splitlines()[-1] for _ in range(5)]
    assert lines == [
        "-> v1 = w*x",
        "-> y = tanh(v1)",
        "-> d_v1 = sech2(v1)",
        "-> d_w = d_v1*x",
        "-> return y, [d_w + 0.0]",
    ]
    assert session.do("p v1, y, d_w") == "(-0.5, -0.46211715726000974, 0.19661193324148185)\n"
    listed = session.do("ll")
    assert "def y(x, w):" in listed
    assert "->	    return y, [d_w + 0.0]" in listed


def test_vs_code_stops_in_a_saved_program(dap: Dap, script: Path) -> None:
    saved = script.with_name("saved.py")
    names: dict[str, object] = {}
    exec(SCRIPT.replace("print", "#"), names)
    names["program"].save(saved)  # type: ignore[attr-defined]
    script.write_text(SAVED)
    text = saved.read_text().splitlines()
    line = next(i for i, each in enumerate(text, 1) if "d_w = " in each)
    dap.start(script, {str(saved): [line]})
    frame = dap.stopped()
    assert (Path(frame["source"]["path"]).name, frame["line"]) == ("saved.py", line)
    shown = dap.local_names(frame)
    assert shown["v1"]["value"] == "-0.5"
    dap.ask("next", threadId=dap.thread)
    assert dap.local_names(dap.stopped())["d_w"]["value"] == "0.19661193324148185"


def test_vs_code_steps_into_a_program_of_a_real_file(dap: Dap, script: Path) -> None:
    script.write_text(SCRIPT.replace("[x])", "[x], debug=True)"))
    dap.start(script, {str(script): [6]})
    dap.stopped()
    for _ in range(20):
        dap.ask("stepIn", threadId=dap.thread)
        if (frame := dap.stopped())["name"] == "y":
            break
    assert frame["name"] == "y"
    assert Path(frame["source"]["path"]).name.startswith("program_")
