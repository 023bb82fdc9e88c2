"""Policies that want too much: each ends in a limit with a name, or in .NET's own exception, and soon."""

from __future__ import annotations

import pytest
from tests.sampling import sampled

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit.expression import compile_expression, emit
from apimpolicy.errors import LimitExceededError, NotSimulatedError, PolicySyntaxError
from apimpolicy.gateway.context.execution import Context

LIMITS = {"steps": 200_000, "string_length": 1_000_000, "elements": 500_000, "seconds": 1.0, "regex_seconds": 0.2}

ENDLESS = {
    "while (true) { }": "steps",
    "for (;;) { }": "steps",
    "do { } while (true);": "steps",
    "while (true) { continue; }": "steps",
    "while (true) switch (1) { case 1: continue; }": "steps",
    "int F(int n) => F(n + 1); return F(0);": "recursion",
    "Func<int, int> f = null; f = n => f(n + 1); return f(0);": "recursion",
    "int F(int n) => n < 2 ? n : F(n - 1) + F(n - 2); return F(60);": "steps",
    "Func<int, int> f = null; f = n => n < 2 ? n : f(n - 1) + f(n - 2); return f(60);": "steps",
    "Func<int, int> f = null; f = n => new[] { n, n }.Sum(x => f(x)); return f(1);": "recursion",
    'var s = "ab"; while (true) s += s;': "string_length",
    'var s = "ab"; while (true) s = $"{s}{s}";': "string_length",
    'var s = "ab"; while (true) s = s.Replace("a", "aa");': "string_length",
    'var s = "ab"; while (true) s += "x";': "steps",
    "return new int[int.MaxValue];": "elements",
    "return new int[100000, 100000];": "elements",
    "return new string('a', int.MaxValue);": "string_length",
    'return "a".PadLeft(int.MaxValue);': "string_length",
    "return Enumerable.Range(0, int.MaxValue).ToList();": "steps",
    "return Enumerable.Range(0, int.MaxValue).Count();": "steps",
    'return Enumerable.Repeat("a", int.MaxValue).ToArray();': "steps",
    'return string.Concat(Enumerable.Repeat("abc", int.MaxValue));': "steps",
    "return Enumerable.Range(0, 10000).SelectMany(x => Enumerable.Range(0, 10000)).Max();": "steps",
    "var l = new List<int[]>(); while (true) l.Add(new int[100000]);": "steps",
    "var l = new List<int> { 1 }; while (true) l.AddRange(l.ToArray());": "elements|steps",
    'var b = new StringBuilder("a"); while (true) b.Append(b.ToString());': "string_length",
    "return Convert.ToBase64String(new byte[500000]).Length + new string('a', 2000000).Length;": "string_length",
    "var s = new string('a', 900000); while (true) s.IndexOf(\"b\");": "seconds|steps",
    'return Regex.IsMatch(new string(\'a\', 40) + "!", "^(a|aa)+$");': "regex_seconds",
    "try { while (true) { } } catch { return 1; }": "steps",
    "try { while (true) { } } catch (Exception) { return 1; } finally { }": "steps",
    "try { while (true) { } } finally { while (true) { } }": "steps",
    "int F() => F(); try { return F(); } catch { return 1; }": "recursion",
    "try { throw new Exception(); } catch (Exception) when (new int[int.MaxValue] != null) { return 1; }": "elements",
    "try { return new string('a', int.MaxValue); } catch { return \"\"; }": "string_length",
    "object o = 1; for (int i = 0; i < 5000; i++) o = new { o }; return o.ToString();": "recursion",
    "object o = 1; for (int i = 0; i < 5000; i++) o = (o, 1); return o.ToString();": "recursion",
}

ENDED = {
    'return Regex.IsMatch(new string(\'a\', 40) + "!", "^(a+)+$");': "",
    "return JToken.Parse(new string('[', 100000));": "JsonReaderException",
    'return JObject.Parse(string.Concat(Enumerable.Repeat("{\\"a\\":", 50000)));': "JsonReaderException",
    'return XElement.Parse(string.Concat(Enumerable.Repeat("<a>", 50000)));': "XmlException",
    "return Math.Pow(10, 400);": "",
    "decimal d = 1; while (true) d *= 10;": "OverflowException",
    "return decimal.Parse(new string('9', 100000));": "OverflowException",
    "return int.Parse(new string('9', 1000000));": "OverflowException",
    'return 1.ToString("D999999999");': "",
}


