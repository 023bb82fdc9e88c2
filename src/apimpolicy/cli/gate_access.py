"""The part `audit` of `gate`: findings, and operations whose access is weaker than at a revision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.cli.audit import search_of
from apimpolicy.cli.gate_run import BY_SEVERITY, GateRun, in_baseline, sentence, severities
from apimpolicy.diagnostics import Severity
from apimpolicy.project.audit_changes import ADDED, REMOVED, Change, changes_of
from apimpolicy.project.gate_settings import NOT_RUN, UNDECIDED, WEAKER
from apimpolicy.project.gateways import NoApisError
from apimpolicy.reasoning.audit import order
from apimpolicy.report.columns import Style, counted, first_of
from apimpolicy.report.gate_report import GateFinding, GatePart
from apimpolicy.report.result_findings import finding_at

if TYPE_CHECKING:
    from apimpolicy.project.audit_run import AuditRun
    from apimpolicy.reasoning.audit.findings import AuditFinding
    from apimpolicy.report.difference_data import ComparisonReport


def audit_part(run: GateRun) -> GatePart:
    from apimpolicy.project.audit_run import audit_services
    from apimpolicy.report.audit_text import title

    search = search_of()
    try:
        audits = audit_services(run.path, search_of=search)
    except NoApisError:
        return GatePart("audit", "no service with an API", applies=False)
    findings = [
        GateFinding(
            BY_SEVERITY.get(diagnostic.severity, NOT_RUN if finding.is_broken else ""),
            diagnostic,
            diagnostic.message,
            partial(_audit_finding, audit, finding),
        )
        for audit in audits
        for finding, diagnostic in audit.diagnostics
    ]
    findings, in_the_baseline = run.judged(findings)
    in_the_baseline += sum(audit.known for audit in audits)
    broken = sum(finding.word == NOT_RUN for finding in findings)
    not_audited = f", {counted(broken, 'part')} of the service not audited" if broken else ""
    parts = [f"{severities(findings)}{in_baseline(in_the_baseline)}{not_audited}"]
    if run.since is None:
        operations = [title(audit) for audit in audits]
        parts = [operations[0] if len(audits) == 1 else counted(len(audits), "service"), *parts]
    else:
        root = "" if run.versions is None else os.path.normpath(run.versions.places[0][0])
        changes = changes_of(audits, run.old_folder, run.since, root, search_of=search)
        findings = [*_access_findings(changes, audits, run.comparison), *findings]
        parts = [_changed_access(changes), *parts]
    return GatePart("audit", ", ".join(parts), tuple(findings), in_the_baseline)


_NEW_AND_OPEN = "new and open"
_OF_ACCESS: dict[str, tuple[str, str, Severity]] = {
    order.WEAKER: ("weaker for {}", WEAKER, Severity.ERROR),
    _NEW_AND_OPEN: ("{} added that anyone reaches", WEAKER, Severity.ERROR),
    order.CHANGED: ("stronger for some callers and weaker for others, for {}", WEAKER, Severity.ERROR),
    order.UNKNOWN: ("not comparable for {}", UNDECIDED, Severity.WARNING),
    order.STRONGER: ("stronger for {}", "", Severity.INFO),
    ADDED: ("{} added", "", Severity.INFO),
    REMOVED: ("{} removed", "", Severity.INFO),
}
"""The relations of access in two versions: in words, the word that allows it, and the severity."""


def _audit_finding(audit: AuditRun, finding: AuditFinding, style: Style) -> str:
    from apimpolicy.report.audit_text import finding_lines

    return "\n".join(finding_lines(audit, finding, style))


def _relation(change: Change) -> str:
    return _NEW_AND_OPEN if change.relation == ADDED and change.is_weaker else change.relation


def _changed_access(changes: Sequence[Change]) -> str:
    """`weaker for 6 operations, 1 operation added`"""
    relations = [_relation(each) for each in changes]
    counts = {words: relations.count(relation) for relation, (words, *_) in _OF_ACCESS.items()}
    found = [words.format(counted(count, "operation")) for words, count in counts.items() if count]
    return ", ".join(found) or "access unchanged"


def _access_findings(
    changes: Sequence[Change], audits: Sequence[AuditRun], comparison: ComparisonReport | None
) -> Iterator[GateFinding]:
    """Yield a finding for the operations of an API whose access changed alike, at the change that did it."""
    from apimpolicy.report.audit_text import both_words, changes_together

    for first, names in changes_together(changes):
        audited = [each for audit in audits if audit.service == first.service for each in audit.audit.operations]
        total = sum(each.api.id == first.api for each in audited)
        subject = f"{first.subject}/*" if len(names) == total > 1 else f"{first.subject} {first_of(names, 3)}"
        words, word, severity = _OF_ACCESS[_relation(first)]
        what = words.format(counted(len(names), "operation"))
        what = f"Access is {what}" if words.index("{") else what
        text = f"{what}: {subject}: {'; '.join((both_words(first), *first.details))}"
        file, line = _cause(first, comparison)
        shown = sentence(f"{text} ({file}:{line})" if file else text)
        yield GateFinding(word, finding_at(file, line, "audit", text, severity), text=shown)


def _cause(change: Change, comparison: ComparisonReport | None) -> tuple[str, int]:
    """Return file and line of what gives callers access to operations; none where it isn't known."""
    if comparison is None:
        return "", 1
    alike = (change.api, change.before, change.after, change.details)
    accesses = [each for each in comparison.access if (each.api, each.before, each.after, each.details) == alike]
    names = {name for each in accesses for name in each.operations}
    for item in sorted(comparison.items, key=lambda each: not each.was_refused):
        if item.cause is not None and not names.isdisjoint(item.operations):
            return item.cause.file, item.cause.line
    settings = [each for group in comparison.settings if group.name == f"API {change.api}" for each in group.changes]
    return next(((each.file, each.line) for each in settings if each.meaning and each.file), ("", 1))
