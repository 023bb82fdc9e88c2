"""Coverage as JSON, for programs: totals, files, and every place with the tests that saw each of its outcomes.

{"schema": 1, "percent": 89.3, "totals": {"policies": {"covered": 9, "total": 9}, …}, "tests": ["…"],
 "files": [{"path": "orders.xml", "percent": …, "totals": {…},
            "places": [{"kind": "condition", "name": "…", "line": 12, "column": 30,
                        "outcomes": {"true": ["a partner gets through"], "false": []}}]}]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.report.coverage_data import KINDS, PLURALS
from apimpolicy.report.harmless import to_json

if TYPE_CHECKING:
    from apimpolicy.report.coverage_data import CoverageReport, FileCoverage

SCHEMA = 1


def coverage_to_json(report: CoverageReport) -> str:
    """Return the whole report, without a line end after it."""
    content = {
        "schema": SCHEMA,
        "percent": _rounded(report.percent),
        "totals": _totals(report),
        "tests": report.tests,
        "files": [_file(file) for file in report.files],
    }
    return to_json(content, indent=2, ensure_ascii=False)


def _totals(whole: CoverageReport | FileCoverage) -> dict[str, Any]:
    counts = {PLURALS[kind]: whole.count(kind) for kind in KINDS}
    return {name: {"covered": count.covered, "total": count.total} for name, count in counts.items()}


def _file(file: FileCoverage) -> dict[str, Any]:
    places = [
        {
            "kind": place.kind,
            "name": place.name,
            "line": place.line,
            "column": place.column,
            "outcomes": {outcome: sorted(tests) for outcome, tests in place.outcomes.items()},
        }
        for place in sorted(file.places, key=lambda place: (place.start, -place.end))
    ]
    return {
        "path": file.shown_path,
        "percent": _rounded(file.percent),
        "totals": _totals(file),
        "places": places,
    }


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 2)
