"""Train a network to tell two moons apart, and draw what it has learnt."""

import random
from collections.abc import Sequence

from demos.console import parse, run, write
from demos.drawing import training_picture
from micrograd_like import no_grad, optim, training
from micrograd_like.data import moons, split
from micrograd_like.losses import binary_cross_entropy
from micrograd_like.nn import MLP


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the accuracy on held-out points, write the picture."""
    options = parse("moons", __doc__, arguments, seed=1, epochs=50)
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

    end = training.evaluate(model, held_out, binary_cross_entropy, ["accuracy"])
    print(result := f"{stopped}held-out accuracy {end['accuracy']:.1%}")
    columns = history["loss"], history["validation_loss"]
    curves = {n: [s["loss"], *c] for n, s, c in zip(parts, start, columns, strict=True)}
    with no_grad():
        svg = training_picture(
            "Two moons",
            f"{model}; {result}",
            lambda x, y: model([x, y]).data,
            train,
            held_out,
            curves,
        )
    write(options.picture, svg)
    return 130 if history.interrupted else 0


if __name__ == "__main__":
    run(main)
