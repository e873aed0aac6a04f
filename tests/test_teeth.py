"""Seeded bugs: each is written into a copy of the package, and the suite has to catch it.

A test that cannot fail protects nothing. These are bugs that engines of this kind have had, or
that a change here might make: a formula that cancels, a constant of six digits, a wrong threshold,
a swapped operand, a lost edge. Finite differences alone would let most of the first kind through.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Bug(NamedTuple):
    """What is replaced in a module, and the tests that have to fail then."""

    name: str
    module: str
    right: str
    wrong: str
    tests: str


DIGITS = "test_ops.py::test_value_and_both_derivatives_have_all_their_digits"
EDGES = "test_ops.py::test_edges"
ENGINE = "test_engine.py"
OPERATORS = "test_every_op.py::test_an_operator_is_its_row"

pytestmark = pytest.mark.thorough

BUGS = [
    # formulas that cancel
    Bug("tanh′ as 1 - tanh²", "ops", "lambda out, a: (sech2(a),)", "lambda out, a: (1 - out * out,)", f"{DIGITS}[tanh]"),
    Bug("sigmoid′ as σ(1 - σ)", "ops", "lambda out, a: (sech2(a / 2) / 4,)", "lambda out, a: (out * (1 - out),)", f"{DIGITS}[sigmoid]"),
    Bug("expm1′ as out + 1", "ops", "math.expm1,        lambda out, a: (exp(a),)", "math.expm1,        lambda out, a: (out + 1,)", f"{DIGITS}[expm1]"),
    Bug("log_sigmoid′ as 1 - σ", "ops", "floats.log_sigmoid, lambda out, a: (sigmoid(-a),)", "floats.log_sigmoid, lambda out, a: (1 - sigmoid(a),)", f"{DIGITS}[log_sigmoid]"),
    Bug("erfc as 1 - erf", "ops", "math.erfc,       ", "lambda a: 1 - math.erf(a), ", f"{DIGITS}[erfc]"),
    Bug("1 - a² near 1", "floats", "return 1 - a * a if abs(a) < 0.5 else (1 - a) * (1 + a)", "return 1 - a * a", f"{DIGITS}[atanh]"),
    Bug("erfc without the error of a/√2", "floats", "error = product_error(-a, root) - a * root_error", "error = 0.0", f"{DIGITS}[normal_cdf]"),
    Bug("exp(-a²) without the error of a²", "floats", "return out - out * product_error(a, a)\n", "return out\n", f"{DIGITS}[exp_neg_square]"),
    Bug("softmax without the error of x - max", "floats", "return out + out * ((a - (d - lost)) - (b + lost)) if out else out", "return out", f"{DIGITS}[softmax]"),
    Bug("log_softmax as a - logsumexp", "floats", "if not others or max(others) <= a:", "if False:", f"{DIGITS}[log_softmax]"),
    # constants and thresholds
    Bug("ln 2 with six digits", "ops", "LN2: Final = 0.6931471805599453", "LN2: Final = 0.693147", f"{DIGITS}[exp2]"),
    Bug("1/√(2π) with six digits", "floats", "root, root_error = 0.3989422804014327,", "root, root_error = 0.398942,", f"{DIGITS}[normal_pdf]"),
    Bug("selu's α to four digits", "floats", "1.7580993408473766", "1.7581", f"{DIGITS}[selu]"),
    Bug("tanh-gelu sold as erf-gelu", "floats", "return a * normal_cdf(a)", "return 0.5 * a * (1 + math.tanh(0.7978845608028654 * (a + 0.044715 * a**3)))", f"{DIGITS}[gelu]"),
    Bug("sech² cut off too early", "floats", "    if abs(a) > 20:\n        return 4", "    if abs(a) > 10:\n        return 4", f"{DIGITS}[sech2]"),
    Bug("gelu cut off too early", "floats", "    if abs(a) > 40:\n        return a if a > 0", "    if abs(a) > 6:\n        return a if a > 0", f"{DIGITS}[gelu]"),
    Bug("atan′ by a² beyond its range", "ops", "if abs(a) < 1e8 else 1 / a / a,)", "if abs(a) < 1e300 else 1 / a / a,)", f"{DIGITS}[atan]"),
    Bug("a factor 2 missing in a second derivative", "ops", "lambda out, a: (-2 * tanh(a) * out,)", "lambda out, a: (-tanh(a) * out,)", f"{DIGITS}[tanh]"),
    Bug("b·a**(b-1) with b - 1 rounded", "ops", "if number(b) - 1 + 1 == number(b) or not a", "if True or not a", f"{DIGITS}[power]"),
    Bug("naive softplus", "floats", "return max(a, 0.0) + math.log1p(math.exp(-abs(a)))", "return math.log(1 + math.exp(a))", EDGES),
    # kinks and edges
    Bug("relu′(0) = 1", "ops", "lambda out, a: (float(a > 0),)", "lambda out, a: (float(a >= 0),)", EDGES),
    Bug("a tie resolved to every side", "ops", "[1 / sum(ties) if tie else 0.0 for tie in ties]", "[float(tie) for tie in ties]", EDGES),
    Bug("clamp′ = 1 at its bound", "ops", "(float(low < a < high),", "(float(low <= a <= high),", EDGES),
    Bug("relu of nan", "floats", "return 0.0 if a <= 0 else a", "return a if a > 0 else 0.0", EDGES),
    Bug("a nan with finite partials", "engine", "    if data != data:\n", "    if False:\n", EDGES),
    Bug("0**0 not constant", "ops", "        return 0.0  # a**0 is 1 everywhere", "        return nan", EDGES),
    Bug("maximum that drops nan", "floats", "return nan if isnan(sum(xs)) and any(x != x for x in xs) else max(xs)", "return max(xs)", EDGES),
    Bug("an eager where", "functions", "    chosen = f if condition else g\n", "    f, g = (x() if callable(x) else x for x in (f, g))\n    chosen = f if condition else g\n", EDGES),
    Bug("complex powers", "floats", "    if -inf < a < 0 and math.isfinite(b) and not b.is_integer():\n", "    if False:\n", "test_ops.py::test_errors_name_the_op_and_its_operands"),
    # the engine
    Bug("swapped operands of a - b", "engine", "ops.sub, self, other, 1.0, -1.0)", "ops.sub, self, other, -1.0, 1.0)", OPERATORS),
    Bug("swapped partials of a * b", "engine", "ops.mul, self, other, b, a)", "ops.mul, self, other, a, b)", OPERATORS),
    Bug("reflected division not reflected", "engine", "else ops.div(x, self)", "else ops.div(self, x)", OPERATORS),
    Bug("a lost duplicate edge", "engine", "                        b.grad += grad * out._db", "                        b.grad += grad * out._db * (a is not b)", ENGINE),
    Bug("an overwritten gradient", "engine", "                        a.grad += grad * out._da\n                        b.grad", "                        a.grad = grad * out._da\n                        b.grad", "test_finite_differences.py"),
    Bug("a leaf that does not accumulate", "engine", "[x.grad if old is None else old + x.grad for", "[x.grad for", ENGINE),
    Bug("a leaf that accumulates on the way", "engine", "                _zero(order)\n", "                _zero(nodes)\n", ENGINE),
    Bug("nodes that accumulate as leaves do", "engine", "                _zero(order)\n", "                _zero(leaves)\n", ENGINE),
    Bug("an exception that tears the leaves", "engine", "        restore = map(_set_grad, leaves, before)\n", "        restore = map(_set_grad, (), ())\n", ENGINE),
    Bug("a node before its operands", "engine", "            nodes.append(todo.pop())", "            nodes.insert(max(0, len(nodes) - 1), todo.pop())", ENGINE),
    Bug("a node whose operands are not all in order", "engine", "if a in found and b in found:", "if a in found or b in found:", "test_functional.py"),
    Bug("0 times an infinite partial skipped", "engine", "elif not grad and isfinite(sum(out._da)):", "elif not grad:", ENGINE),
    Bug("leaves written one by one", "engine", "                any(map(_set_grad, leaves, _sums(before, leaves)))", "                restore = ()\n                for leaf, grad in zip(leaves, _sums(before, leaves)):\n                    leaf.grad = grad", "test_interrupts.py"),
    Bug("partials read from the leaves at backward", "engine", "                        a.grad += grad * out._da\n                        b.grad += grad * out._db", "                        da, db = out.op.partials(out.data, a.data, b.data)\n                        a.grad += grad * da\n                        b.grad += grad * db", ENGINE),
    Bug("the seed forgotten", "engine", "                self.grad = as_float(seed)", "                self.grad = 1.0", ENGINE),
    Bug("float() that cuts the graph", "engine", "    def __float__(self) -> float:\n        raise TypeError(", "    def __float__(self) -> float:\n        return self._data or TypeError(", ENGINE),
    Bug("a constant that is a leaf like any other", "engine", "    out._da = CONSTANT\n    return out", "    return out", ENGINE),
    Bug("a lost edge where no grad is touched", "functional", "            grads[b] += grad * out._db", "            grads[b] = grad * out._db", ENGINE),
    Bug("nodes that accumulate after steps", "functional", "            x.grad = grad\n", "            x.grad += grad\n", "test_steps.py"),
    Bug("a stale graph differentiated twice", "functional", "        if data == out._data and all(", "        if True or all(", ENGINE),
    Bug("a variable of 1.0 taken for the constant 1", "functional", "    if not isinstance(grad, Value) and grad == 1.0:", "    if number(grad) == 1.0:", ENGINE),
    Bug("a deep copy that shares its leaves", "copying", "memo[id(value)] = copy_of(value, lambda operand: memo[id(operand)])", "memo[id(value)] = copy_of(value, lambda operand: operand)", ENGINE),
    Bug("a constant exponent differentiated", "engine", "ops.pow if isinstance(other, Value) else ops.power", "ops.pow", OPERATORS),
    Bug("one perturbation taken for another", "functional", "    own: Value = ops.prod(x)  #", "    return x  #", "test_functional.py::test_nothing_confuses_one_perturbation_with_another"),
    Bug("a call further out that is forgotten", "functional", "        if outer and not self.values:", "        if False:", "test_functional.py::test_nothing_confuses_one_perturbation_with_another"),
    Bug("no_grad for every thread", "hooks", "_leaves.set(watchers == [_LEAVES])", "_leaves.set(False)", "test_hooks.py::test_a_network_makes_one_value_an_output"),
    Bug("a check that trusts a large step", "debugging/checking", "    for scale in dict.fromkeys((near, far, near / 2**10)):", "    for scale in (far,):", "test_checking.py"),
    # networks
    Bug("a bias that is added last", "floats", "    bias = xs[-1] if len(xs) % 2 else -0.0", "    bias = -0.0", "test_nn.py"),
    # training
    Bug("Adam without its correction of the bias", "optim", "x -= lr / (1 - beta1**step) * mean", "x -= lr * mean", "test_optim.py"),
    Bug("Adam's eps under the root", "optim", "_sqrt(square) / _sqrt(1 - beta2**step) + self.eps", "_sqrt(square / (1 - beta2**step) + self.eps)", "test_optim.py"),
    Bug("dampening of the first gradient too", "optim", "* g if memory else g", "* g if memory else (1 - self.dampening) * g", "test_optim.py"),
    Bug("Nesterov's momentum as plain momentum", "optim", "g + self.momentum * buffer if self.nesterov else buffer", "buffer", "test_optim.py"),
    Bug("a softmax that overflows", "losses", "return ops.neg(ops.log_softmax(scores[i], *scores[:i], *scores[i + 1 :]))", "return ops.neg(ops.log(ops.softmax(scores[i], *scores[:i], *scores[i + 1 :])))", "test_losses.py"),
    Bug("the best of the trained weights only", "training/running", "any(map(set_data, self.measure.parameters, best.weights))", "any(map(set_data, self.optimizer.parameters, best.weights))", "test_training.py::TestEarlyStopping"),
    Bug("the last weights for the best", "training/running", "means[\"loss\"] < best.loss", "means[\"loss\"] <= 2 * best.loss", "test_training.py::TestEarlyStopping"),
    Bug("clipping by what is not trained", "training/running", "clip_grad_norm(self.settings.optimizer.parameters,", "clip_grad_norm(self.measure.parameters,", "test_training.py::TestFit"),
    Bug("a resumed epoch that begins anew", "training/running", "self.steps(parts[done:])", "self.steps(parts)", "test_training.py::TestCheckpoints::test_an_interrupted_epoch_goes_on_in_its_middle"),
    Bug("a checkpoint without the shuffling", "training/running", "        rng.setstate(at.rng)\n", "", "test_training.py::TestCheckpoints::test_after_each_epoch_it_goes_on_to_the_same_bits"),
    Bug("a mean of means", "training/running", "record |= measure.named_means(at.sums, len(self.rows))", "record |= measure.named_means([[x / len(parts[0]) for x in sums] for sums in at.sums], len(parts))", "test_training.py::TestFit"),
    Bug("rows from the first to the last", "training/running", "for row in reversed(batch)]", "for row in batch][::-1]", "test_training.py::TestFit"),
    Bug("rows one by one where a parameter is used twice", "training/measuring", "return all(uses[p] <= 1 for p in trained)", "return True", "test_training.py::TestFit"),
    Bug("a damaged checkpoint taken", "training/checkpoint", "    if written != _digest(", "    if not written and _digest(", "test_training.py::TestCheckpoints::test_what_is_wrong_with_a_file_is_told_and_nothing_changes"),
    Bug("validation rows that tell no data apart", "training/running", "[row.numbers for row in (*self.rows, *self.held_out)]", "[row.numbers for row in self.rows]", "test_checkpoint.py::test_other_validation_rows_are_other_data"),
    Bug("a dead relu that keeps the row before", "programs/python", 'zeroed = [x for _, x, text in each if otherwise or text.startswith(f"{x} = ")]', "zeroed = [x for _, x, _ in each if otherwise]", "test_compiled.py::test_what_a_dead_relu_skips_is_zero_further_on"),
    Bug("a dead relu that no infinity reaches", "programs/python", "if not self.bounded or not names:", "if names is not None:", "test_programs_bounds.py::test_numbers_too_large_to_be_bounded_are_the_engines"),
    Bug("the exponential function as bounded", "programs/bounds", "if op in COMPARED or op in UNIT:", "if op in COMPARED or op in UNIT or op is ops.exp:", "test_programs_bounds.py::test_what_may_overflow_is_not_bounded"),
    Bug("a program that adds what it sums to", "training/writing", "self.given | self.sums)", "self.given)", "test_compiled.py::test_parameters_that_are_used_twice_get_the_same_sums"),
    Bug("targets that tell no data apart", "training/measuring", "for x in (*self.inputs, *self.targets)]", "for x in self.inputs]", "test_checkpoint.py::test_other_targets_are_other_data"),
    Bug("a model loaded beside another optimizer", "training/checkpoint", "    optimizer.read_state_dict(content[\"optimizer\"])\n", "", "test_checkpoint.py::test_what_the_optimizer_refuses_leaves_the_model_as_it_was"),
    Bug("a pace over the epochs of another run", "training/progress", "(epoch - self.done) *", "epoch *", "test_progress.py"),
    # drawing and debugging
    Bug("arrows turned round", "drawing/dot", "yield f\"  {tail} -> {head} [", "yield f\"  {head} -> {tail} [", "test_dot.py::test_arrows_run_from_operands_to_what_is_made_of_them"),
    Bug("what flows negatively drawn solid", "drawing/dot", "{\"minus\": \"dashed\", ", "{", "test_dot.py::test_an_arrow_looks_like_what_flows_along_it"),
    Bug("a stub for two equal operands that counts one", "drawing/selecting", "sum(x not in near for x in out.operands)", "sum(x not in near for x in set(out.operands))", "test_composing.py::test_a_stub_counts_each_operand_that_is_left_out"),
    Bug("layers in the order as given", "drawing/layout/ordering", "            order.sweep(sweep % 2 == 0)\n", "", "test_ordering.py::test_a_tangled_drawing_that_needs_no_crossing_has_none"),
    Bug("both rows of x*x marked", "debugging/looking", "'▶' if i == index else '─'", "'▶' if index is not None and x is coming.x else '─'", "test_looking.py::test_of_two_equal_operands_the_one_that_is_next_is_marked"),
    Bug("products in the range of usual decimals", "debugging/paths", "FIFTY_DIGITS = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])", "FIFTY_DIGITS = Context(prec=50, traps=[])", "test_paths.py::test_a_product_may_leave_every_range_on_the_way"),
    Bug("a bias of 0 left out", "functions", "*(() if bias is None else (bias,))", "*((bias,) if bias else ())", "test_functions.py::test_a_bias_of_0_is_a_bias"),
    Bug("an order that looks in lists", "engine", "filterfalse(found.__contains__, reversed(a))", "[x for x in reversed(a) if x not in nodes and x not in leaves]", "test_topological_order.py::test_twice_the_graph_is_twice_the_work"),
]  # fmt: skip


SLOW_TO_IMPORT = ["hypothesis", "mpmath", "numpy", "pytest"]


def hunt(suite: Path, tests: Sequence[str], package: Path) -> tuple[int, str]:
    """Run tests of the suite on a package; return pytest's exit code and what it printed.

    This is for a process of its own, which has not imported the package yet.
    """
    os.environ.update(HYPOTHESIS_PROFILE="dev", CI="true")
    os.chdir(suite)
    sys.path.insert(0, str(package.parent))
    options = ["-x", "-q", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # for what is imported by now
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main([*options, *(f"tests/{test}" for test in tests)])
    import micrograd_like

    assert micrograd_like.__path__ == [str(package)]
    return int(code), output.getvalue()


def asked_for(session: pytest.Session) -> list[Bug]:
    """Return the bugs of this run's tests, which may be few of them."""
    calls = [
        getattr(item, "callspec", None) for item in session.items if item.path == Path(__file__)
    ]
    return [call.params["bug"] for call in calls if call]


