"""Validate a body under a `content` of validate-content: find the schema, read the body, compare them.

Where a schema has no name, the text has none, as in the tests of a real API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.description import Content, definition_name
from apimpolicy.gateway.policies.json_schemas import JsonSchema, SchemaNotFoundError, SchemaViolation, UnverifiableError
from apimpolicy.gateway.policies.surroundings import PolicyError, azure_text
from apimpolicy.gateway.policies.validation_errors import INCORRECT, MISSING, PREVENT, ValidationError, description_of

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.spec import PolicyExchange
    from apimpolicy.gateway.policies.validate_content import ContentRule

ENDS_EARLY = "Unexpected end"
"""The beginnings of messages of Newtonsoft's reader when a text ends too early."""


_NO_DEFINITIONS: dict[str, Any] = {}


class _NoSchemaError(Exception):
    """The description has no schema for the body."""


def content_errors(
    exchange: PolicyExchange,
    rule: ContentRule,
    side: str,
    media_type: str,
    content: bytes,
    described: Content | None,
    unreadable: str,
) -> Iterator[ValidationError]:
    """Yield the errors of a body under one rule; `unreadable` is why its bytes are not there, if so.

    Raises ConfigurationError for a schema that cannot be used.
    """
    kind = f"{side}Body"
    try:
        if unreadable:
            raise UnverifiableError(unreadable)
        if content:
            name, violations = _compared(exchange, rule, media_type, content, described)
        else:
            name = definition_name(described.schema) if described is not None else ""
            violations = [SchemaViolation(azure_text("content-empty"))]
    except _NoSchemaError as error:
        yield ValidationError("", "ApiSchema", "", str(error))
    except SchemaNotFoundError as error:
        missing, whole = _missing(described, error), f"content type {media_type}"
        text = azure_text("schema-definition-missing", definition=missing, whole=whole)
        yield ValidationError(media_type, kind, MISSING, text)
    except UnverifiableError as error:
        text = azure_text("content-unverifiable", side=side.lower(), type=media_type, details=error)
        yield ValidationError("", kind, "ValidationException", text)
    else:
        definition = f"the definition {name}," if name else "the definition"
        for violation in violations:
            about = {"side": side.lower(), "definition": definition, "type": media_type}
            details = azure_text("content-invalid", **about, violation=violation.text)
            yield ValidationError(media_type, kind, INCORRECT, details, details if side == "Request" else None)


def _missing(described: Content | None, error: SchemaNotFoundError) -> str:
    pointer = str(error).partition("'")[2].partition("'")[0]
    return pointer.rpartition("/")[2] or (definition_name(described.schema) if described is not None else "")


def _compared(
    exchange: PolicyExchange, rule: ContentRule, media_type: str, content: bytes, described: Content | None
) -> tuple[str, list[SchemaViolation]]:
    if rule.validate_as == "json":
        return _compared_json(exchange, rule, content, described)
    from apimpolicy.gateway.policies.xml_schemas import parse_xml, soap_payloads

    name, schema = _xml_schema(exchange, rule)
    root = parse_xml(content)
    elements = [root] if rule.validate_as == "xml" else soap_payloads(root)
    return name, [violation for element in elements for violation in schema.violations(element)]


def _compared_json(
    exchange: PolicyExchange, rule: ContentRule, content: bytes, described: Content | None
) -> tuple[str, list[SchemaViolation]]:
    from apimpolicy.gateway.context.bodies import decode
    from apimpolicy.gateway.context.headers import charset_of
    from apimpolicy.gateway.policies.json_documents import read_json

    name, schema, definitions, whole = _json_schema(exchange, rule, described)
    additional, folds = rule.allow_additional_properties, rule.case_insensitive_property_names
    identity = schema["$ref"] if whole else id(schema)
    key = ("json", identity, id(definitions), additional, folds)
    compiled = exchange.services.documents.compiled.get(key)
    if compiled is None:
        json_schema = JsonSchema(schema, definitions, whole=whole, additional=additional, folds_names=folds)
        # The data is kept beside what was made of it, so that its identity stays its own.
        compiled = exchange.services.documents.compiled[key] = (json_schema, schema, definitions)
    try:
        text = decode(content, charset_of(from_utf16(exchange.message.headers.joined("Content-Type") or "")))
        document = read_json(text, folds_names=folds)
    except DotnetException as error:
        if error.message.startswith(ENDS_EARLY) and rule.action == PREVENT:
            raise PolicyError(None, error.message) from None
        raise UnverifiableError(from_utf16(error.message)) from None
    return name, compiled[0].violations(document)


def _json_schema(exchange: PolicyExchange, rule: ContentRule, described: Content | None) -> tuple[str, Any, Any, bool]:
    """Return the schema with its name, the target of its references, and whether it is only a reference."""
    if rule.schema_id:
        schema_id = from_utf16(rule.schema_id)
        schema = _by_id(exchange, schema_id)
        if not isinstance(schema, dict):
            raise ConfigurationError(f"the schema '{schema_id}' is not a JSON Schema; validate-as=\"json\" needs one")
        if not rule.schema_ref:
            return schema_id, schema, _NO_DEFINITIONS, False
        written = from_utf16(rule.schema_ref)
        reference = written if written.startswith("#") else f"#/{written.lstrip('/')}"
        return reference.rpartition("/")[2] or schema_id, {"$ref": reference}, schema, True
    description = description_of(exchange, rule.action)
    if exchange.described_operation is None or description is None:
        raise _NoSchemaError(azure_text("content-schema-missing"))
    if described is None or described.schema is None:
        raise _NoSchemaError(azure_text("content-definitions-missing"))
    return definition_name(described.schema), described.schema, description.definitions, False


def _xml_schema(exchange: PolicyExchange, rule: ContentRule) -> tuple[str, Any]:
    from apimpolicy.gateway.policies.xml_schemas import XmlSchema

    schemas = exchange.services.documents.schemas
    if rule.schema_ref:
        raise NotSimulatedError(
            "validate-content schema-ref with an XML schema", "the documentation does not support it"
        )
    if rule.schema_id:
        name = from_utf16(rule.schema_id)
        text = _by_id(exchange, name)
        if not isinstance(text, str):
            raise ConfigurationError(f"the schema '{name}' is not XML; a content that validates XML uses it")
    else:
        description = description_of(exchange, rule.action)
        if description is None or description.xml_schema is None:
            missing = "content-schema-missing" if description is None else "content-definitions-missing"
            raise _NoSchemaError(azure_text(missing))
        name, text = "", description.xml_schema
    key = ("xml", name, id(text))
    compiled = exchange.services.documents.compiled.get(key)
    if compiled is None:
        others = {other: schema for other, schema in schemas.items() if isinstance(schema, str)}
        compiled = exchange.services.documents.compiled[key] = (XmlSchema(text, others), text)
    return name, compiled[0]


def _by_id(exchange: PolicyExchange, schema_id: str) -> Any:
    found = exchange.services.documents.schemas.get(schema_id)
    if found is None:
        raise ConfigurationError(
            f"the gateway has no schema '{schema_id}'; give it one: Gateway(schemas={{'{schema_id}': …}})"
        )
    return found
