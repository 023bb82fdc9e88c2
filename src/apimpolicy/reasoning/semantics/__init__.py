"""The meaning of C# over the inputs of a request, without running it.

    values       values of expressions: constants, terms, choices, unknown objects
    unknowns     variables, facts about them, why a value is unknown, and what makes two of them one
    state        the gateway's state that expressions see: inputs of the request and cells, merged lazily
    evaluation   one expression: its value, when it throws, what it changes
    operators, creation, statements, loops     nodes of the bound tree by kind
    members      calls, properties and variables: forms, declared facts, and otherwise unknown
    forms/       the exact meaning of single members, a module for each .NET namespace

A member without a form may throw, and gives an unknown value; unless it is declared to be pure, it may change its
arguments.
"""
