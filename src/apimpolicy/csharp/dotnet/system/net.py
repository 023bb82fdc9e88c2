"""`System.Net`: escaping for the web (`WebUtility`), what is escaped in texts of a `System.Uri`, and `IPAddress`."""

from __future__ import annotations

import html.entities
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from apimpolicy.csharp.dotnet.costs import SLOW
from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentNullException,
    FormatException,
    UriFormatException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.csharp.dotnet.system.objects import get_hash_code
from apimpolicy.csharp.dotnet.values import Array, Equatable, byte_array, from_utf16, to_utf16

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.system.text_streams import StringWriter


_HALF_PAIR = re.compile(r"(?<![^\x00-\x7f])[\ud800-\udbff](?![^\x00-\x7f])|[\ud800-\udbff]\Z")
"""The first half of a pair, alone among ASCII or at the end: .NET refuses it."""
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTITY = re.compile(r"&(#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,8}|[0-9A-Za-z]{1,40});")


def percent_encode(text: str, safe: str) -> str:
    """UTF-8 bytes as `%XX`, but for ASCII letters, digits and the safe characters."""
    work_through(len(text) << 3)
    return quote(from_utf16(text), safe=safe, encoding="utf-8")


def percent_decode(text: str) -> str:
    """`%XX` of valid UTF-8 as characters; everything else stays as it is.

    >>> percent_decode("a%20b+c%C3%A9%zz%FF")
    'a b+cé%zz%FF'
    """
    work_through(len(text) << 2)
    return _ESCAPED.sub(_decode_run, text) if "%" in text else text


def _decode_run(match: re.Match[str]) -> str:
    data = bytes.fromhex(match.group().replace("%", ""))
    try:
        return to_utf16(data.decode("utf-8"))
    except UnicodeDecodeError:
        decoded = data.decode("utf-8", "surrogateescape")
        kept = [f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char for char in decoded]
        return to_utf16("".join(kept))


def form_encode(text: str, safe: str) -> str:
    """As a form field: a space is `+`."""
    return percent_encode(text, safe + " ").replace(" ", "+")


def form_decode(text: str) -> str:
    """Decode a form field; bytes that are not UTF-8 become replacement characters."""
    work_through(len(text) << 2)
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _ESCAPED.sub(
        lambda match: to_utf16(bytes.fromhex(match.group().replace("%", "")).decode("utf-8", "replace")), text
    )


_SAFE = "-_.!*()"


