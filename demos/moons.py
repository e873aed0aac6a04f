"""Train a network to tell two moons apart, and draw what it has learnt."""

import argparse
import pathlib
import random
from collections.abc import Sequence

from demos.console import check_writable, count, run
from demos.drawing import training_picture
from micrograd_like import optim, training
from micrograd_like.data import moons, split
from micrograd_like.losses import binary_cross_entropy
from micrograd_like.nn import MLP


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the accuracy on held-out points, write the picture."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.moons", description=__doc__)
    parser.add_argument(
        "picture", nargs="?", default="moons.svg", type=pathlib.Path, help="an SVG file to write"
    )
    parser.add_argument("--seed", type=int, default=1, help="of points, weights and batches")
    parser.add_argument("--epochs", type=count, default=50)
    options = parser.parse_args(arguments)
    try:
        check_writable(options.picture)
    except OSError as error:
        parser.error(f"cannot write the picture: {error}; name another file")

    rng = random.Random(options.seed)
    train, held_out = split(moons(300, noise=0.1, rng=rng), 1 / 3, rng)
    model = MLP(2, [16, 16, 1], rng=rng)  # its score is the log odds of class 1
    print(f"{model}\n{len(train)} points to train on, {len(held_out)} held out")

    parts = {"training": train, "held out": held_out}
    start = [training.evaluate(model, rows, binary_cross_entropy) for rows in parts.values()]
    history = training.fit(
        model,
        train,
        loss=binary_cross_entropy,
        optimizer=optim.SGD(model, lr=lambda step: 0.5 * (1 - step // 10 / options.epochs)),
        epochs=options.epochs,
        batch_size=20,  # ten steps an epoch
        rng=rng,
        validation=held_out,
        metrics=["accuracy"],
    )
    stopped = ""
    if history.interrupted:
        epoch = f"epoch {len(history) + 1} of {options.epochs}"
        stopped = f"stopped in {epoch}, network as it was then: "

    right = sum((model(inputs).data > 0) == target for inputs, target in held_out)
    result = f"{stopped}held-out accuracy {right / len(held_out):.1%} ({right} of {len(held_out)})"
    print(result)
    columns = history["loss"], history["validation_loss"]
    curves = {n: [s["loss"], *c] for n, s, c in zip(parts, start, columns, strict=True)}
    svg = training_picture(
        "Two moons", f"{model}; {result}", lambda x, y: model([x, y]).data, train, held_out, curves
    )
    options.picture.write_text(svg, encoding="utf-8", newline="\n")
    print(f"wrote {options.picture}")
    return 130 if history.interrupted else 0


if __name__ == "__main__":
    run(main)
