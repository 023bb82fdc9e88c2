"""`apimpolicy test PATH…`: run the cases of test files."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from apimpolicy.cli import commands
from apimpolicy.cli.program import say
from apimpolicy.cli.test_against import against_options, target_of
from apimpolicy.cli.written_files import write_text
from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.text.secrets import markup_without_secrets

if TYPE_CHECKING:
    from apimpolicy.cli.coverage_output import CoverageOutput
    from apimpolicy.cli.test_served import ServedCases
    from apimpolicy.project.service.concerns import Concerns
    from apimpolicy.project.service.leniency import Leniency
    from apimpolicy.report.coverage_data import CoverageReport
    from apimpolicy.report.test_results import CaseReport
    from apimpolicy.testing.against import RealGateway
    from apimpolicy.testing.case_files import Case
    from apimpolicy.testing.coverage import PolicyCoverage


class RunOptions(NamedTuple):
    """The options of one run of the command."""

    paths: Sequence[str]
    words: Sequence[str]
    first: bool
    junit: str | None
    html: str | None
    jobs: int
    verbose: bool
    form: str
    coverage: CoverageOutput | None
    target: RealGateway | ServedCases | None = None

    @property
    def is_text(self) -> bool:
        return self.form == "text"


@click.command("test", cls=commands.WithHelp)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("-k", "words", multiple=True, metavar="TEXT", help="Run cases whose name or file contains this text.")
@click.option("-x", "first", is_flag=True, help="Stop at the first failure.")
@click.option("--junit", metavar="FILE", help="Also write the results as JUnit XML.")
@click.option("--html", metavar="DIR", help="Write a page with the journey of each failed case into this folder.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Number of processes; each runs whole files.")
@click.option("--watch", is_flag=True, help="Run again when a file changes, until Ctrl-C.")
@click.option("-v", "--verbose", is_flag=True, help="List every case, and what isn't known of services.")
@commands.format_option("text json github azure")
@click.option("--coverage", is_flag=True, help="Report policies, branches and conditions that no case reached.")
@click.option(
    "--coverage-report",
    "coverage_files",
    multiple=True,
    metavar="FILE",
    help="Also write the coverage: .html, .json, .xml (Cobertura) or .info (LCOV).",
)
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 if the coverage is lower."
)
@against_options
@commands.selects_environment
@commands.with_stand_ins
@commands.secrets_option
def command(
    paths: tuple[str, ...],
    words: tuple[str, ...],
    first: bool,
    junit: str | None,
    html: str | None,
    jobs: int,
    watch: bool,
    verbose: bool,
    form: str,
    coverage: bool,
    coverage_files: tuple[str, ...],
    fail_under: float | None,
    **against: Any,
) -> int:
    """Run the test cases of policies: files that end in .test.yaml, .test.toml or .test.json.

    Without PATH, run those below the current directory. pytest collects the same files, and also runs tests in Python.

    \b
    Examples:
      apimpolicy test
      apimpolicy test policies/orders.test.yaml -k expired
      apimpolicy test policies --junit results.xml
      apimpolicy test policies --html journeys
      apimpolicy test policies --coverage-report coverage.html --fail-under 90
      apimpolicy test . --against https://contoso.azure-api.net --key "$KEY"

    \b
    A test file, orders.test.yaml:
      policy: orders.xml
      cases:
        - name: no certificate
          request: {get: /orders}
          expect: {status: 403, reason: Invalid client certificate}

    Exits with 0 if all cases pass, 1 if one fails or the coverage is too low, 2 if a file can't be read, 5 if there is
    no case to run.
    """
    paths = paths or (".",)
    coverage_output = None
    if coverage or coverage_files or fail_under is not None:
        from apimpolicy.cli.coverage_output import CoverageOutput

        coverage_output = CoverageOutput(coverage_files, fail_under)
    target = target_of(**against)
    if target is not None and (coverage_output is not None or jobs > 1):
        raise click.UsageError("--against goes neither with --coverage nor with --jobs")
    run = RunOptions(paths, words, first, junit, html, jobs, verbose, form, coverage_output, target)
    if watch:
        from apimpolicy.cli.progress import watch as again

        return again(paths, lambda: _test(run))
    return _test(run)


def _test(run: RunOptions) -> int:
    from apimpolicy.report.columns import Style, printable
    from apimpolicy.report.log_commands import visible_lines
    from apimpolicy.report.test_results import MARKS, failure, marks, summary
    from apimpolicy.testing.test_file_search import find_test_files

    started = time.perf_counter()
    style = Style.of(sys.stdout)
    foreign: list[str] = []
    files = find_test_files(run.paths, foreign)
    if foreign:
        which = (
            f"{foreign[0]}, which does" if len(foreign) == 1 else f"{len(foreign)} files such as {foreign[0]} that do"
        )
        say(f"skipped {which} not test policies")
    if not files:
        say(
            f"there are no test files in {', '.join(run.paths)}: none ends in .test.yaml, .test.toml or .test.json.\n"
            f"Write a first one with: apimpolicy new test {run.paths[0] if os.path.isdir(run.paths[0]) else 'POLICY'}"
        )
        return commands.USAGE
    commands.check_environment(files)
    reports: list[CaseReport] = []
    unreadable: dict[str, str] = {}
    reached: list[CoverageReport] = []
    for path, of_file, problem, covered in reports_of(files, run):
        reached += [covered] if covered is not None else []
        if problem:
            unreadable[path] = problem
            if run.is_text:
                print(visible_lines(problem))
        if not of_file and not problem and not run.words and len(files) > 1:
            say(f"{path} has no cases")
        reports += of_file
        if of_file and run.is_text:
            print(marks(path, of_file, style), flush=True)
            if run.verbose:
                for report in of_file:
                    print(f"  {MARKS[report.status]} {printable(report.name)}")
        if run.first and (unreadable or any(not report.is_good for report in of_file)):
            break
    bad = [report for report in reports if not report.is_good]
    seconds = time.perf_counter() - started
    if run.is_text:
        commands.show_stand_ins(concerns=_concerns_of(bad))
        for report in bad:
            print(f"\n{failure(report, style)}")
    else:
        _write_for_programs(run.form, reports, unreadable, seconds)
    line = summary(reports, seconds, style)
    is_enough = True
    if run.coverage is not None:
        with nullcontext() if run.is_text else redirect_stdout(sys.stderr):
            is_enough = run.coverage.show(line, reached, run.paths, style)
    elif run.is_text:
        print(f"\n{line}")
    if run.target is not None:
        _say_what_was_seen(run.target, reports)
    if run.junit is not None:
        _write_junit(run.junit, reports)
    if run.html is not None:
        _write_pages(run.html, bad)
    if unreadable:
        return commands.USAGE
    if not reports:
        say(_no_cases(files, run.words))
        return commands.NO_TESTS
    return commands.FINDINGS if bad or not is_enough else commands.CLEAN


def _write_for_programs(form: str, reports: Sequence[CaseReport], unreadable: dict[str, str], seconds: float) -> None:
    from apimpolicy.report.log_commands import write_report

    if form == "json":
        from apimpolicy.report.test_results import cases_to_json

        text = cases_to_json(reports, unreadable, seconds)
    else:
        from apimpolicy.report.finding_formats import findings_as
        from apimpolicy.report.result_findings import case_findings

        text = findings_as(form, case_findings(reports, unreadable))
    write_report(text)
    sys.stdout.flush()


def _concerns_of(bad: Sequence[CaseReport]) -> Concerns:
    """Return what may have made cases fail: problems of the APIs that they met."""
    from apimpolicy.project.service.concerns import ApiConcerns, Concerns

    return ApiConcerns(report.api for report in bad) if bad else Concerns()


def _say_what_was_seen(target: RealGateway | ServedCases, reports: Sequence[CaseReport]) -> None:
    """Report how much a gateway made observable, and why cases were skipped."""
    traces = f", {target.traced} traces compared" if target.traced else ""
    what = "1 expectation is" if target.unobserved == 1 else f"{target.unobserved} expectations are"
    say(f"{what} not observable from outside{traces}")
    reasons: dict[str, int] = {}
    for report in reports:
        if report.status == "skipped":
            reasons[report.problem] = reasons.get(report.problem, 0) + 1
    from apimpolicy.report.columns import counted

    for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:5]:
        say(f"skipped {counted(count, 'case')}: {reason}")


def _no_cases(files: Sequence[str], words: Sequence[str]) -> str:
    if words:
        names = " or ".join(f"'{word}'" for word in words)
        return f"no case and no file has {names} in its name"
    return f"there are no cases in {', '.join(files[:5])}{' and others' if len(files) > 5 else ''}"


def reports_of(
    files: Sequence[str], run: RunOptions
) -> Iterator[tuple[str, list[CaseReport], str, CoverageReport | None]]:
    """Yield each file with its cases' reports, or with what is wrong with it; and with what they reached."""
    if run.jobs == 1 or len(files) == 1:
        yield from (_file(path, run) for path in files)
        return
    from apimpolicy.project.processes import process_pool
    from apimpolicy.project.service.leniency import leniency

    found = leniency()
    with process_pool(run.jobs) as pool:
        is_strict = None if found is None else found.is_strict
        for result, made in pool.map(partial(_file_in_process, run=run, is_strict=is_strict), files):
            if found is not None:
                found.add(made.stand_ins, made.problems)
            yield result


