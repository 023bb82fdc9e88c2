"""The simulated gateway: what a policy document does with a request.

    context   the `context` object, requests and responses
    policies  one module per policy: specification, documentation and behavior
    engine    documents, scopes, the pipeline, services, and the path of one request

Start reading at `engine.gateway`, then at a policy such as `policies.set_header`.
"""
