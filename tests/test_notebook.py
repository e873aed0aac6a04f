"""What a notebook shows of each object that is the last expression of a cell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from micrograd_like import Value, explain, find_nonfinite, gradient_report, nn, tanh
from micrograd_like.training.history import History

CELLS = {
    "value": "x, w = Value(0.5, label='x'), Value(-2.0, label='w')\n"
    "out = tanh(x * w)\nout.backward()\nout",
    "graph": "out.graph(theme='dark', legend=True)",
    "expression": "out.graph().expression(latex=True)",
    "python": "out.graph().expression()",
    "module": "model = nn.MLP(2, [3, 1], rng=1)\nmodel",
    "history": "history = fit(model, data.xor(), loss=losses.binary_cross_entropy,\n"
    "    optimizer=optim.SGD(model, 0.5), epochs=20, metrics=['accuracy'])\nhistory",
    "history again": "history",
    "report": "gradient_report(model, model([1.0, -2.0]))",
    "explanation": "explain(w, out)",
    "not finite": "find_nonfinite(Value(1e308, label='big') * 10)",
    "step": "next(out.steps())",
    "page": "out.page('backprop.html')",
}
IMPORTS = """from micrograd_like import Value, data, explain, find_nonfinite, gradient_report
from micrograd_like import losses, nn, optim, tanh
from micrograd_like.training import fit"""
RICH = {
    "expression": "text/latex",
    "module": "text/html",
    "report": "text/html",
    "explanation": "text/html",
    "not finite": "text/html",
    "step": "text/html",
    "page": "text/html",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Return what each cell of a notebook has shown."""
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(source) for source in (IMPORTS, *CELLS.values())]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("notebook")
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    with pytest.MonkeyPatch.context() as patch:
        for name, text in environment.items():
            patch.setenv(name, text)
        NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}).execute()
    return dict(zip(CELLS, [cell.outputs for cell in notebook.cells[1:]], strict=True))


@pytest.mark.thorough
@pytest.mark.filterwarnings("default")  # of what Jupyter is made of
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_shows_its_last_expression(name: str, outputs: dict[str, list[Any]]) -> None:
    shown = outputs[name][-1]
    assert shown.output_type == "execute_result"
    assert shown.data["text/plain"]
    rich = RICH.get(name, "image/svg+xml")
    assert (rich in shown.data) == (name not in ("python", "history"))
    if name == "python":
        assert shown.data["text/plain"] == "tanh(x*w)"


@pytest.mark.thorough
@pytest.mark.filterwarnings("default")
def test_a_run_draws_its_curves_as_they_grow(outputs: dict[str, list[Any]]) -> None:
    live, result = outputs["history"]
    (again,) = outputs["history again"]
    assert live.output_type == "display_data"
    assert live.data["image/svg+xml"] == again.data["image/svg+xml"]
    assert live.data["text/plain"] == result.data["text/plain"] == again.data["text/plain"]
    assert "image/svg+xml" not in result.data  # a cell shows the curves once


def test_every_bundle_has_a_text_and_something_richer() -> None:
    x, w = Value(0.5, label="<x>"), Value(-2.0, label="w")
    out = tanh(x * w)
    out.backward()
    model = nn.MLP(2, [2, 1], rng=1)
    loss = model([1.0, 2.0])
    shown: list[Any] = [out, out.graph(), model, History([{"epoch": 1, "loss": 1.0}])]
    broken = find_nonfinite(Value(1e308) * 10)
    shown += [gradient_report(model, loss), explain(w, out), broken, next(out.steps())]
    for thing in shown:
        bundle = thing._repr_mimebundle_()
        assert bundle["text/plain"] in (str(thing), repr(thing))
        assert {"image/svg+xml", "text/html"} & bundle.keys()
        assert "<x>" not in "".join(text for kind, text in bundle.items() if kind != "text/plain")


def test_a_wide_picture_fits_its_cell() -> None:
    y = nn.MLP(2, [2, 2, 2, 2, 1], rng=1)([1.0, 2.0])
    whole, cell = y.graph().svg(), y._repr_mimebundle_()["image/svg+xml"]
    assert ' width="' in whole.partition(">")[0]
    assert {" width=", " height="}.isdisjoint(re.findall(r" \w+=", cell.partition(">")[0]))
    assert cell.partition(">")[2] == whole.partition(">")[2]
    small = Value(1.0).graph()
    assert small._repr_mimebundle_()["image/svg+xml"] == small.svg()


def test_a_value_of_too_large_a_graph_is_text() -> None:
    x = Value(1.0)
    for _ in range(100_001):
        x = x + 1.0
    assert x._repr_mimebundle_() == {"text/plain": repr(x)}


def test_a_module_lists_those_inside() -> None:
    html = nn.MLP(2, [2, 1], rng=1)._repr_mimebundle_()["text/html"]
    assert html.count("<tr>") == 1 + 1 + 2 + 3
    assert "<td>layers.0.neurons.1</td>" in html
    assert "1 more" in nn.Layer(1, 40, rng=1)._repr_mimebundle_()["text/html"]


def test_the_name_of_a_module_is_text() -> None:
    class Odd(nn.Module):
        def __repr__(self) -> str:
            return "<b>&"

    class Model(nn.Module):
        def __init__(self) -> None:
            self.odd = Odd()

    html = Model()._repr_mimebundle_()["text/html"]
    assert "<td>odd</td><td>&lt;b&gt;&amp;</td><td>0</td>" in html
