"""The tier of a service in infrastructure code: from its SKU, unless the configuration has another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.project.configuration import empty_configuration, load_configuration

if TYPE_CHECKING:
    from pathlib import Path

TERRAFORM = """
variable "sku" { default = "%s" }
resource "azurerm_api_management" "x" {
  name = "x"
  sku_name = var.sku
}
"""
BICEP = """
param sku string = '%s'
resource x 'Microsoft.ApiManagement/service@2022-08-01' = {
  name: 'x'
  sku: { name: sku, capacity: 1 }
  properties: { publisherName: 'Contoso' }
}
"""
ARM = """
{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
 "contentVersion": "1.0.0.0",
 "resources": [{"type": "Microsoft.ApiManagement/service", "apiVersion": "2022-08-01", "name": "x",
                "sku": {"name": "%s", "capacity": 1}, "properties": {}}]}
"""
AZAPI = """
resource "azapi_resource" "x" {
  type = "Microsoft.ApiManagement/service@2024-05-01"
  name = "x"
  body = { sku = { name = "%s", capacity = 1 }, properties = { publisherName = "Contoso" } }
}
"""


@pytest.mark.parametrize(
    ("file", "text", "sku", "tier"),
    [
        ("main.tf", TERRAFORM, "BasicV2_1", "v2"),
        ("main.tf", TERRAFORM, "Premium_2", "classic"),
        ("main.tf", AZAPI, "StandardV2", "v2"),
        ("main.bicep", BICEP, "Developer", "developer"),
        ("main.json", ARM, "Consumption", "consumption"),
        ("main.json", ARM, "Isolated", "classic"),
    ],
)
def test_the_tier_is_that_of_the_sku(tmp_path: Path, file: str, text: str, sku: str, tier: str) -> None:
    (tmp_path / file).write_text(text % sku)
    assert empty_configuration().gateway(str(tmp_path)).tier == tier


def test_the_configuration_decides(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text(BICEP % "BasicV2")
    (tmp_path / "apimpolicy.toml").write_text('tier = "self-hosted"\n')
    gateway = load_configuration(str(tmp_path / "apimpolicy.toml")).gateway(str(tmp_path))
    assert gateway.tier == "self-hosted"
    assert not gateway.deployment.gateway.is_managed


def test_an_unknown_sku_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text((BICEP % "").replace(" = ''", ""))
    assert empty_configuration().gateway(str(tmp_path)).tier == "classic"
