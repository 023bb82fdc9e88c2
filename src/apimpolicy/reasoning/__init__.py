"""What holds for every request: proofs, requests that reach a goal, and audits.

    languages  regular languages over UTF-16 units
    terms      formulas over the inputs of a request, and solving them
    semantics  C# over all requests at once
    transfer   policies as transformers of a merged state of all requests
    scenarios  requests with their surroundings as values of inputs
    audit      must-analysis: who reaches the backend, with which credentials
    proposing  requests that reach goals: runs whose expressions are inverted
    proving    queries about a program: proven, with assumptions, or a model

Start reading at `proving.model` for proofs, at `proposing.guided` for requests, at `audit.walk` for audits.
"""
