"""The same seven requests as a story: who may call the orders API, and what happens when a certificate is renewed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from apimpolicy import KeyVault, KeyVaultReference, NotSimulatedError, Request, Result
from apimpolicy.report.explanation import explain

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from scenario import URL, Scenario  # noqa: E402


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario()


def assert_refused(result: Result, because: str) -> None:
    assert result.response.status_code == 403
    assert result.response.reason == "Invalid client certificate"
    assert not result.reached_backend
    assert because in str(explain(result))


def test_a_caller_without_a_certificate_is_refused(scenario: Scenario) -> None:
    result = scenario.call(scenario.gateway(), None)

    assert_refused(result, because="The caller sent no certificate")


def test_a_certificate_is_silently_null_while_negotiation_is_off(scenario: Scenario) -> None:
    result = scenario.call(scenario.gateway(negotiate=False), scenario.certificates.partner)

    assert_refused(result, because="'Negotiate client certificate' is off for contoso.example")


def test_a_self_signed_certificate_is_not_trusted(scenario: Scenario) -> None:
    result = scenario.call(scenario.gateway(), scenario.certificates.impostor)

    assert_refused(result, because="UntrustedRoot")


def test_an_expired_certificate_is_refused(scenario: Scenario) -> None:
    result = scenario.call(scenario.gateway(), scenario.certificates.expired)

    assert_refused(result, because="NotTimeValid")


def test_a_valid_certificate_that_nobody_uploaded_is_refused(scenario: Scenario) -> None:
    result = scenario.call(scenario.gateway(), scenario.certificates.stranger)

    assert_refused(result, because="not among the uploaded certificates")


def test_a_partner_reaches_the_backend(scenario: Scenario) -> None:
    result = scenario.call(scenario.gateway(), scenario.certificates.partner)

    assert result.response.status_code == 200
    assert result.response.json() == {"orders": []}
    (request,) = result.backend_requests
    assert request.url == URL
    assert "X-Request-Id" in request.headers  # the global policy ran at <base />


def test_a_renewed_key_vault_certificate_needs_no_change(scenario: Scenario) -> None:
    vault = KeyVault("contoso-kv")
    vault.add("partner", old := scenario.certificates.partner)
    gateway = scenario.gateway(uploaded=KeyVaultReference(vault, "partner"))
    assert scenario.call(gateway, old).response.status_code == 200

    vault.add("partner", new := scenario.certificates.renewed)

    assert scenario.call(gateway, new).response.status_code == 200
    assert_refused(scenario.call(gateway, old), because="not among the uploaded certificates")


@pytest.mark.parametrize("policy", ["validate-client-certificate", "authentication-certificate"])
def test_the_policies_that_people_confuse_with_it_fail_by_name_for_now(scenario: Scenario, policy: str) -> None:
    with pytest.raises(NotSimulatedError, match=policy):
        scenario.gateway().run(HERE / f"{policy}.xml", Request("GET", URL))
