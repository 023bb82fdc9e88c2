"""What the rooms collections, linq and regex register is on the surface, and LINQ is there as a whole."""

from __future__ import annotations

import importlib

import pytest

from apimpolicy.dotnet import registry
from apimpolicy.dotnet.implementations import MODULES
from apimpolicy.dotnet.metadata import look_up

ROOMS = ("collections", "linq", "regex")
COMPLETE = [
    ("System.Linq.Enumerable", 0),
    ("System.Collections.Generic.List", 1),
    ("System.Collections.Generic.Queue", 1),
    ("System.Collections.Generic.Stack", 1),
    ("System.Collections.Generic.SortedDictionary", 2),
    ("System.Collections.Generic.KeyValuePair", 2),
    ("System.Tuple", 2),
    ("System.Text.RegularExpressions.Match", 0),
    ("System.Text.RegularExpressions.GroupCollection", 0),
]


@pytest.mark.parametrize("module", [module for module in MODULES if module.split(".")[0] in ROOMS])
def test_module_registers_types_that_name_it(module: str) -> None:
    importlib.import_module(f"apimpolicy.dotnet.{module}")
    registered = {name.partition("`")[0] for name, _, _ in registry.registrations()}
    assert set(MODULES[module]) <= registered


@pytest.mark.parametrize(("name", "arity"), COMPLETE)
def test_every_member_is_simulated(name: str, arity: int) -> None:
    definition = look_up(name, arity)
    assert definition is not None
    missing = [
        member.signature
        for member in definition.all_members()
        if registry.find_implementation(definition, member.signature) is None
    ]
    assert not missing
