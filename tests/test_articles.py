"""The demos of the two articles print and draw numbers that are known from elsewhere."""

from __future__ import annotations

import functools
import importlib
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import test_golden as golden
from hypothesis import given
from hypothesis import strategies as st

from demos import backprop_by_hand, delta_notation, fit_a_line, imitate, until_correct
from demos.drawing import shade
from micrograd_like import fsum, optim, softplus
from micrograd_like.drawing.charts import Panel
from micrograd_like.nn import MLP

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"
NAMES = (
    "gradient_descent",
    "fit_a_line",
    "backprop_by_hand",
    "imitate",
    "delta_notation",
    "until_correct",
)
SEEDED = ("imitate", "delta_notation", "until_correct")
SHORTER = {  # the same work in small, where it is done twice
    "gradient_descent": "demo.RATE = 0.1",
    "fit_a_line": "demo.RATE = 0.03",
    "backprop_by_hand": "demo.STEPS = 200",
    "imitate": "demo.EPOCHS = 1",
    "delta_notation": "demo.STARTS, demo.STEPS = 1, 300",
    "until_correct": "demo.SEEDS, demo.LIMIT = 1, 20",
}
LONG = ("delta_notation", "until_correct")  # they train from many starts
ALL = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.thorough] * (name in LONG)) for name in NAMES],
)


class Run(NamedTuple):
    """What a demo printed, line by line, and the picture that it wrote."""

    lines: list[str]
    svg: str

    def line(self, start: str) -> str:
        """Return what follows in the one line that begins with these words and holds numbers."""
        rests = (re.match(rf"\s*{re.escape(start)}(?![\w.])(.*)", line) for line in self.lines)
        (rest,) = (rest[1] for rest in rests if rest and numbers(rest[1]))
        return rest

    def row(self, start: str) -> list[float]:
        """Return the numbers in that line."""
        return numbers(self.line(start))


def numbers(text: str) -> list[float]:
    found = re.findall(r"(?<![\w.₁₂₃])-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)", text)
    return [float(number.replace(",", "")) for number in found]


def start(cwd: Path, *arguments: str, encoding: str = "utf-8", hashes: str = "0") -> bytes:
    """Run an interpreter that sees no installed package, which must succeed; return the output."""
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "PYTHONHASHSEED": hashes}
    done = subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@functools.cache
def demo(name: str) -> Run:
    """Run a demo as its user does; what it takes seconds for is computed once for all tests."""
    with tempfile.TemporaryDirectory() as place:
        output = start(Path(place), "-m", f"demos.{name}")
        (picture,) = Path(place).iterdir()
        assert picture.name == f"{name}.svg"
        return Run(output.decode().splitlines(), picture.read_bytes().decode())


