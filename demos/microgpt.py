"""A very small GPT: it reads names letter by letter, and then makes up new ones.

The network says how likely each letter is to come next. Training makes those likely that do come.
To make up a name, draw its next letter from what the network says, and so on to the end. A letter
becomes 16 numbers. By attention it looks back: it asks a question (its query), each letter so far
has an answer (its key), and it takes over most from those whose answers fit. A small MLP ends it.
"""

import argparse
import random
import time
from collections.abc import Sequence
from operator import add
from pathlib import Path
from typing import Any

import micrograd_like as ml
from demos.console import count, run
from micrograd_like import Value, nn, optim, weighted_sum

LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot is where a name starts and ends
WIDTH, LONGEST = 16, 12  # and four heads of attention, each on four of the 16 numbers


class GPT(nn.Module):
    """The matrices, as lists of rows; a row weighs the numbers that come in."""

    def __init__(self, rng: random.Random) -> None:
        def matrix(rows: int, columns: int, size: float = 0.08) -> list[list[Any]]:
            return [[Value(rng.gauss(0, size)) for _ in range(columns)] for _ in range(rows)]

        self.letter, self.place = matrix(len(LETTERS), WIDTH), matrix(LONGEST, WIDTH)
        self.query, self.key, self.value = (matrix(WIDTH, WIDTH) for _ in range(3))
        self.joined = matrix(WIDTH, WIDTH, 0.02)
        self.up, self.down = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH, 0.02)
        self.scores = matrix(len(LETTERS), WIDTH)

    def rows(self, letters: str) -> list[tuple[list[Any], list[Any]]]:
        """Return 16 numbers for what each letter is, and 16 for where it stands."""
        return [(self.letter[LETTERS.index(c)], row) for c, row in zip(letters, self.place)]

    def weights(self) -> list[Value]:
        """Return the parameters that every letter meets."""
        return self.parameters()[(len(LETTERS) + LONGEST) * WIDTH :]

    def __call__(self, rows: Sequence[Sequence[list[Any]]]) -> list[list[Any]]:
        """Return, after each letter's two rows, the score of every letter to come next."""
        keys, values, scores = list[Any](), list[Any](), list[Any]()
        for what, where in rows:
            x = normed([*map(add, what, where)])
            query = times(self.query, x)
            keys.append(times(self.key, x))
            values.append(times(self.value, x))
            found = [y for k in range(0, WIDTH, 4) for y in attend(k, query, keys, values)]
            x = [*map(add, x, times(self.joined, found))]
            hidden = [ml.relu(y) for y in times(self.up, normed(x))]
            x = [*map(add, x, times(self.down, hidden))]
            scores.append(times(self.scores, normed(x)))
        return scores


def attend(k: int, query: list[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
    """Return what one head takes over from the letters so far; its part starts at ``k``."""
    part = slice(k, k + 4)
    shares = ml.softmax([weighted_sum(query[part], key[part]) / 2 for key in keys])
    return [weighted_sum(shares, column) for column in zip(*[value[part] for value in values])]


def times(matrix: list[list[Any]], x: list[Any]) -> list[Any]:
    """Multiply a matrix by a vector."""
    return [weighted_sum(row, x) for row in matrix]


def normed(x: list[Any]) -> list[Any]:
    """Scale a vector to a mean square of 1."""
    scale = 1 / ml.sqrt(weighted_sum(x, x) / len(x) + 1e-5)
    return [scale * a for a in x]


def loss(model: GPT, rows: Sequence[Sequence[list[Any]]], targets: list[list[Any]]) -> Any:
    """Return the mean of -log(probability) of what comes next; a target is 1 at its letter."""
    each = [ml.logsumexp(s) - weighted_sum(t, s) for s, t in zip(model(rows), targets)]
    return ml.fsum(each) / len(each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train on names, one at a time, and print new ones."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.microgpt", description=__doc__)
    parser.add_argument("--steps", type=count, default=1000, help="names to train on")
    parser.add_argument("--eager", action="store_true", help="record a graph for every name")
    options = parser.parse_args(arguments)
    rng = random.Random(1)
    names = (Path(__file__).parent / "data" / "names.txt").read_text().split()
    rng.shuffle(names)
    model = GPT(rng)
    optimizer = optim.Adam(model, lr=lambda step: 0.01 * (1 - step / options.steps))
    print(f"{len(names)} names, {len(model.parameters())} parameters")
    programs, losses, spent = dict[int, Any](), list[float](), 0.0  # a program for each length
    for i in range(1, options.steps + 1):
        n = len(name := names[i % len(names)]) + 1
        if not options.eager and n not in programs:
            programs[n] = program_for(model, n)
        start = time.perf_counter()
        optimizer.zero_grad()
        losses.append(learn(model, name, programs.get(n)))
        optimizer.step()
        spent += time.perf_counter() - start
        if i % 100 == 0:
            mean = sum(losses[-100:]) / 100
            print(f"{i:5} names  loss {mean:.4f}  {1000 * spent / i:.1f} ms a name")
    print("new names:", *(made_up(model, rng) for _ in range(20)))
    return 0


def learn(model: GPT, name: str, program: Any) -> float:
    """Add the gradients for one name, by a program or by a graph, and return its loss."""
    rows = model.rows("." + name)
    targets = [[float(letter == c) for letter in LETTERS] for c in name + "."]
    if program is None:
        y = loss(model, rows, targets)
        y.backward()
        return float(y.data)
    leaves = [p for both in rows for row in both for p in row]
    value, grads = program(*[p.data for p in leaves], *[x for row in targets for x in row])
    for p, g in zip(leaves + model.weights(), grads):
        p.grad += g
    return float(value)


def program_for(model: GPT, n: int) -> Any:
    """Return the loss and its gradients as a program: n letters' rows and targets come in."""
    rows = [[[Value(0.0) for _ in range(WIDTH)] for _ in range(2)] for _ in range(n)]
    targets = [[Value(0.0) for _ in LETTERS] for _ in range(n)]
    leaves = [x for both in rows for row in both for x in row]
    inputs = [*leaves, *[x for row in targets for x in row]]
    return loss(model, rows, targets).program(inputs, leaves + model.weights())


@ml.no_grad()
def made_up(model: GPT, rng: random.Random) -> str:
    """Return a new name, letter by letter; doubled scores favour the likely letters."""
    name = "."
    while len(name) < LONGEST and not name[1:].endswith("."):
        scores = model(model.rows(name))[-1]
        name += rng.choices(LETTERS, ml.softmax([2 * score.data for score in scores]))[0]
    return name.strip(".")


if __name__ == "__main__":
    run(main)
