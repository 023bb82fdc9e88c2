"""Changes of objects that a policy builds: the variable that holds an object gets another value.

Other variables that hold the same object keep the one that they have.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing import octets
from apimpolicy.proposing.forms import FORMS, form
from apimpolicy.proposing.names import Elements, Members, ProposedUnknowns
from apimpolicy.semantics.access import item_of
from apimpolicy.semantics.evaluation import constant_of
from apimpolicy.semantics.members import Call
from apimpolicy.semantics.operators import text_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Host,
    Items,
    Json,
    Number,
    Table,
    Text,
    Value,
    constant_number,
    constant_truth,
    leaves,
    merge,
)
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.proposing.evaluation import ProposedEvaluation

_JSON = "Newtonsoft.Json.Linq."
_GENERIC = "System.Collections.Generic"
_BUILDER = "System.Text.StringBuilder"
_MOST_VERSIONS = 8
"""Contents that an object may have; a change that makes more of them is left out."""


def _unknowns(evaluation: ProposedEvaluation) -> ProposedUnknowns:
    assert isinstance(evaluation.unknowns, ProposedUnknowns)
    return evaluation.unknowns


def value_of(evaluation: ProposedEvaluation, node: nodes.Expression) -> Value | None:
    """Return the value of an expression that makes or changes an object; None for others."""
    match node:
        case nodes.Call() if node.receiver is not None:
            change = CHANGES.get((node.method.declaring.name, node.method.name))
            if change is not None:
                return change(evaluation, node)
        case nodes.Assignment(target=nodes.IndexerAccess() as target):
            value = evaluation.value(node.value)
            key = evaluation.value(target.arguments[0])
            _change(evaluation, target.receiver, partial(_with_item, evaluation, key=key, value=value))
            return value
        case nodes.ObjectCreation() if node.initializers:
            name = str(getattr(node.type, "definition", node.type)).partition("<")[0]
            if (name, "new") in FORMS:
                return _initialized(evaluation, node, FORMS[name, "new"])
        case nodes.ArrayAccess() if str(node.type) == "byte":
            return _byte(evaluation, node)
        case nodes.ArrayAccess() if len(node.indexes) == 1:
            values = [evaluation.value(node.array), evaluation.value(node.indexes[0])]
            return evaluation.each(values, partial(_item_at, evaluation, type_=str(node.type)))
        case nodes.ArrayCreation() if node.items is None and str(node.type) == "byte[]":
            size = evaluation.value(node.sizes[0])
            return evaluation.each([size], partial(octets.new_array, evaluation))
        case nodes.Call() if (node.method.declaring.name, node.method.name) in _COPIES:
            return _copy(evaluation, node)
        case nodes.AnonymousCreation():
            names = [each[0] for each in node.type.members]
            values = [evaluation.value(each) for each in node.values]
            return _unknowns(evaluation).tree(Members(dict(zip(names, values, strict=True))))
        case nodes.AnonymousMember():
            own = _unknowns(evaluation).built(evaluation.value(node.receiver))
            if isinstance(own, Members):
                return list(own.entries.values())[node.index]
    return None


def _item_at(evaluation: Any, own: Value, index: Value, *, type_: str) -> Value:
    """Return the item of a list at an index that need not be constant."""
    if not isinstance(own, Items) or not isinstance(index, Number) or index.constant is not None:
        return item_of(evaluation, [own, index], type_)
    evaluation.throw(terms.not_(terms.at_most(index.term, terms.number(len(own.items) - 1))))
    evaluation.throw(terms.at_most(index.term, terms.number(-1)))
    found: Value = own.items[-1] if own.items else evaluation.fail()
    for place in range(len(own.items) - 2, -1, -1):
        found = merge(terms.at_most(index.term, terms.number(place)), own.items[place], found)
    return found


@form(f"{_GENERIC}.List", "T Item[int index] { get; set; }")
def item_of_list(call: Call, own: Value, index: Value) -> Value:
    return _item_at(call.evaluation, own, index, type_=str(call.type))


_COPIES = (("System.Array", "Copy"), ("System.Buffer", "BlockCopy"))


def _copy(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    """Copy bytes of one array to another one."""
    arguments = node.arguments
    zero = constant_number(0)
    values = [evaluation.value(each) for each in arguments]
    if len(values) == 3:
        values, target = [values[0], zero, values[1], zero, values[2]], arguments[1]
    else:
        target = arguments[2]
    call = Call(evaluation, node.method, node.type)
    _store(evaluation, target, evaluation.each(values, partial(octets.copied, call)))
    return zero


def _byte(evaluation: ProposedEvaluation, node: nodes.ArrayAccess) -> Value:
    values = [evaluation.value(each) for each in (node.array, *node.indexes)]

    def byte(own: Value, index: Value) -> Value:
        is_missing, found = octets.item_of(own, index)
        evaluation.throw(is_missing)
        return found

    return evaluation.each(values, byte)


def _initialized(evaluation: ProposedEvaluation, node: nodes.ObjectCreation, new: Any) -> Value:
    made: Value = new(evaluation, *(evaluation.value(each) for each in node.arguments))
    for step in node.initializers:
        if step.nested:
            raise Unsupported("an object with parts that are changed")
        evaluation.placeholders[id(step.placeholder)] = made
        evaluation.value(step.action)
        made = evaluation.placeholders[id(step.placeholder)]
    return made


def _change(evaluation: ProposedEvaluation, node: nodes.Expression, change: Callable[[Value], Value]) -> Value:
    """Replace what an expression refers to with another value, and return that."""
    old = evaluation.value(node)
    new = evaluation.each([old], change)
    if len(leaves(new)) > _MOST_VERSIONS:
        return old
    _store(evaluation, node, new)
    return new


def _store(evaluation: ProposedEvaluation, node: nodes.Expression, value: Value) -> None:
    match node:
        case nodes.Local():
            evaluation.variables[node.symbol] = value
        case nodes.Placeholder():
            evaluation.placeholders[id(node)] = value
        case nodes.Convert() | nodes.AsType():
            _store(evaluation, node.operand, value)
        case nodes.IndexerAccess():
            key = evaluation.value(node.arguments[0])
            _change(evaluation, node.receiver, partial(_with_item, evaluation, key=key, value=value))
        case nodes.Call() if node.receiver is not None and node.method.declaring.name == _BUILDER:
            _store(evaluation, node.receiver, value)
        case nodes.Call() if node.method.name == "GetValueOrDefault" and len(node.arguments) > 1:
            _with_item(evaluation, evaluation.value(node.arguments[0]), evaluation.value(node.arguments[1]), value)


def _with_item(evaluation: ProposedEvaluation, own: Value, key: Value, value: Value) -> Value:
    """Return a collection with another item."""
    unknowns = _unknowns(evaluation)
    built = unknowns.built(own)
    match own:
        case Host(path="variables"):
            name = constant_of(key)
            old = evaluation.state.get("variable", name)
            evaluation.state.set(merge(evaluation.guard, value, old), "variable", name)
            return own
        case Json() if isinstance(key, Text):
            name = constant_of(key)
            if isinstance(built, Members):
                return unknowns.tree(Members({**built.entries, name: value}, built.base))
            return unknowns.tree(Members({name: value}, own))
        case Json() if isinstance(built, Elements):
            return unknowns.tree(Elements(_replaced(built.items, key, value)))
        case Items():
            return Items(_replaced(own.items, key, value), own.type, own.made, comparer=own.comparer)
        case Table():
            entries = {**dict(own.entries), constant_of(key): value}
            return Table(tuple(entries.items()), own.type, own.made, comparer=own.comparer)
    if own is NULL:
        return evaluation.fail()
    raise Unsupported("a change of an object that is not known")


def _replaced(items: tuple[Value, ...], key: Value, value: Value) -> tuple[Value, ...]:
    index = key.constant if isinstance(key, Number) else None
    if index is None or not 0 <= index < len(items):
        raise Unsupported("an index that is not known")
    return (*items[:index], value, *items[index + 1 :])


def _add(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None
    values = [evaluation.value(each) for each in node.arguments]
    if len(values) == 2:
        _change(evaluation, node.receiver, partial(_with_item, evaluation, key=values[0], value=values[1]))
    else:
        _change(evaluation, node.receiver, partial(_with_last, evaluation, value=values[0]))
    return constant_truth(True)


def _with_last(evaluation: ProposedEvaluation, own: Value, value: Value) -> Value:
    unknowns = _unknowns(evaluation)
    if isinstance(own, Items):
        return Items((*own.items, value), own.type, own.made, comparer=own.comparer)
    built = unknowns.built(own)
    if isinstance(built, Elements):
        return unknowns.tree(Elements((*built.items, value)))
    name, content = unknowns.properties.get(value.key, (None, NULL))
    if name is not None:
        return _with_item(evaluation, own, name, content)
    raise Unsupported("a change of an object that is not known")


def _remove(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None
    key = constant_of(evaluation.value(node.arguments[0]))

    def without(own: Value) -> Value:
        unknowns = _unknowns(evaluation)
        built = unknowns.built(own)
        if isinstance(own, Table):
            return Table(tuple(each for each in own.entries if each[0] != key), own.type, own.made)
        if isinstance(built, Members):
            return unknowns.tree(Members({**built.entries, key: None}, built.base))
        if isinstance(own, Json):
            return unknowns.tree(Members({key: None}, own))
        raise Unsupported("a change of an object that is not known")

    _change(evaluation, node.receiver, without)
    return constant_truth(True)


def _clear(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None

    def empty(own: Value) -> Value:
        if isinstance(own, Items):
            return Items((), own.type, own.made, comparer=own.comparer)
        if isinstance(own, Table):
            return Table((), own.type, own.made, comparer=own.comparer)
        raise Unsupported("a change of an object that is not known")

    return _change(evaluation, node.receiver, empty)


def _append(evaluation: ProposedEvaluation, node: nodes.Call) -> Value:
    assert node.receiver is not None
    values = [evaluation.value(each) for each in node.arguments[:1]]
    end = "\r\n" if node.method.name == "AppendLine" else ""

    def joined(own: Value) -> Value:
        if not isinstance(own, Text):
            raise Unsupported("a StringBuilder that is not known")
        texts = [evaluation.each([each], partial(text_of, evaluation)) for each in values]
        return evaluation.each(
            texts, lambda *parts: Text(terms.joined(own.term, *(each.term for each in parts), terms.text(end)))
        )

    return _change(evaluation, node.receiver, joined)


CHANGES: dict[tuple[str, str], Callable[[ProposedEvaluation, nodes.Call], Value]] = {
    **{
        (name, "Add"): _add
        for name in (
            *(f"{_JSON}{each}" for each in ("JObject", "JArray", "JContainer")),
            *(f"{_GENERIC}.{each}" for each in ("List", "HashSet", "ICollection", "Dictionary", "IDictionary")),
        )
    },
    (f"{_JSON}JObject", "Remove"): _remove,
    (f"{_GENERIC}.Dictionary", "Remove"): _remove,
    **{(f"{_GENERIC}.{name}", "Clear"): _clear for name in ("List", "HashSet", "Dictionary")},
    (_BUILDER, "Append"): _append,
    (_BUILDER, "AppendLine"): _append,
}
"""The members that change an object."""
