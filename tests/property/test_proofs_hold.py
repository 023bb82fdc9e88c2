"""Proven claims have no counterexample, and false ones have run: claims about generated policies.

python -m tests.property.test_proofs_hold 1000000        that many requests, for as many policies as needed
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from tests.property.claim_policies import Maker
from tests.sampling import sampled

from apimpolicy import Gateway
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.proving.equivalence import KnownDifferences, compare
from apimpolicy.reasoning.scenarios.goals import BRANCH
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.reasoning.semantics.forms.strings import PLAIN
from apimpolicy.reasoning.semantics.state import ONCE, PRINTABLE
from apimpolicy.testing.case_files import CaseFile, load_case_tree
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.facts import BranchProofs
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.proving import ClaimProof, Verdict
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.comparing.elements import of_element
from apimpolicy.testing.comparing.observed_differences import differences
from apimpolicy.testing.tree import read_tree

BOUNDS = Bounds(seconds=3.0, runs=200)
OF_EACH = 200
"""Requests that are tried for each policy."""


def _file(policy: str, claims: list[dict[str, Any]]) -> CaseFile:
    content = {"policy": policy, "config": False, "claims": claims}
    return load_case_tree(read_tree(json.dumps(content), "made-up.test.json"), "made-up.test.json")


def check(seed: int, requests: int = OF_EACH, *, assuming: bool = False) -> dict[str, int]:
    """Decide generated claims, and attack the proven ones with requests; return counts. Raises AssertionError.

    `assuming`: a claim whose proof often assumes something of requests.
    """
    maker = Maker(seed)
    if assuming:
        policy, claim = maker.assuming()
        claims = [claim]
    else:
        policy, claims = maker.policy(), [maker.claim() for _ in range(3)]
    file = _file(policy, claims)
    around = setup_of(file)
    harness = harness_of(file.subject.policies, around)
    expressions = Expressions({})
    verdicts = ClaimProof(harness, file.claims, expressions, BOUNDS).verdicts()
    counts = {"proven": 0, "false": 0, "undecided": 0, "assuming": 0}
    for verdict in verdicts:
        counts[verdict.status] += 1
        if (run := verdict.run) is not None:
            assert run.result is not None
            conditions = Conditions(run.result, around.gateway, expressions, run.scenario.variables)
            assert not conditions.hold(verdict.claim)
    proven = [verdict for verdict in verdicts if verdict.status == "proven"]
    counts["assuming"] = sum(bool(verdict.assumptions) for verdict in proven)
    for _ in range(requests if proven else 0):
        _try(maker, file, around.gateway, expressions, proven, seed)
    return counts


def check_branches(seed: int, requests: int = OF_EACH) -> tuple[int, int]:
    """Attack branches that are proven impossible with requests; return their number, and that of all branches.

    Raises AssertionError.
    """
    maker = Maker(seed)
    file = _file(maker.branching(), [])
    harness = harness_of(file.subject.policies, setup_of(file))
    explored = Finder(harness, BOUNDS).explore()
    branches = BranchProofs(harness)
    proven = {goal for goal in explored.missing if goal.kind == BRANCH and branches.decide(goal).is_proven}
    gateway = Gateway(**harness.settings)
    for _ in range(requests if proven else 0):
        request, variables = maker.request(), maker.variables()
        result = gateway.run(harness.scopes, request, variables=variables)
        for goal in proven & harness.goals.reached(result.trace):
            raise AssertionError(
                f"seed {seed}: {harness.goals.name(goal)} was proven impossible: {request.method} {request.url} "
                f"{request.headers} {variables} {harness.scopes['api'].document.source.text}"
            )
    return len(proven), sum(goal.kind == BRANCH for goal in harness.goals.all)


def check_changed(seed: int) -> int:
    """Change a policy until requests break a proven claim, which must not be proven then; return how many broke."""
    maker = Maker(seed)
    policy, claim = maker.guarded()
    if _statuses(policy, claim) != "proven":
        return 0
    broken = 0
    for changed in maker.changed(policy):
        file = _file(changed, [claim])
        gateway = setup_of(file).gateway
        results = (gateway.run({"api": changed}, maker.request()) for _ in range(60))
        if all(Conditions(result, gateway, Expressions({})).hold(file.claims[0]) for result in results):
            continue
        broken += 1
        assert _statuses(changed, claim) != "proven", f"seed {seed}: {claim} is not true of {changed}"
    return broken


def check_equivalent(seed: int, requests: int = OF_EACH) -> int:
    """Compare a policy with changed ones, and attack those proven equivalent with requests; return their number.

    Raises AssertionError.
    """
    maker = Maker(seed)
    policy = maker.policy()
    proven = 0
    for changed in maker.changed(policy):
        harnesses = []
        for text in (policy, changed):
            file = _file(text, [])
            harnesses.append(harness_of(file.subject.policies, setup_of(file)))
        old, new = harnesses
        proof_result = compare(old.program, new.program, {}, of_element, KnownDifferences())
        proven += proof_result.is_proven
        for _ in range(requests if proof_result.is_proven else 0):
            request = maker.request()
            results = [Gateway(**harness.settings).run(harness.scopes, request) for harness in harnesses]
            found = [each.sentence for each in differences(*results)]
            assert not found, (
                f"seed {seed}: {found}: {request.method} {request.url} {request.headers} {policy} {changed}"
            )
    return proven


def _statuses(policy: str, claim: dict[str, Any]) -> str:
    file = _file(policy, [claim])
    around = setup_of(file)
    (verdict,) = ClaimProof(harness_of(file.subject.policies, around), file.claims, Expressions({}), BOUNDS).verdicts()
    return str(verdict.status)


def _try(
    maker: Maker, file: CaseFile, gateway: Gateway, expressions: Expressions, proven: list[Verdict], seed: int
) -> int:
    """Attack proofs with a request inside of what they assume, that breaks what they don't; how many were attacked."""
    once, plain = maker.random.random() < 0.5, maker.random.random() < 0.5
    known = {ONCE: once, PLAIN: plain, PRINTABLE: True}
    attacked = [verdict for verdict in proven if _assumed(verdict) <= known.items()]
    if not attacked:
        return 0
    request = maker.request(once=once, plain=plain)
    result = gateway.run(dict(file.subject.policies), request)
    conditions = Conditions(result, gateway, expressions)
    for verdict in attacked:
        assert conditions.hold(verdict.claim), (
            f"seed {seed}: {verdict.claim.parts} {verdict.assumptions} is no truth: {request.method} {request.url} "
            f"{request.headers} {request.body!r} {request.ip_address} {file.subject.policies}"
        )
    return len(attacked)


