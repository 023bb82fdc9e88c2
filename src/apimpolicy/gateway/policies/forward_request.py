"""forward-request: send the request to the backend and wait for its response.

```xml
<forward-request timeout="20" fail-on-error-status-code="true" />
```

The backend's response becomes the response of the pipeline. Without this policy in the backend section, nothing is
forwarded, and outbound starts at once. `timeout` is in seconds (300 by default), `timeout-ms` in milliseconds. With
`follow-redirects="true"` the gateway follows a redirect instead of returning it. With
`fail-on-error-status-code="true"` a status from 400 to 599 is an error.

The backend gets its own `Host`, unless a policy set one, and `X-Forwarded-For` with the caller's
address appended after a comma without a space (seen on real gateways).

Simulated: the backend is what the gateway was given, and no socket is opened. A backend that raises `TimeoutError`, or
whose answer takes longer than `timeout` on the gateway's clock, is the error `Timeout`, "Request to the backend service
timed out"; one that raises another `OSError` is `BackendConnectionFailure`, "Error occured while calling backend
service." on managed gateways, "Error connecting to host:port" on self-hosted ones (all seen). `continue-timeout` and
`http-version` have no effect, `buffer-response` only where `apimpolicy serve` forwards to a real backend. A second
forward-request, as in retry, sends the caller's body again only if the first one has `buffer-request-body` (Microsoft
staff, 2017). In the classic tiers it fails otherwise: ProtocolViolation, "Content length mismatch" (Microsoft's
support, 2020). Our choices: other tiers send no body; a body that a policy set, or read with `preserveContent`, is in
memory and sent again. `Gateway(unbuffered_body=…)` selects "empty", "again" or "error" for all tiers.

Our choices: with `fail-on-error-status-code` the caller gets the backend's response unless on-error changes it,
and the error has no reason, because no document states one. Redirects are followed as .NET's HttpClient does: at most
50, never from https to http, without the header Authorization, and as GET without a body after 303, and after 301 and
302 of a POST. The timeout counts for each request.

Source: https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from apimpolicy.gateway.policies.conversions import Range, boolean, number
from apimpolicy.gateway.policies.effects import Effect, Forwarded, round_trip
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    azure_error,
    expression_attribute,
    literal_attribute,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request, Response

MAXIMUM_REDIRECTS = 50

_REDIRECTS = (300, 301, 302, 303, 307, 308)


@policy(
    "forward-request",
    sections="backend",
    exclusive=(("timeout", "timeout-ms"),),
    left_out="`continue-timeout` and `http-version`, which have no effect",
    traits="responds forwards bounded-numbers",
    access="forwards",
)
class ForwardRequest:
    timeout: float = expression_attribute(number, default=300.0, within=Range(0))
    timeout_ms: float | None = expression_attribute(number)
    continue_timeout: float | None = expression_attribute(number)
    http_version: str = literal_attribute(default="1", values=("1", "2or1", "2"))
    follow_redirects: bool = expression_attribute(boolean, default=False)
    buffer_request_body: bool = literal_attribute(boolean, default=False)
    buffer_response: bool = literal_attribute(boolean, default=True)
    fail_on_error_status_code: bool = literal_attribute(boolean, default=False)

    def run(self, exchange: PolicyExchange) -> None:
        if exchange.endpoint is not None:
            exchange.note(Effect(exchange.endpoint()))
            return
        timeout = self.timeout if self.timeout_ms is None else self.timeout_ms / 1000
        had_body = exchange.request.body is not None and exchange.request.body.is_sent
        sent = len(exchange.backend_requests)
        try:
            request, response = exchange.forward(
                timeout, buffers=self.buffer_response, buffers_request=self.buffer_request_body
            )
        except PolicyError:
            if len(exchange.backend_requests) > sent:
                request = exchange.backend_requests[-1]
                exchange.note(self.effect(exchange, request, None, f"{request.method} {request.url}"))
            raise
        words = round_trip(request, response)
        if exchange.backend_choice:
            words += f" ({exchange.backend_choice})"
        if had_body:
            sends = "sent again" if request.body else "not sent again"
            words += f"; the body was {sends}: the first forward-request has no buffer-request-body"
        exchange.note(self.effect(exchange, request, response, words))
        if self.follow_redirects:
            for _ in range(MAXIMUM_REDIRECTS):
                following = redirected(request, response)
                if following is None:
                    break
                request, response = following, exchange.follow(following, timeout)
                words += f" → {round_trip(request, response)}"
                exchange.note(self.effect(exchange, request, response, words))
        if self.fail_on_error_status_code and 400 <= response.status_code < 600:
            code = response.status_code
            raise azure_error("backend-status", status=code, response=exchange.response, code=code)

    @staticmethod
    def effect(exchange: PolicyExchange, request: Request, response: Response | None, shown: str) -> Effect:
        member = exchange.pool_member
        pool = None if member is None else exchange.backend_id
        return Forwarded(shown, request=request, response=response, member=member, pool=pool)


def redirected(request: Request, response: Response) -> Request | None:
    """Return the request that follows a redirect; None without one, or when it leads from https to http."""
    from apimpolicy.gateway.context.records import Request

    location = response.headers.get("Location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    try:
        url = urljoin(request.url, location)
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    if request.url.lower().startswith("https:") and parts.scheme == "http":
        return None
    becomes_get = response.status_code == 303 and request.method not in ("GET", "HEAD")
    becomes_get |= response.status_code in (300, 301, 302) and request.method == "POST"
    left_out = {"authorization", *(("content-type", "content-length") if becomes_get else ())}
    return Request(
        "GET" if becomes_get else request.method,
        url,
        headers={name: values for name, values in request.headers.fields() if name.lower() not in left_out},
        body=None if becomes_get else request.body,
        certificate=request.certificate,
        ip_address=request.ip_address,
    )
