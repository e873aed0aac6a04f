"""A very small GPT: it reads names letter by letter, and then makes up new ones.

Before each letter of a name, the network says how likely every letter is to come next. Training
makes the letters that do come more likely. To make up a name, draw its next letter from what the
network says, and read on, until it draws the end.

A letter becomes 16 numbers, for what it is and where it stands. By attention it looks back: it asks
a question (its query), each letter so far has an answer (its key), and it takes over most from
those whose answers fit. A small MLP works on the result. Both add to the 16 numbers, and a last
matrix turns them into a score for every letter.
"""

import argparse
import operator
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import micrograd_like as ml
from demos.console import count, run
from micrograd_like import Value, nn, optim, weighted_sum

NAMES = Path(__file__).with_name("data") / "names.txt"
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot is where a name starts and ends
WIDTH, LONGEST = 16, 12  # and four heads of attention, each on four of the 16 numbers

Vector = list[Any]  # of Values or floats
Step = Callable[..., tuple[float, Sequence[float]]]  # the loss and its gradients


class GPT(nn.Module):
    """The matrices, as lists of rows; a row weighs the numbers that come in."""

    def __init__(self, rng: random.Random) -> None:
        def matrix(rows: int, columns: int, size: float = 0.08) -> list[Vector]:
            return [[Value(rng.gauss(0, size)) for _ in range(columns)] for _ in range(rows)]

        self.letter, self.place = matrix(len(LETTERS), WIDTH), matrix(LONGEST, WIDTH)
        self.query, self.key, self.value = (matrix(WIDTH, WIDTH) for _ in range(3))
        self.joined = matrix(WIDTH, WIDTH, 0.02)
        self.up, self.down = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH, 0.02)
        self.scores = matrix(len(LETTERS), WIDTH)

    def rows(self, letters: str) -> list[tuple[Vector, Vector]]:
        """Return, for each letter, the numbers for what it is and for where it stands."""
        return [(self.letter[LETTERS.index(c)], row) for c, row in zip(letters, self.place)]

    def __call__(self, letters: Sequence[Vector]) -> list[Vector]:
        """Return, after each letter's 16 numbers, the score of every letter to come next."""
        keys, values, scores = list[Vector](), list[Vector](), list[Vector]()
        for x in map(normed, letters):
            query = times(self.query, x)
            keys.append(times(self.key, x))
            values.append(times(self.value, x))
            found = [y for k in range(0, WIDTH, 4) for y in attend(k, query, keys, values)]
            x = added(x, times(self.joined, found))
            x = added(x, times(self.down, [ml.relu(y) for y in times(self.up, normed(x))]))
            scores.append(times(self.scores, normed(x)))
        return scores


def attend(k: int, query: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
    """Return what one head takes over from the letters so far; its part starts at ``k``."""
    part = slice(k, k + 4)
    shares = ml.softmax([weighted_sum(query[part], key[part]) / 2 for key in keys])
    return [weighted_sum(shares, column) for column in zip(*[value[part] for value in values])]


def times(matrix: list[Vector], x: Vector) -> Vector:
    """Multiply a matrix by a vector."""
    return [weighted_sum(row, x) for row in matrix]


def added(x: Vector, y: Vector) -> Vector:
    """Add two vectors."""
    return [*map(operator.add, x, y)]


def normed(x: Vector) -> Vector:
    """Scale a vector to a mean square of 1."""
    scale = 1 / ml.sqrt(weighted_sum(x, x) / len(x) + 1e-5)
    return [scale * a for a in x]


def loss(model: GPT, letters: list[Vector], targets: list[Vector]) -> Any:
    """Return the mean of -log(probability) of what comes next; a target is 1 at its letter."""
    each = [ml.logsumexp(s) - weighted_sum(t, s) for s, t in zip(model(letters), targets)]
    return ml.fsum(each) / len(each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train on names, one at a time, and print new ones."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.microgpt", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of all that is random")
    parser.add_argument("--steps", type=count, default=1000, help="names to train on")
    parser.add_argument("--eager", action="store_true", help="record a graph for every name")
    options = parser.parse_args(arguments)

    rng = random.Random(options.seed)
    names = NAMES.read_text().split()
    rng.shuffle(names)
    model = GPT(rng)
    optimizer = optim.Adam(model, lr=lambda step: 0.01 * (1 - step / options.steps))
    print(f"{len(names)} names, {len(model.parameters())} parameters")
    steps: dict[int, Step] = {}  # by the number of letters
    losses, began = [], time.perf_counter()
    for i in range(1, options.steps + 1):
        name = names[i % len(names)]
        n = len(name) + 1
        steps[n] = steps.get(n) or recorded(model, n, options.eager)
        optimizer.zero_grad()
        losses.append(learn(model, name, steps[n]))
        optimizer.step()
        if i % 100 == 0:
            each = 1000 * (time.perf_counter() - began) / i
            print(f"{i:5} names  loss {sum(losses[-100:]) / 100:.4f}  {each:.1f} ms a name")
    print("\nnew names:", *(made_up(model, rng) for _ in range(20)))
    return 0


def recorded(model: GPT, n: int, eager: bool) -> Step:
    """Return the loss of n letters' numbers and targets, with its gradients, as a function."""
    letters = [[Value(0.0) for _ in range(WIDTH)] for _ in range(n)]
    targets = [[Value(0.0) for _ in LETTERS] for _ in range(n)]
    inputs = [x for vector in letters + targets for x in vector]
    wrt = [*inputs[: n * WIDTH], *weights(model)]

    def step(*numbers: float) -> tuple[float, Sequence[float]]:
        for leaf, x in zip(inputs, numbers):
            leaf.data = x
        y = loss(model, letters, targets)
        return y.data, ml.gradients(y, wrt)

    return step if eager else loss(model, letters, targets).program(inputs, wrt=wrt)


def weights(model: GPT) -> list[Value]:
    """Return the parameters that every letter meets."""
    return model.parameters()[(len(LETTERS) + LONGEST) * WIDTH :]


def learn(model: GPT, name: str, step: Step) -> float:
    """Set the gradients for one name, and return its loss."""
    pairs = [pair for rows in model.rows("." + name) for pair in zip(*rows)]
    targets = [float(letter == c) for c in name + "." for letter in LETTERS]
    y, grads = step(*[what.data + where.data for what, where in pairs], *targets)
    for (what, where), g in zip(pairs, grads):
        what.grad += g
        where.grad += g
    for p, g in zip(weights(model), grads[len(pairs) :]):
        p.grad = g
    return y


@ml.no_grad()
def made_up(model: GPT, rng: random.Random) -> str:
    """Return a new name, letter by letter; doubled scores favour the likely letters."""
    name = "."
    while len(name) < LONGEST and not name[1:].endswith("."):
        scores = model([added(*rows) for rows in model.rows(name)])[-1]
        name += rng.choices(LETTERS, ml.softmax([2 * score.data for score in scores]))[0]
    return name.strip(".")


if __name__ == "__main__":
    run(main)
