"""Deciding the claims of a test file or of a test in Python, and what came of them as texts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from apimpolicy.csharp.dotnet.environment import renew_watch
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.engine.document import AnyPolicy
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.gateway.engine.result import Result
from apimpolicy.project.files import write_whole
from apimpolicy.project.gateways import NoApisError
from apimpolicy.project.manual_requests import issuers_of
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.harness import Harness
from apimpolicy.reasoning.scenarios.scenario import Bounds, Exploration, TotalTime, shrink
from apimpolicy.report.claim_results import ERROR, FALSE, PROVEN, SKIPPED, UNDECIDED, ClaimReport
from apimpolicy.report.columns import page
from apimpolicy.testing.case_files import CaseFile, load_case_file
from apimpolicy.testing.certificates import TestCertificates
from apimpolicy.testing.claims.facts import BranchProofs
from apimpolicy.testing.claims.harnesses import Setup, harness_of, setup_of
from apimpolicy.testing.claims.proving import ClaimProof, Verdict, problem_of
from apimpolicy.testing.claims.reading import Claim, Expressions, claim_of_keys
from apimpolicy.testing.claims.requests import block_of, checked, claim_case, report_of, with_case

if TYPE_CHECKING:
    import datetime

    from apimpolicy.testing.claims.platform import OnApi


def prove_file(
    file: CaseFile,
    claims: Sequence[Claim],
    bounds: Bounds,
    on_run: Callable[[], None] = lambda: None,
    on_api: OnApi | None = None,
    *,
    debug: bool = False,
) -> list[ClaimReport]:
    """Decide claims of a file; `debug` shows tracebacks.

    `on_api` gets the claims, the APIs, and the cells of each API of a service as soon as it is decided. Raises
    NoApisError for a service without an API, and nothing for other errors of the file or a policy.
    """
    started = time.perf_counter()
    renew_watch()
    selected = [claim for claim in claims if claim.skip is None]
    reports = [_report(claim, SKIPPED, problem=claim.skip or "") for claim in claims if claim.skip is not None]
    if not selected:
        return reports
    try:
        setup = setup_of(file)
        if file.subject.policies or setup.gateway.service is None:
            decided = _prove_policies(file, selected, setup, bounds, on_run, debug=debug)
        else:
            from apimpolicy.testing.claims.platform import PlatformClaims

            decided = PlatformClaims(file, selected, setup, bounds, on_run, on_api, debug=debug).reports()
    except NoApisError:
        raise
    except Exception as error:
        decided = [_report(claim, ERROR, problem=problem_of(error, page(), debug=debug)) for claim in selected]
    seconds = (time.perf_counter() - started) / len(selected)
    return [report._replace(seconds=seconds) for report in decided] + reports


def _prove_policies(
    file: CaseFile, claims: Sequence[Claim], setup: Setup, bounds: Bounds, on_run: Callable[[], None], *, debug: bool
) -> list[ClaimReport]:
    harness = harness_of(file.subject.policies, setup)
    if bounds.total_seconds:
        bounds = bounds.replaced(seconds=min(bounds.seconds, bounds.total_seconds))
    proof = ClaimProof(harness, claims, Expressions(setup.gateway.named_values), bounds, on_run, debug=debug)
    verdicts = proof.verdicts()
    return [
        report_of(verdict, harness)._replace(case=_case(file, verdict, harness), case_file=file.path)
        for verdict in verdicts
    ]


def write_case(report: ClaimReport) -> bool:
    """Add the test case of a false claim to its file; False when it is there already, or there is none.

    Raises ConfigurationError when the file cannot be read or written.
    """
    if not report.case:
        return False
    path = report.case_file
    (case,) = yaml.safe_load(report.case)
    if os.path.exists(path) and any(case["name"] == each.name for each in load_case_file(path).cases):
        return False
    write_whole(path, with_case(path, case).encode())
    return True


def out_of_time(claims: Sequence[Claim], subject: str) -> list[ClaimReport]:
    """Return the reports of claims for which no time is left."""
    reasons = (TotalTime.used_up_before(subject),)
    return [_report(claim, UNDECIDED)._replace(reasons=reasons) for claim in claims]


def _report(claim: Claim, status: str, problem: str = "") -> ClaimReport:
    return ClaimReport(claim.path, claim.name, claim.line, status, problem=problem)


def _case(file: CaseFile, verdict: Verdict, harness: Harness) -> str:
    """Return the test case as YAML; empty where there is none, or a test file can't express it."""
    if verdict.run is None:
        return ""
    try:
        case = claim_case(file, verdict.claim, verdict.run, harness)
        return block_of(checked(file.path, case), 0)
    except ApimPolicyError:
        return ""


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
    harness = harness_of(policies, _setup(gateway, now))
    proof = ClaimProof(harness, [claim], Expressions(gateway.named_values), bounds)
    (verdict,) = proof.verdicts()
    return report_of(verdict, harness)


def _setup(gateway: Gateway, now: datetime.datetime) -> Setup:
    return Setup(gateway, now, TestCertificates(), issuers=issuers_of(gateway))


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
    harness = harness_of(policies, _setup(gateway, now))
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
    branches = BranchProofs(explored.harness)
    proof_results = [branches.decide(goal) for goal in wanted]
    if all(proof_result.is_proven for proof_result in proof_results):
        return "it is proven that there is none"
    reasons = [str(reason) for proof_result in proof_results for reason in proof_result.reasons]
    return f"not decided because of {', '.join(reasons[:3])}" if reasons else "there was not enough time"
