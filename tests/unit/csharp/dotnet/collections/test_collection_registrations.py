"""LINQ and collections are there as a whole."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.dotnet import registry
from apimpolicy.csharp.dotnet.metadata import look_up

COMPLETE = [
    ("System.Linq.Enumerable", 0),
    ("System.Collections.Generic.List", 1),
    ("System.Collections.Generic.Queue", 1),
    ("System.Collections.Generic.Stack", 1),
    ("System.Collections.Generic.KeyValuePair", 2),
    ("System.Tuple", 2),
]


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
