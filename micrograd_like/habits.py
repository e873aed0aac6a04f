"""What people who know other libraries type first, and what it is called here.

What you can do with it::

    >>> from micrograd_like import nn
    >>> nn.Sequential
    Traceback (most recent call last):
    AttributeError: micrograd_like.nn has no Sequential: write nn.MLP(nin, [sizes]), or a ...
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_DATA, _ONE_MODE = "write v.data", "a Module has no modes; no_grad() records nothing"
HERE = {
    "nn": {
        "Linear": "write nn.Layer(nin, nout, nonlin=False)",
        "Sequential": "write nn.MLP(nin, [sizes]), or a subclass of nn.Module that calls its parts",
        "ReLU": "write activation='relu', or micrograd_like.relu",
        "Tanh": "write activation='tanh', or micrograd_like.tanh",
        "Sigmoid": "write activation='sigmoid', or micrograd_like.sigmoid",
        "Dropout": "it is not here; a Module may do it, with random.random()",
        "Parameter": "write Value(data): a Module finds the Values in its attributes",
        "CrossEntropyLoss": "write losses.cross_entropy(scores, target)",
        "MSELoss": "write losses.mean_squared_error(output, target)",
        "BCEWithLogitsLoss": "write losses.binary_cross_entropy(logit, target)",
    },
    "losses": {
        "MSELoss": "write losses.mean_squared_error, a function",
        "mse_loss": "write losses.mean_squared_error",
        "L1Loss": "write losses.absolute_error, a function",
        "CrossEntropyLoss": "write losses.cross_entropy, a function",
        "BCELoss": "write losses.binary_cross_entropy, which takes a logit",
        "BCEWithLogitsLoss": "write losses.binary_cross_entropy, a function",
    },
    "optim": {
        "RMSprop": "write optim.Adam, which does what it does with momentum",
        "Adagrad": "write optim.Adam",
        "sgd": "write optim.SGD",
        "adam": "write optim.Adam",
        "lr_scheduler": "pass a function of the step, as lr=lambda step: 0.1 * 0.99**step",
    },
    "Value": {
        "item": _DATA,
        "numpy": _DATA,
        "tolist": _DATA,
        "requires_grad": "every Value has one",
    },
    "Module": {"eval": _ONE_MODE, "train": _ONE_MODE, "forward": "call the module itself"},
}


def elsewhere(module: str) -> Callable[[str], NoReturn]:
    """Return a module's ``__getattr__``, which says what to write in place of what it has not."""

    def missing(name: str) -> NoReturn:
        raise AttributeError(message(module, name, HERE[module.rpartition(".")[2]]))

    return missing


class Missing:
    """An attribute that a class has not: asking for it says what to write."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(message(owner.__name__, self.name, _of(owner)))


def message(where: str, name: str, known: dict[str, str]) -> str:
    """Return what an AttributeError says."""
    return f"{where} has no {name}" + (f": {known[name]}" if name in known else "")


def _of(owner: type) -> dict[str, str]:
    return next(HERE[base.__name__] for base in owner.__mro__ if base.__name__ in HERE)
