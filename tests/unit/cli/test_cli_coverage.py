"""`apimpolicy test --coverage` and `apimpolicy mutate`: output, options, exit codes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).parents[1] / "testing" / "coverage_project"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in PROJECT.iterdir():
        shutil.copy(file, tmp_path / file.name)
    return tmp_path


def timeless(text: str) -> str:
    return re.sub(r"\d+\.\d\d s", "0.00 s", text)


@pytest.mark.parametrize("options", [[], ["--jobs", "2"]])
def test_coverage(apimpolicy: Callable[..., Any], project: Path, options: list[str]) -> None:
    if options:
        cases = (project / "orders.test.yaml").read_text()
        (project / "more.test.yaml").write_text(cases[: cases.index("  - name: the partner says")])
    found = apimpolicy("test", "--coverage", *options)
    assert found.code == 0
    lines = timeless(found.out).splitlines()
    passed = "6 passed" if options else "5 passed"
    at = lines.index(f"{passed} in 0.00 s     coverage: policies 10/12, branches 5/6, conditions 10/14")
    assert lines[at + 1 :] == [
        "  orders.xml:6  `context.Request.Certificate == null` was never true",
        "  orders.xml:15  when 1 was never taken",
        '  orders.xml:15  `context.Request.Method == "POST"` was never true',
        '  orders.xml:15  `context.Request.Headers.ContainsKey("X-Draft")` was never evaluated',
        "  unused.xml:2  set-header was never reached",
        "",
        "file        policies  branches  conditions      %",
        "limits.xml       1/1       0/0         0/0  100 %",
        "orders.xml      9/10       5/6       10/14   80 %",
        "unused.xml       0/1       0/0         0/0    0 %",
        "total          10/12       5/6       10/14   78 %",
    ]


def test_policies_that_no_case_loads_count(apimpolicy: Callable[..., Any], project: Path) -> None:
    (project / "forgotten.xml").write_text("<policies><inbound><base /><return-response /></inbound></policies>")
    (project / "broken.xml").write_text("<policies><inbound></policies>")
    found = timeless(apimpolicy("test", "--coverage", "--coverage-report", "c.json", "--fail-under", "77").out)
    assert "coverage: policies 10/14, branches 5/6, conditions 10/14\n" in found
    assert "forgotten.xml       0/1       0/0         0/0    0 %\n" in found
    assert "broken.xml          0/1       0/0         0/0    0 %\n" in found
    assert "\n\nno test case uses broken.xml, forgotten.xml\n\ncoverage is 73 %, less than 77 %\n" in found
    assert all(name in (project / "c.json").read_text() for name in ("broken.xml", "forgotten.xml"))
    with (project / "apimpolicy.toml").open("a") as file:
        file.write('\n[check]\nexclude = ["forgotten.xml", "broken.xml"]\n')
    assert apimpolicy("test", "--fail-under", "77").code == 0
    assert "forgotten" not in apimpolicy("test", "--coverage", "orders.test.yaml").out


@pytest.mark.parametrize(("limit", "code"), [("78", 0), ("79", 1)])
def test_fail_under(apimpolicy: Callable[..., Any], project: Path, limit: str, code: int) -> None:
    found = apimpolicy("test", "--fail-under", limit)
    assert found.code == code
    assert ("coverage is 78 %, less than 79 %" in found.out) is bool(code)


def test_reports(apimpolicy: Callable[..., Any], project: Path) -> None:
    names = ["c.html", "c.json", "c.xml", "c.info"]
    found = apimpolicy("test", *(part for name in names for part in ("--coverage-report", name)))
    assert found.code == 0
    starts = [(project / name).read_text("utf-8")[:14] for name in names]
    assert starts == ["<!DOCTYPE html", '{\n  "schema": ', "<?xml version=", "TN:\nSF:limits."]
    tests = json.loads((project / "c.json").read_text())["tests"]
    assert tests[0] == "orders.test.yaml: the partner"


def test_a_report_without_a_format(apimpolicy: Callable[..., Any], project: Path) -> None:
    found = apimpolicy("test", "--coverage-report", "c.pdf")
    assert (found.code, found.out) == (2, "")
    assert "c.pdf does not end in the name of a format; there are .html (HTML), .json (JSON)" in found.err


def test_mutate(apimpolicy: Callable[..., Any], project: Path) -> None:
    found = apimpolicy("mutate", "--limit", "14")
    assert found.code == 0
    again = apimpolicy("mutate", "--limit", "14", "--jobs", "2")
    assert timeless(again.out) == timeless(found.out)
    lines = timeless(found.out).splitlines()
    assert re.fullmatch(r"\d+ of 1\d changes noticed \(\d+ %\)(, \d suppressed by comments)? in 0\.00 s", lines[-1])


def test_mutate_one_policy(apimpolicy: Callable[..., Any], project: Path) -> None:
    found = apimpolicy("mutate", "limits.xml", "--fail-under", "10", "-v")
    assert found.code == 1
    assert timeless(found.out).splitlines() == [
        "survived    limits.xml:2:5  without <rate-limit>",
        'survived    limits.xml:2:24  calls="3" becomes "4"',
        'survived    limits.xml:2:43  renewal-period="60" becomes "61"',
        "",
        "limits.xml:2:5  without <rate-limit>  (remove; 3 tests still passed)",
        '  -    <rate-limit calls="3" renewal-period="60" />',
        "",
        'limits.xml:2:24  calls="3" becomes "4"  (attribute; 3 tests still passed)',
        '  -    <rate-limit calls="3" renewal-period="60" />',
        '  +    <rate-limit calls="4" renewal-period="60" />',
        "",
        'limits.xml:2:43  renewal-period="60" becomes "61"  (attribute; 3 tests still passed)',
        '  -    <rate-limit calls="3" renewal-period="60" />',
        '  +    <rate-limit calls="3" renewal-period="61" />',
        "",
        "None of the changes removes a check of the client certificate.",
        "",
        "Without the call limit, all tests still pass: limits.xml:2:5 without <rate-limit>.",
        "",
        "0 of 3 changes noticed (0 %) in 0.00 s",
        "0 % is less than 10 %",
    ]


def test_mutate_needs_cases_that_pass(apimpolicy: Callable[..., Any], project: Path) -> None:
    path = project / "orders.test.yaml"
    path.write_text(path.read_text().replace("status: 200, backend-requests: 2", "status: 201"))
    found = apimpolicy("mutate", ".")
    assert (found.code, found.out) == (1, "")
    assert "1 test fails without any change" in found.err
    (project / "empty").mkdir()
    assert apimpolicy("mutate", "empty").code == 2


def test_check_knows_the_comments_of_mutate(apimpolicy: Callable[..., Any], project: Path) -> None:
    assert "POL042" not in apimpolicy("check", "orders.xml").out
