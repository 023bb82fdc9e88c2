"""The endpoint of an MCP server with tools, which the gateway is itself: initialize, tools/list, tools/call.

Seen on real gateways: the server answers without a session; `tools/list` runs no policy but those of the server's
scopes; the scopes of an operation run when its tool is called, as for a request of its own (Microsoft: "loopback").
What no source states is in `McpOutcome.undecided`, and the response is then our choice; what was chosen between sources
that differ, or by the specification of the protocol, is in `assumptions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.context.description import OperationDefinition, operation_key
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.context.urls import Url
from apimpolicy.gateway.engine.api_documents import ApiDocuments
from apimpolicy.gateway.engine.api_routing import RoutedApi, enter_operation, prefix_of, stated_version
from apimpolicy.gateway.engine.exchange import Exchange
from apimpolicy.gateway.engine.forwarding import NoBackendError
from apimpolicy.gateway.engine.mcp import protocol
from apimpolicy.gateway.engine.mcp.protocol import ToolRequest, input_of, request_of
from apimpolicy.gateway.engine.mcp.servers import STRIPPED_KEYS, McpServer, McpTool
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.source import from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.service import Service, ServiceApi
    from apimpolicy.gateway.engine.service_requests import ServiceRequests


class Operations(Protocol):
    """The operations of a service's APIs."""

    @property
    def service(self) -> Service:
        """The service."""

    def operations_of(self, api: ServiceApi) -> Sequence[tuple[OperationDefinition, Any]]:
        """Return the operations of an API, with their policies."""

    def documents_of(self, api: ServiceApi) -> ApiDocuments:
        """Return the documents that describe an API."""


def operation_of(requests: Operations, api_id: str, operation_id: str) -> tuple[ServiceApi, OperationDefinition] | None:
    """Return the API and the operation of these ids; None if the service doesn't have them."""
    for api in requests.service.apis:
        if api.base_id.lower() != api_id.lower() or not api.api.is_current_revision:
            continue
        key = operation_key(operation_id)
        for each, _ in requests.operations_of(api):
            if operation_key(from_utf16(each.operation.id)) == key:
                return api, each
    return None


def definitions_of(requests: Operations, api: ServiceApi) -> Mapping[str, Any]:
    """Return what the schemas of an API's operations point into."""
    described = requests.documents_of(api).description
    return api.definitions if described is None else {**described.definitions, **api.definitions}


