"""The gateway's own rules: allowed types and members, bodies in braces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.gateway_rules import check_gateway_rules
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

CORPUS = Path(__file__).parents[5] / "shared" / "corpus" / "expressions.jsonl"

REFUSED = [
    ("@(Environment.NewLine)", "APIM0001", "Environment"),
    ("@(CultureInfo.InvariantCulture.Name)", "APIM0001", "CultureInfo"),
    ("@(System.Globalization.CultureInfo.InvariantCulture)", "APIM0001", "System.Globalization.CultureInfo"),
    ("@(typeof(CultureInfo))", "APIM0001", "CultureInfo"),
    ("@(new List<CultureInfo>())", "APIM0001", "CultureInfo"),
    ("@((CultureInfo)null)", "APIM0001", "CultureInfo"),
    ("@{ CultureInfo c = null; return c; }", "APIM0001", "CultureInfo"),
    ('@{ object o = 1; return o is CultureInfo c ? c.Name : ""; }', "APIM0001", "CultureInfo"),
    ("@(DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Utc))", "APIM0002", "SpecifyKind"),
    ("@(DateTimeKind.Local)", "APIM0002", "Local"),
    ('@(JsonConvert.ToString("a"))', "APIM0002", "ToString"),
    ('@(JsonConvert.DeserializeXmlNode("{}"))', "APIM0002", "DeserializeXmlNode"),
    ('@(XDocument.Load("a"))', "APIM0002", "Load"),
    ("@(DateTime.UtcNow.ToUniversalTime())", "APIM0002", "ToUniversalTime"),
    ("@{ if (context.Tracing) return 1; return 2; }", "POL030", "return 1;"),
    ("@{ if (context.Tracing) { return 1; } else return 2; }", "POL030", "return 2;"),
    ('@{ foreach (var c in "a") { while (true) return 1; } return 2; }', "POL030", "return 1;"),
]

ACCEPTED = [
    '@(Regex.Match("a", "b").Groups[1]?.Value)',
    '@(Regex.Match("a", "b").Success ? Regex.Matches("a", "b")[0].Value : "")',
    '@(JObject.Parse("{}").ToString())',
    "@(new[] { 1 }.Select(x => x + 1).Sum())",
    "@(DateTime.UtcNow - DateTime.UtcNow > TimeSpan.Zero)",
    '@(DateTime.UtcNow.ToString("o"))',
    '@(context.Variables.GetValueOrDefault<string>("a", "b"))',
    "@{ Func<int, int> twice = x => x * 2; return twice(2); }",
    '@{ (int a, string b) t = (1, "x"); return t.a; }',
    "@{ if (context.Tracing) { return 1; } else if (true) { return 2; } else { return 3; } }",
    "@{ Func<int, int> f = x => { if (x > 1) return 1; return 2; }; return f(1); }",
    "@{ int F(int x) { if (x > 1) return 1; return 2; } return F(1); }",
    "@{ const int Limit = 3; object o = 3; return o is Limit; }",
]


def _found(code: str) -> list[tuple[str, str]]:
    excerpt = Excerpt.of(code)
    tree = parse(excerpt)
    bound = bind(tree, excerpt)
    assert bound.diagnostics == []
    return [(found.code, code[found.start : found.end]) for found in check_gateway_rules(bound, tree)]


@pytest.mark.parametrize(("expression", "code", "text"), REFUSED)
def test_refused(expression: str, code: str, text: str) -> None:
    assert (code, text) in _found(expression)


@pytest.mark.parametrize("expression", ACCEPTED)
def test_accepted(expression: str) -> None:
    assert _found(expression) == []


def test_braces_are_asked_of_expressions_with_errors_too() -> None:
    excerpt = Excerpt.of("@{ if (nothing) return 1; return 2; }")
    tree = parse(excerpt)
    assert [found.code for found in check_gateway_rules(bind(tree, excerpt), tree)] == ["POL030"]


def test_what_people_deploy_is_accepted() -> None:
    """Three snippets in Microsoft's repositories break the rules as they are documented; nothing else does."""
    if not CORPUS.exists():
        pytest.skip("the shared corpus is not here")
    found = []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        excerpt = Excerpt.of(json.loads(line)["code"])
        try:
            tree = parse(excerpt)
        except PolicySyntaxError:
            continue
        for finding in check_gateway_rules(bind(tree, excerpt), tree):
            found.append((finding.code, excerpt.text[finding.start : finding.end]))
    assert found == [
        ("APIM0001", "XmlReader"),
        ("APIM0001", "XmlReader"),
        ("APIM0001", "RSACng"),
        ("APIM0001", "RSACng"),
        ("POL030", 'return "openai";'),
        ("POL030", 'return "aisearch";'),
        ("POL030", 'return "docint";'),
    ]
