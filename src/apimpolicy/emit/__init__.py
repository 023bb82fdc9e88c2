"""The emitter. Turns a bound expression into a Python function, by way of Python's own syntax tree.

    expression   compile_expression and CompiledExpression: what the engine and people use
    emitter      one bound expression in, one Python function out
    core         the emitter: state, dispatch, names, constants and positions, shared by all parts
    parts        which module has the functions for which kinds of bound nodes

    access conversions creation lambdas operators references texts type_tests: expressions
    blocks exceptions jumps local_functions loops statements switches: statements
    calls        methods, delegates and local functions: members (what is registered for them), charging (what they
                 cost), arguments (in which order), inline_members and queries (Python's own in place)
    assignments  also out arguments
    arithmetic boxing cells function_bodies: shared by several of these
    building     Python's syntax trees in few words

    identity     whether two references are one object
    variables    which variables code declares, assigns and captures
    recursion    whether code may call itself
    chains       long chains in pieces               outlining    blocks that are too deep for Python as functions
    recording    values handed to the recorder       recorder     which keeps them, for explanations and coverage
    frames       Python's exceptions seen as C#'s: null references, the place of an error
    runtime      functions that emitted code calls and that belong to no .NET type; more of them: two_passes

Emitted code reaches only what the emitter put into its namespace: registered members, and the functions of `runtime`.
It has no builtins. Every node carries the policy file's own line and column, so that a traceback shows the policy.
"""

from __future__ import annotations

from apimpolicy.emit.expression import CompiledExpression, compile_expression

__all__ = ["CompiledExpression", "compile_expression"]
