"""Each suggestion, applied to its own example, takes the first error away."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

FOLLOWED = [
    # code, words of the help, the code with the suggestion applied
    (
        '@(context.Request.MatchedParameters["id"] > 5)',
        "int.Parse(…)",
        '@(int.Parse(context.Request.MatchedParameters["id"]) > 5)',
    ),
    ('@(context.Request.MatchedParameters["id"] == 5)', '"5"', '@(context.Request.MatchedParameters["id"] == "5")'),
    (
        '@(context.Request.MatchedParameters["id"].Length > "5")',
        "quotes: 5",
        '@(context.Request.MatchedParameters["id"].Length > 5)',
    ),
    ('@(DateTime.UtcNow > "2024-01-01")', "DateTime.Parse(…)", '@(DateTime.UtcNow > DateTime.Parse("2024-01-01"))'),
    (
        '@(context.Variables["json"].SelectToken("a"))',
        "((JObject)…).SelectToken(…)",
        '@(((JObject)context.Variables["json"]).SelectToken("a"))',
    ),
    ('@(context.Variables["a"].Trim())', "((string)…).Trim", '@(((string)context.Variables["a"]).Trim())'),
    ('@(new DateTime("2024-01-01"))', "DateTime.Parse(…), without 'new'", '@(DateTime.Parse("2024-01-01"))'),
    ('@(new TimeSpan("01:00"))', "TimeSpan.Parse(…), without 'new'", '@(TimeSpan.Parse("01:00"))'),
    (
        '@{ List<string> l = new[] { "a" }.Select(x => x); return l; }',
        ".ToList()",
        '@{ List<string> l = new[] { "a" }.Select(x => x).ToList(); return l; }',
    ),
    (
        '@{ IList<string> l = new[] { "a" }.Where(x => x != null); return l; }',
        ".ToList()",
        '@{ IList<string> l = new[] { "a" }.Where(x => x != null).ToList(); return l; }',
    ),
    (
        '@{ string[] l = new[] { "a" }.OrderBy(x => x); return l; }',
        ".ToArray()",
        '@{ string[] l = new[] { "a" }.OrderBy(x => x).ToArray(); return l; }',
    ),
    ('@(context.Request.Certificate == "ABC")', ".Thumbprint", '@(context.Request.Certificate.Thumbprint == "ABC")'),
    (
        '@(context.Request.Certificate.Thumbprint == context.Deployment.Certificates["a"])',
        ".Thumbprint",
        '@(context.Request.Certificate.Thumbprint == context.Deployment.Certificates["a"].Thumbprint)',
    ),
    (
        "@{ string t = context.Request.Certificate; return t; }",
        ".Thumbprint",
        "@{ string t = context.Request.Certificate.Thumbprint; return t; }",
    ),
    ('@{ context.Response.StatusCode = 500; return ""; }', "set-status", '@{ return ""; }'),
    ('@{ context.Request.Method = "GET"; return ""; }', "set-method", '@{ return ""; }'),
    (
        "@{ if (context.Response.StatusCode = 500) { return 1; } return 2; }",
        "'=='",
        "@{ if (context.Response.StatusCode == 500) { return 1; } return 2; }",
    ),
    ('@(context.Request.Headers["x"].Contains(1))', '"1"', '@(context.Request.Headers["x"].Contains("1"))'),
    ('@(new[] { "a" }.OrderBy("x"))', "OrderBy(x => …)", '@(new[] { "a" }.OrderBy(x => x))'),
    ("@{ int x := 1; return x; }", "Write =", "@{ int x = 1; return x; }"),
    ('@(int.TryParse("5"))', "TryParse(…, out var result)", '@(int.TryParse("5", out var result))'),
    (
        '@(new Dictionary<string, int>().TryGetValue("a"))',
        "TryGetValue(…, out var value)",
        '@(new Dictionary<string, int>().TryGetValue("a", out var value))',
    ),
    (
        '@{ int i; if (int.TryParse("5", i)) { return i; } return 0; }',
        "write out before it",
        '@{ int i; if (int.TryParse("5", out i)) { return i; } return 0; }',
    ),
    ("@(context.Request.Method == GET)", '"GET"', '@(context.Request.Method == "GET")'),
    ("@{ decimal m = 1m; return m * 1.5; }", "1.5m", "@{ decimal m = 1m; return m * 1.5m; }"),
    (
        "@{ decimal m = 1m; double d = 2; return m < d; }",
        "(decimal)…",
        "@{ decimal m = 1m; double d = 2; return m < (decimal)d; }",
    ),
    ('@{ Guid g = "x"; return g; }', "Guid.Parse(…)", '@{ Guid g = Guid.Parse("x"); return g; }'),
    ('@{ DateTime d = "x"; return d; }', "DateTime.Parse(…)", '@{ DateTime d = DateTime.Parse("x"); return d; }'),
    ('@{ Uri u = "x"; return u; }', "new Uri(…)", '@{ Uri u = new Uri("x"); return u; }'),
    (
        "@{ TimeSpan t = 30; return t; }",
        "TimeSpan.FromSeconds(…)",
        "@{ TimeSpan t = TimeSpan.FromSeconds(30); return t; }",
    ),
    (
        "@{ TimeSpan t = TimeSpan.Zero; return t > 30; }",
        "TimeSpan.FromSeconds(…)",
        "@{ TimeSpan t = TimeSpan.Zero; return t > TimeSpan.FromSeconds(30); }",
    ),
    ('@(new[] { "a" }.Join(","))', "string.Join(separator, values)", '@(string.Join(",", new[] { "a" }))'),
    (
        '@{ if (context.Variables["a"] is string s) { } return s; }',
        "only where 'is' was true",
        '@{ if (context.Variables["a"] is string s) { return s; } return ""; }',
    ),
    # What assistants and people from other languages write.
    (
        '@(context.Request.Headers.GetValue("X"))',
        '.GetValueOrDefault("name", "")',
        '@(context.Request.Headers.GetValueOrDefault("name", ""))',
    ),
    (
        '@(context.Request.Url.QueryString["q"])',
        'Query.GetValueOrDefault("q", "")',
        '@(context.Request.Url.Query.GetValueOrDefault("q", ""))',
    ),
    (
        '@(DateTime.UtcNow.DayOfWeek == "Monday")',
        "DayOfWeek.Monday",
        "@(DateTime.UtcNow.DayOfWeek == DayOfWeek.Monday)",
    ),
    (
        "@{ List<int> l = [1, 2, 3]; return l; }",
        "new List<int> { 1, 2, 3 }",
        "@{ List<int> l = new List<int> { 1, 2, 3 }; return l; }",
    ),
    ('@(Convert.ToInt("1"))', "'ToInt32'", '@(Convert.ToInt32("1"))'),
    ("@{ Int x = 1; return x; }", "write int", "@{ int x = 1; return x; }"),
    (
        "@{ var token = new JObject(); return token.HasValue; }",
        "token != null",
        "@{ var token = new JObject(); return token != null; }",
    ),
    (
        "@{ JToken token = 1; return token.Value; }",
        ".Value<string>()",
        "@{ JToken token = 1; return token.Value<string>(); }",
    ),
    ('@(string.Empty("a"))', "string.IsNullOrEmpty(text)", '@(string.IsNullOrEmpty("a"))'),
    ("@{ await Task.Delay(1); return 1; }", "there are no tasks here", "@{ return 1; }"),
    ("@{ Task.Run(() => 1); return 1; }", "not async", "@{ return 1; }"),
    (
        '@((JArray)context.Variables["a"].Where(x => true))',
        "((JArray)…).Where(…)",
        '@(((JArray)context.Variables["a"]).Where(x => true))',
    ),
    ("@{ object v = 1; return int.Parse(v); }", ".ToString()", "@{ object v = 1; return int.Parse(v.ToString()); }"),
]


def first_error(code: str) -> tuple[str, str]:
    """The code of the first error, and what is said to do about it."""
    excerpt = Excerpt.of(code)
    try:
        found = bind(parse(excerpt), excerpt).diagnostics
    except PolicySyntaxError as error:
        found = error.diagnostics
    return (found[0].code, f"{found[0].label} {found[0].help}") if found else ("", "")


@pytest.mark.parametrize(("code", "words", "followed"), FOLLOWED)
def test_the_error_goes_away(code: str, words: str, followed: str) -> None:
    error, help = first_error(code)
    assert error
    assert words in help
    assert first_error(followed) == ("", "")
