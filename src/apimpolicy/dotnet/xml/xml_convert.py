"""`System.Xml.XmlConvert`: .NET values from their XML form and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import FormatException, OverflowException, require
from apimpolicy.dotnet.registry import bound, implements, implements_all
from apimpolicy.dotnet.values import Single, to_single
from apimpolicy.dotnet.xml.content import format_date, format_double, format_duration, text_of
from apimpolicy.dotnet.xml.names import verify_ncname

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

_TYPE = "System.Xml.XmlConvert"
_SPACE = " \t\r\n"
_WRONG_FORMAT = "Input string was not in a correct format."
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_MOST_DIGITS = 20
_DURATION = re.compile(
    r"(-)?P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]+))?S)?)?\Z"
)

INTEGER_RANGES = {
    "sbyte": ("SByte", -(2**7), 2**7 - 1),
    "byte": ("Byte", 0, 2**8 - 1),
    "short": ("Int16", -(2**15), 2**15 - 1),
    "ushort": ("UInt16", 0, 2**16 - 1),
    "int": ("Int32", -(2**31), 2**31 - 1),
    "uint": ("UInt32", 0, 2**32 - 1),
    "long": ("Int64", -(2**63), 2**63 - 1),
    "ulong": ("UInt64", 0, 2**64 - 1),
}


def _text(text: str | None) -> str:
    return require(text, "s")


def to_integer(type_name: str, text: str | None) -> int:
    """Return an integer of this C# type; raises FormatException or OverflowException."""
    trimmed = _text(text).strip(_SPACE)
    if _INTEGER.match(trimmed) is None:
        raise FormatException(_WRONG_FORMAT)
    name, low, high = INTEGER_RANGES[type_name]
    value = int(trimmed[:64])
    if not low <= value <= high or len(trimmed) > 64:
        article = "a" if name in ("SByte", "UInt16", "UInt32", "UInt64") else "an"
        if name in ("SByte", "Byte"):
            shown = "a signed byte" if name == "SByte" else "an unsigned byte"
        else:
            shown = f"{article} {name}"
        raise OverflowException(f"Value was either too large or too small for {shown}.")
    return value


_MOST_DIGITS = 20
"""More digits than any part of a duration that fits."""


@implements(_TYPE, "ToBoolean")
def to_boolean(text: str | None) -> bool:
    trimmed = _text(text).strip(_SPACE)
    if trimmed in ("1", "true"):
        return True
    if trimmed in ("0", "false"):
        return False
    raise FormatException(f"The string '{text}' is not a valid Boolean value.")


@implements(_TYPE, "ToDouble")
def to_double(text: str | None) -> float:
    trimmed = _text(text).strip(_SPACE)
    special = {"INF": float("inf"), "-INF": float("-inf"), "NaN": float("nan")}.get(trimmed)
    if special is not None:
        return special
    if _REAL.match(trimmed) is None:
        raise FormatException(_WRONG_FORMAT)
    return float(trimmed)


@implements(_TYPE, "ToSingle")
def to_single_precision(text: str | None) -> float:
    return to_single(to_double(text))


@implements(_TYPE, "ToDecimal")
def to_decimal(text: str | None) -> Decimal:
    trimmed = _text(text).strip(_SPACE)
    if _DECIMAL.match(trimmed) is None:
        raise FormatException(_WRONG_FORMAT)
    value: Decimal = bound("decimal", "static decimal Parse(string s)")(trimmed)
    return value


@implements(_TYPE, "ToChar")
def to_char(text: str | None) -> str:
    if len(_text(text)) != 1:
        raise FormatException("String must be exactly one character long.")
    assert text is not None
    return text


@implements(_TYPE, "ToGuid")
def to_guid(text: str | None) -> Any:
    return bound("System.Guid", "new(string g)")(_text(text))


@implements(_TYPE, "ToTimeSpan")
def to_time_span(text: str | None) -> Any:
    trimmed = _text(text).strip(_SPACE)
    match = _DURATION.match(trimmed)
    if match is None or trimmed[-1] in "PT":
        raise FormatException(f"The string '{text}' is not a valid TimeSpan value.")
    parts = [(part or "").lstrip("0") or "0" for part in match.groups()[1:7]]
    if max(map(len, parts)) > _MOST_DIGITS:
        raise OverflowException(f"The string '{text}' is not a valid TimeSpan value.")
    years, months, days, hours, minutes, seconds = map(int, parts)
    total = ((years * 365 + months * 30 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    ticks = total * 10_000_000 + int((match[8] or "")[:7].ljust(7, "0"))
    if ticks >= 2**63:
        raise OverflowException(f"The string '{text}' is not a valid TimeSpan value.")
    return bound("System.TimeSpan", "new(long ticks)")(-ticks if match[1] else ticks)


def to_date_time(text: str | None) -> Any:
    """As the explicit conversions of LINQ to XML do it: `DateTime.Parse` keeping the kind."""
    parse = (
        "static System.DateTime Parse(string s, System.IFormatProvider provider, "
        "System.Globalization.DateTimeStyles styles)"
    )
    return bound("System.DateTime", parse)(_text(text), None, 128)


@implements(_TYPE, "ToDateTimeOffset(string)")
def to_date_time_offset(text: str | None) -> Any:
    parse = "static System.DateTimeOffset Parse(string input, System.IFormatProvider formatProvider)"
    return bound("System.DateTimeOffset", parse)(_text(text).strip(_SPACE), None)


@implements(_TYPE, "ToDateTime(string, XmlDateTimeSerializationMode)")
def to_date_time_by(text: str | None, mode: int) -> Any:
    """Local and RoundtripKind, Utc, Unspecified: numbers 0 to 3 of XmlDateTimeSerializationMode."""
    value = to_date_time(text)
    if mode == 3:
        return value
    if mode == 2:
        ticks = bound("System.DateTime", "long Ticks { get; }")(value)
        return bound("System.DateTime", "new(long ticks, System.DateTimeKind kind)")(ticks, 0)
    convert = "System.DateTime ToUniversalTime()" if mode == 1 else "System.DateTime ToLocalTime()"
    return bound("System.DateTime", convert)(value)


@implements(_TYPE, "ToString(DateTime, XmlDateTimeSerializationMode)")
def date_to_string(value: Any, mode: int) -> str:
    if mode in (0, 1):
        convert = "System.DateTime ToUniversalTime()" if mode == 1 else "System.DateTime ToLocalTime()"
        return format_date(bound("System.DateTime", convert)(value))
    text = format_date(value)
    return re.sub(r"(?:Z|[+-]\d\d:\d\d)\Z", "", text) if mode == 2 else text


@implements(_TYPE, "ToString(TimeSpan)")
def duration_to_string(value: Any) -> str:
    return format_duration(bound("System.TimeSpan", "long Ticks { get; }")(value))


@implements(_TYPE, "ToString(float)")
def single_to_string(value: float) -> str:
    return format_double(Single(value))


def _register() -> None:
    for name, (shown, _, _) in INTEGER_RANGES.items():
        reader: Callable[[str | None], int] = (lambda n: lambda text: to_integer(n, text))(name)
        implements(_TYPE, f"static {name} To{shown}(string s)")(reader)
        implements(_TYPE, f"static string ToString({name} value)")(text_of)
    for name in ("bool", "char", "decimal", "double", "System.DateTimeOffset", "System.Guid"):
        implements(_TYPE, f"static string ToString({name} value)")(text_of)


_register()

implements_all(_TYPE, {"VerifyNCName": verify_ncname})
