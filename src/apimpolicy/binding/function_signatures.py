"""Local functions as methods that can be called: signature, default values, type arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Bad
from apimpolicy.binding.symbols import LocalFunctionSymbol, Scope
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import Type, TypeParameter
from apimpolicy.dotnet.values import OBJECT

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder


def signature_of(function: LocalFunctionSymbol) -> Method:
    name = function.name
    parameters = () if function.is_instance else function.type_parameters
    return Method(OBJECT.definition, name, name, True, function.returns, function.parameters, parameters)


def bind_defaults(binder: Binder, function: LocalFunctionSymbol) -> None:
    """The default values of a function's parameters, when it is first used or declared."""
    waiting, function.defaults = function.defaults, []
    for parameter, node, scope in waiting:
        saved, binder.scope = binder.scope, scope
        bound = binder.convert(binder.bind_value(node), parameter.type)
        binder.scope = saved
        if not isinstance(bound, Bad) and not bound.is_constant:
            binder.report(node, "CS1736", "the default value must be a constant")
        parameter.default = bound.constant if bound.is_constant else None


def instance_of(binder: Binder, function: LocalFunctionSymbol, types: tuple[Type, ...]) -> LocalFunctionSymbol:
    """A generic function with its type arguments; its body is bound at the end of the block that declares it."""
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
    """The type parameters of the generic functions whose own bodies are being bound."""
    found: list[TypeParameter] = []
    scope: Scope | None = binder.scope
    while scope is not None:
        found.extend(type_ for type_ in scope.types.values() if isinstance(type_, TypeParameter))
        scope = scope.parent
    return found
