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
from micrograd_like import Value, log, nn, sigmoid, sqrt, tanh, topological_order
from micrograd_like.debugging.debugger import Debugger, debug, set_trace
from micrograd_like.debugging.prompt import ALIASES
from micrograd_like.debugging.replaying import replay
from micrograd_like.debugging.tracing import trace_lines

ROOT = Path(__file__).resolve().parent.parent
LEAVING = "every gradient is what it was before"
KEEPING = "(`quit keep` adds those of the walk, as backward() does)"


def graph() -> dict[str, Value]:
    """Return a loss with a shared value, and what it was made of, by label."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    loss = tanh(d * Value(0.1)) * e
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
        "-> 1/9  loss to tanh v7: 1 × -6   (∂mul/∂a = b)",
        "   grad of tanh v7 = -6",
        "-> 2/9  loss to e: 1 × 0.379949   (∂mul/∂b = a)",
        "   grad of e = 0.379949, 1 to come",
        "-> 3/9  tanh v7 to * v6: -6 × 0.855639   (∂tanh/∂a = 1 − out²)",
        "   grad of b = -0.266869",
        "-> the end: every gradient is what backward() makes it",
        LEAVING,
        KEEPING,
    ]
    assert gradients_of(values["loss"]) == ["0"] * 9


def test_quit_keep_adds_the_walks_gradients_as_backward_does() -> None:
    values, twin = graph(), graph()
    for _ in range(2):
        session("finish;quit keep", values["loss"])
        twin["loss"].backward()
        assert gradients_of(values["loss"]) == gradients_of(twin["loss"])
    before = gradients_of(twin["loss"])
    assert "`finish`, then `quit keep`" in session("step;quit keep", twin["loss"])
    assert gradients_of(twin["loss"]) == before


def test_looking_before_backward_adds_nothing_to_it() -> None:
    values, twin = graph(), graph()
    session("finish;quit", values["loss"])
    values["loss"].backward()
    twin["loss"].backward()
    assert gradients_of(values["loss"]) == gradients_of(twin["loss"])


def test_a_walk_after_backward_shows_its_own_numbers_and_says_so() -> None:
    values = graph()
    values["loss"].backward()
    text = session("until a;p a.grad", values["loss"], a=values["a"])
    assert text.startswith("loss: 9 steps, from no gradients. Leaving puts back the 4 there were\n")
    assert "grad of a = 0.400303\n" in text
    assert "\n0.400302928180445\n" in text


def test_leaving_in_the_middle_leaves_the_gradients_as_before() -> None:
    values = graph()
    values["loss"].backward()
    before = gradients_of(values["loss"])
    text = session("step 4;quit", values["loss"])
    assert text.endswith(f"{LEAVING}\n")
    assert gradients_of(values["loss"]) == before


def test_gradients_are_live_while_it_stands() -> None:
    values = graph()
    assert last("until e;loss.grad, e.grad, a.grad", values["loss"], **values) == (
        "(1.0, -0.13343430939348166, 0)\n"
    )


COMMANDS = """
step|next|back|continue|reverse-continue|restart|finish|s 3|back 2|n 2|b|ll|where|list
whatis|until v0|until v1|break v1|tbreak v2|watch v0|break if |grad| > 1|break if changes sign
break if not finite|delete|whatis v0|step x|zzz|break zzz||print v0|p v1|why v0
"""
commands = st.lists(st.sampled_from(re.split(r"\|(?!\||grad| >)|\n", COMMANDS)), max_size=12)


@given(st.one_of(recipes(), recipes(leaves=st.floats(), admit=anything)), commands, st.booleans())
def test_any_commands_leave_the_gradients_as_before(
    recipe: Recipe, typed: list[str], computed: bool
) -> None:
    root = recipe.values()[-1]
    if computed:
        root.backward()
    before = gradients_of(root)
    output = io.StringIO()
    debugger = Debugger(root, {}, io.StringIO("\n".join([*typed, ""])), output)
    debugger.run()
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
    folded = (Value(3.0, label="x") - 0.5) ** 2
    assert "-> 2/2  - 0.5 v3 to x" in session("next;q", folded)


def test_until_waits_for_the_last_contribution() -> None:
    assert "-> 8/9  e to a" in last("until e")
    assert last("until a").startswith("   grad of a = 0.400303\n")
    assert "-> 6/9  d to e" in last("until d")
    assert last("until c").startswith("   grad of c = -0.513383\n")


def test_the_ends_of_the_walk_are_told() -> None:
    end = "*** this is the end of the walk: `back`, `restart` or `quit`\n"
    assert last("finish;step") == last("finish;next") == last("finish;continue") == end
    start = "*** this is the start of the walk: `step`, `continue` or `quit`\n"
    assert last("back") == last("reverse-continue") == start
    assert last("restart") == "".join(session("q").splitlines(True)[1:2])


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


def test_what_is_done_to_the_gradients_on_the_way_is_mended_at_the_end() -> None:
    values = graph()
    text = session("until a;loss.backward();finish;quit keep", values["loss"], **values)
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
    assert stops("break a;watch d;delete;y;c") == ["the end"]


def test_reverse_continue_stops_where_continue_does() -> None:
    assert stops("watch e;c;c;c;rc;rc;rc") == ["3", "7", "the end", "7", "3", "1"]


def test_breakpoints_on_what_is_not_finite() -> None:
    x = Value(0.0, label="x")
    root = x + sqrt(x) * 0.0
    text = session("break if not finite;c;b", root)
    assert "Breakpoint 1: if not finite — x, grad nan" in text
    assert "if not finite   1 hit" in text


def test_breakpoints_on_modules() -> None:
    model = nn.MLP(1, [2, 1], rng=1)
    root = model([1.0]) * 2.0
    text = session("break module layers.0;c", root)
    assert "Breakpoint 1: module layers.0" in text
    assert "Breakpoint 1: module layers.0 — layers.0.neurons.1, grad " in text
    assert "it has MLP, layers.0, layers.0.neurons.0" in last("break module layers.7", root)


def test_breakpoints_on_lines() -> None:
    with trace_lines():
        x = Value(1.0, label="x")
        y = tanh(x)
        root = y * 2.0
    where = y.line.rpartition("/")[2]
    assert stops(f"break {where};c;c", root) == ["2", "the end"]
    assert f"   {where}: y = tanh(x)\n" in last(f"break {where};c", root)
    assert "it has" in last("break nowhere.py:1", root)
    assert "under trace_lines()" in last("break nowhere.py:1")


def test_a_line_alone_is_one_of_the_file_at_hand() -> None:
    with trace_lines():
        x = Value(1.0, label="x")
        root = tanh(x) * 2.0
    name, _, line = root.line.rpartition(":")
    assert f"Breakpoint 1: {Path(name).name}:{line}\n" in last(f"b {line}", root)
    assert "it has" in last("b 1", root)
    assert "under trace_lines()" in last("b 3")


def test_breakpoints_are_listed_with_their_hits() -> None:
    assert last("b") == "no breakpoints\n"
    assert last("break e;tbreak if |grad| > 99;watch a;c;c;b") == (
        "  1  keep  e   1 hit\n  2  once  if |grad| > 99\n  3  keep  watch a   1 hit\n"
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("step x", "*** 'x' is not a count of steps: it must be a whole number of at least 1"),
        ("step 0", "*** '0' is not a count of steps"),
        ("back -1", "*** '-1' is not a count"),
        ("until nope", "*** no value 'nope': there are a, b, c, e, d, loss; `ll`"),
        ("watch", "*** no value '': there are a, b"),
        ("break op sin", "*** no op 'sin' in the graph: it has add, mul, tanh"),
        (
            "break if grad >",
            "*** 'grad >' cannot be evaluated: SyntaxError: invalid syntax; see `help break`",
        ),
        ("delete 7", "*** no breakpoint 7: `break` lists them"),
        ("delete x", "*** 'x' is not a breakpoint's number"),
        ("info b", "*** SyntaxError: invalid syntax: `info` is not here; `help` lists what is"),
        ("draw x.gif", "*** ValueError: cannot draw to 'x.gif'"),
        ("nonsense", "*** NameError: name 'nonsense' is not defined"),
        ("1 +", "*** SyntaxError"),
        ("contnue", "*** NameError: name 'contnue' is not defined: did you mean `continue`?"),
        ("brake e", "*** SyntaxError: invalid syntax: did you mean `break`?"),
        (
            "jump 3",
            "*** SyntaxError: invalid syntax: `jump` is not here; `help` lists what is",
        ),
        ("help brake", "*** no command 'brake': did you mean `break`?"),
        ("break e if foo > 1", "*** 'foo > 1' cannot be evaluated: NameError"),
        ("break if grad.real.foo", "*** 'grad.real.foo' cannot be evaluated: AttributeError"),
        ("condition 1 grad >", "*** there are no breakpoints: see `help break`"),
        ("condition", "*** there are no breakpoints"),
        ("commands", "*** there are no breakpoints"),
        ("disable 1", "*** no breakpoint 1: `break` lists them"),
        ("undisplay e", "*** e is not displayed"),
        ("what-if e", "*** what-if takes a value and a number"),
        ("what-if e = None", "*** TypeError: expected a real number, got None"),
        ("what-if nope = 1", "*** no value 'nope'"),
        ("up", "*** this is the loss"),
        ("restart 3", "*** restart takes no arguments; if this is Python, put ! before it"),
        ("ll 3", "*** longlist takes no arguments"),
        ("quit now", "*** quit takes no arguments but keep"),
        ("whatis other", "*** other is not in the graph of loss"),
    ],
)
def test_mistakes_are_told_and_nothing_moves(command: str, message: str) -> None:
    text = last(f"step;{command}", other=Value(1.0))
    assert " ".join(text.split()).startswith(message)
    assert "-> 3/9" in session(f"step;{command};step", other=Value(1.0))


def test_a_condition_that_raises_does_not_end_the_session() -> None:
    text = session("break if 1/0 > 1;continue;delete;y;finish")
    assert "\n*** breakpoint 1, if 1/0 > 1, raised ZeroDivisionError: division by zero;\n" in text
    assert "\n    `delete 1` deletes it, `condition 1` its condition\n" in text


def test_values_of_one_label_are_told_apart() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="x")
    assert last("until x", x * y) == "*** 2 values have the label 'x': say one of v0, v1\n"
    assert "-> 2/2" in session("until v0", x * y)


# ---------------------------------------------------------------------------- looking


def test_where_is_a_path_from_the_loss() -> None:
    lines = last("until d;where").splitlines()
    assert len({len(line) for line in lines}) == 1  # numbers are aligned
    assert [" ".join(line.split()) for line in lines] == [
        "data grad",
        "* loss -2.27969 1",
        "tanh v7 0.379949 -6",
        "* v6 0.4 -5.13383",
        "+ d 4 -0.513383",
        "-> * e -6 0.379949",
    ]
    assert last("finish;where").splitlines()[1].startswith("-> * loss")
    y = Value(1.0)
    for _ in range(20_000):
        y = y + 1.0
    lines = last("finish;back;where", y).splitlines()
    assert len(lines) < 50
    assert "   … 19961 more …" in lines


def test_list_shows_the_neighbourhood() -> None:
    lines = last("until e;list").splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "data grad × partial",
        "┌─ + d 4 -0.513383 1",
        "├─ * loss -2.27969 1 0.379949",
        "▼",
        "-> * e -6 -0.133434",
        "├─▶ a 2 – -3",
        "└── b -3 – 2",
    ]
    assert last("list a").splitlines()[-1].split() == ["a", "2", "–"]
    assert last("l .") == last("l")
    wide = nn.Neuron(99)([1.0] * 99) * 1.0
    assert "   … 159 more …\n" in last("next 2;list", wide)


def test_print_and_python_see_the_script() -> None:
    assert last("print a") == "Value(data=2.0, grad=0, label='a')\n"
    assert last("print n + 1", n=2) == "3\n"
    assert last("k * 2", k=2) == "4\n"
    assert last("m = 5;print m") == "5\n"
    assert last("!step", step=7) == "7\n"
    assert last("for i in range(2): print(i)") == "0\n1\n"


def test_whatis_tells_how_a_value_was_made() -> None:
    assert last("next;whatis e").splitlines() == [
        "e is mul of a, b",
        "   data -6.0",
        "   grad 0.3799489622552249, 1 of 2 contributions are there",
        "   ∂mul/∂a = b = -3.0   towards a",
        "   ∂mul/∂b = a = 2.0   towards b",
    ]
    assert last("next;pp e") == last("next;whatis e")
    assert last("whatis").startswith("loss is mul of tanh v7, e\n")
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


def test_longlist_shows_all_values_with_their_gradients() -> None:
    lines = last("step;ll").splitlines()
    assert [line[:12].rstrip() for line in lines[:4]] == ["", "-> * loss", "   tanh v7", "   * v6"]
    assert "1 to 200 of 403" in last("ll", nn.Neuron(200)([1.0] * 200))


def test_every_command_has_a_manual() -> None:
    commands = [name[3:] for name in dir(Debugger) if name.startswith("do_")]
    assert set(ALIASES.values()) <= {*commands, "help"}
    listed = session("help;q")
    for command in set(commands) - {"EOF", "help"}:
        assert re.search(rf"\b{command.replace('_', '-')}\b", listed)
        assert (getattr(Debugger, f"do_{command}").__doc__ or "").startswith(
            command.replace("_", "-")
        )


def test_completion_knows_labels_and_names() -> None:
    debugger = Debugger(graph()["loss"], {}, io.StringIO(), io.StringIO())
    assert debugger.completedefault("l", "until l", 6, 7) == ["loss"]
    assert debugger.completedefault("v", "until v", 6, 7) == [f"v{i}" for i in range(9)]
    assert debugger.completedefault("loss.gr", "p loss.gr", 2, 9) == ["loss.grad", "loss.graph"]
    assert debugger.completedefault("", "reverse-", 8, 8) == ["continue"]
    assert debugger.completenames("rev") == ["reverse-continue"]
    assert debugger.complete_break("ta", "break op ta", 9, 11) == ["tanh"]
    assert debugger.complete_break("", "break module ", 13, 13) == []
    debugger.lookup.namespace["network"] = None
    assert debugger.completedefault("net", "print net", 6, 9) == ["network"]


def test_hostile_labels_stay_on_their_line() -> None:
    x = Value(1.0, label="x\x1b[31m\n\u202e")
    text = session("ll;where;list;step;finish", x * 2.0)
    assert "\x1b" not in text
    assert "\u202e" not in text


# ---------------------------------------------------------------------------- habits of pdb


def network() -> Value:
    """Return the error of two inputs, two hidden and two output neurons."""
    w = [Value(0.15 + 0.05 * i, label=f"w{i + 1}") for i in range(8)]

    def neuron(label: str, inputs: Any, weights: list[Value], bias: float) -> Value:
        net = inputs[0] * weights[0] + inputs[1] * weights[1] + bias
        out = sigmoid(net)
        out.label = label
        return out

    h1, h2 = neuron("h1", (0.05, 0.1), w[:2], 0.35), neuron("h2", (0.05, 0.1), w[2:4], 0.35)
    o1, o2 = neuron("o1", (h1, h2), w[4:6], 0.6), neuron("o2", (h1, h2), w[6:], 0.6)
    error = ((o1 - 0.01) ** 2 + (o2 - 0.99) ** 2) / 2
    error.label = "error"
    return error


def test_a_stop_says_on_what_and_why() -> None:
    text = session("b op sigmoid;b h1;c;c;c;c", network())
    assert re.search(r"^Breakpoint 1: op sigmoid — o2, grad -0\.2\d+$", text, re.MULTILINE)
    assert re.search(r"^Breakpoint 2: h1 — grad 0\.0\d+$", text, re.MULTILINE)
    assert "grad of" not in text.partition("— o2")[2].partition("Breakpoint")[0]


def test_u_and_d_go_along_the_path_and_the_next_step_comes_back() -> None:
    assert last("next 3;u").splitlines()[1].startswith(">  * v6")
    assert last("next 3;u;whatis").startswith("* v6 is mul of d, leaf v3\n")
    assert last("next 3;u 2;d;w").splitlines()[-3].startswith(">  * v6")
    assert last("next 3;u;list").splitlines()[-3].startswith("   * v6")
    assert last("next 3;u;s;whatis").startswith("d is add of e, c\n")
    assert last("next 3;u;restart;whatis").startswith("loss is mul")
    assert "*** this is where the next step leads" in session("d;d", graph()["loss"])
    assert "*** this is the loss" in session("u", graph()["loss"])
    assert "deleted" not in session("b e;d;b", graph()["loss"])


def test_labels_are_names_in_expressions() -> None:
    values = graph()
    assert last("until a;p a.grad, b.data", values["loss"]) == "(0.400302928180445, -3.0)\n"
    assert last("v4.operands[0].label", values["loss"]) == "'a'\n"
    assert last("[a.data * n for n in (1, 2)]", values["loss"]) == "[2.0, 4.0]\n"
    assert last("a = 3;p a") == last("a = 3;a") == "3\n"
    stranger = Value(7.0, label="a")
    assert last("p a.data", values["loss"], a=stranger) == "2.0\n"
    assert last("def f(): return a.data;f()", values["loss"]) == "2.0\n"
    assert stops("b b if grad > a.data - 9;c", values["loss"]) == ["the end"]


def test_labels_with_dots_are_names_in_expressions() -> None:
    model = nn.MLP(2, [1, 1], rng=1)
    b, root = model.layers[0].neurons[0].b, model([1.0, 2.0]) * 2.0
    b.data = 0.25
    name = b.label
    assert name == "layers.0.neurons.0.b"
    assert last(f"p {name}.data, {name}.grad + 1", root) == "(0.25, 1)\n"
    assert last(f"p {{'{name}': 3}}['{name}']", root) == "3\n"  # in a string it is text
    assert last(f"{name}.data = 0.5;p {name}.data", root) == "0.5\n"
    assert b.data == 0.5
    assert "cannot assign" in last(f"{name} = 3", root)
    assert stops(f"b if {name}.grad;c", root) == ["the end"]
    assert f"   display {name}.data: 0.5\n" in session(f"display {name}.data", root)
    assert last(f"what-if {name} = {name}.data + 1", root).count("0.5 → 1.5") == 1
    shared = tanh(model([1.0, 2.0]) + model([2.0, 1.0]))
    assert last("p layers.1.neurons.0.grad", shared).startswith(
        "*** 2 values have the label 'layers.1.neurons.0': say one of v"
    )


def test_print_shows_what_pdb_shows() -> None:
    assert last("p None") == "None\n"
    assert last("None") == ""
    assert last("p") == last("p 1 +") == "*** SyntaxError: invalid syntax\n"
    assert last("p a = 3").startswith("*** SyntaxError")
    assert last("p if", Value(1.0, label="if") * 2.0).startswith("Value(data=1.0")
    assert last("p my weight", Value(1.0, label="my weight") * 2.0).startswith("Value(data=1.0")
    assert session("n = 1;n += 1;;p n", graph()["loss"]).endswith(f"3\n\n{LEAVING}\n")


def test_a_variable_of_the_graph_comes_before_another_value_of_its_label() -> None:
    values = [Value(float(i), label="x") for i in range(3)]
    root = micrograd_like.fsum(values)
    assert last("p x.data", root, x=values[2]) == "2.0\n"
    assert last("p x.data", root).startswith("*** 3 values have the label 'x': say one of v")


def test_a_watch_list_is_shown_at_each_stop_until_it_is_taken_back() -> None:
    text = session("display e.grad;display 1/0;n;undisplay e.grad;display c;n;undisplay;n")
    assert "   display e.grad: 0\n   display 1/0: ZeroDivisionError: division by zero\n" in text
    assert "   display e.grad: 0.379949   (was 0)\n" in text
    assert text.count("display e.grad") == 2
    assert text.count("display c: data 10, grad –") == 2
    assert text.count("display 1/0") == 3


def test_breakpoints_are_switched_off_and_on_and_conditioned() -> None:
    assert stops("break e;disable 1;c") == ["the end"]
    assert stops("break e;disable;enable 1;c") == ["8"]
    assert stops("watch e;condition 1 grad < 0;c;c") == ["7", "the end"]
    assert stops("break e if grad < 0;condition 1;c;c") == ["8", "the end"]
    assert "  1  off   e\n" in session("break e;disable 1;b")
    assert "Breakpoint 1: e if grad < 0\n" in session("break e;condition 1 grad < 0")


def test_commands_are_done_at_each_stop() -> None:
    text = session("b op *;commands;silent;p 6 * 7;display e;end;c;c;b", network())
    assert text.count("p 6 * 7\n42\n") == 2
    assert "            p 6 * 7\n            display e\n" in text
    text = session("watch e;commands 1;c;end;c")
    assert text.count("Breakpoint 1: watch e — e, grad") == 2  # `c` at both stops
    assert "-> the end" in text


def test_commands_that_are_given_again_replace_those_of_before() -> None:
    text = session("b op *;commands;p 6 * 7;end;commands 1;p 6 * 8;end;c;b", network())
    assert "\n48\n" in text
    assert "42" not in text
    assert "op *   1 hit\n            p 6 * 8\n\n" in text


def test_two_commands_on_a_line() -> None:
    output = io.StringIO()
    debug(graph()["loss"], commands=["s;; s", "p 1"], stdin=io.StringIO(), stdout=output)
    assert "(grad) s\n" in output.getvalue()
    assert output.getvalue().count("\n-> ") == 3
    assert output.getvalue().count("(grad) p 1\n1\n") == 1


def test_what_is_behind_semicolons_comes_before_what_is_given() -> None:
    output = io.StringIO()
    commands = ["p 1;; p 2;; p 3", "p 4"]
    debug(graph()["loss"], commands=commands, stdin=io.StringIO(), stdout=output)
    assert re.findall(r"^\d$", output.getvalue(), re.MULTILINE) == ["1", "2", "3", "4"]


def test_deleting_everything_asks_first() -> None:
    assert "deleted" not in session("b e;delete;n;b")
    assert "  1  keep  e" in session("b e;delete;;b")
    assert "Delete all breakpoints (2)? deleted 2\nno breakpoints" in session("b e;b a;cl;yes;b")
    assert "deleted 1\n" in session("b e;b a;cl 2")


def test_what_if_shows_what_would_change_and_changes_nothing() -> None:
    root = network()
    before = [(v.data, v.grad) for v in topological_order(root)]
    rows = {
        line.split()[0]: line.split()[1:] for line in last("what-if w1 = 0.2", root).splitlines()
    }
    values = topological_order(root)
    (w1,) = [v for v in values if v.label == "w1"]
    assert rows["w1"][:3] == ["0.15", "→", "0.2"]
    assert rows["error"][1] == "→"
    assert before == [(v.data, v.grad) for v in values]
    w1.data = 0.2
    twin = replay(root, {})[root]
    assert rows["error"][2] == f"{twin.data:.6g}"
    assert "*** ValueError: log(x=-1.0)" in session("what-if x = -1", log(Value(1.0, label="x")))


def test_page_opens_at_this_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.chdir(tmp_path)
    assert last("step 2;page") == "wrote grad.html: this is its step 3\n"
    assert opened == [f"{(tmp_path / 'grad.html').as_uri()}#step=3"]
    assert (tmp_path / "grad.html").exists()


def test_the_source_is_shown_with_its_expression_marked(tmp_path: Path) -> None:
    script = tmp_path / "tráin.py"
    script.write_text("é = x * 2.0 + tanh(x)  # two\n", encoding="utf-8")
    found = {"x": Value(1.0, label="x"), "tanh": tanh}
    with trace_lines():
        exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), found)
    lines = session("s", found["é"]).splitlines()
    assert lines[2] == "   tráin.py:1: é = x * 2.0 + tanh(x)  # two"
    if sys.version_info >= (3, 11):
        assert [line for line in lines if "^" in line] == [" " * 19 + "^" * 17] * 2


@pytest.mark.parametrize("columns", [60, 80])
def test_no_line_is_wider_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Debugger, "columns", columns)
    root = network() * Value(1.0, label="a very long label, longer than anyone would like " * 2)
    typed = (
        "b op sigmoid;c;list;u;w;display w5.grad;n;what-if w1 = 0.2;why w5;ll;b;jump 3;help;help b"
    )
    text = session(f"{typed};list a v;finish;q", root)
    lines = [line for line in text.splitlines() if not line.startswith("d(")]
    assert max(map(len, lines)) <= columns
    assert "…" in text


def test_signs_have_colours_where_the_terminal_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown_on(**environment: str) -> str:
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, text in environment.items():
            monkeypatch.setenv(name, text)
        Debugger(graph()["loss"], {}, io.StringIO("q\n"), output := Terminal()).run()
        return output.getvalue()

    assert "\x1b[36m1\x1b[0m × \x1b[31m-6\x1b[0m   (" in shown_on(TERM="xterm")
    assert "\x1b" not in shown_on(TERM="dumb") + shown_on() + shown_on(TERM="xterm", NO_COLOR="1")


def test_a_constant_is_a_value_where_that_is_asked_for() -> None:
    y = (Value(3.0, label="x") - 0.5) ** 2
    output = io.StringIO()
    debug(y, stdin=io.StringIO("ll\n"), stdout=output, constants=True)
    assert "y: 4 steps" in output.getvalue()
    assert "** y " in output.getvalue()
    assert "** 2.0" not in session("ll", y)
    assert "**2 v4: 2 steps" in session("ll", y)
    assert "no value 'v1'" in session("until v1", y)


def test_a_breakpoint_under_pytest_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from micrograd_like import Value\ndef test_it():\n    x = Value(2.0)\n"
        "    loss = x * x\n    breakpoint()\n    assert x.grad == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONBREAKPOINT": "micrograd_like.set_trace",
            "PYTHONIOENCODING": "utf-8",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert (
        'run pytest with -s, or say them: debug(loss, commands=["finish", "quit"])' in done.stdout
    )


# ---------------------------------------------------------------------------- ends


@pytest.mark.parametrize("leave", ["exit()", "quit()", "q", "exit"])
def test_leaving_as_python_is_left_goes_on_with_the_script(leave: str) -> None:
    assert session(f"{leave};step").endswith(f"   (∂mul/∂a = b)\n{LEAVING}\n")
    assert "*** SystemExit: 3\n" in session("raise SystemExit(3);step")


def test_end_of_input_quits() -> None:
    values = graph()
    assert session("step", values["loss"]).endswith(f"\n{LEAVING}\n")
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
    with pytest.raises(TypeError, match="cannot debug 3: it must be a Value"):
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
        input="finish\nprint w\nq keep\n",
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
    assert "Breakpoint 1: x1 — grad -1.5\n" in done.stdout
    assert "grad=-1.4999999999999996" in done.stdout
    assert "(grad) 3.0\n" in done.stdout


def test_a_terminal_without_every_character_gets_escapes() -> None:
    x = Value(0.5, label="é")
    output = io.TextIOWrapper(io.BytesIO(), "ascii")
    Debugger(sigmoid(x), stdin=io.StringIO("quit\n"), stdout=output).run()
    output.seek(0)
    assert "sigma v1 to \\xe9: 1 * 0.235004   (dsigmoid/da = out*(1 - out))" in output.read()
