"""Run the README, and the examples in the modules' docstrings.

Every fenced block names its language, and the language says what is done with it:

    python     run, in order, all in one namespace, in an empty directory
    pycon      (or a python block with ``>>>`` in it) run as a doctest in the same namespace
    text       right after a python block: all that the block printed
    console    commands after ``$``, output without: the programs that they start must exist
    sh         commands only, likewise
    toml, dot, html, json    left alone

In a python block, a comment at the end of a statement is its result:

    y.data                    # 24.7041       rounded as the comment is
    (a.grad, b.grad)          # (138.8338, 645.5773)
    print("loss", loss.data)  # loss 0.25     exactly what was printed

``...`` stands for any text, and what follows a second ``#`` is a remark. Statements without a
result (assignments, calls that return None and print nothing) may have a remark in the first
place, as long as it is no number: a number that nothing would check is a failure.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import re
import shlex
import shutil
import subprocess
import tokenize
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import oracle
import pytest

from micrograd_like.ops import TABLE

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
GUIDES = (ROOT / "demos" / "README.md", ROOT / "tests" / "README.md")
LANGUAGES = {"python", "pycon", "text", "console", "sh", "toml", "dot", "html", "json"}
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|\binf\b|\bnan\b)")
TEST_COMMAND = re.compile(r"python3 -m venv .* -m pytest -n auto")


@dataclass(frozen=True)
class Block:
    """A fenced block: what its fence says, its text, and the line of the file it begins on."""

    language: str
    text: str
    line: int


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a Markdown text."""
    found: list[Block] = []
    inside: list[str] = []
    fence, language, start = "", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        opening = re.match(r"\s*(`{3,}|~{3,})\s*([\w+-]*)", line)
        if fence:
            if line.strip() == fence:
                found.append(Block(language, "".join(f"{row}\n" for row in inside), start))
                fence = ""
            else:
                inside.append(line)
        elif opening:
            fence, language, start, inside = opening[1], opening[2], number + 1, []
    if fence:
        raise AssertionError(f"line {start - 1}: this block is never closed")
    return found


def same_text(got: str, want: str) -> bool:
    """Return whether two texts agree but for space at the ends of lines, ``...`` being any text."""
    got, want = ("\n".join(row.rstrip() for row in t.strip().splitlines()) for t in (got, want))
    pattern = ".*".join(map(re.escape, want.split("...")))
    return re.fullmatch(pattern, got, re.DOTALL) is not None


def same_result(got: str, want: str) -> bool:
    """Return whether two reprs agree, the numbers in ``got`` rounded to the digits in ``want``."""
    if same_text(got, want):
        return True
    numbers = NUMBER.findall(got), NUMBER.findall(want)
    return NUMBER.split(got) == NUMBER.split(want) and all(map(rounds_to, *numbers))


def rounds_to(got: str, want: str) -> bool:
    _, point, decimals = want.partition(".")
    if not point or "e" in want.lower() or not decimals.isdigit():
        return got == want
    return f"{float(got):.{len(decimals)}f}" == f"{float(want):.{len(decimals)}f}"


def is_number(remark: str) -> bool:
    """Return whether a remark reads like a result: a number, a string, a tuple of them."""
    try:
        ast.literal_eval(remark)
    except (SyntaxError, ValueError):
        return NUMBER.fullmatch(remark) is not None or remark.startswith("Value(")
    return True


