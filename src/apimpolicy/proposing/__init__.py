"""Requests that reach goals, from runs that are inverted.

finder     searches for the requests of a policy
guided     what keeps a run from a goal, which `inversion` turns into another request

A request shows something only once it has run.
"""
