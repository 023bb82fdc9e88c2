"""`apimpolicy check PATH…`: what is wrong with policy documents, before anything is saved to Azure."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.cli import exit_codes
from apimpolicy.cli.configuration_file import configuration_option, find_configuration
from apimpolicy.cli.program import say, tool_version
from apimpolicy.cli.progress import Progress
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.discovery import discover
from apimpolicy.project.files import read_policy_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.diagnostics import Diagnostic

_NO_POLICIES = "no .xml, .policy or .cshtml file begins with <policies>, <fragment> or a section"


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--named-values", metavar="FILE", help="Named values as JSON or TOML: {name: value}.")
@configuration_option
@click.option(
    "--format", "output", type=click.Choice(["text", "json"]), default="text", help="For people, or for programs."
)
@click.option("--strict", is_flag=True, help="Warnings fail the check too.")
@click.option("--select", multiple=True, metavar="CODE", help="Look for these only: codes, or beginnings such as POL3.")
@click.option(
    "--extend-select", "extend", multiple=True, metavar="CODE", help="Look for these too that are off by default."
)
@click.option("--ignore", multiple=True, metavar="CODE", help="Leave these out; the longer of two beginnings decides.")
def command(
    paths: tuple[str, ...],
    named_values: str | None,
    config: str | None,
    output: str,
    strict: bool,
    select: tuple[str, ...],
    extend: tuple[str, ...],
    ignore: tuple[str, ...],
) -> int:
    """Find what is wrong with policies: syntax, types, attributes.

    Reads files, whole trees of them, or `-` for standard input. In a tree, files count that end in .xml, .policy or
    .cshtml and begin with <policies>, <fragment> or a section. Without named values, {{name}} stands for anything.

    \b
    Examples:
      apimpolicy check policies/
      apimpolicy check orders.xml --named-values values.json
      git show HEAD:orders.xml | apimpolicy check -
      apimpolicy check policies/ --format json > findings.json
      apimpolicy check policies/ --ignore APIM0001
      apimpolicy check policies/ --select CS --select POL3

    `apimpolicy rule POL301` explains a finding. In a policy, a comment before an element keeps it quiet:
    <!-- apimpolicy: ignore POL301: the reason -->

    Exits with 0 when all is well, 1 with findings, 2 when something cannot be read.
    """
    started = time.perf_counter()
    values = _named_values(named_values, config)
    found = discover(paths)
    for sentence in found.unreadable:
        say(sentence)
    for tree in found.empty:
        say(f"there are no policies in {tree}: {_NO_POLICIES}")
    failed = bool(found.unreadable or found.empty)
    if not found.files:
        return exit_codes.USAGE
    report = _Report(strict)
    check = ExpressionCheck()
    settings = Settings(select=select, extend=extend, ignore=ignore)
    with Progress("checked", len(found.files)) as progress:
        for path in found.files:
            try:
                source, findings = read_policy_file(path)
            except ConfigurationError as error:
                say(str(error))
                failed = True
                continue
            if not findings:
                findings += check_document(source, check, values, settings)
            report.add(findings)
            progress.advance()
    report.seconds = time.perf_counter() - started
    if output == "json":
        report.write_json()
    elif report.files:
        report.write_text()
    return exit_codes.USAGE if failed else report.exit_code


def _named_values(path: str | None, config: str | None) -> dict[str, str] | None:
    if path is not None:
        from apimpolicy.project.named_values import load_named_values

        return load_named_values(path)
    if (found := find_configuration(config)) is not None:
        from apimpolicy.project.configuration import load_configuration

        return load_configuration(found).named_values
    return None


class _Report:
    """Findings of a run, counted and written."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.seconds = 0.0
        self.files = 0
        self.files_with_findings = 0
        self.diagnostics: list[Diagnostic] = []

    def add(self, findings: Sequence[Diagnostic]) -> None:
        self.files += 1
        self.files_with_findings += bool(findings)
        self.diagnostics += findings

    def count(self, severity: Severity) -> int:
        return sum(diagnostic.severity is severity for diagnostic in self.diagnostics)

    @property
    def exit_code(self) -> int:
        failing = self.count(Severity.ERROR) + (self.count(Severity.WARNING) if self.strict else 0)
        return exit_codes.FINDINGS if failing else exit_codes.CLEAN

    def write_text(self) -> None:
        if self.diagnostics:
            from apimpolicy.report.style import Style
            from apimpolicy.report.terminal import render

            style = Style.of(sys.stdout)
            for diagnostic in self.diagnostics:
                print(render(diagnostic, style), end="\n\n")
        print(self.summary())

    def summary(self) -> str:
        time_taken = f"{self.seconds:.2f} s"
        if not self.diagnostics:
            return f"no problems in {_counted(self.files, 'file')}, {time_taken}"
        kinds = [
            _counted(count, noun)
            for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "remark"))
            if (count := self.count(severity))
        ]
        where = f"in {self.files_with_findings} of {_counted(self.files, 'file')}"
        return f"{_counted(len(self.diagnostics), 'problem')} ({', '.join(kinds)}) {where}, {time_taken}"

    def write_json(self) -> None:
        from apimpolicy.report.json import report_to_json

        summary = {
            "files": self.files,
            "files_with_findings": self.files_with_findings,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "infos": self.count(Severity.INFO),
            "seconds": round(self.seconds, 3),
        }
        print(report_to_json(self.diagnostics, summary, tool_version()))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
