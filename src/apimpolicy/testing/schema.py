"""The JSON schema of test files, for editors: completion, documentation, and marked errors.

    # yaml-language-server: $schema=https://…/apimpolicy-test.schema.json

Made of `apimpolicy.testing.format`. The build stores it in the package; the site of the documentation has it too.
"""

from __future__ import annotations

from typing import Any

from apimpolicy.gateway.policies.settings import Behaviour, meanings
from apimpolicy.report.outputs.json_schema import ADDRESS
from apimpolicy.testing import format as tables
from apimpolicy.testing import kinds
from apimpolicy.testing.tree import RENAMED

NAME = "apimpolicy-test.schema.json"

SHARED = ("answer", "body", "condition", "expect", "matched", "matching", "mcp", "request", "sent")
"""Kinds that the schema defines once and refers to."""

_JSON_TYPES: dict[type, str] = {
    str: "string",
    float: "number",
    int: "integer",
    bool: "boolean",
    type(None): "null",
    list: "array",
    dict: "object",
}

_FURTHER: dict[str, dict[str, Any]] = {
    "seconds": {"minimum": 0},
    "status-code": {"minimum": 100, "maximum": 999},
    "pattern": {"pattern": f"^{kinds.STATUS.pattern}$"},
    "date": {"description": tables.GIVEN["now"][1]},
}
"""Further keywords of a kind, besides its types."""


def schema() -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ADDRESS + NAME,
        "title": "Test cases for Azure API Management policies (apimpolicy)",
        **_object(tables.FILE),
        "anyOf": [{"required": ["cases"]}, {"required": ["claims"]}],
        "definitions": {name: _written_out(name) for name in SHARED},
    }


def schema_of(words: str) -> dict[str, Any]:
    if words in SHARED:
        return {"$ref": f"#/definitions/{words}"}
    return _written_out(words)


def _written_out(words: str) -> dict[str, Any]:
    parts = kinds.parts(words)
    if len(parts) > 1:
        return {"anyOf": [schema_of(part) for part in parts]}
    if words in kinds.COMBINED:
        return _written_out(kinds.COMBINED[words])
    if words.startswith("{"):
        return {"type": "object", "additionalProperties": schema_of(kinds.inner(words))}
    if words.startswith("["):
        return {"type": "array", "items": schema_of(kinds.inner(words))}
    if words == "gateway":
        return _gateway()
    if words in kinds.TABLES:
        return _object(kinds.TABLES[words])
    return _plain(words) if words in kinds.KINDS else {"enum": words.split(", ")}


def _plain(kind: str) -> dict[str, Any]:
    types = [_JSON_TYPES[each] for each in kinds.types_of(kind) if each in _JSON_TYPES]
    if "number" in types:
        types.remove("integer")
    further = _FURTHER.get(kind, {})
    return further if not types else {"type": types[0] if len(types) == 1 else types, **further}


def _object(keys: tables.Keys) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, (words, meaning, _) in keys.items():
        made = schema_of(words)
        properties[key] = made if "$ref" in made else {**made, "description": meaning}
        if "-" in key:
            properties[key.replace("-", "_")] = properties[key]
        for older in (old for old, new in RENAMED.items() if new == key):
            renamed = {**properties[key], "deprecationMessage": f"Use {key}."}
            properties[older] = properties[older.replace("-", "_")] = renamed
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _gateway() -> dict[str, Any]:
    means = meanings(Behaviour)
    properties: dict[str, Any] = {}
    for name, declared in Behaviour.declared.items():
        kind = {"enum": list(declared.choices)} if declared.choices else {"type": _TYPES[declared.kind]}
        properties[declared.key] = properties[name] = {**kind, "default": declared.default, "description": means[name]}
    return {"type": "object", "properties": properties}


_TYPES = {bool: "boolean", int: "integer", str: "string"}
