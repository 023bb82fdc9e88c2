"""The binder. Turns a syntax tree into a bound tree, as the C# compiler does, and says what it would refuse.

`bind` is the entry: one expression in; its type, its bound tree and its diagnostics out. `core` has the Binder, the
state that all parts share; `parts` is the table of the parts, functions of a Binder and a syntax node. `nodes` is the
bound tree, over which `flow` and `assignment` work, and the warnings in `bind`. `gateway_rules` and
`allow_list` have the gateway's own rules, which `bind` does not apply.
"""

from __future__ import annotations

from apimpolicy.csharp.binding.bind import BoundExpression, bind

__all__ = ["BoundExpression", "bind"]
