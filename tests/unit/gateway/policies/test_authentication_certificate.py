"""authentication-certificate with `body`: the file's bytes come from the request."""

from __future__ import annotations

import base64

import pytest

from apimpolicy import Certificate, Gateway, Request, Result
from apimpolicy.testing.authority import TestAuthority

POLICY = """
<inbound>
    <authentication-certificate body="@({expression})"
        password="@(context.Request.Headers.GetValueOrDefault("X-Password"))" />
</inbound>
"""


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return TestAuthority().client("gateway")


@pytest.fixture(scope="module")
def pkcs12(certificate: Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    encryption = BestAvailableEncryption(b"secret")
    return pkcs12.serialize_key_and_certificates(None, certificate.private_key, certificate.parsed, None, encryption)


def run(body: bytes, password: str = "secret", expression: str = "context.Request.Body.As<byte[]>()") -> Result:
    policy = POLICY.replace("{expression}", expression)
    return Gateway().run(policy, Request("POST", "/orders", body=body, headers={"X-Password": password}))


def test_bytes_with_a_password(certificate: Certificate, pkcs12: bytes) -> None:
    result = run(pkcs12)

    assert result.response.status_code == 200
    seen = result.backend_requests[0].certificate
    assert seen is not None
    assert seen.thumbprint == certificate.thumbprint


def test_base64(certificate: Certificate, pkcs12: bytes) -> None:
    result = run(base64.b64encode(pkcs12), expression="context.Request.Body.As<string>()")

    seen = result.backend_requests[0].certificate
    assert seen is not None
    assert seen.thumbprint == certificate.thumbprint


@pytest.mark.parametrize(
    ("password", "body", "message"),
    [
        ("wrong", None, "the password is wrong"),
        ("secret", b"no certificate", "is not a certificate"),
        ("secret", b"-----BEGIN CERTIFICATE-----", "is cut off"),
    ],
)
def test_what_cannot_be_read(pkcs12: bytes, password: str, body: bytes | None, message: str) -> None:
    result = run(pkcs12 if body is None else body, password)

    assert result.response.status_code == 500
    assert result.error is not None
    assert message in result.error.message
    assert not result.reached_backend
