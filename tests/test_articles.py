"""The demos of the two articles print and draw numbers that are known from elsewhere."""

from __future__ import annotations

import functools
import importlib
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import test_golden as golden
from hypothesis import given
from hypothesis import strategies as st

from demos import (
    delta_notation,
    drop_sigma_prime,
    fit_a_line,
    gradient_descent,
    imitate,
    ten_thousand_steps,
    until_correct,
)
from demos.drawing import shade
from demos.matrices import Matrix, flat, random_layers
from micrograd_like import Value, fsum, gradients, optim, sigmoid, softplus
from micrograd_like.drawing.charts import Panel, spread
from micrograd_like.nn import MLP

ROOT = Path(__file__).resolve().parent.parent
SVG = "{http://www.w3.org/2000/svg}"
NAMES = (
    "gradient_descent",
    "fit_a_line",
    "backprop_by_hand",
    "ten_thousand_steps",
    "imitate",
    "delta_notation",
    "drop_sigma_prime",
    "until_correct",
)
SEEDED = ("imitate", "delta_notation", "drop_sigma_prime", "until_correct")
SHORTER = {  # the same work in small, where it is done twice
    "gradient_descent": "pass",
    "fit_a_line": "demo.RATE = 0.03",
    "backprop_by_hand": "pass",
    "ten_thousand_steps": "demo.STEPS = 200",
    "imitate": "demo.EPOCHS = 1",
    "delta_notation": "demo.LIMIT = 50",
    "drop_sigma_prime": "demo.STARTS = 1",
    "until_correct": "demo.SURVEY, demo.LIMIT = ((2, 0.5, 2),), 20",
}
# they train for seconds
LONG = ("ten_thousand_steps", "imitate", "drop_sigma_prime", "until_correct")
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
        assert float(root.get("width", "")) <= 1200  # of a screen
        for element in root.iter():
            for attribute, value in element.items():
                assert not re.search(r"(?i)\b(nan|-?inf)", value), (attribute, value)
        width, height = float(root.get("width", "")), float(root.get("height", ""))
        for group in root.findall(f"{SVG}g[{SVG}svg]"):  # the panels of a chart
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
        for step, row in table("y = (x + 2)²").items():
            distance = 2 * 0.8**step
            x, y, slope, mirrored, same, opposite = row
            assert x == pytest.approx(-2 + distance, abs=6e-7)
            assert mirrored == pytest.approx(-2 - distance, abs=6e-7)
            assert y == same == pytest.approx(distance**2, abs=6e-7)
            assert slope == -opposite == pytest.approx(2 * distance, abs=6e-7)
        assert table("y = (x + 2)²")[0] == [0, 4, 4, -4, 4, -4]

    def test_the_other_functions_descend_by_their_textbook_slopes(self) -> None:
        known = {
            "y = x⁴ − 2x² + x/2": (lambda x: 4 * x**3 - 4 * x + 0.5, [0.0, 0.5]),
            "y = tanh(x)²": (lambda x: 2 * math.tanh(x) / math.cosh(x) ** 2, [1.0, 3.5]),
        }
        for name, (slope, places) in known.items():
            shown = table(name)
            for step in range(61):
                if step in shown:
                    assert shown[step][::3] == pytest.approx(places, abs=6e-7)
                    assert shown[step][2::3] == pytest.approx([*map(slope, places)], abs=6e-7)
                places = [x - 0.1 * slope(x) for x in places]

    def test_what_is_said_of_them(self) -> None:
        left, right = table("y = x⁴ − 2x² + x/2")[60][::3]
        assert left < -1 < 0 < right
        near, far = table("y = tanh(x)²")[60][::3]
        assert (near, far) == (pytest.approx(0, abs=1e-3), pytest.approx(3.5, abs=0.1))

    @pytest.mark.parametrize(
        ("rate", "words"),
        {
            0.1: "",
            0.5: "0.5 is there in one step",
            0.9: "0.9 comes down from side to side",
            1.0: "1 jumps back and forth for ever",
            1.1: "1.1 climbs out, ever faster",
        }.items(),
    )
    def test_small_and_large_steps(self, rate: float, words: str) -> None:
        places = [-2 + 2 * (1 - 2 * rate) ** step for step in range(6)]
        shown = demo("gradient_descent").row(f"rate {rate}    ")
        assert shown == pytest.approx(places[1:], abs=6e-4)
        assert words in " ".join(gradient_descent.RATES.split())
        distances = [abs(x + 2) for x in places]
        true = {
            "climbs out": all(a < b for a, b in pairwise(distances)),
            "back and forth": all(a == b for a, b in pairwise(distances)),
            "in one step": distances[1] == 0,
            "side to side": places[1] < -2 < places[2] and distances[2] < distances[0],
        }
        assert [name for name in true if true[name]] == [name for name in true if name in words]

    def test_the_steps_are_drawn_on_the_parabola(self) -> None:
        small, large, *_ = circles(demo("gradient_descent").svg)
        plane = Panel((210, 300), spread([-4, 0]), spread([0, 4]))
        distances = [2 * 0.8**step for step in range(61)]
        expected = [plane.at(-2 + d, d * d) for d in distances]
        expected += [plane.at(-2 - d, d * d) for d in distances]
        assert small == [pytest.approx(place, abs=0.051) for place in expected]
        assert len(large) == 3 * 6


