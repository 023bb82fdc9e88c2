"""Every registration of the room is a line of the surface."""

from __future__ import annotations

import importlib
import pkgutil

import apimpolicy.dotnet.system as room
from apimpolicy.dotnet import registry
from apimpolicy.dotnet.metadata import look_up


def test_every_signature_is_in_the_surface() -> None:
    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{room.__name__}.{module.name}")
    unknown = []
    for table in (registry._registered, registry._setters):
        for name, signature in table:
            bare, _, arity = name.partition("`")
            definition = look_up(bare, int(arity or 0))
            if definition is None or signature not in {member.signature for member in definition.all_members()}:
                unknown.append((name, signature))
    assert unknown == []
