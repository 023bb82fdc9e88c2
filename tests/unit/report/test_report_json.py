"""Findings as JSON: the documented shape."""

from __future__ import annotations

import json

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.report.columns import tool_version
from apimpolicy.report.finding_formats import report_to_json
from apimpolicy.text.source import Source


def test_the_shape() -> None:
    source = Source("<a>\n  <b>\n</a>", "p/ä.xml")
    found = Diagnostic("POL101", "no 'b'", source, 6, 9, Severity.WARNING, label="here", help="Remove it.")
    assert json.loads(report_to_json([found], {"files": 1})) == {
        "version": 1,
        "tool": {"name": "apimpolicy", "version": tool_version()},
        "summary": {"files": 1},
        "diagnostics": [
            {
                "path": "p/ä.xml",
                "line": 2,
                "column": 3,
                "end_line": 2,
                "end_column": 6,
                "code": "POL101",
                "severity": "warning",
                "message": "no 'b'",
                "label": "here",
                "help": "Remove it.",
            }
        ],
    }
