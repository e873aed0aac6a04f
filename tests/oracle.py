"""The exact value, gradient and second derivative of every op, by mpmath, and how far ours are off.

    python tests/oracle.py [POINTS]      prints the worst case of every row of the table, in ulp

The formulas here are a second source: they are textbook derivatives at 60 digits or more, and share
nothing with the rules of the package. The points are 30 % uniform in ±10 (or the domain), 60 %
log-uniform over all magnitudes, and 10 % extremes.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
from kinks import drawn_from, kink
from mpmath import mp, mpf

from micrograd_like import Value, gradients
from micrograd_like.ops import TABLE, Op

EPS = sys.float_info.epsilon
Exact = Callable[..., Any]


def one(x: mpf) -> mpf:
    return mpf(1)


def nil(*xs: mpf) -> mpf:
    return mpf(0)


def sgn(x: mpf) -> mpf:
    return mpf(int(mpmath.sign(x)))


def sigma(x: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-x))


def slope(x: mpf) -> mpf:
    return sigma(x) * sigma(-x)


def phi(x: mpf) -> mpf:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mp.pi)


def erfc(x: mpf) -> mpf:
    return mpmath.erfc(x) if abs(x) < 100 else mpf(0 if x > 0 else 2)


def cdf(x: mpf) -> mpf:
    return erfc(-x / mpmath.sqrt(2)) / 2


def gauss(x: mpf) -> mpf:
    return 2 / mpmath.sqrt(mp.pi) * mpmath.exp(-x * x)


def sech(x: mpf) -> mpf:
    return 1 / mpmath.cosh(x)


def cbrt(x: mpf) -> mpf:
    return sgn(x) * mpmath.cbrt(abs(x))


LAMBDA = mpf("1.0507009873554804934193349852946")
ALPHA = mpf("1.6732632423543772848170429916717")

# name: value, first, second derivative
UNARY: dict[str, tuple[Exact, Exact, Exact]] = {
    "neg": (lambda x: -x, lambda x: mpf(-1), nil),
    "abs": (abs, sgn, nil),
    "sign": (sgn, nil, nil),
    "floor": (mpmath.floor, nil, nil),
    "ceil": (mpmath.ceil, nil, nil),
    "trunc": (lambda x: sgn(x) * mpmath.floor(abs(x)), nil, nil),
    "degrees": (lambda x: x * 180 / mp.pi, lambda x: 180 / mp.pi, nil),
    "radians": (lambda x: x * mp.pi / 180, lambda x: mp.pi / 180, nil),
    "exp": (mpmath.exp,) * 3,
    "exp2": (
        lambda x: mpf(2) ** x,
        lambda x: mpf(2) ** x * mp.ln2,
        lambda x: mpf(2) ** x * mp.ln2**2,
    ),
    "expm1": (mpmath.expm1, mpmath.exp, mpmath.exp),
    "log": (mpmath.log, lambda x: 1 / x, lambda x: -1 / x**2),
    "log2": (
        lambda x: mpmath.log(x) / mp.ln2,
        lambda x: 1 / x / mp.ln2,
        lambda x: -1 / x**2 / mp.ln2,
    ),
    "log10": (
        lambda x: mpmath.log(x) / mp.ln10,
        lambda x: 1 / x / mp.ln10,
        lambda x: -1 / x**2 / mp.ln10,
    ),
    "log1p": (mpmath.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
    "sqrt": (
        mpmath.sqrt,
        lambda x: 1 / (2 * mpmath.sqrt(x)),
        lambda x: -1 / (4 * x * mpmath.sqrt(x)),
    ),
    "cbrt": (cbrt, lambda x: 1 / (3 * cbrt(x) ** 2), lambda x: -2 / (9 * cbrt(x) ** 5)),
    "sin": (mpmath.sin, mpmath.cos, lambda x: -mpmath.sin(x)),
    "cos": (mpmath.cos, lambda x: -mpmath.sin(x), lambda x: -mpmath.cos(x)),
    "tan": (
        mpmath.tan,
        lambda x: 1 / mpmath.cos(x) ** 2,
        lambda x: 2 * mpmath.tan(x) / mpmath.cos(x) ** 2,
    ),
    "asin": (
        mpmath.asin,
        lambda x: 1 / mpmath.sqrt(1 - x * x),
        lambda x: x / mpmath.sqrt(1 - x * x) ** 3,
    ),
    "acos": (
        mpmath.acos,
        lambda x: -1 / mpmath.sqrt(1 - x * x),
        lambda x: -x / mpmath.sqrt(1 - x * x) ** 3,
    ),
    "atan": (mpmath.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "sinh": (mpmath.sinh, mpmath.cosh, mpmath.sinh),
    "cosh": (mpmath.cosh, mpmath.sinh, mpmath.cosh),
    "tanh": (
        mpmath.tanh,
        lambda x: sech(x) ** 2,
        lambda x: -2 * mpmath.tanh(x) * sech(x) ** 2,
    ),
    "asinh": (
        lambda x: sgn(x) * mpmath.asinh(abs(x)),
        lambda x: 1 / mpmath.sqrt(1 + x * x),
        lambda x: -x / mpmath.sqrt(1 + x * x) ** 3,
    ),
    "acosh": (
        mpmath.acosh,
        lambda x: 1 / mpmath.sqrt(x * x - 1),
        lambda x: -x / mpmath.sqrt(x * x - 1) ** 3,
    ),
    "atanh": (mpmath.atanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2),
    "erf": (
        lambda x: 1 - erfc(x) if abs(x) > 1 else mpmath.erf(x),
        gauss,
        lambda x: -2 * x * gauss(x),
    ),
    "erfc": (erfc, lambda x: -gauss(x), lambda x: 2 * x * gauss(x)),
    "normal_cdf": (cdf, phi, lambda x: -x * phi(x)),
    "normal_pdf": (phi, lambda x: -x * phi(x), lambda x: (x * x - 1) * phi(x)),
    "relu": (lambda x: max(x, mpf(0)), lambda x: mpf(x > 0), nil),
    "selu": (
        lambda x: LAMBDA * (x if x > 0 else ALPHA * mpmath.expm1(x)),
        lambda x: LAMBDA * (1 if x > 0 else ALPHA * mpmath.exp(x)),
        lambda x: mpf(0) if x > 0 else LAMBDA * ALPHA * mpmath.exp(x),
    ),
    "gelu": (
        lambda x: x * cdf(x),
        lambda x: cdf(x) + x * phi(x),
        lambda x: phi(x) * (2 - x * x),
    ),
    "silu": (
        lambda x: x * sigma(x),
        lambda x: sigma(x) * (1 + x * sigma(-x)),
        lambda x: slope(x) * (2 + x * (sigma(-x) - sigma(x))),
    ),
    "sigmoid": (sigma, slope, lambda x: -slope(x) * mpmath.tanh(x / 2)),
    "log_sigmoid": (
        lambda x: -mpmath.log1p(mpmath.exp(-x)),
        lambda x: sigma(-x),
        lambda x: -slope(x),
    ),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), sigma, slope),
    "softsign": (
        lambda x: x / (1 + abs(x)),
        lambda x: 1 / (1 + abs(x)) ** 2,
        lambda x: -2 * sgn(x) / (1 + abs(x)) ** 3,
    ),
    "sech2": (
        lambda x: sech(x) ** 2,
        lambda x: -2 * mpmath.tanh(x) * sech(x) ** 2,
        lambda x: 2 * sech(x) ** 2 * (2 * mpmath.tanh(x) ** 2 - sech(x) ** 2),
    ),
    "cbrt_slope": (
        lambda x: 1 / (3 * cbrt(x) ** 2),
        lambda x: -2 / (9 * cbrt(x) ** 5),
        lambda x: 10 / (27 * cbrt(x) ** 8),
    ),
    "one_minus_square": (lambda x: 1 - x * x, lambda x: -2 * x, lambda x: mpf(-2)),
    "exp_neg_square": (
        lambda x: mpmath.exp(-x * x),
        lambda x: -2 * x * mpmath.exp(-x * x),
        lambda x: (4 * x * x - 2) * mpmath.exp(-x * x),
    ),
}

# Near a root of a derivative that is a sum, the error is measured by the terms of that sum.
TERMS: dict[tuple[str, int], Exact] = {
    ("gelu", 1): lambda x: cdf(x) + abs(x) * phi(x),
    ("gelu", 2): lambda x: phi(x) * (2 + x * x),
    ("silu", 1): lambda x: sigma(x) * (1 + abs(x) * sigma(-x)),
    ("silu", 2): lambda x: slope(x) * (2 + abs(x)),
    ("normal_pdf", 2): lambda x: (x * x + 1) * phi(x),
    ("sech2", 2): lambda x: 2 * sech(x) ** 2 * (2 * mpmath.tanh(x) ** 2 + sech(x) ** 2),
    ("exp_neg_square", 2): lambda x: (4 * x * x + 2) * mpmath.exp(-x * x),
}

# name: value, partials, second partials aa, ab, bb
BINARY: dict[str, tuple[Exact, tuple[Exact, Exact], tuple[Exact, Exact, Exact]]] = {
    "add": (lambda a, b: a + b, (lambda a, b: mpf(1), lambda a, b: mpf(1)), (nil, nil, nil)),
    "sub": (lambda a, b: a - b, (lambda a, b: mpf(1), lambda a, b: mpf(-1)), (nil, nil, nil)),
    "mul": (
        lambda a, b: a * b,
        (lambda a, b: b, lambda a, b: a),
        (nil, lambda a, b: mpf(1), nil),
    ),
    "div": (
        lambda a, b: a / b,
        (lambda a, b: 1 / b, lambda a, b: -a / b**2),
        (nil, lambda a, b: -1 / b**2, lambda a, b: 2 * a / b**3),
    ),
    "floordiv": (lambda a, b: mpmath.floor(a / b), (nil, nil), (nil, nil, nil)),
    "mod": (
        lambda a, b: a - b * mpmath.floor(a / b),
        (lambda a, b: mpf(1), lambda a, b: -mpmath.floor(a / b)),
        (nil, nil, nil),
    ),
    "fmod": (
        lambda a, b: a - b * sgn(a / b) * mpmath.floor(abs(a / b)),
        (lambda a, b: mpf(1), lambda a, b: -sgn(a / b) * mpmath.floor(abs(a / b))),
        (nil, nil, nil),
    ),
    "power": (
        lambda a, b: a**b,
        (lambda a, b: b * a ** (b - 1), nil),
        (lambda a, b: b * (b - 1) * a ** (b - 2), nil, nil),
    ),
    "pow": (
        lambda a, b: a**b,
        (lambda a, b: b * a ** (b - 1), lambda a, b: a**b * mpmath.log(a)),
        (
            lambda a, b: b * (b - 1) * a ** (b - 2),
            lambda a, b: a ** (b - 1) * (1 + b * mpmath.log(a)),
            lambda a, b: a**b * mpmath.log(a) ** 2,
        ),
    ),
    "copysign": (
        lambda a, b: abs(a) * sgn(b),
        (lambda a, b: sgn(a) * sgn(b), nil),
        (nil, nil, nil),
    ),
    "atan2": (
        mpmath.atan2,
        (lambda a, b: b / (a * a + b * b), lambda a, b: -a / (a * a + b * b)),
        (
            lambda a, b: -2 * a * b / (a * a + b * b) ** 2,
            lambda a, b: (a * a - b * b) / (a * a + b * b) ** 2,
            lambda a, b: 2 * a * b / (a * a + b * b) ** 2,
        ),
    ),
    "leaky_relu": (
        lambda a, b: a if a > 0 else b * a,
        (lambda a, b: mpf(1) if a > 0 else b, lambda a, b: min(a, mpf(0))),
        (nil, lambda a, b: mpf(a < 0), nil),
    ),
    "elu": (
        lambda a, b: a if a > 0 else b * mpmath.expm1(a),
        (
            lambda a, b: mpf(1) if a > 0 else b * mpmath.exp(a),
            lambda a, b: mpf(0) if a > 0 else mpmath.expm1(a),
        ),
        (
            lambda a, b: mpf(0) if a > 0 else b * mpmath.exp(a),
            lambda a, b: mpf(0) if a > 0 else mpmath.exp(a),
            nil,
        ),
    ),
}
BINARY["ieee_div"] = BINARY["div"]
BINARY["ieee_power"] = BINARY["power"]
BINARY["ieee_pow"] = BINARY["pow"]

BINARY_TERMS: dict[tuple[str, int, int], Exact] = {
    ("pow", 0, 0): lambda a, b: abs(b * a ** (b - 2)) * (abs(b) + 1),
    ("pow", 0, 1): lambda a, b: a ** (b - 1) * (1 + abs(b * mpmath.log(a))),
    ("ieee_pow", 0, 0): lambda a, b: abs(b * a ** (b - 2)) * (abs(b) + 1),
    ("ieee_pow", 0, 1): lambda a, b: a ** (b - 1) * (1 + abs(b * mpmath.log(a))),
    ("power", 0, 0): lambda a, b: abs(b * a ** (b - 2)) * (abs(b) + 1),
    ("ieee_power", 0, 0): lambda a, b: abs(b * a ** (b - 2)) * (abs(b) + 1),
    ("atan2", 0, 1): lambda a, b: 1 / (a * a + b * b),
}


def norm(xs: Sequence[mpf]) -> mpf:
    return mpmath.sqrt(sum(x * x for x in xs))


def total(xs: Sequence[mpf]) -> mpf:
    return sum((mpmath.exp(x) for x in xs), mpf(0))


def product(xs: Sequence[mpf]) -> mpf:
    return mpmath.fprod(xs)


def halves(xs: Sequence[mpf]) -> mpf:
    half = len(xs) // 2
    bias = xs[-1] if len(xs) % 2 else mpf(0)
    return bias + sum(a * b for a, b in zip(xs[:half], xs[half:]))


# name: value, and its partials by a formula
NARY: dict[str, tuple[Exact, Exact]] = {
    "fsum": (sum, lambda xs: [mpf(1)] * len(xs)),
    "prod": (product, lambda xs: [product([*xs[:i], *xs[i + 1 :]]) for i in range(len(xs))]),
    "sumprod": (halves, lambda xs: [*xs[len(xs) // 2 :], *xs[: len(xs) // 2]]),
    "weighted_sum": (
        halves,
        lambda xs: [
            *xs[len(xs) // 2 : len(xs) // 2 * 2],
            *xs[: len(xs) // 2],
            *[mpf(1)] * (len(xs) % 2),
        ],
    ),
    "hypot": (norm, lambda xs: [x / norm(xs) for x in xs]),
    "maximum": (max, lambda xs: [mpf(x == max(xs)) for x in xs]),
    "minimum": (min, lambda xs: [mpf(x == min(xs)) for x in xs]),
    "clamp": (
        lambda xs: min(max(xs[0], xs[1]), xs[2]),
        lambda xs: [mpf(xs[1] < xs[0] < xs[2]), mpf(xs[0] < xs[1]), mpf(xs[0] > xs[2])],
    ),
    "logsumexp": (
        lambda xs: mpmath.log(total(xs)),
        lambda xs: [mpmath.exp(x) / total(xs) for x in xs],
    ),
    "softmax": (
        lambda xs: mpmath.exp(xs[0]) / total(xs),
        lambda xs: [
            mpmath.exp(xs[0]) * total(xs[1:]) / total(xs) ** 2,
            *(-mpmath.exp(xs[0] + x) / total(xs) ** 2 for x in xs[1:]),
        ],
    ),
    "log_softmax": (
        lambda xs: -mpmath.log1p(total([x - xs[0] for x in xs[1:]])),
        lambda xs: [total(xs[1:]) / total(xs), *(-mpmath.exp(x) / total(xs) for x in xs[1:])],
    ),
    "direction": (
        lambda xs: xs[0] / norm(xs),
        lambda xs: [
            norm(xs[1:]) ** 2 / norm(xs) ** 3,
            *(-xs[0] * x / norm(xs) ** 3 for x in xs[1:]),
        ],
    ),
}

NARY_NAMES = set(NARY)

# In ulp, beyond the 2 of a value and the 4 of a derivative. cbrt and erfc have the bits of math's,
# for which glibc promises no more; direction and softmax are there for the second derivatives of
# hypot and logsumexp.
BAR_OF_VALUE = {"gelu": 4.0, "silu": 4.0, "hypot": 4.0, "normal_cdf": 4.0, "sech2": 3.0}
BAR_OF_VALUE |= {"cbrt": 4.0, "erfc": 4.0, "logsumexp": 3.0}
BAR_OF_PARTIALS = {"direction": 6.0, "softmax": 6.0, "atan2": 5.0}


@dataclass
class Worst:
    """The largest errors found, in ulp: of the value, of partials, and of second partials."""

    errors: list[float]
    points: list[tuple[float, ...]]

    def see(self, order: int, error: float, xs: Sequence[float]) -> None:
        if error > self.errors[order]:
            self.errors[order], self.points[order] = error, tuple(xs)


def points(op: Op, n: int, rng: random.Random) -> Iterator[tuple[float, ...]]:
    """Draw n operand tuples from the op's domain, away from its kinks."""
    found = 0
    while found < n:
        size = len(op.names)
        if op.many:
            size = 2 * rng.randint(1, 3) if "sum" in op.name else rng.randint(2, 4)
        kind = rng.random()
        xs = tuple(draw(drawn_from(op, i), kind, rng) for i in range(size))
        if op.name == "clamp" and xs[1] > xs[2]:
            continue
        if abs(kink(op, xs)) <= 1e-9 * max(map(abs, xs)):
            continue
        found += 1
        yield xs


