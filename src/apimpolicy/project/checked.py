"""The result of checking one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.project.files import SHOWN_STANDARD_INPUT, read_data, source_of

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.project.findings import Finding


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
