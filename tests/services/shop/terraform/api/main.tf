variable "service" {}

variable "name" {
  type = string
}

variable "path" {
  type = string
}

variable "backend" {
  type    = string
  default = null
}

variable "key" {
  type = object({ header = string, query = string })
}

variable "policy" {
  type = string
}

variable "operations" {
  type    = map(any)
  default = {}
}

resource "azurerm_api_management_api" "this" {
  name                  = var.name
  api_management_name   = var.service.name
  resource_group_name   = var.service.resource_group_name
  revision              = "1"
  display_name          = title(var.name)
  path                  = var.path
  protocols             = ["https"]
  service_url           = var.backend
  subscription_required = var.key != null

  dynamic "subscription_key_parameter_names" {
    for_each = var.key == null ? [] : [var.key]
    content {
      header = subscription_key_parameter_names.value.header
      query  = subscription_key_parameter_names.value.query
    }
  }
}

resource "azurerm_api_management_api_policy" "this" {
  api_name            = azurerm_api_management_api.this.name
  api_management_name = var.service.name
  resource_group_name = var.service.resource_group_name
  xml_content         = var.policy
}

resource "azurerm_api_management_api_operation" "this" {
  for_each = var.operations

  operation_id        = each.key
  api_name            = azurerm_api_management_api.this.name
  api_management_name = var.service.name
  resource_group_name = var.service.resource_group_name
  display_name        = each.key
  method              = each.value.method
  url_template        = each.value.template
}

resource "azurerm_api_management_api_operation_policy" "this" {
  for_each = { for id, operation in var.operations : id => operation.policy if can(operation.policy) }

  operation_id        = azurerm_api_management_api_operation.this[each.key].operation_id
  api_name            = azurerm_api_management_api.this.name
  api_management_name = var.service.name
  resource_group_name = var.service.resource_group_name
  xml_content         = each.value
}

output "name" {
  value = azurerm_api_management_api.this.name
}
