"""Findings as GitHub's workflow commands, which become annotations at the lines: `--format github`.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Severity
from apimpolicy.report.columns import printable
from apimpolicy.report.harmless import harmless, visible_lines
from apimpolicy.report.places import place_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.diagnostics import Diagnostic

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def report_to_github(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """One line per finding."""
    for diagnostic in diagnostics:
        place = place_in_file(diagnostic)
        last = max(place.end_column - 1, place.column) if place.end_line == place.line else place.end_column
        properties = {
            "file": harmless(printable(place.path)),
            "line": str(place.line),
            "endLine": str(place.end_line),
            "col": str(place.column),
            "endColumn": str(last),
            "title": diagnostic.code,
        }
        text = "\n".join(part for part in (diagnostic.message, diagnostic.label, diagnostic.help) if part)
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{_COMMANDS[diagnostic.severity]} {listed}::{_data(harmless(visible_lines(text)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
