"""Time zones as text: `TimeZoneInfo.ToSerializedString` and `FromSerializedString`, for UTC and custom zones.

Source: .NET Core 3.1, `TimeZoneInfo.StringSerializer`. A zone of the operating system has rules and names of its own
there, so its text is not simulated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    DotnetException,
    SystemException,
    require,
)
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.system.custom_timezones import create_zone
from apimpolicy.dotnet.system.date_formats import format_moment
from apimpolicy.dotnet.system.datetimes import DateTime, from_parts
from apimpolicy.dotnet.system.timespans import MILLISECOND, MINUTE, TimeSpan
from apimpolicy.dotnet.system.zone_rules import (
    AdjustmentRule,
    TransitionTime,
    create_rule,
    fixed_date,
    floating_date,
)

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.timezones import TimeZone

_INFO = "System.TimeZoneInfo"
_TOKEN = re.compile(r"((?:[^\\;\[\]]|\\.)*)([;\[\]])", re.DOTALL)
_ESCAPED = re.compile(r"([\\;\[\]])")


class SerializationException(SystemException):
    type_name = "System.Runtime.Serialization.SerializationException"


def _corrupt() -> SerializationException:
    return SerializationException("An error occurred while deserializing the object.  The serialized data is corrupt.")


def _written(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", text)


def _written_minutes(span: TimeSpan) -> str:
    return str(span.ticks // MINUTE)


def _written_transition(transition: TransitionTime) -> str:
    fixed = transition.is_fixed_date_rule
    place = f"{transition.day};" if fixed else f"{transition.week};{transition.day_of_week};"
    time = format_moment(transition.time_of_day, "HH:mm:ss.FFF")
    return f"[{int(fixed)};{time};{transition.month};{place}]"


def _written_rule(rule: AdjustmentRule) -> str:
    dates = ";".join(format_moment(date, "MM:dd:yyyy") for date in (rule.start, rule.end))
    transitions = ";".join(map(_written_transition, (rule.daylight_start, rule.daylight_end)))
    return f"[{dates};{_written_minutes(rule.delta)};{transitions};]"


@implements(_INFO, "ToSerializedString")
def serialize(zone: TimeZone) -> str:
    """Raise NotSimulatedError for a zone of the operating system."""
    rules = "".join(map(_written_rule, zone.get_adjustment_rules()))
    names = ";".join(_written(name) for name in (zone.to_string(), zone.standard_name, zone.daylight_name))
    return f"{_written(zone.id)};{_written_minutes(TimeSpan(zone.base_offset))};{names};{rules};"


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def value(self) -> str:
        """Return the text up to the next semicolon."""
        match = _TOKEN.match(self.text, self.at)
        if match is None or match[2] != ";":
            raise _corrupt()
        self.at = match.end()
        return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL)

    def number(self) -> int:
        found = self.value()
        if not re.fullmatch("-?[0-9]{1,8}", found):
            raise _corrupt()
        return int(found)

    def numbers(self, pattern: str) -> list[int]:
        match = re.fullmatch(pattern, self.value())
        if match is None:
            raise _corrupt()
        return [int(part or 0) for part in match.groups()]

    def take(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise _corrupt()
        self.at += len(mark)

    def date(self) -> DateTime:
        month, day, year = self.numbers("([0-9]{2}):([0-9]{2}):([0-9]{4})")
        return from_parts(year, month, day)

    def transition(self) -> TransitionTime:
        self.take("[")
        is_fixed = self.number()
        match = re.fullmatch(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,3}))?", self.value())
        if match is None:
            raise _corrupt()
        hour, minute, second = (int(part) for part in match.groups()[:3])
        time = from_parts(1, 1, 1, hour, minute, second)
        time = DateTime(time.ticks + int((match[4] or "0").ljust(3, "0")) * MILLISECOND)
        month, place = self.number(), self.number()
        made = fixed_date(time, month, place) if is_fixed else floating_date(time, month, place, self.number())
        self.take("]")
        return made

    def rule(self) -> AdjustmentRule:
        self.take("[")
        start, end, delta = self.date(), self.date(), TimeSpan(self.number() * MINUTE)
        begin = self.transition()
        self.take(";")
        finish = self.transition()
        self.take(";]")
        return create_rule(start, end, delta, begin, finish)


@implements(_INFO, "FromSerializedString")
def deserialize(source: str | None) -> TimeZone:
    """Raise ArgumentNullException, ArgumentException for an empty text, SerializationException."""
    source = require(source, "source")
    if not source:
        raise ArgumentException("The specified serialized string '' is not supported.", "source")
    reader = _Reader(source)
    try:
        name, base = reader.value(), TimeSpan(reader.number() * MINUTE)
        shown, standard, daylight = reader.value(), reader.value(), reader.value()
        rules = []
        while reader.text.startswith("[", reader.at):
            rules.append(reader.rule())
        reader.take(";")
        return create_zone(name, base, shown, standard, daylight, rules)
    except SerializationException:
        raise
    except DotnetException as error:
        raise SerializationException(_corrupt().message, error) from None