def remarks(block: Block) -> dict[int, str]:
    """Return the comments that stand behind code, by line of the block."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(block.text).readline):
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
            found[token.start[0]] = re.split(r"\s+#", token.string.lstrip("# "))[0].strip()
    return found


class Runner:
    """Runs python blocks in one namespace and keeps what failed, with lines of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.namespace = types.ModuleType("readme").__dict__
        self.failures: list[str] = []
        self.printed = ""

    def fail(self, line: int, text: str) -> None:
        self.failures.append(f"{self.path.name}:{line}: {text}")

    def doctest(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(
            block.text, self.namespace, self.path.name, str(self.path), block.line - 1
        )
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
        runner.run(test, out=report.append, clear_globs=False)
        self.namespace.update(test.globs)
        if report:
            self.fail(block.line, "".join(report))

    def run(self, block: Block) -> None:
        tree = ast.parse(block.text)
        ast.increment_lineno(tree, block.line - 1)
        left = {line + block.line - 1: text for line, text in remarks(block).items()}
        self.printed = ""
        for statement in tree.body:
            out = io.StringIO()
            try:
                with contextlib.redirect_stdout(out):
                    value = self.execute(statement)
            except Exception as error:
                self.fail(statement.lineno, f"raised {error!r}")
                return
            self.printed += out.getvalue()
            line = statement.end_lineno or statement.lineno
            want = left.get(line)
            if want is None or not (out.getvalue() or value is not None):
                continue
            del left[line]
            if out.getvalue():
                if not same_text(out.getvalue(), want):
                    self.fail(line, f"printed {out.getvalue().strip()!r}, not {want!r}")
            elif not same_result(repr(value), want):
                self.fail(line, f"is {value!r}, not {want}")
        for line, text in left.items():
            if is_number(text):
                self.fail(line, f"nothing checks {text!r}: make it a result, or reword it")

    def execute(self, statement: ast.stmt) -> object:
        if isinstance(statement, ast.Expr):
            expression = ast.Expression(statement.value)
            return eval(compile(expression, str(self.path), "eval"), self.namespace)
        module = ast.Module([statement], type_ignores=[])
        exec(compile(module, str(self.path), "exec"), self.namespace)
        return None


def failures(path: Path) -> list[str]:
    """Run the file's blocks in the current directory and return what was wrong with them."""
    runner = Runner(path)
    before: Block | None = None
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language not in LANGUAGES:
            runner.fail(block.line - 1, f"a block of language {block.language!r}")
        elif block.language == "pycon" or (block.language == "python" and ">>>" in block.text):
            runner.doctest(block)
        elif block.language == "python":
            runner.run(block)
        elif block.language == "text" and before and before.language == "python":
            if not same_text(runner.printed, block.text):
                runner.fail(block.line, f"what was printed:\n{runner.printed}")
        elif block.language in ("console", "sh"):
            for line, command in commands(block):
                for program in missing(command):
                    runner.fail(line, f"there is no {program}")
        before = block
    return runner.failures


def commands(block: Block) -> Iterator[tuple[int, str]]:
    """Yield (line of the file, command) for each command of a console or sh block."""
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            yield number, line[2:].strip()
        elif block.language == "sh" and line.strip() and not line.startswith("#"):
            yield number, line.strip()


def missing(command: str) -> Iterator[str]:
    """Yield what a command line starts by ``python -m`` or as a script and the project lacks."""
    for part in re.split(r"&&|;|\|", command):
        words = shlex.split(part, comments=True)
        if not words or not re.fullmatch(r"(\S*/)?python[\d.]*", words[0]):
            continue
        match words[1:]:
            case ["-m", module, *_] if module.split(".")[0] in ("demos", "micrograd_like", "tests"):
                path = ROOT.joinpath(*module.split("."))
                if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists()):
                    yield f"module {module}"
            case [script, *_] if script.endswith(".py") and not (ROOT / script).exists():
                yield f"script {script}"