def table(name: str) -> dict[int, list[float]]:
    """Return the rows of a function's table of steps."""
    lines = demo("gradient_descent").lines
    start = lines.index(name) + 2
    rows = [numbers(line) for line in lines[start : start + 6]]
    return {int(step): row for step, *row in rows}


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
        (start,) = (i for i, line in enumerate(lines) if f"W = {w}: the error" in line)
        assert numbers(lines[start])[:2] == [w, sum(squares)]
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

    def test_a_step_up_and_a_step_down(self) -> None:
        told = [line for line in demo("fit_a_line").lines if ": the error" in line]
        assert [numbers(line)[0] for line in told] == [3, 4, 2]
        assert "rises" in told[1]

    def test_the_misprints_are_none_of_ours(self) -> None:
        run = demo("fit_a_line")
        assert "Beware of misprints" in "\n".join(run.lines)
        for w, wrong in (3, [1, 2, 3, 2, 4]), (2, [1, 2, 3, 1, 0]):
            assert [1, 2, w, abs(w - 2), (w - 2) ** 2] != wrong
            assert [1, 2, w, abs(w - 2), (w - 2) ** 2] in [numbers(line) for line in run.lines]

    def test_the_error_and_its_slope_over_the_weight(self) -> None:
        run = demo("fit_a_line")
        weights, errors, slopes = run.row("W       "), run.row("squared error"), run.row("slope  ")
        assert weights == [k / 2 for k in range(9)]
        assert errors == [5 * (w - 2) ** 2 for w in weights]
        assert slopes == [10 * (w - 2) for w in weights]

    @pytest.mark.parametrize("start", [4.0, 0.0])
    def test_gradient_descent_finds_it(self, start: float) -> None:
        path = gradient_descent.descend(fit_a_line.error_of, start, fit_a_line.RATE, 60)
        lines = demo("fit_a_line").lines
        (first,) = (i for i, line in enumerate(lines) if f"from W = {start:g}:" in line)
        shown = {int(step): row for step, *row in map(numbers, lines[first + 1 : first + 7])}
        for step, (w, error, slope) in enumerate(path):
            assert w == pytest.approx(2 + (start - 2) * 0.7**step, rel=1e-12)
            assert error == pytest.approx(20 * 0.49**step, rel=1e-3, abs=1e-25)
            assert slope == pytest.approx(10 * (start - 2) * 0.7**step, rel=1e-3, abs=1e-14)
            if step in shown:
                assert shown[step] == pytest.approx([w, error, slope], abs=6e-10)


