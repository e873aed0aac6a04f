"""Train a network to tell Fisher's three irises apart by their measures."""

import argparse
import pathlib
import random
from collections.abc import Sequence

from demos.console import count, run
from micrograd_like import optim, training
from micrograd_like.data import Standardiser, read_csv, split
from micrograd_like.losses import cross_entropy
from micrograd_like.nn import MLP

IRISES = pathlib.Path(__file__).with_name("data") / "iris.csv"
SPECIES = ("setosa", "versicolor", "virginica")


def answer(model: MLP, inputs: Sequence[float]) -> int:
    """Return the species that a flower is taken for, the one with the largest score."""
    scores = model(inputs)
    return max(range(len(scores)), key=lambda i: scores[i].data)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the accuracy on held-out flowers and who was taken for whom."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.iris", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of split, weights and batches")
    parser.add_argument("--epochs", type=count, default=50)
    options = parser.parse_args(arguments)

    rng = random.Random(options.seed)
    train, held_out = split(read_csv(IRISES, skip=1), 1 / 3, rng)
    scale = Standardiser(train)
    train, held_out = scale(train), scale(held_out)
    model = MLP(4, [8, 3], rng=rng)
    print(f"{model}\n{len(train)} flowers to train on, {len(held_out)} held out")

    history = training.fit(
        model,
        train,
        loss=cross_entropy,
        optimizer=optim.SGD(model, lr=lambda step: 0.3 * (1 - step // 10 / options.epochs)),
        epochs=options.epochs,
        batch_size=10,  # ten steps an epoch
        rng=rng,
        metrics=["accuracy"],
    )
    if history.interrupted:
        print(f"stopped in epoch {len(history) + 1} of {options.epochs}, network as it was then:")

    confusion = [[0] * len(SPECIES) for _ in SPECIES]
    for inputs, target in held_out:
        confusion[target][answer(model, inputs)] += 1
    right = sum(confusion[i][i] for i in range(len(SPECIES)))
    print(f"held-out accuracy {right / len(held_out):.1%} ({right} of {len(held_out)})\n")
    print("is \\ taken for", *(f"{name:>10}" for name in SPECIES))
    for name, counts in zip(SPECIES, confusion, strict=True):
        print(f"{name:>14}", *(f"{count:10}" for count in counts))
    return 130 if history.interrupted else 0


if __name__ == "__main__":
    run(main)
