"""Findings as JUnit's XML, which every CI server shows: `--format junit`. A file is a test case; errors fail it.

There is no standard. The schema of Jenkins' xUnit plugin, which refuses whatever it does not describe, is what pytest
keeps to as well; GitLab and Azure Pipelines read the same:
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from apimpolicy.diagnostics import Severity
from apimpolicy.report.harmless import harmless_markup, visible_lines
from apimpolicy.report.places import place_in_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from apimpolicy.diagnostics import Diagnostic


def report_to_junit(
    paths: Sequence[str], diagnostics: Iterable[Diagnostic], seconds: float, *, strict: Collection[str] = ()
) -> str:
    """Return the whole report, without a line end after it. Warnings fail the files that are in `strict`."""
    by_path: dict[str, list[Diagnostic]] = {path: [] for path in paths}
    for diagnostic in diagnostics:
        by_path.setdefault(place_in_file(diagnostic).path, []).append(diagnostic)
    cases: list[str] = []
    failures = 0
    for path, findings in by_path.items():
        bad = (Severity.ERROR, Severity.WARNING) if path in strict else (Severity.ERROR,)
        failing = [diagnostic for diagnostic in findings if diagnostic.severity in bad]
        failures += bool(failing)
        name = f'name={attribute(path)} classname="apimpolicy"'
        listed = text("\n".join(map(str, findings)))
        if failing:
            first = f"message={attribute(failing[0].message)} type={attribute(failing[0].code)}"
            cases.append(f"    <testcase {name}>\n      <failure {first}>{listed}</failure>\n    </testcase>")
        elif findings:
            cases.append(f"    <testcase {name}>\n      <system-out>{listed}</system-out>\n    </testcase>")
        else:
            cases.append(f"    <testcase {name} />")
    counts = f'tests="{len(by_path)}" failures="{failures}" errors="0" time="{seconds:.3f}"'
    suite = [f'  <testsuite name="apimpolicy check" {counts}>', *cases, "  </testsuite>"]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join([head, f'<testsuites name="apimpolicy" {counts}>', *suite, "</testsuites>"])


def _printable(text: str) -> str:
    """Return text with invisible characters made visible, without the two that XML 1.0 can't contain."""
    return visible_lines(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def text(content: str) -> str:
    """Return a text as XML has it."""
    return harmless_markup(escape(_printable(content)))


def attribute(content: str) -> str:
    """Return a text as an attribute's value, with its quotation marks."""
    return harmless_markup(quoteattr(_printable(content)))
