"""Train a network to tell Fisher's three irises apart by their measures."""

import argparse
import pathlib
import random
from collections.abc import Sequence

from demos.console import Progress, run
from micrograd_like import Value, fsum, logsumexp
from micrograd_like.data import Row, Standardiser, batches, read_csv, split
from micrograd_like.nn import MLP

IRISES = pathlib.Path(__file__).with_name("data") / "iris.csv"
SPECIES = ("setosa", "versicolor", "virginica")


def evaluate(model: MLP, rows: Sequence[Row]) -> tuple[Value, list[int]]:
    """Return the mean softmax cross-entropy, and the class that each row is taken for.

    With one score per class, -log p(target) = logsumexp(scores) - scores[target].
    """
    losses: list[Value] = []
    answers: list[int] = []
    for inputs, target in rows:
        scores = model(inputs)
        losses.append(logsumexp(scores) - scores[target])
        answers.append(max(range(len(scores)), key=lambda i: scores[i].data))
    return fsum(losses) / len(rows), answers


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the accuracy on held-out flowers and who was taken for whom."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.iris", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of split, weights and batches")
    parser.add_argument("--epochs", type=int, default=50)
    options = parser.parse_args(arguments)

    rng = random.Random(options.seed)
    train, held_out = split(read_csv(IRISES, skip=1), 1 / 3, rng)
    scale = Standardiser(train)
    train, held_out = scale(train), scale(held_out)
    model = MLP(4, [8, 3], rng=rng)
    print(f"{model}\n{len(train)} flowers to train on, {len(held_out)} held out")

    progress, epoch, stopped = Progress(options.epochs), 0, False
    try:
        for epoch in range(1, options.epochs + 1):
            rate = 0.3 * (1 - (epoch - 1) / options.epochs)
            for batch in batches(train, 10, rng):
                loss, _ = evaluate(model, batch)
                model.zero_grad()
                loss.backward()
                for p in model.parameters():
                    p.data -= rate * p.grad
            loss, answers = evaluate(model, train)
            right = sum(a == target for a, (_, target) in zip(answers, train, strict=True))
            progress.show(epoch, loss.data, right / len(train))
    except KeyboardInterrupt:
        stopped = True
    progress.close()
    if stopped:
        print(f"stopped in epoch {epoch} of {options.epochs}, network as it was then:")

    confusion = [[0] * len(SPECIES) for _ in SPECIES]
    for answer, (_, target) in zip(evaluate(model, held_out)[1], held_out, strict=True):
        confusion[target][answer] += 1
    right = sum(confusion[i][i] for i in range(len(SPECIES)))
    print(f"held-out accuracy {right / len(held_out):.1%} ({right} of {len(held_out)})\n")
    print("is \\ taken for", *(f"{name:>10}" for name in SPECIES))
    for name, counts in zip(SPECIES, confusion, strict=True):
        print(f"{name:>14}", *(f"{count:10}" for count in counts))
    return 130 if stopped else 0


if __name__ == "__main__":
    run(main)
