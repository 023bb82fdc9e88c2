"""What stands in for what a policy needs: one row for each way to need it."""

from __future__ import annotations

import pytest

from apimpolicy.project.service.likely_values import GUID, likely_value
from apimpolicy.project.service.stand_ins import ExistingParts, stand_ins, tables_of
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
    ("<set-status code='{{storage-account-name}}' />", {"named-values": {"storage-account-name": "200"}}),
    ("<set-status code='4{{last-two}}' />", {"named-values": {"last-two": "10"}}),
    ("<set-header name='A' exists-action='{{how}}' />", {"named-values": {"how": "override"}}),
    ("<ip-filter action='{{verdict}}' />", {"named-values": {"verdict": "allow"}}),
    ("<forward-request buffer-response='{{buffered}}' />", {"named-values": {"buffered": "true"}}),
    (
        "<validate-jwt header-name='A'><required-claims><claim name='a' match='{{kind}}'><value>b</value></claim>"
        "</required-claims></validate-jwt>",
        {"named-values": {"kind": "all"}},
    ),
    ("<retry count='{{tries}}' interval='{{pause}}' />", {"named-values": {"tries": "10", "pause": "10"}}),
    (
        "<set-backend-service base-url='{{openai-endpoint}}openai' />",
        {"named-values": {"openai-endpoint": "https://openai-endpoint.example/"}},
    ),
    (
        "<set-backend-service base-url='{{openai-endpoint}}/openai' />",
        {"named-values": {"openai-endpoint": "https://openai-endpoint.example"}},
    ),
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


WORDS = [
    ("storage-account-name", "-"),
    ("discount-code", "-"),
    ("security-group", "-"),
    ("curlew", "-"),
    ("retryCount", "10"),
    ("max_calls", "10"),
    ("CacheTTL", "10"),
    ("backendUrl", "https://backendurl.example"),
    ("ORDERS_API_URI", "https://orders-api-uri.example"),
    ("apiurl", "https://apiurl.example"),
    ("tenantId", GUID),
    ("entra-tenant", GUID),
    ("lieutenant", "-"),
    ("my-app-ids", GUID),
]


@pytest.mark.parametrize(("name", "value"), WORDS)
def test_a_name_suggests_a_value_by_its_words(name: str, value: str) -> None:
    assert likely_value(name, "", "-") == value


@pytest.mark.parametrize(("policy", "table"), ROWS)
def test_what_is_missing_has_a_stand_in(policy: str, table: dict[str, object]) -> None:
    document = Source(f"<policies><inbound>{policy}</inbound></policies>", "policy.xml")
    found = stand_ins([document], ExistingParts({}, has_identity=False, knows_url=lambda url: False))
    assert tables_of(found) == table
    assert all(each.origin.file == "policy.xml" for each in found)
