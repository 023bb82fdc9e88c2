"""Finds requests that reach goals: the smallest models first, repaired by what their runs show, then variations."""

from __future__ import annotations

import time
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from apimpolicy.proposing.goals import GoalFormulas, watched_by
from apimpolicy.proposing.observed import compared, matching
from apimpolicy.proposing.program import Proposals
from apimpolicy.proposing.repairs import repair
from apimpolicy.proposing.variations import Variations
from apimpolicy.scenarios.bounds import Bounds
from apimpolicy.scenarios.exploration import Exploration
from apimpolicy.scenarios.goals import BRANCH

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness, Run
    from apimpolicy.terms import term as terms

_MOST_MODELS = 6
"""Models for one goal."""
_MOST_REPAIRS = 4
_MOST_MATCHED = 8
"""Requests that make values equal which the run of a model compared."""
_MOST_REASONS = 3
_MOST_KEPT = 400
"""Runs that are kept: one for each set of goals with a status."""


class Finder:
    """A search for requests that reach goals; all goals of the harness unless some are `wanted`.

    `on_run` is called after each run; the search ends when it returns True. `proposals` makes the merged program.
    """

    def __init__(
        self,
        harness: Harness,
        bounds: Bounds | None = None,
        *,
        wanted: Iterable[Goal] | None = None,
        on_run: Callable[[Run], bool] | None = None,
        proposals: Callable[..., Proposals] = Proposals,
    ) -> None:
        self.harness = harness
        self._proposals = proposals
        self.bounds = bounds or Bounds()
        self.wanted = set(harness.goals.all if wanted is None else wanted)
        self.on_run = on_run
        self.outcome = Exploration(harness)
        self.is_over = False
        self._runs: dict[Hashable, Run | None] = {}
        self._paths: set[Hashable] = set()
        self._deadline = 0.0

    def explore(self, starts: Iterable[Assignment] = ()) -> Exploration:
        """Search until every wanted goal is reached, or a bound is."""
        begun = time.process_time()
        self._deadline = begun + self.bounds.seconds
        statistics = self.outcome.statistics
        usual: Assignment = {("token", provider): "good" for provider in self.harness.providers}
        callers: list[Assignment] = [{**usual, ("certificate",): name} for name in self.harness.certificates]
        for start in dict.fromkeys(map(_frozen, ({}, *([usual] if usual else []), *starts, *callers))):
            if self.run(dict(start)) is None and not self.outcome.runs:
                return self.outcome
        if not self.is_done:
            self._search()
        statistics.seconds = time.process_time() - begun
        return self.outcome

    @property
    def is_done(self) -> bool:
        """Return whether no goal is left, or no time."""
        return (
            self.is_over
            or self.wanted <= self.outcome.found.keys()
            or time.process_time() > self._deadline
            or self.outcome.statistics.runs >= self.bounds.runs
        )

    def _search(self) -> None:
        goals = [goal for goal in self.harness.goals.all if goal in self.wanted]
        goals.sort(key=lambda goal: goal.kind != BRANCH)
        proposals = self._proposals(self.harness, watched=watched_by(self.harness.goals))
        formulas = GoalFormulas(self.harness.goals, self.harness.program, proposals)
        proposed: dict[Goal, list[Assignment]] = {}
        for goal in goals:
            formula = None if goal in self.outcome.found or self.is_done else formulas.of(goal)
            if formula is not None:
                proposed[goal] = self.propose(proposals, formula, partial(_reaches, goal))
        variations = Variations(self.harness, proposals, self.run, self.outcome)
        before = len(self.outcome.found)
        variations.explore(lambda: self.wanted - self.outcome.found.keys(), lambda: self.is_done, self.bounds.patience)
        self.outcome.statistics.by_variations += len(self.outcome.found) - before
        for goal in goals:
            if goal not in self.outcome.found and not self.is_done:
                before = len(self.outcome.found)
                most = self.bounds.patience if goal.kind == BRANCH else self.bounds.patience // 4
                variations.search(goal, proposed.get(goal, []), lambda: self.is_done, most)
                self.outcome.statistics.by_variations += len(self.outcome.found) - before
        for goal in goals:
            if goal not in self.outcome.found:
                formula = formulas.of(goal)
                self.outcome.reasons[goal] = [] if formula is None else _reasons(proposals, formula)

    def propose(self, proposals: Proposals, formula: terms.Term, is_wanted: Callable[[Run], bool]) -> list[Assignment]:
        """Run the requests of models until one is wanted, each repaired by what its run shows; return all of them."""
        tried: list[Assignment] = []
        for assignment in proposals.requests(formula, _MOST_MODELS):
            self.outcome.statistics.questions += 1
            tried.append(assignment)
            if self._confirm(assignment, is_wanted):
                self.outcome.statistics.by_models += 1
                break
            if self.is_done:
                break
        return tried

    def _confirm(self, assignment: Assignment, is_wanted: Callable[[Run], bool]) -> bool:
        for number in range(_MOST_REPAIRS):
            run = self.run(assignment)
            if run is None or run.result is None:
                return False
            if is_wanted(run):
                return True
            repaired = repair(self.harness, run.result, assignment, with_doubles=number > 0)
            if repaired == assignment or self.is_done:
                return self._matches(run, is_wanted)
            assignment = repaired
        return False

    def _matches(self, run: Run, is_wanted: Callable[[Run], bool]) -> bool:
        """Run requests in which two values are equal that a run compared, such as a signature and what it should be."""
        assert run.result is not None
        pairs = sorted(compared(run.result, None), key=lambda pair: -max(map(len, pair)))  # computed ones are long
        for assignment in islice(matching(run.assignment, pairs), _MOST_MATCHED):
            other = self.run(assignment)
            if self.is_done or (other is not None and is_wanted(other)):
                return other is not None and is_wanted(other)
        return False

    def run(self, assignment: Assignment) -> Run | None:
        """Run a request unless it has run, and keep the goals that it reaches; None where it can't run."""
        key = _frozen(assignment)
        if key in self._runs:
            return self._runs[key]
        run: Run | None = self.harness.run(assignment)
        assert run is not None
        self.outcome.statistics.runs += 1
        if run.result is None:
            self.outcome.problem = self.outcome.problem or run.problem
            run = None
        else:
            assert run.result is not None
            path = frozenset(run.reached), run.result.response.status_code, run.result.reached_backend
            if path not in self._paths and len(self._paths) < _MOST_KEPT:
                self._paths.add(path)
                self.outcome.runs.append(run)
            for goal in run.reached:
                self.outcome.found.setdefault(goal, run)
            if self.on_run is not None and self.on_run(run):
                self.is_over = True
        self._runs[key] = run
        return run


def _reaches(goal: Goal, run: Run) -> bool:
    return goal in run.reached


def _frozen(assignment: Assignment) -> frozenset[tuple[tuple[str, ...], object]]:
    return frozenset(assignment.items())


def _reasons(proposals: Proposals, formula: terms.Term) -> list[str]:
    """Return why values in a formula are unknown."""
    reasons = proposals.unknowns.reasons
    seen: set[terms.Term] = set()
    waiting = [formula]
    found: dict[str, None] = {}
    while waiting and len(found) < _MOST_REASONS:
        term = waiting.pop()
        if term in seen:
            continue
        seen.add(term)
        if term in reasons:
            found[reasons[term].what] = None
        waiting += term.terms
    return list(found)
