"""Neurons, layers and multi-layer perceptrons made of Values.

What you can do with it::

    >>> from micrograd_like import nn
    >>> model = nn.MLP(2, [16, 16, 1], rng=1337)
    >>> model
    MLP(2 -> 16 relu -> 16 relu -> 1 linear, 337 parameters)
    >>> y = model([1.0, -2.0])             # numbers or Values in; a layer of one gives one Value
    >>> y.backward()
    >>> for p in model.parameters():
    ...     p.data -= 0.1 * p.grad
    >>> model.zero_grad()
    >>> model.parameters()[0].label
    'layers.0.neurons.0.w.0'

The short names, micrograd's: ``nin`` and ``nout`` are the numbers of inputs and outputs of a layer,
``w`` and ``b`` a neuron's weights and bias, ``x`` its inputs.
"""

from __future__ import annotations

import os

from . import engine, files, ops
from .choices import ACTIVATIONS as ACTIVATIONS
from .choices import INITIALIZERS as INITIALIZERS
from .choices import activation_of, generator_of, initializer_of, linear, size
from .engine import Value
from .files import finite
from .habits import Missing, elsewhere
from .naming import HOLDERS, Name, Named, unnamed
from .ops import Op, as_float, number
from .text import encodable, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from random import Random
    from typing import Any

    from .choices import Activation, Initializer

__all__ = ["MLP", "Layer", "Module", "Neuron"]
FORMAT = "micrograd_like weights 1"
__getattr__ = elsewhere(__name__)


class Module(Named):
    """Something with parameters: leaf Values that training changes.

    A subclass assigns Values, Modules, or lists, tuples and dicts of them, to attributes; they are
    found there, in the order of assignment, and named by their path, as in ``layers.0.b``. One that
    is found in several places counts once, under the first name. A subclass may also list its
    parameters itself, as micrograd's do, by overriding `parameters`.
    """

    eval, train, forward = Missing(), Missing(), Missing()

    def parameters(self) -> list[Value]:
        """Return all parameters, in a fixed order."""
        # The walk of _parts without the names, which take twice as long: training asks every step.
        found: dict[Value, None] = {}
        seen = {id(self)}
        stack: list[Iterator[Any]] = [iter(vars(self).values())]
        while stack:
            for part in stack[-1]:
                kind = type(part)
                if kind in _PLAIN:
                    continue
                if kind is Value or issubclass(kind, Value):
                    if part.op is None:
                        found[part] = None
                elif issubclass(kind, HOLDERS) and id(part) not in seen:
                    seen.add(id(part))
                    inner = vars(part) if issubclass(kind, Module) else part
                    stack.append(iter(inner.values() if isinstance(inner, dict) else inner))
                    break
            else:
                stack.pop()
        return list(found)

    def zero_grad(self) -> None:
        """Set the ``grad`` of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0

    def state_dict(self) -> dict[str, float]:
        """Return the data of every parameter under its dotted name."""
        return {name: p.data for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the data of every parameter from ``state``, which names all of them and no other.

        Raises ValueError for missing and unexpected names and for what is not a finite number, and
        then changes nothing.
        """
        if not hasattr(state, "keys"):
            raise TypeError(f"weights are a mapping of names to numbers, not {shorten(state)}")
        parameters = dict(self.named_parameters())
        missing = [name for name in parameters if name not in state]
        unknown = [shorten(name) for name in state if name not in parameters]
        problems = [
            f"{what} {', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''}"
            for what, names in (("no value for", missing), ("no parameter", unknown))
            if names
        ]
        if problems:
            raise ValueError(f"these are not the weights of {self!r}: {'; '.join(problems)}")
        data = [finite(name, state[name]) for name in parameters]
        any(map(set_data, parameters.values(), data))  # all of them or none, whatever interrupts

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights to a JSON file, exact to the bit; whole, or not at all.

        Raises ValueError if a weight is not finite, OSError if the file can't be written.
        """
        files.write_numbers(path, FORMAT, repr(self), self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read the weights that `save` wrote.

        Raises ValueError, and changes nothing, unless the file holds one finite number for each
        parameter of this module and no others; OSError if it can't be read.
        """
        try:
            self.load_state_dict(files.read_numbers(path, FORMAT))
        except ValueError as error:
            raise ValueError(f"cannot load weights from {os.fspath(path)!r}: {error}") from None

    def __repr__(self) -> str:
        return _describe(self, "")


