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

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import ops
from .engine import Value, apply
from .ops import as_float, shorten

if TYPE_CHECKING:
    from random import Random

Activation = Callable[[Value], Value]
Initializer = Callable[["Random", int, int], float]  # (rng, nin, nout) -> weight


def linear(x: Value) -> Value:
    """Return ``x``: the activation of a layer that has none."""
    return x


ACTIVATIONS: dict[str, Activation] = {
    "linear": linear,
    **{
        op.name: op
        for op in (
            ops.relu,
            ops.tanh,
            ops.sigmoid,
            ops.gelu,
            ops.silu,
            ops.selu,
            ops.softplus,
            ops.softsign,
        )
    },
    "leaky_relu": Value.leaky_relu,
    "elu": Value.elu,
}

INITIALIZERS: dict[str, Initializer] = {
    "uniform": lambda rng, nin, nout: rng.uniform(-1, 1),  # micrograd's
    "glorot": lambda rng, nin, nout: rng.uniform(-1, 1) * math.sqrt(6 / (nin + nout)),
    "he": lambda rng, nin, nout: rng.gauss(0.0, math.sqrt(2 / nin)),
    "zeros": lambda rng, nin, nout: 0.0,
}


class Module:
    """Something with parameters: leaf Values that training changes.

    A subclass assigns Values, Modules, or lists, tuples and dicts of them, to attributes; they are
    found there, in the order of assignment, and named by their path, as in ``layers.0.b``.
    """

    name: str = ""  # the path of this module in the one that holds it

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield the dotted name and the Value of every parameter; one that is shared, once."""
        seen: set[Value] = set()
        for path, part in _parts(self, ""):
            if isinstance(part, Value) and part not in seen:
                seen.add(part)
                yield path, part

    def parameters(self) -> list[Value]:
        """Return all parameters, in a fixed order."""
        return [value for _, value in self.named_parameters()]

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
        parameters = dict(self.named_parameters())
        problems = [
            f"{what} {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
            for what, names in (
                ("no value for", [name for name in parameters if name not in state]),
                ("no parameter", [shorten(name) for name in state if name not in parameters]),
            )
            if names
        ]
        if problems:
            raise ValueError(f"these are not the weights of {self!r}: {'; '.join(problems)}")
        data = [_finite(name, state[name]) for name in parameters]
        any(map(_set_data, parameters.values(), data))  # all of them or none, whatever interrupts

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights to a JSON file, exact to the bit.

        The file at ``path`` is replaced when all is written, and untouched if anything goes wrong.
        Raises ValueError if a weight is not finite, OSError if the file can't be written.
        """
        import json  # json and pathlib take as long to import as this whole package, so not above

        state = {name: _finite(name, data) for name, data in self.state_dict().items()}
        text = json.dumps({"format": FORMAT, "module": repr(self), "parameters": state}, indent=1)
        write_atomically(path, text + "\n")

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read the weights that `save` wrote.

        Raises ValueError, and changes nothing, unless the file is whole and holds one finite number
        for each parameter of this module and nothing else.
        """
        import json
        from pathlib import Path

        try:
            text = Path(path).read_text(encoding="utf-8")
            content = json.loads(text, object_pairs_hook=_without_duplicates)
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError(f'it has no "format": "{FORMAT}"')
            if not isinstance(content.get("parameters"), dict):
                raise ValueError('it has no object "parameters"')
            for name, data in content["parameters"].items():
                if isinstance(data, bool) or not isinstance(data, (int, float)):
                    raise ValueError(f"{shorten(name)} is {shorten(data)}, not a number")
            self.load_state_dict(content["parameters"])
        except (ValueError, RecursionError) as error:
            raise ValueError(f"cannot load weights from {os.fspath(path)!r}: {error}") from None

    def _label_parameters(self) -> None:
        """Give every parameter its dotted name as its label, and every module its path."""
        for path, part in _parts(self, ""):
            if isinstance(part, Value):
                part.label = path
            else:
                part.name = path


class Neuron(Module):
    """A weighted sum of ``nin`` inputs and a bias, and an activation function.

    The weights are drawn from ``rng`` (a `random.Random`, a seed, or None for the `random` module)
    by ``init``: "uniform" in ±1 as micrograd has it, "glorot" (uniform, √(6/(nin+nout))), "he"
    (normal, √(2/nin)), "zeros", a number for all of them, or a function of (rng, nin, nout). The
    bias starts at 0. ``activation`` is a name in `ACTIVATIONS` or a function of a Value;
    ``nonlin=False`` stands for "linear". The weighted sum is one node of the graph; with
    ``fused=False`` it is made of elementary operations, and has the same bits.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str | Activation = "relu",
        bias: bool = True,
        init: str | float | Initializer = "uniform",
        rng: Random | int | None = None,
        fused: bool = True,
        nout: int = 1,
    ) -> None:
        _check_size("nin", nin)
        draw, generator = _initializer(init), _generator(rng)
        self.w = [Value(draw(generator, nin, nout)) for _ in range(nin)]
        self.b = Value(0.0) if bias else None
        self.activation = _activation(activation) if nonlin else linear
        self.fused = fused
        self._label_parameters()

    def __call__(self, x: Sequence[Any]) -> Value:
        return self._apply(_inputs(x, len(self.w), self))

    def parameters(self) -> list[Value]:
        return [*self.w] if self.b is None else [*self.w, self.b]

    def _apply(self, x: Sequence[Value]) -> Value:
        if self.fused:
            bias = () if self.b is None else (self.b,)
            out = apply(ops.weighted_sum, (*self.w, *x, *bias))
        else:
            products = (wi * xi for wi, xi in zip(self.w, x))
            out = next(products) if self.b is None else self.b
            for product in products:
                out = out + product
        return self.activation(out)

    def __repr__(self) -> str:
        return _describe(self, len(self.w), [(1, self.activation)])


