"""Findings as plain values: for the cache, for other processes, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.files import SHOWN_STANDARD_INPUT, read_data, source_of
from apimpolicy.text.secrets import without_secrets
from apimpolicy.text.source import Source


class Finding(NamedTuple):
    """A diagnostic whose offsets are those of the file itself."""

    code: str
    message: str
    start: int
    end: int
    severity: str
    label: str
    help: str

    def diagnostic(self, source: Source) -> Diagnostic:
        """Return the diagnostic, in the source of the file."""
        code, message, start, end, severity, label, advice = self
        return Diagnostic(code, message, source, start, end, Severity(severity), label, advice)


class Findings(NamedTuple):
    """Findings in one file. `has_holes`: the file has placeholders, which are assumed valid."""

    rows: list[Finding]
    has_holes: bool = False


def to_findings(diagnostics: Iterable[Diagnostic]) -> list[Finding]:
    """Diagnostics as plain values."""
    found: list[Finding] = []
    for diagnostic in diagnostics:
        start, end = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
        found.append(
            Finding(
                diagnostic.code,
                without_secrets(diagnostic.message),
                start,
                end,
                diagnostic.severity.value,
                without_secrets(diagnostic.label),
                without_secrets(diagnostic.help),
            )
        )
    return found


def merged(each: Mapping[str | None, Findings], noun: str = "environment") -> Findings:
    """Merge the findings of several environments or services: equal ones once, others with the names of these."""
    names: dict[Finding, list[str]] = {}
    for environment, found in each.items():
        for row in found.rows:
            names.setdefault(row, []).append(environment or "")
    rows = [row if len(own) >= len(each) else _within(row, own, noun) for row, own in names.items()]
    return Findings(sorted(rows, key=lambda row: (row.start, row.end)), any(found.has_holes for found in each.values()))


def _within(row: Finding, names: list[str], noun: str) -> Finding:
    first = ", ".join(f"'{name}'" for name in names[:-1])
    where = f"the {noun}s {first} and '{names[-1]}'" if first else f"the {noun} '{names[-1]}'"
    return row._replace(message=f"{row.message} (in {where})")


# The result of checking one file


class Checked(NamedTuple):
    """The result of one file: its findings, or why it could not be read; `name` is its key in the cache."""

    path: str
    findings: list[Finding]
    has_holes: bool = False
    """True for a template, whose placeholders are assumed valid."""
    problem: str | None = None
    name: str | None = None
    data: bytes | None = None
    """The content, when it cannot be read again."""

    def diagnostics(self) -> list[Diagnostic]:
        """Read the file again and return the findings as diagnostics. Raises ConfigurationError."""
        if not self.findings:
            return []
        data, name = read_data(self.path) if self.data is None else (self.data, SHOWN_STANDARD_INPUT)
        source, _ = source_of(data, name)
        return [finding.diagnostic(source) for finding in self.findings]
