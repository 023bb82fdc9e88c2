"""The configuration file: what it makes, and a sentence for every mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import load_configuration

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_reaches_the_gateway(tmp_path: Path) -> None:
    (tmp_path / "f.xml").write_text("<fragment><set-method>PUT</set-method></fragment>")
    path = tmp_path / "apimpolicy.toml"
    path.write_text("""
        negotiate-client-certificate = ["contoso.example"]
        now = 2026-01-01T00:00:00
        [named-values]
        number = 17
        flag = true
        [fragments]
        put = "f.xml"
        [backend]
        status = 418
        reason = "teapot"
        headers = {A = ["1", "2"]}
        body = "tea"
        [api]
        id = "orders"
        protocols = ["http", "https"]
        subscription-key-header = "X-Key"
        [operation]
        id = "get"
        url-template = "/orders/{id}"
        [product]
        id = "starter"
        state = "published"
        groups = ["Developers"]
        [subscription]
        primary-key = "k"
        start-date = 2025-01-01T00:00:00Z
        [user]
        id = "zoe"
        email = "zoe@contoso.example"
        identities = {Aad = "0001"}
        [deployment]
        region = "North Europe"
    """)
    configuration = load_configuration(str(path))
    assert configuration.named_values == {"number": "17", "flag": "true"}
    gateway = configuration.gateway()
    assert gateway.negotiates("contoso.example")
    assert not gateway.negotiates("other.example")
    assert gateway.deployment.region == "North Europe"
    policy = (
        '<policies><inbound><include-fragment fragment-id="put" /><set-header name="I"><value>'
        "@(context.Product.Groups.First().Name + context.User.Identities.First().Provider"
        ' + context.Request.MatchedParameters["id"] + {{number}} + context.Api.SubscriptionKeyParameterNames.Header)'
        "</value></set-header></inbound><backend><forward-request /></backend></policies>"
    )
    result = gateway.run(policy, "/orders/9")
    assert (result.response.status_code, result.response.reason, result.response.text) == (418, "teapot", "tea")
    assert result.response.headers.get_all("A") == ["1", "2"]
    assert result.backend_requests[0].method == "PUT"
    assert result.backend_requests[0].headers["I"] == "DevelopersAad917X-Key"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = = 1", "is not valid TOML"),
        ("a = " + "[" * 5000, "is not valid TOML"),
        ("trusted-root = []", "'trusted-root' is not a setting; did you mean 'trusted-roots'?"),
        ("trusted_roots = []", "did you mean 'trusted-roots'?"),
        ("zzz = 1", "'zzz' is not a setting; the keys here are"),
        ("trusted-roots = 1", "'trusted-roots' must be a list, not a whole number"),
        ("trusted-roots = [1]", "'trusted-roots[0]' must be a text"),
        ("negotiate-client-certificate = 1", "must be true or false"),
        ("now = 'today'", "'now' must be a date with a time"),
        ("backend = 1", "'backend' must be a table"),
        ("[backend]\nstatus = 99", "'backend.status' must be between 100 and 599"),
        ("[backend]\nstatus = true", "'backend.status' must be a whole number, not true or false"),
        ("[backend]\nbody = ''\njson = 1", "'backend' has both 'body' and 'json'"),
        ("[backend]\nfile = 'missing.json'", "missing.json: there is no such file"),
        ("[backend]\nheaders = {A = 1}", "'backend.headers.A' must be a text"),
        ("[certificates]\na = 1", "'certificates.a' must be a table"),
        ("[certificates]\na = 'missing.pem'", "missing.pem"),
        ("[certificates]\na = {password = 'x'}", "'certificates.a' needs a 'path'"),
        ("[certificates]\na = {path = 'x', pasword = 'x'}", "did you mean 'certificates.a.password'?"),
        ("[certificates]\na = {key-vault = 'kv'}", "names a Key Vault that is not in this file"),
        ("[named-values]\na = []", "the named value 'a' must be a text"),
        ("[api]\nnam = 'x'", "did you mean 'api.name'?"),
        ("[product]\nstate = 'x'", "'product.state' is one of published, not-published"),
        ("revocation-lists = ['missing.crl']", "missing.crl: there is no such file"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(str(path)).gateway()
    assert sentence in str(caught.value)
