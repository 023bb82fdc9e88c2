"""Members with nasty arguments: what was found once, and some calls by chance."""

from __future__ import annotations

import sys
from itertools import islice

import pytest

if sys.platform == "win32":
    pytest.skip("measured with fork", allow_module_level=True)

from tests.fuzz.members import calls, run
from tests.sampling import sampled

FOUND = [
    """@(new JObject(Enumerable.Range(0, 50000).Select(i => new JProperty("a" + i, i)))
        .Property(string.Concat(Enumerable.Repeat("{0}", 100000)), StringComparison.InvariantCulture))""",
    "@{ System.Array r = new int[2, 2]; System.Array a = new int[9]; r.CopyTo(a, 0L); return 1; }",
    "@{ System.Collections.ICollection r = new List<int> { 1 }; r.CopyTo(new int[2, 2], 0); return 1; }",
    "@(new string('a', 1000000).Split(new char[1000000], (System.StringSplitOptions)0).Length)",
    "@(new string('(', 60000).Split(new char[1000000]).Length)",
    "@{ Action a = () => { }; for (int i = 0; i < 40; i++) a += a; return 1; }",
    """@(JToken.Parse("{}").SelectToken("$" + string.Concat(Enumerable.Repeat(".a", 100000))))""",
    "@{ int n = 0; void F() { try { F(); } finally { n++; F(); } } F(); return n; }",
    r"@{ var s = new string('\u0301', 100000) + new string('\u0323', 100000); return s.Normalize().Length; }",
    """@{ var s = new string('a', 4000000);
        return s.LastIndexOf("ab" + new string('a', 2000000), StringComparison.Ordinal); }""",
    "@{ for (int i = 0; i < 200; i++) RSA.Create(4096).ExportParameters(false); return 1; }",
    """@{ var a = new int[8000000]; var l = new List<object>();
        for (int i = 0; i < 250; i++) l.Add(a.Clone()); return 1; }""",
    """@(JToken.Parse("[1]").SelectTokens("$[?(@.a == '" + new string('x', 5000000) + "')]").Count())""",
    """@{ Func<int> a = () => 1; Func<int> c = () => 2;
        for (int i = 0; i < 20; i++) a += a; var b = a + c; return a + a - b == a; }""",
    r"""@(JToken.Parse("\"\\/Date(" + new string('9', 5000) + ")\\/\""))""",
    """@(System.Xml.XmlConvert.ToTimeSpan("P" + new string('9', 5000) + "D"))""",
    "@(System.Xml.XmlConvert.EncodeName(new string('(', 16000000)).Length)",
    "@{ var a = new int[8000000]; for (int i = 0; i < 250; i++) Array.Clear(a, 0, 8000000); return 1; }",
    "@(Regex.Matches(string.Concat(Enumerable.Repeat(\"<a>\", 50000)), new string('e', 9000)).Count)",
    "@{ System.Array k = new int[4], i = new int[2, 2]; Array.Sort(k, i); return 1; }",
    """@(TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").IsDaylightSavingTime(DateTimeOffset.MaxValue))""",
    """@(TimeZoneInfo.FindSystemTimeZoneById("Asia/Tokyo").IsDaylightSavingTime(DateTime.MinValue))""",
    """@(JToken.Parse("[1]").SelectTokens("[" + new string('0', 900000) + "]").Count())""",
    """@(JToken.Parse("[1]").SelectToken("[" + new string('0', 900000) + "]"))""",
    """@(Regex.IsMatch("a", "a{" + new string('0', 5000) + "1," + new string('0', 5000) + "2}"))""",
    """@(Regex.IsMatch("a", "(?<b>x)?(?<-b>)?a{" + new string('0', 5000) + "1}"))""",
    """@(Regex.Replace("a", "(a)", "$" + new string('0', 500000) + "1", RegexOptions.ECMAScript))""",
    """@(int.Parse("1e-" + new string('0', 5000) + "1", System.Globalization.NumberStyles.Any))""",
]


@pytest.mark.parametrize("code", sampled(FOUND, 6))
def test_what_was_found_once(code: str) -> None:
    outcome = run(code)
    assert not outcome.is_breach, outcome
    assert outcome.kind != "refused", outcome.detail


def test_members_by_chance() -> None:
    for made in islice(calls(7), 12):
        outcome = run(made.code)
        assert not outcome.is_breach, (made, outcome)
