"""The debugger goes forwards and back, stops where it is told, and leaves gradients whole."""

from __future__ import annotations

import copy
import io
import math
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import Recipe, anything, recipes

import micrograd_like
from micrograd_like import Value, nn, sigmoid, sqrt, tanh, topological_order
from micrograd_like.debugging.debugger import Debugger, debug, set_trace
from micrograd_like.debugging.prompt import ALIASES
from micrograd_like.debugging.tracing import trace_lines

ROOT = Path(__file__).resolve().parent.parent


def graph() -> dict[str, Value]:
    """Return a loss with a shared value, and what it was made of, by label."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    loss = tanh(d * 0.1) * e
    loss.label = "loss"
    return {"a": a, "b": b, "c": c, "e": e, "d": d, "loss": loss}


def session(commands: str, root: Value | None = None, **namespace: Any) -> str:
    """Return what the debugger prints for commands, one a line or between semicolons."""
    output = io.StringIO()
    typed = io.StringIO(commands.replace(";", "\n") + "\n")
    Debugger(graph()["loss"] if root is None else root, namespace, typed, output).run()
    return output.getvalue().replace("(grad) ", "")


def last(commands: str, root: Value | None = None, **namespace: Any) -> str:
    """Return what the last of the commands prints."""
    *before, command = commands.split(";")
    text = session("\n".join([*before, "MARK", command, "MARK"]), root, **namespace)
    return text.split("*** NameError: name 'MARK' is not defined\n")[1]


def gradients_of(root: Value) -> list[str]:
    return [repr(value.grad) for value in topological_order(root)]


# ---------------------------------------------------------------------------- moving


def test_a_session_from_start_to_end() -> None:
    values = graph()
    assert session("step;next;finish;q", values["loss"]).splitlines() == [
        "loss: 9 steps",
        "-> 1/9  loss to tanh v7: 1.0 × -6.0   (∂mul/∂a = b)",
        "   grad of tanh v7 = -6.0",
        "-> 2/9  loss to e: 1.0 × 0.3799489622552249   (∂mul/∂b = a)",
        "   grad of e = 0.3799489622552249, 1 to come",
        "-> 3/9  tanh v7 to * v6: -6.0 × 0.8556387860811776   (∂tanh/∂a = 1 − out²)",
        "   grad of b = -0.26686861878696333",
        "-> the end: every gradient is what backward() makes it",
    ]
    found = gradients_of(values["loss"])
    fresh = graph()["loss"]
    fresh.backward()
    assert found == gradients_of(fresh)


def test_leaving_in_the_middle_leaves_the_gradients_as_before() -> None:
    values = graph()
    values["loss"].backward()
    before = gradients_of(values["loss"])
    text = session("step 4;quit", values["loss"])
    assert text.endswith("this is not the end of the walk: every gradient is what it was before\n")
    assert gradients_of(values["loss"]) == before


def test_gradients_are_live_while_it_stands() -> None:
    values = graph()
    assert last("until e;loss.grad, e.grad, a.grad", values["loss"], **values) == (
        "(1.0, -0.13343430939348166, 0)\n"
    )


COMMANDS = """
step|next|back|continue|reverse-continue|restart|finish|s 3|back 2|n 2|info|info values|where|list
formula|until v0|until v1|break v1|tbreak v2|watch v0|break if |grad| > 1|break if changes sign
break if not finite|delete|whatis v0|step x|zzz|break zzz||print v0|info step|why v0
"""
commands = st.lists(st.sampled_from(re.split(r"\|(?!\||grad| >)|\n", COMMANDS)), max_size=12)


@given(st.one_of(recipes(), recipes(leaves=st.floats(), admit=anything)), commands, st.booleans())
def test_any_commands_leave_the_walks_gradients_or_those_before(
    recipe: Recipe, typed: list[str], computed: bool
) -> None:
    root = recipe.values()[-1]
    if computed:
        root.backward()
    before = gradients_of(root)
    output = io.StringIO()
    debugger = Debugger(root, {}, io.StringIO("\n".join([*typed, ""])), output)
    debugger.run()
    if debugger.walk.at_end:
        twin = recipe.values()[-1]
        for _ in range(1 + computed):
            twin.backward()
        assert gradients_of(root) == gradients_of(twin)
    else:
        assert gradients_of(root) == before


@given(recipes(), st.lists(st.integers(-5, 9), max_size=15))
def test_back_restores_what_was_there(recipe: Recipe, moves: list[int]) -> None:
    root = recipe.values()[-1]
    debugger = Debugger(root, {}, io.StringIO(), io.StringIO())
    seen = {0: gradients_of(root)}
    for move in moves:
        debugger.onecmd(f"step {move}" if move > 0 else f"back {1 - move}")
        assert seen.setdefault(debugger.walk.position, gradients_of(root)) == gradients_of(root)


def test_next_takes_all_the_edges_of_a_value() -> None:
    assert "-> 3/9  tanh v7" in session("next;q")
    assert "-> 6/9  d to e" in session("next 3;q")


def test_until_waits_for_the_last_contribution() -> None:
    assert "-> 8/9  e to a" in last("until e")
    assert last("until a").startswith("   grad of a = 0.400302928180445\n")
    assert "-> 6/9  d to e" in last("until d")
    assert last("until c").startswith("   grad of c = -0.5133832716487066\n")


def test_the_ends_of_the_walk_are_told() -> None:
    end = "*** this is the end of the walk: `back`, `restart` or `quit`\n"
    assert last("finish;step") == last("finish;next") == last("finish;continue") == end
    start = "*** this is the start of the walk: `step`, `continue` or `quit`\n"
    assert last("back") == last("reverse-continue") == start
    assert last("restart") == "".join(session("q").splitlines(True)[1:2])
    assert "no rule to run" in last("finish;pdb")


def test_an_empty_line_repeats_the_last_command() -> None:
    assert "-> 4/9" in session("step;;;q")


def test_a_name_of_the_scripts_is_not_taken_for_a_command() -> None:
    class Thing:
        grad = 5

    assert last("w.grad", w=Thing()) == last("c.grad", c=Thing()) == "5\n"
    assert last("c = 5;!c") == "5\n"
    assert last("list(range(3))") == "[0, 1, 2]\n"
    assert last("c - 1", c=2) == (
        "*** continue takes no arguments; if this is Python, put ! before it\n"
    )
    assert last("fini = 3;fini") == "3\n"


def test_commands_may_be_shortened() -> None:
    assert session("conti;resta;fini;reverse-c;q") == session(
        "continue;restart;finish;reverse-continue;q"
    )
    assert last("help rc") == last("help reverse-continue") == last("help reverse_continue")


def test_breakpoints_stop_steps_too() -> None:
    assert stops("watch d;step 9") == ["5"]
    assert stops("watch d;next 9") == ["5"]


def test_until_says_when_the_gradient_is_complete_already() -> None:
    assert last("until e;until e") == "*** the gradient of e is complete: `back` or `restart`\n"
    assert last("until loss").startswith("*** the gradient of loss is complete")


def test_gradients_from_before_are_told_apart() -> None:
    values = graph()
    values["loss"].backward()
    a = values["a"].grad
    assert last("until a", values["loss"]).startswith(f"   grad of a = {a!r} + {a!r} = {a + a!r}\n")


def test_what_is_done_to_the_gradients_on_the_way_is_mended_at_the_end() -> None:
    values = graph()
    text = session("until a;loss.backward();finish", values["loss"], **values)
    assert "-> the end" in text
    twin = graph()["loss"]
    twin.backward()
    assert gradients_of(values["loss"]) == gradients_of(twin)


def test_commands_have_the_names_of_pdb_and_gdb() -> None:
    for alias, command in ALIASES.items():
        assert hasattr(Debugger, f"do_{command}"), alias
    assert session("s;n;rs;rc;q") == session("step;next;back;reverse-continue;quit")


# ---------------------------------------------------------------------------- stopping


def stops(commands: str, root: Value | None = None) -> list[str]:
    return re.findall(r"^-> (\d+|the end)", session(commands + ";q", root), re.MULTILINE)[1:]


def test_breakpoints_on_values_ops_and_conditions() -> None:
    assert stops("break e;c;c") == ["8", "the end"]
    assert stops("break op tanh;c;c") == ["3", "the end"]
    assert stops("break op *;c;c;c") == ["4", "8", "the end"]
    assert stops("break if |grad| > 1.5;c;c;c;c") == ["2", "4", "6", "the end"]
    assert stops("break a if grad > 0;c;c") == ["9", "the end"]
    assert stops("break e if changes sign;c;c") == ["7", "the end"]
    assert stops("break if step.number == 5;c;c") == ["6", "the end"]
    assert stops("watch e;c;c;c") == ["3", "7", "the end"]
    assert stops("tbreak a;c;restart;c") == ["9", "1", "the end"]
    assert stops("break a;c;delete 1;restart;c") == ["9", "1", "the end"]
    assert stops("break a;watch d;delete;c") == ["the end"]


def test_reverse_continue_stops_where_continue_does() -> None:
    assert stops("watch e;c;c;c;rc;rc;rc") == ["3", "7", "the end", "7", "3", "1"]


def test_breakpoints_on_what_is_not_finite() -> None:
    x = Value(0.0, label="x")
    root = x + sqrt(x) * 0.0
    text = session("break if not finite;c;info", root)
    assert "grad of x = 1.0 + nan = nan" in text
    assert "if not finite   1 hit" in text


def test_breakpoints_on_modules() -> None:
    model = nn.MLP(1, [2, 1], rng=1)
    root = model([1.0]) * 2.0
    text = session("break module layers.0;c", root)
    assert "Breakpoint 1: module layers.0" in text
    assert "layers.0.neurons" in text.splitlines()[-3]
    assert "it has MLP, layers.0, layers.0.neurons.0" in last("break module layers.7", root)


def test_breakpoints_on_lines() -> None:
    with trace_lines():
        x = Value(1.0, label="x")
        y = tanh(x)
        root = y * 2.0
    where = y.line.rpartition("/")[2]
    assert stops(f"break {where};c", root) == ["3"]
    assert f"   {y.line}" in last(f"break {where};c", root)
    assert "it has" in last("break nowhere.py:1", root)
    assert "under trace_lines()" in last("break nowhere.py:1")


def test_breakpoints_are_listed_with_their_hits() -> None:
    assert last("info") == "no breakpoints\n"
    assert last("break e;tbreak if |grad| > 99;watch a;c;c;info") == (
        "  1  keep  e   1 hit\n  2  once  if |grad| > 99\n  3  keep  watch a   1 hit\n"
    )
    text = last("break e;watch a;c;c;info b")
    assert text == "  1  keep  e   1 hit\n  2  keep  watch a   1 hit\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("step x", "*** 'x' is not a count of steps: it must be a whole number of at least 1"),
        ("step 0", "*** '0' is not a count of steps"),
        ("back -1", "*** '-1' is not a count"),
        ("until", "*** until which value?"),
        ("until nope", "*** no value 'nope': labels are a, b, c, e, d, loss; `info values`"),
        ("watch", "*** watch which value?"),
        ("why", "*** why which value?"),
        ("tbreak", "*** tbreak where?"),
        ("break op sin", "*** no op 'sin' in the graph: it has add, mul, tanh"),
        ("break if grad >", "*** 'grad >' is not a condition"),
        ("delete 7", "*** no breakpoint 7: `info breakpoints` lists them"),
        ("delete x", "*** 'x' is not a breakpoint's number"),
        ("info nonsense", "*** no info about 'nonsense': say breakpoints, step or values"),
        ("formula a", "*** a is a leaf: no op made it"),
        ("draw x.gif", "*** ValueError: cannot draw to 'x.gif'"),
        ("nonsense", "*** NameError: name 'nonsense' is not defined"),
        ("1 +", "*** SyntaxError"),
        ("whatis other", "*** other is not in the graph of loss"),
    ],
)
def test_mistakes_are_told_and_nothing_moves(command: str, message: str) -> None:
    text = last(f"step;{command}", other=Value(1.0))
    assert text.startswith(message)
    assert "-> 3/9" in session(f"step;{command};step", other=Value(1.0))


def test_a_condition_that_raises_does_not_end_the_session() -> None:
    assert (
        "*** breakpoint 1, if 1/0 > 1, raised ZeroDivisionError: division by zero; `delete 1`"
        in session("break if 1/0 > 1;continue;delete;finish")
    )


def test_values_of_one_label_are_told_apart() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="x")
    assert last("until x", x * y) == "*** 2 values have the label 'x': say one of v0, v1\n"
    assert "-> 2/2" in session("until v0", x * y)


# ---------------------------------------------------------------------------- looking


def test_where_is_a_path_from_the_loss() -> None:
    assert [line.split()[:3] for line in last("until d;where").splitlines()] == [
        ["v8", "loss", "*"],
        ["v7", "tanh", "data"],
        ["v6", "*", "data"],
        ["v5", "d", "+"],
        ["->", "v4", "e"],
    ]
    assert last("finish;where").startswith("-> v8   loss")
    y = Value(1.0)
    for _ in range(20_000):
        y = y + 1.0
    lines = last("finish;back;where", y).splitlines()
    assert len(lines) < 50
    assert "   … 19961 more …" in lines


def test_list_shows_the_neighbourhood() -> None:
    lines = last("until e;list").splitlines()
    assert [" ".join(line.split()[:3]) for line in lines] == [
        *("┌─ v5 d", "├─ v8 loss", "▼", "-> v4 e", "├─▶ v0 a", "└── v1 b"),
    ]
    assert lines[0].endswith("× 1.0")
    assert last("list a").splitlines()[-1].split()[:3] == ["v0", "a", "leaf"]
    wide = nn.Neuron(99)([1.0] * 99) * 1.0
    assert "… and 159 more" in last("next;next;list", wide)


def test_print_and_python_see_the_script() -> None:
    assert last("print a") == "Value(data=2.0, grad=0, label='a')\n"
    assert last("print n + 1", n=2) == "3\n"
    assert last("k * 2", k=2) == "4\n"
    assert last("m = 5;print m") == "5\n"
    assert last("!step", step=7) == "7\n"
    assert last("for i in range(2): print(i)") == "0\n1\n"


def test_whatis_and_formula() -> None:
    assert last("next;whatis e").splitlines() == [
        "e is mul of a, b",
        "   data -6.0",
        "   grad 0.3799489622552249, 1 of 2 contributions are there",
    ]
    assert last("formula e").splitlines() == [
        "e = mul = -6.0",
        "   ∂mul/∂a = b = -3.0   towards a",
        "   ∂mul/∂b = a = 2.0   towards b",
    ]
    assert last("formula").startswith("loss = mul")
    assert last("whatis a").startswith("a is a leaf\n")


def test_why_explains() -> None:
    text = last("why a")
    assert text.startswith("d(loss)/d(a) = ")
    assert "2 paths" in text


def test_draw_lights_the_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert last("step;draw") == "wrote grad.svg\n"
    lit = ET.parse(tmp_path / "grad.svg").getroot().iter("{http://www.w3.org/2000/svg}g")
    keys = [g.get("id") for g in lit if any(e.get("stroke") == "#009e73" for e in g.iter())]
    assert keys == ["ev8-1", "v4", "v8"]
    assert last("finish;draw end.svg") == "wrote end.svg\n"
    large = nn.MLP(9, [40, 1])([1.0] * 9)
    for _ in range(400):
        large = large + 1.0
    assert "the graph is large" in last("draw", large)


def test_info_values_lists_them_with_their_gradients() -> None:
    assert [line.split()[:2] for line in last("info values").splitlines()][:5] == [
        ["v0", "a"],
        ["v1", "b"],
        ["v2", "c"],
        ["v3", "leaf"],
        ["v4", "e"],
    ]
    assert "the last 200 of" in last("info values", nn.Neuron(200)([1.0] * 200))
    assert last("info step").startswith("1. loss -> tanh")


def test_pdb_runs_the_rule_with_its_operands() -> None:
    text = session("step 2;pdb;p (a, out);quit;pdb;continue")
    assert "(0.4, 0.3799489622552249)" in text
    assert "partials: (0.8556387860811776,)" in text


def test_every_command_has_a_manual() -> None:
    commands = [name[3:] for name in dir(Debugger) if name.startswith("do_")]
    assert set(ALIASES.values()) <= {*commands, "help"}
    listed = session("help;q")
    for command in set(commands) - {"EOF", "help"}:
        assert re.search(rf"\b{command}\b", listed)
        assert (getattr(Debugger, f"do_{command}").__doc__ or "").startswith(
            command.replace("_", "-")
        )


def test_completion_knows_labels_and_names() -> None:
    debugger = Debugger(graph()["loss"], {}, io.StringIO(), io.StringIO())
    assert debugger.complete_until("l", "until l", 6, 7) == ["loss"]
    assert debugger.complete_until("v", "until v", 6, 7) == [f"v{i}" for i in range(9)]
    assert debugger.completenames("rev") == ["reverse-continue"]
    assert debugger.complete_break("ta", "break op ta", 9, 11) == ["tanh"]
    assert debugger.complete_break("", "break module ", 13, 13) == []
    debugger.namespace["network"] = None
    assert debugger.complete_print("net", "print net", 6, 9) == ["network"]


def test_hostile_labels_stay_on_their_line() -> None:
    x = Value(1.0, label="x\x1b[31m\n\u202e")
    text = session("info values;where;list;step;finish", x * 2.0)
    assert "\x1b" not in text
    assert "\u202e" not in text


# ---------------------------------------------------------------------------- ends


def test_end_of_input_quits() -> None:
    values = graph()
    assert session("step", values["loss"]).endswith(
        "\nthis is not the end of the walk: every gradient is what it was before\n"
    )
    assert gradients_of(values["loss"]) == ["0"] * 9


def test_a_terminal_that_goes_away_leaves_the_gradients_as_before() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            if self.getvalue().count("->") > 1:
                raise OSError("the terminal is gone")
            return super().write(text)

    values = graph()
    with pytest.raises(OSError, match="gone"):
        Debugger(values["loss"], {}, io.StringIO("step\nstep\n"), Gone()).run()
    assert gradients_of(values["loss"]) == ["0"] * 9


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Have Ctrl-C raise KeyboardInterrupt, also where a shell started the tests without it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_stops_the_walk_and_keeps_the_session(ctrl_c: None) -> None:
    def interrupt(step: Any) -> bool:
        if step.number == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return False

    text = session("break if stop(step);continue;finish", stop=interrupt)
    assert "--KeyboardInterrupt--\n   grad of d" in text
    assert "-> the end: every gradient is what backward() makes it" in text


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_interrupts_at_random_moments_leave_a_whole_walk() -> None:
    root = Value(1.0, label="x")
    for _ in range(2_000):
        root = root * 1.0001 + root
    twin = copy.deepcopy(root)
    twin.backward()

    def ring(*_: object) -> None:
        raise KeyboardInterrupt

    output = io.StringIO()
    debugger = Debugger(root, {}, io.StringIO(), output)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        for i in range(60):
            try:  # which covers the two lines that set the timer, too
                signal.setitimer(signal.ITIMER_REAL, 0.0004 + i / 50_000)
                try:
                    debugger.onecmd(("continue", "reverse-continue", "back 700", "restart")[i % 4])
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                debugger.walk.sync()  # what the loop around the prompt does
    finally:
        signal.signal(signal.SIGALRM, before)
    assert "--KeyboardInterrupt--" in output.getvalue()
    if not debugger.walk.at_end:
        debugger.onecmd("finish")
    assert "StopIteration" not in output.getvalue()
    assert gradients_of(root) == gradients_of(twin)


def test_only_values_are_debugged() -> None:
    with pytest.raises(TypeError, match="cannot debug 3 of type int: no Value"):
        Debugger(3)  # type: ignore[arg-type]


def test_debug_sees_the_names_of_its_caller() -> None:
    secret = 41
    output = io.StringIO()
    typed = "secret + 1\n[secret + n for n in (2, 3)]\nsecret = 0\nfinish\n"
    debug(graph()["loss"], stdin=io.StringIO(typed), stdout=output)
    assert "42\n" in output.getvalue()
    assert "[43, 44]\n" in output.getvalue()
    assert secret == 41
    assert micrograd_like.debug is debug


SCRIPT = """
from micrograd_like import Value, tanh
def train():
    w = Value(0.5, label="w")
    loss = tanh(w * 2.0)
    breakpoint({argument})
    print("after", w.grad)
