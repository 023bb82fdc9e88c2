"""The common part of json-to-xml and xml-to-json: when a body is converted, and what becomes of the message."""

from __future__ import annotations

from typing import ClassVar

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.effects import Converted
from apimpolicy.policies.media_types import accepts, is_json, is_xml
from apimpolicy.policies.message_text import read_text
from apimpolicy.policies.spec import Exchange, PolicyError, specification

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
