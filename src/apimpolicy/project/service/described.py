"""Resources by the properties that Azure Resource Manager gives them, from an extract or from infrastructure code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from apimpolicy.engine.mcp.servers import McpServer, McpTool
from apimpolicy.infrastructure.resources import names_in
from apimpolicy.infrastructure.values import Unknown, Value
from apimpolicy.project.service.description import (
    ApiDescription,
    Field,
    Hole,
    LoggerDescription,
    NamedValueDescription,
    OperationDescription,
    ProductDescription,
    SubscriptionDescription,
    ToolDescription,
    VersionSetDescription,
)
from apimpolicy.project.service.resource_entities import base_id, blocks_in, first_block, hole_of, id_of, text_of

if TYPE_CHECKING:
    from apimpolicy.project.service.description import Origin
    from apimpolicy.project.service.information import Properties
    from apimpolicy.project.service.resource_entities import Entity

    Fields: TypeAlias = Properties | Entity
    "The properties of a resource, in a JSON file or in code."


def api_of(id_: str, found: Fields) -> ApiDescription:
    """Return an API, or an MCP server; without a revision, an id is that of the current one."""
    is_current, kind = found.flag("isCurrent"), found.text("type")
    made = ApiDescription(
        id_,
        found.origin,
        name=found.plain_text("displayName"),
        path=found.text("path"),
        protocols=found.texts("protocols"),
        service_url=found.text("serviceUrl"),
        kind=found.text("apiType") if kind.is_missing else kind,
        revision=found.text("apiRevision"),
        is_current=Field(";rev=" not in id_) if is_current.is_missing else is_current,
        version=found.text("apiVersion"),
        version_set=found.last_name("apiVersionSetId"),
        subscription_required=found.flag("subscriptionRequired"),
        key_header=found.inner_text("subscriptionKeyParameterNames", "header"),
        key_query=found.inner_text("subscriptionKeyParameterNames", "query"),
        workspace=found.workspace,
    )
    add_server(made, found)
    return made


def operation_of(id_: str, found: Fields) -> OperationDescription:
    name, method, template = map(found.plain_text, ("displayName", "method", "urlTemplate"))
    return OperationDescription(id_, found.origin, name, method, template)


def product_of(id_: str, found: Fields) -> ProductDescription:
    state = found.text("state")
    return ProductDescription(
        id_,
        found.origin,
        name=found.plain_text("displayName"),
        is_published=Field(None if state.known is None else state.known.lower() != "notpublished", state.origin),
        subscription_required=found.flag("subscriptionRequired"),
        approval_required=found.flag("approvalRequired"),
        subscriptions_limit=found.whole_number("subscriptionsLimit"),
        workspace=found.workspace,
    )


def subscription_of(id_: str, found: Fields, scope: Field[str]) -> SubscriptionDescription:
    return SubscriptionDescription(
        id_,
        found.origin,
        name=found.plain_text("displayName"),
        scope=scope,
        state=found.text("state"),
        owner=found.last_name("ownerId"),
        primary_key=found.text("primaryKey"),
        secondary_key=found.text("secondaryKey"),
        allow_tracing=found.flag("allowTracing"),
        workspace=found.workspace,
    )


def named_value_of(id_: str, found: Fields) -> NamedValueDescription:
    name, value, is_secret = found.plain_text("displayName"), found.plain_text("value"), found.flag("secret")
    vault = found.inner_text("keyVault", "secretIdentifier")
    return NamedValueDescription(id_, found.origin, name, value, is_secret, vault, found.workspace)


def version_set_of(id_: str, found: Fields) -> VersionSetDescription:
    scheme, header, query = map(found.text, ("versioningScheme", "versionHeaderName", "versionQueryName"))
    return VersionSetDescription(id_, found.origin, scheme, header, query, found.workspace)


def logger_of(id_: str, found: Fields) -> LoggerDescription:
    return LoggerDescription(id_, found.origin, found.plain_text("loggerType"), found.workspace)


# MCP servers in the description of a service: their tools from resources and information files, and as the engine's.
#
# A server has tools (`mcpTools`, or children `apis/tools`), or a backend where it exists elsewhere (`backendId`, or
# `serviceUrl`); of `mcpProperties` only the URL template of the endpoint matters. The id of an operation is the full
# one, of any service: it counts from `/apis/` on, without `;rev=N`.

SERVERS = "mcp-servers"
"""The kind of MCP servers in gaps: some of them are described."""
_PROPERTIES = ("mcpProperties", "mcpPropperties")
"""The properties, also as two deployed samples spell them, which Azure ignores."""


def logs_responses(properties: Mapping[str, Value]) -> bool:
    """Return whether the properties of diagnostics log the bodies of responses to callers."""
    found: Value = properties
    for name in ("frontend", "response", "body"):
        found = first_block(found).get(name)
    count = first_block(found).get("bytes")
    return isinstance(count, int) and count > 0


def add_server(api: ApiDescription, found: Fields) -> None:
    """Add what the properties of an API say about an MCP server."""
    if not api.is_server:
        return
    tools = found.get("mcpTools")
    if tools is not None and not isinstance(tools, list | dict):
        api.tool_gaps.append(f"the tools of the MCP server '{api.id}' aren't known: {hole_of(tools).text}")
        found.problem(api.tool_gaps[-1], f"the MCP server '{api.id}'")
    api.tools += (tool_of(each, found.place("mcpTools", index)) for index, each in enumerate(blocks_in(tools)))
    api.backend = found.last_name("backendId")
    properties = next((given for name in _PROPERTIES if (given := found.get(name)) is not None), None)
    api.endpoint = text_of(_endpoint(first_block(properties).get("endpoints")), found.place("mcpProperties"))


def tool_of(given: Mapping[str, Value], origin: Origin, name: str = "") -> ToolDescription:
    """Return a tool by its properties; `name` is that of a resource of its own."""
    named = next((found for key in ("name", "displayName") if (found := given.get(key)) is not None), name or None)
    operation = given.get("operationId")
    names = names_in(operation, ["apis", "operations"]) if isinstance(operation, str | Unknown) else []
    if len(names) == 2 and not any(isinstance(each, Unknown) for each in names):
        api_id, operation_id = (Field(base_id(id_of(each)), origin) for each in names)
    else:
        text = text_of(operation, origin)
        api_id = operation_id = Field(text.hole or Hole(text.known or "no operation is written"), origin)
    description = text_of(given.get("description"), origin)
    has_revision = bool(names) and ";rev=" in id_of(names[0])
    return ToolDescription(text_of(named, origin), origin, api_id, operation_id, description, has_revision)


def _endpoint(endpoints: Value) -> Value:
    """Return the URL template of an existing server's endpoint: `{mcp: {uriTemplate}}`, or the first of a list."""
    if isinstance(endpoints, dict) and "uriTemplate" not in endpoints:
        endpoints = endpoints.get("mcp")
    return first_block(endpoints).get("uriTemplate")


def server_of(api: ApiDescription) -> McpServer | None:
    """Return the server as the engine has it; None for an API that is none, or of which neither kind is known."""
    if not api.is_server or not (api.has_tools or api.has_backend):
        return None
    if not api.has_tools:
        return McpServer(backend_id=_backend_id(api.backend), endpoint=api.endpoint.known)
    tools: list[McpTool] = []
    gaps = list(api.tool_gaps)
    for each in api.tools:
        if each.name.known is None:
            gaps.append(f"the name of a tool isn't known: {each.name.text()}")
            continue
        unknown = each.operation.hole
        reason = "" if unknown is None else f"its operation isn't known: {unknown.text}"
        names = (each.api.known or "", each.operation.known or "")
        tools.append(McpTool(each.name.known, *names, each.description.known or "", reason))
    return McpServer(tools, gaps=gaps)


def _backend_id(backend: Field[Any]) -> str | None:
    if backend.is_missing:
        return None
    return id_of(backend.known if backend.known is not None else Unknown(backend.text()))