class TestBackpropByHand:
    def test_every_step_has_the_number_that_its_formula_gives(self) -> None:
        known = {f"w{k}": w for k, w in enumerate(golden.WEIGHTS, 1)}
        known |= {f"i{k}": x for k, x in enumerate(golden.INPUTS, 1)}
        known |= {f"b{k}": b for k, b in enumerate(golden.BIASES, 1)}
        known |= {f"target_o{k}": t for k, t in enumerate(golden.TARGETS, 1)}
        shown = []
        for line in demo("backprop_by_hand").lines:
            if found := re.match(r"   (\S+|new \S+) +(\S+) = (.+)$", line):
                name, formula = python(found[1]), python(found[3])
                known[name] = eval(formula, {"exp": math.exp}, known)
                assert float(found[2]) == pytest.approx(known[name], abs=6e-10)
                shown.append(name)
        assert len(shown) == 30
        assert (known["out_o1"], known["out_o2"]) == pytest.approx(golden.OUTPUTS, rel=1e-13)
        assert known["E"] == pytest.approx(golden.ERROR, rel=1e-13)
        assert known["new_w1"] == pytest.approx(golden.AFTER_ONE_STEP[0], rel=1e-13)
        assert known["new_w5"] == pytest.approx(golden.AFTER_ONE_STEP[4], rel=1e-13)

    def test_the_article_s_numbers(self) -> None:
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
            "∂net_o1/∂w5": 0.593269992,
            "new w5": 0.358916480,
            "∂E/∂net_o1": 0.138498562,
            "∂E_o1/∂out_h1": 0.055399425,
            "∂E_o2/∂out_h1": -0.019049118,  # the article has ...119, from rounded factors
            "∂E/∂out_h1": 0.036350306,
            "∂out_h1/∂net_h1": 0.241300709,
            "∂net_h1/∂w1": 0.05,
            "new w1": 0.149780716,
        }.items():
            (line,) = (line for line in run.lines if re.match(rf" +{name} .* = ", line))
            assert float(line.partition(" = ")[0].split()[-1]) == number

    def test_by_hand_and_by_the_engine(self) -> None:
        run, by_hand = demo("backprop_by_hand"), dict[str, float]()
        for line in run.lines:
            if found := re.match(r"   ∂E/∂([wb]\d) {6,}(\S+) = ", line):
                by_hand[found[1]] = float(found[2])
        assert by_hand.keys() == {"w1", "w5", "b1", "b2"}
        by_engine = {
            found[1]: (float(found[2]), float(found[3]))
            for line in run.lines
            if (found := re.match(r"   ∂E/∂(\w\d) = +(\S+) +new \1 = (\S+)$", line))
        }
        assert by_hand.items() <= {name: slope for name, (slope, _) in by_engine.items()}.items()
        new = [by_engine[f"w{k}"][1] for k in range(1, 9)]
        assert new == pytest.approx(golden.AFTER_ONE_STEP, abs=6e-10)
        for k, b in enumerate(golden.BIASES, 1):
            slope, changed = by_engine[f"b{k}"]
            assert changed == pytest.approx(b - 0.5 * slope, abs=1e-9)

    def test_the_slopes_of_the_biases_are_those_of_differences(self) -> None:
        run = demo("backprop_by_hand")
        for k, (b1, b2) in enumerate(((1e-6, 0), (0, 1e-6)), 1):
            up, down = (error_at(golden.WEIGHTS, sign * b1, sign * b2) for sign in (1, -1))
            (line,) = (line for line in run.lines if re.match(rf"   ∂E/∂b{k}  .*\+", line))
            assert float(line.split()[1]) == pytest.approx((up - down) / 2e-6, abs=1e-9)

    def test_the_factors_by_hand_are_the_partials_that_are_drawn(self) -> None:
        run = demo("backprop_by_hand")
        words = set(re.findall(r">([^<]+)</text>", run.svg))
        for line in run.lines:
            if found := re.match(r"   ∂(?:out|net)_\w+/∂\w+ +(\S+) = ", line):
                assert f"{float(found[1]):.4g}" in words
        assert {"w1", "b2", "net_h1", "out_o2"} <= words


@pytest.mark.thorough
class TestTenThousandSteps:
    def test_both_ends(self) -> None:
        rows = [numbers(line) for line in demo("ten_thousand_steps").lines]
        weights_alone, biases_too = (row for row in rows if row[:1] == [10_000] and len(row) == 4)
        assert weights_alone[1:] == pytest.approx(
            [golden.ERROR_AFTER_TEN_THOUSAND_STEPS, *golden.OUTPUTS_AFTER_TEN_THOUSAND_STEPS],
            abs=6e-10,
        )
        first = next(r for r in rows if r[:1] == [1] and len(r) == 4)
        assert first[1] == pytest.approx(golden.ERROR_AFTER_ONE_STEP, abs=6e-11)
        assert biases_too[1] < weights_alone[1] / 5

    def test_the_figures_of_another_text_are_of_another_order(self) -> None:
        said = " ".join(ten_thousand_steps.ELSEWHERE.split())
        in_order, outputs_first = trajectory(outputs_first=False), trajectory(outputs_first=True)
        assert f"{in_order[9_999][0]:.10f}" == "0.0000351085" in said
        assert f"{outputs_first[1][0]:.9f}" == "0.291027924" in said
        assert f"{in_order[1][0]:.9f}" == "0.291027774"
        for output in outputs_first[10_000][1:]:
            assert f"{output:.9f}" in said


def error_at(weights: Sequence[float], more_b1: float = 0, more_b2: float = 0) -> float:
    """Return E, with something added to the biases."""
    return forward_and_back(weights, more_b1, more_b2)[0]


