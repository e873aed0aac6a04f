"""Ctrl-C at a place of our choice, or at random moments; and a training for a process to kill.

python tests/interrupting.py --signals 10000   interrupt backward so often, in each of four ways
python tests/interrupting.py EPOCHS PATH LINE  train, until killed before that line of writing
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import micrograd_like
from micrograd_like import data, files, losses, nn, optim, training
from micrograd_like.files import write_whole

PACKAGE = Path(micrograd_like.__file__).parent


class Interrupts:
    """Raise KeyboardInterrupt at the k-th call or return, of Python or C, inside a function."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        self.left -= 1
        if self.left == 0:
            sys.setprofile(None)
            raise KeyboardInterrupt

    def run(self, function: Callable[[], Any]) -> bool:
        """Return whether the function came to its end before."""
        before = sys.getprofile()
        try:
            sys.setprofile(self)
            function()
            sys.setprofile(None)
        except KeyboardInterrupt:
            pass
        finally:
            sys.setprofile(before)
        return self.left > 0  # Python drops one that is raised in a weak reference's callback


class PlacedInterrupts:
    """Raise KeyboardInterrupt at the k-th place, and for more ks again, so far after the last.

    A place is a line of the package, and a bytecode of the codes in ``closely``.
    """

    def __init__(self, *at: int, closely: tuple[Any, ...] = ()) -> None:
        self.at, self.closely = at, closely
        self.seen = 0
        self.places: list[int] = []  # the offsets of the bytecodes where it has raised
        self.raising = False
        self.tracers: list[Any] = []

    def run(self, function: Callable[[], Any]) -> bool:
        """Return whether all of them came before the function's end."""
        before = sys.gettrace()
        sys.settrace(self.enter)
        try:
            function()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
            self.tracers.clear()  # they hold frames, and so the files that were open in them
        return len(self.places) == len(self.at)

    def enter(self, frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        watched = code.co_filename.startswith(str(PACKAGE)) or code in self.closely
        return self.watch(frame) if watched else None

    def watch(self, frame: Any) -> Any:
        # Python switches tracing off when a trace function raises, and lets go of the one that the
        # frame has. That moment, before the first line of a handler, is when to switch it on again.
        frame.f_trace = tracer = partial(self.step)
        self.tracers.append(weakref.ref(tracer, partial(self.go_on, frame)))
        if frame.f_code in self.closely:
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return tracer

    def go_on(self, frame: Any, tracer: Any) -> None:
        if self.raising:
            self.raising = False
            sys.settrace(self.enter)
            self.watch(frame)

    def step(self, frame: Any, event: str, argument: Any) -> Any:
        if event in ("line", "opcode") and len(self.places) < len(self.at):
            self.seen += 1
            if self.seen == self.at[len(self.places)]:
                self.places.append(frame.f_lasti)
                self.seen = 0
                self.raising = True
                raise KeyboardInterrupt
        return frame.f_trace


def kill_at(line: int) -> None:
    """Kill this process before it runs so many lines of the code that writes files."""
    lines = itertools.count(1)
    writing = {write_whole.__code__, files._write_and_replace.__code__}

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code not in writing:
            return None
        if event == "line" and next(lines) == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def train(epochs: int, checkpoint: Path | None, resume: Path | None) -> tuple[list[str], int]:
    """Train a small network; return the bits of all its weights, and how many epochs it had."""
    model = nn.MLP(2, [4, 1], activation="tanh", rng=random.Random(1))
    history = training.fit(
        model,
        data.moons(8, rng=3),
        loss=losses.binary_cross_entropy,
        optimizer=optim.Adam(model, 0.01),
        epochs=epochs,
        batch_size=3,
        progress=False,
        checkpoint=checkpoint,
        resume=resume,
    )
    return [p.data.hex() for p in model.parameters()], len(history)


if __name__ == "__main__":
    if sys.argv[1] == "--signals":
        from bombarding import BACKWARDS, bombard

        bombard(BACKWARDS[[*sys.argv[3:], "careful"][0]], int(sys.argv[2]))
    else:
        kill_at(int(sys.argv[3]))
        train(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[2]))
