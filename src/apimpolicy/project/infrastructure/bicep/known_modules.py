"""What modules of a registry that aren't read make of their usual parameters, as Bicep code: Azure Verified Modules.

Source: https://github.com/Azure/bicep-registry-modules/tree/main/avm/res/api-management/service
"""

from __future__ import annotations

import re

_OF_API = """properties: {
    displayName: each.?displayName ?? each.name
    path: each.path
    protocols: each.?protocols ?? ['https']
    serviceUrl: each.?serviceUrl
    subscriptionRequired: each.?subscriptionRequired ?? false
    apiRevision: each.?apiRevision
    apiVersion: each.?apiVersion
    type: each.?type
    format: each.?format ?? 'openapi'
    value: each.?value
  }"""
_SERVICE = (
    """param name string
param apis array = []
param policies array = []
param products array = []
param namedValues array = []
param backends array = []
var withPolicy = filter(apis, each => !empty(each.?policies ?? []))
resource service 'Microsoft.ApiManagement/service@2024-05-01' = { name: name }
resource global 'Microsoft.ApiManagement/service/policies@2024-05-01' = [for each in policies: {
  name: '${name}/policy'
  properties: { format: each.?format ?? 'xml', value: each.value }
}]
resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = [for each in apis: {
  name: '${name}/${each.name}'
  OF_API
}]
resource policy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = [for each in withPolicy: {
  name: '${name}/${each.name}/policy'
  properties: { format: each.policies[0].?format ?? 'xml', value: each.policies[0].value }
}]
resource product 'Microsoft.ApiManagement/service/products@2024-05-01' = [for each in products: {
  name: '${name}/${each.name}'
  properties: {
    displayName: each.?displayName ?? each.name
    subscriptionRequired: each.?subscriptionRequired ?? false
    approvalRequired: each.?approvalRequired ?? false
    state: each.?state ?? 'published'
  }
}]
resource namedValue 'Microsoft.ApiManagement/service/namedValues@2024-05-01' = [for each in namedValues: {
  name: '${name}/${each.name}'
  properties: { displayName: each.displayName, value: each.?value, secret: each.?secret, keyVault: each.?keyVault }
}]
resource backend 'Microsoft.ApiManagement/service/backends@2024-05-01' = [for each in backends: {
  name: '${name}/${each.name}'
  properties: { url: each.?url, protocol: each.?protocol ?? 'http', credentials: each.?credentials, pool: each.?pool }
}]
output name string = name
output resourceId string = service.id
"""
).replace("OF_API", _OF_API)
_API = """param apiManagementServiceName string
param name string
param path string
param displayName string = name
param protocols array = ['https']
param serviceUrl string?
param subscriptionRequired bool = false
param apiRevision string?
param apiVersion string?
param type string?
param format string = 'openapi'
param value string?
param policies array = []
resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  name: '${apiManagementServiceName}/${name}'
  properties: {
    displayName: displayName
    path: path
    protocols: protocols
    serviceUrl: serviceUrl
    subscriptionRequired: subscriptionRequired
    apiRevision: apiRevision
    apiVersion: apiVersion
    type: type
    format: format
    value: value
  }
}
resource policy 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = [for each in policies: {
  name: '${apiManagementServiceName}/${name}/policy'
  properties: { format: each.?format ?? 'xml', value: each.value }
}]
output name string = name
"""
_PREFIX = r"avm/res/api-management/service"
_MODULES = ((_PREFIX, _SERVICE), (f"{_PREFIX}/api", _API))


def stand_in_for(path: str) -> str | None:
    """Return the code that does what a module is known to do; None for other modules.

    >>> stand_in_for("br/public:avm/res/network/virtual-network:0.1.0") is None
    True
    """
    return next((code for name, code in _MODULES if re.search(rf"[:/]{name}:", path) is not None), None)
