"""http-data-source: resolve a field of a GraphQL schema with an HTTP request.

```xml
<http-data-source>
    <http-request>
        <set-method>GET</set-method>
        <set-url>@($"https://data.contoso.com/users/{context.GraphQL.Arguments["id"]}")</set-url>
    </http-request>
    <http-response>
        <set-body template="liquid">{"name": "{{body.username}}"}</set-body>
    </http-response>
</http-data-source>
```

The policy is the root of a resolver's document: `Gateway(…).resolve(policy, arguments={"id": 1}, parent={…})`.
`context.GraphQL` has the arguments and the parent object; `context.Request.Body` has the arguments as
`{"arguments": {…}}`. In `http-response` the response is that of the resolver's own request; without that element its
body is the result.

Simulated: `Gateway(outside=…)` responds, or else its `backend`; no socket is opened. Our choices, where the
documentation is silent: a status of 400 and above is not an error, and the body counts; of the `backend` element only
the timeout of forward-request has an effect; with set-backend-service the request goes to the base URL of that backend
with the path and query of `set-url`; `set-url` is evaluated before the policies beside it.

Source: https://learn.microsoft.com/azure/api-management/http-data-source-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.effects import Effect, Sent
from apimpolicy.gateway.policies.outgoing_requests import outgoing_request
from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep, child, child_texts, part, policies, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.policies.forward_request import ForwardRequest

TIMEOUT = 300.0
"""Seconds, as for forward-request."""


@part("http-request")
class HttpCall:
    urls: list[str] = child_texts("set-url", trimmed, required=True)
    steps: list[PolicyStep] = policies(
        *("get-authorization-context", "set-backend-service", "set-method", "include-fragment", "set-header"),
        *("set-body", "authentication-certificate"),
        own="request",
    )


@part("backend")
class BackendCall:
    steps: list[PolicyStep] = policies("forward-request")


@part("http-response")
class HttpAnswer:
    steps: list[PolicyStep] = policies(
        *("set-body", "json-to-xml", "xml-to-json", "find-and-replace", "publish-event", "include-fragment"),
        *("set-header", "set-status"),
        own="response",
    )


@policy(
    "http-data-source",
    sections="",
    left_out="what stands in `backend`, apart from the timeout of forward-request",
    traits="responds",
)
class HttpDataSource:
    http_request: PolicyStep | None = child(HttpCall, required=True)
    backend: PolicyStep | None = child(BackendCall)
    http_response: PolicyStep | None = child(HttpAnswer)

    def run(self, exchange: PolicyExchange) -> Effect:
        assert self.http_request is not None
        call: HttpCall = exchange.evaluate(self.http_request)
        request = outgoing_request(exchange, "new", call.urls, call.steps)
        _redirect(exchange, request)
        response = exchange.send(request, self.timeout(exchange))
        exchange.answer_resolver(exchange.received(response))
        if self.http_response is not None:
            answer: HttpAnswer = exchange.evaluate(self.http_response)
            exchange.execute(answer.steps)
        return Sent.answered(request, response)

    def timeout(self, exchange: PolicyExchange) -> float:
        if self.backend is None:
            return TIMEOUT
        part_: BackendCall = exchange.evaluate(self.backend)
        for step in part_.steps:
            forward: ForwardRequest = exchange.evaluate(step)
            return forward.timeout if forward.timeout_ms is None else forward.timeout_ms / 1000
        return TIMEOUT


def _redirect(exchange: PolicyExchange, request: Request) -> None:
    """Send the request to the backend that set-backend-service chose, if it did."""
    from apimpolicy.gateway.context.urls import Url

    if exchange.backend_url is None:
        return
    base, url = Url.parse(exchange.backend_url), Url.parse(request.url)
    request.url = str(base.replaced(path=base.path.rstrip("/") + url.path, query_string=url.query_string))