def trajectory(outputs_first: bool) -> list[tuple[float, float, float]]:
    """Return E and both outputs, before and after each of ten thousand steps in plain floats.

    With ``outputs_first``, the hidden slopes are those beside the weights w5 ... w8 after the step.
    """
    weights, found = [*golden.WEIGHTS], []
    for _ in range(10_001):
        *state, slopes = forward_and_back(weights)
        found.append((state[0], state[1], state[2]))
        new = [w - 0.5 * slope for w, slope in zip(weights, slopes)]
        if outputs_first:
            *_, slopes = forward_and_back(weights, back=new)
            new[:4] = [w - 0.5 * slope for w, slope in zip(weights[:4], slopes)]
        weights = new
    return found


def forward_and_back(
    weights: Sequence[float], more_b1: float = 0, more_b2: float = 0, back: Sequence[float] = ()
) -> tuple[float, float, float, list[float]]:
    """Return E, both outputs and the slopes; ``back`` holds the weights that lead back."""
    (i1, i2), (b1, b2), back = golden.INPUTS, golden.BIASES, back or weights
    w1, w2, w3, w4, w5, w6, w7, w8 = weights
    h1, h2 = (
        1 / (1 + math.exp(-(u * i1 + v * i2 + b1 + more_b1))) for u, v in ((w1, w2), (w3, w4))
    )
    o1, o2 = (
        1 / (1 + math.exp(-(u * h1 + v * h2 + b2 + more_b2))) for u, v in ((w5, w6), (w7, w8))
    )
    d1, d2 = ((o - t) * o * (1 - o) for o, t in zip((o1, o2), golden.TARGETS))
    e1 = (d1 * back[4] + d2 * back[6]) * h1 * (1 - h1)
    e2 = (d1 * back[5] + d2 * back[7]) * h2 * (1 - h2)
    error = sum((o - t) ** 2 / 2 for o, t in zip((o1, o2), golden.TARGETS))
    slopes = [e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2]
    return error, o1, o2, slopes


def python(formula: str) -> str:
    """Return a printed formula as Python."""
    formula = re.sub(r"∂(\w+)/∂(\w+)", r"d\1_d\2", formula).replace("new ", "new_")
    return formula.replace("·", "*").replace("²", "**2")