@pytest.mark.parametrize(("code", "limit"), ENDLESS.items(), ids=[code[:60] for code in ENDLESS])
def test_limit(code: str, limit: str) -> None:
    compiled = compile_expression(f"@{{ {code} }}")
    with use_environment(Environment(limits=Limits(**LIMITS))), pytest.raises(LimitExceededError) as raised:  # type: ignore[arg-type]
        compiled.evaluate(Context())
    assert raised.value.limit in limit.split("|")
    assert raised.value.span is not None


@pytest.mark.parametrize(("code", "exception"), ENDED.items(), ids=[code[:60] for code in ENDED])
def test_ends(code: str, exception: str) -> None:
    compiled = compile_expression(f"@{{ {code} }}")
    with use_environment(Environment(limits=Limits(**LIMITS))):  # type: ignore[arg-type]
        try:
            compiled.evaluate(Context())
            ended = ""
        except DotnetException as error:
            ended = error.dotnet_type_name.rpartition(".")[2]
    assert ended == exception


def nested(opening: str, closing: str, count: int) -> str:
    openings = "".join(opening.replace("#", str(number)) for number in range(count))
    return f"@{{ int x = 0; {openings} x++; {closing * count} return x; }}"


BLOCKS = [
    ("while (true) {", " break; }"),
    ("for (;;) {", " break; }"),
    ("foreach (var c# in new[] { 1 }) {", "}"),
    ("try {", "} finally { x++; }"),
    ("try { throw new Exception(); } catch {", "}"),
    ("switch (x) { default: ", " break; }"),
    ("if (x == 0) {", "}"),
    ("{", "}"),
    ("int F#() {", " return 1; }"),
]


@pytest.mark.parametrize(
    ("count", "opening", "closing"),
    sampled(((count, *block) for block in BLOCKS for count in (10, 21, 100, 500, 2000)), 8),
)
def test_nested_statements(count: int, opening: str, closing: str) -> None:
    """Python allows 20 blocks in one another; deeper ones become functions. Far beyond 500 levels is a diagnostic."""
    code, place, refused = outcome(nested(opening, closing, count))
    assert refused == (count > 1000)
    assert code == ("CS8078" if refused else None)
    assert place == refused


def outcome(code: str) -> tuple[str | None, bool, bool]:
    """The code of a diagnostic; whether a refusal has a place; whether it was refused at all."""
    try:
        compile_expression(code).evaluate(Context())
    except (NotSimulatedError, LimitExceededError) as error:
        return None, error.span is not None, True
    except PolicySyntaxError as error:
        return error.diagnostics[0].code, True, True
    return None, False, False


CHAINS = [
    ("context.Request.Method", ' + "a"'),
    ("context.Tracing", " || context.Tracing"),
    ("context.Tracing", " && context.Tracing || context.Tracing"),
    ("context.Request.Method", '.Replace("a", "b")'),
    ("context.Request.Method", "?.Trim()"),
    ("context.Request.Method", " ?? context.Request.Method"),
    ("context.RequestId.ToByteArray()[0]", " + 1"),
]


@pytest.mark.parametrize(
    ("count", "first", "again"), sampled(((count, *chain) for chain in CHAINS for count in (100, 490, 10_000)), 8)
)
def test_long_chains(count: int, first: str, again: str) -> None:
    """Chains are as long as the text; but each `?.`, and each `??`, is a level of its own."""
    code, place, refused = outcome(f"@({first}{again * count})")
    assert refused == (count == 10_000 and "?" in again)
    assert code == ("CS8078" if refused else None)
    assert place == refused


def test_many_filters_make_little_code() -> None:
    """Each clause adds as much as the one before: nothing of the later ones stands twice."""

    def size(count: int) -> int:
        clauses = "".join(
            f"catch (FormatException e) when (n == {number}) {{ return {number}; }} " for number in range(count)
        )
        code = f'@{{ int n = {count - 1}; try {{ return int.Parse("x"); }} {clauses} }}'
        compiled = compile_expression(code)
        assert compiled.evaluate(Context()) == count - 1
        return len(emit(compiled.bound).__code__.co_code)

    assert size(80) < size(40) * 2.2


def test_many_statements_and_cases() -> None:
    cases = "".join(f'case "{number}": return {number}; ' for number in range(1500))
    code = f"@{{ int x = 0; {'x = x + 1; ' * 1500} switch (context.Request.Method) {{ {cases} default: return x; }} }}"
    assert compile_expression(code).evaluate(Context()) == 1500
