"""MCP servers as a service describes them: APIs whose tools are operations of other APIs, or a server elsewhere.

    orders = McpServer([McpTool("getOrder", "orders", "get-order", "One order")])
    ServiceApi(Api("orders-mcp", path="orders-mcp", kind="mcp"), mcp=orders)

Source: https://learn.microsoft.com/azure/api-management/mcp-server-overview
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

ENDPOINT = "/mcp"
"""The path of the endpoint below that of a server with tools."""
STRIPPED_KEYS = ("ocp-apim-subscription-key", "api-key")
"""Headers with keys that operations don't get, as was seen (August 2026)."""
METADATA = "/.well-known/oauth-protected-resource"
"""The path of the metadata that tells clients where to get a token (RFC 9728)."""


@attrs.frozen
class McpTool:
    """A tool: the operation of an API, by their ids, under the name that clients call.

    `unknown` is the reason why the operation isn't known, else empty.
    """

    name: str
    api: str = ""
    operation: str = ""
    description: str = ""
    unknown: str = ""


@attrs.frozen
class McpServer:
    """The tools of a server, or the id of the backend of a server that exists elsewhere (`backend_id`).

    `endpoint` is the path of an existing server's endpoint, below its own. `gaps` are the reasons why a server may have
    more tools.
    """

    tools: Sequence[McpTool] = ()
    backend_id: str | None = None
    endpoint: str | None = None
    gaps: Sequence[str] = ()

    @property
    def answers(self) -> bool:
        """Return whether the gateway itself is the server: one of tools, not one that exists elsewhere."""
        return bool(self.tools or self.gaps)

    def tool(self, name: str) -> McpTool | None:
        return next((each for each in self.tools if each.name == name), None)
