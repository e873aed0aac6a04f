"""Look at a Value of a script of yours, from the command line.

    python -m micrograd_like draw SCRIPT:NAME [-o FILE]
    python -m micrograd_like debug SCRIPT:NAME
    python -m micrograd_like page SCRIPT:NAME [-o FILE]

run the script as Python would, then take the Value that its global NAME is; or an attribute or an
element, as ``net.out`` or ``losses[-1]``; or several to draw, as ``loss,score``.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import re
import sys
import traceback
from pathlib import Path

from .debugging.tracing import trace_lines
from .engine import Value
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType, TracebackType
    from typing import Any

EPILOG = "What follows -- is handed to the script as its arguments."


class Failure(Exception):
    """What the user has to mend; shown without a traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m micrograd_like", description="Look at a Value of a script of yours."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    draw = commands.add_parser(
        "draw", help="draw the computation graph", description=_draw.__doc__, epilog=EPILOG
    )
    draw.add_argument("target", metavar="SCRIPT:NAME", help="as demos/neuron.py:out")
    draw.add_argument("-o", "--output", metavar="FILE", help=".svg, .dot, .png or .pdf")
    draw.add_argument("--view", choices=("auto", "forward", "gradients", "partials"))
    draw.add_argument("--direction", choices=("LR", "TB"))
    draw.add_argument("--theme", choices=("light", "dark"))
    draw.add_argument("--format", help="of the numbers, as .4g")
    draw.add_argument("--levels", type=int, help="how many edges from the root")
    draw.add_argument("--between", metavar="X,Y", help="what lies on the paths from X to Y only")
    draw.add_argument("--collapse", help="a level (1: networks, 2: layers, 3: neurons) or names")
    draw.add_argument("--limit", type=int, help="the most boxes to draw")
    draw.add_argument("--layout", choices=("auto", "graphviz", "builtin"), default="auto")
    page = commands.add_parser(
        "page", help="step through backprop in a browser", description=_page.__doc__, epilog=EPILOG
    )
    page.add_argument("target", metavar="SCRIPT:NAME", help="as demos/neuron.py:out")
    page.add_argument("-o", "--output", metavar="FILE", help="of HTML")
    page.add_argument("--seed", type=float, help="the gradient of the Value itself")
    page.add_argument("--direction", choices=("LR", "TB"))
    page.add_argument("--theme", choices=("auto", "light", "dark"))
    page.add_argument("--format", help="of the numbers in the drawing, as .4g")
    page.add_argument("--limit", type=int, help="the most values to draw")

    debug = commands.add_parser(
        "debug", help="walk backward edge by edge", description=_debug.__doc__, epilog=EPILOG
    )
    debug.add_argument("target", metavar="SCRIPT:NAME", help="as train.py:loss")
    debug.add_argument(
        "-c",
        dest="commands",
        metavar="COMMAND",
        action="append",
        default=[],
        help="a command to do first, as if it were typed; may be given several times",
    )

    given = list(sys.argv[1:] if arguments is None else arguments)
    cut = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:cut])
    try:
        script, names = _split(options.target)
        with trace_lines(options.command != "draw"):  # a page and the debugger tell the lines
            module = run_script(script, given[cut + 1 :])
        values = [value for name in names for value in find(module, name, script)]
        return COMMANDS[options.command](options, script, names, values, module)
    except Failure as failure:
        print(f"{parser.prog} {options.command}: {failure}", file=sys.stderr)
        return 1


def _draw(
    options: Any, script: str, names: list[str], values: list[Value], module: ModuleType
) -> int:
    """Draw the computation graph of Values of a script."""
    from .drawing.graph import Graph

    chosen = _chosen(options, "view", "direction", "theme", "format", "levels", "limit")
    if options.between is not None:
        ends = options.between.split(",")
        if len(ends) != 2:
            raise Failure(f"--between is {shorten(options.between)}: it must be two names, as x,y")
        chosen["between"] = tuple(find(module, end, script) for end in ends)
    if options.collapse is not None:
        level = options.collapse
        chosen["collapse"] = int(level) if level.isdecimal() else level.split(",")
    output = options.output or _file_name(names, ".svg")
    try:
        Graph(*values, **chosen).save(output, options.layout)
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        raise Failure(str(error)) from None
    print(f"wrote {output}")
    return 0