class Layer(Module):
    """``nout`` neurons with the same ``nin`` inputs; takes the keyword arguments of a `Neuron`."""

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:
        _check_size("nout", nout)
        kwargs["rng"] = _generator(kwargs.get("rng"))
        self.neurons = [Neuron(nin, **kwargs, nout=nout) for _ in range(nout)]
        self._label_parameters()

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return the outputs as a list of Values; a layer of one neuron returns its Value."""
        x = _inputs(x, len(self.neurons[0].w), self)
        out = [neuron._apply(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        first = self.neurons[0]
        return _describe(self, len(first.w), [(len(self.neurons), first.activation)])


class MLP(Module):
    """A multi-layer perceptron: layers of ``nouts[0]``, ``nouts[1]``, … neurons on ``nin`` inputs.

    ``activation`` is the hidden layers', and the last layer is linear; or a list of one for each
    layer. The other keyword arguments are those of a `Neuron`.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: str | Activation | Sequence[str | Activation] = "relu",
        **kwargs: Any,
    ) -> None:
        sizes = [nin, *nouts]
        if len(sizes) < 2:
            raise ValueError("an MLP needs at least one layer: nouts is empty")
        if isinstance(activation, str) or callable(activation):
            activation = [activation] * (len(sizes) - 2) + ["linear"]
        if len(activation) != len(sizes) - 1:
            raise ValueError(f"{len(activation)} activations for {len(sizes) - 1} layers")
        kwargs["rng"] = _generator(kwargs.get("rng"))
        self.layers = [
            Layer(nin, nout, activation=each, **kwargs)
            for nin, nout, each in zip(sizes, sizes[1:], activation)
        ]
        self._label_parameters()

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return the last layer's outputs as a list of Values; a layer of one returns its Value."""
        x = _inputs(x, len(self.layers[0].neurons[0].w), self.layers[0])
        for layer in self.layers:
            x = [neuron._apply(x) for neuron in layer.neurons]
        return x[0] if len(x) == 1 else x

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        layers = [(len(layer.neurons), layer.neurons[0].activation) for layer in self.layers]
        return _describe(self, len(self.layers[0].neurons[0].w), layers)


FORMAT = "micrograd_like weights 1"

_set_data: Callable[[Value, float], None] = Value.__dict__["data"].__set__


def write_atomically(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file beside ``path`` and rename it to ``path`` when it is safely on disk."""
    from pathlib import Path

    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _parts(part: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and the object of every Module and parameter inside ``part``."""
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(part, Module):
        inner = vars(part).items()
    elif isinstance(part, dict):
        inner = part.items()
    elif isinstance(part, (list, tuple)):
        inner = enumerate(part)
    for key, child in inner:
        name = f"{path}.{key}" if path else str(key)
        if isinstance(child, Module) or (isinstance(child, Value) and child.op is None):
            yield name, child
        yield from _parts(child, name)


def _inputs(x: Sequence[Any], nin: int, module: Module) -> list[Value]:
    """Return the inputs as Values, once they are as many as the module takes."""
    if len(x) != nin:
        name = f"{type(module).__name__} {module.name}".rstrip()
        raise ValueError(f"{name} takes {nin} inputs, got {len(x)}")
    return [xi if isinstance(xi, Value) else Value(xi) for xi in x]


def _finite(name: str, data: Any) -> float:
    try:
        number = as_float(data)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}: weights are finite numbers")
    return number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has {shorten(next(n for n in names if names.count(n) > 1))} twice")
    return result


def _activation(activation: str | Activation) -> Activation:
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ValueError(f"no activation {shorten(activation)}: take a function, or {known}")
        return ACTIVATIONS[activation]
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function, not {shorten(activation)}")
    return activation


def _initializer(init: str | float | Initializer) -> Initializer:
    if isinstance(init, str):
        if init not in INITIALIZERS:
            known = ", ".join(INITIALIZERS)
            raise ValueError(f"no init {shorten(init)}: take a number, a function, or {known}")
        return INITIALIZERS[init]
    if callable(init):
        return init
    constant = as_float(init)
    return lambda rng, nin, nout: constant


def _generator(rng: Any) -> Any:
    """Return a generator: ``rng`` itself, one seeded with it, or the module `random` for None."""
    import random

    if rng is None:
        return random
    return random.Random(rng) if isinstance(rng, int) else rng


def _check_size(name: str, size: int) -> None:
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"{name} is {shorten(size)}: it must be a whole number of at least 1")


def _describe(module: Module, nin: int, layers: Sequence[tuple[int, Activation]]) -> str:
    shape = " -> ".join(
        f"{nout} {getattr(activation, 'name', '') or getattr(activation, '__name__', '?')}"
        for nout, activation in layers
    )
    count = len(module.parameters())
    return f"{type(module).__name__}({nin} -> {shape}, {count} parameter{'s' * (count != 1)})"
