"""`apimpolicy run` and `apimpolicy explain`: the certificate policy, its reasons, and what can be wrong around it."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = """\
<policies>
  <inbound>
    <base />
    <choose>
      <when condition="@(context.Request.Certificate == null
                        || !context.Request.Certificate.Verify()
                        || !context.Deployment.Certificates.Any(c => c.Value.Thumbprint == \
context.Request.Certificate.Thumbprint))">
        <return-response>
          <set-status code="403" reason="Invalid client certificate" />
        </return-response>
      </when>
    </choose>
  </inbound>
  <backend><base /></backend>
  <outbound><set-header name="X-Served" exists-action="override"><value>yes</value></set-header></outbound>
</policies>
"""

CONFIGURATION = """\
negotiate-client-certificate = true
now = 2026-06-01T00:00:00Z
origin = "https://contoso.example"
trusted-roots = ["{certificates}/ca.pem"]

[certificates]
partner = "{certificates}/partner.pem"
vaulted = {{key-vault = "kv", name = "partner"}}

[key-vaults.kv]
partner = ["{certificates}/partner.pem"]

[api]
id = "orders"
service-url = "https://orders.internal"

[backend]
json = {{orders = []}}
"""


@pytest.fixture
def service(tmp_path: Path, certificates: Path) -> Path:
    (tmp_path / "orders.xml").write_text(POLICY)
    (tmp_path / "gateway.toml").write_text(CONFIGURATION.format(certificates="certificates"))
    return shutil.copytree(certificates, tmp_path / "certificates")


GATEWAY = ("--config", "gateway.toml", "--get", "/orders")


def test_a_partner_gets_through(apimpolicy: Callable[..., Any], service: Path) -> None:
    found = apimpolicy("run", "orders.xml", *GATEWAY, "--certificate", str(service / "partner.pem"))
    assert (found.code, found.err) == (0, "")
    trace, response = found.out.split("─" * 57 + "\n")
    assert re.search(r"^ +choose ▸ when 1 +false$", trace, re.M)
    assert re.search(r"^ +forward-request +GET https://orders.internal/orders → 200 OK$", trace, re.M)
    assert response == 'HTTP/1.1 200 OK\nContent-Type: application/json\nX-Served: yes\n\n{"orders": []}\n'


def test_pkcs12_and_json(apimpolicy: Callable[..., Any], service: Path) -> None:
    pfx = ("--certificate", str(service / "partner.pfx"), "--password", "secret")
    found = apimpolicy("run", "orders.xml", *GATEWAY, *pfx, "--format", "json")
    report = json.loads(found.out)
    assert report["version"] == 1
    assert report["response"]["status_code"] == 200
    assert [request["url"] for request in report["backend_requests"]] == ["https://orders.internal/orders"]
    condition = next(entry for entry in report["trace"] if entry["policy"] == "when")
    assert condition["line"] == 5
    assert condition["expressions"][0]["value"] == "False"


@pytest.mark.parametrize(
    ("certificate", "options", "sentences"),
    [
        (None, (), ["true   context.Request.Certificate == null", "The caller sent no certificate."]),
        (
            "partner",
            ("--no-negotiate",),
            [
                "The caller has CN=partner (",
                "'Negotiate client certificate' is off for contoso.example",
                "Turn it on in Azure: Custom domains ▸ contoso.example",
                "Turn it on here: negotiate-client-certificate = true, at the top of apimpolicy.toml (or --negotiate)",
            ],
        ),
        (
            "selfmade",
            (),
            [
                "true   !context.Request.Certificate.Verify()",
                "not among the trusted roots)",
                "UntrustedRoot",
                'To trust it here: trusted-roots = ["ca.pem"], at the top of apimpolicy.toml (or --trusted-root ',
            ],
        ),
        (
            "expired",
            (),
            [
                "chain: CN=expired (expired on 2026-01-01 00:00:00 UTC) ← CN=ca",
                "NotTimeValid",
                "The gateway's clock shows ",
            ],
        ),
        (
            "unlisted",
            (),
            [
                "(CN=ca publishes no revocation list)",
                "RevocationStatusUnknown",
                "VerifyNoRevocation()",
                'revocation-lists = ["ca.crl"], at the top of apimpolicy.toml',
            ],
        ),
        (
            "other",
            (),
            [
                "false  !context.Request.Certificate.Verify()",
                "was not among the uploaded certificates: partner: CN=partner (",
            ],
        ),
    ],
)
def test_why_a_request_is_refused(
    apimpolicy: Callable[..., Any],
    service: Path,
    certificate: str | None,
    options: tuple[str, ...],
    sentences: list[str],
) -> None:
    caller = () if certificate is None else ("--certificate", str(service / f"{certificate}.pem"))
    found = apimpolicy("explain", "orders.xml", *GATEWAY, *caller, *options)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("403 Invalid client certificate, decided by orders.xml:5 choose ▸ when 1\n\ntrue   ")
    unwrapped = re.sub(r"\n[│ ]+", " ", found.out)
    for sentence in sentences:
        assert sentence in unwrapped


def test_the_whole_explanation(apimpolicy: Callable[..., Any], service: Path) -> None:
    found = apimpolicy("explain", "orders.xml", *GATEWAY)
    any_ = "!context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate.Thumbprint)"
    assert (
        found.out
        == f"""\
