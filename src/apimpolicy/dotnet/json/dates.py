"""Recognises the dates that Newtonsoft's reader turns into DateTime: ISO 8601 and `/Date(…)/`."""

from __future__ import annotations

import datetime
import re
from typing import Any

from apimpolicy.dotnet.environment import UNIX_EPOCH_TICKS
from apimpolicy.dotnet.json import platform

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?\Z"
)
_MOST_DIGITS = 19
"""Digits of an Int64."""
_MICROSOFT = re.compile(r"/Date\((-?[0-9]+)([+-][0-9]{2,4})?\)/\Z")
_PLAIN_ENDS = {"Z": platform.UTC, "z": platform.UTC, "": platform.UNSPECIFIED}
_MAXIMUM_TICKS = 3_155_378_975_999_999_999


def find_date(text: str, *, keeps_offset: bool = False) -> Any | None:
    """Return the DateTime in a JSON string, or None. Offsets become local time, which is UTC here.

    With `keeps_offset` it is a DateTimeOffset, of local time where none is written.
    """
    if text[0:1] == "/":
        found = _microsoft(text)
        return platform.date_time_offset(platform.ticks_of(found), 0) if found is not None and keeps_offset else found
    if not 19 <= len(text) <= 40 or text[10] != "T":
        return None
    kind = None if keeps_offset else _PLAIN_ENDS.get(text[19:])
    if kind is not None and text[4::3][:5] == "--T::":  # the usual form, in C; what it doesn't take is looked at below
        try:
            found = datetime.datetime.fromisoformat(text[:19])
        except ValueError:
            pass
        else:
            seconds = ((found.toordinal() - 1) * 24 + found.hour) * 3600 + found.minute * 60 + found.second
            return platform.date_time(seconds * 10_000_000, kind)
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(7, "0") or "0")
    if hour == 24 and (minute or second or fraction):
        return None
    try:
        ordinal = datetime.date(year, month, day).toordinal() - 1
    except ValueError:
        return None
    if hour > 24 or minute > 59 or second > 59:
        return None
    ticks = ((ordinal * 24 + hour) * 3600 + minute * 60 + second) * 10_000_000 + fraction
    if keeps_offset:
        minutes = int(match[10] or "0") * 60 + int(match[11] or "0")
        return platform.date_time_offset(ticks, -minutes if match[9] == "-" else minutes)
    if match[8]:
        return platform.date_time(ticks, platform.UTC)
    if match[9] is None:
        return platform.date_time(ticks, platform.UNSPECIFIED)
    minutes = int(match[10]) * 60 + int(match[11] or "0")
    ticks += minutes * 600_000_000 * (1 if match[9] == "-" else -1)
    return platform.date_time(max(0, min(ticks, _MAXIMUM_TICKS)), platform.LOCAL)


def _microsoft(text: str) -> Any | None:
    match = _MICROSOFT.match(text)
    if match is None:
        return None
    digits = match[1].lstrip("+-").lstrip("0")
    if len(digits) > _MOST_DIGITS:
        return None
    ticks = UNIX_EPOCH_TICKS + int(match[1][: 1 if match[1][0] in "+-" else 0] + (digits or "0")) * 10_000
    if not 0 <= ticks <= _MAXIMUM_TICKS:
        return None
    return platform.date_time(ticks, platform.LOCAL if match[2] else platform.UTC)
