"""Search for requests that two versions of a policy treat differently.

Requests come from the question whether the versions are equivalent, and from searches in each version for requests to
the branches and conditions of changed elements; all run through both versions. The prover decides that there are no
further differences (`proving.equivalence`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.proving import equivalence
from apimpolicy.reasoning.proving.normal_form import OTHER_VARIABLES, normal_form
from apimpolicy.reasoning.proving.proof import Inquiry, ProofResult
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.scenario import TotalTime, shrink
from apimpolicy.records import Record
from apimpolicy.report.difference_data import DifferenceItem
from apimpolicy.testing.case_writer import answers_in_words
from apimpolicy.testing.claims.caller_tokens import CallerTokens
from apimpolicy.testing.claims.model_requests import requests_of
from apimpolicy.testing.comparing.elements import Causes, ElementSpan, of_element, of_program
from apimpolicy.testing.comparing.first_requests import first_requests, harms, is_moderated, moderate, requests_with
from apimpolicy.testing.comparing.observed_differences import Difference, differences, journey_of

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.reasoning.scenarios.assignments import Assignment
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun
    from apimpolicy.reasoning.scenarios.scenario import Bounds

Kind = tuple[str, ...]
_Shown = tuple[Kind, int]
"""A kind of difference, and the number of the change that it comes from."""
_Proof = tuple[tuple[str, ...], tuple[str, ...], Inquiry | ProofResult | None]
"""Why it isn't proven that there are no other differences, nothing where it is; the proven parts; the question."""
Proofs = dict[frozenset[Kind], _Proof]
"""Results by the kinds of differences that are known."""
_MOST_RUNS, _FEW_RUNS = 60, 10
"""Runs without anything new after which a search ends; few where each change has shown a difference."""
_FIRST_STATUS, _MOST_ATTEMPTS = ("answer", "0", "status"), 12
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Names of headers that requests can have."""
_FEW_SECONDS = 1.0
"""Of searching for further differences where each change has shown one."""


class FoundDifference(Record):
    """A difference between the versions, with the smallest request that shows it, through both, and its cause."""

    difference: Difference
    old: ScenarioRun
    new: ScenarioRun
    cause: ElementSpan | None = None

    def item(self, request: str, operations: tuple[str, ...] = ()) -> DifferenceItem:
        """Return what a report says of the difference; `request` is the request in words."""
        assert self.old.result is not None
        assert self.new.result is not None
        journeys = journey_of(self.old.result), journey_of(self.new.result)
        cause = None if self.cause is None else self.cause.change
        if others := answers_in_words(self.new.scenario):
            request += f", if {' and '.join(others)}"
        return DifferenceItem(self.difference.sentence, request, *journeys, cause, operations, self.difference.kind)


class ProgramComparison(Record):
    """The result of a comparison: each difference once, and why it is not proven that there are no others.

    `is_same_text`: the programs have the same form. `proven` are the parts without further differences, where the whole
    isn't proven.
    """

    found: list[FoundDifference]
    reasons: tuple[str, ...]
    is_same_text: bool = False
    causes: Causes | None = None
    proven: tuple[str, ...] = ()

    @property
    def explains_everything(self) -> bool:
        """Return whether each changed element is the cause of a difference."""
        causes = {id(each.cause.new or each.cause.old) for each in self.found if each.cause is not None}
        spans = () if self.causes is None else self.causes.spans
        return bool(self.found) and causes >= {id(span.new or span.old) for span in spans}


def compare(
    old: Harness,
    new: Harness,
    bounds: Bounds,
    on_run: Callable[[], None] = lambda: None,
    settings: Sequence[str] = (),
    starts: Sequence[Assignment] = (),
    proofs: Proofs | None = None,
    *,
    knows_scopes: bool = False,
    total: TotalTime | None = None,
) -> ProgramComparison:
    """Search for requests that two versions treat differently.

    `settings` are the names of settings that differ besides the programs; their effects are not modelled. `starts` are
    requests to begin with; without seconds in the `bounds`, no others are searched for. `proofs` are
    those of the same programs, for other operations. `knows_scopes`: the programs have the policies of all scopes.
    When the `total` time is over, what isn't tried yet is a reason.
    """
    if not settings and not _names_stand_ins(old, new):
        if of_program(old.program, old.stand_ins) == of_program(new.program, new.stand_ins):
            return ProgramComparison([], (), True)
        if _has_same_form(old, new, knows_scopes, shares_variables=not knows_scopes):
            return ProgramComparison([], (), True)
        if not knows_scopes and _has_same_form(old, new, knows_scopes, shares_variables=False):
            return ProgramComparison([], (OTHER_VARIABLES,))
    joint = _ProductHarness(old, new, on_run, total or TotalTime())
    joint.proofs = {} if proofs is None else proofs
    with_body = ({**start, ("body", "there"): True, ("body", "json"): True} for start in ({}, *starts))
    begins = ({}, *starts, *with_body, *first_requests(old, new, starts))
    for number, start in enumerate(begins):
        if joint.total.is_over or (joint.run(start).result is None and not number):
            break
    others = tuple(f"another setting of the gateway: {name}" for name in settings)
    reasons, proven, question = _open_reasons(joint, knows_scopes)
    if bounds.seconds and (reasons or not joint.explains_everything):
        seconds = min(bounds.seconds, _FEW_SECONDS) if joint.explains_everything and joint.found else bounds.seconds
        bounds = joint.total.within(bounds.replaced(seconds=seconds / 3))
        _search(joint, bounds, starts, question, knows_scopes=knows_scopes)
        reasons, proven, _ = _open_reasons(joint, knows_scopes)
    ordered = sorted(joint.found.items(), key=lambda entry: entry[0][1] % (len(joint.causes.spans) + 1))
    smallest = [joint.smallest(kind, run) for kind, run in ordered]
    differences = [difference for difference in smallest if difference is not None]
    if len(differences) < len(smallest):
        reasons = ("values that are left to chance", *reasons)
    return ProgramComparison(differences, (*others, *reasons), False, joint.causes, () if others else proven)


def _search(
    joint: _ProductHarness,
    bounds: Bounds,
    starts: Sequence[Assignment],
    question: Inquiry | ProofResult | None,
    *,
    knows_scopes: bool,
) -> None:
    """Run requests that may show a difference through both versions, until it is proven that there are no others."""
    proven_for = 0
    most = _FEW_RUNS if joint.explains_everything and joint.found else _MOST_RUNS
    without_news = 0
    deadline = time.process_time() + 3 * bounds.seconds
    tried: set[frozenset[Any]] = set()
    for assignment in _candidates(joint, bounds, starts, question):
        if time.process_time() > deadline or without_news >= most or joint.total.is_over:
            return
        if len(joint.found) > proven_for and joint.explains_everything:
            proven_for = len(joint.found)
            if not _open_reasons(joint, knows_scopes)[0]:
                return
        key = frozenset(assignment.items())
        if key not in tried:
            tried.add(key)
            before = len(joint.found)
            joint.run(assignment)
            without_news = 0 if len(joint.found) > before else without_news + 1


def _candidates(
    joint: _ProductHarness, bounds: Bounds, starts: Sequence[Assignment], question: Inquiry | ProofResult | None
) -> Iterator[Assignment]:
    """Yield requests to the goals near changes, and models of a difference."""
    for harness in (joint.new, joint.old):
        wanted = joint.goals_of(harness)
        explored = Finder(harness, bounds, wanted=wanted).explore(starts)
        runs = [run for goal, run in explored.found.items() if goal in wanted]
        found = [run.assignment for run in runs]
        yield from found
        yield from _with_attempts(harness, found)
        moderated = [run.assignment for run in runs if run.result is not None and is_moderated(run.result)]
        yield from requests_with(harms(joint.old, joint.new), moderated)
    if isinstance(question, Inquiry):
        yield from requests_of(question, joint.new)


def _has_same_form(old: Harness, new: Harness, knows_scopes: bool, *, shares_variables: bool) -> bool:
    one, other = (
        normal_form(
            each.program,
            each.variables,
            knows_scopes=knows_scopes,
            shares_variables=shares_variables,
            made_up=each.stand_ins,
        )
        for each in (old, new)
    )
    return one == other


def _names_stand_ins(old: Harness, new: Harness) -> bool:
    """Return whether the versions have different named values that are made up, and may have the same made-up value."""
    return old.stand_ins.named_values != new.stand_ins.named_values


def _with_attempts(harness: Harness, found: Sequence[Assignment]) -> Iterator[Assignment]:
    """Yield requests for which each attempt of a retry gets the response of the first one."""
    if any(has_trait(step.name, "repeats") for step in harness.program.steps()):
        for status in dict.fromkeys(each.get(_FIRST_STATUS) for each in found):
            base = next(each for each in found if each.get(_FIRST_STATUS) == status)
            if status is not None:
                yield {**base, **{("answer", str(number), "status"): status for number in range(1, _MOST_ATTEMPTS)}}


def _open_reasons(joint: _ProductHarness, knows_scopes: bool) -> _Proof:
    """Ask once for the kinds of differences that are known whether there are others."""
    kinds = frozenset(kind for kind, _ in joint.found)
    if kinds not in joint.proofs and joint.total.is_over:
        return (TotalTime.used_up_before("every request was tried"),), (), None
    if kinds not in joint.proofs:
        joint.proofs[kinds] = _asked(joint, kinds, knows_scopes)
    return joint.proofs[kinds]


def _asked(joint: _ProductHarness, kinds: Iterable[Kind], knows_scopes: bool) -> _Proof:
    old, new = joint.old, joint.new
    if old.variables != new.variables:
        return ("versions with different variables",), (), None
    known = _known(kinds)
    question = equivalence.inquiry(
        old.program,
        new.program,
        old.variables,
        of_element,
        known,
        made_up=(old.stand_ins, new.stand_ins),
        knows_scopes=knows_scopes,
    )
    proof_result = question.decide() if isinstance(question, Inquiry) else question
    if proof_result.is_proven:
        return (), (), question
    reasons = tuple(dict.fromkeys(map(str, proof_result.reasons)))
    return reasons or ("requests that may differ, and were not found",), proof_result.parts, question


def _known(kinds: Iterable[Kind]) -> equivalence.KnownDifferences:
    """Return the differences that requests have shown, as the prover leaves them out."""
    answers: set[tuple[str, str]] = set()
    cells: set[tuple[str, str]] = set()
    names: set[str] = set()
    for kind in kinds:
        match kind:
            case ("answer", was, now):
                answers.add((was, now))
            case ("header", "the backend", name):
                cells.add(("header", name))
            case ("header", _, name):
                cells.add(("response-header", name))
            case ("body", who):
                names.add("body" if who == "the backend" else "response-body")
            case ("url",):
                names |= {"url", "query", "backend"}
            case ("method" | "status",):
                names.add(kind[0])
            case (equivalence.OWN, *_):
                names.add(equivalence.OWN)
    return equivalence.KnownDifferences(frozenset(answers), frozenset(names), frozenset(cells))


class _ProductHarness:
    """A product of two harnesses: each run is one through the old version and one through the new."""

    def __init__(self, old: Harness, new: Harness, on_run: Callable[[], None], total: TotalTime) -> None:
        self.old = old
        self.new = new
        self.total = total
        self.causes = Causes(old.program, new.program)
        new.certificates = {**new.certificates, **old.certificates}
        old.certificates = {**new.certificates, **old.certificates}
        if isinstance(old.token, CallerTokens) and isinstance(new.token, CallerTokens):
            CallerTokens.share(old.token, new.token)
        moderate(old, new)
        self.on_run = on_run
        self.found: dict[_Shown, ScenarioRun] = {}
        self.proofs: Proofs = {}
        self._shown: set[_Shown] = set()

    def run(self, assignment: Assignment) -> ScenarioRun:
        """Run a request through both versions, and return the run through the new one."""
        self._shown = set()
        self.on_run()
        first, second = self.old.run(assignment), self.new.run(assignment)
        if first.result is None:
            return first
        if second.result is not None and all(_NAME.fullmatch(name) for name in first.scenario.headers):
            for difference in differences(first.result, second.result):
                shown = difference.kind, self._cause(difference, first.result, second.result)
                self._shown.add(shown)
                self.found.setdefault(shown, second)
        return second

    def goals_of(self, harness: Harness) -> set[Goal]:
        """Return the goals of a version in and around changed elements; all goals where there are none."""
        elements = [each.new if harness is self.new else each.old for each in self.causes.spans]
        spans = [
            (element.source.path, *element.source.original_span(around.start, around.end))
            for element in elements
            if element is not None
            for around in (element.parent or element,)
        ]
        goals = harness.goals.all
        near = {
            goal
            for goal in goals
            if any(goal.file == file and first <= _start(goal) <= last for file, first, last in spans)
        }
        return near or set(goals)

    @property
    def explains_everything(self) -> bool:
        """Return whether each changed element is the cause of a difference, or there is no difference at all."""
        spans = self.causes.spans
        shown = {(id(spans[cause].old), id(spans[cause].new)) for _, cause in self.found if cause >= 0}
        return not self.found or all((id(each.old), id(each.new)) in shown for each in spans)

    def _cause(self, difference: Difference, old: Result, new: Result) -> int:
        """Return the number of the change that a difference comes from; -1 without one."""
        found = self.causes.of(difference, old, new)
        return -1 if found is None else self.causes.spans.index(found)

    def smallest(self, shown: _Shown, run: ScenarioRun) -> FoundDifference | None:
        """Return the smallest request that differs in this way, because of this change; None where chance does it.

        When the time is over, it is the one that was found.
        """
        kept = run if self.total.is_over else shrink(self.run, run, lambda _: shown in self._shown)
        old, new = self.old.run(kept.assignment), self.new.run(kept.assignment)
        assert old.result is not None
        assert new.result is not None
        results = old.result, new.result
        again = self.old.run(kept.assignment).result
        if again is None or shown[0] in {each.kind for each in differences(old.result, again)}:
            return None
        same = [each for each in differences(*results) if (each.kind, self._cause(each, *results)) == shown]
        return FoundDifference(same[0], old, new, None if shown[1] < 0 else self.causes.spans[shown[1]])


def _start(goal: Goal) -> int:
    return int(goal.at[0] if goal.kind == BRANCH else goal.at[1])
