"""Programs over NumPy's arrays, and vmap: the numbers of the engine, for many rows at once."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from typing import Any

import all_rows
import pytest
from hypothesis import given, settings
from recipes import Recipe, recipes
from test_programs_c import network, rows_of

from micrograd_like import Value, exp, grad, log, nn, relu, tanh, vmap, where
from micrograd_like.ops import TABLE, Op
from micrograd_like.programs.arrays import NumPy

np: Any = pytest.importorskip("numpy")

# In ulp, beyond the 4 of the others. A sum is rounded at each addition, and its terms come in
# another order, so that it loses digits where they cancel; where the largest of logsumexp and the
# logarithm nearly cancel, the last bit of that is many. hypot adds up squares in another order than
# Python, whose result is rounded better; direction divides by it three times.
ULPS = {"direction": 10.0, "softmax": 8.0, "hypot": 4.0}
CANCEL = {"fsum", "sumprod", "weighted_sum", "logsumexp"}


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
def test_every_row_has_the_numbers_of_the_engine(op: Op) -> None:
    n = 1000 if op.name in ("tanh", "pow", "relu", "atan2", "log_softmax") else 60
    (value, at), (partial, where_) = all_rows.differences(op, n, "NumPy")
    bound = math.inf if op.name in CANCEL else ULPS.get(op.name, 4.0)
    assert value <= bound, at
    assert partial <= ULPS.get(op.name, 4.0), where_


@pytest.mark.parametrize("op", TABLE.values(), ids=TABLE)
@pytest.mark.thorough
def test_a_row_at_a_thousand_points(op: Op) -> None:
    (value, at), (partial, where_) = all_rows.differences(op, 1000, "NumPy")
    assert value <= (math.inf if op.name in CANCEL else ULPS.get(op.name, 4.0)), at
    assert partial <= ULPS.get(op.name, 4.0), where_


@given(recipes())
@settings(max_examples=15)
def test_random_graphs_agree(recipe: Recipe) -> None:
    values = recipe.values()
    leaves = values[: len(recipe.leaves)]
    program = values[-1].program(leaves, wrt=leaves)
    columns = [[x, x] for x in recipe.leaves]
    value, gradients = program(*recipe.leaves)
    found, each = program.numpy()(*columns)
    assert found == pytest.approx([value] * 2, rel=1e-9, abs=1e-9)
    for theirs, ours in zip(each.tolist(), gradients):
        assert theirs == pytest.approx([ours] * 2, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("sizes", [[2, 16, 16, 1], [3, 1], [1, 4, 3], [5, 2, 2]])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_a_network_agrees_with_its_program(sizes: list[int], activation: str) -> None:
    program, _, inputs = network(sizes, activation=activation)
    rows = np.array(rows_of(len(inputs)))
    values, each = program.numpy()(*rows.T)
    expected = [program(*row) for row in rows.tolist()]
    assert values == pytest.approx([value for value, _ in expected], rel=1e-12)
    assert each.shape == (len(program.wrt), len(rows))
    assert pytest.approx(np.array([grads for _, grads in expected]), rel=1e-9, abs=1e-12) == each.T
    sums = program.numpy()(*rows.T, reduce="sum")[1]
    assert sums == pytest.approx(program.sum(rows.tolist())[1], rel=1e-9, abs=1e-12)


def test_a_layer_is_one_matrix_product() -> None:
    small, large = [network([2, n, n, 1])[0].numpy().source for n in (8, 80)]
    assert len(small.splitlines()) == len(large.splitlines())
    assert small.count(" @ ") == 3 + 2  # forward, and back to the inputs of two of them
    assert NumPy(network([2, 8, 1])[0]).batch([[1.0, 2.0, 3.0]], reduce="sum")


def test_a_number_stands_for_an_array_of_it() -> None:
    program = network([2, 3, 1])[0]
    f = program.numpy()
    assert f([0.5, 1.0], 2.0, 0.0)[0] == pytest.approx(f([0.5, 1.0], [2.0, 2.0], [0.0, 0.0])[0])
    with pytest.raises(TypeError, match="takes 3 arrays"):
        f([0.5])
    with pytest.raises(ValueError, match="one dimension"):
        f([[0.5]], 0.0, 0.0)
    with pytest.raises(ValueError, match="broadcast"):
        f([1.0, 2.0], [1.0, 2.0, 3.0], 0.0)


def test_errors_are_those_of_the_engine() -> None:
    x, w = Value(1.0, "x"), Value(1.0, "w")
    f = (log(x) * w).program([x], wrt=[w]).numpy()
    with pytest.raises(ValueError, match=r"log\(x=-1"):
        f([1.0, -1.0, 2.0])
    with pytest.raises(OverflowError, match="exp"):
        exp(x).program([x]).numpy()([1.0, 1000.0])


def test_what_no_input_is_in_has_a_number_for_each_row() -> None:
    x, w, v = Value(1.0, "x"), Value(3.0, "w"), Value(2.0, "v")
    f = (x + w * w + v).program([x], wrt=[w, v]).numpy()
    values, gradients = f([1.0, 2.0, 3.0])
    assert values.tolist() == [12.0, 13.0, 14.0]
    assert gradients.tolist() == [[6.0] * 3, [1.0] * 3]
    assert f([1.0, 2.0, 3.0], reduce="sum")[1].tolist() == [18.0, 3.0]
    assert (w * w).program(wrt=[w]).numpy()()[1].tolist() == [[6.0]]


# ---------------------------------------------------------------------------- vmap


def test_vmap_calls_a_function_at_each_row() -> None:
    x, y = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    assert vmap(lambda a, b: a * tanh(b))(x, y) == pytest.approx(x * np.tanh(y), rel=1e-14)
    assert vmap(lambda a, b: a * b)(x, 2.0).tolist() == [1.0, -2.0, 4.0]
    found = vmap(lambda ab: {"sum": ab[0] + ab[1], "first": ab[0]})([x, y])
    assert found["sum"].tolist() == (x + y).tolist()
    rows = np.stack([x, y], 1)
    assert vmap(lambda row: row[0] * row[1])(rows).tolist() == (x * y).tolist()
    assert vmap(grad(lambda a: a**3))(x) == pytest.approx(3 * x**2)
    assert vmap(lambda a: 1.0)(x).tolist() == [1.0] * 3


def test_vmap_of_a_model_reads_its_weights_at_each_call() -> None:
    model = nn.MLP(2, [4, 1], rng=random.Random(1))
    rows = np.array(rows_of(2))
    f = vmap(model)
    for _ in range(2):
        assert f(rows) == pytest.approx([model(row).data for row in rows.tolist()], rel=1e-13)
        model.layers[0].neurons[0].b.data += 1.0


def test_a_branch_that_differs_between_rows_is_an_error_that_says_so() -> None:
    f = vmap(lambda x: x * 2 if x > 0 else -x)
    assert f(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert f(np.array([-1.0, -2.0])).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"x > 0\.0 is True for one row, and not for row 1.*where"):
        f(np.array([1.0, -2.0]))
    with pytest.raises(ValueError, match="floor"):
        vmap(lambda x: x * math.floor(x))(np.array([1.5, 2.5]))
    assert vmap(lambda x: relu(x) + abs(x))(np.array([1.0, -2.0])).tolist() == [2.0, 2.0]


def test_vmap_raises_what_the_function_raises() -> None:
    with pytest.raises(ValueError, match="log"):
        vmap(lambda x: log(x))(np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="same number of rows"):
        vmap(lambda x, y: x + y)(np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    with pytest.raises(TypeError, match="takes a function"):
        vmap(3)  # type: ignore[arg-type]
    assert vmap(lambda x: where(x > 0, lambda: log(x), 0.0))(np.array([1.0, 2.0]))[0] == 0.0


def test_without_numpy_the_error_names_the_extra() -> None:
    code = (
        "from micrograd_like import Value, vmap\n"
        "x = Value(1.0, 'x')\n"
        "for use in (lambda: (x * 2).program([x]).numpy(), lambda: vmap(abs)(1.0),\n"
        "            lambda: (x * 2).program([x]).jax()):\n"
        "    try:\n"
        "        use()\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    run = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    lines = run.stdout.splitlines()
    assert ["[numpy]" in line for line in lines] == [True, True, False], run.stderr
    assert "pip install 'micrograd-like[jax]'" in lines[2]
