"""Findings as JSON, SARIF and annotations of pipelines.

Results as JUnit's XML, which every CI server shows: findings, test cases, claims and audits have one model.

There is no standard. The schema of Jenkins' xUnit plugin, which refuses whatever it does not describe, is what pytest
keeps to as well; GitLab and Azure Pipelines read the same:
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.report.columns import printable, tool_version
from apimpolicy.report.log_commands import (
    indented,
    markup_without_log_commands,
    program_report,
    visible_lines,
    without_log_commands,
)
from apimpolicy.report.terminal import path_from_here, place_in_file
from apimpolicy.text.invisible import visible

if TYPE_CHECKING:
    from apimpolicy.report.outputs.check import CheckSummary, Finding
    from apimpolicy.report.test_results import CaseReport

# Findings as SARIF 2.1.0, which GitHub's code scanning and Azure DevOps read: `--format sarif`.
# Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def report_to_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the whole report, indented, without a line end after it."""
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for diagnostic in diagnostics:
        if diagnostic.code not in rules:
            rules[diagnostic.code] = _rule(diagnostic.code)
        results.append(_result(diagnostic, list(rules).index(diagnostic.code)))
    driver = {"name": "apimpolicy", "version": tool_version(), "rules": list(rules.values())}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return indented({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    from apimpolicy.checks.pages import page_of_code

    rule: dict[str, Any] = {"id": code}
    page = page_of_code(code)
    if page is not None:
        title, _, rest = page.partition("\n")
        name, _, summary = title.partition(": ")
        if summary:
            rule["name"] = "".join(part.capitalize() for part in name.split("-"))
        rule["shortDescription"] = {"text": summary or title}
        if rest.strip():
            rule["help"] = {"text": rest.strip(), "markdown": rest.strip()}
    return rule


def _result(diagnostic: Diagnostic, index: int) -> dict[str, Any]:
    place = place_in_file(diagnostic)
    parts = (diagnostic.message, diagnostic.label, diagnostic.help)
    text = "\n".join(visible_lines(part) for part in parts if part)
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": max(place.end_column, place.column + 1) if place.end_line == place.line else place.end_column,
    }
    location = {"artifactLocation": {"uri": uri_of(place.path)}, "region": region}
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def uri_of(path: str) -> str:
    path = path_from_here(path)
    if os.path.isabs(path):
        from pathlib import Path

        return Path(path).as_uri()
    return quote(os.fsencode(path.replace(os.sep, "/")))


# Findings as commands of pipelines, which become annotations at the lines: `--format github` and `--format azure`.
# Sources: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands,
# https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def findings_as(form: str, findings: Iterable[Diagnostic]) -> str:
    """Return findings as sarif, azure or github (one per line), without a line end after the last one."""
    if form == "sarif":
        return report_to_sarif(findings)
    return "\n".join(map(_azure if form == "azure" else _github, findings))


def _github(finding: Diagnostic) -> str:
    place = place_in_file(finding)
    last = max(place.end_column - 1, place.column) if place.end_line == place.line else place.end_column
    properties = {
        "file": printable(place.path),
        "line": str(place.line),
        "endLine": str(place.end_line),
        "col": str(place.column),
        "endColumn": str(last),
        "title": finding.code,
    }
    text = "\n".join(part for part in (finding.message, finding.label, finding.help) if part)
    listed = ",".join(f"{name}={_escaped(value, '%25', ':,')}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_escaped(text, '%25')}"


def _azure(finding: Diagnostic) -> str:
    """Return an issue of the run, which is an error or a warning; anything else is a line of the log."""
    place = place_in_file(finding)
    advice = " ".join(f" {more}" for more in (finding.label, finding.help) if more)
    text = f"{finding.message}{f';{advice}' if advice else ''}"
    if finding.severity is Severity.INFO:
        return _escaped(f"{place.path}:{place.line}:{place.column}: {finding.code} info: {text}", "%AZP25")
    properties = {
        "type": finding.severity.value,
        "sourcepath": place.path,
        "linenumber": str(place.line),
        "columnnumber": str(place.column),
        "code": finding.code,
    }
    listed = "".join(f"{name}={_escaped(value, '%AZP25', ';]')};" for name, value in properties.items())
    return f"##vso[task.logissue {listed}]{_escaped(text, '%AZP25')}"


def _escaped(text: str, percent: str, others: str = "") -> str:
    """Return a text as the pipeline decodes it; nothing in a policy's text can begin another command."""
    text = without_log_commands(visible_lines(text)).replace("%", percent)
    for char in "\r\n" + others:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


# Findings for programs: `--format json`.
#
#     {
#       "version": 1,                             raised when a field changes its meaning or goes; new fields may come
#       "tool": {"name": "apimpolicy", "version": "0.1.0"},
#       "summary": {"files": 38, "files_with_findings": 1, "errors": 1, "warnings": 1, "infos": 0, "seconds": 0.11},
#       "diagnostics": [
#         {"path": "policies/orders.xml", "line": 12, "column": 58, "end_line": 12, "end_column": 68,
#          "code": "CS1061", "severity": "error", "message": "…", "label": "did you mean 'Thumbprint'?", "help": ""}
#       ]
#     }
#
# Lines and columns count from 1, columns count characters; the end is exclusive. `severity` is error, warning or info.


def diagnostic_to_json(diagnostic: Diagnostic) -> Finding:
    """Return a finding as a JSON object (see the module)."""
    path, line, column, end_line, end_column = place_in_file(diagnostic)
    return {
        "path": path_from_here(path),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": visible(diagnostic.message),
        "label": visible(diagnostic.label),
        "help": visible(diagnostic.help),
    }


def report_to_json(diagnostics: Iterable[Diagnostic], summary: CheckSummary) -> str:
    """Return the whole report, indented, without a line end after it."""
    return indented(program_report(summary=summary, diagnostics=list(map(diagnostic_to_json, diagnostics))))


PASSED, SKIPPED = "passed", "skipped"
_ELEMENTS = {"failed": "failure", "error": "error", SKIPPED: "skipped"}


class JunitCase(NamedTuple):
    """A test case: `status` is passed, failed, error or skipped; `type` is the code of a finding."""

    name: str
    classname: str
    status: str = PASSED
    message: str = ""
    text: str = ""
    type: str = ""
    seconds: float | None = None


class JunitSuite(NamedTuple):
    name: str
    cases: Sequence[JunitCase]
    file: str = ""


def to_junit(suites: Sequence[JunitSuite], seconds: float | None = None) -> str:
    """Return the whole report, without a line end after it; by default the cases tell how long it took."""
    lines = [f'<testsuites name="apimpolicy" {_counts([case for suite in suites for case in suite.cases], seconds)}>']
    for suite in suites:
        file = f" file={attribute(suite.file)}" if suite.file else ""
        skipped = sum(case.status == SKIPPED for case in suite.cases)
        counts = f'{_counts(suite.cases, seconds)} skipped="{skipped}"'
        lines += [f"  <testsuite name={attribute(suite.name)}{file} {counts}>", *map(_case, suite.cases)]
        lines.append("  </testsuite>")
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *lines, "</testsuites>"])


