"""invoke-request: send a separate request, to a URL or a backend, and return its response to the caller.

```xml
<invoke-request method="POST" url="/score" backend-id="models" response-variable-name="score">
    <header name="Content-Type" value="application/json" />
    <body>@(context.Request.Body.As<string>(preserveContent: true))</body>
</invoke-request>
```

With `response-variable-name` the response is kept in that variable and the pipeline continues. Without it the response
is the caller's, and the pipeline ends. With `backend-id` the URL is a path below the backend's base URL, and the
backend's credentials, circuit breaker and pool are used.

Microsoft's release notes and its policy toolkit know this policy; no page describes it. Simulated in full:
`Gateway(backend=…)` is the backend, `Gateway(outside=…)` any other URL; the requests are in `result.sent_requests`.
Our choices: without `method` it is a GET request without the caller's headers; without `url` it goes to the backend's
base URL; the timeout is that of send-request, 60 seconds; an error goes to on-error.

Source: https://github.com/Azure/azure-api-management-policy-toolkit
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.conversions import body, trimmed
from apimpolicy.gateway.policies.effects import BodySet, Effect, MetadataRead, Sent
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    azure_error,
    child,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep

SECONDS = 60.0


@part("header")
class InvokedHeader:
    name: str = expression_attribute(trimmed, required=True, doubt="unknown-expression")
    value: str | None = expression_attribute()


@part("body")
class InvokedBody:
    content: bytes = content(body, markup=True)


@policy("invoke-request", alternatives=("url", "backend-id"), access="invokes")
class InvokeRequest:
    method: str = expression_attribute(trimmed, default="GET")
    url: str | None = expression_attribute(trimmed)
    backend_id: str | None = expression_attribute(trimmed, refers="backends")
    response_variable_name: str | None = literal_attribute()
    headers: list[PolicyStep] = children(InvokedHeader)
    body: PolicyStep | None = child(InvokedBody)

    def run(self, exchange: PolicyExchange) -> Effect:
        request = self.request(exchange)
        if self.backend_id is None:
            response = exchange.send(request, SECONDS)
        else:
            response = exchange.send_to_backend(request, from_utf16(self.backend_id), SECONDS)
        answer = exchange.received(response)
        if self.response_variable_name is None:
            exchange.end(answer)
        else:
            exchange.variables[self.response_variable_name] = answer
        return Sent.answered(request, response, ends=self.response_variable_name is None)

    def request(self, exchange: PolicyExchange) -> Request:
        """Return the request, its URL made whole by the backend's. Raises PolicyError."""
        from apimpolicy.gateway.context.messages import RequestMessage
        from apimpolicy.gateway.context.urls import Url

        base = self.base(exchange)
        written = from_utf16(self.url or "")
        try:
            url = Url.parse(written if base is None or "://" in written else joined(base, written), "")
        except ConfigurationError as error:
            raise PolicyError(None, str(error)) from None
        message = RequestMessage(self.method.upper(), url)
        for step in self.headers:
            header: InvokedHeader = exchange.evaluate(step)
            name, value = header.name, header.value or ""
            message.headers.append(name, value)
            exchange.note(MetadataRead(f"{name}: {value}", name=name, value=value), step)
        if self.body is not None:
            inner: InvokedBody = exchange.evaluate(self.body)
            message.set_body(inner.content)
            exchange.note(BodySet(f"{len(inner.content):,} bytes", message="request"), self.body)
        return message.to_request()

    def base(self, exchange: PolicyExchange) -> str | None:
        if self.backend_id is None:
            return None
        name = from_utf16(self.backend_id)
        known = exchange.services.backends.describe(name)
        if known is None:
            raise azure_error("backend-unknown", id=name)
        return known if "://" in known else f"https://{name}"  # a pool has no URL of its own


def joined(base: str, path: str) -> str:
    """Return a path below a base URL.

    >>> joined("https://a.example/v1/", "/score"), joined("https://a.example", "")
    ('https://a.example/v1/score', 'https://a.example')
    """
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base
