"""MCP servers in the description of a service: their tools from resources and information files, and as the engine's.

A server has tools (`mcpTools`, or children `apis/tools`), or a backend where it exists elsewhere (`backendId`, or
`serviceUrl`); of `mcpProperties` only the URL template of the endpoint matters. The id of an operation is the full one,
of any service: it counts from `/apis/` on, without `;rev=N`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.engine.mcp.servers import McpServer, McpTool
from apimpolicy.infrastructure.resources import names_in
from apimpolicy.infrastructure.values import Unknown, Value
from apimpolicy.project.service.description import Field, Hole, ToolDescription
from apimpolicy.project.service.resource_entities import base_id, blocks_in, first_block, hole_of, id_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.project.service.described import Fields
    from apimpolicy.project.service.description import ApiDescription, Origin

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