class TestImitate:
    @pytest.mark.thorough
    def test_the_student_succeeds_with_another_shape(self) -> None:
        run = demo("imitate")
        teacher, student = (re.findall(r"\d+ (?:tanh|linear)", run.lines[i]) for i in (0, 1))
        assert len(teacher) != len(student)
        assert not {*teacher[:-1]} & {*student[:-1]}
        rows = [run.row(f"after epoch {epoch}  ") for epoch in (0, 1, 2, 5, 10, 15, 20, 25)]
        assert rows[-1][1] < rows[0][1] / 1000
        off, percent = run.row("On the 100 held out, the student is off by")[:2]
        assert off == pytest.approx(math.sqrt(rows[-1][1]), abs=6e-4)
        assert f"the student is off by {off:.3f}, {percent}% of" in run.svg

    def test_both_errors_are_those_after_the_epoch(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(imitate, "EPOCHS", 1)
        models, fit = [], imitate.training.fit

        def fitting(model: MLP, data: Any, **settings: Any) -> Any:
            models.append((model, data))
            return fit(model, data, **settings)

        monkeypatch.setattr(imitate.training, "fit", fitting)
        assert imitate.main([str(tmp_path / "x.svg")]) == 0
        (row,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("after epoch 1 "))
        ((student, rows),) = models
        errors = [(student(x).data - target) ** 2 for x, target in rows]
        assert numbers(row)[1] == pytest.approx(sum(errors) / 300, abs=6e-7)

    @pytest.mark.thorough
    def test_the_seed_is_a_typical_one(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shares = [8.3, 4.6, 4.7, 8.2, 4.9, 13.0, 9.1, 3.0, 2.9, 3.6, 5.6, 5.2]  # of seeds 1 to 12
        for seed in 6, 9, 12:  # the worst, the best, the demo's own
            assert imitate.main([str(tmp_path / "x.svg"), "--seed", str(seed)]) == 0
            (found,) = re.findall(r"([\d.]+)% of the answers' standard", capsys.readouterr().out)
            assert float(found) == shares[seed - 1]
        middle = statistics.median(shares)
        assert demo("imitate").row("Over the seeds 1 to 12 it is off by") == [
            min(shares),
            max(shares),
            pytest.approx(middle, abs=0.06),
        ]
        assert shares[11] == pytest.approx(middle, abs=0.3)

    @pytest.mark.thorough
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
        assert imitate.main([str(tmp_path / "x.svg")]) == 0
        output = capsys.readouterr().out
        assert re.findall(r"after epoch (\d+)", output) == ["0", "1"]
        ET.parse(tmp_path / "x.svg")


def start_of(rng: random.Random) -> Any:
    """Return the layers that the demos of matrices start from."""
    return random_layers(delta_notation.SIZES, rng)


def array(matrix: Matrix) -> Any:
    """Return a matrix as NumPy's array."""
    return np.array(matrix.rows)


def model_from(seed: int) -> MLP:
    """Return the network that the demo of delta notation starts from, made by the library."""
    model = MLP(2, [4, 3, 1], activation=["sigmoid"] * 3)
    for layer, (w, b) in zip(model.layers, start_of(random.Random(seed))):
        for neuron, row, [shift] in zip(layer.neurons, w.rows, b.rows):
            assert neuron.b is not None
            neuron.b.data = shift
            for weight, number in zip(neuron.w, row):
                weight.data = number
    return model


EXAMPLES = [([0.0, 0.0], 0), ([0.0, 1.0], 1), ([1.0, 0.0], 1), ([1.0, 1.0], 0)]


class TestDeltaNotation:
    @given(st.integers(0, 10_000))
    def test_the_matrices_agree_with_the_engine(self, seed: int) -> None:
        layers = start_of(random.Random(seed))
        outs = delta_notation.forward(layers, delta_notation.X)
        deltas = delta_notation.deltas(layers, outs, delta_notation.T)
        found = flat(delta_notation.slopes_of(deltas, outs))
        model = model_from(seed)
        errors = [(model(inputs) - target) ** 2 / 2 for inputs, target in EXAMPLES]
        total = fsum(errors)
        total.backward()
        assert delta_notation.error_of(outs, delta_notation.T) == pytest.approx(total.data)
        slopes = [
            [[w.grad for n in layer.neurons for w in n.w], [n.b.grad for n in layer.neurons]]
            for layer in model.layers
        ]
        expected = [slope for layer in slopes for part in layer for slope in part]
        largest = max(map(abs, expected))
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-13 * largest)

    def test_what_is_printed_is_what_numpy_finds(self) -> None:
        layers = [(array(w), array(b)) for w, b in start_of(random.Random(1))]
        outs, x, t = [array(delta_notation.X)], "X", array(delta_notation.T)
        for k, (w, b) in enumerate(layers, 1):
            net = w @ outs[-1] + b
            outs.append(1 / (1 + np.exp(-net)))
            assert printed(f"Net{SUB[k]} = W{SUB[k]} {x} + b{SUB[k]}") == near([*net, *outs[-1]], k)
            x = f"out{SUB[k]}"
        delta = (outs[3] - t) * outs[3] * (1 - outs[3])
        for k, start in (3, "δ₃ = (out₃ − T) ∘ σ′₃"), (2, "δ₂ = (W₃ᵀ δ₃) ∘"), (1, "δ₁ = (W₂ᵀ"):
            slopes = np.hstack([delta @ outs[k - 1].T, delta.sum(axis=1, keepdims=True)])
            assert printed(start) == near([*delta, *slopes], k)
            delta = layers[k - 1][0].T @ delta * outs[k - 1] * (1 - outs[k - 1])

    def test_the_engine_and_xor(self) -> None:
        run = demo("delta_notation")
        assert run.row("The engine's slopes differ by at most")[0] < 1e-15
        (said,) = (line for line in run.lines if line.startswith("After"))
        updates, alpha, error = numbers(said.rstrip("."))
        assert alpha == delta_notation.ALPHA
        assert error < delta_notation.ENOUGH
        errors = from_all_starts("xor", GRADIENT, [1], 1, int(updates), rate=alpha)
        assert errors[-1, 0] == pytest.approx(error, abs=6e-7)
        assert errors[-2, 0] > delta_notation.ENOUGH

    def test_sigma_prime_is_at_most_a_quarter(self) -> None:
        slopes = []
        for k in range(-400, 401):
            net = Value(k / 100)
            sigmoid(net).backward()
            slopes.append(net.grad)
        assert max(slopes) == slopes[400] == 0.25

    @given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.randoms())
    def test_products_are_numpy_s(self, m: int, n: int, k: int, rng: random.Random) -> None:
        a = [[rng.uniform(-9, 9) for _ in range(n)] for _ in range(m)]
        b = [[rng.uniform(-9, 9) for _ in range(k)] for _ in range(n)]
        product, column = Matrix(a) @ Matrix(b), Matrix(row[:1] for row in a)
        assert array(product) == pytest.approx(np.array(a) @ np.array(b))
        assert array(Matrix(a).T).tolist() == np.array(a).T.tolist()
        assert array(Matrix(a).sums()) == pytest.approx(np.array(a).sum(axis=1, keepdims=True))
        assert array(Matrix(a) - column).tolist() == (np.array(a) - array(column)).tolist()
        assert array(2 * (1 - Matrix(a))).tolist() == (2 * (1 - np.array(a))).tolist()

    def test_matrices_that_do_not_fit_are_refused(self) -> None:
        two, three = Matrix([[1.0, 2.0]] * 2), Matrix([[1.0, 2.0]] * 3)
        for wrong in (lambda: two + three, lambda: two * three.T, lambda: two @ three):
            with pytest.raises(ValueError, match=r"2×2 with [23]×[23]|2 columns times 3 rows"):
                wrong()


