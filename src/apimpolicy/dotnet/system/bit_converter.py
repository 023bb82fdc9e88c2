"""`System.BitConverter`; little-endian."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import INDEX, OFFSETS
from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, require
from apimpolicy.dotnet.registry import counts_itself, implements, implements_all
from apimpolicy.dotnet.values import Array, byte_array

if TYPE_CHECKING:
    from collections.abc import Callable

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
    if not 0 <= start < len(data):
        raise ArgumentOutOfRangeException("startIndex", INDEX)
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
    if start < 0 or (start >= len(data) and start > 0):
        raise ArgumentOutOfRangeException("startIndex", INDEX)
    if length is None:
        length = len(data) - start
    if length < 0:
        raise ArgumentOutOfRangeException("length", "Value must be positive.")
    if start > len(data) - length:
        raise ArgumentException(OFFSETS)
    work_through(length << 2)
    return bytes(data[start : start + length]).hex("-").upper()


implements_all("System.BitConverter", {"IsLittleEndian": lambda: True})
