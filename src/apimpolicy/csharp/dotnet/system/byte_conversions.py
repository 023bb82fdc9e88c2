"""Bytes as numbers and as text: `BitConverter`, and Base 64 of `Convert`."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX, OFFSETS
from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    FormatException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, implements, implements_all
from apimpolicy.csharp.dotnet.values import Array, byte_array

_encoded = binascii.b2a_base64
_INVALID = (
    "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, "
    "or an illegal character among the padding characters."
)
_WHITE_SPACE = {ord(char): None for char in " \t\r\n"}


@implements("System.Convert", "ToBase64String")
@counts_itself
def to_base64(data: Array | None, options: int = 0) -> str:
    """Option 1 breaks lines after 76 characters."""
    data = require(data, "inArray")
    if options not in (0, 1):
        raise ArgumentException(f"Illegal enum value: {options}.", "options")
    if len(data) > FREE_UNITS:
        environment().check_length(len(data) * 4 // 3 + 4)
        work_through(len(data))
    shown = _encoded(bytearray(data), newline=False).decode()
    if options and len(shown) > 76:
        return "\r\n".join(shown[start : start + 76] for start in range(0, len(shown), 76))
    return shown


@implements(
    "System.Convert", "ToBase64String(byte[], int, int)", "ToBase64String(byte[], int, int, Base64FormattingOptions)"
)
def _to_base64_part(data: Array | None, offset: int, length: int, options: int = 0) -> str:
    data = require(data, "inArray")
    check_range(length >= 0, "length", INDEX)
    check_range(offset >= 0, "offset", "Value must be positive.")
    check_range(offset <= len(data) - length, "offset", "Offset and length must refer to a position in the string.")
    return to_base64(byte_array(bytes(data[offset : offset + length])), options)


@counts_itself
def from_base64(encoded: str | None) -> Array:
    """White space is skipped, padding is required; raises ArgumentNullException, FormatException.

    >>> list(from_base64(" AQ\\nID "))
    [1, 2, 3]
    """
    encoded = require(encoded, "s")
    work_through(len(encoded))
    if not len(encoded) % 4:
        try:
            return byte_array(binascii.a2b_base64(encoded, strict_mode=True))
        except ValueError:
            pass  # white space, or a mistake
    text = encoded.translate(_WHITE_SPACE)
    if len(text) % 4 or "=" in text[:-2] or (text.endswith("=") and len(text) < 4):
        raise FormatException(_INVALID)
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except UnicodeEncodeError:
        raise FormatException(_INVALID) from None
    except binascii.Error:
        data = _lenient(text)
    return byte_array(data)


def _lenient(text: str) -> bytes:
    """.NET ignores the bits that the last character has too many; nothing else may be wrong."""
    core = text.rstrip("=")
    if (
        not core
        or not all(char.isascii() and (char.isalnum() or char in "+/") for char in core)
        or len(text) - len(core) > 2
    ):
        raise FormatException(_INVALID)
    return binascii.a2b_base64(text.encode("ascii"))


@implements("System.Convert", "FromBase64CharArray")
def _from_chars(chars: Array | None, offset: int, length: int) -> Array:
    chars = require(chars, "inArray")
    check_range(length >= 0 and offset >= 0 and offset <= len(chars) - length, "length" if length < 0 else "offset")
    return from_base64("".join(chars[offset : offset + length]))


@implements("System.Convert", "ToBase64CharArray")
def _to_chars(data: Array | None, offset: int, length: int, out: Array | None, at: int, options: int = 0) -> int:
    """Return the number of characters that were written."""
    if data is None or out is None:
        raise ArgumentNullException("inArray" if data is None else "outArray")
    check_range(length >= 0, "length", INDEX)
    check_range(offset >= 0 and at >= 0, "offsetIn" if offset < 0 else "offsetOut", "Value must be positive.")
    if options in (0, 1) and offset > len(data) - length:
        raise ArgumentOutOfRangeException("offsetIn", "Offset and length must refer to a position in the string.")
    shown = to_base64(byte_array(bytes(data[offset : offset + length])), options)
    check_range(
        len(shown) <= len(out) - at,
        "offsetOut",
        "Either offset did not refer to a position in the string, or there is an insufficient length of "
        "destination character array.",
    )
    out[at : at + len(shown)] = shown
    return len(shown)


implements_all("System.Convert", {"FromBase64String": from_base64})


# `System.BitConverter`; little-endian

_FORMATS = {
    "bool": ("Boolean", "<?"),
    "char": ("Char", "<H"),
    "short": ("Int16", "<h"),
    "int": ("Int32", "<i"),
    "long": ("Int64", "<q"),
    "ushort": ("UInt16", "<H"),
    "uint": ("UInt32", "<I"),
    "ulong": ("UInt64", "<Q"),
    "float": ("Single", "<f"),
    "double": ("Double", "<d"),
}


def _read(name: str, format_: str, data: Array | None, start: int) -> Any:
    data = require(data, "value")
    check_range(0 <= start < len(data), "startIndex", INDEX)
    size = struct.calcsize(format_)
    if start > len(data) - size:
        raise ArgumentException(
            "Destination array is not long enough to copy all the items in the collection. Check array index and "
            "length.",
            "value",
        )
    (value,) = struct.unpack(format_, bytes(data[start : start + size]))
    return chr(value) if name == "char" else value


def _writer(name: str, format_: str) -> Callable[[Any], Array]:
    if name == "char":
        return lambda value: byte_array(struct.pack(format_, ord(value)))
    return lambda value: byte_array(struct.pack(format_, value))


def _register() -> None:
    for name, (framework_name, format_) in _FORMATS.items():
        implements("System.BitConverter", f"static byte[] GetBytes({name} value)")(_writer(name, format_))
        implements("System.BitConverter", f"static {name} To{framework_name}(byte[] value, int startIndex)")(
            lambda data, start, name=name, format_=format_: _read(name, format_, data, start)
        )
    for signature, source, target in (
        ("long DoubleToInt64Bits(double value)", "<d", "<q"),
        ("double Int64BitsToDouble(long value)", "<q", "<d"),
        ("int SingleToInt32Bits(float value)", "<f", "<i"),
        ("float Int32BitsToSingle(int value)", "<i", "<f"),
    ):
        implements("System.BitConverter", f"static {signature}")(
            lambda value, source=source, target=target: struct.unpack(target, struct.pack(source, value))[0]
        )


_register()


@implements("System.BitConverter", "ToString")
@counts_itself
def to_string(data: Array | None, start: int = 0, length: int | None = None) -> str:
    """Hexadecimal bytes joined by dashes.

    >>> to_string(byte_array(b"\\x01\\xab"))
    '01-AB'
    """
    data = require(data, "value")
    check_range(start >= 0 and (start < len(data) or start <= 0), "startIndex", INDEX)
    if length is None:
        length = len(data) - start
    check_range(length >= 0, "length", "Value must be positive.")
    if start > len(data) - length:
        raise ArgumentException(OFFSETS)
    work_through(length << 2)
    return bytes(data[start : start + length]).hex("-").upper()


implements_all("System.BitConverter", {"IsLittleEndian": lambda: True})
