"""Test cases as JUnit's XML: `apimpolicy test --junit FILE`. A test file is a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.junit import attribute, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.report.test_text import CaseReport


def report_to_junit(reports: Sequence[CaseReport]) -> str:
    """Return the whole report, without a line end after it."""
    by_path: dict[str, list[CaseReport]] = {}
    for report in reports:
        by_path.setdefault(report.path, []).append(report)
    suites: list[str] = []
    for path, found in by_path.items():
        place = f"name={attribute(path)} file={attribute(path)}"
        skipped = sum(report.status == "skipped" for report in found)
        head = f'  <testsuite {place} {_counts(found)} skipped="{skipped}">'
        suites += (head, *map(_case, found), "  </testsuite>")
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join([head, f'<testsuites name="apimpolicy" {_counts(reports)}>', *suites, "</testsuites>"])


def _counts(reports: Sequence[CaseReport]) -> str:
    seconds = sum(report.seconds for report in reports)
    failures, errors = (sum(report.status == status for report in reports) for status in ("failed", "error"))
    return f'tests="{len(reports)}" failures="{failures}" errors="{errors}" time="{seconds:.3f}"'


def _case(report: CaseReport) -> str:
    place = f"name={attribute(report.name)} classname={attribute(report.path)}"
    head = f'    <testcase {place} time="{report.seconds:.3f}"'
    if report.status == "passed":
        return f"{head} />"
    if report.status == "skipped":
        return f"{head}>\n      <skipped message={attribute(report.problem)} />\n    </testcase>"
    kind = "failure" if report.status == "failed" else "error"
    message = "; ".join(report.sentences) or report.problem.partition("\n")[0]
    place = f"{report.path}:{report.line}"
    more = text("\n".join(part for part in (place, *report.sentences, report.problem, report.explanation) if part))
    return f"{head}>\n      <{kind} message={attribute(message)}>{more}</{kind}>\n    </testcase>"
