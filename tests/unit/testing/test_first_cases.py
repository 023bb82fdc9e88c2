"""`apimpolicy new test`: cases that reach branches, and a file that passes as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.first_cases import first_cases
from apimpolicy.testing.running import run_case

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """
<policies>
    <inbound>
        <set-backend-service backend-id="orders" />
        <choose>
            <when condition="@(context.Request.Method == "DELETE")">
                <return-response><set-status code="405" reason="Method Not Allowed" /></return-response>
            </when>
            <when condition="@(context.Request.Headers.GetValueOrDefault("X-Region", "") == "{{region}}")">
                <set-variable name="near" value="@(true)" />
            </when>
            <when condition="@(context.Request.Url.Query.GetValueOrDefault("debug") == "1"
                && context.Request.Headers.GetValueOrDefault("X-Key") == "k")">
                <set-variable name="debug" value="@(true)" />
            </when>
            <when condition="@((string)context.Request.Body?.As<JObject>(true)["kind"] == "large")">
                <return-response><set-status code="413" reason="Content Too Large" /></return-response>
            </when>
            <when condition="@(context.Product != null)">
                <set-variable name="never" value="@(true)" />
            </when>
            <otherwise>
                <set-variable name="far" value="@(true)" />
            </otherwise>
        </choose>
    </inbound>
</policies>
"""


def test_every_branch_that_a_request_can_reach_has_a_case_and_the_file_passes(tmp_path: Path) -> None:
    policy, output = tmp_path / "orders.xml", tmp_path / "tests" / "orders.test.yaml"
    policy.write_text(POLICY)
    output.parent.mkdir()
    made = first_cases(str(policy), str(output))
    assert made.missing == ["inbound choose[1]/when[5]"]
    assert "#   inbound choose[1]/when[5]" in made.text
    assert "policy: ../orders.xml" in made.text
    output.write_text(made.text)
    file = load_case_file(str(output))
    outcomes = [run_case(case) for case in file.cases]
    assert [outcome.sentences for outcome in outcomes] == [[]] * len(outcomes)
    assert {branch for case in made.cases for branch in case.branches} == {
        *(f"inbound choose[1]/when[{number}]" for number in (1, 2, 3, 4)),
        "inbound choose[1]/otherwise[1]",
    }
    assert any(case.request.get("headers") == {"X-Region": "region"} for case in made.cases)


def test_a_policy_that_cannot_run_is_said_to(tmp_path: Path) -> None:
    policy = tmp_path / "a.xml"
    policy.write_text("<policies><inbound><include-fragment fragment-id='gone' /></inbound></policies>")
    with pytest.raises(ConfigurationError, match=r"no request gets through .*gone"):
        first_cases(str(policy), str(policy))
