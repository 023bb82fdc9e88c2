"""The .NET surface: every line can be read, every implementation matches one, and the rest is listed in the docs."""

from __future__ import annotations

import contextlib
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.metadata import TypeDefinition, all_definitions, find_definition
from apimpolicy.csharp.dotnet.registry import Implementation, find_implementation, registrations, unknown_registrations
from apimpolicy.csharp.dotnet.signatures import Method, Property

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GIVEN = ROOT.parent / "shared" / "dotnet" / "surface.jsonl"
DEPLOYED = {
    "IContext": [("Trace", 2, False)],
    "IMessageBody": [("AsJArray", 2, False), ("AsJObject", 2, False), ("AsJToken", 2, False)],
    "IUrl": [("ToUri", 0, False), ("Uri", 0, False)],
}
"""Members that deployed policies use, or that release notes state, though no page lists them."""


def test_every_signature_can_be_read() -> None:
    count = 0
    for definition in all_definitions():
        assert definition.open_type.supertypes
        count += sum(1 for _ in definition.all_members())
    assert count > 8_000


def test_every_registration_matches_a_line_of_the_surface() -> None:
    assert next(registrations())
    assert not unknown_registrations()


def test_every_implementation_takes_the_arguments_of_its_members() -> None:
    wrong = []
    for definition, member, found in implementations():
        function = found.body if found.form == "method" else found.target
        count = len([parameter for parameter in member.parameters if parameter.mode != "out"]) + found.types
        with contextlib.suppress(ValueError):  # a built-in function has no signature
            signature = inspect.signature(function)
            try:
                signature.bind(*[None] * (count + (not member.is_static and member.name != "new")))
            except TypeError as error:
                wrong.append(f"{definition.name} {member.signature}: {error}")
    assert not wrong


def implementations() -> Iterator[tuple[TypeDefinition, Method, Implementation]]:
    """Yield each method with its implementation, where that is a function."""
    for definition in all_definitions():
        for member in definition.all_members():
            found = find_implementation(definition, member.signature) if isinstance(member, Method) else None
            if found is not None and callable(found.body):
                yield definition, member, found  # type: ignore[misc]


def test_nothing_of_the_given_surface_is_lost() -> None:
    """The package's form of the data says what the metadata said: types, members, parameters."""
    if not GIVEN.exists():
        pytest.skip(f"{GIVEN.name} is not beside the checkout")
    for line in GIVEN.read_text(encoding="utf-8").splitlines():
        given: dict[str, Any] = json.loads(line)
        parameters = given.get("type_parameters") or []
        definition = find_definition(_without_arguments(given["type"]), len(parameters))
        assert definition.kind == given["kind"].split(" ")[-1]
        assert definition.enum_values == given.get("values", {})
        wanted = sorted(_described(member, given["type"]) for member in given.get("members", ()))
        found = sorted(
            (
                "new" if member.name == "new" else member.name,
                len(member.parameters) if isinstance(member, (Method, Property)) else 0,
                member.is_static,
            )
            for member in definition.all_members()
            if given["kind"] != "enum"
        )
        wanted = sorted([*wanted, *DEPLOYED.get(given["type"], ())])
        assert found == wanted, given["type"]


def _without_arguments(name: str) -> str:
    outer, _, rest = name.partition("<")
    return outer + (rest.rpartition(">")[2] if rest else "")


def _described(member: dict[str, Any], type_name: str) -> tuple[str, int, bool]:
    name = "new" if member["member"] == "constructor" else member["name"]
    return name, len(member.get("parameters", ())), bool(member.get("static"))
