"""The result of one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.values import from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.context.execution import LastError
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome
    from apimpolicy.gateway.engine.resolvers import PublishedEvent
    from apimpolicy.gateway.engine.trace import Trace
    from apimpolicy.gateway.policies.metrics import Metric


class Result:
    """The response to one request, and how the gateway made it.

    - `response`: what the caller gets
    - `backend_requests`: every request that was forwarded to a backend, as it was sent, in order
    - `sent_requests`: every request that a policy sent of its own (send-request, send-one-way-request), in order
    - `metrics`: every custom metric that a policy emitted, in order
    - `variables`: the values of `context.Variables` at the end, as values of Python (see `python_values`);
      `exchange.variables` has those of .NET
    - `error`: `context.LastError`, or None when nothing failed
    - `trace`: every policy that was reached (see `apimpolicy.gateway.engine.trace`)
    - `exchange`: the whole state; `exchange.context` is the `context` that expressions saw,
      `exchange.unasked_certificate` the client certificate that was on the wire while negotiation was off
    """

    __slots__ = ("_variables", "backend_requests", "error", "exchange", "metrics", "response", "sent_requests", "trace")

    def __init__(self, exchange: Exchange, response: Response) -> None:
        self.exchange = exchange
        self.response: Response = response
        self.backend_requests: Sequence[Request] = tuple(exchange.backend_requests)
        self.sent_requests: Sequence[Request] = tuple(exchange.sent_requests)
        self.metrics: Sequence[Metric] = tuple(exchange.metrics)
        self._variables: dict[str, Any] | None = None
        self.error: LastError | None = exchange.last_error
        self.trace: Trace = exchange.trace

    @property
    def request(self) -> Request:
        """Return the request as the caller sent it."""
        return self.exchange.original_request

    @property
    def assumptions(self) -> Sequence[str]:
        """Return the simulator's choices that the outcome depends on, where no source says what a gateway does."""
        return tuple(self.exchange.environment.assumptions)

    @property
    def unseen_texts(self) -> dict[str, str]:
        """Return the gateway's texts in the response that no real one was seen to show, each with what is known of it:
        `documented`, or `ours`. A text that is part of another one is left out.
        """
        import json

        made = self.exchange.environment.unseen_texts
        body = self.response.text if made else ""
        found = {from_utf16(text): known for text, known in made.items()}
        found = {
            text: known for text, known in found.items() if text and json.dumps(text, ensure_ascii=False)[1:-1] in body
        }
        return {
            text: known for text, known in found.items() if not any(text != other and text in other for other in found)
        }

    @property
    def variables(self) -> dict[str, Any]:
        """Return the values of `context.Variables` at the end, as values of Python."""
        if self._variables is None:
            from apimpolicy.gateway.engine.variables import python_value

            found = self.exchange.variables.to_dict()
            self._variables = {name: python_value(value) for name, value in found.items()}
        return self._variables

    @property
    def published_events(self) -> Sequence[PublishedEvent]:
        """Return the events of publish-event, in order."""
        from apimpolicy.gateway.engine.resolvers import published_events

        return published_events(self.trace)

    @property
    def mcp(self) -> McpOutcome | None:
        """Return what the request was for an MCP server whose tools are operations; None without one."""
        return self.exchange.mcp

    @property
    def reached_backend(self) -> bool:
        """Return whether anything was forwarded to a backend."""
        return bool(self.backend_requests)

    def __repr__(self) -> str:
        return f"<Result {self.response.status_code} {self.response.reason}>"
