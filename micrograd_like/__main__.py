"""Look at a Value of a script of yours, from the command line.

    python -m micrograd_like draw SCRIPT:NAME [-o FILE]
    python -m micrograd_like debug SCRIPT:NAME
    python -m micrograd_like page SCRIPT:NAME [-o FILE]
    python -m micrograd_like check SCRIPT:NAME
    python -m micrograd_like program SCRIPT:NAME [-o FILE]

run the script under its own name, so that what is under ``if __name__ == "__main__"`` is left out,
then take its global NAME, a Value; or an attribute or an element, as ``net.out`` or ``losses[-1]``.
``draw`` takes several names, as ``loss,score``; ``check`` takes a function without arguments too,
which returns a Value.
"""

from __future__ import annotations

import argparse
import os
import re
import runpy
import sys
import traceback
from pathlib import Path

from . import __version__
from .debugging.tracing import trace_lines
from .engine import Value
from .text import clean, printable, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any

    Globals = dict[str, Any]  # of the script

EPILOG = "Arguments after -- go to the script."
CODES = (
    "It exits with 0; with 1 if it could not, or a check failed; with 2 if it was asked wrongly."
)


class Failure(Exception):
    """An error the user can fix; shown without a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    parser = _parser()
    given = list(sys.argv[1:] if arguments is None else arguments)
    cut = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:cut])
    if options.command is None:
        parser.print_help()
        return 0
    try:
        script, names = _split(options.target)
        if not names:
            choice = _choice(run_script(script, given[cut + 1 :]))
            raise Failure(f"{shorten(script)} names no Value: write SCRIPT:NAME{choice}")
        with trace_lines(options.command != "draw"):  # a page and the debugger tell the lines
            found = run_script(script, given[cut + 1 :])
        if options.command == "check":
            return _check(options, found)
        values = [value for name in names for value in find(found, name, script)]
        return COMMANDS[options.command](options, script, names, values, found)
    except Failure as failure:
        print(clean(f"{parser.prog} {options.command}: {failure}", 2000), file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m micrograd_like",
        description="Look at a Value of a script of yours.",
        epilog=CODES,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, help: str, target: str) -> Any:
        description = COMMANDS[name].__doc__
        added = commands.add_parser(name, help=help, description=description, epilog=EPILOG)
        added.add_argument("target", metavar="SCRIPT:NAME", help=target)
        return added.add_argument

    draw = command("draw", "draw the computation graph", "as demos/neuron.py:out")
    draw("-o", "--output", metavar="FILE", help=".svg, .dot, .png or .pdf")
    draw("--view", choices=("auto", "forward", "gradients", "partials"))
    draw("--direction", choices=("LR", "TB"))
    draw("--theme", choices=("light", "dark"))
    draw("--format", help="of the numbers, as .4g")
    draw("--levels", type=int, help="how many edges from the root")
    draw("--between", metavar="X,Y", help="only what lies on the paths from X to Y")
    draw("--collapse", help="a level (1: networks, 2: layers, 3: neurons) or names")
    draw("--limit", type=int, help="the most boxes to draw")
    draw("--layout", choices=("auto", "graphviz", "builtin"), default="auto")
    page = command("page", "step through backprop in a browser", "as demos/neuron.py:out")
    page("-o", "--output", metavar="FILE", help=".html")
    page("--seed", type=float, help="the gradient of the Value itself")
    page("--direction", choices=("LR", "TB"))
    page("--theme", choices=("auto", "light", "dark"))
    page("--format", help="of the numbers in the drawing, as .4g")
    page("--limit", type=int, help="the most values to draw")
    program = command("program", "write the graph as straight-line code", "as train.py:loss")
    program("-o", "--output", metavar="FILE", help=".py; it runs without this package")
    program("--inputs", metavar="X,Y", default="", help="the leaves that its calls give numbers")
    debug = command("debug", "walk backward edge by edge", "as train.py:loss")
    command(
        "check", "compare gradients with differences", "a Value, or a function without arguments"
    )
    commands_help = "a command to do first, as if it were typed; may be given several times"
    debug("-c", dest="commands", metavar="COMMAND", action="append", default=[], help=commands_help)
    return parser


def _draw(options: Any, script: str, names: list[str], values: list[Value], found: Globals) -> int:
    """Draw the computation graph of Values of a script."""
    from .drawing.graph import Graph

    chosen = _chosen(options, "view", "direction", "theme", "format", "levels", "limit")
    if options.between is not None:
        ends = options.between.split(",")
        if len(ends) != 2:
            raise Failure(f"--between is {shorten(options.between)}: it must be two names, as x,y")
        chosen["between"] = tuple(find(found, end, script) for end in ends)
    if options.collapse is not None:
        level = options.collapse
        chosen["collapse"] = int(level) if re.fullmatch(r"\d{1,9}", level) else level.split(",")
    output = options.output or _file_name(names, ".svg")
    try:
        _spare(output, rb"Graph of |Part of a graph: |^\x89PNG|^%PDF", "picture of a graph")
        Graph(*values, **chosen).save(output, options.layout)
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        raise Failure(str(error)) from None
    print(f"wrote {output}")
    return 0


def _debug(options: Any, script: str, names: list[str], values: list[Value], found: Globals) -> int:
    """Walk through the backward pass from a Value of a script, in the gradient debugger."""
    from .debugging.debugger import Debugger

    if len(values) != 1:
        raise Failure(f"{options.target} names {len(values)} Values: name one to debug")
    Debugger(values[0], found, commands=options.commands).run()
    return 0


def _page(options: Any, script: str, names: list[str], values: list[Value], found: Globals) -> int:
    """Write a page to step through backpropagation from a Value of a script."""
    if len(values) != 1:
        raise Failure(f"{options.target} names {len(values)} Values: name one as the page's root")
    chosen = _chosen(options, "seed", "direction", "theme", "format", "limit")
    output = options.output or _file_name(names, ".html")
    try:
        _spare(output, rb"<title>Backpropagation of ", "page to step through backpropagation")
        values[0].page(output, names=found, **chosen)
    except (ValueError, TypeError, OSError) as error:
        raise Failure(str(error)) from None
    print(f"wrote {output}")
    return 0


def _check(options: Any, found: Globals) -> int:
    """Compare gradients with differences, and name the op whose partial is wrong."""
    from .debugging.checking import check_gradients

    script, (name, *others) = _split(options.target)
    if others:
        raise Failure(f"{options.target} names several: name one to check")
    target = found.get(name)
    if isinstance(target, Value) or not callable(target):
        (target,) = find(found, name, script)[:1]
    try:
        report = check_gradients(target)
    except Exception as error:
        raise Failure(f"{name} of {script} raised {type(error).__name__}: {error}") from None
    print(printable(str(report)))
    return 0 if report else 1


def _program(
    options: Any, script: str, names: list[str], values: list[Value], found: Globals
) -> int:
    """Print the graph of a Value of a script, and its gradients, as straight-line code."""
    if len(values) != 1:
        raise Failure(
            f"{options.target} names {len(values)} Values: name one to write as a program"
        )
    inputs = [
        x for name in filter(None, options.inputs.split(",")) for x in find(found, name, script)
    ]
    try:
        program = values[0].program(inputs, variables=found)
        if options.output is None:
            print(printable(program.source), end="")
        else:
            program.save(options.output)
            print(f"wrote {options.output}")
    except (ValueError, OSError) as error:
        raise Failure(str(error)) from None
    return 0


def _chosen(options: Any, *names: str) -> dict[str, Any]:
    """Return the options that were given; the functions that take them know the defaults."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _spare(path: str, mark: bytes, kind: str) -> None:
    """Raise ValueError if there is a file already that is not what the command writes."""
    if os.path.isfile(path):  # noqa: PTH113, which fails for a name that is too long
        with open(path, "rb") as file:  # noqa: PTH123
            found = re.search(mark, file.read(4000))
        if not found:
            raise ValueError(f"{path} is there already, and no {kind}: choose another name")


