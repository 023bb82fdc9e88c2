"""Keys of unknown results. Two results are one value only where everything that they depend on is in the key.

What a result depends on is declared: by the facts of members, by the cells that the gateway's objects show, and by the
versions of objects and bodies. A result that depends on anything else has no key, and is another one each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.semantics.facts import has, is_immutable, is_pure
from apimpolicy.semantics.state import KINDS_OF_MESSAGES
from apimpolicy.semantics.values import Choice, Function, Host, Items, Json, Opaque, Parts, Query, Several, Table, Value
from apimpolicy.semantics.walking import walk

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from apimpolicy.dotnet.signatures import Member
    from apimpolicy.semantics.evaluation import Evaluation

CHANCE = "chance"
"""Stands among the kinds of cells for all that is not declared: clocks, chance, bodies that are read."""
UNDECLARED = frozenset((CHANCE,))
_URL = frozenset(("url", "query"))
_OF_HOSTS = {
    "headers": frozenset(("header",)),
    "query": frozenset(("query",)),
    "url": _URL,
    "original-url": frozenset[str](),
    "certificates": frozenset[str](),
    "original-query": frozenset[str](),
    "matched": frozenset(("matched",)),
    "variables": frozenset(("variable",)),
    "response-headers": frozenset(("response-header",)),
}
"""The cells that one of the gateway's objects shows; others show all of them."""
_SHOWN = {
    **dict.fromkeys(("Request", "Deployment", "User", "Product", "Subscription", "Api", "Operation"), frozenset[str]()),
    **dict.fromkeys(("OriginalUrl", "IpAddress", "Certificate", "Workspace", "Tracing"), frozenset[str]()),
    **dict.fromkeys(("Url", "Path", "Host", "Scheme", "Port", "QueryString", "Uri"), _URL),
    "Headers": frozenset(("header", "response-header")),
    "Query": frozenset(("query",)),
    "Method": frozenset(("method",)),
    "MatchedParameters": frozenset(("matched",)),
    "Variables": frozenset(("variable",)),
}
"""The cells that members of the gateway's objects show; others show all of them."""
_GATEWAY = ("IContext", "IRequest", "IResponse", "IUrl")
_OF_PARTS = (
    *(nodes.Placeholder, nodes.Literal, nodes.Local, nodes.ArrayAccess, nodes.TupleElement, nodes.AnonymousMember),
    *(nodes.ConditionalAccess, nodes.ArrayCreation, nodes.TupleCreation, nodes.Lambda, nodes.DefaultValue),
    *(nodes.Interpolation, nodes.InterpolatedString, nodes.Logical, nodes.Conditional, nodes.Coalesce, nodes.Pattern),
    *(nodes.IsType, nodes.AsType, nodes.IsPattern, nodes.ThrowExpression, nodes.TypeReference, nodes.TypeOf),
)
"""Nodes whose value depends on their parts alone."""
_INPUTS = ("variable", "context", "certificate", "body", "response-body", "error")
"""Objects of which there is one in each proof: the identity of any other may be that of several equal objects."""
_SEQUENCES = ("System.Collections.Generic.IEnumerable<", "System.Collections.IEnumerable", "System.Linq.")
"""Types whose values may be evaluated anew each time they are read."""


def key_of(evaluation: Evaluation, *parts: Hashable | Value) -> Hashable:
    """Return the key of a result that depends on these values and constants alone; None for one that has no key."""
    found: list[Hashable] = []
    for part in parts:
        key = _of_value(evaluation, part, {}) if isinstance(part, Value) else part
        if key is None:
            return None
        found.append(key)
    return tuple(found)


def _of_value(evaluation: Evaluation, value: Value, known: dict[int, Hashable]) -> Hashable:
    if isinstance(value, Choice):
        if id(value) not in known:
            parts = [_of_value(evaluation, each, known) for each in (value.then, value.otherwise)]
            known[id(value)] = None if None in parts else ("choice", value.condition, *parts)
        return known[id(value)]
    heap, is_first = evaluation.unknowns.heap, evaluation.state.is_first
    reads = reads_of(value)
    if CHANCE in reads or not is_first(*reads):
        return None
    match value:
        case Function():
            captured = [(name, type_, _of_value(evaluation, each, known)) for name, type_, each in value.captured]
            is_closed = all(key is not None for _, _, key in captured)
            return ("function", value.code, heap, *captured) if is_closed else None
        case Items() if value.made == heap:
            items = [_of_value(evaluation, item, known) for item in value.items]
            return None if None in items else ("items", value.type, value.comparer, value.rest, *items)
        case Parts() | Json():
            return value.key if (value.made if isinstance(value, Parts) else value.born) == heap else None
        case Opaque():
            if value.reads is None and value.type.startswith(_SEQUENCES):
                return None
            if value.born == heap or is_immutable(value.type):
                return value.key
            return (value.key, heap) if _is_single(value.identity) else None
        case Table() if value.made == heap:
            entries = [(name, _of_value(evaluation, each, known)) for name, each in value.entries]
            is_known = all(key is not None for _, key in entries)
            return ("table", value.type, value.comparer, *entries) if is_known else None
        case Items() | Table() | Query():
            return None
    return value.key


