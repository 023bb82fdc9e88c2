"""The parts of `gate`, in their order: what each finds has a word of `project.gate_settings.WORDS`."""

from __future__ import annotations

import os
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from apimpolicy.cli import commands
from apimpolicy.cli.check import Baselines, cache_for
from apimpolicy.cli.diff import exit_code_of
from apimpolicy.cli.gate_access import audit_part
from apimpolicy.cli.gate_run import (
    BY_SEVERITY,
    NEEDS_SOLVER,
    GateRun,
    has_solver,
    in_baseline,
    not_run,
    sentence,
    severities,
)
from apimpolicy.cli.test import RunOptions, reports_of
from apimpolicy.diagnostics import Severity
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import SECONDS, CheckRun
from apimpolicy.project.discovery import discover
from apimpolicy.project.environments import find_configuration, selected
from apimpolicy.project.gate_settings import CHANGES, ERRORS, FAILURES, FALSE, NOT_RUN, UNDECIDED
from apimpolicy.report import claim_results
from apimpolicy.report.columns import counted
from apimpolicy.report.difference_data import ComparisonReport
from apimpolicy.report.gate_report import GateFinding, GatePart
from apimpolicy.report.result_findings import case_findings, claim_findings, difference_findings, finding_at

if TYPE_CHECKING:
    from apimpolicy.report.test_results import CaseReport

_COMMENT_OF_DIFF = 35_000
"""Characters, of those that a comment may have."""


def check_part(run: GateRun) -> GatePart:
    from apimpolicy.report.terminal import render

    projects = CheckProjects(CheckOptions(environment=selected(), since=run.since if run.old_folder else None))
    discovery = discover([run.path], projects)
    for path in discovery.files:
        projects.of(path)
    checking = CheckRun(projects, cache_for(projects, len(discovery.files)), SECONDS)
    checking.services.check_options(discovery.files)
    baselines = Baselines(projects)
    problems, findings, known, files = list(discovery.unreadable), list[GateFinding](), 0, 0
    everything = chain(
        checking.all(discovery.files, 0, lambda: None), checking.information(discovery.files, discovery.trees)
    )
    for checked in everything:
        files += 1
        if checked.problem is not None:
            problems.append(checked.problem)
            continue
        diagnostics = checked.diagnostics()
        fresh = baselines.without_known(checked.path, diagnostics)
        known += len(diagnostics) - len(fresh)
        is_strict = projects.of(checked.path).check.is_strict(checked.path)
        for each in fresh:
            word = BY_SEVERITY.get(each.severity, "")
            word = ERRORS if is_strict and word else word
            findings.append(GateFinding(word, each, each.message, partial(render, each)))
    if checking.cache is not None:
        checking.cache.save()
    findings, more = run.judged(findings)
    findings += (GateFinding(NOT_RUN, finding_at("", 1, "gate", each), text=sentence(each)) for each in problems)
    if not files and not problems:
        return GatePart("check", "no policies", applies=False)
    unread = f", {counted(len(problems), 'file')} not checked" if problems else ""
    line = f"{severities(findings)}{in_baseline(known + more)}{unread}"
    return GatePart("check", line, tuple(findings), known + more)


def _tests(run: GateRun) -> GatePart:
    from apimpolicy.report.test_results import counts_in_words, failure
    from apimpolicy.testing.test_file_search import find_test_files

    files = find_test_files(run.test_paths)
    reports: list[CaseReport] = []
    findings: list[GateFinding] = []
    for path, reports_of_file, problem, _ in reports_of(
        files, RunOptions(run.test_paths, (), False, None, None, 1, False, "text", None)
    ):
        reports += reports_of_file
        if problem:
            run.unreadable.add(path)
            findings += (
                GateFinding(NOT_RUN, each, text=sentence(problem)) for each in case_findings([], {path: problem})
            )
    for report in reports:
        for each in case_findings([report], {}):
            findings.append(GateFinding(FAILURES, each, report.name, partial(failure, report)))
    if not reports and not findings:
        return GatePart("tests", "no test cases" if files else "no test files", applies=False)
    fresh, known = run.judged(findings)
    more = f", {counted(len(run.unreadable), 'file')} can't be read" if run.unreadable else ""
    line = f"{counts_in_words(reports)}{in_baseline(known)}{more}"
    passed = tuple(each.name for each in reports if each.status == "passed")
    return GatePart("tests", line, tuple(fresh), known, passed=passed)


