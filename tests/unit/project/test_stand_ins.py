"""What stands in for what a policy needs: one row for each way to need it."""

from __future__ import annotations

import pytest

from apimpolicy.project.service.stand_ins import Known, stand_ins, tables_of
from apimpolicy.text.source import Source

ROWS = [
    (
        "<ip-filter action='allow'><address>{{partner}}</address></ip-filter>",
        {"named-values": {"partner": "203.0.113.10"}},
    ),
    ("<rate-limit calls='{{most-calls}}' renewal-period='60' />", {"named-values": {"most-calls": "10"}}),
    ("<quota calls='1' renewal-period='{{week}}' />", {"named-values": {"week": "10"}}),
    ("<set-status code='{{refused}}' />", {"named-values": {"refused": "200"}}),
    ("<choose><when condition='{{beta}}' /></choose>", {"named-values": {"beta": "true"}}),
    ("<set-backend-service backend-id='orders' />", {"backends": {"orders": "https://orders.example"}}),
    ("<include-fragment fragment-id='auth' />", {"fragments": {"auth": "<fragment />"}}),
    ("<authentication-certificate certificate-id='own' />", {"certificates": {"own": {"self-signed": "CN=own"}}}),
    (
        "<authentication-certificate thumbprint='a1b2c3d4e5' />",
        {
            "certificates": {
                "thumbprint-a1b2c3d4": {"self-signed": "CN=thumbprint-a1b2c3d4", "thumbprint": "a1b2c3d4e5"}
            }
        },
    ),
    (
        "<validate-jwt header-name='A'><issuer-signing-keys><key certificate-id='signer' /></issuer-signing-keys>"
        "</validate-jwt>",
        {"certificates": {"signer": {"self-signed": "CN=signer"}}},
    ),
    ("<authentication-managed-identity resource='https://a' />", {"managed-identity": {"system-assigned": True}}),
]


@pytest.mark.parametrize(("policy", "table"), ROWS)
def test_what_is_missing_has_a_stand_in(policy: str, table: dict[str, object]) -> None:
    document = Source(f"<policies><inbound>{policy}</inbound></policies>", "policy.xml")
    found = stand_ins([document], Known({}, has_identity=False, knows_url=lambda url: False))
    assert tables_of(found) == table
    assert all(each.origin.file == "policy.xml" for each in found)
