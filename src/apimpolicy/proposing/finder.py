"""Finds requests that reach goals: what keeps a run from one is inverted, and so on with the new runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apimpolicy.proposing.guided import Guided
from apimpolicy.scenarios.goals import BRANCH
from apimpolicy.scenarios.scenario import Bounds, Exploration

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness, ScenarioRun

_MOST_KEPT = 400
"""Runs that are kept: one for each set of goals with a status."""


class Finder:
    """A search for requests that reach goals; all goals of the harness unless some are `wanted`.

    `on_run` is called after each run; the search ends when it returns True.
    """

    def __init__(
        self,
        harness: Harness,
        bounds: Bounds | None = None,
        *,
        wanted: Iterable[Goal] | None = None,
        on_run: Callable[[ScenarioRun], bool] | None = None,
    ) -> None:
        self.harness = harness
        self.bounds = bounds or Bounds()
        self.wanted = set(harness.goals.all if wanted is None else wanted)
        self.on_run = on_run
        self.outcome = Exploration(harness)
        self.is_over = False
        self._runs: dict[Hashable, ScenarioRun | None] = {}
        self._paths: set[Hashable] = set()
        self._deadline = 0.0
        self._guided = Guided(harness, self.run)

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
        """Invert runs until they reach what is missing, and again with what that has found."""
        goals = [goal for goal in self.harness.goals.all if goal in self.wanted]
        goals.sort(key=lambda goal: goal.kind != BRANCH)
        most = self.bounds.patience // 10  # runs
        before = -1
        while before < len(self.outcome.found):
            before = len(self.outcome.found)
            for goal in goals:
                if goal not in self.outcome.found and not self.is_done:
                    starts = self.outcome.starts()
                    self._guided.search(goal, starts, lambda: self.is_done, len(starts) + most)

    def run(self, assignment: Assignment) -> ScenarioRun | None:
        """Run a request unless it has run, and keep the goals that it reaches; None where it can't run."""
        key = _frozen(assignment)
        if key in self._runs:
            return self._runs[key]
        run: ScenarioRun | None = self.harness.run(assignment)
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


def _frozen(assignment: Assignment) -> frozenset[tuple[tuple[str, ...], object]]:
    return frozenset(assignment.items())
