"""The request that send-request and send-one-way-request make of their attributes and children."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.surroundings import Exchange, PolicyError, Step

if TYPE_CHECKING:
    from apimpolicy.context.records import Request

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


def outgoing_request(exchange: Exchange, mode: str, urls: Sequence[str], steps: Sequence[Step]) -> Request:
    """Return the request, ready to be sent. Raises PolicyError for one that has no URL."""
    from apimpolicy.context.messages import RequestMessage
    from apimpolicy.context.urls import Url

    current = exchange.request
    if mode == "new" and not urls:
        raise PolicyError(None, "The request has no URL: set-url is missing.")
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
