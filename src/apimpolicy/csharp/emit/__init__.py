"""The emitter. Turns a bound expression into a Python function, by way of Python's own syntax tree.

`expression` is what the engine and people use: it takes one bound expression and gives one Python function.
`core` has the Emitter, the state that all parts share, and the table of the parts, functions of an Emitter and a bound
node. `members` reaches what is registered for a member, at its cost.

Emitted code reaches only what the emitter put into its namespace: registered members, and the functions of `runtime`.
It has no builtins. Every node carries the policy file's own line and column, so that a traceback shows the policy.
"""

from __future__ import annotations

from apimpolicy.csharp.emit.expression import CompiledExpression, compile_expression

__all__ = ["CompiledExpression", "compile_expression"]
