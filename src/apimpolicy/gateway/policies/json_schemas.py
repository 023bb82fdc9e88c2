"""JSON values against JSON Schema: the validation engine is jsonschema-rs, the words follow Newtonsoft's validator.

No document states the words of Azure's engine. Its errors have a message, a line number and a line position, as those
of Newtonsoft's validator have, so sentences and places here follow that library; whether Azure's are the same is not
known. Regular expressions are matched with a bound on backtracking and on size; nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.schema_cost import branches_too_often, has_alternatives
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.json_documents import JsonText, Place

_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
MAX_BACKTRACKING = 100_000
MAX_PATTERN_BYTES = 1_000_000
MAX_ERRORS = 100
"""More errors of one body are not looked for."""

NOWHERE = (0, 0)

_WHOLE = "urn:given:schema"
_NEWEST = "Draft202012Validator"
_DRAFTS = {
    "http://json-schema.org/draft-04/schema": "Draft4Validator",
    "http://json-schema.org/draft-06/schema": "Draft6Validator",
    "http://json-schema.org/draft-07/schema": "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
}

_AT_THE_END = (
    *("MinProperties", "MaxProperties", "MinItems", "MaxItems", "UniqueItems", "Contains"),
    *("AnyOf", "OneOfNotValid", "OneOfMultipleValid", "Not"),
)
"""Keywords that are decided at the closing bracket of an object or array."""

_TYPE_NAMES = {
    "string": "String",
    "number": "Number",
    "integer": "Integer",
    "boolean": "Boolean",
    "object": "Object",
    "array": "Array",
    "null": "Null",
}
"""In the order in which Newtonsoft writes several."""


class SchemaNotFoundError(Exception):
    """A `$ref` of a schema leads nowhere."""


class UnverifiableError(Exception):
    """A value cannot be checked: a regular expression takes too long, a number is none."""


class SchemaViolation(Record):
    """An error of a value under a schema: a sentence, and the place it is about."""

    message: str
    place: Place = NOWHERE

    @property
    def text(self) -> str:
        """Return the sentence with its place."""
        line, position = self.place
        if self.place == NOWHERE:
            return self.message
        return azure_text("schema-place", message=self.message, line=line, position=position)


class JsonSchema:
    """A compiled schema.

    `definitions` are what its references point into; with `whole`, the schema is no more than a reference into them,
    and they are a schema of their own. `additional` overrides what the schema says of properties that it does not name
    (None leaves it); `folds_names` compares property names without regard to case: the value's are then in lower case.
    Raises SchemaNotFoundError, and ConfigurationError for what is not a schema.
    """

    def __init__(
        self,
        schema: Any,
        definitions: Mapping[str, Any],
        *,
        whole: bool = False,
        additional: bool | None = None,
        folds_names: bool = False,
    ) -> None:
        import jsonschema_rs

        self.written_names: dict[str, str] = {}
        has_alternatives([schema, definitions])  # not nested too deeply
        try:
            if whole:
                document = self._variant(definitions, additional, folds_names, begins=False)
                registry = jsonschema_rs.Registry([(_WHOLE, document)])
                root = self._variant({"$ref": f"{_WHOLE}{schema['$ref']}"}, additional, folds_names)
                self._counted = {"$ref": schema["$ref"]}, document
            else:
                registry = None
                root = self._variant({**definitions, **_at_root(schema)}, additional, folds_names)
                self._counted = root, root
            self._branches = has_alternatives(self._counted[1])
            kind = getattr(jsonschema_rs, _DRAFTS.get(str(root.pop("$schema", "")).rstrip("#"), _NEWEST))
            patterns = jsonschema_rs.FancyRegexOptions(backtrack_limit=MAX_BACKTRACKING, size_limit=MAX_PATTERN_BYTES)
            options = {"validate_formats": True, "offline": True, "pattern_options": patterns, "registry": registry}
            self._validator = kind(root, **options)
        except jsonschema_rs.ReferencingError as error:
            raise SchemaNotFoundError(str(error)) from None
        except (jsonschema_rs.ValidationError, ValueError) as error:
            message = str(error).partition("\n")[0]
            if "does not exist" in message or "not present in a registry" in message:
                raise SchemaNotFoundError(message) from None
            raise ConfigurationError(f"the schema cannot be used: {message[:300]}") from None

    def _variant(self, schema: Any, additional: bool | None, folds_names: bool, *, begins: bool = True) -> Any:
        if additional is not None:
            schema = opened(schema) if additional else closed(schema, begins=begins)
        return case_folded(schema, self.written_names) if folds_names else dict(schema)

    def violations(self, document: JsonText) -> list[SchemaViolation]:
        """Return everything in the value that does not conform, in the order of the text. Raises UnverifiableError."""
        import jsonschema_rs

        if self._branches and branches_too_often(*self._counted, document.value, len(document.starts)):
            raise UnverifiableError(azure_text("schema-branches"))
        violations: list[SchemaViolation] = []
        missing: dict[tuple[Any, ...], list[Any]] = {}
        try:
            for error in self._validator.iter_errors(document.value):
                if type(error.kind).__name__.endswith("Required"):
                    missing.setdefault((tuple(error.instance_path), tuple(error.schema_path)), []).append(error)
                else:
                    violations.append(self._violation(error, document))
                if len(violations) + len(missing) >= MAX_ERRORS:
                    break
        except jsonschema_rs.ReferencingError as error:
            raise SchemaNotFoundError(str(error)) from None
        except ValueError as error:
            raise UnverifiableError(str(error).partition("\n")[0]) from None
        for (path, _), errors in missing.items():
            names = ", ".join(self._written(error.kind.property) for error in errors)
            place = document.ends.get(path, NOWHERE)
            violations.append(SchemaViolation(azure_text("schema-required", names=names), place))
        violations.sort(key=lambda violation: violation.place)
        return violations

    def _violation(self, error: Any, document: JsonText) -> SchemaViolation:
        path = tuple(error.instance_path)
        kind = type(error.kind).__name__.rpartition("_")[2]
        if kind in ("BacktrackLimitExceeded", "RegexEngineFailure"):
            raise UnverifiableError(azure_text("schema-regex"))
        if kind == "Referencing":
            raise SchemaNotFoundError(error.message)
        place = document.starts.get(path, NOWHERE)
        if kind in _AT_THE_END:
            place = document.ends.get(path, place)
        elif kind in ("AdditionalProperties", "UnevaluatedProperties") and error.kind.unexpected:
            place = document.names.get((*path, error.kind.unexpected[0]), place)
        return SchemaViolation(self._message(kind, error.kind, error.instance, error.message), place)

    def _message(self, kind: str, details: Any, value: Any, otherwise: str) -> str:
        if kind in ("AdditionalProperties", "UnevaluatedProperties"):
            name = self._written(str(details.unexpected[0]))
            return azure_text("schema-property-unknown", name=name)
        if kind == "Type":
            expected = ", ".join(type_name for name, type_name in _TYPE_NAMES.items() if name in details.types)
            return azure_text("schema-type", expected=expected, found=_type_name(value))
        limit = getattr(details, "limit", getattr(details, "multiple_of", None))
        if kind.startswith("Exclusive"):
            kind = kind if value == limit else kind.removeprefix("Exclusive")
        try:
            return azure_text(
                f"schema-{_WORD_START.sub('-', kind).lower()}",
                sort="Integer" if isinstance(value, int) else "Float",
                shown=_shown(value),
                json=_json(value),
                count=len(value) if isinstance(value, (str, list, dict)) else 0,
                limit=_shown(limit),
                pattern=getattr(details, "pattern", ""),
                format=getattr(details, "format", ""),
            )
        except KeyError:
            return otherwise

    def _written(self, name: str) -> str:
        return self.written_names.get(name, name)


def _at_root(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict):
        return {"allOf": [schema]}
    return {"$ref": schema["$ref"]} if set(schema) == {"$ref"} else dict(schema)


def _type_name(value: Any) -> str:
    if value is None:
        return "Null"
    kinds = {bool: "Boolean", int: "Integer", float: "Number", str: "String", list: "Array", dict: "Object"}
    return kinds.get(type(value), "Object")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)[:200]


# JSON Schemas changed as validate-content asks: other properties allowed or not, names without regard to case
# A schema is "closed" where a value begins (the root, a property, an item), not inside `allOf` and its kin: there the
# parts of one object would exclude each other's properties.

_NAMED = ("properties", "patternProperties", "dependentSchemas")
_HOLDERS = ("$defs", "definitions")
_VALUES = ("items", "additionalItems", "contains", "unevaluatedItems")
_IN_PLACE = ("not", "if", "then", "else", "propertyNames")
_SEVERAL = ("allOf", "anyOf", "oneOf")


def opened(schema: Any) -> Any:
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
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _HOLDERS and isinstance(value, dict):
            result[key] = _closed_definitions(value)
        elif key == "components" and isinstance(value, dict):
            result[key] = {kind: _closed_definitions(parts) for kind, parts in value.items()}
        elif key in _NAMED and isinstance(value, dict):
            result[key] = {name: closed(part) for name, part in value.items()}
        elif key in _SEVERAL and isinstance(value, list):
            result[key] = [closed(part, begins=False) for part in value]
        elif key == "prefixItems" and isinstance(value, list):
            result[key] = [closed(part) for part in value]
        elif key in _VALUES:
            result[key] = closed(value)
        elif key in _IN_PLACE:
            result[key] = closed(value, begins=False)
        elif key not in ("additionalProperties", "unevaluatedProperties"):
            result[key] = value
    if begins and result:
        result["unevaluatedProperties"] = False
    return result


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
    folded: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "dependentSchemas") and isinstance(value, dict):
            folded[key] = {_folded(name, written): case_folded(part, written) for name, part in value.items()}
        elif key == "required" and isinstance(value, list):
            folded[key] = [_folded(name, written) if isinstance(name, str) else name for name in value]
        elif key == "dependentRequired" and isinstance(value, dict):
            folded[key] = {
                _folded(name, written): [_folded(other, written) for other in others] for name, others in value.items()
            }
        elif key == "patternProperties" and isinstance(value, dict):
            folded[key] = {f"(?i){pattern}": case_folded(part, written) for pattern, part in value.items()}
        elif key in ("enum", "const", "default", "examples", "example"):
            folded[key] = value
        else:
            folded[key] = case_folded(value, written)
    return folded


def _folded(name: str, written: dict[str, str]) -> str:
    written.setdefault(name.lower(), name)
    return name.lower()
