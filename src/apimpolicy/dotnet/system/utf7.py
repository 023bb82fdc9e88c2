"""`Encoding.UTF7`: ASCII letters as they are, everything else as base 64 between `+` and `-`.

Source: RFC 2152, and what `UTF7Encoding` of .NET Core 3.1 makes of it: the optional characters of the RFC go into
base 64, a piece of base 64 always ends with `-`, and a byte that is not ASCII is read as the character of its number.
"""

from __future__ import annotations

import string

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.registry import implements_all
from apimpolicy.dotnet.system.encodings import Encoding, add_encoding

_DIRECT = frozenset("\t\n\r '(),-./:?" + string.ascii_letters + string.digits)
_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_VALUES = {ord(digit): value for value, digit in enumerate(_DIGITS)}
_DIGIT_BITS, _UNIT_BITS = 6, 16


class Utf7(Encoding):
    """UTF-7, which can write every code unit and read every byte."""

    __slots__ = ()

    def encode(self, text: str) -> bytes:
        work_through(len(text) << 3)
        out: list[str] = []
        bits = buffer = 0
        is_open = False
        for char in text:
            if char in _DIRECT or (char == "+" and not is_open):
                out.append(_closed(buffer, bits) if is_open else "")
                out.append("+-" if char == "+" else char)
                is_open, bits, buffer = False, 0, 0
                continue
            out.append("" if is_open else "+")
            is_open = True
            buffer = buffer << _UNIT_BITS | ord(char)
            bits += _UNIT_BITS
            while bits >= _DIGIT_BITS:
                bits -= _DIGIT_BITS
                out.append(_DIGITS[buffer >> bits])
                buffer &= (1 << bits) - 1
        if is_open:
            out.append(_closed(buffer, bits))
        return "".join(out).encode("ascii")

    def decode(self, data: bytes) -> str:
        work_through(len(data) << 3)
        out: list[str] = []
        bits = buffer = 0
        is_open = is_first = False
        for byte in data:
            value = _VALUES.get(byte) if is_open else None
            if value is not None:
                is_first = False
                buffer = buffer << _DIGIT_BITS | value
                bits += _DIGIT_BITS
                if bits >= _UNIT_BITS:
                    bits -= _UNIT_BITS
                    out.append(chr(buffer >> bits))
                    buffer &= (1 << bits) - 1
            elif is_open:
                is_open = False
                if byte != ord("-"):
                    out.append(chr(byte))
                elif is_first:
                    out.append("+")
            elif byte == ord("+"):
                is_open = is_first = True
                bits = buffer = 0
            else:
                out.append(chr(byte))
        return "".join(out)


def _closed(buffer: int, bits: int) -> str:
    """Return the end of a piece of base 64: the bits that are left, and `-`."""
    return (_DIGITS[buffer << _DIGIT_BITS - bits] if bits else "") + "-"


UTF7 = Utf7("utf-7", 65000, "Unicode (UTF-7)", "utf-7", "UTF7Encoding")
add_encoding(UTF7, "utf-7", "unicode-1-1-utf-7", "csunicode11utf7", "x-unicode-1-1-utf-7", "x-unicode-2-0-utf-7")

implements_all("System.Text.Encoding", {"UTF7": lambda: UTF7})
