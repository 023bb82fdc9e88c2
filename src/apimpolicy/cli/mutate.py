"""`apimpolicy mutate PATH…`: change policies a little, and see whether a test notices."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, show_stand_ins, with_stand_ins
from apimpolicy.cli.program import say
from apimpolicy.errors import ConfigurationError
from apimpolicy.report.columns import Style, printable, wrap
from apimpolicy.report.log_commands import write_report

if TYPE_CHECKING:
    from apimpolicy.report.mutation_results import Mutant, MutantOutcome
    from apimpolicy.testing.coverage import PolicyCoverage
    from apimpolicy.testing.mutation.pytest_runs import PytestRuns

MOST_CHANGES = 5_000
"""Changes that are tried unless --limit gives another number: a generated policy may have any number of them."""


@click.command("mutate", cls=WithHelp)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 when the score is lower."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Changes to run at a time.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Try at most N changes, evenly; default: 5,000.")
@click.option(
    "--pytest/--no-pytest",
    "python",
    default=None,
    help="Run Python tests too; by default, only Python files that you name.",
)
@click.option("--pytest-args", metavar="TEXT", help="Further arguments for pytest: '-k orders -m \"not slow\"'.")
@click.option(
    "--time-limit",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="For one change with Python tests; default: ten times their duration, plus 20 s.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people, or programs.")
@click.option("-v", "--verbose", is_flag=True, help="List every change with its outcome.")
@with_stand_ins
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

    Changes negate a condition, drop an operand of && or ||, turn == into !=, increment a number, change an attribute,
    or remove a policy or a branch. For each change, the tests that reach it run until one fails. If all of them pass,
    the change survives: no test would notice such an error. Your files are not changed.

    A path is a directory with tests, a test file (.test.yaml, .test.toml, .test.json), a file of Python tests, or a
    policy file. With a policy file, only that file is changed; the tests of the other paths and those beside it run, or
    those of this directory when there are none. Without a path it is this directory.

    Python tests are programs of the repository, so they run only if you name their file, with --pytest, or with
    --pytest-args, which takes those in files that mention apim or below a conftest.py that does. pytest runs them with
    each change in a process of its own.

    \b
    Examples:
      apimpolicy mutate
      apimpolicy mutate policies/orders.xml
      apimpolicy mutate policies/orders.xml tests/test_orders.py
      apimpolicy mutate policies tests --pytest-args '-m "not slow"' --jobs 4
      apimpolicy mutate policies --fail-under 90 --format json

    \b
    To suppress a change that makes no difference, write a comment before it:
      <!-- apimpolicy: equivalent constant: any number of seconds will do -->

    Exits with 0; 1 when a test fails without a change, or the score is below --fail-under; 2 when a file can't be read,
    the tests can't be collected, or there is nothing to change.
    """
    from apimpolicy.testing.coverage import PolicyCoverage
    from apimpolicy.testing.mutation.running import collect, load_cases, run_with_pytest

    started = time.perf_counter()
    tests = _find(paths or (".",), python, pytest_args is not None)
    if not tests.files and not tests.python:
        where = ", ".join(paths or (".",))
        say(f"there are no tests in {where}: no file ends in .test.yaml, .test.toml or .test.json{tests.no_python}")
        return commands.USAGE
    cases = load_cases(tests.files)
    coverage, bad = collect(cases) if cases else (PolicyCoverage(), [])
    with ExitStack() as stack:
        runs: PytestRuns | None = None
        failing = [f"{outcome.case.file.path}: {outcome.case.name}" for outcome in bad]
        if tests.python and not failing:
            runs = stack.enter_context(_pytest(tests.python, pytest_args, time_limit, bool(python)))
            failing = _run_baseline(runs, coverage)
        if failing:
            fail = "1 test fails" if len(failing) == 1 else f"{len(failing)} tests fail"
            say(f"{fail} without any change; fix that first: {'; '.join(failing[:5])}")
            return commands.FINDINGS
        mutants, texts = _mutants(coverage, tests.only, limit)
        if not mutants:
            hint = " (pass the path of a policy to its test, not its text)" if runs is not None else ""
            say(f"there is nothing to change: these tests load no policy file{hint}")
            return commands.USAGE
        outcomes = _in_order(run_with_pytest(mutants, texts, cases, tests.files, jobs, runs), len(mutants))
    return _show(outcomes, time.perf_counter() - started, fail_under, verbose, form)


def _mutants(coverage: PolicyCoverage, only: list[str], limit: int | None) -> tuple[list[Mutant], dict[str, str]]:
    """Return the mutants to try, and the texts of the policy files."""
    from apimpolicy.testing.mutation.running import find_mutants, spread

    found, texts = find_mutants(coverage, only)
    mutants = spread(found, limit or MOST_CHANGES)
    if limit is None and len(mutants) < len(found):
        say(f"trying {len(mutants):,} of {len(found):,} changes, spread evenly; --limit N changes the number")
    return mutants, texts


