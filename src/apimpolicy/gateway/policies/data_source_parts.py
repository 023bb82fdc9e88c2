"""Elements that the resolvers for databases share, and texts in them that may be Liquid templates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
    policies,
)
from apimpolicy.gateway.policies.surroundings import azure_text


@part("connection-string")
class ConnectionString:
    use_managed_identity: bool = expression_attribute(boolean, default=False)
    scope: str | None = literal_attribute(doubt="unknown-expression")
    client_id: str | None = literal_attribute(doubt="unknown-expression")
    text: str = content(trimmed)


@part("parameter")
class QueryParameter:
    name: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")
    sql_type: str | None = literal_attribute(trimmed, doubt="unknown-expression")
    type: str | None = literal_attribute(trimmed, doubt="unknown-expression")
    value: str = content(trimmed)


@part("parameters")
class QueryParameters:
    parameters: list[PolicyStep] = children(QueryParameter)


@part("response")
class DataAnswer:
    steps: list[PolicyStep] = policies("include-fragment", "set-body", "publish-event")


def query_parameters(exchange: PolicyExchange, step: PolicyStep | None) -> list[QueryParameter]:
    if step is None:
        return []
    group: QueryParameters = exchange.evaluate(step)
    return [exchange.evaluate(entry) for entry in group.parameters]


def answer_with(exchange: PolicyExchange, data: Any, response: PolicyStep | None) -> None:
    """Make data the resolver's answer, and run the policies of its `response`."""
    from apimpolicy.gateway.context.header_fields import HeaderCollection
    from apimpolicy.gateway.context.messages import ResponseMessage

    headers = HeaderCollection([("Content-Type", ["application/json"])])
    body = json.dumps(data, ensure_ascii=False, default=str).encode("utf-8", "replace")
    exchange.answer_resolver(ResponseMessage(200, headers=headers, body=body, second_read=exchange.request.second_read))
    if response is not None:
        answer: DataAnswer = exchange.evaluate(response)
        exchange.execute(answer.steps)


def composed_body(exchange: PolicyExchange, steps: Sequence[PolicyStep]) -> bytes | None:
    """Return the body that a set-body makes for a request of the resolver's own; None without one."""
    from apimpolicy.gateway.context.messages import RequestMessage

    if not steps:
        return None
    message = RequestMessage("POST", exchange.request.url, second_read=exchange.request.second_read)
    exchange.compose_request(steps, message)
    return b"" if message.body is None else message.body.remaining


def templated(exchange: PolicyExchange, text: str, template: str | None) -> str:
    """Return a text, rendered against the resolver's request with `template="liquid"`. Raises PolicyError."""
    if template != "liquid":
        return from_utf16(text)
    from apimpolicy.gateway.policies.liquid.template import rendered

    return from_utf16(rendered(exchange, to_utf16(text), exchange.request, parses_dates=False).text).strip()


def unreachable(error: OSError) -> PolicyError:
    return PolicyError("BackendConnectionFailure", str(error) or azure_text("data-source-unreachable"))
