resource "azurerm_api_management_api_policy" "orders" {
  api_name = "orders"
  xml_content = <<-XML
    <policies>
      <inbound>
        <base />
        <set-header name="X" exists-action="${var.action}">
          <value>@(context.Request.Methd)</value>
        </set-header>
        <set-backend-service base-url="${jsonencode({a = "}"})}" />
        <rate-limit calls="$${x}" renewal-period="${var.period}" />
      </inbound>
    </policies>
  XML
}
resource "x" "y" {
  xml_content = "<policies>\n  <inbound><set-hedder name=\"a\" exists-action=\"${var.x}\"/></inbound></policies>"
}
