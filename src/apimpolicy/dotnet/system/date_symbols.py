"""What a culture says about dates: names, separators and patterns. The invariant culture's are the default.

A field that has no value is one whose value is not certain: whoever asks for it gets a NotSimulatedError.
"""

from __future__ import annotations

from typing import Any

from apimpolicy.errors import NotSimulatedError

DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
FIELDS = {
    "short_date": "the short date pattern",
    "long_date": "the long date pattern",
    "short_time": "the short time pattern",
    "long_time": "the long time pattern",
    "full": "the full date and time pattern",
    "month_day": "the month and day pattern",
    "year_month": "the year and month pattern",
    "date_separator": "the separator of dates",
    "time_separator": "the separator of times",
    "morning": "the AM designator",
    "afternoon": "the PM designator",
    "day_names": "the names of days",
    "short_day_names": "the abbreviated names of days",
    "shortest_day_names": "the shortest names of days",
    "month_names": "the names of months",
    "short_month_names": "the abbreviated names of months",
    "first_day": "the first day of the week",
    "week_rule": "the first week of the year",
    "era": "the name of the era",
}


class DateSymbols:
    """Of one culture. Patterns are custom formats; days begin with Sunday; `first_day` and `week_rule` are enums."""

    __slots__ = ("culture", *FIELDS)

    short_date: str
    long_date: str
    short_time: str
    long_time: str
    full: str
    month_day: str
    year_month: str
    date_separator: str
    time_separator: str
    morning: str
    afternoon: str
    day_names: tuple[str, ...]
    short_day_names: tuple[str, ...]
    shortest_day_names: tuple[str, ...]
    month_names: tuple[str, ...]
    short_month_names: tuple[str, ...]
    first_day: int
    week_rule: int
    era: str

    def __init__(self, culture: str = "", **given: Any) -> None:
        """`culture` is its name."""
        self.culture = culture
        for name, value in given.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """Asked only for a field without a value."""
        if name not in FIELDS:
            raise AttributeError(name)
        raise NotSimulatedError(f"{FIELDS[name]} of {self.culture}", "Windows' own versions and ICU do not agree on it")

    def values(self) -> dict[str, Any]:
        """The certain ones."""
        found: dict[str, Any] = {}
        for name in FIELDS:
            try:
                found[name] = getattr(self, name)
            except NotSimulatedError:
                continue
        return found

    def pattern(self, letter: str) -> str | None:
        """The custom format of a standard one that differs between cultures; None for other letters."""
        if letter in "dDtT":
            return {"d": self.short_date, "D": self.long_date, "t": self.short_time, "T": self.long_time}[letter]
        if letter in "FU":
            return self.full
        if letter in "fgG":
            date = self.long_date if letter == "f" else self.short_date
            return f"{date} {self.long_time if letter == 'G' else self.short_time}"
        if letter in "mM":
            return self.month_day
        return self.year_month if letter in "yY" else None


INVARIANT = DateSymbols(
    short_date="MM/dd/yyyy",
    long_date="dddd, dd MMMM yyyy",
    short_time="HH:mm",
    long_time="HH:mm:ss",
    full="dddd, dd MMMM yyyy HH:mm:ss",
    month_day="MMMM dd",
    year_month="yyyy MMMM",
    date_separator="/",
    time_separator=":",
    morning="AM",
    afternoon="PM",
    day_names=DAY_NAMES,
    short_day_names=tuple(name[:3] for name in DAY_NAMES),
    shortest_day_names=tuple(name[:2] for name in DAY_NAMES),
    month_names=MONTH_NAMES,
    short_month_names=tuple(name[:3] for name in MONTH_NAMES),
    first_day=0,
    week_rule=0,
    era="A.D.",
)


def dates_of(provider: Any) -> DateSymbols:
    """What an IFormatProvider says about dates; null is the current culture, the invariant one."""
    return INVARIANT if provider is None else provider.date_symbols
