"""A program in JAX: its value, for JAX to compile, differentiate, map and shard.

What you can do with it::

    f = program.jax()                             # f(params, *inputs)
    jax.value_and_grad(f)(f.params, 0.25)         # f.params: the present numbers, layer by layer
    jax.jit(f)(f.params, rows[:, 0])              # inputs are numbers, or arrays of any shape
    program.update(params)                        # brings trained ones back

The text calls JAX, and nothing of ours. Each row has the derivatives of its rule. Nothing raises:
what is no number is nan. JAX computes in float32, unless jax_enable_x64 is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from .. import ops
from ..ops import Op
from . import source
from .arrays import ArrayPrinter, function_text, imported, leaves_of
from .form import Node
from .layers import Vectors
from .printer import Functions
from .python import ATOM, Term
from .rows import PRIMITIVES

JAX_HEAD = """\
from math import inf, nan

import jax
import jax.numpy as jnp
from jax.scipy.special import erf, erfc
"""


OWN = {**PRIMITIVES, ops.div: "", ops.ieee_div: ""}  # JAX has them, with derivatives of its own


class JaxPrinter(ArrayPrinter):
    """Each row is a function with the derivatives of its rule, for JAX to go on from."""

    np = "jnp"

    def _row(self, op: Any, xs: Sequence[Node]) -> Term:
        if op in OWN:
            return self.call(op, "", xs), ATOM
        return super()._row(op, xs)

    def _define(self, key: Any) -> None:
        what, part, _ = key
        if part != "" or not isinstance(what, Op):
            super()._define(key)
            return
        if what in OWN:
            name, names = f"{what.name}_of", [*what.names]
            operands: Any = SimpleNamespace(params=names, used={*names})
            self.functions.made[key] = name, operands
            own = OWN[what] and f"{self.library(OWN[what])}({', '.join(names)})"
            text = function_text(name, names, [f"return {own or 'a/b'}"])
            self.functions.texts.append(text)
        else:
            super()._define(key)
        name, function = self.functions.made[key]
        text = self.functions.texts.pop()
        self.functions.texts.append(f"@jax.custom_jvp\n{text}")
        names = [f"x{i}" for i, x in enumerate(function.params) if x in function.used]
        rules = []
        for i, param in enumerate(function.params):
            if param in function.used:
                rules.append(
                    f"    lambda t, out, {', '.join(names)}: {self._tangent(key, i, names)},"
                )
        self.functions.texts.append("\n".join([f"{name}.defjvps(", *rules, ")", "", ""]))

    def _tangent(self, key: Any, i: int, names: Sequence[str]) -> str:
        """Return what a change t of the i-th operand makes of the result."""
        what, _, lengths = key
        rule = what, "all" if what.many else i, lengths
        if rule not in self.functions.made:
            super()._define(rule)
        name, function = self.functions.made[rule]
        given = ["out", *[f"x{i}" for i in range(len(function.params) - 1)]]
        given = [x for x, param in zip(given, function.params) if param in function.used]
        partial = f"{name}({', '.join(given)}){f'[{i}]' * what.many}"
        return f"(t*{partial}).sum(-1)" if lengths and lengths[i] else f"t*{partial}"


def jax_function(program: Any) -> Any:
    """Return ``f(params, *inputs)`` in JAX; ``f.params`` are the present numbers."""
    jax = imported("jax")
    vectors = Vectors(program._recorded, [program._root], {x: i for i, x in enumerate(program.wrt)})
    functions = Functions(program.name)
    writer = JaxPrinter(vectors.form, vectors.values, functions)
    writer.names |= {x: f"x[..., {i}]" for i, x in enumerate(vectors.inputs)}
    writer.names |= leaves_of(vectors)
    lines = writer.lines()
    parts = []
    body = ["x = jnp.stack(jnp.broadcast_arrays(*inputs), -1)"] * bool(vectors.inputs)
    for i, matrix in enumerate(vectors.matrices):
        w, b = matrix.name, f"b{matrix.name[1:]}"
        body.append(f"{w} = params['layers'][{i}]['w']")
        body += [f"{b} = params['layers'][{i}]['b']"] * matrix.biased
        parts.append(f"jnp.column_stack([{w}, {b}]).ravel()" if matrix.biased else f"{w}.ravel()")
    result = writer.text(vectors.values[0])
    if any("p[" in line for line in [*lines, result]):
        parts.append("params['others']")
        body.append(f"p = jnp.concatenate([{', '.join(parts)}])")
    body += [*lines, f"return {result}"]
    text = "\n\n".join(
        [JAX_HEAD, *functions.texts, function_text(program.name, ["params", "*inputs"], body)]
    )
    f = source.load(text, program.name)
    f.source, f.params = text, jax.tree.map(jax.numpy.asarray, params_of(vectors))
    return f


def params_of(vectors: Vectors) -> dict[str, Any]:
    """Return the present numbers of a program's leaves: of each layer w and b, and the others."""
    np = imported("numpy")
    layers = []
    for matrix in vectors.matrices:
        rows = np.array([[p._data for p in row] for row in matrix.rows])
        k = matrix.shape[1]
        layers.append({"w": rows[:, :k], "b": rows[:, k]} if matrix.biased else {"w": rows})
    return {"layers": layers, "others": np.array([x._data for x in vectors.scalars], float)}


def update(program: Any, params: Mapping[str, Any]) -> None:
    """Set the leaves of a program to the numbers in ``params``: all of them, or none."""
    np = imported("numpy")
    vectors = Vectors(program._recorded, [program._root], {x: i for i, x in enumerate(program.wrt)})
    known, found = params_of(vectors), dict[Any, float]()
    shapes = [
        [{k: np.shape(v) for k, v in layer.items()} for layer in p["layers"]]
        for p in (known, params)
    ]
    if shapes[0] != shapes[1] or np.shape(params["others"]) != np.shape(known["others"]):
        raise ValueError(
            f"params do not have the shapes of the program's: {shapes[1]}, not {shapes[0]}"
        )
    for matrix, layer in zip(vectors.matrices, params["layers"]):
        rows = np.column_stack(
            [np.asarray(layer[name], float) for name in ("w", "b") if name in layer]
        )
        found |= {p: x for row, xs in zip(matrix.rows, rows.tolist()) for p, x in zip(row, xs)}
    found |= dict(zip(vectors.scalars, np.asarray(params["others"], float).tolist()))
    for p, x in found.items():
        p.data = x
