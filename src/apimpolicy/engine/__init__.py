"""The simulated gateway.

document    a policy document: path or text to `Policy`
steps       the policies of all scopes, spliced at `<base />`, with fragments: what runs
gateway     Gateway: what surrounds a policy, and the way of one request
exchange    the state of one request, and how policies run against it
evaluation  attributes of policies from expressions
pipeline    sections in order, errors, default answers
operations  URL templates
openapi     OpenAPI documents as descriptions of APIs; openapi_schemas, openapi_contents are its parts
api_documents  what describes an API: OpenAPI, schemas, WSDL, GraphQL
resolvers   GraphQL resolvers; data_sources are their databases
services    clock, backend, key vaults
integrations, event_hubs, service_bus, dapr, content_safety, language_models, semantic_cache
            services that record what policies send and ask
variables   context.Variables for Python
trace       what happened, as data
result      the outcome of one request
"""
