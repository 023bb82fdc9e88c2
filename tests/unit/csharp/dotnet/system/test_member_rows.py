"""Members called through the whole engine: C# on the left, the value or the exception on the right.

The expectations follow the documentation and sources of .NET Core 3.1; unlike those of tests/conformance they are
not answers of a running .NET.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.cli.eval import answer_lines

CONTEXTS = Path(__file__).parents[4] / "conformance" / "contexts.json"

VALUES = [
    ("double.IsSubnormal(5E-324) && double.IsNormal(1.5) && !double.IsNormal(0.0)", "True"),
    ("decimal.ToOACurrency(1.23456m)", "12346"),
    ("decimal.FromOACurrency(12300L)", "1.23"),
    ("Math.ILogB(0.0)", "-2147483648"),
    ("Math.ScaleB(1.5, 3)", "12"),
    ("Math.BitIncrement(0.0)", "5E-324"),
    ("Math.MaxMagnitude(-3.0, 2.0)", "-3"),
    ("Math.MinMagnitude(-2.0, 2.0)", "-2"),
    ("Math.FusedMultiplyAdd(2.0, 3.0, 1.0)", "7"),
    ('TimeSpan.ParseExact("01:02", @"hh\\:mm", null)', "01:02:00"),
    ('TimeSpan.ParseExact("1.02:03:04", "c", null)', "1.02:03:04"),
    ('TimeSpan.ParseExact("12.5", @"s\\.f", null)', "00:00:12.5000000"),
    ('new Uri("http://x/a?b#c").GetComponents(UriComponents.PathAndQuery, UriFormat.UriEscaped)', "/a?b"),
    ('new Uri("http://u:p@x:81/a").GetComponents(UriComponents.UserInfo, UriFormat.UriEscaped)', "u:p"),
    ('Uri.CheckHostName("10.0.0.1")', "IPv4"),
    ('Uri.CheckHostName("a.b")', "Dns"),
    ('Uri.CheckHostName("a b")', "Unknown"),
    ("Uri.HexEscape('/')", "%2F"),
    ('new Uri("http://x/a/b").IsBaseOf(new Uri("http://x/a/c/d"))', "True"),
    ('new Uri("http://x/a/b").IsBaseOf(new Uri("http://y/a/b"))', "False"),
    ('new Uri("http://[::1]/").HostNameType', "IPv6"),
    ('new StringBuilder("abcd", 1, 2, 16).ToString()', "bc"),
    ('new StringBuilder("ab").Append(new StringBuilder("wxyz"), 1, 2).ToString()', "abxy"),
    ("new StringBuilder(5, 9).MaxCapacity", "9"),
    ("new StringBuilder(4).Capacity", "4"),
    ("Encoding.UTF8.GetMaxByteCount(10)", "33"),
    ("Encoding.Unicode.GetMaxCharCount(5)", "4"),
    ('Encoding.UTF8.GetBytes("aé", 0, 2, new byte[4], 1)', "3"),
    ("Encoding.ASCII.WindowsCodePage", "1252"),
    ('"straße".Equals("STRASSE", StringComparison.InvariantCultureIgnoreCase)', "True"),
    ('"straße".Equals("strasse", StringComparison.CurrentCulture)', "False"),
    ('"straße".StartsWith("STRASSE", StringComparison.OrdinalIgnoreCase)', "False"),
    ("Array.BinarySearch(new[] { 1, 3, 5 }, 3)", "1"),
    ("Array.CreateInstance(typeof(int), 3).Length", "3"),
    ('Convert.ChangeType("12", TypeCode.Int32)', "12"),
    ("Convert.IsDBNull(Convert.DBNull)", "True"),
    ("Convert.ToBase64CharArray(new byte[] { 1, 2, 3 }, 0, 3, new char[4], 0)", "4"),
    ("DateTimeOffset.FromFileTime(0L).Year", "1601"),
    ('new Exception("x").Data.Count', "0"),
    ("new HashSet<int> { 1 }.SetEquals(new[] { 1 })", "True"),
    ("TimeZoneInfo.Utc.DisplayName", "UTC"),
    ('TimeZoneInfo.FindSystemTimeZoneById("W. Europe Standard Time").BaseUtcOffset', "01:00:00"),
    ('TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").SupportsDaylightSavingTime', "True"),
    ('TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").IsInvalidTime(new DateTime(2024, 3, 31, 2, 30, 0))', "True"),
    (
        'TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").IsAmbiguousTime(new DateTime(2024, 10, 27, 2, 30, 0))',
        "True",
    ),
    ('DateTime.ParseExact("2024-01-02T03:04:05Z", "yyyy-MM-ddTHH:mm:ssZ", null).Kind', "Local"),
    ('DateTime.ParseExact("2024-01-02T03:04:05Z", "yyyy-MM-ddTHH:mm:ss\'Z\'", null).Kind', "Unspecified"),
    ('DateTime.ParseExact("2 Jan 2024 03:04 GMT", "d MMM yyyy HH:mm GMT", null).Kind', "Local"),
    ('DateTime.ParseExact("12:30", "hh:mm", null).Hour', "0"),
    ('DateTime.ParseExact("13:30 PM", "HH:mm tt", null).Hour', "13"),
    ('DateTime.Parse("2024-01-02 13:04 PM").Hour', "13"),
    ('DateTime.Parse("2024-01-02 0:04 PM").Hour', "12"),
    ('XElement.Parse("<a><b/><c/></a>").FirstNode.NextNode', "<c />"),
    ('JArray.Parse("[1,2,3]").First.Next.Next.Previous', "2"),
]

_CALENDAR = "is not supported in calendar 'System.Globalization.GregorianCalendar'."

THROWN = [
    (
        '"a\\ud800".Normalize()',
        "System.ArgumentException",
        "String contains invalid Unicode code points. (Parameter 'strInput')",
    ),
    (
        'DateTime.Parse("2024-02-30")',
        "System.FormatException",
        "String '2024-02-30' was not recognized as a valid DateTime.",
    ),
    (
        'DateTime.Parse("2024-02-30T01:02:03")',
        "System.FormatException",
        f"The DateTime represented by the string '2024-02-30T01:02:03' {_CALENDAR}",
    ),
    (
        'DateTime.Parse("2024-01-02 24:00")',
        "System.FormatException",
        f"The DateTime represented by the string '2024-01-02 24:00' {_CALENDAR}",
    ),
    (
        'DateTime.ParseExact("2024-13-02", "yyyy-MM-dd", null)',
        "System.FormatException",
        f"The DateTime represented by the string '2024-13-02' {_CALENDAR}",
    ),
    (
        'DateTime.ParseExact("2024-01-02x", "yyyy-MM-dd", null)',
        "System.FormatException",
        "String '2024-01-02x' was not recognized as a valid DateTime.",
    ),
    (
        'DateTime.ParseExact("2024 2025", "yyyy yyyy", null)',
        "System.FormatException",
        "DateTime pattern 'y' appears more than once with different values.",
    ),
    (
        'DateTime.ParseExact("2024", new string[0], null, DateTimeStyles.None)',
        "System.FormatException",
        "No format specifiers were provided.",
    ),
    ('DateTime.ParseExact("13:30", "hh:mm", null)', "System.FormatException", None),
    ('DateTime.ParseExact("13:30 AM", "HH:mm tt", null)', "System.FormatException", None),
    ("DateTime.ParseExact(new string('9', 100000), new string('y', 100000), null)", "System.FormatException", None),
    ('DateTime.Parse("2024-01-02 03:04:05,5")', "System.FormatException", None),
    (
        'DateTime.Parse("2024-01-02 03:04:05 UTC")',
        "System.FormatException",
        "The string '2024-01-02 03:04:05 UTC' was not recognized as a valid DateTime. There is an unknown word "
        "starting at index '20'.",
    ),
    (
        'DateTimeOffset.Parse("0001-01-01T00:00:00+01:00")',
        "System.FormatException",
        "The UTC representation of the date '0001-01-01T00:00:00+01:00' falls outside the year range 1-9999.",
    ),
    (
        '"abc".ToCharArray(1, 5)',
        "System.ArgumentOutOfRangeException",
        "Index was out of range. Must be non-negative and less than the size of the collection. "
        "(Parameter 'startIndex')",
    ),
    ('TimeSpan.ParseExact("x", "hh", null)', "System.FormatException", "Input string was not in a correct format."),
    ('TimeSpan.ParseExact("25", "hh", null)', "System.OverflowException", None),
    ('TimeSpan.ParseExact("1", "q", null)', "System.FormatException", "Format specifier was invalid."),
    (
        'TimeSpan.ParseExact(null, "c", null)',
        "System.ArgumentNullException",
        "Value cannot be null. (Parameter 'input')",
    ),
    (
        'new StringBuilder(1, 3).Append("abcd")',
        "System.ArgumentOutOfRangeException",
        "capacity was less than the current size. (Parameter 'requiredLength')",
    ),
    (
        "Encoding.UTF8.GetBytes((string)null)",
        "System.ArgumentNullException",
        "String reference not set to an instance of a String. (Parameter 's')",
    ),
    (
        'Encoding.UTF8.GetBytes("ab", 0, 2, new byte[1], 0)',
        "System.ArgumentException",
        "The output byte buffer is too small to contain the encoded data, encoding 'Unicode (UTF-8)' fallback "
        "'System.Text.EncoderReplacementFallback'. (Parameter 'bytes')",
    ),
    (
        "Uri.FromHex('g')",
        "System.ArgumentException",
        "Value does not fall within the expected range. (Parameter 'digit')",
    ),
    (
        "decimal.ToOACurrency(decimal.MaxValue)",
        "System.OverflowException",
        "Value was either too large or too small for a Currency.",
    ),
    (
        "TimeZoneInfo.Utc.GetAmbiguousTimeOffsets(new DateTime(2024, 1, 1))",
        "System.ArgumentException",
        "The supplied DateTime is not in an ambiguous time range. (Parameter 'dateTime')",
    ),
    (
        "Convert.ChangeType(null, TypeCode.Int32)",
        "System.InvalidCastException",
        "Null object cannot be converted to a value type.",
    ),
    (
        "Array.CreateInstance(typeof(int), -1)",
        "System.ArgumentOutOfRangeException",
        "Non-negative number required. (Parameter 'length')",
    ),
]

BLOCKS = [
    ('@{ var w = new StringWriter(); w.WriteLine(1.5); w.Write("{0}-{1}", 1, 2); return w.ToString(); }', "1.5\n1-2"),
    ('@{ var b = new char[3]; var n = new StringReader("ab").Read(b, 1, 2); return n + ":" + b[1] + b[2]; }', "2:ab"),
    ('@{ int i = 0; var c = Uri.HexUnescape("%41b", ref i); return c + ":" + i; }', "A:3"),
    ('@{ var e = new Exception("x"); e.Data["k"] = 1; return e.Data["k"]; }', "1"),
    ('@{ var s = ""; foreach (char c in "ab") { s = c + s; } return s; }', "ba"),
    (
        '@{ try { new XElement("a").Save(new XElement("r").CreateWriter()); return ""; } '
        "catch (InvalidOperationException e) { return e.Message; } }",
        "WriteStartDocument cannot be called on writers created with ConformanceLevel.Fragment.",
    ),
    (
        '@{ var d = new XDocument(); var w = d.CreateWriter(); new XElement("x").Save(w); w.Close(); '
        "return d.ToString(); }",
        "<x />",
    ),
]


def evaluate(code: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    question = json.dumps({"id": 1, "expr": code, "context": "basic"})
    answer_lines(io.BytesIO(question.encode()), str(CONTEXTS), compile_only=False)
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize(("code", "value"), VALUES)
def test_value(code: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = evaluate(f"@({code})", capsys)
    assert answer.get("value") == value, answer


@pytest.mark.parametrize(("code", "value"), BLOCKS)
def test_block(code: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = evaluate(code, capsys)
    assert answer.get("value") == value, answer


@pytest.mark.parametrize(("code", "type_name", "message"), THROWN)
def test_exception(code: str, type_name: str, message: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    thrown = evaluate(f"@({code})", capsys).get("exception", {})
    assert thrown.get("type") == type_name, thrown
    assert message is None or thrown["message"] == message
