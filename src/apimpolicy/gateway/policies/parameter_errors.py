"""The text of a parameter or header against its schema: from text to value, and what does not conform.

Errors are in the documented words, for validate-parameters and validate-headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import attrs

from apimpolicy.gateway.context.description import (
    HEADER,
    PATH,
    QUERY,
    ApiDefinition,
    ParameterDefinition,
    definition_name,
)
from apimpolicy.gateway.policies.json_documents import JsonText
from apimpolicy.gateway.policies.json_schemas import JsonSchema, SchemaNotFoundError, SchemaViolation, UnverifiableError
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.gateway.policies.validation_errors import INCORRECT, MISSING, UNSPECIFIED, ValidationError
from apimpolicy.records import Record

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{0,400})?([eE][+-]?[0-9]{1,3})?")


class UnparsableError(Exception):
    """A text does not have the type of the schema."""


class ParameterChecker(Record):
    """Compares values with the description of a parameter. `compiled` holds schemas between requests."""

    description: ApiDefinition
    compiled: MutableMapping[Any, Any]

    def takes_several(self, parameter: ParameterDefinition) -> bool:
        return parameter.is_deep or (parameter.separator is None and "array" in self._types(parameter.schema))

    def violations(self, parameter: ParameterDefinition, values: Sequence[str]) -> list[SchemaViolation]:
        """Return the errors of the values; of a deep object they are names and values in turn.

        Raises UnparsableError, SchemaNotFoundError, UnverifiableError.
        """
        if parameter.schema is None:
            return []
        value = self._value(parameter, values)
        key = ("parameter", id(parameter.schema), id(self.description))
        found = self.compiled.get(key)
        if found is None:
            made = JsonSchema(parameter.schema, self.description.definitions)
            found = self.compiled[key] = (made, parameter.schema, self.description)
        text = values[0] if len(values) == 1 else ""
        place = (1, len(text))
        document = JsonText(value, {(): place}, {(): place})
        result: list[SchemaViolation] = found[0].violations(document)
        return result

    def _value(self, parameter: ParameterDefinition, values: Sequence[str]) -> Any:
        if parameter.is_json:
            return _json(values[0])
        if parameter.is_deep:
            pairs = list(zip(values[::2], values[1::2], strict=True))
            return self._object(pairs, self.description.resolve(parameter.schema) or {})
        types = self._types(parameter.schema)
        if "array" in types:
            if parameter.separator is not None:
                values = values[0].split(parameter.separator) if values[0] else []
            schema = self.description.resolve(parameter.schema) or {}
            item_types = self._types(schema.get("items", {}))
            return [scalar(value, item_types) for value in values]
        if "object" in types:
            if values[0].lstrip().startswith("{"):
                return _json(values[0])
            return self._object(_pairs(values[0]), self.description.resolve(parameter.schema) or {})
        return scalar(values[0], types)

    def _object(self, pairs: Iterable[tuple[str, str]], schema: Mapping[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        return {name: scalar(value, self._types(properties.get(name, {}))) for name, value in pairs}

    def _types(self, schema: Any, depth: int = 0) -> frozenset[str]:
        """Return the types that a schema allows, as far as they can be seen; none means any."""
        found = self.description.resolve(schema)
        if schema is False:
            return frozenset()
        if found is None:
            raise SchemaNotFoundError(f"Pointer '{schema.get('$ref', '') if isinstance(schema, dict) else ''}'")
        given = found.get("type")
        if given is not None:
            return frozenset([given] if isinstance(given, str) else map(str, given))
        types: set[str] = set()
        for key in ("allOf", "anyOf", "oneOf") if depth < 8 else ():
            for part in found.get(key, ()):
                types |= self._types(part, depth + 1)
        if not types and isinstance(found.get("enum"), list):
            types = {_type_of(value) for value in found["enum"]}
        return frozenset(types)


def scalar(text: str, types: frozenset[str]) -> Any:
    """Return a text as the value that one of the types makes of it. Raises UnparsableError.

    >>> scalar("17", frozenset({"integer"})), scalar("17", frozenset({"string"}))
    (17, '17')
    """
    if not types or "string" in types:
        return text
    if "null" in types and text in ("", "null"):
        return None
    if "boolean" in types and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if types & {"integer", "number"} and _INTEGER.fullmatch(text):
        return int(text)
    if types & {"integer", "number"} and _NUMBER.fullmatch(text):
        return float(text)
    wanted = " or ".join(sorted(types - {"null"})) or "null"
    raise UnparsableError(azure_text("value-of-other-type", text=text[:200], type=wanted))


def _json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnparsableError(azure_text("value-not-json", text=text[:200])) from None


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the properties of an object in one value: names and values in turn (`a,1,b,2`), or `a=1,b=2`."""
    parts = text.split(",") if text else []
    if "=" in text:
        return [(name, value) for name, _, value in (part.partition("=") for part in parts)]
    return list(zip(parts[::2], parts[1::2], strict=False))


