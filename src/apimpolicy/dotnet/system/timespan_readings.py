"""The standard forms of a `TimeSpan` in a text, as `Parse` and the formats `c`, `g` and `G` read them.

Source: .NET Core 3.1, `TimeSpanParse`. A text may have several readings, which are tried in turn: `24:00:00` is no
time of day, so it is 24 days. In the constant form a point is behind the days, in the general ones a colon.
"""

from __future__ import annotations

import re

from apimpolicy.dotnet.exceptions import FormatException, OverflowException

_SECOND = 10_000_000
_UNITS = {"d": 86_400 * _SECOND, "h": 3_600 * _SECOND, "m": 60 * _SECOND, "s": _SECOND}
_MOST = {"d": 10_675_199, "h": 23, "m": 59, "s": 59}
_BODY = re.compile(r"[\t-\r ]*(-?)([0-9]+(?:[^0-9]+[0-9]+){0,4})[\t-\r ]*")
_BETWEEN = re.compile("([^0-9]+)")

CONSTANT: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("d",),
    (":",): ("hm",),
    (":", ":"): ("hms",),
    (".", ":"): ("dhm",),
    (":", ":."): ("hmf",),
    (":", ":", "."): ("hmsf",),
    (".", ":", ":"): ("dhms",),
    (".", ":", ":."): ("dhmf",),
    (".", ":", ":", "."): ("dhmsf",),
}
"""The numbers' meanings by the separators between them: days, hours, minutes, seconds, fraction."""
GENERAL_LONG: dict[tuple[str, ...], tuple[str, ...]] = {(":", ":", ":", "."): ("dhmsf",)}
GENERAL: dict[tuple[str, ...], tuple[str, ...]] = GENERAL_LONG | {
    (): ("d",),
    (":",): ("hm",),
    (":", ":"): ("hms", "dhm"),
    (":", ":."): ("hmf",),
    (":", ":", "."): ("hmsf",),
    (":", ":", ":"): ("dhms",),
    (":", ":", ":."): ("dhmf",),
}


def unrecognized(text: str) -> FormatException:
    """Return the parsing error of a text that has no reading."""
    return FormatException(f"String '{text}' was not recognized as a valid TimeSpan.")


def out_of_range(text: str) -> OverflowException:
    """Return the parsing error for 25 hours and the like."""
    return OverflowException(
        f"The TimeSpan string '{text}' could not be parsed because at least one of the numeric components is out "
        "of range or contains too many digits."
    )


def read_ticks(text: str, point: str, *, constant: bool, general: dict[tuple[str, ...], tuple[str, ...]]) -> int:
    """The ticks of the first reading in range; `point` is the culture's decimal separator, for the general forms.

    >>> read_ticks("24:00:00", ".", constant=True, general=GENERAL) // 864_000_000_000
    24
    """
    match = _BODY.fullmatch(text)
    if match is None:
        raise unrecognized(text)
    minus, body = match.groups()
    pieces = _BETWEEN.split(body)
    numbers, between = pieces[::2], tuple(pieces[1::2])
    readings = CONSTANT.get(between, ()) if constant else ()
    readings += general.get(_with_point(between, point), ())
    for reading in readings:
        ticks = _ticks(reading, numbers)
        if ticks is not None and ticks < (1 << 63) + bool(minus):
            return -ticks if minus else ticks
    raise out_of_range(text) if readings else unrecognized(text)


def _with_point(between: tuple[str, ...], point: str) -> tuple[str, ...]:
    if point == "." or not between:
        return between
    last = between[-1]
    if "." in last:
        return ("",)
    return (*between[:-1], last.replace(point, "."))


def _ticks(reading: str, numbers: list[str]) -> int | None:
    """Return the sum of the parts; None when one of them is out of range."""
    ticks = 0
    for kind, digits in zip(reading, numbers, strict=True):
        if kind == "f":
            fraction = _fraction(digits)
            if fraction is None:
                return None
            ticks += fraction
            continue
        significant = digits.lstrip("0")
        if len(significant) > 8 or int(significant or "0") > _MOST[kind]:
            return None
        ticks += int(significant or "0") * _UNITS[kind]
    return ticks


def _fraction(digits: str) -> int | None:
    """In ticks. More than seven digits are rounded when they begin with a zero, else refused."""
    if len(digits) <= 7:
        return int(digits.ljust(7, "0"))
    if digits[0] != "0":
        return None
    return int(digits[:7]) + (digits[7] >= "5")
