"""The merged program of a policy for proposals, and the requests that its models describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.languages.emptiness import Work
from apimpolicy.languages.language import TooLarge
from apimpolicy.proposing.forms import FORMS
from apimpolicy.proposing.names import ProposedInputs, ProposedUnknowns
from apimpolicy.proposing.policies import ProposedRun
from apimpolicy.proposing.requests import request_of
from apimpolicy.scenarios.assignments import RESPONSE
from apimpolicy.semantics.state import ANSWER
from apimpolicy.semantics.values import constant_truth
from apimpolicy.terms import term as terms
from apimpolicy.terms.solver_process import prepare
from apimpolicy.terms.solving import Question
from apimpolicy.transfer.merged import Merged, fixed_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.languages.language import Language
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.semantics.state import Cell
    from apimpolicy.semantics.values import Value
    from apimpolicy.terms.solving import Model
    from apimpolicy.terms.term import Term

_MOST_RELAXED = 30
"""Questions in which one preference after another is given up."""
_ROUNDS = 40
_STATES, _STATES_OF_ALL, _STATES_OF_ONE = 3_000, 40_000, 300
"""States of languages that are looked at for one goal, for all goals, and for one language."""
_WEIGHED = 8
_MOST_EXCLUDED, _MOST_MODELS = 60, 3


class Proposals(Merged):
    """A program over all requests, which is optimistic: what it says is a proposal, and never a proof."""

    def __init__(
        self,
        harness: Harness,
        fixed: Mapping[Cell, Value] | None = None,
        path: Language | None = None,
        *,
        watched: Mapping[int, bool] | None = None,
        knows_variables: bool = False,
    ) -> None:
        prepare()
        self.harness = harness
        self._left = _STATES_OF_ALL
        unknowns = self.proposed = ProposedUnknowns()
        unknowns.forms = FORMS
        unknowns.providers = harness.providers
        names = frozenset(harness.variables) if knows_variables else None
        inputs = ProposedInputs(unknowns, {**dict(fixed_cells(harness.variables)), **(fixed or {})}, names)
        run = ProposedRun(harness, unknowns, inputs)
        if harness.section is not None:
            run.only_section = harness.section
            run.state.set(constant_truth(True), "has-response")
            run.state.set(inputs.make(("status", ""), RESPONSE), "status")
            for kind in ANSWER:
                run.state.forget(kind, RESPONSE)
        super().__init__(harness.program, run, path, watched)

    def requests(self, formula: Term, most: int) -> Iterator[Assignment]:
        """Yield requests that may make a formula true, those with the fewest inputs first."""
        if formula is terms.FALSE:
            return
        atoms = _atoms(formula)
        try:
            question = Question(formula, self.unknowns.facts)
            work = Work(min(_STATES, self._left), _STATES_OF_ONE, _WEIGHED)
            given = work.left
            known: set[frozenset[Any]] = set()
            for _ in range(_MOST_MODELS * most):
                model = self._smallest(question, work)
                self._left -= given - max(work.left, 0)
                given = max(work.left, 0)
                if model is None:
                    return
                request = request_of(model, self.unknowns, self.harness.certificates)
                if (key := frozenset(request.items())) not in known:
                    known.add(key)
                    yield request
                    if len(known) == most:
                        return
                question.exclude(model, [each for each in atoms if each in model.values][:_MOST_EXCLUDED])
        except TooLarge:
            return

    def _smallest(self, question: Question, work: Work) -> Model | None:
        """Return a model with as many preferences as possible."""
        known = set(question.variables)
        preferences = self.proposed.preferences
        literals = [literal for literal in preferences if literal in known]
        for _ in range(_MOST_RELAXED):
            answer = question.ask(literals, rounds=_ROUNDS, work=work)
            if answer.model is not None:
                return answer.model
            if answer.status != "impossible" or not literals or not answer.core:
                break
            core = set(answer.core)
            weak = {each for each in core if preferences[each]} or core
            literals.remove(next(each for each in literals if each in weak))
        return question.ask([], rounds=_ROUNDS, work=work).model


def _atoms(formula: Term) -> list[Term]:
    """Return the truth values and numbers that a formula is made of: what tells its models apart."""
    found: dict[Term, None] = {}
    seen: set[Term] = set()
    waiting = [formula]
    while waiting:
        term = waiting.pop()
        if term in seen:
            continue
        seen.add(term)
        if term.kind in ("var", "member", "same"):
            if term.sort != terms.TEXT:
                found[term] = None
        else:
            waiting += term.terms
    return list(found)