train()
"""


@pytest.mark.parametrize("argument", ["", "loss", "loss * 1.0"])
def test_breakpoint_is_a_way_in(tmp_path: Path, argument: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT.format(argument=argument))
    done = subprocess.run(
        [sys.executable, script],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONBREAKPOINT": "micrograd_like.debugging.debugger.set_trace",
            "PYTHONIOENCODING": "utf-8",
        },
        input="finish\nprint w\nq\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"after {2 * (1 - math.tanh(1.0) ** 2)!r}"[:20] in done.stdout


def test_the_value_to_debug_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(Debugger, "run", lambda self: opened.append(self.walk.root))
    monkeypatch.setattr("pdb.Pdb.set_trace", lambda self, frame: opened.append(frame))

    def with_loss() -> Value:
        loss = Value(1.0)
        set_trace()
        return loss

    def with_results() -> Value:
        x = Value(1.0)
        y = x + 1.0
        root = y * 2.0
        set_trace()
        return root

    def with_none() -> None:
        set_trace()

    makes: list[Callable[[], Value]] = [with_loss, with_results]
    for make in makes:
        assert make() is opened[-1]
    with_none()
    assert opened[-1].f_code is with_none.__code__


def test_the_command_debugs_a_value_of_a_script(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "micrograd_like", "debug", f"{ROOT}/demos/neuron.py:out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        input="break x1\nc\nprint x1\nx1.data + 1\nq\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "grad of x1 = -1.4999999999999996" in done.stdout
    assert "(grad) 3.0\n" in done.stdout


def test_a_terminal_without_every_character_gets_escapes() -> None:
    x = Value(0.5, label="é")
    output = io.TextIOWrapper(io.BytesIO(), "ascii")
    Debugger(sigmoid(x), stdin=io.StringIO("quit\n"), stdout=output).run()
    output.seek(0)
    assert "\\u03c3 v1 to \\xe9: 1.0 \\xd7 0.235" in output.read()
