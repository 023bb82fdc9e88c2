"""Policies in strings of Python, C# and PowerShell: which are found, what they hold, and where each character is.

A file `embedded_code/<language>.txt` has blocks: `=== title`, the code, and each policy in it behind a line `---`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded import policies_of, reader_for
from apimpolicy.text.source import Source, shown

FILES = Path(__file__).parent / "embedded_code"
ENDINGS = {"python": ".py", "csharp": ".cs", "powershell": ".ps1"}


def read(text: str, ending: str) -> list[str]:
    reader = reader_for(f"a{ending}")
    assert reader is not None
    sources = [pieces.source() for pieces in reader(Source(text, f"a{ending}"))]
    for source in sources:
        for offset in range(len(source.text) + 1):
            assert 0 <= source.original(offset) <= len(text)
    return [shown(source.text, tuple(f"⟨{hole}⟩" for hole in source.holes)) for source in sources]


def blocks() -> list[tuple[str, str, str, list[str]]]:
    found = []
    for language, ending in ENDINGS.items():
        for block in (FILES / f"{language}.txt").read_text(encoding="utf-8").split("=== ")[1:]:
            title, _, rest = block.partition("\n")
            code, *expected = rest.removesuffix("\n").split("\n---\n")
            found.append((f"{language}: {title}", ending, code, expected))
    return found


@pytest.mark.parametrize(("ending", "code", "expected"), [b[1:] for b in blocks()], ids=[b[0] for b in blocks()])
def test_what_is_found(ending: str, code: str, expected: list[str]) -> None:
    assert read(code, ending) == expected


@pytest.mark.parametrize("ending", ENDINGS.values())
def test_line_ends_of_windows(ending: str) -> None:
    quotes = {".py": ("'''", "'''"), ".cs": ('@"', '"'), ".ps1": ("@'\r\n", "\r\n'@")}[ending]
    policy = "<policies>\r\n<base/></policies>"
    assert read(f"x = 1\r\nx = {quotes[0]}{policy}{quotes[1]}\r\n", ending) == [policy]


FINDINGS = {
    "findings.py": [("POL101", 3, "set-hedder"), ("CS1061", 6, "Lenght"), ("POL101", 7, "set-hedder"),
                    ("POL104", 10, "\\x6dany")],
    "findings.cs": [("POL101", 3, "set-hedder"), ("CS1061", 7, "Lenght"), ("POL104", 11, "\\u006dany")],
    "findings.ps1": [("POL101", 3, "set-hedder"), ("CS1061", 8, "Lenght"), ("POL104", 8, "`many")],
}  # fmt: skip


@pytest.mark.parametrize("name", FINDINGS)
def test_findings_stand_where_the_file_has_them(name: str) -> None:
    data = (FILES / name).read_bytes()
    policies, problems = policies_of(data, name)
    assert not problems
    found = []
    for readings in policies:
        for finding in check_readings(readings, ExpressionCheck()):
            start, end = finding.source.original_span(finding.start, finding.end)
            if finding.severity == "error":
                found.append((finding.code, finding.position.line, data.decode()[start:end]))
    assert found == FINDINGS[name]


@pytest.mark.parametrize("ending", ENDINGS.values())
def test_a_named_file_without_a_policy(ending: str) -> None:
    with pytest.raises(ConfigurationError, match="holds no policy"):
        policies_of(b"x = 1", f"a{ending}")


UNITS = ['$@"{ ', '$"{', '"""', '""""', "'", '"', "@'\n", "$(", "f'{", "<policies", '"<policies>" + ', "'<policies>' "]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("ending", ENDINGS.values())
def test_a_file_made_to_be_slow_is_not(unit: str, ending: str) -> None:
    reader = reader_for(f"a{ending}")
    assert reader is not None
    reader(Source(f"x = '<policies>' + {unit * 20_000}", f"a{ending}"))
