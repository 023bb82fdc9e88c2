"""Emission of names, members, elements and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.collections import arrays
from apimpolicy.csharp.dotnet.collections.arrays import default_value
from apimpolicy.csharp.dotnet.values import VOID
from apimpolicy.csharp.emit import members, runtime
from apimpolicy.csharp.emit.building import (
    attribute,
    boxed,
    call,
    conditional,
    constant,
    is_none,
    is_not_none,
    item,
    last_of,
    load,
    tuple_of,
    walrus,
)
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Expression
    from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol
    from apimpolicy.csharp.dotnet.registry import Implementation
    from apimpolicy.csharp.dotnet.signatures import Method, Property
    from apimpolicy.csharp.dotnet.types import Type
    from apimpolicy.csharp.emit.core import Emitter


def in_written_order(emitter: Emitter, arguments: Sequence[Expression]) -> list[ast.expr]:
    """Arguments, evaluated in the order in which they are written when names change it."""
    places = [argument.syntax.start for argument in arguments if not argument.is_constant]
    if places == sorted(places):
        return [emitter.emit(argument) for argument in arguments]
    order = sorted(range(len(arguments)), key=lambda index: arguments[index].syntax.start)
    names = [emitter.fresh() for _ in arguments]
    first, *others = [walrus(names[index], emitter.emit(arguments[index])) for index in order]
    made: list[ast.expr] = [load(name) for name in names]
    # The first argument that Python evaluates evaluates all of them.
    made[0] = last_of(first, *others, made[0])
    return made


def receiver_first(
    emitter: Emitter, receiver: Expression, arguments: Sequence[Expression], steps: list[ast.expr]
) -> tuple[str, list[ast.expr]]:
    """Add to `steps` those that evaluate a receiver and then the arguments.

    Return the receiver's variable, and what reads the arguments in the order of the parameters.
    """
    name = emitter.fresh()
    steps.append(walrus(name, emitter.emit(receiver)))
    read: list[ast.expr] = []
    for argument in in_written_order(emitter, arguments):
        if isinstance(argument, ast.Constant):
            read.append(argument)
            continue
        own = emitter.fresh()
        steps.append(walrus(own, argument))
        read.append(load(own))
    return name, read


_SEEN = (
    nodes.Assignment,
    nodes.ArrayAccess,
    nodes.Call,
    nodes.CompoundAssignment,
    nodes.Binary,
    nodes.Deconstruction,
    nodes.DelegateCall,
    nodes.IndexerAccess,
    nodes.ObjectCreation,
    nodes.ThrowExpression,
)
"""Nodes that change something, or throw another exception than a null receiver would."""
_HARMLESS = frozenset({"boxing", "identity", "null", "numeric", "reference"})
"""Conversions that never fail when they are not written."""


def can_be_seen(arguments: Iterable[nodes.Expression]) -> bool:
    """Return whether evaluating arguments before the receiver's null check is observable."""
    waiting: list[nodes.Bound] = list(arguments)
    while waiting:
        part = waiting.pop()
        if isinstance(part, nodes.Lambda) or (isinstance(part, nodes.Expression) and part.is_constant):
            continue
        if isinstance(part, nodes.Convert):
            if part.conversion.kind not in _HARMLESS or part.is_explicit:
                return True
        elif isinstance(part, _SEEN):
            return True
        waiting.extend(part.children())
    return False


# Emission of calls: of methods, delegates and local functions


def emit_call(emitter: Emitter, node: nodes.Call) -> ast.expr:
    method = node.method
    if method.container.is_nullable and node.receiver is not None:
        return _nullable_call(emitter, node, node.receiver)
    found = members.implementation_of(method)
    if found is None:
        return _delegate_or_missing(emitter, node)
    members.pass_to_member(emitter, node)
    if any(parameter.mode in ("out", "ref") for parameter in method.parameters):
        return _with_outputs(emitter, node, found)
    made = _in_place(emitter, node)
    if made is not None:
        return made
    return call_registered(emitter, found, method, node.receiver, node.arguments, node.type_arguments)


