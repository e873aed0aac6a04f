"""Optimizers: SGD, Adam and AdamW, with PyTorch's names, defaults and formulas.

What you can do with it::

    >>> from micrograd_like import Value, optim
    >>> x = Value(3.0, label="x")
    >>> optimizer = optim.SGD([x], lr=0.1)                # or SGD(model.parameters(), ...)
    >>> for _ in range(20):
    ...     optimizer.zero_grad()
    ...     (x * x).backward()
    ...     optimizer.step()
    >>> round(x.data, 4)
    0.0346

``lr`` may also be a function of the number of steps made so far: ``lambda step: 0.1 * 0.99**step``.
A step changes all parameters and the optimizer's memory, or nothing, whatever interrupts it.

The short names: ``x`` is a parameter's data, ``g`` its gradient, ``memory`` what an optimizer
remembers of it: a tuple of numbers, empty before the first step.
"""

from __future__ import annotations

import copy
import math
from itertools import chain

from . import ops
from .engine import Value, _set_grad
from .files import finite, real
from .habits import elsewhere
from .nn import Module, set_data
from .ops import as_float
from .text import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Rate = float | Callable[[int], float]
    Memory = tuple[float, ...]
    State = tuple[int, tuple[Memory, ...]]  # the number of steps, and a memory per parameter

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "clip_grad_norm"]
__getattr__ = elsewhere(__name__)


