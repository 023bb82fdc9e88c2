"""`apimpolicy gate [PATH]`: check, tests, claims, audit and diff at once, for a pull request.

Each part is a function that returns a `GatePart`; `_PARTS` lists them in their order. What a part finds has a word of
`project.gate_settings.WORDS`, which decides whether it fails the gate.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import commands
from apimpolicy.cli.audit import search_of
from apimpolicy.cli.check import Baselines, cache_for
from apimpolicy.cli.commands import WithHelp, check_environment, selects_environment, show_stand_ins
from apimpolicy.cli.diff import compare, exit_code_of
from apimpolicy.cli.program import say
from apimpolicy.cli.progress import waiting
from apimpolicy.cli.test import RunOptions, reports_of
from apimpolicy.cli.written_files import write_report_to, write_text
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.audit_changes import ADDED, REMOVED, Change, changes_of
from apimpolicy.project.baseline import Baseline
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import SECONDS, CheckRun
from apimpolicy.project.discovery import discover
from apimpolicy.project.environments import find_configuration, selected
from apimpolicy.project.gate_settings import (
    CHANGES,
    ERRORS,
    FAILURES,
    FALSE,
    NOT_RUN,
    UNDECIDED,
    WARNINGS,
    WEAKER,
    WORDS,
    GateSettings,
    name_baseline,
)
from apimpolicy.project.gateways import NoApisError
from apimpolicy.project.revisions import is_shallow, revision_of
from apimpolicy.project.service.leniency import Leniency, lenient
from apimpolicy.project.service.reading import kept_services
from apimpolicy.reasoning.audit import order
from apimpolicy.report import claim_results
from apimpolicy.report.columns import Style, counted, first_of, printable
from apimpolicy.report.difference_data import ComparisonReport
from apimpolicy.report.gate_report import GateFinding, GatePart, GateReport, gate_as, gate_text
from apimpolicy.report.result_findings import case_findings, claim_findings, difference_findings, finding_at

if TYPE_CHECKING:
    from apimpolicy.project.audit_run import AuditRun
    from apimpolicy.reasoning.audit.findings import AuditFinding
    from apimpolicy.report.test_results import CaseReport
    from apimpolicy.testing.comparing.versions import Versions

FORMATS = ("text", "markdown", "json", "sarif", "junit", "github", "azure")
_ENDINGS = {".md": "markdown", ".json": "json", ".sarif": "sarif", ".xml": "junit", ".txt": "text"}
_CODES = {NOT_RUN: commands.USAGE, UNDECIDED: commands.UNDECIDED}
"""Exit codes of words, as `check`, `prove` and `diff` have them; others are findings."""
_FIRST_CODES = (commands.USAGE, commands.FINDINGS, commands.UNDECIDED)
_NEEDS_SOLVER = "it needs the solver: pip install 'apimpolicy[prove]'"
_COMMENT_OF_DIFF = 35_000
"""Characters, of those that a comment may have."""
_BY_SEVERITY = {Severity.ERROR: ERRORS, Severity.WARNING: WARNINGS}


@click.command("gate", cls=WithHelp)
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--since", metavar="REVISION", help="Compare with this revision, such as origin/main.")
@click.option("--tests", "test_paths", multiple=True, metavar="PATH", help="Run tests and claims here; default PATH.")
@click.option("--fail", multiple=True, type=click.Choice(list(WORDS)), help="Fail for this too; may be repeated.")
@click.option("--allow", multiple=True, type=click.Choice(list(WORDS)), help="Don't fail for this; may be repeated.")
@click.option("--baseline", metavar="FILE", help="Don't report the findings in this file.")
@click.option(
    "--write-baseline", metavar="FILE", help="Write the current findings to a baseline, and name it in apimpolicy.toml."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="The output format.")
@click.option(
    "--report",
    "files",
    multiple=True,
    metavar="FILE",
    help="Also write a report: .md (a comment), .json, .sarif, .xml (JUnit) or .txt.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show everything that was found, not only what fails.")
@selects_environment
def command(
    path: str,
    since: str | None,
    test_paths: tuple[str, ...],
    fail: tuple[str, ...],
    allow: tuple[str, ...],
    baseline: str | None,
    write_baseline: str | None,
    form: str,
    files: tuple[str, ...],
    verbose: bool,
) -> int:
    """Check, test, prove, audit and compare a folder at once: one result for a pull request.

    Each part runs as far as it applies, and is one line. What can't run fails the gate.

    \b
    Examples:
      apimpolicy gate
      apimpolicy gate --since origin/main
      apimpolicy gate extracted --since origin/main --allow weaker
      apimpolicy gate --write-baseline gate-baseline.json
      apimpolicy gate --since origin/main --format github --report comment.md

    \b
    Decide in apimpolicy.toml what fails it:
      [gate]
      fail = ["warnings", "changes"]
      allow = ["weaker"]
      baseline = "gate-baseline.json"

    Words: errors, failures (of tests), false (claims), undecided, weaker (access) and not-run fail the gate; warnings
    and changes (for callers) only if you list them.

    Exits with 0 if nothing fails, 1 if something does, 2 if a part can't run or the command line is invalid, 3 if only
    something undecided fails it, 5 if there is nothing to run.
    """
    started = time.perf_counter()
    forms = {file: _form_of(file) for file in files}
    settings = _settings(path).with_options(fail, allow)
    if both := set(fail) & set(allow):
        raise click.UsageError(f"--fail and --allow both have '{min(both)}'")
    check_environment([path])
    name = None if write_baseline else baseline or settings.baseline
    run = _GateRun(path, since, test_paths or (path,), None if name is None else Baseline.load(name))
    parts = run.parts()
    report = GateReport(parts, settings, run.baseline is not None, time.perf_counter() - started, run.stand_ins)
    _say_what_was_missing(run.stand_ins, is_verbose=verbose)
    if write_baseline is not None:
        return _write_baseline(report, path, write_baseline)
    code = _exit_code(report)
    style = Style.of(sys.stdout)
    text = gate_text(report, style, verbose=verbose) if form == "text" else gate_as(form, report, code)
    write_report_to(None, text, is_text=form in ("text", "markdown"))
    for file, each in forms.items():
        shown = gate_text(report, verbose=verbose) if each == "text" else gate_as(each, report, code)
        write_text(file, f"{shown}\n")
    run.say_what_is_gone(report)
    return code


def _say_what_was_missing(found: Leniency, *, is_verbose: bool) -> None:
    """Print the stand-ins and problems of services with -v, and else in a line: `audit` reports what they hide."""
    if is_verbose:
        show_stand_ins(found)
        return
    found.is_shown = True
    counts = [counted(len(found.stand_ins), "stand-in")] if found.stand_ins else []
    counts += [f"{counted(len(found.problems), 'part')} of services left out"] if found.problems else []
    if counts:
        say(f"{', '.join(counts)}; -v lists them")


def _form_of(file: str) -> str:
    form = _ENDINGS.get(os.path.splitext(file)[1].lower())
    if form is None:
        raise click.UsageError(f"--report {file}: the name must end in {', '.join(_ENDINGS)}")
    return form


def _settings(path: str) -> GateSettings:
    """Return the settings of the nearest configuration. Raises ConfigurationError, also for what is no folder."""
    if not os.path.isdir(path):
        raise ConfigurationError(f"there is no folder {path}; name the folder with your policies")
    config = find_configuration(path)
    if config is None:
        return GateSettings()
    from apimpolicy.project.configuration import load_configuration

    return load_configuration(config).gate()


def _exit_code(report: GateReport) -> int:
    if report.is_empty:
        return commands.NO_TESTS
    codes = {_CODES.get(each.word, commands.FINDINGS) for each in report.failing}
    return next((code for code in _FIRST_CODES if code in codes), commands.CLEAN)


def _write_baseline(report: GateReport, folder: str, path: str) -> int:
    """Write what may wait to a baseline; what can't run may not, so that the exit code tells of it."""
    known = (_keyed(each) for part in report.parts for each in part.findings if each.key)
    count = Baseline.of(path, known).save()
    config = name_baseline(folder, path)
    print(f"wrote {counted(count, 'finding')} to {path}, which {os.path.normpath(config)} names")
    not_run = [part for part in report.parts if any(each.word == NOT_RUN for each in part.findings)]
    for part in not_run:
        say(f"{part.name}: {part.line}")
    return commands.USAGE if not_run else commands.CLEAN


