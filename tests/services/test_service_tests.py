"""`new test FOLDER`: files for the APIs of a service, whose names say what should happen, and which pass."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="the extra [prove] is not installed")

from apimpolicy.cli.program import run
from apimpolicy.project.service.leniency import lenient
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case

SHOP = Path(__file__).parent / "shop"
LOGIN = """
resource "azurerm_api_management_api" "login" {
  name                  = "login"
  path                  = "login"
  subscription_required = false
}

resource "azurerm_api_management_api_policy" "login" {
  api_name    = azurerm_api_management_api.login.name
  xml_content = <<-POLICY
    <policies><inbound>
      <validate-jwt header-name="Authorization">
        <openid-config url="https://login.example/.well-known/openid-configuration" />
        <audiences><audience>orders</audience></audiences>
        <required-claims><claim name="role"><value>admin</value></claim></required-claims>
      </validate-jwt>
      <rate-limit-by-key calls="2" renewal-period="30" counter-key="@(context.Request.IpAddress)" />
      <choose>
        <when condition="@(context.Request.Headers.GetValueOrDefault(&quot;X-Tier&quot;) == &quot;gold&quot;)">
          <set-backend-service base-url="https://gold.example" />
        </when>
      </choose>
    </inbound></policies>
  POLICY
}
"""
TIERS = """
locals { tiers = ["gold", "silver", "tin"] }

resource "azurerm_api_management_api" "tiers" {
  name                  = "tiers"
  path                  = "tiers"
  subscription_required = false
}

resource "azurerm_api_management_api_policy" "tiers" {
  api_name    = azurerm_api_management_api.tiers.name
  xml_content = <<-POLICY
    <policies><inbound>
      <validate-jwt header-name="Authorization" output-token-variable-name="jwt">
        <openid-config url="https://login.example/.well-known/openid-configuration" />
        <audiences><audience>orders</audience></audiences>
        <required-claims><claim name="roles" match="any">
          %{ for tier in local.tiers ~}<value>${tier}</value>%{ endfor ~}
        </claim></required-claims>
      </validate-jwt>
      <choose>
        %{ for tier in local.tiers ~}
        <when condition='@(((Jwt)context.Variables["jwt"]).Claims["roles"].Contains("${tier}"))'>
          <set-backend-service base-url="https://${tier}.example" />
        </when>
        %{ endfor ~}
      </choose>
    </inbound></policies>
  POLICY
}
"""
NAMES = {
    "login": [
        "GET /login/{*rest} without a token is refused with 401",
        "GET /login/{*rest} with a valid token reaches the backend",
        "GET /login/{*rest} with the header X-Tier: gold and a valid token is sent to https://gold.example/x",
        "GET /login/{*rest} with an expired token is refused with 401",
        "GET /login/{*rest} with a token for another audience is refused with 401",
        "GET /login/{*rest} with a token with another value of role is refused with 401",
        "call 3 within 30 seconds is refused",
    ],
    "orders": [
        "GET /test/orders/{id} is refused with 404",
        "POST /test/orders/ without a subscription key is refused with 401",
    ],
}


@pytest.mark.parametrize("form", ["terraform", "bicep", "extract"])
def test_each_api_has_a_file_that_passes(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHOP / form, "shop")
    if form == "terraform":
        Path("shop/login.tf").write_text(LOGIN)
    assert run(["new", "test", "shop"]) == 0
    files = {path.name.partition(".")[0]: path for path in Path("shop/tests").iterdir()}
    assert files.keys() >= {"items", "catalog-v1", "catalog-v2", "orders", "status"}
    assert not list(Path("shop").glob("policies/*.test.yaml"))
    cases = {name: load_case_file(str(path)).cases for name, path in files.items()}
    with lenient():
        assert [case.name for each in cases.values() for case in each if not run_case(case).is_good] == []
    for name, wanted in NAMES.items():
        if name in cases:
            names = [case.name.replace("GET /test/orders/ ", "POST /test/orders/ ") for case in cases[name]]
            assert [each for each in wanted if each not in names] == [], names


def test_other_operations_get_the_body_that_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = '<set-variable name="t" value="@(context.Request.Body.As<JObject>(true).ToString())" />'
    methods = {"/x": {"post": {}}, "/y": {"post": {}}, "/z": {"get": {}}}
    info = {"displayName": "A", "path": "a", "protocols": ["https"], "subscriptionRequired": False}
    texts = {
        "apiInformation.json": json.dumps({"properties": info}),
        "specification.json": json.dumps(
            {"openapi": "3.0.0", "info": {"title": "a", "version": "1"}, "paths": methods}
        ),
        "policy.xml": f"<policies><inbound><base />{read}</inbound><backend><base /></backend>"
        "<outbound><base /></outbound><on-error><base /></on-error></policies>",
    }
    (tmp_path / "apis" / "a").mkdir(parents=True)
    for name, text in texts.items():
        (tmp_path / "apis" / "a" / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert run(["new", "test", "."]) == 0
    made = Path("tests", "a.test.yaml").read_text("utf-8")
    assert "{operation: POST /a/y, method: POST, url: /a/y," in made
    assert run(["test", "tests"]) == 0


def test_each_round_of_a_loop_in_a_template_has_a_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiers.tf").write_text(TIERS)
    assert run(["new", "test", "."]) == 0
    text = Path("tests/tiers.test.yaml").read_text("utf-8")
    assert [tier for tier in ("gold", "silver", "tin") if f"https://{tier}.example/x" not in text] == []
    assert run(["test", "tests"]) == 0
