"""`System.Convert`: between the built-in types, rounding to even; base 2, 8, 10 and 16."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    FormatException,
    InvalidCastException,
    OverflowException,
    require,
)
from apimpolicy.csharp.dotnet.metadata import FULL_NAMES, parse, runtime_name
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.system import decimals, number_parsing
from apimpolicy.csharp.dotnet.system.arithmetic import INTEGERS, int_to_single
from apimpolicy.csharp.dotnet.system.characters import parse_char
from apimpolicy.csharp.dotnet.system.cultures import numbers_of
from apimpolicy.csharp.dotnet.system.date_exact import parse_datetime
from apimpolicy.csharp.dotnet.system.datetimes import MIN_VALUE
from apimpolicy.csharp.dotnet.system.numeric_types import TYPE_CODES
from apimpolicy.csharp.dotnet.system.objects import TypeObject, text
from apimpolicy.csharp.dotnet.system.strings import format_value
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import EnumValue, box, to_single, type_of, unbox

_DATE = "System.DateTime"
_SOURCES = ("bool", "char", *(name for name in INTEGERS if name != "char"), "float", "double", "decimal", _DATE)
_TARGETS = {name: FULL_NAMES[name].removeprefix("System.") for name in _SOURCES if name != _DATE} | {_DATE: "DateTime"}
"""C# name of each type to the name in `To…`."""


def _invalid(source: str, target: str) -> InvalidCastException:
    return InvalidCastException(f"Invalid cast from '{_TARGETS[source]}' to '{_TARGETS[target]}'.")


def _round_to_int(value: float, target: str) -> int:
    type_ = INTEGERS[target]
    if type_.bits == 64:
        if math.isfinite(value) and type_.minimum <= (rounded := round(value)) <= type_.maximum:
            return rounded
        raise OverflowException
    checked = INTEGERS["uint" if target == "uint" else "int"]
    if not math.isfinite(value):
        raise checked.overflow()
    return type_.convert(checked.convert(round(value)))


def _to_integer(target: str, source: str, value: Any) -> int:
    if source == "bool":
        return int(value)
    if source in ("float", "double"):
        return _round_to_int(value, target)
    if source == "decimal":
        return INTEGERS[target].convert(int(decimals.round_to(value, 0)))
    return INTEGERS[target].convert(ord(value) if source == "char" else value)


def convert(target: str, source: str, value: Any) -> Any:
    """Convert a plain value between two built-in types other than `string`, given by their C# names.

    >>> convert("int", "double", 2.5), convert("byte", "int", 200), convert("bool", "int", 3)
    (2, 200, True)
    """
    if target == source:
        return value
    if _DATE in (target, source):
        raise _invalid(source, target)
    if target == "bool":
        if source == "char":
            raise _invalid(source, target)
        return bool(value)
    if target == "char":
        if source in ("bool", "float", "double", "decimal"):
            raise _invalid(source, target)
        return chr(INTEGERS["char"].convert(value))
    if target in INTEGERS:
        return _to_integer(target, source, value)
    if source == "char":
        raise _invalid(source, target)
    if target == "decimal":
        if source in ("float", "double"):
            return decimals.from_single(value) if source == "float" else decimals.from_double(value)
        return Decimal(int(value))
    if source == "decimal":
        return decimals.to_double(value) if target == "double" else decimals.to_float(value)
    if target == "double":
        return float(value)
    return to_single(value) if source == "double" else int_to_single(int(value))


_DEFAULTS: dict[str, Any] = {"bool": False, "char": "\0", "float": 0.0, "double": 0.0, "decimal": Decimal(0)}
_PARSERS: dict[str, Callable[[str | None, Any], Any]] = {
    "bool": lambda value, _: number_parsing.parse_bool(value),
    "float": lambda value, provider: number_parsing.parse_single(
        value, number_parsing.FLOAT_AND_THOUSANDS, numbers_of(provider)
    ),
    "double": lambda value, provider: number_parsing.parse_double(
        value, number_parsing.FLOAT_AND_THOUSANDS, numbers_of(provider)
    ),
    "decimal": lambda value, provider: number_parsing.parse_decimal(value, number_parsing.NUMBER, numbers_of(provider)),
    _DATE: parse_datetime,
}


