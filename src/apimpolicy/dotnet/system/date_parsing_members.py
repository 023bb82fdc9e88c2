"""`Parse`, `ParseExact` and their `Try` forms of DateTime and DateTimeOffset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentNullException, FormatException, require
from apimpolicy.dotnet.registry import implements_all
from apimpolicy.dotnet.system.date_exact import read_exact
from apimpolicy.dotnet.system.date_parsing import (
    Parts,
    check_styles,
    not_recognized,
    read,
    to_clock_and_zone,
    to_datetime,
)
from apimpolicy.dotnet.system.date_symbols import check_dates
from apimpolicy.dotnet.system.datetimes import MIN_VALUE, DateTime
from apimpolicy.dotnet.system.offsets import MIN_OFFSET_VALUE, DateTimeOffset
from apimpolicy.dotnet.system.timespans import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    _Make = Callable[[str, Parts, int], Any]


def _any_format(text: str | None, formats: Any, styles: int) -> Parts:
    """Return the first of the formats that the text has."""
    if text is None or formats is None:
        raise ArgumentNullException("s" if text is None else "formats")
    if text and not formats:
        raise FormatException("No format specifiers were provided.")
    for format_ in formats:
        if not format_:
            raise FormatException("Format specifier was invalid.")
        try:
            return read_exact(text, format_, styles)
        except FormatException:
            continue
    raise not_recognized(text)


def _offset(text: str, parts: Parts, styles: int) -> DateTimeOffset:
    ticks, zone = to_clock_and_zone(text, parts, styles)
    return DateTimeOffset(ticks, zone * MINUTE)


def parse_datetime(text: str | None, provider: Any = None, styles: int = 0) -> DateTime:
    """`DateTime.Parse`; raises ArgumentNullException, FormatException."""
    check_styles(styles)
    check_dates(provider)
    return to_datetime(text or "", read(text), styles)


def parse_offset(text: str | None, provider: Any = None, styles: int = 0) -> DateTimeOffset:
    """`DateTimeOffset.Parse`; raises ArgumentNullException, FormatException."""
    text = require(text, "input")
    check_dates(provider)
    return _offset(text, read(text), styles)


def _exactly(make: _Make, read_format: Callable[..., Parts], name: str) -> Callable[..., Any]:
    """`ParseExact`, whose first parameter has this name."""

    def parse(text: str | None, format_: Any, provider: Any, styles: int = 0) -> Any:
        check_styles(styles)
        text = require(text, name)
        check_dates(provider)
        return make(text, read_format(text, format_, styles), styles)

    return parse


def _attempt(parse: Callable[..., Any], default: Any) -> Callable[..., Any]:
    def attempt(text: str | None, *arguments: Any) -> tuple[bool, Any]:
        if text is None:
            return False, default
        try:
            return True, parse(text, *arguments)
        except (FormatException, ArgumentNullException):
            return False, default

    return attempt


def _register(name: str, parameter: str, parse: Callable[..., Any], make: _Make, zero: Any) -> None:
    exactly, any_of = _exactly(make, read_exact, parameter), _exactly(make, _any_format, parameter)
    formats = "string, string[], IFormatProvider, DateTimeStyles"
    implements_all(
        name,
        {
            "Parse": parse,
            "TryParse": _attempt(parse, zero),
            "ParseExact": exactly,
            "TryParseExact": _attempt(exactly, zero),
            f"ParseExact({formats})": any_of,
            f"TryParseExact({formats}, out {name.rpartition('.')[2]})": _attempt(any_of, zero),
        },
    )


_register("System.DateTime", "s", parse_datetime, to_datetime, MIN_VALUE)
_register("System.DateTimeOffset", "input", parse_offset, _offset, MIN_OFFSET_VALUE)
