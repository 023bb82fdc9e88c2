"""Names, members, calls and what is made new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.concolic import solver, throwing
from apimpolicy.concolic.context_objects import ContextObject
from apimpolicy.concolic.forms import Call, form_of
from apimpolicy.concolic.origins import OUTPUT, Origin, name_of
from apimpolicy.concolic.replayer import Replayer, Return, UnsupportedStatement, handles
from apimpolicy.concolic.sequences import Items, items_of
from apimpolicy.concolic.values import ConcolicValue, first_unsupported, term_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.dotnet.signatures import Member

_SIMPLE = (str, int, float, bool, type(None))


class Function(Record):
    """The form of a lambda: its node, which is replayed by the replayer that created it."""

    node: nodes.Lambda


def called(replayer: Replayer, function: ConcolicValue, arguments: Sequence[ConcolicValue]) -> ConcolicValue:
    """Return the result of a lambda in the call that the run made next."""
    form = function.form
    if not isinstance(form, Function) or form.node.is_async:
        raise UnsupportedStatement("a delegate")
    for symbol, argument in zip(form.node.parameters, arguments, strict=False):
        replayer.locals[symbol] = argument
    body = form.node.body
    if isinstance(body, nodes.Expression):
        found = replayer.evaluate(body)
        if str(body.type) == "bool":
            replayer.path.decide(found, body)
        return found
    try:
        replayer.walk(body)
    except Return as result:
        return result.value
    return ConcolicValue()


@handles(nodes.Lambda)
def lambda_expression(replayer: Replayer, node: nodes.Lambda) -> ConcolicValue:
    return ConcolicValue(form=Function(node))


@handles(nodes.Local)
def local(replayer: Replayer, node: nodes.Local) -> ConcolicValue:
    symbol = node.symbol
    if symbol.kind == "context":
        return ConcolicValue(form=ContextObject("context"))
    known = replayer.locals.get(symbol)
    if known is None:
        return ConcolicValue(unsupported=replayer.unsupported_at(f"variable {symbol.name}", node))
    following = replayer.entries[replayer.position] if replayer.position < len(replayer.entries) else None
    if following is not None and following[0] is node and not _is_same(known.value, following[1]):
        return ConcolicValue(
            unsupported=known.unsupported or replayer.unsupported_at(f"variable {symbol.name}", node),
            origin=known.origin,
        )
    return known


def _is_same(known: Any, seen: Any) -> bool:
    if known is seen:
        return True
    if isinstance(seen, _SIMPLE) and isinstance(known, _SIMPLE):
        return bool(known == seen) or known is None
    return not isinstance(seen, _SIMPLE)


@handles(nodes.FieldAccess)
def field_access(replayer: Replayer, node: nodes.FieldAccess) -> ConcolicValue:
    if node.receiver is None:
        return ConcolicValue()
    receiver = replayer.evaluate(node.receiver)
    return _member(replayer, node, node.field, receiver, [])


@handles(nodes.PropertyAccess)
def property_access(replayer: Replayer, node: nodes.PropertyAccess) -> ConcolicValue:
    receiver = None if node.receiver is None else replayer.evaluate(node.receiver)
    if receiver is not None and node.property.container.is_nullable:
        return _of_nullable(replayer, node, receiver)
    return _member(replayer, node, node.property, receiver, [])


def _of_nullable(replayer: Replayer, node: nodes.PropertyAccess, receiver: ConcolicValue) -> ConcolicValue:
    if node.property.name == "HasValue":
        if receiver.null is not None:
            return ConcolicValue(term=solver.not_(receiver.null))
        return ConcolicValue(unsupported=receiver.unsupported)
    replayer.not_null(receiver, node)
    return ConcolicValue(term=receiver.term, unsupported=receiver.unsupported, origin=receiver.origin)


@handles(nodes.IndexerAccess)
def indexer_access(replayer: Replayer, node: nodes.IndexerAccess) -> ConcolicValue:
    receiver = replayer.evaluate(node.receiver)
    return _member(replayer, node, node.property, receiver, replayer.evaluate_all(node.arguments))


@handles(nodes.Call)
def call(replayer: Replayer, node: nodes.Call) -> ConcolicValue:
    receiver = (
        None
        if node.receiver is None or isinstance(node.receiver, nodes.TypeReference)
        else replayer.evaluate(node.receiver)
    )
    modes = [parameter.mode for parameter in node.method.parameters] + [""] * len(node.arguments)
    arguments = [_argument(replayer, each, mode) for each, mode in zip(node.arguments, modes, strict=False)]
    found = _member(replayer, node, node.method, receiver, arguments)
    _outputs(replayer, node, found, arguments if receiver is None else [receiver, *arguments])
    if isinstance(found.form, Output):
        return ConcolicValue(
            found.value, found.term, null=found.null, unsupported=found.unsupported, origin=found.origin
        )
    return found


def _argument(replayer: Replayer, node: nodes.Expression, mode: str) -> ConcolicValue:
    """Evaluate an argument; an `out` variable has no value before the call."""
    if isinstance(node, nodes.OutVariable):
        return ConcolicValue()
    if mode in ("out", "ref") and isinstance(node, nodes.Local):
        return replayer.locals.get(node.symbol, ConcolicValue())
    return replayer.evaluate(node)


def _outputs(replayer: Replayer, node: nodes.Call, found: ConcolicValue, operands: list[ConcolicValue]) -> None:
    """Set the `out` and `ref` variables of a call from the form of its result."""
    for parameter, argument in zip(node.method.parameters, node.arguments, strict=False):
        if parameter.mode not in ("out", "ref"):
            continue
        symbol = getattr(argument, "symbol", None)
        if symbol is not None:
            given = found.form if isinstance(found.form, Output) else None
            unsupported = found.unsupported or replayer.unsupported_at(
                f"{node.method.declaring.name}.{node.method.name}", node
            )
            unknown = ConcolicValue(unsupported=unsupported, origin=Origin(f"{OUTPUT}{name_of(node)}", node, operands))
            replayer.locals[symbol] = given.value if given is not None else unknown


class Output(Record):
    """The form of a result beside which a variable was set."""

    value: ConcolicValue


def _member(
    replayer: Replayer,
    node: nodes.Expression,
    member: Member,
    receiver: ConcolicValue | None,
    arguments: list[ConcolicValue],
) -> ConcolicValue:
    """Return the result of a member by its form; without one it keeps the value of the run."""
    own = [receiver, *arguments] if receiver is not None else arguments
    if receiver is not None and not receiver.is_constant:
        replayer.not_null(receiver, node)
        if receiver.value is None and receiver.null is not None:
            return ConcolicValue()
    form = form_of(member.declaring.name, member.signature)
    if form is not None:
        found = form(Call(replayer, node, member, receiver, arguments))
        if found is not None:
            return found
    return replayer.opaque(
        f"{member.declaring.name}.{member.name}", node, own, may_throw=throwing.may_throw(member, arguments)
    )


@handles(nodes.DelegateCall)
def delegate_call(replayer: Replayer, node: nodes.DelegateCall) -> ConcolicValue:
    target = replayer.evaluate(node.target)
    return called(replayer, target, replayer.evaluate_all(node.arguments))


@handles(nodes.ArrayAccess)
def array_access(replayer: Replayer, node: nodes.ArrayAccess) -> ConcolicValue:
    array = replayer.evaluate(node.array)
    indexes = replayer.evaluate_all(node.indexes)
    if array.is_constant and all(each.is_constant for each in indexes):
        return ConcolicValue()
    found = item_at(replayer, array, indexes[0], node) if len(indexes) == 1 else None
    return found if found is not None else replayer.opaque("array", node, [array, *indexes])


def item_at(
    replayer: Replayer, collection: ConcolicValue, index: ConcolicValue, node: nodes.Bound
) -> ConcolicValue | None:
    """Return the item at an index, and branch on that index. None when the list has no form."""
    if collection.unsupported is not None or not isinstance(index.value, int):
        return None
    items = items_of(replayer, collection, node)
    if items is None:
        return None
    items = list(items)
    if not index.is_constant:
        term = term_of(index)
        if term is None:
            return None
        replayer.path.branch_on_value(term, range(len(items)), int(index.value), "index")
    if 0 <= index.value < len(items):
        return items[index.value]
    replayer.guard(solver.FALSE)
    return ConcolicValue()


@handles(nodes.ArrayCreation)
def array_creation(replayer: Replayer, node: nodes.ArrayCreation) -> ConcolicValue:
    sizes = replayer.evaluate_all(node.sizes)
    if node.items is None:
        return ConcolicValue() if all(each.is_constant for each in sizes) else replayer.opaque("array", node, sizes)
    if not all(isinstance(each, nodes.Expression) for each in node.items):
        return replayer.unknown(node)
    items = replayer.evaluate_all(node.items)
    return ConcolicValue() if all(each.is_constant for each in items) else ConcolicValue(form=Items(items))


@handles(nodes.AnonymousCreation)
def anonymous_creation(replayer: Replayer, node: nodes.AnonymousCreation) -> ConcolicValue:
    values = replayer.evaluate_all(node.values)
    return ConcolicValue() if all(each.is_constant for each in values) else ConcolicValue(form=Parts(values))


@handles(nodes.TupleCreation)
def tuple_creation(replayer: Replayer, node: nodes.TupleCreation) -> ConcolicValue:
    values = replayer.evaluate_all(node.elements)
    return ConcolicValue() if all(each.is_constant for each in values) else ConcolicValue(form=Parts(values))


@handles(nodes.AnonymousMember, nodes.TupleElement)
def part(replayer: Replayer, node: nodes.AnonymousMember | nodes.TupleElement) -> ConcolicValue:
    receiver = replayer.evaluate(node.receiver)
    if isinstance(receiver.form, Parts):
        return receiver.form.values[node.index]
    return (
        ConcolicValue()
        if receiver.is_constant
        else ConcolicValue(unsupported=first_unsupported(receiver) or replayer.unsupported_at("tuple", node))
    )


class Parts(Record):
    """The form of a tuple or an anonymous object."""

    values: list[ConcolicValue]


@handles(nodes.ObjectCreation)
def object_creation(replayer: Replayer, node: nodes.ObjectCreation) -> ConcolicValue:
    arguments = replayer.evaluate_all(node.arguments)
    name = node.type.definition.name if hasattr(node.type, "definition") else str(node.type)
    signature = "new()" if node.constructor is None else node.constructor.signature
    owner = name if node.constructor is None else node.constructor.declaring.name
    form = form_of(owner, signature)
    constructor = node.constructor
    made = None
    if form is not None and constructor is not None:
        made = form(Call(replayer, node, constructor, None, arguments))
    if made is None:
        made = replayer.opaque(f"new {owner}", node, arguments)
    for initializer in node.initializers:
        _initialize(replayer, initializer, made)
    return made


def _initialize(replayer: Replayer, initializer: nodes.Initializer, made: ConcolicValue) -> None:
    replayer.placeholders[initializer.placeholder] = made
    action = initializer.action
    found = replayer.evaluate(action)
    for nested in initializer.nested:
        _initialize(replayer, nested, found)
