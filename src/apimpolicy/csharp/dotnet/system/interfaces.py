"""`System.Enum`: its members, and parsing; members that are reached through an interface, and those of `Nullable<T>`.

Enum values are plain ints while their type is known.
"""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import default_value
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, InvalidOperationException, OverflowException, require
from apimpolicy.csharp.dotnet.metadata import named, runtime_name
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.system.arithmetic import compare_plain
from apimpolicy.csharp.dotnet.system.objects import (
    BITS,
    TypeObject,
    enum_to_string,
    equals,
    format_enum,
    get_hash_code,
    text,
)
from apimpolicy.csharp.dotnet.system.string_comparison import compare as compare_strings
from apimpolicy.csharp.dotnet.system.strings import format_value
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import Char, EnumValue, box, type_of, unbox

# Members reached through `IComparable`, `IEquatable<T>`, `IFormattable`: the receiver is any value, numbers boxed


@implements("System.IComparable", "CompareTo")
def compare_to(value: Any, other: Any) -> int:
    """Return both of one type, null first; raises ArgumentException.

    >>> compare_to(1, 2), compare_to("a", "B"), compare_to(1.5, None)
    (-1, -1, 1)
    """
    own = getattr(value, "compare_to", None)
    if other is None:
        return 1
    if type_of(other) is not type_of(value):
        name = "Enum" if isinstance(value, EnumValue) else runtime_name(type_of(value)).removeprefix("System.")
        raise ArgumentException(f"Object must be of type {name}.")
    if own is not None:
        return int(own(other))
    if isinstance(value, str):
        return ord(value) - ord(other) if isinstance(value, Char) else compare_strings(value, other)
    if isinstance(value, float):
        return compare_plain(float(value), float(other))
    left, right = unbox(value), unbox(other)
    return int(left > right) - int(left < right)


@implements("System.IComparable<T>", "CompareTo", types=True)
def _compare_to(types: tuple[Type, ...], value: Any, other: Any) -> int:
    return compare_to(value, box(types[0], other))


@implements("System.IEquatable<T>", "Equals", types=True)
def _equals(types: tuple[Type, ...], value: Any, other: Any) -> bool:
    return equals(value, box(types[0], other))


implements_all("System.IFormattable", {"ToString": format_value})


# `IDisposable.Dispose()` of any value; what has nothing to let go of does nothing


@implements("System.IDisposable", "Dispose")
def dispose(value: Any) -> None:
    """Ask the run-time class; most simulated classes hold nothing."""
    own = getattr(value, "dispose", None)
    if own is not None:
        own()


# The members of `System.Nullable<T>`, whose receiver may be None: a `T?` is None or the value of `T`. The emitter must
# not raise NullReferenceException for a null receiver of this type; `GetType()` does, in its own right.

_NAME = "System.Nullable<T>"


@implements(_NAME, "Value", "op_Explicit")
def get_value(value: Any) -> Any:
    if value is None:
        raise InvalidOperationException("Nullable object must have a value.")
    return value


implements_all(
    _NAME,
    {
        "HasValue": lambda value: value is not None,
        "new": lambda value: value,
        "op_Implicit": lambda value: value,
        "GetValueOrDefault(T)": lambda value, default: default if value is None else value,
    },
)
implements_all(
    _NAME,
    {
        "GetValueOrDefault()": lambda types, value: default_value(types[0]) if value is None else value,
        "ToString": lambda types, value: text(box(types[0], value)),
        "Equals": lambda types, value, other: equals(box(types[0], value), other),
        "GetHashCode": lambda types, value: 0 if value is None else get_hash_code(box(types[0], value)),
    },
    types=True,
)


def _range(type_: NamedType) -> tuple[int, int]:
    underlying = type_.definition.enum_underlying
    bits = BITS[underlying]
    signed = underlying[0] != "u" and underlying != "byte"
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def parse_enum(type_: Type, text: str | None, ignore_case: bool) -> int:
    """`Enum.Parse`: a number, or names separated by commas.

    Raises ArgumentNullException, ArgumentException (not an enum, empty, unknown name), OverflowException.
    """
    enum = _enum_type(type_)
    text = require(text, "value")
    trimmed = text.strip()
    if not trimmed:
        raise ArgumentException("Must specify valid information for parsing in the string.", "value")
    if trimmed[0] in "0123456789+-":
        digits = trimmed[1:] if trimmed[0] in "+-" else trimmed
        if digits.isascii() and digits.isdigit():
            low, high = _range(enum)
            if len(digits) > 40 or not low <= int(trimmed) <= high:
                keyword = enum.definition.enum_underlying
                raise OverflowException(_TOO_LARGE.get(keyword, OverflowException.default_message))
            return int(trimmed)
    members = enum.definition.enum_values
    lookup = {name.lower(): value for name, value in reversed(members.items())} if ignore_case else members
    result = 0
    for part in trimmed.split(","):
        name = part.strip()
        value = lookup.get(name.lower() if ignore_case else name)
        if value is None:
            raise ArgumentException(f"Requested value '{text}' was not found.")
        result |= value
    return result


