"""Calls, properties, indexers, variables and assignments.

A member has the meaning of its form; without one, the result is unknown, as far as its declared facts say.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.signatures import Member, Method, Property
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.reasoning.languages.language import TooLarge
from apimpolicy.reasoning.languages.operations import PartOf
from apimpolicy.reasoning.semantics.facts import has, is_immutable, is_pure
from apimpolicy.reasoning.semantics.operators import is_null, without_null
from apimpolicy.reasoning.semantics.unknowns import UNDECLARED, Unsupported, is_pristine, key_of, reads_of_all
from apimpolicy.reasoning.semantics.values import (
    NULL,
    Function,
    Host,
    Items,
    Json,
    Number,
    Opaque,
    Parts,
    ResultWithOuts,
    Text,
    Value,
    constant_text,
    leaves,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.measures import PartCount

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.evaluation import Evaluation


PAIR = "pair of the gateway"
"""Begins the identity of an entry of a dictionary of the gateway's, whose key and value are never null."""
_DICTIONARIES = tuple(
    f"System.Collections.{name}"
    for name in (
        "Generic.IDictionary<",
        "Generic.Dictionary<",
        "Generic.ICollection<System.Collections.Generic.KeyValuePair<",
        "IDictionary",
    )
)
Form = Any
"""A function of a `MemberCall` and the values of the receiver and the arguments, none of which is a choice."""

_GENERIC = "System.Collections.Generic"
_LINQ = "Newtonsoft.Json.Linq"
_MODULES = {
    type_: module
    for module, types in {
        "strings": "string",
        "scalars": "bool object double sbyte byte short ushort int uint long ulong System.Convert System.Math "
        "System.DateTime System.DateTimeOffset System.TimeSpan System.Nullable System.Text.Encoding "
        "System.StringComparer System.Random System.Guid System.Text.RegularExpressions.Regex",
        "collections": f"System.Linq.Enumerable System.Array {_GENERIC}.List {_GENERIC}.HashSet {_GENERIC}.ICollection "
        f"{_GENERIC}.IReadOnlyCollection",
        "fields": f"ContextExtensions {_GENERIC}.Dictionary {_GENERIC}.IDictionary {_GENERIC}.IReadOnlyDictionary "
        f"{_GENERIC}.KeyValuePair {_GENERIC}.CollectionExtensions",
        "context": "IContext ILastError IRequest IResponse IUrl IMessageBody IContextApi IApi IOperation IProduct "
        "ISubscription IUser IDeployment",
        "json": f"{_LINQ}.JToken {_LINQ}.JObject {_LINQ}.JArray {_LINQ}.JContainer {_LINQ}.Extensions",
    }.items()
    for type_ in types.split()
}
"""The module of forms for the members of a type."""
FORMS: dict[tuple[str, str], Form] = {}


def form(type_: str, *signatures: str) -> Callable[[Form], Form]:
    def register(function: Form) -> Form:
        for signature in signatures:
            FORMS[type_, signature] = function
        return function

    return register


class MemberCall:
    """A call of a member: what forms need besides the values."""

    __slots__ = ("evaluation", "member", "type", "type_arguments")

    def __init__(
        self, evaluation: Evaluation, member: Member, type_: Type, type_arguments: Sequence[Type] = ()
    ) -> None:
        self.evaluation = evaluation
        self.member = member
        self.type = type_
        self.type_arguments = type_arguments


def form_of(evaluation: Evaluation, member: Member) -> Form | None:
    module = _MODULES.get(member.declaring.name)
    if module is None:
        return None
    import_module(f"apimpolicy.reasoning.semantics.forms.{module}")
    return FORMS.get((member.declaring.name, member.signature))


def value_call(evaluation: Evaluation, node: nodes.Call) -> Value:
    method = node.method
    values = [] if node.receiver is None else [evaluation.value(node.receiver)]
    targets: list[nodes.Expression] = []
    for parameter, argument in zip(method.parameters, node.arguments, strict=True):
        if parameter.mode in ("out", "ref"):
            targets.append(argument)
            if parameter.mode == "ref":
                raise Unsupported("an argument by reference")
        else:
            values.append(evaluation.value(argument))
    call = MemberCall(evaluation, method, node.type, node.type_arguments)
    found = evaluation.each(values, lambda *given: _called(call, list(given), [target.type for target in targets]))
    if not targets:
        return found
    for index, target in enumerate(targets, 1):
        _set_out(evaluation, target, evaluation.each([found], lambda each, index=index: _part(each, index)))
    return evaluation.each([found], lambda each: _part(each, 0))


def _part(value: Value, index: int) -> Value:
    assert isinstance(value, ResultWithOuts)
    return value.parts[index]


def _set_out(evaluation: Evaluation, target: nodes.Expression, value: Value) -> None:
    symbol = getattr(target, "symbol", None)
    if isinstance(target, (nodes.OutVariable, nodes.Local)):
        if symbol is not None:
            evaluation.assign(symbol, value)
    else:
        raise Unsupported("an out argument that is not a variable")


def call_method(
    evaluation: Evaluation, method: Method, type_arguments: Sequence[Type], values: list[Value], type_: Type
) -> Value:
    return _called(MemberCall(evaluation, method, type_, type_arguments), values, [])


