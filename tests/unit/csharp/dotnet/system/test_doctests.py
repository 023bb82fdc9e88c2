"""The examples in the documentation of the room are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import apimpolicy.csharp.dotnet.system as room

MODULES = [module.name for module in pkgutil.iter_modules(room.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"{room.__name__}.{name}")
    assert doctest.testmod(module).failed == 0
