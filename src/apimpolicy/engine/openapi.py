"""OpenAPI documents (2.0, 3.0, 3.1; JSON or YAML) as descriptions of APIs.

References are followed within the document only; one that leads to a file or to the network is a ConfigurationError.
Of the document this reads operations, parameters, bodies, responses, headers, examples and schemas. Security schemes,
callbacks, links and servers below the document's own are not read: API Management does not take policies from them.

Schemas become JSON Schema 2020-12: `nullable`, the boolean `exclusiveMinimum` of 3.0 and `type: file` are rewritten.
`discriminator`, `readOnly` and `writeOnly` decide nothing (our choice: no document says that the gateway heeds them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from apimpolicy.context.description import ApiDefinition, OperationDefinition, ParameterDefinition, pointed_at
from apimpolicy.context.entities import Operation
from apimpolicy.engine.document import MAX_DOCUMENT_BYTES, read_bytes
from apimpolicy.engine.openapi_contents import MessageReader
from apimpolicy.engine.openapi_schemas import SchemaReader
from apimpolicy.errors import ConfigurationError

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
    from apimpolicy.engine.data_files import parse_json_or_yaml

    return OpenApiReader(parse_json_or_yaml(content, name), name).description()


def _content_of(document: str | bytes | Path) -> tuple[bytes, str]:
    if isinstance(document, Path) or (isinstance(document, str) and "\n" not in document and "{" not in document):
        return read_bytes(Path(document), "OpenAPI document"), str(document)
    content = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ConfigurationError(f"the OpenAPI document is larger than {MAX_DOCUMENT_BYTES // 1024**2} MB")
    return content, "the OpenAPI document"


class OpenApiReader:
    """Reads one document."""

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