_OF_CLAIMS = {claim_results.FALSE: FALSE, claim_results.UNDECIDED: UNDECIDED, claim_results.ERROR: NOT_RUN}


def _claims(run: GateRun) -> GatePart:
    from apimpolicy.cli.prove import decide_claims
    from apimpolicy.report.claim_results import claim
    from apimpolicy.testing.claims.configured import configurations_with_claims, find_claims

    config = find_configuration(run.path)
    above = [] if config is None else configurations_with_claims([os.path.normpath(config)])
    files, unreadable = find_claims((*run.test_paths, *above))
    unreadable = {path: problem for path, problem in unreadable.items() if path not in run.unreadable}
    if not files and not unreadable:
        return GatePart("claims", "no claims", applies=False)
    if not has_solver():
        return not_run("claims", NEEDS_SOLVER)
    reports = decide_claims(files, None, None, False, False, unreadable, debug=False)
    findings: list[GateFinding] = []
    for report in reports:
        name = f"{report.name} ({report.about})" if report.about else report.name
        for each in claim_findings([report]):
            word = _OF_CLAIMS[report.status]
            findings.append(GateFinding(word, each, "" if word == NOT_RUN else name, partial(claim, report)))
    findings, known = run.judged(findings)
    for path, problem in unreadable.items():
        findings.append(GateFinding(NOT_RUN, finding_at(path, 1, "gate", problem), text=sentence(problem)))
    statuses = [each.status for each in reports]
    vacuous = sum(bool(each.vacuous) for each in reports)
    counts = [f"{statuses.count(each)} {word}" for each, word in claim_results.WORDS.items() if each in statuses]
    counts += [f"{vacuous} {claim_results.VACUOUS}"] if vacuous else []
    counts += [f"{counted(len(unreadable), 'file')} can't be read"] if unreadable else []
    passed = tuple(each.name for each in reports if each.status == claim_results.PROVEN)
    return GatePart("claims", ", ".join(counts) + in_baseline(known), tuple(findings), known, passed=passed)


def _diff(run: GateRun) -> GatePart:
    if run.since is None:
        return GatePart("diff", "not compared: no --since", applies=False)
    if run.versions is None:
        return GatePart("diff", f"not compared: {run.since} has no {run.path}, all of it is new", applies=False)
    if run.comparison is None:
        return not_run("diff", NEEDS_SOLVER)
    from apimpolicy.report.difference_data import verdict
    from apimpolicy.report.difference_formats import to_markdown
    from apimpolicy.report.difference_text import comparison

    report = run.comparison
    if not run.versions.pairs and report.is_empty and not report.has_service:
        return GatePart("diff", "no policies", applies=False)
    besides_access = report._replace(access=(), breaks=())  # `audit` has the access
    code = exit_code_of(besides_access)
    findings = [
        GateFinding(_OF_DIFFERENCES.get(each.severity, "") if code else "", each)
        for each in difference_findings(besides_access)
    ]
    refused = ComparisonReport(breaks=report.breaks)
    findings += (GateFinding(ERRORS, each) for each in difference_findings(refused))
    line = verdict(report, with_access=False).removesuffix(".")
    if code in (commands.FINDINGS, commands.UNDECIDED) and not any(each.word == CHANGES for each in findings):
        findings.append(GateFinding(CHANGES, finding_at("", 1, "diff", line, Severity.WARNING)))
    return GatePart(
        "diff",
        line[:1].lower() + line[1:],
        tuple(findings),
        text=partial(comparison, report),
        comment=lambda: to_markdown(report, _COMMENT_OF_DIFF) if findings else "",
    )


_OF_DIFFERENCES = {Severity.ERROR: NOT_RUN, Severity.WARNING: CHANGES}
"""The words of differences by severity: errors are versions that could not be loaded."""

PARTS = {"tests": _tests, "claims": _claims, "audit": audit_part, "diff": _diff}
"""The parts after `check`, which needs no stand-ins."""
