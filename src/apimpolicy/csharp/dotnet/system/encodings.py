"""`System.Text.Encoding`: UTF-8, UTF-16, UTF-32, ASCII and Latin 1."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    NotSupportedException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import declines, dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.values import CHAR, Array, Equatable, byte_array, from_utf16, short_byte_array, to_utf16
from apimpolicy.errors import NotSimulatedError

# `System.Text.Encoding`: UTF-8, UTF-16, UTF-32, ASCII and Latin 1, the encodings .NET Core has by itself.
# UTF-7, which it has too, is not simulated.

_INDEX = "Index and count must refer to a location within the buffer."
NULL_STRING = "String reference not set to an instance of a String."
NULL_ARRAY = "Array cannot be null."


@dotnet_class("System.Text.Encoding", members="BodyName=web_name HeaderName=web_name EncodingName=display_name")
class Encoding(Equatable):
    """One encoding; what it can't write or read is replaced."""

    __slots__ = (
        "code_page", "codec", "display_name", "dotnet_type_name", "is_read_only", "is_single_byte", "keeps_ascii",
        "preamble", "web_name",
    )  # fmt: skip

    def __init__(
        self, web_name: str, code_page: int, display_name: str, codec: str, type_name: str, preamble: bytes = b""
    ) -> None:
        self.web_name = web_name
        self.code_page = code_page
        self.display_name = display_name
        self.codec = codec
        self.dotnet_type_name = f"System.Text.{type_name}"
        self.preamble = preamble
        self.is_single_byte = codec in ("ascii", "latin-1")
        self.keeps_ascii = self.is_single_byte or codec == "utf-8"
        self.is_read_only = True

    def encode(self, text: str) -> bytes:
        """Return the bytes of a .NET string, with `?` or U+FFFD for what the encoding can't write."""
        if len(text) > FREE_UNITS:
            work_through(len(text))
        if self.is_single_byte:
            return text.encode(self.codec, "replace")
        return from_utf16(text).encode(self.codec)

    def decode(self, data: bytes) -> str:
        """Return the .NET string of bytes, with `?` (ASCII) or U+FFFD for what is no text."""
        work_through(len(data))
        half = "\ufffd" if self.codec.startswith("utf-16") and len(data) % 2 else ""
        found = (data[:-1] if half else data).decode(self.codec, "replace") + half
        return to_utf16(found.replace("\ufffd", "?") if self.codec == "ascii" else found)

    @member("GetBytes(string)")
    def get_bytes(self, text: str | None) -> Array:
        text = require(text, "s", NULL_STRING)
        if self.keeps_ascii and len(text) <= FREE_UNITS and text.isascii():
            return short_byte_array(text.encode())
        if len(text) > FREE_UNITS:
            environment().check_elements(len(text))
        return byte_array(self.encode(text))

    @member("GetBytes(string, int, int)")
    def _get_bytes_part(self, text: str | None, index: int, count: int) -> Array:
        return byte_array(self.encode(_part(text, index, count, "s")))

    @member("GetBytes(char[])")
    def _get_bytes_of_chars(self, chars: Array | None) -> Array:
        return byte_array(self.encode("".join(require(chars, "chars", NULL_ARRAY))))

    @member("GetBytes(char[], int, int)")
    def _get_bytes_of_chars_part(self, chars: Array | None, index: int, count: int) -> Array:
        return byte_array(self.encode("".join(_part(chars, index, count, "chars"))))

    @member("GetByteCount(string)")
    def get_byte_count(self, text: str | None) -> int:
        if text is None and self.codec in ("ascii", "utf-8"):
            raise ArgumentNullException("chars")
        return len(self.get_bytes(text))

    @member("GetString(byte[])")
    def get_string(self, data: Array | None) -> str:
        return self.decode(bytes(require(data, "bytes", NULL_ARRAY)))

    @member("GetString(byte[], int, int)")
    def _get_string_part(self, data: Array | None, index: int, count: int) -> str:
        return self.decode(bytes(_part(data, index, count, "bytes")))

    def get_preamble(self) -> Array:
        return byte_array(self.preamble)

    @property
    def identity(self) -> Any:
        return self.code_page, self.preamble

    def get_hash_code(self) -> int:
        return self.code_page