def draw(domain: tuple[float, float], kind: float, rng: random.Random) -> float:
    low, high = domain
    while True:
        if kind < 0.3:
            x = rng.uniform(max(low, -10), min(high, 10))
        elif kind < 0.9:
            x = math.copysign(10 ** rng.uniform(-300, 300), rng.random() - 0.5)
            if rng.random() < 0.5:
                x = math.copysign(10 ** rng.uniform(-20, 3), x)
            if math.isfinite(low) and rng.random() < 0.5:
                x = low + abs(x)
        else:
            edges = [edge for edge in domain if math.isfinite(edge)] or [0.0, -0.0]
            x = rng.choice(
                [
                    5e-324,
                    1e-310,
                    1e-300,
                    1e300,
                    1.7e308,
                    20.0,
                    36.0,
                    350.0,
                    708.0,
                    744.0,
                    0.5,
                    1.0,
                    0.999999999,
                ]
                + [math.nextafter(edge, 0.5 if math.isfinite(high) else math.inf) for edge in edges]
            )
            x = math.copysign(x, rng.random() - 0.5) if low < 0 else x
            x = x if low < x < high else rng.uniform(max(low, -40), min(high, 40))
        if low < x < high:
            return x


def ulps(ours: float, exact: mpf, terms: mpf | None = None) -> float:
    """Return the error of ours in ulp, or 0 where it is within 4 eps of the terms."""
    nearest = float(exact)
    if ours == nearest:
        return 0.0
    if not math.isfinite(nearest) or not math.isfinite(ours):
        big = sys.float_info.max
        return 0.0 if min(abs(nearest), abs(ours)) > big * (1 - 8 * EPS) else math.inf
    off = abs(mpf(ours) - exact)
    if terms is not None and off <= 4 * EPS * terms + 2 * mpf(5e-324):
        return 0.0
    return float(off / mpf(math.ulp(nearest)))


