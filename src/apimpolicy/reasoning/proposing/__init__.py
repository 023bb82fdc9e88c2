"""Requests that reach goals, from runs that are inverted.

guided     searches for requests: what keeps a run from a goal, `inversion` turns into another request

A request shows something only once it has run.
"""
