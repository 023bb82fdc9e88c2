"""`XmlConvert.EncodeName` and its inverse: any text as an XML name, with `_xHHHH_` for what a name cannot have."""

from __future__ import annotations

import re

from apimpolicy.dotnet.costs import SLOW
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.xml.names import is_name_character, is_name_start

_TYPE = "System.Xml.XmlConvert"
_LOOKS_ENCODED = re.compile("_[xX][0-9a-fA-F]{4}(?:[0-9a-fA-F]{4})?_")


@implements(_TYPE, "EncodeName", cost=SLOW)
def encode_name(name: str | None) -> str | None:
    """
    >>> encode_name("a b"), encode_name("1:x"), encode_name("_x0041_")
    ('a_x0020_b', '_x0031_:x', '_x005F_x0041_')
    """
    if not name:
        return name
    out: list[str] = []
    index = 0
    while index < len(name):
        char = name[index]
        pair = name[index : index + 2]
        if char == "_" and _LOOKS_ENCODED.match(name, index):
            out.append("_x005F_")
        elif char == ":" or (is_name_character(char) if index else is_name_start(char)):
            out.append(char)
        elif len(pair) == 2 and "\ud800" <= char <= "\udbff" and "\udc00" <= pair[1] <= "\udfff":
            code = 0x10000 + (ord(char) - 0xD800 << 10) + ord(pair[1]) - 0xDC00
            out.append(f"_x{code:08X}_")
            index += 1
        else:
            out.append(f"_x{ord(char):04X}_")
        index += 1
    return "".join(out)


def _decode_character(match: re.Match[str]) -> str:
    code = int(match.group()[2:-1], 16)
    if code < 0x10000:
        return chr(code)
    if code > 0x10FFFF:
        return match.group()
    return chr(0xD800 + (code - 0x10000 >> 10)) + chr(0xDC00 + (code & 0x3FF))


def decode_name(name: str | None) -> str | None:
    """
    >>> decode_name("a_x0020_b")
    'a b'
    """
    return name and _LOOKS_ENCODED.sub(_decode_character, name)
