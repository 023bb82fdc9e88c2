"""Run GraphQL resolvers, and the results of their runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.gateway.context.execution import GraphQL, LastError
from apimpolicy.gateway.policies.effects import EventPublished
from apimpolicy.gateway.policies.surroundings import PolicyError
from apimpolicy.text.source import to_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.steps import Program
    from apimpolicy.gateway.engine.trace import Trace


@attrs.frozen
class PublishedEvent:
    """An event of publish-event: the subscription's id and the body of the response at that moment."""

    subscription: str
    body: str


def published_events(trace: Trace) -> Sequence[PublishedEvent]:
    """Return the events that a trace shows, in order."""
    published = trace.effects(EventPublished)
    return tuple(PublishedEvent(name, effect.body) for _, effect in published for name in effect.subscriptions)


class Resolution:
    """The result of a resolver, and how it came about.

    - `text`: the body of the result; None when the resolver failed, then `error` is the reason (`context.LastError`)
    - `sent_requests`: the HTTP requests that it sent; databases keep their own
    - `events`: what publish-event published
    - `trace`, `variables`, `exchange`: as in `Result`
    """

    __slots__ = ("error", "events", "exchange", "sent_requests", "text", "trace", "variables")

    def __init__(self, exchange: Exchange, error: LastError | None) -> None:
        self.exchange = exchange
        self.error = error
        self.text: str | None = None if error is not None else exchange.response.to_response().text
        self.sent_requests: Sequence[Request] = tuple(exchange.sent_requests)
        self.variables: Mapping[str, object] = dict(exchange.variables)
        self.trace: Trace = exchange.trace
        self.events: Sequence[PublishedEvent] = published_events(exchange.trace)

    def json(self) -> Any:
        """Return the result read as JSON. Raises ValueError when it is none."""
        return json.loads(self.text or "")

    def __repr__(self) -> str:
        return f"<Resolution {self.text!r}>" if self.error is None else f"<Resolution failed: {self.error.message}>"


def resolve(
    exchange: Exchange, program: Program, arguments: Mapping[str, Any], parent: Mapping[str, Any] | None
) -> Resolution:
    """Run a resolver's program for a field with these arguments, of this parent object."""
    context = exchange.context
    context.graph_ql = GraphQL(_object(arguments), None if parent is None else _object(parent))
    context.parent_result = None if context.graph_ql.parent is None else context.graph_ql.parent.data
    context.request.headers.set("Content-Type", ["application/json"])
    context.request.set_body(json.dumps({"arguments": dict(arguments)}, ensure_ascii=False).encode())
    try:
        exchange.execute(program.sections["inbound"])
    except PolicyError as error:
        context.last_error = error.last_error
    return Resolution(exchange, context.last_error)


def _object(data: Mapping[str, Any]) -> Any:
    from apimpolicy.csharp.dotnet.json.loading import parse_object

    return parse_object(to_utf16(json.dumps(dict(data), ensure_ascii=False)))
