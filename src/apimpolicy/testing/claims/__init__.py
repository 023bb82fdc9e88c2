"""Claims: statements about every request, beside the cases of a test file; `apimpolicy prove` decides them.

`reading` reads them from a file, `conditions` evaluates them for a request that has run, `static_proofs` proves them,
`proving` looks for a request that breaks one. Only `static_proofs` and `proving` need Z3.
"""
