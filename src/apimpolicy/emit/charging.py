"""Charge steps for calls of members in the emitted code (see `apimpolicy.dotnet.costs`).

A text or an array that is short costs nothing, and finding that out is one look at its length, in place; a constant
is not even looked at.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.dotnet import costs
from apimpolicy.dotnet.environment import FREE_UNITS
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import ArrayType
from apimpolicy.dotnet.values import STRING
from apimpolicy.emit.building import call, compare, conditional, constant, is_none, load, walrus

if TYPE_CHECKING:
    from apimpolicy.dotnet.registry import Implementation
    from apimpolicy.dotnet.signatures import Member
    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.core import Emitter


def pays_by_itself(found: Implementation) -> bool:
    """Return whether a member has a cost of its own, which a function around it pays."""
    return found.cost is not None and found.cost != costs.FREE


def paid_arguments(
    emitter: Emitter, found: Implementation, member: Member, arguments: list[ast.expr]
) -> list[ast.expr]:
    """Return the arguments, those with a length paid for."""
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
    """Return a call's result, paid for."""
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
    """Return the function that pays for a member with a cost of its own."""
    if found.paying is None:
        assert found.cost is not None
        found.paying = costs.charged(found, found.cost)
    return found.paying
