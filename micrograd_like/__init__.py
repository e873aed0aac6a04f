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


TYPE_CHECKING = False
if TYPE_CHECKING:
    from .debugger import debug as debug
    from .explain import find_nonfinite as find_nonfinite
    from .health import gradient_report as gradient_report
    from .tracing import detect_anomaly as detect_anomaly
    from .tracing import trace_lines as trace_lines

# What takes time to import is imported when it is first asked for: these modules, and the functions
# of others.
_MODULES = ("data", "graph", "losses", "optim", "tracing", "training")
_FUNCTIONS = {
    "debug": "debugger",
    "detect_anomaly": "tracing",
    "find_nonfinite": "explain",
    "gradient_report": "health",
    "trace_lines": "tracing",
}


def __getattr__(name: str) -> object:
    """Import what takes time to import when it is first asked for."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _FUNCTIONS:
        return getattr(import_module(f".{_FUNCTIONS[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
