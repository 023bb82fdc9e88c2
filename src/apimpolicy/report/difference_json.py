"""Differences between versions of policies for programs: `diff --format json`.

    {"version": 1,
     "tool": {"name": "apimpolicy", "version": "0.1.0"},
     "policies": [{"path": "orders.xml", "old": "HEAD~1:orders.xml", "new": "orders.xml", "status": "different",
                   "complete": true, "differences": [{"what": "was 403 …, is now 200 …", "request": "GET / …",
                   "old": {"answer": "403 Forbidden", "decided_by": "orders.xml:6 choose ▸ when 1", "path": "…",
                           "explanation": "…"}, "new": {…}}],
                   "reasons": [], "proven": [], "problem": null, "seconds": 0.4}],
     "verdict": "1 change for callers; …", "complete": true,
     "changes": [{"file": "orders.xml", "line": 6, "what": "changed", "element": "<rate-limit>", "attribute": "calls",
                  "old": "100", "new": "1000", "literal": true}],
     "access": [{"api": "orders", "operations": ["GET /"], "before": "token", "after": "anyone", "weaker": true}],
     "notes": [], "breaks": [],
     "settings": [{"name": "API orders", "changes": [{"subject": null, "setting": "subscription required",
                   "what": "changed", "old": "yes", "new": "no", "meaning": "calls without a subscription key …",
                   "file": "apis/orders/apiInformation.json", "line": 3}], "differences": []}]}

`status` is equivalent, different, undecided, added, removed or error; `complete`: all that is not named is proven to be
the same. The schema is `apimpolicy/schemas/apimpolicy-diff-output.schema.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.report.difference_data import verdict
from apimpolicy.report.harmless import indented, program_report
from apimpolicy.report.stand_in_text import with_stand_ins

if TYPE_CHECKING:
    from apimpolicy.report.difference_data import (
        AccessChange,
        ComparisonReport,
        DifferenceItem,
        DifferenceReport,
        ElementChange,
        SettingGroup,
    )


def differences_to_json(report: ComparisonReport) -> str:
    """Return the whole report, indented, without a final line end."""
    content = program_report(
        verdict=verdict(report),
        complete=report.is_complete,
        policies=[_policy(each) for each in report.policies],
        changes=[_change(each) for each in report.changes],
        access=[_access(each) for each in report.access],
        settings=[_group(each) for each in report.settings],
        notes=list(report.notes),
        breaks=list(report.breaks),
        problem=report.problem or None,
    )
    return indented(with_stand_ins(content))


def _change(change: ElementChange) -> dict[str, Any]:
    return {
        "file": change.file,
        "line": change.line,
        "what": change.what,
        "element": change.element,
        "attribute": change.attribute or None,
        "old": change.old,
        "new": change.new,
        "literal": change.is_literal,
    }


def _access(change: AccessChange) -> dict[str, Any]:
    return {
        "api": change.api,
        "operations": list(change.operations),
        "before": change.before,
        "after": change.after,
        "weaker": change.is_weaker,
    }


def _policy(report: DifferenceReport) -> dict[str, Any]:
    return {
        "path": report.path,
        "subject": report.subject or None,
        "old": report.old or None,
        "new": report.new or None,
        "status": report.status,
        "complete": report.is_complete,
        "differences": [_item(item) for item in report.items],
        "reasons": list(report.reasons),
        "proven": list(report.proven),
        "problem": report.problem or None,
        "seconds": round(report.seconds, 3),
    }


def _group(group: SettingGroup) -> dict[str, Any]:
    changes = [
        {
            "subject": change.subject or None,
            "setting": change.setting or None,
            "what": change.what,
            "old": change.old,
            "new": change.new,
            "meaning": change.meaning or None,
            "file": change.file or None,
            "line": change.line or None,
        }
        for change in group.changes
    ]
    return {"name": group.name, "changes": changes, "differences": [_item(item) for item in group.items]}


def _item(item: DifferenceItem) -> dict[str, Any]:
    return {
        "what": item.sentence,
        "request": item.request,
        "old": item.old._asdict(),
        "new": item.new._asdict(),
        "cause": None if item.cause is None else _change(item.cause),
        "operations": list(item.operations),
    }
