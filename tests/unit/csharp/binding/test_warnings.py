"""Warnings of the compiler: code, place, and what they say nothing about."""

from __future__ import annotations

import pytest

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.pages import page_of_code
from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.bind import compiler_warnings
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.diagnostics import Severity
from apimpolicy.text.source import Excerpt, Source

STATUS = "context.Response.StatusCode"

WARNED = [
    # code, marked text of each warning
    ('context.Variables["a"] == "b"', ["CS0252", 'context.Variables["a"] == "b"']),
    ('"b" != context.Variables["a"]', ["CS0253", '"b" != context.Variables["a"]']),
    ('context.Variables["a"] == string.Empty', ["CS0252", 'context.Variables["a"] == string.Empty']),
    ("object o = null; Uri u = null; return o == u;", ["CS0252", "o == u"]),
    ('object o = null; return o == "a" || "a" == o;', ["CS0252", 'o == "a"', "CS0253", '"a" == o']),
    (f"{STATUS} == null", ["CS0472", f"{STATUS} == null"]),
    (f"null != {STATUS}", ["CS0472", f"null != {STATUS}"]),
    (f"{STATUS} == default(int?)", ["CS0472", f"{STATUS} == default(int?)"]),
    ("bool b = false; if (b = true) { return 1; } return b;", ["CS0665", "b = true"]),
    ("bool b = true; while (b = false) { b = !b; } return b;", ["CS0665", "b = false"]),
    ("bool b = true; return (b = false) ? b : !b;", ["CS0665", "b = false"]),
    # unreachable: the first token of each run of statements
    ("return 1; int x = 3; x++; return x;", ["CS0162", "int"]),
    ("if (true) { return 1; } else { return 2; }", ["CS0162", "return"]),
    ("if (false) { return 1; } return 2;", ["CS0162", "return"]),
    ("throw new Exception(); return 1;", ["CS0162", "return"]),
    ("while (true) { } return 1;", ["CS0162", "return"]),
    ("for (int i = 0; i < 3; i++) { return i; } return 1;", ["CS0162", "i"]),
    (f"switch ({STATUS}) {{ case 1: return 1; break; default: return 2; }}", ["CS0162", "break"]),
    ("return 1; { int z = 3; return z; }", ["CS0162", "int"]),
    ("return 1; if (true) { return 2; } return 3;", ["CS0162", "if"]),
    ("int F() { return 1; return 2; } return F();", ["CS0162", "return"]),
    ("Func<int, int> f = y => { return y; y++; }; return f(1);", ["CS0162", "y"]),
    ("goto a; context.Trace(null); a: return 1;", ["CS0162", "context"]),
    # variables that nobody reads
    ("int x; return 1;", ["CS0168", "x"]),
    ("try { return 1; } catch (Exception e) { return 2; }", ["CS0168", "e"]),
    ("int x = 5; return 1;", ["CS0219", "x"]),
    ('string s = "a", t = s; return 1;', []),
    ("string s = null; return 1;", ["CS0219", "s"]),
    ("JObject j = null; return 1;", ["CS0219", "j"]),
    ("var d = new DateTime(); return 1;", ["CS0219", "d"]),
    ("var t = (1, 2); return 1;", ["CS0219", "t"]),
    ("int x; x = 5; return 1;", ["CS0219", "x"]),
    ("Func<int, int> f = y => { int z = 1; return y; }; return f(1);", ["CS0219", "z"]),
]

QUIET = [
    'context.Variables["a"] == (object)"b"',
    '(object)context.Variables["a"] == "b"',
    '(string)context.Variables["a"] == "b"',
    'context.Variables["a"] == null',
    'context.Variables["a"] == context.Variables["b"]',
    'context.Variables["a"].Equals("b")',
    "object o = null; JToken t = null; return o == t;",
    'JToken.Parse("1") == null',
    "default(int?) == null",
    f"(int?){STATUS} == 5",
    "DateTime.UtcNow == null",
    "bool b = false; if (b == true) { return 1; } return b;",
    f"bool b; if (b = {STATUS} > 1) {{ return 1; }} return b;",
    "while (true) { break; } return 1;",
    "return 1; throw new Exception();",
    f"bool b = true; if (b) {{ return {STATUS}; }} return 2;",
    f"a: if ({STATUS} > 1) goto a; return 1;",
    "try { return 1; } catch (Exception e) { return e.Message; }",
    "try { return 1; } catch (Exception) { return 2; }",
    f"var s = {STATUS}; return 1;",
    "var s = new JObject(); return 1;",
    "int x = 1; x++; return 1;",
    "int x = 1; return nameof(x);",
    "const int X = 5; return 1;",
    "foreach (var y in new[] { 1 }) { } return 1;",
    'int.TryParse("1", out var n); return 1;',
    "var (a, b) = (1, 2); return a;",
    "object o = 1; return o is int n ? 1 : 2;",
    "int x = 1; Func<int> f = () => x; return f();",
    "int x = 1; int F<T>() => x; return 1;",
    "using (var m = new MemoryStream()) { return 1; }",
    "object o = null; return o == nope;",
    'void F() { F(); context.Trace("a"); } return 1;',
    "void F(int n) { if (n > 0) { F(n - 1); n++; } } F(1); return 1;",
    "void Fail() { throw new Exception(); } Fail(); return 1;",
]


def _code(code: str) -> str:
    return f"@{{ {code} }}" if ";" in code else f"@({code})"


def _warnings(code: str) -> list[str]:
    excerpt = Excerpt.of(_code(code))
    found = compiler_warnings(bind(parse(excerpt), excerpt))
    assert all(finding.severity is Severity.WARNING for finding in found)
    return [part for finding in found for part in (finding.code, excerpt.text[finding.start : finding.end])]


@pytest.mark.parametrize(("code", "expected"), WARNED, ids=[code for code, _ in WARNED])
def test_a_warning(code: str, expected: list[str]) -> None:
    assert _warnings(code) == expected


@pytest.mark.parametrize("code", QUIET)
def test_nothing_to_warn_of(code: str) -> None:
    assert _warnings(code) == []


DOCUMENT = """<policies>
    <inbound>
        <base />
        <choose>{comment}
            <when condition="@(context.Variables["a"] == "b")">
                <set-method>GET</set-method>
            </when>
        </choose>
    </inbound>
</policies>
"""


def _checked(comment: str) -> list[tuple[str, Severity, int]]:
    source = Source(DOCUMENT.format(comment=comment), "orders.xml")
    found = check_document(source, ExpressionCheck(), {}, None)
    return [(f.code, f.severity, f.position.line) for f in found if f.code.startswith(("CS", "POL04"))]


def test_check_says_it_and_a_comment_keeps_it_quiet() -> None:
    assert _checked("") == [("CS0252", Severity.WARNING, 5)]
    assert _checked("\n<!-- apimpolicy: ignore CS0252: both are the same object -->") == []


@pytest.mark.parametrize("code", ["CS0162", "CS0168", "CS0219", "CS0252", "CS0253", "CS0472", "CS0665"])
def test_a_page(code: str) -> None:
    page = page_of_code(code)
    assert page is not None
    assert "A warning of the compiler" in page
    assert "refuses" not in page


def test_the_page_of_an_error() -> None:
    assert "an error of the C# compiler" in str(page_of_code("CS0026"))
    assert "the gateway compiles them when a policy is saved" in str(page_of_code("CS1061"))