def _counts(cases: Sequence[JunitCase], seconds: float | None) -> str:
    failures, errors = (sum(case.status == status for case in cases) for status in ("failed", "error"))
    time = sum(case.seconds or 0.0 for case in cases) if seconds is None else seconds
    return f'tests="{len(cases)}" failures="{failures}" errors="{errors}" time="{time:.3f}"'


def _case(case: JunitCase) -> str:
    time = "" if case.seconds is None else f' time="{case.seconds:.3f}"'
    head = f"    <testcase name={attribute(case.name)} classname={attribute(case.classname)}{time}"
    if case.status == PASSED:
        inner = f"<system-out>{text(case.text)}</system-out>" if case.text else ""
    else:
        element, kind = _ELEMENTS[case.status], f" type={attribute(case.type)}" if case.type else ""
        inner = f"<{element} message={attribute(case.message)}{kind}>{text(case.text)}</{element}>"
    return f"{head}>\n      {inner}\n    </testcase>" if inner else f"{head} />"


def _printable(text: str) -> str:
    """Return text with invisible characters made visible, without the two that XML 1.0 can't contain."""
    return visible_lines(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def text(content: str) -> str:
    return markup_without_log_commands(escape(_printable(content)))


def attribute(content: str) -> str:
    """Return a text as an attribute's value, with its quotation marks."""
    return markup_without_log_commands(quoteattr(_printable(content)))


def findings_to_junit(
    paths: Sequence[str], diagnostics: Iterable[Diagnostic], seconds: float, *, strict: Collection[str] = ()
) -> str:
    """Return findings: a file is a test case, and errors fail it, as warnings do for files that are in `strict`."""
    by_path: dict[str, list[Diagnostic]] = {path: [] for path in paths}
    for diagnostic in diagnostics:
        by_path.setdefault(place_in_file(diagnostic).path, []).append(diagnostic)
    return to_junit([JunitSuite("apimpolicy check", list(_files(by_path, strict)))], seconds)


def _files(by_path: dict[str, list[Diagnostic]], strict: Collection[str]) -> Iterator[JunitCase]:
    for path, findings in by_path.items():
        bad = (Severity.ERROR, Severity.WARNING) if path in strict else (Severity.ERROR,)
        first = next((diagnostic for diagnostic in findings if diagnostic.severity in bad), None)
        case = JunitCase(path, "apimpolicy", text="\n".join(map(str, findings)))
        yield case if first is None else case._replace(status="failed", message=first.message, type=first.code)


def cases_to_junit(reports: Sequence[CaseReport]) -> str:
    by_path: dict[str, list[JunitCase]] = {}
    for report in reports:
        place = f"{report.path}:{report.line}"
        content = "\n".join(filter(None, (place, *report.sentences, report.problem, report.explanation)))
        message = "; ".join(report.sentences) or report.problem.partition("\n")[0]
        shown = ("", "") if report.status == PASSED else (message, "" if report.status == SKIPPED else content)
        case = JunitCase(report.name, report.path, report.status, *shown, seconds=report.seconds)
        by_path.setdefault(report.path, []).append(case)
    return to_junit([JunitSuite(path, cases, path) for path, cases in by_path.items()])
