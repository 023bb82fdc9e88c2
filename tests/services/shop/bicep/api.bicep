param serviceName string
param name string
param path string
param backend string = ''
param key object?
param policy string
param operations array = []
param policies object = {}

resource shop 'Microsoft.ApiManagement/service@2023-05-01-preview' existing = {
  name: serviceName
}

resource api 'Microsoft.ApiManagement/service/apis@2023-05-01-preview' = {
  parent: shop
  name: name
  properties: union({
    displayName: '${toUpper(take(name, 1))}${skip(name, 1)}'
    path: path
    protocols: [ 'https' ]
    subscriptionRequired: key != null
  }, empty(backend) ? {} : { serviceUrl: backend }, key == null ? {} : { subscriptionKeyParameterNames: key })

  resource apiPolicy 'policies' = {
    name: 'policy'
    properties: { format: 'rawxml', value: policy }
  }
}

resource all 'Microsoft.ApiManagement/service/apis/operations@2023-05-01-preview' = [for operation in operations: {
  parent: api
  name: operation.id
  properties: {
    displayName: operation.id
    method: operation.method
    urlTemplate: operation.template
  }
}]

resource operationPolicies 'Microsoft.ApiManagement/service/apis/operations/policies@2023-05-01-preview' = [for (operation, i) in operations: if (contains(policies, operation.id)) {
  parent: all[i]
  name: 'policy'
  properties: { format: 'rawxml', value: policies[operation.id] }
}]

output name string = api.name
