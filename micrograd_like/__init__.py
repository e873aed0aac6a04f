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
from .functions import *
from .ops import *

__version__ = "0.2.0"

# What takes time to import is imported when it is first asked for: these modules, and the names of
# others.
_MODULES = ("data", "graph", "losses", "optim", "training")
_NAMES = {
    "AnomalyError": "debugging.tracing",
    "Graph": "drawing.graph",
    "debug": "debugging.debugger",
    "detect_anomaly": "debugging.tracing",
    "check_gradients": "debugging.checking",
    "explain": "debugging.explain",
    "find_nonfinite": "debugging.explain",
    "gradient_report": "debugging.health",
    "jit": "programs.jit",
    "no_grad": "hooks",
    "set_trace": "debugging.debugger",
    "trace_lines": "debugging.tracing",
    "vmap": "programs.vmap",
}
__all__ = ["Value", "engine", "jit", "nn", "no_grad", "ops", "topological_order", "vmap"]
__all__ += ["grad", "gradients", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]
_NAMES |= dict.fromkeys(__all__[-8:], "functional")
__all__ += functions.__all__
__all__ += ops.__all__
__all__ += [name for name in _NAMES if name not in __all__]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .debugging.checking import check_gradients as check_gradients
    from .debugging.debugger import debug as debug
    from .debugging.debugger import set_trace as set_trace
    from .debugging.explain import explain as explain
    from .debugging.explain import find_nonfinite as find_nonfinite
    from .debugging.health import gradient_report as gradient_report
    from .debugging.tracing import AnomalyError as AnomalyError
    from .debugging.tracing import detect_anomaly as detect_anomaly
    from .debugging.tracing import trace_lines as trace_lines
    from .drawing.graph import Graph as Graph
    from .functional import grad as grad
    from .functional import gradients as gradients
    from .functional import hessian as hessian
    from .functional import hvp as hvp
    from .functional import jacobian as jacobian
    from .functional import jvp as jvp
    from .functional import value_and_grad as value_and_grad
    from .functional import vjp as vjp
    from .hooks import no_grad as no_grad
    from .programs.jit import jit as jit
    from .programs.vmap import vmap as vmap


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


_MOVED = {
    **dict.fromkeys(("charts", "layout", "modules", "picture"), "drawing.{}"),
    **dict.fromkeys(("layering", "ordering", "routing", "spacing"), "drawing.layout.{}"),
    **dict.fromkeys(("debugger", "explain", "health", "tracing"), "debugging.{}"),
    **dict.fromkeys(("checkpoint", "history", "measuring", "progress"), "training.{}"),
    "formula": "drawing.expression",
    "stepping": "debugging.steps",
    "weights": "files",
}


class _OldPaths:
    """Say where a module of 0.1 went to: Python asks this last, when it has found no module."""

    @classmethod
    def find_spec(cls, path: str, *ignored: object) -> None:
        package, _, name = path.rpartition(".")
        if package == __name__ and name in _MOVED:
            new = f"{package}.{_MOVED[name].format(name)}"
            raise ImportError(f"{path} is {new} since version 0.2.0", name=path)


def _tell_old_paths() -> None:
    import sys

    sys.meta_path.append(_OldPaths)


_tell_old_paths()
