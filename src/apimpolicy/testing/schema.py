"""The JSON schema of test files, for editors: completion, documentation, and red lines under mistakes.

    # yaml-language-server: $schema=https://…/apimpolicy-test.schema.json

Made of `apimpolicy.testing.format`. The build stores it in the package; the site of the documentation has it at
`ADDRESS`.
"""

from __future__ import annotations

import json
import os
from typing import Any

from apimpolicy.policies.settings import Behaviour, meanings
from apimpolicy.testing import format as tables

ADDRESS = "https://apimpolicy.github.io/apimpolicy/schemas/"
"""Where the documentation's site has the schemas of `apimpolicy/schemas`, for editors."""
NAME = "apimpolicy-test.schema.json"

SHARED = ("answer", "body", "expect", "matched", "matching", "request", "sent")
"""Kinds that stand once in the schema and are referred to."""

_TEXT = {"type": ["string", "number", "boolean"]}

KINDS: dict[str, dict[str, Any]] = {
    "anything": {},
    "text": _TEXT,
    "texts": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    "scalar": {"type": ["string", "number", "boolean", "null"]},
    "text or boolean": {"type": ["string", "boolean"]},
    "boolean": {"type": "boolean"},
    "boolean or null": {"type": ["boolean", "null"]},
    "null": {"type": "null"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "number or null": {"type": ["number", "null"]},
    "count": {"type": ["integer", "boolean"]},
    "seconds": {"type": "number", "minimum": 0},
    "status-code": {"type": "integer", "minimum": 100, "maximum": 599},
    "pattern": {"type": "string", "pattern": "^[1-5][0-9xX]{2}$"},
    "date": {"type": "string", "description": tables.GIVEN["now"][1]},
    "list": {"type": "array"},
    "table": {"type": "object"},
}

COMBINED = {
    "status": "integer|pattern",
    "matched": "scalar|matching",
    "body": "scalar|body-parts",
    "counted": "count|sent|[sent]",
    "headers": "{scalar|list|matching}",
}

TABLES = {
    name: getattr(tables, name.replace("-", "_").upper())
    for name in (
        *("answer", "case", "certificate", "double", "double-error", "error", "expect", "given", "last-error"),
        *("matching", "provider", "request", "response", "scopes", "sent", "step", "token", "trace-entry", "when"),
    )
} | {"body-parts": tables.BODY}


def schema() -> dict[str, Any]:
    """The schema, in JSON Schema draft 7, which editors know."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ADDRESS + NAME,
        "title": "Test cases for Azure API Management policies (apimpolicy)",
        **_object(tables.FILE),
        "required": ["cases"],
        "definitions": {name: _named(name) for name in SHARED},
    }


def schema_of(words: str) -> dict[str, Any]:
    """The schema of what a key may be."""
    if words.startswith("{"):
        return {"type": "object", "additionalProperties": schema_of(words[1:-1])}
    if "|" in words:
        return {"oneOf": [schema_of(word) for word in words.split("|")]}
    if words.startswith("["):
        return {"type": "array", "items": schema_of(words[1:-1])}
    return {"$ref": f"#/definitions/{words}"} if words in SHARED else _named(words)


def _named(name: str) -> dict[str, Any]:
    if name == "gateway":
        return _gateway()
    if name in COMBINED:
        return schema_of(COMBINED[name])
    if name in TABLES:
        return _object(TABLES[name])
    return KINDS[name] if name in KINDS else {"enum": name.split(", ")}


def _object(keys: tables.Keys) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, (words, meaning) in keys.items():
        made = schema_of(words)
        properties[key] = {**made, "description": meaning} if meaning and "$ref" not in made else made
        if "-" in key:
            properties[key.replace("-", "_")] = properties[key]
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _gateway() -> dict[str, Any]:
    """The keys of apimpolicy.toml: editors are told of those that are plain values."""
    means = meanings(Behaviour)
    properties: dict[str, Any] = {}
    for name, declared in Behaviour.declared.items():
        kind = {"enum": list(declared.choices)} if declared.choices else {"type": _TYPES[declared.kind]}
        properties[declared.key] = properties[name] = {**kind, "default": declared.default, "description": means[name]}
    return {"type": "object", "properties": properties}


_TYPES = {bool: "boolean", int: "integer", str: "string"}


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def store() -> None:
    """Write it into the package, beside the schemas of what the commands print; the build and `python -m docs` do."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schemas", NAME)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text())
