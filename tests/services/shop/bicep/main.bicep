@description('Where it runs.')
param environment string

@secure()
param partnerKey string
param limit int = 25
param location string = 'westeurope'

var domain = '${environment}.example'
var namedValues = {
  region: { value: location, secret: false }
  'partner-key': { value: partnerKey, secret: true }
}
var catalog = [
  'v1'
  'v2'
]

resource shop 'Microsoft.ApiManagement/service@2023-05-01-preview' = {
  name: 'shop-${environment}'
  location: location
  sku: { name: 'Developer', capacity: 1 }
  properties: { publisherName: 'Shop', publisherEmail: 'shop@example.com' }

  resource all 'policies' = {
    name: 'policy'
    properties: {
      format: 'rawxml'
      value: replace('''
<policies>
  <inbound>
    <set-header name="x-global" exists-action="override">
      <value>{{region}}</value>
    </set-header>
  </inbound>
  <backend><forward-request /></backend>
  <outbound>
    <set-header name="x-answered-by" exists-action="override">
      <value>__SERVICE__</value>
    </set-header>
  </outbound>
  <on-error />
</policies>
''', '__SERVICE__', shop.name)
    }
  }

  resource stamp 'policyFragments' = {
    name: 'stamp'
    properties: {
      format: 'rawxml'
      value: join([
        '<fragment>'
        '<set-header name="x-stamp" exists-action="append">'
        '<value>@("stamped-" + context.Api.Id)</value>'
        '</set-header>'
        '</fragment>'
      ], '\n')
    }
  }
}

resource values 'Microsoft.ApiManagement/service/namedValues@2023-05-01-preview' = [for entry in items(namedValues): {
  parent: shop
  name: entry.key
  properties: {
    displayName: entry.key
    value: entry.value.value
    secret: entry.value.secret
  }
}]

resource stock 'Microsoft.ApiManagement/service/backends@2023-05-01-preview' = {
  parent: shop
  name: 'stock'
  properties: {
    protocol: 'http'
    url: uri('https://stock.${domain}', 'v1')
    credentials: {
      header: {
        'x-partner': [ '{{${values[0].name}}}' ]
      }
    }
  }
}

module orders 'api.bicep' = {
  name: 'orders'
  params: {
    serviceName: shop.name
    name: 'orders'
    path: '${environment}/orders'
    backend: format('https://{0}.{1}', 'orders', domain)
    key: { header: 'x-key', query: 'key' }
    policy: replace(loadTextContent('policies/orders.xml'), '__LIMIT__', string(limit))
    operations: [
      { id: 'list', method: 'GET', template: '/' }
      { id: 'get', method: 'GET', template: '/{id}' }
      { id: 'create', method: 'POST', template: '/' }
      { id: 'delete', method: 'DELETE', template: '/{id}' }
    ]
    policies: {
      get: replace(loadTextContent('policies/get.xml'), '__ENVIRONMENT__', environment)
    }
  }
}

resource itemsApi 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {
  name: '${shop.name}/items'
  properties: {
    displayName: 'Items'
    path: 'items'
    protocols: [ 'https' ]
    serviceUrl: 'https://items.${domain}/api'
    subscriptionRequired: false
    format: 'openapi+json'
    value: loadTextContent('items.json')
  }
}

module status 'api.bicep' = {
  name: 'status'
  params: {
    serviceName: shop.name
    name: 'status'
    path: 'status'
    policy: $'''
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
'''
  }
}

resource versions 'Microsoft.ApiManagement/service/apiVersionSets@2023-05-01-preview' = {
  parent: shop
  name: 'catalog'
  properties: {
    displayName: 'Catalog'
    versioningScheme: 'Header'
    versionHeaderName: 'x-version'
  }
}

resource catalogApis 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = [for version in catalog: {
  parent: shop
  name: 'catalog-${version}'
  properties: {
    displayName: 'Catalog'
    path: 'catalog'
    protocols: [ 'https' ]
    serviceUrl: 'https://catalog-${version}.${domain}'
    apiVersion: version
    apiVersionSetId: versions.id
    subscriptionRequired: false
  }
}]

resource starter 'Microsoft.ApiManagement/service/products@2023-05-01-preview' = {
  parent: shop
  name: 'starter'
  properties: {
    displayName: 'Starter'
    state: 'published'
    subscriptionRequired: true
    approvalRequired: false
  }

  resource link 'apis' = {
    name: orders.outputs.name
  }

  resource policy 'policies' = {
    name: 'policy'
    properties: {
      format: 'rawxml'
      value: loadTextContent('policies/starter.xml')
    }
  }
}

resource partner 'Microsoft.ApiManagement/service/subscriptions@2023-05-01-preview' = {
  parent: shop
  name: 'partner'
  properties: {
    displayName: 'Partner'
    scope: starter.id
    state: 'active'
    primaryKey: 'k1'
    secondaryKey: 'k2'
  }
}
