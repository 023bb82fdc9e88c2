"""Find what the messages of a result carry as tokens, keys and passwords."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.effects import Forwarded, ResponseReturned, Sent
from apimpolicy.text.secrets import hide_message_secrets, is_secret_header

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.result import Result

_LONGEST_BODY = 1 << 16
"""Bytes of a body in which secrets are looked for."""


def hide_secrets_of(result: Result) -> None:
    """From now on, hide what its messages carry: before anything of a result is written."""
    exchange = result.exchange
    sent: list[Request | Response] = [*exchange.backend_requests, *exchange.sent_requests]
    # An API may give its subscription keys in a header and a parameter of its own.
    names = exchange.context.api.subscription_key_parameter_names
    keys = from_utf16(names.header), from_utf16(names.query)
    hide_secrets_in([result.request, result.response, *sent, *_answers(result)], keys, _tokens(result))
    if result.mcp is not None and result.mcp.inner is not None:
        hide_secrets_of(result.mcp.inner)


def hide_secrets_in(
    messages: Sequence[Request | Response], keys: tuple[str, str] = ("", ""), tokens: Iterable[str] = ()
) -> None:
    """From now on, hide what these messages carry; `keys` are a header and a parameter that carry one too."""
    header, parameter = keys
    found = [
        (name, value)
        for message in messages
        for name, value in message.headers.items()
        if is_secret_header(name) or name.lower() == header.lower()
    ]
    hide_message_secrets(found, _texts(messages), [*_keys(messages, parameter), *tokens])


def _answers(result: Result) -> Iterator[Response]:
    for entry in result.trace:
        effect = entry.effect
        if isinstance(effect, (Forwarded, Sent, ResponseReturned)) and effect.response is not None:
            yield effect.response


def _texts(messages: Sequence[Request | Response]) -> Iterator[str]:
    for message in messages:
        url = getattr(message, "url", None)
        if url is not None:
            yield url
        if message.body:
            yield message.body[:_LONGEST_BODY].decode("utf-8", "replace")


def _keys(messages: Sequence[Request | Response], parameter: str) -> Iterator[str]:
    """Yield the subscription keys in URLs."""
    from urllib.parse import parse_qs

    for message in messages:
        query = getattr(message, "url", "").partition("?")[2]
        if parameter and parameter in query:
            yield from parse_qs(query).get(parameter, ())


def _tokens(result: Result) -> Iterator[str]:
    """Yield the tokens that get-authorization-context put into variables."""
    for value in result.exchange.variables.values():
        token = getattr(value, "access_token", None)
        if isinstance(token, str):
            yield from_utf16(token)
