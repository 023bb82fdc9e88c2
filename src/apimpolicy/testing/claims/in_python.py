"""Claims in tests in Python: `apim.prove(…)`, and `apim.requests_reaching(…)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.proposing.guided import Finder
from apimpolicy.report.claim_results import FALSE, PROVEN, UNDECIDED, ClaimReport
from apimpolicy.scenarios.goals import BRANCH, Goal
from apimpolicy.scenarios.shrinking import shrink
from apimpolicy.testing.certificates import TestCertificates
from apimpolicy.testing.claims.branches import Branches
from apimpolicy.testing.claims.harnesses import Setup, harness_of
from apimpolicy.testing.claims.proving import Proof
from apimpolicy.testing.claims.reading import Expressions, claim_of_keys
from apimpolicy.testing.claims.requests import report_of

if TYPE_CHECKING:
    import datetime

    from apimpolicy.engine.effective_policies import AnyPolicy
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.result import Result
    from apimpolicy.scenarios.bounds import Bounds
    from apimpolicy.scenarios.exploration import Exploration
    from apimpolicy.scenarios.harness import Harness

_PATH = "claim.json"
_MOST_REQUESTS = 6


def decide(
    parts: Mapping[str, Any],
    policies: Mapping[str, AnyPolicy],
    gateway: Gateway,
    now: datetime.datetime,
    bounds: Bounds,
) -> ClaimReport:
    """Decide a claim that is given by the keys of test files. Raises TestFileError, ConfigurationError."""
    claim = claim_of_keys(parts)
    setup = Setup(gateway, now, TestCertificates())
    harness = harness_of(policies, setup)
    proof = Proof(harness, [claim], Expressions(gateway.named_values), bounds)
    (verdict,) = proof.verdicts()
    return report_of(verdict, harness)


def sentence_of(report: ClaimReport) -> str:
    """Return why a claim is not proven, for the message of a test; empty when it is proven."""
    if report.status == PROVEN:
        return ""
    if report.status == FALSE:
        parts = (f"the claim is false: {report.request}", report.why, report.explanation)
        return "\n\n".join(part for part in parts if part)
    assert report.status == UNDECIDED
    return "\n".join(["the claim is not decided because of:", *(f"- {each}" for each in report.reasons)])


def results_reaching(
    branch: str, policies: Mapping[str, AnyPolicy], gateway: Gateway, now: datetime.datetime, bounds: Bounds
) -> list[Result]:
    """Return the results of a small request for each path that was found to a branch.

    Raises ConfigurationError when there is no such branch, or no request was found that takes it.
    """
    harness = harness_of(policies, Setup(gateway, now, TestCertificates()))
    wanted = _goals(harness, branch)
    steps = [step for step in harness.program.steps() if any(harness.goals.is_at(step, goal) for goal in wanted)]
    paths = {goal for goal in harness.goals.all if any(harness.goals.is_at(step, goal) for step in steps)}
    explored = Finder(harness, bounds, wanted=paths).explore()
    runs = {goal: run for goal, run in explored.found.items() if wanted & run.reached}
    if not runs:
        raise ConfigurationError(f"no request was found that takes {branch}: {_why(explored, wanted)}")
    small = [
        shrink(harness.run, run, lambda tried, goal=goal: goal in tried.reached and bool(wanted & tried.reached))  # type: ignore[misc]
        for goal, run in runs.items()
    ]
    distinct = {tuple(sorted(run.assignment.items(), key=str)): run for run in small}
    return [run.result for run in distinct.values() if run.result is not None]


def _goals(harness: Harness, branch: str) -> set[Goal]:
    wanted = branch.strip()
    found: set[Goal] = set()
    known: list[str] = []
    for goal in harness.goals.all:
        place = harness.goals.places[goal.kind, goal.file, goal.at]
        if goal.kind == BRANCH:
            known.append(place.name)
            if wanted in (place.name, f"{place.section} {place.name}", f"{place.section}/{place.name}"):
                found.add(goal)
    if not found:
        raise ConfigurationError(f"there is no branch {branch}; there are {', '.join(dict.fromkeys(known)) or 'none'}")
    return found


def _why(explored: Exploration, wanted: set[Goal]) -> str:
    branches = Branches(explored.harness)
    proof_results = [branches.decide(goal) for goal in wanted]
    if all(proof_result.is_proven for proof_result in proof_results):
        return "it is proven that there is none"
    reasons = [str(reason) for proof_result in proof_results for reason in proof_result.reasons]
    return f"not decided because of {', '.join(reasons[:3])}" if reasons else "there was not enough time"
