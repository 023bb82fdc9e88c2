"""The body of a message as validation policies see it: its size, decompressed, and its media type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.errors import LimitExceededError, NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.context.messages import RequestMessage, ResponseMessage

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
    raise ValueError(f"The body is not {encoding}.")