def _part(data: Any, index: int, count: int, name: str) -> Any:
    data = require(data, name, NULL_STRING if name == "s" else NULL_ARRAY)
    check_range(index >= 0 and count >= 0, "index" if index < 0 else "count", "Non-negative number required.")
    if index > len(data) - count:
        if name == "s":
            raise ArgumentOutOfRangeException("index", "Index and count must refer to a location within the string.")
        raise ArgumentOutOfRangeException(name, _INDEX)
    return data[index : index + count]


_MADE_OF: dict[str, Callable[..., Any]] = {
    "char[]": Encoding._get_bytes_of_chars,
    "char[], int, int": Encoding._get_bytes_of_chars_part,
    "string, int, int": Encoding._get_bytes_part,
    "byte[]": Encoding.get_string,
    "byte[], int, int": Encoding._get_string_part,
}
for _parameters, _make in _MADE_OF.items():
    _count = "GetCharCount" if _parameters.startswith("byte") else "GetByteCount"
    implements("System.Text.Encoding", f"{_count}({_parameters})")(lambda *given, make=_make: len(make(*given)))
    if _count == "GetCharCount":
        implements("System.Text.Encoding", f"GetChars({_parameters})")(
            lambda *given, make=_make: Array(CHAR, make(*given))
        )

UTF8 = Encoding("utf-8", 65001, "Unicode (UTF-8)", "utf-8", "UTF8Encoding", b"\xef\xbb\xbf")
UTF8_PLAIN = Encoding("utf-8", 65001, "Unicode (UTF-8)", "utf-8", "UTF8Encoding")
ASCII = Encoding("us-ascii", 20127, "US-ASCII", "ascii", "ASCIIEncoding")
LATIN1 = Encoding("iso-8859-1", 28591, "Western European (ISO)", "latin-1", "Latin1Encoding")
UTF16 = Encoding("utf-16", 1200, "Unicode", "utf-16-le", "UnicodeEncoding", b"\xff\xfe")
UTF16_BIG = Encoding("utf-16BE", 1201, "Unicode (Big-Endian)", "utf-16-be", "UnicodeEncoding", b"\xfe\xff")
UTF32 = Encoding("utf-32", 12000, "Unicode (UTF-32)", "utf-32-le", "UTF32Encoding", b"\xff\xfe\0\0")
UTF32_BIG = Encoding("utf-32BE", 12001, "Unicode (UTF-32 Big-Endian)", "utf-32-be", "UTF32Encoding", b"\0\0\xfe\xff")

for _name, _encoding in (
    ("UTF8", UTF8),
    ("ASCII", ASCII),
    ("Unicode", UTF16),
    ("BigEndianUnicode", UTF16_BIG),
    ("UTF32", UTF32),
    ("Default", UTF8_PLAIN),
):
    implements("System.Text.Encoding", f"static System.Text.Encoding {_name} {{ get; }}")(
        lambda encoding=_encoding: encoding
    )

_NAMES = {
    "utf-8": UTF8,
    "utf8": UTF8,
    "unicode-1-1-utf-8": UTF8,
    "us-ascii": ASCII,
    "ascii": ASCII,
    "iso-8859-1": LATIN1,
    "latin1": LATIN1,
    "iso_8859-1": LATIN1,
    "utf-16": UTF16,
    "utf-16le": UTF16,
    "unicode": UTF16,
    "utf-16be": UTF16_BIG,
    "unicodefffe": UTF16_BIG,
    "utf-32": UTF32,
    "utf-32le": UTF32,
    "utf-32be": UTF32_BIG,
}
_CODE_PAGES = {encoding.code_page: encoding for encoding in _NAMES.values()} | {0: UTF8_PLAIN}


