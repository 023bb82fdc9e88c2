"""The test file that is written from found requests: a case per branch, short, and passing as it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("z3")

from typing import TYPE_CHECKING

from apimpolicy.cli import main
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.running import run_case
from apimpolicy.testing.solved_cases import solved_cases

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """<policies>
    <inbound>
        <base />
        <include-fragment fragment-id="nowhere" />
        <set-backend-service backend-id="orders" />
        <validate-jwt header-name="Authorization">
            <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
            <audiences><audience>orders</audience></audiences>
        </validate-jwt>
        <cache-lookup-value key="rate" variable-name="rate" default-value="none" />
        <choose>
            <when condition="@(context.Request.Method == "DELETE")">
                <return-response><set-status code="405" reason="Method Not Allowed" /></return-response>
            </when>
            <when condition="@((string)context.Variables["rate"] == "high" && "{{mode}}" == "strict")">
                <return-response><set-status code="429" reason="Too Many Requests" /></return-response>
            </when>
            <when condition="@((string)context.Request.Body?.As<JObject>(true)["kind"] == "large")">
                <return-response><set-status code="413" reason="Content Too Large" /></return-response>
            </when>
            <when condition="@(context.Request.Method == "none")">
                <set-variable name="never" value="@(true)" />
            </when>
        </choose>
    </inbound>
    <backend>
        <retry condition="@(context.Response.StatusCode == 503)" count="2" interval="1"><forward-request /></retry>
    </backend>
    <outbound><base /></outbound>
    <on-error>
        <base />
        <choose>
            <when condition="@(context.LastError.Source == "validate-jwt")">
                <set-status code="401" reason="Who are you?" />
            </when>
        </choose>
    </on-error>
</policies>
"""


def taken(text: str, output: Path) -> tuple[int, int, int]:
    """The branches that a file's cases take, of how many, and how many cases fail."""
    output.write_text(text, encoding="utf-8")
    coverage, failed = PolicyCoverage(), 0
    with coverage:
        for case in load_case_file(str(output)).cases:
            with coverage.test(case.name):
                failed += not run_case(case).is_good
    outcomes = [
        bool(tests)
        for file in coverage.report().files
        for place in file.places
        if place.kind == "branch"
        for tests in place.outcomes.values()
    ]
    return sum(outcomes), len(outcomes), failed


def test_every_branch_has_a_case_and_the_file_passes(tmp_path: Path) -> None:
    policy, output = tmp_path / "orders.xml", tmp_path / "orders.test.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    made = solved_cases(str(policy), str(output))
    assert made.missing == ["inbound choose[1]/when[4]"]
    assert "#   inbound choose[1]/when[4]" in made.text
    assert taken(made.text, output) == (8, 9, 0)


def test_the_request_is_the_shortest(tmp_path: Path) -> None:
    policy, output = tmp_path / "p.xml", tmp_path / "p.test.yaml"
    policy.write_text(
        '<policies><inbound><choose><when condition="@(context.Request.Headers.GetValueOrDefault("X", "") == "y")">'
        "<set-method>PUT</set-method></when></choose></inbound></policies>",
        encoding="utf-8",
    )
    made = solved_cases(str(policy), str(output))
    assert [case.request for case in made.cases] == [{"get": "/"}, {"get": "/", "headers": {"X": "y"}}]


def test_a_fragment_stands_where_it_finds_what_it_asks_for(tmp_path: Path) -> None:
    policy, output = tmp_path / "errors.xml", tmp_path / "errors.test.yaml"
    policy.write_text(
        '<fragment><choose><when condition="@(context.LastError.Reason == "TokenExpired")">'
        '<set-status code="401" reason="Again" /></when></choose></fragment>',
        encoding="utf-8",
    )
    made = solved_cases(str(policy), str(output))
    assert made.missing == []
    assert taken(made.text, output) == (2, 2, 0)