def _is_single(identity: Hashable) -> bool:
    """Return whether an identity is that of one object, not of several objects that were equal once."""
    if not isinstance(identity, tuple):
        return False
    if identity[0] == "as":
        return _is_single(identity[1])
    return identity[0] in _INPUTS or (identity[0] == "value" and isinstance(identity[2], str))


def is_single(value: Value) -> bool:
    """Return whether the key of a value is that of one object, so that references to it can be compared."""
    return _is_single(value.identity) if isinstance(value, Opaque) else getattr(value, "constant", None) is not None


def reads_of(value: Value) -> frozenset[str]:
    """Return the kinds of cells that a value shows when it is read, perhaps later."""
    match value:
        case Host():
            return _OF_HOSTS.get(value.path, KINDS_OF_MESSAGES)
        case Function():
            return value.reads.union(*(reads_of(each) for _, _, each in value.captured))
        case Opaque():
            return frozenset() if value.reads is None or is_immutable(value.type) else value.reads
        case Items():
            return frozenset[str]().union(*map(reads_of, value.items))
        case Table():
            return frozenset[str]().union(*(reads_of(each) for _, each in value.entries))
        case Query():
            return reads_of(value.source).union(*(reads_of(function) for _, function in value.steps))
        case Choice():
            return reads_of(value.then) | reads_of(value.otherwise)
    return frozenset()


def reads_of_all(values: Iterable[Value]) -> frozenset[str]:
    """Return the kinds of cells that any of several values shows."""
    return frozenset[str]().union(*map(reads_of, values))


def reads_of_code(body: nodes.Bound) -> frozenset[str]:
    """Return the kinds of cells that code reads; UNDECLARED is among them if it depends on more than it declares."""
    return frozenset[str]().union(*map(_reads_of_node, walk(body)))


def _reads_of_node(part: nodes.Bound) -> frozenset[str]:
    if isinstance(part, nodes.PropertyAccess) and part.property.declaring.name in _GATEWAY:
        if has("fresh", part.property):
            return UNDECLARED
        return _SHOWN.get(part.property.name, KINDS_OF_MESSAGES)
    if isinstance(part, nodes.Expression) and part.is_constant:
        return frozenset()
    member: Member | None = None
    match part:
        case nodes.PropertyAccess() | nodes.IndexerAccess():
            member = part.property
        case nodes.Call() if all(parameter.mode not in ("out", "ref") for parameter in part.method.parameters):
            member = part.method
        case nodes.ObjectCreation() if not part.initializers:
            member = part.constructor
        case nodes.FieldAccess():
            return frozenset() if part.receiver is None and "readonly" in part.field.signature else UNDECLARED
        case nodes.Unary():
            return frozenset()
        case nodes.Binary():
            if part.method is None:
                return frozenset()
            member = part.method
        case nodes.Convert():
            if part.conversion.kind != "user":
                return frozenset()
            member = part.conversion.method
        case _:
            return frozenset() if isinstance(part, _OF_PARTS) else UNDECLARED
    return frozenset() if member is not None and is_pure(member) else UNDECLARED


def is_pristine(evaluation: Evaluation, value: Value) -> bool:
    """Return whether a value is still what its key describes: nothing has changed since it was made."""
    if isinstance(value, (Items, Parts)):
        return value.made == evaluation.unknowns.heap and all(
            is_pristine(evaluation, item) for item in getattr(value, "items", ())
        )
    if isinstance(value, (Json, Opaque)):
        return value.born == evaluation.unknowns.heap or (isinstance(value, Opaque) and is_immutable(value.type))
    return not isinstance(value, (Several, Query, Table))
