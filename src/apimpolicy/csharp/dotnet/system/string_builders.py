"""`System.Text.StringBuilder`: a list of pieces, joined when the text is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    IndexOutOfRangeException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import (
    declines,
    dotnet_class,
    implements,
    implements_all,
    implements_setter,
    member,
)
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.system.strings import format_composite, join
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array, box

_NAME = "System.Text.StringBuilder"
_SMALL = "capacity was less than the current size."
_MAX_CAPACITY = (1 << 31) - 1
_NEW_LINE = "\n"
"""`Environment.NewLine` of the witness."""


@dotnet_class(_NAME, members="Equals=equals_content")
class StringBuilder:
    """A string under construction."""

    __slots__ = ("_capacity", "_length", "_pieces", "max_capacity")

    def __init__(self, start: str = "", capacity: int = 16, max_capacity: int = _MAX_CAPACITY) -> None:
        self._pieces = [start] if start else []
        self._length = len(start)
        self._capacity = capacity or min(16, max_capacity)
        self.max_capacity = max_capacity

    def append(self, piece: str) -> StringBuilder:
        """Add to the end, within the limit on string length."""
        if piece:
            length = self._length + len(piece)
            if length > 65_536:
                environment().check_length(length)
            check_range(length <= self.max_capacity, "requiredLength", _SMALL)
            self._length = length
            self._pieces.append(piece)
        return self

    @member("ToString()")
    def to_string(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def _set(self, content: str) -> StringBuilder:
        environment().check_length(len(content))
        check_range(len(content) <= self.max_capacity, "requiredLength", _SMALL)
        self._pieces, self._length = [content], len(content)
        return self

    def edit(self, start: int, count: int, replacement: str) -> StringBuilder:
        """Put a text in the place of a part of the content; costs steps by the length of the content."""
        content = self.to_string()
        environment().step(1 + len(content) // 1024)
        return self._set(content[:start] + replacement + content[start + count :])

    @member("ToString(int, int)")
    def to_string_part(self, start: int, length: int) -> str:
        check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
        check_range(start <= self._length, "startIndex", "startIndex cannot be larger than length of string.")
        check_range(length >= 0, "length", "Length cannot be less than zero.")
        if start > self._length - length:
            raise ArgumentOutOfRangeException("length", "Index and length must refer to a location within the string.")
        return self.to_string()[start : start + length]

    @property
    def length(self) -> int:
        return self._length

    @length.setter
    def length(self, value: int) -> None:
        check_range(value >= 0, "value", "Length cannot be less than zero.")
        check_range(value <= self.max_capacity, "value", _SMALL)
        if value > self._length:
            environment().check_length(value)
            self.append("\0" * (value - self._length))
        else:
            self._set(self.to_string()[:value])

    @property
    def capacity(self) -> int:
        """The larger of the requested capacity and the length; .NET's growth by chunks is not reproduced."""
        return max(self._capacity, self._length)

    @capacity.setter
    def capacity(self, value: int) -> None:
        check_range(value >= 0, "value", "Capacity must be positive.")
        check_range(value <= self.max_capacity, "value", "Capacity exceeds maximum capacity.")
        check_range(value >= self._length, "value", _SMALL)
        self._capacity = value

    def ensure_capacity(self, capacity: int) -> int:
        check_range(capacity >= 0, "capacity", "Capacity must be positive.")
        if capacity > self.capacity:
            self.capacity = capacity
        return self.capacity

    def copy_to(self, start: int, destination: Array | None, index: int, count: int) -> None:
        destination = require(destination, "destination")
        check_range(index >= 0, "destinationIndex", "'destinationIndex' must be non-negative.")
        if index > len(destination) - count:
            raise ArgumentException(
                "Either offset did not refer to a position in the string, or there is an insufficient length of "
                "destination character array."
            )
        check_range(count >= 0, "count", "Argument count must not be negative.")
        check_range(0 <= start <= self._length, "sourceIndex", INDEX)
        if start > self._length - count:
            raise ArgumentException("Source string was not long enough. Check sourceIndex and count.")
        destination[index : index + count] = self.to_string()[start : start + count]

    def clear(self) -> StringBuilder:
        self._pieces, self._length = [], 0
        return self

    def insert(self, index: int, piece: str) -> StringBuilder:
        check_range(0 <= index <= self._length, "index", INDEX)
        environment().check_length(self._length + len(piece))
        return self.edit(index, 0, piece)

    def remove(self, start: int, length: int) -> StringBuilder:
        check_range(length >= 0, "length", "Length cannot be less than zero.")
        check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
        check_range(length <= self._length - start, "length", INDEX)
        return self.edit(start, length, "")

    @member("Replace(char, char)", "Replace(string, string)")
    def replace(self, old: str | None, new: str | None) -> StringBuilder:
        return self.replace_part(old, new, 0, self._length)

    @member("Replace(char, char, int, int)", "Replace(string, string, int, int)")
    def replace_part(self, old: str | None, new: str | None, start: int, count: int) -> StringBuilder:
        check_range(0 <= start <= self._length, "startIndex", INDEX)
        check_range(0 <= count <= self._length - start, "count", INDEX)
        old = require(old, "oldValue")
        if not old:
            raise ArgumentException("Empty name is not legal.", "oldValue")
        part, new = self.to_string()[start : start + count], new or ""
        if len(new) > len(old):
            environment().check_length(self._length + part.count(old) * (len(new) - len(old)))
        return self.edit(start, count, part.replace(old, new))

    def equals_content(self, other: StringBuilder | None) -> bool:
        return other is not None and self.to_string() == other.to_string()


