"""Finding the order takes work in proportion to the edges, whatever the shape: counted, not timed.

Counted are the bytecodes that the walk runs, and how often a value is looked up or compared.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from micrograd_like import Value, fsum, ops, topological_order

work = 0


class Counted(Value):
    """A value that counts how often it is looked up and compared."""

    __slots__ = ()

    def __hash__(self) -> int:
        global work
        work += 1
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        global work
        work += 1
        return self is other


def node(*operands: Value) -> Counted:
    """Return a node of these operands, by the slots that the engine fills."""
    out = Counted(0.0)
    out.op = ops.fsum
    if len(operands) == 2:
        out._a, out._b = operands
    else:
        out._a = operands[0] if len(operands) == 1 else operands
    return out


def work_of(root: Value) -> int:
    """Return how much work it is to find the order below a root."""
    global work
    work = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        global work
        if event == "call":
            if frame.f_code.co_filename == __file__:  # of Counted: these count themselves
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        work += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        order = topological_order(root)
    finally:
        sys.settrace(before)
    place = {id(value): i for i, value in enumerate(order)}
    for out in order:
        assert all(place[id(x)] < place[id(out)] for x in out.operands)
    return work


def wide_of_nodes(n: int) -> Value:
    return node(*[node(Counted(1.0)) for _ in range(n)])


def wide_of_pairs(n: int) -> Value:
    return node(*[node(Counted(1.0), Counted(2.0)) for _ in range(n)])


def wide_of_threes(n: int) -> Value:
    """Of nodes that keep their operands in a tuple, too, half of them found already."""
    leaf = node(Counted(1.0))
    return node(*[node(leaf, Counted(2.0), leaf) for _ in range(n)])


def wide_of_one_node(n: int) -> Value:
    return node(*[node(Counted(1.0))] * n)


def wide_of_a_chain(n: int) -> Value:
    """Each operand is made of the one before it."""
    chain = [node(Counted(1.0))]
    for _ in range(n - 1):
        chain.append(node(chain[-1]))
    return node(*chain)


def wide_of_a_chain_turned_round(n: int) -> Value:
    return node(*wide_of_a_chain(n).operands[::-1])


def wide_of_shared(n: int) -> Value:
    """Every operand is made of the same leaf and the same node."""
    leaf = Counted(1.0)
    shared = node(leaf)
    return node(*[node(leaf, shared) for _ in range(n)])


def chain(n: int) -> Value:
    out: Value = Counted(1.0)
    for _ in range(n):
        out = node(out, out)
    return out


SHAPES = [
    *(wide_of_nodes, wide_of_pairs, wide_of_threes, wide_of_one_node, wide_of_shared, chain),
    *(wide_of_a_chain, wide_of_a_chain_turned_round),
]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="opcodes are not traced one by one there")
@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_graph_is_twice_the_work(shape: Callable[[int], Value]) -> None:
    few, many = work_of(shape(200)), work_of(shape(400))
    assert few > 200
    assert many < 2.1 * few


def test_work_that_grows_with_the_square_is_noticed() -> None:
    """As of an order that looks for each value in a list."""

    def slow(n: int) -> int:
        global work
        work = 0
        found: list[Value] = []
        for x in wide_of_nodes(n).operands:
            assert x not in found
            found.append(x)
        return work

    assert slow(400) > 3.9 * slow(200)


def test_counted_values_are_ordered_as_others_are() -> None:
    leaves = [Value(float(i)) for i in range(5)]
    root = fsum([-x for x in leaves])
    counted = node(*[node(Counted(x.data)) for x in leaves])
    assert [x.data for x in topological_order(root)][:5] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [len(x.operands) for x in topological_order(counted)] == [0] * 5 + [1] * 5 + [5]