def from_string(target: str, value: str | None, provider: Any = None) -> Any:
    """Parse a string; null gives the type's default (but not a `char`)."""
    if target == "char":
        return parse_char(value, "value")
    if value is None:
        return MIN_VALUE if target == _DATE else _DEFAULTS.get(target, 0)
    parser = _PARSERS.get(target)
    return (
        parser(value, provider)
        if parser
        else number_parsing.parse_int(target, value, number_parsing.INTEGER, numbers_of(provider))
    )


def from_object(target: str, value: Any, provider: Any = None) -> Any:
    """Convert a boxed value through IConvertible; null gives the type's default. Raises InvalidCastException."""
    if value is None:
        return MIN_VALUE if target == _DATE else _DEFAULTS.get(target, 0)
    if type(value) is str:
        return from_string(target, value, provider)
    source = str(type_of(value))
    if isinstance(value, EnumValue):
        source = value.dotnet_type.definition.enum_underlying
    if source in _TARGETS:
        return convert(target, source, unbox(value))
    convertible = getattr(value, "convert_to", None)
    if convertible is not None:
        return convertible(target)
    raise InvalidCastException(
        f"Unable to cast object of type '{runtime_name(type_of(value))}' to type 'System.IConvertible'."
    )


def _shower(type_: Type) -> Callable[..., str]:
    return lambda value, provider=None: _shown(box(type_, value), provider)


def _shown(value: Any, provider: Any) -> str:
    return text(value) if provider is None else format_value(value, None, provider)


def _register() -> None:
    for target, name in _TARGETS.items():
        for source in _SOURCES:
            implements("System.Convert", f"static {target} To{name}({source} value)")(
                lambda value, target=target, source=source: convert(target, source, value)
            )
        for provider in ("", ", System.IFormatProvider provider"):
            implements("System.Convert", f"static {target} To{name}(string value{provider})")(
                lambda value, provider=None, target=target: from_string(target, value, provider)
            )
            implements("System.Convert", f"static {target} To{name}(object value{provider})")(
                lambda value, provider=None, target=target: from_object(target, value, provider)
            )
        if target in INTEGERS and target != "char":
            implements("System.Convert", f"static {target} To{name}(string value, int fromBase)")(
                lambda value, base, target=target: from_base(target, value, base)
            )
    for source in (*_SOURCES, "object"):
        type_ = parse(source)
        for provider in ("", ", System.IFormatProvider provider"):
            implements("System.Convert", f"static string ToString({source} value{provider})")(_shower(type_))
    for provider in ("", ", System.IFormatProvider provider"):
        implements("System.Convert", f"static string ToString(string value{provider})")(lambda value, _=None: value)
    for source in ("byte", "short", "int", "long"):
        implements("System.Convert", f"static string ToString({source} value, int toBase)")(
            lambda value, base, bits=INTEGERS[source].bits: to_base(value, bits, base)
        )


_DIGITS = "0123456789abcdef"


def _check_base(base: int) -> None:
    if base not in (2, 8, 10, 16):
        raise ArgumentException("Invalid Base.")


def to_base(value: int, bits: int, base: int) -> str:
    """Two's complement in this base; base 10 has a sign.

    >>> to_base(-1, 32, 16), to_base(5, 32, 2)
    ('ffffffff', '101')
    """
    _check_base(base)
    if base == 10:
        return str(value)
    return format(value & ((1 << bits) - 1), {2: "b", 8: "o", 16: "x"}[base])