def _keyed(finding: GateFinding) -> Diagnostic:
    """Return a finding as it is in a baseline, without what may differ from run to run."""
    return finding.diagnostic.replaced(message=finding.key)


class _GateRun:
    """One run: what its parts share."""

    def __init__(self, path: str, since: str | None, test_paths: Sequence[str], baseline: Baseline | None) -> None:
        self.path = path
        self.since = since
        self.test_paths = test_paths
        self.baseline = baseline
        self.stand_ins = Leniency()
        self.versions: Versions | None = None
        self.unreadable: set[str] = set()
        """The test files that can't be read, which each is reported once."""

    def parts(self) -> tuple[GatePart, ...]:
        """Run all parts. Raises ConfigurationError for a revision that doesn't exist."""
        with ExitStack() as stack:
            stack.enter_context(kept_services())
            if self.since is not None:
                self.versions = stack.enter_context(_versions(self.since, self.path))
            found = {"check": self._guarded("check", _check)}
            stack.enter_context(lenient(self.stand_ins))
            found |= {name: self._guarded(name, part) for name, part in _PARTS.items()}
        return tuple(found.values())

    def _guarded(self, name: str, part: Callable[[_GateRun], GatePart]) -> GatePart:
        try:
            with waiting(name):
                return part(self)
        except ApimPolicyError as error:
            from apimpolicy.testing.tree import problem_in_words

            return _not_run(name, problem_in_words(error))

    def judged(self, findings: Sequence[GateFinding]) -> tuple[list[GateFinding], int]:
        """Return the findings that the baseline doesn't have, and how many it has."""
        if self.baseline is None:
            return list(findings), 0
        fresh = [each for each in findings if not (each.key and self.baseline.takes(_keyed(each)))]
        return fresh, len(findings) - len(fresh)

    def say_what_is_gone(self, report: GateReport) -> None:
        """Report entries of the baseline that no longer occur, if every part could run."""
        has_run = not any(each.word == NOT_RUN for part in report.parts for each in part.findings)
        if self.baseline is not None and has_run and (count := self.baseline.gone):
            what = "1 entry" if count == 1 else f"{count} entries"
            say(f"{what} of {self.baseline.path} no longer occur{'s' * (count == 1)}; refresh it with --write-baseline")

    @property
    def old_folder(self) -> str | None:
        """The folder as it was at the revision; None where it wasn't there."""
        return None if self.versions is None or self.versions.folders is None else self.versions.folders[0]

    @cached_property
    def comparison(self) -> ComparisonReport | None:
        """The comparison with the revision, which `audit` takes places from; None where nothing can be compared."""
        if self.versions is None or find_spec("z3") is None:
            return None
        from apimpolicy.gateway.engine.token_issuers import shared_keys

        with shared_keys():
            return compare(self.versions)


