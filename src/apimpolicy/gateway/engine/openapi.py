"""OpenAPI documents (2.0, 3.0, 3.1; JSON or YAML) as descriptions of APIs.

References are followed within the document only; one that leads to a file or to the network is a ConfigurationError.
Of the document this reads operations, parameters, bodies, responses, headers, examples and schemas. Security schemes,
callbacks, links and servers below the document's own are not read: API Management does not take policies from them.

Schemas become JSON Schema 2020-12: `nullable`, the boolean `exclusiveMinimum` of 3.0 and `type: file` are rewritten;
`xml` objects stay, for samples in XML. `discriminator`, `readOnly` and `writeOnly` decide nothing (our choice: no
document says that the gateway heeds them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.description import (
    HEADER,
    PATH,
    QUERY,
    ApiDefinition,
    Content,
    OperationDefinition,
    ParameterDefinition,
    ResponseDescription,
    pointed_at,
)
from apimpolicy.gateway.context.entities import Operation
from apimpolicy.gateway.engine.document import MAX_DOCUMENT_BYTES, read_bytes
from apimpolicy.records import Record

FORM = "application/x-www-form-urlencoded"
_COLLECTIONS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "multi": None}
_STYLES = {"spaceDelimited": " ", "pipeDelimited": "|"}
_KEYWORDS_OF_2 = (
    *("type", "format", "items", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "enum"),
    *("maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "x-nullable"),
)


class MessageReader(Record):
    """Reads what a request and its responses are made of; `is_swagger` is OpenAPI 2.0."""

    document: OpenApiReader
    is_swagger: bool

    def parameters(self, value: Any, where: str) -> tuple[dict[Any, ParameterDefinition], dict[str, Any]]:
        """Return parameters by location and name, without cookies; and by name those of an OpenAPI 2.0 body."""
        found: dict[Any, ParameterDefinition] = {}
        in_body: dict[str, Any] = {}
        for entry in value if isinstance(value, list) else ():
            data = self.document.resolved(entry, f"a parameter of {where}")
            name, location = str(data.get("name", "")), str(data.get("in", ""))
            if location in (QUERY, PATH, HEADER):
                key = name.lower() if location == HEADER else name
                made = self.parameter(name, location, data)
                found[location, key] = attrs.evolve(made, description=str(data.get("description") or ""))
            elif location in ("body", "formData"):
                in_body[name] = data
        return found, in_body

    def parameter(self, name: str, location: str, data: Mapping[str, Any]) -> ParameterDefinition:
        required = data.get("required") is True or location == PATH
        contents = data.get("content")
        if isinstance(contents, dict) and contents:
            media_type, content = next(iter(contents.items()))
            schema = self.schema(content.get("schema") if isinstance(content, dict) else None)
            return ParameterDefinition(name, location, required, schema, None, "json" in str(media_type).lower())
        if self.is_swagger:
            schema = {key: data[key] for key in _KEYWORDS_OF_2 if key in data}
            separator = _COLLECTIONS.get(str(data.get("collectionFormat", "csv")), ",")
            return ParameterDefinition(name, location, required, self.schema(schema), separator)
        style = str(data.get("style", "form" if location == QUERY else "simple"))
        explodes = data.get("explode", style == "form")
        if style == "deepObject":
            return ParameterDefinition(name, location, required, self.schema(data.get("schema")), is_deep=True)
        separator = None if location == QUERY and explodes is not False else _STYLES.get(style, ",")
        return ParameterDefinition(name, location, required, self.schema(data.get("schema")), separator)

    def schema(self, schema: Any) -> Any:
        return None if schema is None else self.document.schemas.schema(schema)

    def request_contents(
        self, data: Mapping[str, Any], in_body: Mapping[str, Mapping[str, Any]], where: str
    ) -> tuple[Content, ...]:
        if not self.is_swagger:
            body = self.document.resolved(data.get("requestBody"), f"the body of {where}")
            return self.contents(body.get("content"), where)
        consumed = self.media_types(data, "consumes")
        for parameter in in_body.values():
            if parameter.get("in") == "body":
                schema = self.schema(parameter.get("schema"))
                return tuple(Content(media_type, schema) for media_type in consumed)
        if not in_body:
            return ()
        return tuple(Content(media_type) for media_type in consumed if "form" in media_type) or (Content(FORM),)

    def requires_body(self, data: Mapping[str, Any], in_body: Mapping[str, Mapping[str, Any]], where: str) -> bool:
        """Return whether a request needs a body; a form of Swagger 2 does for a required field."""
        if self.is_swagger:
            return any(parameter.get("required") is True for parameter in in_body.values())
        return self.document.resolved(data.get("requestBody"), f"the body of {where}").get("required") is True

    def media_types(self, data: Mapping[str, Any], key: str) -> list[str]:
        found = data.get(key, self.document.data.get(key))
        given = [str(media_type).lower() for media_type in found] if isinstance(found, list) else []
        return given or ["application/json"]

    def contents(self, value: Any, where: str) -> tuple[Content, ...]:
        return tuple(
            self.content(str(media_type), self.document.mapping(content, f"a content of {where}"))
            for media_type, content in self.document.mapping(value, f"the contents of {where}").items()
        )

    def content(self, media_type: str, data: Mapping[str, Any]) -> Content:
        examples: list[object] = [data["example"]] if "example" in data else []
        named = data.get("examples")
        for entry in named.values() if isinstance(named, dict) else ():
            example = self.document.resolved(entry, "an example")
            if "value" in example:
                examples.append(example["value"])
        plain = media_type.partition(";")[0].strip().lower()
        return Content(plain, self.schema(data.get("schema")), tuple(examples))

    def responses(self, data: Mapping[str, Any], where: str) -> tuple[ResponseDescription, ...]:
        found = self.document.mapping(data.get("responses"), f"the answers of {where}")
        return tuple(
            self.response(str(status), self.document.resolved(response, f"an answer of {where}"), data, where)
            for status, response in found.items()
            if not str(status).startswith("x-")
        )

    def response(
        self, status: str, data: Mapping[str, Any], operation: Mapping[str, Any], where: str
    ) -> ResponseDescription:
        headers = tuple(
            self.parameter(str(name), HEADER, self.document.resolved(header, f"a header of {where}"))
            for name, header in self.document.mapping(data.get("headers"), f"the headers of {where}").items()
        )
        if not self.is_swagger:
            return ResponseDescription(status, self.contents(data.get("content"), where), headers)
        schema = self.schema(data.get("schema"))
        given = self.document.mapping(data.get("examples"), f"the examples of {where}")
        examples = {str(media_type).lower(): example for media_type, example in given.items()}
        produced = self.media_types(operation, "produces") if schema is not None or not examples else []
        media_types = dict.fromkeys([*produced, *examples]) if schema is not None or examples else ()
        contents = tuple(
            Content(media_type, schema, (examples[media_type],) if media_type in examples else ())
            for media_type in media_types
        )
        return ResponseDescription(status, contents, headers)


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
        converted: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _KINDS and not isinstance(value, _KINDS[key]):
                raise ConfigurationError(
                    f"{self.name} has a schema with '{key}' of the wrong kind: {str(value)[:80]!r}"
                )
            if key in _SINGLE:
                converted[key] = self.schema(value, depth + 1)
            elif key in _SEVERAL:
                converted[key] = [self.schema(part, depth + 1) for part in value]
            elif key in _BY_NAME:
                converted[key] = {str(name): self.schema(part, depth + 1) for name, part in value.items()}
            elif key == "$ref":
                self.check_local(value)
                converted[key] = value
            elif key == "required" and isinstance(value, bool):
                continue  # a slip that many documents have; it has no meaning in any version
            elif key not in _NOT_JSON_SCHEMA and not str(key).startswith("x-"):
                converted[str(key)] = value
        return self.modern(schema, converted) if self.is_old else converted

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


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_CHAIN = 32
_MOST_KEPT = 64


def load_openapi(document: str | bytes | Path | Mapping[str, Any] | ApiDefinition) -> ApiDefinition:
    """Read a description: from a path, from text (JSON or YAML of more than one line), or from data read before.

    Raises ConfigurationError when it cannot be read, is not OpenAPI, or refers to what is not in it.
    """
    if isinstance(document, ApiDefinition):
        return document
    if isinstance(document, (str, bytes, Path)):
        return _described(*_content_of(document))
    return OpenApiReader(document, "the OpenAPI document").description()


@lru_cache(_MOST_KEPT)
def _described(content: bytes, name: str) -> ApiDefinition:
    """Return the description in a text, which gateways for many requests share: reading YAML takes long."""
    from apimpolicy.gateway.engine.data_files import parse_json_or_yaml

    return OpenApiReader(parse_json_or_yaml(content, name), name).description()


def _content_of(document: str | bytes | Path) -> tuple[bytes, str]:
    if isinstance(document, Path) or (isinstance(document, str) and "\n" not in document and "{" not in document):
        return read_bytes(Path(document), "OpenAPI document"), str(document)
    content = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ConfigurationError(f"the OpenAPI document is larger than {MAX_DOCUMENT_BYTES // 1024**2} MB")
    return content, "the OpenAPI document"


class OpenApiReader:
    def __init__(self, data: Any, name: str) -> None:
        if not isinstance(data, dict) or not ("openapi" in data or "swagger" in data):
            raise ConfigurationError(f"{name} is not OpenAPI: it has neither 'openapi' nor 'swagger'")
        version = str(data.get("openapi") or data.get("swagger"))
        if not version.startswith(("2.", "3.")):
            raise ConfigurationError(f"{name} is of OpenAPI {version[:20]}; versions 2.0, 3.0 and 3.1 are read")
        self.data = data
        self.name = name
        self.schemas = SchemaReader(data, name, is_old=version.startswith(("2.", "3.0")))
        self.messages = MessageReader(self, is_swagger=version.startswith("2."))

    def description(self) -> ApiDefinition:
        info = self.data.get("info")
        title = info.get("title") if isinstance(info, dict) else None
        return ApiDefinition(
            tuple(self.operations()),
            self.schemas.definitions(),
            None if title is None else str(title),
            self.service_url(),
        )

    def service_url(self) -> str | None:
        """Return the first server, when it is an absolute URL without variables."""
        servers = self.data.get("servers")
        if isinstance(servers, list) and servers and isinstance(servers[0], dict):
            url = str(servers[0].get("url", ""))
        elif self.data.get("host"):
            schemes = self.data.get("schemes")
            scheme = schemes[0] if isinstance(schemes, list) and schemes else "https"
            url = f"{scheme}://{self.data['host']}{self.data.get('basePath') or ''}"
        else:
            return None
        return url if url.startswith(("https://", "http://")) and "{" not in url else None

    def operations(self) -> Iterator[OperationDefinition]:
        for template, found in self.mapping(self.data.get("paths"), "paths").items():
            item = self.resolved(found, f"paths.{template}")
            shared = self.messages.parameters(item.get("parameters"), f"paths.{template}")
            for method in METHODS:
                if method in item:
                    where = f"{method.upper()} {template}"
                    yield self.operation(str(template), method.upper(), self.mapping(item[method], where), shared)

    def operation(
        self,
        template: str,
        method: str,
        data: Mapping[str, Any],
        shared: tuple[dict[Any, ParameterDefinition], dict[str, Any]],
    ) -> OperationDefinition:
        where = f"{method} {template}"
        identifier = str(data.get("operationId") or where)
        name = str(data.get("summary") or identifier)
        own = self.messages.parameters(data.get("parameters"), where)
        return OperationDefinition(
            Operation(identifier, method, name, template),
            tuple({**shared[0], **own[0]}.values()),
            self.messages.request_contents(data, {**shared[1], **own[1]}, where),
            self.messages.responses(data, where),
            requires_body=self.messages.requires_body(data, {**shared[1], **own[1]}, where),
        )

    def mapping(self, value: Any, where: str) -> dict[str, Any]:
        """Return a value that has to be an object; nothing is an empty one. Raises ConfigurationError."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ConfigurationError(f"{self.name}: {where} is an object, not {type(value).__name__}")
        return value

    def resolved(self, value: Any, where: str) -> dict[str, Any]:
        """Return an object behind its references. Raises ConfigurationError for a missing or circular one."""
        found = self.mapping(value, where)
        for _ in range(_CHAIN):
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            self.schemas.check_local(reference)
            target = pointed_at(self.data, reference)
            if target is None:
                raise ConfigurationError(f"{self.name}: {where} refers to {reference[:200]!r}, which is not there")
            found = self.mapping(target, where)
        raise ConfigurationError(f"{self.name}: the references of {where} lead in a circle")
