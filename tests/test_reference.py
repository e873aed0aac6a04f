"""`help()` is the reference: every public name says what it is."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import FunctionType

import pytest

MODULES = ["data", "engine", "functions", "graph", "losses", "nn", "ops", "optim", "training"]
KINDS = (property, FunctionType)


@pytest.mark.parametrize("path", ["micrograd_like", *(f"micrograd_like.{m}" for m in MODULES)])
def test_every_public_name_says_what_it_is(path: str) -> None:
    module = import_module(path)
    assert len(module.__all__) == len({*module.__all__})
    for name in module.__all__:
        thing = getattr(module, name)
        assert inspect.getdoc(thing), name
        for method, made in vars(thing).items() if inspect.isclass(thing) else ():
            alias = getattr(made, "__name__", method) != method  # as conjugate, of __pos__
            told = alias or method.startswith("_") or not isinstance(made, KINDS)
            assert told or inspect.getdoc(getattr(thing, method)), f"{name}.{method}"
