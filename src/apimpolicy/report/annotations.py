"""Findings as commands of pipelines, which become annotations at the lines: `--format github` and `--format azure`.

Sources: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands,
https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Severity
from apimpolicy.report.columns import printable
from apimpolicy.report.harmless import harmless, visible_lines
from apimpolicy.report.places import place_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.diagnostics import Diagnostic

FORMATS = ("azure", "github")
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def to_annotations(form: str, findings: Iterable[Diagnostic]) -> str:
    """Return findings in one of FORMATS, one per line, without a line end after the last one."""
    return "\n".join(map(_azure if form == "azure" else _github, findings))


def _github(finding: Diagnostic) -> str:
    place = place_in_file(finding)
    last = max(place.end_column - 1, place.column) if place.end_line == place.line else place.end_column
    properties = {
        "file": printable(place.path),
        "line": str(place.line),
        "endLine": str(place.end_line),
        "col": str(place.column),
        "endColumn": str(last),
        "title": finding.code,
    }
    text = "\n".join(part for part in (finding.message, finding.label, finding.help) if part)
    listed = ",".join(f"{name}={_escaped(value, '%25', ':,')}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_escaped(text, '%25')}"


def _azure(finding: Diagnostic) -> str:
    """Return an issue of the run, which is an error or a warning; anything else is a line of the log."""
    place = place_in_file(finding)
    advice = " ".join(f" {more}" for more in (finding.label, finding.help) if more)
    text = f"{finding.message}{f';{advice}' if advice else ''}"
    if finding.severity is Severity.INFO:
        return _escaped(f"{place.path}:{place.line}:{place.column}: {finding.code} info: {text}", "%AZP25")
    properties = {
        "type": finding.severity.value,
        "sourcepath": place.path,
        "linenumber": str(place.line),
        "columnnumber": str(place.column),
        "code": finding.code,
    }
    listed = "".join(f"{name}={_escaped(value, '%AZP25', ';]')};" for name, value in properties.items())
    return f"##vso[task.logissue {listed}]{_escaped(text, '%AZP25')}"


def _escaped(text: str, percent: str, others: str = "") -> str:
    """Return a text as the pipeline decodes it; nothing in a policy's text can begin another command."""
    text = harmless(visible_lines(text)).replace("%", percent)
    for char in "\r\n" + others:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
