"""Text as bytes, UTF-16 and digits."""

from __future__ import annotations

import codecs
import struct

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.source import Source

# Bytes of a policy file to a `Source`: UTF-8, with or without a byte order mark.
# POL002  the bytes are not UTF-8
# POL003  the file is UTF-16

NOT_UTF8 = "POL002"
UTF16 = "POL003"


def decode(data: bytes, path: str = "<policy>") -> tuple[Source, list[Diagnostic]]:
    """Return the text of a policy file and its encoding error, if any: one diagnostic, at the first bad byte.

    A UTF-8 byte order mark is taken off: offset 0, line 1, column 1 is the first character after it. The source is
    usable in any case; bytes that cannot be decoded stand as U+FFFD.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        source = Source(data.decode("utf-16", "replace"), path)
        finding = Diagnostic(UTF16, "the file is UTF-16, not UTF-8", source, 0, 0, help="Save it as UTF-8.")
        return source, [finding]
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Source(data.decode(), path), []
    except UnicodeDecodeError as error:
        source = Source(data.decode("utf-8", "replace"), path)
        start = len(data[: error.start].decode())
        message = f"the byte 0x{data[error.start]:02X} is not valid UTF-8"
        advice = "Save the file as UTF-8. Tools that deploy it expect that."
        return source, [Diagnostic(NOT_UTF8, message, source, start, start + 1, help=advice)]


# Between Python's text and .NET's: a .NET string is a `str` with one character for each UTF-16 code unit


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


# Numbers in texts of strangers, who write as many digits as they like

_MOST_DIGITS = 18
LARGE = 10**_MOST_DIGITS


def number_of(digits: str) -> int | None:
    """Return a number in ASCII digits, at most LARGE; None when it isn't a number. Leading zeros don't count.

    >>> number_of("0" * 5_000 + "12"), number_of("9" * 5_000) == LARGE, number_of("+1")
    (12, True, None)
    """
    if not (digits.isascii() and digits.isdecimal()):
        return None
    significant = digits.lstrip("0")
    return LARGE if len(significant) > _MOST_DIGITS else int(significant or "0")
