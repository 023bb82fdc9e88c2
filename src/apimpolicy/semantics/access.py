"""Variables, properties, indexers and assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.languages.operations import PartOf
from apimpolicy.semantics.keys import key_of, reads_of_all
from apimpolicy.semantics.members import get_property, unknown_change
from apimpolicy.semantics.operators import is_null, without_null
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Host, Items, Number, Parts, Text, Value, constant_text, merge
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import PartCount

if TYPE_CHECKING:
    from apimpolicy.semantics.evaluation import Evaluation


def value_local(evaluation: Evaluation, node: nodes.Local) -> Value:
    symbol = node.symbol
    if symbol.kind == "context":
        return Host("context")
    found = evaluation.variables.get(symbol)
    if found is None or symbol.is_reference or symbol.is_referenced:
        raise Unsupported("a variable that is a reference")
    return found


def value_placeholder(evaluation: Evaluation, node: nodes.Placeholder) -> Value:
    found = evaluation.placeholders.get(id(node))
    if found is None:
        raise Unsupported("a part of an object that is made")
    return found


def value_field_access(evaluation: Evaluation, node: nodes.FieldAccess) -> Value:
    name = f"{node.field.declaring.name}.{node.field.name}"
    if node.receiver is None and name == "string.Empty":
        return constant_text("")
    if node.receiver is not None:
        raise Unsupported(f"the field {name}")
    is_fixed = "readonly" in node.field.signature
    return evaluation.unknowns.value(str(node.type), name, ("field", name) if is_fixed else None)


def value_property_access(evaluation: Evaluation, node: nodes.PropertyAccess) -> Value:
    receiver = [] if node.receiver is None else [evaluation.value(node.receiver)]
    return evaluation.each(receiver, lambda *values: get_property(evaluation, node.property, list(values), node.type))


def value_indexer_access(evaluation: Evaluation, node: nodes.IndexerAccess) -> Value:
    values = [evaluation.value(node.receiver), *(evaluation.value(each) for each in node.arguments)]
    return evaluation.each(values, lambda *given: get_property(evaluation, node.property, list(given), node.type))


def value_array_access(evaluation: Evaluation, node: nodes.ArrayAccess) -> Value:
    values = [evaluation.value(node.array), *(evaluation.value(each) for each in node.indexes)]
    return evaluation.each(values, lambda *given: item_of(evaluation, list(given), str(node.type)))


def item_of(evaluation: Evaluation, values: list[Value], type_: str) -> Value:
    """Return an item of an array or a list by its index."""
    collection = values[0]
    if collection is NULL:
        return evaluation.fail()
    index = values[1].constant if len(values) == 2 and isinstance(values[1], Number) else None
    unknowns = evaluation.unknowns
    if index is not None and isinstance(collection, Items) and collection.made == unknowns.heap:
        if 0 <= index < len(collection.items):
            return collection.items[index]
        if not collection.has_more or index < 0:
            return evaluation.fail()
    if index is not None and isinstance(collection, Parts) and collection.made == unknowns.heap:
        if index < 0:
            return evaluation.fail()
        count = terms.measure(PartCount(collection.separator), collection.text)
        evaluation.throw(terms.at_most(count, terms.number(index)))
        return Text(terms.applied(PartOf(collection.separator, index), collection.text))
    key = key_of(evaluation, "item", *values)
    evaluation.throw(unknowns.truth("an index", key and ("throws", key)))
    return unknowns.value(type_, "an item of a list", key, reads=reads_of_all(values))


def value_conditional_access(evaluation: Evaluation, node: nodes.ConditionalAccess) -> Value:
    receiver = evaluation.value(node.receiver)
    null = is_null(evaluation, receiver)
    evaluation.placeholders[id(node.placeholder)] = without_null(evaluation, receiver)
    return merge(null, NULL, evaluation.under(terms.not_(null), lambda: evaluation.value(node.access)))


def value_assignment(evaluation: Evaluation, node: nodes.Assignment) -> Value:
    if isinstance(node.target, nodes.Local):
        return _assign(evaluation, node.target, evaluation.value(node.value))
    changed = [evaluation.value(child) for child in node.target.children() if isinstance(child, nodes.Expression)]
    value = evaluation.value(node.value)
    unknown_change(evaluation, "an assignment to a member", changed)
    return value


def value_compound_assignment(evaluation: Evaluation, node: nodes.CompoundAssignment) -> Value:
    if not isinstance(node.target, nodes.Local):
        raise Unsupported("an assignment to a member")
    old = evaluation.value(node.target)
    evaluation.placeholders[id(node.placeholder)] = old
    new = _assign(evaluation, node.target, evaluation.value(node.result))
    return old if node.is_postfix else new


def _assign(evaluation: Evaluation, target: nodes.Local, value: Value) -> Value:
    evaluation.assign(target.symbol, value)
    return value
