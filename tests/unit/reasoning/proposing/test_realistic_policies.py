"""Realistic policies: each branch has a case that passes, or is proven impossible."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sampling import sampled

pytest.importorskip("z3")

from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.solved_cases import solved_cases

POLICIES = sorted((Path(__file__).parent / "realistic_policies").glob("*.xml"))
BOUNDS = Bounds(seconds=60)
GAPS = {"sticky-sessions": 1}
"""How many branches of a policy no request is found for. They only become fewer."""


@pytest.mark.parametrize("policy", sampled(POLICIES, 4), ids=lambda path: path.stem)
def test_each_branch_has_a_case_or_is_proven_impossible(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apimpolicy.text.secrets._are_requests_invented", True)  # as in `new test`
    monkeypatch.setenv("APIMPOLICY_TRUST_CONFIG", "1")  # the test file is in another folder than the policy
    output = tmp_path / "written.test.yaml"
    made = solved_cases(str(policy), str(output), BOUNDS)
    assert len(made.missing) - made.proven <= GAPS.get(policy.stem, 0), (made.missing, made.causes)
    output.write_text(made.text, encoding="utf-8")
    assert [case.name for case in load_case_file(str(output)).cases if not run_case(case).is_good] == []
