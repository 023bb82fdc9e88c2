"""Requests with their surroundings, which goals of a policy they reach, and the doubles around them.

scenario      one request with its surroundings, as plain data
assignments   the same as values of inputs; the one place that knows their keys
goals         branches and outcomes of conditions
stand_ins     named values and fragments that are made up
bounds        the bounds of a search
"""
