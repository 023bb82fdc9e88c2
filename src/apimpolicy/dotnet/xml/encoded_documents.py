"""XML as bytes: which encoding a document has, and documents written in an encoding of their own.

An encoding is told by a byte order mark, by the first bytes, or by the declaration. Source: .NET Core 3.1,
`XmlTextReaderImpl` and `XmlEncodedRawTextWriter`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import ArgumentException, XmlException
from apimpolicy.dotnet.system.encodings import UTF8, UTF16, UTF16_BIG, UTF32, UTF32_BIG, Encoding, get_encoding
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.dotnet.xml.containers import XContainer, XDocument
from apimpolicy.dotnet.xml.elements import XElement
from apimpolicy.dotnet.xml.kinds import TEXT
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.xml.nodes import XNode

_MARKED = (UTF32, UTF32_BIG, UTF8, UTF16, UTF16_BIG)
"""Encodings that a byte order mark tells, the longest mark first."""
_BEGINNINGS = ((b"<\0\0\0", UTF32), (b"\0\0\0<", UTF32_BIG), (b"<\0", UTF16), (b"\0<", UTF16_BIG))
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


_LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
_BEYOND_ASCII = re.compile("[\ud800-\udbff][\udc00-\udfff]|[^\0-\x7f]")
_BEYOND_LATIN = re.compile("[\ud800-\udbff][\udc00-\udfff]|[^\0-\xff]")


def _unencodable(encoding: Encoding) -> re.Pattern[str]:
    """Return what the encoding can't write: surrogate pairs as one, lone surrogates always."""
    return {"ascii": _BEYOND_ASCII, "latin-1": _BEYOND_LATIN}.get(encoding.codec, _LONE)


def read(data: bytes) -> str:
    """The .NET string of a document; raises XmlException for an unknown encoding and for bytes that are no text."""
    encoding = next((known for known in _MARKED if data.startswith(known.preamble)), None)
    if encoding is not None:
        data = data[len(encoding.preamble) :]
    else:
        encoding = next((known for start, known in _BEGINNINGS if data.startswith(start)), None)
    if encoding is None:
        encoding = _declared(data)
    try:
        return to_utf16(data.decode(encoding.codec))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding.codec, "replace")
        line, column = before.count("\n") + 1, len(to_utf16(before)) - before.rfind("\n")
        raise XmlException(f"Invalid character in the given encoding. Line {line}, position {column}.") from None


def _declared(data: bytes) -> Encoding:
    match = _DECLARED.match(data)
    if match is None:
        return UTF8
    name, column = match[1].decode("ascii"), match.start(1) + 1
    if name.lower() in ("utf-16", "utf-16le", "utf-16be"):
        raise XmlException(f"There is no Unicode byte order mark. Cannot switch to Unicode. Line 1, position {column}.")
    try:
        return get_encoding(name)
    except ArgumentException:
        raise XmlException(f"System does not support '{name}' encoding. Line 1, position {column}.") from None


def encoding_of(node: XDocument | XElement) -> Encoding:
    """Return what a document's declaration names, if .NET knows it; UTF-8 for everything else."""
    name = node.declaration.encoding if isinstance(node, XDocument) and node.declaration is not None else None
    if not name:
        return UTF8
    try:
        return get_encoding(name)
    except ArgumentException:
        return UTF8


def _all_nodes(node: XNode) -> Iterator[XNode]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, XContainer):
            stack.extend(current.children)


def _check(node: XNode, encoding: Encoding) -> None:
    """Characters that an encoding lacks are written as references, which only texts and values may have."""
    missing = _unencodable(encoding)
    for found in _all_nodes(node):
        names = ""
        if isinstance(found, XElement):
            names = found.name.local + "".join(attribute.name.local for attribute in found.attribute_list)
        elif not isinstance(found, XContainer) and found.node_type != TEXT:
            names = found.to_string()
        if missing.search(names):
            raise NotSimulatedError(
                f"saving in {encoding.web_name}", "a name, comment, section or instruction has other characters"
            )


def written(node: XDocument | XElement, text: str, encoding: Encoding) -> bytes:
    """Return the bytes of a node that was written as this text, without a byte order mark."""
    if encoding.is_single_byte and not text.isascii():
        _check(node, encoding)
        text = _unencodable(encoding).sub(_reference, text)
    return encoding.encode(text)


def _reference(match: re.Match[str]) -> str:
    found = match.group()
    code = ord(found.encode("utf-16-le", "surrogatepass").decode("utf-16-le")) if len(found) == 2 else ord(found)
    return f"&#x{code:X};"