_HTML = {ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;", ord("'"): "&#39;", ord("&"): "&amp;"}
_HTML |= {code: f"&#{code};" for code in range(160, 256)}


@implements("System.Net.WebUtility", "HtmlEncode(string)", cost=SLOW)
def html_encode(text: str | None) -> str | None:
    """`<>"'&` and U+00A0 to U+00FF as entities, characters beyond U+FFFF as numbers.

    >>> html_encode("<é€>")
    '&lt;&#233;€&gt;'
    """
    if text is None:
        return None
    work_through(len(text) << 2)
    encoded = text.translate(_HTML)
    if encoded.isascii() or not any("\ud800" <= char <= "\udfff" for char in encoded):
        return encoded
    return "".join(f"&#{ord(char)};" if char > "\uffff" else char for char in from_utf16(encoded))


def _decode_entity(match: re.Match[str]) -> str:
    name = match.group(1)
    if name[0] == "#":
        code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        if code <= 0xD7FF or 0xE000 <= code <= 0x10FFFF:
            return to_utf16(chr(code))
        return match.group()
    if name == "apos":
        return "'"
    code_point = html.entities.name2codepoint.get(name)
    return chr(code_point) if code_point is not None else match.group()


@implements("System.Net.WebUtility", "HtmlDecode(string)", cost=SLOW)
def html_decode(text: str | None) -> str | None:
    """Decode the entities of HTML 4, `&apos;` and numbers; unknown ones are kept."""
    work_through(len(text or "") << 2)
    return text if text is None or "&" not in text else _ENTITY.sub(_decode_entity, text)


@implements("System.Net.WebUtility", "UrlEncode", cost=SLOW)
def _url_encode(text: str | None) -> str | None:
    return text if text is None else form_encode(text, _SAFE).replace("~", "%7E")


@implements("System.Net.WebUtility", "UrlDecode", cost=SLOW)
def _url_decode(text: str | None) -> str | None:
    return text if text is None else form_decode(text)


@implements("System.Uri", "EscapeDataString", cost=SLOW)
def escape_data_string(text: str | None) -> str:
    """Escape all but the unreserved characters of RFC 3986.

    >>> escape_data_string("a b&~!")
    'a%20b%26~%21'
    """
    return _escaped(text, "-_.~")


def _escaped(text: str | None, kept: str) -> str:
    text = require(text, "stringToEscape")
    if _HALF_PAIR.search(text):
        raise UriFormatException("Invalid URI: There is an invalid sequence in the string.")
    return percent_encode(text, kept)


@implements("System.Uri", "EscapeUriString", cost=SLOW)
def escape_uri_string(text: str | None) -> str:
    """Escape all but the unreserved and the reserved characters of RFC 3986."""
    return _escaped(text, "-_.~:/?#[]@!$&'()*+,;=")


@implements("System.Uri", "UnescapeDataString", cost=SLOW)
def _unescape_data_string(text: str | None) -> str:
    return percent_decode(require(text, "stringToUnescape"))


@implements("System.Net.WebUtility", "HtmlEncode(string, TextWriter)", cost=SLOW)
def _write_html_encoded(text: str | None, output: StringWriter | None) -> None:
    require(output, "output").write(html_encode(text))


@implements("System.Net.WebUtility", "HtmlDecode(string, TextWriter)", cost=SLOW)
def _write_html_decoded(text: str | None, output: StringWriter | None) -> None:
    require(output, "output").write(html_decode(text))


def _bytes(data: Array | None, offset: int, count: int) -> bytes | None:
    """Return the part of an array that is to be encoded; None for no array and no bytes."""
    if data is None:
        if count == 0:
            return None
        raise ArgumentNullException("bytes")
    check_range(0 <= offset <= len(data), "offset")
    check_range(0 <= count <= len(data) - offset, "count")
    return bytes(data[offset : offset + count])


@implements("System.Net.WebUtility", "UrlEncodeToBytes", cost=SLOW)
def _url_encode_bytes(data: Array | None, offset: int, count: int) -> Array | None:
    part = _bytes(data, offset, count)
    if part is None:
        return None
    encoded = quote_from_bytes(part, _SAFE + " ").replace(" ", "+").replace("~", "%7E")
    return byte_array(encoded.encode("ascii"))


@implements("System.Net.WebUtility", "UrlDecodeToBytes", cost=SLOW)
def _url_decode_bytes(data: Array | None, offset: int, count: int) -> Array | None:
    part = _bytes(data, offset, count)
    return None if part is None else byte_array(unquote_to_bytes(part.replace(b"+", b" ")))


# The texts of a `System.Uri`: what is escaped in them, what is shown unescaped, and paths without dot segments.
# Source: RFC 3986, RFC 3987 (the characters that need no escape) and .NET Core 3.1, `UriHelper` and `IriHelper`.

_UNRESERVED_ESCAPE = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_KEPT_ESCAPED = re.compile(r"%(?:25|23|2[fF]|3[fFaAbBdD]|40|5[cC]|26|2[bBcC4])|%[01][0-9A-Fa-f]|%7[fF]")
_HIGH_ESCAPES = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")
_NO_IRI_CHARACTER = re.compile(
    "[\x80-\x9f\u200e\u200f\u202a-\u202e\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff]|[\udb80-\udbff][\udc00-\udfff]"
)


def normal_escapes(text: str, safe: str) -> str:
    """Escape what must be; unescape unreserved characters; leave other escapes alone."""
    text = _UNRESERVED_ESCAPE.sub(lambda match: chr(int(match.group()[1:], 16)), text)
    text = re.sub("%(?![0-9A-Fa-f]{2})", "%25", text)
    return percent_encode(text, safe + "-_.~%")


def upper_case_escapes(text: str) -> str:
    """Escaped bytes in upper case, as soon as the text has one character that is not ASCII, escaped or not.

    >>> upper_case_escapes("a%c3%a9%2c"), upper_case_escapes("a%c3%2c")
    ('a%C3%A9%2c', 'a%c3%2c')
    """
    if percent_decode(text).isascii():
        return text
    return _HIGH_ESCAPES.sub(lambda run: run.group().upper(), text)


def readable(text: str) -> str:
    """Without the escapes of characters that are safe to show: `UriFormat.SafeUnescaped`."""

    def decode(match: re.Match[str]) -> str:
        run, kept = match.group(), []
        position = 0
        for escaped in _KEPT_ESCAPED.finditer(run):
            kept.append(_shown(run[position : escaped.start()]))
            kept.append(escaped.group())
            position = escaped.end()
        kept.append(_shown(run[position:]))
        return "".join(kept)

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", decode, text)


def _shown(run: str) -> str:
    """Return the characters of escapes; bytes that are no UTF-8, and what RFC 3987 does not allow, stay escaped."""
    return _NO_IRI_CHARACTER.sub(lambda match: percent_encode(match.group(), ""), percent_decode(run))


def without_dot_segments(path: str) -> str:
    """Return a rooted path in which `.` and `..` are worked out."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
            if last:
                kept.append("")
        elif segment != ".":
            kept.append(segment)
        elif last:
            kept.append("")
    return "/" + "/".join(kept)


_IPV4, _IPV6 = 2, 23
"""Of the enum `System.Net.Sockets.AddressFamily`."""
_PART = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]{0,9}")
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


@dotnet_class("System.Net.IPAddress", members="AddressFamily=family")
class IPAddress(Equatable):
    """An address; `data` is 4 or 16 bytes in network order."""

    __slots__ = ("data", "scope")

    def __init__(self, data: bytes, scope: int = 0) -> None:
        self.data = data
        self.scope = scope

    @property
    def family(self) -> int:
        return _IPV4 if len(self.data) == 4 else _IPV6

    def get_address_bytes(self) -> Array:
        return byte_array(self.data)

    def to_string(self) -> str:
        if len(self.data) == 4:
            return ".".join(map(str, self.data))
        shown = ipv6_text(self.data)
        return f"{shown}%{self.scope}" if self.scope else shown

    @property
    def identity(self) -> Any:
        return self.data, self.scope

    def get_hash_code(self) -> int:
        return get_hash_code(self.data.hex())


def ipv6_text(data: bytes) -> str:
    """Return 16 bytes as text: the first longest run of zeros is `::`, an embedded IPv4 address is shown as such.

    Source: .NET Core 3.1, `IPv6AddressHelper`: IPv4 shows after zeros, after `ffff`, in SIIT and in ISATAP.

    >>> ipv6_text(bytes(12) + bytes([0, 1, 0, 0])), ipv6_text(bytes([0, 1]) + bytes(13) + bytes([1]))
    ('::0.1.0.0', '1::1')
    """
    numbers = [int.from_bytes(data[index : index + 2], "big") for index in range(0, 16, 2)]
    if not _shows_ipv4(numbers):
        return _groups_text(numbers)
    shown = _groups_text(numbers[:6])
    return shown + ("" if shown.endswith(":") else ":") + ".".join(map(str, data[12:]))


def _shows_ipv4(numbers: list[int]) -> bool:
    after_zeros = not any(numbers[:4]) and numbers[6] != 0
    return (after_zeros and numbers[4:6] in ([0, 0], [0, 0xFFFF], [0xFFFF, 0])) or numbers[4:6] == [0, 0x5EFE]


def _groups_text(numbers: list[int]) -> str:
    start, length = 0, 1
    for index in range(len(numbers)):
        end = index
        while end < len(numbers) and numbers[end] == 0:
            end += 1
        if end - index > length:
            start, length = index, end - index
    if length == 1:
        return ":".join(f"{number:x}" for number in numbers)
    head, tail = numbers[:start], numbers[start + length :]
    return ":".join(f"{number:x}" for number in head) + "::" + ":".join(f"{number:x}" for number in tail)


def read_ipv6(text: str) -> bytes | None:
    """Eight groups, or fewer around one `::`; the last two may be an IPv4 address, read as decimal."""
    head, compressed, tail = text.partition("::")
    before, after = _read_groups(head), _read_groups(tail)
    if before is None or after is None or (compressed and "." in head):
        return None
    missing = 16 - len(before) - len(after)
    if missing < 2 if compressed else missing != 0:
        return None
    return before + bytes(missing) + after


def _read_groups(text: str) -> bytes | None:
    if not text:
        return b""
    *groups, last = text.split(":")
    if _DOTTED.fullmatch(last):
        numbers = [int(part) for part in last.split(".")]
        if max(numbers) > 255:
            return None
        ending = bytes(numbers)
    else:
        groups.append(last)
        ending = b""
    if not all(_GROUP.fullmatch(group) for group in groups):
        return None
    return b"".join(int(group, 16).to_bytes(2, "big") for group in groups) + ending


def read_ipv4(text: str) -> bytes | None:
    """Return one to four parts, decimal, octal or hexadecimal; the last one fills the bytes that are left."""
    parts = text.split(".")
    if len(parts) > 4 or not all(_PART.fullmatch(part) for part in parts):
        return None
    numbers = [int(part, 16 if part[:2] in ("0x", "0X") else 8 if part[0] == "0" else 10) for part in parts]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    return bytes(numbers[:-1]) + numbers[-1].to_bytes(5 - len(numbers), "big")


def _read(text: str) -> IPAddress | None:
    if ":" not in text:
        data = read_ipv4(text)
        return IPAddress(data) if data is not None else None
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    address, _, scope = bare.partition("%")
    data = read_ipv6(address)
    if data is None:
        return None
    return IPAddress(data, int(scope) if scope.isdecimal() and len(scope) < 10 else 0)


@implements("System.Net.IPAddress", "Parse")
def parse(text: str | None) -> IPAddress:
    """Raises ArgumentNullException, FormatException."""
    found = _read(require(text, "ipString"))
    if found is None:
        raise FormatException("An invalid IP address was specified.")
    return found


@implements("System.Net.IPAddress", "TryParse")
def _try_parse(text: str | None) -> tuple[bool, IPAddress | None]:
    found = _read(text) if text is not None else None
    return found is not None, found


@implements("System.Net.IPAddress", "IsLoopback")
def _is_loopback(address: IPAddress | None) -> bool:
    address = require(address, "address")
    return address.data[0] == 127 if len(address.data) == 4 else address.data == b"\0" * 15 + b"\x01"


implements_all("System.Net.IPAddress", {"Loopback": lambda: IPAddress(b"\x7f\0\0\x01")})
