"""Backward interrupted by real signals at random moments, one or two of them, again and again."""

from __future__ import annotations

import random
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from micrograd_like import Value, fsum, topological_order

LEAVES = 200


# ---------------------------------------------------------------------------- what is interrupted


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
        for x, dx in zip(out.operands, out.partials):
            x.grad += out.grad * dx


BACKWARDS = {f.__name__: f for f in (careful, careful_with_a_graph, careless)}
CODES = {careless.__code__, Value.backward.__code__}


def graph_of(leaves: list[Value]) -> Value:
    """Return a root whose gradient by the i-th leaf is i + 2: there are zeros on the way too."""
    tree = [leaf * float(i + 1) for i, leaf in enumerate(leaves)]
    while len(tree) > 1:
        tree = [fsum(tree[i : i + 3]) for i in range(0, len(tree), 3)]
    chain = leaves[0]
    for leaf in leaves[1:]:
        chain = chain + leaf
    zeros = [fsum(leaves[i : i + 2]) * 0.0 for i in range(LEAVES)]
    return fsum([tree[0], chain, *zeros])


# ---------------------------------------------------------------------------- by real signals


class Timer:
    """Send signals to this process by a timer: exact, and handled in Python."""

    def __init__(self) -> None:
        signal.signal(signal.SIGALRM, self.handle)
        self.delays: list[float] = []
        self.waiting = False

    def send(self, delays: list[float]) -> None:
        self.delays, self.waiting = delays, True
        signal.setitimer(signal.ITIMER_REAL, self.delays.pop(0))

    def handle(self, number: int, frame: Any) -> None:
        self.waiting = bool(self.delays)
        if self.delays:
            signal.setitimer(signal.ITIMER_REAL, self.delays.pop(0))
        raise KeyboardInterrupt

    def wait(self) -> None:
        # repr() asks for signals itself: CPython 3.12 may lose the note that one is there, if it
        # comes while another is handled, and an empty loop would then wait for ever.
        while self.waiting:
            repr(self)


class Process:
    """Have another process send SIGINT, as a terminal does: handled in C, by Python's default."""

    SENDER = """if True:
        import os, signal, sys, time
        os.write(1, b".")
        for line in sys.stdin:
            delay, *gaps = map(float, line.split())
            time.sleep(delay)
            os.kill(os.getppid(), signal.SIGINT)
            for gap in gaps:
                end = time.perf_counter() + gap
                while time.perf_counter() < end:
                    pass
                os.kill(os.getppid(), signal.SIGINT)
            os.write(1, b".")
        """

    def __init__(self) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        command = [sys.executable, "-S", "-c", self.SENDER]
        sender = subprocess.Popen(command, 0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert sender.stdin is not None
        assert sender.stdout is not None
        self.orders, self.answers = sender.stdin, sender.stdout

    def send(self, delays: list[float]) -> None:
        self.answers.read(1)  # to the orders before
        self.orders.write((" ".join(map(str, delays)) + "\n").encode())

    def wait(self) -> None:
        # An answer is left where it is: an interrupt could come between reading it and noting that.
        select.select([self.answers], [], [])


class Episodes:
    """Run ``backward`` again and again until it is interrupted, and look at the gradients.

    They are whole numbers, so after k runs each is exactly k times the first; a mixture has two ks.
    The graph is the same all the time: what an interrupt leaves behind, the next run has to stand.
    """

    def __init__(self, backward: Callable[[Value], None], sender: Any, each: int) -> None:
        self.backward, self.sender, self.each = backward, sender, each
        self.leaves = [Value(float(i % 5)) for i in range(LEAVES)]
        self.root = graph_of(self.leaves)
        self.episodes = self.inside = self.again = self.torn = 0

    def run(self, inside_at_least: int) -> None:
        """Go on until so many episodes were interrupted inside backward, on any machine."""
        rng = random.Random(inside_at_least)
        while self.inside < inside_at_least:
            self.episodes += 1
            # Some delays are long where backward is slow; most are short where it is fast.
            # The second signal comes soon, while the first is being handled.
            delays = [10 ** rng.uniform(-6, -1)]
            delays += [rng.uniform(1e-6, 6e-5) for _ in range(1, self.each)]
            errors = self.episode(delays)
            landed = [[inside(e) for e in chain_of(error)] for error in errors]
            self.inside += any(map(any, landed))
            self.again += any(sum(chain) == 2 for chain in landed)
            self.torn += self.times() not in ({self.done}, {self.done + 1})

    def episode(self, delays: list[float]) -> list[BaseException]:
        """Count in ``done`` how often backward came to its end, and return what was raised."""
        self.done = 0
        for leaf in self.leaves:
            leaf.grad = 0.0
        errors: list[BaseException] = []
        try:
            try:
                self.sender.send(delays)
                self.go_round()
            except KeyboardInterrupt as error:
                errors.append(error)
            self.sender.wait()
        except KeyboardInterrupt as error:
            errors.append(error)
            self.sender.wait()
        return errors

    def go_round(self) -> None:
        # Not in the `try` itself: see the test of backward's jumps.
        while self.done < 1000:
            self.backward(self.root)
            self.done += 1

    def times(self) -> set[float]:
        """Return how often the leaves' gradients have been added: once for all, if all is well."""
        grads = [x.grad.data if isinstance(x.grad, Value) else x.grad for x in self.leaves]
        return {grad / (i + 2) for i, grad in enumerate(grads)}


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Go through an exception and those that were being handled when it came."""
    while error is not None:
        yield error
        error = error.__context__


def inside(error: BaseException) -> bool:
    """Return whether an exception was raised in backward, or in what it calls."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code not in CODES:
        trace = trace.tb_next
    return trace is not None


def bombard(backward: Callable[[Value], None], interrupted: int) -> None:
    """Print what becomes of so many interrupted calls, by each sender, with one signal and two."""
    for sender in (Timer(), Process()):
        for each in (1, 2):
            run = Episodes(backward, sender, each)
            run.run(interrupted)
            way = f"{type(sender).__name__}, {each} signal{'s'[: each - 1]}".lower()
            print(
                f"{way}: {run.episodes} episodes, {run.inside} interrupted inside backward, "
                f"{run.again} of them twice, {run.torn} tore the gradients",
                flush=True,
            )
