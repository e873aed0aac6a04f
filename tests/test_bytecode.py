"""Every backward jump of `Value.backward` is in its `try`: that is where Ctrl-C is delivered.

CPython 3.12 and 3.13 leave some out, that of an `elif` without `else` at the end of a loop, or that
of a `while` with a condition (#130279). An interrupt there goes to no handler, and what is half
done stays so.
"""

from __future__ import annotations

import dis
import sys
from typing import Any

import pytest
from interrupting import PlacedInterrupts

from micrograd_like import engine

BACKWARD: Any = engine.Value.backward.__code__


def jumps_back(code: Any) -> set[int]:
    """Return the offsets of the jumps backward: where a signal is looked for in a loop."""
    jumps = [i for i in dis.get_instructions(code) if "JUMP" in i.opname]
    return {i.offset for i in jumps if i.argval < i.offset}


def unguarded(code: Any) -> set[int]:
    """Return the offsets of those from which an exception goes to no handler."""
    if sys.version_info >= (3, 11):
        guarded = [(e.start, e.end) for e in dis.Bytecode(code).exception_entries]
    else:
        tries = [i for i in dis.get_instructions(code) if i.opname == "SETUP_FINALLY"]
        guarded = [(i.offset, i.argval) for i in tries]
    return {at for at in jumps_back(code) if not any(start <= at < end for start, end in guarded)}


def test_no_jump_of_backward_is_left_out_of_its_try() -> None:
    assert len(jumps_back(BACKWARD)) > 3
    assert unguarded(BACKWARD) == set()


def elif_without_else(seen: list[int]) -> None:
    try:
        for x in [1, 2, 3]:
            if x == 1:
                seen.append(-x)
            elif x == 2:
                seen.append(x)
    except KeyboardInterrupt:
        pass


def elif_with_else(seen: list[int]) -> None:
    try:
        for x in [1, 2, 3]:
            if x == 1:
                seen.append(-x)
            elif x != 2:
                continue
            else:
                seen.append(x)
    except KeyboardInterrupt:
        pass


def while_condition(seen: list[int]) -> None:
    try:
        while len(seen) < 3:
            seen.append(1)
    except KeyboardInterrupt:
        pass


def loop_outside(seen: list[int]) -> None:
    try:
        seen.append(0)
    except KeyboardInterrupt:
        return
    for x in [1, 2, 3]:
        seen.append(x)


LOOPS = [elif_without_else, elif_with_else, while_condition, loop_outside]


@pytest.mark.parametrize("loop", LOOPS)
def test_interrupts_escape_only_from_jumps_that_are_called_unguarded(loop: Any) -> None:
    escaped: set[int] = set()
    at, came = 0, True
    while came:
        at += 1
        interrupts = PlacedInterrupts(at, closely=(loop.__code__,))
        ended: list[None] = []
        came = interrupts.run(lambda done=ended: done.append(loop([])))
        if not ended:
            escaped.update(interrupts.places)
    assert escaped & jumps_back(loop.__code__) <= unguarded(loop.__code__)


def test_a_jump_of_a_loop_outside_the_try_is_unguarded() -> None:
    assert unguarded(loop_outside.__code__)
    assert not unguarded(elif_with_else.__code__)


@pytest.mark.skipif(
    not (3, 12) <= sys.version_info < (3, 13, 3), reason="not every CPython has the flaw"
)
def test_the_jump_of_an_elif_without_else_is_unguarded() -> None:
    assert unguarded(elif_without_else.__code__)
    assert unguarded(while_condition.__code__)
