"""The part of a search that turns decisions around which have no form, with the values of runs (`steering`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import backward, candidates, solver
from apimpolicy.concolic.path import place_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.concolic.explorer import Explorer
    from apimpolicy.concolic.harness import Run
    from apimpolicy.concolic.inputs import Assignment
    from apimpolicy.concolic.path import Decision

_MOST_STEERED = 4
"""Runs for one decision that has no form."""
_MOST_GUESSED = 26
"""Runs for one that depends on what cannot be turned around, as the remainder of a hash."""
_MOST_REPAIRS = 3
"""How often a run is mended in which a decision that should stay went another way, as one about a signature."""


class BackwardSolver:
    """Turns decisions of a search around that have no form."""

    def __init__(self, search: Explorer) -> None:
        self.search = search
        self.inputs = search.inputs

    def negate(self, run: Run, before: Sequence[Decision], decision: Decision) -> None:
        """Turn a decision around that has no form: by one way back to inputs after another, until one does."""
        assert decision.value is not None
        runs = self.search.statistics.runs
        most = _MOST_STEERED if backward.is_invertible(decision.value) else _MOST_GUESSED
        for following in self._steered(run, before, decision):
            is_done = any(_answers_otherwise(each, decision) for each in self.with_repairs(following, before))
            if is_done or self.search.statistics.runs - runs >= most:
                return

    def with_repairs(self, run: Run, before: Sequence[Decision]) -> list[Run]:
        """A run, and others like it in which what was broken is as it was before: decisions without a form that depend
        on what was changed, as one about a signature.
        """
        runs = [run]
        while len(runs) <= _MOST_REPAIRS:
            broken = _broken(runs[-1], before)
            repaired = None if broken is None else self._repaired(runs[-1], broken)
            if repaired is None:
                break
            runs.append(repaired)
        return runs

    def _repaired(self, run: Run, index: int) -> Run | None:
        """A run in which a decision is as it was before something that it depends on was changed."""
        broken = run.path.decisions[index]
        ways = self._steered(run, run.path.decisions[:index], broken)
        return next((each for each in ways if _answers_otherwise(each, broken)), None)

    def _steered(self, run: Run, before: Sequence[Decision], decision: Decision) -> Iterator[Run]:
        """Runs in which a decision that has no form should be answered otherwise."""
        value = decision.value
        assert value is not None
        leads = backward.is_invertible(value)
        for plan in backward.plans(value, not decision.taken) if leads else backward.perturbations(value):
            if self.search.is_late:
                return
            found = self._aimed(run, before, decision, plan)
            if found is None:
                continue
            key = frozenset(found.items())
            if key not in self.search.assignments:
                self.search.assignments[key] = self.search.run(found)
            following = self.search.assignments[key]
            if following is not None:
                yield following

    def _aimed(
        self, run: Run, before: Sequence[Decision], decision: Decision, plan: backward.Plan
    ) -> Assignment | None:
        """An assignment under which inputs have the values that are aimed at; of the decisions before, those that can
        hold, and of what the others depend on, what can stay.
        """
        asked = solver.all_of(*(solver.equal(term, solver.constant(value)) for term, value, _ in plan.targets))
        words = candidates.literals_in(decision.owner)
        for narrow in (None, self.search.guards, self.search.decides):
            held = [each for each in before if narrow is None or narrow(run.path, each, decision)]
            terms = [*(each.constraint for each in held if each.term is not None), *plan.more]
            for pins in plan.pins_by_strength:
                found = self.search.queries.solve([*terms, *pins, asked], asked, run.assignment, words, plan.targets)
                if found is not None:
                    return {**self._said(plan), **found}
        return None

    def _said(self, plan: backward.Plan) -> Assignment:
        """What the other side depends on, said where it is what it is anyway: elsewhere that may be something else."""
        named = ((self.inputs.by_name.get(solver.name_of(term)), value) for term, value in plan.pins)
        return {known.key: value for known, value in named if known is not None}


def _answers_otherwise(run: Run, decision: Decision) -> bool:
    """Whether a run answered a question otherwise, or did not meet it any more."""
    key = place_key(decision)
    return not any(each.taken == decision.taken and place_key(each) == key for each in run.path.decisions)


def _broken(run: Run, before: Sequence[Decision]) -> int | None:
    """Which decision that has no form went another way than before, where the run comes to it again."""
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