_UTF7 = frozenset(
    {"utf-7", "unicode-1-1-utf-7", "csunicode11utf7", "x-unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "65000"}
)
declines("System.Text.Encoding", "UTF7", reason="no policy needs UTF-7")


def _refuse_utf7(name: str) -> None:
    if name in _UTF7:
        raise NotSimulatedError("System.Text.Encoding", "no policy needs UTF-7")


@implements("System.Text.Encoding", "GetEncoding(string)")
def get_encoding(name: str | None) -> Encoding:
    """By web name, in any case; raises ArgumentNullException, ArgumentException."""
    name = require(name, "name")
    found = _NAMES.get(name.strip().lower())
    if found is None:
        _refuse_utf7(name.strip().lower())
        raise ArgumentException(
            f"'{name}' is not a supported encoding name. For information on defining a custom encoding, see the "
            "documentation for the Encoding.RegisterProvider method.",
            "name",
        )
    return found


@implements("System.Text.Encoding", "GetEncoding(int)")
def get_encoding_by_number(number: int) -> Encoding:
    check_range(0 <= number <= 65535, "codepage", "Valid values are between 0 and 65535, inclusive.")
    found = _CODE_PAGES.get(number)
    if found is None:
        _refuse_utf7(str(number))
        raise NotSupportedException(
            f"No data is available for encoding {number}. For information on defining a custom encoding, see the "
            "documentation for the Encoding.RegisterProvider method."
        )
    return found


@implements("System.Text.Encoding", "Convert(Encoding, Encoding, byte[])")
def _convert(source: Encoding | None, target: Encoding | None, data: Array | None) -> Array:
    if source is None or target is None or data is None:
        missing = "srcEncoding" if source is None else "dstEncoding" if target is None else "bytes"
        raise ArgumentNullException(missing, NULL_ARRAY)
    return target.get_bytes(source.get_string(data))


# `System.Text.Encoding`: into buffers that the caller has, sizes at the most, and what is known of each encoding

_ENCODING = "System.Text.Encoding"
_NON_NEGATIVE = "Non-negative number required."
_MAX = (1 << 31) - 1


def _check(source: Any, names: tuple[str, str, str], index: int, count: int, target: Any, parameter: str) -> None:
    """`names`: those of the source, of the index into it and of the count."""
    name, index_name, count_name = names
    source = require(source, name, NULL_STRING if name == "s" else NULL_ARRAY)
    require(target, parameter, NULL_ARRAY)
    check_range(index >= 0 and count >= 0, index_name if index < 0 else count_name, _NON_NEGATIVE)
    if index > len(source) - count:
        place = "string" if name == "s" else "buffer"
        raise ArgumentOutOfRangeException(name, f"Index and count must refer to a location within the {place}.")


def _store(encoding: Encoding, made: Any, target: Array, at: int, names: tuple[str, str]) -> int:
    parameter, index_name = names
    check_range(0 <= at <= len(target), index_name, INDEX)
    if len(made) > len(target) - at:
        encoded = ("byte", "encoded data", "En") if parameter == "bytes" else ("char", "decoded characters", "De")
        raise ArgumentException(
            f"The output {encoded[0]} buffer is too small to contain the {encoded[1]}, encoding "
            f"'{encoding.display_name}' fallback 'System.Text.{encoded[2]}coderReplacementFallback'.",
            parameter,
        )
    target[at : at + len(made)] = made
    return len(made)


def _get_bytes(encoding: Encoding, source: Any, index: int, count: int, target: Array, at: int, name: str) -> int:
    _check(source, (name, "charIndex", "charCount"), index, count, target, "bytes")
    made = encoding.encode("".join(source[index : index + count]))
    return _store(encoding, made, target, at, ("bytes", "byteIndex"))


@implements(_ENCODING, "GetBytes(string, int, int, byte[], int)")
def _get_bytes_of_string(encoding: Encoding, text: str | None, index: int, count: int, target: Any, at: int) -> int:
    return _get_bytes(encoding, text, index, count, target, at, "chars" if encoding.codec == "ascii" else "s")


@implements(_ENCODING, "GetBytes(char[], int, int, byte[], int)")
def _get_bytes_of_chars(encoding: Encoding, chars: Any, index: int, count: int, target: Any, at: int) -> int:
    return _get_bytes(encoding, chars, index, count, target, at, "chars")


@implements(_ENCODING, "GetChars(byte[], int, int, char[], int)")
def _get_chars(encoding: Encoding, data: Any, index: int, count: int, target: Any, at: int) -> int:
    _check(data, ("bytes", "byteIndex", "byteCount"), index, count, target, "chars")
    return _store(encoding, encoding.decode(bytes(data[index : index + count])), target, at, ("chars", "charIndex"))


_UNIT = {65001: 3, 20127: 1, 28591: 1, 1200: 2, 1201: 2, 12000: 4, 12001: 4}
"""The bytes that one UTF-16 unit takes at the most, by code page."""


@implements(_ENCODING, "GetMaxByteCount")
def _get_max_byte_count(encoding: Encoding, count: int) -> int:
    check_range(count >= 0, "charCount", _NON_NEGATIVE)
    most = (count + 1) * _UNIT[encoding.code_page]
    if most > _MAX:
        raise ArgumentOutOfRangeException(
            "charCount",
            "Too many characters. The resulting number of bytes is larger than what can be returned as an int.",
        )
    return most


@implements(_ENCODING, "GetMaxCharCount")
def _get_max_char_count(encoding: Encoding, count: int) -> int:
    check_range(count >= 0, "byteCount", _NON_NEGATIVE)
    unit = _UNIT[encoding.code_page]
    most = {1: count, 2: (count >> 1) + (count & 1) + 1, 3: count + 1, 4: count // 2 + 2}[unit]
    if most > _MAX:
        raise ArgumentOutOfRangeException(
            "byteCount", "Too many bytes. The resulting number of chars is larger than what can be returned as an int."
        )
    return most


@implements(_ENCODING, "Convert(Encoding, Encoding, byte[], int, int)")
def _convert_some(
    source: Encoding | None, target: Encoding | None, data: Array | None, index: int, count: int
) -> Array:
    if source is None or target is None:
        raise ArgumentNullException("srcEncoding" if source is None else "dstEncoding", NULL_ARRAY)
    return target.get_bytes(source._get_string_part(data, index, count))


@implements(_ENCODING, "Clone")
def _clone(encoding: Encoding) -> Encoding:
    made = copy.copy(encoding)
    made.is_read_only = False
    return made


_USES = {65001: 0x303, 28591: 0x303, 20127: 0x101, 1200: 0x200}
"""By code page: shown in mail and news (1) and browsers (2), saved from mail and news (0x100) and browsers (0x200)."""
for _flag, _property in (
    (0x1, "IsMailNewsDisplay"),
    (0x2, "IsBrowserDisplay"),
    (0x100, "IsMailNewsSave"),
    (0x200, "IsBrowserSave"),
):
    implements(_ENCODING, f"bool {_property} {{ get; }}")(
        lambda encoding, flag=_flag: bool(_USES.get(encoding.code_page, 0) & flag)
    )


@implements(_ENCODING, "IsAlwaysNormalized")
def _is_always_normalized(encoding: Encoding, form: int = 1) -> bool:
    """Form C is 1; only Latin 1 has nothing but composed characters, says .NET."""
    return encoding.codec == "latin-1" and form == 1


implements_all(_ENCODING, {"WindowsCodePage": lambda encoding: 1252 if encoding.is_single_byte else 1200})
