"""Emission of delegates: lambdas and methods, with their types where somebody may ask for them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.conversions import is_delegate
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.system import delegates
from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import VOID
from apimpolicy.emit.core import HANDLERS, attribute, call, load
from apimpolicy.emit.references import ReferenceEmitter
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


class DelegateEmitter(ReferenceEmitter):
    """What becomes a delegate."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._passed: set[nodes.Expression] = set()
        """Lambdas and methods that are passed to members that want delegates."""

    def emit_lambda_as_delegate(self, node: nodes.Lambda) -> ast.expr:
        made = self.emit_lambda(node)
        if node.is_async:
            made = self.asynchronous(made, node.return_type)
        return made if node in self._passed else self.run(delegates.typed, made, self.type_constant(node.type))

    def emit_method_as_delegate(self, node: nodes.MethodReference) -> ast.expr:
        made = self.emit_method_reference(node)
        if node in self._passed:
            return made
        if isinstance(node.receiver, nodes.MethodGroup):
            return self.run(delegates.of_function, made, self.type_constant(node.type))
        method = self.bring((node.method.declaring, node.method.signature, node.type_arguments), "method")
        return self.run(delegates.of_method, made, self.type_constant(node.type), method)

    def pass_to_member(self, node: nodes.Call) -> None:
        """Lambdas for parameters that are delegates in the declaration need no type: a member only calls them."""
        for index, argument in enumerate(node.arguments):
            if isinstance(argument, (nodes.Lambda, nodes.MethodReference)):
                open_form = _declared(node.method)
                if open_form is not None and is_delegate(open_form.parameters[index].type):
                    self._passed.add(argument)

    def emit_local_function_reference(self, node: nodes.MethodGroup) -> ast.expr:
        if node.function is None:
            raise NotSimulatedError("method group", node.name)
        return load(self.symbol_name(node.function))

    def emit_method_reference(self, node: nodes.MethodReference) -> ast.expr:
        """A method converted to a delegate: a Python lambda around the call."""
        receiver, method = node.receiver, node.method
        if isinstance(receiver, nodes.MethodGroup):
            return self.emit_local_function_reference(receiver)
        names = [self.fresh("argument") for _ in method.parameters]
        parameters: list[nodes.Expression] = []
        is_bound_extension = receiver is not None and method.is_static and not isinstance(receiver, nodes.TypeReference)
        shown = names[1:] if is_bound_extension else names
        for name, parameter in zip(names, method.parameters, strict=True):
            placeholder = nodes.Placeholder(node.syntax, parameter.type)
            self.with_placeholder(placeholder, name)
            parameters.append(placeholder)
        held = self.fresh("receiver")
        defaults: list[ast.expr] = []
        bound: nodes.Expression | None = None
        if receiver is not None and not isinstance(receiver, nodes.TypeReference):
            defaults.append(self.checked_receiver(receiver))
            bound = nodes.Placeholder(receiver.syntax, receiver.type)
            self.with_placeholder(bound, held, not_null=True)
        if is_bound_extension and bound is not None:
            parameters[0] = bound
            bound = None
        inner = nodes.Call(node.syntax, method.returns, bound, method, tuple(parameters), node.type_arguments)
        body = self.emit_call(inner)
        arguments = ast.arguments([], [ast.arg(n) for n in shown], None, [], [], None, [])
        if defaults:
            arguments.args.append(ast.arg(held))
            arguments.defaults = defaults
        return ast.Lambda(arguments, body)

    def asynchronous(self, function: ast.expr, returns: Type) -> ast.expr:
        """The function that gives a finished task of what this one gives, or throws; `async void` only runs."""
        if not isinstance(returns, NamedType) or returns is VOID:
            return function
        from apimpolicy.emit.asynchrony import asynchronous  # most expressions have no tasks

        if self.has_two_passes:
            function = call(attribute(load(HANDLERS), "until"), function)
        return self.run(asynchronous, function, self.bring(returns.arguments, "types"))

    def emit_lambda(self, node: nodes.Lambda) -> ast.expr:
        raise NotImplementedError

    def emit_call(self, node: nodes.Call) -> ast.expr:
        raise NotImplementedError


def _declared(method: Method) -> Method | None:
    """A method as it is declared, without type arguments."""
    for member in method.declaring.members(method.name):
        if isinstance(member, Method) and member.signature == method.signature:
            return member
    return None
