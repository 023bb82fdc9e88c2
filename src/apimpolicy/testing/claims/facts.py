"""Facts that the prover finds about every request through a policy, without claims: `check --prove`.

They are branches that no request takes, and conditions that are always the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from apimpolicy.checks.proofs import PROVEN_BRANCH, PROVEN_CHECK, PROVEN_CONDITION, PROVEN_FAILURE, Proofs, ProvenFact
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.gateway.engine.document import load_policy
from apimpolicy.gateway.engine.evaluation import EXPRESSION_FAILURES
from apimpolicy.gateway.engine.steps import Step, compiled
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.environments import find_configuration
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.proving.proof import ProofResult
from apimpolicy.reasoning.scenarios import goals
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.harness import Harness
from apimpolicy.reasoning.scenarios.scenario import Bounds, Exploration
from apimpolicy.reasoning.semantics.unknowns import Reason
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.testing.claims.harnesses import file_about, harness_of, scope_in, setup_of
from apimpolicy.testing.claims.static_proofs import proof_of
from apimpolicy.text.document import Element
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import Excerpt, from_utf16, has_hole

_UNSUPPORTED = ProofResult(False, reasons=(Reason("how often retry repeats"),))


class BranchProofs:
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


_OF_THE_CALLER = re.compile(r"\.Certificate\b|AsJwt|TryParseJwt|\bJwt\b")


def proofs_of(path: str, bounds: Bounds) -> Proofs:
    """Return the proofs about the policy in a file.

    Empty if the file is a fragment or a template, does not compile, or needs a named value that is not configured.
    """
    try:
        return _proofs(Path(path), bounds)
    except DiagnosticError:
        return Proofs()  # findings say it
    except ApimPolicyError as error:
        return Proofs(undecided=str(error))


def _proofs(path: Path, bounds: Bounds) -> Proofs:
    policy = load_policy(path)
    if policy.is_fragment:
        return Proofs(undecided="a fragment is proven with the policies that include it")
    if has_hole(policy.original.text):
        return Proofs(undecided="it is a template, and the values of its placeholders are unknown")
    file = file_about(str(path), policy)
    setup = setup_of(file)
    values = _given_named_values(str(path))
    unknown = [
        named_value.name for named_value in find_named_values(policy.original.text) if named_value.name not in values
    ]
    if unknown and not file.subject.policies:
        return Proofs(undecided=f"the named value {unknown[0]} is unknown: add it to [named-values]")
    harness = harness_of({**file.subject.policies, scope_in(file, str(path)): path}, setup)
    explored = Finder(harness, bounds).explore()
    if not explored.runs:
        return Proofs(undecided=explored.problem)
    branches = BranchProofs(harness)
    proof_results = {goal: branches.decide(goal) for goal in explored.missing}
    proven = {goal for goal, proof_result in proof_results.items() if proof_result.is_proven}
    facts = [*_branches(explored, str(path), proven, branches), *_conditions(explored, str(path), proven, branches)]
    facts += _failures(explored, str(path), branches)
    return Proofs(tuple(facts), undecided=_why_undecided(explored, proof_results))


def _why_undecided(explored: Exploration, proof_results: dict[Goal, ProofResult]) -> str:
    """Return the first branch that is neither reached nor impossible, with the first reason; empty without one."""
    for goal, proof_result in proof_results.items():
        if goal.kind == goals.BRANCH and not proof_result.is_proven:
            why = f": {proof_result.reasons[0]}" if proof_result.reasons else ""
            return f"no request was found for {explored.harness.goals.name(goal)}, and none is proven impossible{why}"
    return ""


def _given_named_values(path: str) -> set[str]:
    found = find_configuration(os.path.dirname(path) or os.curdir)
    return set() if found is None else set(read_configuration(found).get("named-values", {}))


# Branches


def _branches(explored: Exploration, path: str, missing: set[Goal], branches: BranchProofs) -> Iterator[ProvenFact]:
    """Yield branches that no request takes, although their `choose` is reached."""
    harness = explored.harness
    reached = {id(entry.element) for run in explored.runs if run.result is not None for entry in run.result.trace}
    for step in harness.program.steps():
        if step.element.source.path != path or not has_trait(step.name, "branches") or id(step.element) not in reached:
            continue
        always = False
        for inner in step.steps_inside():
            if harness.goals.branch(inner.element) in missing:
                yield _branch(inner, "an earlier branch takes all that get here" if always else "")
            always = always or _is_always_true(explored, inner, branches)


def _is_always_true(explored: Exploration, step: Step, branches: BranchProofs) -> bool:
    """Return whether a branch that requests take is taken by all that get to it."""
    is_taken = explored.harness.goals.branch(step.element) in explored.found
    return step.name == "when" and is_taken and branches.takes_all(step)


def _branch(step: Step, why: str) -> ProvenFact:
    element = step.element
    condition = element.get("condition")
    code = "" if condition is None else condition.value.text
    is_check = _OF_THE_CALLER.search(code) and any(has_trait(each.name, "refuses") for each in element.descendants())
    return _fact(
        PROVEN_CHECK if is_check and not why else PROVEN_BRANCH, element, element.name_start, element.name_end, why
    )


def _fact(kind: str, element: Element, start: int, end: int, what: str) -> ProvenFact:
    first, last = element.source.original_span(start, end)
    return ProvenFact(kind, first, last, what)


# Conditions


def _conditions(explored: Exploration, path: str, missing: set[Goal], branches: BranchProofs) -> Iterator[ProvenFact]:
    """Yield conditions that are always the same, unless a finding about a branch or a larger condition covers them."""
    spans: list[tuple[int, int]] = []
    candidates: list[tuple[Goal, str]] = []
    goal_index = explored.harness.goals
    for goal in missing:
        place = goal_index.places[goal.kind, goal.file, goal.at]
        others = {goal._replace(outcome=number) for number in range(len(place.outcomes))} - {goal}
        is_met = bool(others & explored.found.keys())
        if goal.kind == goals.CONDITION and goal.file == path and not others & missing and is_met:
            other = next(iter(others))
            candidates.append((goal, place.outcomes[other.outcome]))
    reported = list(_reported_spans(explored, missing, branches))
    for goal, word in sorted(candidates, key=lambda candidate: _length(explored.harness, candidate[0]), reverse=True):
        excerpt, node = goal_index.node(goal)
        start, end = (excerpt.locate(offset) for offset in (node.syntax.start, node.syntax.end))
        if any(first <= start and end <= last for first, last in spans) or _is_reported(
            start, end, reported, node, excerpt
        ):
            continue
        spans.append((start, end))
        yield ProvenFact(PROVEN_CONDITION, *excerpt.source.original_span(start, end), word)


def _is_reported(start: int, end: int, reported: list[tuple[int, int, bool]], node: Bound, excerpt: Excerpt) -> bool:
    """Return whether a finding about a branch covers a condition."""
    is_whole = node is compiled(excerpt).bound.body
    return any(first <= start and end <= last and (is_whole or says_all) for first, last, says_all in reported)


def _length(harness: Harness, goal: Goal) -> int:
    _, node = harness.goals.node(goal)
    return int(node.syntax.end - node.syntax.start)


def _reported_spans(
    explored: Exploration, missing: set[Goal], branches: BranchProofs
) -> Iterator[tuple[int, int, bool]]:
    """Yield the conditions of branches with a finding, and whether it covers all conditions inside.

    For a branch that is never taken it does; for one that is always taken, only the whole condition.
    """
    harness = explored.harness
    for step in harness.program.steps():
        inner = list(step.steps_inside()) if has_trait(step.name, "branches") else []
        gone = [each for each in inner if harness.goals.branch(each.element) in missing]
        for each in inner if gone else ():
            condition = each.element.get("condition")
            if condition is not None and condition.value.expression is not None:
                excerpt = condition.value.expression
                if each in gone or _is_always_true(explored, each, branches):
                    yield excerpt.start, excerpt.end, each in gone


# Failures


def _failures(explored: Exploration, path: str, branches: BranchProofs) -> Iterator[ProvenFact]:
    """Yield policies whose expressions fail for every request that reaches them."""
    failed: dict[int, tuple[Element, str]] = {}
    fine: set[int] = set()
    for run in explored.runs:
        for entry in run.result.trace if run.result is not None else ():
            own = [evaluation for evaluation in entry.evaluations if evaluation.error is not None or evaluation.refusal]
            if entry.error is not None and entry.error.reason in EXPRESSION_FAILURES and own:
                failed.setdefault(id(entry.element), (entry.element, from_utf16(entry.error.message)))
            else:
                fine.add(id(entry.element))
    for key, (element, message) in failed.items():
        if key not in fine and element.source.path == path and branches.always_fails(element):
            yield _fact(PROVEN_FAILURE, element, element.name_start, element.name_end, message)
