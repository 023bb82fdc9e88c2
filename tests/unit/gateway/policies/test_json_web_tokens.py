"""Keys, signatures, encryption and hostile tokens, below the policies that validate them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey, RSAKey
from tests.sampling import examples

from apimpolicy import Certificate, OpenIdProvider, TokenKey
from apimpolicy.gateway.policies.token_keys import (
    ALGORITHMS,
    TokenRefusedError,
    TrustedKeys,
    VerificationKey,
    decoded,
    fits,
    verifies,
)
from apimpolicy.gateway.policies.token_validation import DecryptionKey, Demands, decrypted, validated
from apimpolicy.testing.authority import self_signed

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.identity_services import OpenIdConfiguration

KEYS = {algorithm: TokenKey(algorithm) for algorithm in ALGORITHMS}


class Nobody:
    """No provider, no identity."""

    def openid_configuration(self, url: str, missing_key: str | None = None) -> OpenIdConfiguration:
        raise AssertionError(url)

    def managed_identity_token(self, resource: str, client_id: str | None) -> str:
        raise AssertionError(resource)

    def connection(self, provider_id: str, authorization_id: str, identity: str | None) -> Any:
        raise AssertionError(provider_id)


def verification_key(key: TokenKey) -> VerificationKey:
    if not key.is_published:
        return VerificationKey.secret(key.base64)
    made = VerificationKey.of_jwk(key.jwk, "a key")
    assert made is not None
    return made


def parts(token: str) -> tuple[bytes, bytes]:
    signed, _, signature = token.rpartition(".")
    return signed.encode(), decoded(signature)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_verifies_what_another_library_signed(algorithm: str) -> None:
    signed, signature = parts(KEYS[algorithm].sign({"sub": "a"}))
    key = verification_key(KEYS[algorithm])
    assert fits(key, algorithm)
    assert verifies(key, algorithm, signed, signature)
    assert not verifies(key, algorithm, signed + b"x", signature)
    assert not verifies(key, algorithm, signed, signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not verifies(key, algorithm, signed, b"")
    assert not verifies(key, algorithm, signed, signature + b"\0")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_is_for_its_own_kind_only(algorithm: str) -> None:
    key = verification_key(KEYS[algorithm])
    family = {"HS": {"HS256", "HS384", "HS512"}, "ES": {algorithm}}
    rsa = {name for name in ALGORITHMS if name[:2] in ("RS", "PS")}
    assert {name for name in ALGORITHMS if fits(key, name)} == family.get(algorithm[:2], rsa)
    assert not fits(key, "none")


def test_a_published_key_for_one_algorithm_is_for_no_other() -> None:
    key = VerificationKey.of_jwk({**KEYS["RS256"].jwk, "alg": "RS256"}, "a key")
    assert key is not None
    assert fits(key, "RS256")
    assert not fits(key, "PS256")


def test_a_public_key_is_no_secret() -> None:
    """The old trick: sign with HS256, and take the published key for the secret."""
    certificate = self_signed("a", rsa=True)
    public = VerificationKey.of_certificate(certificate, "a")
    for secret in (certificate.raw, certificate.to_pem().encode(), decoded(KEYS["RS256"].n)):
        signed = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=") + ".e30"
        signature = base64.urlsafe_b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest()).decode()
        demands = Demands(TrustedKeys([public], [], Nobody()), require_expiration=False)
        with pytest.raises(TokenRefusedError) as refused:
            validated(f"{signed}.{signature.rstrip('=')}", demands)
        assert refused.value.reason == "TokenSignatureKeyNotFound"


def test_a_public_key_in_base64_is_a_secret_and_verifies_no_rsa_signature() -> None:
    certificate = self_signed("a", rsa=True)
    key = VerificationKey.secret(base64.b64encode(certificate.raw).decode())
    with pytest.raises(TokenRefusedError) as refused:
        validated(
            TokenKey.of(certificate).sign({}), Demands(TrustedKeys([key], [], Nobody()), require_expiration=False)
        )
    assert refused.value.reason == "TokenSignatureKeyNotFound"
    assert refused.value.message == (
        f"There is no RSA key for RS256 with the id '{TokenKey.of(certificate).id}';"
        " the keys are a key in Base64 (secret). Access denied."
    )


# RFC 7515, appendices A.1, A.2 and A.3: the same payload, signed by the authors.
PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
RFC_7515 = [
    (
        "HS256",
        {"k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ),
    (
        "RS256",
        {
            "kty": "RSA",
            "e": "AQAB",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
            "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS"
            "-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et"
            "hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        },
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
        "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
        "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
        "cN_IoypGlUPQGe77Rw",
    ),
    (
        "ES256",
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
]


@pytest.mark.parametrize(("algorithm", "jwk", "header", "signature"), RFC_7515, ids=[row[0] for row in RFC_7515])
def test_the_examples_of_the_specification(algorithm: str, jwk: dict[str, str], header: str, signature: str) -> None:
    if "k" in jwk:
        key: VerificationKey | None = VerificationKey.secret(base64.b64encode(decoded(jwk["k"])).decode())
    else:
        key = VerificationKey.of_jwk(jwk, "a key")
    assert key is not None
    assert verifies(key, algorithm, f"{header}.{PAYLOAD}".encode(), decoded(signature))


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        {"kty": "RSA", "n": "+/", "e": "AQAB"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
        {"kty": "RSA", "n": "AA", "e": "AA"},
        {"kty": "RSA", "x5c": []},
        {"kty": "RSA", "x5c": ["AAAA"]},
        {**KEYS["RS256"].jwk, "use": "enc"},
    ],
)
def test_what_is_published_and_verifies_nothing(jwk: dict[str, Any]) -> None:
    assert VerificationKey.of_jwk(jwk, "a key") is None


def test_a_published_certificate() -> None:
    certificate = self_signed("a", rsa=True)
    chain = [base64.b64encode(certificate.raw).decode()]
    key = VerificationKey.of_jwk({"kty": "RSA", "x5c": chain, "x5t": "thumb"}, "a key")
    assert key is not None
    assert key.id == "thumb"
    assert verifies(key, "RS256", *parts(TokenKey.of(certificate).sign({})))


@pytest.mark.parametrize(
    ("text", "words"), [("no base64!", "not Base64"), ("", "empty"), ("  ", "empty"), ("ü", "not")]
)
def test_secrets_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VerificationKey.secret(text)


def test_a_secret_may_be_wrapped_and_short() -> None:
    assert VerificationKey.secret(" dGV\n  zdA== ").value == b"test"


@pytest.mark.parametrize("algorithm", ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_encryption_for_a_certificate(algorithm: str) -> None:
    certificate = self_signed("a", rsa=True)
    header = {"alg": algorithm, "enc": "A128GCM", "zip": "DEF", "x5t": "a" * 600, "custom": 1}
    registry = jwe.JWERegistry(algorithms=[algorithm, "A128GCM", "DEF"], strict_check_header=False)
    key: Any = RSAKey.import_key(certificate.parsed.public_key())  # type: ignore[arg-type]
    token = jwe.encrypt_compact(header, "inside", key, registry=registry)
    assert decrypted(token, [DecryptionKey(b"x" * 32), DecryptionKey(certificate.private_key)]) == "inside"


@pytest.mark.parametrize(
    ("algorithm", "encoding", "size"),
    [
        ("dir", "A128CBC-HS256", 32),
        ("dir", "A192CBC-HS384", 48),
        ("dir", "A256CBC-HS512", 64),
        ("dir", "A256GCM", 32),
        ("A128KW", "A192GCM", 16),
        ("A192KW", "A128CBC-HS256", 24),
        ("A256KW", "A256CBC-HS512", 32),
    ],
)
def test_encryption_with_a_secret(algorithm: str, encoding: str, size: int) -> None:
    secret = bytes(range(size))
    header = {"alg": algorithm, "enc": encoding}
    token = jwe.encrypt_compact(header, "inside", OctKey.import_key(secret), algorithms=[algorithm, encoding])
    assert decrypted(token, [DecryptionKey(secret)]) == "inside"
    with pytest.raises(TokenRefusedError) as refused:
        decrypted(token, [DecryptionKey(secret[::-1])])
    assert refused.value.message == "The token is encrypted, and the key does not decrypt it."


def test_passwords_encrypt_no_tokens() -> None:
    """PBES2 lets the token say how long the gateway has to count."""
    token = jwe.encrypt_compact(
        {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 1000, "p2s": "c2FsdHNhbHQ"},
        "inside",
        OctKey.import_key(b"password password"),
        algorithms=["PBES2-HS256+A128KW", "A128GCM"],
    )
    with pytest.raises(TokenRefusedError):
        decrypted(token, [DecryptionKey(b"password password")])


def test_an_encrypted_token_and_no_key() -> None:
    with pytest.raises(TokenRefusedError) as refused:
        validated("a.b.c.d.e", Demands(TrustedKeys([], [], Nobody())))
    assert (refused.value.reason, refused.value.message) == (
        "JwtInvalid",
        "The token is encrypted, and the policy has no decryption-keys.",
    )


GOOD = KEYS["HS256"].sign({"sub": "a", "exp": 4e9, "aud": ["a"]})
SECRET = verification_key(KEYS["HS256"])
CERTIFICATE: Certificate = self_signed("recipient", rsa=True)


@settings(max_examples=examples(300))
@given(st.data())
def test_hostile_tokens_are_refused_and_break_nothing(data: st.DataObject) -> None:
    """Any text, and good tokens with a piece replaced: refused, or what is signed is the very same."""
    text = data.draw(st.one_of(st.just(GOOD), st.just("a.b.c.d.e"), st.text(max_size=40)))
    start = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.text(max_size=4))
    token = text[:start] + piece + text[start + len(piece) :]
    keys = [DecryptionKey(b"x" * 32), DecryptionKey(CERTIFICATE.private_key)]
    demands = Demands(TrustedKeys([SECRET], [], Nobody()), keys, audiences=["a"])
    try:
        validated(token, demands)
    except TokenRefusedError:
        assert token != GOOD
    else:  # the last digit of Base64 has bits that nobody looks at; what is signed is as it was
        assert token.strip().rpartition(".")[0] == GOOD.rpartition(".")[0]


@pytest.mark.parametrize(
    "payload", ['{"a":' * 5000 + "1" + "}" * 5000, "[]", "1", "null", '{"exp":NaN}', '{"exp":"1"', '"' * 3]
)
def test_payloads_that_are_no_claims(payload: str) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    body = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")
    demands = Demands(TrustedKeys([], [], Nobody()), require_signature=False, require_expiration=False)
    with pytest.raises(TokenRefusedError) as refused:
        validated(f"{header}.{body}.", demands)
    assert refused.value.reason == "JwtInvalid"


def test_reading_a_document_loads_no_cryptography() -> None:
    policy = "<inbound><validate-jwt header-name='a'><audiences/></validate-jwt><validate-azure-ad-token/></inbound>"
    program = (
        f"import sys, apimpolicy; apimpolicy.load_policy({policy!r}).diagnostics; apimpolicy.Gateway();"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'joserfc', 'cryptography'})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_provider_with_secrets_publishes_none() -> None:
    login = OpenIdProvider("https://login.example", algorithm="HS256")
    assert login.jwks == {"keys": []}
    assert verifies(VerificationKey.secret(login.key.base64), "HS256", *parts(login.token()))
