"""Run mutants: the changed text replaces the file, and the cases that reach the place run until one notices.

Where Python tests reach the place too, pytest runs those in processes of its own (`pytest_runs`).

A mutant is killed when a case no longer passes, or hits a limit; it is invalid when the changed document does not
compile, or needs something that is not simulated; otherwise it survives, even when no case reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.engine.replaced_files import replace_file
from apimpolicy.errors import LimitExceededError
from apimpolicy.project.processes import process_pool
from apimpolicy.report.mutation_results import INVALID, KILLED, SUPPRESSED, SURVIVED, Mutant, MutantOutcome
from apimpolicy.testing.case_files import Case, load_case_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.mutation.checks import CheckIndex
from apimpolicy.testing.mutation.mutants import mutants_of
from apimpolicy.testing.running import Outcome, run_case

if TYPE_CHECKING:
    from apimpolicy.testing.mutation.pytest_runs import PytestRuns

Cases = dict[str, list["Case"]]
"""The cases of several files, by the names under which coverage knows them."""


def load_cases(files: Sequence[str]) -> Cases:
    """Load the cases of these files. Raises TestFileError, ConfigurationError."""
    cases: Cases = {}
    for path in files:
        for case in load_case_file(path).cases:
            cases.setdefault(name_of(case), []).append(case)
    return cases


def name_of(case: Case) -> str:
    """Return the name of a case among those of all files."""
    return f"{case.file.path}: {case.name}"


def collect(cases: Cases) -> tuple[PolicyCoverage, list[Outcome]]:
    """Run all cases with unchanged policies; return what they reach, and those that do not pass."""
    bad: list[Outcome] = []
    with PolicyCoverage() as coverage:
        for name, found in cases.items():
            with coverage.test(name):
                bad += [outcome for outcome in map(run_case, found) if not outcome.is_good]
    return coverage, bad


def find_mutants(coverage: PolicyCoverage, only: Sequence[str] = ()) -> tuple[list[Mutant], dict[str, str]]:
    """Return the mutants of all policy files that were loaded (or of `only` those, absolute paths), and the texts."""
    mutants: list[Mutant] = []
    texts: dict[str, str] = {}
    paths = {path: policy for (path, _), policy in coverage.documents.items()}
    fragments = {name: paths[path] for name, path in coverage.fragments.items() if path in paths}
    checks = CheckIndex.of(coverage.documents.values(), fragments)
    for file in coverage.report().files:
        if file.path.startswith("<") or (only and file.path not in only):
            continue
        policy = coverage.documents.get((file.path, file.text))
        if policy is not None:
            texts[file.path] = file.text
            mutants += mutants_of(policy, file, checks)
    return mutants, texts


def run_mutants(
    mutants: Sequence[Mutant], texts: dict[str, str], cases: Cases, files: Sequence[str], jobs: int
) -> Iterator[MutantOutcome]:
    """Yield the outcome of each mutant, in order."""
    if jobs == 1 or len(mutants) < 2 * jobs or not cases:
        yield from (run_mutant(mutant, texts[mutant.path], cases) for mutant in mutants)
        return
    with process_pool(jobs, _prepare, list(files), texts) as pool:
        yield from pool.map(_run_prepared, mutants, chunksize=4)


def run_with_pytest(
    mutants: Sequence[Mutant],
    texts: dict[str, str],
    cases: Cases,
    files: Sequence[str],
    jobs: int,
    runs: PytestRuns | None,
) -> Iterator[tuple[int, MutantOutcome]]:
    """Yield the outcome of each mutant, with its number, as soon as it is known; the cases run first."""
    waiting: dict[int, MutantOutcome] = {}
    for number, outcome in enumerate(run_mutants(mutants, texts, cases, files, jobs)):
        if runs is not None and outcome.status == SURVIVED and runs.is_for(outcome.mutant):
            waiting[number] = outcome
        else:
            yield number, outcome
    if runs is not None:
        yield from runs.run_all(waiting, texts, jobs)


def run_mutant(mutant: Mutant, text: str, cases: Cases) -> MutantOutcome:
    """Return the outcome of one mutant."""
    ended = partial(MutantOutcome, mutant)
    if mutant.reason:
        return ended(SUPPRESSED)
    with replace_file(mutant.path, mutant.applied(text).encode("utf-8", "surrogatepass")):
        for name in mutant.tests:
            for case in cases.get(name, ()):
                outcome = run_case(case)
                if outcome.error is not None and not isinstance(outcome.error, LimitExceededError):
                    return ended(INVALID, problem=outcome.problem)
                if not outcome.is_good:
                    return ended(KILLED, killed_by=name)
    return ended(SURVIVED, diff=diff_of(mutant, text))


def diff_of(mutant: Mutant, text: str) -> str:
    """Return the lines that a mutant changes, as in a unified diff without header and context."""
    first = text.rfind("\n", 0, mutant.start) + 1
    last = text.find("\n", mutant.end)
    last = len(text) if last < 0 else last
    before = text[first:last]
    after = text[first : mutant.start] + mutant.text + text[mutant.end : last]
    return "\n".join([*(f"-{line}" for line in before.splitlines()), *(f"+{line}" for line in after.splitlines())])


_prepared: tuple[Cases, dict[str, str]] | None = None
"""The cases and texts of a worker process."""


def _prepare(files: list[str], texts: dict[str, str]) -> None:
    global _prepared
    _prepared = load_cases(files), texts


def _run_prepared(mutant: Mutant) -> MutantOutcome:
    assert _prepared is not None
    cases, texts = _prepared
    return run_mutant(mutant, texts[mutant.path], cases)
