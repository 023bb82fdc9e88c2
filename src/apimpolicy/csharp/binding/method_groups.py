"""Method groups as delegates (C# specification, section 10.8): which method of a group a delegate type selects."""

from __future__ import annotations

from apimpolicy.csharp.binding import advice, lookup
from apimpolicy.csharp.binding.conversions import standard_implicit
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import instance_of, signature_of
from apimpolicy.csharp.binding.nodes import Bad, Expression, MethodGroup, MethodReference, Placeholder
from apimpolicy.csharp.binding.overloads import Argument, resolve
from apimpolicy.csharp.binding.reports import name_token, shown
from apimpolicy.csharp.binding.type_relations import METHOD_GROUP, Conversion, same
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import OBJECT, VOID
from apimpolicy.csharp.syntax.nodes import Node, Token


def conversion(binder: Binder, group: MethodGroup, target: Type) -> Conversion | None:
    """Return the conversion to a delegate type (section 10.8), or None."""
    return METHOD_GROUP if _selected(binder, group, target) is not None else None


def converted(binder: Binder, group: MethodGroup, target: Type) -> Expression:
    return _selected(binder, group, target) or binder.bad(group.syntax)


def unconvertible(binder: Binder, group: MethodGroup, target: Type, syntax: Node | Token) -> Bad:
    """CS0428, CS0407, CS0123: why a method does not fit."""
    if lookup.delegate_signature(target) is None:
        message = f"'{group.name}' is a method, not a '{shown(target)}'; did you forget the parentheses?"
        return binder.failure(name_token(group), "CS0428", message, help=advice.for_method(group))
    if _differs_in_result(binder, group, target):
        message = f"the return type of '{group.name}' doesn't match the delegate '{shown(target)}'"
        return binder.failure(syntax, "CS0407", message)
    return binder.failure(syntax, "CS0123", f"no overload of '{group.name}' matches the delegate '{shown(target)}'")


def _selected(binder: Binder, group: MethodGroup, target: Type) -> MethodReference | None:
    """Return the method of a group that a delegate type selects (section 10.8)."""
    signature = lookup.delegate_signature(target)
    if signature is None:
        return None
    arguments = [
        Argument(Placeholder(group.syntax, p.type), group.syntax, p.mode if p.mode in ("ref", "out") else "")
        for p in signature.parameters
    ]
    if group.function is not None:
        function = group.function
        if function.type_parameters and not function.is_instance:
            chosen = resolve([signature_of(function)], arguments, group.type_arguments, binder).best
            if chosen is None:
                return None
            function = instance_of(binder, function, chosen.type_arguments)
            group = MethodGroup(group.syntax, group.type, function.name, None, (), (), (), function)
        types = [p.type for p in function.parameters]
        if len(types) != len(arguments) or not all(
            standard_implicit(a.expression.type, t) for a, t in zip(arguments, types, strict=True)
        ):
            return None
        method = Method(OBJECT.definition, function.name, "", True, function.returns, function.parameters)
        return MethodReference(group.syntax, target, group, method, ())
    resolved = resolve(group.methods, arguments, group.type_arguments, binder) if group.methods else None
    receiver = group.receiver
    if (resolved is None or resolved.best is None) and group.extensions and receiver is not None:
        with_receiver = [Argument(receiver, receiver.syntax), *arguments]
        resolved = resolve(group.extensions, with_receiver, group.type_arguments, binder, is_extension_call=True)
    if resolved is None or resolved.best is None or resolved.best.is_expanded:
        return None
    returns = resolved.best.returns()
    if signature.returns is VOID:
        if returns is not VOID:
            return None
    elif not (same(returns, signature.returns) or _reference(returns, signature.returns)):
        return None
    return MethodReference(group.syntax, target, receiver, resolved.best.method, resolved.best.type_arguments)


def _differs_in_result(binder: Binder, group: MethodGroup, target: Type) -> bool:
    """Return whether a method of the group takes what the delegate type passes, and only its result does not fit."""
    signature = lookup.delegate_signature(target)
    if signature is None:
        return False
    arguments = [
        Argument(Placeholder(group.syntax, p.type), group.syntax, p.mode if p.mode in ("ref", "out") else "")
        for p in signature.parameters
    ]
    methods = [signature_of(group.function)] if group.function is not None else group.methods
    return bool(methods) and resolve(methods, arguments, group.type_arguments, binder).best is not None


def return_type(binder: Binder, group: MethodGroup, parameters: tuple[Type, ...]) -> Type | None:
    """Return the return type when called with arguments of these types; for inference."""
    if group.function is not None:
        return group.function.returns
    arguments = [Argument(Placeholder(group.syntax, t), group.syntax) for t in parameters]
    found = resolve(group.methods, arguments, group.type_arguments, binder) if group.methods else None
    return found.best.returns() if found is not None and found.best is not None else None


def _reference(source: Type, target: Type) -> bool:
    conversion = standard_implicit(source, target)
    return conversion is not None and conversion.kind in ("identity", "reference")