@pytest.fixture(scope="module")
def hunts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Start to hunt all bugs that are asked for, as many at once as there are processors.

    Each has a process and a copy of the package to itself. The processes come, where they can be
    forked, from one that has imported what takes long to import.
    """
    suite = tmp_path_factory.mktemp("suite")
    leave = shutil.ignore_patterns("__pycache__", "benchmarks")
    shutil.copytree(ROOT / "tests", suite / "tests", ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", suite)

    def copy_of_package() -> Path:
        path = tmp_path_factory.mktemp("package") / "micrograd_like"
        return shutil.copytree(ROOT / "micrograd_like", path, ignore=leave)

    started = {}
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload(SLOW_TO_IMPORT)
    with context.Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        every_test = sorted({bug.tests for bug in BUGS})
        started[""] = pool.apply_async(hunt, (suite, every_test, copy_of_package()))
        for bug in asked_for(request.session):
            package = copy_of_package()
            path = package / f"{bug.module}.py"
            source = path.read_text(encoding="utf-8")
            path.write_text(source.replace(bug.right, bug.wrong), encoding="utf-8")
            started[bug.name] = pool.apply_async(hunt, (suite, [bug.tests], package))
        yield started


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_is_caught(bug: Bug, hunts: dict[str, Any]) -> None:
    source = (ROOT / "micrograd_like" / f"{bug.module}.py").read_text(encoding="utf-8")
    assert source.count(bug.right) == 1, "the seeded bug no longer fits the source"
    code, output = hunts[bug.name].get(timeout=600)
    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert " failed" in output


def test_the_same_tests_pass_without_a_bug(hunts: dict[str, Any]) -> None:
    """Else anything would be caught."""
    code, output = hunts[""].get(timeout=600)
    assert code == pytest.ExitCode.OK, output
