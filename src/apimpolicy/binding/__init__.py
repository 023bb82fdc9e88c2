"""The binder. Turns a syntax tree into a bound tree, as the C# compiler does, and says what it would refuse.

    bind          the entry: one expression in, its type, its bound tree and its diagnostics out
    core          Binder: the state that all parts share, dispatch by kinds of nodes, conversion of expressions
    reports       … what it says
    parts         which module binds which kind of node: the table of the parts, imported when their first node comes
The parts, functions of a Binder and a node:
    names         names and types                    literals     literals, parentheses
    access        member access and `?.`             calls        calls, indexing
    operations    operators                          conditional  `?:`, `??`
    casts         casts, `as`, `is`, `typeof`, …     patterns     patterns
    assignments   `=`, `op=`, `++`                   deconstruction  `(a, b) = …`, also in `foreach`
    creation      objects, tuples, strings           array_creation  arrays, `stackalloc`
    lambdas       lambdas                            queries      query expressions, as calls
    references    `ref`                              asynchrony    `await`
    declarations  blocks, variables, constants       statements   `if`, `checked`, expressions as statements
    loops         `while`, `do`, `for`, `foreach`    switches     `switch`
    jumps         `return`, `throw`, `break`, `continue`, `goto`, labels, `yield`
    resources     `try`, `using`, `lock`             local_functions  local functions
    constraint_clauses  `where T : …`
What they share:
    arguments     arguments, written and finished    method_groups  methods as delegates
    bodies        bodies of functions, branches      function_signatures  local functions as methods
    assignable    what can be assigned               readonly     what has no reference to write through
                                                     user_operators  operators that types declare
    written       what syntax says by itself         conversions  which conversion there is
    lookup        members and types by name
    overloads     which method a call means          inference    type arguments of generic calls
    type_relations  identity, variance, references, kinds of conversions
    operators     which predefined operator          constants    what is computed at compile time
    call_errors   errors of failed calls             advice       the help of other errors
    spelling      types in messages                  unbound       expressions that wait for a type
    constraints   on type parameters                 joined_texts  constant strings of long chains
    nodes         the bound tree                     symbols       variables and scopes
After binding, over the bound tree:
    flow          reachability                       assignment   definite assignment of statements,
                                                     assignment_in_expressions, assigned_variables
    warnings      of the compiler, which `check` asks for: unreachable_code, unused_variables, as `warned`
The gateway's own rules, which `bind` does not apply:
    gateway_rules check_gateway_rules, with the one about braces           allow_list   types and members
"""

from __future__ import annotations

from apimpolicy.binding.bind import BoundExpression, bind

__all__ = ["BoundExpression", "bind"]
