"""Local functions (C# specification, sections 13.6.4 and 14.15 for iterators).

A generic one is bound twice. Once with its type parameters, for what is wrong in it; and once for each choice of type
arguments that its calls make, since code runs here with the types that it has. So an overload inside is chosen with
the type arguments known, where C# knows the type parameter alone: our choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.constraints import constrain
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import (
    bind_branch,
    bind_defaults,
    falls_through,
    is_statement_expression,
    result_of,
)
from apimpolicy.csharp.binding.lookup import iterator_element
from apimpolicy.csharp.binding.nodes import Statement
from apimpolicy.csharp.binding.references import returned_reference
from apimpolicy.csharp.binding.reports import REFERENCE_TYPES, is_var, name_of, shown
from apimpolicy.csharp.binding.symbols import Enclosing, LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.csharp.binding.type_relations import is_static_class
from apimpolicy.csharp.dotnet.signatures import Parameter
from apimpolicy.csharp.dotnet.types import ERROR, ArrayType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import VOID
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.csharp.syntax.nodes import Child, Node, Token

MOST_INSTANCES: Final = 50
"""Choices of type arguments of one generic function; a function that calls itself with List<T> has no end of them."""


def declare_functions(binder: Binder, statements: Sequence[Child]) -> None:
    for statement in statements:
        child = statement.function if isinstance(statement, shapes.StaticLocalFunction) else statement
        if isinstance(child, shapes.LocalFunction):
            type_node, token, parameters = child.type, child.name, child.parameters
            saved = binder.scope
            generics = _type_parameters(binder, child.type_parameters)
            if generics:
                binder.scope = Scope(saved)
                binder.scope.types.update({parameter.name: parameter for parameter in generics})
            constrain(binder, child.constraints, generics, child)
            declared = tuple(_parameter(binder, p) for p in parameters.parameters)
            name = name_of(token)
            returns = _function_type(binder, type_node)
            if is_static_class(returns):
                binder.report(token, "CS0722", f"'{shown(returns)}' is a static class and can't be used as a type here")
            inner, binder.scope = binder.scope, saved
            symbol = LocalFunctionSymbol(name, returns, declared, child, generics)
            _check_parameters(binder, parameters, symbol, inner)
            if child.is_async is not None:
                _make_async(binder, symbol, token)
            symbol.returns_reference = type_node.kind in REFERENCE_TYPES
            symbol.returns_readonly = isinstance(type_node, shapes.RefReadonlyType)
            if name in binder.scope.names:
                binder.report(token, "CS0128", f"'{name}' is already declared in this scope")
            binder.scope.declare(symbol)


def _make_async(binder: Binder, function: LocalFunctionSymbol, token: Child) -> None:
    function.is_async = True
    result = result_of(function.returns)
    if result is None:
        binder.report(token, "CS1983", "an async function must return void, Task or Task<T>")
        return
    function.result = result
    if any(parameter.mode in ("ref", "out", "in") for parameter in function.parameters):
        binder.report(token, "CS1988", "an async function can't have ref, out or in parameters")


def _function_type(binder: Binder, node: Node) -> Type:
    """Return the type of a parameter or a result, where `var` is none."""
    if is_var(node):
        binder.report(node, "CS0825", "'var' can't be used here: write the type")
        return ERROR
    return binder.bind_type(node)


def _parameter(binder: Binder, node: shapes.Parameter) -> Parameter:
    modifier, type_node, token, default = node.modifier, node.type, node.name, node.default
    type_ = _function_type(binder, type_node)
    if is_static_class(type_):
        binder.report(token, "CS0721", f"'{shown(type_)}' is a static class and can't be used as a type here")
    mode = modifier.text if modifier is not None else ""
    return Parameter(literals.identifier_name(token.text), type_, mode, default is not None)


def _check_parameters(binder: Binder, written: shapes.Parameters, function: LocalFunctionSymbol, scope: Scope) -> None:
    """Check a list of parameters (section 15.6.2); default values wait for the constants of the block."""
    before: list[Parameter] = []
    for node, parameter in zip(written.parameters, function.parameters, strict=True):
        modifier, token, default = node.modifier, node.name, node.default
        is_last = parameter is function.parameters[-1]
        if modifier is not None and parameter.mode == "params":
            if default is not None:
                binder.report(modifier, "CS1751", "a params parameter can't have a default value")
            elif not isinstance(parameter.type, ArrayType) and parameter.type is not ERROR:
                binder.report(modifier, "CS0225", "a params parameter must be a one-dimensional array")
            elif not is_last:
                binder.report(node, "CS0231", "a params parameter must be the last parameter")
        elif modifier is not None and default is not None and parameter.mode != "in":
            binder.report(modifier, "CS1741", f"a {parameter.mode} parameter can't have a default value")
        elif default is not None:
            function.defaults.append((parameter, default, token, scope))
        elif parameter.mode != "params" and any(other.has_default for other in before):
            message = "optional parameters must come after all required parameters"
            binder.report_at(token.end, token.end + 1, "CS1737", message)
        before.append(parameter)


def statement_local_function(binder: Binder, node: shapes.LocalFunction) -> Statement:
    token = node.name
    name = name_of(token)
    function = binder.scope.find(name)
    if not isinstance(function, LocalFunctionSymbol) or function.declared_at is not node:
        return nodes.Empty(node)  # a second one of the name, which is reported
    bind_defaults(binder, function)
    bound = _local_function(binder, node, function)
    return nodes.Empty(node) if function.type_parameters else bound  # what runs are its instances


def _local_function(
    binder: Binder, node: shapes.LocalFunction, function: LocalFunctionSymbol, types: Sequence[Type] = ()
) -> nodes.LocalFunction:
    """Return a local function with its body; `types` are the type arguments of an instance."""
    awaits_in, parameters = "async" if function.is_async else "function", function.type_parameters
    with (
        binder.in_scope(function),
        binder.within(returns=None, return_type=function.result, enclosing=Enclosing(), awaits_in=awaits_in),
    ):
        binder.scope.types.update({p.name: t for p, t in zip(parameters, types or parameters, strict=True)})
        symbols = []
        for parameter, written in zip(function.parameters, node.parameters.parameters, strict=True):
            where = written.name
            symbol = _parameter_variable(parameter, where, function)
            if symbol.name in binder.scope.names:
                binder.report(where, "CS0100", f"two parameters are named '{symbol.name}'")
            else:
                binder.declare(symbol, where)
            symbols.append(symbol)
        function.symbols = tuple(symbols)
        return nodes.LocalFunction(node, function, _function_body(binder, node.body, function, node.name))


def _parameter_variable(parameter: Parameter, where: Child, function: LocalFunctionSymbol) -> LocalSymbol:
    is_reference = parameter.mode in ("ref", "out")
    return LocalSymbol(
        parameter.name, parameter.type, "parameter", where, function, mode=parameter.mode, is_reference=is_reference
    )


# --------------------------------------------------------------------------------------- generic functions


def _type_parameters(binder: Binder, node: shapes.TypeParameters | None) -> tuple[TypeParameter, ...]:
    if node is None:
        return ()
    names = [literals.identifier_name(token.text) for token in node.names]
    for index, name in enumerate(names):
        if name in names[:index]:
            binder.report(node.names[index], "CS0692", f"two type parameters are named '{name}'")
    return tuple(TypeParameter(name) for name in names)


def instances_of_generics(binder: Binder) -> list[Statement]:
    """Return the bodies of the instances that the block made; each may make more."""
    made: list[Statement] = []
    generics = [f for f in binder.scope.names.values() if isinstance(f, LocalFunctionSymbol) and f.type_parameters]
    while any(function.waiting for function in generics):
        for function in generics:
            while function.waiting:
                types, instance = function.waiting.pop(0)
                made.append(_instance_body(binder, function, instance, types))
    return made


def _instance_body(
    binder: Binder, function: LocalFunctionSymbol, instance: LocalFunctionSymbol, types: tuple[Type, ...]
) -> nodes.LocalFunction:
    """Return the body with the type arguments, where `x is string`, which C# allows for a `T`, may be refused."""
    with binder.within(diagnostics=[], binds_instance=True):
        if len(function.instances) <= MOST_INSTANCES:
            bound = _local_function(binder, function.declared_at, instance, types)
            if not binder.diagnostics:
                return bound
        instance.is_simulated = False
        instance.symbols = tuple(_parameter_variable(parameter, None, instance) for parameter in instance.parameters)
        return nodes.LocalFunction(function.declared_at, instance, nodes.Block(function.declared_at, ()))


