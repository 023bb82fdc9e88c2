"""Searches over public policies reach at least as many branches as before."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("z3")

from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.solved_cases import solved_cases

DOCUMENTS = Path(__file__).resolve().parents[5] / "shared" / "corpus" / "documents" / "policies"
SNIPPETS = "Azure+api-management-policy-snippets/examples/"
SECONDS = 4
FIGURES = {
    SNIPPETS + "Authorize_requests_using_external_authorizer.policy.xml": 6,
    SNIPPETS + "Route_requests_based_on_size.policy.xml": 2,
    SNIPPETS + "Forward_Azure_Event_Grid_Event.xml": 4,
    SNIPPETS + "Perform_basic_authentication.policy.xml": 2,
    "Azure-Samples+azure-openai-apim-load-balancing/infra/policies/round-robin-policy.xml": 8,
}
"""By policy: the least number of branches with a case."""


@pytest.mark.parametrize("name", FIGURES)
def test_coverage_only_rises(name: str, tmp_path: Path) -> None:
    policy = DOCUMENTS / name
    if not policy.exists():
        pytest.skip("the corpus is not beside the checkout (../shared/corpus)")
    branches = FIGURES[name]
    made = solved_cases(str(policy), str(tmp_path / "written.test.yaml"), Bounds(seconds=SECONDS))
    if made.reached < branches:  # the machine may be busy
        made = solved_cases(str(policy), str(tmp_path / "written.test.yaml"), Bounds(seconds=10 * SECONDS))
    assert made.reached >= branches
