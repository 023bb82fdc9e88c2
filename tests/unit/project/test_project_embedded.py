"""Policies inside other files: found, read, and every finding at its place in the outer file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded import ENDINGS, policies_of, reader_for
from apimpolicy.text.source import Source, shown

FILES = Path(__file__).parent / "embedded_files"

# The file, then what is wrong in it: code, line, and the text that the finding points at.
FINDINGS = {
    "orders.tf": [("CS1061", 8, "Methd"), ("POL104", 11, "${x}"), ("POL101", 17, "set-hedder")],
    "orders.bicep": [
        ("POL103", 9, "set-header"),
        ("POL102", 9, "nam"),
        ("CS1061", 9, "Pth"),
        ("POL101", 15, "set-hedder"),
    ],
    "template.json": [("CS1061", 1, "Lenght"), ("CS1061", 2, "Foo"), ("POL101", 3, "set-hedder")],
    "guide.md": [("POL101", 7, "set-hedder")],
    "orders.xml.tftpl": [("CS1061", 6, "Elapsd")],
}


@pytest.mark.parametrize("name", FINDINGS)
def test_findings_stand_where_the_outer_file_has_them(name: str) -> None:
    data = (FILES / name).read_bytes()
    outer = data.decode()
    policies, problems = policies_of(data, name)
    assert not problems
    check = ExpressionCheck()
    found = []
    for readings in policies:
        for finding in check_readings(readings, check):
            start, end = finding.source.original_span(finding.start, finding.end)
            if finding.severity == "error":
                found.append((finding.code, finding.position.line, outer[start:end]))
    assert found == FINDINGS[name]


POLICY = "<policies><inbound><base />{}</inbound><backend /><outbound /><on-error /></policies>"


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        ("a.cs", '// Café\nvar p = @"' + POLICY.format("") + '";', []),
        ("a.cs", 'var p = @"' + POLICY.format("<!-- é -->") + '";', ["POL002"]),
        ("a.md", "# Café\n\n```xml\n" + POLICY.format("") + "\n```\n", []),
        ("a.tf", "# Café\npolicy = <<XML\n" + POLICY.format("<!-- é -->") + "\nXML\n", ["POL002"]),
        ("a.xml", POLICY.format("") + "<!-- é -->", ["POL002"]),
    ],
)
def test_only_the_bytes_of_a_policy_must_be_utf_8(name: str, text: str, codes: list[str]) -> None:
    assert [each.code for each in policies_of(text.encode("latin-1"), name)[1]] == codes


def read(text: str, ending: str) -> list[str]:
    reader = reader_for(f"a{ending}")
    assert reader is not None
    sources = (pieces.source() for pieces in reader(Source(text, f"a{ending}")))
    return [shown(source.text, tuple(f"<{hole}>" for hole in source.holes)) for source in sources]


@pytest.mark.parametrize(
    ("ending", "text", "expected"),
    [
        (".tf", "x = <<A\n<policies />\nA\ny = <<B\nnothing\nB\n", ["<policies />\n"]),
        (".tf", "x = <<-A\n  <policies />\n  A\n", ["  <policies />\n"]),
        (".tf", "x = <<A\n<policies>$${a} %%{b}</policies>\nA\n", ["<policies>${a} %{b}</policies>\n"]),
        (".tf", "x = <<A\n<policies>%{ if a }</policies>\nA\n", ["<policies></policies>\n"]),
        (".tf", "x = <<A\n<policies a='${f(\"}\")}'/>\nA\n", ["<policies a='<${f(\"}\")}>'/>\n"]),
        (".tf", 'x = "<policies a=\\"\\u0041\\"/>"', ['<policies a="A"/>']),
        (".tf", "x = <<A\n<policies>", ["<policies>"]),
        (".bicep", "var a = '''\n<policies>${a}</policies>'''", ["<policies>${a}</policies>"]),
        (".bicep", "var a = $'''<policies>${a}</policies>'''", ["<policies><${a}></policies>"]),
        (".bicep", "// it's\nvar a = '<policies a=\\'${b}\\'/>'", ["<policies a='<${b}>'/>"]),
        (".bicep", "/* ' */ var a = '<policies>\\u{41}</policies>'", ["<policies>A</policies>"]),
        (".json", '{"a": "<policies>\\ud83d\\ude00</policies>"}', ["<policies>\U0001f600</policies>"]),
        (".json", '{"a": "[concat(\'<policies>\', f(\'x\', 1), \'</policies>\')]"}', [
            "<policies><f('x', 1)></policies>"
        ]),
        (".json", '{"a": "[parameters(\'<policies>\')]"}', []),
        (".json", '{"a": "<svg></svg>"}', []),
        (".md", "```xml\n<policies />\n```\n```csharp\n<policies />\n```\n", ["<policies />\n"]),
        (".md", "~~~\n<fragment />\n~~~", ["<fragment />\n"]),
        (".md", "```xml\n<policies>", ["<policies>"]),
    ],
)  # fmt: skip
def test_what_is_found(ending: str, text: str, expected: list[str]) -> None:
    assert read(text, ending) == expected


def test_named_file_without_a_policy_is_said_to_have_none() -> None:
    with pytest.raises(ConfigurationError, match="holds no policy"):
        policies_of(b"variable {}", "main.tf")


@settings(max_examples=examples(200), derandomize=True)
@given(st.sampled_from(sorted(ENDINGS)), st.text(alphabet="<policies>/ '\"`$%{}[](),\\nu0A\n", max_size=80))
def test_any_text_is_read(ending: str, text: str) -> None:
    for prefix in ("", "x = <<A\n", "'''<policies>", '{"a": "<policies>', "```xml\n<policies>"):
        reader = reader_for(f"a{ending}")
        assert reader is not None
        outer = Source(prefix + text, "a")
        for source in (reading for pieces in reader(outer) for reading in pieces.readings()):
            for offset in range(len(source.text) + 1):
                assert 0 <= source.original(offset) <= len(outer.text)
