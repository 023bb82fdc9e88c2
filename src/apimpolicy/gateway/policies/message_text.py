"""The body of a message: its media type and size, decompressed, and as text for policies that change it.

Text is what is not used up yet, in its own character set.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from apimpolicy.csharp.dotnet.exceptions import DotnetException, InvalidOperationException
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import LimitExceededError, NotSimulatedError
from apimpolicy.gateway.context.headers import charset_of
from apimpolicy.gateway.policies.effects import Converted
from apimpolicy.gateway.policies.spec import PolicyError, PolicyExchange, azure_error, specification
from apimpolicy.gateway.policies.surroundings import azure_text

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage

_REFUSED = re.compile(r"\s*q\s*=\s*0(?:\.0*)?\s*", re.IGNORECASE)
_TEXTS = frozenset(
    {
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "application/x-www-form-urlencoded",
        "application/graphql",
        "application/yaml",
        "application/x-yaml",
        "application/x-ndjson",
    }
)


def media_type(content_type: str | None) -> str:
    """Return type and subtype, in lower case and without parameters; empty when there is none.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'
    """
    return (content_type or "").partition(";")[0].strip().lower()


def is_json(content_type: str | None) -> bool:
    """`application/json`, `text/json` and what ends with `+json`."""
    kind = media_type(content_type)
    return kind in ("application/json", "text/json") or kind.endswith("+json")


def is_xml(content_type: str | None) -> bool:
    """`application/xml`, `text/xml` and what ends with `+xml`."""
    kind = media_type(content_type)
    return kind in ("application/xml", "text/xml") or kind.endswith("+xml")


def is_text(content_type: str | None) -> bool:
    """Return whether a type is JSON, XML, `text/…`, or a textual application type."""
    kind = media_type(content_type)
    return kind.startswith("text/") or kind in _TEXTS or is_json(kind) or is_xml(kind)


def accepts(accept: str | None, wanted: Callable[[str], bool]) -> bool:
    """Return whether an Accept header names such a type, with a quality that is not 0. `*/*` names none.

    >>> accepts("text/html, application/json;q=0.5", is_json), accepts("*/*", is_json), accepts(None, is_json)
    (True, False, False)
    """
    for entry in (accept or "").split(","):
        kind, *parameters = entry.split(";")
        if wanted(kind) and not any(_REFUSED.fullmatch(parameter) for parameter in parameters):
            return True
    return False


MAX_BYTES = 16 * 1024 * 1024
"""A body that is longer, decompressed, is not read."""


def media_type_of(message: RequestMessage | ResponseMessage) -> str:
    """Return the media type in lower case, without parameters; empty when there is none."""
    return from_utf16(message.headers.joined("Content-Type") or "").partition(";")[0].strip().lower()


def content_of(message: RequestMessage | ResponseMessage) -> bytes:
    """Return the body, decompressed. Raises ValueError for one that does not fit Content-Encoding."""
    if message.body is None:
        return b""
    content = message.body.remaining
    encodings = from_utf16(message.headers.joined("Content-Encoding") or "").lower()
    for encoding in reversed([part.strip() for part in encodings.split(",")]):
        if encoding in ("gzip", "x-gzip", "deflate"):
            content = _inflated(content, encoding)
        elif encoding not in ("", "identity"):
            raise NotSimulatedError(f"a body with the content encoding '{encoding[:40]}'")
    return content


def size_of(message: RequestMessage | ResponseMessage, content: bytes) -> int:
    """Return the length of the body in bytes: Content-Length, unless the body is compressed."""
    stated = from_utf16(message.headers.joined("Content-Length") or "").strip()
    if stated.isdecimal() and len(stated) < 16 and not message.headers.get_all("Content-Encoding"):
        return int(stated)
    return len(content)


def _inflated(content: bytes, encoding: str) -> bytes:
    import zlib

    ways = (31,) if encoding != "deflate" else (15, -15)
    for bits in ways:
        inflater = zlib.decompressobj(bits)
        try:
            data = inflater.decompress(content, MAX_BYTES + 1)
        except zlib.error:
            continue
        if len(data) > MAX_BYTES:
            raise LimitExceededError("decompressed_body_bytes", MAX_BYTES)
        return data
    raise ValueError(azure_text("body-encoding", encoding=encoding))


def read_text(message: RequestMessage | ResponseMessage) -> str | None:
    """Return the text as a .NET string; None when there is no body. Raises PolicyError for an unknown character set."""
    from apimpolicy.gateway.context.bodies import decode

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

    def run(self, exchange: PolicyExchange) -> Converted:
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
            raise azure_error("body-not-converted", format=self.target, details=error.message) from None
        message.set_body(converted)
        message.headers.set("Content-Type", [f"application/{self.target.lower()}"])
        length = len(message.body.remaining) if message.body is not None else 0
        return Converted(f"{self.source} to {self.target}, {length:,} bytes", message=kind, length=length)

    def reason_against(self, exchange: PolicyExchange) -> str:
        """Return why the body is not converted, or an empty text."""
        if self.apply != "always" and not _INCLUDES[self.source](exchange.message.headers.joined("Content-Type")):
            return f"the content type is not {self.source}"
        accept = exchange.request.headers.joined("Accept")
        if self.consider_accept_header and not accepts(accept, _INCLUDES[self.target]):
            return f"the Accept header names no {self.target}"
        return ""
