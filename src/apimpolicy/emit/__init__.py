"""The emitter. Turns a bound expression into a Python function, by way of Python's own syntax tree.

    expression   compile_expression and CompiledExpression: what the engine and people use
    emitter      ties the parts together: one bound expression in, one Python function out
    core         names, constants and positions, shared by the parts
    values       emission of expressions             conversions   … of conversions
    arithmetic   … of operators                      assignments   … of assignments and out variables
    functions    … of lambdas and local functions    control_flow  … of loops and switches
    delegates    … of lambdas and methods as values  asynchrony    async functions while they run
    jumps        … of jumps and labels               references    … of `ref`
    dynamic      … of operations on `dynamic`; dynamic_sites binds them when they run, with dynamic_messages
    statements   … of blocks, exceptions and resources
    variables    which variables code declares, assigns and captures
    frames       Python's exceptions seen as C#'s: null references, the place of an error
    recorder     what explanations and coverage need: the value of every sub-expression
    late_checks  when it shows that a receiver is null only after its arguments
    inline_members  members of strings that Python has too
    overrides    the implementation that an override shares with the declaration
    chains       long chains in pieces               outlining     blocks that are too deep for Python as functions
    recursion    whether code may call itself
    runtime      the few functions that emitted code calls and that belong to no .NET type

Emitted code reaches only what the emitter put into its namespace: registered members, and the functions of `runtime`.
It has no builtins. Every node carries the policy file's own line and column, so that a traceback shows the policy.
"""

from __future__ import annotations

from apimpolicy.emit.expression import CompiledExpression, compile_expression

__all__ = ["CompiledExpression", "compile_expression"]
