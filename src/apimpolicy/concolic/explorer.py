"""Concolic search: run a request, negate one of its branches, repeat with the new input.

Branches that lead to unreached goals come first. Paths are not enumerated for their own sake, unless the search is
`exhaustive`, which looks for a request that breaks a claim.
"""

from __future__ import annotations

import heapq
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import backward, candidates, solver
from apimpolicy.concolic.backward_solver import BackwardSolver
from apimpolicy.concolic.data_flow import only_refuses
from apimpolicy.concolic.doubles import LAST_RESORT, PLACE
from apimpolicy.concolic.exploration import Exploration
from apimpolicy.concolic.inputs import Inputs
from apimpolicy.concolic.origins import THROWS
from apimpolicy.concolic.path import place_key
from apimpolicy.concolic.queries import SolverQueries
from apimpolicy.concolic.values import Unsupported
from apimpolicy.scenarios.bounds import Bounds
from apimpolicy.scenarios.goals import BRANCH, CONDITION, Goal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.path import Decision, Path
    from apimpolicy.concolic.reachability import Places
    from apimpolicy.scenarios.assignments import Assignment


_WITHIN = ("split", "trim", "replace", "number", "sample", "coding")
"""Places inside a member, whose branches decide little by themselves."""
DOUBLES = (PLACE, LAST_RESORT)


