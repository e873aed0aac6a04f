"""A plain scalar autodiff engine, to measure against: as short and as quick as such a thing gets.

A `Value` has slots, the values it was made from, and the local derivative towards each of them,
taken as it is made; backward sorts the graph by recursion. No closures, no reference cycles, and
none of what makes an engine safe: no checks, no names, no exactness, no deep graphs.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise


class Value:
    """A float, the values it was made from, the derivative towards each, and a gradient."""

    __slots__ = ("data", "grad", "locals", "parents")

    def __init__(
        self,
        data: float,
        parents: tuple[Value, ...] = (),
        locals: tuple[float, ...] = (),
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.locals = locals

    def __add__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __sub__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0))

    def __rsub__(self, other: float) -> Value:
        return Value(other) - self

    def __mul__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            other = Value(other)
        a, b = self.data, other.data
        return Value(a * b, (self, other), (b, a))

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), (-1.0,))

    def relu(self) -> Value:
        a = self.data
        return Value(a, (self,), (1.0,)) if a > 0.0 else Value(0.0, (self,), (0.0,))

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self) -> None:
        order: list[Value] = []
        seen = set()

        def visit(v: Value) -> None:
            if v not in seen:
                seen.add(v)
                for parent in v.parents:
                    visit(parent)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            grad = v.grad
            for parent, local in zip(v.parents, v.locals):
                parent.grad += local * grad


class MLP:
    """Layers of neurons, each a weighted sum plus a bias; ReLU after all but the last."""

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        sizes = [nin, *nouts]
        self.layers = [
            [([Value(random.uniform(-1, 1)) for _ in range(i)], Value(0.0)) for _ in range(o)]
            for i, o in pairwise(sizes)
        ]

    def __call__(self, x: list[Value]) -> Value:
        last = self.layers[-1]
        for layer in self.layers:
            sums = [sum((w * a for w, a in zip(ws, x)), b) for ws, b in layer]
            x = sums if layer is last else [s.relu() for s in sums]
        return x[0]

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for ws, b in layer for p in [*ws, b]]

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = 0.0
