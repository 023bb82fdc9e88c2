"""What a message suggests compiles when somebody follows it, over generated mistakes and over the usual ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from apimpolicy.binding import bind
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax.parser import parse
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic

RIGHT = [
    'context.Request.Headers.GetValueOrDefault("Accept", "").Split(\',\')[0].Trim().ToLower()',
    'context.Request.Url.Query.GetValueOrDefault("a")',
    'context.Request.MatchedParameters["id"].Length',
    'context.Variables.GetValueOrDefault<string>("x").Substring(1).Replace("a", "b")',
    'context.Variables.ContainsKey("x")',
    "context.Request.Body.As<JObject>(preserveContent: true).Properties().Select(p => p.Name).ToList().Count",
    "context.Response.StatusCode.ToString()",
    "context.Response.StatusReason.StartsWith(\"a\")",
    "context.User.Groups.Any(g => g.Name == \"a\")",
    "context.Deployment.Certificates.Count()",
    "context.Request.Certificate.Thumbprint.ToUpperInvariant()",
    "context.LastError.Message.Contains(\"a\")",
    "context.Api.Name.IndexOf('a')",
    "context.Operation.Id.EndsWith(\"a\")",
    "context.Timestamp.AddMinutes(5).ToString(\"o\")",
    "context.RequestId.ToString(\"N\")",
    "DateTime.UtcNow.AddDays(1).Date.Year",
    "DateTimeOffset.UtcNow.ToUnixTimeSeconds()",
    "TimeSpan.FromMinutes(1).TotalSeconds",
    "Guid.NewGuid().ToString()",
    "Convert.ToBase64String(Encoding.UTF8.GetBytes(\"a\"))",
    "JsonConvert.SerializeObject(new { a = 1 })",
    "JsonConvert.DeserializeObject<JObject>(\"{}\").SelectToken(\"a.b\")",
    "JObject.Parse(\"{}\").Value<string>(\"a\").Length",
    "JArray.Parse(\"[]\").Children().First().Type",
    "new JArray().Count",
    "new JProperty(\"a\", 1).Value.Path",
    "Regex.IsMatch(\"a\", \"b\")",
    "Regex.Match(\"a\", \"b\").Groups[1].Value",
    "string.Join(\",\", new[] { \"a\" }.OrderBy(x => x).Where(x => x != null))",
    "string.IsNullOrEmpty(\"a\")",
    "Math.Max(1, 2)",
    "int.Parse(\"1\").CompareTo(2)",
    "new List<int> { 1 }.Sum()",
    "new Dictionary<string, int>().Keys.FirstOrDefault()",
    "Uri.EscapeDataString(\"a\")",
    "new Uri(\"https://a.example\").Host",
    "new StringBuilder().Append(\"a\").Length",
    "SHA256.Create().ComputeHash(new byte[0]).Length",
]  # fmt: skip
MEMBER = re.compile(r"(?<=\.)[A-Za-z]{4,}")
MEANT = re.compile(r"did you mean '([^']+)'\?")


def found_in(code: str) -> list[Diagnostic]:
    excerpt = Excerpt.of(code)
    try:
        return bind(parse(excerpt), excerpt).diagnostics
    except PolicySyntaxError as error:
        return list(error.diagnostics)


def misspelt(name: str) -> list[str]:
    """A name as people misspell it: another case, a letter too few, one too many, two turned round."""
    middle = len(name) // 2
    return [
        name[0].swapcase() + name[1:],
        name.lower(),
        name[:middle] + name[middle + 1 :],
        name[:middle] + name[middle] + name[middle:],
        name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :],
    ]


@pytest.mark.parametrize("right", RIGHT)
def test_a_suggested_name_compiles(right: str) -> None:
    code = f"@({right})"
    assert not found_in(code)
    suggested = wrong = 0
    for name in MEMBER.finditer(code):
        for other in misspelt(name.group()):
            mistake = code[: name.start()] + other + code[name.end() :]
            first = next(iter(found_in(mistake)), None)
            meant = MEANT.search(first.label) if first is not None else None
            if first is not None:
                wrong += 1
                suggested += bool(first.label or first.help)
            if first is not None and meant is not None:
                followed = mistake[: first.start] + meant[1] + mistake[first.end :]
                assert not found_in(followed), (mistake, followed)
    assert suggested >= 0.8 * wrong


FOLLOWED = [
    # what people write, what the message quotes, what they write then
    ('@(new JObject { { "a": 1 } })', "{ key, value }", '@(new JObject { { "a", 1 } })'),
    ('@(new JObject { "a": 1 })', "{ key, value }", '@(new JObject { { "a", 1 } })'),
    ("@{ var body = context.Request.Body.As<JObject>; return body; }", "As<JObject>()",
     "@{ var body = context.Request.Body.As<JObject>(); return body; }"),
    ("@(JObject.Parse(context.Request.Body))", ".As<JObject>()", "@(context.Request.Body.As<JObject>())"),
    ("@(JArray.Parse(context.Request.Body))", ".As<JArray>()", "@(context.Request.Body.As<JArray>())"),
    ("@(JsonConvert.DeserializeObject<JObject>(context.Request.Body))", ".As<string>()",
     "@(JsonConvert.DeserializeObject<JObject>(context.Request.Body.As<string>()))"),
    ('@(context.Request.Body["id"])', '.As<JObject>()["name"]', '@(context.Request.Body.As<JObject>()["id"])'),
    ('@(JArray.Parse("[1]").Length)', "'Count'", '@(JArray.Parse("[1]").Count)'),
    ('@(JObject.Parse("{}")["a"].Length)', "'Count()'", '@(JObject.Parse("{}")["a"].Count())'),
    ('@{ var name = "x"; return f"hello {name}"; }', '$"text {value}"', '@{ var name = "x"; return $"hello {name}"; }'),
    ("@{ if (context.Tracing) { return 1; } elif (true) { return 2; } return 3; }", "else if (condition)",
     "@{ if (context.Tracing) { return 1; } else if (true) { return 2; } return 3; }"),
    ("@(1 if context.Tracing else 2)", "condition ? value : other value", "@(context.Tracing ? 1 : 2)"),
    ("@{ return 5 // 2; }", "one '/'", "@{ return 5 / 2; }"),
    ('@("a".repeat(3))', "string.Concat(Enumerable.Repeat(text, count))",
     '@(string.Concat(Enumerable.Repeat("a", 3)))'),
    ("@(JsonConvert.Serialize(1))", "'SerializeObject'", "@(JsonConvert.SerializeObject(1))"),
    ('@(context.Request.Method.ToLower == "get")', "ToLower()", '@(context.Request.Method.ToLower() == "get")'),
    ('@(context.User.Groups.Contains("developers"))', "Any(x => x.Name == …)",
     '@(context.User.Groups.Any(x => x.Name == "developers"))'),
    ("@(JObject.Parse('{\"a\":1}'))", r'"{\"a\":1}"', r'@(JObject.Parse("{\"a\":1}"))'),
    ("@{ var x = [1, 2, 3]; return x; }", "new[] { 1, 2, 3 }", "@{ var x = new[] { 1, 2, 3 }; return x; }"),
    ('@("a, b".Split(new[] { \',\' }, StringSplitOptions.TrimEntries))', ".Select(x => x.Trim())",
     '@("a, b".Split(new[] { \',\' }, StringSplitOptions.RemoveEmptyEntries).Select(x => x.Trim()))'),
    ("@(new[] { 1, 2, 3 }.Chunk(2))", ".Select((x, i) => new { x, i }).GroupBy(p => p.i / size, p => p.x)",
     "@{ var size = 2; return new[] { 1, 2, 3 }.Select((x, i) => new { x, i }).GroupBy(p => p.i / size, p => p.x); }"),
    ('@(new[] { "a" }.MaxBy(x => x.Length))', ".OrderByDescending(key).First()",
     '@(new[] { "a" }.OrderByDescending(x => x.Length).First())'),
    ("@(DateOnly.FromDateTime(DateTime.Now))", "a DateTime, and its Date", "@(DateTime.Now.Date)"),
    ("@(SHA256.HashData(new byte[0]))", "SHA256.Create().ComputeHash(bytes)",
     "@(SHA256.Create().ComputeHash(new byte[0]))"),
    ('@(context.Request.Query["a"])', "'Url.Query'", '@(context.Request.Url.Query["a"])'),
    ('@(request.Headers["a"])', "'context.Request'", '@(context.Request.Headers["a"])'),
    ('@(headers["a"])', "'context.Request.Headers'", '@(context.Request.Headers["a"])'),
    ('@(context.Request.Headers["Accept"].Split(\',\'))', 'GetValueOrDefault(name, "")',
     '@(context.Request.Headers.GetValueOrDefault("Accept", "").Split(\',\'))'),
    ('@{ context.Variables.TryGetValue("a", out string v); return v; }', "out object",
     '@{ context.Variables.TryGetValue("a", out object v); return v; }'),
    ('@{ context.Request.Headers.TryGetValue("a", out string v); return v; }', "out string[]",
     '@{ context.Request.Headers.TryGetValue("a", out string[] v); return v; }'),
    ('@(context.Variables["x"] == None)', "'null'", '@(context.Variables["x"] == null)'),
    ('@(context.Variables["x"] == undefined)', "'null'", '@(context.Variables["x"] == null)'),
    ('@(parseInt("1"))', "'int.Parse'", '@(int.Parse("1"))'),
    ("@(DateTime.UtcNow.ToUnixTimeSeconds())", "new DateTimeOffset(date).ToUnixTimeSeconds()",
     "@(new DateTimeOffset(DateTime.UtcNow).ToUnixTimeSeconds())"),
    ("@{ const x = 1; return x; }", "const int name = 1", "@{ const int x = 1; return x; }"),
    ('@(context.Request.Body.As<JObject>()?.["a"])', "value?[key]", '@(context.Request.Body.As<JObject>()?["a"])'),
    ('@(context.Request.Headers.ContainsKey["x"])', "ContainsKey(…)", '@(context.Request.Headers.ContainsKey("x"))'),
    ("@(new List<int> { 1 }.Length)", "'Count'", "@(new List<int> { 1 }.Count)"),
    ("@(new List<int> { 1 }.size())", "without parentheses", "@(new List<int> { 1 }.Count)"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "quoted", "followed"), FOLLOWED)
def test_followed_help_compiles(wrong: str, quoted: str, followed: str) -> None:
    first = found_in(wrong)[0]
    assert quoted in f"{first.label} {first.help}"
    assert not found_in(followed)


SILENT = [
    # what is not simulated elsewhere has no suggestion that fails in turn
    ('@{ context.Variables.Add("a", 1); return 1; }', "set-variable"),
    ("@(console.log(1))", "context.Trace(message)"),
    ("@(JSON.stringify(1))", "JsonConvert.SerializeObject(value)"),
    ('@(len("a"))', ".Length"),
]


@pytest.mark.parametrize(("wrong", "quoted"), SILENT)
def test_help_without_a_name_to_put_in(wrong: str, quoted: str) -> None:
    first = found_in(wrong)[0]
    assert quoted in first.help
    assert not first.label
