"""Branches that no request takes, and conditions that are always the same: from the prover alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.registry import has_trait
from apimpolicy.proving.proof import ProofResult
from apimpolicy.scenarios.goals import BRANCH
from apimpolicy.semantics.unknowns import Reason
from apimpolicy.terms import term as terms
from apimpolicy.testing.claims.static_proofs import proof_of

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
        watched = {node: is_null for node, (_, _, _, is_null) in harness.goals.of_node.items()}
        self.proof = proof_of(harness, watched=watched)
        self._decided: dict[Term, ProofResult] = {}
        self._steps: dict[Goal, list[Step]] = {}
        for step in harness.program.steps():
            self._steps.setdefault(harness.goals.branch(step.element), []).append(step)
        self._nodes: dict[tuple[str, tuple[object, ...]], list[int]] = {}
        for node, (_, file, at, _) in harness.goals.of_node.items():
            self._nodes.setdefault((file, at), []).append(node)

    def decide(self, goal: Goal) -> ProofResult:
        """Return whether no request reaches a goal of a search."""
        if self.harness.section is not None:
            return ProofResult(False, reasons=(Reason("a section that runs alone"),))
        formula = self.formula(goal)
        return _UNSUPPORTED if formula is None else self._decide(formula)

    def formula(self, goal: Goal) -> Term | None:
        """Return where a goal is reached; None for how often retry repeats."""
        outcome = self.proof.outcome
        if goal.kind != BRANCH:
            nodes = self._nodes.get((goal.file, goal.at), [])
            known = self.proof.unknowns.outcomes
            return terms.any_of(*(known.get((node, goal.outcome), terms.FALSE) for node in nodes))
        found: list[Term] = []
        for step in self._steps.get(goal._replace(outcome=0), []):
            if step.name in ("when", "otherwise"):
                found.append(outcome.branches.get(id(step.element), terms.FALSE))
            elif has_trait(step.name, "branches"):
                found.append(outcome.outcomes.get((id(step.element), "none"), terms.FALSE))
            else:
                return None
        return terms.any_of(*found) if found else None

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
