// An MCP server with three tools, the API that they call, and the metadata that tell clients where to get a token.

param serviceName string = 'contoso'
param tenantId string = '11111111-2222-3333-4444-555555555555'

resource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = {
  name: serviceName
}

resource tenant 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = {
  parent: apim
  name: 'tenant-id'
  properties: { displayName: 'tenant-id', value: tenantId }
}

resource allApis 'Microsoft.ApiManagement/service/policies@2024-05-01' = {
  parent: apim
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('policies/all-apis.xml') }
}

// The API: it requires a key, in a header that the gateway forwards from the MCP server.
resource orders 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'orders'
  properties: {
    displayName: 'Orders'
    path: 'orders-api'
    protocols: ['https']
    serviceUrl: 'https://orders.internal.contoso.example'
    subscriptionRequired: true
    subscriptionKeyParameterNames: { header: 'x-orders-key', query: 'orders-key' }
    format: 'openapi'
    value: loadTextContent('orders.openapi.yaml')
  }
}

resource ordersPolicy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: orders
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('policies/orders.xml') }
}

// The MCP server: the ids of operations have no ;rev=N.
resource server 'Microsoft.ApiManagement/service/apis@2025-09-01-preview' = {
  parent: apim
  name: 'orders-mcp'
  properties: {
    type: 'mcp'
    displayName: 'Orders for agents'
    path: 'orders-mcp'
    protocols: ['https']
    subscriptionRequired: true
    mcpTools: [
      { name: 'listOrders', description: 'Lists the orders of a customer.', operationId: '${orders.id}/operations/list-orders' }
      { name: 'getOrder', description: 'Gets an order by its `id`.', operationId: '${orders.id}/operations/get-order' }
      { name: 'createOrder', description: 'Creates an order.', operationId: '${orders.id}/operations/create-order' }
    ]
  }
}

resource serverPolicy 'Microsoft.ApiManagement/service/apis/policies@2025-09-01-preview' = {
  parent: server
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('policies/orders-mcp.xml') }
}

// One subscription of the product opens both.
resource agents 'Microsoft.ApiManagement/service/products@2024-05-01' = {
  parent: apim
  name: 'agents'
  properties: { displayName: 'Agents', subscriptionRequired: true, state: 'published' }
}

resource agentsOrders 'Microsoft.ApiManagement/service/products/apis@2024-05-01' = {
  parent: agents
  name: orders.name
}

resource agentsServer 'Microsoft.ApiManagement/service/products/apis@2024-05-01' = {
  parent: agents
  name: server.name
}

resource assistant 'Microsoft.ApiManagement/service/subscriptions@2024-05-01' = {
  parent: apim
  name: 'assistant'
  properties: { displayName: 'Assistant', scope: agents.id, state: 'active' }
}

// The metadata of RFC 9728, which clients read before they have a token.
resource metadata 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: apim
  name: 'metadata'
  properties: { displayName: 'Metadata', path: '', protocols: ['https'], subscriptionRequired: false }
}

resource resourceMetadata 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = {
  parent: metadata
  name: 'protected-resource'
  properties: {
    displayName: 'Protected resource'
    method: 'GET'
    urlTemplate: '/.well-known/oauth-protected-resource/orders-mcp/mcp'
  }
}

resource metadataPolicy 'Microsoft.ApiManagement/service/apis/operations/policies@2024-05-01' = {
  parent: resourceMetadata
  name: 'policy'
  properties: { format: 'rawxml', value: loadTextContent('policies/metadata.xml') }
}