SUB = "₀₁₂₃"


def printed(start: str) -> list[list[float]]:
    """Return the numbers below a name: the rows of the left matrix, then those of the right."""
    lines = demo("delta_notation").lines
    (first,) = (i for i, line in enumerate(lines) if line.strip().startswith(start))
    rows = lines[first + 1 : lines.index("", first)]
    return [numbers(row[:40]) for row in rows] + [numbers(row[40:]) for row in rows]


def near(rows: Sequence[Any], k: int) -> list[Any]:
    """Return rows to compare with, one for each neuron of layer k, twice."""
    assert len(rows) == 2 * (4, 3, 1)[k - 1]
    return [pytest.approx([*row], abs=6e-6) for row in rows]


def from_all_starts(
    task: str, rule: str, seeds: Sequence[int], starts: int, steps: int, rate: float | None = None
) -> Any:
    """Return E by step and start as NumPy finds it, all starts at once, on to the last step."""
    kept, number = drop_sigma_prime.RULES[rule], len(seeds) * starts
    rate = kept.rate if rate is None else rate
    networks = [start_of(rng) for rng in map(random.Random, seeds) for _ in range(starts)]
    layers = [
        tuple(np.array([network[k][part].rows for network in networks]) for part in (0, 1))
        for k in range(3)
    ]
    targets = np.array([[t or (task == "or" and x == [1, 1]) for x, t in EXAMPLES]], dtype=float)
    errors = []
    for _ in range(steps + 1):
        outs = [np.broadcast_to(np.array([x for x, _ in EXAMPLES]).T, (number, 2, 4))]
        for w, b in layers:
            outs.append((1 + np.tanh((w @ outs[-1] + b) / 2)) / 2)
        error = outs[3] - targets
        errors.append((error**2).sum(axis=(1, 2)) / 2)
        new = []
        for k in (2, 1, 0):
            (w, b), out = layers[k], outs[k + 1]
            delta = error * out * (1 - out)
            own = delta if (kept.output if k == 2 else kept.hidden) else error
            below = outs[k].swapaxes(1, 2)
            new.insert(0, (w - rate * own @ below, b - rate * own.sum(axis=2, keepdims=True)))
            error = w.swapaxes(1, 2) @ (own if kept.back else error)
        layers = new
    return np.array(errors)


X = delta_notation.X
GRADIENT, BOOK, OUTPUT, NONE = drop_sigma_prime.RULES
SEEDS, RATES = range(1, 7), (0.2, 0.5, 1, 2, 5, 10)


def learnt(task: str, rule: str, rate: float | None = None) -> list[int]:
    """Return how many of 20 starts of each seed learn a task in 600 steps."""
    ends = (from_all_starts(task, rule, SEEDS, 20, 600, rate) < 0.01).any(axis=0)
    return [int(part.sum()) for part in ends.reshape(len(SEEDS), 20)]


def steps_taken(task: str, rule: str, rate: float | None = None) -> Any:
    """Return the median of the steps to it, by seed."""
    below = from_all_starts(task, rule, SEEDS, 20, 600, rate) < 0.01
    steps = np.where(below.any(axis=0), below.argmax(axis=0), 10_000)
    return np.median(steps.reshape(len(SEEDS), 20), axis=1)