@implements_setter(_NAME, "Length")
def _set_length(builder: StringBuilder, value: int) -> None:
    builder.length = value


@implements_setter(_NAME, "Capacity")
def _set_capacity(builder: StringBuilder, value: int) -> None:
    builder.capacity = value


@implements(_NAME, "Chars")
def _char_at(builder: StringBuilder, index: int) -> str:
    if not 0 <= index < builder.length:
        raise IndexOutOfRangeException
    return builder.to_string()[index]


@implements_setter(_NAME, "Chars")
def _set_char(builder: StringBuilder, index: int, char: str) -> None:
    check_range(0 <= index < builder.length, "index", INDEX)
    builder.edit(index, 1, char)


@implements(_NAME, "new")
def _new(value: str | None = None, capacity: int = 16) -> StringBuilder:
    check_range(capacity >= 0, "capacity", "'capacity' must be greater than zero.")
    return StringBuilder(value or "", capacity)


@implements(_NAME, "new(int, int)")
def _new_bounded(capacity: int, max_capacity: int) -> StringBuilder:
    check_range(capacity <= max_capacity, "capacity", "Capacity exceeds maximum capacity.")
    check_range(max_capacity >= 1, "maxCapacity", "MaxCapacity must be one or greater.")
    return StringBuilder("", _new(None, capacity).capacity if capacity else 0, max_capacity)


@implements(_NAME, "new(string, int, int, int)")
def _new_part(value: str | None, start: int, length: int, capacity: int) -> StringBuilder:
    check_range(capacity >= 0, "capacity", "'capacity' must be greater than zero.")
    check_range(length >= 0, "length", "'length' must be non-negative.")
    check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
    if start > len(value or "") - length:
        raise ArgumentOutOfRangeException("length", "Index and length must refer to a location within the string.")
    return StringBuilder((value or "")[start : start + length], capacity)


_VALUES = "bool char sbyte byte short int long float double decimal ushort uint ulong object string"


def _shown(type_: Type, value: Any) -> str:
    return text(box(type_, value))


def _register() -> None:
    for name in _VALUES.split():
        type_ = named(name)
        if name in ("string", "char"):
            implements(_NAME, f"{_NAME} Append({name} value)")(lambda builder, value: builder.append(value or ""))
        else:
            implements(_NAME, f"{_NAME} Append({name} value)")(
                lambda builder, value, type_=type_: builder.append(_shown(type_, value))
            )
        implements(_NAME, f"{_NAME} Insert(int index, {name} value)")(
            lambda builder, index, value, type_=type_: builder.insert(index, _shown(type_, value))
        )
    for provider in ("", "System.IFormatProvider provider, "):
        skip = 1 if provider else 0
        for arguments in ("object arg0", "object arg0, object arg1", "object arg0, object arg1, object arg2"):
            implements(_NAME, f"{_NAME} AppendFormat({provider}string format, {arguments})")(
                lambda builder, *given, skip=skip: builder.append(
                    format_composite(given[skip], given[skip + 1 :], given[0] if skip else None)
                )
            )
        implements(_NAME, f"{_NAME} AppendFormat({provider}string format, params object[] args)")(
            lambda builder, *given, skip=skip: builder.append(
                format_composite(given[skip], given[skip + 1], given[0] if skip else None)
            )
        )