class Neuron(Module):
    """A weighted sum of ``nin`` inputs and a bias, and an activation function.

    The weights are drawn from ``rng`` (a `random.Random`, a seed, or None for the `random` module)
    by ``init``: "uniform" in ±1 as micrograd has it, "glorot" (uniform, √(6/(nin+nout))), "he"
    (normal, √(2/nin)), "zeros", a number for all of them, or a function of (rng, nin, nout). In
    wide layers "uniform" begins with a large loss: choose "he" for relu, "glorot" for others. The
    bias starts at 0. ``activation`` is a name in `ACTIVATIONS` or a function of a Value;
    ``nonlin=False`` stands for "linear". The weighted sum is one node of the graph; with
    ``fused=False`` it is made of elementary operations, and has the same bits; so have the
    gradients, unless one Value is three of the inputs or more.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str | Activation = "relu",
        init: str | float | Initializer = "uniform",
        bias: bool = True,
        rng: Random | int | None = None,
        fused: bool = True,
        nout: int = 1,
    ) -> None:
        nin, nout = size("nin", nin), size("nout", nout)
        function: Activation = activation_of(activation)
        draw, generator = initializer_of(init), generator_of(rng)
        self.w = [Value(draw(generator, nin, nout)) for _ in range(nin)]
        self.b = Value(0.0) if bias else None
        self.nonlin, self.fused = nonlin, fused
        self.activation = function if nonlin else linear

    def __call__(self, x: Iterable[Any]) -> Value:
        x = _inputs(x, len(self.w), self)
        return Value(self._number(x), self._path) if _quiet() else self._apply(x)

    def _apply(self, x: Sequence[Value]) -> Value:
        out: Any = self.b
        if self.fused:
            bias = () if out is None else (out,)
            out = x[0].record(ops.weighted_sum, (*self.w, *x, *bias))
        else:
            for wi, xi in zip(self.w, x):
                out = wi * xi if out is None else out + wi * xi
        f = self.activation
        if isinstance(f, Op) and not f.defaults:  # as f(out), a call sooner
            try:
                out = out.record(f, (out,))
            except (ArithmeticError, ValueError, TypeError) as error:
                raise f.error(error, (out,)) from None
        elif f is not linear:
            out = _activated(f, out)
        value: Value = out
        if not value.label:
            value.label = self._path
        return value

    def _number(self, x: Sequence[float]) -> float:
        """Return the output, where nothing is recorded."""
        bias = () if self.b is None else (self.b._data,)
        out = ops.weighted_sum.forward((*[w._data for w in self.w], *x, *bias))
        f = self.activation
        if isinstance(f, Op) and f.arity == 1:
            try:
                return float(f.forward(out))
            except (ArithmeticError, ValueError) as error:
                raise f.error(error, (out,)) from None
        return out if f is linear else _activated(f, Value(out))._data

    def __repr__(self) -> str:
        return _describe(self, f"{len(self.w)} -> 1 {_name(self.activation)}, ")


class Layer(Module):
    """``nout`` neurons of the same ``nin`` inputs; the other arguments are those of a `Neuron`."""

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str | Activation = "relu",
        init: str | float | Initializer = "uniform",
        bias: bool = True,
        rng: Random | int | None = None,
        fused: bool = True,
    ) -> None:
        nout, rng = size("nout", nout), generator_of(rng)
        like: Any = {"activation": activation, "init": init, "bias": bias, "fused": fused}
        self.neurons = unnamed(
            lambda: [Neuron(nin, nonlin, rng=rng, nout=nout, **like) for _ in range(nout)]
        )

    def __call__(self, x: Iterable[Any]) -> Any:
        """Return the outputs as a list of Values; a layer of one neuron returns its Value."""
        x = _inputs(x, len(self.neurons[0].w), self)
        if _quiet():
            out = [*map(Value, self._numbers(x), [n._path for n in self.neurons])]
        else:
            out = [n._apply(x) if type(n) is Neuron else n(x) for n in self.neurons]
        return out[0] if len(out) == 1 else out

    def _numbers(self, x: Sequence[float]) -> list[float]:
        """Return the outputs, where nothing is recorded."""
        return [n._number(x) if type(n) is Neuron else n(x)._data for n in self.neurons]

    def _shape(self) -> str:
        return f"{len(self.neurons)} {_name(self.neurons[0].activation)}"

    def __repr__(self) -> str:
        return _describe(self, f"{len(self.neurons[0].w)} -> {self._shape()}, ")


class MLP(Module):
    """A multi-layer perceptron: layers of ``nouts[0]``, ``nouts[1]``, … neurons on ``nin`` inputs.

    ``activation`` is the hidden layers', and the last layer is linear; or a list of one for each
    layer. The other keyword arguments are those of a `Neuron`.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *others: int,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        init: str | float | Initializer = "uniform",
        bias: bool = True,
        rng: Random | int | None = None,
        fused: bool = True,
    ) -> None:
        if others or not hasattr(nouts, "__iter__"):
            given = ", ".join(map(shorten, (nouts, *others)))
            raise TypeError(f"nouts is a list of layer sizes: write MLP({nin}, [{given}])")
        sizes = [nin, *nouts]
        if len(sizes) < 2:
            raise ValueError("an MLP needs at least one layer: nouts is empty")
        if isinstance(activation, (list, tuple)):
            activations = [*activation]
        else:
            activations = [activation_of(activation)] * (len(sizes) - 2) + [linear]
        if len(activations) != len(sizes) - 1:
            raise ValueError(f"{len(activations)} activations for {len(sizes) - 1} layers")
        like: Any = {"init": init, "bias": bias, "rng": generator_of(rng), "fused": fused}
        shapes = zip(sizes, sizes[1:], activations)
        self.layers = unnamed(lambda: [Layer(n, m, activation=f, **like) for n, m, f in shapes])

    def __call__(self, x: Iterable[Any]) -> Any:
        """Return the last layer's outputs as a list of Values; a layer of one returns its Value."""
        for layer in self.layers[:-1]:
            if _quiet() and type(layer) is Layer:  # as layer(x), without a Value on the way
                x = layer._numbers(_inputs(x, len(layer.neurons[0].w), layer))
            else:
                out = layer(x)
                x = [out] if isinstance(out, Value) else out
        return self.layers[-1](x)

    def __repr__(self) -> str:
        shape = " -> ".join(layer._shape() for layer in self.layers)
        return _describe(self, f"{len(self.layers[0].neurons[0].w)} -> {shape}, ")