class TestAll:
    @ALL
    def test_no_number_is_a_negative_nought(self, name: str) -> None:
        assert not [line for line in demo(name).lines if re.search(r"[-−]0(\.0+)?(?![.\d])", line)]

    @ALL
    def test_two_runs_give_the_same_bytes(self, name: str, tmp_path: Path) -> None:
        program = f"import demos.{name} as demo; {SHORTER[name]}; demo.main(['x.svg'])"
        first, second = (
            (start(tmp_path, "-c", program, hashes=hashes), (tmp_path / "x.svg").read_bytes())
            for hashes in ("1", "2")
        )
        assert first == second

    @ALL
    def test_the_picture_is_well_formed_and_finite(self, name: str) -> None:
        run = demo(name)
        assert run.lines[-1] == f"wrote {name}.svg"
        root = ET.fromstring(run.svg)
        assert root.tag == f"{SVG}svg"
        for element in root.iter():
            for attribute, value in element.items():
                assert not re.search(r"(?i)\b(nan|-?inf)", value), (attribute, value)
        width, height = float(root.get("width", "")), float(root.get("height", ""))
        for group in root.findall(f"{SVG}g"):
            left, top = map(float, re.findall(r"[\d.]+", group.get("transform", "")))
            (inner,) = group.findall(f"{SVG}svg")
            assert left + float(inner.get("width", "")) <= width
            assert top + float(inner.get("height", "")) <= height

    @ALL
    def test_a_path_that_cannot_be_written_is_refused_at_once(
        self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main = importlib.import_module(f"demos.{name}").main
        for path in (tmp_path, tmp_path / "missing" / "x.svg"):
            with pytest.raises(SystemExit) as exited:
                main([str(path)])
            assert exited.value.code == 2
            output, errors = capsys.readouterr()
            assert output == ""
            assert f"demos.{name}: error: cannot write the picture: " in errors
            assert f"'{path}'; name another file" in errors
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", SEEDED)
    def test_a_seed_is_a_whole_number(
        self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as exited:
            importlib.import_module(f"demos.{name}").main(
                [str(tmp_path / "x.svg"), "--seed", "one"]
            )
        assert exited.value.code == 2
        assert "--seed: invalid int value: 'one'" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_a_terminal_without_these_letters_is_no_error(self, tmp_path: Path) -> None:
        output = start(tmp_path, "-m", "demos.gradient_descent", encoding="ascii")
        assert output.isascii()
        drawn = (tmp_path / "gradient_descent.svg").read_bytes().decode()
        assert drawn == demo("gradient_descent").svg


class TestGradientDescent:
    def test_slopes_and_steps(self) -> None:
        run = demo("gradient_descent")
        for step in (0, 1, 2, 3, 5, 10, 20, 60):
            distance = 2 * 0.8**step
            x, y, slope, mirrored, same, opposite = run.row(f"step {step}")
            assert x == pytest.approx(-2 + distance, abs=6e-7)
            assert mirrored == pytest.approx(-2 - distance, abs=6e-7)
            assert y == same == pytest.approx(distance**2, abs=6e-7)
            assert slope == -opposite == pytest.approx(2 * distance, abs=6e-7)
        assert run.row("step 0") == [0, 4, 4, -4, 4, -4]

    @pytest.mark.parametrize(
        ("rate", "verdict"),
        [
            (0.1, "comes down on one side"),
            (0.5, "is there in one step"),
            (0.9, "comes down from side to side"),
            (1.0, "goes to and fro for ever"),
            (1.1, "climbs out, ever faster"),
        ],
    )
    def test_small_and_large_steps(self, rate: float, verdict: str) -> None:
        line = demo("gradient_descent").line(f"rate {rate}")
        expected = [-2 + 2 * (1 - 2 * rate) ** step for step in (1, 2, 3, 10)]
        assert numbers(line) == pytest.approx(expected, abs=6e-4)
        assert line.endswith(verdict)

    def test_the_steps_are_drawn_on_the_parabola(self) -> None:
        small, large = circles(demo("gradient_descent").svg)
        plane = Panel((420, 400), (-4.5, 0.5), (-0.4, 5))
        distances = [2 * 0.8**step for step in range(61)]
        expected = [plane.at(-2 + d, d * d) for d in distances]
        expected += [plane.at(-2 - d, d * d) for d in distances]
        assert small == [pytest.approx(place, abs=0.051) for place in expected]
        assert len(large) == 3 * 6


def circles(svg: str) -> list[list[tuple[float, float]]]:
    """Return the places of the circles in each panel, where it has any."""
    root = ET.fromstring(svg)
    panels = [
        [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in panel.findall(f"{SVG}circle")]
        for panel in root.iter(f"{SVG}svg")
        if panel is not root
    ]
    return [places for places in panels if places]


class TestFitALine:
    @pytest.mark.parametrize(
        ("w", "outputs", "errors", "squares"),
        [
            (3, [0, 3, 6], [0, 1, 2], [0, 1, 4]),
            (4, [0, 4, 8], [0, 2, 4], [0, 4, 16]),
            (2, [0, 2, 4], [0, 0, 0], [0, 0, 0]),
        ],
    )
    def test_the_tables(
        self, w: int, outputs: list[float], errors: list[float], squares: list[float]
    ) -> None:
        lines = demo("fit_a_line").lines
        start = lines.index(f"W = {w}")
        heads, *rows, total = lines[start + 1 : start + 6]
        assert re.split(" {2,}", heads.strip()) == [
            "input",
            "output",
            "model output",
            "absolute error",
            "squared error",
        ]
        columns = zip([0, 1, 2], [0, 2, 4], outputs, errors, squares)
        assert [numbers(row) for row in rows] == [[*row] for row in columns]
        assert numbers(total) == [sum(errors), sum(squares)]
        assert {len(line) for line in [heads, *rows, total]} == {len(heads)}

    def test_the_error_over_the_weight_has_its_minimum_at_two(self) -> None:
        run = demo("fit_a_line")
        weights, errors = run.row("W       "), run.row("squared error")
        assert weights == [k / 2 for k in range(9)]
        assert errors == [5 * (w - 2) ** 2 for w in weights]
        assert run.row("the smallest is at W =") == [2]

    def test_gradient_descent_finds_it(self) -> None:
        path = fit_a_line.descend(4.0, 0.03)
        for step, (w, error) in enumerate(path):
            assert w == pytest.approx(2 + 2 * 0.7**step, rel=1e-12)
            assert error == pytest.approx(20 * 0.49**step, rel=1e-3, abs=1e-25)
        run = demo("fit_a_line")
        for step in (0, 1, 2, 3, 10, len(path) - 1):
            assert run.row(f"step {step:2}") == pytest.approx(path[step], abs=6e-10)
        assert run.row(f"step {len(path) - 1}") == [2, 0]


class TestBackpropByHand:
    def test_every_step_has_the_number_that_its_formula_gives(self) -> None:
        known = {f"w{k}": w for k, w in enumerate(golden.WEIGHTS, 1)}
        known |= {f"i{k}": x for k, x in enumerate(golden.INPUTS, 1)}
        known |= {f"b{k}": b for k, b in enumerate(golden.BIASES, 1)}
        known |= {f"target_o{k}": t for k, t in enumerate(golden.TARGETS, 1)}
        shown = []
        for line in demo("backprop_by_hand").lines:
            if found := re.match(r"   (\S+) += (.+?) {2,}(\S+)$", line):
                name, formula = (python(words) for words in found.groups()[:2])
                known[name] = eval(formula, {"exp": math.exp}, known)
                assert float(found[3]) == pytest.approx(known[name], abs=6e-10)
                shown.append(name)
        assert len(shown) == 33
        assert (known["out_o1"], known["out_o2"]) == pytest.approx(golden.OUTPUTS, rel=1e-13)
        assert known["E"] == pytest.approx(golden.ERROR, rel=1e-13)
        new = [w - 0.5 * known[f"dE_dw{k}"] for k, w in enumerate(golden.WEIGHTS, 1)]
        assert new == pytest.approx(golden.AFTER_ONE_STEP, rel=1e-13)

    def test_the_article_s_first_numbers(self) -> None:
        run = demo("backprop_by_hand")
        for name, number in {
            "net_h1": 0.3775,
            "out_h1": 0.593269992,
            "out_h2": 0.596884378,
            "net_o1": 1.105905967,
            "out_o1": 0.751365070,
            "out_o2": 0.772928465,
            "E_o1": 0.274811083,
            "E_o2": 0.023560026,
            "E": 0.298371109,
            "∂E/∂out_o1": 0.741365070,
            "∂out_o1/∂net_o1": 0.186815602,
            "∂E/∂w5": 0.082167041,
            "∂E/∂net_o1": 0.138498562,
            "∂E_o1/∂out_h1": 0.055399425,
            "∂E_o2/∂out_h1": -0.019049118,  # the article has ...119, from rounded factors
            "∂E/∂out_h1": 0.036350306,
            "∂out_h1/∂net_h1": 0.241300709,
            "∂E/∂w1": 0.000438568,
        }.items():
            assert float(run.line(name).split()[-1]) == number

    def test_by_hand_and_by_the_engine(self) -> None:
        run = demo("backprop_by_hand")
        for k, expected in enumerate(golden.AFTER_ONE_STEP, 1):
            by_hand, by_engine, ulps, new = run.row(f"w{k}")
            assert by_hand == pytest.approx(by_engine, rel=1e-12)
            assert ulps <= 8
            assert new == pytest.approx(expected, abs=6e-10)

    @pytest.mark.parametrize(
        ("who", "step", "expected"),
        [
            (
                "by the engine",
                10_000,
                [
                    golden.ERROR_AFTER_TEN_THOUSAND_STEPS,
                    *golden.OUTPUTS_AFTER_TEN_THOUSAND_STEPS,
                ],
            ),
            (
                "by hand",
                10_000,
                [
                    golden.ERROR_AFTER_TEN_THOUSAND_STEPS,
                    *golden.OUTPUTS_AFTER_TEN_THOUSAND_STEPS,
                ],
            ),
            ("by hand", 1, [golden.ERROR_AFTER_ONE_STEP]),
            # the article's, of which some are of one order and some of the other
            ("by hand", 9_999, [0.0000351085]),
            ("by hand, outputs first", 1, [0.291027924]),
            ("by hand, outputs first", 10_000, [0.0000350848, 0.015912196, 0.984065734]),
        ],
    )
    def test_further_steps(self, who: str, step: int, expected: list[float]) -> None:
        found = demo("backprop_by_hand").row(f"{who:22}{step:8,}")
        assert found[: len(expected)] == pytest.approx(expected, abs=6e-10)

    def test_the_article_s_last_numbers_are_not_of_one_order(self) -> None:
        run = demo("backprop_by_hand")
        assert run.row(f"{'by hand':22}  10,000")[0] == 0.0000351019 != 0.0000351085
        assert run.row(f"{'by hand, outputs first':22}  10,000")[0] == 0.0000350848 != 0.0000351085

    @given(st.lists(st.floats(-3, 3), min_size=8, max_size=8))
    def test_the_slopes_are_the_engine_s_at_any_weights(self, numbers: list[float]) -> None:
        model, weights = backprop_by_hand.build()
        for w, number in zip(weights, numbers):
            w.data = number
        error = backprop_by_hand.by_engine(model)
        found = backprop_by_hand.by_hand(numbers)
        assert found["E"] == pytest.approx(error, rel=1e-12)
        slopes = [found[f"dE_dw{k}"] for k in range(1, 9)]
        assert slopes == pytest.approx([w.grad for w in weights], rel=1e-10, abs=1e-15)
        new = backprop_by_hand.step_by_hand(numbers)
        assert new == [w - 0.5 * slope for w, slope in zip(numbers, slopes)]
        late = backprop_by_hand.step_by_hand(numbers, output_first=True)
        assert late[4:] == new[4:]


def python(formula: str) -> str:
    """Return a printed formula as Python."""
    formula = re.sub(r"∂(\w+)/∂(\w+)", r"d\1_d\2", formula)
    return formula.replace("·", "*").replace("²", "**2")


class TestImitate:
    def test_the_student_succeeds_with_another_shape(self) -> None:
        run = demo("imitate")
        teacher, student = (re.findall(r"\d+ (?:tanh|linear)", run.lines[i]) for i in (0, 1))
        assert len(teacher) != len(student)
        assert not {*teacher[:-1]} & {*student[:-1]}
        first, *_, last = (run.row(f"epoch {epoch:2}") for epoch in (0, 1, 2, 5, 10, 15, 20, 25))
        assert last[1] < first[1] / 1000
        off, spread, percent = run.row("held out, root mean square:")[:3]
        assert off == pytest.approx(math.sqrt(last[1]), abs=6e-4)
        assert percent < 5
        assert percent == pytest.approx(100 * off / spread, abs=0.2)
        assert f"off by {off:.3f} where" in run.svg

    def test_both_functions_are_drawn_on_one_scale(self) -> None:
        root = ET.fromstring(demo("imitate").svg)
        panels = [panel for panel in root.iter(f"{SVG}svg") if panel is not root]
        teacher, student, bar, _ = ([*filter(None, (m.get("fill") for m in p))] for p in panels)
        assert teacher == student == bar == [shade(k / 19) for k in range(20)]
        first, second, *_ = ([mark.get("d") for mark in panel] for panel in panels)
        assert first != second
        assert ">answer</text>" in demo("imitate").svg

    def test_an_interruption_keeps_the_student_so_far(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        class Interrupting(optim.SGD):
            def step(self) -> None:
                if self.steps == 45:  # in the second epoch of thirty
                    raise KeyboardInterrupt
                super().step()

        monkeypatch.setattr(imitate.optim, "SGD", Interrupting)
        assert imitate.main([str(tmp_path / "x.svg")]) == 130
        output = capsys.readouterr().out
        assert re.findall(r"epoch +(\d+)", output) == ["0", "1", "2"]
        assert "stopped in epoch 2 of 25" in output
        ET.parse(tmp_path / "x.svg")


def model_from(seed: int) -> MLP:
    """Return the network that the demo of delta notation starts from, made by the library."""
    return MLP(
        3,
        [4, 3, 1],
        activation=["sigmoid"] * 3,
        bias=False,
        init=lambda rng, nin, nout: rng.gauss(0, 1),
        rng=random.Random(seed),
    )


def matrices_of(model: MLP) -> list[list[list[float]]]:
    return [[[w.data for w in neuron.w] for neuron in layer.neurons] for layer in model.layers]


EXAMPLES = [([0.0, 0.0, 1.0], 0), ([0.0, 1.0, 1.0], 1), ([1.0, 0.0, 1.0], 1), ([1.0, 1.0, 1.0], 0)]


def starts_from(seed: int) -> list[list[list[list[float]]]]:
    """Return the weights of twenty networks, drawn one after the other."""
    rng = random.Random(seed)
    return [
        [
            [[rng.gauss(0, 1) for _ in range(n)] for _ in range(m)]
            for n, m in ((3, 4), (4, 3), (3, 1))
        ]
        for _ in range(20)
    ]


def from_all_starts(task: str, rule: str, steps: int) -> Any:
    """Return E by step and start as NumPy finds it, all starts at once, on to the last step."""
    at_output, hidden, rate = delta_notation.RULES[rule]
    starts = starts_from(1)
    weights = [np.array([start[k] for start in starts]) for k in range(3)]
    inputs = np.array([[*x] for x, _ in EXAMPLES]).T
    targets = np.array([[bool(t) or (task == "or" and x[0] == x[1] == 1) for x, t in EXAMPLES]])
    errors = []
    for _ in range(steps + 1):
        layers = [np.broadcast_to(inputs, (20, 3, 4))]
        for w in weights:
            layers.append((1 + np.tanh(w @ layers[-1] / 2)) / 2)
        delta = layers[3] - targets
        errors.append((delta**2).sum(axis=(1, 2)) / 2)
        new = []
        for w, below, out, kept in zip(
            weights[::-1], layers[2::-1], layers[:0:-1], (at_output, hidden, hidden)
        ):
            delta = delta * out * (1 - out) if kept else delta
            new.insert(0, w - rate * delta @ below.swapaxes(1, 2))
            delta = w.swapaxes(1, 2) @ delta
        weights = new
    return np.array(errors)


@pytest.mark.thorough
class TestDeltaNotation:
    @pytest.mark.parametrize(("rule", "rate"), [("every σ′", 2.0), ("no σ′ at the output", 0.5)])
    def test_the_first_two_rules_descend_as_the_engine_does(self, rule: str, rate: float) -> None:
        model = model_from(1)
        errors = []
        for _ in range(101):
            outputs = [model(inputs) for inputs, _ in EXAMPLES]
            pairs = [(out, target) for out, (_, target) in zip(outputs, EXAMPLES)]
            errors.append(sum((out.data - target) ** 2 / 2 for out, target in pairs))
            if rule == "every σ′":
                loss = fsum([(out - target) ** 2 / 2 for out, target in pairs])
            else:  # cross-entropy, from the sum that the last sigmoid is taken of
                sums = [out.operands[0] for out in outputs]
                loss = fsum([softplus(z) - t * z for z, (_, t) in zip(sums, EXAMPLES)])
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= rate * p.grad
        start = matrices_of(model_from(1))
        found = delta_notation.descend(start, delta_notation.TASKS["xor"], rule)
        assert found[:101] == pytest.approx(errors, rel=1e-9)
        assert demo("delta_notation").row(f"xor  {rule}")[0] == rate

    @given(st.integers(0, 10_000))
    def test_the_matrices_agree_with_the_engine(self, seed: int) -> None:
        weights, inputs = matrices_of(model_from(seed)), delta_notation.INPUTS
        targets = delta_notation.TASKS["xor"]
        layers = delta_notation.forward(weights, inputs)

        def near(rule: str, cross_entropy: bool, straight: bool) -> bool:
            expected = delta_notation.by_engine(
                weights, inputs, targets, cross_entropy=cross_entropy, straight=straight
            )
            found = delta_notation.flat(delta_notation.deltas(weights, layers, targets, rule))
            largest = max(map(abs, expected))
            return found == pytest.approx(expected, rel=1e-11, abs=1e-13 * largest)

        assert near("every σ′", False, False)
        assert near("no σ′ at the output", True, False)
        assert near("no σ′ at all", True, True)
        assert not near("no σ′ at all", True, False)
        assert not near("every σ′", True, False)

    def test_entry_by_entry(self) -> None:
        run = demo("delta_notation")
        by_matrices, by_engine = run.row("∂E/∂W₃ by matrices"), run.row("∂E/∂W₃ by the engine")
        assert by_matrices == pytest.approx(by_engine, rel=1e-14)
        assert len(by_engine) == 3
        assert run.row("all 27 entries:       at most")[0] < 1e-15

    @pytest.mark.parametrize("task", ["or", "xor"])
    @pytest.mark.parametrize("rule", delta_notation.RULES)
    def test_the_tally_is_that_of_other_arithmetic(self, task: str, rule: str) -> None:
        rate, *found = demo("delta_notation").row(f"{task:4} {rule}")
        errors = from_all_starts(task, rule, 600)
        learnt = (errors < 0.01).any(axis=0)
        ends = np.where(learnt, (errors < 0.01).argmax(axis=0), 600)
        climb = sum((np.diff(run[: end + 1]) > 0).any() for run, end in zip(errors.T, ends))
        taken = [ends[learnt].min(), ends[learnt].max()] if learnt.any() else []
        expected = [learnt.sum(), *taken, np.median(errors[ends, range(20)]), climb]
        assert rate == delta_notation.RULES[rule][2]
        assert found == pytest.approx(expected, rel=2e-3)

    def test_what_is_said_of_the_tally(self) -> None:
        run = demo("delta_notation")

        def learnt(task: str, rule: str) -> float:
            return run.row(f"{task:4} {rule}")[1]

        for rule in ("every σ′", "no σ′ at the output"):
            assert learnt("or", rule) == 20 >= learnt("xor", rule) >= 18
            assert run.row(f"or   {rule}")[-1] == run.row(f"xor  {rule}")[-1] == 0
        assert learnt("or", "none, small steps") < learnt("or", "no σ′ at all") < 20
        assert learnt("or", "no σ′ at all") > 10
        for rule in ("no σ′ at all", "none, small steps"):
            _, none, _, climb = run.row(f"xor  {rule}")
            assert (none, climb > 0) == (0, True)
            assert from_all_starts("xor", rule, 600)[-1] == pytest.approx(0.5, abs=0.01)
            for task, some in ("or", True), ("xor", False):
                later = (from_all_starts(task, rule, 6_000) < 0.01).any(axis=0)
                assert (later.any(), later.all()) == (some, False)
        for task in ("or", "xor"):
            assert (from_all_starts(task, "every σ′", 6_000) < 0.01).any(axis=0).all()
        readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
        count = learnt("or", "no σ′ at all")
        assert f"{count:g} of 20 starts learn `or`, and none learns xor" in readme
        assert f"{count:g} learn “or” and 0 learn “xor”" in run.svg

    def test_without_hidden_factors_the_neurons_of_a_layer_take_parallel_steps(self) -> None:
        weights, inputs = matrices_of(model_from(1)), delta_notation.INPUTS
        layers = delta_notation.forward(weights, inputs)
        for rule, ranks in ("every σ′", [3, 3, 1]), ("no σ′ at all", [1, 1, 1]):
            steps = delta_notation.deltas(weights, layers, delta_notation.TASKS["xor"], rule)
            assert [np.linalg.matrix_rank(step, tol=1e-9) for step in steps] == ranks

    def test_the_errors_from_all_starts_are_drawn_within_their_charts(self) -> None:
        root = ET.fromstring(demo("delta_notation").svg)
        charts = [panel for panel in root.iter(f"{SVG}svg") if panel is not root][:4]
        for chart in charts:
            lines = [mark for mark in chart if mark.get("stroke-width") == "0.8"]
            assert [line.get("stroke") for line in lines] == ["#0072b2"] * 20 + ["#d55e00"] * 20
            for line in lines:
                places = [
                    [float(x) for x in place.split()] for place in line.get("d", "")[1:].split("L")
                ]
                assert places[0][0] == 0
                assert all(0 <= x <= 150 and 0 < y < 250 for x, y in places)

    def test_uphill_is_a_direction_and_no_overshooting(self) -> None:
        rule, targets = "none, small steps", delta_notation.TASKS["xor"]
        inputs, climbed = delta_notation.INPUTS, 0
        for weights in starts_from(1):
            errors = delta_notation.descend(weights, targets, rule)
            for before, after in pairwise(errors):
                layers = delta_notation.forward(weights, inputs)
                steps = delta_notation.deltas(weights, layers, targets, rule)
                if after > before:
                    slopes = delta_notation.by_engine(weights, inputs, targets)
                    pairs = zip(slopes, delta_notation.flat(steps))
                    assert sum(slope * -step for slope, step in pairs) > 0
                    climbed += 1
                weights = [
                    [[w - 0.02 * d for w, d in zip(*rows)] for rows in zip(*both)]
                    for both in zip(weights, steps)
                ]
            if climbed:
                return
        pytest.fail("nothing climbs")

    def test_whose_gradient_it_is(self) -> None:
        run = demo("delta_notation")
        start = next(i for i, line in enumerate(run.lines) if line.startswith("3. Whose"))
        rows = [numbers(line) for line in run.lines[start + 2 : start + 5]]
        assert max(rows[0] + rows[1]) < 1e-14
        everything, w1, w2, w3 = rows[2]
        assert min(everything, w1, w2) > 0.01
        assert w3 < 1e-14

    def test_the_jacobian_is_the_one_of_differences(self) -> None:
        weights, targets = matrices_of(model_from(1)), delta_notation.TASKS["xor"]
        rule, h = "no σ′ at all", 1e-5
        found = delta_notation.jacobian(weights, targets, rule)

        def field(layer: int, i: int, j: int, by: float) -> list[float]:
            moved = [[[*row] for row in w] for w in weights]
            moved[layer][i][j] += by
            layers = delta_notation.forward(moved, delta_notation.INPUTS)
            return delta_notation.flat(delta_notation.deltas(moved, layers, targets, rule))

        places = [
            (k, i, j)
            for k, w in enumerate(weights)
            for i, row in enumerate(w)
            for j, _ in enumerate(row)
        ]
        for column, place in enumerate(places):
            high, low = field(*place, h), field(*place, -h)
            slopes = [(a - b) / (2 * h) for a, b in zip(high, low)]
            assert [row[column] for row in found] == pytest.approx(slopes, abs=1e-8)

    def test_measures(self) -> None:
        assert delta_notation.asymmetry([[1.0, 2.0], [2.0, 3.0]], 0, 2) == 0
        assert delta_notation.asymmetry([[0.0, 2.0], [-2.0, 0.0]], 0, 2) == 1
        assert (
            delta_notation.asymmetry([[9.0, 9.0, 9.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], 1, 3) == 0
        )
        assert delta_notation.span([3, 1, 2]) == "1 to 3"
        assert delta_notation.span([]) == "-"


@pytest.mark.thorough
class TestUntilCorrect:
    def test_it_stops_when_all_are_correct(self) -> None:
        run = demo("until_correct")
        (epochs,) = run.row("all correct after")
        table = [numbers(line) for line in run.lines if re.match(r" *\d+ +0\.", line)]
        assert [row[0] for row in table] == [*range(0, int(epochs), 50), epochs]
        for _, error, correct, *answers in table:
            targets = [0, 1, 1, 0]
            assert correct == sum((a > 0.5) == t for a, t in zip(answers, targets))
            errors = [(a - t) ** 2 / 2 for a, t in zip(answers, targets)]
            assert error == pytest.approx(sum(errors), abs=2e-4)
        assert [row[2] == 4 for row in table] == [False] * (len(table) - 1) + [True]

    def test_an_epoch_updates_after_every_example(self) -> None:
        model, other = until_correct.build(3), until_correct.build(3)
        answers = until_correct.until_correct(model)
        next(answers)
        second = next(answers)
        for inputs, target in until_correct.EXAMPLES:
            error = (other(inputs) - target) ** 2 / 2
            other.zero_grad()
            error.backward()
            for p in other.parameters():
                p.data -= 2.0 * p.grad
        assert model.state_dict() == other.state_dict()
        assert second == [other(inputs).data for inputs, _ in until_correct.EXAMPLES]

    def test_how_many_seeds_reach_it(self) -> None:
        run = demo("until_correct")
        four = run.row("4 hidden neurons, weights in ±0.5:")
        two = run.row("2 hidden neurons, weights in ±0.5:")
        assert four[:2] == [20, 20]
        assert 0 < two[0] < 20 == two[1]
        assert 0 < four[2] < four[3] < 500
        assert run.row("4 hidden neurons, weights in ±0:") == [0, 1]
        assert run.row("hidden neurons that differ, after that:") == [1]

    def test_the_weights_are_small_and_random(self) -> None:
        for seed in range(20):
            weights = [w.data for w in until_correct.build(seed).parameters()]
            assert max(map(abs, weights)) <= 0.5
            assert len({*weights}) == 12 + 1  # the biases are 0

    def test_a_limit_that_is_reached_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(until_correct, "LIMIT", 3)
        monkeypatch.setattr(until_correct, "SEEDS", 1)
        assert until_correct.main([str(tmp_path / "x.svg")]) == 0
        output = capsys.readouterr().out
        assert "\nstopped after 3 epochs\n" in output
        assert "0 of 1 reach it\n" in output
        assert "stopped after 3 epochs" in (tmp_path / "x.svg").read_text(encoding="utf-8")
