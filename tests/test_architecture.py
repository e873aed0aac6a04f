"""The shape of the project: which module may import which, and what no module may do.

The checks read the source as syntax trees, so that an import inside a function counts like one at
the top. Each check has a companion that plants a violation and sees it caught.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "micrograd_like"
TESTS = ROOT / "tests"

# A module imports from the floors above its own, and from its own floor where that makes no cycle.
# The core stands first; each wing is a folder, and a floor.
FLOORS = (
    ("text", "floats", "habits", "collector"),
    ("ops", "formulas"),
    ("engine",),
    ("hooks", "signatures", "copying"),
    ("names", "files", "functions", "functional", "structures", "choices"),
    ("naming",),
    ("nn",),
    ("losses", "optim", "data"),
    ("programs",),
    ("drawing",),
    ("graph",),
    ("debugging",),
    ("page",),
    ("training",),
    ("__main__",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Methods of a Value that open a tool, as loss.graph() does: the tool is imported when it is called.
DOORS = {  # method: the module that it may import
    "__copy__": "copying",
    "__deepcopy__": "copying",
    "_repr_mimebundle_": "drawing.notebook",
    "backward": "functional",
    "explain": "debugging.explain",
    "graph": "drawing.graph",
    "page": "page.page",
    "program": "programs.program",
    "steps": "debugging.steps",
}

# Third-party packages that a module may import inside a function, where there is one to import.
OPTIONAL = {
    "drawing.dot": {"graphviz"},
    "programs.arrays": {"jax", "numpy"},
    "structures": {"numpy"},
}

# Modules of the standard library that take milliseconds to import, typing (which brings re along)
# more than the whole package. Import them where they are used, or under ``if TYPE_CHECKING:`` with
# ``TYPE_CHECKING = False`` above it, which type checkers understand.
SLOW = {"ast", "dataclasses", "inspect", "json", "linecache", "pathlib", "re", "threading"}
SLOW |= {"tokenize", "typing"}

# The modules that may run source: what is generated, and what the user types at a prompt.
MAY_EXEC = {"programs.source", "debugging.lookup"}

Check = Callable[[Path], list[str]]


def trees(package: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        yield module, ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(package: Path, module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) for every import in ``tree``, those in functions among them.

    Of the package's own, the name is that of the module: micrograd_like.drawing.graph.
    """
    own = f"{package.name}.{module}".removesuffix(".__init__").split(".")
    inside = own if (package / Path(*own[1:]) / "__init__.py").exists() else own[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            outer = inside[: len(inside) - node.level + 1] if node.level else []
            source = ".".join([*outer, *([node.module] if node.module else [])])
            folder = package.parent / Path(*source.split("."))
            for alias in node.names:
                is_module = any((folder / f"{alias.name}{end}").exists() for end in (".py", ""))
                is_module |= source == package.name and alias.name in FLOOR_OF
                yield node.lineno, f"{source}.{alias.name}" if is_module else source
        elif isinstance(node, ast.Call) and called(node) in ("__import__", "import_module"):
            constant = node.args[0] if node.args else None
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                dotted = constant.value
                yield node.lineno, f"{package.name}{dotted}" if dotted.startswith(".") else dotted


def called(node: ast.Call) -> str:
    """Return the last part of the name that is called: ``f`` in ``f()`` and in ``a.b.f()``."""
    function = node.func
    return getattr(function, "id", getattr(function, "attr", ""))


def import_graph(package: Path) -> dict[str, set[tuple[int, str]]]:
    """Return for each module the modules of the package that it imports, and on which lines."""
    edges: dict[str, set[tuple[int, str]]] = {}
    for module, tree in trees(package):
        if module == "__init__":
            continue
        found, allowed = edges.setdefault(module, set()), doors(module, tree)
        for line, dotted in imports(package, module, tree):
            top, _, target = dotted.partition(".")
            if top == package.name and (line, target) not in allowed:
                found.add((line, target))
    return edges


def import_order(package: Path) -> list[str]:
    """Report imports that point down the house, circles, and rooms that are on no floor."""
    found = []
    edges = import_graph(package)
    for module, targets in edges.items():
        room = module.partition(".")[0]
        if room not in FLOOR_OF:
            found.append(f"{module}: not on a floor of the house")
            continue
        for line, target in sorted(targets):
            other = target.partition(".")[0]
            if not other:
                if module != "__main__":
                    found.append(f"{module}:{line} imports the package, not one of its modules")
            elif FLOOR_OF.get(other, len(FLOORS)) > FLOOR_OF[room]:
                found.append(f"{module}:{line} imports {target}, which is below it in the house")
    ways = {
        module: {target for line, target in edges[module] if line not in skipped}
        for module, tree in trees(package)
        for skipped in [types_only(tree)]
        if module in edges
    }
    for module in ways:
        reached: set[str] = set()
        new = set(ways[module])
        while new:
            reached |= new
            new = {b for a in new for b in ways.get(a, ())} - reached
        if module in reached:
            found.append(f"{module}: imports itself by way of others")
    return found


def doors(module: str, tree: ast.Module) -> set[tuple[int, str]]:
    """Return the (line, module) of the imports that a module may do downwards.

    For type checkers it may, too: that imports nothing.
    """
    found = set()
    for node in ast.walk(tree):
        known = isinstance(node, ast.FunctionDef) and node.name in DOORS
        if known and (module == "engine" or node.name == "_repr_mimebundle_"):
            found |= {(n.lineno, DOORS[node.name]) for n in ast.walk(node) if is_import(n)}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            lines = {n.lineno for n in ast.walk(node) if is_import(n)}
            found |= {(line, target) for line in lines for target in (*DOORS.values(), "hooks")}
    return found


def types_only(tree: ast.Module) -> set[int]:
    """Return the lines that only type checkers read: a circle of those is none."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If)]
    blocks = [n for n in blocks if ast.unparse(n.test) == "TYPE_CHECKING"]
    return {n.lineno for block in blocks for n in ast.walk(block) if is_import(n)}


def is_import(node: ast.AST) -> TypeGuard[ast.Import | ast.ImportFrom]:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def third_party(package: Path) -> list[str]:
    """Report imports of what is neither the standard library's nor the package's own."""
    found = []
    for module, tree in trees(package):
        at_top = {
            inner
            for node in tree.body
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            for inner in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }
        for line, dotted in imports(package, module, tree):
            top = dotted.partition(".")[0]
            optional = top in OPTIONAL.get(module, ()) and line not in at_top
            if top not in sys.stdlib_module_names and top != package.name and not optional:
                found.append(f"{module}:{line} imports {top}")
    return found


def dynamic_code(package: Path) -> list[str]:
    """Report exec and eval outside the one module that may, setattr loops and metaclasses."""
    found = []
    for module, tree in trees(package):
        loops = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        looped = {inner for n in ast.walk(tree) if isinstance(n, loops) for inner in ast.walk(n)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)
                and node.id in ("exec", "eval")
                and module not in MAY_EXEC
            ):
                found.append(f"{module}:{node.lineno} names {node.id}")
            elif isinstance(node, ast.Call):
                function = called(node)
                if function in ("setattr", "__setattr__") and node in looped:
                    found.append(f"{module}:{node.lineno} sets attributes in a loop")
                elif function == "type" and len(node.args) == 3:
                    found.append(f"{module}:{node.lineno} makes a class by calling type")
            elif isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base) for base in node.bases}
                if any(word.arg == "metaclass" for word in node.keywords) or "type" in bases:
                    found.append(f"{module}:{node.lineno} has to do with a metaclass")
    return found


CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time", "sleep", "timeit"}
CLOCKS |= {f"{clock}_ns" for clock in CLOCKS}


AIM = {"bombarding"}  # it sends signals at random moments, and no result depends on when


def clocks(directory: Path) -> list[str]:
    """Report tests that read a clock, sleep or set a deadline: their result would depend on it."""
    found = []
    for module, tree in trees(directory):
        if module.startswith("benchmarks.") or module in AIM:
            continue
        own = {n.asname or n.name for n in aliases(tree, "time") | aliases(tree, "timeit")}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                function = node.func
                if isinstance(function, ast.Attribute):
                    owner = getattr(function.value, "id", "")
                    if owner in ("time", "timeit") and function.attr in CLOCKS:
                        found.append(f"{module}:{node.lineno} calls {owner}.{function.attr}")
                elif isinstance(function, ast.Name) and function.id in own & CLOCKS:
                    found.append(f"{module}:{node.lineno} calls {function.id}")
            elif isinstance(node, ast.keyword) and node.arg == "deadline":
                never = isinstance(node.value, ast.Constant) and node.value.value is None
                found += [] if never else [f"{module}:{node.lineno} sets a deadline"]
    return found


def aliases(tree: ast.Module, module: str) -> set[ast.alias]:
    """Return what ``from module import …`` brings in, anywhere in ``tree``."""
    found = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == module)
    return {alias for node in found for alias in node.names}


def test_there_is_a_package_to_check() -> None:
    modules = [module for module, _ in trees(PACKAGE)]
    assert {"__init__", "ops", "engine", "nn"} <= set(modules)


@pytest.mark.parametrize("check", [import_order, third_party, dynamic_code])
def test_package_keeps_its_shape(check: Check) -> None:
    assert check(PACKAGE) == []


def test_no_test_depends_on_a_time() -> None:
    assert clocks(TESTS) == []


@pytest.mark.parametrize(
    ("check", "module", "source", "report"),
    [
        (import_order, "engine", "from .nn import MLP", "engine:1 imports nn"),
        (import_order, "engine", "from . import ops, nn", "engine:1 imports nn"),
        (import_order, "engine", "import micrograd_like.graph as g", "engine:1 imports graph"),
        (import_order, "ops", "def f():\n    from .engine import Value", "ops:2 imports engine"),
        (import_order, "ops", "from importlib import import_module as m", ""),
        (import_order, "ops", "import importlib\nimportlib.import_module('.nn')", "ops:2 imports"),
        (import_order, "nn", "from micrograd_like import Value", "nn:1 imports the package"),
        (import_order, "nn", "if TYPE_CHECKING:\n    from .data import Batch", "nn:2 imports data"),
        (import_order, "newcomer", "", "newcomer: not on a floor"),
        (import_order, "sub/newcomer", "", "sub.newcomer: not on a floor"),
        (import_order, "nn", "from .newcomer import x", "nn:1 imports newcomer"),
        (import_order, "graph", "from .drawing import x\nfrom .ops import Op", ""),
        (import_order, "engine", "def graph():\n    from .drawing.graph import Graph", ""),
        (
            import_order,
            "engine",
            "def graph():\n    from .page import Page",
            "engine:2 imports page",
        ),
        (import_order, "engine", "if TYPE_CHECKING:\n    from .drawing.graph import Graph", ""),
        (import_order, "__init__", "from .nn import MLP", ""),
        (import_order, "__main__", "import micrograd_like", ""),
        (third_party, "nn", "import numpy as np", "nn:1 imports numpy"),
        (third_party, "nn", "def f():\n    from torch.nn import Linear", "nn:2 imports torch"),
        (third_party, "nn", "__import__('jax')", "nn:1 imports jax"),
        (third_party, "nn", "import math, json.decoder\nfrom . import ops", ""),
        (third_party, "drawing/dot", "import graphviz", "dot:1 imports graphviz"),
        (third_party, "drawing/dot", "try:\n    import graphviz\nexcept E: 0", "dot:2"),
        (third_party, "drawing/dot", "def draw():\n    import graphviz", ""),
        (third_party, "page/page", "def draw():\n    import graphviz", "page:2 imports graphviz"),
        (dynamic_code, "ops", "exec('x = 1')", "ops:1 names exec"),
        (dynamic_code, "ops", "f = eval", "ops:1 names eval"),
        (dynamic_code, "programs/source", "exec('x = 1')", ""),
        (dynamic_code, "ops", "for n in names:\n    setattr(Op, n, f)", "ops:2 sets attributes"),
        (dynamic_code, "ops", "[setattr(Op, n, f) for n in names]", "ops:1 sets attributes"),
        (dynamic_code, "ops", "setattr(Op, 'name', f)", ""),
        (dynamic_code, "ops", "class Op(metaclass=M): ...", "ops:1 has to do with a metaclass"),
        (dynamic_code, "ops", "class M(type): ...", "ops:1 has to do with a metaclass"),
        (dynamic_code, "ops", "Op = type('Op', (), {})", "ops:1 makes a class"),
        (clocks, "test_x", "import time\nassert time.perf_counter() < 1", "calls time.perf_"),
        (clocks, "test_x", "from time import sleep\nsleep(1)", "test_x:2 calls sleep"),
        (clocks, "test_x", "@settings(deadline=200)\ndef test(): ...", "sets a deadline"),
        (clocks, "test_x", "@settings(deadline=None)\ndef test(): ...", ""),
        (clocks, "benchmarks/bench_x", "import time\ntime.perf_counter()", ""),
    ],
)
def test_checks_catch_what_they_are_for(
    check: Check, module: str, source: str, report: str, tmp_path: Path
) -> None:
    package = tmp_path / "micrograd_like"
    planted = package / f"{module}.py"
    planted.parent.mkdir(parents=True)
    planted.write_text(source, encoding="utf-8")
    found = check(package)
    assert len(found) == bool(report), found
    assert report in "".join(found)


def test_a_circle_is_caught(tmp_path: Path) -> None:
    package = tmp_path / "micrograd_like"
    package.mkdir()
    (package / "losses.py").write_text("from . import optim", encoding="utf-8")
    (package / "optim.py").write_text("from . import losses", encoding="utf-8")
    assert import_order(package) == [
        "losses: imports itself by way of others",
        "optim: imports itself by way of others",
    ]


def loaded_by(statement: str, root: Path, *options: str) -> set[str]:
    """Return the top-level names that ``statement`` adds to a fresh interpreter's modules."""
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); before = set(sys.modules)\n{statement}\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run(
        [sys.executable, "-I", *options, "-c", code], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize("options", [(), ("-S",)], ids=["with site-packages", "without"])
def test_import_loads_nothing_third_party(options: tuple[str, ...]) -> None:
    loaded = loaded_by("import micrograd_like", ROOT, *options)
    assert "micrograd_like" in loaded
    assert loaded - sys.stdlib_module_names == {"micrograd_like"}


def test_import_loads_nothing_slow() -> None:
    loaded = loaded_by("import micrograd_like", ROOT, "-S")
    assert "micrograd_like" in loaded
    assert loaded & SLOW == set()


def test_every_module_imports_without_site_packages() -> None:
    modules = [module for module, _ in trees(PACKAGE) if module not in ("__init__", "__main__")]
    statement = "; ".join(f"import micrograd_like.{module}" for module in modules)
    loaded = loaded_by(statement, ROOT, "-S")
    assert loaded - sys.stdlib_module_names == {"micrograd_like"}


def test_a_third_party_module_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "stranger.py").touch()
    loaded = loaded_by("import stranger, typing", tmp_path, "-S")
    assert loaded - sys.stdlib_module_names == {"stranger"}
    assert loaded & SLOW >= {"typing"}


