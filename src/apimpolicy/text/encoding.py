"""Bytes of a policy file to a `Source`: UTF-8, with or without a byte order mark.

POL002  the bytes are not UTF-8
POL003  the file is UTF-16
"""

from __future__ import annotations

import codecs

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.source import Source

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
