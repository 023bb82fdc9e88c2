"""Proofs about policies: over all requests at once, never from runs.

proof      a program over all requests, and whether a formula about it has a model
requests   the request that a model proposes; it shows something only once it has run
"""
