"""Requirements of `[audit]` for products and tags, and exceptions from them, in each form of a service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    Found = list[tuple[str, str]]

_API = json.dumps({"properties": {"path": "p", "subscriptionRequired": True, "serviceUrl": "https://o.example"}})
_OPERATION = '{"properties": {"displayName": "NAME", "method": "GET", "urlTemplate": "/NAME"}}'
EXTRACT = {
    "policy.xml": "<policies><inbound /><backend><forward-request /></backend><outbound /></policies>",
    "apis/orders/apiInformation.json": _API.replace('"p"', '"orders"'),
    "apis/orders/operations/list/operationInformation.json": _OPERATION.replace("NAME", "list"),
    "apis/orders/operations/people/operationInformation.json": _OPERATION.replace("NAME", "people"),
    "apis/orders/operations/people/tags.json": '[{"name": "pii"}]',
    "apis/stock/apiInformation.json": _API.replace('"p"', '"stock"'),
    "apis/stock/operations/list/operationInformation.json": _OPERATION.replace("NAME", "list"),
    "apis/stock/tags.json": '[{"name": "internal"}]',
    "tags/pii/tagInformation.json": '{"properties": {"displayName": "pii"}}',
    "tags/internal/tagInformation.json": '{"properties": {"displayName": "internal"}}',
    "products/partners/productInformation.json": '{"properties": {"displayName": "partners", "state": "published"}}',
    "products/partners/apis.json": '[{"name": "orders"}]',
}


def _terraform() -> str:
    parts = ['resource "azurerm_api_management" "apim" {\n  name = "apim"\n  sku_name = "Developer_1"\n}']
    service = "api_management_name = azurerm_api_management.apim.name"
    for api, operations in (("orders", ("list", "people")), ("stock", ("list",))):
        parts.append(
            f'resource "azurerm_api_management_api" "{api}" {{\n  name = "{api}"\n  {service}\n  revision = "1"\n'
            f'  path = "{api}"\n  service_url = "https://o.example"\n}}'
        )
        parts += (
            f'resource "azurerm_api_management_api_operation" "{api}_{name}" {{\n  operation_id = "{name}"\n'
            f'  api_name = azurerm_api_management_api.{api}.name\n  {service}\n  display_name = "{name}"\n'
            f'  method = "GET"\n  url_template = "/{name}"\n}}'
            for name in operations
        )
    parts += (
        f'resource "azurerm_api_management_product" "partners" {{\n  product_id = "partners"\n  {service}\n'
        '  display_name = "partners"\n  published = true\n}',
        f'resource "azurerm_api_management_product_api" "link" {{\n  {service}\n'
        "  product_id = azurerm_api_management_product.partners.product_id\n"
        "  api_name = azurerm_api_management_api.orders.name\n}",
        'resource "azurerm_api_management_api_operation_tag" "pii" {\n  name = "pii"\n  display_name = "pii"\n'
        "  api_operation_id = azurerm_api_management_api_operation.orders_people.id\n}",
        'resource "azurerm_api_management_api_tag" "internal" {\n  name = "internal"\n'
        "  api_id = azurerm_api_management_api.stock.id\n}",
    )
    return "\n".join(parts)


_BICEP = """resource apim 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: 'apim'
  sku: { name: 'Developer', capacity: 1 }
}
resource orders 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'orders'
  properties: { path: 'orders', serviceUrl: 'https://o.example' }
  resource list 'operations' = { name: 'list', properties: { displayName: 'l', method: 'GET', urlTemplate: '/list' } }
  resource people 'operations' = {
    name: 'people'
    properties: { displayName: 'p', method: 'GET', urlTemplate: '/people' }
    resource pii 'tags' = { name: 'pii' }
  }
}
resource stock 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'stock'
  properties: { path: 'stock', serviceUrl: 'https://o.example' }
  resource list 'operations' = { name: 'list', properties: { displayName: 'l', method: 'GET', urlTemplate: '/list' } }
  resource internal 'tags' = { name: 'internal' }
}
resource partners 'Microsoft.ApiManagement/service/products@2024-05-01' = {
  parent: apim
  name: 'partners'
  properties: { displayName: 'partners', state: 'published' }
  resource link 'apis' = { name: 'orders' }
}
"""
FORMS = {"extract": EXTRACT, "terraform": {"main.tf": _terraform()}, "bicep": {"main.bicep": _BICEP}}
EVERY = {"orders GET /list", "orders GET /people", "stock GET /list"}

_EXCEPT = '[[audit.except]]\ntags = ["internal"]\nreason = "r"\nowner = "o"\nuntil = {}\n'
ROWS = {
    '[audit]\nrequire = "token"': EVERY,
    '[[audit.rule]]\nproducts = ["partner*"]\nrequire = "token"': {"orders GET /list", "orders GET /people"},
    '[[audit.rule]]\nproducts = ["others"]\nrequire = "token"': set(),
    '[[audit.rule]]\ntags = ["pii"]\nrequire = "token"': {"orders GET /people"},
    '[[audit.rule]]\ntags = ["internal", "pii"]\nrequire = "token"': {"orders GET /people", "stock GET /list"},
    '[[audit.rule]]\ntags = ["internal"]\nproducts = ["partners"]\nrequire = "token"': set(),
    '[audit]\nrequire = "token"\n[[audit.rule]]\nproducts = "partners"\nrequire = "key"': {"stock GET /list"},
    '[audit]\nrequire = "token"\n' + _EXCEPT.format("2099-01-01"): EVERY - {"stock GET /list"},
    '[audit]\nrequire = "token"\n' + _EXCEPT.format("2020-01-01"): EVERY,
}


def audited(folder: Path, files: dict[str, str], settings: str, capsys: pytest.CaptureFixture[str]) -> Found:
    for name, text in {**files, "apimpolicy.toml": settings}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    main(["audit", str(folder), "--format", "json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    return [
        (each["code"], f"{each['api']} {name}") for each in found for name in each["operations"] or [each["message"]]
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("settings", ROWS, ids=range(len(ROWS)))
def test_requirements(form: str, settings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = audited(tmp_path, FORMS[form], settings, capsys)
    assert {name for code, name in found if code == "AUD012"} == ROWS[settings]
    assert [name for code, name in found if code == "AUD013"] == (
        [" the exception for * (tags internal) expired on 2020-01-01; its owner is o"] if "2020" in settings else []
    )


@pytest.mark.parametrize(
    ("old", "new", "rule", "reason"),
    [
        ('name = "internal"', "name = var.x", "tags", "which operations have a tag isn't known (var.x)"),
        ("azurerm_api_management_api.orders.name\n}\nres", "var.x\n}\nres", "products", "product_api.link isn't known"),
        ('name = "internal"', "name = var.x", "products", ""),
    ],
)
def test_a_link_that_is_not_known(
    old: str, new: str, rule: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then it isn't known either to which operations the requirement applies."""
    text = _terraform().replace(old, new) + '\nvariable "x" {}\n'
    settings = f'[[audit.rule]]\n{rule} = ["*"]\nrequire = "key"'
    found = audited(tmp_path, {"main.tf": text}, settings, capsys)
    assert [reason in name for code, name in found if code == "AUD011"][:1] == ([True] if reason else [])
