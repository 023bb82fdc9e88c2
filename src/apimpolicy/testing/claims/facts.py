"""Facts that the prover finds about every request through a policy, without claims: `check --prove`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.checks.proofs import BRANCH, CHECK, CONDITION, FAILURE, Fact, Proofs
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.document import load_policy
from apimpolicy.engine.evaluation import EXPRESSION_FAILURES
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.policies.registry import has_trait
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.configuration_files import find_configuration
from apimpolicy.proposing.guided import Finder
from apimpolicy.scenarios import goals
from apimpolicy.testing.claims.branches import Branches
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.test_file_lookup import file_about, scope_in
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import has_hole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.engine.steps import Step
    from apimpolicy.proving.proof import ProofResult
    from apimpolicy.scenarios.bounds import Bounds
    from apimpolicy.scenarios.exploration import Exploration
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt

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
    given = _given_named_values(str(path))
    unknown = [each.name for each in find_named_values(policy.original.text) if each.name not in given]
    if unknown and not file.subject.policies:
        return Proofs(undecided=f"the named value {unknown[0]} is unknown: add it to [named-values]")
    harness = harness_of({**file.subject.policies, scope_in(file, str(path)): path}, setup)
    explored = Finder(harness, bounds).explore()
    if not explored.runs:
        return Proofs(undecided=explored.problem)
    branches = Branches(harness)
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
    """Return the named values in the configuration of a file."""
    found = find_configuration(os.path.dirname(path) or os.curdir)
    return set() if found is None else set(read_configuration(found).get("named-values", {}))


# Branches


def _branches(explored: Exploration, path: str, missing: set[Goal], branches: Branches) -> Iterator[Fact]:
    """Yield branches that no request takes, although their `choose` is reached."""
    harness = explored.harness
    reached = _elements_reached(explored)
    for step in harness.program.steps():
        if step.element.source.path != path or not has_trait(step.name, "branches") or id(step.element) not in reached:
            continue
        always = False
        for inner in step.steps_inside():
            if harness.goals.branch(inner.element) in missing:
                yield _branch(inner, "an earlier branch takes all that get here" if always else "")
            always = always or _is_always_true(explored, inner, branches)


def _is_always_true(explored: Exploration, step: Step, branches: Branches) -> bool:
    """Return whether a branch that requests take is taken by all that get to it."""
    is_taken = explored.harness.goals.branch(step.element) in explored.found
    return step.name == "when" and is_taken and branches.takes_all(step)


def _branch(step: Step, why: str) -> Fact:
    element = step.element
    condition = element.get("condition")
    code = "" if condition is None else condition.value.text
    is_check = _OF_THE_CALLER.search(code) and any(has_trait(each.name, "refuses") for each in element.descendants())
    return _fact(CHECK if is_check and not why else BRANCH, element, element.name_start, element.name_end, why)


def _fact(kind: str, element: Element, start: int, end: int, what: str) -> Fact:
    first, last = element.source.original_span(start, end)
    return Fact(kind, first, last, what)


def _elements_reached(explored: Exploration) -> set[int]:
    return {id(entry.element) for run in explored.runs if run.result is not None for entry in run.result.trace}


# Conditions


def _conditions(explored: Exploration, path: str, missing: set[Goal], branches: Branches) -> Iterator[Fact]:
    """Yield conditions that are always the same, unless a finding about a branch or a larger condition covers them."""
    spans: list[tuple[int, int]] = []
    found: list[tuple[Goal, str]] = []
    known = explored.harness.goals
    for goal in missing:
        place = known.places[goal.kind, goal.file, goal.at]
        others = {goal._replace(outcome=number) for number in range(len(place.outcomes))} - {goal}
        is_met = bool(others & explored.found.keys())
        if goal.kind == goals.CONDITION and goal.file == path and not others & missing and is_met:
            other = next(iter(others))
            found.append((goal, place.outcomes[other.outcome]))
    reported = list(_reported_spans(explored, missing, branches))
    for goal, word in sorted(found, key=lambda each: _length(explored.harness, each[0]), reverse=True):
        excerpt, node = known.node(goal)
        start, end = (excerpt.locate(offset) for offset in (node.syntax.start, node.syntax.end))
        if any(first <= start and end <= last for first, last in spans) or _is_reported(
            start, end, reported, node, excerpt
        ):
            continue
        spans.append((start, end))
        yield Fact(CONDITION, *excerpt.source.original_span(start, end), word)


def _is_reported(start: int, end: int, reported: list[tuple[int, int, bool]], node: Bound, excerpt: Excerpt) -> bool:
    """Return whether a finding about a branch covers a condition."""
    is_whole = node is compiled(excerpt).bound.body
    return any(first <= start and end <= last and (is_whole or says_all) for first, last, says_all in reported)


def _length(harness: Harness, goal: Goal) -> int:
    _, node = harness.goals.node(goal)
    return int(node.syntax.end - node.syntax.start)


def _reported_spans(explored: Exploration, missing: set[Goal], branches: Branches) -> Iterator[tuple[int, int, bool]]:
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


def _failures(explored: Exploration, path: str, branches: Branches) -> Iterator[Fact]:
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
            yield _fact(FAILURE, element, element.name_start, element.name_end, message)