def _in_place(emitter: Emitter, node: nodes.Call) -> ast.expr | None:
    """Python's own for a call; None when it is to be called as registered."""
    owner = node.method.declaring.name
    if owner == "string":
        from apimpolicy.csharp.emit.texts import inlined

        made = inlined(emitter, node)
        if made is not None:
            return made
    if owner in ("string", "System.Linq.Enumerable"):
        from apimpolicy.csharp.emit.queries import walked_at_once

        return walked_at_once(emitter, node)
    return None


def call_registered(
    emitter: Emitter,
    found: Implementation,
    member: Method | Property,
    receiver: nodes.Expression | None,
    passed: Sequence[nodes.Expression],
    type_arguments: tuple[Type, ...] = (),
) -> ast.expr:
    """Return the call of a method or an indexer as registered; `passed` are the arguments that go in."""
    if receiver is not None and not emitter.known_not_null(receiver) and can_be_seen(passed):
        steps: list[ast.expr] = []
        held, read = receiver_first(emitter, receiver, passed, steps)
        checked = load(held) if found.form == "method" else emitter.or_null_reference(held)
        return last_of(*steps, members.invoke(emitter, found, member, checked, read, type_arguments))
    first = members.receiver_for(emitter, member, receiver, found) if receiver is not None else None
    return members.invoke(emitter, found, member, first, in_written_order(emitter, passed), type_arguments)


def _with_outputs(emitter: Emitter, node: nodes.Call, found: Implementation) -> ast.expr:
    """Emit a call with ref or out arguments: the method returns their values after its result."""
    from apimpolicy.csharp.emit.assignments import split_outputs, with_outputs

    steps: list[ast.expr] = []
    modes = [parameter.mode for parameter in node.method.parameters]
    passed, outputs = split_outputs(emitter, node.arguments, modes, steps)
    made = call_registered(emitter, found, node.method, node.receiver, passed, node.type_arguments)
    made = emitter.at(made, node)
    made = last_of(*steps, made) if steps else made
    return with_outputs(emitter, made, outputs, is_void=node.method.returns is VOID)


def _delegate_or_missing(emitter: Emitter, node: nodes.Call) -> ast.expr:
    """`f.Invoke(x)` on a delegate; everything else without an implementation fails by name when it is reached."""
    method, receiver = node.method, node.receiver
    if method.name == "Invoke" and receiver is not None and method.container.kind == "delegate":
        return _call_delegate(emitter, receiver, node.arguments)
    return members.missing(emitter, method)


def _nullable_call(emitter: Emitter, node: nodes.Call, receiver: nodes.Expression) -> ast.expr:
    """Members of `T?`, whose run-time value is None or the value itself."""
    inner = receiver.type.underlying or receiver.type
    name = emitter.fresh()
    value = walrus(name, emitter.emit(receiver))
    if node.method.name == "GetValueOrDefault":
        if node.arguments:
            given = emitter.fresh()  # an argument is evaluated whether or not it is needed
            steps = value, walrus(given, emitter.emit(node.arguments[0]))
            return last_of(*steps, conditional(is_not_none(load(name)), load(name), load(given)))
        default = emitter.run(default_value, emitter.type_constant(inner))
        return conditional(is_not_none(value), load(name), default)
    found = members.implementation_of(node.method)
    if found is None:
        return members.missing(emitter, node.method)
    as_object = conditional(is_none(load(name)), constant(None), boxed(emitter, load(name), inner))
    return members.invoke(
        emitter, found, node.method, last_of(value, as_object), [emitter.emit(a) for a in node.arguments]
    )


def emit_deconstruct_call(emitter: Emitter, node: nodes.DeconstructCall) -> ast.expr:
    if node.method.is_static:
        return members.call_member(emitter, node.method, None, [emitter.emit(node.receiver)])
    return members.call_member(emitter, node.method, emitter.checked_receiver(node.receiver), [])


# ------------------------------------------------------------------------------ delegates and local functions


