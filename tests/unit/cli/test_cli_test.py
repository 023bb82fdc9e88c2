"""`apimpolicy test`: output, options, exit codes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = """
<policies>
    <inbound>
        <choose>
            <when condition="@(context.Request.Method == "POST")">
                <return-response><set-status code="405" reason="Method Not Allowed" /></return-response>
            </when>
        </choose>
    </inbound>
</policies>
"""
CASES = """
policy: a.xml
cases:
  - {name: reading, request: {get: /a}, expect: {status: 200}}
  - {name: writing, request: {post: /a}, expect: {status: 201}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.xml").write_text(POLICY)
    (tmp_path / "a.test.yaml").write_text(CASES)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.test.yaml").write_text(CASES.replace("a.xml", "../a.xml").replace("201", "405"))
    return tmp_path


def test_all_files_below(apimpolicy: Callable[..., Any], project: Path) -> None:
    found = apimpolicy("test")
    assert found.code == 1
    lines = re.sub(r"\d+\.\d\d s", "0.00 s", found.out).splitlines()
    assert re.fullmatch(r"a\.test\.yaml ✓✗ +2 cases", lines[0])
    assert re.fullmatch(r"more/b\.test\.yaml ✓✓ +2 cases", lines[1])
    assert re.fullmatch(r"✗ writing +a\.test\.yaml:5", lines[3])
    assert lines[4] == "  expected status 201, got 405"
    assert "  405 Method Not Allowed, decided by a.xml:5 choose ▸ when 1" in lines
    assert lines[-1] == "3 passed, 1 failed in 0.00 s"


@pytest.mark.parametrize(
    ("options", "code", "summary"),
    [
        (["-k", "reading"], 0, "2 passed"),
        (["more"], 0, "2 passed"),
        (["-x"], 1, "1 passed, 1 failed"),
        (["--jobs", "2"], 1, "3 passed, 1 failed"),
    ],
)
def test_options(apimpolicy: Callable[..., Any], project: Path, options: list[str], code: int, summary: str) -> None:
    found = apimpolicy("test", *options)
    assert found.code == code
    assert found.out.splitlines()[-1].startswith(f"{summary} in ")


def test_names_of_cases(apimpolicy: Callable[..., Any], project: Path) -> None:
    assert "  ✓ reading\n  ✗ writing\n" in apimpolicy("test", "-v").out


def test_json(apimpolicy: Callable[..., Any], project: Path) -> None:
    (project / "z.test.yaml").write_text("policy: [")
    found = apimpolicy("test", "--format", "json", "--coverage")
    assert found.code == 2
    report = json.loads(found.out)
    assert {**report["summary"], "seconds": 0} == {"passed": 3, "failed": 1, "errors": 0, "skipped": 0, "seconds": 0}
    assert [case["status"] for case in report["cases"]] == ["passed", "failed", "passed", "passed"]
    failed = report["cases"][1]
    assert (failed["path"], failed["line"], failed["name"]) == ("a.test.yaml", 5, "writing")
    assert failed["differences"] == ["expected status 201, got 405"]
    assert "decided by a.xml:5 choose ▸ when 1" in failed["explanation"]
    assert [file["path"] for file in report["unreadable"]] == ["z.test.yaml"]
    assert "coverage: policies" in found.err


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("github", "::error file=a.test.yaml,line=5,endLine=5,col="),
        ("azure", "##vso[task.logissue type=error;sourcepath=a.test.yaml;linenumber=5;"),
    ],
)
def test_annotations(apimpolicy: Callable[..., Any], project: Path, form: str, line: str) -> None:
    found = apimpolicy("test", "--format", form)
    assert found.code == 1
    assert found.out.startswith(line)
    assert "expected status 201, got 405" in found.out
    assert len(found.out.splitlines()) == 1


def test_junit(apimpolicy: Callable[..., Any], project: Path) -> None:
    apimpolicy("test", "--junit", "results.xml")
    suites = ElementTree.parse(project / "results.xml").getroot()
    assert [suite.get("name") for suite in suites] == ["a.test.yaml", "more/b.test.yaml"]
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "expected status 201, got 405"


def test_mistakes(apimpolicy: Callable[..., Any], project: Path) -> None:
    (project / "a.test.yaml").write_text("policy: a.xml\ncases:\n  - expect: {staus: 200}\n")
    found = apimpolicy("test", "a.test.yaml")
    assert found.code == 2
    assert "a.test.yaml:3:14: POL502 error: unknown key 'staus'" in found.out
    found = apimpolicy("test", "nothing.test.yaml")
    assert (found.code, "there is no such file" in found.out) == (2, True)
    (project / "empty").mkdir()
    assert "there are no test files in empty" in apimpolicy("test", "empty").err


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "policy: a.xml\ncases: []\n", "policy: a.xml\ncases:\n"])
def test_a_file_without_cases(apimpolicy: Callable[..., Any], tmp_path: Path, text: str) -> None:
    (tmp_path / "a.xml").write_text("<policies/>")
    (tmp_path / "a.test.yaml").write_text(text)
    found = apimpolicy("test")
    assert found.code == 5
    assert "there are no cases in a.test.yaml" in found.err


def test_no_case_with_this_name(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<policies/>")
    (tmp_path / "a.test.yaml").write_text("policy: a.xml\ncases: [{name: one, request: {get: /}, expect: {}}]")
    found = apimpolicy("test", "-k", "nomatch")
    assert found.code == 5
    assert "no case and no file has 'nomatch' in its name" in found.err


def test_what_git_ignores_is_left_out(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("/venv/\n")
    for folder in ("venv", "deep/venv"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.xml").write_text("<policies/>")
        (tmp_path / folder / "a.test.yaml").write_text("policy: a.xml\ncases: [{request: {get: /}, expect: {}}]")
    (tmp_path / "other.test.json").write_text('{"tests": []}')
    found = apimpolicy("test", "-v")
    assert "1 passed" in found.out
    assert "deep/venv/a.test.yaml" in found.out.replace("\\", "/")
    assert found.err == "apimpolicy: skipped other.test.json, which does not test policies\n"
