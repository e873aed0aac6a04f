"""Ordinary debuggers feel at home: real sessions of pdb, and of debugpy as VS Code starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from micrograd_like import engine, ops

ROOT = Path(__file__).resolve().parent.parent

SCRIPT = """\
from micrograd_like import Value, tanh
a = Value(2.0, label="a")
b = Value(-0.5, label="b")
y = tanh(a * b)
y.backward()
print("grads", a.grad, b.grad)
"""
BACKWARD = 5  # the line of the script


def line_of(module: Any, text: str) -> int:
    """Return the number of the only line of a module that holds the text."""
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if text in line]
    return number


TANH = line_of(ops, "tanh      = Op(")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "dumb"}
ENVIRONMENT |= {"PYTHONSAFEPATH": ""}


class Pdb:
    """A session of pdb, or of another prompt, on a terminal."""

    def __init__(self, script: Path, *, run: bool = False, prompt: str = "(Pdb) ") -> None:
        self.prompt = prompt
        pexpect = pytest.importorskip("pexpect", reason="pexpect is not installed")
        self.child = pexpect.spawn(
            sys.executable,
            [*([] if run else ["-m", "pdb"]), str(script)],
            env=ENVIRONMENT,
            encoding="utf-8",
            echo=False,
            timeout=60,
            dimensions=(50, 200),
        )
        self.child.expect_exact(prompt)

    def do(self, command: str) -> str:
        """Return what a command prints."""
        self.child.sendline(command)
        self.child.expect_exact(self.prompt)
        return str(self.child.before).replace("\r\n", "\n")


def test_pdb_steps_into_the_chain_rule(script: Path) -> None:
    session = Pdb(script)
    session.do(f"b {script}:{BACKWARD}")
    session.do("c")
    assert "def backward(" in session.do("s")
    steps = 0
    while "-> grad, a, b = " not in session.do("n"):
        steps += 1
        assert steps < 12  # whatever the size of the graph
    lines = [session.do("n").splitlines()[-1] for _ in range(3)]
    assert lines == [
        "-> if b is not None:",
        "-> elif type(a) is not tuple:",
        "-> a.grad += grad * out._da",
    ]
    assert session.do("p out") == "Value(data=-0.7615941559557649, grad=1.0, op=tanh(-1.0))\n"
    assert session.do("p out.grad, a.grad, out._da") == "(1.0, 0.0, 0.4199743416140261)\n"
    session.do("n")
    assert session.do("p a.grad") == "0.4199743416140261\n"  # a gradient has arrived
    for _ in range(4):
        session.do("n")
    assert session.do("p a.grad, b.grad") == "(-0.20998717080701304, 0.0)\n"
    session.do("n")
    assert session.do("p a, b") == (
        "(Value(data=2.0, grad=-0.20998717080701304, label='a'), "
        "Value(data=-0.5, grad=0.8399486832280522, label='b'))\n"
    )


def test_pdb_stops_in_a_rule_with_its_operands(script: Path) -> None:
    session = Pdb(script)
    session.do(f"b {ops.__file__}:{TANH}")
    session.do("c")  # the table is made
    session.do("c")  # its row, a tanh
    assert session.do("p a, out") == "(-1.0, -0.7615941559557649)\n"
    assert "lambda out, a: (sech2(a),)" in session.do("l .")


def test_pdb_can_skip_the_package(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    lines = SCRIPT.splitlines()
    lines[BACKWARD - 1 : BACKWARD - 1] = [
        "import pdb",
        "pdb.Pdb(skip=['micrograd_like.*', 'abc']).set_trace()",
    ]
    script.write_text("\n".join(lines))
    session = Pdb(script, run=True)
    assert 'print("grads"' in session.do("s") + session.do("s")


def test_our_own_prompt_completes_remembers_and_is_interrupted(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"from micrograd_like import debug\n{SCRIPT.replace('y.backward()', 'debug(y)')}"
    )
    session = Pdb(script, run=True, prompt="(grad) ")
    assert "2.0\n" in session.do("p a.dat\t")
    assert "2 → 1" in session.do("what-\t a = 1")
    assert "-> 2/3  * v2 to a" in session.do("ste\t")
    assert "-> 3/3  * v2 to b" in session.do("\x1b[A")  # the key up: `step` again
    session.do("b y")
    session.child.sendline("commands")
    session.child.expect_exact("(com) ")
    session.child.sendintr()
    session.child.expect_exact("--KeyboardInterrupt--\r\n(grad) ")
    session.child.sendline("delete")
    session.child.expect_exact("Delete all breakpoints (1)? ")
    session.child.sendeof()
    session.child.expect_exact("(grad) ")
    assert "  1  keep  y\n" in session.do("b")
    session.child.sendeof()
    session.child.expect_exact("every gradient is what it was before\r\ngrads 0 0")


# ---------------------------------------------------------------------------- VS Code


class Dap:
    """A client of debugpy's adapter: what VS Code is when it debugs Python."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**ENVIRONMENT, "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        )
        self.number = 0
        self.events: list[dict[str, Any]] = []

    def send(self, command: str, **arguments: Any) -> int:
        self.number += 1
        message = {"seq": self.number, "type": "request", "command": command}
        body = json.dumps({**message, "arguments": arguments}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()
        return self.number

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
            length = int(line.split(b":")[1])
        assert length, "the adapter has ended"
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def answer(self, number: int) -> dict[str, Any]:
        """Return the answer to a request, and keep the events that come before it."""
        while (message := self.read()).get("request_seq") != number:
            if message["type"] == "event":
                self.events.append(message)
        assert message["success"], message
        body: dict[str, Any] = message.get("body") or {}
        return body

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.answer(self.send(command, **arguments))

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event."""
        while True:
            for i, message in enumerate(self.events):
                if message["event"] == name:
                    del self.events[: i + 1]
                    body: dict[str, Any] = message.get("body") or {}
                    return body
            message = self.read()
            if message["type"] == "event":
                self.events.append(message)

    def start(self, script: Path, breakpoints: dict[str, list[int]]) -> None:
        self.ask("initialize", adapterID="python", pathFormat="path", linesStartAt1=True)
        launch = self.send(
            "launch",
            name="Python: Current File",
            type="python",
            request="launch",
            program=str(script),
            console="internalConsole",
            cwd=str(script.parent),
            python=[sys.executable],
        )
        self.event("initialized")
        for path, lines in breakpoints.items():
            self.ask(
                "setBreakpoints",
                source={"path": path},
                breakpoints=[{"line": line} for line in lines],
            )
        self.ask("configurationDone")
        self.answer(launch)

    def stopped(self) -> dict[str, Any]:
        """Wait until the program stops, and return its innermost frame."""
        self.thread = self.event("stopped")["threadId"]
        frame: dict[str, Any] = self.ask("stackTrace", threadId=self.thread)["stackFrames"][0]
        return frame

    def variables(self, reference: int) -> dict[str, dict[str, Any]]:
        found = self.ask("variables", variablesReference=reference)["variables"]
        return {variable["name"]: variable for variable in found}

    def local_names(self, frame: dict[str, Any]) -> dict[str, dict[str, Any]]:
        scopes = self.ask("scopes", frameId=frame["id"])["scopes"]
        return self.variables(scopes[0]["variablesReference"])


@pytest.fixture
def dap() -> Iterator[Dap]:
    pytest.importorskip("debugpy", reason="debugpy is not installed")
    client = Dap()
    yield client
    client.process.kill()
    client.process.wait()
    assert client.process.stdin is not None
    assert client.process.stdout is not None
    client.process.stdin.close()
    client.process.stdout.close()


def test_vs_code_shows_a_value_and_steps_into_backward(dap: Dap, script: Path) -> None:
    dap.start(script, {str(script): [BACKWARD]})
    frame = dap.stopped()
    assert (Path(frame["source"]["path"]).name, frame["line"]) == ("script.py", BACKWARD)
    shown = dap.local_names(frame)
    assert shown["a"]["value"] == "Value(data=2.0, grad=0, label='a')"
    y = dap.variables(shown["y"]["variablesReference"])
    assert y["data"]["value"] == "-0.7615941559557649"
    assert y["partials"]["value"] == "(0.4199743416140261,)"
    product = dap.variables(y["operands"]["variablesReference"])["0"]
    inner = dap.variables(product["variablesReference"])
    assert inner["partials"]["value"] == "(-0.5, 2.0)"
    assert "label='a'" in inner["operands"]["value"]
    dap.ask("stepIn", threadId=dap.thread)
    frame = dap.stopped()
    assert Path(frame["source"]["path"]).name == "engine.py"
    assert frame["name"].rpartition(".")[2] == "backward"


def test_vs_code_unfolds_a_value_into_what_it_holds(dap: Dap, script: Path) -> None:
    """Seven entries, and no groups of methods and slots beside them."""
    loop = line_of(engine, "grad, a, b = out.grad, out._a, out._b")
    dap.start(script, {engine.__file__: [loop + 1]})
    shown = dap.local_names(dap.stopped())
    out = dap.variables(shown["out"]["variablesReference"])
    assert {name: found["value"] for name, found in out.items()} == {
        "data": "-0.7615941559557649",
        "grad": "1.0",
        "label": "''",
        "line": "''",
        "op": "'tanh'",
        "operands": "(Value(data=-1.0, grad=0.0, op=mul(a=2.0, b=-0.5)),)",
        "partials": "(0.4199743416140261,)",
    }


def test_a_post_mortem_shows_the_operand(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text('from micrograd_like import Value, log\nlog(Value(-1.0, label="q"))\n')
    session = Pdb(script)
    assert "ValueError: log(q=-1.0): math domain error" in session.do("c")
    assert session.do("p xs") == "(Value(data=-1.0, grad=0, label='q'),)\n"


def test_vs_code_stops_in_a_rule(dap: Dap, script: Path) -> None:
    dap.start(script, {ops.__file__: [TANH]})
    dap.stopped()  # the table is made
    dap.ask("continue", threadId=dap.thread)
    shown = dap.local_names(dap.stopped())
    assert (shown["a"]["value"], shown["out"]["value"]) == ("-1.0", "-0.7615941559557649")
