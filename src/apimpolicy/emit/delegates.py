"""Emission of methods and local functions as delegates, with their types where they may be needed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.system import delegates
from apimpolicy.emit.building import load, parameters
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.emit.core import Emitter


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
