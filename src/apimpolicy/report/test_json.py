"""Test cases for programs: `test --format json`.

    {"version": 1,
     "tool": {"name": "apimpolicy", "version": "0.1.0"},
     "summary": {"passed": 6, "failed": 1, "errors": 0, "skipped": 0, "seconds": 0.31},
     "cases": [{"path": "orders.test.yaml", "line": 31, "name": "an expired certificate is refused",
                "status": "failed", "differences": ["expected status 403, got 200"], "problem": null,
                "explanation": "200 OK, decided by the backend …", "seconds": 0.02}],
     "unreadable": [{"path": "broken.test.yaml", "problem": "…"}]}

`status` is passed, failed, error or skipped; `problem` says why a case could not be run, or why it is skipped. The
schema is `apimpolicy/schemas/apimpolicy-test-output.schema.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.report.harmless import to_json
from apimpolicy.report.places import path_from_here
from apimpolicy.report.stand_in_text import with_stand_ins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apimpolicy.report.test_text import CaseReport

VERSION = 1


def cases_to_json(
    reports: Sequence[CaseReport], unreadable: Mapping[str, str], seconds: float, tool_version: str
) -> str:
    """Return the report, indented, without a final line break. `unreadable` maps files to their problems."""
    counts = {status: sum(report.status == status for report in reports) for status in _STATUSES}
    report = {
        "version": VERSION,
        "tool": {"name": "apimpolicy", "version": tool_version},
        "summary": {**{_STATUSES[status]: count for status, count in counts.items()}, "seconds": round(seconds, 3)},
        "cases": [_case(report) for report in reports],
        "unreadable": [{"path": path_from_here(path), "problem": problem} for path, problem in unreadable.items()],
    }
    return to_json(with_stand_ins(report), indent=2, ensure_ascii=True)


_STATUSES = {"passed": "passed", "failed": "failed", "error": "errors", "skipped": "skipped"}
"""A case's status, and what the summary calls those."""


def _case(report: CaseReport) -> dict[str, Any]:
    return {
        "path": path_from_here(report.path),
        "line": report.line,
        "name": report.name,
        "status": report.status,
        "differences": list(report.sentences),
        "problem": report.problem or None,
        "explanation": report.explanation or None,
        "seconds": round(report.seconds, 3),
    }
