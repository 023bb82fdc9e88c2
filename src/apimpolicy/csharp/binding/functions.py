"""Bodies and signatures of lambdas and local functions, and `async`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding import lookup, nodes
from apimpolicy.csharp.binding.literals import THROW_TYPE, DefaultLiteral
from apimpolicy.csharp.binding.nodes import Bad, Call, DefaultValue, Expression, ObjectCreation
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.symbols import Enclosing, LocalFunctionSymbol
from apimpolicy.csharp.binding.type_relations import NUMERIC, is_enum
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.signatures import Method, Parameter
from apimpolicy.csharp.dotnet.types import ERROR, NULL, NamedType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import BOOL, OBJECT, STRING, VOID
from apimpolicy.csharp.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.syntax.nodes import Node, Token


def bind_branch(binder: Binder, node: Node) -> Expression:
    """Return a value in one of the places where `throw` may stand instead (section 12.16)."""
    if isinstance(node, shapes.ThrowExpression):
        exception = thrown(binder, node.exception)
        return exception if isinstance(exception, Bad) else nodes.ThrowExpression(node, THROW_TYPE, exception)
    return binder.bind_value(node)


def thrown(binder: Binder, node: Node) -> Expression:
    value = binder.bind_typed(node)
    exception = named("System.Exception")
    if isinstance(value, Bad) or value.type is NULL:
        return value
    if binder.classify(value, exception) is None:
        help = "write throw new Exception(text)" if value.type is STRING else ""
        return binder.failure(node, "CS0155", "only an object derived from Exception can be thrown", help=help)
    return binder.convert(value, exception)


def function_body(binder: Binder, node: Node) -> nodes.Block:
    with binder.within(enclosing=Enclosing()):
        return binder.bind_block(node)


def falls_through(binder: Binder, block: nodes.Block) -> bool:
    from apimpolicy.csharp.binding.flow import Reachability

    return Reachability(binder.ends).end_reachable(block)


def is_statement_expression(expression: Expression) -> bool:
    """Section 13.7: what can stand as a statement."""
    if isinstance(expression, nodes.ConditionalAccess):
        return is_statement_expression(expression.access)
    if isinstance(expression, nodes.Dereference):
        return is_statement_expression(expression.reference)
    return isinstance(
        expression,
        (
            nodes.Call,
            nodes.DelegateCall,
            nodes.Assignment,
            nodes.CompoundAssignment,
            nodes.Deconstruction,
            nodes.ObjectCreation,
            nodes.Redirection,
            nodes.ThrowExpression,
            Bad,
        ),
    ) and not (isinstance(expression, nodes.Call) and expression.method.name.startswith("op_"))


# Local functions as methods that can be called: signature, default values, type arguments.


def signature_of(function: LocalFunctionSymbol) -> Method:
    name = function.name
    parameters = () if function.is_instance else function.type_parameters
    return Method(OBJECT.definition, name, name, True, function.returns, function.parameters, parameters)


def bind_defaults(binder: Binder, function: LocalFunctionSymbol) -> None:
    """The default values of a function's parameters, when it is first used or declared.

    A value is a constant, `default`, `default(T)` or the `new S()` of a structure (section 15.6.2.2).
    """
    waiting, function.defaults = function.defaults, []
    for parameter, node, name, scope in waiting:
        with binder.within(scope=scope):
            value = binder.bind_value(node)
            if not isinstance(value, Bad) and _is_default(binder, node, name, value, parameter):
                # A nullable parameter keeps the constant in the form of the type below; None means `default`.
                inner = parameter.type.underlying
                keeps_inner = inner is not None and value.is_constant and value.type is not NULL
                bound = binder.convert(value, inner if keeps_inner and inner is not None else parameter.type)
                parameter.default = bound.constant if bound.is_constant else None


def _is_default(binder: Binder, node: Node, name: Token, value: Expression, parameter: Parameter) -> bool:
    """Return whether a value can be a parameter's default; reported when it cannot."""
    target = parameter.type
    is_value = value.is_constant or value.type is NULL or isinstance(value, (DefaultLiteral, DefaultValue))
    if not is_value and not (
        isinstance(value, ObjectCreation) and value.constructor is None and not value.initializers
    ):
        binder.report(node, "CS1736", "the default value must be a constant, 'default' or 'new' of a structure")
        return False
    conversion = binder.classify(value, target)
    written = "null" if value.type is NULL else f"a value of type '{shown(value.type)}'"
    if conversion is None or conversion.kind == "user":
        binder.report(name, "CS1750", f"{written} can't be the default value of a parameter of type '{shown(target)}'")
        return False
    if conversion.kind == "boxing" or (value.type is STRING and target is OBJECT and value.constant is not None):
        message = f"the default value of a parameter of type '{shown(target)}' can only be null"
        binder.report(name, "CS1763", message, help="give the parameter the type of the value, or write an overload")
        return False
    inner = target.underlying
    if conversion.kind == "nullable" and value.type.underlying is None and inner is not None and not _is_simple(inner):
        message = f"{written} can't be the default value of a parameter of type '{shown(target)}'"
        binder.report(name, "CS1770", message, help="use null, and replace it in the function with '??'")
        return False
    return True


