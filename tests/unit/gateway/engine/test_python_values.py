"""What `Result.variables` makes of values of .NET."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pytest

from apimpolicy import Gateway, Request, Response

ROWS: list[tuple[str, object]] = [
    ("5", 5),
    ("5L", 5),
    ("(byte)5", 5),
    ("1.5", 1.5),
    ("1.5f", 1.5),
    ("1.5m", Decimal("1.5")),
    ("true", True),
    ("(string)null", None),
    ("'a'", "a"),
    ('"a" + char.ConvertFromUtf32(0x1F600)', "a\U0001f600"),
    ("DayOfWeek.Friday", 5),
    ('new JObject(new JProperty("a", new JArray(1, 2.5, "ü", true, null)))', {"a": [1, 2.5, "ü", True, None]}),
    ('JObject.Parse("{\\"a\\": 1}")["a"]', 1),
    ("new byte[] { 1, 2 }", b"\x01\x02"),
    ("new [] { 1, 2 }", [1, 2]),
    ("\"a,b\".Split(',')", ["a", "b"]),
    ("new List<object> { 1, new [] { 2L } }", [1, [2]]),
    ('new Dictionary<string, int> { { "a", 1 } }', {"a": 1}),
    ("new HashSet<int> { 1, 2 }", [1, 2]),
    ("TimeSpan.FromSeconds(90)", datetime.timedelta(seconds=90)),
    ("new DateTime(2026, 1, 2)", datetime.datetime(2026, 1, 2)),
    (
        "new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc)",
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    ),
    (
        "new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(1))",
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
    ),
    ('new Guid("00112233-4455-6677-8899-aabbccddeeff")', uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")),
]


@pytest.mark.parametrize(("code", "expected"), ROWS, ids=[code for code, _ in ROWS])
def test_a_value(code: str, expected: object) -> None:
    policy = f'<policies><inbound><set-variable name="a" value="@({code})" /></inbound></policies>'
    found = Gateway().run(policy, "/").variables["a"]
    assert found == expected
    assert type(found) is type(expected)


def test_what_has_no_counterpart_stays() -> None:
    code = "@(context.Request.Url)"
    policy = f'<policies><inbound><set-variable name="a" value="{code}" /></inbound></policies>'
    result = Gateway().run(policy, "/")
    assert result.variables["a"] is result.exchange.variables["a"]


def value_of(code: str) -> object:
    policy = f"<policies><inbound><set-variable name='v' value='@{{{code}}}' /></inbound></policies>"
    return Gateway(backend=Response(200)).run(policy, Request.get("/")).variables["v"]


def test_one_object_in_many_places_is_converted_once() -> None:
    doubled = "var a = new List<object>(); for (int i = 0; i &lt; 60; i++) { a = new List<object> { a, a }; }"
    value = value_of(f"{doubled} return a;")
    for _ in range(60):
        assert isinstance(value, list)
        assert value[0] is value[1]
        value = value[0]
    assert value == []


def test_a_list_that_holds_itself_ends() -> None:
    value = value_of("var a = new List<object>(); a.Add(1); a.Add(a); return a;")
    assert isinstance(value, list)
    assert value[0] == 1
