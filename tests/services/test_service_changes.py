"""`apimpolicy diff` of a service, operation by operation: what it says of each change of `service_changes.yaml`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.rows import read_yaml

from apimpolicy.cli import main

ROWS = read_yaml(Path(__file__).with_name("service_changes.yaml").read_text("utf-8"))
JWT = '((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("name", "unknown")'
FILES = {
    "apiInformation.json": '{"properties": {"displayName": "Orders", "path": "orders", "subscriptionRequired": false}}',
    "operations/delete/operationInformation.json": (
        '{"properties": {"displayName": "Delete", "method": "DELETE", "urlTemplate": "/{id}"}}'
    ),
    "operations/get/operationInformation.json": (
        '{"properties": {"displayName": "Get", "method": "GET", "urlTemplate": "/{id}"}}'
    ),
    "policy.xml": f"""<policies>
    <inbound>
        <base />
        <validate-jwt header-name="Authorization" output-token-variable-name="jwt">
            <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
            <audiences><audience>orders</audience></audiences>
        </validate-jwt>
        <rate-limit-by-key calls="100" renewal-period="60" counter-key="orders" />
        <set-header name="X-User" exists-action="override"><value>@({JWT})</value></set-header>
        <include-fragment fragment-id="stamp" />
    </inbound>
</policies>""",
    "operations/delete/policy.xml": """<policies>
    <inbound>
        <base />
        <set-header name="X-Audit" exists-action="override"><value>delete</value></set-header>
    </inbound>
</policies>""",
    "operations/get/policy.xml": """<policies>
    <inbound>
        <base />
        <send-one-way-request mode="new">
            <set-url>https://log.example/</set-url>
            <set-method>GET</set-method>
            <set-header name="X-Own" exists-action="override"><value>a</value></set-header>
        </send-one-way-request>
    </inbound>
</policies>""",
    "../../policy fragments/stamp/policy.xml": (
        '<fragment><set-header name="X-Stamp" exists-action="override"><value>1</value></set-header></fragment>'
    ),
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / "apis" / "orders" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
        path.resolve().write_text(text, "utf-8")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("z3")
    write(tmp_path / "old", FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(root: Path, change: dict[str, str], key: str) -> None:
    path = (root / "apis" / "orders" / change["file"]).resolve()
    if "old" in change:
        text = path.read_text("utf-8")
        assert change["old"] in text
        path.write_text(text.replace(change["old"], change[key]), "utf-8")
    elif "new" in change:
        path.parent.mkdir(parents=True)
        path.write_text(change["new"], "utf-8")
    else:
        shutil.rmtree(path.parent)


@pytest.mark.parametrize("name", ROWS)
def test_a_change_is_reported(name: str, service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row: dict[str, Any] = ROWS[name]
    shutil.copytree(service / "old", service / "new")
    for change in row["edits"]:
        if "before" in change:
            edit(service / "old", change, "before")
        edit(service / "new", change, "new")
    code = main(["diff", "old", "new", "--seconds", "3"])
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(row.get("first", "")), said
    assert [text for text in row.get("says", ()) if text not in said] == [], said
    assert [text for text in row.get("never", ()) if text in said] == [], said
    assert code == row["code"], said


def test_a_lone_policy_whose_wider_scopes_are_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("z3")
    monkeypatch.chdir(tmp_path)
    for name, base in (("old", "<base />"), ("new", "")):
        (tmp_path / f"{name}.xml").write_text(f"<policies><inbound>{base}</inbound></policies>")
    assert main(["diff", "old.xml", "new.xml"]) == 3
    out = capsys.readouterr().out
    assert "new.xml:1 <base /> removed" in out
    assert "the policies of wider scopes, at <base />" in out


def test_a_file_is_compared_within_its_service(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = service / "old" / "apis" / "orders" / "operations" / "delete" / "policy.xml"
    (service / "new.xml").write_text(file.read_text("utf-8").replace("<base />", ""), "utf-8")
    assert main(["diff", str(file.relative_to(service)), "new.xml"]) == 1
    assert capsys.readouterr().out.startswith("Anyone can now call 1 operation of 1 API")


def test_a_module_that_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = """
resource "azurerm_api_management_api" "orders" {{
  name                = "orders"
  api_management_name = "contoso"
  resource_group_name = "contoso"
  revision            = "1"
  path                = "orders"
  protocols           = ["https"]
}}
module "policies" {{
  source     = "git::https://example.com/policies.git"
  xml_content = "<policies><inbound>{}</inbound></policies>"
}}
"""
    for name, inner in (("old", ""), ("new", "<base />")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(code.format(inner))
    assert main(["diff", "old", "new"]) == 3
    out = capsys.readouterr().out
    assert "not everything was read and compared" in out
    assert "not compared: the module" in out
    shutil.rmtree(tmp_path / "new")
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    assert main(["diff", "old", "new"]) == 0
