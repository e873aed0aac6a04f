"""From a CSV file to a prediction: tell Fisher's three irises apart by their measures."""

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
SPECIES = ("setosa", "versicolor", "virginica")  # in the last column; the classes 0, 1 and 2
FOUND = [5.8, 3.1, 4.3, 1.4]  # length and width of a flower's sepals, then of its petals, in cm


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, train, print how well it does on flowers held out, and name a flower just found."""
    options = options_from(arguments)
    rng = random.Random(options.seed)
    rows = read_csv(IRISES, target="species", classes=SPECIES)  # (inputs, class) of each line
    train, held_out = split(rows, 1 / 3, rng)
    scale = Standardiser(train)  # every column to mean 0 and deviation 1, as in the training part
    model = MLP(4, [8, len(SPECIES)], init="glorot", rng=rng)
    print(f"{model}\n{len(train)} flowers to train on, {len(held_out)} held out")

    history = training.fit(
        model,
        scale(train),
        loss=cross_entropy,
        optimizer=optim.SGD(model, lr=lambda step: 0.3 * (1 - step // 10 / options.epochs)),
        epochs=options.epochs,
        batch_size=10,  # ten steps an epoch
        rng=rng,
        metrics=["accuracy"],
    )
    if history.interrupted:
        print(f"stopped in epoch {len(history) + 1} of {options.epochs}, network as it was then:")

    report([target for _, target in held_out], training.predict(model, scale(held_out)))
    [species] = training.predict(model, scale([(FOUND, None)]))
    print(f"\na flower just found, {FOUND}, is taken for {SPECIES[int(species)]}")
    return 130 if history.interrupted else 0


def options_from(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the seed and the number of epochs."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.iris", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of split, weights and batches")
    parser.add_argument("--epochs", type=count, default=50)
    return parser.parse_args(arguments)


def report(targets: Sequence[int], answers: Sequence[float]) -> None:
    """Print the accuracy, and which species was taken for which."""
    pairs = [(target, int(answer)) for target, answer in zip(targets, answers, strict=True)]
    right = sum(target == answer for target, answer in pairs)
    print(f"held-out accuracy {right / len(pairs):.1%} ({right} of {len(pairs)})\n")
    print("is \\ taken for", *(f"{name:>10}" for name in SPECIES))
    for k, name in enumerate(SPECIES):
        print(f"{name:>14}", *(f"{pairs.count((k, j)):10}" for j in range(len(SPECIES))))


if __name__ == "__main__":
    run(main)
