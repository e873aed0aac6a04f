"""A scalar autodiff engine that you can see through.

>>> from micrograd_like import Value
>>> x = Value(3.0, label="x")
>>> y = x**2 + 1
>>> y.backward()
>>> x.grad
6.0
"""

from . import engine, nn, ops
from .engine import (
    Value,
    clamp,
    dist,
    elu,
    fsum,
    gradients,
    hypot,
    leaky_relu,
    log,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    pow,
    prod,
    softmax,
    sumprod,
    topological_order,
    weighted_sum,
    where,
)
from .ops import abs_ as fabs
from .ops import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    copysign,
    cos,
    cosh,
    degrees,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    fmod,
    gelu,
    log1p,
    log2,
    log10,
    log_sigmoid,
    radians,
    relu,
    selu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    softsign,
    sqrt,
    tan,
    tanh,
    trunc,
)

__version__ = "0.1.0"

__all__ = [
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "clamp",
    "copysign",
    "cos",
    "cosh",
    "degrees",
    "dist",
    "elu",
    "engine",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "fmod",
    "fsum",
    "gelu",
    "gradients",
    "hypot",
    "leaky_relu",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "maximum",
    "minimum",
    "nn",
    "ops",
    "pow",
    "prod",
    "radians",
    "relu",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "sumprod",
    "tan",
    "tanh",
    "topological_order",
    "trunc",
    "weighted_sum",
    "where",
]


def __getattr__(name: str) -> object:
    """Import what takes time to import when it is first asked for."""
    if name in ("data", "losses", "optim", "training"):
        from importlib import import_module

        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