def get_property(evaluation: Evaluation, member: Property, values: list[Value], type_: Type) -> Value:
    return _called(MemberCall(evaluation, member, type_), values, [])


def _called(call: MemberCall, values: list[Value], outs: list[Type]) -> Value:
    member = call.member
    is_extension = getattr(member, "is_extension", False)
    may_be_null = is_extension or member.declaring.name == "System.Nullable"
    if not member.is_static and not may_be_null and values and values[0] is NULL:
        return call.evaluation.fail()
    if values and isinstance(values[0], Json) and member.declaring.name == "System.Linq.Enumerable":
        return _over_items(call, values[0], values[1:], outs)
    known = form_of(call.evaluation, member)
    if known is not None:
        evaluation = call.evaluation
        throws = evaluation.throws
        try:
            result: Value = known(call, *values)
            return result
        except (Unsupported, TooLarge):
            evaluation.throws = throws
    return _unknown(call, values, outs)


def _over_items(call: MemberCall, token: Json, rest: list[Value], outs: list[Type]) -> Value:
    """Return the result of a query over a JSON token: over its items where it is an array of a tree that is known."""
    from apimpolicy.reasoning.semantics.json_trees import sequence_of

    evaluation = call.evaluation
    if token.born != evaluation.unknowns.heap:
        return _unknown(call, [token, *rest], outs)
    source = sequence_of(evaluation, token)
    return evaluation.each([source], lambda leaf: _called(call, [leaf, *rest], outs))


def _unknown(call: MemberCall, values: list[Value], outs: list[Type]) -> Value:
    evaluation, member = call.evaluation, call.member
    unknowns = evaluation.unknowns
    name = f"{member.declaring.name.rpartition('.')[2]}.{member.name}"
    key: Hashable = None
    for value in values:
        if isinstance(value, Function):
            run_unknown_times(evaluation, value)
    if is_pure(member):
        key = key_of(evaluation, member.declaring.name, member.signature, *map(str, call.type_arguments), *values)
    elif not has("fresh", member):
        unknown_change(evaluation, name, values)
    is_whole = all(isinstance(value, (Host, Function)) or is_pristine(evaluation, value) for value in values)
    if not (has("total", member) and is_whole) or NULL in values:
        evaluation.throw(unknowns.truth(name, None if key is None else ("throws", key)))
    null = not has("never-null", member) and not call.type.is_value_type
    reads = reads_of_all(values) if is_pure(member) else UNDECLARED
    results = [unknowns.value(str(call.type), name, key, null=null, reads=reads)]
    for index, type_ in enumerate(outs):
        out = None if key is None else ("out", index, key)
        results.append(unknowns.value(str(type_), name, out, reads=reads))
    return ResultWithOuts(*results) if outs else results[0]


def unknown_change(evaluation: Evaluation, what: str, values: Sequence[Value] = ()) -> None:
    evaluation.throw(evaluation.unknowns.truth(what))
    found = [leaf for value in values for leaf in leaves(value)]
    evaluation.change(may_reach_gateway=any(map(_may_be_gateways, found)))
    if any(isinstance(leaf, Opaque) and not is_immutable(leaf.type) for leaf in found):
        evaluation.unknowns.use_up()


def _may_be_gateways(value: Value) -> bool:
    """Return whether a value may be a dictionary of the gateway, as a type that can change it."""
    if not isinstance(value, Opaque) or not isinstance(value.identity, tuple):
        return False
    return value.identity[0] == "as" and value.type.startswith(_DICTIONARIES)


def run_unknown_times(evaluation: Evaluation, function: Function) -> None:
    """Evaluate a lambda that a member runs any number of times, for what it may throw and change."""
    node = function.node
    if not isinstance(node.body, nodes.Expression):
        raise Unsupported("a lambda with statements")
    for symbol in node.parameters:
        evaluation.variables[symbol] = evaluation.unknowns.value(str(symbol.type), "an item of a list")
    is_run = evaluation.unknowns.truth("whether a lambda runs")
    evaluation.under(is_run, lambda: evaluation.value(node.body))  # type: ignore[arg-type] # it is an expression


def apply(evaluation: Evaluation, function: Value, *arguments: Value) -> Value:
    if not isinstance(function, Function) or not isinstance(function.node.body, nodes.Expression):
        raise Unsupported("a delegate that is not a lambda of one expression")
    for symbol, argument in zip(function.node.parameters, arguments, strict=True):
        evaluation.variables[symbol] = argument
    return evaluation.value(function.node.body)


def comparer_of(value: Value) -> str | None:
    """Return the mode of a string comparer: "ordinal" or "ignore-case"; None for others."""
    if isinstance(value, Opaque) and value.identity in (("comparer", "ordinal"), ("comparer", "ignore-case")):
        return str(value.identity[1])
    return None


def comparison_of(value: Value) -> str:
    """Return the mode of a `StringComparison`: "ordinal" or "ignore-case"."""
    if isinstance(value, Number) and value.type == "System.StringComparison":
        found = {4: "ordinal", 5: "ignore-case"}.get(-1 if value.constant is None else value.constant)
        if found is not None:
            return found
    raise Unsupported("a comparison by a culture")


def value_local(evaluation: Evaluation, node: nodes.Local) -> Value:
    symbol = node.symbol
    if symbol.kind == "global":
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
    name = f"{node.field.declaring.name.rpartition('.')[2]}.{node.field.name}"
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
