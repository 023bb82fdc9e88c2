"""Mutation of policies: small changes on purpose, to see whether any test notices.

`mutants` finds what can be changed in a document, by `elements`, unless a comment says why a change
makes no difference; `running` runs the test cases that reach the changed place.
"""
