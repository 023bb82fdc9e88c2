"""`System.Globalization.Calendar`: the Gregorian one, which all simulated cultures have.

Source: .NET Core 3.1, `Calendar` and `GregorianCalendar`. Moments that a calendar gives have no kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    InvalidOperationException,
)
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_setter
from apimpolicy.dotnet.system.datetimes import MAX_TICKS, DateTime, from_parts
from apimpolicy.dotnet.system.timespans import MILLISECOND
from apimpolicy.dotnet.values import INT, Array

if TYPE_CHECKING:
    from apimpolicy.dotnet.globalization.cultures import CultureInfo
    from apimpolicy.dotnet.globalization.date_format_info import DateTimeFormatInfo

_NAME = "System.Globalization.Calendar"
_DATE = "System.DateTime time"
_DATE_PARTS = "int year, int month, int day"
_CLOCK = "int hour, int minute, int second"
_DAY_MILLISECONDS = 86_400_000
_FIRST_DAY, _FIRST_FULL_WEEK, _FIRST_FOUR_DAY_WEEK = range(3)
_DAYS_BEFORE_YEAR_ONE = 365 - 1


@dotnet_class(
    _NAME, members=("TwoDigitYearMax=last_two_digit_year ToFourDigitYear=to_four_digits GetWeekOfYear=week_of_year")
)
class GregorianCalendar:
    """The calendar of one culture; two digits are a year up to 2029."""

    __slots__ = ("_last_two_digit_year", "is_read_only")

    def __init__(self, is_read_only: bool) -> None:
        self.is_read_only = is_read_only
        self._last_two_digit_year = 2029

    @property
    def last_two_digit_year(self) -> int:
        return self._last_two_digit_year

    @last_two_digit_year.setter
    def last_two_digit_year(self, value: int) -> None:
        if self.is_read_only:
            raise InvalidOperationException("Instance is read-only.")
        if not 99 <= value <= 9999:
            raise ArgumentOutOfRangeException("year", "Valid values are between 99 and 9999, inclusive.")
        self._last_two_digit_year = value

    def clone(self) -> GregorianCalendar:
        return self._copy(False)

    def _copy(self, is_read_only: bool) -> GregorianCalendar:
        made = GregorianCalendar(is_read_only)
        made._last_two_digit_year = self._last_two_digit_year
        return made

    @staticmethod
    def read_only(calendar: GregorianCalendar | None) -> GregorianCalendar:
        if calendar is None:
            raise ArgumentNullException("calendar")
        return calendar if calendar.is_read_only else calendar._copy(True)

    def to_four_digits(self, year: int) -> int:
        if year < 0:
            raise ArgumentOutOfRangeException("year", "Non-negative number required.")
        if year > 9999:
            raise ArgumentOutOfRangeException("year", "Valid values are between 1 and 9999, inclusive.")
        last = self._last_two_digit_year
        return (last // 100 - (year > last % 100)) * 100 + year if year < 100 else year

    def week_of_year(self, time: DateTime, rule: int, first_day: int) -> int:
        if not 0 <= first_day <= 6:
            raise ArgumentOutOfRangeException(
                "firstDayOfWeek", "Valid values are between Sunday and Saturday, inclusive."
            )
        if rule not in (_FIRST_DAY, _FIRST_FULL_WEEK, _FIRST_FOUR_DAY_WEEK):
            raise ArgumentOutOfRangeException(
                "rule", "Valid values are between FirstDay and FirstFourDayWeek, inclusive."
            )
        day = time.day_of_year - 1
        weekday = time.day_of_week - day % 7  # of the first of January
        if rule == _FIRST_DAY:
            return (day + (weekday - first_day + 14) % 7) // 7 + 1
        least = 7 if rule == _FIRST_FULL_WEEK else 4
        offset = (first_day - weekday + 14) % 7
        offset -= 7 if offset >= least else 0
        if day >= offset:
            return (day - offset) // 7 + 1
        if time.year > 1:
            return self.week_of_year(from_parts(time.year - 1, 12, 31), rule, first_day)
        offset = (first_day - (weekday - 1 - _DAYS_BEFORE_YEAR_ONE % 7) + 14) % 7
        return (_DAYS_BEFORE_YEAR_ONE - offset + (7 if offset >= least else 0)) // 7 + 1


def _check_era(era: int) -> None:
    if era not in (0, 1):
        raise ArgumentOutOfRangeException("era", "Era value was not valid.")


def _check_year(year: int) -> int:
    if not 1 <= year <= 9999:
        raise ArgumentOutOfRangeException("year", "Valid values are between 1 and 9999, inclusive.")
    return year


def _is_leap(year: int) -> bool:
    _check_year(year)
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(year: int, month: int) -> int:
    _check_year(year)
    if not 1 <= month <= 12:
        raise ArgumentOutOfRangeException("month", "Month must be between one and twelve.")
    return 29 if month == 2 and _is_leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _is_leap_day(year: int, month: int, day: int) -> bool:
    most = _days_in_month(year, month)
    if not 1 <= day <= most:
        raise ArgumentOutOfRangeException("day", f"Valid values are between 1 and {most}, inclusive.")
    return month == 2 and day == 29


def _leap_month(year: int, month: int = 1) -> int:
    """There is none."""
    _days_in_month(year, month)
    return 0


def _add(scale: int) -> Any:
    def add(_: GregorianCalendar, time: DateTime, value: float) -> DateTime:
        count = value * scale + (0.5 if value >= 0 else -0.5)
        if not -(2**63) < count * MILLISECOND < 2**63:
            raise ArgumentOutOfRangeException("value", "Value to add was out of range.")
        ticks = time.ticks + int(count) * MILLISECOND
        if not 0 <= ticks <= MAX_TICKS:
            raise ArgumentException(
                "The result is out of the supported range for this calendar. The result should be between "
                "01/01/0001 00:00:00 (Gregorian date) and 12/31/9999 23:59:59 (Gregorian date), inclusive."
            )
        return DateTime(ticks)

    return add


def _without_kind(moment: DateTime) -> DateTime:
    return DateTime(moment.ticks)


def _register() -> None:
    for unit, type_name, scale in (
        ("Milliseconds", "double", 1),
        ("Seconds", "int", 1000),
        ("Minutes", "int", 60_000),
        ("Hours", "int", 3_600_000),
        ("Days", "int", _DAY_MILLISECONDS),
        ("Weeks", "int", 7 * _DAY_MILLISECONDS),
    ):
        implements(_NAME, f"System.DateTime Add{unit}({_DATE}, {type_name} {unit.lower()})")(_add(scale))
    implements(_NAME, f"System.DateTime AddMonths({_DATE}, int months)")(
        lambda _, time, months: _without_kind(time.add_months(months))
    )
    implements(_NAME, f"System.DateTime AddYears({_DATE}, int years)")(
        lambda _, time, years: _without_kind(time.add_years(years))
    )
    for signature, attribute in (
        ("int GetDayOfMonth", "day"),
        ("System.DayOfWeek GetDayOfWeek", "day_of_week"),
        ("int GetDayOfYear", "day_of_year"),
        ("int GetHour", "hour"),
        ("int GetMinute", "minute"),
        ("int GetMonth", "month"),
        ("int GetSecond", "second"),
        ("int GetYear", "year"),
    ):
        implements(_NAME, f"{signature}({_DATE})")(lambda _, time, attribute=attribute: getattr(time, attribute))
    implements(_NAME, f"double GetMilliseconds({_DATE})")(lambda _, time: float(time.millisecond))
    implements(_NAME, f"int GetEra({_DATE})")(lambda _, _time: 1)
    implements(_NAME, "int[] Eras { get; }")(lambda _: Array(INT, [1]))
    implements(_NAME, "System.DateTime MinSupportedDateTime { get; }")(lambda _: DateTime(0))
    implements(_NAME, "System.DateTime MaxSupportedDateTime { get; }")(lambda _: DateTime(MAX_TICKS))
    for signature, function in (
        ("int GetDaysInMonth(int year, int month", _days_in_month),
        ("int GetDaysInYear(int year", lambda year: 365 + _is_leap(year)),
        ("int GetMonthsInYear(int year", lambda year: _check_year(year) and 12),
        (f"bool IsLeapDay({_DATE_PARTS}", _is_leap_day),
        ("bool IsLeapMonth(int year, int month", lambda year, month: bool(_leap_month(year, month))),
        ("int GetLeapMonth(int year", _leap_month),
        ("bool IsLeapYear(int year", _is_leap),
        (f"System.DateTime ToDateTime({_DATE_PARTS}, {_CLOCK}, int millisecond", from_parts),
    ):
        implements(_NAME, f"{signature})")(lambda _, *parts, function=function: function(*parts))

        def in_era(_: Any, *parts: int, function: Any = function) -> Any:
            _check_era(parts[-1])
            return function(*parts[:-1])

        implements(_NAME, f"{signature}, int era)")(in_era)


_register()


@implements("System.Globalization.CultureInfo", "Calendar")
def _calendar_of(culture: CultureInfo) -> GregorianCalendar:
    return GregorianCalendar(culture.is_read_only)


@implements("System.Globalization.DateTimeFormatInfo", "Calendar")
def _calendar_of_format(info: DateTimeFormatInfo) -> GregorianCalendar:
    return GregorianCalendar(info.is_read_only)


@implements_setter("System.Globalization.DateTimeFormatInfo", "Calendar")
def _set_calendar(info: DateTimeFormatInfo, calendar: GregorianCalendar | None) -> None:
    """There is only the one that it has."""
    if info.is_read_only:
        raise InvalidOperationException("Instance is read-only.")
    if calendar is None:
        raise ArgumentNullException("value", "Object cannot be null.")
