"""Names and scalars of JSON as `JsonSerializerSettings` have them: dates and escapes. Source: Newtonsoft.Json 12."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.dotnet.json import platform
from apimpolicy.dotnet.json.escapes import escape
from apimpolicy.dotnet.json.kinds import COMMENT, DATE, RAW, UNDEFINED
from apimpolicy.dotnet.json.writer import Texts, format_value
from apimpolicy.dotnet.values import type_of

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.settings import JsonSerializerSettings

_ESCAPED = {1: re.compile("[\x80-\uffff]"), 2: re.compile("[<>&']")}
"""What StringEscapeHandling.EscapeNonAscii and EscapeHtml escape besides the default."""
_HTML, _MICROSOFT = 2, 1
_TICKS_PER_MILLISECOND = TICKS_PER_SECOND // 1000
_MINIMUM, _MAXIMUM = 0, 3_155_378_975_999_999_999
"""The ticks of DateTime.MinValue and MaxValue."""


class SettingsTexts(Texts):
    """Texts by `StringEscapeHandling`, `DateFormatHandling` and `DateFormatString`."""

    def __init__(self, settings: JsonSerializerSettings) -> None:
        self.escaped = _ESCAPED.get(settings.escapes)
        self.is_html = settings.escapes == _HTML
        self.is_microsoft = settings.date_style == _MICROSOFT
        self.date_format = settings.date_format

    def name(self, text: str) -> str:
        escaped = escape(text)
        if self.is_html:
            escaped = escaped.replace('\\"', "\\u0022")
        if self.escaped is not None:
            escaped = self.escaped.sub(lambda match: f"\\u{ord(match.group()):04x}", escaped)
        return escaped

    def scalar(self, token_type: int, value: Any) -> str:
        if value is None or token_type in (COMMENT, RAW, UNDEFINED):
            return format_value(token_type, value)
        if isinstance(value, str):
            return f'"{self.name(str(value))}"'
        if type_of(value) is platform.URI:
            return f'"{self.name(platform.function("System.Uri", "string OriginalString { get; }")(value))}"'
        if token_type == DATE and (self.date_format or self.is_microsoft):
            return f'"{self._date(value)}"'
        return format_value(token_type, value)

    def _date(self, value: Any) -> str:
        if self.date_format:  # written as it is, never escaped
            name = str(type_of(value))
            return str(platform.function(name, "string ToString(string format)")(value, self.date_format))
        return _microsoft_date(value)


def _microsoft_date(value: Any) -> str:
    """Return `\\/Date(1577934245000+0200)\\/`: milliseconds since 1970 UTC, and the offset unless the time is UTC."""
    ticks = platform.ticks_of(value)
    if type_of(value) is platform.DATE_TIME_OFFSET:
        minutes = platform.offset_minutes(value)
        has_offset = True
    else:  # the simulated gateway's local time is UTC
        minutes = 0
        kind = platform.kind_of(value)
        has_offset = kind == platform.LOCAL or (kind != platform.UTC and ticks not in (_MINIMUM, _MAXIMUM))
    moment = ticks - minutes * 60 * TICKS_PER_SECOND - UNIX_EPOCH_TICKS
    milliseconds = abs(moment) // _TICKS_PER_MILLISECOND * (-1 if moment < 0 else 1)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"\\/Date({milliseconds}{f'{sign}{hours:02d}{rest:02d}' if has_offset else ''})\\/"
