"""Test cases of MCP servers: the request `mcp`, and what is expected of a tool's result.

request: {mcp: {server: orders-mcp, tool: getOrder, arguments: {id: "17"}}, token: login}
expect:
  result: {json-subset: {id: "17"}}    the text of the tool's result
  is-error: false                      null: no source shows what a real gateway responds
  inner: {status: 200}                 the request to the operation, and its response; null: there was none
  tools: [getOrder]                    the names that tools/list has
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.differences import as_json, body_differs, short
from apimpolicy.testing.format import MCP
from apimpolicy.testing.tree import MISSING, UNKNOWN_NAME, WRONG_KIND, Tree

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.service import Service


def check_mcp(tree: Tree) -> None:
    """Raise TestFileError for a request to an MCP server that is written wrongly."""
    given = tree.known(MCP)
    if "arguments" in given and "tool" not in given:
        raise tree.mistake(MISSING, "'tool' is missing here", help="Say which tool gets the arguments.")
    if "method" in given and "tool" in given:
        raise given["method"].mistake(WRONG_KIND, "with 'tool' the method is tools/call", at_key=True)


def addressed(tree: Tree, request: Request, service: Service | None) -> Request:
    """Return a request to the MCP server that the tree names, or the only one. Raises TestFileError."""
    from apimpolicy.gateway.engine.mcp.clients import call_message, message, servers_of, to_server

    if service is None:
        raise tree.mistake(MISSING, "a request to an MCP server needs a 'service'", at_key=True)
    given = tree.known(MCP)
    servers = servers_of(service)
    if "server" not in given and len(servers) != 1:
        names = ", ".join(each.base_id for each in servers) or "none"
        raise tree.mistake(MISSING, "'server' is missing here", help=f"The MCP servers of the service: {names}.")
    name = given["server"].text() if "server" in given else servers[0].base_id
    tool = given["tool"].text() if "tool" in given else None
    arguments = given["arguments"].plain() if "arguments" in given else {}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    content = message("initialize", **params) if _method(given) == "initialize" else call_message(tool, arguments)
    try:
        return to_server(service, name, content, request)
    except ConfigurationError as error:
        raise given["server"].mistake(UNKNOWN_NAME, str(error)) from None


def _method(given: dict[str, Tree]) -> str:
    return given["method"].text() if "method" in given else ""


def undecided(key: str, result: Result) -> Iterator[str]:
    """Yield why an expectation of the response can't be met or missed: the response isn't known."""
    outcome = result.mcp
    if outcome is not None and outcome.undecided and (outcome.method != "tools/list" or key in _OF_BODIES):
        yield f"{key} isn't decided: {outcome.undecided[0]}"


OF_SERVERS = frozenset(("result", "is-error", "tools"))
"""Keys about the response of an MCP server that can be seen from outside."""
_OF_BODIES = ("body", "json", "json-subset")


def outcome_in(response: Response) -> McpOutcome | None:
    """Return what a response from anywhere says of a tool's call, or of the list of tools; None if it says neither."""
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome
    from apimpolicy.gateway.engine.mcp.protocol import message_in

    message = message_in(response)
    result = message.get("result") if isinstance(message, dict) else None
    if not isinstance(result, dict):
        return None
    if isinstance(result.get("tools"), list):
        return McpOutcome(method="tools/list", result=result, listed=result["tools"])
    return McpOutcome(method="tools/call", tool="…", result=result, is_error=bool(result.get("isError")))


def result_differs(tree: Tree, result: Result) -> Iterator[str]:
    """Yield how the text of the tool's result differs."""
    outcome = result.mcp
    if outcome is None or not outcome.tool:
        yield f"expected a tool's result, got {_other(result)}"
    elif outcome.undecided:
        yield f"the tool's result isn't decided: {outcome.undecided[0]}; expect 'is-error: null' and 'inner'"
    else:
        yield from body_differs(tree, "".join(each.get("text", "") for each in _content(outcome)), "the tool's result")


def is_error_differs(tree: Tree, result: Result) -> Iterator[str]:
    outcome = result.mcp
    if outcome is None or not outcome.tool:
        yield f"expected a tool's result, got {_other(result)}"
        return
    if tree.value is not outcome.is_error:
        why = f"isn't decided: {outcome.undecided[0]}" if outcome.undecided else f"is {as_json(outcome.is_error)}"
        yield f"expected is-error to be {as_json(tree.value)}, it {why}"


def tools_differ(tree: Tree, result: Result) -> Iterator[str]:
    outcome = result.mcp
    if outcome is None or outcome.method != "tools/list":
        yield f"expected a list of tools, got {_other(result)}"
        return
    if any(each for each in outcome.undecided if "schema" not in each):
        yield f"the tools aren't decided: {outcome.undecided[0]}"
        return
    names = sorted(each["name"] for each in (outcome.listed or []))
    if names != sorted(tree.texts()):
        yield f"expected the tools {', '.join(sorted(tree.texts())) or 'none'}, there are {', '.join(names) or 'none'}"


def inner_of(result: Result) -> Result | None:
    return None if result.mcp is None else result.mcp.inner


def _content(outcome: McpOutcome) -> list[dict[str, Any]]:
    found = outcome.result.get("content") if isinstance(outcome.result, dict) else None
    return found if isinstance(found, list) else []


def _other(result: Result) -> str:
    response = result.response
    return f"{response.status_code} {response.reason} {short(response.text)}".strip()
