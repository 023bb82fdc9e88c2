"""Where goals are reached, as formulas over the outcome of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.registry import has_trait
from apimpolicy.scenarios.goals import BRANCH
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Program, Step
    from apimpolicy.scenarios.goals import Goal, Goals
    from apimpolicy.terms.term import Term
    from apimpolicy.transfer.merged import Merged


class GoalFormulas:
    """The formulas of the goals of a program that was merged with the nodes of these goals watched."""

    def __init__(self, goals: Goals, program: Program, merged: Merged) -> None:
        self.merged = merged
        self._steps: dict[Goal, list[Step]] = {}
        for step in program.steps():
            self._steps.setdefault(goals.branch(step.element), []).append(step)
        self._nodes: dict[tuple[str, tuple[object, ...]], list[int]] = {}
        for node, (_, file, at, _) in goals.of_node.items():
            self._nodes.setdefault((file, at), []).append(node)

    def of(self, goal: Goal) -> Term | None:
        """Return where a goal is reached; None where that is not known."""
        outcome = self.merged.outcome
        if goal.kind != BRANCH:
            nodes = self._nodes.get((goal.file, goal.at), [])
            known = self.merged.unknowns.outcomes
            return terms.any_of(*(known.get((node, goal.outcome), terms.FALSE) for node in nodes))
        found: list[Term] = []
        for step in self._steps.get(goal._replace(outcome=0), []):
            if step.name in ("when", "otherwise"):
                found.append(outcome.branches.get(id(step.element), terms.FALSE))
            elif has_trait(step.name, "branches"):
                found.append(outcome.outcomes.get((id(step.element), "none"), terms.FALSE))
            elif has_trait(step.name, "repeats"):
                repeated = outcome.outcomes.get((id(step.element), ("repeated", "not repeated")[goal.outcome]))
                if repeated is None:
                    return None
                found.append(repeated)
            else:
                return None
        return terms.any_of(*found) if found else None


def watched_by(goals: Goals) -> dict[int, bool]:
    """Return the nodes of goals, by identity: whether they are about null."""
    return {node: is_null for node, (_, _, _, is_null) in goals.of_node.items()}
