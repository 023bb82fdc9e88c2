"""The schemas of an OpenAPI document as JSON Schema 2020-12; `xml` objects stay, for samples in XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apimpolicy.errors import ConfigurationError

MAX_NODES = 500_000
MAX_DEPTH = 200
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SINGLE = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "additionalItems"),
)
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_BY_NAME, dict),
    **dict.fromkeys(_SINGLE, (dict, bool)),
    **dict.fromkeys(_SEVERAL, list),
    "$ref": str,
    "type": (str, list),
    "enum": list,
    "required": (list, bool),
}
_NOT_JSON_SCHEMA = ("nullable", "discriminator", "externalDocs", "$schema", "$id", "id", "$anchor")


class SchemaReader:
    """Rewrites schemas; `is_old` is true for those of OpenAPI 2.0 and 3.0."""

    def __init__(self, data: Mapping[str, Any], name: str, *, is_old: bool) -> None:
        self.data = data
        self.name = name
        self.is_old = is_old
        self.nodes = 0

    def definitions(self) -> dict[str, Any]:
        """Return the targets of schema references, at the places where the document has them."""
        found: dict[str, Any] = {}
        components = self.data.get("components")
        if isinstance(components, dict) and isinstance(components.get("schemas"), dict):
            found["components"] = {"schemas": self.named(components["schemas"])}
        if isinstance(self.data.get("definitions"), dict):
            found["definitions"] = self.named(self.data["definitions"])
        return found

    def named(self, schemas: Mapping[str, Any]) -> dict[str, Any]:
        return {str(name): self.schema(schema) for name, schema in schemas.items()}

    def schema(self, schema: Any, depth: int = 0) -> Any:
        """Return one schema. Raises ConfigurationError for one that is too large, too deep, or refers to elsewhere."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise ConfigurationError(f"{self.name} has schemas that are nested too deeply or too large")
        if schema is None or isinstance(schema, bool):
            return {} if schema is None else schema
        if not isinstance(schema, dict):
            raise ConfigurationError(f"{self.name} has a schema that is not an object but {type(schema).__name__}")
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _KINDS and not isinstance(value, _KINDS[key]):
                raise ConfigurationError(
                    f"{self.name} has a schema with '{key}' of the wrong kind: {str(value)[:80]!r}"
                )
            if key in _SINGLE:
                made[key] = self.schema(value, depth + 1)
            elif key in _SEVERAL:
                made[key] = [self.schema(part, depth + 1) for part in value]
            elif key in _BY_NAME:
                made[key] = {str(name): self.schema(part, depth + 1) for name, part in value.items()}
            elif key == "$ref":
                self.check_local(value)
                made[key] = value
            elif key == "required" and isinstance(value, bool):
                continue  # a slip that many documents have; it has no meaning in any version
            elif key not in _NOT_JSON_SCHEMA and not str(key).startswith("x-"):
                made[str(key)] = value
        return self.modern(schema, made) if self.is_old else made

    def modern(self, schema: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        """Return the keywords of OpenAPI 2.0 and 3.0 in those of JSON Schema."""
        if "$ref" in made:
            return {"$ref": made["$ref"]}
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(made.get(exclusive), bool):
                is_exclusive = made.pop(exclusive)
                if is_exclusive and bound in made:
                    made[exclusive] = made.pop(bound)
        if made.get("type") == "file":
            del made["type"]
        if schema.get("nullable") is True or schema.get("x-nullable") is True:
            if isinstance(made.get("type"), str):
                made["type"] = [made["type"], "null"]
            if isinstance(made.get("enum"), list) and None not in made["enum"]:
                made["enum"] = [*made["enum"], None]
            if "type" not in made and any(key in made for key in ("allOf", "anyOf", "oneOf")):
                said = {"xml": made.pop("xml")} if "xml" in made else {}
                made = {"anyOf": [made, {"type": "null"}], **said}
        return made

    def check_local(self, reference: str) -> None:
        """Raise ConfigurationError for a reference to another document."""
        if not reference.startswith("#"):
            raise ConfigurationError(
                f"{self.name} refers to {reference[:200]!r}; only references within the document are followed"
            )
