"""Findings as Azure Pipelines' logging commands, which become issues of a run at the lines: `--format azure`.

An issue is an error or a warning; what is only worth knowing is a line of the log.

Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Severity
from apimpolicy.report.harmless import harmless, visible_lines
from apimpolicy.report.places import place_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.diagnostics import Diagnostic


def report_to_azure(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """One line per finding."""
    for diagnostic in diagnostics:
        place = place_in_file(diagnostic)
        advice = " ".join(f" {more}" for more in (diagnostic.label, diagnostic.help) if more)
        text = f"{diagnostic.message}{f';{advice}' if advice else ''}"
        if diagnostic.severity is Severity.INFO:
            yield _data(f"{place.path}:{place.line}:{place.column}: {diagnostic.code} info: {text}")
            continue
        properties = {
            "type": diagnostic.severity.value,
            "sourcepath": place.path,
            "linenumber": str(place.line),
            "columnnumber": str(place.column),
            "code": diagnostic.code,
        }
        listed = "".join(f"{name}={_property(value)};" for name, value in properties.items())
        yield f"##vso[task.logissue {listed}]{_data(text)}"


def _data(text: str) -> str:
    """Escaped as the agent decodes it; nothing in a policy's text can begin another command."""
    text = harmless(visible_lines(text))
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
