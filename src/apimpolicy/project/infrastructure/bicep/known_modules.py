"""What modules of a registry that aren't read make of their usual parameters, as Bicep code: Azure Verified Modules.

The module of a service takes a list of each kind, and the module of a kind takes the parameters of one of the list.

Source: https://github.com/Azure/bicep-registry-modules/tree/main/avm/res/api-management/service
"""

from __future__ import annotations

import re
from typing import NamedTuple


class _Kind(NamedTuple):
    """The resources of one kind: the list of the service's module, the kind's module, its parameters, and the code."""

    items: str
    module: str
    parameters: str
    code: str


_KINDS = (
    _Kind(
        "policies",
        "policy",
        "format value",
        """resource policy 'TYPE/policies' = [for each in policies: {
  name: '${service}/policy'
  properties: { format: each.?format ?? 'xml', value: each.value }
}]
""",
    ),
    _Kind(
        "apis",
        "api",
        "name displayName path protocols serviceUrl subscriptionRequired apiRevision isCurrent apiVersion "
        "apiVersionSetId subscriptionKeyParameterNames type format value policies",
        """resource api 'TYPE/apis' = [for each in apis: {
  name: '${service}/${each.name}'
  properties: {
    displayName: each.?displayName ?? each.name
    path: each.path
    protocols: each.?protocols ?? ['https']
    serviceUrl: each.?serviceUrl
    subscriptionRequired: each.?subscriptionRequired ?? false
    apiRevision: each.?apiRevision
    isCurrent: each.?isCurrent ?? true
    apiVersion: each.?apiVersion
    apiVersionSetId: each.?apiVersionSetId
    subscriptionKeyParameterNames: each.?subscriptionKeyParameterNames
    type: each.?type
    format: each.?format ?? 'openapi'
    value: each.?value
  }
}]
resource apiPolicy 'TYPE/apis/policies' = [for each in filter(apis, each => !empty(each.?policies ?? [])): {
  name: '${service}/${each.name}/policy'
  properties: { format: each.policies[0].?format ?? 'xml', value: each.policies[0].value }
}]
""",
    ),
    _Kind(
        "products",
        "product",
        "name displayName subscriptionRequired approvalRequired state apis policies",
        """resource product 'TYPE/products' = [for each in products: {
  name: '${service}/${each.name}'
  properties: {
    displayName: each.?displayName ?? each.name
    subscriptionRequired: each.?subscriptionRequired ?? false
    approvalRequired: each.?approvalRequired ?? false
    state: each.?state ?? 'published'
  }
}]
var links = flatten(map(products, each => map(each.?apis ?? [], api => '${each.name}/${api}')))
resource productApi 'TYPE/products/apis' = [for each in links: { name: '${service}/${each}' }]
resource productPolicy 'TYPE/products/policies' = [for each in filter(products, each => !empty(each.?policies ?? [])): {
  name: '${service}/${each.name}/policy'
  properties: { format: each.policies[0].?format ?? 'xml', value: each.policies[0].value }
}]
""",
    ),
    _Kind(
        "namedValues",
        "named-value",
        "name displayName value secret keyVault",
        """resource namedValue 'TYPE/namedValues' = [for each in namedValues: {
  name: '${service}/${each.name}'
  properties: {
    displayName: each.?displayName ?? each.name
    value: each.?value
    secret: each.?secret
    keyVault: each.?keyVault
  }
}]
""",
    ),
    _Kind(
        "backends",
        "backend",
        "name url protocol credentials pool type",
        """resource backend 'TYPE/backends' = [for each in backends: {
  name: '${service}/${each.name}'
  properties: {
    url: each.?url
    protocol: each.?protocol ?? 'http'
    credentials: each.?credentials
    pool: each.?pool
    type: each.?type
  }
}]
""",
    ),
    _Kind(
        "apiVersionSets",
        "api-version-set",
        "name properties",
        """resource versionSet 'TYPE/apiVersionSets' = [for each in apiVersionSets: {
  name: '${service}/${each.name}'
  properties: each.?properties ?? {}
}]
""",
    ),
    _Kind(
        "subscriptions",
        "subscription",
        "name displayName scope state primaryKey secondaryKey",
        """resource subscription 'TYPE/subscriptions' = [for each in subscriptions: {
  name: '${service}/${each.name}'
  properties: {
    displayName: each.?displayName ?? each.name
    scope: each.?scope ?? '/apis'
    state: each.?state ?? 'active'
    primaryKey: each.?primaryKey
    secondaryKey: each.?secondaryKey
  }
}]
""",
    ),
)
_TYPE = re.compile("TYPE([^']*)")


def _code(*lines: str) -> str:
    """Return lines of code, with the full types of resources."""
    return _TYPE.sub(r"Microsoft.ApiManagement/service\1@2024-05-01", "\n".join(lines))


def _of_service() -> str:
    return _code(
        "param name string\nvar service = name\nresource itself 'TYPE' = { name: name }",
        *(f"param {kind.items} array = []\n{kind.code}" for kind in _KINDS),
        "output name string = name\noutput resourceId string = itself.id\n",
    )


def _of_kind(kind: _Kind) -> str:
    names = kind.parameters.split()
    return _code(
        "param apiManagementServiceName string\nvar service = apiManagementServiceName",
        *(f"param {name} object?" for name in names),
        f"var given = [{{ {', '.join(f'{name}: {name}' for name in names)} }}]",
        re.sub(rf"\b(in |filter\(|map\(){kind.items}\b", r"\1given", kind.code),
        *(["output name string = name\n"] if "name" in names else []),
    )


_PREFIX = "avm/res/api-management/service"


def stand_in_for(path: str) -> str | None:
    """Return the code that does what a module is known to do; None for other modules.

    >>> stand_in_for("br/public:avm/res/network/virtual-network:0.1.0") is None
    True
    """
    found = re.search(rf"[:/]{_PREFIX}(?:/([\w-]+))?:", path)
    if found is None:
        return None
    if found[1] is None:
        return _of_service()
    return next((_of_kind(kind) for kind in _KINDS if kind.module == found[1]), None)