class Optimizer:
    """What all optimizers share; a subclass defines `update`, for one parameter.

    ``parameters`` is a Module, or a list of leaf Values. ``settings`` names the attributes that may
    be set between steps, as ``lr`` may.
    """

    __slots__ = ("__dict__", "_state")

    settings: tuple[str, ...] = ()
    memory_names: tuple[str, ...] = ()  # PyTorch's names of the numbers in a memory
    _state: State

    def __init__(self, parameters: Module | Iterable[Value], lr: Rate) -> None:
        self.parameters = _parameters(parameters)
        self.lr = lr
        self._state = 0, ((),) * len(self.parameters)
        if not callable(lr):
            self.rate()

    @property
    def steps(self) -> int:
        """How many steps have been made."""
        return self._state[0]

    def rate(self, step: int | None = None) -> float:
        """Return the learning rate of a step, counted from 0; by default, of the next step."""
        if not callable(self.lr):
            return _at_least_0("lr", self.lr)
        step = self.steps if step is None else step
        return _at_least_0(f"the learning rate of step {step}", self.lr(step))

    def check(self) -> None:
        """Raise TypeError or ValueError if a setting is not valid."""

    def update(self, x: float, g: float, memory: Memory, lr: float) -> tuple[float, Memory]:
        """Return a parameter's new data and memory; change nothing."""
        raise NotImplementedError(f"{type(self).__name__} defines no update of a parameter")

    def step(self) -> None:
        """Update every parameter by its gradient.

        A parameter that no backward has reached since `zero_grad` keeps its data and its memory.
        Raises FloatingPointError, and changes nothing, if a new number is not finite.
        """
        self.check()
        steps, memories = self._state
        lr, update = self.rate(), self.update
        data: list[float] = []
        new: list[Memory] = []
        for p, memory in zip(self.parameters, memories):
            x, g = p.data, gradient(p)
            if g is not None:
                x, memory = update(x, g, memory, lr)
            data.append(x)
            new.append(memory)
        if not math.isfinite(sum(map(sum, new), sum(data))):  # perhaps only the sum overflows
            self._refuse_not_finite(data, new)
        self._commit(data, (steps + 1, tuple(new)))

    def zero_grad(self) -> None:
        """Set the ``grad`` of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs, ready for JSON; without an lr that is a function."""
        self.check()
        settings = {name: getattr(self, name) for name in self.settings}
        steps, memories = self._state
        return {
            "optimizer": type(self).__name__,
            "settings": {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()},
            "lr": None if callable(self.lr) else self.rate(),
            "steps": steps,
            "parameters": len(memories),
            "state": {
                name: [memory[i] if memory else None for memory in memories]
                for i, name in enumerate(self.memory_names)
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the memory, learning rate and settings that `state_dict` returned.

        Raises ValueError, and changes nothing, unless it is the whole state of such an optimizer.
        If ``lr`` was a function, it must be one here, and is kept.
        """
        attributes, self._state = self.read_state_dict(state)
        vars(self).update(attributes)

    def read_state_dict(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], State]:
        """Return the attributes and the state to load, or raise; change nothing."""
        if not hasattr(state, "keys"):
            raise TypeError(f"an optimizer's state is a dict, not {shorten(state)}")
        own = self.state_dict()
        if missing := own.keys() - state.keys():
            raise ValueError(f"the optimizer's state has no {', '.join(sorted(missing))}")
        for key in ("optimizer", "parameters"):
            if state[key] != own[key]:
                raise ValueError(
                    f"the state is of another optimizer: {key} = {shorten(state[key], 200)}, "
                    f"where this one has {own[key]}"
                )
        settings, lr, steps, columns = (state[k] for k in ("settings", "lr", "steps", "state"))
        if not isinstance(settings, dict) or settings.keys() != own["settings"].keys():
            raise ValueError(f"the settings must be {[*self.settings]}, not {shorten(settings)}")
        then = copy.copy(self)
        vars(then).update(settings, lr=self.lr if lr is None else finite("lr", lr))
        try:
            then.check()
            then.rate()
        except TypeError as error:
            raise ValueError(str(error)) from None
        if (lr is None) != callable(self.lr):
            kinds = ("a number", "a function")[:: -1 if lr is None else 1]
            raise ValueError(f"lr was {kinds[0]} in the saved optimizer, and is {kinds[1]} here")
        if type(steps) is not int or steps < 0:
            raise ValueError(f"steps = {shorten(steps)}: it must be a whole number of at least 0")
        if not isinstance(columns, dict) or columns.keys() != own["state"].keys():
            raise ValueError(f"the state must hold {[*self.memory_names]}, not {shorten(columns)}")
        for name, column in columns.items():
            if not isinstance(column, list) or len(column) != len(self.parameters):
                raise ValueError(f"{name} must be a list of {len(self.parameters)} numbers")
        rows = enumerate(zip(self.parameters, *columns.values()))
        memories = tuple([self._read_memory(i, found, steps) for i, (_, *found) in rows])
        return {name: getattr(then, name) for name in (*self.settings, "lr")}, (steps, memories)

    def _read_memory(self, i: int, found: list[Any], steps: int) -> Memory:
        """Return a parameter's memory, or raise if it can't be one after so many steps."""
        if all(x is None for x in found):
            return ()
        if None in found or not steps:
            raise ValueError(f"the memory of parameter {i} is incomplete, or there was no step")
        named = zip(self.memory_names, found)
        return tuple([finite(f"{name} of parameter {i}", x) for name, x in named])

    def _commit(self, data: list[float], state: State) -> None:
        """Set all parameters and the memory in one call in C, which no signal interrupts."""
        memory = map(_set_state, (self,), (state,))
        any(chain(map(set_data, self.parameters, data), memory))

    def _refuse_not_finite(self, data: list[float], memories: list[Memory]) -> None:
        for i, (p, x, memory) in enumerate(zip(self.parameters, data, memories)):
            for name, number in zip(("data", *self.memory_names), (x, *memory)):
                if not math.isfinite(number):
                    raise FloatingPointError(
                        f"a step would make {name} of {_name(i, p)} {number}: its gradient is "
                        f"{gradient(p)}, its data {p.data}, the learning rate {self.rate()}; "
                        "nothing has changed; try a lower learning rate, or clip_grad_norm"
                    )

    def __repr__(self) -> str:
        settings = "".join(f", {name}={getattr(self, name)}" for name in self.settings)
        lr = getattr(self.lr, "__name__", "a function") if callable(self.lr) else self.lr
        return f"{type(self).__name__}({len(self.parameters)} parameters, lr={lr}{settings})"


_set_state: Callable[[Optimizer, State], None] = Optimizer.__dict__["_state"].__set__


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov momentum and weight decay.

    ``weight_decay=c`` adds the gradients of a penalty: c/2 times the sum of the squares.
    """

    settings = ("momentum", "dampening", "weight_decay", "nesterov")
    memory_names = ("momentum_buffer",)

    def __init__(
        self,
        parameters: Module | Iterable[Value],
        lr: Rate = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum, self.dampening = momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.check()

    def check(self) -> None:
        self.momentum = _at_least_0("momentum", self.momentum)
        self.dampening = real("dampening", self.dampening)
        self.weight_decay = _at_least_0("weight_decay", self.weight_decay)
        if self.nesterov not in (True, False):
            raise TypeError(f"nesterov is {shorten(self.nesterov)}: it must be True or False")
        self.nesterov = bool(self.nesterov)
        if self.nesterov and (not self.momentum or self.dampening):
            given = f"momentum={self.momentum}, dampening={self.dampening}"
            raise ValueError(
                f"nesterov=True needs a momentum above 0 and no dampening, not {given}"
            )

    def update(self, x: float, g: float, memory: Memory, lr: float) -> tuple[float, Memory]:
        if self.weight_decay:
            g += self.weight_decay * x
        if not self.momentum:
            return x - lr * g, ()
        buffer = self.momentum * memory[0] + (1 - self.dampening) * g if memory else g
        g = g + self.momentum * buffer if self.nesterov else buffer
        return x - lr * g, (buffer,)


class Adam(Optimizer):
    """Steps of about ``lr`` in every parameter, however large or small its gradients are.

    It divides a running average of the gradients by the root of one of their squares, each over
    about 1/(1-beta) steps. ``weight_decay`` is added to the gradients, as in `SGD`.
    """

    settings = ("betas", "eps", "weight_decay")
    memory_names = ("step", "exp_avg", "exp_avg_sq")
    decoupled = False

    def __init__(
        self,
        parameters: Module | Iterable[Value],
        lr: Rate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.check()

    def check(self) -> None:
        if not isinstance(self.betas, (tuple, list)) or len(self.betas) != 2:
            raise ValueError(f"betas = {shorten(self.betas)}: pass two numbers")
        beta1, beta2 = (real("betas", beta) for beta in self.betas)
        if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
            raise ValueError(f"betas = {self.betas}: each is at least 0 and less than 1")
        self.betas = beta1, beta2
        self.eps = _at_least_0("eps", self.eps)
        self.weight_decay = _at_least_0("weight_decay", self.weight_decay)

    def update(self, x: float, g: float, memory: Memory, lr: float) -> tuple[float, Memory]:
        (beta1, beta2), (step, mean, square) = self.betas, memory or (0.0, 0.0, 0.0)
        if self.decoupled:
            x *= 1 - lr * self.weight_decay
        elif self.weight_decay:
            g += self.weight_decay * x
        step += 1
        mean += (1 - beta1) * (g - mean)
        square = beta2 * square + (1 - beta2) * g * g
        size = _sqrt(square) / _sqrt(1 - beta2**step) + self.eps
        x -= lr / (1 - beta1**step) * mean / size if size else math.nan
        return x, (step, mean, square)

    def _read_memory(self, i: int, found: list[Any], steps: int) -> Memory:
        memory = super()._read_memory(i, found, steps)
        step, _, square = memory or (1.0, 0.0, 0.0)
        if memory and not (1 <= step <= steps and step.is_integer() and square >= 0):
            raise ValueError(
                f"the memory of parameter {i} is {memory}: its step must be a whole number from 1 "
                f"to {steps}, and its exp_avg_sq must be at least 0"
            )
        return memory


class AdamW(Adam):
    """Adam with decoupled weight decay: each step also shrinks x by the factor lr·weight_decay."""

    decoupled = True

    def __init__(
        self,
        parameters: Module | Iterable[Value],
        lr: Rate = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)


def clip_grad_norm(parameters: Module | Iterable[Value], max_norm: float) -> float:
    """Scale the gradients to a Euclidean norm of at most ``max_norm``; return the norm before.

    Raises FloatingPointError, and changes nothing, if the norm is not finite.
    """
    if not (as_float(max_norm) > 0):
        raise ValueError(f"max_norm = {max_norm}: it must be above 0")
    found = _parameters(parameters)
    reached = [(p, g) for p in found if (g := gradient(p)) is not None]
    norm = math.hypot(*[g for _, g in reached])
    if not math.isfinite(norm):
        wrong = [i for i, p in enumerate(found) if not math.isfinite(gradient(p) or 0.0)]
        named = "".join(f"; that of {_name(i, found[i])} is {found[i].grad}" for i in wrong[:3])
        raise FloatingPointError(f"the norm of the gradients is {norm}{named}; nothing has changed")
    if norm > max_norm:
        clipped = [g / norm * max_norm for _, g in reached]
        any(map(_set_grad, [p for p, _ in reached], clipped))  # all or none, as in a step
    return norm


def gradient(p: Value) -> float | None:
    """Return a parameter's gradient as a float; None if no backward has reached it."""
    g = p.grad
    if type(g) is float:
        return g
    if isinstance(g, Value):  # of backward(create_graph=True)
        return g.data
    return None if g is None or (type(g) is int and not g) else as_float(g)


def _sqrt(x: Any) -> Any:
    """Return the square root: of a node too, while a step is written as a program."""
    return math.sqrt(x) if type(x) is float else ops.sqrt(x)


def _parameters(parameters: Module | Iterable[Value]) -> list[Value]:
    """Return the parameters as a list; raise unless each is a leaf and comes once."""
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    if isinstance(parameters, (Value, dict, str, set)) or not hasattr(parameters, "__iter__"):
        raise TypeError(f"parameters are a Module or a list of Values, not {shorten(parameters)}")
    found: dict[Value, int] = {}
    for i, p in enumerate(parameters):
        if not isinstance(p, Value):
            raise TypeError(f"parameter {i} is {shorten(p)}: parameters are Values")
        if p.op is not None:
            raise ValueError(f"parameter {i} is {p!r}: it must be a leaf, not the result of an op")
        if found.setdefault(p, i) != i:
            raise ValueError(f"{_name(i, p)} is also parameter {found[p]}: pass each one once")
    if not found:
        raise ValueError("there are no parameters: pass a model that has some, or a list of Values")
    return list(found)


def _name(i: int, p: Value) -> str:
    return f"parameter {i} ({shorten(p.label)})" if p.label else f"parameter {i}"


def _at_least_0(name: str, number: Any) -> float:
    if (x := real(name, number)) < 0:
        raise ValueError(f"{name} is {number!r}: it must be at least 0")
    return x
