"""The body of a message as text, for policies that change it; what is not used up yet, in its own character set."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, ClassVar

from apimpolicy.context.headers import charset_of
from apimpolicy.dotnet.exceptions import DotnetException, InvalidOperationException
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.effects import Converted
from apimpolicy.policies.media_types import accepts, is_json, is_xml
from apimpolicy.policies.spec import Exchange, PolicyError, specification

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


# The common part of json-to-xml and xml-to-json: when a body is converted, and what becomes of the message

_INCLUDES = {"JSON": is_json, "XML": is_xml}


class BodyConversion:
    """Converts a body from one format to another. `undocumented` are attributes that fail by name."""

    source: ClassVar[str]
    target: ClassVar[str]
    undocumented: ClassVar[tuple[str, ...]]
    apply: str
    consider_accept_header: bool

    def convert(self, text: str) -> str:
        """Convert a .NET string. Raises DotnetException."""
        raise NotImplementedError

    def run(self, exchange: Exchange) -> Converted:
        for field in self.undocumented:
            if getattr(self, field) is not None:
                name = specification(type(self)).name
                raise NotSimulatedError(f"{name} {field.replace('_', '-')}", "it is undocumented")
        message, kind = exchange.message, exchange.message_kind
        reason = self.reason_against(exchange)
        text = None if reason else read_text(message)
        if not text:
            return Converted(f"left alone: {reason or 'no body'}", message=kind, length=None)
        try:
            converted = self.convert(text)
        except DotnetException as error:
            raise PolicyError(None, f"The body cannot be converted to {self.target}. {error.message}") from None
        message.set_body(converted)
        message.headers.set("Content-Type", [f"application/{self.target.lower()}"])
        length = len(message.body.remaining) if message.body is not None else 0
        return Converted(f"{self.source} to {self.target}, {length:,} bytes", message=kind, length=length)

    def reason_against(self, exchange: Exchange) -> str:
        """Return why the body is not converted, or an empty text."""
        if self.apply != "always" and not _INCLUDES[self.source](exchange.message.headers.joined("Content-Type")):
            return f"the content type is not {self.source}"
        accept = exchange.request.headers.joined("Accept")
        if self.consider_accept_header and not accepts(accept, _INCLUDES[self.target]):
            return f"the Accept header names no {self.target}"
        return ""
