"""The result of `audit` in machine-readable formats: JSON, SARIF, Markdown, JUnit, Azure Pipelines and GitHub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.report.audit_data import audit_data, fingerprint
from apimpolicy.report.audit_text import request_words, rows, shown_place, sorted_findings, subject, summary, title
from apimpolicy.report.harmless import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.audit.facts import PolicyLocation
    from apimpolicy.audit.findings import AuditFinding
    from apimpolicy.project.audit_run import AuditRun

MOST_RELATED = 50
"""Operations that a result lists as related locations."""


def audit_as(form: str, run: AuditRun) -> str:
    """Return the report in a format, without a line end after it."""
    from apimpolicy.report.style import PLAIN

    diagnostics = [diagnostic for _, diagnostic in run.diagnostics]
    match form:
        case "json":
            return to_json(audit_data(run, _version()), indent=2, ensure_ascii=True)
        case "sarif":
            return _sarif(run)
        case "markdown":
            return "\n".join(_markdown(run))
        case "junit":
            return _junit(run)
        case "azure":
            from apimpolicy.report.azure import report_to_azure

            return "\n".join(report_to_azure(diagnostics))
        case "github":
            from apimpolicy.report.github import report_to_github

            return "\n".join(report_to_github(diagnostics))
    from apimpolicy.report.audit_text import audit_text

    return audit_text(run, PLAIN)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("apimpolicy")
    except PackageNotFoundError:
        return "0+unknown"


def _sarif(run: AuditRun) -> str:
    """Return one result for each API and cause: the evidence as a code flow, the operations as related locations."""
    from apimpolicy.report.sarif import report_to_sarif

    report: dict[str, Any] = json.loads(report_to_sarif((each for _, each in run.diagnostics), _version()))
    for result, (finding, _) in zip(report["runs"][0]["results"], run.diagnostics, strict=True):
        result["partialFingerprints"] = {"apimpolicyAudit/v1": fingerprint(finding)}
        result["relatedLocations"] = list(_related(run, finding))
        steps = [_location(run, each.words, each.place) for each in finding.evidence]
        if finding.attempt is not None and steps:
            steps.append({**steps[-1], "message": {"text": f"request that ran: {request_words(finding)}"}})
        if steps:
            flow = {"locations": [{"location": each} for each in steps]}
            result["codeFlows"] = [{"message": {"text": finding.message}, "threadFlows": [flow]}]
    return to_json(report, indent=2, ensure_ascii=True)


def _related(run: AuditRun, finding: AuditFinding) -> Iterator[dict[str, Any]]:
    for number, operation in enumerate(finding.operations[:MOST_RELATED]):
        place = operation.own_policy or next(iter(operation.places.values()), None)
        if place is not None:
            yield {"id": number, **_location(run, f"{operation.api.id} {operation.name}", place)}


def _location(run: AuditRun, words: str, place: PolicyLocation) -> dict[str, Any]:
    from apimpolicy.report.sarif import uri_of

    region = {"startLine": max(place.line, 1), "startColumn": max(place.column, 1)}
    return {
        "message": {"text": words},
        "physicalLocation": {"artifactLocation": {"uri": uri_of(place.file)}, "region": region},
    }


def _junit(run: AuditRun) -> str:
    """Return a test case for each operation; errors about it fail it."""
    from apimpolicy.report.audit_text import answer
    from apimpolicy.report.junit import attribute, text

    cases: list[str] = []
    failures = 0
    for operation in run.audit.operations:
        name = f"name={attribute(f'{operation.api.id} {operation.name}')} classname={attribute(operation.api.id)}"
        found = [each for each in run.findings if operation in each.operations]
        errors = [each for each in found if each.severity.value == "error"]
        listed = text("\n".join([answer(operation), *(f"{each.code} {each.message}" for each in found)]))
        if errors:
            failures += 1
            first = f"message={attribute(errors[0].message)} type={attribute(errors[0].code)}"
            cases.append(f"    <testcase {name}>\n      <failure {first}>{listed}</failure>\n    </testcase>")
        else:
            cases.append(f"    <testcase {name}>\n      <system-out>{listed}</system-out>\n    </testcase>")
    for finding in run.findings:
        if not finding.operations:
            failures += 1
            first = f"message={attribute(finding.message)} type={attribute(finding.code)}"
            cases.append(
                f"    <testcase name={attribute(finding.message)} classname={attribute(finding.code)}>"
                f"\n      <failure {first} />\n    </testcase>"
            )
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" time="0.000"'
    suite = [f'  <testsuite name="apimpolicy audit" {counts}>', *cases, "  </testsuite>"]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join([head, f'<testsuites name="apimpolicy" {counts}>', *suite, "</testsuites>"])


def _markdown(run: AuditRun) -> Iterator[str]:
    from apimpolicy.report.markdown import code, plain

    yield f"### Who reaches the backend: {plain(title(run))}"
    yield ""
    yield "| access | operations | | |"
    yield "| --- | ---: | --- | --- |"
    for row in rows(run.audit.operations):
        yield f"| {plain(row.words)} | {row.number:,} | {plain(row.apis)} | {plain(row.details)} |"
    for finding in sorted_findings(run.findings):
        yield ""
        yield f"**{finding.code} {finding.severity}** {plain(f'{subject(run, finding)}: {finding.message}')}"
        yield ""
        for each in finding.evidence:
            yield f"- {plain(each.words)}: {code(shown_place(run, str(each.place)))}"
        if finding.attempt is not None:
            yield f"- request that ran: {code(request_words(finding))}"
    yield ""
    yield plain(summary(run))
