"""Findings of a run of `check`, counted and written: for people, or in a format for programs."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import tool_version
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.diagnostics import Diagnostic

FORMATS = ("text", "json", "sarif", "github", "junit")


class CheckOutput:
    """What was found so far."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.seconds = 0.0
        self.paths: list[str] = []
        self.files_with_findings = 0
        self.known = 0
        self.diagnostics: list[Diagnostic] = []

    def add(self, path: str, findings: Sequence[Diagnostic]) -> None:
        """The findings of one file."""
        self.paths.append(path)
        self.files_with_findings += bool(findings)
        self.diagnostics += findings

    def count(self, severity: Severity) -> int:
        """How many findings are this bad."""
        return sum(diagnostic.severity is severity for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        """1 with errors, or with warnings when they count."""
        failing = self.count(Severity.ERROR) + (self.count(Severity.WARNING) if self.strict else 0)
        return exit_codes.FINDINGS if failing else exit_codes.CLEAN

    def write(self, form: str, *, statistics: bool, explain: bool) -> None:
        """Write all of it to standard output."""
        if form == "json":
            self._write_json()
        elif form == "sarif":
            from apimpolicy.report.sarif import report_to_sarif

            print(report_to_sarif(self.diagnostics, tool_version()))
        elif form == "github":
            from apimpolicy.report.github import report_to_github

            print("".join(f"{line}\n" for line in report_to_github(self.diagnostics)), end="")
        elif form == "junit":
            from apimpolicy.report.junit import report_to_junit

            print(report_to_junit(self.paths, self.diagnostics, self.seconds, strict=self.strict))
        else:
            self._write_text(statistics=statistics, explain=explain)

    def _write_text(self, *, statistics: bool, explain: bool) -> None:
        if statistics:
            self._write_statistics()
        elif self.diagnostics:
            from apimpolicy.report.style import Style
            from apimpolicy.report.terminal import render

            style = Style.of(sys.stdout)
            for diagnostic in self.diagnostics:
                print(render(diagnostic, style), end="\n\n")
        if explain:
            self._write_pages()
        if self.paths:
            print(self.summary())

    def _write_statistics(self) -> None:
        counts = Counter((diagnostic.code, diagnostic.severity) for diagnostic in self.diagnostics)
        first = {diagnostic.code: diagnostic.message for diagnostic in reversed(self.diagnostics)}
        for (code, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            print(f"{count:>6,}  {code}  {severity:<7}  {first[code]}")
        if counts:
            print()

    def _write_pages(self) -> None:
        from apimpolicy.checks.pages import page_of_code

        for code in sorted({diagnostic.code for diagnostic in self.diagnostics}):
            if (page := page_of_code(code)) is not None:
                print(f"{code}  {page}\n")

    def summary(self) -> str:
        """One line with counts and the time it took."""
        time_taken = f"{self.seconds:.2f} s"
        known = f", {_counted(self.known, 'finding')} of the baseline left out" if self.known else ""
        if not self.diagnostics:
            return f"no problems in {_counted(len(self.paths), 'file')}{known}, {time_taken}"
        kinds = [
            _counted(count, noun)
            for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "remark"))
            if (count := self.count(severity))
        ]
        where = f"in {self.files_with_findings} of {_counted(len(self.paths), 'file')}"
        return f"{_counted(len(self.diagnostics), 'problem')} ({', '.join(kinds)}) {where}{known}, {time_taken}"

    def _write_json(self) -> None:
        from apimpolicy.report.json import report_to_json

        summary = {
            "files": len(self.paths),
            "files_with_findings": self.files_with_findings,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "infos": self.count(Severity.INFO),
            "seconds": round(self.seconds, 3),
        }
        print(report_to_json(self.diagnostics, summary, tool_version()))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
