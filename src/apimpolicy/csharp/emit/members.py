"""Members, as they are reached by what is registered for them, and what their calls cost."""

from __future__ import annotations

import ast

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.type_relations import is_delegate
from apimpolicy.csharp.dotnet import costs
from apimpolicy.csharp.dotnet.environment import FREE_UNITS
from apimpolicy.csharp.dotnet.registry import Implementation, find_implementation, reason_against
from apimpolicy.csharp.dotnet.signatures import Field, Member, Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, Type
from apimpolicy.csharp.dotnet.values import STRING
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import (
    attribute,
    boxed,
    call,
    compare,
    conditional,
    constant,
    is_none,
    load,
    walrus,
)
from apimpolicy.csharp.emit.core import Emitter
from apimpolicy.csharp.host import TYPE_REFUSED

# Charge steps for calls of members in the emitted code (see `apimpolicy.csharp.dotnet.costs`). A text or an array that
# is short costs nothing, and finding that out is one look at its length, in place; a constant is not even looked at.


def pays_by_itself(found: Implementation) -> bool:
    """Return whether a member has a cost of its own, which a function around it pays."""
    return found.cost is not None and found.cost != costs.FREE


def paid_arguments(
    emitter: Emitter, found: Implementation, member: Member, arguments: list[ast.expr]
) -> list[ast.expr]:
    if costs.cost_of(found, member) is not costs.USUAL:
        return arguments
    types = costs.passed_types(member)
    if len(types) != len(arguments):  # an operator with its operands
        return arguments
    return [_paid(emitter, value, type_) for value, type_ in zip(arguments, types, strict=True)]


def paid_receiver(emitter: Emitter, found: Implementation, member: Member, receiver: ast.expr) -> ast.expr:
    """Return the receiver, paid for when it is a text that a method works through."""
    if member.declaring.name == "string" and isinstance(member, Method) and costs.cost_of(found, member) is costs.USUAL:
        return _paid(emitter, receiver, STRING)
    return receiver


def paid_result(emitter: Emitter, found: Implementation, member: Member, made: ast.expr) -> ast.expr:
    given = costs.given_type(member)
    if given is None or member.name == "new" or costs.cost_of(found, member) is not costs.USUAL:
        return made
    return _paid(emitter, made, given)


def _paid(emitter: Emitter, value: ast.expr, type_: Type) -> ast.expr:
    if isinstance(value, ast.Constant) or not costs.is_counted(type_):
        return value
    if type_ is not STRING and not (isinstance(type_, ArrayType) and type_.rank == 1):
        return emitter.run(costs.pay, value)
    name = emitter.fresh()
    length = call(emitter.function(len), load(name))
    is_short = compare(length, ast.LtE(), constant(FREE_UNITS))
    test = ast.BoolOp(ast.Or(), [is_none(walrus(name, value)), is_short])
    return conditional(test, load(name), emitter.run(costs.pay, load(name)))


def paying(found: Implementation) -> object:
    if found.paying is None:
        assert found.cost is not None
        found.paying = costs.charged(found, found.cost)
    return found.paying


_ON_OBJECT = frozenset({"object", "System.ValueType", "System.Enum"})


def read_member(emitter: Emitter, member: Property | Field, receiver: nodes.Expression | None) -> ast.expr:
    found = implementation_of(member)
    if found is None:
        return missing(emitter, member)
    if found.form == "attribute" and receiver is not None:
        return attribute(emitter.emit(receiver), found.name)
    if receiver is None:
        if isinstance(member, Field) and member.type is STRING:
            return constant(found.target())  # `string.Empty`: as good as a constant
        return invoke(emitter, found, member, None, [])
    return invoke(emitter, found, member, receiver_for(emitter, member, receiver, found), [])


def receiver_for(emitter: Emitter, member: Member, receiver: nodes.Expression, found: Implementation) -> ast.expr:
    """Return the receiver of a member; a value whose member is declared on object is boxed."""
    if receiver.type.is_value_type and member.declaring.name in _ON_OBJECT:
        return boxed(emitter, emitter.emit(receiver), receiver.type)
    if found.form in ("method", "attribute") and not isinstance(receiver, nodes.Literal):
        return emitter.emit(receiver)
    return emitter.checked_receiver(receiver)


