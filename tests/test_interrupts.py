"""Ctrl-C in the middle of a backward leaves the gradients of the leaves all old or all new.

A child process runs `backward` again and again, on a graph with hundreds of leaves, and is
interrupted at random moments: by SIGINT from this process, or by a timer of its own. The gradients
are whole numbers, so after k runs each is exactly k times the first; a mixture has two ks in it.

Run as a script, this file is that child.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import micrograd_like
from micrograd_like import Value, fsum, topological_order

LEAVES = 400
EPISODES = {"dev": 100, "ci": 400, "thorough": 10_000}


def careful(root: Value) -> None:
    root.backward()


def careful_with_a_graph(root: Value) -> None:
    root.backward(create_graph=True)


def careless(root: Value) -> None:
    """Add to the leaves' gradients on the way, as one would."""
    order = topological_order(root)
    for value in order:
        if value.op is not None:
            value.grad = 0.0
    root.grad = 1.0
    for out in reversed(order):
        for x, partial in zip(out.operands, out.partials):
            x.grad += out.grad * partial


BACKWARDS = {f.__name__: f for f in (careful, careful_with_a_graph, careless)}


def graph_of(leaves: list[Value]) -> Value:
    """Return a root whose gradient by the i-th leaf is i + 2."""
    terms = [leaf * float(i + 1) for i, leaf in enumerate(leaves)]
    tree = terms
    while len(tree) > 1:
        tree = [fsum(tree[i : i + 3]) for i in range(0, len(tree), 3)]
    chain = leaves[0]
    for leaf in leaves[1:]:
        chain = chain + leaf
    return tree[0] + chain


class Child:
    """Interrupt ``backward`` for some episodes, and count what became of the gradients."""

    def __init__(self, backward: Callable[[Value], None], by_timer: bool) -> None:
        self.backward, self.by_timer = backward, by_timer
        self.leaves = [Value(float(i % 5)) for i in range(LEAVES)]
        self.root = graph_of(self.leaves)
        self.inside = self.torn = 0

    def run(self, episodes: int) -> None:
        rng = random.Random(episodes)
        for _ in range(episodes):
            self.episode(rng.uniform(1e-6, 4e-3))
        lock_is_free = threading.Thread(target=self.root.backward)
        lock_is_free.start()
        lock_is_free.join()
        print("done", self.inside, self.torn, flush=True)

    def episode(self, delay: float) -> None:
        for leaf in self.leaves:
            leaf.grad = 0.0
        done = 0
        running = False
        try:
            if self.by_timer:
                signal.setitimer(signal.ITIMER_REAL, delay)
            else:
                os.write(1, b"ready\n")
            while True:
                running = True
                self.backward(self.root)
                running = False
                done += 1
        except KeyboardInterrupt:
            pass
        self.inside += running
        times = {float(leaf.grad) / (i + 2) for i, leaf in enumerate(self.leaves)}
        self.torn += not (len(times) == 1 and times <= {done, done + 1})


def interrupted(backward: Callable[[Value], None], by_timer: bool, episodes: int) -> list[int]:
    """Run a child; return how many interrupts came inside backward, and how many tore it."""
    command = [sys.executable, __file__, backward.__name__, str(int(by_timer)), str(episodes)]
    root = Path(micrograd_like.__file__).parent.parent
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)}
    ) as child:
        assert child.stdout is not None
        rng = random.Random(0)
        for line in child.stdout:
            if line.startswith(b"done"):
                return [int(number) for number in line.split()[1:]]
            wait(rng.uniform(0, 4e-3))
            child.send_signal(signal.SIGINT)
    raise AssertionError(f"the child exited with {child.returncode}")


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    name, by_timer, episodes = sys.argv[1:]
    Child(BACKWARDS[name], by_timer == "1").run(int(episodes))


if __name__ == "__main__":
    main()
else:
    import pytest

    pytestmark = pytest.mark.skipif(
        not hasattr(signal, "setitimer"), reason="no timers and signals as on Unix"
    )
    SENDERS = pytest.mark.parametrize("by_timer", [True, False], ids=["timer", "process"])
    profile = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
    episodes = EPISODES.get(profile, 400)

    @SENDERS
    def test_an_interrupted_backward_changes_nothing_or_all(by_timer: bool) -> None:
        inside, torn = interrupted(careful, by_timer, episodes)
        assert torn == 0
        assert inside > episodes / 2

    @SENDERS
    def test_an_interrupted_backward_with_a_graph_changes_nothing_or_all(by_timer: bool) -> None:
        inside, torn = interrupted(careful_with_a_graph, by_timer, episodes // 2)
        assert torn == 0
        assert inside > episodes / 4

    @SENDERS
    def test_a_careless_backward_is_seen_to_be_torn(by_timer: bool) -> None:
        _, torn = interrupted(careless, by_timer, 100)
        assert torn > 20
