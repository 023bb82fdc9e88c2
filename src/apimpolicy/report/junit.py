"""Results as JUnit's XML, which every CI server shows: findings, test cases, claims and audits have one model.

There is no standard. The schema of Jenkins' xUnit plugin, which refuses whatever it does not describe, is what pytest
keeps to as well; GitLab and Azure Pipelines read the same:
https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.report.harmless import harmless_markup, visible_lines
from apimpolicy.report.places import place_in_file

if TYPE_CHECKING:
    from apimpolicy.report.test_results import CaseReport

PASSED, SKIPPED = "passed", "skipped"
_ELEMENTS = {"failed": "failure", "error": "error", SKIPPED: "skipped"}


class JunitCase(NamedTuple):
    """A test case: `status` is passed, failed, error or skipped; `type` is the code of a finding."""

    name: str
    classname: str
    status: str = PASSED
    message: str = ""
    text: str = ""
    type: str = ""
    seconds: float | None = None


class JunitSuite(NamedTuple):
    """A suite of test cases, of a test file if `file` is its path."""

    name: str
    cases: Sequence[JunitCase]
    file: str = ""


def to_junit(suites: Sequence[JunitSuite], seconds: float | None = None) -> str:
    """Return the whole report, without a line end after it; by default the cases tell how long it took."""
    lines = [f'<testsuites name="apimpolicy" {_counts([case for suite in suites for case in suite.cases], seconds)}>']
    for suite in suites:
        file = f" file={attribute(suite.file)}" if suite.file else ""
        skipped = sum(case.status == SKIPPED for case in suite.cases)
        counts = f'{_counts(suite.cases, seconds)} skipped="{skipped}"'
        lines += [f"  <testsuite name={attribute(suite.name)}{file} {counts}>", *map(_case, suite.cases)]
        lines.append("  </testsuite>")
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *lines, "</testsuites>"])


def _counts(cases: Sequence[JunitCase], seconds: float | None) -> str:
    failures, errors = (sum(case.status == status for case in cases) for status in ("failed", "error"))
    time = sum(case.seconds or 0.0 for case in cases) if seconds is None else seconds
    return f'tests="{len(cases)}" failures="{failures}" errors="{errors}" time="{time:.3f}"'


def _case(case: JunitCase) -> str:
    time = "" if case.seconds is None else f' time="{case.seconds:.3f}"'
    head = f"    <testcase name={attribute(case.name)} classname={attribute(case.classname)}{time}"
    if case.status == PASSED:
        inner = f"<system-out>{text(case.text)}</system-out>" if case.text else ""
    else:
        element, kind = _ELEMENTS[case.status], f" type={attribute(case.type)}" if case.type else ""
        inner = f"<{element} message={attribute(case.message)}{kind}>{text(case.text)}</{element}>"
    return f"{head}>\n      {inner}\n    </testcase>" if inner else f"{head} />"


def _printable(text: str) -> str:
    """Return text with invisible characters made visible, without the two that XML 1.0 can't contain."""
    return visible_lines(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def text(content: str) -> str:
    """Return a text as XML has it."""
    return harmless_markup(escape(_printable(content)))


def attribute(content: str) -> str:
    """Return a text as an attribute's value, with its quotation marks."""
    return harmless_markup(quoteattr(_printable(content)))


def findings_to_junit(
    paths: Sequence[str], diagnostics: Iterable[Diagnostic], seconds: float, *, strict: Collection[str] = ()
) -> str:
    """Return findings: a file is a test case, and errors fail it, as warnings do for files that are in `strict`."""
    by_path: dict[str, list[Diagnostic]] = {path: [] for path in paths}
    for diagnostic in diagnostics:
        by_path.setdefault(place_in_file(diagnostic).path, []).append(diagnostic)
    return to_junit([JunitSuite("apimpolicy check", list(_files(by_path, strict)))], seconds)


def _files(by_path: dict[str, list[Diagnostic]], strict: Collection[str]) -> Iterator[JunitCase]:
    for path, findings in by_path.items():
        bad = (Severity.ERROR, Severity.WARNING) if path in strict else (Severity.ERROR,)
        first = next((diagnostic for diagnostic in findings if diagnostic.severity in bad), None)
        case = JunitCase(path, "apimpolicy", text="\n".join(map(str, findings)))
        yield case if first is None else case._replace(status="failed", message=first.message, type=first.code)


def cases_to_junit(reports: Sequence[CaseReport]) -> str:
    """Return test cases: a test file is a suite."""
    by_path: dict[str, list[JunitCase]] = {}
    for report in reports:
        place = f"{report.path}:{report.line}"
        content = "\n".join(filter(None, (place, *report.sentences, report.problem, report.explanation)))
        message = "; ".join(report.sentences) or report.problem.partition("\n")[0]
        shown = ("", "") if report.status == PASSED else (message, "" if report.status == SKIPPED else content)
        case = JunitCase(report.name, report.path, report.status, *shown, seconds=report.seconds)
        by_path.setdefault(report.path, []).append(case)
    return to_junit([JunitSuite(path, cases, path) for path, cases in by_path.items()])