def _file_in_process(path: str, run: RunOptions, *, is_strict: bool | None) -> tuple[Any, Leniency]:
    """Run a file in a process of the pool, and return the stand-ins that it needed.

    `is_strict` is that of the list of stand-ins, and None where nothing is stood in for.
    """
    from apimpolicy.project.service.leniency import Leniency, lenient

    made = Leniency(is_strict=bool(is_strict))
    with nullcontext() if is_strict is None else lenient(made):
        return _file(path, run), made


def _file(path: str, run: RunOptions) -> tuple[str, list[CaseReport], str, CoverageReport | None]:
    from apimpolicy.report.columns import Style, on_page

    with on_page(Style.of(sys.stdout), indent=2):
        return _covered(path, run)


def _covered(path: str, run: RunOptions) -> tuple[str, list[CaseReport], str, CoverageReport | None]:
    if run.coverage is None:
        return (*_cases(path, run), None)
    from apimpolicy.testing.coverage import PolicyCoverage

    with PolicyCoverage() as collector:
        found = _cases(path, run, collector)
    return (*found, collector.report())


def _cases(path: str, run: RunOptions, collector: PolicyCoverage | None = None) -> tuple[str, list[CaseReport], str]:
    from apimpolicy.report.columns import page
    from apimpolicy.report.terminal import render_all
    from apimpolicy.testing.case_files import load_case_file
    from apimpolicy.testing.running import run_case

    try:
        cases = [case for case in load_case_file(path).cases if _is_wanted(case, run.words)]
    except DiagnosticError as error:
        return path, [], render_all(error.diagnostics, page())
    except ConfigurationError as error:
        return path, [], str(error)
    reports: list[CaseReport] = []
    for case in cases:
        with nullcontext() if collector is None else collector.test(f"{case.file.path}: {case.name}"):
            send = run_case if run.target is None else run.target.run_case
            reports.append(send(case).report(run.html is not None))
        if run.first and not reports[-1].is_good:
            break
    return path, reports, ""


def _is_wanted(case: Case, words: Sequence[str]) -> bool:
    text = f"{case.file.path} {case.name}".lower()
    return not words or any(word.lower() in text for word in words)


def _write_pages(directory: str, reports: Sequence[CaseReport]) -> None:
    """Write a page for each case, named after its number, file and name. Raises ConfigurationError."""
    for number, report in enumerate(reports, 1):
        if not report.page:
            continue
        words = re.sub(r"[^\w]+", "-", f"{os.path.basename(report.path).split('.')[0]}-{report.name}").strip("-")[:80]
        path = os.path.join(directory, f"{number:02}-{words}.html")
        write_text(path, report.page)
        say(f"wrote {path}")


def _write_junit(path: str, reports: Sequence[CaseReport]) -> None:
    from apimpolicy.report.finding_formats import cases_to_junit

    write_text(path, markup_without_secrets(cases_to_junit(reports)) + "\n")