def measure(op: Op, n: int, seed: int = 0) -> Worst:
    """Return the worst errors of an op over n points."""
    worst = Worst([0.0] * 3, [()] * 3)
    with mp.workdps(1300 if "sum" in op.name and op.name != "logsumexp" else 80):
        for xs in points(op, n, random.Random(f"{op.name}{seed}")):
            try:
                out = op.value(xs)
            except (OverflowError, ValueError):
                continue  # the tests of exceptions are elsewhere
            if op is TABLE["prod"] and not all(1e-70 < abs(x) < 1e70 for x in xs):
                continue  # the product of some of them may overflow, as in math.prod
            if not math.isfinite(out):
                continue
            exact = [mpf(x) for x in xs]
            if op.names == ("a",):
                measure_unary(op, xs[0], out, exact[0], worst)
            elif op.many or len(op.names) > 2:
                measure_nary(op, xs, out, exact, worst)
            else:
                measure_binary(op, xs, out, exact, worst)
    return worst


def excesses(op: Op, worst: Worst) -> list[str]:
    """Return a line for each error beyond its bar."""
    bar = BAR_OF_PARTIALS.get(op.name, 4.0)
    bars = (BAR_OF_VALUE.get(op.name, 2.0), bar, bar)
    return [
        f"{error:.2f} ulp of order {order} at {point}"
        for order, (error, point) in enumerate(zip(worst.errors, worst.points))
        if error > bars[order]
    ]


