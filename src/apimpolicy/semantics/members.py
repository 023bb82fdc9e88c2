"""Calls and properties: by a form where there is one, else unknown, as far as the member's declared facts say."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.languages.language import TooLarge
from apimpolicy.semantics.facts import has, is_immutable, is_pure
from apimpolicy.semantics.keys import UNDECLARED, is_pristine, key_of, reads_of_all
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import INTEGERS, NULL, Function, Host, Json, Number, Opaque, Several, Value, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from apimpolicy.dotnet.signatures import Member, Method, Property
    from apimpolicy.dotnet.types import Type
    from apimpolicy.semantics.evaluation import Evaluation

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
"""A function of a `Call` and the values of the receiver and the arguments, none of which is a choice."""

_MODULES = {
    "string": "strings",
    "System.Text.RegularExpressions.Regex": "regexes",
    "bool": "parsing",
    **dict.fromkeys((name for name in INTEGERS if name != "char"), "parsing"),
    "System.Convert": "parsing",
    "System.Text.Encoding": "parsing",
    "double": "numbers",
    "System.Math": "numbers",
    "System.DateTime": "dates",
    "System.DateTimeOffset": "dates",
    "System.TimeSpan": "dates",
    "object": "objects",
    "System.Nullable": "objects",
    "System.StringComparer": "objects",
    "System.Random": "objects",
    "System.Guid": "objects",
    "System.Linq.Enumerable": "collections",
    "System.Array": "collections",
    "System.Collections.Generic.List": "collections",
    "System.Collections.Generic.HashSet": "collections",
    "System.Collections.Generic.ICollection": "collections",
    "System.Collections.Generic.Dictionary": "tables",
    "System.Collections.Generic.IDictionary": "tables",
    "System.Collections.Generic.IReadOnlyCollection": "collections",
    "System.Collections.Generic.IReadOnlyDictionary": "fields",
    "System.Collections.Generic.KeyValuePair": "fields",
    "System.Collections.Generic.CollectionExtensions": "fields",
    "ContextExtensions": "fields",
    "IContext": "context",
    "ILastError": "context",
    "IRequest": "context",
    "IResponse": "context",
    "IUrl": "context",
    "IMessageBody": "bodies",
    **dict.fromkeys(
        (f"Newtonsoft.Json.Linq.{name}" for name in ("JToken", "JObject", "JArray", "JContainer", "Extensions")), "json"
    ),
    **dict.fromkeys(
        ("IContextApi", "IApi", "IOperation", "IProduct", "ISubscription", "IUser", "IDeployment"), "entities"
    ),
}
"""The module of forms for the members of a type."""
FORMS: dict[tuple[str, str], Form] = {}


def form(type_: str, *signatures: str) -> Callable[[Form], Form]:
    """Register what members mean, by type and exact signature."""

    def register(function: Form) -> Form:
        for signature in signatures:
            FORMS[type_, signature] = function
        return function

    return register


class Call:
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
    """Return the form of a member, or None."""
    module = _MODULES.get(member.declaring.name)
    if module is None:
        return None
    import_module(f"apimpolicy.semantics.forms.{module}")
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
    call = Call(evaluation, method, node.type, node.type_arguments)
    found = evaluation.each(values, lambda *given: _called(call, list(given), [target.type for target in targets]))
    if not targets:
        return found
    for index, target in enumerate(targets, 1):
        _set_out(evaluation, target, evaluation.each([found], lambda each, index=index: _part(each, index)))
    return evaluation.each([found], lambda each: _part(each, 0))


def _part(value: Value, index: int) -> Value:
    assert isinstance(value, Several)
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
    """Return the result of a method whose arguments are no choices."""
    return _called(Call(evaluation, method, type_, type_arguments), values, [])


def get_property(evaluation: Evaluation, member: Property, values: list[Value], type_: Type) -> Value:
    """Return a property, or what an indexer gives."""
    return _called(Call(evaluation, member, type_), values, [])


def _called(call: Call, values: list[Value], outs: list[Type]) -> Value:
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


def _over_items(call: Call, token: Json, rest: list[Value], outs: list[Type]) -> Value:
    """Return the result of a query over a JSON token: over its items where it is an array of a tree that is known."""
    from apimpolicy.semantics.json_trees import sequence_of

    evaluation = call.evaluation
    if token.born != evaluation.unknowns.heap:
        return _unknown(call, [token, *rest], outs)
    source = sequence_of(evaluation, token)
    return evaluation.each([source], lambda leaf: _called(call, [leaf, *rest], outs))


def _unknown(call: Call, values: list[Value], outs: list[Type]) -> Value:
    """Return the unknown result of a member."""
    evaluation, member = call.evaluation, call.member
    unknowns = evaluation.unknowns
    name = f"{member.declaring.name}.{member.name}"
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
    return Several(*results) if outs else results[0]


def unknown_change(evaluation: Evaluation, what: str, values: Sequence[Value] = ()) -> None:
    """Mark every object that an unknown call can reach as changed."""
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
    """Return the result of a lambda."""
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
