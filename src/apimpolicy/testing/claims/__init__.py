"""Claims: what holds for every request, beside the cases of a test file; `apimpolicy prove` decides them.

`reading` has them from a file, `conditions` says whether they hold for a request that has run, `followed` the same over
all inputs, `proving` looks for a request for which one does not hold. Nothing but `followed` and `proving` needs Z3.
"""
