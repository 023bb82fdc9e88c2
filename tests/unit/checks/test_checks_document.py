"""What `check_document` puts together: markup, expressions, policies, named values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.sampling import sampled

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.csharp.binding.bind import CODES as WARNINGS
from apimpolicy.diagnostics import Severity
from apimpolicy.text.source import Excerpt, Source

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "expressions.jsonl"


def codes(text: str, named_values: dict[str, str] | None = None) -> list[tuple[str, int, int]]:
    found = check_document(Source(text, "p.xml"), ExpressionCheck(), named_values)
    return [(diagnostic.code, *diagnostic.position) for diagnostic in found]


def variable(value: str) -> str:
    return f'<inbound>\n<set-variable name="a" value="{value}" />\n</inbound>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (variable("@(1 + 1)"), []),
        (variable("@(1 + true)"), [("CS0019", 2, 33)]),
        (variable("@(1 +)"), [("CS1525", 2, 36)]),
        (variable("@(&quot;a&quot;.Lenght)"), [("CS1061", 2, 47)]),
        (variable("@({{n}} + 1)"), []),
        (variable("@({{n}} + x)"), [("CS0103", 2, 41)]),
        ("<inbound><set-methud>PUT</set-methud><set-variable value='@(y)' /></inbound>", "POL101 POL103 CS0103"),
    ],
)
def test_findings_in_the_order_of_the_file(text: str, expected: list[tuple[str, int, int]] | str) -> None:
    found = codes(text)
    assert (" ".join(code for code, _, _ in found) if isinstance(expected, str) else found) == expected


def test_named_values_are_put_in_and_missing_ones_are_findings() -> None:
    assert codes(variable("@({{n}} + 1)"), {"n": "1"}) == []
    assert codes(variable("@({{n}} + 1)"), {"n": "true"}) == [("CS0019", 2, 33)]
    assert codes(variable("@({{n}} + 1)"), {}) == [("POL001", 2, 33)]
    # What comes after a value is still where the file has it.
    assert codes(variable("@({{n}} + x)"), {"n": "1000000000"}) == [("CS0103", 2, 41)]


def test_an_expression_is_looked_at_once_and_reported_everywhere() -> None:
    check = ExpressionCheck()
    first, second = Source("<a b='@(x)'/>"), Source("\n\n<a b='@(x)'/>")
    places = [
        check(Excerpt("@(x)", source, offset, offset + 4))[0].position for source, offset in ((first, 6), (second, 8))
    ]
    assert places == [(1, 9), (3, 9)]


@pytest.mark.parametrize(
    "code",
    [
        "(" * 5000,
        "@(" + "(" * 300 + "1" + ")" * 300 + ")",
        "@(" + "+".join("1" * 3000) + ")",
        "@(" + "+".join(["1"] * 480 + ["context.Request.Url.Port"]) + ")",
        "@(context" + ".ToString()" * 240 + ")",
    ],
)
def test_deep_expressions_are_findings_not_crashes(code: str) -> None:
    findings = ExpressionCheck()(Excerpt.of(code))
    assert all(finding.code.startswith("CS") for finding in findings)


def test_the_corpus_has_exactly_the_faults_that_the_compiler_finds() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    check = ExpressionCheck()
    wrong = []
    with CORPUS.open(encoding="utf-8") as lines:
        for line in sampled(lines, 300):
            row = json.loads(line)
            found = [finding for finding in check(Excerpt.of(row["code"])) if finding.code.startswith("CS")]
            errors = [finding for finding in found if finding.code not in WARNINGS]
            if bool(errors) is bool(row["compiles"]):
                wrong.append((row["code"], [str(error) for error in errors]))
    assert wrong == []


def test_the_gateway_refuses_what_the_compiler_takes() -> None:
    check = ExpressionCheck()
    assert [d.code for d in check(Excerpt.of('@(System.IO.File.ReadAllText("/etc/passwd"))'))] == ["APIM0001"]
    specified = check(Excerpt.of("@(DateTime.SpecifyKind(DateTime.Now, DateTimeKind.Utc))"))
    assert [d.code for d in specified] == ["APIM0002"]
    bare = check(Excerpt.of("@{ if (context.Tracing) return 1; return 2; }"))
    assert [(d.code, d.severity) for d in bare] == [("POL030", Severity.ERROR)]
