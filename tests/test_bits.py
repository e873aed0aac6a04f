"""2,000 random programs give the bits that were recorded in data/bits.json.

A program is a few numbers and steps: rows of the table, or Python's operators, on operands among
all that was made before. Its digest is of every value and of every gradient; of the second
derivatives too, for every 4th. libm has not the same last bits on every machine: so a canary, a
digest of what math gives, stands beside the digests of each Python, and where it is another there
is nothing to compare with. Where new bits are meant, record them, with every Python that you have:

    PYTHONPATH=. python tests/test_bits.py --record        # --check compares, without pytest
"""

from __future__ import annotations

import hashlib
import json
import math
import operator
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from micrograd_like import Value, gradients
from micrograd_like.ops import TABLE

if TYPE_CHECKING:
    import pytest

FILE = Path(__file__).with_name("data") / "bits.json"
RECORDED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
ROWS: dict[str, str] = RECORDED["rows"]  # and the numbers of operands that each is tried with
PROGRAMS = 2000
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
MATH = (
    "acos acosh asin asinh atan atan2 atanh cbrt cos cosh degrees erf erfc exp exp2 expm1 fmod "
    "fsum hypot log log10 log1p log2 pow prod radians sin sinh sqrt sumprod tan tanh"
)
OPERATORS = {"abs", "add", "div", "floordiv", "mod", "mul", "neg", "pow", "power", "sub"}
IN_OPERATOR = {"div": "truediv", "power": "pow"}  # other names there than in the table
ERRORS = (ArithmeticError, ValueError)


class Run(NamedTuple):
    """What became of a program: its digest, rows and lines, and whether any gradient is not 0."""

    digest: str
    rows: set[str]
    lines: list[str]
    has_slope: bool


def number(rng: Random) -> float:
    """Draw a small whole number, one between -4 and 4, or now and then a large or tiny one."""
    kind, x = rng.random(), 8 * rng.random() - 4
    if kind < 0.25:
        return math.copysign(float(rng.getrandbits(2)), x)  # 0.0 and -0.0 too
    return x if kind < 0.9 else x * 10.0 ** (int(kind * 1e6) % 12 - 8)


def run(seed: int) -> Run:
    """Make up a program and follow it. What is drawn does not depend on what was computed.

    A step that raises, or makes nan or something huge, is replaced by tanh of its first operand.
    What no step used is summed up in the end.
    """
    rng = Random(seed)

    def choice(xs: Sequence[Any]) -> Any:
        return xs[int(len(xs) * rng.random())]  # Random's own may change with Python

    xs = [Value(number(rng)) for _ in range(choice(range(1, 6)))]
    made, unused, rows = xs[:], set(range(len(xs))), set()
    lines = [f"v{place} = {x.data!r}" for place, x in enumerate(xs)]
    for place in range(len(xs), len(xs) + choice(range(3, 26))):
        row = choice(sorted(ROWS))
        n = int(choice(ROWS[row].split()))
        operands = [choice(range(place)) for _ in range(n)]  # places; one may be a plain number
        plain, at, x = rng.random() < 0.25, choice(range(n)), number(rng)
        apply, by = TABLE[row], ""
        if row in OPERATORS and rng.random() < 0.5:
            apply, by = getattr(operator, IN_OPERATOR.get(row, row)), " by operator"
            if row in ("power", "pow"):  # v**x is the row power; v**v and x**v are pow
                plain, at = plain or row == "power", int(row == "power")
        if plain and n > 1:
            operands[at] = x
        try:
            out = apply(*(made[x] if isinstance(x, int) else x for x in operands))
        except ERRORS:
            out = None
        if out is None or not abs(out.data) <= 1e100:
            operands = [x for x in operands if isinstance(x, int)][:1]
            row, by, out = "tanh", f" for {row}", TABLE["tanh"](made[operands[0]])
        made.append(out)
        rows.add(row)
        unused = unused.difference(x for x in operands if isinstance(x, int)) | {place}
        shown = ", ".join(f"v{x}" if isinstance(x, int) else repr(x) for x in operands)
        lines.append(f"v{place} = {row}({shown}){by} = {out.data!r}")

    total, error = reduce(operator.add, [made[place] for place in sorted(unused)]), ""
    found = [value.data for value in (*made, total)] + gradients(total, xs)
    for _ in range(2):  # leaves add, all else is overwritten
        total.backward()
        found += [value.grad for value in made]
    if seed % 4 == 0:
        try:
            firsts = gradients(total, xs, create_graph=True)
            found += [first.data for first in firsts]
            found += gradients(reduce(operator.add, firsts), xs)
        except (*ERRORS, RuntimeError) as raised:
            error = type(raised).__name__
    return Run(digest(found, error), rows, lines, any(x.grad != 0 for x in xs))


