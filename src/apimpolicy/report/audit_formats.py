"""The result of `audit` in machine-readable formats: JSON, SARIF, Markdown, JUnit, Azure Pipelines and GitHub.

Plain data, for `--format json` and the HTML page:

{
  "version": 1,
  "tool": {"name": "apimpolicy", "version": "0.1.0"},
  "summary": {"operations": 46, "apis": 3, "answers": {"token": 3}, "not_allowed": 43, "excepted": 1, …},
  "operations": [
    {"api": "crms", "operation": "checkstatus", "name": "GET /values", "access": "anyone", "decided": true,
     "paths": [{"proofs": [], "words": "anyone"}], "lends": [{"what": "…", "when": "always", "to_anyone": true}],
     "request": {"method": "GET", "url": "/crms/values", "status": 200}}
  ],
  "findings": [
    {"code": "AUD003", "severity": "error", "api": "crms", "operations": ["GET /values"], "message": "…",
     "evidence": [{"words": "inbound has no <base />", "path": "…", "line": 2}], "fingerprint": "…"}
  ]
}
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.project.audit_run import AuditRun
from apimpolicy.reasoning.audit.access import KEY_WORD, WEAK_TOKEN, limited_by
from apimpolicy.reasoning.audit.analysis import OperationAudit
from apimpolicy.reasoning.audit.findings import AuditFinding, lent_to_anyone
from apimpolicy.reasoning.audit.kinds import ADDRESS, CERTIFICATE, LENDS, LIMITS, REPLACES, TOKEN
from apimpolicy.reasoning.audit.states import PolicyLocation
from apimpolicy.report.audit_text import (
    answer,
    audit_text,
    details,
    request_words,
    rows,
    shown_place,
    sorted_findings,
    subject,
    summary,
    title,
)
from apimpolicy.report.caller_matrix import Matrix, matrix_data, matrix_markdown
from apimpolicy.report.inventory import Inventory, inventory_data
from apimpolicy.report.log_commands import indented, program_report
from apimpolicy.report.stand_in_text import with_stand_ins
from apimpolicy.report.terminal import path_from_here
from apimpolicy.text.source import from_utf16

if TYPE_CHECKING:
    from apimpolicy.report.finding_formats import JunitSuite

ALWAYS, SOMETIMES, NEVER, UNKNOWN = "always", "on some paths", "never", "unknown"


def audit_data(*runs: AuditRun) -> dict[str, Any]:
    """Return the report of one service, or of several; then each entry has the name of its service."""
    services = [{"name": run.service, "summary": summary_data(run)} for run in runs if run.service]
    report = program_report(
        summary=summary_data(*runs),
        operations=[_in(run, operation_data(run, each)) for run in runs for each in run.audit.operations],
        findings=[_in(run, finding_data(each, run)) for run in runs for each in sorted_findings(run.findings)],
        exceptions=[
            _in(run, {"api": operation.api.id, "operation": operation.name, "until": str(each.until)})
            | {"owner": each.owner}
            for run in runs
            for operation, each in run.gate.excepted
        ],
        **({"services": services} if services else {}),
    )
    return with_stand_ins(report)


def _in(run: AuditRun, entry: dict[str, Any]) -> dict[str, Any]:
    return {"service": run.service, **entry} if run.service else entry


def summary_data(*runs: AuditRun) -> dict[str, Any]:
    operations = [each for run in runs for each in run.audit.operations]
    severities = Counter(each.severity.value for run in runs for each in run.findings)
    return {
        "operations": len(operations),
        "apis": sum(len({each.api.id for each in run.audit.operations}) for run in runs),
        "decided": sum(each.access.is_decided for each in operations),
        "answers": dict(Counter(map(answer, operations))),
        "not_allowed": sum(len(run.gate.refused) for run in runs),
        "excepted": sum(len(run.gate.excepted) for run in runs),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "infos": severities["info"],
        "missing_fragments": sorted({name for run in runs for name in run.audit.missing_fragments}),
    }


def operation_data(run: AuditRun, operation: OperationAudit) -> dict[str, Any]:
    """Return one operation: who reaches the backend, and what the gateway does."""
    access = operation.access
    data: dict[str, Any] = {
        "api": operation.api.id,
        "operation": operation.id,
        "name": operation.name,
        "access": answer(operation),
        "decided": access.is_decided,
        "details": list(dict.fromkeys(details(operation, is_whole=True))),
        "paths": [{"proofs": sorted(path.proofs), "words": path.words} for path in access.paths],
        "needs": {word: presence(operation, word) for word in (KEY_WORD, TOKEN, WEAK_TOKEN, CERTIFICATE, ADDRESS)},
        "lends": [
            {"what": action.subject, "when": when(operation, action.subject), "to_anyone": action.subject in lent}
            for lent in [lent_to_anyone(operation)]
            for action in operation.actions
            if action.kind == LENDS
        ],
        "limits": sorted({action.subject for action in operation.actions if action.kind == LIMITS}),
        "limited_by": limited_by(operation),
        "passes_on": passed_on(operation),
        "places": [
            {"words": words, **_place(place)}
            for words, place in dict.fromkeys((str(place.policy), place) for place in operation.places.values())
        ],
    }
    if not access.is_decided and operation.assumed is not None:
        data["condition"] = {"unless": "the global policy asks", "access": answer(operation.assumed)}
    attempt = run.attempts.get(operation.key)
    if attempt is not None:
        data["request"] = {"method": attempt.request.method, "url": attempt.request.url, "status": attempt.status}
    return data


def presence(operation: OperationAudit, word: str) -> str:
    """Return whether a proof is needed: on all paths to the backend, on some, or on none."""
    paths = operation.access.paths
    if not paths:
        return NEVER
    with_it = [word in path.proofs for path in paths]
    if all(with_it):
        return ALWAYS
    if any(with_it):
        return SOMETIMES
    return NEVER if operation.access.is_decided else UNKNOWN


def when(operation: OperationAudit, subject: str) -> str:
    """Return whether a credential is lent on all paths to the backend or on some."""
    proven = next(
        found for action, found in operation.actions.items() if (action.kind, action.subject) == (LENDS, subject)
    )
    return ALWAYS if proven == operation.alternatives else SOMETIMES


def passed_on(operation: OperationAudit) -> list[dict[str, str]]:
    """Return the caller's credentials that reach the backend: the Authorization header, the subscription key."""
    key_header = from_utf16(operation.api.api.subscription_key_parameter_names.header).lower()
    found: list[dict[str, str]] = []
    for name, header in (("Authorization header", "authorization"), ("subscription key", key_header)):
        action = next((each for each in operation.actions if each.kind == REPLACES and each.subject == header), None)
        if not operation.alternatives or (action is not None and operation.actions[action] == operation.alternatives):
            found.append({"what": name, "when": NEVER})
        else:
            found.append({"what": name, "when": ALWAYS if action is None else SOMETIMES})
    return found