def invoke(
    emitter: Emitter,
    implementation: Implementation,
    member: Member,
    receiver: ast.expr | None,
    arguments: list[ast.expr],
    type_arguments: tuple[Type, ...] = (),
) -> ast.expr:
    if implementation.form == "attribute" and receiver is not None:
        return attribute(receiver, implementation.name)
    types: list[ast.expr] = []
    if implementation.types:
        types = [emitter.types_constant((*member.container.arguments, *type_arguments))]
    before: list[ast.expr] = []
    if receiver is not None:
        before = [paid_receiver(emitter, implementation, member, receiver)]
    arguments = paid_arguments(emitter, implementation, member, arguments)
    if pays_by_itself(implementation):
        return call(emitter.bring(paying(implementation), implementation.name), *types, *before, *arguments)
    if implementation.form == "method" and receiver is not None:
        result = call(attribute(before[0], implementation.name), *types, *arguments)
    else:
        result = call(emitter.bring(implementation.target, implementation.name), *types, *before, *arguments)
    return paid_result(emitter, implementation, member, result)


def call_member(
    emitter: Emitter,
    method: Method,
    receiver: ast.expr | None,
    arguments: list[ast.expr],
    type_arguments: tuple[Type, ...] = (),
) -> ast.expr:
    """Return a call whose parts are emitted already: operators and conversions."""
    found = implementation_of(method)
    if found is None:
        return missing(emitter, method)
    return invoke(emitter, found, method, receiver, arguments, type_arguments)


REFUSED = f"Azure refuses this type in policy expressions ({TYPE_REFUSED})"


def missing(emitter: Emitter, member: Member) -> ast.expr:
    """Return code that fails with the name of a member without an implementation, and the reason if there is one."""
    from apimpolicy.csharp.binding.allow_list import is_type_allowed

    reason = reason_against(member.declaring, member.signature)
    if not reason and not is_type_allowed(member.declaring):
        reason = REFUSED
    return emitter.run(runtime.not_simulated, constant(full_name(member)), constant(reason))


def full_name(member: Member) -> str:
    """`System.Uri.new(string uriString)`: how a missing member is called in messages and in the docs."""
    return f"{member.declaring.name}: {member.signature}"


def pass_to_member(emitter: Emitter, node: nodes.Call) -> None:
    """Lambdas for parameters that are delegates in the declaration need no type: a member only calls them."""
    for index, argument in enumerate(node.arguments):
        if isinstance(argument, (nodes.Lambda, nodes.MethodReference)):
            declared = _declared(node.method)
            if declared is not None and is_delegate(declared.parameters[index].type):
                emitter.passed.add(argument)


def _declared(method: Method) -> Method | None:
    """Return a method as it is declared, without type arguments."""
    for member in method.declaring.members(method.name):
        if isinstance(member, Method) and member.signature == method.signature:
            return member
    return None


# ------------------------------------------------------------------------------------------- overrides


_OF_EVERYTHING = ("object", "System.ValueType")
"""Bases whose implementations don't serve overrides: `ToString` without an implementation stays without one."""


def implementation_of(member: Member, *, setter: bool = False) -> Implementation | None:
    """Return a member's implementation; None if neither it nor one it overrides is simulated."""
    found = find_implementation(member.declaring, member.signature, setter=setter)
    if found is not None or member.is_static or isinstance(member, Field) or member.name == "new":
        return found
    base = member.declaring.open_type.base
    while base is not None and base.definition.name not in _OF_EVERYTHING:
        for declared in base.definition.members(member.name):
            if _is_overridden(declared.within(base), member):
                found = find_implementation(declared.declaring, declared.signature, setter=setter)
                if found is not None:
                    return found
        base = base.base
    return None


def _is_overridden(declared: Member, member: Member) -> bool:
    """Return whether a member of a base has the name, the type and the parameters of this one."""
    if declared.is_static:
        return False
    if isinstance(declared, Property) and isinstance(member, Property):
        return declared.type is member.type and _same_parameters(declared, member)
    if isinstance(declared, Method) and isinstance(member, Method):
        return declared.returns is member.returns and _same_parameters(declared, member)
    return False


def _same_parameters(declared: Method | Property, member: Method | Property) -> bool:
    return [(p.type, p.mode) for p in declared.parameters] == [(p.type, p.mode) for p in member.parameters]
