"""A parameter is named by the model that it was assigned to last, also where two are alike."""

from __future__ import annotations

from micrograd_like import Value, nn


def modules(p: Value) -> tuple[str, ...]:
    found: tuple[str, ...] = p.label.modules  # type: ignore[attr-defined]
    return found


def test_a_layer_that_moves_to_another_model_is_named_by_that_one() -> None:
    """Two models of one class have the same name, and are told apart all the same."""
    old, new = nn.MLP(2, [2, 1], rng=1), nn.MLP(2, [2, 1], rng=2)
    new.head = old.layers[1]
    p = old.layers[1].neurons[0].b
    assert p is not None
    assert str(p.label) == "head.neurons.0.b"
    assert modules(p) == ("MLP", "head", "head.neurons.0")
    assert modules(p)[0] is modules(new.parameters()[0])[0]
    assert modules(p)[0] is not modules(old.parameters()[0])[0]
    graph = new.head(new.layers[0]([1.0, 2.0])).graph(collapse=1)
    assert [box.name for box in graph.scene.boxes if box.kind == "module"] == ["MLP"]


def test_what_a_model_has_named_keeps_its_name_there() -> None:
    model = nn.MLP(2, [2, 1], rng=1)
    model.again = model.layers[0]
    assert str(model.parameters()[0].label) == "layers.0.neurons.0.w.0"
