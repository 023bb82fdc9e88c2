"""Claims for programs: `prove --format json`, and as test cases for JUnit.

    {"version": 1,
     "tool": {"name": "apimpolicy", "version": "0.1.0"},
     "summary": {"proven": 1, "false": 1, "undecided": 0, "errors": 0, "skipped": 0, "seconds": 0.9},
     "claims": [{"path": "orders.test.yaml", "line": 31, "name": "certificate needed …", "about": null,
                 "status": "false", "summary": "GET /health without a certificate reaches the backend …",
                 "request": {"method": "GET", "url": "/health", "headers": [["X-Role", "user"]], "body": null},
                 "why": "false  context.Request.Certificate != null …", "explanation": "200 OK, decided by …",
                 "case": "- name: …", "reasons": [], "problem": null, "assumptions": [],
                 "vacuous": null, "hint": null, "seconds": 0.4}],
     "unreadable": [{"path": "broken.test.yaml", "problem": "…"}]}

`status` is proven, false, undecided, error or skipped. The schema is
`apimpolicy/schemas/apimpolicy-prove-output.schema.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.report.claim_data import ERROR, FALSE, PROVEN, SKIPPED, STATUSES, UNDECIDED
from apimpolicy.report.harmless import to_json
from apimpolicy.report.places import path_from_here
from apimpolicy.report.stand_in_text import with_stand_ins
from apimpolicy.report.test_text import CaseReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apimpolicy.report.claim_data import ClaimReport, FoundRequest

VERSION = 1
_SUMMARY = {status: "errors" if status == ERROR else status for status in STATUSES}
_OF_CASES = {PROVEN: "passed", FALSE: "failed", UNDECIDED: "error", ERROR: "error", SKIPPED: "skipped"}


def claims_to_json(
    reports: Sequence[ClaimReport], unreadable: Mapping[str, str], seconds: float, tool_version: str
) -> str:
    """Return the report, indented, without a final line end; `unreadable` are files with their problems."""
    counts = {word: sum(report.status == status for report in reports) for status, word in _SUMMARY.items()}
    report = {
        "version": VERSION,
        "tool": {"name": "apimpolicy", "version": tool_version},
        "summary": {**counts, "seconds": round(seconds, 3)},
        "claims": [_claim(report) for report in reports],
        "unreadable": [{"path": path_from_here(path), "problem": problem} for path, problem in unreadable.items()],
    }
    return to_json(with_stand_ins(report), indent=2, ensure_ascii=True)


def _claim(report: ClaimReport) -> dict[str, Any]:
    return {
        "path": path_from_here(report.path),
        "line": report.line,
        "name": report.name,
        "about": report.about or None,
        "apis": [{"api": each.api, "status": each.status, "seconds": round(each.seconds, 3)} for each in report.cells],
        "status": report.status,
        "summary": report.request or None,
        "request": _request(report.sent),
        "why": report.why or None,
        "explanation": report.explanation or None,
        "case": report.case or None,
        "reasons": list(report.reasons),
        "problem": report.problem or None,
        "assumptions": list(report.assumptions),
        "vacuous": report.vacuous or None,
        "hint": report.hint or None,
        "seconds": round(report.seconds, 3),
    }


def _request(sent: FoundRequest | None) -> dict[str, Any] | None:
    if sent is None:
        return None
    return {"method": sent.method, "url": sent.url, "headers": [list(each) for each in sent.headers], "body": sent.body}


def as_cases(reports: Sequence[ClaimReport]) -> list[CaseReport]:
    """Return claims as test cases of JUnit: proven ones pass, false ones fail, those not decided are errors."""
    return [
        CaseReport(
            report.path,
            f"{report.name} ({report.about})" if report.about else report.name,
            report.line,
            _OF_CASES[report.status],
            (report.request,) if report.request else (),
            report.problem or "; ".join(report.reasons),
            "\n\n".join(part for part in (report.why, report.explanation, report.case) if part),
            report.seconds,
        )
        for report in reports
    ]