def digest(numbers: Iterable[float], text: str = "") -> str:
    """Return 8 hexadecimal digits of the numbers' bits, in which every nan is the same."""
    bits = [struct.pack("<d", x if x == x else math.nan) for x in numbers]
    return hashlib.sha256(b"".join(bits) + text.encode()).hexdigest()[:8]


def canary() -> str:
    """Return a digest of what this Python's math gives at 4,000 points, and of what it has."""
    rng, found = Random(0), []
    functions = [getattr(math, name) for name in MATH.split() if hasattr(math, name)]
    for _ in range(4000):
        a, b = number(rng), number(rng)
        found.append(sum([a, b, 1e16, a, -1e16]))
        for f in functions:
            for operands in ((a,), (a, b), ([a, b, a / 3],), ([a, b], [b, a / 3])):
                try:
                    found.append(f(*operands))
                except (*ERRORS, TypeError):
                    continue
    return digest(found, " ".join(f.__name__ for f in functions))


def expected() -> list[str]:
    """Return the digests for this Python; raise LookupError where there are none for it."""
    here, there = canary(), RECORDED["pythons"].get(PYTHON)
    if not there:
        raise LookupError(f"no bits are recorded for Python {PYTHON}")
    if there["canary"] != here:
        raise LookupError(f"libm of another machine: canary {here}, not {there['canary']}")
    return " ".join(RECORDED["digests"][there["digests"]]).split()


def programs_of(runs: list[Run]) -> dict[str, int]:
    """Return how many programs each row is in."""
    return dict(sorted(Counter(row for made in runs for row in made.rows).items()))


def report(digests: list[str], runs: list[Run]) -> str:
    """Say which programs have other digests, and what rows they share; or nothing."""
    other = [made for made, recorded in zip(runs, digests) if made.digest != recorded]
    if not other:
        return ""
    every, bad = programs_of(runs), programs_of(other)
    ranked = sorted(bad, key=lambda row: -bad[row] / every[row])
    rows = ", ".join(f"{row} {bad[row]} of {every[row]}" for row in ranked)
    first = f"program {runs.index(other[0])} is the first of them"
    return (
        f"{len(other)} of {len(runs)} programs have other bits than were recorded; {first}:\n    "
        + "\n    ".join(other[0].lines)
        + f"\nby row: {rows}"
    )


def record() -> None:
    """Write the bits of this Python; what is recorded of others stays."""
    assert ROWS.keys() == TABLE.keys(), f"see to rows: {ROWS.keys() ^ TABLE.keys()}"
    runs, old = [*map(run, range(PROGRAMS))], RECORDED["digests"]
    assert sum(made.has_slope for made in runs) > 0.98 * PROGRAMS
    lists = {python: old[entry["digests"]] for python, entry in RECORDED["pythons"].items()}
    tens = [runs[i : i + 10] for i in range(0, PROGRAMS, 10)]
    lists[PYTHON] = [" ".join(made.digest for made in ten) for ten in tens]
    once = [lines for i, lines in enumerate(lists.values()) if lines not in [*lists.values()][:i]]
    RECORDED["pythons"][PYTHON] = {"canary": canary()}
    for python, lines in lists.items():
        RECORDED["pythons"][python]["digests"] = once.index(lines)
    RECORDED.update(digests=once, programs=programs_of(runs))
    FILE.write_text(json.dumps(RECORDED, indent=0) + "\n", encoding="utf-8")


def test_values_and_gradients_have_the_bits_that_were_recorded() -> None:
    assert all(RECORDED["programs"].get(row, 0) >= 20 for row in ROWS)
    try:
        digests = expected()
    except LookupError as error:
        import pytest  # not above: --record and --check do without it

        pytest.skip(str(error))
    runs = [*map(run, range(PROGRAMS))]
    assert not (different := report(digests, runs)), different
    assert programs_of(runs) == RECORDED["programs"]


def test_a_slope_that_is_a_little_off_is_seen_and_its_row_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs, erf, tiny = [*map(run, range(200))], TABLE["erf"], 2.0**-50
    digests = [made.digest for made in runs]
    assert report(digests, runs) == ""
    steeper = {"erf": lambda a: erf(a) + (a * tiny - a.data * tiny)}  # adds 0.0, of slope tiny
    monkeypatch.setitem(globals(), "TABLE", {**TABLE, **steeper})
    assert "\nby row: erf " in report(digests, [*map(run, range(200))])
    assert digest([0.1]) != digest([math.nextafter(0.1, 1.0)])
    assert digest([0.0, math.nan]) == digest([0.0, -math.nan]) != digest([-0.0, math.nan])


if __name__ == "__main__":
    if "--record" in sys.argv:
        record()
    try:
        told = report(expected(), [*map(run, range(PROGRAMS))])
    except LookupError as error:
        told = str(error)
    sys.exit(f"Python {PYTHON}: {told}" if told else None)