class Explorer:
    """One search. `on_run` is called after each run; the search ends when it returns True."""

    def __init__(
        self,
        harness: Harness,
        bounds: Bounds | None = None,
        *,
        exhaustive: bool = False,
        wanted: Iterable[Goal] | None = None,
        on_run: Callable[[Run], bool] | None = None,
    ) -> None:
        self.harness = harness
        self.bounds = bounds or Bounds()
        self.inputs = Inputs(self.bounds)
        harness.declare(self.inputs)
        self.exhaustive = exhaustive
        self.wanted = set(harness.goals.all if wanted is None else wanted)
        self.on_run = on_run
        self.outcome = Exploration(harness, self.inputs)
        self.statistics = self.outcome.statistics
        self.queries = SolverQueries(self.inputs, self.bounds, self.outcome, exhaustive=exhaustive)
        self.backward_solver = BackwardSolver(self)
        self._queue: list[tuple[float, int, Run, int]] = []
        self._deadline = 0.0
        self._count = 0
        self._newest = 0
        self._tried: set[int] = set()
        self._seen_paths: set[int] = set()
        self._tries: dict[Any, int] = {}
        self._covered: set[tuple[int, bool]] = set()
        self.assignments: dict[frozenset[Any], Run | None] = {}
        self._is_for_branches = False
        self._ahead: Places = 0
        """The places of the unreached goals, when so many were reached."""
        self._measured = -1

    def explore(self, starts: Iterable[Assignment] = ()) -> Exploration:
        """Search until every wanted goal is reached, no path is left, or a bound is reached."""
        begun = time.process_time()
        self._deadline = begun + self.bounds.seconds
        solver.set_deadline(self._deadline)
        for start in ({}, *starts):
            if self.run(start) is None and not self.outcome.runs:
                break
        while self._queue and not self._is_done():
            if self.is_late or self.statistics.runs >= self.bounds.runs:
                break
            if self._has_stalled() and not self._restrict_to_branches():
                break
            _, _, run, index = heapq.heappop(self._queue)
            decision = run.path.decisions[index]
            if self.exhaustive or self._leads_on(run, decision):
                self._negate(run, index)
        self.statistics.seconds = time.process_time() - begun
        solver.set_deadline(None)
        return self.outcome

    @property
    def is_late(self) -> bool:
        """Return whether the time of the search is over."""
        return time.process_time() > self._deadline

    def _has_stalled(self) -> bool:
        """Return whether the last runs reached nothing new."""
        return not self.exhaustive and self.statistics.runs - self._newest > self.bounds.patience

    def _restrict_to_branches(self) -> bool:
        """Restrict the search to untaken branches, least tried first; return False when it was restricted already."""
        if self._is_for_branches:
            return False
        self._is_for_branches = True
        self._newest = self.statistics.runs
        self._measured = -1
        for number, (rank, count, run, index) in enumerate(self._queue):
            is_double = run.path.decisions[index].place in DOUBLES or not run.is_real
            self._queue[number] = (rank + 100 * is_double, count, run, index)
        heapq.heapify(self._queue)
        return True

    def _leads_on(self, run: Run, decision: Decision) -> bool:
        """Return whether a wanted, unreached goal can follow a branch."""
        self._measure()
        return bool(self.harness.reachability.of(run.path.open_exit(decision.step)) & self._ahead)

    def _measure(self) -> None:
        """Update where the unreached goals are."""
        if self._measured == len(self.outcome.found):
            return
        self._measured = len(self.outcome.found)
        self._ahead = 0
        for goal in self.wanted - self.outcome.found.keys():
            if goal.kind == BRANCH or not self._is_for_branches:
                self._ahead |= self.harness.reachability.places(goal)

    def _is_done(self) -> bool:
        return not self.exhaustive and self.wanted <= self.outcome.found.keys()

    # Runs

    def run(self, assignment: Assignment) -> Run | None:
        """Run a request, record the goals that it reached, and schedule its branches."""
        run = self.harness.trace(self.inputs, assignment)
        self.statistics.runs += 1
        self.statistics.mispredictions += len(run.path.mispredicted) + len(run.path.internal_errors)
        if run.result is None:
            self.outcome.problem = self.outcome.problem or run.problem
            self.outcome.unsupported_features.setdefault(Unsupported(run.problem, ""), 1)
            return None
        self.outcome.runs.append(run)
        if not run.reached <= self.outcome.found.keys():
            self._newest = self.statistics.runs
        for goal in run.reached:
            self.outcome.found.setdefault(goal, run)
        for unsupported in run.path.unsupported_features:
            self.outcome.unsupported_features[unsupported] = self.outcome.unsupported_features.get(unsupported, 0) + 1
        self._record_blocking(run)
        signature = _signature(run.path.decisions)
        if signature not in self._seen_paths or not self.exhaustive:  # branches without a term may still differ
            self._seen_paths.add(signature)
            self._schedule(run)
        if self.on_run is not None and self.on_run(run):
            self._queue.clear()
        return run

    def _schedule(self, run: Run) -> None:
        self._covered.update((each.term.get_id(), each.taken) for each in run.path.decisions if each.term is not None)
        prefix = 0
        without_form: set[Any] = set()
        for index, decision in enumerate(run.path.decisions):
            if decision.term is not None:
                if not decision.fixed and not (decision.is_repeated and self.exhaustive):
                    key = hash((prefix, decision.term.get_id(), decision.taken))
                    if key not in self._tried:
                        self._tried.add(key)
                        self._push(run, index, self._rank(decision))
                prefix = hash((prefix, decision.term.get_id(), decision.taken))
            elif decision.value is not None and not self.exhaustive:
                place = place_key(decision), decision.taken
                if place not in without_form and self._schedule_without_form(run, index, decision, prefix):
                    without_form.add(place)

    def _schedule_without_form(self, run: Run, index: int, decision: Decision, prefix: int) -> bool:
        """Schedule a branch without a term if it can be traced back to inputs."""
        assert decision.value is not None
        place = place_key(decision), decision.taken
        if backward.is_invertible(decision.value):
            key = hash((prefix, *place, backward.fingerprint(decision.value)))
        elif backward.depends_on_inputs(decision.value):
            key = hash(place)
        else:
            return False
        if key not in self._tried:
            self._tried.add(key)
            self._push(run, index, self._rank(decision))
        return True

    def _push(self, run: Run, index: int, rank: float) -> None:
        self._count += 1
        heapq.heappush(self._queue, (rank, self._count, run, index))

    def _rank(self, decision: Decision) -> float:
        """Return the priority of negating a branch: new goals first, and each place in turn."""
        other = self._goal_of(decision, taken=not decision.taken)
        branch = decision.place == THROWS or self._has_missing_branch(decision)
        is_new = other is not None and other in self.wanted and other not in self.outcome.found
        is_unseen = decision.term is None or (decision.term.get_id(), not decision.taken) not in self._covered
        base: float = 0 if is_new and branch else 1 if branch else 2 if is_new else 3 if is_unseen else 5
        kind = decision.place[0] if isinstance(decision.place, tuple) else decision.place
        base += 4 if kind == LAST_RESORT else 0.5 if isinstance(kind, str) and kind in _WITHIN else 0
        key = place_key(decision)
        tries = self._tries.get((key, decision.taken), 0)
        self._tries[key, decision.taken] = tries + 1
        return base + tries * (0.15 if decision.term is not None else 0.05)

    def _goal_of(self, decision: Decision, *, taken: bool) -> Goal | None:
        place = decision.place[0] if isinstance(decision.place, tuple) else decision.place
        known = self.harness.goals.of_node.get(id(place))
        if known is None:
            return None
        _, file, at, _ = known
        return Goal(CONDITION, file, at, int(not taken))

    def _has_missing_branch(self, decision: Decision) -> bool:
        """Return whether a branch belongs to a condition with an outcome that was not reached yet."""
        entry = decision.owner
        if entry is None:
            return False
        around = entry.parent if entry.name == "when" else entry
        if around is None:
            return False
        return any(
            goal not in self.outcome.found for goal in self.harness.goals.around(around.element) if goal in self.wanted
        )

    def _record_blocking(self, run: Run) -> None:
        for decision in run.path.decisions:
            if decision.term is None and decision.unsupported is not None:
                goal = self._goal_of(decision, taken=not decision.taken)
                if goal is not None:
                    known = self.outcome.blocking.setdefault(goal, {})
                    known[decision.unsupported] = known.get(decision.unsupported, 0) + 1

    # Negating branches

    def _negate(self, run: Run, index: int) -> None:
        if run.path.is_finished:
            return
        decision = run.path.decisions[index]
        before = run.path.decisions[:index]
        if decision.term is None:
            self.backward_solver.negate(run, before, decision)
            return
        negated = decision._replace(taken=not decision.taken)
        found = None if decision.is_repeated else self._solve_for(run, before, negated)
        if found is None and not self.exhaustive and run.is_real:
            for narrow in (self.guards, self.influences):
                fewer = [each for each in before if narrow(run.path, each, negated)]
                if found is None and len(fewer) < len(before):
                    before = fewer
                    found = self._solve_for(run, before, negated)
        if found is None:
            return
        key = frozenset(found.items())
        is_new = key not in self.assignments
        next_run = self.assignments[key] = self.run(found) if is_new else self.assignments[key]
        if next_run is not None and decision.place not in DOUBLES:  # other policies run then
            self.statistics.predicted += is_new
            if not self._is_as_predicted([*before, negated], next_run):
                self.statistics.diverged += is_new
                if is_new and not self.exhaustive:
                    self.backward_solver.with_repairs(next_run, before)

    def _solve_for(self, run: Run, before: Sequence[Decision], negated: Decision) -> Assignment | None:
        """Return an assignment that keeps the earlier branches and takes this one."""
        terms = [each.constraint for each in (*before, negated) if each.term is not None]
        return self.queries.solve(
            terms, negated.constraint, run.assignment, candidates.literals_in(negated.owner), place=place_key(negated)
        )

    def influences(self, path: Path, decision: Decision, negated: Decision) -> bool:
        """Return whether a branch can influence a later one."""
        if decision.place in DOUBLES:
            return False
        if decision.place == "conversion":  # a value that is refused ends the request
            return True
        return self.harness.reachability.leads_to(path.open_exit(decision.step), negated.step)

    def guards(self, path: Path, decision: Decision, negated: Decision) -> bool:
        """Return whether `decision` guards `negated`, or ends the request when negated."""
        step = decision.step
        ends = decision.place == "guard" or (step is not None and only_refuses(step))
        return ends or self.influences(path, decision, negated)

    def _is_as_predicted(self, wanted: Sequence[Decision], next_run: Run) -> bool:
        """Return whether a run took the predicted branches."""
        negated = wanted[-1]
        return self._begins(next_run.path, wanted, negated)

    def _begins(self, path: Path, wanted: Sequence[Decision], negated: Decision) -> bool:
        """Return whether a path begins with these branches, as far as they influence the last of them."""
        answers = list(self._influencing(path, wanted, negated))
        return list(islice(self._influencing(path, path.decisions, negated), len(answers))) == answers

    def _influencing(self, path: Path, decisions: Iterable[Decision], negated: Decision) -> Iterator[tuple[int, bool]]:
        """Yield the branches that influence a branch, as the term's id and the outcome."""
        for each in decisions:
            if each.term is not None and (self.exhaustive or each is negated or self.influences(path, each, negated)):
                yield each.term.get_id(), each.taken


def _signature(decisions: Sequence[Decision]) -> int:
    """Return a number that identifies a sequence of branches."""
    return hash(tuple((0 if each.term is None else each.term.get_id(), each.taken) for each in decisions))
