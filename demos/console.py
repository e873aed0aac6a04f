"""What the demos share on the command line: options, the output file, a clean end."""

import argparse
import io
import os
import pathlib
import sys
from collections.abc import Callable, Sequence


def count(text: str) -> int:
    """Read an option that is a whole number of at least 0."""
    if (number := int(text)) < 0:
        raise ValueError(text)
    return number


def parse(
    name: str,
    purpose: str | None,
    arguments: Sequence[str] | None,
    *,
    seed: int | None = None,
    epochs: int | None = None,
    **switches: str,
) -> argparse.Namespace:
    """Return a demo's options: the ``picture`` that it writes and, if it has them, the others.

    A switch is an option without a value; the argument of its name is its help.

    A picture that could not be written ends the program now, before anything is computed.
    """
    first_paragraph = (purpose or "").partition("\n\n")[0]
    parser = argparse.ArgumentParser(prog=f"python3 -m demos.{name}", description=first_paragraph)
    parser.add_argument(
        "picture", nargs="?", default=f"{name}.svg", type=pathlib.Path, help="an SVG file to write"
    )
    if seed is not None:
        parser.add_argument("--seed", type=int, default=seed, help="of all that is random")
    if epochs is not None:
        parser.add_argument("--epochs", type=count, default=epochs)
    for switch, help in switches.items():
        parser.add_argument(f"--{switch}", action="store_true", help=help)
    options = parser.parse_args(arguments)
    try:
        check_writable(options.picture)
    except OSError as error:
        parser.error(f"cannot write the picture: {error}; name another file")
    return options


def write(picture: pathlib.Path, svg: str) -> None:
    """Write the picture, the same bytes on every system, and say so."""
    picture.write_text(svg, encoding="utf-8", newline="\n")
    print(f"wrote {picture}")


def check_writable(path: pathlib.Path) -> None:
    """Raise the OSError that writing to the path would raise; leave everything as it is."""
    there = path.exists()
    with path.open("a"):
        pass
    if not there:
        path.resolve().unlink()


def run(main: Callable[[], int]) -> None:
    """Exit with main's code, without a traceback when interrupted or when the reader has gone."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal's encoding has an arrow
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nstopped; nothing is kept but what is printed above", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the exit flushes once more
        code = 1
    except OSError as error:  # a full disk, a file that is missing
        print(error, file=sys.stderr)
        code = 1
    sys.exit(code)
