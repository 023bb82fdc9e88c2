"""Failed test cases, claims, differences and exceptions as findings at their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_text
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.report.bounds import shortened
from apimpolicy.report.claim_results import ERROR, FALSE, UNDECIDED, ClaimReport
from apimpolicy.report.difference_data import EQUIVALENT, ComparisonReport, DifferenceItem
from apimpolicy.report.difference_text import NOT_COMPARED, UNNOTICED, headline
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.exceptions import DotnetException
    from apimpolicy.report.test_results import CaseReport


CODES = {FALSE: "POL506", UNDECIDED: "POL507", ERROR: "POL507"}
"""The codes of claims that are false, or not decided, in SARIF."""


def finding_at(path: str, line: int, code: str, message: str, severity: Severity = Severity.ERROR) -> Diagnostic:
    """Return a finding about a line of a file; about nothing in it where it can't be read."""
    try:
        with open_text(path, encoding="utf-8-sig") as file:
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
        yield finding_at(path, 1, "test", problem)
    for report in reports:
        if not report.is_good:
            parts = (report.name, *report.sentences, report.problem, report.explanation)
            yield finding_at(report.path, report.line, "test", "\n".join(filter(None, parts)))


def claim_findings(reports: Sequence[ClaimReport]) -> Iterator[Diagnostic]:
    """Yield an error for each false claim, and a warning for each that is not decided, at the place of the claim."""
    for report in reports:
        if report.status not in CODES:
            continue
        what = f"the claim '{report.name}'" + (f" ({report.about})" if report.about else "")
        if report.status == FALSE:
            message, severity = f"{what} is false: {report.request}", Severity.ERROR
        else:
            why = report.problem or "; ".join(report.reasons)
            message, severity = f"{what} is not decided: {why}", Severity.WARNING
        yield finding_at(report.path, report.line, CODES[report.status], message, severity)


def difference_findings(report: ComparisonReport) -> Iterator[Diagnostic]:
    """Yield a warning for each difference that callers can notice, and an error for what can't be loaded."""
    for policy in report.policies:
        path, _, number = policy.path.rpartition(":")
        place = (path, int(number)) if policy.subject and path and number.isdigit() else (policy.path, 1)
        if policy.problem:
            severity = Severity.ERROR if policy.status == ERROR else Severity.WARNING
            yield finding_at(*place, "diff", f"{headline(policy)}: {policy.problem}", severity)
        for item in policy.items:
            at = place if item.cause is None else (item.cause.file, item.cause.line)
            yield finding_at(*at, "diff", _difference(item), Severity.WARNING)
        if not policy.items and not policy.problem and policy.status != EQUIVALENT:
            yield finding_at(*place, "diff", headline(policy), Severity.WARNING)
    for change in report.literals:
        yield finding_at(change.file, change.line, "diff", change.sentence, Severity.INFO)
    for access in report.access:
        names = ", ".join(access.operations[:3])
        message = f"access is {access.word}: {access.api} {names}: {access.words}"
        yield finding_at("", 1, "diff", message, Severity.WARNING if access.is_weaker else Severity.INFO)
    for group in report.settings:
        for setting in group.changes:
            severity = Severity.WARNING if setting.meaning else Severity.INFO
            message = f"{group.name}: {setting.sentence}: {setting.meaning or UNNOTICED}"
            yield finding_at(setting.file, setting.line, "diff", message, severity)
        for item in group.items:
            file, line = next(((change.file, change.line) for change in group.changes if change.file), ("", 1))
            yield finding_at(file, line, "diff", f"{group.name}: {_difference(item)}", Severity.WARNING)
    for text in (*(f"Azure would refuse: {broken}" for broken in report.breaks), *filter(None, (report.problem,))):
        yield finding_at("", 1, "diff", text)
    for file in report.not_compared:
        name, _, number = file.rpartition(":")
        at = (name, int(number)) if name and number.isdigit() else (file, 1)
        yield finding_at(*at, "diff", f"changed, and {NOT_COMPARED}", Severity.WARNING)


def _difference(item: DifferenceItem) -> str:
    before, after = (f"{each.answer}, decided by {each.decided_by}" for each in (item.old, item.new))
    return f"{item.sentence}\n{item.request}\nbefore: {before}\nafter: {after}"


# An exception that C# code threw, as a finding at the place where it was thrown


def exception_diagnostic(error: DotnetException, excerpt: Excerpt) -> Diagnostic:
    """Return a finding with the exception's type as code, at the whole expression if the position is unknown."""
    if error.span is not None:
        source, start, end = error.span
    else:
        source, start, end = excerpt.source, excerpt.start, excerpt.end
    return Diagnostic(error.dotnet_type_name, shortened(error.message), source, start, end, label="thrown here")
