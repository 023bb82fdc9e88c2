"""`Parse`, `ParseExact` and their `Try` forms of DateTime and DateTimeOffset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentNullException, FormatException, require
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.system.date_exact import read_exact
from apimpolicy.dotnet.system.date_parsing import (
    Parts,
    check_styles,
    not_recognized,
    read,
    to_clock_and_zone,
    to_datetime,
)
from apimpolicy.dotnet.system.date_symbols import DateSymbols, dates_of
from apimpolicy.dotnet.system.datetimes import MIN_VALUE, DateTime
from apimpolicy.dotnet.system.offsets import MIN_OFFSET_VALUE, DateTimeOffset
from apimpolicy.dotnet.system.timespans import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    _Make = Callable[[str, Parts, int], Any]


def _any_format(text: str | None, formats: Any, styles: int, symbols: DateSymbols) -> Parts:
    """The first of the formats that the text has."""
    if text is None or formats is None:
        raise ArgumentNullException("s" if text is None else "formats")
    if text and not formats:
        raise FormatException("No format specifiers were provided.")
    for format_ in formats:
        if not format_:
            raise FormatException("Format specifier was invalid.")
        try:
            return read_exact(text, format_, styles, symbols)
        except FormatException:
            continue
    raise not_recognized(text)


def _offset(text: str, parts: Parts, styles: int) -> DateTimeOffset:
    ticks, zone = to_clock_and_zone(text, parts, styles)
    return DateTimeOffset(ticks, zone * MINUTE)


def parse_datetime(text: str | None, provider: Any = None, styles: int = 0) -> DateTime:
    """`DateTime.Parse`; raises ArgumentNullException, FormatException."""
    check_styles(styles)
    parts = read(text, dates_of(provider))
    return to_datetime(text or "", parts, styles)


def parse_offset(text: str | None, provider: Any = None, styles: int = 0) -> DateTimeOffset:
    """`DateTimeOffset.Parse`; raises ArgumentNullException, FormatException."""
    text = require(text, "input")
    parts = read(text, dates_of(provider))
    return _offset(text or "", parts, styles)


def _exactly(make: _Make, read_format: Callable[..., Parts], name: str) -> Callable[..., Any]:
    """`ParseExact`, whose first parameter has this name."""

    def parse(text: str | None, format_: Any, provider: Any, styles: int = 0) -> Any:
        check_styles(styles)
        text = require(text, name)
        return make(text or "", read_format(text, format_, styles, dates_of(provider)), styles)

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


def _register(
    name: str, text: str, provider: str, style: str, parse: Callable[..., Any], make: _Make, zero: Any
) -> None:
    exactly = _exactly(make, read_exact, text)
    given = f"System.IFormatProvider {provider}"
    with_style = f"{given}, System.Globalization.DateTimeStyles"
    implements(name, f"static {name} Parse(string {text})")(parse)
    implements(name, f"static {name} Parse(string {text}, {given})")(parse)
    implements(name, f"static {name} Parse(string {text}, {with_style} styles)")(parse)
    implements(name, f"static {name} ParseExact(string {text}, string format, {given})")(exactly)
    implements(name, f"static bool TryParse(string {text}, out {name} result)")(_attempt(parse, zero))
    implements(name, f"static bool TryParse(string {text}, {with_style} styles, out {name} result)")(
        _attempt(parse, zero)
    )
    for formats, function in (("string format", exactly), ("string[] formats", _exactly(make, _any_format, text))):
        implements(name, f"static {name} ParseExact(string {text}, {formats}, {with_style} {style})")(function)
        implements(
            name, f"static bool TryParseExact(string {text}, {formats}, {with_style} {style}, out {name} result)"
        )(_attempt(function, zero))


_register("System.DateTime", "s", "provider", "style", parse_datetime, to_datetime, MIN_VALUE)
_register("System.DateTimeOffset", "input", "formatProvider", "styles", parse_offset, _offset, MIN_OFFSET_VALUE)
