"""Findings for programs: `--format json`.

    {
      "version": 1,                             raised when a field changes its meaning or goes; new fields may come
      "tool": {"name": "apimpolicy", "version": "0.1.0"},
      "summary": {"files": 38, "files_with_findings": 1, "errors": 1, "warnings": 1, "infos": 0, "seconds": 0.11},
      "diagnostics": [
        {"path": "policies/orders.xml", "line": 12, "column": 58, "end_line": 12, "end_column": 68,
         "code": "CS1061", "severity": "error", "message": "…", "label": "did you mean 'Thumbprint'?", "help": ""}
      ]
    }

Lines and columns count from 1, columns count characters; the end is exclusive. `severity` is error, warning or info.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.report.harmless import to_json
from apimpolicy.report.places import path_from_here, place_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.diagnostics import Diagnostic

VERSION = 1


def diagnostic_to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a finding as a JSON object (see the module)."""
    path, line, column, end_line, end_column = place_in_file(diagnostic)
    return {
        "path": path_from_here(path),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "label": diagnostic.label,
        "help": diagnostic.help,
    }


def report_to_json(diagnostics: Iterable[Diagnostic], summary: dict[str, Any], tool_version: str) -> str:
    """Return the whole report, indented, without a line end after it."""
    report = {
        "version": VERSION,
        "tool": {"name": "apimpolicy", "version": tool_version},
        "summary": summary,
        "diagnostics": [diagnostic_to_json(diagnostic) for diagnostic in diagnostics],
    }
    return to_json(report, indent=2, ensure_ascii=True)
