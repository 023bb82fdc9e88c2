"""A resource has the same fields whether an extract or infrastructure code describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from apimpolicy.project.infrastructure.files import Files
from apimpolicy.project.infrastructure.resources import Resource
from apimpolicy.project.service import description
from apimpolicy.project.service.described import Entity, ReadingContext
from apimpolicy.project.service.description import Described, Hole, Problem, Property
from apimpolicy.project.service.fields import fields_of
from apimpolicy.project.service.from_resources import describe_resources
from apimpolicy.project.service.information import properties_of
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = [
    each
    for each in vars(description).values()
    if isinstance(each, type) and attrs.has(each) and any(Property in field.metadata for field in attrs.fields(each))  # type: ignore[arg-type]
]
VALUES: dict[str, Any] = {
    "text": "partner",
    "plain_text": "partner",
    "flag": "True",
    "whole_number": "3",
    "texts": ["http", "https"],
    "last_name": "/versionSets/partner",
    "scope": "/products/partner",
    "published": "notPublished",
}
"""A value in Azure for each reader."""


def readers(tmp_path: Path, properties: dict[str, Any]) -> tuple[dict[str, Any], list[Problem], Entity]:
    file = tmp_path / "information.json"
    file.write_text(json.dumps({"properties": properties}), "utf-8")
    problems: list[Problem] = []
    found = properties_of(str(file), "it", problems)
    assert found is not None
    resource = Resource("apis", ("orders",), properties, Source("", "main.tf"), 0, "orders")
    context = ReadingContext(Files(str(tmp_path)), [])
    return {"file": found}, problems, Entity(resource, ["orders"], None, context)


def properties_for(record: type, values: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in attrs.fields(record):
        if Property in field.metadata:
            given = field.metadata[Property]
            block, _, name = given.names[-1].rpartition(".")
            (made.setdefault(block, {}) if block else made)[name] = values[given.reader]
    return made


@pytest.mark.parametrize("record", RECORDS)
def test_files_and_code_are_read_alike(record: type, tmp_path: Path) -> None:
    found, problems, entity = readers(tmp_path, properties_for(record, VALUES))
    of_file, of_code = fields_of(record, found["file"]), fields_of(record, entity)
    assert of_file == of_code
    assert all(each.known is not None for each in of_file.values())
    assert not problems


@pytest.mark.parametrize("record", RECORDS)
def test_values_of_another_kind_are_holes(record: type, tmp_path: Path) -> None:
    found, problems, entity = readers(tmp_path, properties_for(record, {each: {"a": [True]} for each in VALUES}))
    for fields in (fields_of(record, found["file"]), fields_of(record, entity)):
        assert [name for name, each in fields.items() if not isinstance(each.value, Hole)] == []
    assert problems


def test_what_is_not_written_is_missing(tmp_path: Path) -> None:
    found, problems, entity = readers(tmp_path, {})
    for record in RECORDS:
        for each in (*fields_of(record, found["file"]).values(), *fields_of(record, entity).values()):
            assert each.is_missing
    assert not problems
    assert any(issubclass(each, Described) for each in RECORDS)


@pytest.mark.parametrize("type_", ["api", "product", "policy", "set", "add_file", "host_names", "apis_operations", "x"])
def test_a_type_that_azure_does_not_have(type_: str, tmp_path: Path) -> None:
    service = description.ServiceDescription(str(tmp_path))
    resource = Resource(type_, ("orders",), {}, Source("", "main.bicep"), 0, "orders")
    describe_resources(service, [resource], [], Files(str(tmp_path)))
    assert not service.apis
