"""What C# means over the inputs of a request, without running it.

    values       what expressions evaluate to: constants, terms, choices, unknown objects
    unknowns     variables, what is known of them, and why something is unknown
    state        the gateway's state that expressions see: cells, merged lazily
    evaluation   one expression: its value, when it throws, what it changes
    operators, conversions, access, creation, statements     nodes of the bound tree by kind
    members      calls and properties: forms, declared facts, and otherwise unknown
    forms/       what single members mean exactly, a module for each .NET namespace

What has no form may throw, and gives an unknown value; unless it is declared to be pure, it may change its arguments.
"""
