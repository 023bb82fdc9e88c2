"""Replay of assignments: to variables, properties, elements and entries of dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.concolic import symbolic_json
from apimpolicy.concolic.origins import SETS, Origin
from apimpolicy.concolic.replayer import Replayer, UnsupportedStatement, handles
from apimpolicy.concolic.sequences import Entries, Items
from apimpolicy.concolic.strings import same_text
from apimpolicy.concolic.values import ConcolicValue, first_unsupported

if TYPE_CHECKING:
    from apimpolicy.binding.symbols import LocalSymbol


@handles(nodes.Assignment)
def assignment(replayer: Replayer, node: nodes.Assignment) -> ConcolicValue:
    target = node.target
    if isinstance(target, nodes.Local):
        value = replayer.evaluate(node.value)
        replayer.locals[target.symbol] = value
        return value
    receiver, keys = _parts_of_target(replayer, target)
    value = replayer.evaluate(node.value)
    before = receiver.as_value(receiver.value)
    _store(replayer, node, receiver, keys, value)
    if isinstance(target, nodes.PropertyAccess):
        receiver.origin = Origin(f"{SETS}{target.property.name}", node, [before, value])
    return value


def _parts_of_target(replayer: Replayer, target: nodes.Expression) -> tuple[ConcolicValue, list[ConcolicValue]]:
    if isinstance(target, nodes.IndexerAccess):
        return replayer.evaluate(target.receiver), replayer.evaluate_all(target.arguments)
    if isinstance(target, nodes.ArrayAccess):
        return replayer.evaluate(target.array), replayer.evaluate_all(target.indexes)
    if isinstance(target, (nodes.PropertyAccess, nodes.FieldAccess)) and target.receiver is not None:
        return replayer.evaluate(target.receiver), []
    raise UnsupportedStatement("an assignment")


def _store(
    replayer: Replayer, node: nodes.Bound, receiver: ConcolicValue, keys: list[ConcolicValue], value: ConcolicValue
) -> None:
    """Replace an element or property of an object."""
    form = receiver.form
    key = keys[0].value if len(keys) == 1 and keys[0].is_constant else None
    if isinstance(form, symbolic_json.BuiltJson) and isinstance(key, str):
        form.fields[key] = (
            value
            if isinstance(value.form, symbolic_json.Token)
            else ConcolicValue(
                value.value,
                value.term,
                null=value.null,
                form=symbolic_json.JsonScalar(value),
                unsupported=value.unsupported,
            )
        )
        return
    if isinstance(form, symbolic_json.SymbolicJson) and isinstance(key, str):
        replayer.path.changed[*form.key, f".{key}"] = symbolic_json.token_of(value)
        return
    if isinstance(form, Items) and isinstance(key, int) and 0 <= key < len(form.items):
        form.items[key] = value
        return
    if isinstance(form, Entries) and len(keys) == 1 and _put(replayer, form, keys[0], value):
        return
    if receiver.is_constant and value.is_constant and all(each.is_constant for each in keys):
        return
    invalidate(replayer, receiver, first_unsupported(value, *keys) or replayer.unsupported_at("assignment", node))


def _put(replayer: Replayer, entries: Entries, key: ConcolicValue, value: ConcolicValue) -> bool:
    """Store a value in a dictionary. Return False when it is unknown whether the key existed."""
    same = [same_text(other, key) for other, _ in entries.entries]
    if entries.unsupported is not None or not isinstance(key.value, str) or key.null is not None or None in same:
        return False
    for index, found in enumerate(same):
        assert found is not None
        is_same = bool(found.value) if found.term is None else replayer.path.branch_on(found.term, "key")
        if is_same:
            entries.entries[index] = entries.entries[index][0], value
            return True
    entries.entries.append((key, value))
    return True


def invalidate(replayer: Replayer, receiver: ConcolicValue, unsupported: Any) -> None:
    """Forget the form of an object after an unknown change."""
    if receiver.form is not None and hasattr(receiver.form, "invalidate"):
        receiver.form.invalidate(unsupported)
    else:
        receiver.unsupported = receiver.unsupported or unsupported
        receiver.form = None


@handles(nodes.CompoundAssignment)
def compound_assignment(replayer: Replayer, node: nodes.CompoundAssignment) -> ConcolicValue:
    if not isinstance(node.target, nodes.Local):
        raise UnsupportedStatement("an assignment")
    symbol: LocalSymbol = node.target.symbol
    known = replayer.locals.get(symbol, ConcolicValue())
    if replayer.next_node is node.target:
        known = replayer.evaluate(node.target)
    replayer.placeholders[node.placeholder] = known
    found = replayer.evaluate(node.result)
    replayer.locals[symbol] = found
    return known if node.is_postfix else found
