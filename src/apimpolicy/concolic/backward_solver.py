"""Negate branches without a term, with the values of runs (`backward`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import backward, candidates, solver
from apimpolicy.concolic.path import place_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.concolic.explorer import Explorer
    from apimpolicy.concolic.harness import Run
    from apimpolicy.concolic.path import Decision
    from apimpolicy.scenarios.assignments import Assignment

_MOST_INVERTED = 4
"""Runs for one branch without a term."""
_MOST_PERTURBED = 26
"""Runs for a branch that can't be inverted, such as one about the remainder of a hash."""
_MOST_REPAIRS = 3
"""Repairs of a run that breaks an earlier branch, such as one about a signature."""


class BackwardSolver:
    """Negates the branches of a search that have no term."""

    def __init__(self, search: Explorer) -> None:
        self.search = search
        self.inputs = search.inputs

    def negate(self, run: Run, before: Sequence[Decision], decision: Decision) -> None:
        """Negate a branch without a term: try one inversion after another until a run takes the other side."""
        assert decision.value is not None
        runs = self.search.statistics.runs
        most = _MOST_INVERTED if backward.is_invertible(decision.value) else _MOST_PERTURBED
        for next_run in self._negating_runs(run, before, decision):
            is_done = any(_takes_other_side(each, decision) for each in self.with_repairs(next_run, before))
            if is_done or self.search.statistics.runs - runs >= most:
                return

    def with_repairs(self, run: Run, before: Sequence[Decision]) -> list[Run]:
        """Return a run, and variants in which branches that it broke, such as one about a signature, are restored."""
        runs = [run]
        while len(runs) <= _MOST_REPAIRS:
            broken = _first_broken(runs[-1], before)
            repaired = None if broken is None else self._repair(runs[-1], broken)
            if repaired is None:
                break
            runs.append(repaired)
        return runs

    def _repair(self, run: Run, index: int) -> Run | None:
        """Return a run in which a branch is taken as before an input that it depends on changed."""
        broken = run.path.decisions[index]
        runs = self._negating_runs(run, run.path.decisions[:index], broken)
        return next((each for each in runs if _takes_other_side(each, broken)), None)

    def _negating_runs(self, run: Run, before: Sequence[Decision], decision: Decision) -> Iterator[Run]:
        """Yield runs in which a branch without a term should be wanted."""
        value = decision.value
        assert value is not None
        leads = backward.is_invertible(value)
        for plan in backward.plans(value, not decision.taken) if leads else backward.perturbations(value):
            if self.search.is_late:
                return
            found = self._assignment_for(run, before, decision, plan)
            if found is None:
                continue
            key = frozenset(found.items())
            if key not in self.search.assignments:
                self.search.assignments[key] = self.search.run(found)
            next_run = self.search.assignments[key]
            if next_run is not None:
                yield next_run

    def _assignment_for(
        self, run: Run, before: Sequence[Decision], decision: Decision, plan: backward.Plan
    ) -> Assignment | None:
        """Return an assignment that fulfils a plan, and keeps as many of the earlier branches as possible."""
        wanted = solver.all_of(*(solver.equal(term, solver.constant(value)) for term, value, _ in plan.targets))
        words = candidates.literals_in(decision.owner)
        for narrow in (None, self.search.guards, self.search.influences):
            held = [each for each in before if narrow is None or narrow(run.path, each, decision)]
            terms = [*(each.constraint for each in held if each.term is not None), *plan.more]
            for pins in plan.pins_by_strength:
                found = self.search.queries.solve([*terms, *pins, wanted], wanted, run.assignment, words, plan.targets)
                if found is not None:
                    return {**self._explicit_pins(plan), **found}
        return None

    def _explicit_pins(self, plan: backward.Plan) -> Assignment:
        """Return the pinned inputs as explicit values, even where they have their defaults."""
        named = ((self.inputs.by_name.get(solver.name_of(term)), value) for term, value in plan.pins)
        return {known.key: value for known, value in named if known is not None}


def _takes_other_side(run: Run, decision: Decision) -> bool:
    """Return whether a run took a branch differently, or did not reach it."""
    key = place_key(decision)
    return not any(each.taken == decision.taken and place_key(each) == key for each in run.path.decisions)


def _first_broken(run: Run, before: Sequence[Decision]) -> int | None:
    """Return the index of the first branch without a term that went differently than before."""
    known = iter(each for each in before if each.value is not None)
    for index, decision in enumerate(run.path.decisions):
        if decision.value is None:
            continue
        other = next(known, None)
        if other is None or place_key(other) != place_key(decision):
            return None
        if other.taken != decision.taken:
            return index
    return None
