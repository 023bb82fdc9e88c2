"""Requests of clients to MCP servers.

result = gateway.send(tool_request(gateway.service, "orders-mcp", "getOrder", {"id": "17"}))
result.mcp.result, result.mcp.inner.backend_requests
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.api_routing import prefix_of
from apimpolicy.gateway.engine.mcp.servers import ENDPOINT

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.service import Service, ServiceApi

_OWN = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def servers_of(service: Service) -> list[ServiceApi]:
    return [each for each in service.apis if each.mcp is not None]


def server_named(service: Service, name: str) -> ServiceApi:
    """Return the MCP server of an id. Raises ConfigurationError."""
    servers = servers_of(service)
    found = next((each for each in servers if each.base_id.lower() == name.lower()), None)
    if found is not None:
        return found
    names = [each.base_id for each in servers]
    near = get_close_matches(name, names, 1)
    more = (
        f"did you mean '{near[0]}'?"
        if near
        else f"its servers: {', '.join(names)}"
        if names
        else ("it has none; an extract that was made with a stable API version, or by the older APIOps, lacks them")
    )
    raise ConfigurationError(f"the service has no MCP server '{name}'; {more}")


def address_of_server(api: ServiceApi) -> str:
    """Return the path of a server's endpoint."""
    assert api.mcp is not None
    return prefix_of(api) + (ENDPOINT if api.mcp.answers else api.mcp.endpoint or "")


def message(method: str, **params: Any) -> dict[str, Any]:
    """Return a request of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def call_message(tool: str | None, arguments: Any) -> dict[str, Any]:
    """Return the call of a tool; the list of the tools without one."""
    return message("tools/list") if tool is None else message("tools/call", name=tool, arguments=arguments)


def tool_request(
    service: Service, server: str, tool: str | None = None, arguments: Mapping[str, Any] | None = None, **options: Any
) -> Request:
    """Return the call of a tool of an MCP server, or the request for the list of its tools without one.

    `server` is the id of its API; the options are those of `Request`. Raises ConfigurationError when the service
    doesn't have the server.
    """
    return to_server(service, server, call_message(tool, dict(arguments or {})), Request("POST", "/", **options))


def to_server(service: Service, name: str, content: dict[str, Any], request: Request) -> Request:
    """Return a request with this message to an MCP server, with the caller's headers, certificate and address.

    Raises ConfigurationError when the service doesn't have the server.
    """
    origin = request.url.partition("://")
    host = f"{origin[0]}://{origin[2].partition('/')[0]}" if origin[1] else ""
    url = host + address_of_server(server_named(service, name))
    fields = [(name, value) for name, value in _OWN.items() if name not in request.headers]
    fields += ((name, value) for name, values in request.headers.fields() for value in values)
    return Request(
        "POST",
        url,
        headers=fields,
        body=json.dumps(content, ensure_ascii=False),
        certificate=request.certificate,
        ip_address=request.ip_address,
    )
