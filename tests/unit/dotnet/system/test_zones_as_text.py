# ruff: noqa: E501 - the rows of a table keep their line
"""Time zones as text, and the obsolete constructors of Uri."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ZONE = (
    "var a = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday);"
    " var b = TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 3, 30, 0), 10, 31);"
    " var r = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(new DateTime(2000, 1, 1), new DateTime(2030, 12, 31), TimeSpan.FromHours(1), a, b);"
    ' var z = TimeZoneInfo.CreateCustomTimeZone("My;Zone", TimeSpan.FromMinutes(-90), "Sh[o]wn", "Std", "Day", new[] { r }); '
)
SERIALIZED = r"My\;Zone;-90;Sh\[o\]wn;Std;Day;[01:01:2000;12:31:2030;60;[0;02:00:00;3;5;0;];[1;03:30:00;10;31;];];"
ROWS = {
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
