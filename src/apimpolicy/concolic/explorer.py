"""Looks for requests: runs one, turns decisions of its way around, and goes on with what is new.

Decisions that lead to what nobody has reached come first; ways are never enumerated for their own sake, unless all of
them are wanted (`thorough`), as for a proof.
"""

from __future__ import annotations

import heapq
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import backward, candidates, solver
from apimpolicy.concolic.backward_solver import BackwardSolver
from apimpolicy.concolic.bounds import Bounds
from apimpolicy.concolic.data_flow import only_refuses
from apimpolicy.concolic.doubles import LAST_RESORT, PLACE
from apimpolicy.concolic.exploration import Exploration
from apimpolicy.concolic.goals import BRANCH, CONDITION, Goal
from apimpolicy.concolic.inputs import Inputs
from apimpolicy.concolic.origins import THROWS
from apimpolicy.concolic.path import place_key
from apimpolicy.concolic.queries import SolverQueries
from apimpolicy.concolic.values import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from apimpolicy.concolic.harness import Harness, Run
    from apimpolicy.concolic.inputs import Assignment
    from apimpolicy.concolic.path import Decision, Path
    from apimpolicy.concolic.reachability import Places


_WITHIN = ("split", "trim", "replace", "number", "sample", "coding")
"""Places inside of a member, which decide little of themselves."""
DOUBLES = (PLACE, LAST_RESORT)


class Explorer:
    """One search. `on_run` is told of each run; the search ends early when it says True."""

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
        self._seen: set[tuple[int, bool]] = set()
        self.assignments: dict[frozenset[Any], Run | None] = {}
        self._is_for_branches = False
        self._ahead: Places = 0
        """Where what is wanted and missing is, when so many goals were found."""
        self._measured = -1

    def explore(self, starts: Iterable[Assignment] = ()) -> Exploration:
        """Search until everything wanted is found, all ways are gone, or a bound is reached."""
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
        """Whether the seconds of the search are over."""
        return time.process_time() > self._deadline

    def _has_stalled(self) -> bool:
        """Whether there was nothing new for long."""
        return not self.exhaustive and self.statistics.runs - self._newest > self.bounds.patience

    def _restrict_to_branches(self) -> bool:
        """Go on with what leads to branches that nobody has taken, the least tried first; false when that was done."""
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
        """Whether something that is wanted, and that nobody has reached, comes after a decision."""
        self._measure()
        return bool(self.harness.reachability.of(run.path.open_exit(decision.step)) & self._ahead)

    def _measure(self) -> None:
        """Where what is missing is, once more was found."""
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
        """Run a request, and note what it reached and where its way could turn."""
        run = self.harness.run(self.inputs, assignment)
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
        self._note_blocking(run)
        way = _signature(run.path.decisions)
        if way not in self._seen_paths or not self.exhaustive:  # what has no form may differ all the same
            self._seen_paths.add(way)
            self._schedule(run)
        for path in run.continuations:
            self._schedule(run.with_path(path))
        if self.on_run is not None and self.on_run(run):
            self._queue.clear()
        return run

    def _schedule(self, run: Run) -> None:
        self._seen.update((each.term.get_id(), each.taken) for each in run.path.decisions if each.term is not None)
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
        """A decision that has no form is turned around too where a way leads back to inputs."""
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
        """How soon a decision is turned around: what leads to something new first, and each place in its turn."""
        other = self._goal_of(decision, taken=not decision.taken)
        branch = decision.place == THROWS or self._has_missing_branch(decision)
        is_new = other is not None and other in self.wanted and other not in self.outcome.found
        is_unseen = decision.term is None or (decision.term.get_id(), not decision.taken) not in self._seen
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
        """Whether a decision belongs to the condition of a branch that has not gone all ways."""
        entry = decision.owner
        if entry is None:
            return False
        around = entry.parent if entry.name == "when" else entry
        if around is None:
            return False
        return any(
            goal not in self.outcome.found for goal in self.harness.goals.around(around.element) if goal in self.wanted
        )

    def _note_blocking(self, run: Run) -> None:
        for decision in run.path.decisions:
            if decision.term is None and decision.unsupported is not None:
                goal = self._goal_of(decision, taken=not decision.taken)
                if goal is not None:
                    known = self.outcome.blocking.setdefault(goal, {})
                    known[decision.unsupported] = known.get(decision.unsupported, 0) + 1

    # Turning around

    def _negate(self, run: Run, index: int) -> None:
        if run.path.is_finished:
            return
        decision = run.path.decisions[index]
        before = run.path.decisions[:index]
        if decision.term is None:
            self.backward_solver.negate(run, before, decision)
            return
        asked = decision._replace(taken=not decision.taken)
        found = None if decision.is_repeated else self._asked(run, before, asked)
        if found is None and not self.exhaustive and run.is_real:
            for narrow in (self.guards, self.decides):
                fewer = [each for each in before if narrow(run.path, each, asked)]
                if found is None and len(fewer) < len(before):
                    before = fewer
                    found = self._asked(run, before, asked)
        if found is None:
            return
        key = frozenset(found.items())
        is_new = key not in self.assignments
        following = self.assignments[key] = self.run(found) if is_new else self.assignments[key]
        if following is not None and decision.place not in DOUBLES:  # other policies run then
            self.statistics.predicted += is_new
            if not self._is_as_foreseen([*before, asked], following):
                self.statistics.diverged += is_new
                if is_new and not self.exhaustive:
                    self.backward_solver.with_repairs(following, before)

    def _asked(self, run: Run, before: Sequence[Decision], asked: Decision) -> Assignment | None:
        """An assignment under which the decisions before hold, and the one that is asked for."""
        terms = [each.constraint for each in (*before, asked) if each.term is not None]
        return self.queries.solve(
            terms, asked.constraint, run.assignment, candidates.literals_in(asked.owner), place=place_key(asked)
        )

    def decides(self, path: Path, decision: Decision, asked: Decision) -> bool:
        """Whether a decision has a part in another one that comes later, or in whether that is met."""
        if decision.place in DOUBLES:
            return False
        if decision.place == "conversion":  # a value that is refused ends the request
            return True
        return self.harness.reachability.leads_to(path.open_exit(decision.step), asked.step)

    def guards(self, path: Path, decision: Decision, asked: Decision) -> bool:
        """Whether it does, or the way would end at it when it were answered otherwise."""
        step = decision.step
        ends = decision.place == "guard" or (step is not None and only_refuses(step))
        return ends or self.decides(path, decision, asked)

    def _is_as_foreseen(self, wanted: Sequence[Decision], following: Run) -> bool:
        """Whether a run took these decisions as they were asked for, and others that matter for the last only later."""
        asked = wanted[-1]
        return any(self._begins(path, wanted, asked) for path in (following.path, *following.continuations))

    def _begins(self, path: Path, wanted: Sequence[Decision], asked: Decision) -> bool:
        """Whether a way begins with these decisions, as far as they decide about the last of them."""
        answers = list(self._deciding(path, wanted, asked))
        return list(islice(self._deciding(path, path.decisions, asked), len(answers))) == answers

    def _deciding(self, path: Path, decisions: Iterable[Decision], asked: Decision) -> Iterator[tuple[int, bool]]:
        """The answers that decide about a decision, each the term's number and what it was."""
        for each in decisions:
            if each.term is not None and (self.exhaustive or each is asked or self.decides(path, each, asked)):
                yield each.term.get_id(), each.taken


def _signature(decisions: Sequence[Decision]) -> int:
    """What tells these decisions from others."""
    return hash(tuple((0 if each.term is None else each.term.get_id(), each.taken) for each in decisions))