def measure_unary(op: Op, x: float, out: float, exact: mpf, worst: Worst) -> None:
    value, first, second = UNARY[op.name]
    worst.see(0, ulps(out, value(exact)), (x,))
    leaf = Value(x)
    (gradient,) = gradients(op(leaf), [leaf], create_graph=True)  # type: ignore[operator]
    (curvature,) = gradients(gradient, [leaf])
    for order, ours, formula in ((1, gradient.data, first), (2, curvature, second)):
        terms = TERMS.get((op.name, order))
        worst.see(order, ulps(ours, formula(exact), terms and terms(exact)), (x,))


def measure_binary(op: Op, xs: Sequence[float], out: float, exact: list[mpf], worst: Worst) -> None:
    value, firsts, seconds = BINARY[op.name]
    worst.see(0, ulps(out, value(*exact)), xs)
    leaves = [Value(x) for x in xs]
    grads = gradients(op(*leaves), leaves, create_graph=True)  # type: ignore[operator]
    for ours, formula in zip(grads, firsts):
        worst.see(1, ulps(ours.data, formula(*exact)), xs)
    if not all(1e-50 < abs(x) < 1e50 for x in (*xs, out)):
        return  # where the steps of a second derivative overflow, though it may not
    for i, j in ((0, 0), (0, 1), (1, 1)):
        ours = gradients(grads[i], [leaves[j]])[0]
        terms = BINARY_TERMS.get((op.name, i, j))
        worst.see(2, ulps(ours, seconds[i + j](*exact), terms and terms(*exact)), xs)


