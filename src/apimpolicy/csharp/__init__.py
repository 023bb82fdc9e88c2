"""A C# 7.3 compiler for expressions that emits Python. It stands alone: a host passes in the object that code can name.

    dotnet    the simulated .NET: signatures as data, types, values, implementations
    syntax    lexer, LALR driver and syntax trees
    binding   names, types, conversions and overloads: a bound tree, or the compiler's diagnostics
    emit      bound trees as Python functions; start at `emit.expression`
    host      what all of these know of API Management

>>> from apimpolicy.csharp.emit import compile_expression
>>> from apimpolicy.csharp.host import GlobalObject
>>> name = GlobalObject("name", "System.String")
>>> compile_expression("@(name.Split(' ').Last().ToUpper())", name).evaluate("Ada King")
'KING'
"""
