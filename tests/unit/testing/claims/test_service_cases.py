"""`apimpolicy prove --write` for claims about a whole service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "<policies><inbound><base />{}</inbound><backend><base /></backend></policies>"
CLAIM = """
[[claims]]
name = "every API wants the key"
if = "reaches-backend"
then = '@(context.Request.Headers.ContainsKey("X-Key"))'
"""
NEEDS_KEY = (
    "<choose><when condition='@(!context.Request.Headers.ContainsKey(\"X-Key\"))'>"
    '<return-response><set-status code="401" reason="No" /></return-response></when></choose>'
)
ORDERS = '[apis.orders]\npath = "orders"\npolicy = "orders.xml"\n'
JWT = (
    '<validate-jwt header-name="Authorization"><openid-config url="https://login.contoso.example/openid.json" />'
    "<audiences><audience>orders</audience></audiences></validate-jwt>"
)
TENANT = (
    '<validate-azure-ad-token tenant-id="11111111-2222-3333-4444-555555555555"><client-application-ids>'
    "<application-id>aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee</application-id></client-application-ids>"
    "</validate-azure-ad-token>"
)
PROVIDERS = """[openid-providers.other]
issuer = "https://other.example"
[openid-providers.contoso]
issuer = "https://login.contoso.example"
url = "https://login.contoso.example/openid.json"
audience = "orders"
"""
GET = '[apis.orders.operations.get]\nmethod = "GET"\nurl-template = "/{id}"\n'


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("files", "where"),
    [
        pytest.param({"apimpolicy.toml": ORDERS + GET}, "orders.claims.test.yaml", id="an operation"),
        pytest.param({"apimpolicy.toml": ORDERS}, "orders.claims.test.yaml", id="an API without operations"),
        pytest.param(
            {
                "apimpolicy.toml": ORDERS + GET + '[products.starter]\napis = ["orders"]\npolicy = "starter.xml"\n',
                "orders.xml": POLICY.format(
                    "<choose><when condition='@(context.Product == null)'>"
                    '<return-response><set-status code="401" reason="No" /></return-response></when></choose>'
                ),
                "starter.xml": POLICY.format(""),
            },
            "orders.claims.test.yaml",
            id="a caller with a product",
        ),
        pytest.param(
            {"apimpolicy.toml": ORDERS + 'version = "v2"\nversioning = "header"\nversion-name = "X-Version"\n'},
            "orders.claims.test.yaml",
            id="a version in a header",
        ),
        pytest.param(
            {
                "apimpolicy.toml": ORDERS.replace("orders.xml", "policies/orders.xml") + GET,
                "policies/orders.xml": POLICY.format(""),
                "policies/orders.test.yaml": "policy: orders.xml\ncases:\n  - name: it runs\n"
                "    request: {get: /orders/1}\n    expect: {status: 200}\n",
            },
            "policies/orders.test.yaml",
            id="the file that tests the API's policy",
        ),
        pytest.param(
            {
                "apimpolicy.toml": ORDERS + GET,
                "orders.test.yaml": "policy: orders.xml\ncases:\n"
                "  - name: it runs\n    expect: {status: 200}\n"
                "defaults: {request: {get: /orders/1, headers: {X-Key: '1'}}}\n",
            },
            "orders.claims.test.yaml",
            id="a file whose defaults are in the way",
        ),
        pytest.param(
            {"apimpolicy.toml": 'service = "extracted"\n', "extracted/apis/orders/policy.xml": POLICY.format("")}
            | {"extracted/apis/orders/apiInformation.json": '{"properties": {"path": "orders"}}'},
            "orders.claims.test.yaml",
            id="an extracted service",
        ),
        pytest.param(
            {"apimpolicy.toml": ORDERS + GET, "orders.xml": POLICY.format(JWT)},
            "orders.claims.test.yaml",
            id="a token of a provider that stands in",
        ),
        pytest.param(
            {"apimpolicy.toml": ORDERS + GET + PROVIDERS, "orders.xml": POLICY.format(JWT)},
            "orders.claims.test.yaml",
            id="a token of a provider of the configuration",
        ),
        pytest.param(
            {"apimpolicy.toml": ORDERS + GET + PROVIDERS.replace("audience", "#"), "orders.xml": POLICY.format(JWT)},
            "orders.claims.test.yaml",
            id="a token of a provider of the configuration for the audience of a policy",
        ),
        pytest.param(
            {"apimpolicy.toml": ORDERS + GET, "orders.xml": POLICY.format(TENANT)},
            "orders.claims.test.yaml",
            id="a token of a tenant that stands in",
        ),
        pytest.param(
            {"apimpolicy.toml": f"{ORDERS}{GET}[entra-tenants.contoso]\n", "orders.xml": POLICY.format(TENANT)},
            "orders.claims.test.yaml",
            id="a token of a tenant of the configuration",
        ),
    ],
)
def test_the_case_reproduces_the_claim(
    files: dict[str, str],
    where: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"orders.xml": POLICY.format(""), **files})
    write(tmp_path, {"apimpolicy.toml": f"{files['apimpolicy.toml']}{CLAIM}"})

    assert main(["prove"]) == 1
    out = capsys.readouterr().out
    assert f"apimpolicy prove --write adds a test case to {where}\n" in out
    assert "***" not in out
    assert main(["prove", "--write"]) == 1
    assert f"wrote a case to {where}: every API wants the key" in capsys.readouterr().err
    text = (tmp_path / where).read_text("utf-8")
    assert main(["prove", "--write"]) == 1
    assert (tmp_path / where).read_text("utf-8") == text
    capsys.readouterr()

    assert main(["test", "-k", "wants the key"]) == 1
    assert "the claim 'every API wants the key' does not hold for this request" in capsys.readouterr().out
    for policy in tmp_path.rglob("*.xml"):
        policy.write_text(POLICY.format(NEEDS_KEY), "utf-8")
    assert main(["test", "-k", "wants the key"]) == 0, capsys.readouterr().out
    assert main(["prove"]) == 0, capsys.readouterr().out


def test_claims_of_a_test_file_about_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    claims = "service: apimpolicy.toml\nclaims:\n  - name: nobody gets through\n    never: reaches-backend\n"
    write(tmp_path, {"apimpolicy.toml": ORDERS, "orders.xml": POLICY.format(""), "all.test.yaml": claims})

    assert main(["prove", "--write"]) == 1
    assert main(["test"]) == 1
    assert "the claim 'nobody gets through' does not hold for this request" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("template", "claim", "request_"),
    [
        ("/{id}", 'context.Request.Url.Path.StartsWith("/o")', "GET /O"),
        ("/{id}", 'context.Request.MatchedParameters.ContainsKey("id")', None),
        ("/{id}", '!context.Request.MatchedParameters.ContainsKey("id")', "GET /orders/"),
        ("/{id}", 'context.Operation.UrlTemplate == "/{id}"', None),
        ("/{id}", 'context.Operation.Id != "" && context.Api.Path == "orders"', None),
        ("/{id}", 'context.Api.Path == "order"', "GET /orders/"),
        ("/{id}", 'context.Request.Url.Path.ToLower().StartsWith("/orders/")', None),
        ("/{id}", '!context.Request.MatchedParameters["id"].Contains(":")', "GET /orders/"),
        ("/{id}", '!context.Request.MatchedParameters["id"].Contains(";a=b,c(@)")', ";a=b,c(@)"),
        ("/{id}", '!context.Request.MatchedParameters["id"].Contains("/")', "not decided"),
        ("/{id}", 'context.Request.MatchedParameters["id"] != ".."', "not decided"),
        ("/{id}", '!context.Request.Url.Path.EndsWith("/")', "/ reaches"),
        ("/{id}/lines", '!context.Request.Url.Path.EndsWith("S")', "S "),
        ("/all/{*path}", 'context.Request.MatchedParameters["path"] != "a/b"', "GET /orders/all/a/b "),
        ("/all/{*path}", 'context.Request.MatchedParameters["path"] != ""', "GET /orders/all/ "),
        ("/all/*", '!context.Request.Url.Path.EndsWith("/a/b")', "/a/b "),
        ("/all/*", "context.Request.Url.Path.Length > 11", "GET /orders/all "),
        (None, "context.Request.Url.Path.Length > 7", "GET /orders "),
        (None, '!context.Request.Url.Path.EndsWith("/a/b")', "/a/b "),
    ],
)
def test_paths_that_a_template_takes(
    template: str | None,
    claim: str,
    request_: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each request has run: the gateway takes such paths for the operation. A code such as %2F is decoded."""
    monkeypatch.chdir(tmp_path)
    operation = "" if template is None else GET.replace("/{id}", template)
    claims = f"\n[[claims]]\nname = 'it'\nthen = '@({claim})'\n"
    write(tmp_path, {"orders.xml": POLICY.format(""), "apimpolicy.toml": ORDERS + operation + claims})

    expected = {None: 0, "not decided": 3}.get(request_, 1)
    seconds = "60" if expected == 1 else "4"  # a search that finds a request ends then, however slow the machine is
    assert main(["prove", "--seconds", seconds]) == expected, capsys.readouterr().out
    assert (request_ or "proven") in capsys.readouterr().out
