"""What a message suggests compiles when somebody follows it, over generated mistakes and over the usual ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.binding import bind, foreign_names, lookup
from apimpolicy.csharp.dotnet.metadata import look_up
from apimpolicy.csharp.syntax import advice
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
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
    ("@(context.Response.StatusCode ?? 200)", "leave out the '??'", "@(context.Response.StatusCode)"),
    ("@{ using System; return 1; }", "Remove it", "@{ return 1; }"),
    ("@{ class A { } return 1; }", "new { Name = value }", "@{ var a = new { Name = 1 }; return 1; }"),
    ('@(true == "true")', "bool.Parse(…)", '@(true == bool.Parse("true"))'),
    ('@("abc"[0] == "a")', "single quotes", "@(\"abc\"[0] == 'a')"),
    ("@(context.Response.StatusCode between 200 and 299)", "low <= value && value <= high",
     "@(200 <= context.Response.StatusCode && context.Response.StatusCode <= 299)"),
    ("@{ var l = new List(); return l; }", "as in List<string>", "@{ var l = new List<string>(); return l; }"),
    ("@{ List<int> l = new List<>(); return l; }", "new List<int>(…)", "@{ List<int> l = new List<int>(); return l; }"),
    ("@{ var x = await Task.Run(() => 1); return x; }", "there are no tasks here", "@{ var x = 1; return x; }"),
    ("@{ var f = x => x + 1; return f(1); }", "Func<int, int>", "@{ Func<int, int> f = x => x + 1; return f(1); }"),
    ('@(int.TryParse("1", out var x) ? x : null)', "(int?)null", '@(int.TryParse("1", out var x) ? x : (int?)null)'),
    ('@(Convert.ToHexString(new byte[0]))', "BitConverter.ToString(bytes)",
     '@(BitConverter.ToString(new byte[0]).Replace("-", ""))'),
    ("@(JsonSerializer.Serialize(1))", "JsonConvert.SerializeObject(value)", "@(JsonConvert.SerializeObject(1))"),
    ("@(System.Text.Json.JsonSerializer.Serialize(1))", "JsonConvert.SerializeObject(value)",
     "@(JsonConvert.SerializeObject(1))"),
    ("@{ function f(x) { return x; } return f(1); }", "int F(int x)", "@{ int f(int x) { return x; } return f(1); }"),
    ("@{ record P(int X); return 1; }", "new { Name = value }", "@{ var p = new { X = 1 }; return 1; }"),
    ('@(context.Variables["a"] || "b")', "value ?? other", '@(context.Variables["a"] ?? "b")'),
    ('@({ "a": 1 })', "new { name = value }", "@(new { a = 1 })"),
    ("@{ var o = new { a: 1 }; return o; }", "name = value", "@{ var o = new { a = 1 }; return o; }"),
    ('@(new JObject { a = 1 })', '{ "a", value }', '@(new JObject { { "a", 1 } })'),
    ('@(new JObject { "a" = 1 })', "{ key, value }", '@(new JObject { { "a", 1 } })'),
    ("@{ for (const x of new[] { 1 }) { return x; } return 0; }", "foreach (var item in items)",
     "@{ foreach (var x in new[] { 1 }) { return x; } return 0; }"),
    ("@{ for (int x : new[] { 1 }) { return x; } return 0; }", "foreach (var item in items)",
     "@{ foreach (int x in new[] { 1 }) { return x; } return 0; }"),
    ("@{ for x in new[] { 1 }: return x }", "foreach (var item in items)",
     "@{ foreach (var x in new[] { 1 }) { return x; } return 0; }"),
    ('@("a".concat("b"))', "with +", '@("a" + "b")'),
    ('@(new[] { 1 }.join(","))', "string.Join(separator, values)", '@(string.Join(",", new[] { 1 }))'),
    ("@{ var a = new[] { 1 }; a.push(2); return a; }", "array.ToList()",
     "@{ var a = new[] { 1 }.ToList(); a.Add(2); return a; }"),
    ("@{ try { return 1; } catch (e) { return 2; } }", "catch (Exception e)",
     "@{ try { return 1; } catch (Exception e) { return 2; } }"),
    ('@{ throw "error"; }', "throw new Exception(text)", '@{ throw new Exception("error"); }'),
    ('@{ raise new Exception("a"); }', "throw new Exception", '@{ throw new Exception("a"); }'),
    ('@(/abc/.test("a"))', "Regex.IsMatch(text", '@(Regex.IsMatch("a", @"abc"))'),
    ('@("a" in new[] { "a" })', "items.Contains(value)", '@(new[] { "a" }.Contains("a"))'),
    ('@{ if (context.Request.Headers["a"]) { return 1; } return 2; }', "ContainsKey(name)",
     '@{ if (context.Request.Headers.ContainsKey("a")) { return 1; } return 2; }'),
    ("@{ if (context.User) { return 1; } return 2; }", "!= null",
     "@{ if (context.User != null) { return 1; } return 2; }"),
    ('@("%s" % "a")', "string.Format(format, value)", '@(string.Format("{0}", "a"))'),
    ('@("a" * 3)', "Enumerable.Repeat(text, count)", '@(string.Concat(Enumerable.Repeat("a", 3)))'),
    ("@{ x = 5; return x; }", "var x = …", "@{ var x = 5; return x; }"),
    ("@(context.User is None)", "write null", "@(context.User is null)"),
    ("@(context.User is not None)", "!= null", "@(context.User != null)"),
    ("@(lambda x: x + 1)", "x => expression", "@(new[] { 1 }.Select(x => x + 1))"),
    ("@(5 ** 2)", "Math.Pow(x, y)", "@(Math.Pow(5, 2))"),
    ('@(int("5"))', "int.Parse(text)", '@(int.Parse("5"))'),
    ('@{ if context.Tracing { return 1; } return 2; }', "if (condition)",
     "@{ if (context.Tracing) { return 1; } return 2; }"),
    ('@(context.Request.Method <> "GET")', "Write !=", '@(context.Request.Method != "GET")'),
    ('@(context.Request.Method LIKE "G%")', "text.Contains(part)", '@(context.Request.Method.Contains("G"))'),
    ("@(context.User IS NULL)", "== null", "@(context.User == null)"),
    ('@("a" & "b")', "with +", '@("a" + "b")'),
    ('@{ bool b = context.User?.Id.Contains("a"); return b; }', "== true",
     '@{ bool b = context.User?.Id.Contains("a") == true; return b; }'),
    ("@{ int n = context.User?.Id.Length; return n; }", "?? 0",
     "@{ int n = context.User?.Id.Length ?? 0; return n; }"),
    ('@(context.Variables("a"))', "Variables[…]", '@(context.Variables["a"])'),
    ("@(context.Request.Headers.Authorization)", '.GetValueOrDefault("Authorization", "")',
     '@(context.Request.Headers.GetValueOrDefault("Authorization", ""))'),
    ('@(context.Request.getHeader("a"))', "Headers, without parentheses", '@(context.Request.Headers["a"])'),
    ('@(context.Request.OriginalUrl.Contains("a"))', ".ToString().Contains(…)",
     '@(context.Request.OriginalUrl.ToString().Contains("a"))'),
    ("@(context.Response.StatusCode == HttpStatusCode.OK)", "(int)HttpStatusCode.…",
     "@(context.Response.StatusCode == (int)HttpStatusCode.OK)"),
    ("@(1 < context.Response.StatusCode < 3)", "low < value && value < high",
     "@(1 < context.Response.StatusCode && context.Response.StatusCode < 3)"),
    ('@(context.Request.Method == "a" || "b")', "repeat the comparison",
     '@(context.Request.Method == "a" || context.Request.Method == "b")'),
    ('@(context.Request.Method != "a" && != "b")', "Repeat the value",
     '@(context.Request.Method != "a" && context.Request.Method != "b")'),
    ('@(DateTime.Now > "2019-01-01")', "DateTime.Parse(…)", '@(DateTime.Now > DateTime.Parse("2019-01-01"))'),
    ("@(DateTime.Now - 5)", "AddDays(1)", "@(DateTime.Now.AddDays(-5))"),
    ('@(JObject.Parse("{}")["a"].Value)', ".Value<string>()", '@(JObject.Parse("{}")["a"].Value<string>())'),
    ('@(JsonConvert.DeserializeObject("{}").a)', '((JObject)…)["a"]',
     '@(((JObject)JsonConvert.DeserializeObject("{}"))["a"])'),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "quoted", "followed"), FOLLOWED)
def test_followed_help_compiles(wrong: str, quoted: str, followed: str) -> None:
    first = found_in(wrong)[0]
    assert quoted in f"{first.label} {first.help}"
    assert not found_in(followed)


SNIPPET = re.compile(
    r"(?:new |\.)?[A-Za-z][\w.<>]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)(?:\.\w+\((?:[^()]|\([^()]*\))*\))*"
)
NAMED_IN_ADVICE = """
    string text = "a", separator = ",", format = "{0}", pattern = "a", other = "b", message = "a", part = "a";
    int start = 0, length = 1, count = 1, size = 1, name = 1;
    byte[] bytes = new byte[0], key = bytes; var value = text; var values = new[] { 1 }; var items = new[] { text };
    var json = new JObject(); var date = DateTime.Now; var number = 1.5;
