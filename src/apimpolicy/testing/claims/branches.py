"""Branches that no request takes, and conditions that are always the same: from the prover alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.registry import has_trait
from apimpolicy.proposing.goals import GoalFormulas, watched_by
from apimpolicy.proving.proof import Proof, ProofResult
from apimpolicy.semantics.unknowns import Reason
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.terms.term import Term
    from apimpolicy.text.document import Element

_UNSUPPORTED = ProofResult(False, reasons=(Reason("how often retry repeats"),))


class Branches:
    """The branches and conditions of the policies of one harness."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        made_up = harness.stand_ins if harness.stand_ins else None
        self.proof = Proof(
            harness.program,
            harness.first,
            harness.variables,
            made_up=made_up,
            watched=watched_by(harness.goals),
            scopes=harness.scopes,
        )
        self._decided: dict[Term, ProofResult] = {}
        self.formulas = GoalFormulas(harness.goals, harness.program, self.proof)

    def decide(self, goal: Goal) -> ProofResult:
        """Return whether no request reaches a goal of a search."""
        if self.harness.section is not None:
            return ProofResult(False, reasons=(Reason("a section that runs alone"),))
        formula = self.formulas.of(goal)
        return _UNSUPPORTED if formula is None else self._decide(formula)

    def takes_all(self, step: Step) -> bool:
        """Return whether requests that get to a `when` never get past it to the next one."""
        parent = step.parent
        siblings = [] if parent is None else [*parent.steps_inside()]
        behind = siblings[siblings.index(step) + 1 :] if step in siblings else []
        if not behind:
            return False
        following = self.proof.outcome.outcomes.get((id(behind[0].element), "asked"), terms.FALSE)
        reached = self.proof.outcome.branches.get(id(behind[0].element), terms.FALSE)
        return self._decide(terms.any_of(following, reached)).is_proven

    def always_fails(self, element: Element) -> bool:
        """Return whether requests that get to a policy never get past it."""
        if has_trait(element.name, "terminates", "responds", "refuses", "repeats", "branches"):
            return False
        passed = self.proof.outcome.outcomes.get((id(element), "passed"))
        return passed is not None and self._decide(passed).is_proven

    def _decide(self, formula: Term) -> ProofResult:
        found = self._decided.get(formula)
        if found is None:
            found = self._decided[formula] = self.proof.question(formula).decide()
        return found