def emit_delegate_call(emitter: Emitter, node: nodes.DelegateCall) -> ast.expr:
    function = node.target.function if isinstance(node.target, nodes.MethodGroup) else None
    if function is not None and function.returns_reference:
        return _call_for_reference(emitter, node, function)
    if any(mode in ("ref", "out") for mode in node.modes):
        return _call_with_outputs(emitter, node, function)
    if function is not None:
        return call(load(emitter.symbol_name(function)), *in_written_order(emitter, node.arguments))
    return _call_delegate(emitter, node.target, node.arguments)


def _call_delegate(emitter: Emitter, target: nodes.Expression, arguments: Sequence[nodes.Expression]) -> ast.expr:
    if emitter.known_not_null(target) or not can_be_seen(arguments):
        return call(emitter.checked_receiver(target), *in_written_order(emitter, arguments))
    steps: list[ast.expr] = []
    held, read = receiver_first(emitter, target, arguments, steps)
    return last_of(*steps, call(emitter.or_null_reference(held), *read))


def _call_for_reference(emitter: Emitter, node: nodes.DelegateCall, function: LocalFunctionSymbol) -> ast.expr:
    from apimpolicy.csharp.emit.assignments import reference_to

    passed = [
        reference_to(emitter, argument) if mode in ("ref", "out") else emitter.emit(argument)
        for mode, argument in zip(node.modes, node.arguments, strict=True)
    ]
    return call(load(emitter.symbol_name(function)), *passed)


def _call_with_outputs(emitter: Emitter, node: nodes.DelegateCall, function: LocalFunctionSymbol | None) -> ast.expr:
    from apimpolicy.csharp.emit.assignments import split_outputs, with_outputs

    if function is None:
        raise NotSimulatedError("delegates with ref or out parameters")
    steps: list[ast.expr] = []
    passed, outputs = split_outputs(emitter, node.arguments, node.modes, steps)
    made: ast.expr = call(load(emitter.symbol_name(function)), *in_written_order(emitter, passed))
    made = last_of(*steps, made) if steps else made
    return with_outputs(emitter, made, outputs, is_void=node.type is VOID)


# Emission of names, members and elements.


def emit_local(emitter: Emitter, node: nodes.Local) -> ast.expr:
    return emitter.read(node.symbol)


def emit_placeholder(emitter: Emitter, node: nodes.Placeholder) -> ast.expr:
    return emitter.read_placeholder(node)


def emit_field_access(emitter: Emitter, node: nodes.FieldAccess) -> ast.expr:
    if node.field.declaring.is_tuple and node.receiver is not None and node.field.name.startswith("Item"):
        return item(emitter.emit(node.receiver), int(node.field.name[4:]) - 1)
    return members.read_member(emitter, node.field, node.receiver)


def emit_property_access(emitter: Emitter, node: nodes.PropertyAccess) -> ast.expr:
    if node.property.container.is_nullable and node.receiver is not None:
        if node.property.name == "HasValue":
            return is_not_none(emitter.emit(node.receiver))
        if node.property.name == "Value":
            return emitter.run(runtime.nullable_value, emitter.emit(node.receiver))
    return members.read_member(emitter, node.property, node.receiver)


def emit_tuple_element(emitter: Emitter, node: nodes.TupleElement) -> ast.expr:
    return item(emitter.emit(node.receiver), node.index)


def emit_tuple_rest(emitter: Emitter, node: nodes.TupleRest) -> ast.expr:
    return ast.Subscript(emitter.emit(node.receiver), ast.Slice(constant(7)), ast.Load())


def emit_anonymous_member(emitter: Emitter, node: nodes.AnonymousMember) -> ast.expr:
    return item(attribute(emitter.emit(node.receiver), "values"), node.index)


def emit_indexer_access(emitter: Emitter, node: nodes.IndexerAccess) -> ast.expr:
    found = members.implementation_of(node.property)
    if found is None:
        return members.missing(emitter, node.property)
    return call_registered(emitter, found, node.property, node.receiver, node.arguments)


def emit_array_access(emitter: Emitter, node: nodes.ArrayAccess) -> ast.expr:
    indexes = [emitter.emit(index) for index in node.indexes]
    if len(indexes) == 1:
        return emitter.run(arrays.array_get, emitter.emit(node.array), indexes[0])
    return emitter.run(arrays.rectangular_get, emitter.emit(node.array), tuple_of(*indexes))
