"""Between Python's text and .NET's: a .NET string is a `str` with one character for each UTF-16 code unit."""

from __future__ import annotations

import struct


def to_utf16(text: str) -> str:
    """Text from outside as a .NET string: characters beyond U+FFFF become two surrogates.

    >>> len(to_utf16("a\U0001f600"))
    3
    """
    if not text or text.isascii() or max(text) < "\U00010000":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data)))


def from_utf16(text: str) -> str:
    """A .NET string as Python text: surrogate pairs become one character, lone ones the replacement character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
