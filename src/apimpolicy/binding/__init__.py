"""Floor 2: the binder. Turns a syntax tree into a bound tree, as the C# compiler does, and says what it would refuse.

    bind        the entry: one expression in, its type, its bound tree and its diagnostics out
    statements  Binder, the whole of it: statements (chapter 13 of the C# specification) on top of
    queries     … query expressions,
    patterns    … patterns and deconstruction,
    lambdas     … lambdas,
    creation    … object, array, tuple and string creation,
    operations  … operators, assignments, casts,
    access      … member access, calls, indexing, `?.`,
    names       … names and types,
    core        … and the state that all share: scopes, diagnostics, conversion of expressions
    lookup      members and types by name          conversions  which conversion there is
    overloads   which method a call means          inference    type arguments of generic calls
    operators   which predefined operator          constants    what is computed at compile time
    complaints  errors of failed calls             flow         reachability
    nodes       the bound tree                     symbols      variables and scopes
    unbound     expressions that wait for a type
"""

from __future__ import annotations

from apimpolicy.binding.bind import BoundExpression, bind

__all__ = ["BoundExpression", "bind"]
