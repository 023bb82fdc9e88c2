"""Run mutants: the changed text replaces the file, and the cases that reach the place run until one notices.

Where Python tests reach the place too, pytest runs those in processes of its own (`pytest_runs`).

A mutant is killed when a case no longer passes, or hits a limit; it is invalid when the changed document does not
compile, or needs something that is not simulated; otherwise it survives, even when no case reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import attrs

from apimpolicy.errors import ConfigurationError, LimitExceededError
from apimpolicy.gateway.engine.document import Policy, replace_file
from apimpolicy.project.processes import process_pool
from apimpolicy.report.coverage_data import CONDITION, POLICY, CoveragePoint, FileCoverage
from apimpolicy.report.mutation_results import INVALID, KILLED, SUPPRESSED, SURVIVED, Mutant, MutantOutcome
from apimpolicy.testing.case_files import Case, load_case_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.mutation.elements import CheckIndex, Mutation, changes_of
from apimpolicy.testing.running import CaseOutcome, run_case
from apimpolicy.text.document import Comment, Element

if TYPE_CHECKING:
    from apimpolicy.testing.mutation.pytest_runs import PytestRuns


class ReachingTests:
    """The tests that reach each place of a file."""

    def __init__(self, file: FileCoverage) -> None:
        self._conditions = [place for place in file.places if place.kind == CONDITION]
        self._policies = {place.start: place for place in file.places if place.kind == POLICY}

    def tests(self, owner: Element, start: int, end: int) -> list[str]:
        """Return the tests that reach a policy; or those that evaluate the condition around the span, if there is one.

        Tests in which the expression threw count too, since it is unknown how far it got.
        """
        around = [place for place in self._conditions if place.start <= start and end <= place.end]
        if around:
            place = min(around, key=_width)
            return sorted({*place.tests, *place.failed})
        policy = self._policies.get(owner.source.original(owner.start))
        return [] if policy is None else policy.tests


def mutants_of(policy: Policy, file: FileCoverage, checks: CheckIndex | None = None) -> list[Mutant]:
    """Return the mutants of a document, in the order of the text; `checks` covers all documents that run with it."""
    if checks is None:
        checks = CheckIndex.of([policy])
    reach = ReachingTests(file)
    quiet = reasons(policy)
    source = policy.original
    mutants: dict[tuple[int, int, str], Mutant] = {}
    for owner, change in changes_of(policy, checks):
        if source.text[change.start : change.end] == change.text:
            continue
        line, column = source.position(change.start)
        mutants.setdefault(
            (change.start, change.end, change.text),
            Mutant(
                path=file.path,
                kind=change.kind,
                start=change.start,
                end=change.end,
                text=change.text,
                line=line,
                column=column,
                description=change.description,
                tests=tuple(reach.tests(owner, change.start, change.end)),
                removes=change.removes,
                about=change.about,
                reason=next((quiet_place.reason for quiet_place in quiet if quiet_place.covers(change)), ""),
            ),
        )
    return [mutants[key] for key in sorted(mutants)]


def spread(mutants: list[Mutant], limit: int | None) -> list[Mutant]:
    """Return at most so many mutants, evenly from the whole; the same ones each time."""
    if limit is None or len(mutants) <= limit:
        return mutants
    return [mutants[index * len(mutants) // limit] for index in range(limit)]


def _width(place: CoveragePoint) -> int:
    return place.end - place.start


# Comments that say why a change makes no difference, so that it is not tried:
# <!-- apimpolicy: equivalent: the backend ignores this header -->
#     <!-- apimpolicy: equivalent constant, comparison: any number from 1 on will do -->
# Such a comment counts for the element that follows it, with all that is in it; with names of kinds only for those. It
# needs a reason: without one, it is a mistake in the policy file.

KINDS = ("remove", "condition", "operand", "comparison", "constant", "attribute")

_FORM = re.compile(r"\s*apimpolicy:\s*equivalent(?P<kinds>(?:[\s,]+[a-z]+)*)\s*(?::(?P<reason>.*))?", re.DOTALL)


@attrs.frozen
class ChangeReason:
    """A comment: the span of the file, the kinds (all, when there are none), and the reason."""

    start: int
    end: int
    kinds: tuple[str, ...]
    reason: str

    def covers(self, change: Mutation) -> bool:
        return self.start <= change.start < self.end and (not self.kinds or change.kind in self.kinds)


def reasons(policy: Policy) -> list[ChangeReason]:
    """Return the comments of a document. Raises ConfigurationError for a missing reason, or an unknown kind."""
    document = policy.document
    if "equivalent" not in document.source.text:
        return []
    return [reason for comment, following in document.comments() for reason in _read(comment, following)]


def _read(comment: Comment, following: Element | None) -> Iterator[ChangeReason]:
    match = _FORM.fullmatch(comment.text)
    if match is None:
        return
    kinds = tuple(re.findall(r"[a-z]+", match["kinds"]))
    reason = " ".join((match["reason"] or "").split())
    source = comment.source
    where = f"{source.path}:{source.position(comment.start).line}"
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise ConfigurationError(f"{where}: '{unknown[0]}' is not a kind of change; there are {', '.join(KINDS)}")
    if not reason:
        raise ConfigurationError(f"{where}: say why it makes no difference: <!-- apimpolicy: equivalent: reason -->")
    if following is not None:
        yield ChangeReason(*source.original_span(following.start, following.end), kinds, reason)


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
    return f"{case.file.path}: {case.name}"


def collect(cases: Cases) -> tuple[PolicyCoverage, list[CaseOutcome]]:
    """Run all cases with unchanged policies; return what they reach, and those that do not pass."""
    bad: list[CaseOutcome] = []
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
