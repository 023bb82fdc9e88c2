"""Requests that policies send: those of send-request and send-one-way-request, and those to the Dapr sidecar.

Where no document says more about publish-to-dapr and invoke-dapr-binding, our choices: `template="Liquid"` makes the
content a template as in set-body, that sees the message of its section, and `{{…}}` anywhere in the element is
Liquid's, not a named value; a response of status 400 and above is an error with status 500, our own text and no reason;
the response is in the variable before on-error runs; when there is no response at all and errors are ignored, the
variable is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.effects import Effect, Sent
from apimpolicy.gateway.policies.surroundings import PolicyError, PolicyExchange, PolicyStep, azure_error

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request

ORDER = (
    "set-url set-method set-header set-body authentication-certificate authentication-token "
    "authentication-token-store authentication-managed-identity proxy"
)
"""The order of the elements in a request of a policy's own, as far as the gateway's schema has them."""
CHILDREN = (
    "set-method",
    "set-header",
    "set-body",
    "authentication-certificate",
    "authentication-basic",
    "authentication-managed-identity",
    "authentication-token",
    "authentication-token-store",
    "proxy",
)


def outgoing_request(exchange: PolicyExchange, mode: str, urls: Sequence[str], steps: Sequence[PolicyStep]) -> Request:
    """Return the request, ready to be sent. Raises PolicyError for one that has no URL."""
    from apimpolicy.gateway.context.messages import RequestMessage
    from apimpolicy.gateway.context.urls import Url

    current = exchange.request
    if mode == "new" and not urls:
        raise azure_error("own-request-url-missing")
    try:
        url = Url.parse(from_utf16(urls[0]), "") if urls else current.url
    except ConfigurationError as error:
        raise PolicyError(None, str(error)) from None
    if mode == "copy":
        copied = exchange.section in ("inbound", "backend") and current.body is not None
        message = RequestMessage(
            current.method,
            url,
            headers=current.headers.copy(),
            body=current.body.remaining if copied and current.body is not None else None,
            second_read=current.second_read,
        )
    else:
        message = RequestMessage("GET", url, second_read=current.second_read)
    exchange.compose_request(steps, message)
    return message.to_request()


SIDECAR = "http://localhost:3500/v1.0"
JSON = "application/json"


def ask_dapr(
    exchange: PolicyExchange, request: Request, timeout: float, variable: str | None, ignore_error: bool
) -> Effect:
    """Send a request to the sidecar. Raises PolicyError when that fails, unless errors are ignored."""

    try:
        response = exchange.send(request, timeout, to_dapr=True)
    except PolicyError as error:
        if not ignore_error:
            raise
        if variable is not None:
            exchange.variables[variable] = None
        return Sent(f"failed, ignored: {error.message}", request=request, response=None)
    if variable is not None:
        exchange.variables[variable] = exchange.received(response)
    if response.status_code >= 400 and not ignore_error:
        raise azure_error("dapr-status", url=request.url, code=response.status_code)
    return Sent.answered(request, response)


def content_of(exchange: PolicyExchange, content: bytes, template: str | None) -> bytes:
    """Return a content, rendered as a Liquid template if `template` is Liquid. Raises PolicyError."""
    if template is None or template.lower() != "liquid":
        return content
    from apimpolicy.gateway.policies.liquid.template import rendered

    rendering = rendered(exchange, to_utf16(content.decode("utf-8", "replace")), exchange.message)
    return from_utf16(rendering.text).encode("utf-8", "replace")


def in_path(value: str) -> str:
    """Return a name as a part of a URL's path; slashes stay."""
    return quote(value, safe="/~!$&'()*+,;=:@")
