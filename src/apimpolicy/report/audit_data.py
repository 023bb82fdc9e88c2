"""The result of `audit` as plain data, for `--format json` and the page.

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
from collections import Counter
from typing import TYPE_CHECKING, Any

from apimpolicy.audit import kinds
from apimpolicy.audit.access import KEY_WORD, WEAK_TOKEN, limited_by
from apimpolicy.audit.findings import AuditFinding, lent_to_anyone
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.report.audit_text import answer, details, sorted_findings
from apimpolicy.report.harmless import program_report
from apimpolicy.report.places import path_from_here
from apimpolicy.report.stand_in_text import with_stand_ins

if TYPE_CHECKING:
    from apimpolicy.audit.analysis import OperationAudit
    from apimpolicy.project.audit_run import AuditRun

ALWAYS, SOMETIMES, NEVER, UNKNOWN = "always", "on some paths", "never", "unknown"


def audit_data(run: AuditRun) -> dict[str, Any]:
    """Return the whole report."""
    excepted = [
        {"api": operation.api.id, "operation": operation.name, "until": str(each.until), "owner": each.owner}
        for operation, each in run.gate.excepted
    ]
    report = program_report(
        summary=summary_data(run),
        operations=[operation_data(run, each) for each in run.audit.operations],
        findings=[finding_data(run, each) for each in sorted_findings(run.findings)],
        exceptions=excepted,
    )
    return with_stand_ins(report)


def summary_data(run: AuditRun) -> dict[str, Any]:
    operations = run.audit.operations
    severities = Counter(each.severity.value for each in run.findings)
    return {
        "operations": len(operations),
        "apis": len({each.api.id for each in operations}),
        "decided": sum(each.access.is_decided for each in operations),
        "answers": dict(Counter(map(answer, operations))),
        "not_allowed": len(run.gate.refused),
        "excepted": len(run.gate.excepted),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "infos": severities["info"],
        "missing_fragments": sorted(run.audit.missing_fragments),
    }


def operation_data(run: AuditRun, operation: OperationAudit) -> dict[str, Any]:
    """Return one operation: who reaches the backend, and what the gateway does."""
    access = operation.access
    found: dict[str, Any] = {
        "api": operation.api.id,
        "operation": operation.id,
        "name": operation.name,
        "access": answer(operation),
        "decided": access.is_decided,
        "details": list(dict.fromkeys(details(operation, is_whole=True))),
        "paths": [{"proofs": sorted(path.proofs), "words": path.words} for path in access.paths],
        "needs": {
            word: presence(operation, word)
            for word in (KEY_WORD, kinds.TOKEN, WEAK_TOKEN, kinds.CERTIFICATE, kinds.ADDRESS)
        },
        "lends": [
            {"what": action.subject, "when": when(operation, action.subject), "to_anyone": action.subject in lent}
            for lent in [lent_to_anyone(operation)]
            for action in operation.actions
            if action.kind == kinds.LENDS
        ],
        "limits": sorted({action.subject for action in operation.actions if action.kind == kinds.LIMITS}),
        "limited_by": limited_by(operation),
        "passes_on": passed_on(operation),
        "places": [
            {"words": words, **_place(place)}
            for words, place in dict.fromkeys((str(place.policy), place) for place in operation.places.values())
        ],
    }
    attempt = run.attempts.get(operation.key)
    if attempt is not None:
        found["request"] = {"method": attempt.request.method, "url": attempt.request.url, "status": attempt.status}
    return found


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
        found for action, found in operation.actions.items() if (action.kind, action.subject) == (kinds.LENDS, subject)
    )
    return ALWAYS if proven == operation.alternatives else SOMETIMES


def passed_on(operation: OperationAudit) -> list[dict[str, str]]:
    """Return the caller's credentials that reach the backend: the Authorization header, the subscription key."""
    key_header = from_utf16(operation.api.api.subscription_key_parameter_names.header).lower()
    found: list[dict[str, str]] = []
    for name, header in (("Authorization header", "authorization"), ("subscription key", key_header)):
        action = next(
            (each for each in operation.actions if each.kind == kinds.REPLACES and each.subject == header), None
        )
        if not operation.alternatives or (action is not None and operation.actions[action] == operation.alternatives):
            found.append({"what": name, "when": NEVER})
        else:
            found.append({"what": name, "when": ALWAYS if action is None else SOMETIMES})
    return found


def finding_data(run: AuditRun, finding: AuditFinding) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity.value,
        "api": finding.api,
        "operations": [each.name for each in finding.operations],
        "message": finding.message,
        "evidence": [{"words": each.words, **_place(each.place)} for each in finding.evidence],
        "fingerprint": fingerprint(finding),
    }
    if finding.attempt is not None:
        attempt = finding.attempt
        found["request"] = {"method": attempt.request.method, "url": attempt.request.url, "status": attempt.status}
    return found


def fingerprint(finding: AuditFinding) -> str:
    """Return a line-independent hash of code, API and cause."""
    text = "\0".join((finding.code, finding.api, finding.cause))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _place(place: Any) -> dict[str, Any]:
    return {"path": path_from_here(place.file), "line": place.line}
