"""A C# 7.3 compiler for expressions: parse, bind, and emit Python. It knows nothing of the gateway.

    dotnet    the simulated .NET: signatures as data, types, values, implementations
    syntax    lexer, LALR driver and syntax trees
    binding   names, types, conversions and overloads: a bound tree, or the compiler's diagnostics
    emit      bound trees as Python functions

Start reading at `binding.bind`, then at `emit.expression`.
"""
