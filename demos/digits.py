"""Train a network to read handwritten digits, in plain Python, in seconds.

An image is 8×8 pixels. The network has 32 hidden neurons, each of which weighs all 64 pixels, and
ten outputs: the scores of the digits. A fifth of the images is kept from training, to see how well
the network reads what it has never seen. Its weights start near 0, so that what a neuron looks for
shows in them: a pixel that is always blank keeps a weight of almost 0.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from demos.console import parse, run, write
from demos.drawing import shade
from micrograd_like import data, nn, optim, training
from micrograd_like.drawing.charts import Panel, figure, rect, text
from micrograd_like.losses import cross_entropy

IMAGES = Path(__file__).with_name("data") / "digits.csv.gz"
SIDE = 8  # pixels


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print which digit was taken for which, and draw what was misread and looked for."""
    options = parse("digits", __doc__, arguments, seed=2, epochs=8, eager="train without a program")
    rng = random.Random(options.seed)
    rows = [([x / 16 for x in pixels], digit) for pixels, digit in data.read_csv(IMAGES)]
    train, held_out = data.split(rows, 1 / 5, rng)
    model = nn.MLP(SIDE * SIDE, [32, 10], init=lambda rng, nin, nout: rng.gauss(0, 0.02), rng=rng)
    print(f"{model}\n{len(train)} images to train on, {len(held_out)} held out")
    steps = options.epochs * len(train)
    history = training.fit(
        model,
        train,
        loss=cross_entropy,
        optimizer=optim.SGD(model, lr=lambda step: 0.1 * (1 - step / steps)),
        epochs=options.epochs,
        batch_size=1,
        rng=rng,
        engine="eager" if options.eager else None,
    )
    answers = [int(digit) for digit in training.predict(model, held_out)]
    pairs = [(digit, answer) for answer, (_, digit) in zip(answers, held_out)]
    right = sum(digit == answer for digit, answer in pairs)
    told = f"held-out accuracy {right / len(held_out):.1%} ({right} of {len(held_out)})"
    print(f"{told}\n\nis \\ taken for", *(f"{d:4}" for d in range(10)))
    for d in range(10):
        print(f"{d:14}", *(f"{pairs.count((d, answer)) or '·':>4}" for answer in range(10)))

    wrong = [(x, f"{d}, read as {a}") for (d, a), (x, _) in zip(pairs, held_out) if a != d]
    title = "What each hidden neuron looks for (orange) and avoids (blue), and its vote"
    panels = tiles(f"Misread: {len(wrong)}", wrong[:16], 4, ink), tiles(title, votes(model), 8, hue)
    write(options.picture, figure("Handwritten digits", f"{model}; {told}", *panels))
    return 130 if history.interrupted else 0


def votes(model: nn.MLP) -> list[tuple[list[float], str]]:
    """Return the weights of each hidden neuron, and the scores that it raises and lowers most."""
    hidden, outputs = (layer.neurons for layer in model.layers)
    found = []
    for j, neuron in enumerate(hidden):
        each = [output.w[j].data for output in outputs]
        words = f"{each.index(max(each))}, not {each.index(min(each))}"
        found.append(([w.data for w in neuron.w], words))
    return sorted(found, key=lambda pair: pair[1])


def ink(part: float) -> str:
    """Return a grey, from white at 0 to almost black at 1."""
    return "#" + f"{round(255 - 221 * part):02x}" * 3


def hue(part: float) -> str:
    """Return a colour, from blue at -1 over white to orange at 1."""
    return shade((1 + part) / 2)


def tiles(
    title: str,
    images: Sequence[tuple[list[float], str]],
    columns: int,
    colour: Callable[[float], str],
) -> Panel:
    """Return images side by side, each with its words; its largest number has the full colour."""
    size, gap = 80, 28  # pixels
    lines = max(1, -(-len(images) // columns))
    board = Panel((columns * (size + gap), lines * (size + gap)), (0, 1), (0, 1), title=title)
    for i, (numbers, words) in enumerate(images):
        left, top = i % columns * (size + gap), i // columns * (size + gap)
        largest = max(map(abs, numbers))
        for k, x in enumerate(numbers):
            cell = left + 10 * (k % SIDE), top + 10 * (k // SIDE), 10.4, 10.4
            board.marks.append(rect(*cell, colour(x / largest)))
        board.frame.append(text(left + size / 2, top + size + 16, words, anchor="middle"))
    return board


if __name__ == "__main__":
    run(main)
