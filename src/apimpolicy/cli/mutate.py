"""`apimpolicy mutate PATH…`: change policies a little, and see whether a test notices."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.commands import WithHelp
from apimpolicy.cli.program import say
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apimpolicy.report.mutation_data import MutantOutcome
    from apimpolicy.report.style import Style
    from apimpolicy.testing.coverage import PolicyCoverage
    from apimpolicy.testing.mutation.pytest_runs import PytestRuns


MOST_CHANGES = 5_000
"""Changes that are tried unless --limit gives another number: a generated policy may have any number of them."""


@click.command("mutate", cls=WithHelp)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 if tests notice fewer changes.",
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Number of changes to test at the same time.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Test at most N changes; default 5,000.")
@click.option(
    "--pytest/--no-pytest",
    "python",
    default=None,
    help="Run tests in Python too, or not; by default those that mention apim.",
)
@click.option("--pytest-args", metavar="TEXT", help="Further arguments for pytest: '-k orders -m \"not slow\"'.")
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="Limit for one change with tests in Python; default ten times their duration plus 20 s.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="The output format.")
@click.option("-v", "--verbose", is_flag=True, help="List every change with its result.")
def command(
    paths: tuple[str, ...],
    fail_under: float | None,
    jobs: int,
    limit: int | None,
    python: bool | None,
    pytest_args: str | None,
    time_limit: float | None,
    form: str,
    verbose: bool,
) -> int:
    """Change policies, one small change at a time, and report the changes that no test notices.

    Examples of changes: negate a condition, drop an operand of && or ||, replace == by !=, increase a number, change an
    attribute, remove a policy or a branch. For each change, the tests that reach it run until one fails. If all pass,
    the change survives: no test would notice the same bug. Your files don't change.

    PATH is a directory with tests, a test file (.test.yaml, .test.toml, .test.json), a Python test file, or a policy.
    For a policy, only this policy is changed, and tested by the other paths and the tests beside it, or else by those
    of the current directory. Without PATH, the current directory is used.

    pytest runs Python tests in files that mention apim or have such a conftest.py; each change in its own process.

    \b
    Examples:
      apimpolicy mutate
      apimpolicy mutate policies/orders.xml
      apimpolicy mutate policies/orders.xml tests/test_orders.py
      apimpolicy mutate policies tests --pytest-args '-m "not slow"' --jobs 4
      apimpolicy mutate policies --fail-under 90 --format json

    \b
    Exclude a change that makes no difference with a comment before the element, with a reason:
      <!-- apimpolicy: equivalent constant: any number of seconds will do -->

    Exits with 0; with 1 if a test fails without changes or the score is below --fail-under; with 2 if a file can't be
    read, the tests can't be collected, or there is nothing to change.
    """
    from apimpolicy.testing.coverage import PolicyCoverage
    from apimpolicy.testing.mutation.mutants import spread
    from apimpolicy.testing.mutation.running import collect, find_mutants, load_cases, run_with_pytest

    started = time.perf_counter()
    tests = _find(paths or (".",), python)
    if not tests.files and not tests.python:
        where = ", ".join(paths or (".",))
        say(f"there are no tests in {where}: no file ends in .test.yaml, .test.toml or .test.json{tests.no_python}")
        return exit_codes.USAGE
    cases = load_cases(tests.files)
    coverage, bad = collect(cases) if cases else (PolicyCoverage(), [])
    with ExitStack() as stack:
        names = [f"{outcome.case.file.path}: {outcome.case.name}" for outcome in bad]
        runs: PytestRuns | None = None
        if tests.python and not names:
            runs = stack.enter_context(_pytest(tests.python, pytest_args, time_limit, bool(python)))
            names = _look(runs, coverage)
        if names:
            do = "does" if len(names) == 1 else "do"
            what = f"{len(names)} of the tests {do} not pass as things are, so changes would say nothing"
            say(f"{what}: {'; '.join(names[:5])}")
            return exit_codes.FINDINGS
        mutants, texts = find_mutants(coverage, tests.only)
        total = len(mutants)
        mutants = spread(mutants, limit or MOST_CHANGES)
        if limit is None and len(mutants) < total:
            say(f"trying {len(mutants):,} of {total:,} changes, spread over all; --limit N tries another number")
        if not mutants:
            say(
                "there is nothing to change: no policy file is loaded by these tests"
                + (" (one is when a test gives its path, not its text)" if runs is not None else "")
            )
            return exit_codes.USAGE
        outcomes = _in_order(run_with_pytest(mutants, texts, cases, tests.files, jobs, runs), len(mutants))
    return _show(outcomes, time.perf_counter() - started, fail_under, verbose, form)


def _in_order(tried: Iterable[tuple[int, MutantOutcome]], total: int) -> list[MutantOutcome]:
    """Return the outcomes in order of their numbers."""
    from apimpolicy.cli.progress import Progress

    outcomes: dict[int, MutantOutcome] = {}
    with Progress("tried", total, "changes") as progress:
        for number, outcome in tried:
            outcomes[number] = outcome
            progress.advance()
    return [outcomes[number] for number in sorted(outcomes)]


def _look(runs: PytestRuns, coverage: PolicyCoverage) -> list[str]:
    """Run the tests in Python as things are: those that do not pass although they reach a policy."""
    from apimpolicy.cli.progress import waiting

    with waiting("running the tests in Python as things are"):
        found = runs.look(coverage)
    reached = {
        name for file in coverage.report().files for place in file.places for name in (*place.tests, *place.failed)
    }
    if others := [name for name in found.bad if name not in reached]:
        does = "test does not pass and reaches" if len(others) == 1 else "tests do not pass and reach"
        say(f"{len(others)} {does} no policy, and is left out: {'; '.join(others[:5])}")
    return [name for name in found.bad if name in reached]


def _show(outcomes: Sequence[MutantOutcome], seconds: float, fail_under: float | None, verbose: bool, form: str) -> int:
    from apimpolicy.report.mutation_text import Score
    from apimpolicy.report.style import Style

    percent = Score.of(outcomes).percent
    is_too_little = fail_under is not None and percent < fail_under
    style = Style.of(sys.stdout)
    if form == "json":
        from apimpolicy.cli.program import tool_version
        from apimpolicy.report.harmless import write_finished
        from apimpolicy.report.mutation_json import mutation_to_json

        write_finished(mutation_to_json(outcomes, seconds, tool_version()) + "\n", sys.stdout)
    else:
        _print(outcomes, seconds, verbose, style)
        if is_too_little:
            print(style.paint("error", f"{int(percent)} % is less than {fail_under:g} %"))
    return exit_codes.FINDINGS if is_too_little else exit_codes.CLEAN


def _print(outcomes: Sequence[MutantOutcome], seconds: float, verbose: bool, style: Style) -> None:
    from apimpolicy.report.columns import printable, wrap
    from apimpolicy.report.mutation_data import SURVIVED
    from apimpolicy.report.mutation_text import (
        Score,
        check_sentences,
        place_of,
        score_line,
        survivor,
        unjudged,
        unreached,
    )

    if verbose:
        for outcome in outcomes:
            mutant = outcome.mutant
            why = outcome.killed_by or mutant.reason or outcome.problem.partition("\n")[0]
            place = f"{place_of(mutant)}  {printable(mutant.description)}"
            print(f"{outcome.status:10}  {place}" + (f"  ({printable(why)})" if why else ""))
        print()
    for outcome in outcomes:
        if outcome.status == SURVIVED and outcome.mutant.tests:
            print(f"{survivor(outcome, style)}\n")
    for lines in (unreached(outcomes), unjudged(outcomes)):
        if lines:
            print("\n".join(lines) + "\n")
    for sentence in check_sentences(outcomes):
        print("\n".join(wrap(sentence, style.width)) + "\n")
    print(score_line(Score.of(outcomes), seconds, style))


def _pytest(paths: Sequence[str], arguments: str | None, seconds: float | None, all_files: bool) -> PytestRuns:
    import shlex

    from apimpolicy.testing.mutation.pytest_runs import PytestRuns

    try:
        return PytestRuns(paths, shlex.split(arguments or ""), seconds, all_files=all_files)
    except ValueError as error:
        raise ConfigurationError(f"--pytest-args cannot be read: {error}") from None


class _Tests(NamedTuple):
    """The test files, the paths for pytest (none: it is not run, `no_python` says why), and the policy files (absolute)
    to which changes are limited.
    """

    files: list[str]
    python: list[str]
    only: list[str]
    no_python: str = ""


def _find(paths: Sequence[str], python: bool | None) -> _Tests:
    """Raises ConfigurationError when tests in Python are wanted and pytest is not there."""
    from apimpolicy.testing.case_files import is_case_file
    from apimpolicy.testing.mutation.pytest_files import is_python_test

    only: list[str] = []
    places: list[str] = []
    for path in paths:
        if os.path.isfile(path) and not is_case_file(path) and not is_python_test(path):
            only.append(os.path.abspath(path))
            places.append(os.path.dirname(path) or ".")
        else:
            places.append(path)
    places = list(dict.fromkeys(places))
    found = _tests_in(places, only, python)
    if not found.files and not found.python and len(only) == len(paths):
        found = _tests_in(["."], only, python)
    return found


def _tests_in(places: Sequence[str], only: list[str], python: bool | None) -> _Tests:
    from apimpolicy.cli.test import find_test_files
    from apimpolicy.testing.case_files import is_case_file
    from apimpolicy.testing.mutation.pytest_files import has_pytest, is_python_test, mentions_apim

    files = find_test_files(place for place in places if not is_python_test(place))
    for_pytest = [place for place in places if not is_case_file(place)]
    is_wanted = python or any(map(is_python_test, places)) or (python is None and mentions_apim(for_pytest))
    if python is False or not for_pytest or not is_wanted:
        return _Tests(files, [], only, "" if python is False else ", and no test in Python mentions apim")
    if has_pytest():
        return _Tests(files, for_pytest, only)
    if python:
        raise ConfigurationError("tests in Python need pytest, which is not installed beside apimpolicy")
    if files:
        say("tests in Python are left out: pytest is not installed beside apimpolicy")
    return _Tests(files, [], only, "; tests in Python need pytest, which is not installed beside apimpolicy")
