"""Requests with which an expression has another value, from a run: its parts are inverted, one by one, down to inputs.

Each step keeps the other values of the run. Whether the expression then has the value, the next run shows.

recorded   expressions as a run evaluated them
inverses   operands with which a member has a result; `texts` has those of texts
values     plain values with another length or member, and their texts
sources    inputs, and requests in which they have other values
core       the inversion of one run: what is evaluated, and what throws; usual values
operators, members, variables, context   functions for the kinds of nodes, in the table of `core`
"""
