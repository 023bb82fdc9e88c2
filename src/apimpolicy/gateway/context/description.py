"""The description of an API (OpenAPI, WSDL): operations, parameters, bodies, responses.

This is what policies see; `apimpolicy.gateway.engine.openapi` makes it of a document. Schemas are JSON Schema (2020-12)
as Python data. `$ref` in them points into the `definitions` of the whole description, a mapping that belongs at the
root of whatever schema is used: `{**description.definitions, "$ref": "#/components/schemas/Order"}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.text.source import number_of

if TYPE_CHECKING:
    from apimpolicy.gateway.context.entities import Operation

    Schema = Mapping[str, Any] | bool

QUERY, PATH, HEADER = "query", "path", "header"
_LONGEST_OPERATION = 72
"""Characters of an operation's name that an import keeps in any case: the rest may be cut off, or numbered."""


@attrs.frozen
class ParameterDefinition:
    """A parameter of a request, or a header of a response.

    `location` is `query`, `path` or `header`. `separator` divides the items of an array in one value; None when an
    array's items come as values of their own, or when it has no items. `is_json` is true for a value that is JSON text,
    `is_deep` that it is an object, with parameters `name[property]` of the query.
    """

    name: str
    location: str
    required: bool = False
    schema: Schema | None = None
    separator: str | None = None
    is_json: bool = False
    is_deep: bool = False
    description: str = ""


@attrs.frozen
class Content:
    """A body in one media type. `media_type` is in lower case and may be a range such as `application/*`.

    `examples` are the values of the document, in its order; a text may be the body itself.
    """

    media_type: str
    schema: Schema | None = None
    examples: tuple[object, ...] = ()


@attrs.frozen
class ResponseDescription:
    """The responses with one status: `200`, a range `4XX`, or `default`."""

    status: str
    contents: tuple[Content, ...] = ()
    headers: tuple[ParameterDefinition, ...] = ()

    def content_for(self, media_type: str) -> Content | None:
        return content_for(self.contents, media_type)


@attrs.frozen
class OperationDefinition:
    """An operation: its requests and its responses.

    `is_described` is false for one that the gateway was given but the description does not have; `requires_body` is
    true where a request without a body does not conform.
    """

    operation: Operation
    parameters: tuple[ParameterDefinition, ...] = ()
    contents: tuple[Content, ...] = ()
    responses: tuple[ResponseDescription, ...] = ()
    is_described: bool = True
    requires_body: bool = False

    def response_for(self, status_code: int) -> ResponseDescription | None:
        """Return the response described for a status code: by number, else by range, else `default`."""
        by_status = {response.status.upper(): response for response in self.responses}
        for status in (str(status_code), f"{status_code // 100}XX", "DEFAULT"):
            if status in by_status:
                return by_status[status]
        return None

    def parameters_in(self, location: str) -> list[ParameterDefinition]:
        return [parameter for parameter in self.parameters if parameter.location == location]


@attrs.frozen
class ApiDefinition:
    """A whole API; `title` and `service_url` are None when the document has none. `xml_schema` is XSD or WSDL."""

    operations: tuple[OperationDefinition, ...] = ()
    definitions: Mapping[str, Any] = attrs.field(factory=dict)
    title: str | None = None
    service_url: str | None = None
    xml_schema: str | None = None

    @property
    def takes_everything(self) -> bool:
        """Return whether every request is for the API: a WSDL names no URLs. One without any paths takes no request."""
        return not self.operations and self.xml_schema is not None

    def resolve(self, schema: Schema | None) -> Mapping[str, Any] | None:
        """Return a schema behind its chain of `$ref`; None when it leads nowhere."""
        for _ in range(64):
            if not isinstance(schema, dict):
                return {} if schema is True else None
            reference = schema.get("$ref")
            if reference is None:
                return schema
            schema = pointed_at(self.definitions, str(reference))
        return None


def content_for(contents: Sequence[Content], media_type: str) -> Content | None:
    """Return the content of a media type: the same one, else a range that holds it.

    >>> content_for([Content("application/*"), Content("text/plain")], "application/json").media_type
    'application/*'
    """
    wanted = media_type.lower()
    main = wanted.partition("/")[0]
    for candidate in (wanted, f"{main}/*", "*/*"):
        for content in contents:
            if content.media_type == candidate:
                return content
    return None


def pointed_at(root: Any, reference: str) -> Any:
    """Return the target of a local reference (`#/components/schemas/Order`); None when there is none."""
    from urllib.parse import unquote

    if not reference.startswith("#"):
        return None
    found: Any = root
    for part in unquote(reference[1:]).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if hasattr(found, "get"):
            found = found.get(key)
        elif isinstance(found, list) and (index := number_of(key)) is not None and index < len(found):
            found = found[index]
        else:
            return None
    return found


def definition_name(schema: Schema | None) -> str:
    """Return the name of a schema in messages: the last part of its `$ref`; empty for an inline schema.

    >>> definition_name({"$ref": "#/components/schemas/Order"})
    'Order'
    """
    reference = "" if schema is None or isinstance(schema, bool) else schema.get("$ref", "")
    return str(reference).rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def operation_key(name: str) -> str:
    """Return a key of an operation's name that an import, which rewrites names, doesn't change.

    Source: https://learn.microsoft.com/azure/api-management/api-management-api-import-restrictions#operationid
    """
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:_LONGEST_OPERATION]