@contextmanager
def _versions(revision: str, path: str) -> Iterator[Versions | None]:
    """Yield the folder at a revision and now; None where it wasn't there. Raises ConfigurationError."""
    try:
        found = revision_of(revision, path)
    except ConfigurationError as error:
        raise ConfigurationError(f"--since {revision}: {error}") from None
    if found is None:
        more = "; this clone is shallow: fetch more of its history with git fetch --unshallow" * is_shallow(path)
        raise ConfigurationError(f"--since {revision}: git has no such revision{more}")
    if found.find(path) is None:
        yield None
        return
    from apimpolicy.testing.comparing.versions import versions

    with versions(f"{revision}:{path}", path) as both:
        yield both


def _not_run(name: str, problem: str) -> GatePart:
    """Return a part that applies and can't run, which fails the gate."""
    first = problem.strip().partition("\n")[0]
    found = GateFinding(NOT_RUN, finding_at("", 1, "gate", f"{name}: {problem}"), text=_sentence(f"{name}: {problem}"))
    return GatePart(name, f"can't run: {first}", (found,))


def _sentence(text: str) -> Callable[[Style], str]:
    lines = "\n".join(map(printable, text.splitlines()))
    return lambda style: style.fit(lines)


def _severities(findings: Sequence[GateFinding]) -> str:
    """`no errors, 2 warnings`"""
    found = [each.word for each in findings]
    errors, warnings = found.count(ERRORS), found.count(WARNINGS)
    return f"{counted(errors, 'error') if errors else 'no errors'}, " + (
        counted(warnings, "warning") if warnings else "no warnings"
    )


def _in_baseline(known: int) -> str:
    return f" ({known:,} in the baseline)" if known else ""


# check


