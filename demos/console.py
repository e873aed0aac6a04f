"""What the demos share on the command line: options, progress, the output file, a clean end."""

import argparse
import io
import os
import pathlib
import shutil
import sys
import time
from collections.abc import Callable, Sequence


class Progress:
    """Report epochs: in one live line on a terminal, else in ``lines`` plain ones over the run."""

    def __init__(self, epochs: int, lines: int = 5) -> None:
        self.epochs, self.lines, self.width = epochs, lines, 0
        self.start = time.perf_counter()

    def show(self, epoch: int, loss: float, accuracy: float) -> None:
        """Report an epoch, counted from 1, its loss and its accuracy from 0 to 1."""
        left = (time.perf_counter() - self.start) / epoch * (self.epochs - epoch)
        line = (
            f"epoch {epoch:{len(str(self.epochs))}}/{self.epochs}   loss {loss:.4f}   "
            f"accuracy {accuracy:6.1%}   {left:3.0f} s left"
        )
        if sys.stdout.isatty():
            line = line[: shutil.get_terminal_size().columns - 1]  # a wrapped line stays behind
            print("\r" + line.ljust(self.width), end="", flush=True)
            self.width = len(line)
        elif epoch * self.lines % self.epochs < self.lines:
            print(line, flush=True)

    def close(self) -> None:
        """End the live line, if there is one."""
        if self.width:
            print(flush=True)
            self.width = 0


def parse(
    name: str, purpose: str | None, arguments: Sequence[str] | None, seed: int | None = None
) -> argparse.Namespace:
    """Return a demo's options: the ``picture`` that it writes and, if it has one, its ``seed``.

    A picture that could not be written ends the program now, before anything is computed.
    """
    parser = argparse.ArgumentParser(prog=f"python3 -m demos.{name}", description=purpose)
    parser.add_argument(
        "picture", nargs="?", default=f"{name}.svg", type=pathlib.Path, help="an SVG file to write"
    )
    if seed is not None:
        parser.add_argument("--seed", type=int, default=seed, help="of all that is random")
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
