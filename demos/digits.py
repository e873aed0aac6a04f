"""Train a network to read handwritten digits, in plain Python, in seconds.

An image is 8×8 pixels. The network has 32 hidden neurons, each of which weighs all 64 pixels, and
ten outputs: the scores of the digits. A fifth of the images is kept from training, to see how well
the network reads what it has never seen.
"""

import random
from collections.abc import Sequence
from pathlib import Path

from demos.console import parse, run, write
from demos.drawing import shade_of_root
from micrograd_like import optim, training
from micrograd_like.data import read_csv, split
from micrograd_like.drawing.charts import Panel, figure, rect, text
from micrograd_like.losses import cross_entropy
from micrograd_like.nn import MLP

IMAGES = Path(__file__).with_name("data") / "digits.csv.gz"
SIDE = 8  # pixels


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print who was taken for whom, and draw what was misread and what is looked for."""
    options = parse(
        "digits", __doc__, arguments, seed=1, epochs=8, eager="record a graph for every image"
    )

    rng = random.Random(options.seed)
    rows = [([x / 16 for x in pixels], digit) for pixels, digit in read_csv(IMAGES)]
    train, held_out = split(rows, 1 / 5, rng)
    model = MLP(SIDE * SIDE, [32, 10], init="glorot", rng=rng)
    print(f"{model}\n{len(train)} images to train on, {len(held_out)} held out")
    history = training.fit(
        model,
        train,
        loss=cross_entropy,
        optimizer=optim.SGD(
            model, lr=lambda step: 0.1 * (1 - step / (options.epochs * len(train)))
        ),
        epochs=options.epochs,
        batch_size=1,
        rng=rng,
        engine="eager" if options.eager else None,
    )

    digits = training.predict(model, held_out)
    confusion = [[0] * 10 for _ in range(10)]
    for (_, digit), answer in zip(held_out, digits, strict=True):
        confusion[digit][int(answer)] += 1
    right = sum(confusion[d][d] for d in range(10))
    print(f"held-out accuracy {right / len(held_out):.1%} ({right} of {len(held_out)})\n")
    print("is \\ taken for", *(f"{d:4}" for d in range(10)))
    for d, counts in enumerate(confusion):
        print(f"{d:14}", *(f"{count or '·':>4}" for count in counts))

    wrong = [(x, f"{d}, read as {int(a)}") for (x, d), a in zip(held_out, digits) if a != d]
    seen = [([w.data for w in neuron.w], "") for neuron in model.layers[0].neurons]
    panels = tiles("Misread", wrong[:20], 4), tiles("What the hidden neurons look for", seen, 7)
    subtitle = f"{model}; held-out accuracy {right / len(held_out):.1%}"
    write(options.picture, figure("Handwritten digits", subtitle, *panels))
    return 130 if history.interrupted else 0


def tiles(title: str, images: Sequence[tuple[list[float], str]], columns: int) -> Panel:
    """Return images side by side, each with its words: blue below 0, orange above."""
    size, gap = 80, 28  # pixels
    lines = -(-len(images) // columns)
    board = Panel((columns * (size + gap), lines * (size + gap)), (0, 1), (0, 1), title=title)
    for i, (numbers, words) in enumerate(images):
        left, top = i % columns * (size + gap), i // columns * (size + gap)
        largest = max(map(abs, numbers))
        for k, x in enumerate(numbers):
            row, column = divmod(k, SIDE)
            cell = left + 10 * column, top + 10 * row, 10.4, 10.4
            board.marks.append(rect(*cell, shade_of_root(x / largest)))
        board.frame.append(text(left + size / 2, top + size + 16, words, anchor="middle"))
    return board


if __name__ == "__main__":
    run(main)