def test_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    # hatchling is installed with the tests, so that this needs no build environment of its own
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith("/METADATA"))
        text = archive.read(metadata).decode()
    described = metadata.rpartition("/")[0]
    package = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "micrograd_like/py.typed" in package
    assert names == package | {
        f"{described}/{name}"
        for name in (
            *("METADATA", "WHEEL", "RECORD"),
            *("entry_points.txt", "licenses/LICENSE"),
        )
    }
    head = text.partition("\n\n")[0].splitlines()
    required = [line for line in head if line.startswith("Requires-Dist:")]
    assert required
    assert all("extra ==" in line for line in required)
    assert {"Name: micrograd-like", "Requires-Python: >=3.10", "License-Expression: MIT"} <= {*head}


def test_the_doors_of_a_value_are_these() -> None:
    """Methods that open a tool stand together at the end of the class, a few lines each."""
    source = (PACKAGE / "engine.py").read_text(encoding="utf-8")
    (value,) = [n for n in ast.parse(source).body if getattr(n, "name", "") == "Value"]
    assert isinstance(value, ast.ClassDef)
    methods = [n for n in value.body if isinstance(n, ast.FunctionDef)]
    opening = [n.name for n in methods if any(map(is_import, ast.walk(n)))]
    assert sorted(opening) == sorted(DOORS)
    last = [n.name for n in methods[1 - len(DOORS) :]]
    assert {*last} == {*DOORS} - {"backward"}
    assert all((n.end_lineno or 0) - n.lineno < 6 for n in methods[-5:])
