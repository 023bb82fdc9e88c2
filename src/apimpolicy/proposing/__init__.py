"""Proposals of requests: from runs that are inverted, and from models of a program that is optimistic where the prover
is careful.

guided      what keeps a run from a goal, which `inversion` turns into another request
names       inputs for what comes from outside: responses, tokens, cached values, chance
forms       members of these
coded_texts texts that are a code of other inputs
evaluation  expressions, and what an unknown one may be
policies    policies that ask others, repeat, or are replaced with doubles
program     the merged program, and models of it
requests    the request that a model describes
goals       where goals are reached, as formulas
repairs     what the run of a proposal shows
finder      proposes, runs and repairs requests until goals are reached
variations  requests that differ in one input, by the constants of the policy (`constants`) and the values that a run
            compared (`observed`)

A proposal shows nothing before it has run. `Proposals` is no `Proof`, and has no answer that could be taken for one.
"""