def address_of(api: ServiceApi, origin: Url, path: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the URL of an operation whose path below its API is given, and the headers that name the version."""
    url = f"{origin.scheme}://{origin.authority}{prefix_of(api)}{path}"
    stated = stated_version(api)
    if stated is None:
        return url, []
    if stated.is_header:
        return url, [(stated.name, stated.version)]
    return f"{url}{'&' if '?' in url else '?'}{stated.name}={stated.version}", []


def has_global_policies(requests: ServiceRequests) -> bool:
    """Return whether the global policy does anything but forward."""
    program = requests.program()
    steps = [step for each in program.sections.values() for step in each]
    return any(not has_trait(step.name, "forwards") for step in steps)


def call_operation(
    requests: ServiceRequests, outer: Exchange, api: ServiceApi, operation: OperationDefinition, request: Request
) -> Result:
    """Send a request inside the service to an operation of an API: its key is checked, and its scopes run.

    What it sends also counts for the outer request. Where nothing responds to what it sends, the status is 0.
    """
    exchange = requests.gateway.exchange(request)
    exchange.doubles = outer.doubles
    exchange.is_hop = True
    routed = RoutedApi(api, prefix_of(api).strip("/"))
    requests.enter_api(exchange, routed)
    policy = next(policy for definition, policy in requests.operations_of(api) if definition is operation)
    enter_operation(exchange, exchange.context.api, [operation], lambda: False)
    try:
        result = requests.run(exchange, routed, policy)
    except NoBackendError as error:
        result = Result(exchange, Response(0, error.reason))
    outer.backend_requests += exchange.backend_requests
    outer.sent_requests += exchange.sent_requests
    outer.metrics += exchange.metrics
    return result


_OF_THE_MESSAGE = frozenset(
    ("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection")
) | {"accept", "accept-encoding"}
_SEEN_VERSIONS = ("2025-03-26", "2025-06-18")


@attrs.define(eq=False)
class McpOutcome:
    """A request to an MCP server, its outcome, and the parts of the outcome that no source states.

    `inner` is the request that a tool's call was inside the service, with a trace of its own. `result` is that of
    JSON-RPC, where it is known; `listed` are the tools that `tools/list` has. `is_error` is whether the tool's result
    is an error; None where it isn't known, or no tool was called.
    """

    has_run: bool = False
    """Whether the policies of the server's scopes let the request through."""
    method: str = ""
    tool: str = ""
    arguments: dict[str, Any] = attrs.field(factory=dict)
    operation: str = ""
    inner: Result | None = None
    result: Any = None
    listed: list[dict[str, Any]] = attrs.field(factory=list)
    is_error: bool | None = None
    undecided: list[str] = attrs.field(factory=list)
    assumptions: list[str] = attrs.field(factory=list)


class McpEndpoint:
    """The endpoint of a server for one request, which the policies of the server's scopes let through."""

    def __init__(self, requests: ServiceRequests, exchange: Exchange, api: ServiceApi, server: McpServer) -> None:
        self.requests = requests
        self.exchange = exchange
        self.api = api
        self.server = server
        self.outcome = exchange.mcp = McpOutcome()

    def __call__(self) -> str:
        """Respond to the request of the exchange; return the effect in words."""
        self.outcome = self.exchange.mcp = McpOutcome(has_run=True)
        exchange = self.exchange
        if exchange.backend_url is not None or exchange.backend_id is not None:
            self.outcome.assumptions.append("set-backend-service in the scope of an MCP server has no effect here")
        response = self._response()
        message = protocol.message_in(response)
        self.outcome.result = message.get("result") if isinstance(message, dict) and self._is_decided else None
        exchange.show_response(ResponseMessage.of(response, exchange.request.second_read))
        return self._effect(response)

    def finish(self, response: Response, *, is_served: bool) -> None:
        """Take what the caller gets, which policies may have changed; `is_served`: one responded, or failed."""
        outcome = self.outcome
        if not outcome.has_run and not is_served:
            reason = "no policy forwards the request, and no source shows what the server does then"
            outcome.undecided.append(reason)
        if outcome.result is None:
            return
        message = protocol.message_in(response)
        outcome.result = message.get("result") if isinstance(message, dict) else None
        if outcome.result is None:
            outcome.is_error, outcome.listed = None, []

    @property
    def _is_decided(self) -> bool:
        return not self.outcome.undecided

    def _effect(self, response: Response) -> str:
        outcome = self.outcome
        name = " ".join(each for each in (outcome.method, outcome.tool) if each) or "no message"
        if outcome.inner is not None:
            return f"{name} → {outcome.operation} → {_status(outcome.inner.response)}"
        return f"{name} → {'not decided' if outcome.undecided else _status(response)}"

    def _response(self) -> Response:
        request = self.exchange.request.to_request()
        if request.method != "POST":
            reason = f"no source shows the response to {request.method}; the protocol's specification has 405"
            return self._undecided(reason, Response(405, headers={"Allow": "POST"}))
        if not protocol.accepts_stream(request.headers.get("Accept")):
            self.outcome.assumptions.append("406 for a client that doesn't accept text/event-stream: one user's report")
            return Response(406)
        call = protocol.call_of(request.body)
        if isinstance(call, str):
            code = protocol.INVALID_REQUEST if call.startswith("the body is") else protocol.PARSE_ERROR
            return self._undecided(
                f"no source shows the response where {call}", protocol.error_response(None, code, call)
            )
        self.outcome.method = call.method
        if call.is_notification:
            self.outcome.assumptions.append("202 for a notification, by the protocol's specification")
            return Response(202)
        match call.method:
            case "initialize":
                return self._initialize(call)
            case "tools/list":
                return self._list(call)
            case "tools/call":
                return self._call(call)
        reason = f"no source shows the response to the method '{call.method}'"
        if call.method == "ping":
            return self._undecided(reason, protocol.result_response(call.id, {}))
        message = azure_text("mcp-method-unknown", method=call.method)
        return self._undecided(reason, protocol.error_response(call.id, protocol.METHOD_NOT_FOUND, message))

    def _undecided(self, reason: str, response: Response) -> Response:
        self.outcome.undecided.append(reason)
        return response

    def _initialize(self, call: protocol.JsonRpcRequest) -> Response:
        version = call.params.get("protocolVersion")
        if version not in _SEEN_VERSIONS:
            version = version if isinstance(version, str) else _SEEN_VERSIONS[-1]
            self.outcome.assumptions.append("the client's protocol version is returned, as was seen for 2025-03-26")
        server = {"name": "Azure API Management", "version": "1.0.0"}
        capabilities = {"tools": {"listChanged": True}}
        result = {"protocolVersion": version, "capabilities": capabilities, "serverInfo": server}
        return protocol.result_response(call.id, result)

    def _list(self, call: protocol.JsonRpcRequest) -> Response:
        self.outcome.undecided += self.server.gaps
        listed = self.outcome.listed
        for tool in self.server.tools:
            found, unknown = self._operation(tool)
            schema: dict[str, Any] = {"type": "object"}
            if found is not None:
                given = input_of(found[1], definitions_of(self.requests, found[0]))
                schema, unknown = given.schema, given.unknown
            if unknown:
                self.outcome.undecided.append(f"the schema of the tool '{tool.name}': {unknown}")
            listed.append({"name": tool.name, "description": tool.description, "inputSchema": schema})
        return protocol.result_response(call.id, {"tools": listed})

    def _operation(self, tool: McpTool) -> tuple[tuple[ServiceApi, OperationDefinition] | None, str]:
        """Return the API and the operation of a tool, or the reason why they aren't known."""
        found = None if tool.unknown else operation_of(self.requests, tool.api, tool.operation)
        if found is not None:
            return found, ""
        return None, tool.unknown or f"the operation '{tool.operation}' of the API '{tool.api}' isn't known"

    def _call(self, call: protocol.JsonRpcRequest) -> Response:
        outcome = self.outcome
        name, arguments = call.params.get("name"), call.params.get("arguments")
        outcome.tool = name if isinstance(name, str) else ""
        outcome.arguments = arguments if isinstance(arguments, dict) else {}
        tool = self.server.tool(outcome.tool)
        if tool is None:
            reason = (
                f"no source shows the response to a call of the tool '{outcome.tool}', which the server doesn't have"
            )
            reason = "; ".join([reason, *self.server.gaps])
            message = azure_text("mcp-tool-unknown", tool=outcome.tool)
            return self._undecided(reason, protocol.error_response(call.id, protocol.INVALID_PARAMS, message))
        target, unknown = self._operation(tool)
        if target is None:
            return self._undecided(unknown, protocol.error_response(call.id, protocol.INVALID_PARAMS, unknown))
        api, operation = target
        schema = input_of(operation, definitions_of(self.requests, api))
        request = request_of(operation, schema, outcome.arguments)
        method = from_utf16(operation.operation.method)
        if method == "*":
            request = request._replace(unknown="no source states the method of a call of an operation with any method")
        if request.unknown:
            return self._undecided(
                request.unknown, protocol.error_response(call.id, protocol.INVALID_PARAMS, request.unknown)
            )
        outcome.operation = f"{method} {from_utf16(operation.operation.url_template)}"
        inner = call_operation(self.requests, self.exchange, api, operation, self._hop(api, method, request))
        outcome.inner = inner
        if inner.error is not None and inner.error.reason == "SubscriptionKeyNotFound":
            outcome.assumptions += [
                f"the header {name} isn't forwarded to the operation, as was seen"
                for name, _ in self.exchange.request.to_request().headers.fields()
                if name.lower() in self._keys
            ]
        return self._result(call, inner)

    def _result(self, call: protocol.JsonRpcRequest, inner: Result) -> Response:
        """Return the response with the result of a tool, which is the body of the operation's response."""
        response, outcome = inner.response, self.outcome
        content = [{"type": "text", "text": response.text}]
        reason = ""
        if response.status_code == 0:
            error = {"code": protocol.INTERNAL_ERROR, "message": response.reason}
            answer = Response(502, "No backend", json={"jsonrpc": "2.0", "id": call.id, "error": error})
            return self._undecided(response.reason, answer)
        if not 200 <= response.status_code < 300:
            reason = f"no source shows the result of a tool whose operation responds with {response.status_code}"
        elif not response.body:
            reason = "no source shows the result of a tool whose operation responds without a body"
        elif "\ufffd" in response.text or "\0" in response.text:
            reason = "no source shows the result of a tool whose operation responds with bytes that aren't text"
        if reason:
            outcome.undecided.append(reason)
            is_bad = not 200 <= response.status_code < 300
            content[0]["text"] = response.text or (f"{response.status_code} {response.reason}" if is_bad else "")
            return protocol.result_response(call.id, {"content": content, "isError": is_bad})
        outcome.is_error = False
        return protocol.result_response(call.id, {"content": content})

    @property
    def _keys(self) -> set[str]:
        """The headers with keys that the operation doesn't get, in lower case."""
        return {*STRIPPED_KEYS, from_utf16(self.api.api.subscription_key_parameter_names.header).lower()}

    def _hop(self, api: ServiceApi, method: str, given: ToolRequest) -> Request:
        """Return the request inside the service: to the operation, with the headers that it gets."""
        outer = self.exchange.request.to_request()
        settings = self.requests.gateway
        url, version = address_of(api, self.exchange.request.original_url, given.path)
        headers: list[tuple[str, str]] = []
        if settings.mcp_headers == "forwarded":
            left_out = {*self._keys, *_OF_THE_MESSAGE, *(name.lower() for name, _ in given.headers)}
            fields = [each for each in outer.headers.fields() if each[0].lower() not in left_out]
            headers = [(name, value) for name, values in fields for value in values]
            if any(name.lower() == "authorization" for name, _ in headers):
                self.outcome.assumptions.append(
                    "the operation gets the header Authorization; sources differ on whether it needs a set-header"
                )
        else:
            self.outcome.assumptions.append("the operation gets no header of the MCP request (mcp-headers = none)")
        headers += [*given.headers, *version]
        if given.body is not None:
            headers.append(("Content-Type", "application/json"))
        if settings.mcp_global == "twice" and has_global_policies(self.requests):
            self.outcome.assumptions.append(
                "the global policy runs for the operation too (mcp-global = twice); no source states it"
            )
        certificate = self.exchange.original_request.certificate
        return Request(
            method, url, headers=headers, body=given.body, certificate=certificate, ip_address=outer.ip_address
        )


def _status(response: Response) -> str:
    return f"{response.status_code} {response.reason}".strip() if response.status_code else response.reason