def _check(run: _GateRun) -> GatePart:
    from apimpolicy.report.terminal import render

    projects = CheckProjects(CheckOptions(environment=selected(), since=run.since if run.old_folder else None))
    found = discover([run.path], projects)
    for path in found.files:
        projects.of(path)
    checking = CheckRun(projects, cache_for(projects, len(found.files)), SECONDS)
    checking.services.check_options(found.files)
    baselines = Baselines(projects)
    problems, findings, known, files = list(found.unreadable), list[GateFinding](), 0, 0
    everything = chain(checking.all(found.files, 0, lambda: None), checking.information(found.files, found.trees))
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
            word = _BY_SEVERITY.get(each.severity, "")
            word = ERRORS if is_strict and word else word
            findings.append(GateFinding(word, each, each.message, partial(render, each)))
    if checking.cache is not None:
        checking.cache.save()
    findings, more = run.judged(findings)
    findings += (GateFinding(NOT_RUN, finding_at("", 1, "gate", each), text=_sentence(each)) for each in problems)
    if not files and not problems:
        return GatePart("check", "no policies", applies=False)
    unread = f", {counted(len(problems), 'file')} not checked" if problems else ""
    line = f"{_severities(findings)}{_in_baseline(known + more)}{unread}"
    return GatePart("check", line, tuple(findings), known + more)


# tests and claims


def _tests(run: _GateRun) -> GatePart:
    from apimpolicy.report.test_results import counts_in_words, failure
    from apimpolicy.testing.test_file_search import find_test_files

    files = find_test_files(run.test_paths)
    reports: list[CaseReport] = []
    findings: list[GateFinding] = []
    for path, found, problem, _ in reports_of(
        files, RunOptions(run.test_paths, (), False, None, None, 1, False, "text", None)
    ):
        reports += found
        if problem:
            run.unreadable.add(path)
            findings += (
                GateFinding(NOT_RUN, each, text=_sentence(problem)) for each in case_findings([], {path: problem})
            )
    for report in reports:
        for each in case_findings([report], {}):
            findings.append(GateFinding(FAILURES, each, report.name, partial(failure, report)))
    if not reports and not findings:
        return GatePart("tests", "no test cases" if files else "no test files", applies=False)
    fresh, known = run.judged(findings)
    more = f", {counted(len(run.unreadable), 'file')} can't be read" if run.unreadable else ""
    line = f"{counts_in_words(reports)}{_in_baseline(known)}{more}"
    passed = tuple(each.name for each in reports if each.status == "passed")
    return GatePart("tests", line, tuple(fresh), known, passed=passed)


_OF_CLAIMS = {claim_results.FALSE: FALSE, claim_results.UNDECIDED: UNDECIDED, claim_results.ERROR: NOT_RUN}


def _claims(run: _GateRun) -> GatePart:
    from apimpolicy.cli.prove import decide_claims
    from apimpolicy.report.claim_results import claim
    from apimpolicy.testing.claims.configured import configurations_with_claims, find_claims

    config = find_configuration(run.path)
    above = [] if config is None else configurations_with_claims([os.path.normpath(config)])
    files, unreadable = find_claims((*run.test_paths, *above))
    unreadable = {path: problem for path, problem in unreadable.items() if path not in run.unreadable}
    if not files and not unreadable:
        return GatePart("claims", "no claims", applies=False)
    if find_spec("z3") is None:
        return _not_run("claims", _NEEDS_SOLVER)
    reports = decide_claims(files, None, None, False, False, unreadable, debug=False)
    findings: list[GateFinding] = []
    for report in reports:
        name = f"{report.name} ({report.about})" if report.about else report.name
        for each in claim_findings([report]):
            word = _OF_CLAIMS[report.status]
            findings.append(GateFinding(word, each, "" if word == NOT_RUN else name, partial(claim, report)))
    findings, known = run.judged(findings)
    for path, problem in unreadable.items():
        findings.append(GateFinding(NOT_RUN, finding_at(path, 1, "gate", problem), text=_sentence(problem)))
    statuses = [each.status for each in reports]
    vacuous = sum(bool(each.vacuous) for each in reports)
    counts = [f"{statuses.count(each)} {word}" for each, word in claim_results.WORDS.items() if each in statuses]
    counts += [f"{vacuous} {claim_results.VACUOUS}"] if vacuous else []
    counts += [f"{counted(len(unreadable), 'file')} can't be read"] if unreadable else []
    passed = tuple(each.name for each in reports if each.status == claim_results.PROVEN)
    return GatePart("claims", ", ".join(counts) + _in_baseline(known), tuple(findings), known, passed=passed)


# audit and diff


