"""Diagnostics as values: what is wrong, where, and what to do. Rendering lives in `apimpolicy.report`."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.text.source import Excerpt, Position, Source


class Severity(enum.StrEnum):
    """The severity of a finding, by one rule for all of them (docs/reference/severity.md).

    - `error`: the gateway refuses the document, a request that reaches it certainly fails, or every caller gets in
      where the policy means to refuse callers
    - `warning`: the policy runs, but does harm or misses its purpose
    - `info`: worth knowing; only the team can tell whether it matters
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Diagnostic(Record):
    """One finding at one place.

    `code` comes from the C# compiler (`CS1061`), the gateway (`APIM0001`) or apimpolicy (`POL203`); `start` and
    `end` are offsets in `source.text`; `label` is a short text beside the carets; `help` says what to do.
    """

    code: str
    message: str
    source: Source
    start: int
    end: int
    severity: Severity = Severity.ERROR
    label: str = ""
    help: str = ""

    @classmethod
    def within(
        cls,
        excerpt: Excerpt,
        start: int,
        end: int,
        code: str,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        label: str = "",
        help: str = "",
    ) -> Diagnostic:
        """Create a diagnostic from offsets in an excerpt."""
        first = excerpt.locate(start)
        last = max(excerpt.locate(max(end - 1, start)) + 1, first + (end > start))
        return cls(code, message, excerpt.source, first, last, severity, label, help)

    @property
    def position(self) -> Position:
        return self.source.position(self.start)

    def __str__(self) -> str:
        from apimpolicy.text.invisible import visible

        line, column = self.position
        advice = f" ({self.label or self.help})" if self.label or self.help else ""
        return visible(f"{self.source.path}:{line}:{column}: {self.code} {self.severity}: {self.message}{advice}")

    def __repr__(self) -> str:
        return f"<Diagnostic {self}>"


class DiagnosticInfo(Record):
    """A diagnostic before it has a source: `start` and `end` are offsets in the text of an expression."""

    code: str
    message: str
    start: int
    end: int
    label: str = ""
    help: str = ""

    def within(self, excerpt: Excerpt, severity: Severity = Severity.ERROR) -> Diagnostic:
        """Return the diagnostic of an excerpt with this text."""
        return Diagnostic.within(
            excerpt,
            self.start,
            self.end,
            self.code,
            self.message,
            severity=severity,
            label=self.label,
            help=_sentence(self.help),
        )


def _sentence(advice: str) -> str:
    """Return advice of the compiler as a sentence.

    >>> _sentence("use 'context'"), _sentence("is 'return' missing?")
    ("Use 'context'.", "Is 'return' missing?")
    """
    return f"{advice[0].upper()}{advice[1:]}{'' if advice[-1] in '.?!' else '.'}" if advice else ""