def _type_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


@attrs.frozen
class ParameterPlace:
    """The place of a parameter: `type` as errors have it, `words` as messages do, and the message it belongs to."""

    type: str
    words: str
    message: str = "Request"

    @property
    def is_public(self) -> bool:
        return self.message == "Request"


REQUEST_PLACES = {
    HEADER: ParameterPlace("RequestHeader", "header"),
    QUERY: ParameterPlace("QueryParameter", "query parameter"),
    PATH: ParameterPlace("PathParameter", "path parameter"),
}
RESPONSE_HEADER = ParameterPlace("ResponseHeader", "header", "Response")


def unspecified(place: ParameterPlace, name: str) -> ValidationError:
    """Return the error of one that the description does not have."""
    text = azure_text("parameter-unspecified", place=place.words, name=name)
    return ValidationError(name, place.type, UNSPECIFIED, text, text if place.is_public else None)


def without_description() -> ValidationError:
    """Return the error when there is nothing to compare with."""
    return ValidationError("", "ApiSchema", "", azure_text("parameter-schema-missing"))


def parameter_errors(
    checker: ParameterChecker, place: ParameterPlace, parameter: ParameterDefinition, values: Sequence[str]
) -> Iterator[ValidationError]:
    """Yield the errors of a parameter that is described; no values mean that it is not there."""
    name = parameter.name
    whole = f"{place.words} {name}"
    if not values:
        if parameter.required:
            yield _nonconforming(place, parameter, azure_text("parameter-missing"))
        return
    try:
        if len(values) > 1 and not checker.takes_several(parameter):
            text = azure_text("values-multiple", side=place.message, whole=whole)
            yield _incorrect(place, name, text, text)
            return
        violations = checker.violations(parameter, values)
    except UnparsableError as error:
        public = azure_text("parameter-unparsable-public", whole=whole)
        if place is RESPONSE_HEADER:
            yield _incorrect(place, name, public, None)
        else:
            details = azure_text("parameter-unparsable", whole=whole)
            yield _incorrect(place, name, f"{details} {error}", f"{public} {error}")
    except SchemaNotFoundError:
        definition = definition_name(parameter.schema)
        text = azure_text("schema-definition-missing", definition=definition, whole=whole)
        yield ValidationError(name, place.type, MISSING, text)
    except UnverifiableError as error:
        text = azure_text("parameter-unverifiable", whole=f"{whole[0].upper()}{whole[1:]}", details=error)
        yield ValidationError(name, place.type, "ValidationError", text)
    else:
        for violation in violations:
            yield _nonconforming(place, parameter, violation.text)


def _nonconforming(place: ParameterPlace, parameter: ParameterDefinition, violation: str) -> ValidationError:
    values = {"whole": f"{place.words} {parameter.name}", "violation": violation}
    texts = (azure_text("parameter-invalid", start=start, **values) for start in ("Value", "The value"))
    return _incorrect(place, parameter.name, *texts)


def _incorrect(place: ParameterPlace, name: str, details: str, public: str | None) -> ValidationError:
    return ValidationError(name, place.type, INCORRECT, details, public if place.is_public else None)
