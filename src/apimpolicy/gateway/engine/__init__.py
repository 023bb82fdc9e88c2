"""The simulated gateway.

document    a policy document: path or text to `Policy`
steps       the policies of all scopes, spliced at `<base />`, with fragments: what runs
gateway     Gateway: what surrounds a policy, and the path of one request
exchange    the state of one request, and how policies run against it
evaluation  attributes of policies from expressions
pipeline    sections in order, errors, default responses
operations  URL templates
openapi     OpenAPI documents as descriptions of APIs; openapi_schemas, openapi_contents are its parts
api_documents  what describes an API: OpenAPI, schemas, WSDL, GraphQL
resolvers   GraphQL resolvers
services    clock, backend, key vaults
dapr, cache, authorizations, managed_identity, openid_provider, entra_tenant
            stand-ins for services that policies call; those that only record are in `policies`
variables   context.Variables for Python
trace       what happened, as data
result      the outcome of one request
"""