def finding_data(finding: AuditFinding, run: AuditRun) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity.value,
        "api": finding.api,
        "operations": [each.name for each in finding.operations],
        "message": finding.message,
        "evidence": [{"words": each.words, **_place(each.place)} for each in finding.evidence],
        "fingerprint": fingerprint(finding, run),
    }
    if finding.attempt is not None:
        attempt = finding.attempt
        found["request"] = {"method": attempt.request.method, "url": attempt.request.url, "status": attempt.status}
    return found


def fingerprint(finding: AuditFinding, run: AuditRun) -> str:
    """Return a line-independent hash of code, API and cause, and of the service if there are several."""
    text = "\0".join((finding.code, finding.api, finding.cause, *filter(None, (run.service,))))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _place(place: Any) -> dict[str, Any]:
    return {"path": path_from_here(place.file), "line": place.line}


MOST_RELATED = 50
"""Operations that a result lists as related locations."""


def audit_as(
    form: str, runs: Sequence[AuditRun], inventories: Sequence[Inventory] = (), matrices: Sequence[Matrix] = ()
) -> str:
    """Return the report in a format, without a line end after it. JSON has inventories; Markdown too has matrices."""
    match form:
        case "json":
            more = {"inventory": [*map(inventory_data, inventories)], "matrix": [*map(matrix_data, matrices)]}
            return indented({**audit_data(*runs), **{name: found for name, found in more.items() if found}})
        case "sarif":
            return _sarif(runs)
        case "markdown":
            tables = (*map(_markdown, runs), *map(matrix_markdown, matrices))
            return "\n\n".join("\n".join(lines) for lines in tables)
        case "junit":
            return _junit(runs)
        case "azure" | "github":
            from apimpolicy.report.finding_formats import findings_as

            return findings_as(form, (diagnostic for run in runs for _, diagnostic in run.diagnostics))
    return audit_text(runs)


def _sarif(runs: Sequence[AuditRun]) -> str:
    """Return one result for each API and cause: the evidence as a code flow, the operations as related locations."""
    from apimpolicy.report.finding_formats import report_to_sarif

    pairs = [(run, finding, diagnostic) for run in runs for finding, diagnostic in run.diagnostics]
    report: dict[str, Any] = json.loads(report_to_sarif(each for _, _, each in pairs))
    for result, (run, finding, _) in zip(report["runs"][0]["results"], pairs, strict=True):
        result["partialFingerprints"] = {"apimpolicyAudit/v1": fingerprint(finding, run)}
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


def _junit(runs: Sequence[AuditRun]) -> str:
    from apimpolicy.report.finding_formats import to_junit

    return to_junit([_suite(run) for run in runs], 0.0)


def _suite(run: AuditRun) -> JunitSuite:
    """Return a test case for each operation, which errors about it fail, and for each other finding."""
    from apimpolicy.report.finding_formats import JunitCase, JunitSuite

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
    return JunitSuite(f"apimpolicy audit {run.service}".rstrip(), cases)


def _markdown(run: AuditRun) -> Iterator[str]:
    from apimpolicy.report.markup import code, plain

    service = f" in {plain(run.service)}" if run.service else ""
    yield f"### Who reaches the backend{service}: {plain(title(run))}"
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
