"""Train a network to tell two moons apart, and draw what it has learnt."""

import argparse
import pathlib
import random
from collections.abc import Sequence

from demos.charts import training_picture
from demos.console import Progress, check_writable, run
from micrograd_like import Value, fsum, softplus
from micrograd_like.data import Row, batches, moons, split
from micrograd_like.nn import MLP


def evaluate(model: MLP, rows: Sequence[Row]) -> tuple[Value, int]:
    """Return the mean cross-entropy, and how many rows are classified right.

    The score is the log odds of class 1: -log p(1) = softplus(-score), -log p(0) = softplus(score).
    """
    scores = [model(inputs) for inputs, _ in rows]
    targets = [target for _, target in rows]
    losses = [softplus(-s if t else s) for s, t in zip(scores, targets, strict=True)]
    right = sum((s.data > 0) == t for s, t in zip(scores, targets, strict=True))
    return fsum(losses) / len(rows), right


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print the accuracy on held-out points, write the picture."""
    parser = argparse.ArgumentParser(prog="python3 -m demos.moons", description=__doc__)
    parser.add_argument(
        "picture", nargs="?", default="moons.svg", type=pathlib.Path, help="an SVG file to write"
    )
    parser.add_argument("--seed", type=int, default=1, help="of points, weights and batches")
    parser.add_argument("--epochs", type=int, default=50)
    options = parser.parse_args(arguments)
    try:
        check_writable(options.picture)
    except OSError as error:
        parser.error(f"cannot write the picture: {error}; name another file")

    rng = random.Random(options.seed)
    train, held_out = split(moons(300, noise=0.1, rng=rng), 1 / 3, rng)
    model = MLP(2, [16, 16, 1], rng=rng)
    print(f"{model}\n{len(train)} points to train on, {len(held_out)} held out")

    parts = {"training": train, "held out": held_out}
    curves = {name: [evaluate(model, rows)[0].data] for name, rows in parts.items()}
    progress, epoch = Progress(options.epochs), 0
    try:
        for epoch in range(1, options.epochs + 1):
            rate = 0.5 * (1 - (epoch - 1) / options.epochs)
            total, hits = 0.0, 0
            for batch in batches(train, 20, rng):
                loss, right = evaluate(model, batch)
                model.zero_grad()
                loss.backward()
                for p in model.parameters():
                    p.data -= rate * p.grad
                total, hits = total + loss.data * len(batch), hits + right
            curves["training"].append(total / len(train))  # on the way, each batch before its step
            curves["held out"].append(evaluate(model, held_out)[0].data)
            progress.show(epoch, total / len(train), hits / len(train))
        stopped = ""
    except KeyboardInterrupt:
        stopped = f"stopped in epoch {epoch} of {options.epochs}, network as it was then: "
    progress.close()

    right = evaluate(model, held_out)[1]
    result = f"{stopped}held-out accuracy {right / len(held_out):.1%} ({right} of {len(held_out)})"
    print(result)
    svg = training_picture(
        "Two moons", f"{model}; {result}", lambda x, y: model([x, y]).data, train, held_out, curves
    )
    options.picture.write_text(svg, encoding="utf-8", newline="\n")
    print(f"wrote {options.picture}")
    return 130 if stopped else 0


if __name__ == "__main__":
    run(main)
