"""What modules that aren't read make of their usual arguments, as code: a stand-in for the module.

The arguments are those that the modules' users write; what isn't given and has no known default stays unknown.
Resources of a stand-in are assumed: they are reported at the line of the call.
"""

from __future__ import annotations

import re

_API = """
variable "name" {}
variable "SERVICE" {}
variable "path" {}
variable "display_name" { default = null }
variable "protocols" { default = ["https"] }
variable "service_url" { default = null }
variable "subscription_required" {}
variable "revision" { default = "1" }
variable "api_version" { default = null }
variable "version_set_id" { default = null }
variable "subscription_key_names" { default = null }
variable "content_format" { default = null }
variable "content_value" { default = null }
variable "swagger_url" { default = null }
variable "xml_content" { default = null }
variable "api_operation_policies" { default = [] }
variable "product_ids" { default = [] }
variable "product_id" { default = null }
locals {
  name = var.api_version == null ? var.name : "${var.name}-${var.api_version}"
}
resource "azurerm_api_management_api" "api" {
  name                  = local.name
  api_management_name   = var.SERVICE
  path                  = var.path
  display_name          = var.display_name
  protocols             = var.protocols
  service_url           = var.service_url
  subscription_required = var.subscription_required
  revision              = var.revision
  version               = var.api_version
  version_set_id        = var.version_set_id
  dynamic "subscription_key_parameter_names" {
    for_each = var.subscription_key_names == null ? [] : [var.subscription_key_names]
    content {
      header = subscription_key_parameter_names.value.header
      query  = subscription_key_parameter_names.value.query
    }
  }
  dynamic "import" {
    for_each = var.content_value == null && var.swagger_url == null ? [] : [1]
    content {
      content_format = var.content_format == null ? "swagger-link-json" : var.content_format
      content_value  = var.content_value == null ? var.swagger_url : var.content_value
    }
  }
}
resource "azurerm_api_management_api_policy" "policy" {
  count               = var.xml_content == null ? 0 : 1
  api_name            = local.name
  api_management_name = var.SERVICE
  xml_content         = var.xml_content
}
resource "azurerm_api_management_api_operation_policy" "policy" {
  for_each            = { for each in var.api_operation_policies : each.operation_id => each }
  api_name            = local.name
  api_management_name = var.SERVICE
  operation_id        = each.key
  xml_content         = each.value.xml_content
}
resource "azurerm_api_management_product_api" "products" {
  count               = length(var.product_ids)
  api_name            = local.name
  api_management_name = var.SERVICE
  product_id          = var.product_ids[count.index]
}
resource "azurerm_api_management_product_api" "product" {
  count               = var.product_id == null || var.product_id == "" ? 0 : 1
  api_name            = local.name
  api_management_name = var.SERVICE
  product_id          = var.product_id
}
output "name" { value = local.name }
output "id" { value = azurerm_api_management_api.api.id }
"""
_PRODUCT = """
variable "ID" {}
variable "SERVICE" {}
variable "display_name" { default = null }
variable "subscription_required" {}
variable "approval_required" { default = null }
variable "published" { default = null }
variable "subscriptions_limit" { default = null }
variable "GROUPS" { default = [] }
variable "POLICY" { default = null }
resource "azurerm_api_management_product" "product" {
  product_id            = var.ID
  api_management_name   = var.SERVICE
  display_name          = var.display_name
  subscription_required = var.subscription_required
  approval_required     = var.approval_required
  published             = var.published
  subscriptions_limit   = var.subscriptions_limit
}
resource "azurerm_api_management_product_group" "group" {
  for_each            = toset(var.GROUPS)
  product_id          = var.ID
  api_management_name = var.SERVICE
  group_name          = each.key
}
resource "azurerm_api_management_product_policy" "policy" {
  count               = var.POLICY == null || var.POLICY == "" ? 0 : 1
  product_id          = var.ID
  api_management_name = var.SERVICE
  xml_content         = var.POLICY
}
output "product_id" { value = var.ID }
output "id" { value = azurerm_api_management_product.product.id }
"""
_API_POLICY = """
variable "api_name" {}
variable "api_policy_xml_content" {}
variable "api_mgmt_name" {}
resource "azurerm_api_management_api_policy" "policy" {
  api_name            = var.api_name
  api_management_name = var.api_mgmt_name
  xml_content         = var.api_policy_xml_content
}
"""
_OPERATION = """
variable "api_mgmt_name" {}
variable "api_name" {}
variable "operation_id" {}
variable "display_name" { default = null }
variable "method" {}
variable "url_template" {}
variable "xml_content" {}
resource "azurerm_api_management_api_operation" "operation" {
  operation_id        = var.operation_id
  api_name            = var.api_name
  api_management_name = var.api_mgmt_name
  display_name        = var.display_name
  method              = var.method
  url_template        = var.url_template
}
resource "azurerm_api_management_api_operation_policy" "policy" {
  operation_id        = var.operation_id
  api_name            = var.api_name
  api_management_name = var.api_mgmt_name
  xml_content         = var.xml_content
}
"""


def _named(code: str, **names: str) -> str:
    for placeholder, name in names.items():
        code = code.replace(placeholder, name)
    return code


_PAGOPA = r"terraform-azurerm-v\d+(?:\.git)?//api_management_"
_GROUPS = {"GROUPS": "product_access_control_groups", "POLICY": "product_policy"}
_MODULES = (
    (f"{_PAGOPA}api", _named(_API, SERVICE="api_management_name")),
    (
        f"{_PAGOPA}product",
        _named(_PRODUCT, ID="product_id", SERVICE="api_management_name", GROUPS="groups", POLICY="policy_xml"),
    ),
    ("cnp-module-api-mgmt-api", _named(_API, SERVICE="api_mgmt_name")),
    ("cnp-module-api-mgmt-product", _named(_PRODUCT, ID="name", SERVICE="api_mgmt_name", **_GROUPS)),
    ("cnp-module-api-mgmt-api-policy", _API_POLICY),
    ("cnp-module-api-mgmt-api-operation", _OPERATION),
)


def stand_in_for(source: str) -> str | None:
    """Return the code that does what a module is known to do; None for other modules.

    >>> stand_in_for("git::https://github.com/hashicorp/other?ref=v1") is None
    True
    """
    for pattern, code in _MODULES:
        if re.search(rf"(?:^|[/:]){pattern}(?:\.git)?/?(?:\?|$)", source):
            return code
    return None
