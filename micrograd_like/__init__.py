"""A scalar autodiff engine that you can see through.

>>> from micrograd_like import Value
>>> x = Value(3.0, label="x")
>>> y = x**2 + 1
>>> y.backward()
>>> x.grad
6.0
"""

from . import engine, functions, nn, ops
from .engine import Value, topological_order
from .functional import gradients
from .functions import *
from .ops import *

__version__ = "0.1.0"

# What takes time to import is imported when it is first asked for: these modules, and the names of
# others.
_MODULES = ("data", "graph", "losses", "optim", "tracing", "training")
_NAMES = {
    "debug": "debugger",
    "detect_anomaly": "tracing",
    "find_nonfinite": "explain",
    "gradient_report": "health",
    "trace_lines": "tracing",
}

__all__ = ["Value", "engine", "gradients", "nn", "ops", "topological_order"]
__all__ += functions.__all__
__all__ += ops.__all__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .debugger import debug as debug
    from .explain import find_nonfinite as find_nonfinite
    from .health import gradient_report as gradient_report
    from .tracing import detect_anomaly as detect_anomaly
    from .tracing import trace_lines as trace_lines


def __getattr__(name: str) -> object:
    """Import what takes time to import when it is first asked for."""
    from importlib import import_module

    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _NAMES:
        return getattr(import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, for tab completion."""
    return sorted({*__all__, *_MODULES, *_NAMES, "__version__"})
