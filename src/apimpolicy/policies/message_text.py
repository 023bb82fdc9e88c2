"""The body of a message as text, for policies that change it; what is not used up yet, in its own character set."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from apimpolicy.context.headers import charset_of
from apimpolicy.dotnet.exceptions import InvalidOperationException
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.surroundings import PolicyError

if TYPE_CHECKING:
    from apimpolicy.context.messages import RequestMessage, ResponseMessage


def read_text(message: RequestMessage | ResponseMessage) -> str | None:
    """Return the text as a .NET string; None when there is no body. Raises PolicyError for an unknown character set."""
    from apimpolicy.context.bodies import decode

    if message.body is None or not message.body.remaining:
        return None
    try:
        return decode(message.body.remaining, _charset(message))
    except InvalidOperationException as error:
        raise PolicyError(None, error.message) from None


def write_text(message: RequestMessage | ResponseMessage, text: str) -> int:
    """Replace the body by a .NET string, in the character set that the message states; how many bytes it has."""
    try:
        data = from_utf16(text).encode(codecs.lookup(_charset(message) or "utf-8").name, "replace")
    except LookupError:
        data = from_utf16(text).encode("utf-8", "replace")
    message.set_body(data)
    return len(data)


def _charset(message: RequestMessage | ResponseMessage) -> str | None:
    return charset_of(message.headers.joined("Content-Type") or "")
