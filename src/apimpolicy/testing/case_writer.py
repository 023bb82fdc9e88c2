"""Turns found requests into test cases: each as short as it can be, and run once more as the test file has it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from apimpolicy.scenarios.goals import BRANCH, Goal
from apimpolicy.scenarios.scenario import shrink
from apimpolicy.testing.case_names import case_name
from apimpolicy.testing.first_cases import Found, expected, run_alone, steps_to
from apimpolicy.testing.first_expectations import case_of
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.engine.result import Result
    from apimpolicy.scenarios.harness import Harness, ScenarioRun
    from apimpolicy.scenarios.scenario import Exploration, Scenario
    from apimpolicy.testing.first_surroundings import Surroundings

_MOST_RUNS_FOR_SHORTER = 40


class CaseWriter:
    """Writes the cases of searches. `reached` and `names` are of all cases so far.

    Unless `with_errors`, cases in which the policy itself fails with 500 are left out, and their goals are `failing`.
    """

    def __init__(
        self, policy: str, output: str, around: Surroundings, explored: Exploration, *, with_errors: bool
    ) -> None:
        self.with_errors = with_errors
        self.policy = policy
        self.output = output
        self.around = around
        self.explored = explored
        self.reached: set[Goal] = set()
        self.failing: set[Goal] = set()
        self.secret: set[Goal] = set()
        """Goals that need a secret of the configuration, which no test file may have."""
        self.names: set[str] = set()

    @property
    def harness(self) -> Harness:
        return self.explored.harness

    def keys(self, scenario: Scenario) -> dict[str, Any]:
        return case_of(scenario)

    def operation(self, scenario: Scenario) -> str:
        """Return the method and the URL template that a request is for, where that is known."""
        return ""

    def cases_of(self, explored: Exploration, wanted: Iterable[Goal]) -> list[Found]:
        """Return cases for those of the goals that were found and that no case has reached yet."""
        self.explored = explored
        made: list[Found | None] = []
        goals = [goal for goal in wanted if goal in explored.found]
        order = {goal: index for index, goal in enumerate(self.harness.goals.all)}
        goals.sort(key=lambda goal: (goal.kind != BRANCH, order.get(goal, 0)))
        for goal in goals:
            if goal not in self.reached | self.failing:
                made.append(self.case(explored.found[goal], [goal]))
        return [case for case in made if case is not None]

    def case(self, run: ScenarioRun, wanted: list[Goal]) -> Found | None:
        """Return a case for a run, as short as it can be while it reaches what is wanted."""
        if not self.with_errors and run.result is not None and _fails(run.result):
            self.failing |= run.reached
            return None
        if wanted:
            needed = set(wanted)
            run = shrink(self.harness.run, run, lambda tried: needed <= tried.reached, _MOST_RUNS_FOR_SHORTER)
        for scenario in (run.scenario, run.answered):
            given = self.keys(scenario)
            request = given.pop("request")
            if _has_secrets((request, given)):
                self.secret |= run.reached
                return None
            before = scenario.calls_before
            outcome = run_alone(self.policy, self.output, self.around, request, steps_to(before, {}), **given)
            reached = self.harness.goals.reached(outcome.results[-1].trace) if outcome.results else set()
            if outcome.results and (not wanted or set(wanted) & reached):
                break
        else:
            return None
        if not self.with_errors and _fails(outcome.results[-1]):
            self.failing |= reached
            return None
        fresh = [goal for goal in self.harness.goals.all if goal in reached and goal not in self.reached]
        self.reached |= reached
        branches = [
            _branch_path(self.harness, goal) for goal in wanted or fresh if goal in fresh and self._is_arm(goal)
        ]
        expect = expected(self.policy, self.output, self.around, request, outcome, branches, given, before)
        name = self.unique(case_name(run.scenario, outcome.results[-1], expect, self.operation(run.scenario)))
        steps = steps_to(before, expect) if before else []
        return Found(name, request, expect, branches, steps, given, frozenset(fresh if wanted else ()))

    def unique(self, name: str) -> str:
        """Return the name, with a number if another case has it."""
        number, found = 1, name
        while found in self.names:
            number += 1
            found = f"{name} ({number})"
        self.names.add(found)
        return found

    def _is_arm(self, goal: Goal) -> bool:
        """Return whether `expect: branch` can name the goal: a when or otherwise."""
        return goal.kind == BRANCH and self.harness.goals.places[goal.kind, goal.file, goal.at].outcomes == ("taken",)


def _has_secrets(content: object) -> bool:
    text = json.dumps(content, ensure_ascii=False, default=str)
    return without_secrets(text) != text


def _fails(result: Result) -> bool:
    """Return whether a policy fails, so that the gateway responds with 500."""
    return result.error is not None and result.response.status_code == 500


def _branch_path(harness: Harness, goal: Goal) -> str:
    place = harness.goals.places[goal.kind, goal.file, goal.at]
    return f"{place.section} {place.name}"
