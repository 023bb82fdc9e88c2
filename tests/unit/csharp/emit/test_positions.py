"""Where a failure points: the span of the sub-expression that failed, in the policy file's own text."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from apimpolicy.csharp.dotnet.exceptions import DotnetException, NullReferenceException
from apimpolicy.csharp.emit import expression, runtime
from apimpolicy.csharp.emit.expression import CompiledExpression, compile_expression
from apimpolicy.csharp.emit.recording import Recorder
from apimpolicy.csharp.emit.runtime import as_policy_error
from apimpolicy.errors import InternalError, NotSimulatedError
from apimpolicy.gateway.context.execution import Context
from apimpolicy.text.source import Excerpt, Source

ROWS = {
    # A null receiver that is reached as an attribute, as a method, and as an argument of a function
    "@(context.Request.Certificate.Thumbprint)": "context.Request.Certificate.Thumbprint",
    "@(1 + context.Response.Body.As<string>().Length)": "context.Response.Body",
    "@{ string s = null; return 1 + s.Trim().Length; }": "s.Trim()",
    '@{ string s = null; return "a" + s.Length; }': "s.Length",
    "@{ int[] a = null; return 1 + a[0]; }": "a[0]",
    "@{ Func<int> f = null; return 1 + f(); }": "f()",
    # An exception from a library member, a cast, an operator, an index
    '@(1 + int.Parse("x") + 2)': 'int.Parse("x")',
    '@("abc".Substring(2).Substring(5))': '"abc".Substring(2).Substring(5)',
    '@((string)context.Variables["none"] + "x")': 'context.Variables["none"]',
    '@{ object o = "a"; return 1 + (int)o; }': "(int)o",
    "@{ int x = 0; return 1 + 5 / x; }": "5 / x",
    "@{ var a = new[] { 1 }; return a[0] + a[5]; }": "a[5]",
    "@{ int? n = null; return 1 + n.Value; }": "n.Value",
    "@{ int x = int.MaxValue; return checked(x + 1); }": "x + 1",
    # Statements, lambdas, local functions
    '@{ throw new Exception("m"); }': 'throw new Exception("m");',
    "@{ Exception e = new Exception(); throw e; }": "throw e;",
    "@{ string s = null;\n  var t = 1;\n  t += s.Length;\n  return t; }": "s.Length",
    '@(new[] { "1", "x" }.Select(t => int.Parse(t)).Sum())': "int.Parse(t)",
    "@{ int F(string s) => s.Length; return F(null); }": "s.Length",
    "@{ int[] a = null; foreach (var x in a) { } return 1; }": "a",
    '@{ try { int.Parse("x"); } catch (FormatException) { throw; } return 1; }': 'int.Parse("x")',
    '@{ try { int.Parse("x"); } catch (FormatException e) { throw e; } return 1; }': "throw e;",
    '@(context.Variables["é"].ToString().Length)': 'context.Variables["é"]',
    '@("é" + int.Parse("ü"))': 'int.Parse("ü")',
}


def failure(compiled: CompiledExpression, **options: Any) -> DotnetException:
    with pytest.raises(DotnetException) as raised:
        compiled.evaluate(Context(), **options)
    return raised.value


def text_at(span: tuple[Source, int, int] | None) -> str:
    assert span is not None
    source, start, end = span
    return source.text[start:end]


@pytest.mark.parametrize(("code", "place"), ROWS.items(), ids=list(ROWS))
def test_span(code: str, place: str) -> None:
    assert text_at(failure(compile_expression(code)).span) == place


@pytest.mark.parametrize(("code", "place"), ROWS.items(), ids=list(ROWS))
def test_span_while_recording(code: str, place: str) -> None:
    assert text_at(failure(compile_expression(code), recorder=Recorder()).span) == place


def in_file(
    text: str, code: str, anchors: tuple[tuple[int, int], ...] | None = None, raw: str = ""
) -> CompiledExpression:
    start = text.index(raw or code)
    return compile_expression(Excerpt(code, Source(text, "p.xml"), start, start + len(raw or code), anchors))


def test_span_in_a_file() -> None:
    text = '<policies>\n  <inbound>\n    <set-variable value="@(context.Request.Certificate.Thumbprint)" />\n'
    error = failure(in_file(text, "@(context.Request.Certificate.Thumbprint)"))
    assert text_at(error.span) == "context.Request.Certificate.Thumbprint"


def test_span_in_escaped_text() -> None:
    raw = "@(&quot;é&quot; + int.Parse(&quot;x&quot;))"
    code = '@("é" + int.Parse("x"))'
    text = f'<a>\r\n<b c="{raw}"/></a>'
    start = text.index(raw)
    anchors = [(0, start)]
    mine = theirs = 0
    while mine < len(code):
        width = 6 if code[mine] == '"' else 1
        mine, theirs = mine + 1, theirs + width
        anchors.append((mine, start + theirs))
    error = failure(in_file(text, code, tuple(anchors), raw))
    assert text_at(error.span).startswith("int.Parse(&quot;x&quot")


def test_span_in_substituted_text() -> None:
    """The named value `{{n}}` became a longer text; the place is still that in the file."""
    original = Source('<a b="@("{{n}}" + int.Parse("x"))"/>', "p.xml")
    value = "0123456789"
    hole = original.text.index("{{n}}")
    text = original.text.replace("{{n}}", value)
    anchors = ((0, 0, True), (hole, hole, False), (hole + len(value), hole + 5, True))
    source = Source(text, "p.xml", original, anchors)
    start, end = text.index("@("), text.rindex('"/>')
    error = failure(compile_expression(Excerpt(text[start:end], source, start, end)))
    assert error.span is not None
    assert error.span[0] is original
    assert text_at(error.span) == 'int.Parse("x")'


def test_the_traceback_shows_the_policy() -> None:
    text = '<policies>\n  <a b="@(1 + context.Request.Certificate.Thumbprint.Length)" />\n</policies>'
    frames = traceback.extract_tb(
        failure(in_file(text, "@(1 + context.Request.Certificate.Thumbprint.Length)")).__traceback__
    )
    last = frames[-1]
    assert (last.filename, last.lineno) == ("<policy> p.xml", 2)
    line = text.splitlines()[1]
    assert last.colno is not None
    assert last.end_colno is not None
    assert line[last.colno : last.end_colno] == "context.Request.Certificate.Thumbprint"


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("@(1 + TimeZoneInfo.GetSystemTimeZones().Count)", "TimeZoneInfo.GetSystemTimeZones()"),
        ('@("x" + string.IsInterned("a"))', 'string.IsInterned("a")'),
    ],
)
def test_what_is_not_simulated_has_a_place(code: str, place: str) -> None:
    with pytest.raises(NotSimulatedError) as raised:
        compile_expression(code).evaluate(Context())
    assert text_at(raised.value.span) == place


@pytest.mark.parametrize(
    "fault", [KeyError("k"), TypeError("t"), ZeroDivisionError(), OverflowError(), AttributeError("a")]
)
def test_faults_of_ours_have_a_name(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the library is no exception that a policy catches, and no bare Python exception."""

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(runtime, "nullable_value", fail)
    compiled = CompiledExpression(
        compile_expression("@{ int? n = 5; try { return n.Value; } catch (Exception) { return 0; } }").bound
    )
    with pytest.raises(InternalError) as raised:
        compiled.evaluate(Context())
    assert raised.value.__cause__ is fault
    assert type(fault).__name__ in str(raised.value)
    assert text_at(raised.value.span) == "n.Value"


def test_lazy_sequences_fail_where_they_are_walked_over() -> None:
    """A sequence keeps its excerpt; who walks over it translates what comes out."""
    compiled = compile_expression("@(new X509Certificate2[] { null }.Select(c => c.Thumbprint))")
    sequence = compiled.evaluate(Context())
    with pytest.raises(AttributeError) as raised:
        list(sequence)
    found = as_policy_error(raised.value)
    assert isinstance(found, NullReferenceException)
    assert text_at(found.span) == "c.Thumbprint"


def test_python_code_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = CompiledExpression(compile_expression("@(1 + context.Variables.Count)").bound)
    compiled.evaluate(Context())
    monkeypatch.setattr(expression, "emit", None)
    assert compiled.evaluate(Context()) == 1
