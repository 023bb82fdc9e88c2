"""Test cases for an MCP server: its list of tools, and a call of each tool by a caller who gets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.mcp.calls import definitions_of, operation_of
from apimpolicy.engine.mcp.schemas import example_of, input_of
from apimpolicy.engine.service_requests import ServiceRequests
from apimpolicy.testing.api_search import ApiCases
from apimpolicy.testing.first_cases import Found, run_alone
from apimpolicy.testing.first_surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.mcp.servers import McpTool
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.service import ServiceApi
    from apimpolicy.testing.api_search import ApiSearch


class ToolCases:
    """The cases of one server; `search` knows what the policies of the server and of its APIs need."""

    def __init__(self, search: ApiSearch, server: ServiceApi) -> None:
        assert server.mcp is not None
        self.search = search
        self.server = server
        self.tools = server.mcp.tools
        self.requests = ServiceRequests(search.setup.gateway, search.setup.service)

    def cases_found(self) -> ApiCases:
        """Return the cases. Raises ApimPolicyError."""
        around = self.search.around
        keys = Surroundings(around.defaults, around.providers, service=around.service)
        return ApiCases(keys, list(self._cases()), {}, set(), set(), set(), [])

    def _cases(self) -> Iterator[Found]:
        listed = self._passing({})
        if listed is not None:
            request, result = listed
            expect: dict[str, Any] = {"status": result.response.status_code}
            if result.mcp is not None and result.mcp.listed and not result.mcp.undecided:
                expect["tools"] = [each.name for each in self.tools]
            yield Found(f"{self.server.base_id} lists its tools", request, expect)
        refused = False
        for tool in self.tools:
            passing = self._passing({"tool": tool.name, **self._arguments(tool)})
            if passing is None:
                continue
            request, result = passing
            plain = {"mcp": request["mcp"]}
            if not refused and request != plain and (without := self._run(plain)) is not None and _rank(without):
                refused = True
                yield Found(f"{tool.name} without credentials", plain, _expected(without))
            yield Found(f"a call of {tool.name}", request, _expected(result))

    def _arguments(self, tool: McpTool) -> dict[str, Any]:
        found = None if tool.unknown else operation_of(self.requests, tool.api, tool.operation)
        if found is None:
            return {}
        api, operation = found
        arguments = example_of(input_of(operation, definitions_of(self.requests, api)).schema)
        return {"arguments": arguments} if arguments else {}

    def _passing(self, message: dict[str, Any]) -> tuple[dict[str, Any], Result] | None:
        """Return the request of the caller with the least credentials who gets furthest, with its result."""
        best: tuple[dict[str, Any], Result] | None = None
        for credentials in self._callers():
            request = {"mcp": {"server": self.server.base_id, **message}, **credentials}
            result = self._run(request)
            if result is not None and (best is None or _rank(result) < _rank(best[1])):
                best = request, result
        return best

    def _callers(self) -> Iterator[dict[str, Any]]:
        around = self.search.around
        subscriptions = around.defaults.get("gateway", {}).get("subscriptions", {})
        header = from_utf16(self.server.api.subscription_key_parameter_names.header)
        key = next((each["primary-key"] for each in subscriptions.values() if "primary-key" in each), None)
        headers = {} if key is None else {"headers": {header: key}}
        token = {"token": next(iter(around.providers))} if around.providers else {}
        yield {}
        yield from (each for each in (headers, token) if each)
        if headers and token:
            yield {**headers, **token}

    def _run(self, request: dict[str, Any]) -> Result | None:
        outcome = run_alone("", self.search.output, self.search.around, request)
        return outcome.results[-1] if outcome.results else None


def _rank(result: Result) -> int:
    """Return how far a request gets: 0 to the end, 1 to a response that isn't decided, 2 is refused by the server."""
    if result.response.status_code >= 400:
        return 2
    return 1 if result.mcp is None or result.mcp.undecided else 0


def _expected(result: Result) -> dict[str, Any]:
    outcome = result.mcp
    if outcome is None or not outcome.tool:
        return {"status": result.response.status_code, "inner": None}
    inner = None if outcome.inner is None else _expected_inner(outcome.inner)
    status = {} if outcome.undecided else {"status": result.response.status_code}
    return {**status, "is-error": outcome.is_error, "inner": inner}


def _expected_inner(inner: Result) -> dict[str, Any]:
    return {"status": inner.response.status_code, "backend-requests": len(inner.backend_requests)}
