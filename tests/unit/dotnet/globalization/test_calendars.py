# ruff: noqa: E501 - the rows of a table keep their line
"""Calendars, and what else takes one; time zones as text; the obsolete constructors of Uri."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from apimpolicy.dotnet.globalization.calendars import GregorianCalendar
from apimpolicy.dotnet.system.datetimes import from_parts

if TYPE_CHECKING:
    from collections.abc import Callable

CALENDAR = "var c = CultureInfo.InvariantCulture.Calendar; "
ZONE = (
    "var a = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday);"
    " var b = TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 3, 30, 0), 10, 31);"
    " var r = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(new DateTime(2000, 1, 1), new DateTime(2030, 12, 31), TimeSpan.FromHours(1), a, b);"
    ' var z = TimeZoneInfo.CreateCustomTimeZone("My;Zone", TimeSpan.FromMinutes(-90), "Sh[o]wn", "Std", "Day", new[] { r }); '
)
SERIALIZED = r"My\;Zone;-90;Sh\[o\]wn;Std;Day;[01:01:2000;12:31:2030;60;[0;02:00:00;3;5;0;];[1;03:30:00;10;31;];];"
ROWS = {
    CALENDAR
    + "return c.GetWeekOfYear(new DateTime(2024, 12, 30), CalendarWeekRule.FirstFourDayWeek, DayOfWeek.Monday);": 53,
    CALENDAR
    + "return c.GetWeekOfYear(new DateTime(2024, 1, 1), CalendarWeekRule.FirstFullWeek, DayOfWeek.Sunday);": 53,
    CALENDAR + "return c.GetWeekOfYear(new DateTime(2024, 12, 31), CalendarWeekRule.FirstDay, DayOfWeek.Monday);": 53,
    CALENDAR
    + "return c.GetWeekOfYear(new DateTime(2024, 12, 31), (CalendarWeekRule)3, DayOfWeek.Monday);": "System.ArgumentOutOfRangeException: Valid values are between FirstDay and FirstFourDayWeek, inclusive. (Parameter 'rule')",
    CALENDAR
    + "return c.GetDaysInMonth(2024, 2) * 1000 + c.GetDaysInYear(2023) + (c.IsLeapYear(1900) ? 1 : 0) + c.GetMonthsInYear(5, 1) + c.GetLeapMonth(2024);": 29377,
    CALENDAR
    + "return c.IsLeapDay(2024, 2, 29) && !c.IsLeapMonth(2024, 2) && c.GetEra(DateTime.MinValue) == c.Eras[0];": True,
    CALENDAR
    + "return c.IsLeapYear(2024, 2);": "System.ArgumentOutOfRangeException: Era value was not valid. (Parameter 'era')",
    CALENDAR + "return c.ToFourDigitYear(29) * 10000 + c.ToFourDigitYear(30);": 20291930,
    CALENDAR + "c.TwoDigitYearMax = 2099; return 1;": "System.InvalidOperationException: Instance is read-only.",
    'var c = new CultureInfo("de-DE").Calendar; c.TwoDigitYearMax = 2099; return c.ToFourDigitYear(30);': 2030,
    CALENDAR
    + 'return c.AddMonths(new DateTime(2024, 1, 31, 1, 0, 0, DateTimeKind.Utc), 1).ToString("o") + c.AddWeeks(new DateTime(2024, 1, 1), -1).ToString("d");': "2024-02-29T01:00:00.000000012/25/2023",
    CALENDAR
    + "return c.AddDays(DateTime.MaxValue, 1);": "System.ArgumentException: The result is out of the supported range for this calendar. The result should be between 01/01/0001 00:00:00 (Gregorian date) and 12/31/9999 23:59:59 (Gregorian date), inclusive.",
    CALENDAR
    + 'return c.ToDateTime(2024, 2, 9, 1, 2, 3, 4).ToString("o") + c.GetMilliseconds(new DateTime(2024, 2, 9, 1, 2, 3, 4)) + c.GetDayOfWeek(new DateTime(2024, 2, 9));': "2024-02-09T01:02:03.00400004Friday",
    CALENDAR
    + 'return new DateTime(2024, 2, 9, c).ToString("s") + new DateTime(2024, 2, 9, 1, 2, 3, c).Hour + new DateTime(2024, 2, 9, 1, 2, 3, 4, c, DateTimeKind.Utc).Kind;': "2024-02-09T00:00:001Utc",
    CALENDAR
    + 'return new DateTimeOffset(2024, 2, 9, 1, 2, 3, 4, c, TimeSpan.FromHours(1)).ToString("o");': "2024-02-09T01:02:03.0040000+01:00",
    "return new DateTime(2024, 2, 9, (Calendar)null);": "System.ArgumentNullException: Value cannot be null. (Parameter 'calendar')",
    CALENDAR
    + "return new DateTime(2024, 2, 30, c);": "System.ArgumentOutOfRangeException: Year, Month, and Day parameters describe an un-representable DateTime.",
    ZONE + "return z.ToSerializedString();": SERIALIZED,
    ZONE
    + "var y = TimeZoneInfo.FromSerializedString(z.ToSerializedString()); return y.HasSameRules(z) && y.Id == z.Id && y.DisplayName == z.DisplayName;": True,
    "return TimeZoneInfo.Utc.ToSerializedString();": "UTC;0;UTC;UTC;UTC;;",
    'return TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").ToSerializedString();': "NotSimulatedError",
    'return TimeZoneInfo.FromSerializedString("a;b;");': "System.Runtime.Serialization.SerializationException: An error occurred while deserializing the object.  The serialized data is corrupt.",
    'return TimeZoneInfo.FromSerializedString("");': "System.ArgumentException: The specified serialized string '' is not supported. (Parameter 'source')",
    'return new Uri("http://a/b?c=d", false).AbsoluteUri + new Uri("http://a/b", true).UserEscaped;': "http://a/b?c=dTrue",
    'return new Uri("http://a/b c", false).AbsoluteUri;': "http://a/b%20c",
    'return new Uri("http://a/b c", true);': "NotSimulatedError",
    'return new Uri(new Uri("http://a/b"), "c", false).AbsoluteUri + new Uri(new Uri("http://a/b"), "d", true).AbsoluteUri;': "http://a/chttp://a/d",
    'return "abc".GetPinnableReference();': "a",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: object, answer_of: Callable[[str], object]) -> None:
    assert answer_of(code) == expected


def test_weeks_are_those_of_iso_8601_from_thursday_to_sunday() -> None:
    """In the first and last days of a year .NET's FirstFourDayWeek and ISO 8601 differ only before Thursday."""
    calendar = GregorianCalendar(True)
    for year in range(1995, 2026):
        for day in range(1, 366):
            date = datetime.date(year, 1, 1) + datetime.timedelta(day - 1)
            if date.isoweekday() >= 4:
                found = calendar.week_of_year(from_parts(date.year, date.month, date.day), 2, 1)
                assert found == date.isocalendar().week, date
