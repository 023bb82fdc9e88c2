"""`apim.prove` and `apim.requests_reaching`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.testing.apim import Apim
    from apimpolicy.testing.authority import TestAuthority

POLICY = """<policies><inbound><base />
    <choose>
        <when condition='@(context.Request.Headers.GetValueOrDefault("X-Role", "") == "admin")' />
        <when condition='@(context.Request.Method == "DELETE" || context.Request.Url.Path.StartsWith("/orders/"))'>
            <return-response><set-status code="403" reason="Forbidden" /></return-response>
        </when>
    </choose>
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"""


@pytest.fixture
def apim(apim: Apim) -> Apim:
    apim.policy = POLICY
    return apim


def test_a_claim_that_holds_is_proven(apim: Apim) -> None:
    proven = apim.prove(
        if_="reaches-backend",
        then='@(context.Request.Method != "DELETE"'
        ' || context.Request.Headers.GetValueOrDefault("X-Role", "") == "admin")',
    )

    assert proven.status == "proven"
    assert proven.assumptions == ()


def test_a_false_claim_fails_with_a_request_and_its_path(apim: Apim) -> None:
    with pytest.raises(AssertionError) as failed:
        apim.prove(never={"status": 403})

    message = str(failed.value)
    assert message.startswith("the claim is false: ")
    assert "gets 403 Forbidden" in message
    assert "choose ▸ when 2" in message


def test_an_undecided_claim_fails_with_the_reasons(apim: Apim) -> None:
    apim.policy = POLICY.replace(
        "<choose>",
        '<choose><when condition="@(Guid.NewGuid().ToString().GetHashCode() == 7)"><return-response>'
        '<set-status code="404" reason="Not Found" /></return-response></when>',
    )

    with pytest.raises(AssertionError, match="the claim is not decided because of:\n- "):
        apim.prove(never={"status": 404, "by": "policy"})


def test_requests_that_reach_a_branch(apim: Apim) -> None:
    found = apim.requests_reaching("choose[1]/when[2]")

    assert found
    assert all("choose ▸ when 2" in result.branches for result in found)
    assert {result.request.method for result in found} | {"GET"} == {"GET", "DELETE"}


def test_a_branch_that_does_not_exist(apim: Apim) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no branch choose\[1\]/when\[3\]; there are choose\[1\]/w"):
        apim.requests_reaching("choose[1]/when[3]")


def test_a_branch_that_no_request_takes(apim: Apim) -> None:
    apim.policy = POLICY.replace('Method == "DELETE" ||', 'Method == "DELETE" && context.Request.Method == "GET" &&')

    with pytest.raises(ConfigurationError, match="it is proven that there is none"):
        apim.requests_reaching("choose[1]/when[2]")


def test_certificates_that_a_test_uploaded_and_trusts(apim: Apim, authority: TestAuthority) -> None:
    apim.configure(negotiate_client_certificate=True).trust(authority)
    apim.upload("partner", authority.client("partner"))
    check = "context.Request.Certificate != null && context.Request.Certificate.Verify()"
    apim.policy = POLICY.replace("context.Request.Method ==", f"!({check}) || context.Request.Method ==")
    claim = f'@({check} || context.Request.Headers.ContainsKey("X-Role"))'

    assert apim.prove(if_="reaches-backend", then=claim).status == "proven"