_register()


@implements(_NAME, "Append(char, int)")
def _append_repeated(builder: StringBuilder, char: str, count: int) -> StringBuilder:
    check_range(count >= 0, "repeatCount", "Count cannot be less than zero.")
    environment().check_length(builder.length + count)
    return builder.append(char * count)


@implements(_NAME, "Append(string, int, int)")
def _append_part(builder: StringBuilder, value: str | None, start: int, count: int) -> StringBuilder:
    if value is None:
        if start == 0 and count == 0:
            return builder
        raise ArgumentNullException("value")
    check_range(count >= 0, "count", "Value must be positive.")
    check_range(0 <= start <= len(value) - count, "startIndex", INDEX)
    return builder.append(value[start : start + count])


@implements(_NAME, "Append(char[], int, int)")
def _append_char_part(builder: StringBuilder, value: Array | None, start: int, count: int) -> StringBuilder:
    check_range(start >= 0 and count >= 0, "startIndex" if start < 0 else "charCount", "Value must be positive.")
    if value is None:
        if start == 0 and count == 0:
            return builder
        raise ArgumentNullException("value")
    check_range(count <= len(value) - start, "charCount", INDEX)
    return builder.append("".join(value[start : start + count]))


@implements(_NAME, "AppendJoin")
def _append_join(builder: StringBuilder, separator: str | None, values: Array | None) -> StringBuilder:
    return builder.append(join(separator, map(text, require(values, "values"))))


@implements(_NAME, "AppendJoin(string, IEnumerable<T>)", "AppendJoin(char, IEnumerable<T>)", types=True)
def _append_join_all(
    types: tuple[Type, ...], builder: StringBuilder, separator: str | None, values: Iterable[Any] | None
) -> StringBuilder:
    values = require(values, "values")
    return builder.append(join(separator, (_shown(types[-1], value) for value in values)))


@implements(_NAME, "Insert(int, string, int)")
def _insert_repeated(builder: StringBuilder, index: int, value: str | None, count: int) -> StringBuilder:
    check_range(count >= 0, "count", "Non-negative number required.")
    environment().check_length(builder.length + len(value or "") * count)
    return builder.insert(index, (value or "") * count)


@implements(_NAME, "Insert(int, char[], int, int)")
def _insert_part(builder: StringBuilder, index: int, chars: Array | None, start: int, count: int) -> StringBuilder:
    check_range(0 <= index <= builder.length, "index", INDEX)
    if chars is None:
        if start == 0 and count == 0:
            return builder
        raise ArgumentNullException("value", "String reference not set to an instance of a String.")
    check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
    check_range(count >= 0, "charCount", "Value must be positive.")
    check_range(start <= len(chars) - count, "startIndex", INDEX)
    return builder.insert(index, "".join(chars[start : start + count]))


@implements(_NAME, "Append(StringBuilder, int, int)")
def _append_builder_part(builder: StringBuilder, other: StringBuilder | None, start: int, count: int) -> StringBuilder:
    return _append_part(builder, None if other is None else other.to_string(), start, count)


declines(_NAME, "GetChunks", reason="spans of memory are not simulated")

implements_all(
    _NAME,
    {
        "Length": lambda builder: builder.length,
        "Capacity": lambda builder: builder.capacity,
        "MaxCapacity": lambda builder: builder.max_capacity,
        "new(int)": lambda capacity: _new(None, capacity),
        "AppendLine()": lambda builder: builder.append(_NEW_LINE),
        "AppendLine(string)": lambda builder, value: builder.append((value or "") + _NEW_LINE),
        "Append(char[])": lambda builder, chars: builder.append("".join(chars or ())),
        "Insert(int, char[])": lambda builder, index, chars: builder.insert(index, "".join(chars or ())),
        "Append(StringBuilder)": lambda builder, other: builder.append(other.to_string() if other is not None else ""),
    },
)