_TOO_LARGE = {
    "byte": "Value was either too large or too small for an unsigned byte.",
    "int": "Value was either too large or too small for an Int32.",
    "uint": "Value was either too large or too small for a UInt32.",
    "long": "Value was either too large or too small for an Int64.",
}


def _enum_type(type_: Type) -> NamedType:
    if getattr(type_, "kind", "") != "enum":
        raise ArgumentException("Type provided must be an Enum.", "enumType")
    return type_  # type: ignore[return-value]


def _try_parse(type_: Type, text: str | None, ignore_case: bool) -> tuple[bool, int]:
    enum = _enum_type(type_)
    try:
        return True, parse_enum(enum, text, ignore_case)
    except (ArgumentException, OverflowException):
        return False, 0


def _of(enum_type: TypeObject | None) -> NamedType:
    return _enum_type(require(enum_type, "enumType").type)


@implements("System.Enum", "Parse(Type, string, bool)")
def _parse_object_case(enum_type: TypeObject | None, value: str | None, ignore_case: bool) -> EnumValue:
    type_ = _of(enum_type)
    return EnumValue(type_, parse_enum(type_, value, ignore_case))


@implements("System.Enum", "TryParse(Type, string, bool, out object)")
def _try_object_case(
    enum_type: TypeObject | None, value: str | None, ignore_case: bool
) -> tuple[bool, EnumValue | None]:
    type_ = _of(enum_type)
    done, number = _try_parse(type_, value, ignore_case)
    return done, EnumValue(type_, number) if done else None


_INTEGER_TYPES = {*BITS, "bool", "char"}
"""Types that are integers to `System.Enum`."""


def _is_integer(value: Any) -> bool:
    return isinstance(value, EnumValue) or str(type_of(value)) in _INTEGER_TYPES


def _number(value: Any) -> int:
    return ord(value) if isinstance(value, str) else int(unbox(value))


@implements("System.Enum", "IsDefined")
def _is_defined(enum_type: TypeObject | None, value: Any) -> bool:
    type_ = _of(enum_type)
    value = require(value, "value")
    members = type_.definition.enum_values
    given = type_of(value)
    if str(given) == "string":
        return value in members
    if isinstance(value, EnumValue):
        if given is not type_:
            raise _other_enum(given, type_)
    elif not _is_integer(value):
        raise InvalidOperationException("Unknown enum type.")
    elif str(given) != type_.definition.enum_underlying:
        raise ArgumentException(
            "Enum underlying type and the object must be same type or object must be a String. "
            f"Type passed in was '{_full_name(given)}'; the enum underlying type was "
            f"'{_full_name(named(type_.definition.enum_underlying))}'."
        )
    return _number(value) in members.values()


def _full_name(type_: Type) -> str:
    return TypeObject(type_).full_name


def _other_enum(given: Any, type_: NamedType) -> ArgumentException:
    return ArgumentException(
        f"Object must be the same type as the enum. The type passed in was '{_full_name(given)}'; "
        f"the enum type was '{_full_name(type_)}'."
    )


@implements("System.Enum", "ToString")
def _format(value: EnumValue, format_: str | None, _provider: Any = None) -> str:
    return format_enum(value.dotnet_type, int(value), format_)


@implements("System.Enum", "CompareTo")
def _compare_enums(value: EnumValue, other: Any) -> int:
    if other is None:
        return 1
    if not isinstance(other, EnumValue) or other.dotnet_type is not value.dotnet_type:
        raise _other_enum(type_of(other), value.dotnet_type)
    return (int(value) > int(other)) - (int(value) < int(other))


implements_all(
    "System.Enum",
    {
        "Parse<TEnum>(string)": lambda types, value: parse_enum(types[0], value, False),
        "Parse<TEnum>(string, bool)": lambda types, value, ignore_case: parse_enum(types[0], value, ignore_case),
        "TryParse(string, out TEnum)": lambda types, value: _try_parse(types[0], value, False),
        "TryParse(string, bool, out TEnum)": lambda types, value, ignore_case: _try_parse(types[0], value, ignore_case),
    },
    types=True,
)
implements_all(
    "System.Enum",
    {
        "Parse(Type, string)": lambda enum_type, value: _parse_object_case(enum_type, value, False),
        "TryParse(Type, string, out object)": lambda enum_type, value: _try_object_case(enum_type, value, False),
        "ToString()": lambda value, _provider=None: enum_to_string(value.dotnet_type, int(value)),
        "ToString(IFormatProvider)": lambda value, _provider=None: enum_to_string(value.dotnet_type, int(value)),
        "Equals": lambda value, other: isinstance(other, EnumValue) and value == other,
        "GetHashCode": lambda value: get_hash_code(value),
    },
)
