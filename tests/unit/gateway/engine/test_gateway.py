"""What surrounds a policy: certificates, time, backends, scopes, limits, settings."""

from __future__ import annotations

import datetime
import subprocess
import sys
from typing import Any

import pytest

import apimpolicy
from apimpolicy import (
    Certificate,
    ConfigurationError,
    FixedClock,
    Gateway,
    KeyVault,
    KeyVaultReference,
    LimitExceededError,
    Limits,
    NotSimulatedError,
    Request,
    Response,
)
from apimpolicy.csharp.emit.expression import compile_expression

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
SEES_CERTIFICATE = (
    """<inbound><set-variable name="seen" value="@(context.Request.Certificate?.Thumbprint)"/></inbound>"""
)


@pytest.fixture(scope="module")
def certificates() -> list[Certificate]:
    return [self_signed(name) for name in ("old", "new")]


def self_signed(name: str) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOON).not_valid_after(NOON + datetime.timedelta(days=30))
    return Certificate.from_der(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


@pytest.mark.parametrize(
    ("setting", "url", "is_seen"),
    [
        (False, "https://contoso.example/", False),
        (True, "https://contoso.example/", True),
        (True, "http://contoso.example/", False),
        ({"contoso.example": True, "other.example": False}, "https://contoso.example/", True),
        ({"contoso.example": False}, "https://contoso.example/", False),
        (["Contoso.Example"], "https://contoso.example/", True),
        ("contoso.example", "https://contoso.example/", True),
        ({"other.example"}, "https://contoso.example/", False),
    ],
)
def test_negotiation(certificates: list[Certificate], setting: Any, url: str, is_seen: bool) -> None:
    certificate = certificates[0]
    gateway = Gateway(negotiate_client_certificate=setting)
    result = gateway.run(SEES_CERTIFICATE, Request("GET", url, certificate=certificate))
    assert result.variables["seen"] == (certificate.thumbprint if is_seen else None)
    assert result.exchange.unasked_certificate is (None if is_seen else certificate)
    assert result.backend_requests[0].certificate is None


def test_a_renewed_key_vault_certificate_needs_no_change(certificates: list[Certificate]) -> None:
    old, new = certificates
    vault = KeyVault("contoso-kv")
    vault.add("partner", old)
    gateway = Gateway(certificates={"partner": KeyVaultReference(vault, "partner")})
    code = '@(context.Deployment.Certificates["partner"].Thumbprint)'
    policy = f'<inbound><set-variable name="t" value="{code}"/></inbound>'
    assert gateway.run(policy, "/").variables["t"] == old.thumbprint
    vault.add("partner", new)
    assert gateway.run(policy, "/").variables["t"] == new.thumbprint
    assert vault.versions("partner") == (old, new)
    vault.remove("partner")
    with pytest.raises(ConfigurationError, match="'contoso-kv' has no certificate 'partner'"):
        gateway.run(policy, "/")


def test_verify_asks_the_trust_of_the_gateway(certificates: list[Certificate]) -> None:
    policy = """<inbound><set-variable name="ok" value="@(context.Request.Certificate.Verify())"/></inbound>"""
    request = Request("GET", "/", certificate=certificates[0])
    trusting = Gateway(trusted_roots=[certificates[0]], negotiate_client_certificate=True, now=NOON)
    assert trusting.run(policy, request).variables["ok"] is True
    assert Gateway(negotiate_client_certificate=True, now=NOON).run(policy, request).variables["ok"] is False


@pytest.mark.parametrize("kind", ["datetime", "function", "clock"])
def test_the_time_is_an_input(kind: str) -> None:
    clock = FixedClock(NOON)
    now: Any = {"datetime": NOON, "function": lambda: NOON, "clock": clock}[kind]
    policy = """<inbound><set-variable name="now" value="@(DateTime.UtcNow.ToString("o"))"/></inbound>"""
    gateway = Gateway(now=now)
    assert gateway.run(policy, "/").variables["now"] == "2026-01-01T12:00:00.0000000Z"
    clock.advance(1.5)
    clock.advance(datetime.timedelta(hours=1))
    expected = "2026-01-01T13:00:01.5000000Z" if kind == "clock" else "2026-01-01T12:00:00.0000000Z"
    assert gateway.run(policy, "/").variables["now"] == expected


class Echo:
    def send(self, request: Request, timeout: float) -> Response:
        return Response(200, body=f"{request.method} {timeout:g}")


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        (None, ""),
        (Response(200, body="constant"), "constant"),
        (lambda request: Response(200, body=request.url), "https://contoso.azure-api.net/a"),
        (Echo(), "GET 300"),
    ],
)
def test_backends(backend: Any, text: str) -> None:
    result = Gateway(backend=backend).run("<inbound/>", "/a")
    assert result.response.text == text
    assert result.reached_backend


