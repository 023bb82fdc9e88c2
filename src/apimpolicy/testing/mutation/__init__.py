"""Mutation of policies: small changes on purpose, to see whether any test notices.

`mutants` finds what can be changed in a document, by `expressions` and `elements`; `suppressions` reads the comments
that say why a change makes no difference; `running` runs the test cases that reach the changed place.
"""
