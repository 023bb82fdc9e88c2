"""ARM templates that Terraform deploys with parameters are a part of its service, and no service of their own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.services.test_deployments import CHECKED, GLOBAL, OPEN, SERVICE

from apimpolicy.cli import main
from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.reading import describe, services_in

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "Microsoft.ApiManagement/service"
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "parameters": {"apim": {"type": "string"}, "policy": {"type": "string"}, "key": {"defaultValue": True}},
    "resources": [
        {
            "type": f"{PREFIX}/apis",
            "name": "[concat(parameters('apim'), '/orders')]",
            "properties": {"path": "orders", "protocols": ["https"], "subscriptionRequired": "[parameters('key')]"},
        },
        {
            "type": f"{PREFIX}/apis/operations",
            "name": "[concat(parameters('apim'), '/orders/get')]",
            "properties": {"displayName": "get", "method": "GET", "urlTemplate": "/"},
        },
        {
            "type": f"{PREFIX}/apis/policies",
            "name": "[concat(parameters('apim'), '/orders/policy')]",
            "properties": {"format": "rawxml", "value": "[parameters('policy')]"},
        },
    ],
}
CALL = """resource "azurerm_resource_group_template_deployment" "orders" {
  name                = "orders"
  deployment_mode     = "Incremental"
  template_content    = TEMPLATE
  parameters_content  = PARAMETERS
}
"""
GIVEN = """jsonencode({
    apim   = { value = azurerm_api_management.apim.name }
    policy = { value = file("${path.module}/POLICY") }
    key    = { value = false }
  })"""


def deployed(root: Path, template: str, parameters: str, policy: str = "open.xml") -> Path:
    call = CALL.replace("TEMPLATE", template).replace("PARAMETERS", parameters.replace("POLICY", policy))
    if template == FILE:
        (root / "arm").mkdir()
        (root / "arm" / "orders.json").write_text(json.dumps(TEMPLATE))
    (root / "main.tf").write_text(SERVICE.format(name='"contoso"') + 'variable "given" {}\n' + call)
    for name, text in {"open.xml": OPEN, "checked.xml": CHECKED, "global.xml": GLOBAL}.items():
        (root / name).write_text(text)
    return root


def audited(root: Path, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    main(["audit", str(root), "--format", "json"])
    return [(each["api"], each["access"]) for each in json.loads(capsys.readouterr().out)["operations"]]


FILE = 'file("${path.module}/arm/orders.json")'
INLINE = f"jsonencode({json.dumps(TEMPLATE)})"


@pytest.mark.parametrize("template", [FILE, INLINE], ids=["file", "inline"])
@pytest.mark.parametrize(("policy", "access"), [("open.xml", "anyone"), ("checked.xml", "token")])
def test_a_template_with_its_parameters(
    template: str, policy: str, access: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = deployed(tmp_path, template, GIVEN, policy)
    assert [each.name for each in services_in(str(root))] == ["."]
    service = describe(str(root), NO_CHANGES)
    assert not service.problems
    assert [(api.id, api.policy and api.policy.path) for api in service.apis] == [("orders", str(root / policy))]
    assert audited(root, capsys) == [("orders", access)]


@pytest.mark.parametrize("parameters", ["var.given", "jsonencode(var.given)"])
def test_parameters_that_are_not_known(parameters: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither is a parameter with a default, which may be given too."""
    root = deployed(tmp_path, FILE, parameters)
    assert {access for _, access in audited(root, capsys)} <= {"not decided"}
    main(["audit", str(root)])
    assert "nothing found" not in capsys.readouterr().out


@pytest.mark.parametrize("key", ["", "parameters_body = jsonencode({ key = { value = false } })"])
def test_the_deployment_of_old_providers(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its parameters are texts, and others are JSON."""
    root = deployed(tmp_path, FILE, "")
    call = f"""resource "azurerm_template_deployment" "orders" {{
  template_body = {FILE}
  parameters    = {{ apim = azurerm_api_management.apim.name, policy = file("${{path.module}}/open.xml") }}
  {key}
}}
"""
    (root / "main.tf").write_text(SERVICE.format(name='"contoso"') + call)
    assert audited(root, capsys) == [("orders", "anyone" if key else "subscription key")]
    (root / "main.tf").write_text(SERVICE.format(name='"contoso"') + re.sub(r"= \{ apim.*", "= var.given", call))
    assert {access for _, access in audited(root, capsys)} <= {"not decided"}
