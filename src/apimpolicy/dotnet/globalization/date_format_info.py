"""`System.Globalization.DateTimeFormatInfo`: how a culture writes dates, or a policy's own way.

The names of months have no forms of their own beside a day: no culture here has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    InvalidOperationException,
    require,
)
from apimpolicy.dotnet.globalization.culture_data import check_symbol
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all, implements_setter
from apimpolicy.dotnet.system.date_formats import expand
from apimpolicy.dotnet.system.date_symbols import INVARIANT, DateSymbols, dates_of
from apimpolicy.dotnet.system.number_symbols import INVARIANT as INVARIANT_NUMBERS
from apimpolicy.dotnet.system.number_symbols import NumberSymbols
from apimpolicy.dotnet.values import STRING, Array

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.objects import TypeObject

_NAME = "System.Globalization.DateTimeFormatInfo"


@dotnet_class(
    _NAME,
    members=(
        "GetDayName=day_name GetAbbreviatedDayName=short_day_name "
        "GetShortestDayName=shortest_day_name GetMonthName=month_name "
        "GetAbbreviatedMonthName=short_month_name"
    ),
)
class DateTimeFormatInfo(DateSymbols):
    """Date symbols that a policy can hold, and change unless they are read-only."""

    __slots__ = ("has_own_full", "is_read_only")

    def __init__(self, symbols: DateSymbols = INVARIANT, is_read_only: bool = False) -> None:
        super().__init__(symbols.culture, **symbols.values())
        self.is_read_only = is_read_only
        self.has_own_full = False

    @property
    def date_symbols(self) -> DateSymbols:
        return self

    @property
    def number_symbols(self) -> NumberSymbols:
        """It says nothing about numbers."""
        return INVARIANT_NUMBERS

    def clone(self) -> DateTimeFormatInfo:
        return DateTimeFormatInfo(self)

    def get_format(self, asked: TypeObject | None) -> DateTimeFormatInfo | None:
        return self if asked is not None and str(asked.type) == _NAME else None

    @staticmethod
    def get_instance(provider: Any) -> DateTimeFormatInfo:
        found = dates_of(provider)
        return found if isinstance(found, DateTimeFormatInfo) else DateTimeFormatInfo(found, is_read_only=True)

    @staticmethod
    def read_only(info: DateTimeFormatInfo | None) -> DateTimeFormatInfo:
        info = require(info, "dtfi", "Object cannot be null.")
        return DateTimeFormatInfo(info, is_read_only=True)

    def day_name(self, day: int) -> str:
        return self.day_names[_checked(day, 0, 6, "dayofweek")]

    def short_day_name(self, day: int) -> str:
        return self.short_day_names[_checked(day, 0, 6, "dayofweek")]

    def shortest_day_name(self, day: int) -> str:
        return self.shortest_day_names[_checked(day, 0, 6, "dayOfWeek")]

    def month_name(self, month: int) -> str:
        return _thirteen(self.month_names)[_checked(month, 1, 13, "month") - 1]

    def short_month_name(self, month: int) -> str:
        return _thirteen(self.short_month_names)[_checked(month, 1, 13, "month") - 1]

    def change(self, name: str, value: Any) -> None:
        """Set a field; the full pattern follows the others until it is set itself."""
        if self.is_read_only:
            raise InvalidOperationException("Instance is read-only.")
        setattr(self, name, value)
        self.has_own_full = self.has_own_full or name == "full"
        if name in ("long_date", "long_time") and not self.has_own_full:
            self.full = f"{self.long_date} {self.long_time}"


def _checked(value: int, least: int, most: int, name: str) -> int:
    if not least <= value <= most:
        shown = f"{least} and {most}" if name == "month" else "Sunday and Saturday"
        raise ArgumentOutOfRangeException(name, f"Valid values are between {shown}, inclusive.")
    return int(value)


def _thirteen(names: tuple[str, ...]) -> tuple[str, ...]:
    """Months have thirteen names, of which the last one is empty in our calendar."""
    return names if len(names) > 12 else (*names, "")


_INVARIANT_INFO = DateTimeFormatInfo(INVARIANT, is_read_only=True)
for _property in ("InvariantInfo", "CurrentInfo"):
    implements(_NAME, f"static {_NAME} {_property} {{ get; }}")(lambda: _INVARIANT_INFO)
for _property, _letter in (("RFC1123", "r"), ("SortableDateTime", "s"), ("UniversalSortableDateTime", "u")):
    implements(_NAME, f"string {_property}Pattern {{ get; }}")(lambda _, letter=_letter: expand(letter)[0])

_TEXTS = {
    "AMDesignator": "morning",
    "PMDesignator": "afternoon",
    "DateSeparator": "date_separator",
    "TimeSeparator": "time_separator",
    "FullDateTimePattern": "full",
    "LongDatePattern": "long_date",
    "LongTimePattern": "long_time",
    "MonthDayPattern": "month_day",
    "ShortDatePattern": "short_date",
    "ShortTimePattern": "short_time",
    "YearMonthPattern": "year_month",
}
_NAMES = {
    "DayNames": ("day_names", 7),
    "AbbreviatedDayNames": ("short_day_names", 7),
    "ShortestDayNames": ("shortest_day_names", 7),
    "MonthNames": ("month_names", 13),
    "AbbreviatedMonthNames": ("short_month_names", 13),
}


def _register_text(name: str, attribute: str) -> None:
    def put(info: DateTimeFormatInfo, value: str | None) -> None:
        value = require(value, "value", "String reference not set to an instance of a String.")
        info.change(attribute, check_symbol(value))

    implements(_NAME, f"string {name} {{ get; set; }}")(lambda info: getattr(info, attribute))
    implements_setter(_NAME, f"string {name} {{ get; set; }}")(put)


def _register_names(name: str, attribute: str, count: int) -> None:
    def get(info: DateTimeFormatInfo) -> Array:
        names = getattr(info, attribute)
        return Array(STRING, names if count == 7 else _thirteen(names))

    def put(info: DateTimeFormatInfo, value: Array | None) -> None:
        value = require(value, "value", "Array cannot be null.")
        if len(value) != count:
            raise ArgumentException(f"Length of the array must be {count}.", "value")
        if None in value:
            raise ArgumentNullException("value", "Found a null value within an array.")
        info.change(attribute, tuple(map(check_symbol, value)))

    implements(_NAME, f"string[] {name} {{ get; set; }}")(get)
    implements_setter(_NAME, f"string[] {name} {{ get; set; }}")(put)


for _property, _attribute in _TEXTS.items():
    _register_text(_property, _attribute)
for _property, (_attribute, _count) in _NAMES.items():
    _register_names(_property, _attribute, _count)
for _genitive, _attribute in (
    ("MonthGenitiveNames", "month_names"),
    ("AbbreviatedMonthGenitiveNames", "short_month_names"),
):
    implements(_NAME, f"string[] {_genitive} {{ get; set; }}")(
        lambda info, attribute=_attribute: Array(STRING, _thirteen(getattr(info, attribute)))
    )


@implements_setter(_NAME, "FirstDayOfWeek")
def _set_first_day(info: DateTimeFormatInfo, value: int) -> None:
    info.change("first_day", _checked(value, 0, 6, "value"))


@implements_setter(_NAME, "CalendarWeekRule")
def _set_week_rule(info: DateTimeFormatInfo, value: int) -> None:
    if not 0 <= value <= 2:
        raise ArgumentOutOfRangeException("value", "Valid values are between FirstDay and FirstFourDayWeek, inclusive.")
    info.change("week_rule", int(value))


implements_all(
    _NAME,
    {
        "new": DateTimeFormatInfo,
        "IsReadOnly": lambda info: info.is_read_only,
        "FirstDayOfWeek": lambda info: info.first_day,
        "CalendarWeekRule": lambda info: info.week_rule,
    },
)
