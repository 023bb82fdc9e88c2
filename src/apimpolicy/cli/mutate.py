"""`apimpolicy mutate PATH…`: change policies a little, and see whether a test case notices."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.report.mutation_data import MutantOutcome
    from apimpolicy.report.style import Style


@click.command("mutate")
@click.argument("paths", nargs=-1, metavar="PATH…")
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 when fewer are noticed."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Processes.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Try at most N changes, spread over all of them.")
@click.option("-v", "--verbose", is_flag=True, help="Name every change and what became of it.")
def command(paths: tuple[str, ...], fail_under: float | None, jobs: int, limit: int | None, verbose: bool) -> int:
    """Change policies a little, one change at a time, and see whether a test case notices.

    A condition is turned round, an operand of && or || left out, == becomes !=, a number is one more, an attribute has
    another value, a policy or a branch is gone. For each change the cases run that come there. If all of them pass, the
    change survives: nobody would notice if somebody made it by mistake. Files on the disk stay as they are.

    A path is a test file, a directory with test files, or a policy file: then only that is changed, and the test files
    beside it run.

    \b
    Examples:
      apimpolicy mutate policies
      apimpolicy mutate policies/orders.xml
      apimpolicy mutate policies --fail-under 90 --jobs 4

    \b
    A change that makes no difference is left out by a comment before the element, with a reason:
      <!-- apimpolicy: equivalent constant: any number of seconds will do -->

    Exits with 0; with 1 when a case does not pass as things are, or less is noticed than --fail-under says; with 2
    when a file cannot be read.
    """
    from apimpolicy.report.style import Style
    from apimpolicy.testing.mutation.mutants import spread
    from apimpolicy.testing.mutation.running import collect, find_mutants, load_cases

    style = Style.of(sys.stdout)
    paths = paths or (".",)
    files, only = _files(paths)
    if not files:
        say(f"there are no test files in {', '.join(paths)}: none ends in .test.yaml, .test.toml or .test.json")
        return exit_codes.USAGE
    started = time.perf_counter()
    cases = load_cases(files)
    coverage, bad = collect(cases)
    if bad:
        names = "; ".join(f"{outcome.case.file.path}: {outcome.case.name}" for outcome in bad[:5])
        do = "does" if len(bad) == 1 else "do"
        say(f"{len(bad)} of the cases {do} not pass as things are, so changes would say nothing: {names}")
        return exit_codes.FINDINGS
    mutants, texts = find_mutants(coverage, only)
    mutants = spread(mutants, limit)
    if not mutants:
        say("there is nothing to change: no policy file is loaded by these cases")
        return exit_codes.USAGE
    from apimpolicy.cli.progress import Progress
    from apimpolicy.testing.mutation.running import run_mutants

    outcomes: list[MutantOutcome] = []
    with Progress("tried", len(mutants), "changes") as progress:
        for outcome in run_mutants(mutants, texts, cases, files, jobs):
            outcomes.append(outcome)
            progress.advance()
    return _show(outcomes, time.perf_counter() - started, fail_under, verbose, style)


def _show(
    outcomes: Sequence[MutantOutcome], seconds: float, fail_under: float | None, verbose: bool, style: Style
) -> int:
    from apimpolicy.report.columns import printable, wrap
    from apimpolicy.report.mutation_data import SURVIVED
    from apimpolicy.report.mutation_text import Score, certificate_sentence, place_of, score_line, survivor, unreached

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
    if lines := unreached(outcomes):
        print("\n".join(lines) + "\n")
    score = Score.of(outcomes)
    print("\n".join(wrap(certificate_sentence(outcomes), style.width)) + "\n")
    print(score_line(score, seconds, style))
    if fail_under is not None and score.percent < fail_under:
        print(style.paint("error", f"{int(score.percent)} % is less than {fail_under:g} %"))
        return exit_codes.FINDINGS
    return exit_codes.CLEAN


def _files(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The test files, and the policy files (absolute) to which changes are limited."""
    from apimpolicy.cli.test import find_test_files
    from apimpolicy.testing.case_files import is_case_file

    tests: list[str] = []
    only: list[str] = []
    for path in paths:
        if os.path.isfile(path) and not is_case_file(path):
            only.append(os.path.abspath(path))
            tests.append(os.path.dirname(path) or ".")
        else:
            tests.append(path)
    return find_test_files(tests), only