def _is_simple(type_: Type) -> bool:
    return type_ in NUMERIC or type_ is BOOL or is_enum(type_)


def instance_of(binder: Binder, function: LocalFunctionSymbol, types: tuple[Type, ...]) -> LocalFunctionSymbol:
    """Return a generic function with its type arguments; its body is bound at the end of the block that declares it."""
    known = function.instances.get(types)
    if known is not None:
        return known
    by_parameter = dict(zip(function.type_parameters, types, strict=True))
    parameters = tuple(parameter.substitute(by_parameter) for parameter in function.parameters)
    returns = function.returns.substitute(by_parameter)
    made = LocalFunctionSymbol(function.name, returns, parameters, function.declared_at, function.type_parameters)
    made.returns_reference, made.returns_readonly = function.returns_reference, function.returns_readonly
    made.is_instance, made.is_async = True, function.is_async
    made.result = function.result.substitute(by_parameter)
    if not any(type_.mentions(_generics_around(binder)) for type_ in types):
        function.instances[types] = made
        function.waiting.append((types, made))
    return made


def _generics_around(binder: Binder) -> list[TypeParameter]:
    around = (type_ for scope in binder.scope.outward() for type_ in scope.types.values())
    return [type_ for type_ in around if isinstance(type_, TypeParameter)]


# `async` and `await` (C# specification, sections 12.9.8 and 15.15).

TASK: Final = "System.Threading.Tasks.Task"


def bind_await_expression(binder: Binder, node: shapes.AwaitExpression) -> Expression:
    if binder.awaits_in != "async":
        where = {"lambda": "this lambda", "function": "this function"}.get(binder.awaits_in, "a policy expression")
        code = "CS4034" if binder.awaits_in == "lambda" else "CS4032"
        help = "remove 'await'" if binder.awaits_in == "expression" else "write async before it"
        if binder.excerpt.text[node.operand.start : node.operand.end].startswith("Task."):
            help = "remove it: there are no tasks here, so write the value itself"
        return binder.failure(node, code, f"'await' can't be used here: {where} is not async", help=help)
    task = binder.bind_typed(node.operand)
    if isinstance(task, Bad):
        return task
    awaiter = _without_arguments(node, task, "GetAwaiter")
    if awaiter is None:
        return binder.failure(node, "CS1061", f"'{shown(task.type)}' can't be awaited: it has no 'GetAwaiter' method")
    result = _without_arguments(node, awaiter, "GetResult")
    return result or binder.failure(node, "CS1061", f"'{shown(awaiter.type)}' has no member 'GetResult'")


def _without_arguments(node: Node, receiver: Expression, name: str) -> Expression | None:
    for method in lookup.find_members(receiver.type, name):
        if isinstance(method, Method) and not method.parameters and not method.is_static:
            return Call(node, method.returns, receiver, method, ())
    return None


def result_of(returns: Type) -> Type | None:
    """Return the result type of an async function with this return type; None for a type that no such function has."""
    if returns in (VOID, ERROR):
        return returns
    if isinstance(returns, NamedType) and returns.name == TASK:
        return returns.arguments[0] if returns.arguments else VOID
    return None


def task_of(result: Type) -> Type:
    return named(TASK) if result is VOID else named(TASK, result)
