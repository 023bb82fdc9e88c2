"""Dates, spans and time zones. The rows are answers of .NET Core 3.1 with UTC as local time."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentOutOfRangeException,
    DotnetException,
    FormatException,
    OverflowException,
    TimeZoneNotFoundException,
)
from apimpolicy.csharp.dotnet.system import timespan_parsing, timespans, timezones
from apimpolicy.csharp.dotnet.system.date_exact import parse_datetime, parse_offset, read_exact
from apimpolicy.csharp.dotnet.system.date_parsing import to_datetime
from apimpolicy.csharp.dotnet.system.datetimes import (
    LOCAL,
    MAX_TICKS,
    MIN_VALUE,
    UTC,
    DateTime,
    from_parts,
    now,
    utc_now,
)
from apimpolicy.csharp.dotnet.system.timespans import TimeSpan

PARSED = [
    ("2024-02-29", "2024-02-29T00:00:00.0000000"),
    ("2024-02-29T13:14:15Z", "2024-02-29T13:14:15.0000000+00:00"),
    ("2024-02-29T13:14:15+02:00", "2024-02-29T11:14:15.0000000+00:00"),
    ("2024-02-29T13:14:15.1234567Z", "2024-02-29T13:14:15.1234567+00:00"),
    ("02/29/2024 1:02 PM", "2024-02-29T13:02:00.0000000"),
    ("Feb 29, 2024", "2024-02-29T00:00:00.0000000"),
    ("Thu, 29 Feb 2024 13:14:15 GMT", "2024-02-29T13:14:15.0000000+00:00"),
]
FORMATTED = [
    ("y M d h H m s f F t", "24 2 9 3 3 4 5 0  A"),
    ("yyy MMM ddd fff FFF", "2024 Feb Fri 067 067"),
    ("yyyyy fffffff FFFFFFF", "02024 0670000 067"),
    ("g gg", "A.D. A.D."),
    ("K|z|zz|zzz", "|+0|+00|+00:00"),
    ("r", "Fri, 09 Feb 2024 03:04:05 GMT"),
    ("u", "2024-02-09 03:04:05Z"),
    ("D", "Friday, 09 February 2024"),
    ("y", "2024 February"),
    ("ddd, dd MMM yyyy HH:mm:ss 'GMT'", "Fri, 09 Feb 2024 03:04:05 GMT"),
]


@pytest.mark.parametrize(("text", "expected"), PARSED)
def test_parse(text: str, expected: str) -> None:
    assert parse_datetime(text).format("o") == expected


@pytest.mark.parametrize(
    "text", ["29/02/2024", "20240229", "", "2024-02-30", "5.0", "x", "2024-02-29T25:00:00,5", "1" * 5000]
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(FormatException, match="was not recognized as a valid DateTime"):
        parse_datetime(text)


@pytest.mark.parametrize(("format_", "expected"), FORMATTED)
def test_format(format_: str, expected: str) -> None:
    assert from_parts(2024, 2, 9, 3, 4, 5, 67).format(format_) == expected


@pytest.mark.parametrize("format_", ["x", '"', "'a", "%", "ffffffff"])
def test_format_refuses(format_: str) -> None:
    with pytest.raises(FormatException):
        from_parts(2024, 2, 9).format(format_)


def test_parse_exact() -> None:
    def exact(text: str, format_: str) -> str:
        return to_datetime(text, read_exact(text, format_, 0), 0).format("s")

    assert exact("29022024", "ddMMyyyy") == "2024-02-29T00:00:00"
    assert exact("2024-2-9", "yyyy-M-d") == "2024-02-09T00:00:00"
    assert exact("2024", "yyyy") == "2024-01-01T00:00:00"
    with pytest.raises(FormatException):
        exact("2024-2-9", "yyyy-MM-dd")


@given(st.integers(0, MAX_TICKS), st.sampled_from([0, 1]))
def test_round_trip_format_reads_back(ticks: int, kind: int) -> None:
    text = DateTime(ticks, kind).format("o")
    assert to_datetime(text, read_exact(text, "o", 0), 0).ticks == ticks
    assert parse_datetime(text).ticks == ticks


@given(st.text(max_size=40))
def test_parse_only_throws_what_dotnet_throws(text: str) -> None:
    for parse in (parse_datetime, parse_offset, timespan_parsing.parse):
        with contextlib.suppress(DotnetException):
            parse(text)


def test_arithmetic() -> None:
    start = from_parts(2024, 1, 31)
    assert start.add_months(1).format("d") == "02/29/2024"
    assert start.add_milliseconds(1.5).millisecond == 2
    assert from_parts(2024, 3, 1).subtract(from_parts(2024, 2, 1)).to_string() == "29.00:00:00"
    with pytest.raises(ArgumentOutOfRangeException, match="un-representable DateTime"):
        MIN_VALUE.add_days(-1)
    with pytest.raises(ArgumentOutOfRangeException, match="Year, Month, and Day"):
        from_parts(2024, 2, 30)


def test_the_clock_is_the_environments() -> None:
    with use_environment(Environment(utc_now=lambda: 638_448_092_551_234_567)):
        assert utc_now().format("o") == "2024-02-29T13:14:15.1234567Z"
        assert (now().kind, utc_now().kind) == (LOCAL, UTC)


def test_offsets() -> None:
    moment = parse_offset("2024-02-29T13:14:15+05:30")
    assert moment.format("o") == "2024-02-29T13:14:15.0000000+05:30"
    assert moment == parse_offset("2024-02-29T07:44:15Z")
    assert moment.format("u") == "2024-02-29 07:44:15Z"
    assert moment.to_string() == "02/29/2024 13:14:15 +05:30"
    assert moment.to_unix_time_seconds() == 1_709_192_655


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("1.02:03:04.5", 937_845_000_000),
        ("-01:00", -36_000_000_000),
        ("5", 5 * 864_000_000_000),
        ("1:2:3:4", 937_840_000_000),
    ],
)
def test_parse_span(text: str, ticks: int) -> None:
    assert timespan_parsing.parse(text).ticks == ticks


def test_span_formats() -> None:
    span = timespans.from_parts(1, 2, 3, 4, 5)
    assert [span.format(form) for form in ("c", "g", "G", r"d\.hh\:mm\:ss\.fff")] == [
        "1.02:03:04.0050000",
        "1:2:03:04.005",
        "1:02:03:04.0050000",
        "1.02:03:04.005",
    ]
    with pytest.raises(FormatException):
        span.format("hh:mm")
    with pytest.raises(OverflowException, match="'25:00' could not be parsed"):
        timespan_parsing.parse("25:00")
    assert TimeSpan(-5400 * timespans.SECOND).to_string() == "-01:30:00"


def test_every_windows_zone_has_rules() -> None:
    assert len(timezones.WINDOWS_NAMES) == 138
    for name in timezones.WINDOWS_NAMES:
        assert timezones.find(name).zone is not None


def test_time_zones() -> None:
    berlin = timezones.find("W. Europe Standard Time")
    assert timezones.convert(from_parts(2024, 7, 1, 12, 0, 0, 0, UTC), berlin).hour == 14
    assert timezones.convert(from_parts(2024, 1, 1, 12, 0, 0, 0, UTC), berlin).hour == 13
    assert berlin.is_daylight_saving_time(from_parts(2024, 7, 1))
    for unknown in ("Nowhere", "../etc/passwd", "/etc/passwd", "a\0b"):
        with pytest.raises(TimeZoneNotFoundException):
            timezones.find(unknown)
