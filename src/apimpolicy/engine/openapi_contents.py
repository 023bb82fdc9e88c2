"""Parameters, bodies and responses of the operations of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.context.description import HEADER, PATH, QUERY, Content, ParameterDefinition, ResponseDescription
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.engine.openapi import OpenApiReader

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
