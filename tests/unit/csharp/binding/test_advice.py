"""Mistakes people make that the compiler reports, and what they are told to do."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

MISTAKES = [
    # code, diagnostic, words of the help or the label
    ("@(context.Request.Metod)", "CS1061", "'Method'"),
    ("@(Context.Request)", "CS0103", "'context'"),
    ("@(contxt.Request)", "CS0103", "'context'"),
    ("@(True)", "CS0103", "'true'"),
    ("@(DateTime.now)", "CS0117", "'Now'"),
    ('@(context.Request.Headers["a"] == "b")', "CS0019", "GetValueOrDefault(name"),
    ('@{ string s = context.Request.Headers["a"]; return s; }', "CS0029", "GetValueOrDefault(name"),
    ('@(context.Request.Url.Query["a"] == "b")', "CS0019", "GetValueOrDefault(name"),
    ('@("a,b".Split(\',\') == "a")', "CS0019", "Contains"),
    ('@{ if (context.Request.Method = "GET") { return 1; } return 2; }', "CS0200", "write '=='"),
    ("@{ int x = 1; if (x = 1) return 1; return 2; }", "CS0029", "write '=='"),
    ("@(context.Request.Body.As<string>)", "CS0428", "parentheses"),
    ("@(context.Request.Body.As<string>.Length)", "CS0119", "parentheses"),
    ("@(context.Request.Body.As<string>(preserve: true))", "CS1739", "'preserveContent'"),
    ("@(context.Request.Body.As<JObject>(preserveContent = true))", "CS0103", "preserveContent: value"),
    ('@(context.Request.Body.As<JObject>(preserveContent: "true"))', "CS1503", "bool.Parse"),
    ('@(context.Request.Body.As<JObject>()["a"] + 1)', "CS0019", "(int)"),
    ('@(context.Request.Body.As<JObject>()["a"] == "x")', "CS0019", "(string)"),
    ('@{ string s = context.Request.Body.As<JObject>()["a"]; return s; }', "CS0266", "(string)"),
    ("@(new JObject().name)", "CS1061", '["name"]'),
    ('@(context.Variables["x"].Length)', "CS1061", "cast it"),
    ('@(context.Variables["x"] + 1)', "CS0019", "(int)"),
    ('@(!context.Variables["x"])', "CS0023", "!(bool)"),
    ('@{ int s = context.Variables["x"]; return s; }', "CS0266", "(int)"),
    ('@(context.Variables["x"] && true)', "CS0019", "(bool)"),
    ("@{ DateTime? d = null; return d.Year; }", "CS1061", "?.Year"),
    ("@{ int? x = 1; int y = x; return y; }", "CS0266", "(int)"),
    ('@(context.Response.StatusCode == "200")', "CS0019", "without quotes: 200"),
    ("@(context.Api.Id == 1)", "CS0019", '"1"'),
    ('@("a" > "b")', "CS0019", "string.Compare"),
    ('@("a" && true)', "CS0019", "bool"),
    ('@(context.User.Groups.Contains("a"))', "CS1929", "Any("),
    ("@(new List<int>().length)", "CS1061", "'Count'"),
    ('@("abc".size())', "CS1061", "'Length'"),
    ("@{ string s = 1; return s; }", "CS0029", ".ToString()"),
    ('@{ int s = "1"; return s; }', "CS0029", "int.Parse"),
    ('@{ bool s = "true"; return s; }', "CS0029", "bool.Parse"),
    ("@{ bool s = 1; return s; }", "CS0029", "!= 0"),
    ("@((string)1)", "CS0030", ".ToString()"),
    ("@{ let x = 1; return x; }", "CS0246", "var"),
    ("@{ if (context.Tracing) { return 1; } }", "CS0161", "return"),
    # from the parser
    ("@{ var x = 1 return x; }", "CS1002", "semicolon"),
    ("@('GET' == context.Request.Method)", "CS1012", "double quotes"),
    ("@(context.Tracing ? 1 2)", "CS1003", "condition ? value : other value"),
    ("@(context.Tracing &amp;&amp; true)", "CS1026", "character itself"),
    ("@(context.Tracing", "CS1026", "Close the ("),
    ("@(params x)", "CS1001", "params"),
    ("@(context->Request)", "CS0193", "'.'"),
]


@pytest.mark.parametrize(("code", "diagnostic", "hint"), MISTAKES)
def test_mistake(code: str, diagnostic: str, hint: str) -> None:
    excerpt = Excerpt.of(code)
    try:
        found = bind(parse(excerpt), excerpt).diagnostics
    except PolicySyntaxError as error:
        found = list(error.diagnostics)
    first = found[0]
    assert first.code == diagnostic
    assert hint in f"{first.message} {first.label} {first.help}"
