"""`apimpolicy FOLDER`, or without arguments: one screen about a repository with policies.

Each part has a share of two seconds of processor time; what takes longer is left to the command that it names.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, reads_services_once
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun, DeadlineError, deadline
from apimpolicy.project.discovery import Discovery, discover
from apimpolicy.report.columns import Style, counted, printable

if TYPE_CHECKING:
    from apimpolicy.project.service.leniency import Leniency
    from apimpolicy.reasoning.audit.analysis import ServiceAudit

FINDING, CHECKING, AUDITING, TESTING = 0.4, 0.6, 0.6, 0.3
_MOST_ROWS = 6


class _Findings(NamedTuple):
    checked: int
    errors: int
    warnings: int
    files: int


class _Tests(NamedTuple):
    files: int
    cases: int
    claims: int


@click.command("overview", cls=WithHelp)
@click.argument("path", default=".", metavar="[FOLDER]")
@reads_services_once
def command(path: str) -> int:
    """Show what a folder contains: APIs, findings, who reaches the backends, tests, and what to run next."""
    from apimpolicy.project.service.leniency import Leniency, lenient

    found = discovered(path)
    if found is None:
        raise ConfigurationError(f"found no policies in {path} at a glance; `apimpolicy --help` lists the commands")
    projects, discovery = found
    findings = _findings(projects, discovery)
    with lenient(Leniency()) as missing:
        audits = _audits(path)
        tests = _tests(path)
    if not discovery.files and not any(audit.operations for audit in audits.values()):
        raise ConfigurationError(f"found no policies in {path} at a glance; `apimpolicy --help` lists the commands")
    style = Style.of(sys.stdout)
    for line in _screen(path, discovery, findings, audits, tests, missing, style):
        print(style.fit(line))
    return commands.CLEAN


def discovered(path: str) -> tuple[CheckProjects, Discovery] | None:
    """Return the policies below a folder; None when it takes too long to find them. Raises ConfigurationError."""
    projects = CheckProjects(CheckOptions())
    try:
        with deadline(FINDING):
            return projects, discover([path], projects)
    except DeadlineError:
        return None


def _findings(projects: CheckProjects, discovery: Discovery) -> _Findings:
    run = CheckRun(projects, None, CHECKING)
    until = time.process_time() + CHECKING
    checked = errors = warnings = files = 0
    for path in discovery.files:
        if time.process_time() > until:
            break
        checked += 1
        last = path == discovery.files[-1]
        for each in (run.one(path), *(run.information(discovery.files, discovery.trees) if last else ())):
            kinds = [diagnostic.severity for diagnostic in each.diagnostics()] if each.problem is None else []
            errors += kinds.count(Severity.ERROR)
            warnings += kinds.count(Severity.WARNING)
            files += bool(kinds)
    return _Findings(checked, errors, warnings, files)


def _audits(path: str) -> dict[str, ServiceAudit]:
    """Return the audits of the services in a folder, by name; of those that the time is enough for.

    Operations for whose requests it isn't enough are not decided.
    """
    from apimpolicy.project.audit_run import analysed
    from apimpolicy.project.gateways import for_each_service
    from apimpolicy.reasoning.audit.confirming import confirmed

    found: dict[str, ServiceAudit] = {}

    def analyse(name: str) -> None:
        if (analysis := analysed(path)) is not None:
            found[name] = confirmed(analysis.audit, None).audit
            found[name] = confirmed(analysis.audit, analysis.rehearsal()).audit

    with suppress(ApimPolicyError, DeadlineError), deadline(AUDITING):
        for_each_service(path, None, analyse)
    return found


def _tests(path: str) -> _Tests:
    from apimpolicy.testing.case_files import load_case_file
    from apimpolicy.testing.test_file_search import find_test_files

    paths: list[str] = []
    cases = claims = 0
    try:
        with deadline(TESTING):
            paths = find_test_files([path])
            for each in paths:
                try:
                    file = load_case_file(each)
                except ApimPolicyError:
                    continue  # `test` reports it
                cases += len(file.cases)
                claims += len(file.claims)
    except DeadlineError:
        return _Tests(len(paths), 0, 0)
    return _Tests(len(paths), cases, claims)


def _screen(
    path: str,
    discovery: Discovery,
    findings: _Findings,
    audits: dict[str, ServiceAudit],
    tests: _Tests,
    missing: Leniency,
    style: Style,
) -> Iterator[str]:
    from apimpolicy.report.audit_text import LENDING, rows
    from apimpolicy.report.stand_in_text import counts_in_words

    operations = [operation for audit in audits.values() for operation in audit.operations]
    apis = sum(len({operation.api.id for operation in audit.operations}) for audit in audits.values())
    service = f", {counted(len(operations), 'operation')} of {counted(apis, 'API')}" if operations else ""
    service += f" in {len(audits)} services" if len(audits) > 1 else ""
    name = os.path.basename(os.path.abspath(path))
    yield style.paint("strong", printable(name)) + f"  {counted(len(discovery.files), 'policy', 'policies')}{service}"
    yield ""
    yield f"  findings  {_findings_in_words(findings, len(discovery.files), style)}"
    all_rows = [(name, row) for name, audit in audits.items() for row in rows(audit.operations)]
    for index, (name, row) in enumerate(all_rows[:_MOST_ROWS]):
        words = style.paint("error" if row.words == LENDING else "strong", printable(row.shown))
        where = f"{printable(name)}: " if name else ""
        yield f"  {'' if index else 'access':8}  {where}{row.number:,} × {words}: {printable(row.apis)}"
    if len(all_rows) > _MOST_ROWS:
        yield f"            and {len(all_rows) - _MOST_ROWS} more"
    if counts := counts_in_words(missing.stand_ins, missing.problems):
        yield f"  unknown   {counts}: apimpolicy audit -v lists them"
    yield f"  tests     {_tests_in_words(tests)}"
    yield ""
    yield "Next:"
    is_open = any(row.words == LENDING for _, row in all_rows) if all_rows else None
    commands = list(_next(path, next(iter(discovery.files), ""), findings, is_open, tests, next(iter(audits), "")))[:3]
    widest = max(len(line) for line, _ in commands)
    fits = all(widest + 4 + len(what) <= style.width for _, what in commands)
    for line, what in commands:
        gap = " " * (widest - len(line) + 2) if fits else "\n      "
        yield f"  {printable(line)}{gap}{style.paint('dim', what)}"


def _findings_in_words(findings: _Findings, count: int, style: Style) -> str:
    part = f" ({findings.checked:,} of {count:,} files checked)" if findings.checked < count else ""
    if not findings.files:
        return style.paint("good", "none") + part
    kinds = []
    if findings.errors:
        kinds.append(style.paint("error", counted(findings.errors, "error")))
    if findings.warnings:
        kinds.append(style.paint("warning", counted(findings.warnings, "warning")))
    return f"{', '.join(kinds) or 'info only'} in {counted(findings.files, 'file')}{part}"


def _tests_in_words(tests: _Tests) -> str:
    if not tests.files:
        return "none"
    parts = [counted(count, noun) for count, noun in ((tests.cases, "case"), (tests.claims, "claim")) if count]
    return counted(tests.files, "test file") + (f" with {' and '.join(parts)}" if parts else "")


def _next(
    path: str, first: str, findings: _Findings, is_open: bool | None, tests: _Tests, service: str
) -> Iterator[tuple[str, str]]:
    """Yield commands, the most useful ones first; `first` is a policy, `is_open` is None without a service.

    `service` is the first of several.
    """
    where = "" if path == "." else f" {shlex.quote(path)}"
    one = f" --service {shlex.quote(service)}" if service else ""
    if findings.files:
        yield f"apimpolicy check{where}", "list the findings"
    if is_open:
        yield f"apimpolicy audit{where}", "show what anyone can reach, with a request"
    if tests.files:
        yield f"apimpolicy test{where}", "run the tests"
    else:
        yield f"apimpolicy new test{where or ' .'}{one}", "write first tests"
    if tests.claims or is_open is False:
        yield f"apimpolicy prove{where}{one}", "decide claims about every request"
    if is_open is not None:
        yield f"apimpolicy serve{where}{one}", "call the APIs on this machine"
        yield f"apimpolicy explain {where.strip() or '.'} --effective{one}", "list the operations and their policies"
    else:
        yield f"apimpolicy explain {shlex.quote(first)} --get /", "send a request and see what decides"
    if tests.files:
        yield f"apimpolicy mutate{where}", "find changes that the tests don't notice"