def _assumed(verdict: Verdict) -> set[tuple[str, bool]]:
    """Return what a proof assumes of requests. Raises KeyError for an assumption that no request here is made for."""
    return {({word: word for word in (ONCE, PLAIN, PRINTABLE)}[words], True) for words in verdict.assumptions}


@pytest.mark.parametrize("seed", sampled(range(8), 1))
def test_no_request_takes_an_impossible_branch(seed: int) -> None:
    check_branches(seed)


@pytest.mark.parametrize("seed", sampled(range(12), 1))
def test_a_proof_has_no_counterexample(seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("seed", sampled(range(6), 1))
def test_a_proof_under_assumptions_has_no_counterexample(seed: int) -> None:
    check(seed, 400, assuming=True)


def test_a_broken_claim_is_not_proven() -> None:
    assert sum(check_changed(seed) for seed in sampled(range(41, 44), 1)) > 0


@pytest.mark.parametrize("seed", sampled(range(12), 1))
def test_equivalent_versions_agree(seed: int) -> None:
    check_equivalent(seed)


def main(requests: int, first: int = 1000, each: int = 20_000) -> None:
    """Send so many requests in all, `each` to the claims and branches of one policy. Seeds begin at `first`."""
    total = {"proven": 0, "false": 0, "undecided": 0, "assuming": 0, "impossible": 0, "branches": 0}
    tried, broken, seed = 0, 0, first
    while tried < requests:
        broken += check_changed(seed)
        counts = check(seed, each, assuming=seed % 2 == 0)
        counts["impossible"], counts["branches"] = check_branches(seed, each)
        tried += each * (bool(counts["proven"]) + bool(counts["impossible"]))
        total = {word: total[word] + counts[word] for word in total}
        seed += 1
        if seed % 4 == 0:
            print(seed, tried, total, broken, flush=True)
    print(f"{tried:,} requests, {seed - first} policies, {total}, {broken} proven claims broken by a change")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
