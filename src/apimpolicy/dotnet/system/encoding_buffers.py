"""`System.Text.Encoding`: into buffers that the caller has, sizes at the most, and what is known of each encoding."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import INDEX
from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    require,
)
from apimpolicy.dotnet.registry import implements, implements_all
from apimpolicy.dotnet.system.encodings import (
    NULL_ARRAY,
    NULL_STRING,
    Encoding,
)

if TYPE_CHECKING:
    from apimpolicy.dotnet.values import Array

_ENCODING = "System.Text.Encoding"
_NON_NEGATIVE = "Non-negative number required."
_MAX = (1 << 31) - 1


def _check(source: Any, names: tuple[str, str, str], index: int, count: int, target: Any, parameter: str) -> None:
    """`names`: those of the source, of the index into it and of the count."""
    name, index_name, count_name = names
    source = require(source, name, NULL_STRING if name == "s" else NULL_ARRAY)
    require(target, parameter, NULL_ARRAY)
    if index < 0 or count < 0:
        raise ArgumentOutOfRangeException(index_name if index < 0 else count_name, _NON_NEGATIVE)
    if index > len(source) - count:
        place = "string" if name == "s" else "buffer"
        raise ArgumentOutOfRangeException(name, f"Index and count must refer to a location within the {place}.")


def _store(encoding: Encoding, made: Any, target: Array, at: int, names: tuple[str, str]) -> int:
    parameter, index_name = names
    if not 0 <= at <= len(target):
        raise ArgumentOutOfRangeException(index_name, INDEX)
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
    if count < 0:
        raise ArgumentOutOfRangeException("charCount", _NON_NEGATIVE)
    most = (count + 1) * _UNIT[encoding.code_page]
    if most > _MAX:
        raise ArgumentOutOfRangeException(
            "charCount",
            "Too many characters. The resulting number of bytes is larger than what can be returned as an int.",
        )
    return most


@implements(_ENCODING, "GetMaxCharCount")
def _get_max_char_count(encoding: Encoding, count: int) -> int:
    if count < 0:
        raise ArgumentOutOfRangeException("byteCount", _NON_NEGATIVE)
    unit = _UNIT[encoding.code_page]
    most = {1: count, 2: (count >> 1) + (count & 1) + 1, 3: count + 1, 4: count // 2 + 2}[unit]
    if most > _MAX:
        raise ArgumentOutOfRangeException(
            "byteCount",
            "Too many bytes. The resulting number of chars is larger than what can be returned as an int.",
        )
    return most


@implements(_ENCODING, "Convert(Encoding, Encoding, byte[], int, int)")
def _convert(source: Encoding | None, target: Encoding | None, data: Array | None, index: int, count: int) -> Array:
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


implements_all(
    _ENCODING,
    {
        "WindowsCodePage": lambda encoding: 1252 if encoding.is_single_byte else 1200,
    },
)