def test_a_backend_that_answers_nonsense() -> None:
    with pytest.raises(ConfigurationError, match="answered with str"):
        Gateway(backend=lambda request: "no").run("<inbound/>", "/")  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    "settings", [{"backend": 5}, {"now": 5}, {"second_read": "never"}, {"missing_section": "perhaps"}]
)
def test_settings_that_are_none(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Gateway(**settings)


def test_an_unknown_scope() -> None:
    with pytest.raises(ConfigurationError, match="'apis' is not a scope"):
        Gateway().run({"apis": "<inbound/>"}, "/")


def test_limits_name_the_policy() -> None:
    policy = """<inbound><set-variable name="x" value="@{ for (int i = 0; i != -1; i++) { } return 1; }"/></inbound>"""
    with pytest.raises(LimitExceededError) as raised:
        Gateway(limits=Limits(steps=1000)).run(policy, "/")
    assert "in the policy 'set-variable' at <api policy>:1:10" in raised.value.__notes__


def test_what_is_not_simulated_names_its_place() -> None:
    with pytest.raises(
        NotSimulatedError, match=r"the policy 'block' is not simulated: undocumented.*<api policy>:1:10"
    ):
        Gateway().run("<inbound><block/></inbound>", "/")


def test_runs_can_be_repeated() -> None:
    policy = """<inbound><set-variable name="id" value="@(context.RequestId.ToString() + Guid.NewGuid())"/></inbound>"""

    def ids(gateway: Gateway) -> list[object]:
        return [gateway.run(policy, "/").variables["id"] for _ in range(2)]

    first = ids(Gateway())
    assert first[0] != first[1]
    assert ids(Gateway()) == first
    assert ids(Gateway(seed=1)) != first


def test_context_of_a_request() -> None:
    context = Gateway().context_of(Request("GET", "https://contoso.example/a?b=c"))
    assert apimpolicy.compile_expression('@(context.Request.Url.Query["b"][0])').evaluate(context) == "c"


def test_the_package_imports_nothing_heavy_and_everything_public_by_name() -> None:
    heavy = "{'attrs', 'attr', 'lxml', 'cryptography', 'lark', 'regex', 'click', 'typing'}"
    code = f"import sys, apimpolicy; print(sorted(set(sys.modules) & {heavy}))"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert seen.strip() in ("[]", "['typing']")
    for name in apimpolicy.__all__:
        assert getattr(apimpolicy, name) is not None
    with pytest.raises(AttributeError):
        apimpolicy.nothing  # noqa: B018


def test_memory_that_is_used_up_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("apimpolicy.gateway.engine.document.EffectivePolicies.program", fail)
    with pytest.raises(LimitExceededError, match="memory"):
        Gateway().run("<policies />", "/")
    monkeypatch.setattr("apimpolicy.csharp.emit.expression._compile_text", fail)
    with pytest.raises(LimitExceededError, match="memory"):
        compile_expression("@(1)")