_PLAIN = {bool, float, int, str, Name, Op, type(None), type(linear)}  # common, and no holders

set_data: Callable[[Value, float], None] = Value.__dict__["_data"].__set__
_UNORDERED = (set, frozenset, dict, str, bytes, bytearray)  # or no collection of numbers


def _inputs(x: Iterable[Any], nin: int, module: Module) -> list[Any]:
    """Return the inputs as Values, once they are as many as the module takes; as floats, where
    nothing is recorded."""
    if type(x) is not list and type(x) is not tuple:
        if isinstance(x, _UNORDERED) or not hasattr(x, "__iter__"):
            raise TypeError(
                f"{_where(module)} takes a list of {nin} numbers or Values, not {shorten(x)}"
            )
        x = list(x)
    if len(x) != nin:
        raise ValueError(f"{_where(module)} takes {nin} inputs, got {len(x)}")
    if _quiet():
        return [xi if type(xi) is float else as_float(number(xi)) for xi in x]
    return [xi if isinstance(xi, Value) else Value(xi) for xi in x]


def _quiet() -> bool:
    """Tell whether nothing is recorded, and nobody watches: modules compute in floats then."""
    return engine.hook is not None and bool(engine.hook.leaves.get())


def _activated(f: Activation, x: Value) -> Value:
    out: Any = f(x)
    if isinstance(out, Value):
        return out
    raise TypeError(
        f"the activation {_name(f)} returned {shorten(out)}: "
        "it must return a Value, as the functions of micrograd_like do"
    )


def _where(module: Module) -> str:
    return f"{type(module).__name__} {module._path}".rstrip()


def _name(function: Any) -> str:
    name = getattr(function, "name", "") or getattr(function, "__name__", "")
    return str(name or type(function).__name__)


def _describe(module: Module, shape: str) -> str:
    n = len(module.parameters())
    return encodable(f"{type(module).__name__}({shape}{n} parameter{'s' * (n != 1)})", "ascii")
