"""References to variables: `ref` locals, `ref` returns, `ref` conditionals (C# specification, sections 9.7 and 12.18).

Where a `ref` is written, a variable must stand (section 9.5), of exactly the type that is wanted. What a function
returns by reference must live longer than the function: an element of an array, a `ref` parameter, the result of
another such function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.nodes import Bad, Expression
from apimpolicy.binding.readonly import mark_referenced
from apimpolicy.binding.readonly import read_only as find_read_only
from apimpolicy.binding.reports import shown
from apimpolicy.binding.symbols import LocalFunctionSymbol
from apimpolicy.binding.type_relations import is_ref_struct, same
from apimpolicy.dotnet.types import ERROR
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Child, Node


def bind_ref_expression(binder: Binder, node: shapes.RefExpression) -> Expression:
    """Return a `ref` where no reference is wanted: only the places that want one ask `reference` themselves."""
    return binder.failure(node, "CS1525", "'ref' can't be used here", help="remove it")


def bind_reference(
    binder: Binder, node: shapes.RefExpression, *, returned: bool = False, read_only: bool = False
) -> Expression:
    """`ref variable`: the reference; reports when there is no variable, or one that does not live on.

    `read_only`: what is wanted is a `ref readonly`, which may be to a variable that can only be read.
    """
    target = binder.require_typed(binder.bind_value(node.target))
    if isinstance(target, Bad):
        return target
    return reference_to(binder, target, node.target, returned=returned, read_only=read_only)


def reference_to(
    binder: Binder, target: Expression, node: Child, *, returned: bool = False, read_only: bool = False
) -> Expression:
    cause = None if read_only else find_read_only(target)
    if cause is not None:
        return binder.failure(node, cause.returned if returned else cause.referenced, f"{cause.what} and is read-only")
    if isinstance(target, nodes.Dereference):
        return target.reference
    if isinstance(target, nodes.IndexerAccess) and target.property.has_setter and is_ref_struct(target.receiver.type):
        return nodes.Reference(target.syntax, target.type, target)  # the indexer of a span returns by reference
    if isinstance(target, (nodes.PropertyAccess, nodes.IndexerAccess)):
        code = "CS8156" if returned else "CS0206"
        return binder.failure(node, code, "a property or indexer can't be passed by reference")
    if not isinstance(target, (nodes.Local, nodes.ArrayAccess, nodes.FieldAccess, nodes.TupleElement)) or (
        isinstance(target, nodes.Local) and target.symbol.kind == "constant"
    ):
        return binder.failure(node, "CS8156" if returned else "CS1510", "'ref' needs a variable")
    if isinstance(target, nodes.Local):
        if returned and not target.symbol.is_reference and not (read_only and target.symbol.mode == "in"):
            return _does_not_live_on(binder, target, node)
        if target.symbol.is_readonly and not read_only:
            message = f"'{target.symbol.name}' is read-only and can't be passed by reference"
            return binder.failure(node, "CS1657", message)
    mark_referenced(target)
    return nodes.Reference(target.syntax, target.type, target)


def _does_not_live_on(binder: Binder, target: nodes.Local, node: Child) -> Bad:
    if target.symbol.kind == "parameter":
        message = f"'{target.symbol.name}' can't be returned by reference: it is not a ref parameter"
        return binder.failure(node, "CS8166", message)
    message = f"'{target.symbol.name}' can't be returned by reference: it is not a ref variable"
    return binder.failure(node, "CS8168", message)


def wanted_reference(binder: Binder, node: Child, reference: Expression, wanted: Type, code: str) -> Expression:
    """Return a reference; reports one that is not to exactly the wanted type: CS8173 or CS8151."""
    if ERROR in (reference.type, wanted) or same(reference.type, wanted):
        return reference
    return binder.failure(node, code, f"a reference to '{shown(wanted)}' is needed, not to '{shown(reference.type)}'")


def reference_conditional(binder: Binder, node: shapes.Conditional) -> Expression:
    """`c ? ref a : ref b` is a variable (section 12.18); both branches have one type."""
    branches = [branch for branch in (node.when_true, node.when_false) if isinstance(branch, shapes.RefExpression)]
    if len(branches) == 1:
        at = node.when_true if node.when_false is branches[0] else node.when_false
        return binder.failure(at, "CS8326", "either both or none of the branches must be 'ref'")
    condition = binder.bind_condition(node.condition)
    first, second = (bind_reference(binder, branch, read_only=True) for branch in branches)
    if any(isinstance(e, Bad) for e in (condition, first, second)):
        return binder.bad(node)
    if not same(first.type, second.type):
        message = f"both branches must be of the type '{shown(first.type)}'"
        return binder.failure(second.syntax, "CS8327", message)
    return nodes.Dereference(node, first.type, nodes.Conditional(node, first.type, condition, first, second))


def returned_reference(binder: Binder, node: Node, value: Node, function: object) -> Expression:
    """Return the returned reference; report a value and a function that do not agree about `ref`."""
    at = node.start if isinstance(node, shapes.ReturnStatement) else value.start
    if not isinstance(function, LocalFunctionSymbol) or not function.returns_reference:
        return binder.failure_at(at, node.end, node, "CS8149", "this function doesn't return by reference")
    if not isinstance(value, shapes.RefExpression):
        help = "write 'ref' before the variable"
        return binder.failure_at(at, node.end, node, "CS8150", "this function returns by reference", help=help)
    reference = bind_reference(binder, value, returned=True, read_only=function.returns_readonly)
    if isinstance(reference, Bad):
        return reference
    return wanted_reference(binder, value.target, reference, function.returns, "CS8151")