def test_an_impossible_branch_is_reported_with_its_proof(tmp_path: Path) -> None:
    policy, output = tmp_path / "p.xml", tmp_path / "p.test.yaml"
    policy.write_text(
        '<policies><inbound><choose><when condition="@(context.Request.Method == "get")">'
        "<set-method>PUT</set-method></when></choose></inbound></policies>",
        encoding="utf-8",
    )
    made = solved_cases(str(policy), str(output))
    assert made.proven == 1
    comment = made.text.partition("\n# ")[2]
    assert comment.startswith("No request takes these branches (proven")
    assert comment.splitlines()[1:] == ["#   inbound choose[1]/when[1]"]


def test_requests_are_found_without_the_solver(tmp_path: Path) -> None:
    policy = tmp_path / "p.xml"
    policy.write_text(
        """<policies><inbound><choose>
        <when condition="@(context.Request.Url.Path == "/a")"><set-method>PUT</set-method></when>
        <when condition="@(context.Request.Method == "get")"><set-method>PUT</set-method></when>
        </choose></inbound></policies>""",
        encoding="utf-8",
    )
    hidden = "import sys; sys.modules['z3'] = None; from apimpolicy.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "new", "test", str(policy), "-o", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'apimpolicy[prove]'" in done.stderr
    assert "name: GET /a reaches the backend" in done.stdout
    assert "No request was found for these branches, but one may exist:\n#   inbound choose[1]/when[2]" in done.stdout


def test_a_caller_whom_a_check_accepts_gets_what_a_branch_needs(tmp_path: Path) -> None:
    """Without the claim the first condition throws: such a caller reaches nothing new, and is changed all the same."""
    whens = "".join(
        f"""<when condition='@(((Jwt)context.Variables["jwt"]).Claims["roles"].Contains("{role}"))'>"""
        f"""<set-backend-service base-url="https://{role}.example" /></when>"""
        for role in ("gold", "tin")
    )
    policy = tmp_path / "roles.xml"
    policy.write_text(
        '<policies><inbound><validate-jwt header-name="Authorization" output-token-variable-name="jwt">'
        '<openid-config url="https://login.contoso.example/openid.json" /></validate-jwt>'
        f"<choose>{whens}</choose></inbound></policies>"
    )
    output = tmp_path / "roles.test.yaml"
    output.write_text(solved_cases(str(policy), str(output)).text)
    cases = load_case_file(str(output)).cases
    assert [case.name for case in cases if not run_case(case).is_good] == []
    assert [case.name for case in cases if "roles: gold" in case.name or "roles: tin" in case.name] == [
        "a request with a valid token (roles: gold) is sent to https://gold.example/",
        "a request with a valid token (roles: tin) is sent to https://tin.example/",
    ]


TOKEN = 'context.Request.Headers.GetValueOrDefault("Authorization", "none")'
NEEDS = {
    "a token": f'Jwt jwt; {TOKEN}.TryParseJwt(out jwt); return jwt.Claims.GetValueOrDefault("name", "?");',
    "a token behind a scheme": f'return {TOKEN}.Split((char)32).Last().AsJwt().Claims.GetValueOrDefault("name", "?");',
    "a subscription": "return context.Subscription.Id;",
    "a body": 'return (string)context.Request.Body.As<JObject>()["name"];',
    "a number": 'return int.Parse(context.Request.Headers.GetValueOrDefault("X", "")).ToString();',
    "nothing": "return context.Request.Method;",
}


@pytest.mark.parametrize("needed", NEEDS)
def test_without_a_branch_there_is_a_request_that_gets_through(needed: str, tmp_path: Path) -> None:
    policy, output = tmp_path / "orders.xml", tmp_path / "orders.test.yaml"
    value = f'<set-header name="U" exists-action="override"><value>@{{ {NEEDS[needed]} }}</value></set-header>'
    policy.write_text(f"<policies><inbound>{value}</inbound></policies>")
    assert main(["new", "test", str(policy)]) == 0
    (case,) = load_case_file(str(output)).cases
    assert run_case(case).is_good
    assert "replace" not in output.read_text()
    assert "status: 200" in output.read_text()
