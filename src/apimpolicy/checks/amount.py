"""Limit the findings of a document to the `MOST_FINDINGS` most severe ones, and report the number of others.

    POL043  there are more findings than are listed

A hostile document has a finding in every few characters, and the thousand and first helps no reader. POL043 cannot be
suppressed or left out, because then a file would seem to be right that has not been looked at to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.text.source import Source

MOST_FINDINGS = 1000
LONGEST_TEXT = 4000
"""Characters of a message, a label or an advice: a name in it may be as long as the file."""
MORE = "POL043"
_WORST_FIRST = list(Severity)


class Collection:
    """The findings about one document, of each severity as many as can be listed at most."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: list[Diagnostic] = []
        self._counts: Counter[Severity] = Counter()

    @property
    def is_full(self) -> bool:
        """Return whether there are more errors than are listed: nothing that is found now can be among the worst."""
        return self._counts[Severity.ERROR] > MOST_FINDINGS

    def take(self, findings: Iterable[Diagnostic]) -> None:
        """Add findings, until there are more errors than are listed."""
        for finding in findings:
            if self.is_full:
                return
            self._counts[finding.severity] += 1
            if self._counts[finding.severity] <= MOST_FINDINGS:
                finding.message, finding.label, finding.help = map(
                    _shortened, (finding.message, finding.label, finding.help)
                )
                self._kept.append(finding)

    def in_order(self) -> list[Diagnostic]:
        """Return the worst findings in the order of the file, and one more when others were left out."""
        left = MOST_FINDINGS
        room = Counter[Severity]()
        for severity in _WORST_FIRST:
            room[severity] = min(left, self._counts[severity])
            left -= room[severity]
        missing = [severity for severity in _WORST_FIRST if self._counts[severity] > room[severity]]
        self._kept.sort(key=lambda finding: finding.source.original(finding.start))
        listed: list[Diagnostic] = []
        for finding in self._kept:
            room[finding.severity] -= 1
            if room[finding.severity] >= 0:
                listed.append(finding)
        return [*listed, self._more(missing[0])] if missing else listed

    def _more(self, severity: Severity) -> Diagnostic:
        message = f"this document has more than {MOST_FINDINGS:,} findings; only the most severe are listed"
        end = len(self._source.text)
        return Diagnostic(MORE, message, self._source, end, end, severity, help="Fix these first, and check it again.")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
