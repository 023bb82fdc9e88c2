"""Emission of lambdas: Python's own, or functions before the statement that they stand in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.system import delegates
from apimpolicy.emit import runtime
from apimpolicy.emit.building import constant, load, parameters
from apimpolicy.emit.cells import cells_of_referenced, parameters_in_cells
from apimpolicy.emit.function_bodies import captured_cells, define, function_statements, nonlocals
from apimpolicy.emit.variables import declared_here, facts
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.emit.core import Emitter


def emit_lambda(emitter: Emitter, node: nodes.Lambda) -> ast.expr:
    if node.is_async:
        refused = "the gateway doesn't allow tasks"
        return emitter.run(runtime.not_simulated, constant("an asynchronous lambda"), constant(refused))
    made = _lambda_function(emitter, node)
    return made if node in emitter.passed else emitter.run(delegates.typed, made, emitter.type_constant(node.type))


def _lambda_function(emitter: Emitter, node: nodes.Lambda) -> ast.expr:
    names = [emitter.symbol_name(parameter) for parameter in node.parameters]
    captured = [*captured_cells(emitter, node), *_captured_functions(emitter, node)]
    arguments = parameters(names, {name: load(name) for name in captured})
    burns = [ast.Expr(emitter.step())] if facts(node.body).calls else []
    emitter.repeating += 1
    if isinstance(node.body, nodes.Expression):
        returning = emitter.returning(node.body)
        statements = [*cells_of_referenced(emitter, declared_here(node.body)), *returning]
    else:
        statements = function_statements(emitter, node.body)
    emitter.repeating -= 1
    value = _only_value(node, statements)
    if value is not None and not burns:
        return ast.Lambda(arguments, value)
    name = emitter.fresh("lambda_body")
    cells = parameters_in_cells(emitter, node.parameters)
    statements = [*nonlocals(emitter, node, set(node.parameters)), *burns, *cells, *statements]
    emitter.hoist(define(emitter, name, arguments, statements, node))
    return load(name)


def _only_value(node: nodes.Lambda, statements: list[ast.stmt]) -> ast.expr | None:
    """Return the body for a Python lambda; None when the lambda needs statements."""
    only = statements[0]
    if (
        isinstance(node.body, nodes.Expression)
        and isinstance(only, ast.Return)
        and not any(parameter.is_referenced for parameter in node.parameters)
        and not facts(node.body).assigned_outside(node.parameters)
    ):
        return only.value
    return None


def _captured_functions(emitter: Emitter, node: nodes.Lambda) -> list[str]:
    """Local functions of a loop's body that a lambda calls: it keeps those of its own iteration."""
    used = facts(node).functions if emitter.with_cells else ()
    return [emitter.symbol_name(function) for function in used if function in emitter.with_cells]


# -------------------------------------------------------------------------------- methods as delegates


def emit_method_group(emitter: Emitter, node: nodes.MethodGroup) -> ast.expr:
    if node.function is None:
        raise NotSimulatedError("method group", node.name)
    return load(emitter.symbol_name(node.function))


def emit_method_reference(emitter: Emitter, node: nodes.MethodReference) -> ast.expr:
    if isinstance(node.receiver, nodes.MethodGroup):
        function = emit_method_group(emitter, node.receiver)
        if node in emitter.passed:
            return function
        return emitter.run(delegates.of_function, function, emitter.type_constant(node.type))
    made = _method_function(emitter, node)
    if node in emitter.passed:
        return made
    method = emitter.bring((node.method.declaring, node.method.signature, node.type_arguments), "method")
    return emitter.run(delegates.of_method, made, emitter.type_constant(node.type), method)


def _method_function(emitter: Emitter, node: nodes.MethodReference) -> ast.expr:
    """Return a Python lambda around the call of a method; it holds the receiver."""
    receiver, method = node.receiver, node.method
    names = [emitter.fresh("argument") for _ in method.parameters]
    arguments: list[nodes.Expression] = []
    for name, parameter in zip(names, method.parameters, strict=True):
        placeholder = nodes.Placeholder(node.syntax, parameter.type)
        emitter.with_placeholder(placeholder, name)
        arguments.append(placeholder)
    held = emitter.fresh("receiver")
    defaults: dict[str, ast.expr] = {}
    bound: nodes.Expression | None = None
    if receiver is not None and not isinstance(receiver, nodes.TypeReference):
        defaults[held] = emitter.checked_receiver(receiver)
        bound = nodes.Placeholder(receiver.syntax, receiver.type)
        emitter.with_placeholder(bound, held, not_null=True)
        if method.is_static:  # an extension method, which takes the receiver as its first argument
            arguments[0], bound = bound, None
            del names[0]
    made = nodes.Call(node.syntax, method.returns, bound, method, tuple(arguments), node.type_arguments)
    body = emitter.emit_plain(made)
    return ast.Lambda(parameters(names, defaults), body)
