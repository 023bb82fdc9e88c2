"""Names, members, calls and what is made new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.symbolic import totality, trees
from apimpolicy.symbolic.forms import Call, form_of
from apimpolicy.symbolic.origins import OUTPUT, SETS, Origin, name_of
from apimpolicy.symbolic.sequences import Entries, Items, items_of
from apimpolicy.symbolic.values import Dual, obstacle_in
from apimpolicy.symbolic.walker import Return, Thrown, Unfollowed, Walker, walks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.signatures import Member

_SIMPLE = (str, int, float, bool, type(None))


class Function:
    """The form of a lambda: its node, to be walked with the walker that met it."""

    __slots__ = ("node",)

    def __init__(self, node: nodes.Lambda) -> None:
        self.node = node


def called(walker: Walker, function: Dual, arguments: Sequence[Dual]) -> Dual:
    """What a lambda gives in the call that the run made next."""
    form = function.form
    if not isinstance(form, Function) or form.node.is_async:
        raise Unfollowed("a delegate")
    for symbol, argument in zip(form.node.parameters, arguments, strict=False):
        walker.locals[symbol] = argument
    body = form.node.body
    if isinstance(body, nodes.Expression):
        found = walker.evaluate(body)
        if str(body.type) == "bool":
            walker.path.decide(found, body)
        return found
    try:
        walker.walk(body)
    except Return as result:
        return result.value
    return Dual()


@walks(nodes.Lambda)
def lambda_expression(walker: Walker, node: nodes.Lambda) -> Dual:
    return Dual(form=Function(node))


@walks(nodes.Local)
def local(walker: Walker, node: nodes.Local) -> Dual:
    from apimpolicy.symbolic.things import Thing

    symbol = node.symbol
    if symbol.kind == "context":
        return Dual(form=Thing("context"))
    known = walker.locals.get(symbol)
    if known is None:
        return Dual(lost=walker.obstacle(f"variable {symbol.name}", node))
    following = walker.entries[walker.position] if walker.position < len(walker.entries) else None
    if following is not None and following[0] is node and not _is_same(known.value, following[1]):
        return Dual(lost=known.lost or walker.obstacle(f"variable {symbol.name}", node), origin=known.origin)
    return known


def _is_same(known: Any, seen: Any) -> bool:
    if known is seen:
        return True
    if isinstance(seen, _SIMPLE) and isinstance(known, _SIMPLE):
        return bool(known == seen) or known is None
    return not isinstance(seen, _SIMPLE)


@walks(nodes.FieldAccess)
def field_access(walker: Walker, node: nodes.FieldAccess) -> Dual:
    if node.receiver is None:
        return Dual()
    receiver = walker.evaluate(node.receiver)
    return _member(walker, node, node.field, receiver, [])


@walks(nodes.PropertyAccess)
def property_access(walker: Walker, node: nodes.PropertyAccess) -> Dual:
    receiver = None if node.receiver is None else walker.evaluate(node.receiver)
    if receiver is not None and node.property.container.is_nullable:
        return _of_nullable(walker, node, receiver)
    return _member(walker, node, node.property, receiver, [])


def _of_nullable(walker: Walker, node: nodes.PropertyAccess, receiver: Dual) -> Dual:
    from apimpolicy.symbolic import solver

    if node.property.name == "HasValue":
        if receiver.null is not None:
            return Dual(term=solver.no(receiver.null))
        return Dual(lost=receiver.lost)
    walker.not_null(receiver, node)
    return Dual(term=receiver.term, lost=receiver.lost, origin=receiver.origin)


@walks(nodes.IndexerAccess)
def indexer_access(walker: Walker, node: nodes.IndexerAccess) -> Dual:
    receiver = walker.evaluate(node.receiver)
    return _member(walker, node, node.property, receiver, walker.evaluate_all(node.arguments))


@walks(nodes.Call)
def call(walker: Walker, node: nodes.Call) -> Dual:
    receiver = (
        None
        if node.receiver is None or isinstance(node.receiver, nodes.TypeReference)
        else walker.evaluate(node.receiver)
    )
    modes = [parameter.mode for parameter in node.method.parameters] + [""] * len(node.arguments)
    arguments = [_argument(walker, each, mode) for each, mode in zip(node.arguments, modes, strict=False)]
    found = _member(walker, node, node.method, receiver, arguments)
    _outputs(walker, node, found, arguments if receiver is None else [receiver, *arguments])
    if isinstance(found.form, Output):
        return Dual(found.value, found.term, null=found.null, lost=found.lost, origin=found.origin)
    return found


def _argument(walker: Walker, node: nodes.Expression, mode: str) -> Dual:
    """An argument; of a variable that the call sets there is no value before."""
    if isinstance(node, nodes.OutVariable):
        return Dual()
    if mode in ("out", "ref") and isinstance(node, nodes.Local):
        return walker.locals.get(node.symbol, Dual())
    return walker.evaluate(node)


def _outputs(walker: Walker, node: nodes.Call, found: Dual, operands: list[Dual]) -> None:
    """Variables that a call set: what its form says stands in the form of its result."""
    for parameter, argument in zip(node.method.parameters, node.arguments, strict=False):
        if parameter.mode not in ("out", "ref"):
            continue
        symbol = getattr(argument, "symbol", None)
        if symbol is not None:
            given = found.form if isinstance(found.form, Output) else None
            lost = found.lost or walker.obstacle(f"{node.method.declaring.name}.{node.method.name}", node)
            unknown = Dual(lost=lost, origin=Origin(f"{OUTPUT}{name_of(node)}", node, operands))
            walker.locals[symbol] = given.value if given is not None else unknown


class Output:
    """The form of a result beside which a variable was set."""

    __slots__ = ("value",)

    def __init__(self, value: Dual) -> None:
        self.value = value


def _member(
    walker: Walker, node: nodes.Expression, member: Member, receiver: Dual | None, arguments: list[Dual]
) -> Dual:
    """The meaning of a member: what its form says, or what it was."""
    own = [receiver, *arguments] if receiver is not None else arguments
    if receiver is not None and not receiver.is_constant:
        walker.not_null(receiver, node)
        if receiver.value is None and receiver.null is not None:
            return Dual()
    form = form_of(member.declaring.name, member.signature)
    if form is not None:
        found = form(Call(walker, node, member, receiver, arguments))
        if found is not None:
            return found
    return walker.opaque(
        f"{member.declaring.name}.{member.name}", node, own, may_throw=totality.may_throw(member, arguments)
    )


@walks(nodes.DelegateCall)
def delegate_call(walker: Walker, node: nodes.DelegateCall) -> Dual:
    target = walker.evaluate(node.target)
    return called(walker, target, walker.evaluate_all(node.arguments))


@walks(nodes.ArrayAccess)
def array_access(walker: Walker, node: nodes.ArrayAccess) -> Dual:
    array = walker.evaluate(node.array)
    indexes = walker.evaluate_all(node.indexes)
    if array.is_constant and all(each.is_constant for each in indexes):
        return Dual()
    found = item_at(walker, array, indexes[0], node) if len(indexes) == 1 else None
    return found if found is not None else walker.opaque("array", node, [array, *indexes])


def item_at(walker: Walker, collection: Dual, index: Dual, node: nodes.Bound) -> Dual | None:
    """The item at a place; the place that it was decides the way. None when the list has no form."""
    from apimpolicy.symbolic import solver
    from apimpolicy.symbolic.values import term_of

    if collection.lost is not None or not isinstance(index.value, int):
        return None
    items = items_of(walker, collection, node)
    if items is None:
        return None
    items = list(items)
    if not index.is_constant:
        term = term_of(index)
        if term is None:
            return None
        walker.path.choose(term, range(len(items)), int(index.value), "index")
    if 0 <= index.value < len(items):
        return items[index.value]
    walker.guard(solver.FALSE)
    return Dual()


@walks(nodes.ArrayCreation)
def array_creation(walker: Walker, node: nodes.ArrayCreation) -> Dual:
    sizes = walker.evaluate_all(node.sizes)
    if node.items is None:
        return Dual() if all(each.is_constant for each in sizes) else walker.opaque("array", node, sizes)
    if not all(isinstance(each, nodes.Expression) for each in node.items):
        return walker.unknown(node)
    items = walker.evaluate_all(node.items)
    return Dual() if all(each.is_constant for each in items) else Dual(form=Items(items))


@walks(nodes.AnonymousCreation)
def anonymous_creation(walker: Walker, node: nodes.AnonymousCreation) -> Dual:
    values = walker.evaluate_all(node.values)
    return Dual() if all(each.is_constant for each in values) else Dual(form=Parts(values))


@walks(nodes.TupleCreation)
def tuple_creation(walker: Walker, node: nodes.TupleCreation) -> Dual:
    values = walker.evaluate_all(node.elements)
    return Dual() if all(each.is_constant for each in values) else Dual(form=Parts(values))


@walks(nodes.AnonymousMember, nodes.TupleElement)
def part(walker: Walker, node: nodes.AnonymousMember | nodes.TupleElement) -> Dual:
    receiver = walker.evaluate(node.receiver)
    if isinstance(receiver.form, Parts):
        return receiver.form.values[node.index]
    return Dual() if receiver.is_constant else Dual(lost=obstacle_in(receiver) or walker.obstacle("tuple", node))


class Parts:
    """The form of a tuple or an anonymous object."""

    __slots__ = ("values",)

    def __init__(self, values: list[Dual]) -> None:
        self.values = values


@walks(nodes.ObjectCreation)
def object_creation(walker: Walker, node: nodes.ObjectCreation) -> Dual:
    arguments = walker.evaluate_all(node.arguments)
    name = node.type.definition.name if hasattr(node.type, "definition") else str(node.type)
    signature = "new()" if node.constructor is None else node.constructor.signature
    owner = name if node.constructor is None else node.constructor.declaring.name
    form = form_of(owner, signature)
    constructor = node.constructor
    made = None
    if form is not None and constructor is not None:
        made = form(Call(walker, node, constructor, None, arguments))
    if made is None:
        made = walker.opaque(f"new {owner}", node, arguments)
    for initializer in node.initializers:
        _initialize(walker, initializer, made)
    return made


def _initialize(walker: Walker, initializer: nodes.Initializer, made: Dual) -> None:
    walker.placeholders[initializer.placeholder] = made
    action = initializer.action
    found = walker.evaluate(action)
    for nested in initializer.nested:
        _initialize(walker, nested, found)


@walks(nodes.Assignment)
def assignment(walker: Walker, node: nodes.Assignment) -> Dual:
    target = node.target
    if isinstance(target, nodes.Local):
        value = walker.evaluate(node.value)
        walker.locals[target.symbol] = value
        return value
    receiver, keys = _parts_of_target(walker, target)
    value = walker.evaluate(node.value)
    before = receiver.as_value(receiver.value)
    _store(walker, node, receiver, keys, value)
    if isinstance(target, nodes.PropertyAccess):
        receiver.origin = Origin(f"{SETS}{target.property.name}", node, [before, value])
    return value


def _parts_of_target(walker: Walker, target: nodes.Expression) -> tuple[Dual, list[Dual]]:
    if isinstance(target, nodes.IndexerAccess):
        return walker.evaluate(target.receiver), walker.evaluate_all(target.arguments)
    if isinstance(target, nodes.ArrayAccess):
        return walker.evaluate(target.array), walker.evaluate_all(target.indexes)
    if isinstance(target, (nodes.PropertyAccess, nodes.FieldAccess)) and target.receiver is not None:
        return walker.evaluate(target.receiver), []
    raise Unfollowed("an assignment")


def _store(walker: Walker, node: nodes.Bound, receiver: Dual, keys: list[Dual], value: Dual) -> None:
    """Something in an object is replaced."""
    form = receiver.form
    key = keys[0].value if len(keys) == 1 and keys[0].is_constant else None
    if isinstance(form, trees.Built) and isinstance(key, str):
        form.fields[key] = (
            value
            if isinstance(value.form, trees.Token)
            else Dual(value.value, value.term, null=value.null, form=trees.Scalar(value), lost=value.lost)
        )
        return
    if isinstance(form, trees.Tree) and isinstance(key, str):
        walker.path.changed[*form.key, f".{key}"] = trees.token_of(value)
        return
    if isinstance(form, Items) and isinstance(key, int) and 0 <= key < len(form.items):
        form.items[key] = value
        return
    if isinstance(form, Entries) and len(keys) == 1 and _put(walker, form, keys[0], value):
        return
    if receiver.is_constant and value.is_constant and all(each.is_constant for each in keys):
        return
    spoil(walker, receiver, obstacle_in(value, *keys) or walker.obstacle("assignment", node))


def _put(walker: Walker, entries: Entries, key: Dual, value: Dual) -> bool:
    """Whether it is known what a dictionary has when a key gets a value: it had the key, or has one more."""
    from apimpolicy.symbolic.texts import same_text

    same = [same_text(other, key) for other, _ in entries.entries]
    if entries.lost is not None or not isinstance(key.value, str) or key.null is not None or None in same:
        return False
    for index, found in enumerate(same):
        assert found is not None
        is_same = bool(found.value) if found.term is None else walker.path.split(found.term, "key")
        if is_same:
            entries.entries[index] = entries.entries[index][0], value
            return True
    entries.entries.append((key, value))
    return True


def spoil(walker: Walker, receiver: Dual, lost: Any) -> None:
    """Something unknown was done to an object."""
    if receiver.form is not None and hasattr(receiver.form, "spoil"):
        receiver.form.spoil(lost)
    else:
        receiver.lost = receiver.lost or lost
        receiver.form = None


@walks(nodes.CompoundAssignment)
def compound_assignment(walker: Walker, node: nodes.CompoundAssignment) -> Dual:
    if not isinstance(node.target, nodes.Local):
        raise Unfollowed("an assignment")
    symbol: LocalSymbol = node.target.symbol
    known = walker.locals.get(symbol, Dual())
    if walker.next_node is node.target:
        known = walker.evaluate(node.target)
    walker.placeholders[node.placeholder] = known
    found = walker.evaluate(node.result)
    walker.locals[symbol] = found
    return known if node.is_postfix else found


__all__ = ["Function", "Output", "Parts", "Thrown", "called", "item_at", "spoil"]
