"""The simulated gateway.

document    a policy document: path or text to `Policy`
steps       the policies of all scopes, spliced at `<base />`, with fragments: what runs
gateway     Gateway: what surrounds a policy, and the way of one request
exchange    the state of one request, and how policies run against it
evaluation  attributes of policies from expressions
pipeline    sections in order, errors, default answers
operations  URL templates
services    clock, backend, key vaults
variables   context.Variables for Python
trace       what happened, as data
result      the outcome of one request
"""
