locals {
  domain  = "${var.environment}.example"
  host    = { for name in ["orders", "items"] : name => format("https://%s.%s", name, local.domain) }
  catalog = toset(["v1", "v2"])
}

resource "azurerm_api_management" "shop" {
  name                = "shop-${var.environment}"
  resource_group_name = "rg"
  location            = "westeurope"
  publisher_name      = "Shop"
  publisher_email     = "shop@example.com"
  sku_name            = "Developer_1"
}

resource "azurerm_api_management_policy" "all" {
  api_management_id = azurerm_api_management.shop.id
  xml_content       = <<-XML
    <policies>
      <inbound>
        <set-header name="x-global" exists-action="override">
          <value>{{${azurerm_api_management_named_value.this["region"].display_name}}}</value>
        </set-header>
      </inbound>
      <backend><forward-request /></backend>
      <outbound>
        <set-header name="x-answered-by" exists-action="override">
          <value>${azurerm_api_management.shop.name}</value>
        </set-header>
      </outbound>
      <on-error />
    </policies>
  XML
}

resource "azurerm_api_management_named_value" "this" {
  for_each = {
    region      = { value = azurerm_api_management.shop.location, secret = false }
    partner-key = { value = var.partner_key, secret = true }
  }

  name                = each.key
  display_name        = each.key
  api_management_name = azurerm_api_management.shop.name
  resource_group_name = "rg"
  value               = each.value.value
  secret              = each.value.secret
}

resource "azurerm_api_management_backend" "stock" {
  name                = "stock"
  api_management_name = azurerm_api_management.shop.name
  resource_group_name = "rg"
  protocol            = "http"
  url                 = join("/", ["https://stock.${local.domain}", "v1"])

  credentials {
    header = {
      x-partner = "{{partner-key}}"
    }
  }
}

resource "azapi_resource" "stamp" {
  type      = "Microsoft.ApiManagement/service/policyFragments@2023-05-01-preview"
  name      = "stamp"
  parent_id = azurerm_api_management.shop.id

  body = jsonencode({
    properties = {
      format = "rawxml"
      value  = <<-XML
        <fragment>
          <set-header name="x-stamp" exists-action="append">
            <value>@("stamped-" + context.Api.Id)</value>
          </set-header>
        </fragment>
      XML
    }
  })
}

module "orders" {
  source = "./api"

  service      = azurerm_api_management.shop
  name         = "orders"
  path         = "${var.environment}/orders"
  backend      = local.host["orders"]
  key          = { header = "x-key", query = "key" }
  policy       = templatefile("${path.module}/policies/orders.xml", { limit = var.limits["orders"], fragment = azapi_resource.stamp.name })
  operations = {
    list   = { method = "GET", template = "/" }
    get    = { method = "GET", template = "/{id}", policy = replace(file("policies/get.xml"), "__ENVIRONMENT__", var.environment) }
    create = { method = "POST", template = "/" }
    delete = { method = "DELETE", template = "/{id}" }
  }
}

resource "azurerm_api_management_api" "items" {
  name                  = "items"
  api_management_name   = azurerm_api_management.shop.name
  resource_group_name   = "rg"
  revision              = "1"
  display_name          = title("items")
  path                  = "items"
  protocols             = ["https"]
  service_url           = "${local.host.items}/api"
  subscription_required = false

  import {
    content_format = "openapi+json"
    content_value  = file("${path.module}/items.json")
  }
}

module "status" {
  source = "./api"

  service = azurerm_api_management.shop
  name    = "status"
  path    = "status"
  key     = null
  policy  = <<-XML
    <policies>
      <inbound>
        <base />
        <return-response>
          <set-status code="200" reason="OK" />
          <set-body>{"region": "{{region}}", "path": "all of it", "retries": ${max(1, 3)}}</set-body>
        </return-response>
      </inbound>
      <backend><base /></backend>
      <outbound><base /></outbound>
      <on-error><base /></on-error>
    </policies>
  XML
}

resource "azurerm_api_management_api_version_set" "catalog" {
  name                = "catalog"
  api_management_name = azurerm_api_management.shop.name
  resource_group_name = "rg"
  display_name        = "Catalog"
  versioning_scheme   = "Header"
  version_header_name = "x-version"
}

resource "azurerm_api_management_api" "catalog" {
  for_each = local.catalog

  name                  = "catalog-${each.value}"
  api_management_name   = azurerm_api_management.shop.name
  resource_group_name   = "rg"
  revision              = "1"
  display_name          = "Catalog"
  path                  = "catalog"
  protocols             = ["https"]
  service_url           = "https://catalog-${each.key}.${local.domain}"
  version               = each.value
  version_set_id        = azurerm_api_management_api_version_set.catalog.id
  subscription_required = false
}

resource "azurerm_api_management_product" "starter" {
  product_id            = "starter"
  api_management_name   = azurerm_api_management.shop.name
  resource_group_name   = "rg"
  display_name          = "Starter"
  published             = true
  subscription_required = true
  approval_required     = false
}

resource "azurerm_api_management_product_api" "starter" {
  count = length([module.orders.name])

  product_id          = azurerm_api_management_product.starter.product_id
  api_name            = module.orders.name
  api_management_name = azurerm_api_management.shop.name
  resource_group_name = "rg"
}

resource "azurerm_api_management_product_policy" "starter" {
  product_id          = azurerm_api_management_product.starter.product_id
  api_management_name = azurerm_api_management.shop.name
  resource_group_name = "rg"
  xml_content         = file("policies/starter.xml")
}

resource "azurerm_api_management_subscription" "partner" {
  subscription_id     = "partner"
  product_id          = azurerm_api_management_product.starter.id
  api_management_name = azurerm_api_management.shop.name
  resource_group_name = "rg"
  display_name        = "Partner"
  state               = "active"
  primary_key         = "k1"
  secondary_key       = "k2"
}