class TestDroppedFactors:
    @given(st.integers(0, 10_000))
    def test_what_each_rule_drops(self, seed: int) -> None:
        layers, targets = start_of(random.Random(seed)), delta_notation.T
        true = delta_notation.deltas(layers, outs := delta_notation.forward(layers, X), targets)
        found = {
            name: [delta.rows for delta in drop_sigma_prime.deltas(rule, layers, outs, targets)]
            for name, rule in drop_sigma_prime.RULES.items()
        }
        assert found[GRADIENT] == [delta.rows for delta in true]
        assert found[BOOK][2] == true[2].rows
        own = array(outs[2]) * (1 - array(outs[2]))
        error = array(outs[3]) - array(targets)
        back = array(layers[2][0]).T @ error  # without σ′ of the output
        assert np.array(found[BOOK][1]) == pytest.approx(back * own)
        own = array(outs[1]) * (1 - array(outs[1]))
        back = array(layers[1][0]).T @ back  # nor σ′ of the layer above
        assert np.array(found[BOOK][0]) == pytest.approx(back * own)
        assert np.array(found[NONE][0]) == pytest.approx(back)

    @given(st.integers(0, 10_000))
    def test_without_the_output_s_it_is_the_gradient_of_the_cross_entropy(self, seed: int) -> None:
        layers, targets = start_of(random.Random(seed)), delta_notation.T
        outs = delta_notation.forward(layers, X)
        deltas = drop_sigma_prime.deltas(drop_sigma_prime.RULES[OUTPUT], layers, outs, targets)
        values = [(w.map(Value), b.map(Value)) for w, b in layers]
        (w, b), below = values[-1], delta_notation.forward(values, X)[-2]
        nets = zip((w @ below + b).rows[0], targets.rows[0])
        error = fsum([softplus(net) - target * net for net, target in nets])
        expected = gradients(error, flat(values))
        found = flat(delta_notation.slopes_of(deltas, outs))
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-14)

    def test_only_the_gradients_are_symmetric(self) -> None:
        layers = start_of(random.Random(5))
        found = [
            drop_sigma_prime.asymmetry(layers, rule) for rule in drop_sigma_prime.RULES.values()
        ]
        assert found[0] < 1e-14 > found[2]
        assert min(found[1], found[3]) > 0.1

    def test_without_hidden_factors_the_neurons_of_a_layer_take_parallel_steps(self) -> None:
        layers, targets = start_of(random.Random(1)), delta_notation.T
        outs = delta_notation.forward(layers, X)
        for name, ranks in (GRADIENT, [3, 3, 1]), (NONE, [1, 1, 1]):
            deltas = drop_sigma_prime.deltas(drop_sigma_prime.RULES[name], layers, outs, targets)
            slopes = [
                np.hstack([*map(array, layer)]) for layer in delta_notation.slopes_of(deltas, outs)
            ]
            assert [np.linalg.matrix_rank(step, tol=1e-9) for step in slopes] == ranks

    @pytest.mark.thorough
    @pytest.mark.parametrize("rule", drop_sigma_prime.RULES)
    def test_the_tally_is_that_of_other_arithmetic(self, rule: str) -> None:
        rate, *found, asymmetry = demo("drop_sigma_prime").row(rule)
        assert rate == drop_sigma_prime.RULES[rule].rate
        for task in "or", "xor":
            below = from_all_starts(task, rule, [1, 2, 3], 10, 600) < 0.01
            ends = below.argmax(axis=0)[below.any(axis=0)]
            assert found[:2] == [len(ends), 30]
            if len(ends):
                assert found[2] == pytest.approx(np.median(ends), abs=1)
            found = found[3:]
        assert (asymmetry > 0.5) == (rule in (BOOK, NONE))
        assert asymmetry == 0 or rule in (BOOK, NONE)

    @pytest.mark.thorough
    def test_what_is_said_of_120_starts(self) -> None:
        said = " ".join("\n".join(demo("drop_sigma_prime").lines).split())
        gradient, book = sum(learnt("xor", GRADIENT)), sum(learnt("xor", BOOK))
        assert f"the gradient learns xor from {gradient}, the book's rule from {book}" in said
        readme = " ".join((ROOT / "demos" / "README.md").read_text(encoding="utf-8").split())
        assert f"xor from {book} of 120 starts, the gradient from all" in readme
        assert gradient == 120
        assert learnt("or", BOOK) == learnt("or", GRADIENT) == [20] * 6
        assert min(learnt("xor", BOOK)) > 10
        assert learnt("xor", NONE) == [0] * 6
        assert all(10 < count <= 20 for count in learnt("or", NONE))
        for rates in ({}, {"rate": 1}):
            ratios = steps_taken("xor", GRADIENT, **rates) / steps_taken("xor", BOOK, **rates)
            assert (ratios > 0.5).all() and (ratios < 2).all() if not rates else (ratios > 2).all()

    @pytest.mark.thorough
    @pytest.mark.parametrize("rule", drop_sigma_prime.RULES)
    def test_every_rule_has_its_best_rate(self, rule: str) -> None:
        task = "or" if rule == NONE else "xor"  # the last learns xor at none
        counts = {rate: sum(learnt(task, rule, rate)) for rate in RATES}
        assert max(counts, key=lambda rate: counts[rate]) == drop_sigma_prime.RULES[rule].rate
        if rule == NONE:
            assert not any(sum(learnt("xor", rule, rate)) for rate in RATES)

    @pytest.mark.thorough
    def test_the_errors_are_drawn_within_their_charts(self) -> None:
        root = ET.fromstring(demo("drop_sigma_prime").svg)
        charts = [panel for panel in root.iter(f"{SVG}svg") if panel is not root]
        assert len(charts) == 4
        for chart in charts:
            lines = [mark for mark in chart if mark.get("stroke-width") == "0.9"]
            assert [line.get("stroke") for line in lines] == ["#0072b2"] * 10 + ["#d55e00"] * 10
            for line in lines:
                places = [
                    [float(x) for x in place.split()] for place in line.get("d", "")[1:].split("L")
                ]
                assert all(0 <= x <= 210 and 0 < y < 300 for x, y in places)


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
        epochs = until_correct.until_correct(model)
        next(epochs)
        second = next(epochs)
        for inputs, target in until_correct.EXAMPLES:
            error = (other(inputs) - target) ** 2 / 2
            other.zero_grad()
            error.backward()
            for p in other.parameters():
                p.data -= 2.0 * p.grad
        assert model.state_dict() == other.state_dict()
        assert second.answers == [other(inputs).data for inputs, _ in until_correct.EXAMPLES]

    def test_how_many_seeds_reach_it(self) -> None:
        run = demo("until_correct")
        four = run.row("4 hidden neurons, weights in ±0.5:")
        two = run.row("2 hidden neurons, weights in ±0.5:")
        assert four[:2] == [10, 10]
        assert 0 < four[2] < four[3] < 500
        assert run.row("4 hidden neurons, weights in ±0:") == [0, 1]
        model = until_correct.build(0, 4, 0.0)
        assert len([*until_correct.until_correct(model)]) == 501
        assert len({tuple(w.data for w in neuron.w) for neuron in model.layers[0].neurons}) == 1
        epochs = epochs_of_two_hidden_neurons(5_000)
        in_time = [epoch for epoch in epochs if epoch <= 500]
        assert two == [len(in_time), 20, min(in_time), max(in_time)]
        more = [sum(epoch <= limit for epoch in epochs) for limit in (2_000, 5_000)]
        said = f"in 2,000 epochs {more[0]} of 20 reach the end, in 5,000 epochs {more[1]}."
        assert said in " ".join(" ".join(run.lines).split())

    def test_the_weights_are_small_and_random(self) -> None:
        for seed in range(20):
            weights = [w.data for w in until_correct.build(seed).parameters()]
            assert max(map(abs, weights)) <= 0.5
            assert len({*weights}) == 12 + 1  # the biases are 0

    def test_a_limit_that_is_reached_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(until_correct, "LIMIT", 3)
        monkeypatch.setattr(until_correct, "SURVEY", ((2, 0.5, 1),))
        assert until_correct.main([str(tmp_path / "x.svg")]) == 0
        output = capsys.readouterr().out
        assert "\nstopped after 3 epochs\n" in output
        assert "0 of 1 reach the end\n" in output
        assert "stopped after 3 epochs" in (tmp_path / "x.svg").read_text(encoding="utf-8")