def _function_body(
    binder: Binder,
    node: shapes.Block | shapes.ArrowBody | shapes.MissingBody,
    function: LocalFunctionSymbol,
    token: Token,
) -> nodes.Block:
    if isinstance(node, shapes.MissingBody):
        binder.report(token, "CS8112", f"the local function '{function.name}' has no body", help="write { … }")
        return nodes.Block(node, ())
    if isinstance(node, shapes.ArrowBody) and (
        function.returns_reference or isinstance(node.expression, shapes.RefExpression)
    ):
        return nodes.Block(node, (nodes.Return(node, returned_reference(binder, node, node.expression, function)),))
    if isinstance(node, shapes.ArrowBody):
        value = bind_branch(binder, node.expression)
        if function.result is VOID:
            if not is_statement_expression(value):
                binder.report(value.syntax, "CS0201", "only a call, an assignment or 'new' can be used as a statement")
            return nodes.Block(node, (nodes.ExpressionStatement(node, value),))
        return nodes.Block(node, (nodes.Return(node, binder.convert(value, function.result)),))
    function.is_iterator = _yields(node)
    if function.is_iterator:
        _check_iterator(binder, function, token)
    body = binder.bind_block(node)
    returns_value = function.result is not VOID and not function.result.has_error and not function.is_iterator
    if returns_value and falls_through(binder, body):
        binder.report(token, "CS0161", f"not every path through '{function.name}' returns a value")
    return body


def _check_iterator(binder: Binder, function: LocalFunctionSymbol, token: Token) -> None:
    """Check the signature of an iterator (section 14.15): at the name, and at each parameter's name."""
    if iterator_element(function.returns) is None:
        binder.report(token, "CS1624", "a function with 'yield' must return IEnumerable<…>")
    for symbol in function.symbols:
        if symbol.mode in ("ref", "out", "in") and symbol.declared_at is not None:
            binder.report(symbol.declared_at, "CS1623", "an iterator can't have ref, out or in parameters")


_FUNCTIONS = frozenset({"local_function", "simple_lambda", "parenthesized_lambda", "anonymous_method"})


def _yields(body: Node) -> bool:
    """Return whether a function's own body has a `yield`; those of functions inside don't count."""
    waiting: list[Child] = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node) and node.kind not in _FUNCTIONS:
            if node.kind.startswith("yield_"):
                return True
            waiting.extend(node.children)
    return False