403 Invalid client certificate, decided by orders.xml:5 choose ▸ when 1

true   context.Request.Certificate == null
       || !context.Request.Certificate.Verify()
       || {any_}
├ true   context.Request.Certificate == null
│        context.Request.Certificate  null
│        The caller sent no certificate.
├ not evaluated  !context.Request.Certificate.Verify()
└ not evaluated  {any_}

path: inbound ▸ choose ▸ when 1 = true ▸ return-response ▸ set-status
"""
    )


def test_why_a_request_gets_through(apimpolicy: Callable[..., Any], service: Path) -> None:
    found = apimpolicy("explain", "orders.xml", *GATEWAY, "--certificate", str(service / "partner.pem"))
    assert found.out.startswith("200 OK, decided by the backend\n")
    assert "chain: CN=partner ← CN=ca" in found.out
    as_json = apimpolicy("explain", "orders.xml", *GATEWAY, "--format", "json")
    assert json.loads(as_json.out)["decisions"][0]["clause"]["parts"][0]["verdict"] == "true"


def test_an_exception_is_explained(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    condition = "context.Request.Certificate.Thumbprint == &quot;A&quot; || false"
    (tmp_path / "p.xml").write_text(f'<inbound><choose><when condition="@({condition})"></when></choose></inbound>')
    found = apimpolicy("explain", "p.xml", "--get", "/")
    assert found.code == 0
    assert found.out.startswith("500 ")
    assert "failed  context.Request.Certificate.Thumbprint" in found.out
    assert "System.NullReferenceException: Object reference not set" in found.out
    assert "└ not evaluated  false" in found.out


def test_a_block_is_explained(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    code = "@{\n   var name = context.Request.Method;\n   return name == &quot;GET&quot;;\n }"
    (tmp_path / "p.xml").write_text(
        f'<inbound><choose><when condition="{code}"><return-response /></when></choose></inbound>'
    )
    found = apimpolicy("explain", "p.xml", "--get", "/")
    assert 'context.Request.Method  "GET"' in found.out


def test_requests(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "echo.xml").write_text(
        "<inbound><return-response><set-body>@(context.Request.Method + context.Request.Url.Path"
        ' + context.Request.Headers.GetValueOrDefault("A", "-") + context.Request.Body.As&lt;string&gt;())'
        "</set-body></return-response></inbound>".replace("&lt;", "<").replace("&gt;", ">")
    )
    (tmp_path / "r.http").write_text("PUT /file HTTP/1.1\nA: x\n\nbody\n")
    (tmp_path / "body.txt").write_text("from a file")
    for arguments, expected in (
        (("--request", "r.http"), "PUT/filexbody"),
        (("--request", "r.http", "--header", "A: y"), "PUT/filex,ybody"),
        (("--method", "patch", "--url", "/u", "--body", "text"), "PATCH/u-text"),
        (("--url", "/u", "--body", "@body.txt"), "POST/u-from a file"),
    ):
        found = apimpolicy("run", "echo.xml", *arguments)
        assert found.out.splitlines()[-1] == expected, found


def test_scopes(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "g.xml").write_text(
        "<policies><inbound><return-response><set-status code='418' reason='global' /></return-response>"
        "</inbound></policies>"
    )
    (tmp_path / "a.xml").write_text("<policies><inbound><base /></inbound></policies>")
    assert "HTTP/1.1 418 global" in apimpolicy("run", "a.xml", "--scope", "global=g.xml", "--get", "/").out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["missing.xml", "--get", "/"], 2, "missing.xml: there is no such file or directory"),
        ([".", "--get", "/"], 2, "there is no service in the folder ."),
        (["cut.xml", "--get", "/"], 1, "cut.xml:5:7: POL017"),
        (["latin.xml", "--get", "/"], 1, "POL002"),
        (["wrong.xml", "--get", "/"], 1, "CS1061"),
        (["big.xml", "--get", "/"], 1, "larger than 4 MB"),
        (["orders.xml", "--certificate", "missing.pem"], 2, "cannot read missing.pem"),
        (["orders.xml", "--certificate", "broken.pem"], 2, "broken.pem is cut off"),
        (["orders.xml", "--certificate", "{certificates}/partner.pfx"], 2, "needs a password"),
        (["orders.xml", "--certificate", "{certificates}/partner.pfx", "--password", "no"], 2, "the password is wrong"),
        (["orders.xml", "--password", "no"], 2, "--password belongs to --certificate"),
        (["orders.xml", "--get", "/", "--url", "/"], 2, "--get and --url"),
        (["orders.xml", "--header", "nonsense"], 2, "'Name: value'"),
        (["orders.xml", "--request", "missing.http"], 2, "missing.http: there is no such file"),
        (["orders.xml", "--config", "missing.toml"], 2, "missing.toml: there is no such file"),
        (["orders.xml", "--scope", "globl=orders.xml"], 2, "'globl' is not a scope"),
        (["orders.xml", "--named-value", "host"], 2, "--named-value takes NAME=VALUE, not 'host'"),
        (["orders.xml", "--body", "@missing.json"], 2, "missing.json: there is no such file"),
        (["later.xml", "--get", "/"], 2, "not simulated"),
    ],
)
@pytest.mark.parametrize("command", ["run", "explain"])
def test_bad_input(
    apimpolicy: Callable[..., Any],
    service: Path,
    tmp_path: Path,
    command: str,
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    (tmp_path / "cut.xml").write_text(POLICY[:200])
    (tmp_path / "latin.xml").write_bytes("<policies><!-- ü --></policies>".encode("latin-1"))
    (tmp_path / "wrong.xml").write_text(POLICY.replace("Thumbprint", "ThumbPrint"))
    (tmp_path / "big.xml").write_bytes(b"<policies>" + b" " * 10_000_000 + b"</policies>")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    (tmp_path / "later.xml").write_text("<policies><inbound><block /></inbound></policies>")
    found = apimpolicy(command, *(argument.format(certificates=service) for argument in arguments))
    assert (found.code, found.out) == (code, "")
    assert sentence in found.err


def test_a_folder_with_a_service(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "orders.xml").write_text(
        "<policies><inbound><base /><return-response><set-body>@(context.Subscription.Id)</set-body></return-response>"
        "</inbound></policies>"
    )
    (tmp_path / "apimpolicy.toml").write_text(
        '[apis.orders]\npath = "orders"\npolicy = "orders.xml"\n'
        '[subscriptions.partner]\nprimary-key = "k"\napi = "orders"\n'
    )
    found = apimpolicy("run", str(tmp_path), "--get", "/orders/17?subscription-key=k")
    assert found.code == 0
    assert found.out.splitlines()[-1] == "partner"
    refused = apimpolicy("explain", str(tmp_path), "--get", "/orders/17")
    assert "401 Access Denied" in refused.out
    assert "SubscriptionKeyNotFound" in refused.out
    mixed = apimpolicy("run", str(tmp_path), "--get", "/orders/17", "--scope", "global=g.xml")
    assert mixed.code == 2
    assert "--scope needs a single policy" in mixed.err


@pytest.mark.parametrize("where", ["orders.xml", "."])
def test_named_values(apimpolicy: Callable[..., Any], tmp_path: Path, where: str) -> None:
    (tmp_path / "orders.xml").write_text(
        "<policies><inbound><return-response><set-body>{{kind}} at {{host}}</set-body></return-response>"
        "</inbound></policies>"
    )
    (tmp_path / "apimpolicy.toml").write_text(
        '[apis.orders]\npath = "orders"\npolicy = "orders.xml"\n[named-values]\nkind = "file"\nhost = "file"\n'
    )
    found = apimpolicy("run", where, "--get", "/orders", "--named-value", "host=a=b", "--named-value", "new=1")
    assert found.out.splitlines()[-1] == "file at a=b"


def test_the_trace_in_the_gateways_own_form(apimpolicy: Callable[..., Any], service: Path) -> None:
    found = apimpolicy("run", "orders.xml", *GATEWAY, "--gateway-trace")
    trace = json.loads(found.out)["traceEntries"]
    assert [entry["source"] for entry in trace["inbound"]][:2] == ["api-inspector", "api-inspector"]
    assert trace["outbound"][-1]["data"] == {"message": "Response has been sent to the caller in full"}


def test_certificates_without_a_configuration(apimpolicy: Callable[..., Any], service: Path) -> None:
    given = ("--negotiate", "--trusted-root", str(service / "ca.pem"), "--upload", f"p={service / 'partner.pem'}")
    partner = ("--certificate", str(service / "partner.pem"))
    found = apimpolicy("run", "orders.xml", "--get", "/a", *given, *partner, "--format", "json")
    assert json.loads(found.out)["response"]["status_code"] == 200
    early = apimpolicy("explain", "orders.xml", "--get", "/a", *given, *partner, "--now", "2024-01-01").out
    assert "not valid before 2025-01-01" in early
    assert "The gateway's clock shows 2024-01-01T00:00:00Z" in early
    for wrong in (("--upload", "p"), ("--now", "yesterday")):
        assert apimpolicy("run", "orders.xml", "--get", "/a", *wrong).code == 2
