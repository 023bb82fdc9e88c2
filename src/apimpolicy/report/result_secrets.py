"""What the messages of a result carry as tokens, keys and passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.text.secrets import is_secret_header, keep_headers_secret

if TYPE_CHECKING:
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response
    from apimpolicy.engine.result import Result


def hide_secrets_of(result: Result) -> None:
    """From now on hide what the headers of its messages carry: before anything of a result is written."""
    exchange = result.exchange
    sent: list[Request | Response] = [*exchange.backend_requests, *exchange.sent_requests]
    messages = [result.request, result.response, *sent]
    keep_headers_secret(found for message in messages for found in _secret(message.headers))


def _secret(headers: Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if is_secret_header(name)]