def measure_nary(op: Op, xs: Sequence[float], out: float, exact: list[mpf], worst: Worst) -> None:
    value, partials = NARY[op.name]
    sums = op.name in ("weighted_sum",)  # added one by one: the error is measured by the terms
    terms = (
        sum((abs(a * b) for a, b in zip(exact, exact[len(exact) // 2 :])), mpf(0)) if sums else None
    )
    if op.name == "logsumexp":
        terms = max(map(abs, exact)) / 4
    worst.see(0, ulps(out, value(exact), terms), xs)
    if op.name == "direction" and not all(1e-100 < abs(x) < 1e100 for x in xs):
        return  # whose derivative is needed where hypot's second is
    leaves = [Value(x) for x in xs]
    y = op(*leaves)  # type: ignore[operator]
    for ours, formula in zip(gradients(y, leaves), partials(exact)):
        worst.see(1, ulps(ours, formula), xs)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"worst errors in ulp over {n} points a row\n")
    print(f"{'op':18}{'value':>8}{'gradient':>10}{'second':>8}")
    for op in TABLE.values():
        worst = measure(op, n)
        cells = [f"{error:.2f}" for error in worst.errors]
        if op.many:
            cells[2] = "-"
        print(f"{op.name:18}{cells[0]:>8}{cells[1]:>10}{cells[2]:>8}", *excesses(op, worst))


if __name__ == "__main__":
    main()
