"""A program as compiled C, called through ctypes.

What you can do with it::

    program = tanh(w * x).program(inputs=[x])
    native = program.native()                          # with $CC, or else cc
    native(0.25)                                       # as program(0.25), to the bit
    values, gradients = native.batch([[0.25], [0.5]])  # for each row its gradients
    values, sums = native.batch(rows, reduce="sum")    # or their sums

Where a number is not finite, or the processor says that an operation was not, the engine runs in
its place: so errors are the engine's.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import subprocess
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import c
from .batches import Batches

LONGEST = 3_000  # lines of one function that a compiler is asked to make the most of
FLAGS = ["-std=c99", "-ffp-contract=off", "-fPIC", "-shared"]  # no a*b + c rounded once


class Native(Batches):
    """A program as compiled C: called like the program, or of many rows by `batch`."""

    def __init__(self, program: Any, outputs: Sequence[Any] = ()) -> None:
        super().__init__(program, outputs)
        name, self.source, longest = c.source_of(program, self.vectors)
        library = _compiled(self.source, name, longest)
        self._function = getattr(library, name)
        self._function.argtypes = [ctypes.c_long, *[ctypes.c_void_p] * 4, ctypes.c_int]

    def _rows(self, n: int, x: bytes, p: bytes, each: bool) -> Any:
        y = array("d", bytes(8 * n * self.n_outputs))
        g = array("d", bytes(8 * len(self.vectors.targets) * (n if each else 1)))
        places = y.buffer_info()[0], g.buffer_info()[0]
        return None if self._function(n, x, p, *places, each) else (y, g)


def _compiled(text: str, name: str, longest: int) -> ctypes.CDLL:
    """Compile a text, for this machine, and load it."""
    command = shlex.split(os.environ.get("CC") or "cc")
    best = ["-O2", "-march=native"] if longest < LONGEST else ["-O1"]
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / f"{name}.c", Path(folder) / f"{name}.so"
        source.write_text(text, encoding="utf-8")
        for flags in (best, best[:1]):  # not every compiler knows this machine
            given = [*command, *FLAGS, *flags, str(source), "-o", str(library), "-lm"]
            try:
                run = subprocess.run(given, capture_output=True, text=True, check=False)
            except OSError as error:
                raise RuntimeError(
                    f"there is no C compiler {command[0]!r} ({error.strerror}): install one, as by "
                    "`apt-get install gcc` or `xcode-select --install`, or name yours in $CC"
                ) from None
            if run.returncode == 0:
                return ctypes.CDLL(str(library))
    raise RuntimeError(f"{shlex.join(command)} cannot compile the program:\n{run.stderr[:1000]}")