def _audit(run: _GateRun) -> GatePart:
    from apimpolicy.project.audit_run import audit_services
    from apimpolicy.report.audit_text import title

    try:
        audits = audit_services(run.path, search_of=search_of())
    except NoApisError:
        return GatePart("audit", "no service with an API", applies=False)
    findings = [
        GateFinding(
            _BY_SEVERITY.get(diagnostic.severity, ""),
            diagnostic,
            diagnostic.message,
            partial(_audit_finding, audit, finding),
        )
        for audit in audits
        for finding, diagnostic in audit.diagnostics
    ]
    findings, known = run.judged(findings)
    known += sum(each.known for each in audits)
    parts = [f"{_severities(findings)}{_in_baseline(known)}"]
    if run.since is None:
        operations = [title(each) for each in audits]
        parts = [operations[0] if len(audits) == 1 else counted(len(audits), "service"), *parts]
    else:
        root = "" if run.versions is None else os.path.normpath(run.versions.places[0][0])
        changes = changes_of(audits, run.old_folder, run.since, root)
        findings = [*_access_findings(changes, audits, run.comparison), *findings]
        parts = [_changed_access(changes), *parts]
    return GatePart("audit", ", ".join(parts), tuple(findings), known)


_NEW_AND_OPEN = "new and open"
_OF_ACCESS: dict[str, tuple[str, str, Severity]] = {
    order.WEAKER: ("weaker for {}", WEAKER, Severity.ERROR),
    _NEW_AND_OPEN: ("{} added that anyone reaches", WEAKER, Severity.ERROR),
    order.CHANGED: ("stronger for some callers and weaker for others, for {}", WEAKER, Severity.ERROR),
    order.UNKNOWN: ("not comparable for {}", UNDECIDED, Severity.WARNING),
    order.STRONGER: ("stronger for {}", "", Severity.INFO),
    ADDED: ("{} added", "", Severity.INFO),
    REMOVED: ("{} removed", "", Severity.INFO),
}
"""The relations of access in two versions: in words, the word that allows it, and the severity."""


def _audit_finding(audit: AuditRun, finding: AuditFinding, style: Style) -> str:
    from apimpolicy.report.audit_text import finding_lines

    return "\n".join(finding_lines(audit, finding, style))


def _relation(change: Change) -> str:
    return _NEW_AND_OPEN if change.relation == ADDED and change.is_weaker else change.relation


def _changed_access(changes: Sequence[Change]) -> str:
    """`weaker for 6 operations, 1 operation added`"""
    relations = [_relation(each) for each in changes]
    counts = {words: relations.count(relation) for relation, (words, *_) in _OF_ACCESS.items()}
    found = [words.format(counted(count, "operation")) for words, count in counts.items() if count]
    return ", ".join(found) or "access unchanged"


def _access_findings(
    changes: Sequence[Change], audits: Sequence[AuditRun], comparison: ComparisonReport | None
) -> Iterator[GateFinding]:
    """Yield a finding for the operations of an API whose access changed alike, at the change that did it."""
    from apimpolicy.report.audit_text import both_words, changes_together

    for first, names in changes_together(changes):
        audited = [each for audit in audits if audit.service == first.service for each in audit.audit.operations]
        total = sum(each.api.id == first.api for each in audited)
        subject = f"{first.subject}/*" if len(names) == total > 1 else f"{first.subject} {first_of(names, 3)}"
        words, word, severity = _OF_ACCESS[_relation(first)]
        what = words.format(counted(len(names), "operation"))
        what = f"Access is {what}" if words.index("{") else what
        text = f"{what}: {subject}: {'; '.join((both_words(first), *first.details))}"
        file, line = _cause(first, comparison)
        shown = _sentence(f"{text} ({file}:{line})" if file else text)
        yield GateFinding(word, finding_at(file, line, "audit", text, severity), text=shown)


def _cause(change: Change, comparison: ComparisonReport | None) -> tuple[str, int]:
    """Return file and line of what gives callers access to operations; none where it isn't known."""
    if comparison is None:
        return "", 1
    alike = (change.api, change.before, change.after, change.details)
    accesses = [each for each in comparison.access if (each.api, each.before, each.after, each.details) == alike]
    names = {name for each in accesses for name in each.operations}
    for item in sorted(comparison.items, key=lambda each: not each.was_refused):
        if item.cause is not None and not names.isdisjoint(item.operations):
            return item.cause.file, item.cause.line
    settings = [each for group in comparison.settings if group.name == f"API {change.api}" for each in group.changes]
    return next(((each.file, each.line) for each in settings if each.meaning and each.file), ("", 1))


def _diff(run: _GateRun) -> GatePart:
    if run.since is None:
        return GatePart("diff", "not compared: no --since", applies=False)
    if run.versions is None:
        return GatePart("diff", f"not compared: {run.since} has no {run.path}, all of it is new", applies=False)
    if run.comparison is None:
        return _not_run("diff", _NEEDS_SOLVER)
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

_PARTS = {"tests": _tests, "claims": _claims, "audit": _audit, "diff": _diff}
"""The parts after `check`, which needs no stand-ins."""