"""


def snippets() -> list[str]:
    """Each piece of C# that the tables of advice quote."""
    tables = (foreign_names.NAMES, foreign_names.MEMBERS, foreign_names.TYPE_WORDS, foreign_names.TYPES)
    texts = [text for table in tables for text in table.values() if " " in text]
    texts += [text.replace("key", "x => x") for text in foreign_names.OPERATORS.values()]
    for name, value in vars(advice).items():
        if name.strip("_").isupper():
            texts += [value] if isinstance(value, str) else value.values() if isinstance(value, dict) else []
    found = {snippet.replace("…", "1") for text in texts for snippet in SNIPPET.findall(text)}
    return sorted(snippet for snippet in found if not snippet.startswith(("catch", "int F", "F(", "f(")))


@pytest.mark.parametrize("snippet", snippets())
def test_advice_is_code_that_compiles(snippet: str) -> None:
    receivers = (
        ("text", "values", "date", "items", "json", "context.Request.Body", "context.Request.Headers")
        if snippet.startswith(".")
        else ("",)
    )
    codes = [
        f"@{{ {NAMED_IN_ADVICE} {call}; return 1; }}"
        for r in receivers
        for call in (r + snippet, f"var made = {r}{snippet}")
    ]
    assert any(not found_in(code) for code in codes), [str(found_in(code)[:1]) for code in codes]


def test_names_in_the_tables_exist() -> None:
    for name in foreign_names.NAMES.values():
        if not name.endswith("."):
            assert {d.code for d in found_in(f"@({name})")} <= {"CS0119", "CS0428", "CS0305", "CS1525"}, name
    for (type_name, _), member in foreign_names.MEMBERS.items():
        if not member.endswith("."):
            definitions = [look_up(type_name, arity) for arity in range(3)]
            assert any(d is not None and lookup.find_members(d.open_type, member) for d in definitions), member


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
