"""Findings as SARIF 2.1.0, which GitHub's code scanning and Azure DevOps read: `--format sarif`.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from apimpolicy.diagnostics import Severity
from apimpolicy.report.harmless import to_json, visible_lines
from apimpolicy.report.places import path_from_here, place_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.diagnostics import Diagnostic

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def report_to_sarif(diagnostics: Iterable[Diagnostic], tool_version: str) -> str:
    """Return the whole report, indented, without a line end after it."""
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for diagnostic in diagnostics:
        if diagnostic.code not in rules:
            rules[diagnostic.code] = _rule(diagnostic.code)
        results.append(_result(diagnostic, list(rules).index(diagnostic.code)))
    driver = {"name": "apimpolicy", "version": tool_version, "rules": list(rules.values())}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True)


def _rule(code: str) -> dict[str, Any]:
    from apimpolicy.checks.pages import page_of_code

    rule: dict[str, Any] = {"id": code}
    page = page_of_code(code)
    if page is not None:
        title, _, rest = page.partition("\n")
        name, _, summary = title.partition(": ")
        if summary:
            rule["name"] = "".join(part.capitalize() for part in name.split("-"))
        rule["shortDescription"] = {"text": summary or title}
        if rest.strip():
            rule["help"] = {"text": rest.strip(), "markdown": rest.strip()}
    return rule


def _result(diagnostic: Diagnostic, index: int) -> dict[str, Any]:
    place = place_in_file(diagnostic)
    parts = (diagnostic.message, diagnostic.label, diagnostic.help)
    text = "\n".join(visible_lines(part) for part in parts if part)
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": max(place.end_column, place.column + 1) if place.end_line == place.line else place.end_column,
    }
    location = {"artifactLocation": {"uri": uri_of(place.path)}, "region": region}
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    }


def uri_of(path: str) -> str:
    """Return a path as SARIF has it."""
    path = path_from_here(path)
    if os.path.isabs(path):
        from pathlib import Path

        return Path(path).as_uri()
    return quote(os.fsencode(path.replace(os.sep, "/")))