def _file_name(names: list[str], suffix: str) -> str:
    return re.sub(r"[^\w.]+", "_", "_".join(names)).strip("_") + suffix


COMMANDS: dict[str, Callable[..., int]] = {
    "draw": _draw,
    "debug": _debug,
    "page": _page,
    "program": _program,
    "check": _check,
}


# ---------------------------------------------------------------------------- scripts


def _split(target: str) -> tuple[str, list[str]]:
    script, _, names = target.rpartition(":")
    if not script or not names:
        return script or target, []
    return script, [name.strip() for name in names.split(",")]


def run_script(script: str, arguments: Sequence[str] = ()) -> Globals:
    """Run a script, but for what is under its ``__main__`` guard, and return its globals.

    An exception is shown with the script's own lines and ends the command; so does an exit with a
    code that is not 0.
    """
    if not os.path.isfile(script):  # noqa: PTH113, which fails for a name that is too long
        raise Failure(f"there is no script {shorten(script)}")
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    try:
        return runpy.run_path(script, run_name=Path(script).stem)
    except SystemExit as exit:
        if exit.code not in (None, 0):
            raise Failure(f"{script} ended with the exit code {exit.code}") from None
        frames = _of_script(exit.__traceback__, script)
        return frames.tb_frame.f_globals if frames else {}
    except BaseException as error:
        own = _of_script(error.__traceback__, script)
        error.__traceback__ = None if isinstance(error, SyntaxError) else own
        traceback.print_exception(type(error), error, error.__traceback__)
        raise Failure(f"{script} raised {type(error).__name__}, see above") from None


def _of_script(frames: TracebackType | None, script: str) -> TracebackType | None:
    """Return a traceback from the script's first frame on."""
    whole = frames
    while frames is not None and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    return frames or whole


def find(known: Globals, name: str, script: str) -> list[Value]:
    """Return the Value that has a name in the script, or those in the list that has it."""
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*|\[-?\d{1,18}\])*", name):
        raise Failure(f"{shorten(name)} is no name of a Value, as loss, net.out or losses[-1]")
    first, *rest = re.findall(r"[^\W\d]\w*|-?\d+", name)
    choice = _choice(known)
    if first not in known:
        raise Failure(f"{script} has no {shorten(first)}{_under_guard(script, first)}{choice}")
    found = known[first]
    for part in rest:
        try:
            found = found[int(part)] if part.lstrip("-").isdecimal() else getattr(found, part)
        except Exception as error:  # a property may raise any
            why = clean(f"{type(error).__name__}: {error}", 200)
            raise Failure(f"{script} has no {shorten(name)}: {why}{choice}") from None
    several: list[Any] = list(found) if isinstance(found, (list, tuple)) and found else [found]
    for value in several:
        if not isinstance(value, Value):
            kind = type(value).__name__
            raise Failure(f"{name} of {script} is of type {kind}, not a Value{choice}")
    return several


def _choice(known: Globals) -> str:
    values = [name for name, value in known.items() if isinstance(value, Value)]
    return f"; its Values are {', '.join(values[:20])}" if values else "; it has no global Values"


def _under_guard(script: str, name: str) -> str:
    """Say whether a name is only found under the guard of a script, which was not run."""
    import ast

    for node in ast.parse(Path(script).read_bytes()).body:
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) and name in names:
            return ' but under `if __name__ == "__main__"`, which is not run: move it above'
    return ""


if __name__ == "__main__":
    sys.exit(main())
