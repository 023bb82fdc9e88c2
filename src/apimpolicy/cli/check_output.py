"""Findings of a run of `check`, counted and written: for people, or in a format for programs."""

from __future__ import annotations

import codecs
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.cli import commands
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import print_difference, write_report_to
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import STANDARD_INPUT, read_data, source_of, write_whole
from apimpolicy.project.fixes import apply, edits
from apimpolicy.report.columns import Style, counted, printable

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule
    from apimpolicy.project.check_run import CheckRun
    from apimpolicy.report.outputs.check import CheckSummary

FORMATS = ("text", "json", "sarif", "github", "azure", "junit")


class CheckOutput:
    def __init__(self) -> None:
        self.strict: set[str] = set()
        """The files in which warnings fail the check."""
        self.failing = 0
        self.rules: tuple[type[Rule], ...] = ()
        """The rules besides the catalogue's, for their pages."""
        self.seconds = 0.0
        self.paths: list[str] = []
        self.files_with_findings = 0
        self.known = 0
        self.templates = 0
        """Files with placeholders, whose values are assumed valid."""
        self.environments: list[str] = []
        """The environments that were checked, if these are all that there are."""
        self.diagnostics: list[Diagnostic] = []

    def add(self, path: str, findings: Sequence[Diagnostic], *, strict: bool = False) -> None:
        """Add the findings of one file. With `strict`, its warnings fail the check too."""
        self.paths.append(path)
        if strict:
            self.strict.add(path)
        bad = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
        self.failing += sum(diagnostic.severity in bad for diagnostic in findings)
        self.files_with_findings += bool(findings)
        self.diagnostics += findings

    def count(self, severity: Severity) -> int:
        return sum(diagnostic.severity is severity for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        """1 with errors, or with warnings where they count."""
        return commands.FINDINGS if self.failing else commands.CLEAN

    def write(self, form: str, path: str | None = None, *, quiet: bool, statistics: bool, explain: bool) -> None:
        """Write all of it to standard output, or to a file and the summary to standard output.

        Raises ConfigurationError when the file cannot be written.
        """
        if form == "text":
            is_short = quiet or path is not None
            report = self._text(short=is_short, statistics=statistics, explain=explain, plain=path is not None)
        else:
            report = self._report(form)
        write_report_to(path, report, is_text=form == "text")
        if path is not None and not quiet:
            print(self.summary())

    def _report(self, form: str) -> str:
        """Return the findings for programs."""
        if form == "json":
            return self._json()
        if form == "junit":
            from apimpolicy.report.finding_formats import findings_to_junit

            return findings_to_junit(self.paths, self.diagnostics, self.seconds, strict=self.strict)
        from apimpolicy.report.finding_formats import findings_as

        return findings_as(form, self.diagnostics)

    def _text(self, *, short: bool, statistics: bool, explain: bool, plain: bool) -> str:
        """Return the findings for people, or their counts; `short` leaves out the summary, `plain` colours."""
        style = Style(False) if plain else Style.of(sys.stdout)
        parts: list[str] = []
        if statistics:
            parts += map(style.fit, self._statistics())
        elif self.diagnostics:
            from apimpolicy.report.terminal import render

            parts += [render(diagnostic, style) for diagnostic in self.diagnostics]
        if explain:
            from apimpolicy.report.markup import page_text

            parts += (page_text(page, style) for page in self._pages())
        if self.paths and not short:
            parts.append(style.fit(self.summary()))
        return "\n\n".join(parts)

    def _statistics(self) -> list[str]:
        from apimpolicy.checks.pages import title_of_code

        counts = Counter((diagnostic.code, diagnostic.severity) for diagnostic in self.diagnostics)
        first = {diagnostic.code: diagnostic.message for diagnostic in reversed(self.diagnostics)}
        lines = [
            f"{count:>6,}  {code}  {severity:<7}  {title_of_code(code, self.rules) or printable(first[code])}"
            for (code, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
        return ["\n".join(lines)] if lines else []

    def _pages(self) -> list[str]:
        from apimpolicy.checks.pages import page_of_code

        codes = sorted({diagnostic.code for diagnostic in self.diagnostics})
        return [f"{code}  {page}" for code in codes if (page := page_of_code(code, self.rules)) is not None]

    def summary(self) -> str:
        time_taken = f"{self.seconds:.2f} s"
        known = f", {counted(self.known, 'finding')} of the baseline left out" if self.known else ""
        templates = f", {self.templates:,} with placeholders (assumed valid)" if self.templates else ""
        places = f" (environments: {', '.join(self.environments)})" if self.environments else ""
        files = f"{counted(len(self.paths), 'file')}{places}"
        if not self.diagnostics:
            return f"no problems in {files}{templates}{known}, {time_taken}"
        kinds = [
            f"{count:,} info" if noun == "info" else counted(count, noun)
            for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "info"))
            if (count := self.count(severity))
        ]
        where = f"in {self.files_with_findings} of {files}"
        noun = "finding" if self.count(Severity.INFO) == len(self.diagnostics) else "problem"
        total = counted(len(self.diagnostics), noun)
        return f"{total} ({', '.join(kinds)}) {where}{templates}{known}, {time_taken}"

    def _json(self) -> str:
        from apimpolicy.report.finding_formats import report_to_json

        summary: CheckSummary = {
            "files": len(self.paths),
            "files_with_findings": self.files_with_findings,
            "files_with_placeholders": self.templates,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "infos": self.count(Severity.INFO),
            "seconds": round(self.seconds, 3),
        }
        return report_to_json(self.diagnostics, summary)


ROUNDS = 5
"""Maximum number of rounds: a fix can reveal another fixable finding."""


def fix_files(run: CheckRun, paths: Sequence[str], *, write: bool) -> int:
    """Fix files, or print what would change, and return the number of changes. Raises ConfigurationError."""
    total = 0
    for path in paths:
        if path == STANDARD_INPUT:
            continue
        data, name = read_data(path)
        new, count = fixed_bytes(run, data, name)
        if not count:
            continue
        if write:
            try:
                write_whole(path, new)
            except ConfigurationError as error:  # such as a link, whose target is another file of the tree
                say(str(error))
                continue
        total += count
        if not write:
            print_difference(path, data, new)
    if write and total:
        say(f"fixed {counted(total, 'problem')}")
    return total


def fixed_bytes(run: CheckRun, data: bytes, name: str) -> tuple[bytes, int]:
    """Return the bytes with repairs, and how many they are; a file that is not UTF-8 stays as it is."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    total = 0
    for _ in range(ROUNDS):
        source, findings = source_of(data, name)
        if findings or source.text.encode() != data[len(mark) :]:
            return data, total
        changes = edits(source, run.diagnostics(data, name))
        if not changes:
            return data, total
        total += len(changes)
        data = mark + apply(source.text, changes).encode()
    return data, total
