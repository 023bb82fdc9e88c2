"""The same eight requests as a story: who may call the orders API, and what happens when a certificate is renewed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from apimpolicy import Certificate, Gateway, KeyVault, KeyVaultReference, Request, Result, explain

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from certificates import NOW  # noqa: E402
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


def test_validate_client_certificate_lets_the_partner_in_and_says_why_others_stay_out(scenario: Scenario) -> None:
    gateway = scenario.gateway()
    policy = HERE / "validate-client-certificate.xml"

    def call(certificate: Certificate | None) -> Result:
        return gateway.run(policy, Request("GET", URL, certificate=certificate))

    assert call(scenario.certificates.partner).reached_backend
    for certificate, why in (
        (None, "The caller sent no client certificate."),
        (scenario.certificates.impostor, "UntrustedRoot"),
        (scenario.certificates.expired, "expired on 2026-05-31"),
        (scenario.certificates.stranger, "identity[1]: common-name is 'partner', the certificate has 'stranger'"),
    ):
        refused = call(certificate)
        assert refused.response.status_code == 401
        assert refused.error is not None
        assert why in refused.error.message
        assert not refused.reached_backend


def test_authentication_certificate_identifies_the_gateway_and_lets_anybody_in(scenario: Scenario) -> None:
    own = scenario.certificates.renewed
    gateway = Gateway(certificates={"gateway": own}, now=NOW)

    result = gateway.run(HERE / "authentication-certificate.xml", Request("GET", URL))  # a caller without a certificate

    assert result.response.status_code == 200
    assert result.backend_requests[0].certificate is own
