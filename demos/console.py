"""What the demos share on the command line: a check of the output path, a clean end."""

import io
import os
import pathlib
import sys
from collections.abc import Callable


def count(text: str) -> int:
    """Read an option that is a whole number of at least 0."""
    if (number := int(text)) < 0:
        raise ValueError(text)
    return number


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
