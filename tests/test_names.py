"""A value has one name, which every tool asks for here."""

from __future__ import annotations

from micrograd_like import Value, tanh, topological_order
from micrograd_like.debugging.tracing import trace_lines
from micrograd_like.losses import half_squared_error
from micrograd_like.names import WIDTH, Names, label


def test_a_name_tells_the_label_or_what_made_the_value() -> None:
    x = Value(0.5, label="x")
    out = tanh(2 * x) + Value(3.0)
    out.label = "out"
    names = Names(topological_order(out))
    assert [names(v) for v in names] == ["2.0", "x", "leaf v2", "(2*) v3", "tanh v4", "+ out"]
    assert [names.title(v) for v in names] == ["2.0", "x", "leaf v2", "(2*) v3", "tanh v4", "out"]
    assert [names.short(v) for v in names] == ["2.0", "x", "v2", "v3", "v4", "out"]
    assert [names.key(v) for v in names] == [f"v{i}" for i in range(6)]


def test_a_value_outside_the_graph_has_a_name_without_a_key() -> None:
    x, names = Value(2.5), Names()
    y = tanh(x)
    assert x not in names
    assert (names(x), names(y), names.key(y)) == ("leaf 2.5", "tanh", "")


def test_a_key_that_is_the_label_of_another_value_is_told_from_it() -> None:
    x = Value(1.0, label="v2")
    y = x * Value(2.0, label="w")
    names = Names(topological_order(y))
    assert [names.short(v) for v in names] == ["v2", "w", "v2_"]


def test_a_label_of_which_nothing_can_be_seen_is_none() -> None:
    for text in ("", " ", "\u200d", "\u0301"):
        assert label(Value(1.0, label=text)) == ""
    assert label(Value(1.0, label="重み")) == "重み"
    assert label(Value(1.0, label="x" * 100)) == "x" * (WIDTH - 1) + "…"
    assert label(Value(1.0, label="a\nb")) == "a⏎b"


def test_a_constant_goes_by_its_number_and_a_leaf_by_its_place() -> None:
    x = Value(3.0)
    y = x * 2.0
    names = Names(topological_order(y))
    assert [names(value) for value in y.operands] == ["leaf v0", "2.0"]
    assert [names.short(value) for value in y.operands] == ["v0", "2.0"]
    assert (names(y), names.title(y), names.short(y)) == ("*2 v2", "*2 v2", "v2")


def test_a_key_is_never_the_label_of_another_value() -> None:
    """However many labels are made to look like it."""
    x, y, z = (Value(2.0, label=text) for text in ("v4", "v4_", "v4__"))
    inner = (x * y) * z
    root = tanh(inner)
    names = Names(topological_order(root))
    assert names.key(inner) == "v4"
    assert names.short(inner) == "v4___"
    assert len({names.short(value) for value in names}) == len([*names])


def test_a_number_is_never_the_label_of_another_value() -> None:
    x = Value(0.5, label="2.0")
    y = x * 2.0
    names = Names(topological_order(y))
    assert [names.short(value) for value in y.operands] == ["2.0", "2.0_"]


def test_a_variable_names_what_has_no_label() -> None:
    x, w = Value(2.0, label="x"), Value(-3.0)
    product = x * w
    alias = product
    outs = [tanh(product), [product + 1.0]]
    y = outs[0] * outs[1][0]
    y.label = "y"
    names = Names(topological_order(y), {**locals(), "_": w, "__": y, "far": Value(1.0)})
    assert alias is product
    shorts = [names.short(value) for value in names]
    assert shorts == ["x", "w", "1.0", "product", "outs[0]", "outs[1][0]", "y"]
    assert names.title(product) == names.given(product) == "product"
    assert names(product) == "* product"


def test_a_variable_that_is_the_label_of_another_value_is_told_from_it() -> None:
    x, other = Value(2.0, label="other"), Value(3.0)
    names = Names(topological_order(x * other), {"x": x, "other": other})
    assert [names.short(value) for value in names] == ["other", "other_v1", "v2"]


def test_a_traced_value_has_the_name_it_was_assigned_to() -> None:
    with trace_lines():
        total = Value(0.5)
        for i in range(2):
            part = total * i + 1.0
            total = part - i
        many = chained = total * 2.0
        total += 1.0
        loss = half_squared_error(sum([total, many, chained]), 1.0)
        tanh(loss)
        last = -loss
        last.label = "end"
    names = Names(value for value in topological_order(last) if not value.constant)
    assert " ".join(names.short(value) for value in names) == (
        "total_v0 v1 part_v2 total_v3 v4 part_v5 total_v6 total_v7 v8 many v10 v11 v12 v13 loss end"
    )
    names = Names(names, {"total": total})
    assert names.short(total) == "total"


def test_a_hostile_variable_stays_on_its_line() -> None:
    x = Value(1.0)
    assert Names([x], {"a\nb" + "c" * 99: x}).short(x) == "a⏎b" + "c" * 36 + "…"
