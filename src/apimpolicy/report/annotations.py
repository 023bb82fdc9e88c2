"""Failed cases, claims and differences as annotations of a pipeline: `--format github` and `--format azure`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from apimpolicy.report.difference_data import DifferenceItem, DifferenceReport, SettingGroup
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


def difference_findings(reports: Sequence[DifferenceReport], groups: Sequence[SettingGroup]) -> Iterator[Diagnostic]:
    """Yield a warning for each difference that callers can notice, and an error for what can't be compared."""
    from apimpolicy.report.difference_data import EQUIVALENT, ERROR
    from apimpolicy.report.difference_text import UNNOTICED, headline

    for report in reports:
        path, _, number = report.path.rpartition(":")
        place = (path, int(number)) if report.subject and path and number.isdigit() else (report.path, 1)
        if report.status == ERROR:
            yield finding_at(*place, "diff", report.problem or headline(report), Severity.ERROR)
        elif report.items:
            for item in report.items:
                yield finding_at(*place, "diff", _difference(item), Severity.WARNING)
        elif report.status != EQUIVALENT:
            yield finding_at(*place, "diff", headline(report), Severity.WARNING)
    for group in groups:
        for change in group.changes:
            severity = Severity.WARNING if change.meaning else Severity.INFO
            message = f"{group.name}: {change.sentence}: {change.meaning or UNNOTICED}"
            yield finding_at(change.file, change.line, "diff", message, severity)
        for item in group.items:
            file, line = next(((each.file, each.line) for each in group.changes if each.file), ("", 1))
            yield finding_at(file, line, "diff", f"{group.name}: {_difference(item)}", Severity.WARNING)


def _difference(item: DifferenceItem) -> str:
    before, after = (f"{each.answer}, decided by {each.decided_by}" for each in (item.old, item.new))
    return f"{item.sentence}\n{item.request}\nbefore: {before}\nafter: {after}"