def from_base(target: str, value: str | None, base: int) -> int:
    """Read digits of base 2, 8, 10 or 16 as two's complement; base 16 may begin with `0x`."""
    _check_base(base)
    if value is None:
        return 0
    if base == 10:
        return number_parsing.parse_int(target, value, 4)
    type_ = INTEGERS[target]
    if not value:
        raise ArgumentOutOfRangeException("startIndex", INDEX)
    if value[0] == "-":
        raise ArgumentException("String cannot contain a minus sign if the base is not 10.")
    digits = value[2:] if base == 16 and value[:2] in ("0x", "0X") else value
    valid = len(digits) - len(digits.lower().lstrip(_DIGITS[:base]))
    if not valid:
        raise FormatException("Could not find any recognizable digits.")
    if valid < len(digits):
        raise FormatException("Additional non-parsable characters are at the end of the string.")
    significant = digits.lstrip("0")
    if len(significant) > 64 or int(significant or "0", base) >> type_.bits:
        raise type_.overflow()
    return type_.wrap(int(significant or "0", base))


_register()


@implements("System.Convert", "ChangeType")
def _change_type(value: Any, target: TypeObject | None, provider: Any = None) -> Any:
    target = require(target, "conversionType")
    if value is None:
        if target.type.is_value_type and target.type.underlying is None:
            raise InvalidCastException("Null object cannot be converted to a value type.")
        return None
    name = str(target.type)
    if not _is_convertible(value):
        if type_of(value) is target.type:
            return value
        raise InvalidCastException("Object must implement IConvertible.")
    if name == "object":
        return value
    if name == "string":
        return _shown(value, provider)
    if name in _TARGETS:
        return box(target.type, from_object(name, value, provider))
    if hasattr(value, "convert_to_type"):
        return value.convert_to_type(target.type)
    if type_of(value) is target.type:
        return value
    raise InvalidCastException(f"Invalid cast from '{runtime_name(type_of(value))}' to '{runtime_name(target.type)}'.")


@implements("System.Convert", "GetTypeCode")
def _get_type_code(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, EnumValue):
        return TYPE_CODES[value.dotnet_type.definition.enum_underlying]
    if isinstance(value, DBNull):
        return 2
    if hasattr(value, "convert_to"):  # a JValue answers for the value that it holds
        held = value.value
        return _get_type_code(held) if held is None or _is_convertible(held) else 1
    return TYPE_CODES.get(str(type_of(value)), 1)


def _is_convertible(value: Any) -> bool:
    """Return whether a boxed value implements IConvertible."""
    return isinstance(value, EnumValue) or hasattr(value, "convert_to") or str(type_of(value)) in (*_TARGETS, "string")


class DBNull:
    """`DBNull.Value`, of which there is one."""

    __slots__ = ()
    dotnet_type_name = "System.DBNull"

    def to_string(self) -> str:
        return ""

    def convert_to(self, _target: str) -> Any:
        raise InvalidCastException("Object cannot be cast from DBNull to other types.")


_DBNULL = DBNull()


_BY_CODE = {code: name for name, code in TYPE_CODES.items()} | {16: _DATE, 18: "string"}


@implements("System.Convert", "ChangeType(object, TypeCode)", "ChangeType(object, TypeCode, IFormatProvider)")
def _change_type_code(value: Any, code: int, provider: Any = None) -> Any:
    if value is None:
        if code in (0, 1, 18):
            return None
        raise InvalidCastException("Null object cannot be converted to a value type.")
    if not _is_convertible(value):
        raise InvalidCastException("Object must implement IConvertible.")
    if code in (0, 2):
        raise InvalidCastException(f"Object cannot be cast to {'DBNull' if code else 'Empty'}.")
    if code == 1:
        return value
    if code not in _BY_CODE:
        raise ArgumentException("Unknown TypeCode value.")
    name = _BY_CODE[code]
    return _shown(value, provider) if name == "string" else box(parse(name), from_object(name, value, provider))


implements_all("System.Convert", {"DBNull": lambda: _DBNULL, "IsDBNull": lambda value: isinstance(value, DBNull)})