def _in_order(tried: Iterable[tuple[int, MutantOutcome]], total: int) -> list[MutantOutcome]:
    """Return the outcomes in the order of their numbers."""
    from apimpolicy.cli.progress import Progress

    outcomes: dict[int, MutantOutcome] = {}
    with Progress("tried", total, "changes") as progress:
        for number, outcome in tried:
            outcomes[number] = outcome
            progress.advance()
    return [outcomes[number] for number in sorted(outcomes)]


def _run_baseline(runs: PytestRuns, coverage: PolicyCoverage) -> list[str]:
    """Run the Python tests without changes; return those that fail although they reach a policy."""
    from apimpolicy.cli.progress import waiting

    with waiting("running the Python tests without changes"):
        found = runs.run_baseline(coverage)
    reached = {
        name for file in coverage.report().files for place in file.places for name in (*place.tests, *place.failed)
    }
    if others := [name for name in found.bad if name not in reached]:
        fail = "failing test that reaches" if len(others) == 1 else "failing tests that reach"
        say(f"skipped {len(others)} {fail} no policy: {'; '.join(others[:5])}")
    return [name for name in found.bad if name in reached]


def _show(outcomes: Sequence[MutantOutcome], seconds: float, fail_under: float | None, verbose: bool, form: str) -> int:
    from apimpolicy.project.service.concerns import Concerns
    from apimpolicy.report.mutation_results import Score

    percent = Score.of(outcomes).percent
    is_too_little = fail_under is not None and percent < fail_under
    style = Style.of(sys.stdout)
    show_stand_ins(concerns=Concerns())
    if form == "json":
        from apimpolicy.report.mutation_results import mutation_to_json

        write_report(mutation_to_json(outcomes, seconds))
    else:
        _print(outcomes, seconds, verbose, style)
        if is_too_little:
            print(style.paint("error", f"{int(percent)} % is less than {fail_under:g} %"))
    return commands.FINDINGS if is_too_little else commands.CLEAN


def _print(outcomes: Sequence[MutantOutcome], seconds: float, verbose: bool, style: Style) -> None:
    from apimpolicy.report.mutation_results import (
        SURVIVED,
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
        raise ConfigurationError(f"can't parse --pytest-args: {error}") from None


class _Tests(NamedTuple):
    """The test files, the paths for pytest, and the policy files (absolute) to which changes are limited.

    Without paths pytest does not run; `no_python` tells why.
    """

    files: list[str]
    python: list[str]
    only: list[str]
    no_python: str = ""


def _find(paths: Sequence[str], python: bool | None, has_arguments: bool) -> _Tests:
    """Find tests and policy files. Raises ConfigurationError when Python tests are wanted without pytest."""
    from apimpolicy.testing.mutation.pytest_process import is_python_test
    from apimpolicy.testing.test_file_search import is_case_file

    only: list[str] = []
    places: list[str] = []
    for path in paths:
        if os.path.isfile(path) and not is_case_file(path) and not is_python_test(path):
            only.append(os.path.abspath(path))
            places.append(os.path.dirname(path) or ".")
        else:
            places.append(path)
    places = list(dict.fromkeys(places))
    found = _tests_in(places, only, python, has_arguments)
    if not found.files and not found.python and len(only) == len(paths):
        found = _tests_in(["."], only, python, has_arguments)
    return found


def _tests_in(places: Sequence[str], only: list[str], python: bool | None, has_arguments: bool) -> _Tests:
    from apimpolicy.testing.mutation.pytest_process import has_pytest, is_python_test, mentions_apim
    from apimpolicy.testing.test_file_search import find_test_files, is_case_file

    files = find_test_files(place for place in places if not is_python_test(place))
    for_pytest = [place for place in places if not is_case_file(place)]
    if python is False or not for_pytest:
        return _Tests(files, [], only)
    are_named = any(map(is_python_test, places))
    mention = not python and not are_named and mentions_apim(for_pytest)
    if mention and not has_arguments:  # they are programs of the checkout
        if files:
            say("skipped Python tests that mention apim; --pytest runs them")
        return _Tests(files, [], only, "; Python tests mention apim: --pytest runs them")
    if not (python or are_named or mention):
        return _Tests(files, [], only, ", and no Python test mentions apim")
    if has_pytest():
        return _Tests(files, for_pytest, only)
    if python:
        raise ConfigurationError("Python tests need pytest, which is not installed beside apimpolicy")
    if files:
        say("skipped Python tests: pytest is not installed beside apimpolicy")
    return _Tests(files, [], only, "; Python tests need pytest, which is not installed beside apimpolicy")
