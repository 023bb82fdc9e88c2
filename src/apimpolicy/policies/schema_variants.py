"""JSON Schemas changed as validate-content asks: other properties allowed or not, names without regard to case.

A schema is "closed" where a value begins (the root, a property, an item), not inside `allOf` and its kin: there the
parts of one object would exclude each other's properties.
"""

from __future__ import annotations

from typing import Any

_NAMED = ("properties", "patternProperties", "dependentSchemas")
_HOLDERS = ("$defs", "definitions")
_VALUES = ("items", "additionalItems", "contains", "unevaluatedItems")
_IN_PLACE = ("not", "if", "then", "else", "propertyNames")
_SEVERAL = ("allOf", "anyOf", "oneOf")


def opened(schema: Any) -> Any:
    """Return the schema without any `additionalProperties: false`."""
    if isinstance(schema, list):
        return [opened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value if key == "enum" and isinstance(value, list) else opened(value)
        for key, value in schema.items()
        if not (key in ("additionalProperties", "unevaluatedProperties") and value is False)
    }


def closed(schema: Any, *, begins: bool = True) -> Any:
    """Return the schema with no properties but named ones, wherever a value begins."""
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _HOLDERS and isinstance(value, dict):
            made[key] = _closed_definitions(value)
        elif key == "components" and isinstance(value, dict):
            made[key] = {kind: _closed_definitions(parts) for kind, parts in value.items()}
        elif key in _NAMED and isinstance(value, dict):
            made[key] = {name: closed(part) for name, part in value.items()}
        elif key in _SEVERAL and isinstance(value, list):
            made[key] = [closed(part, begins=False) for part in value]
        elif key == "prefixItems" and isinstance(value, list):
            made[key] = [closed(part) for part in value]
        elif key in _VALUES:
            made[key] = closed(value)
        elif key in _IN_PLACE:
            made[key] = closed(value, begins=False)
        elif key not in ("additionalProperties", "unevaluatedProperties"):
            made[key] = value
    if begins and made:
        made["unevaluatedProperties"] = False
    return made


def _closed_definitions(definitions: Any) -> Any:
    """Return schemas that are used from elsewhere: whether a value begins there is decided where they are used."""
    if not isinstance(definitions, dict):
        return definitions
    return {name: closed(part, begins=False) for name, part in definitions.items()}


def case_folded(schema: Any, written: dict[str, str]) -> Any:
    """Return the schema with property names in lower case; `written` gets them as they were, by that."""
    if isinstance(schema, list):
        return [case_folded(part, written) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "dependentSchemas") and isinstance(value, dict):
            made[key] = {_folded(name, written): case_folded(part, written) for name, part in value.items()}
        elif key == "required" and isinstance(value, list):
            made[key] = [_folded(name, written) if isinstance(name, str) else name for name in value]
        elif key == "dependentRequired" and isinstance(value, dict):
            made[key] = {
                _folded(name, written): [_folded(other, written) for other in others] for name, others in value.items()
            }
        elif key == "patternProperties" and isinstance(value, dict):
            made[key] = {f"(?i){pattern}": case_folded(part, written) for pattern, part in value.items()}
        elif key in ("enum", "const", "default", "examples", "example"):
            made[key] = value
        else:
            made[key] = case_folded(value, written)
    return made


def _folded(name: str, written: dict[str, str]) -> str:
    written.setdefault(name.lower(), name)
    return name.lower()
