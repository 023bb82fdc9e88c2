"""Making strings from values: concatenation, composite formatting, joining, interpolation.

`concat` and `format_item` are called by emitted code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentNullException,
    ArgumentOutOfRangeException,
    FormatException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, implements, implements_all
from apimpolicy.csharp.dotnet.system.cultures import numbers_of
from apimpolicy.csharp.dotnet.system.number_formats import format_decimal, format_double, format_int, format_single
from apimpolicy.csharp.dotnet.system.objects import format_enum, text, to_string
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import (
    Array,
    Byte,
    EnumValue,
    Int16,
    Int64,
    SByte,
    Single,
    UInt16,
    UInt32,
    UInt64,
    box,
)

_FEW = 32
"""Elements that are put together without burning steps."""
MOST_PARTS = 12
"""Parts of a text that are put together before the length of the result is looked at."""
UNCHECKED_LENGTH = 65_536
"""Shorter results are made without asking for the limit."""

_FORMATTERS: dict[type, Callable[..., str]] = {
    int: lambda value, *how: format_int(value, 32, *how),
    SByte: lambda value, *how: format_int(int(value), 8, *how),
    Byte: lambda value, *how: format_int(int(value), 8, *how),
    Int16: lambda value, *how: format_int(int(value), 16, *how),
    UInt16: lambda value, *how: format_int(int(value), 16, *how),
    UInt32: lambda value, *how: format_int(int(value), 32, *how),
    Int64: lambda value, *how: format_int(int(value), 64, *how),
    UInt64: lambda value, *how: format_int(int(value), 64, *how),
    float: format_double,
    Single: format_single,
    Decimal: format_decimal,
    EnumValue: lambda value, format_, _symbols=None: format_enum(value.dotnet_type, int(value), format_),
}


def format_value(value: Any, format_: str | None, provider: Any = None) -> str:
    """`IFormattable.ToString(format, provider)`, or `ToString()` for what is not formattable; null is empty.

    Run-time classes are formattable by having a method `formatted`.
    """
    if value is None:
        return ""
    if format_ or provider is not None:
        if format_ and len(format_) > FREE_UNITS:
            environment().step(len(format_) >> 1)  # whoever reads it looks at each character
        known = _FORMATTERS.get(type(value))
        if known is not None:
            return known(value, format_) if provider is None else known(value, format_, numbers_of(provider))
        own = getattr(value, "formatted", None)
        if own is not None and not isinstance(value, str):
            return own(format_, provider)  # type: ignore[no-any-return]
    return value if type(value) is str else to_string(value)


def format_item(value: Any, alignment: int = 0, format_: str | None = None, provider: Any = None) -> str:
    """Return one hole of an interpolated or composite format string; a negative alignment pads on the right.

    >>> format_item(7, -3, "D2"), format_item(None, 3), format_item(1234.5, 0, "N2")
    ('07 ', '   ', '1,234.50')
    """
    shown = format_value(value, format_, provider)
    if alignment:
        environment().new_string(abs(alignment))
        return shown.rjust(alignment) if alignment > 0 else shown.ljust(-alignment)
    return shown


def concat(*parts: Any) -> str:
    """Return the `+` of strings: null is empty, other values are boxed and converted with `ToString()`.

    >>> concat("n=", 1, None, True)
    'n=1True'
    """
    try:
        result = "".join(parts)
    except TypeError:
        result = "".join([part if type(part) is str else text(part) for part in parts])
    return result if len(result) <= UNCHECKED_LENGTH else long_text(result)


def long_text(text: str) -> str:
    """A text of more than UNCHECKED_LENGTH code units that was just made: raises LimitExceededError for a long one."""
    environment().new_string(len(text))
    return text


def join(separator: str | None, parts: Iterable[str]) -> str:
    """Join while the result keeps within the limit."""
    between = separator or ""
    shown = parts if type(parts) is list else list(parts)
    length = sum(map(len, shown)) + len(between) * max(len(shown) - 1, 0)
    if length > UNCHECKED_LENGTH:
        environment().new_string(length)
    return between.join(shown)


def _steps(values: Iterable[Any]) -> Iterable[Any]:
    step = environment().step
    for value in values:
        step()
        yield value


_BRACE = re.compile("[{}]")
_INVALID_FORMAT = "Input string was not in a correct format."
_INVALID_INDEX = "Index (zero based) must be greater than or equal to zero and less than the size of the argument list."


def _number(format_: str, position: int) -> tuple[int, int]:
    """Digits from this position, and the position after them."""
    value, end = 0, len(format_)
    if position >= end or not "0" <= format_[position] <= "9":
        raise FormatException(_INVALID_FORMAT)
    while "0" <= format_[position] <= "9" and value < 1_000_000:
        value = value * 10 + ord(format_[position]) - 48
        position += 1
        if position == end:
            raise FormatException(_INVALID_FORMAT)
    return value, position


def _spaces(format_: str, position: int) -> int:
    while position < len(format_) and format_[position] == " ":
        position += 1
    return position


def _hole(format_: str, position: int, arguments: Sequence[Any], provider: Any) -> tuple[str, int]:
    """Return the text of the hole whose brace is before this position, and the position after it."""
    index, position = _number(format_, position)
    if index >= len(arguments):
        raise FormatException(_INVALID_INDEX)
    position = _spaces(format_, position)
    alignment = 0
    if format_[position : position + 1] == ",":
        position = _spaces(format_, position + 1)
        left = format_[position : position + 1] == "-"
        alignment, position = _number(format_, position + left)
        alignment = -alignment if left else alignment
        position = _spaces(format_, position)
    item_format = None
    if format_[position : position + 1] == ":":
        item_format, position = _item_format(format_, position + 1)
    if format_[position : position + 1] != "}":
        raise FormatException(_INVALID_FORMAT)
    return format_item(arguments[index], alignment, item_format, provider), position + 1


def _item_format(format_: str, position: int) -> tuple[str, int]:
    """Return the format after the colon of a hole, and the position of the brace that closes the hole.

    .NET Core ends a hole at its first closing brace and refuses an opening one. .NET Framework takes doubled braces
    for a part of the format.
    """
    if environment().is_framework:
        return _framework_item_format(format_, position)
    found = _BRACE.search(format_, position)
    if found is None or found.group() == "{":
        raise FormatException(_INVALID_FORMAT)
    return format_[position : found.start()], found.start()


def _framework_item_format(format_: str, position: int) -> tuple[str, int]:
    out: list[str] = []
    while True:
        char = format_[position : position + 1]
        following = format_[position + 1 : position + 2]
        if char == "}" and following != "}":
            return "".join(out), position
        if not char or (char == "{" and following != "{"):
            raise FormatException(_INVALID_FORMAT)
        out.append(char)
        position += 2 if char in "{}" else 1


def format_composite(format_: str | None, arguments: Sequence[Any] | None, provider: Any = None) -> str:
    """`string.Format`; arguments are boxed, `provider` is an IFormatProvider.

    >>> format_composite("{0,5}|{1:D4}|{{}}", [1, 42])
    '    1|0042|{}'
    """
    if format_ is None or arguments is None:
        raise ArgumentNullException("format" if format_ is None else "args")
    out: list[str] = []
    position, end, length = 0, len(format_), 0
    while position < end:
        match = _BRACE.search(format_, position)
        brace = match.start() if match else end
        out.append(format_[position:brace])
        if brace == end:
            break
        if format_[brace + 1 : brace + 2] == format_[brace]:
            out.append(format_[brace])
            position = brace + 2
        elif format_[brace] == "}":
            raise FormatException(_INVALID_FORMAT)
        else:
            item, position = _hole(format_, brace + 1, arguments, provider)
            out.append(item)
            length += len(item)
            environment().check_length(length)
            work_through(len(item))
    return "".join(out)


@implements(
    "string",
    "Format(IFormatProvider, string, object)",
    "Format(IFormatProvider, string, object, object)",
    "Format(IFormatProvider, string, object, object, object)",
)
def _format_provider(provider: Any, format_: str | None, *arguments: Any) -> str:
    return format_composite(format_, arguments, provider)


implements_all(
    "string",
    {
        "Concat": concat,
        "Format": lambda format_, *arguments: format_composite(format_, arguments),
        "Format(string, object[])": format_composite,
        "Format(IFormatProvider, string, object[])": lambda provider, text, values: format_composite(
            text, values, provider
        ),
        "Concat(object[])": lambda values: join("", map(text, require(values, "args"))),
        "Concat(string[])": lambda values: join("", (value or "" for value in _steps(require(values, "values")))),
        "Concat(IEnumerable<string>)": lambda values: join(
            "", (value or "" for value in _steps(require(values, "values")))
        ),
        "Join(char, object[])": lambda separator, values: join(separator, map(text, require(values, "values"))),
        "Join(string, object[])": lambda separator, values: join(separator, map(text, require(values, "values"))),
        "Join": lambda separator, values: join(separator, (value or "" for value in require(values, "value"))),
    },
)


@implements("string", "Concat(IEnumerable<T>)", types=True)
def _concat_all(types: tuple[Type, ...], values: Iterable[Any] | None) -> str:
    return _join_all(types, "", values)


@implements("string", "Join(string, IEnumerable<string>)")
@counts_itself
def _join_strings(separator: str | None, values: Iterable[str | None] | None) -> str:
    items = getattr(values, "items", values)  # a List has its elements there
    if not isinstance(items, list):
        return join(separator, [value or "" for value in _steps(require(values, "values"))])
    if len(items) > MOST_PARTS:
        if len(items) > _FEW:
            environment().step(len(items))
        return join(separator, items if None not in items else [value or "" for value in items])
    between = separator or ""
    try:
        made = between.join(items)
    except TypeError:  # null among them
        made = between.join([value or "" for value in items])
    return made if len(made) <= UNCHECKED_LENGTH else long_text(made)


@implements("string", "Join(char, IEnumerable<T>)", "Join(string, IEnumerable<T>)", types=True)
def _join_all(types: tuple[Type, ...], separator: str | None, values: Iterable[Any] | None) -> str:
    type_ = types[-1]
    return join(separator, (text(box(type_, value)) for value in _steps(require(values, "values"))))


@implements("string", "Join(char, string[], int, int)", "Join(string, string[], int, int)")
def _join_part(separator: str | None, values: Array | None, start: int, count: int) -> str:
    values = require(values, "value")
    check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
    check_range(count >= 0, "count", "Count cannot be less than zero.")
    if start > len(values) - count:
        raise ArgumentOutOfRangeException("startIndex", "Index and count must refer to a location within the buffer.")
    return join(separator, (value or "" for value in values[start : start + count]))
