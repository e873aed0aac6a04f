"""What a network may be made of: activations, ways to draw weights, sizes, generators.

What you can do with it::

    >>> from random import Random
    >>> from micrograd_like.choices import ACTIVATIONS, INITIALIZERS
    >>> ACTIVATIONS["silu"](1.0)
    0.7310585786300049
    >>> INITIALIZERS["he"](Random(1), 8, 4)    # of a generator, for 8 inputs and 4 outputs
    0.6440923765777314
"""

from __future__ import annotations

import math
import operator
from numbers import Real

from . import ops
from .engine import Value
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random
    from typing import Any

    Activation = Callable[[Value], Value]
    Initializer = Callable[[Random, int, int], float]  # (rng, nin, nout) -> weight


def linear(x: Value) -> Value:
    """Return ``x``: the activation of a layer that has none."""
    return x


ACTIVATIONS: dict[str, Activation] = {
    "linear": linear,
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "selu": ops.selu,
    "gelu": ops.gelu,
    "silu": ops.silu,
    "sigmoid": ops.sigmoid,
    "log_sigmoid": ops.log_sigmoid,
    "softplus": ops.softplus,
    "softsign": ops.softsign,
    "tanh": ops.tanh,
}

INITIALIZERS: dict[str, Initializer] = {
    "uniform": lambda rng, nin, nout: rng.uniform(-1, 1),  # micrograd's
    "glorot": lambda rng, nin, nout: rng.uniform(-1, 1) * math.sqrt(6 / (nin + nout)),
    "he": lambda rng, nin, nout: rng.gauss(0.0, math.sqrt(2 / nin)),
    "zeros": lambda rng, nin, nout: 0.0,
}


def activation_of(activation: Any) -> Any:
    """Return the function that a name stands for; a function as it is."""
    if isinstance(activation, str):
        return known(ACTIVATIONS, activation, "activation", "a function")
    if callable(activation):
        return activation
    raise TypeError(f"an activation is a name or a function, not {shorten(activation)}")


def initializer_of(init: Any) -> Any:
    """Return the function that a name, a number or a function stands for."""
    if isinstance(init, str):
        return known(INITIALIZERS, init, "init", "a number, a function")
    if callable(init):
        return init
    if isinstance(init, Real):
        return lambda rng, nin, nout: init
    raise TypeError(f"an init is a name, a number or a function, not {shorten(init)}")


def known(table: dict[str, Any], name: str, what: str, others: str) -> Any:
    """Return what has a name in a table; ValueError with all names, if nothing has."""
    if name not in table:
        raise ValueError(f"no {what} {shorten(name)}: take {others}, or {', '.join(table)}")
    return table[name]


def generator_of(rng: Any) -> Any:
    """Return a generator: ``rng`` itself, one seeded with it, or the module `random` for None."""
    import random

    if rng is None:
        return random
    if isinstance(rng, int):
        return random.Random(rng)
    if not hasattr(rng, "uniform") or not hasattr(rng, "gauss"):
        raise TypeError(f"rng is a random.Random, a whole number or None, not {shorten(rng)}")
    return rng


def size(name: str, size: Any) -> int:
    """Return a size as an int, once it is a whole number of at least 1."""
    return whole(name, size, 1)


def whole(name: str, number: Any, least: int | None = None) -> int:
    """Return a whole number as an int; raise TypeError or ValueError with its name."""
    kind = f"a whole number{'' if least is None else f' of at least {least}'}"
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{name} is {shorten(number)}: it must be {kind}")
    if least is not None and number < least:
        raise ValueError(f"{name} is {shorten(number)}: it must be {kind}")
    return operator.index(number)
