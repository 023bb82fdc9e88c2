"""Failed cases, claims and differences as annotations of a pipeline: `--format github` and `--format azure`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from apimpolicy.report.difference_data import DifferenceReport
    from apimpolicy.report.test_text import CaseReport

FORMATS = ("azure", "github")


def annotation_lines(form: str, findings: Iterable[Diagnostic]) -> str:
    """Return the findings in one of FORMATS, each line with its line end."""
    if form == "azure":
        from apimpolicy.report.azure import report_to_azure as report
    else:
        from apimpolicy.report.github import report_to_github as report
    return "".join(f"{line}\n" for line in report(findings))


def finding_at(path: str, line: int, code: str, message: str, severity: Severity) -> Diagnostic:
    """Return a finding about a line of a file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            source = Source(file.read(), path)
    except (OSError, UnicodeDecodeError):
        source = Source("", path)
    lines = source.text.splitlines(keepends=True)
    start = sum(map(len, lines[: line - 1]))
    end = start + len(lines[line - 1].rstrip()) if 0 < line <= len(lines) else start
    return Diagnostic(code, message, source, start, end, severity=severity)


def case_findings(reports: Sequence[CaseReport], unreadable: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield an error for each test case that did not pass, and for each file that can't be read."""
    for path, problem in unreadable.items():
        yield finding_at(path, 1, "test", problem, Severity.ERROR)
    for report in reports:
        if not report.is_good:
            parts = (report.name, *report.sentences, report.problem, report.explanation)
            yield finding_at(report.path, report.line, "test", "\n".join(filter(None, parts)), Severity.ERROR)


def difference_findings(reports: Sequence[DifferenceReport]) -> Iterator[Diagnostic]:
    """Yield a warning for each kind of request that is treated differently, and an error for what can't be compared."""
    from apimpolicy.report.difference_data import EQUIVALENT, ERROR
    from apimpolicy.report.difference_text import headline

    for report in reports:
        if report.status == ERROR:
            yield finding_at(report.path, 1, "diff", report.problem or headline(report), Severity.ERROR)
        elif report.items:
            for item in report.items:
                message = (
                    f"{item.sentence}\n{item.request}\nbefore: {item.old.answer}, decided by {item.old.decided_by}"
                )
                message += f"\nafter: {item.new.answer}, decided by {item.new.decided_by}"
                yield finding_at(report.path, 1, "diff", message, Severity.WARNING)
        elif report.status != EQUIVALENT:
            yield finding_at(report.path, 1, "diff", headline(report), Severity.WARNING)
