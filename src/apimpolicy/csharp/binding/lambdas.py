"""Lambdas (C# specification, sections 10.7 and 12.19): bound per choice of parameter types, finished for a delegate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import functions, lookup, nodes
from apimpolicy.csharp.binding.inference import best_common_type
from apimpolicy.csharp.binding.literals import LAMBDA_TYPE, BoundBody, UnboundLambda
from apimpolicy.csharp.binding.reports import name_of, shown
from apimpolicy.csharp.binding.symbols import LocalSymbol, Scope
from apimpolicy.csharp.binding.type_relations import LAMBDA, Conversion, same
from apimpolicy.csharp.dotnet.types import ERROR, SpecialType, Type
from apimpolicy.csharp.dotnet.values import VOID
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.csharp.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.binding.nodes import Bad, Expression
    from apimpolicy.csharp.binding.overloads import Argument


def bind_simple_lambda(binder: Binder, node: shapes.SimpleLambda) -> Expression:
    return _unbound(binder, node, node.body, (name_of(node.name),), None, ("",))


def bind_parenthesized_lambda(binder: Binder, node: shapes.ParenthesizedLambda) -> Expression:
    children = node.parameters.parameters
    names = tuple(name_of(p.name) for p in children)
    typed = [p.type for p in children if p.type is not None]
    types: tuple[Type, ...] | None = None
    if children and len(typed) == len(children):
        types = tuple(binder.bind_type(type_) for type_ in typed)
    elif typed:
        untyped = next(p for p in children if p.type is None)
        return binder.failure(untyped, "CS0748", "either all or none of a lambda's parameters must have types")
    for index, name in enumerate(names):
        if name in names[:index]:
            if name == "_":
                from apimpolicy.csharp.binding.newer_features import report_newer

                report_newer(
                    binder, children[index], "lambda discard parameters", "give each parameter a name of its own"
                )
                return binder.bad(node)
            return binder.failure(children[index], "CS0100", f"two parameters are named '{name}'")
    return _unbound(binder, node, node.body, names, types, _modes(children))


def bind_anonymous_method(binder: Binder, node: shapes.AnonymousMethod) -> Expression:
    if node.parameters is None:
        return _unbound(binder, node, node.block, None, None, ())
    children = node.parameters.parameters
    for parameter in children:
        if parameter.modifier is not None and parameter.modifier.text == "params":
            return binder.failure(parameter.modifier, "CS1670", "an anonymous method can't have a params parameter")
    types = tuple(binder.bind_type(p.type) for p in children)
    return _unbound(binder, node, node.block, tuple(name_of(p.name) for p in children), types, _modes(children))


def _modes(parameters: Sequence[shapes.Parameter | shapes.LambdaParameter]) -> tuple[str, ...]:
    return tuple(p.modifier.text if p.modifier is not None else "" for p in parameters)


def _unbound(
    binder: Binder,
    node: shapes.SimpleLambda | shapes.ParenthesizedLambda | shapes.AnonymousMethod,
    body: Node,
    names: tuple[str, ...] | None,
    types: tuple[Type, ...] | None,
    modes: tuple[str, ...],
) -> UnboundLambda:
    is_async = node.is_async is not None
    return UnboundLambda(node, LAMBDA_TYPE, names, types, modes, body, binder.scope, is_async, {})


# ------------------------------------------------------------------------------------------- bodies


def bound_body(binder: Binder, unbound: UnboundLambda, types: tuple[Type, ...]) -> BoundBody:
    """Return the body bound with these parameter types; from the cache when it was bound before."""
    found = unbound.bodies.get(types)
    if found is None:
        found = unbound.bodies[types] = _bind_body(binder, unbound, types)
    return found


def _bind_body(binder: Binder, unbound: UnboundLambda, types: tuple[Type, ...]) -> BoundBody:
    function = object()
    scope = Scope(unbound.scope, function)
    names = unbound.names if unbound.names is not None else tuple(f"<{i}>" for i in range(len(types)))
    kind = "range" if _is_of_query(unbound.syntax) else "parameter"
    symbols = [
        LocalSymbol(name, type_, kind, unbound.syntax, function) for name, type_ in zip(names, types, strict=True)
    ]
    awaits_in, returned = "async" if unbound.is_async else "lambda", list[nodes.Return]()
    with (
        binder.within(scope=scope, diagnostics=[], returns=returned, return_type=None),
        binder.within(known_receiver=None, awaits_in=awaits_in),
    ):
        if unbound.is_async and any(unbound.modes):
            binder.report(unbound.syntax, "CS1988", "an async function can't have ref, out or in parameters")
        for symbol in symbols:
            if symbol.name == "_" and len(symbols) > 1 and "_" in scope.names:
                continue
            _declare_parameter(binder, symbol, unbound)
        body: Expression | nodes.Block
        runs_through = False
        if isinstance(unbound.body, shapes.Block):
            body = functions.function_body(binder, unbound.body)
            runs_through = functions.falls_through(binder, body)
            returns, return_type = returned, _inferred_return(returned)
        else:
            body = functions.bind_branch(binder, unbound.body)
            returns = []
            return_type = None if isinstance(body.type, SpecialType) and body.type is not ERROR else body.type
        return BoundBody(tuple(symbols), body, tuple(returns), return_type, tuple(binder.diagnostics), runs_through)


def _declare_parameter(binder: Binder, symbol: LocalSymbol, unbound: UnboundLambda) -> None:
    outer = unbound.scope
    if symbol.name != "_" and (outer.find(symbol.name) is not None or outer.declares_later(symbol.name)):
        message = f"'{symbol.name}' is already used in the enclosing scope"
        binder.report(_parameter_token(unbound, symbol.name), "CS0136", message, help="rename the lambda's parameter")
    binder.scope.declare(symbol)


def _inferred_return(returns: list[nodes.Return]) -> Type | None:
    values = [r.value for r in returns if r.value is not None]
    if not values:
        return VOID
    if any(value.type is ERROR for value in values):
        return ERROR
    return best_common_type(values)


def return_type(binder: Binder, unbound: UnboundLambda, parameters: tuple[Type, ...]) -> Type | None:
    """Return the inferred return type (section 12.6.3.13); ERROR when the body has errors, None when there is none."""
    if unbound.names is not None and len(unbound.names) != len(parameters):
        return None
    types = unbound.explicit_types if unbound.explicit_types is not None else parameters
    if len(types) != len(parameters):
        return None
    found = bound_body(binder, unbound, types).return_type
    return functions.task_of(found) if unbound.is_async and found is not None and found is not ERROR else found


def conversion(binder: Binder, unbound: UnboundLambda, target: Type) -> Conversion | None:
    """Return the anonymous function conversion to this type (section 10.7.1), or None."""
    return LAMBDA if _converts(binder, unbound, target) else None


def _converts(binder: Binder, unbound: UnboundLambda, target: Type) -> bool:
    types = _parameter_types(unbound, target)
    if types is None:
        return False
    body = bound_body(binder, unbound, types)
    if body.diagnostics:
        return True
    wanted = _wanted_result(unbound, target)
    if wanted is None:
        return False
    if isinstance(body.body, nodes.Block):
        if wanted is VOID:
            return all(r.value is None for r in body.returns)
        return not body.falls_through and all(
            r.value is not None and binder.classify(r.value, wanted) is not None for r in body.returns
        )
    if wanted is VOID:
        return functions.is_statement_expression(body.body) or body.body.type is VOID
    return body.body.type is not VOID and binder.classify(body.body, wanted) is not None


def _wanted_result(unbound: UnboundLambda, target: Type) -> Type | None:
    """Return the type that the body must return; None for an async lambda and a delegate that returns no task."""
    signature = lookup.delegate_signature(target)
    if signature is None:
        return None
    return functions.result_of(signature.returns) if unbound.is_async else signature.returns


def _parameter_types(unbound: UnboundLambda, target: Type) -> tuple[Type, ...] | None:
    signature = lookup.delegate_signature(target)
    if signature is None:
        return None
    wanted = tuple(p.type for p in signature.parameters)
    if unbound.names is not None and len(unbound.names) != len(wanted):
        return None
    if unbound.explicit_types is None:
        return wanted
    modes = tuple(p.mode if p.mode in ("ref", "out", "in") else "" for p in signature.parameters)
    return unbound.explicit_types if all(map(same, unbound.explicit_types, wanted)) and unbound.modes == modes else None


def converted(binder: Binder, unbound: UnboundLambda, target: Type) -> nodes.Lambda | Bad:
    """Convert the body's results to the delegate's return type, and report what is wrong in the body."""
    signature = lookup.delegate_signature(target)
    types = _parameter_types(unbound, target)
    if signature is None or types is None:
        return unconvertible(binder, unbound, target, unbound.syntax)
    bound = bound_body(binder, unbound, types)
    binder.diagnostics.extend(bound.diagnostics)
    if bound.diagnostics:
        return binder.bad(unbound.syntax)
    body = bound.body
    wanted = _wanted_result(unbound, target)
    if wanted is None:
        return unconvertible(binder, unbound, target, unbound.syntax)
    if isinstance(body, nodes.Block):
        for statement in bound.returns:
            if statement.value is not None:
                statement.value = binder.convert(statement.value, wanted)
    elif wanted is not VOID:
        body = binder.convert(body, wanted)
    return nodes.Lambda(unbound.syntax, target, bound.parameters, body, signature.returns, is_async=unbound.is_async)


def bind_for_errors(binder: Binder, unbound: UnboundLambda) -> None:
    """Bind the body although no delegate type fits, to report what is wrong inside it."""
    types = unbound.explicit_types or (ERROR,) * len(unbound.names or ())
    binder.diagnostics.extend(bound_body(binder, unbound, types).diagnostics)


def report_lambda_bodies(binder: Binder, arguments: Sequence[Argument]) -> bool:
    """Report what is wrong in the bodies of lambdas whose call fails; whether there was anything.

    A body may have been bound with several choices of parameter types: what is wrong with all of them is reported, or
    else what is wrong with the first one.
    """
    before = len(binder.diagnostics)
    for argument in arguments:
        unbound = argument.expression
        if isinstance(unbound, UnboundLambda):
            if not unbound.bodies:
                bind_for_errors(binder, unbound)
                continue
            bodies = [body.diagnostics for body in unbound.bodies.values()]
            everywhere = set.intersection(*({(d.code, d.start) for d in found} for found in bodies))
            common = [d for d in bodies[0] if (d.code, d.start) in everywhere]
            binder.diagnostics.extend(common or bodies[0])
    return len(binder.diagnostics) > before


def unconvertible(binder: Binder, unbound: UnboundLambda, target: Type, syntax: Node | Token) -> Bad:
    """CS1660, CS1593, CS1661, CS1662: why a lambda does not fit."""
    signature = lookup.delegate_signature(target)
    if signature is None:
        message = f"a lambda can't be converted to '{shown(target)}' because it is not a delegate type"
        return binder.failure(syntax, "CS1660", message)
    count = len(unbound.names or ())
    if unbound.names is not None and count != len(signature.parameters):
        message = f"'{shown(target)}' has {len(signature.parameters)} parameter(s), but the lambda has {count}"
        return binder.failure(syntax, "CS1593", message)
    types = _parameter_types(unbound, target)
    if types is None and ERROR in (unbound.explicit_types or ()):
        return binder.bad(syntax)
    if types is None:
        message = f"the parameter types of the lambda don't match the delegate '{shown(target)}'"
        return binder.failure(syntax, "CS1661", message)
    bound = bound_body(binder, unbound, types)
    if bound.diagnostics:
        binder.diagnostics.extend(bound.diagnostics)
        return binder.bad(syntax)
    result_type = _wanted_result(unbound, target)
    if result_type is None:
        message = f"an async lambda must return void, Task or Task<T>, but '{shown(target)}' does not"
        return binder.failure(syntax, "CS4010", message)
    return _report_results(binder, unbound, bound, result_type, target)


_WRONG_RESULT = "the lambda can't be converted to the delegate type, because its result doesn't fit"


def _report_results(binder: Binder, unbound: UnboundLambda, bound: BoundBody, wanted: Type, target: Type) -> Bad:
    if isinstance(bound.body, nodes.Block):
        for statement in bound.returns:
            value = statement.value
            if value is None and wanted is not VOID:
                return binder.failure(statement.syntax, "CS0126", f"a value of type '{shown(wanted)}' must be returned")
            if value is not None and wanted is VOID:
                message = "this lambda returns nothing (void), so 'return' can't have a value"
                return binder.failure(statement.syntax, "CS8030", message)
            if value is not None and binder.classify(value, wanted) is None:
                binder.convert(value, wanted)
                return binder.failure(value.syntax, "CS1662", _WRONG_RESULT)
        if bound.falls_through and wanted is not VOID:
            start, end = _arrow(unbound.syntax, binder.excerpt.text)
            message = "not every path through the lambda returns a value"
            return binder.failure_at(start, end, unbound.syntax, "CS1643", message)
        return binder.bad(unbound.syntax)
    if wanted is VOID:
        message = "only a call, an assignment or 'new' can be used as a statement"
        return binder.failure(bound.body.syntax, "CS0201", message)
    binder.convert(bound.body, wanted)
    return binder.failure(bound.body.syntax, "CS1662", _WRONG_RESULT)


def _arrow(syntax: Any, text: str) -> tuple[int, int]:
    """Return where the compiler says that a body lacks something: at the arrow, or at the word `delegate`."""
    if isinstance(syntax, shapes.AnonymousMethod):
        start = text.index("delegate", syntax.start)
        return start, start + len("delegate")
    parameters = syntax.parameters.end if isinstance(syntax, shapes.ParenthesizedLambda) else syntax.token(1).end
    arrow = text.index("=>", parameters)
    return arrow, arrow + len("=>")


def _is_of_query(syntax: Any) -> bool:
    """Return whether a lambda was made for a clause of a query: its parameter, the range variable, has no place."""
    return isinstance(syntax, shapes.SimpleLambda) and syntax.name.start == syntax.name.end


def _parameter_token(unbound: UnboundLambda, name: str) -> Node | Token:
    syntax: Any = unbound.syntax
    for child in syntax.children:
        if isinstance(child, Token) and literals.identifier_name(child.text) == name:
            return child
        if isinstance(child, (shapes.LambdaParameters, shapes.Parameters)):
            for parameter in child.parameters:
                if literals.identifier_name(parameter.name.text) == name:
                    return parameter.name
    return unbound.syntax
