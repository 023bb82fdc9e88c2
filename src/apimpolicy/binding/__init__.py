"""The binder. Turns a syntax tree into a bound tree, as the C# compiler does, and says what it would refuse.

    bind          the entry: one expression in, its type, its bound tree and its diagnostics out
    statements    Binder, the whole of it: conditions, loops, try, using on top of (chapter 13 of the C# specification)
    switches      … switch,
    declarations  … blocks, variables, constants,
    local_functions  … local functions, iterators and generic ones among them,
    constraint_clauses  … `where T : …`,
    jumps         … return, throw, break, continue, goto, yield and labels,
    queries       … query expressions,
    deconstruction  … `(a, b) = …`,
    patterns      … patterns,
    lambdas       … lambdas,
    stack_memory  … `stackalloc`,
    creation      … object, tuple and string creation,
    array_creation  … array creation,
    casts         … casts, `as`, `is`, `typeof`, `default`, `checked`,
    asynchrony    … `await`, and what async functions return,
    references    … `ref`,
    conditional   … `?:`, `??` and throw expressions,
    assignments   … `=`, `op=`, `++`,
    operations    … literals and operators,
    method_groups … methods as delegates,
    calls         … calls, indexing,
    arguments     … arguments,
    dynamic       … operations on `dynamic`,
    access        … member access and `?.`,
    names         … names and types,
    core          … and the state that all share: scopes, diagnostics, conversion of expressions
    lookup        members and types by name          conversions  which conversion there is
    overloads     which method a call means          inference    type arguments of generic calls
    type_relations  identity, variance, references, kinds of conversions
    operators     which predefined operator          constants    what is computed at compile time
    complaints    errors of failed calls             advice       the help of other errors
    spelling      types in messages                  expression_variables  which variables expressions declare
    constraints   on type parameters                 readonly     what has no reference to write through
    nodes         the bound tree                     symbols      variables and scopes
    unbound       expressions that wait for a type
After binding, over the bound tree:
    flow          reachability                       assignment   definite assignment of statements,
                                                     assignment_in_expressions, assigned_variables
    warnings      of the compiler, which `check` asks for: unreachable_code, unused_variables
The gateway's own rules, which `bind` does not apply:
    gateway_rules check_gateway_rules, all of them   allow_list   types and members      braces  bodies in braces
"""

from __future__ import annotations

from apimpolicy.binding.bind import BoundExpression, bind

__all__ = ["BoundExpression", "bind"]
