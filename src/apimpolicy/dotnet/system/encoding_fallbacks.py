"""What an encoding does with what it cannot write or read: `EncoderFallback` and `DecoderFallback`.

A fallback is the text that replaces, or None, which throws. Policies can have two of each kind: those of the static
properties, beside what the encodings have by themselves. Source: .NET Core 3.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.dotnet.registry import dotnet_class, implements
from apimpolicy.dotnet.values import from_utf16

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.encodings import Encoding

_LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
_BEYOND_ASCII = re.compile("[\ud800-\udbff][\udc00-\udfff]|[^\0-\x7f]")
_BEYOND_LATIN = re.compile("[\ud800-\udbff][\udc00-\udfff]|[^\0-\xff]")
_MOST_BYTES_SHOWN = 20


class EncoderFallbackException(ArgumentException):
    type_name = "System.Text.EncoderFallbackException"


class DecoderFallbackException(ArgumentException):
    type_name = "System.Text.DecoderFallbackException"


def unencodable(encoding: Encoding) -> re.Pattern[str]:
    """What the encoding cannot write: pairs as one, lone halves of a pair always."""
    return {"ascii": _BEYOND_ASCII, "latin-1": _BEYOND_LATIN}.get(encoding.codec, _LONE)


def encode(encoding: Encoding, text: str, fallback: str | None) -> bytes:
    """Bytes of a .NET string; raises EncoderFallbackException for what has no bytes, when nothing replaces it."""

    def replaced(match: re.Match[str]) -> str:
        found = match.group()
        if fallback is None:
            shown = "".join(f"\\\\u{ord(char):04X}" for char in found)
            pair = " pair" if len(found) == 2 else ""
            raise EncoderFallbackException(
                f"Unable to translate Unicode character{pair} {shown} at index {match.start()} to specified code page."
            )
        return fallback * len(found)

    return from_utf16(unencodable(encoding).sub(replaced, text)).encode(encoding.codec)


def undecodable(data: bytes, index: int) -> DecoderFallbackException:
    """The exception for bytes that are no text."""
    shown = "".join(f"[{byte:02X}]" for byte in data[:_MOST_BYTES_SHOWN])
    shown += " ..." if len(data) > _MOST_BYTES_SHOWN else ""
    return DecoderFallbackException(
        f"Unable to translate bytes {shown} at index {index} from specified code page to Unicode."
    )


def _decode_replacing(codec: str, data: bytes) -> str:
    """With U+FFFD for what is no text; half a unit of UTF-16 at the end is one of its own."""
    if codec.startswith("utf-16") and len(data) % 2:
        return data[:-1].decode(codec, "replace") + "\ufffd"
    return data.decode(codec, "replace")


def decode(encoding: Encoding, data: bytes, fallback: str | None) -> str:
    """Python text of bytes; raises DecoderFallbackException for what is no text, when nothing replaces it."""
    if fallback is not None:
        found = _decode_replacing(encoding.codec, data)
        return found if fallback == "\ufffd" else found.replace("\ufffd", fallback)
    try:
        return data.decode(encoding.codec)
    except UnicodeDecodeError as error:
        raise undecodable(data[error.start : error.end], error.start) from None


class _Fallback:
    __slots__ = ("replacement",)

    def __init__(self, replacement: str | None) -> None:
        self.replacement = replacement

    @property
    def most_characters(self) -> int:
        return len(self.replacement or "")

    def equals(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, _Fallback) and other.replacement == self.replacement

    def get_hash_code(self) -> int:
        return 0 if self.replacement is None else 1 + len(self.replacement)


@dotnet_class("System.Text.EncoderFallback", members="MaxCharCount=most_characters")
class EncoderFallback(_Fallback):
    """For what cannot be written."""

    __slots__ = ()


@dotnet_class("System.Text.DecoderFallback", members="MaxCharCount=most_characters")
class DecoderFallback(_Fallback):
    """For what cannot be read."""

    __slots__ = ()


def _register() -> None:
    for fallback, replacement in ((EncoderFallback, "?"), (DecoderFallback, "\ufffd")):
        name = f"System.Text.{fallback.__name__}"
        for property_, made in (("Replacement", fallback(replacement)), ("Exception", fallback(None))):
            implements(name, f"static {name} {property_}Fallback {{ get; }}")(lambda made=made: made)


_register()
