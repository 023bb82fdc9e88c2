"""Solver queries about inputs: candidates are tried first, and unrelated terms are left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from apimpolicy.concolic import candidates, solver, term_analysis
from apimpolicy.concolic.values import Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.concolic.candidates import Target
    from apimpolicy.concolic.exploration import Exploration
    from apimpolicy.concolic.inputs import Input, Inputs
    from apimpolicy.concolic.solver import Term
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.bounds import Bounds

_LEAST = 40
"""Milliseconds for a query at a place where several timed out."""
_HARD = 300
"""Milliseconds for a hard query, unless the search is exhaustive."""


class SolverQueries:
    """The solver queries of one search; their statistics go to its outcome."""

    def __init__(self, inputs: Inputs, bounds: Bounds, outcome: Exploration, *, exhaustive: bool) -> None:
        self.inputs = inputs
        self.bounds = bounds
        self.outcome = outcome
        self.statistics = outcome.statistics
        self.exhaustive = exhaustive
        self._undecided: Counter[object] = Counter()
        """Number of timed-out queries by place."""

    def solve(
        self,
        terms: list[Term],
        condition: Term,
        assignment: Assignment,
        words: list[str],
        targets: Sequence[Target] = (),
        place: object = None,
    ) -> Assignment | None:
        """Return an assignment that satisfies all terms and changes only inputs related to `condition`.

        `place` is the place of the branch: queries get less time where others have timed out.
        """
        related = _related(terms, condition)
        inputs = self._inputs_of(related)
        domain = [term for each in inputs for term in each.domain]
        soft_constraints = [term for each in inputs for term in each.soft_constraints]
        self.statistics.queries += 1
        plain = candidates.try_single_input(self.inputs, [*related, *domain], condition, assignment)
        if plain is None and targets:
            plain = candidates.replaced(self.inputs, [*related, *domain], targets, assignment)
        if plain is None and not targets:
            plain = candidates.matching(self.inputs, [*related, *domain], condition, assignment)
        answer = (
            self._ask([*related, *domain], condition, soft_constraints, assignment, words, place)
            if plain is None
            else solver.SolverResult(True, plain)
        )
        if answer is None:
            return None
        found = dict(assignment)
        for each in inputs:
            value = answer.values.get(each.name)
            if value is None or (value == each.default and not each.is_explicit):
                found.pop(each.key, None)
            else:
                found[each.key] = value
        for each in inputs:
            self._take_first(each, found, related)
            self._take_one_case(each, found, related)
        return found

    def _take_first(self, given: Input, found: Assignment, terms: list[Term]) -> None:
        """Take the first choice of an input that satisfies the terms, so that the result is deterministic."""
        for choice in given.choices if given.key in found else ():
            tried = {**found, given.key: choice}
            if choice == found[given.key] or all(self.inputs.value(term, tried) is True for term in terms):
                found[given.key] = choice
                return

    def _take_one_case(self, given: Input, found: Assignment, terms: list[Term]) -> None:
        """Make a string lower or upper case where that satisfies the terms, since solvers mix case."""
        value = found.get(given.key)
        if given.choices or not isinstance(value, str) or value == value.lower():
            return
        for plain in (value.lower(), value.upper()):
            tried = {**found, given.key: plain}
            if all(self.inputs.value(term, tried) is True for term in (*terms, *given.domain)):
                found[given.key] = plain
                return

    def _ask(
        self,
        terms: list[Term],
        condition: Term,
        soft_constraints: list[Term],
        assignment: Assignment,
        words: list[str],
        place: object,
    ) -> solver.SolverResult | None:
        limit = self.bounds.milliseconds
        if not self.exhaustive:
            limit = max(_LEAST, limit >> 2 * self._undecided[place])
        is_hard = any(term_analysis.is_hard(term) for term in terms)
        if (
            is_hard
            and (values := candidates.try_candidates(self.inputs, [condition, *terms], assignment, words)) is not None
        ):
            return solver.SolverResult(True, values)
        for guess in ([], *term_analysis.equality_guesses(terms)):
            answer = solver.check([*terms, *guess], min(200, limit), [] if is_hard else soft_constraints)
            if answer.is_possible:
                return answer
            if answer.is_possible is False and not guess:
                return None
            if not guess and not is_hard:
                values = candidates.try_candidates(self.inputs, [condition, *terms], assignment, words)
                if values is not None:
                    return solver.SolverResult(True, values)
        answer = solver.check(terms, limit if self.exhaustive or not is_hard else min(limit, _HARD))
        if answer.is_possible is None:
            self._undecided[place] += 1
            self.statistics.undecided += 1
            self.outcome.unsupported_features.setdefault(
                Unsupported("a query that the solver did not decide in time", ""), 1
            )
        return answer if answer.is_possible else None

    def _inputs_of(self, terms: list[Term]) -> list[Input]:
        names: dict[str, None] = {}
        for term in terms:
            names.update(dict.fromkeys(sorted(solver.names_of(term))))
        return [self.inputs.by_name[name] for name in names if name in self.inputs.by_name]


def _related(terms: list[Term], condition: Term) -> list[Term]:
    """Return the terms that share inputs with one, directly or through others."""
    known = set(solver.names_of(condition))
    waiting = [(term, solver.names_of(term)) for term in terms]
    found: list[Term] = []
    while True:
        near = [(term, names) for term, names in waiting if names & known]
        if not near:
            return found
        waiting = [each for each in waiting if not each[1] & known]
        for term, names in near:
            found.append(term)
            known |= names
