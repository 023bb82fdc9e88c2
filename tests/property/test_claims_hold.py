"""What is proven has no counterexample, and what is false was run: claims about policies that are made up.

python -m tests.property.test_claims_hold 1000000        as many requests, for as many policies as they are enough for
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from tests.property.claim_policies import Maker

from apimpolicy.symbolic.bounds import Bounds
from apimpolicy.testing.case_files import CaseFile, load_case_tree
from apimpolicy.testing.claims.conditions import Conditions
from apimpolicy.testing.claims.proving import Proof, Verdict
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.worlds import surroundings_of, world_of
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy import Gateway

BOUNDS = Bounds(seconds=3.0)
OF_EACH = 200
"""Requests that are tried for each policy."""


def _file(maker: Maker) -> CaseFile:
    content = {"policy": maker.policy(), "config": False, "claims": [maker.claim() for _ in range(3)]}
    return load_case_tree(read_tree(json.dumps(content), "made-up.test.json"), "made-up.test.json")


def check(seed: int, requests: int = OF_EACH) -> dict[str, int]:
    """Decide made-up claims, and try requests on the proven ones; how many came to what. Raises AssertionError."""
    maker = Maker(seed)
    file = _file(maker)
    around = surroundings_of(file)
    world = world_of(file.subject.policies, around)
    expressions = Expressions({})
    verdicts = Proof(world, file.claims, expressions, BOUNDS).verdicts()
    counts = {"proven": 0, "false": 0, "undecided": 0}
    for verdict in verdicts:
        counts[verdict.status] += 1
        if (run := verdict.run) is not None:
            assert run.result is not None
            conditions = Conditions(run.result, around.gateway, expressions, run.scenario.variables)
            assert not conditions.hold(verdict.claim)
    proven = [verdict for verdict in verdicts if verdict.status == "proven"]
    for _ in range(requests if proven else 0):
        _try(maker, file, around.gateway, expressions, proven, seed)
    return counts


def _try(
    maker: Maker, file: CaseFile, gateway: Gateway, expressions: Expressions, proven: list[Verdict], seed: int
) -> None:
    request = maker.request()
    result = gateway.run(dict(file.subject.policies), request)
    conditions = Conditions(result, gateway, expressions)
    for verdict in proven:
        assert conditions.hold(verdict.claim), (
            f"seed {seed}: {verdict.claim.parts} is no truth: {request.method} {request.url} {request.headers} "
            f"{file.subject.policies}"
        )


@pytest.mark.parametrize("seed", range(12))
def test_what_is_proven_has_no_counterexample(seed: int) -> None:
    check(seed)


def main(requests: int) -> None:
    total = {"proven": 0, "false": 0, "undecided": 0}
    tried, seed = 0, 1000
    while tried < requests:
        counts = check(seed, 2000)
        tried += 2000 if counts["proven"] else 0
        total = {word: total[word] + counts[word] for word in total}
        seed += 1
        if seed % 50 == 0:
            print(seed, tried, total, flush=True)
    print(f"{tried:,} requests, {seed - 1000} policies, {total}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
