"""Search for requests that reach goals: what keeps a run from one is inverted, and so on with the new runs."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.gateway.engine.steps import Step
from apimpolicy.gateway.policies.effects import Replaced, is_taken
from apimpolicy.gateway.policies.registry import has_trait, is_known
from apimpolicy.reasoning.proposing.inversion.core import (
    Inversion,
    repair,
    requests_with_plain_values,
    returned,
    truth,
    usual,
)
from apimpolicy.reasoning.proposing.inversion.recorded import Structure
from apimpolicy.reasoning.scenarios.assignments import Assignment
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.scenario import PASSES, Bounds, Exploration

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun


_MOST_CANDIDATES = 10
"""Requests that are made of one run."""
_MOST_REPEATED = 100
"""Requests that are made of one run, with those that have run before."""


_ANY_BRANCH = Goal(BRANCH, "", (), 0)
"""Stands for a step that is only to be reached."""


class SearchGoal(NamedTuple):
    """A goal of a search: whether a run reaches it, how close a run is, and requests that may come closer."""

    is_reached: Callable[[ScenarioRun], bool]
    closeness: Callable[[ScenarioRun], float]
    candidates: Callable[[ScenarioRun], Iterator[Assignment]]


def approach(
    send: Callable[[Assignment], ScenarioRun | None],
    target: SearchGoal,
    starts: Iterable[Assignment],
    is_over: Callable[[], bool],
    most: int,
    width: int = 3,
) -> ScenarioRun | None:
    """Return a run that reaches a target, after at most so many tries; the closest runs are repaired first."""
    number = count()
    waiting: list[tuple[float, int, ScenarioRun]] = []
    seen: set[frozenset[Any]] = set()

    def added(assignment: Assignment) -> ScenarioRun | None:
        key = frozenset(assignment.items())
        if key in seen:
            return None
        seen.add(key)
        run = send(assignment)
        if run is None or run.result is None:
            return None
        if target.is_reached(run):
            return run
        heapq.heappush(waiting, (-target.closeness(run), next(number), run))
        return None

    for start in starts:
        if (reached := added(start)) is not None:
            return reached
    waiting = heapq.nsmallest(width, waiting)
    while waiting and len(seen) < most and not is_over():
        *_, run = heapq.heappop(waiting)
        limit = min(most, len(seen) + _MOST_CANDIDATES)
        for candidate in islice(target.candidates(run), _MOST_REPEATED):
            tried = len(seen)
            if (reached := added(candidate)) is not None:
                return reached
            if len(seen) >= limit or (len(seen) > tried and is_over()):
                break
    return None


class Guided:
    """A search for one goal after another; `send` runs a request."""

    def __init__(self, harness: Harness, send: Callable[[Assignment], ScenarioRun | None]) -> None:
        self.harness = harness
        self.send = send
        self._steps: dict[Goal, list[Step]] = {}
        self._structures: dict[int, Structure] = {}

    def search(
        self, goal: Goal, starts: Iterable[Assignment], is_over: Callable[[], bool], most: int, width: int = 3
    ) -> bool:
        """Return whether a request reaches a goal, after at most so many tries."""
        target = SearchGoal(
            lambda run: goal in run.reached,
            lambda run: self.closeness(goal, run),
            lambda run: self.candidates(goal, run),
        )
        return approach(self.send, target, starts, is_over, most, width) is not None

    def get_through(self, starts: Iterable[Assignment], is_over: Callable[[], bool], most: int) -> bool:
        """Return whether a request runs without an error of the policy, after at most so many tries.

        One in which policies are replaced counts only if no other is found.
        """
        runs: list[ScenarioRun] = []

        def gets_through(run: ScenarioRun) -> bool:
            if run.result is None or run.result.error is not None:
                return False
            runs.append(run)
            return not any(key[0] == "double" for key in run.assignment)

        target = SearchGoal(
            gets_through,
            lambda run: len(run.result.trace) - len(run.assignment) / 20 if run.result is not None else 0.0,
            self._without_its_error,
        )
        return approach(self.send, target, starts, is_over, most) is not None or bool(runs)

    def _without_its_error(self, run: ScenarioRun) -> Iterator[Assignment]:
        inversion = self.inversion(run)
        culprit = _failed_step(inversion.trace)
        if culprit is not None:
            yield from self._unstopped(culprit, run, inversion)

    def inversion(self, run: ScenarioRun) -> Inversion:
        return Inversion(self.harness, run, self._structures)

    def toward(self, step: Step, run: ScenarioRun, inversion: Inversion) -> Iterator[Assignment]:
        yield from self._toward(_ANY_BRANCH, step, run, inversion)

    def past(self, step: Step, inversion: Inversion) -> Iterator[Assignment]:
        """Yield requests with which a step that ran may not run."""
        indexes = {id(entry.step): index for index, entry in enumerate(inversion.trace)}
        for outer in reversed(_around(step)):
            index = indexes.get(id(outer))
            if outer.name == "when" and index is not None and is_taken(inversion.trace[index].effect):
                yield from self._condition(inversion.trace[index], index, inversion, wanted=False)

    def repeated(self, step: Step, inversion: Inversion, *, wanted: bool) -> Iterator[Assignment]:
        """Yield requests with which a `retry` that ran repeats once more, or less often."""
        for index, entry in enumerate(inversion.trace):
            if entry.step is step:
                yield from self._condition(entry, index, inversion, wanted=wanted)

    def candidates(self, goal: Goal, run: ScenarioRun) -> Iterator[Assignment]:
        """Yield requests that may get closer to a goal than a run did."""
        inversion = self.inversion(run)
        for step in self.steps(goal):
            yield from self._toward(goal, step, run, inversion)

    def closeness(self, goal: Goal, run: ScenarioRun) -> float:
        """Return how many of the elements around a goal a run entered, at most, and more if it was evaluated.

        Of runs that entered the same ones, those are closer that evaluated more of the last one's expressions.
        """
        assert run.result is not None
        entries = {id(entry.step): entry for entry in run.result.trace}
        best = 0.0
        for step in self.steps(goal):
            value, last = 0.0, None
            for outer in _around(step):
                entry = entries.get(id(outer))
                if entry is None or isinstance(entry.effect, Replaced):
                    break
                last = entry
                value += 1 if outer.name not in ("when", "otherwise") or is_taken(entry.effect) else 0.5
            else:
                value += 0.5 if goal.kind != BRANCH and goal._replace(outcome=1 - goal.outcome) in run.reached else 0
            if entry is None:
                sections, parent = self.harness.program.sections, outer.parent
                beside = sections[outer.section] if parent is None else parent.steps_inside()
                value += 0.03 * sum(id(sibling) in entries for sibling in beside)
            best = max(best, value + (0.0 if last is None else _progress(last)))
        doubles = [key for key, value in run.assignment.items() if key[0] == "double" and value == PASSES]
        return best + len(entries) / 5000 - len(run.assignment) / 200 - len(doubles) / 20

    def steps(self, goal: Goal) -> list[Step]:
        found = self._steps.get(goal)
        if found is None:
            found = self._steps[goal] = [
                step for step in self.harness.program.steps() if self.harness.goals.is_at(step, goal)
            ]
        return found

    def _toward(self, goal: Goal, step: Step, run: ScenarioRun, inversion: Inversion) -> Iterator[Assignment]:
        trace = inversion.trace
        indexes = {id(entry.step): index for index, entry in enumerate(trace)}
        for outer in _around(step):
            index = indexes.get(id(outer))
            is_last = outer is step
            if index is not None:
                entry = trace[index]
                if outer.name == "when" and not is_taken(entry.effect):
                    if is_last and goal.kind != BRANCH:
                        break
                    yield from self._condition(entry, index, inversion, wanted=True)
                    return
                if not is_last:
                    continue
                break
            before = [trace[indexes[id(earlier)]] for earlier in _before(outer) if id(earlier) in indexes]
            taken = next((branch for branch in before if is_taken(branch.effect)), None)
            if outer.name in ("when", "otherwise") and taken is not None:
                yield from self._condition(taken, indexes[id(taken.step)], inversion, wanted=False)
                return
            yield from self._unstopped(outer, run, inversion)
            return
        if goal.kind == BRANCH:
            yield from self._at_branch(goal, step, indexes, inversion)
            if run.result is not None and run.result.error is not None:
                yield from self._unstopped(step, run, inversion)
            return
        _, node = self.harness.goals.node(goal)
        about_null = self.harness.goals.of_node[id(node)][3]
        for index, entry in enumerate(trace):
            if entry.step is not step:
                continue
            for evaluation in entry.evaluations:
                recorded = inversion.recorded(evaluation, _end(trace, index))
                if recorded.has(node) or (
                    recorded.body is not None and any(inner is node for inner in recorded.body.walk())
                ):
                    outcome: Any = not goal.outcome
                    if about_null:
                        outcome = usual(inversion, recorded, node) if goal.outcome else None
                    yield from truth(inversion, recorded, node, wanted=outcome)
        if step.element is not None and (last := indexes.get(id(step))) is not None and trace[last].error is not None:
            yield from self._unstopped(step, run, inversion)

    def _at_branch(self, goal: Goal, step: Step, indexes: dict[int, int], inversion: Inversion) -> Iterator[Assignment]:
        """Yield requests with the outcome of a choose or retry that was reached."""
        if has_trait(step.name, "branches"):
            for inner in step.steps_inside():
                index = indexes.get(id(inner))
                if index is not None and is_taken(inversion.trace[index].effect):
                    yield from self._condition(inversion.trace[index], index, inversion, wanted=False)
        elif has_trait(step.name, "repeats"):
            yield from self.repeated(step, inversion, wanted=not goal.outcome)

    def _condition(self, entry: TraceEntry, index: int, inversion: Inversion, *, wanted: bool) -> Iterator[Assignment]:
        for evaluation in entry.evaluations[-1:]:
            recorded = inversion.recorded(evaluation, _end(inversion.trace, index))
            if recorded.error is not None:
                yield from repair(inversion, recorded)
            yield from returned(inversion, recorded, wanted)

    def _unstopped(self, step: Step, run: ScenarioRun, inversion: Inversion) -> Iterator[Assignment]:
        """Yield requests that are not stopped before a step: by an error, or by a response."""
        assert run.result is not None
        trace = inversion.trace
        failed = next((index for index in range(len(trace) - 1, -1, -1) if trace[index].error is not None), None)
        if step.section == "on-error" and run.result.error is None:
            yield from inversion.sources.failures({})
        if run.result.error is not None and failed is not None and step.section != "on-error":
            yield from chain.from_iterable(
                repair(inversion, inversion.recorded(evaluation, index))
                for index in range(len(trace) - 1, -1, -1)
                for evaluation in trace[index].evaluations
                if evaluation.error is not None
            )
            culprit = _failed_step(trace)
            if culprit is not None:
                yield from inversion.sources.admitted(culprit)
            double = None if culprit is None else self.harness.double_of(culprit)
            if double is not None and run.assignment.get(("double", double)) != PASSES:
                yield {**run.assignment, ("double", double): PASSES}
            evaluations = trace[failed].evaluations
            if all(evaluation.error is None for evaluation in evaluations):
                yield {**run.assignment, ("body", "there"): True}
                for evaluation in evaluations:
                    yield from requests_with_plain_values(inversion, inversion.recorded(evaluation, failed))
        around = {id(enclosing) for enclosing in _around(step)}
        ended = next((entry for entry in reversed(trace) if entry.effect is not None and entry.effect.ends), None)
        if ended is None and failed is not None:
            ended = trace[failed]
        indexes = {id(entry.step): index for index, entry in enumerate(trace)}
        for outer in [] if ended is None else _around(ended.step):
            if id(outer) not in around and outer.name in ("when", "otherwise"):
                for branch in (outer, *_before(outer)):
                    index = indexes.get(id(branch))
                    if index is not None:
                        is_here = branch is outer
                        if is_here and outer.name == "otherwise":
                            continue
                        yield from self._condition(trace[index], index, inversion, wanted=not is_here)
                return


def _progress(entry: TraceEntry) -> float:
    """Return a part of 0.3 that grows with the parts of an entry's expressions that were evaluated."""
    recorders = (each.recorder for each in entry.evaluations if each.recorder is not None)
    parts = len({id(node) for recorder in recorders for node, _ in recorder.entries})
    return 0.3 * parts / (parts + 30)