def _debug(
    options: Any, script: str, names: list[str], values: list[Value], module: ModuleType
) -> int:
    """Walk through the backward pass from a Value of a script, in the gradient debugger."""
    from .debugging.debugger import Debugger

    if len(values) != 1:
        raise Failure(f"{options.target} names {len(values)} Values: debug one")
    Debugger(values[0], vars(module), commands=options.commands).run()
    return 0


def _page(
    options: Any, script: str, names: list[str], values: list[Value], module: ModuleType
) -> int:
    """Write a page to step through backpropagation from a Value of a script."""
    if len(values) != 1:
        raise Failure(f"{', '.join(names)} are {len(values)} Values: a page has one root")
    chosen = _chosen(options, "seed", "direction", "theme", "format", "limit")
    output = options.output or _file_name(names, ".html")
    try:
        values[0].page(output, **chosen)
    except (ValueError, TypeError, OSError) as error:
        raise Failure(str(error)) from None
    print(f"wrote {output}")
    return 0


def _chosen(options: Any, *names: str) -> dict[str, Any]:
    """Return the options that were given; the others have their defaults where they are used."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _file_name(names: list[str], suffix: str) -> str:
    return re.sub(r"[^\w.]+", "_", "_".join(names)).strip("_") + suffix


COMMANDS = {"draw": _draw, "debug": _debug, "page": _page}


# ---------------------------------------------------------------------------- scripts


def _split(target: str) -> tuple[str, list[str]]:
    script, colon, names = target.rpartition(":")
    if not colon or not script or not names:
        raise Failure(f"{shorten(target)} names no Value: write SCRIPT:NAME, as train.py:loss")
    return script, [name.strip() for name in names.split(",")]


class _Source(importlib.machinery.SourceFileLoader):
    """Load a script as Python does the one that it runs: from its source, without a cache."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def run_script(script: str, arguments: Sequence[str] = ()) -> ModuleType:
    """Run a script as ``python script arguments`` does, and return its module.

    An exception is shown with the script's own lines and ends the command; so does an exit with a
    code that is not 0.
    """
    if not Path(script).is_file():
        raise Failure(f"no script {shorten(script)}")
    loader = _Source("__main__", script)
    spec = importlib.util.spec_from_file_location("__main__", script, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).resolve().parent))
    sys.modules["__main__"] = module
    try:
        loader.exec_module(module)
    except SystemExit as exit:
        if exit.code not in (None, 0):
            raise Failure(f"{script} ended with the exit code {exit.code}") from None
    except BaseException as error:
        own = of_script(error.__traceback__, script)
        error.__traceback__ = None if isinstance(error, SyntaxError) else own
        traceback.print_exception(type(error), error, error.__traceback__)
        raise Failure(f"{script} raised {type(error).__name__}, see above") from None
    return module


def of_script(frames: TracebackType | None, script: str) -> TracebackType | None:
    """Return a traceback without the frames that come before the script's own."""
    whole = frames
    while frames is not None and frames.tb_frame.f_code.co_filename != script:
        frames = frames.tb_next
    return frames or whole


def find(module: ModuleType, name: str, script: str) -> list[Value]:
    """Return the Values that a name of the script's stands for: one, or those in a list."""
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*|\[-?\d+\])*", name):
        raise Failure(f"{shorten(name)} is no name of a Value, as loss, net.out or losses[-1]")
    first, *rest = re.findall(r"[^\W\d]\w*|-?\d+", name)
    found: Any = vars(module).get(first, module)
    if found is module:
        raise Failure(f"{script} has no {shorten(first)}{_known(module)}")
    for part in rest:
        try:
            found = found[int(part)] if part.lstrip("-").isdecimal() else getattr(found, part)
        except (AttributeError, LookupError, TypeError) as error:
            raise Failure(f"{script} has no {shorten(name)}: {error}") from None
    values: list[Value] = []
    for value in found if isinstance(found, (list, tuple)) and found else [found]:
        if not isinstance(value, Value):
            kind = type(value).__name__
            raise Failure(f"{name} of {script} is of type {kind}, not a Value{_known(module)}")
        values.append(value)
    return values


def _known(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Value)]
    return f"; its Values are {', '.join(names[:20])}" if names else "; it has no global Values"


if __name__ == "__main__":
    sys.exit(main())
