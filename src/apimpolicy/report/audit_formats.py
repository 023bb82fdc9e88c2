"""The result of `audit` in machine-readable formats: JSON, SARIF, Markdown, JUnit, Azure Pipelines and GitHub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.report.audit_data import audit_data, fingerprint
from apimpolicy.report.audit_text import (
    answer,
    audit_text,
    request_words,
    rows,
    shown_place,
    sorted_findings,
    subject,
    summary,
    title,
)
from apimpolicy.report.harmless import indented

if TYPE_CHECKING:
    from apimpolicy.audit.findings import AuditFinding
    from apimpolicy.audit.states import PolicyLocation
    from apimpolicy.project.audit_run import AuditRun

MOST_RELATED = 50
"""Operations that a result lists as related locations."""


def audit_as(form: str, run: AuditRun) -> str:
    """Return the report in a format, without a line end after it."""
    match form:
        case "json":
            return indented(audit_data(run))
        case "sarif":
            return _sarif(run)
        case "markdown":
            return "\n".join(_markdown(run))
        case "junit":
            return _junit(run)
        case "azure" | "github":
            from apimpolicy.report.finding_formats import findings_as

            return findings_as(form, (diagnostic for _, diagnostic in run.diagnostics))
    return audit_text(run)


def _sarif(run: AuditRun) -> str:
    """Return one result for each API and cause: the evidence as a code flow, the operations as related locations."""
    from apimpolicy.report.finding_formats import report_to_sarif

    report: dict[str, Any] = json.loads(report_to_sarif((each for _, each in run.diagnostics)))
    for result, (finding, _) in zip(report["runs"][0]["results"], run.diagnostics, strict=True):
        result["partialFingerprints"] = {"apimpolicyAudit/v1": fingerprint(finding)}
        result["relatedLocations"] = list(_related(run, finding))
        steps = [_location(run, each.words, each.place) for each in finding.evidence]
        if finding.attempt is not None and steps:
            steps.append({**steps[-1], "message": {"text": f"request that ran: {request_words(finding)}"}})
        if steps:
            flow = {"locations": [{"location": each} for each in steps]}
            result["codeFlows"] = [{"message": {"text": finding.message}, "threadFlows": [flow]}]
    return indented(report)


def _related(run: AuditRun, finding: AuditFinding) -> Iterator[dict[str, Any]]:
    for number, operation in enumerate(finding.operations[:MOST_RELATED]):
        place = operation.own_policy or next(iter(operation.places.values()), None)
        if place is not None:
            yield {"id": number, **_location(run, f"{operation.api.id} {operation.name}", place)}


def _location(run: AuditRun, words: str, place: PolicyLocation) -> dict[str, Any]:
    from apimpolicy.report.finding_formats import uri_of

    region = {"startLine": max(place.line, 1), "startColumn": max(place.column, 1)}
    return {
        "message": {"text": words},
        "physicalLocation": {"artifactLocation": {"uri": uri_of(place.file)}, "region": region},
    }


def _junit(run: AuditRun) -> str:
    """Return a test case for each operation, which errors about it fail, and for each other finding."""
    from apimpolicy.report.junit import JunitCase, JunitSuite, to_junit

    cases: list[JunitCase] = []
    for operation in run.audit.operations:
        found = [each for each in run.findings if operation in each.operations]
        listed = "\n".join([answer(operation), *(f"{each.code} {each.message}" for each in found)])
        case = JunitCase(f"{operation.api.id} {operation.name}", operation.api.id, text=listed)
        first = next((each for each in found if each.severity.value == "error"), None)
        if first is not None:
            case = case._replace(status="failed", message=first.message, type=first.code)
        cases.append(case)
    for each in run.findings:
        if not each.operations:
            cases.append(JunitCase(each.message, each.code, "failed", each.message, type=each.code))
    return to_junit([JunitSuite("apimpolicy audit", cases)], 0.0)


def _markdown(run: AuditRun) -> Iterator[str]:
    from apimpolicy.report.markdown import code, plain

    yield f"### Who reaches the backend: {plain(title(run))}"
    yield ""
    yield "| access | operations | | | limited by |"
    yield "| --- | ---: | --- | --- | --- |"
    for row in rows(run.audit.operations):
        cells = (row.apis, row.details, row.limits.removeprefix("limited by: "))
        yield f"| {plain(row.shown)} | {row.number:,} | {' | '.join(map(plain, cells))} |"
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