def test_readme_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "\n".join(failures(README)) == ""
    for guide in GUIDES:
        assert "\n".join(failures(guide)) == ""
    assert any(block.language == "python" for block in blocks(README.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [README, *GUIDES, *(ROOT / ".github").glob("*.md")], ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```", "", path.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        titles = re.findall(r"(?m)^#+ (.*)", target.read_text(encoding="utf-8")) if anchor else ()
        anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not anchor or anchor in anchors, link


def all_commands(path: Path) -> list[str]:
    found = blocks(path.read_text(encoding="utf-8"))
    return [c for b in found if b.language in ("console", "sh") for _, c in commands(b)]


def test_readme_has_every_row_of_the_table_as_it_is() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    table = text.partition("<!-- ops -->")[2].partition("<!--")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert len(rows) == len(TABLE)
    for row, op in zip(rows, TABLE.values()):
        name, formulas, *errors = (
            cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip("|"))
        )
        assert name == f"`{op.name}`"
        assert formulas == "; ".join(f"`{formula}`" for formula in op.formulas)
        bar = oracle.BAR_OF_PARTIALS.get(op.name, 4.0)
        for error, limit in zip(errors, (oracle.BAR_OF_VALUE.get(op.name, 2.0), bar, bar)):
            assert error == "-" or float(error) <= limit


def test_readme_names_both_demos() -> None:
    started = {" ".join(shlex.split(command)[:3]) for command in all_commands(README)}
    assert "python3 -m demos.moons" in started


def test_the_checks_run_the_command_that_the_readme_names(tmp_path: Path) -> None:
    (command,) = filter(TEST_COMMAND.fullmatch, all_commands(README))
    assert printed_test_command(ROOT) == command

    # and that is read from the README, not written twice
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    other = command.replace(".venv", ".another")
    (tmp_path / "README.md").write_text(f"```sh\n{other}\n```\n", encoding="utf-8")
    assert printed_test_command(tmp_path) == other


def printed_test_command(root: Path) -> str:
    run = subprocess.run(
        ["bash", str(root / ".ci" / "run"), "--test-command"],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


GOOD = """
# A title

```python
import math
class Value:
    def __repr__(self): return "Value(2.5)"
a, b = 2.0, 1.5          # two leaves
c = a * b
c                        # 3.0
math.pi                  # 3.1416       # rounded
(math.pi, -c, [c])       # (3.14, -3.0, [3.00])
print(f"{math.pi:.4f}")  # 3.1416
print(object())          # <object object at ...>
Value()                  # Value(2.5)
for i in range(2):
    print(i, end=" ")    # 0 1
```

```text
3.1416
<object object at ...>
0 1
```

```python
>>> a + b
3.5
>>> d = 4.0
>>> print("1", "2")
1 2
```

```python
d                        # 4.0
print("a",
      "b")               # a b
```

```console
$ python3 -m demos.moons
epoch 1: anything
$ git status && .venv/bin/python -m pytest
```
"""


def check_text(text: str, directory: Path) -> list[str]:
    path = directory / "README.md"
    path.write_text(text, encoding="utf-8")
    return failures(path)


def test_good_readme_passes(tmp_path: Path) -> None:
    assert check_text(GOOD.replace("$ python3 -m demos.moons", "$ python3 -V"), tmp_path) == []


@pytest.mark.parametrize(
    ("right", "wrong", "report"),
    [
        ("# 3.0\n", "# 3.1\n", "README.md:10: is 3.0, not 3.1"),
        ("# 3.1416       #", "# 3.1417       #", "README.md:11: is 3.14159"),
        ("(3.14, -3.0, [3.00])", "(3.14, 3.0, [3.00])", "README.md:12: is (3.14"),
        ("(3.14, -3.0, [3.00])", "(3.14, -3.0, (3.00))", "README.md:12: is (3.14"),
        ('")  # 3.1416', '")  # 3.14159', "README.md:13: printed '3.1416'"),
        ("# <object object at ...>\n", "# <object>\n", "README.md:14: printed"),
        ("# Value(2.5)", "# Value(2.6)", "README.md:15: is Value(2.5)"),
        ("# 0 1", "# 0 1 2", "README.md:17: printed '0 1'"),
        ("# two leaves", "# 2.0", "README.md:8: nothing checks '2.0'"),
        ("\n0 1\n", "\n0 1 2\n", "README.md:21: what was printed"),
        ("3.5", "3.6", "README.md:27: "),
        ("# 4.0", "# 4.1", "README.md:35: is 4.0"),
        ("# a b", "# a c", "README.md:37: printed 'a b'"),
        ("demos.moons", "demos.suns", "README.md:41: there is no module demos.suns"),
        ("git status", "python tests/none.py", "README.md:43: there is no script tests/none.py"),
        ("```console", "```", "README.md:40: a block of language ''"),
        ("```python\n>>>", "```py\n>>>", "README.md:26: a block of language 'py'"),
    ],
)
def test_a_wrong_readme_fails(right: str, wrong: str, report: str, tmp_path: Path) -> None:
    assert GOOD.count(right) == 1
    found = check_text(GOOD.replace(right, wrong), tmp_path)
    assert any(text.startswith(report) for text in found), found


def test_a_block_that_raises_fails(tmp_path: Path) -> None:
    (found,) = check_text("```python\n1 / 0\n```\n", tmp_path)
    assert found == "README.md:2: raised ZeroDivisionError('division by zero')"


def test_a_block_that_is_never_closed_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="line 1: this block is never closed"):
        check_text("```python\n1\n", tmp_path)


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "micrograd_like").rglob("*.py")
    if path.stem != "__main__"
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_the_rooms_have_the_lines_that_are_told() -> None:
    text = README.read_text(encoding="utf-8")
    package, rooms = ROOT / "micrograd_like", dict[str, int]()
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        rooms[room] = rooms.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    told = re.findall(r"^\| (`.*`|the other modules) \| ([\d,]+) \|", text, re.MULTILINE)
    assert len(told) == 5
    for names, lines in reversed(told):
        named = re.findall(r"`(\w+)`", names) or [*rooms]
        if named == [*rooms]:
            named = [room for room in rooms if room not in re.findall(r"`(\w+)`", str(told))]
        assert abs(sum(rooms[name] for name in named) - int(lines.replace(",", ""))) < 200, names
