"""Render changes of access, weaker or stronger: `audit --since`, in the formats of `audit`.

weaker    crms GET /values    token → anyone

JSON: {"version": 1, "tool": {…}, "changes": [{"api": "crms", "operation": "GET /values", "before": "token",
"after": "anyone", "weaker": true}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.report.columns import printable
from apimpolicy.report.style import PLAIN, Style

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.project.audit_changes import Change

CODE = "audit"
"""The code of a change in annotations and SARIF."""


def changes_text(changes: Sequence[Change], style: Style = PLAIN) -> str:
    """Return a line for each change, the weaker ones first, and a summary."""
    lines = [
        f"{_word(each):<10}{printable(f'{each.api} {each.operation}'):<40}  {each.before} → {each.after}"
        for each in _ordered(changes)
    ]
    return style.fit("\n".join([*lines, _summary(changes)]))


def changes_as(form: str, changes: Sequence[Change], path: str, style: Style = PLAIN) -> str:
    """Return the changes in a format, without a line end after it; `path` is what was audited."""
    match form:
        case "json":
            from apimpolicy.report.harmless import indented, program_report

            rows = [
                {"api": each.api, "operation": each.operation, "before": each.before, "after": each.after}
                | {"weaker": each.is_weaker}
                for each in _ordered(changes)
            ]
            return indented(program_report(changes=rows))
        case "markdown":
            return "\n".join(_markdown(changes))
        case "sarif" | "azure" | "github":
            from apimpolicy.report.finding_formats import findings_as

            return findings_as(form, _findings(changes, path))
        case "junit":
            from apimpolicy.report.junit import JunitCase, JunitSuite, to_junit

            cases = [
                JunitCase(f"{each.api} {each.operation}", each.api, text=_words(each))
                if not each.is_weaker
                else JunitCase(f"{each.api} {each.operation}", each.api, "failed", _words(each), type=CODE)
                for each in _ordered(changes)
            ]
            return to_junit([JunitSuite("apimpolicy audit --since", cases)], 0.0)
    return changes_text(changes, style)


def _ordered(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda each: not each.is_weaker)


def _word(change: Change) -> str:
    return "weaker" if change.is_weaker else "stronger"


def _words(change: Change) -> str:
    return f"{_word(change)}: {change.before} → {change.after}"


def _summary(changes: Sequence[Change]) -> str:
    weaker = sum(each.is_weaker for each in changes)
    return f"audit: {weaker:,} weaker, {len(changes) - weaker:,} stronger or changed in another respect"


def _markdown(changes: Sequence[Change]) -> Iterator[str]:
    from apimpolicy.report.markdown import plain

    yield f"**{_summary(changes)}**"
    if changes:
        yield ""
        yield "| | operation | before | after |"
        yield "| --- | --- | --- | --- |"
    for each in _ordered(changes):
        cells = _word(each), plain(f"{each.api} {each.operation}"), plain(each.before), plain(each.after)
        yield f"| {' | '.join(cells)} |"


def _findings(changes: Sequence[Change], path: str) -> Iterator[Diagnostic]:
    """Yield an error for each operation with weaker access, and a note for each other change."""
    from apimpolicy.diagnostics import Diagnostic, Severity
    from apimpolicy.text.source import Source

    for each in _ordered(changes):
        severity = Severity.ERROR if each.is_weaker else Severity.INFO
        message = f"access is {_word(each)}: {each.api} {each.operation}: {each.before} → {each.after}"
        yield Diagnostic(CODE, message, Source("", path), 0, 0, severity)