def epochs_of_two_hidden_neurons(limit: int) -> list[int]:
    """Return after how many epochs all are correct, for each of 20 seeds that gets there."""
    models = [until_correct.build(seed, 2) for seed in range(20)]
    hidden = [model.layers[0].neurons for model in models]
    w = np.array([[[w.data for w in neuron.w] for neuron in neurons] for neurons in hidden])
    v = np.array([[w.data for w in model.layers[1].neurons[0].w] for model in models])
    b, c = np.zeros((20, 2)), np.zeros(20)
    inputs, targets = (np.array(column, float) for column in zip(*until_correct.EXAMPLES))
    ends: dict[int, int] = {}
    for epoch in range(limit + 1):
        h = 1 / (1 + np.exp(-(np.einsum("shi,ei->seh", w, inputs) + b[:, None])))
        answers = (h * v[:, None]).sum(axis=2) + c[:, None] > 0
        for seed in np.flatnonzero((answers == targets).all(axis=1)):
            ends.setdefault(int(seed), epoch)
        for x, target in zip(inputs, targets):
            h = 1 / (1 + np.exp(-(w @ x + b)))
            out = 1 / (1 + np.exp(-((h * v).sum(axis=1) + c)))
            delta = 2.0 * (out - target) * out * (1 - out)
            below = delta[:, None] * v * h * (1 - h)
            v, c = v - delta[:, None] * h, c - delta
            w, b = w - below[:, :, None] * x, b - below
    return [*ends.values()]