def _failed_step(trace: list[TraceEntry]) -> Step | None:
    step = next((entry.step for entry in reversed(trace) if entry.error is not None), None)
    while step is not None and not is_known(step.name):  # a part of a policy
        step = step.parent
    return step


def _around(step: Step) -> list[Step]:
    found = [step]
    while (parent := found[-1].parent) is not None:
        found.append(parent)
    return found[::-1]


def _before(step: Step) -> list[Step]:
    if step.parent is None:
        return []
    inside = list(step.parent.steps_inside())
    place = next((index for index, each in enumerate(inside) if each is step), len(inside))
    return [each for each in inside[:place] if each.name == "when"]


def _end(trace: list[TraceEntry], index: int) -> int:
    """Return the index at which an entry's conditions were evaluated: those of retry, after what is inside it."""
    if not has_trait(trace[index].step.name, "repeats"):
        return index
    end = index + 1
    while end < len(trace) and trace[end].depth > trace[index].depth:
        end += 1
    return end


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
        self._starts: list[Assignment] = []
        """Callers whom checks accept: what keeps them from a goal is inverted though they reach nothing new."""
        self._deadline = 0.0
        self._guided = Guided(harness, self.run)

    def explore(self, starts: Iterable[Assignment] = ()) -> Exploration:
        """Search until every wanted goal is reached, or a bound is."""
        begun = time.process_time()
        self._deadline = begun + self.bounds.seconds
        statistics = self.outcome.statistics
        usual: list[Assignment] = [{("token", provider): "good"} for provider in self.harness.providers]
        callers: list[Assignment] = [
            {**each, ("certificate",): name} for each in usual or [{}] for name in self.harness.certificates
        ]
        self._starts = [*usual, *starts]
        for start in dict.fromkeys(map(_frozen, ({}, *self._starts, *callers))):
            if self.run(dict(start)) is None and not self.outcome.runs:
                return self.outcome
        if all(run.result is not None and run.result.error is not None for run in self.outcome.runs):
            self._guided.get_through([{}, *self._starts], lambda: self.is_over or self._is_spent, self._tries)
        if not self.is_done:
            self._search()
        statistics.seconds = time.process_time() - begun
        return self.outcome

    @property
    def is_done(self) -> bool:
        """Return whether no goal is left, or no time."""
        return self.is_over or self.wanted <= self.outcome.found.keys() or self._is_spent

    @property
    def _is_spent(self) -> bool:
        return time.process_time() > self._deadline or self.outcome.statistics.runs >= self.bounds.runs

    @property
    def _tries(self) -> int:
        """The number of requests that are tried for one goal, besides those that are known."""
        return self.bounds.patience // 10

    def _search(self) -> None:
        """Invert runs until they reach what is missing, and again with what that has found."""
        goals = [goal for goal in self.harness.goals.all if goal in self.wanted]
        goals.sort(key=lambda goal: goal.kind != BRANCH)
        before = -1
        while before < len(self.outcome.found):
            before = len(self.outcome.found)
            for goal in goals:
                if goal not in self.outcome.found and not self.is_done:
                    starts = [*self.outcome.starts(), *self._starts]
                    self._guided.search(goal, starts, lambda: self.is_done, len(starts) + self._tries)

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
