"""Mutation of policies: small changes on purpose, to see whether any test notices.

`elements` finds what can be changed in a document; `running` leaves out what a comment says makes no difference, and
runs the test cases that reach the changed place.
"""
